//! Sums that keep their digits.

use crate::float::Float;

const LANES: usize = 8;
const BLOCK: usize = 128;

/// Adds blocks in a balanced tree, so that the error grows with log n instead of n.
struct Pairwise {
    /// `partial[k]` holds the sum of 2^k blocks while bit k of `blocks` is set.
    partial: [f64; usize::BITS as usize],
    blocks: usize,
}

impl Pairwise {
    fn new() -> Self {
        Pairwise {
            partial: [0.0; usize::BITS as usize],
            blocks: 0,
        }
    }

    #[inline]
    fn push(&mut self, lanes: [f64; LANES]) {
        let mut total = lanes.chunks(2).map(|l| l[0] + l[1]).sum::<f64>();
        let mut level = 0;
        while self.blocks >> level & 1 == 1 {
            total += self.partial[level];
            level += 1;
        }
        self.partial[level] = total;
        self.blocks += 1;
    }

    /// The sum of all blocks and of what was left over.
    fn finish(self, rest: f64) -> f64 {
        let mut total = rest;
        for (level, value) in self.partial.iter().enumerate() {
            if self.blocks >> level & 1 == 1 {
                total += value;
            }
        }
        total
    }
}

/// The sum of `term(0..n)`, pairwise: blocks of 128 are added in eight lanes, blocks in a balanced tree. The order
/// depends on `n` alone.
pub(crate) fn sum(n: usize, term: impl Fn(usize) -> f64) -> f64 {
    let mut sum = Pairwise::new();
    let blocks = n / BLOCK;
    for block in 0..blocks {
        let first = block * BLOCK;
        let mut lanes = [0.0; LANES];
        for i in (first..first + BLOCK).step_by(LANES) {
            for (lane, value) in lanes.iter_mut().enumerate() {
                *value += term(i + lane);
            }
        }
        sum.push(lanes);
    }
    sum.finish((blocks * BLOCK..n).map(&term).sum())
}

/// The sum of values, in the order of [`sum`].
pub(crate) fn sum_slice(values: &[f64]) -> f64 {
    sum_pairs(values, values, None, |v, _| v)
}

/// Σ wᵢ term(aᵢ, bᵢ) over slices of one length, in the order of [`sum`]; the compiler vectorises it.
pub(crate) fn sum_pairs<F: Float>(
    a: &[F],
    b: &[F],
    weights: Option<&[f64]>,
    term: impl Fn(f64, f64) -> f64,
) -> f64 {
    let mut sum = Pairwise::new();
    let whole = a.len().min(b.len()) / BLOCK * BLOCK;
    let blocks = a[..whole].chunks_exact(BLOCK).zip(b.chunks_exact(BLOCK));
    match weights {
        None => {
            for (a, b) in blocks {
                let mut lanes = [0.0; LANES];
                for (a, b) in a.chunks_exact(LANES).zip(b.chunks_exact(LANES)) {
                    for l in 0..LANES {
                        lanes[l] += term(a[l].f64(), b[l].f64());
                    }
                }
                sum.push(lanes);
            }
        }
        Some(w) => {
            for ((a, b), w) in blocks.zip(w.chunks_exact(BLOCK)) {
                let mut lanes = [0.0; LANES];
                let eights = a.chunks_exact(LANES).zip(b.chunks_exact(LANES));
                for ((a, b), w) in eights.zip(w.chunks_exact(LANES)) {
                    for l in 0..LANES {
                        lanes[l] += w[l] * term(a[l].f64(), b[l].f64());
                    }
                }
                sum.push(lanes);
            }
        }
    }
    let rest = a[whole..].iter().zip(&b[whole..]).enumerate();
    sum.finish(
        rest.map(|(i, (a, b))| weights.map_or(1.0, |w| w[whole + i]) * term(a.f64(), b.f64()))
            .sum(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_added_once() {
        for n in [0, 1, 7, 127, 128, 129, 1000, 1024, 12_345] {
            let expected = (n * (n + 1) / 2) as f64;
            assert!((sum(n, |i| (i + 1) as f64) - expected).abs() < 0.5, "{n}");
            let a: Vec<f32> = (0..n).map(|i| (i + 1) as f32).collect();
            let w = vec![2.0; n];
            assert!((sum_pairs(&a, &a, None, |a, _| a) - expected).abs() < 0.5);
            assert!((sum_pairs(&a, &a, Some(&w), |_, b| b) - 2.0 * expected).abs() < 0.5);
        }
    }

    #[test]
    fn ten_million_tenths_keep_their_digits() {
        let n = 10_000_000;
        let error = (sum(n, |_| 0.1) - 1e6).abs() / 1e6;
        let naive = ((0..n).map(|_| 0.1).sum::<f64>() - 1e6).abs() / 1e6;
        assert!(error < 1e-14 && naive > 1e-11, "{error} {naive}");
    }
}
