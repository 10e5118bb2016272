//! The few vector operations a minimiser needs. Sums run in `f64` over a fixed number of lanes, whatever the type.

use crate::float::Float;
use crate::linalg::simd;

const LANES: usize = 8;

/// Σ aᵢ bᵢ.
#[inline(always)]
pub(super) fn dot<F: Float>(a: &[F], b: &[F]) -> f64 {
    let mut lanes = [0.0; LANES];
    let (a, a_tail) = a.as_chunks::<LANES>();
    let (b, b_tail) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            lanes[l] += a[l].f64() * b[l].f64();
        }
    }
    let tail: f64 = a_tail
        .iter()
        .zip(b_tail)
        .map(|(a, b)| a.f64() * b.f64())
        .sum();
    lanes.iter().sum::<f64>() + tail
}

/// y ← y + a x.
#[inline(always)]
pub(super) fn add_scaled<F: Float>(y: &mut [F], a: f64, x: &[F]) {
    let a = F::of(a);
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// Σ aᵢ bᵢ, compiled for this machine.
pub(super) fn inner<F: Float>(a: &[F], b: &[F]) -> f64 {
    simd(
        #[inline(always)]
        || dot(a, b),
    )
}

/// max |aᵢ|; NaN if there is one.
pub(super) fn max_abs<F: Float>(a: &[F]) -> f64 {
    let mut largest = 0.0;
    for v in a {
        let v = v.f64().abs();
        if v.is_nan() {
            return v;
        }
        if v > largest {
            largest = v;
        }
    }
    largest
}
