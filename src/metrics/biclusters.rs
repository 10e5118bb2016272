//! How far two sets of biclusters agree.

use ndarray::ArrayRef2;

use super::sum::sum;
use crate::error::{Error, ErrorKind, Result};
use crate::parallel;

/// A set of biclusters: for each, which rows and which columns of a matrix it holds, (n_clusters, n_rows) and
/// (n_clusters, n_columns).
pub type Biclusters<'a> = (&'a ArrayRef2<bool>, &'a ArrayRef2<bool>);

/// The similarity of two sets of biclusters: each of one is matched to one of the other so that the sum of their Jaccard
/// indices, over cells of the matrix, is largest; the sum is divided by the number of biclusters of the larger set.
///
/// 1 for equal sets in any order, 0 where no cells are shared. Two empty biclusters share nothing and count 0, where
/// scikit-learn divides 0 by 0.
///
/// # Complexity
/// O(k l (n + m) + k³) for k and l biclusters of a matrix of (n, m).
///
/// # Errors
/// `EmptyInput` without biclusters; `ShapeMismatch`; `InvalidInput` for a table of similarities that does not fit in memory.
///
/// # Source
/// S. Hochreiter and others, "FABIA: factor analysis for bicluster acquisition", 2010; the matching is that of H. Kuhn and
/// J. Munkres by shortest augmenting paths.
///
/// ```
/// use fitwell::metrics::consensus_score;
/// use ndarray::array;
///
/// let (rows, columns) = (array![[true, false], [false, true]], array![[false, true], [true, false]]);
/// let (other_rows, other_columns) = (array![[false, true], [true, false]], array![[true, false], [false, true]]);
/// assert_eq!(consensus_score((&rows, &columns), (&other_rows, &other_columns))?, 1.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn consensus_score(a: Biclusters<'_>, b: Biclusters<'_>) -> Result<f64> {
    let (k, l) = (a.0.nrows(), b.0.nrows());
    for (rows, columns) in [a, b] {
        if rows.nrows() == 0 {
            let what = "set of biclusters".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        if rows.nrows() != columns.nrows() {
            let what = "number of biclusters of the columns";
            return Err(Error::shape(what, rows.nrows(), columns.nrows()));
        }
    }
    for (what, one, other) in [
        ("number of rows of the matrix", a.0, b.0),
        ("number of columns of the matrix", a.1, b.1),
    ] {
        if one.ncols() != other.ncols() {
            return Err(Error::shape(what, one.ncols(), other.ncols()));
        }
    }
    let n = k.max(l);
    parallel::fits::<f64>("similarities of biclusters", (n, n))?;
    // Empty places make both sets as large.
    let similarity = parallel::map(n, |i| {
        (0..n)
            .map(|j| {
                if i < k && j < l {
                    jaccard(a, i, b, j)
                } else {
                    0.0
                }
            })
            .collect::<Vec<f64>>()
    });
    let matched = best_matching(&similarity);
    Ok(sum(n, |i| similarity[i][matched[i]]) / n as f64)
}

fn jaccard(a: Biclusters<'_>, i: usize, b: Biclusters<'_>, j: usize) -> f64 {
    let count = |one: &ArrayRef2<bool>, other: &ArrayRef2<bool>| {
        let (one, other) = (one.row(i), other.row(j));
        let both = one.iter().zip(other).filter(|(a, b)| **a && **b).count();
        let each = |row: ndarray::ArrayView1<'_, bool>| row.iter().filter(|v| **v).count();
        (both as f64, each(one) as f64, each(other) as f64)
    };
    let (rows, columns) = (count(a.0, b.0), count(a.1, b.1));
    let both = rows.0 * columns.0;
    let either = rows.1 * columns.1 + rows.2 * columns.2 - both;
    if either > 0.0 { both / either } else { 0.0 }
}

/// For each row of a square table, the column of a matching whose sum is largest.
fn best_matching(gain: &[Vec<f64>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let n = gain.len();
    // Potentials of rows and columns keep every reduced cost, −gain − u − v, at least 0.
    let (mut u, mut v) = (vec![0.0; n], vec![0.0; n]);
    let mut row_of = vec![NONE; n];
    for start in 0..n {
        let (mut least, mut from) = (vec![f64::INFINITY; n], vec![NONE; n]);
        let mut done = vec![false; n];
        let (mut row, mut last) = (start, NONE);
        let free = loop {
            let (mut step, mut next) = (f64::INFINITY, NONE);
            for j in (0..n).filter(|&j| !done[j]) {
                let cost = -gain[row][j] - u[row] - v[j];
                if cost < least[j] {
                    (least[j], from[j]) = (cost, last);
                }
                if least[j] < step || next == NONE {
                    (step, next) = (least[j], j);
                }
            }
            u[start] += step;
            for (j, &done) in done.iter().enumerate() {
                if done {
                    u[row_of[j]] += step;
                    v[j] -= step;
                } else {
                    least[j] -= step;
                }
            }
            done[next] = true;
            if row_of[next] == NONE {
                break next;
            }
            (row, last) = (row_of[next], next);
        };
        // Every column on the path takes the row of the one before.
        let mut column = free;
        while from[column] != NONE {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
        row_of[column] = start;
    }
    let mut column_of = vec![0; n];
    for (column, row) in row_of.into_iter().enumerate() {
        column_of[row] = column;
    }
    column_of
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::random;

    #[test]
    fn the_matching_is_the_best_of_all() {
        let mut rng = random::generator(4);
        for n in 1..6 {
            for _ in 0..20 {
                // Tenths tie often.
                let gain: Vec<Vec<f64>> = (0..n)
                    .map(|_| {
                        (0..n)
                            .map(|_| (random::uniform(&mut rng) * 10.0).floor() / 10.0)
                            .collect()
                    })
                    .collect();
                let matched = best_matching(&gain);
                let mut seen = matched.clone();
                seen.sort_unstable();
                assert_eq!(seen, (0..n).collect::<Vec<_>>());
                let total: f64 = (0..n).map(|i| gain[i][matched[i]]).sum();
                // Orders by Heap's method.
                let (mut order, mut at) = ((0..n).collect::<Vec<_>>(), vec![0; n]);
                let value = |o: &[usize]| (0..n).map(|i| gain[i][o[i]]).sum::<f64>();
                let (mut best, mut i) = (value(&order), 1);
                while i < n {
                    if at[i] < i {
                        order.swap(if i.is_multiple_of(2) { 0 } else { at[i] }, i);
                        best = best.max(value(&order));
                        at[i] += 1;
                        i = 1;
                    } else {
                        at[i] = 0;
                        i += 1;
                    }
                }
                assert!((total - best).abs() < 1e-12, "{gain:?}");
            }
        }
    }

    #[test]
    fn sets_of_other_sizes_and_empty_ones() {
        let rows = Array2::from_shape_fn((3, 9), |(c, i)| i / 3 == c);
        let columns = Array2::from_shape_fn((3, 6), |(c, j)| j / 2 == c);
        let some = |n: usize| {
            (
                rows.slice(ndarray::s![..n, ..]),
                columns.slice(ndarray::s![..n, ..]),
            )
        };
        let (two_rows, two_columns) = some(2);
        let score = consensus_score((&rows, &columns), (&two_rows, &two_columns)).unwrap();
        assert!((score - 2.0 / 3.0).abs() < 1e-15);
        let (no_rows, no_columns) = some(0);
        assert!(consensus_score((&rows, &columns), (&no_rows, &no_columns)).is_err());
        assert!(consensus_score((&rows, &columns), (&rows, &two_columns)).is_err());
        let none = Array2::from_elem((3, 9), false);
        assert_eq!(
            consensus_score((&none, &columns), (&none, &columns)).unwrap(),
            0.0
        );
    }
}
