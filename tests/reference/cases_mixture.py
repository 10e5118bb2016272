"""Cases of mixtures, from given starts."""

import numpy as np
from sklearn.cluster import KMeans
from sklearn.mixture import BayesianGaussianMixture, GaussianMixture
from shared import array, matrix, number, within, write

DIRECT = "sums of some hundred rounded numbers and inverses of covariances, in another order, at every iteration"
SINGLE = "single precision there, double here: scikit-learn's sums and inverses of 24 bits, at every iteration"
TYPES = ["full", "tied", "diag", "spherical"]


def start(x, k, kind):
    """Weights, means and precisions to begin with."""
    n, p = x.shape
    weights = np.arange(1.0, k + 1) / (k * (k + 1) / 2)
    means = x[np.arange(k) * (n - 1) // max(k - 1, 1)].astype(float)
    scale = 1 + 0.1 * np.arange(k)
    precisions = {
        "full": scale[:, None, None] * np.eye(p),
        "tied": np.eye(p),
        "diag": scale[:, None] * np.ones(p),
        "spherical": scale,
    }[kind]
    return weights, means, precisions


def new_rows(x):
    return x[:20] * x.dtype.type(1.0625)


def outputs(model, x):
    new = new_rows(x)
    return {
        "weights": array(model.weights_),
        "means": array(model.means_),
        "covariances": array(np.asarray(model.covariances_).ravel()),
        "precisions": array(np.asarray(model.precisions_).ravel()),
        "precisions_cholesky": array(np.asarray(model.precisions_cholesky_).ravel()),
        "n_iter": int(model.n_iter_),
        "converged": bool(model.converged_),
        "lower_bounds": array(np.ravel(model.lower_bounds_)),
        "predict": array(model.predict(new)),
        "predict_proba": array(model.predict_proba(new)),
        "score_samples": array(model.score_samples(new)),
        "score": number(model.score(x)),
    }


def gaussian_mixture():
    cases = []
    for name, scaled in [("iris", False), ("wine", True), ("penguins", True), ("breast_cancer", True)]:
        for kind in TYPES:
            many = [{}, {"tol": 0.1}, {"tol": 1e-6}, {"reg_covar": 0.01}, {"max_iter": 2}, {"n_init": 2}]
            for k in [1, 2, 3] if name == "iris" else [3]:
                for chosen in many if (name, k) in [("iris", 3), ("penguins", 3)] else many[:1]:
                    if name == "breast_cancer":
                        chosen = {"max_iter": 3}
                    for single in [False, True]:
                        if single and (chosen or k != 3):
                            continue
                        x = matrix(name, scaled=scaled)
                        x = x.astype(np.float32) if single else x
                        weights, means, precisions = start(x, k, kind)
                        settings = {"n_components": k, "covariance_type": kind} | chosen
                        model = GaussianMixture(weights_init=weights, means_init=means, precisions_init=precisions, **settings).fit(x)
                        expected = outputs(model, x) | {"aic": number(model.aic(x)), "bic": number(model.bic(x))}
                        near = within(2e-3, 2e-3, SINGLE) if single else within(1e-9, 1e-9, DIRECT)
                        cases.append({
                            "data": {"name": name, "scaled": scaled, "f32": single},
                            "settings": settings,
                            "expected": expected,
                            "tolerance": near,
                        })
    write("gaussian_mixture", "GaussianMixture from given weights, means and precisions.", cases)


class FromLabels(BayesianGaussianMixture):
    """Begins with given labels."""

    def _initialize_parameters(self, X, random_state, xp=None):
        self._initialize(X, np.eye(self.n_components)[LABELS])


def bayesian_mixture():
    global LABELS
    cases = []
    for name, scaled, k in [("iris", False, 2), ("iris", False, 1), ("penguins", True, 1), ("penguins", True, 2), ("wine", True, 1)]:
        x = matrix(name, scaled=scaled)
        p = x.shape[1]
        found = KMeans(k, n_init=10, random_state=0).fit(x)
        # The clusters in the order of their first feature, and in the opposite order.
        rank = np.argsort(np.argsort(found.cluster_centers_[:, 0]))
        orders = [rank] if k == 1 else [rank, k - 1 - rank]
        for kind in TYPES:
            prior = {"full": (np.eye(p) + 0.25).tolist(), "tied": (np.eye(p) + 0.25).tolist(), "diag": (1 + 0.5 * np.arange(p)).tolist(), "spherical": 0.75}[kind]
            settings = [
                {},
                {"weight_concentration_prior_type": "dirichlet_distribution"},
                {"weight_concentration_prior": 0.01},
                {"weight_concentration_prior": 100.0, "weight_concentration_prior_type": "dirichlet_distribution"},
                {"mean_precision_prior": 5.0},
                {"mean_prior": (np.arange(p) / 4).tolist()},
                {"degrees_of_freedom_prior": p + 2.5},
                {"covariance_prior": prior},
                {"reg_covar": 0.01, "tol": 0.1},
                {"max_iter": 3},
            ]
            for chosen in settings if name == "iris" or (name, k) == ("penguins", 1) else settings[:2]:
                each = []
                for order in orders:
                    LABELS = order[found.labels_]
                    model = FromLabels(n_components=k, covariance_type=kind, **chosen).fit(x)
                    concentration = model.weight_concentration_
                    both = concentration if isinstance(concentration, tuple) else (concentration,)
                    each.append(outputs(model, x) | {
                        "first_centers": array([x[LABELS == c, 0].mean() for c in range(k)]),
                        "weight_concentration": array(np.concatenate(both)),
                        "mean_precision": array(model.mean_precision_),
                        "degrees_of_freedom": array(np.atleast_1d(model.degrees_of_freedom_)),
                        "weight_concentration_prior": number(model.weight_concentration_prior_),
                        "mean_precision_prior": number(model.mean_precision_prior_),
                        "mean_prior": array(model.mean_prior_),
                        "degrees_of_freedom_prior": number(model.degrees_of_freedom_prior_),
                        "covariance_prior": array(np.asarray(model.covariance_prior_).ravel()),
                    })
                cases.append({
                    "data": {"name": name, "scaled": scaled},
                    "settings": {"n_components": k, "covariance_type": kind} | chosen,
                    "expected": each,
                    "tolerance": within(1e-9, 1e-9, DIRECT),
                })
    write("bayesian_mixture", "BayesianGaussianMixture from the clusters of k-means, in every order that they may have.", cases)


def files(_):
    return {"gaussian_mixture": gaussian_mixture, "bayesian_mixture": bayesian_mixture}
