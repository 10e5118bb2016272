//! t-distributed stochastic neighbour embedding.

use std::fmt;

use ndarray::{Array2, ArrayBase, ArrayRef2, Data, Ix2};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::affinities::{conditional, dense, nearest, symmetric};
use super::descent::{Descent, Landing};
use super::forces::{Springs, attraction, divergence, exact, repulsion};
use super::tree::{Tree, single};
use crate::check::{self, Interval};
use crate::decomposition::Pca;
use crate::error::{Error, Result};
use crate::feature_selection::written::written;
use crate::float::Float;
use crate::metrics::pairwise::Metric;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{self, Hyperparameters, describe};
use crate::random::{generator, standard_normal};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};

const NAME: &str = "Tsne";
/// The deviation of the first coordinate of a start.
const START: f64 = 1e-4;

/// Where [`Tsne`] begins. By name `"pca"`, `"random"`, or the points as a list of rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TsneInit {
    /// The first principal components, the first with a deviation of 1e-4.
    #[default]
    Pca,
    /// Normal numbers times 1e-4.
    Random,
    /// These points, (n_samples, n_components) as rows.
    Given(Vec<Vec<f64>>),
}

impl TsneInit {
    fn write(&self) -> Value {
        match self {
            TsneInit::Pca => "pca".into(),
            TsneInit::Random => "random".into(),
            TsneInit::Given(rows) => rows.clone().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if name == "pca" => Some(TsneInit::Pca),
            Value::String(name) if name == "random" => Some(TsneInit::Random),
            Value::Array(rows) => {
                let row = |row: &Value| row.as_array()?.iter().map(Value::as_f64).collect();
                let rows: Option<Vec<Vec<f64>>> = rows.iter().map(row).collect();
                rows.map(TsneInit::Given)
            }
            _ => None,
        }
    }
}
written!(
    TsneInit,
    "\"pca\", \"random\" or the points as a list of rows"
);

impl<S: Data<Elem: Float>> From<&ArrayBase<S, Ix2>> for TsneInit {
    fn from(points: &ArrayBase<S, Ix2>) -> Self {
        let rows = points.rows().into_iter();
        TsneInit::Given(
            rows.map(|row| row.iter().map(|v| v.f64()).collect())
                .collect(),
        )
    }
}

/// How [`Tsne`] finds gradients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TsneMethod {
    /// Probabilities of the 3 `perplexity` nearest neighbours, and far points summed up in cells: n ln n work, for up to three
    /// dimensions.
    #[default]
    BarnesHut,
    /// All pairs: n² work and memory.
    Exact,
}

/// The learning rate of [`Tsne`]. By name a number or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum LearningRate {
    /// max(n_samples / early_exaggeration / 4, 50)
    #[default]
    Auto,
    /// This rate.
    Rate(f64),
}

impl From<f64> for LearningRate {
    fn from(rate: f64) -> Self {
        LearningRate::Rate(rate)
    }
}

impl LearningRate {
    fn write(&self) -> Value {
        match self {
            LearningRate::Auto => "auto".into(),
            LearningRate::Rate(rate) if rate.is_finite() => (*rate).into(),
            LearningRate::Rate(rate) if rate.is_nan() => "nan".into(),
            LearningRate::Rate(rate) if *rate > 0.0 => "inf".into(),
            LearningRate::Rate(_) => "-inf".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(rate) => rate.as_f64().map(LearningRate::Rate),
            Value::String(name) => match name.as_str() {
                "auto" => Some(LearningRate::Auto),
                "nan" => Some(LearningRate::Rate(f64::NAN)),
                "inf" => Some(LearningRate::Rate(f64::INFINITY)),
                "-inf" => Some(LearningRate::Rate(f64::NEG_INFINITY)),
                _ => None,
            },
            _ => None,
        }
    }
}
written!(LearningRate, "a learning rate or \"auto\"");

/// Draws a map of rows, usually in two dimensions, in which rows that are near each other stay near.
///
/// With p the probabilities that rows are neighbours, by normal distributions around each of which the width is such that
/// `perplexity` rows count as near, finds points y (n_samples, n_components) that make
/// ```text
/// KL = Σ pᵢⱼ ln(pᵢⱼ / qᵢⱼ)        qᵢⱼ ∝ (1 + |yᵢ − yⱼ|² / ν)^(−(ν + 1) / 2)        ν = max(n_components − 1, 1)
/// ```
/// small, by gradient descent: 250 iterations with p times `early_exaggeration`, then up to `max_iter` in all. Distances
/// between far groups, and sizes of groups, say little; try several perplexities. There is no map for new rows. Scale columns
/// first; reduce many columns by [`Pca`](crate::decomposition::Pca) to 50, say.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | 2 | 1 to 3, for `Exact` to n_samples | dimensions of the map |
/// | `perplexity` | 30 | `(0, n_samples)` | how many rows count as near |
/// | `early_exaggeration` | 12 | `[1, inf)` | what p is multiplied by at first: raising it parts groups more |
/// | `learning_rate` | auto | `(0, inf)` | [`LearningRate`] |
/// | `max_iter` | 1000 | 250 to 1,000,000 | the most iterations |
/// | `n_iter_without_progress` | 300 | at least −1 | iterations without a lower KL that end the descent, looked at every 50 |
/// | `min_grad_norm` | 1e-7 | `[0, inf)` | a gradient that ends the descent |
/// | `metric` | Euclidean | | [`Metric`], of which the squares count |
/// | `init` | pca | | where to begin: [`TsneInit`]; not pca for precomputed distances |
/// | `random_state` | 0 | | the seed of a random start |
/// | `method` | Barnes-Hut | | [`TsneMethod`] |
/// | `angle` | 0.5 | `[0, 1]` | the side of a cell over its distance below which it is summed up: raising it is faster and less accurate |
///
/// # Complexity
/// n² p for the neighbours, in blocks; then each iteration n ln n and 3 `perplexity` n, in memory of 6 `perplexity` n. Points
/// are moved in `f64`; by cells, the forces on them are found in single precision. The same bits with any number of threads.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidParameter`, also for a perplexity of n_samples or more, `ShapeMismatch` for given points or
/// distances that do not fit, `InvalidInput` for negative distances, `TooLarge`, `Cancelled`, and `Overflow`. Sample weights are
/// accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// L. van der Maaten and G. Hinton (2008), "Visualizing data using t-SNE"; L. van der Maaten (2014), "Accelerating t-SNE using
/// tree-based algorithms"; N. Chaudhary, A. Pivovar, P. Yakovlev, A. Gorshkov and S. Misra (2022), "Accelerating Barnes-Hut t-SNE
/// algorithm by efficient parallelization on multi-core CPUs", for points in the order of a curve. As scikit-learn's `TSNE`, which
/// computes in single precision.
///
/// # Examples
/// ```
/// use fitwell::{manifold::Tsne, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let map = Tsne::new().max_iter(300).fit(&iris.x, &())?;
/// assert_eq!(map.embedding().dim(), (150, 2));
/// assert!(map.kl_divergence() < 0.5);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "TSNE")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tsne {
    /// Dimensions of the map.
    n_components: usize,
    /// How many rows count as near.
    #[serde(with = "params::number")]
    perplexity: f64,
    /// What probabilities are multiplied by at first.
    #[serde(with = "params::number")]
    early_exaggeration: f64,
    /// The learning rate.
    learning_rate: LearningRate,
    /// The most iterations.
    max_iter: usize,
    /// Iterations without progress that end the descent.
    n_iter_without_progress: i64,
    /// A gradient that ends the descent.
    #[serde(with = "params::number")]
    min_grad_norm: f64,
    /// How far rows are from each other.
    metric: Metric,
    /// Where to begin.
    init: TsneInit,
    /// The seed of a random start.
    random_state: u64,
    /// How gradients are found.
    method: TsneMethod,
    /// The side of a cell over its distance below which it is summed up.
    #[serde(with = "params::number")]
    angle: f64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for Tsne {
    fn default() -> Self {
        Tsne {
            n_components: 2,
            perplexity: 30.0,
            early_exaggeration: 12.0,
            learning_rate: LearningRate::Auto,
            max_iter: 1000,
            n_iter_without_progress: 300,
            min_grad_norm: 1e-7,
            metric: Metric::Euclidean,
            init: TsneInit::Pca,
            random_state: 0,
            method: TsneMethod::BarnesHut,
            angle: 0.5,
            watch: Watch::default(),
        }
    }
}

impl Tsne {
    /// Two dimensions, a perplexity of 30.
    pub fn new() -> Self {
        Self::default()
    }

    /// Dimensions of the map.
    #[must_use]
    pub fn n_components(mut self, n_components: usize) -> Self {
        self.n_components = n_components;
        self
    }

    /// How many rows count as near.
    #[must_use]
    pub fn perplexity(mut self, perplexity: f64) -> Self {
        self.perplexity = perplexity;
        self
    }

    /// What probabilities are multiplied by in the first 250 iterations.
    #[must_use]
    pub fn early_exaggeration(mut self, early_exaggeration: f64) -> Self {
        self.early_exaggeration = early_exaggeration;
        self
    }

    /// The learning rate.
    #[must_use]
    pub fn learning_rate(mut self, learning_rate: impl Into<LearningRate>) -> Self {
        self.learning_rate = learning_rate.into();
        self
    }

    /// The most iterations.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// Iterations without progress that end the descent.
    #[must_use]
    pub fn n_iter_without_progress(mut self, n: i64) -> Self {
        self.n_iter_without_progress = n;
        self
    }

    /// A gradient that ends the descent.
    #[must_use]
    pub fn min_grad_norm(mut self, min_grad_norm: f64) -> Self {
        self.min_grad_norm = min_grad_norm;
        self
    }

    /// How far rows are from each other.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// Where to begin.
    #[must_use]
    pub fn init(mut self, init: impl Into<TsneInit>) -> Self {
        self.init = init.into();
        self
    }

    /// The seed of a random start.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// How gradients are found.
    #[must_use]
    pub fn method(mut self, method: TsneMethod) -> Self {
        self.method = method;
        self
    }

    /// The side of a cell over its distance below which it is summed up.
    #[must_use]
    pub fn angle(mut self, angle: f64) -> Self {
        self.angle = angle;
        self
    }

    /// Reports every iteration, every fiftieth with the divergence, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The points to begin with, row by row.
    fn start<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Vec<f64>> {
        let (n, d) = (x.nrows(), self.n_components);
        let random = || {
            let mut rng = generator(self.random_state);
            (0..n * d)
                .map(|_| START * standard_normal(&mut rng))
                .collect()
        };
        match &self.init {
            TsneInit::Random => Ok(random()),
            TsneInit::Given(rows) => {
                if rows.len() != n {
                    return Err(Error::shape("points in `init`", n, rows.len()));
                }
                if let Some(row) = rows.iter().find(|row| row.len() != d) {
                    return Err(Error::shape(
                        "coordinates of a point in `init`",
                        d,
                        row.len(),
                    ));
                }
                Ok(rows.iter().flatten().copied().collect())
            }
            TsneInit::Pca => {
                let most = n.min(x.ncols());
                if d > most {
                    let expected =
                        format!("at most min(n_samples, n_features) = {most} for init \"pca\"");
                    return Err(Error::invalid_parameter(NAME, "n_components", expected, d));
                }
                let pca = Pca::new().n_components(d).random_state(self.random_state);
                let z = pca.fit(x, &())?.transform(x)?.mapv(|v| v.f64());
                let first = z.column(0);
                let mean = first.sum() / n as f64;
                let squares: f64 = first.iter().map(|v| (v - mean) * (v - mean)).sum();
                let deviation = (squares / n as f64).sqrt();
                if deviation == 0.0 {
                    // All rows are the same.
                    return Ok(random());
                }
                Ok(z.iter().map(|v| v / deviation * START).collect())
            }
        }
    }

    /// Moves points by all pairs.
    fn by_pairs(&self, squares: Vec<f64>, neighbours: &[u32], y: &mut [f64]) -> Result<Landing> {
        let d = self.n_components;
        let n = y.len() / d;
        let p = dense(&squares, neighbours, n);
        drop(squares);
        let dof = self.degrees_of_freedom();
        let mut points = Array2::zeros((n, d));
        self.descent(n).run(
            y,
            |y, factor, divergence| {
                points.iter_mut().zip(y).for_each(|(to, &v)| *to = v);
                let (gradient, kl) = exact(&points, &p, factor, dof, divergence);
                let c = 2.0 * (dof + 1.0) / dof;
                (gradient.iter().map(|g| c * g).collect(), kl)
            },
            |i, value| self.watch.report(NAME, i, Some(self.max_iter), value),
        )
    }

    /// Moves points by cells.
    fn by_cells<const D: usize>(
        &self,
        squares: &[f64],
        neighbours: &[u32],
        y: &mut [f64],
    ) -> Result<Landing> {
        let n = y.len() / D;
        let springs = Springs::new(&symmetric(squares, neighbours, n));
        let dof = self.degrees_of_freedom();
        let mut points = vec![[0.0; D]; n];
        self.descent(n).run(
            y,
            |y, factor, check| {
                points.as_flattened_mut().copy_from_slice(y);
                let (push, sum) = repulsion(&Tree::new(&points, self.angle));
                let sum = sum.max(f64::MIN_POSITIVE);
                let single = single(&points);
                let pull = attraction(&single, &springs);
                let c = 2.0 * (dof + 1.0) / dof;
                let each = pull.as_flattened().iter().zip(push.as_flattened());
                let gradient = each.map(|(a, b)| c * (factor * a - b / sum)).collect();
                let kl = if check {
                    divergence(&single, &springs, factor, sum)
                } else {
                    0.0
                };
                (gradient, kl)
            },
            |i, value| self.watch.report(NAME, i, Some(self.max_iter), value),
        )
    }

    fn degrees_of_freedom(&self) -> f64 {
        self.n_components.saturating_sub(1).max(1) as f64
    }

    fn rate(&self, n: usize) -> f64 {
        match self.learning_rate {
            LearningRate::Rate(rate) => rate,
            LearningRate::Auto => (n as f64 / self.early_exaggeration / 4.0).max(50.0),
        }
    }

    fn descent(&self, n: usize) -> Descent {
        Descent {
            learning_rate: self.rate(n),
            min_grad_norm: self.min_grad_norm,
            n_iter_without_progress: self.n_iter_without_progress,
            max_iter: self.max_iter,
            exaggeration: self.early_exaggeration,
        }
    }

    fn check_data<F: Float>(&self, x: &ArrayRef2<F>) -> Result<()> {
        check::samples(x)?;
        let n = x.nrows();
        if self.perplexity >= n as f64 {
            let expected = format!("below the number of rows, {n}");
            return Err(Error::invalid_parameter(
                NAME,
                "perplexity",
                expected,
                self.perplexity,
            ));
        }
        if self.metric == Metric::Precomputed {
            if x.ncols() != n {
                return Err(Error::shape(
                    "columns of precomputed distances",
                    n,
                    x.ncols(),
                ));
            }
            if let Some(((i, j), v)) = x.indexed_iter().find(|(_, v)| **v < F::zero()) {
                let reason = format!("row {i}, column {j} is negative: {v}");
                return Err(Error::invalid_input("distances", reason));
            }
        }
        points_fit(n, self.n_components)
    }
}

/// As many points can be numbered, and stored.
fn points_fit(n: usize, d: usize) -> Result<()> {
    if n > u32::MAX as usize / 2 {
        return Err(crate::error::ErrorKind::TooLarge {
            what: "rows of a map".into(),
            size: n as u64,
            limit: u64::from(u32::MAX / 2),
        }
        .into());
    }
    parallel::fits::<f64>("the map", (n, d))
}

impl Hyperparameters for Tsne {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        let most = match self.method {
            TsneMethod::BarnesHut => 3.0,
            TsneMethod::Exact => 1e4,
        };
        let dimensions = Interval::closed(1.0, most);
        check::real(NAME, "n_components", self.n_components as f64, dimensions)?;
        check::real(NAME, "perplexity", self.perplexity, Interval::above(0.0))?;
        let at_least_one = Interval::at_least(1.0);
        check::real(
            NAME,
            "early_exaggeration",
            self.early_exaggeration,
            at_least_one,
        )?;
        if let LearningRate::Rate(rate) = self.learning_rate {
            check::real(NAME, "learning_rate", rate, Interval::above(0.0))?;
        }
        let iterations = Interval::closed(250.0, 1e6);
        check::real(NAME, "max_iter", self.max_iter as f64, iterations)?;
        let patience = self.n_iter_without_progress as f64;
        check::real(
            NAME,
            "n_iter_without_progress",
            patience,
            Interval::at_least(-1.0),
        )?;
        check::real(
            NAME,
            "min_grad_norm",
            self.min_grad_norm,
            Interval::at_least(0.0),
        )?;
        check::real(NAME, "angle", self.angle, Interval::closed(0.0, 1.0))?;
        if self.metric == Metric::Precomputed && self.init == TsneInit::Pca {
            let expected = "\"random\" or points with precomputed distances";
            return Err(Error::invalid_parameter(NAME, "init", expected, "pca"));
        }
        if let TsneInit::Given(rows) = &self.init {
            let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
            for &v in rows.iter().flatten() {
                check::real(NAME, "init", v, finite)?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for Tsne {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Tsne {
    type Fitted = FittedTsne<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        self.check_data(x)?;
        check::target(y, x.nrows())?;
        let (n, d) = (x.nrows(), self.n_components);
        let mut points = self.start(x)?;
        let k = match self.method {
            TsneMethod::Exact => {
                parallel::fits::<f64>("the probabilities", (n, n))?;
                n - 1
            }
            TsneMethod::BarnesHut => ((3.0 * self.perplexity + 1.0) as usize).min(n - 1),
        };
        let (mut squares, neighbours) = nearest(NAME, &x.mapv(|v| v.f64()), self.metric, k)?;
        check::learned(NAME, "a squared distance", &squares)?;
        conditional(&mut squares, k, self.perplexity);
        let landing = match (self.method, d) {
            (TsneMethod::Exact, _) => self.by_pairs(squares, &neighbours, &mut points)?,
            (_, 1) => self.by_cells::<1>(&squares, &neighbours, &mut points)?,
            (_, 2) => self.by_cells::<2>(&squares, &neighbours, &mut points)?,
            _ => self.by_cells::<3>(&squares, &neighbours, &mut points)?,
        };
        let embedding = Array2::from_shape_fn((n, d), |(i, a)| F::of(points[i * d + a]));
        check::learned(NAME, "a point of the map", &embedding)?;
        check::learned(NAME, "the divergence", &[landing.divergence])?;
        Ok(FittedTsne {
            embedding,
            kl_divergence: landing.divergence,
            n_iter: landing.n_iter,
            learning_rate: self.rate(n),
            n_features_in: x.ncols(),
        })
    }
}

/// A map of rows, drawn by [`Tsne`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedTsne<F: Float> {
    embedding: Array2<F>,
    kl_divergence: f64,
    n_iter: usize,
    learning_rate: f64,
    n_features_in: usize,
}

impl<F: Float> FittedTsne<F> {
    /// The points of the map, (n_samples, n_components).
    pub fn embedding(&self) -> &Array2<F> {
        &self.embedding
    }

    /// The divergence KL at the end of the descent.
    pub fn kl_divergence(&self) -> f64 {
        self.kl_divergence
    }

    /// The last iteration, from 0 as in scikit-learn: 999 after 1000.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// The learning rate that was used.
    pub fn learning_rate(&self) -> f64 {
        self.learning_rate
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }
}

impl<F: Float> FeatureNamesOut for FittedTsne<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        crate::decomposition::names("tsne", input, self.n_features_in, self.embedding.ncols())
    }
}

impl<F: Float> fmt::Display for FittedTsne<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, d) = self.embedding.dim();
        write!(
            f,
            "Tsne: {n} rows in {d} dimensions, divergence {:.6} at iteration {}",
            self.kl_divergence, self.n_iter
        )
    }
}

impl<F: Float> Model for FittedTsne<F> {
    fn type_name() -> String {
        format!("FittedTsne<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (n, d) = self.embedding.dim();
        ensure::at_least("number of points", n, 2)?;
        ensure::at_least("number of dimensions", d, 1)?;
        ensure::at_least("number of features", self.n_features_in, 1)?;
        ensure::positive("learning_rate", &[self.learning_rate])
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;
    use crate::error::ErrorKind;

    /// Three clouds far from each other.
    fn clouds(n: usize) -> Array2<f64> {
        let mut rng = generator(4);
        Array2::from_shape_fn((n, 5), |(i, j)| {
            let centre = if j == i % 3 { 20.0 } else { 0.0 };
            centre + standard_normal(&mut rng)
        })
    }

    fn parted(map: &Array2<f64>) {
        let far = |i: usize, j: usize| {
            let d = &map.row(i) - &map.row(j);
            d.dot(&d)
        };
        for i in 0..map.nrows() {
            let nearest = (0..map.nrows())
                .filter(|&j| j != i)
                .min_by(|&a, &b| far(i, a).total_cmp(&far(i, b)));
            assert_eq!(nearest.unwrap() % 3, i % 3);
        }
    }

    #[test]
    fn both_methods_part_clouds_in_the_plane() {
        let x = clouds(60);
        for d in [1, 2, 3] {
            let tsne = Tsne::new().n_components(d).perplexity(10.0).max_iter(300);
            let cells = tsne.fit(&x, &()).unwrap();
            assert!(cells.kl_divergence() > 0.0);
            // On a line clouds cannot pass each other, and in space it takes many more iterations.
            if d == 2 {
                parted(cells.embedding());
                let all = tsne.method(TsneMethod::Exact).fit(&x, &()).unwrap();
                parted(all.embedding());
                let ratio = cells.kl_divergence() / all.kl_divergence();
                assert!((0.5..2.0).contains(&ratio), "{ratio}");
            }
            cells.validate().unwrap();
            assert_eq!(cells.feature_names_out(None).unwrap()[0], "tsne0");
        }
    }

    #[test]
    fn the_start_and_the_distances_can_be_given() {
        let x = clouds(60);
        let tsne = Tsne::new().perplexity(8.0).max_iter(300);
        let random = tsne.clone().init(TsneInit::Random).fit(&x, &()).unwrap();
        parted(random.embedding());
        let first = random.embedding().mapv(|v| v * 1e-6);
        parted(tsne.clone().init(&first).fit(&x, &()).unwrap().embedding());
        let distances = Array2::from_shape_fn((60, 60), |(i, j)| {
            let d = &x.row(i) - &x.row(j);
            d.dot(&d).sqrt()
        });
        let given = tsne.clone().init(&first).metric(Metric::Precomputed);
        parted(given.fit(&distances, &()).unwrap().embedding());
        for metric in [Metric::Manhattan, Metric::Chebyshev, Metric::Cosine] {
            parted(
                tsne.clone()
                    .metric(metric)
                    .fit(&x, &())
                    .unwrap()
                    .embedding(),
            );
        }
    }

    #[test]
    fn the_same_bits_with_any_number_of_threads() {
        let x = clouds(140);
        let fit = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| Tsne::new().max_iter(260).fit(&x, &()).unwrap())
        };
        assert_eq!(fit(1), fit(3));
    }

    #[test]
    fn hostile_data_have_finite_maps() {
        let same = Array2::from_elem((20, 3), 7.0);
        let twice = clouds(30).select(
            ndarray::Axis(0),
            &(0..60).map(|i| i / 2).collect::<Vec<_>>(),
        );
        let large = clouds(30) * 1e100;
        for x in [&same, &twice, &large] {
            for method in [TsneMethod::BarnesHut, TsneMethod::Exact] {
                let map = Tsne::new()
                    .perplexity(5.0)
                    .max_iter(260)
                    .method(method)
                    .fit(x, &());
                assert!(map.unwrap().embedding().iter().all(|v| v.is_finite()));
            }
        }
        let few = Tsne::new()
            .fit(&clouds(30).slice(s![..20, ..]), &())
            .unwrap_err();
        assert!(
            matches!(few.kind(), ErrorKind::InvalidParameter { name, .. } if name == "perplexity"),
            "{few}"
        );
    }
}
