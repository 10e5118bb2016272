//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.
//!
//! Coming from scikit-learn's MLP or from Keras? [`from_keras`] shows both side by side.

mod activation;
mod clip;
mod elementwise;
pub mod from_keras;
mod layout;
mod learning_rate;
mod loss;
mod losses;
mod mlp;
mod mlp_classifier;
mod mlp_regressor;
mod multi_label;
mod network;
mod optimizer;
mod schedule;
mod sequential;
mod settings;
mod train;

pub use activation::Activation;
pub use clip::Clip;
pub use learning_rate::LearningRate;
pub use losses::{ClassificationLoss, Loss, RegressionLoss};
pub use mlp_classifier::{FittedMlpClassifier, MlpClassifier};
pub use mlp_regressor::{FittedMlpRegressor, MlpRegressor};
pub use multi_label::{FittedMlpMultiLabel, MultiLabelTarget};
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use sequential::{
    Checkpoint, ClassificationMonitor, FittedSequentialClassifier, FittedSequentialRegressor,
    Initializer, Layer, LayerSummary, RegressionMonitor, Sequential, SequentialClassifier,
    SequentialRegressor, Summary,
};
pub use settings::{BatchSize, Monitor, Solver};

#[cfg(test)]
mod extras_tests;
#[cfg(test)]
mod tests;
