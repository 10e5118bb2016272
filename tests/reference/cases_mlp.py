"""Cases of multi-layer perceptrons.

Both sides start from the same weights, sines of the position, and take the rows in their order, so that every number of the
training can be compared. scikit-learn has no way to give it weights: `_initialize` is extended to set them.
"""

import warnings

import numpy as np
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.neural_network import _multilayer_perceptron as module

warnings.filterwarnings("ignore")
WHY = "the same updates in another order of summation; differences grow with the steps, 1e-9 is what the crate promises"

STEPS = "the same steps in another order of summation, whose differences grow about tenfold in five steps"


def start(units):
    """Weights and intercepts of layers of so many units."""
    coefs, intercepts = [], []
    for layer, (n_in, n_out) in enumerate(zip(units[:-1], units[1:])):
        bound = np.sqrt(6 / (n_in + n_out))
        i, j = np.indices((n_in, n_out))
        coefs.append(bound * np.sin(1.0 + layer + 3 * i + 5 * j + i * j))
        intercepts.append(0.1 * bound * np.cos(layer + np.arange(n_out)))
    return coefs, intercepts


def given(estimator):
    class Given(estimator):
        def _initialize(self, y, layer_units, dtype):
            super()._initialize(y, layer_units, dtype)
            coefs, intercepts = start(layer_units)
            self.coefs_ = [c.astype(dtype) for c in coefs]
            self.intercepts_ = [b.astype(dtype) for b in intercepts]

    return Given


def split_last(*arrays, test_size, **_):
    """Holds back the last rows instead of random ones."""
    n = len(arrays[0])
    held = int(np.ceil(test_size * n))
    return [part for a in arrays for part in (a[: n - held], a[n - held :])]


def fitted(kind, data, settings, x, y, w):
    estimator = given(MLPRegressor if kind == "regressor" else MLPClassifier)
    settings = {"hidden_layer_sizes": [6], "max_iter": 6, "shuffle": False, "batch_size": 32} | settings
    held = module.train_test_split
    module.train_test_split = split_last
    try:
        model = estimator(**settings)
        if data.get("batches"):
            for part in np.array_split(np.arange(len(x)), data["batches"]):
                extra = {} if kind == "regressor" else {"classes": np.unique(y)}
                model.partial_fit(x[part], y[part], **extra)
        else:
            model.fit(x, y, w)
            if data.get("warm"):
                model.set_params(warm_start=True).fit(x, y, w)
    finally:
        module.train_test_split = held
    return model, settings


def inputs(g, kind, data):
    x = g.matrix(data["name"], scaled=True)
    if kind == "regressor":
        y = g.targets(data["target"]) / data["unit"]
    elif kind == "labels":
        y = g.classes(data["target"])
        y = np.column_stack([y == 0, y == 2, x[:, 0] > 0]).astype(int)
    else:
        y = g.classes(data["target"])
    x, y = x[:: data["step"]], y[:: data["step"]]
    return x, y, g.ramp(len(x)) if data["weights"] else None


KINDS = {
    "binary": {"name": "breast_cancer", "target": "breast_cancer", "step": 7},
    "classes": {"name": "iris", "target": "iris", "step": 2},
    "labels": {"name": "wine", "target": "wine", "step": 3},
    "regressor": {"name": "diabetes", "target": "diabetes", "unit": 100.0, "step": 6},
    "targets": {"name": "linnerud", "target": "linnerud", "unit": 100.0, "step": 1},
}
SGD = [
    {},
    {"momentum": 0.0},
    {"momentum": 0.5, "nesterovs_momentum": False},
    {"learning_rate": "invscaling"},
    {"learning_rate": "invscaling", "power_t": 0.1, "learning_rate_init": 0.2},
    {"learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "learning_rate_init": 0.05},
    {"tol": 10.0, "n_iter_no_change": 2},
]
ADAM = [
    {},
    {"beta_1": 0.5, "beta_2": 0.9},
    {"epsilon": 0.01, "learning_rate_init": 0.02},
    {"alpha": 0.5},
    {"alpha": 0.0},
    {"batch_size": 17},
    {"hidden_layer_sizes": [5, 4, 3]},
    {"hidden_layer_sizes": []},
    {"n_iter_no_change": 1, "tol": 0.3},
]


def perceptrons(g):
    cases = []

    def add(kind, data, settings):
        base = "regressor" if kind == "targets" else kind
        data = {"kind": kind, "weights": False, "scaled": True} | KINDS[kind] | data
        x, y, w = inputs(g, base, data)
        model, used = fitted(base, data, settings, x, y, w)
        parameters = np.concatenate([a.ravel() for a in model.coefs_ + model.intercepts_])
        expected = {
            "parameters": g.array(parameters),
            "loss_curve": [g.number(v) for v in model.loss_curve_],
            "loss": g.number(model.loss_),
            "n_iter": model.n_iter_,
            "t": int(model.t_),
            "n_layers": model.n_layers_,
            "out_activation": model.out_activation_,
            "best_loss": None if model.best_loss_ is None else g.number(model.best_loss_),
            "validation_scores": [g.number(v) for v in model.validation_scores_ or []],
            "output": g.array(model.predict(x) if base == "regressor" else model.predict_proba(x)),
        }
        cases.append({"data": data, "settings": used, "expected": expected, "tolerance": g.within(1e-12, 1e-9, WHY)})

    for kind in KINDS:
        for activation in ["identity", "logistic", "tanh", "relu"]:
            for solver in ["sgd", "adam"]:
                for weights in [False, True]:
                    add(kind, {"weights": weights}, {"activation": activation, "solver": solver})
    for kind in ["classes", "regressor", "labels"]:
        for settings in SGD:
            add(kind, {}, settings | {"solver": "sgd", "activation": "tanh"})
        for settings in ADAM:
            add(kind, {}, settings | {"solver": "adam"})
    for activation in ["tanh", "relu"]:
        for solver in ["sgd", "adam"]:
            add("regressor", {"target": "diabetes", "unit": 100.0}, {"loss": "poisson", "activation": activation, "solver": solver, "learning_rate_init": 0.01})
    for kind in ["binary", "classes", "regressor"]:
        for solver in ["sgd", "adam"]:
            add(kind, {"warm": True}, {"solver": solver, "max_iter": 3})
            add(kind, {"batches": 4}, {"solver": solver})
            add(kind, {}, {"solver": solver, "early_stopping": True, "validation_fraction": 0.2, "n_iter_no_change": 2, "max_iter": 12})
    g.write("mlp", "MLPClassifier and MLPRegressor, sgd and adam: the whole course of training from the same weights.", cases)


def watched(fit):
    """What `fit` gives, and the loss after each step of L-BFGS-B."""
    steps, plain = [], module.scipy.optimize.minimize

    def minimize(*args, **kwargs):
        return plain(*args, **kwargs, callback=lambda intermediate_result: steps.append(float(intermediate_result.fun)))

    module.scipy.optimize.minimize = minimize
    try:
        return fit(), steps
    finally:
        module.scipy.optimize.minimize = plain


def lbfgs(g):
    cases = []
    for kind in KINDS:
        base = "regressor" if kind == "targets" else kind
        for settings in [{"activation": "tanh"}, {"activation": "logistic"}, {"activation": "relu", "alpha": 0.1}, {"activation": "identity", "hidden_layer_sizes": [], "alpha": 1.0, "tol": 1e-6}]:
            for weights in [False, True]:
                if weights and settings["activation"] != "tanh":
                    continue
                data = {"kind": kind, "weights": weights, "scaled": True} | KINDS[kind]
                x, y, w = inputs(g, base, data)
                settings = settings | {"solver": "lbfgs", "max_iter": 150, "batch_size": "auto", "alpha": settings.get("alpha", 0.01)}
                (model, used), steps = watched(lambda: fitted(base, data, settings, x, y, w))
                expected = {"loss": g.number(model.loss_), "n_iter": model.n_iter_}
                # Of several targets scikit-learn's gradient is not that of its loss.
                if kind != "targets":
                    expected["first_steps"] = [g.number(loss) for loss in steps[:15]]
                cases.append({"data": data, "settings": used, "expected": expected, "tolerance": g.within(1e-12, 1e-8, STEPS)})
    g.write("mlp_lbfgs", "MLPClassifier and MLPRegressor, lbfgs: the losses of the first steps, and that at the end.", cases)


def files(g):
    return {"mlp": lambda: perceptrons(g), "mlp_lbfgs": lambda: lbfgs(g)}
