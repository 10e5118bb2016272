//! Small matrices of any numbers, with any settings: errors, or models whose predictions have the right shape. Finite input
//! gives finite predictions.
#![no_main]

use fitwell::impute::SimpleImputer;
use fitwell::ndarray::{Array1, Axis};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell_fuzz::{Bytes, classifier, finite, regressor};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes(data);
    let setting = bytes.number();
    let iterations = usize::from(bytes.byte());
    let x = bytes.matrix();
    let n = x.nrows();
    let labels = Labels::from(
        (0..n)
            .map(|_| i64::from(bytes.byte() % 3))
            .collect::<Vec<_>>(),
    );
    let y = Array1::from_shape_simple_fn(n, || bytes.number());
    let weights = Array1::from_shape_simple_fn(n, || f64::from(bytes.byte() % 4));

    if let Ok(model) = regressor(setting).fit(&x, &y) {
        let predicted = model.predict(&x);
        assert!(predicted.is_err() || predicted.is_ok_and(|p| p.len() == n));
    }
    let _ = regressor(setting).fit(&x, &y.weighted(&weights));
    if let Ok(model) = classifier(setting, iterations).fit(&x, &labels)
        && let Ok(proba) = model.predict_proba(&x)
    {
        assert_eq!(proba.nrows(), n);
        assert!(finite(&proba));
        assert!(
            proba
                .sum_axis(Axis(1))
                .iter()
                .all(|s| (s - 1.0).abs() < 1e-9)
        );
    }
    let _ = classifier(setting, iterations).fit(&x, &labels.weighted(&weights));
    let prepared = pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
    if let Ok(model) = prepared.fit(&x, &()) {
        let scaled = model.transform(&x);
        assert!(scaled.is_err() || scaled.is_ok_and(|z| z.nrows() == n));
    }
});
