//! Rows ready to be searched: the nearest of a row, and those within a radius.
//!
//! Distances to several rows are summed side by side in a register, and compared there with the farthest that is still of
//! interest; only what is nearer leaves the registers, so that no matrix of distances is ever written. Without a tree the
//! rows pass by in blocks that stay in the cache, several queries at a time.

mod taken;
mod tree;

use ndarray::{Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::metrics::pairwise::metric::{Distance, Form, each};
use crate::metrics::pairwise::packed::{Add, Packed, sums, with_form, with_rounded_form};
use crate::metrics::pairwise::{Metric, MetricParams, precomputed};
use crate::parallel;

pub(crate) use taken::{Nearest, Take, Within};
pub(crate) use tree::Tree;

/// How neighbours are looked for. The result is the same, but for the last digits of distances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NeighborsAlgorithm {
    /// A tree for at most 15 columns where the metric allows it and fewer than half of the rows are asked for; else all
    /// distances. scikit-learn's rule.
    #[default]
    Auto,
    /// A tree of balls.
    BallTree,
    /// A tree of boxes.
    KdTree,
    /// All distances.
    Brute,
}

/// What a search needs besides the rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    pub(crate) metric: Metric,
    pub(crate) params: Option<MetricParams>,
    #[serde(with = "crate::params::number")]
    pub(crate) p: f64,
    pub(crate) algorithm: NeighborsAlgorithm,
    pub(crate) leaf_size: usize,
    /// Neighbours that will be asked for, for `Auto`.
    pub(crate) n_neighbors: Option<usize>,
}

impl Settings {
    /// The ranges that need no data, and whether the algorithm can do the metric.
    pub(crate) fn check(&self, estimator: &str) -> Result<()> {
        check::count(estimator, "leaf_size", self.leaf_size, 1)?;
        let positive = check::Interval::above(0.0).including_high();
        check::real(estimator, "p", self.p, positive)?;
        if let Some(params) = &self.params {
            params.check(estimator)?;
        }
        let refuse = |what: &str| {
            let algorithm = match self.algorithm {
                NeighborsAlgorithm::KdTree => "kd_tree",
                _ => "ball_tree",
            };
            Err(Error::invalid_parameter(
                estimator,
                "algorithm",
                format!("`auto` or `brute` for {what}"),
                algorithm,
            ))
        };
        let (boxes, balls) = self.trees();
        match self.algorithm {
            NeighborsAlgorithm::KdTree if !boxes => {
                refuse(&format!("the metric `{}`", self.metric))
            }
            NeighborsAlgorithm::BallTree if !balls => {
                refuse(&format!("the metric `{}`", self.metric))
            }
            NeighborsAlgorithm::KdTree | NeighborsAlgorithm::BallTree
                if self.metric == Metric::Minkowski && self.power() < 1.0 =>
            {
                Err(Error::invalid_parameter(
                    estimator,
                    "p",
                    "at least 1 for a tree",
                    self.power(),
                ))
            }
            NeighborsAlgorithm::KdTree
                if self.metric == Metric::Minkowski && self.params().weights().is_some() =>
            {
                refuse("a weighted Minkowski metric (a ball tree can do it, too)")
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn params(&self) -> MetricParams {
        self.params.clone().unwrap_or_default()
    }

    fn power(&self) -> f64 {
        self.params().power().unwrap_or(self.p)
    }

    /// Whether scikit-learn's k-d tree and ball tree know the metric.
    fn trees(&self) -> (bool, bool) {
        match self.metric {
            Metric::Euclidean | Metric::Manhattan | Metric::Chebyshev | Metric::Minkowski => {
                (true, true)
            }
            Metric::SqEuclidean
            | Metric::Cosine
            | Metric::Correlation
            | Metric::Yule
            | Metric::Precomputed => (false, false),
            _ => (false, true),
        }
    }

    /// The algorithm that `Auto` stands for.
    pub(crate) fn resolved(&self, n: usize, p: usize) -> NeighborsAlgorithm {
        if self.algorithm != NeighborsAlgorithm::Auto {
            return self.algorithm;
        }
        let (boxes, balls) = self.trees();
        let minkowski = self.metric == Metric::Minkowski;
        if self.metric == Metric::Precomputed
            || p > 15
            || self.n_neighbors.is_some_and(|k| k >= n / 2)
            || minkowski && self.power() < 1.0
        {
            NeighborsAlgorithm::Brute
        } else if boxes && !(minkowski && self.params().weights().is_some()) {
            NeighborsAlgorithm::KdTree
        } else if balls {
            NeighborsAlgorithm::BallTree
        } else {
            NeighborsAlgorithm::Brute
        }
    }
}

enum Search<F> {
    /// Pair by pair, over prepared rows.
    Rows(Vec<F>, Metric),
    /// All packed rows.
    All(Packed<F>),
    Tree(Tree<F>),
    /// The queries are distances.
    Given,
}

/// Rows ready to be searched.
#[derive(Serialize, Deserialize)]
#[serde(try_from = "Plain<F>", into = "Plain<F>", bound = "")]
pub(crate) struct Index<F: Float> {
    pub(crate) x: Array2<F>,
    settings: Settings,
    pub(crate) distance: Distance,
    pub(crate) scale: f64,
    search: Search<F>,
}

/// How an index is written: the rows, from which the tree is built again.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
struct Plain<F: Float> {
    x: Array2<F>,
    settings: Settings,
}

impl<F: Float> From<Index<F>> for Plain<F> {
    fn from(index: Index<F>) -> Self {
        Plain {
            x: index.x,
            settings: index.settings,
        }
    }
}

impl<F: Float> TryFrom<Plain<F>> for Index<F> {
    type Error = String;

    fn try_from(plain: Plain<F>) -> std::result::Result<Self, String> {
        let index = || {
            check::samples(&plain.x)?;
            if plain.settings.metric == Metric::Precomputed {
                precomputed(&plain.x, true)?;
            }
            plain.settings.check("index")?;
            Index::new("index", &plain.x, plain.settings)
        };
        index().map_err(|e: Error| e.to_string())
    }
}

impl<F: Float> Clone for Index<F> {
    fn clone(&self) -> Self {
        Index {
            x: self.x.clone(),
            settings: self.settings.clone(),
            distance: self.distance.clone(),
            scale: self.scale,
            search: match &self.search {
                Search::Rows(rows, metric) => Search::Rows(rows.clone(), *metric),
                Search::All(packed) => Search::All(packed.clone()),
                Search::Tree(tree) => Search::Tree(tree.clone()),
                Search::Given => Search::Given,
            },
        }
    }
}

impl<F: Float> PartialEq for Index<F> {
    fn eq(&self, other: &Self) -> bool {
        self.x == other.x && self.settings == other.settings
    }
}

impl<F: Float> std::fmt::Debug for Index<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index")
            .field("x", &self.x)
            .field("settings", &self.settings)
            .finish()
    }
}

/// Neighbours of several rows: those of row i are `indices[indptr[i]..indptr[i + 1]]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found<F> {
    pub(crate) indptr: Vec<usize>,
    pub(crate) indices: Vec<usize>,
    pub(crate) distances: Vec<F>,
}

/// The most rows an index can number.
const MOST: usize = u32::MAX as usize - 64;

impl<F: Float> Index<F> {
    /// Over checked rows and settings.
    pub(crate) fn new(estimator: &str, x: &ArrayRef2<F>, settings: Settings) -> Result<Self> {
        let (n, p) = x.dim();
        if n > MOST {
            return Err(crate::error::ErrorKind::TooLarge {
                what: format!("`{estimator}`: number of rows"),
                size: n as u64,
                limit: MOST as u64,
            }
            .into());
        }
        let mut params = settings.params();
        if params.power().is_none() {
            params = params.p(settings.p);
        }
        let distance = Distance::new(estimator, settings.metric, &params, x, None)?;
        let scale = distance.scale(x);
        let search = match distance.form {
            Form::Given => {
                precomputed(x, true)?;
                Search::Given
            }
            Form::Each(metric) => Search::Rows(distance.prepare(x, scale)?, metric),
            form => {
                let rows = distance.prepare(x, scale)?;
                let method = settings.resolved(n, p);
                let tree = distance.has_boxes() && form != Form::Squares { square: true };
                if method == NeighborsAlgorithm::Brute || !tree {
                    Search::All(Packed::new(&rows, p, None, form))
                } else {
                    let balls = method == NeighborsAlgorithm::BallTree;
                    Search::Tree(Tree::new(&rows, p, &distance, settings.leaf_size, balls))
                }
            }
        };
        Ok(Index {
            x: x.to_owned(),
            settings,
            distance,
            scale,
            search,
        })
    }

    pub(crate) fn n(&self) -> usize {
        self.x.nrows()
    }

    /// The tree that is searched, if one is.
    pub(crate) fn tree(&self) -> Option<&Tree<F>> {
        match &self.search {
            Search::Tree(tree) => Some(tree),
            _ => None,
        }
    }

    /// The width that queries have.
    pub(crate) fn width(&self) -> usize {
        self.x.ncols()
    }

    /// The metric, with `minkowski` of power 1, 2 and ∞ by its own name.
    pub(crate) fn effective_metric(&self) -> Metric {
        let weighted = self.settings.params().weights().is_some();
        match (self.settings.metric, self.distance.form) {
            (Metric::Minkowski, _) if weighted => Metric::Minkowski,
            (Metric::Minkowski, Form::Squares { .. }) => Metric::Euclidean,
            (Metric::Minkowski, Form::Sum) => Metric::Manhattan,
            (Metric::Minkowski, Form::Max) => Metric::Chebyshev,
            (metric, _) => metric,
        }
    }

    /// Queries that were checked, as the search wants them.
    pub(crate) fn prepare(&self, queries: &ArrayRef2<F>) -> Result<Vec<F>> {
        if self.distance.form == Form::Given {
            precomputed(queries, false)?;
        }
        self.distance.prepare(queries, self.scale)
    }

    /// The queries' width and values.
    pub(crate) fn check(&self, queries: &ArrayRef2<F>) -> Result<()> {
        check::same_width(queries, self.width())
    }

    /// Hands each prepared query's rows to its `taken`.
    pub(crate) fn run<T: Take<F>>(&self, rows: &[F], taken: &mut [T]) {
        let p = self.width();
        match &self.search {
            Search::Given => {
                for (row, taken) in rows.chunks_exact(p).zip(taken) {
                    for (i, &d) in row.iter().enumerate() {
                        if d <= taken.limit() {
                            taken.take(d, i as u32);
                        }
                    }
                }
            }
            Search::Rows(all, metric) => {
                for (row, taken) in rows.chunks_exact(p).zip(taken) {
                    for (i, other) in all.chunks_exact(p).enumerate() {
                        let d = F::of(each(*metric, row, other));
                        if d <= taken.limit() {
                            taken.take(d, i as u32);
                        }
                    }
                }
            }
            Search::All(packed) => {
                with_form!(self.distance.form, F, |add, L| all::<F, _, T, L>(
                    add,
                    packed,
                    self.distance.form == Form::Dot,
                    rows,
                    taken
                ));
            }
            Search::Tree(tree) => {
                let mut path = Vec::with_capacity(64);
                with_form!(self.distance.form, F, |add, L| {
                    for (row, taken) in rows.chunks_exact(p).zip(taken.iter_mut()) {
                        tree.search::<_, T, L>(add, &self.distance, row, &mut path, taken);
                    }
                });
            }
        }
    }

    /// Prepared queries that are near each other, to their `taken`: as [`run`](Self::run), several at a time in a tree.
    pub(crate) fn run_together<T: Take<F>>(&self, rows: &[F], taken: &mut [T]) {
        let Search::Tree(tree) = &self.search else {
            return self.run(rows, taken);
        };
        let p = self.width();
        with_form!(self.distance.form, F, |add, L| {
            let mut path = Vec::with_capacity(64);
            for (rows, taken) in rows.chunks(L * p).zip(taken.chunks_mut(L)) {
                tree.search_together::<_, T, L>(add, &self.distance, rows, &mut path, taken);
            }
        });
    }

    /// The order of prepared queries in which neighbours in it are near each other, if there is a tree and they are many;
    /// `own` for the rows themselves.
    pub(crate) fn order(&self, rows: &[F], own: bool) -> Option<Vec<u32>> {
        /// Fewer are not worth it.
        const MANY: usize = 32;
        let Search::Tree(tree) = &self.search else {
            return None;
        };
        let p = self.width();
        let n = rows.len() / p;
        if !(MANY..MOST).contains(&n) {
            return None;
        }
        if own {
            return Some(tree.order.clone());
        }
        let places = parallel::map_chunks(n, 1024, |range| {
            with_form!(self.distance.form, F, |add, L| {
                const _: usize = L;
                let rows = rows[range.start * p..range.end * p].chunks_exact(p);
                rows.map(|row| tree.place(add, &self.distance, row))
                    .collect::<Vec<_>>()
            })
        });
        let places = places.concat();
        let mut order: Vec<u32> = (0..n as u32).collect();
        order.sort_unstable_by_key(|&i| (places[i as usize], i));
        Some(order)
    }

    /// As [`run`](Self::run), but squares are rounded before they are summed: rows at a radius, of which grids are full, fall
    /// on the side on which scikit-learn's trees have them.
    pub(crate) fn run_rounded<T: Take<F>>(&self, rows: &[F], taken: &mut [T]) {
        let p = self.width();
        match &self.search {
            Search::All(packed) if matches!(self.distance.form, Form::Squares { .. }) => {
                with_rounded_form!(self.distance.form, F, |add, L| all::<F, _, T, L>(
                    add, packed, false, rows, taken
                ));
            }
            Search::Tree(tree) if matches!(self.distance.form, Form::Squares { .. }) => {
                let mut path = Vec::with_capacity(64);
                with_rounded_form!(self.distance.form, F, |add, L| {
                    for (row, taken) in rows.chunks_exact(p).zip(taken.iter_mut()) {
                        tree.search::<_, T, L>(add, &self.distance, row, &mut path, taken);
                    }
                });
            }
            _ => self.run(rows, taken),
        }
    }

    /// Prepared queries of one task.
    fn chunk(&self, n: usize) -> usize {
        n.div_ceil(64).clamp(16, 128)
    }

    /// The k nearest rows of each query: distances and numbers, (n_queries, k).
    ///
    /// # Errors
    /// What preparing says; the number of rows when k exceeds it is the caller's to check.
    pub(crate) fn nearest(
        &self,
        queries: &ArrayRef2<F>,
        k: usize,
    ) -> Result<(Array2<F>, Array2<usize>)> {
        let rows = self.prepare(queries)?;
        self.nearest_prepared(&rows, queries.nrows(), k, false)
    }

    /// The k nearest other rows of each row.
    pub(crate) fn nearest_own(&self, k: usize) -> Result<(Array2<F>, Array2<usize>)> {
        let rows = self.prepare(&self.x)?;
        self.nearest_prepared(&rows, self.n(), k, true)
    }

    fn nearest_prepared(
        &self,
        rows: &[F],
        n: usize,
        k: usize,
        own: bool,
    ) -> Result<(Array2<F>, Array2<usize>)> {
        parallel::fits::<F>("distances to neighbours", (n, k))?;
        parallel::fits::<usize>("numbers of neighbours", (n, k))?;
        let p = self.width();
        let mut indices = Array2::<usize>::zeros((n, k));
        let mut distances = Array2::<F>::zeros((n, k));
        let chunk = self.chunk(n);
        let without = |i: usize| own.then_some(i as u32);
        let (Some(all), Some(found)) = (indices.as_slice_mut(), distances.as_slice_mut()) else {
            return Ok((distances, indices));
        };
        if let Some(order) = self.order(rows, own) {
            // So many at a time, because they are kept until they are in their places.
            for block in order.chunks(1 << 16) {
                let parts = parallel::map_chunks(block.len(), chunk, |range| {
                    let each = || block[range.clone()].iter().map(|&i| i as usize);
                    let mut taken: Vec<_> = each().map(|i| Nearest::new(k, without(i))).collect();
                    self.run_together(&gathered(rows, p, each()), &mut taken);
                    taken
                });
                for (&i, mut taken) in block.iter().zip(parts.into_iter().flatten()) {
                    self.put(i as usize, k, &mut taken, all, found);
                }
            }
            return Ok((distances, indices));
        }
        let mut parts: Vec<(&mut [usize], &mut [F])> = (all.chunks_mut((chunk * k).max(1)))
            .zip(found.chunks_mut((chunk * k).max(1)))
            .collect();
        let mut numbered: Vec<_> = parts.iter_mut().enumerate().collect();
        parallel::map_mut(&mut numbered, |(part, (indices, distances))| {
            let first = *part * chunk;
            let last = n.min(first + chunk);
            let new = match self.search {
                Search::Tree(_) => Nearest::new,
                _ => Nearest::of_all,
            };
            let mut taken: Vec<_> = (first..last).map(|i| new(k, without(i))).collect();
            self.run(&rows[first * p..last * p], &mut taken);
            for (i, taken) in taken.iter_mut().enumerate() {
                self.put(i, k, taken, indices, distances);
            }
        });
        Ok((distances, indices))
    }

    /// What was taken for row i, to its place among the others.
    fn put(
        &self,
        i: usize,
        k: usize,
        taken: &mut Nearest<F>,
        indices: &mut [usize],
        distances: &mut [F],
    ) {
        let place = i * k..(i + 1) * k;
        let outs = (indices[place.clone()].iter_mut()).zip(&mut distances[place]);
        for (&(sum, row), (index, distance)) in taken.sorted().iter().zip(outs) {
            *index = row as usize;
            *distance = self.finish(sum);
        }
    }

    /// The distance that a sum stands for.
    pub(crate) fn finish(&self, sum: F) -> F {
        if self.distance.form == Form::Dot {
            // They were taken from 1 already.
            return F::of(sum.f64().min(2.0));
        }
        F::of(self.distance.finish(sum.f64(), self.scale))
    }

    /// The sum that a radius stands for.
    pub(crate) fn limit(&self, radius: f64) -> F {
        F::of(self.distance.begin(radius, self.scale))
    }

    /// The rows within a radius, of each query or (`None`) of each row without itself, in the order of their numbers or
    /// by distance.
    pub(crate) fn within(
        &self,
        queries: Option<&ArrayRef2<F>>,
        radius: f64,
        by_distance: bool,
    ) -> Result<Found<F>> {
        let own = queries.is_none();
        let queries = queries.unwrap_or(&self.x);
        let (n, p) = (queries.nrows(), self.width());
        let rows = self.prepare(queries)?;
        let limit = self.limit(radius);
        let without = |i: usize| own.then_some(i as u32);
        let order = self.order(&rows, own);
        let parts = parallel::map_chunks(n, self.chunk(n), |range| {
            let mut taken: Vec<_> = match &order {
                None => {
                    let each = range.clone().map(|i| Within::new(limit, without(i)));
                    let mut taken: Vec<_> = each.collect();
                    self.run(&rows[range.start * p..range.end * p], &mut taken);
                    taken
                }
                Some(order) => {
                    let each = || order[range.clone()].iter().map(|&i| i as usize);
                    let new = each().map(|i| Within::new(limit, without(i)));
                    let mut taken: Vec<_> = new.collect();
                    self.run_together(&gathered(&rows, p, each()), &mut taken);
                    taken
                }
            };
            for taken in &mut taken {
                taken.sort(by_distance);
            }
            taken
        });
        let mut parts: Vec<_> = parts.into_iter().flatten().collect();
        if let Some(order) = order {
            let mut placed: Vec<_> = order.into_iter().zip(parts).collect();
            placed.sort_unstable_by_key(|(i, _)| *i);
            parts = placed.into_iter().map(|(_, taken)| taken).collect();
        }
        let mut found = Found {
            indptr: Vec::with_capacity(n + 1),
            indices: Vec::new(),
            distances: Vec::new(),
        };
        found.indptr.push(0);
        for taken in parts {
            found.indices.extend(taken.met.iter().map(|m| m.1 as usize));
            found
                .distances
                .extend(taken.met.iter().map(|m| self.finish(m.0)));
            found.indptr.push(found.indices.len());
        }
        Ok(found)
    }
}

/// Some rows, one after the other.
pub(crate) fn gathered<F: Float>(
    rows: &[F],
    p: usize,
    numbers: impl Iterator<Item = usize>,
) -> Vec<F> {
    let mut out = Vec::with_capacity(numbers.size_hint().0 * p);
    for i in numbers {
        out.extend_from_slice(&rows[i * p..(i + 1) * p]);
    }
    out
}

/// All packed rows pass by the queries.
#[inline(always)]
fn all<F: Float, A: Add<F>, T: Take<F>, const L: usize>(
    add: A,
    packed: &Packed<F>,
    similar: bool,
    rows: &[F],
    taken: &mut [T],
) {
    const ROWS: usize = 4;
    /// Elements of the packed rows that stay in the cache while all queries pass by.
    const TILE: usize = 1 << 14;
    let (n, p) = (packed.n, packed.p);
    let groups = (TILE / (p * L)).max(1);
    for (tile, columns) in packed.columns::<L>().chunks(groups * p).enumerate() {
        let first = tile * groups * L;
        let mut blocks = rows.chunks_exact(ROWS * p);
        let mut takers = taken.chunks_exact_mut(ROWS);
        for (block, taken) in (&mut blocks).zip(&mut takers) {
            let rows: [&[F]; ROWS] = std::array::from_fn(|r| &block[r * p..(r + 1) * p]);
            let mut limits: [F; ROWS] = std::array::from_fn(|r| taken[r].limit());
            for (group, columns) in columns.chunks_exact(p).enumerate() {
                let mut found = sums::<F, A, L, ROWS>(add, rows, columns);
                for (r, found) in found.iter_mut().enumerate() {
                    if similar {
                        apart(found);
                    }
                    let limit = limits[r];
                    if found.iter().fold(false, |any, &v| any | (v <= limit)) {
                        hand(found, first + group * L, n, &mut taken[r]);
                        limits[r] = taken[r].limit();
                    }
                }
            }
        }
        let rest = blocks.remainder().chunks_exact(p);
        for (row, taken) in rest.zip(takers.into_remainder()) {
            for (group, columns) in columns.chunks_exact(p).enumerate() {
                let mut found = sums::<F, A, L, 1>(add, [row], columns);
                if similar {
                    apart(&mut found[0]);
                }
                let limit = taken.limit();
                if found[0].iter().fold(false, |any, &v| any | (v <= limit)) {
                    hand(&found[0], first + group * L, n, taken);
                }
            }
        }
    }
}

/// 1 − s of similarities, in [0, 2].
#[inline(always)]
fn apart<F: Float, const L: usize>(found: &mut [F; L]) {
    for v in found {
        let d = F::one() - *v;
        *v = if d > F::zero() { d } else { F::zero() };
    }
}

#[inline(always)]
fn hand<F: Float, T: Take<F>, const L: usize>(
    found: &[F; L],
    first: usize,
    n: usize,
    taken: &mut T,
) {
    for (l, &sum) in found.iter().enumerate() {
        if sum <= taken.limit() && first + l < n {
            taken.take(sum, (first + l) as u32);
        }
    }
}

/// The rows of `x` at these numbers.
pub(crate) fn select<F: Float>(x: &ArrayRef2<F>, rows: &[usize]) -> Array2<F> {
    x.select(Axis(0), rows)
}

#[cfg(test)]
mod tests;
