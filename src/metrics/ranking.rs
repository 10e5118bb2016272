//! The area under the receiver operating characteristic.

use ndarray::{Array1, ArrayRef1, ArrayRef2, Ix2};

use super::class_scores::Average;
use super::curves::{ThresholdCounts, finite};
use super::label_ranking::LabelScores;
use super::pairs::{check_weights, positions, same_length};
use super::probability::check_distribution;
use super::sorted::Sides;
use super::sum::sum;
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::parallel;
use crate::targets::{AsTargets, ClassTarget, RealTargets};

/// How the ROC curves of more than two classes become one number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum MultiClass {
    /// Each class against the rest; the mean.
    #[default]
    OvrMacro,
    /// Each class against the rest; the mean weighted by how often each class is true.
    OvrWeighted,
    /// Each class against the rest, all decisions in one curve.
    OvrMicro,
    /// Each pair of classes, both ways (Hand and Till, 2001); the mean. No sample weights.
    OvoMacro,
    /// Each pair of classes, both ways; the mean weighted by how many rows each pair has. No sample weights.
    OvoWeighted,
}

/// The area under the ROC curve of two classes: the probability that a row of the positive class, the second in order,
/// scores higher than one of the other; ties count half.
///
/// `scores` is (n_samples): the second column of `predict_proba`, or a decision function. Computed exactly by ranks
/// (the Mann-Whitney U), in O(n log n).
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `NonFinite` for a score that is NaN or infinite; `InvalidInput` unless two classes
/// occur (scikit-learn warns and returns NaN for one), counting only rows of positive weight.
///
/// ```
/// use fitwell::{metrics::roc_auc_score, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 1, 1]);
/// assert!((roc_auc_score(&y, &array![0.1, 0.4, 0.35, 0.8])? - 0.75).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn roc_auc_score<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef1<F>,
) -> Result<f64> {
    RocAucScore::new().score(y_true, scores)
}

/// [`roc_auc_score`] with options: a part of the curve, averages over several labels.
///
/// ```
/// use fitwell::{metrics::{Average, RocAucScore}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 1, 1]);
/// let scores = array![0.1, 0.4, 0.35, 0.8];
/// let part = RocAucScore::new().max_fpr(0.5).score(&y, &scores)?;
/// assert!((part - 2.0 / 3.0).abs() < 1e-15);
/// let (y, scores) = (array![[1.0, 0.0], [0.0, 1.0], [0.0, 0.0]], array![[0.9, 0.2], [0.3, 0.1], [0.5, 0.3]]);
/// let labels = RocAucScore::new().average(Average::Macro).score_labels(&y, &scores)?;
/// assert!((labels - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct RocAucScore {
    max_fpr: f64,
    average: Average,
}

impl Default for RocAucScore {
    fn default() -> Self {
        RocAucScore {
            max_fpr: 1.0,
            average: Average::Macro,
        }
    }
}

impl RocAucScore {
    /// The whole curve; of several labels, the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// The area up to this false positive rate, in `(0, 1]`, standardised so that chance is 0.5 and perfection 1
    /// (D. McClish, 1989).
    #[must_use]
    pub fn max_fpr(mut self, max_fpr: f64) -> Self {
        self.max_fpr = max_fpr;
        self
    }

    /// How the areas of several labels become one number: `Macro`, `Micro`, `Weighted` or `Samples`.
    #[must_use]
    pub fn average(mut self, average: Average) -> Self {
        self.average = average;
        self
    }

    /// The score of two classes, of scores (n_samples).
    ///
    /// # Errors
    /// As [`roc_auc_score`]; `InvalidParameter` for `max_fpr` out of range.
    pub fn score<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        y_true: &Y,
        scores: &ArrayRef1<F>,
    ) -> Result<f64> {
        self.check()?;
        finite(scores)?;
        let sides = binary_sides(y_true, scores.len(), &|i| scores[i].f64())?;
        self.area(&sides)
    }

    /// The score of several labels in columns, y and scores (n_samples, n_labels).
    ///
    /// # Errors
    /// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `InvalidParameter` for `max_fpr` out of range; `InvalidInput` for a
    /// binary average, and for a label that all rows have or none has (scikit-learn warns and returns NaN); with the
    /// average `Samples`, for a row with all labels or none.
    pub fn score_labels<F: Float, T>(&self, y_true: &T, scores: &ArrayRef2<F>) -> Result<f64>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
    {
        self.check()?;
        let labels = LabelScores::new(y_true.as_targets(), scores)?;
        labels.averaged(&self.average, &|one| self.one(one))
    }

    /// The score of each of several labels in columns.
    ///
    /// # Errors
    /// As [`score_labels`](Self::score_labels).
    pub fn per_label<F: Float, T>(&self, y_true: &T, scores: &ArrayRef2<F>) -> Result<Array1<f64>>
    where
        T: AsTargets<Targets: RealTargets<F, Dim = Ix2>> + ?Sized,
    {
        self.check()?;
        LabelScores::new(y_true.as_targets(), scores)?.per_label(&|one| self.one(one))
    }

    fn check(&self) -> Result<()> {
        let range = Interval::closed(0.0, 1.0);
        if self.max_fpr > 0.0 {
            return check::real("roc_auc_score", "max_fpr", self.max_fpr, range);
        }
        let got = self.max_fpr;
        Err(Error::invalid_parameter(
            "roc_auc_score",
            "max_fpr",
            "in (0, 1]",
            got,
        ))
    }

    fn one(&self, sides: &Sides) -> Result<f64> {
        if sides.occur() != [true, true] {
            let reason = "not defined when all rows are of one class";
            return Err(Error::invalid_input("ROC AUC", reason));
        }
        self.area(sides)
    }

    fn area(&self, sides: &Sides) -> Result<f64> {
        if self.max_fpr == 1.0 {
            return Ok(sides.area());
        }
        let curve = ThresholdCounts::from_cumulated(sides.cumulated()).roc_curve(true)?;
        Ok(curve.partial_auc(self.max_fpr))
    }
}

/// As [`roc_auc_score`], for a model's two classes and scores that may be infinite.
pub(crate) fn binary_auc<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &[f64],
    known: &[Class],
) -> Result<f64> {
    positions(y_true.labels(), known, "y_true")?;
    if let Some(row) = scores.iter().position(|s| s.is_nan()) {
        return Err(ErrorKind::NonFinite {
            what: "scores".into(),
            row,
            column: None,
            value: scores[row],
        }
        .into());
    }
    Ok(binary_sides(y_true, scores.len(), &|i| scores[i])?.area())
}

/// The scores of two classes, the second in order positive.
fn binary_sides<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    n_scores: usize,
    score: &dyn Fn(usize) -> f64,
) -> Result<Sides> {
    let truth = y_true.labels();
    same_length(truth.len(), n_scores)?;
    let weights = y_true.sample_weight();
    check_weights(weights, truth.len())?;
    let mut seen = vec![false; truth.classes().len()];
    for (i, &code) in truth.codes().iter().enumerate() {
        seen[code as usize] |= weights.is_none_or(|w| w[i] > 0.0);
    }
    let seen: Vec<usize> = (0..seen.len()).filter(|&c| seen[c]).collect();
    let [_, positive] = seen[..] else {
        let reason = match seen[..] {
            [only] => format!(
                "not defined when only class {} occurs",
                truth.classes()[only]
            ),
            _ => format!(
                "needs 2 classes, got {}; see `roc_auc_score_multiclass`",
                seen.len()
            ),
        };
        return Err(Error::invalid_input("ROC AUC", reason));
    };
    let codes = truth.codes();
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    Ok(Sides::new(
        codes.len(),
        |i| codes[i] as usize == positive,
        score,
        weights
            .is_some()
            .then_some(&weight as &dyn Fn(usize) -> f64),
    ))
}

/// The area under the ROC curve for more than two classes.
///
/// `proba` is (n_samples, n_classes); its columns are the probabilities of `classes`, in that order.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `UnknownLabel` for a true class that is not in `classes`; `InvalidInput`
/// for fewer than two classes, a class that does not occur in `y_true` where all count alike (scikit-learn warns and
/// returns NaN; averages weighted by classes, and pairs, are of those that do occur), a value outside `[0, 1]`, a row that does not sum to 1, or sample
/// weights that differ with one of the pairwise averages.
///
/// ```
/// use fitwell::{metrics::{MultiClass, roc_auc_score_multiclass}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1, 2]);
/// let proba = array![[0.8, 0.1, 0.1], [0.3, 0.4, 0.3], [0.1, 0.5, 0.4]];
/// let area = roc_auc_score_multiclass(&y, &proba, y.classes(), MultiClass::OvrMacro)?;
/// assert!((area - (1.0 + 0.5 + 1.0) / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn roc_auc_score_multiclass<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef2<F>,
    classes: &[Class],
    multi_class: MultiClass,
) -> Result<f64> {
    let columns = check_multiclass(y_true, proba, classes)?;
    let n = columns.len();
    let k = classes.len();
    let weights = y_true.sample_weight();
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    match multi_class {
        MultiClass::OvrMicro => {
            let of_cell = |cell: usize| weight(cell / k);
            let sides = Sides::new(
                n * k,
                |cell| columns[cell / k] == cell % k,
                |cell| proba[[cell / k, cell % k]].f64(),
                weights
                    .is_some()
                    .then_some(&of_cell as &dyn Fn(usize) -> f64),
            );
            Ok(sides.area())
        }
        MultiClass::OvrMacro | MultiClass::OvrWeighted => {
            let prevalence: Vec<f64> = (0..k)
                .map(|c| sum(n, |i| if columns[i] == c { weight(i) } else { 0.0 }))
                .collect();
            // A class that does not occur has no weight.
            let counts = |c: usize| multi_class == MultiClass::OvrMacro || prevalence[c] > 0.0;
            let areas = one_against_rest(proba, &columns, classes, weights, counts)?;
            Ok(mean(&areas, |c| match multi_class {
                MultiClass::OvrWeighted => prevalence[c],
                _ => 1.0,
            }))
        }
        MultiClass::OvoMacro | MultiClass::OvoWeighted => {
            // Weights that are all alike say nothing.
            if weights.is_some_and(|w| w.iter().any(|&v| v != w[0])) {
                let reason = "sample weights are not defined for pairs of classes";
                return Err(Error::invalid_input("ROC AUC", reason));
            }
            let (areas, sizes) = pairs(proba, &columns, classes)?;
            Ok(mean(&areas, |pair| match multi_class {
                MultiClass::OvoWeighted => sizes[pair],
                _ => 1.0,
            }))
        }
    }
}

/// The area under the ROC curve of each class against the rest.
///
/// # Errors
/// As [`roc_auc_score_multiclass`].
pub fn roc_auc_per_class<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef2<F>,
    classes: &[Class],
) -> Result<Array1<f64>> {
    let columns = check_multiclass(y_true, proba, classes)?;
    let weights = y_true.sample_weight();
    one_against_rest(proba, &columns, classes, weights, |_| true).map(Array1::from)
}

fn check_multiclass<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef2<F>,
    classes: &[Class],
) -> Result<Vec<usize>> {
    let truth = y_true.labels();
    same_length(truth.len(), proba.nrows())?;
    check_weights(y_true.sample_weight(), truth.len())?;
    if classes.len() < 2 {
        let reason = format!("needs at least 2 classes, got {}", classes.len());
        return Err(Error::invalid_input("ROC AUC", reason));
    }
    if proba.ncols() != classes.len() {
        let what = "number of columns of the probabilities (one for each class)";
        return Err(Error::shape(what, classes.len(), proba.ncols()));
    }
    check_distribution(proba, classes, 1e-5)?;
    positions(truth, classes, "y_true")
}

fn one_against_rest<F: Float>(
    proba: &ArrayRef2<F>,
    columns: &[usize],
    classes: &[Class],
    weights: Option<&Array1<f64>>,
    counts: impl Fn(usize) -> bool + Sync + Send,
) -> Result<Vec<f64>> {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let areas = parallel::map(classes.len(), |c| {
        if !counts(c) {
            return Ok(0.0);
        }
        let sides = Sides::new(
            columns.len(),
            |i| columns[i] == c,
            |i| proba[[i, c]].f64(),
            weights
                .is_some()
                .then_some(&weight as &dyn Fn(usize) -> f64),
        );
        if sides.occur() == [true, true] {
            Ok(sides.area())
        } else {
            Err(undefined(&classes[c]))
        }
    });
    areas.into_iter().collect()
}

/// The area of each pair, the mean of both ways, and the number of its rows.
fn pairs<F: Float>(
    proba: &ArrayRef2<F>,
    columns: &[usize],
    classes: &[Class],
) -> Result<(Vec<f64>, Vec<f64>)> {
    let mut members = vec![Vec::new(); classes.len()];
    for (row, &c) in columns.iter().enumerate() {
        members[c].push(row);
    }
    let present: Vec<usize> = (0..classes.len())
        .filter(|&c| !members[c].is_empty())
        .collect();
    if present.len() < 2 {
        let reason = "pairs of classes need two that occur";
        return Err(Error::invalid_input("ROC AUC", reason));
    }
    let (mut areas, mut sizes) = (Vec::new(), Vec::new());
    for (at, &a) in present.iter().enumerate() {
        for &b in &present[at + 1..] {
            let rows: Vec<usize> = members[a].iter().chain(&members[b]).copied().collect();
            let one = |c: usize| {
                let positive = |i: usize| columns[rows[i]] == c;
                let score = |i: usize| proba[[rows[i], c]].f64();
                Sides::new(rows.len(), positive, score, None).area()
            };
            areas.push((one(a) + one(b)) / 2.0);
            sizes.push(rows.len() as f64);
        }
    }
    Ok((areas, sizes))
}

fn undefined(class: &Class) -> Error {
    let reason = format!("not defined: y_true has no rows of class {class}, or no others");
    Error::invalid_input("ROC AUC", reason)
}

fn mean(values: &[f64], weight: impl Fn(usize) -> f64) -> f64 {
    let total = sum(values.len(), &weight);
    sum(values.len(), |i| weight(i) * values[i]) / total
}
