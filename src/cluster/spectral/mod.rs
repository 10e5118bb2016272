//! Groups that are cut out of a graph of similarities.

mod affinity;
mod assign;
mod eigen;

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::affinity::Normalised;
pub use self::affinity::{AffinityMatrix, SpectralAffinity};
use super::k_means::KMeans;
use super::settings::settings;
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::feature_selection::written::{from_real, real, written};
use crate::float::Float;
use crate::linalg::largest_is_negative;
use crate::metrics::pairwise::{KernelParams, Metric, pairwise_kernels};
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "SpectralClustering";

/// How [`SpectralClustering`] finds eigenvectors. All find the same, up to the tolerance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpectralSolver {
    /// The whole decomposition for up to 300 rows, `Arpack` for more.
    #[default]
    Auto,
    /// The whole decomposition, whatever the size.
    Dense,
    /// Iterations of a block of vectors, the Lanczos method. (scikit-learn's `lobpcg` and `amg` are read as this one, which
    /// needs neither a preconditioner nor a factorisation.)
    #[serde(alias = "lobpcg", alias = "amg")]
    Arpack,
}

/// When the eigenvectors of [`SpectralClustering`] are near enough. By name a number or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum EigenTol {
    /// 1e-10
    #[default]
    Auto,
    /// What an eigenvector may lack in length after a product with the matrix; from 1e-13 on.
    Value(f64),
}

impl From<f64> for EigenTol {
    fn from(tol: f64) -> Self {
        EigenTol::Value(tol)
    }
}

impl EigenTol {
    fn write(&self) -> Value {
        match *self {
            EigenTol::Auto => "auto".into(),
            EigenTol::Value(tol) => from_real(tol),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" {
            return Some(EigenTol::Auto);
        }
        real(value).map(EigenTol::Value)
    }
}
written!(EigenTol, "a tolerance or \"auto\"");

/// How [`SpectralClustering`] makes groups of eigenvectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignLabels {
    /// By [`KMeans`].
    #[default]
    #[serde(rename = "kmeans")]
    KMeans,
    /// The groups nearest to the rows, turned as well as can be.
    Discretize,
    /// By a QR decomposition with pivoting: no iterations, no randomness.
    ClusterQr,
}

settings! {
    /// Cuts a graph of similarities into groups that hang together, of any shape.
    ///
    /// With similarities A (n_samples, n_samples) and the degrees D = diag(A 1), both without the diagonal of A, it takes the
    /// eigenvectors v of
    /// ```text
    /// L = I − D^(−1/2) A D^(−1/2)
    /// ```
    /// of the `n_components` smallest eigenvalues, and makes groups of the rows of D^(−1/2) v: a relaxed form of the cut that
    /// loses the least similarity in parts of the degrees of the groups. Similarities must not be negative, and fall with
    /// distance: scale the features, and choose `gamma` or `n_neighbors` with care.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `n_clusters` | 8 | 1 to n_samples | groups |
    /// | `affinity` | rbf | [`SpectralAffinity`] | A |
    /// | `gamma` | 1 | `[0, inf)` | the factor in the rbf, poly, sigmoid, laplacian and chi2 kernels; larger is narrower |
    /// | `degree`, `coef0` | 3, 1 | `[0, inf)`, finite | of the poly, and the sigmoid kernel |
    /// | `n_neighbors` | 10 | 1 to n_samples | neighbours of a row, itself among them |
    /// | `n_components` | `n_clusters` | 1 to n_samples | eigenvectors |
    /// | `eigen_solver` | auto | [`SpectralSolver`] | how they are found |
    /// | `eigen_tol` | auto | [`EigenTol`] | when they are near enough |
    /// | `assign_labels` | k-means | [`AssignLabels`] | how groups are made of them |
    /// | `n_init` | 10 | 1 to 10,000 | starts of k-means |
    /// | `random_state` | 0 | | the seed of the eigenvectors, of k-means and of discretize |
    ///
    /// # Complexity
    /// Neighbours take O(n k) memory for k of them, kernels n² numbers, twice: the size is checked first. The whole decomposition
    /// takes 9 n³, an iteration the product of A with some `n_components` vectors. In `f64` throughout; the same bits with
    /// any number of threads.
    ///
    /// # Errors
    /// `EmptyInput`, `NonFinite`, `InvalidParameter`, also for more groups, components or neighbours than rows; `TooFewSamples` for
    /// one row; `ShapeMismatch` for a given matrix that is not square; `InvalidInput` for negative similarities; `TooLarge`,
    /// `Overflow`, `Cancelled`. Eigenvectors that are not near enough are no error: `converged()` is false. Sample weights are
    /// checked and not used, as in scikit-learn.
    ///
    /// # Source
    /// J. Shi and J. Malik, "Normalized cuts and image segmentation" (2000); U. von Luxburg, "A tutorial on spectral clustering"
    /// (2007). As in scikit-learn; the numbers of the groups, and the groups where several cuts are equally good, depend on other
    /// random numbers than there. A given matrix that is not symmetric counts as the mean of itself and its transpose.
    ///
    /// # Examples
    /// ```
    /// use fitwell::cluster::{SpectralAffinity, SpectralClustering};
    /// use fitwell::datasets::make_circles;
    /// use fitwell::prelude::*;
    ///
    /// // A ring around a ring.
    /// let (x, y) = make_circles().n_samples(120).factor(0.4).noise(0.03).build()?;
    /// let model = SpectralClustering::new(2).affinity(SpectralAffinity::NearestNeighbors).fit(&x, &())?;
    /// let inside: Vec<bool> = y.codes().iter().map(|&code| code == y.codes()[0]).collect();
    /// let found: Vec<bool> = model.labels().iter().map(|&label| label == model.labels()[0]).collect();
    /// assert_eq!(found, inside);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct SpectralClustering {
        n_clusters: usize = 8 => "The number of groups.";
        eigen_solver: SpectralSolver = SpectralSolver::Auto => "How eigenvectors are found.";
        n_components: Option<usize> = None;
        random_state: u64 = 0 => "The seed.";
        n_init: usize = 10 => "The starts of k-means.";
        #[serde(with = "crate::params::number")]
        gamma: f64 = 1.0 => "The factor of the product or distance in a kernel.";
        affinity: SpectralAffinity = SpectralAffinity::default();
        n_neighbors: usize = 10 => "How many neighbours a row has, itself among them.";
        eigen_tol: EigenTol = EigenTol::Auto;
        assign_labels: AssignLabels = AssignLabels::KMeans => "How groups are made of eigenvectors.";
        #[serde(with = "crate::params::number")]
        degree: f64 = 3.0 => "The power of the polynomial kernel.";
        #[serde(with = "crate::params::number")]
        coef0: f64 = 1.0 => "The constant of the polynomial and the sigmoid kernel.";
    }
    check(this) {
        check::count(NAME, "n_clusters", this.n_clusters, 1)?;
        check::count(NAME, "n_components", this.n_components.unwrap_or(1), 1)?;
        check::count(NAME, "n_neighbors", this.n_neighbors, 1)?;
        check::real(NAME, "n_init", this.n_init as f64, Interval::closed(1.0, 1e4))?;
        check::real(NAME, "gamma", this.gamma, Interval::at_least(0.0))?;
        check::real(NAME, "degree", this.degree, Interval::at_least(0.0))?;
        let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::real(NAME, "coef0", this.coef0, finite)?;
        match this.eigen_tol {
            EigenTol::Value(tol) => check::real(NAME, "eigen_tol", tol, Interval::at_least(0.0)),
            EigenTol::Auto => Ok(()),
        }
    }
}

impl SpectralClustering {
    /// So many groups by radial basis functions.
    pub fn new(n_clusters: usize) -> Self {
        Self::default().n_clusters(n_clusters)
    }

    /// How many eigenvectors are used; `None` for as many as groups.
    pub fn n_components(mut self, n_components: impl Into<Option<usize>>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// What makes rows similar.
    pub fn affinity(mut self, affinity: impl Into<SpectralAffinity>) -> Self {
        self.affinity = affinity.into();
        self
    }

    /// When eigenvectors are near enough.
    pub fn eigen_tol(mut self, tol: impl Into<EigenTol>) -> Self {
        self.eigen_tol = tol.into();
        self
    }

    /// The group of each row: the labels of [`fit`](Estimator::fit).
    ///
    /// # Errors
    /// As `fit`.
    pub fn fit_predict<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        Ok(Estimator::<ArrayRef2<F>>::fit(self, x, &())?.labels)
    }

    fn check_data<F: Float, Y: Targets + ?Sized>(&self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::samples(x)?;
        let n = x.nrows();
        check::target(y, n)?;
        if n < 2 {
            let what = NAME.into();
            let (needed, got) = (2, n);
            return Err(ErrorKind::TooFewSamples { what, needed, got }.into());
        }
        let neighbors = matches!(
            self.affinity,
            SpectralAffinity::NearestNeighbors | SpectralAffinity::PrecomputedNearestNeighbors
        );
        let given = matches!(
            self.affinity,
            SpectralAffinity::Precomputed | SpectralAffinity::PrecomputedNearestNeighbors
        );
        for (name, count, counts) in [
            ("n_clusters", self.n_clusters, true),
            ("n_components", self.n_components.unwrap_or(1), true),
            ("n_neighbors", self.n_neighbors, neighbors),
        ] {
            if counts && count > n {
                let expected = format!("at most the number of rows, {n}");
                return Err(Error::invalid_parameter(NAME, name, expected, count));
            }
        }
        if given && x.ncols() != n {
            return Err(Error::shape("columns of a given matrix", n, x.ncols()));
        }
        Ok(())
    }

    fn affinities<F: Float>(&self, x: &ArrayRef2<F>) -> Result<AffinityMatrix> {
        let x = x.mapv(|v| v.f64());
        match self.affinity {
            SpectralAffinity::Precomputed => Ok(AffinityMatrix::Dense(x)),
            SpectralAffinity::NearestNeighbors => {
                AffinityMatrix::of_neighbors(NAME, &x, self.n_neighbors, Metric::Euclidean)
            }
            SpectralAffinity::PrecomputedNearestNeighbors => {
                AffinityMatrix::of_neighbors(NAME, &x, self.n_neighbors, Metric::Precomputed)
            }
            SpectralAffinity::Kernel(kernel) => {
                let params = KernelParams::new().gamma(self.gamma);
                let params = params.degree(self.degree).coef0(self.coef0);
                Ok(AffinityMatrix::Dense(pairwise_kernels(
                    &x, None, kernel, &params,
                )?))
            }
        }
    }

    fn tol(&self) -> f64 {
        match self.eigen_tol {
            EigenTol::Auto => 1e-10,
            EigenTol::Value(tol) => tol.max(1e-13),
        }
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for SpectralClustering {
    type Fitted = FittedSpectralClustering;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        self.check_data(x, y)?;
        let affinity_matrix = self.affinities(x)?;
        let normalised = Normalised::new(&affinity_matrix)?;
        let k = self.n_components.unwrap_or(self.n_clusters);
        let found = eigen::leading(
            &normalised,
            k,
            self.eigen_solver == SpectralSolver::Dense,
            self.tol(),
            self.random_state,
            |i| self.watch.report(NAME, i, None, None),
        )?;
        if !found.converged {
            log::warn!("{NAME}: the eigenvectors are not as near as eigen_tol asks for; raise it");
        }
        let mut map = found.vectors;
        for mut column in map.columns_mut() {
            column /= &normalised.roots;
            if largest_is_negative(&column) {
                column.mapv_inplace(|v| -v);
            }
        }
        drop(normalised);
        check::learned(NAME, "an eigenvector over the degrees", &map)?;
        let labels = match self.assign_labels {
            AssignLabels::ClusterQr => assign::cluster_qr(&map)?,
            AssignLabels::Discretize => assign::discretize(&map, self.random_state)?,
            AssignLabels::KMeans => {
                let groups = KMeans::new(self.n_clusters).n_init(self.n_init);
                let groups = groups.random_state(self.random_state);
                Estimator::<ArrayRef2<f64>>::fit(&groups, &map, &())?
                    .labels()
                    .clone()
            }
        };
        Ok(FittedSpectralClustering {
            labels,
            n_labels: match self.assign_labels {
                AssignLabels::KMeans => self.n_clusters,
                _ => k,
            },
            affinity_matrix: Some(affinity_matrix),
            converged: found.converged,
            n_iter: found.n_iter,
            n_features_in: x.ncols(),
        })
    }
}

/// Groups found by [`SpectralClustering`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSpectralClustering {
    labels: Array1<usize>,
    n_labels: usize,
    #[serde(skip)]
    affinity_matrix: Option<AffinityMatrix>,
    converged: bool,
    n_iter: usize,
    n_features_in: usize,
}

impl FittedSpectralClustering {
    /// The group of each row of the training data.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// The similarities that were used; `None` for a model that was read from a file, which leaves them out.
    pub fn affinity_matrix(&self) -> Option<&AffinityMatrix> {
        self.affinity_matrix.as_ref()
    }

    /// Whether the eigenvectors are as near as `eigen_tol` asks for.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// Products of the matrix with a block of vectors; 0 where the whole decomposition was taken.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }
}

impl fmt::Display for FittedSpectralClustering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut sizes = vec![0; self.n_labels];
        for &label in &self.labels {
            if let Some(size) = sizes.get_mut(label) {
                *size += 1;
            }
        }
        write!(
            f,
            "{NAME} of {} rows: groups of {sizes:?}",
            self.labels.len()
        )
    }
}

impl Model for FittedSpectralClustering {
    fn type_name() -> String {
        "FittedSpectralClustering".into()
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of labels", self.labels.len(), 2)?;
        ensure::at_least("number of groups", self.n_labels, 1)?;
        ensure::that(self.n_labels <= self.labels.len(), || {
            format!("{} groups of {} rows", self.n_labels, self.labels.len())
        })?;
        ensure::indices("labels", &self.labels, self.n_labels)?;
        ensure::at_least("n_features_in", self.n_features_in, 1)
    }
}

#[cfg(test)]
mod tests;
