//! Scalers and transformers of distributions.

use std::hint::black_box;
use std::time::Instant;

use fitwell::prelude::*;
use fitwell::preprocessing::{
    OutputDistribution, PowerTransformer, QuantileTransformer, RobustScaler, StandardScaler,
};
use fitwell::{Float, parallel};
use ndarray::{Array2, ArrayRef2, s};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    if workload.ends_with("f32") {
        named::<f32>(workload.trim_end_matches("_f32"), data)
    } else {
        named::<f64>(workload.trim_end_matches("_f64"), data)
    }
}

fn named<F: Float>(workload: &str, data: &Data) -> Found {
    let x = || data.matrix::<F>("x");
    let normal = || QuantileTransformer::new().output_distribution(OutputDistribution::Normal);
    Ok(Some(match workload {
        "scaler" => scaler(x()?),
        "robust_200k" | "robust_1m" => timed(RobustScaler::new(), x()?),
        "quantile_200k" | "quantile_1m" => timed(QuantileTransformer::new(), x()?),
        "quantile_normal_200k" => timed(normal(), x()?),
        "power_200k" => timed(PowerTransformer::new(), x()?),
        _ => return Ok(None),
    }))
}

/// Fit and transform; a thousand rows of the result and the seconds of the fit.
fn timed<F, E>(estimator: E, x: Array2<F>) -> Job
where
    F: Float,
    E: Estimator<ArrayRef2<F>, ()> + 'static,
    E::Fitted: Transform<ArrayRef2<F>, Output = Array2<F>>,
{
    Box::new(move || {
        let start = Instant::now();
        let model = estimator.fit(&x, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = model.transform(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([thousand(&out), fit])))
    })
}

fn thousand<F: Float>(out: &Array2<F>) -> Vec<F> {
    let step = (out.nrows() / 1000).max(1);
    let rows = out.slice(s![..;step, ..]);
    let sample = rows.rows().into_iter().take(1000);
    sample.flat_map(|row| row.to_vec()).collect()
}

/// The scaler, and beside it what the memory alone takes: reading X once, and copying it, into memory that is there and
/// into fresh memory.
fn scaler<F: Float>(x: Array2<F>) -> Job {
    let mut there = parallel::zeros::<F>(x.dim());
    Box::new(move || {
        let clock = |work: &mut dyn FnMut() -> Result<()>| -> Result<f64> {
            let start = Instant::now();
            work()?;
            Ok(start.elapsed().as_secs_f64())
        };
        let mut sample = Vec::new();
        let mut fit = 0.0;
        let seconds = clock(&mut || {
            let start = Instant::now();
            let model = StandardScaler::new().fit(&x, &())?;
            fit = start.elapsed().as_secs_f64();
            let out = model.transform(&x)?;
            sample = thousand(&out);
            Ok(())
        })?;
        let into = clock(&mut || {
            StandardScaler::new()
                .fit(&x, &())?
                .transform_into(&x, &mut there)
        })?;
        let read = clock(&mut || {
            black_box(parallel::all_finite(&x));
            Ok(())
        })?;
        let copy = clock(&mut || {
            copy_rows(&x, &mut there);
            Ok(())
        })?;
        let text = format!(
            "{into:.4} s into memory that is there, {:.2} times reading once and copying",
            into / (read + copy)
        );
        Ok((seconds, json!([sample, fit, text])))
    })
}

fn copy_rows<F: Float>(x: &Array2<F>, out: &mut Array2<F>) {
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
        let rows = x.slice(s![first..first + block.nrows(), ..]);
        block.assign(&rows);
    });
}
