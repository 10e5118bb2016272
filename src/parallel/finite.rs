//! Whether an array holds finite values only, near the speed of memory.

use ndarray::{ArrayRef2, Axis};

use super::{CHUNK_ELEMENTS, map_chunks};
use crate::float::Float;
use crate::linalg::simd;

/// Whether every value is finite, in any layout.
///
/// ```
/// use ndarray::array;
///
/// assert!(fitwell::parallel::all_finite(&array![[1.0, 2.0]]));
/// assert!(!fitwell::parallel::all_finite(&array![[1.0, f64::NAN]]));
/// ```
pub fn all_finite<F: Float>(x: &ArrayRef2<F>) -> bool {
    if let Some(values) = x.as_slice_memory_order() {
        return map_chunks(values.len(), CHUNK_ELEMENTS, |range| {
            slice_is_finite(&values[range])
        })
        .into_iter()
        .all(|finite| finite);
    }
    // Lanes along the axis that lies closest in memory.
    let lane = if x.strides()[0].unsigned_abs() < x.strides()[1].unsigned_abs() {
        Axis(0)
    } else {
        Axis(1)
    };
    let across = Axis(1 - lane.index());
    let chunk = (CHUNK_ELEMENTS / x.len_of(lane).max(1)).max(1);
    map_chunks(x.len_of(across), chunk, |range| {
        range.into_iter().all(|i| {
            let values = x.index_axis(across, i);
            match values.as_slice() {
                Some(values) => slice_is_finite(values),
                None => values.iter().all(|v| v.is_finite()),
            }
        })
    })
    .into_iter()
    .all(|finite| finite)
}

/// `v * 0` is 0 for a finite `v` and NaN otherwise; sums of it in independent lanes keep every vector unit busy.
pub(super) fn slice_is_finite<F: Float>(values: &[F]) -> bool {
    const LANES: usize = 64;
    if values.len() < LANES {
        return values.iter().all(|v| v.is_finite());
    }
    simd(
        #[inline(always)]
        || {
            let mut sums = [F::zero(); LANES];
            let mut blocks = values.chunks_exact(LANES);
            for block in &mut blocks {
                for (sum, &v) in sums.iter_mut().zip(block) {
                    *sum += v * F::zero();
                }
            }
            sums.iter().all(|s| s.is_finite()) && blocks.remainder().iter().all(|v| v.is_finite())
        },
    )
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, ShapeBuilder, s};

    use super::*;

    #[test]
    fn one_bad_value_is_found_anywhere_and_in_any_layout() {
        for (m, n) in [
            (1, 1),
            (1, 63),
            (3, 64),
            (7, 130),
            (1000, 300),
            (300_000, 2),
        ] {
            let positions = [(0, 0), (m - 1, n - 1), (m / 2, n / 3), (m - 1, 0)];
            for (i, j) in positions {
                for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                    let mut rows = Array2::from_elem((m, n), 1e308);
                    assert!(all_finite(&rows));
                    rows[[i, j]] = bad;
                    assert!(!all_finite(&rows), "{m} {n} {i} {j}");
                    assert!(!all_finite(&rows.mapv(|v| v as f32)));
                    let mut columns = Array2::from_elem((m, n).f(), -1e308);
                    assert!(all_finite(&columns));
                    columns[[i, j]] = bad;
                    assert!(!all_finite(&columns));
                    assert!(!all_finite(&rows.slice(s![..;-1, ..])));
                    let mut wider = Array2::from_elem((2 * m, n + 2), f64::NAN);
                    wider.slice_mut(s![..;2, 1..=n]).fill(0.0);
                    assert!(all_finite(&wider.slice(s![..;2, 1..=n])));
                    assert!(all_finite(&wider.slice(s![..;2, 1..=n]).t()));
                    wider[[2 * i, j + 1]] = bad;
                    assert!(!all_finite(&wider.slice(s![..;2, 1..=n])));
                    assert!(!all_finite(&wider.slice(s![..;2, 1..=n]).t()));
                }
            }
        }
        assert!(all_finite(&Array2::<f64>::zeros((0, 3))));
    }
}
