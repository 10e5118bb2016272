//! The residual itself, and a copy of the centred data column by column: for more columns than rows.

use super::data::Centred;
use super::descent::Residual;
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// Values of X from which columns are divided among threads.
const LARGE: usize = 1 << 17;

/// X (n, p), centred and weighted.
pub(crate) struct ColumnData<F> {
    /// A column after the other.
    values: Vec<F>,
    squares: Vec<f64>,
    n: usize,
}

impl<F: Float> ColumnData<F> {
    pub(crate) fn new(centred: &Centred<'_, F>) -> Self {
        let (n, p) = centred.dim();
        let mut values = vec![F::zero(); n * p];
        if n > 0 && p > 0 {
            // A few rows at a time, so that what is read and what is written both stay in the cache.
            const ROWS: usize = 16;
            let mut block = vec![F::zero(); ROWS * p];
            for first in (0..n).step_by(ROWS) {
                let rows = first..n.min(first + ROWS);
                let block = &mut block[..rows.len() * p];
                centred.pack(rows.clone(), block);
                for (j, column) in values.chunks_exact_mut(n).enumerate() {
                    for (k, to) in column[rows.clone()].iter_mut().enumerate() {
                        *to = block[k * p + j];
                    }
                }
            }
        }
        let squares = centred.squares().to_vec();
        ColumnData { values, squares, n }
    }

    fn column(&self, j: usize) -> &[F] {
        &self.values[j * self.n..(j + 1) * self.n]
    }
}

/// X and R, (t, n).
pub(crate) struct Columns<'a, F> {
    data: &'a ColumnData<F>,
    /// (t, n)
    target: &'a [f64],
    residual: Vec<f64>,
    target_square: f64,
}

impl<'a, F: Float> Columns<'a, F> {
    /// At `coef` (p, t), with the centred and weighted targets (t, n).
    pub(crate) fn new(
        data: &'a ColumnData<F>,
        target: &'a [f64],
        target_square: f64,
        coef: &[f64],
    ) -> Self {
        let mut all = Columns {
            data,
            target,
            residual: target.to_vec(),
            target_square,
        };
        let t = all.targets();
        for (j, w) in coef.chunks(t).enumerate() {
            if w.iter().any(|&w| w != 0.0) {
                all.step(j, w, 0.0);
            }
        }
        all
    }
}

impl<F: Float> Residual for Columns<'_, F> {
    fn features(&self) -> usize {
        self.data.squares.len()
    }

    fn targets(&self) -> usize {
        self.target.len() / self.data.n
    }

    fn square(&self, feature: usize) -> f64 {
        self.data.squares[feature]
    }

    fn along(&self, feature: usize, out: &mut [f64]) {
        let column = self.data.column(feature);
        simd(
            #[inline(always)]
            || {
                for (out, r) in out.iter_mut().zip(self.residual.chunks_exact(self.data.n)) {
                    *out = dot(column, r);
                }
            },
        );
    }

    fn along_all(&self, out: &mut [f64]) {
        let (p, t) = (self.features(), self.targets());
        let chunk = if self.data.values.len() < LARGE {
            p
        } else {
            (LARGE / self.data.n).max(1)
        };
        let parts = parallel::map_chunks(p, chunk, |features| {
            let mut part = vec![0.0; features.len() * t];
            for (out, j) in part.chunks_mut(t).zip(features) {
                self.along(j, out);
            }
            part
        });
        for (out, v) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *out = v;
        }
    }

    fn step(&mut self, feature: usize, by: &[f64], _: f64) {
        let column = self.data.column(feature);
        let n = self.data.n;
        let residual = &mut self.residual;
        simd(
            #[inline(always)]
            || {
                for (r, &by) in residual.chunks_exact_mut(n).zip(by) {
                    if by != 0.0 {
                        for (r, x) in r.iter_mut().zip(column) {
                            *r -= by * x.f64();
                        }
                    }
                }
            },
        );
    }

    fn norms(&self, _: &[f64]) -> (f64, f64) {
        simd(
            #[inline(always)]
            || {
                (
                    dot(&self.residual, &self.residual),
                    dot(&self.residual, self.target),
                )
            },
        )
    }

    fn target_square(&self) -> f64 {
        self.target_square
    }
}

/// Σ aᵢ bᵢ in `f64`, in lanes.
#[inline(always)]
pub(super) fn dot<F: Float>(a: &[F], b: &[f64]) -> f64 {
    const LANES: usize = 32;
    let (a_long, a_tail) = a.as_chunks::<LANES>();
    let (b_long, b_tail) = b.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for (a, b) in a_long.iter().zip(b_long) {
        for l in 0..LANES {
            lanes[l] = a[l].f64().mul_add(b[l], lanes[l]);
        }
    }
    let mut sum: f64 = lanes.iter().sum();
    for (a, b) in a_tail.iter().zip(b_tail) {
        sum = a.f64().mul_add(*b, sum);
    }
    sum
}
