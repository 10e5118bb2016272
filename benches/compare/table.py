"""Reading tables."""

import time

import numpy as np

from common import WORK, Workload


def csv_text(n, path, seed=0):
    import pandas as pd

    rng = np.random.default_rng(seed)
    cities = np.array(["Oslo", "Paris", "Rome", "Berlin", "Madrid", "New York, NY", "London", "Vienna"])
    table = pd.DataFrame(
        {
            "id": np.arange(n),
            "age": rng.integers(0, 100, n),
            "count": rng.integers(0, 100000, n),
            "price": rng.lognormal(3, 1, n).round(2),
            "ratio": rng.standard_normal(n),
            "score": np.where(rng.random(n) < 0.1, np.nan, rng.standard_normal(n).round(4)),
            "active": rng.random(n) < 0.5,
            "city": cities[rng.integers(0, len(cities), n)],
            "grade": np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
            "code": np.char.add("K", rng.integers(0, 500, n).astype(str)),
        }
    )
    table.loc[rng.random(n) < 0.05, "city"] = None
    table.to_csv(path, index=False)


def workloads(scale):
    def make_csv(meta):
        path = WORK / f"rows_{scale}.csv"
        if not path.exists():
            csv_text(500_000 * scale, path)
        meta["path"] = str(path)
        return path

    def read_pandas(path):
        import pandas as pd

        start = time.perf_counter()
        table = pd.read_csv(path)
        seconds = time.perf_counter() - start
        return seconds, {"sum": float(table.price.sum() + table.ratio.sum()), "missing": int(table.isna().sum().sum())}

    def read_polars(path):
        import polars as pl

        start = time.perf_counter()
        table = pl.read_csv(path)
        seconds = time.perf_counter() - start
        total = float(table["price"].sum() + table["ratio"].sum())
        return seconds, {"sum": total, "missing": int(sum(table[c].null_count() for c in table.columns))}

    def csv_quality(data, out):
        return f"sum {out['sum']:.6g}, {out['missing']} missing"

    return [
        Workload("csv", f"{500 * scale}k rows x 10", make_csv, {"pandas": read_pandas, "polars": read_polars}, csv_quality),
    ]
