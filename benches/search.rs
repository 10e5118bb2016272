//! Metrics, splitters and searches by size.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fitwell::linear_model::Ridge;
use fitwell::metrics::{classification_report, log_loss, r2_score, roc_auc_score};
use fitwell::model_selection::{
    CrossValidator, GridSearchCv, ParamGrid, R2, StratifiedKFold, cross_val_score,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::random;
use ndarray::{Array1, Array2, Axis};
use rand::RngExt;

fn metrics(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics");
    group.sample_size(10);
    for n in [1_000, 1_000_000] {
        let mut rng = random::generator(0);
        let y: Labels = (0..n).map(|_| rng.random_range(0..2)).collect();
        let scores = Array1::from_shape_simple_fn(n, || rng.random_range(0.0..1.0));
        let predicted: Labels = scores.iter().map(|&s: &f64| i32::from(s > 0.5)).collect();
        let proba =
            ndarray::stack(Axis(1), &[(1.0 - &scores).view(), scores.view()]).expect("same length");
        let real = scores.mapv(|s| 2.0 * s + 1.0);
        group.bench_function(BenchmarkId::new("classification_report", n), |b| {
            b.iter(|| classification_report(&y, &predicted).expect("valid"));
        });
        group.bench_function(BenchmarkId::new("roc_auc_score", n), |b| {
            b.iter(|| roc_auc_score(&y, &scores).expect("valid"));
        });
        group.bench_function(BenchmarkId::new("log_loss", n), |b| {
            b.iter(|| log_loss(&y, &proba, y.classes()).expect("valid"));
        });
        group.bench_function(BenchmarkId::new("r2_score", n), |b| {
            b.iter(|| r2_score(&real, &scores).expect("valid"));
        });
        group.bench_function(BenchmarkId::new("stratified_k_fold", n), |b| {
            b.iter(|| StratifiedKFold::new().split(n, &y).expect("valid"));
        });
    }
    group.finish();
}

/// The fit itself is cheap here, so that what the search adds to it shows.
fn search(c: &mut Criterion) {
    let mut group = c.benchmark_group("search");
    group.sample_size(10);
    for (n, p) in [(500, 10), (5_000, 20)] {
        let mut rng = random::generator(0);
        let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
        let y: Array1<f64> = x.rows().into_iter().map(|row| row.sum()).collect();
        let pipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
        group.bench_function(
            BenchmarkId::new("cross_val_score", format!("{n}x{p}")),
            |b| {
                b.iter(|| cross_val_score(&pipe, &x, &y, &5, &R2::new()).expect("valid"));
            },
        );
        let grid = ParamGrid::new().with("ridge__alpha", [0.01, 0.1, 1.0, 10.0]);
        let search = GridSearchCv::new(pipe.clone(), grid).scoring(R2::new());
        group.bench_function(BenchmarkId::new("grid_4x5", format!("{n}x{p}")), |b| {
            b.iter(|| search.fit(&x, &y).expect("valid"));
        });
    }
    group.finish();
}

criterion_group!(benches, metrics, search);
criterion_main!(benches);
