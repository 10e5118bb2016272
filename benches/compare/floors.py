"""The least a job can take on this machine: bytes that must be read or written over the rate of memory, or operations of the
best known method over the rate of matrix products, whichever takes longer. Both rates are measured in the same run, on the
threads that NumPy and this process have."""

import os
import re
import threading
import time

import numpy as np


def fastest(job, turns=5):
    times = []
    for _ in range(turns):
        start = time.perf_counter()
        job()
        times.append(time.perf_counter() - start)
    return min(times)


def rates():
    """Bytes a second read by all cores, and operations a second of a matrix product in each type."""
    threads = os.cpu_count() or 1
    parts = np.array_split(np.ones(50_000_000), threads)

    def read():
        readers = [threading.Thread(target=part.sum) for part in parts]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()

    found = {"bytes": sum(part.nbytes for part in parts) / fastest(read)}
    for dtype in ("f64", "f32"):
        a = np.ones((2048, 2048), {"f64": np.float64, "f32": np.float32}[dtype])
        found[dtype] = 2.0 * 2048**3 / fastest(lambda: a @ a)
    return found


# Prefix of the row: rows, columns of X, how often X is read (or as much is written), operations, and what is counted.
# `k` is the number of iterations that fitwell reports, where it reports one.
def jobs(scale, k):
    n = 1000 * scale
    return {
        "scaler": (1000 * n, 50, 3, 0, "X read to fit and to transform, the result written"),
        "robust_1m": (1000 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "quantile_1m": (1000 * n, 20, 2, 0, "X read, the result written"),
        "robust": (200 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "quantile_": (200 * n, 20, 2, 0, "X read, the result written"),
        "polynomial": (200 * n, 20, 1 + 231 / 20, 0, "X read, 231 columns written"),
        "bins_ordinal": (200 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "bins_kmeans": (200 * n, 20, 2, 0, "X read, the result written"),
        "bins": (200 * n, 20, 2 + 5, 0, "X read to fit and to transform, 100 columns written"),
        "spline": (200 * n, 20, 1 + 7, 0, "X read, 140 columns written"),
        "impute_mean": (200 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "impute_median": (200 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "impute_frequent": (200 * n, 20, 3, 0, "X read to fit and to transform, the result written"),
        "impute_knn": (5 * n, 20, 3, 2 * 3 * 20 * (5 * n) ** 2 * 0.1, "products of the rows with gaps (a tenth) with all, for values and masks"),
        "least_squares": (1000 * n, 50, 1, 1000 * n * 50 * 51, "X read once; half of X'X"),
        "ridge_cv": (1000 * n, 50, 2, 1000 * n * (50 * 51 + 2 * 50 * 50), "X read twice; half of X'X and the leverages"),
        "ridge_classifier": (500 * n, 50, 1, 500 * n * 50 * 51, "X read once; half of X'X"),
        "ridge": (1000 * n, 50, 1, 1000 * n * 50 * 51, "X read once; half of X'X"),
        "cross_val": (0.2 * n, 10, 5, 5 * 0.2 * n * 10 * 11, "X read for each of five folds; half of X'X"),
        "leave_one_out": (500, 10, 500, 500 * 500 * 10 * 11, "X read for each row; half of X'X"),
        "lasso_cv": (50 * n, 500, 1, 50 * n * 500 * 501, "X read once; half of X'X"),
        "lasso": (50 * n, 500, 2, 0, "X read for X'y and to prove the gap"),
        "elastic_net": (50 * n, 500, 2, 0, "X read for X'y and to prove the gap"),
        "logistic_binary": (500 * n, 50, k, 0, "X read once an iteration"),
        "logistic_images": (60 * n, 784, k, 4 * 60 * n * 784 * 10 * k, "X read once an iteration; two products"),
        "logistic_newton_cholesky": (500 * n, 50, k, 500 * n * 50 * 51 * k, "X read once an iteration; half of X'WX"),
        "logistic_newton": (500 * n, 50, k, 0, "X read once an iteration"),
        "logistic_liblinear": (500 * n, 50, k, 0, "X read once an iteration"),
        "logistic_sag": (500 * n, 50, k, 0, "X read once an epoch"),
        "logistic_l1": (500 * n, 50, k, 0, "X read once an iteration"),
        "logistic_elastic_net": (500 * n, 50, k, 0, "X read once an iteration"),
        "sgd": (500 * n, 50, k, 0, "X read once an epoch"),
        "poisson_newton": (500 * n, 30, k, 500 * n * 30 * 31 * k, "X read once an iteration; half of X'WX"),
        "poisson": (500 * n, 30, k, 0, "X read once an iteration"),
        "huber": (200 * n, 30, k, 0, "X read once an iteration"),
        "kmeans_f": (200 * n, 20, 0, 2 * 200 * n * 20 * 20 * k, "a product with the centres an iteration"),
        "mini_batch": (200 * n, 20, 0, 2 * 1024 * 20 * 20 * k, "a product with the centres a batch"),
        "kmeans_plusplus": (200 * n, 20, 0, 2 * 200 * n * 20 * 20 * k, "a product with the centres an iteration"),
        "dbscan_50k": (50 * n, 3, 2, 0, "X read to count neighbours and to join them"),
        "dbscan_20k": (20 * n, 20, 0, 20 * (20 * n) ** 2 / 15, "half of the products of the rows of each of 15 groups"),
        "hdbscan": (20 * n, 5, 2, 0, "X read for the core distances and for the tree"),
        "optics": (10 * n, 5, 2, 0, "X read for the core distances and for the order"),
        "tsne": (10 * n, 134, 1000, 0, "the affinities read once an iteration"),
        "nmf": (10 * n, 200, 0, 100 * 4 * 10 * n * 200 * 20, "two products an iteration"),
        "kernel_density_f": (20 * n, 4, 0, 3 * 4 * 2000 * 20 * n, "the differences of all queries from all rows"),
        "local_outlier_factor": (20 * n, 4, 2, 0, "X read to make the tree and to search"),
        "knn_kd_tree": (100 * n, 10, 2, 0, "X read to make the tree and to search"),
        "pca_randomized": (20 * n, 1000, 0, 16 * 2 * 20 * n * 1000 * 60, "sixteen products with 60 columns"),
        "ward": (10 * n, 10, 0, 3 * 10 * 1.5 * (10 * n) ** 2, "distances of centres along the chain"),
        "gmm_full": (100 * n, 10, 0, 2 * 100 * n * 8 * (100 + 110) * k, "the exponents and half of the covariances an iteration"),
        "gmm_tied": (100 * n, 10, 0, 2 * 100 * n * 8 * 100 * k, "the exponents an iteration"),
        "gmm_diag": (100 * n, 10, 0, 4 * 100 * n * 8 * 10 * k, "the exponents and the variances an iteration"),
        "gmm_spherical": (100 * n, 10, 0, 4 * 100 * n * 8 * 10 * k, "the exponents and the variances an iteration"),
        "knn_brute": (100 * n, 10, 1, 2 * 10 * 100 * n * 10_000, "a product of all queries with all rows"),
        "pairwise_distances": (5 * n, 50, 5 * n / 50, 50 * (5 * n) ** 2, "the result written; half of a product"),
        "pca_full": (100 * n, 100, 1, 100 * n * 100 * 101, "X read once; half of X'X"),
        "pca_auto": (100 * n, 100, 1, 100 * n * 100 * 101, "X read once; half of X'X"),
        "pca_wide": (20 * n, 1000, 1, 20 * n * 1000 * 1001, "X read once; half of X'X"),
        "mlp_images": (60 * n, 784, 5, 5 * 60 * n * 2 * 100 * (2 * 784 + 3 * 10), "the five products of a step"),
        "roc_auc": (1000 * n, 2, 2, 0, "scores and classes read, and read again in order"),
        "average_precision": (1000 * n, 2, 2, 0, "scores and classes read, and read again in order"),
        "log_loss": (1000 * n, 2, 1, 0, "probabilities and classes read"),
        "silhouette": (20 * n, 10, 1, 10 * (20 * n) ** 2, "half of the products of all rows with all"),
        # 250 columns in another order: a linear model needs that column and the sum of the others.
        "permutation_importance": (10 * n, 2, 5 * 50, 0, "two columns read for each of 250 repetitions"),
        # Five folds of 4/5 of the rows; five numbers of components, for which the sum of p (p + 1) is 3,130; four values of C.
        "search_pipe": (5 * n, 50, 5, 4 * 5 * n * (50 * 51 + 2 * 50 * 40 + 4 * 3130), "for each fold half of X'X and its components; for each fit half of X'WX once"),
        # Eight candidates, four of 32 and four of 64 units, on three folds of 2/3 of the rows, and the best again.
        "mlp_grid": (1797 * scale, 64, 0, 20 * 1797 * scale * 2 * (2 * 384 + 64) * (2 * 64 + 3 * 10), "the five products of a step"),
        "mlp_digits": (1797, 64, 0, 200 * 1797 * 2 * 100 * (2 * 64 + 3 * 10), "the five products of a step"),
    }


def floor(name, scale, quality, rates):
    """Seconds and what they count, or nothing for a job that is not counted."""
    found = re.search(r"(\d+) (?:iterations|epochs)", quality)
    k = int(found.group(1)) if found else None
    dtype = "f32" if name.endswith("f32") else "f64"
    for prefix, job in jobs(scale, k or 0).items():
        if name.startswith(prefix):
            rows, columns, times, operations, what = job
            size = rows * columns * times * (4 if dtype == "f32" else 8)
            seconds = max(size / rates["bytes"], operations / rates[dtype])
            return (seconds, what) if seconds > 0 else None
    return None
