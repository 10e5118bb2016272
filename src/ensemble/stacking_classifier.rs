//! A classifier of the predictions of classifiers.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::inputs::StackInput;
use super::members::{Members, Roster};
use super::stacked::{around_stack, out_of_fold};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::LogisticRegression;
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{
    Seen, each, indented, nested, no_confidence, not_empty, second_of_two, side_by_side,
    unknown_parameter, weighted_classes,
};
use crate::model::{Model, ensure};
use crate::model_selection::CrossValidator;
use crate::params::{Hyperparameters, Params, Value, describe};
use crate::targets::ClassTarget;
use crate::traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, Predict, PredictProba, Score, Transform,
};

const NAME: &str = "StackingClassifier";

/// What the last classifier of a stack sees of the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StackMethod {
    /// Of each the first it has of probabilities, decision values and predictions.
    #[default]
    Auto,
    /// Probabilities; of two classes those of the second.
    PredictProba,
    /// Decision values.
    DecisionFunction,
    /// Codes of the predicted classes.
    Predict,
}

/// The settings of [`StackingClassifier`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    stack_method: StackMethod,
    passthrough: bool,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A classifier that learns from the predictions of other classifiers.
///
/// What each classifier says of a row comes from a model that was not fitted on it: by cross-validation. The last classifier
/// is fitted to that. Predictions of new rows go through the classifiers fitted on all rows, and then through the last.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimators` | | classifiers by name; their parameters are `name__...` |
/// | `name` | `fit` | `drop` leaves the classifier of that name out; see [`drop`](Self::drop) |
/// | `final_estimator` | [`LogisticRegression`] | learns from what they say; its parameters are `final_estimator__...` |
/// | `cv` | 5 | a number of stratified folds, a splitter, or a list of splits, with every row once a test row |
/// | `stack_method` | `auto` | a [`StackMethod`] |
/// | `passthrough` | `false` | whether the last classifier sees the samples too, after the predictions |
///
/// Sample weights count in all fits. Models that were fitted before go in as [`FrozenEstimator`](crate::frozen::FrozenEstimator)s
/// with [`AllRows`](crate::frozen::AllRows) for `cv`: scikit-learn's `cv="prefit"`. As a transformer it gives what the last classifier sees.
///
/// # Complexity
/// Of each classifier a fit for each split and one more.
///
/// # Errors
/// `InvalidParameter`, also for names that repeat, are empty or contain `__`; `TooFewClasses`; `Unsupported` for a classifier without
/// what `stack_method` asks for; those of the splitter and the classifiers, with name and fold in [`Error::context`].
///
/// # Source
/// D. H. Wolpert, "Stacked generalization", Neural Networks 5 (1992); the rules are those of scikit-learn's `StackingClassifier`.
///
/// # Examples
/// ```
/// use fitwell::{ensemble::StackingClassifier, neighbors::KNeighborsClassifier, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let members = [("few", 3), ("many", 15)].map(|(name, k)| (name, KNeighborsClassifier::new().n_neighbors(k)));
/// let model = StackingClassifier::new(members).passthrough(true).fit(&wine.x, &wine.target)?;
/// assert!(model.score(&wine.x, &wine.target)? > 0.9);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct StackingClassifier<E, G = LogisticRegression, C = usize> {
    estimators: Roster<E>,
    final_estimator: G,
    settings: Settings,
    cv: C,
}

impl<E> StackingClassifier<E> {
    /// A logistic regression on the predictions of these classifiers, by five folds.
    pub fn new<N: Into<String>>(estimators: impl IntoIterator<Item = (N, E)>) -> Self {
        StackingClassifier {
            estimators: Roster::new(estimators),
            final_estimator: LogisticRegression::new(),
            settings: Settings::default(),
            cv: 5,
        }
    }
}

impl<E, G, C> StackingClassifier<E, G, C> {
    /// What the last classifier sees of the others.
    pub fn stack_method(mut self, method: StackMethod) -> Self {
        self.settings.stack_method = method;
        self
    }
}

around_stack!(StackingClassifier<E, G, C>);

/// What a classifier has of what is asked for.
fn resolve<X, F, M>(method: StackMethod, model: &M, x: &X) -> StackMethod
where
    X: ?Sized,
    F: Float,
    M: Confidence<X, Float = F>,
{
    match method {
        StackMethod::Auto if model.maybe_proba(x).is_some() => StackMethod::PredictProba,
        StackMethod::Auto if model.maybe_decision(x).is_some() => StackMethod::DecisionFunction,
        StackMethod::Auto => StackMethod::Predict,
        method => method,
    }
}

/// What a classifier says of rows, as columns over all classes.
fn say<X, F, M>(method: StackMethod, model: &M, x: &X, classes: &[Class]) -> Result<Array2<F>>
where
    X: ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes,
{
    let places = || -> Result<Vec<usize>> {
        let own = model.classes().iter();
        own.map(|class| {
            classes
                .binary_search(class)
                .map_err(|_| unknown(class, classes))
        })
        .collect()
    };
    match method {
        StackMethod::PredictProba => {
            let none = || Err(no_confidence(NAME, "predict_proba"));
            let proba = model.maybe_proba(x).unwrap_or_else(none)?;
            let places = places()?;
            let mut all = Array2::zeros((proba.nrows(), classes.len()));
            for (column, &place) in proba.columns().into_iter().zip(&places) {
                all.column_mut(place).assign(&column);
            }
            Ok(second_of_two(all))
        }
        StackMethod::DecisionFunction => {
            let none = || Err(no_confidence(NAME, "decision_function"));
            let decision = model.maybe_decision(x).unwrap_or_else(none)?;
            if model.classes() != classes {
                let reason = "the training rows lack a class, which decision values are for";
                return Err(Error::invalid_input(NAME, reason));
            }
            Ok(decision)
        }
        _ => {
            let labels = model.predict(x)?;
            let mut codes = Vec::with_capacity(labels.len());
            for (row, code) in labels.codes_in(classes).into_iter().enumerate() {
                let Some(code) = code else {
                    let class = labels.get(row).cloned().unwrap_or(Class::Int(0));
                    return Err(unknown(&class, classes));
                };
                codes.push(F::of(f64::from(code)));
            }
            Ok(Array1::from(codes).insert_axis(Axis(1)))
        }
    }
}

fn unknown(class: &Class, classes: &[Class]) -> Error {
    ErrorKind::UnknownLabel {
        what: "a class of a stacked model".into(),
        label: class.to_string(),
        known: classes.iter().map(Class::to_string).collect(),
    }
    .into()
}

impl<X, Y, E, M, G, N, C, F> Estimator<X, Y> for StackingClassifier<E, G, C>
where
    X: StackInput<Float = F> + ?Sized,
    Y: ClassTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Send + Sync,
    G: Estimator<ArrayRef2<F>, Y, Fitted = N>,
    N: Classes,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedStackingClassifier<M, N>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        let own = self.settings.params();
        let last = "final_estimator".to_string();
        let chosen = self.estimators.chosen(NAME, own.keys().chain([&last]))?;
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let classes = labels.classes();
        let estimators = chosen.fit(x, y)?;
        let first = x.select(&[0])?;
        let first: &X = std::borrow::Borrow::borrow(&first);
        let wanted = self.settings.stack_method;
        let stack_method: Vec<StackMethod> = (estimators.members.iter())
            .map(|m| resolve(wanted, m, first))
            .collect();
        let splits = self.cv.split(x.n_samples(), y)?;
        let mut parts = out_of_fold(&chosen, x, y, &splits, |i, model, x| {
            say(stack_method[i], model, x, classes)
        })?;
        let widths = parts.iter().map(Array2::ncols).collect();
        if self.settings.passthrough {
            parts.push(x.numbers()?);
        }
        let seen_by_last = side_by_side(&parts)?;
        let final_estimator = self.final_estimator.fit(&seen_by_last, y);
        Ok(FittedStackingClassifier {
            seen: Seen::of(x),
            classes: ClassList::new(labels.shared_classes()),
            estimators,
            stack_method,
            widths,
            passthrough: self.settings.passthrough,
            final_estimator: final_estimator.map_err(|e| e.within("final_estimator"))?,
        })
    }
}

/// What [`StackingClassifier`] learned: the classifiers, fitted on all rows, and the one on top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedStackingClassifier<M, N> {
    seen: Seen,
    classes: ClassList,
    estimators: Members<M>,
    stack_method: Vec<StackMethod>,
    widths: Vec<usize>,
    passthrough: bool,
    final_estimator: N,
}

impl<M, N> FittedStackingClassifier<M, N> {
    /// The fitted classifiers by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &M)> {
        self.estimators.iter()
    }

    /// The classifier on top.
    pub fn final_estimator(&self) -> &N {
        &self.final_estimator
    }

    /// What the classifier on top sees of each.
    pub fn stack_method(&self) -> &[StackMethod] {
        &self.stack_method
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    fn top<X, F>(&self, x: &X) -> Result<Array2<F>>
    where
        X: StackInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    {
        let (estimators, methods) = (&self.estimators, &self.stack_method);
        let classes = self.classes.as_slice();
        let mut parts = each(estimators.len(), |i| {
            let said = say(methods[i], &estimators.members[i], x, classes);
            said.map_err(|e| e.within(estimators.place(i)))
        })?;
        if self.passthrough {
            parts.push(x.numbers()?);
        }
        side_by_side(&parts)
    }
}

impl<X, F, M, N> Predict<X> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    N: Predict<ArrayRef2<F>, Output = Labels>,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        self.final_estimator.predict(&*self.top(x)?)
    }
}

/// What is said when the classifier on top has no such method.
fn missing<T>(operation: &str) -> Result<T> {
    Err(ErrorKind::Unsupported {
        estimator: format!("the final estimator of {NAME}"),
        operation: operation.into(),
    }
    .into())
}

/// `Unsupported` when the classifier on top has none.
impl<X, F, M, N> PredictProba<X> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    N: Confidence<ArrayRef2<F>, Float = F>,
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        self.maybe_proba(x)
            .unwrap_or_else(|| missing("predict_proba"))
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        self.maybe_log_proba(x)
            .unwrap_or_else(|| missing("predict_log_proba"))
    }
}

/// `Unsupported` when the classifier on top has none.
impl<X, F, M, N> DecisionFunction<X> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    N: Confidence<ArrayRef2<F>, Float = F>,
{
    type Float = F;

    fn decision_function(&self, x: &X) -> Result<Array2<F>> {
        self.maybe_decision(x)
            .unwrap_or_else(|| missing("decision_function"))
    }
}

impl<X, F, M, N> Confidence<X> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    N: Confidence<ArrayRef2<F>, Float = F>,
{
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.asked(x, |n, top| n.maybe_proba(top))
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.asked(x, |n, top| n.maybe_log_proba(top))
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.asked(x, |n, top| n.maybe_decision(top))
    }
}

impl<M, N> FittedStackingClassifier<M, N> {
    /// What the classifier on top answers, if it has an answer to anything.
    fn asked<X, F>(
        &self,
        x: &X,
        ask: impl Fn(&N, &ArrayRef2<F>) -> Option<Result<Array2<F>>>,
    ) -> Option<Result<Array2<F>>>
    where
        X: StackInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    {
        let nothing = Array2::<F>::zeros((0, self.n_top()));
        let _ = ask(&self.final_estimator, &nothing)?;
        match self.top(x) {
            Ok(top) => ask(&self.final_estimator, &top),
            Err(e) => Some(Err(e)),
        }
    }

    /// The columns that the classifier on top sees.
    fn n_top(&self) -> usize {
        let own: usize = self.widths.iter().sum();
        own + if self.passthrough {
            self.seen.n_features
        } else {
            0
        }
    }
}

/// What the classifier on top sees.
impl<X, F, M, N> Transform<X> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
{
    type Output = Array2<F>;

    fn transform(&self, x: &X) -> Result<Array2<F>> {
        self.top(x)
    }
}

impl<M, N> FeatureNamesOut for FittedStackingClassifier<M, N> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let samples = self.seen.names(input)?;
        let mut names = Vec::with_capacity(self.n_top());
        for ((name, _), &width) in self.estimators.iter().zip(&self.widths) {
            match width {
                1 => names.push(format!("stackingclassifier_{name}")),
                _ => names.extend((0..width).map(|k| format!("stackingclassifier_{name}{k}"))),
            }
        }
        if self.passthrough {
            names.extend(samples);
        }
        Ok(names)
    }
}

impl<M, N> Classes for FittedStackingClassifier<M, N> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M, N> Score<X, Y> for FittedStackingClassifier<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Classes + Sync,
    N: Predict<ArrayRef2<F>, Output = Labels>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        crate::metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes, N: Model + Classes> Model for FittedStackingClassifier<M, N> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}, {}>", M::type_name(), N::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        self.classes.validate()?;
        self.estimators.validate()?;
        self.final_estimator
            .validate()
            .map_err(|e| e.within("final_estimator"))?;
        let (n, k) = (self.estimators.len(), self.classes.len());
        ensure::equal("number of stacking methods", self.stack_method.len(), n)?;
        ensure::equal("number of widths", self.widths.len(), n)?;
        for (method, &width) in self.stack_method.iter().zip(&self.widths) {
            let expected = match method {
                StackMethod::Auto => {
                    return Err(Error::model_file("a stacking method is left open"));
                }
                StackMethod::Predict => 1,
                _ if k == 2 => 1,
                _ => k,
            };
            ensure::equal("width of what a classifier says", width, expected)?;
        }
        let same = |classes: &[Class]| classes == self.classes.as_slice();
        let all = self.estimators.members.iter().all(|m| same(m.classes()));
        ensure::that(all && same(self.final_estimator.classes()), || {
            "a classifier has other classes".into()
        })
    }
}

impl<M: fmt::Display, N: fmt::Display> fmt::Display for FittedStackingClassifier<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.estimators.parts();
        parts.push(("final_estimator", &self.final_estimator));
        let head = format!("Fitted{NAME}({} classifiers)", self.estimators.len());
        indented(f, &head, &parts)
    }
}
