"""Cases of hierarchies, of batches, and of cuts."""

import numpy as np
from scipy.sparse import coo_matrix
from scipy.spatial.distance import cdist
from sklearn.cluster import AgglomerativeClustering, Birch, BisectingKMeans, MeanShift, MiniBatchKMeans, estimate_bandwidth
from shared import array, matrix, number, ramp, within, write

DIRECT = "sums of some hundred rounded numbers, in another order"
ROWS = 120


def pairs(n):
    """Neighbours: the next row, and the one seven further, but not across the middle."""
    near = [(i, i + d) for i in range(n) for d in [1, 7] if i + d < n]
    return [(i, j) for i, j in near if (i < n // 2) == (j < n // 2)]


def agglomerative():
    cases = []
    for name in ["wine", "breast_cancer", "diabetes"]:
        x = matrix(name, scaled=True)[:ROWS]
        n = len(x)
        links = pairs(n)
        i, j = np.array(links).T
        graph = coo_matrix((np.ones(len(i)), (i, j)), shape=(n, n)).tocsr()
        chosen = [(linkage, "euclidean") for linkage in ["ward", "complete", "average", "single"]]
        chosen += [(linkage, metric) for linkage in ["complete", "average", "single"] for metric in ["manhattan", "l1", "l2", "cosine"]]
        for linkage, metric in chosen:
            for structured in [False, True]:
                if structured and metric in ["l1", "l2"]:
                    continue
                settings = [{"n_clusters": 2}, {"n_clusters": 7}, {"n_clusters": None, "distance_threshold": 0.5 if metric == "cosine" else 3.5}]
                if structured:
                    settings.append({"n_clusters": 9, "compute_full_tree": False})
                for more in settings if metric == "euclidean" else settings[:1] + settings[2:3]:
                    model = AgglomerativeClustering(
                        linkage=linkage, metric=metric, compute_distances=True, connectivity=graph if structured else None, **more
                    ).fit(x)
                    expected = {
                        "labels": array(model.labels_),
                        "n_clusters": int(model.n_clusters_),
                        "n_leaves": int(model.n_leaves_),
                        "n_connected_components": int(model.n_connected_components_),
                        "children": array(model.children_),
                        "distances": array(model.distances_),
                    }
                    cases.append({
                        "data": {"name": name, "scaled": True, "rows": ROWS, "pairs": links if structured else None},
                        "settings": {"linkage": linkage, "metric": metric} | more,
                        "expected": expected,
                        "tolerance": within(1e-10, 1e-10, DIRECT),
                    })
    write("agglomerative", "AgglomerativeClustering with and without neighbours.", cases)


def mini_batches():
    cases = []
    for name in ["iris", "wine", "breast_cancer"]:
        for k in [1, 3, 6]:
            for weighted in [False, True]:
                x = matrix(name, scaled=True)
                model = MiniBatchKMeans(k, init=x[:k].copy(), n_init=1, reassignment_ratio=0.0)
                w = ramp(len(x))
                for first in range(0, len(x), 50):
                    part = slice(first, min(first + 50, len(x)))
                    model.partial_fit(x[part], sample_weight=w[part] if weighted else None)
                expected = {
                    "cluster_centers": array(model.cluster_centers_),
                    "labels": array(model.labels_),
                    "inertia": number(model.inertia_),
                    "n_steps": int(model.n_steps_),
                    "predict": array(model.predict(x)),
                    "transform": array(model.transform(x[:20])),
                    "score": number(model.score(x)),
                }
                cases.append({
                    "data": {"name": name, "scaled": True, "k": k, "weights": weighted},
                    "settings": {},
                    "expected": expected,
                    "tolerance": within(1e-11, 1e-11, DIRECT),
                })
    write("mini_batch_k_means", "MiniBatchKMeans learning batches from given centres, without random reassignment.", cases)


def bisecting():
    cases = []
    for name in ["iris", "wine", "penguins"]:
        for k in [1, 2, 3]:
            for chosen in [{}, {"bisecting_strategy": "largest_cluster"}, {"algorithm": "elkan"}, {"init": "k-means++"}]:
                if name == "wine":
                    chosen = chosen | {"init": "k-means++"}
                x = matrix(name, scaled=True)
                model = BisectingKMeans(k, n_init=40, tol=1e-12, random_state=0, **chosen).fit(x)
                expected = {"inertia": number(model.inertia_), "sizes": array(np.sort(np.bincount(model.labels_)))}
                cases.append({
                    "data": {"name": name, "scaled": True},
                    "settings": {"n_clusters": k, "n_init": 40, "tol": 1e-12} | chosen,
                    "expected": expected,
                    "tolerance": within(1e-9, 1e-9, "the best cuts of 40 starts, which are the same"),
                })
    write("bisecting_k_means", "BisectingKMeans, of many starts.", cases)


def numbered(labels):
    """Labels by the order in which they appear: which half of a node comes first depends on the last bits of distances."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def trees():
    cases = []
    for name in ["iris", "wine", "diabetes"]:
        x = matrix(name, scaled=True)
        for chosen in [{}, {"threshold": 1.2}, {"branching_factor": 4}, {"n_clusters": None}, {"n_clusters": 6, "threshold": 0.3}, {"threshold": 0.8, "branching_factor": 2}]:
            for batches in [1, 2]:
                model = Birch(**chosen)
                for part in np.array_split(np.arange(len(x)), batches):
                    model.partial_fit(x[part])
                expected = {
                    "clusters": len(model.subcluster_centers_),
                    "labels": array(numbered(model.labels_)),
                    "predict": array(numbered(model.predict(x))),
                    "nearest": array(cdist(x, model.subcluster_centers_).min(axis=1)),
                }
                cases.append({
                    "data": {"name": name, "scaled": True, "batches": batches},
                    "settings": chosen,
                    "expected": expected,
                    "tolerance": within(1e-9, 1e-9, DIRECT),
                })
    write("birch", "Birch in one batch and in two.", cases)


def mean_shift():
    cases = []
    for name in ["iris", "wine", "penguins"]:
        x = matrix(name, scaled=True)
        for chosen in [{}, {"bandwidth": 1.5}, {"bandwidth": 1.1, "cluster_all": False}, {"bandwidth": 1.6, "bin_seeding": True}, {"bandwidth": 1.6, "bin_seeding": True, "min_bin_freq": 3}, {"bandwidth": 1.5, "max_iter": 2}, {"bandwidth": 2.0, "seeds": x[::10].tolist()}]:
            if name == "wine":
                # Thirteen features: the bins hold few rows.
                chosen = {k: v * 2 if k == "bandwidth" else v for k, v in chosen.items() if k != "min_bin_freq"}
            model = MeanShift(**chosen).fit(x)
            expected = {
                "cluster_centers": array(model.cluster_centers_),
                "labels": array(model.labels_),
                "n_iter": int(model.n_iter_),
                "predict": array(model.predict(x[:20] * 1.1)),
                "bandwidth": number(chosen.get("bandwidth", estimate_bandwidth(x))),
                "estimate": number(estimate_bandwidth(x, quantile=0.12)),
            }
            cases.append({
                "data": {"name": name, "scaled": True},
                "settings": chosen,
                "expected": expected,
                "tolerance": within(1e-10, 1e-10, DIRECT),
            })
    write("mean_shift", "MeanShift from rows, grids and seeds.", cases)


def files(_):
    return {
        "agglomerative": agglomerative,
        "mini_batch_k_means": mini_batches,
        "bisecting_k_means": bisecting,
        "birch": trees,
        "mean_shift": mean_shift,
    }
