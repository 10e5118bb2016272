//! Typed composition: steps in sequence ([`pipeline`]), parts side by side ([`ColumnTransformer`], [`FeatureUnion`]), steps
//! that change nothing or can be switched off, and regressors of a transformed target.

mod coefficients;
mod column_transformer;
mod feature_union;
mod html;
mod naming;
pub mod parts;
mod passthrough;
mod sequence;
mod transformed_target;

pub use coefficients::NamedCoefficients;
pub use column_transformer::{
    ColumnSource, ColumnTransformer, FittedColumnTransformer, InputColumn, Remainder,
};
pub use feature_union::{FeatureUnion, FittedFeatureUnion};
pub use html::html_page;
pub use naming::FeatureNaming;
pub use passthrough::{
    Drop, FittedDrop, FittedOptional, FittedPassthrough, Optional, Passthrough, Same,
};
pub use sequence::{FittedPipeline, Pipeline, Step, Steps, pipeline};
pub use transformed_target::{
    FittedTransformedTargetRegressor, TransformableTarget, TransformedTargetRegressor,
    ValueFunctions,
};

#[cfg(test)]
mod tests;
