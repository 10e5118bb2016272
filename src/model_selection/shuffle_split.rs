//! Splits drawn anew each time: of rows, of rows by class, of groups.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::split::{Size, check_stratified, sizes, stratified};
use super::splitter::{
    CrossValidator, Split, Splits, check_rows, classes_of, groups_of, made_lazily, separated,
    splitter,
};
use crate::check;
use crate::error::Result;
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;

/// Train and test rows drawn at random, each split by itself: a row may be tested several times or never.
///
/// Split k comes from stream k of the seed, so that more splits leave the first ones as they are. Sizes are scikit-learn's;
/// the rows drawn are not, since the random generator differs.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 10 | the number of splits, at least 1 |
/// | `test_size` | a tenth, or what `train_size` leaves | rows to test on: a count, or a fraction, rounded up |
/// | `train_size` | what `test_size` leaves | rows to train on: a count, or a fraction, rounded down |
/// | `random_state` | 0 | the seed |
///
/// ```
/// use fitwell::model_selection::{CrossValidator, ShuffleSplit};
///
/// let splits = ShuffleSplit::new().n_splits(3).test_size(0.25).train_size(10).split(20, &())?;
/// assert!(splits.iter().all(|split| split.test.len() == 5 && split.train.len() == 10));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `InvalidParameter` for sizes that are out of range, leave no row for training, or need more rows than there are.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct ShuffleSplit {
    n_splits: usize,
    test_size: Option<Size>,
    train_size: Option<Size>,
    random_state: u64,
}

/// As [`ShuffleSplit`], with the proportions of the classes in both parts.
///
/// Each class gives its share of either size, rounded down; the rows that are then missing come from the classes with the
/// largest remainders, ties drawn at random. Settings as [`ShuffleSplit`]'s.
///
/// ```
/// use fitwell::model_selection::{CrossValidator, StratifiedShuffleSplit};
/// use fitwell::prelude::*;
///
/// let y: Labels = (0..40).map(|i| i % 4 == 0).collect();
/// let splits = StratifiedShuffleSplit::new().n_splits(3).test_size(0.2).split(40, &y)?;
/// assert!(splits.iter().all(|split| split.test.iter().filter(|&&row| row % 4 == 0).count() == 2));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`ShuffleSplit`]; `InvalidInput` for a target that is not of classes; `TooFewSamples` for a class with fewer than two
/// rows, and for sizes below the number of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct StratifiedShuffleSplit {
    n_splits: usize,
    test_size: Option<Size>,
    train_size: Option<Size>,
    random_state: u64,
}

/// As [`ShuffleSplit`], drawing whole groups: the rows of a group are on one side of every split, or on neither.
///
/// Groups come with the target, [`Targets::grouped`]. Sizes count groups, not rows. Rows are in ascending order.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `n_splits` | 5 | the number of splits, at least 1 |
/// | `test_size` | a fifth, or what `train_size` leaves | groups to test on: a count, or a fraction, rounded up |
/// | `train_size` | what `test_size` leaves | groups to train on: a count, or a fraction, rounded down |
/// | `random_state` | 0 | the seed |
///
/// ```
/// use fitwell::model_selection::{CrossValidator, GroupShuffleSplit};
/// use fitwell::prelude::*;
///
/// let groups: Labels = (0..20).map(|i| i / 2).collect();
/// let splits = GroupShuffleSplit::new().test_size(3).split(20, &().grouped(&groups))?;
/// assert!(splits.iter().all(|split| split.test.len() == 6 && split.train.len() == 14));
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`ShuffleSplit`], of groups; `InvalidInput` for a target without groups; `ShapeMismatch` when there is not one for
/// each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct GroupShuffleSplit {
    n_splits: usize,
    test_size: Option<Size>,
    train_size: Option<Size>,
    random_state: u64,
}

macro_rules! shuffle_split {
    ($name:ident, $n_splits:literal, $test_size:literal, $what:literal, $new:literal) => {
        impl Default for $name {
            fn default() -> Self {
                $name {
                    n_splits: $n_splits,
                    test_size: None,
                    train_size: None,
                    random_state: 0,
                }
            }
        }

        impl $name {
            #[doc = $new]
            pub fn new() -> Self {
                Self::default()
            }

            /// The number of splits, at least 1.
            pub fn n_splits(mut self, n_splits: usize) -> Self {
                self.n_splits = n_splits;
                self
            }

            #[doc = concat!("How many ", $what, " to test on: a count, or a fraction, which is rounded up.")]
            pub fn test_size(mut self, size: impl Into<Size>) -> Self {
                self.test_size = Some(size.into());
                self
            }

            #[doc = concat!("How many ", $what, " to train on: a count, or a fraction, which is rounded down.")]
            pub fn train_size(mut self, size: impl Into<Size>) -> Self {
                self.train_size = Some(size.into());
                self
            }

            /// The seed.
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }

            /// The numbers to train and to test on, of `n`.
            fn sizes(&self, n: usize) -> Result<(usize, usize)> {
                sizes(Self::NAME, $what, n, self.test_size, self.train_size, $test_size)
            }

            /// The splits, each drawn from its own stream.
            fn draw(&self, draw: impl Fn(&mut ChaCha8Rng) -> Split + Send + Sync + 'static) -> Splits {
                let seed = self.random_state;
                Splits::new(self.n_splits, move |k| draw(&mut random::stream(seed, k as u64)))
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_splits", self.n_splits, 1)
            }
        }

        splitter!($name);
    };
}
shuffle_split!(
    ShuffleSplit,
    10,
    0.1,
    "rows",
    "Ten splits with a tenth of the rows to test on."
);
shuffle_split!(
    StratifiedShuffleSplit,
    10,
    0.1,
    "rows",
    "Ten splits with a tenth of the rows to test on."
);
shuffle_split!(
    GroupShuffleSplit,
    5,
    0.2,
    "groups",
    "Five splits with a fifth of the groups to test on."
);

/// `n_test` positions of `n` to test and `n_train` others to train on, in random order.
fn drawn(n: usize, n_train: usize, n_test: usize, rng: &mut ChaCha8Rng) -> Split {
    let order = random::permutation(n, rng);
    Split {
        test: order[..n_test].to_vec(),
        train: order[n_test..n_test + n_train].to_vec(),
    }
}

impl ShuffleSplit {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        check_rows(n_samples, y)?;
        let (n_train, n_test) = self.sizes(n_samples)?;
        Ok(self.draw(move |rng| drawn(n_samples, n_train, n_test, rng)))
    }
}

impl StratifiedShuffleSplit {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let labels = classes_of(Self::NAME, "ShuffleSplit", n_samples, y)?;
        let (n_train, n_test) = self.sizes(n_samples)?;
        check_stratified(&labels, n_train, n_test)?;
        Ok(self.draw(move |rng| stratified(&labels, n_train, n_test, rng)))
    }
}

impl GroupShuffleSplit {
    fn splits<Y: Targets + ?Sized>(&self, n_samples: usize, y: &Y) -> Result<Splits> {
        self.check()?;
        let groups = groups_of(Self::NAME, n_samples, y)?;
        let n_groups = groups.classes().len();
        let (n_train, n_test) = self.sizes(n_groups)?;
        Ok(self.draw(move |rng| {
            let chosen = drawn(n_groups, n_train, n_test, rng);
            let (mut trained, mut tested) = (vec![false; n_groups], vec![false; n_groups]);
            chosen.train.iter().for_each(|&g| trained[g] = true);
            chosen.test.iter().for_each(|&g| tested[g] = true);
            let codes = groups.codes();
            let mut split = separated(codes.len(), 0, |row| tested[codes[row] as usize]);
            split.train.retain(|&row| trained[codes[row] as usize]);
            split
        }))
    }
}
