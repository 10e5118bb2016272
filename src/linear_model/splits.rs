//! The folds of a model that chooses its penalty by cross-validation.

use crate::error::{Error, ErrorKind, Result};
use crate::model_selection::{CrossValidator, Split};
use crate::targets::Targets;

/// The folds of n rows. A number of folds that cannot be is an error about the estimator's `cv`.
pub(super) fn splits<Y: Targets + ?Sized>(
    estimator: &str,
    cv: &impl CrossValidator,
    n: usize,
    y: &Y,
) -> Result<Vec<Split>> {
    cv.split(n, y).map_err(|e| match e.kind() {
        ErrorKind::InvalidParameter { expected, got, .. } => {
            let expected = format!("a splitter whose number of folds is {expected}");
            Error::invalid_parameter(estimator, "cv", expected, got)
        }
        // Of all rows; what is said of a class stands.
        ErrorKind::TooFewSamples { needed, got, .. } if *got == n => {
            let expected = format!("a splitter of at most {got} folds, one for each row");
            Error::invalid_parameter(estimator, "cv", expected, needed)
        }
        _ => e,
    })
}
