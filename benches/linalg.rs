//! The linear algebra facade; sizes in the ids. `cargo bench --bench linalg -- moments`
#![allow(clippy::unwrap_used)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use fitwell::Float;
use fitwell::linalg::{Cholesky, dot, eigh, lstsq, moments, qr, thin_svd};
use ndarray::Array2;

/// Reproducible entries in (-1, 1).
fn noise<F: Float>(m: usize, n: usize) -> Array2<F> {
    let mut state = 88_172_645_463_325_252_u64;
    Array2::from_shape_simple_fn((m, n), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        F::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    })
}

fn products<F: Float>(c: &mut Criterion) {
    for (m, k, n) in [
        (1, 784, 100),
        (64, 64, 64),
        (200, 784, 100),
        (784, 200, 100),
        (1024, 1024, 1024),
        (1_000_000, 50, 1),
        (50, 1_000_000, 1),
        (100_000, 50, 10),
        (50, 100_000, 10),
    ] {
        // What multiplies from the left in X'R is the transpose of an array in row order.
        let transposed = k > m && k > n && m > 1;
        let a = if transposed {
            noise::<F>(k, m)
        } else {
            noise(m, k)
        };
        let a = if transposed { a.t() } else { a.view() };
        let b = noise::<F>(k, n);
        c.bench_function(&format!("linalg/dot/{}/{m}x{k}x{n}", F::NAME), |bench| {
            bench.iter(|| dot(black_box(&a), black_box(&b)).unwrap());
        });
    }
}

fn sums<F: Float>(c: &mut Criterion) {
    for (n, p) in [(1000, 10), (100_000, 50), (1_000_000, 50), (20_000, 784)] {
        let (x, y) = (noise::<F>(n, p), noise::<F>(n, 1));
        c.bench_function(&format!("linalg/moments/{}/{n}x{p}", F::NAME), |bench| {
            bench.iter(|| moments(black_box(&x), Some(&y), None, true).unwrap());
        });
        let finite = fitwell::parallel::all_finite::<F>;
        c.bench_function(
            &format!("parallel/all_finite/{}/{n}x{p}", F::NAME),
            |bench| {
                bench.iter(|| finite(black_box(&x)));
            },
        );
    }
}

fn decompositions(c: &mut Criterion) {
    for (m, n) in [(500, 500), (5000, 100), (100_000, 50)] {
        let a = noise::<f64>(m, n);
        let b = noise::<f64>(m, 1);
        c.bench_function(&format!("linalg/lstsq/f64/{m}x{n}"), |bench| {
            bench.iter(|| lstsq(black_box(&a), &b, None).unwrap());
        });
        if m <= 5000 {
            c.bench_function(&format!("linalg/thin_svd/f64/{m}x{n}"), |bench| {
                bench.iter(|| thin_svd(black_box(&a)).unwrap());
            });
            c.bench_function(&format!("linalg/qr/f64/{m}x{n}"), |bench| {
                bench.iter(|| qr(black_box(&a)).unwrap());
            });
        }
    }
    for n in [50, 500] {
        let mut a = moments(&noise::<f64>(2 * n, n), None, None, false)
            .unwrap()
            .xtx;
        a.diag_mut().mapv_inplace(|v| v + 1.0);
        c.bench_function(&format!("linalg/eigh/f64/{n}"), |bench| {
            bench.iter(|| eigh(black_box(&a)).unwrap());
        });
        c.bench_function(&format!("linalg/cholesky/f64/{n}"), |bench| {
            bench.iter(|| Cholesky::new(black_box(&a)).unwrap());
        });
    }
}

fn memory(c: &mut Criterion) {
    for (n, p) in [(1, 10), (1_000_000, 50)] {
        c.bench_function(&format!("parallel/zeros/f64/{n}x{p}"), |bench| {
            bench.iter(|| fitwell::parallel::zeros::<f64>(black_box((n, p))));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = products::<f64>, products::<f32>, sums::<f64>, sums::<f32>, decompositions, memory
}
criterion_main!(benches);
