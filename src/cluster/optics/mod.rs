//! Rows in an order in which dense parts are valleys.

mod fitted;
mod xi;

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use self::xi::Plot;
use super::frontier::{Rows, Rule, rounded};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::written::written;
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::neighbors::NeighborsAlgorithm;
use crate::neighbors::search::Settings;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;

pub use fitted::FittedOptics;

const NAME: &str = "Optics";

/// A number of rows, or a share of them. By name a whole number above 1, or a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowCount {
    /// So many rows.
    Count(usize),
    /// This share of the rows, at least 2 of them.
    Share(f64),
}

impl RowCount {
    fn write(&self) -> serde_json::Value {
        match self {
            RowCount::Count(n) => (*n).into(),
            RowCount::Share(v) if v.is_finite() => (*v).into(),
            RowCount::Share(v) => v.to_string().to_lowercase().into(),
        }
    }

    fn read(value: &serde_json::Value) -> Option<Self> {
        if let Some(n) = value.as_u64() {
            return usize::try_from(n).ok().map(RowCount::Count);
        }
        match value.as_str() {
            Some("nan") => Some(RowCount::Share(f64::NAN)),
            Some("inf") => Some(RowCount::Share(f64::INFINITY)),
            Some("-inf") => Some(RowCount::Share(f64::NEG_INFINITY)),
            Some(_) => None,
            None => value.as_f64().map(RowCount::Share),
        }
    }

    fn check(self, name: &str) -> Result<()> {
        match self {
            RowCount::Count(n) => check::count(NAME, name, n, 2),
            RowCount::Share(share) => check::real(NAME, name, share, Interval::closed(0.0, 1.0)),
        }
    }

    fn of(self, name: &str, n: usize) -> Result<usize> {
        match self {
            RowCount::Count(count) if count > n => {
                let expected = format!("at most the number of rows, {n}");
                Err(Error::invalid_parameter(NAME, name, expected, count))
            }
            RowCount::Count(count) => Ok(count),
            RowCount::Share(share) => Ok(((share * n as f64) as usize).max(2)),
        }
    }
}
written!(
    RowCount,
    "a number of rows above 1 or a share of them from 0 to 1"
);

impl From<usize> for RowCount {
    fn from(n: usize) -> Self {
        RowCount::Count(n)
    }
}

impl From<f64> for RowCount {
    fn from(share: f64) -> Self {
        RowCount::Share(share)
    }
}

/// How [`Optics`] makes clusters of the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMethod {
    /// Valleys with steep sides.
    #[default]
    Xi,
    /// As [`Dbscan`](super::Dbscan) with the radius `eps`, but for rows at the border.
    Dbscan,
}

/// Orders rows so that each comes after the one it is reached from most easily; dense parts are valleys of that order.
///
/// With dₖ(a) the distance of a row to its k-th nearest (itself counted, k = `min_samples`), a row b is reached from a at
/// max(dₖ(a), d(a, b)). Beginning with the first row, the row that is reached most easily from those before comes next, of
/// several the first. Valleys of the reachability whose sides fall and rise by `xi` are clusters, also inside each other.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `min_samples` | 5 | [`RowCount`] | k; raising it smooths the order |
/// | `max_eps` | ∞ | `[0, inf]` | rows farther apart do not reach each other |
/// | `metric` | Minkowski | [`Metric`] | the distance |
/// | `p` | 2 | `(0, inf]` | its power |
/// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
/// | `cluster_method` | xi | [`ClusterMethod`] | how clusters are made |
/// | `eps` | none | none, `[0, max_eps]` | the radius of `dbscan`; none is `max_eps` |
/// | `xi` | 0.05 | `[0, 1]` | how steep sides of clusters are |
/// | `predecessor_correction` | `true` | | whether rows that are reached from outside leave a cluster |
/// | `min_cluster_size` | none | none, [`RowCount`] | the least rows of a cluster of `xi`; none is `min_samples` |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | how dₖ is found; changes no label |
/// | `leaf_size` | 30 | at least 1 | rows in a leaf of the tree; speed alone |
///
/// Targets and their weights are accepted and not used, as in scikit-learn.
///
/// # Units
/// `max_eps` and `eps` are in units of the distance: put the columns on one scale first.
///
/// # Complexity
/// dₖ by a k-d tree, about O(n p log n) in few columns, in parallel. Then the order: at most O(n² p), of which leaves of the
/// tree are passed by that are too far away; on one thread. Metrics without a tree take all O(n² p). Memory O(n p): no list
/// of neighbours is kept. The bits do not depend on the number of threads.
///
/// # Errors
/// `InvalidParameter`, also for more `min_samples` than rows; `EmptyInput`, `NonFinite`, `ShapeMismatch`, `Overflow`.
///
/// # Source
/// M. Ankerst, M. M. Breunig, H.-P. Kriegel and J. Sander, "OPTICS: ordering points to identify the clustering structure"
/// (1999); E. Schubert and M. Gertz, "Improving the cluster structure extracted from OPTICS plots" (2018).
///
/// Results are scikit-learn's, which rounds distances to 15 decimals, too, and clusters `f32` samples in `f64`. Where it takes
/// Euclidean distances from a matrix product (the metric `euclidean`; dₖ of brute force), its ties are broken by rounding,
/// ours are not.
///
/// # Examples
/// ```
/// use fitwell::{cluster::Optics, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [2.0, 5.0], [3.0, 6.0], [8.0, 7.0], [8.0, 8.0], [7.0, 3.0]];
/// let model = Optics::new().min_samples(2).fit(&x, &())?;
/// assert_eq!(model.labels(), array![0, 0, 0, 1, 1, 1]);
/// assert_eq!(model.ordering().len(), 6);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "OPTICS")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Optics {
    min_samples: RowCount,
    #[serde(with = "crate::params::number")]
    max_eps: f64,
    metric: Metric,
    #[serde(with = "crate::params::number")]
    p: f64,
    metric_params: Option<MetricParams>,
    cluster_method: ClusterMethod,
    #[serde(with = "crate::params::optional_number")]
    eps: Option<f64>,
    #[serde(with = "crate::params::number")]
    xi: f64,
    predecessor_correction: bool,
    min_cluster_size: Option<RowCount>,
    algorithm: NeighborsAlgorithm,
    leaf_size: usize,
}

impl Default for Optics {
    fn default() -> Self {
        Optics {
            min_samples: RowCount::Count(5),
            max_eps: f64::INFINITY,
            metric: Metric::Minkowski,
            p: 2.0,
            metric_params: None,
            cluster_method: ClusterMethod::Xi,
            eps: None,
            xi: 0.05,
            predecessor_correction: true,
            min_cluster_size: None,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 30,
        }
    }
}

impl Optics {
    /// Five neighbours, no limit, steep sides of 0.05.
    pub fn new() -> Self {
        Self::default()
    }

    /// The rank of the neighbour that says how dense it is around a row.
    pub fn min_samples(mut self, min_samples: impl Into<RowCount>) -> Self {
        self.min_samples = min_samples.into();
        self
    }

    /// How far apart rows may be that reach each other.
    pub fn max_eps(mut self, max_eps: f64) -> Self {
        self.max_eps = max_eps;
        self
    }

    /// The distance.
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// The power of the Minkowski distance.
    pub fn p(mut self, p: f64) -> Self {
        self.p = p;
        self
    }

    /// What the metric needs besides the rows.
    pub fn metric_params(mut self, params: impl Into<Option<MetricParams>>) -> Self {
        self.metric_params = params.into();
        self
    }

    /// How clusters are made.
    pub fn cluster_method(mut self, method: ClusterMethod) -> Self {
        self.cluster_method = method;
        self
    }

    /// The radius of [`ClusterMethod::Dbscan`].
    pub fn eps(mut self, eps: impl Into<Option<f64>>) -> Self {
        self.eps = eps.into();
        self
    }

    /// How steep the sides of clusters are.
    pub fn xi(mut self, xi: f64) -> Self {
        self.xi = xi;
        self
    }

    /// Whether rows that are reached from outside leave a cluster.
    pub fn predecessor_correction(mut self, correct: bool) -> Self {
        self.predecessor_correction = correct;
        self
    }

    /// The least rows of a cluster.
    pub fn min_cluster_size(mut self, size: impl Into<RowCount>) -> Self {
        self.min_cluster_size = Some(size.into());
        self
    }

    /// How neighbours are found.
    pub fn algorithm(mut self, algorithm: NeighborsAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// About how many rows a leaf of a tree holds.
    pub fn leaf_size(mut self, leaf_size: usize) -> Self {
        self.leaf_size = leaf_size;
        self
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
            p: self.p,
            algorithm: self.algorithm,
            leaf_size: self.leaf_size,
            n_neighbors: None,
        }
    }
}

impl Hyperparameters for Optics {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.min_samples.check("min_samples")?;
        let whole = Interval::at_least(0.0).including_high();
        check::real(NAME, "max_eps", self.max_eps, whole)?;
        check::real(NAME, "xi", self.xi, Interval::closed(0.0, 1.0))?;
        if let Some(eps) = self.eps {
            check::real(NAME, "eps", eps, Interval::closed(0.0, self.max_eps))?;
        }
        if let Some(size) = self.min_cluster_size {
            size.check("min_cluster_size")?;
        }
        self.settings().check(NAME)
    }
}

impl fmt::Display for Optics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Optics {
    type Fitted = FittedOptics;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let n = x.nrows();
        let k = self.min_samples.of("min_samples", n)?;
        if k > n {
            let expected = format!("at most the number of rows, {n}");
            return Err(Error::invalid_parameter(NAME, "min_samples", expected, k));
        }
        let least = match self.min_cluster_size {
            Some(size) => size.of("min_cluster_size", n)?,
            None => k,
        };
        let rows = Rows::new(NAME, &x.mapv(|v| v.f64()), &self.settings())?;
        let plot = order(&rows, k, self.max_eps)?;
        let (labels, hierarchy) = match self.cluster_method {
            ClusterMethod::Xi => {
                xi::clusters(&plot, self.xi, k, least, self.predecessor_correction)
            }
            ClusterMethod::Dbscan => (plot.within(self.eps.unwrap_or(self.max_eps)), Vec::new()),
        };
        if n > 1 && plot.reachability.iter().all(|r| r.is_infinite()) {
            log::warn!("{NAME}: no row reaches another; raise max_eps");
        }
        Ok(FittedOptics::new(plot, labels, hierarchy, x.ncols()))
    }
}

/// The order of the rows.
fn order(rows: &Rows, k: usize, max_eps: f64) -> Result<Plot> {
    let core = rows.core_distances(k);
    check::learned(NAME, "a distance", &core)?;
    let limited = |d: f64| {
        if d > max_eps {
            f64::INFINITY
        } else {
            rounded(d)
        }
    };
    let core: Vec<f64> = core.into_iter().map(limited).collect();
    let n = core.len();
    let rule = Rule {
        alpha: 1.0,
        within: max_eps,
        rounds: true,
    };
    let mut plot = Plot {
        ordering: Vec::with_capacity(n),
        reachability: vec![f64::INFINITY; n],
        predecessor: vec![-1; n],
        core,
    };
    for joined in rows.grow(&vec![0.0; n], &plot.core, rule) {
        plot.ordering.push(joined.row);
        plot.reachability[joined.row] = joined.reach;
        plot.predecessor[joined.row] = joined.from.map_or(-1, |from| from as i64);
    }
    Ok(plot)
}

#[cfg(test)]
mod tests;
