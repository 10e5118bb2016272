//! Scaling, imputing and encoding by shape and precision, and one row through a whole column transformer.
#![allow(missing_docs, clippy::expect_used)]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fitwell::impute::SimpleImputer;
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::{Column, Columns, Table};
use fitwell::{Float, random};
use ndarray::{Array2, s};
use rand::RngExt;

const FITS: &str = "the data fit";

fn numbers<F: Float>(n: usize, p: usize, missing: f64) -> Array2<F> {
    let mut rng = random::generator(0);
    Array2::from_shape_simple_fn((n, p), || {
        let v = rng.random_range(-1.0..1.0);
        F::of(if rng.random::<f64>() < missing {
            f64::NAN
        } else {
            v
        })
    })
}

/// Six columns of numbers, three of texts, one of booleans; one value in ten is missing.
fn mixed(n: usize) -> Table {
    let x = numbers::<f64>(n, 10, 0.1);
    let number = |j: usize| Column::from(x.column(j).to_owned());
    let text = |j: usize| {
        let level =
            |v: &f64| (!v.is_nan()).then(|| ["a", "b", "c", "d"][((v + 1.0) * 2.0) as usize % 4]);
        Column::from_iter(x.column(j).iter().map(level))
    };
    let flag = Column::from_iter(
        x.column(9)
            .iter()
            .map(|v| (!v.is_nan()).then_some(*v > 0.0)),
    );
    let columns = (0..6).map(|j| (format!("n{j}"), number(j)));
    let columns = columns.chain((6..9).map(|j| (format!("t{j}"), text(j))));
    Table::new(columns.chain([("flag".to_string(), flag)])).expect(FITS)
}

fn scaler(c: &mut Criterion) {
    let mut group = c.benchmark_group("standard_scaler");
    group.sample_size(10);
    for (n, p) in [(1_000, 10), (100_000, 50), (1_000_000, 10), (1_000, 5_000)] {
        let size = format!("{n}x{p}");
        let x = numbers::<f64>(n, p, 0.0);
        let model = StandardScaler::new().fit(&x, &()).expect(FITS);
        let mut out = x.clone();
        group.bench_function(BenchmarkId::new("fit_f64", &size), |b| {
            b.iter(|| StandardScaler::new().fit(&x, &()).expect(FITS));
        });
        group.bench_function(BenchmarkId::new("transform_f64", &size), |b| {
            b.iter(|| model.transform(&x).expect(FITS));
        });
        group.bench_function(BenchmarkId::new("transform_into_f64", &size), |b| {
            b.iter(|| model.transform_into(&x, &mut out).expect(FITS));
        });
        let x = x
            .reversed_axes()
            .as_standard_layout()
            .reversed_axes()
            .into_owned();
        group.bench_function(BenchmarkId::new("fit_f64_column_major", &size), |b| {
            b.iter(|| StandardScaler::new().fit(&x, &()).expect(FITS));
        });
        let x = numbers::<f64>(n, p, 0.1);
        group.bench_function(BenchmarkId::new("fit_f64_missing", &size), |b| {
            b.iter(|| StandardScaler::new().fit(&x, &()).expect(FITS));
        });
        let x = numbers::<f32>(n, p, 0.0);
        group.bench_function(BenchmarkId::new("fit_f32", &size), |b| {
            b.iter(|| StandardScaler::new().fit(&x, &()).expect(FITS));
        });
    }
    let x = numbers::<f64>(1_000, 10, 0.0);
    let model = StandardScaler::new().fit(&x, &()).expect(FITS);
    let row = x.slice(s![..1, ..]);
    group.bench_function("transform_f64/1x10", |b| {
        b.iter(|| model.transform(&row).expect(FITS));
    });
    group.finish();
}

fn imputer(c: &mut Criterion) {
    let mut group = c.benchmark_group("simple_imputer");
    group.sample_size(10);
    let x = numbers::<f64>(100_000, 50, 0.1);
    for (name, imputer) in [
        ("mean", SimpleImputer::mean()),
        ("median", SimpleImputer::median()),
        ("most_frequent", SimpleImputer::most_frequent()),
    ] {
        group.bench_function(BenchmarkId::new(name, "100000x50"), |b| {
            b.iter(|| imputer.fit(&x, &()).expect(FITS));
        });
    }
    let model = SimpleImputer::mean().fit(&x, &()).expect(FITS);
    group.bench_function("transform/100000x50", |b| {
        b.iter(|| model.transform(&x).expect(FITS));
    });
    group.finish();
}

fn columns(c: &mut Criterion) {
    let mut group = c.benchmark_group("column_transformer");
    group.sample_size(10);
    let table = mixed(100_000);
    let texts = table.select_columns(&Columns::categorical()).expect(FITS);
    let encoder = OneHotEncoder::new().fit(&texts, &()).expect(FITS);
    group.bench_function("one_hot/100000x4", |b| {
        b.iter(|| encoder.transform(&texts).expect(FITS));
    });
    let prepare = ColumnTransformer::new()
        .numeric(
            "num",
            Columns::numeric(),
            pipeline("impute", SimpleImputer::mean()).then("scale", StandardScaler::new()),
        )
        .part(
            "cat",
            Columns::categorical(),
            pipeline("impute", SimpleImputer::most_frequent()).then(
                "onehot",
                OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
            ),
        );
    group.bench_function("fit/100000x10", |b| {
        b.iter(|| prepare.fit(&table, &()).expect(FITS));
    });
    let fitted = prepare.fit(&table, &()).expect(FITS);
    group.bench_function("transform/100000x10", |b| {
        b.iter(|| fitted.transform(&table).expect(FITS));
    });
    let row = table.select_rows(&[17]).expect(FITS);
    group.bench_function("transform/1x10", |b| {
        b.iter(|| fitted.transform(&row).expect(FITS));
    });
    group.finish();
}

criterion_group!(benches, scaler, imputer, columns);
criterion_main!(benches);
