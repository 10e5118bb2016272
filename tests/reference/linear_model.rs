//! LinearRegression, LogisticRegression and Ridge.

use fitwell::linear_model::{LinearRegression, LogisticRegression, Ridge};
use fitwell::metrics::log_loss;
use fitwell::prelude::*;
use ndarray::{Array1, Axis, Ix1, Ix2, arr1};
use serde_json::Value;

use crate::compare::{Reference, letters, number, numbers, texts};
use crate::data::{classes, matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

#[test]
fn logistic_regression() {
    Reference::read("logistic_regression").each(310, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let (parameters, proba) = (&value["tolerance"]["parameters"], &value["tolerance"]["proba"]);
        let estimator = set(LogisticRegression::new().tol(1e-9).max_iter(20_000), &value["settings"]);
        let (x, y) = (matrix(data), classes(data["target"].as_str().unwrap()));
        let (model, score) = match weights(data, x.nrows()) {
            Some(w) => {
                let y = y.weighted(&w);
                let model = estimator.fit(&x, &y).unwrap();
                let score = model.score(&x, &y).unwrap();
                (model, score)
            }
            None => {
                let model = estimator.fit(&x, &y).unwrap();
                let score = model.score(&x, &y).unwrap();
                (model, score)
            }
        };
        case.same("converged", &model.converged(), &true);
        case.array("proba", &model.predict_proba(&x).unwrap(), &expected["proba"], proba);
        let known: Vec<String> = model.classes().iter().map(|class| class.to_string()).collect();
        case.same("classes", &known, &texts(&expected["classes"]));
        let predicted: Vec<usize> = model.predict(&x).unwrap().codes().iter().map(|&c| c as usize).collect();
        case.same("predict", &predicted, &letters(&expected["predict"]));
        let rounding = serde_json::json!({"absolute": 1e-14, "relative": 0.0, "why": "a ratio of two sums of weights"});
        case.number("score", score, &expected["score"], &rounding);
        if !expected["coef"].is_null() {
            case.array("coef", model.coef(), &expected["coef"], parameters);
            let b = model.intercept();
            let common = if b.len() > 1 { b.mean().unwrap() } else { 0.0 };
            case.array("intercept", &(b - common), &expected["intercept"], parameters);
        }
    });
}

/// With every other setting at its default both sides stop early, each somewhere else: near the optimum by the same
/// measure, the objective.
#[test]
fn logistic_regression_stops_by_default_as_low_as_scikit_learn() {
    Reference::read("logistic_regression").each(30, |value, case| {
        let (data, settings) = (&value["data"], &value["settings"]);
        if data["weights"] == true || !settings["class_weight"].is_null() {
            return case.skip("the objective is that of plain rows");
        }
        let estimator = set(LogisticRegression::new(), settings);
        let (x, y) = (matrix(data), classes(data["target"].as_str().unwrap()));
        let model = estimator.fit(&x, &y).unwrap();
        let loss = log_loss(&y, &model.predict_proba(&x).unwrap(), model.classes()).unwrap();
        let c = settings.get("C").map_or(1.0, number);
        let penalty = model.coef().mapv(|w| w * w).sum() / (2.0 * c * x.nrows() as f64);
        let usual = numbers(&value["expected"]["default"]);
        let higher = (loss + penalty) - (usual[0] + usual[1]);
        // A gradient of 1e-4 leaves a gap of up to |g|² / (2 h); the least h here, 4e-6, allows far more than this.
        case.same("objective", &(higher <= 1e-5), &true);
        let score = model.score(&x, &y).unwrap();
        case.same("accuracy", &((score - usual[2]).abs() <= 0.01), &true);
    });
}

#[test]
fn ridge() {
    Reference::read("ridge").each(160, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let (parameters, near) = (&value["tolerance"]["parameters"], &value["tolerance"]["predict"]);
        let estimator = set(Ridge::new(), &value["settings"]);
        let x = matrix(data);
        let (y, single) = targets(data["target"].as_str().unwrap());
        let weights = weights(data, x.nrows());
        macro_rules! compare {
            ($y:expr, $model:ident => $intercept:expr) => {{
                let y = $y;
                let ($model, score) = match &weights {
                    Some(w) => {
                        let y = y.weighted(w);
                        let model = estimator.fit(&x, &y).unwrap();
                        let score = model.score(&x, &y).unwrap();
                        (model, score)
                    }
                    None => {
                        let model = estimator.fit(&x, &y).unwrap();
                        let score = model.score(&x, &y).unwrap();
                        (model, score)
                    }
                };
                case.array("coef", &$model.coef(), &expected["coef"], parameters);
                case.array("predict", &$model.predict(&x).unwrap(), &expected["predict"], near);
                case.number("score", score, &expected["score"], near);
                if !expected["intercept"].is_null() {
                    let intercept: Array1<f64> = $intercept;
                    case.array("intercept", &intercept, &expected["intercept"], near);
                }
            }};
        }
        if single {
            let y = y.column(0).to_owned();
            compare!(y.into_dimensionality::<Ix1>().unwrap(), model => arr1(&[model.intercept()]));
        } else {
            compare!(y.into_dimensionality::<Ix2>().unwrap(), model => model.intercept().to_owned());
        }
    });
}

#[test]
fn linear_regression() {
    Reference::read("linear_regression").each(200, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let (parameters, near) = (&tolerance["parameters"], &tolerance["predict"]);
        let estimator = set(LinearRegression::new(), &value["settings"]);
        let x = matrix(data);
        let (y, single) = match data["target"].as_str() {
            Some(name) => targets(name),
            None => (Array1::from(numbers(&data["y"])).insert_axis(Axis(1)), true),
        };
        let weights = weights(data, x.nrows()).unwrap_or_else(|| Array1::ones(x.nrows()));
        macro_rules! compare {
            ($y:expr, $model:ident => $intercept:expr) => {{
                let y = $y;
                let y = y.weighted(&weights);
                let $model = estimator.fit(&x, &y).unwrap();
                case.array("coef", &$model.coef(), &expected["coef"], parameters);
                case.array(
                    "predict",
                    &$model.predict(&x).unwrap(),
                    &expected["predict"],
                    near,
                );
                if !expected["score"]
                    .as_str()
                    .is_some_and(|score| score == "nan")
                {
                    case.number(
                        "score",
                        $model.score(&x, &y).unwrap(),
                        &expected["score"],
                        near,
                    );
                }
                if !expected["intercept"].is_null() {
                    let intercept: Array1<f64> = $intercept;
                    case.array("intercept", &intercept, &expected["intercept"], near);
                }
                if let Some(singular) = $model.singular() {
                    case.array(
                        "singular",
                        &singular,
                        &expected["singular"],
                        &tolerance["singular"],
                    );
                    case.same(
                        "rank",
                        &$model.rank(),
                        &Some(number(&expected["rank"]) as usize),
                    );
                }
            }};
        }
        if single {
            compare!(y.column(0).to_owned(), model => arr1(&[model.intercept()]));
        } else {
            compare!(y, model => model.intercept().to_owned());
        }
    });
}
