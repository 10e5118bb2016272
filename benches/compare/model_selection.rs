//! Searches and whole pipelines.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use fitwell::Float;
use fitwell::decomposition::Pca;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model_selection::{
    GridSearchCv, LeaveOneOut, NegMeanSquaredError, ParamGrid, R2, StratifiedKFold, cross_val_score,
};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::Table;
use ndarray::{Array2, ArrayRef2, s};
use serde_json::json;

use crate::{Data, Found, Job};

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "grid" => grid(data)?,
        "cross_val" => cross_val::<f64>(data)?,
        "cross_val_f32" => cross_val::<f32>(data)?,
        "leave_one_out" => leave_one_out(data)?,
        "one_row" => one_row(&data.matrix("x")?, &data.labels("y")?)?,
        "search_pipe_f64" => search_pipe(data.matrix::<f64>("x")?, data.labels("y")?),
        "search_pipe_f32" => search_pipe(data.matrix::<f32>("x")?, data.labels("y")?),
        _ => return Ok(None),
    }))
}

fn grid(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let table = Table::from_csv(Path::new(data.text("root")?).join("datasets/titanic.csv"))?;
    let (features, survived) = table.split_labels("survived")?;
    let numeric = pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
    let text = pipeline("impute", SimpleImputer::most_frequent()).then(
        "onehot",
        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
    );
    let prepare = ColumnTransformer::new()
        .numeric("numeric", ["age", "fare", "sibsp", "parch"], numeric)
        .part("text", ["pclass", "sex", "embarked"], text);
    let model = pipeline("prepare", prepare).then("classify", LogisticRegression::new());
    let grid = ParamGrid::new()
        .with("prepare__numeric__impute__strategy", ["mean", "median"])
        .with("classify__C", [0.01, 0.1, 1.0, 10.0]);
    Ok(Box::new(move || {
        let start = Instant::now();
        let search = GridSearchCv::new(model.clone(), grid.clone())
            .cv(StratifiedKFold::new())
            .fit(&features, &survived)?;
        Ok((start.elapsed().as_secs_f64(), json!(search.best_score())))
    }))
}

/// Seconds for each of many cross-validations of ridge regression, of five folds.
fn cross_val<F: Float>(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    const TIMES: usize = 200;
    let (x, y) = (data.matrix::<F>("x")?, data.vector("y")?.mapv(F::of));
    Ok(Box::new(move || {
        let mut mean = 0.0;
        let start = Instant::now();
        for _ in 0..TIMES {
            let scores = cross_val_score(&Ridge::new(), black_box(&x), &y, &5, &R2::new())?;
            mean = scores.sum() / 5.0;
        }
        Ok((start.elapsed().as_secs_f64() / TIMES as f64, json!(mean)))
    }))
}

/// A split for each row.
fn leave_one_out(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let (x, y) = (data.matrix::<f64>("x")?, data.vector("y")?);
    Ok(Box::new(move || {
        let cv = LeaveOneOut::new();
        let start = Instant::now();
        let scores = cross_val_score(&Ridge::new(), &x, &y, &cv, &NegMeanSquaredError)?;
        Ok((
            start.elapsed().as_secs_f64(),
            json!(scores.sum() / scores.len() as f64),
        ))
    }))
}

fn one_row(x: &ArrayRef2<f64>, y: &Labels) -> Result<Job> {
    let model = pipeline("scale", StandardScaler::new())
        .then("classify", LogisticRegression::new())
        .fit(x, y)?;
    let rows: Vec<Array2<f64>> = (0..200)
        .map(|i| x.slice(s![i..i + 1, ..]).to_owned())
        .collect();
    Ok(Box::new(move || {
        let mut out = Vec::with_capacity(rows.len());
        let start = Instant::now();
        for row in &rows {
            out.push(black_box(model.predict_proba(black_box(row))?)[[0, 1]]);
        }
        Ok((
            start.elapsed().as_secs_f64() / rows.len() as f64,
            json!(out),
        ))
    }))
}

/// Scaling, principal components and a classifier: five numbers of components by four penalties.
fn search_pipe<F: Float>(x: Array2<F>, y: Labels) -> Job {
    let pipe = pipeline("scale", StandardScaler::new())
        .then("pca", Pca::new())
        .then("classify", LogisticRegression::new());
    let grid = ParamGrid::new()
        .with("pca__n_components", [5, 10, 20, 30, 40])
        .with("classify__C", [0.01, 0.1, 1.0, 10.0]);
    let search = GridSearchCv::new(pipe, grid);
    Box::new(move || {
        let start = Instant::now();
        let found = search.fit(&x, &y)?;
        Ok((start.elapsed().as_secs_f64(), json!(found.best_score())))
    })
}
