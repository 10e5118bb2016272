//! Splitters: rows into folds.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::params::{Hyperparameters, describe};
use crate::random;
use crate::targets::Targets;

/// The positions of the rows to fit on and of those to score on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// The rows to fit on.
    pub train: Vec<usize>,
    /// The rows to score on.
    pub test: Vec<usize>,
}

/// Divides rows into train and test, several times.
///
/// A number is one: `5` means [`StratifiedKFold`] of five folds for targets of classes and [`KFold`] for others, as in
/// scikit-learn. A list of [`Split`]s is one too.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, KFold, Split};
///
/// let folds = KFold::new().n_splits(2).split(4, &())?;
/// assert_eq!(folds[0], Split { train: vec![2, 3], test: vec![0, 1] });
/// assert_eq!(folds[1], Split { train: vec![0, 1], test: vec![2, 3] });
/// # Ok::<(), fitwell::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not divide rows into folds",
    label = "expected a number of folds (`usize`), `KFold`, `StratifiedKFold`, or a `Vec<Split>`"
)]
pub trait CrossValidator: Sync {
    /// The splits of `n_samples` rows with target `y`.
    ///
    /// # Errors
    /// `InvalidParameter`, `TooFewSamples`, `ShapeMismatch`, `InvalidInput`, as the splitter says.
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>>;
}

/// Folds of consecutive rows, or of rows drawn at random; each row is in exactly one test fold.
///
/// The first `n_samples % n_splits` folds have one row more.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 5 | the number of folds, at least 2 |
/// | `shuffle` | false | whether rows are drawn at random; otherwise folds are consecutive |
/// | `random_state` | 0 | the seed, if rows are drawn |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct KFold {
    n_splits: usize,
    shuffle: bool,
    random_state: u64,
}

/// Folds that keep the proportions of the classes; each row is in exactly one test fold.
///
/// Without `shuffle` the folds are scikit-learn's, row for row: the rows of each class, in order, fill the folds one
/// after the other, and folds differ by at most one row of a class.
///
/// The target must be of classes, and every class needs two rows, so that no training part lacks one (scikit-learn only
/// warns). A class with fewer rows than folds is missing from some test folds: that is a line in the log. If all
/// classes have fewer rows than folds, it is an error.
///
/// Settings as [`KFold`]'s.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, StratifiedKFold};
/// use fitwell::prelude::*;
///
/// let y = Labels::from(["a", "a", "a", "a", "b", "b"]);
/// let folds = StratifiedKFold::new().n_splits(2).split(6, &y)?;
/// assert_eq!(folds[0].test, [0, 1, 4]);
/// assert_eq!(folds[1].test, [2, 3, 5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct StratifiedKFold {
    n_splits: usize,
    shuffle: bool,
    random_state: u64,
}

macro_rules! k_fold {
    ($name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                $name {
                    n_splits: 5,
                    shuffle: false,
                    random_state: 0,
                }
            }
        }

        impl $name {
            /// Five folds in the order of the rows.
            pub fn new() -> Self {
                Self::default()
            }

            /// The number of folds, at least 2.
            pub fn n_splits(mut self, n_splits: usize) -> Self {
                self.n_splits = n_splits;
                self
            }

            /// Whether rows are drawn at random.
            pub fn shuffle(mut self, shuffle: bool) -> Self {
                self.shuffle = shuffle;
                self
            }

            /// The seed, if rows are drawn at random.
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }

            fn check_size(&self, n_samples: usize) -> Result<()> {
                self.check()?;
                if self.n_splits > n_samples {
                    return Err(ErrorKind::TooFewSamples {
                        what: format!("{} folds", self.n_splits),
                        needed: self.n_splits,
                        got: n_samples,
                    }
                    .into());
                }
                Ok(())
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_splits", self.n_splits, 2)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }
    };
}
k_fold!(KFold);
k_fold!(StratifiedKFold);

/// The target has as many rows as there are samples, if it has rows.
fn check_rows<Y: Targets + ?Sized>(n_samples: usize, y: &Y) -> Result<()> {
    match y.n_rows() {
        Some(n) if n != n_samples => Err(Error::shape("number of rows of y", n_samples, n)),
        _ => Ok(()),
    }
}

/// Train and test rows in ascending order, given each row's test fold.
fn by_fold(fold_of: &[usize], n_splits: usize) -> Vec<Split> {
    let n = fold_of.len();
    let mut sizes = vec![0; n_splits];
    fold_of.iter().for_each(|&fold| sizes[fold] += 1);
    let empty = |&size: &usize| Split {
        train: Vec::with_capacity(n - size),
        test: Vec::with_capacity(size),
    };
    let mut splits: Vec<Split> = sizes.iter().map(empty).collect();
    for (k, split) in splits.iter_mut().enumerate() {
        for (row, &fold) in fold_of.iter().enumerate() {
            if fold == k {
                split.test.push(row);
            } else {
                split.train.push(row);
            }
        }
    }
    splits
}

impl CrossValidator for KFold {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        Ok(by_fold(&self.fold_of(n_samples, y)?, self.n_splits))
    }
}

impl KFold {
    /// The test fold of each row.
    pub(crate) fn fold_of<Y: Targets + ?Sized>(
        &self,
        n_samples: usize,
        y: &Y,
    ) -> Result<Vec<usize>> {
        self.check_size(n_samples)?;
        check_rows(n_samples, y)?;
        let order = if self.shuffle {
            random::permutation(n_samples, &mut random::generator(self.random_state))
        } else {
            (0..n_samples).collect()
        };
        let (size, larger) = (n_samples / self.n_splits, n_samples % self.n_splits);
        let mut fold_of = vec![0; n_samples];
        let mut next = 0;
        for fold in 0..self.n_splits {
            let end = next + size + usize::from(fold < larger);
            for &row in &order[next..end] {
                fold_of[row] = fold;
            }
            next = end;
        }
        Ok(fold_of)
    }
}

impl CrossValidator for StratifiedKFold {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        Ok(by_fold(&self.fold_of(n_samples, y, 2)?, self.n_splits))
    }
}

impl StratifiedKFold {
    /// The test fold of each row; every class needs `least` rows.
    pub(crate) fn fold_of<Y: Targets + ?Sized>(
        &self,
        n_samples: usize,
        y: &Y,
        least: usize,
    ) -> Result<Vec<usize>> {
        self.check_size(n_samples)?;
        check_rows(n_samples, y)?;
        let Some(labels) = y.as_labels() else {
            let reason = "is not of classes; `KFold` is for other targets";
            return Err(Error::invalid_input(
                "the target of `StratifiedKFold`",
                reason,
            ));
        };
        let labels = labels.observed();
        let counts = labels.counts();
        self.check_classes(&labels, &counts, least)?;

        // Classes in order of appearance, each with its rows.
        let mut members: Vec<Vec<usize>> = Vec::new();
        let mut place = vec![usize::MAX; counts.len()];
        for (row, &code) in labels.codes().iter().enumerate() {
            let place = &mut place[code as usize];
            if *place == usize::MAX {
                *place = members.len();
                members.push(Vec::new());
            }
            members[*place].push(row);
        }

        let mut rng = random::generator(self.random_state);
        let mut fold_of = vec![0; n_samples];
        let mut dealt = 0;
        for rows in &members {
            // All rows, sorted by class, are dealt to the folds in turn: so many of this class fall to each fold.
            let mut folds = vec![0usize; self.n_splits];
            for k in 0..rows.len() {
                folds[(dealt + k) % self.n_splits] += 1;
            }
            dealt += rows.len();
            let mut of_class: Vec<usize> = folds
                .iter()
                .enumerate()
                .flat_map(|(fold, &count)| std::iter::repeat_n(fold, count))
                .collect();
            if self.shuffle {
                random::shuffle(&mut of_class, &mut rng);
            }
            for (&row, fold) in rows.iter().zip(of_class) {
                fold_of[row] = fold;
            }
        }
        Ok(fold_of)
    }

    fn check_classes(
        &self,
        labels: &crate::labels::Labels,
        counts: &[usize],
        least: usize,
    ) -> Result<()> {
        let too_few = |class: usize, needed: usize| -> Error {
            ErrorKind::TooFewSamples {
                what: format!(
                    "class {} in {} stratified folds",
                    labels.classes()[class],
                    self.n_splits
                ),
                needed,
                got: counts[class],
            }
            .into()
        };
        if let Some(class) = counts.iter().position(|&c| c < least) {
            return Err(too_few(class, least));
        }
        let largest = (0..counts.len()).max_by_key(|&k| counts[k]).unwrap_or(0);
        if counts.iter().all(|&c| c < self.n_splits) {
            return Err(too_few(largest, self.n_splits));
        }
        for (class, &count) in counts.iter().enumerate() {
            if count < self.n_splits {
                log::warn!(
                    "class {} has {count} rows, fewer than the {} folds: some test folds are without it",
                    labels.classes()[class],
                    self.n_splits
                );
            }
        }
        Ok(())
    }
}

/// So many folds: stratified for classes, consecutive rows for other targets.
impl CrossValidator for usize {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        match y.as_labels() {
            Some(_) => StratifiedKFold::new().n_splits(*self).split(n_samples, y),
            None => KFold::new().n_splits(*self).split(n_samples, y),
        }
    }
}

/// These splits.
impl CrossValidator for Vec<Split> {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        check_rows(n_samples, y)?;
        check_splits(self, n_samples)?;
        Ok(self.clone())
    }
}

/// There are splits, and each has train and test rows among `n_samples`.
pub(super) fn check_splits(splits: &[Split], n_samples: usize) -> Result<()> {
    if splits.is_empty() {
        return Err(ErrorKind::EmptyInput {
            what: "list of splits".into(),
        }
        .into());
    }
    for (fold, split) in splits.iter().enumerate() {
        for (part, rows) in [("train", &split.train), ("test", &split.test)] {
            let place = format!("{part} rows of split {fold}");
            if rows.is_empty() {
                return Err(ErrorKind::EmptyInput { what: place }.into());
            }
            crate::samples::check_rows(rows, n_samples).map_err(|e| e.within(place))?;
        }
    }
    Ok(())
}

impl<C: CrossValidator + ?Sized> CrossValidator for &C {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        (**self).split(n_samples, y)
    }
}
