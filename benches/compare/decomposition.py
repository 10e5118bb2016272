"""Decompositions, and maps."""

import time

import numpy as np
import sklearn.decomposition as sk
import sklearn.manifold as sk_manifold
import sklearnex.decomposition as skex
import sklearnex.manifold as skex_manifold

from common import Workload, dtype_of, write


def low_rank(n, p, rank, seed=0):
    """A few strong directions, the rest noise."""
    rng = np.random.default_rng(seed)
    strength = np.sqrt(np.linspace(10, 1, rank))
    return (rng.standard_normal((n, rank)) * strength) @ rng.standard_normal((rank, p)) / np.sqrt(rank) + rng.standard_normal((n, p)) + 3.0


def workloads(scale):
    def data(n, p, rank, name, positive=False):
        def make(meta):
            x = low_rank(n * scale, p, rank)
            x = (np.abs(x) if positive else x).astype(dtype_of(name), copy=False)
            meta.update(x=write(f"{name}_x.bin", x))
            return x

        return make

    def fit(make, found):
        def run(x):
            model = make()
            start = time.perf_counter()
            model.fit(x)
            return time.perf_counter() - start, found(model, x)

        return run

    def explained(model, x):
        return float(np.sum(model.explained_variance_ratio_))

    rows = []

    def pca(name, n, p, rank, **settings):
        peers = {k: fit(lambda m=m: m.PCA(random_state=0, **settings), explained) for k, m in {"scikit-learn": sk, "sklearnex": skex}.items()}
        rows.append(Workload(name, f"{n * scale // 1000}k x {p}", data(n, p, rank, name), peers, lambda x, out: f"explains {out:.6f}"))

    for dtype in ["f64", "f32"]:
        pca(f"pca_full_{dtype}", 100_000, 100, 20, n_components=20, svd_solver="full")
        pca(f"pca_auto_{dtype}", 100_000, 100, 20, n_components=20)
        pca(f"pca_randomized_{dtype}", 20_000, 1_000, 50, n_components=50, svd_solver="randomized")
        pca(f"pca_wide_auto_{dtype}", 20_000, 1_000, 50, n_components=50)
        name = f"truncated_svd_{dtype}"
        peers = {"scikit-learn": fit(lambda: sk.TruncatedSVD(50, random_state=0), explained)}
        rows.append(Workload(name, f"{20 * scale}k x 1000", data(20_000, 1_000, 50, name), peers, lambda x, out: f"explains {out:.6f}"))
        name = f"nmf_{dtype}"
        peers = {"scikit-learn": fit(lambda: sk.NMF(20, random_state=0, max_iter=100, tol=0.0), lambda m, x: float(m.reconstruction_err_))}
        rows.append(Workload(name, f"{10 * scale}k x 200, 20 components, 100 iterations", data(10_000, 200, 20, name, positive=True), peers, lambda x, out: f"error {out:.6g}"))

    def map_of(module):
        return fit(lambda: module.TSNE(random_state=0), lambda m, x: float(m.kl_divergence_))

    peers = {"scikit-learn": map_of(sk_manifold), "sklearnex": map_of(skex_manifold)}
    rows.append(Workload("tsne_f64", f"{10 * scale}k x 50", clouds(10_000 * scale), peers, lambda x, out: f"KL {out:.5f}"))
    return rows


def clouds(n):
    def make(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((n, 50)) + 2.0 * rng.standard_normal((15, 50))[rng.integers(0, 15, n)]
        meta.update(x=write("tsne_f64_x.bin", x))
        return x

    return make
