"""Cases of distances, kernels, and models that ask neighbours."""

import math

import numpy as np
from sklearn.metrics import pairwise
from sklearn.neighbors import (
    KNeighborsClassifier,
    KNeighborsRegressor,
    NearestNeighbors,
    RadiusNeighborsClassifier,
    RadiusNeighborsRegressor,
)
from shared import EXACT, array, classes, matrix, number, targets, within, write

DIRECT = "sums over some ten columns, in another order"
PRODUCTS = "scikit-learn takes them from products of matrices, which lose digits where rows are close"
DATA = ["wine", "diabetes", "breast_cancer"]


def metrics(p):
    """Metrics with what they need for p columns."""
    w = [0.5 + (j % 3) for j in range(p)]
    return [
        ("euclidean", {}),
        ("sqeuclidean", {}),
        ("manhattan", {}),
        ("chebyshev", {}),
        ("minkowski", {"p": 1.5}),
        ("minkowski", {"p": 3.0}),
        ("minkowski", {"p": 3.0, "w": w}),
        ("minkowski", {"p": 2.0, "w": w}),
        ("seuclidean", {"V": w}),
        ("mahalanobis", {"VI": (np.eye(p) * 2 + 0.1).tolist()}),
        ("cosine", {}),
        ("correlation", {}),
        ("canberra", {}),
        ("braycurtis", {}),
    ]


BOOLEAN = ["hamming", "jaccard", "dice", "rogerstanimoto", "russellrao", "sokalsneath", "yule"]


def distances():
    cases = []
    for name in DATA:
        x = matrix(name, scaled=True)[:60]
        y = x[:25] * 1.25 + 0.1
        data = {"name": name, "scaled": True}
        for metric, params in metrics(x.shape[1]):
            for own in [False, True]:
                found = pairwise.pairwise_distances(x, None if own else y, metric=metric, **params)
                near = within(1e-12, 1e-12, DIRECT)
                if metric in ["euclidean", "sqeuclidean", "cosine", "correlation"]:
                    near = within(1e-12, 1e-12, PRODUCTS)
                cases.append({
                    "data": data | {"own": own, "kind": "distance"},
                    "settings": {"metric": metric, "params": params},
                    "expected": array(found),
                    "tolerance": near,
                })
        for metric, _ in [("seuclidean", {}), ("mahalanobis", {})]:
            cases.append({
                "data": data | {"own": True, "kind": "distance"},
                "settings": {"metric": metric, "params": {}},
                "expected": array(pairwise.pairwise_distances(x, metric=metric)),
                "tolerance": within(1e-9, 1e-9, "the inverse of a covariance matrix of collinear columns"),
            })
        for metric in BOOLEAN:
            found = pairwise.pairwise_distances(x > -0.3, y > -0.3, metric=metric)
            cases.append({
                "data": data | {"own": False, "kind": "boolean"},
                "settings": {"metric": metric, "params": {}},
                "expected": array(found),
                "tolerance": within(1e-15, 1e-15, "counts and one division of them"),
            })
        found = pairwise.pairwise_distances(x[:, :2], y[:, :2], metric="haversine")
        cases.append({
            "data": data | {"own": False, "kind": "haversine"},
            "settings": {"metric": "haversine", "params": {}},
            "expected": array(found),
            "tolerance": within(1e-14, 1e-14, "sines of another library"),
        })
        for kernel, params in [
            ("linear", {}),
            ("poly", {}),
            ("poly", {"gamma": 0.3, "degree": 2.0, "coef0": 0.5}),
            ("rbf", {}),
            ("rbf", {"gamma": 0.7}),
            ("sigmoid", {}),
            ("sigmoid", {"gamma": 0.2, "coef0": -0.5}),
            ("laplacian", {}),
            ("laplacian", {"gamma": 0.1}),
            ("cosine", {}),
            ("chi2", {}),
            ("chi2", {"gamma": 0.25}),
            ("additive_chi2", {}),
        ]:
            for own in [False, True]:
                a, b = (np.abs(x), np.abs(y)) if "chi2" in kernel else (x, y)
                found = pairwise.pairwise_kernels(a, None if own else b, metric=kernel, **params)
                cases.append({
                    "data": data | {"own": own, "kind": "kernel"},
                    "settings": {"metric": kernel, "params": params},
                    "expected": array(found),
                    "tolerance": within(1e-12, 1e-12, DIRECT),
                })
    write("pairwise", "Distances and kernels.", cases)


SEARCHES = [
    {},
    {"n_neighbors": 1},
    {"n_neighbors": 40},
    {"algorithm": "brute"},
    {"algorithm": "kd_tree"},
    {"algorithm": "ball_tree"},
    {"leaf_size": 3},
    {"p": 1.0},
    {"p": 3.5},
    {"metric": "manhattan", "algorithm": "ball_tree"},
    {"metric": "canberra"},
    {"metric": "cosine"},
]


def nearest():
    cases = []
    near = within(1e-12, 1e-12, PRODUCTS)
    for name in DATA:
        x = matrix(name, scaled=True)[::3]
        new = x[::3] * 1.1 + 0.05
        w = [0.5 + (j % 3) for j in range(x.shape[1])]
        radii = {"wine": 2.5, "diabetes": 1.8, "breast_cancer": 3.0}
        for settings in [*SEARCHES, {"metric_params": {"w": w}}, {"metric_params": {"p": 3.0, "w": w}}, {"metric": "seuclidean", "metric_params": {"V": w}}, {"radius": radii[name]}, {"metric": "chebyshev"}, {"p": float("inf"), "algorithm": "ball_tree"}]:
            model = NearestNeighbors(**settings).fit(x)
            d, i = model.kneighbors(new)
            d_own, i_own = model.kneighbors()
            expected = {
                "distances": array(d),
                "indices": array(i),
                "own_distances": array(d_own),
                "own_indices": array(i_own),
                "graph": array(model.kneighbors_graph(new[:8], mode="distance").toarray()),
            }
            if "radius" in settings:
                d, i = model.radius_neighbors(new, sort_results=True)
                expected |= {
                    "within": array([len(v) for v in i]),
                    "within_indices": array(np.concatenate(i)),
                    "within_distances": array(np.concatenate(d)),
                }
            if "chebyshev" in settings.values() or "p" in settings and math.isinf(settings["p"]):
                # Many distances are equal: which of their rows come first is up to the search.
                expected = {key: expected[key] for key in ["distances", "own_distances"]}
                settings = settings | {"p": number(settings.get("p", 2.0))}
            cases.append({
                "data": {"name": name, "scaled": True},
                "settings": settings,
                "expected": expected,
                "tolerance": near,
            })
    write("nearest_neighbors", "Neighbours by every metric and algorithm.", cases)


def votes():
    cases = []
    near = within(1e-12, 1e-12, "weights by distance, see the distances")
    for name in DATA:
        x = matrix(name, scaled=True)[::3]
        new = x[::3] * 1.1 + 0.05
        data = {"name": name, "scaled": True}
        labels = classes(name if name != "diabetes" else "diabetes_3")[::3]
        real = {"wine": "wine", "diabetes": "diabetes", "breast_cancer": "breast_cancer"}[name]
        y = targets(real)[::3]
        for settings in [*SEARCHES, {"weights": "distance"}, {"weights": "distance", "n_neighbors": 11, "p": 1.0}]:
            model = KNeighborsClassifier(**settings).fit(x, labels)
            cases.append({
                "data": data | {"model": "k_classifier"},
                "settings": settings,
                "expected": {
                    "predict": array(model.predict(new)),
                    "predict_proba": array(model.predict_proba(new)),
                    "score": number(model.score(x, labels)),
                },
                "tolerance": near,
            })
            model = KNeighborsRegressor(**settings).fit(x, y)
            cases.append({
                "data": data | {"model": "k_regressor"},
                "settings": settings,
                "expected": {"predict": array(model.predict(new)), "score": number(model.score(x, y))},
                "tolerance": near,
            })
        radius = {"wine": 4.0, "diabetes": 3.5, "breast_cancer": 12.0}[name]
        for more in [{}, {"weights": "distance"}, {"algorithm": "ball_tree"}, {"algorithm": "brute"}, {"p": 1.0, "radius": 3 * radius}, {"leaf_size": 2}]:
            settings = {"radius": radius} | more
            for outlier in ["most_frequent", 1, 9]:
                if more.get("p") == 1.0 and outlier == "most_frequent":
                    continue  # scikit-learn's own ways differ: this one leaves the probabilities of outliers at 0
                model = RadiusNeighborsClassifier(outlier_label=outlier, **settings).fit(x, labels)
                far = np.vstack([new, new[:3] + 100])
                cases.append({
                    "data": data | {"model": "radius_classifier"},
                    "settings": settings | {"outlier_label": outlier},
                    "expected": {"predict": array(model.predict(far)), "predict_proba": array(model.predict_proba(far))},
                    "tolerance": near,
                })
            known = ~np.isnan(RadiusNeighborsRegressor(**settings).fit(x, y).predict(new)).reshape(len(new), -1).any(axis=1)
            model = RadiusNeighborsRegressor(**settings).fit(x, y)
            cases.append({
                "data": data | {"model": "radius_regressor", "rows": [int(i) for i in np.flatnonzero(known)]},
                "settings": settings,
                "expected": {"predict": array(model.predict(new[known]))},
                "tolerance": near,
            })
    write("neighbor_votes", "Classifiers and regressors that ask neighbours.", cases)


def files(_):
    return {"pairwise": distances, "nearest_neighbors": nearest, "neighbor_votes": votes}
