//! Similarities of rows.

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::metric::{Metric, MetricParams};
use super::{both, pairwise_distances};
use crate::check::{self, Interval};
use crate::elementary::exp;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg;
use crate::parallel;

const NAME: &str = "pairwise_kernels";

/// A kernel by scikit-learn's name: `"linear"`, `"poly"` (or `"polynomial"`), `"rbf"`, `"sigmoid"`, `"laplacian"`, `"cosine"`,
/// `"chi2"`, `"additive_chi2"`, `"precomputed"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kernel {
    /// x·y
    #[default]
    Linear,
    /// (gamma x·y + coef0)^degree
    #[serde(alias = "polynomial")]
    Poly,
    /// exp(−gamma ‖x − y‖²)
    Rbf,
    /// tanh(gamma x·y + coef0)
    Sigmoid,
    /// exp(−gamma Σ |xⱼ − yⱼ|)
    Laplacian,
    /// x·y / (‖x‖ ‖y‖)
    Cosine,
    /// exp(−gamma Σ (xⱼ − yⱼ)² / (xⱼ + yⱼ))
    Chi2,
    /// −Σ (xⱼ − yⱼ)² / (xⱼ + yⱼ)
    AdditiveChi2,
    /// The samples are the kernel itself.
    Precomputed,
}

impl Kernel {
    /// The name, as scikit-learn has it.
    pub fn name(self) -> &'static str {
        match self {
            Kernel::Linear => "linear",
            Kernel::Poly => "poly",
            Kernel::Rbf => "rbf",
            Kernel::Sigmoid => "sigmoid",
            Kernel::Laplacian => "laplacian",
            Kernel::Cosine => "cosine",
            Kernel::Chi2 => "chi2",
            Kernel::AdditiveChi2 => "additive_chi2",
            Kernel::Precomputed => "precomputed",
        }
    }
}

/// The parameters of a [`Kernel`]: each is used by the kernels that have it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KernelParams {
    gamma: Option<f64>,
    degree: f64,
    coef0: f64,
}

impl Default for KernelParams {
    /// `gamma` 1 / n_features (1 for chi2), `degree` 3, `coef0` 1.
    fn default() -> Self {
        KernelParams {
            gamma: None,
            degree: 3.0,
            coef0: 1.0,
        }
    }
}

impl KernelParams {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// The factor of the product or distance; `None` for 1 / n_features (1 for chi2).
    #[must_use]
    pub fn gamma(mut self, gamma: impl Into<Option<f64>>) -> Self {
        self.gamma = gamma.into();
        self
    }

    /// The power of the polynomial kernel.
    #[must_use]
    pub fn degree(mut self, degree: f64) -> Self {
        self.degree = degree;
        self
    }

    /// The constant of the polynomial and the sigmoid kernel.
    #[must_use]
    pub fn coef0(mut self, coef0: f64) -> Self {
        self.coef0 = coef0;
        self
    }
}

/// A kernel between all rows of `x` (n, p) and all rows of `y` (m, p), or of `x`: (n, m). For [`Kernel::Precomputed`] the
/// result is `x` itself, which has a column for each row of `y`, or of `x`.
///
/// ```
/// use fitwell::metrics::pairwise::{Kernel, KernelParams, pairwise_kernels};
/// use ndarray::array;
///
/// let x = array![[1.0, 0.0], [0.0, 2.0]];
/// let k = pairwise_kernels(&x, None, Kernel::Poly, &KernelParams::new().degree(2.0).gamma(1.0))?;
/// assert_eq!(k, array![[4.0, 1.0], [1.0, 25.0]]);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidParameter` for a parameter that is not finite; `InvalidInput` for
/// negative values (chi2) and for a result that does not fit in memory; `Overflow`.
pub fn pairwise_kernels<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    kernel: Kernel,
    params: &KernelParams,
) -> Result<Array2<F>> {
    match kernel {
        Kernel::Linear => linear_kernel(x, y),
        Kernel::Poly => polynomial_kernel(x, y, params.degree, params.gamma, params.coef0),
        Kernel::Rbf => rbf_kernel(x, y, params.gamma),
        Kernel::Sigmoid => sigmoid_kernel(x, y, params.gamma, params.coef0),
        Kernel::Laplacian => laplacian_kernel(x, y, params.gamma),
        Kernel::Cosine => cosine_similarity(x, y),
        Kernel::Chi2 => chi2_kernel(x, y, params.gamma.unwrap_or(1.0)),
        Kernel::AdditiveChi2 => additive_chi2_kernel(x, y),
        Kernel::Precomputed => {
            check::samples(x)?;
            check::width(x, y.unwrap_or(x).nrows())?;
            Ok(x.to_owned())
        }
    }
}

/// x·y for all pairs of rows.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn linear_kernel<F: Float>(x: &ArrayRef2<F>, y: Option<&ArrayRef2<F>>) -> Result<Array2<F>> {
    let out = products(x, y)?;
    check::learned(NAME, "a product", &out)?;
    Ok(out)
}

/// (gamma x·y + coef0)^degree for all pairs of rows; `gamma` is 1 / n_features unless given.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn polynomial_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    degree: f64,
    gamma: Option<f64>,
    coef0: f64,
) -> Result<Array2<F>> {
    finite("degree", degree)?;
    finite("coef0", coef0)?;
    let gamma = gamma_of(gamma, x)?;
    let whole = degree.abs() <= 1024.0 && degree.fract() == 0.0;
    let out = mapped(products(x, y)?, |v| {
        let base = gamma * v + coef0;
        if whole {
            base.powi(degree as i32)
        } else {
            base.powf(degree)
        }
    });
    check::learned(NAME, "a power", &out)?;
    Ok(out)
}

/// tanh(gamma x·y + coef0) for all pairs of rows; `gamma` is 1 / n_features unless given.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn sigmoid_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    gamma: Option<f64>,
    coef0: f64,
) -> Result<Array2<F>> {
    finite("coef0", coef0)?;
    let gamma = gamma_of(gamma, x)?;
    let out = mapped(products(x, y)?, |v| libm::tanh(gamma * v + coef0));
    check::learned(NAME, "a value", &out)?;
    Ok(out)
}

/// exp(−gamma ‖x − y‖²) for all pairs of rows; `gamma` is 1 / n_features unless given.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn rbf_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    gamma: Option<f64>,
) -> Result<Array2<F>> {
    of_distances(x, y, Metric::SqEuclidean, gamma_of(gamma, x)?)
}

/// exp(−gamma Σ |xⱼ − yⱼ|) for all pairs of rows; `gamma` is 1 / n_features unless given.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn laplacian_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    gamma: Option<f64>,
) -> Result<Array2<F>> {
    of_distances(x, y, Metric::Manhattan, gamma_of(gamma, x)?)
}

/// x·y / (‖x‖ ‖y‖) for all pairs of rows; 0 where a row is zero.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn cosine_similarity<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
) -> Result<Array2<F>> {
    both(x, y)?;
    let unit = |x: &ArrayRef2<F>| -> Result<Array2<F>> {
        let distance = super::Distance::new(NAME, Metric::Cosine, &MetricParams::new(), x, None)?;
        let rows = distance.prepare(x, 1.0)?;
        Array2::from_shape_vec(x.dim(), rows)
            .map_err(|_| Error::shape("values of a matrix", x.len(), 0))
    };
    let left = unit(x)?;
    let right = y.map(unit).transpose()?;
    products(&left, right.as_deref())
}

/// −Σ (xⱼ − yⱼ)² / (xⱼ + yⱼ) for all pairs of rows, none of them negative; 0/0 counts as 0.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn additive_chi2_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
) -> Result<Array2<F>> {
    let other = both(x, y)?;
    for x in [x, other] {
        if let Some(((i, j), v)) = x.indexed_iter().find(|(_, v)| **v < F::zero()) {
            let reason = format!("row {i}, column {j} is negative: {v}");
            return Err(Error::invalid_input("X of a chi2 kernel", reason));
        }
    }
    parallel::fits::<F>("a kernel matrix", (x.nrows(), other.nrows()))?;
    let mut out = parallel::fresh((x.nrows(), other.nrows()));
    let rows = parallel::row_chunks(x.nrows(), other.len());
    parallel::for_each_row_chunk_mut(&mut out, rows, |first, mut out| {
        for (i, mut out) in out.rows_mut().into_iter().enumerate() {
            for (out, b) in out.iter_mut().zip(other.rows()) {
                let pairs = x.row(first + i).into_iter().zip(b);
                let sum: f64 = pairs
                    .map(|(a, b)| (a.f64() - b.f64(), a.f64() + b.f64()))
                    .map(|(d, s)| if s == 0.0 { 0.0 } else { d / s * d })
                    .sum();
                *out = F::of(-sum);
            }
        }
    });
    check::learned(NAME, "a sum", &out)?;
    Ok(out)
}

/// exp(−gamma Σ (xⱼ − yⱼ)² / (xⱼ + yⱼ)) for all pairs of rows, none of them negative.
///
/// # Errors
/// As [`pairwise_kernels`].
pub fn chi2_kernel<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    gamma: f64,
) -> Result<Array2<F>> {
    finite("gamma", gamma)?;
    let out = mapped(additive_chi2_kernel(x, y)?, |v| exp(gamma * v));
    check::learned(NAME, "a value", &out)?;
    Ok(out)
}

fn finite(name: &str, value: f64) -> Result<()> {
    let any = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
    check::real(NAME, name, value, any)
}

fn gamma_of<F: Float>(gamma: Option<f64>, x: &ArrayRef2<F>) -> Result<f64> {
    let gamma = gamma.unwrap_or(1.0 / x.ncols().max(1) as f64);
    finite("gamma", gamma)?;
    Ok(gamma)
}

/// X Yᵀ of checked matrices.
fn products<F: Float>(x: &ArrayRef2<F>, y: Option<&ArrayRef2<F>>) -> Result<Array2<F>> {
    let other = both(x, y)?;
    parallel::fits::<F>("a kernel matrix", (x.nrows(), other.nrows()))?;
    Ok(linalg::matmul(x, &other.t()))
}

fn of_distances<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    metric: Metric,
    gamma: f64,
) -> Result<Array2<F>> {
    let distances = pairwise_distances(x, y, metric, &MetricParams::new())?;
    let out = mapped(distances, |d| exp(-gamma * d));
    check::learned(NAME, "a value", &out)?;
    Ok(out)
}

fn mapped<F: Float>(mut out: Array2<F>, f: impl Fn(f64) -> f64 + Sync + Send) -> Array2<F> {
    let rows = parallel::row_chunks(out.nrows(), out.ncols());
    parallel::for_each_row_chunk_mut(&mut out, rows, |_, mut out| {
        linalg::simd(
            #[inline(always)]
            || out.iter_mut().for_each(|v| *v = F::of(f(v.f64()))),
        );
    });
    out
}
