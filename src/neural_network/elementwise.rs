//! `exp`, `tanh` and the logistic function in the type of the data, without branches and tables, so that a loop over them
//! becomes SIMD inside [`linalg::simd`](crate::linalg::simd).
//!
//! Measured against the standard library (see the tests): in `f64`, `exp` within 1 ulp, `tanh` and `logistic` within 4; in
//! `f32`, `exp` within 1 ulp, `tanh` and `logistic` within 3, each of normal results.

use crate::elementary;
use crate::float::Float;

/// Adding it rounds to an integer, which then stands in the low bits.
const ROUND: f32 = 12_582_912.0;
/// ln 2 in two parts; the first has trailing zeros, so that its product with an exponent is exact.
const LN2_HIGH: f32 = 0.693_359_4;
const LN2_LOW: f32 = -2.121_944_4e-4;

/// x as k ln 2 + r with |r| ≤ ln 2 / 2: k in the low bits of a float, and eʳ − 1.
#[inline(always)]
fn reduced(x: f32) -> (f32, f32) {
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let k = shifted - ROUND;
    let r = k.mul_add(-LN2_LOW, k.mul_add(-LN2_HIGH, x));
    // eʳ = 1 + r + r² q(r), the series up to r⁷, whose remainder is below 6e-9.
    let q = r.mul_add(1.0 / 5040.0, 1.0 / 720.0);
    let q = q.mul_add(r, 1.0 / 120.0);
    let q = q.mul_add(r, 1.0 / 24.0);
    let q = q.mul_add(r, 1.0 / 6.0);
    let q = q.mul_add(r, 0.5);
    (shifted, (r * r).mul_add(q, r))
}

/// eˣ in `f32`. Infinity above 88.73, 0 below −103.98; NaN stays NaN.
#[inline(always)]
fn exp_32(x: f32) -> f32 {
    let clamped = if x > 89.0 { 89.0 } else { x };
    let clamped = if clamped < -104.0 { -104.0 } else { clamped };
    let (shifted, rest) = reduced(clamped);
    // Twice 2^(k/2), because 2^k alone may be subnormal or beyond the largest exponent.
    let k = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let half = k.wrapping_add(256) >> 1;
    let other = k.wrapping_add(256).wrapping_sub(half);
    let scale = f32::from_bits(half.wrapping_sub(1).wrapping_shl(23));
    let scale_other = f32::from_bits(other.wrapping_sub(1).wrapping_shl(23));
    (1.0 + rest) * scale * scale_other
}

/// eˣ − 1 in `f32` for x ≤ 0, exact to the last bits also where x is tiny; NaN stays NaN.
#[inline(always)]
fn exp_m1_32(x: f32) -> f32 {
    let clamped = if x < -25.0 { -25.0 } else { x };
    let (shifted, rest) = reduced(clamped);
    let k = shifted.to_bits().wrapping_sub(ROUND.to_bits());
    let scale = f32::from_bits(k.wrapping_add(127).wrapping_shl(23));
    rest.mul_add(scale, scale - 1.0)
}

/// Whether the type is `f32`: known when compiled, so that the other branch goes.
#[inline(always)]
fn narrow<F: Float>() -> bool {
    size_of::<F>() == 4
}

/// `f` of an `f32`; the conversions there and back are no instructions.
#[inline(always)]
fn through_32<F: Float>(x: F, f: impl Fn(f32) -> f32) -> F {
    F::of(f64::from(f(x.f64() as f32)))
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<F: Float>(x: F) -> F {
    if narrow::<F>() {
        through_32(x, exp_32)
    } else {
        F::of(elementary::exp(x.f64()))
    }
}

/// 1 / (1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn logistic<F: Float>(x: F) -> F {
    if narrow::<F>() {
        through_32(x, |x| 1.0 / (1.0 + exp_32(-x)))
    } else {
        F::of(1.0 / (1.0 + elementary::exp(-x.f64())))
    }
}

/// tanh x = (1 − e^(−2|x|)) / (1 + e^(−2|x|)) with the sign of x.
#[inline(always)]
pub(crate) fn tanh<F: Float>(x: F) -> F {
    if narrow::<F>() {
        through_32(x, |x| {
            let m = exp_m1_32(-2.0 * x.abs());
            (-m / (2.0 + m)).copysign(x)
        })
    } else {
        let x = x.f64();
        let m = elementary::exp_m1(-2.0 * x.abs());
        F::of((-m / (2.0 + m)).copysign(x))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(low: f64, high: f64) -> impl Iterator<Item = f64> {
        (0..40_000).map(move |i| {
            let golden = (f64::from(i) * 0.618_033_988_749_894_9).fract();
            low + (high - low) * golden
        })
    }

    /// The largest distance in units of the last place of a normal result.
    fn worst<F: Float>(
        low: f64,
        high: f64,
        ours: impl Fn(F) -> F,
        truth: impl Fn(f64) -> f64,
    ) -> f64 {
        points(low, high)
            .map(|x| {
                let x = F::of(x);
                let right = truth(x.f64());
                let unit = F::EPSILON.f64() * 2f64.powi(right.abs().log2().floor() as i32);
                (ours(x).f64() - right).abs() / unit
            })
            .fold(0.0, f64::max)
    }

    fn within<F: Float>(exp_ends: (f64, f64), allowed: [f64; 3]) {
        let mut found = [0.0f64; 3];
        for (low, high) in [exp_ends, (-1.0, 1.0), (-1e-4, 1e-4)] {
            found[0] = found[0].max(worst::<F>(low, high, exp, f64::exp));
        }
        for (low, high) in [(-30.0, 30.0), (-1.0, 1.0), (-1e-4, 1e-4)] {
            found[1] = found[1].max(worst::<F>(low, high, tanh, f64::tanh));
            let logistic_64 = |x: f64| 1.0 / (1.0 + (-x).exp());
            found[2] = found[2].max(worst::<F>(low, high, logistic, logistic_64));
        }
        for (found, allowed) in found.into_iter().zip(allowed) {
            assert!(found <= allowed, "{}: {found} {allowed}", F::NAME);
        }
    }

    #[test]
    fn errors_are_within_the_stated_bounds() {
        within::<f64>((-700.0, 700.0), [1.0, 4.0, 4.0]);
        within::<f32>((-87.0, 88.0), [1.0, 3.0, 3.0]);
    }

    #[test]
    fn extremes() {
        for x in [f32::INFINITY, 1e30, 89.5] {
            assert_eq!(exp(x), f32::INFINITY);
            assert_eq!(exp(-x * 2.0), 0.0);
            assert_eq!((tanh(x), tanh(-x)), (1.0, -1.0));
            assert_eq!(logistic(x), 1.0);
            assert!(logistic(-x) < 1e-37);
        }
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && logistic(f32::NAN).is_nan());
        assert_eq!(tanh(-0.0f32).to_bits(), (-0.0f32).to_bits());
        assert_eq!(exp(0.0f32), 1.0);
        assert_eq!(tanh(1e-30f32), 1e-30);
    }
}
