//! Combinators over matrices.

use fitwell::Float;
use fitwell::linear_model::Ridge;
use fitwell::pipeline::{
    ColumnTransformer, FeatureUnion, Optional, Passthrough, TransformedTargetRegressor,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::sample;
use crate::subject::{Entry, Tags, regressor, transformer};

#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let scale = |name| Tags { allow_nan: true, weight_scale_invariant: true, ..sample(name, false) };
    let spread = || StandardScaler::new().with_mean(false);
    let first = || ColumnTransformer::new().numeric("first", ..1, StandardScaler::new());
    let centred = || FeatureUnion::new().part("scale", StandardScaler::new());
    vec![
        transformer(first().numeric("rest", 1.., spread()), scale("first__with_std")),
        transformer(first().remainder_numeric(spread()).transformer_weights([("first", -2.0)]), scale("remainder__with_std")),
        transformer(centred().part("same", Passthrough::new()), scale("scale__with_std")),
        transformer(centred().part("spread", spread()).transformer_weights([("spread", 0.5)]), scale("scale__with_mean")),
        transformer(pipeline("scale", Optional::new(StandardScaler::new())).then("again", StandardScaler::new()), scale("scale__enabled")),
        regressor(TransformedTargetRegressor::new(Ridge::new()), sample("regressor__alpha", 0.5)),
    ]
}
