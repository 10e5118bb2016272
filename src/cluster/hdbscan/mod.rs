//! Groups of rows that lie densely, of several densities.

mod fitted;
mod hierarchy;
mod order;
mod select;

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use self::hierarchy::Edge;
use self::select::Choice;
use super::frontier::{Rows, Rule};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::neighbors::NeighborsAlgorithm;
use crate::neighbors::search::Settings;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;

pub use fitted::FittedHdbscan;
pub use hierarchy::Merge;

const NAME: &str = "Hdbscan";
/// The label of a row with an infinite value.
const INFINITE: i64 = -2;
/// The label of a row with a missing value.
const MISSING: i64 = -3;

/// Which clusters of the tree [`Hdbscan`] takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterSelectionMethod {
    /// Excess of mass: those that last longest.
    #[default]
    Eom,
    /// The leaves: the finest.
    Leaf,
}

/// Which centres [`Hdbscan`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoreCenters {
    /// Means, weighted by the probabilities of the rows.
    Centroid,
    /// The rows with the least sum of weighted distances to the others of the cluster.
    Medoid,
    /// Both.
    Both,
}

/// Groups rows that lie densely, at whatever density suits each cluster; what belongs to none is noise.
///
/// With dₖ(a) the distance of a row to its k-th nearest (itself counted, k = `min_samples`), rows are as far apart as
/// ```text
/// reach(a, b) = max(dₖ(a), dₖ(b), d(a, b) / alpha)
/// ```
/// Single linkage by this distance gives a tree. Going down from its root, parts of fewer than `min_cluster_size` rows are
/// rows that fall from a cluster, at λ = 1 / reach; where two large parts split, two clusters begin. Of the clusters the
/// most stable are taken, Σ (λ of the fall − λ of the birth) over the rows, none inside another.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `min_cluster_size` | 5 | at least 2 | raising it leaves fewer clusters |
/// | `min_samples` | none | none, 1 to n_samples | k; none is `min_cluster_size`; raising it leaves more noise |
/// | `cluster_selection_epsilon` | 0 | `[0, inf)` | clusters that split below this distance stay together |
/// | `max_cluster_size` | none | none, at least 1 | excess of mass takes no larger cluster |
/// | `cluster_selection_method` | eom | [`ClusterSelectionMethod`] | which clusters are taken |
/// | `allow_single_cluster` | `false` | | whether all rows may be one cluster |
/// | `alpha` | 1 | `(0, inf)` | divides distances between rows; raising it makes the rows' own dₖ count more |
/// | `metric` | Euclidean | [`Metric`] | the distance |
/// | `metric_params` | none | [`MetricParams`] | its power, weights, variances, a matrix |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | `brute` divides dₖ by `alpha`, too, and ties as scikit-learn does there |
/// | `leaf_size` | 40 | at least 1 | rows in a leaf of the tree; speed alone |
/// | `store_centers` | none | none, [`StoreCenters`] | which centres are kept |
///
/// Targets and their weights are accepted and not used, as in scikit-learn.
///
/// # Rows that are no points
/// A row with NaN is labelled −3, one with an infinite value −2; the others are clustered without them. A row with both ∞
/// and −∞ is labelled −3. Precomputed distances may be infinite: they are missing.
///
/// # Units
/// `cluster_selection_epsilon` is in units of the distance: put the columns on one scale first.
///
/// # Complexity
/// Neighbours by a k-d tree, about O(n p log n) in few columns, in parallel. Then the spanning tree: at most O(n² p), of
/// which leaves of the tree are passed by that are too far away; on one thread. Memory O(n p): no matrix of distances is
/// kept. Metrics without a tree take all O(n² p). Medoids take O(m² p) for each cluster of m rows. The bits do not depend on
/// the number of threads.
///
/// # Errors
/// `InvalidParameter`, also for more `min_samples` than rows; `EmptyInput`, `TooFewSamples` for fewer than two finite rows,
/// `ShapeMismatch`, `NonFinite` for NaN among precomputed distances, `InvalidInput` for those that are negative or not
/// symmetric, `Overflow`.
///
/// # Source
/// R. J. G. B. Campello, D. Moulavi and J. Sander, "Density-based clustering based on hierarchical density estimates" (2013);
/// C. Malzer and M. Baum, "A hybrid approach to hierarchical density-based cluster selection" (2020).
///
/// Labels and probabilities are scikit-learn's, ties included: equal edges are common, since all rows that are reached at a
/// row's own dₖ are equally far from it, and their order decides where that row belongs. Of equal rows the first joins the
/// tree, and equal edges are merged in the order in which NumPy sorts them in registers of eight numbers (AVX-512), on every
/// processor. Where scikit-learn computes Euclidean distances by a matrix product (`brute`), its ties are broken by rounding,
/// ours are not. `f32` samples are clustered in `f64`, as by scikit-learn. Its ancestors by `cluster_selection_epsilon` fail
/// with the NumPy of today; here they are those of the paper.
///
/// # Examples
/// ```
/// use fitwell::{cluster::Hdbscan, prelude::*};
/// use ndarray::array;
///
/// let x = array![
///     [1.0, 1.0], [1.2, 1.0], [1.0, 1.3], [1.1, 1.1],
///     [9.0, 9.0], [9.5, 9.0], [9.0, 9.6], [9.3, 9.2],
///     [50.0, 0.0],
/// ];
/// let model = Hdbscan::new().min_cluster_size(3).fit(&x, &())?;
/// assert_eq!(model.labels(), array![0, 0, 0, 0, 1, 1, 1, 1, -1]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "HDBSCAN")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Hdbscan {
    min_cluster_size: usize,
    min_samples: Option<usize>,
    #[serde(with = "crate::params::number")]
    cluster_selection_epsilon: f64,
    max_cluster_size: Option<usize>,
    metric: Metric,
    metric_params: Option<MetricParams>,
    #[serde(with = "crate::params::number")]
    alpha: f64,
    algorithm: NeighborsAlgorithm,
    leaf_size: usize,
    cluster_selection_method: ClusterSelectionMethod,
    allow_single_cluster: bool,
    store_centers: Option<StoreCenters>,
}

impl Default for Hdbscan {
    fn default() -> Self {
        Hdbscan {
            min_cluster_size: 5,
            min_samples: None,
            cluster_selection_epsilon: 0.0,
            max_cluster_size: None,
            metric: Metric::Euclidean,
            metric_params: None,
            alpha: 1.0,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 40,
            cluster_selection_method: ClusterSelectionMethod::Eom,
            allow_single_cluster: false,
            store_centers: None,
        }
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $given:ty,)*) => {$(
        $(#[$doc])*
        pub fn $name(mut self, $name: $given) -> Self {
            self.$name = $name.into();
            self
        }
    )*};
}

#[allow(clippy::useless_conversion)]
impl Hdbscan {
    /// Clusters of at least five rows.
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        /// The least number of rows of a cluster.
        min_cluster_size: usize,
        /// The rank of the neighbour that says how dense it is around a row.
        min_samples: impl Into<Option<usize>>,
        /// Clusters that split below this distance stay together.
        cluster_selection_epsilon: f64,
        /// The most rows of a cluster.
        max_cluster_size: impl Into<Option<usize>>,
        /// The distance.
        metric: Metric,
        /// What the metric needs besides the rows.
        metric_params: impl Into<Option<MetricParams>>,
        /// What distances between rows are divided by.
        alpha: f64,
        /// How neighbours are found.
        algorithm: NeighborsAlgorithm,
        /// About how many rows a leaf of a tree holds.
        leaf_size: usize,
        /// Which clusters are taken.
        cluster_selection_method: ClusterSelectionMethod,
        /// Whether all rows may be one cluster.
        allow_single_cluster: bool,
        /// Which centres are kept.
        store_centers: impl Into<Option<StoreCenters>>,
    }

    /// The labels of the rows it is fitted on; −1 is noise.
    ///
    /// # Errors
    /// As `fit`.
    pub fn fit_predict<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Array1<i64>> {
        Ok(Estimator::<ArrayRef2<F>>::fit(self, x, &())?.labels)
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

    fn choice(&self) -> Choice {
        Choice {
            method: self.cluster_selection_method,
            allow_single: self.allow_single_cluster,
            epsilon: self.cluster_selection_epsilon,
            max_size: self.max_cluster_size,
        }
    }

    /// Whether scikit-learn takes all distances at once, for want of a tree.
    fn brute(&self) -> bool {
        self.algorithm == NeighborsAlgorithm::Brute
            || matches!(
                self.metric,
                Metric::SqEuclidean
                    | Metric::Cosine
                    | Metric::Correlation
                    | Metric::Yule
                    | Metric::Precomputed
            )
    }

    /// The edges of the spanning tree, in the order in which rows join it.
    fn edges(&self, rows: &Rows, k: usize) -> Result<Vec<Edge>> {
        let mut core = rows.core_distances(k);
        let brute = self.brute();
        if brute && self.alpha != 1.0 {
            // scikit-learn divides them where it has all distances, and does not where it asks a tree.
            core.iter_mut().for_each(|d| *d /= self.alpha);
        }
        if self.metric != Metric::Precomputed {
            check::learned(NAME, "a distance", &core)?;
        }
        let joined = rows.grow(&core, &core, Rule::plain(self.alpha));
        let edges: Vec<Edge> = (joined.windows(2))
            .map(|pair| Edge {
                // Rows that are connected when an edge is merged lie next to each other in this order: the row that came
                // last stands for that from which the edge comes. Where edges tie that matters, and is scikit-learn's way.
                from: match pair[1].from {
                    Some(from) if !brute => from,
                    _ => pair[0].row,
                },
                to: pair[1].row,
                distance: pair[1].reach,
            })
            .collect();
        if self.metric != Metric::Precomputed {
            check::learned(NAME, "a distance", edges.iter().map(|edge| &edge.distance))?;
        } else if edges.iter().any(|edge| edge.distance.is_infinite()) {
            log::warn!(
                "{NAME}: too many distances are missing: some rows are infinitely far apart"
            );
        }
        Ok(edges)
    }

    /// What a row is: a point (0), infinite (−2) or missing (−3); positions of what is wrong with precomputed distances.
    fn kinds<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Vec<i64>> {
        if self.metric == Metric::Precomputed {
            if let Some(((row, column), v)) = x.indexed_iter().find(|(_, v)| v.is_nan()) {
                let (what, column, value) = ("X".into(), Some(column), v.f64());
                return Err(ErrorKind::NonFinite {
                    what,
                    row,
                    column,
                    value,
                }
                .into());
            }
            return Ok(vec![0; x.nrows()]);
        }
        let kind = |row: ndarray::ArrayView1<'_, F>| {
            let has = |what: F| row.iter().any(|v| *v == what);
            let (high, low) = (has(F::infinity()), has(F::neg_infinity()));
            if row.iter().any(|v| v.is_nan()) || high && low {
                MISSING
            } else if high || low {
                INFINITE
            } else {
                0
            }
        };
        Ok(x.rows().into_iter().map(kind).collect())
    }
}

impl Hyperparameters for Hdbscan {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "min_cluster_size", self.min_cluster_size, 2)?;
        if let Some(k) = self.min_samples {
            check::count(NAME, "min_samples", k, 1)?;
        }
        let epsilon = self.cluster_selection_epsilon;
        check::real(
            NAME,
            "cluster_selection_epsilon",
            epsilon,
            Interval::at_least(0.0),
        )?;
        if let Some(size) = self.max_cluster_size {
            check::count(NAME, "max_cluster_size", size, 1)?;
        }
        check::real(NAME, "alpha", self.alpha, Interval::above(0.0))?;
        if self.metric == Metric::Precomputed && self.store_centers.is_some() {
            let expected = "none for precomputed distances";
            let got = format!("{:?}", self.store_centers);
            return Err(Error::invalid_parameter(
                NAME,
                "store_centers",
                expected,
                got,
            ));
        }
        self.settings().check(NAME)
    }
}

impl fmt::Display for Hdbscan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Hdbscan {
    type Fitted = FittedHdbscan<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let kinds = self.kinds(x)?;
        let finite: Vec<usize> = (0..x.nrows()).filter(|&i| kinds[i] == 0).collect();
        let n = finite.len();
        if n < 2 {
            let what = format!("`{NAME}` (rows of finite values)");
            let needed = 2;
            let got = n;
            return Err(ErrorKind::TooFewSamples { what, needed, got }.into());
        }
        let k = self.min_samples.unwrap_or(self.min_cluster_size);
        if k > n {
            let expected = format!("at most the number of finite rows, {n}");
            let name = match self.min_samples {
                Some(_) => "min_samples",
                None => "min_cluster_size",
            };
            return Err(Error::invalid_parameter(NAME, name, expected, k));
        }
        let points = Array2::from_shape_fn((n, x.ncols()), |(i, j)| x[[finite[i], j]].f64());
        if self.metric == Metric::Precomputed {
            symmetric(&points)?;
        }
        let rows = Rows::new(NAME, &points, &self.settings())?;
        let merges = hierarchy::single_linkage(&self.edges(&rows, k)?);
        let falls = hierarchy::condense(&merges, self.min_cluster_size);
        let (of_finite, probabilities, n_clusters) = select::labels(&falls, n, &self.choice());
        let centers = fitted::Centers {
            rows: &rows,
            points: &points,
            labels: &of_finite,
            probabilities: &probabilities,
            n_clusters,
        };
        let (centroids, medoids) = match self.store_centers {
            None => (false, false),
            Some(StoreCenters::Centroid) => (true, false),
            Some(StoreCenters::Medoid) => (false, true),
            Some(StoreCenters::Both) => (true, true),
        };
        let centroids = centroids.then(|| centers.means()).transpose()?;
        let medoids = medoids.then(|| centers.middles(x, &finite));
        Ok(FittedHdbscan::new(
            kinds,
            &finite,
            (of_finite, probabilities, n_clusters),
            (centroids, medoids),
            merges,
            x.ncols(),
        ))
    }
}

fn symmetric(x: &Array2<f64>) -> Result<()> {
    if x.nrows() != x.ncols() {
        let what = "columns of precomputed distances";
        return Err(Error::shape(what, x.nrows(), x.ncols()));
    }
    for i in 0..x.nrows() {
        for j in 0..i {
            let (a, b) = (x[[i, j]], x[[j, i]]);
            let near = a == b || (a - b).abs() <= 1e-8 + 1e-5 * b.abs();
            if !near {
                let reason = format!("rows {i} and {j} are {a} apart one way and {b} the other");
                return Err(Error::invalid_input("precomputed distances", reason));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
