//! What Hdbscan learns.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::super::dbscan::check_labels;
use super::super::frontier::Rows;
use super::hierarchy::{self, Merge};
use super::{MISSING, NAME};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};

/// Clusters found by [`Hdbscan`](super::Hdbscan).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedHdbscan<F = f64> {
    pub(super) labels: Array1<i64>,
    /// 0 where values are missing.
    probabilities: Array1<F>,
    n_clusters: usize,
    centroids: Option<Array2<F>>,
    medoids: Option<Array2<F>>,
    merges: Vec<Merge>,
    n_features_in: usize,
}

impl<F: Float> FittedHdbscan<F> {
    /// `labels` holds what rows are that are no points; the others, `finite`, get theirs.
    pub(super) fn new(
        mut labels: Vec<i64>,
        finite: &[usize],
        (of_finite, firmness, n_clusters): (Vec<i64>, Vec<f64>, usize),
        (centroids, medoids): (Option<Array2<F>>, Option<Array2<F>>),
        merges: Vec<Merge>,
        n_features_in: usize,
    ) -> Self {
        let mut probabilities = Array1::zeros(labels.len());
        for (&i, (label, firmness)) in finite.iter().zip(of_finite.into_iter().zip(firmness)) {
            labels[i] = label;
            probabilities[i] = F::of(firmness);
        }
        FittedHdbscan {
            labels: labels.into(),
            probabilities,
            n_clusters,
            centroids,
            medoids,
            merges,
            n_features_in,
        }
    }

    /// The cluster of each row; −1 for noise, −2 for a row with an infinite value, −3 for one with NaN.
    pub fn labels(&self) -> &Array1<i64> {
        &self.labels
    }

    /// How firmly each row belongs to its cluster, from 0 (noise) to 1; NaN where values are missing.
    pub fn probabilities(&self) -> Array1<F> {
        let pairs = self.probabilities.iter().zip(&self.labels);
        let known = |(&p, &label): (&F, &i64)| if label == MISSING { F::nan() } else { p };
        pairs.map(known).collect()
    }

    /// The means of the clusters, weighted by probabilities, (n_clusters, n_features), where they were asked for.
    pub fn centroids(&self) -> Option<&Array2<F>> {
        self.centroids.as_ref()
    }

    /// The medoids of the clusters, (n_clusters, n_features), where they were asked for.
    pub fn medoids(&self) -> Option<&Array2<F>> {
        self.medoids.as_ref()
    }

    /// The number of clusters, noise not counted.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// The merges of single linkage by mutual reachability, from the nearest on; of the rows that are points.
    pub fn single_linkage_tree(&self) -> &[Merge] {
        &self.merges
    }

    /// The clusters that remain when the tree is cut at a distance, −1 for parts of fewer than `min_cluster_size` rows: what
    /// [`Dbscan`](crate::cluster::Dbscan) finds among core rows. Rows that are no points keep −2 and −3.
    ///
    /// ```
    /// use fitwell::{cluster::Hdbscan, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0], [0.1], [0.2], [5.0], [5.1], [5.2], [40.0]];
    /// let model = Hdbscan::new().min_cluster_size(3).min_samples(2).fit(&x, &())?;
    /// assert_eq!(model.dbscan_clustering(1.0, 2)?, array![0, 0, 0, 1, 1, 1, -1]);
    /// assert_eq!(model.dbscan_clustering(10.0, 2)?, array![0, 0, 0, 0, 0, 0, -1]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidParameter` for a distance that is NaN.
    pub fn dbscan_clustering(
        &self,
        cut_distance: f64,
        min_cluster_size: usize,
    ) -> Result<Array1<i64>> {
        let range = Interval::at_least(f64::NEG_INFINITY).including_high();
        check::real(NAME, "cut_distance", cut_distance, range)?;
        let n = self.labels.len();
        let rows: Vec<usize> = (0..n).filter(|&i| self.labels[i] >= -1).collect();
        let mut labels = hierarchy::cut(&self.merges, &rows, n, cut_distance, min_cluster_size);
        for (label, &known) in labels.iter_mut().zip(&self.labels) {
            if known < -1 {
                *label = known;
            }
        }
        Ok(labels.into())
    }
}

/// What centres are made of.
pub(super) struct Centers<'a> {
    pub(super) rows: &'a Rows,
    pub(super) points: &'a Array2<f64>,
    pub(super) labels: &'a [i64],
    pub(super) probabilities: &'a [f64],
    pub(super) n_clusters: usize,
}

impl Centers<'_> {
    fn members(&self, cluster: usize) -> Vec<usize> {
        let of = |&i: &usize| self.labels[i] == cluster as i64;
        (0..self.labels.len()).filter(of).collect()
    }

    /// Σ w x / Σ w of each cluster.
    pub(super) fn means<F: Float>(&self) -> Result<Array2<F>> {
        let p = self.points.ncols();
        let mut out = Array2::zeros((self.n_clusters, p));
        for (cluster, mut out) in out.rows_mut().into_iter().enumerate() {
            let mut sums = vec![0.0; p];
            let mut total = 0.0;
            for i in self.members(cluster) {
                let w = self.probabilities[i];
                total += w;
                for (sum, v) in sums.iter_mut().zip(self.points.row(i)) {
                    *sum += w * v;
                }
            }
            for (to, sum) in out.iter_mut().zip(sums) {
                *to = F::of(sum / total);
            }
        }
        check::learned(NAME, "a centroid", &out)?;
        Ok(out)
    }

    /// The row of each cluster with the least Σ w d; `finite` are the numbers of the points in `x`.
    pub(super) fn middles<F: Float>(&self, x: &ArrayRef2<F>, finite: &[usize]) -> Array2<F> {
        let mut out = Array2::zeros((self.n_clusters, x.ncols()));
        for (cluster, mut out) in out.rows_mut().into_iter().enumerate() {
            let members = self.members(cluster);
            let weights: Vec<f64> = members.iter().map(|&i| self.probabilities[i]).collect();
            let at = self.rows.medoid(&members, &weights);
            out.assign(&x.row(finite[members[at]]));
        }
        out
    }
}

impl<F: Float> fmt::Display for FittedHdbscan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |wanted: i64| self.labels.iter().filter(|&&l| l == wanted).count();
        let (k, n, noise) = (self.n_clusters, self.labels.len(), count(-1));
        write!(f, "{NAME}: {k} clusters of {n} rows, {noise} of them noise")?;
        match n - self.merges.len() - 1 {
            0 => Ok(()),
            other => write!(f, ", {other} not finite"),
        }
    }
}

impl<F: Float> Model for FittedHdbscan<F> {
    fn type_name() -> String {
        format!("FittedHdbscan<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let n = self.labels.len();
        ensure::that(self.labels.iter().all(|&label| label >= MISSING), || {
            "a label is below −3".into()
        })?;
        check_labels(&self.labels.mapv(|label| label.max(-1)), self.n_clusters)?;
        let finite = self.labels.iter().filter(|&&label| label >= -1).count();
        ensure::at_least("number of finite rows", finite, 2)?;
        ensure::equal("number of probabilities", self.probabilities.len(), n)?;
        for (p, &label) in self.probabilities.iter().zip(&self.labels) {
            ensure::that((0.0..=1.0).contains(&p.f64()), || {
                "a probability is not in [0, 1]".into()
            })?;
            ensure::that(label >= 0 || *p == F::zero(), || {
                "a row of no cluster has a probability".into()
            })?;
        }
        ensure::equal("number of merges", self.merges.len(), finite - 1)?;
        let mut sizes = vec![1; finite];
        let mut used = vec![false; 2 * finite];
        let mut last = 0.0;
        for (i, merge) in self.merges.iter().enumerate() {
            for child in [merge.left, merge.right] {
                ensure::that(child < finite + i && !used[child], || {
                    format!("merge {i} takes node {child}, which is not there")
                })?;
                used[child] = true;
            }
            let size = sizes[merge.left] + sizes[merge.right];
            ensure::equal("size of a merge", merge.size, size)?;
            sizes.push(size);
            ensure::that(merge.distance >= last, || {
                format!("merge {i} is nearer than the one before")
            })?;
            last = merge.distance;
        }
        for centers in [&self.centroids, &self.medoids].into_iter().flatten() {
            ensure::shape("centres", centers, self.n_clusters, self.n_features_in)?;
            ensure::finite("centres", centers)?;
        }
        ensure::at_least("number of features", self.n_features_in, 1)
    }
}
