//! Every column by its median and the distance of two quantiles, which outliers do not move.
//!
//! z = (x − median) / (q_high − q_low). The quantiles are found by selection, columns in parallel; see the module of
//! quantiles.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::columnwise::{Columns, map_or_explain, no_infinity};
use super::normal::quantile as normal_quantile;
use super::one_to_one::one_to_one;
use super::quantiles::{QuantileMethod, column_quantiles};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;

/// Learns the median and a range of quantiles of every column, and removes them.
///
/// With X of shape (n_samples, n_features), for each column:
/// ```text
/// z = (x − center) / scale        center = median x        scale = q(high %) x − q(low %) x
/// ```
/// over the values that are not NaN; NaN stay NaN. A quantile lies between two values, linearly
/// ([`QuantileMethod::Linear`]).
///
/// Use it instead of [`StandardScaler`](super::StandardScaler) where outliers would move mean and standard deviation: up to
/// a quarter of the values may be anything.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `with_centering` | `true` | | subtract the median |
/// | `with_scaling` | `true` | | divide by the range of quantiles |
/// | `quantile_range` | `(25, 75)` | 0 ≤ low ≤ high ≤ 100 | the quantiles, in per cent |
/// | `unit_variance` | `false` | | divide by the range relative to that of the normal distribution, so that normal data gets variance 1; needs 0 < low < high < 100 |
///
/// A column whose range is less than 10 ε of f64 is not divided. A column without any observed value is left as it is.
/// Sample weights have no effect.
///
/// # Complexity
/// Fit and transform take time O(n p). Fit gathers up to eight columns at a time on each thread (up to sixteen of f32):
/// the memory beyond the input is that of these columns.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`;
/// `Overflow` when a range or a result exceeds the largest number.
///
/// # Source
/// The same numbers as scikit-learn's `RobustScaler`, with these differences: a column without observed values is left as
/// it is (there: NaN from then on), `unit_variance` refuses the quantiles 0 and 100 (there: the scale is 0), and overflow is
/// an error.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::RobustScaler, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, -2.0, 2.0], [-2.0, 1.0, 3.0], [4.0, 1.0, -2.0]];
/// let scaler = RobustScaler::new().fit(&x, &())?;
/// assert_eq!(scaler.center(), Some(&array![1.0, 1.0, 2.0]));
/// assert_eq!(scaler.transform(&x)?, array![[0.0, -2.0, 0.0], [-1.0, 0.0, 0.4], [1.0, 0.0, -1.6]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RobustScaler {
    /// Subtract the median.
    with_centering: bool,
    /// Divide by the range of quantiles.
    with_scaling: bool,
    /// The quantiles, in per cent.
    #[serde(with = "super::pair")]
    quantile_range: (f64, f64),
    /// Make normally distributed columns have variance 1.
    unit_variance: bool,
}

impl Default for RobustScaler {
    fn default() -> Self {
        RobustScaler {
            with_centering: true,
            with_scaling: true,
            quantile_range: (25.0, 75.0),
            unit_variance: false,
        }
    }
}

impl RobustScaler {
    /// Subtracts the median and divides by the distance of the quartiles.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to subtract the median.
    #[must_use]
    pub fn with_centering(mut self, with_centering: bool) -> Self {
        self.with_centering = with_centering;
        self
    }

    /// Whether to divide by the range of quantiles.
    #[must_use]
    pub fn with_scaling(mut self, with_scaling: bool) -> Self {
        self.with_scaling = with_scaling;
        self
    }

    /// The quantiles whose distance is the scale, in per cent.
    #[must_use]
    pub fn quantile_range(mut self, low: f64, high: f64) -> Self {
        self.quantile_range = (low, high);
        self
    }

    /// Whether normally distributed columns get variance 1.
    #[must_use]
    pub fn unit_variance(mut self, unit_variance: bool) -> Self {
        self.unit_variance = unit_variance;
        self
    }
}

impl Hyperparameters for RobustScaler {
    const NAME: &'static str = "RobustScaler";
    fn check(&self) -> Result<()> {
        let (low, high) = self.quantile_range;
        let refuse = |expected| {
            let got = format!("({low}, {high})");
            Err(Error::invalid_parameter(
                Self::NAME,
                "quantile_range",
                expected,
                got,
            ))
        };
        if !(0.0 <= low && low <= high && high <= 100.0) {
            return refuse("two percentages, 0 <= low <= high <= 100");
        }
        if self.unit_variance && self.with_scaling && !(0.0 < low && low < high && high < 100.0) {
            return refuse("0 < low < high < 100 when `unit_variance` is true");
        }
        Ok(())
    }
}

impl fmt::Display for RobustScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for RobustScaler {
    type Fitted = FittedRobustScaler<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        no_infinity(x)?;
        let (low, high) = self.quantile_range;
        let mut levels = Vec::with_capacity(3);
        if self.with_scaling {
            levels.extend([low / 100.0, high / 100.0]);
        }
        if self.with_centering {
            levels.push(0.5);
        }
        let mut quantiles = column_quantiles(x, &levels, QuantileMethod::Linear);
        // Nothing observed: left as it is.
        quantiles.mapv_inplace(|q| if q.is_nan() { 0.0 } else { q });
        let center = if self.with_centering {
            quantiles.row(levels.len() - 1).to_owned()
        } else {
            Array1::zeros(x.ncols())
        };
        let scale = if self.with_scaling {
            let adjust = if self.unit_variance {
                normal_quantile(high / 100.0) - normal_quantile(low / 100.0)
            } else {
                1.0
            };
            let range = &quantiles.row(1) - &quantiles.row(0);
            range.mapv(|range| super::one_if_tiny(range) / adjust)
        } else {
            Array1::ones(x.ncols())
        };
        let scales = scale.mapv(F::of);
        check::learned(Self::NAME, "the range of a column", &scales)?;
        if scales.iter().any(|s| *s <= F::zero()) {
            let what = "the reciprocal of the range of a column";
            return Err(super::overflow(Self::NAME, what));
        }
        Ok(FittedRobustScaler {
            settings: self.clone(),
            center,
            scale,
            element: PhantomData,
        })
    }
}

/// Medians and ranges of the columns, learned by [`RobustScaler`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedRobustScaler<F: Float> {
    settings: RobustScaler,
    center: Array1<f64>,
    scale: Array1<f64>,
    element: PhantomData<F>,
}

impl<F: Float> FittedRobustScaler<F> {
    /// The median of each column; `None` when `with_centering` is false.
    pub fn center(&self) -> Option<&Array1<f64>> {
        self.settings.with_centering.then_some(&self.center)
    }

    /// What each column is divided by; `None` when `with_scaling` is false.
    pub fn scale(&self) -> Option<&Array1<f64>> {
        self.settings.with_scaling.then_some(&self.scale)
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.scale.len()
    }

    fn columns(&self) -> Columns {
        Columns::new(&self.center, &self.scale)
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let op = |x, center, scale| (x - center) / scale;
        map_or_explain(x, out, &self.columns(), op, RobustScaler::NAME)
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let op = |z, center, scale| z * scale + center;
        map_or_explain(x, out, &self.columns(), op, RobustScaler::NAME)
    }
}

one_to_one!(FittedRobustScaler, invertible);

impl<F: Float> Model for FittedRobustScaler<F> {
    fn type_name() -> String {
        format!("FittedRobustScaler<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        ensure::at_least("number of columns", self.scale.len(), 1)?;
        ensure::equal("length of center", self.center.len(), self.scale.len())?;
        ensure::finite("center", &self.center)?;
        ensure::positive("scale", &self.scale.mapv(F::of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::random;
    use crate::traits::{FitTransform, InverseTransform, Transform};
    use ndarray::{Array2, Axis, array, s};

    #[test]
    fn median_zero_and_quartiles_one_apart() {
        let mut rng = random::generator(1);
        for (n, p) in [(5, 1), (1001, 7), (40_000, 9), (100_001, 1)] {
            let mut x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
            x[[0, 0]] = 1e9; // moves neither
            let z = RobustScaler::new().fit_transform(&x).unwrap();
            for column in z.columns() {
                let mut sorted = column.to_vec();
                sorted.sort_unstable_by(f64::total_cmp);
                let at = |q: f64| {
                    let place = q * (n - 1) as f64;
                    let (i, share) = (place as usize, place.fract());
                    sorted[i] + share * (sorted[(i + 1).min(n - 1)] - sorted[i])
                };
                assert!(at(0.5).abs() < 1e-14);
                assert!((at(0.75) - at(0.25) - 1.0).abs() < 1e-13, "{n} x {p}");
            }
        }
    }

    #[test]
    fn each_part_alone() {
        let x = array![
            [1.0, 5.0],
            [2.0, 5.0],
            [4.0, 5.0],
            [8.0, 5.0],
            [f64::NAN, 5.0]
        ];
        let center = RobustScaler::new()
            .with_scaling(false)
            .fit(&x, &())
            .unwrap();
        assert_eq!(
            (center.center(), center.scale()),
            (Some(&array![3.0, 5.0]), None)
        );
        assert_eq!(
            center.transform(&x).unwrap().slice(s![..4, 0]),
            array![-2.0, -1.0, 1.0, 5.0]
        );
        let scale = RobustScaler::new()
            .with_centering(false)
            .quantile_range(0.0, 100.0)
            .fit(&x, &())
            .unwrap();
        // A constant column is not divided.
        assert_eq!(
            (scale.center(), scale.scale()),
            (None, Some(&array![7.0, 1.0]))
        );
        assert_eq!(
            scale.transform(&array![[14.0, 2.0]]).unwrap(),
            array![[2.0, 2.0]]
        );
        let none = RobustScaler::new()
            .with_centering(false)
            .with_scaling(false)
            .fit(&x, &())
            .unwrap();
        assert_eq!(
            none.transform(&array![[14.0, 2.0]]).unwrap(),
            array![[14.0, 2.0]]
        );
        none.validate().unwrap();
        // Equal quantiles have no distance.
        let same = RobustScaler::new()
            .quantile_range(30.0, 30.0)
            .fit(&x, &())
            .unwrap();
        assert_eq!(same.scale(), Some(&array![1.0, 1.0]));
    }

    #[test]
    fn normal_data_gets_unit_variance() {
        let mut rng = random::generator(2);
        let x = Array2::from_shape_simple_fn((200_000, 1), || {
            3.0 + 5.0 * random::standard_normal(&mut rng)
        });
        for (low, high) in [(25.0, 75.0), (1.0, 40.0)] {
            let scaler = RobustScaler::new()
                .unit_variance(true)
                .quantile_range(low, high);
            let z = scaler.fit_transform(&x).unwrap();
            let var = z.var_axis(Axis(0), 0.0)[0];
            assert!((var - 1.0).abs() < 0.03, "{var}");
        }
    }

    #[test]
    fn a_column_without_values_is_left_as_it_is() {
        let x = array![[f64::NAN, 1.0], [f64::NAN, 3.0]];
        let scaler = RobustScaler::new().fit(&x, &()).unwrap();
        assert_eq!(
            scaler.transform(&array![[5.0, 2.0]]).unwrap(),
            array![[5.0, 0.0]]
        );
        let back = scaler.inverse_transform(&array![[5.0, 0.0]]).unwrap();
        assert_eq!(back, array![[5.0, 2.0]]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let x = array![[1.0], [2.0]];
        for scaler in [
            RobustScaler::new().quantile_range(-1.0, 50.0),
            RobustScaler::new().quantile_range(50.0, 20.0),
            RobustScaler::new().quantile_range(50.0, 101.0),
            RobustScaler::new().quantile_range(f64::NAN, 50.0),
            RobustScaler::new()
                .quantile_range(0.0, 50.0)
                .unit_variance(true),
            RobustScaler::new()
                .quantile_range(50.0, 50.0)
                .unit_variance(true),
        ] {
            let refused = scaler.fit(&x, &()).unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
        }
        let refused = RobustScaler::new()
            .fit(&array![[1.0], [f64::INFINITY]], &())
            .unwrap_err();
        assert_eq!(refused.to_string(), "X: row 1, column 0 is inf");
        let wide = RobustScaler::new()
            .quantile_range(0.0, 100.0)
            .fit(&array![[1.7e308], [-1.7e308]], &());
        assert!(matches!(
            wide.unwrap_err().kind(),
            ErrorKind::Overflow { .. }
        ));
    }

    #[test]
    fn files_are_checked() {
        let scaler = RobustScaler::new()
            .fit(&array![[1.0f32, 2.0], [2.0, 5.0]], &())
            .unwrap();
        let bytes = scaler.to_bytes().unwrap();
        assert_eq!(FittedRobustScaler::from_bytes(&bytes).unwrap(), scaler);
        for broken in [
            FittedRobustScaler {
                center: array![1.0],
                ..scaler.clone()
            },
            FittedRobustScaler {
                center: array![1.0, f64::NAN],
                ..scaler.clone()
            },
            FittedRobustScaler {
                scale: array![1.0, 0.0],
                ..scaler.clone()
            },
            // Zero in single precision.
            FittedRobustScaler {
                scale: array![1.0, 1e-60],
                ..scaler.clone()
            },
        ] {
            assert!(broken.validate().is_err(), "{broken:?}");
        }
    }
}
