//! Hierarchies of complete, average and single linkage.

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use ndarray::ArrayView2;

use super::Metric;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// Lanes of a sum.
const LANES: usize = 8;

/// Distances of rows: of features, or given.
pub(super) struct Distances {
    rows: Vec<f64>,
    p: usize,
    metric: Metric,
}

impl Distances {
    /// The rows times `scale`; directions alone for the cosine.
    pub(super) fn new<F: Float>(x: ArrayView2<'_, F>, metric: Metric, scale: f64) -> Self {
        let p = x.ncols();
        let mut rows: Vec<f64> = x.iter().map(|v| v.f64() * scale).collect();
        if metric == Metric::Cosine {
            for row in rows.chunks_exact_mut(p) {
                let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
                if length > 0.0 {
                    row.iter_mut().for_each(|v| *v /= length);
                }
            }
        }
        Distances { rows, p, metric }
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.p..(i + 1) * self.p]
    }

    /// The distance of two rows.
    pub(super) fn of(&self, i: usize, j: usize) -> f64 {
        self.between(i, j)
    }

    #[inline(always)]
    fn between(&self, i: usize, j: usize) -> f64 {
        let (a, b) = (self.row(i), self.row(j));
        match self.metric {
            Metric::Precomputed => self.rows[i.min(j) * self.p + i.max(j)],
            Metric::Euclidean | Metric::L2 => sum(a, b, |a, b| (a - b) * (a - b)).sqrt(),
            Metric::Manhattan | Metric::L1 => sum(a, b, |a, b| (a - b).abs()),
            Metric::Cosine => (1.0 - sum(a, b, |a, b| a * b)).clamp(0.0, 2.0),
        }
    }
}

#[inline(always)]
fn sum(a: &[f64], b: &[f64], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut sums = [0.0; LANES];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            sums[l] += term(a[l], b[l]);
        }
    }
    let rest = a_rest.iter().zip(b_rest).map(|(a, b)| term(*a, *b));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

/// The merges of single linkage along a minimum spanning tree: no matrix of distances.
pub(super) fn single(
    distances: &Distances,
    n: usize,
    mut step: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<(usize, usize, f64)>> {
    let mut left: Vec<(usize, f64)> = (1..n).map(|i| (i, f64::INFINITY)).collect();
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    let mut current = 0;
    while !left.is_empty() {
        // Chunks large enough to pay for their threads.
        let chunk = parallel::row_chunks(left.len(), distances.p);
        let parts = parallel::map_chunks_mut(&mut left, chunk, |range, left| {
            simd(
                #[inline(always)]
                || {
                    let mut best = (f64::INFINITY, usize::MAX);
                    for (at, (i, least)) in range.zip(left) {
                        let d = distances.between(current, *i);
                        if d < *least {
                            *least = d;
                        }
                        if *least < best.0 || best.1 == usize::MAX {
                            best = (*least, at);
                        }
                    }
                    best
                },
            )
        });
        let first = (f64::INFINITY, usize::MAX);
        let best = parts.into_iter().fold(first, |best, part| {
            if part.0 < best.0 || best.1 == usize::MAX {
                part
            } else {
                best
            }
        });
        // The order is kept: of equal distances the first row counts.
        let (next, distance) = left.remove(best.1);
        merges.push((current, next, distance));
        current = next;
        step(merges.len())?;
    }
    Ok(merges)
}

/// The place of the distance of i < j among those above the diagonal.
fn place(n: usize, i: usize, j: usize) -> usize {
    let (i, j) = (i.min(j), i.max(j));
    n * i - i * (i + 1) / 2 + j - i - 1
}

/// The merges of complete (or average) linkage by the chain of nearest neighbours, on the n (n − 1) / 2 distances.
pub(super) fn matrix(
    distances: &Distances,
    n: usize,
    complete: bool,
    mut step: impl FnMut(usize) -> Result<()>,
) -> Result<Vec<(usize, usize, f64)>> {
    parallel::fits::<f64>("distances of all pairs of rows", (n, n / 2 + 1))?;
    let parts = parallel::map_chunks(n, n.div_ceil(64).max(16), |range| {
        simd(
            #[inline(always)]
            || {
                let mut out = Vec::new();
                for i in range {
                    out.extend((i + 1..n).map(|j| distances.between(i, j)));
                }
                out
            },
        )
    });
    let mut d = parts.concat();
    let mut sizes = vec![1.0; n];
    let mut alive: Vec<usize> = (0..n).collect();
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    let mut chain: Vec<usize> = Vec::new();
    while merges.len() + 1 < n {
        if chain.is_empty() {
            chain.push(alive[0]);
        }
        let (x, y, least) = loop {
            let x = chain[chain.len() - 1];
            let before = chain.len().checked_sub(2).map(|i| chain[i]);
            let (mut least, mut y) = match before {
                Some(before) => (d[place(n, x, before)], before),
                None => (f64::INFINITY, usize::MAX),
            };
            for &i in alive.iter().filter(|&&i| i != x) {
                let distance = d[place(n, x, i)];
                if distance < least || y == usize::MAX {
                    (least, y) = (distance, i);
                }
            }
            if Some(y) == before {
                break (x, y, least);
            }
            chain.push(y);
        };
        chain.truncate(chain.len() - 2);
        let (low, high) = (x.min(y), x.max(y));
        merges.push((low, high, least));
        alive.retain(|&i| i != low);
        // Rounding may have led the chain to a cluster twice.
        if chain
            .iter()
            .rev()
            .take(2)
            .any(|i| alive.binary_search(i).is_err())
        {
            chain.clear();
        }
        let (a, b): (f64, f64) = (sizes[low], sizes[high]);
        for &i in alive.iter().filter(|&&i| i != high) {
            let (u, v) = (d[place(n, i, low)], d[place(n, i, high)]);
            d[place(n, i, high)] = match complete {
                true => u.max(v),
                false => (a * u + b * v) / (a + b),
            };
        }
        sizes[high] = a + b;
        step(merges.len())?;
    }
    Ok(merges)
}
