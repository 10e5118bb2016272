"""Linear models."""

import time

import numpy as np
import sklearn.linear_model as sk_linear
import sklearnex.linear_model as skex_linear

from common import Workload, classification, dtype_of, write


def images(n, seed=0):
    """784 sparse non-negative pixels of ten overlapping prototypes, standing in for digit images."""
    rng = np.random.default_rng(seed)
    prototypes = np.clip(rng.standard_normal((10, 784)), 0.3, 1.5) - 0.3
    y = rng.integers(0, 10, n)
    x = np.empty((n, 784))
    for start in range(0, n, 20000):
        part = slice(start, min(n, start + 20000))
        noise = rng.standard_normal((part.stop - part.start, 784))
        x[part] = np.clip(0.12 * prototypes[y[part]] + 0.6 * noise, 0.0, 1.0)
    return x, y.astype(np.int64)


def logistic_objective(x, y, coef, intercept, c=1.0):
    """The mean loss plus the penalty that LogisticRegression minimises, in f64."""
    coef, intercept = np.atleast_2d(np.asarray(coef, float)), np.ravel(np.asarray(intercept, float))
    total = 0.0
    for start in range(0, len(y), 100000):
        xs, ys = x[start : start + 100000].astype(float), y[start : start + 100000]
        z = xs @ coef.T + intercept
        if z.shape[1] == 1:
            margin = np.where(ys == 1, z[:, 0], -z[:, 0])
            total += np.logaddexp(0, -margin).sum()
        else:
            top = z.max(1)
            total += (np.log(np.exp(z - top[:, None]).sum(1)) + top - z[np.arange(len(ys)), ys]).sum()
    return total / len(y) + 0.5 / (c * len(y)) * (coef**2).sum()


def ridge_objective(x, y, coef, intercept, alpha=1.0):
    """The mean square that is left, plus the penalty that Ridge minimises, in f64."""
    coef = np.ravel(np.asarray(coef, float))
    total = 0.0
    for start in range(0, len(y), 100000):
        r = y[start : start + 100000] - x[start : start + 100000].astype(float) @ coef - float(np.ravel(intercept)[0])
        total += r @ r
    return (total + alpha * coef @ coef) / len(y)


def workloads(scale):
    def logistic(name, data, dtype, meta):
        x, y = data
        x = x.astype(dtype_of(dtype), copy=False)
        meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y))
        return x, y

    def fit_logistic(module):
        def run(data):
            model = module.LogisticRegression()
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.coef_, model.intercept_, int(np.max(model.n_iter_)))

        return run

    def fit_linear(module, name):
        def run(data):
            model = getattr(module, name)()
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.coef_, model.intercept_)

        return run

    def make_regression(meta, dtype=np.float64):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1_000_000 * scale, 50))
        y = x @ rng.standard_normal(50) + 4 * rng.standard_normal(len(x)) + 2.0
        x = x.astype(dtype, copy=False)
        meta.update(x=write("ridge_x.bin", x), y=write("ridge_y.bin", y))
        return x, y.astype(dtype)

    def objective(function):
        return lambda data, out: f"objective {function(data[0], data[1], out[0], out[1]):.9g}" + (
            f" ({out[2]} iterations)" if len(out) > 2 else ""
        )

    s = scale
    return [
        *[
            Workload(
                f"logistic_binary_{dtype}",
                f"{500 * s}k x 50",
                lambda meta, dtype=dtype: logistic("binary", classification(500_000 * s, 50), dtype, meta),
                {"scikit-learn": fit_logistic(sk_linear), "sklearnex": fit_logistic(skex_linear)},
                objective(logistic_objective),
            )
            for dtype in ("f64", "f32")
        ],
        *[
            Workload(
                f"logistic_images_{dtype}",
                f"{60 * s}k x 784 x 10",
                lambda meta, dtype=dtype: logistic("images", images(60_000 * s), dtype, meta),
                {"scikit-learn": fit_logistic(sk_linear), "sklearnex": fit_logistic(skex_linear)},
                objective(logistic_objective),
            )
            for dtype in ("f64", "f32")
        ],
        *[
            Workload(
                f"least_squares_{dtype}",
                f"{s}M x 50",
                lambda meta, dtype=dtype: make_regression(meta, dtype_of(dtype)),
                {"scikit-learn": fit_linear(sk_linear, "LinearRegression"), "sklearnex": fit_linear(skex_linear, "LinearRegression")},
                objective(lambda *args: ridge_objective(*args, alpha=0.0)),
            )
            for dtype in ("f64", "f32")
        ],
        Workload(
            "ridge",
            f"{s}M x 50",
            make_regression,
            {"scikit-learn": fit_linear(sk_linear, "Ridge"), "sklearnex": fit_linear(skex_linear, "Ridge")},
            objective(ridge_objective),
        ),
    ]
