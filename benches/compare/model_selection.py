"""Searches and whole pipelines."""

import time

import numpy as np
import sklearn.linear_model as sk_linear

from common import ROOT, Workload, classification, dtype_of, write

# `n_jobs` of scikit-learn's searches.
SK_JOBS = None


def workloads(scale):
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

    def small(name, n, dtype):
        """Ridge regression on a table as it comes from a form: the fit is quick, what is around it counts."""

        def make(meta):
            rng = np.random.default_rng(0)
            x = rng.standard_normal((n, 10)).astype(dtype)
            y = (x.astype(np.float64) @ rng.standard_normal(10) + rng.standard_normal(n)).astype(dtype)
            meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y.astype(np.float64)))
            return x, y

        def peer(data):
            from sklearn.model_selection import cross_val_score

            x, y = data
            start = time.perf_counter()
            for _ in range(20):
                scores = cross_val_score(sk_linear.Ridge(), x, y, cv=5, scoring="r2")
            return (time.perf_counter() - start) / 20, float(scores.mean())

        return Workload(name, f"ridge, {n} x 10, 5 folds", make, {"scikit-learn": peer}, lambda _, out: f"mean R2 {out:.6f}")

    def make_loo(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((500, 10))
        y = x @ rng.standard_normal(10) + rng.standard_normal(500)
        meta.update(x=write("loo_x.bin", x), y=write("loo_y.bin", y))
        return x, y

    def loo_sk(data):
        from sklearn.model_selection import LeaveOneOut, cross_val_score

        x, y = data
        start = time.perf_counter()
        scores = cross_val_score(sk_linear.Ridge(), x, y, cv=LeaveOneOut(), scoring="neg_mean_squared_error")
        return time.perf_counter() - start, float(scores.mean())

    return search_rows(scale) + [
        small("cross_val", 200 * scale, np.float64),
        small("cross_val_f32", 200 * scale, np.float32),
        Workload("leave_one_out", "ridge, 500 x 10", make_loo, {"scikit-learn": loo_sk}, lambda _, out: f"mean {out:.6f}"),
        Workload("grid", "titanic, 8 x 5", titanic, {"scikit-learn": grid_sk}, lambda _, out: f"best {out:.6f}"),
        Workload(
            "one_row",
            "10 features",
            make_row,
            {"scikit-learn": row_sk},
            lambda _, out: f"sum of 200 {np.sum(out):.6f}",
        ),
    ]


def search_rows(scale):
    """Pipeline(StandardScaler, PCA, LogisticRegression), 20 candidates by 5 folds."""
    n = 5000 * scale

    def made(dtype):
        def make(meta):
            x, y = classification(n, 50)
            meta.update(x=write(f"search_pipe_{dtype}_x.bin", x.astype(dtype_of(dtype))), y=write(f"search_pipe_{dtype}_y.bin", y))
            return x.astype(dtype_of(dtype)), y

        return make

    def searched(data):
        from sklearn.decomposition import PCA
        from sklearn.model_selection import GridSearchCV
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        pipe = Pipeline([("scale", StandardScaler()), ("pca", PCA()), ("classify", sk_linear.LogisticRegression())])
        grid = {"pca__n_components": [5, 10, 20, 30, 40], "classify__C": [0.01, 0.1, 1.0, 10.0]}
        start = time.perf_counter()
        search = GridSearchCV(pipe, grid, n_jobs=2 if SK_JOBS is None else SK_JOBS).fit(*data)
        return time.perf_counter() - start, float(search.best_score_)

    def quality(_, out):
        return f"best {out:.6f}"

    return [
        Workload(f"search_pipe_{dtype}", f"{n} x 50, 20 x 5", made(dtype), {"scikit-learn": searched}, quality)
        for dtype in ["f64", "f32"]
    ]
