//! Choosing features: by their variance, by scores of each alone, by what they count in a model, by cross-validation.
//!
//! | selector | keeps |
//! |---|---|
//! | [`VarianceThreshold`] | what varies |
//! | [`SelectKBest`], [`SelectPercentile`] | the features of the greatest scores |
//! | [`SelectFpr`], [`SelectFdr`], [`SelectFwe`] | the features whose p-values bound an error rate |
//! | [`GenericUnivariateSelect`] | one of those rules, chosen by name |
//! | [`SelectFromModel`] | what counts in a model |
//! | [`Rfe`], [`RfeCv`] | what is left when the least of a model goes, again and again |
//! | [`SequentialFeatureSelector`] | what helps the score, one by one |
//!
//! Scores are those of a [`ScoreFunction`]: [`f_classif`], [`chi2`], [`mutual_info_classif`] for classes, [`f_regression`],
//! [`r_regression`], [`mutual_info_regression`] for a real target. Models tell what features count by
//! [`FeatureImportances`].
//!
//! Every fitted selector has `support()` and `support_indices()`, transforms, fills zeros back in by `inverse_transform`, and
//! names its output columns. As a step of a pipeline it is fitted on the target that the pipeline is fitted on:
//!
//! ```
//! use fitwell::{feature_selection::SelectKBest, linear_model::LogisticRegression, prelude::*};
//! use fitwell::model_selection::{GridSearchCv, ParamGrid};
//!
//! let wine = fitwell::datasets::load_wine()?;
//! let pipe = pipeline("select", SelectKBest::new()).then("clf", LogisticRegression::new().max_iter(1000));
//! let grid = ParamGrid::new().with("select__k", [1, 13]);
//! let search = GridSearchCv::new(pipe, grid).fit(&wine.x, &wine.target)?;
//! assert_eq!(search.best_params()["select__k"], 13);
//! # Ok::<(), Error>(())
//! ```
//!
//! Where nothing is selected, `transform` gives no columns and the log says so.

mod amount;
mod classes;
mod from_model;
mod importances;
mod mutual_info;
mod neighbours;
mod regression;
mod rfe;
mod rfe_cv;
mod score;
mod sequential;
mod sums;
mod support;
mod univariate;
mod variance_threshold;
pub(crate) mod written;

pub use amount::{NFeatures, StepSize};
pub use classes::{Chi2, FClassif, chi2, f_classif};
pub use from_model::{FittedSelectFromModel, Prefit, SelectFromModel, Threshold};
pub(crate) use importances::is_all_l1;
pub use importances::{FeatureImportances, FromModel, ImportanceGetter};
pub use mutual_info::{
    DiscreteFeatures, MutualInfoClassif, MutualInfoRegression, mutual_info_classif,
    mutual_info_regression,
};
pub use regression::{FRegression, RRegression, f_regression, r_regression};
pub use rfe::{FittedRfe, Rfe};
pub use rfe_cv::{FittedRfeCv, RfeCv, RfeCvResults};
pub use score::{FeatureScores, NamedScore, ScoreFunction, score_function};
pub use sequential::{Direction, FittedSequentialFeatureSelector, SequentialFeatureSelector};
pub use support::SelectColumns;
pub use univariate::{
    FittedGenericUnivariateSelect, FittedSelectFdr, FittedSelectFpr, FittedSelectFwe,
    FittedSelectKBest, FittedSelectPercentile, GenericUnivariateSelect, K, SelectFdr, SelectFpr,
    SelectFwe, SelectKBest, SelectMode, SelectParam, SelectPercentile,
};
pub use variance_threshold::{FittedVarianceThreshold, VarianceThreshold};
