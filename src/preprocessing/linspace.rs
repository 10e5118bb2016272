//! Numbers in equal steps.

use crate::float::Float;

/// `n` numbers from `first` to `last` in equal steps, computed in the element type; of one number the first.
pub(super) fn evenly_spaced<F: Float>(first: F, last: F, n: usize) -> Vec<F> {
    let (distance, count) = (last - first, F::of((n.max(2) - 1) as f64));
    let step = distance / count;
    let at = |i: usize| {
        let i = F::of(i as f64);
        match step == F::zero() {
            true => i / count * distance + first,
            false => i * step + first,
        }
    };
    let mut all: Vec<F> = (0..n).map(at).collect();
    if n > 1 {
        all[n - 1] = last;
    }
    all
}
