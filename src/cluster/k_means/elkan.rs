//! Lloyd's iterations without the distances that the triangle inequality makes needless (Elkan, 2003).

use super::frame::chunk;
use super::lloyd::{Problem, Run, Sums};
use super::nearest::{Distances, squared_distance};
use crate::error::Result;
use crate::float::Float;
use crate::parallel;

/// What is known of a row's distances: at most so far from its own centre, at least so far from each.
struct Bounds {
    label: u32,
    upper: f64,
    lower: Vec<f64>,
}

/// Half the distances between centres, and of each to the next.
struct Between {
    half: Vec<f64>,
    next: Vec<f64>,
}

impl Between {
    fn new<F: Float>(centers: &[F], p: usize) -> Self {
        let k = centers.len() / p;
        let mut half = vec![0.0; k * k];
        let mut next = vec![f64::INFINITY; k];
        Distances::new(centers, p).squared(centers, |a, squares| {
            for (b, square) in squares.iter().enumerate() {
                half[a * k + b] = square.sqrt() / 2.0;
                if a != b {
                    next[a] = next[a].min(half[a * k + b]);
                }
            }
        });
        Between { half, next }
    }
}

impl<F: Float> Problem<'_, F> {
    /// As [`lloyd`](Self::lloyd), with n k bounds in memory.
    pub(super) fn elkan(
        &self,
        mut centers: Vec<F>,
        mut step: impl FnMut(usize) -> Result<()>,
    ) -> Result<Run<F>> {
        let (p, k) = (self.p, self.k);
        let distances = Distances::new(&centers, p);
        let mut bounds: Vec<Bounds> = parallel::map_chunks(self.n(), chunk(self.n(), p), |range| {
            let mut bounds = Vec::with_capacity(range.len());
            distances.squared(&self.rows[range.start * p..range.end * p], |_, squares| {
                let lower: Vec<f64> = squares.iter().map(|s| s.sqrt()).collect();
                let label = (0..k).fold(0, |best, c| if lower[c] < lower[best] { c } else { best });
                bounds.push(Bounds {
                    label: label as u32,
                    upper: lower[label],
                    lower,
                });
            });
            bounds
        })
        .into_iter()
        .flatten()
        .collect();
        let mut labels = vec![u32::MAX; self.n()];
        let (mut n_iter, mut converged) = (0, false);
        while n_iter < self.max_iter && !converged {
            let sums = self.tighten(&centers, &mut bounds);
            let changed = (labels.iter().zip(&bounds)).any(|(label, b)| *label != b.label);
            for (label, b) in labels.iter_mut().zip(&bounds) {
                *label = b.label;
            }
            let moved = self.update(&mut centers, sums, &labels);
            let far: Vec<f64> = moved.iter().map(|square| square.sqrt()).collect();
            parallel::map_chunks_mut(&mut bounds, chunk(self.n(), p), |_, bounds| {
                for b in bounds {
                    b.upper += far[b.label as usize];
                    for (lower, far) in b.lower.iter_mut().zip(&far) {
                        *lower = (*lower - far).max(0.0);
                    }
                }
            });
            n_iter += 1;
            step(n_iter)?;
            converged = !changed || moved.iter().sum::<f64>() <= self.tolerance;
        }
        self.tighten(&centers, &mut bounds);
        let labels = bounds.iter().map(|b| b.label).collect();
        Ok(self.finish(centers, labels, n_iter, converged))
    }

    /// Labels every row by its nearest centre, where the bounds leave any doubt.
    fn tighten(&self, centers: &[F], bounds: &mut [Bounds]) -> Sums {
        let (p, k) = (self.p, self.k);
        let between = Between::new(centers, p);
        let distance =
            |i: usize, c: usize| squared_distance(self.row(i), &centers[c * p..(c + 1) * p]).sqrt();
        let parts = parallel::map_chunks_mut(bounds, chunk(self.n(), p), |range, bounds| {
            let mut sums = Sums::zero(k, p);
            for (i, b) in range.zip(bounds) {
                let mut own = b.label as usize;
                if b.upper > between.next[own] {
                    let mut tight = false;
                    for c in 0..k {
                        let needless = |own: usize, upper: f64| {
                            c == own || upper <= b.lower[c] || upper <= between.half[own * k + c]
                        };
                        if needless(own, b.upper) {
                            continue;
                        }
                        if !tight {
                            b.upper = distance(i, own);
                            b.lower[own] = b.upper;
                            tight = true;
                            if b.upper <= b.lower[c] || b.upper <= between.half[own * k + c] {
                                continue;
                            }
                        }
                        let found = distance(i, c);
                        b.lower[c] = found;
                        if found < b.upper {
                            own = c;
                            b.upper = found;
                        }
                    }
                    b.label = own as u32;
                }
                sums.add(self.row(i), b.label, self.weight(i));
            }
            sums
        });
        let mut total = Sums::zero(k, p);
        for part in &parts {
            total.merge(part);
        }
        total
    }
}
