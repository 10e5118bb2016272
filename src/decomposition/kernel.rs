//! Kernels between rows.

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::linalg::matmul;
use crate::parallel;

/// The similarity k(x, y) of two rows that [`KernelPca`](super::KernelPca) is built on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// x·y
    #[default]
    Linear,
    /// (γ x·y + c)^degree
    Poly,
    /// exp(−γ |x − y|²)
    Rbf,
    /// tanh(γ x·y + c)
    Sigmoid,
    /// x·y / (|x| |y|), 0 for a row of zeros
    Cosine,
    /// The samples are the kernel itself: (n_samples, n_samples) at fit, (n, n_samples) later.
    Precomputed,
}

/// A kernel with its numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Similarity {
    pub(super) kernel: Kernel,
    pub(super) gamma: f64,
    pub(super) degree: f64,
    pub(super) coef0: f64,
}

impl Similarity {
    /// k of each row of x with each row of y, (n, m).
    pub(super) fn between(&self, x: &ArrayRef2<f64>, y: &ArrayRef2<f64>) -> Result<Array2<f64>> {
        if self.kernel == Kernel::Precomputed {
            return Ok(x.to_owned());
        }
        parallel::fits::<f64>("the kernel", (x.nrows(), y.nrows()))?;
        let Similarity { gamma, coef0, .. } = *self;
        let mut out = match self.kernel {
            Kernel::Rbf => {
                // Around a common point, near which products lose no digits.
                let centre = y.mean_axis(Axis(0)).unwrap_or_default();
                let (x, y) = (&x.view() - &centre, &y.view() - &centre);
                let mut out = matmul(&x, &y.t());
                let (x, y) = (squares(&x), squares(&y));
                each_row(&mut out, |i, row| {
                    for (v, y) in row.iter_mut().zip(&y) {
                        let distance = (x[i] + y - 2.0 * *v).max(0.0);
                        *v = crate::elementary::exp(-gamma * distance);
                    }
                });
                return Ok(out);
            }
            Kernel::Cosine => matmul(&unit(x), &unit(y).t()),
            _ => matmul(x, &y.t()),
        };
        match self.kernel {
            Kernel::Poly => each_row(&mut out, |_, row| {
                for v in row {
                    *v = power(gamma * *v + coef0, self.degree);
                }
            }),
            Kernel::Sigmoid => each_row(&mut out, |_, row| {
                for v in row {
                    *v = (gamma * *v + coef0).tanh();
                }
            }),
            _ => {}
        }
        Ok(out)
    }
}

fn power(base: f64, degree: f64) -> f64 {
    match degree as i32 {
        whole if f64::from(whole) == degree => base.powi(whole),
        _ => base.powf(degree),
    }
}

fn each_row(out: &mut Array2<f64>, f: impl Fn(usize, &mut [f64]) + Sync + Send) {
    let chunk = parallel::row_chunks(out.nrows(), out.ncols());
    parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
        for (i, mut row) in block.rows_mut().into_iter().enumerate() {
            if let Some(row) = row.as_slice_mut() {
                f(first + i, row);
            }
        }
    });
}

fn squares(x: &Array2<f64>) -> Array1<f64> {
    x.rows().into_iter().map(|row| row.dot(&row)).collect()
}

fn unit(x: &ArrayRef2<f64>) -> Array2<f64> {
    let mut x = x.to_owned();
    for mut row in x.rows_mut() {
        let norm = row.dot(&row).sqrt();
        if norm > 0.0 {
            row /= norm;
        }
    }
    x
}
