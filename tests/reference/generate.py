"""Reference values of scikit-learn 1.9.1: writes the JSON files beside this script, which `tests/reference.rs` reads.

    python tests/reference/generate.py [name ...]

Each file names the versions, and holds cases: the data, the settings in scikit-learn's words, what scikit-learn computed,
and the tolerance with the reason for it. Long arrays are summarised (shape, first values, sums of the columns, norm). Rerun
it rather than edit a file by hand.
"""

import gzip
import math
import sys
from pathlib import Path

import cases_categories
import cases_cluster
import cases_compose
import cases_decomposition
import cases_density
import cases_feature_selection
import cases_features
import cases_glm
import cases_groups
import cases_impute
import cases_kernel_density
import cases_linear_model
import cases_logistic
import cases_metrics
import cases_meta
import cases_mixture
import cases_mlp
import cases_networks
import cases_neighbors
import cases_ridge
import cases_scaling
import cases_searches
import cases_selection_splits
import cases_sgd
import cases_sparse
import cases_spectral
import cases_table
import cases_valleys
import numpy as np
import pandas as pd
import scipy.optimize
import shared
import sklearn.externals._arff
from shared import array, classes, CSV, EPS, EXACT, letters, matrix, number, PENGUIN_NUMBERS, ramp, ROUNDING, table, targets, within, write
from sklearn import datasets, metrics
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, KFold, StratifiedKFold, cross_validate
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

# ---- the files --------------------------------------------------------------------------------------------------------


def bundled():
    cases = []
    for name in ["iris", "wine", "breast_cancer", "digits"]:
        data = getattr(datasets, f"load_{name}")()
        expected = {
            "x": array(data.data),
            "y": letters(data.target),
            "feature_names": list(data.feature_names),
            "target_names": [str(n) for n in data.target_names],
        }
        cases.append({"name": name, "expected": expected, "tolerance": EXACT})
    near = within(0, 1e-14, "centring and scaling in another order of summation")
    for name, arguments, tolerance in [
        ("diabetes", {}, near),
        ("diabetes_raw", {"scaled": False}, EXACT),
        ("linnerud", {}, EXACT),
    ]:
        data = getattr(datasets, f"load_{name.removesuffix('_raw')}")(**arguments)
        expected = {"x": array(data.data), "y": array(data.target), "feature_names": list(data.feature_names)}
        cases.append({"name": name, "expected": expected, "tolerance": tolerance})
    for name, id in [("titanic", 40945), ("penguins", 42585)]:
        folder = Path(datasets.__file__).parent / "tests" / "data" / "openml" / f"id_{id}"
        arff = next(folder.glob("data-*.arff.gz"))
        frame = openml(arff)
        columns = {}
        for column in frame.columns:
            values = frame[column]
            entry = {"missing": int(values.isna().sum())}
            if pd.api.types.is_numeric_dtype(values):
                entry["values"] = array(values.to_numpy(float))
            else:
                known = values.dropna().astype(str)
                entry["categories"] = int(known.nunique())
                entry["characters"] = int(known.str.len().sum())
                entry["first"] = known.iloc[0]
                entry["last"] = known.iloc[-1]
            columns[column] = entry
        expected = {"rows": len(frame), "columns": columns}
        cases.append({"name": name, "expected": expected, "tolerance": EXACT})
    write("datasets", "What scikit-learn's loaders and its OpenML fixtures hold.", cases)


def openml(path):
    """scikit-learn's own reader of an OpenML fixture: numbers where all categories are digits, texts otherwise."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        arff = sklearn.externals._arff.load(file.read())
    columns = {}
    for j, (name, kind) in enumerate(arff["attributes"]):
        values = pd.Series([row[j] for row in arff["data"]], dtype=object)
        numeric = kind in ("NUMERIC", "REAL", "INTEGER") or (isinstance(kind, list) and all(str(k).isdigit() for k in kind))
        columns[name] = pd.to_numeric(values) if numeric else values
    return pd.DataFrame(columns)


def standard_scaler():
    tolerance = within(1e-13, 1e-12, ROUNDING)
    cases = []
    for name in ["iris", "diabetes_raw", "breast_cancer", "titanic", "wine"]:
        for settings in [{}, {"with_mean": False}, {"with_std": False}, {"with_mean": False, "with_std": False}]:
            for weights in [False, True]:
                for holes in [False, True]:
                    if (weights and holes) or (holes and name == "titanic"):
                        continue
                    if (weights or holes) and settings not in ({}, {"with_mean": False}):
                        continue
                    x = matrix(name, holes=holes)
                    model = StandardScaler(**settings).fit(x, sample_weight=ramp(len(x)) if weights else None)
                    z = model.transform(x)
                    expected = {"transform": array(z), "inverse": array(model.inverse_transform(z))}
                    if model.with_std:
                        expected |= {"scale": array(model.scale_), "var": array(model.var_)}
                    if model.with_mean or model.with_std:
                        expected["mean"] = array(model.mean_)
                    data = {"name": name, "holes": holes, "weights": weights}
                    cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    constant = np.column_stack([np.full(7, 3.5), np.arange(7.0), np.full(7, 1e9), [0, 0, 0, 0, 0, 0, 1e-8]])
    model = StandardScaler().fit(constant)
    expected = {"mean": array(model.mean_), "scale": array(model.scale_), "transform": array(model.transform(constant))}
    data = {"values": constant.tolist(), "weights": False}
    cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": tolerance})
    write("standard_scaler", "StandardScaler: with and without mean, deviation, weights, missing values.", cases)


def simple_imputer():
    tolerance = within(0, 1e-14, "the mean is a sum of some hundred numbers; everything else is copied")
    cases = []
    for name, holes in [("titanic", False), ("diabetes_raw", True), ("iris", True), ("wine", True)]:
        x = matrix(name, holes=holes)
        for settings in [
            {},
            {"strategy": "median"},
            {"strategy": "most_frequent"},
            {"strategy": "constant", "fill_value": -1.5},
            {"add_indicator": True},
            {"strategy": "median", "add_indicator": True},
        ]:
            model = SimpleImputer(**settings).fit(x)
            expected = {"statistics": array(model.statistics_), "transform": array(model.transform(x))}
            # A column that is whole at fit and not afterwards has no indicator.
            expected["transform_first"] = array(model.transform(x[:5]))
            data = {"name": name, "holes": holes}
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    empty = np.array([[1.0, np.nan, 4.0], [np.nan, np.nan, 5.0], [3.0, np.nan, 4.0], [1.0, np.nan, np.nan]])
    for settings in [
        {},
        {"keep_empty_features": True},
        {"keep_empty_features": True, "add_indicator": True},
        {"add_indicator": True},
        {"strategy": "most_frequent"},
        {"strategy": "most_frequent", "keep_empty_features": True},
        {"strategy": "median", "keep_empty_features": True},
        {"strategy": "constant", "fill_value": 7.0, "keep_empty_features": True},
        {"missing_values": 4.0, "keep_empty_features": True},
    ]:
        x = empty
        if "missing_values" in settings:
            x = np.nan_to_num(empty, nan=4.0)
        model = SimpleImputer(**settings).fit(x)
        expected = {"transform": array(model.transform(x))}
        data = {"values": [[number(v) for v in row] for row in x]}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    for name, columns in [("titanic", ["embarked", "cabin", "boat", "home.dest"]), ("penguins", ["sex", "island"])]:
        frame = table(name)[columns].astype(object)
        for settings in [{"strategy": "most_frequent"}, {"strategy": "constant", "fill_value": "none"}]:
            model = SimpleImputer(**settings).fit(frame)
            out = model.transform(frame)
            expected = {
                "text_statistics": [str(s) for s in model.statistics_],
                "text_counts": [int((out[:, j] == model.statistics_[j]).sum()) for j in range(len(columns))],
            }
            data = {"table": name, "columns": columns}
            cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": EXACT})
    write("simple_imputer", "SimpleImputer: every strategy, indicators, empty columns, other missing values, texts.", cases)


def one_hot_encoder():
    cases = []
    for name, columns in [
        ("titanic", ["sex", "pclass"]),
        ("titanic", ["sex", "embarked", "pclass", "parch"]),
        ("penguins", ["island", "species", "sex"]),
        ("iris", ["species"]),
    ]:
        whole = (table(name) if name != "iris" else pd.read_csv(CSV / "iris.csv"))[columns]
        ignore = {"handle_unknown": "ignore"}
        for settings in [{}, {"drop": "first"}, {"drop": "if_binary"}, ignore, ignore | {"drop": "first"}]:
            for seen in [None, 60]:
                if seen is not None and "handle_unknown" not in settings:
                    continue
                for missing in [False, True] if whole.isna().to_numpy().any() else [False]:
                    rows = whole if missing else whole.dropna().reset_index(drop=True)
                    fitted_on = rows if seen is None else rows.iloc[:seen]
                    model = OneHotEncoder(sparse_output=False, **settings).fit(fitted_on)
                    expected = {
                        "transform": array(model.transform(rows)),
                        "sizes": [len(c) for c in model.categories_],
                        "names": [str(n) for n in model.get_feature_names_out()],
                    }
                    data = {"table": name, "columns": columns, "fit_rows": seen, "missing": missing}
                    cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": EXACT})
    write("one_hot_encoder", "OneHotEncoder on texts and integers: drop, unknown categories, names; missing values as a category, or their rows left out.", cases)


def preprocessing(name):
    """The column transformers of the cases, by name."""
    fill = lambda strategy: SimpleImputer(strategy=strategy)
    encode = lambda **more: OneHotEncoder(handle_unknown="ignore", sparse_output=False, **more)
    if name == "titanic":
        numbers = Pipeline([("impute", fill("median")), ("scale", StandardScaler())])
        texts = Pipeline([("impute", fill("most_frequent")), ("encode", encode())])
        return ColumnTransformer([("num", numbers, ["age", "fare", "sibsp", "parch"]), ("cat", texts, ["sex", "embarked", "pclass"])])
    if name == "penguins":
        numbers = Pipeline([("impute", fill("mean")), ("scale", StandardScaler())])
        texts = Pipeline([("impute", fill("most_frequent")), ("encode", encode())])
        return ColumnTransformer([("num", numbers, PENGUIN_NUMBERS), ("cat", texts, ["island", "sex"])])
    if name == "wine_remainder":
        return ColumnTransformer(
            [("a", StandardScaler(), ["alcohol", "proline"]), ("b", StandardScaler(with_mean=False), ["ash"])],
            remainder="passthrough",
        )
    if name == "wine_drop":
        return ColumnTransformer([("b", StandardScaler(), ["proline", "hue"]), ("a", fill("mean"), ["alcohol"])])
    raise KeyError(name)


def wine_frame():
    return datasets.load_wine(as_frame=True).data


def column_transformer():
    tolerance = within(1e-13, 1e-12, ROUNDING)
    cases = []
    for name in ["titanic", "penguins", "wine_remainder", "wine_drop"]:
        frame = wine_frame() if name.startswith("wine") else table(name)
        model = preprocessing(name)
        for rows in [None, 300 if name == "titanic" else 100]:
            fitted_on = frame if rows is None else frame.iloc[:rows]
            out = model.fit(fitted_on).transform(frame)
            expected = {"transform": array(out), "names": [str(n) for n in model.get_feature_names_out()]}
            data = {"transformer": name, "fit_rows": rows}
            cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": tolerance})
    write("column_transformer", "ColumnTransformer over tables: imputing, scaling, encoding, the remainder.", cases)


GTOL = 1e-9


def curvature(x, p, weights, c, intercept):
    """The least eigenvalue of the Hessian of the mean loss plus penalty at the optimum, leaving out the directions in
    which probabilities do not change."""
    n, k = p.shape
    z = np.column_stack([x, np.ones(n)]) if intercept else x
    s = weights / weights.sum()
    width = z.shape[1]
    if k == 2:
        q = s * p[:, 0] * p[:, 1]
        hessian = (z * q[:, None]).T @ z
        blocks = 1
    else:
        hessian = np.zeros((k, width, k, width))
        for a in range(k):
            for b in range(k):
                q = s * p[:, a] * ((a == b) - p[:, b])
                hessian[a, :, b, :] = (z * q[:, None]).T @ z
        hessian = hessian.reshape(k * width, k * width)
        blocks = k
    if np.isfinite(c):
        penalty = np.full(width, 1 / (c * weights.sum()))
        if intercept:
            penalty[-1] = 0
        hessian += np.diag(np.tile(penalty, blocks))
    values = np.linalg.eigvalsh(hessian)
    free = (width if not np.isfinite(c) else int(intercept)) if k > 2 else 0
    return values[free], len(values)


def logistic_regression():
    cases = []
    jobs = []
    common = [
        ({}, False),
        ({"C": 0.01}, False),
        ({"C": 100.0}, False),
        ({"fit_intercept": False}, False),
        ({"class_weight": "balanced"}, False),
        ({}, True),
        ({"class_weight": "balanced", "C": 0.1}, True),
    ]
    for name, scaled in [("iris", False), ("breast_cancer", True), ("wine", True), ("penguins", True)]:
        jobs += [(name, name, scaled, settings, weights) for settings, weights in common]
        if name != "penguins":
            map = {"class_weight": {0: 3.0, 1: 0.5}}
            jobs += [(name, name, scaled, map, False), (name, name, scaled, map | {"C": 0.5}, True)]
    for target in ["diabetes_2", "diabetes_3"]:
        for settings in [{"C": math.inf}, {"C": math.inf, "fit_intercept": False}, {"C": 10.0}]:
            jobs += [("diabetes_raw", target, True, settings, weights) for weights in [False, True]]
    for name, target, scaled, settings, weights in jobs:
        x, y = matrix(name, scaled=scaled), classes(target)
        w = ramp(len(x)) if weights else None
        # Newton's method with a Cholesky factor ends at the rounding of the gradient: the optimum itself.
        model = LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=1000, **settings).fit(x, y, w)
        proba = model.predict_proba(x)
        effective = sklearn.utils.class_weight.compute_sample_weight(settings.get("class_weight"), y)
        if settings.get("class_weight") == "balanced" and w is not None:
            by_class = sklearn.utils.class_weight.compute_class_weight("balanced", classes=model.classes_, y=y, sample_weight=w)
            effective = by_class[np.searchsorted(model.classes_, y)]
        effective = effective * (w if w is not None else 1.0)
        c, intercept = settings.get("C", 1.0), settings.get("fit_intercept", True)
        least, size = curvature(x, proba, effective, c, intercept)
        loss = metrics.log_loss(y, proba, sample_weight=effective, labels=model.classes_)
        step = 2 * math.sqrt(size) * GTOL / least + math.sqrt(2 * 64 * EPS * max(1.0, loss) / least)
        longest = np.sqrt((x**2).sum(axis=1).max() + 1)
        why = (
            f"ours ends with {size} components of the gradient below {GTOL:g}, or when a step lowers the objective by no more "
            f"than 64 eps; the Hessian at the optimum has no eigenvalue below h = {least:.2g}: the parameters are within "
            f"2 sqrt({size}) {GTOL:g} / h + sqrt(2 * 64 eps / h)"
        )
        tolerance = {
            "parameters": within(step + 1e-12, 1e-10, why),
            "proba": within(min(1e-6, longest * step) + 1e-12, 0, why + ", probabilities within that times the longest row"),
        }
        expected = {"proba": array(proba), "predict": letters(np.searchsorted(model.classes_, model.predict(x)))}
        expected["classes"] = [str(k) for k in model.classes_]
        expected["score"] = number(model.score(x, y, w))
        if np.isfinite(c) or proba.shape[1] == 2:
            # The intercepts of several classes are determined up to a common constant.
            expected["coef"] = array(model.coef_)
            b = model.intercept_
            expected["intercept"] = array(b - b.mean() if len(b) > 1 else b)
        data = {"name": name, "target": target, "scaled": scaled, "weights": weights}
        # What scikit-learn's own search ends at by default: log loss, penalty and accuracy.
        usual = LogisticRegression(**settings).fit(x, y, w)
        expected["default"] = [
            number(metrics.log_loss(y, usual.predict_proba(x), sample_weight=effective, labels=usual.classes_)),
            number((usual.coef_**2).sum() / (2 * c * effective.sum())),
            number(usual.score(x, y, w)),
        ]
        given = {k: number(v) if isinstance(v, float) else v for k, v in settings.items()}
        if isinstance(given.get("class_weight"), dict):
            given["class_weight"] = [[int(k), v] for k, v in given["class_weight"].items()]
        cases.append({"data": data, "settings": given, "expected": expected, "tolerance": tolerance})
    write("logistic_regression", "LogisticRegression at the optimum, two and several classes, by Newton's method.", cases)


def ridge():
    cases = []
    jobs = []
    for name, target, scaled in [
        ("diabetes", "diabetes", False),
        ("diabetes_raw", "diabetes", False),
        ("breast_cancer", "breast_cancer", True),
        ("linnerud", "linnerud", False),
        ("wine", "wine", True),
    ]:
        several = targets(target).ndim == 2
        for settings, weights in [
            ({}, False),
            ({"alpha": 0.01}, False),
            ({"alpha": 100.0}, False),
            ({"alpha": 0.0}, False),
            ({"fit_intercept": False}, False),
            ({"fit_intercept": False, "alpha": 0.0}, True),
            ({}, True),
            ({"alpha": 30.0}, True),
        ]:
            jobs.append((name, target, scaled, settings, weights))
        if several:
            alphas = [0.1, 10.0, 1000.0][: targets(target).shape[1]]
            jobs += [(name, target, scaled, {"alpha": alphas}, weights) for weights in [False, True]]
    for name, target, scaled, settings, weights in jobs:
        x, y = matrix(name, scaled=scaled), targets(target)
        w = ramp(len(x)) if weights else np.ones(len(x))
        model = Ridge(solver="svd", **settings).fit(x, y, w if weights else None)
        mean = np.average(x, axis=0, weights=w) if settings.get("fit_intercept", True) else 0
        gram = ((x - mean) * w[:, None]).T @ (x - mean)
        alpha = np.min(settings.get("alpha", 1.0))
        condition = np.linalg.cond(gram + alpha * np.eye(x.shape[1]))
        why = f"normal equations of condition {condition:.1e}: coefficients to 20 eps times that; predictions as the data round"
        tolerance = {
            "parameters": within(1e-13, 20 * EPS * condition, why),
            "predict": within(1e-13, 1e-9, "predictions are well conditioned even where coefficients are not"),
        }
        expected = {"coef": array(model.coef_), "predict": array(model.predict(x)), "score": number(model.score(x, y, w))}
        if model.fit_intercept:
            expected["intercept"] = array(np.atleast_1d(model.intercept_))
        data = {"name": name, "target": target, "scaled": scaled, "weights": weights}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": tolerance})
    write("ridge", "Ridge, one and several targets, by the singular value decomposition.", cases)


def splits():
    cases = []

    def folds(cv, x, y):
        fold = np.full(len(x), -1)
        for k, (train, test) in enumerate(cv.split(x, y)):
            assert len(set(train) | set(test)) == len(x) and np.all(np.diff(train) > 0)
            fold[test] = k
        return letters(fold)

    for n, k in [(10, 3), (11, 2), (7, 7), (20, 6)]:
        x = np.zeros((n, 1))
        cases.append({"data": {"n": n}, "settings": {"n_splits": k}, "expected": {"k_fold": folds(KFold(k), x, None)}, "tolerance": EXACT})
    for name in ["iris", "wine", "breast_cancer", "titanic", "penguins"]:
        y = classes(name)
        for k in [2, 3, 5, 10]:
            expected = {"stratified": folds(StratifiedKFold(k), np.zeros((len(y), 1)), y)}
            cases.append({"data": {"target": name}, "settings": {"n_splits": k}, "expected": expected, "tolerance": EXACT})
    scrambled = np.array([2, 0, 1, 1, 2, 2, 0, 2, 1, 0, 2, 2, 1, 0, 2, 2, 1])
    for k in [2, 3, 4]:
        expected = {"stratified": folds(StratifiedKFold(k), np.zeros((17, 1)), scrambled)}
        cases.append({"data": {"labels": letters(scrambled)}, "settings": {"n_splits": k}, "expected": expected, "tolerance": EXACT})
    write("splits", "The fold of each row: KFold and StratifiedKFold without shuffling.", cases)


def pipeline_search():
    tolerance = within(
        2e-6,
        0,
        "scikit-learn's side is the optimum by Newton's method, ours stops at a gradient of 1e-9 or a decrease of 64 eps: log "
        "losses agree to 1e-6 or so (a fold of titanic is far from the others, its loss of 2.4 is the most sensitive), areas and "
        "accuracies exactly unless two scores swap",
    )
    cases = []

    def search(name, frame, y, grid, scoring, cv):
        model = Pipeline([("prep", preprocessing(name)), ("clf", LogisticRegression(solver="newton-cholesky", tol=1e-13, max_iter=1000))])
        found = GridSearchCV(model, grid, scoring=scoring, cv=cv).fit(frame, y)
        results = found.cv_results_
        k = cv.get_n_splits()
        expected = {
            "params": [{key: number(v) if isinstance(v, float) else v for key, v in p.items()} for p in results["params"]],
            "mean": [number(v) for v in results["mean_test_score"]],
            "std": [number(v) for v in results["std_test_score"]],
            "rank": [int(v) for v in results["rank_test_score"]],
            "splits": [[number(results[f"split{i}_test_score"][j]) for i in range(k)] for j in range(len(results["params"]))],
            "best": int(found.best_index_),
            "refitted": number(found.score(frame, y)),
        }
        data = {"table": name, "scoring": scoring, "folds": k}
        given = {key: [number(v) if isinstance(v, float) else v for v in values] for key, values in grid.items()}
        cases.append({"data": data, "settings": given, "expected": expected, "tolerance": tolerance})

    titanic, survived = table("titanic"), classes("titanic")
    grid = {"clf__C": [0.01, 0.1, 1.0, 10.0], "prep__num__impute__strategy": ["mean", "median"]}
    for scoring in ["accuracy", "neg_log_loss", "roc_auc", "f1"]:
        search("titanic", titanic, survived, grid, scoring, StratifiedKFold(5))
    search("titanic", titanic, survived, {"clf__fit_intercept": [True, False], "clf__C": [1.0]}, "accuracy", StratifiedKFold(3))
    penguins = table("penguins")
    for scoring in ["accuracy", "neg_log_loss", "f1_macro"]:
        search("penguins", penguins, penguins["species"].to_numpy(str), {"clf__C": [0.001, 0.1, 10.0]}, scoring, StratifiedKFold(4))

    x, y = matrix("diabetes"), targets("diabetes")
    near = within(1e-9, 1e-10, "a direct solve on well-conditioned data; scores of five folds")
    for scoring in ["r2", "neg_mean_squared_error", "neg_mean_absolute_error"]:
        found = GridSearchCV(Ridge(), {"alpha": [0.001, 0.1, 1.0, 10.0], "fit_intercept": [True, False]}, scoring=scoring, cv=KFold(5)).fit(x, y)
        results = found.cv_results_
        expected = {
            "params": results["params"],
            "mean": [number(v) for v in results["mean_test_score"]],
            "std": [number(v) for v in results["std_test_score"]],
            "rank": [int(v) for v in results["rank_test_score"]],
            "best": int(found.best_index_),
        }
        data = {"name": "diabetes", "scoring": scoring, "folds": 5}
        settings = {"alpha": [0.001, 0.1, 1.0, 10.0], "fit_intercept": [True, False]}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": near})
    for name in ["diabetes", "linnerud"]:
        out = cross_validate(Ridge(), matrix(name), targets(name), cv=KFold(4), scoring=["r2", "neg_mean_absolute_error"], return_train_score=True)
        expected = {key: [number(v) for v in values] for key, values in out.items() if "time" not in key}
        cases.append({"data": {"cross_validate": name, "folds": 4}, "settings": {}, "expected": expected, "tolerance": near})
    write("pipeline_search", "Grid searches of whole pipelines and of Ridge, unshuffled folds; cross_validate.", cases)


def predictions():
    """Classes, predictions and probabilities that no estimator is needed for. Rounded, so that scores tie."""
    out = {}
    x, y = matrix("iris"), classes("iris")
    proba = np.exp(-np.column_stack([abs(x[:, 2] - 1.5), abs(x[:, 2] - 4.6), abs(x[:, 2] - 5.2)]))
    out["iris"] = (y, (x[:, 2] > 2.5).astype(int) + (x[:, 2] > 4.85), np.round(proba / proba.sum(axis=1, keepdims=True), 3))
    x, y = matrix("breast_cancer")[::4], classes("breast_cancer")[::4]
    p = np.round(1 / (1 + np.exp(0.8 * (x[:, 0] - 14.5))), 3)
    out["breast_cancer"] = (y, (x[:, 0] < 15).astype(int), np.column_stack([np.round(1 - p, 3), p]))
    x, y = matrix("wine"), classes("wine")
    proba = np.exp(-np.column_stack([abs(x[:, 6] - 3), abs(x[:, 6] - 2), abs(x[:, 6] - 0.8)]))
    never = np.where(x[:, 6] > 2.3, 0, 1)  # class 2 is never predicted
    out["wine"] = (y, never, np.round(proba / proba.sum(axis=1, keepdims=True), 3))
    for name, (y, predicted, proba) in out.items():
        proba[:, -1] = np.round(1 - proba[:, :-1].sum(axis=1), 3)
    return out


def classification_metrics():
    near = within(1e-14, 1e-13, "ratios of sums of a few hundred weights")
    cases = []
    for name, (y, predicted, proba) in predictions().items():
        k = proba.shape[1]
        for weights in [False, True]:
            w = ramp(len(y)) if weights else None
            data = {
                "name": name,
                "y_true": letters(y),
                "y_pred": letters(predicted),
                "proba": [[float(v) for v in row] for row in proba] if not weights else None,
                "weights": weights,
            }
            expected = {"accuracy": number(metrics.accuracy_score(y, predicted, sample_weight=w))}
            expected["balanced_accuracy"] = number(metrics.balanced_accuracy_score(y, predicted, sample_weight=w))
            for average in ["macro", "micro", "weighted"] + (["binary"] if k == 2 else []):
                for zero in [0.0, 1.0, math.nan]:
                    key = f"{average}/{number(zero)}"
                    arguments = {"average": average, "zero_division": zero, "sample_weight": w}
                    expected[f"precision/{key}"] = number(metrics.precision_score(y, predicted, **arguments))
                    expected[f"recall/{key}"] = number(metrics.recall_score(y, predicted, **arguments))
                    expected[f"f1/{key}"] = number(metrics.f1_score(y, predicted, **arguments))
            if k == 2:
                for metric in ["precision", "recall", "f1"]:
                    score = getattr(metrics, f"{metric}_score")(y, predicted, pos_label=0, sample_weight=w)
                    expected[f"{metric}/positive_0"] = number(score)
            expected["log_loss"] = number(metrics.log_loss(y, proba, sample_weight=w))
            if k == 2:
                expected["roc_auc"] = number(metrics.roc_auc_score(y, proba[:, 1], sample_weight=w))
            else:
                for multi, average in [("ovr", "macro"), ("ovr", "weighted"), ("ovr", "micro"), ("ovo", "macro"), ("ovo", "weighted")]:
                    if multi == "ovo" and weights:
                        continue  # not supported by scikit-learn
                    score = metrics.roc_auc_score(y, proba, multi_class=multi, average=average, sample_weight=w)
                    expected[f"roc_auc/{multi}/{average}"] = number(score)
            for normalize in [None, "true", "pred", "all"]:
                counts = metrics.confusion_matrix(y, predicted, normalize=normalize, sample_weight=w)
                expected[f"confusion/{normalize or 'none'}"] = array(counts)
            names = [f"class {i}" for i in range(k)]
            for label, arguments in [
                ("2", {}),
                ("4", {"digits": 4}),
                ("names", {"target_names": names}),
                ("one", {"zero_division": 1.0}),
                ("nan", {"zero_division": math.nan}),
            ]:
                expected[f"report/{label}"] = metrics.classification_report(y, predicted, sample_weight=w, **arguments)
            cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": near})
    write("classification_metrics", "Metrics of classes and probabilities, every average and zero division, with and without weights.", cases)


def regression_metrics():
    near = within(1e-14, 1e-13, "sums of at most 569 rounded squares")
    cases = []
    for name in ["diabetes", "linnerud", "breast_cancer", "wine"]:
        y = targets(name)
        columns = y.reshape(len(y), -1)
        i, j = np.indices(columns.shape)
        predicted = (np.round(columns * 0.75, 3) + (5 * i + 3 * j) % 7 / 4).reshape(y.shape)
        for weights in [False, True]:
            w = ramp(len(y)) if weights else None
            expected = {}
            for metric in ["r2", "mean_squared_error", "mean_absolute_error", "root_mean_squared_error"]:
                function = metrics.r2_score if metric == "r2" else getattr(metrics, metric)
                expected[metric] = number(function(y, predicted, sample_weight=w))
                if y.ndim == 2:
                    raw = function(y, predicted, sample_weight=w, multioutput="raw_values")
                    expected[f"{metric}/raw_values"] = array(raw)
            if y.ndim == 2:
                expected["r2/variance_weighted"] = number(metrics.r2_score(y, predicted, sample_weight=w, multioutput="variance_weighted"))
            data = {"target": name, "weights": weights}
            cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": near})
    constant = [[3.0, 3.0, 3.0], [3.0, 3.0, 3.0], [3.0, 3.0, 2.0]]
    for y, predicted in [(constant[0], constant[1]), (constant[0], constant[2])]:
        expected = {
            "r2": number(metrics.r2_score(y, predicted)),
            "r2/not_finite": number(metrics.r2_score(y, predicted, force_finite=False)),
        }
        data = {"y_true": y, "y_pred": predicted, "weights": False}
        cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": near})
    write("regression_metrics", "R2, squared and absolute errors, several targets, weights; predictions by formula.", cases)


def lbfgs():
    """SciPy's L-BFGS-B from the same starts; ours must end as low."""

    def rosenbrock(x):
        a, b = x[:-1], x[1:]
        t = b - a * a
        g = np.zeros_like(x)
        g[:-1] += -400 * a * t - 2 * (1 - a)
        g[1:] += 200 * t
        return np.sum(100 * t * t + (1 - a) ** 2), g

    def quadratic(condition, n):
        d = condition ** (np.arange(n) / (n - 1))
        target = np.cos(np.arange(n))
        return lambda x: (0.5 * np.sum(d * (x - target) ** 2), d * (x - target))

    def logistic(x):
        """Softplus of a line through the data: smooth, convex, with a finite minimum."""
        i = np.arange(40)
        features = np.column_stack([np.sin(i), np.cos(2 * i), (i % 5) / 5, np.ones(40)])
        y = (i % 3 == 0).astype(float)
        z = features @ x
        p = 1 / (1 + np.exp(-z))
        return np.sum(np.logaddexp(0, z) - y * z) + 0.05 * np.sum(x * x), features.T @ (p - y) + 0.1 * x

    cases = []
    for name, function, start in [
        ("rosenbrock", rosenbrock, np.array([-1.2, 1.0])),
        ("rosenbrock", rosenbrock, np.tile([-1.2, 1.0], 5)),
        ("rosenbrock", rosenbrock, np.tile([-1.2, 1.0], 50)),
        ("quadratic_1e2", quadratic(1e2, 20), np.zeros(20)),
        ("quadratic_1e4", quadratic(1e4, 20), np.zeros(20)),
        ("quadratic_1e6", quadratic(1e6, 50), np.ones(50)),
        ("logistic", logistic, np.zeros(4)),
    ]:
        for tol in [1e-5, 1e-8]:
            options = {"gtol": tol, "ftol": 0.0, "maxiter": 15000, "maxfun": 15000, "maxcor": 10}
            found = scipy.optimize.minimize(function, start, jac=True, method="L-BFGS-B", options=options)
            assert found.success or abs(found.jac).max() < 1e-4, (name, tol, found.message)
            expected = {"f": number(found.fun), "gradient": number(abs(found.jac).max()), "x": array(found.x), "evaluations": int(found.nfev)}
            why = "f at a point of gradient g lies within |g|^2 / (2 least curvature) of the minimum; both sides stop at the same gradient"
            near = within(1e-8 if tol > 1e-6 else 1e-13, 1e-9, why)
            data = {"function": name, "start": [float(v) for v in start]}
            cases.append({"data": data, "settings": {"gtol": tol}, "expected": expected, "tolerance": near})
    write("lbfgs", "Final values of SciPy's L-BFGS-B.", cases)


FILES = {
    "datasets": bundled,
    "standard_scaler": standard_scaler,
    "simple_imputer": simple_imputer,
    "one_hot_encoder": one_hot_encoder,
    "column_transformer": column_transformer,
    "logistic_regression": logistic_regression,
    "ridge": ridge,
    "splits": splits,
    "pipeline_search": pipeline_search,
    "classification_metrics": classification_metrics,
    "regression_metrics": regression_metrics,
    "lbfgs": lbfgs,
}
AREAS = [
    cases_categories,
    cases_cluster,
    cases_compose,
    cases_decomposition,
    cases_density,
    cases_feature_selection,
    cases_features,
    cases_glm,
    cases_groups,
    cases_impute,
    cases_kernel_density,
    cases_linear_model,
    cases_logistic,
    cases_metrics,
    cases_meta,
    cases_mixture,
    cases_mlp,
    cases_networks,
    cases_neighbors,
    cases_ridge,
    cases_scaling,
    cases_searches,
    cases_selection_splits,
    cases_sparse,
    cases_spectral,
    cases_sgd,
    cases_table,
    cases_valleys,
]
for area in AREAS:
    FILES |= area.files(shared)

for name in sys.argv[1:] or FILES:
    FILES[name]()
