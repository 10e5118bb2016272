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
    let all = || ColumnTransformer::new().numeric("all", Columns::All, StandardScaler::new());
    let rest = || ColumnTransformer::new().drop("none", Columns::indices([])).remainder_numeric(spread());
    let centred = || FeatureUnion::new().part("scale", StandardScaler::new());
    vec![
        transformer(all(), scale("all__with_std")),
        transformer(rest().transformer_weights([("remainder", -2.0)]), scale("remainder__with_std")),
        transformer(centred().part("same", Passthrough::new()), scale("scale__with_std")),
        transformer(centred().part("spread", spread()).transformer_weights([("spread", 0.5)]), scale("scale__with_mean")),
        transformer(pipeline("scale", Optional::new(StandardScaler::new())).then("again", StandardScaler::new()), scale("scale__enabled")),
        regressor(TransformedTargetRegressor::new(Ridge::new()), sample("regressor__alpha", 0.5)),
    ]
}
