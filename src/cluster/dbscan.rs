//! Groups of rows that lie densely.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::density;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::neighbors::NeighborsAlgorithm;
use crate::neighbors::search::{Index, Settings};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "Dbscan";

/// Groups rows that lie densely, of any shape; what is not dense is noise.
///
/// A row is a core row if rows of weight `min_samples` in all, itself included, are at most `eps` away. Core rows at most
/// `eps` apart are of one cluster. Any other row at most `eps` from a core row is of that row's cluster, of several clusters
/// the first; the rest is noise, −1. Clusters are numbered in the order of their first core rows.
///
/// # Settings
/// | name | default | range | raising it |
/// |---|---|---|---|
/// | `eps` | 0.5 | `(0, inf)` | joins clusters, leaves less noise |
/// | `min_samples` | 5 | at least 1 | leaves more noise |
/// | `metric` | Euclidean | [`Metric`] | the distance |
/// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
/// | `p` | none | none, `(0, inf]` | the power of the Minkowski distance; none is 2 |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | how core rows are found; changes no label |
/// | `leaf_size` | 30 | at least 1 | rows in a leaf of a tree; speed alone |
///
/// Sample weights (`().weighted(&w)`) count rows: one of weight `min_samples` is a core row by itself. Rows of weight 0 are
/// labelled, too.
///
/// # Units
/// `eps` is in units of the distance: put the columns on one scale first.
///
/// # Complexity
/// About O(n p log n) in few columns where neighbourhoods are small, O(n² p) at worst; counting stops at `min_samples`, and
/// parts no wider than `eps` are joined as a whole. Without a tree, Euclidean rows are divided by up to 64 means first, and
/// only rows of which parts are within `eps` along the line through their means are compared: in groups that are apart, those
/// of each group. Memory O(n p): no list of neighbours is kept. The bits do not depend on the number of threads.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`, and `InvalidInput` of bad weights.
///
/// # Source
/// M. Ester, H.-P. Kriegel, J. Sander and X. Xu, "A density-based algorithm for discovering clusters in large spatial
/// databases with noise" (1996). Labels are scikit-learn's; it also allows negative weights.
///
/// # Examples
/// ```
/// use fitwell::{cluster::Dbscan, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [2.0, 2.0], [2.0, 3.0], [8.0, 7.0], [8.0, 8.0], [25.0, 80.0]];
/// let model = Dbscan::new().eps(3.0).min_samples(2).fit(&x, &())?;
/// assert_eq!(model.labels(), array![0, 0, 0, 1, 1, -1]);
/// assert_eq!(model.core_sample_indices(), array![0, 1, 2, 3, 4]);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "DBSCAN")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Dbscan {
    #[serde(with = "crate::params::number")]
    eps: f64,
    min_samples: usize,
    metric: Metric,
    metric_params: Option<MetricParams>,
    algorithm: NeighborsAlgorithm,
    leaf_size: usize,
    #[serde(with = "crate::params::optional_number")]
    p: Option<f64>,
}

impl Default for Dbscan {
    fn default() -> Self {
        Dbscan {
            eps: 0.5,
            min_samples: 5,
            metric: Metric::Euclidean,
            metric_params: None,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 30,
            p: None,
        }
    }
}

impl Dbscan {
    /// Five rows within 0.5.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far neighbours may be.
    pub fn eps(mut self, eps: f64) -> Self {
        self.eps = eps;
        self
    }

    /// How many rows within `eps` make a core row.
    pub fn min_samples(mut self, min_samples: usize) -> Self {
        self.min_samples = min_samples;
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

    /// How core rows are found.
    pub fn algorithm(mut self, algorithm: NeighborsAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// About how many rows a leaf of a tree holds.
    pub fn leaf_size(mut self, leaf_size: usize) -> Self {
        self.leaf_size = leaf_size;
        self
    }

    /// The power of the Minkowski distance.
    pub fn p(mut self, p: impl Into<Option<f64>>) -> Self {
        self.p = p.into();
        self
    }

    /// The labels of the rows it is fitted on; −1 is noise.
    ///
    /// # Errors
    /// As `fit`.
    pub fn fit_predict<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Array1<i64>> {
        Ok(Estimator::<ArrayRef2<F>>::fit(self, x, &())?.labels)
    }

    /// Which rows are core rows, and the first core row of each row's group.
    fn groups<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
    ) -> Result<(Vec<bool>, Vec<Option<u32>>)> {
        let index = Index::new(NAME, x, self.settings())?;
        let rows = index.prepare(x)?;
        let enough = self.min_samples as f64;
        Ok(density::groups(&index, &rows, self.eps, enough, weights))
    }

    fn settings(&self) -> Settings {
        Settings {
            metric: self.metric,
            params: self.metric_params.clone(),
            p: self.p.unwrap_or(2.0),
            algorithm: self.algorithm,
            leaf_size: self.leaf_size,
            n_neighbors: None,
        }
    }
}

impl Hyperparameters for Dbscan {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::real(NAME, "eps", self.eps, Interval::above(0.0))?;
        check::count(NAME, "min_samples", self.min_samples, 1)?;
        self.settings().check(NAME)
    }
}

impl fmt::Display for Dbscan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Dbscan {
    type Fitted = FittedDbscan<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let weights = weights.as_deref();
        // Trees take their distances in `f64`, as scikit-learn's.
        let tree = self.settings().resolved(x.nrows(), x.ncols()) != NeighborsAlgorithm::Brute;
        let (core, first) = if tree && F::NAME == "f32" {
            self.groups(&x.mapv(|v| v.f64()), weights)?
        } else {
            self.groups(x, weights)?
        };
        let (labels, n_clusters) = density::numbered(&first);
        let at: Vec<usize> = (0..core.len()).filter(|&i| core[i]).collect();
        Ok(FittedDbscan {
            components: x.select(Axis(0), &at),
            core_sample_indices: at.into(),
            labels,
            n_clusters,
        })
    }
}

/// Clusters found by [`Dbscan`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedDbscan<F = f64> {
    core_sample_indices: Array1<usize>,
    components: Array2<F>,
    labels: Array1<i64>,
    n_clusters: usize,
}

impl<F: Float> FittedDbscan<F> {
    /// The cluster of each row, −1 for noise.
    pub fn labels(&self) -> &Array1<i64> {
        &self.labels
    }

    /// The numbers of the core rows.
    pub fn core_sample_indices(&self) -> &Array1<usize> {
        &self.core_sample_indices
    }

    /// The core rows, (n_core_samples, n_features).
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// The number of clusters, noise not counted.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.components.ncols()
    }
}

impl<F: Float> fmt::Display for FittedDbscan<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noise = self.labels.iter().filter(|&&label| label < 0).count();
        let (k, n) = (self.n_clusters, self.labels.len());
        write!(f, "{NAME}: {k} clusters of {n} rows, {noise} of them noise")
    }
}

/// Labels from −1 to below the number of clusters, each of which occurs.
pub(super) fn check_labels(labels: &Array1<i64>, n_clusters: usize) -> Result<()> {
    ensure::at_least("number of labels", labels.len(), n_clusters.max(1))?;
    let mut seen = vec![false; n_clusters];
    for &label in labels {
        let place = usize::try_from(label).ok().filter(|&l| l < n_clusters);
        ensure::that(label == -1 || place.is_some(), || {
            format!("the label {label} of {n_clusters} clusters")
        })?;
        if let Some(place) = place {
            seen[place] = true;
        }
    }
    ensure::that(seen.iter().all(|&seen| seen), || {
        "a cluster is empty".into()
    })
}

impl<F: Float> Model for FittedDbscan<F> {
    fn type_name() -> String {
        format!("FittedDbscan<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        check_labels(&self.labels, self.n_clusters)?;
        let core = &self.core_sample_indices;
        ensure::indices("core_sample_indices", core, self.labels.len())?;
        ensure::sorted("core_sample_indices", &core.to_vec())?;
        ensure::that(core.iter().all(|&i| self.labels[i] >= 0), || {
            "a core row is noise".into()
        })?;
        ensure::equal(
            "rows of the components",
            self.components.nrows(),
            core.len(),
        )?;
        ensure::at_least("number of features", self.components.ncols(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use ndarray::array;

    fn numbers(n: usize, p: usize, seed: u64) -> Array2<f64> {
        let mut rng = random::generator(seed);
        Array2::from_shape_fn((n, p), |_| random::standard_normal(&mut rng))
    }

    /// As the paper says it: one cluster after another.
    fn plainly(x: &Array2<f64>, eps: f64, enough: f64, w: &[f64]) -> (Vec<i64>, Vec<usize>) {
        let n = x.nrows();
        let near = |i: usize| -> Vec<usize> {
            let d = |j: usize| {
                let pairs = x.row(i).into_iter().zip(x.row(j));
                pairs.fold(0.0, |s: f64, (a, b)| s + (a - b) * (a - b))
            };
            (0..n).filter(|&j| d(j) <= eps * eps).collect()
        };
        let core: Vec<bool> = (0..n)
            .map(|i| near(i).iter().map(|&j| w[j]).sum::<f64>() >= enough)
            .collect();
        let mut labels = vec![-1; n];
        let mut next = 0;
        for start in 0..n {
            if labels[start] != -1 || !core[start] {
                continue;
            }
            let mut stack = vec![start];
            while let Some(i) = stack.pop() {
                if labels[i] != -1 {
                    continue;
                }
                labels[i] = next;
                if core[i] {
                    stack.extend(near(i));
                }
            }
            next += 1;
        }
        (labels, (0..n).filter(|&i| core[i]).collect())
    }

    #[test]
    fn labels_are_those_of_the_paper() {
        use crate::targets::Targets;
        for (n, p, steps) in [(1, 1, 1e9), (120, 2, 1e9), (150, 2, 3.0), (90, 5, 1e9)] {
            let x = numbers(n, p, 3).mapv(|v| (v * steps).round() / steps);
            for eps in [1e-9, 0.2, 0.5, 1.0, 50.0] {
                for enough in [1, 3, 8] {
                    let model = Dbscan::new().eps(eps).min_samples(enough);
                    let ones = vec![1.0; n];
                    let (labels, core) = plainly(&x, eps, enough as f64, &ones);
                    for algorithm in [NeighborsAlgorithm::Brute, NeighborsAlgorithm::KdTree] {
                        let found = model
                            .clone()
                            .algorithm(algorithm)
                            .leaf_size(1)
                            .fit(&x, &())
                            .unwrap();
                        assert_eq!(found.labels().to_vec(), labels, "{n} {p} {eps} {enough}");
                        assert_eq!(found.core_sample_indices().to_vec(), core);
                        found.validate().unwrap();
                    }
                    let w = Array1::from_shape_fn(n, |i| [1.0, 0.0, 2.5][i % 3]);
                    let found = model.fit(&x, &().weighted(&w)).unwrap();
                    let (labels, core) = plainly(&x, eps, enough as f64, &w.to_vec());
                    assert_eq!(
                        found.labels().to_vec(),
                        labels,
                        "weighted {n} {p} {eps} {enough}"
                    );
                    assert_eq!(found.core_sample_indices().to_vec(), core);
                }
            }
        }
    }

    #[test]
    fn other_metrics_go_pair_by_pair() {
        let x = numbers(80, 4, 5);
        for metric in [Metric::Cosine, Metric::Canberra, Metric::Precomputed] {
            let (x, d) = match metric {
                Metric::Precomputed => {
                    let d = crate::metrics::pairwise::pairwise_distances(
                        &x,
                        None,
                        Metric::Euclidean,
                        &MetricParams::new(),
                    );
                    (d.as_ref().unwrap().clone(), d.unwrap())
                }
                _ => (
                    x.clone(),
                    crate::metrics::pairwise::pairwise_distances(
                        &x,
                        None,
                        metric,
                        &MetricParams::new(),
                    )
                    .unwrap(),
                ),
            };
            let given = Dbscan::new()
                .eps(1.1)
                .min_samples(4)
                .metric(Metric::Precomputed);
            let model = Dbscan::new().eps(1.1).min_samples(4).metric(metric);
            assert_eq!(
                model.fit_predict(&x).unwrap(),
                given.fit_predict(&d).unwrap()
            );
        }
    }

    #[test]
    fn threads_change_nothing_and_extremes_hold() {
        let x = numbers(900, 3, 8);
        let model = Dbscan::new().eps(0.4).min_samples(6);
        let here = model.fit(&x, &()).unwrap();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        assert_eq!(pool.install(|| model.fit(&x, &())).unwrap(), here);
        let all = model.clone().algorithm(NeighborsAlgorithm::Brute);
        assert_eq!(all.fit(&x, &()).unwrap(), here);
        assert_eq!(pool.install(|| all.fit(&x, &())).unwrap(), here);
        let large = model
            .clone()
            .eps(0.4 * f64::exp2(800.0))
            .fit(&(&x * f64::exp2(800.0)), &());
        assert_eq!(large.unwrap().labels(), here.labels());
        let equal = Dbscan::new()
            .fit(&Array2::<f32>::ones((200, 2)), &())
            .unwrap();
        assert!(equal.labels().iter().all(|&l| l == 0) && equal.n_clusters() == 1);
        let alone = Dbscan::new().fit(&array![[3.0]], &()).unwrap();
        assert_eq!(alone.labels(), array![-1]);
        assert!(Dbscan::new().eps(0.0).fit(&x, &()).is_err());
        assert!(Dbscan::new().min_samples(0).fit(&x, &()).is_err());
    }
}
