//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.

#[allow(dead_code)]
mod activation;
#[allow(dead_code)]
mod clip;
#[allow(dead_code)]
mod optimizer;
#[allow(dead_code)]
mod schedule;

pub use activation::Activation;
pub use clip::Clip;
pub use optimizer::Optimizer;
pub use schedule::Schedule;
