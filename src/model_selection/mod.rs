//! Choosing a model: held-out rows, cross-validation, search over hyper-parameters.
//!
//! [`train_test_split`] holds rows out. [`KFold`] and [`StratifiedKFold`] divide rows into folds; a number of folds or a
//! list of [`Split`]s will do as well. [`cross_validate`] fits on all folds but one and scores on that one, in turn, with
//! as many [`Scorer`]s as you like; [`cross_val_predict`] predicts instead of scoring. [`GridSearchCv`] does so for every combination of a [`ParamGrid`] and fits the best
//! again on all rows.
//!
//! Fits run side by side on rayon's threads; results are ordered, and the same bits with any number of threads.

mod cross_val_predict;
mod cross_validate;
mod folds;
mod grid_search;
mod param_grid;
mod scoring;
mod search_results;
mod split;
mod tasks;

pub use cross_val_predict::{FromFolds, cross_val_predict};
pub use cross_validate::{CrossValidate, CrossValidation, cross_val_score, cross_validate};
pub use folds::{CrossValidator, KFold, Split, StratifiedKFold};
pub use grid_search::{ErrorScore, FittedGridSearchCv, GridSearchCv};
pub use param_grid::ParamGrid;
pub use scoring::{
    Accuracy, BalancedAccuracy, DefaultScore, F1, Named, NegLogLoss, NegMeanAbsoluteError,
    NegMeanSquaredError, NegRootMeanSquaredError, Precision, R2, Recall, RocAuc, Scorer, named,
};
pub use search_results::{CandidateResult, SearchResults};
pub use split::{RowSets, Rows, Size, TrainTestSplit, train_test_split};
