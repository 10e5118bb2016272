//! Classification with a multi-layer perceptron, over [`network`](super::network): of one class out of several, or of any
//! number of labels at once.

use std::borrow::Cow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET, shorten};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linalg::panel::stride;
use crate::linear_model::linear_classifier::{self, ClassList, ClassTask};
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::targets::{ClassTarget, Targets};
use crate::traits::{
    Classes, DecisionFunction, Estimator, FitWithValidation, PartialFit, Predict, PredictProba,
    Score,
};

use super::loss::Loss;
use super::mlp::{Data, Job, Outcomes, ScoreOf, Start, Trained, learned, without_padding};
use super::monitor::{self, ClassificationMonitor, Own, OwnMetrics};
use super::settings::mlp_estimator;

const NAME: &str = "MlpClassifier";

mlp_estimator! {
    /// Classification with a multi-layer perceptron: the probability of each class from layers of weighted sums and
    /// activations.
    ///
    /// With a₀ = x and aₗ = f(aₗ₋₁ Wₗ + bₗ) for the hidden layers, z = a W + b of the last gives the probabilities: of two classes
    /// 1 / (1 + e⁻ᶻ) for the second, of more eᶻᵏ / Σⱼ eᶻʲ for class k. Training minimises over all W and b, with sample weights
    /// times class weights s,
    /// ```text
    /// −1/Σsᵢ Σᵢ sᵢ ln pᵢ(yᵢ) + alpha/(2 Σsᵢ) Σ‖W‖².
    /// ```
    /// Given a matrix of zeros and ones instead of [`Labels`], one column for each label, it learns every label at once, each
    /// with the logistic loss ([`FittedMlpMultiLabel`](crate::neural_network::FittedMlpMultiLabel)).
    ///
    /// Use it where borders between classes bend and there are thousands of rows; trees need less care on small tables. Scale
    /// the features first: weights start for numbers near 1.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `hidden_layer_sizes` | 100 | each ≥ 1 | lets borders bend more |
    /// | `activation` | relu | [`Activation`](super::Activation), or a list: one for each hidden layer | |
    /// | `solver` | adam | adam, sgd, lbfgs ([`Solver`](super::Solver)) | |
    /// | `alpha` | 1e-4 | [0, ∞) | smooths |
    /// | `batch_size` | auto: 200 | ≥ 1 | makes steps truer and fewer |
    /// | `learning_rate` | constant | constant, invscaling, adaptive | |
    /// | `learning_rate_init` | 1e-3 | (0, ∞) | learns faster, then not at all |
    /// | `power_t` | 0.5 | [0, ∞) | slows `invscaling` sooner |
    /// | `max_iter` | 200 | ≥ 1 | allows more epochs |
    /// | `shuffle` | true | | |
    /// | `random_state` | 0 | | |
    /// | `tol` | 1e-4 | [0, ∞) | stops earlier |
    /// | `momentum` | 0.9 | [0, 1] | averages over more steps of sgd |
    /// | `nesterovs_momentum` | true | | |
    /// | `early_stopping` | false | | |
    /// | `validation_fraction` | 0.1 | [0, 1) | holds back more rows, as many of each class |
    /// | `beta_1`, `beta_2` | 0.9, 0.999 | [0, 1) | averages over more steps of adam |
    /// | `epsilon` | 1e-8 | (0, ∞) | shortens steps along flat directions |
    /// | `n_iter_no_change` | 10 | ≥ 1, inf | bears more epochs without progress |
    /// | `max_fun` | 15,000 | ≥ 1 | allows more evaluations of lbfgs; the step that exceeds it is made to its end |
    /// | `monitor` | accuracy | [`ClassificationMonitor`] | |
    /// | `optimizer` | that of `solver` | [`Optimizer`](super::Optimizer) | |
    /// | `schedule` | constant | [`Schedule`](super::Schedule) | |
    /// | `warmup_steps` | 0 | ≥ 0 | starts more gently |
    /// | `clip` | none | [`Clip`](super::Clip) | allows larger gradients |
    /// | `dropout` | 0 | [0, 1) | leaves more units out of each step: smooths |
    /// | `coefs_init`, `intercepts_init` | none | weights of these layers | |
    /// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
    ///
    /// # Complexity
    /// Time O(n · weights) for each epoch, memory O(weights · parts of a batch) beyond the samples.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `TooFewClasses` when fewer than two
    /// classes have weight; `UnknownLabel` when `class_weight` names no class of the target; `TooFewSamples` when a class has
    /// one row and early stopping holds rows back; `Diverged` when the loss leaves the numbers; `TooLarge`; `Cancelled`. Not
    /// converging is no error: see [`converged`](FittedMlpClassifier::converged).
    ///
    /// # Source
    /// G. E. Hinton, "Connectionist learning procedures", Artificial Intelligence 40 (1989). Losses, updates, stopping rules
    /// and defaults are scikit-learn's, to rounding; the random numbers are this crate's, rows of every class are held back
    /// (there, of two classes only), and classes whose rows all have weight 0 are left out. Where a batch has no weight, no
    /// step is made.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neural_network::{MlpClassifier, Solver}, prelude::*};
    /// use ndarray::array;
    ///
    /// // Exclusive or: no straight border does.
    /// let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    /// let y = Labels::from(["same", "differ", "differ", "same"]);
    /// let model = MlpClassifier::new().hidden_layer_sizes([8]).solver(Solver::lbfgs()).fit(&x, &y)?;
    /// assert_eq!(model.predict(&x)?, y);
    /// assert!(model.predict_proba(&x)?[[1, 0]] > 0.9);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "MLPClassifier")]
    pub struct MlpClassifier {
        monitor: ClassificationMonitor,
        metric: OwnMetrics,
        /// How much the classes count.
        class_weight: ClassWeight = ClassWeight::None,
    }
    check(this) {
        this.class_weight.check(NAME)
    }
}

/// Two classes need one output, more need one each.
fn n_outputs(classes: usize) -> usize {
    if classes == 2 { 1 } else { classes }
}

fn loss_of(classes: usize) -> Loss {
    if classes == 2 {
        Loss::Logistic
    } else {
        Loss::Softmax
    }
}

/// The predicted class of each row of padded predictions.
fn classes_of<F: Float>(predicted: &[F], width: usize) -> impl Iterator<Item = u32> + '_ {
    let half = F::of(0.5);
    predicted
        .chunks_exact(stride::<F>(width))
        .map(move |row| match width {
            1 => u32::from(row[0] > half),
            _ => {
                let mut best = 0;
                for k in 1..width {
                    if row[k] > row[best] {
                        best = k;
                    }
                }
                best as u32
            }
        })
}

/// The share of the weight of rows that are right.
fn share<F: Float>(right: impl Iterator<Item = bool>, weights: &[F]) -> f64 {
    let (mut hit, mut all) = (0.0, 0.0);
    for (row, right) in right.enumerate() {
        let weight = weights.get(row).map_or(1.0, |w| w.f64());
        all += weight;
        if right {
            hit += weight;
        }
    }
    hit / all
}

/// Whether each row of padded predictions has every label right.
fn rows_right<F: Float>(predicted: &[F], labels: &[F], width: usize) -> impl Iterator<Item = bool> {
    let half = F::of(0.5);
    let rows = predicted.chunks_exact(stride::<F>(width));
    rows.zip(labels.chunks_exact(width)).map(move |(p, y)| {
        let mut pairs = p.iter().zip(y);
        pairs.all(|(&p, &y)| (p > half) == (y > half))
    })
}

/// The probability of each class; of one column that of the second of two.
fn proba_of<F: Float>(out: Array2<F>) -> Array2<F> {
    if out.ncols() > 1 {
        return out;
    }
    let mut both = Array2::zeros((out.nrows(), 2));
    for (mut row, &p) in both.rows_mut().into_iter().zip(&out) {
        row[0] = F::one() - p;
        row[1] = p;
    }
    both
}

/// Codes of `labels` in another list of classes; every class must be there.
fn codes_in(labels: &Labels, classes: &[Class], weights: Option<&[f64]>) -> Result<Vec<u32>> {
    let known = labels.codes_in(classes);
    known
        .iter()
        .enumerate()
        .map(|(row, code)| match code {
            Some(code) => Ok(*code),
            // A row that does not count has no say.
            None if weights.is_some_and(|w| w[row] == 0.0) => Ok(0),
            None => Err(ErrorKind::UnknownLabel {
                what: format!("y, row {row}"),
                label: labels
                    .get(row)
                    .map_or_else(String::new, |c| shorten(&c.to_string())),
                known: classes.iter().map(Class::to_string).collect(),
            }
            .into()),
        })
        .collect()
}

impl MlpClassifier {
    /// How much the classes count.
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

    /// Rows whose classes are among `classes`, with class weights over them.
    fn rows<'a, F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &'a ArrayRef2<F>,
        y: &Y,
        classes: &[Class],
    ) -> Result<Data<'a, F>> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let codes = codes_in(y.labels(), classes, weights.as_deref())?;
        let labels = Labels::from_codes(codes, classes.to_vec())?;
        let by_class = self.class_weight.of_classes(&labels, weights.as_deref())?;
        let weights = match (weights, by_class) {
            (Some(w), Some(c)) => {
                let both = w.iter().zip(labels.codes());
                Some(both.map(|(w, &code)| w * c[code as usize]).collect())
            }
            (None, Some(c)) => Some(
                labels
                    .codes()
                    .iter()
                    .map(|&code| c[code as usize])
                    .collect::<Vec<f64>>(),
            ),
            (w, None) => w,
        };
        let codes = Outcomes::Codes(Cow::Owned(labels.codes().to_vec()));
        Ok(Data::new(
            x,
            codes,
            n_outputs(classes.len()),
            weights.as_deref(),
        ))
    }

    pub(super) fn run<F: Float, T>(
        &self,
        data: Data<'_, F>,
        validation: Option<Data<'_, F>>,
        loss: Loss,
        classes: Option<&[Class]>,
        f: impl FnOnce(Job<'_, F>) -> Result<T>,
    ) -> Result<T> {
        let score = |data: &Data<'_, F>, predicted: &[F]| self.judge(data, predicted, classes);
        let score: &ScoreOf<'_, F> = &score;
        let name = |code: u32| {
            let class = classes.and_then(|c| c.get(code as usize));
            class.map_or_else(String::new, |c| shorten(&c.to_string()))
        };
        f(Job {
            settings: &self.settings(),
            loss,
            watch: &self.watch,
            data,
            validation,
            score,
            classes: classes.is_some().then_some(&name),
            checkpoint: self.checkpoint.0.as_ref().map(|c| (c, self.fixed())),
        })
    }

    /// The validation score. Accuracy, the default, needs no memory of its own.
    fn judge<F: Float>(
        &self,
        data: &Data<'_, F>,
        predicted: &[F],
        classes: Option<&[Class]>,
    ) -> Result<Option<f64>> {
        let (monitor, width) = (self.monitor, data.n_outputs);
        let metrics = &self.own_metric;
        let weights = || -> Array1<f64> {
            let weight = |row: usize| data.weights.get(row).map_or(1.0, |w| w.f64());
            (0..data.n_rows).map(weight).collect()
        };
        let score = match (monitor, &data.outcomes) {
            (ClassificationMonitor::Loss, _) => return Ok(None),
            (ClassificationMonitor::Accuracy, Outcomes::Codes(codes)) => {
                let right = classes_of(predicted, width).zip(codes.iter());
                share(right.map(|(p, &c)| p == c), &data.weights)
            }
            (ClassificationMonitor::Accuracy, Outcomes::Values(values)) => {
                share(rows_right(predicted, values, width), &data.weights)
            }
            (_, Outcomes::Codes(codes)) => {
                let classes = classes.unwrap_or_default().to_vec();
                let truth = Labels::from_codes(codes.to_vec(), classes)?.weighted(&weights());
                let own = &metrics.classes;
                let said = classes_of(predicted, width).collect();
                let proba = || proba_of(without_padding(predicted, width));
                monitor::judge_classes(NAME, monitor, own, &truth, said, proba)?
            }
            (_, Outcomes::Values(values)) => {
                let truth = ArrayView2::from_shape((data.n_rows, width), values)
                    .map_err(|e| Error::invalid_input("y", e.to_string()))?;
                let own = &metrics.labels;
                let proba = without_padding(predicted, width);
                monitor::judge_labels(NAME, monitor, own, &truth, &weights(), &proba)?
            }
        };
        Ok(Some(score))
    }

    fn learn<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        held: Option<(&ArrayRef2<F>, &Y)>,
        from: Option<&FittedMlpClassifier<F>>,
    ) -> Result<FittedMlpClassifier<F>> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let classes = task.labels.classes();
        let loss = loss_of(classes.len());
        let data = Data::new(
            x,
            Outcomes::Codes(Cow::Borrowed(task.labels.codes())),
            n_outputs(classes.len()),
            task.weights.as_deref(),
        );
        let validation = match held {
            Some((x_val, y_val)) => Some(
                check::width(x_val, x.ncols())
                    .and_then(|()| {
                        // The class weights are about learning.
                        let plain = MlpClassifier::new();
                        plain.rows(x_val, y_val, classes)
                    })
                    .map_err(|e| e.within(VALIDATION_SET))?,
            ),
            None => None,
        };
        let start = match from {
            Some(model) if model.classes() != classes => {
                let known: Vec<String> = model.classes().iter().map(Class::to_string).collect();
                let reason = format!("its classes are {}, those of y differ", known.join(", "));
                return Err(Error::invalid_input("the model to start from", reason));
            }
            Some(model) => Start::Warm(&model.trained),
            None => Start::Fresh(self.given()),
        };
        let trained = self.run(data, validation, loss, Some(classes), |job| job.run(start))?;
        Ok(FittedMlpClassifier {
            estimator: self.kept(),
            classes: ClassList::new(task.labels.shared_classes()),
            trained,
        })
    }

    /// As [`fit`](Estimator::fit), from the weights of `model`, whose curves and counts go on: what scikit-learn's
    /// `warm_start` does. The optimiser starts afresh.
    ///
    /// # Errors
    /// As `fit`, and `InvalidInput` when the classes or layers of `model` are not those these settings and data need.
    #[doc(alias = "warm_start")]
    pub fn fit_from<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        model: &FittedMlpClassifier<F>,
    ) -> Result<FittedMlpClassifier<F>> {
        self.learn(x, y, None, Some(model))
    }

    /// A model of these classes after one epoch over a first batch of rows, in which not every class needs to occur;
    /// [`partial_fit`](PartialFit::partial_fit) goes on from there.
    ///
    /// # Errors
    /// As [`fit`](Estimator::fit), `UnknownLabel` for a row of another class, and `InvalidParameter` for the solver `lbfgs`
    /// and for `early_stopping`.
    ///
    /// ```
    /// use fitwell::{neural_network::MlpClassifier, prelude::*};
    /// use ndarray::array;
    ///
    /// let classes = Labels::from(["a", "b", "c"]);
    /// let first = Labels::from(["a", "b"]);
    /// let mut model = MlpClassifier::new().fit_first_batch(&array![[0.0], [1.0]], &first, classes.classes())?;
    /// model.partial_fit(&array![[2.0], [3.0]], &Labels::from(["c", "c"]))?;
    /// assert_eq!(model.predict_proba(&array![[2.0]])?.dim(), (1, 3));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "partial_fit")]
    pub fn fit_first_batch<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        classes: &[Class],
    ) -> Result<FittedMlpClassifier<F>> {
        self.check()?;
        let mut classes = classes.to_vec();
        classes.sort();
        classes.dedup();
        if classes.len() < 2 {
            return Err(ErrorKind::TooFewClasses {
                estimator: NAME.into(),
                got: classes.len(),
                classes: classes.iter().map(Class::to_string).collect(),
            }
            .into());
        }
        crate::labels::check_classes(&classes)?;
        let loss = loss_of(classes.len());
        let data = self.rows(x, y, &classes)?;
        let trained = self.run(data, None, loss, None, |job| {
            let mut trained = job.start(Start::Fresh(self.given()))?;
            job.run_once(&mut trained)?;
            Ok(trained)
        })?;
        Ok(FittedMlpClassifier {
            estimator: self.kept(),
            classes: ClassList::new(classes.into()),
            trained,
        })
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for MlpClassifier {
    type Fitted = FittedMlpClassifier<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.learn(x, y, None, None)
    }
}

/// Stops by the score on the given rows, and restores the best weights.
impl<F: Float, Y: ClassTarget + ?Sized> FitWithValidation<ArrayRef2<F>, Y> for MlpClassifier {
    fn fit_with_validation(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        x_val: &ArrayRef2<F>,
        y_val: &Y,
    ) -> Result<Self::Fitted> {
        self.learn(x, y, Some((x_val, y_val)), None)
    }
}

/// What [`MlpClassifier`] learned of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedMlpClassifier<F: Float = f64> {
    estimator: MlpClassifier,
    classes: ClassList,
    trained: Trained<F>,
}

learned!(FittedMlpClassifier);

impl<F: Float> Classes for FittedMlpClassifier<F> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedMlpClassifier<F> {
    type Output = Labels;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let outputs = self.trained.padded_outputs(NAME, x, false)?;
        let codes = classes_of(&outputs, self.trained.n_outputs());
        Ok(self.classes.labels(codes.collect()))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedMlpClassifier<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.trained.outputs(NAME, x, false).map(proba_of)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let raw = self.trained.outputs(NAME, x, true)?;
        Ok(linear_classifier::log_probabilities(raw))
    }
}

/// The weighted sums of the last layer: of two classes the log-odds of the second.
impl<F: Float> DecisionFunction<ArrayRef2<F>> for FittedMlpClassifier<F> {
    type Float = F;
    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.trained.outputs(NAME, x, true)
    }
}

crate::boxed::confidence!(FittedMlpClassifier: proba, decision);

/// The accuracy.
impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for FittedMlpClassifier<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        linear_classifier::accuracy(&self.predict(x)?, y)
    }
}

/// One epoch over the batch.
impl<F: Float, Y: ClassTarget + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedMlpClassifier<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let data = self.estimator.rows(x, y, self.classes.as_slice())?;
        let estimator = self.estimator.clone();
        let trained = &mut self.trained;
        estimator.run(data, None, trained.loss, None, |job| job.run_once(trained))
    }
}

impl<F: Float> Model for FittedMlpClassifier<F> {
    fn type_name() -> String {
        format!("FittedMlpClassifier<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let settings = self.estimator.check();
        settings.map_err(|e| Error::model_file(e.to_string()))?;
        self.trained.validate(&self.estimator.settings())?;
        let n = self.classes.len();
        ensure::equal("outputs", self.trained.n_outputs(), n_outputs(n))?;
        ensure::that(self.trained.loss == loss_of(n), || {
            "the loss is not that of so many classes".into()
        })
    }
}

impl<F: Float> fmt::Display for FittedMlpClassifier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} for {} classes of ", self.classes.len())?;
        self.trained.describe(f)
    }
}
