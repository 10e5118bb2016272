//! Every column into a given range, by its least and greatest value.
//!
//! z = x · scale + min with scale = (b − a) / (max x − min x) and min = a − scale · min x for the range [a, b]. One pass over
//! the data, in parallel over fixed chunks of rows, finds both extremes.

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::columnwise::{Columns, map_or_explain, no_infinity};
use super::extremes::{Extremes, extremes};
use super::one_to_one::one_to_one;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, PartialFit};

/// Learns the least and the greatest value of every column, and maps them to the ends of a range.
///
/// With X of shape (n_samples, n_features), for each column and the range [a, b]:
/// ```text
/// z = x · scale + min        scale = (b − a) / (max x − min x)        min = a − scale · min x
/// ```
/// The extremes are over the values that are not NaN; NaN stay NaN.
///
/// Use it for methods that want bounded input, or data whose bounds mean something (pixels, shares, grades). One outlier
/// squeezes all other values together: see [`RobustScaler`](super::RobustScaler) or
/// [`QuantileTransformer`](super::QuantileTransformer) then.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `feature_range` | `(0, 1)` | a < b | what the extremes become |
/// | `clip` | `false` | | values outside the range seen at fit become a or b |
///
/// A column whose range is less than 10 ε (ε of the element type) counts as constant and is only moved, so that its least
/// value becomes a. A column without any observed value is left as it is.
///
/// Sample weights have no effect.
///
/// # Complexity
/// Fit and transform take time O(n p) and read the data once. Memory beyond input and output: O(p) a chunk of rows.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`;
/// `Overflow` when a range or a result exceeds the largest number.
///
/// # Source
/// The same numbers as scikit-learn's `MinMaxScaler`, in the element type of the data, with these differences: a column
/// without observed values is left as it is (there: NaN from then on), and overflow is an error (there: infinite or 0).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::MinMaxScaler, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-1.0, 2.0], [-0.5, 6.0], [0.0, 10.0], [1.0, 18.0]];
/// let scaler = MinMaxScaler::new().fit(&x, &())?;
/// assert_eq!(scaler.data_max(), array![1.0, 18.0]);
/// assert_eq!(scaler.transform(&x)?.row(1), array![0.25, 0.25]);
/// // Beyond what was seen at fit; `clip(true)` would give 1.
/// assert_eq!(scaler.transform(&array![[2.0, 2.0]])?, array![[1.5, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MinMaxScaler {
    /// What the least and the greatest value of a column become.
    #[serde(with = "super::pair")]
    feature_range: (f64, f64),
    /// Whether values outside the range seen at fit become its ends.
    clip: bool,
}

impl Default for MinMaxScaler {
    fn default() -> Self {
        MinMaxScaler {
            feature_range: (0.0, 1.0),
            clip: false,
        }
    }
}

impl MinMaxScaler {
    /// Scales to [0, 1].
    pub fn new() -> Self {
        Self::default()
    }

    /// What the least and the greatest value of a column become.
    #[must_use]
    pub fn feature_range(mut self, low: f64, high: f64) -> Self {
        self.feature_range = (low, high);
        self
    }

    /// Whether values outside the range seen at fit become its ends.
    #[must_use]
    pub fn clip(mut self, clip: bool) -> Self {
        self.clip = clip;
        self
    }

    fn range<F: Float>(&self) -> (F, F) {
        (F::of(self.feature_range.0), F::of(self.feature_range.1))
    }
}

impl Hyperparameters for MinMaxScaler {
    const NAME: &'static str = "MinMaxScaler";
    fn check(&self) -> Result<()> {
        let (low, high) = self.feature_range;
        if low.is_finite() && high.is_finite() && low < high {
            return Ok(());
        }
        Err(Error::invalid_parameter(
            Self::NAME,
            "feature_range",
            "two finite numbers, the first less than the second",
            format!("({low}, {high})"),
        ))
    }
}

impl fmt::Display for MinMaxScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for MinMaxScaler {
    type Fitted = FittedMinMaxScaler<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        let seen = batch(x, y)?;
        FittedMinMaxScaler::from_extremes(self.clone(), &seen, x.nrows() as u64)
    }
}

/// The extremes of checked data.
fn batch<F: Float, Y: Targets + ?Sized>(x: &ArrayRef2<F>, y: &Y) -> Result<Extremes<F>> {
    check::not_empty(x)?;
    check::target(y, x.nrows())?;
    extremes(x)
}

/// Ranges of the columns, learned by [`MinMaxScaler`].
///
/// It goes on learning by `partial_fit`: batches give what the rows together would give.
///
/// ```
/// use fitwell::{preprocessing::MinMaxScaler, prelude::*};
/// use ndarray::array;
///
/// let mut scaler = MinMaxScaler::new().fit(&array![[1.0], [2.0]], &())?;
/// scaler.partial_fit(&array![[5.0]], &())?;
/// assert_eq!(scaler.data_range(), array![4.0]);
/// assert_eq!(scaler.n_samples_seen(), 3);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedMinMaxScaler<F: Float> {
    settings: MinMaxScaler,
    n_samples_seen: u64,
    observed: Vec<bool>,
    data_min: Array1<F>,
    data_max: Array1<F>,
    data_range: Array1<F>,
    scale: Array1<F>,
    min: Array1<F>,
}

impl<F: Float> FittedMinMaxScaler<F> {
    fn from_extremes(
        settings: MinMaxScaler,
        seen: &Extremes<F>,
        n_samples_seen: u64,
    ) -> Result<Self> {
        let (low, high) = settings.range::<F>();
        let observed: Vec<bool> = seen
            .min
            .iter()
            .zip(&seen.max)
            .map(|(a, b)| a <= b)
            .collect();
        let known = |values: &[F]| -> Array1<F> {
            let values = values.iter().zip(&observed);
            values
                .map(|(v, known)| if *known { *v } else { F::zero() })
                .collect()
        };
        let (data_min, data_max) = (known(&seen.min), known(&seen.max));
        let data_range = &data_max - &data_min;
        check::learned(MinMaxScaler::NAME, "the range of a column", &data_range)?;
        let scale: Array1<F> = (data_range.iter().zip(&observed))
            .map(|(range, known)| match known {
                true => (high - low) / super::one_if_tiny(*range),
                false => F::one(),
            })
            .collect();
        let min: Array1<F> = (data_min.iter().zip(&scale).zip(&observed))
            .map(|((v, scale), known)| if *known { low - *v * *scale } else { F::zero() })
            .collect();
        check::learned(MinMaxScaler::NAME, "the offset of a column", &min)?;
        if !scale.iter().all(|s| s.is_finite() && *s > F::zero()) {
            return Err(super::overflow(MinMaxScaler::NAME, "the scale of a column"));
        }
        Ok(FittedMinMaxScaler {
            settings,
            n_samples_seen,
            observed,
            data_min,
            data_max,
            data_range,
            scale,
            min,
        })
    }

    /// The least value of each column; 0 where none was observed.
    pub fn data_min(&self) -> &Array1<F> {
        &self.data_min
    }

    /// The greatest value of each column; 0 where none was observed.
    pub fn data_max(&self) -> &Array1<F> {
        &self.data_max
    }

    /// The greatest less the least value of each column.
    pub fn data_range(&self) -> &Array1<F> {
        &self.data_range
    }

    /// What each column is multiplied by.
    pub fn scale(&self) -> &Array1<F> {
        &self.scale
    }

    /// What is added to each column after the multiplication.
    pub fn min(&self) -> &Array1<F> {
        &self.min
    }

    /// The number of rows seen, those with NaN too.
    pub fn n_samples_seen(&self) -> u64 {
        self.n_samples_seen
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.scale.len()
    }

    /// The ends of the range, where values are cut off at them.
    fn ends(&self) -> (F, F) {
        if self.settings.clip {
            self.settings.range()
        } else {
            (F::neg_infinity(), F::infinity())
        }
    }

    fn columns(&self) -> Columns {
        Columns::new(&self.scale, &self.min)
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        if self.settings.clip {
            // The results of infinite values would be cut off.
            no_infinity(x)?;
        }
        let (low, high) = self.ends();
        // Comparisons with NaN are false, so NaN stay.
        let op = |x: F, scale, min| {
            let z = x * scale + min;
            let z = if z < low { low } else { z };
            if z > high { high } else { z }
        };
        map_or_explain(x, out, &self.columns(), op, MinMaxScaler::NAME)
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let op = |z: F, scale, min| (z - min) / scale;
        map_or_explain(x, out, &self.columns(), op, MinMaxScaler::NAME)
    }
}

one_to_one!(FittedMinMaxScaler, invertible);

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedMinMaxScaler<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let mut all = batch(x, y)?;
        for (j, observed) in self.observed.iter().enumerate() {
            if *observed {
                all.min[j] = all.min[j].min(self.data_min[j]);
                all.max[j] = all.max[j].max(self.data_max[j]);
            }
        }
        let n = self.n_samples_seen.saturating_add(x.nrows() as u64);
        *self = Self::from_extremes(self.settings.clone(), &all, n)?;
        Ok(())
    }
}

impl<F: Float> Model for FittedMinMaxScaler<F> {
    fn type_name() -> String {
        format!("FittedMinMaxScaler<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let p = self.scale.len();
        ensure::at_least("number of columns", p, 1)?;
        let vectors = [
            ("data_min", &self.data_min),
            ("data_max", &self.data_max),
            ("data_range", &self.data_range),
            ("scale", &self.scale),
            ("min", &self.min),
        ];
        for (name, values) in vectors {
            ensure::equal(&format!("length of {name}"), values.len(), p)?;
            ensure::finite(name, values)?;
        }
        ensure::equal("length of observed", self.observed.len(), p)?;
        ensure::non_negative("data_range", &self.data_range)?;
        ensure::positive("scale", &self.scale)?;
        ensure::that(
            (self.data_min.iter().zip(&self.data_max)).all(|(min, max)| min <= max),
            || "data_min is above data_max".into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::params::Params;
    use crate::traits::{FitTransform, InverseTransform, Transform};
    use ndarray::{Array2, array, s};
    use serde_json::json;

    #[test]
    fn the_extremes_become_the_ends() {
        let x = array![[1.0, -3.0, 5.0], [2.0, f64::NAN, 5.0], [5.0, 7.0, 5.0]];
        let scaler = MinMaxScaler::new()
            .feature_range(-2.0, 6.0)
            .fit(&x, &())
            .unwrap();
        let z = scaler.transform(&x).unwrap();
        assert_eq!(z.slice(s![.., 0]), array![-2.0, 0.0, 6.0]);
        assert!((z[[0, 1]] + 2.0).abs() + (z[[2, 1]] - 6.0).abs() < 1e-14);
        assert!(z[[1, 1]].is_nan());
        // Constant: moved to the lower end.
        assert_eq!(z.slice(s![.., 2]), array![-2.0, -2.0, -2.0]);
        assert_eq!(scaler.data_range(), array![4.0, 10.0, 0.0]);
        let back = scaler.inverse_transform(&z).unwrap();
        for (x, back) in x.iter().zip(&back) {
            assert!((x.is_nan() && back.is_nan()) || (x - back).abs() < 1e-14);
        }
    }

    #[test]
    fn clipping_cuts_off_and_keeps_missing_values() {
        let scaler = MinMaxScaler::new()
            .clip(true)
            .fit(&array![[0.0], [2.0]], &())
            .unwrap();
        let z = scaler
            .transform(&array![[-1.0], [1.0], [9.0], [f64::NAN]])
            .unwrap();
        assert_eq!(z.slice(s![..3, 0]), array![0.0, 0.5, 1.0]);
        assert!(z[[3, 0]].is_nan());
        let refused = scaler
            .transform(&array![[0.5], [f64::INFINITY]])
            .unwrap_err();
        assert_eq!(refused.to_string(), "X: row 1, column 0 is inf");
        // Finite, and beyond the largest number only before it is cut off.
        let fine = MinMaxScaler::new()
            .clip(true)
            .feature_range(0.0, 1e10)
            .fit(&array![[0.0], [2.0]], &())
            .unwrap();
        assert_eq!(fine.transform(&array![[1e308]]).unwrap(), array![[1e10]]);
    }

    #[test]
    fn batches_give_what_the_rows_together_give() {
        let x = Array2::from_shape_fn((50, 4), |(i, j)| {
            if j == 3 && i < 40 {
                f64::NAN
            } else {
                ((i * 37 + j * 11) % 23) as f64
            }
        });
        let whole = MinMaxScaler::new().fit(&x, &()).unwrap();
        let mut part = MinMaxScaler::new().fit(&x.slice(s![..7, ..]), &()).unwrap();
        assert_eq!(part.scale()[3], 1.0);
        part.partial_fit(&x.slice(s![7..8, ..]), &()).unwrap();
        part.partial_fit(&x.slice(s![8.., ..]), &()).unwrap();
        assert_eq!(whole, part);
        let before = part.clone();
        assert!(
            part.partial_fit(&array![[1.0, 2.0, 3.0, f64::INFINITY]], &())
                .is_err()
        );
        assert!(part.partial_fit(&array![[1.0]], &()).is_err());
        assert_eq!(part, before);
    }

    #[test]
    fn a_column_without_values_is_left_as_it_is() {
        let scaler = MinMaxScaler::new()
            .fit(&array![[f64::NAN, 1.0], [f64::NAN, 3.0]], &())
            .unwrap();
        assert_eq!(
            scaler.transform(&array![[5.0, 2.0]]).unwrap(),
            array![[5.0, 0.5]]
        );
        scaler.validate().unwrap();
    }

    #[test]
    fn single_precision_is_computed_in_single_precision() {
        let x = array![[1.0f32], [1.0 + 4.0 * f32::EPSILON], [1.0]];
        // Less than ten steps apart: constant.
        let scaler = MinMaxScaler::new().fit(&x, &()).unwrap();
        assert_eq!(scaler.scale(), array![1.0f32]);
        let scaler = MinMaxScaler::new().fit(&x.mapv(f64::from), &()).unwrap();
        assert!(scaler.scale()[0] > 1e6);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let x = array![[1.0], [2.0]];
        for (low, high) in [
            (1.0, 1.0),
            (2.0, 1.0),
            (f64::NAN, 1.0),
            (0.0, f64::INFINITY),
        ] {
            let refused = MinMaxScaler::new()
                .feature_range(low, high)
                .fit(&x, &())
                .unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
        }
        let refused = MinMaxScaler::new()
            .fit(&array![[1.7e308], [-1.7e308]], &())
            .unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::Overflow { .. }));
        assert!(
            MinMaxScaler::new()
                .with_param("feature_range", json!([1]))
                .is_err()
        );
        let set = MinMaxScaler::new()
            .with_param("feature_range", json!([-1, 2.5]))
            .unwrap();
        assert_eq!(set, MinMaxScaler::new().feature_range(-1.0, 2.5));
        assert_eq!(set.to_string(), "MinMaxScaler(feature_range=[-1.0,2.5])");
    }

    #[test]
    fn files_are_checked() {
        let scaler = MinMaxScaler::new()
            .fit(&array![[1.0, 2.0], [2.0, 5.0]], &())
            .unwrap();
        let bytes = scaler.to_bytes().unwrap();
        assert_eq!(FittedMinMaxScaler::from_bytes(&bytes).unwrap(), scaler);
        let broken = [
            FittedMinMaxScaler {
                scale: array![1.0, 0.0],
                ..scaler.clone()
            },
            FittedMinMaxScaler {
                min: array![1.0],
                ..scaler.clone()
            },
            FittedMinMaxScaler {
                observed: vec![true],
                ..scaler.clone()
            },
            FittedMinMaxScaler {
                data_min: array![9.0, 9.0],
                ..scaler.clone()
            },
            FittedMinMaxScaler {
                settings: MinMaxScaler::new().feature_range(1.0, 0.0),
                ..scaler.clone()
            },
        ];
        for broken in broken {
            assert!(broken.validate().is_err(), "{broken:?}");
        }
    }

    #[test]
    fn f32_in_f32_out() {
        let z: Array2<f32> = MinMaxScaler::new()
            .fit_transform(&array![[1.0f32], [3.0], [2.0]])
            .unwrap();
        assert_eq!(z, array![[0.0], [1.0], [0.5]]);
    }
}
