//! Ridge by shape, number of targets and precision.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fitwell::linear_model::Ridge;
use fitwell::prelude::*;
use fitwell::{Float, random};
use ndarray::{Array1, Array2};
use rand::RngExt;

fn data<F: Float>(n: usize, p: usize) -> (Array2<F>, Array1<F>) {
    let mut rng = random::generator(0);
    let x = Array2::from_shape_simple_fn((n, p), || F::of(rng.random_range(-1.0..1.0)));
    let y = x.rows().into_iter().map(|row| row.sum()).collect();
    (x, y)
}

fn ridge(c: &mut Criterion) {
    let mut group = c.benchmark_group("ridge");
    group.sample_size(10);
    for (n, p) in [(1_000, 10), (10_000, 50), (100_000, 50), (100, 2_000)] {
        let (x, y) = data::<f64>(n, p);
        group.bench_function(BenchmarkId::new("fit_f64", format!("{n}x{p}")), |b| {
            b.iter(|| Ridge::new().fit(&x, &y).expect("finite data"));
        });
        let (x, y) = data::<f32>(n, p);
        group.bench_function(BenchmarkId::new("fit_f32", format!("{n}x{p}")), |b| {
            b.iter(|| Ridge::new().fit(&x, &y).expect("finite data"));
        });
    }
    let (x, y) = data::<f64>(1_000, 10);
    let model = Ridge::new().fit(&x, &y).expect("finite data");
    let row = x.slice(ndarray::s![..1, ..]);
    group.bench_function("predict_f64/1x10", |b| {
        b.iter(|| model.predict(&row).expect("finite data"))
    });
    group.finish();
}

criterion_group!(benches, ridge);
criterion_main!(benches);
