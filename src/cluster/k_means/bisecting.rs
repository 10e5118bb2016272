//! Groups around k centres, found by cutting groups in two.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::frame::Frame;
use super::lloyd::{Problem, Run};
use super::nearest::squared_distance;
use super::{
    Algorithm, FittedKMeans, KMeansInit, MOST_STARTS, check_rows, matrix, seeding, trials,
};
use crate::check::{self, Interval};
use crate::cluster::settings::settings;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Predict, Score, Transform};

const NAME: &str = "BisectingKMeans";

/// Which group [`BisectingKMeans`] cuts next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BisectingStrategy {
    /// The one of the greatest inertia.
    #[default]
    BiggestInertia,
    /// The one of the most rows.
    LargestCluster,
}

settings! {
    /// Groups rows around k centres by cutting one group in two, again and again.
    ///
    /// It begins with all rows as one group; each step cuts a group by k-means with two centres, until there are k. The groups
    /// form a tree, which [`predict`](Predict::predict) goes down. It is faster than k-means for many clusters, and its groups
    /// are of more even size.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `n_clusters` | 8 | k |
    /// | `init` | random | where the two centres of a cut begin: random or k-means++ |
    /// | `n_init` | 1 | starts of a cut, of which the best is kept, up to 10,000 |
    /// | `random_state` | 0 | the seed of the starts |
    /// | `max_iter` | 300 | the most iterations of a start |
    /// | `tol` | 1e-4 | the squared movement of the centres that ends a start, in squared units of the features as in scikit-learn |
    /// | `algorithm` | Lloyd | how distances are found: [`Algorithm`] |
    /// | `bisecting_strategy` | inertia | which group is cut next: [`BisectingStrategy`] |
    ///
    /// # Complexity
    /// As many iterations of 2 n' p multiply-adds as the cuts take, over the n' rows of the groups that are cut; memory as
    /// [`KMeans`](super::KMeans). Same seed, same data: the same bits with one thread or many.
    ///
    /// # Errors
    /// As [`KMeans`](super::KMeans). A group of one row is never cut: another one is, while scikit-learn fails.
    ///
    /// # Source
    /// Steinbach, Karypis and Kumar, *A comparison of document clustering techniques* (2000).
    ///
    /// # Examples
    /// ```
    /// use fitwell::{cluster::BisectingKMeans, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 1.0], [10.0, 1.0], [3.0, 1.0], [10.0, 0.0], [2.0, 1.0], [10.0, 2.0]];
    /// let model = BisectingKMeans::new(2).fit(&x, &())?;
    /// let labels = model.predict(&array![[0.0, 0.0], [12.0, 3.0]])?;
    /// assert_ne!(labels[0], labels[1]);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct BisectingKMeans {
        n_clusters: usize = 8 => "The number of clusters.";
        init: KMeansInit = KMeansInit::Random => "Where the two centres of a cut begin.";
        n_init: usize = 1 => "The number of starts of a cut.";
        random_state: u64 = 0 => "The seed of the starts.";
        max_iter: usize = 300 => "The most iterations of a start.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-4 => "The squared movement of the centres that ends a start.";
        algorithm: Algorithm = Algorithm::Lloyd => "How distances are found.";
        bisecting_strategy: BisectingStrategy = BisectingStrategy::BiggestInertia => "Which group is cut next.";
    }
    check(this) {
        check::count(NAME, "n_clusters", this.n_clusters, 1)?;
        check::real(NAME, "n_init", this.n_init as f64, Interval::closed(1.0, MOST_STARTS))?;
        check::count(NAME, "max_iter", this.max_iter, 1)?;
        check::real(NAME, "tol", this.tol, Interval::at_least(0.0))?;
        if matches!(this.init, KMeansInit::Given(_)) {
            let expected = "random or k-means++";
            return Err(Error::invalid_parameter(NAME, "init", expected, "centres"));
        }
        Ok(())
    }
}

/// A group; one that was cut has the two nodes it became.
struct Node {
    rows: Vec<usize>,
    score: f64,
    parts: Option<usize>,
}

impl BisectingKMeans {
    /// So many clusters, all else by default.
    pub fn new(n_clusters: usize) -> Self {
        Self::default().n_clusters(n_clusters)
    }

    /// The best cut of some rows in two.
    fn cut<F: Float>(
        &self,
        rows: &[F],
        p: usize,
        weights: Option<&[f64]>,
        tolerance: f64,
        node: usize,
    ) -> Result<Run<F>> {
        let n = rows.len() / p;
        // Rows of weight 0 can begin a cut only where there are no others.
        let seeds_of = weights.filter(|w| w.iter().filter(|&&w| w > 0.0).count() >= 2);
        let problem = Problem {
            rows,
            p,
            k: 2,
            weights,
            tolerance,
            max_iter: self.max_iter,
        };
        let mut rng = random::stream(self.random_state, node as u64);
        let mut best: Option<Run<F>> = None;
        for _ in 0..self.n_init {
            let seeds = match self.init {
                KMeansInit::Random => seeding::random_rows(n, 2, seeds_of, &mut rng)?,
                _ => seeding::plus_plus(rows, p, 2, seeds_of, trials(2), &mut rng)?,
            };
            let centers = seeds.iter().flat_map(|&i| &rows[i * p..(i + 1) * p]);
            let centers = centers.copied().collect();
            let step = |i| self.watch.report(NAME, i, Some(self.max_iter), None);
            let run = match self.algorithm {
                Algorithm::Lloyd => problem.lloyd(centers, step)?,
                Algorithm::Elkan => problem.elkan(centers, step)?,
            };
            // What is better by rounding alone is not better.
            if best
                .as_ref()
                .is_none_or(|best| run.inertia < best.inertia * (1.0 - 1e-6))
            {
                best = Some(run);
            }
        }
        best.ok_or_else(|| Error::invalid_parameter(NAME, "n_init", "at least 1", 0))
    }
}

/// The leaves of a tree, from left to right.
fn leaves(parts: impl Fn(usize) -> Option<usize>) -> Vec<usize> {
    let (mut found, mut open) = (Vec::new(), vec![0]);
    while let Some(node) = open.pop() {
        match parts(node) {
            None => found.push(node),
            Some(left) => open.extend([left + 1, left]),
        }
    }
    found
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for BisectingKMeans {
    type Fitted = FittedBisectingKMeans<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let (n, p) = x.dim();
        check::target(y, n)?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let positive = match &weights {
            Some(w) => w.iter().filter(|&&w| w > 0.0).count(),
            None => n,
        };
        check_rows(NAME, self.n_clusters, positive)?;
        let frame = Frame::around(x);
        let all = frame.rows(x);
        let tolerance = self.tol / frame.square_back(1.0);
        let mut nodes = vec![Node {
            rows: (0..n).collect(),
            score: 0.0,
            parts: None,
        }];
        let mut centers: Vec<F> = vec![F::zero(); p];
        while nodes.len() / 2 + 1 < self.n_clusters {
            let order = leaves(|node| nodes[node].parts);
            let open = order.into_iter().filter(|&node| nodes[node].rows.len() > 1);
            let next = open.fold(None, |best: Option<usize>, node| match best {
                Some(best) if nodes[node].score <= nodes[best].score => Some(best),
                _ => Some(node),
            });
            let Some(next) = next else { break };
            let members = std::mem::take(&mut nodes[next].rows);
            let rows: Vec<F> = members
                .iter()
                .flat_map(|&i| &all[i * p..(i + 1) * p])
                .copied()
                .collect();
            let w: Option<Vec<f64>> = weights
                .as_ref()
                .map(|w| members.iter().map(|&i| w[i]).collect());
            let run = match &w {
                // Nothing pulls on a centre: all stay in the first part.
                Some(w) if w.iter().all(|&w| w == 0.0) => Run {
                    centers: [&rows[..p], &rows[..p]].concat(),
                    labels: vec![0; members.len()],
                    inertia: 0.0,
                    n_iter: 1,
                    converged: true,
                },
                _ => self.cut(&rows, p, w.as_deref(), tolerance, next)?,
            };
            let mut parts = [(Vec::new(), 0.0), (Vec::new(), 0.0)];
            for (at, (&i, &label)) in members.iter().zip(&run.labels).enumerate() {
                let c = label as usize;
                let (members, score) = &mut parts[c];
                members.push(i);
                *score += match self.bisecting_strategy {
                    BisectingStrategy::LargestCluster => 1.0,
                    BisectingStrategy::BiggestInertia => {
                        let center = &run.centers[c * p..(c + 1) * p];
                        let square = squared_distance(&rows[at * p..(at + 1) * p], center);
                        w.as_ref().map_or(1.0, |w| w[at]) * square
                    }
                };
            }
            nodes[next].parts = Some(nodes.len());
            centers.extend(&run.centers);
            nodes.extend(parts.map(|(rows, score)| Node {
                rows,
                score,
                parts: None,
            }));
        }
        let order = leaves(|node| nodes[node].parts);
        let back = frame.back(&centers);
        check::learned(NAME, "the centres", &back)?;
        let mut labels = Array1::zeros(n);
        let mut inertia = 0.0;
        for (label, &node) in order.iter().enumerate() {
            let center = &centers[node * p..(node + 1) * p];
            for &i in &nodes[node].rows {
                labels[i] = label;
                let square = squared_distance(&all[i * p..(i + 1) * p], center);
                inertia += weights.as_ref().map_or(1.0, |w| w[i]) * square;
            }
        }
        let inertia = frame.square_back(inertia);
        check::learned(NAME, "the inertia", &[inertia])?;
        let leaf = order
            .iter()
            .flat_map(|&node| &back[node * p..(node + 1) * p]);
        Ok(FittedBisectingKMeans {
            cluster_centers: matrix(leaf.copied().collect(), order.len(), p)?,
            node_centers: matrix(back, nodes.len(), p)?,
            parts: nodes.iter().map(|node| node.parts.unwrap_or(0)).collect(),
            labels,
            inertia,
        })
    }
}

/// Clusters found by [`BisectingKMeans`].
///
/// `predict` goes down the tree of cuts, each time to the nearer of two centres; `transform` gives the distances to all centres,
/// (n_samples, n_clusters); `score` the negative inertia, each row by its nearest centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedBisectingKMeans<F: Float> {
    cluster_centers: Array2<F>,
    node_centers: Array2<F>,
    /// The first of the two parts of each node; 0 for one that was not cut.
    parts: Vec<usize>,
    labels: Array1<usize>,
    inertia: f64,
}

impl<F: Float> FittedBisectingKMeans<F> {
    /// The centres, (n_clusters, n_features).
    pub fn cluster_centers(&self) -> &Array2<F> {
        &self.cluster_centers
    }

    /// The cluster of each row of the training data.
    pub fn labels(&self) -> &Array1<usize> {
        &self.labels
    }

    /// The weighted sum of squared distances of the training rows to their centres.
    pub fn inertia(&self) -> f64 {
        self.inertia
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.cluster_centers.ncols()
    }

    fn parts(&self, node: usize) -> Option<usize> {
        Some(self.parts[node]).filter(|&left| left > 0)
    }

    fn as_k_means(&self) -> FittedKMeans<F> {
        FittedKMeans {
            cluster_centers: self.cluster_centers.clone(),
            labels: Array1::default(0),
            inertia: 0.0,
            n_iter: 1,
            converged: true,
        }
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedBisectingKMeans<F> {
    type Output = Array1<usize>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        check::same_width(x, self.n_features_in())?;
        let p = x.ncols();
        let frame = Frame::around(&self.node_centers);
        let centers = frame.rows(&self.node_centers);
        let center = |node: usize| &centers[node * p..(node + 1) * p];
        let mut numbers = vec![0; self.parts.len()];
        for (label, node) in leaves(|node| self.parts(node)).into_iter().enumerate() {
            numbers[node] = label;
        }
        let mut out = vec![0; x.nrows()];
        let chunk = crate::parallel::row_chunks(x.nrows(), p);
        crate::parallel::map_chunks_mut(&mut out, chunk, |range, out| {
            let mut row = vec![F::zero(); p];
            for (i, out) in range.zip(out) {
                frame.row(x.row(i).iter(), &mut row);
                let mut node = 0;
                while let Some(left) = self.parts(node) {
                    let right = squared_distance(&row, center(left + 1));
                    let nearer = right < squared_distance(&row, center(left));
                    node = left + usize::from(nearer);
                }
                *out = numbers[node];
            }
        });
        Ok(Array1::from_vec(out))
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedBisectingKMeans<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.as_k_means().transform(x)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedBisectingKMeans<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        self.as_k_means().score(x, y)
    }
}

impl<F: Float> FeatureNamesOut for FittedBisectingKMeans<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        crate::preprocessing::names_or_numbers(input, self.n_features_in())?;
        let names = (0..self.cluster_centers.nrows()).map(|c| format!("bisectingkmeans{c}"));
        Ok(names.collect())
    }
}

impl<F: Float> fmt::Display for FittedBisectingKMeans<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.cluster_centers.dim();
        write!(
            f,
            "BisectingKMeans of {k} clusters fitted on {p} columns: inertia {}",
            self.inertia
        )
    }
}

impl<F: Float> Model for FittedBisectingKMeans<F> {
    fn type_name() -> String {
        format!("FittedBisectingKMeans<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.cluster_centers.dim();
        let nodes = self.parts.len();
        ensure::at_least("number of clusters", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::finite("cluster_centers", &self.cluster_centers)?;
        ensure::shape("node_centers", &self.node_centers, nodes, p)?;
        ensure::finite("node_centers", &self.node_centers)?;
        ensure::equal("number of nodes", nodes, 2 * k - 1)?;
        // Parts come in pairs after their node, each pair once.
        let mut seen = vec![false; nodes];
        for (node, &left) in self.parts.iter().enumerate().filter(|(_, left)| **left > 0) {
            let holds = left > node && left % 2 == 1 && left + 1 < nodes && !seen[left];
            ensure::that(holds, || format!("node {node} has the parts {left} and on"))?;
            seen[left] = true;
        }
        let cut = self.parts.iter().filter(|&&left| left > 0).count();
        ensure::equal("number of cuts", cut, k - 1)?;
        ensure::indices("labels", &self.labels, k)?;
        ensure::at_least("number of labels", self.labels.len(), k)?;
        ensure::non_negative("inertia", &[self.inertia])
    }
}
