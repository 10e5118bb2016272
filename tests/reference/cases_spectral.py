"""Cases of groups cut out of graphs."""

import numpy as np
from sklearn.cluster import SpectralClustering
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import rbf_kernel
from shared import array, matrix, within, write

SIMILAR = "products of matrices, which lose digits where rows are close; labels are the same, not close"
GAMMA = {"iris": 0.5, "wine": 0.1, "penguins": 0.4}
CHOSEN = [
    {},
    {"n_clusters": 2},
    {"n_clusters": 4},
    {"assign_labels": "discretize"},
    {"assign_labels": "cluster_qr"},
    {"n_components": 2},
    {"n_components": 5},
    {"eigen_solver": "arpack"},
    {"eigen_solver": "lobpcg"},
    {"eigen_tol": 1e-6},
    {"n_init": 3},
    {"gamma": 0.05},
    {"affinity": "laplacian"},
    {"affinity": "poly", "degree": 2.0, "coef0": 20.0, "gamma": 1.0},
    {"affinity": "poly", "degree": 4.0, "gamma": 0.02},
    {"affinity": "sigmoid", "gamma": 0.001, "coef0": 0.05},
    {"affinity": "chi2", "gamma": 0.3},
    {"affinity": "nearest_neighbors"},
    {"affinity": "nearest_neighbors", "n_neighbors": 25},
    {"affinity": "nearest_neighbors", "n_neighbors": 15, "assign_labels": "cluster_qr"},
    {"affinity": "nearest_neighbors", "n_neighbors": 15, "assign_labels": "discretize"},
    {"affinity": "precomputed"},
    {"affinity": "precomputed_nearest_neighbors", "n_neighbors": 20},
]


def numbered(labels):
    """Labels by the order in which they appear."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def spectral():
    cases, left_out = [], 0
    for name, gamma in GAMMA.items():
        for chosen in CHOSEN:
            settings = {"n_clusters": 3} | ({"gamma": gamma} if "gamma" not in chosen else {}) | chosen
            affinity = settings.get("affinity", "rbf")
            x = matrix(name, scaled=True)[::2]
            given = {
                "precomputed": lambda: rbf_kernel(x, gamma=gamma),
                "precomputed_nearest_neighbors": lambda: pairwise_distances(x),
                "chi2": lambda: x - x.min(axis=0),
            }.get(affinity, lambda: x)()
            runs = [SpectralClustering(random_state=seed, **settings).fit(given) for seed in range(4)]
            labels = [numbered(model.labels_) for model in runs]
            if any((other != labels[0]).any() for other in labels):
                left_out += 1
                continue  # the random start decides
            expected = {"labels": array(labels[0])}
            similar = runs[0].affinity_matrix_
            if name != "iris" or "neighbors" not in affinity:
                # Rows of iris have several neighbours at the distance of the last: which of them counts is up to the search.
                expected["affinity_matrix"] = array(similar if isinstance(similar, np.ndarray) else similar.toarray())
            cases.append({
                "data": {"name": name, "scaled": True, "gamma": gamma},
                "settings": settings,
                "expected": expected,
                "tolerance": within(1e-11, 1e-11, SIMILAR),
            })
    print(f"spectral: {left_out} left out")
    write("spectral_clustering", "SpectralClustering where its random start decides nothing; labels in the order in which they appear.", cases)


def files(_):
    return {"spectral_clustering": spectral}
