//! Sums over rows, a few at a time: they are centred and weighted into a first-level cache in `f64`, and every sum is
//! taken from there in whole vectors.

use pulp::{Simd, WithSimd};

use crate::float::Float;

/// Rows taken at once.
const ROWS: usize = 4;

/// Elements of the widest vector: sums over features are as long as [`padded`] says, with zeros at the end.
const WIDEST: usize = 8;

/// Whole vectors for p features.
pub(super) fn padded(p: usize) -> usize {
    p.next_multiple_of(WIDEST)
}

/// Rows of X that follow each other, (n, p).
pub(super) struct Block<'a, F> {
    pub(super) values: &'a [F],
    /// What is taken from each column (p).
    pub(super) mean: &'a [f64],
    /// What each row is multiplied with (n).
    pub(super) roots: Option<&'a [f64]>,
}

impl<F: Float> Block<'_, F> {
    /// Calls `f` with the number of the first, the number of them, and the rows, zeros where there are fewer than [`ROWS`].
    #[inline(always)]
    fn for_each(&self, n: usize, mut f: impl FnMut(usize, [&[f64]; ROWS])) {
        let p = self.mean.len();
        let width = padded(p);
        let mut memory = vec![0.0; ROWS * width];
        for first in (0..n).step_by(ROWS) {
            for (r, to) in memory.chunks_exact_mut(width.max(1)).enumerate() {
                let i = first + r;
                if i < n {
                    let root = self.roots.map_or(1.0, |roots| roots[i]);
                    let x = &self.values[i * p..][..p];
                    for ((to, x), mean) in to.iter_mut().zip(x).zip(self.mean) {
                        *to = (x.f64() - mean) * root;
                    }
                } else {
                    to.fill(0.0);
                }
            }
            f(
                first,
                std::array::from_fn(|r| &memory[r * width..][..width]),
            );
        }
    }
}

/// The values at `first` and after it, zeros past the end.
#[inline(always)]
fn four(values: &[f64], first: usize) -> [f64; ROWS] {
    std::array::from_fn(|r| values.get(first + r).copied().unwrap_or(0.0))
}

/// to ← to + Σ by row
#[inline(always)]
fn add<S: Simd>(simd: S, rows: [&[f64]; ROWS], by: [f64; ROWS], to: &mut [f64]) {
    let by = by.map(|b| simd.splat_f64s(b));
    let rows = rows.map(|row| S::as_simd_f64s(row).0);
    for (i, to) in S::as_mut_simd_f64s(to).0.iter_mut().enumerate() {
        for (row, by) in rows.iter().zip(by) {
            *to = simd.mul_add_e_f64s(row[i], by, *to);
        }
    }
}

/// to ← to + Σ row²
#[inline(always)]
fn add_squares<S: Simd>(simd: S, rows: [&[f64]; ROWS], to: &mut [f64]) {
    let rows = rows.map(|row| S::as_simd_f64s(row).0);
    for (i, to) in S::as_mut_simd_f64s(to).0.iter_mut().enumerate() {
        for row in rows {
            *to = simd.mul_add_e_f64s(row[i], row[i], *to);
        }
    }
}

/// row · with
#[inline(always)]
fn dots<S: Simd>(simd: S, rows: [&[f64]; ROWS], with: &[f64]) -> [f64; ROWS] {
    let mut sums = [simd.splat_f64s(0.0); ROWS];
    let rows = rows.map(|row| S::as_simd_f64s(row).0);
    for (i, &with) in S::as_simd_f64s(with).0.iter().enumerate() {
        for (sum, row) in sums.iter_mut().zip(rows) {
            *sum = simd.mul_add_e_f64s(row[i], with, *sum);
        }
    }
    sums.map(|sum| simd.reduce_sum_f64s(sum))
}

/// Σ √s e, Σ e² and Σ y e over the rows e of a block.
pub(super) struct Sums<'a, F> {
    pub(super) block: Block<'a, F>,
    /// Of each target, its values of these rows (n).
    pub(super) targets: &'a [&'a [f64]],
    pub(super) n: usize,
    pub(super) first: &'a mut [f64],
    pub(super) second: &'a mut [f64],
    /// (t, padded p)
    pub(super) cross: &'a mut [f64],
}

impl<F: Float> WithSimd for Sums<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = padded(self.block.mean.len()).max(1);
        let (first_sums, second, cross) = (self.first, self.second, self.cross);
        self.block.for_each(
            self.n,
            #[inline(always)]
            |first, rows| {
                let roots = self.block.roots.map_or([1.0; ROWS], |r| four(r, first));
                add(simd, rows, roots, first_sums);
                add_squares(simd, rows, second);
                for (y, cross) in self.targets.iter().zip(cross.chunks_exact_mut(width)) {
                    add(simd, rows, four(y, first), cross);
                }
            },
        );
    }
}

/// `X'R` is added to `along`; `‖R‖²` and `R·Y` are returned, for `R = y − Xw` over the rows of a block.
pub(super) struct Products<'a, F> {
    pub(super) block: Block<'a, F>,
    pub(super) y: &'a [f64],
    /// (padded p)
    pub(super) coef: &'a [f64],
    /// (padded p)
    pub(super) along: &'a mut [f64],
}

impl<F: Float> WithSimd for Products<'_, F> {
    type Output = (f64, f64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (f64, f64) {
        let (mut square, mut with_target) = (0.0, 0.0);
        self.block.for_each(
            self.y.len(),
            #[inline(always)]
            |first, rows| {
                let fitted = dots(simd, rows, self.coef);
                let y = four(self.y, first);
                let residual = std::array::from_fn(|r| y[r] - fitted[r]);
                for (residual, y) in residual.iter().zip(y) {
                    square += residual * residual;
                    with_target += residual * y;
                }
                add(simd, rows, residual, self.along);
            },
        );
        (square, with_target)
    }
}
