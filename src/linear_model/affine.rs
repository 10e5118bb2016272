//! What every linear model predicts with: `x W' + b`.

use ndarray::{Array2, ArrayRef1, ArrayRef2};

use crate::float::Float;
use crate::{linalg, parallel};

/// More outputs than this go through the blocked matrix product.
const FEW: usize = 4;

/// `x` (n, p), `coef` (t, p) and `intercept` (t) to (n, t).
pub(crate) fn affine<F: Float>(
    x: &ArrayRef2<F>,
    coef: &ArrayRef2<F>,
    intercept: &ArrayRef1<F>,
) -> Array2<F> {
    let (n, t) = (x.nrows(), coef.nrows());
    if t > FEW && n > FEW {
        let mut out = linalg::matmul(x, &coef.t());
        out += &intercept.view();
        return out;
    }
    let coef = coef.as_standard_layout();
    let mut out = Array2::zeros((n, t));
    parallel::for_each_row_chunk_mut(
        &mut out,
        parallel::row_chunks(n, x.ncols()),
        |first, mut block| {
            linalg::simd(|| {
                for (i, mut outputs) in block.rows_mut().into_iter().enumerate() {
                    let row = x.row(first + i);
                    for ((out, w), &b) in outputs.iter_mut().zip(coef.rows()).zip(intercept) {
                        *out = match (row.as_slice(), w.as_slice()) {
                            (Some(row), Some(w)) => dot(row, w) + b,
                            _ => {
                                row.iter()
                                    .zip(w)
                                    .fold(F::zero(), |sum, (&x, &w)| sum + x * w)
                                    + b
                            }
                        };
                    }
                }
            });
        },
    );
    out
}

/// A dot product in independent lanes, so that it vectorises.
#[inline(always)]
fn dot<F: Float>(a: &[F], b: &[F]) -> F {
    const LANES: usize = 16;
    let mut sums = [F::zero(); LANES];
    let (a_blocks, a_rest) = a.as_chunks::<LANES>();
    let (b_blocks, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let mut sum = sums.into_iter().fold(F::zero(), |s, v| s + v);
    for (&a, &b) in a_rest.iter().zip(b_rest) {
        sum += a * b;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array1, Array2};

    #[test]
    fn equals_the_plain_product_for_few_and_many_outputs_and_any_layout() {
        for (n, p, t) in [(1, 1, 1), (1, 20, 3), (7, 33, 1), (50, 10, 12), (3, 5, 9)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| (i * 7 + j) as f64 * 0.25 - 3.0);
            let coef = Array2::from_shape_fn((t, p), |(i, j)| (i + 2 * j) as f64 * 0.5 - 4.0);
            let b = Array1::from_shape_fn(t, |i| i as f64);
            let expected = x.dot(&coef.t()) + &b;
            let by_column = x.t().as_standard_layout().into_owned();
            for got in [affine(&x, &coef, &b), affine(&by_column.t(), &coef, &b)] {
                assert!((&got - &expected).iter().all(|d| d.abs() < 1e-9));
            }
        }
    }
}
