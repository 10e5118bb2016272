//! Products of columns: squares, interactions, and higher powers.
//!
//! A product of degree d is one of degree d − 1 times a column, so each output column takes one multiplication. The
//! products of degree d − 1 whose first factor is column j or a later one lie side by side; multiplied by column j they
//! are the products of degree d whose first factor is column j. A row of the result is made in one go while it is in the
//! first cache.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};
use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::order::Order;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, linalg, parallel};

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
/// allocated; at transform for a result beyond the address space. `InvalidParameter`, `EmptyInput`, `NonFinite`,
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

/// n over k; `u64::MAX` for what is beyond it.
fn binomial(n: u128, k: u128) -> u64 {
    let k = k.min(n.saturating_sub(k));
    let mut value = 1u128;
    for i in 1..=k {
        // The running product is a binomial itself: the division leaves no rest, and it only grows.
        value = match value.checked_mul(n - k + i) {
            Some(product) => product / i,
            None => return u64::MAX,
        };
        if value > u128::from(u64::MAX) {
            return u64::MAX;
        }
    }
    value as u64
}

/// The number of products of `n` columns of the degrees from `min` (at least 1) to `max`; `u64::MAX` for what is beyond.
fn count(n: u64, min: u64, max: u64, interaction_only: bool) -> u64 {
    let min = min.max(1);
    if min > max {
        return 0;
    }
    let [n_, min_, max_] = [n, min, max].map(u128::from);
    if !interaction_only {
        // All up to a degree, the empty product included, are n + d over d.
        return match binomial(n_ + max_, max_) {
            u64::MAX => u64::MAX,
            all => all - binomial(n_ + min_ - 1, min_ - 1),
        };
    }
    let mut sum = 0u64;
    for degree in min..=max.min(n) {
        sum = sum.saturating_add(binomial(n_, u128::from(degree)));
        if sum == u64::MAX {
            break;
        }
    }
    sum
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

/// Products that lie side by side: those in `from` times a column, written from `to` on.
struct Product {
    from: Range<usize>,
    to: usize,
    feature: usize,
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

/// All products of one row, the bias first.
#[inline(always)]
fn fill<F: Float>(x: &[F], row: &mut [F], bias: usize, products: &[Product]) {
    row[..bias].fill(F::one());
    row[bias..bias + x.len()].copy_from_slice(x);
    for product in products {
        let (before, after) = row.split_at_mut(product.to);
        let factor = x[product.feature];
        for (to, from) in after.iter_mut().zip(&before[product.from.clone()]) {
            *to = *from * factor;
        }
    }
}

#[inline(always)]
fn finite<F: Float>(values: &[F]) -> bool {
    !values.iter().fold(false, |any, v| any | !v.is_finite())
}

impl<F: Float> FittedPolynomialFeatures<F> {
    /// A block of rows of the result, row after row. False if a value is not finite.
    fn rows(
        &self,
        x: &ArrayView2<'_, F>,
        out: &mut ArrayViewMut2<'_, F>,
        plan: &[Product],
    ) -> bool {
        let (bias, below) = (self.bias(), self.n_below());
        let mut copy = vec![F::zero(); x.ncols()];
        let mut all = vec![F::zero(); if below > 0 { self.n_all() } else { 0 }];
        linalg::simd(
            #[inline(always)]
            || {
                let mut is_finite = true;
                for (x, mut out) in x.rows().into_iter().zip(out.rows_mut()) {
                    let x = match x.as_slice() {
                        Some(x) => x,
                        None => {
                            copy.iter_mut().zip(&x).for_each(|(to, v)| *to = *v);
                            &copy
                        }
                    };
                    let Some(out) = out.as_slice_mut() else {
                        return false;
                    };
                    if below == 0 {
                        fill(x, out, bias, plan);
                    } else {
                        fill(x, &mut all, bias, plan);
                        out[..bias].fill(F::one());
                        out[bias..].copy_from_slice(&all[bias + below..]);
                    }
                    is_finite &= finite(out);
                }
                is_finite
            },
        )
    }

    /// A block of rows of the result, column after column.
    fn columns(
        &self,
        x: &ArrayView2<'_, F>,
        out: &mut ArrayViewMut2<'_, F>,
        plan: &[Product],
    ) -> bool {
        let (n, bias, below) = (x.nrows(), self.bias(), self.n_below());
        let mut all = vec![F::zero(); self.n_all() * n];
        all[..bias * n].fill(F::one());
        for (to, x) in all[bias * n..].chunks_mut(n).zip(x.columns()) {
            to.iter_mut().zip(x).for_each(|(to, v)| *to = *v);
        }
        linalg::simd(
            #[inline(always)]
            || {
                for product in plan {
                    let (before, after) = all.split_at_mut(product.to * n);
                    let factor = &before[(bias + product.feature) * n..][..n];
                    let from = before[product.from.start * n..product.from.end * n].chunks(n);
                    for (to, from) in after.chunks_mut(n).zip(from) {
                        for (to, (from, factor)) in to.iter_mut().zip(from.iter().zip(factor)) {
                            *to = *from * *factor;
                        }
                    }
                }
            },
        );
        let mut is_finite = true;
        let kept = (0..bias).chain(bias + below..self.n_all());
        for (mut out, column) in out.columns_mut().into_iter().zip(kept) {
            let values = &all[column * n..(column + 1) * n];
            is_finite &= finite(values);
            out.iter_mut().zip(values).for_each(|(to, v)| *to = *v);
        }
        is_finite
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedPolynomialFeatures<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in)?;
        let shape = (x.nrows(), self.n_output_features());
        let mut out = self.order.zeros::<F>("polynomial features", shape)?;
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
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::random;
    use crate::traits::FitTransform;
    use ndarray::{Axis, array};

    fn noise(n: usize, p: usize) -> Array2<f64> {
        let mut rng = random::generator(4);
        Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng))
    }

    /// Every setting that is not refused.
    fn settings() -> Vec<PolynomialFeatures> {
        let mut all = Vec::new();
        for (min, max) in [
            (0, 0),
            (0, 1),
            (0, 2),
            (0, 3),
            (0, 5),
            (2, 2),
            (2, 4),
            (1, 3),
            (3, 3),
        ] {
            for interaction_only in [false, true] {
                for include_bias in [false, true] {
                    let one = PolynomialFeatures::new()
                        .degree_range(min..=max)
                        .interaction_only(interaction_only)
                        .include_bias(include_bias);
                    if one.check().is_ok() {
                        all.push(one);
                    }
                }
            }
        }
        all
    }

    #[test]
    fn each_column_is_the_product_that_its_powers_say() {
        for p in [1, 2, 3, 5] {
            let x = noise(40, p);
            for one in settings() {
                let Ok(model) = one.fit(&x, &()) else {
                    assert!(one.interaction_only && one.degree.min > p && !one.include_bias);
                    continue;
                };
                let powers = model.powers().unwrap();
                let out = model.transform(&x).unwrap();
                assert_eq!(out.dim(), (40, model.n_output_features()), "{one}");
                assert_eq!(powers.nrows(), out.ncols(), "{one}");
                for (column, powers) in out.columns().into_iter().zip(powers.rows()) {
                    for (row, value) in x.rows().into_iter().zip(column) {
                        let product: f64 = (row.iter().zip(powers))
                            .map(|(v, power)| v.powi(*power as i32))
                            .product();
                        assert!((product - value).abs() <= 1e-14 * value.abs(), "{one}");
                    }
                }
                // Each power once, sorted by degree and then by the columns.
                let keys: Vec<(usize, Vec<usize>)> = powers
                    .rows()
                    .into_iter()
                    .map(|r| (r.sum(), r.iter().map(|p| usize::MAX - p).collect()))
                    .collect();
                assert!(keys.is_sorted() && keys.windows(2).all(|k| k[0] != k[1]));
                let other = one.clone().order(Order::F).fit(&x, &()).unwrap();
                let other = other.transform(&x).unwrap();
                assert_eq!(other, out, "{one}");
                assert!(other.t().is_standard_layout());
            }
        }
    }

    #[test]
    fn counts_are_those_of_enumeration_and_saturate() {
        for n in 1..8u64 {
            for max in 0..6u64 {
                for min in 0..=max {
                    for interaction_only in [false, true] {
                        // Multisets of each size by a walk over exponents.
                        let top = if interaction_only { 1 } else { max };
                        let mut found = 0;
                        let mut powers = vec![0; n as usize];
                        loop {
                            let degree: u64 = powers.iter().sum();
                            found += u64::from((min.max(1)..=max).contains(&degree));
                            let Some(j) = powers.iter().position(|&p| p < top) else {
                                break;
                            };
                            powers[j] += 1;
                            powers[..j].fill(0);
                        }
                        assert_eq!(count(n, min, max, interaction_only), found);
                    }
                }
            }
        }
        assert_eq!(binomial(70, 20), 161_884_603_662_657_876);
        assert_eq!(binomial(1000, 500), u64::MAX);
        assert_eq!(count(1, 0, 1 << 53, false), 1 << 53);
        assert_eq!(count(3, 0, u64::MAX, false), u64::MAX);
        assert_eq!(count(u64::MAX, 0, u64::MAX, true), u64::MAX);
    }

    #[test]
    fn sizes_that_explode_are_refused_with_their_count() {
        let start = std::time::Instant::now();
        let wide = noise(2, 50);
        for (one, expected) in [
            (
                PolynomialFeatures::new().degree(20),
                161_884_603_662_657_876,
            ),
            (
                PolynomialFeatures::new().degree(25).interaction_only(true),
                626_155_256_640_188,
            ),
            (PolynomialFeatures::new().degree(usize::MAX), u64::MAX),
            (
                PolynomialFeatures::new().degree_range(20..=20),
                161_884_603_662_657_876,
            ),
        ] {
            let refused = one.fit(&wide, &()).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::TooLarge { size, .. } if *size == expected),
                "{refused}"
            );
        }
        assert!(start.elapsed().as_secs_f64() < 1.0);
        // All interactions of 50 columns, most degrees beyond their number.
        let few = PolynomialFeatures::new()
            .degree(usize::MAX)
            .interaction_only(true);
        assert_eq!(few.fit(&noise(2, 4), &()).unwrap().n_output_features(), 16);
    }

    #[test]
    fn settings_that_leave_nothing_are_refused() {
        let x = noise(5, 2);
        for one in [
            PolynomialFeatures::new().degree(0).include_bias(false),
            #[allow(clippy::reversed_empty_ranges)]
            PolynomialFeatures::new().degree_range(3..=2),
            PolynomialFeatures::new()
                .degree_range(3..=4)
                .interaction_only(true)
                .include_bias(false),
        ] {
            let refused = one.fit(&x, &()).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::InvalidParameter { name, .. } if name == "degree"),
                "{refused}"
            );
        }
        let ones = PolynomialFeatures::new()
            .degree(0)
            .fit_transform(&x)
            .unwrap();
        assert_eq!(ones, Array2::<f64>::ones((5, 1)));
    }

    #[test]
    fn products_beyond_the_largest_number_are_an_error() {
        for order in [Order::C, Order::F] {
            let one = PolynomialFeatures::new().order(order);
            let refused = one.fit_transform(&array![[1e200, 0.0]]).unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
            // Powers on the way to a degree are not part of the result, zero times infinity would be.
            let one = one.degree(3);
            assert!(one.fit_transform(&array![[1e200, 0.0]]).is_err());
            assert!(one.fit_transform(&array![[1e20f32, 0.0]]).is_err());
            assert!(one.fit_transform(&array![[1e20, 1e-20]]).is_ok());
        }
    }

    #[test]
    fn layouts_and_threads_change_no_bit() {
        let x = noise(3000, 7);
        for one in [
            PolynomialFeatures::new().degree(3),
            PolynomialFeatures::new().degree_range(2..=3),
        ] {
            let expected = one.fit_transform(&x).unwrap();
            let mut columns = Array2::zeros((7, 3000)).reversed_axes();
            columns.assign(&x);
            assert_eq!(one.fit_transform(&columns).unwrap(), expected);
            let mut back = x.slice(s![..;-1, ..;-1]).to_owned();
            back.invert_axis(Axis(0));
            back.invert_axis(Axis(1));
            assert_eq!(one.fit_transform(&back).unwrap(), expected);
            for threads in [1, 8] {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
                let out = pool.unwrap().install(|| one.fit_transform(&x).unwrap());
                assert_eq!(out, expected);
            }
        }
    }

    #[test]
    fn degrees_are_a_number_or_a_pair_by_name() {
        let one = PolynomialFeatures::new();
        assert_eq!(one.params()["degree"], 2);
        let pair = one.with_param("degree", vec![2, 3]).unwrap();
        assert_eq!(pair, PolynomialFeatures::new().degree_range(2..=3));
        assert_eq!(pair.params()["degree"], serde_json::json!([2, 3]));
        assert_eq!(pair.to_string(), "PolynomialFeatures(degree=[2,3])");
        let refused = one.with_param("degree", "two").unwrap_err().to_string();
        assert!(refused.contains("a count, or [min, max]"), "{refused}");
        for one in [one, pair] {
            assert_eq!(
                PolynomialFeatures::from_json(&one.to_json().unwrap()).unwrap(),
                one
            );
            assert_eq!(
                PolynomialFeatures::from_bytes(&one.to_bytes().unwrap()).unwrap(),
                one
            );
        }
    }

    #[test]
    fn names_as_scikit_learn_writes_them() {
        let model = PolynomialFeatures::new()
            .degree(3)
            .fit(&array![[1.0, 2.0]], &())
            .unwrap();
        let names = ["a".to_string(), "b c".into()];
        assert_eq!(
            model.feature_names_out(Some(&names)).unwrap(),
            [
                "1", "a", "b c", "a^2", "a b c", "b c^2", "a^3", "a^2 b c", "a b c^2", "b c^3"
            ]
        );
        assert!(model.feature_names_out(Some(&names[..1])).is_err());
    }

    #[test]
    fn files_are_checked() {
        let good = PolynomialFeatures::new().fit(&noise(3, 2), &()).unwrap();
        type Fitted = FittedPolynomialFeatures<f64>;
        assert_eq!(Fitted::from_json(&good.to_json().unwrap()).unwrap(), good);
        assert_eq!(Fitted::from_bytes(&good.to_bytes().unwrap()).unwrap(), good);
        for broken in [
            Fitted {
                n_features_in: 0,
                ..good.clone()
            },
            Fitted {
                n_features_in: usize::MAX,
                ..good.clone()
            },
            Fitted {
                max_degree: 1 << 40,
                ..good.clone()
            },
            Fitted {
                min_degree: 3,
                ..good.clone()
            },
            Fitted {
                max_degree: 0,
                include_bias: false,
                ..good.clone()
            },
            // One product, of columns that no memory holds the names of.
            Fitted {
                n_features_in: 1 << 40,
                min_degree: 1 << 40,
                max_degree: 1 << 40,
                interaction_only: true,
                ..good.clone()
            },
        ] {
            assert!(broken.validate().is_err(), "{broken:?}");
        }
    }
}
