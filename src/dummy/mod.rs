//! Predictions that do not look at the features: what any model has to beat.

mod classifier;
mod regressor;

pub use classifier::{DummyClassifier, DummyStrategy, FittedDummyClassifier};
pub use regressor::{DummyRegressor, DummyRegressorStrategy, FittedDummyRegressor};
