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
    values.sort_unstable_by(order);
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
