//! The gamma function's logarithm and derivative, and the incomplete gamma functions.

use super::continued_fraction;
use super::deviance::poisson_density;

/// ln Γ(x) for x > 0; infinite at 0, NaN below.
///
/// Stirling's series (DLMF 5.11.1) at x ≥ 12, reached by the recurrence. The absolute error is some 1e-15, relative to the
/// value where that is above 1.
///
/// ```
/// assert!((fitwell::special::ln_gamma(5.0) - 24f64.ln()).abs() < 1e-14);
/// ```
pub fn ln_gamma(x: f64) -> f64 {
    const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;
    if x.is_nan() || x < 0.0 {
        return f64::NAN;
    }
    if x == 0.0 || x.is_infinite() {
        return f64::INFINITY;
    }
    let (mut x, mut product) = (x, 1.0);
    while x < 12.0 {
        product *= x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - r * (1.0 / 360.0
            - r * (1.0 / 1260.0
                - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * (691.0 / 360_360.0 - r / 156.0)))));
    (x - 0.5) * x.ln() - x + LN_SQRT_2PI + series / x - product.ln()
}

/// ψ(x), the derivative of ln Γ(x), for x > 0; NaN elsewhere.
///
/// The asymptotic series (DLMF 5.11.2) at x ≥ 10, reached by the recurrence.
///
/// ```
/// // ψ(1) is minus Euler's constant.
/// assert!((fitwell::special::digamma(1.0) + 0.5772156649015329).abs() < 1e-15);
/// ```
pub fn digamma(x: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return f64::NAN;
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum += 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    let series = r
        * (1.0 / 12.0
            - r * (1.0 / 120.0
                - r * (1.0 / 252.0
                    - r * (1.0 / 240.0 - r * (1.0 / 132.0 - r * (691.0 / 32_760.0 - r / 12.0))))));
    x.ln() - 0.5 / x - series - sum
}

/// P(a, x) = 1/Γ(a) ∫₀ˣ tᵃ⁻¹ e⁻ᵗ dt for a > 0 and x ≥ 0; NaN elsewhere.
///
/// ```
/// assert!((fitwell::special::gamma_p(1.0, 1e-20) / 1e-20 - 1.0).abs() < 1e-13);
/// ```
pub fn gamma_p(a: f64, x: f64) -> f64 {
    match parts(a, x) {
        Part::Lower(p) => p,
        Part::Upper(q) => 1.0 - q,
    }
}

/// Q(a, x) = 1 − P(a, x), with full relative precision where it is small.
///
/// ```
/// assert!((fitwell::special::gamma_q(1.0, 700.0) / (-700f64).exp() - 1.0).abs() < 1e-12);
/// ```
pub fn gamma_q(a: f64, x: f64) -> f64 {
    match parts(a, x) {
        Part::Lower(p) => 1.0 - p,
        Part::Upper(q) => q,
    }
}

/// The one of P and Q that is not near 1.
enum Part {
    Lower(f64),
    Upper(f64),
}

fn parts(a: f64, x: f64) -> Part {
    if a.is_nan() || x.is_nan() || a <= 0.0 || a.is_infinite() || x < 0.0 {
        return Part::Lower(f64::NAN);
    }
    if x == 0.0 {
        return Part::Lower(0.0);
    }
    if x.is_infinite() {
        return Part::Upper(0.0);
    }
    let density = poisson_density(a, x);
    if x < a + 1.0 {
        // P = density · (1 + x/(a+1) + x²/((a+1)(a+2)) + ...), DLMF 8.7.1.
        let (mut term, mut sum, mut k) = (1.0, 1.0, a);
        while term > sum * (f64::EPSILON / 8.0) {
            k += 1.0;
            term *= x / k;
            sum += term;
        }
        return Part::Lower((density * sum).min(1.0));
    }
    // Q = a · density · 1/(x+1−a − 1(1−a)/(x+3−a − ...)), DLMF 8.9.2.
    let fraction = continued_fraction(|j| {
        let b = x - a + 2.0 * j - 1.0;
        (
            if j > 1.0 {
                (j - 1.0) * (a - j + 1.0)
            } else {
                1.0
            },
            b,
        )
    });
    Part::Upper((a * density * fraction).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64, tolerance: f64) {
        assert!((a / b - 1.0).abs() < tolerance, "{a:e}, expected {b:e}");
    }

    #[test]
    fn known_values_of_the_logarithm() {
        // Γ(1/2) = √π; Γ(n) = (n − 1)!
        close(ln_gamma(0.5), std::f64::consts::PI.ln() / 2.0, 1e-14);
        assert!(ln_gamma(1.0).abs() < 5e-15 && ln_gamma(2.0).abs() < 5e-15);
        close(ln_gamma(21.0), 2_432_902_008_176_640_000f64.ln(), 1e-15);
        close(ln_gamma(1e-200), 200.0 * 10f64.ln(), 1e-14);
        assert!(ln_gamma(-1.0).is_nan() && ln_gamma(0.0).is_infinite());
    }

    #[test]
    fn digamma_follows_its_recurrence() {
        for x in [1e-3, 0.3, 1.0, 2.5, 9.99, 10.0, 123.4, 1e8] {
            let step = digamma(x + 1.0) - digamma(x) - 1.0 / x;
            assert!(step.abs() < 1e-15 * (1.0 / x + 30.0), "{x}: {step:e}");
        }
        // ψ(1/2) = −γ − 2 ln 2
        close(
            digamma(0.5),
            -0.577_215_664_901_532_9 - 2.0 * 2f64.ln(),
            1e-14,
        );
        assert!(digamma(0.0).is_nan() && digamma(-0.5).is_nan());
    }

    #[test]
    fn whole_shapes_are_sums() {
        // Q(n, x) = e⁻ˣ Σ_{k<n} xᵏ/k!, all terms positive.
        for n in [1, 2, 5, 30] {
            for x in [0.1, 1.0, 7.5, 29.0, 31.0, 60.0, 300.0, 650.0] {
                let (mut term, mut sum) = (1.0, 1.0);
                for k in 1..n {
                    term *= x / f64::from(k);
                    sum += term;
                }
                close(gamma_q(f64::from(n), x), (-x).exp() * sum, 2e-13);
            }
        }
    }

    #[test]
    fn the_two_parts_add_up_and_the_domain_is_kept() {
        for a in [0.5, 3.0, 100.0, 1e6] {
            for f in [0.5, 0.9, 0.999, 1.0, 1.001, 1.1, 2.0] {
                assert!((gamma_p(a, a * f) + gamma_q(a, a * f) - 1.0).abs() < 1e-15);
            }
        }
        assert_eq!(gamma_q(2.0, 0.0), 1.0);
        assert_eq!(gamma_q(2.0, f64::INFINITY), 0.0);
        for (a, x) in [
            (0.0, 1.0),
            (-1.0, 1.0),
            (1.0, -1.0),
            (f64::NAN, 1.0),
            (1.0, f64::NAN),
        ] {
            assert!(gamma_q(a, x).is_nan() && gamma_p(a, x).is_nan());
        }
    }
}
