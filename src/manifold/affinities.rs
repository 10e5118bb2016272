//! How near points are, as probabilities.

use ndarray::{Array2, ArrayRef2};

use crate::elementary;
use crate::error::Result;
use crate::linalg::simd;
use crate::metrics::pairwise::Metric;
use crate::neighbors::NeighborsAlgorithm;
use crate::neighbors::search::{Index, Settings};
use crate::parallel;

/// Conditional probabilities made symmetric: for each point the others and their probabilities, all summing to 1.
pub(super) struct Affinities {
    /// The neighbours of point i are those from `start[i]` to `start[i + 1]`.
    pub(super) start: Vec<usize>,
    pub(super) neighbours: Vec<u32>,
    pub(super) weights: Vec<f64>,
}

/// Squared distances of the k nearest other rows of each row, (n, k), and their positions, rising.
pub(super) fn nearest(
    estimator: &str,
    x: &ArrayRef2<f64>,
    metric: Metric,
    k: usize,
) -> Result<(Vec<f64>, Vec<u32>)> {
    let settings = Settings {
        metric,
        params: None,
        p: 2.0,
        algorithm: NeighborsAlgorithm::Auto,
        leaf_size: 30,
        n_neighbors: Some(k),
    };
    let (distances, indices) = Index::new(estimator, x, settings)?.nearest_own(k)?;
    let rows = distances.rows().into_iter().zip(indices.rows());
    let mut found = Vec::with_capacity(distances.len());
    for (distances, indices) in rows {
        let first = found.len();
        found.extend(
            distances
                .iter()
                .zip(indices)
                .map(|(&d, &j)| (d * d, j as u32)),
        );
        found[first..].sort_unstable_by_key(|(_, j)| *j);
    }
    Ok(found.into_iter().unzip())
}

/// Probabilities p(j | i) ∝ exp(−βᵢ d²ᵢⱼ) in place of squared distances, with βᵢ such that the entropy of each row is that of
/// `perplexity` equally likely neighbours.
pub(super) fn conditional(squares: &mut [f64], k: usize, perplexity: f64) {
    const STEPS: usize = 100;
    const TOLERANCE: f64 = 1e-5;
    const NOTHING: f64 = 1e-8;
    let wanted = perplexity.ln();
    let rows = (1 << 14) / k.max(1);
    parallel::map_chunks_mut(squares, rows.max(1) * k.max(1), |_, part| {
        let mut p = vec![0.0; k];
        for row in part.chunks_exact_mut(k.max(1)) {
            let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
            let mut beta: f64 = 1.0;
            for _ in 0..STEPS {
                let (mut sum, mut weighted) = simd(
                    #[inline(always)]
                    || {
                        for (p, &d) in p.iter_mut().zip(row.iter()) {
                            *p = elementary::exp(-d * beta);
                        }
                        let mut sums = ([0.0; 8], [0.0; 8]);
                        for (p, d) in p.chunks(8).zip(row.chunks(8)) {
                            for (lane, (&p, &d)) in p.iter().zip(d).enumerate() {
                                sums.0[lane] += p;
                                sums.1[lane] += d * p;
                            }
                        }
                        (sums.0.iter().sum::<f64>(), sums.1.iter().sum::<f64>())
                    },
                );
                if sum == 0.0 {
                    sum = NOTHING;
                }
                weighted /= sum;
                p.iter_mut().for_each(|p| *p /= sum);
                let off = sum.ln() + beta * weighted - wanted;
                if off.abs() <= TOLERANCE {
                    break;
                }
                if off > 0.0 {
                    low = beta;
                    beta = if high.is_infinite() {
                        beta * 2.0
                    } else {
                        (beta + high) / 2.0
                    };
                } else {
                    high = beta;
                    beta = if low.is_infinite() {
                        beta / 2.0
                    } else {
                        (beta + low) / 2.0
                    };
                }
            }
            row.copy_from_slice(&p);
        }
    });
}

/// (p(j | i) + p(i | j)) over their sum, from the k neighbours of each point, positions rising.
pub(super) fn symmetric(p: &[f64], neighbours: &[u32], n: usize) -> Affinities {
    let k = neighbours.len() / n.max(1);
    // The transpose: for each point who has it as a neighbour, rising too.
    let mut count = vec![0usize; n + 1];
    for &j in neighbours {
        count[j as usize + 1] += 1;
    }
    for j in 0..n {
        count[j + 1] += count[j];
    }
    let mut next = count.clone();
    let mut back = vec![(0u32, 0.0); neighbours.len()];
    for (at, (&j, &p)) in neighbours.iter().zip(p).enumerate() {
        let slot = &mut next[j as usize];
        back[*slot] = ((at / k.max(1)) as u32, p);
        *slot += 1;
    }
    let mut start = Vec::with_capacity(n + 1);
    let mut all = Vec::with_capacity(2 * neighbours.len());
    let mut weights = Vec::with_capacity(2 * neighbours.len());
    start.push(0);
    for i in 0..n {
        let mine = i * k..(i + 1) * k;
        let mut a = neighbours[mine.clone()].iter().zip(&p[mine]).peekable();
        let mut b = back[count[i]..count[i + 1]].iter().peekable();
        loop {
            let (j, weight) = match (a.peek(), b.peek()) {
                (Some(&(&j, &p)), Some(&&(other, q))) if j == other => {
                    a.next();
                    b.next();
                    (j, p + q)
                }
                (Some(&(&j, &p)), Some(&&(other, _))) if j < other => {
                    a.next();
                    (j, p)
                }
                (Some(&(&j, &p)), None) => {
                    a.next();
                    (j, p)
                }
                (_, Some(&&(other, q))) => {
                    b.next();
                    (other, q)
                }
                (None, None) => break,
            };
            all.push(j);
            weights.push(weight);
        }
        start.push(all.len());
    }
    let sum = weights.iter().sum::<f64>().max(f64::EPSILON);
    weights.iter_mut().for_each(|w| *w /= sum);
    Affinities {
        start,
        neighbours: all,
        weights,
    }
}

/// All probabilities, (n, n), with zeros on the diagonal: for the exact method.
pub(super) fn dense(p: &[f64], neighbours: &[u32], n: usize) -> Array2<f64> {
    let mut out = Array2::<f64>::zeros((n, n));
    let k = n.saturating_sub(1).max(1);
    for (at, (&j, &p)) in neighbours.iter().zip(p).enumerate() {
        let i = at / k;
        out[[i, j as usize]] += p;
        out[[j as usize, i]] += p;
    }
    let sum = out.sum().max(f64::EPSILON);
    for ((i, j), v) in out.indexed_iter_mut() {
        *v = if i == j {
            0.0
        } else {
            (*v / sum).max(f64::EPSILON)
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, standard_normal};

    #[test]
    fn rows_have_the_perplexity_and_the_whole_sums_to_one() {
        let mut rng = generator(1);
        let x = Array2::from_shape_simple_fn((60, 3), || standard_normal(&mut rng));
        let metrics = [
            Metric::Euclidean,
            Metric::Manhattan,
            Metric::Chebyshev,
            Metric::Cosine,
        ];
        for metric in metrics {
            let (mut p, neighbours) = nearest("t", &x, metric, 31).unwrap();
            assert_eq!(p.len(), 60 * 31);
            conditional(&mut p, 31, 10.0);
            for row in p.chunks(31) {
                let entropy: f64 = row.iter().map(|p| -p * p.max(1e-300).ln()).sum();
                assert!((entropy - 10f64.ln()).abs() < 2e-5, "{metric:?}");
            }
            let a = symmetric(&p, &neighbours, 60);
            assert!((a.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            let mut whole = Array2::<f64>::zeros((60, 60));
            for i in 0..60 {
                for at in a.start[i]..a.start[i + 1] {
                    whole[[i, a.neighbours[at] as usize]] += a.weights[at];
                }
            }
            assert!((&whole - &whole.t()).iter().all(|d| d.abs() < 1e-15));
        }
    }

    #[test]
    fn neighbours_are_the_nearest() {
        let x = ndarray::array![[0.0], [1.0], [3.0], [7.0]];
        let (squares, neighbours) = nearest("t", &x, Metric::Euclidean, 2).unwrap();
        assert_eq!(neighbours, [1, 2, 0, 2, 0, 1, 1, 2]);
        assert_eq!(squares, [1.0, 9.0, 1.0, 4.0, 9.0, 4.0, 36.0, 16.0]);
    }
}
