"""Runs fitwell and its peers on the same data in one go and prints a table of ratios.

For each workload the data is written once; the Rust program `compare` reads it, and then the two sides take turns, so that
a noisy machine is noisy for both. Times are medians. Quality is computed here, by the same function for every side.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time
import warnings

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
WORK = TARGET / "compare"


def write(name, array):
    """Raw little-endian values, row by row; the file's name and the shape go into the workload's JSON."""
    array = np.ascontiguousarray(array)
    array.tofile(WORK / name)
    return {"file": name, "shape": array.shape}


class Workload:
    """One job: `make` writes the data, `peers` are functions that do the job and give what `quality` judges."""

    def __init__(self, name, size, make, peers, quality):
        self.name, self.size, self.make, self.peers, self.quality = name, size, make, peers, quality


def classification(n, p, seed=0):
    """Correlated Gaussian features and two classes drawn from a noisy linear model, so that the optimum is finite."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p))
    x[:, 1::2] += 0.5 * x[:, ::2]
    z = x @ rng.standard_normal(p) / np.sqrt(p) * 2.0 + rng.logistic(size=n)
    return x, (z > np.median(z)).astype(np.int64)


def images(n, seed=0):
    """784 sparse non-negative pixels of ten overlapping prototypes, standing in for digit images."""
    rng = np.random.default_rng(seed)
    prototypes = np.clip(rng.standard_normal((10, 784)), 0.3, 1.5) - 0.3
    y = rng.integers(0, 10, n)
    x = np.empty((n, 784))
    for start in range(0, n, 20000):
        part = slice(start, min(n, start + 20000))
        noise = rng.standard_normal((part.stop - part.start, 784))
        x[part] = np.clip(0.12 * prototypes[y[part]] + 0.6 * noise, 0.0, 1.0)
    return x, y.astype(np.int64)


def logistic_objective(x, y, coef, intercept, c=1.0):
    """The mean loss plus the penalty that LogisticRegression minimises, in f64."""
    coef, intercept = np.atleast_2d(np.asarray(coef, float)), np.ravel(np.asarray(intercept, float))
    total = 0.0
    for start in range(0, len(y), 100000):
        xs, ys = x[start : start + 100000].astype(float), y[start : start + 100000]
        z = xs @ coef.T + intercept
        if z.shape[1] == 1:
            margin = np.where(ys == 1, z[:, 0], -z[:, 0])
            total += np.logaddexp(0, -margin).sum()
        else:
            top = z.max(1)
            total += (np.log(np.exp(z - top[:, None]).sum(1)) + top - z[np.arange(len(ys)), ys]).sum()
    return total / len(y) + 0.5 / (c * len(y)) * (coef**2).sum()


def ridge_objective(x, y, coef, intercept, alpha=1.0):
    coef = np.ravel(np.asarray(coef, float))
    total = 0.0
    for start in range(0, len(y), 100000):
        r = y[start : start + 100000] - x[start : start + 100000].astype(float) @ coef - float(np.ravel(intercept)[0])
        total += r @ r
    return (total + alpha * coef @ coef) / len(y)


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
    def logistic(name, data, dtype, meta):
        x, y = data
        x = x.astype({"f64": np.float64, "f32": np.float32}[dtype], copy=False)
        meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y))
        return x, y

    def fit_logistic(module):
        def run(data):
            model = module.LogisticRegression()
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.coef_, model.intercept_, int(np.max(model.n_iter_)))

        return run

    def fit_ridge(module):
        def run(data):
            model = module.Ridge()
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.coef_, model.intercept_)

        return run

    import sklearn.linear_model as sk_linear
    import sklearnex.linear_model as skex_linear
    from sklearn.preprocessing import StandardScaler as SkScaler

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

    def make_scaler(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1_000_000 * scale, 50))
        x *= np.linspace(0.1, 100, 50)
        x += np.linspace(-1000, 1000, 50)
        meta["x"] = write("scaler_x.bin", x)
        return x

    def scale_sk(x):
        start = time.perf_counter()
        model = SkScaler().fit(x)
        fit = time.perf_counter() - start
        out = model.transform(x)
        return time.perf_counter() - start, (out[:: max(1, len(out) // 1000)][:1000], fit)

    def scaler_quality(x, out):
        z = np.asarray(out[0], float)
        sample = x[:: max(1, len(x) // 1000)][:1000]
        mean = sum(x[i : i + 1000].sum(0, dtype=np.longdouble) for i in range(0, len(x), 1000)) / len(x)
        squares = sum(((x[i : i + 1000] - mean) ** 2).sum(0) for i in range(0, len(x), 1000))
        exact = (sample - mean) / np.sqrt(squares / len(x))
        return f"max error {np.abs(z.reshape(exact.shape) - exact).max():.1e}"

    def make_ridge(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1_000_000 * scale, 50))
        y = x @ rng.standard_normal(50) + 4 * rng.standard_normal(len(x)) + 2.0
        meta.update(x=write("ridge_x.bin", x), y=write("ridge_y.bin", y))
        return x, y

    def titanic(meta):
        return None

    def grid_sk(_):
        from sklearn.compose import ColumnTransformer
        from sklearn.impute import SimpleImputer
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import OneHotEncoder, StandardScaler

        import pandas as pd

        table = pd.read_csv(ROOT / "datasets" / "titanic.csv")
        y = table["survived"]
        prepare = ColumnTransformer(
            [
                ("numeric", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), ["age", "fare", "sibsp", "parch"]),
                (
                    "text",
                    make_pipeline(SimpleImputer(strategy="most_frequent"), OneHotEncoder(handle_unknown="ignore")),
                    ["pclass", "sex", "embarked"],
                ),
            ]
        )
        model = make_pipeline(prepare, sk_linear.LogisticRegression())
        grid = {
            "columntransformer__numeric__simpleimputer__strategy": ["mean", "median"],
            "logisticregression__C": [0.01, 0.1, 1.0, 10.0],
        }
        start = time.perf_counter()
        search = GridSearchCV(model, grid, cv=5, n_jobs=SK_JOBS).fit(table, y)
        return time.perf_counter() - start, float(search.best_score_)

    def make_row(meta):
        x, y = classification(1000, 10)
        meta.update(x=write("row_x.bin", x), y=write("row_y.bin", y))
        return x, y

    def row_sk(data):
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        x, y = data
        model = make_pipeline(StandardScaler(), sk_linear.LogisticRegression()).fit(x, y)
        rows = [x[i : i + 1] for i in range(200)]
        start = time.perf_counter()
        out = [model.predict_proba(row)[0, 1] for row in rows]
        return (time.perf_counter() - start) / len(rows), out

    def objective(function):
        return lambda data, out: f"objective {function(data[0], data[1], out[0], out[1]):.9g}" + (
            f" ({out[2]} iterations)" if len(out) > 2 else ""
        )

    s = scale
    return [
        Workload("csv", f"{500 * s}k rows x 10", make_csv, {"pandas": read_pandas, "polars": read_polars}, csv_quality),
        Workload("scaler", f"{s}M x 50", make_scaler, {"scikit-learn": scale_sk}, scaler_quality),
        *[
            Workload(
                f"logistic_binary_{dtype}",
                f"{500 * s}k x 50",
                lambda meta, dtype=dtype: logistic("binary", classification(500_000 * s, 50), dtype, meta),
                {"scikit-learn": fit_logistic(sk_linear), "sklearnex": fit_logistic(skex_linear)},
                objective(logistic_objective),
            )
            for dtype in ("f64", "f32")
        ],
        *[
            Workload(
                f"logistic_images_{dtype}",
                f"{60 * s}k x 784 x 10",
                lambda meta, dtype=dtype: logistic("images", images(60_000 * s), dtype, meta),
                {"scikit-learn": fit_logistic(sk_linear), "sklearnex": fit_logistic(skex_linear)},
                objective(logistic_objective),
            )
            for dtype in ("f64", "f32")
        ],
        Workload(
            "ridge",
            f"{s}M x 50",
            make_ridge,
            {"scikit-learn": fit_ridge(sk_linear), "sklearnex": fit_ridge(skex_linear)},
            objective(ridge_objective),
        ),
        Workload("grid", "titanic, 8 x 5", titanic, {"scikit-learn": grid_sk}, lambda _, out: f"best {out:.6f}"),
        Workload(
            "one_row",
            "10 features",
            make_row,
            {"scikit-learn": row_sk},
            lambda _, out: f"sum of 200 {np.sum(out):.6f}",
        ),
    ]


SK_JOBS = None


class Ours:
    """The Rust program: reads the data once, then does the job once for each line it is sent."""

    def __init__(self, program, workload, meta):
        self.process = subprocess.Popen(
            [program, workload, str(WORK), json.dumps(meta)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self):
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("the Rust side stopped")
        return json.loads(line)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def build():
    messages = subprocess.run(
        ["cargo", "bench", "--bench", "compare", "--no-run", "--message-format", "json"],
        cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    ).stdout.splitlines()
    programs = [m["executable"] for m in map(json.loads, messages) if m.get("executable")]
    return programs[-1]


def show(seconds):
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6), ("ns", 1e9)):
        if seconds * factor >= 1.0:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds:.3g} s"


def main():
    warnings.filterwarnings("ignore")  # sklearnex stops at max_iter on images; its objective says how far it came
    parser = argparse.ArgumentParser()
    parser.add_argument("--scale", type=int, default=1, help="1 or 10 times the rows")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--sk-jobs", type=int, default=None, help="n_jobs of scikit-learn's grid search")
    parser.add_argument("workload", nargs="*", help="prefixes of names; all without")
    args = parser.parse_args()
    global SK_JOBS
    SK_JOBS = args.sk_jobs
    WORK.mkdir(parents=True, exist_ok=True)
    program = build()
    print("workload | size | ours | peer | its time | ratio | quality: ours | quality: peer")
    print("---|---|---|---|---|---|---|---")
    for w in workloads(args.scale):
        if args.workload and not any(w.name.startswith(p) for p in args.workload):
            continue
        meta = {"root": str(ROOT)}
        data = w.make(meta)
        ours = Ours(program, w.name, meta)
        times, quality = {"ours": []}, {}
        for turn in range(args.repeat + 1):  # the first turn warms up both sides and does not count
            answer = ours.run()
            out = answer["out"]
            if turn:
                times["ours"].append(answer["seconds"])
            quality["ours"] = w.quality(data, out) if turn == args.repeat else ""
            for peer, run in w.peers.items():
                seconds, out = run(data)
                if turn:
                    times.setdefault(peer, []).append(seconds)
                quality[peer] = w.quality(data, out) if turn == args.repeat else ""
        ours.close()
        mine = statistics.median(times["ours"])
        for peer in w.peers:
            its = statistics.median(times[peer])
            print(
                f"{w.name} | {w.size} | {show(mine)} | {peer} | {show(its)} | {its / mine:.2f}x"
                f" | {quality['ours']} | {quality[peer]}",
                flush=True,
            )


if __name__ == "__main__":
    main()
