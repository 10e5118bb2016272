//! Each class against the others.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::binary::{
    RelabelTarget, cut, ensure_two, first_classes, known_codes, score_of_one, two_classes,
    zero_and_one,
};
use crate::boxed::Confidence;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{
    after_batch, arg_max, around_only, each, indented, logs, no_confidence, not_empty,
    weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{
    Classes, DecisionFunction, Estimator, PartialFit, Predict, PredictProba, Score,
};

pub(super) const NAME: &str = "OneVsRestClassifier";

around_only! {
    /// One classifier for each class, against all others; the class with the greatest score wins.
    ///
    /// Each classifier learns a target of 1 for its class and 0 for the others; for two classes there is one classifier. Scores
    /// are decision values or, without them, probabilities. Probabilities are those of the classifiers, divided by their sum.
    ///
    /// Several labels at once, as zeros and ones in columns, (n_samples, n_labels), are a target too: each column is learned by itself, see
    /// [`FittedOneVsRestMultiLabel`](super::FittedOneVsRestMultiLabel).
    ///
    /// # Settings
    /// | name | meaning |
    /// |---|---|
    /// | `estimator` | the classifier of two classes; its parameters are `estimator__...` |
    ///
    /// # Complexity
    /// A fit for each class, side by side.
    ///
    /// # Errors
    /// `TooFewClasses`; those of the classifier, with the class in [`Error::context`]; `Unsupported` for one that says nothing of its
    /// confidence.
    ///
    /// # Source
    /// scikit-learn's `OneVsRestClassifier`. A row for which every classifier has probability 0 gets equal probabilities here and
    /// zeros there.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::LogisticRegression, multiclass::OneVsRestClassifier, prelude::*};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// let pipe = pipeline("scale", fitwell::preprocessing::StandardScaler::new()).then("clf", LogisticRegression::new());
    /// let model = OneVsRestClassifier::new(pipe).fit(&wine.x, &wine.target)?;
    /// assert_eq!(model.estimators().len(), 3);
    /// assert!(model.score(&wine.x, &wine.target)? > 0.98);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct OneVsRestClassifier around "classifier of two classes";
}

impl<E> OneVsRestClassifier<E> {
    /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone, with all the classes that may
    /// come. `begin` makes a classifier of the classes 0 and 1.
    ///
    /// ```
    /// use fitwell::{linear_model::SgdClassifier, multiclass::OneVsRestClassifier, prelude::*};
    /// use ndarray::array;
    ///
    /// let rest = OneVsRestClassifier::new(SgdClassifier::new());
    /// let mut model = rest.begin(&Labels::from(["a", "b", "c"]), |sgd, two| sgd.begin::<f64>(1, two))?;
    /// model.partial_fit(&array![[0.0], [1.0]], &Labels::from(["a", "c"]))?;
    /// assert_eq!(model.decision_function(&array![[0.5]])?.dim(), (1, 3));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `TooFewClasses`; those of `begin`.
    pub fn begin<M>(
        &self,
        classes: &Labels,
        begin: impl Fn(&E, &Labels) -> Result<M>,
    ) -> Result<FittedOneVsRestClassifier<M>> {
        let classes = first_classes(NAME, classes)?;
        let positive = positive(classes.len()).into_iter();
        let each = positive.map(|_| begin(&self.estimator, &zero_and_one()));
        Ok(FittedOneVsRestClassifier {
            estimators: each.collect::<Result<_>>()?,
            classes,
        })
    }
}

/// The class of each classifier: of two the second, else each.
fn positive(k: usize) -> Vec<usize> {
    if k == 2 { vec![1] } else { (0..k).collect() }
}

impl<X, Y, E, M> Estimator<X, Y> for OneVsRestClassifier<E>
where
    X: Samples + ?Sized,
    Y: RelabelTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedOneVsRestClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let codes = y.labels().codes_in(labels.classes());
        let positive = positive(labels.classes().len());
        let estimators = each(positive.len(), |i| {
            let class = positive[i];
            let two = two_classes(codes.len(), |row| codes[row] == Some(class as u32));
            let fitted = self.estimator.fit(x, y.relabelled(two).borrow());
            fitted.map_err(|e| e.within(format!("class {}", labels.classes()[class])))
        })?;
        Ok(FittedOneVsRestClassifier {
            classes: ClassList::new(labels.shared_classes()),
            estimators,
        })
    }
}

/// What [`OneVsRestClassifier`] learned: a classifier for each class, one for two classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneVsRestClassifier<M> {
    classes: ClassList,
    estimators: Vec<M>,
}

impl<M> FittedOneVsRestClassifier<M> {
    /// The classifiers, in the order of the classes; of two classes one, for the second.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// A column for each classifier; nothing if one has nothing to say.
    fn columns<F: Float>(
        &self,
        say: impl Fn(&M) -> Option<Result<Array2<F>>>,
        column: usize,
    ) -> Option<Result<Array2<F>>> {
        let mut all: Option<Array2<F>> = None;
        for (j, model) in self.estimators.iter().enumerate() {
            let said = match say(model)? {
                Ok(said) => said,
                Err(e) => return Some(Err(e)),
            };
            if said.ncols() <= column {
                let what = "number of columns of the scores of two classes";
                return Some(Err(Error::shape(what, column + 1, said.ncols())));
            }
            let shape = (said.nrows(), self.estimators.len());
            let all = all.get_or_insert_with(|| Array2::zeros(shape));
            all.column_mut(j).assign(&said.column(column));
        }
        all.map(Ok)
    }

    fn proba<X, F>(&self, x: &X) -> Option<Result<Array2<F>>>
    where
        X: Samples + ?Sized,
        F: Float,
        M: Confidence<X, Float = F>,
    {
        let k = self.classes.len();
        let normalised = |ones: Array2<F>| {
            let mut proba = Array2::zeros((ones.nrows(), k));
            for (one, mut row) in ones.rows().into_iter().zip(proba.rows_mut()) {
                if k == 2 {
                    (row[0], row[1]) = (F::one() - one[0], one[0]);
                    continue;
                }
                let sum: f64 = one.iter().map(|p| p.f64()).sum();
                for (p, one) in row.iter_mut().zip(one) {
                    *p = match sum > 0.0 {
                        true => F::of(one.f64() / sum),
                        false => F::of(1.0 / k as f64),
                    };
                }
            }
            proba
        };
        let ones = self.columns(|m| m.maybe_proba(x), 1)?;
        Some(ones.map(normalised))
    }
}

impl<X, F, M> Predict<X> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let mut scores = Array2::<F>::zeros((x.n_samples(), self.estimators.len()));
        let mut threshold = F::zero();
        for (j, model) in self.estimators.iter().enumerate() {
            let (score, said) = score_of_one(NAME, model, x)?;
            scores.column_mut(j).assign(&score);
            threshold = cut(said);
        }
        let two = self.classes.len() == 2;
        let code = |row: ndarray::ArrayView1<'_, F>| match two {
            true => u32::from(row[0] > threshold),
            false => arg_max(row.iter().copied()) as u32,
        };
        Ok(self
            .classes
            .labels(scores.rows().into_iter().map(code).collect()))
    }
}

/// Each classifier learns from the batch. Classes that were not known before are an error.
impl<X, Y, M> PartialFit<X, Y> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    Y: RelabelTarget + ?Sized,
    M: PartialFit<X, Y> + Clone + Send + Sync,
{
    fn partial_fit(&mut self, x: &X, y: &Y) -> Result<()> {
        not_empty(x)?;
        let codes = known_codes(y, x.n_samples(), self.classes.as_slice())?;
        let positive = positive(self.classes.len());
        self.estimators = after_batch(&self.estimators, |i, model| {
            let two = two_classes(codes.len(), |row| codes[row] == positive[i]);
            let learned = model.partial_fit(x, y.relabelled(two).borrow());
            learned.map_err(|e| e.within(format!("class {}", self.classes.as_slice()[positive[i]])))
        })?;
        Ok(())
    }
}

/// `Unsupported` when the classifiers have none.
impl<X, F, M> PredictProba<X> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        self.proba(x)
            .unwrap_or_else(|| Err(no_confidence(NAME, "predict_proba")))
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(logs(self.predict_proba(x)?))
    }
}

/// `Unsupported` when the classifiers have none.
impl<X, F, M> DecisionFunction<X> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Float = F;

    fn decision_function(&self, x: &X) -> Result<Array2<F>> {
        self.maybe_decision(x)
            .unwrap_or_else(|| Err(no_confidence(NAME, "decision_function")))
    }
}

impl<X, F, M> Confidence<X> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.proba(x)
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.proba(x).map(|p| p.map(logs))
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.columns(|m| m.maybe_decision(x), 0)
    }
}

impl<M> Classes for FittedOneVsRestClassifier<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedOneVsRestClassifier<M>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes> Model for FittedOneVsRestClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let k = self.classes.len();
        let expected = if k == 2 { 1 } else { k };
        ensure::equal("number of classifiers", self.estimators.len(), expected)?;
        for model in &self.estimators {
            model.validate()?;
            ensure_two(model)?;
        }
        Ok(())
    }
}

impl<M: fmt::Display> fmt::Display for FittedOneVsRestClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} classes)", self.classes.len());
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
