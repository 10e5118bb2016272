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
        parallel::map_mut(&mut observed, |values| {
            (!values.is_empty()).then(|| statistic(values))
        })
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
///
/// Few different values are counted in a table that stays in the first cache. Where there are more, equal ones are first
/// brought together in parts that are small enough for one.
pub(super) fn most_frequent<F: Float>(values: &mut [F]) -> F {
    // Adding zero takes the sign off it.
    let mut keys: Vec<u64> = values.iter().map(|v| (v.f64() + 0.0).to_bits()).collect();
    let mut slots = Vec::new();
    let most = counted(&keys, FEW, &mut slots).unwrap_or_else(|| {
        let parts = (keys.len() / PART).next_power_of_two().min(MOST_PARTS);
        let starts = bring_together(&mut keys, parts);
        let each = starts
            .windows(2)
            .map(|w| w[0]..w[1])
            .filter(|part| !part.is_empty());
        let each = each.map(|part| {
            let part = &mut keys[part];
            counted(part, 2 * part.len(), &mut slots).unwrap_or_else(|| longest_run(part))
        });
        each.fold(Most::default(), Most::greater)
    });
    F::of(f64::from_bits(most.key))
}

/// Slots of the table for few different values.
const FEW: usize = 2048;
/// Values of a part, about, and how many parts there are at most.
const PART: usize = 512;
const MOST_PARTS: usize = 2048;

/// The bits of a number and how often it occurs.
#[derive(Clone, Copy, Default)]
struct Most {
    key: u64,
    count: u64,
}

impl Most {
    /// The one that occurs more often, of two the smaller number.
    #[inline(always)]
    fn greater(self, other: Most) -> Most {
        let smaller = || f64::from_bits(other.key) < f64::from_bits(self.key);
        if other.count > self.count || other.count == self.count && smaller() {
            other
        } else {
            self
        }
    }
}

/// Equal keys get equal numbers, others hardly ever.
#[inline(always)]
fn scattered(key: u64) -> u64 {
    let h = (key ^ (key >> 29)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    h ^ (h >> 32)
}

/// The most frequent key, counted in a table of so many slots, rounded up to a power of two; `None` when more than half
/// of them are needed, or when too many keys want the same.
fn counted(keys: &[u64], slots: usize, table: &mut Vec<Most>) -> Option<Most> {
    let size = slots.next_power_of_two();
    table.clear();
    table.resize(size, Most::default());
    let (mut free, mut patience) = (size / 2, 8 * keys.len());
    let mut best = Most::default();
    for &key in keys {
        let mut at = scattered(key) as usize & (size - 1);
        while table[at].key != key && table[at].count > 0 {
            at = (at + 1) & (size - 1);
            patience = patience.checked_sub(1)?;
        }
        if table[at].count == 0 {
            free = free.checked_sub(1)?;
        }
        let count = table[at].count + 1;
        table[at] = Most { key, count };
        best = best.greater(table[at]);
    }
    Some(best)
}

/// Reorders the keys so that equal ones are in the same part; says where each part starts, and the end.
fn bring_together(keys: &mut Vec<u64>, parts: usize) -> Vec<usize> {
    let part = |key: u64| (scattered(key) >> 40) as usize & (parts - 1);
    let mut starts = vec![0; parts + 1];
    for &key in &*keys {
        starts[part(key) + 1] += 1;
    }
    for i in 0..parts {
        starts[i + 1] += starts[i];
    }
    let mut next = starts.clone();
    let mut together = vec![0; keys.len()];
    for &key in &*keys {
        let place = &mut next[part(key)];
        together[*place] = key;
        *place += 1;
    }
    *keys = together;
    starts
}

/// The most frequent of keys, by sorting.
fn longest_run(keys: &mut [u64]) -> Most {
    keys.sort_unstable();
    let runs = keys.chunk_by(|a, b| a == b).map(|run| Most {
        key: run[0],
        count: run.len() as u64,
    });
    runs.fold(Most::default(), Most::greater)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn the_most_frequent_is_the_longest_run_of_the_sorted() {
        let mut rng = random::generator(2);
        let mut draw = |n: usize, scale: f64| -> Vec<f64> {
            let mut one = || random::standard_normal(&mut rng) * scale;
            (0..n).map(|_| one()).collect()
        };
        let whole = |v: Vec<f64>| v.into_iter().map(f64::round).collect::<Vec<f64>>();
        let ties = vec![3.0, -1.0, 3.0, -1.0, 7.0];
        let zeros = vec![-0.0, 0.0, 1.0, 1.0, 0.0];
        // Equal values, and numbers that differ in their last bits alone.
        let near: Vec<f64> = (0..5000).map(|i| f64::from_bits(1 << 62 | i)).collect();
        for values in [
            vec![5.0],
            ties,
            zeros,
            vec![2.5; 3000],
            near,
            whole(draw(5000, 3.0)),
            whole(draw(20_000, 1e4)),
            [draw(9000, 1e300), vec![f64::MAX; 2], vec![-f64::MAX; 2]].concat(),
        ] {
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let (mut best, mut most) = (f64::NAN, 0);
            for run in sorted.chunk_by(|a, b| a == b) {
                if run.len() > most {
                    (best, most) = (run[0], run.len());
                }
            }
            assert_eq!(most_frequent(&mut values.clone()), best);
            let keys = |v: &[f64]| v.iter().map(|v| (v + 0.0).to_bits()).collect::<Vec<_>>();
            let by_sorting = longest_run(&mut keys(&values));
            assert_eq!(
                (by_sorting.key, by_sorting.count),
                ((best + 0.0).to_bits(), most as u64)
            );
            let single: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            if single.iter().all(|v| v.is_finite()) && most > 1 {
                assert_eq!(most_frequent(&mut single.clone()), best as f32);
            }
        }
    }
}
