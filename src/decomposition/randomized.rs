//! The leading part of a singular value decomposition by random projections.
//!
//! N. Halko, P.-G. Martinsson, J. A. Tropp (2011), "Finding structure with randomness", algorithms 4.4 and 5.1: the range of
//! A Ω for a normal random matrix Ω, sharpened by power iterations, holds nearly all of the leading singular vectors.

use ndarray::{Array1, Array2, ArrayRef2, s};

use super::centered::Centered;
use super::settings::PowerIterationNormalizer;
use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::linalg::{matmul, qr, thin_svd};
use crate::random::{generator, standard_normal};

/// How to find the first `n_components` singular values.
pub(super) struct Randomized {
    pub(super) n_components: usize,
    pub(super) n_oversamples: usize,
    pub(super) n_iter: usize,
    pub(super) normalizer: PowerIterationNormalizer,
    pub(super) random_state: u64,
}

/// Singular values, descending, and right singular vectors in rows, whose largest entries are positive.
pub(super) struct Leading<F> {
    pub(super) values: Array1<F>,
    pub(super) vt: Array2<F>,
}

impl Randomized {
    /// The leading part of A, not scaled back.
    pub(super) fn decompose<F: Float>(
        &self,
        estimator: &str,
        a: &Centered<'_, F>,
    ) -> Result<Leading<F>> {
        let (n, p) = a.dim();
        let size = (self.n_components.saturating_add(self.n_oversamples)).min(n.min(p));
        let normalizer = match self.normalizer {
            PowerIterationNormalizer::Auto if self.n_iter <= 2 => PowerIterationNormalizer::None,
            PowerIterationNormalizer::Auto => PowerIterationNormalizer::Lu,
            given => given,
        };
        // In single precision the squares of small singular values drown in a pair of products.
        let always = normalizer == PowerIterationNormalizer::Qr
            || (normalizer == PowerIterationNormalizer::Lu && F::NAME == "f32");
        let once = normalizer == PowerIterationNormalizer::Lu;
        let basis = |m: Array2<F>| -> Result<Array2<F>> {
            check::learned(estimator, "a power iteration", &m)?;
            Ok(qr(&m)?.q)
        };
        let mut rng = generator(self.random_state);
        // As many directions as there are: any of them will do, and nothing needs sharpening.
        let all = size == n.min(p);
        let n_iter = if all { 0 } else { self.n_iter };
        let mut start = |rows: usize| {
            if all {
                return Array2::eye(size);
            }
            Array2::from_shape_simple_fn((rows, size), || F::of(standard_normal(&mut rng)))
        };
        let right = if n >= p {
            let mut q = start(p);
            for _ in 0..n_iter {
                if always {
                    q = basis(a.transposed_times(&basis(a.times(&q))?))?;
                } else {
                    q = a.normal_times(&q);
                    if once {
                        q = basis(q)?;
                    }
                }
            }
            let q = basis(a.times(&q))?;
            // A ≈ Q (A' Q)', whose right singular vectors are the left ones of A' Q.
            thin(&a.transposed_times(&q), None)?
        } else {
            let mut q = start(n);
            for _ in 0..n_iter {
                let mut half = a.transposed_times(&q);
                if always {
                    half = basis(half)?;
                }
                q = a.times(&half);
                if always || once {
                    q = basis(q)?;
                }
            }
            let q = basis(a.transposed_times(&q))?;
            thin(&a.times(&q), Some(&q))?
        };
        let k = self.n_components.min(size);
        Ok(Leading {
            values: right.values.slice(s![..k]).to_owned(),
            vt: right.vt.slice(s![..k, ..]).to_owned(),
        })
    }
}

/// Of b (p, size): singular values and left singular vectors in rows. Of b (n, size) = A q: right singular vectors, back
/// from the basis q (p, size).
fn thin<F: Float>(b: &ArrayRef2<F>, q: Option<&Array2<F>>) -> Result<Leading<F>> {
    let mut vt = match q {
        None => {
            let svd = thin_svd(b)?;
            let (values, vt) = (svd.s, svd.u.reversed_axes());
            return Ok(Leading {
                values,
                vt: signed(vt),
            });
        }
        Some(q) => {
            let svd = thin_svd(b)?;
            let vt = matmul(&svd.vt, &q.t());
            (svd.s, vt)
        }
    };
    vt.1 = signed(vt.1);
    Ok(Leading {
        values: vt.0,
        vt: vt.1,
    })
}

/// The entry of largest magnitude of each row becomes positive, the first of them if there are several.
pub(super) fn signed<F: Float>(mut rows: Array2<F>) -> Array2<F> {
    for mut row in rows.rows_mut() {
        let largest = (row.iter()).fold(F::zero(), |m, &v| if v.abs() > m.abs() { v } else { m });
        if largest < F::zero() {
            row.mapv_inplace(|v| -v);
        }
    }
    rows
}
