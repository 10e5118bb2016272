//! Two groupings of the same rows, counted.

use std::collections::HashMap;
use std::hash::Hash;

use ndarray::{Array2, ArrayBase, ArrayRef1, Data, Ix1};

use crate::error::{Error, ErrorKind, Result};
use crate::labels::Labels;
use crate::parallel;

/// A group for each row: [`Labels`], or what clusterers give, an array of integers. The groups' names do not matter, −1
/// is a group like any other.
///
/// ```
/// use fitwell::{metrics::adjusted_rand_score, prelude::*};
/// use ndarray::array;
///
/// assert_eq!(adjusted_rand_score(&Labels::from(["a", "a", "b"]), &array![1usize, 1, 0])?, 1.0);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` gives no group for each row",
    label = "expected `Labels`, or a 1-dimensional array or slice of integers; sample weights are not defined here"
)]
pub trait Grouping {
    /// The number of each row's group, and how many groups there are.
    #[doc(hidden)]
    fn groups(&self) -> (Vec<u32>, usize);
}

impl Grouping for Labels {
    fn groups(&self) -> (Vec<u32>, usize) {
        let labels = self.observed();
        (labels.codes().to_vec(), labels.classes().len())
    }
}

/// Groups numbered in the order of their names.
fn numbered<T: Copy + Eq + Hash + Ord>(rows: impl Iterator<Item = T>) -> (Vec<u32>, usize) {
    let mut seen: HashMap<T, u32> = HashMap::new();
    let mut codes: Vec<u32> = rows
        .map(|v| {
            let next = seen.len() as u32;
            *seen.entry(v).or_insert(next)
        })
        .collect();
    let mut names: Vec<(T, u32)> = seen.into_iter().collect();
    names.sort_unstable();
    let mut rank = vec![0; names.len()];
    for (new, (_, old)) in names.iter().enumerate() {
        rank[*old as usize] = new as u32;
    }
    for code in &mut codes {
        *code = rank[*code as usize];
    }
    (codes, names.len())
}

macro_rules! of_integers {
    ($($t:ty),+) => {$(
        impl Grouping for ArrayRef1<$t> {
            fn groups(&self) -> (Vec<u32>, usize) {
                numbered(self.iter().copied())
            }
        }
        impl<S: Data<Elem = $t>> Grouping for ArrayBase<S, Ix1, $t> {
            fn groups(&self) -> (Vec<u32>, usize) {
                numbered(self.iter().copied())
            }
        }
        impl Grouping for [$t] {
            fn groups(&self) -> (Vec<u32>, usize) {
                numbered(self.iter().copied())
            }
        }
        impl<const N: usize> Grouping for [$t; N] {
            fn groups(&self) -> (Vec<u32>, usize) {
                numbered(self.iter().copied())
            }
        }
        impl Grouping for Vec<$t> {
            fn groups(&self) -> (Vec<u32>, usize) {
                numbered(self.iter().copied())
            }
        }
    )+};
}
of_integers!(usize, i64, i32, u32);

/// How many rows are in each group on one side, on the other, and in both: only pairs that occur.
pub(super) struct Contingency {
    pub(super) n: usize,
    /// The sizes of the groups on each side.
    pub(super) rows: Vec<u64>,
    pub(super) columns: Vec<u64>,
    /// (group on one side, on the other, how many), ascending.
    pub(super) cells: Vec<(u32, u32, u64)>,
}

impl Contingency {
    pub(super) fn new<A, B>(one: &A, other: &B) -> Result<Self>
    where
        A: Grouping + ?Sized,
        B: Grouping + ?Sized,
    {
        let ((a, n_rows), (b, n_columns)) = (one.groups(), other.groups());
        if a.len() != b.len() {
            return Err(Error::shape(
                "number of rows of the other grouping",
                a.len(),
                b.len(),
            ));
        }
        let mut rows = vec![0; n_rows];
        let mut columns = vec![0; n_columns];
        for (&i, &j) in a.iter().zip(&b) {
            rows[i as usize] += 1;
            columns[j as usize] += 1;
        }
        // A table where it is small; otherwise the pairs are sorted.
        let cells = match n_rows.checked_mul(n_columns) {
            Some(size) if size <= 4 * a.len() + 1024 => {
                let mut table = vec![0u64; size];
                for (&i, &j) in a.iter().zip(&b) {
                    table[i as usize * n_columns + j as usize] += 1;
                }
                (table.into_iter().enumerate())
                    .filter(|cell| cell.1 > 0)
                    .map(|(at, count)| ((at / n_columns) as u32, (at % n_columns) as u32, count))
                    .collect()
            }
            _ => {
                let mut pairs: Vec<(u32, u32)> = a.iter().copied().zip(b.iter().copied()).collect();
                pairs.sort_unstable();
                (pairs.chunk_by(|x, y| x == y))
                    .map(|same| (same[0].0, same[0].1, same.len() as u64))
                    .collect()
            }
        };
        Ok(Contingency {
            n: a.len(),
            rows,
            columns,
            cells,
        })
    }

    /// Σ c² over sizes.
    pub(super) fn squares(counts: impl Iterator<Item = u64>) -> u128 {
        counts.map(|c| u128::from(c) * u128::from(c)).sum()
    }
}

/// How many rows are in each group of one grouping and each of the other, (n_groups, n_other_groups): groups in order of
/// their names.
///
/// # Errors
/// `ShapeMismatch`; `EmptyInput` without rows; `InvalidInput` for a matrix that does not fit in memory.
///
/// ```
/// use fitwell::{metrics::contingency_matrix, prelude::*};
/// use ndarray::array;
///
/// let matrix = contingency_matrix(&Labels::from(["a", "a", "b", "b"]), &array![1usize, 1, 1, 0])?;
/// assert_eq!(matrix, array![[0, 2], [1, 1]]);
/// # Ok::<(), Error>(())
/// ```
pub fn contingency_matrix<A, B>(labels_true: &A, labels_pred: &B) -> Result<Array2<u64>>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let counts = Contingency::new(labels_true, labels_pred)?;
    if counts.n == 0 {
        let what = "labels_true".into();
        return Err(ErrorKind::EmptyInput { what }.into());
    }
    let shape = (counts.rows.len(), counts.columns.len());
    parallel::fits::<u64>("contingency matrix", shape)?;
    let mut matrix = Array2::zeros(shape);
    for (i, j, count) in counts.cells {
        matrix[[i as usize, j as usize]] = count;
    }
    Ok(matrix)
}

/// How many ordered pairs of rows are together or apart in two groupings: `[[tn, fp], [fn, tp]]`, where a positive is a
/// pair that is together. Every pair counts twice, so the sum is n (n − 1).
///
/// # Errors
/// `ShapeMismatch`.
///
/// ```
/// use fitwell::metrics::pair_confusion_matrix;
/// use ndarray::array;
///
/// let matrix = pair_confusion_matrix(&[0i64, 0, 1, 2], &[0i64, 0, 1, 1])?;
/// assert_eq!(matrix, array![[8, 2], [0, 2]]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn pair_confusion_matrix<A, B>(labels_true: &A, labels_pred: &B) -> Result<Array2<u64>>
where
    A: Grouping + ?Sized,
    B: Grouping + ?Sized,
{
    let [tn, fp, fneg, tp] = pairs(&Contingency::new(labels_true, labels_pred)?);
    Ok(ndarray::arr2(&[
        [tn as u64, fp as u64],
        [fneg as u64, tp as u64],
    ]))
}

/// tn, fp, fn and tp of ordered pairs.
pub(super) fn pairs(counts: &Contingency) -> [u128; 4] {
    let n = counts.n as u128;
    let both = Contingency::squares(counts.cells.iter().map(|c| c.2));
    let rows = Contingency::squares(counts.rows.iter().copied());
    let columns = Contingency::squares(counts.columns.iter().copied());
    [
        n * n + both - rows - columns,
        columns - both,
        rows - both,
        both - n,
    ]
}
