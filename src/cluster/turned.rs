//! Distances from a point to many rows.

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use ndarray::ArrayRef2;

use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// Rows in a vector.
pub(super) const LANES: usize = 8;

/// Rows turned so that neighbouring rows lie in the lanes of a vector.
pub(super) struct Turned {
    n: usize,
    p: usize,
    groups: Vec<[f64; LANES]>,
}

impl Turned {
    pub(super) fn new<F: Float>(x: &ArrayRef2<F>) -> Self {
        let (n, p) = x.dim();
        let mut groups = vec![[f64::INFINITY; LANES]; n.div_ceil(LANES) * p];
        for ((i, j), v) in x.indexed_iter() {
            groups[i / LANES * p + j][i % LANES] = v.f64();
        }
        Turned { n, p, groups }
    }

    /// The rows, p vectors for as many as a vector holds; infinite beyond the last.
    pub(super) fn groups(&self) -> std::slice::ChunksExact<'_, [f64; LANES]> {
        self.groups.chunks_exact(self.p)
    }

    /// Calls `each` with the number of each row and its squared distance.
    #[inline(always)]
    pub(super) fn each(&self, point: &[f64], mut each: impl FnMut(usize, f64)) {
        simd(
            #[inline(always)]
            || {
                for (group, columns) in self.groups().enumerate() {
                    let squares = squares(columns, point);
                    for l in 0..LANES.min(self.n - group * LANES) {
                        each(group * LANES + l, squares[l]);
                    }
                }
            },
        );
    }

    /// The nearest row, the first of several, and its squared distance, for each row of `x`.
    pub(super) fn nearest_of<F: Float>(&self, x: &ArrayRef2<F>) -> Vec<(usize, f64)> {
        let (n, p) = x.dim();
        let parts = parallel::map_chunks(n, parallel::row_chunks(n, p), |range| {
            let mut point = vec![0.0; p];
            let mut found = Vec::with_capacity(range.len());
            for i in range {
                for (to, v) in point.iter_mut().zip(x.row(i)) {
                    *to = v.f64();
                }
                let mut best = (0, f64::INFINITY);
                self.each(&point, |at, square| {
                    if square < best.1 {
                        best = (at, square);
                    }
                });
                found.push(best);
            }
            found
        });
        parts.concat()
    }
}

#[inline(always)]
pub(super) fn squares(columns: &[[f64; LANES]], point: &[f64]) -> [f64; LANES] {
    let mut sums = [0.0; LANES];
    for (column, v) in columns.iter().zip(point) {
        for l in 0..LANES {
            let d = column[l] - v;
            sums[l] += d * d;
        }
    }
    sums
}
