//! Numbers become bins: intervals of equal width, of equal content, or around the centres of clusters.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::columnwise::copy_in_row_order;
use super::k_means_1d::k_means_1d;
use super::linspace::evenly_spaced;
use super::quantiles::{QuantileMethod, column_quantiles, weighted_column_quantiles};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::random::{self, WeightedIndex};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, linalg, parallel};

/// Bins of a column that are not refused.
const MOST_BINS: usize = 1 << 20;
/// Bins of quantiles and clusters that are not wider than this are joined with the next.
const NARROW: f64 = 1e-8;

/// How a [`KBinsDiscretizer`] writes the bins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinEncode {
    /// A column of zeros and ones for each bin. The result is dense: the same as `OnehotDense`, under the name that is
    /// scikit-learn's default (and sparse there).
    #[default]
    #[serde(rename = "onehot")]
    Onehot,
    /// A column of zeros and ones for each bin.
    #[serde(rename = "onehot-dense")]
    OnehotDense,
    /// The number of the bin: 0, 1, 2, ...
    #[serde(rename = "ordinal")]
    Ordinal,
}

/// Where a [`KBinsDiscretizer`] puts the edges of the bins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinStrategy {
    /// Bins of equal width, from the least value to the greatest.
    Uniform,
    /// Bins with the same number of values.
    #[default]
    Quantile,
    /// Halfway between the centres of k-means, started from the middles of bins of equal width.
    Kmeans,
}

/// Replaces each number by its bin.
///
/// With edges e₀ < e₁ < ... < eₖ of a column, learned at fit, bin i holds the values from eᵢ up to, not including,
/// eᵢ₊₁; the first and the last bin also hold everything beyond the edges.
///
/// Use it to let a linear model follow any curve, one step for each bin, or to make numbers into categories.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_bins` | 5 | 2 to 1,048,576, or a list of them | bins of every column, or of each |
/// | `encode` | `onehot` | `onehot`, `onehot-dense`, `ordinal` | columns of zeros and ones (dense in both forms), or the bin's number |
/// | `strategy` | `quantile` | `uniform`, `quantile`, `kmeans` | where the edges are |
/// | `quantile_method` | `averaged_inverted_cdf` | the nine of [`QuantileMethod`] | which quantiles, for `quantile` |
/// | `subsample` | 200,000 | 1 and up, or `null` | learn from at most so many rows, drawn with replacement; `null`: from all |
/// | `random_state` | 0 | | seed of the draw |
///
/// The result has the element type of the input (scikit-learn's `dtype`).
///
/// Bins of quantiles and of clusters that are at most 1e-8 wide are joined with the next; a warning goes to the log. A
/// column with one value only has one bin: scikit-learn's edges −∞ and ∞ in [`bin_edges`](FittedKBinsDiscretizer::bin_edges).
///
/// # Sample weights
/// Weighted quantiles exist for `inverted_cdf` and `averaged_inverted_cdf` only, others are refused; `uniform` leaves out
/// rows of weight zero; `kmeans` uses weighted means. When rows are drawn, they are drawn in proportion to their weights,
/// and count equally from then on.
///
/// # Complexity
/// `uniform` reads the data once; `quantile` selects in time O(n) a column; `kmeans` sorts, O(n log n) a column. The memory
/// beyond the input is up to sixteen columns at a time, and the drawn rows. To transform takes the number of edges of
/// comparisons a value, of its logarithm above 32; its result is all the memory it takes.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch`; `TooFewSamples` for `kmeans` with fewer rows than bins;
/// `Overflow` when the edges are too far apart for the type; `TooLarge` for a result beyond the address space.
///
/// # Source
/// scikit-learn's `KBinsDiscretizer` and its names: `x0_0.0`, `x0_1.0`, ... Where it differs: the random draw is another;
/// `inverse_transform` of a column with one value gives that value (there: NaN).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{BinEncode, BinStrategy, KBinsDiscretizer}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-2.0, 1.0], [-1.0, 2.0], [0.0, 3.0], [1.0, 40.0]];
/// let thirds = KBinsDiscretizer::new().n_bins(3).strategy(BinStrategy::Uniform).encode(BinEncode::Ordinal);
/// let bins = thirds.fit(&x, &())?;
/// assert_eq!(bins.bin_edges()[0], array![-2.0, -1.0, 0.0, 1.0]);
/// let codes = bins.transform(&x)?;
/// assert_eq!(codes, array![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [2.0, 2.0]]);
/// assert_eq!(bins.inverse_transform(&codes)?.column(0), array![-1.5, -0.5, 0.5, 0.5]);
///
/// let halves = KBinsDiscretizer::new().n_bins(2).fit(&x, &())?; // one-hot, by quantiles
/// assert_eq!(halves.feature_names_out(None)?, ["x0_0.0", "x0_1.0", "x1_0.0", "x1_1.0"]);
/// assert_eq!(halves.transform(&x)?.row(3), array![0.0, 1.0, 0.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KBinsDiscretizer {
    /// Bins of every column, or of each.
    n_bins: NBins,
    /// How the bins are written.
    encode: BinEncode,
    /// Where the edges are.
    strategy: BinStrategy,
    /// Which quantiles.
    quantile_method: QuantileMethod,
    /// Learn from at most so many rows.
    subsample: Option<usize>,
    /// Seed of the draw of rows.
    random_state: u64,
}

impl Default for KBinsDiscretizer {
    fn default() -> Self {
        KBinsDiscretizer {
            n_bins: NBins::All(5),
            encode: BinEncode::Onehot,
            strategy: BinStrategy::Quantile,
            quantile_method: QuantileMethod::AveragedInvertedCdf,
            subsample: Some(200_000),
            random_state: 0,
        }
    }
}

impl KBinsDiscretizer {
    /// Five bins with the same number of values, a column of zeros and ones for each.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of bins of every column.
    #[must_use]
    pub fn n_bins(mut self, n_bins: usize) -> Self {
        self.n_bins = NBins::All(n_bins);
        self
    }

    /// The number of bins of each column.
    #[must_use]
    pub fn n_bins_each(mut self, n_bins: impl Into<Vec<usize>>) -> Self {
        self.n_bins = NBins::Each(n_bins.into());
        self
    }

    /// How the bins are written.
    #[must_use]
    pub fn encode(mut self, encode: BinEncode) -> Self {
        self.encode = encode;
        self
    }

    /// Where the edges of the bins are.
    #[must_use]
    pub fn strategy(mut self, strategy: BinStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// Which quantiles, for the strategy of quantiles.
    #[must_use]
    pub fn quantile_method(mut self, quantile_method: QuantileMethod) -> Self {
        self.quantile_method = quantile_method;
        self
    }

    /// Learn from at most so many rows, drawn with replacement; `None`: from all.
    #[must_use]
    pub fn subsample(mut self, subsample: impl Into<Option<usize>>) -> Self {
        self.subsample = subsample.into();
        self
    }

    /// The seed of the draw of rows.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }

    /// The number of bins of each of `p` columns.
    fn bins_of(&self, p: usize) -> Result<Vec<usize>> {
        match &self.n_bins {
            NBins::All(n) => Ok(vec![*n; p]),
            NBins::Each(each) if each.len() == p => Ok(each.clone()),
            NBins::Each(each) => {
                let expected = format!("one number for each of the {p} columns");
                Err(Self::refuse(
                    "n_bins",
                    expected,
                    format!("{} numbers", each.len()),
                ))
            }
        }
    }
}

impl Hyperparameters for KBinsDiscretizer {
    const NAME: &'static str = "KBinsDiscretizer";

    fn check(&self) -> Result<()> {
        let each = match &self.n_bins {
            NBins::All(n) => std::slice::from_ref(n),
            NBins::Each(each) => each,
        };
        if each.is_empty() {
            return Err(Self::refuse("n_bins", "one number for each column", "none"));
        }
        if let Some(n) = each.iter().find(|n| !(2..=MOST_BINS).contains(n)) {
            return Err(Self::refuse("n_bins", format!("from 2 to {MOST_BINS}"), n));
        }
        match self.subsample {
            Some(n) => check::count(Self::NAME, "subsample", n, 1),
            None => Ok(()),
        }
    }
}

impl fmt::Display for KBinsDiscretizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// Bins of every column, or of each: a number or a list.
#[derive(Clone, Debug, PartialEq, Eq)]
enum NBins {
    All(usize),
    Each(Vec<usize>),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a count, or a list of counts")]
enum NBinsText {
    All(usize),
    Each(Vec<usize>),
}

impl Serialize for NBins {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            NBins::All(n) if serializer.is_human_readable() => n.serialize(serializer),
            NBins::Each(each) if serializer.is_human_readable() => each.serialize(serializer),
            NBins::All(n) => (Some(*n), Vec::<usize>::new()).serialize(serializer),
            NBins::Each(each) => (None::<usize>, each).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for NBins {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return Ok(match NBinsText::deserialize(deserializer)? {
                NBinsText::All(n) => NBins::All(n),
                NBinsText::Each(each) => NBins::Each(each),
            });
        }
        let (all, each) = <(Option<usize>, Vec<usize>)>::deserialize(deserializer)?;
        Ok(all.map_or(NBins::Each(each), NBins::All))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for KBinsDiscretizer {
    type Fitted = FittedKBinsDiscretizer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let n_bins = self.bins_of(x.ncols())?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let edges = match self.subsample {
            Some(n) if n < x.nrows() => {
                let rows = self.draw(x.nrows(), n, weights.as_deref())?;
                self.edges(&x.select(Axis(0), &rows), None, &n_bins)?
            }
            _ => self.edges(x, weights.as_deref(), &n_bins)?,
        };
        check::learned(Self::NAME, "an edge of the bins", edges.iter().flatten())?;
        let fitted = FittedKBinsDiscretizer {
            encode: self.encode,
            edges,
            element: PhantomData,
        };
        for (j, (found, asked)) in fitted.n_bins().into_iter().zip(n_bins).enumerate() {
            if found < asked {
                log::warn!(
                    "{}: column {j} has {found} bins, not {asked}: others would be narrower than {NARROW:e}",
                    Self::NAME
                );
            }
        }
        Ok(fitted)
    }
}

impl KBinsDiscretizer {
    /// Positions of `n` rows out of `n_rows`, with replacement.
    fn draw(&self, n_rows: usize, n: usize, weights: Option<&[f64]>) -> Result<Vec<usize>> {
        let mut rng = random::generator(self.random_state);
        if let Some(weights) = weights {
            let choice = WeightedIndex::new(weights)?;
            return Ok((0..n).map(|_| choice.sample(&mut rng)).collect());
        }
        let Some(n_rows) = std::num::NonZeroUsize::new(n_rows) else {
            return Ok(Vec::new());
        };
        Ok((0..n).map(|_| random::below(n_rows, &mut rng)).collect())
    }

    /// The edges of each column's bins; the one value of a column that has one bin.
    fn edges<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        n_bins: &[usize],
    ) -> Result<Vec<Vec<f64>>> {
        if self.strategy == BinStrategy::Quantile {
            return self.quantile_edges(x, weights, n_bins);
        }
        let ranges = ranges(x, weights);
        if self.strategy == BinStrategy::Uniform {
            let columns = ranges.iter().zip(n_bins);
            return Ok(columns
                .map(|(&(low, high), &n)| {
                    if low == high {
                        return vec![low.f64()];
                    }
                    let edges = evenly_spaced(low, high, n + 1);
                    edges.into_iter().map(Float::f64).collect()
                })
                .collect());
        }
        let most = n_bins.iter().copied().max().unwrap_or(0);
        if x.nrows() < most && ranges.iter().any(|(low, high)| low < high) {
            return Err(ErrorKind::TooFewSamples {
                what: format!("{} clusters", Self::NAME),
                needed: most,
                got: x.nrows(),
            }
            .into());
        }
        Ok(parallel::map(x.ncols(), |j| {
            let (low, high) = ranges[j];
            if low == high {
                return vec![low.f64()];
            }
            let steps = evenly_spaced(low, high, n_bins[j] + 1);
            let half = F::of(0.5);
            let start: Vec<f64> = steps
                .windows(2)
                .map(|e| ((e[1] + e[0]) * half).f64())
                .collect();
            if start.iter().any(|c| !c.is_finite()) {
                return start; // too far apart for the type: the caller says so
            }
            let values: Vec<f64> = x.column(j).iter().map(|v| v.f64()).collect();
            let mut centres = k_means_1d(&values, weights, &start);
            centres.sort_unstable_by(f64::total_cmp);
            let inner = centres.windows(2).map(|c| (c[1] + c[0]) * 0.5);
            let edges = [low.f64()].into_iter().chain(inner).chain([high.f64()]);
            wide(edges.collect())
        }))
    }

    fn quantile_edges<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        n_bins: &[usize],
    ) -> Result<Vec<Vec<f64>>> {
        let method = self.quantile_method;
        let averaged = method == QuantileMethod::AveragedInvertedCdf;
        if weights.is_some() && !averaged && method != QuantileMethod::InvertedCdf {
            let expected = "`inverted_cdf` or `averaged_inverted_cdf` with sample weights";
            let got = match serde_json::to_value(method) {
                Ok(serde_json::Value::String(name)) => name,
                _ => format!("{method:?}"),
            };
            return Err(Self::refuse("quantile_method", expected, got));
        }
        let of = |x: &ArrayRef2<F>, n: usize| -> Vec<Vec<f64>> {
            let levels: Vec<f64> = (evenly_spaced(0.0, 100.0, n + 1).into_iter())
                .map(|percent: f64| percent / 100.0)
                .collect();
            let edges = match weights {
                None => column_quantiles(x, &levels, method),
                Some(weights) => weighted_column_quantiles(x, weights, &levels, averaged),
            };
            edges
                .columns()
                .into_iter()
                .map(|e| wide(e.to_vec()))
                .collect()
        };
        if n_bins.windows(2).all(|n| n[0] == n[1]) {
            return Ok(of(x, n_bins[0]));
        }
        let columns = parallel::map(x.ncols(), |j| of(&x.slice(s![.., j..=j]), n_bins[j]));
        Ok(columns.into_iter().flatten().collect())
    }
}

/// The edges that are more than a hair above the one before.
fn wide(edges: Vec<f64>) -> Vec<f64> {
    let mut kept: Vec<f64> = Vec::with_capacity(edges.len());
    for (i, &edge) in edges.iter().enumerate() {
        let apart = i == 0 || edge - edges[i - 1] > NARROW;
        if !edge.is_finite() || (apart && kept.last().is_none_or(|last| *last < edge)) {
            kept.push(edge);
        }
    }
    kept
}

/// The least and the greatest value of each column, rows of weight zero left out.
fn ranges<F: Float>(x: &ArrayRef2<F>, weights: Option<&[f64]>) -> Vec<(F, F)> {
    let p = x.ncols();
    let start = || vec![(F::infinity(), F::neg_infinity()); p];
    let join = |all: &mut (F, F), (low, high): (F, F)| {
        all.0 = if low < all.0 { low } else { all.0 };
        all.1 = if high > all.1 { high } else { all.1 };
    };
    let chunk = parallel::row_chunks(x.nrows(), p);
    let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
        let mut part = start();
        for i in rows {
            if weights.is_some_and(|w| w[i] <= 0.0) {
                continue;
            }
            part.iter_mut()
                .zip(x.row(i))
                .for_each(|(all, v)| join(all, (*v, *v)));
        }
        part
    });
    parts.iter().fold(start(), |mut all, part| {
        all.iter_mut()
            .zip(part)
            .for_each(|(all, part)| join(all, *part));
        all
    })
}

/// Edges of bins learned by [`KBinsDiscretizer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKBinsDiscretizer<F: Float> {
    encode: BinEncode,
    /// Of each column, ascending; one number where there is one bin.
    edges: Vec<Vec<f64>>,
    element: PhantomData<F>,
}

/// Columns with up to this many inner edges are compared with each of them.
const FEW_EDGES: usize = 32;
/// Narrow rows are put side by side until they are this wide.
const LANES: usize = 64;

impl<F: Float> FittedKBinsDiscretizer<F> {
    /// The number of bins of each column.
    pub fn n_bins(&self) -> Vec<usize> {
        self.edges.iter().map(|e| bins(e)).collect()
    }

    /// The edges of each column's bins, one more than there are bins; −∞ and ∞ for a column with one value. The first and
    /// the last count only for `inverse_transform`.
    pub fn bin_edges(&self) -> Vec<Array1<f64>> {
        let each = self.edges.iter().map(|edges| match edges.len() {
            1 => Array1::from(vec![f64::NEG_INFINITY, f64::INFINITY]),
            _ => Array1::from(edges.clone()),
        });
        each.collect()
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.edges.len()
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        match self.encode {
            BinEncode::Ordinal => self.edges.len(),
            _ => self.edges.iter().map(|e| bins(e)).sum(),
        }
    }

    /// The edges between bins, in the element type: the least number that belongs to the upper bin.
    fn inner(&self) -> Vec<Vec<F>> {
        let between = |edges: &Vec<f64>| -> Vec<F> {
            let inner = edges.get(1..edges.len().saturating_sub(1)).unwrap_or(&[]);
            inner.iter().map(|e| at_least(*e)).collect()
        };
        self.edges.iter().map(between).collect()
    }
}

fn bins(edges: &[f64]) -> usize {
    (edges.len() - 1).max(1)
}

/// The least number of the type that is not below `edge`.
fn at_least<F: Float>(edge: f64) -> F {
    let near = F::of(edge);
    if near.f64() >= edge {
        return near;
    }
    if near.is_infinite() {
        return F::min_value(); // an edge below all finite numbers
    }
    // The next number up: the rounding went down, so half a step above it is not below the edge.
    let step = near.abs() * F::EPSILON;
    let step = if step > F::min_positive_value() * F::EPSILON {
        step
    } else {
        F::min_positive_value() * F::EPSILON
    };
    let mut up = near + step;
    let half = near + step / F::of(2.0);
    if half.f64() >= edge && half > near {
        up = half;
    }
    up
}

/// The bins of rows of a matrix.
struct Finder<F> {
    /// The inner edges of each column.
    inner: Vec<Vec<F>>,
    /// The i-th inner edge of every column, in rows side by side; infinite where a column has fewer. Empty when the
    /// columns are searched one by one.
    levels: Vec<Vec<F>>,
    /// Rows that lie side by side.
    times: usize,
}

impl<F: Float> Finder<F> {
    fn new(inner: Vec<Vec<F>>, n_rows: usize) -> Self {
        let most = inner.iter().map(Vec::len).max().unwrap_or(0);
        let times = (LANES / inner.len().max(1)).clamp(1, n_rows.max(1));
        let mut levels = Vec::new();
        if most <= FEW_EDGES {
            levels = (0..most)
                .map(|i| {
                    let level = inner
                        .iter()
                        .map(|e| e.get(i).copied().unwrap_or(F::infinity()));
                    level.collect::<Vec<F>>().repeat(times)
                })
                .collect();
        }
        Finder {
            inner,
            levels,
            times,
        }
    }

    /// The bins of whole rows, row after row, into `out`, which is as long.
    fn find(&self, x: &[F], out: &mut [F]) {
        let p = self.inner.len();
        if self.levels.is_empty() {
            for (x, out) in x.chunks_exact(p).zip(out.chunks_exact_mut(p)) {
                for ((x, out), edges) in x.iter().zip(out).zip(&self.inner) {
                    *out = F::of(edges.partition_point(|e| e <= x) as f64);
                }
            }
            return;
        }
        linalg::simd(
            #[inline(always)]
            || {
                let width = p * self.times;
                for (x, out) in x.chunks(width).zip(out.chunks_mut(width)) {
                    out.fill(F::zero());
                    for level in &self.levels {
                        for ((out, x), edge) in out.iter_mut().zip(x).zip(level) {
                            *out += if *x >= *edge { F::one() } else { F::zero() };
                        }
                    }
                }
            },
        );
    }

    /// The bins of a block of rows, in `codes`.
    fn block(&self, x: &ArrayView2<'_, F>, codes: &mut [F]) {
        match x.as_slice() {
            Some(x) => self.find(x, codes),
            None => {
                let mut rows = vec![F::zero(); x.len()];
                copy_in_row_order(x, &mut rows);
                self.find(&rows, codes);
            }
        }
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedKBinsDiscretizer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.edges.len())?;
        let shape = (x.nrows(), self.n_features_out());
        parallel::fits::<F>("bins", shape)?;
        let mut out = parallel::fresh::<F>(shape);
        let finder = Finder::new(self.inner(), x.nrows());
        if finder.levels.is_empty() && finder.inner.iter().all(Vec::is_empty) {
            // One bin everywhere.
            if self.encode != BinEncode::Ordinal {
                out.fill(F::one());
            }
            return Ok(out);
        }
        let chunk = parallel::row_chunks(x.nrows(), shape.1.max(x.ncols()));
        let mut starts = Vec::with_capacity(self.edges.len());
        let mut start = 0;
        for edges in &self.edges {
            starts.push(start);
            start += bins(edges);
        }
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            let Some(out) = block.as_slice_mut() else {
                return; // made row after row above
            };
            if self.encode == BinEncode::Ordinal {
                return finder.block(&rows, out);
            }
            let mut codes = vec![F::zero(); rows.len()];
            finder.block(&rows, &mut codes);
            let codes = codes.chunks_exact(starts.len());
            for (out, codes) in out.chunks_exact_mut(shape.1).zip(codes) {
                for (start, code) in starts.iter().zip(codes) {
                    out[start + code.f64() as usize] = F::one();
                }
            }
        });
        Ok(out)
    }
}

/// The middle of each bin. Of one-hot columns the largest counts.
impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedKBinsDiscretizer<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_out())?;
        let middles: Vec<Vec<F>> = self.edges.iter().map(|e| middles(e)).collect();
        let mut out = parallel::zeros::<F>((x.nrows(), self.edges.len()));
        let mut start = 0;
        for (j, middles) in middles.iter().enumerate() {
            let width = match self.encode {
                BinEncode::Ordinal => 1,
                _ => middles.len(),
            };
            let codes = x.slice(s![.., start..start + width]);
            start += width;
            for (row, (codes, out)) in codes.rows().into_iter().zip(out.column_mut(j)).enumerate() {
                let bin = if self.encode == BinEncode::Ordinal {
                    let code = codes[0].f64().trunc();
                    if code < 0.0 || code >= middles.len() as f64 {
                        let reason = format!(
                            "row {row}, column {j}: bin {code} of {} bins",
                            middles.len()
                        );
                        return Err(Error::invalid_input("X", reason));
                    }
                    code as usize
                } else {
                    if codes.iter().all(|v| *v == F::zero()) {
                        let reason = format!("row {row} has zeros only for column {j}");
                        return Err(Error::invalid_input("X", reason));
                    }
                    (0..width).fold(0, |best, i| if codes[i] > codes[best] { i } else { best })
                };
                *out = middles[bin];
            }
        }
        Ok(out)
    }
}

/// The middle of each bin.
fn middles<F: Float>(edges: &[f64]) -> Vec<F> {
    if let [value] = edges {
        return vec![F::of(*value)];
    }
    let middle = |e: &[f64]| {
        let sum = e[0] + e[1];
        F::of(if sum.is_finite() {
            sum * 0.5
        } else {
            e[0] * 0.5 + e[1] * 0.5
        })
    };
    edges.windows(2).map(middle).collect()
}

impl<F: Float> FeatureNamesOut for FittedKBinsDiscretizer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = super::names_or_numbers(input, self.edges.len())?;
        if self.encode == BinEncode::Ordinal {
            return Ok(names);
        }
        let columns = names.iter().zip(&self.edges);
        Ok(columns
            .flat_map(|(name, edges)| (0..bins(edges)).map(move |bin| format!("{name}_{bin}.0")))
            .collect())
    }
}

impl<F: Float> fmt::Display for FittedKBinsDiscretizer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bins: usize = self.n_bins().iter().sum();
        write!(
            f,
            "KBinsDiscretizer fitted on {} columns: {bins} bins",
            self.edges.len()
        )
    }
}

impl<F: Float> Model for FittedKBinsDiscretizer<F> {
    fn type_name() -> String {
        format!("FittedKBinsDiscretizer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.edges.len(), 1)?;
        for (j, edges) in self.edges.iter().enumerate() {
            let what = format!("edges of column {j}");
            ensure::at_least(&what, edges.len(), 1)?;
            ensure::that(edges.len() <= MOST_BINS + 1, || {
                format!("{what} are {}, at most {}", edges.len(), MOST_BINS + 1)
            })?;
            ensure::finite(&what, edges)?;
            ensure::sorted(&what, edges)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    fn noise(n: usize, p: usize) -> Array2<f64> {
        let mut rng = random::generator(11);
        Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
    }

    fn ordinal() -> KBinsDiscretizer {
        KBinsDiscretizer::new().encode(BinEncode::Ordinal)
    }

    #[test]
    fn each_value_lies_between_the_edges_of_its_bin() {
        let x = noise(997, 7);
        for strategy in [
            BinStrategy::Uniform,
            BinStrategy::Quantile,
            BinStrategy::Kmeans,
        ] {
            for n_bins in [2, 5, 33, 34, 100] {
                let model = ordinal()
                    .strategy(strategy)
                    .n_bins(n_bins)
                    .fit(&x, &())
                    .unwrap();
                assert_eq!(model.n_bins(), [n_bins; 7]);
                let codes = model.transform(&x).unwrap();
                let one_hot = FittedKBinsDiscretizer {
                    encode: BinEncode::Onehot,
                    ..model.clone()
                };
                let wide = one_hot.transform(&x).unwrap();
                assert_eq!(wide.sum_axis(Axis(1)), Array1::from_elem(997, 7.0));
                let edges = model.bin_edges();
                for ((i, j), &code) in codes.indexed_iter() {
                    let (bin, v) = (code as usize, x[[i, j]]);
                    assert!(bin == 0 || v >= edges[j][bin]);
                    assert!(bin == n_bins - 1 || v < edges[j][bin + 1]);
                    assert_eq!(wide[[i, j * n_bins + bin]], 1.0);
                }
                // The middles of bins are in their bins.
                let back = model.inverse_transform(&codes).unwrap();
                assert_eq!(model.transform(&back).unwrap(), codes);
                assert_eq!(one_hot.inverse_transform(&wide).unwrap(), back);
                if strategy == BinStrategy::Quantile && n_bins == 5 {
                    let firsts = codes.column(0).iter().filter(|c| **c == 0.0).count();
                    assert!((198..=201).contains(&firsts), "{firsts}");
                }
                // What lies outside belongs to the first and the last bin.
                let outside = model.transform(&array![[-99.0; 7], [99.0; 7]]).unwrap();
                assert_eq!(outside.row(0), Array1::<f64>::zeros(7));
                assert_eq!(outside.row(1), Array1::from_elem(7, (n_bins - 1) as f64));
            }
        }
    }

    #[test]
    fn each_column_may_have_its_own_number() {
        let x = noise(200, 3);
        for strategy in [
            BinStrategy::Uniform,
            BinStrategy::Quantile,
            BinStrategy::Kmeans,
        ] {
            let each = ordinal()
                .strategy(strategy)
                .n_bins_each([2, 40, 3])
                .fit(&x, &())
                .unwrap();
            assert_eq!(each.n_bins(), [2, 40, 3]);
            for (j, n) in [2, 40, 3].into_iter().enumerate() {
                let one = ordinal().strategy(strategy).n_bins(n).fit(&x, &()).unwrap();
                assert_eq!(one.bin_edges()[j], each.bin_edges()[j]);
            }
        }
        let refused = ordinal().n_bins_each([2, 3]).fit(&x, &()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`n_bins` of `KBinsDiscretizer` must be one number for each of the 3 columns, got 2 numbers"
        );
    }

    #[test]
    fn constant_columns_and_narrow_bins() {
        let x = array![[3.5, 0.0], [3.5, 1e-9], [3.5, 1.0], [3.5, 2.0], [3.5, 3.0]];
        for strategy in [
            BinStrategy::Uniform,
            BinStrategy::Quantile,
            BinStrategy::Kmeans,
        ] {
            let model = ordinal().n_bins(4).strategy(strategy).fit(&x, &()).unwrap();
            assert_eq!(
                model.bin_edges()[0],
                array![f64::NEG_INFINITY, f64::INFINITY]
            );
            let codes = model.transform(&x).unwrap();
            assert_eq!(codes.column(0), Array1::<f64>::zeros(5));
            assert_eq!(
                model.inverse_transform(&codes).unwrap().column(0),
                Array1::from_elem(5, 3.5)
            );
            model.validate().unwrap();
        }
        let model = ordinal()
            .n_bins(4)
            .quantile_method(QuantileMethod::InvertedCdf)
            .fit(&x, &());
        let mut narrow = noise(100, 1);
        narrow.mapv_inplace(|v| v * 1e-9);
        assert_eq!(ordinal().fit(&narrow, &()).unwrap().n_bins(), [1]);
        let one = KBinsDiscretizer::new().fit_transform(&narrow).unwrap();
        assert_eq!(one, Array2::<f64>::ones((100, 1)));
        assert!(model.unwrap().n_bins()[1] < 4);
        let uniform = ordinal()
            .strategy(BinStrategy::Uniform)
            .fit(&narrow, &())
            .unwrap();
        assert_eq!(uniform.n_bins(), [5]); // equal widths are kept however small
    }

    #[test]
    fn weights_count_as_repeated_rows() {
        let x = noise(300, 3);
        let w = Array1::from_shape_fn(300, |i| (i % 4) as f64);
        let rows: Vec<usize> = (0..300)
            .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
            .collect();
        for strategy in [
            BinStrategy::Uniform,
            BinStrategy::Quantile,
            BinStrategy::Kmeans,
        ] {
            let one = ordinal().strategy(strategy);
            let a = one.fit(&x, &().weighted(&w)).unwrap().bin_edges();
            let b = one.fit(&x.select(Axis(0), &rows), &()).unwrap().bin_edges();
            for (a, b) in a.iter().flatten().zip(b.iter().flatten()) {
                assert!((a - b).abs() < 1e-3, "{strategy:?}: {a} {b}");
            }
        }
        let linear = ordinal().quantile_method(QuantileMethod::Linear);
        let refused = linear.fit(&x, &().weighted(&w)).unwrap_err().to_string();
        assert!(refused.contains("got linear"), "{refused}");
        // Rows that are drawn count equally, so every method will do.
        assert!(linear.subsample(100).fit(&x, &().weighted(&w)).is_ok());
    }

    #[test]
    fn a_draw_repeats_and_follows_its_seed_and_the_weights() {
        let x = noise(5000, 2);
        let drawn = |seed| {
            let one = ordinal().subsample(500).random_state(seed);
            one.fit(&x, &()).unwrap().bin_edges()
        };
        assert_eq!(drawn(1), drawn(1));
        assert_ne!(drawn(1), drawn(2));
        let all = ordinal().subsample(None).fit(&x, &()).unwrap().bin_edges();
        for (a, b) in drawn(1).iter().zip(&all) {
            // A quantile of 500 values has a standard error of about 0.06.
            let inner = a.iter().zip(b).skip(1).take(4);
            assert!(inner.clone().all(|(a, b)| (a - b).abs() < 0.3));
        }
        let only_first = Array1::from_shape_fn(5000, |i| f64::from(u8::from(i < 3)));
        let few = ordinal()
            .n_bins(2)
            .subsample(400)
            .strategy(BinStrategy::Uniform);
        let edges = few.fit(&x, &().weighted(&only_first)).unwrap().bin_edges();
        let firsts = x.slice(s![..3, 0]);
        assert_eq!(
            edges[0][0],
            firsts.iter().copied().fold(f64::INFINITY, f64::min)
        );
    }

    #[test]
    fn single_precision_finds_the_same_side_of_every_edge() {
        let mut rng = random::generator(5);
        for _ in 0..2000 {
            let edge = random::standard_normal(&mut rng)
                * 10f64.powi((random::uniform(&mut rng) * 74.0) as i32 - 37);
            let up: f32 = at_least(edge);
            assert!(
                f64::from(up) >= edge && f64::from(up.next_down()) < edge,
                "{edge:e} {up:e}"
            );
        }
        for edge in [
            0.1,
            -0.1,
            1.0,
            1.0 + 1e-12,
            -1.0 - 1e-12,
            1e-300,
            -1e-300,
            0.0,
        ] {
            let up: f32 = at_least(edge);
            assert!(
                f64::from(up) >= edge && f64::from(up.next_down()) < edge,
                "{edge:e} {up:e}"
            );
        }
        assert_eq!(at_least::<f64>(0.1), 0.1);
    }

    #[test]
    fn hostile_input() {
        let x = noise(4, 2);
        let refused = ordinal()
            .strategy(BinStrategy::Kmeans)
            .fit(&x, &())
            .unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::TooFewSamples {
                needed: 5,
                got: 4,
                ..
            }
        ));
        for (one, name) in [
            (ordinal().n_bins(1), "n_bins"),
            (ordinal().n_bins(1 << 21), "n_bins"),
            (ordinal().n_bins_each([]), "n_bins"),
            (ordinal().n_bins_each([2, 0]), "n_bins"),
            (ordinal().subsample(0), "subsample"),
        ] {
            let refused = one.fit(&x, &()).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name)
            );
        }
        let far = array![[-1.7e308], [1.7e308], [0.0], [0.0], [0.0], [1.0]];
        for strategy in [BinStrategy::Uniform, BinStrategy::Kmeans] {
            let refused = ordinal().strategy(strategy).fit(&far, &()).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::Overflow { .. }),
                "{refused}"
            );
        }
        let model = ordinal().n_bins(2).fit(&x, &()).unwrap();
        for codes in [[2.0, 0.0], [-1.0, 0.0], [1e300, 0.0]] {
            assert!(model.inverse_transform(&array![codes]).is_err());
        }
        let model = KBinsDiscretizer::new().n_bins(2).fit(&x, &()).unwrap();
        let refused = model
            .inverse_transform(&array![[0.0, 1.0, 0.0, 0.0]])
            .unwrap_err();
        assert_eq!(refused.to_string(), "X: row 0 has zeros only for column 1");
    }

    #[test]
    fn files_and_names() {
        let one = KBinsDiscretizer::new().n_bins_each([2, 3]);
        assert_eq!(one.params()["n_bins"], serde_json::json!([2, 3]));
        assert_eq!(one.to_string(), "KBinsDiscretizer(n_bins=[2,3])");
        for one in [one.clone(), ordinal().subsample(None).n_bins(7)] {
            assert_eq!(
                KBinsDiscretizer::from_json(&one.to_json().unwrap()).unwrap(),
                one
            );
            assert_eq!(
                KBinsDiscretizer::from_bytes(&one.to_bytes().unwrap()).unwrap(),
                one
            );
        }
        let model = one.fit(&noise(50, 2), &()).unwrap();
        let names = ["a".to_string(), "b".into()];
        assert_eq!(
            model.feature_names_out(Some(&names)).unwrap(),
            ["a_0.0", "a_1.0", "b_0.0", "b_1.0", "b_2.0"]
        );
        type Fitted = FittedKBinsDiscretizer<f64>;
        assert_eq!(
            Fitted::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        for edges in [
            vec![],
            vec![vec![]],
            vec![vec![1.0, 1.0]],
            vec![vec![1.0, f64::NAN]],
        ] {
            assert!(
                Fitted {
                    edges,
                    ..model.clone()
                }
                .validate()
                .is_err()
            );
        }
    }
}
