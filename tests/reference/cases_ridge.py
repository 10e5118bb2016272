"""Cases of the ridge family: every solver, cross-validation, classification."""

import numpy as np
from sklearn.linear_model import Ridge, RidgeClassifier, RidgeClassifierCV, RidgeCV


def samples(g):
    """Well-conditioned, collinear with a constant column, fewer rows than columns: (name, x, two targets, classes)."""
    rng = np.random.default_rng(0)

    def rounded(a):
        return np.round(a, 3)

    good = rounded(rng.standard_normal((40, 5)))
    dependent = np.column_stack([good[:, :3], good[:, 0] - good[:, 1], np.full(40, 3.0)])
    wide = rounded(rng.standard_normal((12, 20)))
    for name, x in [("well conditioned", good), ("collinear", dependent), ("wide", wide)]:
        weights = np.arange(1, x.shape[1] + 1) / x.shape[1]
        noise = rng.standard_normal((len(x), 2))
        y = rounded(np.column_stack([x @ weights, x @ weights[::-1]]) + 0.3 * noise + 1)
        classes = np.digitize(y[:, 0], np.quantile(y[:, 0], [0.4, 0.7]))
        yield name, x, y, classes


def penalised_data(g):
    cases = [{"name": name, "x": x.tolist(), "y": y.tolist(), "classes": g.letters(classes)} for name, x, y, classes in samples(g)]
    g.write("penalised_data", "The data of the cases of ridge and logistic regression.", cases)


def data(name, target, weights, minus=0.0):
    """`target` is `first` or `both` of the real targets (less `minus` times the first column), or `two` or `three` classes."""
    return {"case": name, "target": target, "weights": weights, "minus": minus}


def intercepts(model):
    """One for each row of coefficients, also where there is one 0 for all."""
    return np.broadcast_to(model.intercept_, np.atleast_2d(model.coef_).shape[0])


def model_values(g, model, x):
    expected = {"coef": g.array(model.coef_), "intercept": g.array(intercepts(model))}
    predict = model.decision_function if hasattr(model, "decision_function") else model.predict
    return expected | {"predict": g.array(predict(x))}


def ridge_solvers(g):
    cases = []
    exact = g.within(1e-10, 1e-10, "a direct method of a penalised, well-posed problem")
    tight = g.within(2e-8, 2e-8, "both iterate to a tolerance of 1e-12 of their own measure")
    # LSQR makes the same steps on both sides: the same path in rounded numbers.
    same = g.within(1e-9, 1e-9, "the same few steps in rounded numbers")
    for name, x, y, _ in samples(g):
        for several in [False, True]:
            target = y if several else y[:, 0]
            for weights in [False, True]:
                w = g.ramp(len(x)) if weights else None
                jobs = [({"solver": s}, exact) for s in ["auto", "svd", "cholesky"]]
                jobs += [({"solver": "lsqr"}, same), ({"solver": "lsqr", "tol": 1e-2}, same), ({"solver": "lsqr", "max_iter": 2}, same)]
                jobs += [({"solver": "sparse_cg", "tol": 1e-12}, tight), ({"solver": "lsqr", "tol": 1e-12}, tight)]
                jobs += [({"solver": "svd", "alpha": 7.5}, exact), ({"solver": "cholesky", "fit_intercept": False}, exact)]
                if several:
                    jobs += [({"solver": s, "alpha": [0.2, 20.0]}, exact) for s in ["cholesky", "svd"]]
                    jobs += [({"solver": "lsqr", "alpha": [0.2, 20.0]}, same)]
                if not weights:
                    jobs += [({"solver": s, "tol": 1e-13, "max_iter": 100000}, tight) for s in ["sag", "saga"]]
                for settings, tolerance in jobs:
                    given = dict(settings)
                    if given["solver"] in ("sag", "saga"):
                        given["random_state"] = 0
                    model = Ridge(**given).fit(x, target, w)
                    expected = model_values(g, model, x)
                    if settings["solver"] == "lsqr" and settings.get("tol") != 1e-12:
                        expected["n_iter"] = [int(n) for n in np.atleast_1d(model.n_iter_)]
                    if settings["solver"] == "svd":
                        expected["solver"] = "Svd"
                    cases.append({"data": data(name, "both" if several else "first", weights), "settings": settings, "expected": expected, "tolerance": tolerance})
                for alpha in [0.5, 20.0]:
                    settings = {"positive": True, "alpha": alpha}
                    shifted = target - 3 * (x[:, :1] if several else x[:, 0])
                    # SciPy's L-BFGS-B stops when a step gains less than `tol` or by the gradient.
                    model = Ridge(tol=1e-13, max_iter=100000, **settings).fit(x, shifted, w)
                    expected = model_values(g, model, x)
                    near = g.within(3e-6, 3e-6, "SciPy's search ends near the minimum, at a step that gains about 1e-13")
                    cases.append({"data": data(name, "both" if several else "first", weights, 3.0), "settings": settings, "expected": expected, "tolerance": near})
    g.write("ridge_solvers", "Ridge by every solver, with every setting.", cases)


def ridge_cv(g):
    cases = []
    tolerance = g.within(1e-9, 1e-9, "decompositions of products; both sides lose some digits to the condition")
    for name, x, y, _ in samples(g):
        for several in [False, True]:
            target = y if several else y[:, 0]
            for weights in [False, True]:
                # Without weights of 0, for which scikit-learn divides 0 by 0 where predictions are scored.
                w = 0.25 + g.ramp(len(x)) if weights else None
                jobs = [{}, {"alphas": [0.5, 3.0, 200.0]}, {"alphas": [2.0]}, {"fit_intercept": False}, {"gcv_mode": "svd"}, {"gcv_mode": "eigen"}]
                jobs += [{"store_cv_results": True}, {"store_cv_results": True, "gcv_mode": "svd", "fit_intercept": False}]
                jobs += [{"scoring": "r2"}, {"scoring": "neg_mean_absolute_error", "store_cv_results": True}]
                jobs += [{"cv": 3}, {"cv": 4, "scoring": "neg_mean_squared_error", "alphas": [0.0 if name == "well conditioned" else 0.01, 1.0, 50.0]}]
                if several:
                    jobs += [{"alpha_per_target": True, "alphas": [0.01, 0.3, 3.0, 30.0]}, {"alpha_per_target": True, "scoring": "r2"}]
                for settings in jobs:
                    model = RidgeCV(**settings).fit(x, target, w)
                    expected = model_values(g, model, x)
                    expected |= {"alpha": [g.number(a) for a in np.atleast_1d(model.alpha_)]}
                    expected |= {"best_score": [g.number(s) for s in np.atleast_1d(model.best_score_)]}
                    if settings.get("store_cv_results"):
                        expected["cv_results"] = g.array(model.cv_results_)
                    cases.append({"data": data(name, "both" if several else "first", weights), "settings": settings, "expected": expected, "tolerance": tolerance})
    g.write("ridge_cv", "RidgeCV: rows left out and folds, every setting.", cases)


def ridge_classifier(g):
    cases = []
    exact = g.within(1e-10, 1e-10, "a direct method of a penalised, well-posed problem")
    for name, x, _, y in samples(g):
        for several in [False, True]:
            target = y if several else (y > 0).astype(int)
            for weights in [False, True]:
                w = g.ramp(len(x)) if weights else None
                jobs = [{}, {"alpha": 30.0}, {"fit_intercept": False}, {"solver": "svd"}, {"class_weight": {0: 3.0, 1: 0.5}}]
                jobs += [{"solver": "cholesky"}, {"solver": "lsqr", "tol": 1e-12, "max_iter": 500}, {"solver": "sparse_cg", "tol": 1e-12}]
                if not weights:
                    jobs += [{"class_weight": "balanced"}, {"class_weight": "balanced", "alpha": 0.2}]
                    jobs += [{"solver": s, "tol": 1e-13, "max_iter": 100000} for s in ["sag", "saga"]]
                for settings in jobs:
                    given = {"random_state": 0} if settings.get("solver") in ("sag", "saga") else {}
                    model = RidgeClassifier(**settings, **given).fit(x, target, w)
                    tight = g.within(2e-8, 2e-8, "both iterate to a tolerance of 1e-12 of their own measure")
                    cases.append(classified(g, model, name, x, target, weights, settings, tight if "tol" in settings else exact))
                for settings in [{"positive": True}, {"positive": True, "alpha": 20.0, "class_weight": {0: 2.0, 1: 0.5}}]:
                    # SciPy's L-BFGS-B stops when a step gains less than `tol` or by the gradient.
                    model = RidgeClassifier(tol=1e-13, max_iter=100000, **settings).fit(x, target, w)
                    near = g.within(3e-6, 3e-6, "SciPy's search ends near the minimum, at a step that gains about 1e-13")
                    cases.append(classified(g, model, name, x, target, weights, settings, near))
    g.write("ridge_classifier", "RidgeClassifier, two and three classes.", cases)


def classified(g, model, name, x, y, weights, settings, tolerance):
    expected = {"coef": g.array(model.coef_), "intercept": g.array(intercepts(model))}
    decision = model.decision_function(x)
    expected["predict"] = g.array(decision.reshape(len(x), -1))
    expected["labels"] = g.letters(model.predict(x))
    given = dict(settings)
    if isinstance(given.get("class_weight"), dict):
        given["class_weight"] = [[int(k), v] for k, v in given["class_weight"].items()]
    return {"data": data(name, "three" if len(model.classes_) == 3 else "two", weights), "settings": given, "expected": expected, "tolerance": tolerance}


def ridge_classifier_cv(g):
    cases = []
    tolerance = g.within(1e-9, 1e-9, "decompositions of products; both sides lose some digits to the condition")
    for name, x, _, y in samples(g):
        for several in [False, True]:
            target = y if several else (y > 0).astype(int)
            for weights in [False, True]:
                w = 0.25 + g.ramp(len(x)) if weights else None
                jobs = [{}, {"alphas": [0.5, 3.0, 200.0]}, {"fit_intercept": False, "store_cv_results": True}, {"class_weight": {0: 3.0, 1: 0.5}}]
                jobs += [{"cv": 3}, {"cv": 2, "alphas": [0.01, 1.0, 50.0], "scoring": "balanced_accuracy"}]
                if several:
                    jobs += [{"scoring": "accuracy", "store_cv_results": True}]
                if not weights:
                    jobs += [{"class_weight": "balanced"}]
                for settings in jobs:
                    model = RidgeClassifierCV(**settings).fit(x, target, w)
                    case = classified(g, model, name, x, target, weights, settings, tolerance)
                    case["expected"] |= {"alpha": g.number(model.alpha_), "best_score": g.number(model.best_score_)}
                    if settings.get("store_cv_results"):
                        values = model.cv_results_.reshape(len(x), -1, model.cv_results_.shape[-1])
                        case["expected"]["cv_results"] = g.array(values)
                    cases.append(case)
    g.write("ridge_classifier_cv", "RidgeClassifierCV: rows left out and folds.", cases)


def files(g):
    return {
        "penalised_data": lambda: penalised_data(g),
        "ridge_solvers": lambda: ridge_solvers(g),
        "ridge_cv": lambda: ridge_cv(g),
        "ridge_classifier": lambda: ridge_classifier(g),
        "ridge_classifier_cv": lambda: ridge_classifier_cv(g),
    }
