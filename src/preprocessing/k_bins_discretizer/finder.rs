//! In which bin numbers are.

use ndarray::ArrayView2;

use crate::float::Float;
use crate::linalg;
use crate::preprocessing::columnwise::copy_in_row_order;

/// Columns with up to this many inner edges are compared with each of them.
const FEW_EDGES: usize = 32;
/// Narrow rows are put side by side until they are this wide.
const LANES: usize = 64;

/// The least number of the type that is not below `edge`.
pub(super) fn at_least<F: Float>(edge: f64) -> F {
    let near = F::of(edge);
    if near.f64() >= edge {
        return near;
    }
    if near.is_infinite() {
        return F::min_value(); // an edge below all finite numbers
    }
    // The next number up: the rounding went down, so half a step above it is not below the edge.
    let step = near.abs() * F::EPSILON;
    let step = if step > F::min_positive_value() * F::EPSILON {
        step
    } else {
        F::min_positive_value() * F::EPSILON
    };
    let mut up = near + step;
    let half = near + step / F::of(2.0);
    if half.f64() >= edge && half > near {
        up = half;
    }
    up
}

/// The bins of rows of a matrix.
pub(super) struct Finder<F> {
    /// The inner edges of each column.
    inner: Vec<Vec<F>>,
    /// The i-th inner edge of every column, in rows side by side; infinite where a column has fewer. Empty when the
    /// columns are searched one by one.
    levels: Vec<Vec<F>>,
    /// Rows that lie side by side.
    times: usize,
}

impl<F: Float> Finder<F> {
    pub(super) fn new(inner: Vec<Vec<F>>, n_rows: usize) -> Self {
        let most = inner.iter().map(Vec::len).max().unwrap_or(0);
        let times = (LANES / inner.len().max(1)).clamp(1, n_rows.max(1));
        let mut levels = Vec::new();
        if most <= FEW_EDGES {
            levels = (0..most)
                .map(|i| {
                    let level = inner
                        .iter()
                        .map(|e| e.get(i).copied().unwrap_or(F::infinity()));
                    level.collect::<Vec<F>>().repeat(times)
                })
                .collect();
        }
        Finder {
            inner,
            levels,
            times,
        }
    }

    /// Every column has one bin.
    pub(super) fn is_idle(&self) -> bool {
        self.inner.iter().all(Vec::is_empty)
    }

    /// The bins of whole rows, row after row, into `out`, which is as long.
    fn find(&self, x: &[F], out: &mut [F]) {
        let p = self.inner.len();
        if self.levels.is_empty() {
            for (x, out) in x.chunks_exact(p).zip(out.chunks_exact_mut(p)) {
                for ((x, out), edges) in x.iter().zip(out).zip(&self.inner) {
                    *out = F::of(edges.partition_point(|e| e <= x) as f64);
                }
            }
            return;
        }
        linalg::simd(
            #[inline(always)]
            || {
                let width = p * self.times;
                for (x, out) in x.chunks(width).zip(out.chunks_mut(width)) {
                    out.fill(F::zero());
                    for level in &self.levels {
                        for ((out, x), edge) in out.iter_mut().zip(x).zip(level) {
                            *out += if *x >= *edge { F::one() } else { F::zero() };
                        }
                    }
                }
            },
        );
    }

    /// The bins of a block of rows, in `codes`.
    pub(super) fn block(&self, x: &ArrayView2<'_, F>, codes: &mut [F]) {
        match x.as_slice() {
            Some(x) => self.find(x, codes),
            None => {
                let mut rows = vec![F::zero(); x.len()];
                copy_in_row_order(x, &mut rows);
                self.find(&rows, codes);
            }
        }
    }
}
