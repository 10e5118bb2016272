//! Logistic regression by shape, number of classes and precision.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fitwell::linear_model::LogisticRegression;
use fitwell::prelude::*;
use fitwell::{Float, random};
use ndarray::Array2;
use rand::RngExt;

/// Overlapping classes along random directions.
fn data<F: Float>(n: usize, p: usize, n_classes: usize) -> (Array2<F>, Labels) {
    let mut rng = random::generator(0);
    let mut uniform = move || rng.random_range(-1.0..1.0f64);
    let directions = Array2::from_shape_simple_fn((n_classes, p), &mut uniform);
    let x = Array2::from_shape_simple_fn((n, p), &mut uniform);
    let spread = (p as f64).sqrt();
    let codes = x.rows().into_iter().map(|row| {
        let scores = directions
            .rows()
            .into_iter()
            .map(|d| d.dot(&row) / spread + 0.5 * uniform());
        let best = scores.enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
        best.map_or(0, |(class, _)| class)
    });
    let y = Labels::from_iter(codes);
    (x.mapv(F::of), y)
}

fn fits<F: Float>(c: &mut Criterion) {
    let mut group = c.benchmark_group("logistic_regression");
    group.sample_size(10);
    for (n, p, k) in [
        (1_000, 20, 2),
        (1_000, 20, 3),
        (100_000, 50, 2),
        (10_000, 784, 10),
        (100, 2_000, 2),
    ] {
        let (x, y) = data::<F>(n, p, k);
        let id = BenchmarkId::new(format!("fit_{}", F::NAME), format!("{n}x{p}x{k}"));
        group.bench_function(id, |b| {
            b.iter(|| LogisticRegression::new().fit(&x, &y).expect("finite data"));
        });
    }
    let (x, y) = data::<F>(1_000, 10, 2);
    let model = LogisticRegression::new().fit(&x, &y).expect("finite data");
    let row = x.slice(ndarray::s![..1, ..]);
    group.bench_function(format!("predict_{}/1x10", F::NAME), |b| {
        b.iter(|| model.predict(&row).expect("finite data"));
    });
    group.finish();
}

criterion_group!(benches, fits::<f64>, fits::<f32>);
criterion_main!(benches);
