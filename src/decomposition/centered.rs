//! A matrix less its column means, which is never formed as a whole.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};

use crate::error::Result;
use crate::float::Float;
use crate::linalg::{general_matmul, simd};
use crate::parallel;
use crate::preprocessing::moments::moments;

/// Elements of a block of rows that is centred at once: 1 MiB of `f64`.
const BLOCK: usize = 1 << 17;
/// Parts of a sum at most.
const PARTS: usize = 64;

/// A = (X − 1 mean') / scale, with the scale a power of two: products with A neither overflow nor vanish.
pub(super) struct Centered<'a, F> {
    x: ArrayView2<'a, F>,
    mean: Vec<F>,
    scale: f64,
    inverse: F,
    /// The sum of squares of X − 1 mean'.
    squares: f64,
}

impl<'a, F: Float> Centered<'a, F> {
    /// Around the means of the columns, of finite values.
    pub(super) fn around_means(x: &'a ArrayRef2<F>) -> Result<Self> {
        let found = moments(x, None)?;
        let squares = found.m2.iter().sum();
        let mean = found.mean.iter().map(|&m| F::of(m)).collect();
        Ok(Self::new(x, mean, squares))
    }

    /// Around zero: X itself.
    pub(super) fn around_zero(x: &'a ArrayRef2<F>) -> Self {
        let parts = parallel::map_chunks(
            x.nrows(),
            parallel::row_chunks(x.nrows(), x.ncols()),
            |rows| {
                let squares = |row: ndarray::ArrayView1<'_, F>| {
                    row.iter().map(|v| v.f64() * v.f64()).sum::<f64>()
                };
                rows.map(|i| squares(x.row(i))).sum::<f64>()
            },
        );
        Self::new(x, vec![F::zero(); x.ncols()], parts.iter().sum())
    }

    fn new(x: &'a ArrayRef2<F>, mean: Vec<F>, squares: f64) -> Self {
        let limit = if F::NAME == "f32" { 100.0 } else { 900.0 };
        // Squares that all but vanish or overflow tell nothing: the largest magnitude does.
        let size = if squares > 1e-250 && squares.is_finite() {
            squares.sqrt()
        } else {
            x.rows().into_iter().fold(0.0, |largest, row| {
                let each = row.iter().zip(&mean);
                each.fold(largest, |m: f64, (v, mean)| {
                    m.max((v.f64() - mean.f64()).abs())
                })
            })
        };
        let scale = if size > 0.0 && size.is_finite() {
            size.log2().floor().clamp(-limit, limit).exp2()
        } else {
            1.0
        };
        Centered {
            x: x.view(),
            mean,
            scale,
            inverse: F::of(1.0 / scale),
            squares,
        }
    }

    pub(super) fn dim(&self) -> (usize, usize) {
        self.x.dim()
    }

    pub(super) fn mean(&self) -> &[F] {
        &self.mean
    }

    /// The sum of squares of X − 1 mean'.
    pub(super) fn squares(&self) -> f64 {
        self.squares
    }

    /// A singular value of A as one of X − 1 mean'.
    pub(super) fn unscaled(&self, singular: F) -> F {
        F::of(singular.f64() * self.scale)
    }

    /// The whole of A, in rows.
    pub(super) fn to_array(&self) -> Array2<F> {
        let (n, p) = self.dim();
        let mut out = parallel::fresh((n, p));
        parallel::for_each_row_chunk_mut(&mut out, parallel::row_chunks(n, p), |first, out| {
            self.copy(first..first + out.nrows(), out);
        });
        out
    }

    /// Some rows of A.
    pub(super) fn copy(&self, rows: Range<usize>, mut out: ArrayViewMut2<'_, F>) {
        let from = self.x.slice(s![rows, ..]);
        if let (Some(from), Some(out)) = (from.as_slice(), out.as_slice_mut()) {
            let width = self.mean.len().max(1);
            return simd(
                #[inline(always)]
                || {
                    for (from, out) in from.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
                        for ((to, &v), &m) in out.iter_mut().zip(from).zip(&self.mean) {
                            *to = (v - m) * self.inverse;
                        }
                    }
                },
            );
        }
        out.assign(&from);
        for mut row in out.rows_mut() {
            for (v, &m) in row.iter_mut().zip(&self.mean) {
                *v = (*v - m) * self.inverse;
            }
        }
    }

    fn block_rows(&self) -> usize {
        (BLOCK / self.mean.len().max(1)).clamp(32, 4096)
    }

    /// `f` of blocks of the given rows, with their positions among all rows.
    fn each_block(&self, rows: Range<usize>, mut f: impl FnMut(Range<usize>, ArrayView2<'_, F>)) {
        let step = self.block_rows();
        let mut memory = Array2::zeros((step.min(rows.len()), self.mean.len()));
        for first in rows.clone().step_by(step) {
            let block = first..rows.end.min(first + step);
            self.copy(block.clone(), memory.slice_mut(s![..block.len(), ..]));
            f(block.clone(), memory.slice(s![..block.len(), ..]));
        }
    }

    /// Rows of a part of a sum of matrices (p, k): all parts together take no more memory than half of X.
    fn part_rows(&self, k: usize) -> usize {
        let n = self.x.nrows();
        n.div_ceil(PARTS).max(self.block_rows()).max(2 * k)
    }

    /// A q, for q (p, k).
    pub(super) fn times(&self, q: &ArrayRef2<F>) -> Array2<F> {
        let n = self.x.nrows();
        let mut out = parallel::fresh((n, q.ncols()));
        parallel::for_each_row_chunk_mut(&mut out, self.block_rows(), |first, mut out| {
            self.each_block(first..first + out.nrows(), |rows, block| {
                let mut out = out.slice_mut(s![rows.start - first..rows.end - first, ..]);
                general_matmul(F::one(), &block, q, F::zero(), &mut out);
            });
        });
        out
    }

    /// A' b, for b (n, k).
    pub(super) fn transposed_times(&self, b: &ArrayRef2<F>) -> Array2<F> {
        let p = self.mean.len();
        let k = b.ncols();
        let parts = parallel::map_chunks(self.x.nrows(), self.part_rows(k), |rows| {
            let mut sum = Array2::zeros((p, k));
            self.each_block(rows, |rows, block| {
                let b = b.slice(s![rows, ..]);
                general_matmul(F::one(), &block.t(), &b, F::one(), &mut sum);
            });
            sum
        });
        total(parts, (p, k))
    }

    /// A' A q, for q (p, k): one pass over X.
    pub(super) fn normal_times(&self, q: &ArrayRef2<F>) -> Array2<F> {
        let (p, k) = q.dim();
        let parts = parallel::map_chunks(self.x.nrows(), self.part_rows(k), |rows| {
            let mut sum = Array2::zeros((p, k));
            let mut product = Array2::zeros((self.block_rows().min(rows.len()), k));
            self.each_block(rows, |rows, block| {
                let mut product = product.slice_mut(s![..rows.len(), ..]);
                general_matmul(F::one(), &block, q, F::zero(), &mut product);
                general_matmul(F::one(), &block.t(), &product, F::one(), &mut sum);
            });
            sum
        });
        total(parts, (p, k))
    }
}

fn total<F: Float>(parts: Vec<Array2<F>>, shape: (usize, usize)) -> Array2<F> {
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_else(|| Array2::zeros(shape));
    for part in parts {
        sum += &part;
    }
    sum
}

/// (X − 1 mean') v / divisor, for v (p, k): what projections on components are.
pub(super) fn project<F: Float>(
    x: &ArrayRef2<F>,
    mean: &[F],
    components: &ArrayRef2<F>,
    divisor: Option<&[F]>,
) -> Array2<F> {
    let (n, k) = (x.nrows(), components.nrows());
    let centered = Centered {
        x: x.view(),
        mean: mean.to_vec(),
        scale: 1.0,
        inverse: F::one(),
        squares: 0.0,
    };
    if k == 0 {
        return Array2::zeros((n, 0));
    }
    let mut out = centered.times(&components.t());
    if let Some(divisor) = divisor {
        for mut row in out.rows_mut() {
            for (v, &d) in row.iter_mut().zip(divisor) {
                *v /= d;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, standard_normal};

    #[test]
    fn products_are_those_of_the_centred_copy() {
        let mut rng = generator(1);
        for (n, p, k) in [(1, 3, 1), (700, 5, 3), (5, 700, 4), (5000, 40, 2)] {
            let x = Array2::from_shape_simple_fn((n, p), || 3.0 + standard_normal(&mut rng));
            let q = Array2::from_shape_simple_fn((p, k), || standard_normal(&mut rng));
            let b = Array2::from_shape_simple_fn((n, k), || standard_normal(&mut rng));
            let a = Centered::around_means(&x).unwrap();
            let whole = a.to_array();
            let near = |u: Array2<f64>, v: Array2<f64>| {
                assert!((u - &v).iter().all(|d| d.abs() < 1e-11), "{n} {p}");
            };
            near(a.times(&q), whole.dot(&q));
            near(a.transposed_times(&b), whole.t().dot(&b));
            near(a.normal_times(&q), whole.t().dot(&whole.dot(&q)));
            // Other layouts.
            let columns = x.t().as_standard_layout().into_owned();
            let turned = columns.t();
            let b = Centered::around_means(&turned).unwrap();
            near(b.to_array(), whole);
        }
    }
}
