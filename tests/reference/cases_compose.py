"""Cases of composition: column transformers over matrices and tables, feature unions, transformed targets."""

import io

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import Ridge
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

MATRICES = ["wine", "diabetes_raw", "iris"]


def parts_of_matrix(variant, width):
    """By name, as tests/reference/compose.rs builds them."""
    scale, spread, centre = StandardScaler(), StandardScaler(with_mean=False), StandardScaler(with_std=False)
    two = [("a", scale, [0, -1]), ("b", spread, slice(1, 3))]
    return {
        "drop": lambda: ColumnTransformer(two),
        "passthrough": lambda: ColumnTransformer(two, remainder="passthrough"),
        "estimator": lambda: ColumnTransformer(two, remainder=centre),
        "weights": lambda: ColumnTransformer(two, remainder="passthrough", transformer_weights={"a": 2.0, "remainder": -0.5}),
        "parts": lambda: ColumnTransformer(
            [("keep", "passthrough", [1]), ("out", "drop", [0]), ("a", scale, [-1])], remainder="passthrough"
        ),
        "mask": lambda: ColumnTransformer([("a", scale, [i % 2 == 0 for i in range(width)])], remainder="passthrough"),
        "last": lambda: ColumnTransformer([("a", scale, slice(-2, None)), ("b", spread, slice(None, 1))]),
        "short": lambda: ColumnTransformer(two, remainder="passthrough", verbose_feature_names_out=False),
        "format": lambda: ColumnTransformer(two, verbose_feature_names_out="{feature_name}|{transformer_name}"),
        "twice": lambda: ColumnTransformer([("a", scale, [0, 1]), ("b", centre, [1, 2])]),
        "empty": lambda: ColumnTransformer([("none", scale, []), ("b", centre, [1, 2])], remainder="drop"),
    }[variant]()


VARIANTS = ["drop", "passthrough", "estimator", "weights", "parts", "mask", "last", "short", "format", "twice", "empty"]


def outcome(g, model, x):
    out = model.transform(x)
    out = np.asarray(out.todense() if hasattr(out, "todense") else out, dtype=float)
    expected = {"transform": g.array(out), "names": [str(n) for n in model.get_feature_names_out()]}
    if hasattr(model, "output_indices_"):
        expected["indices"] = {name: [int(s.start or 0), int(s.stop or 0)] for name, s in model.output_indices_.items()}
    return expected


def column_transformer_options(g):
    """`g` is the module with the data and the writers."""
    tolerance = g.within(1e-13, 1e-12, g.ROUNDING)
    cases = []
    for name in MATRICES:
        x = g.matrix(name)
        for variant in VARIANTS:
            model = parts_of_matrix(variant, x.shape[1]).fit(x[: len(x) // 2])
            data = {"name": name}
            settings = {"variant": variant}
            cases.append({"data": data, "settings": settings, "expected": outcome(g, model, x), "tolerance": tolerance})
    g.write("column_transformer_options", "ColumnTransformer over matrices: every setting.", cases)


def orders():
    """A made table as a delimited file: skewed prices, counts, a text with a rare value, holes in three columns."""
    rng = np.random.default_rng(17)
    rows = ["city,price,payment,items"]
    for i in range(90):
        city = rng.choice(["Ulm", "Bonn", "Kiel", "São Paulo", ""], p=[0.4, 0.3, 0.2, 0.05, 0.05])
        price = "" if rng.random() < 0.1 else f"{np.exp(rng.normal(3, 1)):.2f}"
        items = "" if rng.random() < 0.05 else str(rng.poisson(2))
        rows.append(f"{city},{price},{rng.choice(['card', 'cash', 'transfer'])},{items}")
    return "\n".join(rows) + "\n"


def column_transformer_tables(g):
    tolerance = g.within(1e-13, 1e-12, g.ROUNDING)
    numbers = {"titanic": ["age", "fare"], "penguins": ["body_mass_g", "flipper_length_mm"], "orders": ["price", "items"]}
    texts = {"titanic": ["sex", "embarked"], "penguins": ["island", "species"], "orders": ["city", "payment"]}
    fill = Pipeline([("impute", SimpleImputer(strategy="median")), ("scale", StandardScaler())])
    onehot = OneHotEncoder(sparse_output=False, handle_unknown="ignore")
    cases = []
    for name in ["titanic", "penguins", "orders"]:
        text_of_file = orders() if name == "orders" else None
        frame = pd.read_csv(io.StringIO(text_of_file), keep_default_na=False, na_values=[""]) if text_of_file else g.table(name)
        number, text = numbers[name], texts[name]
        frame = frame[[text[0], number[0], text[1], number[1]]]
        for variant, model in {
            "estimator": ColumnTransformer([("num", fill, number)], remainder=onehot),
            "numeric_remainder": ColumnTransformer([("cat", onehot, text)], remainder=fill),
            "slice": ColumnTransformer([("num", fill, [1, -1]), ("cat", onehot, [0])]),
            "labels": ColumnTransformer([("num", fill, slice(number[0], number[0])), ("cat", onehot, [text[1]])]),
            "weights": ColumnTransformer(
                [("num", fill, number), ("cat", onehot, text)], transformer_weights={"num": 0.25, "cat": 3.0}
            ),
            "short": ColumnTransformer([("num", fill, number), ("cat", onehot, text)], verbose_feature_names_out=False),
        }.items():
            model.fit(frame.iloc[: len(frame) // 2])
            expected = outcome(g, model, frame)
            data = {"name": name, "numbers": number, "texts": text} | ({"csv": text_of_file} if text_of_file else {})
            cases.append({"data": data, "settings": {"variant": variant}, "expected": expected, "tolerance": tolerance})
    g.write("column_transformer_tables", "ColumnTransformer over mixed tables: choices of columns, remainders, weights.", cases)


def feature_union(g):
    tolerance = g.within(1e-13, 1e-12, g.ROUNDING)
    cases = []
    for name in MATRICES:
        x = g.matrix(name)
        scale, centre = ("scale", StandardScaler()), ("centre", StandardScaler(with_std=False))
        for variant, model in {
            "two": FeatureUnion([scale, centre]),
            "passthrough": FeatureUnion([("same", "passthrough"), scale]),
            "dropped": FeatureUnion([scale, ("out", "drop"), centre]),
            "weights": FeatureUnion([scale, ("same", "passthrough"), centre], transformer_weights={"centre": -3.0, "same": 0.5}),
            "short": FeatureUnion([scale], verbose_feature_names_out=False),
        }.items():
            model.fit(x[: len(x) // 2])
            expected = outcome(g, model, x)
            cases.append({"data": {"name": name}, "settings": {"variant": variant}, "expected": expected, "tolerance": tolerance})
    g.write("feature_union", "FeatureUnion: parts, passthrough and drop, weights, names.", cases)


def transformed_target(g):
    tolerance = g.within(1e-12, 1e-10, "a direct solve, and exponentials of its rounding")
    cases = []
    for name in ["diabetes", "linnerud", "wine"]:
        x, y = g.matrix(name, scaled=True), g.targets(name)
        for variant, settings in {
            "identity": {},
            "log": {"func": np.log1p, "inverse_func": np.expm1},
            "scaler": {"transformer": StandardScaler()},
            "unchecked": {"func": np.log1p, "inverse_func": np.exp, "check_inverse": False},
        }.items():
            for weights in [False, True]:
                model = TransformedTargetRegressor(Ridge(alpha=2.0), **settings)
                fit = {"sample_weight": g.ramp(len(x))} if weights else {}
                model.fit(x, y, **fit)
                expected = {
                    "coef": g.array(np.atleast_2d(model.regressor_.coef_)),
                    "predict": g.array(model.predict(x).reshape(len(x), -1)),
                    "score": g.number(model.score(x, y, **fit)),
                }
                data = {"name": name, "scaled": True, "weights": weights}
                cases.append({"data": data, "settings": {"variant": variant}, "expected": expected, "tolerance": tolerance})
    g.write("transformed_target", "TransformedTargetRegressor: functions, a transformer, several targets, weights.", cases)


def files(g):
    """The files of this part, each with what writes it."""
    return {
        "column_transformer_options": lambda: column_transformer_options(g),
        "column_transformer_tables": lambda: column_transformer_tables(g),
        "feature_union": lambda: feature_union(g),
        "transformed_target": lambda: transformed_target(g),
    }
