//! k-means of one column, from given centres.
//!
//! Lloyd's iterations: each value belongs to its nearest centre, each centre moves to the weighted mean of its values.
//! On a line the values of a centre lie side by side once they are sorted, so an iteration is k binary searches and k
//! sums; sums of blocks, made once, leave each of them a few hundred additions.
//!
//! Settings and stopping rules are those of scikit-learn's `KMeans(init=centres, n_init=1)`: up to 300 iterations, until
//! no value changes its centre or the squared moves of the centres sum to at most 1e-4 of the variance. A centre without
//! values moves to the value farthest from its own centre.
//!
//! S. P. Lloyd (1982), "Least squares quantization in PCM".

const MAX_ITER: usize = 300;
const TOL: f64 = 1e-4;
/// Values that are summed once for all iterations.
const BLOCK: usize = 256;

/// The centres after the iterations, in no order. `values` are finite and at least one; weights are one for each, finite
/// and not negative.
pub(super) fn k_means_1d(values: &[f64], weights: Option<&[f64]>, start: &[f64]) -> Vec<f64> {
    // Squares must neither overflow nor vanish; a power of two changes no digit.
    let largest = values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    if !(1e-140..1e140).contains(&largest) && largest.is_normal() {
        let scale = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        let scaled = |v: &[f64]| v.iter().map(|v| v / scale).collect::<Vec<f64>>();
        let mut centres = k_means_1d(&scaled(values), weights, &scaled(start));
        centres.iter_mut().for_each(|c| *c *= scale);
        return centres;
    }
    let n = values.len() as f64;
    let mean = pairwise_sum(values) / n;
    let squares: Vec<f64> = values.iter().map(|v| (v - mean) * (v - mean)).collect();
    let tolerance = TOL * pairwise_sum(&squares) / n;
    drop(squares);
    let column = Sorted::new(values, weights, mean);
    let mut centres: Vec<f64> = start.iter().map(|c| c - mean).collect();
    let mut before = Vec::new();
    for _ in 0..MAX_ITER {
        let owned = column.nearest(&centres);
        let moved = column.means(&centres, &owned);
        let shift: f64 = (moved.iter().zip(&centres))
            .map(|(new, old)| (new - old) * (new - old))
            .sum();
        centres = moved;
        if owned == before || shift <= tolerance {
            break;
        }
        before = owned;
    }
    centres.iter_mut().for_each(|c| *c += mean);
    centres
}

/// The values less their mean in ascending order, with their weights, and sums of blocks of both.
struct Sorted {
    values: Vec<f64>,
    /// Empty when all are 1.
    weights: Vec<f64>,
    /// For each block the sum of weight times value and the sum of the weights.
    blocks: Vec<(f64, f64)>,
}

/// Where a centre's values begin and end.
type Owned = (usize, usize);

impl Sorted {
    fn new(values: &[f64], weights: Option<&[f64]>, mean: f64) -> Self {
        let mut sorted = Sorted {
            values: Vec::new(),
            weights: Vec::new(),
            blocks: Vec::new(),
        };
        match weights {
            None => {
                sorted.values = values.iter().map(|v| v - mean).collect();
                sorted.values.sort_unstable_by(f64::total_cmp);
            }
            Some(weights) => {
                let mut pairs: Vec<(f64, f64)> = values
                    .iter()
                    .zip(weights)
                    .map(|(v, w)| (v - mean, *w))
                    .collect();
                pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
                (sorted.values, sorted.weights) = pairs.into_iter().unzip();
            }
        }
        let n = sorted.values.len();
        sorted.blocks = (0..n / BLOCK)
            .map(|b| sorted.sum_each(b * BLOCK, (b + 1) * BLOCK))
            .collect();
        sorted
    }

    fn weight(&self, i: usize) -> f64 {
        self.weights.get(i).copied().unwrap_or(1.0)
    }

    fn sum_each(&self, from: usize, to: usize) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        if self.weights.is_empty() {
            sums.0 = self.values[from..to].iter().sum();
            sums.1 = (to - from) as f64;
        } else {
            for (v, w) in self.values[from..to].iter().zip(&self.weights[from..to]) {
                sums.0 += v * w;
                sums.1 += w;
            }
        }
        sums
    }

    /// The sum of weight times value over a range, and the sum of the weights.
    fn sum(&self, (from, to): Owned) -> (f64, f64) {
        let (first, last) = (from.div_ceil(BLOCK), to / BLOCK);
        if first >= last {
            return self.sum_each(from, to);
        }
        let (mut sum, mut weight) = self.sum_each(from, first * BLOCK);
        for (s, w) in &self.blocks[first..last] {
            sum += s;
            weight += w;
        }
        let (s, w) = self.sum_each(last * BLOCK, to);
        (sum + s, weight + w)
    }

    /// The values of each centre; those as near to two belong to the one with the smaller number.
    fn nearest(&self, centres: &[f64]) -> Vec<Owned> {
        let mut order: Vec<usize> = (0..centres.len()).collect();
        order.sort_by(|&a, &b| centres[a].total_cmp(&centres[b]).then(a.cmp(&b)));
        order.dedup_by(|later, kept| {
            centres[*later].total_cmp(&centres[*kept]).is_eq() && *later > *kept
        });
        let mut owned = vec![(0, 0); centres.len()];
        let mut from = 0;
        for (i, &k) in order.iter().enumerate() {
            let to = match order.get(i + 1) {
                None => self.values.len(),
                Some(&next) => {
                    // |x − c|² less x², as the comparison rounds it.
                    let distance = |x: f64, k: usize| {
                        let c = centres[k];
                        c * c - 2.0 * (x * c)
                    };
                    let to = self.values.partition_point(|&x| {
                        let (here, there) = (distance(x, k), distance(x, next));
                        here < there || (here <= there && k < next)
                    });
                    to.max(from)
                }
            };
            owned[k] = (from, to);
            from = to;
        }
        owned
    }

    /// The mean of each centre's values.
    fn means(&self, centres: &[f64], owned: &[Owned]) -> Vec<f64> {
        let mut sums: Vec<(f64, f64)> = owned.iter().map(|range| self.sum(*range)).collect();
        let empty: Vec<usize> = (0..sums.len()).filter(|&k| sums[k].1 <= 0.0).collect();
        if !empty.is_empty() {
            for (k, (i, owner)) in empty.into_iter().zip(self.farthest(centres, owned)) {
                let (x, w) = (self.values[i], self.weight(i));
                sums[owner].0 -= x * w;
                sums[owner].1 -= w;
                sums[k] = (x * w, w);
            }
        }
        let heaviest =
            (0..sums.len()).fold(0, |best, k| if sums[k].1 > sums[best].1 { k } else { best });
        // A centre that is still without weight goes where the heaviest is. scikit-learn averages one after the other, so
        // that before the heaviest's turn this is its sum; the next iteration starts from there, and so does ours.
        let mut centres: Vec<f64> = sums.iter().map(|s| s.0).collect();
        for k in 0..centres.len() {
            let weight = sums[k].1;
            centres[k] = if weight > 0.0 {
                centres[k] * (1.0 / weight)
            } else {
                centres[heaviest]
            };
        }
        centres
    }

    /// The values by their distance from their centre, the farthest first, each with its centre; none when all distances
    /// are zero, for then nothing is gained by moving a centre.
    fn farthest(&self, centres: &[f64], owned: &[Owned]) -> impl Iterator<Item = (usize, usize)> {
        let n_centres = centres.len();
        let mut far: Vec<(f64, usize, usize)> = Vec::new();
        for (k, &(from, to)) in owned.iter().enumerate() {
            // Distances fall and then rise along the values of a centre: its farthest are at its ends.
            let ends = (from..to.min(from.saturating_add(n_centres)))
                .chain((from + n_centres.min(to - from)).max(to.saturating_sub(n_centres))..to);
            far.extend(ends.map(|i| {
                let d = self.values[i] - centres[k];
                (d * d, i, k)
            }));
        }
        far.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)));
        if far.first().is_none_or(|f| f.0 <= 0.0) {
            far.clear();
        }
        far.into_iter().map(|(_, i, k)| (i, k))
    }
}

/// The sum by halves, each of up to 128 values in eight lanes: the rounding grows with the logarithm of the length, and
/// the bits are those of NumPy's sum.
fn pairwise_sum(values: &[f64]) -> f64 {
    const LANES: usize = 8;
    if values.len() < LANES {
        return values.iter().sum();
    }
    if values.len() <= 128 {
        let mut lanes = [0.0; LANES];
        let mut blocks = values.chunks_exact(LANES);
        for (i, block) in (&mut blocks).enumerate() {
            for (lane, v) in lanes.iter_mut().zip(block) {
                *lane = if i == 0 { *v } else { *lane + v };
            }
        }
        let [a, b, c, d, e, f, g, h] = lanes;
        let sum = ((a + b) + (c + d)) + ((e + f) + (g + h));
        return blocks.remainder().iter().fold(sum, |sum, v| sum + v);
    }
    let half = values.len() / 2;
    let (left, right) = values.split_at(half - half % LANES);
    pairwise_sum(left) + pairwise_sum(right)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    /// The same iterations without any trick.
    fn plain(values: &[f64], weights: &[f64], start: &[f64]) -> Vec<f64> {
        let mut centres = start.to_vec();
        for _ in 0..MAX_ITER {
            let mut sums = vec![(0.0, 0.0); centres.len()];
            for (x, w) in values.iter().zip(weights) {
                let k = (0..centres.len()).fold(0, |best, k| {
                    if (x - centres[k]).abs() < (x - centres[best]).abs() {
                        k
                    } else {
                        best
                    }
                });
                sums[k].0 += x * w;
                sums[k].1 += w;
            }
            centres = sums.iter().map(|(s, w)| s / w).collect();
        }
        centres
    }

    fn values(n: usize) -> Vec<f64> {
        let mut rng = random::generator(9);
        (0..n)
            .map(|i| random::standard_normal(&mut rng) + 8.0 * (i % 3) as f64 + 100.0)
            .collect()
    }

    #[test]
    fn as_the_iterations_spelled_out() {
        for n in [10, 300, 5000] {
            let x = values(n);
            let ones = vec![1.0; n];
            let w: Vec<f64> = (0..n).map(|i| (i % 4) as f64).collect();
            let start = [100.0, 108.0, 116.0];
            for (weights, given) in [(&ones, None), (&w, Some(w.as_slice()))] {
                let found = k_means_1d(&x, given, &start);
                for (a, b) in found.iter().zip(plain(&x, weights, &start)) {
                    assert!((a - b).abs() < 1e-10, "{n}: {a} {b}");
                }
            }
        }
    }

    #[test]
    fn scaling_by_a_power_of_two_changes_no_digit() {
        let x = values(500);
        let start = [100.0, 108.0, 116.0];
        let centres = k_means_1d(&x, None, &start);
        for power in [600, -600] {
            let scale = 2f64.powi(power);
            let scaled: Vec<f64> = x.iter().map(|v| v * scale).collect();
            let found = k_means_1d(&scaled, None, &start.map(|c| c * scale));
            let back: Vec<f64> = found.iter().map(|c| c / scale).collect();
            assert_eq!(back, centres);
        }
    }

    #[test]
    fn a_centre_without_values_moves_to_the_farthest() {
        // The third centre has nothing; 9 is the farthest from its own.
        let found = k_means_1d(&[0.0, 1.0, 2.0, 9.0], None, &[0.5, 5.0, 100.0]);
        let mut sorted = found.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [0.5, 2.0, 9.0]);
        // More centres than values that differ: none is lost, none leaves the data.
        let found = k_means_1d(&[1.0, 1.0, 2.0], None, &[1.0, 1.25, 1.5, 2.0]);
        assert!(found.iter().all(|c| (1.0..=2.0).contains(c)), "{found:?}");
    }

    #[test]
    fn sums_are_exact_where_they_can_be() {
        for n in [0, 1, 7, 8, 127, 128, 129, 1000, 4097] {
            let whole: Vec<f64> = (0..n).map(|i| i as f64).collect();
            assert_eq!(pairwise_sum(&whole), (n * n.max(1) - n) as f64 / 2.0);
            let x = values(n);
            let sorted = Sorted::new(&x, None, 100.0);
            for range in [(0, n), (n / 3, n), (n / 3, n / 2)] {
                let (sum, count) = sorted.sum(range);
                let each = sorted.sum_each(range.0, range.1);
                assert!((sum - each.0).abs() < 1e-9 && (count - each.1).abs() < 0.5);
            }
        }
    }
}
