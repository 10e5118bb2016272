//! Numbers become bins: intervals of equal width, of equal content, or around the centres of clusters.

mod edges;
mod finder;

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::finder::{Finder, at_least};
use super::quantiles::QuantileMethod;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, parallel};

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
/// `Overflow` when the edges are too far apart for the type; `TooLarge` for a result of more than 2³⁰ values, 64 for
/// each of X.
///
/// # Source
/// scikit-learn's `KBinsDiscretizer` and its names: `x0_0.0`, `x0_1.0`, ... Where it differs: the random draw is another;
/// `inverse_transform` of a column with one value gives that value (there: NaN); and k-means of few distinct values may end
/// elsewhere, for rounding decides where a value half-way between two centres belongs, and a centre without values is
/// never placed outside the column.
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

/// Edges of bins learned by [`KBinsDiscretizer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedKBinsDiscretizer<F: Float> {
    encode: BinEncode,
    /// Of each column, ascending; one number where there is one bin.
    edges: Vec<Vec<f64>>,
    element: PhantomData<F>,
}

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

impl<F: Float> Transform<ArrayRef2<F>> for FittedKBinsDiscretizer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.edges.len())?;
        let shape = (x.nrows(), self.n_features_out());
        parallel::result_fits::<F>(KBinsDiscretizer::NAME, shape.0, x.ncols(), shape.1)?;
        let mut out = parallel::fresh::<F>(shape);
        let finder = Finder::new(self.inner(), x.nrows());
        if finder.is_idle() {
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
mod tests;
