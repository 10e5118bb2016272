"""Clustering."""

import time

import numpy as np
import sklearn.cluster as sk_cluster
import sklearnex.cluster as skex_cluster

from common import Workload, dtype_of, write

K = 20


def workloads(scale):
    def data(meta, dtype):
        rng = np.random.default_rng(0)
        n = 200_000 * scale
        x = rng.standard_normal((n, 20)) + 1.5 * rng.standard_normal((K, 20))[rng.integers(0, K, n)]
        x = x.astype(dtype, copy=False)
        meta.update(x=write("cluster_x.bin", x))
        return x

    def fit(module, **settings):
        def run(x):
            model = module.KMeans(K, **settings)
            start = time.perf_counter()
            model.fit(x)
            return time.perf_counter() - start, (model.inertia_, model.n_iter_)

        return run

    def fit_from_rows(module):
        return lambda x: fit(module, init=x[:K].copy(), n_init=1)(x)

    def batches(x):
        model = sk_cluster.MiniBatchKMeans(K, init=x[:K].copy(), n_init=1, random_state=0)
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start, (model.inertia_, model.n_steps_)

    def steps(x, out):
        return f"inertia {float(out[0]):.5g}, {int(out[1])} steps"

    def rows(meta, dtype):
        x = np.random.default_rng(1).standard_normal((10_000 * scale, 10)).astype(dtype)
        meta.update(x=write("cluster_rows.bin", x))
        return x

    def ward(x):
        model = sk_cluster.AgglomerativeClustering(10, compute_distances=True)
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start, (model.distances_.sum(), model.n_clusters_)

    def tree(x, out):
        return f"sum of distances {float(out[0]):.8g}"

    def quality(x, out):
        return f"inertia {float(out[0]):.7g}, {out[1]} iterations"

    size = f"{200 * scale}k x 20, 20 centres"
    modules = {"scikit-learn": sk_cluster, "sklearnex": skex_cluster}
    return [
        Workload(f"kmeans_{name}", size, lambda meta, name=name: data(meta, dtype_of(name)), {k: fit_from_rows(m) for k, m in modules.items()}, quality)
        for name in ["f64", "f32"]
    ] + [
        Workload("kmeans_plusplus_f64", size, lambda meta: data(meta, np.float64), {k: fit(m, random_state=0) for k, m in modules.items()}, quality)
    ] + [
        Workload(f"mini_batch_kmeans_{name}", size, lambda meta, name=name: data(meta, dtype_of(name)), {"scikit-learn": batches}, steps)
        for name in ["f64", "f32"]
    ] + [
        Workload(f"ward_{name}", f"{10 * scale}k x 10", lambda meta, name=name: rows(meta, dtype_of(name)), {"scikit-learn": ward} if scale == 1 else {}, tree)
        for name in ["f64", "f32"]
    ]
