"""Cases of the encoders of categories. `files` is given the helpers of generate.py."""

import numpy as np
import pandas as pd
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, TargetEncoder

NAN = float("nan")


def files(g):
    def cell(v):
        """A category in JSON: a number, a boolean, a text, or null for a missing one."""
        if v is None or (isinstance(v, float) and np.isnan(v)):
            return None
        if isinstance(v, (bool, np.bool_)):
            return bool(v)
        if isinstance(v, (int, float, np.integer, np.floating)):
            return float(v)
        return str(v)

    def short(values):
        """The ends of a long list."""
        return values if len(values) <= 24 else values[:12] + values[-12:]

    def cells(lists):
        return [None if cells is None else short([cell(v) for v in cells]) for cells in lists]

    def setting(v):
        if isinstance(v, KFold):
            return {"k_fold": {"n_splits": v.n_splits, "shuffle": False, "random_state": 0}}
        if isinstance(v, StratifiedKFold):
            return {"stratified_k_fold": {"n_splits": v.n_splits, "shuffle": False, "random_state": 0}}
        if isinstance(v, list) and isinstance(v[0], tuple):
            return {"splits": [{"train": [int(i) for i in a], "test": [int(i) for i in b]} for a, b in v]}
        if isinstance(v, list):
            return {"given": [setting(w)["given"] if isinstance(w, list) else cell(w) for w in v]}
        return "nan" if isinstance(v, float) and np.isnan(v) else v

    def settings_of(settings):
        return {k: setting(v) for k, v in settings.items()}

    def samples(data):
        if "table" in data:
            frame = pd.read_csv(g.CSV / "iris.csv") if data["table"] == "iris" else g.table(data["table"])
            frame = frame[data["columns"]]
            if data.get("boolean"):
                frame = frame == frame.iloc[0]
            return frame
        return g.matrix(data["name"], holes=data.get("holes", False))[:, data["take"]]

    def first(x, n):
        if n is None:
            return x
        return x.iloc[:n] if hasattr(x, "iloc") else x[:n]

    SOME = slice(None, None, 97)

    def inverse(model, z):
        """Some rows of the inverse, column by column."""
        back = model.inverse_transform(z[SOME])
        return [[cell(v) for v in back[:, j]] for j in range(back.shape[1])]

    TITANIC = {"table": "titanic", "columns": ["sex", "embarked", "pclass", "parch"]}
    CABINS = {"table": "titanic", "columns": ["cabin", "boat", "sibsp"]}
    PENGUINS = {"table": "penguins", "columns": ["island", "species", "sex"]}
    FLAGS = {"table": "penguins", "columns": ["island", "species"], "boolean": True}
    IRIS = {"table": "iris", "columns": ["species"]}
    NUMBERS = {"name": "titanic", "take": [1, 2]}
    REALS = {"name": "iris", "take": [0, 2, 3]}
    HOLES = {"name": "wine", "take": [0, 12], "holes": True}
    ALL = [TITANIC, CABINS, PENGUINS, FLAGS, IRIS, NUMBERS, REALS, HOLES]

    def cases_of(make, runs, describe):
        cases = []
        for data, settings, seen in runs:
            x = samples(data)
            model = make(**settings)
            expected = describe(model, first(x, seen), x)
            cases.append(
                {"data": data | {"fit_rows": seen}, "settings": settings_of(settings), "expected": expected, "tolerance": g.EXACT}
            )
        return cases

    def one_hot():
        group = [
            {"min_frequency": 30},
            {"min_frequency": 0.1},
            {"max_categories": 2},
            {"max_categories": 3},
            {"max_categories": 1},
            {"min_frequency": 12, "max_categories": 4},
        ]
        runs = [(data, settings, None) for data in ALL for settings in [{}, *group]]
        for data in [TITANIC, CABINS, PENGUINS, NUMBERS, HOLES]:
            for drop in ["first", "if_binary"]:
                runs += [(data, {"drop": drop}, None), (data, {"drop": drop, "max_categories": 2}, None)]
                runs += [(data, {"drop": drop, "max_categories": 3, "handle_unknown": "infrequent_if_exist"}, 60)]
            for unknown in ["ignore", "infrequent_if_exist", "warn"]:
                runs += [(data, {"handle_unknown": unknown} | s, 60) for s in [{}, {"min_frequency": 6}, {"max_categories": 2}]]
                runs += [(data, {"handle_unknown": unknown, "drop": "first"}, 60)]
        given = [["male", "female"], ["S", "C", "Q", NAN], [1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 9]]
        few = [["male", "other"], ["Q", "C"], [1, 2], [0, 1, 7]]
        runs += [(TITANIC, {"categories": given, "drop": ["male", NAN, 2, 9]}, None)]
        runs += [(TITANIC, {"drop": ["female", "C", 3, 0], "max_categories": 4}, None)]
        for unknown in ["ignore", "infrequent_if_exist", "warn"]:
            for grouping in [{}, {"min_frequency": 200}, {"max_categories": 2}]:
                runs += [(TITANIC, {"categories": few, "handle_unknown": unknown} | grouping, None)]

        def describe(model, seen, x):
            model.fit(seen)
            z = model.transform(x)
            grouped = model.min_frequency is not None or model.max_categories is not None
            # With `ignore`, scikit-learn takes the dropped group's position for one among all categories.
            confused = grouped and model.drop is not None and model.handle_unknown != "error"
            return {
                "transform": g.array(z),
                "names": short([str(n) for n in model.get_feature_names_out()]),
                "categories": cells(model.categories_),
                "infrequent": cells(model.infrequent_categories_) if grouped else None,
                "drop_idx": None if model.drop_idx_ is None else [None if d is None else int(d) for d in model.drop_idx_],
                "inverse": None if confused else inverse(model, z),
            }

        cases = cases_of(lambda **s: OneHotEncoder(sparse_output=False, **s), runs, describe)
        g.write(
            "one_hot_encoder_groups",
            "OneHotEncoder on tables and matrices: infrequent categories, every policy for unknown ones, drop, given categories, names, inverse.",
            cases,
        )

    def ordinal():
        use = {"handle_unknown": "use_encoded_value"}
        runs = [(data, {}, None) for data in ALL]
        for data in ALL:
            for s in [{"encoded_missing_value": -1}, {"min_frequency": 30}, {"min_frequency": 0.1}, {"max_categories": 2}, {"max_categories": 1}]:
                runs += [(data, s, None)]
            runs += [(data, {"min_frequency": 12, "max_categories": 3, "encoded_missing_value": -3}, None)]
            for value in [-1, NAN, 900]:
                runs += [(data, use | {"unknown_value": value}, 60)]
                runs += [(data, use | {"unknown_value": value, "max_categories": 2, "encoded_missing_value": -7}, 60)]
        given = [["male", "female"], ["S", "C", "Q", NAN], [1, 2, 3], [0, 1, 2, 3, 4, 5, 6, 9]]
        few = [["male", "other"], ["Q", "C"], [1, 2], [0, 1, 7]]
        runs += [(TITANIC, {"categories": given}, None)]
        runs += [(TITANIC, {"categories": given, "encoded_missing_value": 77, "min_frequency": 150}, None)]
        runs += [(TITANIC, {"categories": few, "unknown_value": -1} | use, None)]
        runs += [(TITANIC, {"categories": few, "unknown_value": -1, "min_frequency": 200} | use, None)]

        def describe(model, seen, x):
            model.fit(seen)
            z = model.transform(x)
            grouped = model.min_frequency is not None or model.max_categories is not None
            missing = any(cell(c[-1]) is None for c in model.categories_)
            return {
                "transform": g.array(z),
                "names": short([str(n) for n in model.get_feature_names_out()]),
                "categories": cells(model.categories_),
                "infrequent": cells(model.infrequent_categories_) if grouped else None,
                # In columns with missing values scikit-learn does not find the infrequent ones again.
                "inverse": None if grouped and missing else inverse(model, z.copy()),
            }

        cases = cases_of(OrdinalEncoder, runs, describe)
        g.write("ordinal_encoder", "OrdinalEncoder on tables and matrices: every setting, unknown and missing values, inverse.", cases)

    def target():
        tolerance = g.within(
            0, 1e-13, "sums of at most 1309 numbers and their squares, whose order differs for means of all rows; probabilities from counts"
        )

        def y_of(name, n):
            if name == "ramp":
                return g.ramp(n)
            if name == "large":
                return 1e6 + g.ramp(n) * 1e-3
            if name == "species":
                return g.table("penguins")["species"].to_numpy(str)
            return g.classes(name) if name != "progression" else g.targets("diabetes")

        TICKETS = {"table": "titanic", "columns": ["cabin", "home.dest", "sex", "parch"]}
        ISLANDS = {"table": "penguins", "columns": ["island", "sex"]}
        DIABETES = {"name": "diabetes_raw", "take": [1, 0, 2]}
        interleaved = [(np.flatnonzero((np.arange(344) % 3 != k) & (np.arange(344) % 7 != k)), np.flatnonzero(np.arange(344) % 3 == k)) for k in range(3)]
        # Every value is in the lists: scikit-learn counts the others to the first category.
        order = [["Torgersen", "Nowhere", "Biscoe", "Dream"], ["MALE", "_", "FEMALE", NAN]]
        runs = []
        for data, names in [
            (TITANIC, ["titanic", "ramp"]),
            (TICKETS, ["titanic", "ramp", "large"]),
            (ISLANDS, ["species", "ramp"]),
            (REALS, ["iris", "ramp"]),
            (HOLES, ["wine", "ramp"]),
            (DIABETES, ["diabetes_2", "diabetes_3"]),
        ]:
            for name in names:
                for s in [{}, {"smooth": 0.0}, {"smooth": 12.5}, {"cv": 3}]:
                    runs += [(data, name, s, None)]
                runs += [(data, name, {}, 77)] if name not in ("iris", "wine", "species") else []
        for s in [{"target_type": "binary"}, {"target_type": "continuous"}, {"target_type": "continuous", "smooth": 3.0, "cv": 7}]:
            runs += [(TITANIC, "titanic", s, None)]
        runs += [(ISLANDS, "species", {"target_type": "multiclass", "cv": KFold(4)}, None)]
        runs += [(ISLANDS, "ramp", {"target_type": "continuous", "cv": KFold(4)}, None)]
        runs += [(TITANIC, "titanic", {"cv": KFold(6), "smooth": 2.0}, None), (TITANIC, "titanic", {"cv": StratifiedKFold(4)}, None)]
        runs += [(ISLANDS, name, {"cv": interleaved}, None) for name in ["species", "ramp"]]
        runs += [(ISLANDS, name, {"categories": order} | s, None) for name in ["species", "ramp"] for s in [{}, {"smooth": 4.0}]]
        # Whole numbers in an array are classes for scikit-learn, unless it is told.
        runs += [(DIABETES, "progression", {"target_type": "continuous"} | s, None) for s in [{}, {"smooth": 0.0}, {"smooth": 12.5}, {"cv": 3}]]
        cases = []
        for data, name, settings, seen in runs:
            x = samples(data)
            y = first(y_of(name, len(x)), seen)
            model = TargetEncoder(shuffle=False, **settings)
            cross = model.fit_transform(first(x, seen), y)
            model = TargetEncoder(**settings).fit(first(x, seen), y)
            expected = {
                "encodings": [[g.number(v) for v in e] for e in model.encodings_] if sum(map(len, model.encodings_)) < 150 else None,
                "encodings_flat": g.array(np.concatenate(model.encodings_)),
                "mean": [g.number(v) for v in np.atleast_1d(model.target_mean_)],
                "target_type": model.target_type_,
                "classes": None if model.classes_ is None else [str(c) for c in model.classes_],
                "names": short([str(n) for n in model.get_feature_names_out()]),
                "transform": g.array(model.transform(x)),
                "cross": g.array(cross),
            }
            given = settings_of(settings)
            cases.append({"data": data | {"fit_rows": seen, "y": name}, "settings": given, "expected": expected, "tolerance": tolerance})
        g.write("target_encoder", "TargetEncoder: encodings of all rows and cross-fitted ones of unshuffled folds, every kind of target.", cases)

    return {"one_hot_encoder_groups": one_hot, "ordinal_encoder": ordinal, "target_encoder": target}
