//! Transformers that make features.

use fitwell::prelude::*;
use fitwell::preprocessing::PolynomialFeatures;
use serde_json::Value;

use crate::compare::{Reference, texts};
use crate::data::matrix;

/// An estimator with the settings of a case, by scikit-learn's names.
fn set<E: Params>(estimator: E, settings: &Value) -> E {
    let settings = settings.as_object().unwrap();
    settings.iter().fold(estimator, |e, (name, value)| {
        e.with_value(name, value.clone()).unwrap()
    })
}

#[test]
fn polynomial_features() {
    Reference::read("polynomial_features").each(160, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let x = matrix(&value["data"]);
        let model = set(PolynomialFeatures::new(), &value["settings"])
            .fit(&x, &())
            .unwrap();
        case.array(
            "transform",
            &model.transform(&x).unwrap(),
            &expected["transform"],
            tolerance,
        );
        let powers = model.powers().unwrap().mapv(|p| p as f64);
        case.array("powers", &powers, &expected["powers"], tolerance);
        let names = model.feature_names_out(None).unwrap();
        case.same("names", &names, &texts(&expected["names"]));
        let n = model.n_output_features() as u64;
        case.same(
            "n_output_features",
            &n,
            &expected["n_output_features"].as_u64().unwrap(),
        );
    });
}
