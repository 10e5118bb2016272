//! Eigenvalues and eigenvectors of a symmetric matrix.

use ndarray::{Array1, Array2, ArrayRef2};

use super::svd::largest_is_negative;
use super::{no_convergence, scaled, square};
use crate::check;
use crate::error::Result;
use crate::float::Float;

/// The decomposition a = v diag(w) v' of a symmetric matrix a (n, n).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Eigh<F> {
    /// Eigenvalues (n), ascending.
    pub values: Array1<F>,
    /// Eigenvectors in columns, (n, n), orthonormal.
    pub vectors: Array2<F>,
}

/// Eigenvalues and eigenvectors of a symmetric matrix, of which the lower triangle counts (all of it must be finite).
///
/// Signs: the entry of largest magnitude of each eigenvector is positive, the first of them if there are several. Some
/// 9 n³ operations.
///
/// ```
/// use fitwell::linalg::eigh;
/// use ndarray::array;
///
/// let e = eigh(&array![[2.0, 1.0], [1.0, 2.0]])?;
/// assert!((e.values[0] - 1.0_f64).abs() < 1e-15 && (e.values[1] - 3.0_f64).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch` when a is not square; `NonFinite`; `InvalidInput` when the iteration does not converge; `Overflow`
/// when an eigenvalue is too large.
pub fn eigh<F: Float>(a: &ArrayRef2<F>) -> Result<Eigh<F>> {
    const WHAT: &str = "symmetric eigenvalue decomposition";
    square(a, WHAT)?;
    check::finite(a, WHAT)?;
    if a.is_empty() {
        return Ok(Eigh {
            values: Array1::zeros(0),
            vectors: Array2::zeros((0, 0)),
        });
    }
    let lower = Array2::from_shape_fn(a.dim(), |(i, j)| if i < j { F::zero() } else { a[[i, j]] });
    let (scaled, scale) = scaled(&lower);
    let (mut values, mut vectors) = F::eigh(&scaled).ok_or_else(|| no_convergence(WHAT))?;
    values.mapv_inplace(|v| v * scale);
    check::learned("eigh", "an eigenvalue", &values)?;
    for mut vector in vectors.columns_mut() {
        if largest_is_negative(&vector) {
            vector.mapv_inplace(|x| -x);
        }
    }
    Ok(Eigh { values, vectors })
}
