//! The Cholesky decomposition of a symmetric positive definite matrix.

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, ShapeBuilder};

use super::{power_of_two, square};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;

/// The decomposition a = L L' of a symmetric positive definite matrix, for solving many systems with it.
///
/// Rows and columns are scaled by powers of two to a diagonal near 1 first: D a D = L L'. That is exact, keeps the
/// condition number of badly scaled variables out of the result, and lets entries of 1e300 and 1e-300 live side by side.
/// n³/3 operations; only the lower triangle of a is read.
///
/// ```
/// use fitwell::linalg::Cholesky;
/// use ndarray::array;
///
/// let a = array![[4.0, 2.0], [2.0, 3.0]];
/// let factor = Cholesky::new(&a)?;
/// let x = factor.solve_vector(&array![8.0, 7.0])?;
/// assert!((x[0] - 1.25_f64).abs() < 1e-15 && (x[1] - 1.5_f64).abs() < 1e-15);
/// assert!((factor.log_det() - 8.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cholesky<F> {
    /// L in the lower triangle; what is above it is not L's.
    factor: Array2<F>,
    /// The diagonal of D.
    scale: Array1<F>,
    /// The 1-norm of D a D.
    norm: F,
}

impl<F: Float> Cholesky<F> {
    /// Decomposes `a` (n, n).
    ///
    /// # Errors
    /// `ShapeMismatch` when a is not square; `NonFinite`; `NotPositiveDefinite` with the first pivot that is not
    /// positive.
    pub fn new(a: &ArrayRef2<F>) -> Result<Self> {
        const WHAT: &str = "Cholesky decomposition";
        square(a, WHAT)?;
        check::finite(a, WHAT)?;
        let n = a.nrows();
        let scale: Array1<F> = a
            .diag()
            .iter()
            .map(|&d| F::one() / power_of_two(d.abs().sqrt()))
            .collect();
        let mut factor = Array2::zeros((n, n).f());
        for (j, mut column) in factor.columns_mut().into_iter().enumerate() {
            for i in j..n {
                column[i] = a[[i, j]] * scale[i] * scale[j];
            }
        }
        let mut sums = Array1::<F>::zeros(n);
        for ((i, j), v) in factor.indexed_iter() {
            sums[j] += v.abs();
            if i != j {
                sums[i] += v.abs();
            }
        }
        let norm = sums.iter().fold(F::zero(), |m, &v| m.max(v));
        if n > 0 {
            F::cholesky(&mut factor).map_err(|pivot| ErrorKind::NotPositiveDefinite {
                what: WHAT.into(),
                pivot,
            })?;
        }
        // Rounding may have let a pivot pass that is not a positive number.
        if let Some(pivot) = factor
            .diag()
            .iter()
            .position(|&d| !(d > F::zero() && d.is_finite()))
        {
            return Err(ErrorKind::NotPositiveDefinite {
                what: WHAT.into(),
                pivot,
            }
            .into());
        }
        Ok(Cholesky {
            factor,
            scale,
            norm,
        })
    }

    /// The solution x (n, q) of a x = b for b (n, q).
    ///
    /// # Errors
    /// `ShapeMismatch`; `NonFinite`; `Overflow` when the solution is too large.
    pub fn solve(&self, b: &ArrayRef2<F>) -> Result<Array2<F>> {
        const WHAT: &str = "right-hand side";
        if b.nrows() != self.factor.nrows() {
            return Err(Error::shape(
                "rows of the right-hand side",
                self.factor.nrows(),
                b.nrows(),
            ));
        }
        check::finite(b, WHAT)?;
        let mut x = Array2::zeros(b.dim().f());
        x.assign(b);
        x *= &self.scale.view().insert_axis(Axis(1));
        self.solve_scaled(&mut x);
        x *= &self.scale.view().insert_axis(Axis(1));
        check::learned("Cholesky", "the solution", &x)?;
        Ok(x)
    }

    /// The solution x (n) of a x = b for b (n).
    ///
    /// # Errors
    /// As [`solve`](Self::solve).
    pub fn solve_vector(&self, b: &ArrayRef1<F>) -> Result<Array1<F>> {
        Ok(self
            .solve(&b.view().insert_axis(Axis(1)))?
            .index_axis_move(Axis(1), 0))
    }

    /// L. It is the factor of D a D, so of a itself where its diagonal is 1.
    pub(crate) fn lower(&self) -> Array2<F> {
        Array2::from_shape_fn(self.factor.dim(), |(i, j)| {
            if i < j {
                F::zero()
            } else {
                self.factor[[i, j]]
            }
        })
    }

    /// L of a itself, a = L L'.
    pub(crate) fn root(&self) -> Array2<F> {
        let scale = self.scale.view().insert_axis(Axis(1));
        self.lower() / scale
    }

    /// The natural logarithm of the determinant of a.
    pub fn log_det(&self) -> F {
        let half: f64 = (self.factor.diag().iter())
            .zip(&self.scale)
            .map(|(d, s)| d.f64().ln() - s.f64().ln())
            .sum();
        F::of(2.0 * half)
    }

    /// An estimate of the reciprocal condition number of the scaled matrix D a D in the 1-norm, in [0, 1].
    ///
    /// Solutions lose about -log10(rcond) digits. Near the machine epsilon nothing is left of them. Higham's
    /// refinement of Hager's method (Higham, Accuracy and Stability of Numerical Algorithms, chapter 15), a lower bound
    /// on the norm of the inverse that is rarely off by more than a factor of 3; some 10 n² operations.
    pub fn rcond(&self) -> F {
        let n = self.factor.nrows();
        if n == 0 {
            return F::one();
        }
        let inverse_norm = self.inverse_norm(n);
        let rcond = F::one() / (self.norm * inverse_norm);
        if rcond.is_finite() {
            rcond.min(F::one())
        } else {
            F::zero()
        }
    }

    /// A lower bound on the 1-norm of (D a D)^-1.
    fn inverse_norm(&self, n: usize) -> F {
        let size = F::of(n as f64);
        let mut x = Array2::from_elem((n, 1).f(), F::one() / size);
        let mut best = F::zero();
        let mut previous = usize::MAX;
        for _ in 0..5 {
            self.solve_scaled(&mut x);
            let norm: F = x.iter().map(|v| v.abs()).sum();
            if !norm.is_finite() {
                return F::infinity();
            }
            if norm <= best {
                break;
            }
            best = norm;
            // The inverse is symmetric: its transpose applied to the signs is one more solve.
            x.mapv_inplace(|v| if v < F::zero() { -F::one() } else { F::one() });
            self.solve_scaled(&mut x);
            let largest = (x.iter().enumerate())
                .fold(
                    (0, F::zero()),
                    |m, (i, v)| {
                        if v.abs() > m.1 { (i, v.abs()) } else { m }
                    },
                )
                .0;
            if largest == previous {
                break;
            }
            previous = largest;
            x.fill(F::zero());
            x[[largest, 0]] = F::one();
        }
        // A vector of growing alternating entries, against matrices that fool the iteration.
        for (i, v) in x.iter_mut().enumerate() {
            let grown = F::one() + F::of(i as f64) / F::of((n.max(2) - 1) as f64);
            *v = if i % 2 == 0 { grown } else { -grown };
        }
        self.solve_scaled(&mut x);
        let alternating = x.iter().map(|v| v.abs()).sum::<F>() * F::of(2.0) / (F::of(3.0) * size);
        best.max(alternating)
    }

    /// x <- (L L')^-1 x; NaN, which callers look for, if the backend refuses.
    fn solve_scaled(&self, x: &mut Array2<F>) {
        let solved = x.is_empty()
            || F::solve_triangular(self.factor.view(), true, x)
                .and_then(|()| F::solve_triangular(self.factor.t(), false, x))
                .is_some();
        if !solved {
            x.fill(F::nan());
        }
    }
}

/// The natural logarithm of the determinant of a symmetric positive definite matrix; only its lower triangle is read.
///
/// ```
/// let a = ndarray::array![[4.0, 2.0], [2.0, 3.0]];
/// assert!((fitwell::linalg::log_det(&a)? - 8.0_f64.ln()).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// As [`Cholesky::new`].
pub fn log_det<F: Float>(a: &ArrayRef2<F>) -> Result<F> {
    Ok(Cholesky::new(a)?.log_det())
}
