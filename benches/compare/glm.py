"""Generalised and robust linear models."""

import time

import numpy as np
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import HuberRegressor, PoissonRegressor, QuantileRegressor

from common import Workload, dtype_of, write


def timed(make, *attributes):
    def run(data):
        model = make()
        start = time.perf_counter()
        model.fit(*data)
        return time.perf_counter() - start, tuple(np.ravel(getattr(model, a)).tolist() for a in attributes)

    return run


def number(v):
    return float(np.ravel(v)[0])


def poisson_objective(data, out):
    x, y = data
    coef = np.ravel(out[0])
    z = x.astype(float) @ coef + number(out[1])
    value = np.mean(np.exp(z) - y * z) + 0.5e-3 * coef @ coef
    return f"objective {value:.9g} ({number(out[2]):.0f} iterations)"


def huber_objective(data, out):
    x, y = data
    coef, b, s, e = np.ravel(out[0]), number(out[1]), number(out[2]), 1.35
    r = np.abs(y - x.astype(float) @ coef - b)
    h = np.where(r <= e * s, r**2 / s, 2 * e * r - e**2 * s)
    return f"objective {(s + h).mean() + 1e-4 * coef @ coef / len(y):.9g} ({number(out[3]):.0f} iterations)"


def quantile_objective(data, out):
    x, y = data
    coef = np.ravel(out[0])
    r = y - x @ coef - number(out[1])
    value = np.mean(np.where(r > 0, 0.8 * r, -0.2 * r)) + 1e-3 * np.abs(coef).sum()
    return f"objective {value:.10g} ({number(out[2]):.0f} iterations)"


def workloads(scale):
    def linear(meta, name, n, p, noise, dtype=np.float64):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((n, p))
        w = rng.standard_normal(p) / np.sqrt(p)
        y = noise(rng, x @ w)
        x = x.astype(dtype, copy=False)
        meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y.astype(float)))
        return x, y.astype(dtype)

    counts = lambda rng, z: rng.poisson(np.exp(0.5 * z - 0.5)).astype(float)
    spoiled = lambda rng, z: z + 2 + np.where(rng.random(len(z)) < 0.1, 20, 1) * rng.standard_normal(len(z))
    skewed = lambda rng, z: z + rng.exponential(size=len(z))

    def one_feature(meta):
        rng = np.random.default_rng(0)
        x = rng.random((1_000_000 * scale, 1))
        y = np.sin(2 * x[:, 0]) + 0.5 * rng.standard_normal(len(x))
        meta.update(x=write("isotonic_x.bin", x), y=write("isotonic_y.bin", y))
        return x, y

    def isotonic(data):
        x, y = data
        start = time.perf_counter()
        model = IsotonicRegression().fit(x, y)
        predicted = model.predict(x)
        return time.perf_counter() - start, (float(((predicted - y) ** 2).sum()), len(model.X_thresholds_))

    out = []
    for solver in ["newton", "lbfgs"]:
        name = {"newton": "newton-cholesky", "lbfgs": "lbfgs"}[solver]
        for dtype in ["f64", "f32"]:
            out.append(
                Workload(
                    f"poisson_{solver}_{dtype}",
                    f"{500 * scale}k x 30",
                    lambda meta, dtype=dtype: linear(meta, "poisson", 500_000 * scale, 30, counts, dtype_of(dtype)),
                    {"scikit-learn": timed(lambda name=name: PoissonRegressor(alpha=1e-3, solver=name), "coef_", "intercept_", "n_iter_")},
                    poisson_objective,
                )
            )
    for dtype in ["f64", "f32"]:
        out.append(
            Workload(
                f"huber_{dtype}",
                f"{200 * scale}k x 30",
                lambda meta, dtype=dtype: linear(meta, "huber", 200_000 * scale, 30, spoiled, dtype_of(dtype)),
                {"scikit-learn": timed(HuberRegressor, "coef_", "intercept_", "scale_", "n_iter_")},
                huber_objective,
            )
        )
    return out + [
        Workload(
            "quantile",
            f"{5 * scale}k x 20",
            lambda meta: linear(meta, "quantile", 5_000 * scale, 20, skewed),
            {"scikit-learn": timed(lambda: QuantileRegressor(alpha=1e-3, quantile=0.8), "coef_", "intercept_", "n_iter_")},
            quantile_objective,
        ),
        Workload(
            "isotonic",
            f"{scale}M x 1, fit and predict",
            one_feature,
            {"scikit-learn": isotonic},
            lambda data, out: f"squares {out[0]:.10g}, {out[1]} thresholds",
        ),
    ]
