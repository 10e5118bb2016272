//! Lloyd's iterations: every row to its nearest centre, every centre to the mean of its rows.

use super::frame::chunk;
use super::nearest::{Nearest, squared_distance};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// What one run works on: rows in a frame, and their weights.
pub(super) struct Problem<'a, F> {
    pub(super) rows: &'a [F],
    pub(super) p: usize,
    pub(super) k: usize,
    pub(super) weights: Option<&'a [f64]>,
    /// The squared movement of all centres together at which to stop.
    pub(super) tolerance: f64,
    pub(super) max_iter: usize,
}

/// Where a run ended.
pub(super) struct Run<F> {
    pub(super) centers: Vec<F>,
    pub(super) labels: Vec<u32>,
    pub(super) inertia: f64,
    pub(super) n_iter: usize,
    pub(super) converged: bool,
}

/// Features of a row that are added together.
const WIDE: usize = 4;

/// Weighted sums of the rows of each centre, and their weights.
pub(super) struct Sums {
    sums: Vec<f64>,
    weights: Vec<f64>,
}

impl Sums {
    pub(super) fn zero(k: usize, p: usize) -> Self {
        Sums {
            sums: vec![0.0; k * p],
            weights: vec![0.0; k],
        }
    }

    #[inline(always)]
    pub(super) fn add<F: Float>(&mut self, row: &[F], label: u32, weight: f64) {
        let (c, p) = (label as usize, row.len());
        self.weights[c] += weight;
        let sums = &mut self.sums[c * p..(c + 1) * p];
        let ((sums, sums_rest), (row, row_rest)) =
            (sums.as_chunks_mut::<WIDE>(), row.as_chunks::<WIDE>());
        for (sums, row) in sums.iter_mut().zip(row) {
            *sums = std::array::from_fn(|l| weight.mul_add(row[l].f64(), sums[l]));
        }
        for (sum, x) in sums_rest.iter_mut().zip(row_rest) {
            *sum = weight.mul_add(x.f64(), *sum);
        }
    }

    pub(super) fn merge(&mut self, other: &Sums) {
        for (total, v) in self.sums.iter_mut().zip(&other.sums) {
            *total += v;
        }
        for (total, v) in self.weights.iter_mut().zip(&other.weights) {
            *total += v;
        }
    }
}

impl<F: Float> Problem<'_, F> {
    pub(super) fn n(&self) -> usize {
        self.rows.len() / self.p
    }

    pub(super) fn row(&self, i: usize) -> &[F] {
        &self.rows[i * self.p..(i + 1) * self.p]
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[i])
    }

    /// Runs from these centres; `step` is called after each iteration.
    pub(super) fn lloyd(
        &self,
        mut centers: Vec<F>,
        mut step: impl FnMut(usize) -> Result<()>,
    ) -> Result<Run<F>> {
        let mut labels = vec![u32::MAX; self.n()];
        let (mut n_iter, mut converged) = (0, false);
        while n_iter < self.max_iter && !converged {
            let (changed, sums) = self.assign(&Nearest::new(&centers, self.p), &mut labels);
            let moved = self.update(&mut centers, sums, &labels);
            n_iter += 1;
            step(n_iter)?;
            converged = !changed || moved.iter().sum::<f64>() <= self.tolerance;
        }
        self.assign(&Nearest::new(&centers, self.p), &mut labels);
        Ok(self.finish(centers, labels, n_iter, converged))
    }

    /// Labels every row; whether any label changed, and the sums.
    fn assign(&self, nearest: &Nearest<F>, labels: &mut [u32]) -> (bool, Sums) {
        /// Rows labelled before their sums are taken, while they are near.
        const BLOCK: usize = 256;
        let (p, k) = (self.p, self.k);
        let parts = parallel::map_chunks_mut(labels, chunk(self.n(), p), |range, labels| {
            let (mut changed, mut sums) = (false, Sums::zero(k, p));
            let mut found = [0; BLOCK];
            for (b, labels) in labels.chunks_mut(BLOCK).enumerate() {
                let first = range.start + b * BLOCK;
                let rows = &self.rows[first * p..(first + labels.len()) * p];
                let found = &mut found[..labels.len()];
                nearest.label(rows, found);
                changed |= labels != found;
                labels.copy_from_slice(found);
                simd(
                    #[inline(always)]
                    || {
                        for (i, (row, &label)) in rows.chunks_exact(p).zip(&*labels).enumerate() {
                            sums.add(row, label, self.weight(first + i));
                        }
                    },
                );
            }
            (changed, sums)
        });
        let (mut changed, mut total) = (false, Sums::zero(k, p));
        for (part, sums) in &parts {
            changed |= part;
            total.merge(sums);
        }
        (changed, total)
    }

    /// Moves every centre to the mean of its rows; a centre without rows to the row farthest from its own. Returns the
    /// squared distance that each centre moved.
    pub(super) fn update(&self, centers: &mut [F], mut to: Sums, labels: &[u32]) -> Vec<f64> {
        self.relocate(centers, &mut to, labels);
        let largest = (0..self.k).fold(0, |best, c| {
            if to.weights[c] > to.weights[best] {
                c
            } else {
                best
            }
        });
        let mut moved = Vec::with_capacity(self.k);
        for (c, center) in centers.chunks_exact_mut(self.p).enumerate() {
            // One that is still empty goes where the heaviest is.
            let from = if to.weights[c] > 0.0 { c } else { largest };
            let mut square = 0.0;
            for (v, sum) in center.iter_mut().zip(&to.sums[from * self.p..]) {
                let new = F::of(sum / to.weights[from]);
                square += (new.f64() - v.f64()).powi(2);
                *v = new;
            }
            moved.push(square);
        }
        moved
    }

    fn relocate(&self, centers: &[F], to: &mut Sums, labels: &[u32]) {
        let empty: Vec<usize> = (0..self.k).filter(|&c| to.weights[c] == 0.0).collect();
        if empty.is_empty() {
            return;
        }
        let p = self.p;
        let mut far: Vec<(f64, usize)> = (0..self.n())
            .filter(|&i| self.weight(i) > 0.0)
            .map(|i| {
                let c = labels[i] as usize;
                let center = &centers[c * p..(c + 1) * p];
                (squared_distance(self.row(i), center), i)
            })
            .filter(|&(square, _)| square > 0.0)
            .collect();
        far.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for (&c, &(_, i)) in empty.iter().zip(&far) {
            let (old, weight) = (labels[i], self.weight(i));
            to.add(self.row(i), old, -weight);
            to.add(self.row(i), c as u32, weight);
        }
    }

    pub(super) fn finish(
        &self,
        centers: Vec<F>,
        labels: Vec<u32>,
        n_iter: usize,
        converged: bool,
    ) -> Run<F> {
        Run {
            inertia: self.inertia(&centers, &labels),
            centers,
            labels,
            n_iter,
            converged,
        }
    }

    /// Σ w |x − c|² over the rows and their centres.
    fn inertia(&self, centers: &[F], labels: &[u32]) -> f64 {
        let p = self.p;
        let parts = parallel::map_chunks(self.n(), chunk(self.n(), p), |range| {
            simd(
                #[inline(always)]
                || {
                    let mut sum = 0.0;
                    for i in range {
                        let c = labels[i] as usize;
                        let center = &centers[c * p..(c + 1) * p];
                        sum += self.weight(i) * squared_distance(self.row(i), center);
                    }
                    sum
                },
            )
        });
        parts.iter().sum()
    }
}
