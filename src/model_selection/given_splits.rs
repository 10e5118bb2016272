//! Splits in time, and splits that someone else made.

use serde::{Deserialize, Serialize};

use super::splitter::{
    CrossValidator, Split, Splits, at_least, by_part, check_rows, made_lazily, splitter,
};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::params::Hyperparameters;
use crate::targets::Targets;

/// Rows in the order of time: each split tests on a later stretch what was learned from the rows before it.
///
/// With n rows, K = `n_splits` and test stretches of t rows, the stretches are the last K·t rows, in order. Split k trains
/// on all rows up to `gap` rows before its stretch, or on the last `max_train_size` of them. Rows should be evenly spaced
/// in time, so that every stretch is as long. The rows are scikit-learn's.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 5 | the number of splits, at least 2 |
/// | `max_train_size` | none | the most rows to train on, at least 1 (scikit-learn takes 0 for none) |
/// | `test_size` | n / (K + 1), rounded down | the rows of a test stretch, at least 1 |
/// | `gap` | 0 | rows left out between training and testing, for targets that look ahead |
///
/// # Errors
/// `TooFewSamples` for n ≤ K, and when stretches and gap leave no row to train on.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, TimeSeriesSplit};
///
/// let splits = TimeSeriesSplit::new().n_splits(3).test_size(2).gap(2).split(12, &())?;
/// assert_eq!((&splits[0].train[..], &splits[0].test[..]), (&[0, 1, 2, 3][..], &[6, 7][..]));
/// assert_eq!(splits[2].test, [10, 11]);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct TimeSeriesSplit {
    n_splits: usize,
    max_train_size: Option<usize>,
    test_size: Option<usize>,
    gap: usize,
}

impl Default for TimeSeriesSplit {
    fn default() -> Self {
        TimeSeriesSplit {
            n_splits: 5,
            max_train_size: None,
            test_size: None,
            gap: 0,
        }
    }
}

impl TimeSeriesSplit {
    /// Five splits of even stretches.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of splits, at least 2.
    pub fn n_splits(mut self, n_splits: usize) -> Self {
        self.n_splits = n_splits;
        self
    }

    /// The most rows to train on.
    pub fn max_train_size(mut self, size: impl Into<Option<usize>>) -> Self {
        self.max_train_size = size.into();
        self
    }

    /// The rows of a test stretch.
    pub fn test_size(mut self, size: impl Into<Option<usize>>) -> Self {
        self.test_size = size.into();
        self
    }

    /// Rows left out between training and testing.
    pub fn gap(mut self, gap: usize) -> Self {
        self.gap = gap;
        self
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        check_rows(n_samples, y)?;
        let (n_splits, gap) = (self.n_splits, self.gap);
        let parts = n_splits.saturating_add(1);
        at_least(format!("{n_splits} splits in time"), parts, n_samples)?;
        let size = self.test_size.unwrap_or(n_samples / parts);
        let taken = size.saturating_mul(n_splits).saturating_add(gap);
        let what =
            format!("{n_splits} splits in time with {size} rows to test on and a gap of {gap}");
        at_least(what, taken.saturating_add(1), n_samples)?;
        let most = self.max_train_size.unwrap_or(n_samples);
        Ok(Splits::new(n_splits, move |k| {
            let start = n_samples - (n_splits - k) * size;
            let end = start - gap;
            Split {
                train: (end.saturating_sub(most)..end).collect(),
                test: (start..start + size).collect(),
            }
        }))
    }
}

impl Hyperparameters for TimeSeriesSplit {
    const NAME: &'static str = "TimeSeriesSplit";
    fn check(&self) -> Result<()> {
        check::count(Self::NAME, "n_splits", self.n_splits, 2)?;
        check::count(
            Self::NAME,
            "max_train_size",
            self.max_train_size.unwrap_or(1),
            1,
        )?;
        check::count(Self::NAME, "test_size", self.test_size.unwrap_or(1), 1)
    }
}

/// Each row's test fold, given; rows of fold −1 are never tested and always train.
///
/// Folds are tested in ascending order. One fold, say of a validation set that came with the data, is fine.
///
/// The folds belong to these rows: inside another cross-validation, which sees some of them only, they are refused. There
/// make the folds the groups of the target, [`Targets::grouped`], and split by
/// [`LeaveOneGroupOut`](super::LeaveOneGroupOut).
///
/// # Errors
/// `ShapeMismatch` when there is not one fold for each row; `EmptyInput` when every row's fold is −1.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, PredefinedSplit};
///
/// let splits = PredefinedSplit::new([0, 1, -1, 1]).split(4, &())?;
/// assert_eq!((&splits[0].train[..], &splits[0].test[..]), (&[1, 2, 3][..], &[0][..]));
/// assert_eq!((&splits[1].train[..], &splits[1].test[..]), (&[0, 2][..], &[1, 3][..]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct PredefinedSplit {
    test_fold: Vec<i64>,
}

impl PredefinedSplit {
    /// The test fold of each row, −1 for none.
    pub fn new(test_fold: impl IntoIterator<Item = i64>) -> Self {
        PredefinedSplit {
            test_fold: test_fold.into_iter().collect(),
        }
    }

    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        check_rows(n_samples, y)?;
        if self.test_fold.len() != n_samples {
            let what = "number of rows of `test_fold`";
            return Err(Error::shape(what, n_samples, self.test_fold.len()));
        }
        let mut folds: Vec<i64> = self
            .test_fold
            .iter()
            .copied()
            .filter(|&f| f != -1)
            .collect();
        folds.sort_unstable();
        folds.dedup();
        if folds.is_empty() {
            let what = "`test_fold` (all are -1)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let part = |fold: &i64| folds.binary_search(fold).unwrap_or(usize::MAX);
        let parts = self.test_fold.iter().map(part).collect();
        Ok(by_part(parts, folds.len()))
    }
}

impl Hyperparameters for PredefinedSplit {
    const NAME: &'static str = "PredefinedSplit";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

splitter!(TimeSeriesSplit);
splitter!(PredefinedSplit);
