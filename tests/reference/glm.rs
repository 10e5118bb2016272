//! Generalised and robust linear models.

use fitwell::linear_model::*;
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Axis, concatenate, s};
use serde_json::Value;

use crate::compare::{Reference, number};
use crate::data::{matrix, ramp, targets};

/// Well-conditioned, collinear, and more columns than rows, as `cases_glm.py` builds them.
fn samples(name: &str) -> Array2<f64> {
    let scaled = |name: &str| matrix(&serde_json::json!({"name": name, "scaled": true}));
    if name == "wide" {
        return scaled("breast_cancer").slice(s![..14, ..]).to_owned();
    }
    let x = scaled("diabetes").slice(s![..;3, ..]).to_owned();
    if name == "plain" {
        return x;
    }
    let sum = (&x.column(0) + &x.column(1)).insert_axis(Axis(1));
    let twice = x.column(2).mapv(|v| 2.0 * v).insert_axis(Axis(1));
    concatenate![Axis(1), x.slice(s![.., ..4]), sum, twice]
}

fn target(kind: &str, n: usize) -> Array1<f64> {
    let t = targets("diabetes").0.column(0).slice(s![..;3]).to_owned();
    t.slice(s![..n]).mapv(|t| match kind {
        "positive" => t / 100.0,
        "counts" => (t / 40.0).floor(),
        "zeros" => (t - 120.0).max(0.0) / 50.0,
        "real" => (t - 150.0) / 50.0,
        other => panic!("no target {other}"),
    })
}

/// Samples, target and weights; weights of 1 where the case has none.
fn data(value: &Value) -> (Array2<f64>, Array1<f64>, Array1<f64>) {
    let data = &value["data"];
    let x = samples(data["samples"].as_str().unwrap());
    let y = target(data["target"].as_str().unwrap(), x.nrows());
    let w = if data["weights"] == true {
        ramp(x.nrows())
    } else {
        Array1::ones(x.nrows())
    };
    (x, y, w)
}

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

#[test]
fn generalised_linear_models() {
    Reference::read("glm").each(900, |value, case| {
        let (x, y, w) = data(value);
        let y = y.weighted(&w);
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        macro_rules! compare {
            ($name:ident) => {{
                let usual = set($name::new(), &value["settings"]);
                for (solver, near) in [
                    (GlmSolver::Lbfgs, &tolerance["near"]),
                    (GlmSolver::NewtonCholesky, &tolerance["newton"]),
                ] {
                    let exact = usual.clone().solver(solver).tol(1e-12).max_iter(20_000);
                    let model = exact.fit(&x, &y).unwrap();
                    case.array("coef", &model.coef(), &expected["coef"], near);
                    case.array("predict", &model.predict(&x).unwrap(), &expected["predict"], near);
                    case.number("intercept", model.intercept(), &expected["intercept"], near);
                    case.number("score", model.score(&x, &y).unwrap(), &expected["score"], near);
                }
                if !expected["newton"].is_null() {
                    let newton = usual.clone().solver(GlmSolver::NewtonCholesky).fit(&x, &y).unwrap();
                    let same = serde_json::json!({"absolute": 1e-9, "relative": 1e-9, "why": "the same steps as scikit-learn's"});
                    case.array("coef of few steps", &newton.coef(), &expected["newton"]["coef"], &same);
                    case.same("n_iter", &newton.n_iter(), &(expected["newton"]["n_iter"].as_u64().unwrap() as usize));
                }
                let model = usual.fit(&x, &y).unwrap();
                let lost = (1.0 - model.score(&x, &y).unwrap()) * number(&expected["null"]);
                let alpha = value["settings"].get("alpha").map_or(1.0, number);
                let objective = lost + alpha / 2.0 * model.coef().mapv(|w| w * w).sum();
                let higher = objective - number(&expected["default_objective"]);
                // A gradient of tol leaves up to |g|² / (2 h) on either side.
                case.same("objective by default", &(higher < 1e-5), &true);
            }};
        }
        match value["name"].as_str().unwrap() {
            "PoissonRegressor" => compare!(PoissonRegressor),
            "GammaRegressor" => compare!(GammaRegressor),
            _ => compare!(TweedieRegressor),
        }
    });
}
