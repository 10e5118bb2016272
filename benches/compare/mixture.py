"""Mixtures."""

import time

import numpy as np
from sklearn.mixture import GaussianMixture

from common import Workload, dtype_of, write

K = 8


def workloads(scale):
    def data(meta, dtype):
        rng = np.random.default_rng(0)
        n = 100_000 * scale
        x = rng.standard_normal((n, 10)) + 2.5 * rng.standard_normal((K, 10))[rng.integers(0, K, n)]
        x = x.astype(dtype, copy=False)
        meta.update(x=write("mixture_x.bin", x))
        return x

    def fit(kind):
        def run(x):
            shapes = {"full": np.tile(np.eye(10), (K, 1, 1)), "tied": np.eye(10), "diag": np.ones((K, 10)), "spherical": np.ones(K)}
            precisions = shapes[kind]
            model = GaussianMixture(
                K, covariance_type=kind, weights_init=np.full(K, 1 / K), means_init=x[:K].astype(float), precisions_init=precisions, max_iter=30
            )
            start = time.perf_counter()
            model.fit(x)
            return time.perf_counter() - start, (model.lower_bound_, model.n_iter_)

        return run

    def fit_from_k_means(x):
        model = GaussianMixture(K, random_state=0)
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start, (model.lower_bound_, model.n_iter_)

    def quality(x, out):
        return f"log-likelihood {float(out[0]):.6g}, {out[1]} iterations"

    size = f"{100 * scale}k x 10, {K} components"
    return [
        Workload(f"gmm_{kind}_{name}", f"{size}, {kind}", lambda meta, name=name: data(meta, dtype_of(name)), {"scikit-learn": fit(kind)}, quality)
        for kind in ["full", "tied", "diag", "spherical"]
        for name in ["f64", "f32"]
    ] + [Workload("gmm_kmeans_f64", f"{size}, start by k-means", lambda meta: data(meta, np.float64), {"scikit-learn": fit_from_k_means}, quality)]
