//! Train and test rows.

use std::borrow::Borrow;

use ndarray::{Array, ArrayBase, ArrayRef, Axis, Data, RemoveAxis};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::splitter::Split;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Labels;
use crate::params;
use crate::random;
use crate::samples::{Samples, check_rows};
use crate::table::Table;
use crate::targets::{Targets, Weighted};

/// How many rows: a fraction of them, or a count. Numbers convert: `0.25` is a quarter, `100` is a hundred rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Size {
    /// Of all rows, in (0, 1).
    Fraction(f64),
    /// Rows.
    Count(usize),
}

impl From<f64> for Size {
    fn from(fraction: f64) -> Self {
        Size::Fraction(fraction)
    }
}

impl From<usize> for Size {
    fn from(count: usize) -> Self {
        Size::Count(count)
    }
}

impl From<i32> for Size {
    fn from(count: i32) -> Self {
        // A negative count is refused with its value when it is used.
        usize::try_from(count).map_or(Size::Fraction(f64::from(count)), Size::Count)
    }
}

/// A fraction is written as a number with a point, a count as a whole number; names of neither kind (`"nan"`) are fractions.
impl Serialize for Size {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return Stored::from(*self).serialize(serializer);
        }
        match self {
            Size::Fraction(fraction) => params::number::serialize(fraction, serializer),
            Size::Count(count) => count.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(Stored::deserialize(deserializer)?.into());
        }
        let value = params::Value::deserialize(deserializer)?;
        if let Some(count) = value.as_u64() {
            let count = usize::try_from(count);
            return count.map(Size::Count).map_err(de::Error::custom);
        }
        let fraction = params::number::deserialize(value).map_err(de::Error::custom)?;
        Ok(Size::Fraction(fraction))
    }
}

/// A [`Size`] in binary formats, which do not say what comes next.
#[derive(Serialize, Deserialize)]
enum Stored {
    Fraction(f64),
    Count(usize),
}

impl From<Size> for Stored {
    fn from(size: Size) -> Self {
        match size {
            Size::Fraction(fraction) => Stored::Fraction(fraction),
            Size::Count(count) => Stored::Count(count),
        }
    }
}

impl From<Stored> for Size {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Fraction(fraction) => Size::Fraction(fraction),
            Stored::Count(count) => Size::Count(count),
        }
    }
}

/// What can be split by rows: arrays of any dimension, [`Labels`], weighted targets, a [`Table`], vectors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no rows to split",
    label = "expected an array, `Labels`, a `Table`, a weighted target, or a `Vec`"
)]
pub trait Rows {
    /// A selection of rows.
    type Selection;

    /// The number of rows.
    fn count_rows(&self) -> usize;

    /// The rows at the given positions.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn select_rows(&self, rows: &[usize]) -> Result<Self::Selection>;
}

impl<A: Clone, D: RemoveAxis> Rows for ArrayRef<A, D> {
    type Selection = Array<A, D>;
    fn count_rows(&self) -> usize {
        self.len_of(Axis(0))
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Array<A, D>> {
        check_rows(rows, self.count_rows())?;
        Ok(self.select(Axis(0), rows))
    }
}

impl<A: Clone, D: RemoveAxis, S: Data<Elem = A>> Rows for ArrayBase<S, D, A> {
    type Selection = Array<A, D>;
    fn count_rows(&self) -> usize {
        self.len_of(Axis(0))
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Array<A, D>> {
        Rows::select_rows(Borrow::<ArrayRef<A, D>>::borrow(self), rows)
    }
}

impl Rows for Table {
    type Selection = Table;
    fn count_rows(&self) -> usize {
        self.n_samples()
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Table> {
        Samples::select(self, rows)
    }
}

impl Rows for Labels {
    type Selection = Labels;
    fn count_rows(&self) -> usize {
        self.len()
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Labels> {
        Targets::select(self, rows)
    }
}

impl<Y: Targets + ?Sized> Rows for Weighted<Y> {
    type Selection = Weighted<Y>;
    fn count_rows(&self) -> usize {
        self.count()
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Weighted<Y>> {
        Targets::select(self, rows)
    }
}

impl<T: Clone> Rows for [T] {
    type Selection = Vec<T>;
    fn count_rows(&self) -> usize {
        self.len()
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Vec<T>> {
        check_rows(rows, self.len())?;
        Ok(rows.iter().map(|&i| self[i].clone()).collect())
    }
}

impl<T: Clone> Rows for Vec<T> {
    type Selection = Vec<T>;
    fn count_rows(&self) -> usize {
        self.len()
    }
    fn select_rows(&self, rows: &[usize]) -> Result<Vec<T>> {
        self.as_slice().select_rows(rows)
    }
}

/// One to four things with the same number of rows, as a tuple of references.
pub trait RowSets {
    /// Train and test of the first, then of the second, and so on.
    type Parts;

    /// The number of rows that all share.
    ///
    /// # Errors
    /// `ShapeMismatch` when they differ.
    fn n_rows(&self) -> Result<usize>;

    /// The rows of a split.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn take(&self, split: &Split) -> Result<Self::Parts>;
}

macro_rules! row_sets {
    ($($t:ident.$i:tt),+) => {
        impl<$($t: Rows + ?Sized),+> RowSets for ($(&$t,)+) {
            type Parts = ($($t::Selection, $t::Selection),+);
            fn n_rows(&self) -> Result<usize> {
                let n = self.0.count_rows();
                $(
                    if self.$i.count_rows() != n {
                        let what = format!("number of rows of input {}", $i);
                        return Err(Error::shape(what, n, self.$i.count_rows()));
                    }
                )+
                Ok(n)
            }
            fn take(&self, split: &Split) -> Result<Self::Parts> {
                Ok(($(
                    self.$i.select_rows(&split.train)?,
                    self.$i.select_rows(&split.test)?
                ),+))
            }
        }
    };
}
row_sets!(A.0);
row_sets!(A.0, B.1);
row_sets!(A.0, B.1, C.2);
row_sets!(A.0, B.1, C.2, D.3);

/// A quarter of the rows, chosen at random, held out for testing: `(x_train, x_test, y_train, y_test)`.
///
/// [`TrainTestSplit`] chooses other sizes, the seed, stratification by class, and splits up to four things at once.
///
/// # Errors
/// As [`TrainTestSplit::split`].
///
/// ```
/// use fitwell::{model_selection::train_test_split, prelude::*};
/// use ndarray::Array2;
///
/// let (x, y) = (Array2::<f64>::zeros((10, 2)), Labels::from(vec![0; 10]));
/// let (x_train, x_test, y_train, y_test) = train_test_split(&x, &y)?;
/// assert_eq!((x_train.nrows(), x_test.nrows(), y_train.len(), y_test.len()), (7, 3, 7, 3));
/// # Ok::<(), Error>(())
/// ```
#[allow(clippy::type_complexity)]
pub fn train_test_split<A, B>(
    x: &A,
    y: &B,
) -> Result<(A::Selection, A::Selection, B::Selection, B::Selection)>
where
    A: Rows + ?Sized,
    B: Rows + ?Sized,
{
    TrainTestSplit::new().split((x, y))
}

/// Divides rows into train and test.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `test_size` | a quarter, or what `train_size` leaves | rows to hold out; a fraction is rounded up |
/// | `train_size` | what `test_size` leaves | rows to keep; a fraction is rounded down |
/// | `shuffle` | true | whether rows are drawn at random; otherwise the first rows train and those that follow test |
/// | `stratify` | none | classes whose proportions both parts keep |
/// | `random_state` | 0 | the seed |
///
/// Sizes and class counts are scikit-learn's; the rows drawn are not, since the random generator differs.
///
/// ```
/// use fitwell::{model_selection::TrainTestSplit, prelude::*};
/// use ndarray::Array1;
///
/// let x = Array1::from_iter(0..8);
/// let y = Labels::from(["a", "a", "a", "a", "b", "b", "b", "b"]);
/// let (x_train, x_test, _, y_test) =
///     TrainTestSplit::new().test_size(0.5).stratify(&y).random_state(7).split((&x, &y))?;
/// assert_eq!(x_train.len() + x_test.len(), 8);
/// assert_eq!(y_test.counts(), [2, 2]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct TrainTestSplit {
    test_size: Option<Size>,
    train_size: Option<Size>,
    shuffle: bool,
    stratify: Option<Labels>,
    random_state: u64,
}

impl Default for TrainTestSplit {
    fn default() -> Self {
        TrainTestSplit {
            test_size: None,
            train_size: None,
            shuffle: true,
            stratify: None,
            random_state: 0,
        }
    }
}

impl TrainTestSplit {
    /// A quarter of the rows, drawn at random, is for testing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many rows to hold out: a count, or a fraction, which is rounded up.
    pub fn test_size(mut self, size: impl Into<Size>) -> Self {
        self.test_size = Some(size.into());
        self
    }

    /// How many rows to keep for training: a count, or a fraction, which is rounded down.
    pub fn train_size(mut self, size: impl Into<Size>) -> Self {
        self.train_size = Some(size.into());
        self
    }

    /// Whether rows are drawn at random. Otherwise the first rows train and those that follow test.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Keeps the proportions of these classes in both parts.
    pub fn stratify(mut self, classes: &Labels) -> Self {
        self.stratify = Some(classes.clone());
        self
    }

    /// The seed.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Splits a tuple of one to four references: `(a_train, a_test, b_train, b_test, ...)`.
    ///
    /// # Errors
    /// `ShapeMismatch` when the inputs differ in length; `EmptyInput`; otherwise as [`positions`](Self::positions).
    pub fn split<R: RowSets>(&self, sets: R) -> Result<R::Parts> {
        sets.take(&self.positions(sets.n_rows()?)?)
    }

    /// The positions of train and test rows among `n`.
    ///
    /// # Errors
    /// `InvalidParameter` for sizes that are out of range, leave no row for training, or need more rows than there are;
    /// `TooFewSamples`, naming the class, when a class has fewer than two rows to stratify; `ShapeMismatch` when the
    /// classes are not `n`.
    pub fn positions(&self, n: usize) -> Result<Split> {
        let (n_train, n_test) = self.sizes(n)?;
        if !self.shuffle {
            if self.stratify.is_some() {
                let expected = "true to stratify";
                return Err(Error::invalid_parameter(NAME, "shuffle", expected, false));
            }
            return Ok(Split {
                train: (0..n_train).collect(),
                test: (n_train..n_train + n_test).collect(),
            });
        }
        let mut rng = random::generator(self.random_state);
        match &self.stratify {
            Some(classes) => {
                if classes.len() != n {
                    return Err(Error::shape(
                        "number of rows of `stratify`",
                        n,
                        classes.len(),
                    ));
                }
                let classes = classes.observed();
                check_stratified(&classes, n_train, n_test)?;
                Ok(stratified(&classes, n_train, n_test, &mut rng))
            }
            None => {
                let order = random::permutation(n, &mut rng);
                Ok(Split {
                    test: order[..n_test].to_vec(),
                    train: order[n_test..n_test + n_train].to_vec(),
                })
            }
        }
    }

    fn sizes(&self, n: usize) -> Result<(usize, usize)> {
        if n == 0 {
            return Err(ErrorKind::EmptyInput {
                what: "rows to split".into(),
            }
            .into());
        }
        sizes(NAME, "rows", n, self.test_size, self.train_size, 0.25)
    }
}

const NAME: &str = "TrainTestSplit";

/// How many of `n` to train and to test on, as scikit-learn rounds them. `default` is the fraction to test on when neither
/// size is given.
pub(super) fn sizes(
    splitter: &str,
    of: &str,
    n: usize,
    test_size: Option<Size>,
    train_size: Option<Size>,
    default: f64,
) -> Result<(usize, usize)> {
    let parameter = |name: &str, expected: &str, got: String| {
        Error::invalid_parameter(splitter, name, expected, got)
    };
    let count = |name: &str, size: Size, round: fn(f64) -> f64| match size {
        Size::Fraction(f) if f > 0.0 && f < 1.0 => Ok(round(f * n as f64) as usize),
        Size::Count(c) if c > 0 && c < n => Ok(c),
        Size::Fraction(f) => {
            let expected = format!("a fraction in (0, 1) or a count of {of}");
            Err(parameter(name, &expected, f.to_string()))
        }
        Size::Count(c) => {
            let expected =
                format!("at least 1 and fewer than the {n} {of}, or a fraction in (0, 1)");
            Err(parameter(name, &expected, c.to_string()))
        }
    };
    let test_size = match (test_size, train_size) {
        (None, None) => Some(Size::Fraction(default)),
        (test_size, _) => test_size,
    };
    let test = test_size
        .map(|s| count("test_size", s, f64::ceil))
        .transpose()?;
    let train = train_size
        .map(|s| count("train_size", s, f64::floor))
        .transpose()?;
    if let (Some(Size::Fraction(train)), Some(Size::Fraction(test))) = (train_size, test_size)
        && train + test > 1.0
    {
        let expected = "such that train and test are at most the whole";
        return Err(parameter(
            "train_size",
            expected,
            format!("{train} + {test}"),
        ));
    }
    let (train, test) = match (train, test) {
        (Some(train), Some(test)) => (train, test),
        (Some(train), None) => (train, n - train),
        (None, Some(test)) => (n.saturating_sub(test), test),
        (None, None) => (n, 0),
    };
    if train + test > n {
        let expected = format!("such that train and test are at most the {n} {of}");
        return Err(parameter(
            "train_size",
            &expected,
            format!("{train} + {test}"),
        ));
    }
    if train == 0 || test == 0 {
        let part = if train == 0 {
            "train_size"
        } else {
            "test_size"
        };
        let expected = format!("such that both parts of the {n} {of} have one");
        return Err(parameter(part, &expected, format!("0 {of}")));
    }
    Ok((train, test))
}

/// Every class has two rows, and both parts have room for every class.
pub(super) fn check_stratified(labels: &Labels, n_train: usize, n_test: usize) -> Result<()> {
    let counts = labels.counts();
    if let Some(few) = counts.iter().position(|&c| c < 2) {
        return Err(ErrorKind::TooFewSamples {
            what: format!("class {} in a stratified split", labels.classes()[few]),
            needed: 2,
            got: counts[few],
        }
        .into());
    }
    for (part, size) in [("train", n_train), ("test", n_test)] {
        if size < counts.len() {
            return Err(ErrorKind::TooFewSamples {
                what: format!("the {part} part of a stratified split (one for each class)"),
                needed: counts.len(),
                got: size,
            }
            .into());
        }
    }
    Ok(())
}

/// Train and test rows with the proportions of the classes, all of which occur.
pub(super) fn stratified(
    labels: &Labels,
    n_train: usize,
    n_test: usize,
    rng: &mut ChaCha8Rng,
) -> Split {
    let counts = labels.counts();
    let mut members = vec![Vec::new(); counts.len()];
    for (row, &code) in labels.codes().iter().enumerate() {
        members[code as usize].push(row);
    }
    let train_counts = apportion(&counts, n_train, rng);
    let left: Vec<usize> = counts
        .iter()
        .zip(&train_counts)
        .map(|(c, t)| c - t)
        .collect();
    let test_counts = apportion(&left, n_test, rng);
    let (mut train, mut test) = (Vec::with_capacity(n_train), Vec::with_capacity(n_test));
    for (class, rows) in members.iter_mut().enumerate() {
        random::shuffle(rows, rng);
        let (t, u) = (train_counts[class], test_counts[class]);
        train.extend_from_slice(&rows[..t]);
        test.extend_from_slice(&rows[t..t + u]);
    }
    random::shuffle(&mut train, rng);
    random::shuffle(&mut test, rng);
    Split { train, test }
}

/// Divides `draws` over classes in proportion to their counts: whole parts first, then one more to those with the
/// largest remainders, ties drawn at random. No class gets more than it has as long as `draws` is at most their sum.
fn apportion(counts: &[usize], draws: usize, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let total: u128 = counts.iter().map(|&c| c as u128).sum();
    if total == 0 {
        return vec![0; counts.len()];
    }
    // Exact in integers: c * draws = whole * total + remainder.
    let shares: Vec<(usize, u128)> = counts
        .iter()
        .map(|&c| {
            let product = c as u128 * draws as u128;
            ((product / total) as usize, product % total)
        })
        .collect();
    let mut given: Vec<usize> = shares.iter().map(|s| s.0).collect();
    let mut missing = draws.saturating_sub(given.iter().sum());
    let mut order: Vec<usize> = (0..counts.len()).collect();
    order.sort_by_key(|&k| std::cmp::Reverse(shares[k].1));
    for ties in order.chunk_by(|&a, &b| shares[a].1 == shares[b].1) {
        let mut ties = ties.to_vec();
        if missing < ties.len() {
            random::shuffle(&mut ties, rng);
        }
        for &k in ties.iter().take(missing) {
            given[k] += 1;
        }
        missing = missing.saturating_sub(ties.len());
    }
    given
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_the_likeliest_outcome() {
        let mut rng = random::generator(0);
        assert_eq!(apportion(&[4, 2], 3, &mut rng), [2, 1]);
        assert_eq!(apportion(&[5, 2], 4, &mut rng), [3, 1]);
        // Remainders 4/7, 4/7, 4/7, 2/7: two of the first three, which two is drawn.
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..200 {
            let shares = apportion(&[2, 2, 2, 1], 2, &mut rng);
            assert_eq!((shares.iter().sum::<usize>(), shares[3]), (2, 0));
            seen.insert(shares);
        }
        assert_eq!(seen.len(), 3);
    }
}
