"""Scalers."""

import time

import numpy as np
from sklearn.preprocessing import StandardScaler

from common import Workload, write


def workloads(scale):
    def make_scaler(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1_000_000 * scale, 50))
        x *= np.linspace(0.1, 100, 50)
        x += np.linspace(-1000, 1000, 50)
        meta["x"] = write("scaler_x.bin", x)
        return x

    def scale_sk(x):
        start = time.perf_counter()
        model = StandardScaler().fit(x)
        fit = time.perf_counter() - start
        out = model.transform(x)
        return time.perf_counter() - start, (out[:: max(1, len(out) // 1000)][:1000], fit)

    def scaler_quality(x, out):
        z = np.asarray(out[0], float)
        sample = x[:: max(1, len(x) // 1000)][:1000]
        mean = sum(x[i : i + 1000].sum(0, dtype=np.longdouble) for i in range(0, len(x), 1000)) / len(x)
        squares = sum(((x[i : i + 1000] - mean) ** 2).sum(0) for i in range(0, len(x), 1000))
        exact = (sample - mean) / np.sqrt(squares / len(x))
        return f"max error {np.abs(z.reshape(exact.shape) - exact).max():.1e}"

    return [
        Workload("scaler", f"{scale}M x 50", make_scaler, {"scikit-learn": scale_sk}, scaler_quality),
    ]
