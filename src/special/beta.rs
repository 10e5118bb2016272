//! The incomplete beta function.

use super::continued_fraction;
use super::deviance::beta_density;

/// I(a, b) at x = 1/B(a, b) ∫₀ˣ tᵃ⁻¹ (1−t)ᵇ⁻¹ dt for a, b > 0, given both x and y = 1 − x in [0, 1]; NaN elsewhere.
///
/// Giving both keeps the digits of the one that is small: `beta_inc(a, b, 1e-40, 1.0)` and `beta_inc(a, b, 1.0, 1e-40)` are
/// both meant.
///
/// Continued fraction DLMF 8.17.22, its even part, by Lentz's method, from the side where it converges quickly.
///
/// ```
/// use fitwell::special::beta_inc;
///
/// // a = 1: 1 − (1 − x)ᵇ
/// assert!((beta_inc(1.0, 3.0, 0.25, 0.75) - (1.0 - 0.75f64.powi(3))).abs() < 1e-14);
/// assert!((beta_inc(200.0, 1.0, 0.04, 0.96) / 0.04f64.powi(200) - 1.0).abs() < 1e-12);
/// ```
pub fn beta_inc(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let positive = |v: f64| v > 0.0 && v.is_finite();
    if !(positive(a) && positive(b) && (0.0..=1.0).contains(&x) && (0.0..=1.0).contains(&y)) {
        return f64::NAN;
    }
    if x == 0.0 {
        return 0.0;
    }
    if y == 0.0 {
        return 1.0;
    }
    // x < (a + 1) / (a + b + 2), without the digits that 1 − x would lose.
    if (b + 1.0) * x < (a + 1.0) * y {
        lower(a, b, x, y)
    } else {
        1.0 - lower(b, a, y, x)
    }
}

/// The even part of the fraction, in λ = a y − b x: near x = 1 the fraction itself is a difference of numbers close to 1.
/// A. R. Didonato and A. H. Morris, "Algorithm 708", ACM Transactions on Mathematical Software 18 (1992), equation 9.
fn lower(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let lambda = a * y - b * x;
    let fraction = continued_fraction(|j| {
        let n = j - 1.0;
        if n < 1.0 {
            return (1.0, a / (a + 1.0) * (lambda + 1.0));
        }
        let d = a + 2.0 * n - 1.0;
        let alpha = (a + n - 1.0) / d * ((a + b + n - 1.0) / d) * (n * (b - n) * x * x);
        let beta = n
            + n * (b - n) * x / d
            + (a + n) / (a + 2.0 * n + 1.0) * (lambda + 1.0 + n * (1.0 + y));
        (alpha, beta)
    });
    (a * beta_density(a, b, x, y) * fraction).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms() {
        for x in [1e-300f64, 1e-20, 1e-3, 0.1, 0.3, 0.5, 0.9] {
            let y = 1.0 - x;
            for b in [0.5f64, 1.0, 7.0] {
                // a = 1: 1 − yᵇ
                let expected = -(b * (-x).ln_1p()).exp_m1();
                let got = beta_inc(1.0, b, x, y);
                assert!(
                    (got / expected - 1.0).abs() < 1e-13,
                    "{x} {b}: {got:e} {expected:e}"
                );
            }
            // b = 1: xᵃ
            for a in [0.5, 1.0, 9.0] {
                let expected = x.powf(a);
                if expected > 1e-300 {
                    let got = beta_inc(a, 1.0, x, y);
                    assert!(
                        (got / expected - 1.0).abs() < 1e-12,
                        "{x} {a}: {got:e} {expected:e}"
                    );
                }
            }
        }
        // a = b = 1/2: 2/π arcsin √x
        let expected = std::f64::consts::FRAC_2_PI * 0.3f64.sqrt().asin();
        assert!((beta_inc(0.5, 0.5, 0.3, 0.7) - expected).abs() < 1e-15);
    }

    #[test]
    fn both_ends_add_up() {
        for a in [0.5, 2.0, 50.0, 1e6] {
            for b in [0.5, 3.0, 1e3, 2e6] {
                let mean = a / (a + b);
                for f in [0.9, 0.999, 1.0, 1.001] {
                    let (x, y) = (mean * f, 1.0 - mean * f);
                    if y > 0.0 {
                        let sum = beta_inc(a, b, x, y) + beta_inc(b, a, y, x);
                        assert!((sum - 1.0).abs() < 1e-14, "{a} {b} {x}: {sum}");
                    }
                }
            }
        }
        // A symmetric distribution has half its mass on each side, however sharp.
        for a in [1.0, 1e3, 1e7] {
            assert!((beta_inc(a, a, 0.5, 0.5) - 0.5).abs() < 1e-9 * (a / 1e7).max(1e-4));
        }
    }

    #[test]
    fn outside_the_domain_is_nan() {
        for (a, b, x, y) in [
            (0.0, 1.0, 0.5, 0.5),
            (1.0, -1.0, 0.5, 0.5),
            (1.0, 1.0, -0.1, 1.0),
            (1.0, 1.0, 0.5, 1.5),
            (f64::NAN, 1.0, 0.5, 0.5),
            (1.0, f64::INFINITY, 0.5, 0.5),
            (1.0, 1.0, f64::NAN, 0.5),
        ] {
            assert!(beta_inc(a, b, x, y).is_nan());
        }
        assert_eq!(beta_inc(2.0, 3.0, 0.0, 1.0), 0.0);
        assert_eq!(beta_inc(2.0, 3.0, 1.0, 0.0), 1.0);
    }
}
