//! Transformers of a type known at run time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ndarray::{Array2, ArrayRef2};

use super::{DynLearned, DynRecipe, Hold, Learned, Recipe, Validating, boxed};
use crate::error::Result;
use crate::model::Format;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, FitWithValidation, Known, Transform};

/// A fitted transformer that goes into a box. Implemented for all that turn `X` into `O`, name their output columns and can
/// be saved.
pub trait Transformer<X: ?Sized, O>: Learned + Transform<X, Output = O> + FeatureNamesOut {}

impl<X: ?Sized, O, T: Learned + Transform<X, Output = O> + FeatureNamesOut> Transformer<X, O>
    for T
{
}

trait DynTransformer<X: ?Sized, O>: DynLearned {
    fn dyn_transform(&self, x: &X) -> Result<O>;
    fn dyn_transform_fitted(&self, x: &X, known: Known) -> Result<O>;
    fn dyn_feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>>;
    fn duplicate(&self) -> Box<dyn DynTransformer<X, O>>;
}

impl<X: ?Sized + 'static, O: 'static, T: Transformer<X, O>> DynTransformer<X, O> for T {
    fn dyn_transform(&self, x: &X) -> Result<O> {
        Transform::transform(self, x)
    }
    fn dyn_transform_fitted(&self, x: &X, known: Known) -> Result<O> {
        Transform::transform_fitted(self, x, known)
    }
    fn dyn_feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        FeatureNamesOut::feature_names_out(self, input)
    }
    fn duplicate(&self) -> Box<dyn DynTransformer<X, O>> {
        Box::new(self.clone())
    }
}

/// A transformer of any type from samples `X` to `O`, fitted beside a target `Y`.
///
/// Fitting it gives a [`FittedBoxedTransformer`]. Parameters keep the names they have inside. The [module](crate::boxed) says
/// how targets, weights and model files go with it.
///
/// ```
/// use fitwell::{boxed::BoxedTransformer, linear_model::LogisticRegression, prelude::*, preprocessing::StandardScaler};
/// use ndarray::{ArrayRef2, array};
///
/// let prepare: BoxedTransformer<ArrayRef2<f64>, Labels> = match "scale" {
///     "scale" => StandardScaler::new().boxed_transformer(),
///     _ => StandardScaler::new().with_std(false).boxed_transformer(),
/// };
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], Labels::from([0, 0, 1, 1]));
/// let model = pipeline("prepare", prepare).then("clf", LogisticRegression::new()).fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?, y);
/// # Ok::<(), Error>(())
/// ```
pub struct BoxedTransformer<X = ArrayRef2<f64>, Y = (), O = Array2<f64>>(
    Box<dyn DynRecipe<X, Y, FittedBoxedTransformer<X, O>>>,
)
where
    X: Samples + ?Sized + 'static,
    Y: Targets + ?Sized + 'static,
    O: 'static;

impl<X, Y, O> BoxedTransformer<X, Y, O>
where
    X: Samples + ?Sized + 'static,
    Y: Targets + ?Sized + 'static,
    O: 'static,
{
    /// This transformer, its type hidden.
    pub fn new<E>(transformer: E) -> Self
    where
        E: Recipe + Estimator<X, Y>,
        E::Fitted: Transformer<X, O>,
    {
        BoxedTransformer(Box::new(transformer))
    }

    /// This transformer with its use of a validation set, its type hidden.
    pub fn with_validation<E>(transformer: E) -> Self
    where
        E: Recipe + FitWithValidation<X, Y>,
        E::Fitted: Transformer<X, O>,
    {
        BoxedTransformer(Box::new(Validating(transformer)))
    }
}

/// What a [`BoxedTransformer`] learned.
pub struct FittedBoxedTransformer<X = ArrayRef2<f64>, O = Array2<f64>>(
    Box<dyn DynTransformer<X, O>>,
)
where
    X: Samples + ?Sized + 'static,
    O: 'static;

impl<X: Samples + ?Sized + 'static, O: 'static> FittedBoxedTransformer<X, O> {
    /// This fitted transformer, its type hidden: one loaded from a file, say.
    pub fn new(transformer: impl Transformer<X, O>) -> Self {
        FittedBoxedTransformer(Box::new(transformer))
    }
}

impl<X: Samples + ?Sized + 'static, O: 'static, T: Transformer<X, O>> Hold<T>
    for FittedBoxedTransformer<X, O>
{
    fn hold(inner: T) -> Self {
        Self::new(inner)
    }
}

boxed! {
    BoxedTransformer<X, Y, O>(X, Y) where { X: Samples + ?Sized + 'static, Y: Targets + ?Sized + 'static, O: 'static }
    => FittedBoxedTransformer<X, O> where { X: Samples + ?Sized + 'static, O: 'static }
}

impl<X: Samples + ?Sized + 'static, O: Send + 'static> Transform<X>
    for FittedBoxedTransformer<X, O>
{
    type Output = O;
    fn transform(&self, x: &X) -> Result<O> {
        self.0.dyn_transform(x)
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<O> {
        self.0.dyn_transform_fitted(x, known)
    }
}

impl<X: Samples + ?Sized + 'static, O: 'static> FeatureNamesOut for FittedBoxedTransformer<X, O> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.0.dyn_feature_names_out(input)
    }
}
