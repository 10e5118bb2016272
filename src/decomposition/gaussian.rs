//! The normal distribution that principal components are a model of.

use ndarray::{Array1, Array2, ArrayRef2};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::matmul;

/// Covariance V (Λ − σ²I)₊ V' + σ² I.
pub(super) struct Gaussian<'a, F> {
    /// V' (n_components, n_features).
    pub(super) components: &'a Array2<F>,
    /// Λ.
    pub(super) explained_variance: &'a Array1<F>,
    /// σ².
    pub(super) noise_variance: f64,
    pub(super) whiten: bool,
}

impl<F: Float> Gaussian<'_, F> {
    /// The variances along the components; σ² in all other directions.
    ///
    /// Of a whitened model scikit-learn multiplies the variance beyond the noise by the variance once more, and so do we.
    fn variances(&self) -> Vec<f64> {
        let noise = self.noise_variance;
        let beyond = |v: f64| (v - noise).max(0.0) * if self.whiten { v } else { 1.0 };
        (self.explained_variance.iter())
            .map(|v| beyond(v.f64()) + noise)
            .collect()
    }

    /// V diag(d) V' + rest I, (n_features, n_features).
    fn spread(&self, diagonal: impl Iterator<Item = f64>, rest: f64) -> Array2<F> {
        let mut scaled = self.components.clone();
        for (mut row, d) in scaled.rows_mut().into_iter().zip(diagonal) {
            row.mapv_inplace(|v| F::of(v.f64() * d));
        }
        let mut out = matmul(&self.components.t(), &scaled);
        out.diag_mut().mapv_inplace(|v| F::of(v.f64() + rest));
        out
    }

    pub(super) fn covariance(&self) -> Array2<F> {
        let noise = self.noise_variance;
        self.spread(self.variances().into_iter().map(|v| v - noise), noise)
    }

    pub(super) fn precision(&self, estimator: &str) -> Result<Array2<F>> {
        let inverse = self.inverse_variances(estimator)?;
        let noise = self.noise_variance;
        let rest = if noise > 0.0 { 1.0 / noise } else { 0.0 };
        let precision = self.spread(inverse.into_iter().map(|v| v - rest), rest);
        check::learned(estimator, "the precision", &precision)?;
        Ok(precision)
    }

    /// 1 / variance along each component, if every direction has a variance.
    pub(super) fn inverse_variances(&self, estimator: &str) -> Result<Vec<f64>> {
        let variances = self.variances();
        let (k, p) = self.components.dim();
        let all_noisy = self.noise_variance > 0.0 || k == p;
        if all_noisy && variances.iter().all(|&v| v > 0.0) {
            return Ok(variances.iter().map(|v| 1.0 / v).collect());
        }
        Err(Error::invalid_input(
            format!("the covariance of {estimator}"),
            "is singular: keep fewer components",
        ))
    }

    /// What transformed columns are divided by.
    pub(super) fn divisor(&self) -> Option<Vec<F>> {
        let root = |v: &F| v.sqrt().max(F::EPSILON);
        (self.whiten).then(|| self.explained_variance.iter().map(root).collect())
    }

    /// Rows back from transformed ones.
    pub(super) fn restore(&self, z: &ArrayRef2<F>, mean: &Array1<F>) -> Array2<F> {
        let mut components = self.components.clone();
        if self.whiten {
            for (mut row, v) in (components.rows_mut().into_iter()).zip(self.explained_variance) {
                row.mapv_inplace(|c| c * v.sqrt());
            }
        }
        super::restore(z, &components, Some(mean))
    }
}
