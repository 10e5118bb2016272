//! Decompositions, and maps.

use std::time::Instant;

use fitwell::Float;
use fitwell::decomposition::{Nmf, Pca, SvdSolver, TruncatedSvd};
use fitwell::manifold::Tsne;
use fitwell::prelude::*;
use ndarray::{Array2, ArrayRef2};
use serde_json::{Value, json};

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
    let wide = Pca::new().n_components(50);
    let tall = Pca::new().n_components(20);
    let pca = |pca: Pca| -> Found {
        let share = |m: &fitwell::decomposition::FittedPca<F>| m.explained_variance_ratio().sum();
        Ok(Some(timed(pca, data.matrix("x")?, move |m| {
            json!(share(m).f64())
        })))
    };
    match workload {
        "pca_full" => pca(tall.svd_solver(SvdSolver::Full)),
        "pca_auto" => pca(tall),
        "pca_randomized" => pca(wide.svd_solver(SvdSolver::Randomized)),
        "pca_wide_auto" => pca(wide),
        "truncated_svd" => {
            let svd = TruncatedSvd::new().n_components(50);
            let x: Array2<F> = data.matrix("x")?;
            Ok(Some(timed(svd, x, |m| {
                json!(m.explained_variance_ratio().sum().f64())
            })))
        }
        "nmf" => {
            let nmf = Nmf::new().n_components(20).max_iter(100).tol(0.0);
            let x: Array2<F> = data.matrix("x")?;
            Ok(Some(timed(nmf, x, |m| json!(m.reconstruction_err()))))
        }
        "tsne" => {
            let x: Array2<F> = data.matrix("x")?;
            Ok(Some(timed(Tsne::new(), x, |m| json!(m.kl_divergence()))))
        }
        _ => Ok(None),
    }
}

fn timed<F, E>(estimator: E, x: Array2<F>, found: impl Fn(&E::Fitted) -> Value + 'static) -> Job
where
    F: Float,
    E: Estimator<ArrayRef2<F>, ()> + 'static,
{
    Box::new(move || {
        let start = Instant::now();
        let model = Estimator::<ArrayRef2<F>, ()>::fit(&estimator, &x, &())?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, found(&model)))
    })
}
