"""Scores of features, and recursive elimination."""

import time

import numpy as np
from sklearn.feature_selection import RFE, f_classif, f_regression, mutual_info_classif, mutual_info_regression
from sklearn.linear_model import Ridge

from common import Workload, write

DTYPES = {"f64": np.float64, "f32": np.float32}


def workloads(scale):
    def data(name, rows, columns, dtype, meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((rows * scale, columns))
        real = x[:, 0] + x[:, 1] ** 2 + 0.5 * rng.standard_normal(len(x))
        classes = np.digitize(real, np.quantile(real, [0.25, 0.5, 0.75]))
        x += np.linspace(-10, 10, columns)
        x = x.astype(DTYPES[dtype], copy=False)
        meta.update(
            x=write(f"{name}_x.bin", x), classes=write(f"{name}_c.bin", classes.astype(np.int64)), real=write(f"{name}_r.bin", real)
        )
        return x, classes, real.astype(DTYPES[dtype])

    def timed(function, target):
        def run(data):
            start = time.perf_counter()
            found = function(data[0], data[target])
            seconds = time.perf_counter() - start
            return seconds, np.asarray(found[0] if isinstance(found, tuple) else found, float)

        return run

    def eliminate(x, y):
        return RFE(Ridge(), n_features_to_select=5).fit(x, y).ranking_

    def total(_, out):
        return f"sum {np.sum(np.asarray(out, float)):.10g}"

    jobs = [
        ("f_classif", 1_000_000, 50, f_classif, 1),
        ("f_regression", 1_000_000, 50, f_regression, 2),
        ("mutual_classif", 50_000, 20, lambda x, y: mutual_info_classif(x, y, random_state=0), 1),
        ("mutual_regression", 50_000, 20, lambda x, y: mutual_info_regression(x, y, random_state=0), 2),
        ("rfe", 100_000, 40, eliminate, 2),
    ]
    return [
        Workload(
            f"{name}_{dtype}",
            f"{rows * scale // 1000}k x {columns}",
            lambda meta, name=name, rows=rows, columns=columns, dtype=dtype: data("selection", rows, columns, dtype, meta),
            {"scikit-learn": timed(function, target)},
            total,
        )
        for name, rows, columns, function, target in jobs
        for dtype in DTYPES
    ]
