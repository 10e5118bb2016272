//! Missing values are filled in.
//!
//! | estimator | fills a missing value with | on |
//! |---|---|---|
//! | [`SimpleImputer`] | one value for each column: mean, median, most frequent, a constant, a function of one's own | arrays, tables |
//! | [`KnnImputer`] | the mean over the nearest rows | arrays |
//! | [`IterativeImputer`] | a regression on the other columns, round after round | arrays |
//! | [`MissingIndicator`] | nothing: it says where values are missing | arrays, tables |
//!
//! All of them can add indicators of what was missing, and keep or drop columns in which everything is. A table of numbers
//! becomes an array by `table.to_matrix()` or in a [`ColumnTransformer`](crate::pipeline::ColumnTransformer).

mod chained;
mod custom;
mod donors;
mod draw;
mod iterative_imputer;
#[cfg(test)]
mod iterative_tests;
mod knn_imputer;
mod limit;
mod missing;
mod missing_indicator;
mod simple_imputer;
mod statistics;
mod table_imputer;

pub use chained::{FittedIterativeImputer, Imputation};
pub use custom::Statistic;
pub use draw::{Draw, ExpectedValue, Kind, PosteriorSample};
pub use iterative_imputer::{ImputationOrder, IterativeImputer};
pub use knn_imputer::{FittedKnnImputer, KnnImputer, KnnWeights};
pub use limit::Limit;
pub use missing::MissingValues;
pub use missing_indicator::{
    FittedMissingIndicator, FittedTableIndicator, IndicatorFeatures, MissingIndicator,
};
pub use simple_imputer::{FittedSimpleImputer, SimpleImputer, Strategy};
pub use table_imputer::FittedTableImputer;
