"""What models have learned."""

import time

import sklearn.linear_model as sk_linear

from common import Workload, classification, dtype_of, write


def workloads(scale):
    def row(name):
        n = 10_000 * scale

        def make(meta):
            x, y = classification(n, 50)
            x = x.astype(dtype_of(name))
            meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y))
            return x, y

        def peer(data):
            from sklearn.inspection import permutation_importance

            x, y = data
            model = sk_linear.LogisticRegression().fit(x, y)
            start = time.perf_counter()
            found = permutation_importance(model, x, y, scoring="accuracy", n_jobs=2, random_state=0)
            return time.perf_counter() - start, float(found.importances_mean.sum())

        return Workload(name, f"logistic regression, {n} x 50, 5 repetitions", make, {"scikit-learn": peer}, lambda _, out: f"sum of importances {out:.4f}")

    return [row("permutation_importance_f64"), row("permutation_importance_f32")]
