//! Typed composition: steps in sequence ([`pipeline`]), parts side by side.

mod column_transformer;
mod sequence;

pub use column_transformer::{
    ColumnTransformer, FittedColumnTransformer, InputColumn, Remainder, parts,
};
pub use sequence::{FittedPipeline, Pipeline, Step, Steps, pipeline};

#[cfg(test)]
mod tests;
