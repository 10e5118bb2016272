//! Ordinary least squares.
//!
//! With `X` (n_samples, n_features), `Y` (n_samples, n_targets) and sample weights `s`, finds for each target the `w` and
//! `b` that minimise
//!
//! ```text
//! Σᵢ sᵢ (yᵢ − xᵢ·w − b)²
//! ```
//!
//! and among them the `w` of least norm; or, with `positive`, the least squares over `w ≥ 0`.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, ArrayRef2, ArrayView1};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::linear_model::least_squares::{Problem, weights_of};
use crate::linear_model::linear_regressor::linear_regressor;
use crate::params::{Hyperparameters, describe};
use crate::targets::{RealTargets, TargetDim};
use crate::traits::Estimator;

/// Ordinary least squares, for one target or several.
///
/// Minimises over `w` (n_features) and `b`, for each target `y`:
///
/// ```text
/// Σᵢ sᵢ (yᵢ − xᵢ·w − b)²
/// ```
///
/// where `s` are the sample weights, 1 without. Where many `w` are best, because features depend on one another or are
/// more than the rows, it finds the one of least norm `‖w‖`. With `positive`, no coefficient is negative.
///
/// # Settings
///
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
/// | `tol` | 1e-6 | `[0, 1)` | directions whose singular value is at most `tol` times the largest count as dependent |
/// | `positive` | `false` | | every coefficient is at least 0 |
///
/// # Complexity
/// Time O(n p²) for n ≥ p, O(n² p) otherwise; extra memory O(p²), and O(n p) for n < p. `positive` adds O(p³) for
/// each change of the set of positive coefficients.
///
/// # Errors
/// `fit`: `InvalidParameter`; `EmptyInput`; `NonFinite` for NaN or infinite values; `ShapeMismatch` when `x`, `y` and
/// weights differ in length; `Overflow` when the squares of the data leave the range of the type.
///
/// # Source
/// The normal equations, formed in one pass, where they keep the digits; otherwise QR of row blocks (Demmel et al., 2012)
/// and the singular values of R. `positive`: Lawson and Hanson (1974), Solving least squares problems, chapter 23, on the
/// products of the data (Bro and de Jong, 1997). Results are scikit-learn 1.9's, whose `tol` this is.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::LinearRegression, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 3.0]];
/// let y = array![6.0, 8.0, 9.0, 11.0]; // x₀ + 2 x₁ + 3
/// let model = LinearRegression::new().fit(&x, &y)?;
/// assert!(f64::abs(model.coef()[1] - 2.0) < 1e-12 && f64::abs(model.intercept() - 3.0) < 1e-12);
/// assert_eq!(model.rank(), Some(2));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinearRegression {
    fit_intercept: bool,
    #[serde(with = "crate::params::number")]
    tol: f64,
    positive: bool,
}

impl Default for LinearRegression {
    fn default() -> Self {
        LinearRegression {
            fit_intercept: true,
            tol: 1e-6,
            positive: false,
        }
    }
}

impl LinearRegression {
    /// With an intercept, coefficients of any sign.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether to learn an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// The share of the largest singular value from which on a direction counts.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Whether coefficients must not be negative.
    #[must_use]
    pub fn positive(mut self, positive: bool) -> Self {
        self.positive = positive;
        self
    }
}

impl Hyperparameters for LinearRegression {
    const NAME: &'static str = "LinearRegression";

    fn check(&self) -> Result<()> {
        check::real(
            Self::NAME,
            "tol",
            self.tol,
            Interval::open(0.0, 1.0).including_low(),
        )
    }
}

impl fmt::Display for LinearRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for LinearRegression {
    type Fitted = FittedLinearRegression<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = weights_of(y);
        let problem = Problem::new(x, y, weights.as_deref(), self.fit_intercept)?;
        let (coef, intercept, spectrum) = if self.positive {
            let (coef, intercept) = problem.solve_positive()?;
            (coef, intercept, None)
        } else {
            let (coef, intercept, spectrum) = problem.solve_least_norm(self.tol)?;
            (coef, intercept, Some(spectrum))
        };
        check::learned(Self::NAME, "a coefficient", coef.iter().chain(&intercept))?;
        let (rank, singular) = spectrum.unzip();
        Ok(FittedLinearRegression {
            coef,
            intercept,
            rank,
            singular,
            fit_intercept: self.fit_intercept,
            dim: PhantomData,
        })
    }
}

linear_regressor! {
    /// What [`LinearRegression`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several
    /// ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedLinearRegression of LinearRegression {
        rank: Option<usize>,
        singular: Option<Array1<F>>,
        fit_intercept: bool,
    }
    validate(this) {
        ensure::that(this.fit_intercept || this.intercept.iter().all(|b| *b == F::zero()), || {
            "an intercept that was not fitted is not 0".into()
        })?;
        ensure::that(this.rank.is_some() == this.singular.is_some(), || {
            "`rank` and `singular` come together".into()
        })?;
        if let (Some(rank), Some(singular)) = (this.rank, &this.singular) {
            ensure::at_least("features of `coef`", this.coef.ncols(), singular.len())?;
            ensure::at_least("length of `singular`", singular.len(), rank)?;
            ensure::non_negative("singular", singular)?;
            ensure::that(singular.windows(2).into_iter().all(|w| w[0] >= w[1]), || {
                "`singular` rises".into()
            })?;
        }
    }
}

impl<F: Float, D: TargetDim> FittedLinearRegression<F, D> {
    /// The rank of the (centred, weighted) samples; `None` with `positive`.
    pub fn rank(&self) -> Option<usize> {
        self.rank
    }

    /// Whether an intercept was fitted.
    pub(super) fn fit_intercept(&self) -> bool {
        self.fit_intercept
    }

    /// The singular values of the (centred, weighted) samples, descending, min(n_samples, n_features); `None` with
    /// `positive`.
    pub fn singular(&self) -> Option<ArrayView1<'_, F>> {
        self.singular.as_ref().map(|s| s.view())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use crate::traits::Predict;
    use ndarray::{Array2, Axis, array, concatenate, stack};
    use rand::RngExt;

    fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
        let mut rng = crate::random::generator(seed);
        let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
        let y = Array1::from_shape_fn(n, |i| x.row(i).sum() + rng.random_range(-0.5..0.5) + 3.0);
        (x, y)
    }

    #[test]
    fn the_residual_is_orthogonal_to_the_features() {
        for (n, p) in [(60, 5), (5, 9), (9, 9), (1, 2)] {
            let (x, y) = data(n, p, 1);
            let w = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
            let model = LinearRegression::new().fit(&x, &y.weighted(&w)).unwrap();
            let r = (&y - &model.predict(&x).unwrap()) * &w;
            assert!(x.t().dot(&r).iter().all(|g| g.abs() < 1e-12));
            assert!(r.sum().abs() < 1e-12);
            assert_eq!(model.rank(), Some(p.min(n - 1)));
            assert_eq!(model.singular().unwrap().len(), n.min(p));
        }
    }

    #[test]
    fn dependent_columns_share_the_least_norm() {
        let (x, y) = data(30, 3, 2);
        let one = LinearRegression::new().fit(&x, &y).unwrap();
        let two = LinearRegression::new()
            .fit(&concatenate![Axis(1), x, x], &y)
            .unwrap();
        assert_eq!(two.rank(), Some(3));
        for j in 0..6 {
            assert!((two.coef()[j] - one.coef()[j % 3] / 2.0).abs() < 1e-12);
        }
        for (a, b) in one.singular().unwrap().iter().zip(two.singular().unwrap()) {
            assert!((a * 2f64.sqrt() - b).abs() < 1e-12 * b);
        }
    }

    #[test]
    fn both_ways_find_the_same_singular_values() {
        let (mut x, y) = data(50, 4, 3);
        x.column_mut(2).mapv_inplace(|v| v * 30.0);
        let model = LinearRegression::new().fit(&x, &y).unwrap();
        let centred = &x - &x.mean_axis(Axis(0)).unwrap();
        let direct = crate::linalg::thin_svd(&centred).unwrap().s;
        for (a, b) in model.singular().unwrap().iter().zip(&direct) {
            assert!((a - b).abs() < 1e-12 * direct[0], "{a} {b}");
        }
    }

    #[test]
    fn tol_decides_what_counts_as_dependent() {
        let (mut x, _) = data(200, 3, 4);
        let near = &x.column(0) + &x.column(2).mapv(|v| v * 1e-4);
        x.column_mut(2).assign(&near);
        let y = x.dot(&array![1.0, 2.0, 3.0]);
        let all = LinearRegression::new().fit(&x, &y).unwrap();
        assert_eq!(all.rank(), Some(3));
        assert!((all.coef()[2] - 3.0).abs() < 1e-8);
        let fewer = LinearRegression::new().tol(1e-3).fit(&x, &y).unwrap();
        assert_eq!(fewer.rank(), Some(2));
        assert!((fewer.coef()[0] - fewer.coef()[2]).abs() < 1e-3);
    }

    #[test]
    fn positive_coefficients_satisfy_the_optimality_conditions() {
        for (n, p, seed) in [(80, 6, 5), (12, 20, 6), (40, 1, 7)] {
            let (x, y) = data(n, p, seed);
            let signs = Array1::from_shape_fn(p, |j| if j % 2 == 0 { 1.0 } else { -1.0 });
            let y = y + x.dot(&signs) * 2.0;
            for intercept in [true, false] {
                let estimator = LinearRegression::new()
                    .positive(true)
                    .fit_intercept(intercept);
                let model = estimator.fit(&x, &y).unwrap();
                let gradient = x.t().dot(&(&y - &model.predict(&x).unwrap()));
                for (&w, &g) in model.coef().iter().zip(&gradient) {
                    assert!(
                        w >= 0.0 && g < 1e-9 && (w == 0.0 || g.abs() < 1e-9),
                        "{w} {g}"
                    );
                }
                assert_eq!(model.rank(), None);
            }
        }
    }

    #[test]
    fn several_targets_are_one_by_one() {
        let (x, y) = data(40, 5, 8);
        let both = stack![Axis(1), y, y.mapv(|v| -v * v)];
        for positive in [false, true] {
            let estimator = LinearRegression::new().positive(positive);
            let joint = estimator.fit(&x, &both).unwrap();
            for t in 0..2 {
                let single = estimator.fit(&x, &both.column(t)).unwrap();
                let far = &joint.coef().row(t) - &single.coef();
                assert!(far.iter().all(|d| d.abs() < 1e-12));
            }
        }
    }

    #[test]
    fn a_tolerance_out_of_range_is_refused() {
        let (x, y) = data(4, 2, 9);
        for tol in [-1e-9, 1.0, f64::NAN] {
            let e = LinearRegression::new().tol(tol).fit(&x, &y).unwrap_err();
            assert!(
                e.to_string()
                    .starts_with("`tol` of `LinearRegression` must be in [0, 1), got "),
                "{e}"
            );
        }
    }
}
