//! Scores of features against a real target: correlation and its F statistic.

use std::fmt;

use ndarray::{Array1, ArrayRef1, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::score::{FeatureScores, ScoreFunction};
use super::sums::{Sums, over_rows, unit};
use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::params::{Hyperparameters, describe};
use crate::special::f_sf;
use crate::targets::RealTarget;

/// Pearson's correlation of each feature with a real target.
///
/// ```text
/// r = Σ (x − x̄)(y − ȳ) / √(Σ (x − x̄)² Σ (y − ȳ)²)
/// ```
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `center` | true | subtract the means; without, both are taken as centred |
/// | `force_finite` | true | where feature or target is constant r is 0; otherwise NaN |
///
/// Sums are of centred and scaled values in f64. Sample weights are not used, as in scikit-learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RRegression {
    center: bool,
    force_finite: bool,
}

/// The F statistic of the regression of a real target on each feature alone, and its p-value.
///
/// ```text
/// F = r² / (1 − r²) · (n − 2)
/// ```
/// with r the correlation ([`RRegression`]), which without dependence has the F distribution with 1 and n − 2
/// degrees of freedom; n − 1 without `center`. It ranks as |r| does and sees linear dependence only.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `center` | true | subtract the means; without, both are taken as centred |
/// | `force_finite` | true | where feature or target is constant F is 0 and p is 1; where they depend perfectly F is the largest number; otherwise NaN and infinite |
///
/// With no degrees of freedom left the p-values are NaN. Sample weights are not used, as in scikit-learn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FRegression {
    center: bool,
    force_finite: bool,
}

macro_rules! settings {
    ($name:ident) => {
        impl Default for $name {
            fn default() -> Self {
                $name {
                    center: true,
                    force_finite: true,
                }
            }
        }

        impl $name {
            /// Centred, with finite results.
            pub fn new() -> Self {
                Self::default()
            }

            /// Whether the means are subtracted.
            pub fn center(mut self, center: bool) -> Self {
                self.center = center;
                self
            }

            /// Whether results that are not finite are replaced.
            pub fn force_finite(mut self, force_finite: bool) -> Self {
                self.force_finite = force_finite;
                self
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                Ok(())
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }
    };
}
settings!(RRegression);
settings!(FRegression);

/// [`RRegression`] at its defaults.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `ShapeMismatch`; `Overflow` when values differ by more than the largest number.
///
/// ```
/// use fitwell::feature_selection::r_regression;
/// use ndarray::array;
///
/// let r = r_regression(&array![[1.0, 3.0], [2.0, 2.0], [3.0, 2.0]], &array![1.0, 2.0, 3.0])?;
/// assert!((r[0] - 1.0).abs() < 1e-15 && (r[1] + 0.75f64.sqrt()).abs() < 1e-15);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn r_regression<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Array1<f64>> {
    RRegression::new().correlations(x, y)
}

/// [`FRegression`] at its defaults.
///
/// # Errors
/// As [`r_regression`].
///
/// ```
/// use fitwell::feature_selection::f_regression;
/// use ndarray::array;
///
/// let f = f_regression(&array![[3.0], [2.0], [2.0]], &array![1.0, 2.0, 3.0])?;
/// assert!((f.scores()[0] - 3.0).abs() < 1e-14);
/// assert!((f.pvalues().unwrap()[0] - 1.0 / 3.0).abs() < 1e-14);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn f_regression<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<FeatureScores> {
    FRegression::new().scores(x, y)
}

impl RRegression {
    /// The correlations of the columns of `x` (n_samples, n_features) with `y`.
    ///
    /// # Errors
    /// As [`r_regression`].
    pub fn correlations<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
    ) -> Result<Array1<f64>> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y, "y")?;
        let mut r = correlations(x, y, self.center)?;
        if self.force_finite {
            r.mapv_inplace(|r| if r.is_nan() { 0.0 } else { r });
        }
        Ok(r)
    }
}

impl FRegression {
    /// The F statistics and p-values of the columns of `x` (n_samples, n_features) with `y`.
    ///
    /// # Errors
    /// As [`r_regression`].
    pub fn scores<F: Float>(&self, x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<FeatureScores> {
        self.score_features(x, y)
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> ScoreFunction<F, Y> for RRegression {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        Ok(FeatureScores::new(self.correlations(x, y.values())?))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> ScoreFunction<F, Y> for FRegression {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let correlate = RRegression {
            center: self.center,
            force_finite: self.force_finite,
        };
        let r = correlate.correlations(x, y.values())?;
        let freedom = x.nrows() as f64 - if self.center { 2.0 } else { 1.0 };
        let mut f = r.mapv(|r| r * r / ((1.0 - r) * (1.0 + r)) * freedom);
        let mut p = f.mapv(|f| f_sf(f, 1.0, freedom));
        if self.force_finite {
            for (f, p) in f.iter_mut().zip(&mut p) {
                if f.is_infinite() {
                    *f = f64::MAX;
                }
                if f.is_nan() {
                    (*f, *p) = (0.0, 1.0);
                }
            }
        }
        Ok(FeatureScores::with_pvalues(f, p))
    }
}

/// Correlations; NaN where a side is constant.
fn correlations<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef1<F>, center: bool) -> Result<Array1<f64>> {
    let (n, p) = x.dim();
    let y = y.view().insert_axis(Axis(1));
    let x_place = Place::of(x, center);
    let y_place = Place::of(&y, center);
    check::learned("r_regression", "a difference of values", &x_place.size)?;
    check::learned("r_regression", "a difference of targets", &y_place.size)?;
    let y: Vec<f64> = (y.iter())
        .map(|v| (v.f64() - y_place.pivot[0] - y_place.mean[0]) * y_place.scale[0])
        .collect();

    // For each column Σ a, Σ a², Σ a b over the centred values.
    let Sums { sum, .. } = over_rows(
        x,
        3,
        3 * p,
        0,
        #[inline(always)]
        |row, values, sum, _| {
            let (sums, rest) = sum.split_at_mut(p);
            let (squares, products) = rest.split_at_mut(p);
            let place = (x_place.pivot.iter().zip(&x_place.mean)).zip(&x_place.scale);
            let b = y[row];
            for ((((v, sum), square), product), ((pivot, mean), scale)) in values
                .iter()
                .zip(sums)
                .zip(squares)
                .zip(products)
                .zip(place)
            {
                let a = (v.f64() - pivot - mean) * scale;
                *sum += a;
                *square += a * a;
                *product += a * b;
            }
        },
    );
    let left = |sum: f64| if center { sum } else { 0.0 };
    let (sum_y, n) = (left(y.iter().sum()), n as f64);
    let norm_y = (y.iter().map(|v| v * v).sum::<f64>() - sum_y * sum_y / n).max(0.0);
    Ok((0..p)
        .map(|j| {
            let sum_x = left(sum[j]);
            let norm_x = (sum[p + j] - sum_x * sum_x / n).max(0.0);
            let r = (sum[2 * p + j] - sum_x * sum_y / n) / (norm_x * norm_y).sqrt();
            r.clamp(-1.0, 1.0) // NaN stays
        })
        .collect())
}

/// Where the values of each column are: first value, mean relative to it, and a power of two that makes deviations near 1.
struct Place {
    pivot: Vec<f64>,
    mean: Vec<f64>,
    size: Vec<f64>,
    scale: Vec<f64>,
}

impl Place {
    fn of<F: Float>(x: &ArrayRef2<F>, center: bool) -> Self {
        let (n, p) = x.dim();
        let pivot: Vec<f64> = if center {
            x.row(0).iter().map(|v| v.f64()).collect()
        } else {
            vec![0.0; p]
        };
        let Sums { sum, most } = over_rows(
            x,
            1,
            p,
            p,
            #[inline(always)]
            |_, values, sum, most| {
                for (((v, sum), most), pivot) in values.iter().zip(sum).zip(most).zip(&pivot) {
                    let d = v.f64() - pivot;
                    *sum += d;
                    *most = if d.abs() > *most { d.abs() } else { *most };
                }
            },
        );
        let mean = sum
            .iter()
            .map(|s| if center { s / n as f64 } else { 0.0 })
            .collect();
        Place {
            pivot,
            mean,
            scale: most.iter().map(|&s| unit(s)).collect(),
            size: most,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use ndarray::{Array2, array};

    fn data(n: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(5);
        let x = Array2::from_shape_simple_fn((n, 3), || random::standard_normal(&mut rng));
        let y = &x.column(0) * 2.0 - x.column(1) + x.column(2).mapv(|v| v * v);
        (x, y)
    }

    #[test]
    fn shift_and_scale_do_not_matter() {
        let (x, y) = data(3000);
        let expected = r_regression(&x, &y).unwrap();
        for (shift, scale, tolerance) in
            [(1e6, 1.0, 1e-9), (0.0, 1e-250, 1e-14), (0.0, -1e250, 1e-14)]
        {
            let r = r_regression(&x.mapv(|v| shift + scale * v), &y.mapv(|v| v * scale)).unwrap();
            for (a, b) in r.iter().zip(&expected) {
                assert!((a - b).abs() < tolerance, "{shift} {scale}: {a} {b}");
            }
        }
        // What is centred already needs no centring.
        let mean = x.mean_axis(Axis(0)).unwrap();
        let centred = RRegression::new().center(false);
        let (x, y) = (&x - &mean, &y - y.mean().unwrap());
        for (a, b) in centred.correlations(&x, &y).unwrap().iter().zip(&expected) {
            assert!((a - b).abs() < 1e-14);
        }
    }

    #[test]
    fn constants_and_perfect_dependence() {
        let x = array![[0.1, 1.0], [0.1, 2.0], [0.1, 3.0], [0.1, 4.0]];
        let y = array![2.0, 4.0, 6.0, 8.0];
        let f = f_regression(&x, &y).unwrap();
        assert_eq!(f.scores(), array![0.0, f64::MAX]);
        assert_eq!(f.pvalues().unwrap(), array![1.0, 0.0]);
        let free = FRegression::new().force_finite(false);
        let f = free.scores(&x, &y).unwrap();
        assert!(f.scores()[0].is_nan() && f.pvalues().unwrap()[0].is_nan());
        assert_eq!(
            (f.scores()[1], f.pvalues().unwrap()[1]),
            (f64::INFINITY, 0.0)
        );
        assert_eq!(
            r_regression(&x, &array![1.0, 1.0, 1.0, 1.0]).unwrap(),
            array![0.0, 0.0]
        );
    }

    #[test]
    fn the_f_statistic_is_a_squared_t() {
        let (x, y) = data(50);
        let r = r_regression(&x, &y).unwrap();
        let f = f_regression(&x, &y).unwrap();
        for j in 0..3 {
            let t = r[j] * (48.0 / (1.0 - r[j] * r[j])).sqrt();
            assert!((f.scores()[j] / (t * t) - 1.0).abs() < 1e-13);
            let p = crate::special::t_two_sided(t, 48.0);
            assert!((f.pvalues().unwrap()[j] / p - 1.0).abs() < 1e-11);
        }
    }

    #[test]
    fn bad_targets_are_refused() {
        let (x, mut y) = data(5);
        assert!(r_regression(&x, &array![1.0]).is_err());
        y[3] = f64::NAN;
        assert_eq!(
            f_regression(&x, &y).unwrap_err().to_string(),
            "y: row 3 is NaN"
        );
        assert!(f_regression(&array![[1e308], [-1e308]], &array![1.0, 2.0]).is_err());
    }
}
