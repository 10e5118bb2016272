//! A network of dense layers: forward, backward and one step of an optimiser, in memory that is allocated once.
//!
//! With a₀ = x and for each layer l the weights W (inputs, outputs) and intercepts b,
//! ```text
//! zₗ = aₗ₋₁ Wₗ + bₗ,   aₗ = f(zₗ),   δ_last = p − y,   δₗ = (δₗ₊₁ Wₗ₊₁ᵀ) f′(zₗ),
//! ∂/∂Wₗ = aₗ₋₁ᵀ δₗ,    ∂/∂bₗ = Σ δₗ.
//! ```
//! The rows of a batch are split into parts, whose number depends on the sizes alone. Each part runs forward and backward on
//! its own, on whatever thread, into gradients of its own; the parts are added in order while the optimiser sweeps over the
//! parameters. So the bits are the same with one thread or many, and a step waits for other threads twice.

use ndarray::ArrayRef2;
use rayon::prelude::*;

use crate::error::Result;
use crate::float::Float;
use crate::linalg::panel::{Left, Product, stride, transpose};
use crate::linalg::simd;
use crate::parallel;

use super::activation::Activation;
use super::clip::Clip;
use super::elementwise;
use super::layout::{Layout, Place};
use super::loss::{Loss, TargetRows};
use super::optimizer::Optimizer;

/// Rows that run through the network together within a part: their activations stay in the second-level cache.
const BLOCK_ROWS: usize = 128;
/// The fewest rows of a part.
const PART_ROWS: usize = 64;
/// Operations that pay for a part.
const PART_WORK: usize = 1_500_000;
/// The most parts.
const PARTS: usize = 16;
/// Parameters that the optimiser updates at once: with their slots they stay in the first-level cache.
const SWEEP: usize = 1024;
/// Parameters of one task of a sweep in parallel.
const SWEEP_TASK: usize = 8 * SWEEP;

/// What the layers compute, without parameters.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub layout: Layout,
    /// Of the hidden layers.
    pub activations: Vec<Activation>,
    pub loss: Loss,
}

/// The targets of all rows.
#[derive(Clone, Copy)]
pub(crate) enum Target<'a, F> {
    /// The class of each row.
    Codes(&'a [u32]),
    /// The values of each row, (rows, outputs) without padding.
    Values(&'a [F]),
}

/// Rows to learn from.
#[derive(Clone, Copy)]
pub(crate) struct Samples<'a, F> {
    /// Row after row, without gaps.
    pub x: &'a [F],
    pub n_rows: usize,
    pub n_features: usize,
    pub target: Target<'a, F>,
    /// Empty where all are 1.
    pub weights: &'a [F],
}

/// Which rows.
#[derive(Clone, Copy)]
pub(crate) enum Rows<'a> {
    /// From the first up to the second.
    Range(usize, usize),
    /// These.
    Picked(&'a [u32]),
}

impl Rows<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Rows::Range(from, to) => to - from,
            Rows::Picked(rows) => rows.len(),
        }
    }

    fn part(&self, from: usize, to: usize) -> Self {
        match self {
            Rows::Range(first, _) => Rows::Range(first + from, first + to),
            Rows::Picked(rows) => Rows::Picked(&rows[from..to]),
        }
    }
}

/// The memory of one part.
struct Part<F> {
    gathered: Vec<F>,
    codes: Vec<u32>,
    values: Vec<F>,
    weights: Vec<F>,
    /// Of every layer but the input, padded.
    outputs: Vec<Vec<F>>,
    /// z of the layers whose derivative needs it, else empty.
    kept: Vec<Vec<F>>,
    deltas: Vec<Vec<F>>,
    grads: Vec<F>,
    loss: f64,
    weight: f64,
}

/// The memory of training steps on up to so many rows.
pub(crate) struct Workspace<F> {
    parts: Vec<Part<F>>,
    /// Wᵀ of each layer but the first, padded.
    transposed: Vec<Vec<F>>,
    /// Σ w² of each task of a sweep.
    penalties: Vec<f64>,
    /// A gradient to be clipped, if it must be seen whole.
    clipped: Vec<F>,
}

/// What a batch came to before the step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    /// Mean loss plus penalty.
    pub loss: f64,
    /// Sum of the weights of its rows.
    pub weight: f64,
}

impl Network {
    pub(crate) fn n_outputs(&self) -> usize {
        self.layout.places.last().map_or(0, |p| p.n_out)
    }

    /// Whether everything runs on the calling thread.
    pub(crate) fn is_small(&self) -> bool {
        self.work() < 10_000
    }

    /// Calls `f` with the position of every parameter, without padding: layer by layer, weights first.
    pub(crate) fn for_each_parameter(&self, mut f: impl FnMut(usize)) {
        for place in &self.layout.places {
            for i in 0..place.n_in {
                for j in 0..place.n_out {
                    f(place.weights + i * place.stride + j);
                }
            }
        }
        for place in &self.layout.places {
            for j in 0..place.n_out {
                f(place.intercepts + j);
            }
        }
    }

    /// Where a slot of the parameter at `at` is in the optimiser's memory.
    pub(crate) fn slot_position(&self, at: usize, slot: usize, n_slots: usize) -> usize {
        let block = at / SWEEP;
        let len = SWEEP.min(self.layout.len - block * SWEEP);
        block * SWEEP * n_slots + slot * len + at % SWEEP
    }

    /// Operations of a training step for each row.
    fn work(&self) -> usize {
        self.layout.n_weights.saturating_mul(6)
    }

    /// How many parts a batch of so many rows has: a power of two.
    fn n_parts(&self, rows: usize) -> usize {
        let by_work = rows.saturating_mul(self.work()) / PART_WORK;
        // Every part has gradients of its own.
        let by_memory = (1 << 25) / self.layout.len.max(1);
        let most = by_work
            .min(rows / PART_ROWS)
            .min(by_memory.max(2))
            .min(PARTS);
        1 << most.max(1).ilog2()
    }

    /// Memory for batches of up to `rows` rows.
    ///
    /// # Errors
    /// `TooLarge` or `InvalidInput` when it does not fit.
    pub(crate) fn workspace<F: Float>(&self, rows: usize, gather: bool) -> Result<Workspace<F>> {
        let parts = self.n_parts(rows);
        let block = block_rows(rows.div_ceil(parts));
        parallel::fits::<F>("the gradients", (self.layout.len, 4 * parts))?;
        let n_features = self.layout.places.first().map_or(0, |p| p.n_in);
        let by_layer = |keep: &dyn Fn(usize) -> bool| -> Vec<Vec<F>> {
            let places = self.layout.places.iter().enumerate();
            places
                .map(|(l, p)| {
                    let len = if keep(l) { block * p.stride } else { 0 };
                    vec![F::zero(); len]
                })
                .collect()
        };
        let part = || Part {
            gathered: vec![
                F::zero();
                if gather {
                    block * stride::<F>(n_features)
                } else {
                    0
                }
            ],
            codes: Vec::with_capacity(block),
            values: Vec::with_capacity(block * self.n_outputs()),
            weights: Vec::with_capacity(block),
            outputs: by_layer(&|_| true),
            kept: by_layer(&|l| self.activations.get(l).is_some_and(|a| a.needs_input())),
            deltas: by_layer(&|_| true),
            grads: vec![F::zero(); self.layout.len],
            loss: 0.0,
            weight: 0.0,
        };
        let transposed = self.layout.places.iter().skip(1);
        Ok(Workspace {
            parts: (0..parts).map(|_| part()).collect(),
            transposed: transposed
                .map(|p| vec![F::zero(); p.n_out * stride::<F>(p.n_in)])
                .collect(),
            penalties: vec![0.0; self.layout.len.div_ceil(SWEEP_TASK)],
            clipped: Vec::new(),
        })
    }

    /// Runs the rows forward and backward: the gradients of all parts are in the workspace afterwards.
    fn differentiate<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        work: &mut Workspace<F>,
    ) {
        for (place, to) in self.layout.places[1..].iter().zip(&mut work.transposed) {
            transpose(
                &params[place.weights..][..place.n_in * place.stride],
                place.n_in,
                place.n_out,
                to,
            );
        }
        let transposed = &work.transposed;
        let n = self.n_parts(rows.len()).min(work.parts.len());
        let (in_use, idle) = work.parts.split_at_mut(n);
        for part in idle {
            part.weight = -1.0; // not in use
        }
        let size = rows.len().div_ceil(n);
        let run = |(i, part): (usize, &mut Part<F>)| {
            let (from, to) = (i * size, rows.len().min((i + 1) * size));
            self.part(
                params,
                transposed,
                samples,
                rows.part(from.min(to), to),
                part,
            );
        };
        match in_use {
            [only] => run((0, only)),
            [first, second] => {
                rayon::join(|| run((0, first)), || run((1, second)));
            }
            _ => in_use.par_iter_mut().enumerate().for_each(run),
        }
    }

    /// One part, block by block.
    fn part<F: Float>(
        &self,
        params: &[F],
        transposed: &[Vec<F>],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        part: &mut Part<F>,
    ) {
        part.loss = 0.0;
        part.weight = 0.0;
        let size = block_rows(rows.len());
        let mut from = 0;
        while from < rows.len() {
            let to = rows.len().min(from + size);
            self.block(
                params,
                transposed,
                samples,
                rows.part(from, to),
                part,
                from > 0,
            );
            from = to;
        }
    }

    fn block<F: Float>(
        &self,
        params: &[F],
        transposed: &[Vec<F>],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        part: &mut Part<F>,
        add: bool,
    ) {
        let n = rows.len();
        part.take(samples, rows, self.n_outputs());
        let Part {
            gathered,
            codes,
            values,
            weights,
            outputs,
            kept,
            deltas,
            grads,
            loss,
            weight,
        } = part;
        let p = samples.n_features;
        let (x, x_stride) = match rows {
            Rows::Range(from, to) => (&samples.x[from * p..to * p], p),
            Rows::Picked(_) => (&gathered[..], stride::<F>(p)),
        };
        self.forward(params, x, x_stride, n, outputs, kept);

        let last = self.layout.places.len() - 1;
        let width = self.n_outputs();
        let padded = n * self.layout.places[last].stride;
        let target = match samples.target {
            Target::Codes(_) => TargetRows::Codes(codes),
            Target::Values(_) => TargetRows::Values(values),
        };
        let weighted = (!samples.weights.is_empty()).then_some(&weights[..]);
        *loss += self.loss.evaluate(
            &outputs[last][..padded],
            target,
            weighted,
            width,
            &mut deltas[last][..padded],
        );
        *weight += weighted.map_or(n as f64, |w| w.iter().map(|w| w.f64()).sum());

        for l in (0..=last).rev() {
            let place = &self.layout.places[l];
            let (before, after) = deltas.split_at_mut(l);
            let delta = &after[0][..n * place.stride];
            let (a, a_stride) = match l {
                0 => (x, x_stride),
                _ => (&outputs[l - 1][..], self.layout.places[l - 1].stride),
            };
            Product {
                a,
                a_stride,
                left: Left::Columns,
                b: delta,
                b_stride: place.stride,
                c: &mut grads[place.weights..],
                c_stride: place.stride,
                m: place.n_in,
                k: n,
                n: place.n_out,
                add,
            }
            .run();
            let sums = &mut grads[place.intercepts..][..place.stride];
            if !add {
                sums.fill(F::zero());
            }
            column_sums(delta, sums);
            if l > 0 {
                let below = &self.layout.places[l - 1];
                let delta_below = &mut before[l - 1][..n * below.stride];
                Product {
                    a: delta,
                    a_stride: place.stride,
                    left: Left::Rows,
                    b: &transposed[l - 1],
                    b_stride: below.stride,
                    c: delta_below,
                    c_stride: below.stride,
                    m: n,
                    k: place.n_out,
                    n: place.n_in,
                    add: false,
                }
                .run();
                backward(
                    self.activations[l - 1],
                    &kept[l - 1],
                    &outputs[l - 1][..n * below.stride],
                    delta_below,
                );
            }
        }
    }

    /// The outputs of every layer for `n` rows.
    fn forward<F: Float>(
        &self,
        params: &[F],
        x: &[F],
        x_stride: usize,
        n: usize,
        outputs: &mut [Vec<F>],
        kept: &mut [Vec<F>],
    ) {
        let last = self.layout.places.len() - 1;
        for (l, place) in self.layout.places.iter().enumerate() {
            let (before, after) = outputs.split_at_mut(l);
            let (a, a_stride) = match l {
                0 => (x, x_stride),
                _ => (&before[l - 1][..], self.layout.places[l - 1].stride),
            };
            let z = &mut after[0][..n * place.stride];
            weighted_sums(place, params, a, a_stride, n, z);
            let intercepts = &params[place.intercepts..][..place.stride];
            if l == last {
                add_intercepts(z, intercepts);
                self.loss.predict(z, place.n_out);
            } else {
                apply(self.activations[l], z, intercepts, &mut kept[l]);
            }
        }
    }

    /// The mean loss plus penalty of the rows, and a step of the optimiser down its gradient
    /// (Σ gradients + `alpha` w) / Σ weights, unless the rows have no weight. `slots` holds the optimiser's for each [`SWEEP`] of
    /// parameters side by side.
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn step<F: Float>(
        &self,
        params: &mut [F],
        slots: &mut [F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        alpha: f64,
        (optimizer, clip): (Optimizer, Option<Clip>),
        rate: f64,
        t: u64,
        work: &mut Workspace<F>,
    ) -> Batch {
        if let Some(clip @ (Clip::Norm(_) | Clip::GlobalNorm(_))) = clip {
            return self.clipped_step(
                params,
                slots,
                samples,
                rows,
                alpha,
                (optimizer, clip),
                rate,
                t,
                work,
            );
        }
        self.differentiate(params, samples, rows, work);
        let weight = work.weight();
        if weight <= 0.0 {
            return Batch { loss: 0.0, weight };
        }
        let n_slots = optimizer.n_slots();
        let n_weights = self.layout.n_weights;
        let parts = &work.parts;
        #[allow(clippy::type_complexity)] // a task: its number, parameters, slots and penalty
        let sweep =
            |(task, ((params, slots), penalty)): (usize, ((&mut [F], &mut [F]), &mut f64))| {
                *penalty = 0.0;
                let mut gradient = [F::zero(); SWEEP];
                let blocks = params
                    .chunks_mut(SWEEP)
                    .zip(slots.chunks_mut(SWEEP * n_slots));
                for (i, (params, slots)) in blocks.enumerate() {
                    let first = task * SWEEP_TASK + i * SWEEP;
                    let gradient = &mut gradient[..params.len()];
                    let penalised = n_weights.saturating_sub(first).min(params.len());
                    *penalty += combine(parts, first, params, penalised, alpha, weight, gradient);
                    if let Some(clip) = clip {
                        clip.apply(gradient, &[]);
                    }
                    optimizer.sweep(params, gradient, slots, rate, t);
                }
            };
        if params.len() <= 2 * SWEEP_TASK {
            params
                .chunks_mut(SWEEP_TASK)
                .zip(slots.chunks_mut(SWEEP_TASK * n_slots))
                .zip(&mut work.penalties)
                .enumerate()
                .for_each(sweep);
        } else {
            params
                .par_chunks_mut(SWEEP_TASK)
                .zip(slots.par_chunks_mut(SWEEP_TASK * n_slots))
                .zip(&mut work.penalties)
                .enumerate()
                .for_each(sweep);
        }
        Batch {
            loss: work.mean_loss(weight, alpha),
            weight,
        }
    }

    /// As [`step`](Self::step), for a clip that must see the whole gradient first.
    #[allow(clippy::too_many_arguments)]
    fn clipped_step<F: Float>(
        &self,
        params: &mut [F],
        slots: &mut [F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        alpha: f64,
        (optimizer, clip): (Optimizer, Clip),
        rate: f64,
        t: u64,
        work: &mut Workspace<F>,
    ) -> Batch {
        let mut gradient = std::mem::take(&mut work.clipped);
        gradient.resize(params.len(), F::zero());
        let batch = self.gradient_of(params, samples, rows, alpha, &mut gradient, work);
        if batch.weight > 0.0 {
            let weights = self.layout.places.iter().map(|p| {
                let first = p.weights;
                first..first + p.n_in * p.stride
            });
            let intercepts = self.layout.places.iter().map(|p| {
                let first = p.intercepts;
                first..first + p.stride
            });
            let parts: Vec<_> = weights.chain(intercepts).collect();
            clip.apply(&mut gradient, &parts);
            let blocks = params.chunks_mut(SWEEP).zip(gradient.chunks(SWEEP));
            let slots = slots.chunks_mut(SWEEP * optimizer.n_slots());
            for ((params, gradient), slots) in blocks.zip(slots) {
                optimizer.sweep(params, gradient, slots, rate, t);
            }
        }
        work.clipped = gradient;
        batch
    }

    /// The mean loss plus penalty of all rows, and its gradient.
    pub(crate) fn gradient<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        alpha: f64,
        gradient: &mut [F],
        work: &mut Workspace<F>,
    ) -> Batch {
        let rows = Rows::Range(0, samples.n_rows);
        self.gradient_of(params, samples, rows, alpha, gradient, work)
    }

    fn gradient_of<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        alpha: f64,
        gradient: &mut [F],
        work: &mut Workspace<F>,
    ) -> Batch {
        self.differentiate(params, samples, rows, work);
        let weight = work.weight();
        if weight <= 0.0 {
            return Batch { loss: 0.0, weight };
        }
        let parts = &work.parts;
        let n_weights = self.layout.n_weights;
        for (task, penalty) in work.penalties.iter_mut().enumerate() {
            *penalty = 0.0;
            let end = params.len().min((task + 1) * SWEEP_TASK);
            for first in (task * SWEEP_TASK..end).step_by(SWEEP) {
                let last = end.min(first + SWEEP);
                let penalised = n_weights.saturating_sub(first).min(last - first);
                let (params, gradient) = (&params[first..last], &mut gradient[first..last]);
                *penalty += combine(parts, first, params, penalised, alpha, weight, gradient);
            }
        }
        Batch {
            loss: work.mean_loss(weight, alpha),
            weight,
        }
    }

    /// Predictions for rows without gaps into `out`, (rows, outputs) padded.
    pub(crate) fn predict_into<F: Float>(&self, params: &[F], x: &[F], out: &mut [F]) {
        let p = self.layout.places.first().map_or(1, |p| p.n_in).max(1);
        let width = self.layout.places.last().map_or(1, |p| p.stride).max(1);
        let n = x.len() / p;
        let size = self.predict_rows(n);
        if n <= size {
            return self.predict_block(params, x, out);
        }
        out.par_chunks_mut(size * width)
            .zip(x.par_chunks(size * p))
            .for_each(|(out, x)| self.predict_block(params, x, out));
    }

    /// Rows of a task of predictions.
    fn predict_rows(&self, n: usize) -> usize {
        let worth = PART_WORK / self.layout.n_weights.max(1);
        worth
            .clamp(BLOCK_ROWS, (n).max(BLOCK_ROWS))
            .min(16 * BLOCK_ROWS)
    }

    fn predict_block<F: Float>(&self, params: &[F], x: &[F], out: &mut [F]) {
        let p = self.layout.places.first().map_or(1, |p| p.n_in).max(1);
        let width = self.layout.places.last().map_or(1, |p| p.stride).max(1);
        let n = x.len() / p;
        let block = block_rows(n);
        let hidden = self.layout.places.len() - 1;
        let widest = self.layout.places[..hidden].iter().map(|p| p.stride).max();
        let mut one = vec![F::zero(); block * widest.unwrap_or(0)];
        let mut other = one.clone();
        let mut nothing = Vec::new();
        for (x, out) in x.chunks(block * p).zip(out.chunks_mut(block * width)) {
            let n = x.len() / p;
            for (l, place) in self.layout.places.iter().enumerate() {
                let (a, a_stride) = match l {
                    0 => (x, p),
                    _ => (&one[..], self.layout.places[l - 1].stride),
                };
                let intercepts = &params[place.intercepts..][..place.stride];
                if l == hidden {
                    let z = &mut out[..n * place.stride];
                    weighted_sums(place, params, a, a_stride, n, z);
                    add_intercepts(z, intercepts);
                    self.loss.predict(z, place.n_out);
                } else {
                    let z = &mut other[..n * place.stride];
                    weighted_sums(place, params, a, a_stride, n, z);
                    apply(self.activations[l], z, intercepts, &mut nothing);
                    std::mem::swap(&mut one, &mut other);
                }
            }
        }
    }

    /// Whether no gradient reaches the first layer although the outputs are wrong: every unit of some layer is stuck.
    pub(crate) fn dead_start<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        rows: usize,
        work: &mut Workspace<F>,
    ) -> bool {
        if self.layout.places.len() < 2 {
            return false;
        }
        self.differentiate(
            params,
            samples,
            Rows::Range(0, rows.min(samples.n_rows)),
            work,
        );
        let in_use = || work.parts.iter().filter(|part| part.weight >= 0.0);
        let none = |place: &Place| {
            in_use().all(|part| {
                let grads = &part.grads[place.intercepts..][..place.n_out];
                grads.iter().all(|g| *g == F::zero())
            })
        };
        let (first, last) = (&self.layout.places[0], &self.layout.places);
        none(first) && last.last().is_some_and(|last| !none(last))
    }
}

impl<F: Float> Workspace<F> {
    fn weight(&self) -> f64 {
        let in_use = self.parts.iter().filter(|part| part.weight >= 0.0);
        in_use.map(|part| part.weight).sum()
    }

    /// `alpha` / 2 Σ w² / `weight`, of the last step or gradient.
    pub(crate) fn penalty(&self, alpha: f64, weight: f64) -> f64 {
        0.5 * alpha * self.penalties.iter().sum::<f64>() / weight
    }

    fn mean_loss(&self, weight: f64, alpha: f64) -> f64 {
        let in_use = self.parts.iter().filter(|part| part.weight >= 0.0);
        let loss: f64 = in_use.map(|part| part.loss).sum();
        loss / weight + self.penalty(alpha, weight)
    }
}

impl<F: Float> Part<F> {
    /// Brings the rows together.
    fn take(&mut self, samples: &Samples<'_, F>, rows: Rows<'_>, n_outputs: usize) {
        let p = samples.n_features;
        self.codes.clear();
        self.values.clear();
        self.weights.clear();
        match rows {
            Rows::Range(from, to) => {
                match samples.target {
                    Target::Codes(codes) => self.codes.extend_from_slice(&codes[from..to]),
                    Target::Values(values) => {
                        let values = &values[from * n_outputs..to * n_outputs];
                        self.values.extend_from_slice(values);
                    }
                }
                if !samples.weights.is_empty() {
                    self.weights.extend_from_slice(&samples.weights[from..to]);
                }
            }
            Rows::Picked(rows) => {
                let step = stride::<F>(p);
                for (&row, to) in rows.iter().zip(self.gathered.chunks_exact_mut(step)) {
                    let row = row as usize;
                    to[..p].copy_from_slice(&samples.x[row * p..][..p]);
                }
                for &row in rows {
                    let row = row as usize;
                    match samples.target {
                        Target::Codes(codes) => self.codes.push(codes[row]),
                        Target::Values(values) => {
                            let values = &values[row * n_outputs..][..n_outputs];
                            self.values.extend_from_slice(values);
                        }
                    }
                    if !samples.weights.is_empty() {
                        self.weights.push(samples.weights[row]);
                    }
                }
            }
        }
    }
}

/// Rows of the blocks of so many rows: of even size.
fn block_rows(rows: usize) -> usize {
    rows.div_ceil(rows.div_ceil(BLOCK_ROWS).max(1)).max(1)
}

/// z ← a W.
fn weighted_sums<F: Float>(
    place: &Place,
    params: &[F],
    a: &[F],
    a_stride: usize,
    n: usize,
    z: &mut [F],
) {
    Product {
        a,
        a_stride,
        left: Left::Rows,
        b: &params[place.weights..],
        b_stride: place.stride,
        c: z,
        c_stride: place.stride,
        m: n,
        k: place.n_in,
        n: place.n_out,
        add: false,
    }
    .run();
}

fn add_intercepts<F: Float>(z: &mut [F], intercepts: &[F]) {
    simd(
        #[inline(always)]
        || {
            for row in z.chunks_exact_mut(intercepts.len()) {
                for (z, &b) in row.iter_mut().zip(intercepts) {
                    *z += b;
                }
            }
        },
    );
}

/// z ← f(z + b), in one pass; z + b is kept where the derivative needs it.
fn apply<F: Float>(activation: Activation, z: &mut [F], intercepts: &[F], kept: &mut [F]) {
    #[inline(always)]
    fn each<F: Float>(z: &mut [F], intercepts: &[F], f: impl Fn(F) -> F) {
        simd(
            #[inline(always)]
            || {
                for row in z.chunks_exact_mut(intercepts.len()) {
                    for (z, &b) in row.iter_mut().zip(intercepts) {
                        *z = f(*z + b);
                    }
                }
            },
        );
    }
    match activation {
        Activation::Identity => add_intercepts(z, intercepts),
        // NaN stays, so that a loss that diverged shows.
        Activation::Relu => each(z, intercepts, |z| if z < F::zero() { F::zero() } else { z }),
        Activation::Logistic => each(z, intercepts, elementwise::logistic),
        Activation::Tanh => each(z, intercepts, elementwise::tanh),
        other => {
            add_intercepts(z, intercepts);
            if !kept.is_empty() {
                kept[..z.len()].copy_from_slice(z);
            }
            other.apply(z);
        }
    }
}

/// δ ← δ f′.
fn backward<F: Float>(activation: Activation, kept: &[F], a: &[F], delta: &mut [F]) {
    #[inline(always)]
    fn each<F: Float>(a: &[F], delta: &mut [F], f: impl Fn(F) -> F) {
        simd(
            #[inline(always)]
            || {
                for (delta, &a) in delta.iter_mut().zip(a) {
                    *delta *= f(a);
                }
            },
        );
    }
    match activation {
        Activation::Logistic => each(a, delta, |a| a * (F::one() - a)),
        Activation::Tanh => each(a, delta, |a| F::one() - a * a),
        other => {
            let kept = &kept[..kept.len().min(delta.len())];
            other.backward(kept, a, delta);
        }
    }
}

/// sums ← sums + Σ rows.
fn column_sums<F: Float>(rows: &[F], sums: &mut [F]) {
    simd(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(sums.len()) {
                for (sum, &v) in sums.iter_mut().zip(row) {
                    *sum += v;
                }
            }
        },
    );
}

/// Of the parameters from `first` on: gradient ← (Σ over the parts + `alpha` w) / `weight`, where the first `penalised` are
/// weights; and Σ w².
fn combine<F: Float>(
    parts: &[Part<F>],
    first: usize,
    params: &[F],
    penalised: usize,
    alpha: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let mut in_use = parts.iter().filter(|part| part.weight >= 0.0);
    let n = params.len();
    if let Some(part) = in_use.next() {
        gradient.copy_from_slice(&part.grads[first..first + n]);
    }
    let (alpha, scale) = (F::of(alpha), F::of(1.0 / weight));
    simd(
        #[inline(always)]
        || {
            const LANES: usize = 16;
            for part in in_use {
                for (g, &more) in gradient.iter_mut().zip(&part.grads[first..first + n]) {
                    *g += more;
                }
            }
            let (weights, intercepts) = gradient.split_at_mut(penalised);
            let mut squares = [F::zero(); LANES];
            let (blocks, tail) = weights.as_chunks_mut::<LANES>();
            let (params, params_tail) = params[..penalised].as_chunks::<LANES>();
            for (g, w) in blocks.iter_mut().zip(params) {
                for i in 0..LANES {
                    g[i] = (g[i] + alpha * w[i]) * scale;
                    squares[i] += w[i] * w[i];
                }
            }
            for (g, &w) in tail.iter_mut().zip(params_tail) {
                *g = (*g + alpha * w) * scale;
                squares[0] += w * w;
            }
            for g in intercepts {
                *g *= scale;
            }
            squares.iter().map(|s| s.f64()).sum()
        },
    )
}

/// Rows without gaps, borrowed where the array has them.
pub(crate) fn rows_of<F: Float>(x: &ArrayRef2<F>) -> std::borrow::Cow<'_, [F]> {
    match x.as_slice() {
        Some(values) => std::borrow::Cow::Borrowed(values),
        None => std::borrow::Cow::Owned(x.iter().copied().collect()),
    }
}

/// The optimiser's memory, 0 at first.
pub(crate) fn fresh_slots<F: Float>(layout: &Layout, optimizer: Optimizer) -> Result<Vec<F>> {
    let n = optimizer.n_slots();
    parallel::fits::<F>("the optimiser's memory", (layout.len, n))?;
    Ok(vec![F::zero(); layout.len * n])
}
