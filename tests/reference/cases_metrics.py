"""Cases of metrics: classes, several labels, rankings and curves, real predictions, clusterings."""

import math
import warnings

import numpy as np
from shared import array, number, ramp, within, write
from sklearn import metrics
from sklearn.calibration import calibration_curve
from sklearn.metrics import cluster

NEAR = within(1e-14, 1e-12, "sums of at most a few hundred terms, divided")


def told(function):
    """A number or an array; "refused" where scikit-learn raises or answers with NaN."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            value = function()
    except (ValueError, ZeroDivisionError, TypeError):
        return "refused"
    if isinstance(value, str):
        return value
    if np.ndim(value) > 0:
        return array(value) if np.all(np.isfinite(value) | np.isinf(value)) else "refused"
    return number(value) if math.isfinite(value) else "refused"


def plain(a):
    """All values of a small array, row by row."""
    return np.asarray(a, dtype=float).ravel().tolist()


def case(kind, data, expected, tolerance=NEAR):
    return {"data": {"kind": kind} | data, "settings": {}, "expected": expected, "tolerance": tolerance}


# ---- classes ----------------------------------------------------------------------------------------------------------


def class_data():
    """True classes, predicted classes, and the list of classes."""
    i = np.arange(30)
    three = (i * 7 + i // 4) % 3
    return {
        "binary": ((i * 5 % 7 > 3).astype(int), (i * 3 % 8 > 3).astype(int), [0, 1]),
        "three": (three, np.where(i % 4 == 1, (three + i) % 3, three), [0, 1, 2]),
        "perfect": (three, three, [0, 1, 2]),
        "never predicted": (three, np.minimum(three, 1), [0, 1, 2]),
        "only predicted": (np.minimum(three, 1), three, [0, 1, 2]),
        "one class": (np.ones(9, dtype=int), np.ones(9, dtype=int), [0, 1]),
        "other class": (np.zeros(9, dtype=int), np.ones(9, dtype=int), [0, 1]),
        "no positives": (np.zeros(9, dtype=int), np.zeros(9, dtype=int), [0, 1]),
        "no true negatives": (np.array([1, 1, 0, 0, 1]), np.array([1, 1, 1, 1, 0]), [0, 1]),
        "one row": (np.array([1]), np.array([0]), [0, 1]),
    }


def weightings(n):
    last = np.zeros(n)
    last[-1] = 1.0
    return {"none": None, "ramp": ramp(n) + (0.25 if n < 3 else 0.0), "last": last}


def of_classes():
    cases = []
    for name, (y, p, classes) in class_data().items():
        for weighting, w in weightings(len(y)).items():
            kw = {"sample_weight": w}
            expected = {
                "accuracy_count": told(lambda: metrics.accuracy_score(y, p, normalize=False, **kw)),
                "zero_one": told(lambda: metrics.zero_one_loss(y, p, **kw)),
                "zero_one_count": told(lambda: metrics.zero_one_loss(y, p, normalize=False, **kw)),
                "hamming": told(lambda: metrics.hamming_loss(y, p, **kw)),
                "adjusted": told(lambda: metrics.balanced_accuracy_score(y, p, adjusted=True, **kw)),
                "matthews": told(lambda: metrics.matthews_corrcoef(y, p, **kw)),
                "confusions": told(lambda: metrics.multilabel_confusion_matrix(y, p, **kw)),
                "confusions/labels": told(lambda: metrics.multilabel_confusion_matrix(y, p, labels=[1, 0], **kw)),
                "kappa/labels": told(lambda: metrics.cohen_kappa_score(y, p, labels=[1, 0], **kw)),
                "kappa/replaced": told(lambda: metrics.cohen_kappa_score(y, p, replace_undefined_by=0.25, **kw)),
                "positive": told(lambda: metrics.class_likelihood_ratios(y, p, **kw)[0]),
                "negative": told(lambda: metrics.class_likelihood_ratios(y, p, **kw)[1]),
            }
            for v in [None, "linear", "quadratic"]:
                expected[f"kappa/{v}"] = told(lambda: metrics.cohen_kappa_score(y, p, weights=v, **kw))
            for average in ["binary", "macro", "micro", "weighted"]:
                for zero in [0, 1]:
                    expected[f"jaccard/{average}/{zero}"] = told(lambda: metrics.jaccard_score(y, p, average=average, zero_division=zero, **kw))
                for beta in [0.0, 0.5, 2.0, math.inf]:
                    expected[f"fbeta/{average}/{beta}"] = told(lambda: metrics.fbeta_score(y, p, beta=beta, average=average, zero_division=0, **kw))
                for metric in ["precision", "recall", "f1"]:
                    for zero in [0, 1, math.nan]:
                        score = getattr(metrics, f"{metric}_score")
                        value = told(lambda: score(y, p, average=average, zero_division=zero, **kw))
                        expected[f"{metric}/{average}/{zero}"] = value
            data = {"name": name, "y": plain(y), "p": plain(p), "w": None if w is None else plain(w)}
            cases.append(case("classes", data, expected))
            cases.append(of_probabilities(name, y, classes, w))
    cases += of_labels()
    write("more_class_metrics", "Metrics of classes, probabilities and several labels at their edges; refused where undefined.", cases)


def of_probabilities(name, y, classes, w):
    n, k = len(y), len(classes)
    i, j = np.indices((n, k))
    proba = 1.0 + (3 * i + 5 * j) % 7 + 4 * (j == y[:, None]) * (i % 3 > 0)
    proba = proba / proba.sum(axis=1, keepdims=True)
    proba[0] = np.eye(k)[0]
    decision = np.round(np.log(proba + 0.05), 3)
    kw = {"sample_weight": w, "labels": classes}
    expected = {
        "log_loss_sum": told(lambda: metrics.log_loss(y, proba, normalize=False, **kw)),
        "brier": told(lambda: metrics.brier_score_loss(y, proba, **kw)),
        "brier/unscaled": told(lambda: metrics.brier_score_loss(y, proba, scale_by_half=False, **kw)),
        "d2_log_loss": told(lambda: metrics.d2_log_loss_score(y, proba, **kw)),
        "d2_brier": told(lambda: metrics.d2_brier_score(y, proba, **kw)),
    }
    if k > 2:
        expected["hinge"] = told(lambda: metrics.hinge_loss(y, decision, **kw))
        for top in [1, 2, 3, 5]:
            expected[f"top/{top}"] = told(lambda: metrics.top_k_accuracy_score(y, decision, k=top, **kw))
            expected[f"top_count/{top}"] = told(lambda: metrics.top_k_accuracy_score(y, decision, k=top, normalize=False, **kw))
    elif len(np.unique(y)) == 2:
        one, sure = decision[:, 1] - decision[:, 0], proba[:, 1]
        expected["hinge"] = told(lambda: metrics.hinge_loss(y, one, **kw))
        expected["top/1"] = told(lambda: metrics.top_k_accuracy_score(y, one, k=1, **kw))
        expected["top/2"] = told(lambda: metrics.top_k_accuracy_score(y, one, k=2, **kw))
        expected["top_proba/1"] = told(lambda: metrics.top_k_accuracy_score(y, sure, k=1, **kw))
        expected["brier/one"] = told(lambda: metrics.brier_score_loss(y, sure, sample_weight=w))
        expected["log_loss/one"] = told(lambda: metrics.log_loss(y, sure, **kw))
        expected["brier/first"] = told(lambda: metrics.brier_score_loss(y, sure, pos_label=0, sample_weight=w))
    data = {"name": name, "y": plain(y), "k": k, "w": None if w is None else plain(w)}
    data |= {"proba": plain(proba), "decision": plain(decision)}
    # D² of one class is a division by some 1e-16 in scikit-learn.
    return case("probabilities", data, expected, within(1e-14, 1e-10, "logarithms; D² divides by a small difference"))


# ---- several labels ---------------------------------------------------------------------------------------------------


def label_data():
    i, j = np.indices((12, 4))
    y = ((i * 3 + j * 5 + i * j) % 7 > 3).astype(int)
    p = np.where((i + 2 * j) % 5 == 0, 1 - y, y)
    scores = ((i * 5 + j * 3) % 8) / 8 + 0.3 * y
    bare = y.copy()
    bare[:, 1] = 0
    bare[2] = 0
    never = p.copy()
    never[:, 0] = 0
    never[3] = 0
    full = y.copy()
    full[:, 2] = 1
    return {
        "labels": (y, p, scores),
        "a label without rows": (bare, p, scores),
        "a label never predicted": (y, never, np.round(scores)),
        "a label of all": (full, p, -scores),
        "none": (np.zeros((3, 2), dtype=int), np.zeros((3, 2), dtype=int), np.array([[0.1, 0.2], [0.2, 0.1], [0.3, 0.3]])),
        "two rows": (np.array([[1, 0, 1], [0, 1, 1]]), np.array([[1, 1, 0], [0, 1, 1]]), np.array([[0.5, 0.5, 0.5], [1.0, 0.0, -1.0]])),
    }


def of_labels():
    cases = []
    averages = ["macro", "micro", "weighted", "samples"]
    for name, (y, p, s) in label_data().items():
        for weighting, w in weightings(len(y)).items():
            kw = {"sample_weight": w}
            expected = {
                "accuracy": told(lambda: metrics.accuracy_score(y, p, **kw)),
                "zero_one_count": told(lambda: metrics.zero_one_loss(y, p, normalize=False, **kw)),
                "hamming": told(lambda: metrics.hamming_loss(y, p, **kw)),
                "confusions": told(lambda: metrics.multilabel_confusion_matrix(y, p, **kw)),
                "confusions/samples": told(lambda: metrics.multilabel_confusion_matrix(y, p, samplewise=True, **kw)),
                "confusions/labels": told(lambda: metrics.multilabel_confusion_matrix(y, p, labels=[1, 0], **kw)),
                "report": told(lambda: metrics.classification_report(y, p, zero_division=0, digits=3, **kw)),
                "f1/chosen": told(lambda: metrics.f1_score(y, p, labels=[1, 0], average="samples", zero_division=0, **kw)),
                "coverage": told(lambda: metrics.coverage_error(y, s, **kw)),
                "ranking_precision": told(lambda: metrics.label_ranking_average_precision_score(y, s, **kw)),
                "ranking_loss": told(lambda: metrics.label_ranking_loss(y, s, **kw)),
                "auc/each": told(lambda: metrics.roc_auc_score(y, s, average=None, **kw)),
                "ap/each": told(lambda: metrics.average_precision_score(y, s, average=None, **kw)),
            }
            relevance = y * (1 + np.arange(y.shape[1]))
            for key, options in {"": {}, "k": {"k": 2}, "ties": {"ignore_ties": True}}.items():
                # Sorting by NumPy's default order leaves open which of equal scores comes first.
                ranked = s + np.linspace(0, 1e-3, s.size).reshape(s.shape) if key == "ties" else s
                expected[f"dcg/{key}"] = told(lambda: metrics.dcg_score(relevance, ranked, **options, **kw))
                expected[f"ndcg/{key}"] = told(lambda: metrics.ndcg_score(relevance, ranked, **options, **kw))
            expected["dcg/base"] = told(lambda: metrics.dcg_score(relevance, s, log_base=10, **kw))
            for average in averages:
                expected[f"auc/{average}"] = told(lambda: metrics.roc_auc_score(y, s, average=average, **kw))
                expected[f"auc_part/{average}"] = told(lambda: metrics.roc_auc_score(y, s, average=average, max_fpr=0.4, **kw))
                expected[f"ap/{average}"] = told(lambda: metrics.average_precision_score(y, s, average=average, **kw))
                for zero in [0, 1]:
                    expected[f"jaccard/{average}/{zero}"] = told(lambda: metrics.jaccard_score(y, p, average=average, zero_division=zero, **kw))
                for metric in ["precision", "recall", "f1"]:
                    for zero in [0, 1, math.nan]:
                        score = getattr(metrics, f"{metric}_score")
                        expected[f"{metric}/{average}/{zero}"] = told(lambda: score(y, p, average=average, zero_division=zero, **kw))
            data = {"name": name, "k": y.shape[1], "y": plain(y), "p": plain(p), "s": plain(s), "w": None if w is None else plain(w)}
            cases.append(case("labels", data, expected))
    return cases


# ---- curves -----------------------------------------------------------------------------------------------------------


def curves():
    cases = []
    i = np.arange(24)
    some = (i * 5 % 7 > 3).astype(int)
    for name, y, s in [
        ("scores", some, np.round(np.sin(i) / 2 + 0.4 * some, 3)),
        ("ties", some, (i * 3 % 5 + 2 * some) / 4),
        ("constant", some, np.full(24, 0.5)),
        ("perfect", some, some * 0.5 + 0.25),
        ("wrong", some, 1.0 - some),
        ("no positives", np.zeros(6, dtype=int), i[:6] / 6),
        ("no negatives", np.ones(6, dtype=int), i[:6] / 6),
        ("two rows", np.array([0, 1]), np.array([0.0, -0.0])),
        ("signs", np.where(some == 1, 1, -1), (i * 7 % 11 - 5.0) / 5),
    ]:
        for weighting, w in weightings(len(y)).items():
            kw = {"sample_weight": w}
            expected = {
                "auc": told(lambda: metrics.roc_auc_score(y, s, **kw)),
                "ap": told(lambda: metrics.average_precision_score(y, s, **kw)),
            }
            for part in [0.1, 0.5, 1.0]:
                expected[f"auc/{part}"] = told(lambda: metrics.roc_auc_score(y, s, max_fpr=part, **kw))
            for at, key in enumerate(["tns", "fps", "fns", "tps", "thresholds"]):
                expected[key] = told(lambda: metrics.confusion_matrix_at_thresholds(y, s, **kw)[at])
            for drop in [False, True]:
                for at, key in enumerate(["fpr", "tpr", "thresholds"]):
                    expected[f"roc/{drop}/{key}"] = told(lambda: metrics.roc_curve(y, s, drop_intermediate=drop, **kw)[at])
                for at, key in enumerate(["precision", "recall", "thresholds"]):
                    expected[f"pr/{drop}/{key}"] = told(lambda: metrics.precision_recall_curve(y, s, drop_intermediate=drop, **kw)[at])
                for at, key in enumerate(["fpr", "fnr", "thresholds"]):
                    expected[f"det/{drop}/{key}"] = told(lambda: metrics.det_curve(y, s, drop_intermediate=drop, **kw)[at])
            # A curve with NaN on one axis is refused whole.
            for curve in ["roc", "det"]:
                keys = [key for key in expected if key.startswith(curve)]
                if any(expected[key] == "refused" for key in keys):
                    expected |= dict.fromkeys(keys, "refused")
            if set(np.unique(y)) == {0, 1}:
                expected["values"] = told(lambda: metrics.metric_at_thresholds(y, s, metrics.accuracy_score, **kw)[0])
                expected["first/ap"] = told(lambda: metrics.average_precision_score(y, s, pos_label=0, **kw))
                first = [told(lambda: metrics.roc_curve(y, s, pos_label=0, **kw)[at]) for at in [0, 1]]
                expected["first/fpr"] = "refused" if "refused" in first else first[0]
            if w is None and s.min() >= 0 and s.max() <= 1:
                for bins in [1, 3, 5, 10]:
                    for strategy in ["uniform", "quantile"]:
                        for at, key in enumerate(["true", "pred"]):
                            value = told(lambda: calibration_curve(y, s, n_bins=bins, strategy=strategy)[at])
                            expected[f"calibration/{bins}/{strategy}/{key}"] = value
            data = {"name": name, "y": plain(y), "s": plain(s), "w": None if w is None else plain(w)}
            cases.append(case("curve", data, expected))
    # More than two classes, one against the rest.
    y = (i * 7 + i // 4) % 3
    s = np.round(np.abs(np.sin(np.outer(i + 1, [1, 2, 3]))) + 0.5 * np.eye(3)[y], 2)
    for weighting, w in weightings(24).items():
        expected = {}
        for average in ["macro", "micro", "weighted", "samples"]:
            expected[f"ap/{average}"] = told(lambda: metrics.average_precision_score(y, s, average=average, sample_weight=w))
        expected["ap/each"] = told(lambda: metrics.average_precision_score(y, s, average=None, sample_weight=w))
        data = {"y": plain(y), "s": plain(s), "w": None if w is None else plain(w)}
        cases.append(case("classes", data, expected))
    write("curves", "Curves, areas and average precision; ties, constant scores, one class, weights of zero.", cases)


# ---- real predictions -------------------------------------------------------------------------------------------------


def real():
    cases = []
    i, j = np.indices((15, 2))
    positive = 0.5 + ((3 * i + 5 * j) % 11) / 4
    counts = ((3 * i + 5 * j) % 4).astype(float)
    guess = positive * (0.7 + ((i * 7 + j) % 5) / 8)
    constant = np.full((6, 2), 0.1)
    for name, y, p in [
        ("positive", positive, guess),
        ("counts", counts, guess),
        ("signs", positive - 1.5, guess - 1.25),
        ("perfect", positive, positive),
        ("shifted", positive, positive + 0.5),
        ("constant", constant, constant + 0.25),
        ("constant, perfect", constant, constant),
        ("one row", positive[:1], guess[:1]),
        ("two rows", positive[:2], guess[:2]),
        ("large", positive * 1e100, guess * 1e100),
    ]:
        for weighting, w in weightings(len(y)).items():
            kw = {"sample_weight": w}
            y1, p1 = y[:, 0], p[:, 0]
            expected = {"max_error": told(lambda: metrics.max_error(y1, p1)) if w is None else "skip"}
            for power in [-1.0, 0.0, 1.0, 1.5, 2.0, 3.0, 0.5]:
                expected[f"tweedie/{power}"] = told(lambda: metrics.mean_tweedie_deviance(y1, p1, power=power, **kw))
                expected[f"d2_tweedie/{power}"] = told(lambda: metrics.d2_tweedie_score(y1, p1, power=power, **kw))
                counts = y1 if w is None else y1[w > 0]
                if len(np.unique(counts)) == 1:
                    # What scikit-learn divides by is rounding.
                    expected[f"d2_tweedie/{power}"] = "refused"
            expected["poisson"] = told(lambda: metrics.mean_poisson_deviance(y1, p1, **kw))
            expected["gamma"] = told(lambda: metrics.mean_gamma_deviance(y1, p1, **kw))
            functions = {
                "msle": metrics.mean_squared_log_error,
                "rmsle": metrics.root_mean_squared_log_error,
                "mape": metrics.mean_absolute_percentage_error,
                "median": metrics.median_absolute_error,
                "d2_absolute": metrics.d2_absolute_error_score,
                "explained": metrics.explained_variance_score,
            }
            for alpha in [0.0, 0.1, 0.5, 0.9, 1.0]:
                functions[f"pinball/{alpha}"] = lambda *a, alpha=alpha, **k: metrics.mean_pinball_loss(*a, alpha=alpha, **k)
                functions[f"d2_pinball/{alpha}"] = lambda *a, alpha=alpha, **k: metrics.d2_pinball_score(*a, alpha=alpha, **k)
            for key, function in functions.items():
                expected[key] = told(lambda: function(y, p, **kw))
                expected[f"{key}/each"] = told(lambda: function(y, p, multioutput="raw_values", **kw))
                expected[f"{key}/custom"] = told(lambda: function(y, p, multioutput=[0.3, 0.7], **kw))
            expected["explained/variance"] = told(lambda: metrics.explained_variance_score(y, p, multioutput="variance_weighted", **kw))
            data = {"name": name, "y": plain(y), "p": plain(p), "w": None if w is None else plain(w)}
            cases.append(case("real", data, expected))
    write("more_regression_metrics", "Deviances, quantile losses, medians, logarithmic and relative errors and their D².", cases)


# ---- clusterings ------------------------------------------------------------------------------------------------------


def clusterings():
    cases = []
    i = np.arange(40)
    groups = (i * 7 + i // 5) % 4
    for name, a, b in [
        ("some", groups, np.where(i % 5 == 0, (groups + i) % 6, groups)),
        ("independent", i % 4, i // 4 % 5),
        ("equal", groups, 7 - groups),
        ("one group", np.zeros(9, dtype=int), np.zeros(9, dtype=int)),
        ("one and all", np.zeros(9, dtype=int), np.arange(9)),
        ("all and all", np.arange(9), np.arange(9)[::-1]),
        ("noise", groups - 1, np.where(i % 3 == 0, -1, groups)),
        ("one row", np.array([3]), np.array([-1])),
        ("many", i // 2, (i + 1) // 3),
        ("large", np.arange(4000) % 7, np.arange(4000) // 300),
    ]:
        expected = {
            "rand": told(lambda: metrics.rand_score(a, b)),
            "adjusted_rand": told(lambda: metrics.adjusted_rand_score(a, b)),
            "mutual": told(lambda: metrics.mutual_info_score(a, b)),
            "fowlkes": told(lambda: metrics.fowlkes_mallows_score(a, b)),
            "homogeneity": told(lambda: metrics.homogeneity_score(a, b)),
            "completeness": told(lambda: metrics.completeness_score(a, b)),
            "v/0.0": told(lambda: metrics.v_measure_score(a, b, beta=0.0)),
            "v/1.0": told(lambda: metrics.v_measure_score(a, b)),
            "v/2.5": told(lambda: metrics.v_measure_score(a, b, beta=2.5)),
            "contingency": told(lambda: cluster.contingency_matrix(a, b)),
            "pairs": told(lambda: metrics.pair_confusion_matrix(a, b)),
        }
        for method in ["min", "geometric", "arithmetic", "max"]:
            expected[f"adjusted_mutual/{method}"] = told(lambda: metrics.adjusted_mutual_info_score(a, b, average_method=method))
            expected[f"normalized_mutual/{method}"] = told(lambda: metrics.normalized_mutual_info_score(a, b, average_method=method))
        if name == "one and all":
            # scikit-learn divides 0 by 0; the limit is 0.
            expected["v/0.0"] = 0.0
        near = within(1e-12, 1e-11, "logarithms of counts; the expectation adds exponentials of differences of ln n!, some 1e4, to n eps")
        if name == "large":
            data = {"name": name}
        else:
            data = {"name": name, "a": plain(a), "b": plain(b)}
        cases.append(case("groups", data, expected, near))
    i, j = np.indices((30, 3))
    x = np.round(np.sin(i * 1.7 + j) + 2 * ((i // 10) % 3) * (j + 1), 3)
    three = i[:, 0] // 10
    alone = three.copy()
    alone[4] = 9
    twice = np.repeat(x[:8], 2, axis=0)
    for name, x, labels in [
        ("blobs", x, three),
        ("mixed", x, i[:, 0] % 4),
        ("alone", x, alone),
        ("all the same", np.ones((6, 2)), np.arange(6) % 2),
        ("twice", twice, np.repeat(np.arange(8), 2)),
        ("far from zero", x + 1e6, three),
        ("one cluster", x, np.zeros(30, dtype=int)),
        ("n clusters", x, np.arange(30)),
        ("two rows", x[:2], np.array([0, 1])),
        ("three rows", x[:3], np.array([0, 1, 1])),
    ]:
        expected = {
            "calinski": told(lambda: metrics.calinski_harabasz_score(x, labels)),
            "davies": told(lambda: metrics.davies_bouldin_score(x, labels)),
        }
        # scikit-learn's own distances, of squares less twice the products, lose their digits far from zero and are not 0
        # between equal rows; its plain form is asked for where it has one.
        exact = metrics.pairwise_distances(x, metric="minkowski", p=2)
        np.fill_diagonal(exact, 0.0)
        expected["silhouette"] = told(lambda: metrics.silhouette_score(exact, labels, metric="precomputed"))
        expected["silhouettes"] = told(lambda: metrics.silhouette_samples(exact, labels, metric="precomputed"))
        for metric in ["manhattan", "chebyshev", "cosine"]:
            expected[f"silhouette/{metric}"] = told(lambda: metrics.silhouette_score(x, labels, metric=metric))
        if name == "far from zero":
            del expected["davies"], expected["silhouette/cosine"]
        if name == "twice":
            expected["davies"] = 0.0
        data = {"name": name, "p": x.shape[1], "x": plain(x), "labels": plain(labels)}
        # At 1e6 the sums of scikit-learn's means round to some 1e-10 of the spread.
        far = within(1e-9, 1e-9, "means of values of 1e6 round to 1e-10")
        near = within(1e-12, 1e-12, "sums of at most 30 distances; cosines of nearly equal rows round to some eps")
        cases.append(case("clusters", data, expected, far if name == "far from zero" else near))
    write("clusterings", "Metrics of clusterings: of two groupings, and of clusters in space.", cases)


def files(_):
    return {
        "more_class_metrics": of_classes,
        "curves": curves,
        "more_regression_metrics": real,
        "clusterings": clusterings,
    }
