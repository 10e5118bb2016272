//! One step of the optimiser: the parts' gradients added, clipped and swept over the parameters.

use rayon::prelude::*;

use crate::float::Float;
use crate::linalg::simd;

use super::super::clip::Clip;
use super::super::optimizer::Optimizer;
use super::workspace::{Part, Workspace};
use super::{Batch, Network, Rows, SWEEP, SWEEP_TASK, Samples};

/// What a step goes by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub alpha: f64,
    pub optimizer: Optimizer,
    pub clip: Option<Clip>,
    pub rate: f64,
    /// Its number, from 1.
    pub t: u64,
    /// Of the dropout.
    pub seed: u64,
}

impl Network {
    /// The mean loss plus penalty of the rows, and a step of the optimiser down its gradient
    /// (Σ gradients + `alpha` w) / Σ weights, unless the rows have no weight. `slots` holds the optimiser's for each [`SWEEP`] of
    /// parameters side by side.
    pub(crate) fn step<F: Float>(
        &self,
        params: &mut [F],
        slots: &mut [F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        step: &Step,
        work: &mut Workspace<F>,
    ) -> Batch {
        if let Some(clip @ (Clip::Norm(_) | Clip::GlobalNorm(_))) = step.clip {
            return self.clipped_step(params, slots, samples, rows, step, clip, work);
        }
        let Step {
            alpha,
            optimizer,
            clip,
            rate,
            t,
            seed,
        } = *step;
        self.differentiate(params, samples, rows, Some((seed, t)), work);
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
        step: &Step,
        clip: Clip,
        work: &mut Workspace<F>,
    ) -> Batch {
        let mut gradient = std::mem::take(&mut work.clipped);
        gradient.resize(params.len(), F::zero());
        let masks = Some((step.seed, step.t));
        let batch = self.gradient_of(
            params,
            samples,
            rows,
            step.alpha,
            masks,
            &mut gradient,
            work,
        );
        if batch.weight > 0.0 {
            clip.apply(&mut gradient, &work.tensors);
            let blocks = params.chunks_mut(SWEEP).zip(gradient.chunks(SWEEP));
            let optimizer = step.optimizer;
            let slots = slots.chunks_mut(SWEEP * optimizer.n_slots());
            for ((params, gradient), slots) in blocks.zip(slots) {
                optimizer.sweep(params, gradient, slots, step.rate, step.t);
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
        self.gradient_of(params, samples, rows, alpha, None, gradient, work)
    }

    #[allow(clippy::too_many_arguments)]
    fn gradient_of<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        alpha: f64,
        masks: Option<(u64, u64)>,
        gradient: &mut [F],
        work: &mut Workspace<F>,
    ) -> Batch {
        self.differentiate(params, samples, rows, masks, work);
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
