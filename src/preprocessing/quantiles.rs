//! Quantiles of columns, by selection instead of sorting where few are wanted.
//!
//! With the n observed values of a column in order, v₀ ≤ v₁ ≤ ... ≤ vₙ₋₁, every quantile lies on or between two of them.
//! Many positions are found by sorting. A few are found by Floyd and Rivest's idea: a sorted sample gives a narrow
//! bracket around each position; one pass counts what is below the brackets and another keeps what is inside, a few per
//! cent of the values, on which the selection then works. A bracket that missed its position costs time, not correctness.
//!
//! R. W. Floyd and R. L. Rivest (1975), "Expected time bounds for selection". The definitions of a quantile are those of
//! R. J. Hyndman and Y. Fan (1996), "Sample quantiles in statistical packages".

use std::ops::Range;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::float::Float;
use crate::{linalg, parallel};

/// What a quantile is, of q in [0, 1] and n sorted values: where it lies between which two of them.
///
/// The names are NumPy's; the numbers are those of Hyndman and Fan (1996).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantileMethod {
    /// The least value with at least n q values up to it (1).
    InvertedCdf,
    /// The same, averaged with the next value where exactly n q values are up to it (2).
    AveragedInvertedCdf,
    /// The value whose number is nearest to n q (3).
    ClosestObservation,
    /// Between the steps of the inverted distribution (4).
    InterpolatedInvertedCdf,
    /// Between the middles of the steps (5).
    Hazen,
    /// At q (n + 1): the mean position of the order statistics of a uniform distribution (6).
    Weibull,
    /// At q (n − 1), from the first value to the last (7).
    Linear,
    /// The median is unbiased whatever the distribution, nearly (8).
    MedianUnbiased,
    /// Unbiased for the normal distribution, nearly (9).
    NormalUnbiased,
}

/// A quantile is (1 − share) v[below] + share v[above].
#[derive(Clone, Copy, Debug, PartialEq)]
struct Place {
    below: usize,
    above: usize,
    share: f64,
}

impl QuantileMethod {
    /// Where the quantile of `q` in [0, 1] lies among `n` sorted values, `n` at least 1.
    fn place(self, n: usize, q: f64) -> Place {
        let count = n as f64;
        let last = n - 1;
        let at = |position: f64| {
            let i = (position.max(0.0) as usize).min(last);
            Place {
                below: i,
                above: i,
                share: 0.0,
            }
        };
        let between = |position: f64| {
            if position >= last as f64 {
                return at(last as f64);
            }
            let below = position.floor();
            if below < 0.0 {
                return at(0.0);
            }
            Place {
                below: below as usize,
                above: below as usize + 1,
                share: position - below,
            }
        };
        let family =
            |alpha: f64, beta: f64| between(count * q + (alpha + q * (1.0 - alpha - beta)) - 1.0);
        match self {
            QuantileMethod::InvertedCdf => {
                let position = count * q - 1.0;
                let below = position.floor();
                at(if position == below {
                    below
                } else {
                    below + 1.0
                })
            }
            QuantileMethod::AveragedInvertedCdf => {
                let place = between(count * q - 1.0);
                let share = if place.share > 0.0 { 1.0 } else { 0.5 };
                Place { share, ..place }
            }
            QuantileMethod::ClosestObservation => {
                let position = count * q - 1.5;
                let below = position.floor();
                let even = position == below && below.rem_euclid(2.0) == 1.0;
                at(if even { below } else { below + 1.0 })
            }
            QuantileMethod::InterpolatedInvertedCdf => family(0.0, 1.0),
            QuantileMethod::Hazen => family(0.5, 0.5),
            QuantileMethod::Weibull => family(0.0, 0.0),
            QuantileMethod::Linear => between((count - 1.0) * q),
            QuantileMethod::MedianUnbiased => family(1.0 / 3.0, 1.0 / 3.0),
            QuantileMethod::NormalUnbiased => family(0.375, 0.375),
        }
    }
}

/// a + share (b − a), from the nearer end, so that share 1 gives b; finite for finite a and b.
fn between(a: f64, b: f64, share: f64) -> f64 {
    let step = b - a;
    if !step.is_finite() {
        return a * (1.0 - share) + b * share;
    }
    if share >= 0.5 {
        b - step * (1.0 - share)
    } else {
        a + step * share
    }
}

/// The quantiles of every column, (levels.len(), n_features); `levels` are in [0, 1]. NaN are left out; a column of
/// nothing else has NaN quantiles.
///
/// Columns run in parallel, up to eight at a time on a thread: the memory beyond the input is that of these columns.
pub(crate) fn column_quantiles<F: Float>(
    x: &ArrayRef2<F>,
    levels: &[f64],
    method: QuantileMethod,
) -> Array2<f64> {
    per_column(x, levels.len(), |values| quantiles(values, levels, method))
}

/// The quantiles of values that are not NaN, which are left in another order; NaN when there are no values.
pub(crate) fn quantiles<F: Float>(
    values: &mut [F],
    levels: &[f64],
    method: QuantileMethod,
) -> Vec<f64> {
    if values.is_empty() {
        return vec![f64::NAN; levels.len()];
    }
    let n = values.len();
    let places: Vec<Place> = levels.iter().map(|q| method.place(n, *q)).collect();
    let mut positions: Vec<usize> = places.iter().flat_map(|p| [p.below, p.above]).collect();
    positions.sort_unstable();
    positions.dedup();
    let found = order_statistics(values, &positions);
    let value = |position| {
        let i = positions.binary_search(&position).unwrap_or_default();
        found[i].f64()
    };
    places
        .iter()
        .map(|p| between(value(p.below), value(p.above), p.share))
        .collect()
}

/// The quantiles of every column with a weight for each row, (levels.len(), n_features): the least value with at least
/// the share q of the weight up to it; with `averaged`, its mean with the next value where it is exactly the share q.
/// NaN and rows of weight zero are left out; a column of nothing else has NaN quantiles.
pub(crate) fn weighted_column_quantiles<F: Float>(
    x: &ArrayRef2<F>,
    weights: &[f64],
    levels: &[f64],
    averaged: bool,
) -> Array2<f64> {
    let columns = parallel::map(x.ncols(), |j| {
        let observed = x
            .column(j)
            .into_iter()
            .copied()
            .zip(weights.iter().copied());
        let mut values: Vec<(F, f64)> = observed.filter(|(v, w)| !v.is_nan() && *w > 0.0).collect();
        values.sort_unstable_by(|a, b| a.0.f64().total_cmp(&b.0.f64()).then(a.1.total_cmp(&b.1)));
        let mut total = 0.0;
        for (_, w) in &mut values {
            total += *w;
            *w = total;
        }
        let quantile = |q: &f64| {
            let share = q * total;
            let i = values.partition_point(|(_, up_to)| *up_to < share);
            let Some(&(value, up_to)) = values.get(i).or(values.last()) else {
                return f64::NAN;
            };
            match values.get(i + 1) {
                Some((next, _)) if averaged && up_to - share <= F::EPSILON.f64() => {
                    between(value.f64(), next.f64(), 0.5)
                }
                _ => value.f64(),
            }
        };
        levels.iter().map(quantile).collect::<Vec<f64>>()
    });
    Array2::from_shape_fn((levels.len(), x.ncols()), |(i, j)| columns[j][i])
}

/// `n` numbers computed from the values of each column that are not NaN, (n, n_features).
pub(crate) fn per_column<F: Float>(
    x: &ArrayRef2<F>,
    n: usize,
    f: impl Fn(&mut [F]) -> Vec<f64> + Sync + Send,
) -> Array2<f64> {
    let width = group_width::<F>(x.ncols());
    let groups = parallel::map_chunks(x.ncols(), width, |columns| {
        let mut buffers = observed(x, columns);
        buffers
            .iter_mut()
            .map(|values| f(values))
            .collect::<Vec<_>>()
    });
    let columns: Vec<Vec<f64>> = groups.into_iter().flatten().collect();
    Array2::from_shape_fn((n, x.ncols()), |(i, j)| columns[j][i])
}

/// Columns that are gathered together: as many as share a line of the cache, in an even number of groups.
fn group_width<F: Float>(n_features: usize) -> usize {
    let line = 64 / size_of::<F>();
    let groups = n_features.div_ceil(line).next_multiple_of(2);
    n_features.div_ceil(groups).max(1)
}

/// The values of some columns, without NaN.
fn observed<F: Float>(x: &ArrayRef2<F>, columns: Range<usize>) -> Vec<Vec<F>> {
    /// Rows read before the next column: their lines stay in the first cache.
    const ROWS: usize = 256;
    let n = x.nrows();
    let mut buffers: Vec<Vec<F>> = columns.clone().map(|_| vec![F::zero(); n]).collect();
    let mut known = vec![0; buffers.len()];
    for buffer in &buffers {
        parallel::advise_huge_pages(buffer);
    }
    for first in (0..n).step_by(ROWS) {
        let rows = x.slice(ndarray::s![first..n.min(first + ROWS), columns.clone()]);
        for ((buffer, known), column) in buffers.iter_mut().zip(&mut known).zip(rows.columns()) {
            for v in column {
                // Overwritten by the next value if it is NaN; never behind the row.
                buffer[*known] = *v;
                *known += usize::from(!v.is_nan());
            }
        }
    }
    for (buffer, known) in buffers.iter_mut().zip(known) {
        buffer.truncate(known);
    }
    buffers
}

/// More positions than this are found by sorting.
const FEW_POSITIONS: usize = 24;
/// Fewer values than this are not sampled first.
const FEW_VALUES: usize = 1 << 15;
/// Values in the sample.
const SAMPLE: usize = 1 << 13;
/// How many standard deviations a bracket reaches to each side of its position.
const REACH: f64 = 4.0;

/// The values at the given positions of the sorted order; positions ascending, each once. No value is NaN; they are left
/// in another order.
fn order_statistics<F: Float>(values: &mut [F], positions: &[usize]) -> Vec<F> {
    if positions.len() > FEW_POSITIONS {
        values.sort_unstable_by(order);
        return positions.iter().map(|&p| values[p]).collect();
    }
    if values.len() >= FEW_VALUES {
        let brackets = brackets(values, positions);
        if let Some((kept, positions)) = narrow(values, positions, &brackets) {
            return select(&mut values[..kept], &positions);
        }
    }
    select(values, positions)
}

#[inline(always)]
fn order<F: Float>(a: &F, b: &F) -> std::cmp::Ordering {
    a.f64().total_cmp(&b.f64())
}

/// Selection at each position, the middle one first, so that the others work on parts.
fn select<F: Float>(values: &mut [F], positions: &[usize]) -> Vec<F> {
    let mut found = vec![F::zero(); positions.len()];
    let mut open = vec![(0, values.len(), 0, positions.len())];
    while let Some((from, to, first, last)) = open.pop() {
        if first == last {
            continue;
        }
        let middle = (first + last) / 2;
        let at = positions[middle];
        let (_, value, _) = values[from..to].select_nth_unstable_by(at - from, order);
        found[middle] = *value;
        open.push((from, at, first, middle));
        open.push((at + 1, to, middle + 1, last));
    }
    found
}

/// Disjoint ascending ranges of values that hold the positions, with luck.
fn brackets<F: Float>(values: &[F], positions: &[usize]) -> Vec<(F, F)> {
    let stride = values.len() / SAMPLE;
    // One value out of each stretch, at a place that no period of the data follows.
    let mut sample: Vec<F> = (0..SAMPLE)
        .map(|i| {
            let mixed = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            values[i * stride + mixed as usize % stride]
        })
        .collect();
    sample.sort_unstable_by(order);
    let (n, m) = (values.len() as f64, SAMPLE as f64);
    let mut brackets: Vec<(usize, usize)> = Vec::with_capacity(positions.len());
    for &position in positions {
        let share = (position as f64 + 0.5) / n;
        let reach = REACH * (m * share * (1.0 - share)).sqrt() + 2.0;
        let low = (share * m - reach).max(0.0) as usize;
        let high = ((share * m + reach) as usize).min(SAMPLE);
        match brackets.last_mut() {
            Some(before) if low <= before.1 => before.1 = before.1.max(high),
            _ => brackets.push((low, high)),
        }
    }
    let at = |i: usize, open| match i {
        0 => F::neg_infinity(),
        SAMPLE => F::infinity(),
        i => sample.get(i).copied().unwrap_or(open),
    };
    let mut ranges: Vec<(F, F)> = Vec::with_capacity(brackets.len());
    for (low, high) in brackets {
        let (low, high) = (at(low, F::neg_infinity()), at(high, F::infinity()));
        match ranges.last_mut() {
            // Ties join ranges whose places in the sample differ.
            Some(before) if low <= before.1 => before.1 = before.1.max(high),
            _ => ranges.push((low, high)),
        }
    }
    ranges
}

/// Moves the values inside the ranges to the front; how many they are, and where the positions now are. `None`, with the
/// values untouched, when a position is outside.
fn narrow<F: Float>(
    values: &mut [F],
    positions: &[usize],
    ranges: &[(F, F)],
) -> Option<(usize, Vec<usize>)> {
    // Values below each range and up to its end.
    let counts: Vec<(usize, usize)> = ranges
        .iter()
        .map(|&(low, high)| {
            linalg::simd(
                #[inline(always)]
                || count(values, low, high),
            )
        })
        .collect();
    let mut moved = Vec::with_capacity(positions.len());
    for &position in positions {
        let i = counts.partition_point(|&(_, up_to)| up_to <= position);
        let &(below, _) = counts.get(i)?;
        let before: usize = counts[..i].iter().map(|(below, up_to)| up_to - below).sum();
        moved.push(before + position.checked_sub(below)?);
    }
    let kept = linalg::simd(
        #[inline(always)]
        || keep(values, ranges),
    );
    Some((kept, moved))
}

/// Moves the values inside the ranges to the front, in their order; how many they are.
#[inline(always)]
fn keep<F: Float>(values: &mut [F], ranges: &[(F, F)]) -> usize {
    const BLOCK: usize = 512;
    let mut kept = 0;
    for first in (0..values.len()).step_by(BLOCK) {
        let last = values.len().min(first + BLOCK);
        let mut inside = [false; BLOCK];
        for &(low, high) in ranges {
            for (inside, v) in inside.iter_mut().zip(&values[first..last]) {
                *inside |= (*v >= low) & (*v <= high);
            }
        }
        for (i, inside) in (first..last).zip(inside) {
            // `kept` is never ahead of `i`.
            values[kept] = values[i];
            kept += usize::from(inside);
        }
    }
    kept
}

/// How many values are below `low`, and how many up to `high`.
#[inline(always)]
fn count<F: Float>(values: &[F], low: F, high: F) -> (usize, usize) {
    let (mut below, mut up_to) = (0, 0);
    for block in values.chunks(1 << 14) {
        let (mut b, mut u) = (0u32, 0u32);
        for v in block {
            b += u32::from(*v < low);
            u += u32::from(*v <= high);
        }
        below += b as usize;
        up_to += u as usize;
    }
    (below, up_to)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use ndarray::{Array1, array};

    const ALL: [QuantileMethod; 9] = [
        QuantileMethod::InvertedCdf,
        QuantileMethod::AveragedInvertedCdf,
        QuantileMethod::ClosestObservation,
        QuantileMethod::InterpolatedInvertedCdf,
        QuantileMethod::Hazen,
        QuantileMethod::Weibull,
        QuantileMethod::Linear,
        QuantileMethod::MedianUnbiased,
        QuantileMethod::NormalUnbiased,
    ];

    /// np.quantile([1, 2, 4, 7, 11], [0, 0.1, 0.25, 0.5, 0.6, 0.9, 1], method=...) of NumPy 2.4.
    #[test]
    fn each_method_is_numpys() {
        let levels = [0.0, 0.1, 0.25, 0.5, 0.6, 0.9, 1.0];
        let expected = [
            [1.0, 1.0, 2.0, 4.0, 4.0, 11.0, 11.0],
            [1.0, 1.0, 2.0, 4.0, 5.5, 11.0, 11.0],
            [1.0, 1.0, 1.0, 2.0, 4.0, 7.0, 11.0],
            [1.0, 1.0, 1.25, 3.0, 4.0, 9.0, 11.0],
            [1.0, 1.0, 1.75, 4.0, 5.5, 11.0, 11.0],
            [1.0, 1.0, 1.5, 4.0, 5.800000000000001, 11.0, 11.0],
            [1.0, 1.4, 2.0, 4.0, 5.199999999999999, 9.4, 11.0],
            [1.0, 1.0, 1.6666666666666667, 4.0, 5.6, 11.0, 11.0],
            [1.0, 1.0, 1.6875, 4.0, 5.574999999999999, 11.0, 11.0],
        ];
        for (method, expected) in ALL.iter().zip(expected) {
            let mut values = [11.0, 2.0, 7.0, 1.0, 4.0];
            let got = quantiles(&mut values, &levels, *method);
            for (got, expected) in got.iter().zip(expected) {
                assert!(
                    f64::abs(got - expected) < 1e-14,
                    "{method:?}: {got} {expected}"
                );
            }
        }
    }

    #[test]
    fn one_value_is_every_quantile() {
        for method in ALL {
            let got = quantiles(&mut [3.5f32], &[0.0, 0.3, 1.0], method);
            assert_eq!(got, [3.5; 3]);
            assert!(quantiles::<f64>(&mut [], &[0.5], method)[0].is_nan());
        }
    }

    /// Selection finds what sorting finds: noise, ties, sorted, reversed, periodic, two values, extreme ones.
    #[test]
    fn selection_is_sorting() {
        let n = 100_000;
        let mut rng = random::generator(5);
        let noise: Vec<f64> = (0..n).map(|_| random::standard_normal(&mut rng)).collect();
        let shapes: Vec<(&str, Vec<f64>)> = vec![
            ("noise", noise.clone()),
            ("ties", noise.iter().map(|v| (v * 2.0).round()).collect()),
            ("ascending", (0..n).map(|i| i as f64).collect()),
            ("descending", (0..n).map(|i| -(i as f64)).collect()),
            ("periodic", (0..n).map(|i| (i % 12) as f64).collect()),
            (
                "two values",
                (0..n).map(|i| f64::from(i % 100 == 3)).collect(),
            ),
            ("constant", vec![0.25; n]),
            ("huge", noise.iter().map(|v| v * 5e307).collect()),
            (
                "all in the places that are not sampled",
                (0..n)
                    .map(|i| if i < n / 2 { 0.0 } else { i as f64 })
                    .collect(),
            ),
        ];
        for (name, values) in shapes {
            let mut sorted = values.clone();
            sorted.sort_unstable_by(f64::total_cmp);
            for positions in [
                vec![0],
                vec![n - 1],
                vec![0, n / 2 - 1, n / 2, n - 1],
                vec![n / 4, n / 4 + 1, n / 2 - 1, n / 2, 3 * n / 4, 3 * n / 4 + 1],
                vec![7, 8, 9, n - 3],
                (0..n).step_by(n / 10).collect(),
                (0..n).step_by(n / 100).collect(),
            ] {
                let expected: Vec<f64> = positions.iter().map(|&p| sorted[p]).collect();
                let found = order_statistics(&mut values.clone(), &positions);
                assert_eq!(found, expected, "{name} {positions:?}");
            }
        }
    }

    #[test]
    fn a_bracket_that_misses_changes_nothing() {
        let mut values: Vec<f64> = (0..1000).map(f64::from).collect();
        let before = values.clone();
        assert_eq!(narrow(&mut values, &[500], &[(10.0, 20.0)]), None);
        assert_eq!(narrow(&mut values, &[5], &[(10.0, 20.0)]), None);
        assert_eq!(values, before);
        let (kept, moved) =
            narrow(&mut values, &[12, 500], &[(10.0, 20.0), (490.0, 510.0)]).unwrap();
        assert_eq!((kept, moved), (32, vec![2, 21]));
        assert_eq!(values[21], 500.0);
    }

    #[test]
    fn columns_leave_out_missing_values() {
        let nan = f64::NAN;
        let x = array![[1.0, nan, nan], [nan, 4.0, nan], [3.0, 2.0, nan]];
        let q = column_quantiles(&x, &[0.0, 0.5, 1.0], QuantileMethod::Linear);
        assert_eq!(q.column(0).to_vec(), [1.0, 2.0, 3.0]);
        assert_eq!(q.column(1).to_vec(), [2.0, 3.0, 4.0]);
        assert!(q.column(2).iter().all(|v| v.is_nan()));
        // Every width of a group, both layouts.
        for p in [1, 7, 8, 9, 17, 50] {
            let x = Array2::from_shape_fn((600, p), |(i, j)| ((i * 7919 + j * 13) % 600) as f64);
            for x in [x.view(), x.t().as_standard_layout().t()] {
                let q = column_quantiles(&x, &[0.0, 1.0], QuantileMethod::Linear);
                assert_eq!(q.row(0), Array1::<f64>::zeros(p));
                assert_eq!(q.row(1), Array1::from_elem(p, 599.0));
            }
        }
    }

    #[test]
    fn whole_weights_are_repeated_values() {
        let values = [5.0, 1.0, f64::NAN, 3.0, 3.0, 9.0];
        let weights = [2.0, 1.0, 4.0, 3.0, 0.0, 1.0];
        let x = Array2::from_shape_vec((6, 1), values.to_vec()).unwrap();
        let repeated = [1.0, 3.0, 3.0, 3.0, 5.0, 5.0, 9.0];
        let levels: Vec<f64> = (0..=14).map(|i| f64::from(i) / 14.0).collect();
        for (averaged, method) in [
            (false, QuantileMethod::InvertedCdf),
            (true, QuantileMethod::AveragedInvertedCdf),
        ] {
            let weighted = weighted_column_quantiles(&x, &weights, &levels, averaged);
            let plain = quantiles(&mut repeated.to_vec(), &levels, method);
            assert_eq!(weighted.column(0).to_vec(), plain, "{method:?}");
        }
        let none = weighted_column_quantiles(&x, &[0.0; 6], &[0.5], true);
        assert!(none[[0, 0]].is_nan());
    }

    #[test]
    fn steps_beyond_the_largest_number_are_taken() {
        let q = quantiles(
            &mut [-1.5e308, 1.5e308],
            &[0.5, 0.75],
            QuantileMethod::Linear,
        );
        assert_eq!(q, [0.0, 0.75e308]);
    }
}
