//! Stochastic gradient descent.

use std::time::Instant;

use fitwell::Float;
use fitwell::linear_model::{SgdClassifier, SgdRegressor};
use fitwell::prelude::*;
use ndarray::{Axis, Slice};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "sgd_classifier_f64" => classifier::<f64>(data)?,
        "sgd_classifier_f32" => classifier::<f32>(data)?,
        "sgd_regressor" => regressor(data)?,
        "sgd_partial_fit" => batches(data)?,
        _ => return Ok(None),
    }))
}

type Made = std::result::Result<Job, Box<dyn std::error::Error>>;

fn classifier<F: Float>(data: &Data) -> Made {
    let (x, y) = (data.matrix::<F>("x")?, data.labels("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = SgdClassifier::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([model.score(&x, &y)?, model.n_iter()])))
    }))
}

fn regressor(data: &Data) -> Made {
    let (x, y) = (data.matrix::<f64>("x")?, data.vector("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = SgdRegressor::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([model.score(&x, &y)?, model.n_iter()])))
    }))
}

fn batches(data: &Data) -> Made {
    let (x, y) = (data.matrix::<f64>("x")?, data.labels("y")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let mut model = SgdClassifier::new().begin(x.ncols(), &y)?;
        for first in (0..x.nrows()).step_by(10_000) {
            let rows: Vec<usize> = (first..x.nrows().min(first + 10_000)).collect();
            let part = x.slice_axis(Axis(0), Slice::from(first..first + rows.len()));
            model.partial_fit(&part, &y.select(&rows)?)?;
        }
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([model.score(&x, &y)?, model.n_iter()])))
    }))
}
