use super::*;
use crate::error::ErrorKind;
use crate::params::Params;
use crate::traits::FitTransform;
use ndarray::{Array1, array};

const NAN: f64 = f64::NAN;

#[test]
fn a_constant_by_name_may_leave_its_value_out() {
    let zero = SimpleImputer::new().with_param("strategy", "constant");
    assert_eq!(zero.unwrap(), SimpleImputer::constant(Cell::Missing));
    let five = serde_json::json!({"constant": 5.0});
    let five = SimpleImputer::new().with_param("strategy", five).unwrap();
    assert_eq!(five, SimpleImputer::constant(5.0));
    for bad in ["konstant", ""] {
        let e = SimpleImputer::new().with_param("strategy", bad);
        let text = e.unwrap_err().to_string();
        assert!(
            text.contains("constant") && text.contains("median"),
            "{text}"
        );
    }
}

fn sample() -> Array2<f64> {
    array![
        [1.0, NAN, 5.0, NAN],
        [2.0, 4.0, 5.0, NAN],
        [2.0, 3.0, NAN, NAN],
        [NAN, 3.0, 1.0, NAN],
        [9.0, 4.0, NAN, NAN]
    ]
}

#[test]
fn statistics_by_hand() {
    let fit = |imputer: SimpleImputer| imputer.fit(&sample(), &()).unwrap();
    let mean = fit(SimpleImputer::mean());
    assert_eq!(
        mean.statistics(),
        [Some(3.5), Some(3.5), Some(11.0 / 3.0), None]
    );
    let median = fit(SimpleImputer::median());
    assert_eq!(median.statistics(), [Some(2.0), Some(3.5), Some(5.0), None]);
    let mode = fit(SimpleImputer::most_frequent());
    assert_eq!(mode.statistics(), [Some(2.0), Some(3.0), Some(5.0), None]);
    let constant = fit(SimpleImputer::constant(-1).keep_empty_features(true));
    assert_eq!(constant.statistics(), [Some(-1.0); 4]);
    let kept = fit(SimpleImputer::median().keep_empty_features(true));
    assert_eq!(kept.statistics()[3], Some(0.0));
}

#[test]
fn nothing_missing_changes_nothing_and_nothing_stays_missing() {
    let x = sample();
    for imputer in [
        SimpleImputer::mean(),
        SimpleImputer::median(),
        SimpleImputer::most_frequent(),
        SimpleImputer::constant(7),
    ] {
        for keep in [false, true] {
            let imputer = imputer.clone().keep_empty_features(keep);
            let fitted = imputer.fit(&x, &()).unwrap();
            let filled = fitted.transform(&x).unwrap();
            assert_eq!(filled.ncols(), if keep { 4 } else { 3 });
            assert!(filled.iter().all(|v| v.is_finite()));
            for ((i, j), v) in x.indexed_iter().filter(|(_, v)| !v.is_nan()) {
                assert_eq!(filled[[i, j]], *v);
            }
            let complete = filled.slice(s![.., ..3]);
            let again = imputer.fit_transform(&complete).unwrap();
            assert_eq!(again, complete);
            fitted.validate().unwrap();
        }
    }
}

#[test]
fn another_number_is_missing() {
    let coded = sample().mapv(|v| if v.is_nan() { -1.0 } else { v });
    let imputer = SimpleImputer::median().add_indicator(true);
    let by_nan = imputer.fit(&sample(), &()).unwrap();
    let by_code = imputer.missing_values(-1.0).fit(&coded, &()).unwrap();
    assert_eq!(by_nan.statistics(), by_code.statistics());
    assert_eq!(
        by_nan.transform(&sample()).unwrap(),
        by_code.transform(&coded).unwrap()
    );
    let whole = SimpleImputer::mean()
        .missing_values(-1.0)
        .keep_empty_features(true);
    assert_eq!(whole.fit_transform(&coded).unwrap()[[0, 1]], 3.5);
    // NaN is then a mistake.
    assert!(by_code.transform(&sample()).is_err());
    assert!(whole.fit(&sample(), &()).is_err());
}

#[test]
fn infinities_are_named() {
    let mut x = sample();
    x[[3, 2]] = f64::NEG_INFINITY;
    let imputer = SimpleImputer::mean().fit(&sample(), &()).unwrap();
    let all = SimpleImputer::mean()
        .keep_empty_features(true)
        .fit(&sample(), &())
        .unwrap();
    for refused in [
        SimpleImputer::constant(1).fit(&x, &()).unwrap_err(),
        imputer.transform(&x).unwrap_err(),
        all.transform(&x).unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "X: row 3, column 2 is -inf");
    }
}

#[test]
fn middle_of_large_numbers_is_finite() {
    let x = array![[1e308], [1.5e308]];
    let imputer = SimpleImputer::median().fit(&x, &()).unwrap();
    assert_eq!(imputer.statistics(), [Some(1.25e308)]);
    let imputer = SimpleImputer::mean().fit(&x, &()).unwrap();
    assert_eq!(imputer.statistics(), [Some(1.25e308)]);
}

#[test]
fn single_precision_and_layouts() {
    let x = sample();
    let columns = x.t().as_standard_layout().into_owned();
    let single = x.mapv(|v| v as f32);
    for imputer in [
        SimpleImputer::mean(),
        SimpleImputer::median(),
        SimpleImputer::most_frequent(),
    ] {
        let z = imputer.fit_transform(&x).unwrap();
        assert_eq!(imputer.fit_transform(&columns.t()).unwrap(), z);
        let z32 = imputer.fit_transform(&single).unwrap();
        assert!(
            z.iter()
                .zip(&z32)
                .all(|(a, b)| (a - f64::from(*b)).abs() < 1e-6)
        );
    }
}

#[test]
fn wide_data_and_threads() {
    let x = Array2::from_shape_fn((3000, 30), |(i, j)| {
        if (i + j) % 5 == 0 {
            NAN
        } else {
            ((i * 31 + j * 17) % 101) as f64
        }
    });
    for imputer in [
        SimpleImputer::mean(),
        SimpleImputer::median(),
        SimpleImputer::most_frequent(),
    ] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| imputer.fit(&x, &()).unwrap())
        };
        assert_eq!(with(1), with(8));
    }
    let median = SimpleImputer::median().fit(&x, &()).unwrap();
    let mut first: Vec<f64> = x
        .column(29)
        .iter()
        .copied()
        .filter(|v| !v.is_nan())
        .collect();
    first.sort_by(f64::total_cmp);
    let half = first.len() / 2;
    let expected = if first.len() % 2 == 1 {
        first[half]
    } else {
        (first[half - 1] + first[half]) / 2.0
    };
    assert_eq!(median.statistics()[29], Some(expected));
}

#[test]
fn weights_are_checked_and_not_used() {
    let w = Array1::from(vec![5.0, 1.0, 0.0, 1.0, 1.0]);
    let weighted = SimpleImputer::mean()
        .fit(&sample(), &().weighted(&w))
        .unwrap();
    assert_eq!(weighted, SimpleImputer::mean().fit(&sample(), &()).unwrap());
    let short = Array1::ones(2);
    assert!(
        SimpleImputer::mean()
            .fit(&sample(), &().weighted(&short))
            .is_err()
    );
}

#[test]
fn settings_by_name() {
    let imputer = SimpleImputer::new()
        .with_param("strategy", "median")
        .unwrap();
    assert_eq!(imputer, SimpleImputer::median());
    let constant = serde_json::json!({ "constant": "?" });
    let imputer = imputer.with_param("strategy", constant).unwrap();
    assert_eq!(imputer, SimpleImputer::constant("?"));
    assert!(imputer.with_param("strategy", "average").is_err());
    assert_eq!(
        SimpleImputer::median().to_string(),
        "SimpleImputer(strategy=\"median\")"
    );
    for bad in [
        SimpleImputer::constant(NAN),
        SimpleImputer::constant("text"),
        SimpleImputer::new().missing_values("?"),
        SimpleImputer::new().missing_values(f64::INFINITY),
    ] {
        let refused = bad.fit(&sample(), &()).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
    }
    let too_large = SimpleImputer::constant(1e300).fit(&array![[1f32]], &());
    assert!(too_large.is_err());
}

#[test]
fn a_constant_of_nothing_is_scikit_learns_default() {
    let zero = SimpleImputer::constant(Cell::Missing);
    let filled = zero.fit_transform(&sample()).unwrap();
    assert_eq!(filled.column(0).to_vec(), [1.0, 2.0, 2.0, 0.0, 9.0]);
    let by_name = SimpleImputer::new()
        .with_param("strategy", serde_json::json!({ "constant": null }))
        .unwrap();
    assert_eq!(by_name, zero);
}

#[test]
fn a_function_of_ones_own() {
    let largest = SimpleImputer::custom("max", |v| v.iter().copied().fold(f64::MIN, f64::max));
    let fitted = largest.fit(&sample(), &()).unwrap();
    assert_eq!(fitted.statistics(), [Some(9.0), Some(4.0), Some(5.0), None]);
    // The function stays when another parameter is set by name, and is not in a file.
    let with = largest.with_param("keep_empty_features", true).unwrap();
    assert_eq!(with.fit(&sample(), &()).unwrap().statistics()[3], Some(0.0));
    let read = SimpleImputer::from_json(&largest.to_json().unwrap()).unwrap_err();
    assert!(read.to_string().contains("with its function"), "{read}");
    let bad = SimpleImputer::custom("nan", |_| f64::NAN)
        .fit(&sample(), &())
        .unwrap_err();
    assert!(matches!(bad.kind(), ErrorKind::Overflow { .. }), "{bad}");
}

#[test]
fn inverse_gives_back_what_was_missing() {
    let x = sample();
    let same = |a: &Array2<f64>, b: &Array2<f64>| {
        a.dim() == b.dim()
            && a.iter()
                .zip(b)
                .all(|(a, b)| a == b || a.is_nan() && b.is_nan())
    };
    for keep in [false, true] {
        let imputer = SimpleImputer::mean()
            .add_indicator(true)
            .keep_empty_features(keep);
        let fitted = imputer.fit(&x, &()).unwrap();
        let back = fitted
            .inverse_transform(&fitted.transform(&x).unwrap())
            .unwrap();
        assert!(same(&back, &x), "{back}");
        // Other rows too, also where all of a column happens to be missing.
        let rows = x.slice(s![3..4, ..]).to_owned();
        let back = fitted
            .inverse_transform(&fitted.transform(&rows).unwrap())
            .unwrap();
        assert!(same(&back, &rows), "{back}");
        assert!(fitted.inverse_transform(&x.slice(s![.., ..2])).is_err());
    }
    let coded = x.mapv(|v| if v.is_nan() { -1.0 } else { v });
    let imputer = SimpleImputer::median()
        .missing_values(-1)
        .add_indicator(true);
    let fitted = imputer.fit(&coded, &()).unwrap();
    let back = fitted
        .inverse_transform(&fitted.transform(&coded).unwrap())
        .unwrap();
    assert_eq!(back, coded);
    let without = SimpleImputer::mean().fit(&x, &()).unwrap();
    let refused = without
        .inverse_transform(&x.slice(s![.., ..3]))
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`add_indicator` of `SimpleImputer` must be true for `inverse_transform`, got false"
    );
}

#[test]
fn files() {
    let imputer = SimpleImputer::mean()
        .add_indicator(true)
        .fit(&sample(), &())
        .unwrap();
    let json = imputer.to_json().unwrap();
    assert_eq!(
        FittedSimpleImputer::<f64>::from_json(&json).unwrap(),
        imputer
    );
    let bytes = imputer.to_bytes().unwrap();
    assert_eq!(
        FittedSimpleImputer::<f64>::from_bytes(&bytes).unwrap(),
        imputer
    );
    let broken = FittedSimpleImputer {
        indicated: Some(vec![4]),
        ..imputer.clone()
    };
    assert!(broken.validate().is_err());
    let broken = FittedSimpleImputer {
        statistics: vec![Some(NAN)],
        ..imputer
    };
    assert!(broken.validate().is_err());
    let settings = SimpleImputer::constant("?").to_bytes().unwrap();
    assert_eq!(
        SimpleImputer::from_bytes(&settings).unwrap(),
        SimpleImputer::constant("?")
    );
}
