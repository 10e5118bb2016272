"""Writes the CSV files beside this script from an installed scikit-learn 1.9.1, whose wheel carries all of them.

    python datasets/extract.py

Values keep the spelling of the source; only the layout changes (one header line, classes by name, missing values empty).
"""

import csv
import gzip
from pathlib import Path

import numpy as np
import sklearn
from sklearn import datasets

assert sklearn.__version__ == "1.9.1", sklearn.__version__
HERE = Path(__file__).parent
DATA = Path(datasets.__file__).parent / "data"
OPENML = Path(datasets.__file__).parent / "tests" / "data" / "openml"


def write(name, header, rows):
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def text(name):
    path = DATA / name
    opened = gzip.open(path, "rt") if name.endswith(".gz") else open(path)
    with opened as file:
        return file.read().splitlines()


def classes(name, source, loaded, target):
    """Rows `feature, ..., code` after a line with the counts and the class names."""
    lines = [line.split(",") for line in text(source)]
    names = lines[0][2:]
    assert names == list(loaded.target_names)
    rows = [line[:-1] + [names[int(line[-1])]] for line in lines[1:]]
    assert np.array_equal(np.array([r[:-1] for r in rows], dtype=float), loaded.data)
    write(name, list(loaded.feature_names) + [target], rows)


def digits():
    """64 pixels of 0 to 16, row by row, as one text of 64 characters, 0 to 9 and then a to g."""
    loaded = datasets.load_digits()
    pixel = "0123456789abcdefg"
    rows = [["".join(pixel[int(v)] for v in x), y] for x, y in zip(loaded.data, loaded.target)]
    write("digits", ["pixels", "digit"], rows)


def diabetes():
    loaded = datasets.load_diabetes(scaled=False)
    features = [line.split() for line in text("diabetes_data_raw.csv.gz")]
    targets = [f"{float(line):g}" for line in text("diabetes_target.csv.gz")]
    rows = [x + [y] for x, y in zip(features, targets, strict=True)]
    whole = np.array(rows, dtype=float)
    assert np.array_equal(whole[:, :-1], loaded.data) and np.array_equal(whole[:, -1], loaded.target)
    write("diabetes", list(loaded.feature_names) + ["progression"], rows)


def linnerud():
    exercise = [line.split() for line in text("linnerud_exercise.csv")]
    physiological = [line.split() for line in text("linnerud_physiological.csv")]
    rows = [a + b for a, b in zip(exercise, physiological, strict=True)]
    write("linnerud", rows[0], rows[1:])


def openml(name, folder, file, n_rows):
    """ARFF: `@attribute 'name' type` lines, then CSV rows in which an unquoted `?` is a missing value."""
    with gzip.open(OPENML / folder / file, "rt", encoding="utf-8") as source:
        lines = source.read().splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().lower() == "@data")
    attributes = [line.split()[1].strip("'") for line in lines[:start] if line.lower().startswith("@attribute")]
    body = [line for line in lines[start + 1 :] if line]
    assert not any("\\" in line or '"?"' in line or '""' in line for line in body), "needs a real ARFF reader"
    rows = [["" if field == "?" else field for field in row] for row in csv.reader(body)]
    assert len(rows) == n_rows and all(len(row) == len(attributes) for row in rows)
    write(name, attributes, rows)


classes("iris", "iris.csv", datasets.load_iris(), "species")
classes("wine", "wine_data.csv", datasets.load_wine(), "cultivar")
classes("breast_cancer", "breast_cancer.csv", datasets.load_breast_cancer(), "diagnosis")
digits()
diabetes()
linnerud()
openml("titanic", "id_40945", "data-v1-dl-16826755.arff.gz", 1309)
openml("penguins", "id_42585", "data-v1-dl-21854866.arff.gz", 344)
