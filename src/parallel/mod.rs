//! How work is split: fixed chunks whose size depends on the data alone, partial results combined in a fixed order.
//!
//! rayon runs the chunks; the number of threads is rayon's and never changes a result. Work of one chunk runs on the
//! calling thread, without a call to rayon: predicting a single row costs nothing here.

mod crew;
mod finite;
mod memory;

use std::ops::Range;

use ndarray::parallel::prelude::*;
use ndarray::{ArrayRef2, ArrayViewMut2, Axis};
use rayon::slice::ParallelSliceMut;

pub(crate) use crew::{Crew, JOBS as CREW_JOBS};
pub use finite::all_finite;
pub use memory::zeros;
pub(crate) use memory::{advise_huge_pages, fits, fresh, large, result_fits};

/// Elements of a chunk: 512 KiB of `f64`, which leaves room in a core's second-level cache.
const CHUNK_ELEMENTS: usize = 1 << 16;

/// Rows of a chunk of an array of this shape; it depends on nothing else.
///
/// ```
/// use fitwell::parallel::row_chunks;
///
/// assert_eq!(row_chunks(1_000_000, 50), 1310);
/// assert_eq!(row_chunks(10, 50), 10); // one chunk
/// assert_eq!(row_chunks(10, 1_000_000), 1);
/// ```
pub fn row_chunks(n_rows: usize, n_cols: usize) -> usize {
    (CHUNK_ELEMENTS / n_cols.max(1)).clamp(1, n_rows.max(1))
}

/// `f` of each range of `chunk` positions out of `n` (the last may be shorter), in order.
///
/// The ranges run in parallel; a single one runs on the calling thread. A `chunk` of 0 counts as 1.
///
/// ```
/// let sums = fitwell::parallel::map_chunks(10, 4, |range| range.sum::<usize>());
/// assert_eq!(sums, [6, 22, 17]);
/// ```
pub fn map_chunks<T: Send>(
    n: usize,
    chunk: usize,
    f: impl Fn(Range<usize>) -> T + Sync + Send,
) -> Vec<T> {
    let chunk = chunk.max(1);
    match n.div_ceil(chunk) {
        0 => Vec::new(),
        1 => vec![f(0..n)],
        chunks => (0..chunks)
            .into_par_iter()
            .map(|i| f(i * chunk..n.min((i + 1) * chunk)))
            .collect(),
    }
}

/// As [`map_chunks`], with the part of `out`, of n values, that belongs to the range.
///
/// ```
/// let mut squares = [0; 10];
/// let sums = fitwell::parallel::map_chunks_mut(&mut squares, 4, |range, out| {
///     for (i, out) in range.clone().zip(out) {
///         *out = i * i;
///     }
///     range.sum::<usize>()
/// });
/// assert_eq!((squares[9], sums), (81, vec![6, 22, 17]));
/// ```
pub fn map_chunks_mut<T: Send, U: Send>(
    out: &mut [U],
    chunk: usize,
    f: impl Fn(Range<usize>, &mut [U]) -> T + Sync + Send,
) -> Vec<T> {
    let (n, chunk) = (out.len(), chunk.max(1));
    match n.div_ceil(chunk) {
        0 => Vec::new(),
        1 => vec![f(0..n, out)],
        _ => out
            .par_chunks_mut(chunk)
            .enumerate()
            .map(|(i, out)| f(i * chunk..i * chunk + out.len(), out))
            .collect(),
    }
}

/// `f(0), f(1), ..., f(n - 1)`, each a task of its own.
///
/// ```
/// assert_eq!(fitwell::parallel::map(4, |i| i * i), [0, 1, 4, 9]);
/// ```
pub fn map<T: Send>(n: usize, f: impl Fn(usize) -> T + Sync + Send) -> Vec<T> {
    match n {
        0 => Vec::new(),
        1 => vec![f(0)],
        n => (0..n).into_par_iter().map(f).collect(),
    }
}

/// `f` of each item, each a task of its own, in order.
pub(crate) fn map_mut<T: Send, U: Send>(
    items: &mut [T],
    f: impl Fn(&mut T) -> U + Sync + Send,
) -> Vec<U> {
    items.par_iter_mut().map(f).collect()
}

/// Calls `f(first_row, block)` for each block of `chunk` rows of `out` (the last may be shorter), in parallel when there
/// is more than one.
///
/// ```
/// let mut out = ndarray::Array2::<f64>::zeros((5, 2));
/// fitwell::parallel::for_each_row_chunk_mut(&mut out, 2, |first_row, mut block| {
///     for (i, mut row) in block.rows_mut().into_iter().enumerate() {
///         row.fill((first_row + i) as f64);
///     }
/// });
/// assert_eq!(out.column(1).to_vec(), [0.0, 1.0, 2.0, 3.0, 4.0]);
/// ```
pub fn for_each_row_chunk_mut<T: Send + Sync>(
    out: &mut ArrayRef2<T>,
    chunk: usize,
    f: impl Fn(usize, ArrayViewMut2<'_, T>) + Sync + Send,
) {
    let chunk = chunk.max(1);
    if out.nrows() <= chunk {
        if out.nrows() > 0 {
            f(0, out.view_mut());
        }
        return;
    }
    out.axis_chunks_iter_mut(Axis(0), chunk)
        .into_par_iter()
        .enumerate()
        .for_each(|(i, block)| f(i * chunk, block));
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn every_position_is_in_one_chunk_and_in_order() {
        for (n, chunk) in [(0, 4), (1, 4), (4, 4), (5, 4), (1000, 7), (3, 0)] {
            let chunks = map_chunks(n, chunk, |range| range.collect::<Vec<_>>());
            assert_eq!(chunks.concat(), (0..n).collect::<Vec<_>>());
            assert!(
                chunks
                    .iter()
                    .all(|c| !c.is_empty() && c.len() <= chunk.max(1))
            );
            let mut out = Array2::<usize>::zeros((n, 2));
            for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
                for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                    row += first + i;
                }
            });
            assert!(out.indexed_iter().all(|((i, _), &v)| v == i));
        }
    }

    #[test]
    fn one_chunk_stays_on_the_calling_thread() {
        let here = std::thread::current().id();
        let there = map_chunks(10, 10, |_| std::thread::current().id());
        assert_eq!(there, [here]);
        assert_eq!(map(1, |_| std::thread::current().id()), [here]);
        let mut out = Array2::<f64>::zeros((3, 3));
        for_each_row_chunk_mut(&mut out, 3, |_, _| {
            assert_eq!(std::thread::current().id(), here);
        });
    }

    #[test]
    fn chunks_depend_on_the_shape_alone() {
        for (rows, columns) in [(0, 0), (1, 0), (0, 1), (usize::MAX, 1), (5, usize::MAX)] {
            assert!(row_chunks(rows, columns) >= 1);
        }
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let inside = one.map(|pool| pool.install(|| row_chunks(123_456, 78)));
        assert_eq!(inside.ok(), Some(row_chunks(123_456, 78)));
    }

    #[test]
    fn nested_work_in_a_pool_of_one_thread_ends() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
        let total = pool.map(|pool| {
            pool.install(|| {
                map(20, |i| {
                    map_chunks(100, 3, |range| map(range.len(), |j| i * j).len()).len()
                })
                .iter()
                .sum::<usize>()
            })
        });
        assert_eq!(total.ok(), Some(20 * 34));
    }
}
