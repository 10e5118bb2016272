//! Networks built layer by layer that learn several labels at once.

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, Result, VALIDATION_SET};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::neural_network::activation::softplus;
use crate::neural_network::elementwise::logistic;
use crate::neural_network::monitor::{self, ClassificationMonitor, Own};
use crate::neural_network::multi_label::{MultiLabelTarget, indicators};
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, Weighted};
use crate::traits::{
    DecisionFunction, Estimator, FitWithValidation, PartialFit, Predict, PredictProba, Score,
};

use super::classifier::SequentialClassifier;
use super::fit::{Build, Ready, ReadyTarget, same_targets, weights_of};
use super::settings::fitted;
use super::train::State;

const NAME: &str = "SequentialClassifier";

/// The probability of each label, from the values of the last layer.
pub(super) fn probabilities<F: Float>(outputs: Array2<F>) -> Array2<F> {
    outputs.mapv_into(logistic)
}

/// A checked target with its weights.
fn ready<'t, F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    x: &ArrayRef2<F>,
    y: &'t Y,
) -> Result<Ready<'t, F>> {
    Ok(Ready {
        target: ReadyTarget::Values(indicators(y, x.nrows())?.view()),
        weights: weights_of(y),
    })
}

fn watched_rows<'t, F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    x: &ArrayRef2<F>,
    y: &'t Y,
) -> Result<Ready<'t, F>> {
    check::samples(x)
        .and_then(|()| ready(x, y))
        .map_err(|e| e.within(VALIDATION_SET))
}

fn fit<F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    settings: &SequentialClassifier,
    x: &ArrayRef2<F>,
    y: &Y,
    given: Option<(&ArrayRef2<F>, &Y)>,
) -> Result<FittedSequentialMultiLabel<F>> {
    settings.check()?;
    settings.check_for_labels()?;
    check::samples(x)?;
    if let Some((x_val, _)) = given {
        check::width(x_val, x.ncols()).map_err(|e| e.within(VALIDATION_SET))?;
    }
    let ready = ready(x, y)?;
    let n_labels = y.indicators().ncols();
    let held = match given {
        Some((x, y)) => Some((x, watched_rows(x, y)?)),
        None => None,
    };
    if let Some((_, held)) = &held {
        same_targets(held, n_labels).map_err(|e| e.within(VALIDATION_SET))?;
    }
    let held = held.as_ref().map(|(x, ready)| ready.data(x));
    let state = settings.learn(&ready.data(x), n_labels, held.as_ref(), &|_| 0)?;
    Ok(FittedSequentialMultiLabel {
        settings: settings.kept(),
        state,
    })
}

macro_rules! estimator {
    ($($target:ty),*) => {$(
        /// Several labels at once, each as two classes with one value.
        impl<F: Float> Estimator<ArrayRef2<F>, $target> for SequentialClassifier {
            type Fitted = FittedSequentialMultiLabel<F>;

            fn fit(&self, x: &ArrayRef2<F>, y: &$target) -> Result<Self::Fitted> {
                fit(self, x, y, None)
            }
        }

        /// The validation rows give a second curve, and with `early_stopping` decide.
        impl<F: Float> FitWithValidation<ArrayRef2<F>, $target> for SequentialClassifier {
            fn fit_with_validation(
                &self,
                x: &ArrayRef2<F>,
                y: &$target,
                x_val: &ArrayRef2<F>,
                y_val: &$target,
            ) -> Result<Self::Fitted> {
                fit(self, x, y, Some((x_val, y_val)))
            }
        }
    )*};
}
estimator!(ArrayRef2<F>, Weighted<ArrayRef2<F>>);

impl SequentialClassifier {
    /// As [`fit_batches`](Self::fit_batches), of several labels at once; their number is that of the first batch.
    ///
    /// # Errors
    /// As `fit_batches`.
    pub fn fit_label_batches<F, T, B>(
        &self,
        batches: impl FnMut(usize) -> Result<B>,
        validation: Option<(&ArrayRef2<F>, &T)>,
    ) -> Result<FittedSequentialMultiLabel<F>>
    where
        F: Float,
        T: AsTargets<Targets: MultiLabelTarget<F>>,
        B: IntoIterator<Item = Result<(Array2<F>, T)>>,
    {
        self.check()?;
        self.check_for_labels()?;
        let validation = match validation {
            Some((x, y)) => Some((x, watched_rows(x, y.as_targets())?)),
            None => None,
        };
        let state = self.learn_batches(
            batches,
            |y: &T| y.as_targets().indicators().ncols(),
            |x: &ArrayRef2<F>, y: &T::Targets| ready(x, y),
            validation,
        )?;
        Ok(FittedSequentialMultiLabel {
            settings: self.kept(),
            state,
        })
    }
}

/// What [`SequentialClassifier`] learned of several labels; [`partial_fit`](PartialFit::partial_fit) goes on.
///
/// ```
/// use fitwell::neural_network::{Activation, Sequential, SequentialClassifier};
/// use fitwell::prelude::*;
/// use ndarray::array;
///
/// let x = array![[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]];
/// let warm_and_wet = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let network = SequentialClassifier::new(Sequential::new().dense(8, Activation::Silu)).learning_rate_init(0.1);
/// let model = network.fit(&x, &warm_and_wet)?;
/// assert_eq!(model.predict(&x)?, warm_and_wet);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedSequentialMultiLabel<F = f64> {
    settings: SequentialClassifier,
    state: State<F>,
}

fitted!(FittedSequentialMultiLabel<F>);

impl<F: Float> FittedSequentialMultiLabel<F> {
    fn decision(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        self.settings.sequence().check_columns(x)?;
        let out = self.state.network.predict(x);
        check::learned(NAME, "a decision value", &out)?;
        Ok(out)
    }
}

/// Zeros and ones: a label whose probability is above a half.
impl<F: Float> Predict<ArrayRef2<F>> for FittedSequentialMultiLabel<F> {
    type Output = Array2<F>;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let one = |z| if z > F::zero() { F::one() } else { F::zero() };
        Ok(self.decision(x)?.mapv_into(one))
    }
}

/// The probability of each label; rows need not sum to 1.
impl<F: Float> PredictProba<ArrayRef2<F>> for FittedSequentialMultiLabel<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(probabilities)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let log = |z: F| F::of(-softplus(-z.f64()));
        Ok(self.decision(x)?.mapv_into(log))
    }
}

/// The values of the last layer: positive where the label is more likely than not.
impl<F: Float> DecisionFunction<ArrayRef2<F>> for FittedSequentialMultiLabel<F> {
    type Float = F;
    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x)
    }
}

/// The share of rows with every label right.
impl<F: Float, Y: MultiLabelTarget<F> + ?Sized> Score<ArrayRef2<F>, Y>
    for FittedSequentialMultiLabel<F>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        let ready = ready(x, y)?;
        same_targets(&ready, self.state.network.n_outputs())?;
        let rows: Vec<usize> = (0..x.nrows()).collect();
        let weights = monitor::weights_of(ready.weights.as_deref(), &rows);
        let proba = self.predict_proba(x)?;
        let (how, own) = (ClassificationMonitor::Accuracy, Own::default());
        monitor::judge_labels(NAME, how, &own, y.indicators(), &weights, &proba)
    }
}

/// One more pass over these rows, in batches of the settings' size, with the optimiser and the schedule going on from where
/// they were.
impl<F: Float, Y: MultiLabelTarget<F> + ?Sized> PartialFit<ArrayRef2<F>, Y>
    for FittedSequentialMultiLabel<F>
{
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::not_empty(x)?;
        check::same_width(x, self.n_features_in())?;
        let ready = ready(x, y)?;
        same_targets(&ready, self.state.network.n_outputs())?;
        self.settings.sequence().check_columns(x)?;
        self.settings.go_on(&mut self.state, &ready.data(x))
    }
}

impl<F: Float> Model for FittedSequentialMultiLabel<F> {
    fn type_name() -> String {
        format!("FittedSequentialMultiLabel<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let settings = self
            .settings
            .check()
            .and_then(|()| self.settings.check_for_labels());
        settings.map_err(|e| Error::model_file(e.to_string()))?;
        self.state.validate(self.settings.optimizer_ref())?;
        ensure::at_least("epochs", self.state.n_iter(), 1)?;
        self.state
            .network
            .has_layers(self.settings.sequence().layers())
    }
}

impl<F: Float> fmt::Display for FittedSequentialMultiLabel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "FittedSequentialMultiLabel({} features, {} labels, {} epochs, loss {:.4})",
            self.n_features_in(),
            self.state.network.n_outputs(),
            self.n_iter(),
            self.loss()
        )?;
        self.summary().fmt(f)
    }
}
