//! Metrics of real predictions.

use std::borrow::Cow;

use ndarray::{Array1, ArrayRef, ArrayView2};

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
        let parts = self.parts(y_true, y_pred)?;
        let uniform = self.multioutput == Multioutput::UniformAverage
            || parts.iter().all(|p| p.variation == 0.0);
        let weight = |k: usize| if uniform { 1.0 } else { parts[k].variation };
        let total = sum(parts.len(), weight);
        Ok(sum(parts.len(), |k| weight(k) * parts[k].score) / total)
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
        if both.n < 2 {
            return Err(ErrorKind::TooFewSamples {
                what: "R²".into(),
                needed: 2,
                got: both.n,
            }
            .into());
        }
        (0..both.truth.ncols())
            .map(|k| self.part(&both, k))
            .collect()
    }

    fn part<F: Float>(&self, both: &Both<'_, F>, k: usize) -> Result<Part> {
        let y = both.truth(k);
        let weights = both.weights();
        let total = both.total_weight();
        let mean = sum_pairs(&y, &y, weights, |y, _| y) / total;
        // A constant target has no variation, whatever the rounding of its mean.
        let counts = |i: &usize| weights.is_none_or(|w| w[*i] > 0.0);
        let first = (0..both.n).find(counts).unwrap_or(0);
        let constant = (first..both.n).filter(counts).all(|i| y[i] == y[first]);
        let residual = both.error_sum(k, |e| e * e);
        let variation = if constant {
            0.0
        } else {
            sum_pairs(&y, &y, weights, |y, _| (y - mean) * (y - mean))
        };
        finite("r2_score", residual)?;
        finite("r2_score", variation)?;
        let score = if !self.force_finite || variation > 0.0 {
            1.0 - residual / variation
        } else if residual > 0.0 {
            0.0
        } else {
            1.0
        };
        Ok(Part { score, variation })
    }
}

struct Part {
    score: f64,
    variation: f64,
}

/// True and predicted values of the same shape, checked.
struct Both<'a, F> {
    n: usize,
    truth: ArrayView2<'a, F>,
    predicted: ArrayView2<'a, F>,
    weights: Option<Cow<'a, [f64]>>,
    total_weight: f64,
}

impl<'a, F: Float> Both<'a, F> {
    fn new<Y, D>(y_true: &'a Y, y_pred: &'a ArrayRef<F, D>) -> Result<Self>
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

    fn weights(&self) -> Option<&[f64]> {
        self.weights.as_deref()
    }

    fn total_weight(&self) -> f64 {
        self.total_weight
    }

    /// The true values of one target, side by side.
    fn truth(&self, k: usize) -> Cow<'_, [F]> {
        side_by_side(&self.truth, k)
    }

    /// Σ wᵢ loss(yᵢ − ŷᵢ) of one target.
    fn error_sum(&self, k: usize, loss: impl Fn(f64) -> f64) -> f64 {
        let (y, p) = (self.truth(k), side_by_side(&self.predicted, k));
        sum_pairs(&y, &p, self.weights(), |y, p| loss(y - p))
    }
}

fn side_by_side<'a, F: Float>(values: &'a ArrayView2<'_, F>, k: usize) -> Cow<'a, [F]> {
    let column = values.column(k);
    match column.to_slice() {
        Some(slice) => Cow::Borrowed(slice),
        None => Cow::Owned(values.column(k).to_vec()),
    }
}

fn finite(metric: &str, value: f64) -> Result<()> {
    if value.is_finite() {
        return Ok(());
    }
    Err(ErrorKind::Overflow {
        estimator: metric.into(),
        what: "the sum of errors".into(),
    }
    .into())
}

fn mean_loss<T, F, D>(
    metric: &str,
    y_true: &T,
    y_pred: &ArrayRef<F, D>,
    loss: impl Fn(f64) -> f64,
) -> Result<Array1<f64>>
where
    T: AsTargets<Targets: RealTargets<F, Dim = D>> + ?Sized,
    F: Float,
    D: TargetDim,
{
    let both = Both::new(y_true.as_targets(), y_pred)?;
    let total = both.total_weight();
    (0..both.truth.ncols())
        .map(|k| {
            let value = both.error_sum(k, &loss) / total;
            finite(metric, value).map(|()| value)
        })
        .collect()
}

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident, $per_target:ident, $loss:expr, $then:expr, $example:literal;)+) => {$(
        $(#[$doc])*
        ///
        /// Of several targets, the mean.
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
            mean_loss(stringify!($name), y_true, y_pred, $loss).map(|v| v.mapv($then))
        }
    )+};
}
errors! {
    /// The mean squared error, Σ wᵢ (yᵢ − ŷᵢ)² / Σ wᵢ, in squared units of the target.
    mean_squared_error, mean_squared_error_per_target, |e| e * e, |v| v,
    "```\nuse fitwell::{metrics::mean_squared_error, prelude::*};\nuse ndarray::array;\n\nlet y = array![3.0, -0.5];\nassert!((mean_squared_error(&y, &array![2.0, -0.5])? - 0.5).abs() < 1e-15);\nassert!((mean_squared_error(&y.weighted(&array![3.0, 1.0]), &array![2.0, -0.5])? - 0.75).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The square root of the mean squared error, in units of the target.
    root_mean_squared_error, root_mean_squared_error_per_target, |e| e * e, f64::sqrt,
    "```\nuse fitwell::{metrics::root_mean_squared_error, prelude::*};\nuse ndarray::array;\n\nassert!((root_mean_squared_error(&array![0.0, 0.0], &array![3.0, 3.0])? - 3.0).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
    /// The mean absolute error, Σ wᵢ |yᵢ − ŷᵢ| / Σ wᵢ, in units of the target.
    mean_absolute_error, mean_absolute_error_per_target, f64::abs, |v| v,
    "```\nuse fitwell::{metrics::mean_absolute_error, prelude::*};\nuse ndarray::array;\n\nassert!((mean_absolute_error(&array![3.0, -0.5], &array![2.0, -0.5])? - 0.5).abs() < 1e-15);\n# Ok::<(), Error>(())\n```";
}
