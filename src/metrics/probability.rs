//! Losses of probabilities: log loss, Brier score, and their D².

use ndarray::{ArrayRef, ArrayRef2, ArrayView2};

use super::pairs::{check_distinct, check_weights, code_positions, same_length, total_weight};
use super::sum::{sum, sum_slice};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::{ClassTarget, TargetDim};
use crate::{check, elementary, linalg, parallel};

/// Rows whose sum is one partial result.
const CHUNK: usize = 1 << 14;

/// The cross-entropy of the predicted probabilities, −Σ wᵢ ln p(yᵢ) / Σ wᵢ: 0 is perfect.
///
/// `proba` is (n_samples, n_classes); its columns are the probabilities of `classes`, in that order, as `predict_proba`
/// and `classes()` of a classifier give them. Of two classes, one column or a vector is enough: the probabilities of the
/// second. Probabilities are kept at least the element type's epsilon away from 0 and 1, as scikit-learn does, so that one
/// confident mistake does not cost infinity.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `UnknownLabel` for a true class that is not in `classes`; `NonFinite`; `InvalidInput`
/// for fewer than two classes, a value outside `[0, 1]` or a row that does not sum to 1 (to within the square root of
/// epsilon; scikit-learn only warns).
///
/// ```
/// use fitwell::{metrics::log_loss, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from(["ham", "spam"]);
/// let loss = log_loss(&y, &array![[0.5, 0.5], [0.0, 1.0]], y.classes())?;
/// assert!((loss - 2f64.ln() / 2.0).abs() < 1e-15);
/// assert!((log_loss(&y, &array![0.5, 1.0], y.classes())? - loss).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn log_loss<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let outcome = Outcome::new("log loss", y_true, proba, classes)?;
    Ok(outcome.log_loss() / outcome.total_weight())
}

/// The sum −Σ wᵢ ln p(yᵢ) instead of the mean: scikit-learn's `log_loss(normalize=False)`.
///
/// # Errors
/// As [`log_loss`].
pub fn log_loss_sum<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    Ok(Outcome::new("log loss", y_true, proba, classes)?.log_loss())
}

/// The Brier score, the mean squared difference between what happened and the predicted probabilities,
///
/// ```text
/// Σ wᵢ Σₖ ([yᵢ = k] − pᵢₖ)² / Σ wᵢ        half of it for two classes
/// ```
///
/// 0 is perfect. For two classes it lies in `[0, 1]`, for more in `[0, 2]`, as scikit-learn's with
/// `scale_by_half="auto"`; [`brier_score_loss_unscaled`] is never halved. `proba` and `classes` are as for [`log_loss`]: of two classes, the probabilities
/// of the second are enough, so that the order of `classes` says which is positive.
///
/// # Errors
/// As [`log_loss`].
///
/// ```
/// use fitwell::{metrics::brier_score_loss, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1, 1, 0]);
/// assert!((brier_score_loss(&y, &array![0.1, 0.9, 0.8, 0.3], y.classes())? - 0.0375).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn brier_score_loss<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let score = brier_score_loss_unscaled(y_true, proba, classes)?;
    Ok(if classes.len() == 2 {
        score / 2.0
    } else {
        score
    })
}

/// The Brier score in `[0, 2]`, of two classes too: scikit-learn's with `scale_by_half=False`. Half of it is that with
/// `scale_by_half=True`.
///
/// # Errors
/// As [`log_loss`].
pub fn brier_score_loss_unscaled<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let outcome = Outcome::new("Brier score", y_true, proba, classes)?;
    Ok(outcome.brier() / outcome.total_weight())
}

/// D² of the log loss: the fraction of the log loss of always predicting the classes' frequencies that the probabilities
/// save. 1 is perfect, 0 as good as the frequencies, negative worse.
///
/// # Errors
/// As [`log_loss`]; `TooFewSamples` for fewer than two rows (scikit-learn warns and returns NaN).
///
/// ```
/// use fitwell::{metrics::d2_log_loss_score, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1]);
/// assert!(d2_log_loss_score(&y, &array![0.5, 0.5], y.classes())?.abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn d2_log_loss_score<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let outcome = Outcome::new("D² of the log loss", y_true, proba, classes)?.of_several()?;
    let prevalence = outcome.prevalence();
    let total = outcome.total_weight();
    let null = sum(prevalence.len(), |k| {
        let p = (prevalence[k] / total).clamp(f64::EPSILON, 1.0 - f64::EPSILON);
        -prevalence[k] * p.ln()
    });
    Ok(1.0 - outcome.log_loss() / null)
}

/// D² of the Brier score: the fraction of the Brier score of always predicting the classes' frequencies that the
/// probabilities save. 1 is perfect, 0 as good as the frequencies, negative worse.
///
/// # Errors
/// As [`log_loss`]; `TooFewSamples` for fewer than two rows, `InvalidInput` when only one class occurs (scikit-learn
/// returns NaN or −inf).
///
/// ```
/// use fitwell::{metrics::d2_brier_score, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1]);
/// assert!((d2_brier_score(&y, &array![0.0, 1.0], y.classes())? - 1.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn d2_brier_score<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let outcome = Outcome::new("D² of the Brier score", y_true, proba, classes)?.of_several()?;
    let prevalence = outcome.prevalence();
    let total = outcome.total_weight();
    if prevalence.iter().filter(|&&w| w > 0.0).count() < 2 {
        let reason = "not defined when only one class occurs";
        return Err(Error::invalid_input("D² of the Brier score", reason));
    }
    // Σᵢ wᵢ Σₖ ([yᵢ = k] − qₖ)² = Σₖ Wₖ (1 − qₖ)
    let null = sum(prevalence.len(), |k| {
        prevalence[k] * (1.0 - prevalence[k] / total)
    });
    Ok(1.0 - outcome.brier() / null)
}

/// True classes and their probabilities, checked.
pub(super) struct Outcome<'a, F, Y: ?Sized> {
    metric: &'static str,
    truth: &'a Y,
    proba: ArrayView2<'a, F>,
    n_classes: usize,
    /// The column of each code of the true classes.
    columns: Vec<usize>,
}

impl<'a, F: Float, Y: ClassTarget + ?Sized> Outcome<'a, F, Y> {
    pub(super) fn new<D: TargetDim>(
        metric: &'static str,
        y_true: &'a Y,
        proba: &'a ArrayRef<F, D>,
        classes: &[Class],
    ) -> Result<Self> {
        let truth = y_true.labels();
        let proba = D::columns(proba);
        same_length(truth.len(), proba.nrows())?;
        check_weights(y_true.sample_weight(), truth.len())?;
        if classes.len() < 2 {
            let reason = format!("needs at least 2 classes, got {}", classes.len());
            return Err(Error::invalid_input(metric, reason));
        }
        check_distribution(&proba, classes, F::EPSILON.f64().sqrt())?;
        Ok(Outcome {
            metric,
            truth: y_true,
            proba,
            n_classes: classes.len(),
            columns: code_positions(truth, classes, "y_true")?,
        })
    }

    fn of_several(self) -> Result<Self> {
        let got = self.proba.nrows();
        if got >= 2 {
            return Ok(self);
        }
        let what = self.metric.into();
        Err(ErrorKind::TooFewSamples {
            what,
            needed: 2,
            got,
        }
        .into())
    }

    fn total_weight(&self) -> f64 {
        total_weight(self.truth.sample_weight(), self.proba.nrows())
    }

    fn weight(&self, row: usize) -> f64 {
        self.truth.sample_weight().map_or(1.0, |w| w[row])
    }

    /// The column of the true class of a row.
    fn column(&self, row: usize) -> usize {
        self.columns[self.truth.labels().codes()[row] as usize]
    }

    /// The probability of a class in a row.
    fn at(&self, row: usize, class: usize) -> F {
        if self.proba.ncols() == self.n_classes {
            self.proba[[row, class]]
        } else if class == 1 {
            self.proba[[row, 0]]
        } else {
            F::one() - self.proba[[row, 0]]
        }
    }

    /// The weight of each class.
    fn prevalence(&self) -> Vec<f64> {
        let mut weights = vec![0.0; self.n_classes];
        for row in 0..self.proba.nrows() {
            weights[self.column(row)] += self.weight(row);
        }
        weights
    }

    /// −Σ wᵢ ln p(yᵢ).
    fn log_loss(&self) -> f64 {
        let (low, high) = (F::EPSILON.f64(), (F::one() - F::EPSILON).f64());
        let partial = parallel::map_chunks(self.proba.nrows(), CHUNK, |rows| {
            let mut terms: Vec<f64> = (rows.clone())
                .map(|i| self.at(i, self.column(i)).f64())
                .collect();
            linalg::simd(
                #[inline(always)]
                || {
                    for p in &mut terms {
                        let kept = if *p < low { low } else { *p };
                        *p = -elementary::ln(if kept > high { high } else { kept });
                    }
                },
            );
            if let Some(weights) = self.truth.sample_weight() {
                for (term, i) in terms.iter_mut().zip(rows) {
                    *term *= weights[i];
                }
            }
            sum_slice(&terms)
        });
        sum_slice(&partial)
    }

    /// Σ wᵢ Σₖ ([yᵢ = k] − pᵢₖ)².
    fn brier(&self) -> f64 {
        let partial = parallel::map_chunks(self.proba.nrows(), CHUNK, |rows| {
            let first = rows.start;
            sum(rows.len(), |i| {
                let (row, truth) = (first + i, self.column(first + i));
                let mut total = 0.0;
                for k in 0..self.n_classes {
                    let is = if k == truth { F::one() } else { F::zero() };
                    let d = (is - self.at(row, k)).f64();
                    total += d * d;
                }
                total * self.weight(row)
            })
        });
        sum_slice(&partial)
    }
}

/// A column for each class (or one for the second of two), every value in [0, 1], every row sums to 1.
pub(super) fn check_distribution<F: Float>(
    proba: &ArrayRef2<F>,
    classes: &[Class],
    tolerance: f64,
) -> Result<()> {
    let single = proba.ncols() == 1 && classes.len() == 2;
    if proba.ncols() != classes.len() && !single {
        let what = "number of columns of the probabilities (one for each class)";
        return Err(Error::shape(what, classes.len(), proba.ncols()));
    }
    check_distinct(classes, "classes of the probabilities")?;
    // Whether all is well, in one pass; what is not is looked for afterwards.
    let fine = parallel::map_chunks(proba.nrows(), CHUNK, |rows| {
        let mut fine = true;
        let block = proba.slice(ndarray::s![rows, ..]);
        for row in block.rows() {
            let mut total = 0.0;
            for &p in row {
                fine &= p >= F::zero() && p <= F::one();
                total += p.f64();
            }
            fine &= single || (total - 1.0).abs() <= tolerance;
        }
        fine
    });
    if fine.into_iter().all(|fine| fine) {
        return Ok(());
    }
    check::finite(proba, "probabilities")?;
    for (i, row) in proba.rows().into_iter().enumerate() {
        if let Some((k, p)) = row
            .iter()
            .enumerate()
            .find(|(_, p)| !(F::zero()..=F::one()).contains(p))
        {
            let reason = format!("row {i}, column {k} is {p}, which is not in [0, 1]");
            return Err(Error::invalid_input("probabilities", reason));
        }
        let total: f64 = row.iter().map(|p| p.f64()).sum();
        if !single && (total - 1.0).abs() > tolerance {
            let reason = format!("row {i} sums to {total}, not to 1");
            return Err(Error::invalid_input("probabilities", reason));
        }
    }
    Ok(())
}
