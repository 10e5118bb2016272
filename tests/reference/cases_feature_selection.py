"""Cases of feature selection, and of the tail probabilities it rests on."""

import numpy as np
from scipy import special, stats
from sklearn import feature_selection as fs
from sklearn.linear_model import LogisticRegression, Ridge

CLASSES = ["iris", "wine", "breast_cancer", "penguins"]
REAL = ["diabetes", "diabetes_raw", "breast_cancer"]


def special_functions(g):
    """`g` is the module with the data and the writers."""
    why = "SciPy's own error, and that of the exponent: eps times the logarithm of the smallest value, 700, with a margin"
    near = g.within(0, 1e-11, why)
    cases = []

    def case(name, function, arguments):
        values = [float(function(*a)) for a in arguments]
        keep = [i for i, v in enumerate(values) if v == 0 or abs(v) > 1e-305]
        data = {"name": name, "arguments": [[g.number(v) for v in arguments[i]] for i in keep]}
        expected = {"values": [g.number(values[i]) for i in keep]}
        cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": near})

    # SciPy's incomplete beta functions from Boost keep the digits of tails, if given the argument that is small.
    def f(x, a, b):
        if a * x < b:
            return special.betaincc(a / 2, b / 2, a * x / (b + a * x))
        return special.betainc(b / 2, a / 2, b / (b + a * x))

    def t(x, k):
        return f(x * x, 1, k)

    freedoms = [1, 2, 3, 10, 99, 1000, 12345, 1e6]
    ratios = [1e-8, 0.01, 0.3, 0.9, 1.0, 1.1, 2.0, 10.0, 100.0, 700.0]
    case("f_sf", f, [[x, a, b] for a in freedoms[:5] for b in freedoms for x in ratios if b / (b + a * x) > 1e-290])
    case("chi2_sf", stats.chi2.sf, [[x * k, k] for k in freedoms for x in ratios])
    case("normal_sf", stats.norm.sf, [[z] for z in [-9, -1, -1e-9, 0, 0.1, 1, 2.5, 8, 20, 37]])
    case("t_two_sided", t, [[x, k] for k in freedoms for x in [0, 1e-6, 0.1, 1, -2, 5, 30, 1e4]])
    case("digamma", special.digamma, [[x] for x in [3e-3, 0.5, 1, 2, 3.7, 10, 1000, 1e9]])
    g.write("special", "Tail probabilities and digamma of SciPy.", cases)


def target(g, name, real):
    return g.targets(name.removesuffix("_raw")) if real else g.classes(name)


def scores(g):
    why = "scikit-learn's sums of squares lose digits to the mean: relative to the variance, eps n (mean / deviation)²; p-values lose log p times as many"
    near = g.within(1e-12, 1e-9, why)
    cases = []

    def case(function, data, x, y, settings):
        found = getattr(fs, function)(x, y, **settings)
        values, pvalues = found if isinstance(found, tuple) else (found, None)
        expected = {"scores": [g.number(v) for v in values]}
        if pvalues is not None:
            expected["pvalues"] = [g.number(v) for v in pvalues]
        cases.append({"data": data | {"function": function}, "settings": settings, "expected": expected, "tolerance": near})

    for name in CLASSES:
        for function in ["f_classif", "chi2"]:
            case(function, {"name": name}, g.matrix(name), g.classes(name), {})
    for name in REAL:
        scaled = name == "breast_cancer"
        x, y = g.matrix(name, scaled=scaled), target(g, name, True)
        for function in ["r_regression", "f_regression"]:
            for settings in [{}, {"center": False}, {"force_finite": False}, {"center": False, "force_finite": False}]:
                case(function, {"name": name, "scaled": scaled, "real": True}, x, y, settings)
    # Constant, constant within classes.
    odd = np.array([[1, 0, 2, 0.5], [1, 0, 4, 0.25], [1, 1, 6, 8], [1, 1, 8, 0], [1, 1, 10, 1]], dtype=float)
    codes, real = np.array([0, 0, 1, 1, 1]), np.array([1.0, 2.0, 3.0, 5.0, 9.0])
    data = {"values": odd.tolist()}
    case("f_classif", data | {"codes": codes.tolist()}, odd, codes, {})
    case("chi2", data | {"codes": codes.tolist()}, odd * [0, 1, 1, 1], codes, {})
    cases[-1]["data"]["values"] = (odd * [0, 1, 1, 1]).tolist()
    for settings in [{}, {"force_finite": False}, {"center": False}]:
        for function in ["r_regression", "f_regression"]:
            some = odd if settings.get("center", True) else odd[:, [0, 1, 3]]
            case(function, {"values": some.tolist(), "reals": real.tolist()}, some, real, settings)
    g.write("feature_scores", "f_classif, chi2, f_regression and r_regression.", cases)


def smooth(n):
    """Values without ties, and targets that depend on them, by formulas alone: (x, classes, real)."""
    i = np.arange(n, dtype=float)
    x = np.column_stack([np.sin(i * i), np.cos(1.7 * i), np.sin(0.3 * i) ** 3, i % 7 + np.sin(5 * i) / 3])
    real = x[:, 0] ** 2 + 0.5 * x[:, 1] + 0.1 * np.sin(9 * i)
    return x, (x[:, 0] + 0.3 * x[:, 1] > 0.2).astype(int) + (x[:, 0] > 0.7), real


def mutual_info(g):
    exact = g.within(1e-10, 0, "counts of neighbours, none of them tied: only the means of digamma round")
    cases = []

    def case(function, data, x, y, settings, tolerance=exact):
        values = getattr(fs, function)(x, y, random_state=0, **settings)
        expected = {"scores": [g.number(v) for v in values]}
        cases.append({"data": data | {"function": function}, "settings": settings, "expected": expected, "tolerance": tolerance})

    # In classes with fewer than 2 k members scikit-learn's distances are from dot products, and count neighbours by chance.
    for n in [240, 301, 1500]:
        x, codes, real = smooth(n)
        x[:, 3] = np.where(np.arange(n) % 2 == 0, x[:, 3], 30 + x[:, 3]) if n == 301 else x[:, 3]
        for settings in [{}, {"n_neighbors": 1}, {"n_neighbors": 8}]:
            case("mutual_info_classif", {"smooth": n}, x, codes, settings)
            case("mutual_info_regression", {"smooth": n}, x, real, settings)
        rounded = x.copy()
        rounded[:, [1, 3]] = np.round(rounded[:, [1, 3]])
        for which in [[1, 3], [False, True, False, True]]:
            settings = {"discrete_features": which}
            case("mutual_info_classif", {"smooth": n, "rounded": [1, 3]}, rounded, codes, settings)
            case("mutual_info_regression", {"smooth": n, "rounded": [1, 3]}, rounded, real, settings)
        case("mutual_info_classif", {"smooth": n, "rounded": [0, 1, 2, 3]}, np.round(x), codes, {"discrete_features": True})
    # Ties are parted by noise, here and there by other noise.
    for name in ["iris", "wine", "breast_cancer", "diabetes"]:
        real = name == "diabetes"
        function = "mutual_info_regression" if real else "mutual_info_classif"
        x, y = g.matrix(name), target(g, name, real)
        for settings in [{}, {"n_neighbors": 5}]:
            drawn = np.array([getattr(fs, function)(x, y, random_state=seed, **settings) for seed in range(40)])
            spread = float((drawn.max(axis=0) - drawn.min(axis=0)).max())
            why = "the noise that parts ties is another: as far as forty of scikit-learn's seeds are from each other, at most"
            case(function, {"name": name, "real": real}, x, y, settings, g.within(spread + 1e-10, 0, why))
    g.write("mutual_info", "mutual_info_classif and mutual_info_regression.", cases)


def support(model):
    return "".join("01"[int(s)] for s in model.get_support())


def selectors(g):
    cases = []

    def case(model, data, x, y, settings, function=None):
        model.fit(x, y)
        z = model.transform(x) if model.get_support().any() else np.zeros((len(x), 0))
        expected = {"support": support(model)}
        if z.shape[1]:
            expected["transform"] = g.array(z)
            if not np.isnan(z).any():  # scikit-learn refuses them here
                expected["inverse"] = g.array(model.inverse_transform(z))
        names = model.get_feature_names_out()
        expected["names"] = [str(n) for n in names]
        data = data | {"selector": type(model).__name__, "function": function}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": g.EXACT})

    for name in ["iris", "wine", "diabetes_raw", "breast_cancer", "titanic"]:
        x = g.matrix(name)
        for threshold in [0.0, 0.2, 0.6, 5.0, 100.0]:
            if (np.nanvar(x, axis=0) > threshold).any():
                case(fs.VarianceThreshold(threshold), {"name": name}, x, None, {"threshold": threshold})
    univariate = [
        (fs.SelectKBest, [{"k": 1}, {"k": 3}, {"k": "all"}, {"k": 0}]),
        (fs.SelectPercentile, [{}, {"percentile": 0}, {"percentile": 25}, {"percentile": 33.3}, {"percentile": 75}, {"percentile": 100}]),
        (fs.SelectFpr, [{}, {"alpha": 1e-6}, {"alpha": 1e-30}, {"alpha": 0.0}]),
        (fs.SelectFdr, [{}, {"alpha": 1e-6}, {"alpha": 1e-30}, {"alpha": 0.5}]),
        (fs.SelectFwe, [{}, {"alpha": 1e-6}, {"alpha": 1e-30}]),
        (
            fs.GenericUnivariateSelect,
            [
                {},
                {"mode": "percentile", "param": 40},
                {"mode": "k_best", "param": 2},
                {"mode": "k_best", "param": "all"},
                {"mode": "fpr", "param": 1e-20},
                {"mode": "fdr", "param": 1e-20},
                {"mode": "fwe", "param": 1e-20},
            ],
        ),
    ]
    for name in CLASSES + ["diabetes", "diabetes_raw"]:
        real = name.startswith("diabetes")
        x, y = g.matrix(name), target(g, name, real)
        for function in ["f_regression"] if real else ["f_classif", "chi2"]:
            for selector, alternatives in univariate:
                for settings in alternatives:
                    model = selector(getattr(fs, function), **settings)
                    case(model, {"name": name, "real": real}, x, y, settings, function)
    # Ties and features that say nothing.
    odd = np.array([[1, 0, 3, 3, 0], [1, 1, 2, 2, 0], [1, 1, 4, 4, 1], [1, 0, 6, 6, 1], [1, 0, 5, 5, 1]], dtype=float)
    codes = np.array([0, 0, 1, 1, 1])
    for settings in [{"k": k} for k in range(6)]:
        case(fs.SelectKBest(**settings), {"values": odd.tolist(), "codes": codes.tolist()}, odd, codes, settings, "f_classif")
    for settings in [{"percentile": p} for p in [10, 20, 40, 50, 60, 80]]:
        # An infinite score at the border makes scikit-learn's interpolation NaN.
        some = odd[:, :4]
        data = {"values": some.tolist(), "codes": codes.tolist()}
        case(fs.SelectPercentile(**settings), data, some, codes, settings, "f_classif")
    g.write("feature_selectors", "VarianceThreshold and the univariate selectors.", cases)


def model_selectors(g):
    cases = []
    near = g.within(2e-6, 0, "coefficients and scores of fits that stop at a small gradient; of direct fits rounding")
    logistic = {"C": 0.5, "tol": 1e-8, "max_iter": 5000}

    def setups():
        for name in ["diabetes", "diabetes_raw", "breast_cancer"]:
            scaled = name != "diabetes"
            yield {"name": name, "scaled": scaled, "real": True}, g.matrix(name, scaled=scaled), target(g, name, True), Ridge(alpha=0.1)
        for name in ["iris", "wine", "penguins"]:
            yield {"name": name, "scaled": True, "real": False}, g.matrix(name, scaled=True), g.classes(name), LogisticRegression(**logistic)

    def case(selector, data, settings, expected, weights=False):
        data = data | {"selector": selector, "weights": weights}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": near})

    for data, x, y, estimator in setups():
        p = x.shape[1]
        for settings in [
            {},
            {"threshold": "median"},
            {"threshold": "1.25*mean"},
            {"threshold": "0.5 * median"},
            {"threshold": 0.3},
            {"threshold": "-inf", "max_features": 2},
            {"max_features": 1},
            {"norm_order": 2},
            {"norm_order": 3},
            {"norm_order": "inf"},
            {"norm_order": "-inf"},
        ]:
            for weights in [False, True]:
                if weights and settings not in ({}, {"norm_order": 2}):
                    continue
                real = {k: float(v) if v in ("inf", "-inf") else v for k, v in settings.items()}
                model = fs.SelectFromModel(estimator, **real)
                model.fit(x, y, **({"sample_weight": g.ramp(len(x))} if weights else {}))
                case("SelectFromModel", data, settings, {"support": support(model), "threshold": g.number(model.threshold_)}, weights)
        for settings in [
            {},
            {"n_features_to_select": 1},
            {"n_features_to_select": 3},
            {"n_features_to_select": 0.75},
            {"n_features_to_select": 1, "step": 2},
            {"n_features_to_select": 2, "step": 0.3},
        ]:
            for weights in [False, True]:
                if weights and settings:
                    continue
                model = fs.RFE(estimator, **settings)
                model.fit(x, y, **({"sample_weight": g.ramp(len(x))} if weights else {}))
                expected = {"support": support(model), "ranking": [int(r) for r in model.ranking_], "score": g.number(model.score(x, y))}
                case("Rfe", data, settings, expected, weights)
        for settings in [{}, {"step": 2}, {"step": 0.25}, {"min_features_to_select": 2}]:
            for cv, scoring in [(5, None), (3, None), (5, "neg_mean_squared_error" if data["real"] else "neg_log_loss")]:
                if scoring and settings:
                    continue
                model = fs.RFECV(estimator, cv=cv, scoring=scoring, **settings).fit(x, y)
                results = model.cv_results_
                expected = {
                    "support": support(model),
                    "ranking": [int(r) for r in model.ranking_],
                    "n_features": [int(n) for n in results["n_features"]],
                    "mean": [g.number(v) for v in results["mean_test_score"]],
                    "std": [g.number(v) for v in results["std_test_score"]],
                    "split": [g.number(v) for v in results["split1_test_score"]],
                    "split_ranking": [int(v) for v in np.ravel(results["split1_ranking"])],
                }
                case("RfeCv", data | {"cv": cv, "scoring": scoring}, settings, expected)
        if p > 10:
            continue
        for settings in [
            {},
            {"direction": "backward"},
            {"n_features_to_select": 1},
            {"n_features_to_select": 2, "direction": "backward"},
            {"n_features_to_select": 0.6},
            {"tol": 0.01},
            {"tol": 0.0},
            {"tol": -0.01, "direction": "backward"},
            {"tol": 0.001, "direction": "backward"},
        ]:
            for cv, scoring in [(5, None), (4, "neg_mean_squared_error" if data["real"] else "neg_log_loss")]:
                if scoring and settings not in ({}, {"direction": "backward"}):
                    continue
                model = fs.SequentialFeatureSelector(estimator, cv=cv, scoring=scoring, **settings).fit(x, y)
                case("SequentialFeatureSelector", data | {"cv": cv, "scoring": scoring}, settings, {"support": support(model)})
    g.write("model_selectors", "SelectFromModel, RFE, RFECV and SequentialFeatureSelector over Ridge and LogisticRegression.", cases)


def files(g):
    return {
        "special": lambda: special_functions(g),
        "feature_scores": lambda: scores(g),
        "mutual_info": lambda: mutual_info(g),
        "feature_selectors": lambda: selectors(g),
        "model_selectors": lambda: model_selectors(g),
    }
