"""Linear models of sparse coefficients."""

import time

import numpy as np
import sklearn.linear_model as sk_linear
import sklearnex.linear_model as skex_linear

from common import Workload, dtype_of, write

ALPHA = 0.1


def objective(x, y, coef, intercept, alpha, l1_ratio):
    """What ElasticNet minimises, in f64."""
    coef, intercept = np.ravel(np.asarray(coef, float)), float(np.ravel(intercept)[0])
    total = 0.0
    for start in range(0, len(y), 20000):
        part = slice(start, start + 20000)
        r = y[part].astype(float) - x[part].astype(float) @ coef - intercept
        total += r @ r
    return total / (2 * len(y)) + alpha * (l1_ratio * np.abs(coef).sum() + 0.5 * (1 - l1_ratio) * (coef @ coef))


def workloads(scale):
    def data(meta, dtype=np.float64):
        rng = np.random.default_rng(0)
        n = 50_000 * scale
        x = rng.standard_normal((n, 500))
        w = np.zeros(500)
        w[rng.choice(500, 50, replace=False)] = rng.standard_normal(50) * 3
        y = x @ w + 5 * rng.standard_normal(n) + 2.0
        x = x.astype(dtype, copy=False)
        meta.update(x=write("sparse_x.bin", x), y=write("sparse_y.bin", y))
        return x, y.astype(dtype)

    def fit(module, name, last=lambda m: int(np.max(m.n_iter_)), **settings):
        def run(data):
            model = getattr(module, name)(**settings)
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.coef_, model.intercept_, last(model))

        return run

    def quality(l1_ratio):
        return lambda data, out: f"objective {objective(*data, out[0], out[1], ALPHA, l1_ratio):.9g} ({out[2]} sweeps)"

    size = f"{50 * scale}k x 500"

    def both(name, **settings):
        modules = {"scikit-learn": sk_linear, "sklearnex": skex_linear}
        return {peer: fit(module, name, **settings) for peer, module in modules.items() if hasattr(module, name)}

    return [
        Workload("lasso_f64", size, data, both("Lasso", alpha=ALPHA), quality(1.0)),
        Workload("lasso_f32", size, lambda meta: data(meta, dtype_of("f32")), both("Lasso", alpha=ALPHA), quality(1.0)),
        Workload("elastic_net", size, data, both("ElasticNet", alpha=ALPHA), quality(0.5)),
        Workload(
            "lasso_cv",
            size,
            data,
            {"scikit-learn": fit(sk_linear, "LassoCV", last=lambda m: float(m.alpha_))},
            lambda data, out: f"alpha {out[2]:.9g}, objective {objective(*data, out[0], out[1], out[2], 1.0):.9g}",
        ),
    ]
