//! Blocks of rows of the result.

use std::ops::Range;

use ndarray::{ArrayView2, ArrayViewMut2};

use super::FittedPolynomialFeatures;
use crate::float::Float;
use crate::linalg;

/// Products that lie side by side: those in `from` times a column, written from `to` on.
pub(super) struct Product {
    pub(super) from: Range<usize>,
    pub(super) to: usize,
    pub(super) feature: usize,
}

/// All products of one row, the bias first.
#[inline(always)]
fn fill<F: Float>(x: &[F], row: &mut [F], bias: usize, products: &[Product]) {
    row[..bias].fill(F::one());
    row[bias..bias + x.len()].copy_from_slice(x);
    for product in products {
        let (before, after) = row.split_at_mut(product.to);
        let factor = x[product.feature];
        for (to, from) in after.iter_mut().zip(&before[product.from.clone()]) {
            *to = *from * factor;
        }
    }
}

#[inline(always)]
fn finite<F: Float>(values: &[F]) -> bool {
    !values.iter().fold(false, |any, v| any | !v.is_finite())
}

impl<F: Float> FittedPolynomialFeatures<F> {
    /// A block of rows of the result, row after row. False if a value is not finite.
    pub(super) fn rows(
        &self,
        x: &ArrayView2<'_, F>,
        out: &mut ArrayViewMut2<'_, F>,
        plan: &[Product],
    ) -> bool {
        let (bias, below) = (self.bias(), self.n_below());
        let mut copy = vec![F::zero(); x.ncols()];
        let mut all = vec![F::zero(); if below > 0 { self.n_all() } else { 0 }];
        linalg::simd(
            #[inline(always)]
            || {
                let mut is_finite = true;
                for (x, mut out) in x.rows().into_iter().zip(out.rows_mut()) {
                    let x = match x.as_slice() {
                        Some(x) => x,
                        None => {
                            copy.iter_mut().zip(&x).for_each(|(to, v)| *to = *v);
                            &copy
                        }
                    };
                    let Some(out) = out.as_slice_mut() else {
                        return false;
                    };
                    if below == 0 {
                        fill(x, out, bias, plan);
                    } else {
                        fill(x, &mut all, bias, plan);
                        out[..bias].fill(F::one());
                        out[bias..].copy_from_slice(&all[bias + below..]);
                    }
                    is_finite &= finite(out);
                }
                is_finite
            },
        )
    }

    /// A block of rows of the result, column after column.
    pub(super) fn columns(
        &self,
        x: &ArrayView2<'_, F>,
        out: &mut ArrayViewMut2<'_, F>,
        plan: &[Product],
    ) -> bool {
        let (n, bias, below) = (x.nrows(), self.bias(), self.n_below());
        let mut all = vec![F::zero(); self.n_all() * n];
        all[..bias * n].fill(F::one());
        for (to, x) in all[bias * n..].chunks_mut(n).zip(x.columns()) {
            to.iter_mut().zip(x).for_each(|(to, v)| *to = *v);
        }
        linalg::simd(
            #[inline(always)]
            || {
                for product in plan {
                    let (before, after) = all.split_at_mut(product.to * n);
                    let factor = &before[(bias + product.feature) * n..][..n];
                    let from = before[product.from.start * n..product.from.end * n].chunks(n);
                    for (to, from) in after.chunks_mut(n).zip(from) {
                        for (to, (from, factor)) in to.iter_mut().zip(from.iter().zip(factor)) {
                            *to = *from * *factor;
                        }
                    }
                }
            },
        );
        let mut is_finite = true;
        let kept = (0..bias).chain(bias + below..self.n_all());
        for (mut out, column) in out.columns_mut().into_iter().zip(kept) {
            let values = &all[column * n..(column + 1) * n];
            is_finite &= finite(values);
            out.iter_mut().zip(values).for_each(|(to, v)| *to = *v);
        }
        is_finite
    }
}
