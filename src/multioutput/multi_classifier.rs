//! A classifier for each column.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::label_columns::{LabelColumns, LabelTargets, checked, subset_accuracy};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::meta::{after_batch, around_only, each, indented, no_confidence, not_empty};
use crate::model::{Model, ensure};
use crate::samples::Samples;
use crate::traits::{Classes, Estimator, PartialFit, Predict, Score};

const NAME: &str = "MultiOutputClassifier";

around_only! {
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
    /// Those of the classifier, with the column in [`Error::context`]: one class in a column, say.
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
    pub struct MultiOutputClassifier around "classifier of one column";
}

impl<E> MultiOutputClassifier<E> {
    /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone. `begin` makes the classifier
    /// of a column from all the classes that may come in it.
    ///
    /// ```
    /// use fitwell::{linear_model::SgdClassifier, multioutput::{LabelColumns, MultiOutputClassifier}, prelude::*};
    /// use ndarray::array;
    ///
    /// let kinds = [Labels::from([0, 1]), Labels::from(["a", "b", "c"])];
    /// let mut model = MultiOutputClassifier::new(SgdClassifier::new()).begin(&kinds, |sgd, classes| sgd.begin::<f64>(1, classes))?;
    /// let y = LabelColumns::new([Labels::from([1, 0]), Labels::from(["a", "c"])])?;
    /// model.partial_fit(&array![[0.0], [1.0]], &y)?;
    /// assert_eq!(model.classes()[1].len(), 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `EmptyInput` without columns; those of `begin`, with the column in [`Error::context`].
    pub fn begin<M>(
        &self,
        classes: &[Labels],
        begin: impl Fn(&E, &Labels) -> Result<M>,
    ) -> Result<FittedMultiOutputClassifier<M>> {
        if classes.is_empty() {
            return Err(ErrorKind::EmptyInput {
                what: "classes (no columns)".into(),
            }
            .into());
        }
        let each = classes.iter().enumerate().map(|(j, classes)| {
            begin(&self.estimator, classes).map_err(|e| e.within(format!("column {j} of y")))
        });
        Ok(FittedMultiOutputClassifier {
            estimators: each.collect::<Result<_>>()?,
        })
    }
}

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

/// Each classifier learns its column of the batch.
impl<X, Y, M> PartialFit<X, Y> for FittedMultiOutputClassifier<M>
where
    X: Samples + ?Sized,
    Y: LabelTargets + ?Sized,
    M: PartialFit<X, Y::Column> + Clone + Send + Sync,
{
    fn partial_fit(&mut self, x: &X, y: &Y) -> Result<()> {
        not_empty(x)?;
        let columns = checked(y, x.n_samples())?;
        let (expected, got) = (self.estimators.len(), columns.len());
        if got != expected {
            return Err(Error::shape("number of columns of y", expected, got));
        }
        self.estimators = after_batch(&self.estimators, |j, model| {
            let learned = model.partial_fit(x, y.as_target(&columns[j]).borrow());
            learned.map_err(|e| e.within(format!("column {j} of y")))
        })?;
        Ok(())
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
