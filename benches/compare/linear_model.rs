//! Linear models.

use std::time::Instant;

use fitwell::Float;
use fitwell::linear_model::{LinearRegression, LogisticRegression, Ridge};
use fitwell::prelude::*;
use ndarray::{Array1, Array2};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "logistic_binary_f64" | "logistic_images_f64" => {
            logistic(data.matrix::<f64>("x")?, data.labels("y")?)
        }
        "logistic_binary_f32" | "logistic_images_f32" => {
            logistic(data.matrix::<f32>("x")?, data.labels("y")?)
        }
        "least_squares_f64" => least_squares::<f64>(data)?,
        "least_squares_f32" => least_squares::<f32>(data)?,
        "ridge" => ridge(data.matrix("x")?, data.vector("y")?),
        _ => return Ok(None),
    }))
}

fn logistic<F: Float>(x: Array2<F>, y: Labels) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = LogisticRegression::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<Vec<f64>> = model
            .coef()
            .rows()
            .into_iter()
            .map(|r| r.iter().map(|v| v.f64()).collect())
            .collect();
        let intercept: Vec<f64> = model.intercept().iter().map(|v| v.f64()).collect();
        Ok((seconds, json!([coef, intercept, model.n_iter()])))
    })
}

fn ridge(x: Array2<f64>, y: Array1<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = Ridge::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([model.coef().to_vec(), [model.intercept()]])))
    })
}

fn least_squares<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let (x, y) = (data.matrix::<F>("x")?, data.vector("y")?.mapv(F::of));
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = LinearRegression::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<f64> = model.coef().iter().map(|v| v.f64()).collect();
        Ok((seconds, json!([coef, [model.intercept().f64()]])))
    }))
}
