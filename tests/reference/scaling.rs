//! Numeric scaling and distribution.

use fitwell::Float;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    Binarizer, MaxAbsScaler, MinMaxScaler, Normalizer, PowerTransformer, QuantileTransformer,
    RobustScaler, StandardScaler,
};
use ndarray::{Array2, ArrayBase, Data, Dimension, s};
use serde_json::Value;

use crate::compare::{Case, Reference, number, numbers};
use crate::data::matrix;

/// The estimator with the settings of the case.
fn with_settings<E: Params>(estimator: E, value: &Value) -> E {
    let settings = value["settings"].as_object().unwrap().iter();
    settings.fold(estimator, |e, (name, setting)| {
        e.with_value(name, setting.clone()).unwrap()
    })
}

/// What the compared arrays are of.
struct Expected<'a> {
    case: &'a mut Case,
    value: &'a Value,
}

impl Expected<'_> {
    fn array<F: Float, S: Data<Elem = F>, D: Dimension>(
        &mut self,
        name: &str,
        ours: &ArrayBase<S, D>,
    ) {
        let (expected, tolerance) = (&self.value["expected"][name], &self.value["tolerance"]);
        assert!(
            expected["shape"].is_array(),
            "no {name} in {}",
            self.case.name
        );
        self.case
            .array(name, &ours.mapv(|v| v.f64()), expected, tolerance);
    }

    /// Arrays that are there on both sides or on neither.
    fn optional<F: Float, S: Data<Elem = F>, D: Dimension>(
        &mut self,
        name: &str,
        ours: Option<&ArrayBase<S, D>>,
    ) {
        let there = self.value["expected"][name]["shape"].is_array();
        self.case
            .same(&format!("{name} is there"), &ours.is_some(), &there);
        if let Some(ours) = ours {
            self.array(name, ours);
        }
    }
}

/// The rows of the generator's `beyond`.
fn beyond<F: Float>(x: &Array2<F>) -> Array2<F> {
    x.slice(s![..x.nrows().min(25), ..])
        .mapv(|v| v * F::of(1.25))
}

/// Fits in the precision of the case and compares the outputs; `attributes` compares the rest. A macro, as the models of
/// the two precisions are two types.
macro_rules! compare {
    ($value:expr, $case:expr, $estimator:expr, |$expected:ident, $model:ident| $attributes:block, inverse: $inverse:tt) => {
        if $value["data"]["f32"] == true {
            compare!(f32, $value, $case, $estimator, |$expected, $model| $attributes, $inverse)
        } else {
            compare!(f64, $value, $case, $estimator, |$expected, $model| $attributes, $inverse)
        }
    };
    ($float:ty, $value:expr, $case:expr, $estimator:expr, |$expected:ident, $model:ident| $attributes:block, $inverse:tt) => {{
        let x = matrix(&$value["data"]).mapv(<$float>::of);
        let $model = with_settings($estimator, $value).fit(&x, &()).unwrap();
        let mut $expected = Expected { case: $case, value: $value };
        let z = $model.transform(&x).unwrap();
        $expected.array("transform", &z);
        $expected.array("beyond", &$model.transform(&beyond(&x)).unwrap());
        compare!(@inverse $inverse, $expected, $model, z);
        $attributes
    }};
    (@inverse true, $expected:ident, $model:ident, $z:ident) => {
        $expected.array("inverse", &$model.inverse_transform(&$z).unwrap());
    };
    (@inverse false, $expected:ident, $model:ident, $z:ident) => {
        assert!($model.n_features_in() == $z.ncols());
    };
}

/// Fits on the first batch of the case and goes on with the others.
macro_rules! in_batches {
    ($value:expr, $estimator:expr) => {{
        let x = matrix(&$value["data"]);
        let ends: Vec<usize> = numbers(&$value["data"]["batches"])
            .iter()
            .map(|v| *v as usize)
            .collect();
        let mut model = $estimator
            .fit(&x.slice(s![ends[0]..ends[1], ..]), &())
            .unwrap();
        for pair in ends[1..].windows(2) {
            model
                .partial_fit(&x.slice(s![pair[0]..pair[1], ..]), &())
                .unwrap();
        }
        model
    }};
}

fn is_batches(value: &Value) -> bool {
    value["data"]["batches"].is_array()
}

#[test]
fn standard_scaler_more() {
    Reference::read("standard_scaler_more").each(40, |value, case| {
        if is_batches(value) {
            let model = in_batches!(value, StandardScaler::new());
            let mut expected = Expected { case, value };
            expected.array("mean", model.mean());
            expected.array("var", model.var().unwrap());
            expected.array("scale", model.scale());
            expected.array("n_samples_seen", model.n_samples_seen());
            return;
        }
        compare!(value, case, StandardScaler::new(), |expected, model| {
            expected.array("mean", model.mean());
            expected.array("scale", model.scale());
            expected.optional("var", model.var());
        }, inverse: true);
    });
}

#[test]
fn min_max_scaler() {
    Reference::read("min_max_scaler").each(340, |value, case| {
        if is_batches(value) {
            let model = in_batches!(value, MinMaxScaler::new());
            case.same(
                "n_samples_seen",
                &(model.n_samples_seen() as f64),
                &number(&value["expected"]["n_samples_seen"]),
            );
            let mut expected = Expected { case, value };
            expected.array("data_min", model.data_min());
            expected.array("data_max", model.data_max());
            expected.array("data_range", model.data_range());
            expected.array("scale", model.scale());
            expected.array("min", model.min());
            return;
        }
        compare!(value, case, MinMaxScaler::new(), |expected, model| {
            expected.array("data_min", model.data_min());
            expected.array("data_max", model.data_max());
            expected.array("data_range", model.data_range());
            expected.array("scale", model.scale());
            expected.array("min", model.min());
        }, inverse: true);
    });
}

#[test]
fn max_abs_scaler() {
    Reference::read("max_abs_scaler").each(130, |value, case| {
        if is_batches(value) {
            let model = in_batches!(value, MaxAbsScaler::new());
            case.same(
                "n_samples_seen",
                &(model.n_samples_seen() as f64),
                &number(&value["expected"]["n_samples_seen"]),
            );
            let mut expected = Expected { case, value };
            expected.array("max_abs", model.max_abs());
            expected.array("scale", model.scale());
            return;
        }
        compare!(value, case, MaxAbsScaler::new(), |expected, model| {
            expected.array("max_abs", model.max_abs());
            expected.array("scale", model.scale());
        }, inverse: true);
    });
}

#[test]
fn robust_scaler() {
    Reference::read("robust_scaler").each(500, |value, case| {
        compare!(value, case, RobustScaler::new(), |expected, model| {
            expected.optional("center", model.center());
            expected.optional("scale", model.scale());
        }, inverse: true);
    });
}

#[test]
fn normalizer() {
    Reference::read("normalizer").each(60, |value, case| {
        compare!(value, case, Normalizer::new(), |_expected, _model| {}, inverse: false);
    });
}

#[test]
fn binarizer() {
    Reference::read("binarizer").each(90, |value, case| {
        compare!(value, case, Binarizer::new(), |_expected, _model| {}, inverse: false);
    });
}

#[test]
fn quantile_transformer() {
    Reference::read("quantile_transformer").each(400, |value, case| {
        compare!(value, case, QuantileTransformer::new(), |expected, model| {
            expected.array("quantiles", model.quantiles());
            expected.array("references", &model.references());
        }, inverse: true);
    });
}

#[test]
fn power_transformer() {
    Reference::read("power_transformer").each(200, |value, case| {
        let mut exact = value.clone();
        exact["tolerance"] = value["exact_transform"].clone();
        compare!(value, case, PowerTransformer::new(), |expected, model| {
            expected.array("lambdas", model.lambdas());
        }, inverse: true);
        let x = matrix(&value["data"]);
        let model = with_settings(PowerTransformer::new(), value)
            .fit(&x, &())
            .unwrap();
        case.numbers(
            "exact lambdas",
            &model.lambdas().to_vec(),
            &value["expected"]["exact_lambdas"],
            &value["exact"],
        );
        let mut expected = Expected {
            case,
            value: &exact,
        };
        expected.array("exact_transform", &model.transform(&x).unwrap());
    });
}
