//! What models have learned.

use std::time::Instant;

use fitwell::Float;
use fitwell::inspection::PermutationImportance;
use fitwell::linear_model::LogisticRegression;
use fitwell::model_selection::Accuracy;
use fitwell::prelude::*;
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "permutation_importance_f64" => permutation::<f64>(data)?,
        "permutation_importance_f32" => permutation::<f32>(data)?,
        _ => return Ok(None),
    }))
}

fn permutation<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let (x, y) = (data.matrix::<F>("x")?, data.labels("y")?);
    let model = LogisticRegression::new().fit(&x, &y)?;
    Ok(Box::new(move || {
        let start = Instant::now();
        let found = PermutationImportance::new().run(&model, &x, &y, &[&Accuracy])?;
        let seconds = start.elapsed().as_secs_f64();
        let mean = found[0].mean();
        Ok((seconds, json!(mean.sum())))
    }))
}
