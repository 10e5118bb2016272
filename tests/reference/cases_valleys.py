"""Cases of clusters at all densities: HDBSCAN and OPTICS.

Ties decide where rows belong, so the data are bits that both sides read alike: nothing is scaled.
"""

import numpy as np
from sklearn.cluster import HDBSCAN, OPTICS
from shared import array, matrix, within, write

DIRECT = "sums over some ten columns, in the same order; the order of ties is the same"
DATA = {"iris": (1, 0.6), "wine": (2, 40.0), "diabetes_raw": (3, 30.0)}


def plain(values):
    """An array with infinities as a large number."""
    values = np.asarray(values, dtype=float)
    return array(np.where(np.isinf(values), 1e6, values))


def hdbscan():
    cases = []
    for name, (every, eps) in DATA.items():
        for settings in [
            {},
            {"min_cluster_size": 3},
            {"min_cluster_size": 10},
            {"min_samples": 2},
            {"min_samples": 1, "min_cluster_size": 4},
            {"cluster_selection_epsilon": eps, "min_samples": 2},
            {"cluster_selection_epsilon": eps / 4, "min_samples": 2},
            {"max_cluster_size": 20, "min_samples": 2},
            {"cluster_selection_method": "leaf", "min_samples": 2},
            {"cluster_selection_method": "leaf", "min_samples": 2, "max_cluster_size": 10},
            {"allow_single_cluster": True},
            {"allow_single_cluster": True, "min_samples": 20},
            {"allow_single_cluster": True, "cluster_selection_epsilon": eps, "min_samples": 15},
            {"alpha": 0.7, "min_samples": 2},
            {"alpha": 1.4, "min_samples": 2, "algorithm": "brute", "metric": "manhattan"},
            {"algorithm": "kd_tree", "leaf_size": 2},
            {"algorithm": "ball_tree", "leaf_size": 5},
            {"metric": "manhattan", "min_samples": 2},
            {"metric": "chebyshev", "min_samples": 3},
            {"metric": "canberra", "min_samples": 3},
            {"metric": "minkowski", "metric_params": {"p": 3.0}, "min_samples": 2},
            {"store_centers": "centroid", "min_samples": 2},
            {"store_centers": "medoid", "min_samples": 2, "metric": "manhattan"},
            {"store_centers": "both", "min_samples": 2},
            {"metric": "precomputed", "min_samples": 3},
        ]:
            for holes in [False, True]:
                if holes and ("metric" in settings or "store_centers" in settings or len(settings) > 1):
                    continue
                x = matrix(name)[::every]
                if holes:
                    x[3, 1], x[10, 0], x[20, 2], x[21, 0], x[21, 1] = np.nan, np.inf, -np.inf, np.inf, np.nan
                given = x if settings.get("metric") != "precomputed" else np.abs(x[:, None] - x[None]).sum(axis=2)
                try:
                    model = HDBSCAN(copy=True, **settings).fit(given)
                except TypeError:
                    # scikit-learn 1.9.1 cannot look for ancestors with this NumPy.
                    assert "cluster_selection_epsilon" in settings
                    continue
                expected = {
                    "labels": array(model.labels_),
                    "probabilities": array(np.where(model.labels_ == -3, 0, model.probabilities_)),
                    "cut": array(model.dbscan_clustering(eps, 4)),
                    "merges": array([m["value"] for m in model._single_linkage_tree_ if np.isfinite(m["value"])]),
                }
                for centers in ["centroids", "medoids"]:
                    if hasattr(model, centers + "_"):
                        expected[centers] = array(getattr(model, centers + "_"))
                cases.append({
                    "data": {"name": name, "every": every, "eps": eps, "outliers": holes},
                    "settings": settings,
                    "expected": expected,
                    "tolerance": within(1e-13, 1e-13, DIRECT),
                })
    write("hdbscan", "HDBSCAN by every parameter.", cases)


def optics():
    cases = []
    for name, (every, eps) in DATA.items():
        x = matrix(name)[::every]
        for settings in [
            {},
            {"min_samples": 3},
            {"min_samples": 0.1},
            {"max_eps": eps},
            {"max_eps": 2 * eps, "cluster_method": "dbscan", "eps": eps},
            {"cluster_method": "dbscan", "eps": eps},
            {"max_eps": eps, "cluster_method": "dbscan"},
            {"xi": 0.02, "min_samples": 3},
            {"xi": 0.15, "min_samples": 3},
            {"predecessor_correction": False, "min_samples": 3},
            {"min_cluster_size": 3},
            {"min_cluster_size": 0.2, "min_samples": 3},
            {"p": 1.0},
            {"metric": "manhattan", "max_eps": 2 * eps},
            {"metric": "chebyshev"},
            {"metric": "canberra"},
            {"metric": "minkowski", "metric_params": {"p": 3.0}},
            {"algorithm": "brute", "metric": "manhattan"},
            {"algorithm": "kd_tree", "leaf_size": 2},
            {"algorithm": "ball_tree", "leaf_size": 3},
            {"metric": "precomputed", "min_samples": 3},
        ]:
            if "metric_params" in settings and name == "iris":
                # NumPy's powers may be off by a bit, on which ties depend.
                continue
            given = x if settings.get("metric") != "precomputed" else np.abs(x[:, None] - x[None]).sum(axis=2)
            model = OPTICS(**settings).fit(given)
            expected = {
                "labels": array(model.labels_),
                "ordering": array(model.ordering_),
                "predecessor": array(model.predecessor_),
                "reachability": plain(model.reachability_),
                "core_distances": plain(model.core_distances_),
            }
            if settings.get("cluster_method") != "dbscan" and len(model.cluster_hierarchy_):
                expected["cluster_hierarchy"] = array(model.cluster_hierarchy_)
            cases.append({
                "data": {"name": name, "every": every},
                "settings": settings,
                "expected": expected,
                "tolerance": within(1e-13, 1e-13, DIRECT),
            })
    write("optics", "OPTICS by every parameter.", cases)


def files(_):
    return {"hdbscan": hdbscan, "optics": optics}
