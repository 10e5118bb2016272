//! Fewer columns that say most of what many say.

mod centered;
mod dimension;
mod factor_analysis;
mod fast_ica;
mod gaussian;
mod incremental_pca;
mod kernel_pca;
mod nmf;
mod pca;
mod randomized;
mod settings;
mod spectrum;
mod truncated_svd;

pub use factor_analysis::{FactorAnalysis, FittedFactorAnalysis, Rotation, SvdMethod};
pub use fast_ica::{Contrast, FastIca, FittedFastIca, IcaAlgorithm, Whiten, WhitenSolver};
pub use incremental_pca::{FittedIncrementalPca, IncrementalPca};
pub use kernel_pca::{EigenSolver, FittedKernelPca, KernelPca};
pub use nmf::{BetaLoss, FittedNmf, Nmf, NmfComponents, NmfInit, NmfSolver};
pub use pca::{FittedPca, Pca, SvdSolver};
pub use settings::{IteratedPower, NComponents, PowerIterationNormalizer};
pub use truncated_svd::{FittedTruncatedSvd, SvdAlgorithm, TruncatedSvd};

use ndarray::{Array1, Array2, ArrayRef2};

pub use crate::metrics::pairwise::Kernel;

use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::matmul;
use crate::model::ensure;
use crate::parallel;
use crate::preprocessing::{names_or_numbers, overflow};

/// `pca0`, `pca1`, ...: names of what a transformer makes of all columns.
pub(crate) fn names(
    prefix: &str,
    input: Option<&[String]>,
    n_features: usize,
    n_out: usize,
) -> Result<Vec<String>> {
    names_or_numbers(input, n_features)?;
    Ok((0..n_out).map(|i| format!("{prefix}{i}")).collect())
}

/// A result that is finite, or an error.
fn finite<F: Float>(estimator: &str, what: &str, out: Array2<F>) -> Result<Array2<F>> {
    if parallel::all_finite(&out) {
        Ok(out)
    } else {
        Err(overflow(estimator, what))
    }
}

/// z components + mean: rows back from components.
fn restore<F: Float>(
    z: &ArrayRef2<F>,
    components: &ArrayRef2<F>,
    mean: Option<&Array1<F>>,
) -> Array2<F> {
    let mut out = matmul(z, components);
    if let Some(mean) = mean {
        out += mean;
    }
    out
}

/// The mean of scores, by weight.
fn mean_score<F: Float>(each: &Array1<F>, weights: Option<&Array1<f64>>) -> f64 {
    match weights {
        None => each.iter().map(|v| v.f64()).sum::<f64>() / each.len() as f64,
        Some(w) => each.iter().zip(w).map(|(v, w)| v.f64() * w).sum::<f64>() / w.sum(),
    }
}

/// Rows of norm 1, as orthonormal components have.
fn unit_rows<F: Float>(components: &ArrayRef2<F>) -> Result<()> {
    for (i, row) in components.rows().into_iter().enumerate() {
        let norm: f64 = row.iter().map(|v| v.f64() * v.f64()).sum();
        ensure::that((norm - 1.0).abs() < 1e-2, || {
            format!("component {i} has a squared norm of {norm}, not 1")
        })?;
    }
    Ok(())
}

/// As many as components, none negative or above the one before it.
fn descending<F: Float>(what: &str, values: &Array1<F>, expected: usize) -> Result<()> {
    ensure::equal(&format!("length of {what}"), values.len(), expected)?;
    ensure::non_negative(what, values)?;
    let falls = values
        .iter()
        .zip(values.iter().skip(1))
        .all(|(a, b)| a >= b);
    ensure::that(falls, || format!("{what} is not descending"))
}

/// A number of components that there can be.
fn at_most(estimator: &str, n_components: usize, most: usize, what: &str) -> Result<()> {
    if n_components <= most {
        return Ok(());
    }
    let expected = format!("at most {what} = {most}");
    Err(Error::invalid_parameter(
        estimator,
        "n_components",
        expected,
        n_components,
    ))
}
