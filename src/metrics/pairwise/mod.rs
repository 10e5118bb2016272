//! Distances and kernels between all rows of two matrices.
//!
//! [`pairwise_distances`] takes any [`Metric`]; the kernels are [`linear_kernel`], [`polynomial_kernel`],
//! [`sigmoid_kernel`], [`rbf_kernel`], [`laplacian_kernel`], [`cosine_similarity`], [`additive_chi2_kernel`] and [`chi2_kernel`],
//! and [`pairwise_kernels`] chooses one by name. [`nan_euclidean_distances`] leaves out missing values,
//! [`pairwise_distances_chunked`] never stores the whole matrix, [`pairwise_distances_argmin`] keeps the nearest only, and
//! [`paired_distances`] are those of rows side by side.
//!
//! Distances are sums over differences, never `‖a‖² + ‖b‖² − 2 a·b`: rows that are close to each other, and far from zero,
//! keep all their digits, in `f32` too, and the distance of equal rows is 0 exactly. Differences of several rows fill a
//! register; on matrices of few columns that is as quick as a matrix product, because writing the result is what takes
//! time. Cosine distances and kernels are products. The size of the result is checked before it is allocated.

mod kernels;
pub(crate) mod metric;
mod more;
pub(crate) mod packed;
mod scalar;

use ndarray::{Array2, ArrayRef2, s};

use self::metric::{Distance, Form};
use self::packed::Packed;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;

pub use kernels::{
    Kernel, KernelParams, additive_chi2_kernel, chi2_kernel, cosine_similarity, laplacian_kernel,
    linear_kernel, pairwise_kernels, polynomial_kernel, rbf_kernel, sigmoid_kernel,
};
pub use metric::{Metric, MetricParams};
pub use more::{
    euclidean_distances, nan_euclidean_distances, paired_distances, pairwise_distances_argmin,
    pairwise_distances_chunked,
};

const NAME: &str = "pairwise_distances";

/// The distances of all rows of `x` (n, p) to all rows of `y` (m, p), or to those of `x`: (n, m).
///
/// The work is O(n m p), in blocks of rows that run in parallel; memory is that of the result and a copy of `y`. For
/// [`Metric::Precomputed`] the result is `x` itself, which must be square without `y` and not be negative.
///
/// ```
/// use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [3.0, 4.0]];
/// let d = pairwise_distances(&x, None, Metric::Euclidean, &MetricParams::new())?;
/// assert_eq!(d, array![[0.0, 5.0], [5.0, 0.0]]);
/// let d = pairwise_distances(&x, Some(&array![[0.0, 1.0]]), Metric::Manhattan, &MetricParams::new())?;
/// assert_eq!(d, array![[1.0], [6.0]]);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidParameter` for metric parameters out of range; `InvalidInput` for
/// columns without variance (`seuclidean`), a covariance that has no inverse (`mahalanobis`), constant rows (`correlation`),
/// and for a result that does not fit in memory; `Overflow`.
pub fn pairwise_distances<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    metric: Metric,
    params: &MetricParams,
) -> Result<Array2<F>> {
    both(x, y)?;
    let distance = Distance::new(NAME, metric, params, x, y)?;
    if distance.form == Form::Given {
        precomputed(x, y.is_none())?;
        return Ok(x.to_owned());
    }
    let mut out = between(x, y, &distance)?;
    if y.is_none() && metric == Metric::RussellRao {
        // Its formula is not 0 for a row to itself.
        out.diag_mut().fill(F::zero());
    }
    check::learned(NAME, "a distance", &out)?;
    Ok(out)
}

/// The distances of checked rows.
pub(super) fn between<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    distance: &Distance,
) -> Result<Array2<F>> {
    let other = y.unwrap_or(x);
    let (n, m, p) = (x.nrows(), other.nrows(), x.ncols());
    parallel::fits::<F>("pairwise distances", (n, m))?;
    let scale = distance.scale(x).min(distance.scale(other));
    let left = distance.prepare(x, scale)?;
    let right = match y {
        Some(y) => distance.prepare(y, scale)?,
        None => left.clone(),
    };
    let mut out = parallel::fresh((n, m));
    let rows = parallel::row_chunks(n, p + m).max(4);
    if let Form::Each(metric) = distance.form {
        parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut out| {
            for (i, mut out) in out.rows_mut().into_iter().enumerate() {
                let row = &left[(first + i) * p..(first + i + 1) * p];
                for (out, other) in out.iter_mut().zip(right.chunks_exact(p)) {
                    *out = F::of(metric::each(metric, row, other));
                }
            }
        });
    } else {
        let packed = Packed::new(&right, p, None, distance.form);
        parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut out| {
            let rows = &left[first * p..(first + out.nrows()) * p];
            if let Some(out) = out.as_slice_mut() {
                packed::distances(distance, &packed, rows, scale, out);
            }
        });
    }
    if y.is_none() && matches!(distance.form, Form::Dot) {
        out.diag_mut().fill(F::zero());
    }
    Ok(out)
}

/// The second matrix, after checks of both.
fn both<'a, F: Float>(
    x: &'a ArrayRef2<F>,
    y: Option<&'a ArrayRef2<F>>,
) -> Result<&'a ArrayRef2<F>> {
    check::samples(x)?;
    let Some(y) = y else { return Ok(x) };
    check::samples(y).map_err(|e| e.within("second matrix"))?;
    check::width(y, x.ncols()).map_err(|e| e.within("second matrix"))?;
    Ok(y)
}

/// Distances that were computed before: not negative, and square where they are those of the training rows.
pub(crate) fn precomputed<F: Float>(x: &ArrayRef2<F>, square: bool) -> Result<()> {
    if square && x.nrows() != x.ncols() {
        return Err(Error::shape(
            "columns of precomputed distances",
            x.nrows(),
            x.ncols(),
        ));
    }
    match x.indexed_iter().find(|(_, v)| **v < F::zero()) {
        Some(((i, j), v)) => {
            let reason = format!("row {i}, column {j} is negative: {v}");
            Err(Error::invalid_input("precomputed distances", reason))
        }
        None => Ok(()),
    }
}

/// The nearest row of `y` for each row of `x`, the first of several, and its distance.
///
/// ```
/// use fitwell::metrics::pairwise::{Metric, MetricParams, pairwise_distances_argmin_min};
/// use ndarray::array;
///
/// let (nearest, distances) = pairwise_distances_argmin_min(
///     &array![[0.0], [5.0]],
///     &array![[4.0], [1.0]],
///     Metric::Euclidean,
///     &MetricParams::new(),
/// )?;
/// assert_eq!((nearest, distances), (array![1, 0], array![1.0, 1.0]));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// As [`pairwise_distances`].
pub fn pairwise_distances_argmin_min<F: Float>(
    x: &ArrayRef2<F>,
    y: &ArrayRef2<F>,
    metric: Metric,
    params: &MetricParams,
) -> Result<(ndarray::Array1<usize>, ndarray::Array1<F>)> {
    both(x, Some(y))?;
    let distance = Distance::new(NAME, metric, params, x, Some(y))?;
    if distance.form == Form::Given {
        return Err(Error::invalid_parameter(
            NAME,
            "metric",
            "a metric between rows",
            metric.name(),
        ));
    }
    let mut at = Vec::with_capacity(x.nrows());
    let mut found = Vec::with_capacity(x.nrows());
    // A block of rows at a time, so that memory stays bounded.
    let rows = (parallel::row_chunks(x.nrows(), y.nrows()) * 16).max(1);
    for first in (0..x.nrows()).step_by(rows) {
        let block = x.slice(s![first..x.nrows().min(first + rows), ..]);
        let block = between(&block, Some(y), &distance)?;
        for row in block.rows() {
            let mut best = (0, F::infinity());
            for (j, &v) in row.iter().enumerate() {
                if v < best.1 {
                    best = (j, v);
                }
            }
            at.push(best.0);
            found.push(best.1);
        }
    }
    check::learned(NAME, "a distance", &found)?;
    Ok((at.into(), found.into()))
}

#[cfg(test)]
mod tests;
