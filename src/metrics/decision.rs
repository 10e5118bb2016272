//! Losses of confidences: hinge loss, top-k accuracy.

use ndarray::{ArrayRef, ArrayView2};

use super::pairs::{check_distinct, check_weights, positions, same_length, total_weight};
use super::sum::sum;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::{ClassTarget, TargetDim};

/// The hinge loss of a decision function, Σ wᵢ max(0, 1 − mᵢ) / Σ wᵢ with the margin mᵢ of a row
///
/// ```text
/// two classes     yᵢ dᵢ, yᵢ = 1 for the second class and −1 for the first
/// more            dᵢ(yᵢ) − max over the other classes of dᵢ(k)        (Crammer and Singer)
/// ```
///
/// `decision` is (n_samples, n_classes), its columns in the order of `classes`; of two classes one column, or a vector.
/// It is what [`DecisionFunction`](crate::DecisionFunction) gives.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`, `NonFinite`; `UnknownLabel` for a true class that is not in `classes`; `InvalidInput`
/// for fewer than two classes.
///
/// ```
/// use fitwell::{metrics::hinge_loss, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([-1, 1, 1]);
/// assert!((hinge_loss(&y, &array![-2.0, 0.5, -0.5], y.classes())? - 2.0 / 3.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn hinge_loss<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    decision: &ArrayRef<F, D>,
    classes: &[Class],
) -> Result<f64> {
    let d = D::columns(decision);
    let columns = check_decision("hinge loss", y_true, &d, classes)?;
    let weights = y_true.sample_weight();
    let loss = sum(columns.len(), |i| {
        let truth = columns[i];
        let margin = if d.ncols() == 1 {
            let d = d[[i, 0]].f64();
            if truth == 1 { d } else { -d }
        } else {
            let others = (0..classes.len()).filter(|&k| k != truth);
            let most = others.fold(f64::NEG_INFINITY, |m, k| m.max(d[[i, k]].f64()));
            d[[i, truth]].f64() - most
        };
        (1.0 - margin).max(0.0) * weights.map_or(1.0, |w| w[i])
    });
    Ok(loss / total_weight(weights, columns.len()))
}

/// The fraction of rows whose true class is among the `k` of highest score; scikit-learn's default is `k = 2`.
///
/// `scores` are probabilities or decisions, (n_samples, n_classes), in the order of `classes`. Of equal scores, that of
/// the later class counts as higher. Of two classes one column, or a vector, is enough: with `k = 1` the second class is
/// predicted above 0.5 if all scores are in `[0, 1]`, above 0 otherwise.
///
/// With `k` as large as the number of classes every row is right.
///
/// # Errors
/// As [`hinge_loss`]; `InvalidParameter` for `k = 0`.
///
/// ```
/// use fitwell::{metrics::top_k_accuracy_score, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 1, 2, 2]);
/// let scores = array![[0.5, 0.2, 0.2], [0.3, 0.4, 0.2], [0.2, 0.4, 0.3], [0.7, 0.2, 0.1]];
/// assert_eq!(top_k_accuracy_score(&y, &scores, y.classes(), 2)?, 0.75);
/// # Ok::<(), Error>(())
/// ```
pub fn top_k_accuracy_score<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef<F, D>,
    classes: &[Class],
    k: usize,
) -> Result<f64> {
    let count = top_k_accuracy_count(y_true, scores, classes, k)?;
    Ok(count / total_weight(y_true.sample_weight(), y_true.labels().len()))
}

/// How many rows have their true class among the `k` of highest score, or the sum of their weights: scikit-learn's
/// `top_k_accuracy_score(normalize=False)`.
///
/// # Errors
/// As [`top_k_accuracy_score`].
pub fn top_k_accuracy_count<F: Float, D: TargetDim, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    scores: &ArrayRef<F, D>,
    classes: &[Class],
    k: usize,
) -> Result<f64> {
    check::count("top_k_accuracy_score", "k", k, 1)?;
    let s = D::columns(scores);
    let columns = check_decision("top-k accuracy", y_true, &s, classes)?;
    let unit = |v: &F| *v >= F::zero() && *v <= F::one();
    let threshold = F::of(if s.iter().all(unit) { 0.5 } else { 0.0 });
    let hit = |i: usize| {
        if k >= classes.len() {
            return true;
        }
        let truth = columns[i];
        if s.ncols() == 1 {
            return (s[[i, 0]] > threshold) == (truth == 1);
        }
        let own = s[[i, truth]];
        let above = (0..classes.len())
            .filter(|&j| s[[i, j]] > own || (j > truth && s[[i, j]] == own))
            .count();
        above < k
    };
    let weights = y_true.sample_weight();
    Ok(sum(columns.len(), |i| {
        if hit(i) {
            weights.map_or(1.0, |w| w[i])
        } else {
            0.0
        }
    }))
}

/// The column of each row's true class.
fn check_decision<F: Float, Y: ClassTarget + ?Sized>(
    metric: &str,
    y_true: &Y,
    decision: &ArrayView2<'_, F>,
    classes: &[Class],
) -> Result<Vec<usize>> {
    let truth = y_true.labels();
    same_length(truth.len(), decision.nrows())?;
    check_weights(y_true.sample_weight(), truth.len())?;
    if classes.len() < 2 {
        let reason = format!("needs at least 2 classes, got {}", classes.len());
        return Err(Error::invalid_input(metric, reason));
    }
    if decision.ncols() != classes.len() && !(decision.ncols() == 1 && classes.len() == 2) {
        let what = "number of columns of the scores (one for each class)";
        return Err(Error::shape(what, classes.len(), decision.ncols()));
    }
    check_distinct(classes, "classes of the scores")?;
    check::finite(decision, "scores")?;
    positions(truth, classes, "y_true")
}
