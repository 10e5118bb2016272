"""Stochastic gradient descent."""

import time

import numpy as np
import sklearn.linear_model as sk_linear

from common import Workload, classification, dtype_of, write


def workloads(scale):
    s = scale

    def classes(meta, dtype="f64"):
        x, y = classification(500_000 * s, 50)
        x = x.astype(dtype_of(dtype), copy=False)
        meta.update(x=write(f"sgd_{dtype}_x.bin", x), y=write("sgd_y.bin", y))
        return x, y

    def values(meta):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((500_000 * s, 50))
        y = x @ rng.standard_normal(50) + 4 * rng.standard_normal(len(x)) + 2.0
        meta.update(x=write("sgd_values_x.bin", x), y=write("sgd_values_y.bin", y))
        return x, y

    def fit(name):
        def run(data):
            model = getattr(sk_linear, name)(random_state=0)
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, (model.score(*data), int(model.n_iter_))

        return run

    def batches(data):
        x, y = data
        model = sk_linear.SGDClassifier(random_state=0)
        start = time.perf_counter()
        for first in range(0, len(x), 10_000):
            part = slice(first, first + 10_000)
            model.partial_fit(x[part], y[part], classes=[0, 1])
        return time.perf_counter() - start, (model.score(x, y), int(model.n_iter_))

    def quality(data, out):
        return f"score {out[0]:.5f} ({out[1]} epochs)"

    shape = f"{500 * s}k x 50"
    return [
        *[
            Workload(
                f"sgd_classifier_{dtype}",
                shape,
                lambda meta, dtype=dtype: classes(meta, dtype),
                {"scikit-learn": fit("SGDClassifier")},
                quality,
            )
            for dtype in ("f64", "f32")
        ],
        Workload("sgd_regressor", shape, values, {"scikit-learn": fit("SGDRegressor")}, quality),
        Workload("sgd_partial_fit", shape, classes, {"scikit-learn": batches}, quality),
    ]
