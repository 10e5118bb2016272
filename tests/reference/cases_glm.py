"""Cases of generalised and robust linear models."""

import warnings

import numpy as np
import scipy.optimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import ARDRegression, GammaRegressor, HuberRegressor, LinearRegression, PoissonRegressor, QuantileRegressor, RANSACRegressor, Ridge, TweedieRegressor
from sklearn.linear_model._huber import _huber_loss_and_gradient


def samples(g, name):
    """Well-conditioned, collinear, two columns alike to five digits, and more columns than rows; built the same way by
    tests/reference/glm.rs."""
    x = g.matrix("diabetes", scaled=True)[::3]
    if name == "collinear":
        x = np.column_stack([x[:, :4], x[:, 0] + x[:, 1], 2 * x[:, 2]])
    elif name == "twins":
        x = np.column_stack([x[:24, :4], x[:24, 2] + x[:24, 4] / 2**17])
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


def huber(g):
    cases = []
    for data in ["plain", "collinear", "wide"]:
        x = samples(g, data)
        y = target(g, "real", len(x))
        y[::9] += 8.0
        for settings in [{}, {"epsilon": 1.9}, {"epsilon": 1.1}, {"alpha": 10.0}, {"fit_intercept": False}]:
            if data == "wide":
                settings = {"alpha": 30.0} | settings  # less leaves no scale: the rows can be interpolated
            for weights in [False, True]:
                w = g.ramp(len(x)) if weights else None
                model = HuberRegressor(**settings, tol=1e-10, max_iter=100_000).fit(x, y, w)
                # L-BFGS-B ends where a step gains less than 2e-9: from there on with scikit-learn's objective alone.
                sw = np.ones(len(x)) if w is None else w
                at = np.r_[model.coef_, [model.intercept_] if model.fit_intercept else [], model.scale_]
                for _ in range(20):
                    at = scipy.optimize.minimize(
                        _huber_loss_and_gradient, at, (x, y, model.epsilon, model.alpha, sw), "L-BFGS-B", True,
                        bounds=[(None, None)] * (len(at) - 1) + [(1e-14, None)],
                        options={"ftol": 0, "gtol": 1e-11, "maxiter": 100_000, "maxfun": 1_000_000, "maxls": 50},
                    ).x
                if at[-1] < 1e-8:
                    continue  # no scale: a problem of absolute errors, where L-BFGS-B ends somewhere
                model.coef_, model.scale_ = at[: x.shape[1]], at[-1]
                if model.fit_intercept:
                    model.intercept_ = at[-2]
                model.outliers_ = np.abs(y - model.predict(x)) > model.scale_ * model.epsilon
                expected = {
                    "coef": g.array(model.coef_),
                    "intercept": g.number(model.intercept_),
                    "scale": g.number(model.scale_),
                    "outliers": g.letters(model.outliers_),
                    "score": g.number(model.score(x, y, w)),
                }
                why = "L-BFGS-B at the rounding of the objective, restarted 20 times with no such limit"
                tolerance = g.within(1e-6, 1e-6, why)
                r = np.abs(y - model.predict(x))
                s, e = model.scale_, model.epsilon
                h = np.where(r <= e * s, r**2 / s, 2 * e * r - e**2 * s)
                expected["objective"] = g.number((sw * (s + h)).sum() + model.alpha * model.coef_ @ model.coef_)
                data_ = {"samples": data, "target": "real", "weights": weights}
                cases.append({"data": data_, "settings": settings, "expected": expected, "tolerance": tolerance})
    g.write("huber", "HuberRegressor: every setting, weights, dependent columns; every ninth target is off by 8.", cases)


def isotonic(g):
    cases = []
    near = g.within(1e-13, 1e-12, "means of runs of a few hundred values, summed in another order")
    full = g.matrix("diabetes_raw")
    for column, name in [(2, "bmi"), (0, "age"), (8, "s5")]:
        x, y = full[:, column], g.targets("diabetes")
        for settings in [
            {},
            {"increasing": "no"},
            {"increasing": "auto"},
            {"y_min": 100.0},
            {"y_max": 180.0},
            {"y_min": 120.0, "y_max": 170.0},
            {"out_of_bounds": "clip"},
        ]:
            for weights in [False, True]:
                w = g.ramp(len(x)) if weights else None
                increasing = {"no": False, "auto": "auto"}.get(settings.get("increasing"), True)
                model = IsotonicRegression(**(settings | {"increasing": increasing})).fit(x, y, w)
                at = np.concatenate([x, np.linspace(x.min() - 1, x.max() + 1, 40)])
                expected = {
                    "x_thresholds": g.array(model.X_thresholds_),
                    "y_thresholds": g.array(model.y_thresholds_),
                    "increasing": bool(model.increasing_),
                    "predict": g.array(model.predict(at)),
                }
                data = {"column": column, "feature": name, "weights": weights}
                cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": near})
    g.write("isotonic", "IsotonicRegression on features with ties: bounds, direction, weights, values out of range.", cases)


def quantile(g):
    cases = []
    for data in ["plain", "collinear", "wide"]:
        x = samples(g, data)
        for kind in ["real", "counts"]:
            y = target(g, kind, len(x))
            for settings in [
                {},
                {"alpha": 0.02},
                {"alpha": 0.0},
                {"quantile": 0.9, "alpha": 0.02},
                {"quantile": 0.13, "alpha": 0.005},
                {"fit_intercept": False, "alpha": 0.02},
            ]:
                for weights in [False, True]:
                    w = g.ramp(len(x)) if weights else None
                    model = QuantileRegressor(**settings).fit(x, y, w)
                    sw = np.ones(len(x)) if w is None else w
                    r = y - model.predict(x)
                    q = model.quantile
                    loss = np.average(q * np.maximum(r, 0) + (1 - q) * np.maximum(-r, 0), weights=sw)
                    expected = {"objective": g.number(loss + model.alpha * np.abs(model.coef_).sum())}
                    # Whether the solution is the only one: small changes of the costs do not move it.
                    rng = np.random.default_rng(0)
                    unique = True
                    for _ in range(4):
                        moved = QuantileRegressor(**settings).fit(x, y, sw * (1 + 1e-6 * rng.standard_normal(len(x))) * (sw > 0))
                        unique &= bool(np.abs(moved.coef_ - model.coef_).max() < 1e-9 and abs(moved.intercept_ - model.intercept_) < 1e-9)
                    if unique and (data == "plain" or model.alpha > 0):
                        expected |= {"coef": g.array(model.coef_), "intercept": g.number(model.intercept_), "score": g.number(model.score(x, y, w))}
                    tolerance = g.within(1e-8, 1e-8, "a vertex, exact here; HiGHS allows 1e-7 of infeasibility and rarely uses it")
                    data_ = {"samples": data, "target": kind, "weights": weights}
                    cases.append({"data": data_, "settings": settings, "expected": expected, "tolerance": tolerance})
    x = samples(g, "twins")
    y = target(g, "real", len(x))
    for quantile in [0.5, 0.9]:
        for weights in [False, True]:
            w = g.ramp(len(x)) if weights else None
            settings = {"quantile": quantile, "alpha": 0.0}
            # The same span of columns that are far apart, which HiGHS solves to more digits.
            apart = x.copy()
            apart[:, 4] = (x[:, 4] - x[:, 2]) * 2**17
            precise = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}
            model = QuantileRegressor(**settings, solver_options=precise).fit(apart, y, w)
            r = y - model.predict(apart)
            loss = np.average(quantile * np.maximum(r, 0) + (1 - quantile) * np.maximum(-r, 0), weights=w)
            tolerance = g.within(1e-9, 1e-9, "a vertex; coefficients of some 1e5 that cancel cost five digits")
            data_ = {"samples": "twins", "target": "real", "weights": weights}
            cases.append({"data": data_, "settings": settings, "expected": {"objective": g.number(loss)}, "tolerance": tolerance})
    g.write("quantile", "QuantileRegressor: the objective, and the coefficients where they are unique.", cases)


def ard(g):
    cases = []
    for data in ["plain", "collinear", "wide"]:
        x = samples(g, data)
        y = target(g, "real", len(x))
        for settings in [
            {},
            {"compute_score": True},
            {"tol": 1e-6},
            {"max_iter": 3},
            {"alpha_1": 1.0, "alpha_2": 0.5},
            {"lambda_1": 0.5, "lambda_2": 0.1},
            {"threshold_lambda": 50.0},
            {"fit_intercept": False},
        ]:
            if data == "wide" and "tol" in settings:
                continue  # features that tie are told apart by rounding
            model = ARDRegression(**settings).fit(x, y)
            mean, std = model.predict(x, return_std=True)
            expected = {
                "coef": g.array(model.coef_),
                "intercept": g.number(model.intercept_),
                "alpha": g.number(model.alpha_),
                "lambda": g.array(model.lambda_),
                "sigma": g.array(model.sigma_),
                "scores": g.array(model.scores_),
                "n_iter": int(model.n_iter_),
                "predict": g.array(mean),
                "std": g.array(std),
            }
            near = g.within(1e-7, 1e-7, "the same steps; inverses of condition up to 1e6, each feeding the next")
            data_ = {"samples": data, "target": "real", "weights": False}
            cases.append({"data": data_, "settings": settings, "expected": expected, "tolerance": near})
    g.write("ard", "ARDRegression: every setting, step by step.", cases)


def on_a_plane(g, name):
    """Rows near a plane, and every tenth far off; built the same way by tests/reference/glm.rs."""
    x = samples(g, name)
    if name == "wide":  # of rank two, so that few rows tell where the plane is
        i, j = np.indices((2, x.shape[1]))
        x = x[:, :2] @ (((3 * i + 5 * j) % 7 - 3) / 4)
    n, p = x.shape
    i = np.arange(n)
    y = x @ (np.arange(1, p + 1) / p) + 1 + (7 * i % 11 - 5) / 1000
    y[3::10] += 50.0
    return x, y


def ransac(g):
    cases = []
    for data, n_clean, few in [("plain", 133, {"min_samples": 12}), ("collinear", 133, {"min_samples": 7}), ("wide", 12, {"min_samples": 4})]:
        for settings in [
            few if data == "wide" else {},
            {"residual_threshold": 0.5} | (few if data == "wide" else {}),
            {"min_samples": 0.3 if data == "wide" else 0.1, "residual_threshold": 0.1, "loss": "squared_error", "max_trials": 2000},
            few | {"estimator": "Ridge", "residual_threshold": 1.0, "max_trials": 500},
            few | {"residual_threshold": 1.0, "stop_probability": 1.0, "max_trials": 300},
            few | {"residual_threshold": 1.0, "stop_n_inliers": n_clean, "max_skips": 400, "max_trials": 500},
        ]:
            for weights in [False, True]:
                for several in [False, True]:
                    x, y = on_a_plane(g, data)
                    clean = np.arange(len(x)) % 10 != 3
                    if several:
                        y = np.column_stack([y, 2 - y])
                    w = g.ramp(len(x)) if weights else None
                    given = dict(settings)
                    estimator = Ridge(alpha=0.01) if given.pop("estimator", None) else LinearRegression()
                    # The rows that agree are the same whatever is drawn.
                    fits = [RANSACRegressor(estimator, **given, random_state=seed).fit(x, y, sample_weight=w) for seed in range(5)]
                    if not all((fit.inlier_mask_ == clean).all() for fit in fits):
                        print("ransac, left out:", data, settings, weights, several, [int((fit.inlier_mask_ != clean).sum()) for fit in fits])
                        continue
                    model = fits[0]
                    expected = {
                        "inliers": g.letters(model.inlier_mask_),
                        "coef": g.array(model.estimator_.coef_),
                        "intercept": g.array(np.atleast_1d(model.estimator_.intercept_)),
                        "predict": g.array(model.predict(x)),
                        "score": g.number(model.estimator_.score(x, y, w)),
                    }
                    near = g.within(1e-10, 1e-10, "one fit of the same rows, of small condition or of a penalty")
                    data_ = {"samples": data, "weights": weights, "several": several}
                    cases.append({"data": data_, "settings": settings, "expected": expected, "tolerance": near})
    g.write("ransac", "RANSACRegressor where the rows that agree are the same whatever is drawn.", cases)


def files(g):
    return {
        "ard": lambda: ard(g),
        "glm": lambda: glm(g),
        "huber": lambda: huber(g),
        "isotonic": lambda: isotonic(g),
        "quantile": lambda: quantile(g),
        "ransac": lambda: ransac(g),
    }
