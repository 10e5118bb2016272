//! Choosing features.
//!
//! | selector | keeps |
//! |---|---|
//! | [`VarianceThreshold`] | what varies |
//! | [`SelectKBest`], [`SelectPercentile`] | the features of the greatest scores |
//! | [`SelectFpr`], [`SelectFdr`], [`SelectFwe`] | the features whose p-values bound an error rate |
//! | [`GenericUnivariateSelect`] | one of those rules, chosen by name |
//!
//! Scores are those of a [`ScoreFunction`]: [`f_classif`], [`chi2`] for classes, [`f_regression`], [`r_regression`] for a real
//! target.

mod classes;
mod regression;
mod score;
mod sums;
mod support;
mod univariate;
mod variance_threshold;
mod written;

pub use classes::{Chi2, FClassif, chi2, f_classif};
pub use regression::{FRegression, RRegression, f_regression, r_regression};
pub use score::{FeatureScores, NamedScore, ScoreFunction, score_function};
pub use support::SelectColumns;
pub use univariate::{
    FittedGenericUnivariateSelect, FittedSelectFdr, FittedSelectFpr, FittedSelectFwe,
    FittedSelectKBest, FittedSelectPercentile, GenericUnivariateSelect, K, SelectFdr, SelectFpr,
    SelectFwe, SelectKBest, SelectMode, SelectParam, SelectPercentile,
};
pub use variance_threshold::{FittedVarianceThreshold, VarianceThreshold};
