//! Linear models: predictions are linear in the features, or a fixed function of what is.

pub(crate) mod linear_classifier;
mod logistic_loss;
mod logistic_regression;

pub use logistic_regression::{FittedLogisticRegression, LogisticRegression};
