//! Ridge and logistic regression beyond their defaults.

use std::time::Instant;

use fitwell::Float;
use fitwell::linear_model::{
    LogisticRegression, LogisticRegressionCv, LogisticSolver, RidgeClassifier, RidgeCv,
};
use fitwell::model_selection::NegLogLoss;
use fitwell::prelude::*;
use ndarray::{Array1, Array2};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    let Some((name, dtype)) = workload.rsplit_once('_') else {
        return Ok(None);
    };
    match dtype {
        "f64" => of_type::<f64>(name, data),
        "f32" => of_type::<f32>(name, data),
        _ => Ok(None),
    }
}

fn of_type<F: Float>(name: &str, data: &Data) -> Found {
    let by = |solver| LogisticRegression::new().solver(solver);
    let sparse = |solver| by(solver).l1_ratio(1.0).c(0.01);
    let logistic = match name {
        "logistic_newton_cg" => by(LogisticSolver::NewtonCg),
        "logistic_newton_cholesky" => by(LogisticSolver::NewtonCholesky),
        "logistic_liblinear" => by(LogisticSolver::Liblinear),
        "logistic_sag" => by(LogisticSolver::Sag),
        "logistic_saga" => by(LogisticSolver::Saga),
        "logistic_l1" => sparse(LogisticSolver::NewtonCd),
        "logistic_l1_saga" => sparse(LogisticSolver::Saga),
        "logistic_l1_liblinear" => sparse(LogisticSolver::Liblinear),
        "logistic_elastic_net" => sparse(LogisticSolver::NewtonCd).l1_ratio(0.5),
        "ridge_cv" => {
            let (x, y) = (data.matrix::<F>("x")?, data.vector("y")?.mapv(F::of));
            return Ok(Some(ridge_cv(x, y)));
        }
        "ridge_classifier" => {
            return Ok(Some(ridge_classifier(
                data.matrix::<F>("x")?,
                data.labels("y")?,
            )));
        }
        "logistic_cv" => return Ok(Some(logistic_cv(data.matrix::<F>("x")?, data.labels("y")?))),
        _ => return Ok(None),
    };
    let (x, y) = (data.matrix::<F>("x")?, data.labels("y")?);
    Ok(Some(Box::new(move || {
        let start = Instant::now();
        let model = logistic.fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let (coef, intercept) = (wide(model.coef()), model.intercept()[0].f64());
        Ok((seconds, json!([coef, [intercept], model.n_iter()])))
    })))
}

fn wide<F: Float>(coef: &Array2<F>) -> Vec<f64> {
    coef.iter().map(|v| v.f64()).collect()
}

fn ridge_cv<F: Float>(x: Array2<F>, y: Array1<F>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = RidgeCv::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<f64> = model.coef().iter().map(|v| v.f64()).collect();
        Ok((
            seconds,
            json!([coef, [model.intercept().f64()], model.alpha()]),
        ))
    })
}

fn ridge_classifier<F: Float>(x: Array2<F>, y: Labels) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = RidgeClassifier::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((
            seconds,
            json!([wide(model.coef()), [model.intercept()[0].f64()]]),
        ))
    })
}

fn logistic_cv<F: Float>(x: Array2<F>, y: Labels) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = LogisticRegressionCv::new()
            .scoring(NegLogLoss)
            .fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((
            seconds,
            json!([wide(model.coef()), [model.intercept()[0].f64()], model.c()]),
        ))
    })
}
