//! Groups around k centres.

mod bisecting;
mod elkan;
mod frame;
mod lloyd;
mod mini_batch;
mod nearest;
mod seeding;

use std::fmt;

use ndarray::{Array1, Array2, ArrayBase, ArrayRef2, Axis, Data, Ix2};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::bisecting::{BisectingKMeans, BisectingStrategy, FittedBisectingKMeans};
use self::frame::{Frame, chunk};
use self::lloyd::{Problem, Run};
pub use self::mini_batch::{FittedMiniBatchKMeans, MiniBatchKMeans};
use self::nearest::{Distances, Nearest, square_length, squared_distance};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::written::{count, written};
use crate::float::Float;
use crate::linalg::simd;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{self, Hyperparameters};
use crate::random::{self, generator};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Predict, Score, Transform};

const NAME: &str = "KMeans";
/// Starts that are not refused.
const MOST_STARTS: f64 = 1e4;

/// Where [`KMeans`] begins. By name `"k-means++"`, `"random"`, or the centres as a list of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum KMeansInit {
    /// Rows far from each other: see [`kmeans_plusplus`].
    #[default]
    KMeansPlusPlus,
    /// Different rows, each as likely as its weight.
    Random,
    /// These centres, (n_clusters, n_features) as rows.
    Given(Vec<Vec<f64>>),
}

impl KMeansInit {
    fn write(&self) -> Value {
        match self {
            KMeansInit::KMeansPlusPlus => "k-means++".into(),
            KMeansInit::Random => "random".into(),
            KMeansInit::Given(rows) => rows.clone().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if name == "k-means++" => Some(KMeansInit::KMeansPlusPlus),
            Value::String(name) if name == "random" => Some(KMeansInit::Random),
            Value::Array(rows) => {
                let row = |row: &Value| row.as_array()?.iter().map(Value::as_f64).collect();
                let rows: Option<Vec<Vec<f64>>> = rows.iter().map(row).collect();
                rows.map(KMeansInit::Given)
            }
            _ => None,
        }
    }
}
written!(
    KMeansInit,
    "\"k-means++\", \"random\" or the centres as a list of rows"
);

impl<S: Data<Elem: Float>> From<&ArrayBase<S, Ix2>> for KMeansInit {
    fn from(centers: &ArrayBase<S, Ix2>) -> Self {
        let rows = centers.rows().into_iter();
        KMeansInit::Given(
            rows.map(|row| row.iter().map(|v| v.f64()).collect())
                .collect(),
        )
    }
}

/// How often [`KMeans`] begins anew: a count, or `Auto`. By name a number or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NInit {
    /// Once from k-means++ or given centres, 10 times from random rows.
    #[default]
    Auto,
    /// So often.
    Count(usize),
}

impl From<usize> for NInit {
    fn from(n: usize) -> Self {
        NInit::Count(n)
    }
}

impl NInit {
    fn write(&self) -> Value {
        match self {
            NInit::Auto => "auto".into(),
            NInit::Count(n) => (*n).into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" {
            return Some(NInit::Auto);
        }
        count(value).map(NInit::Count)
    }
}
written!(NInit, "a number of starts or \"auto\"");

/// How [`KMeans`] finds the nearest centres. Both give the same clusters up to rounding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// All distances, in one pass of the registers.
    #[default]
    Lloyd,
    /// Distances left out by the triangle inequality (Elkan, 2003); keeps n k bounds in memory. It pays where distances are
    /// dear: many centres, many features, clusters far apart.
    Elkan,
}

/// Groups rows around k centres.
///
/// With X of shape (n_samples, n_features) and weights w, it looks for centres c₁ … cₖ that make
/// ```text
/// inertia = Σᵢ wᵢ minⱼ |xᵢ − cⱼ|²
/// ```
/// small: every row goes to its nearest centre, every centre to the mean of its rows, until no row changes, or the squared
/// movement of the centres is at most `tol` times the mean variance of the columns. That is a local minimum; of `n_init`
/// starts the best is kept. A centre that loses all its rows moves to the row farthest from its own.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `n_clusters` | 8 | k |
/// | `init` | k-means++ | where the centres begin: [`KMeansInit`] |
/// | `n_init` | auto | the number of starts, up to 10,000: [`NInit`]; 1 for given centres |
/// | `max_iter` | 300 | the most iterations of a start |
/// | `tol` | 1e-4 | the movement that ends a start, see above |
/// | `random_state` | 0 | the seed of the starts |
/// | `algorithm` | Lloyd | how distances are found: [`Algorithm`] |
///
/// # Complexity
/// An iteration takes n k p multiply-adds and one pass over a copy of the data, in which it is centred; memory beyond that
/// copy: O(k p) for each of at most 64 chunks of rows. Same seed, same data: the same bits with one thread or many.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch` for given centres of another width, `InvalidParameter`, also for fewer rows (of
/// positive weight, for random starts) than clusters, `Cancelled`, and `Overflow` when the inertia
/// exceeds the largest number. Fewer different rows than clusters are no error: some clusters stay empty, which is logged as
/// a warning, and so is an end by `max_iter`.
///
/// # Source
/// Lloyd, *Least squares quantization in PCM* (1982); Arthur and Vassilvitskii, *k-means++* (2007), with the greedy choice
/// that scikit-learn's `KMeans` makes.
///
/// # Examples
/// ```
/// use fitwell::{cluster::KMeans, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]];
/// let model = KMeans::new(2).fit(&x, &())?;
/// let labels = model.predict(&array![[0.0, 0.0], [12.0, 3.0]])?;
/// assert_ne!(labels[0], labels[1]);
/// assert_eq!(model.cluster_centers().row(labels[1]), array![10.0, 2.0]);
/// assert_eq!(model.inertia(), 16.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KMeans {
    /// The number of clusters.
    n_clusters: usize,
    /// Where the centres begin.
    init: KMeansInit,
    /// The number of starts.
    n_init: NInit,
    /// The most iterations of a start.
    max_iter: usize,
    /// The squared movement of the centres, over the mean variance of the columns, that ends a start.
    #[serde(with = "params::number")]
    tol: f64,
    /// The seed of the starts.
    random_state: u64,
    /// How distances are found.
    algorithm: Algorithm,
    #[serde(skip)]
    watch: Watch,
}

impl Default for KMeans {
    fn default() -> Self {
        KMeans {
            n_clusters: 8,
            init: KMeansInit::default(),
            n_init: NInit::default(),
            max_iter: 300,
            tol: 1e-4,
            random_state: 0,
            algorithm: Algorithm::default(),
            watch: Watch::default(),
        }
    }
}

impl KMeans {
    /// So many clusters, all else by default.
    pub fn new(n_clusters: usize) -> Self {
        KMeans {
            n_clusters,
            ..Self::default()
        }
    }

    /// The number of clusters.
    #[must_use]
    pub fn n_clusters(mut self, n_clusters: usize) -> Self {
        self.n_clusters = n_clusters;
        self
    }

    /// Where the centres begin.
    #[must_use]
    pub fn init(mut self, init: impl Into<KMeansInit>) -> Self {
        self.init = init.into();
        self
    }

    /// The number of starts.
    #[must_use]
    pub fn n_init(mut self, n_init: impl Into<NInit>) -> Self {
        self.n_init = n_init.into();
        self
    }

    /// The most iterations of a start.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// The squared movement of the centres, over the mean variance of the columns, that ends a start.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The seed of the starts.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// How distances are found.
    #[must_use]
    pub fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Reports every iteration, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    fn starts(&self) -> usize {
        match (&self.init, self.n_init) {
            (KMeansInit::Given(_), _) | (KMeansInit::KMeansPlusPlus, NInit::Auto) => 1,
            (KMeansInit::Random, NInit::Auto) => 10,
            (_, NInit::Count(n)) => n,
        }
    }

    /// The centres of one start, in the frame.
    fn begin<F: Float>(
        &self,
        problem: &Problem<'_, F>,
        frame: &Frame,
        start: usize,
    ) -> Result<Vec<F>> {
        let (p, k, weights) = (problem.p, problem.k, problem.weights);
        let mut rng = random::stream(self.random_state, start as u64);
        let seeds = match &self.init {
            KMeansInit::KMeansPlusPlus => {
                let trials = trials(k);
                seeding::plus_plus(problem.rows, p, k, weights, trials, &mut rng)?
            }
            KMeansInit::Random => seeding::random_rows(problem.n(), k, weights, &mut rng)?,
            KMeansInit::Given(rows) => {
                let mut centers = vec![F::zero(); k * p];
                for (row, center) in rows.iter().zip(centers.chunks_exact_mut(p)) {
                    let row: Vec<F> = row.iter().map(|&v| F::of(v)).collect();
                    frame.row(row.iter(), center);
                }
                return Ok(centers);
            }
        };
        Ok(seeds
            .iter()
            .flat_map(|&i| problem.row(i))
            .copied()
            .collect())
    }

    fn check_given(&self, n_features: usize) -> Result<()> {
        let KMeansInit::Given(rows) = &self.init else {
            return Ok(());
        };
        match rows.iter().find(|row| row.len() != n_features) {
            Some(row) => {
                let what = "number of features of a centre in `init`";
                Err(Error::shape(what, n_features, row.len()))
            }
            None => Ok(()),
        }
    }
}

/// Draws of which k-means++ takes the best.
fn trials(k: usize) -> usize {
    2 + (k as f64).ln() as usize
}

/// There are as many rows that can be drawn as clusters.
fn check_rows(estimator: &str, n_clusters: usize, rows: usize) -> Result<()> {
    if n_clusters <= rows {
        return Ok(());
    }
    let expected = format!("at most the number of rows of positive weight, {rows}");
    let name = "n_clusters";
    Err(Error::invalid_parameter(
        estimator, name, expected, n_clusters,
    ))
}

impl Hyperparameters for KMeans {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_clusters", self.n_clusters, 1)?;
        if let NInit::Count(n) = self.n_init {
            check::real(NAME, "n_init", n as f64, Interval::closed(1.0, MOST_STARTS))?;
        }
        if let KMeansInit::Given(rows) = &self.init {
            if rows.len() != self.n_clusters {
                let expected = format!("a row for each of {} clusters", self.n_clusters);
                let got = format!("{} rows", rows.len());
                return Err(Error::invalid_parameter(NAME, "init", expected, got));
            }
            for v in rows.iter().flatten() {
                check::real(
                    NAME,
                    "init",
                    *v,
                    Interval::open(f64::NEG_INFINITY, f64::INFINITY),
                )?;
            }
        }
        check::count(NAME, "max_iter", self.max_iter, 1)?;
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))
    }
}

impl fmt::Display for KMeans {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&params::describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for KMeans {
    type Fitted = FittedKMeans<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let ((n, p), k) = (x.dim(), self.n_clusters);
        check_rows(NAME, k, n)?;
        self.check_given(p)?;
        if self.init == KMeansInit::Random
            && let Some(w) = &weights
        {
            let positive = w.iter().filter(|&&w| w > 0.0).count();
            check_rows(NAME, k, positive)?;
        }
        let frame = Frame::around(x);
        let rows = frame.rows(x);
        let problem = Problem {
            rows: &rows,
            p,
            k,
            weights: weights.as_deref(),
            tolerance: self.tol * mean_variance(&rows, p),
            max_iter: self.max_iter,
        };
        let mut best: Option<Run<F>> = None;
        for start in 0..self.starts() {
            let centers = self.begin(&problem, &frame, start)?;
            let step = |i| self.watch.report(NAME, i, Some(self.max_iter), None);
            let run = match self.algorithm {
                Algorithm::Elkan if k > 1 => problem.elkan(centers, step)?,
                _ => problem.lloyd(centers, step)?,
            };
            let better = best.as_ref().is_none_or(|best| {
                run.inertia < best.inertia && !same_clusters(&run.labels, &best.labels, k)
            });
            if better {
                best = Some(run);
            }
        }
        let run = best.ok_or_else(|| Error::invalid_parameter(NAME, "n_init", "at least 1", 0))?;
        let centers = frame.back(&run.centers);
        check::learned(NAME, "the centres", &centers)?;
        let inertia = frame.square_back(run.inertia);
        check::learned(NAME, "the inertia", &[inertia])?;
        if !run.converged {
            log::warn!("{NAME}: no convergence in {} iterations", self.max_iter);
        }
        let mut seen = vec![false; k];
        for &label in &run.labels {
            seen[label as usize] = true;
        }
        let found = seen.iter().filter(|&&seen| seen).count();
        if found < k {
            log::warn!("{NAME}: {found} different clusters found for n_clusters={k}");
        }
        let mut model = FittedKMeans {
            cluster_centers: matrix(centers, k, p)?,
            labels: Array1::default(0),
            inertia,
            n_iter: run.n_iter,
            converged: run.converged,
        };
        // As `predict` sees them, to the last bit.
        model.labels = model.predict(x)?;
        Ok(model)
    }
}

fn matrix<F: Float>(values: Vec<F>, rows: usize, columns: usize) -> Result<Array2<F>> {
    let n = values.len();
    Array2::from_shape_vec((rows, columns), values)
        .map_err(|_| Error::shape("number of values of a matrix", rows * columns, n))
}

/// The mean of the variances of the columns of rows that are centred.
fn mean_variance<F: Float>(rows: &[F], p: usize) -> f64 {
    let parts = parallel::map_chunks(rows.len(), chunk(rows.len() / p, p) * p, |range| {
        simd(
            #[inline(always)]
            || square_length(&rows[range]),
        )
    });
    parts.iter().sum::<f64>() / rows.len() as f64
}

/// Whether two labellings are the same up to the numbers of the clusters.
fn same_clusters(a: &[u32], b: &[u32], k: usize) -> bool {
    let mut to = vec![u32::MAX; k];
    a.iter().zip(b).all(|(&a, &b)| {
        let to = &mut to[a as usize];
        if *to == u32::MAX {
            *to = b;
        }
        *to == b
    })
}

/// Rows of `x` drawn as starting centres, (n_clusters, n_features), and their positions.
///
/// The first is drawn by weight. Each further one is drawn with a probability in proportion to its weight times the squared
/// distance to the nearest before it; of 2 + ⌊ln k⌋ such draws the one that leaves the least sum of those is taken.
///
/// # Errors
/// As [`KMeans`].
///
/// ```
/// use fitwell::cluster::kmeans_plusplus;
/// use ndarray::array;
///
/// let x = array![[0.0], [0.1], [9.0], [9.1]];
/// let (centers, rows) = kmeans_plusplus(&x, &(), 2, 0)?;
/// assert!((rows[0] < 2) != (rows[1] < 2));
/// assert_eq!(centers.row(1), x.row(rows[1]));
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn kmeans_plusplus<F: Float, Y: Targets + ?Sized>(
    x: &ArrayRef2<F>,
    y: &Y,
    n_clusters: usize,
    random_state: u64,
) -> Result<(Array2<F>, Vec<usize>)> {
    check::count("kmeans_plusplus", "n_clusters", n_clusters, 1)?;
    check::samples(x)?;
    check::target(y, x.nrows())?;
    check_rows("kmeans_plusplus", n_clusters, x.nrows())?;
    let rows = Frame::around(x).rows(x);
    let weights = y.sample_weight().map(|w| w.to_vec());
    let seeds = seeding::plus_plus(
        &rows,
        x.ncols(),
        n_clusters,
        weights.as_deref(),
        trials(n_clusters),
        &mut generator(random_state),
    )?;
    Ok((x.select(Axis(0), &seeds), seeds))
}

/// Clusters found by [`KMeans`].
///
/// `predict` gives the number of the nearest centre, the first of several; `transform` the distances to all of them,
/// (n_samples, n_clusters); `score` the negative inertia of the rows and weights it is given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKMeans<F: Float> {
    cluster_centers: Array2<F>,
    labels: Array1<usize>,
    inertia: f64,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedKMeans<F> {
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

    /// The iterations of the best start.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the best start ended before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.cluster_centers.ncols()
    }

    fn nearest(&self, x: &ArrayRef2<F>) -> Result<Vec<u32>> {
        check::same_width(x, self.n_features_in())?;
        let frame = Frame::around(&self.cluster_centers);
        let p = x.ncols();
        let nearest = Nearest::new(&frame.rows(&self.cluster_centers), p);
        let mut labels = vec![0; x.nrows()];
        parallel::map_chunks_mut(
            &mut labels,
            parallel::row_chunks(x.nrows(), p),
            |range, labels| {
                let mut rows = vec![F::zero(); range.len() * p];
                for (i, row) in range.zip(rows.chunks_exact_mut(p)) {
                    frame.row(x.row(i).iter(), row);
                }
                nearest.label(&rows, labels);
            },
        );
        Ok(labels)
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedKMeans<F> {
    type Output = Array1<usize>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<usize>> {
        Ok(self
            .nearest(x)?
            .iter()
            .map(|&label| label as usize)
            .collect())
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedKMeans<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let centers: Vec<F> = self.cluster_centers.iter().copied().collect();
        let (p, k) = (x.ncols(), self.cluster_centers.nrows());
        let distances = Distances::new(&centers, p);
        let mut out = parallel::fresh((x.nrows(), k));
        let chunk = parallel::row_chunks(x.nrows(), p + k);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut out| {
            let block = x.slice_axis(Axis(0), (first..first + out.nrows()).into());
            let rows: Vec<F> = block.iter().copied().collect();
            distances.squared(&rows, |i, squares| {
                for (to, square) in out.row_mut(i).iter_mut().zip(squares) {
                    *to = F::of(square.sqrt());
                }
            });
        });
        check::learned(NAME, "a distance", &out)?;
        Ok(out)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedKMeans<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let weights = y.sample_weight();
        let labels = self.nearest(x)?;
        let (n, p) = x.dim();
        let centers: Vec<F> = self.cluster_centers.iter().copied().collect();
        let parts = parallel::map_chunks(n, chunk(n, p), |range| {
            let mut row = vec![F::zero(); p];
            let mut sum = 0.0;
            for i in range {
                row.iter_mut().zip(x.row(i)).for_each(|(to, &v)| *to = v);
                let c = labels[i] as usize;
                let square = squared_distance(&row, &centers[c * p..(c + 1) * p]);
                sum += weights.map_or(1.0, |w| w[i]) * square;
            }
            sum
        });
        let inertia: f64 = parts.iter().sum();
        check::learned(NAME, "the inertia", &[inertia])?;
        Ok(-inertia)
    }
}

impl<F: Float> FeatureNamesOut for FittedKMeans<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        crate::preprocessing::names_or_numbers(input, self.n_features_in())?;
        Ok((0..self.cluster_centers.nrows())
            .map(|c| format!("kmeans{c}"))
            .collect())
    }
}

impl<F: Float> fmt::Display for FittedKMeans<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.cluster_centers.dim();
        write!(
            f,
            "KMeans of {k} clusters fitted on {p} columns: inertia {}",
            self.inertia
        )
    }
}

impl<F: Float> Model for FittedKMeans<F> {
    fn type_name() -> String {
        format!("FittedKMeans<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.cluster_centers.dim();
        ensure::at_least("number of clusters", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::finite("cluster_centers", &self.cluster_centers)?;
        ensure::at_least("number of labels", self.labels.len(), k)?;
        ensure::indices("labels", &self.labels, k)?;
        ensure::non_negative("inertia", &[self.inertia])?;
        ensure::at_least("n_iter", self.n_iter, 1)
    }
}

#[cfg(test)]
mod tests;

#[cfg(test)]
mod relatives_tests;
