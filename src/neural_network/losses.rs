//! Losses: how far what the network says is from the target, and its derivative.
//!
//! A loss looks at one row: the values z of the last layer and the target of the row. It gives the loss and its derivative
//! by z, so that the network knows no loss. Of a batch the mean over its rows is taken, weighted by the sample weights.
//!
//! # Real targets
//! With r = z − y for each of the outputs, over which the mean is taken:
//!
//! | loss | value | ∂/∂z |
//! |---|---|---|
//! | squared error | r² | 2 r |
//! | absolute error | \|r\| | sign r |
//! | Huber | r²/2 where \|r\| ≤ δ, else δ (\|r\| − δ/2) | r, at most δ in magnitude |
//! | log-cosh | ln cosh r | tanh r |
//! | quantile | −q r where r < 0, else (1 − q) r | −q or 1 − q |
//! | Poisson | y ln(y / eᶻ) − y + eᶻ | eᶻ − y |
//!
//! # Classes
//! With p the softmax of z, or of one value the logistic function, and q the target: 1 for the class and 0 for the others,
//! smoothed to q (1 − s) + s/K:
//!
//! | loss | value |
//! |---|---|
//! | cross-entropy | −Σₖ qₖ ln pₖ |
//! | focal | −α Σₖ (1 − pₖ)^γ qₖ ln pₖ; of two classes with one output see [`ClassificationLoss::Focal`] |
//!
//! Several labels at once are two classes with one output each; the mean over them is taken.
//!
//! These are the definitions of Keras 3, from z instead of from clipped probabilities.
//!
//! # Sources
//! P. J. Huber, "Robust estimation of a location parameter", Annals of Mathematical Statistics 35 (1964). R. Koenker,
//! G. Bassett, "Regression quantiles", Econometrica 46 (1978). C. Szegedy and others, "Rethinking the Inception
//! architecture", CVPR 2016 (label smoothing). T.-Y. Lin and others, "Focal loss for dense object detection", ICCV 2017.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::elementary::{exp, exp_m1, ln, ln_1p};
use crate::error::{Error, Result};

use super::activation::{logistic, softplus};

/// What a regressor minimises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum RegressionLoss {
    /// The squared difference: the mean of the target.
    #[default]
    #[doc(alias = "mse")]
    SquaredError,
    /// The difference: the median of the target.
    #[doc(alias = "mae")]
    AbsoluteError,
    /// Squared up to `delta`, linear beyond: the mean, but for outliers.
    Huber {
        /// Where it becomes linear, above 0; Keras's default is 1.
        #[serde(with = "crate::params::number")]
        delta: f64,
    },
    /// ln cosh of the difference: a smooth form of Huber's.
    LogCosh,
    /// A quantile of the target.
    #[doc(alias = "pinball")]
    Quantile {
        /// Which one, in (0, 1); 0.5 is the median.
        #[serde(with = "crate::params::number")]
        quantile: f64,
    },
    /// Half the Poisson deviance of a count; the network says its logarithm, predictions are eᶻ.
    Poisson,
    /// A loss of your own, given by `custom_loss`.
    Custom,
}

impl RegressionLoss {
    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        match self {
            RegressionLoss::Huber { delta } => {
                check::real(estimator, "loss.delta", delta, Interval::above(0.0))
            }
            RegressionLoss::Quantile { quantile } => {
                let range = Interval::open(0.0, 1.0);
                check::real(estimator, "loss.quantile", quantile, range)
            }
            _ => Ok(()),
        }
    }

    /// The loss of one output and its derivative by z.
    pub(super) fn of_one(self, y: f64, z: f64) -> (f64, f64) {
        let mut slope = [0.0];
        (self.row(&[y], &[z], &mut slope), slope[0])
    }

    /// The loss of a row and its derivative by z.
    #[inline]
    fn row(self, y: &[f64], z: &[f64], gradient: &mut [f64]) -> f64 {
        let share = 1.0 / z.len() as f64;
        let mut sum = 0.0;
        for ((&y, &z), gradient) in y.iter().zip(z).zip(gradient) {
            let r = z - y;
            let (value, slope) = match self {
                RegressionLoss::SquaredError | RegressionLoss::Custom => (r * r, 2.0 * r),
                RegressionLoss::AbsoluteError => (r.abs(), sign(r)),
                RegressionLoss::Huber { delta } => {
                    if r.abs() <= delta {
                        (0.5 * r * r, r)
                    } else {
                        (delta * (r.abs() - 0.5 * delta), delta * sign(r))
                    }
                }
                RegressionLoss::LogCosh => {
                    let far = r.abs();
                    let e = exp(-2.0 * far);
                    let value = far + ln_1p(e) - std::f64::consts::LN_2;
                    (value, sign(r) * -exp_m1(-2.0 * far) / (1.0 + e))
                }
                RegressionLoss::Quantile { quantile } => {
                    if r < 0.0 {
                        (-quantile * r, -quantile)
                    } else if r > 0.0 {
                        ((1.0 - quantile) * r, 1.0 - quantile)
                    } else {
                        (r, 0.0)
                    }
                }
                RegressionLoss::Poisson => {
                    let mean = exp(z);
                    let entropy = if y > 0.0 { y * (y.ln() - z) } else { 0.0 };
                    (entropy - y + mean, mean - y)
                }
            };
            sum += value;
            *gradient = slope * share;
        }
        sum * share
    }
}

/// −1, 0 or 1; NaN stays.
fn sign(r: f64) -> f64 {
    if r == 0.0 { 0.0 } else { r.signum() }
}

/// What a classifier minimises.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum ClassificationLoss {
    /// The logarithm of the probability of the class.
    #[doc(alias = "log_loss")]
    CrossEntropy {
        /// How much of the target is spread over all classes, in [0, 1).
        #[serde(with = "crate::params::number", default)]
        label_smoothing: f64,
    },
    /// Cross-entropy that counts rows less the surer the network is of them.
    ///
    /// Two classes have one output, with p the probability of the second: with pₜ = q p + (1 − q)(1 − p), the loss is
    /// (1 − pₜ)^γ times the cross-entropy, times q α + (1 − q)(1 − α) where there is an α. (Keras's
    /// `BinaryFocalCrossentropy`, with `apply_class_balancing` for an α.)
    Focal {
        /// The exponent, at least 0; Keras's default is 2.
        #[serde(with = "crate::params::number")]
        gamma: f64,
        /// The weight of the second of two classes, in [0, 1], or a factor of the loss of several. Keras's default is 0.25.
        #[serde(with = "crate::params::optional_number", default)]
        alpha: Option<f64>,
        /// How much of the target is spread over all classes, in [0, 1).
        #[serde(with = "crate::params::number", default)]
        label_smoothing: f64,
    },
    /// A loss of your own, given by `custom_loss`.
    Custom,
}

impl Default for ClassificationLoss {
    fn default() -> Self {
        Self::cross_entropy()
    }
}

impl ClassificationLoss {
    /// Cross-entropy without smoothing.
    pub const fn cross_entropy() -> Self {
        ClassificationLoss::CrossEntropy {
            label_smoothing: 0.0,
        }
    }

    /// Cross-entropy with the target smoothed.
    pub const fn smoothed(label_smoothing: f64) -> Self {
        ClassificationLoss::CrossEntropy { label_smoothing }
    }

    /// Focal loss without balancing or smoothing.
    pub const fn focal(gamma: f64) -> Self {
        ClassificationLoss::Focal {
            gamma,
            alpha: None,
            label_smoothing: 0.0,
        }
    }

    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        let smoothing = |s: f64| {
            let range = Interval::open(0.0, 1.0).including_low();
            check::real(estimator, "loss.label_smoothing", s, range)
        };
        match self {
            ClassificationLoss::CrossEntropy { label_smoothing } => smoothing(label_smoothing),
            ClassificationLoss::Focal {
                gamma,
                alpha,
                label_smoothing,
            } => {
                check::real(estimator, "loss.gamma", gamma, Interval::at_least(0.0))?;
                let range = Interval::closed(0.0, 1.0);
                check::real(estimator, "loss.alpha", alpha.unwrap_or(1.0), range)?;
                smoothing(label_smoothing)
            }
            ClassificationLoss::Custom => Ok(()),
        }
    }

    /// The mean loss of a row of labels, each 0 or 1 with one z, and its derivative by z.
    fn labels(self, y: &[f64], z: &[f64], gradient: &mut [f64]) -> f64 {
        let share = 1.0 / z.len() as f64;
        let mut sum = 0.0;
        for ((&y, z), gradient) in y.iter().zip(z).zip(gradient.iter_mut()) {
            let one = std::slice::from_mut(gradient);
            sum += self.row(usize::from(y > 0.5), std::slice::from_ref(z), one);
            one[0] *= share;
        }
        sum * share
    }

    /// The loss of a row of class `code` and its derivative by z.
    #[inline]
    fn row(self, code: usize, z: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            ClassificationLoss::CrossEntropy { label_smoothing: s } => match (z, gradient) {
                (&[z], [gradient]) => {
                    let q = smooth(code == 1, s, 2.0);
                    *gradient = logistic(z) - q;
                    softplus(z) - q * z
                }
                (z, gradient) => {
                    let n = z.len() as f64;
                    let log_sum = log_softmax(z, gradient);
                    let mut sum = 0.0;
                    for (k, (z, gradient)) in z.iter().zip(gradient).enumerate() {
                        let q = smooth(code == k, s, n);
                        sum -= q * (z - log_sum);
                        *gradient -= q;
                    }
                    sum
                }
            },
            ClassificationLoss::Focal {
                gamma,
                alpha,
                label_smoothing: s,
            } => match (z, gradient) {
                (&[z], [gradient]) => {
                    let q = smooth(code == 1, s, 2.0);
                    let weight = alpha.map_or(1.0, |a| q * a + (1.0 - q) * (1.0 - a));
                    let (p, other) = (logistic(z), logistic(-z));
                    let entropy = q * softplus(-z) + (1.0 - q) * softplus(z);
                    // 1 − pₜ, and its derivative by z
                    let miss = q * other + (1.0 - q) * p;
                    let miss_slope = (1.0 - 2.0 * q) * p * other;
                    let factor = miss.powf(gamma);
                    let relative = if miss > 0.0 { miss_slope / miss } else { 0.0 };
                    *gradient = weight * factor * (gamma * relative * entropy + p - q);
                    weight * factor * entropy
                }
                (z, gradient) => {
                    let n = z.len() as f64;
                    let log_sum = log_softmax(z, gradient);
                    let alpha = alpha.unwrap_or(1.0);
                    let (mut sum, mut total) = (0.0, 0.0);
                    // With hₖ = pₖ ∂L/∂pₖ, ∂L/∂zₖ = hₖ − pₖ Σ h.
                    let h = |k: usize, z: f64, p: f64| {
                        let q = smooth(code == k, s, n);
                        let log = z - log_sum;
                        let miss = -exp_m1(log);
                        let factor = if gamma == 0.0 { 1.0 } else { miss.powf(gamma) };
                        let ratio = if miss > 1e-300 { p * log / miss } else { -1.0 };
                        let loss = -alpha * factor * q * log;
                        (loss, alpha * q * factor * (gamma * ratio - 1.0))
                    };
                    for (k, (&z, &mut p)) in z.iter().zip(&mut *gradient).enumerate() {
                        let (loss, h) = h(k, z, p);
                        sum += loss;
                        total += h;
                    }
                    for (k, (&z, gradient)) in z.iter().zip(gradient).enumerate() {
                        *gradient = h(k, z, *gradient).1 - *gradient * total;
                    }
                    sum
                }
            },
            ClassificationLoss::Custom => {
                gradient.fill(0.0);
                0.0
            }
        }
    }
}

/// The target of a class, smoothed.
#[inline(always)]
fn smooth(is: bool, smoothing: f64, n_classes: f64) -> f64 {
    f64::from(u8::from(is)) * (1.0 - smoothing) + smoothing / n_classes
}

/// ln Σ exp z; `p` becomes the softmax.
#[inline]
fn log_softmax(z: &[f64], p: &mut [f64]) -> f64 {
    let shift = z.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (p, &z) in p.iter_mut().zip(z) {
        *p = exp(z - shift);
        sum += *p;
    }
    for p in p {
        *p /= sum;
    }
    shift + ln(sum)
}

/// A loss of your own, of one row.
///
/// ```
/// use fitwell::neural_network::{Activation, Loss, Sequential, SequentialRegressor};
/// use fitwell::prelude::*;
/// use ndarray::{Array1, Array2};
///
/// /// Too little costs three times what too much costs.
/// struct Shortage;
///
/// impl Loss for Shortage {
///     fn row(&self, target: &[f64], output: &[f64], gradient: &mut [f64]) -> f64 {
///         let r = output[0] - target[0];
///         let weight = if r < 0.0 { 3.0 } else { 1.0 };
///         gradient[0] = 2.0 * weight * r;
///         weight * r * r
///     }
/// }
///
/// let x = Array2::from_shape_fn((60, 1), |(i, _)| i as f64 / 30.0 - 1.0);
/// let y = Array1::from_shape_fn(60, |i| x[[i, 0]] + if i % 2 == 0 { 0.5 } else { -0.5 });
/// let model = SequentialRegressor::new(Sequential::new()).learning_rate_init(0.05).custom_loss(Shortage).fit(&x, &y)?;
/// let above = (model.predict(&x)? - &x.column(0)).mean().unwrap();
/// assert!(above > 0.15);
/// # Ok::<(), Error>(())
/// ```
pub trait Loss: Send + Sync {
    /// The loss of a row, and its derivative by each output.
    ///
    /// `target` holds the real targets of the row, or 1 for its class and 0 for the others (of two classes one value, 1 for
    /// the second). `output` holds what the last layer says, as many values; of classes these are z, not probabilities.
    /// `gradient` is as long and to be filled.
    fn row(&self, target: &[f64], output: &[f64], gradient: &mut [f64]) -> f64;
}

/// A loss of the user's own, if there is one. It is no hyper-parameter: it is not written to files and does not count when
/// estimators are compared.
#[derive(Clone, Default)]
pub(crate) struct OwnLoss(Option<Arc<dyn Loss>>);

impl OwnLoss {
    pub(crate) fn new(loss: impl Loss + 'static) -> Self {
        OwnLoss(Some(Arc::new(loss)))
    }

    /// The loss, or an error that says how to give it.
    fn get(&self, estimator: &str) -> Result<Arc<dyn Loss>> {
        self.0.clone().ok_or_else(|| {
            let expected =
                "another loss while `custom_loss` gave none (it is not written to files)";
            Error::invalid_parameter(estimator, "loss", expected, "custom")
        })
    }
}

impl fmt::Debug for OwnLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.0.is_some() { ".." } else { "none" };
        write!(f, "OwnLoss({name})")
    }
}

impl PartialEq for OwnLoss {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// The loss of a network, whatever its target.
#[derive(Clone)]
pub(crate) enum RowLoss {
    Regression(RegressionLoss),
    Classification(ClassificationLoss),
    Own(Arc<dyn Loss>),
}

impl RowLoss {
    pub(crate) fn regression(
        estimator: &str,
        loss: RegressionLoss,
        own: &OwnLoss,
    ) -> Result<RowLoss> {
        Ok(match loss {
            RegressionLoss::Custom => RowLoss::Own(own.get(estimator)?),
            loss => RowLoss::Regression(loss),
        })
    }

    pub(crate) fn classification(
        estimator: &str,
        loss: ClassificationLoss,
        own: &OwnLoss,
    ) -> Result<RowLoss> {
        Ok(match loss {
            ClassificationLoss::Custom => RowLoss::Own(own.get(estimator)?),
            loss => RowLoss::Classification(loss),
        })
    }

    /// The loss of a row of real targets, or of labels that are 0 or 1.
    pub(crate) fn of_values(&self, y: &[f64], z: &[f64], gradient: &mut [f64]) -> f64 {
        match self {
            RowLoss::Regression(loss) => loss.row(y, z, gradient),
            RowLoss::Own(loss) => loss.row(y, z, gradient),
            RowLoss::Classification(loss) => loss.labels(y, z, gradient),
        }
    }

    /// The loss of a row of a class; `y` is room for its target.
    pub(crate) fn of_class(
        &self,
        code: usize,
        y: &mut [f64],
        z: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        match self {
            RowLoss::Classification(loss) => loss.row(code, z, gradient),
            RowLoss::Own(loss) => {
                let single = y.len() == 1;
                for (k, y) in y.iter_mut().enumerate() {
                    *y = f64::from(u8::from(code == k + usize::from(single)));
                }
                loss.row(y, z, gradient)
            }
            RowLoss::Regression(_) => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REAL: [RegressionLoss; 7] = [
        RegressionLoss::SquaredError,
        RegressionLoss::AbsoluteError,
        RegressionLoss::Huber { delta: 0.8 },
        RegressionLoss::LogCosh,
        RegressionLoss::Quantile { quantile: 0.9 },
        RegressionLoss::Quantile { quantile: 0.25 },
        RegressionLoss::Poisson,
    ];

    const CLASS: [ClassificationLoss; 5] = [
        ClassificationLoss::cross_entropy(),
        ClassificationLoss::smoothed(0.2),
        ClassificationLoss::focal(2.0),
        ClassificationLoss::Focal {
            gamma: 0.5,
            alpha: Some(0.25),
            label_smoothing: 0.1,
        },
        ClassificationLoss::focal(0.0),
    ];

    /// The largest difference between the derivative and finite differences, relative to 1 and the derivative.
    fn error(z: &[f64], loss: impl Fn(&[f64], &mut [f64]) -> f64) -> f64 {
        let h = 1e-6;
        let mut gradient = vec![0.0; z.len()];
        loss(z, &mut gradient);
        let mut unused = gradient.clone();
        let mut worst = 0.0f64;
        for k in 0..z.len() {
            let mut moved = z.to_vec();
            moved[k] += h;
            let up = loss(&moved, &mut unused);
            moved[k] -= 2.0 * h;
            let down = loss(&moved, &mut unused);
            let slope = (up - down) / (2.0 * h);
            worst = worst.max((gradient[k] - slope).abs() / (1.0 + slope.abs()));
        }
        worst
    }

    #[test]
    fn derivatives_by_real_outputs_are_those_of_finite_differences() {
        for loss in REAL {
            for z in [[0.3, -1.2, 2.0], [5.0, 0.1, -3.0]] {
                let worst = error(&z, |z, g| loss.row(&[1.0, 0.5, 3.0], z, g));
                assert!(worst < 1e-8, "{loss:?}: {worst}");
            }
        }
    }

    #[test]
    fn derivatives_by_classes_are_those_of_finite_differences() {
        for loss in CLASS {
            for code in [0, 1] {
                for z in [-3.0, -0.2, 0.0, 1.5, 6.0] {
                    let worst = error(&[z], |z, g| loss.row(code, z, g));
                    assert!(worst < 1e-8, "{loss:?} {code} {z}: {worst}");
                }
                let worst = error(&[0.5, -1.0, 2.0], |z, g| loss.row(code, z, g));
                assert!(worst < 1e-8, "{loss:?} {code}: {worst}");
            }
        }
    }

    #[test]
    fn labels_are_the_mean_of_pairs_of_classes() {
        for loss in CLASS {
            let z = [0.5, -1.0, 2.0];
            let worst = error(&z, |z, g| loss.labels(&[1.0, 0.0, 1.0], z, g));
            assert!(worst < 1e-8, "{loss:?}: {worst}");
            let mut g = [0.0];
            let pairs = [(1, 0.5), (0, -1.0), (1, 2.0)];
            let sum: f64 = pairs
                .iter()
                .map(|&(code, z)| loss.row(code, &[z], &mut g))
                .sum();
            let mean = loss.labels(&[1.0, 0.0, 1.0], &z, &mut [0.0; 3]);
            assert!((mean - sum / 3.0).abs() < 1e-15, "{loss:?}");
        }
    }

    #[test]
    fn focal_without_focus_is_cross_entropy() {
        let (focal, plain) = (
            ClassificationLoss::focal(0.0),
            ClassificationLoss::cross_entropy(),
        );
        for z in [vec![0.3], vec![1.0, -2.0, 0.5]] {
            let (mut a, mut b) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            let (x, y) = (focal.row(1, &z, &mut a), plain.row(1, &z, &mut b));
            assert!((x - y).abs() < 1e-14);
            assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-14));
        }
    }

    #[test]
    fn nothing_overflows_where_the_network_is_sure() {
        let mut g = [0.0; 3];
        for loss in CLASS {
            for z in [[800.0, -800.0, 0.0], [-800.0, 800.0, 0.0]] {
                assert!(loss.row(0, &z, &mut g).is_finite(), "{loss:?}");
                assert!(g.iter().all(|g| g.is_finite()), "{loss:?} {g:?}");
                assert!(loss.row(0, &z[..1], &mut g[..1]).is_finite());
                assert!(g.iter().all(|g| g.is_finite()), "{loss:?} {g:?}");
            }
        }
        let far = RegressionLoss::LogCosh.row(&[0.0], &[-1e6], &mut g[..1]);
        assert!((far - 1e6 + std::f64::consts::LN_2).abs() < 1e-9);
        assert!((g[0] + 1.0).abs() < 1e-15);
    }

    #[test]
    fn a_loss_of_ones_own_sees_targets_of_classes() {
        struct Seen;
        impl Loss for Seen {
            fn row(&self, target: &[f64], output: &[f64], gradient: &mut [f64]) -> f64 {
                gradient.copy_from_slice(output);
                target
                    .iter()
                    .enumerate()
                    .map(|(k, t)| t * 10f64.powi(k as i32))
                    .sum()
            }
        }
        let loss = ClassificationLoss::Custom;
        let own = RowLoss::classification("E", loss, &OwnLoss::new(Seen)).unwrap();
        let (mut y, mut g) = ([0.0; 3], [0.0; 3]);
        let value = own.of_class(2, &mut y, &[1.0, 2.0, 3.0], &mut g);
        assert!((value - 100.0).abs() < 1e-12);
        let value = own.of_class(1, &mut y[..1], &[1.0], &mut g[..1]);
        assert!((value - 1.0).abs() < 1e-12);
        let missing = RowLoss::classification("E", loss, &OwnLoss::default())
            .err()
            .unwrap();
        assert!(missing.to_string().contains("custom_loss"), "{missing}");
    }
}
