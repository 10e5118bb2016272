"""Cases of linear models."""

import numpy as np
from sklearn.linear_model import LinearRegression


def linear_regression(g):
    """`g` is the module with the data and the writers."""
    cases = []

    def add(data, x, y, w, settings):
        model = LinearRegression(**settings).fit(x, y, w)
        mean = np.average(x, axis=0, weights=w) if model.fit_intercept else 0
        root = np.sqrt(w)[:, None] if w is not None else 1.0
        condition = np.linalg.cond((x - mean) * root)
        if not condition < 1e6:  # directions that do not count
            condition = 1e6
        why = f"a decomposition of condition {condition:.1e}, some n eps times that"
        expected = {"coef": g.array(model.coef_), "predict": g.array(model.predict(x)), "score": g.number(model.score(x, y, w))}
        if not model.positive:
            expected |= {"rank": int(model.rank_), "singular": g.array(model.singular_)}
        if model.fit_intercept:
            expected["intercept"] = g.array(np.atleast_1d(model.intercept_))
        tolerance = {
            "parameters": g.within(1e-12, 50 * g.EPS * condition, why),
            "predict": g.within(1e-12, 1e-12, "predictions are well conditioned even where coefficients are not"),
            "singular": g.within(0, 1e-12, "relative to the largest"),
        }
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})

    for name, target, scaled in [
        ("diabetes", "diabetes", False),
        ("diabetes_raw", "diabetes", False),
        ("breast_cancer", "breast_cancer", True),
        ("linnerud", "linnerud", False),
        ("wine", "wine", True),
    ]:
        x, y = g.matrix(name, scaled=scaled), g.targets(target)
        for settings in [{}, {"fit_intercept": False}, {"tol": 0.2}, {"positive": True}, {"positive": True, "fit_intercept": False}]:
            for weights in [False, True]:
                data = {"name": name, "target": target, "scaled": scaled, "weights": weights}
                add(data, x, y, g.ramp(len(x)) if weights else None, settings)
    # Fewer rows than columns, one row, dependent columns, a constant column.
    wide = g.matrix("diabetes_raw")[:7]
    dependent = np.column_stack([np.arange(6.0), 2 * np.arange(6.0), [1, 0, 1, 1, 0, 3.0], np.full(6, 4.0)])
    for x, y in [
        (wide, g.targets("diabetes")[:7]),
        (wide[:1], g.targets("diabetes")[:1]),
        (dependent, np.array([1.0, 3.0, 2.0, 5.0, 4.0, 7.0])),
    ]:
        for settings in [{}, {"fit_intercept": False}, {"positive": True}]:
            if settings.get("positive") and len(x) < 6:
                continue  # more than one solution
            add({"values": x.tolist(), "y": y.tolist(), "weights": False}, x, y, None, settings)
    g.write("linear_regression", "LinearRegression: every setting, weights, several targets, dependent columns.", cases)


def files(g):
    return {"linear_regression": lambda: linear_regression(g)}
