//! Estimates of the mutual information of two variables.

use ndarray::ArrayView1;

use crate::feature_selection::neighbours::Tree;
use crate::float::Float;

/// Values, and where each stands in their order.
pub(super) struct Sorted {
    values: Vec<f64>,
    sorted: Vec<f64>,
    /// The row of each place in the order.
    order: Vec<u32>,
    /// The place of each row in the order.
    place: Vec<u32>,
}

impl Sorted {
    pub(super) fn new(values: Vec<f64>) -> Self {
        let mut pairs: Vec<(f64, u32)> = values.iter().copied().zip(0..).collect();
        pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut place = vec![0; values.len()];
        for (at, (_, row)) in (0..).zip(&pairs) {
            place[*row as usize] = at;
        }
        Sorted {
            sorted: pairs.iter().map(|p| p.0).collect(),
            order: pairs.iter().map(|p| p.1).collect(),
            values,
            place,
        }
    }
}

/// How many of the sorted values are within `radius` of the one at `at`, itself among them.
fn within(sorted: &[f64], at: usize, radius: f64) -> usize {
    let here = sorted[at];
    let right = reach(sorted.len() - 1 - at, |d| sorted[at + d] - here <= radius);
    let left = reach(at, |d| here - sorted[at - d] <= radius);
    left + 1 + right
}

/// The largest d up to `most` that is inside, where all below it are.
fn reach(most: usize, inside: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut stride) = (0, 1);
    while low + stride <= most && inside(low + stride) {
        low += stride;
        stride *= 2;
    }
    // The answer is from `low` to below `low + stride`.
    let mut high = (low + stride).min(most + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if inside(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    low
}

/// Two real variables (Kraskov).
pub(super) fn of_reals(x: &Sorted, y: &Sorted, k: usize, psi: &[f64]) -> f64 {
    let n = x.values.len();
    let tree = Tree::new(&x.values, &y.values);
    let mut nearest = Vec::with_capacity(k);
    let mut sum = 0.0;
    for &row in &x.order {
        let row = row as usize;
        // Below the distance of the neighbour of rank k.
        let radius = less(tree.distance(row, k, &mut nearest));
        let (nx, ny) = (
            within(&x.sorted, x.place[row] as usize, radius),
            within(&y.sorted, y.place[row] as usize, radius),
        );
        sum += psi[nx] + psi[ny];
    }
    (psi[n] + psi[k] - sum / n as f64).max(0.0)
}

/// The next number towards zero.
fn less(distance: f64) -> f64 {
    if distance > 0.0 {
        distance.next_down()
    } else {
        0.0
    }
}

/// A real variable and a discrete one (Ross); `None` when every category is there once.
pub(super) fn real_and_codes(values: &Sorted, codes: &[u32], k: usize, psi: &[f64]) -> Option<f64> {
    let n_codes = codes.iter().max().map_or(0, |&m| m as usize + 1);
    let mut counts = vec![0usize; n_codes];
    for &code in codes {
        counts[code as usize] += 1;
    }
    // In the order of the values: all whose category is there more than once, and those of each category.
    let mut starts = Vec::with_capacity(n_codes);
    let mut next = 0;
    for &count in &counts {
        starts.push(next);
        next += count;
    }
    let mut ends = starts.clone();
    let mut of_code = vec![(0.0, 0usize); codes.len()];
    let mut all = Vec::with_capacity(codes.len());
    for (&value, &row) in values.sorted.iter().zip(&values.order) {
        let code = codes[row as usize] as usize;
        if counts[code] > 1 {
            of_code[ends[code]] = (value, all.len());
            ends[code] += 1;
            all.push(value);
        }
    }
    if all.is_empty() {
        return None;
    }
    let mut sum = 0.0;
    for (code, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 1) {
        let members = &of_code[starts[code]..starts[code] + count];
        let k = k.min(count - 1);
        for (i, &(value, place)) in members.iter().enumerate() {
            // The k nearest are a run around i.
            let (mut left, mut right, mut distance) = (i, i, 0.0);
            for _ in 0..k {
                let before = left.checked_sub(1).map(|l| value - members[l].0);
                let after = members.get(right + 1).map(|m| m.0 - value);
                match (before, after) {
                    (Some(b), Some(a)) if b <= a => (left, distance) = (left - 1, b),
                    (Some(b), None) => (left, distance) = (left - 1, b),
                    (_, Some(a)) => (right, distance) = (right + 1, a),
                    (None, None) => break,
                }
            }
            sum += psi[k] - psi[count] - psi[within(&all, place, less(distance))];
        }
    }
    let n = all.len();
    Some((psi[n] + sum / n as f64).max(0.0))
}

/// A code for each distinct value.
pub(super) fn codes<F: Float>(values: ArrayView1<'_, F>) -> Vec<u32> {
    let mut pairs: Vec<(f64, u32)> = values.iter().map(|v| v.f64() + 0.0).zip(0..).collect();
    pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut codes = vec![0; pairs.len()];
    let mut code = 0;
    for i in 0..pairs.len() {
        if i > 0 && pairs[i].0 > pairs[i - 1].0 {
            code += 1;
        }
        codes[pairs[i].1 as usize] = code;
    }
    codes
}

/// Two discrete variables.
pub(super) fn of_codes(x: &[u32], y: &[u32]) -> f64 {
    let count = |codes: &[u32]| {
        let mut counts = vec![0u64; codes.iter().max().map_or(0, |&m| m as usize + 1)];
        codes.iter().for_each(|&c| counts[c as usize] += 1);
        counts
    };
    let (of_x, of_y) = (count(x), count(y));
    let mut cells: Vec<u64> = x
        .iter()
        .zip(y)
        .map(|(&a, &b)| u64::from(a) << 32 | u64::from(b))
        .collect();
    cells.sort_unstable();
    let n = x.len() as f64;
    let sum: f64 = cells
        .chunk_by(|a, b| a == b)
        .map(|cell| {
            let (a, b) = (cell[0] >> 32, cell[0] & u64::from(u32::MAX));
            let (nx, ny) = (of_x[a as usize] as f64, of_y[b as usize] as f64);
            let m = cell.len() as f64;
            let part = m / n * (m * n / (nx * ny)).ln();
            if part.abs() < f64::EPSILON { 0.0 } else { part }
        })
        .sum();
    sum.max(0.0)
}
