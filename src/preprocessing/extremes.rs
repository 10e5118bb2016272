//! The least and the greatest value of every column, in one pass over memory.

use std::ops::Range;

use ndarray::{ArrayRef2, s};

use super::columnwise::{copy_in_row_order, first_infinity};
use crate::error::Result;
use crate::float::Float;
use crate::{linalg, parallel};

/// Narrow rows are put side by side until they are this wide.
const LANES: usize = 128;

/// Least and greatest values. NaN are not counted; a column of nothing else has +∞ and −∞.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Extremes<F> {
    pub(crate) min: Vec<F>,
    pub(crate) max: Vec<F>,
}

impl<F: Float> Extremes<F> {
    fn none(n_features: usize) -> Self {
        Extremes {
            min: vec![F::infinity(); n_features],
            max: vec![F::neg_infinity(); n_features],
        }
    }

    #[inline(always)]
    fn add(&mut self, values: &[F]) {
        let columns = self.min.iter_mut().zip(&mut self.max);
        for (v, (min, max)) in values.iter().zip(columns) {
            // Comparisons with NaN are false.
            *min = if *v < *min { *v } else { *min };
            *max = if *v > *max { *v } else { *max };
        }
    }

    fn merge(&mut self, min: &[F], max: &[F]) {
        for (to, v) in self.min.iter_mut().zip(min) {
            *to = to.min(*v);
        }
        for (to, v) in self.max.iter_mut().zip(max) {
            *to = to.max(*v);
        }
    }
}

/// The extremes of the columns of `x`.
///
/// # Errors
/// `NonFinite` with the position of the first infinite value.
pub(crate) fn extremes<F: Float>(x: &ArrayRef2<F>) -> Result<Extremes<F>> {
    let (n_rows, n_features) = x.dim();
    let chunk = parallel::row_chunks(n_rows, n_features);
    let parts = parallel::map_chunks(n_rows, chunk, |rows| chunk_extremes(x, rows));
    let mut total = Extremes::none(n_features);
    for part in parts {
        total.merge(&part.min, &part.max);
    }
    let infinite = |v: &F| v.is_infinite();
    // Columns without values have the extremes the wrong way around.
    let found = (total.min.iter().zip(&total.max))
        .any(|(min, max)| min <= max && (infinite(min) || infinite(max)));
    if found {
        first_infinity(x)?;
    }
    Ok(total)
}

fn chunk_extremes<F: Float>(x: &ArrayRef2<F>, rows: Range<usize>) -> Extremes<F> {
    let p = x.ncols();
    let rows = x.slice(s![rows, ..]);
    let mut scratch = Vec::new();
    let values = match rows.as_slice() {
        Some(values) => values,
        None => {
            scratch.resize(rows.len(), F::zero());
            copy_in_row_order(&rows, &mut scratch);
            &scratch
        }
    };
    let lanes = p * (LANES / p.max(1)).max(1);
    let mut wide = Extremes::none(lanes);
    linalg::simd(
        #[inline(always)]
        || {
            for block in values.chunks(lanes) {
                wide.add(block);
            }
        },
    );
    let mut narrow = Extremes::none(p);
    for (min, max) in wide.min.chunks(p).zip(wide.max.chunks(p)) {
        narrow.merge(min, max);
    }
    narrow
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn the_extremes_of_every_shape_and_layout() {
        for (n, p) in [(1, 1), (5, 1), (1000, 3), (700, 50), (3, 200), (70_000, 2)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| {
                if (i + j) % 5 == 3 {
                    f64::NAN
                } else {
                    ((i * 7919 + j) % 1009) as f64 - 400.0
                }
            });
            let by_column = x.t().as_standard_layout().into_owned();
            for x in [x.view(), by_column.t()] {
                let found = extremes(&x).unwrap();
                for (j, column) in x.columns().into_iter().enumerate() {
                    let known = column.iter().filter(|v| !v.is_nan());
                    let min = known.clone().fold(f64::INFINITY, |m, v| m.min(*v));
                    let max = known.fold(f64::NEG_INFINITY, |m, v| m.max(*v));
                    assert_eq!((found.min[j], found.max[j]), (min, max), "{n} x {p}");
                }
            }
        }
    }

    #[test]
    fn infinities_are_refused_but_empty_columns_are_not() {
        let nan = f32::NAN;
        let found = extremes(&array![[nan, 1.0], [nan, 2.0]]).unwrap();
        assert_eq!(found.max[1], 2.0);
        assert!(found.min[0] > found.max[0]);
        for bad in [f32::INFINITY, f32::NEG_INFINITY] {
            let x = array![[nan, 1.0], [nan, bad], [bad, nan]];
            let text = extremes(&x).unwrap_err().to_string();
            assert!(text.starts_with("X: row 1, column 1 is"), "{text}");
        }
    }
}
