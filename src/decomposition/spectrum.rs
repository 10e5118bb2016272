//! All singular values of a centred matrix, by the cheapest way that keeps their digits.

use ndarray::{Array1, Array2, ArrayRef2, s};

use super::centered::Centered;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::{eigh, moments, tall_qr, thin_svd};

/// Singular values, descending, and right singular vectors in rows, whose largest entries are positive.
pub(super) struct Spectrum<F> {
    pub(super) mean: Vec<F>,
    pub(super) values: Array1<F>,
    pub(super) vt: Array2<F>,
}

/// From the eigenvalues of X'X, of the centred X if `center`: all n_features of them, those that rounding made negative as 0. Half of the
/// digits of singular values far below the largest are lost.
pub(super) fn by_covariance<F: Float>(x: &ArrayRef2<F>, center: bool) -> Result<Spectrum<F>> {
    let found = moments(x, None, None, center)?;
    let spectrum = eigh(&found.xtx)?;
    Ok(Spectrum {
        mean: found.x_mean.to_vec(),
        values: (spectrum.values.iter().rev())
            .map(|&v| v.max(F::zero()).sqrt())
            .collect(),
        vt: spectrum.vectors.slice(s![.., ..;-1]).t().to_owned(),
    })
}

/// Least ratio of an eigenvalue of X'X to the largest of which the root has the digits that a decomposition of X itself
/// would give, but the last one or two.
fn well_conditioned<F: Float>() -> F {
    F::of(if F::NAME == "f32" { 1e-2 } else { 1e-4 })
}

/// To the accuracy of the singular value decomposition of X: min(n_samples, n_features) values.
///
/// A tall matrix whose singular values are near each other goes through X'X, in one pass; any other tall one through a QR
/// decomposition of chunks of rows (Demmel et al., 2012), which squares nothing.
pub(super) fn by_svd<F: Float>(x: &ArrayRef2<F>, center: bool) -> Result<Spectrum<F>> {
    let (n, p) = x.dim();
    if n >= 2 * p
        && let Ok(found) = by_covariance(x, center)
    {
        let (first, last) = (found.values[0], found.values[p - 1]);
        if last * last > well_conditioned::<F>() * first * first {
            return Ok(found);
        }
    }
    let a = if center {
        Centered::around_means(x)?
    } else {
        Centered::around_zero(x)
    };
    let svd = if n >= 2 * p {
        thin_svd(&tall_qr((n, p), |rows, part| a.copy(rows, part))?)?
    } else {
        thin_svd(&a.to_array())?
    };
    Ok(Spectrum {
        mean: a.mean().to_vec(),
        values: svd.s.mapv(|v| a.unscaled(v)),
        vt: svd.vt,
    })
}
