//! Neighbours and distances.
//!
//! Floors on two cores with AVX-512: all 10⁹ distances take a subtraction and a fused multiply-add for each of ten columns,
//! 0.18 s in `f64` and half of it in `f32`; the pairwise distances are bound by writing 200 MB of fresh memory, 0.05 s.

use std::time::Instant;

use fitwell::Float;
use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances};
use fitwell::neighbors::{KernelDensity, LocalOutlierFactor, NearestNeighbors, NeighborsAlgorithm};
use fitwell::prelude::*;
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    if let Some(name) = workload.strip_suffix("_f64") {
        of_type::<f64>(name, data)
    } else if let Some(name) = workload.strip_suffix("_f32") {
        of_type::<f32>(name, data)
    } else {
        Ok(None)
    }
}

fn of_type<F: Float>(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "knn_brute" => nearest::<F>(NeighborsAlgorithm::Brute, data)?,
        "knn_kd_tree" => nearest::<F>(NeighborsAlgorithm::KdTree, data)?,
        "pairwise_distances" => distances::<F>(data)?,
        "kernel_density" => density::<F>(0.0, data)?,
        "kernel_density_rough" => density::<F>(1e-3, data)?,
        "local_outlier_factor" => outliers::<F>(data)?,
        _ => return Ok(None),
    }))
}

/// The fit and the queries.
fn nearest<F: Float>(
    algorithm: NeighborsAlgorithm,
    data: &Data,
) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let (x, queries) = (data.matrix::<F>("x")?, data.matrix::<F>("queries")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = NearestNeighbors::new().algorithm(algorithm).fit(&x, &())?;
        let (distances, indices) = model.kneighbors(&queries, None)?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: f64 = distances.iter().map(|d| d.f64()).sum();
        let rows: usize = indices.sum();
        Ok((seconds, json!([sum / distances.len() as f64, rows])))
    }))
}

fn distances<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let x = data.matrix::<F>("x")?;
    Ok(Box::new(move || {
        let start = Instant::now();
        let found = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new())?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: f64 = found.iter().map(|d| d.f64()).sum();
        Ok((
            seconds,
            json!([
                sum / found.len() as f64,
                found.diag().iter().filter(|d| d.is_zero()).count()
            ]),
        ))
    }))
}

/// The fit and the densities of the queries.
fn density<F: Float>(
    rtol: f64,
    data: &Data,
) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let (x, queries) = (data.matrix::<F>("x")?, data.matrix::<F>("queries")?);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = KernelDensity::new()
            .bandwidth(0.3)
            .rtol(rtol)
            .fit(&x, &())?;
        let found = model.score_samples(&queries)?;
        let seconds = start.elapsed().as_secs_f64();
        let sum: f64 = found.iter().map(|d| d.f64()).sum();
        Ok((seconds, json!([sum / found.len() as f64])))
    }))
}

fn outliers<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let x = data.matrix::<F>("x")?;
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = LocalOutlierFactor::new().fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        let found = model.negative_outlier_factor();
        let sum: f64 = found.iter().map(|d| d.f64()).sum();
        Ok((seconds, json!([sum / found.len() as f64])))
    }))
}
