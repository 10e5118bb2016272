//! Densities that are sums of bumps around the rows.

mod kernel;
mod sums;

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

pub use self::kernel::{Bandwidth, DensityKernel};
use self::sums::{Bumps, Parts, Tolerance};
use super::search::{Index, NeighborsAlgorithm, Settings, gathered};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::random::{self, WeightedIndex};
use crate::special::gamma_p;
use crate::targets::Targets;
use crate::traits::{Estimator, Score};

const NAME: &str = "KernelDensity";

/// Estimates a density by a bump around every row.
///
/// ```text
/// p(x) = Σᵢ wᵢ K(d(x, xᵢ) / h) / (Z hᵖ Σᵢ wᵢ)
/// ```
/// with the bandwidth h, the kernel K, the distance d, the sample weights w (1 without), p features, and Z the integral of
/// the kernel, which is right for the Euclidean distance alone, as in scikit-learn. Bring features to one scale first.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `bandwidth` | 1 | `(0, inf)` | h: [`Bandwidth`]; wider is smoother |
/// | `kernel` | Gaussian | [`DensityKernel`] | K |
/// | `metric` | Euclidean | [`Metric`] that a tree can do | d |
/// | `metric_params` | none | [`MetricParams`] | weights, a power, variances, a matrix |
/// | `atol` | 0 | `[0, inf)` | how far a density may be off |
/// | `rtol` | 0 | `[0, inf)` | how far, in parts of it: `atol + rtol p(x)` in all; raising either is faster |
/// | `breadth_first` | `true` | | look into the nearest parts of a tree first, not into one after the other; with a tolerance |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | how rows are found; speed alone |
/// | `leaf_size` | 40 | at least 1 | rows in a leaf of a tree; speed alone, and what is summed up with a tolerance |
///
/// The two rules for the bandwidth are for features of variance near 1, and count rows whatever their weights. Without a
/// tolerance the sums are whole: rows are left out only where they are 0, or less than rounding beside the nearest row. A
/// tolerance is used where there is a tree: for few columns and Minkowski distances.
///
/// # Complexity
/// The fit builds a tree in O(n p log n), or copies the rows. A density takes O(n p) at most, and in few columns, with narrow
/// bumps or a tolerance, far less. Rows are computed in parallel, all in `f64`.
///
/// # Errors
/// `InvalidParameter`, also for metrics that the algorithm cannot do; `EmptyInput`, `NonFinite`, `ShapeMismatch`.
///
/// # Source
/// M. Rosenblatt, "Remarks on some nonparametric estimates of a density function" (1956); E. Parzen, "On estimation of a
/// probability density function and mode" (1962); B. W. Silverman, "Density estimation" (1986). Results are scikit-learn's, but
/// for the cosine kernel: there Z is right for odd numbers of features alone, and loses digits from about ten on. Here it is
/// the integral for any number.
///
/// # Examples
/// ```
/// use fitwell::{neighbors::KernelDensity, prelude::*};
/// use ndarray::array;
///
/// let model = KernelDensity::new().bandwidth(0.5).fit(&array![[0.0], [1.0], [1.2]], &())?;
/// let logs = model.score_samples(&array![[1.1], [5.0]])?;
/// assert!(logs[0] > -1.0 && logs[1] < -20.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct KernelDensity {
    bandwidth: Bandwidth,
    algorithm: NeighborsAlgorithm,
    kernel: DensityKernel,
    metric: Metric,
    #[serde(with = "crate::params::number")]
    atol: f64,
    #[serde(with = "crate::params::number")]
    rtol: f64,
    breadth_first: bool,
    leaf_size: usize,
    metric_params: Option<MetricParams>,
}

impl Default for KernelDensity {
    fn default() -> Self {
        KernelDensity {
            bandwidth: Bandwidth::default(),
            algorithm: NeighborsAlgorithm::Auto,
            kernel: DensityKernel::Gaussian,
            metric: Metric::Euclidean,
            atol: 0.0,
            rtol: 0.0,
            breadth_first: true,
            leaf_size: 40,
            metric_params: None,
        }
    }
}

impl KernelDensity {
    /// Gaussian bumps of bandwidth 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The width of the bumps.
    pub fn bandwidth(mut self, bandwidth: impl Into<Bandwidth>) -> Self {
        self.bandwidth = bandwidth.into();
        self
    }

    /// The form of the bumps.
    pub fn kernel(mut self, kernel: DensityKernel) -> Self {
        self.kernel = kernel;
        self
    }

    /// The distance.
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// What the metric needs besides the rows.
    pub fn metric_params(mut self, params: impl Into<Option<MetricParams>>) -> Self {
        self.metric_params = params.into();
        self
    }

    /// How far a density may be off.
    pub fn atol(mut self, atol: f64) -> Self {
        self.atol = atol;
        self
    }

    /// How far a density may be off, in parts of it.
    pub fn rtol(mut self, rtol: f64) -> Self {
        self.rtol = rtol;
        self
    }

    /// Whether the nearest parts of a tree are looked into first, where a tolerance is given.
    pub fn breadth_first(mut self, breadth_first: bool) -> Self {
        self.breadth_first = breadth_first;
        self
    }

    /// How rows are found.
    pub fn algorithm(mut self, algorithm: NeighborsAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// About how many rows a leaf of a tree holds.
    pub fn leaf_size(mut self, leaf_size: usize) -> Self {
        self.leaf_size = leaf_size;
        self
    }

    fn settings(&self) -> Settings {
        Settings {
            metric: self.metric,
            params: self.metric_params.clone(),
            p: 2.0,
            algorithm: self.algorithm,
            leaf_size: self.leaf_size,
            n_neighbors: None,
        }
    }
}

impl Hyperparameters for KernelDensity {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        if let Bandwidth::Value(width) = self.bandwidth {
            check::real(NAME, "bandwidth", width, Interval::above(0.0))?;
        }
        check::real(NAME, "atol", self.atol, Interval::at_least(0.0))?;
        check::real(NAME, "rtol", self.rtol, Interval::at_least(0.0))?;
        if matches!(
            self.metric,
            Metric::SqEuclidean
                | Metric::Cosine
                | Metric::Correlation
                | Metric::Yule
                | Metric::Precomputed
        ) {
            let expected = "a distance that a tree can do";
            return Err(Error::invalid_parameter(
                NAME,
                "metric",
                expected,
                self.metric,
            ));
        }
        self.settings().check(NAME)
    }
}

impl fmt::Display for KernelDensity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for KernelDensity {
    type Fitted = FittedKernelDensity<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let bandwidth = self.bandwidth.of(x.nrows(), x.ncols());
        let mut rows = x.mapv(|v| v.f64());
        // A row without weight adds nothing.
        let weights = y.sample_weight().map(|w| {
            let kept: Vec<usize> = (0..w.len()).filter(|&i| w[i] > 0.0).collect();
            if kept.len() < w.len() {
                rows = rows.select(Axis(0), &kept);
            }
            w.select(Axis(0), &kept)
        });
        let model = FittedKernelDensity {
            index: Index::new(NAME, &rows, self.settings())?,
            weights,
            bandwidth,
            kernel: self.kernel,
            atol: self.atol,
            rtol: self.rtol,
            breadth_first: self.breadth_first,
            element: PhantomData,
        };
        check::learned(NAME, "the sum of the weights", &[model.total_weight()])?;
        Ok(model)
    }
}

/// The density that [`KernelDensity`] learned. Its `score` is the sum of the logarithms of the densities of rows, each times
/// the target's weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKernelDensity<F: Float = f64> {
    index: Index<f64>,
    weights: Option<Array1<f64>>,
    bandwidth: f64,
    kernel: DensityKernel,
    atol: f64,
    rtol: f64,
    breadth_first: bool,
    element: PhantomData<F>,
}

impl<F: Float> FittedKernelDensity<F> {
    /// The width of the bumps: the number given, or that of the rule.
    pub fn bandwidth(&self) -> f64 {
        self.bandwidth
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.index.width()
    }

    /// The number of rows that have a bump: all without weights, and those of positive weight with them.
    pub fn n_samples_fit(&self) -> usize {
        self.index.n()
    }

    /// The metric, with `minkowski` of power 1, 2 and ∞ by its own name.
    pub fn effective_metric(&self) -> Metric {
        self.index.effective_metric()
    }

    fn total_weight(&self) -> f64 {
        (self.weights.as_ref()).map_or(self.index.n() as f64, |w| w.sum())
    }

    /// The logarithm of the density at each row; minus infinity where the density is 0.
    ///
    /// # Errors
    /// `ShapeMismatch`; `NonFinite`; `Overflow` for a row of which a distance is no number.
    pub fn score_samples(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        Ok(self.logs(x)?.into_iter().map(F::of).collect())
    }

    fn logs(&self, x: &ArrayRef2<F>) -> Result<Vec<f64>> {
        check::same_width(x, self.n_features_in())?;
        let (n, p) = (x.nrows(), self.index.width());
        let queries = self.index.prepare(&x.mapv(|v| v.f64()))?;
        let bumps = Bumps {
            index: &self.index,
            kernel: self.kernel,
            bandwidth: self.bandwidth,
            weights: self.weights.as_ref().and_then(|w| w.as_slice()),
            total_weight: self.total_weight(),
        };
        let scale = self.kernel.ln_integral(p) + p as f64 * self.bandwidth.ln();
        let scale = scale + bumps.total_weight.ln();
        let tolerance = Tolerance {
            ln_atol: self.atol.ln() + scale,
            rtol: self.rtol,
            breadth_first: self.breadth_first,
        };
        let parts = match self.atol > 0.0 || self.rtol > 0.0 {
            true => Parts::new(bumps),
            false => None,
        };
        // Neighbours in this order look at the same parts of a tree.
        let order = self.index.order(&queries, false);
        let at = |i: usize| order.as_ref().map_or(i, |order| order[i] as usize);
        let found = parallel::map_chunks(n, n.div_ceil(64).clamp(8, 64), |range| {
            let queries = gathered(&queries, p, range.map(at));
            match &parts {
                None => bumps.whole(&queries, p),
                Some(parts) => {
                    let each = queries.chunks_exact(p);
                    each.map(|query| parts.ln_sum(query, tolerance)).collect()
                }
            }
        });
        let mut logs = vec![0.0; n];
        for (i, sum) in found.concat().into_iter().enumerate() {
            logs[at(i)] = sum - scale;
        }
        if logs.iter().any(|v| v.is_nan()) {
            let what = "the logarithm of the density of a row".into();
            let estimator = NAME.into();
            return Err(ErrorKind::Overflow { estimator, what }.into());
        }
        Ok(logs)
    }

    /// Rows drawn from the density, (n_samples, n_features), with the seed `random_state`.
    ///
    /// # Errors
    /// `Unsupported` for kernels other than Gaussian and tophat, as in scikit-learn; `InvalidParameter` for no samples;
    /// `TooLarge`; `Overflow`.
    pub fn sample(&self, n_samples: usize, random_state: u64) -> Result<Array2<F>> {
        check::count(NAME, "n_samples", n_samples, 1)?;
        if !matches!(self.kernel, DensityKernel::Gaussian | DensityKernel::Tophat) {
            return Err(ErrorKind::Unsupported {
                estimator: format!("{NAME} with the kernel `{}`", self.kernel.name()),
                operation: "sample".into(),
            }
            .into());
        }
        let (n, p) = self.index.x.dim();
        parallel::fits::<F>("samples", (n_samples, p))?;
        let choice = match &self.weights {
            Some(w) => WeightedIndex::new(&w.to_vec())?,
            None => WeightedIndex::new(&vec![1.0; n])?,
        };
        let mut rng = random::generator(random_state);
        let mut out = parallel::zeros((n_samples, p));
        let mut z = vec![0.0; p];
        for mut row in out.rows_mut() {
            let center = self.index.x.row(choice.sample(&mut rng));
            (z.iter_mut()).for_each(|z| *z = random::standard_normal(&mut rng));
            let square: f64 = z.iter().map(|z| z * z).sum();
            let size = match self.kernel {
                DensityKernel::Tophat if square > 0.0 => {
                    // A direction, and a radius of which the p-th power is uniform.
                    let d = p as f64;
                    gamma_p(0.5 * d, 0.5 * square).powf(1.0 / d) / square.sqrt()
                }
                _ => 1.0,
            };
            for ((out, c), z) in row.iter_mut().zip(center).zip(&z) {
                *out = F::of(c + self.bandwidth * size * z);
            }
        }
        check::learned(NAME, "a sample", &out)?;
        Ok(out)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedKernelDensity<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let logs = self.logs(x)?;
        Ok(match y.sample_weight() {
            None => logs.iter().sum(),
            Some(w) => {
                let each = logs.iter().zip(w).filter(|(_, w)| **w > 0.0);
                each.map(|(log, w)| log * w).sum()
            }
        })
    }
}

impl<F: Float> fmt::Display for FittedKernelDensity<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, p) = (self.n_samples_fit(), self.n_features_in());
        // Four digits tell how wide it is.
        let h = format!("{:.3e}", self.bandwidth);
        let (kernel, h) = (self.kernel.name(), h.parse().unwrap_or(self.bandwidth));
        write!(
            f,
            "{NAME} of {n} rows, {p} features: {kernel} kernel, bandwidth {h}"
        )
    }
}

impl<F: Float> Model for FittedKernelDensity<F> {
    fn type_name() -> String {
        format!("FittedKernelDensity<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::positive("bandwidth", &[self.bandwidth])?;
        ensure::non_negative("tolerances", &[self.atol, self.rtol])?;
        if let Some(weights) = &self.weights {
            ensure::equal("number of weights", weights.len(), self.index.n())?;
            ensure::positive("weights", weights)?;
            ensure::positive("sum of the weights", &[self.total_weight()])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
