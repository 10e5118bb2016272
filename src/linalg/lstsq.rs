//! Least squares of minimum norm.

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};

use super::{matmul, scale_of, tall_qr, thin_svd};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;

/// What [`lstsq`] finds.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LeastSquares<F> {
    /// The solution x (n, q).
    pub solution: Array2<F>,
    /// How many singular values count as not 0.
    pub rank: usize,
    /// The singular values of a (min(m, n)), descending.
    pub singular_values: Array1<F>,
}

/// The x (n, q) that minimises ‖b - a x‖² for a (m, n) and b (m, q), and among those the one of least norm ‖x‖.
///
/// Singular values of at most `rcond` times the largest count as 0; `None` stands for the machine epsilon times
/// max(m, n), as in NumPy. Householder QR of chunks of rows where a is tall, then the singular value decomposition of
/// R: some 2 m n² + 20 n³ operations.
///
/// ```
/// use fitwell::linalg::lstsq;
/// use ndarray::array;
///
/// // Two equal columns share the weight.
/// let fit = lstsq(&array![[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]], &array![[2.0], [4.0], [6.0]], None)?;
/// assert_eq!(fit.rank, 1);
/// assert!(fit.solution.iter().all(|x: &f64| (x - 1.0).abs() < 1e-14));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch`; `NonFinite`; `InvalidInput` when rcond is negative or NaN or the iteration does not converge;
/// `Overflow` when the solution is too large.
pub fn lstsq<F: Float>(
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    rcond: Option<f64>,
) -> Result<LeastSquares<F>> {
    const WHAT: &str = "least squares";
    let (m, n) = a.dim();
    let q = b.ncols();
    if b.nrows() != m {
        return Err(Error::shape("rows of the right-hand side", m, b.nrows()));
    }
    let rcond = rcond.unwrap_or_else(|| F::EPSILON.f64() * m.max(n) as f64);
    if rcond.is_nan() || rcond < 0.0 {
        return Err(Error::invalid_input(
            WHAT,
            format!("rcond must not be negative, got {rcond}"),
        ));
    }
    check::finite(a, WHAT)?;
    check::finite(b, "right-hand side")?;
    if m == 0 || n == 0 {
        return Ok(LeastSquares {
            solution: Array2::zeros((n, q)),
            rank: 0,
            singular_values: Array1::zeros(0),
        });
    }
    let (a_scale, b_scale) = (scale_of(a), scale_of(b));
    let (a, b) = if m > n + q {
        // [a b] = Q [R c; 0 d]: what is left to solve is R x = c.
        let r = tall_qr((m, n + q), |rows, part| {
            let (mut left, mut right) = part.split_at(Axis(1), n);
            left.zip_mut_with(&a.slice(s![rows.clone(), ..]), |to, &v| *to = v / a_scale);
            right.zip_mut_with(&b.slice(s![rows, ..]), |to, &v| *to = v / b_scale);
        })?;
        (
            r.slice(s![..n, ..n]).to_owned(),
            r.slice(s![..n, n..]).to_owned(),
        )
    } else {
        (a.mapv(|v| v / a_scale), b.mapv(|v| v / b_scale))
    };
    let svd = thin_svd(&a)?;
    let cutoff = F::of(rcond) * svd.s[0];
    let rank = (svd.s.iter()).filter(|&&v| v > cutoff).count();
    // x = v diag(1/s) u' b
    let mut projected = matmul(&svd.u.slice(s![.., ..rank]).t(), &b);
    for (mut row, &s) in projected.rows_mut().into_iter().zip(&svd.s) {
        row.mapv_inplace(|v| v / s);
    }
    let mut solution = matmul(&svd.vt.slice(s![..rank, ..]).t(), &projected);
    solution.mapv_inplace(|v| v / a_scale * b_scale);
    let singular_values = svd.s.mapv(|v| v * a_scale);
    check::learned("lstsq", "the solution", &solution)?;
    check::learned("lstsq", "a singular value", &singular_values)?;
    Ok(LeastSquares {
        solution,
        rank,
        singular_values,
    })
}
