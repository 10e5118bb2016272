//! Ridge regression.
//!
//! With `X` (n_samples, n_features), `Y` (n_samples, n_targets) and sample weights `s`, finds for each target the `w` and
//! `b` that minimise
//!
//! ```text
//! Σᵢ sᵢ (yᵢ − xᵢ·w − b)² + alpha ‖w‖²
//! ```
//!
//! Centring removes `b`; what is left is the linear system `(X'SX + alpha I) w = X'Sy`, solved by one of
//! - the normal equations in the smaller of the two dimensions: a Gram matrix formed in one pass over `X`, scaled to unit
//!   diagonal, and its Cholesky factor;
//! - the same with the residual recomputed from `X` and solved for again (iterative refinement), where the condition of
//!   the Gram matrix costs digits;
//! - the singular value decomposition of the centred `X`, where the Gram matrix is singular to working precision.

use std::fmt;
use std::marker::PhantomData;

use ndarray::ArrayRef2;
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linear_model::least_squares::{Problem, weights_of};
use crate::linear_model::linear_regressor::linear_regressor;
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTargets;
use crate::traits::Estimator;

/// Linear least squares with an L2 penalty, for one target or several.
///
/// Minimises over `w` (n_features) and `b`, for each target `y`:
///
/// ```text
/// Σᵢ sᵢ (yᵢ − xᵢ·w − b)² + alpha ‖w‖²
/// ```
///
/// where `s` are the sample weights, 1 without. Use it when features are many or correlated. The penalty is not scale
/// free: standardise the features first.
///
/// # Settings
///
/// | name | default | range | raising it |
/// |---|---|---|---|
/// | `alpha` | 1.0 | `[0, inf)`, one number or one for each target | shrinks the coefficients; less variance, more bias |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
///
/// With `alpha = 0` it is ordinary least squares, of minimum norm where the features are linearly dependent.
///
/// # Units
/// `alpha` is in units of the squared features.
///
/// # Complexity
/// Time O(n p²) for n ≥ p, O(n² p) otherwise; extra memory O(min(n, p)²), and O(n p) only where the features are
/// dependent to working precision.
///
/// # Errors
/// `fit`: `InvalidParameter`, also when the number of penalties differs from the number of targets; `EmptyInput`;
/// `NonFinite` for NaN or infinite values; `ShapeMismatch` when `x`, `y` and weights differ in length; `Overflow` when the
/// squares of the data leave the range of the type.
///
/// # Source
/// Hoerl and Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems. The method is chosen by the
/// data (see the module's source), not by a `solver` setting as in scikit-learn.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let y = array![1.0, 3.0, 2.0, 4.0]; // 1 + x₀ + 2 x₁
/// let model = Ridge::new().alpha(1e-12).fit(&x, &y)?;
/// assert!(f64::abs(model.coef()[1] - 2.0) < 1e-9 && f64::abs(model.intercept() - 1.0) < 1e-9);
///
/// // Several targets at once, each with its own penalty.
/// let both = ndarray::stack![ndarray::Axis(1), y, -&y];
/// let model = Ridge::new().alpha([0.1, 10.0]).fit(&x, &both)?;
/// assert_eq!(model.predict(&x)?.dim(), (4, 2));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    alpha: Alpha,
    fit_intercept: bool,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge {
            alpha: Alpha::Same(1.0),
            fit_intercept: true,
        }
    }
}

impl Ridge {
    /// `alpha = 1`, with an intercept.
    pub fn new() -> Self {
        Self::default()
    }

    /// The strength of the penalty: a number, or one for each target.
    pub fn alpha(mut self, alpha: impl Into<Alpha>) -> Self {
        self.alpha = alpha.into();
        self
    }

    /// Whether to learn an intercept.
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }
}

impl Hyperparameters for Ridge {
    const NAME: &'static str = "Ridge";

    fn check(&self) -> Result<()> {
        let all = match &self.alpha {
            Alpha::Same(alpha) => std::slice::from_ref(alpha),
            Alpha::PerTarget(alphas) => alphas,
        };
        all.iter()
            .try_for_each(|&alpha| check::real(Self::NAME, "alpha", alpha, Interval::at_least(0.0)))
    }
}

impl fmt::Display for Ridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// The penalty of [`Ridge`]: one for all targets, or one for each. By name it is a number or a list of numbers.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Alpha {
    Same(f64),
    PerTarget(Vec<f64>),
}

impl From<f64> for Alpha {
    fn from(alpha: f64) -> Self {
        Alpha::Same(alpha)
    }
}

impl From<Vec<f64>> for Alpha {
    fn from(alphas: Vec<f64>) -> Self {
        Alpha::PerTarget(alphas)
    }
}

impl<const N: usize> From<[f64; N]> for Alpha {
    fn from(alphas: [f64; N]) -> Self {
        Alpha::PerTarget(alphas.to_vec())
    }
}

/// How [`Alpha`] is written: for people a number or a list, in binary the number of penalties first.
mod alpha_form {
    use super::Alpha;
    use crate::params::number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "number")] f64);

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Written {
        Same(Number),
        PerTarget(Vec<Number>),
    }

    #[derive(Serialize, Deserialize)]
    enum Binary {
        Same(f64),
        PerTarget(Vec<f64>),
    }

    impl Serialize for Alpha {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match (self, serializer.is_human_readable()) {
                (Alpha::Same(a), true) => Written::Same(Number(*a)).serialize(serializer),
                (Alpha::PerTarget(a), true) => {
                    Written::PerTarget(a.iter().map(|&v| Number(v)).collect()).serialize(serializer)
                }
                (Alpha::Same(a), false) => Binary::Same(*a).serialize(serializer),
                (Alpha::PerTarget(a), false) => Binary::PerTarget(a.clone()).serialize(serializer),
            }
        }
    }

    impl<'de> Deserialize<'de> for Alpha {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if !deserializer.is_human_readable() {
                return Ok(match Binary::deserialize(deserializer)? {
                    Binary::Same(a) => Alpha::Same(a),
                    Binary::PerTarget(a) => Alpha::PerTarget(a),
                });
            }
            let wrong = || de::Error::custom("expected a number or a list of numbers");
            let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
            if value.is_array() {
                let alphas: Vec<Number> = serde_json::from_value(value).map_err(|_| wrong())?;
                return Ok(Alpha::PerTarget(alphas.into_iter().map(|a| a.0).collect()));
            }
            serde_json::from_value::<Number>(value)
                .map(|a| Alpha::Same(a.0))
                .map_err(|_| wrong())
        }
    }
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for Ridge {
    type Fitted = FittedRidge<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = weights_of(y);
        let problem = Problem::new(x, y, weights.as_deref(), self.fit_intercept)?;
        let alphas = self.alphas(problem.n_targets())?;
        let (coef, intercept) = problem.solve(&alphas)?;
        check::learned(Self::NAME, "a coefficient", coef.iter().chain(&intercept))?;
        Ok(FittedRidge {
            coef,
            intercept,
            dim: PhantomData,
        })
    }
}

impl Ridge {
    fn alphas(&self, n_targets: usize) -> Result<Vec<f64>> {
        match &self.alpha {
            Alpha::Same(alpha) => Ok(vec![*alpha; n_targets]),
            Alpha::PerTarget(alphas) if alphas.len() == n_targets => Ok(alphas.clone()),
            Alpha::PerTarget(alphas) => {
                let expected = format!("one number, or one for each of the {n_targets} targets");
                Err(Error::invalid_parameter(
                    Self::NAME,
                    "alpha",
                    expected,
                    format!("{} numbers", alphas.len()),
                ))
            }
        }
    }
}

linear_regressor! {
    /// What [`Ridge`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedRidge of Ridge {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use crate::traits::Predict;
    use ndarray::{Array1, Array2, Axis, array};
    use rand::RngExt;

    fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
        let mut rng = crate::random::generator(seed);
        let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
        let y = x.sum_axis(Axis(1))
            + Array1::from_shape_simple_fn(n, || rng.random_range(-0.1..0.1))
            + 3.0;
        (x, y)
    }

    /// The gradient of the objective at the fitted model, largest entry.
    fn gradient(
        x: &Array2<f64>,
        y: &Array1<f64>,
        weights: &Array1<f64>,
        alpha: f64,
        m: &FittedRidge,
    ) -> f64 {
        let r = (y - &m.predict(x).unwrap()) * weights;
        let of_w = x.t().dot(&r) - &m.coef().mapv(|v| v * alpha);
        of_w.iter()
            .chain(std::iter::once(&r.sum()))
            .fold(0.0, |a: f64, v| a.max(v.abs()))
    }

    #[test]
    fn the_gradient_vanishes_tall_wide_and_weighted() {
        for (n, p) in [(50, 7), (7, 50), (20, 20), (1, 3), (5, 1)] {
            let (x, y) = data(n, p, 1);
            let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
            for alpha in [1e-6, 0.1, 1.0, 100.0] {
                let m = Ridge::new()
                    .alpha(alpha)
                    .fit(&x, &y.weighted(&weights))
                    .unwrap();
                let g = gradient(&x, &y, &weights, alpha, &m);
                assert!(g < 1e-9 * n as f64, "{n} x {p}, alpha {alpha}: {g:e}");
            }
        }
    }

    #[test]
    fn without_penalty_dependent_columns_share_the_minimum_norm() {
        let (x, y) = data(30, 3, 2);
        let twice = ndarray::concatenate![Axis(1), x, x];
        let one = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
        let two = Ridge::new().alpha(0.0).fit(&twice, &y).unwrap();
        for j in 0..3 {
            assert!((two.coef()[j] - one.coef()[j] / 2.0).abs() < 1e-12);
            assert!((two.coef()[j + 3] - one.coef()[j] / 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn refinement_keeps_the_digits_of_an_ill_conditioned_problem() {
        let (mut x, _) = data(200, 4, 3);
        let near = &x.column(0) + &x.column(3).mapv(|v| v * 1e-5);
        x.column_mut(3).assign(&near);
        let truth = array![1.0, 2.0, 3.0, 4.0];
        let y = x.dot(&truth) + 5.0;
        let m = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
        for (a, b) in m.coef().iter().zip(&truth) {
            assert!((a - b).abs() < 1e-9, "{:?}", m.coef());
        }
    }

    #[test]
    fn several_targets_equal_one_by_one_with_their_penalties() {
        let (x, y) = data(40, 5, 4);
        let both = ndarray::stack![Axis(1), y, y.mapv(|v| v * v)];
        let alphas = [0.3, 30.0];
        let joint = Ridge::new().alpha(alphas).fit(&x, &both).unwrap();
        for (t, alpha) in alphas.into_iter().enumerate() {
            let single = Ridge::new().alpha(alpha).fit(&x, &both.column(t)).unwrap();
            for (a, b) in joint.coef().row(t).iter().zip(single.coef()) {
                assert!((a - b).abs() < 1e-12);
            }
            assert!((joint.intercept()[t] - single.intercept()).abs() < 1e-12);
        }
        assert_eq!(joint.predict(&x).unwrap().dim(), (40, 2));
    }

    #[test]
    fn single_precision_agrees_with_double() {
        let (x, y) = data(300, 6, 5);
        let double = Ridge::new().fit(&x, &y).unwrap();
        let single = Ridge::new()
            .fit(&x.mapv(|v| v as f32), &y.mapv(|v| v as f32))
            .unwrap();
        for (a, b) in double.coef().iter().zip(single.coef()) {
            assert!((a - f64::from(*b)).abs() < 1e-5);
        }
    }

    #[test]
    fn refuses_what_is_out_of_range_and_says_so() {
        let (x, y) = data(4, 2, 6);
        for alpha in [-1.0, f64::NAN, f64::INFINITY] {
            let e = Ridge::new().alpha(alpha).fit(&x, &y).unwrap_err();
            assert!(
                e.to_string()
                    .starts_with("`alpha` of `Ridge` must be in [0, inf), got "),
                "{e}"
            );
        }
        let e = Ridge::new().alpha([1.0, 2.0]).fit(&x, &y).unwrap_err();
        assert!(
            e.to_string()
                .contains("one for each of the 1 targets, got 2 numbers"),
            "{e}"
        );
        let e = Ridge::new().fit(&x, &array![1.0, 2.0]).unwrap_err();
        assert_eq!(e.to_string(), "number of rows of y: expected 4, got 2");
    }

    #[test]
    fn the_penalty_is_a_number_or_a_list_by_name() {
        use crate::params::Params;
        let m = Ridge::new().with_param("alpha", vec![1.0, 2.0]).unwrap();
        assert_eq!(m, Ridge::new().alpha([1.0, 2.0]));
        assert_eq!(m.params()["alpha"], serde_json::json!([1.0, 2.0]));
        assert_eq!(m.with_param("alpha", 3).unwrap(), Ridge::new().alpha(3.0));
        let e = m.with_param("alpha", "much").unwrap_err().to_string();
        assert_eq!(
            e,
            "`alpha` of `Ridge` must be a number or a list of numbers, got \"much\""
        );
    }
}
