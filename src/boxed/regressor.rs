//! Regressors of a type known at run time.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use ndarray::{ArrayRef1, ArrayRef2};

use super::{DynLearned, DynRecipe, Hold, Learned, Measured, Recipe, Validating, boxed};
use crate::error::Result;
use crate::model::Format;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::traits::{Estimator, FitWithValidation, Predict, Score};

/// A fitted regressor that goes into a box. Implemented for all that predict what `Y` measures, score themselves and can be
/// saved.
pub trait Regressor<X: ?Sized, Y: Measured + ?Sized>:
    Learned + Predict<X, Output = <Y as Measured>::Prediction> + Score<X, Y>
{
}

impl<X: ?Sized, Y: Measured + ?Sized, T> Regressor<X, Y> for T where
    T: Learned + Predict<X, Output = <Y as Measured>::Prediction> + Score<X, Y>
{
}

trait DynRegressor<X: ?Sized, Y: Measured + ?Sized>: DynLearned {
    fn dyn_predict(&self, x: &X) -> Result<Y::Prediction>;
    fn dyn_score(&self, x: &X, y: &Y) -> Result<f64>;
    fn duplicate(&self) -> Box<dyn DynRegressor<X, Y>>;
}

impl<X, Y, T> DynRegressor<X, Y> for T
where
    X: ?Sized + 'static,
    Y: Measured + ?Sized + 'static,
    T: Regressor<X, Y>,
{
    fn dyn_predict(&self, x: &X) -> Result<Y::Prediction> {
        Predict::predict(self, x)
    }
    fn dyn_score(&self, x: &X, y: &Y) -> Result<f64> {
        Score::score(self, x, y)
    }
    fn duplicate(&self) -> Box<dyn DynRegressor<X, Y>> {
        Box::new(self.clone())
    }
}

/// A regressor of any type, for samples `X` and target `Y`.
///
/// Fitting it gives a [`FittedBoxedRegressor`]. Parameters keep the names they have inside. The [module](crate::boxed) has an example,
/// and says how weights and model files go with it.
pub struct BoxedRegressor<X = ArrayRef2<f64>, Y = ArrayRef1<f64>>(
    Box<dyn DynRecipe<X, Y, FittedBoxedRegressor<X, Y>>>,
)
where
    X: Samples + ?Sized + 'static,
    Y: Measured + ?Sized + 'static;

impl<X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static> BoxedRegressor<X, Y> {
    /// This regressor, its type hidden.
    pub fn new<E>(regressor: E) -> Self
    where
        E: Recipe + Estimator<X, Y>,
        E::Fitted: Regressor<X, Y>,
    {
        BoxedRegressor(Box::new(regressor))
    }

    /// This regressor with its use of a validation set, its type hidden.
    pub fn with_validation<E>(regressor: E) -> Self
    where
        E: Recipe + FitWithValidation<X, Y>,
        E::Fitted: Regressor<X, Y>,
    {
        BoxedRegressor(Box::new(Validating(regressor)))
    }
}

/// What a [`BoxedRegressor`] learned.
pub struct FittedBoxedRegressor<X = ArrayRef2<f64>, Y = ArrayRef1<f64>>(
    Box<dyn DynRegressor<X, Y>>,
)
where
    X: Samples + ?Sized + 'static,
    Y: Measured + ?Sized + 'static;

impl<X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static> FittedBoxedRegressor<X, Y> {
    /// This fitted regressor, its type hidden: one loaded from a file, say.
    pub fn new(regressor: impl Regressor<X, Y>) -> Self {
        FittedBoxedRegressor(Box::new(regressor))
    }
}

impl<X, Y, T> Hold<T> for FittedBoxedRegressor<X, Y>
where
    X: Samples + ?Sized + 'static,
    Y: Measured + ?Sized + 'static,
    T: Regressor<X, Y>,
{
    fn hold(inner: T) -> Self {
        Self::new(inner)
    }
}

boxed! {
    BoxedRegressor<X, Y>(X, Y) where { X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static }
    => FittedBoxedRegressor<X, Y> where { X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static }
}

impl<X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static> Predict<X>
    for FittedBoxedRegressor<X, Y>
{
    type Output = Y::Prediction;
    fn predict(&self, x: &X) -> Result<Y::Prediction> {
        self.0.dyn_predict(x)
    }
}

impl<X: Samples + ?Sized + 'static, Y: Measured + ?Sized + 'static> Score<X, Y>
    for FittedBoxedRegressor<X, Y>
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        self.0.dyn_score(x, y)
    }
}
