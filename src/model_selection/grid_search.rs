//! Search over a grid of hyper-parameters.

use std::fmt;

use super::param_grid::ParamGrid;
use super::scoring::DefaultScore;
use super::search::{Batches, FittedSearchCv, Once, SearchCv, Setting, Strategy};
use crate::error::Result;
use crate::params::Value;

/// Tries every combination of a grid of hyper-parameters by cross-validation and fits the best again on all rows.
///
/// Candidates come in the order of the [`ParamGrid`], which may be a list of grids and hold conditions. Everything else, the
/// settings first of all, is said at [`SearchCv`].
///
/// ```
/// use fitwell::model_selection::{Accuracy, GridSearchCv, ParamGrid, StratifiedKFold};
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (3 + j)) % 40) as f64);
/// let y: Labels = (0..40).map(|i| if (i * 3) % 40 < 20 { "low" } else { "high" }).collect();
///
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let search = GridSearchCv::new(pipe, ParamGrid::new().with("clf__C", [0.01, 1.0, 100.0]))
///     .cv(StratifiedKFold::new().n_splits(4))
///     .scoring(Accuracy)
///     .fit(&x, &y)?;
/// println!("{}", search.results());
/// assert!(search.best_score() > 0.9);
/// assert_eq!(search.predict(&x)?.len(), 40);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "GridSearchCV")]
pub type GridSearchCv<E, S = DefaultScore, C = usize> = SearchCv<E, ParamGrid, S, C>;

/// The best candidate of a grid search; see [`FittedSearchCv`].
pub type FittedGridSearchCv<M> = FittedSearchCv<M>;

impl<E> GridSearchCv<E> {
    /// A search by five folds and the model's own score.
    pub fn new(estimator: E, param_grid: impl Into<ParamGrid>) -> Self {
        SearchCv::with_strategy(estimator, param_grid.into())
    }
}

impl<E, S, C> GridSearchCv<E, S, C> {
    /// The values to try.
    pub fn param_grid(&self) -> &ParamGrid {
        self.strategy()
    }
}

/// Every combination, in one batch.
impl Strategy for ParamGrid {
    const NAME: &'static str = "GridSearchCv";

    fn start(&self, _: &Setting) -> Result<Box<dyn Batches>> {
        Ok(Box::new(Once::new(self.candidates()?)))
    }

    fn check(&self) -> Result<()> {
        self.n_candidates().map(drop)
    }

    fn examples(&self) -> Vec<(String, Value)> {
        let entries = self.entries();
        entries
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    }

    fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
