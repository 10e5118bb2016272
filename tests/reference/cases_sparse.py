"""Cases of linear models of sparse coefficients."""

import numpy as np
from sklearn.linear_model import ElasticNet, Lasso

STEPS = "the same steps in another order of summation: rounding, times the sweeps that carry it on"


def data_sets(g):
    """Name, features, target: well-conditioned, in raw units, collinear, fewer rows than columns, several targets."""
    wide = g.matrix("breast_cancer", scaled=True)[:12]
    return [
        ({"name": "diabetes", "target": "diabetes"}, g.matrix("diabetes"), g.targets("diabetes")),
        ({"name": "diabetes_raw", "target": "diabetes"}, g.matrix("diabetes_raw"), g.targets("diabetes")),
        ({"name": "breast_cancer", "target": "breast_cancer", "scaled": True}, g.matrix("breast_cancer", scaled=True), g.targets("breast_cancer")),
        ({"name": "breast_cancer", "target": "breast_cancer", "scaled": True, "rows": 12}, wide, g.targets("breast_cancer")[:12] + np.arange(12) / 4),
        ({"name": "linnerud", "target": "linnerud"}, g.matrix("linnerud"), g.targets("linnerud")),
    ]


def expected_of(g, model, x, y, w):
    out = {
        "coef": g.array(model.coef_),
        "intercept": g.array(np.broadcast_to(model.intercept_, np.shape(model.coef_)[:-1] or 1)),
        "predict": g.array(model.predict(x)),
        "score": g.number(model.score(x, y, w)),
        "dual_gap": [g.number(v) for v in np.atleast_1d(model.dual_gap_)],
        "n_iter": [int(v) for v in np.atleast_1d(model.n_iter_)],
    }
    return out


def fits(g, estimator, settings_of, settled):
    """Each of the settings on each data set, without and with weights."""
    cases = []
    for data, x, y in data_sets(g):
        for settings in settings_of:
            for weights in [False, True]:
                w = g.ramp(len(x)) if weights else None
                model = estimator(**settings, **({"random_state": 0} if "selection" in settings else {})).fit(x, y, w)
                scale = float(np.abs(y - np.mean(y, axis=0)).max())
                exact = "selection" not in settings
                # Drawn at random, both sides only end within the same gap of the minimum.
                near = settled if exact else 1e-3
                cases.append({
                    "data": data | {"weights": weights},
                    "settings": settings,
                    "exact": exact,
                    "expected": expected_of(g, model, x, y, w),
                    "tolerance": {
                        "parameters": g.within(near * scale / max(1.0, float(x.std(axis=0).min())), near, STEPS),
                        "predict": g.within(near * scale, near, STEPS),
                        "gap": g.within(near * float((y * y).mean()), 1e-9, STEPS),
                    },
                })
    return cases


COMMON = [
    {"fit_intercept": False},
    {"tol": 1e-7},
    {"max_iter": 4},
    {"positive": True},
    {"selection": "random", "tol": 1e-9, "max_iter": 20000, "alpha": 0.1},
    {"alpha": 0.05, "positive": True, "fit_intercept": False},
]


def lasso(g):
    settings = [{}, {"alpha": 0.1}, {"alpha": 0.01}, {"alpha": 1000.0}, *COMMON]
    g.write("lasso", "Lasso: every setting, weights, several targets, collinear and wide data.", fits(g, Lasso, settings, 1e-12))


def elastic_net(g):
    settings = [{}, {"alpha": 0.1}, {"alpha": 0.01, "l1_ratio": 0.9}, {"l1_ratio": 0.1}, {"alpha": 0.5, "l1_ratio": 0.0}, {"l1_ratio": 1.0}, *COMMON]
    g.write("elastic_net", "ElasticNet: every setting, weights, several targets, collinear and wide data.", fits(g, ElasticNet, settings, 1e-12))


def files(g):
    return {"lasso": lambda: lasso(g), "elastic_net": lambda: elastic_net(g)}
