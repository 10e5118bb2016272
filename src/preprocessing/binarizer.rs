//! Every value to 0 or 1, by a threshold.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{ArrayRef2, Zip, s};
use serde::{Deserialize, Serialize};

use super::columnwise::same_shape;
use super::one_to_one::one_to_one;
use crate::check::Interval;
use crate::error::Result;
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::Estimator;
use crate::{check, linalg, parallel};

/// Values above a threshold become 1, all others 0.
///
/// With X of shape (n_samples, n_features):
/// ```text
/// z = 1 if x > threshold, otherwise 0
/// ```
///
/// Use it for counts of which only the presence matters, and for a feature that is a limit.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `threshold` | 0 | a finite number | the greatest value that becomes 0 |
///
/// The threshold is rounded to the element type of the data. Sample weights have no effect.
///
/// # Complexity
/// Fit only looks for values that are not finite; transform takes time O(n p) and reads the data twice (once for NaN).
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for NaN and infinite values; `ShapeMismatch`.
///
/// # Source
/// As scikit-learn's `Binarizer`.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::Binarizer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, -1.0, 2.0], [0.0, 0.5, 3.0]];
/// assert_eq!(Binarizer::new().fit_transform(&x)?, array![[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]);
/// assert_eq!(Binarizer::new().threshold(2.0).fit_transform(&x)?.column(2), array![0.0, 1.0]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Binarizer {
    /// The greatest value that becomes 0.
    #[serde(with = "crate::params::number")]
    threshold: f64,
}

impl Binarizer {
    /// Positive values become 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The greatest value that becomes 0.
    #[must_use]
    pub fn threshold(mut self, threshold: f64) -> Self {
        self.threshold = threshold;
        self
    }
}

impl Hyperparameters for Binarizer {
    const NAME: &'static str = "Binarizer";
    fn check(&self) -> Result<()> {
        let any = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::real(Self::NAME, "threshold", self.threshold, any)
    }
}

impl fmt::Display for Binarizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Binarizer {
    type Fitted = FittedBinarizer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        Ok(FittedBinarizer {
            settings: self.clone(),
            n_features_in: x.ncols(),
            element: PhantomData,
        })
    }
}

/// A [`Binarizer`] that knows the number of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedBinarizer<F: Float> {
    settings: Binarizer,
    n_features_in: usize,
    element: PhantomData<F>,
}

impl<F: Float> FittedBinarizer<F> {
    /// The number of columns.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }

    /// Transforms `x` (n_samples, n_features) into `out` of the same shape, without allocating for the result.
    ///
    /// # Errors
    /// As [`transform`](crate::traits::Transform::transform); `out` is then left as it was.
    pub fn transform_into(&self, x: &ArrayRef2<F>, out: &mut ArrayRef2<F>) -> Result<()> {
        check::same_width(x, self.n_features_in)?;
        same_shape(x, out)?;
        let threshold = F::of(self.settings.threshold);
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            linalg::simd(
                #[inline(always)]
                || match (rows.as_slice(), block.as_slice_mut()) {
                    (Some(x), Some(out)) => {
                        for (out, v) in out.iter_mut().zip(x) {
                            *out = binary(*v, threshold);
                        }
                    }
                    _ => Zip::from(&mut block)
                        .and(&rows)
                        .for_each(|out, v| *out = binary(*v, threshold)),
                },
            );
        });
        Ok(())
    }
}

#[inline(always)]
fn binary<F: Float>(v: F, threshold: F) -> F {
    if v > threshold { F::one() } else { F::zero() }
}

one_to_one!(FittedBinarizer);

impl<F: Float> Model for FittedBinarizer<F> {
    fn type_name() -> String {
        format!("FittedBinarizer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        super::credible_width(self.n_features_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::traits::{FitTransform, Transform};
    use ndarray::array;

    #[test]
    fn only_what_is_above_counts() {
        let x = array![[0.0, -0.0, 0.1], [-0.1, 5e-324, 1.0]];
        let z = Binarizer::new().fit_transform(&x).unwrap();
        assert_eq!(z, array![[0.0, 0.0, 1.0], [0.0, 1.0, 1.0]]);
        let z = Binarizer::new().threshold(0.1).fit_transform(&x).unwrap();
        assert_eq!(z, array![[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]);
        let z = Binarizer::new()
            .threshold(-0.1)
            .fit_transform(&x.t())
            .unwrap();
        assert_eq!(z, array![[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]);
        // 0.1 of the data and 0.1 of the setting are the same number in single precision too.
        let z = Binarizer::new()
            .threshold(0.1)
            .fit_transform(&array![[0.1f32]])
            .unwrap();
        assert_eq!(z, array![[0.0]]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let x = array![[1.0, 2.0], [3.0, 4.0]];
        for threshold in [f64::NAN, f64::INFINITY] {
            let refused = Binarizer::new()
                .threshold(threshold)
                .fit(&x, &())
                .unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
        }
        let model = Binarizer::new().fit(&x, &()).unwrap();
        let text = model
            .transform(&array![[1.0, f64::NAN]])
            .unwrap_err()
            .to_string();
        assert_eq!(text, "X: row 0, column 1 is NaN");
        assert!(model.transform(&array![[1.0]]).is_err());
        let bytes = model.to_bytes().unwrap();
        assert_eq!(FittedBinarizer::from_bytes(&bytes).unwrap(), model);
        assert!(
            FittedBinarizer {
                n_features_in: 0,
                ..model
            }
            .validate()
            .is_err()
        );
    }
}
