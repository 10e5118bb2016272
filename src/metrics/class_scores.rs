//! Precision, recall and F-scores, class by class and averaged.

use super::pairs::{Pairs, check_distinct, unknown_label};
use super::sum::sum;
use super::target::{Both, ClassificationTarget, Columns};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::labels::Class;
use serde::{Deserialize, Serialize};

/// How scores of several classes become one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Average {
    /// The score of the positive class, which is `1` or `true`. For targets of two classes.
    #[default]
    Binary,
    /// The score of this positive class. For targets of two classes. See [`Average::positive`].
    Positive(Class),
    /// The mean over the classes.
    Macro,
    /// From the counts of all classes together.
    Micro,
    /// The mean over the classes, weighted by how often each is true.
    Weighted,
    /// The mean over the rows, of the score of each row's labels. For several labels in columns.
    Samples,
}

/// The averages that are defined whatever the classes.
#[derive(Clone, Copy)]
pub(super) enum Combine {
    Macro,
    Micro,
    Weighted,
    /// Of several labels only.
    Samples,
}

/// Averaged precision, recall and F1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Averages {
    /// The averaged precision.
    pub precision: f64,
    /// The averaged recall.
    pub recall: f64,
    /// The averaged F1.
    pub f1: f64,
}

impl Average {
    /// The score of the positive class `class`, as in `Average::positive("yes")`.
    pub fn positive(class: impl Into<Class>) -> Self {
        Average::Positive(class.into())
    }
}

/// What a score is whose denominator is zero, as the precision of a class that was never predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ZeroDivision {
    /// 0, and a line in the log.
    #[default]
    Warn,
    /// 0.
    Zero,
    /// 1.
    One,
    /// NaN, which averages leave out.
    Nan,
}

impl ZeroDivision {
    pub(super) fn value(self) -> f64 {
        match self {
            ZeroDivision::Warn | ZeroDivision::Zero => 0.0,
            ZeroDivision::One => 1.0,
            ZeroDivision::Nan => f64::NAN,
        }
    }
}

/// The scores of one class.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ClassScore {
    /// The class.
    pub class: Class,
    /// Of the rows predicted to be of this class, the fraction that is.
    pub precision: f64,
    /// Of the rows of this class, the fraction predicted to be.
    pub recall: f64,
    /// The harmonic mean of precision and recall.
    pub f1: f64,
    /// How many rows are of this class, or the sum of their weights.
    pub support: f64,
}

/// Precision, recall, F-scores, Jaccard indices and support of each class, and their averages.
///
/// Of several labels in columns, the classes are the numbers of the columns.
///
/// ```
/// use fitwell::{metrics::{Average, ZeroDivision, precision_recall_fscore_support}, prelude::*};
///
/// let y = Labels::from(["a", "a", "b", "c"]);
/// let scores = precision_recall_fscore_support(&y, &Labels::from(["a", "b", "b", "b"]))?.zero_division(ZeroDivision::Zero);
/// let b = &scores.per_class()[1];
/// assert!((b.precision - 1.0 / 3.0).abs() < 1e-15 && (b.recall - 1.0).abs() < 1e-15 && (b.f1 - 0.5).abs() < 1e-15);
/// assert!((scores.recall(&Average::Macro)? - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassScores {
    classes: Vec<Class>,
    /// Whether the classes were chosen by the caller.
    chosen: bool,
    /// The classes that occur, chosen or not.
    present: Vec<Class>,
    /// Rows of the class predicted as such, for each of `classes`.
    hits: Vec<f64>,
    predicted: Vec<f64>,
    truth: Vec<f64>,
    weighted: bool,
    /// The counts of each row, of several labels.
    rows: Option<Rows>,
    zero_division: ZeroDivision,
}

/// How many labels of each row are right, predicted and true.
#[derive(Clone, Debug, PartialEq)]
struct Rows {
    hits: Vec<f64>,
    predicted: Vec<f64>,
    truth: Vec<f64>,
    weights: Option<Vec<f64>>,
}

/// Precision, recall, F-scores and support over the classes that occur on either side, as a value that is averaged
/// later. One pass over the rows.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score).
pub fn precision_recall_fscore_support<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<ClassScores> {
    ClassScores::of(&y_true.compared(y_pred)?.0, None)
}

/// Of the rows predicted to be of a class, the fraction that is: tp / (tp + fp).
///
/// See [`ClassScores`] for each class by itself and for other answers to a division by zero than 0.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score); `InvalidInput` when a binary average meets more than two classes;
/// `UnknownLabel` when the positive class is none of two.
///
/// ```
/// use fitwell::{metrics::{Average, precision_score}, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 1, 1, 0]), Labels::from([1, 1, 1, 0]));
/// assert!((precision_score(&y, &predicted, &Average::Binary)? - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn precision_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
    average: &Average,
) -> Result<f64> {
    precision_recall_fscore_support(y_true, y_pred)?.precision(average)
}

/// Of the rows of a class, the fraction predicted to be: tp / (tp + fn).
///
/// # Errors
/// As [`precision_score`].
///
/// ```
/// use fitwell::{metrics::{Average, recall_score}, prelude::*};
///
/// let (y, predicted) = (Labels::from(["no", "yes", "yes"]), Labels::from(["no", "no", "yes"]));
/// assert!((recall_score(&y, &predicted, &Average::positive("yes"))? - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn recall_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
    average: &Average,
) -> Result<f64> {
    precision_recall_fscore_support(y_true, y_pred)?.recall(average)
}

/// The harmonic mean of precision and recall: 2 tp / (2 tp + fp + fn).
///
/// # Errors
/// As [`precision_score`].
///
/// ```
/// use fitwell::{metrics::{Average, f1_score}, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 1, 1, 0]), Labels::from([1, 1, 1, 0]));
/// assert!((f1_score(&y, &predicted, &Average::Binary)? - 0.8).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn f1_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
    average: &Average,
) -> Result<f64> {
    precision_recall_fscore_support(y_true, y_pred)?.f1(average)
}

/// The weighted harmonic mean of precision and recall, in which recall counts `beta` times as much:
/// (1 + β²) tp / ((1 + β²) tp + β² fn + fp).
///
/// # Errors
/// As [`precision_score`]; `InvalidParameter` unless `beta` is in `[0, inf]`.
///
/// ```
/// use fitwell::{metrics::{Average, fbeta_score}, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 1, 1, 0]), Labels::from([1, 1, 1, 0]));
/// assert!((fbeta_score(&y, &predicted, 2.0, &Average::Binary)? - 10.0 / 11.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn fbeta_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
    beta: f64,
    average: &Average,
) -> Result<f64> {
    precision_recall_fscore_support(y_true, y_pred)?.fbeta(beta, average)
}

/// The Jaccard index: of the rows that are of a class or predicted to be, the fraction that is both,
/// tp / (tp + fp + fn).
///
/// # Errors
/// As [`precision_score`].
///
/// ```
/// use fitwell::{metrics::{Average, jaccard_score}, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 1, 1, 0]), Labels::from([1, 1, 1, 0]));
/// assert!((jaccard_score(&y, &predicted, &Average::Binary)? - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn jaccard_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
    average: &Average,
) -> Result<f64> {
    precision_recall_fscore_support(y_true, y_pred)?.jaccard(average)
}

impl ClassScores {
    /// The scores of the given classes only, in that order; averages are over them.
    ///
    /// # Errors
    /// As [`accuracy_score`](super::accuracy_score); `EmptyInput` for no classes; `InvalidInput` for one that is there
    /// twice.
    pub fn of_classes<Y, C>(
        y_true: &Y,
        y_pred: &Y::Predicted,
        classes: impl IntoIterator<Item = C>,
    ) -> Result<Self>
    where
        Y: ClassificationTarget + ?Sized,
        C: Into<Class>,
    {
        let classes: Vec<Class> = classes.into_iter().map(Into::into).collect();
        check_distinct(&classes, "classes to score")?;
        Self::of(&y_true.compared(y_pred)?.0, Some(classes))
    }

    fn of(both: &Both<'_>, chosen: Option<Vec<Class>>) -> Result<Self> {
        match both {
            Both::Classes(pairs) => {
                let is_chosen = chosen.is_some();
                let classes = chosen.unwrap_or_else(|| pairs.classes.to_vec());
                Ok(Self::count(pairs, classes, is_chosen))
            }
            Both::Columns(columns) => Self::count_columns(columns, chosen),
        }
    }

    fn count_columns(both: &Columns<'_>, chosen: Option<Vec<Class>>) -> Result<Self> {
        let is_chosen = chosen.is_some();
        let classes = chosen.unwrap_or_else(|| both.classes());
        let columns = both.columns_of(&classes)?;
        let (k, n) = (columns.len(), both.n);
        let [mut hits, mut predicted, mut truth] = [vec![0.0; k], vec![0.0; k], vec![0.0; k]];
        let mut rows = Rows {
            hits: vec![0.0; n],
            predicted: vec![0.0; n],
            truth: vec![0.0; n],
            weights: both.weights.map(|w| w.to_vec()),
        };
        for i in 0..n {
            let (t, p) = both.row(i);
            let weight = both.weight(i);
            for (at, &column) in columns.iter().enumerate() {
                if t[column] {
                    truth[at] += weight;
                    rows.truth[i] += 1.0;
                }
                if p[column] {
                    predicted[at] += weight;
                    rows.predicted[i] += 1.0;
                }
                if t[column] && p[column] {
                    hits[at] += weight;
                    rows.hits[i] += 1.0;
                }
            }
        }
        Ok(ClassScores {
            hits,
            predicted,
            truth,
            present: both.classes(),
            classes,
            chosen: is_chosen,
            weighted: both.weights.is_some(),
            rows: Some(rows),
            zero_division: ZeroDivision::default(),
        })
    }

    /// What a score with denominator zero is; 0 with a line in the log unless set.
    #[must_use]
    pub fn zero_division(mut self, value: ZeroDivision) -> Self {
        self.zero_division = value;
        self
    }

    fn count(pairs: &Pairs<'_>, classes: Vec<Class>, chosen: bool) -> Self {
        let k = pairs.classes.len();
        let [mut hits, mut predicted, mut truth] = [vec![0.0; k], vec![0.0; k], vec![0.0; k]];
        let rows = pairs.truth.codes().iter().zip(pairs.predicted.codes());
        for (row, (&t, &p)) in rows.enumerate() {
            let weight = pairs.weight(row);
            truth[t as usize] += weight;
            predicted[p as usize] += weight;
            if t == p {
                hits[t as usize] += weight;
            }
        }
        let of = |counts: &[f64]| -> Vec<f64> {
            classes
                .iter()
                .map(|c| pairs.classes.binary_search(c).map_or(0.0, |i| counts[i]))
                .collect()
        };
        ClassScores {
            hits: of(&hits),
            predicted: of(&predicted),
            truth: of(&truth),
            classes,
            chosen,
            present: pairs.classes.to_vec(),
            weighted: pairs.weights.is_some(),
            rows: None,
            zero_division: ZeroDivision::default(),
        }
    }

    /// The classes.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// How many rows are of each class, or the sum of their weights.
    pub fn support(&self) -> &[f64] {
        &self.truth
    }

    /// The scores class by class.
    pub fn per_class(&self) -> Vec<ClassScore> {
        let precision = self.ratios("precision", &self.hits, &self.predicted);
        let recall = self.ratios("recall", &self.hits, &self.truth);
        let f1 = self.fbetas(1.0, &self.hits, &self.predicted, &self.truth);
        (0..self.classes.len())
            .map(|k| ClassScore {
                class: self.classes[k].clone(),
                precision: precision[k],
                recall: recall[k],
                f1: f1[k],
                support: self.truth[k],
            })
            .collect()
    }

    /// The averaged precision.
    ///
    /// # Errors
    /// As [`precision_score`].
    pub fn precision(&self, average: &Average) -> Result<f64> {
        self.averaged(average, |hits, predicted, _| {
            self.ratios("precision", hits, predicted)
        })
    }

    /// The averaged recall.
    ///
    /// # Errors
    /// As [`precision_score`].
    pub fn recall(&self, average: &Average) -> Result<f64> {
        self.averaged(average, |hits, _, truth| self.ratios("recall", hits, truth))
    }

    /// The averaged F1-score.
    ///
    /// # Errors
    /// As [`precision_score`].
    pub fn f1(&self, average: &Average) -> Result<f64> {
        self.fbeta(1.0, average)
    }

    /// The averaged Fβ-score.
    ///
    /// # Errors
    /// As [`fbeta_score`].
    pub fn fbeta(&self, beta: f64, average: &Average) -> Result<f64> {
        check_beta(beta)?;
        self.averaged(average, |hits, predicted, truth| {
            self.fbetas(beta, hits, predicted, truth)
        })
    }

    /// The averaged Jaccard index.
    ///
    /// # Errors
    /// As [`precision_score`].
    pub fn jaccard(&self, average: &Average) -> Result<f64> {
        self.averaged(average, |hits, predicted, truth| {
            self.jaccards(hits, predicted, truth)
        })
    }

    /// The Jaccard index of each class.
    pub fn jaccard_per_class(&self) -> Vec<f64> {
        self.jaccards(&self.hits, &self.predicted, &self.truth)
    }

    /// The Fβ-score of each class.
    ///
    /// # Errors
    /// `InvalidParameter` unless `beta` is in `[0, inf]`.
    pub fn fbeta_per_class(&self, beta: f64) -> Result<Vec<f64>> {
        check_beta(beta)?;
        Ok(self.fbetas(beta, &self.hits, &self.predicted, &self.truth))
    }

    /// Whether there are several labels in columns.
    pub(super) fn is_multi_label(&self) -> bool {
        self.rows.is_some()
    }

    /// Whether the micro averages are all the accuracy: every row counts.
    pub(super) fn micro_is_accuracy(&self) -> bool {
        self.rows.is_none()
            && (!self.chosen || self.present.iter().all(|c| self.classes.contains(c)))
    }

    pub(super) fn is_weighted(&self) -> bool {
        self.weighted
    }

    fn averaged(
        &self,
        average: &Average,
        score: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64>,
    ) -> Result<f64> {
        let combine = match average {
            Average::Binary | Average::Positive(_) => {
                return Ok(match self.positive(average)? {
                    Some(k) => score(
                        &self.hits[k..=k],
                        &self.predicted[k..=k],
                        &self.truth[k..=k],
                    )[0],
                    None => score(&[0.0], &[0.0], &[0.0])[0],
                });
            }
            Average::Macro => Combine::Macro,
            Average::Micro => Combine::Micro,
            Average::Weighted => Combine::Weighted,
            Average::Samples if self.rows.is_none() => {
                let reason = "the average over samples is for several labels in columns";
                return Err(Error::invalid_input("average", reason));
            }
            Average::Samples => Combine::Samples,
        };
        Ok(self.combined(combine, score))
    }

    fn combined(&self, how: Combine, score: impl Fn(&[f64], &[f64], &[f64]) -> Vec<f64>) -> f64 {
        let (hits, predicted, truth) = (&self.hits, &self.predicted, &self.truth);
        let total = |counts: &[f64]| [sum(counts.len(), |k| counts[k])];
        match how {
            Combine::Micro => score(&total(hits), &total(predicted), &total(truth))[0],
            Combine::Macro => mean(&score(hits, predicted, truth), None),
            Combine::Weighted => mean(&score(hits, predicted, truth), Some(truth)),
            Combine::Samples => self.rows.as_ref().map_or(f64::NAN, |rows| {
                let mut scores = score(&rows.hits, &rows.predicted, &rows.truth);
                // A row of weight 0 is not there.
                for (score, w) in scores.iter_mut().zip(rows.weights.iter().flatten()) {
                    if *w == 0.0 {
                        *score = f64::NAN;
                    }
                }
                mean(&scores, rows.weights.as_deref())
            }),
        }
    }

    /// All three averaged scores over all classes.
    pub(super) fn averages(&self, how: Combine) -> Averages {
        Averages {
            precision: self.combined(how, |h, p, _| self.ratios("precision", h, p)),
            recall: self.combined(how, |h, _, t| self.ratios("recall", h, t)),
            f1: self.combined(how, |h, p, t| self.fbetas(1.0, h, p, t)),
        }
    }

    /// The same without lines in the log.
    pub(super) fn quiet(mut self) -> Self {
        if self.zero_division == ZeroDivision::Warn {
            self.zero_division = ZeroDivision::Zero;
        }
        self
    }

    /// The index of the positive class; `None` if only the other class occurs.
    fn positive(&self, average: &Average) -> Result<Option<usize>> {
        if self.rows.is_some() {
            let reason = "the binary average is for 2 classes, there are several labels; choose Macro, Micro, Weighted or Samples";
            return Err(Error::invalid_input("average", reason));
        }
        if self.present.len() > 2 {
            let reason = format!(
                "the binary average is for 2 classes, there are {}; choose Macro, Micro or Weighted",
                self.present.len()
            );
            return Err(Error::invalid_input("average", reason));
        }
        let default = match self.present.first() {
            Some(Class::Bool(_)) => Class::Bool(true),
            _ => Class::Int(1),
        };
        let positive = match average {
            Average::Positive(class) => class,
            _ => &default,
        };
        let found = self.classes.iter().position(|c| c == positive);
        if found.is_none() && self.present.len() == 2 {
            return Err(unknown_label("positive class", positive, &self.present));
        }
        Ok(found)
    }

    fn ratios(&self, what: &str, numerator: &[f64], denominator: &[f64]) -> Vec<f64> {
        numerator
            .iter()
            .zip(denominator)
            .map(|(n, &d)| {
                if d > 0.0 {
                    return n / d;
                }
                if self.zero_division == ZeroDivision::Warn {
                    log::warn!("{what} of a class that does not occur is set to 0; choose with `zero_division`");
                }
                self.zero_division.value()
            })
            .collect()
    }

    fn fbetas(&self, beta: f64, hits: &[f64], predicted: &[f64], truth: &[f64]) -> Vec<f64> {
        let square = beta * beta;
        if square == f64::INFINITY {
            return self.ratios("recall", hits, truth);
        }
        let numerator: Vec<f64> = hits.iter().map(|h| (1.0 + square) * h).collect();
        let denominator: Vec<f64> = truth
            .iter()
            .zip(predicted)
            .map(|(t, p)| square * t + p)
            .collect();
        self.ratios("F-score", &numerator, &denominator)
    }

    fn jaccards(&self, hits: &[f64], predicted: &[f64], truth: &[f64]) -> Vec<f64> {
        let either: Vec<f64> = (0..hits.len())
            .map(|k| predicted[k] + truth[k] - hits[k])
            .collect();
        self.ratios("the Jaccard index", hits, &either)
    }
}

fn check_beta(beta: f64) -> Result<()> {
    let range = Interval::at_least(0.0).including_high();
    check::real("fbeta_score", "beta", beta, range)
}

/// The mean of the scores that are not NaN; NaN when all are; 0 when all weights are zero.
fn mean(scores: &[f64], weights: Option<&[f64]>) -> f64 {
    let weight = |k: usize| weights.map_or(1.0, |w| w[k]);
    let defined: Vec<usize> = (0..scores.len()).filter(|&k| !scores[k].is_nan()).collect();
    if defined.is_empty() {
        return f64::NAN;
    }
    let total = sum(defined.len(), |i| weight(defined[i]));
    if total == 0.0 {
        return sum(defined.len(), |i| scores[defined[i]]) / defined.len() as f64;
    }
    sum(defined.len(), |i| weight(defined[i]) * scores[defined[i]]) / total
}
