"""Metrics of many rows: areas and losses of probabilities, silhouettes."""

import time

import numpy as np
from sklearn import metrics

from common import Workload, dtype_of, write


def workloads(scale):
    def scores(meta, dtype):
        rng = np.random.default_rng(0)
        n = 1_000_000 * scale
        y = (rng.random(n) < 0.3).astype(np.int64)
        p = 1 / (1 + np.exp(-(rng.standard_normal(n) + 1.5 * y - 1)))
        p = p.astype(dtype)
        meta.update(x=write("metrics_p.bin", p[:, None]), y=write("metrics_y.bin", y))
        return y, p

    def blobs(meta, dtype):
        rng = np.random.default_rng(0)
        n = 20_000 * scale
        labels = rng.integers(0, 8, n)
        x = rng.standard_normal((n, 10)) + 2.5 * rng.standard_normal((8, 10))[labels]
        x = x.astype(dtype)
        meta.update(x=write("metrics_x.bin", x), y=write("metrics_labels.bin", labels))
        return x, labels

    def timed(metric):
        def run(data):
            start = time.perf_counter()
            value = metric(*data)
            return time.perf_counter() - start, value

        return run

    def quality(data, out):
        return f"{float(out):.12g}"

    rows = []
    for name in ["f64", "f32"]:
        for key, what, metric in [
            ("roc_auc", "ROC AUC", metrics.roc_auc_score),
            ("average_precision", "average precision", metrics.average_precision_score),
            ("log_loss", "log loss", metrics.log_loss),
        ]:
            make = lambda meta, name=name: scores(meta, dtype_of(name))
            rows.append(Workload(f"{key}_{name}", f"{scale}M scores, {what}", make, {"scikit-learn": timed(metric)}, quality))
        make = lambda meta, name=name: blobs(meta, dtype_of(name))
        size = f"{20 * scale}k x 10, 8 clusters, silhouette"
        rows.append(Workload(f"silhouette_{name}", size, make, {"scikit-learn": timed(metrics.silhouette_score)}, quality))
    return rows
