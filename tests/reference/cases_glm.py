"""Cases of generalised and robust linear models."""

import warnings

import numpy as np
from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor


def samples(g, name):
    """Well-conditioned, collinear, and more columns than rows; built the same way by tests/reference/glm.rs."""
    x = g.matrix("diabetes", scaled=True)[::3]
    if name == "collinear":
        x = np.column_stack([x[:, :4], x[:, 0] + x[:, 1], 2 * x[:, 2]])
    elif name == "wide":
        x = g.matrix("breast_cancer", scaled=True)[:14]
    return x


def target(g, kind, n):
    """Positive amounts, counts, amounts of which many are 0, amounts of both signs."""
    t = g.targets("diabetes")[::3][:n]
    return {
        "positive": t / 100,
        "counts": np.floor(t / 40),
        "zeros": np.maximum(t - 120, 0) / 50,
        "real": (t - 150) / 50,
    }[kind]


GLM = {"PoissonRegressor": PoissonRegressor, "GammaRegressor": GammaRegressor, "TweedieRegressor": TweedieRegressor}


def glm(g):
    cases = []

    def add(name, data, kind, weights, settings):
        x = samples(g, data)
        y = target(g, kind, len(x))
        w = g.ramp(len(x)) if weights else None
        alpha = settings.get("alpha", 1.0)
        full = alpha > 0 or data == "plain"
        solver = "newton-cholesky" if full else "lbfgs"
        settings_of_reference = settings | {"solver": solver, "tol": 1e-13 if full else 1e-14, "max_iter": 20_000}
        with warnings.catch_warnings(record=True) as raised:
            warnings.simplefilter("always")
            model = GLM[name](**settings_of_reference).fit(x, y, w)
        raised = bool(raised)
        exact = full and not raised
        expected = {"coef": g.array(model.coef_), "predict": g.array(model.predict(x)), "score": g.number(model.score(x, y, w))}
        expected["intercept"] = g.number(model.intercept_)
        if full:
            near = g.within(1e-7, 1e-7, "a search ends where steps gain an eps of the objective: its root, over the curvature")
        else:
            near = g.within(3e-5, 3e-5, "L-BFGS-B ends where a step gains less than 64 eps: gradients near 1e-8, over the least curvature")
        if full and raised:
            near = g.within(1e-5, 1e-5, "scikit-learn's Newton gave up for L-BFGS-B, which ends where a step gains less than 64 eps")
        newton = g.within(1e-9, 1e-9, "Newton's method to a gradient of 1e-13; a minimum of curvature above 1e-3")
        tolerance = {"near": near, "newton": newton if exact else near}
        # What scikit-learn gives by default, where Newton's steps are the same and L-BFGS-B's are not.
        with warnings.catch_warnings(record=True) as stuck:
            warnings.simplefilter("always")
            newton = GLM[name](**settings, solver="newton-cholesky").fit(x, y, w)
        alone = not stuck
        usual = GLM[name](**settings).fit(x, y, w)
        expected["newton"] = {"coef": g.array(newton.coef_), "n_iter": int(newton.n_iter_)} if alone else None
        mean = np.average(y, weights=w)
        null = np.average(usual._base_loss.loss(y, np.full(len(y), usual._base_loss.link.link(mean))), weights=w)
        null += np.average(usual._base_loss.constant_to_optimal_zero(y), weights=w)
        objective = (1 - usual.score(x, y, w)) * null + alpha / 2 * usual.coef_ @ usual.coef_
        expected |= {"null": g.number(null), "default_objective": g.number(objective)}
        data = {"samples": data, "target": kind, "weights": weights}
        cases.append({"data": data, "name": name, "settings": settings, "expected": expected, "tolerance": tolerance})

    for data in ["plain", "collinear", "wide"]:
        for name, kind, own in [
            ("PoissonRegressor", "counts", {}),
            ("GammaRegressor", "positive", {}),
            ("TweedieRegressor", "real", {}),
            ("TweedieRegressor", "zeros", {"power": 1.5}),
            ("TweedieRegressor", "positive", {"power": 3.0}),
            ("TweedieRegressor", "positive", {"link": "log"}),
            ("TweedieRegressor", "counts", {"power": 1.0}),
            ("TweedieRegressor", "positive", {"power": 2.0}),
            ("TweedieRegressor", "positive", {"power": -1.0, "link": "log"}),
        ]:
            for settings in [{}, {"alpha": 0.01}, {"fit_intercept": False}]:
                for weights in [False, True]:
                    if weights and settings:
                        continue
                    add(name, data, kind, weights, own | settings)
            if data == "plain" or (own == {} and data == "collinear"):
                add(name, data, kind, True, own | {"alpha": 0.0})
    for power in [1.0, 1.5, 2.0]:
        for weights in [False, True]:
            add("TweedieRegressor", "plain", "positive", weights, {"power": power, "link": "identity", "alpha": 0.5})
    g.write("glm", "PoissonRegressor, GammaRegressor and TweedieRegressor: settings, weights, dependent columns.", cases)


def files(g):
    return {"glm": lambda: glm(g)}
