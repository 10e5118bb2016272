//! What Optics learns.

use std::fmt;

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::super::dbscan::check_labels;
use super::xi::{self, Plot};
use super::{NAME, RowCount};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::model::{Model, ensure};

/// The order of rows found by [`Optics`](super::Optics), and its clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOptics {
    pub(super) labels: Array1<i64>,
    n_clusters: usize,
    /// None for infinite.
    reachability: Vec<Option<f64>>,
    core_distances: Vec<Option<f64>>,
    ordering: Array1<usize>,
    predecessor: Array1<i64>,
    cluster_hierarchy: Vec<(usize, usize)>,
    n_features_in: usize,
}

fn with_infinity(values: &[Option<f64>]) -> Array1<f64> {
    values.iter().map(|v| v.unwrap_or(f64::INFINITY)).collect()
}

impl FittedOptics {
    pub(super) fn new(
        plot: Plot,
        labels: Vec<i64>,
        cluster_hierarchy: Vec<(usize, usize)>,
        n_features_in: usize,
    ) -> Self {
        let n_clusters = labels.iter().fold(-1, |most, &label| label.max(most)) + 1;
        let known = |values: Vec<f64>| {
            let known = values.into_iter().map(|v| v.is_finite().then_some(v));
            known.collect()
        };
        FittedOptics {
            labels: labels.into(),
            n_clusters: n_clusters as usize,
            reachability: known(plot.reachability),
            core_distances: known(plot.core),
            ordering: plot.ordering.into(),
            predecessor: plot.predecessor.into(),
            cluster_hierarchy,
            n_features_in,
        }
    }

    /// The cluster of each row, −1 for noise.
    pub fn labels(&self) -> &Array1<i64> {
        &self.labels
    }

    /// The number of clusters that have labels, noise not counted.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// The distance at which each row, by number, is reached; infinite for rows that begin a part.
    pub fn reachability(&self) -> Array1<f64> {
        with_infinity(&self.reachability)
    }

    /// The rows in order.
    pub fn ordering(&self) -> &Array1<usize> {
        &self.ordering
    }

    /// The row from which each row, by number, is reached; −1 for rows that begin a part.
    pub fn predecessor(&self) -> &Array1<i64> {
        &self.predecessor
    }

    /// The distance of each row, by number, to its neighbour of rank `min_samples`; infinite beyond `max_eps`.
    pub fn core_distances(&self) -> Array1<f64> {
        with_infinity(&self.core_distances)
    }

    /// The first and the last place in the order of each cluster of [`ClusterMethod::Xi`](super::ClusterMethod::Xi), smaller
    /// ones before those around them; [`labels`](Self::labels) are those of the smallest. Empty for
    /// [`ClusterMethod::Dbscan`](super::ClusterMethod::Dbscan).
    pub fn cluster_hierarchy(&self) -> &[(usize, usize)] {
        &self.cluster_hierarchy
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    fn plot(&self) -> Plot {
        Plot {
            ordering: self.ordering.to_vec(),
            reachability: self.reachability().to_vec(),
            predecessor: self.predecessor.to_vec(),
            core: self.core_distances().to_vec(),
        }
    }

    /// Labels as by [`ClusterMethod::Dbscan`](super::ClusterMethod::Dbscan) with another radius; scikit-learn's
    /// `cluster_optics_dbscan`.
    ///
    /// # Errors
    /// `InvalidParameter` for a negative radius.
    pub fn cluster_dbscan(&self, eps: f64) -> Result<Array1<i64>> {
        check::real(NAME, "eps", eps, Interval::at_least(0.0).including_high())?;
        Ok(self.plot().within(eps).into())
    }

    /// Labels and [`cluster_hierarchy`](Self::cluster_hierarchy) as by [`ClusterMethod::Xi`](super::ClusterMethod::Xi) with
    /// other settings; scikit-learn's `cluster_optics_xi`. Without `min_cluster_size` that is `min_samples`.
    ///
    /// ```
    /// use fitwell::{cluster::Optics, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 2.0], [2.0, 5.0], [3.0, 6.0], [8.0, 7.0], [8.0, 8.0], [7.0, 3.0]];
    /// let model = Optics::new().min_samples(2).fit(&x, &())?;
    /// let (labels, clusters) = model.cluster_xi(2, None, 0.5, true)?;
    /// assert_eq!(labels, array![0, 0, 0, 1, 1, -1]);
    /// assert_eq!(clusters, [(0, 2), (4, 5), (0, 5)]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidParameter` for what [`Optics`](super::Optics) refuses, too.
    #[allow(clippy::type_complexity)]
    pub fn cluster_xi(
        &self,
        min_samples: impl Into<RowCount>,
        min_cluster_size: Option<RowCount>,
        xi: f64,
        predecessor_correction: bool,
    ) -> Result<(Array1<i64>, Vec<(usize, usize)>)> {
        let n = self.labels.len();
        let min_samples: RowCount = min_samples.into();
        min_samples.check("min_samples")?;
        check::real(NAME, "xi", xi, Interval::closed(0.0, 1.0))?;
        let k = min_samples.of("min_samples", n)?;
        let least = match min_cluster_size {
            Some(size) => {
                size.check("min_cluster_size")?;
                size.of("min_cluster_size", n)?
            }
            None => k,
        };
        let (labels, clusters) = xi::clusters(&self.plot(), xi, k, least, predecessor_correction);
        Ok((labels.into(), clusters))
    }
}

impl fmt::Display for FittedOptics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noise = self.labels.iter().filter(|&&label| label < 0).count();
        let (k, n) = (self.n_clusters, self.labels.len());
        write!(f, "{NAME}: {k} clusters of {n} rows, {noise} of them noise")
    }
}

impl Model for FittedOptics {
    fn type_name() -> String {
        "FittedOptics".into()
    }

    fn validate(&self) -> Result<()> {
        let n = self.labels.len();
        check_labels(&self.labels, self.n_clusters)?;
        ensure::equal("length of reachability", self.reachability.len(), n)?;
        ensure::equal("length of core_distances", self.core_distances.len(), n)?;
        ensure::non_negative("reachability", self.reachability.iter().flatten())?;
        ensure::non_negative("core_distances", self.core_distances.iter().flatten())?;
        ensure::equal("length of ordering", self.ordering.len(), n)?;
        let mut seen = vec![false; n];
        for &i in &self.ordering {
            ensure::that(i < n && !seen[i], || {
                format!("row {i} is not once in the order")
            })?;
            seen[i] = true;
        }
        ensure::equal("length of predecessor", self.predecessor.len(), n)?;
        ensure::that(
            self.predecessor.iter().all(|&i| i >= -1 && i < n as i64),
            || "a predecessor is no row".into(),
        )?;
        ensure::that(
            self.cluster_hierarchy.iter().all(|&(a, b)| a <= b && b < n),
            || "a cluster is no part of the order".into(),
        )?;
        ensure::at_least("number of features", self.n_features_in, 1)
    }
}
