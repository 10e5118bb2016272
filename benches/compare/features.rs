//! Transformers that make features.

use std::time::Instant;

use fitwell::Float;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    BinEncode, BinStrategy, KBinsDiscretizer, PolynomialFeatures, SplineTransformer,
};
use ndarray::{Array2, ArrayRef2, s};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    const NAMES: [&str; 5] = [
        "polynomial",
        "bins",
        "bins_ordinal",
        "bins_kmeans",
        "spline",
    ];
    Ok(
        match workload
            .rsplit_once('_')
            .filter(|(name, _)| NAMES.contains(name))
        {
            Some((name, "f64")) => features(name, data.matrix::<f64>("x")?),
            Some((name, "f32")) => features(name, data.matrix::<f32>("x")?),
            _ => None,
        },
    )
}

fn features<F: Float>(name: &str, x: Array2<F>) -> Option<Job> {
    let bins = KBinsDiscretizer::new();
    Some(match name {
        "polynomial" => run(PolynomialFeatures::new(), x),
        "bins" => run(bins, x),
        "bins_ordinal" => run(bins.encode(BinEncode::Ordinal), x),
        "bins_kmeans" => run(
            bins.encode(BinEncode::Ordinal)
                .strategy(BinStrategy::Kmeans),
            x,
        ),
        "spline" => run(SplineTransformer::new(), x),
        _ => return None,
    })
}

/// Fit and transform; a hundred rows of the result.
fn run<F: Float, E>(estimator: E, x: Array2<F>) -> Job
where
    E: Estimator<ArrayRef2<F>> + 'static,
    E::Fitted: Transform<ArrayRef2<F>, Output = Array2<F>>,
{
    Box::new(move || {
        let start = Instant::now();
        let model = Estimator::<ArrayRef2<F>>::fit(&estimator, &x, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = Transform::<ArrayRef2<F>>::transform(&model, &x)?;
        let seconds = start.elapsed().as_secs_f64();
        let rows = out.slice(s![..;(x.nrows() / 100).max(1), ..]);
        let rows: Vec<f64> = rows.iter().map(|v| v.f64()).collect();
        Ok((seconds, json!([rows, fit])))
    })
}
