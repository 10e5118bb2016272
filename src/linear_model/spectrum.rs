//! The singular values of centred data, and a target in their basis: all that a ridge regression of any penalty needs.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

use crate::error::Result;
use crate::float::Float;
use crate::linalg;

use super::least_squares::Problem;

/// Below this reciprocal condition of the correlations of the features, their products have lost digits that the
/// decomposition of the data itself still has.
const WELL_CONDITIONED: f64 = 1e-4;

/// Below this share of the target's square, what the features leave unexplained is summed from the data.
const UNEXPLAINED: f64 = 1e-3;

/// `√S (X − x̄) = U diag(s) V'` and `U'√S(y − ȳ)`, directions of singular value 0 left out.
pub(crate) struct Spectrum {
    /// Singular values (k), all positive.
    pub(crate) values: Array1<f64>,
    /// Right singular vectors in columns, (n_features, k).
    pub(crate) vectors: Array2<f64>,
    /// The centred target along the left singular vectors, (k).
    pub(crate) along: Array1<f64>,
    /// The square of what is left of the centred target beside them.
    pub(crate) beside: f64,
    /// Weighted means of the features (n_features), zeros when not centred.
    pub(crate) x_mean: Array1<f64>,
    /// The weighted mean of the target, 0 when not centred.
    pub(crate) y_mean: f64,
}

impl Spectrum {
    /// Decomposes x (n, p) and y (n), with weights (n), centred or not.
    ///
    /// Where the features are not too dependent, one pass over x gives their products, whose Cholesky factor, scaled back,
    /// is a (p, p) matrix with the singular values of the data; no column's unit costs digits that way. Otherwise the
    /// data are decomposed.
    ///
    /// # Errors
    /// Those of the decomposition; `Overflow` when a product is too large.
    pub(crate) fn new<F: Float>(
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
        weights: Option<&[f64]>,
        centre: bool,
    ) -> Result<Self> {
        let (n, p) = x.dim();
        let of_products = if n > p {
            Self::of_products(x, y, weights, centre)?
        } else {
            None
        };
        let mut spectrum = match of_products {
            Some(spectrum) => spectrum,
            None => Self::of_data(x, y, weights, centre)?,
        };
        spectrum.drop_null_directions((n, p));
        spectrum.beside = spectrum.unexplained(x, y, weights);
        Ok(spectrum)
    }

    pub(super) fn of_products<F: Float>(
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
        weights: Option<&[f64]>,
        centre: bool,
    ) -> Result<Option<Self>> {
        let column = y.view().insert_axis(Axis(1));
        let Ok(m) = linalg::moments(x, Some(&column), weights, centre) else {
            return Ok(None);
        };
        let p = x.ncols();
        let scale: Array1<f64> = m.xtx.diag().mapv(|v| v.f64().max(0.0).sqrt());
        if !scale.iter().all(|&s| s == 0.0 || s.is_normal()) {
            return Ok(None);
        }
        // A column without variance has no direction of its own.
        let correlation = Array2::from_shape_fn((p, p), |(i, j)| {
            if i == j {
                1.0
            } else if scale[i] == 0.0 || scale[j] == 0.0 {
                0.0
            } else {
                m.xtx[[i, j]].f64() / scale[i] / scale[j]
            }
        });
        let Ok(factor) = linalg::Cholesky::new(&correlation) else {
            return Ok(None);
        };
        if factor.rcond() < WELL_CONDITIONED {
            return Ok(None);
        }
        // L L' is the correlation, so L' diag(scale) has the products of the data: it is their R.
        let lower = factor.lower();
        let r = &lower.t() * &scale;
        let target = Array2::from_shape_fn((p, 1), |(i, _)| {
            if scale[i] == 0.0 {
                0.0
            } else {
                m.xty[[i, 0]].f64() / scale[i]
            }
        });
        let q = linalg::solve_triangular(&lower, linalg::Triangle::Lower, &target)?;
        let svd = linalg::thin_svd(&r)?;
        Ok(Some(Spectrum {
            along: svd.u.t().dot(&q.column(0)),
            values: svd.s,
            vectors: svd.vt.reversed_axes(),
            beside: 0.0,
            x_mean: m.x_mean.mapv(F::f64),
            y_mean: m.y_mean.first().map_or(0.0, |v| v.f64()),
        }))
    }

    pub(super) fn of_data<F: Float>(
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
        weights: Option<&[f64]>,
        centre: bool,
    ) -> Result<Self> {
        let problem = Problem {
            x,
            y: y.view().insert_axis(Axis(1)),
            weights,
            centre,
        };
        let r = problem.reduced::<f64>()?;
        let svd = linalg::thin_svd(&r.x)?;
        Ok(Spectrum {
            along: svd.u.t().dot(&r.y.column(0)) * r.y_scale,
            values: svd.s * r.x_scale,
            vectors: svd.vt.reversed_axes(),
            beside: 0.0,
            x_mean: r.x_mean,
            y_mean: r.y_mean[0],
        })
    }

    /// Directions below the precision of the decomposition are left out.
    fn drop_null_directions(&mut self, (n, p): (usize, usize)) {
        let largest = self.values.iter().fold(0.0, |m: f64, &v| m.max(v));
        let cutoff = largest * f64::EPSILON * n.max(p) as f64;
        let kept: Vec<usize> = (0..self.values.len())
            .filter(|&k| self.values[k] > cutoff)
            .collect();
        if kept.len() < self.values.len() {
            self.values = self.values.select(Axis(0), &kept);
            self.along = self.along.select(Axis(0), &kept);
            self.vectors = self.vectors.select(Axis(1), &kept);
        }
    }

    /// The square of the residual of least squares: a difference of sums where that keeps its digits, otherwise summed
    /// over the rows.
    fn unexplained<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
        weights: Option<&[f64]>,
    ) -> f64 {
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let all: f64 = (y.iter().enumerate())
            .map(|(i, y)| weight(i) * (y.f64() - self.y_mean).powi(2))
            .sum();
        let explained: f64 = self.along.iter().map(|v| v * v).sum();
        if all - explained > UNEXPLAINED * all {
            return all - explained;
        }
        let w = self.vectors.dot(&(&self.along / &self.values));
        let rows = x.rows().into_iter().zip(y).enumerate();
        rows.map(|(i, (row, y))| {
            let predicted: f64 = (row.iter().zip(&w).zip(&self.x_mean))
                .map(|((x, w), mean)| (x.f64() - mean) * w)
                .sum();
            weight(i) * (y.f64() - self.y_mean - predicted).powi(2)
        })
        .sum()
    }
}
