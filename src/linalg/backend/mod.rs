//! The kernels a backend provides, for finite input of matching shapes.

#[cfg(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-static"
))]
mod lapack;
#[cfg(not(any(
    feature = "openblas-system",
    feature = "openblas-static",
    feature = "intel-mkl-static",
    feature = "netlib-static"
)))]
mod pure;

use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2};

/// The singular value decomposition `a = u diag(s) v'`: u (m, k), s descending, v (n, k), k = min(m, n).
pub(super) type SvdParts<F> = (Array2<F>, Array1<F>, Array2<F>);

/// Matrices that are decomposed are in column order and not empty. `None` says that an iteration did not converge or
/// that the backend refused.
#[allow(unnameable_types)]
pub trait Kernels: Sized {
    /// Whether a large product is to be split into parts that run in parallel.
    const SPLIT_PRODUCTS: bool;
    /// c <- alpha a b + beta c; c is not read when beta is 0.
    fn gemm(
        alpha: Self,
        a: ArrayView2<'_, Self>,
        b: ArrayView2<'_, Self>,
        beta: Self,
        c: ArrayViewMut2<'_, Self>,
    );
    /// The lower Cholesky factor of the lower triangle in its place, or the pivot that is not positive. What is above
    /// the diagonal, zeros, is kept.
    fn cholesky(a: &mut Array2<Self>) -> Result<(), usize>;
    /// b <- a^-1 b with the lower or upper triangle of a; no pivot is 0.
    fn solve_triangular(a: ArrayView2<'_, Self>, lower: bool, b: &mut Array2<Self>) -> Option<()>;
    /// All of the thin decomposition.
    fn svd(a: &Array2<Self>) -> Option<SvdParts<Self>>;
    /// Eigenvalues, ascending, and eigenvectors in columns, from the lower triangle.
    fn eigh(a: &Array2<Self>) -> Option<(Array1<Self>, Array2<Self>)>;
    /// q (m, k) with orthonormal columns and r (k, n) upper trapezoidal.
    fn qr(a: Array2<Self>) -> Option<(Array2<Self>, Array2<Self>)>;
    /// r alone.
    fn qr_r(a: Array2<Self>) -> Option<Array2<Self>>;
}
