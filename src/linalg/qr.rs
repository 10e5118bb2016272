//! The QR decomposition.

use ndarray::{Array2, ArrayRef2};

use super::{no_convergence, scaled};
use crate::check;
use crate::error::Result;
use crate::float::Float;

/// The thin decomposition a = q r of a (m, n), with k = min(m, n).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Qr<F> {
    /// Orthonormal columns, (m, k).
    pub q: Array2<F>,
    /// Upper trapezoidal, (k, n), with a diagonal that is not negative.
    pub r: Array2<F>,
}

/// Decomposes `a` (m, n) into orthonormal columns and an upper trapezoidal matrix, by Householder reflections without
/// pivoting; some 4 m n k operations.
///
/// ```
/// use fitwell::linalg::qr;
/// use ndarray::array;
///
/// let a = array![[3.0, 1.0], [4.0, 1.0]];
/// let qr = qr(&a)?;
/// assert!((qr.r[[0, 0]] - 5.0_f64).abs() < 1e-14);
/// assert!((&qr.q.dot(&qr.r) - &a).iter().all(|d| d.abs() < 1e-14));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `NonFinite`; `Overflow` when an entry of r is too large.
pub fn qr<F: Float>(a: &ArrayRef2<F>) -> Result<Qr<F>> {
    const WHAT: &str = "QR decomposition";
    check::finite(a, WHAT)?;
    let (m, n) = a.dim();
    if a.is_empty() {
        let k = m.min(n);
        return Ok(Qr {
            q: Array2::zeros((m, k)),
            r: Array2::zeros((k, n)),
        });
    }
    let (scaled, scale) = scaled(a);
    let (mut q, mut r) = F::qr(scaled).ok_or_else(|| no_convergence(WHAT))?;
    r.mapv_inplace(|v| v * scale);
    check::learned("qr", "an entry of r", &r)?;
    for (i, mut row) in r.rows_mut().into_iter().enumerate() {
        if row[i] < F::zero() {
            row.mapv_inplace(|v| -v);
            q.column_mut(i).mapv_inplace(|v| -v);
        }
    }
    Ok(Qr { q, r })
}
