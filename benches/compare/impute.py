"""Imputers."""

import time
import warnings

import numpy as np
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

from common import Workload, dtype_of, write


def holes(n, p, dtype, share=0.1, seed=0):
    """Columns that depend on five numbers of each row, one value in ten missing."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 5)) @ rng.standard_normal((5, p)) + 0.3 * rng.standard_normal((n, p))
    x[rng.random((n, p)) < share] = np.nan
    return x.astype(dtype)


def workloads(scale):
    def make(name, n, p):
        def run(meta):
            x = holes(n, p, dtype_of(name))
            meta["x"] = write(f"{name}_x.bin", x)
            return x

        return run

    def fit_transform(imputer):
        def run(x):
            model = imputer()
            start = time.perf_counter()
            out = model.fit_transform(x)
            return time.perf_counter() - start, summary(x, out)

        return run

    def summary(x, out):
        """The mean and the mean square of what was filled in, and the rounds it took."""
        missing = np.isnan(x)
        filled = out[missing].astype(float)
        return [float(filled.mean()), float((filled**2).mean())]

    def quality(_, out):
        return f"filled: mean {out[0]:.9f}, square {out[1]:.8f}"

    warnings.filterwarnings("ignore")  # ten rounds may not settle; both sides stop there
    rows = []
    for kind in ["f64", "f32"]:
        rows += [
            (f"impute_mean_{kind}", 200_000 * scale, 20, lambda: SimpleImputer()),
            (f"impute_median_{kind}", 200_000 * scale, 20, lambda: SimpleImputer(strategy="median")),
            (f"impute_frequent_{kind}", 200_000 * scale, 20, lambda: SimpleImputer(strategy="most_frequent")),
            (f"impute_knn_{kind}", 5_000 * scale, 20, lambda: KNNImputer()),
            (f"impute_knn_distance_{kind}", 5_000 * scale, 20, lambda: KNNImputer(weights="distance")),
            (f"impute_iterative_{kind}", 5_000 * scale, 20, lambda: IterativeImputer(random_state=0)),
        ]
    return [
        Workload(name, f"{n // 1000}k x {p}", make(name, n, p), {"scikit-learn": fit_transform(imputer)}, quality)
        for name, n, p, imputer in rows
    ]
