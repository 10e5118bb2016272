//! Where the centres start.

use rand::Rng;

use super::frame::chunk;
use super::nearest::{Distances, squared_distance};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;
use crate::random::{self, WeightedIndex};

/// Rows drawn one after the other, each with a probability in proportion to its weight times its squared distance from the
/// nearest before it. Of several draws the one that brings the potential down most is taken.
pub(super) fn plus_plus<F: Float>(
    rows: &[F],
    p: usize,
    k: usize,
    weights: Option<&[f64]>,
    local_trials: usize,
    rng: &mut impl Rng,
) -> Result<Vec<usize>> {
    let n = rows.len() / p;
    let row = |i: usize| &rows[i * p..(i + 1) * p];
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let mut seeds = vec![match weights {
        Some(w) => WeightedIndex::new(w)?.sample(rng),
        None => below(n, rng),
    }];
    // The squared distance to the nearest seed, and its weighted sum in each chunk of rows.
    let size = chunk(n, p);
    let mut squares = vec![f64::INFINITY; n];
    let mut potentials = brought_down(rows, p, size, row(seeds[0]), &mut squares, &weight);
    while seeds.len() < k {
        let total: f64 = potentials.iter().sum();
        let drawn: Vec<usize> = (0..local_trials)
            .map(|_| {
                let target = random::uniform(rng) * total;
                position(target, &potentials, size, &squares, &weight)
            })
            .collect();
        let candidates: Vec<F> = drawn.iter().flat_map(|&i| row(i)).copied().collect();
        let candidates = Distances::new(&candidates, p);
        let parts = parallel::map_chunks(n, size, |range| {
            let mut sums = vec![0.0; local_trials];
            let first = range.start;
            candidates.squared(&rows[range.start * p..range.end * p], |i, found| {
                let (square, w) = (squares[first + i], weight(first + i));
                for (sum, &found) in sums.iter_mut().zip(found) {
                    *sum += w * square.min(found);
                }
            });
            sums
        });
        let potential = |t: usize| parts.iter().map(|part| part[t]).sum::<f64>();
        let best = (0..local_trials).min_by(|&a, &b| potential(a).total_cmp(&potential(b)));
        let seed = drawn[best.unwrap_or(0)];
        potentials = brought_down(rows, p, size, row(seed), &mut squares, &weight);
        seeds.push(seed);
    }
    Ok(seeds)
}

/// Takes a new seed into account; returns the weighted sums of the chunks.
fn brought_down<F: Float>(
    rows: &[F],
    p: usize,
    size: usize,
    seed: &[F],
    squares: &mut [f64],
    weight: &(impl Fn(usize) -> f64 + Sync),
) -> Vec<f64> {
    parallel::map_chunks_mut(squares, size, |range, squares| {
        simd(
            #[inline(always)]
            || {
                let mut sum = 0.0;
                for (i, square) in range.zip(squares) {
                    *square = square.min(squared_distance(&rows[i * p..(i + 1) * p], seed));
                    sum += weight(i) * *square;
                }
                sum
            },
        )
    })
}

/// The first row whose running sum reaches the target.
fn position(
    mut target: f64,
    potentials: &[f64],
    size: usize,
    squares: &[f64],
    weight: &impl Fn(usize) -> f64,
) -> usize {
    let mut found = 0;
    for (part, &potential) in potentials.iter().enumerate() {
        if potential <= 0.0 {
            continue;
        }
        let rows = part * size..squares.len().min((part + 1) * size);
        if target > potential {
            target -= potential;
            found = rows.end - 1;
            continue;
        }
        let mut sum = 0.0;
        for i in rows {
            let share = weight(i) * squares[i];
            sum += share;
            if share > 0.0 {
                found = i;
                if sum >= target {
                    break;
                }
            }
        }
        return found;
    }
    found
}

/// Different rows, drawn in proportion to their weights.
pub(super) fn random_rows(
    n: usize,
    k: usize,
    weights: Option<&[f64]>,
    rng: &mut impl Rng,
) -> Result<Vec<usize>> {
    let Some(weights) = weights else {
        return random::sample_without_replacement(n, k, rng);
    };
    let mut left = weights.to_vec();
    let mut rows = Vec::with_capacity(k);
    for _ in 0..k {
        let row = WeightedIndex::new(&left)?.sample(rng);
        left[row] = 0.0;
        rows.push(row);
    }
    Ok(rows)
}

fn below(n: usize, rng: &mut impl Rng) -> usize {
    std::num::NonZeroUsize::new(n).map_or(0, |n| random::below(n, rng))
}
