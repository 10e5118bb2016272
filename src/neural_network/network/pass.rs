//! The rows of a batch forward and backward, part by part.

use rayon::prelude::*;

use crate::float::Float;
use crate::linalg::panel::{Left, Product, stride, transpose};

use super::super::dropout;
use super::super::layout::Place;
use super::super::loss::TargetRows;
use super::kernels::{
    add_intercepts, apply, backward, column_sums, mask, mask_in_place, weighted_sums,
};
use super::workspace::{Part, Workspace, block_rows};
use super::{Network, Rows, Samples};

/// The parameters from some position on.
#[derive(Clone, Copy)]
pub(super) struct Known<'a, F> {
    pub(super) values: &'a [F],
    pub(super) from: usize,
}

impl<'a, F> Known<'a, F> {
    fn at(self, position: usize) -> &'a [F] {
        &self.values[position - self.from..]
    }
}

impl Network {
    /// Runs the rows forward and backward: the gradients of all parts are in the workspace afterwards. `masks` is the seed of
    /// the dropout and the number of the step; without, nothing is left out.
    pub(super) fn differentiate<F: Float>(
        &self,
        params: &[F],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        masks: Option<(u64, u64)>,
        work: &mut Workspace<F>,
    ) {
        let masks = masks.filter(|_| self.dropout > 0.0);
        let params = Known {
            values: params,
            from: 0,
        };
        self.transpose(params, &mut work.transposed);
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
                masks.map(|(seed, step)| dropout::stream(seed, step, i as u64)),
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

    /// Wᵀ of each layer but the first.
    pub(super) fn transpose<F: Float>(&self, params: Known<'_, F>, transposed: &mut [Vec<F>]) {
        for (place, to) in self.layout.places[1..].iter().zip(transposed) {
            let weights = &params.at(place.weights)[..place.n_in * place.stride];
            transpose(weights, place.n_in, place.n_out, to);
        }
    }

    /// One part, block by block.
    fn part<F: Float>(
        &self,
        params: Known<'_, F>,
        transposed: &[Vec<F>],
        samples: &Samples<'_, F>,
        rows: Rows<'_>,
        mut rng: Option<impl rand::Rng>,
        part: &mut Part<F>,
    ) {
        part.loss = 0.0;
        part.weight = 0.0;
        let size = block_rows(rows.len());
        let mut from = 0;
        while from < rows.len() {
            let to = rows.len().min(from + size);
            if let Some(rng) = &mut rng {
                self.draw_masks(to - from, rng, part);
            }
            let rows = rows.part(from, to);
            part.take(samples, rows, self.n_outputs());
            let gathered = part.gather(samples, rows);
            let p = samples.n_features;
            let x = match rows {
                Rows::Range(from, to) => (&samples.x[from * p..to * p], p),
                Rows::Picked(_) => (&gathered[..], stride::<F>(p)),
            };
            let (drops, add) = (rng.is_some(), from > 0);
            self.block(params, transposed, Some(x), to - from, drops, part, add);
            part.gathered = gathered;
            from = to;
        }
    }

    /// Masks for so many rows.
    pub(super) fn draw_masks<F: Float>(
        &self,
        rows: usize,
        rng: &mut impl rand::Rng,
        part: &mut Part<F>,
    ) {
        let hidden = self.layout.places.iter().zip(&mut part.masks);
        for (place, mask) in hidden.filter(|(_, mask)| !mask.is_empty()) {
            for row in mask.chunks_exact_mut(place.stride).take(rows) {
                dropout::draw(&mut row[..place.n_out], self.dropout, rng);
            }
        }
    }

    /// Forward and backward of `n` rows, whose targets the part has. Without `x`, rows and their distance, the weighted sums of
    /// the first layer are there, and the gradient by its weights is left out.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn block<F: Float>(
        &self,
        params: Known<'_, F>,
        transposed: &[Vec<F>],
        x: Option<(&[F], usize)>,
        n: usize,
        drops: bool,
        part: &mut Part<F>,
        add: bool,
    ) {
        let Part {
            gathered: _,
            codes,
            values,
            weights,
            outputs,
            kept,
            masks,
            masked,
            deltas,
            grads,
            loss,
            weight,
        } = part;
        let masks: &[Vec<F>] = if drops { masks } else { &[] };
        self.forward(params, x, n, outputs, kept, masks, masked);

        let last = self.layout.places.len() - 1;
        let width = self.n_outputs();
        let padded = n * self.layout.places[last].stride;
        let target = match values.is_empty() {
            true => TargetRows::Codes(codes),
            false => TargetRows::Values(values),
        };
        let weighted = (!weights.is_empty()).then_some(&weights[..]);
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
            let below = match l {
                0 => x,
                _ if drops => Some((&masked[l - 1][..], self.layout.places[l - 1].stride)),
                _ => Some((&outputs[l - 1][..], self.layout.places[l - 1].stride)),
            };
            if let Some((a, a_stride)) = below {
                Product {
                    a,
                    a_stride,
                    left: Left::Columns,
                    picked: None,
                    ahead: None,
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
            }
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
                    picked: None,
                    ahead: None,
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
                if let Some(mask) = masks.get(l - 1) {
                    mask_in_place(delta_below, mask);
                }
                backward(
                    self.activations[l - 1],
                    &kept[l - 1],
                    &outputs[l - 1][..n * below.stride],
                    delta_below,
                );
            }
        }
    }

    /// The outputs of every layer for `n` rows, from the weighted sums of the first layer where `x` is not given; those of hidden layers also under their masks, if there are any.
    #[allow(clippy::too_many_arguments)]
    fn forward<F: Float>(
        &self,
        params: Known<'_, F>,
        x: Option<(&[F], usize)>,
        n: usize,
        outputs: &mut [Vec<F>],
        kept: &mut [Vec<F>],
        masks: &[Vec<F>],
        masked: &mut [Vec<F>],
    ) {
        let last = self.layout.places.len() - 1;
        for (l, place) in self.layout.places.iter().enumerate() {
            let (before, after) = outputs.split_at_mut(l);
            let below = match l {
                0 => x,
                _ if !masks.is_empty() => {
                    Some((&masked[l - 1][..], self.layout.places[l - 1].stride))
                }
                _ => Some((&before[l - 1][..], self.layout.places[l - 1].stride)),
            };
            let z = &mut after[0][..n * place.stride];
            if let Some((a, a_stride)) = below {
                weighted_sums(place, params.at(place.weights), a, a_stride, n, z);
            }
            let intercepts = &params.at(place.intercepts)[..place.stride];
            if l == last {
                add_intercepts(z, intercepts);
                self.loss.predict(z, place.n_out);
            } else {
                apply(self.activations[l], z, intercepts, &mut kept[l]);
                if let Some(keep) = masks.get(l) {
                    mask(z, keep, &mut masked[l]);
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
            None,
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
