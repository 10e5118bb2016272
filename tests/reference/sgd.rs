//! SgdClassifier, Perceptron and SgdRegressor.

use fitwell::linear_model::{Perceptron, SgdClassifier, SgdRegressor};
use fitwell::prelude::*;
use fitwell::{ErrorKind, Weighted};
use ndarray::{Array1, Array2, Axis, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number, numbers};
use crate::data::{classes, matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

/// The samples of a case: of bundled data every so manieth row.
fn samples(data: &Value) -> Array2<f64> {
    let x = matrix(data);
    x.select(Axis(0), &rows(data, x.nrows()))
}

fn rows(data: &Value, n: usize) -> Vec<usize> {
    (0..n)
        .step_by(data["every"].as_u64().unwrap_or(1) as usize)
        .collect()
}

/// The labels of a case.
fn labels(data: &Value) -> Labels {
    match &data["y"] {
        Value::Null => {
            let all = classes(data["target"].as_str().unwrap());
            all.select(&rows(data, all.len())).unwrap()
        }
        y => numbers(y)
            .iter()
            .map(|&v| v as i64)
            .collect::<Vec<_>>()
            .into(),
    }
}

/// The real target of a case.
fn values(data: &Value) -> Array1<f64> {
    match &data["y"] {
        Value::Null => {
            let all = targets(data["target"].as_str().unwrap()).0;
            all.column(0).select(Axis(0), &rows(data, all.nrows()))
        }
        y => Array1::from(numbers(y)),
    }
}

/// The target of a case with weights, which are 1 where it has none.
fn class_target(data: &Value, n: usize) -> Weighted<Labels> {
    let y = labels(data);
    y.weighted(&weights(data, n).unwrap_or_else(|| Array1::ones(n)))
}

/// The rows in three parts, as NumPy's `array_split` makes them.
fn parts(n: usize) -> [Vec<usize>; 3] {
    let sizes = [0, 1, 2].map(|k| n / 3 + usize::from(k < n % 3));
    let starts = [0, sizes[0], sizes[0] + sizes[1]];
    [0, 1, 2].map(|k| (starts[k]..starts[k] + sizes[k]).collect())
}

macro_rules! classifier {
    ($value:ident, $case:ident, $estimator:ident, $proba:expr) => {{
        let (data, expected) = (&$value["data"], &$value["expected"]);
        let near = &$value["tolerance"]["parameters"];
        let estimator = set($estimator::new().shuffle(false), &$value["settings"]);
        let x = samples(data);
        let y = class_target(data, x.nrows());
        let model = estimator.fit(&x, &y).unwrap();
        let shape = |a: &Array2<f64>| a.clone();
        $case.array("coef", &shape(model.coef()), &expected["coef"], near);
        $case.array("intercept", model.intercept(), &expected["intercept"], near);
        $case.same(
            "n_iter",
            &(model.n_iter() as u64),
            &expected["n_iter"].as_u64().unwrap(),
        );
        $case.number("t", model.t() as f64, &expected["t"], near);
        let decision = model.decision_function(&x).unwrap();
        match decision.ncols() {
            1 => $case.array("decision", &decision.column(0), &expected["decision"], near),
            _ => $case.array("decision", &decision, &expected["decision"], near),
        }
        $case.number(
            "score",
            model.score(&x, &y).unwrap(),
            &expected["score"],
            near,
        );
        #[allow(clippy::redundant_closure_call)]
        ($proba)(&model, &x, expected, near, &mut *$case);
        if !expected["batches"].is_null() {
            let mut model = estimator.begin(x.ncols(), y.target()).unwrap();
            for part in parts(x.nrows()) {
                let rows = x.select(Axis(0), &part);
                model.partial_fit(&rows, &y.select(&part).unwrap()).unwrap();
            }
            $case.array("batches", model.coef(), &expected["batches"], near);
            $case.number("batches, t", model.t() as f64, &expected["batches_t"], near);
        }
        if !expected["warm"].is_null() {
            let n = x.nrows() / 2 * 2;
            let rows: Vec<usize> = (0..n).collect();
            let part = $estimator::new().shuffle(false).max_iter(1).tol(None);
            let part = part
                .fit(&x.slice(s![..n, ..]), &y.target().select(&rows).unwrap())
                .unwrap();
            let warm = estimator.fit_from(&x, &y, &part).unwrap();
            $case.array("warm", warm.coef(), &expected["warm"], near);
        }
    }};
}

#[test]
fn sgd_classifier() {
    Reference::read("sgd_classifier").each(1500, |value, case| {
        classifier!(
            value,
            case,
            SgdClassifier,
            |model: &fitwell::linear_model::FittedSgdClassifier,
             x: &Array2<f64>,
             expected: &Value,
             near: &Value,
             case: &mut Case| {
                let proba = model.predict_proba(x);
                if expected["proba"].is_null() {
                    let unsupported =
                        matches!(proba.unwrap_err().kind(), ErrorKind::Unsupported { .. });
                    return case.same("no probabilities", &unsupported, &true);
                }
                let proba = proba.unwrap();
                case.array("proba", &proba, &expected["proba"], near);
                let log = model.predict_log_proba(x).unwrap();
                let off = log
                    .iter()
                    .zip(&proba)
                    .filter(|(l, p)| (l.exp() - **p).abs() > 1e-12);
                case.same("logarithms", &off.count(), &0);
            }
        );
    });
}

#[test]
fn perceptron() {
    Reference::read("perceptron").each(200, |value, case| {
        classifier!(
            value,
            case,
            Perceptron,
            |_: &fitwell::linear_model::FittedPerceptron,
             _: &Array2<f64>,
             _: &Value,
             _: &Value,
             _: &mut Case| ()
        );
    });
}

#[test]
fn sgd_regressor() {
    Reference::read("sgd_regressor").each(800, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let near = &value["tolerance"]["parameters"];
        let estimator = set(SgdRegressor::new().shuffle(false), &value["settings"]);
        let x = samples(data);
        let y = values(data);
        let y = y.weighted(&weights(data, x.nrows()).unwrap_or_else(|| Array1::ones(x.nrows())));
        let model = estimator.fit(&x, &y);
        if expected["error"] == "overflow" {
            let refused = matches!(model.unwrap_err().kind(), ErrorKind::Overflow { .. });
            return case.same("overflow", &refused, &true);
        }
        let model = model.unwrap();
        case.array("coef", &model.coef(), &expected["coef"], near);
        let intercept = Array1::from_elem(1, model.intercept());
        case.array("intercept", &intercept, &expected["intercept"], near);
        case.same(
            "n_iter",
            &(model.n_iter() as u64),
            &expected["n_iter"].as_u64().unwrap(),
        );
        case.number("t", model.t() as f64, &expected["t"], near);
        case.number(
            "score",
            model.score(&x, &y).unwrap(),
            &expected["score"],
            near,
        );
        let mut batches = estimator.begin(x.ncols()).unwrap();
        for part in parts(x.nrows()) {
            let rows = x.select(Axis(0), &part);
            batches
                .partial_fit(&rows, &y.select(&part).unwrap())
                .unwrap();
        }
        case.array("batches", &batches.coef(), &expected["batches"], near);
        case.number(
            "batches, t",
            batches.t() as f64,
            &expected["batches_t"],
            near,
        );
        if !expected["warm"].is_null() {
            let n = x.nrows() / 2 * 2;
            let rows: Vec<usize> = (0..n).collect();
            let part = SgdRegressor::new().shuffle(false).max_iter(1).tol(None);
            let part = part
                .fit(&x.slice(s![..n, ..]), &y.target().select(Axis(0), &rows))
                .unwrap();
            let warm = estimator.fit_from(&x, &y, &part).unwrap();
            case.array("warm", &warm.coef(), &expected["warm"], near);
        }
    });
}

/// The order of the rows is another one than scikit-learn's: what the fits reach is the same.
#[test]
fn shuffled_fits_reach_what_scikit_learns_do() {
    Reference::read("sgd_shuffled").each(24, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let x = samples(data);
        let mut scores = Vec::new();
        let mut epochs = Vec::new();
        for seed in 0..10 {
            let seed = serde_json::json!(seed);
            if data["kind"] == "SGDClassifier" {
                let y = labels(data);
                let estimator = set(SgdClassifier::new(), &value["settings"]);
                let model = estimator
                    .with_value("random_state", seed)
                    .unwrap()
                    .fit(&x, &y)
                    .unwrap();
                scores.push(model.score(&x, &y).unwrap());
                epochs.push(model.n_iter() as f64);
            } else {
                let y = values(data);
                let estimator = set(SgdRegressor::new(), &value["settings"]);
                let model = estimator
                    .with_value("random_state", seed)
                    .unwrap()
                    .fit(&x, &y)
                    .unwrap();
                scores.push(model.score(&x, &y).unwrap());
                epochs.push(model.n_iter() as f64);
            }
        }
        let (scores, epochs) = (Array1::from(scores), Array1::from(epochs));
        let (mean, deviation) = (number(&expected["mean"]), number(&expected["deviation"]));
        // Means of ten and of twenty are within four standard errors of each other, and of as many digits as the scores have.
        let slack = 4.0 * (deviation.powi(2) + scores.std(1.0).powi(2)).sqrt() / 10f64.sqrt();
        let close = (scores.mean().unwrap() - mean).abs() <= slack + 1e-4;
        case.same("score", &close, &true);
        case.same(
            "scatter",
            &(scores.std(0.0) <= 3.0 * deviation + 1e-3),
            &true,
        );
        let theirs = Array1::from(numbers(&expected["n_iter"]));
        let slack = 4.0 * (theirs.std(1.0).powi(2) + epochs.std(1.0).powi(2)).sqrt() / 10f64.sqrt();
        let apart = (epochs.mean().unwrap() - theirs.mean().unwrap()).abs();
        let close = apart <= slack + 1.0;
        case.same("epochs", &close, &true);
        if !close {
            println!("{value}: {epochs}");
        }
    });
}
