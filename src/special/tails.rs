//! Survival functions: the probability of a value above the one observed.

use super::beta::beta_inc;
use super::gamma::gamma_q;

/// The probability that a chi-squared variable with `df` > 0 degrees of freedom exceeds `x`; 1 below 0.
///
/// ```
/// // Two degrees of freedom: e^(−x/2).
/// assert!((fitwell::special::chi2_sf(600.0, 2.0) / (-300f64).exp() - 1.0).abs() < 1e-12);
/// ```
pub fn chi2_sf(x: f64, df: f64) -> f64 {
    if x < 0.0 && df > 0.0 {
        return 1.0;
    }
    gamma_q(df / 2.0, x / 2.0)
}

/// The probability that an F variable with `dfn` > 0 and `dfd` > 0 degrees of freedom exceeds `f`; 1 below 0.
///
/// ```
/// // Two degrees of freedom above: (1 + 2 f / dfd)^(−dfd/2).
/// let p = fitwell::special::f_sf(1000.0, 2.0, 100.0);
/// assert!((p / 21f64.powi(-50) - 1.0).abs() < 1e-12);
/// ```
pub fn f_sf(f: f64, dfn: f64, dfd: f64) -> f64 {
    if !(dfn > 0.0 && dfd > 0.0 && dfn.is_finite() && dfd.is_finite()) || f.is_nan() {
        return f64::NAN;
    }
    if f <= 0.0 {
        return 1.0;
    }
    let ratio = dfd / dfn;
    let total = ratio + f;
    if total.is_infinite() {
        return 0.0;
    }
    beta_inc(dfd / 2.0, dfn / 2.0, ratio / total, f / total)
}

/// The probability that a variable of Student's t with `df` > 0 degrees of freedom exceeds `t`.
///
/// ```
/// // One degree of freedom: 1/2 − arctan(t)/π.
/// assert!((fitwell::special::t_sf(1.0, 1.0) - 0.25).abs() < 1e-15);
/// ```
pub fn t_sf(t: f64, df: f64) -> f64 {
    let outside = t_two_sided(t, df) / 2.0;
    if t < 0.0 { 1.0 - outside } else { outside }
}

/// The probability that the absolute value of a variable of Student's t with `df` > 0 degrees of freedom exceeds |`t`|: the
/// p-value of a coefficient.
///
/// ```
/// // Two degrees of freedom: 1 − t/√(2 + t²).
/// assert!((fitwell::special::t_two_sided(1e9, 2.0) / 1e-18 - 1.0).abs() < 1e-12);
/// ```
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if !(df > 0.0 && df.is_finite()) || t.is_nan() {
        return f64::NAN;
    }
    // x = df / (df + t²), formed so that t² does not overflow.
    let s = t.abs() / df.sqrt();
    let (x, y) = if s > 1.0 {
        let r = (1.0 / s).powi(2);
        (r / (r + 1.0), 1.0 / (r + 1.0))
    } else {
        let r = s * s;
        (1.0 / (r + 1.0), r / (r + 1.0))
    };
    beta_inc(df / 2.0, 0.5, x, y)
}

/// The probability that a standard normal variable exceeds `z`.
///
/// ```
/// assert!((fitwell::special::normal_sf(1.959963984540054) - 0.025).abs() < 1e-15);
/// ```
pub fn normal_sf(z: f64) -> f64 {
    let outside = gamma_q(0.5, 0.5 * z * z) / 2.0;
    if z < 0.0 { 1.0 - outside } else { outside }
}
