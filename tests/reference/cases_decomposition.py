"""Cases of decompositions, on well-conditioned data, on collinear columns and on fewer rows than columns."""

import numpy as np
from sklearn import decomposition
from shared import array, matrix, number, within, write


def data(kind):
    if kind == "wine":
        return matrix("wine", scaled=True)
    if kind == "collinear":
        x = matrix("iris")
        return np.column_stack([x, x[:, 0] + x[:, 1], 2 * x[:, 2]])
    if kind == "wide":
        return matrix("breast_cancer", scaled=True)[:20]
    if kind == "raw":
        return matrix("breast_cancer")
    raise ValueError(kind)


DIRECT = "direct decompositions of some hundred rows: rounding, times the largest ratio of a value to its gap, some hundred"
SINGLE = "single precision: rounding of 24 bits, times the largest ratio of a value to its gap, some hundred"


def near(kind, single=False):
    if single:
        return within(2e-3, 2e-3, SINGLE)
    if kind == "raw":
        why = "singular values over six orders of magnitude: rounding of the largest is 1e-10 of the smallest"
        return within(1e-9, 1e-9, why)
    return within(1e-10, 1e-10, DIRECT)


def common(model, new):
    z = model.transform(new)
    return {
        "components": array(model.components_),
        "explained_variance": array(model.explained_variance_),
        "explained_variance_ratio": array(model.explained_variance_ratio_),
        "singular_values": array(model.singular_values_),
        "transform": array(z),
        "inverse_transform": array(model.inverse_transform(z)),
        "names": list(model.get_feature_names_out()),
    }


def pca():
    cases = []
    some = {"wine": 5, "collinear": 4, "wide": 6, "raw": 4}
    for kind in ["wine", "collinear", "wide", "raw"]:
        k = some[kind]
        settings = [
            {"n_components": k},
            {"n_components": k, "whiten": True},
            {"n_components": 0.8},
            {"n_components": 0.9, "svd_solver": "full"},
            {"n_components": 0.9, "svd_solver": "covariance_eigh"},
            {"n_components": k, "svd_solver": "full"},
            {"n_components": k, "svd_solver": "full", "whiten": True},
            {"n_components": k, "svd_solver": "covariance_eigh"},
            {"n_components": k, "svd_solver": "arpack"},
            {"n_components": 1, "svd_solver": "full"},
        ]
        # With as many random directions as there are, the randomized solver is exact.
        for more in [{}, {"iterated_power": 2}, {"power_iteration_normalizer": "QR"}, {"power_iteration_normalizer": "none"}, {"whiten": True}]:
            if kind != "raw":
                settings.append({"n_components": k, "svd_solver": "randomized", "n_oversamples": 30} | more)
        if kind in ["wine", "raw"]:
            settings += [{}, {"svd_solver": "full"}, {"n_components": "mle"}, {"n_components": "mle", "svd_solver": "covariance_eigh"}]
        for chosen in settings:
            for single in [False, True]:
                if single and (kind != "wine" or "n_components" not in chosen or chosen["n_components"] == "mle"):
                    continue
                x = data(kind).astype(np.float32 if single else float)
                model = decomposition.PCA(**chosen, random_state=0).fit(x)
                new = x[:15] * x.dtype.type(1.25)
                expected = common(model, new) | {
                    "mean": array(model.mean_),
                    "noise_variance": number(model.noise_variance_),
                    "covariance": array(model.get_covariance()),
                }
                # The precision of a whitened model of columns so different cancels its digits there.
                if (kind == "wine" or kind == "raw" and not chosen.get("whiten")) and not single:
                    expected["precision"] = array(model.get_precision())
                    expected["score_samples"] = array(model.score_samples(new))
                    expected["score"] = number(model.score(new))
                cases.append({"data": {"kind": kind, "f32": single}, "settings": chosen, "expected": expected, "tolerance": near(kind, single)})
    write("pca", "PCA: every solver, count, share, most likely number, whitening; full and deficient rank.", cases)


def truncated_svd():
    cases = []
    for kind in ["wine", "collinear", "wide"]:
        for chosen in [
            {"n_oversamples": 30},
            {"n_components": 4, "n_oversamples": 30},
            {"n_components": 1, "n_oversamples": 30, "n_iter": 2},
            {"n_components": 3, "n_oversamples": 30, "power_iteration_normalizer": "QR"},
            {"n_components": 3, "n_oversamples": 30, "power_iteration_normalizer": "none"},
            {"n_components": 3, "n_oversamples": 30, "power_iteration_normalizer": "LU"},
            {"algorithm": "arpack"},
            {"n_components": 3, "algorithm": "arpack"},
        ]:
            for single in [False, True]:
                x = (data(kind) + 1).astype(np.float32 if single else float)
                model = decomposition.TruncatedSVD(**chosen, random_state=0).fit(x)
                expected = common(model, x[:15] * x.dtype.type(1.25))
                cases.append({"data": {"kind": kind, "f32": single}, "settings": chosen, "expected": expected, "tolerance": near(kind, single)})
    write("truncated_svd", "TruncatedSVD: both algorithms; with as many random directions as there are, the randomized one is exact.", cases)


def incremental_pca():
    cases = []
    for kind in ["wine", "collinear", "wide"]:
        for chosen in [
            {"n_components": 3},
            {"n_components": 3, "batch_size": 10},
            {"n_components": 4, "batch_size": 17, "whiten": True},
            {"n_components": 2, "batch_size": 40},
            {"batch_size": 50} if kind == "wine" else {"n_components": 1},
        ]:
            for parts in [1, 2]:
                x = data(kind)
                model = decomposition.IncrementalPCA(**chosen)
                if parts == 1:
                    model.fit(x)
                else:
                    half = len(x) // 2
                    model.partial_fit(x[:half]).partial_fit(x[half:])
                expected = common(model, x[:15] * 1.25) | {
                    "mean": array(model.mean_),
                    "var": array(model.var_),
                    "noise_variance": number(model.noise_variance_),
                    "covariance": array(model.get_covariance()),
                    "n_samples_seen": int(model.n_samples_seen_),
                }
                cases.append({"data": {"kind": kind, "parts": parts, "f32": False}, "settings": chosen, "expected": expected, "tolerance": near(kind)})
    write("incremental_pca", "IncrementalPCA: batches by fit and by partial_fit.", cases)


def files(_):
    return {"pca": pca, "truncated_svd": truncated_svd, "incremental_pca": incremental_pca}
