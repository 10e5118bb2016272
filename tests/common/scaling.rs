//! Scalers and transformers of distributions.

use fitwell::Float;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    Binarizer, MaxAbsScaler, MinMaxScaler, Norm, Normalizer, OutputDistribution, PowerTransformer,
    QuantileTransformer, RobustScaler,
};
use serde_json::json;

use crate::sample;
use crate::subject::{Entry, Tags, transformer};

/// NaN are missing values, weights are not used.
fn scaler(tags: Tags) -> Tags {
    Tags {
        allow_nan: true,
        ..row_wise(tags)
    }
}

fn row_wise(tags: Tags) -> Tags {
    Tags {
        ignores_weights: Some("weights are not used, as in scikit-learn"),
        ..tags
    }
}

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let normal = OutputDistribution::Normal;
    let quantiles = || scaler(sample("n_quantiles", 7));
    vec![
        transformer(MinMaxScaler::new(), scaler(sample("clip", true))),
        transformer(MinMaxScaler::new().feature_range(-1.0, 3.0).clip(true), scaler(sample("feature_range", json!([0.0, 2.5])))),
        transformer(MaxAbsScaler::new(), scaler(sample("clip", true))),
        transformer(pipeline("clip", MaxAbsScaler::new().clip(true)).then("shift", RobustScaler::new().with_scaling(false)), scaler(sample("shift__with_centering", false))),
        transformer(RobustScaler::new(), scaler(sample("with_scaling", false))),
        transformer(RobustScaler::new().with_centering(false).quantile_range(5.0, 90.0).unit_variance(true), scaler(sample("with_scaling", false))),
        transformer(Normalizer::new(), row_wise(sample("norm", "l1"))),
        transformer(Normalizer::new().norm(Norm::Max), row_wise(sample("norm", "l1"))),
        transformer(Binarizer::new(), row_wise(sample("threshold", 0.5))),
        transformer(QuantileTransformer::new(), quantiles()),
        transformer(QuantileTransformer::new().n_quantiles(20).output_distribution(normal), quantiles()),
        transformer(PowerTransformer::new(), scaler(sample("standardize", false))),
        transformer(PowerTransformer::new().standardize(false), scaler(sample("method", "box_cox"))),
        transformer(pipeline("range", MinMaxScaler::new()).then("power", PowerTransformer::new()), scaler(sample("power__standardize", false))),
    ]
}

/// CC01: the defaults are those that scikit-learn 1.9 documents.
#[test]
fn defaults_are_scikit_learns() {
    fn check<E: Default + Params>(expected: serde_json::Value) {
        let found: serde_json::Map<_, _> = E::default().params().into_iter().collect();
        assert_eq!(serde_json::Value::Object(found), expected);
    }
    check::<MinMaxScaler>(json!({"feature_range": [0.0, 1.0], "clip": false}));
    check::<MaxAbsScaler>(json!({"clip": false}));
    check::<RobustScaler>(json!({
        "with_centering": true, "with_scaling": true, "quantile_range": [25.0, 75.0], "unit_variance": false
    }));
    check::<Normalizer>(json!({"norm": "l2"}));
    check::<Binarizer>(json!({"threshold": 0.0}));
    check::<QuantileTransformer>(json!({
        "n_quantiles": 1000, "output_distribution": "uniform", "subsample": 10_000, "random_state": 0
    }));
    check::<PowerTransformer>(json!({"method": "yeo_johnson", "standardize": true}));
}
