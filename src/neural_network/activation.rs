//! Activations: what a neuron makes of the weighted sum of its inputs, and its derivative.
//!
//! | name | a = f(z) | f′(z) |
//! |---|---|---|
//! | identity | z | 1 |
//! | logistic | σ(z) = 1 / (1 + e⁻ᶻ) | a (1 − a) |
//! | tanh | tanh z | 1 − a² |
//! | ReLU | max(z, 0) | 1 where a > 0, else 0 |
//! | leaky ReLU | z where z > 0, else s z | 1 or s |
//! | ELU | z where z > 0, else α (eᶻ − 1) | 1 or a + α |
//! | SELU | 1.0507 ELU(z; 1.6733) | 1.0507 or a + 1.0507 · 1.6733 |
//! | GELU | z Φ(z), Φ the normal distribution function | Φ(z) + z φ(z) |
//! | SiLU | z σ(z) | σ(z) (1 + z (1 − σ(z))) |
//! | softplus | ln(1 + eᶻ) | σ(z) = 1 − e⁻ᵃ |
//! | Mish | z t, t = tanh(ln(1 + eᶻ)) | t + z (1 − t²) σ(z) |
//!
//! All but GELU, SiLU and Mish have a derivative that follows from a alone, so that z need not be kept.
//!
//! # Sources
//! A. L. Maas, A. Y. Hannun, A. Y. Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
//! D.-A. Clevert, T. Unterthiner, S. Hochreiter, "Fast and accurate deep network learning by exponential linear units",
//! ICLR 2016. G. Klambauer and others, "Self-normalizing neural networks", NeurIPS 2017. D. Hendrycks, K. Gimpel,
//! "Gaussian error linear units", 2016. S. Elfwing and others, "Sigmoid-weighted linear units", Neural Networks 107
//! (2018). D. Misra, "Mish: a self regularized non-monotonic activation function", BMVC 2020.

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::elementary::{exp, exp_m1, ln_1p};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;

/// The scale and the saturation of SELU, at which activations keep mean 0 and variance 1.
const SELU_SCALE: f64 = 1.050_700_987_355_480_5;
const SELU_ALPHA: f64 = 1.673_263_242_354_377_2;

/// What a neuron makes of the weighted sum z of its inputs.
///
/// The first four are scikit-learn's, under its names (`logistic` is Keras's `sigmoid`); the others are Keras's.
///
/// ```
/// use fitwell::neural_network::Activation;
///
/// assert_eq!(Activation::Relu.value(-2.0), 0.0);
/// assert_eq!(Activation::LeakyRelu { negative_slope: 0.1 }.value(-2.0), -0.2);
/// assert!((Activation::Softplus.value(0.0) - f64::ln(2.0)).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Activation {
    /// z itself: a linear layer.
    #[doc(alias = "linear")]
    Identity,
    /// 1 / (1 + e⁻ᶻ).
    #[doc(alias = "sigmoid")]
    Logistic,
    /// tanh z.
    Tanh,
    /// max(z, 0).
    #[default]
    Relu,
    /// z where it is positive, else `negative_slope` z.
    LeakyRelu {
        /// The slope below 0, at least 0; Keras's function takes 0.2, its layer 0.3.
        #[serde(with = "crate::params::number")]
        negative_slope: f64,
    },
    /// z where it is positive, else `alpha` (eᶻ − 1).
    Elu {
        /// The value far below 0 is its negative; at least 0, usually 1.
        #[serde(with = "crate::params::number")]
        alpha: f64,
    },
    /// ELU with the scale and saturation that keep mean 0 and variance 1 from layer to layer.
    Selu,
    /// z Φ(z), with Φ the normal distribution function.
    Gelu,
    /// GELU with z (1 + tanh(√(2/π) (z + 0.044715 z³))) / 2, which is cheaper and off by 5e-4 at most.
    GeluTanh,
    /// z / (1 + e⁻ᶻ).
    #[doc(alias = "swish")]
    Silu,
    /// ln(1 + eᶻ).
    Softplus,
    /// z tanh(ln(1 + eᶻ)).
    Mish,
}

impl Activation {
    /// f(z).
    pub fn value(self, z: f64) -> f64 {
        let mut a = [z];
        self.apply(&mut a);
        a[0]
    }

    /// f′(z).
    pub fn derivative(self, z: f64) -> f64 {
        let mut delta = [1.0];
        self.backward(&[z], &[self.value(z)], &mut delta);
        delta[0]
    }

    /// Its name as a parameter.
    pub(crate) fn name(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(name)) => Some(name),
            Ok(serde_json::Value::Object(map)) => map.into_iter().next().map(|(name, _)| name),
            _ => None,
        }
        .unwrap_or_default()
    }

    /// Checks the settings of an activation.
    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        let (name, value) = match self {
            Activation::LeakyRelu { negative_slope } => ("negative_slope", negative_slope),
            Activation::Elu { alpha } => ("alpha", alpha),
            _ => return Ok(()),
        };
        check::real(
            estimator,
            &format!("activation.{name}"),
            value,
            Interval::at_least(0.0),
        )
    }

    /// Whether [`backward`](Self::backward) needs z.
    pub(crate) fn needs_input(self) -> bool {
        matches!(
            self,
            Activation::Gelu | Activation::GeluTanh | Activation::Silu | Activation::Mish
        )
    }

    /// z becomes a = f(z).
    pub(crate) fn apply<F: Float>(self, z: &mut [F]) {
        #[inline(always)]
        fn each<F: Float>(z: &mut [F], f: impl Fn(f64) -> f64) {
            simd(
                #[inline(always)]
                || {
                    for z in z {
                        *z = F::of(f(z.f64()));
                    }
                },
            );
        }
        match self {
            Activation::Identity => {}
            Activation::Logistic => each(z, logistic),
            Activation::Tanh => each(z, tanh),
            Activation::Relu => simd(
                #[inline(always)]
                || {
                    for z in z {
                        // NaN stays, so that a loss that diverged shows.
                        *z = if *z < F::zero() { F::zero() } else { *z };
                    }
                },
            ),
            Activation::LeakyRelu { negative_slope } => {
                each(z, |z| if z > 0.0 { z } else { negative_slope * z })
            }
            Activation::Elu { alpha } => each(z, |z| elu(z, alpha)),
            Activation::Selu => each(z, |z| SELU_SCALE * elu(z, SELU_ALPHA)),
            Activation::Gelu => each(z, |z| z * normal(z)),
            Activation::GeluTanh => each(z, |z| 0.5 * z * (1.0 + tanh(gelu_inner(z)))),
            Activation::Silu => each(z, |z| z * logistic(z)),
            Activation::Softplus => each(z, softplus),
            Activation::Mish => each(z, |z| z * tanh(softplus(z))),
        }
    }

    /// `delta`, the derivative of the loss by a, becomes the one by z: it is multiplied by f′(z).
    ///
    /// `z` is read only where [`needs_input`](Self::needs_input) says so, and may be empty elsewhere.
    pub(crate) fn backward<F: Float>(self, z: &[F], a: &[F], delta: &mut [F]) {
        #[inline(always)]
        fn each<F: Float>(of: &[F], delta: &mut [F], f: impl Fn(f64) -> f64) {
            simd(
                #[inline(always)]
                || {
                    for (delta, of) in delta.iter_mut().zip(of) {
                        *delta *= F::of(f(of.f64()));
                    }
                },
            );
        }
        let step = |a: f64, below: f64| if a > 0.0 { 1.0 } else { below };
        match self {
            Activation::Identity => {}
            Activation::Logistic => each(a, delta, |a| a * (1.0 - a)),
            Activation::Tanh => each(a, delta, |a| 1.0 - a * a),
            Activation::Relu => simd(
                #[inline(always)]
                || {
                    for (delta, &a) in delta.iter_mut().zip(a) {
                        *delta = if a > F::zero() { *delta } else { F::zero() };
                    }
                },
            ),
            Activation::LeakyRelu { negative_slope } => each(a, delta, |a| step(a, negative_slope)),
            Activation::Elu { alpha } => each(a, delta, |a| step(a, a + alpha)),
            Activation::Selu => each(a, delta, |a| {
                if a > 0.0 {
                    SELU_SCALE
                } else {
                    a + SELU_SCALE * SELU_ALPHA
                }
            }),
            Activation::Gelu => each(z, delta, |z| normal(z) + z * density(z)),
            Activation::GeluTanh => each(z, delta, |z| {
                let t = tanh(gelu_inner(z));
                let inner = GELU_ROOT * (1.0 + 3.0 * 0.044_715 * z * z);
                0.5 * (1.0 + t) + 0.5 * z * (1.0 - t * t) * inner
            }),
            Activation::Silu => each(z, delta, |z| {
                let s = logistic(z);
                s * (1.0 + z * (1.0 - s))
            }),
            Activation::Softplus => each(a, delta, |a| -exp_m1(-a)),
            Activation::Mish => each(z, delta, |z| {
                let t = tanh(softplus(z));
                t + z * (1.0 - t * t) * logistic(z)
            }),
        }
    }
}

/// √(2/π).
const GELU_ROOT: f64 = 0.797_884_560_802_865_4;

#[inline(always)]
fn gelu_inner(z: f64) -> f64 {
    // Beyond it tanh is ±1, and z³ would overflow.
    let z = z.clamp(-1e3, 1e3);
    GELU_ROOT * z * (1.0 + 0.044_715 * z * z)
}

/// σ(z) = 1 / (1 + e⁻ᶻ), without overflow on either side.
#[inline(always)]
pub(crate) fn logistic(z: f64) -> f64 {
    let e = exp(-z.abs());
    (if z >= 0.0 { 1.0 } else { e }) / (1.0 + e)
}

/// tanh z = (e²ᶻ − 1) / (e²ᶻ + 1).
#[inline(always)]
fn tanh(z: f64) -> f64 {
    // It is ±1, rounded, from 19.1 on.
    let e = exp_m1(2.0 * z.clamp(-20.0, 20.0));
    e / (e + 2.0)
}

/// ln(1 + eᶻ) = max(z, 0) + ln(1 + e^−|z|).
#[inline(always)]
pub(crate) fn softplus(z: f64) -> f64 {
    (if z > 0.0 { z } else { 0.0 }) + ln_1p(exp(-z.abs()))
}

#[inline(always)]
fn elu(z: f64, alpha: f64) -> f64 {
    if z > 0.0 { z } else { alpha * exp_m1(z) }
}

/// The normal distribution function.
#[inline(always)]
fn normal(z: f64) -> f64 {
    0.5 * libm::erfc(-z * std::f64::consts::FRAC_1_SQRT_2)
}

/// The normal density.
#[inline(always)]
fn density(z: f64) -> f64 {
    0.398_942_280_401_432_7 * exp(-0.5 * z * z)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) const ALL: [Activation; 12] = [
        Activation::Identity,
        Activation::Logistic,
        Activation::Tanh,
        Activation::Relu,
        Activation::LeakyRelu {
            negative_slope: 0.2,
        },
        Activation::Elu { alpha: 1.5 },
        Activation::Selu,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Silu,
        Activation::Softplus,
        Activation::Mish,
    ];

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        for f in ALL {
            for z in [-7.3, -2.1, -0.6, -0.01, 0.02, 0.7, 3.3, 9.1] {
                let h = 1e-5;
                let slope = (f.value(z + h) - f.value(z - h)) / (2.0 * h);
                let error = (f.derivative(z) - slope).abs();
                assert!(error < 1e-9, "{f:?} at {z}: {} {slope}", f.derivative(z));
            }
        }
    }

    #[test]
    fn nothing_overflows_far_out() {
        for f in ALL {
            for z in [-1e30, -800.0, -30.0, 0.0, 30.0, 800.0, 1e30] {
                assert!(f.value(z).is_finite(), "{f:?} at {z}");
                assert!(f.derivative(z).is_finite(), "{f:?} at {z}");
            }
            assert!(f.value(-1e30).is_finite() && f.derivative(1e30) <= 1.1);
        }
    }

    #[test]
    fn f32_is_f64_rounded() {
        for f in ALL {
            let mut narrow = [-1.25f32, 0.5, 2.0];
            let wide = narrow.map(|z| f.value(f64::from(z)) as f32);
            f.apply(&mut narrow);
            for (a, b) in narrow.iter().zip(wide) {
                assert!((a - b).abs() <= f32::EPSILON * b.abs(), "{f:?}");
            }
        }
    }

    #[test]
    fn names_are_those_of_parameters() {
        let text = serde_json::to_string(&ALL[3]).unwrap();
        assert_eq!(text, "\"relu\"");
        for f in ALL {
            let text = serde_json::to_string(&f).unwrap();
            assert_eq!(serde_json::from_str::<Activation>(&text).unwrap(), f);
            f.check("E").unwrap();
        }
        let bad = Activation::Elu { alpha: f64::NAN }.check("E").unwrap_err();
        assert!(bad.to_string().contains("activation.alpha"), "{bad}");
    }
}
