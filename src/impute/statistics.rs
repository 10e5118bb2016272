//! What stands in for a missing value: mean, median, most frequent value. NaN are not counted.

use std::cmp::Ordering;

use ndarray::{ArrayRef2, ArrayView2, Axis};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::parallel;
use crate::preprocessing::moments::moments;

/// Columns gathered in one go over the rows: one line of cache.
const GROUP: usize = 8;

/// The mean of each column, `None` where nothing was observed.
///
/// # Errors
/// `NonFinite` for an infinite value, `Overflow` when a mean is beyond the largest number.
pub(super) fn means<F: Float>(x: &ArrayRef2<F>) -> Result<Vec<Option<F>>> {
    let moments = moments(x, None)?;
    let mean = |(mean, count): (&f64, &f64)| (*count > 0.0).then(|| F::of(*mean));
    let means: Vec<Option<F>> = moments.mean.iter().zip(&moments.count).map(mean).collect();
    if means.iter().flatten().all(|m| m.is_finite()) {
        return Ok(means);
    }
    Err(Error::from(ErrorKind::Overflow {
        estimator: "SimpleImputer".into(),
        what: "the mean".into(),
    }))
}

/// `statistic` of the observed values of each column, `None` where there are none.
pub(super) fn by_column<F: Float>(
    x: &ArrayRef2<F>,
    statistic: impl Fn(&mut [F]) -> F + Sync + Send,
) -> Vec<Option<F>> {
    let groups = parallel::map_chunks(x.ncols(), GROUP, |columns| {
        let group = x.slice(ndarray::s![.., columns]);
        let mut observed = gather(&group);
        let each = observed.iter_mut();
        each.map(|values| (!values.is_empty()).then(|| statistic(values)))
            .collect::<Vec<_>>()
    });
    groups.into_iter().flatten().collect()
}

/// The observed values of a few columns.
fn gather<F: Float>(group: &ArrayView2<'_, F>) -> Vec<Vec<F>> {
    if group.strides()[0] == 1 {
        let columns = group.columns().into_iter();
        return columns
            .map(|c| c.iter().copied().filter(|v| !v.is_nan()).collect())
            .collect();
    }
    let mut observed: Vec<Vec<F>> = (0..group.len_of(Axis(1)))
        .map(|_| Vec::with_capacity(group.nrows()))
        .collect();
    for row in group.rows() {
        for (values, v) in observed.iter_mut().zip(row) {
            if !v.is_nan() {
                values.push(*v);
            }
        }
    }
    observed
}

/// The middle value, or half-way between the two middle ones. There is at least one value, none is NaN.
pub(super) fn median<F: Float>(values: &mut [F]) -> F {
    let (n, half) = (values.len(), values.len() / 2);
    let (below, high, _) = values.select_nth_unstable_by(half, order);
    let high = *high;
    if n % 2 == 1 {
        return high;
    }
    let low = below.iter().copied().fold(F::neg_infinity(), F::max);
    let middle = (low + high) / F::of(2.0);
    if middle.is_finite() {
        middle
    } else {
        low / F::of(2.0) + high / F::of(2.0)
    }
}

fn order<F: Float>(a: &F, b: &F) -> Ordering {
    a.f64().total_cmp(&b.f64())
}

/// The value that occurs most often, of several the smallest. There is at least one value, none is NaN.
pub(super) fn most_frequent<F: Float>(values: &mut [F]) -> F {
    sort(values);
    let (mut best, mut best_count) = (values[0], 0);
    let mut first = 0;
    for i in 1..=values.len() {
        if i == values.len() || values[i] != values[first] {
            if i - first > best_count {
                (best, best_count) = (values[first], i - first);
            }
            first = i;
        }
    }
    best
}

/// From so many values on, counting digits is quicker than comparing.
const MANY: usize = 4096;
/// Bits of a digit.
const DIGIT: u32 = 11;

/// Sorts numbers, none of which is NaN: many of them by their digits, from the last one up.
fn sort<F: Float>(values: &mut [F]) {
    if values.len() < MANY {
        return values.sort_unstable_by(order);
    }
    let wide = F::NAME != "f32";
    // Bits in the order of the numbers: the sign turned, the others too where it was set.
    let key = |v: &F| {
        if wide {
            let bits = v.f64().to_bits();
            bits ^ (((bits as i64) >> 63) as u64 | 1 << 63)
        } else {
            let bits = (v.f64() as f32).to_bits();
            u64::from(bits ^ (((bits as i32) >> 31) as u32 | 1 << 31))
        }
    };
    let number = |key: u64| {
        if wide {
            F::of(f64::from_bits(
                key ^ ((!((key as i64) >> 63)) as u64 | 1 << 63),
            ))
        } else {
            let key = key as u32;
            let bits = key ^ ((!((key as i32) >> 31)) as u32 | 1 << 31);
            F::of(f64::from(f32::from_bits(bits)))
        }
    };
    let digits = if wide { 64u32 } else { 32 }.div_ceil(DIGIT);
    let digit = |key: u64, at: u32| (key >> (at * DIGIT)) as usize & ((1 << DIGIT) - 1);
    let mut keys: Vec<u64> = values.iter().map(key).collect();
    let mut counts = vec![[0usize; 1 << DIGIT]; digits as usize];
    for &key in &keys {
        for (at, counts) in (0..).zip(&mut counts) {
            counts[digit(key, at)] += 1;
        }
    }
    let mut other = vec![0; keys.len()];
    for (at, counts) in (0..).zip(&mut counts) {
        // All the same here: nothing would move.
        if counts[digit(keys[0], at)] == keys.len() {
            continue;
        }
        let mut start = 0;
        for count in counts.iter_mut() {
            (*count, start) = (start, start + *count);
        }
        for &key in &keys {
            let place = &mut counts[digit(key, at)];
            other[*place] = key;
            *place += 1;
        }
        std::mem::swap(&mut keys, &mut other);
    }
    for (v, key) in values.iter_mut().zip(keys) {
        *v = number(key);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn many_numbers_are_sorted_by_digits() {
        let mut rng = random::generator(2);
        for (n, whole) in [
            (MANY - 1, false),
            (MANY, false),
            (3 * MANY, true),
            (50_000, false),
        ] {
            let drawn: Vec<f64> = (0..n)
                .map(|_| random::standard_normal(&mut rng) * 10f64.powi(n as i32 % 7 * 30))
                .map(|v| if whole { v.round() } else { v })
                .chain([0.0, -0.0, f64::MAX, f64::MIN, 5e-324, -5e-324])
                .collect();
            let (mut sorted, mut expected) = (drawn.clone(), drawn.clone());
            sort(&mut sorted);
            expected.sort_by(f64::total_cmp);
            let bits = |v: &[f64]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&sorted), bits(&expected));
            let mut single: Vec<f32> = drawn
                .iter()
                .map(|&v| v as f32)
                .filter(|v| v.is_finite())
                .collect();
            let mut expected = single.clone();
            sort(&mut single);
            expected.sort_by(f32::total_cmp);
            assert_eq!(single, expected);
        }
    }
}
