//! Every column to a uniform or normal distribution, by its own quantiles.
//!
//! The n_quantiles quantiles of a column are the corners of a piecewise linear estimate of its distribution function F;
//! z = F(x), or Φ⁻¹(F(x)). A value that several quantiles share becomes the middle of their levels.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::by_column::map_by_column;
use super::columnwise::{first_infinity, no_infinity, same_shape};
use super::distribution::{Distribution, Inverse, level_of};
use super::linspace::evenly_spaced;
use super::one_to_one::one_to_one;
use super::quantiles::{QuantileMethod, column_quantiles};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;
use crate::{check, parallel, random};

/// With fewer rows than one for this many quantiles, preparing the search costs more than it saves.
const FEW: usize = 8;

/// How the values of a column are distributed afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputDistribution {
    /// Evenly over [0, 1].
    #[default]
    Uniform,
    /// Normally, with mean 0 and variance 1; at most some 5.2 from 0.
    Normal,
}

/// Learns the quantiles of every column, and maps the column to a uniform or normal distribution.
///
/// With X of shape (n_samples, n_features), for each column with quantiles q₀ ≤ ... ≤ qₘ of the levels 0, 1/m, ..., 1:
/// ```text
/// u = F(x)            z = u  or  Φ⁻¹(u)
/// F linear from (qᵢ, i/m) to (qᵢ₊₁, (i+1)/m), 0 below q₀, 1 above qₘ
/// ```
/// where the quantiles are over the values that are not NaN; NaN stay NaN. A value that equals several quantiles gets the
/// mean of their first and last level; the least value of a column becomes 0 and the greatest 1 nevertheless.
///
/// Use it for columns of odd shapes and for outliers: the result depends on the order of the values only. It bends linear
/// relations, and needs some hundred rows to learn a distribution from.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_quantiles` | 1000 | at least 1 | corners of the distribution function; not more than there are rows |
/// | `output_distribution` | `Uniform` | | `Uniform` or `Normal` |
/// | `subsample` | `Some(10_000)` | at least `n_quantiles`, or `None` | rows drawn at random to learn from, if there are more; `None` takes all |
/// | `random_state` | 0 | | which rows are drawn |
///
/// A column without any observed value is left as it is. Sample weights have no effect. scikit-learn's
/// `ignore_implicit_zeros` is about sparse data, which there is none of here.
///
/// # Complexity
/// With m quantiles and s rows learned from: fit takes time O(p s log s), transform O(n p log m). Memory beyond input and
/// output: the drawn rows at fit, O(p m) and a block of rows for each thread at transform.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`.
///
/// # Source
/// The same numbers as scikit-learn's `QuantileTransformer` when no rows are drawn; the rows drawn differ, as the random
/// numbers do. Values of f32 are computed in f64 and rounded once. With normal output, as there, values within 10⁻⁷ of the
/// extremes of a column are its extremes.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{OutputDistribution, QuantileTransformer}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0], [10.0], [100.0], [1000.0], [10000.0]];
/// let ranks = QuantileTransformer::new().n_quantiles(5).fit(&x, &())?;
/// assert_eq!(ranks.transform(&x)?.column(0), array![0.0, 0.25, 0.5, 0.75, 1.0]);
/// assert_eq!(ranks.transform(&array![[55.0], [-7.0]])?.column(0), array![0.375, 0.0]);
/// assert_eq!(ranks.inverse_transform(&array![[0.375]])?, array![[55.0]]);
///
/// let normal = QuantileTransformer::new().n_quantiles(5).output_distribution(OutputDistribution::Normal);
/// assert_eq!(normal.fit_transform(&x)?[[2, 0]], 0.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantileTransformer {
    /// Corners of the distribution function.
    n_quantiles: usize,
    /// How the values of a column are distributed afterwards.
    output_distribution: OutputDistribution,
    /// Rows to learn from, if there are more.
    subsample: Option<usize>,
    /// Which rows are drawn.
    random_state: u64,
}

impl Default for QuantileTransformer {
    fn default() -> Self {
        QuantileTransformer {
            n_quantiles: 1000,
            output_distribution: OutputDistribution::Uniform,
            subsample: Some(10_000),
            random_state: 0,
        }
    }
}

impl QuantileTransformer {
    /// 1000 quantiles of 10,000 rows, to the uniform distribution.
    pub fn new() -> Self {
        Self::default()
    }

    /// Corners of the distribution function.
    #[must_use]
    pub fn n_quantiles(mut self, n_quantiles: usize) -> Self {
        self.n_quantiles = n_quantiles;
        self
    }

    /// How the values of a column are distributed afterwards.
    #[must_use]
    pub fn output_distribution(mut self, distribution: OutputDistribution) -> Self {
        self.output_distribution = distribution;
        self
    }

    /// Rows drawn at random to learn from, if there are more: a number, or `None` for all.
    #[must_use]
    pub fn subsample(mut self, rows: impl Into<Option<usize>>) -> Self {
        self.subsample = rows.into();
        self
    }

    /// Which rows are drawn.
    #[must_use]
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }
}

impl Hyperparameters for QuantileTransformer {
    const NAME: &'static str = "QuantileTransformer";
    fn check(&self) -> Result<()> {
        check::count(Self::NAME, "n_quantiles", self.n_quantiles, 1)?;
        let Some(rows) = self.subsample else {
            return Ok(());
        };
        check::count(Self::NAME, "subsample", rows, 1)?;
        if self.n_quantiles <= rows {
            return Ok(());
        }
        Err(Error::invalid_parameter(
            Self::NAME,
            "n_quantiles",
            format!("at most `subsample`, {rows}"),
            self.n_quantiles,
        ))
    }
}

impl fmt::Display for QuantileTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for QuantileTransformer {
    type Fitted = FittedQuantileTransformer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        no_infinity(x)?;
        let levels: Vec<f64> = levels(self.n_quantiles.min(x.nrows()));
        // NumPy is given percentages, and divides.
        let shares: Vec<f64> = levels.iter().map(|level| level * 100.0 / 100.0).collect();
        let linear = QuantileMethod::Linear;
        let mut quantiles = match self.subsample {
            Some(rows) if rows < x.nrows() => {
                let mut rng = random::generator(self.random_state);
                let mut drawn = random::sample_without_replacement(x.nrows(), rows, &mut rng)?;
                drawn.sort_unstable();
                column_quantiles(&x.select(Axis(0), &drawn), &shares, linear)
            }
            _ => column_quantiles(x, &shares, linear),
        };
        let mut observed = Vec::with_capacity(x.ncols());
        for mut column in quantiles.columns_mut() {
            let known = !column[0].is_nan();
            observed.push(known);
            let mut least = f64::NEG_INFINITY;
            // Ascending in spite of rounding.
            for q in &mut column {
                least = least.max(*q);
                *q = if known { least } else { 0.0 };
            }
        }
        Ok(FittedQuantileTransformer {
            settings: self.clone(),
            quantiles,
            observed,
            element: PhantomData,
        })
    }
}

/// The levels of `n` quantiles: 0, 1 / (n − 1), ..., 1; for one, 0.
fn levels(n: usize) -> Vec<f64> {
    evenly_spaced(0.0, 1.0, n)
}

/// Quantiles of the columns, learned by [`QuantileTransformer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedQuantileTransformer<F: Float> {
    settings: QuantileTransformer,
    quantiles: Array2<f64>,
    observed: Vec<bool>,
    element: PhantomData<F>,
}

impl<F: Float> FittedQuantileTransformer<F> {
    /// The quantiles, (n_quantiles, n_features); zeros for a column without observed values.
    pub fn quantiles(&self) -> &Array2<f64> {
        &self.quantiles
    }

    /// The levels of the quantiles, evenly from 0 to 1.
    pub fn references(&self) -> Array1<f64> {
        levels(self.n_quantiles()).into()
    }

    /// The number of quantiles: `n_quantiles` of the settings, or the number of rows at fit if that was less.
    pub fn n_quantiles(&self) -> usize {
        self.quantiles.nrows()
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.quantiles.ncols()
    }

    fn normal(&self) -> bool {
        self.settings.output_distribution == OutputDistribution::Normal
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let levels = levels(self.n_quantiles());
        let normal = self.normal();
        if x.nrows() * FEW < self.n_quantiles() {
            same_shape(x, out)?;
            first_infinity(x)?;
            for (j, (x, mut out)) in x.columns().into_iter().zip(out.columns_mut()).enumerate() {
                let quantiles = self.quantiles.column(j);
                for (v, out) in x.iter().zip(&mut out) {
                    *out = if self.observed[j] {
                        F::of(level_of::<F>(v.f64(), &quantiles, &levels, normal))
                    } else {
                        *v
                    };
                }
            }
            return Ok(());
        }
        let columns = parallel::map(self.n_features_in(), |j| {
            self.observed[j]
                .then(|| Distribution::new(self.quantiles.column(j).to_vec(), &levels, normal))
        });
        let finite = map_by_column(x, out, |j, values| match &columns[j] {
            Some(distribution) => distribution.levels_of::<F>(values),
            None => values.iter().all(|v| !v.is_infinite()),
        })?;
        if finite { Ok(()) } else { first_infinity(x) }
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let levels = levels(self.n_quantiles());
        let columns: Vec<Option<Inverse<'_>>> = (0..self.n_features_in())
            .map(|j| {
                let quantiles = self.quantiles.column(j);
                self.observed[j].then(|| Inverse::new(quantiles, &levels, self.normal()))
            })
            .collect();
        let finite = map_by_column(x, out, |j, values| {
            let finite = values.iter().all(|v| !v.is_infinite());
            if let Some(inverse) = &columns[j] {
                values.iter_mut().for_each(|u| *u = inverse.value_at(*u));
            }
            finite
        })?;
        if finite {
            Ok(())
        } else {
            Err(first_infinity(x).err().unwrap_or_else(|| {
                super::overflow(QuantileTransformer::NAME, "a transformed value")
            }))
        }
    }
}

one_to_one!(FittedQuantileTransformer, invertible);

impl<F: Float> Model for FittedQuantileTransformer<F> {
    fn type_name() -> String {
        format!("FittedQuantileTransformer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let (n, p) = self.quantiles.dim();
        ensure::at_least("number of columns", p, 1)?;
        ensure::at_least("number of quantiles", n, 1)?;
        ensure::that(n <= self.settings.n_quantiles, || {
            format!(
                "{n} quantiles, the settings say {}",
                self.settings.n_quantiles
            )
        })?;
        ensure::equal("length of observed", self.observed.len(), p)?;
        ensure::finite("quantiles", &self.quantiles)?;
        for (j, column) in self.quantiles.columns().into_iter().enumerate() {
            let ascending = column
                .iter()
                .zip(column.iter().skip(1))
                .all(|(a, b)| a <= b);
            ensure::that(ascending, || {
                format!("quantiles of column {j} are not in order")
            })?;
        }
        let largest = F::max_value().f64();
        ensure::that(self.quantiles.iter().all(|q| q.abs() <= largest), || {
            format!("a quantile is beyond the largest {}", F::NAME)
        })
    }
}

#[cfg(test)]
#[path = "quantile_transformer_tests.rs"]
mod tests;
