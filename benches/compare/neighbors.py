"""Neighbours and distances."""

import time

import numpy as np
import sklearn.metrics as sk_metrics
import sklearn.neighbors as sk_neighbors
import sklearnex.neighbors as skex_neighbors

from common import Workload, dtype_of, write


def workloads(scale):
    def data(meta, dtype):
        rng = np.random.default_rng(0)
        n = 100_000 * scale
        x = rng.standard_normal((n + 10_000, 10))
        x[:, 1::2] += 0.5 * x[:, ::2]
        x = x.astype(dtype)
        meta.update(x=write("neighbors_x.bin", x[:n]), queries=write("neighbors_q.bin", x[n:]))
        return x[:n], x[n:]

    def nearest(module, algorithm):
        def run(data):
            x, queries = data
            start = time.perf_counter()
            distances, indices = module.NearestNeighbors(algorithm=algorithm).fit(x).kneighbors(queries)
            return time.perf_counter() - start, (distances.astype(float).mean(), indices.sum())

        return run

    def found(data, out):
        return f"mean distance {float(out[0]):.8g}, rows {int(out[1])}"

    def rows(meta, dtype):
        x = np.random.default_rng(1).standard_normal((5_000 * scale, 50)).astype(dtype)
        meta.update(x=write("neighbors_rows.bin", x))
        return x

    def distances(x):
        start = time.perf_counter()
        out = sk_metrics.pairwise_distances(x)
        return time.perf_counter() - start, (out.astype(float).mean(), (out.diagonal() == 0).sum())

    def points(meta, dtype):
        rng = np.random.default_rng(2)
        n = 20_000 * scale
        x = (2.0 * rng.standard_normal((8, 4))[rng.integers(0, 8, n + 2_000)] + rng.standard_normal((n + 2_000, 4))).astype(dtype)
        meta.update(x=write("neighbors_points.bin", x[:n]), queries=write("neighbors_at.bin", x[n:]))
        return x[:n], x[n:]

    def density(rtol):
        def run(data):
            x, queries = data
            start = time.perf_counter()
            found = sk_neighbors.KernelDensity(bandwidth=0.3, rtol=rtol).fit(x).score_samples(queries)
            return time.perf_counter() - start, (found.astype(float).mean(),)

        return run

    def outliers(module):
        def run(data):
            start = time.perf_counter()
            model = module.LocalOutlierFactor().fit(data[0])
            return time.perf_counter() - start, (model.negative_outlier_factor_.astype(float).mean(),)

        return run

    def average(data, out):
        return f"mean {float(out[0]):.8g}"

    def mean(x, out):
        return f"mean {float(out[0]):.8g}, {int(out[1])} zeros"

    peers = {"scikit-learn": sk_neighbors, "sklearnex": skex_neighbors}
    return [
        Workload(
            f"knn_{algorithm}_{name}",
            f"{100 * scale}k x 10, 10k queries",
            lambda meta, name=name: data(meta, dtype_of(name)),
            {peer: nearest(module, algorithm) for peer, module in peers.items()},
            found,
        )
        for algorithm in ["brute", "kd_tree"]
        for name in ["f64", "f32"]
    ] + [
        Workload(f"pairwise_distances_{name}", f"{5 * scale}k x 50", lambda meta, name=name: rows(meta, dtype_of(name)), {"scikit-learn": distances}, mean)
        for name in ["f64", "f32"]
    ] + [
        Workload(
            f"kernel_density_{tag}{name}",
            f"{20 * scale}k x 4, 2k queries{', rtol 1e-3' if rtol else ''}",
            lambda meta, name=name: points(meta, dtype_of(name)),
            {"scikit-learn": density(rtol)},
            average,
        )
        for tag, rtol in [("", 0.0), ("rough_", 1e-3)]
        for name in ["f64", "f32"]
    ] + [
        Workload(
            f"local_outlier_factor_{name}",
            f"{20 * scale}k x 4",
            lambda meta, name=name: points(meta, dtype_of(name)),
            {peer: outliers(module) for peer, module in peers.items()},
            average,
        )
        for name in ["f64", "f32"]
    ]
