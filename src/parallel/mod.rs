//! How work is split: fixed chunks whose size depends on the data alone, partial results combined in a fixed order.
//!
//! rayon runs the chunks; the number of threads is rayon's and never changes a result.

use ndarray::ArrayRef2;

use crate::float::Float;

/// Whether every value is finite.
pub(crate) fn all_finite<F: Float>(x: &ArrayRef2<F>) -> bool {
    x.iter().all(|v| v.is_finite())
}
