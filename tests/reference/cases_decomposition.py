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
                # Of columns so different scikit-learn's inverse keeps digits for a few plain components only.
                if (kind == "wine" or kind == "raw" and chosen.get("n_components") == 4 and not chosen.get("whiten")) and not single:
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
                # Small components drown in rounding there, and which digits are left is chance.
                if chosen.get("power_iteration_normalizer") == "none" and (single or kind == "collinear"):
                    continue
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


EM = "direct decompositions in every iteration, whose rounding the next ones do not magnify: both end at the same iteration"


def factor_analysis():
    cases = []
    for kind, k in [("wine", 3), ("collinear", 2), ("wide", 3)]:
        exact = {"n_components": k} | ({"svd_method": "lapack"} if kind == "wide" else {})
        init = [0.5 + 0.1 * (j % 5) for j in range(data(kind).shape[1])]
        for chosen in [
            {},
            {"svd_method": "lapack"},
            {"iterated_power": 5},
            {"tol": 1e-4},
            {"max_iter": 4},
            {"noise_variance_init": init},
            {"rotation": "varimax"},
            {"rotation": "quartimax"},
            {"n_components": 1, "svd_method": "lapack"},
        ]:
            chosen = exact | chosen
            x = data(kind)
            new = x[:15] * 1.25
            model = decomposition.FactorAnalysis(**chosen).fit(x)
            expected = {
                "components": array(abs(model.components_)),
                "noise_variance": array(model.noise_variance_),
                "mean": array(model.mean_),
                "covariance": array(model.get_covariance()),
                "transform": array(abs(model.transform(new))),
                "names": list(model.get_feature_names_out()),
            }
            # The likelihood of columns that depend on each other has no maximum.
            if kind != "collinear":
                expected["loglike"] = number(model.loglike_[-1])
                expected["n_iter"] = int(model.n_iter_)
            if kind == "wine":
                expected["precision"] = array(model.get_precision())
                expected["score_samples"] = array(model.score_samples(new))
                expected["score"] = number(model.score(new))
            close = within(1e-7, 1e-7, EM) if kind == "wine" else within(2e-3, 2e-3, EM + "; but for collinear columns, whose noise variances fall to 0")
            cases.append({"data": {"kind": kind, "f32": False}, "settings": chosen, "expected": expected, "tolerance": close})
    write("factor_analysis", "FactorAnalysis: both methods, starts, limits, rotations; factors without their signs.", cases)


def start(rows, columns):
    """Numbers in (0, 1.5) without a pattern that iterations would keep."""
    i, j = np.indices((rows, columns))
    return 0.5 + ((3 * i * i + 5 * j + i * j) % 11) / 11


def fast_ica():
    cases = []
    for kind, k in [("wine", 3), ("collinear", 3), ("wide", 4)]:
        for chosen in [
            {},
            {"algorithm": "deflation"},
            {"fun": "exp"},
            {"fun": "cube"},
            {"fun_alpha": 1.5},
            {"algorithm": "deflation", "fun": "cube"},
            {"algorithm": "deflation", "fun": "exp"},
            {"whiten": "arbitrary-variance"},
            {"whiten_solver": "eigh"},
            {"tol": 1e-6},
            {"n_components": 2},
            {"whiten": False, "max_iter": 3},
        ]:
            if kind != "wine":
                # Far from settled after hundreds of iterations, which magnify rounding.
                chosen = chosen | {"max_iter": 4}
            x = data(kind)
            if chosen.get("whiten", True) is False:
                if kind != "wine":
                    continue
                w = start(x.shape[1], x.shape[1])
            else:
                chosen = {"n_components": k} | chosen
                w = start(chosen["n_components"], chosen["n_components"])
            w[np.diag_indices(len(w))] += 2
            theirs = {name: v for name, v in chosen.items() if name != "fun_alpha"}
            if "fun_alpha" in chosen:
                theirs["fun_args"] = {"alpha": chosen["fun_alpha"]}
            model = decomposition.FastICA(max_iter=chosen.get("max_iter", 2000), w_init=w.copy(), **{n: v for n, v in theirs.items() if n != "max_iter"}).fit(x)
            new = x[:15] * 1.25
            z = model.transform(new)
            expected = {
                "components": array(model.components_),
                "mixing": array(model.mixing_),
                "n_iter": int(model.n_iter_),
                "transform": array(z),
                "inverse_transform": array(model.inverse_transform(z)),
                "names": list(model.get_feature_names_out()),
            }
            cases.append({
                "data": {"kind": kind, "f32": False, "size": len(w)},
                "settings": {"max_iter": 2000} | chosen,
                "expected": expected,
                "tolerance": within(1e-7, 1e-7, "a fixed point reached by the same iterations, each of which shrinks differences"),
            })
    write("fast_ica", "FastICA from the same unmixing matrix: both algorithms, every contrast and whitening.", cases)


def kernel_pca():
    cases = []
    for kind in ["wine", "collinear", "wide"]:
        for chosen in [
            {"n_components": 3},
            {"n_components": 3, "kernel": "rbf"},
            {"n_components": 3, "kernel": "rbf", "gamma": 0.2},
            {"n_components": 3, "kernel": "poly"},
            {"n_components": 3, "kernel": "poly", "degree": 2, "coef0": 0.5, "gamma": 0.1},
            {"n_components": 3, "kernel": "sigmoid", "gamma": 0.001},
            {"n_components": 3, "kernel": "cosine"},
            {"n_components": 4, "kernel": "precomputed"},
            {"n_components": 3, "kernel": "rbf", "eigen_solver": "dense"},
            {"n_components": 3, "kernel": "rbf", "eigen_solver": "arpack"},
            {"n_components": 2, "kernel": "rbf", "fit_inverse_transform": True},
            {"n_components": 2, "kernel": "rbf", "fit_inverse_transform": True, "alpha": 0.1},
            {"n_components": 12, "kernel": "linear", "remove_zero_eig": True},
        ]:
            x = data(kind)
            new = x[:15] * 1.25
            if chosen.get("kernel") == "precomputed":
                x, new = x @ x.T, new @ x.T
            model = decomposition.KernelPCA(**chosen).fit(x)
            z = model.transform(new)
            expected = {"eigenvalues": array(model.eigenvalues_), "transform": array(z), "training": array(model.eigenvectors_ * np.sqrt(model.eigenvalues_)), "names": list(model.get_feature_names_out())}
            if chosen.get("fit_inverse_transform"):
                expected["inverse_transform"] = array(model.inverse_transform(z))
                expected["dual_coef"] = array(model.dual_coef_)
            why = "eigenvectors of a kernel of some hundred rows: rounding, times the largest eigenvalue over the gaps, some thousand"
            cases.append({"data": {"kind": kind, "f32": False}, "settings": chosen, "expected": expected, "tolerance": within(1e-8, 1e-8, why)})
    write("kernel_pca", "KernelPCA: every kernel, solver and setting of the inverse.", cases)


def nmf():
    cases = []
    for kind, k in [("wine", 3), ("collinear", 2), ("wide", 10)]:
        x = {"wine": lambda: matrix("wine"), "collinear": lambda: data("collinear"), "wide": lambda: matrix("breast_cancer")[:20]}[kind]()
        x = x / x.max(axis=0) + 0.01
        for given, chosen in [
            (True, {}),
            (True, {"solver": "mu"}),
            (True, {"solver": "mu", "beta_loss": "kullback-leibler"}),
            (True, {"solver": "mu", "beta_loss": "itakura-saito"}),
            (True, {"solver": "mu", "beta_loss": 1.5}),
            (True, {"solver": "mu", "beta_loss": 3.0}),
            (True, {"solver": "mu", "beta_loss": 0.5, "alpha_W": 0.001, "l1_ratio": 0.5}),
            (True, {"alpha_W": 0.001}),
            (True, {"alpha_W": 0.001, "alpha_H": 0.002, "l1_ratio": 0.3}),
            (True, {"alpha_W": 0.001, "alpha_H": 0.0, "l1_ratio": 1.0}),
            (True, {"tol": 1e-2}),
            (True, {"max_iter": 3}),
            (False, {}),
            (False, {"init": "nndsvd"}),
            (False, {"init": "nndsvda"}),
            (False, {"init": "nndsvda", "solver": "mu"}),
        ]:
            settings = {"n_components": k, "max_iter": 40} | chosen
            if given:
                model = decomposition.NMF(init="custom", **settings)
                w = model.fit_transform(x, W=start(len(x), k), H=start(k, x.shape[1]))
            else:
                model = decomposition.NMF(**settings)
                w = model.fit_transform(x)
            new = x[:15] * 1.25
            z = model.transform(new)
            expected = {
                "components": array(model.components_),
                "w": array(w),
                "reconstruction_err": number(model.reconstruction_err_),
                "n_iter": int(model.n_iter_),
                "transform": array(z),
                "inverse_transform": array(model.inverse_transform(z)),
                "names": list(model.get_feature_names_out()),
            }
            why = "at most 40 iterations of sums of some hundred products, in another order: no iteration magnifies rounding much"
            cases.append({"data": {"kind": kind, "k": k, "given": given}, "settings": settings, "expected": expected, "tolerance": within(1e-7, 1e-7, why)})
    write("nmf", "NMF from given factors and from singular vectors: both solvers, every loss and penalty.", cases)


def tsne():
    from sklearn.manifold import TSNE

    cases = []
    few = [{"max_iter": 300}]
    some = [{}, {"perplexity": 10.0}, {"max_iter": 300}, {"metric": "manhattan"}, {"method": "exact"}]
    for kind, chosen in [("wine", c) for c in some] + [("collinear", c) for c in few] + [("raw", c) for c in few]:
        x = data(kind)[:150]
        settings = {"max_iter": 500} | chosen
        d = settings.get("n_components", 2)
        first = (start(len(x), d) - 1) * 1e-4
        model = TSNE(init=first.astype(np.float32), **settings).fit(x)
        expected = {"kl_divergence": number(model.kl_divergence_), "learning_rate": number(model.learning_rate_)}
        why = "a local minimum of many, found in single precision there and double here: its value differs by some per cent"
        cases.append({"data": {"kind": kind, "rows": len(x)}, "settings": settings, "expected": expected, "tolerance": within(0.01, 0.08, why)})
    write("tsne", "TSNE from the same points: the divergence found.", cases)

def files(_):
    return {"pca": pca, "truncated_svd": truncated_svd, "incremental_pca": incremental_pca} | {
        "factor_analysis": factor_analysis,
        "fast_ica": fast_ica,
        "kernel_pca": kernel_pca,
        "nmf": nmf,
        "tsne": tsne,
    }
