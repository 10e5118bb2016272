//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.

#[allow(dead_code)]
mod activation;

pub use activation::Activation;
