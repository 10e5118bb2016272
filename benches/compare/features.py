"""Transformers that make features: fit and transform of 20 columns."""

import time

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer, PolynomialFeatures, SplineTransformer

from common import Workload, dtype_of, write


def workloads(scale):
    def make(name):
        def data(meta):
            rng = np.random.default_rng(0)
            x = rng.standard_normal((200_000 * scale, 20)) * np.linspace(0.1, 10, 20)
            x[:, ::4] = np.exp(x[:, ::4])
            x = x.astype(dtype_of(name))
            meta["x"] = write(f"{name}_x.bin", x)
            return x

        return data

    def peer(make_estimator):
        def run(x):
            estimator = make_estimator()
            start = time.perf_counter()
            estimator.fit(x)
            fit = time.perf_counter() - start
            out = estimator.transform(x)
            seconds = time.perf_counter() - start
            rows = out[:: max(1, len(x) // 100)]
            rows = rows.toarray() if hasattr(rows, "toarray") else rows
            return seconds, (rows, fit)

        return run

    def against(expected):
        """The greatest difference from scikit-learn's own result in f64, relative to the column."""

        def judge(x, out):
            rows = np.asarray(out[0], float)
            exact = expected(x)
            rows = rows.reshape(len(exact), -1)
            size = np.maximum(np.abs(exact).max(0), 1e-300)
            return f"max error {(np.abs(rows - exact) / size).max():.1e}; fit {out[1] * 1e3:.0f} ms"

        return judge

    def shares(x, out):
        """How far the most uneven column of the sample is from equal bins, or how many different bins there are."""
        rows = np.asarray(out[0], float).reshape(-1, len(np.ravel(out[0])) // len(x[:: max(1, len(x) // 100)]))
        if rows.shape[1] == 20:
            rows = (rows[:, :, None] == np.arange(5)).reshape(len(rows), -1)
        return f"sample fills bins by {rows.mean(0).min():.2f} to {rows.mean(0).max():.2f}; fit {out[1] * 1e3:.0f} ms"

    def sample(x):
        return x[:: max(1, len(x) // 100)].astype(float)

    def products(x):
        return PolynomialFeatures().fit_transform(sample(x))

    def splines(x):
        return SplineTransformer().fit(x.astype(float)).transform(sample(x))

    rows = f"{200 * scale}k x 20"
    found = []
    for dtype in ("f64", "f32"):
        for name, peers, quality in [
            ("polynomial", {"scikit-learn": peer(PolynomialFeatures)}, against(products)),
            (
                "bins",
                {
                    "scikit-learn, sparse": peer(KBinsDiscretizer),
                    "scikit-learn, dense": peer(lambda: KBinsDiscretizer(encode="onehot-dense")),
                },
                shares,
            ),
            ("bins_ordinal", {"scikit-learn": peer(lambda: KBinsDiscretizer(encode="ordinal"))}, shares),
            (
                "bins_kmeans",
                {"scikit-learn": peer(lambda: KBinsDiscretizer(encode="ordinal", strategy="kmeans"))},
                shares,
            ),
            ("spline", {"scikit-learn": peer(SplineTransformer)}, against(splines)),
        ]:
            name = f"{name}_{dtype}"
            found.append(Workload(name, rows, make(name), peers, quality))
    return found
