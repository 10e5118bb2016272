//! Products of matrices.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayRef2, Axis, s};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;

/// Multiplications below which a product stays on the calling thread.
const SERIAL: usize = 1 << 20;

/// The product a b of a (m, k) and b (k, n).
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(fitwell::linalg::dot(&a, &array![[1.0], [10.0]])?, array![[21.0], [43.0]]);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch` when a has not as many columns as b has rows.
pub fn dot<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Result<Array2<F>> {
    if a.ncols() != b.nrows() {
        return Err(Error::shape(
            "rows of the second factor",
            a.ncols(),
            b.nrows(),
        ));
    }
    Ok(matmul(a, b))
}

/// [`dot`] for shapes that are known to agree.
pub(crate) fn matmul<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Array2<F> {
    let mut c = parallel::zeros((a.nrows(), b.ncols()));
    general_matmul(F::one(), a, b, F::zero(), &mut c);
    c
}

/// c <- alpha a b + beta c, for shapes that are known to agree; c is not read when beta is 0.
pub(crate) fn general_matmul<F: Float>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "the shapes of a product agree"
    );
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if beta == F::zero() {
            c.fill(F::zero());
        } else {
            c.mapv_inplace(|v| v * beta);
        }
        return;
    }
    if !F::SPLIT_PRODUCTS || m.saturating_mul(n).saturating_mul(k) <= SERIAL {
        return F::gemm(alpha, a.view(), b.view(), beta, c.view_mut());
    }
    if m >= n {
        let chunk = (SERIAL / (n * k).max(1)).max(64);
        c.axis_chunks_iter_mut(Axis(0), chunk)
            .into_par_iter()
            .zip(a.axis_chunks_iter(Axis(0), chunk))
            .for_each(|(c, a)| F::gemm(alpha, a, b.view(), beta, c));
    } else {
        let chunk = (SERIAL / (m * k).max(1)).max(64);
        c.axis_chunks_iter_mut(Axis(1), chunk)
            .into_par_iter()
            .enumerate()
            .for_each(|(i, c)| {
                let first = i * chunk;
                let b = b.slice(s![.., first..first + c.ncols()]);
                F::gemm(alpha, a.view(), b, beta, c);
            });
    }
}
