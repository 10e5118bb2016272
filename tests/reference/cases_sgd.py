"""Cases of stochastic gradient descent. Rows are taken in their order, so that every step is scikit-learn's."""

import warnings

import numpy as np
from sklearn.linear_model import Perceptron, SGDClassifier, SGDRegressor

LOSSES = ["squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"]
CLASS_LOSSES = ["hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron"] + LOSSES
PENALTIES = ["l2", "l1", "elasticnet", None]
SCHEDULES = ["optimal", "constant", "invscaling", "adaptive"]
WHY = "the same steps in the same order, rounded in another order: some thousand steps of which each forgets a little"
WIDE = "diabetes_raw"
# Every so manieth row, so that the tests stay quick.
EVERY = {"breast_cancer": 11, "wine": 4, "iris": 3, "diabetes": 9}


def taken(name, *arrays):
    return [a[:: EVERY[name]] for a in arrays]


def is_chaotic(fit, x):
    """Steps so long that a change in the last digit does not stay there: nothing to compare."""
    near = x * (1 + 1e-15 * np.sign(np.random.default_rng(0).normal(size=x.shape)))
    a, b = fit(x).coef_, fit(near).coef_
    return np.abs(a - b).max() > 1e-11 * np.abs(a).max()


def steps(g, name, data, x, y, settings, make, w=None, weights=None):
    """One case: fit, and three batches."""
    own = dict(settings)
    if own.get("class_weight") == "given":
        own["class_weight"] = weights
    elif weights is not None:
        own["class_weight"] = weights
    expected = {}
    try:
        with np.errstate(all="ignore"):
            fit = lambda x: make(shuffle=False, **own).fit(x, y, sample_weight=w)
            model = fit(x)
            if is_chaotic(fit, x):
                print("chaotic, left out:", data.get("name"), settings)
                return None
        expected |= {"coef": g.array(model.coef_), "n_iter": int(model.n_iter_), "t": float(model.t_)}
        expected["intercept"] = g.array(np.atleast_1d(model.intercept_))
        if hasattr(model, "decision_function"):
            expected["decision"] = g.array(model.decision_function(x))
        if hasattr(model, "predict_proba"):
            expected["proba"] = g.array(model.predict_proba(x))
        expected["score"] = g.number(model.score(x, y, w))
        if settings.get("loss") in (None, "log_loss") and x.shape[1] < 14 and settings["max_iter"] == 3:
            # From where a fit with a part of the rows ended.
            part = make(shuffle=False, max_iter=1, tol=None).fit(x[: len(x) // 2 * 2], y[: len(x) // 2 * 2])
            warm = make(shuffle=False, **own).fit(x, y, coef_init=part.coef_, intercept_init=part.intercept_, sample_weight=w)
            expected["warm"] = g.array(warm.coef_)
        again = make(shuffle=False, **own)
        if not (own.get("average") and hasattr(model, "classes_")) and own.get("class_weight") != "balanced":
            more = {"classes": np.unique(y)} if hasattr(model, "classes_") else {}
            for part in np.array_split(np.arange(len(x)), 3):
                again.partial_fit(x[part], y[part], sample_weight=None if w is None else w[part], **more)
            expected["batches"] = g.array(again.coef_)
            expected["batches_t"] = float(again.t_)
    except ValueError as e:
        assert "overflow" in str(e), e
        expected = {"error": "overflow"}
    shown = {k: v for k, v in settings.items() if k != "class_weight"}
    if weights is not None:
        shown["class_weight"] = weights if isinstance(weights, str) else [[int(k), v] for k, v in weights.items()]
    tolerance = {"parameters": g.within(1e-12, 1e-9, WHY)}
    return {"data": data | {"weights": w is not None}, "settings": shown, "expected": expected, "tolerance": tolerance}


def with_penalty(penalty, settings):
    return settings | ({"penalty": penalty} if penalty != "l2" else {})


def sgd_classifier(g):
    cases = []

    def add(name, target, settings, scaled=True, weighted=False, weights=None, x=None, y=None, make=SGDClassifier):
        data = {"name": name, "target": target, "scaled": scaled}
        if x is None:
            x, y = taken(name, g.matrix(name, scaled=scaled), g.classes(target))
            data["every"] = EVERY[name]
        else:
            data = {"values": x.tolist(), "y": y.tolist()}
        w = g.ramp(len(x)) if weighted else None
        case = steps(g, name, data, x, y, settings, make, w, weights)
        cases.extend([case] if case else [])

    few = {"max_iter": 3, "tol": None}
    # With `optimal`, alpha says how long steps are: those of the steep losses must be short to stay on the ground.
    SHORT = {loss: 0.5 for loss in ["modified_huber", "huber", "squared_hinge", "squared_error", "squared_epsilon_insensitive"]}
    # Every loss, penalty and schedule; passive-aggressive steps with theirs.
    for loss in CLASS_LOSSES:
        for penalty in PENALTIES:
            for schedule in SCHEDULES:
                own = with_penalty(penalty, few | {"loss": loss, "learning_rate": schedule, "alpha": SHORT.get(loss, 0.01) if schedule == "optimal" else 0.01})
                add("diabetes", "diabetes_2", own)
    for penalty in PENALTIES:
        for schedule in ["pa1", "pa2"]:
            add("diabetes", "diabetes_2", with_penalty(penalty, few | {"learning_rate": schedule, "eta0": 0.5}))
            add("wine", "wine", with_penalty(penalty, few | {"learning_rate": schedule}))
    # Every setting, on two classes, three classes, and in other units.
    for name, target, scaled in [("breast_cancer", "breast_cancer", True), ("wine", "wine", True), ("iris", "iris", False)]:
        for own in [
            {},
            {"loss": "log_loss"},
            {"loss": "modified_huber"},
            {"alpha": 0.1},
            {"alpha": 0.05, "penalty": "l1"},
            {"alpha": 0.05, "penalty": "elasticnet", "l1_ratio": 0.6},
            {"fit_intercept": False},
            {"loss": "huber", "epsilon": 0.4},
            {"loss": "epsilon_insensitive", "epsilon": 0.4},
            {"loss": "squared_epsilon_insensitive", "epsilon": 0.4, "alpha": 0.5},
            {"learning_rate": "constant", "eta0": 0.02},
            {"learning_rate": "invscaling", "eta0": 0.3, "power_t": 0.7},
            {"learning_rate": "invscaling", "eta0": 0.3, "power_t": 0.25},
            {"average": True},
            {"average": 100},
            {"average": 10**6},
            {"average": True, "penalty": "l1", "alpha": 0.01},
            {"average": 50, "penalty": "elasticnet", "alpha": 0.01},
            {"average": True, "penalty": None, "loss": "log_loss"},
            {"loss": "log_loss", "penalty": "l1", "alpha": 0.02},
            {"loss": "log_loss", "alpha": 3.0, "learning_rate": "constant", "eta0": 0.3},
        ]:
            add(name, target, few | own, scaled)
        # To the end, by each rule of stopping.
        for own in [
            {"loss": "log_loss", "alpha": 0.02},
            {"loss": "log_loss", "penalty": "l1", "alpha": 0.02},
            {"n_iter_no_change": 2, "alpha": 0.01},
            {"tol": 0.05, "alpha": 0.01},
            {"learning_rate": "adaptive", "eta0": 0.1, "alpha": 0.01},
            {"learning_rate": "invscaling", "eta0": 0.5, "penalty": "elasticnet", "alpha": 0.01},
        ]:
            add(name, target, {"max_iter": 40} | own, scaled)
        for own in [{}, {"loss": "log_loss", "penalty": "elasticnet"}, {"average": True}]:
            add(name, target, few | own, scaled, weighted=True)
            add(name, target, few | own, scaled, weights="balanced")
            add(name, target, few | own, scaled, weighted=True, weights={0: 0.5, 1: 3.0})
    # Fewer rows than columns, dependent and constant columns, one column, more than eight.
    wide = g.matrix(WIDE, scaled=True)[:7]
    dependent = np.column_stack([np.arange(6.0), 2 * np.arange(6.0), [1, 0, 1, 1, 0, 3.0], np.full(6, 4.0)])
    for x, y in [(wide, [0, 1, 0, 1, 1, 0, 1]), (dependent, [0, 0, 1, 1, 0, 2]), (dependent[:, 2:3], [0, 1, 0, 0, 1, 1])]:
        for own in [
            {},
            {"penalty": "l1"},
            {"penalty": "elasticnet", "l1_ratio": 0.5},
            {"penalty": None, "learning_rate": "constant"},
            {"average": True, "loss": "log_loss"},
            {"average": 5, "learning_rate": "invscaling", "eta0": 0.1, "power_t": 0.3},
            {"loss": "modified_huber", "alpha": 0.5},
            {"loss": "squared_hinge", "alpha": 0.5},
            {"loss": "perceptron"},
            {"loss": "huber", "epsilon": 0.3, "alpha": 0.5},
            {"loss": "epsilon_insensitive", "epsilon": 0.3, "learning_rate": "adaptive", "eta0": 0.1},
            {"learning_rate": "pa1", "eta0": 0.5},
            {"learning_rate": "pa2", "eta0": 0.5},
            {"max_iter": 30, "tol": 0.01, "n_iter_no_change": 2},
        ]:
            add("", "", few | own, x=x, y=np.array(y))
    g.write("sgd_classifier", "SGDClassifier: every loss, penalty and schedule, every setting, batches.", cases)

    cases = []
    for name, target in [("breast_cancer", "breast_cancer"), ("wine", "wine"), ("diabetes", "diabetes_3")]:
        for own in [
            {},
            {"penalty": "l2"},
            {"penalty": "l1", "alpha": 0.01},
            {"penalty": "elasticnet", "l1_ratio": 0.5, "alpha": 0.01},
            {"fit_intercept": False},
            {"eta0": 0.1, "penalty": "l2", "alpha": 0.01},
            {"tol": None, "max_iter": 2},
            {"tol": 0.1},
            {"n_iter_no_change": 1},
        ]:
            add(name, target, {"max_iter": 15} | own, make=Perceptron)
        add(name, target, {"max_iter": 5}, weighted=True, make=Perceptron)
        add(name, target, {"max_iter": 5}, weights="balanced", make=Perceptron)
        add(name, target, {"max_iter": 5}, weights={0: 0.5, 1: 2.0}, make=Perceptron)
    for x, y in [(wide, [0, 1, 0, 1, 1, 0, 1]), (dependent, [0, 0, 1, 1, 0, 2])]:
        for own in [
            {},
            {"penalty": "l2", "alpha": 0.01},
            {"penalty": "l1", "alpha": 0.01},
            {"penalty": "elasticnet", "l1_ratio": 0.5, "alpha": 0.01},
            {"fit_intercept": False},
            {"eta0": 0.1},
            {"tol": 0.1},
            {"n_iter_no_change": 1},
        ]:
            add("", "", {"max_iter": 9} | own, x=x, y=np.array(y), make=Perceptron)
    g.write("perceptron", "Perceptron: every setting, batches.", cases)


def sgd_regressor(g):
    cases = []

    def add(name, settings, weighted=False, x=None, y=None):
        data = {"name": name, "target": name, "scaled": True}
        if x is None:
            x, y = taken(name, g.matrix(name, scaled=True), g.targets(name))
            data["every"] = EVERY[name]
        else:
            data = {"values": x.tolist(), "y": y.tolist()}
        w = g.ramp(len(x)) if weighted else None
        case = steps(g, name, data, x, y, settings, SGDRegressor, w)
        cases.extend([case] if case else [])

    few = {"max_iter": 3, "tol": None}
    for loss in LOSSES:
        for penalty in PENALTIES:
            for schedule in SCHEDULES:
                own = {"loss": loss, "learning_rate": schedule}
                add("diabetes", with_penalty(penalty, few | own | ({"alpha": 1.0} if schedule == "optimal" else {})))
    for penalty in PENALTIES:
        for schedule in ["pa1", "pa2"]:
            add("diabetes", with_penalty(penalty, few | {"loss": "epsilon_insensitive", "learning_rate": schedule}))
    wide = g.matrix(WIDE, scaled=True)[:7]
    dependent = np.column_stack([np.arange(6.0), 2 * np.arange(6.0), [1, 0, 1, 1, 0, 3.0], np.full(6, 4.0)])
    y = np.array([1.0, 3.0, 2.0, 5.0, 4.0, 7.0])
    for own in [
        {},
        {"loss": "huber"},
        {"loss": "huber", "epsilon": 1.5},
        {"loss": "epsilon_insensitive", "epsilon": 0.5},
        {"loss": "squared_epsilon_insensitive", "epsilon": 0.5},
        {"alpha": 0.1},
        {"penalty": "l1", "alpha": 0.05},
        {"penalty": "elasticnet", "l1_ratio": 0.7, "alpha": 0.05},
        {"fit_intercept": False},
        {"eta0": 0.002},
        {"power_t": 0.5},
        {"power_t": 0.1},
        {"average": True},
        {"average": 20},
        {"average": True, "penalty": "l1", "alpha": 0.01},
        {"average": True, "penalty": None},
        {"alpha": 200.0, "learning_rate": "constant"},
    ]:
        add("breast_cancer", few | own)
        add("diabetes", few | own)
        add("", few | own, x=dependent, y=y)
        add("", few | own, x=wide, y=y[[0, 1, 2, 3, 4, 5, 0]])
    for own in [{}, {"tol": 0.1}, {"n_iter_no_change": 1}, {"learning_rate": "adaptive"}, {"learning_rate": "optimal", "alpha": 0.5}]:
        add("breast_cancer", {"max_iter": 40} | own)
        add("diabetes", {"max_iter": 40} | own)
        add("breast_cancer", {"max_iter": 5} | own, weighted=True)
        add("", {"max_iter": 40} | own, x=dependent, y=y)
    # Steps that lead nowhere.
    add("", few | {"max_iter": 200, "learning_rate": "constant", "eta0": 1.0}, x=1000 * dependent, y=y)
    g.write("sgd_regressor", "SGDRegressor: every loss, penalty and schedule, every setting, batches.", cases)


def sgd_shuffled(g):
    """What shuffled fits reach, over twenty seeds: accuracy or R² and how far it scatters."""
    cases = []
    for kind, name, target, own in [
        (SGDClassifier, "breast_cancer", "breast_cancer", {}),
        (SGDClassifier, "breast_cancer", "breast_cancer", {"loss": "log_loss", "average": True}),
        (SGDClassifier, "wine", "wine", {"loss": "log_loss"}),
        (SGDClassifier, "diabetes", "diabetes_2", {"loss": "modified_huber", "penalty": "l1", "alpha": 0.01}),
        (SGDClassifier, "diabetes", "diabetes_3", {"early_stopping": True, "alpha": 0.01}),
        (SGDRegressor, "diabetes", "diabetes", {}),
        (SGDRegressor, "diabetes", "diabetes", {"early_stopping": True, "validation_fraction": 0.2}),
        (SGDRegressor, "breast_cancer", "breast_cancer", {"penalty": "elasticnet", "alpha": 0.01}),
    ]:
        y = g.classes(target) if kind is SGDClassifier else g.targets(target)
        x, y = taken(name, g.matrix(name, scaled=True), y)
        fits = [kind(random_state=seed, **own).fit(x, y) for seed in range(20)]
        scores = [m.score(x, y) for m in fits]
        expected = {"mean": g.number(np.mean(scores)), "deviation": g.number(np.std(scores)), "n_iter": [int(m.n_iter_) for m in fits]}
        data = {"name": name, "target": target, "scaled": True, "every": EVERY[name], "kind": kind.__name__}
        cases.append({"data": data, "settings": own, "expected": expected})
    g.write("sgd_shuffled", "Shuffled stochastic gradient descent over twenty seeds.", cases)


def files(g):
    warnings.filterwarnings("ignore")
    return {
        "sgd_classifier": lambda: sgd_classifier(g),
        "sgd_regressor": lambda: sgd_regressor(g),
        "sgd_shuffled": lambda: sgd_shuffled(g),
    }
