//! The BLAS and LAPACK backend, through `ndarray` and `ndarray-linalg`.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, ArrayViewMut2, ShapeBuilder};
use ndarray_linalg::error::LinalgError;
use ndarray_linalg::{
    CholeskyInplace, Diag, Eigh, JobSvd, QRInto, SVDDC, SolveTriangularInplace, UPLO,
};

use super::{Kernels, SvdParts};

macro_rules! kernels {
    ($($float:ty),*) => {$(
        impl Kernels for $float {
            // BLAS threads its products itself.
            const SPLIT_PRODUCTS: bool = false;

            fn gemm(
                alpha: Self,
                a: ArrayView2<'_, Self>,
                b: ArrayView2<'_, Self>,
                beta: Self,
                mut c: ArrayViewMut2<'_, Self>,
            ) {
                general_mat_mul(alpha, &a, &b, beta, &mut c);
            }

            fn cholesky(a: &mut Array2<Self>) -> Result<(), usize> {
                match a.cholesky_inplace(UPLO::Lower) {
                    Ok(_) => Ok(()),
                    Err(LinalgError::Lapack(
                        lax::error::Error::LapackComputationalFailure { return_code },
                    )) => Err(usize::try_from(return_code).map_or(0, |pivot| pivot - 1)),
                    Err(_) => Err(0),
                }
            }

            fn solve_triangular(
                a: ArrayView2<'_, Self>,
                lower: bool,
                b: &mut Array2<Self>,
            ) -> Option<()> {
                let triangle = if lower { UPLO::Lower } else { UPLO::Upper };
                let copy;
                let n = a.nrows() as isize;
                let a = if a.strides() == [n, 1] || a.strides() == [1, n] {
                    a
                } else {
                    // LAPACK knows no gaps and no reversed axes, which a plain copy would keep.
                    let mut columns = Array2::zeros(a.dim().f());
                    columns.assign(&a);
                    copy = columns;
                    copy.view()
                };
                a.solve_triangular_inplace(triangle, Diag::NonUnit, b).ok()?;
                Some(())
            }

            fn svd(a: &Array2<Self>) -> Option<SvdParts<Self>> {
                match a.svddc(JobSvd::Some) {
                    Ok((Some(u), s, Some(vt))) => Some((u, s, vt.reversed_axes())),
                    _ => None,
                }
            }

            fn eigh(a: &Array2<Self>) -> Option<(Array1<Self>, Array2<Self>)> {
                a.eigh(UPLO::Lower).ok()
            }

            fn qr(a: Array2<Self>) -> Option<(Array2<Self>, Array2<Self>)> {
                a.qr_into().ok()
            }

            fn qr_r(a: Array2<Self>) -> Option<Array2<Self>> {
                Some(a.qr_into().ok()?.1)
            }
        }
    )*};
}
kernels!(f32, f64);
