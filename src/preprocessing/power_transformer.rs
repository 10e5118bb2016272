//! Every column raised to the power that makes it most like a normal one.
//!
//! The exponent of each column maximises the likelihood that the transformed values are normal; see the module of the
//! likelihood for how. Then, unless told otherwise, mean 0 and variance 1.

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::by_column::map_by_column;
use super::columnwise::{first_infinity, no_infinity};
use super::moments::{Moments, moments};
use super::one_to_one::one_to_one;
use super::power_likelihood::Logarithms;
use super::quantiles::per_column;
use super::standard_scaler::{FittedStandardScaler, StandardScaler};
use crate::elementary;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;
use crate::{check, linalg};

/// The family of powers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerMethod {
    /// For values of both signs.
    #[default]
    #[serde(alias = "yeo-johnson")]
    YeoJohnson,
    /// For positive values.
    #[serde(alias = "box-cox")]
    BoxCox,
}

/// Learns for every column the power that makes it most like a normal one, and applies it.
///
/// With X of shape (n_samples, n_features), for each column and its exponent λ:
/// ```text
/// Yeo-Johnson   x ≥ 0:  ((x + 1)^λ − 1) / λ,               ln(x + 1)    for λ = 0
///               x < 0:  −((1 − x)^(2−λ) − 1) / (2 − λ),    −ln(1 − x)   for λ = 2
/// Box-Cox       x > 0:  (x^λ − 1) / λ,                     ln x         for λ = 0
/// ```
/// λ maximises the likelihood of the observed values, were the transformed ones normal. λ = 1 leaves a column as it is, up
/// to a constant. NaN are left out at fit, and stay.
///
/// Use it for skewed columns before methods that like symmetry: linear models, k-means, PCA.
/// [`QuantileTransformer`](super::QuantileTransformer) takes any distribution to the normal one, but needs many rows.
///
/// # Settings
/// | name | default | values | meaning |
/// |---|---|---|---|
/// | `method` | `YeoJohnson` | `YeoJohnson`, `BoxCox` | the family of powers |
/// | `standardize` | `true` | | afterwards mean 0 and variance 1, as by [`StandardScaler`] |
///
/// With Yeo-Johnson a constant column keeps λ = 1, up to the rounding rule of `StandardScaler`, and λ is kept in the range
/// where the transformation of values 20 times the largest one does not overflow (1 if there is no such range). With
/// Box-Cox a constant column is an error, and a λ that would make a value overflow gives way to the last one that does not.
///
/// The values of a column that lie far from zero and close together, years or temperatures in kelvin, may ask for a λ so far
/// from zero that the transformed ones would agree in all their digits, or have no finite variance. With `standardize` such
/// a λ gives way to the last one that keeps them apart by some 10⁻¹⁰ of their size. Sample weights have no effect.
///
/// # Complexity
/// Fit takes time O(n p) for each of some ten steps to the root of the likelihood's derivative; transform O(n p). Fit
/// gathers up to eight columns at a time on each thread (up to sixteen of f32), and as many logarithms as one of them has
/// values: the memory beyond the input is theirs.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`; `InvalidInput` for a column
/// without observed values, with Box-Cox also for a constant column and for values that are not positive, and for a value
/// that no value is transformed to; `Overflow` when a result exceeds the largest number.
///
/// # Source
/// I. K. Yeo and R. A. Johnson (2000), "A new family of power transformations to improve normality or symmetry";
/// G. E. P. Box and D. R. Cox (1964), "An analysis of transformations". scikit-learn's `PowerTransformer` gives the same
/// numbers as far as its λ goes, which is some 10⁻⁸ to 10⁻⁶ from the most likely one there and exact to the last digits
/// here. There, a constant column with missing values gets some other λ, the inverse of a value out of range is NaN, and a
/// column that needs an extreme λ becomes a constant or NaN when it is standardized.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::PowerTransformer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [3.0, 2.0], [4.0, 5.0]];
/// let power = PowerTransformer::new().fit(&x, &())?;
/// assert!(f64::abs(power.lambdas()[0] - 1.38668178) < 1e-7);
/// let z = power.transform(&x)?;
/// assert!(f64::abs(z.column(0).sum()) < 1e-12);
/// assert!((power.inverse_transform(&z)? - &x).iter().all(|d| f64::abs(*d) < 1e-12));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PowerTransformer {
    /// The family of powers.
    method: PowerMethod,
    /// Mean 0 and variance 1 afterwards.
    standardize: bool,
}

impl Default for PowerTransformer {
    fn default() -> Self {
        PowerTransformer {
            method: PowerMethod::YeoJohnson,
            standardize: true,
        }
    }
}

impl PowerTransformer {
    /// Yeo-Johnson, then mean 0 and variance 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The family of powers.
    #[must_use]
    pub fn method(mut self, method: PowerMethod) -> Self {
        self.method = method;
        self
    }

    /// Whether the transformed columns get mean 0 and variance 1.
    #[must_use]
    pub fn standardize(mut self, standardize: bool) -> Self {
        self.standardize = standardize;
        self
    }
}

impl Hyperparameters for PowerTransformer {
    const NAME: &'static str = "PowerTransformer";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for PowerTransformer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for PowerTransformer {
    type Fitted = FittedPowerTransformer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        no_infinity(x)?;
        if self.method == PowerMethod::BoxCox {
            positive(x)?;
        }
        // λ, and count, mean and squared deviations of the transformed values.
        let learned = per_column(x, 4, |values| self.learn(values));
        let lambdas = learned.row(0).to_owned();
        if let Some(j) = lambdas.iter().position(|l| l.is_nan()) {
            let reason = if x.column(j).iter().all(|v| v.is_nan()) {
                format!("column {j} has no observed value")
            } else {
                format!("column {j} is constant: no Box-Cox power is the most likely")
            };
            return Err(Error::invalid_input("X", reason));
        }
        let scaler = self.standardize.then(|| {
            let moments = Moments {
                count: learned.row(1).to_vec(),
                mean: learned.row(2).to_vec(),
                m2: learned.row(3).to_vec(),
            };
            FittedStandardScaler::from_moments(StandardScaler::new(), moments)
        });
        Ok(FittedPowerTransformer {
            settings: self.clone(),
            lambdas,
            scaler: scaler.transpose()?,
        })
    }
}

impl PowerTransformer {
    /// λ (NaN where there is none), and count, mean and squared deviations of the transformed values.
    fn learn<F: Float>(&self, values: &mut [F]) -> Vec<f64> {
        let n = values.len();
        let (least, greatest) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| {
            (low.min(v.f64()), high.max(v.f64()))
        });
        if values.is_empty() || (self.method == PowerMethod::BoxCox && least == greatest) {
            return vec![f64::NAN; 4];
        }
        let lambda = match self.method {
            PowerMethod::YeoJohnson if least == greatest || constant(values) => 1.0,
            PowerMethod::YeoJohnson => {
                let (mut low, mut high) = safe_range::<F>(least, greatest);
                if self.standardize && least > 0.0 {
                    low = low.max(least_with_digits(least.ln_1p(), greatest.ln_1p(), n));
                } else if self.standardize && greatest < 0.0 {
                    let below = least_with_digits((-greatest).ln_1p(), (-least).ln_1p(), n);
                    high = high.min(2.0 - below);
                }
                Logarithms::yeo_johnson(values).most_likely(low, high)
            }
            PowerMethod::BoxCox => {
                let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
                let mut limit = F::max_value().f64() / 10_000.0;
                if self.standardize {
                    let (from, to) = (least.ln(), greatest.ln());
                    if from > 0.0 {
                        low = least_with_digits(from, to, n);
                    } else if to < 0.0 {
                        high = -least_with_digits(-to, -from, n);
                    }
                    limit = limit.min(SQUARED);
                }
                let best = Logarithms::box_cox(values).most_likely(low, high);
                without_overflow(best, least, greatest, limit)
            }
        };
        let mut moments = Moments::zeros(1);
        if self.standardize {
            let power = Power::new(self.method, lambda);
            let mut block = [0.0; 1024];
            for values in values.chunks(block.len()) {
                let z = &mut block[..values.len()];
                for (z, v) in z.iter_mut().zip(values) {
                    *z = v.f64();
                }
                power.apply(z);
                moments.merge(&of_block(z));
            }
        }
        let only = |v: &[f64]| v.first().copied().unwrap_or_default();
        vec![
            lambda,
            only(&moments.count),
            only(&moments.mean),
            only(&moments.m2),
        ]
    }
}

/// Whether the values are the same up to the rounding of their variance: the rule of `StandardScaler`.
fn constant<F: Float>(values: &[F]) -> bool {
    let column = ndarray::ArrayView2::from_shape((values.len(), 1), values);
    let Some(Ok(m)) = column.ok().map(|column| moments(&column, None)) else {
        return false;
    };
    let n = values.len() as f64;
    let (mean, var) = (m.mean[0], m.m2[0] / n);
    var <= n * f64::EPSILON * var + (n * mean * f64::EPSILON).powi(2)
}

/// Count, mean and squared deviations of a few values.
fn of_block(z: &[f64]) -> Moments {
    let count = z.len() as f64;
    let mean = z.iter().sum::<f64>() / count;
    let rest = z.iter().map(|z| z - mean).sum::<f64>();
    let m2 = z.iter().map(|z| (z - mean).powi(2)).sum::<f64>() - rest * rest / count;
    Moments {
        count: vec![count],
        mean: vec![mean],
        m2: vec![m2.max(0.0)],
    }
}

/// The exponents of Yeo-Johnson for which values up to 20 times as large keep half of the exponent range (SciPy's rule).
fn safe_range<F: Float>(least: f64, greatest: f64) -> (f64, f64) {
    let largest = (20.0 * least.abs().max(greatest.abs()))
        .min(f64::MAX)
        .ln_1p();
    let eps = F::EPSILON.f64().ln();
    let low = (F::min_positive_value().f64().ln() - eps) / 2.0 / largest;
    let high = (F::max_value().f64().ln() + eps) / 2.0 / largest;
    if greatest < 0.0 {
        (2.0 - high, 2.0 - low)
    } else if least < 0.0 {
        (low.max(2.0 - high), high.min(2.0 - low))
    } else {
        (low, high)
    }
}

/// Squares of numbers up to this size can be summed.
const SQUARED: f64 = 1e144;

/// The least λ for which E(λ, l) = (e^{λl} − 1) / λ keeps `n` logarithms from `low` to `high`, both above 0, apart: the
/// further λ is below zero, the nearer all results are to −1/λ. They shall be apart by a part of 10⁻¹⁰ of their size, by
/// more where so many rows need it not to count as constant, or by a tenth of the part that E(1, l) are apart, the values
/// themselves, where that is less.
fn least_with_digits(low: f64, high: f64, n: usize) -> f64 {
    // (E(λ, high) − E(λ, low)) / E(λ, high)
    let apart = |k: f64| (k * low).exp() * (k * (high - low)).exp_m1() / (k * high).exp_m1();
    let enough = f64::max(1e-10, 50.0 * n as f64 * f64::EPSILON);
    let enough = enough.min(0.1 * (low - high).exp_m1() / (-high).exp_m1());
    // `apart` grows with λ; at this end it is below e^{λ low}, which is half of enough.
    let (mut less, mut more) = (((0.5 * enough).ln() / low).max(-f64::MAX), 0.0);
    for _ in 0..200 {
        let k = 0.5 * (less + more);
        if k == less || k == more || k == 0.0 {
            break;
        }
        if apart(k) < enough {
            less = k;
        } else {
            more = k;
        }
    }
    more
}

/// λ, or the nearest one for which Box-Cox of no value exceeds the limit. SciPy's is a ten-thousandth of the largest number.
fn without_overflow(lambda: f64, least: f64, greatest: f64, limit: f64) -> f64 {
    // ln |(x^λ − 1) / λ| where it is large.
    let size = |x: f64| lambda * x.ln() - lambda.abs().ln();
    let extreme = if size(greatest) > size(least) {
        greatest
    } else {
        least
    };
    let log = extreme.ln().abs();
    if lambda == 0.0 || size(extreme) <= limit.ln() {
        return lambda;
    }
    // |λ| log − ln |λ| = ln limit, by iteration: a contraction, its factor 1 / (|λ| log) is near 1/700.
    let mut size = lambda.abs();
    for _ in 0..50 {
        size = (limit.ln() + size.ln()) / log;
    }
    size.copysign(lambda)
}

/// Every observed value is positive.
fn positive<F: Float>(x: &ArrayRef2<F>) -> Result<()> {
    match x.indexed_iter().find(|(_, v)| **v <= F::zero()) {
        Some(((row, column), v)) => Err(Error::invalid_input(
            "X",
            format!("row {row}, column {column} is {v}; Box-Cox is for positive values"),
        )),
        None => Ok(()),
    }
}

/// A transformation with its exponent.
#[derive(Clone, Copy, Debug)]
struct Power {
    method: PowerMethod,
    lambda: f64,
}

impl Power {
    fn new(method: PowerMethod, lambda: f64) -> Self {
        Power { method, lambda }
    }

    /// z of each value; NaN stay.
    fn apply(self, values: &mut [f64]) {
        match self.method {
            PowerMethod::YeoJohnson => linalg::simd(
                #[inline(always)]
                || {
                    let (above, below) =
                        (Exponent::new(self.lambda), Exponent::new(2.0 - self.lambda));
                    for v in values.iter_mut() {
                        let negative = *v < 0.0;
                        let k = if negative { below } else { above };
                        let z = k.of(elementary::ln_1p(v.abs()));
                        let z = if negative { -z } else { z };
                        *v = if v.is_nan() { *v } else { z };
                    }
                },
            ),
            PowerMethod::BoxCox => {
                let normal = !values
                    .iter()
                    .fold(false, |any, v| any | (*v < f64::MIN_POSITIVE));
                if !normal {
                    let k = Exponent::new(self.lambda);
                    values.iter_mut().for_each(|v| *v = k.of(v.ln()));
                    return;
                }
                linalg::simd(
                    #[inline(always)]
                    || {
                        let k = Exponent::new(self.lambda);
                        for v in values.iter_mut() {
                            let z = k.of(elementary::ln(*v));
                            *v = if v.is_nan() { *v } else { z };
                        }
                    },
                );
            }
        }
    }

    /// The value that becomes `z`: not finite if there is none.
    fn undo(self, z: f64) -> f64 {
        let inverse = |k: f64, z: f64| if k == 0.0 { z } else { (k * z).ln_1p() / k };
        match self.method {
            PowerMethod::YeoJohnson if z >= 0.0 => inverse(self.lambda, z).exp_m1(),
            PowerMethod::YeoJohnson => -inverse(2.0 - self.lambda, -z).exp_m1(),
            PowerMethod::BoxCox => inverse(self.lambda, z).exp(),
        }
    }
}

/// (exp(k l) − 1) / k, or l for k = 0.
#[derive(Clone, Copy, Debug)]
struct Exponent {
    k: f64,
    divisor: f64,
    plain: bool,
}

impl Exponent {
    #[inline(always)]
    fn new(k: f64) -> Self {
        let plain = k == 0.0;
        Exponent {
            k,
            divisor: if plain { 1.0 } else { k },
            plain,
        }
    }

    #[inline(always)]
    fn of(self, l: f64) -> f64 {
        let raised = elementary::exp_m1(self.k * l) / self.divisor;
        if self.plain { l } else { raised }
    }
}

/// Exponents of the columns, learned by [`PowerTransformer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedPowerTransformer<F: Float> {
    settings: PowerTransformer,
    lambdas: Array1<f64>,
    scaler: Option<FittedStandardScaler<F>>,
}

impl<F: Float> FittedPowerTransformer<F> {
    /// The exponent λ of each column.
    pub fn lambdas(&self) -> &Array1<f64> {
        &self.lambdas
    }

    /// What standardizes the transformed columns; `None` when `standardize` is false.
    pub fn scaler(&self) -> Option<&FittedStandardScaler<F>> {
        self.scaler.as_ref()
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.lambdas.len()
    }

    /// What is subtracted from column `j` and what divides it after the power.
    fn shift_and_scale(&self, j: usize) -> (f64, f64) {
        match &self.scaler {
            Some(scaler) => (scaler.mean()[j], scaler.scale()[j]),
            None => (0.0, 1.0),
        }
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let method = self.settings.method;
        let largest = F::max_value().f64();
        let fine = map_by_column(x, out, |j, values| {
            if method == PowerMethod::BoxCox
                && values.iter().fold(false, |any, v| any | (*v <= 0.0))
            {
                return false;
            }
            let infinite = |values: &[f64]| {
                values
                    .iter()
                    .fold(false, |any, v| any | (v.abs() > largest))
            };
            let refused = infinite(values);
            Power::new(method, self.lambdas[j]).apply(values);
            let (mean, scale) = self.shift_and_scale(j);
            for v in values.iter_mut() {
                *v = (*v - mean) / scale;
            }
            !refused && !infinite(values)
        })?;
        if fine {
            return Ok(());
        }
        first_infinity(x)?;
        if method == PowerMethod::BoxCox {
            positive(x)?;
        }
        Err(super::overflow(
            PowerTransformer::NAME,
            "a transformed value",
        ))
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let largest = F::max_value().f64();
        let fine = map_by_column(x, out, |j, values| {
            let power = Power::new(self.settings.method, self.lambdas[j]);
            let (mean, scale) = self.shift_and_scale(j);
            let mut fine = true;
            for v in values.iter_mut().filter(|v| !v.is_nan()) {
                fine &= v.is_finite();
                *v = power.undo(*v * scale + mean);
                fine &= v.abs() <= largest;
            }
            fine
        })?;
        if fine {
            return Ok(());
        }
        first_infinity(x)?;
        let lost = out
            .indexed_iter()
            .find(|(at, v)| !v.is_finite() && !x[*at].is_nan());
        match lost {
            Some(((row, column), v)) if v.is_nan() => Err(Error::invalid_input(
                "X",
                format!(
                    "row {row}, column {column} is {}: no value is transformed to it with lambda {}",
                    x[[row, column]],
                    self.lambdas[column]
                ),
            )),
            _ => Err(super::overflow(
                PowerTransformer::NAME,
                "an inversely transformed value",
            )),
        }
    }
}

one_to_one!(FittedPowerTransformer, invertible);

impl<F: Float> Model for FittedPowerTransformer<F> {
    fn type_name() -> String {
        format!("FittedPowerTransformer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.lambdas.len(), 1)?;
        ensure::finite("lambdas", &self.lambdas)?;
        ensure::that(self.scaler.is_some() == self.settings.standardize, || {
            "the scaler does not agree with standardize".into()
        })?;
        let Some(scaler) = &self.scaler else {
            return Ok(());
        };
        scaler.validate()?;
        let columns = scaler.n_features_in();
        ensure::equal("columns of the scaler", columns, self.lambdas.len())
    }
}

#[cfg(test)]
#[path = "power_transformer_tests.rs"]
mod tests;
