//! Multi-layer perceptrons.

use std::time::Instant;

use fitwell::Float;
use fitwell::model_selection::{GridSearchCv, ParamGrid};
use fitwell::neural_network::{MlpClassifier, MlpRegressor, Solver};
use fitwell::prelude::*;
use ndarray::{Array2, s};
use serde_json::json;

use crate::{Data, Found, Job};

/// Of L-BFGS, which ends in another minimum from each.
const STARTS: u64 = 3;

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    let Some(name) = workload.strip_prefix("mlp_") else {
        return Ok(None);
    };
    Ok(Some(match &name[..name.len() - 4] {
        _ if name.ends_with("f64") => named::<f64>(&name[..name.len() - 4], data)?,
        _ => named::<f32>(&name[..name.len() - 4], data)?,
    }))
}

fn named<F: Float>(
    name: &str,
    data: &Data,
) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let x = data.matrix::<F>("x")?;
    if name == "lbfgs" {
        let y = data.vector("y")?.mapv(F::of);
        let recipe = MlpRegressor::new()
            .hidden_layer_sizes([50, 50])
            .solver(Solver::lbfgs());
        return Ok(Box::new(move || {
            let (mut seconds, mut losses) = (0.0, 0.0);
            for seed in 0..STARTS {
                let start = Instant::now();
                let model = recipe.clone().random_state(seed).fit(&x, &y)?;
                seconds += start.elapsed().as_secs_f64();
                losses += model.loss();
            }
            Ok((seconds / STARTS as f64, json!(losses / STARTS as f64)))
        }));
    }
    let y = data.labels("y")?;
    let plain = MlpClassifier::new().tol(0.0).n_iter_no_change(usize::MAX);
    let nesterov = plain.clone().solver(Solver::sgd()).learning_rate_init(0.05);
    Ok(match name {
        "images_adam" => fit(plain.max_iter(5), x, y),
        "images_nesterov" => fit(nesterov.max_iter(5), x, y),
        "digits" => fit(plain, x, y),
        "digits_nesterov" => fit(nesterov, x, y),
        "predict_1" => predict(plain.max_iter(1), x, y, 1)?,
        "predict_1000" => predict(plain.max_iter(1), x, y, 1000)?,
        "grid" => grid(x, y),
        other => return Err(format!("no workload {other}").into()),
    })
}

fn fit<F: Float>(recipe: MlpClassifier, x: Array2<F>, y: Labels) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = recipe.fit(&x, &y)?;
        Ok((start.elapsed().as_secs_f64(), json!(model.loss())))
    })
}

/// The first `rows` rows, as often as makes the time measurable; the time is that of one call.
fn predict<F: Float>(
    recipe: MlpClassifier,
    x: Array2<F>,
    y: Labels,
    rows: usize,
) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let model = recipe.fit(&x, &y)?;
    let some = x.slice(s![..rows, ..]).to_owned();
    let times = 10_000 / rows;
    Ok(Box::new(move || {
        let start = Instant::now();
        let mut seen = 0;
        for _ in 0..times {
            seen += model.predict(&some)?.len();
        }
        let seconds = start.elapsed().as_secs_f64() / times as f64;
        Ok((seconds, json!(seen / times)))
    }))
}

/// Eight networks by three folds.
fn grid<F: Float>(x: Array2<F>, y: Labels) -> Job {
    let grid = ParamGrid::new()
        .with("alpha", [1e-4, 1e-2])
        .with("learning_rate_init", [1e-3, 1e-2])
        .with("hidden_layer_sizes", [32, 64]);
    let search = GridSearchCv::new(MlpClassifier::new().max_iter(20), grid).cv(3);
    Box::new(move || {
        let start = Instant::now();
        let model = search.fit(&x, &y)?;
        Ok((start.elapsed().as_secs_f64(), json!(model.best_score())))
    })
}
