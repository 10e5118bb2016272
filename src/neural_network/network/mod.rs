//! A network of dense layers: forward, backward and one step of an optimiser, in memory that is allocated once.
//!
//! With a₀ = x and for each layer l the weights W (inputs, outputs) and intercepts b,
//! ```text
//! zₗ = aₗ₋₁ Wₗ + bₗ,   aₗ = f(zₗ),   δ_last = p − y,   δₗ = (δₗ₊₁ Wₗ₊₁ᵀ) f′(zₗ),
//! ∂/∂Wₗ = aₗ₋₁ᵀ δₗ,    ∂/∂bₗ = Σ δₗ.
//! ```
//! The rows of a batch are split into parts, whose number depends on the sizes alone. Each part runs forward and backward on
//! its own, on whatever thread, into gradients of its own; the parts are added in order while the optimiser sweeps over the
//! parameters. So the bits are the same with one thread or many, and a step waits for other threads twice. Where most of the
//! weights are those of many inputs, the first layer is split by inputs instead ([`shares`]).
//!
//! With dropout, the outputs of each hidden layer are multiplied by a mask before the next layer sees them, and so is their
//! derivative on the way back. A part draws its masks from a stream of its own, which the seed, the number of the step and
//! that of the part give.

mod epoch;
mod kernels;
mod pass;
mod predict;
mod shares;
mod step;
mod workspace;

use ndarray::ArrayRef2;

use crate::error::Result;
use crate::float::Float;
use crate::parallel;

use super::activation::Activation;
use super::layout::Layout;
use super::loss::Loss;
use super::optimizer::Optimizer;

pub(crate) use epoch::Epoch;
pub(crate) use predict::Room;
pub(crate) use step::Step;
pub(crate) use workspace::Workspace;

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
    /// The share of the outputs of hidden layers that a training step leaves out.
    pub dropout: f64,
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
    pub(crate) fn slot_position(&self, at: usize, slot: usize) -> usize {
        slot * self.layout.len + at
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
