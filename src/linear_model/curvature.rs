//! An estimate of the curvature of the logistic loss, which makes the search quick however the columns are scaled and
//! correlated.
//!
//! With no coefficients yet, the Hessian of the loss is
//!
//! ```text
//! A ⊗ [X 1]' S [X 1] / Σs + l2 [I 0],     A = π (1 − π) for two classes, diag(π) − π π' for several,
//! ```
//!
//! with S the weights and πₖ the share of class k. For several classes A is singular: adding the same to all of them
//! changes nothing. On vectors that sum to zero over the classes its inverse is P diag(1/π) P, where P takes the mean over
//! the classes away; so the search never leaves them. The inverse of the whole is the metric M⁻¹ of the search
//! ([`Lbfgs::minimize_with`](crate::optim::Lbfgs::minimize_with)). The matrix needs not be exact: a sample of some rows for
//! each column is enough (M. A. Erdogdu and A. Montanari, "Convergence rates of sub-sampled Newton methods", NIPS 2015),
//! evenly spaced so that no random numbers are drawn. Where even that would cost more than the search itself, the column
//! variances alone are used.

use ndarray::{Array1, Array2, ArrayRef2};

use crate::float::Float;
use crate::linalg::{Cholesky, moments, simd};
use crate::parallel;

/// Rows of the sample for each column, and at least.
const ROWS_PER_COLUMN: usize = 10;
const MIN_ROWS: usize = 2000;
/// Classes rarer than this are treated as if they were not.
const SMALLEST_SHARE: f64 = 1e-4;
/// What the curvature may cost, in evaluations of the loss.
const WORTH_EVALUATIONS: f64 = 15.0;

/// M = blocks cₖ ([X 1]' S [X 1] / Σs + l2 [I 0]) of the outputs, ready to be solved with; cₖ is π (1 − π) or πₖ.
pub(super) struct Curvature {
    mean: Vec<f64>,
    factor: Factor,
    /// cₖ.
    scale: Vec<f64>,
    fit_intercept: bool,
}

enum Factor {
    Full(Cholesky<f64>),
    Diagonal(Vec<f64>),
}

/// Weighted column means and variances of all rows, shifted by the first row so that a large mean does not cancel the
/// digits of a small variance.
struct Columns {
    mean: Vec<f64>,
    variance: Vec<f64>,
}

impl Curvature {
    /// The curvature where only the intercept has been learned; `shares` are the weights' shares of the classes. `None`
    /// when it cannot be told, as the squares of the data overflow.
    pub(super) fn new<F: Float>(
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        shares: &[f64],
        l2: f64,
        fit_intercept: bool,
    ) -> Option<Self> {
        // Without an intercept the search starts where all classes are alike.
        let alike = 1.0 / shares.len() as f64;
        let share = |share: &f64| {
            if fit_intercept {
                share.max(SMALLEST_SHARE)
            } else {
                alike
            }
        };
        let scale: Vec<f64> = match shares {
            [first, second] => vec![share(first) * share(second)],
            several => several.iter().map(share).collect(),
        };
        Self::of_scale(x, weights, scale, l2, fit_intercept)
    }

    /// The curvature of outputs whose losses have second derivatives `scale` at every row.
    pub(super) fn of_scale<F: Float>(
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        scale: Vec<f64>,
        l2: f64,
        fit_intercept: bool,
    ) -> Option<Self> {
        let (n, p) = x.dim();
        let typical = scale.iter().sum::<f64>() / scale.len() as f64;
        let ridge = l2 / typical;

        let sample = n.min((ROWS_PER_COLUMN * p).max(MIN_ROWS));
        let evaluation = 4.0 * n as f64 * p as f64 * scale.len() as f64;
        let square = (p as f64).powi(2);
        let full = sample as f64 * square + square * p as f64 / 3.0;
        if full > WORTH_EVALUATIONS * evaluation {
            let columns = Columns::of(x, weights, fit_intercept)?;
            let diagonal = columns
                .variance
                .iter()
                .map(|v| positive(v + ridge))
                .collect();
            let factor = Factor::Diagonal(diagonal);
            return Some(Curvature {
                mean: columns.mean,
                factor,
                scale,
                fit_intercept,
            });
        }

        let step = n / sample;
        let rows = Array2::from_shape_fn((sample, p), |(i, j)| x[[i * step, j]].f64());
        let row_weights: Option<Vec<f64>> =
            weights.map(|w| (0..sample).map(|i| w[i * step]).collect());
        let found = moments(&rows, None, row_weights.as_deref(), fit_intercept).ok()?;
        let mut matrix = found.xtx / found.weight_sum;
        let mut mean = found.x_mean.to_vec();
        if sample < n {
            // A column that the sample misses would seem free to move. Only such diagonals are corrected: a correction of a
            // few per cent to all would hide that columns depend on each other.
            let columns = Columns::of(x, weights, fit_intercept)?;
            for (j, &variance) in columns.variance.iter().enumerate() {
                if matrix[[j, j]] < 0.5 * variance {
                    matrix[[j, j]] = variance;
                }
            }
            mean = columns.mean;
        }
        for d in matrix.diag_mut() {
            // Exactly collinear columns have no smallest eigenvalue; this much is lost in rounding anyway.
            *d = positive(*d * (1.0 + 1e-10) + ridge);
        }
        let factor = Factor::Full(Cholesky::new(&matrix).ok()?);
        Some(Curvature {
            mean,
            factor,
            scale,
            fit_intercept,
        })
    }

    /// Whether columns depend on each other, so that the matrix is what the diagonal's rounding made it.
    pub(super) fn is_singular(&self) -> bool {
        match &self.factor {
            Factor::Full(factor) => factor.rcond() < 1e-8,
            Factor::Diagonal(_) => true, // not known
        }
    }

    /// v ← M⁻¹ v for a vector laid out as the parameters are.
    pub(super) fn solve(&self, v: &mut [f64]) {
        let (p, k) = (self.mean.len(), self.scale.len());
        let (coef, intercept) = v.split_at_mut(k * p);
        remove_class_mean(coef, k);
        remove_class_mean(intercept, k);
        // With centred columns the intercept and the coefficients do not see each other.
        if self.fit_intercept {
            for (v, &g) in coef.chunks_exact_mut(p).zip(&*intercept) {
                for (v, m) in v.iter_mut().zip(&self.mean) {
                    *v -= m * g;
                }
            }
        }
        match &self.factor {
            Factor::Diagonal(d) => {
                for v in coef.chunks_exact_mut(p) {
                    for (v, d) in v.iter_mut().zip(d) {
                        *v /= d;
                    }
                }
            }
            Factor::Full(factor) => {
                let right = Array2::from_shape_fn((p, k), |(j, c)| coef[c * p + j]);
                if let Ok(solved) = factor.solve(&right) {
                    for (c, v) in coef.chunks_exact_mut(p).enumerate() {
                        for (v, s) in v.iter_mut().zip(solved.column(c)) {
                            *v = *s;
                        }
                    }
                }
            }
        }
        if self.fit_intercept {
            for (v, g) in coef.chunks_exact(p).zip(&mut *intercept) {
                *g -= v.iter().zip(&self.mean).map(|(v, m)| v * m).sum::<f64>();
            }
        }
        for (v, c) in coef.chunks_exact_mut(p).zip(&self.scale) {
            for v in v {
                *v /= c;
            }
        }
        for (v, c) in intercept.iter_mut().zip(&self.scale) {
            *v /= c;
        }
        remove_class_mean(coef, k);
        remove_class_mean(intercept, k);
    }
}

/// P v for v of (k, p): the mean over several outputs, column by column, is taken away.
fn remove_class_mean(v: &mut [f64], k: usize) {
    if k == 1 {
        return;
    }
    let p = v.len() / k;
    for j in 0..p {
        let mean = (0..k).map(|c| v[c * p + j]).sum::<f64>() / k as f64;
        for c in 0..k {
            v[c * p + j] -= mean;
        }
    }
}

/// A pivot of a column that says nothing, and is not moved by its gradient of 0, is 1.
fn positive(pivot: f64) -> f64 {
    if pivot > 0.0 { pivot } else { 1.0 }
}

impl Columns {
    fn of<F: Float>(x: &ArrayRef2<F>, weights: Option<&[f64]>, center: bool) -> Option<Self> {
        let (n, p) = x.dim();
        let first: Vec<f64> = if center {
            x.row(0).iter().map(|v| v.f64()).collect()
        } else {
            vec![0.0; p]
        };
        let standard = x.as_standard_layout();
        let data = standard.as_slice()?;
        let chunk = parallel::row_chunks(n, p).max(n.div_ceil(64));
        let parts = parallel::map_chunks(n, chunk, |rows| {
            let mut sums = Array1::<f64>::zeros(2 * p);
            let mut total = 0.0;
            if let Some(sums) = sums.as_slice_mut() {
                let (sum, squares) = sums.split_at_mut(p);
                simd(
                    #[inline(always)]
                    || {
                        for i in rows {
                            let s = weights.map_or(1.0, |w| w[i]);
                            total += s;
                            let x = &data[i * p..(i + 1) * p];
                            for (((x, f), a), b) in
                                x.iter().zip(&first).zip(&mut *sum).zip(&mut *squares)
                            {
                                let d = x.f64() - f;
                                *a += s * d;
                                *b += s * d * d;
                            }
                        }
                    },
                );
            }
            (sums, total)
        });
        let mut sums = Array1::zeros(2 * p);
        let mut total = 0.0;
        for (part, weight) in &parts {
            sums += part;
            total += weight;
        }
        sums /= total;
        if sums.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let (sum, squares) = (sums.slice(ndarray::s![..p]), sums.slice(ndarray::s![p..]));
        if !center {
            return Some(Columns {
                mean: vec![0.0; p],
                variance: squares.to_vec(),
            });
        }
        let mean = sum.iter().zip(&first).map(|(a, f)| a + f).collect();
        let variance = squares
            .iter()
            .zip(sum)
            .map(|(b, a)| (b - a * a).max(0.0))
            .collect();
        Some(Columns { mean, variance })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    /// M v by the definition, for one output.
    fn multiply(x: &Array2<f64>, w: &[f64], c: f64, ridge: f64, v: &[f64]) -> Vec<f64> {
        let p = x.ncols();
        let total: f64 = w.iter().sum();
        let mut out: Vec<f64> = v.iter().map(|v| v * ridge).collect();
        out[p] = 0.0;
        for (row, s) in x.rows().into_iter().zip(w) {
            let z = row.iter().zip(v).map(|(x, v)| x * v).sum::<f64>() + v[p];
            for j in 0..p {
                out[j] += s / total * z * row[j];
            }
            out[p] += s / total * z;
        }
        out.iter().map(|v| v * c).collect()
    }

    #[test]
    fn solving_undoes_the_product_with_the_hessian() {
        let x = array![[1.0, 5.0], [2.0, -1.0], [3.0, 4.0], [100.0, 0.5]];
        let w = [1.0, 2.0, 0.5, 1.5];
        let (l2, share) = (0.1, 0.3);
        let c = share * (1.0 - share);
        let curvature = Curvature::new(&x, Some(&w), &[1.0 - share, share], l2, true).unwrap();
        let v = [0.3, -2.0, 0.7];
        let mut product = multiply(&x, &w, c, l2 / c, &v);
        curvature.solve(&mut product);
        for (a, b) in product.iter().zip(v) {
            assert!((a - b).abs() < 1e-6, "{product:?}");
        }
    }

    #[test]
    fn several_classes_are_undone_where_they_sum_to_zero() {
        let x = array![[1.0, 5.0], [2.0, -1.0], [3.0, 4.0], [-4.0, 0.5]];
        let w = [1.0; 4];
        let shares = [0.2, 0.5, 0.3];
        let curvature = Curvature::new(&x, None, &shares, 0.0, true).unwrap();
        let v = [0.3, -2.0, 1.0, 0.5, -1.3, 1.5, 0.7, -1.0, 0.3];
        let block = |k: usize| [v[2 * k], v[2 * k + 1], v[6 + k]];
        let mut product = [0.0; 9];
        for k in 0..3 {
            for l in 0..3 {
                let a = f64::from(u8::from(k == l)) * shares[k] - shares[k] * shares[l];
                let part = multiply(&x, &w, a, 0.0, &block(l));
                for (to, j) in [2 * k, 2 * k + 1, 6 + k].into_iter().zip(0..3) {
                    product[to] += part[j];
                }
            }
        }
        curvature.solve(&mut product);
        for (a, b) in product.iter().zip(v) {
            assert!((a - b).abs() < 1e-6, "{product:?}");
        }
    }

    #[test]
    fn columns_that_say_nothing_do_no_harm() {
        let x = array![
            [1.0, 7.0, 0.0, 2.0],
            [2.0, 7.0, 0.0, 4.0],
            [4.0, 7.0, 0.0, 8.0]
        ];
        let curvature = Curvature::new(&x, None, &[0.5, 0.5], 0.0, true).unwrap();
        let mut v = [1.0, 7.0, 0.0, 2.0, 1.0];
        curvature.solve(&mut v);
        assert!(v.iter().all(|v| v.is_finite()), "{v:?}");
    }

    #[test]
    fn a_rare_column_missed_by_the_sample_is_still_scaled() {
        let mut x = Array2::from_shape_fn((20_000, 2), |(i, _)| (i as f64).sin());
        x.column_mut(1).fill(0.0);
        for i in (1..20_000).step_by(2_000) {
            x[[i, 1]] = 1.0;
        }
        let curvature = Curvature::new(&x, None, &[0.5, 0.5], 0.0, true).unwrap();
        let mut v = [0.0, 1.0, 0.0];
        curvature.solve(&mut v);
        // The variance is 5e-4, the curvature a quarter of it.
        assert!((v[1] - 1.0 / (0.25 * 5e-4)).abs() < 0.05 * v[1], "{v:?}");
    }

    #[test]
    fn overflowing_squares_give_none() {
        let x = array![[1e200, 1.0], [-1e200, 2.0]];
        assert!(Curvature::new(&x, None, &[0.5, 0.5], 1.0, true).is_none());
    }
}
