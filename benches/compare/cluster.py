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

    def quality(x, out):
        return f"inertia {float(out[0]):.7g}, {int(out[1])} iterations"

    size = f"{200 * scale}k x 20, 20 centres"
    modules = {"scikit-learn": sk_cluster, "sklearnex": skex_cluster}
    return [
        Workload(f"kmeans_{name}", size, lambda meta, name=name: data(meta, dtype_of(name)), {k: fit_from_rows(m) for k, m in modules.items()}, quality)
        for name in ["f64", "f32"]
    ] + [
        Workload("kmeans_plusplus_f64", size, lambda meta: data(meta, np.float64), {k: fit(m, random_state=0) for k, m in modules.items()}, quality)
    ]
