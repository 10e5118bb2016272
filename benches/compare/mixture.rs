//! Mixtures.

use std::time::Instant;

use fitwell::Float;
use fitwell::mixture::{CovarianceType, GaussianMixture};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, Array3, s};
use serde_json::json;

use crate::{Data, Found, Job};

const K: usize = 8;

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "gmm_full_f64" => from_rows::<f64>(CovarianceType::Full, data.matrix("x")?),
        "gmm_full_f32" => from_rows::<f32>(CovarianceType::Full, data.matrix("x")?),
        "gmm_diag_f64" => from_rows::<f64>(CovarianceType::Diag, data.matrix("x")?),
        "gmm_diag_f32" => from_rows::<f32>(CovarianceType::Diag, data.matrix("x")?),
        "gmm_tied_f64" => from_rows::<f64>(CovarianceType::Tied, data.matrix("x")?),
        "gmm_tied_f32" => from_rows::<f32>(CovarianceType::Tied, data.matrix("x")?),
        "gmm_spherical_f64" => from_rows::<f64>(CovarianceType::Spherical, data.matrix("x")?),
        "gmm_spherical_f32" => from_rows::<f32>(CovarianceType::Spherical, data.matrix("x")?),
        "gmm_kmeans_f64" => from_k_means(data.matrix("x")?),
        _ => return Ok(None),
    }))
}

fn from_rows<F: Float>(kind: CovarianceType, x: Array2<F>) -> Job {
    let p = x.ncols();
    let model = GaussianMixture::new(K)
        .covariance_type(kind)
        .max_iter(30)
        .weights_init(Array1::from_elem(K, 1.0 / K as f64))
        .means_init(&x.slice(s![..K, ..]));
    let one = |(_, i, j): (usize, usize, usize)| f64::from(u8::from(i == j));
    let model = match kind {
        CovarianceType::Full => model.precisions_init(Array3::from_shape_fn((K, p, p), one)),
        CovarianceType::Tied => model.precisions_init(Array2::<f64>::eye(p)),
        CovarianceType::Diag => model.precisions_init(Array2::<f64>::ones((K, p))),
        _ => model.precisions_init(Array1::<f64>::ones(K)),
    };
    timed(model, x)
}

/// With all defaults: the start is found by k-means.
fn from_k_means(x: Array2<f64>) -> Job {
    timed(GaussianMixture::new(K), x)
}

fn timed<F: Float>(model: GaussianMixture, x: Array2<F>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let fitted = model.fit(&x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([fitted.lower_bound(), fitted.n_iter()])))
    })
}
