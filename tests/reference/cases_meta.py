"""Cases of baselines, and of estimators around estimators."""

import itertools
import warnings

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import BaggingClassifier, BaggingRegressor, StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier, RidgeCV, SGDClassifier, SGDRegressor
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, KFold, TunedThresholdClassifierCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor, RegressorChain
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from shared import EXACT, array, classes, matrix, number, ramp, targets, within, write

DIRECT = within(1e-10, 1e-10, "direct solves and sums in another order")
# The same steps of L-BFGS-B, which stop at the same point; differences of rounding are carried along a flat valley.
STEPS = within(2e-8, 2e-8, "both take the same quasi-Newton steps; rounding is carried along a flat valley")
# A bounded search by parabolas finds a minimum to the root of the rounding.
FLAT = within(1e-7, 1e-7, "scikit-learn's search sees values of a function, flat at its minimum; ours a derivative")
NEWTON = within(1e-7, 1e-7, "two solvers of a penalised logistic regression, both far within the tolerance")

DATA = [("breast_cancer", "breast_cancer"), ("wine", "wine"), ("diabetes", "diabetes_3"), ("diabetes", "diabetes_2")]


def base(name):
    return {
        "ridge": RidgeClassifier,
        "near": lambda: KNeighborsClassifier(n_neighbors=7),
        "logistic": lambda: LogisticRegression(solver="newton-cholesky", tol=1e-12),
        "line": LinearRegression,
        "ridge_regressor": Ridge,
        "near_regressor": KNeighborsRegressor,
        "ridge_cv": RidgeCV,
    }[name]()


def sets(names):
    for x, y in names:
        yield {"name": x, "classes": y, "scaled": True}, matrix(x, scaled=True), classes(y)


def spread(y):
    """Every third row, in an order that mixes the classes."""
    return np.argsort((np.arange(len(y)) * 7919) % len(y), kind="stable")[::3]


def dummies():
    cases = []
    for data, x, y in sets(DATA[:3]):
        for weights in [False, True]:
            w = ramp(len(y)) if weights else None
            for settings in [{}, {"strategy": "prior"}, {"strategy": "most_frequent"}, {"strategy": "uniform"}, {"strategy": "constant", "constant": int(y[-1])}]:
                model = DummyClassifier(**settings).fit(x, y, w)
                expected = {"proba": array(model.predict_proba(x[:5])), "prior": array(model.class_prior_)}
                if settings.get("strategy") != "uniform":
                    expected |= {"predict": array(model.predict(x[:5])), "score": number(model.score(x, y, w))}
                cases.append({"data": data | {"weights": weights, "kind": "classifier"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    for name in ["diabetes", "linnerud", "wine"]:
        x, y = matrix(name), targets(name)
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        for weights in [False, True]:
            w = ramp(len(y)) if weights else None
            for settings in [
                {},
                {"strategy": "median"},
                {"strategy": "quantile", "quantile": 0.0},
                {"strategy": "quantile", "quantile": 0.37},
                {"strategy": "quantile", "quantile": 1.0},
                {"strategy": "constant", "constant": [1.5 + k for k in range(n_outputs)]},
            ]:
                model = DummyRegressor(**settings).fit(x, y, w)
                predicted, std = model.predict(x[:4], return_std=True)
                expected = {"predict": array(predicted), "std": array(std), "score": number(model.score(x, y, w))}
                cases.append({"data": {"name": name, "weights": weights, "kind": "regressor"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    write("dummy", "Baselines.", cases)


def calibrations():
    cases = []
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        for name, method, ensemble, weights in itertools.product(["ridge", "near", "logistic"], ["sigmoid", "isotonic", "temperature"], [True, False], [False, True]):
            if weights and name == "near":
                continue  # scikit-learn's neighbours take no weights
            if name == "logistic" and (weights or data["name"] != "diabetes"):
                continue
            cv = 5 if ensemble or name == "ridge" else KFold(4)
            w = ramp(len(y)) if weights else None
            model = CalibratedClassifierCV(base(name), method=method, ensemble=ensemble, cv=cv).fit(x, y, w)
            near = {"sigmoid": STEPS, "isotonic": DIRECT, "temperature": FLAT}[method]
            if name == "logistic":
                near = NEWTON if method != "isotonic" else within(1e-5, 1e-5, "steps between scores that differ by the solvers' rounding are steep")
            expected = {"proba": array(model.predict_proba(x))}
            if method != "isotonic":  # steps give equal probabilities, of which rounding chooses
                expected["predict"] = array(model.predict(x)[:40])
            if method == "sigmoid":
                expected["ab"] = array([[c.a_, c.b_] for part in model.calibrated_classifiers_ for c in part.calibrators])
            settings = {"method": method, "ensemble": ensemble}
            cases.append({"data": data | {"base": name, "weights": weights, "cv": 5 if cv == 5 else 4}, "settings": settings, "expected": expected, "tolerance": near})
        half = len(y) // 2
        for method in ["sigmoid", "isotonic", "temperature"]:
            fitted = RidgeClassifier().fit(x[:half], y[:half])
            model = CalibratedClassifierCV(FrozenEstimator(fitted), method=method).fit(x[half:], y[half:])
            near = {"sigmoid": STEPS, "isotonic": DIRECT, "temperature": FLAT}[method]
            cases.append({"data": data | {"base": "prefit"}, "settings": {"method": method}, "expected": {"proba": array(model.predict_proba(x))}, "tolerance": near})
    # The classes in their order: the training rows of a fold lack one, and its probability there is 0.
    for data, x, y in sets(DATA[1:3]):
        order = np.argsort(y, kind="stable")[::3]
        x, y = x[order], y[order]
        for method in ["sigmoid", "isotonic", "temperature"]:
            model = CalibratedClassifierCV(base("near"), method=method, ensemble=False, cv=KFold(3)).fit(x, y)
            near = {"sigmoid": STEPS, "isotonic": DIRECT, "temperature": FLAT}[method]
            cases.append({"data": data | {"base": "near", "sorted": True}, "settings": {"method": method, "ensemble": False}, "expected": {"proba": array(model.predict_proba(x))}, "tolerance": near})
    write("calibration", "Calibrated probabilities.", cases)


def thresholds():
    cases = []
    scorers = {"balanced_accuracy": balanced_accuracy_score, "accuracy": accuracy_score, "f1": f1_score}
    three = [("breast_cancer", "breast_cancer"), ("diabetes", "diabetes_2"), ("titanic", "titanic")]
    for data, x, y in sets(three[:2]):
        order = spread(y)
        x, y = x[order], y[order]
        for name in ["ridge", "near"]:
            options = [
                {},
                {"thresholds": 13},
                {"thresholds": [-0.4, 0.1, 0.35, 0.5, 0.75]},
                {"scoring": "accuracy"},
                {"scoring": "f1"},
                {"cv": 3},
                {"cv": "prefit"},
                {"cv": "one", "refit": False},
                {"cv": "one"},
                {"response_method": "decision_function" if name == "ridge" else "predict_proba"},
                {"pos_label": 0},
            ]
            for settings in options:
                args = dict(settings)
                cv, pos_label = args.pop("cv", None), args.pop("pos_label", None)
                scoring = args.pop("scoring", "balanced_accuracy")
                estimator, fit = base(name), (x, y)
                if cv == "one":
                    cut = 2 * len(y) // 3
                    cv = [(np.arange(cut), np.arange(cut, len(y)))]

                    class One(KFold):
                        def get_n_splits(self, *_args, **_more):
                            return 1

                        def split(self, *_args, **_more):
                            return iter([(np.arange(cut), np.arange(cut, len(y)))])

                    cv = One()
                if cv == "prefit":
                    estimator.fit(x[: len(y) // 2], y[: len(y) // 2])
                    args["refit"] = False
                if pos_label is not None:
                    # scikit-learn takes the positive class from the scorer; one that ignores it.
                    scorer = make_scorer(lambda t, p, pos_label: accuracy_score(t, p), pos_label=pos_label, response_method="predict")
                else:
                    scorer = make_scorer(scorers[scoring])
                model = TunedThresholdClassifierCV(estimator, scoring=scorer, cv=cv, store_cv_results=True, **args).fit(*fit)
                expected = {
                    "threshold": number(model.best_threshold_),
                    "score": number(model.best_score_),
                    "thresholds": array(model.cv_results_["thresholds"]),
                    "scores": array(model.cv_results_["scores"]),
                    "predict": array(model.predict(x)),
                }
                cases.append({"data": data | {"base": name, "kind": "tuned"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
            for settings in [{}, {"threshold": 0.3}, {"threshold": 0.3, "pos_label": 0}, {"pos_label": 0}]:
                model = FixedThresholdClassifier(base(name), **settings).fit(x, y)
                cases.append({"data": data | {"base": name, "kind": "fixed"}, "settings": settings, "expected": {"predict": array(model.predict(x))}, "tolerance": EXACT})
    write("threshold", "Classifiers by a threshold.", cases)


def votes():
    cases = []
    for data, x, y in sets(DATA):
        for weights in [None, [2.0, 1.0, 0.5]]:
            members = [("ridge", base("ridge")), ("few", KNeighborsClassifier(3)), ("many", KNeighborsClassifier(20))]
            model = VotingClassifier(members, weights=weights).fit(x, y)
            expected = {"predict": array(model.predict(x)), "transform": array(model.transform(x)), "names": list(model.get_feature_names_out())}
            cases.append({"data": data | {"kind": "hard"}, "settings": {"weights": weights}, "expected": expected, "tolerance": DIRECT})
            members = [("few", KNeighborsClassifier(3)), ("many", KNeighborsClassifier(20)), ("near", base("near"))]
            model = VotingClassifier(members, weights=weights, voting="soft").fit(x, y)
            expected = {"predict": array(model.predict(x)), "proba": array(model.predict_proba(x)), "transform": array(model.transform(x)), "names": list(model.get_feature_names_out())}
            cases.append({"data": data | {"kind": "soft"}, "settings": {"weights": weights}, "expected": expected, "tolerance": DIRECT})
    for name in ["diabetes", "breast_cancer"]:
        x, y = matrix(name, scaled=True), targets(name)
        for weights, sample in itertools.product([None, [2.0, 0.5]], [False, True]):
            w = ramp(len(y)) if sample else None
            members = [("line", LinearRegression()), ("ridge", Ridge(30.0))]
            model = VotingRegressor(members, weights=weights).fit(x, y, sample_weight=w)
            expected = {"predict": array(model.predict(x)), "transform": array(model.transform(x)), "names": list(model.get_feature_names_out())}
            cases.append({"data": {"name": name, "scaled": True, "kind": "mean", "weights": sample}, "settings": {"weights": weights}, "expected": expected, "tolerance": DIRECT})
    # Members that are left out, weights and all.
    for data, x, y in sets(DATA[:3]):
        for voting, weights in itertools.product(["hard", "soft"], [None, [2.0, 9.0, 0.5, 0.7]]):
            members = [("few", KNeighborsClassifier(3)), ("out", "drop"), ("many", KNeighborsClassifier(20)), ("near", base("near"))]
            model = VotingClassifier(members, weights=weights, voting=voting).fit(x, y)
            expected = {"predict": array(model.predict(x)), "transform": array(model.transform(x)), "names": list(model.get_feature_names_out())}
            if voting == "soft":
                expected["proba"] = array(model.predict_proba(x))
            cases.append({"data": data | {"kind": voting}, "settings": {"weights": weights, "out": "drop"}, "expected": expected, "tolerance": DIRECT})
    x, y = matrix("diabetes", scaled=True), targets("diabetes")
    for weights in [None, [2.0, 9.0, 0.5]]:
        model = VotingRegressor([("line", LinearRegression()), ("out", "drop"), ("ridge", Ridge(30.0))], weights=weights).fit(x, y)
        expected = {"predict": array(model.predict(x)), "transform": array(model.transform(x)), "names": list(model.get_feature_names_out())}
        cases.append({"data": {"name": "diabetes", "scaled": True, "kind": "mean", "weights": False}, "settings": {"weights": weights, "out": "drop"}, "expected": expected, "tolerance": DIRECT})
    write("voting", "Votes and means.", cases)


def stacks():
    cases = []
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        options = [{}, {"passthrough": True}, {"cv": 3}, {"stack_method": "predict"}, {"final": "near"}]
        for settings, bases in itertools.product(options, [["ridge", "near"], ["near", "near"]]):
            if settings.get("final") == "near" and bases[0] == "near":
                continue  # shares of seven neighbours are tied, and which of equals are neighbours is no one's promise
            args = dict(settings)
            final = base(args.pop("final", "ridge"))
            members = [(f"m{i}", base(b)) for i, b in enumerate(bases)]
            model = StackingClassifier(members, final, **args).fit(x, y)
            expected = {
                "transform": array(model.transform(x)),
                "predict": array(model.predict(x)),
                "names": list(model.get_feature_names_out()),
                "methods": model.stack_method_,
            }
            if settings.get("stack_method") == "predict":
                del expected["predict"]  # of codes many rows have equal decision values
            if settings.get("final") == "near":
                expected["proba"] = array(model.predict_proba(x))
            else:
                decision = model.decision_function(x)
                expected["decision"] = array(decision.reshape(len(x), -1))
            cases.append({"data": data | {"bases": bases, "kind": "classifier"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    for name in ["diabetes", "breast_cancer", "linnerud"]:
        x, y = matrix(name, scaled=True), targets(name)
        y = y if y.ndim == 1 else y[:, 0]
        for settings, sample in itertools.product([{}, {"passthrough": True}, {"cv": 3}, {"final": "line"}], [False, True]):
            args = dict(settings)
            final = base(args.pop("final", "ridge_cv"))
            w = ramp(len(y)) if sample else None
            members = [("line", LinearRegression()), ("ridge", Ridge(30.0))]
            model = StackingRegressor(members, final, **args).fit(x, y, sample_weight=w)
            expected = {"transform": array(model.transform(x)), "predict": array(model.predict(x)), "names": list(model.get_feature_names_out())}
            near = within(1e-8, 1e-8, "predictions of two regressions are nearly collinear")
            cases.append({"data": {"name": name, "scaled": True, "kind": "regressor", "weights": sample}, "settings": settings, "expected": expected, "tolerance": near})
    # A member that is left out, and members that were fitted before.
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        half = len(y) // 2
        fitted = [(f"m{i}", base(b).fit(x[:half], y[:half])) for i, b in enumerate(["ridge", "near"])]
        for settings in [{"out": "drop"}, {"cv": "prefit"}]:
            if settings.get("cv") == "prefit":
                model = StackingClassifier(fitted, base("ridge"), cv="prefit").fit(x[half:], y[half:])
            else:
                model = StackingClassifier([("m0", base("ridge")), ("out", "drop"), ("m1", base("near"))], base("ridge")).fit(x, y)
            expected = {
                "transform": array(model.transform(x)),
                "predict": array(model.predict(x)),
                "names": list(model.get_feature_names_out()),
                "methods": [m for m in model.stack_method_ if m],
                "decision": array(model.decision_function(x).reshape(len(x), -1)),
            }
            cases.append({"data": data | {"bases": ["ridge", "near"], "kind": "classifier"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    write("stacking", "Stacks.", cases)


def multiclasses():
    cases = []
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        for name in ["ridge", "near"]:
            for kind, model in [("rest", OneVsRestClassifier(base(name))), ("one", OneVsOneClassifier(base(name)))]:
                model.fit(x, y)
                expected = {}
                if len(np.unique(y)) == 2 or name == "ridge" or kind == "rest":
                    expected["predict"] = array(model.predict(x))
                if hasattr(model, "decision_function"):
                    expected["decision"] = array(model.decision_function(x).reshape(len(x), -1))
                if kind == "rest" and name == "near":
                    expected["proba"] = array(model.predict_proba(x))
                cases.append({"data": data | {"base": name, "kind": kind}, "settings": {}, "expected": expected, "tolerance": DIRECT})
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        for name in ["ridge", "near"]:
            # A code of ours is given the digits that scikit-learn drew.
            for code_size, seed in [(1.5, 0), (4, 1), (12, 2)]:
                model = OutputCodeClassifier(base(name), code_size=code_size, random_state=seed).fit(x, y)
                said = [e.decision_function(x) if name == "ridge" or not hasattr(e, "predict_proba") else e.predict_proba(x)[:, 1] for e in model.estimators_]
                far = np.sort(((np.array(said).T[:, None, :] - model.code_book_[None]) ** 2).sum(axis=2), axis=1)
                rows = np.flatnonzero(far[:, 1] - far[:, 0] > 1e-6)  # of equally near codes rounding chooses
                expected = {"rows": rows.tolist(), "predict": array(model.predict(x)[rows])}
                settings = {"code_book": (model.code_book_ > 0).tolist()}
                cases.append({"data": data | {"base": name, "kind": "code"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
            # Several labels, one of them on every row and one on none.
            many = np.column_stack([y > 0, x[:, 0] > 0.3, np.ones(len(y)), x[:, 1] > x[:, 2], np.zeros(len(y))]).astype(int)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model = OneVsRestClassifier(base(name)).fit(x, many)
            expected = {"predict": array(model.predict(x)), "score": number(model.score(x, many))}
            if name == "near":
                expected["proba"] = array(model.predict_proba(x))
            else:
                expected["decision"] = array(model.decision_function(x))
            cases.append({"data": data | {"base": name, "kind": "labels"}, "settings": {}, "expected": expected, "tolerance": DIRECT})
        # Batch after batch, the last of which lacks a class.
        batches = np.array_split(np.arange(len(y)), 3)
        batches[2] = batches[2][y[batches[2]] != y[0]]
        for kind, make in [("rest_batches", OneVsRestClassifier), ("one_batches", OneVsOneClassifier)]:
            model = make(SGDClassifier(loss="log_loss", shuffle=False, alpha=0.01, learning_rate="constant", eta0=0.01))
            for rows in batches:
                if len(rows):
                    model.partial_fit(x[rows], y[rows], classes=np.unique(y))
            expected = {"decision": array(model.decision_function(x).reshape(len(x), -1))}
            cases.append({"data": data | {"kind": kind}, "settings": {}, "expected": expected, "tolerance": DIRECT})
    write("multiclass", "Classifiers of many classes out of classifiers of two.", cases)


def bags():
    """Without repetition every copy sees every row: nothing is left to chance."""
    cases = []
    for data, x, y in sets(DATA):
        order = spread(y)
        x, y = x[order], y[order]
        for name, settings in itertools.product(["ridge", "near"], [{}, {"n_estimators": 3, "max_samples": 1.0}, {"n_estimators": 2, "max_samples": len(y), "max_features": x.shape[1]}]):
            model = BaggingClassifier(base(name), bootstrap=False, **settings).fit(x, y)
            expected = {"proba": array(model.predict_proba(x)), "score": number(model.score(x, y))}
            if name == "ridge":
                expected |= {"predict": array(model.predict(x)), "decision": array(model.decision_function(x).reshape(len(x), -1))}
            cases.append({"data": data | {"base": name, "kind": "classifier"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    for name in ["diabetes", "breast_cancer", "linnerud"]:
        x, y = matrix(name, scaled=True), targets(name)
        y = y if y.ndim == 1 else y[:, 0]
        for settings in [{}, {"n_estimators": 3, "max_samples": 1.0}, {"n_estimators": 2, "max_samples": len(y), "max_features": x.shape[1]}]:
            model = BaggingRegressor(Ridge(30.0), bootstrap=False, **settings).fit(x, y)
            expected = {"predict": array(model.predict(x)), "score": number(model.score(x, y))}
            cases.append({"data": {"name": name, "scaled": True, "kind": "regressor"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    write("bagging", "Bags of all rows.", cases)


def importances():
    """Means of very many permutations, with the standard error of the mean as the tolerance."""
    cases = []
    repeats = {"scikit": 4000, "ours": 600}
    for name in ["diabetes", "breast_cancer", "linnerud"]:
        x, y = matrix(name, scaled=True)[:60, :4], targets(name)
        y = (y if y.ndim == 1 else y[:, 0])[: len(x)]
        x = np.column_stack([x, np.full(len(x), 1.5)])  # the last column is the same whatever its order
        for scoring, weights in [("r2", False), ("neg_mean_absolute_error", False), ("r2", True)]:
            w = ramp(len(y)) if weights else None
            model = Ridge(3.0).fit(x, y, w)
            found = permutation_importance(model, x, y, scoring=scoring, n_repeats=repeats["scikit"], random_state=0, sample_weight=w)
            error = found.importances_std.max() * np.sqrt(1 / repeats["scikit"] + 1 / repeats["ours"])
            expected = {"mean": array(found.importances_mean), "std": array(found.importances_std), "constant": array(found.importances[-1, :5]), "baseline": number(model.score(x, y, w) if scoring == "r2" else -np.average(np.abs(y - model.predict(x)), weights=w))}
            tolerance = within(4.5 * error, 0, "four and a half standard errors of the difference of two means")
            cases.append({"data": {"name": name, "scaled": True, "weights": weights}, "settings": {"scoring": scoring, "n_repeats": repeats["ours"]}, "expected": expected, "tolerance": tolerance, "spread": within(0, 0.2, "a standard deviation of 600 values is known to a few per cent")})
    write("permutation_importance", "How much scores fall.", cases)


def multioutputs():
    cases = []
    for name in ["linnerud", "wine"]:
        x, y = matrix(name, scaled=True), targets(name)
        y = y * np.linspace(1, 2, y.shape[1]) + 0.1 * x[:, [0]]
        data = {"name": name, "scaled": True}
        for estimator in ["ridge_regressor", "line"]:
            model = MultiOutputRegressor(base(estimator)).fit(x, y)
            cases.append({"data": data | {"base": estimator, "kind": "regressor"}, "settings": {}, "expected": {"predict": array(model.predict(x)), "score": number(model.score(x, y))}, "tolerance": DIRECT})
            k = y.shape[1]
            for settings in [{}, {"order": list(range(k))[::-1]}, {"cv": 4}, {"cv": 3, "order": list(range(1, k)) + [0]}]:
                model = RegressorChain(base(estimator), **settings).fit(x, y)
                cases.append({"data": data | {"base": estimator, "kind": "regressor_chain"}, "settings": settings, "expected": {"predict": array(model.predict(x)), "score": number(model.score(x, y))}, "tolerance": within(1e-8, 1e-8, "predictions that are features are nearly collinear with the samples")})
    for data, x, y in sets(DATA[1:3]):
        order = spread(y)
        x, y = x[order], y[order]
        many = np.column_stack([y > 0, x[:, 0] > 0.3, y == 2]).astype(int)
        for name in ["ridge", "near"]:
            model = MultiOutputClassifier(base(name)).fit(x, many)
            expected = {"predict": array(model.predict(x)), "score": number(model.score(x, many))}
            if name == "near":
                expected["proba"] = array(np.hstack(model.predict_proba(x)))
            cases.append({"data": data | {"base": name, "kind": "classifier"}, "settings": {}, "expected": expected, "tolerance": DIRECT})
            options = [{}, {"order": [2, 0, 1]}, {"cv": 4}]
            options += [{"chain_method": "decision_function"}, {"cv": 3, "chain_method": "decision_function"}] if name == "ridge" else [{"chain_method": "predict_proba"}, {"cv": 3, "chain_method": "predict_proba"}]
            options += [{"chain_method": ["predict_proba", "decision_function", "predict"]}]
            if name == "near":
                options += [{"chain_method": ["decision_function", "predict"]}]
            for settings in options:
                model = ClassifierChain(base(name), **settings).fit(x, many)
                expected = {"predict": array(model.predict(x)), "score": number(model.score(x, many))}
                if name == "near":
                    expected["proba"] = array(model.predict_proba(x))
                else:
                    expected["decision"] = array(model.decision_function(x))
                cases.append({"data": data | {"base": name, "kind": "classifier_chain"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
        # Batch after batch.
        batches = np.array_split(np.arange(len(y)), 3)
        sgd = {"shuffle": False, "alpha": 0.01, "learning_rate": "constant", "eta0": 0.001}
        model, line = MultiOutputClassifier(SGDClassifier(loss="log_loss", **sgd)), MultiOutputRegressor(SGDRegressor(**sgd))
        for rows in batches:
            model.partial_fit(x[rows], many[rows], classes=[np.unique(c) for c in many.T])
            line.partial_fit(x[rows], x[rows][:, [1, 2]])
        cases.append({"data": data | {"base": "near", "kind": "batches"}, "settings": {}, "expected": {"decision": array(np.column_stack([e.decision_function(x) for e in model.estimators_])), "predict": array(line.predict(x))}, "tolerance": DIRECT})
    write("multioutput", "Several targets at once.", cases)


def dependences():
    cases = []
    for name in ["diabetes", "breast_cancer", "linnerud"]:
        x, y = matrix(name, scaled=True), targets(name)
        y = y if y.ndim == 1 else y[:, 0]
        model = Ridge(30.0).fit(x, y)
        for settings in [
            {"features": [0]},
            {"features": [1], "kind": "individual"},
            {"features": [2], "kind": "both", "grid_resolution": 7},
            {"features": [0, 2], "grid_resolution": 5},
            {"features": [1], "percentiles": [0.2, 0.7], "grid_resolution": 9},
            {"features": [1], "custom": [-1.0, 0.0, 2.5]},
            {"features": [0], "categorical": [0], "grid_resolution": 6},
            {"features": [2], "weights": True, "grid_resolution": 11},
        ]:
            args = dict(settings)
            features = args.pop("features")
            args["custom_values"] = {features[0]: np.array(args.pop("custom"))} if "custom" in args else None
            args["categorical_features"] = args.pop("categorical", None)
            args["sample_weight"] = ramp(len(y)) if args.pop("weights", False) else None
            if "percentiles" in args:
                args["percentiles"] = tuple(args["percentiles"])
            found = partial_dependence(model, x, features, **args)
            expected = {"grid": [array(v) for v in found["grid_values"]]}
            for part in ["average", "individual"]:
                if part in found:
                    v = found[part]
                    expected[part] = array(v.reshape(1, -1) if part == "average" else v.reshape(len(y), -1))
            cases.append({"data": {"name": name, "scaled": True, "kind": "regressor"}, "settings": settings, "expected": expected, "tolerance": DIRECT})
    for data, x, y in sets(DATA):
        for name, method in [("ridge", "decision_function"), ("near", "predict_proba"), ("near", "auto"), ("ridge", "auto")]:
            model = base(name).fit(x, y)
            found = partial_dependence(model, x, [1], response_method=method, grid_resolution=6)
            expected = {"grid": [array(v) for v in found["grid_values"]], "average": array(found["average"])}
            cases.append({"data": data | {"base": name, "kind": "classifier"}, "settings": {"response_method": method}, "expected": expected, "tolerance": DIRECT})
    write("partial_dependence", "What models predict along features.", cases)


def files(_):
    return {
        "dummy": dummies,
        "calibration": calibrations,
        "threshold": thresholds,
        "voting": votes,
        "stacking": stacks,
        "bagging": bags,
        "permutation_importance": importances,
        "multiclass": multiclasses,
        "multioutput": multioutputs,
        "partial_dependence": dependences,
    }
