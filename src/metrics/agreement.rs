//! Agreement beyond chance: Cohen's kappa, Matthews' correlation, likelihood ratios.

use super::classification::{ConfusionMatrix, confusion_matrix};
use super::sum::sum;
use crate::error::{Error, Result};
use crate::labels::{Class, Labels};
use crate::targets::ClassTarget;

/// How much a disagreement between two classes counts in Cohen's kappa, by their positions i and j in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KappaWeights {
    /// 1 whichever they are.
    #[default]
    None,
    /// |i − j|.
    Linear,
    /// (i − j)².
    Quadratic,
}

/// Cohen's kappa, with options: classes, weights of disagreements, an answer where it is not defined.
///
/// ```
/// use fitwell::{metrics::{CohenKappaScore, KappaWeights}, prelude::*};
///
/// let (a, b) = (Labels::from([0, 1, 2, 2]), Labels::from([0, 2, 2, 1]));
/// let linear = CohenKappaScore::new().weights(KappaWeights::Linear).score(&a, &b)?;
/// assert!((linear - 3.0 / 7.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CohenKappaScore {
    labels: Option<Vec<Class>>,
    weights: KappaWeights,
    replace_undefined_by: Option<f64>,
}

impl CohenKappaScore {
    /// All classes, every disagreement the same.
    pub fn new() -> Self {
        Self::default()
    }

    /// The classes that count, in the order that weights use; those that occur, sorted, unless given.
    #[must_use]
    pub fn labels<C: Into<Class>>(mut self, labels: impl IntoIterator<Item = C>) -> Self {
        self.labels = Some(labels.into_iter().map(Into::into).collect());
        self
    }

    /// How much a disagreement counts.
    #[must_use]
    pub fn weights(mut self, weights: KappaWeights) -> Self {
        self.weights = weights;
        self
    }

    /// The score where it is not defined; an error unless given.
    #[must_use]
    pub fn replace_undefined_by(mut self, value: f64) -> Self {
        self.replace_undefined_by = Some(value);
        self
    }

    /// The score.
    ///
    /// # Errors
    /// As [`cohen_kappa_score`].
    pub fn score<Y: ClassTarget + ?Sized>(&self, y1: &Y, y2: &Labels) -> Result<f64> {
        let matrix = match &self.labels {
            Some(labels) => ConfusionMatrix::of_classes(y1, y2, labels.iter().cloned())?,
            None => confusion_matrix(y1, y2)?,
        };
        let counts = matrix.counts();
        let k = counts.nrows();
        let (second, first) = (
            counts.sum_axis(ndarray::Axis(0)),
            counts.sum_axis(ndarray::Axis(1)),
        );
        let total = second.sum();
        let weight = |i: usize, j: usize| {
            let apart = i.abs_diff(j) as f64;
            match self.weights {
                KappaWeights::None => f64::from(u8::from(i != j)),
                KappaWeights::Linear => apart,
                KappaWeights::Quadratic => apart * apart,
            }
        };
        let cell = |at: usize| (at / k, at % k);
        let observed = sum(k * k, |at| {
            let (i, j) = cell(at);
            weight(i, j) * counts[[i, j]]
        });
        let expected = sum(k * k, |at| {
            let (i, j) = cell(at);
            weight(i, j) * (first[i] * second[j] / total)
        });
        if total > 0.0 && expected > 0.0 {
            return Ok(1.0 - observed / expected);
        }
        self.replace_undefined_by.ok_or_else(|| {
            let reason = if total > 0.0 {
                "not defined when only one class occurs on both sides"
            } else {
                "not defined when no row has two of the given classes"
            };
            Error::invalid_input("Cohen's kappa", reason)
        })
    }
}

/// Cohen's kappa: how much two classifications of the same rows agree beyond chance,
///
/// ```text
/// 1 − Σᵢⱼ vᵢⱼ cᵢⱼ / Σᵢⱼ vᵢⱼ rᵢ sⱼ / n        vᵢⱼ = [i ≠ j], c the confusion matrix, r and s its margins
/// ```
///
/// 1 is agreement, 0 chance. See [`CohenKappaScore`] for disagreements that count by their distance and other options.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score); `InvalidInput` where only one class occurs on both sides (scikit-learn
/// warns and returns NaN).
///
/// ```
/// use fitwell::{metrics::cohen_kappa_score, prelude::*};
///
/// let (y, other) = (Labels::from([0, 0, 1, 1]), Labels::from([0, 0, 1, 0]));
/// assert!((cohen_kappa_score(&y, &other)? - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn cohen_kappa_score<Y: ClassTarget + ?Sized>(y1: &Y, y2: &Labels) -> Result<f64> {
    CohenKappaScore::new().score(y1, y2)
}

/// Matthews' correlation coefficient of true and predicted classes, for two classes and more:
///
/// ```text
/// (c n − Σₖ tₖ pₖ) / √((n² − Σ pₖ²) (n² − Σ tₖ²))        c rows right of n, tₖ true and pₖ predicted of class k
/// ```
///
/// 1 is perfect, 0 chance, negative worse; 0 where it is not defined (one class on a side), as in scikit-learn.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score).
///
/// # Source
/// J. Gorodkin, "Comparing two K-category assignments by a K-category correlation coefficient", 2004.
///
/// ```
/// use fitwell::{metrics::matthews_corrcoef, prelude::*};
///
/// let (y, predicted) = (Labels::from([1, 1, 1, 0]), Labels::from([1, 0, 1, 1]));
/// assert!((matthews_corrcoef(&y, &predicted)? + 1.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn matthews_corrcoef<Y: ClassTarget + ?Sized>(y_true: &Y, y_pred: &Labels) -> Result<f64> {
    let matrix = confusion_matrix(y_true, y_pred)?;
    let counts = matrix.counts();
    let (p, t) = (
        counts.sum_axis(ndarray::Axis(0)),
        counts.sum_axis(ndarray::Axis(1)),
    );
    let (n, right) = (p.sum(), counts.diag().sum());
    let both = right * n - t.dot(&p);
    let (of_p, of_t) = (n * n - p.dot(&p), n * n - t.dot(&t));
    // A side of one class has no variance; rounding of weights must not give it one.
    let one = |side: &ndarray::Array1<f64>| side.iter().filter(|&&v| v > 0.0).count() < 2;
    if one(&p) || one(&t) || of_p * of_t <= 0.0 {
        return Ok(0.0);
    }
    Ok(both / (of_p * of_t).sqrt())
}

/// The likelihood ratios of a test with two outcomes; see [`class_likelihood_ratios`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct LikelihoodRatios {
    /// How many times as often the positive class is predicted for rows of it as for others: sensitivity /
    /// (1 − specificity). `None` without a false positive or a row of either class.
    pub positive: Option<f64>,
    /// How many times as often the negative class is predicted for rows of the positive class as for others:
    /// (1 − sensitivity) / specificity. `None` without a true negative or a row of the positive class.
    pub negative: Option<f64>,
}

/// The positive and negative likelihood ratios of two classes, of which the second in order is positive.
///
/// What scikit-learn answers with NaN and a warning is `None`; its `replace_undefined_by` is `unwrap_or`.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score); `InvalidInput` unless two classes occur; see
/// [`LikelihoodRatios::of_classes`] to name them.
///
/// ```
/// use fitwell::{metrics::class_likelihood_ratios, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 1, 0, 1, 0]), Labels::from([1, 1, 0, 0, 0]));
/// let ratios = class_likelihood_ratios(&y, &predicted)?;
/// assert!((ratios.positive.unwrap_or(1.0) - 1.5).abs() < 1e-15 && (ratios.negative.unwrap_or(1.0) - 0.75).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn class_likelihood_ratios<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Labels,
) -> Result<LikelihoodRatios> {
    let matrix = confusion_matrix(y_true, y_pred)?;
    if matrix.classes().len() != 2 {
        let reason = format!("need 2 classes, got {}", matrix.classes().len());
        return Err(Error::invalid_input("likelihood ratios", reason));
    }
    Ok(LikelihoodRatios::from(&matrix))
}

impl LikelihoodRatios {
    /// The ratios of the given classes, the negative one first. Rows of another class do not count.
    ///
    /// # Errors
    /// As [`ConfusionMatrix::of_classes`].
    pub fn of_classes<Y: ClassTarget + ?Sized, C: Into<Class>>(
        y_true: &Y,
        y_pred: &Labels,
        classes: [C; 2],
    ) -> Result<Self> {
        ConfusionMatrix::of_classes(y_true, y_pred, classes).map(|m| LikelihoodRatios::from(&m))
    }

    fn from(matrix: &ConfusionMatrix) -> Self {
        let c = matrix.counts();
        let (tn, fp, fneg, tp) = (c[[0, 0]], c[[0, 1]], c[[1, 0]], c[[1, 1]]);
        let (positive, negative) = (tp + fneg, tn + fp);
        let ratio = |a: f64, b: f64| (b > 0.0).then(|| a / b);
        LikelihoodRatios {
            positive: ratio(tp * negative, fp * positive),
            negative: ratio(fneg * negative, tn * positive),
        }
    }
}
