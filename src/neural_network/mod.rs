//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.

mod activation;
mod clip;
mod losses;
mod optimizer;
mod schedule;
mod sequential;

pub use activation::Activation;
pub use clip::Clip;
pub use losses::{ClassificationLoss, Loss, RegressionLoss};
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use sequential::{
    Checkpoint, ClassificationMonitor, FittedSequentialClassifier, FittedSequentialRegressor,
    Initializer, Layer, LayerSummary, RegressionMonitor, Sequential, SequentialClassifier,
    SequentialRegressor, Summary,
};
