//! The training loop: epochs of batches, and what is remembered between them.
//!
//! Everything random follows from the seed and a count (of epochs, of updates), so that a run that goes on from a checkpoint
//! draws what the uninterrupted run would.

use std::ops::Range;

use ndarray::{Array2, ArrayRef2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linear_model::linear_classifier::ClassList;
use crate::model::ensure;
use crate::neural_network::checkpoint::{Checkpoint, Fingerprint, Resume};
use crate::neural_network::losses::RowLoss;
use crate::neural_network::schedule::Plateau;
use crate::neural_network::{Clip, Optimizer, Schedule};
use crate::observer::{Epoch, Notice, Watch};
use crate::random;

use super::layer::Layer;
use super::network::{Mode, Network, Node, Room};

/// The target of the rows.
#[derive(Clone, Copy)]
pub(super) enum Target<'a, F> {
    /// The class of each row, and the classes.
    Codes(&'a [u32], &'a ClassList),
    /// (n_samples, n_outputs)
    Values(ArrayView2<'a, F>),
}

/// Samples with their target and weights.
#[derive(Clone, Copy)]
pub(super) struct Data<'a, F> {
    pub(super) x: &'a ArrayRef2<F>,
    pub(super) target: Target<'a, F>,
    pub(super) weights: Option<&'a [f64]>,
}

impl<F: Float> Data<'_, F> {
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    /// The same, borrowed for as long as this is.
    pub(super) fn again(&self) -> Data<'_, F> {
        Data {
            x: self.x,
            target: match &self.target {
                Target::Codes(codes, classes) => Target::Codes(codes, classes),
                Target::Values(values) => Target::Values(values.view()),
            },
            weights: self.weights,
        }
    }

    /// The rows that have weight.
    pub(super) fn rows(&self) -> Vec<usize> {
        let rows = 0..self.x.nrows();
        rows.filter(|&row| self.weight(row) > 0.0).collect()
    }
}

/// Judges the last layer's values of the validation rows; greater is better.
pub(super) type Judge<'a, F> = dyn Fn(Array2<F>) -> Result<f64> + 'a;

/// Rows to watch while learning.
pub(super) struct Validation<'a, F> {
    pub(super) data: Data<'a, F>,
    /// The rows of `data` that count.
    pub(super) rows: Vec<usize>,
    /// What decides, unless it is the loss.
    pub(super) judge: Option<&'a Judge<'a, F>>,
}

/// How a network learns.
pub(super) struct Plan<'a> {
    pub(super) name: &'static str,
    pub(super) loss: RowLoss,
    pub(super) optimizer: Optimizer,
    pub(super) schedule: Schedule,
    pub(super) rate: f64,
    pub(super) warmup_steps: usize,
    pub(super) clip: Option<Clip>,
    pub(super) batch_size: Option<usize>,
    pub(super) max_iter: usize,
    pub(super) shuffle: bool,
    pub(super) random_state: u64,
    pub(super) tol: f64,
    pub(super) n_iter_no_change: usize,
    pub(super) early_stopping: bool,
    pub(super) watch: &'a Watch,
    pub(super) checkpoint: Option<&'a Checkpoint>,
    /// The settings as JSON, for checkpoints.
    pub(super) settings: String,
}

impl Plan<'_> {
    /// Rows of a batch out of `n`.
    pub(super) fn batch(&self, n: usize) -> usize {
        self.batch_size.unwrap_or(200).min(n).max(1)
    }
}

/// A network on its way, with everything that the rest of the way depends on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct State<F> {
    pub(crate) network: Network<F>,
    /// What the optimiser remembers.
    slots: Vec<F>,
    /// Updates made.
    pub(crate) updates: u64,
    plateau: Plateau,
    /// One value for each epoch.
    pub(crate) loss_curve: Vec<f64>,
    pub(crate) validation_losses: Vec<f64>,
    pub(crate) validation_scores: Vec<f64>,
    /// The smallest of what is watched, and the parameters and statistics that had it, if they are to be restored.
    best: Option<f64>,
    best_parameters: Vec<F>,
    best_statistics: Vec<F>,
    /// Epochs without improvement.
    waited: usize,
    pub(crate) converged: bool,
    /// Whether the first epoch never reached the first layer.
    pub(crate) dead_start: bool,
}

/// What a checkpoint holds: the state, and the optimiser that its slots are of.
impl<F: Float> Resume for (Optimizer, State<F>) {
    fn type_name() -> String {
        format!("NetworkCheckpoint<{}>", F::NAME)
    }

    fn n_iter(&self) -> usize {
        self.1.n_iter()
    }

    fn validate(&self) -> Result<()> {
        let optimizer = self.0.check("checkpoint");
        optimizer.map_err(|e| Error::model_file(e.to_string()))?;
        self.1.validate(&self.0)
    }
}

impl<F: Float> State<F> {
    pub(super) fn new(network: Network<F>, optimizer: &Optimizer) -> Self {
        let n = network.parameters.len();
        State {
            slots: vec![F::zero(); n * optimizer.n_slots()],
            network,
            updates: 0,
            plateau: Plateau::default(),
            loss_curve: Vec::new(),
            validation_losses: Vec::new(),
            validation_scores: Vec::new(),
            best: None,
            best_parameters: Vec::new(),
            best_statistics: Vec::new(),
            waited: 0,
            converged: false,
            dead_start: false,
        }
    }

    /// Epochs made.
    pub(crate) fn n_iter(&self) -> usize {
        self.loss_curve.len()
    }

    /// What there is to say about the fit.
    pub(crate) fn notices(&self) -> Vec<Notice> {
        let dead = self.dead_start.then_some(Notice::DeadStart);
        let not = (!self.converged).then_some(Notice::NotConverged);
        dead.into_iter().chain(not).collect()
    }

    /// Checks what a file holds.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(super) fn validate(&self, optimizer: &Optimizer) -> Result<()> {
        self.network.validate()?;
        let n = self.network.parameters.len();
        optimizer.validate(&self.slots, n)?;
        self.plateau.validate()?;
        ensure::that(self.updates < 1 << 53, || {
            format!("{} updates", self.updates)
        })?;
        ensure::finite("loss curve", &self.loss_curve)?;
        for (what, curve) in [
            ("validation losses", &self.validation_losses),
            ("validation scores", &self.validation_scores),
        ] {
            ensure::finite(what, curve)?;
            ensure::that(curve.is_empty() || curve.len() == self.n_iter(), || {
                format!("{} {what} for {} epochs", curve.len(), self.n_iter())
            })?;
        }
        ensure::that(self.waited <= self.n_iter(), || {
            format!("{} epochs waited of {}", self.waited, self.n_iter())
        })?;
        if !self.best_parameters.is_empty() {
            let found = self.best_parameters.len();
            ensure::equal("number of the best parameters", found, n)?;
            ensure::finite("best parameters", &self.best_parameters)?;
        }
        let best = self.best_parameters.is_empty() == self.best_statistics.is_empty()
            || self.network.statistics.is_empty();
        ensure::that(best, || "half of the best network is missing".into())?;
        if !self.best_statistics.is_empty() {
            let (found, expected) = (self.best_statistics.len(), self.network.statistics.len());
            ensure::equal("number of the best statistics", found, expected)?;
            ensure::finite("best statistics", &self.best_statistics)?;
        }
        Ok(())
    }

    /// Drops what only the rest of a fit would need.
    fn finish(&mut self) {
        if !self.best_parameters.is_empty() {
            self.network.parameters = std::mem::take(&mut self.best_parameters);
            self.network.statistics = std::mem::take(&mut self.best_statistics);
        }
    }
}

/// Makes updates, batch after batch, in room that is made once.
pub(super) struct Learner<'a, F> {
    plan: &'a Plan<'a>,
    /// The most rows of an update.
    batch: usize,
    parts: Vec<Range<usize>>,
    room: Room<F>,
    x: Vec<F>,
    gradient: Vec<F>,
    /// The values, target and derivatives of one row.
    row: [Vec<f64>; 3],
    /// The rate of the last update.
    rate: f64,
    penalised: bool,
    start: Start,
}

/// Whether a gradient has reached the first layer that has parameters, and whether there was one at the last.
struct Start {
    first: Range<usize>,
    /// The kernel that its first values are, and twice the weight of its penalty.
    kernel: usize,
    penalty: f64,
    last: Range<usize>,
    alive: bool,
    wrong: bool,
}

impl Start {
    fn new<F: Float>(network: &Network<F>) -> Self {
        let mut at = 0;
        let mut ranges = Vec::new();
        for node in &network.nodes {
            let n = node.n_parameters().unwrap_or(0);
            if n > 0 {
                ranges.push((at..at + n, node));
            }
            at += n;
        }
        let (kernel, penalty) = match ranges.first().map(|(_, node)| (node, &node.layer)) {
            Some((node, Layer::Dense { l2, .. })) => (node.n_inputs * node.n_outputs, 2.0 * l2),
            _ => (0, 0.0),
        };
        let range = |i: Option<&(Range<usize>, &Node)>| i.map_or(0..0, |(range, _)| range.clone());
        Start {
            first: range(ranges.first()),
            kernel,
            penalty,
            last: range(ranges.last()),
            alive: ranges.len() < 2,
            wrong: false,
        }
    }

    /// Looks at the gradient of an update.
    fn look<F: Float>(&mut self, parameters: &[F], gradient: &[F]) {
        if self.alive {
            return;
        }
        let twice = F::of(self.penalty);
        let first = self.first.clone().enumerate();
        self.alive = first.into_iter().any(|(i, at)| {
            let of_penalty = match i < self.kernel {
                true => twice * parameters[at],
                false => F::zero(),
            };
            gradient[at] != of_penalty
        });
        let last = &gradient[self.last.clone()];
        self.wrong |= last.iter().any(|g| *g != F::zero());
    }
}

impl<'a, F: Float> Learner<'a, F> {
    pub(super) fn new(plan: &'a Plan<'a>, network: &Network<F>, batch: usize) -> Self {
        let rows = batch;
        let m = network.n_outputs();
        Learner {
            plan,
            batch,
            parts: network.parts(),
            room: Room::new(network, rows),
            x: Vec::with_capacity(rows * network.n_features()),
            gradient: vec![F::zero(); network.parameters.len()],
            row: [vec![0.0; m], vec![0.0; m], vec![0.0; m]],
            rate: 0.0,
            penalised: network.is_penalised(),
            start: Start::new(network),
        }
    }

    /// Copies rows of the samples side by side.
    fn gather(&mut self, data: &Data<'_, F>, rows: &[usize]) {
        self.x.clear();
        for &row in rows {
            let row = data.x.row(row);
            match row.as_slice() {
                Some(values) => self.x.extend_from_slice(values),
                None => self.x.extend(row.iter().copied()),
            }
        }
    }

    /// Σ w L of the rows that went forward and Σ w; with `learn` the derivative of their quotient by the last values.
    fn losses(&mut self, data: &Data<'_, F>, rows: &[usize], learn: bool) -> (f64, f64) {
        let total: f64 = rows.iter().map(|&row| data.weight(row)).sum();
        let [z, y, g] = &mut self.row;
        let m = z.len();
        let (output, delta) = self.room.output_and_delta();
        let mut sum = 0.0;
        for ((&row, out), delta) in rows
            .iter()
            .zip(output.chunks_exact(m))
            .zip(delta.chunks_exact_mut(m))
        {
            for (z, &out) in z.iter_mut().zip(out) {
                *z = out.f64();
            }
            let loss = match &data.target {
                Target::Codes(codes, _) => self.plan.loss.of_class(codes[row] as usize, y, z, g),
                Target::Values(values) => {
                    for (y, value) in y.iter_mut().zip(values.row(row)) {
                        *y = value.f64();
                    }
                    self.plan.loss.of_values(y, z, g)
                }
            };
            let weight = data.weight(row);
            sum += weight * loss;
            if learn {
                let share = weight / total;
                for (delta, &g) in delta.iter_mut().zip(&*g) {
                    *delta = F::of(share * g);
                }
            }
        }
        (sum, total)
    }

    /// One update by these rows; Σ w L with the penalty, and Σ w.
    pub(super) fn update(
        &mut self,
        state: &mut State<F>,
        data: &Data<'_, F>,
        rows: &[usize],
    ) -> (f64, f64) {
        let plan = self.plan;
        self.gather(data, rows);
        let mode = Mode::Learn {
            random_state: plan.random_state,
            update: state.updates,
        };
        self.room.forward(&state.network, &self.x, rows.len(), mode);
        let (mut sum, total) = self.losses(data, rows, true);
        if self.penalised {
            sum += total * state.network.penalty();
        }
        self.room
            .backward(&state.network, &self.x, &mut self.gradient);
        self.start.look(&state.network.parameters, &self.gradient);
        if let Some(clip) = plan.clip {
            clip.apply(&mut self.gradient, &self.parts);
        }
        let (schedule, warmup) = (&plan.schedule, plan.warmup_steps);
        self.rate = state
            .plateau
            .rate(schedule, plan.rate, warmup, state.updates);
        state.updates += 1;
        let network = &mut state.network;
        plan.optimizer.sweep(
            &mut network.parameters,
            &self.gradient,
            &mut state.slots,
            self.rate,
            state.updates,
        );
        network.statistics.copy_from_slice(&self.room.statistics);
        (sum, total)
    }

    /// Updates by all of these rows, batch after batch; Σ w L and Σ w.
    pub(super) fn pass(
        &mut self,
        state: &mut State<F>,
        data: &Data<'_, F>,
        rows: &mut [usize],
        epoch: u64,
    ) -> (f64, f64) {
        if self.plan.shuffle {
            random::shuffle(rows, &mut random::stream(self.plan.random_state, 2 * epoch));
        }
        let (mut sum, mut weight) = (0.0, 0.0);
        for rows in rows.chunks(self.batch) {
            let (s, w) = self.update(state, data, rows);
            sum += s;
            weight += w;
        }
        (sum, weight)
    }

    /// The mean loss of rows that are not learned from, and the last layer's values of them.
    fn watch(
        &mut self,
        network: &Network<F>,
        data: &Data<'_, F>,
        rows: &[usize],
    ) -> (f64, Array2<F>) {
        let batch = self.batch;
        let m = network.n_outputs();
        let mut outputs = Array2::zeros((rows.len(), m));
        let (mut sum, mut weight) = (0.0, 0.0);
        for (i, rows) in rows.chunks(batch).enumerate() {
            self.gather(data, rows);
            let n = rows.len();
            self.room.forward(network, &self.x, n, Mode::Predict);
            let (s, w) = self.losses(data, rows, false);
            sum += s;
            weight += w;
            let first = i * batch;
            let mut part = outputs.slice_mut(ndarray::s![first..first + n, ..]);
            for (to, from) in part.iter_mut().zip(self.room.output()) {
                *to = *from;
            }
        }
        (sum / weight, outputs)
    }
}

/// One pass over the training rows, given the number of the epoch from 0: Σ w L and Σ w.
pub(super) type Pass<'a, F> =
    dyn FnMut(u64, &mut Learner<'_, F>, &mut State<F>) -> Result<(f64, f64)> + 'a;

/// Learns from rows in memory until nothing is gained any more or `max_iter` epochs are made.
pub(super) fn train<F: Float>(
    plan: &Plan<'_>,
    state: State<F>,
    data: &Data<'_, F>,
    rows: &[usize],
    validation: Option<&Validation<'_, F>>,
) -> Result<State<F>> {
    let fingerprint = match plan.checkpoint {
        Some(_) => fingerprint(data, rows, validation),
        None => Fingerprint::default(),
    };
    let batch = plan.batch(rows.len());
    let mut order = Vec::with_capacity(rows.len());
    let mut pass = |epoch: u64, learner: &mut Learner<'_, F>, state: &mut State<F>| {
        order.clear();
        order.extend_from_slice(rows);
        Ok(learner.pass(state, data, &mut order, epoch))
    };
    epochs(plan, state, batch, fingerprint, &mut pass, validation)
}

/// Learns by passes until nothing is gained any more or `max_iter` of them are made.
pub(super) fn epochs<F: Float>(
    plan: &Plan<'_>,
    mut state: State<F>,
    batch: usize,
    fingerprint: Fingerprint,
    pass: &mut Pass<'_, F>,
    validation: Option<&Validation<'_, F>>,
) -> Result<State<F>> {
    if let Some(checkpoint) = plan.checkpoint {
        let nodes = &state.network.nodes;
        let fits = |saved: &(Optimizer, State<F>)| {
            saved.0 == plan.optimizer && saved.1.network.nodes == *nodes
        };
        let saved =
            checkpoint.start(plan.name, &plan.settings, fingerprint, plan.max_iter, fits)?;
        if let Some((_, saved)) = saved {
            state = saved;
        }
    }
    state.network.fits(batch)?;
    let mut learner = Learner::new(plan, &state.network, batch);
    while !state.converged && state.n_iter() < plan.max_iter {
        let epoch = state.n_iter();
        let (sum, weight) = pass(epoch as u64, &mut learner, &mut state)?;
        let loss = sum / weight;
        let mut record = Epoch {
            loss,
            learning_rate: learner.rate,
            ..Epoch::default()
        };
        let total = Some(plan.max_iter);
        let diverged = |record: Epoch| {
            let notices = vec![Notice::Diverged];
            // The fit ends anyway.
            let _ = plan
                .watch
                .report_epoch(plan.name, epoch + 1, total, record, notices);
            diverged(plan.name, epoch + 1)
        };
        if !finite(loss, &state.network) {
            return Err(diverged(record));
        }
        state.loss_curve.push(loss);
        if epoch == 0 {
            state.dead_start = !learner.start.alive && learner.start.wrong;
            if state.dead_start {
                log::warn!("{}: {}", plan.name, Notice::DeadStart);
            }
        }
        if let Some(validation) = validation {
            let rows = &validation.rows;
            let (loss, outputs) = learner.watch(&state.network, &validation.data, rows);
            record.validation_loss = Some(loss);
            if !finite(loss, &state.network) {
                return Err(diverged(record));
            }
            state.validation_losses.push(loss);
            if let Some(judge) = validation.judge {
                let score = judge(outputs).map_err(|e| e.within(crate::error::VALIDATION_SET))?;
                state.validation_scores.push(score);
                record.validation_score = Some(score);
            }
        }
        let watched = match (record.validation_loss, record.validation_score) {
            (Some(_), Some(score)) if plan.early_stopping => -score,
            (Some(loss), None) if plan.early_stopping => loss,
            _ => loss,
        };
        state.keep_watch(plan, watched, validation.is_some());
        let plateau = record.validation_loss.unwrap_or(loss);
        state.plateau.epoch(&plan.schedule, plateau);
        if let Some(checkpoint) = plan.checkpoint
            && (checkpoint.is_due(state.n_iter())
                || state.converged
                || state.n_iter() >= plan.max_iter)
        {
            let saved = (plan.optimizer, state);
            (_, state) = checkpoint.save(&plan.settings, fingerprint, saved)?;
        }
        let n = state.n_iter();
        let mut notices = Vec::new();
        if n == 1 && state.dead_start {
            notices.push(Notice::DeadStart);
        }
        if n >= plan.max_iter && !state.converged {
            notices.push(Notice::NotConverged);
        }
        plan.watch
            .report_epoch(plan.name, n, total, record, notices)?;
    }
    state.finish();
    if !state.converged {
        log::warn!(
            "{} after {} epochs: {}",
            plan.name,
            state.n_iter(),
            Notice::NotConverged
        );
    }
    Ok(state)
}

impl<F: Float> State<F> {
    /// After an epoch: whether it was better, and whether to go on.
    fn keep_watch(&mut self, plan: &Plan<'_>, watched: f64, validated: bool) {
        let best = self.best.unwrap_or(f64::INFINITY);
        if watched > best - plan.tol {
            self.waited += 1;
        } else {
            self.waited = 0;
        }
        if watched < best {
            self.best = Some(watched);
            if plan.early_stopping && validated {
                self.best_parameters.clone_from(&self.network.parameters);
                self.best_statistics.clone_from(&self.network.statistics);
            }
        }
        self.converged = self.waited > plan.n_iter_no_change;
    }

    /// One pass over the rows, as a further epoch.
    pub(super) fn pass(&mut self, plan: &Plan<'_>, data: &Data<'_, F>) -> Result<()> {
        let mut rows = data.rows();
        let mut learner = Learner::new(plan, &self.network, plan.batch(rows.len()));
        let epoch = self.n_iter();
        let (sum, weight) = learner.pass(self, data, &mut rows, epoch as u64);
        let loss = sum / weight;
        if !finite(loss, &self.network) {
            return Err(diverged(plan.name, epoch + 1));
        }
        self.loss_curve.push(loss);
        // Curves of a validation set end where the fit ended.
        self.validation_losses.clear();
        self.validation_scores.clear();
        Ok(())
    }
}

/// Whether the loss and the parameters after an epoch are finite.
fn finite<F: Float>(loss: f64, network: &Network<F>) -> bool {
    let fine = |values: &[F]| values.iter().all(|v| v.is_finite());
    loss.is_finite() && fine(&network.parameters) && fine(&network.statistics)
}

fn diverged(estimator: &str, epoch: usize) -> Error {
    ErrorKind::Diverged {
        estimator: estimator.into(),
        iterations: epoch,
    }
    .into()
}

/// Of the rows that are learned from and validated on.
pub(super) fn fingerprint<F: Float>(
    data: &Data<'_, F>,
    rows: &[usize],
    validation: Option<&Validation<'_, F>>,
) -> Fingerprint {
    let mut print = Fingerprint::default();
    let mut add = |data: &Data<'_, F>, rows: &[usize]| {
        print.word(rows.len() as u64);
        for &row in rows {
            print.numbers(data.x.row(row));
            match &data.target {
                Target::Codes(codes, _) => print.word(u64::from(codes[row])),
                Target::Values(values) => print.numbers(values.row(row)),
            }
            print.word(data.weight(row).to_bits());
        }
    };
    add(data, rows);
    if let Some(validation) = validation {
        add(&validation.data, &validation.rows);
    }
    print
}
