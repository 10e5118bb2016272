use super::*;
use crate::error::ErrorKind;
use crate::params::Params;
use crate::random;
use crate::traits::{FitTransform, InverseTransform, Transform};
use ndarray::{Array2, array, s};
use serde_json::json;

fn noise(n: usize, p: usize) -> Array2<f64> {
    let mut rng = random::generator(21);
    Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
}

fn box_cox() -> PowerTransformer {
    PowerTransformer::new().method(PowerMethod::BoxCox)
}

fn plain(method: PowerMethod) -> PowerTransformer {
    PowerTransformer::new().method(method).standardize(false)
}

/// The definition, with the standard library.
fn by_definition(x: f64, lambda: f64, method: PowerMethod) -> f64 {
    match method {
        PowerMethod::BoxCox if lambda == 0.0 => x.ln(),
        PowerMethod::BoxCox => (lambda * x.ln()).exp_m1() / lambda,
        _ if x >= 0.0 && lambda == 0.0 => x.ln_1p(),
        _ if x >= 0.0 => (lambda * x.ln_1p()).exp_m1() / lambda,
        _ if lambda == 2.0 => -(-x).ln_1p(),
        _ => -((2.0 - lambda) * (-x).ln_1p()).exp_m1() / (2.0 - lambda),
    }
}

#[test]
fn transform_is_the_definition_and_inverse_undoes_it() {
    let x = array![[-700.0, -3.0, -1e-9, 0.0, 1e-12, 0.3, 1.0, 8.0, 1e5]];
    for lambda in [-1.5, 0.0, 1e-9, 0.5, 1.0, 1.99, 2.0, 3.0] {
        for method in [PowerMethod::YeoJohnson, PowerMethod::BoxCox] {
            let x = match method {
                PowerMethod::YeoJohnson => x.clone(),
                PowerMethod::BoxCox => x.mapv(|v| f64::abs(v) + 1e-320),
            };
            let model = FittedPowerTransformer::<f64> {
                settings: plain(method),
                lambdas: Array1::from_elem(9, lambda),
                scaler: None,
            };
            let Ok(z) = model.transform(&x) else {
                assert!(lambda == -1.5 && method == PowerMethod::BoxCox); // of 1e-320
                continue;
            };
            for (x, z) in x.iter().zip(&z) {
                let expected = by_definition(*x, lambda, method);
                assert!(
                    (z - expected).abs() <= 4e-15 * expected.abs(),
                    "{lambda} {x}: {z} {expected}"
                );
            }
            let back = model.inverse_transform(&z).unwrap();
            for ((x, z), back) in x.iter().zip(&z).zip(&back) {
                let (k, size) = match method {
                    PowerMethod::YeoJohnson if *x < 0.0 => (2.0 - lambda, z.abs()),
                    _ => (lambda, *z),
                };
                // Near the end of the image, at −1/λ, few digits of x are left.
                if (1.0 + k * size).abs() > 1e-2 {
                    assert!(
                        (x - back).abs() <= 1e-11 * x.abs(),
                        "{method:?} {lambda} {x}: {back}"
                    );
                }
            }
        }
    }
}

#[test]
fn skewed_columns_become_symmetric() {
    let mut x = noise(5000, 3);
    x.column_mut(0).mapv_inplace(f64::exp);
    x.column_mut(1).mapv_inplace(|v| -f64::exp(v));
    for transformer in [PowerTransformer::new(), box_cox()] {
        let x = match transformer.method {
            PowerMethod::YeoJohnson => x.clone(),
            PowerMethod::BoxCox => x.mapv(|v| f64::abs(v) + 1e-3),
        };
        let z = transformer.fit_transform(&x).unwrap();
        for column in z.columns() {
            let n = column.len() as f64;
            let mean = column.sum() / n;
            let var = column.mapv(|v| (v - mean).powi(2)).sum() / n;
            let skew = column.mapv(|v| (v - mean).powi(3)).sum() / n;
            assert!(mean.abs() < 1e-12 && (var - 1.0).abs() < 1e-12);
            assert!(skew.abs() < 0.35, "{skew}");
        }
    }
    let model = PowerTransformer::new().fit(&x, &()).unwrap();
    let back = model
        .inverse_transform(&model.transform(&x).unwrap())
        .unwrap();
    assert!(
        x.iter()
            .zip(&back)
            .all(|(a, b)| (a - b).abs() < 1e-11 * (1.0 + a.abs()))
    );
}

#[test]
fn the_sign_mirrors_yeo_johnson() {
    let x = noise(400, 1).mapv(|v| f64::exp(v) - 0.7);
    let a = PowerTransformer::new().fit(&x, &()).unwrap();
    let b = PowerTransformer::new().fit(&x.mapv(|v| -v), &()).unwrap();
    assert!((a.lambdas()[0] + b.lambdas()[0] - 2.0).abs() < 1e-12);
    // A factor changes no Box-Cox exponent.
    let positive = x.mapv(|v| v + 1.0);
    let a = box_cox().fit(&positive, &()).unwrap();
    let b = box_cox().fit(&(&positive * 1e6), &()).unwrap();
    assert!((a.lambdas()[0] - b.lambdas()[0]).abs() < 1e-12);
}

#[test]
fn missing_values_are_left_out_and_stay() {
    let mut x = noise(500, 2).mapv(f64::exp);
    x.slice_mut(s![..;5, 0]).fill(f64::NAN);
    for transformer in [
        PowerTransformer::new(),
        box_cox(),
        plain(PowerMethod::YeoJohnson),
    ] {
        let model = transformer.fit(&x, &()).unwrap();
        let known: Vec<f64> = x
            .column(0)
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        let alone = Array2::from_shape_vec((known.len(), 1), known).unwrap();
        let same = transformer.fit(&alone, &()).unwrap();
        assert_eq!(same.lambdas()[0], model.lambdas()[0]);
        let z = model.transform(&x).unwrap();
        assert!(x.iter().zip(&z).all(|(x, z)| x.is_nan() == z.is_nan()));
        let back = model.inverse_transform(&z).unwrap();
        assert!(
            x.iter()
                .zip(&back)
                .all(|(x, b)| (x.is_nan() && b.is_nan()) || (x - b).abs() < 1e-11 * x)
        );
    }
}

#[test]
fn constant_and_empty_columns() {
    let nan = f64::NAN;
    let x = array![[3.0, 1.0], [3.0, 2.0], [nan, 5.0]];
    let model = PowerTransformer::new().fit(&x, &()).unwrap();
    assert_eq!(model.lambdas()[0], 1.0);
    let z = model.transform(&x).unwrap();
    assert_eq!((z[[0, 0]], z[[1, 0]]), (0.0, 0.0));
    let text = box_cox().fit(&x, &()).unwrap_err().to_string();
    assert!(text.contains("column 0 is constant"), "{text}");
    for transformer in [PowerTransformer::new(), box_cox()] {
        let empty = transformer.fit(&array![[1.0, nan], [2.0, nan]], &());
        let text = empty.unwrap_err().to_string();
        assert!(text.contains("column 1 has no observed value"), "{text}");
    }
    // Different by rounding only.
    let mut x = Array2::from_elem((1000, 1), 0.1f64);
    x[[5, 0]] = 0.1f64.next_up();
    assert_eq!(
        PowerTransformer::new().fit(&x, &()).unwrap().lambdas()[0],
        1.0
    );
}

#[test]
fn years_do_not_overflow() {
    // The most likely exponent is far beyond what powers of 2000 can take.
    let x = array![
        [2003.0],
        [1950.0],
        [1997.0],
        [2000.0],
        [2009.0],
        [2009.0],
        [1980.0],
        [1999.0],
        [2007.0],
        [1991.0]
    ];
    let model = plain(PowerMethod::BoxCox).fit(&x, &()).unwrap();
    let z = model.transform(&x).unwrap();
    assert!(z.iter().all(|z| f64::is_finite(*z)));
    let model = PowerTransformer::new().fit(&x, &()).unwrap();
    assert!(
        model
            .transform(&x)
            .unwrap()
            .iter()
            .all(|z| f64::is_finite(*z))
    );
    // The limit itself.
    let limit = without_overflow(1000.0, 1950.0, 2009.0, 1e304);
    let z = by_definition(2009.0, limit, PowerMethod::BoxCox);
    assert!((z / 1e304 - 1.0).abs() < 1e-10, "{z:e}");
    let limit = without_overflow(-1000.0, 1e-3, 0.5, 1e34);
    let z = -by_definition(1e-3, limit, PowerMethod::BoxCox);
    assert!((z / 1e34 - 1.0).abs() < 1e-10, "{z:e}");
    assert_eq!(without_overflow(3.0, 1950.0, 2009.0, 1e304), 3.0);
}

#[test]
fn values_far_from_zero_and_close_together_stay_apart() {
    let mut rng = random::generator(4);
    let skewed: Array1<f64> = (0..60)
        .map(|_| -(1.0 - random::uniform(&mut rng)).ln())
        .collect();
    for (far, wide) in [
        (290.0, 10.0),
        (101_325.0, 500.0),
        (1.7e9, 1e6),
        (1e6, 1e-3),
        (0.9, 1e-3),
        (1e-6, 1e-12),
    ] {
        for towards_zero in [-1.0, 1.0] {
            let x = skewed.mapv(|s| far + towards_zero * wide * s / 8.0);
            let x = x.insert_axis(ndarray::Axis(1));
            for (x, transformer) in [
                (x.clone(), PowerTransformer::new()),
                (-&x, PowerTransformer::new()),
                (x.clone(), box_cox()),
            ] {
                let model = transformer.fit(&x, &()).unwrap();
                let z = model.transform(&x).unwrap();
                let at = format!("{far} {wide} {towards_zero} {transformer} {model:?}");
                // In the same order as the values, which differ all.
                let mut rows: Vec<(f64, f64)> = x.iter().copied().zip(z.iter().copied()).collect();
                rows.sort_by(|a, b| a.0.total_cmp(&b.0));
                let (first, last) = (rows[0].1, rows[rows.len() - 1].1);
                assert!(rows.windows(2).all(|p| p[0].1 <= p[1].1), "{at}");
                assert!(last - first > 2.0 && last - first < 20.0, "{at}");
                assert!((z.std(0.0) - 1.0).abs() < 1e-3, "{at}");
                let back = model.inverse_transform(&z).unwrap();
                let most = (&back - &x).iter().fold(0.0, |m: f64, d| m.max(d.abs()));
                assert!(most <= 1e-3 * wide, "{at}: {most:e}");
            }
        }
    }
    // Of values all over the line nothing is held back.
    assert!(least_with_digits(1e-9, 20.0, 100) < -1e9);
    assert!(least_with_digits(5e-324, 20.0, 100) < -1e100);
    // More rows are harder to tell from a constant.
    let low = |n| least_with_digits(5.0, 5.1, n);
    assert!(low(100) == low(1000) && low(1000) < low(10_000_000));
}

#[test]
fn what_cannot_be_is_refused() {
    let x = noise(50, 2);
    let refused = box_cox()
        .fit(&array![[1.0, 2.0], [3.0, 0.0]], &())
        .unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("row 1, column 1 is 0; Box-Cox"),
        "{refused}"
    );
    let model = box_cox().fit(&array![[1.0], [3.0], [7.0]], &()).unwrap();
    let refused = model.transform(&array![[1.0], [-2.0]]).unwrap_err();
    assert!(
        refused.to_string().contains("row 1, column 0 is -2"),
        "{refused}"
    );
    let model = PowerTransformer::new().fit(&x, &()).unwrap();
    let mut bad = noise(3000, 2);
    bad[[2000, 1]] = f64::INFINITY;
    for refused in [
        PowerTransformer::new().fit(&bad, &()).unwrap_err(),
        model.transform(&bad).unwrap_err(),
        model.inverse_transform(&bad).unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "X: row 2000, column 1 is inf");
    }
    // Beyond the image of the transformation: it ends at −1/λ for λ < 0.
    let model = FittedPowerTransformer::<f64> {
        settings: plain(PowerMethod::YeoJohnson),
        lambdas: array![-0.5],
        scaler: None,
    };
    let refused = model.inverse_transform(&array![[1.0], [2.5]]).unwrap_err();
    assert!(
        refused
            .to_string()
            .contains("row 1, column 0 is 2.5: no value"),
        "{refused}"
    );
    let refused = model.inverse_transform(&array![[2.0]]).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
    let cubic = FittedPowerTransformer {
        lambdas: array![3.0],
        ..model
    };
    let refused = cubic.transform(&array![[1e200]]).unwrap_err();
    assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
    let set = PowerTransformer::new()
        .with_param("method", json!("box-cox"))
        .unwrap();
    assert_eq!(set, box_cox());
}

#[test]
fn layouts_rows_and_precisions_agree() {
    let x = noise(3000, 11);
    let model = PowerTransformer::new().fit(&x, &()).unwrap();
    let z = model.transform(&x).unwrap();
    let by_column = x.t().as_standard_layout().into_owned();
    assert_eq!(
        PowerTransformer::new().fit(&by_column.t(), &()).unwrap(),
        model
    );
    assert_eq!(model.transform(&by_column.t()).unwrap(), z);
    for i in [0, 2999] {
        assert_eq!(
            model.transform(&x.slice(s![i..=i, ..])).unwrap().row(0),
            z.row(i)
        );
    }
    let narrow = PowerTransformer::new()
        .fit_transform(&x.mapv(|v| v as f32))
        .unwrap();
    assert!(
        z.iter()
            .zip(&narrow)
            .all(|(a, b)| (a - f64::from(*b)).abs() < 1e-5)
    );
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let x = noise(70_000, 3);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| PowerTransformer::new().fit(&x, &()).unwrap())
    };
    let one = with(1);
    assert!(one.lambdas().iter().all(|l| (l - 1.0).abs() < 0.05));
    for threads in [2, 8] {
        assert_eq!(
            one.lambdas().mapv(f64::to_bits),
            with(threads).lambdas().mapv(f64::to_bits)
        );
    }
    // The scaler is that of the transformed values.
    let scaler = StandardScaler::new()
        .fit(
            &plain(PowerMethod::YeoJohnson).fit_transform(&x).unwrap(),
            &(),
        )
        .unwrap();
    let ours = one.scaler().unwrap();
    assert!(
        (ours.mean() - scaler.mean())
            .iter()
            .all(|d| d.abs() < 1e-14)
    );
    assert!(
        (ours.scale() / scaler.scale())
            .iter()
            .all(|r| (r - 1.0).abs() < 1e-13)
    );
}

#[test]
fn files_are_checked() {
    for transformer in [
        PowerTransformer::new(),
        box_cox(),
        plain(PowerMethod::BoxCox),
    ] {
        let x = noise(50, 2).mapv(|v| v.exp() as f32);
        let model = transformer.fit(&x, &()).unwrap();
        let bytes = model.to_bytes().unwrap();
        assert_eq!(FittedPowerTransformer::from_bytes(&bytes).unwrap(), model);
        let text = model.to_json().unwrap();
        assert_eq!(
            FittedPowerTransformer::<f32>::from_json(&text).unwrap(),
            model
        );
        for broken in [
            FittedPowerTransformer {
                lambdas: array![],
                ..model.clone()
            },
            FittedPowerTransformer {
                lambdas: array![1.0, f64::NAN],
                ..model.clone()
            },
            FittedPowerTransformer {
                settings: transformer.clone().standardize(!transformer.standardize),
                ..model.clone()
            },
        ] {
            assert!(broken.validate().is_err());
        }
        if model.scaler.is_some() {
            let broken = FittedPowerTransformer {
                lambdas: array![1.0],
                ..model
            };
            assert!(broken.validate().is_err());
        }
    }
}
