//! Features that hardly vary.

use std::fmt;

use ndarray::{Array1, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::support::{Kept, numbers, same_numbers, selector};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::moments::moments;
use crate::targets::Targets;
use crate::traits::Estimator;

/// Keeps the features whose variance is above a threshold; by default those that are not constant.
///
/// The variance is that of the observed values, σ² = Σ (x − μ)² / n, without those that are NaN. It looks at the samples
/// alone, so it goes with unsupervised learning too. With `threshold` 0 a feature counts as constant when its variance or its
/// range is zero.
///
/// # Settings
/// | name | default | range | raising it |
/// |---|---|---|---|
/// | `threshold` | 0 | `[0, inf)` | removes more features |
///
/// # Units
/// `threshold` is in squared units of the feature: scale the features first, or compare like with like.
///
/// # Complexity
/// Time O(n p); sums are in f64 for f32 data too.
///
/// # Errors
/// `InvalidParameter`, also when no feature is above the threshold; `EmptyInput`; `NonFinite` for an infinite value;
/// `InvalidInput` when no feature varies; `Overflow`. Sample weights are not used, as in scikit-learn.
///
/// # Examples
/// ```
/// use fitwell::{feature_selection::VarianceThreshold, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 2.0, 0.0, 3.0], [0.0, 1.0, 4.0, 3.0], [0.0, 1.0, 1.0, 3.0]];
/// let selector = VarianceThreshold::new().fit(&x, &())?;
/// assert_eq!(selector.support(), [false, true, true, false]);
/// assert_eq!(selector.transform(&x)?, array![[2.0, 0.0], [1.0, 4.0], [1.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VarianceThreshold {
    #[serde(with = "crate::params::number")]
    threshold: f64,
}

impl Default for VarianceThreshold {
    fn default() -> Self {
        VarianceThreshold { threshold: 0.0 }
    }
}

impl VarianceThreshold {
    /// Removes constant features.
    pub fn new() -> Self {
        Self::default()
    }

    /// The variance that a feature must exceed.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }
}

impl Hyperparameters for VarianceThreshold {
    const NAME: &'static str = "VarianceThreshold";
    fn check(&self) -> Result<()> {
        let range = Interval::at_least(0.0);
        check::real(Self::NAME, "threshold", self.threshold, range)
    }
}

impl fmt::Display for VarianceThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for VarianceThreshold {
    type Fitted = FittedVarianceThreshold;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let found = moments(x, None)?;
        let mut variances: Array1<f64> = found
            .m2
            .iter()
            .zip(&found.count)
            .map(|(m2, n)| if *n > 0.0 { m2 / n } else { f64::NAN })
            .collect();
        if self.threshold == 0.0 {
            for (variance, range) in variances.iter_mut().zip(ranges(x)) {
                // As in scikit-learn: a column with NaN has no range there. f64::min ignores NaN.
                *variance = variance.min(range);
            }
        }
        if let Some(j) = variances.iter().position(|v| v.is_infinite()) {
            return Err(crate::ErrorKind::Overflow {
                estimator: Self::NAME.into(),
                what: format!("the variance of column {j}"),
            }
            .into());
        }
        let mask: Vec<bool> = variances.iter().map(|v| *v > self.threshold).collect();
        if !mask.contains(&true) {
            let largest = variances.iter().copied().fold(0.0, f64::max);
            if largest > 0.0 {
                let expected = format!("below {largest}, the largest variance of a column");
                let (name, got) = ("threshold", self.threshold);
                return Err(Error::invalid_parameter(Self::NAME, name, expected, got));
            }
            let one = if x.nrows() == 1 {
                " (there is only one row)"
            } else {
                ""
            };
            return Err(Error::invalid_input("X", format!("no column varies{one}")));
        }
        Ok(FittedVarianceThreshold {
            variances,
            kept: Kept::from_parts(mask, None, true),
        })
    }
}

/// Largest minus smallest value of each column; NaN where a value is NaN.
fn ranges<F: Float>(x: &ArrayRef2<F>) -> Vec<f64> {
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
        let rows = x.slice(ndarray::s![rows, ..]);
        let mut ends = vec![(f64::INFINITY, f64::NEG_INFINITY, false); x.ncols()];
        for row in rows.rows() {
            for ((low, high, nan), v) in ends.iter_mut().zip(row) {
                let v = v.f64();
                *low = if v < *low { v } else { *low };
                *high = if v > *high { v } else { *high };
                *nan |= v.is_nan();
            }
        }
        ends
    });
    let all = parts.into_iter().reduce(|mut all, part| {
        for (a, b) in all.iter_mut().zip(part) {
            *a = (a.0.min(b.0), a.1.max(b.1), a.2 | b.2);
        }
        all
    });
    let range = |(low, high, nan): (f64, f64, bool)| if nan { f64::NAN } else { high - low };
    all.into_iter().flatten().map(range).collect()
}

/// What [`VarianceThreshold`] learned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedVarianceThreshold {
    #[serde(with = "numbers")]
    variances: Array1<f64>,
    kept: Kept,
}

impl FittedVarianceThreshold {
    /// The variance of each feature; with `threshold` 0 its range where that is smaller. NaN where no value was observed.
    pub fn variances(&self) -> &Array1<f64> {
        &self.variances
    }
}

selector!(arrays [] FittedVarianceThreshold);

impl PartialEq for FittedVarianceThreshold {
    fn eq(&self, other: &Self) -> bool {
        self.kept == other.kept && same_numbers(&self.variances, &other.variances)
    }
}

impl fmt::Display for FittedVarianceThreshold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.n_features(), self.n_features_in());
        write!(f, "FittedVarianceThreshold({k} of {p} features)")
    }
}

impl Model for FittedVarianceThreshold {
    fn type_name() -> String {
        "FittedVarianceThreshold".into()
    }

    fn validate(&self) -> Result<()> {
        self.kept.validate()?;
        ensure::equal(
            "length of `variances`",
            self.variances.len(),
            self.n_features_in(),
        )?;
        ensure::at_least("number of selected features", self.n_features(), 1)?;
        ensure::that(
            self.variances
                .iter()
                .zip(self.support())
                .all(|(v, kept)| (*v >= 0.0 && v.is_finite() || v.is_nan()) && (*v > 0.0 || !kept)),
            || {
                "a variance is negative or infinite, or a feature without variance is selected"
                    .into()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traits::{InverseTransform, Transform};
    use ndarray::{Array2, array};

    #[test]
    fn the_threshold_is_exceeded_not_met() {
        let x = array![[0.0, 0.0, 5.0], [2.0, 1.0, 5.0]]; // variances 1, 0.25, 0
        let kept = |t: f64| VarianceThreshold::new().threshold(t).fit(&x, &());
        assert_eq!(kept(0.0).unwrap().support(), [true, true, false]);
        assert_eq!(kept(0.25).unwrap().support(), [true, false, false]);
        assert_eq!(kept(0.2).unwrap().variances(), array![1.0, 0.25, 0.0]);
        let e = kept(1.0).unwrap_err().to_string();
        assert_eq!(
            e,
            "`threshold` of `VarianceThreshold` must be below 1, the largest variance of a column, got 1"
        );
        assert!(kept(-1.0).is_err() && kept(f64::NAN).is_err());
        let e = VarianceThreshold::new()
            .fit(&array![[1.0]], &())
            .unwrap_err();
        assert!(e.to_string().ends_with("(there is only one row)"), "{e}");
    }

    #[test]
    fn missing_values_are_left_out_and_pass() {
        let nan = f64::NAN;
        let x = array![[nan, 1.0, nan], [3.0, 1.0, nan], [5.0, nan, nan]];
        let model = VarianceThreshold::new().fit(&x, &()).unwrap();
        assert_eq!(model.support_indices(), [0]);
        assert_eq!(model.variances()[0], 1.0);
        assert_eq!(model.variances()[1], 0.0);
        assert!(model.variances()[2].is_nan());
        let out = model.transform(&x).unwrap();
        assert!(out[[0, 0]].is_nan() && out[[2, 0]] == 5.0);
        assert_eq!(model.inverse_transform(&out).unwrap().dim(), (3, 3));
        let bytes = model.to_bytes().unwrap();
        assert_eq!(FittedVarianceThreshold::from_bytes(&bytes).unwrap(), model);
        let text = model.to_json().unwrap();
        assert_eq!(FittedVarianceThreshold::from_json(&text).unwrap(), model);
    }

    #[test]
    fn a_constant_far_from_zero_is_constant() {
        let x = Array2::from_shape_fn(
            (1000, 2),
            |(i, j)| if j == 0 { 1e9 + 0.1 } else { i as f64 },
        );
        let model = VarianceThreshold::new()
            .fit(&x.mapv(|v| v as f32), &())
            .unwrap();
        assert_eq!(model.support(), [false, true]);
    }
}
