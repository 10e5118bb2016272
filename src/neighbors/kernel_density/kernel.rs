//! The forms and the width of the bumps.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, LN_2, PI, TAU};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::feature_selection::written::{from_real, real, written};
use crate::special::ln_gamma;

/// The form of the bumps of a [`KernelDensity`](super::KernelDensity), at the distance d in bandwidths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DensityKernel {
    /// exp(−d² / 2)
    #[default]
    Gaussian,
    /// 1 for d < 1
    Tophat,
    /// 1 − d² for d < 1
    Epanechnikov,
    /// exp(−d)
    Exponential,
    /// 1 − d for d < 1
    Linear,
    /// cos(π d / 2) for d < 1
    Cosine,
}

impl DensityKernel {
    /// The name, as scikit-learn has it.
    pub fn name(self) -> &'static str {
        match self {
            DensityKernel::Gaussian => "gaussian",
            DensityKernel::Tophat => "tophat",
            DensityKernel::Epanechnikov => "epanechnikov",
            DensityKernel::Exponential => "exponential",
            DensityKernel::Linear => "linear",
            DensityKernel::Cosine => "cosine",
        }
    }

    /// Whether it is 0 from the bandwidth on.
    pub(super) fn ends(self) -> bool {
        !matches!(self, DensityKernel::Gaussian | DensityKernel::Exponential)
    }

    /// The value of a kernel that ends.
    #[inline(always)]
    pub(super) fn value(self, d: f64) -> f64 {
        if d >= 1.0 {
            return 0.0;
        }
        match self {
            DensityKernel::Epanechnikov => 1.0 - d * d,
            DensityKernel::Linear => 1.0 - d,
            DensityKernel::Cosine => libm::cos(FRAC_PI_2 * d),
            _ => 1.0,
        }
    }

    /// The logarithm of the value of a kernel that does not end.
    #[inline(always)]
    pub(super) fn exponent(self, d: f64) -> f64 {
        match self {
            DensityKernel::Exponential => -d,
            _ => -0.5 * d * d,
        }
    }

    /// The distance at which a kernel that does not end has fallen by a factor of exp(`margin`) from its value at d.
    pub(super) fn fallen(self, d: f64, margin: f64) -> f64 {
        match self {
            DensityKernel::Exponential => d + margin,
            _ => d.hypot((2.0 * margin).sqrt()),
        }
    }

    /// The logarithm of the integral of the kernel over p dimensions.
    pub(super) fn ln_integral(self, p: usize) -> f64 {
        let d = p as f64;
        match self {
            DensityKernel::Gaussian => 0.5 * d * TAU.ln(),
            DensityKernel::Tophat => ln_ball(d),
            DensityKernel::Epanechnikov => ln_ball(d) + LN_2 - (d + 2.0).ln(),
            DensityKernel::Exponential => ln_sphere(d) + ln_gamma(d),
            DensityKernel::Linear => ln_ball(d) - (d + 1.0).ln(),
            DensityKernel::Cosine => ln_sphere(d) + cosine_moment(p - p.min(1)).ln(),
        }
    }
}

/// ln of the volume of the ball of radius 1 in d dimensions.
fn ln_ball(d: f64) -> f64 {
    0.5 * d * PI.ln() - ln_gamma(0.5 * d + 1.0)
}

/// ln of the surface of the ball of radius 1 in d dimensions; two points in one.
fn ln_sphere(d: f64) -> f64 {
    LN_2 + 0.5 * d * PI.ln() - ln_gamma(0.5 * d)
}

/// J(k) = ∫₀¹ rᵏ cos(π r / 2) dr.
///
/// By parts, J(k) = 2/π − k (k − 1) (2/π)² J(k − 2). Upwards that multiplies every rounding by about k², so it is run
/// downwards, from an order so high that what is taken for J there no longer matters.
fn cosine_moment(k: usize) -> f64 {
    let mut order = k + 40;
    let mut moment = FRAC_PI_2 / (order as f64 * order as f64);
    while order > k {
        let o = order as f64;
        moment = (FRAC_2_PI - moment) * FRAC_PI_2 * FRAC_PI_2 / (o * (o - 1.0));
        order -= 2;
    }
    moment
}

/// The width of the bumps of a [`KernelDensity`](super::KernelDensity). By name a number, `"scott"` or `"silverman"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bandwidth {
    /// So wide, in units of the features.
    Value(f64),
    /// n^(−1 / (p + 4)) for n rows of p features, whatever their weights.
    Scott,
    /// (n (p + 2) / 4)^(−1 / (p + 4)).
    Silverman,
}

impl Default for Bandwidth {
    /// 1.
    fn default() -> Self {
        Bandwidth::Value(1.0)
    }
}

impl From<f64> for Bandwidth {
    fn from(value: f64) -> Self {
        Bandwidth::Value(value)
    }
}

impl Bandwidth {
    /// The width for n rows of p features.
    pub(super) fn of(self, n: usize, p: usize) -> f64 {
        let (n, p) = (n as f64, p as f64);
        match self {
            Bandwidth::Value(width) => width,
            Bandwidth::Scott => n.powf(-1.0 / (p + 4.0)),
            Bandwidth::Silverman => (n * (p + 2.0) / 4.0).powf(-1.0 / (p + 4.0)),
        }
    }

    fn write(&self) -> Value {
        match *self {
            Bandwidth::Value(width) => from_real(width),
            Bandwidth::Scott => "scott".into(),
            Bandwidth::Silverman => "silverman".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value.as_str() {
            Some("scott") => Some(Bandwidth::Scott),
            Some("silverman") => Some(Bandwidth::Silverman),
            _ => real(value).map(Bandwidth::Value),
        }
    }
}
written!(Bandwidth, "a number, \"scott\" or \"silverman\"");

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) const ALL: [DensityKernel; 6] = [
        DensityKernel::Gaussian,
        DensityKernel::Tophat,
        DensityKernel::Epanechnikov,
        DensityKernel::Exponential,
        DensityKernel::Linear,
        DensityKernel::Cosine,
    ];

    fn at(kernel: DensityKernel, d: f64) -> f64 {
        match kernel.ends() {
            true => kernel.value(d),
            false => kernel.exponent(d).exp(),
        }
    }

    /// Simpson's rule.
    fn integral(f: impl Fn(f64) -> f64, to: f64) -> f64 {
        let steps = 20_000;
        let h = to / f64::from(steps);
        let inner = (1..steps).map(|i| f(f64::from(i) * h) * f64::from(2 + 2 * (i % 2)));
        (f(0.0) + f(to) + inner.sum::<f64>()) * h / 3.0
    }

    #[test]
    fn the_integrals_are_those_of_the_kernels() {
        // The surfaces of the balls in 1 to 6 dimensions.
        let surfaces = [
            2.0,
            TAU,
            2.0 * TAU,
            2.0 * PI * PI,
            8.0 * PI * PI / 3.0,
            PI.powi(3),
        ];
        for kernel in ALL {
            for (p, surface) in (1..).zip(surfaces) {
                // The values just within the end, so that Simpson's rule does not see the step of a tophat.
                let to = if kernel.ends() { 1.0 - 1e-13 } else { 60.0 };
                let radial = integral(|r| at(kernel, r) * r.powi(p - 1), to);
                let (found, expected) = (kernel.ln_integral(p as usize), (surface * radial).ln());
                assert!(
                    (found - expected).abs() < 1e-8,
                    "{kernel:?} {p}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_moments_of_the_cosine_are_exact_and_keep_their_digits() {
        let q = FRAC_2_PI;
        // By hand: J(0), J(1) of the plane, J(2) of space, J(3).
        let exact = [
            q,
            q - q * q,
            q - 2.0 * q.powi(3),
            q - 6.0 * q * q * (q - q * q),
        ];
        for (k, exact) in exact.into_iter().enumerate() {
            let found = cosine_moment(k);
            assert!((found / exact - 1.0).abs() < 1e-14, "{k}: {found} {exact}");
        }
        for k in [12, 29, 63, 500] {
            let sum = integral(|r| r.powi(k) * libm::cos(FRAC_PI_2 * r), 1.0);
            let found = cosine_moment(k as usize);
            assert!((found / sum - 1.0).abs() < 1e-8, "{k}: {found} {sum}");
        }
    }

    #[test]
    fn widths_have_names() {
        assert_eq!(Bandwidth::Value(0.3).of(7, 2), 0.3);
        assert!((Bandwidth::Scott.of(32, 1) - 0.5).abs() < 1e-15);
        assert!((Bandwidth::Silverman.of(64, 2) - 64f64.powf(-1.0 / 6.0)).abs() < 1e-15);
        for text in ["0.5", "\"scott\"", "\"silverman\"", "\"nan\""] {
            let read: Bandwidth = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), text);
        }
        assert!(serde_json::from_str::<Bandwidth>("\"wide\"").is_err());
    }
}
