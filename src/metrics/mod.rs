//! How good predictions are: functions of what is true and what was predicted. They know no estimator.
//!
//! The true side is a target, so sample weights travel with it: `accuracy_score(&y, &predicted)` counts every row once,
//! `accuracy_score(&y.weighted(&w), &predicted)` counts each as often as its weight says.
//!
//! | question | functions |
//! |---|---|
//! | how many classes are right | [`accuracy_score`], [`balanced_accuracy_score`], [`confusion_matrix`] |
//! | how good is each class | [`precision_score`], [`recall_score`], [`f1_score`], [`precision_recall_fscore_support`], [`classification_report`] |
//! | how good are the probabilities | [`log_loss`], [`roc_auc_score`], [`roc_auc_score_multiclass`] |
//! | how far off are real predictions | [`r2_score`], [`mean_squared_error`], [`root_mean_squared_error`], [`mean_absolute_error`] |
//! | how far apart are rows, how similar | [`pairwise`] |
//!
//! Sums are taken pairwise in `f64`, so that they keep their digits over millions of rows. A metric that is not defined
//! for its input (one class for an ROC curve, one row for R²) is an error, never a silent NaN.

mod class_scores;
mod classification;
mod pairs;
pub mod pairwise;
mod probability;
mod ranking;
mod regression;
mod report;
mod sum;

pub use class_scores::{
    Average, Averages, ClassScore, ClassScores, ZeroDivision, f1_score, fbeta_score,
    precision_recall_fscore_support, precision_score, recall_score,
};
pub use classification::{
    ConfusionMatrix, Normalize, accuracy_score, balanced_accuracy_score, confusion_matrix,
};
pub use probability::log_loss;
pub(crate) use ranking::binary_auc;
pub use ranking::{MultiClass, roc_auc_per_class, roc_auc_score, roc_auc_score_multiclass};
pub use regression::{
    Multioutput, R2Score, mean_absolute_error, mean_absolute_error_per_target, mean_squared_error,
    mean_squared_error_per_target, r2_score, root_mean_squared_error,
    root_mean_squared_error_per_target,
};
pub use report::{ClassificationReport, classification_report};
