"""Cases of numeric scaling and distribution."""

import numpy as np
import scipy.special
import scipy.stats
from sklearn.preprocessing import (
    Binarizer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

# Ties, a constant column, zeros, both signs, a tiny column, a huge one, missing values; and the shortest data there are.
ODD = np.array(
    [
        [1.0, 3.5, 0.0, -2.0, 1e-17, 1e9, np.nan],
        [1.0, 3.5, 0.0, 4.0, 3e-17, 1e9 + 2, 2.0],
        [2.0, 3.5, 7.0, -6.0, 0.0, 1e9 + 1, 2.0],
        [2.0, 3.5, 7.0, 8.0, 2e-17, 1e9 + 7, np.nan],
        [2.0, 3.5, 0.0, 0.0, -1e-17, 1e9 + 3, 5.0],
        [9.0, 3.5, 3.0, 1.0, 5e-17, 1e9 - 4, 4.0],
    ]
)
DATA = [
    {"name": "iris"},
    {"name": "wine"},
    {"name": "breast_cancer"},
    {"name": "diabetes_raw"},
    {"name": "titanic"},
    {"name": "iris", "holes": True},
    {"name": "diabetes_raw", "holes": True},
    {"values": ODD},
    {"values": ODD[:1, :6]},
    {"values": ODD[:2, :1]},
]
WHOLE = [d for d in DATA if d.get("name") != "titanic" and not d.get("holes") and len(d.get("values", [])) != 6]
WHOLE.append({"values": ODD[:, :6]})


def numbers(g, rows):
    return [[g.number(v) for v in row] for row in rows]


def load(g, data):
    """The matrix, and what the case says of it."""
    data = dict(data)
    single = data.get("f32", False)
    if "values" in data:
        x = np.array(data["values"])
        data["values"] = numbers(g, x)
    else:
        x = g.matrix(data["name"], holes=data.get("holes", False))
    return (x.astype(np.float32) if single else x), data


def beyond(x):
    """Some of the rows, a quarter larger: outside of what was seen. Exactly the same on both sides."""
    return x[:25] * x.dtype.type(1.25)


def run(g, estimator, settings, attributes, tolerance, inverse=True):
    """A case for each kind of data; `settings` pairs settings with data."""
    cases = []
    for chosen, data in settings:
        for d in data:
            x, described = load(g, d)
            model = estimator(**chosen).fit(x)
            z = model.transform(x.copy())
            expected = {"transform": g.array(z), "beyond": g.array(model.transform(beyond(x)))}
            if inverse:
                expected["inverse"] = g.array(model.inverse_transform(z.copy()))
            for name in attributes:
                value = getattr(model, name + "_")
                if value is not None:
                    expected[name] = g.array(value)
            near = tolerance(model, x, chosen, d)
            described_settings = {k: v for k, v in chosen.items() if k != "random_state"}
            cases.append({"data": described, "settings": described_settings, "expected": expected, "tolerance": near})
    return cases


SINGLE = [{"name": "iris", "f32": True}, {"name": "diabetes_raw", "f32": True}, {"name": "wine", "holes": True, "f32": True}]


def same_operations(g):
    exact = g.within(0, 4e-16, "the same operations in the same order; a last bit for where a compiler may fuse two of them")
    narrow = g.within(0, 2.4e-7, "the same operations in the same order in single precision, and a last bit")
    return lambda model, x, settings, data: narrow if data.get("f32") else exact


def standard(g):
    """Data that the other cases of StandardScaler do not have, and single precision."""
    rounding = g.within(1e-13, 1e-12, g.ROUNDING)
    # Transformed values divide what rounding leaves of x by the deviation.
    wide = g.within(2e-6, 2e-6, "single precision: means of hundreds, rounded to 24 bits, divided by deviations of tens")

    def tolerance(model, x, settings, data):
        return wide if data.get("f32") else rounding

    cases = run(g, StandardScaler, [({}, [{"values": ODD}, {"values": ODD[:1, :6]}, {"values": ODD[:2, :1]}] + SINGLE)], ["mean", "scale", "var"], tolerance)
    # In batches.
    for name in ["iris", "titanic", "diabetes_raw"]:
        x = g.matrix(name, holes=name == "diabetes_raw")
        model = StandardScaler()
        for part in [x[:40], x[40:80], x[80:]]:
            model.partial_fit(part)
        expected = {k: g.array(getattr(model, k + "_")) for k in ["mean", "var", "scale"]}
        expected["n_samples_seen"] = g.array(np.broadcast_to(model.n_samples_seen_, x.shape[1]))
        data = {"name": name, "holes": name == "diabetes_raw", "batches": [0, 40, 80, len(x)]}
        cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": rounding})
    g.write("standard_scaler_more", "StandardScaler: odd data, single precision, batches.", cases)


def min_max(g):
    settings = [({}, DATA + SINGLE), ({"feature_range": (-3.0, 7.5)}, DATA + SINGLE), ({"clip": True}, DATA)]
    settings.append(({"feature_range": (-1.0, 0.5), "clip": True}, DATA))
    names = ["data_min", "data_max", "data_range", "scale", "min"]
    cases = run(g, MinMaxScaler, settings, names, same_operations(g))
    for name in ["iris", "titanic"]:
        x = g.matrix(name)
        model = MinMaxScaler()
        for part in [x[:40], x[40:80], x[80:]]:
            model.partial_fit(part)
        expected = {k: g.array(getattr(model, k + "_")) for k in names} | {"n_samples_seen": model.n_samples_seen_}
        data = {"name": name, "batches": [0, 40, 80, len(x)]}
        cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": g.EXACT})
    g.write("min_max_scaler", "MinMaxScaler: ranges, clipping, missing values, batches.", cases)


def max_abs(g):
    settings = [({}, DATA + SINGLE), ({"clip": True}, DATA + SINGLE)]
    cases = run(g, MaxAbsScaler, settings, ["max_abs", "scale"], same_operations(g))
    for name in ["iris", "titanic"]:
        x = g.matrix(name)
        model = MaxAbsScaler()
        for part in [x[:40], x[40:80], x[80:]]:
            model.partial_fit(part)
        expected = {k: g.array(getattr(model, k + "_")) for k in ["max_abs", "scale"]} | {"n_samples_seen": model.n_samples_seen_}
        data = {"name": name, "batches": [0, 40, 80, len(x)]}
        cases.append({"data": data, "settings": {}, "expected": expected, "tolerance": g.EXACT})
    g.write("max_abs_scaler", "MaxAbsScaler: clipping, missing values, batches.", cases)


def robust(g):
    def tolerance(model, x, settings, data):
        if data.get("f32"):
            return g.within(1e-6, 1e-6, "single precision: the median is rounded to 24 bits before it is subtracted")
        return g.within(1e-14, 1e-14, "a few operations on copied values: some last bits of the largest")

    settings = [
        ({}, DATA + SINGLE),
        ({"with_centering": False}, DATA),
        ({"with_scaling": False}, DATA),
        ({"with_centering": False, "with_scaling": False}, DATA[:3]),
        ({"quantile_range": (10.0, 80.0)}, DATA + SINGLE),
        ({"quantile_range": (0.0, 100.0)}, DATA),
        ({"quantile_range": (50.0, 50.0)}, DATA[:3]),
        ({"unit_variance": True}, DATA + SINGLE),
        ({"unit_variance": True, "quantile_range": (5.0, 99.5)}, DATA),
    ]
    cases = run(g, RobustScaler, settings, ["center", "scale"], tolerance)
    g.write("robust_scaler", "RobustScaler: parts, quantile ranges, unit variance, missing values.", cases)


def normalizer(g):
    def tolerance(model, x, settings, data):
        if data.get("f32"):
            return g.within(0, 5e-7, "sums of some ten values of single precision, theirs rounded at each step")
        return g.within(0, 2e-15, "sums of up to thirty values in another order")

    single = [d for d in SINGLE if not d.get("holes")]
    zeros = {"values": np.array([[0.0, 0.0], [1e-16, 0.0], [3.0, -4.0], [1e-15, 2e-15]])}
    settings = [({"norm": norm}, WHOLE + single + [zeros]) for norm in ["l2", "l1", "max"]]
    cases = run(g, Normalizer, settings, [], tolerance, inverse=False)
    g.write("normalizer", "Normalizer: each norm, rows of zeros, tiny rows.", cases)


def binarizer(g):
    single = [d for d in SINGLE if not d.get("holes")]
    settings = [({"threshold": t}, WHOLE + single) for t in [0.0, 2.0, -1.5, 0.2, 1e9]]
    cases = run(g, Binarizer, settings, [], lambda *_: g.EXACT, inverse=False)
    g.write("binarizer", "Binarizer: thresholds.", cases)


def quantile(g):
    def tolerance(model, x, settings, data):
        if data.get("f32"):
            why = "there levels are rounded to 24 bits before the normal quantile, whose slope is some hundreds there"
            return g.within(1e-4, 1e-6, why)
        if settings.get("output_distribution") == "normal":
            return g.within(2e-9, 1e-12, "two approximations of the normal quantile: some last bits, times its slope of up to 2e6 at the ends")
        return g.within(1e-15, 1e-14, "the same operations; quantiles of hundreds to some last bits")

    none = {"subsample": None}
    settings = [({"n_quantiles": 1000} | none, DATA + SINGLE)]
    settings += [({"n_quantiles": n} | none, DATA) for n in [1, 2, 7, 100]]
    settings += [({"n_quantiles": n, "output_distribution": "normal"} | none, DATA + SINGLE) for n in [1000, 20]]
    # More rows may be drawn than there are: none are.
    settings += [({"n_quantiles": 50, "subsample": 5000}, DATA[:3])]
    cases = run(g, QuantileTransformer, settings, ["quantiles", "references"], tolerance)
    g.write("quantile_transformer", "QuantileTransformer: numbers of quantiles, both distributions, ties, missing values.", cases)


def exact_lambda(x, method):
    """The root of the derivative of the likelihood, by bisection in extended precision."""
    x = x[~np.isnan(x)].astype(np.longdouble)
    above, below = (np.log(x), x[:0]) if method == "box-cox" else (np.log1p(x[x >= 0]), np.log1p(-x[x < 0]))
    c = (above.sum() - below.sum()) / len(x)

    def power(k, l):
        if abs(k) < 1e-9:
            return l + k * l * l / 2, l * l / 2 + k * l**3 / 3
        e = np.expm1(k * l)
        return e / k, (l * (e + 1) - e / k) / k

    def slope(lam):
        (z1, d1), (z2, d2) = power(lam, above), power(2 - lam, below)
        z, d = np.concatenate([z1, -z2]), np.concatenate([d1, d2])
        z, d = z - z.mean(), d - d.mean()
        return (z * d).mean() / (z * z).mean() - c

    low, high = np.longdouble(-1), np.longdouble(3)
    while slope(low) > 0:
        low *= 2
    while slope(high) < 0:
        high *= 2
    for _ in range(90):
        middle = (low + high) / 2
        if slope(middle) > 0:
            high = middle
        else:
            low = middle
    return float(middle)


def by_definition(x, lam, method):
    return scipy.special.boxcox(x, lam) if method == "box-cox" else scipy.stats.yeojohnson(x, lam)


def power(g):
    spread = {}

    def tolerance(model, x, settings, data):
        if data.get("f32"):
            return g.within(5e-3, 5e-4, "single precision: there the likelihood is summed in 24 bits, which hide differences of lambda of some 1e-3")
        why = "there lambda is where a likelihood is greatest, which 53 bits tell to half as many: up to 2.5e-6 from the exact root"
        return g.within(5e-6, 5e-6, why)

    plain = [d for d in DATA if "values" not in d and d.get("name") not in ("titanic",)]
    odd = {"values": ODD[:, [0, 2, 3, 6]]}
    positive = [d for d in plain if d["name"] in ("iris", "wine", "diabetes_raw")] + [{"name": "penguins"}, {"values": ODD[:, [0, 6]]}]
    mixed = plain + [{"name": "titanic"}, {"name": "penguins"}, {"name": "diabetes"}, odd, {"values": ODD[:, :2]}]
    cases = []
    for method, standardize in [("yeo-johnson", True), ("yeo-johnson", False), ("box-cox", True), ("box-cox", False)]:
        chosen = {"method": method, "standardize": standardize}
        data = positive if method == "box-cox" else mixed
        for case, d in zip(run(g, PowerTransformer, [(chosen, data)], ["lambdas"], tolerance), data):
            x, _ = load(g, d)
            exact = []
            for column in x.T:
                known = column[~np.isnan(column)]
                exact.append(1.0 if np.ptp(known) == 0 else exact_lambda(column, method))
            case["expected"]["exact_lambdas"] = [g.number(v) for v in exact]
            z = np.column_stack([by_definition(column, lam, method) for column, lam in zip(x.T, exact)])
            case["expected"]["exact_transform"] = g.array(StandardScaler().fit_transform(z) if standardize else z)
            apart = max(1.0, (np.nanmax(np.abs(z), axis=0) / np.maximum(np.nanstd(z, axis=0), 1e-300))[np.nanstd(z, axis=0) > 1e-12].max(initial=1.0))
            why = f"values rounded, then centred: they are up to {apart:.1e} deviations from 0"
            case["exact_transform"] = g.within(1e-11 + (16 * g.EPS * apart if standardize else 0), 1e-11, why)
            why = "a root found in double precision against one in extended precision: rounding of sums of hundreds over the slope"
            case["exact"] = g.within(1e-11, 1e-11, why)
            model = PowerTransformer(**chosen).fit(x)
            spread[method] = max(spread.get(method, 0), np.abs((model.lambdas_ - exact) / np.maximum(1, np.abs(exact))).max())
            case["settings"]["method"] = method.replace("-", "_")
            cases.append(case)
    print("lambda, theirs against the exact root:", spread)
    g.write("power_transformer", "PowerTransformer: both families, with and without standardizing, missing values.", cases)


def files(g):
    each = {
        "standard_scaler_more": standard,
        "min_max_scaler": min_max,
        "max_abs_scaler": max_abs,
        "robust_scaler": robust,
        "normalizer": normalizer,
        "binarizer": binarizer,
        "quantile_transformer": quantile,
        "power_transformer": power,
    }
    return {name: lambda write=write: write(g) for name, write in each.items()}
