"""Scalers and transformers of distributions."""

import time

import numpy as np
from sklearn.preprocessing import PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler

from common import Workload, dtype_of, write


def thousand(x):
    return x[:: max(1, len(x) // 1000)][:1000]


def timed(model, x):
    """Fit and transform; a thousand rows of the result and the seconds of the fit."""
    start = time.perf_counter()
    model.fit(x)
    fit = time.perf_counter() - start
    out = model.transform(x)
    return time.perf_counter() - start, (thousand(out), fit)


def scaler_quality(x, out):
    z = np.asarray(out[0], float)
    sample = thousand(x)
    mean = sum(x[i : i + 1000].sum(0, dtype=np.longdouble) for i in range(0, len(x), 1000)) / len(x)
    squares = sum(((x[i : i + 1000] - mean) ** 2).sum(0) for i in range(0, len(x), 1000))
    exact = (sample - mean) / np.sqrt(squares / len(x))
    text = f"max error {np.abs(z.reshape(exact.shape) - exact).max():.1e}, fit {float(out[1]) * 1e3:.0f} ms"
    return text + (f", {out[2]}" if len(out) > 2 else "")


def robust_quality(x, out):
    z = np.asarray(out[0], float).reshape(-1, x.shape[1])[:, 0]
    column = x[:, 0].astype(float)
    low, middle, high = np.percentile(column, [25, 50, 75])
    exact = (thousand(column) - middle) / (high - low)
    return f"max error {np.abs(z - exact).max():.1e}, fit {float(out[1]) * 1e3:.0f} ms"


def quantile_quality(x, out):
    """How far from the rank in the whole column, and from evenness: the drawn rows decide."""
    z = np.asarray(out[0], float).reshape(-1, x.shape[1])[:, 0]
    column = np.sort(x[:, 0])
    rank = np.searchsorted(column, thousand(x[:, 0])) / (len(column) - 1)
    if z.min() < -0.5:  # normal scores
        from scipy.stats import norm

        z = norm.cdf(z)
    return f"max error {np.abs(z - rank).max():.1e}, fit {float(out[1]) * 1e3:.0f} ms"


def power_quality(x, out):
    z = np.asarray(out[0], float).reshape(-1, x.shape[1])
    skew = ((z - z.mean(0)) ** 3).mean(0) / z.std(0) ** 3
    return f"largest skew {np.abs(skew).max():.4f}, fit {float(out[1]) * 1e3:.0f} ms"


def workloads(scale):
    def make(rows, columns, kind, shape):
        def write_it(meta):
            rng = np.random.default_rng(0)
            x = rng.standard_normal((rows * scale, columns))
            if shape == "shifted":
                x *= np.linspace(0.1, 100, columns)
                x += np.linspace(-1000, 1000, columns)
            else:  # normal, skewed and tied columns in turn
                x[:, 1::3] = np.exp(x[:, 1::3])
                x[:, 2::3] = np.round(x[:, 2::3] * 20) / 4
            x = x.astype(kind)
            meta["x"] = write(f"scaling_{rows}_{columns}_{shape}_{np.dtype(kind)}.bin", x)
            return x

        return write_it

    quantile = lambda **settings: QuantileTransformer(random_state=0, **settings)
    rows = []
    for kind in ["f64", "f32"]:
        name = "scaler" if kind == "f64" else "scaler_f32"
        peers = {"scikit-learn": lambda x: timed(StandardScaler(), x)}
        rows.append(Workload(name, f"{scale}M x 50", make(1_000_000, 50, dtype_of(kind), "shifted"), peers, scaler_quality))
    for n, p, size in [(200_000, 20, "200k"), (1_000_000, 50, "1m")]:
        for kind in ["f64", "f32"]:
            data, text = make(n, p, dtype_of(kind), "mixed"), f"{n * scale:,} x {p}"
            peers = {"scikit-learn": lambda x: timed(RobustScaler(), x)}
            rows.append(Workload(f"robust_{size}_{kind}", text, data, peers, robust_quality))
            peers = {"scikit-learn": lambda x: timed(quantile(), x)}
            rows.append(Workload(f"quantile_{size}_{kind}", text, data, peers, quantile_quality))
            if size == "200k":
                peers = {"scikit-learn": lambda x: timed(quantile(output_distribution="normal"), x)}
                rows.append(Workload(f"quantile_normal_{size}_{kind}", text, data, peers, quantile_quality))
                peers = {"scikit-learn": lambda x: timed(PowerTransformer(), x)}
                rows.append(Workload(f"power_{size}_{kind}", text, data, peers, power_quality))
    return rows
