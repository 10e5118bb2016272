//! Scalers.

use std::time::Instant;

use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use ndarray::{Array2, s};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "scaler" => scaler(data.matrix::<f64>("x")?),
        _ => return Ok(None),
    }))
}

fn scaler(x: Array2<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = StandardScaler::new().fit(&x, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = model.transform(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        let step = (x.nrows() / 1000).max(1);
        let sample: Vec<f64> = out
            .slice(s![..;step, ..])
            .rows()
            .into_iter()
            .take(1000)
            .flatten()
            .copied()
            .collect();
        Ok((seconds, json!([sample, fit])))
    })
}
