//! Several models as one: votes, stacks and bags of any estimators.
//!
//! | | the models | how they become one |
//! |---|---|---|
//! | [`VotingClassifier`], [`VotingRegressor`] | different, on all rows | by votes or means |
//! | [`StackingClassifier`], [`StackingRegressor`] | different, on all rows | a model learns from their predictions of rows they were not fitted on |
//! | [`BaggingClassifier`], [`BaggingRegressor`] | alike, on rows and columns drawn at random | by means |
//!
//! Models of one type go in as they are. Of several types known to the program, [`Either`](crate::boxed::Either) holds one, and the
//! whole can be saved; types chosen at run time go into [boxes](crate::boxed).
//!
//! ```
//! use fitwell::boxed::BoxedClassifier;
//! use fitwell::ensemble::VotingClassifier;
//! use fitwell::{linear_model::LogisticRegression, neighbors::KNeighborsClassifier, prelude::*};
//! use ndarray::array;
//!
//! let mixed: VotingClassifier<BoxedClassifier> = VotingClassifier::new([
//!     ("linear", LogisticRegression::new().boxed_classifier()),
//!     ("near", KNeighborsClassifier::new().n_neighbors(1).boxed_classifier()),
//! ]);
//! let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], Labels::from([0, 0, 1, 1]));
//! let model = mixed.with_param("linear__C", 10.0)?.fit(&x, &y)?;
//! assert_eq!(model.predict(&x)?, y);
//! # Ok::<(), Error>(())
//! ```

mod bagging_classifier;
mod bagging_regressor;
mod bags;
mod inputs;
mod members;
mod stacked;
mod stacking_classifier;
mod stacking_regressor;
mod voting_classifier;
mod voting_regressor;

pub use bagging_classifier::{BaggingClassifier, FittedBaggingClassifier};
pub use bagging_regressor::{BaggingRegressor, FittedBaggingRegressor};
pub use bags::Portion;
pub use inputs::{BagInput, BagTarget, StackInput};
pub use stacking_classifier::{FittedStackingClassifier, StackMethod, StackingClassifier};
pub use stacking_regressor::{FittedStackingRegressor, StackingRegressor};
pub use voting_classifier::{FittedVotingClassifier, Voting, VotingClassifier};
pub use voting_regressor::{FittedVotingRegressor, VotingRegressor};

#[cfg(test)]
mod tests;
