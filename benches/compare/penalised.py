"""Ridge and logistic regression beyond their defaults: cross-validation, classification, every solver."""

import time

import numpy as np
import sklearn.linear_model as sk_linear

from common import Workload, classification, dtype_of, write
from linear_model import ridge_objective


def penalised_objective(x, y, coef, intercept, c=1.0, l1_ratio=0.0, of_intercept=False):
    """The mean loss plus the penalty, of two classes, in f64."""
    coef, intercept = np.ravel(np.asarray(coef, float)), float(np.ravel(intercept)[0])
    total = 0.0
    for start in range(0, len(y), 100000):
        z = x[start : start + 100000].astype(float) @ coef + intercept
        total += np.logaddexp(0, np.where(y[start : start + 100000] == 1, -z, z)).sum()
    all = np.append(coef, intercept) if of_intercept else coef
    penalty = (1 - l1_ratio) / 2 * (all**2).sum() + l1_ratio * np.abs(all).sum()
    return (total + penalty / c) / len(y)


SOLVERS = {
    "newton_cg": {"solver": "newton-cg"},
    "newton_cholesky": {"solver": "newton-cholesky"},
    "liblinear": {"solver": "liblinear"},
    "sag": {"solver": "sag"},
    "saga": {"solver": "saga"},
    "l1": {"solver": "saga", "l1_ratio": 1.0, "C": 0.01},
    "l1_saga": {"solver": "saga", "l1_ratio": 1.0, "C": 0.01},
    "l1_liblinear": {"solver": "liblinear", "l1_ratio": 1.0, "C": 0.01},
    "elastic_net": {"solver": "saga", "l1_ratio": 0.5, "C": 0.01},
}


def workloads(scale):
    s = scale

    def timed(make, values):
        def run(data):
            model = make()
            start = time.perf_counter()
            model.fit(*data)
            return time.perf_counter() - start, values(model)

        return run

    def two_classes(meta, n, dtype):
        x, y = classification(n, 50)
        x = x.astype(dtype_of(dtype), copy=False)
        meta.update(x=write("penalised_x.bin", x), y=write("penalised_y.bin", y))
        return x, y

    def regression(meta, dtype):
        rng = np.random.default_rng(0)
        x = rng.standard_normal((1_000_000 * s, 50))
        y = x @ rng.standard_normal(50) + 4 * rng.standard_normal(len(x)) + 2.0
        x = x.astype(dtype_of(dtype), copy=False)
        meta.update(x=write("penalised_x.bin", x), y=write("penalised_y.bin", y))
        return x, y.astype(x.dtype)

    fitted = lambda model: (model.coef_, model.intercept_, int(np.max(model.n_iter_)))
    chosen = lambda model: (model.coef_, model.intercept_, float(np.ravel(model.alpha_)[0]))
    rows = []
    for dtype in ("f64", "f32"):
        rows.append(
            Workload(
                f"ridge_cv_{dtype}",
                f"{s}M x 50, 3 alphas",
                lambda meta, dtype=dtype: regression(meta, dtype),
                {"scikit-learn": timed(sk_linear.RidgeCV, chosen)},
                lambda data, out: f"objective {ridge_objective(data[0], data[1], out[0], out[1], out[2]):.9g} (alpha {out[2]})",
            )
        )
        rows.append(
            Workload(
                f"ridge_classifier_{dtype}",
                f"{500 * s}k x 50",
                lambda meta, dtype=dtype: two_classes(meta, 500_000 * s, dtype),
                {"scikit-learn": timed(sk_linear.RidgeClassifier, lambda m: (m.coef_, m.intercept_))},
                lambda data, out: f"objective {ridge_objective(data[0], 2.0 * data[1] - 1, out[0], out[1]):.9g}",
            )
        )
    for name, settings in SOLVERS.items():
        for dtype in ("f64", "f32"):
            peers = {"scikit-learn": timed(lambda settings=settings: sk_linear.LogisticRegression(**settings), fitted)}
            if name == "l1":
                other = settings | {"solver": "liblinear"}
                peers["scikit-learn, liblinear"] = timed(lambda other=other: sk_linear.LogisticRegression(**other), fitted)
            c, ratio = settings.get("C", 1.0), settings.get("l1_ratio", 0.0)
            own = "liblinear" in name
            rows.append(
                Workload(
                    f"logistic_{name}_{dtype}",
                    f"{500 * s}k x 50",
                    lambda meta, dtype=dtype: two_classes(meta, 500_000 * s, dtype),
                    peers,
                    lambda data, out, c=c, ratio=ratio, own=own: (
                        f"objective {penalised_objective(data[0], data[1], out[0], out[1], c, ratio, own):.9g} ({out[2]} iterations)"
                    ),
                )
            )
    for dtype in ("f64", "f32"):
        values = lambda model: (model.coef_, model.intercept_, float(np.ravel(model.C_)[0]))
        cv = lambda: sk_linear.LogisticRegressionCV(l1_ratios=(0.0,), use_legacy_attributes=False, scoring="neg_log_loss")
        rows.append(
            Workload(
                f"logistic_cv_{dtype}",
                f"{50 * s}k x 50, 10 Cs, 5 folds",
                lambda meta, dtype=dtype: two_classes(meta, 50_000 * s, dtype),
                {"scikit-learn": timed(cv, values)},
                lambda data, out: f"objective {penalised_objective(data[0], data[1], out[0], out[1], out[2]):.9g} (C {out[2]:.3g})",
            )
        )
    return rows
