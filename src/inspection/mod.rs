//! What a fitted model has learned: which features its score needs, and what it predicts along a feature.
//!
//! [`PermutationImportance`] asks how much worse a model scores when a column is shuffled; [`PartialDependence`] asks what it
//! predicts, on average and row by row, when a column has one value after another. Both take any model, over matrices and tables,
//! and return data that prints as text.

mod columns;
mod partial_dependence;
mod permutation_importance;

pub use columns::{Feature, Inspected};
pub use partial_dependence::{Dependence, PartialDependence, PartialDependenceKind};
pub use permutation_importance::{Importances, PermutationImportance, permutation_importance};
