//! Quantile losses, deviances, the median and the largest error, and the D² of them.

use ndarray::{Array1, ArrayRef, ArrayRef1, Ix1};

use super::regression::{Both, Multioutput, Part, average, explained, finite, mean_loss};
use super::sum::{sum, sum_pairs};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::targets::{AsTargets, RealTargets, TargetDim};

/// The largest absolute error, max |yᵢ − ŷᵢ|, in units of the target. Rows of weight zero do not count; other weights
/// change nothing.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`.
///
/// ```
/// use fitwell::metrics::max_error;
/// use ndarray::array;
///
/// assert_eq!(max_error(&array![3.0, 2.0, 7.0], &array![4.0, 2.0, 7.0])?, 1.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn max_error<T, F: Float>(y_true: &T, y_pred: &ArrayRef1<F>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    let both = Both::new(y_true.as_targets(), y_pred)?;
    let (y, p, w) = (both.truth(0), both.predicted(0), both.weights());
    let counts = |i: &usize| w.is_none_or(|w| w[*i] > 0.0);
    let error = |i: usize| (y[i].f64() - p[i].f64()).abs();
    let largest = (0..both.n).filter(counts).map(error).fold(0.0, f64::max);
    finite("max_error", largest).map(|()| largest)
}

/// The median absolute error, in units of the target; of several targets, the mean.
///
/// With weights it is the value below and above which lies half the weight, the mean of two values where the halves meet
/// between them.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `Overflow`.
///
/// ```
/// use fitwell::metrics::median_absolute_error;
/// use ndarray::array;
///
/// assert_eq!(median_absolute_error(&array![3.0, -0.5, 2.0, 7.0], &array![2.5, 0.0, 2.0, 8.0])?, 0.5);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn median_absolute_error<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let values = median_absolute_error_per_target(y_true, y_pred)?;
    Ok(sum(values.len(), |k| values[k]) / values.len() as f64)
}

/// [`median_absolute_error`] of each target.
///
/// # Errors
/// As [`median_absolute_error`].
pub fn median_absolute_error_per_target<T, F, D>(
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let both = Both::new(y_true.as_targets(), y_pred)?;
    (0..both.truth.ncols())
        .map(|k| {
            let (y, p) = (both.truth(k), both.predicted(k));
            let errors = (0..both.n).map(|i| (y[i].f64() - p[i].f64()).abs());
            let median = quantile(errors.collect(), both.weights(), 0.5);
            finite("median_absolute_error", median).map(|()| median)
        })
        .collect()
}

/// The quantile of weighted values: the value at which the weight of all that are at most it reaches the fraction; where it
/// reaches it exactly, the mean with the next value. Values of weight zero do not count.
fn quantile(values: Vec<f64>, weights: Option<&[f64]>, fraction: f64) -> f64 {
    let mut rows: Vec<(f64, f64)> = (values.into_iter().enumerate())
        .map(|(i, v)| (v, weights.map_or(1.0, |w| w[i])))
        .filter(|row| row.1 > 0.0)
        .collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let mut below = 0.0;
    let cumulated: Vec<f64> = (rows.iter())
        .map(|row| {
            below += row.1;
            below
        })
        .collect();
    // Rounded as scikit-learn's percent are.
    let wanted = fraction * 100.0 / 100.0 * below;
    let at = cumulated.partition_point(|&c| c < wanted);
    let Some(&(value, _)) = rows.get(at.min(rows.len().saturating_sub(1))) else {
        return f64::NAN;
    };
    // As scikit-learn decides whether the fraction is met; of the fraction 0 it is not.
    let met = wanted > 0.0
        && cumulated
            .get(at)
            .is_some_and(|c| c - wanted <= f64::EPSILON);
    match rows.get(at + 1) {
        Some(&(next, _)) if met => (value + next) / 2.0,
        _ => value,
    }
}

/// The pinball loss of predicting the quantile `alpha`, of a residual e = y − ŷ: α e above, (α − 1) e below.
fn pinball(alpha: f64) -> impl Fn(f64, f64) -> f64 {
    move |y, p| {
        let e = y - p;
        if e >= 0.0 {
            alpha * e
        } else {
            (alpha - 1.0) * e
        }
    }
}

fn check_alpha(metric: &str, alpha: f64) -> Result<()> {
    check::real(metric, "alpha", alpha, Interval::closed(0.0, 1.0))
}

/// The mean pinball loss of predictions of the quantile `alpha`, in units of the target; of several targets, the mean.
///
/// ```text
/// Σ wᵢ (α max(yᵢ − ŷᵢ, 0) + (1 − α) max(ŷᵢ − yᵢ, 0)) / Σ wᵢ
/// ```
///
/// With α = 1/2, half the mean absolute error, which is scikit-learn's default.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidParameter` for `alpha` outside `[0, 1]`; `Overflow`.
///
/// ```
/// use fitwell::metrics::mean_pinball_loss;
/// use ndarray::array;
///
/// assert!((mean_pinball_loss(&array![1.0, 2.0, 3.0], &array![0.0, 2.0, 3.0], 0.1)? - 0.1 / 3.0).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mean_pinball_loss<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>, alpha: f64) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let values = mean_pinball_loss_per_target(y_true, y_pred, alpha)?;
    Ok(sum(values.len(), |k| values[k]) / values.len() as f64)
}

/// [`mean_pinball_loss`] of each target.
///
/// # Errors
/// As [`mean_pinball_loss`].
pub fn mean_pinball_loss_per_target<T, F, D>(
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
    alpha: f64,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    check_alpha("mean_pinball_loss", alpha)?;
    mean_loss(
        "mean_pinball_loss",
        y_true,
        y_pred,
        |_| true,
        pinball(alpha),
    )
}

/// D² of the pinball loss: the fraction of the loss of always predicting the target's own quantile `alpha` that the
/// predictions save; of several targets, the mean.
///
/// 1 is perfect, 0 as good as the quantile. A constant target scores 1 when predicted perfectly and 0 otherwise.
///
/// # Errors
/// As [`mean_pinball_loss`]; `TooFewSamples` for fewer than two rows (scikit-learn warns and returns NaN).
///
/// ```
/// use fitwell::metrics::d2_pinball_score;
/// use ndarray::array;
///
/// assert_eq!(d2_pinball_score(&array![1.0, 2.0, 3.0], &array![1.0, 3.0, 3.0], 0.5)?, 0.5);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn d2_pinball_score<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>, alpha: f64) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let parts = d2_parts(y_true, y_pred, alpha)?;
    Ok(average(&parts, Multioutput::UniformAverage))
}

/// [`d2_pinball_score`] of each target.
///
/// # Errors
/// As [`d2_pinball_score`].
pub fn d2_pinball_score_per_target<T, F, D>(
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
    alpha: f64,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    Ok(d2_parts(y_true, y_pred, alpha)?
        .iter()
        .map(|p| p.score)
        .collect())
}

fn d2_parts<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>, alpha: f64) -> Result<Vec<Part>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    const NAME: &str = "d2_pinball_score";
    check_alpha(NAME, alpha)?;
    let both = Both::new(y_true.as_targets(), y_pred)?;
    both.of_several(NAME)?;
    let loss = pinball(alpha);
    (0..both.truth.ncols())
        .map(|k| {
            let y = both.truth(k);
            let best = quantile(y.iter().map(|v| v.f64()).collect(), both.weights(), alpha);
            let null = sum_pairs(&y, &y, both.weights(), |y, _| loss(y, best));
            let residual = both.loss_sum(k, &loss);
            finite(NAME, residual)?;
            finite(NAME, null)?;
            Ok(explained(residual, null, true))
        })
        .collect()
}

/// D² of the absolute error: the fraction of the error of always predicting the median that the predictions save;
/// [`d2_pinball_score`] with `alpha = 0.5`.
///
/// # Errors
/// As [`d2_pinball_score`].
///
/// ```
/// use fitwell::metrics::d2_absolute_error_score;
/// use ndarray::array;
///
/// let score = d2_absolute_error_score(&array![3.0, -0.5, 2.0, 7.0], &array![2.5, 0.0, 2.0, 8.0])?;
/// assert!((score - 0.764_705_882_352_941_1).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn d2_absolute_error_score<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    d2_pinball_score(y_true, y_pred, 0.5)
}

/// [`d2_absolute_error_score`] of each target.
///
/// # Errors
/// As [`d2_pinball_score`].
pub fn d2_absolute_error_score_per_target<T, F, D>(
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    d2_pinball_score_per_target(y_true, y_pred, 0.5)
}

/// The fraction of the target's variance that the predictions explain, apart from a constant error:
///
/// ```text
/// 1 − Var(y − ŷ) / Var(y)
/// ```
///
/// As R² where the mean error is 0. Of several targets, the mean; see [`ExplainedVarianceScore`] for other averages and for
/// what happens when the target is constant.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `Overflow`.
///
/// ```
/// use fitwell::metrics::explained_variance_score;
/// use ndarray::array;
///
/// let score = explained_variance_score(&array![3.0, -0.5, 2.0, 7.0], &array![2.5, 0.0, 2.0, 8.0])?;
/// assert!((score - 0.957_173_447_537_473_2).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn explained_variance_score<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    ExplainedVarianceScore::new().score(y_true, y_pred)
}

/// [`explained_variance_score`] with options.
///
/// ```
/// use fitwell::metrics::{ExplainedVarianceScore, Multioutput};
/// use ndarray::array;
///
/// let (y, predicted) = (array![[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]], array![[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]]);
/// let score = ExplainedVarianceScore::new().multioutput(Multioutput::VarianceWeighted).score(&y, &predicted)?;
/// assert!((score - 0.983_050_847_457_626_9).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExplainedVarianceScore {
    multioutput: Multioutput,
    force_finite: bool,
}

impl Default for ExplainedVarianceScore {
    fn default() -> Self {
        ExplainedVarianceScore {
            multioutput: Multioutput::default(),
            force_finite: true,
        }
    }
}

impl ExplainedVarianceScore {
    /// The mean over the targets, finite for constant targets.
    pub fn new() -> Self {
        Self::default()
    }

    /// How several targets become one number.
    #[must_use]
    pub fn multioutput(mut self, multioutput: Multioutput) -> Self {
        self.multioutput = multioutput;
        self
    }

    /// Whether a constant target scores 1 when predicted perfectly and 0 otherwise (the default), instead of NaN and
    /// -inf.
    #[must_use]
    pub fn force_finite(mut self, force_finite: bool) -> Self {
        self.force_finite = force_finite;
        self
    }

    /// The score.
    ///
    /// # Errors
    /// As [`explained_variance_score`].
    pub fn score<T, F, D>(&self, y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
        F: Float,
        D: TargetDim,
    {
        Ok(average(&self.parts(y_true, y_pred)?, self.multioutput))
    }

    /// The score of each target.
    ///
    /// # Errors
    /// As [`explained_variance_score`].
    pub fn per_target<T, F, D>(&self, y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<Array1<f64>>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
        F: Float,
        D: TargetDim,
    {
        Ok(self
            .parts(y_true, y_pred)?
            .iter()
            .map(|p| p.score)
            .collect())
    }

    fn parts<T, F, D>(&self, y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<Vec<Part>>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
        F: Float,
        D: TargetDim,
    {
        const NAME: &str = "explained_variance_score";
        let both = Both::new(y_true.as_targets(), y_pred)?;
        (0..both.truth.ncols())
            .map(|k| {
                let (y, p) = (both.truth(k), both.predicted(k));
                let w = both.weights();
                let counts = |i: &usize| w.is_none_or(|w| w[*i] > 0.0);
                let error = |i: usize| y[i].f64() - p[i].f64();
                let first = error((0..both.n).find(counts).unwrap_or(0));
                // One error throughout has no variance, whatever the rounding of its mean.
                let residual = if (0..both.n).filter(counts).all(|i| error(i) == first) {
                    0.0
                } else {
                    let mean = both.loss_sum(k, |y, p| y - p) / both.total_weight();
                    both.loss_sum(k, |y, p| (y - p - mean) * (y - p - mean))
                };
                let variation = both.variation(k);
                finite(NAME, residual)?;
                finite(NAME, variation)?;
                Ok(explained(residual, variation, self.force_finite))
            })
            .collect()
    }
}

/// The unit deviance of a power of the mean.
fn tweedie(power: f64) -> impl Fn(f64, f64) -> f64 {
    move |y, p| {
        if power == 0.0 {
            (y - p) * (y - p)
        } else if power == 1.0 {
            // y ln(y / p), which is 0 at y = 0
            let log = if y > 0.0 { y * (y / p).ln() } else { 0.0 };
            2.0 * (log - y + p)
        } else if power == 2.0 {
            2.0 * ((p / y).ln() + y / p - 1.0)
        } else {
            let (one, two) = (1.0 - power, 2.0 - power);
            // Below 0 only the positive part of y counts in the first term.
            let own = if power < 0.0 { y.max(0.0) } else { y };
            2.0 * (own.powf(two) / (one * two) - y * p.powf(one) / one + p.powf(two) / two)
        }
    }
}

/// The mean Tweedie deviance of one target, Σ wᵢ d(yᵢ, ŷᵢ) / Σ wᵢ, of a distribution whose variance grows as a power of the
/// mean.
///
/// | power | distribution | y | ŷ |
/// |---|---|---|---|
/// | below 0 | extreme stable | any | above 0 |
/// | 0 | normal: the mean squared error; scikit-learn's default | any | any |
/// | 1 | Poisson: 2 (y ln(y/ŷ) − y + ŷ) | at least 0 | above 0 |
/// | (1, 2) | compound Poisson | at least 0 | above 0 |
/// | 2 | gamma: 2 (ln(ŷ/y) + y/ŷ − 1) | above 0 | above 0 |
/// | above 2 | positive stable | above 0 | above 0 |
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidParameter` for a power in (0, 1) or not finite; `InvalidInput` for
/// values outside the table; `Overflow`.
///
/// ```
/// use fitwell::metrics::mean_tweedie_deviance;
/// use ndarray::array;
///
/// let deviance = mean_tweedie_deviance(&array![2.0, 0.0, 1.0, 4.0], &array![0.5, 0.5, 2.0, 2.0], 1.0)?;
/// assert!((deviance - 1.426_015_131_959_808_4).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mean_tweedie_deviance<T, F: Float>(
    y_true: &T,
    y_pred: &ArrayRef1<F>,
    power: f64,
) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    let both = deviance_input("mean_tweedie_deviance", y_true, y_pred, power)?;
    let value = both.loss_sum(0, tweedie(power)) / both.total_weight();
    finite("mean_tweedie_deviance", value).map(|()| value)
}

/// The mean Poisson deviance, of counts: [`mean_tweedie_deviance`] of power 1.
///
/// # Errors
/// As [`mean_tweedie_deviance`].
pub fn mean_poisson_deviance<T, F: Float>(y_true: &T, y_pred: &ArrayRef1<F>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    mean_tweedie_deviance(y_true, y_pred, 1.0)
}

/// The mean gamma deviance, of positive values with a constant relative error: [`mean_tweedie_deviance`] of power 2.
///
/// # Errors
/// As [`mean_tweedie_deviance`].
pub fn mean_gamma_deviance<T, F: Float>(y_true: &T, y_pred: &ArrayRef1<F>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    mean_tweedie_deviance(y_true, y_pred, 2.0)
}

/// D² of the Tweedie deviance: the fraction of the deviance of always predicting the mean that the predictions save. 1 is
/// perfect, 0 as good as the mean; with `power = 0`, R².
///
/// # Errors
/// As [`mean_tweedie_deviance`]; `TooFewSamples` for fewer than two rows (scikit-learn warns and returns NaN);
/// `InvalidInput` for a constant target (scikit-learn divides by zero).
///
/// ```
/// use fitwell::metrics::d2_tweedie_score;
/// use ndarray::array;
///
/// let score = d2_tweedie_score(&array![0.5, 1.0, 2.5, 7.0], &array![1.0, 1.0, 5.0, 3.5], 1.0)?;
/// assert!((score - 0.487_915_134_903_114_2).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn d2_tweedie_score<T, F: Float>(y_true: &T, y_pred: &ArrayRef1<F>, power: f64) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    const NAME: &str = "d2_tweedie_score";
    let both = deviance_input(NAME, y_true, y_pred, power)?;
    both.of_several(NAME)?;
    if both.is_constant(0) {
        let reason = "the target is constant: always predicting its mean has no deviance";
        return Err(Error::invalid_input(NAME, reason));
    }
    let (y, mean) = (both.truth(0), both.mean(0));
    let deviance = tweedie(power);
    let null = sum_pairs(&y, &y, both.weights(), |y, _| deviance(y, mean));
    let residual = both.loss_sum(0, &deviance);
    finite(NAME, residual)?;
    finite(NAME, null)?;
    let score = 1.0 - residual / null;
    finite(NAME, score).map(|()| score)
}

/// Values in the range of the power.
fn deviance_input<'a, T, F: Float>(
    metric: &str,
    y_true: &'a T,
    y_pred: &'a ArrayRef1<F>,
    power: f64,
) -> Result<Both<'a, F>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = Ix1>> + ?Sized,
{
    let outside = power > 0.0 && power < 1.0;
    if outside || !power.is_finite() {
        let expected = "in (-inf, 0] or [1, inf)";
        return Err(Error::invalid_parameter(metric, "power", expected, power));
    }
    let both = Both::new(y_true.as_targets(), y_pred)?;
    let any: fn(f64) -> bool = |_| true;
    let positive: fn(f64) -> bool = |v| v > 0.0;
    let not_negative: fn(f64) -> bool = |v| v >= 0.0;
    let (truth, predicted) = if power < 0.0 {
        (any, positive)
    } else if power == 0.0 {
        (any, any)
    } else if power < 2.0 {
        (not_negative, positive)
    } else {
        (positive, positive)
    };
    both.of_range(truth, predicted)?;
    Ok(both)
}
