"""Searches: candidates in order, several scores with their ranks, rules, failures, successive halving."""

import warnings

import numpy as np
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, HalvingRandomSearchCV, KFold, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor


def one_standard_error(scorer, n_splits, parameter):
    """Of the candidates at most one standard error below the best, the one with the greatest value of a parameter."""

    def choose(results):
        mean = results[f"mean_test_{scorer}"]
        scores = np.array([results[f"split{k}_test_{scorer}"] for k in range(n_splits)])
        top = mean.argmax()
        error = scores[:, top].std(ddof=1) / np.sqrt(n_splits)
        near = [i for i in range(len(mean)) if mean[i] >= mean[top] - error]
        return max(near, key=lambda i: (results["params"][i][parameter], mean[i]))

    return choose


def several(g):
    cases = []
    direct = g.within(1e-9, 1e-9, "direct solves on well-conditioned data; scores of a few folds")
    votes = g.within(1e-12, 1e-12, "counts of equal classes, and their means")

    def search(name, model, target, estimator, grids, scorers, refit, folds, tolerance, error_score="raise"):
        x, y = g.matrix(name), target(name)
        cv = StratifiedKFold(folds) if estimator == "k_neighbors" else KFold(folds)
        rule = one_standard_error(refit["rule"], folds, refit["greatest"]) if isinstance(refit, dict) else refit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = GridSearchCV(model, grids, scoring=scorers, refit=rule, cv=cv, return_train_score=True, error_score=error_score).fit(x, y)
        results = found.cv_results_
        expected = {"params": list(results["params"]), "best": int(found.best_index_)}
        for scorer in scorers:
            for side in ["test", "train"]:
                of = f"{side}_{scorer}"
                expected[f"mean_{of}"] = [g.number(v) for v in results[f"mean_{of}"]]
                expected[f"std_{of}"] = [g.number(v) for v in results[f"std_{of}"]]
                expected[f"split_{of}"] = [[g.number(v) for v in results[f"split{k}_{of}"]] for k in range(folds)]
            expected[f"rank_{scorer}"] = [int(v) for v in results[f"rank_test_{scorer}"]]
        data = {"name": name, "estimator": estimator, "folds": folds, "scorers": scorers, "refit": refit, "failures": error_score != "raise"}
        cases.append({"data": data, "settings": grids, "expected": expected, "tolerance": tolerance})

    alphas = [{"alpha": [0.01, 0.1, 1.0], "fit_intercept": [True, False]}, {"alpha": [10.0]}]
    scorers = ["r2", "neg_mean_absolute_error", "neg_mean_squared_error"]
    for refit in [*scorers, {"rule": "r2", "greatest": "alpha"}]:
        search("diabetes", Ridge(), g.targets, "ridge", alphas, scorers, refit, 5, direct)
    search("diabetes", Ridge(), g.targets, "ridge", [{"alpha": [1.0, -1.0, 0.1, -2.0]}], scorers, "r2", 4, direct, error_score=np.nan)
    for name in ["wine", "iris"]:
        grids = [{"weights": ["uniform", "distance"], "n_neighbors": [1, 5, 9, 30]}, {"n_neighbors": [2], "p": [1]}]
        for refit in ["accuracy", "f1_macro", {"rule": "accuracy", "greatest": "n_neighbors"}]:
            search(name, KNeighborsClassifier(), g.classes, "k_neighbors", grids, ["accuracy", "f1_macro"], refit, 4, votes)
    g.write("searches", "Grid searches with several scores, lists of grids, rules and failures.", cases)


def halving(g):
    cases = []
    exact = g.within(0, 0, "whole numbers")
    direct = g.within(1e-9, 1e-9, "means of a few neighbours; scores of a few folds")

    def schedule(found):
        return {
            "n_candidates": [int(n) for n in found.n_candidates_],
            "n_resources": [int(n) for n in found.n_resources_],
            "n_iterations": int(found.n_iterations_),
            "n_required": int(found.n_required_iterations_),
            "n_possible": int(found.n_possible_iterations_),
            "n_remaining": int(found.n_remaining_candidates_),
            "min_resources": int(found.min_resources_),
            "max_resources": int(found.max_resources_),
        }

    def rows(n, n_classes, n_grid, folds, **settings):
        x = np.arange(float(n))[:, None]
        constants = [float(i) for i in range(n_grid)]
        if n_classes:
            y = np.arange(n) % n_classes
            model, grid = DummyClassifier(strategy="constant"), {"constant": [i % n_classes for i in range(n_grid)]}
        else:
            y, model, grid = np.arange(float(n)), DummyRegressor(strategy="constant"), {"constant": constants}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if settings.get("random"):
                given = {k: v for k, v in settings.items() if k != "random"}
                found = HalvingRandomSearchCV(model, {"constant": constants * 3}, cv=folds, random_state=0, **given).fit(x, y)
            else:
                found = HalvingGridSearchCV(model, grid, cv=folds, random_state=0, **settings).fit(x, y)
        data = {"rows": n, "classes": n_classes, "candidates": n_grid, "folds": folds}
        cases.append({"data": data, "settings": settings, "expected": schedule(found), "tolerance": exact})

    for n, n_classes in [(100, 0), (257, 0), (240, 2), (300, 3)]:
        for n_candidates in [1, 2, 7, 27, 60]:
            rows(n, n_classes, n_candidates, 3)
    for settings in [
        {"factor": 2},
        {"factor": 2.5},
        {"factor": 4},
        {"min_resources": "smallest"},
        {"min_resources": 17},
        {"min_resources": 90, "max_resources": 100},
        {"max_resources": 60},
        {"min_resources": "smallest", "max_resources": 40},
        {"aggressive_elimination": True, "max_resources": 40},
        {"aggressive_elimination": True, "min_resources": 20, "max_resources": 40, "factor": 2},
        {"aggressive_elimination": True, "min_resources": "smallest", "factor": 1.5},
    ]:
        for n_candidates in [6, 40]:
            rows(150, 0, n_candidates, 3, **settings)
    # log(243, 3) is 4.999999999999999 in floating point: five iterations, not six.
    rows(3000, 0, 243, 2, min_resources="smallest")
    for settings in [{}, {"n_candidates": 20}, {"factor": 2}, {"n_candidates": 9, "min_resources": "exhaust"}, {"min_resources": 25, "max_resources": 100}]:
        rows(150, 0, 100, 3, random=True, **settings)

    # With a parameter as the resource nothing is random: every candidate in order.
    for name, model, target in [("diabetes", KNeighborsRegressor(), g.targets), ("wine", KNeighborsClassifier(), g.classes), ("iris", KNeighborsClassifier(), g.classes)]:
        x, y = g.matrix(name), target(name)
        cv = KFold(4) if name == "diabetes" else StratifiedKFold(4)
        for settings in [
            {"max_resources": 27, "min_resources": 2},
            {"max_resources": 40, "min_resources": 3, "factor": 2},
            {"max_resources": 20, "min_resources": "exhaust"},
            {"max_resources": 9, "min_resources": 4, "aggressive_elimination": True, "factor": 2},
        ]:
            grid = {"p": [1, 2, 3], "weights": ["uniform", "distance"]}
            found = HalvingGridSearchCV(model, grid, cv=cv, resource="n_neighbors", **settings).fit(x, y)
            results = found.cv_results_
            expected = schedule(found) | {
                "params": list(results["params"]),
                "iter": [int(v) for v in results["iter"]],
                "resources": [int(v) for v in results["n_resources"]],
                "mean": [g.number(v) for v in results["mean_test_score"]],
                "std": [g.number(v) for v in results["std_test_score"]],
                "train": [g.number(v) for v in results["mean_train_score"]],
                "rank": [int(v) for v in results["rank_test_score"]],
                "best": int(found.best_index_),
            }
            cases.append({"data": {"name": name, "folds": 4}, "settings": settings, "expected": expected, "tolerance": direct})
    g.write("halving", "Successive halving: its schedule, and every candidate where a parameter is the resource.", cases)


def files(g):
    return {"searches": lambda: several(g), "halving": lambda: halving(g)}
