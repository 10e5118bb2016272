//! Rows as the kernels want them: side by side, around zero, and near one in size.

use ndarray::{ArrayRef2, Axis};

use crate::float::Float;
use crate::parallel;

/// x ↦ x / scale − shift. The scale is a power of two, so that it costs no digits and squares stay in range.
pub(super) struct Frame {
    inverse: f64,
    shift: Vec<f64>,
}

impl Frame {
    /// The frame in which the mean of some rows is zero.
    pub(super) fn around<F: Float>(x: &ArrayRef2<F>) -> Self {
        let n = x.nrows();
        let largest = parallel::map_chunks(n, chunk(n, x.ncols()), |range| {
            let block = x.slice_axis(Axis(0), range.into());
            block.iter().fold(F::zero(), |m, v| m.max(v.abs()))
        })
        .into_iter()
        .fold(0.0, |m: f64, v| m.max(v.f64()));
        let exponent = if largest > 0.0 {
            largest.log2().floor().clamp(-1000.0, 1000.0)
        } else {
            0.0
        };
        let inverse = (-exponent).exp2();
        let parts = parallel::map_chunks(n, chunk(n, x.ncols()), |range| {
            let mut sums = vec![0.0; x.ncols()];
            for i in range {
                for (sum, v) in sums.iter_mut().zip(x.row(i)) {
                    *sum += v.f64() * inverse;
                }
            }
            sums
        });
        let mut shift = vec![0.0; x.ncols()];
        for part in parts {
            for (total, sum) in shift.iter_mut().zip(part) {
                *total += sum;
            }
        }
        for total in &mut shift {
            *total /= n as f64;
        }
        Frame { inverse, shift }
    }

    /// Rows in this frame, one after the other.
    pub(super) fn rows<F: Float>(&self, x: &ArrayRef2<F>) -> Vec<F> {
        let p = x.ncols();
        let mut out = parallel::fresh(x.dim()).into_raw_vec_and_offset().0;
        let rows = chunk(x.nrows(), p);
        parallel::map_chunks_mut(&mut out, rows * p, |range, out| {
            let block = x.slice_axis(Axis(0), (range.start / p..range.end / p).into());
            for (row, out) in block.rows().into_iter().zip(out.chunks_exact_mut(p)) {
                self.row(row.iter(), out);
            }
        });
        out
    }

    /// One row in this frame. What is too far away to be squared is brought back to where squares are finite.
    pub(super) fn row<'a, F: Float>(&self, row: impl Iterator<Item = &'a F>, out: &mut [F]) {
        let limit = if F::NAME == "f32" { 1e15 } else { 1e150 };
        for ((v, out), shift) in row.zip(out).zip(&self.shift) {
            *out = F::of((v.f64() * self.inverse - shift).clamp(-limit, limit));
        }
    }

    /// Values of this frame as they were.
    pub(super) fn back<F: Float>(&self, values: &[F]) -> Vec<F> {
        let shifts = self.shift.iter().cycle();
        let back = values.iter().zip(shifts);
        back.map(|(v, shift)| F::of((v.f64() + shift) / self.inverse))
            .collect()
    }

    /// A squared length of this frame as it was.
    pub(super) fn square_back(&self, square: f64) -> f64 {
        square / self.inverse / self.inverse
    }
}

/// Rows of a chunk: enough that a chunk is worth its own sums, and few enough that every thread has work.
pub(super) fn chunk(n: usize, p: usize) -> usize {
    parallel::row_chunks(n, p).max(n.div_ceil(64))
}
