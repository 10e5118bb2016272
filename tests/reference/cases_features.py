"""Cases of the transformers that make features; `generate.py` imports it and lends its helpers."""

from __main__ import array, matrix, within, write

from sklearn.preprocessing import PolynomialFeatures


def polynomial_features():
    same = within(0, 0, "the same factors are multiplied in the same order, each product rounded once")
    cases = []
    for name in ["iris", "diabetes", "penguins"]:
        x = matrix(name)
        for settings in [
            {},
            {"degree": 0},
            {"degree": 1},
            {"degree": 3},
            {"degree": [2, 3]},
            {"degree": [0, 2]},
            {"degree": [3, 3], "include_bias": False},
            {"degree": [1, 3], "interaction_only": True},
            {"degree": [2, 4], "interaction_only": True, "include_bias": False},
            {"interaction_only": True},
            {"include_bias": False},
            {"order": "F"},
            {"order": "F", "degree": [2, 3]},
            {"degree": 4},
        ]:
            if settings.get("degree") == 4 and name == "diabetes":
                continue
            arguments = settings | ({"degree": tuple(settings["degree"])} if isinstance(settings.get("degree"), list) else {})
            model = PolynomialFeatures(**arguments).fit(x)
            expected = {
                "transform": array(model.transform(x)),
                "powers": array(model.powers_),
                "names": list(model.get_feature_names_out()),
                "n_output_features": model.n_output_features_,
            }
            cases.append({"data": {"name": name}, "settings": settings, "expected": expected, "tolerance": same})
    write("polynomial_features", "PolynomialFeatures: degrees, interactions, bias, layout; powers and names.", cases)


FILES = {
    "polynomial_features": polynomial_features,
}
