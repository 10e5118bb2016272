//! Log loss.

use ndarray::ArrayRef2;

use super::pairs::{check_distinct, check_weights, positions, same_length, total_weight};
use super::sum::sum;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::ClassTarget;

/// The cross-entropy of the predicted probabilities, −Σ wᵢ ln p(yᵢ) / Σ wᵢ: 0 is perfect.
///
/// `proba` is (n_samples, n_classes); its columns are the probabilities of `classes`, in that order, as `predict_proba`
/// and `classes()` of a classifier give them. Probabilities are kept at least the element type's epsilon away from 0
/// and 1, as scikit-learn does, so that one confident mistake does not cost infinity.
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
/// # Ok::<(), Error>(())
/// ```
pub fn log_loss<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef2<F>,
    classes: &[Class],
) -> Result<f64> {
    let truth = y_true.labels();
    same_length(truth.len(), proba.nrows())?;
    check_weights(y_true.sample_weight(), truth.len())?;
    if classes.len() < 2 {
        let reason = format!("needs at least 2 classes, got {}", classes.len());
        return Err(Error::invalid_input("log loss", reason));
    }
    check_distribution(proba, classes, F::EPSILON.f64().sqrt())?;
    let columns = positions(truth, classes, "y_true")?;
    let (low, high) = (F::EPSILON.f64(), (F::one() - F::EPSILON).f64());
    let weights = y_true.sample_weight();
    let loss = sum(columns.len(), |i| {
        let p = proba[[i, columns[i]]].f64().clamp(low, high);
        -p.ln() * weights.map_or(1.0, |w| w[i])
    });
    Ok(loss / total_weight(weights, columns.len()))
}

/// A column for each class, every value in [0, 1], every row sums to 1.
pub(super) fn check_distribution<F: Float>(
    proba: &ArrayRef2<F>,
    classes: &[Class],
    tolerance: f64,
) -> Result<()> {
    if proba.ncols() != classes.len() {
        let what = "number of columns of the probabilities (one for each class)";
        return Err(Error::shape(what, classes.len(), proba.ncols()));
    }
    check_distinct(classes, "classes of the probabilities")?;
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
        if (total - 1.0).abs() > tolerance {
            let reason = format!("row {i} sums to {total}, not to 1");
            return Err(Error::invalid_input("probabilities", reason));
        }
    }
    Ok(())
}
