//! Vectors of an element type, for kernels that hold them in registers.

use pulp::{Simd, bytemuck};

/// What register-blocked kernels do with vectors of an element type.
#[allow(unnameable_types)]
pub trait Lanes: bytemuck::Pod {
    /// A vector register.
    type Vector<S: Simd>: bytemuck::Pod;
    /// Elements of a vector.
    fn lanes<S: Simd>() -> usize {
        size_of::<Self::Vector<S>>() / size_of::<Self>()
    }
    /// The whole vectors at the start of a slice.
    fn vectors<S: Simd>(values: &[Self]) -> &[Self::Vector<S>];
    /// The whole vectors at the start of a slice, to be written.
    fn vectors_mut<S: Simd>(values: &mut [Self]) -> &mut [Self::Vector<S>];
    /// A vector of equal elements.
    fn splat<S: Simd>(simd: S, value: Self) -> Self::Vector<S>;
    /// a b + c, fused where the processor can.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        c: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// In each lane `then` where a < b, else `otherwise`.
    fn select_less<S: Simd>(
        simd: S,
        a: Self::Vector<S>,
        b: Self::Vector<S>,
        then: Self::Vector<S>,
        otherwise: Self::Vector<S>,
    ) -> Self::Vector<S>;
    /// The least element.
    fn least<S: Simd>(simd: S, a: Self::Vector<S>) -> Self;
    /// Adds a vector to as many sums.
    fn add_to<S: Simd>(simd: S, sums: &mut [f64], vector: Self::Vector<S>);
}

impl Lanes for f64 {
    type Vector<S: Simd> = S::f64s;
    #[inline(always)]
    fn vectors<S: Simd>(values: &[f64]) -> &[S::f64s] {
        S::as_simd_f64s(values).0
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(values: &mut [f64]) -> &mut [S::f64s] {
        S::as_mut_simd_f64s(values).0
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: f64) -> S::f64s {
        simd.splat_f64s(value)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f64s, b: S::f64s, c: S::f64s) -> S::f64s {
        simd.mul_add_e_f64s(a, b, c)
    }
    #[inline(always)]
    fn select_less<S: Simd>(
        simd: S,
        a: S::f64s,
        b: S::f64s,
        then: S::f64s,
        otherwise: S::f64s,
    ) -> S::f64s {
        simd.select_f64s(simd.less_than_f64s(a, b), then, otherwise)
    }
    #[inline(always)]
    fn least<S: Simd>(simd: S, a: S::f64s) -> f64 {
        simd.reduce_min_f64s(a)
    }
    #[inline(always)]
    fn add_to<S: Simd>(simd: S, sums: &mut [f64], vector: S::f64s) {
        if let Some(sum) = S::as_mut_simd_f64s(sums).0.first_mut() {
            *sum = simd.add_f64s(*sum, vector);
        }
    }
}

impl Lanes for f32 {
    type Vector<S: Simd> = S::f32s;
    #[inline(always)]
    fn vectors<S: Simd>(values: &[f32]) -> &[S::f32s] {
        S::as_simd_f32s(values).0
    }
    #[inline(always)]
    fn vectors_mut<S: Simd>(values: &mut [f32]) -> &mut [S::f32s] {
        S::as_mut_simd_f32s(values).0
    }
    #[inline(always)]
    fn splat<S: Simd>(simd: S, value: f32) -> S::f32s {
        simd.splat_f32s(value)
    }
    #[inline(always)]
    fn mul_add<S: Simd>(simd: S, a: S::f32s, b: S::f32s, c: S::f32s) -> S::f32s {
        simd.mul_add_e_f32s(a, b, c)
    }
    #[inline(always)]
    fn select_less<S: Simd>(
        simd: S,
        a: S::f32s,
        b: S::f32s,
        then: S::f32s,
        otherwise: S::f32s,
    ) -> S::f32s {
        simd.select_f32s(simd.less_than_f32s(a, b), then, otherwise)
    }
    #[inline(always)]
    fn least<S: Simd>(simd: S, a: S::f32s) -> f32 {
        simd.reduce_min_f32s(a)
    }
    #[inline(always)]
    fn add_to<S: Simd>(_: S, sums: &mut [f64], vector: S::f32s) {
        let vector = [vector];
        for (sum, &v) in sums.iter_mut().zip(bytemuck::cast_slice::<_, f32>(&vector)) {
            *sum += f64::from(v);
        }
    }
}
