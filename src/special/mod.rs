//! Special functions and the tail probabilities of the usual distributions.
//!
//! What a test statistic needs to become a p-value: [`f_sf`], [`chi2_sf`], [`t_sf`], [`normal_sf`], over the regularised
//! incomplete [`beta`](fn@beta_inc) and [`gamma`](fn@gamma_q) functions. Tails are computed as tails, never as one minus the
//! rest, so that a p-value of 1e-300 has as many digits as one of 0.3. Densities at the border are formed from
//! deviances (C. Loader, 2000), not from differences of logarithms of gamma functions, so that a million degrees of freedom cost
//! no digits.
//!
//! Nothing here fails: an argument outside the domain, or NaN, gives NaN.
//!
//! ```
//! use fitwell::special;
//!
//! assert!((special::chi2_sf(3.841458820694124, 1.0) - 0.05).abs() < 1e-15);
//! assert!((special::f_sf(1e4, 2.0, 50.0) / (1.0f64 + 400.0).powf(-25.0) - 1.0).abs() < 1e-12);
//! assert!(special::normal_sf(f64::NAN).is_nan());
//! ```

mod beta;
mod deviance;
mod gamma;
mod tails;

pub use beta::beta_inc;
pub use gamma::{digamma, gamma_p, gamma_q, ln_gamma};
pub use tails::{chi2_sf, f_sf, normal_sf, t_sf, t_two_sided};

/// Multiplies the steps of a continued fraction until they are 1 (W. J. Lentz, 1976, as modified by I. J. Thompson and
/// A. R. Barnett, 1986): `a₁/(b₁ + a₂/(b₂ + ...))` with `next(j) = (aⱼ, bⱼ)`, j from 1.
fn continued_fraction(mut next: impl FnMut(f64) -> (f64, f64)) -> f64 {
    const TINY: f64 = 1e-300;
    const MOST: u32 = 1_000_000;
    let away = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut value, mut c, mut d) = (TINY, TINY, 0.0);
    for j in 1..=MOST {
        let (a, b) = next(f64::from(j));
        d = away(b + a * d).recip();
        c = away(b + a / c);
        let step = c * d;
        value *= step;
        if (step - 1.0).abs() <= f64::EPSILON / 2.0 {
            break;
        }
    }
    value
}
