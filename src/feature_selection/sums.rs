//! Sums over rows, in fixed chunks: what the score functions of a whole matrix are made of.

use ndarray::{ArrayRef2, ArrayView2, s};

use crate::float::Float;
use crate::preprocessing::columnwise::copy_in_row_order;
use crate::{linalg, parallel};

/// What a pass over the rows gathers.
pub(super) struct Sums {
    /// Added up.
    pub(super) sum: Vec<f64>,
    /// The largest values.
    pub(super) most: Vec<f64>,
}

/// Calls `each(row, values, sum, most)` for every row of `x`, with `n_sum` sums and `n_most` largest values that start at 0.
///
/// Chunks are at most 64 and have at least four rows for each of `groups`, so that all their sums together take no more
/// than a part of the samples does.
pub(super) fn over_rows<F: Float>(
    x: &ArrayRef2<F>,
    groups: usize,
    n_sum: usize,
    n_most: usize,
    each: impl Fn(usize, &[F], &mut [f64], &mut [f64]) + Sync,
) -> Sums {
    let (n, p) = x.dim();
    let chunk = parallel::row_chunks(n, p)
        .max(groups.saturating_mul(4))
        .max(n.div_ceil(64));
    let parts = parallel::map_chunks(n, chunk, |rows| {
        let (mut sum, mut most) = (vec![0.0; n_sum], vec![0.0; n_most]);
        let first = rows.start;
        let block = x.slice(s![rows, ..]);
        let mut scratch = Vec::new();
        linalg::simd(
            #[inline(always)]
            || {
                each_row(
                    &block,
                    &mut scratch,
                    #[inline(always)]
                    |row, values| each(first + row, values, &mut sum, &mut most),
                );
            },
        );
        Sums { sum, most }
    });
    let none = Sums {
        sum: vec![0.0; n_sum],
        most: vec![0.0; n_most],
    };
    parts.into_iter().fold(none, |mut all, part| {
        for (a, b) in all.sum.iter_mut().zip(&part.sum) {
            *a += b;
        }
        for (a, b) in all.most.iter_mut().zip(&part.most) {
            *a = a.max(*b);
        }
        all
    })
}

#[inline(always)]
fn each_row<F: Float>(x: &ArrayView2<'_, F>, scratch: &mut Vec<F>, mut f: impl FnMut(usize, &[F])) {
    let width = x.ncols().max(1);
    if let Some(values) = x.as_slice() {
        for (row, values) in values.chunks_exact(width).enumerate() {
            f(row, values);
        }
        return;
    }
    let step = (8192 / width).max(16);
    for first in (0..x.nrows()).step_by(step) {
        let block = x.slice(s![first..(first + step).min(x.nrows()), ..]);
        scratch.resize(block.len(), F::zero());
        copy_in_row_order(&block, scratch);
        for (row, values) in scratch.chunks_exact(width).enumerate() {
            f(first + row, values);
        }
    }
}

/// A power of two that brings `size` near 1, so that squares neither overflow nor vanish; 1 for 0.
pub(super) fn unit(size: f64) -> f64 {
    if size > 0.0 && size.is_finite() {
        (-size.log2().floor().clamp(-1000.0, 1000.0)).exp2()
    } else {
        1.0
    }
}
