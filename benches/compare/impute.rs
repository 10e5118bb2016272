//! Imputers.

use std::time::Instant;

use fitwell::Float;
use fitwell::impute::{IterativeImputer, KnnImputer, KnnWeights, SimpleImputer};
use fitwell::prelude::*;
use ndarray::Array2;
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    let Some((name, kind)) = (workload.strip_prefix("impute_")).and_then(|w| w.rsplit_once('_'))
    else {
        return Ok(None);
    };
    match kind {
        "f64" => Ok(of_kind(name, data.matrix::<f64>("x")?)),
        _ => Ok(of_kind(name, data.matrix::<f32>("x")?)),
    }
}

fn of_kind<F: Float>(name: &str, x: Array2<F>) -> Option<Job> {
    Some(match name {
        "mean" => imputing(x, SimpleImputer::mean()),
        "median" => imputing(x, SimpleImputer::median()),
        "frequent" => imputing(x, SimpleImputer::most_frequent()),
        "knn" => imputing(x, KnnImputer::new()),
        "knn_distance" => imputing(x, KnnImputer::new().weights(KnnWeights::Distance)),
        "iterative" => imputing(x, IterativeImputer::new()),
        _ => return None,
    })
}

fn imputing<F, E, M>(x: Array2<F>, imputer: E) -> Job
where
    F: Float,
    E: Estimator<Array2<F>, (), Fitted = M> + 'static,
    M: Transform<Array2<F>, Output = Array2<F>>,
{
    Box::new(move || {
        let start = Instant::now();
        let (model, known) = imputer.fit_for_transform(&x, &())?;
        let out = model.transform_fitted(&x, known)?;
        let seconds = start.elapsed().as_secs_f64();
        let (mut sum, mut squares, mut n) = (0.0, 0.0, 0.0);
        for (v, _) in out.iter().zip(&x).filter(|(_, v)| v.is_nan()) {
            sum += v.f64();
            squares += v.f64() * v.f64();
            n += 1.0;
        }
        Ok((seconds, json!([sum / n, squares / n])))
    })
}
