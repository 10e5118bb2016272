//! Generalised and robust linear models.

use std::time::Instant;

use fitwell::Float;
use fitwell::isotonic::IsotonicRegression;
use fitwell::linear_model::{GlmSolver, HuberRegressor, PoissonRegressor, QuantileRegressor};
use fitwell::prelude::*;
use serde_json::json;

use crate::{Data, Found, Job};

type Made = std::result::Result<Job, Box<dyn std::error::Error>>;

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    let (newton, lbfgs) = (GlmSolver::NewtonCholesky, GlmSolver::Lbfgs);
    Ok(Some(match workload {
        "poisson_newton_f64" => poisson::<f64>(data, newton)?,
        "poisson_newton_f32" => poisson::<f32>(data, newton)?,
        "poisson_lbfgs_f64" => poisson::<f64>(data, lbfgs)?,
        "poisson_lbfgs_f32" => poisson::<f32>(data, lbfgs)?,
        "huber_f64" => huber::<f64>(data)?,
        "huber_f32" => huber::<f32>(data)?,
        "quantile" => quantile(data)?,
        "isotonic" => isotonic(data)?,
        _ => return Ok(None),
    }))
}

fn poisson<F: Float>(data: &Data, solver: GlmSolver) -> Made {
    let (x, y) = (data.matrix::<F>("x")?, data.vector("y")?.mapv(F::of));
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = PoissonRegressor::new()
            .alpha(1e-3)
            .solver(solver)
            .fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<f64> = model.coef().iter().map(|v| v.f64()).collect();
        Ok((
            seconds,
            json!([coef, model.intercept().f64(), model.n_iter()]),
        ))
    }))
}

fn huber<F: Float>(data: &Data) -> Made {
    let (x, y) = (data.matrix::<F>("x")?, data.vector("y")?.mapv(F::of));
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = HuberRegressor::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<f64> = model.coef().iter().map(|v| v.f64()).collect();
        let rest = (model.intercept().f64(), model.scale().f64(), model.n_iter());
        Ok((seconds, json!([coef, rest.0, rest.1, rest.2])))
    }))
}

fn quantile(data: &Data) -> Made {
    let (x, y) = (data.matrix::<f64>("x")?, data.vector("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = QuantileRegressor::new()
            .alpha(1e-3)
            .quantile(0.8)
            .fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((
            seconds,
            json!([model.coef().to_vec(), model.intercept(), model.n_iter()]),
        ))
    }))
}

fn isotonic(data: &Data) -> Made {
    let (x, y) = (data.matrix::<f64>("x")?, data.vector("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = IsotonicRegression::new().fit(&x, &y)?;
        let predicted = model.predict(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        let lost = (&predicted - &y).mapv(|d| d * d).sum();
        Ok((seconds, json!([lost, model.x_thresholds().len()])))
    }))
}
