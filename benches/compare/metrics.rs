//! Metrics of many rows.

use std::time::Instant;

use fitwell::Float;
use fitwell::metrics::{average_precision_score, log_loss, roc_auc_score, silhouette_score};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, ArrayRef1};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "roc_auc_f64" => of_scores::<f64>(data, roc_auc_score)?,
        "roc_auc_f32" => of_scores::<f32>(data, roc_auc_score)?,
        "average_precision_f64" => of_scores::<f64>(data, average_precision_score)?,
        "average_precision_f32" => of_scores::<f32>(data, average_precision_score)?,
        "log_loss_f64" => of_scores::<f64>(data, |y, p| log_loss(y, p, y.classes()))?,
        "log_loss_f32" => of_scores::<f32>(data, |y, p| log_loss(y, p, y.classes()))?,
        "silhouette_f64" => silhouette::<f64>(data)?,
        "silhouette_f32" => silhouette::<f32>(data)?,
        _ => return Ok(None),
    }))
}

fn of_scores<F: Float>(
    data: &Data,
    metric: fn(&Labels, &ArrayRef1<F>) -> Result<f64>,
) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let p = data.matrix::<F>("x")?.column(0).to_owned();
    let y = data.labels("y")?;
    Ok(Box::new(move || {
        let start = Instant::now();
        let value = metric(&y, &p)?;
        Ok((start.elapsed().as_secs_f64(), json!(value)))
    }))
}

fn silhouette<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let x: Array2<F> = data.matrix("x")?;
    let labels: Array1<u32> = data.labels("y")?.codes().to_vec().into();
    Ok(Box::new(move || {
        let start = Instant::now();
        let value = silhouette_score(&x, &labels)?;
        Ok((start.elapsed().as_secs_f64(), json!(value)))
    }))
}
