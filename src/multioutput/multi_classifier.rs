//! A classifier for each column.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::label_columns::{LabelColumns, LabelTargets, checked, subset_accuracy};
use crate::boxed::Confidence;
use crate::error::Result;
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::meta::{around_one, each, indented, no_confidence, not_empty};
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::samples::Samples;
use crate::traits::{Classes, Estimator, Predict, Score};

const NAME: &str = "MultiOutputClassifier";

/// There are none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A classifier for each column of a target of classes.
///
/// # Settings
/// | name | meaning |
/// |---|---|
/// | `estimator` | the classifier; its parameters are `estimator__...` |
///
/// # Complexity
/// A fit for each column, side by side.
///
/// # Errors
/// Those of the classifier, with the column in [`Error::context`](crate::Error::context): one class in a column, say.
///
/// # Source
/// scikit-learn's `MultiOutputClassifier`.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::LogisticRegression, multioutput::{LabelColumns, MultiOutputClassifier}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0]];
/// let y = LabelColumns::from(&array![[0, 1], [0, 1], [1, 1], [1, 0]]);
/// let model = MultiOutputClassifier::new(LogisticRegression::new().c(100.0)).fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?, y);
/// assert_eq!(model.predict_proba(&x)?.len(), 2);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct MultiOutputClassifier<E> {
    estimator: E,
    settings: Settings,
}

impl<E> MultiOutputClassifier<E> {
    /// Copies of this classifier.
    pub fn new(estimator: E) -> Self {
        MultiOutputClassifier {
            estimator,
            settings: Settings::default(),
        }
    }

    /// The classifier.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(MultiOutputClassifier<E>);

impl<X, Y, E, M> Estimator<X, Y> for MultiOutputClassifier<E>
where
    X: Samples + ?Sized,
    Y: LabelTargets + ?Sized,
    E: Estimator<X, Y::Column, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedMultiOutputClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        not_empty(x)?;
        let columns = checked(y, x.n_samples())?;
        let estimators = each(columns.len(), |j| {
            let fitted = self.estimator.fit(x, y.as_target(&columns[j]).borrow());
            fitted.map_err(|e| e.within(format!("column {j} of y")))
        })?;
        Ok(FittedMultiOutputClassifier { estimators })
    }
}

/// What [`MultiOutputClassifier`] learned: a classifier for each column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMultiOutputClassifier<M> {
    estimators: Vec<M>,
}

impl<M> FittedMultiOutputClassifier<M> {
    /// The classifiers, in the order of the columns.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The classes of each column.
    pub fn classes(&self) -> Vec<&[Class]>
    where
        M: Classes,
    {
        self.estimators.iter().map(Classes::classes).collect()
    }

    /// The probabilities of the classes of each column.
    ///
    /// # Errors
    /// `Unsupported` for classifiers without probabilities; those of the classifiers.
    pub fn predict_proba<X, F>(&self, x: &X) -> Result<Vec<Array2<F>>>
    where
        X: crate::samples::AsSamples + ?Sized,
        F: Float,
        M: Confidence<X::Samples, Float = F>,
    {
        let none = || Err(no_confidence(NAME, "predict_proba"));
        let each = self.estimators.iter();
        each.map(|m| m.maybe_proba(x.as_samples()).unwrap_or_else(none))
            .collect()
    }
}

impl<X, M> Predict<X> for FittedMultiOutputClassifier<M>
where
    X: Samples + ?Sized,
    M: Predict<X, Output = Labels> + Sync,
{
    type Output = LabelColumns;

    fn predict(&self, x: &X) -> Result<LabelColumns> {
        LabelColumns::new(each(self.estimators.len(), |j| {
            self.estimators[j].predict(x)
        })?)
    }
}

/// The share of rows that are right in every column.
impl<X, Y, M> Score<X, Y> for FittedMultiOutputClassifier<M>
where
    X: Samples + ?Sized,
    Y: LabelTargets + ?Sized,
    M: Predict<X, Output = Labels> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        subset_accuracy(y, &self.predict(x)?)
    }
}

impl<M: Model> Model for FittedMultiOutputClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of classifiers", self.estimators.len(), 1)?;
        self.estimators.iter().try_for_each(Model::validate)
    }
}

impl<M: fmt::Display> fmt::Display for FittedMultiOutputClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} columns)", self.estimators.len());
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
