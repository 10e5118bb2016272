//! Scores of features, and recursive elimination.

use std::time::Instant;

use fitwell::Float;
use fitwell::feature_selection::*;
use fitwell::linear_model::Ridge;
use fitwell::prelude::*;
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(match workload.rsplit_once('_') {
        Some((name, "f64")) => of::<f64>(name, data)?,
        Some((name, "f32")) => of::<f32>(name, data)?,
        _ => None,
    })
}

fn of<F: Float>(name: &str, data: &Data) -> Found {
    let known = [
        "f_classif",
        "f_regression",
        "mutual_classif",
        "mutual_regression",
        "rfe",
    ];
    if !known.contains(&name) {
        return Ok(None);
    }
    let x = data.matrix::<F>("x")?;
    let classes = data.labels("classes")?;
    let real = data.vector("real")?.mapv(F::of);
    let scores = |f: Result<FeatureScores>| f.map(|f| f.scores().to_vec());
    let run: Box<dyn Fn() -> Result<Vec<f64>>> = match name {
        "f_classif" => Box::new(move || scores(f_classif(&x, &classes))),
        "f_regression" => Box::new(move || scores(f_regression(&x, &real))),
        "mutual_classif" => Box::new(move || Ok(mutual_info_classif(&x, &classes)?.to_vec())),
        "mutual_regression" => Box::new(move || Ok(mutual_info_regression(&x, &real)?.to_vec())),
        _ => Box::new(move || {
            let model = Rfe::new(Ridge::new())
                .n_features_to_select(5)
                .fit(&x, &real)?;
            Ok(model.ranking().iter().map(|&r| r as f64).collect())
        }),
    };
    let job: Job = Box::new(move || {
        let start = Instant::now();
        let found = run()?;
        Ok((start.elapsed().as_secs_f64(), json!(found)))
    });
    Ok(Some(job))
}
