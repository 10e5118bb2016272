//! Linear algebra on ndarray arrays; the only place that names a backend.

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// What the kernels need of an element type. Sealed: `f32` and `f64`.
pub trait Scalar: sealed::Sealed + faer::traits::RealField {}
impl Scalar for f32 {}
impl Scalar for f64 {}

/// Runs `f` compiled for the best instruction set of this machine (AVX-512, AVX2 with FMA, or the baseline).
///
/// Everything hot inside `f` must be inlined into it (`#[inline(always)]`), or it stays baseline code.
#[inline(always)]
pub(crate) fn simd<R>(f: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(f)
}
