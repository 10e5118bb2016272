//! The area under the receiver operating characteristic.

use ndarray::{Array1, ArrayRef1, ArrayRef2};

use super::pairs::{check_weights, positions, same_length};
use super::probability::check_distribution;
use super::sum::sum;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::ClassTarget;

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
    check::finite_vector(scores, "scores")?;
    let scores: Vec<f64> = scores.iter().map(|s| s.f64()).collect();
    binary_auc(y_true, &scores, y_true.labels().classes())
}

/// As [`roc_auc_score`], for a model's two classes and scores that may be infinite.
pub(crate) fn binary_auc<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &[f64],
    known: &[Class],
) -> Result<f64> {
    let truth = y_true.labels();
    positions(truth, known, "y_true")?;
    if let Some(row) = scores.iter().position(|s| s.is_nan()) {
        return Err(ErrorKind::NonFinite {
            what: "scores".into(),
            row,
            column: None,
            value: scores[row],
        }
        .into());
    }
    same_length(truth.len(), scores.len())?;
    let weights = y_true.sample_weight();
    check_weights(weights, truth.len())?;
    let truth = truth.observed_where(|i| weights.is_none_or(|w| w[i] > 0.0));
    let classes = truth.classes();
    if classes.len() != 2 {
        let reason = match classes.first() {
            Some(only) if classes.len() == 1 => {
                format!("not defined when only class {only} occurs")
            }
            _ => format!(
                "needs 2 classes, got {}; see `roc_auc_score_multiclass`",
                classes.len()
            ),
        };
        return Err(Error::invalid_input("ROC AUC", reason));
    }
    // Rows of weight zero may be of dropped classes; their codes do not matter.
    Ok(area(
        &|i| truth.codes()[i] == 1,
        &|i| scores[i],
        &|i| weights.map_or(1.0, |w| w[i]),
        scores.len(),
    ))
}

/// The area under the ROC curve for more than two classes.
///
/// `proba` is (n_samples, n_classes); its columns are the probabilities of `classes`, in that order.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `UnknownLabel` for a true class that is not in `classes`; `InvalidInput`
/// for fewer than two classes, a class that does not occur in `y_true` (scikit-learn warns and returns NaN), a value
/// outside `[0, 1]`, a row that does not sum to 1, or sample weights with one of the pairwise averages.
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
            let width = k;
            Ok(area(
                &|cell| columns[cell / width] == cell % width,
                &|cell| proba[[cell / width, cell % width]].f64(),
                &|cell| weight(cell / width),
                n * width,
            ))
        }
        MultiClass::OvrMacro | MultiClass::OvrWeighted => {
            let areas = one_against_rest(proba, &columns, classes, &weight)?;
            let prevalence: Vec<f64> = (0..k)
                .map(|c| sum(n, |i| if columns[i] == c { weight(i) } else { 0.0 }))
                .collect();
            Ok(mean(&areas, |c| match multi_class {
                MultiClass::OvrWeighted => prevalence[c],
                _ => 1.0,
            }))
        }
        MultiClass::OvoMacro | MultiClass::OvoWeighted => {
            if weights.is_some() {
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
    one_against_rest(proba, &columns, classes, &|i| weights.map_or(1.0, |w| w[i])).map(Array1::from)
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
    check_distribution(proba, classes, 1e-5)?;
    positions(truth, classes, "y_true")
}

fn one_against_rest<F: Float>(
    proba: &ArrayRef2<F>,
    columns: &[usize],
    classes: &[Class],
    weight: &(dyn Fn(usize) -> f64 + Sync),
) -> Result<Vec<f64>> {
    let n = columns.len();
    for (c, class) in classes.iter().enumerate() {
        let occurs = |is: bool| (0..n).any(|i| (columns[i] == c) == is && weight(i) > 0.0);
        if !occurs(true) || !occurs(false) {
            return Err(undefined(class));
        }
    }
    Ok((0..classes.len())
        .map(|c| area(&|i| columns[i] == c, &|i| proba[[i, c]].f64(), weight, n))
        .collect())
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
    if let Some(c) = members.iter().position(Vec::is_empty) {
        return Err(undefined(&classes[c]));
    }
    let (mut areas, mut sizes) = (Vec::new(), Vec::new());
    for a in 0..classes.len() {
        for b in a + 1..classes.len() {
            let rows: Vec<usize> = members[a].iter().chain(&members[b]).copied().collect();
            let one = |c: usize| {
                area(
                    &|i| columns[rows[i]] == c,
                    &|i| proba[[rows[i], c]].f64(),
                    &|_| 1.0,
                    rows.len(),
                )
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

/// Σ over positive rows of the weight of negative rows that score lower, ties half, divided by all pairs' weight.
fn area(
    positive: &dyn Fn(usize) -> bool,
    score: &dyn Fn(usize) -> f64,
    weight: &dyn Fn(usize) -> f64,
    n: usize,
) -> f64 {
    // Sorted apart and merged: integers that order as the scores do, each with its weight.
    let (mut positives, mut negatives) = (Vec::new(), Vec::new());
    for i in 0..n {
        let w = weight(i);
        if w > 0.0 {
            let side = if positive(i) {
                &mut positives
            } else {
                &mut negatives
            };
            side.push((sort_key(score(i)), w));
        }
    }
    positives.sort_unstable_by_key(|row: &(u64, f64)| row.0);
    negatives.sort_unstable_by_key(|row: &(u64, f64)| row.0);
    let all_positive = sum(positives.len(), |i| positives[i].1);
    let all_negative = sum(negatives.len(), |i| negatives[i].1);
    let (mut below, mut next) = (0.0, 0);
    let mut terms = Vec::new();
    for ties in positives.chunk_by(|a, b| a.0 == b.0) {
        let key = ties[0].0;
        while next < negatives.len() && negatives[next].0 < key {
            below += negatives[next].1;
            next += 1;
        }
        let tied = &negatives[next..];
        let tied = &tied[..tied.iter().take_while(|row| row.0 == key).count()];
        let half = sum(tied.len(), |i| tied[i].1) / 2.0;
        terms.push(sum(ties.len(), |i| ties[i].1) * (below + half));
    }
    sum(terms.len(), |i| terms[i] / all_negative) / all_positive
}

/// An integer that orders as the numbers do; the two zeros are one.
fn sort_key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

#[cfg(test)]
mod tests {
    use super::sort_key;

    #[test]
    fn keys_order_as_numbers() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-310,
            0.0,
            1e-310,
            1.0,
            1e300,
            f64::INFINITY,
        ];
        assert!(numbers.windows(2).all(|w| sort_key(w[0]) < sort_key(w[1])));
        assert_eq!(sort_key(0.0), sort_key(-0.0));
    }
}
