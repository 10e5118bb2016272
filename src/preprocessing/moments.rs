//! Number of observed values, mean and sum of squared deviations of every column, in one pass over memory.
//!
//! The rows are read in blocks that stay in cache. The mean of a block's first rows, one in [`SAMPLE`], is the shift from
//! which its deviations are summed and squared (the shifted one-pass formula), and blocks are merged by the formula of
//! Chan, Golub and LeVeque, "Algorithms for computing the sample variance", The American Statistician 37 (1983), equation
//! 2.1. The shift costs no digits: were it δ from the block's mean, the first m of n rows would be as far from the others,
//! the sum of squared deviations at least m δ², and n δ² of rounding is at most [`SAMPLE`] times that. Where values are
//! missing or have weights the shift is the mean of the whole block. Means are relative to a pivot, the first observed
//! value of the column, so that one far from zero costs no digits either.

use std::ops::Range;

use ndarray::{ArrayRef2, ArrayView2, s};

use super::columnwise::{copy_in_row_order, none_infinite};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::{linalg, parallel};

/// Values in a block: 512 kB of f64, a chunk of rows.
const BLOCK: usize = 1 << 16;
/// One row in so many gives the shift of a block.
const SAMPLE: usize = 32;
/// Columns treated together; wider rows are cut into strips.
const STRIP: usize = 512;
/// Narrow rows are put side by side until they are this wide, so that vector instructions have something to work on.
const LANES: usize = 128;

/// Moments of every column. NaN are not counted.
#[derive(Clone, Debug)]
pub(crate) struct Moments {
    /// Observed values, or the sum of their weights.
    pub(crate) count: Vec<f64>,
    /// The mean; 0 where nothing was observed.
    pub(crate) mean: Vec<f64>,
    /// The sum of squared (weighted) deviations from the mean.
    pub(crate) m2: Vec<f64>,
}

impl Moments {
    pub(crate) fn zeros(n_features: usize) -> Self {
        Moments {
            count: vec![0.0; n_features],
            mean: vec![0.0; n_features],
            m2: vec![0.0; n_features],
        }
    }

    /// Adds `other`, the moments of other rows.
    pub(crate) fn merge(&mut self, other: &Moments) {
        for j in 0..self.count.len() {
            let delta = other.mean[j] - self.mean[j];
            self.merge_column(j, other.count[j], delta, other.m2[j]);
        }
    }

    #[inline(always)]
    fn merge_column(&mut self, j: usize, count: f64, delta: f64, m2: f64) {
        let before = self.count[j];
        let total = before + count;
        let share = if total > 0.0 { count / total } else { 0.0 };
        self.count[j] = total;
        self.mean[j] += delta * share;
        self.m2[j] += m2 + delta * delta * (before * share);
    }
}

/// The moments of the columns of `x`, with a weight for each row if given (already checked).
///
/// # Errors
/// `NonFinite` with the position of the first infinite value.
pub(crate) fn moments<F: Float>(x: &ArrayRef2<F>, weights: Option<&[f64]>) -> Result<Moments> {
    let (n_rows, n_features) = x.dim();
    let pivot = pivot(x, weights);
    let chunk = parallel::row_chunks(n_rows, n_features);
    let parts = parallel::map_chunks(n_rows, chunk, |rows| {
        chunk_moments(x, weights, &pivot, rows)
    });
    let mut total = Moments::zeros(n_features);
    for part in parts {
        let part = part.map_err(|(row, column)| infinite(x, row, column))?;
        total.merge(&part);
    }
    for (mean, (pivot, count)) in total.mean.iter_mut().zip(pivot.iter().zip(&total.count)) {
        *mean = if *count > 0.0 { *mean + pivot } else { 0.0 };
    }
    for j in 0..n_features {
        if !total.mean[j].is_finite() {
            total.mean[j] = mean_of_huge(x, weights, j, total.count[j]);
        }
    }
    Ok(total)
}

/// The mean of values whose sum, or whose distance from each other, is beyond the largest number.
fn mean_of_huge<F: Float>(
    x: &ArrayRef2<F>,
    weights: Option<&[f64]>,
    column: usize,
    count: f64,
) -> f64 {
    let values = x.column(column).into_iter().map(|v| v.f64()).enumerate();
    values
        .filter(|(_, v)| !v.is_nan())
        .map(|(row, v)| v * (weights.map_or(1.0, |w| w[row]) / count))
        .sum()
}

fn infinite<F: Float>(x: &ArrayRef2<F>, row: usize, column: usize) -> Error {
    ErrorKind::NonFinite {
        what: "X".into(),
        row,
        column: Some(column),
        value: x[[row, column]].f64(),
    }
    .into()
}

/// The first value of each column that is neither NaN nor of weight zero; 0 where there is none.
fn pivot<F: Float>(x: &ArrayRef2<F>, weights: Option<&[f64]>) -> Vec<f64> {
    let counts = |row: usize| weights.is_none_or(|w| w[row] > 0.0);
    x.columns()
        .into_iter()
        .map(|column| {
            column
                .iter()
                .enumerate()
                .find(|(row, v)| !v.is_nan() && counts(*row))
                .map_or(0.0, |(_, v)| v.f64())
        })
        .collect()
}

/// Moments of some rows, means relative to the pivot; or the position of the first infinite value.
fn chunk_moments<F: Float>(
    x: &ArrayRef2<F>,
    weights: Option<&[f64]>,
    pivot: &[f64],
    rows: Range<usize>,
) -> std::result::Result<Moments, (usize, usize)> {
    let n_features = x.ncols();
    let mut total = Moments::zeros(n_features);
    let mut scratch = Vec::new();
    let strip = n_features.min(STRIP);
    let block_rows = (BLOCK / strip).max(64);
    let mut bad: Option<(usize, usize)> = None;
    // Once a value was missing, more will be: the blocks that follow expect it.
    let mut some_missing = false;
    for first in rows.clone().step_by(block_rows) {
        let last = (first + block_rows).min(rows.end);
        for from in (0..n_features).step_by(strip) {
            let to = (from + strip).min(n_features);
            let view = x.slice(s![first..last, from..to]);
            let block = Block {
                values: contiguous(&view, &mut scratch),
                width: to - from,
                pivot: &pivot[from..to],
            };
            let weights = weights.map(|w| &w[first..last]);
            let found = linalg::simd(
                #[inline(always)]
                || block.add_to(&mut total, from, weights, &mut some_missing),
            );
            if let Err((row, column)) = found {
                let at = (first + row, from + column);
                bad = Some(bad.map_or(at, |b| b.min(at)));
            }
        }
        if let Some(bad) = bad {
            return Err(bad);
        }
    }
    Ok(total)
}

/// The values of a block in row order, copied only if they are not so in memory.
fn contiguous<'a, F: Float>(view: &'a ArrayView2<'_, F>, scratch: &'a mut Vec<F>) -> &'a [F] {
    if let Some(values) = view.as_slice() {
        return values;
    }
    scratch.clear();
    scratch.resize(view.len(), F::zero());
    copy_in_row_order(view, scratch);
    scratch
}

/// Some rows of some columns, in row order.
struct Block<'a, F> {
    values: &'a [F],
    width: usize,
    pivot: &'a [f64],
}

impl<F: Float> Block<'_, F> {
    /// Merges this block's moments into columns `from..` of `total`; or says where in the block a value is infinite.
    /// `some_missing` says that NaN are expected, and tells whether there are.
    #[inline(always)]
    fn add_to(
        &self,
        total: &mut Moments,
        from: usize,
        weights: Option<&[f64]>,
        some_missing: &mut bool,
    ) -> std::result::Result<(), (usize, usize)> {
        let (p, n) = (self.width, self.values.len() / self.width);
        let side_by_side = (LANES / p).clamp(1, n);
        let lanes = p * side_by_side;
        let mut sums = Sums::new(lanes);
        let pivot = self.pivot.repeat(side_by_side);

        if weights.is_none() && !*some_missing {
            let some = n.div_ceil(SAMPLE);
            for x in self.values[..some * p].chunks(lanes) {
                add(x, &pivot, &mut sums.sum);
            }
            fold(&mut sums.sum, p);
            let shift: Vec<f64> = (sums.sum.iter().zip(self.pivot))
                .map(|(sum, pivot)| pivot + sum / some as f64)
                .collect();
            if shift.iter().all(|v| v.is_finite()) {
                let shifts = shift.repeat(side_by_side);
                for x in self.values.chunks(lanes) {
                    add_squares(x, &shifts, &mut sums.rest, &mut sums.squares);
                }
                if sums.rest.iter().all(|v| v.is_finite()) {
                    sums.count[..p].fill(n as f64);
                    let mean = shift.iter().zip(self.pivot);
                    let mean: Vec<f64> = mean.map(|(shift, pivot)| shift - pivot).collect();
                    sums.merge_into(total, from, &mean);
                    return Ok(());
                }
                sums = Sums::new(lanes);
            }
        }

        if !none_infinite(self.values)
            && let Some(at) = self.values.iter().position(|v| v.is_infinite())
        {
            return Err((at / p, at % p));
        }
        *some_missing = true;
        sums.sum.fill(0.0);
        if weights.is_none() {
            for x in self.values.chunks(lanes) {
                add_weighted(1.0, x, &pivot, &mut sums.sum, &mut sums.count);
            }
            fold(&mut sums.sum, p);
            fold(&mut sums.count, p);
            let mean = sums.mean(p);
            let tiled_mean = mean.repeat(side_by_side);
            let (rest, squares) = (&mut sums.rest, &mut sums.squares);
            for x in self.values.chunks(lanes) {
                add_squares_weighted(1.0, x, &pivot, &tiled_mean, rest, squares);
            }
            sums.merge_into(total, from, &mean);
            return Ok(());
        }
        // A weight for each row; those of weight zero are not there.
        let rows = || {
            let weights = weights.unwrap_or_default().iter().copied();
            weights
                .zip(self.values.chunks_exact(p))
                .filter(|(w, _)| *w > 0.0)
        };
        for (w, x) in rows() {
            add_weighted(w, x, self.pivot, &mut sums.sum, &mut sums.count);
        }
        let mean = sums.mean(p);
        for (w, x) in rows() {
            add_squares_weighted(w, x, self.pivot, &mean, &mut sums.rest, &mut sums.squares);
        }
        sums.merge_into(total, from, &mean);
        Ok(())
    }
}

struct Sums {
    count: Vec<f64>,
    sum: Vec<f64>,
    rest: Vec<f64>,
    squares: Vec<f64>,
}

impl Sums {
    fn new(lanes: usize) -> Self {
        let zeros = vec![0.0; lanes];
        Sums {
            count: zeros.clone(),
            sum: zeros.clone(),
            rest: zeros.clone(),
            squares: zeros,
        }
    }

    /// The mean of each of `p` columns; 0 where nothing was observed.
    fn mean(&self, p: usize) -> Vec<f64> {
        let sums = self.sum[..p].iter().zip(&self.count);
        sums.map(|(s, c)| if *c > 0.0 { s / c } else { 0.0 })
            .collect()
    }

    /// `rest` and `squares` are sums of deviations from `mean`, and of their squares.
    #[inline(always)]
    fn merge_into(&mut self, total: &mut Moments, from: usize, mean: &[f64]) {
        let p = mean.len();
        fold(&mut self.rest, p);
        fold(&mut self.squares, p);
        for (j, &mean) in mean.iter().enumerate() {
            let count = self.count[j];
            if count > 0.0 {
                let rest = self.rest[j] / count;
                let m2 = (self.squares[j] - rest * self.rest[j]).max(0.0);
                let delta = mean + rest - total.mean[from + j];
                total.merge_column(from + j, count, delta, m2);
            }
        }
    }
}

/// Adds the lanes of one column together, into the first `p`.
#[inline(always)]
fn fold(lanes: &mut [f64], p: usize) {
    let (first, rest) = lanes.split_at_mut(p);
    for more in rest.chunks_exact(p) {
        for (sum, v) in first.iter_mut().zip(more) {
            *sum += v;
        }
    }
}

/// sum += x − pivot
#[inline(always)]
fn add<F: Float>(x: &[F], pivot: &[f64], sum: &mut [f64]) {
    for ((sum, x), pivot) in sum.iter_mut().zip(x).zip(pivot) {
        *sum += x.f64() - pivot;
    }
}

/// rest += d, squares += d², with d = x − shift
#[inline(always)]
fn add_squares<F: Float>(x: &[F], shift: &[f64], rest: &mut [f64], squares: &mut [f64]) {
    let sums = rest.iter_mut().zip(squares);
    for ((x, shift), (rest, squares)) in x.iter().zip(shift).zip(sums) {
        let d = x.f64() - shift;
        *rest += d;
        *squares = d.mul_add(d, *squares);
    }
}

/// sum += w (x − pivot), count += w, where x is not NaN
#[inline(always)]
fn add_weighted<F: Float>(w: f64, x: &[F], pivot: &[f64], sum: &mut [f64], count: &mut [f64]) {
    for ((x, pivot), (sum, count)) in x.iter().zip(pivot).zip(sum.iter_mut().zip(count)) {
        let observed = !x.is_nan();
        *sum += if observed { w * (x.f64() - pivot) } else { 0.0 };
        *count += if observed { w } else { 0.0 };
    }
}

/// rest += w d, squares += w d², with d = x − pivot − mean, where x is not NaN
#[inline(always)]
fn add_squares_weighted<F: Float>(
    w: f64,
    x: &[F],
    pivot: &[f64],
    mean: &[f64],
    rest: &mut [f64],
    squares: &mut [f64],
) {
    let sums = rest.iter_mut().zip(squares);
    for ((x, (pivot, mean)), (rest, squares)) in x.iter().zip(pivot.iter().zip(mean)).zip(sums) {
        let d = if x.is_nan() {
            0.0
        } else {
            (x.f64() - pivot) - mean
        };
        *rest += w * d;
        *squares = (w * d).mul_add(d, *squares);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// Rows of another level come first, last, or in the middle of a block.
    #[test]
    fn rows_far_from_the_others_cost_no_digits() {
        for (n, from, to) in [
            (70_000, 0, 3),
            (70_000, 0, 2500),
            (40_000, 39_990, 40_000),
            (9, 4, 5),
        ] {
            let x = Array2::from_shape_fn((n, 2), |(i, j)| {
                // Sums are exact.
                let wave = ((i * 37 + j * 11) % 101) as f64 / 128.0;
                if (from..to).contains(&i) {
                    1e7 + wave
                } else {
                    wave - 3.0
                }
            });
            let found = moments(&x, None).unwrap();
            for (j, column) in x.columns().into_iter().enumerate() {
                let mean = column.sum() / n as f64;
                let m2: f64 = column.iter().map(|v| (v - mean).powi(2)).sum();
                let deviation = (m2 / n as f64).sqrt();
                assert!(
                    (found.mean[j] - mean).abs() < 1e-13 * deviation,
                    "{} {mean} {deviation} {n} {from} {to}",
                    found.mean[j]
                );
                assert!(
                    (found.m2[j] / m2 - 1.0).abs() < 1e-12,
                    "{} {m2}",
                    found.m2[j]
                );
            }
        }
    }
}
