//! What is done to a column's values one after the other: some rows at a time, their columns side by side in f64.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayRef2, ArrayView2, ArrayViewMut2, s};

use super::columnwise::same_shape;
use crate::error::Result;
use crate::float::Float;
use crate::parallel;

/// Columns brought into order together: those of f64 that share a line of the cache.
const GROUP: usize = 8;

/// out = f(j, values of column j), in place, for blocks of rows that depend on the shape alone. False when `f` was false
/// for a block.
///
/// # Errors
/// `ShapeMismatch` of x and out.
pub(crate) fn map_by_column<F: Float>(
    x: &ArrayRef2<F>,
    out: &mut ArrayRef2<F>,
    f: impl Fn(usize, &mut [f64]) -> bool + Sync + Send,
) -> Result<bool> {
    same_shape(x, out)?;
    let failed = AtomicBool::new(false);
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
        let rows = x.slice(s![first..first + block.nrows(), ..]);
        let (n, p) = rows.dim();
        let mut buffer = vec![0.0; n * GROUP.min(p)];
        for from in (0..p).step_by(GROUP) {
            let to = p.min(from + GROUP);
            gather(&rows, from, &mut buffer[..n * (to - from)]);
            for (column, j) in buffer.chunks_exact_mut(n).zip(from..to) {
                if !f(j, column) {
                    failed.store(true, Ordering::Relaxed);
                }
            }
            scatter(&buffer[..n * (to - from)], from, &mut block);
        }
    });
    Ok(!failed.into_inner())
}

/// The columns from `from` on, one after the other.
fn gather<F: Float>(rows: &ArrayView2<'_, F>, from: usize, buffer: &mut [f64]) {
    let (n, p) = rows.dim();
    let mut columns: Vec<&mut [f64]> = buffer.chunks_exact_mut(n).collect();
    match (
        rows.as_slice(),
        <&mut [&mut [f64]; GROUP]>::try_from(&mut columns[..]),
    ) {
        (Some(values), Ok(columns)) => {
            let columns = columns.each_mut().map(|c| &mut c[..n]);
            for (i, row) in values.chunks_exact(p).enumerate() {
                for (k, v) in row[from..from + GROUP].iter().enumerate() {
                    columns[k][i] = v.f64();
                }
            }
        }
        _ => {
            for (j, column) in columns.iter_mut().enumerate() {
                for (to, v) in column.iter_mut().zip(rows.column(from + j)) {
                    *to = v.f64();
                }
            }
        }
    }
}

/// The columns back to where they came from.
fn scatter<F: Float>(buffer: &[f64], from: usize, rows: &mut ArrayViewMut2<'_, F>) {
    let (n, p) = rows.dim();
    let columns: Vec<&[f64]> = buffer.chunks_exact(n).collect();
    match (
        rows.as_slice_mut(),
        <&[&[f64]; GROUP]>::try_from(&columns[..]),
    ) {
        (Some(values), Ok(columns)) => {
            let columns = columns.map(|c| &c[..n]);
            for (i, row) in values.chunks_exact_mut(p).enumerate() {
                for (k, v) in row[from..from + GROUP].iter_mut().enumerate() {
                    *v = F::of(columns[k][i]);
                }
            }
        }
        _ => {
            for (j, column) in columns.iter().enumerate() {
                for (to, v) in rows.column_mut(from + j).iter_mut().zip(*column) {
                    *to = F::of(*v);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array2;

    #[test]
    fn every_value_goes_through_its_column() {
        for (n, p) in [(0, 3), (1, 1), (1, 20), (5, 8), (3000, 23), (9, 70_000)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| (i * 31 + j) as f32);
            let expected =
                Array2::from_shape_fn((n, p), |(i, j)| (i * 31 + j + 1000 * (j % 9)) as f32);
            let f = |j: usize, values: &mut [f64]| {
                values
                    .iter_mut()
                    .for_each(|v| *v += (1000 * (j % 9)) as f64);
                true
            };
            let mut out = Array2::zeros((n, p));
            assert!(map_by_column(&x, &mut out, f).unwrap());
            assert_eq!(out, expected);
            let by_column = x.t().as_standard_layout().into_owned();
            let mut out = Array2::zeros((p, n)).reversed_axes();
            assert!(map_by_column(&by_column.t(), &mut out, f).unwrap());
            assert_eq!(out, expected);
        }
        let x = Array2::<f64>::zeros((4000, 20));
        let mut out = x.clone();
        assert!(!map_by_column(&x, &mut out, |j, _| j != 13).unwrap());
        assert!(map_by_column(&x, &mut Array2::zeros((4000, 19)), |_, _| true).is_err());
    }
}
