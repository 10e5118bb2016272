//! Folds of rows and stratified folds, once and repeated.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

pub(super) use super::splitter::CrossValidator;
use super::splitter::{
    Split, Splits, at_least, by_part, check_rows, classes_of, made_lazily, splitter,
};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Labels;
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;

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

/// The settings of folds: `n_splits`, `shuffle` and `random_state`.
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
            /// Five folds without chance.
            pub fn new() -> Self {
                Self::default()
            }

            /// The number of folds, at least 2.
            pub fn n_splits(mut self, n_splits: usize) -> Self {
                self.n_splits = n_splits;
                self
            }

            /// Whether rows, or groups, are drawn at random.
            pub fn shuffle(mut self, shuffle: bool) -> Self {
                self.shuffle = shuffle;
                self
            }

            /// The seed, if they are drawn at random.
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_splits", self.n_splits, 2)
            }
        }
        splitter!($name);
    };
}
pub(super) use k_fold;
k_fold!(KFold);
k_fold!(StratifiedKFold);

impl KFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        Ok(by_part(self.fold_of(n_samples, y)?, self.n_splits))
    }

    /// The test fold of each row.
    pub(crate) fn fold_of<Y: Targets + ?Sized>(
        &self,
        n_samples: usize,
        y: &Y,
    ) -> Result<Vec<usize>> {
        self.check()?;
        at_least(format!("{} folds", self.n_splits), self.n_splits, n_samples)?;
        check_rows(n_samples, y)?;
        let mut rng = self.shuffle.then(|| random::generator(self.random_state));
        Ok(plain(self.n_splits, n_samples, rng.as_mut()))
    }
}

impl StratifiedKFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        Ok(by_part(self.fold_of(n_samples, y, 2)?, self.n_splits))
    }

    /// The test fold of each row; every class needs `least` rows.
    pub(crate) fn fold_of<Y: Targets + ?Sized>(
        &self,
        n_samples: usize,
        y: &Y,
        least: usize,
    ) -> Result<Vec<usize>> {
        self.check()?;
        let mut rng = self.shuffle.then(|| random::generator(self.random_state));
        let labels = stratified_classes(Self::NAME, "KFold", self.n_splits, n_samples, y, least)?;
        Ok(stratified(self.n_splits, &labels, rng.as_mut()))
    }
}

/// The fold of each row: consecutive rows, or rows drawn by `rng`.
fn plain(n_splits: usize, n_samples: usize, rng: Option<&mut ChaCha8Rng>) -> Vec<usize> {
    let order = match rng {
        Some(rng) => random::permutation(n_samples, rng),
        None => (0..n_samples).collect(),
    };
    let mut fold_of = vec![0; n_samples];
    for (fold, range) in even_parts(n_samples, n_splits).enumerate() {
        for &row in &order[range] {
            fold_of[row] = fold;
        }
    }
    fold_of
}

/// `n` positions in `parts` ranges, the first `n % parts` of them longer by one.
pub(super) fn even_parts(n: usize, parts: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let (size, longer) = (n / parts, n % parts);
    (0..parts).map(move |k| {
        let start = k * size + k.min(longer);
        start..start + size + usize::from(k < longer)
    })
}

/// The classes of a target that is to be stratified, each with `least` rows, and one with as many as there are folds.
pub(super) fn stratified_classes<Y: Targets + ?Sized>(
    splitter: &str,
    other: &str,
    n_splits: usize,
    n_samples: usize,
    y: &Y,
    least: usize,
) -> Result<Labels> {
    at_least(format!("{n_splits} folds"), n_splits, n_samples)?;
    let labels = classes_of(splitter, other, n_samples, y)?;
    let counts = labels.counts();
    let too_few = |class: usize, needed: usize| -> Error {
        ErrorKind::TooFewSamples {
            what: format!(
                "class {} in {n_splits} stratified folds",
                labels.classes()[class]
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
    if counts.iter().all(|&c| c < n_splits) {
        return Err(too_few(largest, n_splits));
    }
    for (class, &count) in counts.iter().enumerate() {
        if count < n_splits {
            log::warn!(
                "class {} has {count} rows, fewer than the {n_splits} folds: some test folds are without it",
                labels.classes()[class],
            );
        }
    }
    Ok(labels)
}

/// The fold of each row, with the proportions of the classes in every fold.
fn stratified(n_splits: usize, labels: &Labels, mut rng: Option<&mut ChaCha8Rng>) -> Vec<usize> {
    // Classes in order of appearance, each with its rows.
    let mut members: Vec<Vec<usize>> = Vec::new();
    let mut place = vec![usize::MAX; labels.classes().len()];
    for (row, &code) in labels.codes().iter().enumerate() {
        let place = &mut place[code as usize];
        if *place == usize::MAX {
            *place = members.len();
            members.push(Vec::new());
        }
        members[*place].push(row);
    }

    let mut fold_of = vec![0; labels.len()];
    let mut dealt = 0;
    for rows in &members {
        // All rows, sorted by class, are dealt to the folds in turn: so many of this class fall to each fold.
        let mut folds = vec![0usize; n_splits];
        for k in 0..rows.len() {
            folds[(dealt + k) % n_splits] += 1;
        }
        dealt += rows.len();
        let mut of_class: Vec<usize> = folds
            .iter()
            .enumerate()
            .flat_map(|(fold, &count)| std::iter::repeat_n(fold, count))
            .collect();
        if let Some(rng) = rng.as_deref_mut() {
            random::shuffle(&mut of_class, rng);
        }
        for (&row, fold) in rows.iter().zip(of_class) {
            fold_of[row] = fold;
        }
    }
    fold_of
}

/// [`KFold`] several times over, each time with rows drawn anew; each row is tested once in each repetition.
///
/// A mean over repetitions depends less on how the rows happened to fall. Repetition r comes from stream r of the seed, so
/// that more repetitions leave the first ones as they are.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 5 | the number of folds, at least 2 |
/// | `n_repeats` | 10 | the number of repetitions, at least 1 |
/// | `random_state` | 0 | the seed |
///
/// ```
/// use fitwell::model_selection::{CrossValidator, RepeatedKFold};
///
/// let splits = RepeatedKFold::new().n_splits(2).n_repeats(3).split(8, &())?;
/// assert_eq!(splits.len(), 6);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RepeatedKFold {
    n_splits: usize,
    n_repeats: usize,
    random_state: u64,
}

/// [`StratifiedKFold`] several times over, each time with rows drawn anew; each row is tested once in each repetition.
///
/// What the target must be is said there; settings and repetitions as [`RepeatedKFold`]'s.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, RepeatedStratifiedKFold};
/// use fitwell::prelude::*;
///
/// let y = Labels::from(["a", "a", "a", "a", "b", "b"]);
/// let splits = RepeatedStratifiedKFold::new().n_splits(2).n_repeats(3).split(6, &y)?;
/// assert_eq!(splits.len(), 6);
/// assert!(splits.iter().all(|split| split.test.len() == 3));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RepeatedStratifiedKFold {
    n_splits: usize,
    n_repeats: usize,
    random_state: u64,
}

macro_rules! repeated {
    ($name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                $name {
                    n_splits: 5,
                    n_repeats: 10,
                    random_state: 0,
                }
            }
        }

        impl $name {
            /// Ten times five folds.
            pub fn new() -> Self {
                Self::default()
            }

            /// The number of folds, at least 2.
            pub fn n_splits(mut self, n_splits: usize) -> Self {
                self.n_splits = n_splits;
                self
            }

            /// The number of repetitions, at least 1.
            pub fn n_repeats(mut self, n_repeats: usize) -> Self {
                self.n_repeats = n_repeats;
                self
            }

            /// The seed.
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }

            /// The splits, given the folds of one repetition.
            fn repeat(
                &self,
                n_samples: usize,
                fold_of: impl Fn(&mut ChaCha8Rng) -> Vec<usize> + Send + Sync + 'static,
            ) -> Result<Splits> {
                let (seed, n_splits) = (self.random_state, self.n_splits);
                let len = total(Self::NAME, n_splits, self.n_repeats)?;
                let folds = move |repeat: usize| fold_of(&mut random::stream(seed, repeat as u64));
                if (self.n_repeats as u64).saturating_mul(n_samples as u64) > MAX_KEPT {
                    // The folds are drawn again for each of their splits.
                    return Ok(Splits::new(len, move |k| {
                        let fold_of = folds(k / n_splits);
                        let tested = |row: usize| fold_of[row] == k % n_splits;
                        super::splitter::separated(n_samples, 0, tested)
                    }));
                }
                let folds: Vec<Splits> = (0..self.n_repeats)
                    .map(|repeat| by_part(folds(repeat), n_splits))
                    .collect();
                Ok(Splits::new(len, move |k| {
                    folds[k / n_splits].get(k % n_splits).unwrap_or_default()
                }))
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_splits", self.n_splits, 2)?;
                check::count(Self::NAME, "n_repeats", self.n_repeats, 1)
            }
        }

        splitter!($name);
    };
}
repeated!(RepeatedKFold);
repeated!(RepeatedStratifiedKFold);

/// The most fold numbers that are kept: 256 MiB.
const MAX_KEPT: u64 = 1 << 25;

/// `n_splits * n_repeats`, if there can be so many.
fn total(splitter: &str, n_splits: usize, n_repeats: usize) -> Result<usize> {
    n_splits.checked_mul(n_repeats).ok_or_else(|| {
        let expected = format!("such that {n_splits} folds can be repeated so often");
        Error::invalid_parameter(splitter, "n_repeats", expected, n_repeats)
    })
}

impl RepeatedKFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let n_splits = self.n_splits;
        at_least(format!("{n_splits} folds"), n_splits, n_samples)?;
        check_rows(n_samples, y)?;
        self.repeat(n_samples, move |rng| plain(n_splits, n_samples, Some(rng)))
    }
}

impl RepeatedStratifiedKFold {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let n_splits = self.n_splits;
        let other = "RepeatedKFold";
        let labels = stratified_classes(Self::NAME, other, n_splits, n_samples, y, 2)?;
        self.repeat(n_samples, move |rng| {
            stratified(n_splits, &labels, Some(rng))
        })
    }
}
