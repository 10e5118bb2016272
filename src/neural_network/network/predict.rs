//! Predictions.

use rayon::prelude::*;

use crate::float::Float;

use super::kernels::{add_intercepts, apply, weighted_sums};
use super::workspace::block_rows;
use super::{BLOCK_ROWS, Network, PART_WORK};

/// Room for the values of two layers.
pub(crate) struct Room<F>(Vec<F>, Vec<F>);

impl<F> Default for Room<F> {
    fn default() -> Self {
        Room(Vec::new(), Vec::new())
    }
}

impl Network {
    /// Predictions for rows without gaps into `out`, (rows, outputs) padded.
    pub(crate) fn predict_into<F: Float>(&self, params: &[F], x: &[F], out: &mut [F]) {
        self.predict_in(params, x, out, &mut Room::default());
    }

    /// As [`predict_into`](Self::predict_into), in room that is kept from call to call; parts that run in parallel have their
    /// own.
    pub(crate) fn predict_in<F: Float>(
        &self,
        params: &[F],
        x: &[F],
        out: &mut [F],
        room: &mut Room<F>,
    ) {
        let p = self.layout.places.first().map_or(1, |p| p.n_in).max(1);
        let width = self.layout.places.last().map_or(1, |p| p.stride).max(1);
        let n = x.len() / p;
        let size = self.predict_rows(n);
        if n <= size {
            return self.predict_block(params, x, out, room);
        }
        out.par_chunks_mut(size * width)
            .zip(x.par_chunks(size * p))
            .for_each(|(out, x)| self.predict_block(params, x, out, &mut Room::default()));
    }

    /// Rows of a task of predictions.
    fn predict_rows(&self, n: usize) -> usize {
        let worth = PART_WORK / self.layout.n_weights.max(1);
        worth
            .clamp(BLOCK_ROWS, (n).max(BLOCK_ROWS))
            .min(16 * BLOCK_ROWS)
    }

    fn predict_block<F: Float>(
        &self,
        params: &[F],
        x: &[F],
        out: &mut [F],
        Room(one, other): &mut Room<F>,
    ) {
        let p = self.layout.places.first().map_or(1, |p| p.n_in).max(1);
        let width = self.layout.places.last().map_or(1, |p| p.stride).max(1);
        let n = x.len() / p;
        let block = block_rows(n);
        let hidden = self.layout.places.len() - 1;
        let widest = self.layout.places[..hidden].iter().map(|p| p.stride).max();
        let room = block * widest.unwrap_or(0);
        one.resize(room, F::zero());
        other.resize(room, F::zero());
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
                    weighted_sums(place, &params[place.weights..], a, a_stride, n, z);
                    add_intercepts(z, intercepts);
                    self.loss.predict(z, place.n_out);
                } else {
                    let z = &mut other[..n * place.stride];
                    weighted_sums(place, &params[place.weights..], a, a_stride, n, z);
                    apply(self.activations[l], z, intercepts, &mut nothing);
                    std::mem::swap(one, other);
                }
            }
        }
    }
}
