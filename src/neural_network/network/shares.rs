//! Steps of networks most of whose weights are those of the first layer.
//!
//! The inputs are split into shares. A share has its weights and their slots to itself, so that they stay in the cache of one
//! core. A step has two phases:
//!
//! 1. Each part of the rows adds up the weighted sums from the shares, runs the other layers forward and backward, and
//!    leaves the derivative by the weighted sums of the first layer.
//! 2. Each share computes the gradient by its weights over all rows, a stretch at a time, and updates the stretch while it is
//!    near; then it computes its weighted sums of the next batch, whose rows were called for in the meantime. The other layers
//!    are updated beside.
//!
//! Compared with parts of rows that know all weights, no gradient of the first layer is written and added up, no copy of the
//! rows is made, and between cores go the weighted sums of a batch instead of half of the weights.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use crate::float::Float;
use crate::linalg::panel::{Ahead, Left, Product};

use super::super::clip::Clip;
use super::super::dropout;
use super::super::optimizer::Slots;
use super::epoch::{Epoch, rows_of_batch};
use super::kernels::add_up;
use super::pass::Known;
use super::step::{combine, penalise};
use super::workspace::{Part, Share, Workspace};
use super::{BLOCK_ROWS, Network, PARTS, Rows, SWEEP, Samples, Step};
use crate::parallel::{CREW_JOBS as JOBS, Crew};

/// Shares, at most; a phase has one more job.
const SHARES: usize = 8;
const _: () = assert!(SHARES < JOBS && PARTS <= JOBS);
/// The fewest inputs that are split.
const INPUTS: usize = 64;
/// Inputs of a share, about, where there are more than two.
const SHARE_INPUTS: usize = 384;
/// Values of a stretch of the gradient, about.
const STRETCH: usize = 4096;

/// Some of the inputs.
struct Inputs<'a, F> {
    /// The first one, and how many.
    from: usize,
    n: usize,
    weights: &'a mut [F],
    slots: Slots<'a, F>,
    memory: &'a mut Share<F>,
    /// Σ w² before the last update.
    penalty: f64,
}

/// The parameters but the weights of the first layer.
struct Others<'a, F> {
    params: &'a mut [F],
    slots: Slots<'a, F>,
    transposed: &'a mut [Vec<F>],
    penalty: f64,
}

/// What the phase under way does.
struct Plan<'a> {
    order: &'a mut [u32],
    /// The batch, as positions in the order.
    from: usize,
    to: usize,
    step: Option<Step>,
    /// In the phase of the inputs: of the batch, above 0 where there is to be an update.
    weight: f64,
    /// Where the next batch ends, if there is one.
    next: usize,
    of_rows: bool,
}

/// What the threads share.
struct Split<'a, F> {
    network: &'a Network,
    samples: &'a Samples<'a, F>,
    plan: RwLock<Plan<'a>>,
    inputs: [Option<RwLock<Inputs<'a, F>>>; SHARES],
    others: RwLock<Others<'a, F>>,
    parts: [Option<RwLock<&'a mut Part<F>>>; PARTS],
}

impl Network {
    /// Splits the inputs for batches of so many rows, where that is faster.
    pub(crate) fn split<F: Float>(
        &self,
        batch_size: usize,
        clip: Option<Clip>,
        work: &mut Workspace<F>,
    ) {
        work.shares.clear();
        // Norms are those of the whole gradient.
        if matches!(clip, Some(Clip::Norm(_) | Clip::GlobalNorm(_))) {
            return;
        }
        let Some(first) = self.layout.places.first() else {
            return;
        };
        let parts = self.n_parts(batch_size);
        let weights = first.n_in * first.stride;
        if first.n_in >= INPUTS
            && parts >= 2
            && batch_size.div_ceil(parts) <= BLOCK_ROWS
            && weights >= self.layout.len / 4 * 3
        {
            let shares = 1 << (first.n_in / SHARE_INPUTS).clamp(2, SHARES).ilog2();
            let share = || Share {
                sums: vec![F::zero(); batch_size * first.stride],
                gradient: vec![F::zero(); stretch(first.stride) * first.stride],
            };
            work.shares.extend((0..shares).map(|_| share()));
        }
    }

    /// As [`epoch`](Self::epoch), by the shares of the workspace.
    pub(super) fn epoch_by_shares<F: Float>(
        &self,
        params: &mut [F],
        slots: &mut [F],
        samples: &Samples<'_, F>,
        epoch: Epoch<'_, impl FnOnce(&mut [u32]) + Send, impl FnMut(u64) -> Step + Send>,
        steps: u64,
        work: &mut Workspace<F>,
    ) -> (f64, u64) {
        let Epoch {
            order,
            batch_size,
            shuffle,
            mut step,
        } = epoch;
        let split = Split::new(self, params, slots, samples, order, work);
        let n_shares = split.inputs.iter().flatten().count();
        let n_parts = split.parts.iter().flatten().count();
        let work = |job: usize| split.job(job, n_shares);
        let threads = rayon::current_num_threads();
        let helpers = n_shares.max(n_parts).min(threads).saturating_sub(1);
        Crew::run(helpers, &work, |crew| {
            let n = samples.n_rows;
            {
                let mut plan = write(&split.plan);
                if !plan.order.is_empty() {
                    shuffle(plan.order);
                }
                plan.next = n.min(batch_size);
            }
            crew.phase(n_shares + 1, &work);
            let (mut sum, mut steps, mut from) = (0.0, steps, 0);
            while from < n {
                let to = n.min(from + batch_size);
                let now = step(steps);
                {
                    let mut plan = write(&split.plan);
                    (plan.from, plan.to) = (from, to);
                    plan.step = Some(now);
                    plan.of_rows = true;
                }
                let in_use = self.n_parts(to - from).min(n_parts);
                crew.phase(in_use, &work);
                let (loss, weight) = split.of_parts(in_use);
                {
                    let mut plan = write(&split.plan);
                    plan.next = n.min(to + batch_size);
                    plan.weight = weight;
                    plan.of_rows = false;
                }
                crew.phase(n_shares + 1, &work);
                if weight > 0.0 {
                    let penalty = 0.5 * now.alpha * split.penalty() / weight;
                    sum += (loss / weight + penalty) * (to - from) as f64;
                    steps += 1;
                }
                from = to;
            }
            (sum, steps)
        })
    }
}

impl<'a, F: Float> Split<'a, F> {
    fn new(
        network: &'a Network,
        params: &'a mut [F],
        slots: &'a mut [F],
        samples: &'a Samples<'a, F>,
        order: &'a mut [u32],
        work: &'a mut Workspace<F>,
    ) -> Self {
        let first = &network.layout.places[0];
        let slots = Slots::new(slots, params.len());
        let n_shares = work.shares.len();
        let mut inputs = [const { None }; SHARES];
        let (mut params, mut slots, mut memories) = (params, slots, &mut work.shares[..]);
        for (i, inputs) in inputs.iter_mut().enumerate().take(n_shares) {
            let (from, to) = (i * first.n_in / n_shares, (i + 1) * first.n_in / n_shares);
            let ours = params.split_at_mut((to - from) * first.stride);
            let our_slots = slots.split_at((to - from) * first.stride);
            let our_memory = memories.split_at_mut(1);
            (params, slots, memories) = (ours.1, our_slots.1, our_memory.1);
            *inputs = Some(RwLock::new(Inputs {
                from,
                n: to - from,
                weights: ours.0,
                slots: our_slots.0,
                memory: &mut our_memory.0[0],
                penalty: 0.0,
            }));
        }
        let mut parts = [const { None }; PARTS];
        for (to, part) in parts.iter_mut().zip(&mut work.parts) {
            *to = Some(RwLock::new(part));
        }
        Split {
            network,
            samples,
            plan: RwLock::new(Plan {
                order,
                from: 0,
                to: 0,
                step: None,
                weight: 0.0,
                next: 0,
                of_rows: false,
            }),
            inputs,
            others: RwLock::new(Others {
                params,
                slots,
                transposed: &mut work.transposed,
                penalty: 0.0,
            }),
            parts,
        }
    }

    /// A job of the phase under way.
    fn job(&self, job: usize, n_shares: usize) {
        let plan = &read(&self.plan);
        if plan.of_rows {
            self.rows(job, plan);
        } else if job < n_shares {
            self.share(job, plan);
        } else {
            self.others(plan);
        }
    }

    /// Loss and weight of the parts that had rows.
    fn of_parts(&self, n: usize) -> (f64, f64) {
        let in_use = self.parts[..n].iter().flatten();
        in_use.fold((0.0, 0.0), |(loss, weight), part| {
            let part = read(part);
            (loss + part.loss, weight + part.weight)
        })
    }

    fn penalty(&self) -> f64 {
        let of_inputs = self.inputs.iter().flatten().map(|i| read(i).penalty);
        of_inputs.sum::<f64>() + read(&self.others).penalty
    }

    /// How the rows of the batch are split: the number of parts, and rows of each.
    fn parts_of(&self, rows: usize) -> (usize, usize) {
        let there = self.parts.iter().flatten().count();
        let n = self.network.n_parts(rows).min(there);
        (n, rows.div_ceil(n))
    }

    /// The rows of a part: which, of the batch.
    fn range(&self, part: usize, rows: usize) -> (usize, usize) {
        let (_, size) = self.parts_of(rows);
        (rows.min(part * size), rows.min((part + 1) * size))
    }

    /// A part of the rows, from the weighted sums of the first layer forward and back to them.
    fn rows(&self, job: usize, plan: &Plan<'_>) {
        let Some(part) = &self.parts[job] else {
            return;
        };
        let part = &mut **write(part);
        let network = self.network;
        let rows = rows_of_batch(plan.order, plan.from, plan.to);
        let (from, to) = self.range(job, rows.len());
        (part.loss, part.weight) = (0.0, 0.0);
        if from == to {
            return;
        }
        part.take(self.samples, rows.part(from, to), network.n_outputs());
        let mut drops = false;
        if let Some(step) = plan.step.filter(|_| network.dropout > 0.0) {
            let mut rng = dropout::stream(step.seed, step.t, job as u64);
            network.draw_masks(to - from, &mut rng, part);
            drops = true;
        }
        let stride = network.layout.places[0].stride;
        let z = &mut part.outputs[0][..(to - from) * stride];
        let inputs: [_; SHARES] = std::array::from_fn(|i| self.inputs[i].as_ref().map(read));
        let sums = inputs.iter().flatten();
        add_up(
            z,
            sums.map(|inputs| &inputs.memory.sums[from * stride..to * stride]),
        );
        drop(inputs);
        let others = read(&self.others);
        let known = Known {
            values: &*others.params,
            from: network.layout.len - others.params.len(),
        };
        network.block(
            known,
            others.transposed,
            None,
            to - from,
            drops,
            part,
            false,
        );
    }

    /// The update of the weights of some inputs, and their weighted sums of the next batch.
    fn share(&self, job: usize, plan: &Plan<'_>) {
        let Some(inputs) = &self.inputs[job] else {
            return;
        };
        let inputs = &mut *write(inputs);
        let place = &self.network.layout.places[0];
        let rows = rows_of_batch(plan.order, plan.from, plan.to);
        let next = rows_of_batch(plan.order, plan.to, plan.next);
        if let Some(step) = plan.step.filter(|_| plan.weight > 0.0) {
            let (n_parts, size) = self.parts_of(rows.len());
            let x = &self.samples.x[inputs.from..];
            let mut ahead = match next {
                Rows::Picked(next) => {
                    // Of six rows by four cache lines.
                    let lines = (place.stride * size_of::<F>() / 64).div_ceil(4);
                    let tiles = inputs.n / 6 * lines * n_parts;
                    Some(Ahead::new(
                        x,
                        self.samples.n_features,
                        next,
                        inputs.n,
                        tiles,
                    ))
                }
                Rows::Range(..) => None,
            };
            let Step { alpha, rate, t, .. } = step;
            inputs.penalty = 0.0;
            let mut first = 0;
            while first < inputs.n {
                let last = inputs.n.min(first + stretch(place.stride));
                let (at, end) = (first * place.stride, last * place.stride);
                let gradient = &mut inputs.memory.gradient[..end - at];
                for (i, part) in self.parts[..n_parts].iter().flatten().enumerate() {
                    let (from, to) = self.range(i, rows.len());
                    let rows = rows.part(from.min(to), to);
                    let (a, picked) = self.left(rows, inputs.from + first);
                    Product {
                        a,
                        a_stride: self.samples.n_features,
                        left: Left::Columns,
                        picked,
                        ahead: ahead.as_mut(),
                        b: &read(part).deltas[0],
                        b_stride: place.stride,
                        c: gradient,
                        c_stride: place.stride,
                        m: last - first,
                        k: rows.len(),
                        n: place.n_out,
                        add: i * size > 0,
                    }
                    .run();
                }
                let weights = &mut inputs.weights[at..end];
                inputs.penalty += penalise(weights, end - at, alpha, plan.weight, gradient);
                if let Some(clip) = step.clip {
                    clip.apply(gradient, &[]);
                }
                let slots = inputs.slots.part(at, end);
                step.optimizer.sweep_part(weights, gradient, slots, rate, t);
                first = last;
            }
            if let Some(ahead) = &mut ahead {
                ahead.finish();
            }
        }
        if next.len() > 0 {
            let (a, picked) = self.left(next, inputs.from);
            Product {
                a,
                a_stride: self.samples.n_features,
                left: Left::Rows,
                picked,
                ahead: None,
                b: inputs.weights,
                b_stride: place.stride,
                c: &mut inputs.memory.sums,
                c_stride: place.stride,
                m: next.len(),
                k: inputs.n,
                n: place.n_out,
                add: false,
            }
            .run();
        }
    }

    /// The samples from an input on as the left factor of a product, and which rows of them.
    fn left<'b>(&self, rows: Rows<'b>, input: usize) -> (&'a [F], Option<&'b [u32]>) {
        let samples = self.samples;
        match rows {
            Rows::Range(from, _) => (&samples.x[from * samples.n_features + input..], None),
            Rows::Picked(rows) => (&samples.x[input..], Some(rows)),
        }
    }

    /// The update of the other parameters.
    fn others(&self, plan: &Plan<'_>) {
        let others = &mut *write(&self.others);
        let layout = &self.network.layout;
        let from = layout.len - others.params.len();
        if let Some(step) = plan.step.filter(|_| plan.weight > 0.0) {
            let (n_parts, _) = self.parts_of(plan.to - plan.from);
            let parts: [_; PARTS] = std::array::from_fn(|i| match &self.parts[i] {
                Some(part) if i < n_parts => Some(read(part)),
                _ => None,
            });
            let mut gradient = [F::zero(); SWEEP];
            others.penalty = 0.0;
            for (i, params) in others.params.chunks_mut(SWEEP).enumerate() {
                let (at, n) = (i * SWEEP, params.len());
                let penalised = layout.n_weights.saturating_sub(from + at).min(n);
                let gradient = &mut gradient[..n];
                let grads = parts.iter().flatten().map(|p| &p.grads[from + at..][..n]);
                others.penalty +=
                    combine(grads, params, penalised, step.alpha, plan.weight, gradient);
                if let Some(clip) = step.clip {
                    clip.apply(gradient, &[]);
                }
                let slots = others.slots.part(at, at + n);
                let Step { rate, t, .. } = step;
                step.optimizer.sweep_part(params, gradient, slots, rate, t);
            }
        }
        let known = Known {
            values: &*others.params,
            from,
        };
        self.network.transpose(known, others.transposed);
    }
}

/// Inputs whose gradient is computed and used at once: whole tiles.
fn stretch(stride: usize) -> usize {
    (STRETCH / stride.max(1) / 6).max(1) * 6
}

/// Who panicked with the lock in hand ends the fit anyway.
fn read<T>(lock: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::super::super::activation::Activation;
    use super::super::super::layout::{Layout, Parameters};
    use super::super::super::loss::Loss;
    use super::super::super::optimizer::Optimizer;
    use super::super::{Target, fresh_slots};
    use super::*;
    use crate::random;

    const ROWS: usize = 360;
    const BATCH: usize = 150;

    struct Case {
        picked: bool,
        weighted: bool,
        dropout: f64,
        optimizer: Optimizer,
        clip: Option<Clip>,
        hidden: &'static [usize],
    }

    /// Parameters and losses after two epochs.
    fn trained<F: Float>(case: &Case, by_shares: bool) -> (Vec<F>, [f64; 2], u64) {
        let mut units = vec![96];
        units.extend(case.hidden);
        units.push(3);
        let network = Network {
            layout: Layout::new::<F>(&units).unwrap(),
            activations: vec![Activation::Tanh; case.hidden.len()],
            loss: Loss::Softmax,
            dropout: case.dropout,
        };
        let mut rng = random::generator(1);
        let mut next = || random::uniform(&mut rng) - 0.5;
        let x: Vec<F> = (0..ROWS * 96).map(|_| F::of(next())).collect();
        let codes: Vec<u32> = (0..ROWS).map(|i| (i * i % 7 % 3) as u32).collect();
        // A batch of weight 0 at the end, where the rows come in order.
        let weights: Vec<F> = (0..ROWS)
            .map(|i| F::of(if i < 300 { (i % 4) as f64 } else { 0.0 }))
            .collect();
        let samples = Samples {
            x: &x,
            n_rows: ROWS,
            n_features: 96,
            target: Target::Codes(&codes),
            weights: if case.weighted { &weights } else { &[] },
        };
        let mut params = Parameters::<F>::zeros(&units).unwrap().values;
        network.for_each_parameter(|at| params[at] = F::of(0.3 * next()));
        let mut slots = fresh_slots::<F>(&network.layout, case.optimizer).unwrap();
        let mut work = network.workspace::<F>(BATCH, true).unwrap();
        if by_shares {
            network.split(BATCH, case.clip, &mut work);
            assert_eq!(work.shares.len(), 2);
        }
        let mut order = vec![0; if case.picked { ROWS } else { 0 }];
        let (mut steps, mut losses) = (0, [0.0; 2]);
        for (number, loss) in losses.iter_mut().enumerate() {
            let epoch = Epoch {
                order: &mut order,
                batch_size: BATCH,
                shuffle: |order: &mut [u32]| {
                    for (i, row) in order.iter_mut().enumerate() {
                        *row = ((i * 7 + number) % ROWS) as u32;
                    }
                },
                step: |steps: u64| Step {
                    alpha: 0.1,
                    optimizer: case.optimizer,
                    clip: case.clip,
                    rate: 0.01 / (steps + 1) as f64,
                    t: steps + 1,
                    seed: 3,
                },
            };
            (*loss, steps) =
                network.epoch(&mut params, &mut slots, &samples, epoch, steps, &mut work);
        }
        (params, losses, steps)
    }

    fn cases() -> Vec<Case> {
        let plain = |picked| Case {
            picked,
            weighted: false,
            dropout: 0.0,
            optimizer: Optimizer::adam(),
            clip: None,
            hidden: &[40],
        };
        let weighted = Case {
            weighted: true,
            optimizer: Optimizer::nesterov(0.9),
            ..plain(false)
        };
        let dropout = Case {
            dropout: 0.4,
            hidden: &[40, 5],
            ..plain(true)
        };
        let clipped = Case {
            clip: Some(Clip::Value(0.01)),
            optimizer: Optimizer::RmsProp {
                rho: 0.8,
                momentum: 0.5,
                epsilon: 1e-7,
                centered: true,
            },
            ..plain(true)
        };
        vec![plain(false), plain(true), weighted, dropout, clipped]
    }

    #[test]
    fn shares_of_inputs_learn_what_parts_of_rows_do() {
        for (i, case) in cases().iter().enumerate() {
            let (ours, losses, steps) = trained::<f64>(case, true);
            let (expected, expected_losses, expected_steps) = trained::<f64>(case, false);
            assert_eq!(steps, expected_steps);
            assert_eq!(steps, if case.weighted { 4 } else { 6 });
            let near = |a: f64, b: f64| (a - b).abs() <= 1e-11 * b.abs().max(1e-2);
            assert!(
                losses.iter().zip(expected_losses).all(|(&a, b)| near(a, b)),
                "{i}"
            );
            assert!(ours.iter().zip(expected).all(|(&a, b)| near(a, b)), "{i}");
        }
    }

    #[test]
    fn threads_change_no_bit() {
        let with = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let cases = cases();
                let f32s = trained::<f32>(&cases[1], true);
                let all = cases.iter().map(|case| trained::<f64>(case, true));
                (f32s, all.collect::<Vec<_>>())
            })
        };
        let alone = with(1);
        assert!(alone == with(2) && alone == with(3));
    }

    #[test]
    fn networks_that_gain_nothing_are_not_split() {
        let shares = |units: &[usize], rows: usize, clip: Option<Clip>| {
            let network = Network {
                layout: Layout::new::<f64>(units).unwrap(),
                activations: vec![Activation::Relu; units.len() - 2],
                loss: Loss::Softmax,
                dropout: 0.0,
            };
            let mut work = network.workspace::<f64>(rows, true).unwrap();
            network.split(rows, clip, &mut work);
            work.shares.len()
        };
        assert_eq!(shares(&[784, 100, 10], 200, None), 2);
        assert_eq!(shares(&[784, 100, 10], 200, Some(Clip::Norm(1.0))), 0);
        assert_eq!(shares(&[1600, 100, 10], 200, None), 4);
        assert_eq!(shares(&[20_000, 10, 2], 200, None), 8);
        assert_eq!(shares(&[64, 100, 10], 200, None), 2);
        // Few inputs, few rows, many rows, another large layer.
        assert_eq!(shares(&[20, 100, 10], 200, None), 0);
        assert_eq!(shares(&[784, 100, 10], 100, None), 0);
        assert_eq!(shares(&[784, 100, 10], 20_000, None), 0);
        assert_eq!(shares(&[784, 500, 500, 10], 200, None), 0);
    }
}
