"""Several models as one."""

import time

import sklearn.ensemble as sk_ensemble
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.neighbors import KNeighborsClassifier

from common import Workload, classification, dtype_of, write


def workloads(scale):
    n = 5_000 * scale
    kinds = {
        "bagging": ("20 logistic regressions", lambda: sk_ensemble.BaggingClassifier(LogisticRegression(), n_estimators=20, n_jobs=2, random_state=0)),
        "voting": ("soft votes of a logistic regression and 15 neighbours", lambda: sk_ensemble.VotingClassifier([("linear", LogisticRegression()), ("near", KNeighborsClassifier(15))], voting="soft", n_jobs=2)),
        "stacking": ("a logistic regression on three linear classifiers, 5 folds", lambda: sk_ensemble.StackingClassifier([("loose", LogisticRegression()), ("tight", LogisticRegression(C=0.01)), ("ridge", RidgeClassifier())], n_jobs=2)),
    }

    def row(name, kind):
        text, estimator = kinds[kind]

        def make(meta):
            x, y = classification(n, 20)
            x = x.astype(dtype_of(name))
            meta.update(x=write(f"{name}_x.bin", x), y=write(f"{name}_y.bin", y))
            return x, y

        def peer(data):
            x, y = data
            start = time.perf_counter()
            said = estimator().fit(x, y).predict(x)
            return time.perf_counter() - start, float((said == y).mean())

        return Workload(name, f"{text}, fit and predict {n} x 20", make, {"scikit-learn": peer}, lambda _, out: f"accuracy {out:.4f}")

    return [row(f"{kind}_{precision}", kind) for kind in kinds for precision in ["f64", "f32"]]
