//! Several targets at once, by estimators of one.
//!
//! | | each target | the others |
//! |---|---|---|
//! | [`MultiOutputClassifier`], [`MultiOutputRegressor`] | by a model of its own | are not looked at |
//! | [`ClassifierChain`], [`RegressorChain`] | by a model of its own | that come before in the chain are features |
//!
//! Real targets are a matrix, targets of classes [`LabelColumns`].

mod chain;
mod classifier_chain;
mod label_columns;
mod multi_classifier;
mod multi_regressor;
mod regressor_chain;

pub use chain::{ChainMethod, ChainMethods, ChainOrder};
pub use classifier_chain::{ClassifierChain, FittedClassifierChain};
pub use label_columns::{LabelColumns, LabelTargets};
pub use multi_classifier::{FittedMultiOutputClassifier, MultiOutputClassifier};
pub use multi_regressor::{FittedMultiOutputRegressor, MultiOutputRegressor, RealColumns};
pub use regressor_chain::{FittedRegressorChain, RegressorChain};

#[cfg(test)]
mod tests;
