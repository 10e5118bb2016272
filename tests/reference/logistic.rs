//! Logistic regression by every solver and penalty, and with cross-validation.

use fitwell::linear_model::{LogisticRegression, LogisticRegressionCv, LogisticSolver};
use fitwell::model_selection::{BalancedAccuracy, NegLogLoss};
use fitwell::prelude::*;
use ndarray::{Array, s};
use serde_json::Value;

use crate::compare::{Reference, number, numbers};
use crate::ridge::{class_weight, data, set};

/// Each solver to its minimum.
fn tight(solver: &str) -> (f64, usize) {
    match solver {
        "sag" | "saga" => (1e-10, 100_000),
        _ => (1e-9, 10_000),
    }
}

#[test]
fn logistic_solvers() {
    Reference::read("logistic_solvers").each(700, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (data, settings) = (data(&value["data"], 0.25), &value["settings"]);
        let (tol, max_iter) = tight(settings["solver"].as_str().unwrap());
        let estimator = set(LogisticRegression::new(), settings, &["class_weight"])
            .class_weight(class_weight(settings))
            .tol(tol)
            .max_iter(max_iter);
        let y = data.weighted_classes();
        // What Saga finds with an L1 penalty, NewtonCd finds too.
        let l1 = settings["solver"] == "saga" && !settings["l1_ratio"].is_null();
        let other = l1.then(|| estimator.clone().solver(LogisticSolver::NewtonCd).tol(1e-9));
        for estimator in std::iter::once(estimator).chain(other) {
            let model = estimator.fit(&data.x, &y).unwrap();
            case.same("converged", &model.converged(), &true);
            case.array("coef", model.coef(), &expected["coef"], tolerance);
            let b = model.intercept();
            let common = if b.len() > 1 { b.mean().unwrap() } else { 0.0 };
            case.array(
                "intercept",
                &(b - common),
                &expected["intercept"],
                tolerance,
            );
            case.array(
                "proba",
                &model.predict_proba(&data.x).unwrap(),
                &expected["proba"],
                tolerance,
            );
        }
    });
}

#[test]
fn logistic_cv() {
    Reference::read("logistic_cv").each(400, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (data, settings) = (data(&value["data"], 0.25), &value["settings"]);
        let (tol, max_iter) = tight(settings["solver"].as_str().unwrap_or("lbfgs"));
        let cv = set(
            LogisticRegressionCv::new(),
            settings,
            &["class_weight", "scoring"],
        )
        .class_weight(class_weight(settings))
        .tol(tol)
        .max_iter(max_iter);
        let y = data.weighted_classes();
        let model = match settings["scoring"].as_str() {
            None => cv.fit(&data.x, &y),
            Some("neg_log_loss") => cv.scoring(NegLogLoss).fit(&data.x, &y),
            Some("balanced_accuracy") => cv.scoring(BalancedAccuracy).fit(&data.x, &y),
            Some(other) => panic!("{other}"),
        }
        .unwrap();
        case.number("C", model.c(), &expected["C"], tolerance);
        // Of one ratio that is 1 scikit-learn says 0 where it does not fit again.
        case.number(
            "l1_ratio",
            model.l1_ratio(),
            &expected["l1_ratio"],
            tolerance,
        );
        case.numbers("Cs", model.cs(), &expected["Cs"], tolerance);
        case.array("scores", model.scores(), &expected["scores"], tolerance);
        case.array("coef", model.coef(), &expected["coef"], tolerance);
        case.array(
            "proba",
            &model.predict_proba(&data.x).unwrap(),
            &expected["proba"],
            tolerance,
        );
        let paths = model.coefs_paths();
        let widths: usize = number(&numbers_last(&expected["paths"]["shape"])) as usize;
        let paths: Array<f64, _> = paths.slice(s![.., .., .., .., ..widths]).to_owned();
        case.array("paths", &paths, &expected["paths"], tolerance);
        assert!(numbers(&expected["paths"]["shape"]).len() == 5);
    });
}

fn numbers_last(shape: &Value) -> Value {
    shape.as_array().unwrap().last().unwrap().clone()
}
