//! What every linear model predicts with: `x W' + b`.

use ndarray::{Array2, ArrayRef1, ArrayRef2};

use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// `x` (n, p), `coef` (t, p) and `intercept` (t) to (n, t). Every row is computed by itself in the same way, however many
/// there are.
pub(crate) fn affine<F: Float>(
    x: &ArrayRef2<F>,
    coef: &ArrayRef2<F>,
    intercept: &ArrayRef1<F>,
) -> Array2<F> {
    let (x, coef) = (x.as_standard_layout(), coef.as_standard_layout());
    let mut out = Array2::zeros((x.nrows(), coef.nrows()));
    let p = x.ncols();
    if let (Some(x), Some(coef)) = (x.as_slice(), coef.as_slice()) {
        let chunk = parallel::row_chunks(out.nrows(), p);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            simd(
                #[inline(always)]
                || {
                    for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                        let x = &x[(first + i) * p..(first + i + 1) * p];
                        for (k, value) in row.iter_mut().enumerate() {
                            *value = dot(x, &coef[k * p..(k + 1) * p]) + intercept[k];
                        }
                    }
                },
            );
        });
    }
    out
}

/// Σ aᵢ bᵢ: many lanes for what is long, so that the latency of the additions is hidden, few for what is left.
#[inline(always)]
fn dot<F: Float>(a: &[F], b: &[F]) -> F {
    let (a_long, a) = a.as_chunks::<32>();
    let (b_long, b) = b.as_chunks::<32>();
    let (a_short, a_tail) = a.as_chunks::<8>();
    let (b_short, b_tail) = b.as_chunks::<8>();
    let mut sum = in_lanes(a_long, b_long) + in_lanes(a_short, b_short);
    for (&a, &b) in a_tail.iter().zip(b_tail) {
        sum = a.mul_add(b, sum);
    }
    sum
}

#[inline(always)]
fn in_lanes<F: Float, const LANES: usize>(a: &[[F; LANES]], b: &[[F; LANES]]) -> F {
    if a.is_empty() {
        return F::zero();
    }
    let mut lanes = [F::zero(); LANES];
    for (a, b) in a.iter().zip(b) {
        for l in 0..LANES {
            lanes[l] = a[l].mul_add(b[l], lanes[l]);
        }
    }
    lanes.into_iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2, s};

    #[test]
    fn equals_the_plain_product_for_few_and_many_outputs_and_any_layout() {
        for (n, p, t) in [(1, 1, 1), (1, 20, 3), (7, 33, 1), (50, 71, 12), (3, 5, 9)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| (i * 7 + j) as f64 * 0.25 - 3.0);
            let coef = Array2::from_shape_fn((t, p), |(i, j)| (i + 2 * j) as f64 * 0.5 - 4.0);
            let b = Array1::from_shape_fn(t, |i| i as f64);
            let expected = x.dot(&coef.t()) + &b;
            let by_column = x.t().as_standard_layout().into_owned();
            for got in [affine(&x, &coef, &b), affine(&by_column.t(), &coef, &b)] {
                assert!((&got - &expected).iter().all(|d| d.abs() < 1e-9));
            }
            let last = affine(&x.slice(s![n - 1.., ..]), &coef, &b);
            assert_eq!(last.row(0), affine(&x, &coef, &b).row(n - 1));
        }
    }
}
