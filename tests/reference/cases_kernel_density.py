"""Cases of densities by kernels."""

import numpy as np
from sklearn.neighbors import KernelDensity
from shared import array, matrix, number, ramp, within, write

DIRECT = "sums of some hundred rounded numbers, in another order, and their logarithm"
KERNELS = ["gaussian", "tophat", "epanechnikov", "exponential", "linear", "cosine"]
LINE = [[0.5], [0.75], [1.5], [2.0], [2.125], [4.0], [4.25], [4.5], [7.0]]
OTHERS = [
    {"algorithm": "kd_tree", "leaf_size": 3},
    {"algorithm": "ball_tree", "leaf_size": 7},
    {"metric": "manhattan"},
    {"metric": "chebyshev", "algorithm": "ball_tree"},
    {"metric": "minkowski", "metric_params": {"p": 3.0}},
    {"metric": "canberra"},
    {"breadth_first": False},
]


def densities():
    cases = []

    def case(data, x, settings, weighted, exact=None, near=None):
        w = ramp(len(x)) if weighted else None
        model = KernelDensity(**(settings if exact is None else exact)).fit(x, sample_weight=w)
        new = x[:20] * 1.01 if w is None else x[w > 0][:20]
        cases.append({
            "data": data | {"weights": weighted},
            "settings": settings,
            "expected": {
                "bandwidth": number(model.bandwidth_),
                "score_samples": array(model.score_samples(new)),
                "score": number(model.score(new)),
            },
            "tolerance": near or within(1e-10, 1e-10, DIRECT),
        })

    for name in ["iris", "wine", "linnerud", "line"]:
        x = np.array(LINE) if name == "line" else matrix(name, scaled=True)
        data = {"values": LINE} if name == "line" else {"name": name, "scaled": True}
        for kernel in KERNELS:
            near = None
            if kernel == "cosine" and x.shape[1] % 2 == 0:
                continue  # scikit-learn's integral of this kernel is right for odd numbers of features alone
            if kernel == "cosine" and x.shape[1] > 9:
                near = within(1e-7, 0, "scikit-learn's recurrence for the integral multiplies rounding by a million in 13 dimensions")
            for bandwidth in [1.0, 2.5, "scott", "silverman"]:
                for weighted in [False, True]:
                    settings = {} if (kernel, bandwidth) == ("gaussian", 1.0) else {"kernel": kernel, "bandwidth": bandwidth}
                    case(data, x, settings, weighted, near=near)
        if name == "linnerud":
            continue
        for more in OTHERS:
            for kernel in ["gaussian", "tophat"]:
                case(data, x, {"kernel": kernel, "bandwidth": 1.5} | more, False)
        # With a tolerance the density is near the whole one.
        for kernel in KERNELS[:-1]:
            exact = {"kernel": kernel, "bandwidth": 2.0}
            for more in [{}, {"breadth_first": False}, {"algorithm": "ball_tree"}]:
                near = within(2e-2, 0, "the tolerance that is asked for, of a density: its logarithm is as near")
                case(data, x, exact | {"rtol": 1e-2, "leaf_size": 4} | more, False, exact, near)
    write("kernel_density", "KernelDensity with every kernel, bandwidths, metrics, trees, tolerances and weights.", cases)


def files(_):
    return {"kernel_density": densities}
