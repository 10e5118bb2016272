//! A classifier of two classes by a threshold that is given.

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::meta::{around_one, indented, no_confidence, not_empty, weighted_classes};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

const NAME: &str = "FixedThresholdClassifier";

/// What a threshold is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMethod {
    /// The probability if the classifier has any, the decision value otherwise.
    #[default]
    Auto,
    /// The probability of the positive class.
    PredictProba,
    /// The decision value, positive for the positive class.
    DecisionFunction,
}

/// The score of the positive class in each row, and the threshold by which the classifier itself would go.
pub(super) fn scores<X: ?Sized, F: Float, M: Confidence<X, Float = F>>(
    estimator: &str,
    model: &M,
    x: &X,
    method: ResponseMethod,
    positive: usize,
) -> Result<(Vec<f64>, f64)> {
    let proba = match method {
        ResponseMethod::DecisionFunction => None,
        _ => model.maybe_proba(x),
    };
    if let Some(proba) = proba {
        let proba = proba?;
        expect_columns(&proba, 2)?;
        return Ok((
            proba.column(positive).iter().map(|p| p.f64()).collect(),
            0.5,
        ));
    }
    let decision = match method {
        ResponseMethod::PredictProba => None,
        _ => model.maybe_decision(x),
    };
    let Some(decision) = decision else {
        return Err(no_confidence(
            estimator,
            match method {
                ResponseMethod::Auto => "predict_proba or decision_function",
                ResponseMethod::PredictProba => "predict_proba",
                ResponseMethod::DecisionFunction => "decision_function",
            },
        ));
    };
    let decision = decision?;
    expect_columns(&decision, 1)?;
    let sign = if positive == 1 { 1.0 } else { -1.0 };
    Ok((decision.iter().map(|d| sign * d.f64()).collect(), 0.0))
}

fn expect_columns<F>(values: &Array2<F>, expected: usize) -> Result<()> {
    if values.ncols() == expected {
        return Ok(());
    }
    let what = "number of columns of the scores of two classes";
    Err(Error::shape(what, expected, values.ncols()))
}

/// The place of the positive class among two: the one given, or the second.
pub(super) fn positive_place(
    estimator: &str,
    classes: &[Class],
    pos_label: Option<&Class>,
) -> Result<usize> {
    if classes.len() != 2 {
        let reason = format!("has {} classes; a threshold is for two", classes.len());
        return Err(Error::invalid_input(
            format!("the target of `{estimator}`"),
            reason,
        ));
    }
    let Some(class) = pos_label else { return Ok(1) };
    classes.binary_search(class).map_err(|_| {
        ErrorKind::UnknownLabel {
            what: format!("`pos_label` of `{estimator}`"),
            label: class.to_string(),
            known: classes.iter().map(Class::to_string).collect(),
        }
        .into()
    })
}

/// The positive class where the score is at least the threshold.
pub(super) fn by_threshold(
    scores: &[f64],
    threshold: f64,
    positive: usize,
    classes: &std::sync::Arc<Vec<Class>>,
) -> Labels {
    let code = |s: &f64| if *s >= threshold { positive } else { 1 - positive } as u32;
    Labels::from_trusted(
        scores.iter().map(code).collect(),
        std::sync::Arc::clone(classes),
    )
}

/// The settings of [`FixedThresholdClassifier`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[serde(with = "crate::params::optional_number")]
    threshold: Option<f64>,
    pos_label: Option<Class>,
    response_method: ResponseMethod,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        match self.threshold {
            Some(t) if !t.is_finite() => Err(Error::invalid_parameter(
                NAME,
                "threshold",
                "a finite number",
                t,
            )),
            _ => Ok(()),
        }
    }
}

/// A classifier of two classes that says the positive one where its score is at least a given threshold.
///
/// The score is the probability of the positive class, or its decision value. The right threshold depends on what mistakes
/// cost: with probabilities that mean what they say, and costs c₀₁ of a false alarm and c₁₀ of a miss, it is
/// c₀₁ / (c₀₁ + c₁₀). [`TunedThresholdClassifierCv`](super::TunedThresholdClassifierCv) finds one from data.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimator` | | the classifier; its parameters are `estimator__...` |
/// | `threshold` | none | 0.5 for probabilities and 0 for decision values where none is given |
/// | `pos_label` | the second class | the positive class |
/// | `response_method` | `auto` | a [`ResponseMethod`] |
///
/// A model that was fitted before goes in as a [`FrozenEstimator`](crate::frozen::FrozenEstimator).
///
/// # Errors
/// `InvalidInput` for a target of other than two classes; `UnknownLabel` for a `pos_label` that is not among them;
/// `Unsupported` for a classifier without such scores; those of the classifier.
///
/// # Source
/// scikit-learn's `FixedThresholdClassifier`.
///
/// # Examples
/// ```
/// use fitwell::model_selection::FixedThresholdClassifier;
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
/// let y: Labels = (0..20).map(|i| i >= 10).collect();
/// let wary = FixedThresholdClassifier::new(LogisticRegression::new()).threshold(0.01).fit(&x, &y)?;
/// let plain = LogisticRegression::new().fit(&x, &y)?;
/// let alarms = |y: Labels| y.counts()[1];
/// assert!(alarms(wary.predict(&x)?) > alarms(plain.predict(&x)?));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct FixedThresholdClassifier<E> {
    estimator: E,
    settings: Settings,
}

impl<E> FixedThresholdClassifier<E> {
    /// Around this classifier, with its own threshold.
    pub fn new(estimator: E) -> Self {
        FixedThresholdClassifier {
            estimator,
            settings: Settings::default(),
        }
    }

    /// The score from which on the positive class is said.
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.settings.threshold = Some(threshold);
        self
    }

    /// The positive class.
    pub fn pos_label(mut self, class: impl Into<Class>) -> Self {
        self.settings.pos_label = Some(class.into());
        self
    }

    /// What the threshold is compared with.
    pub fn response_method(mut self, method: ResponseMethod) -> Self {
        self.settings.response_method = method;
        self
    }

    /// The classifier.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(FixedThresholdClassifier<E>);

impl<X, Y, E, M> Estimator<X, Y> for FixedThresholdClassifier<E>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M>,
    M: Classes,
{
    type Fitted = FittedFixedThresholdClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        positive_place(NAME, labels.classes(), self.settings.pos_label.as_ref())?;
        let estimator = self.estimator.fit(x, y)?;
        let positive = positive_place(NAME, estimator.classes(), self.settings.pos_label.as_ref())?;
        Ok(FittedFixedThresholdClassifier {
            estimator,
            threshold: self.settings.threshold,
            positive,
            response_method: self.settings.response_method,
        })
    }
}

/// What [`FixedThresholdClassifier`] learned: the classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedFixedThresholdClassifier<M> {
    estimator: M,
    threshold: Option<f64>,
    positive: usize,
    response_method: ResponseMethod,
}

impl<M> FittedFixedThresholdClassifier<M> {
    /// The fitted classifier.
    pub fn estimator(&self) -> &M {
        &self.estimator
    }

    /// The threshold, where one was given.
    pub fn threshold(&self) -> Option<f64> {
        self.threshold
    }
}

impl<X: Samples + ?Sized, F: Float, M: Confidence<X, Float = F> + Classes> Predict<X>
    for FittedFixedThresholdClassifier<M>
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let (scores, own) = scores(
            NAME,
            &self.estimator,
            x,
            self.response_method,
            self.positive,
        )?;
        let classes = std::sync::Arc::new(self.estimator.classes().to_vec());
        Ok(by_threshold(
            &scores,
            self.threshold.unwrap_or(own),
            self.positive,
            &classes,
        ))
    }
}

impl<M: Model + Classes> Model for FittedFixedThresholdClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }
    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.estimator.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.estimator.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        self.estimator.validate()?;
        ensure::equal("number of classes", self.estimator.classes().len(), 2)?;
        ensure::indices("positive class", &[self.positive], 2)
    }
}

impl<M: fmt::Display + Classes> fmt::Display for FittedFixedThresholdClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let threshold = match self.threshold {
            Some(t) => format!("{t}"),
            None => "its own".into(),
        };
        let head = format!("Fitted{NAME}(threshold {threshold})");
        indented(f, &head, &[("estimator", &self.estimator)])
    }
}

/// What the model inside says of its confidence, handed on; accuracy by the threshold.
macro_rules! through_estimator {
    ($fitted:ident) => {
        impl<X: Samples + ?Sized, M: PredictProba<X>> PredictProba<X> for $fitted<M> {
            type Float = M::Float;
            fn predict_proba(&self, x: &X) -> Result<Array2<M::Float>> {
                self.estimator.predict_proba(x)
            }
            fn predict_log_proba(&self, x: &X) -> Result<Array2<M::Float>> {
                self.estimator.predict_log_proba(x)
            }
        }

        impl<X: Samples + ?Sized, M: DecisionFunction<X>> DecisionFunction<X> for $fitted<M> {
            type Float = M::Float;
            fn decision_function(&self, x: &X) -> Result<Array2<M::Float>> {
                self.estimator.decision_function(x)
            }
        }

        impl<X: Samples + ?Sized, M: Confidence<X>> Confidence<X> for $fitted<M> {
            type Float = M::Float;
            fn maybe_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                self.estimator.maybe_proba(x)
            }
            fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                self.estimator.maybe_log_proba(x)
            }
            fn maybe_decision(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                self.estimator.maybe_decision(x)
            }
        }

        impl<M: Classes> Classes for $fitted<M> {
            fn classes(&self) -> &[Class] {
                self.estimator.classes()
            }
        }

        /// Accuracy, by the threshold.
        impl<X, Y, F, M> Score<X, Y> for $fitted<M>
        where
            X: Samples + ?Sized,
            Y: ClassTarget + ?Sized,
            F: Float,
            M: Confidence<X, Float = F> + Classes,
        {
            fn score(&self, x: &X, y: &Y) -> Result<f64> {
                metrics::accuracy_score(y, &self.predict(x)?)
            }
        }
    };
}
pub(super) use through_estimator;

through_estimator!(FittedFixedThresholdClassifier);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frozen::FrozenEstimator;
    use crate::linear_model::{LogisticRegression, RidgeClassifier};
    use crate::params::Params;

    fn data() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
        let y = (0..30).map(|i| i > 12 || i == 5).collect();
        (x, y)
    }

    #[test]
    fn its_own_threshold_is_the_classifiers() {
        let (x, y) = data();
        let plain = LogisticRegression::new().fit(&x, &y).unwrap();
        let fixed = FixedThresholdClassifier::new(LogisticRegression::new());
        let by_proba = fixed.fit(&x, &y).unwrap();
        assert_eq!(by_proba.predict(&x).unwrap(), plain.predict(&x).unwrap());
        let decision = fixed
            .clone()
            .response_method(ResponseMethod::DecisionFunction);
        assert_eq!(
            decision.fit(&x, &y).unwrap().predict(&x).unwrap(),
            plain.predict(&x).unwrap()
        );
        let ridge = FixedThresholdClassifier::new(RidgeClassifier::new())
            .fit(&x, &y)
            .unwrap();
        assert_eq!(
            ridge.score(&x, &y).unwrap(),
            RidgeClassifier::new()
                .fit(&x, &y)
                .unwrap()
                .score(&x, &y)
                .unwrap()
        );
        assert_eq!(
            by_proba.predict_proba(&x).unwrap(),
            plain.predict_proba(&x).unwrap()
        );
    }

    #[test]
    fn a_threshold_cuts_the_score_of_the_positive_class() {
        let (x, y) = data();
        let proba = LogisticRegression::new()
            .fit(&x, &y)
            .unwrap()
            .predict_proba(&x)
            .unwrap();
        for (class, column) in [(false, 0), (true, 1)] {
            let fixed = FixedThresholdClassifier::new(LogisticRegression::new())
                .threshold(0.8)
                .pos_label(class);
            let said = fixed
                .fit(&x, &y)
                .unwrap()
                .predict(&x)
                .unwrap()
                .to_bools()
                .unwrap();
            assert!((0..30).all(|i| (proba[[i, column]] >= 0.8) == (said[i] == class)));
        }
    }

    #[test]
    fn settings_and_files() {
        let (x, y) = data();
        let fixed = FixedThresholdClassifier::new(LogisticRegression::new());
        assert!(fixed.clone().threshold(f64::NAN).fit(&x, &y).is_err());
        assert!(fixed.clone().pos_label("x").fit(&x, &y).is_err());
        let three: Labels = (0..30).map(|i| i % 3).collect();
        assert!(fixed.fit(&x, &three).is_err());
        let changed = fixed
            .with_param("threshold", 0.25)
            .unwrap()
            .with_param("estimator__C", 2.0)
            .unwrap();
        assert!(
            changed.to_string().contains("threshold=0.25") && changed.to_string().contains("C=2")
        );
        let model = changed.fit(&x, &y).unwrap();
        let read = FittedFixedThresholdClassifier::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(read, model);
        let frozen = FixedThresholdClassifier::new(FrozenEstimator::new(model.estimator().clone()));
        assert_eq!(frozen.fit(&x, &y).unwrap().estimator(), model.estimator());
        let mut bad = model;
        bad.positive = 2;
        assert!(bad.validate().is_err());
    }
}
