"""Cases of baselines, and of estimators around estimators."""

import itertools

import numpy as np
from sklearn.calibration import CalibratedClassifierCV
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import StackingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge, RidgeClassifier, RidgeCV
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score, make_scorer
from sklearn.model_selection import FixedThresholdClassifier, KFold, TunedThresholdClassifierCV
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
    write("stacking", "Stacks.", cases)


def files(_):
    return {
        "dummy": dummies,
        "calibration": calibrations,
        "threshold": thresholds,
        "voting": votes,
        "stacking": stacks,
    }
