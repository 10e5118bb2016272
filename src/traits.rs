//! The contract: [`Estimator`] learns, what it learned implements [`Predict`], [`Transform`] and the rest as it can.

use std::any::Any;
use std::fmt;

use ndarray::{Array1, Array2, ArrayBase, ArrayRef, ArrayRef2, Data, Dimension, Ix2};

use crate::error::{Error, Result};
use crate::labels::Class;
use crate::prefix::Prefixes;
use crate::samples::Samples;
use crate::targets::Targets;

/// A recipe for learning from samples `X` and a target `Y`.
///
/// The estimator holds hyper-parameters only; what it learned is another type, so that a model that was not fitted
/// cannot predict:
///
/// ```compile_fail,E0599
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// Ridge::new().predict(&array![[1.0]]); // not fitted
/// ```
///
/// ```
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let model = Ridge::new().alpha(0.0).fit(&array![[0.0], [1.0]], &array![1.0, 3.0])?;
/// assert!(f64::abs(model.predict(&array![[2.0]])?[0] - 5.0) < 1e-12);
/// # Ok::<(), Error>(())
/// ```
///
/// An estimator of your own implements it for [`ArrayRef2`] or [`Table`](crate::table::Table) samples and for each kind of
/// target it takes, by name; owned arrays and views reach it from there:
///
/// ```
/// use fitwell::prelude::*;
/// use ndarray::{Array2, ArrayRef2, array};
///
/// #[derive(Clone)]
/// struct Clip; // to the range seen at fit
/// struct FittedClip(f64, f64);
///
/// impl Estimator<ArrayRef2<f64>, Labels> for Clip {
///     type Fitted = FittedClip;
///     fn fit(&self, x: &ArrayRef2<f64>, _: &Labels) -> Result<FittedClip> {
///         let fold = |f: fn(f64, f64) -> f64, from| x.iter().copied().fold(from, f);
///         Ok(FittedClip(fold(f64::min, f64::INFINITY), fold(f64::max, f64::NEG_INFINITY)))
///     }
/// }
///
/// impl Transform<ArrayRef2<f64>> for FittedClip {
///     type Output = Array2<f64>;
///     fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> {
///         Ok(x.mapv(|v| v.max(self.0).min(self.1)))
///     }
/// }
///
/// use fitwell::linear_model::LogisticRegression;
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], Labels::from([0, 0, 1, 1]));
/// let model = pipeline("clip", Clip).then("classify", LogisticRegression::new()).fit(&x, &y)?;
/// assert_eq!(model.predict(&array![[-100.0], [100.0]])?, Labels::from([0, 1]));
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be fitted on samples `{X}` and target `{Y}`",
    label = "this estimator does not accept these samples or this target",
    note = "a `Table` becomes a matrix through a `ColumnTransformer` (or `table.to_matrix()?`); steps of a pipeline must fit the one before",
    note = "classes are `Labels::from(values)`, real targets are arrays of the samples' element type, unsupervised learning takes `&()`",
    note = "if the target is `Weighted`, this estimator may not be able to use sample weights"
)]
pub trait Estimator<X: ?Sized, Y: ?Sized = ()> {
    /// What was learned.
    type Fitted;

    /// Learns from samples (n_samples, n_features) and a target of n_samples rows.
    ///
    /// # Errors
    /// `InvalidParameter` for a hyper-parameter out of range, and whatever the estimator says of the data.
    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted>;

    /// Learns from samples and transforms the same samples: what a pipeline does with every step but the last.
    ///
    /// The result is that of [`fit`](Self::fit) and then `transform`, unless the transformer says otherwise in
    /// [`fit_for_transform`](Self::fit_for_transform): one that learns from the target may transform the rows it was fitted
    /// on by what it learned from other rows, so that no row sees its own target.
    ///
    /// ```
    /// use fitwell::{prelude::*, preprocessing::StandardScaler};
    /// use ndarray::array;
    ///
    /// let (scaler, x) = StandardScaler::new().fit_and_transform(&array![[0.0], [2.0]], &())?;
    /// assert_eq!(x, array![[-1.0], [1.0]]);
    /// assert_eq!(scaler.transform(&array![[3.0]])?, array![[2.0]]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `fit` and `transform`.
    #[allow(clippy::type_complexity)] // the model and its output, no more
    fn fit_and_transform(
        &self,
        x: &X,
        y: &Y,
    ) -> Result<(Self::Fitted, <Self::Fitted as Transform<X>>::Output)>
    where
        Self::Fitted: Transform<X>,
    {
        let (fitted, known) = self.fit_for_transform(x, y)?;
        let transformed = fitted.transform_fitted(x, known)?;
        Ok((fitted, transformed))
    }

    /// As [`fit`](Self::fit), for a caller who transforms the same samples next: the place to override what becomes of
    /// training rows, or to keep a result that the fit has anyway.
    ///
    /// An override returns the transformed rows with the model, as `Known::new(rows)` where `rows` is of the type that the
    /// model transforms to:
    ///
    /// ```
    /// use fitwell::{Known, prelude::*};
    /// use ndarray::{Array2, ArrayRef2, array};
    ///
    /// /// The mean target of all rows; a training row gets the mean of the other rows.
    /// #[derive(Clone)]
    /// struct MeanTarget;
    /// struct FittedMeanTarget(f64);
    ///
    /// impl Estimator<ArrayRef2<f64>, ndarray::ArrayRef1<f64>> for MeanTarget {
    ///     type Fitted = FittedMeanTarget;
    ///     fn fit(&self, _: &ArrayRef2<f64>, y: &ndarray::ArrayRef1<f64>) -> Result<FittedMeanTarget> {
    ///         Ok(FittedMeanTarget(y.mean().unwrap_or(0.0)))
    ///     }
    ///     fn fit_for_transform(&self, x: &ArrayRef2<f64>, y: &ndarray::ArrayRef1<f64>) -> Result<(FittedMeanTarget, Known)> {
    ///         let others = Array2::from_shape_fn((x.nrows(), 1), |(i, _)| (y.sum() - y[i]) / (y.len() - 1) as f64);
    ///         Ok((self.fit(x, y)?, Known::new(others)))
    ///     }
    /// }
    ///
    /// impl Transform<ArrayRef2<f64>> for FittedMeanTarget {
    ///     type Output = Array2<f64>;
    ///     fn transform(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> {
    ///         Ok(Array2::from_elem((x.nrows(), 1), self.0))
    ///     }
    /// }
    ///
    /// let (x, y) = (array![[0.0], [0.0], [0.0]], array![1.0, 2.0, 6.0]);
    /// let (fitted, training) = MeanTarget.fit_and_transform(&x, &y)?;
    /// assert_eq!(training, array![[4.0], [3.5], [1.5]]);
    /// assert_eq!(fitted.transform(&x)?, array![[3.0], [3.0], [3.0]]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `fit`.
    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        Ok((self.fit(x, y)?, Known::nothing()))
    }

    /// The names of the steps before each step but the first, shortest list first: what a search can fit once for all
    /// candidates that set the same values there. A pipeline has such steps.
    #[doc(hidden)]
    fn prefixes(&self) -> Vec<Vec<String>> {
        Vec::new()
    }

    /// Fits the steps of one of [`prefixes`](Self::prefixes), by its position, and keeps what they learned.
    #[doc(hidden)]
    fn fit_prefix(&self, _position: usize, _x: &X, _y: &Y, _kept: &Prefixes<'_>) -> Result<()> {
        Ok(())
    }

    /// As [`fit`](Self::fit), with the first steps that are kept.
    #[doc(hidden)]
    fn fit_after(&self, x: &X, y: &Y, _kept: &Prefixes<'_>) -> Result<Self::Fitted> {
        self.fit(x, y)
    }

    /// As [`fit_for_transform`](Self::fit_for_transform), with the first steps that are kept.
    #[doc(hidden)]
    fn fit_for_transform_after(
        &self,
        x: &X,
        y: &Y,
        _kept: &Prefixes<'_>,
    ) -> Result<(Self::Fitted, Known)> {
        self.fit_for_transform(x, y)
    }
}

/// An estimator that watches a validation set while it learns, to stop before it learns the noise, say.
///
/// The set travels with the training data: a [`Pipeline`](crate::pipeline::Pipeline) fits every step on the training rows
/// alone, transforms the validation rows with the fitted steps, and hands both to its last step, so that nothing leaks. A
/// [`GridSearchCv`](crate::model_selection::GridSearchCv) hands the same set to every fit. Weights travel as they do in
/// training: in the target, [`Targets::weighted`]. The two sets are of one type; give the one without weights weights of 1.
///
/// A step that cannot use a validation set does not compile as the last one:
///
/// ```compile_fail,E0277
/// use fitwell::{linear_model::Ridge, prelude::*, preprocessing::StandardScaler};
/// use ndarray::array;
///
/// let pipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
/// let (x, y) = (array![[0.0], [1.0]], array![0.0, 1.0]);
/// let model = pipe.fit_with_validation(&x, &y, &x, &y);
/// ```
///
/// An estimator of your own implements it beside [`Estimator`]:
///
/// ```
/// use fitwell::{prelude::*, preprocessing::StandardScaler};
/// use ndarray::{Array1, ArrayRef1, ArrayRef2, array};
///
/// /// Least squares by gradient descent.
/// #[derive(Clone)]
/// struct Descent { step: f64, max_iter: usize }
/// struct FittedDescent { coef: Array1<f64>, intercept: f64, n_iter: usize }
///
/// impl Descent {
///     /// Stops when `worse` says so.
///     fn run(&self, x: &ArrayRef2<f64>, y: &ArrayRef1<f64>, mut worse: impl FnMut(&FittedDescent) -> bool) -> FittedDescent {
///         let mut model = FittedDescent { coef: Array1::zeros(x.ncols()), intercept: 0.0, n_iter: 0 };
///         for n_iter in 1..=self.max_iter {
///             let residual = x.dot(&model.coef) + model.intercept - y;
///             let pace = self.step / x.nrows() as f64;
///             let coef = &model.coef - &(x.t().dot(&residual) * pace);
///             let next = FittedDescent { coef, intercept: model.intercept - pace * residual.sum(), n_iter };
///             if worse(&next) {
///                 break;
///             }
///             model = next;
///         }
///         model
///     }
/// }
///
/// impl Estimator<ArrayRef2<f64>, ArrayRef1<f64>> for Descent {
///     type Fitted = FittedDescent;
///     fn fit(&self, x: &ArrayRef2<f64>, y: &ArrayRef1<f64>) -> Result<FittedDescent> {
///         Ok(self.run(x, y, |_| false))
///     }
/// }
///
/// impl FitWithValidation<ArrayRef2<f64>, ArrayRef1<f64>> for Descent {
///     fn fit_with_validation(
///         &self,
///         x: &ArrayRef2<f64>,
///         y: &ArrayRef1<f64>,
///         x_val: &ArrayRef2<f64>,
///         y_val: &ArrayRef1<f64>,
///     ) -> Result<FittedDescent> {
///         let mut best = f64::INFINITY;
///         Ok(self.run(x, y, |model| {
///             let loss = (x_val.dot(&model.coef) + model.intercept - y_val).pow2().sum();
///             let worse = loss > best;
///             best = best.min(loss);
///             worse
///         }))
///     }
/// }
///
/// let (x, y) = (array![[0.0], [100.0], [200.0], [300.0]], array![0.0, 1.2, 1.8, 3.3]);
/// let (x_val, y_val) = (array![[50.0], [250.0]], array![0.5, 2.5]);
/// let pipe = pipeline("scale", StandardScaler::new()).then("descent", Descent { step: 0.1, max_iter: 500 });
/// let stopped = pipe.fit_with_validation(&x, &y, &x_val, &y_val)?;
/// assert!(stopped.last().n_iter < 500);
/// assert_eq!(stopped.first().inner().mean(), array![150.0]); // of the training rows alone
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot use a validation set of samples `{X}` and target `{Y}`",
    label = "this estimator has no `fit_with_validation`",
    note = "a pipeline has it if its last step has; without a validation set call `fit(&x, &y)`"
)]
pub trait FitWithValidation<X: ?Sized, Y: ?Sized = ()>: Estimator<X, Y> {
    /// Learns from `x` and `y` alone, watching how well it does on `x_val` and `y_val`.
    ///
    /// # Errors
    /// As [`fit`](Estimator::fit), for either set.
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted>;
}

/// What a fit already knows of its transformed training samples: the whole result, a part of it, or nothing.
///
/// Made by [`Estimator::fit_for_transform`], used up by [`Transform::transform_fitted`].
#[derive(Default)]
pub struct Known(Option<Box<dyn Any + Send>>);

impl Known {
    /// Nothing: the rows are transformed as any others.
    pub fn nothing() -> Self {
        Known(None)
    }

    /// The transformed rows, of the type [`Transform::Output`], or what the model's own
    /// [`transform_fitted`](Transform::transform_fitted) makes them from.
    pub fn new<T: Send + 'static>(value: T) -> Self {
        Known(Some(Box::new(value)))
    }

    /// What is known, as a `T`; `None` if nothing is.
    ///
    /// # Errors
    /// `InvalidInput` when it is of another type, which a model's own fit does not make.
    pub fn take<T: 'static>(self) -> Result<Option<T>> {
        let Some(value) = self.0 else { return Ok(None) };
        match value.downcast() {
            Ok(value) => Ok(Some(*value)),
            Err(_) => Err(Error::invalid_input(
                "transformed training rows",
                format!("they are no {}", std::any::type_name::<T>()),
            )),
        }
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Some(_) => "Known(..)",
            None => "Known(nothing)",
        })
    }
}

/// A fitted model that predicts: [`Labels`](crate::Labels) from classifiers, arrays from regressors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not predict from `{X}`",
    label = "no prediction from this input",
    note = "fit the estimator first: `let model = estimator.fit(&x, &y)?; model.predict(&x)?`"
)]
pub trait Predict<X: ?Sized> {
    /// The predictions, one for each row.
    type Output;

    /// Predicts for each row of `x` (n_samples, n_features).
    ///
    /// # Errors
    /// `ShapeMismatch` when the width differs from the one at fit; `NonFinite` for NaN or infinite values.
    fn predict(&self, x: &X) -> Result<Self::Output>;
}

/// A fitted regressor that knows how sure it is of each prediction.
///
/// ```
/// use fitwell::{linear_model::BayesianRidge, prelude::*};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![0.1, 0.9, 2.1, 2.9]);
/// let (mean, std) = BayesianRidge::new().fit(&x, &y)?.predict_std(&array![[1.5], [30.0]])?;
/// assert!(f64::abs(mean[0] - 1.5) < 1e-9 && std[1] > std[0]);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not predict with a standard deviation from `{X}`",
    label = "no standard deviations from this model",
    note = "of the linear models, `BayesianRidge` does"
)]
pub trait PredictStd<X: ?Sized> {
    /// The predictions, one for each row.
    type Output;

    /// The mean and the standard deviation of the predictive distribution of each row of `x` (n_samples, n_features).
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn predict_std(&self, x: &X) -> Result<(Self::Output, Self::Output)>;
}

/// A fitted classifier that knows how sure it is.
///
/// A regressor has no probabilities:
/// ```compile_fail,E0599
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0], [1.0]], array![1.0, 3.0]);
/// let model = Ridge::new().fit(&x, &y).unwrap();
/// model.predict_proba(&x);
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` does not predict probabilities from `{X}`")]
pub trait PredictProba<X: ?Sized> {
    /// The element type of the probabilities.
    type Float;

    /// The probability of each class, (n_samples, n_classes) in the order of `classes()`; rows sum to 1.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn predict_proba(&self, x: &X) -> Result<Array2<Self::Float>>;

    /// The natural logarithm of [`predict_proba`](Self::predict_proba), computed without underflow.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn predict_log_proba(&self, x: &X) -> Result<Array2<Self::Float>>;
}

/// A fitted classifier with a confidence for each class.
#[diagnostic::on_unimplemented(message = "`{Self}` has no decision function for `{X}`")]
pub trait DecisionFunction<X: ?Sized> {
    /// The element type of the confidences.
    type Float;

    /// The confidence for each class, (n_samples, n_classes); for two classes one column, (n_samples, 1), positive for
    /// the second class.
    ///
    /// # Errors
    /// As [`Predict::predict`].
    fn decision_function(&self, x: &X) -> Result<Array2<Self::Float>>;
}

/// A fitted classifier knows the classes it learned. Scorers of probabilities need them; pipelines, searches and boxed
/// models hand on what is inside.
#[diagnostic::on_unimplemented(message = "`{Self}` has no list of classes")]
pub trait Classes {
    /// The classes, sorted: the columns of `predict_proba`.
    fn classes(&self) -> &[Class];
}

/// A fitted linear model, seen from its coefficients.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no coefficients",
    label = "not a linear model",
    note = "`fitwell::linear_model` holds models with coefficients; a model of your own implements `LinearModel`"
)]
pub trait LinearModel {
    /// The coefficients, (n_outputs, n_features): a row for each target or class, one row for two classes.
    fn coefficients(&self) -> Array2<f64>;

    /// The intercept of each row.
    fn intercepts(&self) -> Array1<f64>;

    /// What each row predicts; empty for a single target.
    fn output_names(&self) -> Vec<String>;
}

/// A fitted transformer.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not transform `{X}`",
    label = "no transformation of this input",
    note = "fit the transformer first: `let scaler = StandardScaler::new().fit(&x, &())?; scaler.transform(&x)?`"
)]
pub trait Transform<X: ?Sized> {
    /// What the samples become, row by row.
    type Output: Send + 'static;

    /// Transforms each row of `x` (n_samples, n_features).
    ///
    /// # Errors
    /// `ShapeMismatch` or `FeatureNames` when the columns differ from those at fit, and what the transformer says of
    /// the values.
    fn transform(&self, x: &X) -> Result<Self::Output>;

    /// Transforms the samples the model was fitted on, right after the fit, which may know the result; see
    /// [`Estimator::fit_and_transform`]. Combinators implement it to hand on what their parts know.
    ///
    /// # Errors
    /// As [`transform`](Self::transform).
    fn transform_fitted(&self, x: &X, known: Known) -> Result<Self::Output> {
        match known.take()? {
            Some(transformed) => Ok(transformed),
            None => self.transform(x),
        }
    }
}

/// A fitted transformer that can be undone.
#[diagnostic::on_unimplemented(message = "`{Self}` has no inverse for `{X}`")]
pub trait InverseTransform<X: ?Sized> {
    /// What the samples were.
    type Output;

    /// Undoes [`Transform::transform`] as far as it can be undone.
    ///
    /// # Errors
    /// `ShapeMismatch` when the width differs from the output's.
    fn inverse_transform(&self, x: &X) -> Result<Self::Output>;
}

/// A fitted model that can go on learning, batch by batch.
pub trait PartialFit<X: ?Sized, Y: ?Sized = ()> {
    /// Learns from one more batch. After an error the model is as it was.
    ///
    /// # Errors
    /// As `fit`, and `ShapeMismatch` when the width differs from the first batch's.
    fn partial_fit(&mut self, x: &X, y: &Y) -> Result<()>;
}

/// A fitted model's own measure of quality, greater is better: accuracy for classifiers, R² for regressors, weighted by
/// the target's weights.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no score for samples `{X}` and target `{Y}`"
)]
pub trait Score<X: ?Sized, Y: ?Sized = ()> {
    /// The score on `x` and `y`.
    ///
    /// # Errors
    /// As [`Predict::predict`], and `ShapeMismatch` when `x` and `y` differ in length.
    fn score(&self, x: &X, y: &Y) -> Result<f64>;
}

/// Fit and transform in one call, for transformers that need no target.
pub trait FitTransform<X: ?Sized> {
    /// What the samples become.
    type Output;

    /// The transformed rows of [`fit_and_transform`](Estimator::fit_and_transform) without a target: `fit(x, &())?.transform(x)`.
    /// Keep the result of `fit` instead when other rows are to be transformed later.
    ///
    /// # Errors
    /// As `fit` and `transform`.
    fn fit_transform(&self, x: &X) -> Result<Self::Output>;
}

impl<X: ?Sized, T> FitTransform<X> for T
where
    T: Estimator<X, ()>,
    T::Fitted: Transform<X>,
{
    type Output = <T::Fitted as Transform<X>>::Output;
    fn fit_transform(&self, x: &X) -> Result<Self::Output> {
        Ok(self.fit_and_transform(x, &())?.1)
    }
}

/// Fit and predict in one call, for estimators that need no target.
pub trait FitPredict<X: ?Sized> {
    /// The predictions.
    type Output;

    /// `fit(x, &())?.predict(x)`.
    ///
    /// # Errors
    /// As `fit` and `predict`.
    fn fit_predict(&self, x: &X) -> Result<Self::Output>;
}

impl<X: ?Sized, T> FitPredict<X> for T
where
    T: Estimator<X, ()>,
    T::Fitted: Predict<X>,
{
    type Output = <T::Fitted as Predict<X>>::Output;
    fn fit_predict(&self, x: &X) -> Result<Self::Output> {
        self.fit(x, &())?.predict(x)
    }
}

/// A fitted transformer that knows the names of its output columns.
pub trait FeatureNamesOut {
    /// The names of the output columns, given those of the input: the names recorded at fit where the input had names,
    /// otherwise `input`, otherwise `x0`, `x1`, ...
    ///
    /// # Errors
    /// `ShapeMismatch` when the number of names differs from the number of features at fit; `FeatureNames` when they
    /// differ from the names at fit.
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>>;
}

// Dense arrays in any storage (owned, view, slice) reach the one implementation on `ArrayRef`.

impl<F, S, Y, T> Estimator<ArrayBase<S, Ix2, F>, Y> for T
where
    S: Data<Elem = F>,
    Y: Targets + ?Sized,
    T: Estimator<ArrayRef2<F>, Y>,
{
    type Fitted = T::Fitted;
    fn fit(&self, x: &ArrayBase<S, Ix2, F>, y: &Y) -> Result<T::Fitted> {
        Estimator::<ArrayRef2<F>, Y>::fit(self, x, y)
    }
    fn fit_for_transform(&self, x: &ArrayBase<S, Ix2, F>, y: &Y) -> Result<(T::Fitted, Known)> {
        Estimator::<ArrayRef2<F>, Y>::fit_for_transform(self, x, y)
    }
}

impl<F, G, D, S, R, T> Estimator<ArrayBase<S, Ix2, F>, ArrayBase<R, D, G>> for T
where
    D: Dimension,
    S: Data<Elem = F>,
    R: Data<Elem = G>,
    T: Estimator<ArrayRef2<F>, ArrayRef<G, D>>,
{
    type Fitted = T::Fitted;
    fn fit(&self, x: &ArrayBase<S, Ix2, F>, y: &ArrayBase<R, D, G>) -> Result<T::Fitted> {
        Estimator::<ArrayRef2<F>, ArrayRef<G, D>>::fit(self, x, y)
    }
    fn fit_for_transform(
        &self,
        x: &ArrayBase<S, Ix2, F>,
        y: &ArrayBase<R, D, G>,
    ) -> Result<(T::Fitted, Known)> {
        Estimator::<ArrayRef2<F>, ArrayRef<G, D>>::fit_for_transform(self, x, y)
    }
}

impl<X, G, D, R, T> Estimator<X, ArrayBase<R, D, G>> for T
where
    X: Samples + ?Sized,
    D: Dimension,
    R: Data<Elem = G>,
    T: Estimator<X, ArrayRef<G, D>>,
{
    type Fitted = T::Fitted;
    fn fit(&self, x: &X, y: &ArrayBase<R, D, G>) -> Result<T::Fitted> {
        Estimator::<X, ArrayRef<G, D>>::fit(self, x, y)
    }
    fn fit_for_transform(&self, x: &X, y: &ArrayBase<R, D, G>) -> Result<(T::Fitted, Known)> {
        Estimator::<X, ArrayRef<G, D>>::fit_for_transform(self, x, y)
    }
}

impl<F, S, Y, T> FitWithValidation<ArrayBase<S, Ix2, F>, Y> for T
where
    S: Data<Elem = F>,
    Y: Targets + ?Sized,
    T: FitWithValidation<ArrayRef2<F>, Y>,
{
    fn fit_with_validation(
        &self,
        x: &ArrayBase<S, Ix2, F>,
        y: &Y,
        x_val: &ArrayBase<S, Ix2, F>,
        y_val: &Y,
    ) -> Result<Self::Fitted> {
        FitWithValidation::<ArrayRef2<F>, Y>::fit_with_validation(self, x, y, x_val, y_val)
    }
}

impl<F, G, D, S, R, T> FitWithValidation<ArrayBase<S, Ix2, F>, ArrayBase<R, D, G>> for T
where
    D: Dimension,
    S: Data<Elem = F>,
    R: Data<Elem = G>,
    T: FitWithValidation<ArrayRef2<F>, ArrayRef<G, D>>,
{
    fn fit_with_validation(
        &self,
        x: &ArrayBase<S, Ix2, F>,
        y: &ArrayBase<R, D, G>,
        x_val: &ArrayBase<S, Ix2, F>,
        y_val: &ArrayBase<R, D, G>,
    ) -> Result<Self::Fitted> {
        FitWithValidation::<ArrayRef2<F>, ArrayRef<G, D>>::fit_with_validation(
            self, x, y, x_val, y_val,
        )
    }
}

impl<X, G, D, R, T> FitWithValidation<X, ArrayBase<R, D, G>> for T
where
    X: Samples + ?Sized,
    D: Dimension,
    R: Data<Elem = G>,
    T: FitWithValidation<X, ArrayRef<G, D>>,
{
    fn fit_with_validation(
        &self,
        x: &X,
        y: &ArrayBase<R, D, G>,
        x_val: &X,
        y_val: &ArrayBase<R, D, G>,
    ) -> Result<Self::Fitted> {
        FitWithValidation::<X, ArrayRef<G, D>>::fit_with_validation(self, x, y, x_val, y_val)
    }
}

macro_rules! through_array_ref_with_target {
    ($trait:ident :: $method:ident -> $out:ty $(, $mutable:tt)?) => {
        impl<F, S, Y, T> $trait<ArrayBase<S, Ix2, F>, Y> for T
        where
            S: Data<Elem = F>,
            Y: Targets + ?Sized,
            T: $trait<ArrayRef2<F>, Y>,
        {
            fn $method(&$($mutable)? self, x: &ArrayBase<S, Ix2, F>, y: &Y) -> Result<$out> {
                $trait::<ArrayRef2<F>, Y>::$method(self, x, y)
            }
        }

        impl<F, G, D, S, R, T> $trait<ArrayBase<S, Ix2, F>, ArrayBase<R, D, G>> for T
        where
            D: Dimension,
            S: Data<Elem = F>,
            R: Data<Elem = G>,
            T: $trait<ArrayRef2<F>, ArrayRef<G, D>>,
        {
            fn $method(&$($mutable)? self, x: &ArrayBase<S, Ix2, F>, y: &ArrayBase<R, D, G>) -> Result<$out> {
                $trait::<ArrayRef2<F>, ArrayRef<G, D>>::$method(self, x, y)
            }
        }

        impl<X, G, D, R, T> $trait<X, ArrayBase<R, D, G>> for T
        where
            X: Samples + ?Sized,
            D: Dimension,
            R: Data<Elem = G>,
            T: $trait<X, ArrayRef<G, D>>,
        {
            fn $method(&$($mutable)? self, x: &X, y: &ArrayBase<R, D, G>) -> Result<$out> {
                $trait::<X, ArrayRef<G, D>>::$method(self, x, y)
            }
        }
    };
}
through_array_ref_with_target!(Score::score -> f64);
through_array_ref_with_target!(PartialFit::partial_fit -> (), mut);

macro_rules! through_array_ref {
    ($trait:ident { type $assoc:ident; $(fn $method:ident -> $out:ty;)+ }) => {
        impl<F, S: Data<Elem = F>, T: $trait<ArrayRef2<F>>> $trait<ArrayBase<S, Ix2, F>> for T {
            type $assoc = T::$assoc;
            $(fn $method(&self, x: &ArrayBase<S, Ix2, F>) -> Result<$out> {
                $trait::<ArrayRef2<F>>::$method(self, x)
            })+
        }
    };
}
through_array_ref!(Predict { type Output; fn predict -> T::Output; });
through_array_ref!(PredictStd { type Output; fn predict_std -> (T::Output, T::Output); });

impl<F, S: Data<Elem = F>, T: Transform<ArrayRef2<F>>> Transform<ArrayBase<S, Ix2, F>> for T {
    type Output = T::Output;
    fn transform(&self, x: &ArrayBase<S, Ix2, F>) -> Result<T::Output> {
        Transform::<ArrayRef2<F>>::transform(self, x)
    }
    fn transform_fitted(&self, x: &ArrayBase<S, Ix2, F>, known: Known) -> Result<T::Output> {
        Transform::<ArrayRef2<F>>::transform_fitted(self, x, known)
    }
}

through_array_ref!(InverseTransform { type Output; fn inverse_transform -> T::Output; });
through_array_ref!(DecisionFunction { type Float; fn decision_function -> Array2<T::Float>; });
through_array_ref!(PredictProba {
    type Float;
    fn predict_proba -> Array2<T::Float>;
    fn predict_log_proba -> Array2<T::Float>;
});
