//! One epoch: the batches of all rows, one after the other.

use crate::float::Float;

use super::{Network, Rows, Samples, Step, Workspace};

/// What an epoch goes by.
pub(crate) struct Epoch<'a, S, T> {
    /// Room for the order of the rows; empty where they are taken as they come.
    pub order: &'a mut [u32],
    pub batch_size: usize,
    /// Fills the order, if there is one.
    pub shuffle: S,
    /// The step after so many.
    pub step: T,
}

impl Network {
    /// Σ over the batches of loss times rows, and the number of steps ever made, of which there were `steps` before.
    pub(crate) fn epoch<F: Float>(
        &self,
        params: &mut [F],
        slots: &mut [F],
        samples: &Samples<'_, F>,
        epoch: Epoch<'_, impl FnOnce(&mut [u32]) + Send, impl FnMut(u64) -> Step + Send>,
        steps: u64,
        work: &mut Workspace<F>,
    ) -> (f64, u64) {
        if !work.shares.is_empty() {
            return self.epoch_by_shares(params, slots, samples, epoch, steps, work);
        }
        let Epoch {
            order,
            batch_size,
            shuffle,
            mut step,
        } = epoch;
        if !order.is_empty() {
            shuffle(order);
        }
        let n = samples.n_rows;
        let (mut sum, mut steps, mut from) = (0.0, steps, 0);
        while from < n {
            let to = n.min(from + batch_size);
            let rows = rows_of_batch(order, from, to);
            let batch = self.step(params, slots, samples, rows, &step(steps), work);
            if batch.weight > 0.0 {
                steps += 1;
            }
            sum += batch.loss * (to - from) as f64;
            from = to;
        }
        (sum, steps)
    }
}

/// The rows of a batch: the next ones of the order, if there is one.
pub(super) fn rows_of_batch(order: &[u32], from: usize, to: usize) -> Rows<'_> {
    if order.is_empty() {
        Rows::Range(from, to)
    } else {
        Rows::Picked(&order[from..to])
    }
}
