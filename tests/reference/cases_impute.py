"""Cases of imputation, and of the regression that iterative imputation uses by default."""

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, MissingIndicator, SimpleImputer
from sklearn.linear_model import BayesianRidge, Ridge


def bayesian_ridge(g):
    """`g` is the module with the data and the writers."""
    cases = []
    alternatives = [
        {},
        {"max_iter": 2},
        {"tol": 1e-10},
        {"alpha_1": 3.0},
        {"alpha_2": 2.0},
        {"lambda_1": 4.0},
        {"lambda_2": 0.5},
        {"alpha_init": 0.01},
        {"lambda_init": 30.0},
        {"alpha_init": 5.0, "lambda_init": 1e-3},
        {"compute_score": True},
        {"fit_intercept": False},
    ]
    for name, target, scaled in [
        ("diabetes", "diabetes", False),
        ("diabetes_raw", "diabetes", False),
        ("breast_cancer", "breast_cancer", True),
        ("iris", "iris", False),
    ]:
        x = g.matrix(name, scaled=scaled)
        y = g.classes("iris").astype(float) if target == "iris" else g.targets(target)
        for settings in alternatives:
            for weights in [False, True]:
                if weights and settings not in ({}, {"compute_score": True}, {"fit_intercept": False}):
                    continue
                model = BayesianRidge(**settings).fit(x, y, sample_weight=g.ramp(len(x)) if weights else None)
                mean, std = model.predict(x, return_std=True)
                expected = {
                    "coef": g.array(model.coef_),
                    "intercept": g.number(model.intercept_),
                    "alpha": g.number(model.alpha_),
                    "lambda": g.number(model.lambda_),
                    "sigma": g.array(model.sigma_),
                    "n_iter": int(model.n_iter_),
                    "predict": g.array(mean),
                    "std": g.array(std),
                    "score": g.number(model.score(x, y)),
                }
                if model.compute_score:
                    expected["scores"] = g.array(model.scores_)
                centred = x - np.average(x, axis=0, weights=g.ramp(len(x)) if weights else None) if model.fit_intercept else x
                condition = np.linalg.cond(centred)
                why = f"a decomposition of condition {condition:.1e}, whose rounding the steps carry on"
                data = {"name": name, "target": target, "scaled": scaled, "weights": weights}
                tolerance = g.within(1e-13, 1e-11 + 20 * g.EPS * condition, why)
                cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    # Fewer rows than columns, one row, a constant target, dependent columns.
    wide = g.matrix("diabetes_raw")[:7]
    dependent = np.column_stack([np.arange(6.0), 2 * np.arange(6.0), [1, 0, 1, 1, 0, 3.0]])
    for x, y in [
        (wide, g.targets("diabetes")[:7]),
        (wide[:1], g.targets("diabetes")[:1]),
        (wide[:6, :3], np.full(6, 4.0)),
        (dependent, np.array([1.0, 3.0, 2.0, 5.0, 4.0, 7.0])),
    ]:
        model = BayesianRidge(compute_score=True).fit(x, y)
        mean, std = model.predict(x, return_std=True)
        expected = {
            "coef": g.array(model.coef_),
            "intercept": g.number(model.intercept_),
            "alpha": g.number(model.alpha_),
            "lambda": g.number(model.lambda_),
            "sigma": g.array(model.sigma_),
            "n_iter": int(model.n_iter_),
            "predict": g.array(mean),
            "std": g.array(std),
            "scores": g.array(model.scores_),
        }
        data = {"values": x.tolist(), "y": y.tolist(), "weights": False}
        why = "few rows: an exact fit whose residual is rounding, held by the priors alone; deviations are roots of differences"
        tolerance = g.within(1e-8, 1e-9, why)
        cases.append({"data": data, "settings": {"compute_score": True}, "expected": expected, "tolerance": tolerance})
    g.write("bayesian_ridge", "BayesianRidge: every setting, weights, more columns than rows, exact fits.", cases)


def files(g):
    """The files of this part, each with what writes it."""
    return {"bayesian_ridge": lambda: bayesian_ridge(g)}
