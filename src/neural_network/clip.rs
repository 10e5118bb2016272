//! Gradient clipping: what keeps one bad batch from throwing a network off.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;

/// How large a gradient may be.
///
/// ```
/// use fitwell::neural_network::{Clip, Sequential, SequentialRegressor};
///
/// let model = SequentialRegressor::new(Sequential::new()).clip(Clip::GlobalNorm(1.0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Clip {
    /// Every component between −c and c. Keras's `clipvalue`.
    #[doc(alias = "clipvalue")]
    Value(#[serde(with = "crate::params::number")] f64),
    /// The gradient of every weight matrix and every vector scaled down to a norm of at most c. Keras's `clipnorm`.
    #[doc(alias = "clipnorm")]
    Norm(#[serde(with = "crate::params::number")] f64),
    /// The whole gradient scaled down to a norm of at most c. Keras's `global_clipnorm`.
    #[doc(alias = "global_clipnorm")]
    GlobalNorm(#[serde(with = "crate::params::number")] f64),
}

impl Clip {
    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        let (Clip::Value(c) | Clip::Norm(c) | Clip::GlobalNorm(c)) = self;
        check::real(estimator, "clip", c, Interval::above(0.0))
    }

    /// Clips a gradient that is made of these parts.
    pub(crate) fn apply<F: Float>(self, gradient: &mut [F], parts: &[Range<usize>]) {
        match self {
            Clip::Value(c) => {
                let c = F::of(c);
                simd(
                    #[inline(always)]
                    || {
                        for g in gradient {
                            // NaN stays.
                            *g = if *g > c { c } else { *g };
                            *g = if *g < -c { -c } else { *g };
                        }
                    },
                );
            }
            Clip::Norm(c) => {
                for part in parts {
                    scale_down(&mut gradient[part.clone()], c);
                }
            }
            Clip::GlobalNorm(c) => scale_down(gradient, c),
        }
    }
}

fn scale_down<F: Float>(gradient: &mut [F], most: f64) {
    let squares: f64 = gradient.iter().map(|g| g.f64() * g.f64()).sum();
    let mut norm = squares.sqrt();
    if norm.is_infinite() {
        // Squares overflow before the gradient does.
        let largest = gradient.iter().fold(0.0, |m: f64, g| m.max(g.f64().abs()));
        let scaled: f64 = gradient.iter().map(|g| (g.f64() / largest).powi(2)).sum();
        norm = largest * scaled.sqrt();
    }
    if norm > most {
        let factor = F::of(most / norm);
        for g in gradient {
            *g *= factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limits_what_it_says() {
        let start = [3.0, -4.0, 12.0];
        let clipped = |clip: Clip| {
            let mut g = start;
            clip.apply(&mut g, &[0..2, 2..3]);
            g
        };
        assert_eq!(clipped(Clip::Value(3.5)), [3.0, -3.5, 3.5]);
        let close = |a: [f64; 3], b: [f64; 3]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-15);
        assert!(close(clipped(Clip::Norm(1.0)), [0.6, -0.8, 1.0]));
        assert!(close(clipped(Clip::GlobalNorm(1.3)), [0.3, -0.4, 1.2]));
        assert_eq!(clipped(Clip::GlobalNorm(20.0)), start);
        let mut huge = [3e200, -4e200];
        Clip::GlobalNorm(1.0).apply(&mut huge, &[]);
        assert!((huge[0] - 0.6f64).abs() < 1e-15);
        assert!(Clip::Value(0.0).check("E").is_err() && Clip::Norm(f64::NAN).check("E").is_err());
    }
}
