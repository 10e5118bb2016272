//! The losses of stochastic gradient descent: of a target y and what the model says, p = w·x + b.
//!
//! Classes are y = −1 and 1, for the logistic loss 0 and 1. The constants are scikit-learn's: the squared error and the
//! Huber loss are halved, the squared hinge and the squared ε-insensitive loss are not.

use crate::elementary::{exp, ln_1p};

/// A loss with its parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Loss {
    /// max(0, threshold − y p)
    Hinge(f64),
    /// max(0, 1 − y p)²
    SquaredHinge,
    /// ln(1 + eᵖ) − y p
    Log,
    /// max(0, 1 − y p)², and −4 y p below −1
    ModifiedHuber,
    /// (y − p)² / 2
    SquaredError,
    /// (y − p)² / 2 up to ε, and linear beyond
    Huber(f64),
    /// max(0, |y − p| − ε)
    EpsilonInsensitive(f64),
    /// max(0, |y − p| − ε)²
    SquaredEpsilonInsensitive(f64),
}

impl Loss {
    /// What y is for rows of another class.
    pub(super) fn negative(self) -> f64 {
        if self == Loss::Log { 0.0 } else { -1.0 }
    }

    #[inline(always)]
    pub(super) fn value(self, y: f64, p: f64) -> f64 {
        match self {
            Loss::Hinge(threshold) => (threshold - y * p).max(0.0),
            Loss::SquaredHinge => {
                let z = (1.0 - y * p).max(0.0);
                z * z
            }
            Loss::Log => p.max(0.0) - y * p + ln_1p(exp(-p.abs())),
            Loss::ModifiedHuber => {
                let z = y * p;
                let inside = (1.0 - z).max(0.0);
                if z >= -1.0 { inside * inside } else { -4.0 * z }
            }
            Loss::SquaredError => 0.5 * (y - p) * (y - p),
            Loss::Huber(epsilon) => {
                let r = (y - p).abs();
                if r <= epsilon {
                    0.5 * r * r
                } else {
                    epsilon * (r - 0.5 * epsilon)
                }
            }
            Loss::EpsilonInsensitive(epsilon) => ((y - p).abs() - epsilon).max(0.0),
            Loss::SquaredEpsilonInsensitive(epsilon) => {
                let z = ((y - p).abs() - epsilon).max(0.0);
                z * z
            }
        }
    }

    /// Its derivative by p.
    #[inline(always)]
    pub(super) fn gradient(self, y: f64, p: f64) -> f64 {
        match self {
            Loss::Hinge(threshold) => {
                if y * p <= threshold {
                    -y
                } else {
                    0.0
                }
            }
            Loss::SquaredHinge => -2.0 * y * (1.0 - y * p).max(0.0),
            Loss::Log => {
                // 1 / (1 + e⁻ᵖ) − y, written so that no digits cancel.
                let e = exp(-p.abs());
                let (low, high) = (e / (1.0 + e), 1.0 / (1.0 + e));
                let (of_zero, of_one) = if p > 0.0 { (high, -low) } else { (low, -high) };
                if y > 0.0 { of_one } else { of_zero }
            }
            Loss::ModifiedHuber => {
                let z = y * p;
                if z >= -1.0 {
                    -2.0 * y * (1.0 - z).max(0.0)
                } else {
                    -4.0 * y
                }
            }
            Loss::SquaredError => p - y,
            Loss::Huber(epsilon) => (p - y).clamp(-epsilon, epsilon),
            Loss::EpsilonInsensitive(epsilon) => {
                let r = y - p;
                if r > epsilon {
                    -1.0
                } else if -r > epsilon {
                    1.0
                } else {
                    0.0
                }
            }
            Loss::SquaredEpsilonInsensitive(epsilon) => {
                let r = y - p;
                if r > epsilon {
                    -2.0 * (r - epsilon)
                } else if -r > epsilon {
                    2.0 * (-r - epsilon)
                } else {
                    0.0
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Loss; 9] = [
        Loss::Hinge(1.0),
        Loss::Hinge(0.0),
        Loss::SquaredHinge,
        Loss::Log,
        Loss::ModifiedHuber,
        Loss::SquaredError,
        Loss::Huber(0.7),
        Loss::EpsilonInsensitive(0.3),
        Loss::SquaredEpsilonInsensitive(0.3),
    ];

    #[test]
    fn gradients_are_those_of_the_values() {
        for loss in ALL {
            for y in [loss.negative(), 1.0] {
                for i in -40..=40 {
                    // No point is a corner of a loss.
                    let (p, h) = (0.1 * f64::from(i) + 0.013, 1e-6);
                    let slope = (loss.value(y, p + h) - loss.value(y, p - h)) / (2.0 * h);
                    let gradient = loss.gradient(y, p);
                    assert!((slope - gradient).abs() < 1e-8, "{loss:?} at {y}, {p}");
                }
            }
        }
    }

    #[test]
    fn the_logistic_loss_keeps_its_digits_far_out() {
        let (far, loss) = (50.0, Loss::Log);
        let small = (-50.0f64).exp();
        assert!((loss.gradient(1.0, far) / -small - 1.0).abs() < 1e-14);
        assert!((loss.gradient(0.0, -far) / small - 1.0).abs() < 1e-14);
        assert!((loss.value(1.0, far) / small - 1.0).abs() < 1e-14);
        assert!((loss.value(1.0, -1e6) - 1e6).abs() < 1e-9);
        assert!((loss.gradient(1.0, -1e6) + 1.0).abs() < 1e-15);
    }
}
