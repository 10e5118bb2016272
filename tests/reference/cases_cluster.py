"""Cases of clustering, from given centres."""

import numpy as np
from sklearn.cluster import KMeans
from shared import array, matrix, number, ramp, within, write

DIRECT = "sums of some hundred rounded numbers, in another order, at every iteration"
# Far starts: some centres lose their rows.
FAR = 1e3


def start(x, k, kind):
    if kind == "rows":
        return x[:k].copy()
    if kind == "spread":
        return x[np.arange(k) * (len(x) - 1) // max(k - 1, 1)]
    centers = x[:k].copy()
    centers[-1] += FAR
    return centers


def k_means():
    cases = []
    settings = [{}, {"algorithm": "elkan"}, {"max_iter": 2}, {"tol": 0.0}, {"tol": 0.05}, {"n_init": 3}]
    for name in ["iris", "wine", "breast_cancer", "diabetes_raw"]:
        scaled = name != "diabetes_raw"
        data = matrix(name, scaled=scaled)
        kinds = [(k, kind) for k in [1, 3, 10] for kind in ["rows", "spread"]] + [(3, "far")]
        for k, kind in kinds:
            for chosen in settings if (k, kind) != (10, "rows") else settings[:2]:
                for weighted, single in [(False, False), (True, False), (False, True)]:
                    if (weighted or single) and chosen not in settings[:2]:
                        continue
                    x = data.astype(np.float32) if single else data
                    init = start(x, k, kind)
                    weights = ramp(len(x)) if weighted else None
                    model = KMeans(k, init=init, **({"n_init": 1} | chosen)).fit(x, sample_weight=weights)
                    new = x[:20] * x.dtype.type(1.25)
                    expected = {
                        "cluster_centers": array(model.cluster_centers_),
                        "labels": array(model.labels_),
                        "inertia": number(model.inertia_),
                        "n_iter": int(model.n_iter_),
                        "predict": array(model.predict(new)),
                        "transform": array(model.transform(new)),
                        "score": number(model.score(x, sample_weight=weights)),
                    }
                    near = within(2e-5, 2e-5, "single precision: sums of some hundred numbers of 24 bits, at every iteration") if single else within(1e-11, 1e-11, DIRECT)
                    cases.append({
                        "data": {"name": name, "scaled": scaled, "f32": single, "weights": weighted, "k": k, "start": kind},
                        "settings": chosen,
                        "expected": expected,
                        "tolerance": near,
                    })
    write("k_means", "KMeans from given centres: both algorithms, limits, weights, lost centres, single precision.", cases)


def files(_):
    return {"k_means": k_means}
