//! Linear models of sparse coefficients. The steps are scikit-learn's, so what was found by a loose tolerance is compared as
//! closely as what was found by a tight one, and so is the number of sweeps.

use fitwell::linear_model::{ElasticNet, Lasso};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Axis, s};
use serde_json::Value;

use crate::compare::{Reference, numbers};
use crate::data::{matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

/// Features, targets, whether there is one target, weights.
fn data_of(data: &Value) -> (Array2<f64>, Array2<f64>, bool, Array1<f64>) {
    let (mut x, (mut y, single)) = (matrix(data), targets(data["target"].as_str().unwrap()));
    if let Some(rows) = data["rows"].as_u64() {
        x = x.slice(s![..rows as usize, ..]).to_owned();
        y = y.slice(s![..rows as usize, ..]).to_owned();
        for (i, mut row) in y.rows_mut().into_iter().enumerate() {
            row += i as f64 / 4.0;
        }
    }
    let w = weights(data, x.nrows()).unwrap_or_else(|| Array1::ones(x.nrows()));
    (x, y, single, w)
}

fn counts(value: &Value) -> Vec<usize> {
    numbers(value).iter().map(|&v| v as usize).collect()
}

macro_rules! compare_fits {
    ($file:literal, $estimator:ident, $least:literal) => {
        Reference::read($file).each($least, |value, case| {
            let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
            let estimator = set($estimator::new(), &value["settings"]);
            let (x, y, single, w) = data_of(&value["data"]);
            macro_rules! compare {
                ($y:expr, $model:ident => $intercept:expr, $gap:expr, $n_iter:expr) => {{
                    let y = $y.weighted(&w);
                    let $model = estimator.fit(&x, &y).unwrap();
                    case.array("coef", &$model.coef(), &expected["coef"], &tolerance["parameters"]);
                    let intercept: Array1<f64> = $intercept;
                    case.array("intercept", &intercept, &expected["intercept"], &tolerance["predict"]);
                    case.array("predict", &$model.predict(&x).unwrap(), &expected["predict"], &tolerance["predict"]);
                    case.number("score", $model.score(&x, &y).unwrap(), &expected["score"], &tolerance["predict"]);
                    if value["exact"] == true {
                        case.numbers("dual_gap", &$gap, &expected["dual_gap"], &tolerance["gap"]);
                        case.same("n_iter", &$n_iter, &counts(&expected["n_iter"]));
                    }
                }};
            }
            if single {
                compare!(y.index_axis(Axis(1), 0).to_owned(), model => Array1::from(vec![model.intercept()]), vec![model.dual_gap()], vec![model.n_iter()]);
            } else {
                compare!(y, model => model.intercept().to_owned(), model.dual_gap().to_vec(), model.n_iter().to_vec());
            }
        });
    };
}

#[test]
fn lasso() {
    compare_fits!("lasso", Lasso, 550);
}

#[test]
fn elastic_net() {
    compare_fits!("elastic_net", ElasticNet, 650);
}
