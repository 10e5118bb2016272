//! Each class against each other.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2};
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
    Said, after_batch, arg_max, around_only, each, indented, not_empty, weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::samples::Samples;
use crate::targets::{ClassTarget, Targets};
use crate::traits::{Classes, DecisionFunction, Estimator, PartialFit, Predict, Score};

const NAME: &str = "OneVsOneClassifier";

around_only! {
    /// One classifier for each pair of classes, on the rows of both; the class with most votes wins.
    ///
    /// The decision value of a class is the number of its votes, plus s / (3 (|s| + 1)) for the sum s of the scores for it, which
    /// breaks ties and no more. Scores are decision values or, without them, probabilities.
    ///
    /// # Settings
    /// | name | meaning |
    /// |---|---|
    /// | `estimator` | the classifier of two classes; its parameters are `estimator__...` |
    ///
    /// # Complexity
    /// k (k − 1) / 2 fits for k classes, each to the rows of two classes, side by side.
    ///
    /// # Errors
    /// `TooFewClasses`; those of the classifier, with the classes in [`Error::context`]; `Unsupported` for one that says nothing of
    /// its confidence.
    ///
    /// # Source
    /// scikit-learn's `OneVsOneClassifier`.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::RidgeClassifier, multiclass::OneVsOneClassifier, prelude::*};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// let model = OneVsOneClassifier::new(RidgeClassifier::new()).fit(&wine.x, &wine.target)?;
    /// assert_eq!(model.estimators().len(), 3);
    /// assert!(model.score(&wine.x, &wine.target)? > 0.98);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct OneVsOneClassifier around "classifier of two classes";
}

impl<E> OneVsOneClassifier<E> {
    /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone, with all the classes that may
    /// come. `begin` makes a classifier of the classes 0 and 1.
    ///
    /// ```
    /// use fitwell::{linear_model::SgdClassifier, multiclass::OneVsOneClassifier, prelude::*};
    /// use ndarray::array;
    ///
    /// let one = OneVsOneClassifier::new(SgdClassifier::new());
    /// let mut model = one.begin(&Labels::from(["a", "b", "c"]), |sgd, two| sgd.begin::<f64>(1, two))?;
    /// model.partial_fit(&array![[0.0], [1.0]], &Labels::from(["a", "c"]))?;
    /// assert_eq!(model.estimators().len(), 3);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `TooFewClasses`; those of `begin`.
    pub fn begin<M>(
        &self,
        classes: &Labels,
        begin: impl Fn(&E, &Labels) -> Result<M>,
    ) -> Result<FittedOneVsOneClassifier<M>> {
        let classes = first_classes(NAME, classes)?;
        let each = pairs(classes.len()).map(|_| begin(&self.estimator, &zero_and_one()));
        Ok(FittedOneVsOneClassifier {
            estimators: each.collect::<Result<_>>()?,
            classes,
        })
    }
}

/// The pairs of `k` classes, in order.
fn pairs(k: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..k).flat_map(move |i| (i + 1..k).map(move |j| (i, j)))
}

impl<X, Y, E, M> Estimator<X, Y> for OneVsOneClassifier<E>
where
    X: Samples + ?Sized,
    Y: RelabelTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Send,
{
    type Fitted = FittedOneVsOneClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let codes = y.labels().codes_in(labels.classes());
        let pairs: Vec<(usize, usize)> = pairs(labels.classes().len()).collect();
        let estimators = each(pairs.len(), |task| {
            let (i, j) = pairs[task];
            let is = |row: usize, class: usize| codes[row] == Some(class as u32);
            let rows: Vec<usize> = (0..codes.len()).filter(|&r| is(r, i) || is(r, j)).collect();
            let fit = || {
                let all = y.relabelled(two_classes(codes.len(), |row| is(row, j)));
                let some_y = Targets::select(Borrow::<Y>::borrow(&all), &rows)?;
                let fitted = self
                    .estimator
                    .fit(x.select(&rows)?.borrow(), some_y.borrow());
                fitted.map_err(|e| e.at_rows(&rows))
            };
            let (a, b) = (&labels.classes()[i], &labels.classes()[j]);
            fit().map_err(|e: Error| e.within(format!("classes {a} and {b}")))
        })?;
        Ok(FittedOneVsOneClassifier {
            classes: ClassList::new(labels.shared_classes()),
            estimators,
        })
    }
}

/// What [`OneVsOneClassifier`] learned: a classifier for each pair of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneVsOneClassifier<M> {
    classes: ClassList,
    estimators: Vec<M>,
}

impl<M> FittedOneVsOneClassifier<M> {
    /// The classifiers of the pairs (0, 1), (0, 2), ..., (1, 2), ... of classes.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// Votes and what breaks their ties, (n_samples, n_classes), and how scores were said.
    fn votes<X, F>(&self, x: &X) -> Result<(Array2<F>, Said)>
    where
        X: Samples + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
    {
        let (n, k) = (x.n_samples(), self.classes.len());
        let (mut votes, mut sums) = (Array2::<f64>::zeros((n, k)), Array2::<f64>::zeros((n, k)));
        let mut how = Said::Decision;
        for ((i, j), model) in pairs(k).zip(&self.estimators) {
            let predicted = model.predict(x)?;
            let (scores, said): (Array1<F>, Said) = score_of_one(NAME, model, x)?;
            how = said;
            let codes = predicted.codes_in(&[Class::Int(0), Class::Int(1)]);
            for (row, (score, code)) in scores.iter().zip(codes).enumerate() {
                sums[[row, i]] -= score.f64();
                sums[[row, j]] += score.f64();
                votes[[row, if code == Some(1) { j } else { i }]] += 1.0;
            }
        }
        votes.zip_mut_with(&sums, |v, s| *v += s / (3.0 * (s.abs() + 1.0)));
        Ok((votes.mapv(F::of), how))
    }
}

impl<X, F, M> Predict<X> for FittedOneVsOneClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let (votes, said) = self.votes(x)?;
        let two = self.classes.len() == 2;
        let code = |row: ndarray::ArrayView1<'_, F>| match two {
            true => u32::from(row[1] > cut(said)),
            false => arg_max(row.iter().copied()) as u32,
        };
        Ok(self
            .classes
            .labels(votes.rows().into_iter().map(code).collect()))
    }
}

/// The classifier of each pair learns from the rows of both, if there are any. Classes that were not known before are an error.
impl<X, Y, M> PartialFit<X, Y> for FittedOneVsOneClassifier<M>
where
    X: Samples + ?Sized,
    Y: RelabelTarget + ?Sized,
    M: PartialFit<X, Y> + Clone + Send + Sync,
{
    fn partial_fit(&mut self, x: &X, y: &Y) -> Result<()> {
        not_empty(x)?;
        let classes = self.classes.as_slice();
        let codes = known_codes(y, x.n_samples(), classes)?;
        let pairs: Vec<(usize, usize)> = pairs(classes.len()).collect();
        self.estimators = after_batch(&self.estimators, |task, model| {
            let (i, j) = pairs[task];
            let mut rows = (0..codes.len()).collect::<Vec<usize>>();
            rows.retain(|&row| codes[row] == i || codes[row] == j);
            if rows.is_empty() {
                return Ok(());
            }
            let all = y.relabelled(two_classes(codes.len(), |row| codes[row] == j));
            let some_y = Targets::select(Borrow::<Y>::borrow(&all), &rows)?;
            let learned = model.partial_fit(x.select(&rows)?.borrow(), some_y.borrow());
            let place = || format!("classes {} and {}", classes[i], classes[j]);
            learned.map_err(|e| e.at_rows(&rows).within(place()))
        })?;
        Ok(())
    }
}

impl<X, F, M> DecisionFunction<X> for FittedOneVsOneClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
{
    type Float = F;

    fn decision_function(&self, x: &X) -> Result<Array2<F>> {
        let (votes, _) = self.votes(x)?;
        Ok(crate::meta::second_of_two(votes))
    }
}

impl<X, F, M> Confidence<X> for FittedOneVsOneClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
{
    type Float = F;
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(DecisionFunction::decision_function(self, x))
    }
}

impl<M> Classes for FittedOneVsOneClassifier<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedOneVsOneClassifier<M>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes> Model for FittedOneVsOneClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let expected = pairs(self.classes.len())
            .take(self.estimators.len() + 1)
            .count();
        ensure::equal("number of classifiers", self.estimators.len(), expected)?;
        for model in &self.estimators {
            model.validate()?;
            ensure_two(model)?;
        }
        Ok(())
    }
}

impl<M: fmt::Display> fmt::Display for FittedOneVsOneClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!(
            "Fitted{NAME}({} classes, {} pairs)",
            self.classes.len(),
            self.estimators.len()
        );
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
