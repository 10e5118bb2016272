"""Encoders of string categories, and the mixed columns of titanic.

A fitwell `Table` holds a code for each string, as pandas' categories do; making it is part of reading the data. The rows
whose names end in `_and_table` make the table from a vector of strings inside the measured time as well. scikit-learn gets a
DataFrame of Python strings, the form it is fastest on (faster than pandas' categories and string type).
"""

import time

import numpy as np

from common import ROOT, WORK, Workload, write


def workloads(scale):
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder

    n = 1_000_000 * scale
    few, many = (4, 8, 16, 32), (10, 100, 1000, 10_000)

    def strings(meta, sizes):
        """Columns of so many different strings, the first ones more frequent."""
        rng = np.random.default_rng(0)
        columns = {}
        for j, size in enumerate(sizes):
            known = np.array([f"category {i}" for i in range(size)], dtype=object)
            columns[f"c{j}"] = known[(rng.random(n) ** 2 * size).astype(int)]
        path = WORK / f"strings_{sizes[0]}_{scale}.txt"
        if not path.exists():
            path.write_text("\n".join("\n".join(column) for column in columns.values()))
        meta["path"], meta["rows"] = str(path), n
        return pd.DataFrame({name: pd.Series(column, dtype=object) for name, column in columns.items()})

    def with_target(meta):
        x = strings(meta, many)
        y = np.random.default_rng(1).standard_normal(n) + x["c0"].str.len().to_numpy()
        meta["y"] = write("target_y.bin", y)
        return x, y

    def fit_and_transform(encoder):
        def run(x):
            start = time.perf_counter()
            model = encoder.fit(x)
            fit = time.perf_counter() - start
            out = model.transform(x)
            seconds = time.perf_counter() - start
            return seconds, (np.asarray(out.sum(axis=0), float).ravel(), fit)

        return run

    def target_sk(data):
        encoder = TargetEncoder()
        start = time.perf_counter()
        encoder.fit_transform(*data)
        fit = time.perf_counter() - start
        out = encoder.transform(data[0])
        return time.perf_counter() - start, (out.sum(axis=0), fit)

    def sums(_, out):
        weights = np.arange(1, len(out[0]) + 1)
        return f"sum {np.dot(weights, out[0]):.9g}, fit {out[1]:.3f} s"

    def titanic(meta):
        meta["scale"] = scale
        frame = pd.read_csv(ROOT / "datasets" / "titanic.csv")
        copies = -(-500_000 * scale // len(frame))
        return pd.concat([frame] * copies, ignore_index=True).head(500_000 * scale)

    def columns_sk(frame):
        prepare = ColumnTransformer(
            [
                ("numeric", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age", "fare", "sibsp", "parch"]),
                (
                    "text",
                    make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore", sparse_output=False)),
                    ["pclass", "sex", "embarked"],
                ),
            ]
        )
        return fit_and_transform(prepare)(frame)

    f32 = {"dtype": np.float32}
    dense, sparse = OneHotEncoder(sparse_output=False), OneHotEncoder()
    rows = []
    for suffix in ["", "_and_table"]:
        size = f"{scale}M x 4 strings"
        one_hot = {"scikit-learn dense": fit_and_transform(dense), "scikit-learn sparse": fit_and_transform(sparse)}
        one_hot_f32 = {"scikit-learn dense": fit_and_transform(OneHotEncoder(sparse_output=False, **f32))}
        ordinal = {"scikit-learn": fit_and_transform(OrdinalEncoder())}
        ordinal_f32 = {"scikit-learn": fit_and_transform(OrdinalEncoder(**f32))}
        rows += [
            Workload(f"one_hot{suffix}", size, lambda meta: strings(meta, few), one_hot, sums),
            Workload(f"ordinal{suffix}", size, lambda meta: strings(meta, many), ordinal, sums),
            Workload(f"target{suffix}", size, with_target, {"scikit-learn": target_sk}, sums),
        ]
        if not suffix:
            rows += [
                Workload("one_hot_f32", size, lambda meta: strings(meta, few), one_hot_f32, sums),
                Workload("ordinal_f32", size, lambda meta: strings(meta, many), ordinal_f32, sums),
            ]
    rows.append(Workload("columns_titanic", f"{500 * scale}k x 7 mixed", titanic, {"scikit-learn": columns_sk}, sums))
    return rows
