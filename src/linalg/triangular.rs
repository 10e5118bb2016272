//! Forward and back substitution.

use ndarray::{Array2, ArrayRef2, ShapeBuilder};

use super::{no_convergence, square};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;

/// Which triangle of a matrix is meant; the other one is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Triangle {
    /// Entries on and below the diagonal.
    Lower,
    /// Entries on and above the diagonal.
    Upper,
}

/// The solution x (n, q) of a x = b with a triangle of a (n, n) and b (n, q), in n² q operations.
///
/// ```
/// use fitwell::linalg::{Triangle, solve_triangular};
/// use ndarray::array;
///
/// let a = array![[2.0, 9.0], [1.0, 4.0]]; // the 9 is not read
/// let x = solve_triangular(&a, Triangle::Lower, &array![[2.0], [9.0]])?;
/// assert!((&x - &array![[1.0], [2.0]]).iter().all(|d: &f64| d.abs() < 1e-15));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch`; `NonFinite`; `InvalidInput` when an entry of the diagonal is 0; `Overflow` when the solution is
/// too large.
pub fn solve_triangular<F: Float>(
    a: &ArrayRef2<F>,
    triangle: Triangle,
    b: &ArrayRef2<F>,
) -> Result<Array2<F>> {
    const WHAT: &str = "triangular matrix";
    square(a, WHAT)?;
    if b.nrows() != a.nrows() {
        return Err(Error::shape(
            "rows of the right-hand side",
            a.nrows(),
            b.nrows(),
        ));
    }
    check::finite(a, WHAT)?;
    check::finite(b, "right-hand side")?;
    if let Some(i) = a.diag().iter().position(|&d| d == F::zero()) {
        return Err(Error::invalid_input(
            WHAT,
            format!("is singular: entry {i} of the diagonal is 0"),
        ));
    }
    let mut x = Array2::zeros(b.dim().f());
    x.assign(b);
    if !x.is_empty() {
        F::solve_triangular(a.view(), triangle == Triangle::Lower, &mut x)
            .ok_or_else(|| no_convergence(WHAT))?;
    }
    check::learned("solve_triangular", "the solution", &x)?;
    Ok(x)
}
