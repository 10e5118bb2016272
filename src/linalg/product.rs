//! Products of matrices.

use ndarray::parallel::prelude::*;
use ndarray::{Array2, ArrayRef2, Axis, s};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;

/// Multiplications of a part of a product; what is less than two of them stays on the calling thread.
const SERIAL: usize = 1 << 20;

/// Terms that [`sum_of_parts`] gives the backend at once.
const STRETCH: usize = 1024;

/// The product a b of a (m, k) and b (k, n).
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1.0, 2.0], [3.0, 4.0]];
/// assert_eq!(fitwell::linalg::dot(&a, &array![[1.0], [10.0]])?, array![[21.0], [43.0]]);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch` when a has not as many columns as b has rows.
pub fn dot<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Result<Array2<F>> {
    if a.ncols() != b.nrows() {
        return Err(Error::shape(
            "rows of the second factor",
            a.ncols(),
            b.nrows(),
        ));
    }
    Ok(matmul(a, b))
}

/// [`dot`] for shapes that are known to agree.
pub(crate) fn matmul<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Array2<F> {
    let mut c = parallel::zeros((a.nrows(), b.ncols()));
    general_matmul(F::one(), a, b, F::zero(), &mut c);
    c
}

/// c <- alpha a b + beta c, for shapes that are known to agree; c is not read when beta is 0.
pub(crate) fn general_matmul<F: Float>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    let ((m, k), n) = (a.dim(), b.ncols());
    assert!(
        b.nrows() == k && c.dim() == (m, n),
        "the shapes of a product agree"
    );
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if beta == F::zero() {
            c.fill(F::zero());
        } else {
            c.mapv_inplace(|v| v * beta);
        }
        return;
    }
    let cost = cost(m, k, n);
    if !F::SPLIT_PRODUCTS || cost < 2 * SERIAL {
        return F::gemm(alpha, a.view(), b.view(), beta, c.view_mut());
    }
    if k >= 8 * m.max(n) {
        return sum_of_parts(alpha, a, b, beta, c);
    }
    let (rows, columns) = tile(m, n, cost);
    c.axis_chunks_iter_mut(Axis(0), rows)
        .into_par_iter()
        .zip(a.axis_chunks_iter(Axis(0), rows))
        .for_each(|(mut c, a)| {
            c.axis_chunks_iter_mut(Axis(1), columns)
                .into_par_iter()
                .zip(b.axis_chunks_iter(Axis(1), columns))
                .for_each(|(c, b)| F::gemm(alpha, a, b, beta, c));
        });
}

/// Multiplications, or what reading the factors costs in their stead.
fn cost(m: usize, k: usize, n: usize) -> usize {
    let read = m.saturating_add(n).saturating_mul(k).saturating_mul(4);
    m.saturating_mul(n).saturating_mul(k).saturating_add(read)
}

/// Rows and columns of the tiles of the result that are computed in parallel: near squares, of a side that makes
/// packing the factors again for each cheap.
fn tile(m: usize, n: usize, cost: usize) -> (usize, usize) {
    const PARTS: usize = 64;
    const SIDE: usize = 96;
    let parts = (cost / SERIAL).min(PARTS);
    let (mut rows, mut columns) = (m, n);
    while m.div_ceil(rows) * n.div_ceil(columns) < parts {
        if rows >= columns && rows >= 2 * SIDE {
            rows = rows.div_ceil(2).next_multiple_of(8);
        } else if columns >= 2 * SIDE {
            columns = columns.div_ceil(2).next_multiple_of(8);
        } else {
            break;
        }
    }
    (rows, columns)
}

/// A small result of long sums, such as X'y: the products of parts of the sums in parallel, added in order.
fn sum_of_parts<F: Float>(
    alpha: F,
    a: &ArrayRef2<F>,
    b: &ArrayRef2<F>,
    beta: F,
    c: &mut ArrayRef2<F>,
) {
    const PARTS: usize = 128;
    let ((m, k), n) = (a.dim(), b.ncols());
    // Results of the parts take no more memory than a quarter of the factors.
    let chunk = (k.div_ceil(PARTS))
        .max(4 * m * n / (m + n))
        .max(SERIAL / cost(m, 1, n))
        .next_multiple_of(8);
    let parts = parallel::map_chunks(k, chunk, |range| {
        let mut part = Array2::zeros((m, n));
        // Factors are read once where a short stretch of them stays in the cache.
        for first in range.clone().step_by(STRETCH) {
            let stretch = first..range.end.min(first + STRETCH);
            F::gemm(
                F::one(),
                a.slice(s![.., stretch.clone()]),
                b.slice(s![stretch, ..]),
                if first == range.start {
                    F::zero()
                } else {
                    F::one()
                },
                part.view_mut(),
            );
        }
        part
    });
    let mut parts = parts.into_iter();
    let mut sum = parts.next().unwrap_or_else(|| Array2::zeros((m, n)));
    for part in parts {
        sum += &part;
    }
    if beta == F::zero() {
        c.zip_mut_with(&sum, |c, &v| *c = alpha * v);
    } else {
        c.zip_mut_with(&sum, |c, &v| *c = alpha * v + beta * *c);
    }
}
