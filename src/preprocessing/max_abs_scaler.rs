//! Every column divided by its greatest magnitude.
//!
//! z = x / max |x|: nothing is moved, so that zeros stay zeros.

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::columnwise::{Columns, map_or_explain, no_infinity};
use super::extremes::extremes;
use super::one_to_one::one_to_one;
use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, PartialFit};

/// Learns the greatest magnitude of every column, and divides by it.
///
/// With X of shape (n_samples, n_features), for each column:
/// ```text
/// z = x / scale        scale = max |x|
/// ```
/// over the values that are not NaN; NaN stay NaN. What was seen at fit comes to lie in [−1, 1].
///
/// Use it where zero means something: counts, indicators, data that is centred already. Outliers squeeze all else.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `clip` | `false` | values beyond those seen at fit become −1 or 1 |
///
/// A column whose greatest magnitude is less than 10 ε (ε of the element type) is left as it is, and so is a column
/// without any observed value. Sample weights have no effect.
///
/// # Complexity
/// Fit and transform take time O(n p) and read the data once. Memory beyond input and output: O(p) a chunk of rows.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for an infinite value; `ShapeMismatch`; `Overflow` when a result
/// exceeds the largest number.
///
/// # Source
/// The same numbers as scikit-learn's `MaxAbsScaler`, in the element type of the data; there, a column without observed
/// values becomes NaN.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::MaxAbsScaler, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, -1.0, 2.0], [2.0, 0.0, 0.0], [0.0, 1.0, -1.0]];
/// let scaler = MaxAbsScaler::new().fit(&x, &())?;
/// assert_eq!(scaler.max_abs(), array![2.0, 1.0, 2.0]);
/// assert_eq!(scaler.transform(&x)?.row(0), array![0.5, -1.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaxAbsScaler {
    /// Whether values beyond those seen at fit become −1 or 1.
    clip: bool,
}

impl MaxAbsScaler {
    /// Scales to [−1, 1].
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether values beyond those seen at fit become −1 or 1.
    #[must_use]
    pub fn clip(mut self, clip: bool) -> Self {
        self.clip = clip;
        self
    }
}

impl Hyperparameters for MaxAbsScaler {
    const NAME: &'static str = "MaxAbsScaler";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for MaxAbsScaler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for MaxAbsScaler {
    type Fitted = FittedMaxAbsScaler<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        let max_abs = batch(x, y)?;
        Ok(FittedMaxAbsScaler::from_max(
            self.clone(),
            max_abs,
            x.nrows() as u64,
        ))
    }
}

/// The greatest magnitudes of checked data; 0 where nothing was observed.
fn batch<F: Float, Y: Targets + ?Sized>(x: &ArrayRef2<F>, y: &Y) -> Result<Array1<F>> {
    check::not_empty(x)?;
    check::target(y, x.nrows())?;
    let seen = extremes(x)?;
    let magnitude = |(min, max): (&F, &F)| {
        if min <= max {
            min.abs().max(max.abs())
        } else {
            F::zero()
        }
    };
    Ok(seen.min.iter().zip(&seen.max).map(magnitude).collect())
}

/// Magnitudes of the columns, learned by [`MaxAbsScaler`].
///
/// It goes on learning by `partial_fit`: batches give what the rows together would give.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedMaxAbsScaler<F: Float> {
    settings: MaxAbsScaler,
    n_samples_seen: u64,
    max_abs: Array1<F>,
    scale: Array1<F>,
}

impl<F: Float> FittedMaxAbsScaler<F> {
    fn from_max(settings: MaxAbsScaler, max_abs: Array1<F>, n_samples_seen: u64) -> Self {
        FittedMaxAbsScaler {
            settings,
            n_samples_seen,
            scale: max_abs.mapv(super::one_if_tiny),
            max_abs,
        }
    }

    /// The greatest magnitude of each column; 0 where no value was observed.
    pub fn max_abs(&self) -> &Array1<F> {
        &self.max_abs
    }

    /// What each column is divided by.
    pub fn scale(&self) -> &Array1<F> {
        &self.scale
    }

    /// The number of rows seen, those with NaN too.
    pub fn n_samples_seen(&self) -> u64 {
        self.n_samples_seen
    }

    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.scale.len()
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); what is in `out` after an error is unspecified.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let columns = Columns::new(&self.scale, &self.scale);
        let name = MaxAbsScaler::NAME;
        if !self.settings.clip {
            return map_or_explain(x, out, &columns, |x, scale, _| x / scale, name);
        }
        no_infinity(x)?;
        // Comparisons with NaN are false, so NaN stay.
        let op = |x: F, scale, _| {
            let z = x / scale;
            let z = if z < -F::one() { -F::one() } else { z };
            if z > F::one() { F::one() } else { z }
        };
        map_or_explain(x, out, &columns, op, name)
    }

    /// Back from what `transform_into` gives.
    fn inverse_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        let columns = Columns::new(&self.scale, &self.scale);
        let op = |z, scale, _| z * scale;
        map_or_explain(x, out, &columns, op, MaxAbsScaler::NAME)
    }
}

one_to_one!(FittedMaxAbsScaler, invertible);

impl<F: Float, Y: Targets + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedMaxAbsScaler<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let mut all = batch(x, y)?;
        all.zip_mut_with(&self.max_abs, |new, old| *new = new.max(*old));
        let n = self.n_samples_seen.saturating_add(x.nrows() as u64);
        *self = Self::from_max(self.settings.clone(), all, n);
        Ok(())
    }
}

impl<F: Float> Model for FittedMaxAbsScaler<F> {
    fn type_name() -> String {
        format!("FittedMaxAbsScaler<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.scale.len(), 1)?;
        ensure::equal("length of max_abs", self.max_abs.len(), self.scale.len())?;
        ensure::non_negative("max_abs", &self.max_abs)?;
        ensure::positive("scale", &self.scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traits::{InverseTransform, Transform};
    use ndarray::{array, s};

    #[test]
    fn the_greatest_magnitude_becomes_one() {
        let x = array![
            [-4.0, 1e-17, f64::NAN],
            [2.0, 0.0, 3.0],
            [f64::NAN, 0.0, -1.0]
        ];
        let scaler = MaxAbsScaler::new().fit(&x, &()).unwrap();
        let z = scaler.transform(&x).unwrap();
        assert_eq!(z.slice(s![..2, 0]), array![-1.0, 0.5]);
        assert!(z[[2, 0]].is_nan() && z[[0, 2]].is_nan());
        // A magnitude below 10 ε is left.
        assert_eq!(z[[0, 1]], 1e-17);
        let back = scaler.inverse_transform(&z).unwrap();
        for (x, back) in x.iter().zip(&back) {
            assert!((x.is_nan() && back.is_nan()) || x == back);
        }
    }

    #[test]
    fn batches_clipping_and_missing_columns() {
        let nan = f64::NAN;
        let mut scaler = MaxAbsScaler::new()
            .clip(true)
            .fit(&array![[1.0, nan]], &())
            .unwrap();
        assert_eq!(
            scaler.transform(&array![[-7.0, 0.5]]).unwrap(),
            array![[-1.0, 0.5]]
        );
        scaler
            .partial_fit(&array![[-2.0, 5.0], [nan, nan]], &())
            .unwrap();
        assert_eq!(scaler.max_abs(), array![2.0, 5.0]);
        assert_eq!(scaler.n_samples_seen(), 3);
        let z = scaler.transform(&array![[-1.0, nan], [9.0, 1.0]]).unwrap();
        assert_eq!((z[[0, 0]], z[[1, 0]], z[[1, 1]]), (-0.5, 1.0, 0.2));
        assert!(z[[0, 1]].is_nan());
        let refused = scaler.transform(&array![[f64::INFINITY, 1.0]]).unwrap_err();
        assert_eq!(refused.to_string(), "X: row 0, column 0 is inf");
        let before = scaler.clone();
        assert!(
            scaler
                .partial_fit(&array![[f64::INFINITY, 1.0]], &())
                .is_err()
        );
        assert_eq!(scaler, before);
    }

    #[test]
    fn files_are_checked() {
        let scaler = MaxAbsScaler::new()
            .fit(&array![[1.0f32, 0.0]], &())
            .unwrap();
        let bytes = scaler.to_bytes().unwrap();
        assert_eq!(FittedMaxAbsScaler::from_bytes(&bytes).unwrap(), scaler);
        let broken = FittedMaxAbsScaler {
            scale: array![1.0, -1.0],
            ..scaler.clone()
        };
        assert!(broken.validate().is_err());
        let broken = FittedMaxAbsScaler {
            max_abs: array![1.0],
            ..scaler
        };
        assert!(broken.validate().is_err());
    }
}
