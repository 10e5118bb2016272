//! Imputation, and Bayesian ridge regression, which iterative imputation uses.

use fitwell::linear_model::BayesianRidge;
use fitwell::prelude::*;
use ndarray::{Array1, arr1};
use serde_json::Value;

use crate::compare::{Reference, number, numbers};
use crate::data::{classes, matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

#[test]
fn bayesian_ridge() {
    Reference::read("bayesian_ridge").each(580, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let y: Array1<f64> = match data["target"].as_str() {
            Some("iris") => classes("iris").to_ints().unwrap().mapv(|v| v as f64),
            Some(target) => targets(target).0.column(0).to_owned(),
            None => Array1::from(numbers(&data["y"])),
        };
        let estimator = set(BayesianRidge::new(), &value["settings"]);
        let model = match weights(data, x.nrows()) {
            Some(w) => estimator.fit(&x, &y.weighted(&w)).unwrap(),
            None => estimator.fit(&x, &y).unwrap(),
        };
        case.same(
            "n_iter",
            &model.n_iter(),
            &(number(&expected["n_iter"]) as usize),
        );
        case.array("coef", &model.coef(), &expected["coef"], tolerance);
        case.array("sigma", &model.sigma(), &expected["sigma"], tolerance);
        for (what, ours) in [
            ("intercept", model.intercept()),
            ("alpha", model.alpha()),
            ("lambda", model.lambda()),
        ] {
            case.number(what, ours, &expected[what], tolerance);
        }
        let (mean, std) = model.predict_std(&x).unwrap();
        case.array("predict", &mean, &expected["predict"], tolerance);
        case.array("std", &std, &expected["std"], tolerance);
        if !expected["score"].is_null() {
            let score = model.score(&x, &y).unwrap();
            case.number("score", score, &expected["score"], tolerance);
        }
        if !expected["scores"].is_null() {
            let ours = arr1(model.scores());
            case.array("scores", &ours, &expected["scores"], tolerance);
        }
    });
}
