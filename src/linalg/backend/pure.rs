//! The pure-Rust backend: `faer`, and ndarray's product where it is the faster one or the layout asks for it.

use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::{
    cholesky::llt, evd, householder, matmul, qr::no_pivoting::factor, svd, triangular_solve,
};
use faer::traits::RealField;
use faer::{Accum, Conj, Mat, MatMut, MatRef, Par, prelude::default};
use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, ArrayViewMut2, NdFloat, ShapeBuilder, s};

use super::{Kernels, SvdParts};

/// One thread: faer splits its work by the number of threads it is told, which would change bits.
const PAR: Par = Par::Seq;

macro_rules! kernels {
    ($($float:ty),*) => {$(
        impl Kernels for $float {
            const SPLIT_PRODUCTS: bool = true;

            fn gemm(
                alpha: Self,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                beta: Self,
                c: ArrayViewMut2<'_, Self>,
            ) {
                gemm(alpha, a, b, beta, c);
            }
            fn cholesky(a: &mut Array2<Self>) -> Result<(), usize> {
                cholesky(a)
            }
            fn solve_triangular(
                a: ArrayView2<'_, Self>,
                lower: bool,
                b: &mut Array2<Self>,
            ) -> Option<()> {
                solve_triangular(a, lower, b);
                Some(())
            }
            fn svd(a: &Array2<Self>) -> Option<SvdParts<Self>> {
                svd(a)
            }
            fn eigh(a: &Array2<Self>) -> Option<(Array1<Self>, Array2<Self>)> {
                eigh(a)
            }
            fn qr(a: Array2<Self>) -> Option<(Array2<Self>, Array2<Self>)> {
                Some(qr(a))
            }
            fn qr_r(a: Array2<Self>) -> Option<Array2<Self>> {
                Some(qr_r(a))
            }
        }
    )*};
}
kernels!(f32, f64);

/// Strides that faer's kernels are fast with: one of them 1, none negative.
fn strides<T>(a: &ArrayRef2<T>) -> Option<(isize, isize)> {
    let (rows, columns) = (a.strides()[0], a.strides()[1]);
    (rows >= 0 && columns >= 0 && (rows == 1 || columns == 1)).then_some((rows, columns))
}

#[allow(unsafe_code)]
fn mat<'a, T>(a: &ArrayView2<'a, T>) -> Option<MatRef<'a, T>> {
    let (m, n) = a.dim();
    let (rows, columns) = strides(a)?;
    // SAFETY: for 'a the view borrows all the elements that its pointer, shape and strides reach, and no others are
    // reached through the same pointer, shape and strides here.
    Some(unsafe { MatRef::from_raw_parts(a.as_ptr(), m, n, rows, columns) })
}

#[allow(unsafe_code)]
fn mat_mut<'a, T>(c: &'a mut ArrayViewMut2<'_, T>) -> Option<MatMut<'a, T>> {
    let (m, n) = c.dim();
    let (rows, columns) = strides(c)?;
    // SAFETY: as in `mat`; the view borrows its elements mutably, and they do not overlap.
    Some(unsafe { MatMut::from_raw_parts_mut(c.as_mut_ptr(), m, n, rows, columns) })
}

fn gemm<T: RealField + NdFloat>(
    alpha: T,
    a: ArrayView2<'_, T>,
    b: ArrayView2<'_, T>,
    beta: T,
    mut c: ArrayViewMut2<'_, T>,
) {
    let (Some(lhs), Some(rhs)) = (mat(&a), mat(&b)) else {
        return general_mat_mul(alpha, &a, &b, beta, &mut c);
    };
    if beta != T::zero() && beta != T::one() {
        c.mapv_inplace(|v| v * beta);
    }
    let accumulate = if beta == T::zero() {
        Accum::Replace
    } else {
        Accum::Add
    };
    match mat_mut(&mut c) {
        Some(out) => matmul::matmul(out, accumulate, lhs, rhs, alpha, PAR),
        None => general_mat_mul(
            alpha,
            &a,
            &b,
            if beta == T::zero() { beta } else { T::one() },
            &mut c,
        ),
    }
}

/// The values of an owned matrix in column order.
fn columns<T: Copy>(a: &Array2<T>) -> MatRef<'_, T> {
    let (m, n) = a.dim();
    match a.t().to_slice() {
        Some(values) => MatRef::from_column_major_slice(values, m, n),
        None => unreachable!("matrices to decompose are in column order"),
    }
}

fn columns_mut<T: Copy>(a: &mut Array2<T>) -> MatMut<'_, T> {
    let (m, n) = a.dim();
    match a.view_mut().reversed_axes().into_slice() {
        Some(values) => MatMut::from_column_major_slice_mut(values, m, n),
        None => unreachable!("matrices to decompose are in column order"),
    }
}

fn cholesky<T: RealField + NdFloat>(a: &mut Array2<T>) -> Result<(), usize> {
    let n = a.nrows();
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<T>(
        n,
        PAR,
        default(),
    ));
    llt::factor::cholesky_in_place(
        columns_mut(a),
        default(),
        PAR,
        MemStack::new(&mut memory),
        default(),
    )
    .map(|_| ())
    .map_err(|llt::factor::LltError::NonPositivePivot { index }| index)
}

fn solve_triangular<T: RealField + NdFloat>(a: ArrayView2<'_, T>, lower: bool, b: &mut Array2<T>) {
    let owned;
    let a = match mat(&a) {
        Some(a) => a,
        None => {
            owned = in_columns(&a);
            columns(&owned)
        }
    };
    let b = columns_mut(b);
    if lower {
        triangular_solve::solve_lower_triangular_in_place(a, b, PAR);
    } else {
        triangular_solve::solve_upper_triangular_in_place(a, b, PAR);
    }
}

fn in_columns<T: NdFloat>(a: &ArrayView2<'_, T>) -> Array2<T> {
    let mut copy = Array2::zeros(a.dim().f());
    copy.assign(a);
    copy
}

fn svd<T: RealField + NdFloat>(a: &Array2<T>) -> Option<SvdParts<T>> {
    let (m, n) = a.dim();
    let k = m.min(n);
    let (mut u, mut v) = (Array2::zeros((m, k).f()), Array2::zeros((n, k).f()));
    let mut s = faer::diag::Diag::<T>::zeros(k);
    let thin = svd::ComputeSvdVectors::Thin;
    let mut memory = MemBuffer::new(svd::svd_scratch::<T>(m, n, thin, thin, PAR, default()));
    svd::svd(
        columns(a),
        s.as_mut(),
        Some(columns_mut(&mut u)),
        Some(columns_mut(&mut v)),
        PAR,
        MemStack::new(&mut memory),
        default(),
    )
    .ok()?;
    let s = s.column_vector().iter().copied().collect();
    Some((u, s, v))
}

fn eigh<T: RealField + NdFloat>(a: &Array2<T>) -> Option<(Array1<T>, Array2<T>)> {
    let n = a.nrows();
    let mut vectors = Array2::zeros((n, n).f());
    let mut values = faer::diag::Diag::<T>::zeros(n);
    let mut memory = MemBuffer::new(evd::self_adjoint_evd_scratch::<T>(
        n,
        evd::ComputeEigenvectors::Yes,
        PAR,
        default(),
    ));
    evd::self_adjoint_evd(
        columns(a),
        values.as_mut(),
        Some(columns_mut(&mut vectors)),
        PAR,
        MemStack::new(&mut memory),
        default(),
    )
    .ok()?;
    let values = values.column_vector().iter().copied().collect();
    Some((values, vectors))
}

/// Householder vectors and R in the place of `a`, and the block coefficients.
fn householder_qr<T: RealField + NdFloat>(a: &mut Array2<T>) -> Mat<T> {
    let (m, n) = a.dim();
    let block = factor::recommended_block_size::<T>(m, n);
    let mut coefficients = Mat::zeros(block, m.min(n));
    let mut memory = MemBuffer::new(factor::qr_in_place_scratch::<T>(
        m,
        n,
        block,
        PAR,
        default(),
    ));
    factor::qr_in_place(
        columns_mut(a),
        coefficients.as_mut(),
        PAR,
        MemStack::new(&mut memory),
        default(),
    );
    coefficients
}

fn upper<T: NdFloat>(a: &Array2<T>) -> Array2<T> {
    let k = a.nrows().min(a.ncols());
    let mut r = Array2::zeros((k, a.ncols()));
    for (i, mut row) in r.rows_mut().into_iter().enumerate() {
        row.slice_mut(s![i..]).assign(&a.slice(s![i, i..]));
    }
    r
}

fn qr<T: RealField + NdFloat>(mut a: Array2<T>) -> (Array2<T>, Array2<T>) {
    let (m, n) = a.dim();
    let k = m.min(n);
    let coefficients = householder_qr(&mut a);
    let mut q = Array2::zeros((m, k).f());
    q.diag_mut().fill(T::one());
    let mut memory = MemBuffer::new(
        householder::apply_block_householder_sequence_on_the_left_in_place_scratch::<T>(
            m,
            coefficients.nrows(),
            k,
        ),
    );
    householder::apply_block_householder_sequence_on_the_left_in_place_with_conj(
        columns(&a).subcols(0, k),
        coefficients.as_ref(),
        Conj::No,
        columns_mut(&mut q),
        PAR,
        MemStack::new(&mut memory),
    );
    (q, upper(&a))
}

fn qr_r<T: RealField + NdFloat>(mut a: Array2<T>) -> Array2<T> {
    householder_qr(&mut a);
    upper(&a)
}
