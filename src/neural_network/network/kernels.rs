//! What a layer does to the rows of a block, each in one pass.

use crate::float::Float;
use crate::linalg::panel::{Left, Product};
use crate::linalg::simd;

use super::super::activation::Activation;
use super::super::elementwise;
use super::super::layout::Place;

/// z ← a W, from the weights on.
pub(super) fn weighted_sums<F: Float>(
    place: &Place,
    weights: &[F],
    a: &[F],
    a_stride: usize,
    n: usize,
    z: &mut [F],
) {
    Product {
        a,
        a_stride,
        left: Left::Rows,
        picked: None,
        ahead: None,
        b: weights,
        b_stride: place.stride,
        c: z,
        c_stride: place.stride,
        m: n,
        k: place.n_in,
        n: place.n_out,
        add: false,
    }
    .run();
}

/// z ← z + b.
pub(super) fn add_intercepts<F: Float>(z: &mut [F], intercepts: &[F]) {
    simd(
        #[inline(always)]
        || {
            for row in z.chunks_exact_mut(intercepts.len()) {
                for (z, &b) in row.iter_mut().zip(intercepts) {
                    *z += b;
                }
            }
        },
    );
}

/// z ← f(z + b), in one pass; z + b is kept where the derivative needs it.
pub(super) fn apply<F: Float>(
    activation: Activation,
    z: &mut [F],
    intercepts: &[F],
    kept: &mut [F],
) {
    #[inline(always)]
    fn each<F: Float>(z: &mut [F], intercepts: &[F], f: impl Fn(F) -> F) {
        simd(
            #[inline(always)]
            || {
                for row in z.chunks_exact_mut(intercepts.len()) {
                    for (z, &b) in row.iter_mut().zip(intercepts) {
                        *z = f(*z + b);
                    }
                }
            },
        );
    }
    match activation {
        Activation::Identity => add_intercepts(z, intercepts),
        // NaN stays, so that a loss that diverged shows.
        Activation::Relu => each(z, intercepts, |z| if z < F::zero() { F::zero() } else { z }),
        Activation::Logistic => each(z, intercepts, elementwise::logistic),
        Activation::Tanh => each(z, intercepts, elementwise::tanh),
        other => {
            add_intercepts(z, intercepts);
            if !kept.is_empty() {
                kept[..z.len()].copy_from_slice(z);
            }
            other.apply(z);
        }
    }
}

/// δ ← δ f′.
pub(super) fn backward<F: Float>(activation: Activation, kept: &[F], a: &[F], delta: &mut [F]) {
    #[inline(always)]
    fn each<F: Float>(a: &[F], delta: &mut [F], f: impl Fn(F) -> F) {
        simd(
            #[inline(always)]
            || {
                for (delta, &a) in delta.iter_mut().zip(a) {
                    *delta *= f(a);
                }
            },
        );
    }
    match activation {
        Activation::Logistic => each(a, delta, |a| a * (F::one() - a)),
        Activation::Tanh => each(a, delta, |a| F::one() - a * a),
        other => {
            let kept = &kept[..kept.len().min(delta.len())];
            other.backward(kept, a, delta);
        }
    }
}

/// sums ← sums + Σ rows.
pub(super) fn column_sums<F: Float>(rows: &[F], sums: &mut [F]) {
    simd(
        #[inline(always)]
        || {
            for row in rows.chunks_exact(sums.len()) {
                for (sum, &v) in sums.iter_mut().zip(row) {
                    *sum += v;
                }
            }
        },
    );
}

/// to ← Σ of the vectors.
pub(super) fn add_up<'a, F: Float>(to: &mut [F], vectors: impl Iterator<Item = &'a [F]>) {
    for (i, vector) in vectors.enumerate() {
        if i == 0 {
            to.copy_from_slice(vector);
            continue;
        }
        simd(
            #[inline(always)]
            || {
                for (to, &v) in to.iter_mut().zip(vector) {
                    *to += v;
                }
            },
        );
    }
}

/// to ← a ∘ mask.
pub(super) fn mask<F: Float>(a: &[F], mask: &[F], to: &mut [F]) {
    simd(
        #[inline(always)]
        || {
            for ((to, &a), &k) in to.iter_mut().zip(a).zip(mask) {
                *to = a * k;
            }
        },
    );
}

/// δ ← δ ∘ mask.
pub(super) fn mask_in_place<F: Float>(delta: &mut [F], mask: &[F]) {
    simd(
        #[inline(always)]
        || {
            for (delta, &k) in delta.iter_mut().zip(mask) {
                *delta *= k;
            }
        },
    );
}
