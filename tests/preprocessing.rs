//! Laws of scaling, imputing and encoding, on data of all shapes, scales and layouts.
#![allow(clippy::unwrap_used)]

use fitwell::impute::SimpleImputer;
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    BinEncode, BinStrategy, DropCategory, KBinsDiscretizer, OneHotEncoder, PolynomialFeatures,
    SplineTransformer, StandardScaler,
};
use fitwell::table::{Column, Columns, Table};
use ndarray::{Array1, Array2, Axis, s};
use proptest::prelude::*;

/// Matrices of up to 40 rows and 6 columns; each column has a location and a scale of its own.
fn any_matrix(missing: bool) -> impl Strategy<Value = Array2<f64>> {
    (1usize..40, 1usize..6).prop_flat_map(move |(n, p)| {
        let columns = prop::collection::vec((-1e6..1e6f64, -6i32..6), p);
        let cells = prop::collection::vec((-1.0..1.0f64, 0..6u8), n * p);
        (columns, cells).prop_map(move |(columns, cells)| {
            Array2::from_shape_fn((n, p), |(i, j)| {
                let ((at, scale), (v, gap)) = (columns[j], cells[i * p + j]);
                if missing && gap == 0 {
                    f64::NAN
                } else {
                    at + v * 10f64.powi(scale)
                }
            })
        })
    })
}

fn texts() -> impl Strategy<Value = Vec<Option<String>>> {
    prop::collection::vec(prop::option::weighted(0.8, "[a-cé ]{0,2}"), 1..30)
}

/// As close as the rounding of values of this size allows.
fn close(a: f64, b: f64, size: f64) -> bool {
    (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-12 * size.max(1e-300)
}

proptest! {
    #[test]
    fn scaled_columns_have_mean_zero_and_variance_one(x in any_matrix(true)) {
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let z = scaler.transform(&x).unwrap();
        for (j, column) in z.columns().into_iter().enumerate() {
            let seen: Vec<f64> = column.iter().copied().filter(|v| !v.is_nan()).collect();
            if seen.is_empty() {
                continue;
            }
            let n = seen.len() as f64;
            let mean = seen.iter().sum::<f64>() / n;
            // Rounding of the data in units of the scale.
            let unit = f64::EPSILON * (1.0 + scaler.mean()[j].abs() / scaler.scale()[j]);
            prop_assert!(mean.abs() <= 8.0 * unit, "{mean}");
            let var = seen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
            let constant = scaler.scale()[j] == 1.0;
            prop_assert!(constant || (var - 1.0).abs() <= 1e-9 + 64.0 * unit, "{var}");
        }
    }

    #[test]
    fn scaling_is_undone(x in any_matrix(true)) {
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let back = scaler.inverse_transform(&scaler.transform(&x).unwrap()).unwrap();
        for (a, b) in x.iter().zip(&back) {
            prop_assert!(close(*a, *b, 4e6), "{a} {b}");
        }
    }

    #[test]
    fn batches_are_the_rows_together(x in any_matrix(true), cut in 1usize..39) {
        let n = x.nrows();
        let cut = cut.min(n);
        let whole = StandardScaler::new().fit(&x, &()).unwrap();
        let mut parts = StandardScaler::new().fit(&x.slice(s![..cut, ..]), &()).unwrap();
        if cut < n {
            parts.partial_fit(&x.slice(s![cut.., ..]), &()).unwrap();
        }
        for j in 0..x.ncols() {
            prop_assert!(close(whole.mean()[j], parts.mean()[j], 4e6));
            let (a, b) = (whole.var().unwrap()[j], parts.var().unwrap()[j]);
            // The mean of the first batch is kept to a rounding of its size, which a later one is measured against.
            let rounding = 8.0 * f64::EPSILON * whole.mean()[j].abs();
            let allowed = 1e-10 * a + rounding * (rounding + a.sqrt());
            prop_assert!((a - b).abs() <= allowed, "{a} {b}");
        }
    }

    #[test]
    fn weights_are_repetitions(x in any_matrix(true), seed in 0u8..255) {
        let w = Array1::from_shape_fn(x.nrows(), |i| f64::from((seed >> (i % 8)) & 1) + f64::from(u8::from(i == 0)));
        let rows: Vec<usize> = (0..x.nrows()).flat_map(|i| vec![i; w[i] as usize]).collect();
        let weighted = StandardScaler::new().fit(&x, &().weighted(&w)).unwrap();
        let repeated = StandardScaler::new().fit(&x.select(Axis(0), &rows), &()).unwrap();
        for j in 0..x.ncols() {
            prop_assert!(close(weighted.mean()[j], repeated.mean()[j], 4e6));
            let (a, b) = (weighted.var().unwrap()[j], repeated.var().unwrap()[j]);
            prop_assert!((a - b).abs() <= 1e-10 * a.max(b) + 1e-18, "{a} {b}");
        }
    }

    #[test]
    fn layouts_and_single_rows_agree(x in any_matrix(true)) {
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let z = scaler.transform(&x).unwrap();
        let columns = x.t().as_standard_layout().into_owned();
        prop_assert_eq!(&StandardScaler::new().fit(&columns.t(), &()).unwrap(), &scaler);
        for i in 0..x.nrows() {
            let row = scaler.transform(&x.slice(s![i..i + 1, ..])).unwrap();
            for (a, b) in row.iter().zip(z.row(i)) {
                prop_assert_eq!(a.to_bits(), b.to_bits());
            }
        }
    }

    #[test]
    fn imputed_once_is_imputed(x in any_matrix(true)) {
        for imputer in [SimpleImputer::mean(), SimpleImputer::median(), SimpleImputer::most_frequent()] {
            let fitted = imputer.keep_empty_features(true).fit(&x, &()).unwrap();
            let filled = fitted.transform(&x).unwrap();
            prop_assert!(filled.iter().all(|v| v.is_finite()));
            prop_assert_eq!(&fitted.transform(&filled).unwrap(), &filled);
            for ((i, j), v) in filled.indexed_iter() {
                let expected = if x[[i, j]].is_nan() { fitted.statistics()[j].unwrap() } else { x[[i, j]] };
                prop_assert_eq!(v.to_bits(), expected.to_bits());
            }
        }
    }

    #[test]
    fn one_hot_there_and_back(texts in texts(), first in any::<bool>()) {
        let table = Table::new([("t", Column::from_iter(texts))]).unwrap();
        let drop = if first { DropCategory::First } else { DropCategory::None };
        let encoder = OneHotEncoder::new().drop(drop).fit(&table, &()).unwrap();
        let x = encoder.transform(&table).unwrap();
        prop_assert!(x.rows().into_iter().all(|row| row.sum() <= 1.0 && (first || row.sum() == 1.0)));
        let back = encoder.inverse_transform(&x).unwrap();
        prop_assert_eq!(back.column("t").unwrap(), table.column("t").unwrap());
        prop_assert_eq!(encoder.feature_names_out(None).unwrap().len(), x.ncols());
    }

    #[test]
    fn parts_are_the_steps_alone(x in any_matrix(false), texts in texts()) {
        let n = x.nrows().min(texts.len());
        let names: Vec<String> = (0..x.ncols()).map(|j| format!("n{j}")).collect();
        let numbers = x.slice(s![..n, ..]);
        let table = Table::from_matrix(&names, &numbers).unwrap();
        let table = table.with_column("t", Column::from_iter(texts.into_iter().take(n))).unwrap();
        let prepare = ColumnTransformer::new()
            .part("cat", ["t"], OneHotEncoder::new())
            .numeric("num", Columns::pattern("n*"), StandardScaler::new());
        let out = prepare.fit_transform(&table).unwrap();
        let scaled = StandardScaler::new().fit_transform(&numbers).unwrap();
        prop_assert_eq!(out.slice(s![.., out.ncols() - x.ncols()..]), scaled);
    }
}

#[test]
fn extreme_scales_are_finite_or_an_error() {
    for scale in [1e150, 1e-150, 1e-300, 1e200, f64::MAX] {
        let x = Array2::from_shape_fn((20, 3), |(i, j)| {
            ((i * 7 + j * 3) % 11) as f64 / 11.0 * scale
        });
        match StandardScaler::new().fit_transform(&x) {
            Ok(z) => assert!(z.iter().all(|v| v.is_finite()), "{scale}"),
            Err(e) => assert!(
                matches!(e.kind(), ErrorKind::Overflow { .. }),
                "{scale}: {e}"
            ),
        }
        let filled = SimpleImputer::mean().fit_transform(&x).unwrap();
        assert_eq!(filled, x);
    }
}

#[test]
fn results_that_explode_are_refused_with_their_size() {
    let message = |result: Result<Array2<f64>>| result.unwrap_err().to_string();
    let tall = Array2::from_shape_fn((2_000, 1), |(i, _)| i as f64);
    let bins = KBinsDiscretizer::new()
        .n_bins(1 << 20)
        .strategy(BinStrategy::Uniform);
    let fitted = bins.fit(&tall, &()).unwrap();
    assert_eq!(
        message(fitted.transform(&tall)),
        "values in the 2000 x 1048576 result of `KBinsDiscretizer`: 2097152000 exceeds the limit of 1073741824"
    );
    // The number of the bin is one value.
    let codes = bins.encode(BinEncode::Ordinal).fit_transform(&tall);
    assert_eq!(codes.unwrap().dim(), (2_000, 1));
    let splines = SplineTransformer::new().n_knots(1 << 20);
    assert_eq!(
        message(splines.fit_transform(&tall)),
        "values in the 2000 x 1048578 result of `SplineTransformer`: 2097156000 exceeds the limit of 1073741824"
    );
    let wide = Array2::<f64>::zeros((400, 50));
    let products = PolynomialFeatures::new().degree(5);
    assert_eq!(
        message(products.fit_transform(&wide)),
        "values in the 400 x 3478761 result of `PolynomialFeatures`: 1391504400 exceeds the limit of 1073741824"
    );
}
