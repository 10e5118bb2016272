//! Densities without cancellation: Stirling's error and the deviance.
//!
//! C. Loader (2000), "Fast and accurate computation of binomial probabilities". With δ(x) the error of Stirling's formula
//! and D(x, m) = x ln(x/m) + m − x, the Poisson and binomial probabilities are exp of small numbers where they are not small.

use super::gamma::ln_gamma;

const LN_SQRT_2PI: f64 = 0.918_938_533_204_672_8;

/// δ(x) = ln Γ(x + 1) − (x + 1/2) ln x + x − ln √2π for x > 0 (DLMF 5.11.1).
pub(super) fn stirling_error(x: f64) -> f64 {
    if x < 15.0 {
        return ln_gamma(x + 1.0) - (x + 0.5) * x.ln() + x - LN_SQRT_2PI;
    }
    let r = 1.0 / (x * x);
    let series = 1.0 / 12.0
        - r * (1.0 / 360.0
            - r * (1.0 / 1260.0 - r * (1.0 / 1680.0 - r * (1.0 / 1188.0 - r * 691.0 / 360_360.0))));
    series / x
}

/// (1 + d) ln(1 + d) − d for d ≥ −1: the deviance D(x, m) / m at d = (x − m) / m.
pub(super) fn deviance(d: f64) -> f64 {
    if d.abs() >= 0.25 {
        return if d <= -1.0 {
            1.0
        } else {
            (1.0 + d) * d.ln_1p() - d
        };
    }
    // ln(1 + d) = 2 artanh(v) with v = d / (2 + d), and d = 2v / (1 − v).
    let v = d / (2.0 + d);
    let (w, mut power, mut sum, mut k) = (v * v, v, 0.0, 1.0);
    loop {
        power *= w;
        k += 2.0;
        let next = sum + power / k;
        if next == sum {
            break;
        }
        sum = next;
    }
    // d v + 2 (1 + d) (v³/3 + v⁵/5 + ...)
    d * v + 2.0 * (1.0 + d) * sum
}

/// xᵃ e⁻ˣ / Γ(a + 1).
pub(super) fn poisson_density(a: f64, x: f64) -> f64 {
    let log = -stirling_error(a) - x * deviance((a - x) / x);
    log.exp() / (2.0 * std::f64::consts::PI * a).sqrt()
}

/// xᵃ yᵇ / (a B(a, b)) with y = 1 − x, both given.
pub(super) fn beta_density(a: f64, b: f64, x: f64, y: f64) -> f64 {
    let n = a + b;
    // a = n x (1 + d), b = n y (1 + e).
    let t = a * y - b * x;
    let log = stirling_error(n)
        - stirling_error(a)
        - stirling_error(b)
        - n * x * deviance(t / (n * x))
        - n * y * deviance(-t / (n * y));
    log.exp() * (b / (2.0 * std::f64::consts::PI * a * n)).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_the_deviance_meet() {
        for d in [0.249999999f64, 0.25, -0.249999999, -0.25] {
            let direct = (1.0 + d) * d.ln_1p() - d;
            assert!((deviance(d) / direct - 1.0).abs() < 4e-15, "{d}");
        }
        assert_eq!(deviance(0.0), 0.0);
        assert_eq!(deviance(-1.0), 1.0);
        assert!((deviance(1e-9) / 5e-19 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn stirling_series_meets_the_gamma_function() {
        for x in [14.999999, 15.0] {
            let expected = ln_gamma(x + 1.0) - (x + 0.5) * x.ln() + x - LN_SQRT_2PI;
            assert!((stirling_error(x) - expected).abs() < 2e-14);
        }
        // 20! is exact.
        let density = poisson_density(20.0, 20.0)
            / (20f64.powi(20) * (-20f64).exp() / 2_432_902_008_176_640_000.0);
        assert!((density - 1.0).abs() < 1e-14);
    }
}
