//! Epochs of stochastic gradient descent: the order of the rows, when to stop, one machine for each class.
//!
//! The order of an epoch is a permutation of the one before. It is drawn beside the epoch, and is the same for all classes,
//! whose machines take block after block of it while the rows are in cache. Of many rows, other threads bring the next block
//! together meanwhile. What runs beside what changes no result.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use ndarray::ArrayRef2;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::gathered::{Blocks, GROUPS, MANY, Source, paged};
use super::sgd_kernel::{Batch, Goal, Machine, Method, Rows, Weights};
use super::stochastic_gradient::SgdLearningRate;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::observer::Watch;
use crate::{parallel, random};

/// Rows that all classes of a thread learn from before the next.
const BLOCK: usize = 512;
/// Values of an epoch from which its work is split.
const LARGE: usize = 1 << 14;
/// The step size below which the schedule `adaptive` ends.
const SMALLEST: f64 = 1e-6;

/// When epochs end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Epochs {
    pub(super) max_iter: usize,
    pub(super) tol: Option<f64>,
    pub(super) n_iter_no_change: usize,
    pub(super) shuffle: bool,
    /// The share of rows that are held out to say when to stop.
    pub(super) validation: Option<f64>,
    pub(super) random_state: u64,
}

/// The samples and what they count.
pub(super) struct Samples<'a, F: Float> {
    data: Cow<'a, [F]>,
    width: usize,
    pub(super) n_rows: usize,
    pub(super) weights: Option<&'a [f64]>,
}

impl<'a, F: Float> Samples<'a, F> {
    /// Borrowed where the rows follow each other in memory, copied otherwise.
    pub(super) fn new(x: &'a ArrayRef2<F>, weights: Option<&'a [f64]>) -> Result<Self> {
        let (n_rows, width) = x.dim();
        if u32::try_from(n_rows).is_err() {
            return Err(ErrorKind::TooLarge {
                what: "rows of X".into(),
                size: n_rows as u64,
                limit: u64::from(u32::MAX),
            }
            .into());
        }
        let data = match x.as_slice() {
            Some(data) => Cow::Borrowed(data),
            None => {
                parallel::fits::<F>("the copy of X in row order", (n_rows, width))?;
                Cow::Owned(x.iter().copied().collect())
            }
        };
        Ok(Samples {
            data,
            width,
            n_rows,
            weights,
        })
    }

    fn rows(&self) -> Rows<'_, F> {
        Rows::new(&self.data, self.width)
    }
}

/// What one linear function learns, and from where.
pub(super) struct Task<'a, F> {
    pub(super) goal: Goal<'a, F>,
    pub(super) start: Weights<F>,
}

/// What was learned.
pub(super) struct Learned<F> {
    /// One for each task.
    pub(super) weights: Vec<Weights<F>>,
    /// Epochs of the task that took most.
    pub(super) n_iter: usize,
    /// All tasks stopped by themselves.
    pub(super) converged: bool,
}

/// A task at work.
struct Worker<'a, F> {
    goal: Goal<'a, F>,
    machine: Machine<F>,
    /// Mean objective, or minus the score, of the best epoch.
    best: f64,
    /// The same of the last.
    last: f64,
    /// Epochs without an improvement.
    idle: usize,
    done: bool,
    finite: bool,
}

/// How tasks are learned, and by whom.
pub(super) struct Call<'a> {
    pub(super) name: &'static str,
    pub(super) method: Method,
    pub(super) epochs: Epochs,
    /// The number of the first step, from 1.
    pub(super) t: f64,
    pub(super) watch: &'a Watch,
}

/// Learns all tasks. Rows that are held out are shared out by `classes`, if there are any.
///
/// # Errors
/// `Overflow` when weights leave the range of their type; `Cancelled`; `InvalidParameter` and `InvalidInput` when rows cannot
/// be held out.
pub(super) fn train<'a, F: Float>(
    call: &Call<'_>,
    samples: &Samples<'a, F>,
    classes: Option<&[u32]>,
    tasks: Vec<Task<'a, F>>,
) -> Result<Learned<F>> {
    let Call {
        name,
        method,
        epochs,
        t,
        watch,
    } = call;
    let (name, t) = (*name, *t);
    let (mut order, held_out) = match epochs.validation {
        Some(share) => hold_out(name, samples, classes, share, epochs.random_state)?,
        None => (paged(0..samples.n_rows as u32), Vec::new()),
    };
    // Another order for every call that goes on from here.
    let mut rng = random::stream(epochs.random_state, t as u64);
    let mut shuffle = || {
        if epochs.shuffle {
            random::shuffle(&mut order, &mut rng);
        }
    };
    let copies = match tasks.first() {
        Some(task) if epochs.shuffle && samples.n_rows >= MANY => {
            rayon::join(|| Copies::new(&task.goal, samples), shuffle).0
        }
        _ => {
            shuffle();
            Copies::default()
        }
    };
    let mut workers: Vec<Worker<'_, F>> = tasks
        .into_iter()
        .map(|task| Worker {
            goal: copies.goal(task.goal),
            machine: Machine::new(method, &task.start, t),
            best: f64::INFINITY,
            last: f64::INFINITY,
            idle: 0,
            done: false,
            finite: true,
        })
        .collect();
    let run = Run {
        samples,
        weights: copies.weights.as_deref().or(samples.weights),
        method,
        epochs,
        held_out: &held_out,
    };
    let large = samples.n_rows.saturating_mul(samples.width) >= LARGE;
    let mut draw = Draw {
        order: Vec::new(),
        last: 0,
        rng,
    };
    if epochs.shuffle && epochs.max_iter > 1 {
        draw.order = paged(order.iter().copied());
    }
    let blocks = match workers.first() {
        Some(worker) if epochs.shuffle && run.source(&worker.goal).is_large() => {
            Some(Blocks::new(samples.width))
        }
        _ => None,
    };
    let mut n_iter = 0;
    for epoch in 1..=epochs.max_iter {
        n_iter = epoch;
        let more = epochs.shuffle && epoch < epochs.max_iter;
        let next = more.then_some(&mut draw);
        if let Some(blocks) = &blocks {
            run.gathered_epoch(&mut workers, &order, blocks, next);
        } else if large {
            rayon::join(
                || run.epoch(&mut workers, &order, true),
                || next.into_iter().for_each(|draw| draw.all(&order)),
            );
        } else {
            run.epoch(&mut workers, &order, false);
            next.into_iter().for_each(|draw| draw.all(&order));
        }
        if more {
            std::mem::swap(&mut order, &mut draw.order);
        }
        if workers.iter().any(|w| !w.finite) {
            return Err(ErrorKind::Overflow {
                estimator: name.into(),
                what: format!(
                    "a coefficient after epoch {epoch} (scale the features, or lower `eta0`)"
                ),
            }
            .into());
        }
        let mean = workers.iter().map(|w| w.last).sum::<f64>() / workers.len() as f64;
        let value = if held_out.is_empty() { mean } else { -mean };
        watch.report(name, epoch, Some(epochs.max_iter), Some(value))?;
        if workers.iter().all(|w| w.done) {
            break;
        }
    }
    let converged = workers.iter().all(|w| w.done);
    Ok(Learned {
        weights: workers.into_iter().map(|w| w.machine.weights()).collect(),
        n_iter,
        converged,
    })
}

/// Copies of targets and weights on huge pages: of memory that is read at random, every page is looked up again.
#[derive(Default)]
struct Copies<F> {
    codes: Option<Vec<u32>>,
    values: Option<Vec<F>>,
    weights: Option<Vec<f64>>,
}

impl<F: Float> Copies<F> {
    /// All tasks have the targets of this goal.
    fn new(goal: &Goal<'_, F>, samples: &Samples<'_, F>) -> Self {
        let (codes, values) = match goal {
            Goal::Class { codes, .. } => (Some(paged(codes.iter().copied())), None),
            Goal::Values(values) => (None, Some(paged(values.iter().copied()))),
        };
        let weights = samples.weights.map(|w| paged(w.iter().copied()));
        Copies {
            codes,
            values,
            weights,
        }
    }

    /// The goal, read from the copies if there are any.
    fn goal<'c>(&'c self, goal: Goal<'c, F>) -> Goal<'c, F> {
        match (&self.codes, &self.values) {
            (None, None) => goal,
            (codes, values) => goal.among(
                codes.as_deref().unwrap_or_default(),
                values.as_deref().unwrap_or_default(),
            ),
        }
    }
}

/// The order of the next epoch, drawn from that of this epoch, share by share.
struct Draw {
    order: Vec<u32>,
    /// The place that the shuffle has come down to.
    last: usize,
    rng: ChaCha8Rng,
}

impl Draw {
    /// Begins anew.
    fn begin(&mut self) {
        self.order.clear();
    }

    /// So many steps, each of which copies some values or brings one to its place.
    fn advance(&mut self, from: &[u32], mut steps: usize) {
        const COPIES: usize = 8;
        let (first, n) = (self.order.len(), from.len());
        if first < n {
            let end = n.min(first.saturating_add(steps.saturating_mul(COPIES)));
            self.order.extend_from_slice(&from[first..end]);
            steps -= (end - first).div_ceil(COPIES);
            self.last = n - 1;
        }
        if self.order.len() == n {
            let end = self.last.saturating_sub(steps);
            random::shuffle_down_to(&mut self.order, self.last, end, &mut self.rng);
            self.last = end;
        }
    }

    /// What is left to do.
    fn finish(&mut self, from: &[u32]) {
        self.advance(from, usize::MAX);
    }

    fn all(&mut self, from: &[u32]) {
        self.begin();
        self.finish(from);
    }
}

/// What all epochs share.
struct Run<'r, 'a, F: Float> {
    samples: &'r Samples<'a, F>,
    weights: Option<&'r [f64]>,
    method: &'r Method,
    epochs: &'r Epochs,
    held_out: &'r [u32],
}

impl<F: Float> Run<'_, '_, F> {
    fn epoch(&self, workers: &mut [Worker<'_, F>], order: &[u32], large: bool) {
        if let [worker] = workers {
            return self.group(std::slice::from_mut(worker), order, order.len());
        }
        if !large {
            return self.group(workers, order, BLOCK);
        }
        // Tasks know nothing of each other: how they are grouped changes no result.
        let size = workers.len().div_ceil(rayon::current_num_threads().max(1));
        workers
            .par_chunks_mut(size)
            .for_each(|group| self.group(group, order, BLOCK));
    }

    /// What is learned from.
    fn source<'g>(&'g self, goal: &'g Goal<'_, F>) -> Source<'g, F> {
        let (codes, values) = match *goal {
            Goal::Class { codes, .. } => (Some(codes), None),
            Goal::Values(values) => (None, Some(values)),
        };
        Source {
            rows: &self.samples.data,
            width: self.samples.width,
            codes,
            values,
            weights: self.weights,
        }
    }

    /// An epoch of rows that are gathered ahead, and the order of the next.
    fn gathered_epoch(
        &self,
        workers: &mut [Worker<'_, F>],
        order: &[u32],
        blocks: &Blocks<F>,
        next: Option<&mut Draw>,
    ) {
        let goal = workers.first().map(|worker| worker.goal);
        let mut groups: Vec<Mutex<Vec<&mut Worker<'_, F>>>> = Vec::new();
        for (i, worker) in workers.iter_mut().filter(|w| !w.done).enumerate() {
            match groups.get_mut(i % GROUPS) {
                Some(group) => group
                    .get_mut()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(worker),
                None => groups.push(Mutex::new(vec![worker])),
            }
        }
        let Some(goal) = goal else { return };
        let source = self.source(&goal);
        // Every order that is drawn takes about this many steps.
        let steps = order.len() + order.len() / 8 + 1;
        let draw = next.map(|draw| {
            draw.begin();
            Mutex::new(draw)
        });
        blocks.pass(
            &source,
            order.len(),
            &|i| order[i] as usize,
            groups.len(),
            &|group, _, piece| {
                let mut group = groups[group].lock().unwrap_or_else(PoisonError::into_inner);
                for worker in group.iter_mut() {
                    let batch = Batch {
                        rows: &Rows::new(&piece.rows, source.width),
                        goal: &worker.goal.among(&piece.codes, &piece.values),
                        weights: source.weights.map(|_| &piece.weights[..]),
                        order: &piece.numbers,
                        range: 0..piece.numbers.len(),
                        scattered: false,
                    };
                    worker.machine.learn(self.method, batch);
                }
            },
            &|shares| {
                if let Some(draw) = &draw {
                    let mut draw = draw.lock().unwrap_or_else(PoisonError::into_inner);
                    draw.advance(order, steps.div_ceil(shares));
                }
            },
        );
        if let Some(draw) = draw {
            let draw = draw.into_inner().unwrap_or_else(PoisonError::into_inner);
            draw.finish(order);
        }
        workers
            .par_iter_mut()
            .filter(|w| !w.done)
            .for_each(|worker| self.end(worker, order.len()));
    }

    /// An epoch of some tasks, in blocks of so many rows.
    fn group(&self, workers: &mut [Worker<'_, F>], order: &[u32], block: usize) {
        let rows = self.samples.rows();
        for first in (0..order.len()).step_by(block.max(1)) {
            let range = first..order.len().min(first + block);
            for worker in workers.iter_mut().filter(|w| !w.done) {
                let batch = Batch {
                    rows: &rows,
                    goal: &worker.goal,
                    weights: self.weights,
                    order,
                    range: range.clone(),
                    scattered: self.epochs.shuffle,
                };
                worker.machine.learn(self.method, batch);
            }
        }
        for worker in workers.iter_mut().filter(|w| !w.done) {
            self.end(worker, order.len());
        }
    }

    /// The end of an epoch of so many rows.
    fn end(&self, worker: &mut Worker<'_, F>, n_rows: usize) {
        worker.finite = worker.machine.is_finite();
        let objective = worker.machine.take_objective() / n_rows as f64;
        worker.last = if self.held_out.is_empty() {
            objective
        } else {
            -self.score(worker, &self.samples.rows())
        };
        worker.judge(self.epochs, self.method.rate);
    }

    /// How well the held-out rows are predicted: accuracy for classes, R² for values.
    fn score(&self, worker: &Worker<'_, F>, rows: &Rows<'_, F>) -> f64 {
        let chunk = parallel::row_chunks(self.held_out.len(), self.samples.width);
        let parts = parallel::map_chunks(self.held_out.len(), chunk, |range| {
            let held_out = &self.held_out[range];
            let decisions = worker.machine.decisions(rows, held_out);
            let each = held_out.iter().zip(decisions).map(|(&row, p)| {
                let row = row as usize;
                let weight = self.weights.map_or(1.0, |w| w[row]);
                (weight, worker.goal.of(row).0, p)
            });
            each.collect::<Vec<(f64, f64, f64)>>()
        });
        let all = parts.concat();
        let total: f64 = all.iter().map(|(w, ..)| w).sum();
        if matches!(worker.goal, Goal::Values(_)) {
            let mean = all.iter().map(|(w, y, _)| w * y).sum::<f64>() / total;
            let off: f64 = all.iter().map(|(w, y, p)| w * (y - p) * (y - p)).sum();
            let spread: f64 = all
                .iter()
                .map(|(w, y, _)| w * (y - mean) * (y - mean))
                .sum();
            return match (off == 0.0, spread == 0.0) {
                (true, _) => 1.0,
                (false, true) => 0.0,
                (false, false) => 1.0 - off / spread,
            };
        }
        let right = all.iter().filter(|(_, y, p)| (*y > 0.0) == (*p > 0.0));
        right.map(|(w, ..)| w).sum::<f64>() / total
    }
}

impl<F: Float> Worker<'_, F> {
    /// Whether the last epoch was the last.
    fn judge(&mut self, epochs: &Epochs, rate: SgdLearningRate) {
        // A score, which is negated here, counts as an improvement when it is better by `tol` exactly; an objective too.
        let Some(tol) = epochs.tol else { return };
        if self.last > self.best - tol {
            self.idle += 1;
        } else {
            self.idle = 0;
        }
        self.best = self.best.min(self.last);
        if self.idle < epochs.n_iter_no_change {
            return;
        }
        if rate == SgdLearningRate::Adaptive && self.machine.eta > SMALLEST {
            self.machine.eta /= 5.0;
            self.idle = 0;
        } else {
            self.done = true;
        }
    }
}

/// The rows to learn from, and those that are held out: of classes, about the same share of each.
fn hold_out<F: Float>(
    name: &str,
    samples: &Samples<'_, F>,
    classes: Option<&[u32]>,
    share: f64,
    seed: u64,
) -> Result<(Vec<u32>, Vec<u32>)> {
    let n = samples.n_rows;
    let held = (n as f64 * share).ceil() as usize;
    let refuse = |least: usize| {
        let expected = format!(
            "a share that holds out {least} or more of the {n} rows with early stopping, and leaves as many to learn from"
        );
        Err(Error::invalid_parameter(
            name,
            "validation_fraction",
            expected,
            share,
        ))
    };
    if held == 0 || held >= n {
        return refuse(1);
    }
    let mut rng = random::stream(seed, 0);
    let mut order: Vec<u32> = (0..n as u32).collect();
    random::shuffle(&mut order, &mut rng);
    if let Some(codes) = classes {
        let n_classes = codes.iter().max().map_or(0, |&c| c as usize + 1);
        let mut counts = vec![0usize; n_classes];
        codes.iter().for_each(|&code| counts[code as usize] += 1);
        if let Some(code) = counts.iter().position(|&count| count == 1) {
            return Err(Error::invalid_input(
                "y",
                format!(
                    "class number {code} has one row, which cannot be both learned from and held out; set \
                     `early_stopping` to false"
                ),
            ));
        }
        let present = counts.iter().filter(|&&count| count > 0).count();
        if held < present || n - held < present {
            return refuse(present);
        }
        // The largest remainders make up what rounding down leaves.
        let exact: Vec<f64> = (counts.iter())
            .map(|&count| count as f64 * held as f64 / n as f64)
            .collect();
        let mut quota: Vec<usize> = exact.iter().map(|q| q.floor() as usize).collect();
        let mut by_rest: Vec<usize> = (0..n_classes).collect();
        by_rest.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
        let left = held - quota.iter().sum::<usize>();
        by_rest.iter().take(left).for_each(|&code| quota[code] += 1);
        let (mut out, mut rest) = (Vec::with_capacity(held), Vec::with_capacity(n - held));
        for row in order {
            let quota = &mut quota[codes[row as usize] as usize];
            if *quota > 0 {
                *quota -= 1;
                out.push(row);
            } else {
                rest.push(row);
            }
        }
        out.append(&mut rest);
        order = out;
    }
    let mut learned = order.split_off(held);
    learned.sort_unstable();
    if let Some(w) = samples.weights {
        let counts = |rows: &[u32]| rows.iter().any(|&row| w[row as usize] > 0.0);
        if !counts(&order) || !counts(&learned) {
            return Err(Error::invalid_input(
                "sample weights",
                "all rows that are held out, or all that are not, have weight 0; take another `random_state`",
            ));
        }
    }
    Ok((learned, order))
}

#[cfg(test)]
#[path = "sgd_train_tests.rs"]
mod tests;
