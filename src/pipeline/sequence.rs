//! Steps in sequence, like iterator adaptors.

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::labels::Class;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::prefix::{Prefixes, Shared};
use crate::samples::Samples;
use crate::table::legible;
use crate::targets::Targets;
use crate::traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitWithValidation, InverseTransform,
    Known, Predict, PredictProba, PredictStd, Score, Transform,
};

/// Starts a pipeline with a named step; [`then`](Step::then) adds the next.
///
/// A step that cannot follow the one before it does not compile. Sample weights reach every step through the target.
///
/// ```
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 200.0], [2.0, 100.0], [3.0, 400.0], [4.0, 300.0]];
/// let y = Labels::from(["a", "a", "b", "b"]);
/// let model = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new()).fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?, y);
/// # Ok::<(), Error>(())
/// ```
pub fn pipeline<E>(name: impl Into<String>, step: E) -> Step<E> {
    Step {
        name: name.into(),
        inner: step,
    }
}

/// One named step, as an estimator or as what it learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step<T> {
    name: String,
    inner: T,
}

impl<T> Step<T> {
    /// The step's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The estimator or the fitted model.
    pub fn inner(&self) -> &T {
        &self.inner
    }

    /// Adds the next step.
    pub fn then<B>(self, name: impl Into<String>, step: B) -> Pipeline<Step<T>, B> {
        Pipeline {
            first: self,
            last: pipeline(name, step),
        }
    }

    fn place(&self) -> String {
        format!("step `{}`", self.name)
    }

    /// What this step learned, under its name.
    fn of<M>(&self, inner: M) -> Step<M> {
        Step {
            name: self.name.clone(),
            inner,
        }
    }

    fn check_name(&self) -> Result<()> {
        if self.name.is_empty() || self.name.contains("__") {
            let expected = "not empty and without `__`";
            return Err(Error::invalid_parameter(
                "Pipeline",
                "name",
                expected,
                format!("{:?}", self.name),
            ));
        }
        Ok(())
    }
}

/// Steps in sequence: each transforms what the next is fitted on; the last may predict, transform, or both.
///
/// Made by [`pipeline`] and [`Step::then`]. The parameters of a step have its name in front: `scale__with_std`. The fitted
/// pipeline does what its last step can: predict, give probabilities, transform, go back, score. Fitted steps are found by
/// name with [`step`](Steps::step), and without naming their types by [`first`](FittedPipeline::first) and
/// [`last`](FittedPipeline::last).
///
/// # Errors
/// `InvalidParameter` for names that repeat, are empty or contain `__`; what the steps say, after the step's name.
///
/// # Source
/// scikit-learn's `Pipeline`. A step that may be left out is an [`Optional`](super::Optional), one that changes nothing a
/// [`Passthrough`](super::Passthrough). In place of `transform_input`, a validation set goes through the steps with
/// [`fit_with_validation`](FitWithValidation::fit_with_validation). There is no `memory`: a search by itself fits first
/// steps that its candidates share once for each fold.
///
/// # Examples
/// ```
/// use fitwell::linear_model::Ridge;
/// use fitwell::preprocessing::{FittedStandardScaler, PolynomialFeatures, StandardScaler};
/// use fitwell::prelude::*;
/// use ndarray::array;
///
/// let recipe = pipeline("scale", StandardScaler::new())
///     .then("square", PolynomialFeatures::new().include_bias(false))
///     .then("ridge", Ridge::new());
/// let recipe = recipe.with_param("ridge__alpha", 0.0)?;
/// let x = array![[0.0], [1.0], [2.0], [5.0]];
/// let model = recipe.fit(&x, &x.column(0).mapv(|x| x * x))?;
/// assert!(f64::abs(model.predict(&array![[3.0]])?[0] - 9.0) < 1e-9);
///
/// let scaler = model.step::<FittedStandardScaler<f64>>("scale").expect("a step of this name and type");
/// assert_eq!(scaler.mean(), array![2.0]);
/// assert_eq!(model.first().feature_names_out(None)?, ["x0", "x0^2"]);
/// assert_eq!(model.last().coef().len(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pipeline<A, B> {
    first: A,
    last: Step<B>,
}

impl<A, B> Pipeline<A, B> {
    /// Adds the next step.
    pub fn then<C>(self, name: impl Into<String>, step: C) -> Pipeline<Pipeline<A, B>, C> {
        Pipeline {
            first: self,
            last: pipeline(name, step),
        }
    }

    /// All steps but the last.
    pub fn first(&self) -> &A {
        &self.first
    }

    /// The last step's estimator.
    pub fn last(&self) -> &B {
        &self.last.inner
    }
}

/// A fitted pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPipeline<A, B> {
    first: Shared<A>,
    last: Step<B>,
}

impl<A, B> FittedPipeline<A, B> {
    /// All fitted steps but the last.
    pub fn first(&self) -> &A {
        &self.first
    }

    /// The last step's fitted model.
    pub fn last(&self) -> &B {
        &self.last.inner
    }
}

/// Access to the steps of a pipeline by name.
pub trait Steps {
    /// The names, in order.
    fn names(&self) -> Vec<&str>;

    /// A step by its name.
    fn step_any(&self, name: &str) -> Option<&dyn Any>;

    /// A step by its name and type: `model.step::<FittedRidge>("ridge")`.
    fn step<T: 'static>(&self, name: &str) -> Option<&T>
    where
        Self: Sized,
    {
        self.step_any(name)?.downcast_ref()
    }

    /// A step by its position, counted from 0, and type: `model.step_at::<FittedRidge>(1)`.
    fn step_at<T: 'static>(&self, position: usize) -> Option<&T>
    where
        Self: Sized,
    {
        let names = self.names();
        self.step(names.get(position)?)
    }
}

impl<T: 'static> Steps for Step<T> {
    fn names(&self) -> Vec<&str> {
        vec![&self.name]
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        (self.name == name).then_some(&self.inner as &dyn Any)
    }
}

impl<A: Params> Params for Step<A> {
    fn params(&self) -> BTreeMap<String, Value> {
        self.inner
            .params()
            .into_iter()
            .map(|(k, v)| (format!("{}__{k}", self.name), v))
            .collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let inner = name
            .strip_prefix(&self.name)
            .and_then(|rest| rest.strip_prefix("__"));
        match inner {
            Some(inner) => Ok(Step {
                name: self.name.clone(),
                inner: self.inner.with_value(inner, value)?,
            }),
            None => Err(ErrorKind::UnknownParameter {
                estimator: "Pipeline".into(),
                name: name.into(),
                known: self.params().into_keys().collect(),
            }
            .into()),
        }
    }
}

impl<A: Params, B: Params> Params for Pipeline<A, B> {
    fn params(&self) -> BTreeMap<String, Value> {
        self.first
            .params()
            .into_iter()
            .chain(self.last.params())
            .collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let of_last = name
            .strip_prefix(&self.last.name)
            .is_some_and(|rest| rest.starts_with("__"));
        if of_last {
            return Ok(Pipeline {
                first: self.first.clone(),
                last: self.last.with_value(name, value)?,
            });
        }
        match self.first.with_value(name, value) {
            Ok(first) => Ok(Pipeline {
                first,
                last: self.last.clone(),
            }),
            Err(e) => Err(match e.kind() {
                // No step took the name: list the parameters of all of them.
                ErrorKind::UnknownParameter { estimator, .. } if estimator == "Pipeline" => {
                    let known = self.params().into_keys().collect();
                    ErrorKind::UnknownParameter {
                        estimator: "Pipeline".into(),
                        name: name.into(),
                        known,
                    }
                    .into()
                }
                _ => e,
            }),
        }
    }
}

impl<X, Y, E> Estimator<X, Y> for Step<E>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
{
    type Fitted = Step<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.check_name()?;
        let inner = self.inner.fit(x, y).map_err(|e| e.within(self.place()))?;
        Ok(self.of(inner))
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        self.check_name()?;
        let fitted = self.inner.fit_for_transform(x, y);
        let (inner, known) = fitted.map_err(|e| e.within(self.place()))?;
        Ok((self.of(inner), known))
    }
}

/// The fitted steps before the last, and the training rows they give to it.
struct Prefix<A, O> {
    first: Shared<A>,
    prepared: Arc<O>,
}

impl<X, Y, A, B, O> Estimator<X, Y> for Pipeline<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Estimator<X, Y> + Steps,
    A::Fitted: Transform<X, Output = O> + Send + Sync + 'static,
    O: Send + Sync + 'static,
    B: Estimator<O, Y>,
{
    type Fitted = FittedPipeline<A::Fitted, B::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.check_names()?;
        let (first, prepared) = self.first.fit_and_transform(x, y)?;
        let last = self.last.inner.fit(&prepared, y);
        let last = last.map_err(|e| e.within(self.last.place()))?;
        Ok(FittedPipeline {
            first: Shared::new(first),
            last: self.last.of(last),
        })
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        self.fit_for_transform_after(x, y, &Prefixes::new(&BTreeMap::new(), None))
    }

    fn prefixes(&self) -> Vec<Vec<String>> {
        let mut all = self.first.prefixes();
        all.push(self.first.names().into_iter().map(String::from).collect());
        all
    }

    fn fit_prefix(&self, position: usize, x: &X, y: &Y, kept: &Prefixes<'_>) -> Result<()> {
        if position < self.first.prefixes().len() {
            return self.first.fit_prefix(position, x, y, kept);
        }
        fit_first(&self.first, x, y, kept).map(drop)
    }

    fn fit_after(&self, x: &X, y: &Y, kept: &Prefixes<'_>) -> Result<Self::Fitted> {
        self.check_names()?;
        let prefix = fit_first(&self.first, x, y, kept)?;
        let last = self.last.inner.fit(&prefix.prepared, y);
        let last = last.map_err(|e| e.within(self.last.place()))?;
        Ok(FittedPipeline {
            first: prefix.first.clone(),
            last: self.last.of(last),
        })
    }

    fn fit_for_transform_after(
        &self,
        x: &X,
        y: &Y,
        kept: &Prefixes<'_>,
    ) -> Result<(Self::Fitted, Known)> {
        self.check_names()?;
        let prefix = fit_first(&self.first, x, y, kept)?;
        let fitted = self.last.inner.fit_for_transform(&prefix.prepared, y);
        let (inner, known) = fitted.map_err(|e| e.within(self.last.place()))?;
        let fitted = FittedPipeline {
            first: prefix.first.clone(),
            last: self.last.of(inner),
        };
        // The rows before the last step and what that knows: nothing is transformed twice.
        let prepared = Arc::clone(&prefix.prepared);
        Ok((fitted, Known::new((prepared, known))))
    }
}

/// Fits the steps before the last, unless what they learn is kept already.
fn fit_first<X, Y, A, O>(
    first: &A,
    x: &X,
    y: &Y,
    kept: &Prefixes<'_>,
) -> Result<Arc<Prefix<A::Fitted, O>>>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Estimator<X, Y> + Steps,
    A::Fitted: Transform<X, Output = O> + Send + Sync + 'static,
    O: Send + Sync + 'static,
{
    let names = first.names();
    if let Some(prefix) = kept.get(&names) {
        return Ok(prefix);
    }
    let (fitted, known) = first.fit_for_transform_after(x, y, kept)?;
    let prepared = fitted.transform_fitted(x, known)?;
    let prefix = Arc::new(Prefix {
        first: Shared::new(fitted),
        prepared: Arc::new(prepared),
    });
    kept.keep(&names, Arc::clone(&prefix));
    Ok(prefix)
}

impl<X, Y, E> FitWithValidation<X, Y> for Step<E>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: FitWithValidation<X, Y>,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        self.check_name()?;
        let fitted = self.inner.fit_with_validation(x, y, x_val, y_val);
        Ok(self.of(fitted.map_err(|e| e.within(self.place()))?))
    }
}

/// Every step is fitted on the training rows alone; the validation rows are transformed by the fitted steps, and the last
/// step receives both.
impl<X, Y, A, B, O> FitWithValidation<X, Y> for Pipeline<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Estimator<X, Y> + Steps,
    A::Fitted: Transform<X, Output = O> + Send + Sync + 'static,
    O: Send + Sync + 'static,
    B: FitWithValidation<O, Y>,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        self.check_names()?;
        let (first, prepared) = self.first.fit_and_transform(x, y)?;
        let validation = first.transform(x_val);
        let validation = validation.map_err(|e| e.within(VALIDATION_SET))?;
        let last = &self.last.inner;
        let last = last.fit_with_validation(&prepared, y, &validation, y_val);
        let last = last.map_err(|e| e.within(self.last.place()))?;
        Ok(FittedPipeline {
            first: Shared::new(first),
            last: self.last.of(last),
        })
    }
}

impl<A: Steps, B> Pipeline<A, B> {
    fn check_names(&self) -> Result<()> {
        self.last.check_name()?;
        if self.first.names().contains(&self.last.name()) {
            let got = format!("{:?} twice", self.last.name);
            return Err(Error::invalid_parameter(
                "Pipeline",
                "name",
                "different for each step",
                got,
            ));
        }
        Ok(())
    }
}

macro_rules! both {
    ($pipeline:ident, $a:ident, $b:ident) => {
        impl<$a: Steps, $b: 'static> Steps for $pipeline<$a, $b> {
            fn names(&self) -> Vec<&str> {
                let mut names = self.first.names();
                names.push(&self.last.name);
                names
            }
            fn step_any(&self, name: &str) -> Option<&dyn Any> {
                self.last
                    .step_any(name)
                    .or_else(|| self.first.step_any(name))
            }
        }

        impl<$a: Model, $b: Model> Model for $pipeline<$a, $b> {
            fn type_name() -> String {
                format!(
                    "{}<{}, {}>",
                    stringify!($pipeline),
                    $a::type_name(),
                    $b::type_name()
                )
            }
            fn importances(&self) -> Option<Result<Array2<f64>>> {
                self.last.importances()
            }
            fn importances_are_sparse(&self) -> bool {
                self.last.importances_are_sparse()
            }
            fn validate(&self) -> Result<()> {
                self.first.validate()?;
                self.last.validate()
            }
        }

        /// One line a step, nested pipelines and parts indented.
        impl<$a: fmt::Display, $b: fmt::Display> fmt::Display for $pipeline<$a, $b> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}\n{}", self.first, self.last)
            }
        }
    };
}
both!(Pipeline, A, B);
both!(FittedPipeline, A, B);

/// `name: step`, with a step of several lines indented below its name.
impl<T: fmt::Display> fmt::Display for Step<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.inner.to_string();
        let name = legible(&self.name);
        if inner.contains('\n') {
            write!(f, "{name}:")?;
            for line in inner.lines() {
                write!(f, "\n  {line}")?;
            }
            Ok(())
        } else {
            write!(f, "{name}: {inner}")
        }
    }
}

impl<T: Model> Model for Step<T> {
    fn type_name() -> String {
        format!("Step<{}>", T::type_name())
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.inner.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.inner.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        self.check_name()?;
        self.inner.validate().map_err(|e| e.within(self.place()))
    }
}

// What a fitted step can do, and what a fitted pipeline can do through its last step.

impl<X: Samples + ?Sized, M: Transform<X>> Transform<X> for Step<M> {
    type Output = M::Output;
    fn transform(&self, x: &X) -> Result<M::Output> {
        self.inner.transform(x).map_err(|e| e.within(self.place()))
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<M::Output> {
        let transformed = self.inner.transform_fitted(x, known);
        transformed.map_err(|e| e.within(self.place()))
    }
}

impl<X: Samples + ?Sized, A: Transform<X>, B: Transform<A::Output>> Transform<X>
    for FittedPipeline<A, B>
{
    type Output = B::Output;
    fn transform(&self, x: &X) -> Result<B::Output> {
        let x = self.first.transform(x)?;
        self.last
            .inner
            .transform(&x)
            .map_err(|e| e.within(self.last.place()))
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<B::Output> {
        let Some((prepared, known)) = known.take::<(Arc<A::Output>, Known)>()? else {
            return self.transform(x);
        };
        let transformed = self.last.inner.transform_fitted(&prepared, known);
        transformed.map_err(|e| e.within(self.last.place()))
    }
}

macro_rules! through_last {
    ($trait:ident { type $assoc:ident; $(fn $method:ident -> $out:ty;)+ }) => {
        impl<X: Samples + ?Sized, M: $trait<X>> $trait<X> for Step<M> {
            type $assoc = M::$assoc;
            $(fn $method(&self, x: &X) -> Result<$out> {
                self.inner.$method(x).map_err(|e| e.within(self.place()))
            })+
        }

        impl<X: Samples + ?Sized, A: Transform<X>, M: $trait<A::Output>> $trait<X> for FittedPipeline<A, M> {
            type $assoc = M::$assoc;
            $(fn $method(&self, x: &X) -> Result<$out> {
                let x = self.first.transform(x)?;
                self.last.inner.$method(&x).map_err(|e| e.within(self.last.place()))
            })+
        }
    };
}
through_last!(Predict { type Output; fn predict -> M::Output; });
through_last!(PredictStd { type Output; fn predict_std -> (M::Output, M::Output); });
through_last!(DecisionFunction { type Float; fn decision_function -> Array2<M::Float>; });
through_last!(PredictProba {
    type Float;
    fn predict_proba -> Array2<M::Float>;
    fn predict_log_proba -> Array2<M::Float>;
});

impl<X: Samples + ?Sized, M: InverseTransform<X>> InverseTransform<X> for Step<M> {
    type Output = M::Output;
    fn inverse_transform(&self, x: &X) -> Result<M::Output> {
        self.inner
            .inverse_transform(x)
            .map_err(|e| e.within(self.place()))
    }
}

impl<X: Samples + ?Sized, B: InverseTransform<X>, A: InverseTransform<B::Output>>
    InverseTransform<X> for FittedPipeline<A, B>
{
    type Output = A::Output;
    fn inverse_transform(&self, x: &X) -> Result<A::Output> {
        let x = self
            .last
            .inner
            .inverse_transform(x)
            .map_err(|e| e.within(self.last.place()))?;
        self.first.inverse_transform(&x)
    }
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized, M: Score<X, Y>> Score<X, Y> for Step<M> {
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        self.inner.score(x, y).map_err(|e| e.within(self.place()))
    }
}

impl<X, Y, A, B> Score<X, Y> for FittedPipeline<A, B>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    A: Transform<X>,
    B: Score<A::Output, Y>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        let x = self.first.transform(x)?;
        self.last
            .inner
            .score(&x, y)
            .map_err(|e| e.within(self.last.place()))
    }
}

macro_rules! confidence {
    ($($method:ident),+) => {
        impl<X: Samples + ?Sized, M: Confidence<X>> Confidence<X> for Step<M> {
            type Float = M::Float;
            $(fn $method(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                let answer = self.inner.$method(x)?;
                Some(answer.map_err(|e| e.within(self.place())))
            })+
        }

        impl<X: Samples + ?Sized, A: Transform<X>, M: Confidence<A::Output>> Confidence<X> for FittedPipeline<A, M> {
            type Float = M::Float;
            $(fn $method(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                let x = match self.first.transform(x) {
                    Ok(x) => x,
                    Err(e) => return Some(Err(e)),
                };
                let answer = self.last.inner.$method(&x)?;
                Some(answer.map_err(|e| e.within(self.last.place())))
            })+
        }
    };
}
confidence!(maybe_proba, maybe_log_proba, maybe_decision);

impl<M: Classes> Classes for Step<M> {
    fn classes(&self) -> &[Class] {
        self.inner.classes()
    }
}

impl<A, M: Classes> Classes for FittedPipeline<A, M> {
    fn classes(&self) -> &[Class] {
        self.last.inner.classes()
    }
}

impl<M: FeatureNamesOut> FeatureNamesOut for Step<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.inner
            .feature_names_out(input)
            .map_err(|e| e.within(self.place()))
    }
}

impl<A: FeatureNamesOut, B: FeatureNamesOut> FeatureNamesOut for FittedPipeline<A, B> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.last
            .feature_names_out(Some(&self.first.feature_names_out(input)?))
    }
}

impl<A, B> FittedPipeline<A, B>
where
    Self: fmt::Display,
{
    /// This model as one HTML page: a box for each step; see [`html_page`](crate::pipeline::html_page).
    pub fn to_html(&self) -> String {
        super::html::html_page(self)
    }
}
