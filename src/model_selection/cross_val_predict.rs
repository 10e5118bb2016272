//! Predictions for rows by models that have not seen them.

use ndarray::{Array, Axis};

use super::folds::CrossValidator;
use super::tasks::{self, Folds};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, TargetDim};
use crate::traits::{Estimator, Predict};

/// Predictions of several models, each for some rows, that can be put together: [`Labels`] and arrays.
#[diagnostic::on_unimplemented(
    message = "predictions of type `{Self}` cannot be put together from folds"
)]
pub trait FromFolds: Sized {
    /// Puts the parts together; `rows[k]` are the positions of the rows of `parts[k]`. Every position below `n` is there
    /// exactly once.
    ///
    /// # Errors
    /// `ShapeMismatch` when a part has another number of rows than positions, or parts differ in their columns.
    fn from_folds(n: usize, rows: &[Vec<usize>], parts: Vec<Self>) -> Result<Self>;
}

impl FromFolds for Labels {
    fn from_folds(n: usize, rows: &[Vec<usize>], parts: Vec<Self>) -> Result<Self> {
        let mut classes: Vec<Class> = parts.iter().flat_map(|p| p.classes()).cloned().collect();
        classes.sort();
        classes.dedup();
        let mut codes = vec![0; n];
        for (rows, part) in rows.iter().zip(&parts) {
            check_rows(rows.len(), part.len())?;
            for (&row, code) in rows.iter().zip(part.codes_in(&classes)) {
                codes[row] = code.unwrap_or_default();
            }
        }
        Labels::from_codes(codes, classes)
    }
}

impl<F: Float, D: TargetDim> FromFolds for Array<F, D> {
    fn from_folds(n: usize, rows: &[Vec<usize>], parts: Vec<Self>) -> Result<Self> {
        let Some(first) = parts.first() else {
            return Err(Error::shape("number of folds", 1, 0));
        };
        let mut shape = first.raw_dim();
        shape[0] = n;
        let mut all = Array::zeros(shape.clone());
        for (rows, part) in rows.iter().zip(&parts) {
            check_rows(rows.len(), part.len_of(Axis(0)))?;
            for axis in 1..shape.ndim() {
                let what = "number of columns of a fold's predictions";
                if part.len_of(Axis(axis)) != shape[axis] {
                    return Err(Error::shape(what, shape[axis], part.len_of(Axis(axis))));
                }
            }
            for (&row, values) in rows.iter().zip(part.axis_iter(Axis(0))) {
                all.index_axis_mut(Axis(0), row).assign(&values);
            }
        }
        Ok(all)
    }
}

fn check_rows(expected: usize, got: usize) -> Result<()> {
    if expected == got {
        return Ok(());
    }
    Err(Error::shape(
        "number of predictions of a fold",
        expected,
        got,
    ))
}

/// For each row, the prediction of the model that was fitted on the folds without it.
///
/// Good for a report or a confusion matrix over all rows. A score of these predictions is not the mean of the scores of
/// the folds; for that see [`cross_validate`](super::cross_validate()).
///
/// # Errors
/// As [`cross_validate`](super::cross_validate()); `InvalidInput` when the test rows of the splits are not every row
/// exactly once.
///
/// ```
/// use fitwell::model_selection::cross_val_predict;
/// use fitwell::{linear_model::LogisticRegression, metrics::classification_report, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
/// let y: Labels = (0..30).map(|i| if i < 15 { "low" } else { "high" }).collect();
/// let predicted = cross_val_predict(&LogisticRegression::new(), &x, &y, &5)?;
/// assert!(classification_report(&y, &predicted)?.accuracy().is_some_and(|a| a > 0.8));
/// # Ok::<(), Error>(())
/// ```
pub fn cross_val_predict<E, X, Y, C, P>(estimator: &E, x: &X, y: &Y, cv: &C) -> Result<P>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    E::Fitted: Predict<X::Samples, Output = P>,
    C: CrossValidator + ?Sized,
    P: FromFolds + Send + Sync,
{
    let folds = Folds::new(x.as_samples(), y.as_targets(), cv, 1)?;
    let rows = folds.test_rows();
    let n = x.as_samples().n_samples();
    let mut tested = vec![false; n];
    for &row in rows.iter().flatten() {
        if std::mem::replace(&mut tested[row], true) {
            let reason = format!("row {row} is in several test folds");
            return Err(Error::invalid_input("cross-validated predictions", reason));
        }
    }
    if let Some(row) = tested.iter().position(|t| !t) {
        let reason = format!("row {row} is in no test fold");
        return Err(Error::invalid_input("cross-validated predictions", reason));
    }
    let parts = tasks::run(folds.len(), |k| folds.predict(k, estimator))?;
    P::from_folds(n, &rows, parts)
}
