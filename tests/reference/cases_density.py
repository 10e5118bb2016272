"""Cases of density: clusters, outliers, nearest centroids."""

from sklearn.cluster import DBSCAN
from sklearn.neighbors import LocalOutlierFactor, NearestCentroid
from shared import EXACT, array, classes, matrix, number, ramp, within, write

DIRECT = "sums over some ten columns, in another order, and a few divisions"
DATA = {"wine": 2.5, "diabetes": 2.0, "breast_cancer": 3.5}


def dbscan():
    cases = []
    for name, eps in DATA.items():
        x = matrix(name, scaled=True)[::2]
        w = [0.5 + (j % 3) for j in range(x.shape[1])]
        for settings in [
            {},
            {"eps": eps},
            {"eps": eps, "min_samples": 3},
            {"eps": eps, "min_samples": 10},
            {"eps": eps, "algorithm": "brute"},
            {"eps": eps, "algorithm": "ball_tree", "leaf_size": 4},
            {"eps": 3 * eps, "metric": "manhattan"},
            {"eps": eps, "metric": "minkowski", "p": 3.0},
            {"eps": eps, "metric": "minkowski", "metric_params": {"p": 3.0, "w": w}},
            {"eps": 0.3, "metric": "cosine"},
        ]:
            for weighted in [False, True]:
                weights = ramp(len(x)) if weighted else None
                model = DBSCAN(**settings).fit(x, sample_weight=weights)
                cases.append({
                    "data": {"name": name, "scaled": True, "weights": weighted},
                    "settings": settings,
                    "expected": {"labels": array(model.labels_), "core": array(model.core_sample_indices_)},
                    "tolerance": EXACT,
                })
    write("dbscan", "DBSCAN by every parameter, with and without weights.", cases)


def outliers():
    cases = []
    near = within(1e-11, 1e-11, DIRECT)
    for name in DATA:
        x = matrix(name, scaled=True)[::2]
        new = x[::3] * 1.1 + 0.05
        for settings in [
            {},
            {"n_neighbors": 5},
            {"n_neighbors": 1000},
            {"contamination": 0.1},
            {"contamination": 0.33},
            {"algorithm": "brute"},
            {"algorithm": "ball_tree", "leaf_size": 3},
            {"p": 1.0},
            {"p": 3.0},
            {"metric": "cosine"},
            {"metric": "manhattan"},
        ]:
            model = LocalOutlierFactor(**settings)
            labels = model.fit_predict(x)
            novel = LocalOutlierFactor(novelty=True, **settings).fit(x)
            cases.append({
                "data": {"name": name, "scaled": True, "model": "outliers"},
                "settings": settings,
                "expected": {
                    "labels": array(labels),
                    "factor": array(model.negative_outlier_factor_),
                    "offset": number(model.offset_),
                    "predict": array(novel.predict(new)),
                    "decision": array(novel.decision_function(new)),
                    "score": array(novel.score_samples(new)),
                },
                "tolerance": near,
            })
        y = classes(name if name != "diabetes" else "diabetes_3")[::2]
        for settings in [
            {},
            {"metric": "manhattan"},
            {"shrink_threshold": 0.5},
            {"shrink_threshold": 3.0},
            {"priors": "empirical"},
            {"priors": [0.2, 0.8] if len(set(y)) == 2 else [0.2, 0.5, 0.3]},
            {"metric": "manhattan", "shrink_threshold": 0.2, "priors": "empirical"},
        ]:
            model = NearestCentroid(**settings).fit(x, y)
            expected = {
                "predict": array(model.predict(new)),
                "centroids": array(model.centroids_),
                "prior": array(model.class_prior_),
                "within": array(model.within_class_std_dev_),
                "deviations": array(model.deviations_),
            }
            if "metric" not in settings:
                expected |= {
                    "decision": array(model.decision_function(new)),
                    "proba": array(model.predict_proba(new)),
                    "log_proba": array(model.predict_log_proba(new)),
                }
            cases.append({
                "data": {"name": name, "scaled": True, "model": "centroids"},
                "settings": settings,
                "expected": expected,
                "tolerance": near,
            })
    write("outliers", "Local outlier factors and nearest centroids.", cases)


def files(_):
    return {"dbscan": dbscan, "outliers": outliers}
