"""Cases of logistic regression: every solver and penalty, and cross-validation."""

import cases_ridge
import numpy as np
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV


def weights_of(g, x, weights):
    return 0.25 + g.ramp(len(x)) if weights else None


def logistic_solvers(g):
    cases = []
    near = g.within(2e-6, 2e-6, "both sides at the minimum to a tolerance of 1e-10 or less of their own measure")
    smooth = ["lbfgs", "newton-cg", "newton-cholesky"]
    for name, x, _, classes in cases_ridge.samples(g):
        for several in [False, True]:
            y = classes if several else (classes > 0).astype(int)
            for weights in [False, True]:
                w = weights_of(g, x, weights)
                jobs = [{"solver": s} for s in smooth + ["sag", "saga"]]
                jobs += [{"solver": "newton-cholesky", "C": c} for c in [0.05, 20.0]]
                jobs += [{"solver": s, "fit_intercept": False} for s in smooth]
                jobs += [{"solver": "saga", "l1_ratio": 1.0, "C": c} for c in [0.3, 3.0]]
                jobs += [{"solver": "saga", "l1_ratio": r} for r in [0.2, 0.8]]
                jobs += [{"solver": "saga", "l1_ratio": 1.0, "fit_intercept": False}]
                jobs += [{"solver": "newton-cg", "class_weight": "balanced"}, {"solver": "saga", "class_weight": {0: 2.0, 1: 0.5}, "l1_ratio": 1.0}]
                if not several:
                    jobs += [{"solver": "liblinear", "l1_ratio": r} for r in [0.0, 1.0]]
                    jobs += [{"solver": "liblinear", "dual": True}, {"solver": "liblinear", "intercept_scaling": 8.0}]
                    jobs += [{"solver": "liblinear", "l1_ratio": 1.0, "intercept_scaling": 8.0, "C": 0.5}]
                    jobs += [{"solver": "liblinear", "fit_intercept": False, "C": 0.4}, {"solver": "liblinear", "class_weight": "balanced"}]
                if weights:
                    # Epochs over and over: a few with weights are enough.
                    jobs = [j for j in jobs if j["solver"] not in ("sag", "saga") or j.get("C") == 0.3]
                for settings in jobs:
                    # The solver of the case finds the optimum; scikit-learn's most precise one for the penalty says where it is.
                    exact = dict(settings)
                    if exact["solver"] in smooth + ["sag"] or (exact["solver"] == "saga" and not exact.get("l1_ratio")):
                        exact |= {"solver": "newton-cholesky", "tol": 1e-12, "max_iter": 500}
                    else:
                        exact |= {"tol": 1e-12, "max_iter": 300000, "random_state": 0}
                    model = LogisticRegression(**exact).fit(x, y, w)
                    b = model.intercept_
                    expected = {
                        "coef": g.array(model.coef_),
                        # The intercepts of several classes are determined up to a common constant.
                        "intercept": g.array(np.broadcast_to(b - (b.mean() if len(model.coef_) > 1 else 0), len(model.coef_))),
                        "proba": g.array(model.predict_proba(x)),
                    }
                    given = {k: g.number(v) if isinstance(v, float) else v for k, v in settings.items()}
                    if isinstance(given.get("class_weight"), dict):
                        given["class_weight"] = [[int(k), v] for k, v in given["class_weight"].items()]
                    data = cases_ridge.data(name, "three" if several else "two", weights)
                    cases.append({"data": data, "settings": given, "expected": expected, "tolerance": near})
    g.write("logistic_solvers", "LogisticRegression at the optimum, by every solver and penalty.", cases)


def logistic_cv(g):
    cases = []
    near = g.within(1e-5, 1e-5, "both sides at the minima to a tolerance of 1e-9 or less of their own measure")
    for name, x, _, classes in cases_ridge.samples(g):
        for several in [False, True]:
            y = classes if several else (classes > 0).astype(int)
            for weights in [False, True]:
                w = weights_of(g, x, weights)
                jobs = [{"Cs": [0.05, 1.0, 20.0], "cv": 3}, {"Cs": 4, "cv": 2, "solver": "newton-cholesky", "scoring": "neg_log_loss"}]
                jobs += [{"Cs": [0.1, 1.0], "cv": 2, "scoring": "balanced_accuracy", "class_weight": "balanced", "solver": "newton-cg"}]
                jobs += [{"Cs": [0.1, 3.0], "cv": 2, "refit": False, "fit_intercept": False, "solver": "newton-cholesky"}]
                if name != "wide" and not weights:
                    # Where all coefficients are 0 scikit-learn's saga stops before the intercept is found.
                    jobs += [{"Cs": [0.3, 2.0], "cv": 2, "l1_ratios": [0.3, 1.0], "solver": "saga", "scoring": "neg_log_loss"}]
                if not several:
                    jobs += [{"Cs": [0.3, 2.0], "cv": 3, "l1_ratios": [1.0], "solver": "liblinear", "scoring": "neg_log_loss"}]
                    jobs += [{"Cs": [0.3, 2.0], "cv": 2, "solver": "liblinear", "intercept_scaling": 6.0, "scoring": "neg_log_loss", "refit": False}]  # scikit-learn fits again without the scaling
                    if not weights:
                        jobs += [{"Cs": [0.1, 0.5], "cv": 2, "solver": "liblinear", "dual": True, "scoring": "neg_log_loss"}]
                for settings in jobs:
                    own = {"tol": 1e-10, "max_iter": 1000 if settings.get("solver") != "saga" else 100000}
                    ratios = settings.get("l1_ratios", [0.0])
                    given = {"l1_ratios": ratios, "use_legacy_attributes": False, "random_state": 0, "scoring": None} | settings
                    model = LogisticRegressionCV(**given, **own).fit(x, y, w)
                    expected = {
                        "coef": g.array(model.coef_),
                        "C": g.number(model.C_),
                        "l1_ratio": g.number(model.l1_ratio_),
                        "Cs": [g.number(c) for c in model.Cs_],
                        "scores": g.array(model.scores_),
                        "proba": g.array(model.predict_proba(x)),
                    }
                    paths = model.coefs_paths_
                    if several and model.fit_intercept:
                        paths = paths[..., :-1]
                    expected["paths"] = g.array(paths)
                    cases.append({"data": cases_ridge.data(name, "three" if several else "two", weights), "settings": settings, "expected": expected, "tolerance": near})
    g.write("logistic_cv", "LogisticRegressionCV: paths, scores and what is chosen.", cases)


def files(g):
    return {"logistic_solvers": lambda: logistic_solvers(g), "logistic_cv": lambda: logistic_cv(g)}
