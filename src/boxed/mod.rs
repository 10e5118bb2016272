//! Models chosen at run time: estimators of different types in one list.
//!
//! [`BoxedClassifier`], [`BoxedRegressor`] and [`BoxedTransformer`] hide the type of an estimator, and of what it learns. They
//! are estimators themselves: they clone, print, take parameters by name, and stand in pipelines, searches and
//! cross-validation like any other.
//!
//! ```
//! use fitwell::{boxed::BoxedRegressor, linear_model::Ridge, prelude::*, preprocessing::StandardScaler};
//! use ndarray::array;
//!
//! let candidates: Vec<(&str, BoxedRegressor)> = vec![
//!     ("plain", Ridge::new().boxed_regressor()),
//!     ("scaled", pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new()).boxed_regressor()),
//! ];
//! let (x, y) = (array![[0.0], [1.0], [2.0]], array![1.0, 3.0, 5.0]);
//! for (name, candidate) in &candidates {
//!     let score = candidate.fit(&x, &y)?.score(&x, &y)?;
//!     assert!(score > 0.6, "{name}: {score}");
//! }
//! let stiff = candidates[1].1.with_param("ridge__alpha", 100.0)?;
//! assert!(stiff.fit(&x, &y)?.score(&x, &y)? < 0.6);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Targets and weights
//!
//! The type of the target is a part of the box's type, so that the promise of the typed estimators holds inside a box too:
//! an estimator that cannot use sample weights does not go into a `BoxedClassifier<X, Weighted<Labels>>`, and a
//! `BoxedClassifier<X, Labels>` is not given any. A transformer in a pipeline is fitted on the pipeline's target:
//! `BoxedTransformer<X, Labels>` before a classifier.
//!
//! ```compile_fail,E0277
//! use fitwell::{boxed::BoxedClassifier, linear_model::LogisticRegression, prelude::*};
//! use ndarray::array;
//!
//! let boxed: BoxedClassifier = LogisticRegression::new().boxed_classifier();
//! let (x, y) = (array![[0.0], [1.0]], Labels::from([0, 1]));
//! let model = boxed.fit(&x, &y.weighted(&array![1.0, 2.0])); // a box for plain labels
//! ```
//!
//! # What a fitted box can do
//!
//! Which classifier is inside is known at run time, and so is whether it has probabilities or a decision function
//! ([`Confidence`]). Without them `predict_proba` and `decision_function` return
//! [`Unsupported`](crate::ErrorKind::Unsupported).
//!
//! # Validation sets
//!
//! An estimator that watches a validation set goes into the box by `with_validation`; the box then implements
//! [`FitWithValidation`] by it. One that went in by `new` answers
//! [`Unsupported`](crate::ErrorKind::Unsupported).
//!
//! # Model files
//!
//! [`FittedBoxedClassifier::save`] and its kin write the model inside, under the name of its own type. Loading names that type,
//! as always; no name in a file chooses what is loaded. A program that chooses its models at run time also knows at run time
//! which one it saved:
//!
//! ```
//! use fitwell::{boxed::FittedBoxedRegressor, linear_model::{FittedRidge, Ridge}, model::Model, prelude::*};
//! use ndarray::{Ix1, array};
//!
//! let (x, y) = (array![[0.0], [1.0]], array![1.0, 3.0]);
//! let saved = Ridge::new().boxed_regressor().fit(&x, &y)?.to_json()?;
//! let loaded: FittedBoxedRegressor = match "ridge" {
//!     "ridge" => FittedBoxedRegressor::new(FittedRidge::<f64, Ix1>::from_json(&saved)?),
//!     other => return Err(Error::invalid_input("model", other)),
//! };
//! assert_eq!(loaded.predict(&x)?.len(), 2);
//! # Ok::<(), Error>(())
//! ```
//!
//! For the same reason a pipeline with a box inside is not saved as a whole. Where the choice is between a few types that the
//! program names, [`Either`] holds one of them, and the pipeline around it is saved as any other.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array, Array2, ArrayBase, ArrayRef, ArrayRef2, Data, Ix2};

use crate::error::Result;
use crate::float::Float;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::{TargetDim, Targets, Weighted};
use crate::traits::{Estimator, FitWithValidation, Known};

mod classifier;
mod either;
mod regressor;
mod transformer;

pub use classifier::{BoxedClassifier, Classifier, FittedBoxedClassifier};
pub use either::Either;
pub use regressor::{BoxedRegressor, FittedBoxedRegressor, Regressor};
pub use transformer::{BoxedTransformer, FittedBoxedTransformer, Transformer};

/// Puts an estimator into a box by a method.
pub trait Boxable: Sized {
    /// This classifier, its type hidden; see [`BoxedClassifier`].
    fn boxed_classifier<X, Y>(self) -> BoxedClassifier<X, Y>
    where
        X: Input + ?Sized + 'static,
        Y: Targets + ?Sized + 'static,
        Self: Recipe + Estimator<X, Y>,
        Self::Fitted: Classifier<X, Y>,
    {
        BoxedClassifier::new(self)
    }

    /// This regressor, its type hidden; see [`BoxedRegressor`].
    fn boxed_regressor<X, Y>(self) -> BoxedRegressor<X, Y>
    where
        X: Samples + ?Sized + 'static,
        Y: Measured + ?Sized + 'static,
        Self: Recipe + Estimator<X, Y>,
        Self::Fitted: Regressor<X, Y>,
    {
        BoxedRegressor::new(self)
    }

    /// This transformer, its type hidden; see [`BoxedTransformer`].
    fn boxed_transformer<X, Y, O>(self) -> BoxedTransformer<X, Y, O>
    where
        X: Samples + ?Sized + 'static,
        Y: Targets + ?Sized + 'static,
        O: 'static,
        Self: Recipe + Estimator<X, Y>,
        Self::Fitted: Transformer<X, O>,
    {
        BoxedTransformer::new(self)
    }
}

impl<T> Boxable for T {}

/// What goes into a box: any estimator that has parameters by name, prints, and may move between threads. Implemented for
/// all that do.
pub trait Recipe: Params + fmt::Debug + fmt::Display + Send + Sync + 'static {}
impl<T: Params + fmt::Debug + fmt::Display + Send + Sync + 'static> Recipe for T {}

/// What a box learns to hold: any model that can be saved, cloned, printed and sent to another thread. Implemented for all
/// that can.
pub trait Learned: Model + Clone + fmt::Debug + fmt::Display + Send + Sync + 'static {}
impl<T: Model + Clone + fmt::Debug + fmt::Display + Send + Sync + 'static> Learned for T {}

/// Samples that a boxed classifier takes: the element type of its probabilities follows from them.
pub trait Input: Samples {
    /// The element type of probabilities and decision values.
    type Float;
}

impl<F: Float> Input for ArrayRef2<F> {
    type Float = F;
}

impl Input for crate::table::Table {
    type Float = f64;
}

/// A real target, with or without weights, and what its predictions are.
pub trait Measured: Targets {
    /// An array of the same dimension.
    type Prediction;
}

impl<F: Float, D: TargetDim> Measured for ArrayRef<F, D> {
    type Prediction = Array<F, D>;
}

impl<F: Float, D: TargetDim> Measured for Weighted<ArrayRef<F, D>> {
    type Prediction = Array<F, D>;
}

/// How sure a fitted classifier is, asked without knowing whether it can tell.
///
/// A classifier hands on what it implements; what it leaves out is `None`:
///
/// ```
/// # use fitwell::{Result, boxed::Confidence, prelude::*};
/// # use ndarray::{Array2, ArrayRef2};
/// struct Forest;
/// impl PredictProba<ArrayRef2<f64>> for Forest {
///     // ...
/// #   type Float = f64;
/// #   fn predict_proba(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> { Ok(Array2::ones((x.nrows(), 1))) }
/// #   fn predict_log_proba(&self, x: &ArrayRef2<f64>) -> Result<Array2<f64>> { Ok(Array2::zeros((x.nrows(), 1))) }
/// }
///
/// impl Confidence<ArrayRef2<f64>> for Forest {
///     type Float = f64;
///     fn maybe_proba(&self, x: &ArrayRef2<f64>) -> Option<Result<Array2<f64>>> {
///         Some(self.predict_proba(x))
///     }
///     fn maybe_log_proba(&self, x: &ArrayRef2<f64>) -> Option<Result<Array2<f64>>> {
///         Some(self.predict_log_proba(x))
///     }
/// }
/// # assert!(Forest.maybe_decision(&Array2::zeros((1, 1))).is_none());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say what it knows of its confidence on `{X}`",
    note = "a classifier that goes into a box implements `fitwell::boxed::Confidence`"
)]
pub trait Confidence<X: ?Sized> {
    /// The element type of probabilities and decision values.
    type Float;

    /// [`predict_proba`](crate::PredictProba::predict_proba), if there is one.
    fn maybe_proba(&self, _: &X) -> Option<Result<Array2<Self::Float>>> {
        None
    }

    /// [`predict_log_proba`](crate::PredictProba::predict_log_proba), if there is one.
    fn maybe_log_proba(&self, _: &X) -> Option<Result<Array2<Self::Float>>> {
        None
    }

    /// [`decision_function`](crate::DecisionFunction::decision_function), if there is one.
    fn maybe_decision(&self, _: &X) -> Option<Result<Array2<Self::Float>>> {
        None
    }
}

impl<F, S: Data<Elem = F>, T: Confidence<ArrayRef2<F>>> Confidence<ArrayBase<S, Ix2, F>> for T {
    type Float = T::Float;
    fn maybe_proba(&self, x: &ArrayBase<S, Ix2, F>) -> Option<Result<Array2<Self::Float>>> {
        Confidence::<ArrayRef2<F>>::maybe_proba(self, x)
    }
    fn maybe_log_proba(&self, x: &ArrayBase<S, Ix2, F>) -> Option<Result<Array2<Self::Float>>> {
        Confidence::<ArrayRef2<F>>::maybe_log_proba(self, x)
    }
    fn maybe_decision(&self, x: &ArrayBase<S, Ix2, F>) -> Option<Result<Array2<Self::Float>>> {
        Confidence::<ArrayRef2<F>>::maybe_decision(self, x)
    }
}

/// [`Confidence`] in one line, for a classifier of dense arrays: `confidence!(FittedX: proba, decision)`.
macro_rules! confidence {
    ($fitted:ident: $($what:ident),*) => {
        impl<F: $crate::Float> $crate::boxed::Confidence<ndarray::ArrayRef2<F>> for $fitted<F> {
            type Float = F;
            $($crate::boxed::confidence!(@$what);)*
        }
    };
    (@proba) => {
        fn maybe_proba(&self, x: &ndarray::ArrayRef2<F>) -> Option<$crate::Result<ndarray::Array2<F>>> {
            Some($crate::PredictProba::predict_proba(self, x))
        }
        fn maybe_log_proba(&self, x: &ndarray::ArrayRef2<F>) -> Option<$crate::Result<ndarray::Array2<F>>> {
            Some($crate::PredictProba::predict_log_proba(self, x))
        }
    };
    (@decision) => {
        fn maybe_decision(&self, x: &ndarray::ArrayRef2<F>) -> Option<$crate::Result<ndarray::Array2<F>>> {
            Some($crate::DecisionFunction::decision_function(self, x))
        }
    };
}
pub(crate) use confidence;

/// An estimator behind a box that learns `M`.
trait DynRecipe<X: ?Sized, Y: ?Sized, M>: Send + Sync {
    fn dyn_fit(&self, x: &X, y: &Y) -> Result<M>;
    fn dyn_fit_for_transform(&self, x: &X, y: &Y) -> Result<(M, Known)>;
    /// `None` if the estimator went into the box without its use of a validation set.
    fn dyn_fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Option<Result<M>>;
    fn dyn_params(&self) -> BTreeMap<String, Value>;
    fn dyn_with_value(&self, name: &str, value: Value) -> Result<Box<dyn DynRecipe<X, Y, M>>>;
    fn duplicate(&self) -> Box<dyn DynRecipe<X, Y, M>>;
    fn debug(&self) -> &dyn fmt::Debug;
    fn display(&self) -> &dyn fmt::Display;
    fn any(&self) -> &dyn Any;
}

/// A box that can hold a `T`.
trait Hold<T> {
    fn hold(inner: T) -> Self;
}

impl<X, Y, M, E> DynRecipe<X, Y, M> for E
where
    X: ?Sized + 'static,
    Y: ?Sized + 'static,
    M: Hold<E::Fitted> + 'static,
    E: Recipe + Estimator<X, Y>,
{
    fn dyn_fit(&self, x: &X, y: &Y) -> Result<M> {
        Estimator::fit(self, x, y).map(M::hold)
    }
    fn dyn_fit_for_transform(&self, x: &X, y: &Y) -> Result<(M, Known)> {
        let (fitted, known) = Estimator::fit_for_transform(self, x, y)?;
        Ok((M::hold(fitted), known))
    }
    fn dyn_fit_with_validation(&self, _: &X, _: &Y, _: &X, _: &Y) -> Option<Result<M>> {
        None
    }
    fn dyn_params(&self) -> BTreeMap<String, Value> {
        Params::params(self)
    }
    fn dyn_with_value(&self, name: &str, value: Value) -> Result<Box<dyn DynRecipe<X, Y, M>>> {
        Ok(Box::new(Params::with_value(self, name, value)?))
    }
    fn duplicate(&self) -> Box<dyn DynRecipe<X, Y, M>> {
        Box::new(self.clone())
    }
    fn debug(&self) -> &dyn fmt::Debug {
        self
    }
    fn display(&self) -> &dyn fmt::Display {
        self
    }
    fn any(&self) -> &dyn Any {
        self
    }
}

/// An estimator that goes into a box with its use of a validation set.
struct Validating<E>(E);

impl<X, Y, M, E> DynRecipe<X, Y, M> for Validating<E>
where
    X: ?Sized + 'static,
    Y: ?Sized + 'static,
    M: Hold<E::Fitted> + 'static,
    E: Recipe + FitWithValidation<X, Y>,
{
    fn dyn_fit(&self, x: &X, y: &Y) -> Result<M> {
        self.0.fit(x, y).map(M::hold)
    }
    fn dyn_fit_for_transform(&self, x: &X, y: &Y) -> Result<(M, Known)> {
        let (fitted, known) = self.0.fit_for_transform(x, y)?;
        Ok((M::hold(fitted), known))
    }
    fn dyn_fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Option<Result<M>> {
        let fitted = self.0.fit_with_validation(x, y, x_val, y_val);
        Some(fitted.map(M::hold))
    }
    fn dyn_params(&self) -> BTreeMap<String, Value> {
        self.0.params()
    }
    fn dyn_with_value(&self, name: &str, value: Value) -> Result<Box<dyn DynRecipe<X, Y, M>>> {
        Ok(Box::new(Validating(self.0.with_value(name, value)?)))
    }
    fn duplicate(&self) -> Box<dyn DynRecipe<X, Y, M>> {
        Box::new(Validating(self.0.clone()))
    }
    fn debug(&self) -> &dyn fmt::Debug {
        &self.0
    }
    fn display(&self) -> &dyn fmt::Display {
        &self.0
    }
    fn any(&self) -> &dyn Any {
        &self.0
    }
}

/// What every fitted model behind a box can do.
trait DynLearned: Send + Sync {
    fn name(&self) -> String;
    fn json(&self) -> Result<String>;
    fn bytes(&self) -> Result<Vec<u8>>;
    fn weights_of_features(&self) -> Option<Result<Array2<f64>>>;
    fn weights_are_sparse(&self) -> bool;
    fn debug(&self) -> &dyn fmt::Debug;
    fn display(&self) -> &dyn fmt::Display;
    fn any(&self) -> &dyn Any;
}

impl<T: Learned> DynLearned for T {
    fn name(&self) -> String {
        T::type_name()
    }
    fn json(&self) -> Result<String> {
        self.to_json()
    }
    fn bytes(&self) -> Result<Vec<u8>> {
        self.to_bytes()
    }
    fn weights_of_features(&self) -> Option<Result<Array2<f64>>> {
        self.importances()
    }
    fn weights_are_sparse(&self) -> bool {
        self.importances_are_sparse()
    }
    fn debug(&self) -> &dyn fmt::Debug {
        self
    }
    fn display(&self) -> &dyn fmt::Display {
        self
    }
    fn any(&self) -> &dyn Any {
        self
    }
}

/// What the three kinds of boxes have in common.
macro_rules! boxed {
    (
        $boxed:ident<$($p:ident),+>($x:ident, $y:ident) where { $($bound:tt)+ }
        => $fitted:ident<$($q:ident),+> where { $($kept:tt)+ }
    ) => {
        impl<$($p),+> $boxed<$($p),+> where $($bound)+ {
            /// The estimator inside, if it is a `T`.
            pub fn inner<T: 'static>(&self) -> Option<&T> {
                self.0.any().downcast_ref()
            }
        }

        impl<$($p),+> Clone for $boxed<$($p),+> where $($bound)+ {
            fn clone(&self) -> Self {
                $boxed(self.0.duplicate())
            }
        }

        /// The estimator inside.
        impl<$($p),+> fmt::Debug for $boxed<$($p),+> where $($bound)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($boxed)).field(self.0.debug()).finish()
            }
        }

        /// The estimator inside.
        impl<$($p),+> fmt::Display for $boxed<$($p),+> where $($bound)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.display().fmt(f)
            }
        }

        /// The parameters of the estimator inside, under their own names.
        impl<$($p),+> Params for $boxed<$($p),+> where $($bound)+ {
            fn params(&self) -> BTreeMap<String, Value> {
                self.0.dyn_params()
            }
            fn with_value(&self, name: &str, value: Value) -> Result<Self> {
                self.0.dyn_with_value(name, value).map($boxed)
            }
        }

        impl<$($p),+> Estimator<$x, $y> for $boxed<$($p),+> where $($bound)+ {
            type Fitted = $fitted<$($q),+>;
            fn fit(&self, x: &$x, y: &$y) -> Result<Self::Fitted> {
                self.0.dyn_fit(x, y)
            }
            fn fit_for_transform(&self, x: &$x, y: &$y) -> Result<(Self::Fitted, crate::traits::Known)> {
                self.0.dyn_fit_for_transform(x, y)
            }
        }

        /// `Unsupported` when the estimator went into the box by `new`.
        impl<$($p),+> crate::traits::FitWithValidation<$x, $y> for $boxed<$($p),+> where $($bound)+ {
            fn fit_with_validation(&self, x: &$x, y: &$y, x_val: &$x, y_val: &$y) -> Result<Self::Fitted> {
                let fitted = self.0.dyn_fit_with_validation(x, y, x_val, y_val);
                fitted.unwrap_or_else(|| {
                    let estimator = self.0.display().to_string();
                    let operation = "fit_with_validation".into();
                    Err(crate::error::ErrorKind::Unsupported { estimator, operation }.into())
                })
            }
        }

        impl<$($q),+> $fitted<$($q),+> where $($kept)+ {
            /// The model inside, if it is a `T`.
            pub fn inner<T: 'static>(&self) -> Option<&T> {
                self.0.any().downcast_ref()
            }

            /// What [`Model::importances`](crate::model::Model::importances) of the model inside says.
            #[allow(dead_code)] // transformers are not asked
            pub(crate) fn weights_of_features(&self) -> Option<Result<ndarray::Array2<f64>>> {
                self.0.weights_of_features()
            }

            /// What [`Model::importances_are_sparse`](crate::model::Model::importances_are_sparse) of the model inside says.
            #[allow(dead_code)] // transformers are not asked
            pub(crate) fn weights_are_sparse(&self) -> bool {
                self.0.weights_are_sparse()
            }

            /// The name of the type inside, as model files carry it.
            pub fn type_name(&self) -> String {
                self.0.name()
            }

            /// Saves the model inside, under its own type; see [`Model::save`](crate::model::Model::save).
            ///
            /// # Errors
            /// As [`Model::save`](crate::model::Model::save).
            pub fn save(&self, path: impl AsRef<Path>, format: Format) -> Result<()> {
                crate::model::save_as(path.as_ref(), format, || self.0.json(), || self.0.bytes())
            }

            /// The model inside as JSON, under its own type; see [`Model::to_json`](crate::model::Model::to_json).
            ///
            /// # Errors
            /// As [`Model::to_json`](crate::model::Model::to_json).
            pub fn to_json(&self) -> Result<String> {
                self.0.json()
            }

            /// The model inside in the compact binary form, under its own type; see [`Model::to_bytes`](crate::model::Model::to_bytes).
            ///
            /// # Errors
            /// As [`Model::to_bytes`](crate::model::Model::to_bytes).
            pub fn to_bytes(&self) -> Result<Vec<u8>> {
                self.0.bytes()
            }
        }

        impl<$($q),+> Clone for $fitted<$($q),+> where $($kept)+ {
            fn clone(&self) -> Self {
                $fitted(self.0.duplicate())
            }
        }

        /// The model inside.
        impl<$($q),+> fmt::Debug for $fitted<$($q),+> where $($kept)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($fitted)).field(self.0.debug()).finish()
            }
        }

        /// The model inside.
        impl<$($q),+> fmt::Display for $fitted<$($q),+> where $($kept)+ {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.display().fmt(f)
            }
        }
    };
}
use boxed;

#[cfg(test)]
mod tests {
    use ndarray::{Array1, ArrayRef1, array};
    use serde::{Deserialize, Serialize};

    use super::*;
    use crate::error::ErrorKind;
    use crate::labels::{Class, Labels};
    use crate::params::Hyperparameters;
    use crate::preprocessing::StandardScaler;
    use crate::targets::{ClassTarget, RealTarget};
    use crate::traits::{Classes, DecisionFunction, Predict, PredictProba, Score, Transform};

    /// The most frequent class, or the first of the classes.
    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Majority {
        first: bool,
    }

    impl Hyperparameters for Majority {
        const NAME: &'static str = "Majority";
        fn check(&self) -> Result<()> {
            Ok(())
        }
    }

    impl fmt::Display for Majority {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str(&crate::params::describe(self))
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FittedMajority {
        classes: Vec<Class>,
        code: u32,
    }

    impl fmt::Display for FittedMajority {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "always {}", self.classes[self.code as usize])
        }
    }

    impl Model for FittedMajority {
        fn type_name() -> String {
            "FittedMajority".into()
        }
        fn validate(&self) -> Result<()> {
            crate::model::ensure::at_least("classes", self.classes.len(), self.code as usize + 1)
        }
    }

    impl<Y: ClassTarget + ?Sized> Estimator<ArrayRef2<f64>, Y> for Majority {
        type Fitted = FittedMajority;
        fn fit(&self, _: &ArrayRef2<f64>, y: &Y) -> Result<FittedMajority> {
            let mut weights = vec![0.0; y.labels().classes().len()];
            for (row, &code) in y.labels().codes().iter().enumerate() {
                weights[code as usize] += y.sample_weight().map_or(1.0, |w| w[row]);
            }
            let best = (0..weights.len()).max_by(|&a, &b| weights[a].total_cmp(&weights[b]));
            Ok(FittedMajority {
                classes: y.labels().classes().to_vec(),
                code: if self.first {
                    0
                } else {
                    best.unwrap_or(0) as u32
                },
            })
        }
    }

    impl Predict<ArrayRef2<f64>> for FittedMajority {
        type Output = Labels;
        fn predict(&self, x: &ArrayRef2<f64>) -> Result<Labels> {
            Labels::from_codes(vec![self.code; x.nrows()], self.classes.clone())
        }
    }

    impl<Y: ClassTarget + ?Sized> Score<ArrayRef2<f64>, Y> for FittedMajority {
        fn score(&self, x: &ArrayRef2<f64>, y: &Y) -> Result<f64> {
            let predicted = self.predict(x)?;
            let hits = predicted
                .iter()
                .zip(y.labels().iter())
                .filter(|(a, b)| a == b)
                .count();
            Ok(hits as f64 / x.nrows() as f64)
        }
    }

    impl Classes for FittedMajority {
        fn classes(&self) -> &[Class] {
            &self.classes
        }
    }

    /// Probabilities, and no decision function.
    impl Confidence<ArrayRef2<f64>> for FittedMajority {
        type Float = f64;
        fn maybe_proba(&self, x: &ArrayRef2<f64>) -> Option<Result<Array2<f64>>> {
            let mut proba = Array2::zeros((x.nrows(), self.classes.len()));
            proba.column_mut(self.code as usize).fill(1.0);
            Some(Ok(proba))
        }
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Mean {}

    impl Hyperparameters for Mean {
        const NAME: &'static str = "Mean";
        fn check(&self) -> Result<()> {
            Ok(())
        }
    }

    impl fmt::Display for Mean {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Mean")
        }
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct FittedMean {
        mean: f64,
    }

    impl fmt::Display for FittedMean {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "always {}", self.mean)
        }
    }

    impl Model for FittedMean {
        fn type_name() -> String {
            "FittedMean".into()
        }
        fn validate(&self) -> Result<()> {
            Ok(())
        }
    }

    impl<Y: RealTarget<f64> + ?Sized> Estimator<ArrayRef2<f64>, Y> for Mean {
        type Fitted = FittedMean;
        fn fit(&self, _: &ArrayRef2<f64>, y: &Y) -> Result<FittedMean> {
            let weight = |row| y.sample_weight().map_or(1.0, |w| w[row]);
            let sum: f64 = y
                .values()
                .iter()
                .enumerate()
                .map(|(i, v)| v * weight(i))
                .sum();
            let total: f64 = (0..y.values().len()).map(weight).sum();
            Ok(FittedMean { mean: sum / total })
        }
    }

    impl Predict<ArrayRef2<f64>> for FittedMean {
        type Output = Array1<f64>;
        fn predict(&self, x: &ArrayRef2<f64>) -> Result<Array1<f64>> {
            Ok(Array1::from_elem(x.nrows(), self.mean))
        }
    }

    impl<Y: RealTarget<f64> + ?Sized> Score<ArrayRef2<f64>, Y> for FittedMean {
        fn score(&self, _: &ArrayRef2<f64>, _: &Y) -> Result<f64> {
            Ok(0.0)
        }
    }

    #[test]
    fn a_box_is_what_is_inside() {
        let x = array![[1.0, 2.0], [3.0, 5.0], [5.0, 0.0]];
        let y = Labels::from(["a", "b", "b"]);
        let boxed: BoxedClassifier = Majority::default().boxed_classifier();
        let plain = Majority::default();
        assert_eq!(boxed.params(), plain.params());
        assert_eq!(boxed.to_string(), plain.to_string());
        assert_eq!(boxed.inner::<Majority>(), Some(&plain));
        assert!(boxed.inner::<Mean>().is_none());

        let (fitted, expected) = (boxed.fit(&x, &y).unwrap(), plain.fit(&x, &y).unwrap());
        assert_eq!(fitted.inner::<FittedMajority>(), Some(&expected));
        assert_eq!(
            fitted.clone().predict(&x).unwrap(),
            expected.predict(&x).unwrap()
        );
        assert_eq!(fitted.classes(), expected.classes());
        assert_eq!(fitted.to_string(), "always b");
        assert!(fitted.score(&x, &y).unwrap() > 0.6);
        assert_eq!(
            fitted.predict_proba(&x).unwrap().column(1),
            array![1.0, 1.0, 1.0]
        );
        assert_eq!(
            fitted.decision_function(&x).unwrap_err().to_string(),
            "`FittedMajority` has no `decision_function`"
        );
        assert!(matches!(
            fitted.predict_log_proba(&x).unwrap_err().kind(),
            ErrorKind::Unsupported { .. }
        ));

        let changed = boxed.with_param("first", true).unwrap();
        assert_eq!(changed.fit(&x, &y).unwrap().to_string(), "always a");
        assert_eq!(boxed.inner::<Majority>(), Some(&plain));
        assert!(format!("{changed:?}").contains("first: true"));
        let unknown = boxed.with_param("last", true).unwrap_err();
        assert!(
            unknown.to_string().ends_with("there are: first"),
            "{unknown}"
        );
    }

    #[test]
    fn weights_reach_the_inside() {
        let x = array![[1.0], [3.0], [5.0]];
        let weights = array![3.0, 1.0, 1.0];
        let y = Labels::from(["a", "b", "b"]);
        let boxed: BoxedClassifier<_, Weighted<Labels>> = Majority::default().boxed_classifier();
        let fitted = boxed.fit(&x, &y.weighted(&weights)).unwrap();
        assert_eq!(fitted.to_string(), "always a");
        let y = array![5.0, 0.0, 0.0];
        let boxed: BoxedRegressor<_, Weighted<ArrayRef1<f64>>> = Mean::default().boxed_regressor();
        let fitted = boxed.fit(&x, &y.weighted(&weights)).unwrap();
        assert_eq!(fitted.to_string(), "always 3");
    }

    #[test]
    fn boxes_stand_in_pipelines_and_files() {
        let x = array![[1.0, 2.0], [3.0, 5.0], [5.0, 0.0]];
        let y = array![1.0, 2.0, 6.0];
        let scale: BoxedTransformer<ArrayRef2<f64>, ArrayRef1<f64>> =
            StandardScaler::new().boxed_transformer();
        let names = |m: &FittedBoxedTransformer| {
            crate::traits::FeatureNamesOut::feature_names_out(m, None).unwrap()
        };
        let alone: BoxedTransformer = StandardScaler::new().boxed_transformer();
        let alone = alone.fit(&x, &()).unwrap();
        assert_eq!(names(&alone), ["x0", "x1"]);
        let regressor: BoxedRegressor = Mean::default().boxed_regressor();
        let whole = crate::pipeline::pipeline("scale", scale)
            .then("mean", regressor)
            .with_param("scale__with_std", false)
            .unwrap();
        let model = whole.fit(&x, &y).unwrap();
        assert_eq!(
            model.first().transform(&x).unwrap().column(0),
            array![-2.0, 0.0, 2.0]
        );
        assert_eq!(model.predict(&x).unwrap(), array![3.0, 3.0, 3.0]);

        let inside = model.last();
        assert_eq!(inside.type_name(), "FittedMean");
        let path = std::env::temp_dir().join(format!("fitwell-boxed-{}", std::process::id()));
        for format in [crate::model::Format::Json, crate::model::Format::Binary] {
            inside.save(&path, format).unwrap();
            let loaded: FittedBoxedRegressor =
                FittedBoxedRegressor::new(FittedMean::load(&path).unwrap());
            assert_eq!(loaded.predict(&x).unwrap(), array![3.0, 3.0, 3.0]);
            let other: Result<FittedMajority> = Model::load(&path);
            assert!(matches!(
                other.unwrap_err().kind(),
                ErrorKind::ModelType { .. }
            ));
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn boxes_may_move_between_threads() {
        fn both<T: Send + Sync + Clone + 'static>() {}
        both::<BoxedClassifier>();
        both::<FittedBoxedClassifier>();
        both::<BoxedRegressor<crate::table::Table, Weighted<ArrayRef2<f64>>>>();
        both::<FittedBoxedRegressor>();
        both::<BoxedTransformer>();
        both::<FittedBoxedTransformer>();
    }
}
