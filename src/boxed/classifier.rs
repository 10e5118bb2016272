//! Classifiers of a type known at run time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ndarray::{Array2, ArrayRef2};

use super::{Confidence, DynLearned, DynRecipe, Hold, Input, Learned, Recipe, Validating, boxed};
use crate::error::{ErrorKind, Result};
use crate::labels::{Class, Labels};
use crate::model::Format;
use crate::params::{Params, Value};
use crate::targets::Targets;
use crate::traits::{
    Classes, DecisionFunction, Estimator, FitWithValidation, Predict, PredictProba, Score,
};

/// A fitted classifier that goes into a box. Implemented for all that predict [`Labels`], know their classes, score
/// themselves, can be saved, and say what they know of their [`Confidence`].
pub trait Classifier<X: Input + ?Sized, Y: ?Sized>:
    Learned
    + Predict<X, Output = Labels>
    + Classes
    + Score<X, Y>
    + Confidence<X, Float = <X as Input>::Float>
{
}

impl<X: Input + ?Sized, Y: ?Sized, T> Classifier<X, Y> for T where
    T: Learned
        + Predict<X, Output = Labels>
        + Classes
        + Score<X, Y>
        + Confidence<X, Float = <X as Input>::Float>
{
}

trait DynClassifier<X: Input + ?Sized, Y: ?Sized>: DynLearned {
    fn dyn_predict(&self, x: &X) -> Result<Labels>;
    fn proba(&self, x: &X) -> Option<Result<Array2<X::Float>>>;
    fn log_proba(&self, x: &X) -> Option<Result<Array2<X::Float>>>;
    fn decision(&self, x: &X) -> Option<Result<Array2<X::Float>>>;
    fn dyn_score(&self, x: &X, y: &Y) -> Result<f64>;
    fn dyn_classes(&self) -> &[Class];
    fn duplicate(&self) -> Box<dyn DynClassifier<X, Y>>;
}

impl<X, Y, T> DynClassifier<X, Y> for T
where
    X: Input + ?Sized + 'static,
    Y: ?Sized + 'static,
    T: Classifier<X, Y>,
{
    fn dyn_predict(&self, x: &X) -> Result<Labels> {
        Predict::predict(self, x)
    }
    fn proba(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.maybe_proba(x)
    }
    fn log_proba(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.maybe_log_proba(x)
    }
    fn decision(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.maybe_decision(x)
    }
    fn dyn_score(&self, x: &X, y: &Y) -> Result<f64> {
        Score::score(self, x, y)
    }
    fn dyn_classes(&self) -> &[Class] {
        Classes::classes(self)
    }
    fn duplicate(&self) -> Box<dyn DynClassifier<X, Y>> {
        Box::new(self.clone())
    }
}

/// A classifier of any type, for samples `X` and target `Y`.
///
/// Fitting it gives a [`FittedBoxedClassifier`]. Parameters keep the names they have inside. The [module](crate::boxed) says how
/// weights and model files go with it.
///
/// ```
/// use fitwell::{boxed::BoxedClassifier, linear_model::LogisticRegression, prelude::*};
/// use ndarray::array;
///
/// let candidates: Vec<BoxedClassifier> = [0.1, 1.0].map(|c| LogisticRegression::new().c(c).boxed_classifier()).into();
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], Labels::from([0, 0, 1, 1]));
/// for candidate in &candidates {
///     let model = candidate.fit(&x, &y)?;
///     assert_eq!(model.predict(&x)?, y);
///     assert_eq!(model.predict_proba(&x)?.dim(), (4, 2));
/// }
/// # Ok::<(), Error>(())
/// ```
pub struct BoxedClassifier<X = ArrayRef2<f64>, Y = Labels>(
    Box<dyn DynRecipe<X, Y, FittedBoxedClassifier<X, Y>>>,
)
where
    X: Input + ?Sized + 'static,
    Y: Targets + ?Sized + 'static;

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> BoxedClassifier<X, Y> {
    /// This classifier, its type hidden.
    pub fn new<E>(classifier: E) -> Self
    where
        E: Recipe + Estimator<X, Y>,
        E::Fitted: Classifier<X, Y>,
    {
        BoxedClassifier(Box::new(classifier))
    }

    /// This classifier with its use of a validation set, its type hidden.
    pub fn with_validation<E>(classifier: E) -> Self
    where
        E: Recipe + FitWithValidation<X, Y>,
        E::Fitted: Classifier<X, Y>,
    {
        BoxedClassifier(Box::new(Validating(classifier)))
    }
}

/// What a [`BoxedClassifier`] learned.
pub struct FittedBoxedClassifier<X = ArrayRef2<f64>, Y = Labels>(Box<dyn DynClassifier<X, Y>>)
where
    X: Input + ?Sized + 'static,
    Y: Targets + ?Sized + 'static;

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> FittedBoxedClassifier<X, Y> {
    /// This fitted classifier, its type hidden: one loaded from a file, say.
    pub fn new(classifier: impl Classifier<X, Y>) -> Self {
        FittedBoxedClassifier(Box::new(classifier))
    }

    fn able<T>(&self, answer: Option<Result<T>>, operation: &str) -> Result<T> {
        answer.unwrap_or_else(|| {
            Err(ErrorKind::Unsupported {
                estimator: self.0.name(),
                operation: operation.into(),
            }
            .into())
        })
    }
}

impl<X, Y, T> Hold<T> for FittedBoxedClassifier<X, Y>
where
    X: Input + ?Sized + 'static,
    Y: Targets + ?Sized + 'static,
    T: Classifier<X, Y>,
{
    fn hold(inner: T) -> Self {
        Self::new(inner)
    }
}

boxed! {
    BoxedClassifier<X, Y>(X, Y) where { X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static }
    => FittedBoxedClassifier<X, Y> where { X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static }
}

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> Predict<X>
    for FittedBoxedClassifier<X, Y>
{
    type Output = Labels;
    fn predict(&self, x: &X) -> Result<Labels> {
        self.0.dyn_predict(x)
    }
}

/// `Unsupported` when the classifier inside has no probabilities.
impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> PredictProba<X>
    for FittedBoxedClassifier<X, Y>
{
    type Float = X::Float;
    fn predict_proba(&self, x: &X) -> Result<Array2<X::Float>> {
        self.able(self.0.proba(x), "predict_proba")
    }
    fn predict_log_proba(&self, x: &X) -> Result<Array2<X::Float>> {
        self.able(self.0.log_proba(x), "predict_log_proba")
    }
}

/// `Unsupported` when the classifier inside has no decision function.
impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> DecisionFunction<X>
    for FittedBoxedClassifier<X, Y>
{
    type Float = X::Float;
    fn decision_function(&self, x: &X) -> Result<Array2<X::Float>> {
        self.able(self.0.decision(x), "decision_function")
    }
}

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> Confidence<X>
    for FittedBoxedClassifier<X, Y>
{
    type Float = X::Float;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.0.proba(x)
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.0.log_proba(x)
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<X::Float>>> {
        self.0.decision(x)
    }
}

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> Score<X, Y>
    for FittedBoxedClassifier<X, Y>
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        self.0.dyn_score(x, y)
    }
}

impl<X: Input + ?Sized + 'static, Y: Targets + ?Sized + 'static> Classes
    for FittedBoxedClassifier<X, Y>
{
    fn classes(&self) -> &[Class] {
        self.0.dyn_classes()
    }
}
