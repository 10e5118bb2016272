//! Linear models: predictions are linear in the features, or a fixed function of what is.

mod affine;
pub(crate) mod linear_classifier;
mod logistic_loss;
mod logistic_regression;
mod ridge;

pub use logistic_regression::{FittedLogisticRegression, LogisticRegression};
pub use ridge::{Alpha, FittedRidge, Ridge};
