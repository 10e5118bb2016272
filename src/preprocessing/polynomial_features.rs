//! Products of columns: squares, interactions, and higher powers.
//!
//! A product of degree d is one of degree d − 1 times a column, so each output column takes one multiplication. The
//! products of degree d − 1 whose first factor is column j or a later one lie side by side; multiplied by column j they
//! are the products of degree d whose first factor is column j. A row of the result is made in one go while it is in the
//! first cache.

mod count;
mod kernels;

use std::fmt;
use std::marker::PhantomData;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use self::count::count;
use self::kernels::Product;
use super::order::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

/// Output columns, those of lower degree included, that are not refused.
const MOST_FEATURES: u64 = 1 << 24;

/// Makes every product of columns up to a degree: `1, a, b, a², a b, b²` of columns a and b.
///
/// With X of shape (n_samples, p), the output has one column for each multiset of columns of size d, for each degree d:
/// ```text
/// x[j1] · x[j2] · ... · x[jd]        j1 ≤ j2 ≤ ... ≤ jd
/// ```
/// sorted by degree, then by the positions of the columns. With `interaction_only` the positions differ, j1 < j2 < ...
///
/// Use it to let a linear model bend and see interactions. The number of columns is (p + d) over d: 231 for 20 columns at
/// degree 2, 10,626 at degree 4. Scale the columns first, powers of large numbers lose digits; penalise the model after.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `degree` | 2 | 0 and up, or `[min, max]` | the highest degree, or the lowest and the highest; a lowest of 0 is the same as 1 |
/// | `interaction_only` | `false` | | only products of different columns |
/// | `include_bias` | `true` | | a first column of ones |
/// | `order` | `C` | `C`, `F` | memory layout of the result: row after row, column after column |
///
/// # Complexity
/// One multiplication for each value of the output. The memory beyond the input is the output, and a row of it for each
/// thread when the lowest degree is above 1 (for `order` F: half a megabyte).
///
/// # Errors
/// `TooLarge` at fit for more than 16,777,216 columns (lower degrees counted), with their number, before anything is
/// allocated; at transform for a result of more than 2³⁰ values, 64 for each of X. `InvalidParameter`, `EmptyInput`, `NonFinite`,
/// `ShapeMismatch`; `Overflow` for a product beyond the largest number (scikit-learn: infinite).
///
/// # Source
/// scikit-learn's `PolynomialFeatures`, and its names: `1`, `x0`, `x0^2`, `x0 x1`. Sample weights are accepted and have no
/// effect: nothing is learned but the number of columns.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::PolynomialFeatures, prelude::*};
/// use ndarray::array;
///
/// let x = array![[2.0, 3.0], [4.0, 5.0]];
/// let products = PolynomialFeatures::new().fit(&x, &())?;
/// assert_eq!(products.transform(&x)?, array![[1.0, 2.0, 3.0, 4.0, 6.0, 9.0], [1.0, 4.0, 5.0, 16.0, 20.0, 25.0]]);
/// assert_eq!(products.feature_names_out(None)?, ["1", "x0", "x1", "x0^2", "x0 x1", "x1^2"]);
///
/// let products = PolynomialFeatures::new().degree_range(2..=3).interaction_only(true).include_bias(false);
/// assert_eq!(products.fit_transform(&x)?, array![[6.0], [20.0]]);
///
/// let wide = ndarray::Array2::<f64>::zeros((1, 50));
/// assert_eq!(
///     PolynomialFeatures::new().degree(20).fit(&wide, &()).unwrap_err().to_string(),
///     "polynomial features of 50 columns up to degree 20: 161884603662657876 exceeds the limit of 16777216"
/// );
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolynomialFeatures {
    /// The lowest and the highest degree.
    degree: Degree,
    /// Only products of different columns.
    interaction_only: bool,
    /// A first column of ones.
    include_bias: bool,
    /// Memory layout of the result.
    order: Order,
}

impl Default for PolynomialFeatures {
    fn default() -> Self {
        PolynomialFeatures {
            degree: Degree { min: 0, max: 2 },
            interaction_only: false,
            include_bias: true,
            order: Order::C,
        }
    }
}

impl PolynomialFeatures {
    /// Products up to degree 2, with a column of ones.
    pub fn new() -> Self {
        Self::default()
    }

    /// The highest degree; all lower ones are there too.
    #[must_use]
    pub fn degree(mut self, degree: usize) -> Self {
        self.degree = Degree {
            min: 0,
            max: degree,
        };
        self
    }

    /// The lowest and the highest degree. The column of ones is for `include_bias` to say.
    #[must_use]
    pub fn degree_range(mut self, degrees: RangeInclusive<usize>) -> Self {
        self.degree = Degree {
            min: *degrees.start(),
            max: *degrees.end(),
        };
        self
    }

    /// Whether to make only products of different columns.
    #[must_use]
    pub fn interaction_only(mut self, interaction_only: bool) -> Self {
        self.interaction_only = interaction_only;
        self
    }

    /// Whether to put a column of ones first.
    #[must_use]
    pub fn include_bias(mut self, include_bias: bool) -> Self {
        self.include_bias = include_bias;
        self
    }

    /// The memory layout of the result.
    #[must_use]
    pub fn order(mut self, order: Order) -> Self {
        self.order = order;
        self
    }
}

impl Hyperparameters for PolynomialFeatures {
    const NAME: &'static str = "PolynomialFeatures";

    fn check(&self) -> Result<()> {
        let Degree { min, max } = self.degree;
        let refuse =
            |expected: &str| Error::invalid_parameter(Self::NAME, "degree", expected, self.degree);
        if min > max {
            return Err(refuse("[min, max] with min at most max"));
        }
        if max == 0 && !self.include_bias {
            return Err(refuse("at least 1 when there is no bias"));
        }
        Ok(())
    }
}

impl fmt::Display for PolynomialFeatures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// The lowest and the highest degree: a number when the lowest is 0, else a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Degree {
    min: usize,
    max: usize,
}

impl fmt::Display for Degree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.min {
            0 => self.max.fmt(f),
            min => write!(f, "[{min}, {}]", self.max),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a count, or [min, max]")]
enum DegreeText {
    One(usize),
    Range(usize, usize),
}

impl Serialize for Degree {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return (self.min, self.max).serialize(serializer);
        }
        match self.min {
            0 => DegreeText::One(self.max),
            min => DegreeText::Range(min, self.max),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Degree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let (min, max) = if deserializer.is_human_readable() {
            match DegreeText::deserialize(deserializer)? {
                DegreeText::One(max) => (0, max),
                DegreeText::Range(min, max) => (min, max),
            }
        } else {
            Deserialize::deserialize(deserializer)?
        };
        Ok(Degree { min, max })
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for PolynomialFeatures {
    type Fitted = FittedPolynomialFeatures<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let fitted = FittedPolynomialFeatures {
            n_features_in: x.ncols(),
            min_degree: self.degree.min,
            max_degree: self.degree.max,
            interaction_only: self.interaction_only,
            include_bias: self.include_bias,
            order: self.order,
            element: PhantomData,
        };
        fitted.check_size()?;
        if fitted.n_output_features() == 0 {
            let expected = format!(
                "at most {}, the number of columns, when only different columns are multiplied",
                x.ncols()
            );
            return Err(Error::invalid_parameter(
                Self::NAME,
                "degree",
                expected,
                self.degree,
            ));
        }
        Ok(fitted)
    }
}

/// What [`PolynomialFeatures`] knows of its input: the number of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedPolynomialFeatures<F: Float> {
    n_features_in: usize,
    min_degree: usize,
    max_degree: usize,
    interaction_only: bool,
    include_bias: bool,
    order: Order,
    element: PhantomData<F>,
}

impl<F: Float> FittedPolynomialFeatures<F> {
    fn count(&self, min: usize) -> u64 {
        let (n, max) = (self.n_features_in as u64, self.max_degree as u64);
        count(n, min as u64, max, self.interaction_only)
            .saturating_add(u64::from(self.include_bias))
    }

    /// The columns of all degrees are not too many.
    fn check_size(&self) -> Result<()> {
        let size = self.count(0).max(self.n_features_in as u64);
        if size <= MOST_FEATURES {
            return Ok(());
        }
        Err(ErrorKind::TooLarge {
            what: format!(
                "polynomial features of {} columns up to degree {}",
                self.n_features_in, self.max_degree
            ),
            size,
            limit: MOST_FEATURES,
        }
        .into())
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// The number of output columns.
    pub fn n_output_features(&self) -> usize {
        self.count(self.min_degree) as usize
    }

    /// The exponent of each input column in each output column, (n_output_features, n_features_in).
    ///
    /// # Errors
    /// `TooLarge` or `InvalidInput` when memory cannot hold them.
    pub fn powers(&self) -> Result<Array2<usize>> {
        let shape = (self.n_output_features(), self.n_features_in);
        parallel::fits::<usize>("powers", shape)?;
        let mut powers = Array2::zeros(shape);
        for (mut row, factors) in powers.rows_mut().into_iter().zip(self.factors()) {
            for factor in factors {
                row[factor] += 1;
            }
        }
        Ok(powers)
    }

    /// Columns of all degrees, the bias included.
    fn n_all(&self) -> usize {
        self.count(0) as usize
    }

    fn bias(&self) -> usize {
        usize::from(self.include_bias)
    }

    /// How many of the columns of all degrees, after the bias, are below the lowest degree.
    fn n_below(&self) -> usize {
        self.n_all() - self.n_output_features()
    }

    /// How the columns of degree 2 and up come from those before them. Positions are those of all degrees with the bias.
    fn products(&self) -> Vec<Product> {
        let n = self.n_features_in;
        let mut products = Vec::new();
        // Where the products of the last degree whose first factor is column j begin, and where they end.
        let mut starts: Vec<usize> = (0..=n).map(|j| self.bias() + j).collect();
        let mut to = self.bias() + n;
        for _ in 2..=self.max_degree {
            let end = starts[n];
            let mut next = Vec::with_capacity(n + 1);
            for feature in 0..n {
                next.push(to);
                let from = starts[feature + usize::from(self.interaction_only)]..end;
                if !from.is_empty() {
                    let width = from.len();
                    products.push(Product { from, to, feature });
                    to += width;
                }
            }
            next.push(to);
            if next[0] == to {
                break; // no product of this degree, so none of a higher one
            }
            starts = next;
        }
        products
    }

    /// The input columns that each output column multiplies, in ascending order.
    fn factors(&self) -> impl Iterator<Item = Vec<usize>> {
        // For each column of all degrees its first factor and where the product of the others is.
        let n_all = self.n_all();
        let mut last: Vec<(u32, u32)> = vec![(u32::MAX, u32::MAX); n_all];
        if self.max_degree > 0 {
            for j in 0..self.n_features_in {
                last[self.bias() + j].0 = j as u32;
            }
        }
        for product in self.products() {
            for (k, from) in product.from.enumerate() {
                last[product.to + k] = (product.feature as u32, from as u32);
            }
        }
        let (bias, below) = (self.bias(), self.n_below());
        (0..n_all)
            .filter(move |&column| column < bias || column >= bias + below)
            .map(move |column| {
                let mut factors = Vec::new();
                let mut at = column as u32;
                while let Some(&(feature, rest)) = last.get(at as usize)
                    && feature != u32::MAX
                {
                    factors.push(feature as usize);
                    at = rest;
                }
                factors
            })
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedPolynomialFeatures<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in)?;
        let shape = (x.nrows(), self.n_output_features());
        parallel::result_fits::<F>(PolynomialFeatures::NAME, shape.0, x.ncols(), shape.1)?;
        let mut out = self.order.zeros::<F>(shape);
        if self.max_degree == 0 {
            out.fill(F::one());
            return Ok(out);
        }
        let plan = self.products();
        let overflow = AtomicBool::new(false);
        let chunk = parallel::row_chunks(x.nrows(), self.n_all());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            let is_finite = match self.order {
                Order::C => self.rows(&rows, &mut block, &plan),
                Order::F => self.columns(&rows, &mut block, &plan),
            };
            if !is_finite {
                overflow.store(true, Ordering::Relaxed);
            }
        });
        if overflow.into_inner() {
            return Err(ErrorKind::Overflow {
                estimator: PolynomialFeatures::NAME.into(),
                what: "a product of columns".into(),
            }
            .into());
        }
        Ok(out)
    }
}

impl<F: Float> FeatureNamesOut for FittedPolynomialFeatures<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = super::names_or_numbers(input, self.n_features_in)?;
        let name = |factors: Vec<usize>| {
            if factors.is_empty() {
                return "1".to_string();
            }
            let each = factors.chunk_by(|a, b| a == b).map(|same| {
                let name = &names[same[0]];
                match same.len() {
                    1 => name.clone(),
                    power => format!("{name}^{power}"),
                }
            });
            each.collect::<Vec<_>>().join(" ")
        };
        Ok(self.factors().map(name).collect())
    }
}

impl<F: Float> fmt::Display for FittedPolynomialFeatures<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let degree = Degree {
            min: self.min_degree,
            max: self.max_degree,
        };
        write!(
            f,
            "PolynomialFeatures of degree {degree}: {} columns of {}",
            self.n_output_features(),
            self.n_features_in
        )
    }
}

impl<F: Float> Model for FittedPolynomialFeatures<F> {
    fn type_name() -> String {
        format!("FittedPolynomialFeatures<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.n_features_in, 1)?;
        ensure::that(self.min_degree <= self.max_degree, || {
            format!("degrees from {} to {}", self.min_degree, self.max_degree)
        })?;
        self.check_size()?;
        ensure::at_least("number of output columns", self.n_output_features(), 1)
    }
}

#[cfg(test)]
mod tests;
