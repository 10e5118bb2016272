//! Metrics of real predictions.

use std::borrow::Cow;

use ndarray::{Array1, ArrayRef, ArrayRef1, ArrayView2};

use super::pairs::{check_weights, same_length, total_weight};
use super::sum::{sum, sum_pairs};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::targets::{AsTargets, RealTargets, TargetDim, Targets};

/// R², the fraction of the target's variance that the predictions explain:
///
/// ```text
/// 1 − Σ wᵢ (yᵢ − ŷᵢ)² / Σ wᵢ (yᵢ − ȳ)²        ȳ the weighted mean of y
/// ```
///
/// 1 is perfect, 0 as good as always predicting the mean, negative worse. Of several targets, the mean; see [`R2Score`]
/// for other averages and for what happens when the target is constant.
///
/// # Errors
/// `ShapeMismatch`, `NonFinite`; `TooFewSamples` for fewer than two rows (scikit-learn warns and returns NaN);
/// `Overflow` when a sum of squares leaves the range of `f64`.
///
/// ```
/// use fitwell::{metrics::r2_score, prelude::*};
/// use ndarray::array;
///
/// assert!((r2_score(&array![3.0, -0.5, 2.0, 7.0], &array![2.5, 0.0, 2.0, 8.0])? - 0.948_608_137_044_967_9).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn r2_score<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    R2Score::new().score(y_true, y_pred)
}

/// How R² of several targets becomes one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Multioutput {
    /// The mean over the targets.
    #[default]
    UniformAverage,
    /// The mean weighted by the targets' variances.
    VarianceWeighted,
}

/// [`r2_score`] with options.
///
/// ```
/// use fitwell::{metrics::{Multioutput, R2Score}, prelude::*};
/// use ndarray::array;
///
/// let (y, predicted) = (array![[0.5, 1.0], [-1.0, 1.0], [7.0, -6.0]], array![[0.0, 2.0], [-1.0, 2.0], [8.0, -5.0]]);
/// let weighted = R2Score::new().multioutput(Multioutput::VarianceWeighted).score(&y, &predicted)?;
/// assert!((weighted - 0.938_256_658_595_641_7).abs() < 1e-15);
/// assert_eq!(R2Score::new().per_target(&y, &predicted)?.len(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct R2Score {
    multioutput: Multioutput,
    force_finite: bool,
}

impl Default for R2Score {
    fn default() -> Self {
        R2Score {
            multioutput: Multioutput::default(),
            force_finite: true,
        }
    }
}

impl R2Score {
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
    /// As [`r2_score`].
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
    /// As [`r2_score`].
    pub fn per_target<T, F, D>(&self, y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<Array1<f64>>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
        F: Float,
        D: TargetDim,
    {
        let parts = self.parts(y_true, y_pred)?;
        Ok(parts.iter().map(|p| p.score).collect())
    }

    fn parts<T, F, D>(&self, y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<Vec<Part>>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
        F: Float,
        D: TargetDim,
    {
        let both = Both::new(y_true.as_targets(), y_pred)?;
        both.of_several("R²")?;
        (0..both.truth.ncols())
            .map(|k| self.part(&both, k))
            .collect()
    }

    fn part<F: Float>(&self, both: &Both<'_, F>, k: usize) -> Result<Part> {
        let variation = both.variation(k);
        let residual = both.loss_sum(k, |y, p| (y - p) * (y - p));
        finite("r2_score", residual)?;
        finite("r2_score", variation)?;
        Ok(explained(residual, variation, self.force_finite))
    }
}

/// A score of one target, and what its errors are compared with.
pub(super) struct Part {
    pub(super) score: f64,
    pub(super) variation: f64,
}

/// 1 − residual / variation. Forced to be finite, a target without variation scores 1 when it is predicted perfectly and 0
/// otherwise.
pub(super) fn explained(residual: f64, variation: f64, force_finite: bool) -> Part {
    let score = if !force_finite || variation > 0.0 {
        1.0 - residual / variation
    } else if residual > 0.0 {
        0.0
    } else {
        1.0
    };
    Part { score, variation }
}

/// The parts of several targets as one number.
pub(super) fn average(parts: &[Part], multioutput: Multioutput) -> f64 {
    let uniform =
        multioutput == Multioutput::UniformAverage || parts.iter().all(|p| p.variation == 0.0);
    let weight = |k: usize| if uniform { 1.0 } else { parts[k].variation };
    let total = sum(parts.len(), weight);
    sum(parts.len(), |k| weight(k) * parts[k].score) / total
}

/// True and predicted values of the same shape, checked.
pub(super) struct Both<'a, F> {
    pub(super) n: usize,
    pub(super) truth: ArrayView2<'a, F>,
    predicted: ArrayView2<'a, F>,
    weights: Option<Cow<'a, [f64]>>,
    total_weight: f64,
}

impl<'a, F: Float> Both<'a, F> {
    pub(super) fn new<Y, D>(y_true: &'a Y, y_pred: &'a ArrayRef<F, D>) -> Result<Self>
    where
        Y: RealTargets<F, Dim = D> + ?Sized,
        D: TargetDim,
    {
        let (truth, predicted) = (y_true.columns(), D::columns(y_pred));
        same_length(truth.nrows(), predicted.nrows())?;
        if truth.ncols() != predicted.ncols() {
            let what = "number of targets of y_pred";
            return Err(Error::shape(what, truth.ncols(), predicted.ncols()));
        }
        check::not_empty(&truth)?;
        check::finite(&truth, "y_true")?;
        check::finite(&predicted, "y_pred")?;
        let weights = Targets::sample_weight(y_true);
        check_weights(weights, truth.nrows())?;
        Ok(Both {
            n: truth.nrows(),
            truth,
            predicted,
            // A reversed view's copy is reversed in memory too: then it is no slice.
            weights: weights.map(|w| match w.as_slice() {
                Some(slice) => Cow::Borrowed(slice),
                None => Cow::Owned(w.to_vec()),
            }),
            total_weight: total_weight(weights, truth.nrows()),
        })
    }

    /// At least two rows.
    pub(super) fn of_several(&self, metric: &str) -> Result<()> {
        if self.n >= 2 {
            return Ok(());
        }
        Err(ErrorKind::TooFewSamples {
            what: metric.into(),
            needed: 2,
            got: self.n,
        }
        .into())
    }

    /// Every value is in the range of the metric.
    pub(super) fn in_range(
        &self,
        what: &str,
        values: &ArrayView2<'_, F>,
        range: fn(f64) -> bool,
    ) -> Result<()> {
        match values.indexed_iter().find(|(_, v)| !range(v.f64())) {
            Some(((row, column), v)) => {
                let reason = format!(
                    "row {row}, column {column} is {v}, which the metric is not defined for"
                );
                Err(Error::invalid_input(what, reason))
            }
            None => Ok(()),
        }
    }

    pub(super) fn of_range(
        &self,
        truth: fn(f64) -> bool,
        predicted: fn(f64) -> bool,
    ) -> Result<()> {
        self.in_range("y_true", &self.truth, truth)?;
        self.in_range("y_pred", &self.predicted, predicted)
    }

    /// The weighted mean of the true values of one target.
    pub(super) fn mean(&self, k: usize) -> f64 {
        let y = self.truth(k);
        sum_pairs(&y, &y, self.weights(), |y, _| y) / self.total_weight()
    }

    /// Σ wᵢ (yᵢ − ȳ)² of one target.
    pub(super) fn variation(&self, k: usize) -> f64 {
        if self.is_constant(k) {
            return 0.0;
        }
        let (y, mean) = (self.truth(k), self.mean(k));
        sum_pairs(&y, &y, self.weights(), |y, _| (y - mean) * (y - mean))
    }

    /// Whether all true values that count are the same: then there is no variation, whatever the rounding of their mean.
    pub(super) fn is_constant(&self, k: usize) -> bool {
        let (y, weights) = (self.truth(k), self.weights());
        let counts = |i: &usize| weights.is_none_or(|w| w[*i] > 0.0);
        let first = (0..self.n).find(counts).unwrap_or(0);
        (first..self.n).filter(counts).all(|i| y[i] == y[first])
    }

    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    pub(super) fn total_weight(&self) -> f64 {
        self.total_weight
    }

    /// The true values of one target, side by side.
    pub(super) fn truth(&self, k: usize) -> Cow<'_, [F]> {
        side_by_side(&self.truth, k)
    }

    /// The predicted values of one target, side by side.
    pub(super) fn predicted(&self, k: usize) -> Cow<'_, [F]> {
        side_by_side(&self.predicted, k)
    }

    /// Σ wᵢ loss(yᵢ, ŷᵢ) of one target.
    pub(super) fn loss_sum(&self, k: usize, loss: impl Fn(f64, f64) -> f64) -> f64 {
        sum_pairs(&self.truth(k), &self.predicted(k), self.weights(), loss)
    }
}

fn side_by_side<'a, F: Float>(values: &'a ArrayView2<'_, F>, k: usize) -> Cow<'a, [F]> {
    let column = values.column(k);
    match column.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(values.column(k).to_vec()),
    }
}

pub(super) fn finite(metric: &str, value: f64) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ErrorKind::Overflow {
        estimator: metric.into(),
        what: "the sum of errors".into(),
    }
    .into())
}

pub(super) fn mean_loss<T, F, D>(
    metric: &str,
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
    range: fn(f64) -> bool,
    loss: impl Fn(f64, f64) -> f64,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let both = Both::new(y_true.as_targets(), y_pred)?;
    both.in_range("y_true", &both.truth, range)?;
    both.in_range("y_pred", &both.predicted, range)?;
    let total = both.total_weight();
    (0..both.truth.ncols())
        .map(|k| {
            let value = both.loss_sum(k, &loss) / total;
            finite(metric, value).map(|()| value)
        })
        .collect()
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident, $per_target:ident, $range:expr, $loss:expr, $then:expr, $example:literal;)+) => {$(
        $(#[$doc])*
        ///
        /// Of several targets, the mean; see [`average_outputs`] for a weighted one.
        ///
        /// # Errors
        /// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `Overflow` when the sum leaves the range of `f64`.
        ///
        #[doc = $example]
        pub fn $name<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<f64>
        where
            T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
            F: Float,
            D: TargetDim,
        {
            let values = $per_target(y_true, y_pred)?;
            Ok(sum(values.len(), |k| values[k]) / values.len() as f64)
        }

        #[doc = concat!("[`", stringify!($name), "`] of each target.")]
        ///
        /// # Errors
        #[doc = concat!("As [`", stringify!($name), "`].")]
        pub fn $per_target<T, F, D>(y_true: &T, y_pred: &ArrayRef<F, D>) -> Result<Array1<f64>>
        where
            T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
            F: Float,
            D: TargetDim,
        {
            mean_loss(stringify!($name), y_true, y_pred, $range, $loss).map(|v| v.mapv($then))
        }
    )+};
}
fn any(_: f64) -> bool {
    true
}

fn above_minus_one(v: f64) -> bool {
    v > -1.0
}

/// The difference of ln(1 + y) and ln(1 + p), squared.
fn log_error(y: f64, p: f64) -> f64 {
    let d = y.ln_1p() - p.ln_1p();
    d * d
}

errors! {
    /// The mean squared error, Σ wᵢ (yᵢ − ŷᵢ)² / Σ wᵢ, in squared units of the target.
    mean_squared_error, mean_squared_error_per_target, any, |y, p| (y - p) * (y - p), |v| v,
    "```\nuse fitwell::{metrics::mean_squared_error, prelude::*};\nuse ndarray::array;\n\nlet y = array![3.0, -0.5];\nassert!((mean_squared_error(&y, &array![2.0, -0.5])? - 0.5).abs() < 1e-15);\nassert!((mean_squared_error(&y.weighted(&array![3.0, 1.0]), &array![2.0, -0.5])? - 0.75).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The square root of the mean squared error, in units of the target.
    root_mean_squared_error, root_mean_squared_error_per_target, any, |y, p| (y - p) * (y - p), f64::sqrt,
    "```\nuse fitwell::{metrics::root_mean_squared_error, prelude::*};\nuse ndarray::array;\n\nassert!((root_mean_squared_error(&array![0.0, 0.0], &array![3.0, 3.0])? - 3.0).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The mean absolute error, Σ wᵢ |yᵢ − ŷᵢ| / Σ wᵢ, in units of the target.
    mean_absolute_error, mean_absolute_error_per_target, any, |y: f64, p| (y - p).abs(), |v| v,
    "```\nuse fitwell::{metrics::mean_absolute_error, prelude::*};\nuse ndarray::array;\n\nassert!((mean_absolute_error(&array![3.0, -0.5], &array![2.0, -0.5])? - 0.5).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The mean squared logarithmic error, Σ wᵢ (ln(1 + yᵢ) − ln(1 + ŷᵢ))² / Σ wᵢ, for values above −1; others are
    /// `InvalidInput`.
    mean_squared_log_error, mean_squared_log_error_per_target, above_minus_one, log_error, |v| v,
    "```\nuse fitwell::{metrics::mean_squared_log_error, prelude::*};\nuse ndarray::array;\n\nassert!((mean_squared_log_error(&array![0.0, 0.0], &array![1.0, 0.0])? - 2f64.ln().powi(2) / 2.0).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The square root of the mean squared logarithmic error, for values above −1; others are `InvalidInput`.
    root_mean_squared_log_error, root_mean_squared_log_error_per_target, above_minus_one, log_error, f64::sqrt,
    "```\nuse fitwell::{metrics::root_mean_squared_log_error, prelude::*};\nuse ndarray::array;\n\nassert!((root_mean_squared_log_error(&array![0.0], &array![1.0])? - 2f64.ln()).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The mean absolute error relative to the target, Σ wᵢ |yᵢ − ŷᵢ| / max(|yᵢ|, ε) / Σ wᵢ with ε = 2⁻⁵²: 1 is an error of 100 %.
    mean_absolute_percentage_error, mean_absolute_percentage_error_per_target, any, |y: f64, p| (y - p).abs() / y.abs().max(f64::EPSILON), |v| v,
    "```\nuse fitwell::{metrics::mean_absolute_percentage_error, prelude::*};\nuse ndarray::array;\n\nassert_eq!(mean_absolute_percentage_error(&array![1.0, -2.0], &array![2.0, -2.0])?, 0.5);\n# Ok::<(), Error>(())\n```";
}

/// The mean of the errors or scores of several targets, weighted: what scikit-learn does with an array as `multioutput`.
///
/// # Errors
/// `ShapeMismatch`; `InvalidInput` for weights that are not finite or sum to 0.
///
/// ```
/// use fitwell::metrics::{average_outputs, mean_absolute_error_per_target};
/// use ndarray::array;
///
/// let (y, predicted) = (array![[0.5, 1.0], [-1.0, 1.0]], array![[0.0, 2.0], [-1.0, 2.0]]);
/// let errors = mean_absolute_error_per_target(&y, &predicted)?;
/// assert!((average_outputs(&errors, &array![0.4, 0.6])? - 0.7).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn average_outputs(values: &ArrayRef1<f64>, weights: &ArrayRef1<f64>) -> Result<f64> {
    if values.len() != weights.len() {
        let what = "number of weights of the outputs";
        return Err(Error::shape(what, values.len(), weights.len()));
    }
    check::finite_vector(weights, "weights of the outputs")?;
    let total = sum(weights.len(), |k| weights[k]);
    if total == 0.0 {
        return Err(Error::invalid_input("weights of the outputs", "sum to 0"));
    }
    Ok(sum(values.len(), |k| weights[k] * values[k]) / total)
}
