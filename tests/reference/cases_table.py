"""Cases of what a table computes, from pandas."""

import numpy as np
import pandas as pd
from shared import EXACT, array, matrix, number, table, within, write

TABLES = ["titanic", "penguins"]
MATRICES = ["iris", "wine", "diabetes_raw"]


def frame(name):
    """A bundled table, or a matrix with every eleventh value missing."""
    if name in TABLES:
        return table(name)
    x = matrix(name, holes=True)
    return pd.DataFrame(x, columns=[f"x{j}" for j in range(x.shape[1])])


def describe():
    near = within(0, 1e-13, "a mean and a deviation of at most 1,309 values; quartiles are one interpolation")
    cases = []
    for name in TABLES + MATRICES:
        df = frame(name)
        for quantiles in [[0.25, 0.5, 0.75], [0.1, 0.5, 0.95], [0.333, 0.5], [0.0, 0.5, 1.0]]:
            summary = df.describe(include="all", percentiles=quantiles)
            expected = {}
            for column in df:
                of = {k: v for k, v in summary[column].items() if not (isinstance(v, float) and np.isnan(v))}
                of["missing"] = int(df[column].isna().sum())
                expected[column] = {k: v if isinstance(v, str) else number(v) for k, v in of.items()}
            cases.append({"data": {"name": name}, "settings": {"percentiles": quantiles}, "expected": expected, "tolerance": near})
    write("describe", "pandas' DataFrame.describe(include='all').", cases)


def cell(v):
    """A value as text, missing as null; numbers as pandas and we agree to write them."""
    if isinstance(v, str):
        return v
    return None if pd.isna(v) else repr(int(v)) if float(v).is_integer() else repr(float(v))


def value_counts():
    cases = []
    columns = [("titanic", c) for c in ["pclass", "sex", "age", "embarked", "cabin", "sibsp"]]
    columns += [("penguins", c) for c in ["species", "island", "sex", "culmen_depth_mm"]] + [("iris", "x0"), ("wine", "x4")]
    for name, column in columns:
        values = frame(name)[column]
        for settings in [
            {},
            {"normalize": True},
            {"sort": False},
            {"ascending": True},
            {"dropna": False},
            {"dropna": False, "normalize": True, "ascending": True},
        ]:
            counts = values.value_counts(**settings)
            expected = {"values": [cell(v) for v in counts.index], "counts": array(counts.to_numpy(float))}
            cases.append({"data": {"name": name, "column": column}, "settings": settings, "expected": expected, "tolerance": within(0, 1e-15, "a count, or one division")})
    write("value_counts", "pandas' Series.value_counts, and the order of unique().", cases)


def sorting():
    """The rows in order, by their positions before."""
    cases = []
    for name, keys in [
        ("titanic", [["pclass", True], ["age", False]]),
        ("titanic", [["sex", False], ["embarked", True], ["fare", True]]),
        ("titanic", [["age", True]]),
        ("titanic", [["age", False]]),
        ("titanic", [["cabin", True], ["sibsp", False], ["parch", True]]),
        ("penguins", [["species", True], ["sex", False], ["body_mass_g", False]]),
        ("penguins", [["island", False]]),
        ("iris", [["x3", True], ["x1", False]]),
        ("wine", [["x0", False], ["x2", True]]),
    ]:
        for last in [True, False]:
            df = frame(name).reset_index()
            by, ascending = [k for k, _ in keys], [a for _, a in keys]
            order = df.sort_values(by, ascending=ascending, kind="stable", na_position="last" if last else "first")["index"]
            # Of equal rows the earlier one comes first; pandas promises it for one key, and keeps it for several.
            cases.append({
                "data": {"name": name},
                "settings": {"keys": keys, "missing_last": last},
                "expected": {"order": [int(i) for i in order]},
                "tolerance": EXACT,
            })
    write("sort_values", "pandas' DataFrame.sort_values.", cases)


def dates(name):
    """Dates as texts with their format, and as pandas reads them."""
    i = np.arange(120)
    if name == "days":
        t = pd.Series(pd.Timestamp("1899-12-28") + pd.to_timedelta(i * 641 + i**2 % 7, unit="D"))
        texts, fmt = t.dt.strftime("%Y-%m-%d"), None
    elif name == "european":
        t = pd.Series(pd.Timestamp("1996-02-27 22:58") + pd.to_timedelta(i * 1_234_567 % 500_000, unit="min"))
        texts, fmt = t.dt.strftime("%d.%m.%Y %H:%M"), "%d.%m.%Y %H:%M"
    else:
        t = pd.Series(pd.Timestamp("2019-12-29 23:59:57.250") + pd.to_timedelta(i * 7_654_321, unit="s"))
        texts, fmt = t.dt.strftime("%Y-%m-%dT%H:%M:%S.%f"), None
    texts = texts.astype(object)
    texts[i % 11 == 5] = None
    if name == "european":
        texts[i % 13 == 6] = "31.02.1999 00:00"
    return texts, fmt, pd.to_datetime(texts, format=fmt, errors="coerce")


def date_parts():
    near = within(0, 4e-16, "calendar fields are whole numbers; sines and counts with a fraction are rounded once or twice")
    circle = within(2e-15, 0, "sine and cosine of an angle that is rounded twice, of up to 2 pi")
    cases = []
    for name in ["days", "european", "instants"]:
        texts, fmt, t = dates(name)
        elapsed = (t - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
        fields = {
            "year": t.dt.year,
            "quarter": t.dt.quarter,
            "month": t.dt.month,
            "day": t.dt.day,
            "weekday": t.dt.weekday,
            "day_of_year": t.dt.day_of_year,
            "week": t.dt.isocalendar().week.astype(float),
            "hour": t.dt.hour,
            "minute": t.dt.minute,
            "second": t.dt.second,
            "elapsed_days": elapsed / 86400,
            "elapsed_seconds": elapsed,
        }
        year = np.where(t.dt.is_leap_year, 366, 365)
        for part, first, period in [("month", 1, 12), ("weekday", 0, 7), ("day_of_year", 1, year), ("hour", 0, 24), ("minute", 0, 60), ("second", 0, 60)]:
            angle = 2 * np.pi * (fields[part] - first) / period
            fields[f"{part}_sin"], fields[f"{part}_cos"] = np.sin(angle), np.cos(angle)
        data = {"name": name, "texts": [None if v is None else str(v) for v in texts]}
        for part, values in fields.items():
            tolerance = circle if part.endswith(("sin", "cos")) else near
            settings = {"format": fmt, "part": part}
            cases.append({"data": data if part == "year" else {"name": name}, "settings": settings, "expected": array(values.to_numpy(float)), "tolerance": tolerance})
    write("date_parts", "pandas' Series.dt after to_datetime(errors='coerce').", cases)


def files(_):
    return {"describe": describe, "value_counts": value_counts, "sort_values": sorting, "date_parts": date_parts}
