//! Zero mean and unit variance, column by column.
//!
//! With mean μ and variance σ² of a column (both over the observed values, σ² divided by n), z = (x − μ) / σ.
//! One pass over the data gathers both, in parallel over fixed chunks of rows; see the module of moments for the method.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::columnwise::{first_infinity, map_columns, no_infinity, same_shape, update_columns};
use super::moments::{Moments, moments};
use super::one_to_one::one_to_one;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, PartialFit};

/// Learns the mean and the standard deviation of every column, and removes them.
///
/// With X of shape (n_samples, n_features), for each column:
/// ```text
/// z = (x − μ) / σ        μ = Σ w x / Σ w        σ² = Σ w (x − μ)² / Σ w
/// ```
/// where w is the sample weight, 1 without weights, and the sums are over the values that are not NaN.
///
/// Use it before everything that compares columns or penalises coefficients: linear models with a penalty, k-means, PCA,
/// networks. Trees need no scaling. Outliers move both μ and σ.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `with_mean` | `true` | | subtract the mean |
/// | `with_std` | `true` | | divide by the standard deviation |
///
/// A column that is constant, up to the rounding of the computation, is not divided: its scale is 1. The rule is
/// σ² ≤ n ε σ² + (n μ ε)², with ε that of f64. A column without any observed value has mean 0 and scale 1.
/// NaN stay NaN.
///
/// # Complexity
/// Fit and transform take time O(n p) and read the data once. Sums are kept in f64 for f32 data too. A mean that is large
/// beside the standard deviation costs no digits of the variance.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`; `Overflow` when the
/// variance exceeds the largest f64.
///
/// # Source
/// T. F. Chan, G. H. Golub, R. J. LeVeque (1983), "Algorithms for computing the sample variance". scikit-learn's
/// `StandardScaler` gives the same numbers, with these differences: a column without observed values is left as it is
/// (there: NaN from then on), and a result beyond the largest number is an error (there: infinite).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::StandardScaler, prelude::*};
/// use ndarray::{array, Axis};
///
/// let x = array![[1.0, 10.0], [2.0, 10.0], [3.0, 40.0]];
/// let scaler = StandardScaler::new().fit(&x, &())?;
/// assert_eq!(scaler.mean(), array![2.0, 20.0]);
/// let z = scaler.transform(&x)?;
/// assert!(z.mean_axis(Axis(0)).unwrap().iter().all(|m: &f64| m.abs() < 1e-15));
/// assert!((scaler.inverse_transform(&z)? - &x).iter().all(|d| d.abs() < 1e-13));
/// # Ok::<(), Error>(())
/// ```
///
/// A table is not a matrix: its columns are chosen first, by a
/// [`ColumnTransformer`](crate::pipeline::ColumnTransformer) or by `table.to_matrix()`.
/// ```compile_fail,E0277
/// use fitwell::{preprocessing::StandardScaler, table::Table, prelude::*};
///
/// fn scaled(table: &Table) {
///     let _ = StandardScaler::new().fit(table, &());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StandardScaler {
    /// Subtract the mean.
    with_mean: bool,
    /// Divide by the standard deviation.
    with_std: bool,
}

impl Default for StandardScaler {
    fn default() -> Self {
        StandardScaler {
            with_mean: true,
            with_std: true,
        }
    }
}

impl StandardScaler {
    /// Subtracts the mean and divides by the standard deviation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to subtract the mean.
    #[must_use]
    pub fn with_mean(mut self, with_mean: bool) -> Self {
        self.with_mean = with_mean;
        self
    }

    /// Whether to divide by the standard deviation.
    #[must_use]
    pub fn with_std(mut self, with_std: bool) -> Self {
        self.with_std = with_std;
        self
    }
}

impl Hyperparameters for StandardScaler {
    const NAME: &'static str = "StandardScaler";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for StandardScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for StandardScaler {
    type Fitted = FittedStandardScaler<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        let moments = batch(x, y)?;
        FittedStandardScaler::from_moments(self.clone(), moments)
    }
}

/// The moments of checked data.
fn batch<F: Float, Y: Targets + ?Sized>(x: &ArrayRef2<F>, y: &Y) -> Result<Moments> {
    check::not_empty(x)?;
    check::target(y, x.nrows())?;
    let weights = y.sample_weight().map(|w| w.as_standard_layout());
    moments(x, weights.as_ref().and_then(|w| w.as_slice()))
}

/// Means and scales of the columns, learned by [`StandardScaler`].
///
/// It goes on learning by `partial_fit`: batches give what the rows together would give.
///
/// ```
/// use fitwell::{preprocessing::StandardScaler, prelude::*};
/// use ndarray::array;
///
/// let mut scaler = StandardScaler::new().fit(&array![[1.0], [2.0]], &())?;
/// scaler.partial_fit(&array![[3.0], [6.0]], &())?;
/// assert_eq!(scaler.mean(), array![3.0]);
/// assert_eq!(scaler.n_samples_seen(), array![4.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedStandardScaler<F: Float> {
    settings: StandardScaler,
    n_samples_seen: Array1<f64>,
    mean: Array1<f64>,
    var: Option<Array1<f64>>,
    scale: Array1<f64>,
    element: PhantomData<F>,
}

impl<F: Float> FittedStandardScaler<F> {
    pub(super) fn from_moments(settings: StandardScaler, moments: Moments) -> Result<Self> {
        let Moments { count, mean, m2 } = moments;
        let var: Array1<f64> = m2
            .iter()
            .zip(&count)
            .map(|(m2, n)| if *n > 0.0 { m2 / n } else { 0.0 })
            .collect();
        let scale: Array1<f64> = if settings.with_std {
            check::learned(StandardScaler::NAME, "the variance", &var)?;
            let columns = var.iter().zip(&mean).zip(&count);
            columns.map(|((v, m), n)| scale(*v, *m, *n)).collect()
        } else {
            Array1::ones(mean.len())
        };
        check::learned(StandardScaler::NAME, "the mean", &mean)?;
        Ok(FittedStandardScaler {
            n_samples_seen: count.into(),
            mean: mean.into(),
            var: settings.with_std.then_some(var),
            scale,
            settings,
            element: PhantomData,
        })
    }

    /// The mean of each column, also when it is not subtracted.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The variance of each column; `None` when `with_std` is false.
    pub fn var(&self) -> Option<&Array1<f64>> {
        self.var.as_ref()
    }

    /// What each column is divided by: its standard deviation; 1 for a constant column or when `with_std` is false.
    pub fn scale(&self) -> &Array1<f64> {
        &self.scale
    }

    /// The number of values seen in each column, NaN not counted; with sample weights, the sum of the weights.
    pub fn n_samples_seen(&self) -> &Array1<f64> {
        &self.n_samples_seen
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// ```
    /// use fitwell::{preprocessing::StandardScaler, prelude::*};
    /// use ndarray::{array, Array2};
    ///
    /// let x = array![[1.0], [3.0]];
    /// let scaler = StandardScaler::new().fit(&x, &())?;
    /// let mut out = Array2::zeros((2, 1));
    /// scaler.transform_into(&x, &mut out)?;
    /// assert_eq!(out, array![[-1.0], [1.0]]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `ShapeMismatch`; `NonFinite` for an infinite value and `Overflow` for a result beyond the largest number: what is
    /// in `out` is then unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        same_shape(x, out)?;
        let (mean, scale) = self.shift_and_scale();
        if map_columns(x, out, &mean, &scale, |x, mean, scale| (x - mean) / scale) {
            return Ok(());
        }
        Err(why_infinite(x, "the transformed X"))
    }

    /// Transforms `x` (n_samples, n_features) in place.
    ///
    /// ```
    /// use fitwell::{preprocessing::StandardScaler, prelude::*};
    /// use ndarray::array;
    ///
    /// let mut x = array![[1.0], [3.0]];
    /// let scaler = StandardScaler::new().fit(&x, &())?;
    /// scaler.transform_inplace(&mut x)?;
    /// assert_eq!(x, array![[-1.0], [1.0]]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `ShapeMismatch` and `NonFinite` for an infinite value, which leave `x` as it was; `Overflow` for a result beyond
    /// the largest number, which does not.
    pub fn transform_inplace(&self, x: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        no_infinity(x)?;
        let (mean, scale) = self.shift_and_scale();
        if update_columns(x, &mean, &scale, |x, mean, scale| (x - mean) / scale) {
            return Ok(());
        }
        Err(overflow("the transformed X"))
    }

    /// What is subtracted and what divides.
    fn shift_and_scale(&self) -> (Cow<'_, [f64]>, Cow<'_, [f64]>) {
        let shift = if self.settings.with_mean {
            values(&self.mean)
        } else {
            Cow::Owned(vec![0.0; self.mean.len()])
        };
        (shift, values(&self.scale))
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let (mean, scale) = self.shift_and_scale();
        if map_columns(x, out, &mean, &scale, |x, mean, scale| x * scale + mean) {
            return Ok(());
        }
        Err(why_infinite(x, "the inversely transformed X"))
    }
}

fn values(v: &Array1<f64>) -> Cow<'_, [f64]> {
    v.as_slice()
        .map_or_else(|| v.to_vec().into(), Cow::Borrowed)
}

/// The standard deviation, or 1 for a column that is constant up to the rounding of the computation.
fn scale(var: f64, mean: f64, n: f64) -> f64 {
    let bound = n * f64::EPSILON * var + (n * mean * f64::EPSILON).powi(2);
    if var <= bound { 1.0 } else { var.sqrt() }
}

one_to_one!(FittedStandardScaler, invertible);

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedStandardScaler<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let new = batch(x, y)?;
        let m2 = match &self.var {
            Some(var) => (var * &self.n_samples_seen).to_vec(),
            None => vec![0.0; self.mean.len()],
        };
        let mut all = Moments {
            count: self.n_samples_seen.to_vec(),
            mean: self.mean.to_vec(),
            m2,
        };
        all.merge(&new);
        *self = Self::from_moments(self.settings.clone(), all)?;
        Ok(())
    }
}

impl<F: Float> Model for FittedStandardScaler<F> {
    fn type_name() -> String {
        format!("FittedStandardScaler<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let p = self.mean.len();
        let wrong = |what: &str| Err(Error::model_file(format!("FittedStandardScaler: {what}")));
        let lengths = [self.n_samples_seen.len(), self.scale.len()];
        if p == 0 || lengths != [p, p] || self.var.as_ref().is_some_and(|v| v.len() != p) {
            return wrong("mean, var, scale and n_samples_seen differ in length");
        }
        if self.settings.with_std != self.var.is_some() {
            return wrong("var does not agree with with_std");
        }
        let not_negative = |v: &f64| v.is_finite() && *v >= 0.0;
        if !self.mean.iter().all(|v| v.is_finite()) {
            return wrong("mean is not finite");
        }
        if !self.n_samples_seen.iter().all(not_negative) {
            return wrong("n_samples_seen is negative or not finite");
        }
        if !self.var.iter().flatten().all(not_negative) {
            return wrong("var is negative or not finite");
        }
        if !self.scale.iter().all(|v| v.is_finite() && *v > 0.0) {
            return wrong("scale is not positive and finite");
        }
        Ok(())
    }
}

fn why_infinite<F: Float>(x: &ArrayRef2<F>, what: &str) -> Error {
    first_infinity(x).err().unwrap_or_else(|| overflow(what))
}

fn overflow(what: &str) -> Error {
    super::overflow(StandardScaler::NAME, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::random;
    use crate::traits::{FeatureNamesOut, FitTransform, InverseTransform, Transform};
    use ndarray::{Array2, Axis, array, s};
    use rand::RngExt;

    fn noise(n: usize, p: usize, mean: f64, sd: f64) -> Array2<f64> {
        let mut rng = random::generator(7);
        Array2::from_shape_simple_fn((n, p), || mean + sd * (rng.random::<f64>() - 0.5))
    }

    fn with_missing(mut x: Array2<f64>) -> Array2<f64> {
        for (i, v) in x.iter_mut().enumerate() {
            if i % 7 == 3 {
                *v = f64::NAN;
            }
        }
        x
    }

    fn close(a: &Array1<f64>, b: &Array1<f64>, relative: f64) {
        for (j, (a, b)) in a.iter().zip(b).enumerate() {
            assert!(
                (a - b).abs() <= relative * a.abs().max(b.abs()),
                "column {j}: {a} and {b}"
            );
        }
    }

    #[test]
    fn by_hand() {
        let x = array![[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]];
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        assert_eq!(scaler.mean(), array![0.5, 0.5]);
        assert_eq!(scaler.var(), Some(&array![0.25, 0.25]));
        assert_eq!(scaler.scale(), array![0.5, 0.5]);
        assert_eq!(scaler.n_samples_seen(), array![4.0, 4.0]);
        assert_eq!(
            scaler.transform(&array![[2.0, 2.0]]).unwrap(),
            array![[3.0, 3.0]]
        );
        let kept = StandardScaler::new().with_mean(false).fit(&x, &()).unwrap();
        assert_eq!(kept.transform(&x).unwrap(), &x / 0.5);
        let kept = StandardScaler::new().with_std(false).fit(&x, &()).unwrap();
        assert_eq!(kept.var(), None);
        assert_eq!(kept.transform(&x).unwrap(), &x - 0.5);
    }

    #[test]
    fn mean_zero_variance_one_at_every_width() {
        for p in [1, 2, 7, 50, 127, 128, 513, 1100] {
            for n in [2, 3, 129, 1000] {
                let x = noise(n, p, 3.0, 5.0);
                let scaler = StandardScaler::new().fit(&x, &()).unwrap();
                let z = scaler.transform(&x).unwrap();
                for (column, sd) in z.columns().into_iter().zip(scaler.scale()) {
                    let mean = column.sum() / n as f64;
                    let var = column.mapv(|v| v * v).sum() / n as f64 - mean * mean;
                    // The rounding of the data, in units of the standard deviation.
                    let unit = 10.0 * f64::EPSILON / sd;
                    assert!(mean.abs() < unit + 1e-14, "{n} x {p}: {mean}");
                    assert!((var - 1.0).abs() < unit + 1e-13, "{n} x {p}: {var}");
                }
            }
        }
    }

    #[test]
    fn a_large_mean_costs_no_digits() {
        // Whole multiples of 2^-20 around 1e9: the deviations from 1e9 are exact, and so is their variance.
        let n = 300_000;
        let mut rng = random::generator(3);
        let steps: Vec<i64> = (0..n).map(|_| rng.random_range(-2000..2000)).collect();
        let unit = 2f64.powi(-20);
        let x = Array2::from_shape_fn((n, 2), |(i, _)| 1e9 + steps[i] as f64 * unit);
        let sum: i64 = steps.iter().sum();
        let squares: i64 = steps.iter().map(|s| s * s).sum();
        let exact = (squares as f64 - (sum as f64).powi(2) / n as f64) / n as f64 * unit * unit;
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        for var in scaler.var().unwrap() {
            assert!((var / exact - 1.0).abs() < 1e-12, "{var} {exact}");
        }
        // Also when the first row is far away from all others.
        let mut x = x.mapv(|v| v - 1e9);
        x[[0, 0]] = 1e12;
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let exact = 1e24 * (1.0 / n as f64) * (1.0 - 1.0 / n as f64);
        assert!((scaler.var().unwrap()[0] / exact - 1.0).abs() < 1e-9);
    }

    #[test]
    fn missing_values_are_left_out_and_stay() {
        let x = with_missing(noise(700, 9, -2.0, 4.0));
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let z = scaler.transform(&x).unwrap();
        for j in 0..9 {
            let seen: Vec<f64> = x
                .column(j)
                .iter()
                .copied()
                .filter(|v| !v.is_nan())
                .collect();
            let mean = seen.iter().sum::<f64>() / seen.len() as f64;
            let var = seen.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / seen.len() as f64;
            assert!((scaler.n_samples_seen()[j] - seen.len() as f64).abs() < 0.5);
            assert!((scaler.mean()[j] - mean).abs() < 1e-13);
            assert!((scaler.var().unwrap()[j] - var).abs() < 1e-12);
        }
        assert!(x.iter().zip(&z).all(|(x, z)| x.is_nan() == z.is_nan()));
    }

    #[test]
    fn a_column_without_values_is_left_as_it_is() {
        let x = array![[f64::NAN, 1.0], [f64::NAN, 3.0]];
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        assert_eq!(scaler.n_samples_seen(), array![0.0, 2.0]);
        assert_eq!(
            scaler.transform(&array![[5.0, 2.0]]).unwrap(),
            array![[5.0, 0.0]]
        );
        // A later batch may fill it.
        let mut scaler = scaler;
        scaler
            .partial_fit(&array![[4.0, 2.0], [6.0, 2.0]], &())
            .unwrap();
        assert_eq!(scaler.mean(), array![5.0, 2.0]);
        scaler.validate().unwrap();
    }

    #[test]
    fn constant_columns_are_only_centred() {
        for value in [0.0, 1.0, -1e9, 0.1, 1e150] {
            for n in [1, 10, 1000] {
                let x = Array2::from_elem((n, 1), value);
                let scaler = StandardScaler::new().fit(&x, &()).unwrap();
                assert_eq!(scaler.scale(), array![1.0], "{value} x {n}");
                let z = scaler.transform(&x).unwrap();
                assert!(z.iter().all(|z| *z == 0.0));
            }
        }
        // Different only by rounding: 1000 values of 0.1 and 0.1 + one step.
        let mut x = Array2::from_elem((1000, 1), 0.1f64);
        x[[5, 0]] = 0.1f64.next_up();
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        assert_eq!(scaler.scale(), array![1.0]);
    }

    #[test]
    fn batches_give_what_the_rows_together_give() {
        let x = with_missing(noise(1000, 11, 100.0, 3.0));
        let w = Array1::from_shape_fn(1000, |i| (i % 4) as f64);
        let whole = StandardScaler::new().fit(&x, &().weighted(&w)).unwrap();
        let mut part = StandardScaler::new()
            .fit(&x.slice(s![..10, ..]), &().weighted(&w.slice(s![..10])))
            .unwrap();
        for rows in [10..11, 11..500, 500..1000] {
            if rows.len() == 1 && w[rows.start] == 0.0 {
                continue;
            }
            let weights = w.slice(s![rows.clone()]);
            part.partial_fit(&x.slice(s![rows, ..]), &().weighted(&weights))
                .unwrap();
        }
        close(whole.mean(), part.mean(), 1e-13);
        close(whole.var().unwrap(), part.var().unwrap(), 1e-11);
        close(whole.n_samples_seen(), part.n_samples_seen(), 1e-13);
    }

    #[test]
    fn a_refused_batch_changes_nothing() {
        let mut scaler = StandardScaler::new()
            .fit(&noise(10, 2, 0.0, 1.0), &())
            .unwrap();
        let before = scaler.clone();
        assert!(
            scaler
                .partial_fit(&array![[1.0, f64::INFINITY]], &())
                .is_err()
        );
        assert!(
            scaler
                .partial_fit(&array![[1.0, 1e300], [1.0, -1e300]], &())
                .is_err()
        );
        assert!(scaler.partial_fit(&array![[1.0]], &()).is_err());
        assert_eq!(scaler, before);
    }

    #[test]
    fn weight_two_is_twice_and_weight_zero_is_not_there() {
        let x = with_missing(noise(300, 6, 1.0, 2.0));
        let mut weighted = x.clone();
        weighted[[1, 2]] = 1e300;
        let w = Array1::from_shape_fn(300, |i| if i == 1 { 0.0 } else { 1.0 + (i % 2) as f64 });
        let rows: Vec<usize> = (0..300).flat_map(|i| vec![i; w[i] as usize]).collect();
        let a = StandardScaler::new()
            .fit(&weighted, &().weighted(&w))
            .unwrap();
        let b = StandardScaler::new()
            .fit(&x.select(Axis(0), &rows), &())
            .unwrap();
        close(a.mean(), b.mean(), 1e-13);
        close(a.var().unwrap(), b.var().unwrap(), 1e-13);
        close(a.n_samples_seen(), b.n_samples_seen(), 1e-15);
        let same = StandardScaler::new()
            .fit(&x, &().weighted(&Array1::ones(300)))
            .unwrap();
        close(
            same.var().unwrap(),
            StandardScaler::new().fit(&x, &()).unwrap().var().unwrap(),
            1e-13,
        );
    }

    #[test]
    fn every_layout_gives_the_same_bits() {
        let x = noise(5000, 30, 1.0, 2.0);
        let mut wide = Array2::zeros((5000, 60));
        wide.slice_mut(s![.., ..;2]).assign(&x);
        let columns = x.t().as_standard_layout().into_owned();
        let reference = StandardScaler::new().fit(&x, &()).unwrap();
        let z = reference.transform(&x).unwrap();
        for view in [columns.t(), wide.slice(s![.., ..;2])] {
            assert_eq!(StandardScaler::new().fit(&view, &()).unwrap(), reference);
            assert_eq!(reference.transform(&view).unwrap(), z);
        }
        let reversed = x.slice(s![..;-1, ..;-1]);
        let scaler = StandardScaler::new().fit(&reversed, &()).unwrap();
        close(
            scaler.var().unwrap(),
            &reference.var().unwrap().slice(s![..;-1]).to_owned(),
            1e-13,
        );
        let mut out = Array2::zeros((30, 5000)).reversed_axes();
        reference.transform_into(&x, &mut out).unwrap();
        assert_eq!(out, z);
        reference
            .transform_inplace(&mut columns.t().to_owned())
            .unwrap();
        let mut in_place = columns.clone().reversed_axes();
        reference.transform_inplace(&mut in_place).unwrap();
        assert_eq!(in_place, z);
    }

    #[test]
    fn the_number_of_threads_changes_no_bit() {
        let x = with_missing(noise(20_000, 13, 1.0, 2.0));
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| StandardScaler::new().fit(&x, &()).unwrap())
        };
        let one = with(1);
        for threads in [2, 8] {
            let other = with(threads);
            for (a, b) in one.var().unwrap().iter().zip(other.var().unwrap()) {
                assert_eq!(a.to_bits(), b.to_bits());
            }
        }
    }

    #[test]
    fn single_precision_is_summed_in_double() {
        let x = noise(20_000, 4, 1000.0, 1.0).mapv(|v| v as f32);
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let double = StandardScaler::new().fit(&x.mapv(f64::from), &()).unwrap();
        assert_eq!(scaler.var(), double.var());
        assert_eq!(scaler.mean(), double.mean());
    }

    #[test]
    fn there_and_back() {
        let x = with_missing(noise(200, 5, 7.0, 0.01));
        let scaler = StandardScaler::new().fit(&x, &()).unwrap();
        let back = scaler
            .inverse_transform(&scaler.transform(&x).unwrap())
            .unwrap();
        for (x, back) in x.iter().zip(&back) {
            assert!((x.is_nan() && back.is_nan()) || (x - back).abs() < 1e-14);
        }
    }

    #[test]
    fn infinities_are_named_and_overflow_is_an_error() {
        let mut x = noise(3000, 40, 0.0, 1.0);
        x[[2999, 1]] = f64::NEG_INFINITY;
        x[[1700, 39]] = f64::INFINITY;
        let refused = StandardScaler::new().fit(&x, &()).unwrap_err();
        assert_eq!(refused.to_string(), "X: row 1700, column 39 is inf");
        let scaler = StandardScaler::new()
            .fit(&noise(9, 40, 0.0, 1.0), &())
            .unwrap();
        for refused in [
            scaler.transform(&x).unwrap_err(),
            scaler.inverse_transform(&x).unwrap_err(),
            scaler.transform_inplace(&mut x.clone()).unwrap_err(),
        ] {
            assert_eq!(refused.to_string(), "X: row 1700, column 39 is inf");
        }
        let huge = noise(9, 40, 0.0, 1e200);
        let refused = StandardScaler::new().fit(&huge, &()).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
        let tiny = StandardScaler::new()
            .fit(&noise(9, 1, 0.0, 1e-150), &())
            .unwrap();
        let refused = tiny.transform(&array![[1e300]]).unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
        let large = StandardScaler::new()
            .fit_transform(&noise(9, 4, 0.0, 1e150))
            .unwrap();
        assert!(large.iter().all(|v| v.is_finite()));
        // With no scale to learn there is nothing to overflow.
        let scaler = StandardScaler::new()
            .with_std(false)
            .fit(&huge, &())
            .unwrap();
        assert!(
            scaler
                .transform(&huge)
                .unwrap()
                .iter()
                .all(|v| v.is_finite())
        );
        assert!(
            StandardScaler::new()
                .fit(&Array2::<f64>::zeros((0, 2)), &())
                .is_err()
        );
        assert!(
            StandardScaler::new()
                .fit(&Array2::<f64>::zeros((2, 0)), &())
                .is_err()
        );
    }

    #[test]
    fn no_rows_transform_to_no_rows() {
        let scaler = StandardScaler::new()
            .fit(&array![[1.0], [2.0]], &())
            .unwrap();
        assert_eq!(
            scaler.transform(&Array2::zeros((0, 1))).unwrap().dim(),
            (0, 1)
        );
    }

    #[test]
    fn files_are_checked() {
        let scaler = StandardScaler::new()
            .fit(&array![[1.0, 2.0], [2.0, 5.0]], &())
            .unwrap();
        let text = scaler.to_json().unwrap();
        assert_eq!(
            FittedStandardScaler::<f64>::from_json(&text).unwrap(),
            scaler
        );
        let bytes = scaler.to_bytes().unwrap();
        assert_eq!(
            FittedStandardScaler::<f64>::from_bytes(&bytes).unwrap(),
            scaler
        );
        assert!(FittedStandardScaler::<f32>::from_json(&text).is_err());
        for (what, broken) in [
            (
                "scale",
                FittedStandardScaler {
                    scale: array![1.0, 0.0],
                    ..scaler.clone()
                },
            ),
            (
                "length",
                FittedStandardScaler {
                    mean: array![1.0],
                    ..scaler.clone()
                },
            ),
            (
                "var",
                FittedStandardScaler {
                    var: None,
                    ..scaler.clone()
                },
            ),
            (
                "n_samples_seen",
                FittedStandardScaler {
                    n_samples_seen: array![-1.0, 2.0],
                    ..scaler.clone()
                },
            ),
            (
                "mean",
                FittedStandardScaler {
                    mean: array![f64::NAN, 2.0],
                    ..scaler.clone()
                },
            ),
        ] {
            let refused = broken.validate().unwrap_err().to_string();
            assert!(refused.contains(what), "{refused}");
        }
    }

    #[test]
    fn names_go_through() {
        let scaler = StandardScaler::new().fit(&array![[1.0, 2.0]], &()).unwrap();
        assert_eq!(scaler.feature_names_out(None).unwrap(), ["x0", "x1"]);
        let names = ["a".to_string(), "b".into()];
        assert_eq!(scaler.feature_names_out(Some(&names)).unwrap(), names);
        assert!(scaler.feature_names_out(Some(&names[..1])).is_err());
    }
}
