//! Predictions for rows by models that have not seen them.

use ndarray::{Array, Array2, Axis};

use super::splitter::CrossValidator;
use super::tasks::{self, Folds};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, ClassTarget, TargetDim, Targets};
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba};

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
/// [`cross_val_predict_proba`], [`cross_val_predict_log_proba`] and [`cross_val_decision_function`] do the same with the
/// model's other methods.
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
    predict(&folds, estimator, |model, x| model.predict(x))
}

/// For each row, the probability of each class by the model that was fitted on the folds without it, (n_samples, n_classes)
/// in the order of the classes that occur in `y`, sorted.
///
/// A class that a fold's training rows lack has probability 0 there; a line in the log says so.
///
/// # Errors
/// As [`cross_val_predict`].
///
/// ```
/// use fitwell::model_selection::cross_val_predict_proba;
/// use fitwell::{linear_model::LogisticRegression, metrics::roc_auc_score, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
/// let y: Labels = (0..30).map(|i| i >= 15).collect();
/// let proba = cross_val_predict_proba(&LogisticRegression::new(), &x, &y, &5)?;
/// assert!(roc_auc_score(&y, &proba.column(1))? > 0.9);
/// # Ok::<(), Error>(())
/// ```
pub fn cross_val_predict_proba<E, X, Y, C, F>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
) -> Result<Array2<F>>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    Y::Targets: ClassTarget,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    E::Fitted: PredictProba<X::Samples, Float = F> + Classes,
    C: CrossValidator + ?Sized,
    F: Float,
{
    by_class(estimator, x, y, cv, F::zero(), |model, x| {
        model.predict_proba(x)
    })
}

/// As [`cross_val_predict_proba`], the natural logarithm of the probabilities.
///
/// A class that a fold's training rows lack has the lowest finite number there.
///
/// # Errors
/// As [`cross_val_predict`].
///
/// ```
/// use fitwell::model_selection::{cross_val_predict_log_proba, cross_val_predict_proba};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
/// let y: Labels = (0..30).map(|i| i >= 15).collect();
/// let proba = cross_val_predict_proba(&LogisticRegression::new(), &x, &y, &5)?;
/// let log_proba = cross_val_predict_log_proba(&LogisticRegression::new(), &x, &y, &5)?;
/// assert!((log_proba.exp() - proba).iter().all(|d| d.abs() < 1e-12));
/// # Ok::<(), Error>(())
/// ```
pub fn cross_val_predict_log_proba<E, X, Y, C, F>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
) -> Result<Array2<F>>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    Y::Targets: ClassTarget,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    E::Fitted: PredictProba<X::Samples, Float = F> + Classes,
    C: CrossValidator + ?Sized,
    F: Float,
{
    by_class(estimator, x, y, cv, F::min_value(), |model, x| {
        model.predict_log_proba(x)
    })
}

/// For each row, the decision function of the model that was fitted on the folds without it: (n_samples, n_classes) in the
/// order of the classes that occur in `y`, or (n_samples, 1) for two classes.
///
/// A class that a fold's training rows lack has the lowest finite number there.
///
/// # Errors
/// As [`cross_val_predict`]; `InvalidInput` when a fold's training rows have fewer than three classes of three or more,
/// whose decisions are of another kind; stratified folds have them all.
///
/// ```
/// use fitwell::model_selection::cross_val_decision_function;
/// use fitwell::{linear_model::RidgeClassifier, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
/// let y: Labels = (0..30).map(|i| i >= 15).collect();
/// let decisions = cross_val_decision_function(&RidgeClassifier::new(), &x, &y, &5)?;
/// assert!(decisions[[0, 0]] < 0.0 && decisions[[29, 0]] > 0.0);
/// # Ok::<(), Error>(())
/// ```
pub fn cross_val_decision_function<E, X, Y, C, F>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
) -> Result<Array2<F>>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    Y::Targets: ClassTarget,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    E::Fitted: DecisionFunction<X::Samples, Float = F> + Classes,
    C: CrossValidator + ?Sized,
    F: Float,
{
    let n_classes = y.as_targets().labels().observed().classes().len();
    by_class(estimator, x, y, cv, F::min_value(), move |model, x| {
        let got = model.classes().len();
        if got != n_classes && got < 3 {
            let reason = format!(
                "{got} of {n_classes} classes are in the training rows; stratify the folds"
            );
            return Err(Error::invalid_input("decision function", reason));
        }
        model.decision_function(x)
    })
}

/// One column for each class of `y`, `absent` for those the fold's model does not know.
fn by_class<E, X, Y, C, F>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    absent: F,
    values: impl Fn(&E::Fitted, &X::Samples) -> Result<Array2<F>> + Sync + Send,
) -> Result<Array2<F>>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    Y::Targets: ClassTarget,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    E::Fitted: Classes,
    C: CrossValidator + ?Sized,
    F: Float,
{
    let labels = y.as_targets().labels().observed();
    let all = labels.classes();
    let folds = Folds::new(x.as_samples(), y.as_targets(), cv, 1)?;
    predict(&folds, estimator, |model, x| {
        let part = values(model, x)?;
        let known = model.classes();
        if known == all {
            return Ok(part);
        }
        log::warn!(
            "the training rows of a fold have {} of {} classes: the others get {absent}",
            known.len(),
            all.len()
        );
        if part.ncols() != known.len() {
            let what = "number of columns of a fold's predictions (one for each class)";
            return Err(Error::shape(what, known.len(), part.ncols()));
        }
        let mut wide = Array2::from_elem((part.nrows(), all.len()), absent);
        for (class, column) in known.iter().zip(part.columns()) {
            let place = all.binary_search(class).map_err(|_| {
                let reason = format!("the model knows class {class}, the target does not");
                Error::invalid_input("cross-validated predictions", reason)
            })?;
            wide.column_mut(place).assign(&column);
        }
        Ok(wide)
    })
}

/// What `values` says of each fold's test rows, put together. They must be every row exactly once.
fn predict<E, X, Y, P>(
    folds: &Folds<'_, X, Y>,
    estimator: &E,
    values: impl Fn(&E::Fitted, &X) -> Result<P> + Sync + Send,
) -> Result<P>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y> + Sync,
    P: FromFolds + Send + Sync,
{
    let rows = folds.test_rows();
    let n = folds.x().n_samples();
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
    let parts = tasks::run(folds.len(), |k| {
        folds.predict(k, |x, y| estimator.fit(x, y), |model, x| values(model, x))
    })?;
    P::from_folds(n, &rows, parts)
}
