//! The one bound on element types.

use ndarray::NdFloat;
use serde::{Serialize, de::DeserializeOwned};

/// `f32` or `f64`: what samples, targets and fitted models are made of.
///
/// Hyper-parameters are always `f64`. Computation stays in the type of the data; sums that would lose digits in `f32`
/// are accumulated in `f64`.
///
/// The trait is sealed: the kernels exist for these two types.
pub trait Float:
    NdFloat
    + crate::linalg::Scalar
    + num_traits::FromPrimitive
    + std::iter::Sum
    + Default
    + Serialize
    + DeserializeOwned
{
    /// `"f32"` or `"f64"`, as model files name it.
    const NAME: &'static str;
    /// The distance from 1 to the next number.
    const EPSILON: Self;
    /// The nearest value of this type.
    fn of(value: f64) -> Self;
    /// The same value as `f64`, exactly.
    fn f64(self) -> f64;
}

impl Float for f32 {
    const NAME: &'static str = "f32";
    const EPSILON: f32 = f32::EPSILON;
    #[inline(always)]
    fn of(value: f64) -> f32 {
        value as f32
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    const NAME: &'static str = "f64";
    const EPSILON: f64 = f64::EPSILON;
    #[inline(always)]
    fn of(value: f64) -> f64 {
        value
    }
    #[inline(always)]
    fn f64(self) -> f64 {
        self
    }
}
