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



def coded(x, code):
    """The rows as lists, `code` for NaN."""
    return np.nan_to_num(x, nan=code)


def rows(g, x):
    return [[g.number(v) for v in row] for row in x]


HOLES = np.array(
    [
        [1.0, np.nan, 4.0, np.nan, 7.5],
        [np.nan, np.nan, 5.0, 2.0, np.nan],
        [3.0, np.nan, 4.5, 1.0, 0.5],
        [1.5, np.nan, np.nan, 4.0, 2.5],
        [np.nan, np.nan, np.nan, np.nan, np.nan],
        [0.25, np.nan, 9.0, 3.0, 1.75],
    ]
)
OTHER = np.array(
    [
        [np.nan, 2.0, 4.25, np.nan, 1.0],
        [2.0, np.nan, np.nan, np.nan, np.nan],
        [np.nan, np.nan, np.nan, np.nan, np.nan],
        [1.0, 7.0, 2.0, 2.5, 3.0],
        [np.nan, 5.0, np.nan, np.nan, np.nan],
    ]
)


def simple_imputer_more(g):
    tolerance = g.within(0, 1e-14, "the mean is a sum of some hundred numbers; everything else is copied")
    functions = {"max": np.max, "range": np.ptp, "lower quartile": lambda v: np.percentile(v, 25, method="lower")}
    cases = []
    for name in ["iris", "wine", "diabetes_raw"]:
        x = g.matrix(name, holes=True)
        for settings in [
            {"add_indicator": True},
            {"strategy": "median", "add_indicator": True},
            {"strategy": "most_frequent", "add_indicator": True},
            {"strategy": "constant", "add_indicator": True},
            {"strategy": "constant"},
            *[{"custom": name} for name in functions],
        ]:
            arguments = {**settings}
            if "custom" in settings:
                arguments["strategy"] = functions[arguments.pop("custom")]
            model = SimpleImputer(**arguments).fit(x)
            z = model.transform(x)
            expected = {"transform": g.array(z), "statistics": g.array(np.array(model.statistics_, dtype=float))}
            if model.add_indicator:
                expected["inverse"] = g.array(model.inverse_transform(z))
            data = {"name": name, "holes": True}
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    for settings in [
        {"missing_values": -1.0, "add_indicator": True, "keep_empty_features": True},
        {"missing_values": -1.0, "strategy": "median", "add_indicator": True},
        {"missing_values": 0.0, "strategy": "most_frequent"},
    ]:
        x = coded(HOLES, settings["missing_values"])
        other = coded(OTHER, settings["missing_values"])
        model = SimpleImputer(**settings).fit(x)
        expected = {"transform": g.array(model.transform(x)), "other": g.array(model.transform(other))}
        # With a kept column that was all missing, scikit-learn's inverse loses its way.
        if settings.get("add_indicator") and not settings.get("keep_empty_features"):
            expected["inverse"] = g.array(model.inverse_transform(model.transform(x)))
        data = {"values": rows(g, x), "other": rows(g, other)}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    for name, columns in [("titanic", ["embarked", "cabin"]), ("penguins", ["sex", "island"])]:
        frame = g.table(name)[columns].astype(object)
        for settings in [
            {"strategy": "constant"},
            {"strategy": "constant", "fill_value": "?"},
            {"strategy": "most_frequent", "missing_values": "S"},
            {"strategy": "most_frequent", "missing_values": "Biscoe", "add_indicator": True},
        ]:
            if "missing_values" in settings:
                frame = frame.fillna("none")
            model = SimpleImputer(**settings).fit(frame)
            out = model.transform(frame)
            counts = [int((out[:, j] == s).sum()) for j, s in enumerate(model.statistics_)]
            expected = {
                "text_statistics": [str(s) for s in model.statistics_],
                "text_counts": counts,
                "names": [str(n) for n in model.get_feature_names_out()],
            }
            data = {"table": name, "columns": columns, "none": "missing_values" in settings}
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": g.EXACT})
    g.write("simple_imputer_more", "SimpleImputer: inverse, functions, default constants, texts that mean missing.", cases)


def missing_indicator(g):
    cases = []
    for name, holes in [("titanic", False), ("iris", True), ("wine", True)]:
        x = g.matrix(name, holes=holes)
        fit = x.copy()
        fit[:, 1] = 1.0  # nothing missing there at fit
        for settings in [
            {},
            {"features": "all"},
            {"error_on_new": False},
            {"missing_values": -7.0},
            {"missing_values": 1.0, "error_on_new": False},
            {"features": "all", "missing_values": -7.0},
        ]:
            a, b = fit, x
            if "missing_values" in settings:
                a, b = coded(fit, -7.0), coded(x, -7.0)
            model = MissingIndicator(**settings).fit(a)
            expected = {
                "features": [int(j) for j in model.features_],
                "names": [str(n) for n in model.get_feature_names_out()],
                "transform": g.array(model.transform(a)),
            }
            try:
                expected["other"] = g.array(model.transform(b))
            except ValueError:
                expected["refused"] = True
            data = {"name": name, "holes": holes, "coded": "missing_values" in settings}
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": g.EXACT})
    for name in ["titanic", "penguins"]:
        frame = g.table(name)
        for settings in [{}, {"features": "all"}]:
            model = MissingIndicator(**settings).fit(frame.astype(object))
            expected = {
                "names": [str(n) for n in model.get_feature_names_out()],
                "counts": [int(c) for c in model.transform(frame.astype(object)).sum(axis=0)],
            }
            cases.append({"data": {"table": name}, "settings": settings, "expected": expected, "tolerance": g.EXACT})
    g.write("missing_indicator", "MissingIndicator: features, new columns, other missing values, tables.", cases)


def no_ties(fit, x, k):
    """Whether the k-th and the next distance of every missing value to its donors differ by more than rounding."""
    from sklearn.metrics.pairwise import nan_euclidean_distances

    d = nan_euclidean_distances(x, fit)
    for i, j in np.argwhere(np.isnan(x)):
        to = np.sort(d[i][~np.isnan(fit[:, j]) & ~np.isnan(d[i])])
        if len(to) > k and to[k] - to[k - 1] <= 1e-9 * to[k]:
            return False
    return True


def knn_imputer(g):
    cases = []
    for name, scaled in [("diabetes_raw", False), ("wine", False), ("breast_cancer", False), ("diabetes", True), ("wine", True)]:
        x = g.matrix(name, scaled=scaled, holes=True)
        for settings in [
            {},
            {"n_neighbors": 1},
            {"n_neighbors": 2},
            {"n_neighbors": 17},
            {"n_neighbors": 1000},
            {"weights": "distance"},
            {"weights": "distance", "n_neighbors": 30},
            {"weights": "distance", "n_neighbors": 1000},
            {"add_indicator": True},
            {"keep_empty_features": True},
            {"missing_values": -12345.0},
        ]:
            k = settings.get("n_neighbors", 5)
            first = x[: 2 * len(x) // 3]
            if not (no_ties(first, x, k)):
                continue
            a, b = first, x
            if "missing_values" in settings:
                a, b = coded(first, -12345.0), coded(x, -12345.0)
            model = KNNImputer(**settings).fit(a)
            expected = {"transform": g.array(model.transform(b)), "names": [str(n) for n in model.get_feature_names_out()]}
            data = {"name": name, "scaled": scaled, "holes": True, "coded": "missing_values" in settings}
            tolerance = g.within(1e-13, 1e-12, "means of a few values; weights by distance carry the rounding of distances from products")
            if settings.get("weights") == "distance":
                tolerance = g.within(1e-12, 1e-11, "there a distance is a root of a difference of large squares; here the difference is squared")
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    tolerance = g.within(1e-13, 1e-12, "means of a few values")
    for settings in [
        {},
        {"n_neighbors": 1},
        {"n_neighbors": 2, "weights": "distance"},
        {"keep_empty_features": True},
        {"keep_empty_features": True, "add_indicator": True},
        {"add_indicator": True},
        {"n_neighbors": 3, "missing_values": -1.0, "add_indicator": True},
    ]:
        a, b = HOLES, OTHER
        if "missing_values" in settings:
            a, b = coded(a, -1.0), coded(b, -1.0)
        model = KNNImputer(**settings).fit(a)
        expected = {"transform": g.array(model.transform(a)), "other": g.array(model.transform(b))}
        # scikit-learn forgets the name of an empty column that it keeps.
        if not settings.get("keep_empty_features"):
            expected["names"] = [str(n) for n in model.get_feature_names_out()]
        data = {"values": rows(g, a), "other": rows(g, b)}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    g.write("knn_imputer", "KNNImputer: every setting, rows and columns without values; no ties, whose order is NumPy's.", cases)


def iterative_imputer(g):
    cases = []
    settled = "some ten rounds of regressions, each carrying on the rounding of the one before"
    for name in ["iris", "wine", "diabetes_raw"]:
        x = g.matrix(name, holes=True)
        p = x.shape[1]
        low, high = [float(v) for v in np.nanmin(x, axis=0)], [float(v) for v in np.nanmax(x, axis=0)]
        low[1], high[0] = -np.inf, np.inf
        for settings in [
            {},
            {"max_iter": 0},
            {"max_iter": 2},
            {"max_iter": 40, "tol": 1e-7},
            {"tol": 0.1},
            {"initial_strategy": "median"},
            {"initial_strategy": "most_frequent"},
            {"initial_strategy": "constant"},
            {"initial_strategy": "constant", "fill_value": 2.5},
            {"imputation_order": "descending"},
            {"imputation_order": "roman"},
            {"imputation_order": "arabic"},
            {"skip_complete": True},
            {"min_value": 1.0},
            {"max_value": 3.0},
            {"min_value": low, "max_value": high},
            {"n_nearest_features": p - 1},
            {"n_nearest_features": p},
            {"add_indicator": True},
            {"missing_values": -12345.0},
            {"estimator": "ridge"},
            {"estimator": "ridge", "estimator__alpha": 1e-3, "imputation_order": "arabic"},
            {"estimator__alpha_1": 2.0, "estimator__tol": 1e-6},
        ]:
            arguments = {k: v for k, v in settings.items() if not k.startswith("estimator")}
            inner = {k.removeprefix("estimator__"): v for k, v in settings.items() if k.startswith("estimator__")}
            estimator = (Ridge if "estimator" in settings else BayesianRidge)(**inner)
            fit = x[: 2 * len(x) // 3].copy()
            fit[:, 2] = np.nan_to_num(fit[:, 2], nan=2.0)  # whole at fit, not afterwards
            a, b = fit, x
            if "missing_values" in settings:
                a, b = coded(fit, -12345.0), coded(x, -12345.0)
            model = IterativeImputer(estimator=estimator, random_state=0, **arguments)
            z = model.fit_transform(a)
            expected = {
                "fit_transform": g.array(z),
                "transform": g.array(model.transform(b)),
                "n_iter": int(model.n_iter_),
                "features": [int(t.feat_idx) for t in model.imputation_sequence_],
                "names": [str(n) for n in model.get_feature_names_out()],
            }
            written = {k: ([g.number(e) for e in v] if isinstance(v, list) else v) for k, v in settings.items()}
            data = {"name": name, "holes": True, "coded": "missing_values" in settings}
            tolerance = g.within(1e-12, 1e-10, settled)
            cases.append({"data": data, "settings": written, "expected": expected, "tolerance": tolerance})
    for settings in [
        {},
        {"keep_empty_features": True},
        {"keep_empty_features": True, "add_indicator": True},
        {"keep_empty_features": True, "initial_strategy": "constant", "fill_value": 3.0},
        {"add_indicator": True, "skip_complete": True},
    ]:
        model = IterativeImputer(random_state=0, **settings)
        z = model.fit_transform(HOLES)
        expected = {
            "fit_transform": g.array(z),
            "transform": g.array(model.transform(OTHER)),
            "nothing": g.array(model.transform(OTHER[2:3])),
            "n_iter": int(model.n_iter_),
            "features": [int(t.feat_idx) for t in model.imputation_sequence_],
            "names": [str(n) for n in model.get_feature_names_out()],
        }
        data = {"values": rows(g, HOLES), "other": rows(g, OTHER)}
        why = "regressions on two to four rows, which are exact fits held by the priors alone, in rounds"
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": g.within(1e-8, 1e-8, why)})
    g.write("iterative_imputer", "IterativeImputer without randomness: every setting, other regressors, empty columns.", cases)


def files(g):
    """The files of this part, each with what writes it."""
    parts = [bayesian_ridge, simple_imputer_more, missing_indicator, knn_imputer, iterative_imputer]
    return {part.__name__: (lambda part=part: part(g)) for part in parts}
