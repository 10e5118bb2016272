//! Ridge regression.
//!
//! With `X` (n_samples, n_features), `Y` (n_samples, n_targets) and sample weights `s`, finds for each target the `w` and
//! `b` that minimise
//!
//! ```text
//! Σᵢ sᵢ (yᵢ − xᵢ·w − b)² + alpha ‖w‖²
//! ```
//!
//! Centring removes `b`; what is left is the linear system `(X'SX + alpha I) w = X'Sy`. The solvers are those of
//! [`RidgeSolver`]; by default it is one of
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
use crate::linear_model::ridge_solver::{self, Options, RidgeSolver, check_settings};
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, describe};
use crate::targets::{RealTargets, TargetDim};
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
/// | `solver` | [`RidgeSolver::Auto`] | | |
/// | `positive` | `false` | | `true` keeps every coefficient at 0 or above |
/// | `tol` | 1e-4 | `[0, inf)` | stops an iterative solver earlier: see [`RidgeSolver`] for what it bounds |
/// | `max_iter` | `None` | at least 1 | allows an iterative solver more iterations; `None` is 1000 epochs of `Sag` and `Saga`, 2 p of `Lsqr`, 10 min(n, p) of `SparseCg`, 15,000 of `Lbfgs` |
/// | `random_state` | 0 | | the seed of the rows that `Sag` and `Saga` draw |
///
/// With `alpha = 0` it is ordinary least squares, of minimum norm where the features are linearly dependent.
///
/// # Units
/// `alpha` is in units of the squared features.
///
/// # Complexity
/// Time O(n p²) for n ≥ p, O(n² p) otherwise; extra memory O(min(n, p)²), and O(n p) for n < p. `Lsqr`,
/// `SparseCg`, `Sag` and `Saga` hold a centred copy of the samples.
///
/// # Errors
/// `fit`: `InvalidParameter`, also when the number of penalties differs from the number of targets; `EmptyInput`;
/// `NonFinite` for NaN or infinite values; `ShapeMismatch` when `x`, `y` and weights differ in length; `Overflow` when the
/// squares of the data leave the range of the type.
///
/// # Source
/// Hoerl and Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems. Results are scikit-learn's. Where
/// they differ: `positive` with the default solver is exact, and by `Lbfgs` it stops at the gradient alone, where
/// scikit-learn's also stops when a step gains little; a weight counts in the steps of `Sag` and `Saga`, so that large ones
/// do not make them diverge; `n_iter` is known for every iterative solver.
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
    max_iter: Option<usize>,
    #[serde(with = "crate::params::number")]
    tol: f64,
    solver: RidgeSolver,
    positive: bool,
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge {
            alpha: Alpha::Same(1.0),
            fit_intercept: true,
            max_iter: None,
            tol: 1e-4,
            solver: RidgeSolver::Auto,
            positive: false,
            random_state: 0,
            watch: Watch::default(),
        }
    }
}

impl Ridge {
    /// `alpha = 1`, with an intercept.
    pub fn new() -> Self {
        Self::default()
    }

    /// The strength of the penalty: a number, or one for each target.
    #[must_use]
    pub fn alpha(mut self, alpha: impl Into<Alpha>) -> Self {
        self.alpha = alpha.into();
        self
    }

    /// Whether to learn an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// The most iterations of an iterative solver; `None` leaves it to the solver.
    #[must_use]
    pub fn max_iter(mut self, max_iter: impl Into<Option<usize>>) -> Self {
        self.max_iter = max_iter.into();
        self
    }

    /// How closely an iterative solver finds the minimum.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// How the minimum is found.
    #[must_use]
    pub fn solver(mut self, solver: RidgeSolver) -> Self {
        self.solver = solver;
        self
    }

    /// Whether coefficients must not be negative.
    #[must_use]
    pub fn positive(mut self, positive: bool) -> Self {
        self.positive = positive;
        self
    }

    /// The seed of the rows that `Sag` and `Saga` draw.
    #[must_use]
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Reports every epoch of `Sag` and `Saga`, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }
}

impl Hyperparameters for Ridge {
    const NAME: &'static str = "Ridge";

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check_settings(
            Self::NAME,
            self.solver,
            self.positive,
            self.tol,
            self.max_iter,
        )?;
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
        let found = ridge_solver::solve(
            &problem,
            &Options {
                estimator: Self::NAME,
                alphas: &alphas,
                solver: self.solver,
                positive: self.positive,
                tol: self.tol,
                max_iter: self.max_iter,
                random_state: self.random_state,
                watch: &self.watch,
            },
        )?;
        Ok(FittedRidge {
            coef: found.coef,
            intercept: found.intercept,
            n_iter: found.n_iter,
            converged: found.converged,
            solver: found.solver,
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
    pub struct FittedRidge of Ridge {
        n_iter: Option<Vec<usize>>,
        converged: bool,
        solver: RidgeSolver,
    }
    validate(this) {
        if let Some(n_iter) = &this.n_iter {
            ensure::equal("length of `n_iter`", n_iter.len(), this.coef.nrows())?;
        }
        ensure::that(this.converged || this.n_iter.is_some(), || {
            "a direct solver always converges".into()
        })?;
    }
}

impl<F: Float, D: TargetDim> FittedRidge<F, D> {
    /// From coefficients (n_targets, n_features) and intercepts (n_targets) that a direct solver found.
    pub(super) fn from_parts(coef: ndarray::Array2<F>, intercept: ndarray::Array1<F>) -> Self {
        FittedRidge {
            coef,
            intercept,
            n_iter: None,
            converged: true,
            solver: RidgeSolver::Cholesky,
            dim: PhantomData,
        }
    }

    /// The iterations (epochs of `Sag` and `Saga`) for each target, of an iterative solver.
    pub fn n_iter(&self) -> Option<&[usize]> {
        self.n_iter.as_deref()
    }

    /// Whether the solver reached its tolerance for every target; direct ones always do.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The solver that was used: of `Auto` and `Cholesky` the one that the data allowed.
    pub fn solver(&self) -> RidgeSolver {
        self.solver
    }
}

#[cfg(test)]
#[path = "ridge_tests.rs"]
mod tests;
