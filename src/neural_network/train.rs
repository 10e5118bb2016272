//! The loop over epochs: shuffling, batches, what is recorded, when to stop.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::panel::stride;
use crate::model::ensure;
use crate::observer::{self, Notice, Watch};
use crate::random;

use super::checkpoint::{Checkpoint, Fingerprint, Resume};
use super::layout::Parameters;
use super::learning_rate::LearningRate;
use super::loss::TargetRows;
use super::network::{Epoch, Network, Room, Samples, Step, Target, Workspace, fresh_slots};
use super::optimizer::Optimizer;
use super::schedule::Plateau;
use super::settings::Extras;

/// Counts of a file are below: what is added to them later does not overflow.
const MOST_COUNTED: u64 = 1 << 53;
/// Rows that a dead start is looked for in.
const DEAD_START_ROWS: usize = 1000;

/// How an optimiser that goes by batches runs.
#[derive(Clone, Debug)]
pub(crate) struct Stochastic {
    pub estimator: &'static str,
    pub optimizer: Optimizer,
    pub learning_rate: LearningRate,
    pub learning_rate_init: f64,
    pub alpha: f64,
    pub batch_size: Option<usize>,
    pub max_iter: usize,
    pub shuffle: bool,
    pub random_state: u64,
    pub tol: f64,
    pub n_iter_no_change: usize,
    pub extras: Extras,
    /// One epoch of several fits, which is not to converge.
    pub partial: bool,
}

/// A validation set, and how good predictions of it (padded rows) are: greater is better, `None` where the loss decides.
pub(crate) struct Watched<'a, F> {
    pub samples: Samples<'a, F>,
    #[allow(clippy::type_complexity)] // a score of predictions, no more
    pub score: &'a (dyn Fn(&[F]) -> Result<Option<f64>> + Sync),
}

/// What training recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Record {
    pub loss: f64,
    pub loss_curve: Vec<f64>,
    pub best_loss: Option<f64>,
    pub validation_scores: Vec<f64>,
    pub validation_losses: Vec<f64>,
    pub best_validation_score: Option<f64>,
    pub n_iter: usize,
    pub t: u64,
    pub converged: bool,
    pub dead_start: bool,
}

impl Record {
    /// What there is to say about the last fit.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let dead = self.dead_start.then_some(Notice::DeadStart);
        let not = (!self.converged).then_some(Notice::NotConverged);
        dead.into_iter().chain(not).collect()
    }

    pub(crate) fn validate(&self) -> Result<()> {
        ensure::finite("loss", [&self.loss])?;
        ensure::finite("loss_curve", &self.loss_curve)?;
        ensure::finite("best_loss", &self.best_loss)?;
        ensure::finite("validation_scores", &self.validation_scores)?;
        ensure::finite("validation_losses", &self.validation_losses)?;
        ensure::finite("best_validation_score", &self.best_validation_score)?;
        ensure::at_least("n_iter", self.n_iter, 1)?;
        ensure::that(
            self.t < MOST_COUNTED && (self.n_iter as u64) < MOST_COUNTED,
            || format!("{} iterations over {} rows", self.n_iter, self.t),
        )?;
        ensure::equal(
            "validation losses",
            self.validation_losses.len(),
            self.validation_scores.len(),
        )
    }
}

/// What an optimiser needs to go on: its memory without padding, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct Memory<F> {
    pub optimizer: Optimizer,
    /// The values of each slot, layer by layer, weights first.
    slots: Vec<Vec<F>>,
    steps: u64,
    rate: f64,
    plateau: Plateau,
    no_improvement: usize,
    /// Epochs ever run; each has an order of rows of its own.
    epochs: u64,
}

/// Where training stands.
struct State<F> {
    slots: Vec<F>,
    steps: u64,
    rate: f64,
    plateau: Plateau,
    no_improvement: usize,
    epochs: u64,
}

impl<F: Float> Memory<F> {
    pub(crate) fn validate(&self, n_parameters: usize) -> Result<()> {
        ensure::equal(
            "slots of the optimiser",
            self.slots.len(),
            self.optimizer.n_slots(),
        )?;
        for slot in &self.slots {
            ensure::equal("values of a slot", slot.len(), n_parameters)?;
            ensure::finite("slots", slot)?;
        }
        if let Some(slot) = self.optimizer.squares() {
            ensure::non_negative("mean squares of the optimiser", &self.slots[slot])?;
        }
        ensure::finite("rate", [&self.rate])?;
        self.plateau.validate()?;
        let counts = [self.steps, self.epochs, self.no_improvement as u64];
        ensure::that(counts.iter().all(|&c| c < MOST_COUNTED), || {
            format!("{} steps in {} epochs", self.steps, self.epochs)
        })?;
        self.optimizer
            .check("the network")
            .map_err(|e| Error::model_file(e.to_string()))
    }
}

impl<F: Float> State<F> {
    fn fresh(settings: &Stochastic, network: &Network) -> Result<Self> {
        Ok(State {
            slots: fresh_slots(&network.layout, settings.optimizer)?,
            steps: 0,
            rate: settings.learning_rate_init,
            plateau: Plateau::default(),
            no_improvement: 0,
            epochs: 0,
        })
    }

    fn from_memory(memory: &Memory<F>, network: &Network) -> Result<Self> {
        let mut slots = fresh_slots(&network.layout, memory.optimizer)?;
        for (slot, values) in memory.slots.iter().enumerate() {
            let mut values = values.iter();
            network.for_each_parameter(|at| {
                let to = network.slot_position(at, slot);
                if let Some(&v) = values.next() {
                    slots[to] = v;
                }
            });
        }
        Ok(State {
            slots,
            steps: memory.steps,
            rate: memory.rate,
            plateau: memory.plateau.clone(),
            no_improvement: memory.no_improvement,
            epochs: memory.epochs,
        })
    }

    fn memory(&self, optimizer: Optimizer, network: &Network) -> Memory<F> {
        let n_slots = optimizer.n_slots();
        let slots = (0..n_slots).map(|slot| {
            let mut values = Vec::with_capacity(network.layout.n_parameters());
            network.for_each_parameter(|at| {
                values.push(self.slots[network.slot_position(at, slot)]);
            });
            values
        });
        Memory {
            optimizer,
            slots: slots.collect(),
            steps: self.steps,
            rate: self.rate,
            plateau: self.plateau.clone(),
            no_improvement: self.no_improvement,
            epochs: self.epochs,
        }
    }
}

/// A fit on its way, as a checkpoint has it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct Course<F: Float> {
    params: Parameters<F>,
    record: Record,
    memory: Memory<F>,
    /// The parameters of the best epoch, where a validation set decides.
    best: Option<Parameters<F>>,
}

impl<F: Float> Resume for Course<F> {
    fn type_name() -> String {
        format!("PerceptronCheckpoint<{}>", F::NAME)
    }

    fn n_iter(&self) -> usize {
        self.record.n_iter
    }

    fn validate(&self) -> Result<()> {
        self.record.validate()?;
        self.memory.validate(self.params.layout.n_parameters())?;
        let best = self.best.as_ref().map(Parameters::units);
        ensure::that(
            best.is_none_or(|units| units == self.params.units()),
            || "the best weights are of other layers".into(),
        )
    }
}

/// Where a fit is written as it goes, and what it must be the same fit by.
pub(crate) struct Saving<'a> {
    pub checkpoint: &'a Checkpoint,
    pub settings: String,
    pub data: Fingerprint,
}

/// What an epoch came to.
struct Outcome {
    loss: f64,
    /// Of its last step.
    rate: f64,
}

/// A network while it learns.
pub(crate) struct Learner<'a, F: Float> {
    pub network: &'a Network,
    pub params: &'a mut Parameters<F>,
    pub record: &'a mut Record,
    pub watch: &'a Watch,
}

impl<F: Float> Learner<'_, F> {
    /// Epochs until a stopping rule or `max_iter`; with a validation set its score decides, and the best weights are
    /// restored.
    pub(crate) fn fit(
        mut self,
        settings: &Stochastic,
        samples: &Samples<'_, F>,
        validation: Option<&Watched<'_, F>>,
        memory: Option<&Memory<F>>,
        saving: Option<&Saving<'_>>,
    ) -> Result<Memory<F>> {
        let mut state = State::fresh(settings, self.network)?;
        if let Some(memory) = memory {
            state.epochs = memory.epochs;
            state.no_improvement = memory.no_improvement;
        }
        self.record.converged = false;
        self.record.n_iter = 0;
        let mut best = validation.map(|_| self.params.clone());
        if let Some(saving) = saving {
            let (units, optimizer) = (self.params.units(), settings.optimizer);
            let saved = saving.checkpoint.start(
                settings.estimator,
                &saving.settings,
                saving.data,
                settings.max_iter,
                |saved: &Course<F>| {
                    saved.params.units() == units
                        && saved.memory.optimizer == optimizer
                        && saved.best.is_some() == validation.is_some()
                },
            )?;
            if let Some(saved) = saved {
                state = State::from_memory(&saved.memory, self.network)?;
                *self.params = saved.params;
                *self.record = saved.record;
                best = saved.best;
            }
        }
        self.in_pool(|learner| {
            learner.epochs(settings, samples, validation, &mut state, best, saving)
        })?;
        Ok(state.memory(settings.optimizer, self.network))
    }

    /// One epoch more.
    pub(crate) fn partial_fit(
        mut self,
        settings: &Stochastic,
        samples: &Samples<'_, F>,
        memory: Option<&Memory<F>>,
    ) -> Result<Memory<F>> {
        let mut state = match memory {
            Some(memory) if memory.optimizer == settings.optimizer => {
                State::from_memory(memory, self.network)?
            }
            _ => State::fresh(settings, self.network)?,
        };
        self.record.converged = false;
        self.record.n_iter = 0;
        let once = Stochastic {
            max_iter: 1,
            partial: true,
            ..settings.clone()
        };
        self.in_pool(|learner| learner.epochs(&once, samples, None, &mut state, None, None))?;
        Ok(state.memory(settings.optimizer, self.network))
    }

    /// Runs on a thread of the pool, where starting parts costs least; a small network needs no pool.
    pub(super) fn in_pool(&mut self, f: impl FnOnce(&mut Self) -> Result<()> + Send) -> Result<()> {
        if self.network.is_small() {
            return f(self);
        }
        let learner = self;
        rayon::scope(move |_| f(learner))
    }

    fn epochs(
        &mut self,
        settings: &Stochastic,
        samples: &Samples<'_, F>,
        validation: Option<&Watched<'_, F>>,
        state: &mut State<F>,
        mut best: Option<Parameters<F>>,
        saving: Option<&Saving<'_>>,
    ) -> Result<()> {
        let name = settings.estimator;
        let n = samples.n_rows;
        let batch_size = settings.batch_size.unwrap_or(200).clamp(1, n.max(1));
        if settings.batch_size.is_some_and(|size| size > n) {
            log::warn!("{name}: batch_size is clipped to the {n} rows there are");
        }
        let mut work = self
            .network
            .workspace::<F>(batch_size.max(n.min(DEAD_START_ROWS)), settings.shuffle)?;
        self.network
            .split(batch_size, settings.extras.clip, &mut work);
        if self.record.loss_curve.is_empty() {
            self.look_for_dead_start(name, samples, &mut work);
        }
        let mut order: Vec<u32> = Vec::new();
        if settings.shuffle {
            order.extend(0..u32::try_from(n).map_err(|_| too_many_rows(n))?);
        }
        let mut seen = Validation::new(self.network, validation);
        self.reserve(settings.max_iter, seen.is_some());
        while !self.record.converged && self.record.n_iter < settings.max_iter {
            let epoch = self.record.n_iter + 1;
            let Outcome { loss, rate } =
                self.epoch(settings, samples, &mut order, batch_size, state, &mut work);
            state.epochs += 1;
            self.record.n_iter = epoch;
            self.record.t += n as u64;
            let mut report = observer::Epoch {
                loss,
                learning_rate: rate,
                ..observer::Epoch::default()
            };
            if !loss.is_finite() {
                return Err(self.diverged(name, epoch, settings.max_iter, report));
            }
            self.record.loss = loss;
            self.record.loss_curve.push(loss);
            let improved = match &mut seen {
                Some(seen) => {
                    let looked = seen.look(self.network, &self.params.values, name, epoch);
                    let (score, loss) = match looked {
                        Err(e) if matches!(e.kind(), ErrorKind::Diverged { .. }) => {
                            return Err(self.diverged(name, epoch, settings.max_iter, report));
                        }
                        looked => looked?,
                    };
                    report.validation_loss = Some(loss);
                    report.validation_score = Some(score);
                    self.record.validation_scores.push(score);
                    self.record.validation_losses.push(loss);
                    let before = self.record.best_validation_score;
                    let before = before.unwrap_or(f64::NEG_INFINITY);
                    if score > before {
                        self.record.best_validation_score = Some(score);
                        if let Some(best) = &mut best {
                            best.values.copy_from_slice(&self.params.values);
                        }
                    }
                    score >= before + settings.tol
                }
                None => {
                    let before = self.record.best_loss.unwrap_or(f64::INFINITY);
                    if loss < before {
                        self.record.best_loss = Some(loss);
                    }
                    loss <= before - settings.tol
                }
            };
            let schedule = &settings.extras.schedule;
            state
                .plateau
                .epoch(schedule, report.validation_loss.unwrap_or(loss));
            state.no_improvement = if improved {
                0
            } else {
                state.no_improvement.saturating_add(1)
            };
            state.rate = settings.learning_rate.after_epoch(
                settings.learning_rate_init,
                state.rate,
                self.record.t,
            );
            if state.no_improvement > settings.n_iter_no_change {
                match settings.learning_rate.on_plateau(state.rate) {
                    None => self.record.converged = true,
                    Some(rate) => {
                        state.rate = rate;
                        state.no_improvement = 0;
                    }
                }
            }
            let ends = self.record.converged || epoch >= settings.max_iter;
            if let Some(saving) = saving
                && (saving.checkpoint.is_due(epoch) || ends)
            {
                let course = Course {
                    params: self.params.clone(),
                    record: self.record.clone(),
                    memory: state.memory(settings.optimizer, self.network),
                    best: best.clone(),
                };
                let checkpoint = saving.checkpoint;
                checkpoint.save(&saving.settings, saving.data, course)?;
            }
            let mut notices = Vec::new();
            if epoch == 1 && self.record.dead_start {
                notices.push(Notice::DeadStart);
            }
            if ends && !self.record.converged && !settings.partial {
                notices.push(Notice::NotConverged);
            }
            let total = Some(settings.max_iter);
            self.watch
                .report_epoch(name, epoch, total, report, notices)?;
        }
        if let Some(best) = best {
            *self.params = best;
        }
        if !self.params.all_finite() {
            let report = observer::Epoch {
                loss: self.record.loss,
                ..observer::Epoch::default()
            };
            return Err(self.diverged(name, self.record.n_iter, settings.max_iter, report));
        }
        Ok(())
    }

    /// Room for the curves of the epochs to come, so that an epoch allocates nothing; of very many, some.
    fn reserve(&mut self, epochs: usize, validation: bool) {
        let room = epochs.min(10_000);
        self.record.loss_curve.reserve(room);
        if validation {
            self.record.validation_scores.reserve(room);
            self.record.validation_losses.reserve(room);
        }
    }

    /// Tells the observer that the loss left the numbers, and gives the error.
    fn diverged(
        &self,
        name: &'static str,
        epoch: usize,
        total: usize,
        report: observer::Epoch,
    ) -> Error {
        let notices = vec![Notice::Diverged];
        // The fit ends anyway.
        let _ = self
            .watch
            .report_epoch(name, epoch, Some(total), report, notices);
        diverged(name, epoch)
    }

    /// The mean loss of one epoch.
    fn epoch(
        &mut self,
        settings: &Stochastic,
        samples: &Samples<'_, F>,
        order: &mut [u32],
        batch_size: usize,
        state: &mut State<F>,
        work: &mut Workspace<F>,
    ) -> Outcome {
        let n = samples.n_rows;
        let (seed, number) = (settings.random_state, state.epochs);
        let (plateau, constant) = (&state.plateau, state.rate);
        let mut rate = constant;
        let extras = &settings.extras;
        let course = Epoch {
            order,
            batch_size,
            shuffle: |order: &mut [u32]| {
                for (at, row) in order.iter_mut().enumerate() {
                    *row = at as u32;
                }
                random::shuffle(order, &mut random::stream(seed, number));
            },
            step: |steps: u64| {
                rate = plateau.rate(&extras.schedule, constant, extras.warmup_steps, steps);
                Step {
                    alpha: settings.alpha,
                    optimizer: settings.optimizer,
                    clip: extras.clip,
                    rate,
                    t: steps + 1,
                    seed,
                }
            },
        };
        let (params, slots) = (&mut self.params.values, &mut state.slots);
        let network = self.network;
        let (sum, steps) = network.epoch(params, slots, samples, course, state.steps, work);
        state.steps = steps;
        Outcome {
            loss: sum / n as f64,
            rate,
        }
    }

    pub(super) fn look_for_dead_start(
        &mut self,
        name: &str,
        samples: &Samples<'_, F>,
        work: &mut Workspace<F>,
    ) {
        self.record.dead_start =
            self.network
                .dead_start(&self.params.values, samples, DEAD_START_ROWS, work);
        if self.record.dead_start {
            log::warn!("{name}: {}", Notice::DeadStart);
        }
    }
}

/// The validation set with memory for its predictions.
pub(super) struct Validation<'a, F> {
    watched: &'a Watched<'a, F>,
    predicted: Vec<F>,
    delta: Vec<F>,
    room: Room<F>,
}

impl<'a, F: Float> Validation<'a, F> {
    pub(super) fn new(network: &Network, watched: Option<&'a Watched<'a, F>>) -> Option<Self> {
        let watched = watched?;
        let len = watched.samples.n_rows * stride::<F>(network.n_outputs());
        Some(Validation {
            watched,
            predicted: vec![F::zero(); len],
            delta: vec![F::zero(); len],
            room: Room::default(),
        })
    }

    /// The score and the mean loss, without penalty.
    pub(super) fn look(
        &mut self,
        network: &Network,
        params: &[F],
        name: &str,
        epoch: usize,
    ) -> Result<(f64, f64)> {
        let samples = &self.watched.samples;
        network.predict_in(params, samples.x, &mut self.predicted, &mut self.room);
        let target = match samples.target {
            Target::Codes(codes) => TargetRows::Codes(codes),
            Target::Values(values) => TargetRows::Values(values),
        };
        let weights = (!samples.weights.is_empty()).then_some(samples.weights);
        let loss = network.loss.evaluate(
            &self.predicted,
            target,
            weights,
            network.n_outputs(),
            &mut self.delta,
        );
        let weight = weights.map_or(samples.n_rows as f64, |w| w.iter().map(|w| w.f64()).sum());
        let loss = loss / weight;
        if !loss.is_finite() {
            return Err(diverged(name, epoch));
        }
        let score = (self.watched.score)(&self.predicted)?.unwrap_or(-loss);
        if !score.is_finite() {
            return Err(diverged(name, epoch));
        }
        Ok((score, loss))
    }
}

/// The loss left the numbers.
pub(super) fn diverged(estimator: &str, epoch: usize) -> Error {
    ErrorKind::Diverged {
        estimator: estimator.into(),
        iterations: epoch,
    }
    .into()
}

fn too_many_rows(n: usize) -> Error {
    ErrorKind::TooLarge {
        what: "rows to shuffle".into(),
        size: n as u64,
        limit: u64::from(u32::MAX),
    }
    .into()
}
