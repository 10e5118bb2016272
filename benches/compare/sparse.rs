//! Linear models of sparse coefficients.

use std::time::Instant;

use fitwell::Float;
use fitwell::linear_model::{ElasticNet, Lasso, LassoCv};
use fitwell::prelude::*;
use ndarray::{Array1, Array2};
use serde_json::json;

use crate::{Data, Found, Job};

const ALPHA: f64 = 0.1;

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "lasso_f64" => lasso::<f64>(data.matrix("x")?, data.vector("y")?),
        "lasso_f32" => lasso::<f32>(data.matrix("x")?, data.vector("y")?),
        "elastic_net" => elastic_net(data.matrix("x")?, data.vector("y")?),
        "lasso_cv" => lasso_cv(data.matrix("x")?, data.vector("y")?),
        _ => return Ok(None),
    }))
}

fn lasso<F: Float>(x: Array2<F>, y: Array1<f64>) -> Job {
    let y = y.mapv(F::of);
    Box::new(move || {
        let start = Instant::now();
        let model = Lasso::new().alpha(ALPHA).fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<f64> = model.coef().iter().map(|v| v.f64()).collect();
        Ok((
            seconds,
            json!([coef, [model.intercept().f64()], model.n_iter()]),
        ))
    })
}

fn elastic_net(x: Array2<f64>, y: Array1<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = ElasticNet::new().alpha(ALPHA).fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef = model.coef().to_vec();
        Ok((seconds, json!([coef, [model.intercept()], model.n_iter()])))
    })
}

fn lasso_cv(x: Array2<f64>, y: Array1<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = LassoCv::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef = model.coef().to_vec();
        Ok((seconds, json!([coef, [model.intercept()], model.alpha()])))
    })
}
