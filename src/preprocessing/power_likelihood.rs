//! The exponent of a power transformation that makes a column most like a normal one.
//!
//! Both families are built on the function E(k, l) = (exp(k l) − 1) / k, l for k = 0, of a logarithm l: Box-Cox of x is
//! E(λ, ln x); Yeo-Johnson of x ≥ 0 is E(λ, ln(1 + x)) and of x < 0 is −E(2 − λ, ln(1 − x)). With z the transformed column
//! and c the mean of the signed logarithms, the likelihood of λ for n values is, up to a constant,
//! ```text
//! n (−½ ln var z + (λ − 1) c)
//! ```
//! so that its derivative is zero where cov(z, ∂z/∂λ) / var z = c. This is solved, instead of searching for the greatest
//! likelihood: the place of an extremum is known to half the digits of the function only, the root of a derivative to
//! nearly all. The left side grows with λ (the negative logarithm of the likelihood is convex), so a bracket is found by
//! doubling steps, and the root in it by Chandrupatla's method.
//!
//! Where all logarithms have the same sign in z, they are taken relative to their mean m: as E(k, m + d) is
//! E(k, m) + exp(k m) E(k, d), this changes no root, makes c = 0, and keeps the digits of values that lie close together.

use crate::elementary;
use crate::float::Float;
use crate::{linalg, parallel};

/// Values of a part of the sums that stay in the first cache.
const BLOCK: usize = 512;
/// Values of a task.
const CHUNK: usize = 1 << 15;
const LANES: usize = 8;

/// The logarithms of a column.
pub(crate) struct Logarithms {
    /// ln x, or ln(1 + x) of the values that are not negative.
    above: Vec<f64>,
    /// ln(1 − x) of the negative values.
    below: Vec<f64>,
    /// The mean c of the signed logarithms.
    mean: f64,
}

impl Logarithms {
    /// For Box-Cox: of positive values.
    pub(crate) fn box_cox<F: Float>(values: &[F]) -> Self {
        let above = values.iter().map(|v| v.f64().ln()).collect();
        Self::of(above, Vec::new())
    }

    /// For Yeo-Johnson: of any values.
    pub(crate) fn yeo_johnson<F: Float>(values: &[F]) -> Self {
        let mut above = Vec::with_capacity(values.len());
        let mut below = Vec::new();
        for v in values {
            let v = v.f64();
            let log = v.abs().ln_1p();
            if v >= 0.0 {
                above.push(log)
            } else {
                below.push(log)
            }
        }
        Self::of(above, below)
    }

    fn of(mut above: Vec<f64>, mut below: Vec<f64>) -> Self {
        if above.is_empty() || below.is_empty() {
            for logs in [&mut above, &mut below] {
                let mean = mean_of(logs);
                logs.iter_mut().for_each(|l| *l -= mean);
            }
        }
        let n = (above.len() + below.len()) as f64;
        let sum = |v: &[f64]| mean_of(v) * v.len() as f64;
        Logarithms {
            mean: (sum(&above) - sum(&below)) / n,
            above,
            below,
        }
    }

    /// The derivative of the likelihood by λ, over −n: it grows with λ.
    fn slope(&self, lambda: f64) -> f64 {
        let mut total = Moments::default();
        for (logs, k, sign) in [
            (&self.above, lambda, 1.0),
            (&self.below, 2.0 - lambda, -1.0),
        ] {
            let parts = parallel::map_chunks(logs.len(), CHUNK, |range| {
                linalg::simd(
                    #[inline(always)]
                    || moments(&logs[range], k, sign),
                )
            });
            for part in &parts {
                total.merge(part);
            }
        }
        // A variance below the normal numbers has lost its digits.
        if total.var < f64::MIN_POSITIVE {
            return f64::NAN;
        }
        total.cov / total.var - self.mean
    }

    /// The most likely λ in [low, high], which may be infinite; 1 when the range is empty or the likelihood says nothing.
    pub(crate) fn most_likely(&self, low: f64, high: f64) -> f64 {
        if low > high {
            return 1.0;
        }
        let start = 1f64.max(low).min(high);
        let at_start = self.slope(start);
        if !at_start.is_finite() {
            return 1.0;
        }
        let direction = if at_start > 0.0 { -1.0 } else { 1.0 };
        let (mut near, mut at_near) = (start, at_start);
        let mut step = 1.0;
        while at_near != 0.0 {
            let far = (start + direction * step).clamp(low, high);
            let slope = self.slope(far);
            // Beyond the range of the exponential the likelihood has fallen.
            let at_far = if slope.is_finite() {
                slope
            } else {
                direction * f64::MAX
            };
            if at_far * direction >= 0.0 {
                return root(|v| self.slope(v), (near, at_near), (far, at_far));
            }
            if far == low || far == high || step > 1e18 {
                return far;
            }
            (near, at_near) = (far, at_far);
            step *= 2.0;
        }
        near
    }
}

/// The mean, from blocks, so that rounding grows slowly.
fn mean_of(values: &[f64]) -> f64 {
    let blocks = values.chunks(BLOCK).map(|block| block.iter().sum::<f64>());
    blocks.sum::<f64>() / values.len().max(1) as f64
}

/// Count, means, and sums of squares and products of the deviations, of z and its derivative by λ.
#[derive(Clone, Copy, Debug, Default)]
struct Moments {
    count: f64,
    z: f64,
    dz: f64,
    var: f64,
    cov: f64,
}

impl Moments {
    #[inline(always)]
    fn merge(&mut self, other: &Moments) {
        let count = self.count + other.count;
        if count == 0.0 {
            return;
        }
        let share = other.count / count;
        let (z, dz) = (other.z - self.z, other.dz - self.dz);
        self.var += other.var + z * z * self.count * share;
        self.cov += other.cov + z * dz * self.count * share;
        self.z += z * share;
        self.dz += dz * share;
        self.count = count;
    }
}

/// Of z = sign · E(k, l) and its derivative by λ, where k = λ for sign 1 and 2 − λ for sign −1: ∂E/∂k for both.
#[inline(always)]
fn moments(logs: &[f64], k: f64, sign: f64) -> Moments {
    let mut total = Moments::default();
    let (mut z, mut dz) = ([0.0; BLOCK], [0.0; BLOCK]);
    for block in logs.chunks(BLOCK) {
        let n = block.len();
        let (z, dz) = (&mut z[..n], &mut dz[..n]);
        for ((z, dz), l) in z.iter_mut().zip(dz.iter_mut()).zip(block) {
            let (value, derivative) = power(k, *l);
            *z = sign * value;
            *dz = derivative;
        }
        let count = n as f64;
        let (mean_z, mean_dz) = (sum(z, |v| v) / count, sum(dz, |v| v) / count);
        let mut var = [0.0; LANES];
        let mut cov = [0.0; LANES];
        for (z, dz) in z.chunks(LANES).zip(dz.chunks(LANES)) {
            for (((var, cov), z), dz) in var.iter_mut().zip(&mut cov).zip(z).zip(dz) {
                let d = z - mean_z;
                *var += d * d;
                *cov += d * (dz - mean_dz);
            }
        }
        total.merge(&Moments {
            count,
            z: mean_z,
            dz: mean_dz,
            var: var.iter().sum(),
            cov: cov.iter().sum(),
        });
    }
    total
}

#[inline(always)]
fn sum(values: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    for block in values.chunks(LANES) {
        for (lane, v) in lanes.iter_mut().zip(block) {
            *lane += f(*v);
        }
    }
    lanes.iter().sum()
}

/// E(k, l) and its derivative by k, with t = k l: l (eᵗ − 1) / t and l² (t eᵗ − eᵗ + 1) / t².
#[inline(always)]
fn power(k: f64, l: f64) -> (f64, f64) {
    let t = k * l;
    let less = elementary::exp_m1(t);
    let value = if k == 0.0 { l } else { less / k };
    // Near 0 the difference loses digits: Σ tᵐ (m + 1) / (m + 2)! instead.
    let near = SERIES
        .iter()
        .rev()
        .fold(0.0, |sum: f64, c| sum.mul_add(t, *c));
    let far = (t * less + (t - less)) / (t * t);
    let g = if t.abs() < 0.25 { near } else { far };
    (value, l * l * g)
}

/// (m + 1) / (m + 2)!
const SERIES: [f64; 11] = [
    1.0 / 2.0,
    2.0 / 6.0,
    3.0 / 24.0,
    4.0 / 120.0,
    5.0 / 720.0,
    6.0 / 5_040.0,
    7.0 / 40_320.0,
    8.0 / 362_880.0,
    9.0 / 3_628_800.0,
    10.0 / 39_916_800.0,
    11.0 / 479_001_600.0,
];

/// The root of a growing function between two points where its signs differ, to the last digits.
///
/// T. R. Chandrupatla (1997), "A new hybrid quadratic/bisection algorithm for finding the zero of a nonlinear function
/// without using derivatives", Advances in Engineering Software 28.
fn root(f: impl Fn(f64) -> f64, first: (f64, f64), second: (f64, f64)) -> f64 {
    const MOST: usize = 200;
    let ((mut b, mut fb), (mut a, mut fa)) = (first, second);
    let mut share = 0.5;
    for _ in 0..MOST {
        let x = a + share * (b - a);
        let found = f(x);
        // Beyond the range of the exponential: on the far side.
        let fx = if found.is_finite() {
            found
        } else {
            fa.signum() * f64::MAX
        };
        let (c, fc) = if (fx > 0.0) == (fa > 0.0) {
            (a, fa)
        } else {
            let before = (b, fb);
            (b, fb) = (a, fa);
            before
        };
        (a, fa) = (x, fx);
        let (best, at_best) = if fa.abs() < fb.abs() {
            (a, fa)
        } else {
            (b, fb)
        };
        let tolerance = (2.0 * f64::EPSILON * best.abs() + 1e-15) / (b - a).abs();
        if tolerance > 0.5 || at_best == 0.0 {
            return best;
        }
        // Inverse quadratic interpolation where it is safe, bisection elsewhere.
        let xi = (a - b) / (c - b);
        let phi = (fa - fb) / (fc - fb);
        let safe = phi * phi < xi && (1.0 - phi) * (1.0 - phi) < 1.0 - xi;
        share = if safe {
            fa / (fb - fa) * fc / (fb - fc) + (c - a) / (b - a) * fa / (fc - fa) * fb / (fc - fb)
        } else {
            0.5
        };
        share = share.clamp(tolerance, 1.0 - tolerance);
        if !share.is_finite() {
            share = 0.5;
        }
    }
    if fa.abs() < fb.abs() { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn normal(n: usize) -> Vec<f64> {
        let mut rng = random::generator(12);
        (0..n).map(|_| random::standard_normal(&mut rng)).collect()
    }

    /// The likelihood over n, directly.
    fn likelihood(values: &[f64], lambda: f64, yeo_johnson: bool) -> f64 {
        let e = |k: f64, l: f64| if k == 0.0 { l } else { (k * l).exp_m1() / k };
        let z: Vec<f64> = values
            .iter()
            .map(|x| match yeo_johnson {
                true if *x >= 0.0 => e(lambda, x.ln_1p()),
                true => -e(2.0 - lambda, (-x).ln_1p()),
                false => e(lambda, x.ln()),
            })
            .collect();
        let n = z.len() as f64;
        let mean = z.iter().sum::<f64>() / n;
        let var = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() / n;
        let log = |x: &f64| {
            if yeo_johnson {
                x.signum() * x.abs().ln_1p()
            } else {
                x.ln()
            }
        };
        -0.5 * var.ln() + (lambda - 1.0) * values.iter().map(log).sum::<f64>() / n
    }

    #[test]
    fn the_slope_is_that_of_the_likelihood() {
        let values = normal(700);
        let positive: Vec<f64> = values.iter().map(|v| v.exp() * 3.0).collect();
        for lambda in [-2.0, -0.3, 0.0, 1e-9, 0.5, 1.0, 1.7, 2.0, 4.0] {
            for (values, logs, yeo_johnson) in [
                (&values, Logarithms::yeo_johnson(&values), true),
                (&positive, Logarithms::box_cox(&positive), false),
            ] {
                let h = 1e-4;
                let up = likelihood(values, lambda + h, yeo_johnson);
                let down = likelihood(values, lambda - h, yeo_johnson);
                let (ours, expected) = (-logs.slope(lambda), (up - down) / (2.0 * h));
                assert!(
                    (ours - expected).abs() < 1e-6,
                    "{lambda}: {ours} {expected}"
                );
            }
        }
    }

    #[test]
    fn a_power_of_normal_values_is_undone() {
        let normal = normal(50_000);
        // exp: Box-Cox of λ = 0; the square of a positive normal variable: λ = ½.
        let logs = Logarithms::box_cox(&normal.iter().map(|v| v.exp()).collect::<Vec<_>>());
        assert!(logs.most_likely(f64::NEG_INFINITY, f64::INFINITY).abs() < 0.02);
        let squares: Vec<f64> = normal.iter().map(|v| (v + 9.0).powi(2)).collect();
        let lambda = Logarithms::box_cox(&squares).most_likely(f64::NEG_INFINITY, f64::INFINITY);
        assert!((lambda - 0.5).abs() < 0.05, "{lambda}");
        let lambda = Logarithms::yeo_johnson(&normal).most_likely(-10.0, 10.0);
        assert!((lambda - 1.0).abs() < 0.02, "{lambda}");
    }

    #[test]
    fn the_likelihood_is_greatest_there() {
        let values = normal(300);
        let positive: Vec<f64> = values.iter().map(|v| (2.0 * v).exp() + 1.0).collect();
        for (values, logs, yeo_johnson) in [
            (&values, Logarithms::yeo_johnson(&values), true),
            (&positive, Logarithms::yeo_johnson(&positive), true),
            (&positive, Logarithms::box_cox(&positive), false),
        ] {
            let best = logs.most_likely(-50.0, 50.0);
            let top = likelihood(values, best, yeo_johnson);
            for step in [1e-3, 0.1, 2.0] {
                assert!(likelihood(values, best + step, yeo_johnson) < top);
                assert!(likelihood(values, best - step, yeo_johnson) < top);
            }
            assert!(logs.slope(best).abs() < 1e-13);
        }
        // At the end of a range that ends too early, and where nothing can be said.
        let logs = Logarithms::box_cox(&positive);
        let best = logs.most_likely(f64::NEG_INFINITY, f64::INFINITY);
        assert_eq!(logs.most_likely(best + 1.0, 50.0), best + 1.0);
        assert_eq!(logs.most_likely(-50.0, best - 1.0), best - 1.0);
        assert_eq!(
            Logarithms::yeo_johnson(&[2.0, 2.0]).most_likely(-5.0, 5.0),
            1.0
        );
    }

    #[test]
    fn the_series_joins_the_formula() {
        for (k, l) in [
            (0.2499, 1.0),
            (0.2501, 1.0),
            (-0.2499, 1.0),
            (-0.2501, 1.0),
            (1e-5, 3.0),
            (3.0, 2.0),
        ] {
            let (value, derivative) = power(k, l);
            let t: f64 = k * l;
            assert!((value - t.exp_m1() / k).abs() < 1e-15 * value.abs());
            // A sum of many terms.
            let mut term = 0.5;
            let mut sum = 0.0;
            for m in 0..60 {
                sum += term * f64::from(m + 1);
                term *= t / f64::from(m + 3);
            }
            assert!((derivative / (l * l) - sum).abs() < 2e-14 * sum, "{k} {l}");
        }
    }

    #[test]
    fn roots_of_plain_functions() {
        for (f, from, to, at) in [
            (
                (|x| x * x * x - 2.0) as fn(f64) -> f64,
                0.0,
                4.0,
                2f64.cbrt(),
            ),
            (|x: f64| x.exp() - 1e-3, -100.0, 300.0, 1e-3f64.ln()),
            (|x: f64| (x - 1e6).atan(), 0.0, 1e18, 1e6),
            (|x| x, -3.0, 5.0, 0.0),
        ] {
            let found = root(f, (from, f(from)), (to, f(to)));
            assert!(
                (found - at).abs() <= 1e-14 * (1.0 + at.abs()),
                "{found} {at}"
            );
            let found = root(f, (to, f(to)), (from, f(from)));
            assert!(
                (found - at).abs() <= 1e-14 * (1.0 + at.abs()),
                "{found} {at}"
            );
        }
    }
}
