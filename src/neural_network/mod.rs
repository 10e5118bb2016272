//! Multi-layer perceptrons: networks for tables, as classifiers and regressors.
//!
//! Coming from scikit-learn's MLP or from Keras? [`from_keras`] shows both side by side.

mod activation;
mod checkpoint;
mod clip;
mod dropout;
mod elementwise;
pub mod from_keras;
mod full_batch;
mod layout;
mod learning_rate;
mod loss;
mod losses;
mod mlp;
mod mlp_classifier;
mod mlp_regressor;
mod monitor;
mod multi_label;
mod network;
mod optimizer;
mod schedule;
mod sequential;
mod settings;
mod train;

pub use activation::Activation;
pub use checkpoint::Checkpoint;
pub use clip::Clip;
pub use learning_rate::LearningRate;
pub use losses::{ClassificationLoss, Loss, RegressionLoss};
pub use mlp_classifier::{FittedMlpClassifier, MlpClassifier};
pub use mlp_regressor::{FittedMlpRegressor, MlpRegressor};
pub use monitor::{ClassificationMonitor, RegressionMonitor};
pub(crate) use multi_label::indicators;
pub use multi_label::{FittedMlpMultiLabel, MultiLabelTarget};
pub use optimizer::Optimizer;
pub use schedule::Schedule;
pub use sequential::{
    FittedSequentialClassifier, FittedSequentialMultiLabel, FittedSequentialRegressor, Initializer,
    Layer, LayerSummary, Sequential, SequentialClassifier, SequentialRegressor, Summary,
};
pub use settings::{Activations, BatchSize, Solver};

#[cfg(test)]
mod course_tests;
#[cfg(test)]
mod extras_tests;
#[cfg(test)]
mod tests;
