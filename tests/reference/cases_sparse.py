"""Cases of linear models of sparse coefficients."""

import numpy as np
from sklearn.linear_model import (
    ElasticNet, ElasticNetCV, enet_path, Lars, LarsCV, Lasso, lasso_path, LassoCV, LassoLars, LassoLarsCV, LassoLarsIC, MultiTaskElasticNet, MultiTaskElasticNetCV, MultiTaskLasso, MultiTaskLassoCV,
)

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


def several_targets(g):
    return [
        ({"name": "linnerud", "target": "linnerud"}, g.matrix("linnerud"), g.targets("linnerud")),
        ({"name": "wine", "target": "wine", "scaled": True}, g.matrix("wine", scaled=True), g.targets("wine")),
        ({"name": "wine", "target": "wine", "scaled": True, "first": 55, "rows": 10}, g.matrix("wine", scaled=True)[55:65], g.targets("wine")[55:65] + np.arange(10)[:, None] / 4),
    ]


def multi_task(g):
    cases = []
    common = [{}, {"alpha": 0.1}, {"alpha": 0.01}, {"fit_intercept": False, "alpha": 0.2}, {"tol": 1e-8, "alpha": 0.05}, {"max_iter": 2, "alpha": 0.01}]
    random = {"selection": "random", "tol": 1e-9, "max_iter": 20000, "alpha": 0.1}
    for name, estimator, settings_of in [
        ("MultiTaskLasso", MultiTaskLasso, [*common, random]),
        ("MultiTaskElasticNet", MultiTaskElasticNet, [*common, {"l1_ratio": 0.2, "alpha": 0.3}, {"l1_ratio": 0.0, "alpha": 0.3}, random]),
    ]:
        for data, x, y in several_targets(g):
            for settings in settings_of:
                for weights in [False, True]:
                    w = g.ramp(len(x)) if weights else None
                    exact = "selection" not in settings
                    model = estimator(**settings, **({} if exact else {"random_state": 0})).fit(x, y, sample_weight=w)
                    near = 1e-11 if exact else 1e-3
                    scale = float(np.abs(y - np.mean(y, axis=0)).max())
                    cases.append({
                        "data": data | {"weights": weights}, "estimator": name, "settings": settings, "exact": exact,
                        "expected": expected_of(g, model, x, y, w),
                        "tolerance": {
                            "parameters": g.within(near * scale / max(1.0, float(x.std(axis=0).min())), near, STEPS),
                            "predict": g.within(near * scale, near, STEPS),
                            "gap": g.within(near * float((y * y).mean()), 1e-9, STEPS),
                        },
                    })
    g.write("multi_task", "MultiTaskLasso and MultiTaskElasticNet: every setting, weights, wide data.", cases)


def searches(g):
    cases = []
    single = [(d, x, y) for d, x, y in data_sets(g) if y.ndim == 1]
    common = [{"alphas": 12}, {"alphas": [0.5, 0.01, 2.0]}, {"alphas": 8, "eps": 0.1}, {"alphas": 8, "fit_intercept": False}, {"alphas": 8, "cv": 3, "tol": 1e-7}, {"alphas": 8, "max_iter": 3}]
    positive = {"alphas": 8, "positive": True}
    ratios = [{"alphas": 8, "l1_ratio": [0.1, 0.7, 1.0]}, {"alphas": 8, "l1_ratio": 0.9}, {"alphas": [0.3, 0.1], "l1_ratio": [0.0, 0.5]}]
    several = several_targets(g)
    for name, estimator, sets, settings_of in [
        ("LassoCv", LassoCV, single, [{}, *common, positive]),
        ("ElasticNetCv", ElasticNetCV, single, [*common, positive, *ratios]),
        ("MultiTaskLassoCv", MultiTaskLassoCV, several, common),
        ("MultiTaskElasticNetCv", MultiTaskElasticNetCV, several, [*common, *ratios]),
    ]:
        for data, x, y in sets:
            for settings in settings_of:
                # 30 collinear features take long without optimisation.
                if len(x) > 500 and (settings == {} or settings not in [common[1], common[5]]):
                    continue
                for weights in [False, True]:
                    if weights and (y.ndim == 2 or len(x) < 20):
                        continue  # scikit-learn's searches of several targets take none; few rows leave a fold without weight
                    w = g.ramp(len(x)) if weights else None
                    model = estimator(**settings)
                    model = model.fit(x, y, w) if weights else model.fit(x, y)
                    ratios_of = np.atleast_1d(settings.get("l1_ratio", 1.0))
                    count = settings.get("alphas", 100)
                    count = len(count) if isinstance(count, list) else count
                    alphas = np.broadcast_to(model.alphas_, (len(ratios_of), count))
                    mse = np.reshape(model.mse_path_, (len(ratios_of), count, -1))
                    scale = float(np.abs(y - np.mean(y, axis=0)).max())
                    near = 1e-10
                    cases.append({
                        "data": data | {"weights": weights}, "estimator": name, "settings": settings,
                        "expected": {
                            "alpha": g.number(model.alpha_),
                            "l1_ratio": g.number(getattr(model, "l1_ratio_", 1.0)),
                            "alphas": g.array(alphas),
                            "mse_path": g.array(mse),
                            **expected_of(g, model, x, y, w),
                        },
                        "tolerance": {
                            "alphas": g.within(0, 1e-12, "a maximum of sums and a power"),
                            "mse": g.within(near * scale * scale, near, STEPS),
                            "parameters": g.within(near * scale / max(1.0, float(x.std(axis=0).min())), near, STEPS),
                            "predict": g.within(near * scale, near, STEPS),
                            "gap": g.within(near * float((y * y).mean()), 1e-9, STEPS),
                        },
                    })
    g.write("sparse_cv", "LassoCV, ElasticNetCV, MultiTaskLassoCV, MultiTaskElasticNetCV: every setting, weights, wide data.", cases)


def paths(g):
    cases = []
    for data, x, y in [*data_sets(g), *several_targets(g)[1:]]:
        settings_of = [{"alphas": 10}, {"alphas": [3.0, 0.02, 0.4]}, {"alphas": 6, "eps": 0.2, "tol": 1e-7}, {"alphas": 6, "max_iter": 2}]
        if y.ndim == 1:
            settings_of.append({"alphas": 6, "positive": True})
        for name, path in [("lasso_path", lasso_path), ("enet_path", enet_path)]:
            for settings in [*settings_of, *([{"alphas": 6, "l1_ratio": 0.8}] if name == "enet_path" else [])]:
                alphas, coefs, gaps, n_iters = path(x, y, return_n_iter=True, **settings)
                scale = float(np.abs(y).max())
                near = 1e-10
                cases.append({
                    "data": data | {"weights": False}, "estimator": name, "settings": settings,
                    "expected": {"alphas": g.array(alphas), "coefs": g.array(coefs), "dual_gaps": g.array(gaps), "n_iters": [int(n) for n in n_iters]},
                    "tolerance": {
                        "alphas": g.within(0, 1e-12, "a maximum of sums and a power"),
                        "coefs": g.within(near * scale / max(1.0, float(x.std(axis=0).min())), near, STEPS),
                        "gap": g.within(near * float((y * y).mean()), 1e-9, STEPS),
                    },
                })
    g.write("sparse_path", "lasso_path and enet_path: every setting, several targets, wide data.", cases)


def lars(g):
    cases = []
    sets = data_sets(g)
    # Four columns without the last digits of dependence: the path of all thirty ends in rounding on either side.
    x, y = g.matrix("breast_cancer", scaled=True)[:, :4], g.targets("breast_cancer")
    sets[2] = ({"name": "breast_cancer", "target": "breast_cancer", "scaled": True, "columns": 4}, x, y)
    x, y = g.matrix("wine", scaled=True)[55:65], g.targets("wine")[55:65] + np.arange(10)[:, None] / 4
    sets[3] = ({"name": "wine", "target": "wine", "scaled": True, "first": 55, "rows": 10}, x, y)
    for name, estimator, settings_of in [
        ("Lars", Lars, [{}, {"n_nonzero_coefs": 2}, {"fit_intercept": False, "n_nonzero_coefs": 3}, {"fit_path": False, "n_nonzero_coefs": 3}]),
        ("LassoLars", LassoLars, [{}, {"alpha": 0.1}, {"alpha": 0.01}, {"alpha": 0.05, "fit_intercept": False}, {"alpha": 0.05, "max_iter": 3}, {"alpha": 0.05, "fit_path": False}, {"alpha": 0.05, "positive": True}]),
    ]:
        for data, x, y in sets:
            for settings in settings_of:
                if name == "Lars" and len(x) < 20 and settings in ({}, {"n_nonzero_coefs": 500}):
                    continue  # the end of a path that explains every row is rounding
                model = estimator(**settings).fit(x, y)
                several = y.ndim == 2
                one = lambda v: v if several else [v]
                alphas, n_iter = one(model.alphas_), np.atleast_1d(model.n_iter_)
                # Without its path scikit-learn gives the coefficients of one target two dimensions.
                coef = model.coef_ if several else np.ravel(model.coef_)
                expected = {
                    "coef": g.array(coef),
                    "intercept": g.array(np.broadcast_to(np.squeeze(model.intercept_), np.shape(coef)[:-1] or 1)),
                    "predict": g.array(model.predict(x).reshape(y.shape)),
                    "n_iter": [int(v) for v in n_iter],
                    "alphas": [g.array(np.ravel(a)) for a in alphas],
                }
                if settings.get("fit_path", True):
                    expected["coef_path"] = [g.array(c) for c in one(model.coef_path_)]
                    expected["active"] = [[int(j) for j in a] for a in one(model.active_)]
                scale = float(np.abs(y - np.mean(y, axis=0)).max())
                near = 1e-9
                why = "directions solved from the products of up to thirteen features: their condition times rounding"
                cases.append({
                    "data": data | {"weights": False}, "estimator": name, "settings": settings, "expected": expected,
                    "tolerance": {
                        "parameters": g.within(near * scale / max(1.0, float(x.std(axis=0).min())), near, why),
                        "predict": g.within(near * scale, near, why),
                        "alphas": g.within(near * scale, near, why),
                    },
                })
    for data, x, y in sets[:3]:
        for settings in [{}, {"criterion": "bic"}, {"fit_intercept": False}, {"max_iter": 4}, {"noise_variance": 0.7 * float(np.var(y))}, {"positive": True}]:
            model = LassoLarsIC(**settings).fit(x, y)
            scale = float(np.abs(y - np.mean(y)).max())
            cases.append({
                "data": data | {"weights": False}, "estimator": "LassoLarsIc", "settings": settings,
                "expected": {
                    "coef": g.array(model.coef_), "intercept": g.array(np.atleast_1d(model.intercept_)), "predict": g.array(model.predict(x)),
                    "n_iter": [int(model.n_iter_)], "alphas": [g.array(model.alphas_)], "alpha": g.number(model.alpha_),
                    "criterion": g.array(model.criterion_), "noise_variance": g.number(model.noise_variance_),
                },
                "tolerance": {
                    "parameters": g.within(1e-9 * scale / max(1.0, float(x.std(axis=0).min())), 1e-9, "as for LassoLars: the condition of the active features times rounding"),
                    "predict": g.within(1e-9 * scale, 1e-9, "as for LassoLars: the condition of the active features times rounding"),
                    "alphas": g.within(1e-9 * scale, 1e-9, "as for LassoLars: the condition of the active features times rounding"),
                },
            })
    for data, x, y in sets[:3]:
        for name, estimator, more in [("LassoLarsCv", LassoLarsCV, [{"positive": True}]), ("LarsCv", LarsCV, [])]:
            for settings in [{}, {"cv": 3, "fit_intercept": False}, {"max_iter": 4}, {"max_n_alphas": 7}, *more]:
                try:
                    model = estimator(**settings).fit(x, y)
                except ValueError:
                    continue  # corners that repeat a penalty, between which scikit-learn divides by 0 for every fold
                scale = float(np.abs(y - np.mean(y)).max())
                why = "paths of the folds by directions solved from products: their condition times rounding"
                cases.append({
                    "data": data | {"weights": False}, "estimator": name, "settings": settings,
                    "expected": {
                        "coef": g.array(model.coef_), "intercept": g.array(np.broadcast_to(model.intercept_, 1)), "predict": g.array(model.predict(x)),
                        "n_iter": [int(model.n_iter_)], "alphas": [g.array(model.alphas_)], "alpha": g.number(model.alpha_),
                        "coef_path": [g.array(model.coef_path_)], "active": [[int(j) for j in model.active_]],
                        "cv_alphas": g.array(model.cv_alphas_),
                        # Of fewer penalties than corners scikit-learn takes the last for an empty model in every fold.
                        "mse_path": None if "max_n_alphas" in settings else g.array(model.mse_path_),
                    },
                    "tolerance": {
                        "parameters": g.within(1e-8 * scale / max(1.0, float(x.std(axis=0).min())), 1e-8, why),
                        "predict": g.within(1e-8 * scale, 1e-8, why),
                        "alphas": g.within(1e-8 * scale, 1e-8, why),
                        "mse": g.within(1e-8 * scale * scale, 1e-8, why),
                    },
                })
    g.write("lars", "Lars, LassoLars, their searches and LassoLarsIC: every setting, several targets, wide data.", cases)


def files(g):
    return {
        "lars": lambda: lars(g),
        "lasso": lambda: lasso(g),
        "elastic_net": lambda: elastic_net(g),
        "multi_task": lambda: multi_task(g),
        "sparse_cv": lambda: searches(g),
        "sparse_path": lambda: paths(g),
    }
