//! What the classifier and the regressor share: first weights, rows held back, the fit, the trained network.

use std::borrow::Cow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, ArrayView2};
use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::panel::stride;
use crate::model::ensure;
use crate::observer::{Notice, Watch};
use crate::random;

use super::activation::Activation;
use super::checkpoint::{Checkpoint, Fingerprint};
use super::layout::Parameters;
use super::loss::Loss;
use super::network::{Network, Samples, Target, rows_of};
use super::sequential::Summary;
use super::settings::{Activations, Plan, Settings};
use super::train::{Learner, Memory, Record, Saving, Watched};

/// The stream of random numbers that rows are held back by; epochs count up from 0.
const HOLD_BACK: u64 = u64::MAX;

/// Weights to start from.
#[derive(Clone, Copy)]
pub(crate) struct Given<'a> {
    pub coefs: &'a [Array2<f64>],
    pub intercepts: &'a [Array1<f64>],
    /// The parameter that errors name.
    pub name: &'static str,
}

/// A trained network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct Trained<F: Float> {
    pub params: Parameters<F>,
    /// Of the hidden layers.
    pub activations: Vec<Activation>,
    pub loss: Loss,
    pub record: Record,
    /// What learning on needs; none after limited-memory BFGS.
    pub memory: Option<Memory<F>>,
}

/// A target, all rows of it.
#[derive(Clone)]
pub(crate) enum Outcomes<'a, F: Float> {
    /// The class of each row.
    Codes(Cow<'a, [u32]>),
    /// The values of each row, (rows, outputs).
    Values(Cow<'a, [F]>),
}

/// Rows to learn from, owned or borrowed.
pub(crate) struct Data<'a, F: Float> {
    pub x: Cow<'a, [F]>,
    pub n_rows: usize,
    pub n_features: usize,
    pub outcomes: Outcomes<'a, F>,
    pub n_outputs: usize,
    /// Empty where all are 1.
    pub weights: Vec<F>,
}

impl<'a, F: Float> Data<'a, F> {
    pub(crate) fn new(
        x: &'a ArrayRef2<F>,
        outcomes: Outcomes<'a, F>,
        n_outputs: usize,
        weights: Option<&[f64]>,
    ) -> Self {
        Data {
            x: rows_of(x),
            n_rows: x.nrows(),
            n_features: x.ncols(),
            outcomes,
            n_outputs,
            weights: weights.map_or(Vec::new(), |w| w.iter().map(|&w| F::of(w)).collect()),
        }
    }

    pub(crate) fn samples(&self) -> Samples<'_, F> {
        Samples {
            x: &self.x,
            n_rows: self.n_rows,
            n_features: self.n_features,
            target: match &self.outcomes {
                Outcomes::Codes(codes) => Target::Codes(codes),
                Outcomes::Values(values) => Target::Values(values),
            },
            weights: &self.weights,
        }
    }

    /// Changes a fingerprint of the data.
    fn print(&self, print: &mut Fingerprint) {
        print.word(self.n_rows as u64);
        print.numbers(self.x.iter());
        match &self.outcomes {
            Outcomes::Codes(codes) => codes.iter().for_each(|&c| print.word(u64::from(c))),
            Outcomes::Values(values) => print.numbers(values.iter()),
        }
        print.numbers(&self.weights);
    }

    /// Some of the rows.
    fn select(&self, rows: &[usize]) -> Data<'static, F> {
        let pick = |values: &[F], width: usize| -> Vec<F> {
            let mut picked = Vec::with_capacity(rows.len() * width);
            for &row in rows {
                picked.extend_from_slice(&values[row * width..][..width]);
            }
            picked
        };
        Data {
            x: Cow::Owned(pick(&self.x, self.n_features)),
            n_rows: rows.len(),
            n_features: self.n_features,
            outcomes: match &self.outcomes {
                Outcomes::Codes(codes) => {
                    Outcomes::Codes(rows.iter().map(|&row| codes[row]).collect())
                }
                Outcomes::Values(values) => {
                    Outcomes::Values(Cow::Owned(pick(values, self.n_outputs)))
                }
            },
            n_outputs: self.n_outputs,
            weights: match self.weights.is_empty() {
                true => Vec::new(),
                false => pick(&self.weights, 1),
            },
        }
    }
}

/// How good predictions (padded rows of outputs) are for some data; `None` where the loss decides.
pub(crate) type ScoreOf<'a, F> = dyn Fn(&Data<'_, F>, &[F]) -> Result<Option<f64>> + Sync + 'a;

/// Predictions without padding, (rows, outputs).
pub(crate) fn without_padding<F: Float>(padded: &[F], width: usize) -> Array2<F> {
    let step = stride::<F>(width);
    Array2::from_shape_fn((padded.len() / step.max(1), width), |(i, j)| {
        padded[i * step + j]
    })
}

/// The units of all layers, inputs and outputs included.
pub(crate) fn units(n_features: usize, hidden: &[usize], n_outputs: usize) -> Vec<usize> {
    let mut units = Vec::with_capacity(hidden.len() + 2);
    units.push(n_features);
    units.extend_from_slice(hidden);
    units.push(n_outputs);
    units
}

/// What a fit starts from.
pub(crate) enum Start<'a, F: Float> {
    /// Random weights, or those given.
    Fresh(Option<Given<'a>>),
    /// A network that has learned before, with its curves.
    Warm(&'a Trained<F>),
}

/// Everything a fit needs beside its start.
pub(crate) struct Job<'a, F: Float> {
    pub settings: &'a Settings,
    pub loss: Loss,
    pub watch: &'a Watch,
    pub data: Data<'a, F>,
    pub validation: Option<Data<'a, F>>,
    pub score: &'a ScoreOf<'a, F>,
    /// The names of the classes, to stratify and for errors.
    pub classes: Option<&'a dyn Fn(u32) -> String>,
    /// Where the fit is written, and the settings that must be the same to go on.
    pub checkpoint: Option<(&'a Checkpoint, String)>,
}

impl<F: Float> Job<'_, F> {
    pub(crate) fn run(mut self, start: Start<'_, F>) -> Result<Trained<F>> {
        let settings = self.settings;
        let name = settings.estimator;
        if self.validation.is_none() && settings.early_stopping {
            let (train, held) = self.hold_back()?;
            self.validation = Some(self.data.select(&held));
            self.data = self.data.select(&train);
        }
        let mut trained = self.start(start)?;
        let network = Network {
            dropout: settings.extras.dropout,
            ..trained.network()
        };
        let saving = self.checkpoint.take().map(|(checkpoint, settings)| Saving {
            checkpoint,
            settings,
            data: self.fingerprint(&trained),
        });
        let score = |predicted: &[F]| match &self.validation {
            Some(validation) => (self.score)(validation, predicted)
                .map_err(|e| e.within(crate::error::VALIDATION_SET)),
            None => Ok(None),
        };
        let watched = self.validation.as_ref().map(|validation| Watched {
            samples: validation.samples(),
            score: &score,
        });
        let samples = self.data.samples();
        let memory = trained.memory.take();
        let learner = Learner {
            network: &network,
            params: &mut trained.params,
            record: &mut trained.record,
            watch: self.watch,
        };
        match settings.plan() {
            Plan::Stochastic(plan) => {
                let (memory, saving) = (memory.as_ref(), saving.as_ref());
                trained.memory =
                    Some(learner.fit(&plan, &samples, watched.as_ref(), memory, saving)?);
            }
            Plan::FullBatch(plan) => {
                learner.fit_lbfgs(&plan, &samples, watched.as_ref(), saving.as_ref())?
            }
        }
        if !trained.record.converged {
            log::warn!(
                "{name} after {} iterations (loss {:.3e}): {}",
                trained.record.n_iter,
                trained.record.loss,
                Notice::NotConverged
            );
        }
        Ok(trained)
    }

    /// One epoch more.
    pub(crate) fn run_once(self, trained: &mut Trained<F>) -> Result<()> {
        let name = self.settings.estimator;
        let Plan::Stochastic(plan) = self.settings.plan() else {
            return Err(Error::invalid_parameter(
                name,
                "solver",
                "`adam` or `sgd` to learn batch by batch",
                "lbfgs",
            ));
        };
        if self.settings.early_stopping {
            return Err(Error::invalid_parameter(
                name,
                "early_stopping",
                "false to learn batch by batch",
                "true",
            ));
        }
        let network = Network {
            dropout: self.settings.extras.dropout,
            ..trained.network()
        };
        // After an error the model is as it was.
        let (mut params, mut record) = (trained.params.clone(), trained.record.clone());
        let learner = Learner {
            network: &network,
            params: &mut params,
            record: &mut record,
            watch: self.watch,
        };
        let memory = learner.partial_fit(&plan, &self.data.samples(), trained.memory.as_ref())?;
        trained.params = params;
        trained.record = record;
        trained.memory = Some(memory);
        Ok(())
    }

    /// Of everything that a fit comes from but its settings.
    fn fingerprint(&self, start: &Trained<F>) -> Fingerprint {
        let mut print = Fingerprint::default();
        self.data.print(&mut print);
        if let Some(validation) = &self.validation {
            validation.print(&mut print);
        }
        print.numbers(&start.params.values);
        print.word(start.record.t);
        print
    }

    /// The network before it learns.
    pub(crate) fn start(&self, start: Start<'_, F>) -> Result<Trained<F>> {
        let settings = self.settings;
        let hidden = &settings.hidden_layer_sizes;
        let units = units(self.data.n_features, hidden, self.data.n_outputs);
        let activations = settings.activation.of(hidden.len());
        let params = match start {
            Start::Warm(trained) => {
                let known = trained.params.units();
                if known != units {
                    let reason = format!(
                        "layers of {known:?} units, these settings and data need {units:?}"
                    );
                    return Err(Error::invalid_input("the model to start from", reason));
                }
                let mut trained = trained.clone();
                trained.activations = activations;
                trained.loss = self.loss;
                return Ok(trained);
            }
            Start::Fresh(Some(given)) => given_weights(settings.estimator, given, &units)?,
            Start::Fresh(None) => {
                let mut rng = random::generator(settings.random_state);
                random_weights(&units, &settings.activation, &mut rng)?
            }
        };
        Ok(Trained {
            params,
            activations,
            loss: self.loss,
            record: Record::default(),
            memory: None,
        })
    }

    /// Rows to learn from and rows to hold back, stratified by class.
    fn hold_back(&self) -> Result<(Vec<usize>, Vec<usize>)> {
        let n = self.data.n_rows;
        let settings = self.settings;
        let held = (settings.validation_fraction * n as f64).ceil() as usize;
        let too_small = |reason: String| {
            Error::invalid_parameter(
                settings.estimator,
                "validation_fraction",
                format!("one that leaves rows to learn from and holds back at least 2 of {n} rows"),
                reason,
            )
        };
        if held < 2 || held >= n {
            let got = format!("{}, {held} rows", settings.validation_fraction);
            return Err(too_small(got));
        }
        let mut rng = random::stream(settings.random_state, HOLD_BACK);
        let groups: Vec<Vec<usize>> = match (&self.data.outcomes, self.classes) {
            (Outcomes::Codes(codes), Some(name)) => {
                let n_classes = codes.iter().max().map_or(0, |&c| c as usize + 1);
                let mut groups = vec![Vec::new(); n_classes];
                for (row, &code) in codes.iter().enumerate() {
                    groups[code as usize].push(row);
                }
                if let Some(code) = groups.iter().position(|g| g.len() == 1) {
                    let class = name(code as u32);
                    return Err(ErrorKind::TooFewSamples {
                        what: format!("class {class}, to hold back rows of every class"),
                        needed: 2,
                        got: 1,
                    }
                    .into());
                }
                groups
            }
            _ => vec![(0..n).collect()],
        };
        let quotas = quotas(&groups.iter().map(Vec::len).collect::<Vec<_>>(), n, held);
        let (mut train, mut back) = (Vec::with_capacity(n - held), Vec::with_capacity(held));
        for (mut group, quota) in groups.into_iter().zip(quotas) {
            random::shuffle(&mut group, &mut rng);
            let rest = group.split_off(quota.min(group.len()));
            back.extend(group);
            train.extend(rest);
        }
        // In the order of the data, which costs least to gather.
        train.sort_unstable();
        back.sort_unstable();
        Ok((train, back))
    }
}

/// `held` of `n` rows as shares of groups: by largest remainder, the first of equals.
fn quotas(sizes: &[usize], n: usize, held: usize) -> Vec<usize> {
    let exact = |size: usize| size as f64 * held as f64 / n as f64;
    let mut quotas: Vec<usize> = sizes.iter().map(|&s| exact(s).floor() as usize).collect();
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    let rest = |i: usize| exact(sizes[i]) - exact(sizes[i]).floor();
    by_rest.sort_by(|&a, &b| rest(b).total_cmp(&rest(a)));
    let missing = held.saturating_sub(quotas.iter().sum());
    for &i in by_rest.iter().take(missing) {
        quotas[i] += 1;
    }
    quotas
}

/// Uniform weights in ±√(6 / (inputs + outputs)), for the logistic function ±√(2 / (inputs + outputs)); intercepts alike.
///
/// Source: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
/// AISTATS 2010.
pub(crate) fn random_weights<F: Float, R: Rng + ?Sized>(
    units: &[usize],
    activations: &Activations,
    rng: &mut R,
) -> Result<Parameters<F>> {
    let mut params = Parameters::zeros(units)?;
    let layout = params.layout.clone();
    for (layer, place) in layout.places.iter().enumerate() {
        let factor = match activations.towards(layer) {
            Activation::Logistic => 2.0,
            _ => 6.0,
        };
        let bound = (factor / (place.n_in + place.n_out) as f64).sqrt();
        let mut draw = || F::of(bound * (2.0 * random::uniform(rng) - 1.0));
        for i in 0..place.n_in {
            let row = &mut params.values[place.weights + i * place.stride..][..place.n_out];
            row.fill_with(&mut draw);
        }
        params.values[place.intercepts..][..place.n_out].fill_with(&mut draw);
    }
    Ok(params)
}

fn given_weights<F: Float>(
    estimator: &str,
    given: Given<'_>,
    units: &[usize],
) -> Result<Parameters<F>> {
    let coefs: Vec<Array2<F>> = given.coefs.iter().map(|c| c.mapv(F::of)).collect();
    let intercepts: Vec<Array1<F>> = given.intercepts.iter().map(|b| b.mapv(F::of)).collect();
    let params = Parameters::from_arrays(&coefs, &intercepts)
        .map_err(|e| Error::invalid_parameter(estimator, given.name, "finite weights", e))?;
    if params.units() != units {
        let expected = format!("weights of layers of {units:?} units");
        let got = format!("{:?}", params.units());
        return Err(Error::invalid_parameter(
            estimator,
            "coefs_init",
            expected,
            got,
        ));
    }
    Ok(params)
}

impl<F: Float> Trained<F> {
    pub(crate) fn network(&self) -> Network {
        Network {
            layout: self.params.layout.clone(),
            activations: self.activations.clone(),
            loss: self.loss,
            dropout: 0.0,
        }
    }

    pub(crate) fn summary(&self, dropout: f64) -> Summary {
        Summary::of_perceptron(&self.params.units(), &self.activations, dropout)
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.record.notices()
    }

    pub(crate) fn n_features(&self) -> usize {
        self.params.layout.places.first().map_or(0, |p| p.n_in)
    }

    pub(crate) fn n_outputs(&self) -> usize {
        self.params.layout.places.last().map_or(0, |p| p.n_out)
    }

    /// Predictions, (rows, outputs) padded; with `raw` the weighted sums of the last layer.
    pub(crate) fn padded_outputs(
        &self,
        estimator: &str,
        x: &ArrayRef2<F>,
        raw: bool,
    ) -> Result<Vec<F>> {
        check::same_width(x, self.n_features())?;
        let (n, step) = (x.nrows(), stride::<F>(self.n_outputs()));
        crate::parallel::fits::<F>("the predictions", (n, step))?;
        let mut network = self.network();
        if raw {
            network.loss = Loss::SquaredError;
        }
        let x = rows_of(x);
        let mut padded = vec![F::zero(); n * step];
        network.predict_into(&self.params.values, &x, &mut padded);
        check::learned(estimator, "a prediction", &padded)?;
        Ok(padded)
    }

    /// Predictions, (rows, outputs); with `raw` the weighted sums of the last layer.
    pub(crate) fn outputs(
        &self,
        estimator: &str,
        x: &ArrayRef2<F>,
        raw: bool,
    ) -> Result<Array2<F>> {
        let padded = self.padded_outputs(estimator, x, raw)?;
        Ok(without_padding(&padded, self.n_outputs()))
    }

    pub(crate) fn coefs(&self) -> Vec<ArrayView2<'_, F>> {
        self.params.coefs()
    }

    pub(crate) fn intercepts(&self) -> Vec<ArrayView1<'_, F>> {
        self.params.intercepts()
    }

    /// Layers, outcome of the last fit.
    pub(crate) fn describe(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units: Vec<String> = self.params.units().iter().map(usize::to_string).collect();
        write!(
            f,
            "{} units ({} parameters), {} after {} iterations, loss {:.4}",
            units.join(" - "),
            self.params.layout.n_parameters(),
            if self.record.converged {
                "converged"
            } else {
                "not converged"
            },
            self.record.n_iter,
            self.record.loss
        )
    }

    pub(crate) fn validate(&self, settings: &Settings) -> Result<()> {
        self.record.validate()?;
        ensure::finite("weights", &self.params.values)?;
        let activations = settings.activation.of(settings.hidden_layer_sizes.len());
        ensure::that(self.activations == activations, || {
            "the activations are not those of the settings".into()
        })?;
        let units = self.params.units();
        let hidden = &units[1..units.len() - 1];
        ensure::that(hidden == settings.hidden_layer_sizes, || {
            format!(
                "hidden layers of {hidden:?} units, the settings say {:?}",
                settings.hidden_layer_sizes
            )
        })?;
        match &self.memory {
            Some(memory) => memory.validate(self.params.layout.n_parameters()),
            None => Ok(()),
        }
    }
}

/// R² of predictions in padded rows, averaged over the outputs; an output without variance counts 1 if it is met exactly,
/// else 0.
pub(crate) fn r2<F: Float>(values: &[F], predicted: &[F], width: usize, weights: &[F]) -> f64 {
    let step = stride::<F>(width);
    let weight = |row: usize| weights.get(row).map_or(1.0, |w| w.f64());
    let rows = values.len() / width.max(1);
    let mut total = 0.0;
    for j in 0..width {
        let (mut sum, mut count) = (0.0, 0.0);
        for row in 0..rows {
            sum += weight(row) * values[row * width + j].f64();
            count += weight(row);
        }
        let mean = sum / count;
        let (mut left, mut all) = (0.0, 0.0);
        for row in 0..rows {
            let y = values[row * width + j].f64();
            let p = predicted[row * step + j].f64();
            left += weight(row) * (y - p) * (y - p);
            all += weight(row) * (y - mean) * (y - mean);
        }
        total += match (left == 0.0, all == 0.0) {
            (true, _) => 1.0,
            (false, true) => 0.0,
            _ => 1.0 - left / all,
        };
    }
    total / width as f64
}

/// Accessors of what was learned, for a model with a field `trained`.
macro_rules! learned {
    ($fitted:ident $(, $dim:ident)?) => {
        impl<F: $crate::Float $(, $dim)?> $fitted<F $(, $dim)?> {
            /// The weights of each layer, (inputs, outputs).
            pub fn coefs(&self) -> Vec<::ndarray::ArrayView2<'_, F>> {
                self.trained.coefs()
            }

            /// The intercepts of each layer.
            pub fn intercepts(&self) -> Vec<::ndarray::ArrayView1<'_, F>> {
                self.trained.intercepts()
            }

            /// The loss at the end: mean loss plus penalty over the last epoch, or at the minimum.
            pub fn loss(&self) -> f64 {
                self.trained.record.loss
            }

            /// The least loss of an epoch; `None` where a validation score decided.
            pub fn best_loss(&self) -> Option<f64> {
                self.trained.record.best_loss
            }

            /// The loss of each epoch, or iteration of `lbfgs`.
            pub fn loss_curve(&self) -> &[f64] {
                &self.trained.record.loss_curve
            }

            /// The score of each epoch on the rows held back, or given; empty without.
            pub fn validation_scores(&self) -> &[f64] {
                &self.trained.record.validation_scores
            }

            /// The mean loss, without penalty, of each epoch on the rows held back, or given; empty without.
            pub fn validation_loss_curve(&self) -> &[f64] {
                &self.trained.record.validation_losses
            }

            /// The best of the validation scores, whose weights the model has.
            pub fn best_validation_score(&self) -> Option<f64> {
                self.trained.record.best_validation_score
            }

            /// The epochs, or iterations, of the last fit.
            pub fn n_iter(&self) -> usize {
                self.trained.record.n_iter
            }

            /// The rows learned from, each as often as it was seen.
            pub fn t(&self) -> u64 {
                self.trained.record.t
            }

            /// The number of layers, inputs and outputs included.
            pub fn n_layers(&self) -> usize {
                self.trained.params.layout.places.len() + 1
            }

            /// The number of outputs.
            pub fn n_outputs(&self) -> usize {
                self.trained.n_outputs()
            }

            /// What the output layer makes of its weighted sums, by scikit-learn's name.
            pub fn out_activation(&self) -> &'static str {
                self.trained.loss.out_activation()
            }

            /// The number of weights and intercepts.
            pub fn n_parameters(&self) -> usize {
                self.trained.params.layout.n_parameters()
            }

            /// The number of features.
            pub fn n_features_in(&self) -> usize {
                self.trained.n_features()
            }

            /// Whether a stopping rule was met before `max_iter`. If not: scale the features, or raise `max_iter`,
            /// `learning_rate_init` or `tol`.
            pub fn converged(&self) -> bool {
                self.trained.record.converged
            }

            /// What there is to say about the last fit, with advice: a dead start, that it did not converge.
            pub fn notices(&self) -> Vec<$crate::observer::Notice> {
                self.trained.notices()
            }

            /// The layers with their shapes and numbers of parameters.
            ///
            /// ```
            /// use fitwell::neural_network::{Activation, MlpClassifier};
            /// use fitwell::prelude::*;
            ///
            /// let iris = fitwell::datasets::load_iris()?;
            /// let network = MlpClassifier::new().hidden_layer_sizes([16, 8]).activation([Activation::Relu, Activation::Selu]);
            /// let summary = network.max_iter(2).fit(&iris.x, &iris.target)?.summary();
            /// assert_eq!(summary.n_parameters(), 5 * 16 + 17 * 8 + 9 * 3);
            /// assert!(summary.to_string().contains("dense (selu)"));
            /// # Ok::<(), Error>(())
            /// ```
            pub fn summary(&self) -> $crate::neural_network::Summary {
                self.trained.summary(self.estimator.settings().extras.dropout)
            }

            /// Whether no gradient reached the first layer at the start, so that it never learned: scale the features, take
            /// another `random_state` or activation, or make the layers wider.
            pub fn dead_start(&self) -> bool {
                self.trained.record.dead_start
            }
        }
    };
}
pub(crate) use learned;
