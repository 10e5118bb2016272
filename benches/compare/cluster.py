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

    def blobs(n, p, spread):
        def make(meta, dtype):
            rng = np.random.default_rng(2)
            x = spread * rng.standard_normal((15, p))[rng.integers(0, 15, n * scale)] + rng.standard_normal((n * scale, p))
            x = x.astype(dtype)
            meta.update(x=write(f"cluster_{n}.bin", x))
            return x

        return make

    def dense(make_model):
        def run(x):
            model = make_model()
            start = time.perf_counter()
            model.fit(x)
            return time.perf_counter() - start, (model.labels_.max() + 1, (model.labels_ < 0).sum())

        return run

    def groups(x, out):
        return f"{int(out[0])} clusters, {int(out[1])} rows of noise"

    def bisecting(x):
        model = sk_cluster.BisectingKMeans(K, random_state=0)
        start = time.perf_counter()
        model.fit(x)
        return time.perf_counter() - start, (model.inertia_,)

    def spectral(affinity):
        def run(x):
            model = sk_cluster.SpectralClustering(15, affinity=affinity, gamma=0.05, random_state=0)
            start = time.perf_counter()
            model.fit(x)
            return time.perf_counter() - start, ((np.bincount(model.labels_) ** 2).sum(),)

        return run

    def inertia(x, out):
        return f"inertia {float(out[0]):.5g}"

    def sizes(x, out):
        return f"sum of squared sizes {int(out[0])}"

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
    ] + [
        Workload(
            f"dbscan_{n}k_{name}",
            f"{n * scale}k x {p}",
            lambda meta, n=n, p=p, spread=spread, name=name: blobs(1000 * n, p, spread)(meta, dtype_of(name)),
            {k: dense(lambda m=m, eps=eps: m.DBSCAN(eps=eps, min_samples=10)) for k, m in modules.items()},
            groups,
        )
        for n, p, spread, eps in [(50, 3, 3.0, 0.4), (20, 20, 3.0, 4.5)]
        for name in ["f64", "f32"]
    ] + [
        Workload(
            f"hdbscan_20k_{name}",
            f"{20 * scale}k x 5",
            lambda meta, name=name: blobs(20_000, 5, 6.0)(meta, dtype_of(name)),
            {"scikit-learn": dense(lambda: sk_cluster.HDBSCAN(min_cluster_size=20, copy=True))} if scale == 1 else {},
            groups,
        )
        for name in ["f64", "f32"]
    ] + [
        Workload(f"bisecting_kmeans_{name}", size, lambda meta, name=name: data(meta, dtype_of(name)), {"scikit-learn": bisecting}, inertia)
        for name in ["f64", "f32"]
    ] + [
        Workload(
            f"optics_{name}",
            f"{10 * scale}k x 5",
            lambda meta, name=name: blobs(10_000, 5, 6.0)(meta, dtype_of(name)),
            {"scikit-learn": dense(lambda: sk_cluster.OPTICS(min_samples=20))} if scale == 1 else {},
            groups,
        )
        for name in ["f64", "f32"]
    ] + [
        Workload(
            f"spectral_{name}",
            f"3k x 5, 15 clusters{', nearest neighbours' if 'neighbors' in name else ''}",
            lambda meta, name=name: blobs(3_000 // scale, 5, 6.0)(meta, dtype_of(name)),
            {"scikit-learn": spectral("nearest_neighbors" if "neighbors" in name else "rbf")},
            sizes,
        )
        for name in ["f64", "f32", "neighbors_f64"]
    ]
