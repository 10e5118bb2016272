//! Linear algebra on ndarray arrays; the only place that names a backend.
//!
//! | function | computes |
//! |---|---|
//! | [`dot`] | the product of two matrices |
//! | [`moments`] | column means and the centred products X'X and X'y, in one pass |
//! | [`Cholesky`], [`log_det`] | solutions and log-determinants with a positive definite matrix |
//! | [`lstsq`] | least squares of minimum norm, any rank |
//! | [`thin_svd`], [`eigh`], [`qr`] | the decompositions |
//! | [`solve_triangular`] | forward and back substitution |
//!
//! The default backend is `faer`; the features `openblas-system`, `openblas-static`, `intel-mkl-static` and
//! `netlib-static` take BLAS and LAPACK instead. Results agree to rounding, and signs are fixed by rules that do not
//! depend on the backend. With the default backend, and one kind of processor, the bits of a result do not depend on the
//! number of threads.
//!
//! Matrices may have any layout. Those that are decomposed are first scaled by a power of two, which is exact, so that
//! entries near the ends of the floating-point range neither overflow nor vanish.

mod backend;
mod cholesky;
mod eigh;
mod gram;
pub(crate) mod lanes;
mod lstsq;
mod moments;
pub(crate) mod panel;
mod product;
mod qr;
mod svd;
mod tall_qr;
mod triangular;

use ndarray::{Array2, ArrayRef2, ShapeBuilder, s};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;

pub use cholesky::{Cholesky, log_det};
pub use eigh::{Eigh, eigh};
pub use lstsq::{LeastSquares, lstsq};
pub use moments::{Moments, moments};
pub use product::dot;
#[allow(unused_imports)]
pub(crate) use product::{general_matmul, matmul};
pub use qr::{Qr, qr};
pub(crate) use svd::largest_is_negative;
pub use svd::{Svd, thin_svd};
pub(crate) use tall_qr::tall_qr;
pub use triangular::{Triangle, solve_triangular};

/// What the kernels need of an element type. Sealed: `f32` and `f64`.
pub trait Scalar: backend::Kernels + lanes::Lanes {}
impl Scalar for f32 {}
impl Scalar for f64 {}

/// Runs `f` compiled for the best instruction set of this machine (AVX-512, AVX2 with FMA, or the baseline).
///
/// Everything hot inside `f` must be inlined into it (`#[inline(always)]`), or it stays baseline code.
#[inline(always)]
pub(crate) fn simd<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}

/// The size of the registers of numbers that [`simd`] compiles for.
pub(crate) fn register_bytes() -> usize {
    struct Bytes;
    impl pulp::WithSimd for Bytes {
        type Output = usize;

        #[inline(always)]
        fn with_simd<S: pulp::Simd>(self, _: S) -> usize {
            S::F64_LANES * size_of::<f64>()
        }
    }
    pulp::Arch::new().dispatch(Bytes)
}

/// The power of two next below the largest magnitude.
pub(crate) fn scale_of<F: Float>(a: &ArrayRef2<F>) -> F {
    let largest = |v: &mut dyn Iterator<Item = F>| v.fold(F::zero(), |m, v| m.max(v.abs()));
    let parts = parallel::map_chunks(
        a.nrows(),
        parallel::row_chunks(a.nrows(), a.ncols()),
        |rows| largest(&mut a.slice(s![rows, ..]).iter().copied()),
    );
    power_of_two(largest(&mut parts.into_iter()))
}

/// A copy in column order, divided by a power of two that brings the largest entry near 1, and that power.
fn scaled<F: Float>(a: &ArrayRef2<F>) -> (Array2<F>, F) {
    let scale = scale_of(a);
    let mut copy = Array2::zeros(a.dim().f());
    copy.zip_mut_with(a, |to, &v| *to = v / scale);
    (copy, scale)
}

/// The power of two next below `x`, 1 for 0. Its reciprocal is finite too.
pub(crate) fn power_of_two<F: Float>(x: F) -> F {
    if x == F::zero() {
        return F::one();
    }
    let limit = if F::NAME == "f32" { 120.0 } else { 1000.0 };
    F::of(x.f64().log2().floor().clamp(-limit, limit).exp2())
}

/// The matrix is square.
fn square<F>(a: &ArrayRef2<F>, what: &str) -> Result<()> {
    if a.nrows() == a.ncols() {
        return Ok(());
    }
    Err(Error::shape(
        format!("{what}: columns of a square matrix"),
        a.nrows(),
        a.ncols(),
    ))
}

fn no_convergence(what: &str) -> Error {
    Error::invalid_input(what, "the decomposition did not converge")
}
