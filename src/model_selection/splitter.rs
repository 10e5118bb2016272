//! What a splitter is: the trait, its splits, and lists and numbers as splitters.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::folds::{KFold, StratifiedKFold};
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Labels;
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
///
/// # Groups
/// Splitters that keep rows of a group together read the groups from the target, [`Targets::grouped`], as they read the
/// classes to stratify. So the signature is the same for all of them, every function and every search that takes a
/// splitter takes these, and the groups of a selection of rows are always those of its rows: a search inside a
/// cross-validation splits by group what the outer split gave it.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, GroupKFold};
/// use fitwell::prelude::*;
///
/// let groups = Labels::from(["ann", "bob", "ann", "eve"]);
/// let folds = GroupKFold::new().n_splits(2).split(4, &().grouped(&groups))?;
/// assert_eq!(folds[0].test, [0, 2]);
/// # Ok::<(), Error>(())
/// ```
///
/// # A splitter of your own
/// One method is enough. This one keeps time in order: it tests on each group, a year say, what was learned from the groups
/// before it.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, DefaultScore, Split, cross_val_score};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// struct ForwardByGroup;
///
/// impl CrossValidator for ForwardByGroup {
///     fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
///         let years = y.groups().ok_or_else(|| Error::invalid_input("ForwardByGroup", "the target has no groups"))?;
///         let years = years.observed(); // only the years of these rows
///         let rows = |keep: &dyn Fn(u32) -> bool| -> Vec<usize> {
///             (0..n_samples).filter(|&row| keep(years.codes()[row])).collect()
///         };
///         let later = 1..years.classes().len() as u32;
///         Ok(later.map(|year| Split { train: rows(&|y| y < year), test: rows(&|y| y == year) }).collect())
///     }
/// }
///
/// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64);
/// let y = Array1::from_shape_fn(40, |i| 2.0 * i as f64);
/// let years: Labels = (0..40).map(|i| 2020 + i / 10).collect();
/// let scores = cross_val_score(&Ridge::new(), &x, &y.grouped(&years), &ForwardByGroup, &DefaultScore)?;
/// assert_eq!(scores.len(), 3); // 2021, 2022 and 2023
/// # Ok::<(), Error>(())
/// ```
///
/// One with very many splits also makes them one by one, in [`split_lazily`](Self::split_lazily).
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not divide rows into folds",
    label = "expected a number of folds (`usize`), a splitter such as `KFold`, or a `Vec<Split>`"
)]
pub trait CrossValidator: Sync {
    /// The splits of `n_samples` rows with target `y`.
    ///
    /// # Errors
    /// `InvalidParameter`, `TooFewSamples`, `ShapeMismatch`, `InvalidInput`, as the splitter says; `TooLarge` when the list
    /// would hold more than [`Splits::MAX_LISTED`] positions.
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>>;

    /// The same splits, each made when it is asked for. This is what cross-validation and searches use.
    ///
    /// # Errors
    /// As [`split`](Self::split), without its limit where the splitter can make each split by itself.
    fn split_lazily<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        Ok(self.split(n_samples, y)?.into())
    }

    /// The number of splits.
    ///
    /// # Errors
    /// As [`split_lazily`](Self::split_lazily).
    fn get_n_splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<usize> {
        Ok(self.split_lazily(n_samples, y)?.len())
    }
}

/// Splits, listed or made one by one.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, LeaveOneOut};
///
/// // A list of these would take 75 GiB.
/// let splits = LeaveOneOut::new().split_lazily(100_000, &())?;
/// assert_eq!(splits.len(), 100_000);
/// assert_eq!(splits.get(77_777).map(|split| split.test), Some(vec![77_777]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone)]
pub struct Splits(Kind);

#[derive(Clone)]
enum Kind {
    Listed(Arc<Vec<Split>>),
    Made {
        len: usize,
        make: Arc<dyn Fn(usize) -> Split + Send + Sync>,
    },
}

impl Splits {
    /// The most positions that a list of splits may hold, train and test rows of all of them together: 2 GiB on machines
    /// of 64 bits.
    pub const MAX_LISTED: u64 = 1 << 28;

    /// `len` splits; `make(k)` gives split number `k`, always the same.
    pub fn new(len: usize, make: impl Fn(usize) -> Split + Send + Sync + 'static) -> Self {
        Splits(Kind::Made {
            len,
            make: Arc::new(make),
        })
    }

    /// The number of splits.
    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Listed(splits) => splits.len(),
            Kind::Made { len, .. } => *len,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Split number `k`, if there are so many.
    pub fn get(&self, k: usize) -> Option<Split> {
        self.borrowed(k).map(Cow::into_owned)
    }

    /// The splits in order.
    pub fn iter(&self) -> impl Iterator<Item = Split> + '_ {
        (0..self.len()).filter_map(|k| self.get(k))
    }

    pub(super) fn borrowed(&self, k: usize) -> Option<Cow<'_, Split>> {
        match &self.0 {
            Kind::Listed(splits) => splits.get(k).map(Cow::Borrowed),
            Kind::Made { len, make } => (k < *len).then(|| Cow::Owned(make(k))),
        }
    }

    /// The splits, if they are listed.
    pub(super) fn listed(&self) -> Option<&[Split]> {
        match &self.0 {
            Kind::Listed(splits) => Some(splits),
            Kind::Made { .. } => None,
        }
    }

    /// All of them, of `per_split` positions each; `what` names the splitter.
    pub(super) fn list(self, what: &str, per_split: usize) -> Result<Vec<Split>> {
        if let Kind::Listed(splits) = self.0 {
            return Ok(Arc::unwrap_or_clone(splits));
        }
        let size = (self.len() as u64).saturating_mul(per_split as u64);
        if size > Self::MAX_LISTED {
            return Err(too_large(
                format!(
                    "number of positions in the {} splits of `{what}`",
                    self.len()
                ),
                size,
                Self::MAX_LISTED,
            ));
        }
        Ok(self.iter().collect())
    }
}

pub(super) fn too_large(what: String, size: u64, limit: u64) -> Error {
    ErrorKind::TooLarge { what, size, limit }.into()
}

impl From<Vec<Split>> for Splits {
    fn from(splits: Vec<Split>) -> Self {
        Splits(Kind::Listed(Arc::new(splits)))
    }
}

impl fmt::Debug for Splits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Listed(splits) => f.debug_tuple("Splits").field(splits).finish(),
            Kind::Made { len, .. } => f.debug_struct("Splits").field("len", len).finish(),
        }
    }
}

/// Implements [`CrossValidator`] for a splitter that has `splits(n_samples, y) -> Result<Splits>`.
macro_rules! made_lazily {
    ($name:ident) => {
        impl CrossValidator for $name {
            fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
                self.splits(n_samples, y)?.list(Self::NAME, n_samples)
            }
            fn split_lazily<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
                self.splits(n_samples, y)
            }
        }
    };
}

/// What every splitter with settings has: its text, and how it splits.
macro_rules! splitter {
    ($name:ident) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::params::describe(self))
            }
        }
        made_lazily!($name);
    };
}
pub(super) use {made_lazily, splitter};

/// The target has as many rows as there are samples, if it has rows.
pub(super) fn check_rows<Y: Targets + ?Sized>(n_samples: usize, y: &Y) -> Result<()> {
    match y.n_rows() {
        Some(n) if n != n_samples => Err(Error::shape("number of rows of y", n_samples, n)),
        _ => Ok(()),
    }
}

/// The groups of the target, only those that occur.
pub(super) fn groups_of<Y: Targets + ?Sized>(
    splitter: &str,
    n_samples: usize,
    y: &Y,
) -> Result<Labels> {
    check_rows(n_samples, y)?;
    let Some(groups) = y.groups() else {
        let reason = "carries no groups; `y.grouped(&groups)` does";
        return Err(Error::invalid_input(
            format!("the target of `{splitter}`"),
            reason,
        ));
    };
    if groups.len() != n_samples {
        return Err(Error::shape("number of groups", n_samples, groups.len()));
    }
    Ok(groups.observed())
}

/// The classes of the target, only those that occur.
pub(super) fn classes_of<Y: Targets + ?Sized>(
    splitter: &str,
    other: &str,
    n_samples: usize,
    y: &Y,
) -> Result<Labels> {
    check_rows(n_samples, y)?;
    match y.as_labels() {
        Some(labels) => Ok(labels.observed()),
        None => Err(Error::invalid_input(
            format!("the target of `{splitter}`"),
            format!("is not of classes; `{other}` is for other targets"),
        )),
    }
}

/// So many rows, groups or folds are there; it takes `needed`.
pub(super) fn at_least(what: impl Into<String>, needed: usize, got: usize) -> Result<()> {
    if got >= needed {
        return Ok(());
    }
    Err(ErrorKind::TooFewSamples {
        what: what.into(),
        needed,
        got,
    }
    .into())
}

/// Split number k tests the rows whose part is k and trains on the others. Rows are in ascending order.
pub(super) fn by_part(part_of: Vec<usize>, n_parts: usize) -> Splits {
    let mut sizes = vec![0usize; n_parts];
    for &part in &part_of {
        if let Some(size) = sizes.get_mut(part) {
            *size += 1;
        }
    }
    Splits::new(n_parts, move |k| {
        separated(part_of.len(), sizes[k], |row| part_of[row] == k)
    })
}

/// The rows that `tested` names, `n_test` of them, and the others.
pub(super) fn separated(n: usize, n_test: usize, tested: impl Fn(usize) -> bool) -> Split {
    let mut split = Split {
        train: Vec::with_capacity(n - n_test),
        test: Vec::with_capacity(n_test),
    };
    for row in 0..n {
        if tested(row) {
            split.test.push(row);
        } else {
            split.train.push(row);
        }
    }
    split
}

/// So many folds: stratified for classes, consecutive rows for other targets.
impl CrossValidator for usize {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        match y.as_labels() {
            Some(_) => StratifiedKFold::new().n_splits(*self).split(n_samples, y),
            None => KFold::new().n_splits(*self).split(n_samples, y),
        }
    }
    fn split_lazily<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        match y.as_labels() {
            Some(_) => StratifiedKFold::new()
                .n_splits(*self)
                .split_lazily(n_samples, y),
            None => KFold::new().n_splits(*self).split_lazily(n_samples, y),
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

/// These splits.
impl CrossValidator for Splits {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        let splits = self.split_lazily(n_samples, y)?.list("Splits", n_samples)?;
        check_splits(&splits, n_samples)?;
        Ok(splits)
    }
    fn split_lazily<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        check_rows(n_samples, y)?;
        if let Some(splits) = self.listed() {
            check_splits(splits, n_samples)?;
        }
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
        check_split(fold, split, n_samples)?;
    }
    Ok(())
}

/// A split has train and test rows among `n_samples`.
pub(super) fn check_split(fold: usize, split: &Split, n_samples: usize) -> Result<()> {
    for (part, rows) in [("train", &split.train), ("test", &split.test)] {
        let place = || format!("{part} rows of split {fold}");
        if rows.is_empty() {
            return Err(ErrorKind::EmptyInput { what: place() }.into());
        }
        crate::samples::check_rows(rows, n_samples).map_err(|e| e.within(place()))?;
    }
    Ok(())
}

impl<C: CrossValidator + ?Sized> CrossValidator for &C {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Vec<Split>> {
        (**self).split(n_samples, y)
    }
    fn split_lazily<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        (**self).split_lazily(n_samples, y)
    }
}
