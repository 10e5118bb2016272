"""Cases of the transformers that make features."""

import numpy as np
from shared import EXACT, array, matrix, number, ramp, table, within, write

from sklearn import datasets
from sklearn.preprocessing import (
    FunctionTransformer,
    KBinsDiscretizer,
    LabelBinarizer,
    LabelEncoder,
    MultiLabelBinarizer,
    PolynomialFeatures,
    SplineTransformer,
)


def polynomial_features():
    same = within(0, 0, "the same factors are multiplied in the same order, each product rounded once")
    cases = []
    for name in ["iris", "diabetes", "penguins"]:
        x = matrix(name)
        for settings in [
            {},
            {"degree": 0},
            {"degree": 1},
            {"degree": 3},
            {"degree": [2, 3]},
            {"degree": [0, 2]},
            {"degree": [3, 3], "include_bias": False},
            {"degree": [1, 3], "interaction_only": True},
            {"degree": [2, 4], "interaction_only": True, "include_bias": False},
            {"interaction_only": True},
            {"include_bias": False},
            {"order": "F"},
            {"order": "F", "degree": [2, 3]},
            {"degree": 4},
        ]:
            if settings.get("degree") == 4 and name == "diabetes":
                continue
            arguments = settings | ({"degree": tuple(settings["degree"])} if isinstance(settings.get("degree"), list) else {})
            model = PolynomialFeatures(**arguments).fit(x)
            expected = {
                "transform": array(model.transform(x)),
                "powers": array(model.powers_),
                "names": list(model.get_feature_names_out()),
                "n_output_features": model.n_output_features_,
            }
            cases.append({"data": {"name": name}, "settings": settings, "expected": expected, "tolerance": same})
    write("polynomial_features", "PolynomialFeatures: degrees, interactions, bias, layout; powers and names.", cases)


QUANTILE_METHODS = [
    "inverted_cdf",
    "averaged_inverted_cdf",
    "closest_observation",
    "interpolated_inverted_cdf",
    "hazen",
    "weibull",
    "linear",
    "median_unbiased",
    "normal_unbiased",
]


def k_bins_discretizer():
    near = within(1e-14, 1e-14, "an edge is a value, or the mean or the interpolation of two, rounded a few times")
    means = within(1e-13, 1e-12, "centres of clusters are means of some hundred values, summed in another order, in up to 300 rounds")
    cases = []

    def case(data, x, settings, weights=False):
        model = KBinsDiscretizer(**{"subsample": None} | settings).fit(x, sample_weight=ramp(len(x)) if weights else None)
        z = model.transform(x)
        z = z.toarray() if hasattr(z, "toarray") else z
        expected = {
            "transform": array(z),
            "n_bins": [int(n) for n in model.n_bins_],
            "edges": [[number(e) for e in edges] for edges in model.bin_edges_],
            "names": [str(n) for n in model.get_feature_names_out()],
        }
        if all(np.isfinite(e).all() for e in model.bin_edges_):
            expected["inverse"] = array(model.inverse_transform(z))
        tolerance = means if settings.get("strategy") == "kmeans" else near
        cases.append({"data": data | {"weights": weights}, "settings": settings, "expected": expected, "tolerance": tolerance})

    for name in ["iris", "diabetes_raw", "wine", "penguins"]:
        x = matrix(name)
        for settings in [
            {},
            {"n_bins": 3},
            {"n_bins": 2},
            {"n_bins": 20, "encode": "ordinal"},
            {"n_bins": 50, "encode": "ordinal"},
            {"n_bins": [2 + j % 5 for j in range(x.shape[1])]},
            {"encode": "onehot-dense"},
            {"encode": "ordinal"},
            {"encode": "ordinal", "strategy": "uniform"},
            {"strategy": "uniform", "n_bins": 9},
            {"strategy": "uniform", "n_bins": [2 + j % 5 for j in range(x.shape[1])]},
            {"encode": "ordinal", "strategy": "kmeans"},
            {"strategy": "kmeans", "n_bins": 3},
            {"strategy": "kmeans", "n_bins": [2 + j % 5 for j in range(x.shape[1])], "encode": "ordinal"},
            *({"quantile_method": m, "encode": "ordinal"} for m in QUANTILE_METHODS),
            *({"quantile_method": m, "encode": "ordinal", "n_bins": 7} for m in QUANTILE_METHODS),
        ]:
            case({"name": name}, x, settings)
        for settings in [
            {"encode": "ordinal"},
            {"encode": "ordinal", "quantile_method": "inverted_cdf"},
            {"encode": "ordinal", "quantile_method": "inverted_cdf", "n_bins": 11},
            {"encode": "ordinal", "strategy": "uniform"},
            {"encode": "ordinal", "strategy": "kmeans"},
            {"encode": "ordinal", "strategy": "kmeans", "n_bins": 4},
        ]:
            case({"name": name}, x, settings, weights=True)
    few = np.array([[0.0, 3.0, 1e-9, 5.0], [0, 3, 0, 1], [1, 3, 0, 1], [2, 3, 0, 1], [2, 3, 1, 7], [2, 3, 1, 8], [9, 3, 1, 8]])
    for settings in [
        {"encode": "ordinal"},
        {"n_bins": 3},
        {"encode": "ordinal", "strategy": "uniform"},
        {"encode": "ordinal", "strategy": "kmeans", "n_bins": 2},
        {"encode": "ordinal", "strategy": "kmeans", "n_bins": 3},
    ]:
        case({"values": few.tolist()}, few, settings)
    write("k_bins_discretizer", "KBinsDiscretizer: strategies, numbers of bins, encodings, quantile methods, weights, constant columns.", cases)


def spline_transformer():
    near = within(1e-13, 1e-12, "a basis is some ten sums, products and quotients; polynomials that go on far outside lose digits by cancellation")
    cases = []
    for name in ["iris", "diabetes_raw", "penguins"]:
        x = matrix(name)
        low, high = x.min(axis=0), x.max(axis=0)
        given = [[float(v) for v in low + (high - low) * share] for share in [-0.1, 0.2, 0.3, 0.7, 1.1]]
        # Fitted on the first half of the rows, so that others lie outside.
        for settings in [
            {},
            {"n_knots": 2},
            {"n_knots": 9},
            {"degree": 0},
            {"degree": 1},
            {"degree": 2},
            {"degree": 5},
            {"knots": "quantile"},
            {"knots": "quantile", "n_knots": 4, "degree": 2},
            {"knots": {"given": given}},
            {"knots": {"given": given}, "extrapolation": "error"},
            {"knots": {"given": given}, "extrapolation": "periodic", "degree": 2},
            {"extrapolation": "linear"},
            {"extrapolation": "linear", "degree": 2},
            {"extrapolation": "continue"},
            {"extrapolation": "continue", "degree": 1},
            {"extrapolation": "periodic"},
            {"extrapolation": "periodic", "degree": 1},
            {"extrapolation": "periodic", "degree": 0},
            {"extrapolation": "periodic", "degree": 4, "knots": "quantile", "n_knots": 6},
            {"include_bias": False},
            {"include_bias": False, "extrapolation": "periodic"},
            {"order": "F"},
            {"handle_missing": "zeros"},
            {"handle_missing": "zeros", "knots": "quantile"},
            {"handle_missing": "zeros", "extrapolation": "linear"},
            {"handle_missing": "zeros", "extrapolation": "periodic"},
        ]:
            for weights in [False, True]:
                if weights and (settings.get("degree", 3) != 3 or "given" in settings.get("knots", {})):
                    continue
                holes = settings.get("handle_missing") == "zeros"
                half = settings.get("degree") != 0 and settings.get("extrapolation") != "error" and settings.get("knots") != "quantile"
                data = {"name": name, "holes": holes, "half": half, "weights": weights}
                x = matrix(name, holes=holes)
                at_fit = x[: len(x) // 2] if half else x
                arguments = dict(settings)
                if "given" in settings.get("knots", {}):
                    arguments["knots"] = np.array(given)
                model = SplineTransformer(**arguments).fit(at_fit, sample_weight=ramp(len(at_fit)) if weights else None)
                expected = {
                    "transform": array(model.transform(x)),
                    "knots": array([b.t for b in model.bsplines_]),
                    "names": [str(n) for n in model.get_feature_names_out()],
                }
                cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": near})
    # Degrees of one column only: scikit-learn changes the degree from column to column.
    x = matrix("iris")[:, :1]
    outside = np.array([[3.0], [4.2], [5.5], [7.9], [9.0], [12.5]])
    for settings in [
        {"extrapolation": "linear", "degree": 1},
        {"extrapolation": "linear", "degree": 0},
        {"extrapolation": "linear", "degree": 3, "include_bias": False},
        {"extrapolation": "constant", "degree": 1},
    ]:
        model = SplineTransformer(**settings).fit(x)
        expected = {
            "transform": array(model.transform(outside)),
            "knots": array([b.t for b in model.bsplines_]),
            "names": [str(n) for n in model.get_feature_names_out()],
        }
        data = {"name": "iris", "first_column": True, "outside": outside.tolist()}
        cases.append({"data": data, "settings": settings, "expected": expected, "tolerance": near})
    # A constant column, and one with two values.
    few = np.array([[1.0, 2.0], [1, 2], [1, 5], [1, 5]])
    for settings in [{}, {"degree": 0}, {"extrapolation": "periodic"}, {"knots": "quantile"}, {"extrapolation": "continue"}]:
        model = SplineTransformer(**settings).fit(few)
        expected = {
            "transform": array(model.transform(few)),
            "knots": array([b.t for b in model.bsplines_]),
            "names": [str(n) for n in model.get_feature_names_out()],
        }
        cases.append({"data": {"values": few.tolist()}, "settings": settings, "expected": expected, "tolerance": near})
    write("spline_transformer", "SplineTransformer: knots, degrees, every extrapolation, missing values, weights.", cases)


def function_transformer():
    near = within(0, 1e-14, "one call of an elementary function, right to an ulp or two in either library")
    functions = {
        None: (None, None),
        "log1p": (np.log1p, np.expm1),
        "sqrt": (np.sqrt, np.square),
        "log": (np.log, np.exp),
        "log2": (np.log2, np.exp2),
        "log10": (np.log10, None),
        "cbrt": (np.cbrt, None),
        "abs": (np.abs, None),
        "negative": (np.negative, np.negative),
        "reciprocal": (np.reciprocal, np.reciprocal),
        "sin": (np.sin, None),
        "cos": (np.cos, None),
        "tan": (np.tan, np.arctan),
        "tanh": (np.tanh, None),
        "sign": (np.sign, None),
        "floor": (np.floor, None),
        "ceil": (np.ceil, None),
        "round": (np.round, None),
        "arcsinh": (np.arcsinh, np.sinh),
        "radians": (np.radians, np.degrees),
    }
    names = {np.expm1: "expm1", np.square: "square", np.exp: "exp", np.exp2: "exp2", np.negative: "negative"}
    names |= {np.reciprocal: "reciprocal", np.arctan: "arctan", np.sinh: "sinh", np.degrees: "degrees"}
    cases = []
    for name in ["iris", "wine", "penguins"]:
        x = matrix(name)
        for func, (f, inverse) in functions.items():
            for settings in [{"func": func}] + ([{"func": func, "inverse_func": names[inverse], "validate": True}] if inverse else []):
                arguments = {"func": f, "feature_names_out": "one-to-one"}
                if "inverse_func" in settings:
                    arguments |= {"inverse_func": inverse, "validate": True}
                model = FunctionTransformer(**arguments).fit(x)
                z = model.transform(x)
                expected = {"transform": array(z), "inverse": array(model.inverse_transform(z))}
                cases.append({"data": {"name": name}, "settings": settings, "expected": expected, "tolerance": near})
        for settings, arguments in [
            ({"func": {"power": 0.3}}, {"func": np.power, "kw_args": {"x2": 0.3}}),
            ({"func": {"clip": [1.0, 4.0]}}, {"func": np.clip, "kw_args": {"a_min": 1.0, "a_max": 4.0}}),
            ({"func": {"add": -2.5}}, {"func": np.add, "kw_args": {"x2": -2.5}}),
            ({"func": {"multiply": 0.1}}, {"func": np.multiply, "kw_args": {"x2": 0.1}}),
        ]:
            function, kw = arguments["func"], arguments["kw_args"]
            call = (lambda v, f=function, kw=kw: f(v, kw["x2"])) if "x2" in kw else (lambda v, kw=kw: np.clip(v, **kw))
            z = FunctionTransformer(func=call).fit_transform(x)
            cases.append({"data": {"name": name}, "settings": settings, "expected": {"transform": array(z)}, "tolerance": near})
    write("function_transformer", "FunctionTransformer: functions with a name, their inverses, functions with numbers.", cases)


LABELS = {
    "words": ["paris", "tokyo", "", "paris", "amsterdam", "Zürich", "amsterdam"],
    "numbers": [10, -3, 7, 7, 10, 200, -3, 0],
    "flags": [True, False, False, True],
    "two": ["yes", "no", "no"],
    "one": [4, 4, 4],
    "three": [2, 0, 1, 2, 2],
}


def labels():
    """Small lists, and targets of three data sets: texts, integers, booleans."""
    return LABELS | {
        "penguins": [str(v) for v in table("penguins")["species"][::9]],
        "digits": [int(v) for v in datasets.load_digits().target[::150]],
        "titanic": [bool(v) for v in table("titanic")["survived"][::30]],
    }


def label_sets():
    """What is there in rows of three data sets."""
    penguins, titanic, wine = table("penguins")[::12], table("titanic")[::40], datasets.load_wine().data[::6]
    words = lambda frame: [[str(v) for v in row if isinstance(v, str)] for row in frame.to_numpy()]
    high = [[int(j) for j in np.flatnonzero(row > wine.mean(axis=0))] for row in wine]
    return [words(penguins[["species", "island", "sex"]]), words(titanic[["sex", "embarked", "boat"]]), high]


def label_encoder():
    cases = []
    for name, y in labels().items():
        model = LabelEncoder().fit(y)
        codes = model.transform(y)
        expected = {"codes": [int(c) for c in codes], "classes": [str(c) for c in model.classes_]}
        assert list(model.inverse_transform(codes)) == y
        cases.append({"data": {"labels": y, "of": name}, "settings": {}, "expected": expected, "tolerance": EXACT})
    write("label_encoder", "LabelEncoder: texts, integers, booleans.", cases)


def label_binarizer():
    cases = []
    for name, y in labels().items():
        for settings in [{}, {"neg_label": -1}, {"neg_label": -2, "pos_label": 0}, {"neg_label": 3, "pos_label": 5}]:
            model = LabelBinarizer(**settings).fit(y)
            columns = model.transform(y)
            i, j = np.indices(columns.shape)
            scores = np.cos(3.0 * i + 1.7 * j) * 2.0
            expected = {"columns": array(columns), "classes": [str(c) for c in model.classes_], "scores": {"values": [number(v) for v in scores.ravel()]}}
            for threshold in [None, 0.0, 0.5]:
                back = model.inverse_transform(scores, threshold=threshold)
                expected[f"inverse/{threshold}"] = [str(c) for c in back]
            cases.append({"data": {"labels": y, "of": name}, "settings": settings, "expected": expected, "tolerance": EXACT})
    write("label_binarizer", "LabelBinarizer: columns, and classes of scores at three thresholds.", cases)


def multi_label_binarizer():
    cases = []
    for rows, classes in [
        ([["sun", "sea"], [], ["sea"], ["rain", "sun", "sun"]], None),
        ([["sun", "sea"], [], ["sea"], ["rain", "sun"]], ["sun", "wind", "rain", "sea"]),
        ([[3, 1], [2], [1, 2, 3], []], None),
        ([[3, 1], [2], [1, 2, 3], []], [9, 3, 2, 1]),
        ([[True], [False, True]], None),
        *((rows, None) for rows in label_sets()),
        *((rows, sorted({c for row in rows for c in row}, reverse=True)) for rows in label_sets()),
    ]:
        model = MultiLabelBinarizer(classes=classes).fit(rows)
        columns = model.transform(rows)
        kind = type(next(c for row in rows for c in row))  # NumPy turns booleans into integers here
        expected = {"columns": array(columns), "classes": [str(kind(c)) for c in model.classes_]}
        cases.append({"data": {"rows": rows}, "settings": {"classes": classes}, "expected": expected, "tolerance": EXACT})
    write("multi_label_binarizer", "MultiLabelBinarizer: sets of texts, integers, booleans; given classes.", cases)


def files(_):
    return {
        "polynomial_features": polynomial_features,
        "k_bins_discretizer": k_bins_discretizer,
        "spline_transformer": spline_transformer,
        "function_transformer": function_transformer,
        "label_encoder": label_encoder,
        "label_binarizer": label_binarizer,
        "multi_label_binarizer": multi_label_binarizer,
    }
