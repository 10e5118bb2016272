//! One step of the optimiser: the parts' gradients added, clipped and swept over the parameters.

use crate::float::Float;
use crate::linalg::simd;

use super::super::clip::Clip;
use super::super::optimizer::{Optimizer, Slots};
use super::kernels::add_up;
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
        let n_weights = self.layout.n_weights;
        let parts = &work.parts;
        let sweep = |task: usize, params: &mut [F], mut slots: Slots<'_, F>, penalty: &mut f64| {
            *penalty = 0.0;
            let mut gradient = [F::zero(); SWEEP];
            for (i, params) in params.chunks_mut(SWEEP).enumerate() {
                let (first, n) = (task * SWEEP_TASK + i * SWEEP, params.len());
                let gradient = &mut gradient[..n];
                let penalised = n_weights.saturating_sub(first).min(n);
                let grads = grads_of(parts, first, n);
                *penalty += combine(grads, params, penalised, alpha, weight, gradient);
                if let Some(clip) = clip {
                    clip.apply(gradient, &[]);
                }
                let slots = slots.part(i * SWEEP, i * SWEEP + n);
                optimizer.sweep_part(params, gradient, slots, rate, t);
            }
        };
        let slots = Slots::new(slots, params.len());
        tasks(0, params, slots, &mut work.penalties, &sweep);
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
            let optimizer = step.optimizer;
            optimizer.sweep(params, &gradient, slots, step.rate, step.t);
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
                let grads = grads_of(parts, first, last - first);
                *penalty += combine(grads, params, penalised, alpha, weight, gradient);
            }
        }
        Batch {
            loss: work.mean_loss(weight, alpha),
            weight,
        }
    }
}

/// Runs the task of each [`SWEEP_TASK`] of parameters, the first of which has number `first`; the two halves of more than two of
/// them in parallel.
fn tasks<F: Float>(
    first: usize,
    params: &mut [F],
    slots: Slots<'_, F>,
    penalties: &mut [f64],
    task: &(impl Fn(usize, &mut [F], Slots<'_, F>, &mut f64) + Sync),
) {
    match penalties {
        [] => {}
        [penalty] => task(first, params, slots, penalty),
        _ => {
            let half = penalties.len() / 2;
            let at = half * SWEEP_TASK;
            let parallel = penalties.len() > 2;
            let (params_1, params_2) = params.split_at_mut(at);
            let (slots_1, slots_2) = slots.split_at(at);
            let (penalties_1, penalties_2) = penalties.split_at_mut(half);
            let one = || tasks(first, params_1, slots_1, penalties_1, task);
            let two = || tasks(first + half, params_2, slots_2, penalties_2, task);
            if parallel {
                rayon::join(one, two);
            } else {
                one();
                two();
            }
        }
    }
}

/// Of the parts in use, the gradients by `n` parameters from `first` on.
fn grads_of<F>(parts: &[Part<F>], first: usize, n: usize) -> impl Iterator<Item = &[F]> {
    let in_use = parts.iter().filter(|part| part.weight >= 0.0);
    in_use.map(move |part| &part.grads[first..first + n])
}

/// gradient ← (Σ grads + `alpha` w) / `weight`, where the first `penalised` of the parameters are weights; and Σ w².
pub(super) fn combine<'a, F: Float>(
    grads: impl Iterator<Item = &'a [F]>,
    params: &[F],
    penalised: usize,
    alpha: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    add_up(gradient, grads);
    penalise(params, penalised, alpha, weight, gradient)
}

/// gradient ← (gradient + `alpha` w) / `weight`, where the first `penalised` are weights; and Σ w².
pub(super) fn penalise<F: Float>(
    params: &[F],
    penalised: usize,
    alpha: f64,
    weight: f64,
    gradient: &mut [F],
) -> f64 {
    let (alpha, scale) = (F::of(alpha), F::of(1.0 / weight));
    simd(
        #[inline(always)]
        || {
            const LANES: usize = 16;
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
