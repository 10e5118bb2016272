"""What the workloads share: where the data goes, and what a workload is."""

import os
import pathlib

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


def dtype_of(name):
    """The dtype a workload's name ends in."""
    return {"f64": np.float64, "f32": np.float32}[name[-3:]]


def classification(n, p, seed=0):
    """Correlated Gaussian features and two classes drawn from a noisy linear model, so that the optimum is finite."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, p))
    x[:, 1::2] += 0.5 * x[:, ::2]
    z = x @ rng.standard_normal(p) / np.sqrt(p) * 2.0 + rng.logistic(size=n)
    return x, (z > np.median(z)).astype(np.int64)


def resident():
    """The bytes in memory now, from which the most is counted anew; `None` where there is no Linux."""
    try:
        pathlib.Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return None
    return status("VmRSS:")


def status(name):
    """A number of bytes that the kernel keeps of this process."""
    lines = pathlib.Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
