//! What a fitted regressor puts in the place of missing values.

use ndarray::{Array1, ArrayRef2};
use rand::Rng;

use crate::error::Result;
use crate::float::Float;
use crate::random::{standard_normal, uniform};
use crate::traits::{Predict, PredictStd};

/// The prediction, within the limits. The default of [`IterativeImputer`](super::IterativeImputer).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpectedValue;

/// A number of the normal distribution with the prediction's mean and standard deviation, cut off at the limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PosteriorSample;

/// What takes the place of missing values: [`ExpectedValue`] or [`PosteriorSample`], which needs a model that
/// [predicts a standard deviation](PredictStd). Sealed.
#[diagnostic::on_unimplemented(
    message = "`{M}` cannot give imputed values of this kind",
    label = "the regressor must predict one real target; to sample, with a standard deviation",
    note = "`sample_posterior()` needs a regressor with `predict_std`, such as `BayesianRidge`"
)]
pub trait Draw<F, M>: Kind {
    /// The values for the rows of `x`.
    ///
    /// # Errors
    /// The model's.
    #[doc(hidden)]
    fn values<R: Rng>(
        model: &M,
        x: &ArrayRef2<F>,
        limits: (f64, f64),
        rng: &mut R,
    ) -> Result<Array1<F>>;
}

/// Which of the two it is.
pub trait Kind:
    sealed::Sealed + Clone + std::fmt::Debug + PartialEq + Send + Sync + 'static
{
    /// Whether values are sampled.
    const SAMPLES: bool;
}

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::ExpectedValue {}
    impl Sealed for super::PosteriorSample {}
}

impl Kind for ExpectedValue {
    const SAMPLES: bool = false;
}

impl Kind for PosteriorSample {
    const SAMPLES: bool = true;
}

impl<F: Float, M: Predict<ArrayRef2<F>, Output = Array1<F>>> Draw<F, M> for ExpectedValue {
    fn values<R: Rng>(
        model: &M,
        x: &ArrayRef2<F>,
        (low, high): (f64, f64),
        _: &mut R,
    ) -> Result<Array1<F>> {
        let (low, high) = (F::of(low), F::of(high));
        Ok(model.predict(x)?.mapv_into(|v| v.max(low).min(high)))
    }
}

impl<F: Float, M: PredictStd<ArrayRef2<F>, Output = Array1<F>>> Draw<F, M> for PosteriorSample {
    fn values<R: Rng>(
        model: &M,
        x: &ArrayRef2<F>,
        limits: (f64, f64),
        rng: &mut R,
    ) -> Result<Array1<F>> {
        let (mut mean, std) = model.predict_std(x)?;
        mean.zip_mut_with(&std, |mean, std| {
            let drawn = truncated_normal(mean.f64(), std.f64(), limits, rng);
            // Rounding to the type must not leave the limits.
            *mean = F::of(drawn).max(F::of(limits.0)).min(F::of(limits.1));
        });
        Ok(mean)
    }
}

/// A number of the normal distribution of this mean and deviation given that it is within the limits. A mean outside them
/// gives the limit, as in scikit-learn; so does a deviation of 0 the mean.
fn truncated_normal<R: Rng>(mean: f64, std: f64, (low, high): (f64, f64), rng: &mut R) -> f64 {
    if !(std > 0.0 && mean >= low && mean <= high) {
        return mean.max(low).min(high);
    }
    let (a, b) = ((low - mean) / std, (high - mean) / std);
    // The limits lie on both sides of the mean, so one of two rejections accepts often: of uniform numbers where the
    // interval is narrow, of normal ones where it is wide.
    const NARROW: f64 = 2.5;
    loop {
        let (z, accepted) = if b - a < NARROW {
            let z = a + (b - a) * uniform(rng);
            (z, uniform(rng) <= (-0.5 * z * z).exp())
        } else {
            let z = standard_normal(rng);
            (z, z >= a && z <= b)
        };
        if accepted {
            return mean + std * z;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::generator;

    #[test]
    fn a_truncated_normal_has_its_moments() {
        let mut rng = generator(1);
        // Means and variances of the truncated standard normal, from its density.
        for (low, high, mean, variance) in [
            (f64::NEG_INFINITY, f64::INFINITY, 0.0, 1.0),
            (0.0, f64::INFINITY, 0.797_884_560_8, 0.363_380_227_6),
            (-1.0, 1.0, 0.0, 0.291_125_1),
            (0.0, 0.5, 0.244_836_3, 0.020_644_4),
        ] {
            let n = 40_000;
            let drawn: Vec<f64> = (0..n)
                .map(|_| truncated_normal(3.0, 2.0, (3.0 + 2.0 * low, 3.0 + 2.0 * high), &mut rng))
                .map(|v| (v - 3.0) / 2.0)
                .collect();
            assert!(drawn.iter().all(|&v| v >= low - 1e-12 && v <= high + 1e-12));
            let found = drawn.iter().sum::<f64>() / f64::from(n);
            let spread = drawn.iter().map(|v| (v - found).powi(2)).sum::<f64>() / f64::from(n);
            let error = 5.0 * (variance / f64::from(n)).sqrt();
            assert!((found - mean).abs() < error, "{low} {high}: {found}");
            assert!(
                (spread / variance - 1.0).abs() < 0.05,
                "{low} {high}: {spread}"
            );
        }
    }

    #[test]
    fn means_outside_the_limits_give_the_limits() {
        let mut rng = generator(1);
        assert_eq!(truncated_normal(5.0, 1.0, (0.0, 2.0), &mut rng), 2.0);
        assert_eq!(truncated_normal(-5.0, 1.0, (0.0, 2.0), &mut rng), 0.0);
        assert_eq!(truncated_normal(1.5, 0.0, (0.0, 2.0), &mut rng), 1.5);
        assert_eq!(truncated_normal(f64::MAX, 1.0, (0.0, 2.0), &mut rng), 2.0);
    }
}
