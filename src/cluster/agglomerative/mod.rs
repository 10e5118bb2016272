//! Groups merged step by step, from single rows to one.

mod dendrogram;
mod linkage;
mod structured;
#[cfg(test)]
mod tests;
mod ward;

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use self::AgglomerativeMetric as Metric;
pub use self::dendrogram::Dendrogram;
use self::dendrogram::named;
use self::linkage::Distances;
use crate::check::{self, Interval};
use crate::cluster::settings::settings;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "AgglomerativeClustering";

/// How far two groups are apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Linkage {
    /// By how much merging raises the sum of squares: √(2 m n / (m + n)) times the distance of the means of m and n rows.
    #[default]
    Ward,
    /// The greatest distance of two rows.
    Complete,
    /// The mean distance of two rows.
    Average,
    /// The least distance of two rows.
    Single,
}

/// The distance of two rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgglomerativeMetric {
    /// √Σ (a − b)²
    #[default]
    Euclidean,
    /// The same.
    L2,
    /// Σ |a − b|
    Manhattan,
    /// The same.
    L1,
    /// 1 − a·b / (|a| |b|)
    Cosine,
    /// X holds the distances, (n_samples, n_samples); what is above the diagonal counts.
    Precomputed,
}

settings! {
    /// Merges the two nearest groups, again and again, from single rows to one group: a tree of groups.
    ///
    /// The tree is cut into `n_clusters` groups, or where merges are at least `distance_threshold` apart;
    /// [`dendrogram`](FittedAgglomerativeClustering::dendrogram) has the whole of it and cuts it anywhere else.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `n_clusters` | 2 | the number of groups; not used with a threshold, where scikit-learn wants none |
    /// | `metric` | euclidean | the distance of rows: [`AgglomerativeMetric`]; Ward's linkage takes the euclidean alone |
    /// | `connectivity` | none | pairs of rows that are neighbours: only groups with neighbours in each other merge |
    /// | `compute_full_tree` | none | whether a tree of neighbours goes to its root; none for: with a threshold, or for fewer clusters than 100 and than 2% of the rows |
    /// | `linkage` | ward | the distance of groups: [`Linkage`] |
    /// | `distance_threshold` | none | the distance from which merges are undone |
    ///
    /// Neighbours come as pairs of row numbers, in either order; parts that they leave unconnected are joined by their nearest
    /// rows, as in scikit-learn. Distances of merges are always kept (`compute_distances` there).
    ///
    /// # Complexity
    /// Ward: about 3 n passes over the centroids of the groups that are left, O(n² p) in all, memory O(n p), where
    /// scikit-learn keeps all n² / 2 distances. Single: O(n² p) along a minimum spanning tree, memory O(n p). Complete and
    /// average need all n (n − 1) / 2 distances in memory, which is refused when there is not so much. With neighbours,
    /// O(m log m) for m pairs, and the degree of the groups. All is computed in `f64`.
    ///
    /// # Errors
    /// `EmptyInput`, `NonFinite`, `TooFewSamples` for one row, `InvalidParameter`, also for more clusters than rows and for neighbours that are no rows; `ShapeMismatch` and
    /// `InvalidInput` for given distances that are not square or negative; `TooLarge`, `Overflow`, `Cancelled`. Sample
    /// weights are checked and not used, as in scikit-learn.
    ///
    /// # Source
    /// Ward, *Hierarchical grouping to optimize an objective function* (1963); Müllner, *Modern hierarchical, agglomerative
    /// clustering algorithms* (2011). Merges of equal distance may come in another order than scikit-learn's.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{cluster::AgglomerativeClustering, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [4.0, 2.0], [4.0, 4.0], [4.0, 0.0]];
    /// let model = AgglomerativeClustering::new(2).fit(&x, &())?;
    /// assert_eq!(model.labels().to_vec(), [1, 1, 1, 0, 0, 0]);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct AgglomerativeClustering {
        n_clusters: usize = 2 => "The number of groups, without a threshold.";
        metric: AgglomerativeMetric = AgglomerativeMetric::Euclidean => "The distance of rows.";
        connectivity: Option<Vec<(usize, usize)>> = None;
        compute_full_tree: Option<bool> = None;
        linkage: Linkage = Linkage::Ward => "The distance of groups.";
        #[serde(with = "crate::params::optional_number")]
        distance_threshold: Option<f64> = None;
    }
    check(this) {
        check::count(NAME, "n_clusters", this.n_clusters, 1)?;
        if let Some(distance) = this.distance_threshold {
            check::real(NAME, "distance_threshold", distance, Interval::at_least(0.0))?;
        }
        let euclidean = matches!(this.metric, Metric::Euclidean | Metric::L2);
        if this.linkage == Linkage::Ward && !euclidean {
            let got = format!("{:?}", this.metric);
            return Err(Error::invalid_parameter(NAME, "metric", "euclidean for Ward's linkage", got));
        }
        if this.distance_threshold.is_some() && this.compute_full_tree == Some(false) {
            let expected = "true or none with a `distance_threshold`";
            return Err(Error::invalid_parameter(NAME, "compute_full_tree", expected, false));
        }
        Ok(())
    }
}

impl AgglomerativeClustering {
    /// So many groups, all else by default.
    pub fn new(n_clusters: usize) -> Self {
        Self::default().n_clusters(n_clusters)
    }

    /// As many groups as merges below this distance leave, all else by default.
    pub fn with_threshold(distance: f64) -> Self {
        Self::default().distance_threshold(distance)
    }

    /// The distance from which merges are undone; none for `n_clusters` groups.
    pub fn distance_threshold(mut self, distance: impl Into<Option<f64>>) -> Self {
        self.distance_threshold = distance.into();
        self
    }

    /// Pairs of rows that are neighbours: only groups with neighbours in each other merge.
    pub fn connectivity(mut self, pairs: impl IntoIterator<Item = (usize, usize)>) -> Self {
        self.connectivity = Some(pairs.into_iter().collect());
        self
    }

    /// Whether a tree of neighbours goes to its root.
    pub fn compute_full_tree(mut self, full: impl Into<Option<bool>>) -> Self {
        self.compute_full_tree = full.into();
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
        let k = self.n_clusters;
        if k > n && self.distance_threshold.is_none() {
            let expected = format!("at most the number of rows, {n}");
            return Err(Error::invalid_parameter(NAME, "n_clusters", expected, k));
        }
        let mut pairs = self.connectivity.iter().flatten();
        if let Some(pair) = pairs.find(|pair| pair.0.max(pair.1) >= n) {
            let expected = format!("pairs of rows below {n}");
            let got = format!("{pair:?}");
            return Err(Error::invalid_parameter(
                NAME,
                "connectivity",
                expected,
                got,
            ));
        }
        if self.metric == Metric::Cosine {
            let zero = |row: &ndarray::ArrayView1<'_, F>| row.iter().all(|v| v.is_zero());
            if let Some(i) = x.rows().into_iter().position(|row| zero(&row)) {
                let reason = format!("row {i} is zero, which has no direction");
                return Err(Error::invalid_input("X", reason));
            }
        }
        if self.metric == Metric::Precomputed {
            if x.ncols() != n {
                return Err(Error::shape(
                    "number of columns of given distances",
                    n,
                    x.ncols(),
                ));
            }
            if let Some(((i, j), d)) = x.indexed_iter().find(|(_, d)| **d < F::zero()) {
                let reason = format!("the distance of rows {i} and {j} is {d}, below 0");
                return Err(Error::invalid_input("X", reason));
            }
        }
        Ok(())
    }

    /// The groups at which a tree of neighbours may end.
    fn stop(&self, n: usize) -> usize {
        let most = (0.02 * n as f64).max(100.0);
        let full = self
            .compute_full_tree
            .unwrap_or((self.n_clusters as f64) < most);
        match full || self.distance_threshold.is_some() {
            true => 1,
            false => self.n_clusters,
        }
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for AgglomerativeClustering {
    type Fitted = FittedAgglomerativeClustering;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        self.check_data(x, y)?;
        let (n, p) = x.dim();
        // A power of two costs no digits, and squares stay in range.
        let largest = x.iter().fold(0.0, |m: f64, v| m.max(v.f64().abs()));
        let exponent = match largest > 0.0 {
            true => largest.log2().floor().clamp(-1000.0, 1000.0),
            false => 0.0,
        };
        let scale = match self.metric {
            Metric::Precomputed | Metric::Cosine if exponent.abs() < 400.0 => 1.0,
            _ => (-exponent).exp2(),
        };
        let step = |i| self.watch.report(NAME, i, Some(n - 1), None);
        let rows = || -> Vec<f64> { x.iter().map(|v| v.f64() * scale).collect() };
        let distances = || Distances::new(x.view(), self.metric, scale);
        let mut parts = 1;
        let mut tree = match (&self.connectivity, self.linkage) {
            (Some(pairs), linkage) => {
                let distances = distances();
                let (of, found) = structured::neighbours(pairs, n, &distances);
                parts = found;
                // A tree of single linkage goes to its root, as in scikit-learn.
                let stop = match linkage {
                    Linkage::Single => 1,
                    _ => self.stop(n),
                };
                structured::structured(of, &distances, &rows(), linkage, stop, step)?
            }
            (None, Linkage::Ward) => named(n, ward::ward(&rows(), p, step)?, true),
            (None, Linkage::Single) => {
                // The sides of a merge are scikit-learn's, which sorts them for these distances alone.
                let sorted = matches!(self.metric, Metric::Cosine | Metric::Precomputed);
                named(n, linkage::single(&distances(), n, step)?, sorted)
            }
            (None, linkage) => {
                let complete = linkage == Linkage::Complete;
                named(n, linkage::matrix(&distances(), n, complete, step)?, true)
            }
        };
        if self.metric != Metric::Cosine {
            tree.stretch(1.0 / scale);
        }
        check::learned(NAME, "a distance", tree.distances())?;
        let labels = match self.distance_threshold {
            Some(threshold) => tree.cut_at(threshold),
            None if self.connectivity.is_some() && self.stop(n) > 1 => tree.heads(self.n_clusters),
            None => tree.cut(self.n_clusters)?,
        };
        Ok(FittedAgglomerativeClustering {
            n_clusters: labels.iter().max().map_or(0, |most| most + 1),
            labels,
            dendrogram: tree,
            n_features_in: p,
            n_connected_components: parts,
        })
    }
}

/// Groups found by [`AgglomerativeClustering`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedAgglomerativeClustering {
    labels: Array1<usize>,
    dendrogram: Dendrogram,
    n_clusters: usize,
    n_features_in: usize,
    n_connected_components: usize,
}

impl FittedAgglomerativeClustering {
    /// The group of each row of the training data.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// The tree of merges, to be cut anywhere.
    pub fn dendrogram(&self) -> &Dendrogram {
        &self.dendrogram
    }

    /// The two nodes of each merge, (n_merges, 2): rows, or from `n_leaves` on earlier merges.
    pub fn children(&self) -> &Array2<usize> {
        self.dendrogram.children()
    }

    /// The distance of each merge.
    pub fn distances(&self) -> &[f64] {
        self.dendrogram.distances()
    }

    /// The number of groups found.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// The rows.
    pub fn n_leaves(&self) -> usize {
        self.dendrogram.n_leaves()
    }

    /// The parts that the neighbours left unconnected; 1 without neighbours.
    pub fn n_connected_components(&self) -> usize {
        self.n_connected_components
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }
}

impl fmt::Display for FittedAgglomerativeClustering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, n) = (self.n_clusters, self.n_leaves());
        write!(f, "AgglomerativeClustering of {n} rows into {k} groups")?;
        match self.distances().last() {
            Some(last) => write!(f, ": the last merge at distance {last}"),
            None => Ok(()),
        }
    }
}

impl Model for FittedAgglomerativeClustering {
    fn type_name() -> String {
        "FittedAgglomerativeClustering".into()
    }

    fn validate(&self) -> Result<()> {
        self.dendrogram.validate()?;
        let n = self.dendrogram.n_leaves();
        ensure::equal("number of labels", self.labels.len(), n)?;
        ensure::at_least("n_clusters", self.n_clusters, 1)?;
        ensure::that(self.n_clusters <= n, || {
            format!("{} groups of {n} rows", self.n_clusters)
        })?;
        ensure::indices("labels", &self.labels, self.n_clusters)?;
        ensure::at_least("n_features_in", self.n_features_in, 1)?;
        ensure::at_least("n_connected_components", self.n_connected_components, 1)
    }
}
