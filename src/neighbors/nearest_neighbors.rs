//! Neighbours as data.

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::estimators::{enough, search_setters};
use super::search::{Found, Index, NeighborsAlgorithm};
use super::voters::enough_others;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "NearestNeighbors";

/// Finds the nearest of the rows it was fitted on, or those within a radius.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_neighbors` | 5 | 1 to n_samples | neighbours found unless a call says otherwise |
/// | `radius` | 1 | `[0, inf)` | the radius unless a call says otherwise |
/// | `metric` | Minkowski | [`Metric`] | the distance |
/// | `p` | 2 | `(0, inf]` | its power |
/// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | how neighbours are found; changes no neighbour |
/// | `leaf_size` | 30 | at least 1 | rows in a leaf of a tree; speed alone |
///
/// Targets and their weights are accepted and not used.
///
/// # Complexity
/// Fitting builds a tree in O(n p log n), or copies the rows. A query takes O(n p) without a tree, and in few columns about
/// O(p log n) with one. No matrix of distances is written.
///
/// # Errors
/// `InvalidParameter`, also for more neighbours than rows and for metrics that the algorithm cannot do; `EmptyInput`,
/// `NonFinite`, `ShapeMismatch`; `Overflow` when a distance exceeds the largest number.
///
/// # Source
/// J. L. Bentley, "Multidimensional binary search trees used for associative searching" (1975). Results are scikit-learn's;
/// of rows at equal distances the first come first.
///
/// # Examples
/// ```
/// use fitwell::{neighbors::NearestNeighbors, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]];
/// let model = NearestNeighbors::new().n_neighbors(2).fit(&x, &())?;
/// let (distances, indices) = model.kneighbors(&array![[4.0, 5.0]], None)?;
/// assert_eq!(indices, array![[2, 1]]);
/// assert_eq!(distances[[0, 0]], 1.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct NearestNeighbors {
    n_neighbors: usize,
    #[serde(with = "crate::params::number")]
    radius: f64,
    algorithm: NeighborsAlgorithm,
    leaf_size: usize,
    metric: Metric,
    #[serde(with = "crate::params::number")]
    p: f64,
    metric_params: Option<MetricParams>,
}

impl Default for NearestNeighbors {
    fn default() -> Self {
        NearestNeighbors {
            n_neighbors: 5,
            radius: 1.0,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 30,
            metric: Metric::Minkowski,
            p: 2.0,
            metric_params: None,
        }
    }
}

impl NearestNeighbors {
    /// Five neighbours, or a radius of 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many neighbours are found.
    pub fn n_neighbors(mut self, n_neighbors: usize) -> Self {
        self.n_neighbors = n_neighbors;
        self
    }

    /// How far neighbours may be.
    pub fn radius(mut self, radius: f64) -> Self {
        self.radius = radius;
        self
    }
}

search_setters!(NearestNeighbors);

impl Hyperparameters for NearestNeighbors {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_neighbors", self.n_neighbors, 1)?;
        check::real(NAME, "radius", self.radius, Interval::at_least(0.0))?;
        self.settings(None).check(NAME)
    }
}

impl fmt::Display for NearestNeighbors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for NearestNeighbors {
    type Fitted = FittedNearestNeighbors<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        Ok(FittedNearestNeighbors {
            index: Index::new(NAME, x, self.settings(Some(self.n_neighbors)))?,
            n_neighbors: self.n_neighbors,
            radius: self.radius,
        })
    }
}

/// Rows that are searched, made by [`NearestNeighbors`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedNearestNeighbors<F: Float = f64> {
    index: Index<F>,
    n_neighbors: usize,
    radius: f64,
}

/// Neighbours within a radius: those of row i are `indices()[indptr()[i]..indptr()[i + 1]]`.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborsWithin<F> {
    found: Found<F>,
}

impl<F> NeighborsWithin<F> {
    /// The number of queries.
    pub fn n_rows(&self) -> usize {
        self.found.indptr.len().saturating_sub(1)
    }

    /// Where the neighbours of each row begin, and at the end where the last ones end.
    pub fn indptr(&self) -> &[usize] {
        &self.found.indptr
    }

    /// The neighbours of all rows.
    pub fn indices(&self) -> &[usize] {
        &self.found.indices
    }

    /// Their distances.
    pub fn distances(&self) -> &[F] {
        &self.found.distances
    }

    /// The neighbours of one row and their distances; `None` beyond the last row.
    pub fn get(&self, row: usize) -> Option<(&[usize], &[F])> {
        let range = *self.found.indptr.get(row)?..*self.found.indptr.get(row + 1)?;
        let distances = self.found.distances.get(range.clone())?;
        Some((self.found.indices.get(range)?, distances))
    }
}

/// A sparse matrix (n_queries, n_samples_fit) in compressed rows: the entries of row i are `indices()[indptr()[i]..indptr()[i + 1]]`
/// with the values at the same places of `data()`.
#[derive(Clone, Debug, PartialEq)]
pub struct NeighborsGraph<F> {
    shape: (usize, usize),
    found: Found<F>,
}

impl<F: Float> NeighborsGraph<F> {
    /// Rows and columns.
    pub fn shape(&self) -> (usize, usize) {
        self.shape
    }

    /// Where each row begins, and at the end where the last one ends.
    pub fn indptr(&self) -> &[usize] {
        &self.found.indptr
    }

    /// The columns of the entries.
    pub fn indices(&self) -> &[usize] {
        &self.found.indices
    }

    /// The entries: 1 or distances.
    pub fn data(&self) -> &[F] {
        &self.found.distances
    }

    /// The same as a dense matrix.
    ///
    /// # Errors
    /// `TooLarge` or `InvalidInput` when it does not fit in memory.
    pub fn to_dense(&self) -> Result<Array2<F>> {
        crate::parallel::fits::<F>("a dense graph", self.shape)?;
        let mut out = Array2::zeros(self.shape);
        for (i, pair) in self.found.indptr.windows(2).enumerate() {
            for at in pair[0]..pair[1] {
                out[[i, self.found.indices[at]]] = self.found.distances[at];
            }
        }
        Ok(out)
    }
}

impl<F: Float> FittedNearestNeighbors<F> {
    /// The `n_neighbors` nearest rows of each row of `x`: distances and numbers, (n_queries, n_neighbors), nearest first.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`, `InvalidParameter` for more neighbours than rows, `Overflow`.
    pub fn kneighbors(
        &self,
        x: &ArrayRef2<F>,
        n_neighbors: impl Into<Option<usize>>,
    ) -> Result<(Array2<F>, Array2<usize>)> {
        let k = n_neighbors.into().unwrap_or(self.n_neighbors);
        self.index.check(x)?;
        check::count(NAME, "n_neighbors", k, 1)?;
        enough(NAME, k, self.index.n())?;
        let found = self.index.nearest(x, k)?;
        check::learned(NAME, "a distance", &found.0)?;
        Ok(found)
    }

    /// The `n_neighbors` nearest other rows of each row of the fit; scikit-learn's `kneighbors()` without rows.
    ///
    /// # Errors
    /// As [`kneighbors`](Self::kneighbors).
    pub fn kneighbors_of_fit(
        &self,
        n_neighbors: impl Into<Option<usize>>,
    ) -> Result<(Array2<F>, Array2<usize>)> {
        let k = n_neighbors.into().unwrap_or(self.n_neighbors);
        check::count(NAME, "n_neighbors", k, 1)?;
        enough_others(NAME, k, self.index.n())?;
        let found = self.index.nearest_own(k)?;
        check::learned(NAME, "a distance", &found.0)?;
        Ok(found)
    }

    /// The rows at most `radius` from each row of `x`, by number, or with `sort_results` nearest first.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`, `InvalidParameter` for a bad radius.
    pub fn radius_neighbors(
        &self,
        x: &ArrayRef2<F>,
        radius: impl Into<Option<f64>>,
        sort_results: bool,
    ) -> Result<NeighborsWithin<F>> {
        self.index.check(x)?;
        self.within(Some(x), radius.into(), sort_results)
    }

    /// The other rows at most `radius` from each row of the fit; scikit-learn's `radius_neighbors()` without rows.
    ///
    /// # Errors
    /// As [`radius_neighbors`](Self::radius_neighbors).
    pub fn radius_neighbors_of_fit(
        &self,
        radius: impl Into<Option<f64>>,
        sort_results: bool,
    ) -> Result<NeighborsWithin<F>> {
        self.within(None, radius.into(), sort_results)
    }

    fn within(
        &self,
        x: Option<&ArrayRef2<F>>,
        radius: Option<f64>,
        sort_results: bool,
    ) -> Result<NeighborsWithin<F>> {
        let radius = radius.unwrap_or(self.radius);
        check::real(NAME, "radius", radius, Interval::at_least(0.0))?;
        let found = self.index.within(x, radius, sort_results)?;
        Ok(NeighborsWithin { found })
    }

    /// The graph of [`kneighbors`](Self::kneighbors): entries of 1, or distances.
    ///
    /// # Errors
    /// As [`kneighbors`](Self::kneighbors).
    pub fn kneighbors_graph(
        &self,
        x: &ArrayRef2<F>,
        n_neighbors: impl Into<Option<usize>>,
        distances: bool,
    ) -> Result<NeighborsGraph<F>> {
        let (found, indices) = self.kneighbors(x, n_neighbors)?;
        Ok(self.graph(found, indices, distances))
    }

    /// The graph of [`kneighbors_of_fit`](Self::kneighbors_of_fit).
    ///
    /// # Errors
    /// As [`kneighbors_of_fit`](Self::kneighbors_of_fit).
    pub fn kneighbors_graph_of_fit(
        &self,
        n_neighbors: impl Into<Option<usize>>,
        distances: bool,
    ) -> Result<NeighborsGraph<F>> {
        let (found, indices) = self.kneighbors_of_fit(n_neighbors)?;
        Ok(self.graph(found, indices, distances))
    }

    /// The graph of [`radius_neighbors`](Self::radius_neighbors): entries of 1, or distances.
    ///
    /// # Errors
    /// As [`radius_neighbors`](Self::radius_neighbors).
    pub fn radius_neighbors_graph(
        &self,
        x: &ArrayRef2<F>,
        radius: impl Into<Option<f64>>,
        distances: bool,
    ) -> Result<NeighborsGraph<F>> {
        let mut found = self.radius_neighbors(x, radius, false)?.found;
        if !distances {
            found.distances.fill(F::one());
        }
        Ok(NeighborsGraph {
            shape: (x.nrows(), self.index.n()),
            found,
        })
    }

    fn graph(
        &self,
        found: Array2<F>,
        indices: Array2<usize>,
        distances: bool,
    ) -> NeighborsGraph<F> {
        let (n, k) = indices.dim();
        NeighborsGraph {
            shape: (n, self.index.n()),
            found: Found {
                indptr: (0..=n).map(|i| i * k).collect(),
                indices: indices.into_iter().collect(),
                distances: found
                    .into_iter()
                    .map(|d| if distances { d } else { F::one() })
                    .collect(),
            },
        }
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.index.width()
    }

    /// The number of rows that are searched.
    pub fn n_samples_fit(&self) -> usize {
        self.index.n()
    }

    /// The metric, with `minkowski` of power 1, 2 and ∞ by its own name.
    pub fn effective_metric(&self) -> Metric {
        self.index.effective_metric()
    }
}

impl<F: Float> fmt::Display for FittedNearestNeighbors<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, p) = (self.n_samples_fit(), self.n_features_in());
        write!(f, "{NAME} of {n} rows, {p} features")
    }
}

impl<F: Float> Model for FittedNearestNeighbors<F> {
    fn type_name() -> String {
        format!("FittedNearestNeighbors<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("n_neighbors", self.n_neighbors, 1)?;
        ensure::non_negative("radius", &[self.radius])
    }
}
