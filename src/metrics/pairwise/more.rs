//! Distances with missing values, in blocks, and only the nearest.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, s};

use super::metric::{Distance, Form};
use super::{
    Metric, MetricParams, NAME, between, both, pairwise_distances, pairwise_distances_argmin_min,
    precomputed,
};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::parallel;

/// The Euclidean distances of all rows of `x` to all rows of `y`, or to those of `x`: [`pairwise_distances`] by another
/// name. [`Metric::SqEuclidean`] gives their squares.
///
/// # Errors
/// As [`pairwise_distances`].
pub fn euclidean_distances<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
) -> Result<Array2<F>> {
    pairwise_distances(x, y, Metric::Euclidean, &MetricParams::new())
}

/// The nearest row of `y` for each row of `x`, the first of several; see [`pairwise_distances_argmin_min`].
///
/// # Errors
/// As [`pairwise_distances`].
pub fn pairwise_distances_argmin<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    metric: Metric,
    params: &MetricParams,
) -> Result<Array1<usize>> {
    Ok(pairwise_distances_argmin_min(x, y, metric, params)?.0)
}

/// Euclidean distances of rows with missing values, NaN: over the columns that both rows have, scaled up for those missing,
///
/// ```text
/// √(p / |K| Σₖ (aₖ − bₖ)²)        K the columns that neither row misses, of p
/// ```
///
/// NaN where there is no such column, which is so of a row to itself if all its values are missing.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `NonFinite` for infinite values; `InvalidInput` for a result that does not fit in memory.
///
/// ```
/// use fitwell::metrics::pairwise::nan_euclidean_distances;
/// use ndarray::array;
///
/// let x = array![[3.0, f64::NAN, 0.0], [0.0, 4.0, f64::NAN]];
/// let d = nan_euclidean_distances(&x, None)?;
/// assert!((d[[0, 1]] - 27f64.sqrt()).abs() < 1e-15 && d[[0, 0]] == 0.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn nan_euclidean_distances<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
) -> Result<Array2<F>> {
    let other = y.unwrap_or(x);
    for x in [x, other] {
        check::not_empty(x)?;
        if let Some(((row, column), v)) = x.indexed_iter().find(|(_, v)| v.is_infinite()) {
            return Err(ErrorKind::NonFinite {
                what: "X".into(),
                row,
                column: Some(column),
                value: v.f64(),
            }
            .into());
        }
    }
    check::width(other, x.ncols())?;
    let (n, m, p) = (x.nrows(), other.nrows(), x.ncols());
    parallel::fits::<F>("pairwise distances", (n, m))?;
    let mut out = parallel::fresh((n, m));
    let rows = parallel::row_chunks(n, p + m).max(1);
    parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut block| {
        for ((i, j), out) in block.indexed_iter_mut() {
            let (a, b) = (x.row(first + i), other.row(j));
            let (mut total, mut shared, mut largest) = (0.0, 0usize, 0.0f64);
            for (a, b) in a.iter().zip(b) {
                let d = (a.f64() - b.f64()).abs();
                if !d.is_nan() {
                    shared += 1;
                    total += d * d;
                    largest = largest.max(d);
                }
            }
            if !(total.is_finite() && total >= f64::MIN_POSITIVE) && largest > 0.0 {
                // Squares beyond the range: of differences over the largest.
                let each = a
                    .iter()
                    .zip(b)
                    .map(|(a, b)| (a.f64() - b.f64()).abs() / largest);
                let squares: f64 = each.filter(|d| !d.is_nan()).map(|d| d * d).sum();
                *out = F::of(largest * (p as f64 / shared as f64 * squares).sqrt());
            } else if shared == 0 {
                *out = F::nan();
            } else {
                *out = F::of((p as f64 / shared as f64 * total).sqrt());
            }
        }
    });
    Ok(out)
}

/// Calls `f` with blocks of distances: rows of `x`, in order, and their distances to all rows of `y`, or of `x`,
/// (rows, m). The whole matrix is never stored; a block takes some 64 MiB.
///
/// ```
/// use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances_chunked};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [5.0]];
/// let mut near = 0;
/// pairwise_distances_chunked(&x, None, Metric::Euclidean, &MetricParams::new(), |_, block| {
///     near += block.iter().filter(|&&d| d > 0.0 && d < 2.0).count();
///     Ok(())
/// })?;
/// assert_eq!(near, 2);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// As [`pairwise_distances`]; those of `f`, which end the work.
pub fn pairwise_distances_chunked<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    metric: Metric,
    params: &MetricParams,
    mut f: impl FnMut(Range<usize>, ArrayView2<'_, F>) -> Result<()>,
) -> Result<()> {
    const BYTES: usize = 1 << 26;
    both(x, y)?;
    let distance = Distance::new(NAME, metric, params, x, y)?;
    let other = y.unwrap_or(x);
    if distance.form == Form::Given {
        precomputed(x, y.is_none())?;
    }
    let rows = (BYTES / size_of::<F>() / other.nrows()).max(1);
    for first in (0..x.nrows()).step_by(rows) {
        let range = first..x.nrows().min(first + rows);
        let given = x.slice(s![range.clone(), ..]);
        if distance.form == Form::Given {
            f(range, given)?;
            continue;
        }
        let mut block = between(&given, Some(other), &distance)?;
        if y.is_none() && distance.form == Form::Dot {
            for (at, i) in range.clone().enumerate() {
                block[[at, i]] = F::zero();
            }
        }
        check::learned(NAME, "a distance", &block)?;
        f(range, block.view())?;
    }
    Ok(())
}

/// The distance of each row of `x` to the row of `y` at the same place, (n). Row i of both.
///
/// # Errors
/// As [`pairwise_distances`]; `ShapeMismatch` unless both have as many rows; `InvalidInput` for precomputed distances.
///
/// ```
/// use fitwell::metrics::pairwise::{Metric, MetricParams, paired_distances};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0, 1.0], [1.0, 1.0]], array![[0.0, 1.0], [2.0, 1.0]]);
/// assert_eq!(paired_distances(&x, &y, Metric::Manhattan, &MetricParams::new())?, array![0.0, 1.0]);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn paired_distances<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    metric: Metric,
    params: &MetricParams,
) -> Result<Array1<F>> {
    both(x, Some(y))?;
    if x.nrows() != y.nrows() {
        return Err(Error::shape(
            "number of rows of the second matrix",
            x.nrows(),
            y.nrows(),
        ));
    }
    let distance = Distance::new(NAME, metric, params, x, Some(y))?;
    if distance.form == Form::Given {
        let reason = "are of all rows to all, not of pairs";
        return Err(Error::invalid_input("precomputed distances", reason));
    }
    let one = |i: usize| {
        let row = |x: &ArrayRef2<F>| x.slice(s![i..=i, ..]).to_owned();
        between(&row(x), Some(&row(y)), &distance).map(|d| d[[0, 0]])
    };
    let chunk = parallel::row_chunks(x.nrows(), x.ncols()).min(1024);
    let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
        rows.map(one).collect::<Result<Vec<F>>>()
    });
    let found: Array1<F> = (parts.into_iter().collect::<Result<Vec<_>>>()?)
        .concat()
        .into();
    check::learned(NAME, "a distance", &found)?;
    Ok(found)
}
