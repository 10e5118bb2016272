//! Classifiers alike on rows and columns drawn at random.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::bags::{Bag, Bagging, Portion, bagging_builder, bagging_settings, seeded};
use super::inputs::{BagInput, BagTarget};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{
    Seen, arg_max, around_one, each, indented, no_confidence, not_empty, weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params};
use crate::targets::ClassTarget;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

const NAME: &str = "BaggingClassifier";

bagging_settings!();

/// Many copies of one classifier, each fitted to rows (and columns) drawn at random; probabilities are the means of theirs.
///
/// The mean of models that were fitted to different samples varies less than each. It helps classifiers that change much with
/// their data, and does little for others. Rows that a copy was not fitted on tell how good it is: `oob_score`.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `estimator` | | | the classifier; its parameters are `estimator__...` |
/// | `n_estimators` | 10 | 1 to 1,000,000 | how many copies |
/// | `max_samples` | all | a [`Portion`] | the rows of each; a share is of the total weight where there are weights, and may then be more than all |
/// | `max_features` | 1.0 | a [`Portion`] | the columns of each |
/// | `bootstrap` | `true` | | whether a row may be drawn again |
/// | `bootstrap_features` | `false` | | whether a column may be drawn again; of tables none can be |
/// | `oob_score` | `false` | only with `bootstrap` | whether rows are scored by the copies that were not fitted on them |
/// | `random_state` | 0 | | the seed, from which every `random_state` of the copies follows |
///
/// Rows are drawn by their weights, and the copies are fitted without weights, as in scikit-learn: any classifier will do.
/// Classifiers without probabilities vote. [`extend`](Self::extend) adds copies to a model: scikit-learn's `warm_start`.
///
/// # Complexity
/// A fit for each copy. Copies are fitted side by side.
///
/// # Errors
/// `InvalidParameter`; `TooFewClasses`; those of the classifier, with the copy in [`Error::context`]. A copy that draws a
/// single class is an `InvalidParameter` of `max_samples`.
///
/// # Source
/// L. Breiman, "Bagging predictors", Machine Learning 24 (1996), and with columns T. K. Ho, "The random subspace method" (1998). The
/// rules are those of scikit-learn's `BaggingClassifier`, its random numbers are not. There the classifier has a default, a tree.
///
/// # Examples
/// ```
/// use fitwell::{ensemble::BaggingClassifier, neighbors::KNeighborsClassifier, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let bag = BaggingClassifier::new(KNeighborsClassifier::new()).max_features(0.5).oob_score(true);
/// let model = bag.fit(&wine.x, &wine.target)?;
/// assert!(model.oob_score().is_some_and(|s| s > 0.7));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct BaggingClassifier<E> {
    estimator: E,
    settings: Settings,
}

bagging_builder!(BaggingClassifier, "classifier");

around_one!(BaggingClassifier<E>);

/// What the copies learned together.
struct Copies<M> {
    estimators: Vec<M>,
    bags: Vec<Bag>,
}

impl<E> BaggingClassifier<E> {
    /// The copies from `first` on.
    fn copies<X, Y, M>(&self, x: &X, y: &Y, first: usize) -> Result<Copies<M>>
    where
        X: BagInput + ?Sized,
        Y: ClassTarget + BagTarget + ?Sized,
        E: Estimator<X, Y::Plain, Fitted = M> + Params + Sync,
        M: Send,
    {
        let (settings, n, p) = (&self.settings.0, x.n_samples(), x.n_features());
        let weights = y.sample_weight().map_or(vec![1.0; n], |w| w.to_vec());
        let fitted = each(settings.n_estimators - first, |i| {
            let i = first + i;
            let fit = || -> Result<(M, Bag)> {
                let bag = settings.bag(NAME, i, p, &weights)?;
                let codes = y.labels().codes();
                if bag.rows.iter().all(|&row| codes[row] == codes[bag.rows[0]]) {
                    let expected = "large enough that every copy draws two classes";
                    let got = format!("{} rows of one class", bag.rows.len());
                    return Err(Error::invalid_parameter(NAME, "max_samples", expected, got));
                }
                let rows = x.select(&bag.rows)?;
                let x: &X = rows.borrow();
                let columns = x.some_columns(&bag.columns)?;
                let y = y.plain_rows(&bag.rows)?;
                let estimator = seeded(&self.estimator, settings.random_state, i)?;
                let model = estimator.fit(columns.borrow(), y.borrow());
                let model = model.map_err(|e| e.at_rows(&bag.rows).at_columns(&bag.columns))?;
                Ok((model, bag))
            };
            fit().map_err(|e| e.within(format!("copy {i}")))
        })?;
        let (estimators, bags) = fitted.into_iter().unzip();
        Ok(Copies { estimators, bags })
    }

    fn checked<X, Y>(&self, x: &X, y: &Y) -> Result<Labels>
    where
        X: BagInput + ?Sized,
        Y: ClassTarget + ?Sized,
    {
        self.settings.check()?;
        not_empty(x)?;
        x.check_values()?;
        weighted_classes(NAME, y, x.n_samples())
    }

    /// A model of this bagger with more copies, up to `n_estimators`: the same as one that was fitted with so many at once,
    /// on the same data. Without `oob_score`.
    ///
    /// ```
    /// use fitwell::{ensemble::BaggingClassifier, neighbors::KNeighborsClassifier, prelude::*};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// let bag = BaggingClassifier::new(KNeighborsClassifier::new());
    /// let few = bag.clone().n_estimators(3).fit(&wine.x, &wine.target)?;
    /// let more = bag.clone().n_estimators(5).extend(&few, &wine.x, &wine.target)?;
    /// assert_eq!(more, bag.n_estimators(5).fit(&wine.x, &wine.target)?);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `fit`; `InvalidParameter` for fewer copies than there are, and with `oob_score`; `InvalidInput` for data with other
    /// classes or columns.
    pub fn extend<X, Y, M>(
        &self,
        model: &FittedBaggingClassifier<M>,
        x: &X,
        y: &Y,
    ) -> Result<FittedBaggingClassifier<M>>
    where
        X: crate::samples::AsSamples<Samples: BagInput> + ?Sized,
        Y: crate::targets::AsTargets<Targets: ClassTarget + BagTarget> + ?Sized,
        E: Estimator<X::Samples, <Y::Targets as BagTarget>::Plain, Fitted = M> + Params + Sync,
        M: Clone + Send,
    {
        let (x, y) = (x.as_samples(), y.as_targets());
        let labels = self.checked(x, y)?;
        let (wanted, there) = (self.settings.0.n_estimators, model.estimators.len());
        if wanted < there {
            let expected = format!("at least {there}, the copies of the model");
            return Err(Error::invalid_parameter(
                NAME,
                "n_estimators",
                expected,
                wanted,
            ));
        }
        if self.settings.0.oob_score {
            let expected = "false for a model that is extended";
            return Err(Error::invalid_parameter(NAME, "oob_score", expected, true));
        }
        model.seen.rows(x)?;
        if labels.classes() != model.classes.as_slice() {
            return Err(Error::invalid_input(
                "y",
                "has other classes than the model",
            ));
        }
        let copies = self.copies(x, y, there)?;
        let mut model = model.clone();
        model.estimators.extend(copies.estimators);
        let columns = copies.bags.into_iter().map(|b| b.columns);
        model.estimators_features.extend(columns);
        model.oob = None;
        Ok(model)
    }
}

impl<X, Y, E, M, F> Estimator<X, Y> for BaggingClassifier<E>
where
    X: BagInput<Float = F> + ?Sized,
    Y: ClassTarget + BagTarget + ?Sized,
    E: Estimator<X, Y::Plain, Fitted = M> + Params + Sync,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Send + Sync,
    F: Float,
{
    type Fitted = FittedBaggingClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        let labels = self.checked(x, y)?;
        let Copies { estimators, bags } = self.copies(x, y, 0)?;
        let mut model = FittedBaggingClassifier {
            seen: Seen::of(x),
            classes: ClassList::new(labels.shared_classes()),
            estimators,
            estimators_features: bags.iter().map(|b| b.columns.clone()).collect(),
            oob: None,
        };
        if self.settings.0.oob_score {
            model.oob = Some(model.out_of_bag(x, y.labels(), &bags)?);
        }
        Ok(model)
    }
}

/// What rows out of the bags say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutOfBag {
    score: f64,
    decision_function: Array2<f64>,
}

/// What [`BaggingClassifier`] learned: the copies, and the columns each sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedBaggingClassifier<M> {
    seen: Seen,
    classes: ClassList,
    estimators: Vec<M>,
    estimators_features: Vec<Vec<usize>>,
    oob: Option<OutOfBag>,
}

impl<M> FittedBaggingClassifier<M> {
    /// The fitted copies.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The columns that each copy sees.
    pub fn estimators_features(&self) -> &[Vec<usize>] {
        &self.estimators_features
    }

    /// The accuracy on rows out of the bags, if it was asked for.
    pub fn oob_score(&self) -> Option<f64> {
        self.oob.as_ref().map(|o| o.score)
    }

    /// The probabilities of each training row by the copies that were not fitted on it, if they were asked for. A row that every copy was
    /// fitted on has zeros, where scikit-learn has NaN.
    pub fn oob_decision_function(&self) -> Option<&Array2<f64>> {
        self.oob.as_ref().map(|o| &o.decision_function)
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }
}

impl<M: Classes> FittedBaggingClassifier<M> {
    /// The probabilities of copy `i`, or 1 for the class it says.
    fn say<X, F>(&self, i: usize, x: &X) -> Result<Array2<f64>>
    where
        X: BagInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F>,
    {
        let (model, features) = (&self.estimators[i], &self.estimators_features[i]);
        let columns = x.some_columns(features)?;
        let x: &X = columns.borrow();
        let mut all = Array2::zeros((x.n_samples(), self.classes.len()));
        match model.maybe_proba(x) {
            Some(proba) => {
                let (proba, places) = (proba?, self.places(model)?);
                for (column, &place) in proba.columns().into_iter().zip(&places) {
                    all.column_mut(place).assign(&column.mapv(F::f64));
                }
            }
            None => {
                let labels = model.predict(x)?;
                let codes = labels.codes_in(self.classes.as_slice());
                for (row, code) in codes.into_iter().enumerate() {
                    if let Some(code) = code {
                        all[[row, code as usize]] = 1.0;
                    }
                }
            }
        }
        Ok(all)
    }

    /// The places of a copy's classes.
    fn places(&self, model: &M) -> Result<Vec<usize>> {
        let among = self.classes.as_slice();
        let place = |class: &Class| {
            among.binary_search(class).map_err(|_| -> Error {
                ErrorKind::UnknownLabel {
                    what: "a class of a copy".into(),
                    label: class.to_string(),
                    known: among.iter().map(Class::to_string).collect(),
                }
                .into()
            })
        };
        model.classes().iter().map(place).collect()
    }

    /// `ask` of each copy, summed in order.
    fn sum<T>(
        &self,
        ask: impl Fn(usize) -> Result<Array2<f64>> + Sync + Send,
        then: impl FnOnce(Array2<f64>) -> T,
    ) -> Result<T> {
        let each = each(self.estimators.len(), |i| {
            ask(i).map_err(|e| e.within(format!("copy {i}")))
        })?;
        let mut total = Array2::zeros(each.first().map_or((0, 0), Array2::dim));
        for part in &each {
            if part.dim() != total.dim() {
                let what = "number of columns of what a copy says";
                return Err(Error::shape(what, total.ncols(), part.ncols()));
            }
            total += part;
        }
        Ok(then(total))
    }

    fn proba<X, F>(&self, x: &X) -> Result<Array2<F>>
    where
        X: BagInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Sync,
    {
        self.seen.rows(x)?;
        x.check_values()?;
        let count = self.estimators.len() as f64;
        self.sum(
            |i| self.say(i, x),
            |total| total.mapv(|p| F::of((p / count).min(1.0))),
        )
    }

    fn out_of_bag<X, F>(&self, x: &X, y: &Labels, bags: &[Bag]) -> Result<OutOfBag>
    where
        X: BagInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Sync,
    {
        let n = x.n_samples();
        let mut total = self.sum(
            |i| {
                let mut inside = vec![false; n];
                bags[i].rows.iter().for_each(|&row| inside[row] = true);
                let rows: Vec<usize> = (0..n).filter(|row| !inside[*row]).collect();
                let mut all = Array2::zeros((n, self.classes.len()));
                if !rows.is_empty() {
                    let said = self.say(i, x.select(&rows)?.borrow())?;
                    for (&row, p) in rows.iter().zip(said.rows()) {
                        all.row_mut(row).assign(&p);
                    }
                }
                Ok(all)
            },
            |total| total,
        )?;
        let mut never = 0;
        let codes = total
            .rows()
            .into_iter()
            .map(|row| arg_max(row.iter().copied()) as u32);
        let said = self.classes.labels(codes.collect());
        for mut row in total.rows_mut() {
            let sum = row.sum();
            if sum > 0.0 {
                row /= sum;
            } else {
                never += 1;
            }
        }
        if never > 0 {
            log::warn!(
                "{NAME}: {never} rows were in every bag; more copies give each an out-of-bag prediction"
            );
        }
        Ok(OutOfBag {
            score: metrics::accuracy_score(y, &said)?,
            decision_function: total,
        })
    }
}

impl<X, F, M> Predict<X> for FittedBaggingClassifier<M>
where
    X: BagInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let proba = self.proba(x)?;
        let codes = proba
            .rows()
            .into_iter()
            .map(|row| arg_max(row.iter().copied()) as u32);
        Ok(self.classes.labels(codes.collect()))
    }
}

impl<X, F, M> PredictProba<X> for FittedBaggingClassifier<M>
where
    X: BagInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        self.proba(x)
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(crate::meta::logs(self.proba(x)?))
    }
}

/// The mean of the copies' decision values; `Unsupported` where they have none.
impl<X, F, M> DecisionFunction<X> for FittedBaggingClassifier<M>
where
    X: BagInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    type Float = F;

    fn decision_function(&self, x: &X) -> Result<Array2<F>> {
        self.seen.rows(x)?;
        x.check_values()?;
        let count = self.estimators.len() as f64;
        self.sum(
            |i| {
                let columns = x.some_columns(&self.estimators_features[i])?;
                let model = &self.estimators[i];
                let none = || Err(no_confidence(NAME, "decision_function"));
                if model.classes() != self.classes.as_slice() {
                    let reason = "it has fewer classes, and decision values are for all";
                    return Err(Error::invalid_input(format!("copy {i}"), reason));
                }
                let decision = model
                    .maybe_decision(columns.borrow())
                    .unwrap_or_else(none)?;
                Ok(decision.mapv(F::f64))
            },
            |total| total.mapv(|d| F::of(d / count)),
        )
    }
}

/// Logarithms are left out: shares of votes are often 0.
impl<X, F, M> Confidence<X> for FittedBaggingClassifier<M>
where
    X: BagInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        Some(self.proba(x))
    }
    /// Of copies that have decision values of all classes.
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<F>>> {
        let no_rows = x.select(&[]).ok()?;
        let _ = self.estimators.first()?.maybe_decision(no_rows.borrow())?;
        let whole = |model: &M| model.classes() == self.classes.as_slice();
        let all = self.estimators.iter().all(whole);
        all.then(|| DecisionFunction::decision_function(self, x))
    }
}

impl<M> Classes for FittedBaggingClassifier<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedBaggingClassifier<M>
where
    X: BagInput<Float = F> + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes> Model for FittedBaggingClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        self.classes.validate()?;
        super::bags::validate(
            &self.estimators,
            &self.estimators_features,
            self.seen.n_features,
        )?;
        for model in &self.estimators {
            self.places(model)
                .map_err(|e| Error::model_file(e.to_string()))?;
        }
        let Some(oob) = &self.oob else { return Ok(()) };
        let k = self.classes.len();
        ensure::equal(
            "classes of the out-of-bag probabilities",
            oob.decision_function.ncols(),
            k,
        )?;
        let inside = oob.decision_function.iter().chain([&oob.score]);
        ensure::that(inside.clone().all(|p| (0.0..=1.0).contains(p)), || {
            "an out-of-bag probability is outside [0, 1]".into()
        })
    }
}

impl<M: fmt::Display> fmt::Display for FittedBaggingClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = format!("Fitted{NAME}({} classifiers", self.estimators.len());
        if let Some(oob) = &self.oob {
            head.push_str(&format!(", out-of-bag accuracy {:.4}", oob.score));
        }
        head.push(')');
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
