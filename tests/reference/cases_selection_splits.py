"""Splitters and the functions that validate with them."""

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier, SGDClassifier
from sklearn.metrics import make_scorer, mean_absolute_error, r2_score
from sklearn.model_selection import (
    GroupKFold,
    GroupShuffleSplit,
    KFold,
    LeaveOneGroupOut,
    LeaveOneOut,
    LeavePGroupsOut,
    LeavePOut,
    PredefinedSplit,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    ShuffleSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    StratifiedShuffleSplit,
    TimeSeriesSplit,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from shared import EXACT, array, classes, matrix, number, ramp, targets, within, write


def rows(n, splits):
    """Each split as a text with a character for each row: 0 trains, 1 tests, 2 neither."""
    out = []
    for train, test in splits:
        assert np.all(np.diff(train) > 0) and np.all(np.diff(test) > 0)
        part = np.full(n, 2)
        part[train] = 0
        part[test] = 1
        out.append("".join(str(p) for p in part))
    return out


def settings_of(cv):
    chosen = {k: v for k, v in vars(cv).items() if k not in ("random_state", "shuffle", "unique_folds")}
    return {k: [int(i) for i in v] if isinstance(v, np.ndarray) else v for k, v in chosen.items()}


def exact_splits():
    cases = []

    def case(cv, n, y=None, groups=None):
        try:
            expected = {"splits": rows(n, cv.split(np.zeros((n, 1)), y, groups))}
        except ValueError:
            expected = {"error": True}
        data = {
            "splitter": type(cv).__name__,
            "n": n,
            "y": None if y is None else [int(v) for v in y],
            "groups": None if groups is None else [int(v) for v in groups],
        }
        cases.append({"data": data, "settings": settings_of(cv), "expected": expected, "tolerance": EXACT})

    for n, k in [(10, 2), (11, 3), (7, 7), (20, 6), (5, 6), (2, 2)]:
        case(KFold(k), n)
    # Groups of one size, of many sizes with ties, as many groups as folds, one fewer, names in no order.
    for n, n_groups in [(12, 4), (40, 7), (60, 13), (30, 5), (30, 4), (25, 25)]:
        i = np.arange(n)
        for groups in [i % n_groups, (i * i * 7 + i // 3) % n_groups, 50 - (i * n_groups) // n]:
            for k in [2, 3, 5]:
                case(GroupKFold(k), n, None, groups)
            case(LeaveOneGroupOut(), n, None, groups)
            if n_groups < 8:
                for p in [1, 2, 3, 4]:
                    case(LeavePGroupsOut(p), n, None, groups)
    case(LeaveOneGroupOut(), 6, None, np.zeros(6, int))
    case(GroupKFold(2), 6, None, np.zeros(6, int))
    # Stratified groups: balanced and rare classes, two to twelve of them, one class, groups of one row.
    for n, n_groups, n_classes in [(40, 9, 2), (60, 12, 3), (90, 30, 4), (48, 48, 2), (120, 17, 12), (30, 10, 1), (150, 40, 9)]:
        i = np.arange(n)
        for groups in [(i * i * 5 + i // 2) % n_groups, i * n_groups // n]:
            for y in [(i * 3 + i // 7) % n_classes, np.where(i % 10 == 0, n_classes - 1, i % max(n_classes - 1, 1))]:
                for k in [2, 3, 5, 9]:
                    case(StratifiedGroupKFold(k), n, y, groups)
    case(StratifiedGroupKFold(4), 6, np.array([0, 0, 0, 1, 1, 1]), np.arange(6))
    for n in [2, 3, 9, 1]:
        case(LeaveOneOut(), n)
    for n, p in [(4, 1), (6, 2), (6, 3), (7, 5), (5, 5), (5, 6)]:
        case(LeavePOut(p), n)
    for n, k, chosen in [
        (12, 5, {}),
        (13, 5, {}),
        (6, 5, {}),
        (5, 5, {}),
        (30, 4, {"gap": 3}),
        (30, 4, {"test_size": 5}),
        (30, 4, {"test_size": 7}),
        (30, 4, {"test_size": 8}),
        (30, 4, {"max_train_size": 4}),
        (30, 4, {"max_train_size": 4, "gap": 2, "test_size": 3}),
        (30, 4, {"max_train_size": 100}),
        (30, 4, {"gap": 5}),
        (30, 4, {"gap": 6}),
        (30, 4, {"gap": 30}),
        (30, 2, {"gap": 9}),
        (30, 2, {"gap": 10}),
    ]:
        case(TimeSeriesSplit(k, **chosen), n)
    for folds in [[0, 1, -1, 1], [2, 2, 0, 0, 5, -1], [-1, -1, 0, -1], [3, -2, 3, -2]]:
        case(PredefinedSplit(folds), len(folds))
    write("selection_splits", "The rows of every splitter that does not draw: 0 trains, 1 tests, 2 neither.", cases)


def drawn_splits():
    """Only sizes: the generators differ."""
    cases = []

    def case(cv, n, y=None, groups=None):
        if isinstance(cv, StratifiedShuffleSplit) and len(y) > 5:
            # Of equal remainders it is drawn which class gets the row: such cases say nothing.
            try:
                many = StratifiedShuffleSplit(50, test_size=cv.test_size, train_size=cv.train_size, random_state=1)
                counts = {(tuple(np.bincount(y[a])), tuple(np.bincount(y[b]))) for a, b in many.split(y, y)}
            except ValueError:
                counts = {()}
            if len(counts) > 1:
                return
        try:
            sizes = []
            for train, test in cv.split(np.zeros((n, 1)), y, groups):
                of = lambda part, what: [int(c) for c in np.sort(np.bincount(what[part], minlength=what.max() + 1))]
                if isinstance(cv, StratifiedShuffleSplit) or isinstance(cv, RepeatedStratifiedKFold):
                    sizes.append([of(train, y), of(test, y)])
                elif groups is not None:
                    sizes.append([[len(set(groups[train]))], [len(set(groups[test]))]])
                else:
                    sizes.append([[len(train)], [len(test)]])
            expected = {"sizes": sizes}
        except ValueError:
            expected = {"error": True}
        data = {
            "splitter": type(cv).__name__,
            "n": n,
            "y": None if y is None else [int(v) for v in y],
            "groups": None if groups is None else [int(v) for v in groups],
        }
        chosen = settings_of(cv)
        if "cvargs" in chosen:
            chosen = {"n_repeats": chosen["n_repeats"]} | chosen["cvargs"]
        chosen = {k: v for k, v in chosen.items() if not k.startswith("_") and v is not None}
        cases.append({"data": data, "settings": chosen, "expected": expected, "tolerance": EXACT})

    sizes = [
        {},
        {"test_size": 0.25},
        {"test_size": 3},
        {"train_size": 0.4},
        {"train_size": 5},
        {"test_size": 0.3, "train_size": 0.5},
        {"test_size": 4, "train_size": 0.5},
        {"test_size": 0.5, "train_size": 0.6},
        {"test_size": 1.0},
        {"test_size": 0},
        {"test_size": 100},
        {"train_size": 0.01},
    ]
    for n in [10, 17, 40, 3, 1]:
        for chosen in sizes:
            case(ShuffleSplit(3, random_state=0, **chosen), n)
    for n, n_classes in [(40, 2), (60, 3)]:
        i = np.arange(n)
        y = i * i % 7 % n_classes
        for chosen in sizes:
            case(StratifiedShuffleSplit(2, random_state=0, **chosen), n, y)
    case(StratifiedShuffleSplit(2, random_state=0), 5, np.array([0, 0, 0, 0, 1]))
    for n_groups in [4, 11]:
        groups = np.arange(33) * 5 % n_groups
        for chosen in sizes:
            case(GroupShuffleSplit(3, random_state=0, **chosen), 33, None, groups)
    for n, k, r in [(10, 5, 2), (11, 3, 4), (3, 4, 1)]:
        case(RepeatedKFold(n_splits=k, n_repeats=r, random_state=0), n)
        case(RepeatedStratifiedKFold(n_splits=k, n_repeats=r, random_state=0), 2 * n, np.arange(2 * n) % 2)
    case(RepeatedKFold(random_state=0), 20)
    case(ShuffleSplit(random_state=0), 20)
    case(StratifiedShuffleSplit(random_state=0), 40, np.arange(40) % 2)
    case(GroupShuffleSplit(random_state=0), 33, None, np.arange(33) % 11)
    write("selection_drawn_splits", "Sizes of the parts of splitters that draw; of each class where they stratify, of groups.", cases)


DIRECT = within(1e-9, 1e-10, "direct solves on well-conditioned data; scores of the folds")


def validations():
    cases = []

    def scores(data, settings, found, names, indices=False):
        expected = {side: {name: [number(v) for v in found[f"{side}_{name}"]] for name in names} for side in ["test", "train"]}
        if indices:
            pairs = zip(found["indices"]["train"], found["indices"]["test"])
            expected["splits"] = rows(sum(len(t) for t in found["indices"]["test"]), pairs)
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": DIRECT})

    sklearn.set_config(enable_metadata_routing=True)
    for name, estimator in [("diabetes", Ridge), ("breast_cancer", Ridge)]:
        x, y = matrix(name, scaled=True), targets(name)
        scorers = {
            "r2": make_scorer(r2_score).set_score_request(sample_weight=True),
            "neg_mean_absolute_error": make_scorer(mean_absolute_error, greater_is_better=False).set_score_request(sample_weight=True),
        }
        for alpha in [1.0, 100.0]:
            model = estimator(alpha=alpha).set_fit_request(sample_weight=True)
            for weighted in [False, True]:
                for grouped in [False, True]:
                    params = {}
                    if weighted:
                        params["sample_weight"] = ramp(len(y))
                    cv = KFold(4)
                    if grouped:
                        params["groups"] = np.arange(len(y)) * 7 % 23
                        cv = GroupKFold(4)
                    found = cross_validate(model, x, y, scoring=scorers, cv=cv, params=params, return_train_score=True, return_indices=True)
                    data = {"name": name, "weights": weighted, "groups": grouped}
                    scores(data, {"alpha": alpha}, found, list(scorers), indices=True)
    sklearn.set_config(enable_metadata_routing=False)
    write("selection_validation", "cross_validate: scores, training scores, indices, with weights and groups.", cases)


def predictions():
    cases = []
    near = within(1e-7, 1e-7, "two Newton methods at a gradient of 1e-12 on data of condition 1e3 or so")
    for name in ["iris", "wine", "diabetes_2"]:
        x, y = matrix(name.removesuffix("_2"), scaled=True), classes(name)
        # Stratified folds, and folds of sorted rows, whose training rows may lack a class.
        for folds in ["stratified", "plain"]:
            cv = StratifiedKFold(3) if folds == "stratified" else KFold(3)
            expected = {}
            logistic = LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=1000)
            for method in ["predict", "predict_proba", "predict_log_proba"]:
                found = cross_val_predict(logistic, x, y, cv=cv, method=method)
                if method == "predict_log_proba":
                    found = np.maximum(found, -1e3)
                expected[method] = array(found)
            try:
                found = cross_val_predict(RidgeClassifier(), x, y, cv=cv, method="decision_function")
                expected["decision_function"] = array(np.maximum(found.reshape(len(x), -1), -1e3))
            except ValueError:
                expected["decision_function"] = "error"
            cases.append({"data": {"name": name, "folds": folds}, "settings": {}, "expected": expected, "tolerance": near})
    write("selection_predictions", "cross_val_predict by every method.", cases)


def curves():
    cases = []
    x, y = matrix("diabetes", scaled=True), targets("diabetes")
    for sizes in [None, [20, 50, 294], [0.05, 0.5, 0.5, 1.0], [1.0], [0.001, 0.3]]:
        for k in [3, 5]:
            given = {} if sizes is None else {"train_sizes": sizes}
            ticks, train, test = learning_curve(Ridge(), x, y, cv=KFold(k), scoring="neg_mean_squared_error", **given)
            expected = {"ticks": [int(t) for t in ticks], "train": array(train), "test": array(test)}
            cases.append({"data": {"name": "diabetes", "curve": "learning", "folds": k}, "settings": {"train_sizes": sizes}, "expected": expected, "tolerance": DIRECT})
    for name, k in [("iris", 4), ("breast_cancer", 3)]:
        x, y = matrix(name, scaled=True), classes(name)
        model = SGDClassifier(shuffle=False, random_state=0)
        sizes = [10, 40, 70]
        ticks, train, test = learning_curve(model, x, y, cv=StratifiedKFold(k), train_sizes=sizes, exploit_incremental_learning=True)
        expected = {"ticks": [int(t) for t in ticks], "train": array(train), "test": array(test)}
        cases.append({"data": {"name": name, "curve": "incremental", "folds": k}, "settings": {"train_sizes": sizes}, "expected": expected, "tolerance": DIRECT})
    x, y = matrix("diabetes", scaled=True), targets("diabetes")
    pipe = Pipeline([("scale", StandardScaler()), ("ridge", Ridge())])
    for values in [[0.1, 10.0, 1000.0], [1.0]]:
        for k in [3, 5]:
            train, test = validation_curve(pipe, matrix("diabetes_raw"), y, param_name="ridge__alpha", param_range=values, cv=KFold(k))
            expected = {"ticks": values, "train": array(train), "test": array(test)}
            cases.append({"data": {"name": "diabetes_raw", "curve": "validation", "folds": k}, "settings": {"ridge__alpha": values}, "expected": expected, "tolerance": DIRECT})
    write("selection_curves", "learning_curve and validation_curve.", cases)


def files(_):
    return {
        "selection_splits": exact_splits,
        "selection_drawn_splits": drawn_splits,
        "selection_validation": validations,
        "selection_predictions": predictions,
        "selection_curves": curves,
    }
