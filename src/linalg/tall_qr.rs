//! The triangle of a tall matrix.

use std::ops::Range;

use ndarray::{Array2, ArrayViewMut2, Axis, ShapeBuilder, concatenate, s};

use super::no_convergence;
use crate::error::Result;
use crate::float::Float;
use crate::parallel;

/// R, (min(m, n), n), of the QR decomposition of the (m, n) matrix of which `rows` writes some rows: of chunks of rows in
/// parallel, then of the triangles they leave (J. Demmel, L. Grigori, M. Hoemmen, J. Langou, "Communication-optimal parallel
/// and sequential QR and LU factorizations", SIAM Journal on Scientific Computing 34 (2012)). The matrix as a whole is never
/// formed.
///
/// # Errors
/// `InvalidInput` when the backend refuses.
pub(crate) fn tall_qr<F: Float>(
    (m, n): (usize, usize),
    rows: impl Fn(Range<usize>, ArrayViewMut2<'_, F>) + Sync + Send,
) -> Result<Array2<F>> {
    let refused = || no_convergence("QR decomposition");
    let chunk = parallel::row_chunks(m, n).max(4 * n);
    let factor = |range: Range<usize>, write: &dyn Fn(Range<usize>, ArrayViewMut2<'_, F>)| {
        let mut part = Array2::zeros((range.len(), n).f());
        write(range, part.view_mut());
        F::qr_r(part)
    };
    let mut triangles = parallel::map_chunks(m, chunk, |range| factor(range, &rows));
    while triangles.len() > 1 {
        let together = triangles.into_iter().collect::<Option<Vec<_>>>();
        let together = together.ok_or_else(refused)?;
        let views: Vec<_> = together.iter().map(|r| r.view()).collect();
        let stacked = concatenate(Axis(0), &views).map_err(|_| refused())?;
        triangles = parallel::map_chunks(stacked.nrows(), chunk, |range| {
            factor(range, &|range, mut part| {
                part.assign(&stacked.slice(s![range, ..]))
            })
        });
    }
    triangles.pop().flatten().ok_or_else(refused)
}
