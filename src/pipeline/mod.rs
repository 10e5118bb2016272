//! Typed composition: steps in sequence ([`pipeline`]), parts side by side.

mod sequence;

pub use sequence::{FittedPipeline, Pipeline, Step, Steps, pipeline};
