//! The singular value decomposition.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

use super::{no_convergence, scaled};
use crate::check;
use crate::error::Result;
use crate::float::Float;

/// The thin decomposition a = u diag(s) vt of a (m, n), with k = min(m, n).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Svd<F> {
    /// Left singular vectors in columns, (m, k), orthonormal.
    pub u: Array2<F>,
    /// Singular values (k), not negative, descending.
    pub s: Array1<F>,
    /// Right singular vectors in rows, (k, n), orthonormal.
    pub vt: Array2<F>,
}

/// Decomposes `a` (m, n) into its singular vectors and values.
///
/// Signs: in each row of vt the entry of largest magnitude is positive, the first of them if there are several; u
/// follows. Some 6 m n k + 20 k³ operations.
///
/// ```
/// use fitwell::linalg::thin_svd;
/// use ndarray::{Array2, array};
///
/// let a = array![[3.0, 0.0], [0.0, -2.0], [0.0, 0.0]];
/// let svd = thin_svd(&a)?;
/// let back = (&svd.u * &svd.s).dot(&svd.vt);
/// assert!((&back - &a).iter().all(|d: &f64| d.abs() < 1e-15));
/// assert!((svd.s[0] - 3.0).abs() < 1e-15 && svd.vt[[1, 1]] > 0.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `NonFinite`; `InvalidInput` when the iteration does not converge; `Overflow` when a singular value is too large.
pub fn thin_svd<F: Float>(a: &ArrayRef2<F>) -> Result<Svd<F>> {
    const WHAT: &str = "singular value decomposition";
    check::finite(a, WHAT)?;
    let (m, n) = a.dim();
    if a.is_empty() {
        let k = m.min(n);
        return Ok(Svd {
            u: Array2::zeros((m, k)),
            s: Array1::zeros(k),
            vt: Array2::zeros((k, n)),
        });
    }
    let (scaled, scale) = scaled(a);
    let (mut u, mut s, v) = F::svd(&scaled).ok_or_else(|| no_convergence(WHAT))?;
    s.mapv_inplace(|v| v * scale);
    check::learned("thin_svd", "a singular value", &s)?;
    let mut vt = v.reversed_axes();
    for (mut u, mut v) in u.axis_iter_mut(Axis(1)).zip(vt.axis_iter_mut(Axis(0))) {
        if largest_is_negative(&v) {
            u.mapv_inplace(|x| -x);
            v.mapv_inplace(|x| -x);
        }
    }
    Ok(Svd { u, s, vt })
}

/// Whether the entry of largest magnitude, the first of them, is negative.
pub(crate) fn largest_is_negative<F: Float>(v: &ArrayRef1<F>) -> bool {
    v.iter()
        .fold(F::zero(), |m, &x| if x.abs() > m.abs() { x } else { m })
        < F::zero()
}
