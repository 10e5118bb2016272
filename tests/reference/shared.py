"""The data of the reference cases, and how cases are written."""

import json
import math
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import scipy
import sklearn
from sklearn import datasets

assert sklearn.__version__ == "1.9.1", f"pinned to scikit-learn 1.9.1, found {sklearn.__version__}"
HERE = Path(__file__).parent
CSV = HERE.parent.parent / "datasets"
EPS = np.finfo(float).eps
warnings.filterwarnings("ignore")


# ---- data, built the same way by tests/reference.rs ------------------------------------------------------------------


def table(name):
    """A bundled mixed table; texts missing as NaN, as pandas reads them."""
    return pd.read_csv(CSV / f"{name}.csv", keep_default_na=False, na_values=[""])


TITANIC_NUMBERS = ["age", "sibsp", "parch", "fare", "body"]
PENGUIN_NUMBERS = ["culmen_length_mm", "culmen_depth_mm", "flipper_length_mm", "body_mass_g"]


def matrix(name, scaled=False, holes=False):
    """Features by name; `scaled` to mean 0 and deviation 1, `holes` with every eleventh value missing."""
    load = {
        "iris": lambda: datasets.load_iris().data,
        "wine": lambda: datasets.load_wine().data,
        "breast_cancer": lambda: datasets.load_breast_cancer().data,
        "diabetes": lambda: datasets.load_diabetes().data,
        "diabetes_raw": lambda: datasets.load_diabetes(scaled=False).data,
        "linnerud": lambda: datasets.load_linnerud().data,
        "titanic": lambda: table("titanic")[TITANIC_NUMBERS].to_numpy(float),
        "penguins": lambda: table("penguins")[PENGUIN_NUMBERS].dropna().to_numpy(float),
    }
    x = np.array(load[name](), dtype=float)
    if scaled:
        x = (x - x.mean(axis=0)) / x.std(axis=0)
    if holes:
        i, j = np.indices(x.shape)
        x[(3 * i + 7 * j) % 11 == 0] = np.nan
    return x


def classes(name):
    y = datasets.load_diabetes().target
    load = {
        "iris": lambda: datasets.load_iris().target,
        "wine": lambda: datasets.load_wine().target,
        "breast_cancer": lambda: datasets.load_breast_cancer().target,
        "diabetes_2": lambda: (y > 140).astype(int),
        "diabetes_3": lambda: (y > 94).astype(int) + (y > 166),
        "penguins": lambda: table("penguins").dropna(subset=PENGUIN_NUMBERS)["species"].to_numpy(str),
        "titanic": lambda: table("titanic")["survived"].to_numpy(int),
    }
    return load[name]()


def targets(name):
    """Real targets."""
    load = {
        "diabetes": lambda: datasets.load_diabetes().target,
        "linnerud": lambda: datasets.load_linnerud().target,
        "breast_cancer": lambda: datasets.load_breast_cancer().target.astype(float),
        "wine": lambda: np.column_stack([datasets.load_wine().target, datasets.load_wine().target == 1]).astype(float),
    }
    return load[name]()


def ramp(n):
    """Sample weights from 0 to 2.5, every eleventh of them 0."""
    return (7 * np.arange(n) % 11) / 4


# ---- what is written --------------------------------------------------------------------------------------------------


def number(v):
    v = float(v)
    if math.isnan(v):
        return "nan"
    if math.isinf(v):
        return "inf" if v > 0 else "-inf"
    return v


def array(a):
    """An array, whole when it is small."""
    a = np.asarray(a, dtype=float)
    out = {"shape": list(a.shape)}
    flat = a.ravel()
    if a.size <= 48:
        return out | {"values": [number(v) for v in flat]}
    known = np.where(np.isnan(a), 0.0, a)
    columns = known.reshape(len(a), -1)
    return out | {
        "head": [number(v) for v in flat[:12]],
        "nan": int(np.isnan(a).sum()),
        "sums": [number(v) for v in columns.sum(axis=0)[:16]],
        # Weighted by the row, so that a wrong order of rows is seen.
        "moment": number((columns * np.arange(1, len(a) + 1)[:, None]).sum() / len(a)),
        "norm": number(np.sqrt((known**2).sum())),
    }


def letters(codes):
    """Small integers as one text."""
    return "".join("0123456789abcdefghij"[int(c)] for c in codes)


def within(absolute, relative, why):
    """|ours − reference| ≤ absolute + relative · largest reference value."""
    return {"absolute": float(f"{absolute:.3g}"), "relative": float(f"{relative:.3g}"), "why": why}


EXACT = within(0, 0, "counts, positions, texts and values that are copied are the same, not close")
ROUNDING = "sums of a few hundred to a few thousand rounded numbers, in another order: some n eps of the largest, rarely reached"


def write(name, what, cases):
    head = {
        "scikit_learn": sklearn.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "script": "tests/reference/generate.py",
        "what": what,
    }
    path = HERE / f"{name}.json"
    body = ",\n".join(json.dumps(case, allow_nan=False) for case in cases)
    text = json.dumps(head)[:-1] + f', "cases": [\n{body}\n]}}\n'
    json.loads(text)
    path.write_text(text)
    print(f"{name}: {len(cases)} cases, {len(text)} bytes")
