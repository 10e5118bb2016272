//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.

#[allow(dead_code)]
mod activation;
#[allow(dead_code)]
mod optimizer;

pub use activation::Activation;
pub use optimizer::Optimizer;
