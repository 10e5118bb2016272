//! A chain of classifiers.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::chain::{ChainMethod, ChainMethods, ChainOrder, validate_order, with_column};
use super::label_columns::{LabelColumns, LabelTargets, checked, subset_accuracy};
use crate::boxed::Confidence;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::meta::{around_one, each, every_row_once, indented, no_confidence, side_by_side};
use crate::model::{Model, ensure};
use crate::model_selection::CrossValidator;
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, Score};

const NAME: &str = "ClassifierChain";

/// The settings of [`ClassifierChain`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    order: ChainOrder,
    chain_method: ChainMethods,
    random_state: u64,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        self.chain_method.check(NAME)
    }
}

/// A classifier for each column of a target of classes, which sees the columns that come before it in the chain.
///
/// The first classifier learns the first column from the samples; each next one from the samples and the columns before it. In
/// predictions what the classifiers before say stands for those columns. Use it where columns depend on each other.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimator` | | the classifier; its parameters are `estimator__...` |
/// | `order` | as they are | a [`ChainOrder`] of the columns |
/// | `cv` | none | where given, the classifiers learn from cross-validated predictions of the columns before, not from the columns themselves |
/// | `chain_method` | `predict` | a [`ChainMethod`], or a list of which the first counts that the classifier has: what is handed on in predictions, and with `cv` in fits |
/// | `random_state` | 0 | the seed of a random order |
///
/// A class stands as a number among the features: integers as they are, booleans as 0 and 1, texts by their place in the
/// sorted classes.
///
/// # Errors
/// `InvalidParameter`; those of the classifier and the splitter, with the column in [`Error::context`]; `Unsupported` for
/// classifiers without what is to be handed on.
///
/// # Source
/// J. Read et al., "Classifier chains for multi-label classification", ECML (2009); the rules are those of scikit-learn's
/// `ClassifierChain`.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::LogisticRegression, multioutput::{ClassifierChain, LabelColumns}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let y = LabelColumns::from(&array![[0, 1], [0, 1], [1, 0], [1, 0]]);
/// let model = ClassifierChain::new(LogisticRegression::new()).fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?, y);
/// assert_eq!(model.estimators()[1].n_features_in(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct ClassifierChain<E, C = usize> {
    estimator: E,
    settings: Settings,
    cv: Option<C>,
}

impl<E> ClassifierChain<E> {
    /// A chain of this classifier, in the order of the columns.
    pub fn new(estimator: E) -> Self {
        ClassifierChain {
            estimator,
            settings: Settings::default(),
            cv: None,
        }
    }
}

impl<E, C> ClassifierChain<E, C> {
    /// The order of the columns: each once.
    pub fn order(mut self, order: impl Into<Vec<usize>>) -> Self {
        self.settings.order = ChainOrder::List(order.into());
        self
    }

    /// An order drawn at random.
    pub fn random_order(mut self, random_state: u64) -> Self {
        self.settings.order = ChainOrder::Random;
        self.settings.random_state = random_state;
        self
    }

    /// What a classifier hands on: a method, or a list of which the first counts that the classifier has.
    pub fn chain_method(mut self, methods: impl Into<ChainMethods>) -> Self {
        self.settings.chain_method = methods.into();
        self
    }

    /// Learns from cross-validated predictions of the columns before.
    pub fn cv<D: CrossValidator>(self, cv: D) -> ClassifierChain<E, D> {
        ClassifierChain {
            estimator: self.estimator,
            settings: self.settings,
            cv: Some(cv),
        }
    }

    /// The classifier.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(ClassifierChain<E, C>);

/// A class as a number among features.
fn as_number(class: &Class, classes: &[Class]) -> f64 {
    match class {
        Class::Int(v) => *v as f64,
        Class::Bool(v) => f64::from(u8::from(*v)),
        Class::Text(_) => classes.binary_search(class).unwrap_or(0) as f64,
    }
}

fn numbers<F: Float>(labels: &Labels, classes: &[Class]) -> Array1<F> {
    labels
        .iter()
        .map(|c| F::of(as_number(c, classes)))
        .collect()
}

/// Whether the classifier has the method.
fn has<F, M>(method: ChainMethod, model: &M, x: &ArrayRef2<F>) -> bool
where
    M: Confidence<ArrayRef2<F>, Float = F>,
{
    match method {
        ChainMethod::Predict => true,
        ChainMethod::PredictProba => model.maybe_proba(x).is_some(),
        ChainMethod::PredictLogProba => model.maybe_log_proba(x).is_some(),
        ChainMethod::DecisionFunction => model.maybe_decision(x).is_some(),
    }
}

/// What a classifier says of the second of two classes.
fn say<F, M>(method: ChainMethod, model: &M, x: &ArrayRef2<F>) -> Result<Array1<F>>
where
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
{
    let (said, operation, columns) = match method {
        ChainMethod::Predict => return Ok(numbers(&model.predict(x)?, model.classes())),
        ChainMethod::PredictProba => (model.maybe_proba(x), "predict_proba", 2),
        ChainMethod::PredictLogProba => (model.maybe_log_proba(x), "predict_log_proba", 2),
        ChainMethod::DecisionFunction => (model.maybe_decision(x), "decision_function", 1),
    };
    let said = said.unwrap_or_else(|| Err(no_confidence(NAME, operation)))?;
    if said.ncols() != columns {
        let what = "number of columns of what a classifier of two classes says";
        return Err(Error::shape(what, columns, said.ncols()));
    }
    Ok(said.column(columns - 1).to_owned())
}

/// What a classifier hands on: the same, with a finite number for the logarithm of a probability of 0.
fn hand_on<F, M>(method: ChainMethod, model: &M, x: &ArrayRef2<F>) -> Result<Array1<F>>
where
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
{
    Ok(say(method, model, x)?.mapv_into(|v| v.max(F::min_value())))
}

impl<Y, E, M, C, F> Estimator<ArrayRef2<F>, Y> for ClassifierChain<E, C>
where
    Y: LabelTargets + ?Sized,
    E: Estimator<ArrayRef2<F>, Y::Column, Fitted = M> + Sync,
    M: Predict<ArrayRef2<F>, Output = Labels>
        + Confidence<ArrayRef2<F>, Float = F>
        + Classes
        + Send,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedClassifierChain<M>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        check::samples(x)?;
        let columns = checked(y, x.nrows())?;
        let k = columns.len();
        let order = self
            .settings
            .order
            .resolve(NAME, k, self.settings.random_state)?;
        let mut method = None;
        let (mut x, mut estimators) = (x.to_owned(), Vec::with_capacity(k));
        for (place, &j) in order.iter().enumerate() {
            let mut link = || -> Result<(M, Option<Array1<F>>)> {
                let target = y.as_target(&columns[j]);
                let target: &Y::Column = target.borrow();
                let model = self.estimator.fit(&x, target)?;
                let first = ndarray::ArrayRef::select(&x, ndarray::Axis(0), &[0]);
                let wanted = &self.settings.chain_method;
                let method =
                    *method.get_or_insert_with(|| wanted.first(|m| has(m, &model, &first)));
                let next = match &self.cv {
                    _ if place + 1 == k => None,
                    None => Some(numbers(&columns[j], columns[j].observed().classes())),
                    Some(cv) => Some(self.held_out(cv, method, &x, target)?),
                };
                // Predictions need it: better now than then.
                hand_on(method, &model, &first)?;
                Ok((model, next))
            };
            let (model, next) = link().map_err(|e| e.within(format!("column {j} of y")))?;
            estimators.push(model);
            if let Some(next) = next {
                x = with_column(&x, next)?;
            }
        }
        Ok(FittedClassifierChain {
            estimators,
            order,
            chain_method: method.unwrap_or_default(),
        })
    }
}

impl<E, C> ClassifierChain<E, C> {
    /// What models that have not seen a row hand on.
    fn held_out<T, M, F>(
        &self,
        cv: &C,
        method: ChainMethod,
        x: &ArrayRef2<F>,
        y: &T,
    ) -> Result<Array1<F>>
    where
        T: Targets + ?Sized,
        E: Estimator<ArrayRef2<F>, T, Fitted = M> + Sync,
        M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
        C: CrossValidator,
        F: Float,
    {
        let splits = cv.split(x.nrows(), y)?;
        every_row_once(&splits, x.nrows())?;
        let estimator = &self.estimator;
        let parts = each(splits.len(), |k| {
            let part = || {
                let (train, test) = (&splits[k].train, &splits[k].test);
                crate::samples::check_rows(train, x.nrows())?;
                let some_x = ndarray::ArrayRef::select(x, ndarray::Axis(0), train);
                let model = estimator.fit(&some_x, y.select(train)?.borrow());
                let model = model.map_err(|e| e.at_rows(train))?;
                hand_on(
                    method,
                    &model,
                    &ndarray::ArrayRef::select(x, ndarray::Axis(0), test),
                )
            };
            part().map_err(|e: Error| e.within(format!("fold {k}")))
        })?;
        let mut all = Array1::zeros(x.nrows());
        for (part, split) in parts.iter().zip(&splits) {
            for (&row, v) in split.test.iter().zip(part) {
                all[row] = *v;
            }
        }
        Ok(all)
    }
}

/// What [`ClassifierChain`] learned: a classifier for each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedClassifierChain<M> {
    estimators: Vec<M>,
    order: Vec<usize>,
    chain_method: ChainMethod,
}

impl<M> FittedClassifierChain<M> {
    /// The classifiers, in the order of the chain.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The column that each classifier is for.
    pub fn order(&self) -> &[usize] {
        &self.order
    }

    /// The classes of each column, in the order of the columns.
    pub fn classes(&self) -> Vec<&[Class]>
    where
        M: Classes,
    {
        let mut all: Vec<&[Class]> = vec![&[]; self.order.len()];
        for (model, &j) in self.estimators.iter().zip(&self.order) {
            all[j] = model.classes();
        }
        all
    }

    /// What the classifiers hand on.
    pub fn chain_method(&self) -> ChainMethod {
        self.chain_method
    }

    /// What `say` says of each column, in their own order, as the chain goes on.
    fn along<F, T>(
        &self,
        x: &ArrayRef2<F>,
        say: impl Fn(&M, &ArrayRef2<F>) -> Result<T>,
    ) -> Result<Vec<T>>
    where
        F: Float,
        M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
    {
        let mut x = x.to_owned();
        let mut said: Vec<Option<T>> = (0..self.order.len()).map(|_| None).collect();
        for (place, (model, &j)) in self.estimators.iter().zip(&self.order).enumerate() {
            said[j] = Some(say(model, &x)?);
            if place + 1 < self.order.len() {
                let next = hand_on(self.chain_method, model, &x)?;
                x = with_column(&x, next)?;
            }
        }
        Ok(said.into_iter().flatten().collect())
    }

    /// The probability of the second of two classes, one column for each column of the target.
    ///
    /// # Errors
    /// `Unsupported` for classifiers without probabilities; `ShapeMismatch` for a column of more than two classes.
    pub fn predict_proba<X, F>(&self, x: &X) -> Result<Array2<F>>
    where
        X: crate::samples::AsSamples<Samples = ArrayRef2<F>> + ?Sized,
        F: Float,
        M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
    {
        self.columns(x.as_samples(), ChainMethod::PredictProba)
    }

    /// The natural logarithm of [`predict_proba`](Self::predict_proba).
    ///
    /// # Errors
    /// As [`predict_proba`](Self::predict_proba).
    pub fn predict_log_proba<X, F>(&self, x: &X) -> Result<Array2<F>>
    where
        X: crate::samples::AsSamples<Samples = ArrayRef2<F>> + ?Sized,
        F: Float,
        M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
    {
        self.columns(x.as_samples(), ChainMethod::PredictLogProba)
    }

    fn columns<F>(&self, x: &ArrayRef2<F>, method: ChainMethod) -> Result<Array2<F>>
    where
        F: Float,
        M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
    {
        let said = self.along(x, |model, x| {
            Ok(self::say(method, model, x)?.insert_axis(ndarray::Axis(1)))
        })?;
        side_by_side(&said)
    }
}

impl<F, M> Predict<ArrayRef2<F>> for FittedClassifierChain<M>
where
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
{
    type Output = LabelColumns;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<LabelColumns> {
        LabelColumns::new(self.along(x, |model, x| model.predict(x))?)
    }
}

/// The decision value of the second of two classes, one column for each column of the target.
impl<F, M> DecisionFunction<ArrayRef2<F>> for FittedClassifierChain<M>
where
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
{
    type Float = F;

    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.columns(x, ChainMethod::DecisionFunction)
    }
}

/// The share of rows that are right in every column.
impl<Y, F, M> Score<ArrayRef2<F>, Y> for FittedClassifierChain<M>
where
    Y: LabelTargets + ?Sized,
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Labels> + Confidence<ArrayRef2<F>, Float = F> + Classes,
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        subset_accuracy(y, &Predict::predict(self, x)?)
    }
}

impl<M: Model> Model for FittedClassifierChain<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        validate_order(&self.order, self.estimators.len())?;
        self.estimators.iter().try_for_each(Model::validate)?;
        ensure::at_least("number of classifiers", self.estimators.len(), 1)
    }
}

impl<M: fmt::Display> fmt::Display for FittedClassifierChain<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} columns)", self.estimators.len());
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
