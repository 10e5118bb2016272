//! A classifier built layer by layer.

use std::fmt;

use ndarray::{Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::{self, ClassList, ClassTask};
use crate::model::Model;
use crate::neural_network::ClassificationLoss;
use crate::neural_network::losses::RowLoss;
use crate::neural_network::monitor::{self, ClassificationMonitor, Own, OwnMetrics};
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, ClassTarget, Targets};
use crate::traits::{
    Classes, DecisionFunction, Estimator, FitWithValidation, PartialFit, Predict, PredictProba,
    Score,
};

use super::fit::{Build, Ready, ReadyTarget, weights_of};
use super::labels;
use super::settings::{fitted, settings};
use super::train::{Data, State, Target};

const NAME: &str = "SequentialClassifier";

settings! {
    /// Learns classes by a network built layer by layer.
    ///
    /// The layers are those of a [`Sequential`](super::Sequential); a last, linear one is added, of one value for two classes and one for each of
    /// more. With z its values, the probability of the second of two classes is 1 / (1 + e⁻ᶻ), those of more are the softmax
    /// of z. By default the cross-entropy of the true classes is minimised, a batch at a time.
    ///
    /// Given a matrix of zeros and ones instead of [`Labels`], one column for each label, it learns every label at once, each
    /// as two classes with one value, over which the loss is averaged
    /// ([`FittedSequentialMultiLabel`](super::FittedSequentialMultiLabel)).
    ///
    /// Use it where [`Activation`](crate::neural_network::Activation)s beyond scikit-learn's four, dropout, normalisation, embeddings of categories or another loss
    /// are wanted; `MlpClassifier` is the plain network. Scale the features first.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `layers` | none | | |
    /// | `loss` | cross-entropy | | |
    /// | `optimizer` | Adam | | |
    /// | `learning_rate` | constant | a schedule | |
    /// | `learning_rate_init` | 0.001 | > 0 | learns faster, until it diverges |
    /// | `warmup_steps` | 0 | ≥ 0 | starts more gently |
    /// | `clip` | none | > 0 | allows larger gradients |
    /// | `batch_size` | min(200, n) | ≥ 1 | makes updates fewer and less noisy |
    /// | `max_iter` | 200 | ≥ 1 | allows more epochs |
    /// | `shuffle` | true | | |
    /// | `random_state` | 0 | | |
    /// | `tol` | 1e-4 | ≥ 0 | ends earlier |
    /// | `n_iter_no_change` | 10 | ≥ 1 | waits longer |
    /// | `early_stopping` | false | | |
    /// | `validation_fraction` | 0.1 | (0, 1) | validates on more rows |
    /// | `monitor` | accuracy | [`ClassificationMonitor`] | |
    /// | `initial_weights` | drawn | | |
    /// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
    ///
    /// A fit ends when the training loss, or with `early_stopping` what the validation rows are judged by, has not become
    /// better by `tol` for more than `n_iter_no_change` epochs in a row. With `early_stopping` the network of the best epoch is
    /// kept.
    ///
    /// # Weights
    /// The loss of a batch is the mean weighted by sample weights, times class weights; a row of weight 0 is left out before
    /// anything else. Batch normalisation takes the plain mean of its rows. (Keras divides by the number of rows instead of
    /// the sum of the weights.)
    ///
    /// # Complexity
    /// Time O(n P) for each epoch with P parameters; memory O(P + b m) beyond the samples for batches of b rows and layers
    /// of m values in all.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `TooFewClasses`; `UnknownLabel` for a
    /// class weight of no class, or a validation row of none; `InvalidInput` where an embedded column has other than whole
    /// numbers; `TooFewSamples` for validation rows that are not there; `TooLarge`; `Diverged` when the loss leaves the numbers;
    /// `Cancelled`; what a [`Checkpoint`](crate::neural_network::Checkpoint) says. Not converging is no error.
    ///
    /// # Source
    /// The layers, their initial weights, losses and optimisers are Keras 3's; the words, the end of the fit and the shares of
    /// validation are scikit-learn's. The same seed and data give the same bits with any number of threads.
    ///
    /// # Examples
    /// ```
    /// use fitwell::neural_network::{Activation, Optimizer, Sequential, SequentialClassifier};
    /// use fitwell::{prelude::*, preprocessing::StandardScaler};
    ///
    /// let iris = fitwell::datasets::load_iris()?;
    /// let layers = Sequential::new().dense(16, Activation::Silu).dropout(0.1);
    /// let network = SequentialClassifier::new(layers).optimizer(Optimizer::nadam()).learning_rate_init(0.02).max_iter(60);
    /// let model = pipeline("scale", StandardScaler::new()).then("network", network).fit(&iris.x, &iris.target)?;
    /// assert!(model.score(&iris.x, &iris.target)? > 0.95);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "Sequential")]
    pub struct SequentialClassifier("SequentialClassifier") {
        loss: ClassificationLoss,
        monitor: ClassificationMonitor,
        metric: OwnMetrics,
        /// How much the classes count.
        class_weight: ClassWeight,
    }
}

impl SequentialClassifier {
    /// How much the classes count while learning.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Judges validation rows by a metric of your own, of the true classes and the probabilities (n_samples, n_classes);
    /// greater is better.
    #[must_use]
    pub fn custom_metric(
        mut self,
        metric: impl Fn(&Labels, &Array2<f64>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.monitor = ClassificationMonitor::Custom;
        self.own_metric.classes = Own(Some(std::sync::Arc::new(metric)));
        self
    }

    /// As [`custom_metric`](Self::custom_metric) where several labels are learned at once: of the zeros and ones that are
    /// true and the probabilities, both (n_samples, n_labels).
    #[must_use]
    pub fn custom_label_metric(
        mut self,
        metric: impl Fn(&Array2<f64>, &Array2<f64>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.monitor = ClassificationMonitor::Custom;
        self.own_metric.labels = Own(Some(std::sync::Arc::new(metric)));
        self
    }

    pub(super) fn optimizer_ref(&self) -> &crate::neural_network::Optimizer {
        &self.optimizer
    }

    /// Refuses settings that do not go with several labels at once.
    pub(super) fn check_for_labels(&self) -> Result<()> {
        if self.class_weight != ClassWeight::None {
            return Err(Error::invalid_parameter(
                NAME,
                "class_weight",
                "none where several labels are learned at once",
                "class weights",
            ));
        }
        monitor::check_labels(NAME, self.monitor)
    }

    fn check_own(&self) -> Result<()> {
        self.class_weight.check(NAME)
    }

    fn row_loss(&self) -> Result<RowLoss> {
        RowLoss::classification(NAME, self.loss, &self.own_loss)
    }

    /// Learns from batches that come one at a time, so that the data may be larger than memory.
    ///
    /// `batches(epoch)` gives the batches of an epoch, from 0 on, each a block of rows with its target (with weights, if
    /// wished); it is called again for each epoch. A batch is cut into blocks of `batch_size` rows, whose order is drawn
    /// within the batch. All `classes` are named up front, and an embedding needs its `input_dim`. The numbers of rows of a
    /// batch may differ. `validation` rows work as in
    /// [`fit_with_validation`](FitWithValidation::fit_with_validation); without them `early_stopping` is an error.
    ///
    /// ```
    /// use fitwell::neural_network::{Activation, Sequential, SequentialClassifier};
    /// use fitwell::prelude::*;
    /// use ndarray::Array2;
    ///
    /// // Ten batches an epoch, made as they are needed.
    /// let batch = |k: usize| {
    ///     let x = Array2::from_shape_fn((50, 2), |(i, j)| ((k * 50 + i) as f64 * [0.37, 0.91][j]).sin());
    ///     let y: Labels = x.rows().into_iter().map(|row| row[0] > row[1]).collect();
    ///     Ok::<_, Error>((x, y))
    /// };
    /// let network = SequentialClassifier::new(Sequential::new().dense(8, Activation::Relu)).learning_rate_init(0.01).max_iter(20);
    /// let model = network.fit_batches(&[false.into(), true.into()], |_epoch| Ok((0..10).map(batch)), None)?;
    /// let (x, y) = batch(99)?;
    /// assert!(model.score(&x, &y)? > 0.9);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `fit`; `UnknownLabel` for a class that is not named; what the batches say; `EmptyInput` when an epoch has none.
    pub fn fit_batches<F, T, B>(
        &self,
        classes: &[Class],
        batches: impl FnMut(usize) -> Result<B>,
        validation: Option<(&ArrayRef2<F>, &Labels)>,
    ) -> Result<FittedSequentialClassifier<F>>
    where
        F: Float,
        T: AsTargets<Targets: ClassTarget>,
        B: IntoIterator<Item = Result<(Array2<F>, T)>>,
    {
        self.check()?;
        let mut sorted = classes.to_vec();
        sorted.sort();
        sorted.dedup();
        let none = Labels::from_codes(Vec::new(), sorted)?;
        let by_class = match &self.class_weight {
            ClassWeight::Balanced => {
                return Err(Error::invalid_parameter(
                    NAME,
                    "class_weight",
                    "given class by class: how often classes come is not known when a stream starts",
                    "balanced",
                ));
            }
            weights => weights.of_classes(&none, None)?,
        };
        let classes = ClassList::new(none.shared_classes());
        if classes.len() < 2 {
            return Err(too_few(classes.as_slice()));
        }

        let n_outputs = n_outputs(classes.len());
        let validation = match validation {
            Some((x, y)) => Some((x, self.watched_rows(x, y, &classes)?)),
            None => None,
        };
        let state = self.learn_batches(
            batches,
            |_: &T| n_outputs,
            |_: &ArrayRef2<F>, y: &T::Targets| {
                let codes = known_codes(y.labels(), classes.as_slice())?;
                Ok(Ready {
                    weights: weights_of_rows(y, &codes, by_class.as_deref()),
                    target: ReadyTarget::Codes(codes, classes.clone()),
                })
            },
            validation,
        )?;
        Ok(FittedSequentialClassifier {
            classes,
            settings: self.kept(),
            state,
        })
    }

    fn fit_classes<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        given: Option<(&ArrayRef2<F>, &Y)>,
    ) -> Result<FittedSequentialClassifier<F>> {
        self.check()?;
        check::samples(x)?;
        if let Some((x_val, _)) = given {
            check::width(x_val, x.ncols()).map_err(|e| e.within(VALIDATION_SET))?;
        }
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let classes = ClassList::new(task.labels.shared_classes());
        let codes = task.labels.codes();
        let data = Data {
            x,
            target: Target::Codes(codes, &classes),
            weights: task.weights.as_deref(),
        };
        let held = match given {
            Some((x, y)) => Some((x, self.watched_rows(x, y, &classes)?)),
            None => None,
        };
        let held = held.as_ref().map(|(x, ready)| ready.data(x));
        let n_outputs = n_outputs(classes.len());
        let state = self.learn(&data, n_outputs, held.as_ref(), &|row| codes[row])?;
        Ok(FittedSequentialClassifier {
            classes,
            settings: self.kept(),
            state,
        })
    }

    /// Validation rows of the given classes.
    fn watched_rows<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        classes: &ClassList,
    ) -> Result<Ready<'static, F>> {
        let place = |e: Error| e.within(VALIDATION_SET);
        check::samples(x).map_err(place)?;
        check::target(y, x.nrows()).map_err(place)?;
        let codes = known_codes(y.labels(), classes.as_slice()).map_err(place)?;
        Ok(Ready {
            target: ReadyTarget::Codes(codes, classes.clone()),
            weights: weights_of(y),
        })
    }

    /// The validation score of rows of classes, or of labels in columns.
    fn judge_rows<F: Float>(
        &self,
        data: &Data<'_, F>,
        rows: &[usize],
        outputs: Array2<F>,
    ) -> Result<f64> {
        let weights = monitor::weights_of(data.weights, rows);
        let (monitor, own) = (self.monitor, &self.own_metric);
        match &data.target {
            Target::Codes(codes, classes) => {
                let truth = classes.labels(rows.iter().map(|&row| codes[row]).collect());
                let truth = truth.weighted(&weights);
                let said = linear_classifier::codes(&outputs);
                let proba = || linear_classifier::probabilities(outputs);
                monitor::judge_classes(NAME, monitor, &own.classes, &truth, said, proba)
            }
            Target::Values(values) => {
                let truth = values.select(Axis(0), rows);
                let proba = labels::probabilities(outputs);
                monitor::judge_labels(NAME, monitor, &own.labels, &truth, &weights, &proba)
            }
        }
    }
}

/// The code of each row in the list of classes.
///
/// # Errors
/// `UnknownLabel`.
fn known_codes(labels: &Labels, classes: &[Class]) -> Result<Vec<u32>> {
    let codes = labels.codes_in(classes).into_iter().enumerate();
    codes
        .map(|(row, code)| {
            code.ok_or_else(|| {
                let label = labels.get(row).map(Class::to_string).unwrap_or_default();
                let known = classes.iter().map(Class::to_string).collect();
                let what = format!("y, row {row}");
                ErrorKind::UnknownLabel { what, label, known }.into()
            })
        })
        .collect()
}

/// Sample weight times class weight, if they are not all 1.
fn weights_of_rows<Y: ClassTarget + ?Sized>(
    y: &Y,
    codes: &[u32],
    by_class: Option<&[f64]>,
) -> Option<Vec<f64>> {
    let sample = y.sample_weight();
    if sample.is_none() && by_class.is_none() {
        return None;
    }
    let of_class = |code: u32| by_class.map_or(1.0, |w| w[code as usize]);
    let rows = codes.iter().enumerate();
    Some(
        rows.map(|(row, &code)| sample.map_or(1.0, |w| w[row]) * of_class(code))
            .collect(),
    )
}

fn too_few(classes: &[Class]) -> Error {
    ErrorKind::TooFewClasses {
        estimator: NAME.into(),
        got: classes.len(),
        classes: classes.iter().map(Class::to_string).collect(),
    }
    .into()
}

/// Two classes need one value, more need one each.
fn n_outputs(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for SequentialClassifier {
    type Fitted = FittedSequentialClassifier<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.fit_classes(x, y, None)
    }
}

/// The validation rows give a second curve, and with `early_stopping` decide; class weights do not apply to them.
impl<F: Float, Y: ClassTarget + ?Sized> FitWithValidation<ArrayRef2<F>, Y>
    for SequentialClassifier
{
    fn fit_with_validation(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        x_val: &ArrayRef2<F>,
        y_val: &Y,
    ) -> Result<Self::Fitted> {
        self.fit_classes(x, y, Some((x_val, y_val)))
    }
}

/// What [`SequentialClassifier`] learned; [`partial_fit`](PartialFit::partial_fit) goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedSequentialClassifier<F = f64> {
    classes: ClassList,
    settings: SequentialClassifier,
    state: State<F>,
}

fitted!(FittedSequentialClassifier<F>);

impl<F: Float> FittedSequentialClassifier<F> {
    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    fn decision(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        self.settings.layers.check_columns(x)?;
        let out = self.state.network.predict(x);
        check::learned(NAME, "a decision value", &out)?;
        Ok(out)
    }
}

/// One more pass over these rows, in batches of the settings' size, with the optimiser and the schedule going on from where
/// they were. Class weights apply if they are given by class.
impl<F: Float, Y: ClassTarget + ?Sized> PartialFit<ArrayRef2<F>, Y>
    for FittedSequentialClassifier<F>
{
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::not_empty(x)?;
        check::same_width(x, self.n_features_in())?;
        check::target(y, x.nrows())?;
        self.settings.layers.check_columns(x)?;
        let codes = known_codes(y.labels(), self.classes.as_slice())?;
        let all = self.classes.labels(Vec::new());
        let by_class = match &self.settings.class_weight {
            ClassWeight::Balanced => None,
            weights => weights.of_classes(&all, None)?,
        };
        let weights = weights_of_rows(y, &codes, by_class.as_deref());
        let data = Data {
            x,
            target: Target::Codes(&codes, &self.classes),
            weights: weights.as_deref(),
        };
        self.settings.go_on(&mut self.state, &data)
    }
}

impl<F: Float> Classes for FittedSequentialClassifier<F> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedSequentialClassifier<F> {
    type Output = Labels;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let codes = linear_classifier::codes(&self.decision(x)?);
        Ok(self.classes.labels(codes))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedSequentialClassifier<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::probabilities)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::log_probabilities)
    }
}

/// The values of the last layer: of two classes one column, positive for the second.
impl<F: Float> DecisionFunction<ArrayRef2<F>> for FittedSequentialClassifier<F> {
    type Float = F;
    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x)
    }
}

crate::boxed::confidence!(FittedSequentialClassifier: proba, decision);

/// The accuracy.
impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for FittedSequentialClassifier<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        linear_classifier::accuracy(&self.predict(x)?, y)
    }
}

impl<F: Float> Model for FittedSequentialClassifier<F> {
    fn type_name() -> String {
        format!("FittedSequentialClassifier<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        use crate::model::ensure;
        self.classes.validate()?;
        let settings = self.settings.check();
        settings.map_err(|e| Error::model_file(e.to_string()))?;
        self.state.validate(&self.settings.optimizer)?;
        ensure::at_least("epochs", self.state.n_iter(), 1)?;
        let (found, expected) = (
            self.state.network.n_outputs(),
            n_outputs(self.classes.len()),
        );
        ensure::equal("number of outputs", found, expected)?;
        self.state.network.has_layers(self.settings.layers.layers())
    }
}

impl<F: Float> fmt::Display for FittedSequentialClassifier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "FittedSequentialClassifier({} features, {} classes, {} epochs, loss {:.4})",
            self.n_features_in(),
            self.classes.len(),
            self.n_iter(),
            self.loss()
        )?;
        self.summary().fmt(f)
    }
}
