//! The memory of training steps: made once, for the largest batch.

use std::ops::Range;

use crate::error::Result;
use crate::float::Float;
use crate::linalg::panel::stride;
use crate::parallel;

use super::{BLOCK_ROWS, Network, Rows, SWEEP_TASK, Samples, Target};

/// The memory of one part.
pub(super) struct Part<F> {
    pub(super) gathered: Vec<F>,
    pub(super) codes: Vec<u32>,
    pub(super) values: Vec<F>,
    pub(super) weights: Vec<F>,
    /// Of every layer but the input, padded.
    pub(super) outputs: Vec<Vec<F>>,
    /// z of the layers whose derivative needs it, else empty.
    pub(super) kept: Vec<Vec<F>>,
    /// With dropout, the masks of the hidden layers, and their outputs under them; else empty.
    pub(super) masks: Vec<Vec<F>>,
    pub(super) masked: Vec<Vec<F>>,
    pub(super) deltas: Vec<Vec<F>>,
    pub(super) grads: Vec<F>,
    pub(super) loss: f64,
    pub(super) weight: f64,
}

/// The memory of training steps on up to so many rows.
pub(crate) struct Workspace<F> {
    pub(super) parts: Vec<Part<F>>,
    /// Wᵀ of each layer but the first, padded.
    pub(super) transposed: Vec<Vec<F>>,
    /// Σ w² of each task of a sweep.
    pub(super) penalties: Vec<f64>,
    /// A gradient to be clipped, if it must be seen whole, and where its matrices and vectors are.
    pub(super) clipped: Vec<F>,
    pub(super) tensors: Vec<Range<usize>>,
    /// Of each share of the inputs, where they are split.
    pub(super) shares: Vec<Share<F>>,
}

/// The memory of a share of the inputs.
pub(super) struct Share<F> {
    /// The weighted sums of the first layer over these inputs, for every row of a batch.
    pub(super) sums: Vec<F>,
    /// A stretch of the gradient.
    pub(super) gradient: Vec<F>,
}

impl Network {
    /// Memory for batches of up to `rows` rows.
    ///
    /// # Errors
    /// `TooLarge` or `InvalidInput` when it does not fit.
    pub(crate) fn workspace<F: Float>(&self, rows: usize, gather: bool) -> Result<Workspace<F>> {
        let parts = self.n_parts(rows);
        // Of fewer rows there may be fewer parts, with larger blocks.
        let block = rows.clamp(1, BLOCK_ROWS);
        parallel::fits::<F>("the gradients", (self.layout.len, 4 * parts))?;
        let n_features = self.layout.places.first().map_or(0, |p| p.n_in);
        let (n_layers, drops) = (self.layout.places.len(), self.dropout > 0.0);
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
            masks: by_layer(&|l| drops && l + 1 < n_layers),
            masked: by_layer(&|l| drops && l + 1 < n_layers),
            deltas: by_layer(&|_| true),
            grads: vec![F::zero(); self.layout.len],
            loss: 0.0,
            weight: 0.0,
        };
        let transposed = self.layout.places.iter().skip(1);
        let weights = self.layout.places.iter().map(|p| {
            let first = p.weights;
            first..first + p.n_in * p.stride
        });
        let intercepts = self.layout.places.iter().map(|p| {
            let first = p.intercepts;
            first..first + p.stride
        });
        Ok(Workspace {
            parts: (0..parts).map(|_| part()).collect(),
            transposed: transposed
                .map(|p| vec![F::zero(); p.n_out * stride::<F>(p.n_in)])
                .collect(),
            penalties: vec![0.0; self.layout.len.div_ceil(SWEEP_TASK)],
            clipped: Vec::new(),
            shares: Vec::new(),
            tensors: weights.chain(intercepts).collect(),
        })
    }
}

impl<F: Float> Workspace<F> {
    pub(super) fn weight(&self) -> f64 {
        let in_use = self.parts.iter().filter(|part| part.weight >= 0.0);
        in_use.map(|part| part.weight).sum()
    }

    /// `alpha` / 2 Σ w² / `weight`, of the last step or gradient.
    pub(crate) fn penalty(&self, alpha: f64, weight: f64) -> f64 {
        0.5 * alpha * self.penalties.iter().sum::<f64>() / weight
    }

    pub(super) fn mean_loss(&self, weight: f64, alpha: f64) -> f64 {
        let in_use = self.parts.iter().filter(|part| part.weight >= 0.0);
        let loss: f64 = in_use.map(|part| part.loss).sum();
        loss / weight + self.penalty(alpha, weight)
    }
}

impl<F: Float> Part<F> {
    /// The memory for copies of picked rows, with them, one after the other.
    pub(super) fn gather(&mut self, samples: &Samples<'_, F>, rows: Rows<'_>) -> Vec<F> {
        let p = samples.n_features;
        let mut gathered = std::mem::take(&mut self.gathered);
        if let Rows::Picked(rows) = rows {
            let step = stride::<F>(p);
            for (&row, to) in rows.iter().zip(gathered.chunks_exact_mut(step)) {
                to[..p].copy_from_slice(&samples.x[row as usize * p..][..p]);
            }
        }
        gathered
    }

    /// Brings the targets and weights of the rows together.
    pub(super) fn take(&mut self, samples: &Samples<'_, F>, rows: Rows<'_>, n_outputs: usize) {
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
pub(super) fn block_rows(rows: usize) -> usize {
    rows.div_ceil(rows.div_ceil(BLOCK_ROWS).max(1)).max(1)
}
