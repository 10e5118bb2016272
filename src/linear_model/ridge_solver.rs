//! The ways to solve a ridge regression, under scikit-learn's names.

use ndarray::{Array1, Array2};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg;
use crate::observer::Watch;

use super::gathered::paged;
use super::least_squares::{Problem, non_negative, with_intercept};
use super::ridge_iterative::{Found, Operator, conjugate_gradients, lsqr, projected_lbfgs};
use super::stochastic_average::{RowLoss, StochasticAverage, of_mean_one};

/// How [`Ridge`](super::Ridge) and [`RidgeClassifier`](super::RidgeClassifier) are solved. By name they are `"auto"`,
/// `"svd"`, `"sparse_cg"` and so on.
///
/// All find the same minimum; the iterative ones as closely as `tol` asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RidgeSolver {
    /// [`Cholesky`](RidgeSolver::Cholesky); with `positive`, the coefficients by active sets, exact whatever `tol` is.
    #[default]
    Auto,
    /// The singular value decomposition of the centred data: the most robust, and slow.
    Svd,
    /// The normal equations in the smaller dimension by a Cholesky factor, refined against the data where digits are lost;
    /// the singular value decomposition where they are singular.
    Cholesky,
    /// LSQR. `tol` bounds the relative errors of the data for which the solution would be exact.
    Lsqr,
    /// Conjugate gradients on the normal equations, until their residual is `tol` times the right-hand side.
    SparseCg,
    /// Stochastic average gradient, until no coefficient changes in an epoch by more than `tol` times the largest. For
    /// many rows; standardise the features.
    Sag,
    /// The same in its unbiased form.
    Saga,
    /// Limited-memory BFGS with bounds, for `positive` only, until no component of the projected gradient exceeds `tol`.
    Lbfgs,
}

/// What a solution needs beside the data.
pub(super) struct Options<'a> {
    pub(super) estimator: &'static str,
    pub(super) alphas: &'a [f64],
    pub(super) solver: RidgeSolver,
    pub(super) positive: bool,
    pub(super) tol: f64,
    pub(super) max_iter: Option<usize>,
    pub(super) random_state: u64,
    pub(super) watch: &'a Watch,
}

/// Coefficients (n_targets, n_features), intercepts (n_targets), and how they were found.
pub(super) struct Solution<F> {
    pub(super) coef: Array2<F>,
    pub(super) intercept: Array1<F>,
    /// For each target, of an iterative solver.
    pub(super) n_iter: Option<Vec<usize>>,
    pub(super) converged: bool,
    /// The solver that was used.
    pub(super) solver: RidgeSolver,
}

/// The settings that solvers share are in their ranges and fit each other.
pub(super) fn check_settings(
    estimator: &str,
    solver: RidgeSolver,
    positive: bool,
    tol: f64,
    max_iter: Option<usize>,
) -> Result<()> {
    check::real(estimator, "tol", tol, Interval::at_least(0.0))?;
    if let Some(max_iter) = max_iter {
        check::count(estimator, "max_iter", max_iter, 1)?;
    }
    let name = || format!("{solver:?}");
    match (solver, positive) {
        (RidgeSolver::Lbfgs, false) => Err(Error::invalid_parameter(
            estimator,
            "solver",
            "another than Lbfgs without `positive`",
            name(),
        )),
        (RidgeSolver::Auto | RidgeSolver::Lbfgs, _) | (_, false) => Ok(()),
        (_, true) => Err(Error::invalid_parameter(
            estimator,
            "solver",
            "Auto or Lbfgs with `positive`",
            name(),
        )),
    }
}

/// Solves for every target with its penalty.
pub(super) fn solve<F: Float>(problem: &Problem<'_, F>, o: &Options<'_>) -> Result<Solution<F>> {
    let direct = |(coef, intercept): (Array2<F>, Array1<F>), solver| Solution {
        coef,
        intercept,
        n_iter: None,
        converged: true,
        solver,
    };
    let solution = match (o.solver, o.positive) {
        (RidgeSolver::Auto, true) => direct(positive(problem, o)?.0, RidgeSolver::Auto),
        (_, true) => {
            let (found, n_iter, converged) = positive(problem, o)?;
            Solution {
                n_iter: Some(n_iter),
                converged,
                ..direct(found, RidgeSolver::Lbfgs)
            }
        }
        (RidgeSolver::Svd, _) => direct(problem.decompose(o.alphas)?, RidgeSolver::Svd),
        (RidgeSolver::Auto | RidgeSolver::Cholesky | RidgeSolver::Lbfgs, _) => {
            let (coef, intercept, normal_equations) = problem.solve(o.alphas)?;
            let solver = if normal_equations {
                RidgeSolver::Cholesky
            } else {
                RidgeSolver::Svd
            };
            direct((coef, intercept), solver)
        }
        (RidgeSolver::Lsqr | RidgeSolver::SparseCg, _) => projections(problem, o)?,
        (RidgeSolver::Sag | RidgeSolver::Saga, _) => stochastic(problem, o)?,
    };
    check::learned(
        o.estimator,
        "a coefficient",
        solution.coef.iter().chain(&solution.intercept),
    )?;
    if !solution.converged {
        log::warn!(
            "{} did not converge in {:?} iterations of {:?}: scale the features, or raise max_iter or tol",
            o.estimator,
            solution.n_iter.as_deref().unwrap_or_default(),
            o.solver
        );
    }
    Ok(solution)
}

/// LSQR and conjugate gradients, target by target.
fn projections<F: Float>(problem: &Problem<'_, F>, o: &Options<'_>) -> Result<Solution<F>> {
    let c = problem.centred()?;
    let (n, p) = c.x.dim();
    let x = c.x.as_standard_layout();
    let operator = Operator {
        x: x.as_slice().unwrap_or(&[]),
        n,
        p,
    };
    each_target(o, p, (&c.x_mean, &c.y_mean), |t, alpha| {
        let y: Vec<f64> = c.y.column(t).iter().map(|v| v.f64()).collect();
        Ok(if o.solver == RidgeSolver::Lsqr {
            let most = o.max_iter.unwrap_or(2 * p);
            lsqr(&operator, &y, alpha.sqrt(), o.tol, most)
        } else {
            conjugate_gradients(&operator, &y, alpha, o.tol, o.max_iter)
        })
    })
}

/// SAG and SAGA, target by target.
fn stochastic<F: Float>(problem: &Problem<'_, F>, o: &Options<'_>) -> Result<Solution<F>> {
    const MAX_ITER: usize = 1000;
    let c = problem.shifted()?;
    let (n, p) = c.x.dim();
    let x = c.x.as_standard_layout();
    let weight_sum = problem.weights.map_or(n as f64, |w| w.iter().sum());
    let weights = problem.weights.map(of_mean_one);
    let most = o.max_iter.unwrap_or(MAX_ITER);
    each_target(o, p, (&c.x_mean, &c.y_mean), |t, alpha| {
        let y: Vec<f64> = paged(c.y.column(t).iter().map(|v| v.f64()));
        let how = StochasticAverage {
            estimator: o.estimator,
            saga: o.solver == RidgeSolver::Saga,
            alpha: alpha / weight_sum,
            beta: 0.0,
            fit_intercept: false,
            tol: o.tol,
            max_iter: most,
            random_state: o.random_state,
        };
        let mut w = vec![0.0; p];
        let (n_iter, converged) = how.minimize(
            x.as_slice().unwrap_or(&[]),
            p,
            RowLoss::Squared(&y),
            weights.as_deref(),
            &mut w,
            |epoch| o.watch.report(o.estimator, epoch, Some(most), None),
        )?;
        Ok(Found {
            w,
            n_iter,
            converged,
        })
    })
}

fn each_target<F: Float>(
    o: &Options<'_>,
    p: usize,
    (x_mean, y_mean): (&Array1<F>, &Array1<F>),
    mut solve: impl FnMut(usize, f64) -> Result<Found>,
) -> Result<Solution<F>> {
    let mut w = Array2::zeros((p, o.alphas.len()));
    let mut n_iter = Vec::with_capacity(o.alphas.len());
    let mut converged = true;
    for (t, &alpha) in o.alphas.iter().enumerate() {
        let found = solve(t, alpha)?;
        for (to, &v) in w.column_mut(t).iter_mut().zip(&found.w) {
            *to = F::of(v);
        }
        n_iter.push(found.n_iter);
        converged &= found.converged;
    }
    let (coef, intercept) = with_intercept(w, x_mean, y_mean);
    Ok(Solution {
        coef,
        intercept,
        n_iter: Some(n_iter),
        converged,
        solver: o.solver,
    })
}

type Positive<F> = ((Array2<F>, Array1<F>), Vec<usize>, bool);

/// Coefficients of at least 0, from the products of the data.
fn positive<F: Float>(problem: &Problem<'_, F>, o: &Options<'_>) -> Result<Positive<F>> {
    const MAX_ITER: usize = 15_000;
    let exact = o.solver != RidgeSolver::Lbfgs;
    if exact && o.alphas.iter().all(|&a| a == 0.0) {
        return Ok((problem.solve_positive()?, Vec::new(), true));
    }
    let m = linalg::moments(problem.x, Some(&problem.y), problem.weights, problem.centre)?;
    let (n, p) = problem.x.dim();
    let gram = m.xtx.mapv(F::f64);
    let tolerance = 10.0 * F::EPSILON.f64() * n.max(p) as f64;
    let (mut iterations, mut converged) = (Vec::new(), true);
    let mut w = Array2::zeros((p, o.alphas.len()));
    for (t, &alpha) in o.alphas.iter().enumerate() {
        let mut gram = gram.clone();
        gram.diag_mut().mapv_inplace(|d| d + alpha);
        let c = m.xty.column(t).mapv(F::f64);
        if !gram.iter().chain(&c).all(|v| v.is_finite()) {
            return Err(ErrorKind::Overflow {
                estimator: o.estimator.into(),
                what: "a product of the data".into(),
            }
            .into());
        }
        let found = if exact {
            non_negative(&gram, &c, tolerance)?.to_vec()
        } else {
            let found = projected_lbfgs(&gram, &c, o.tol, o.max_iter.unwrap_or(MAX_ITER));
            iterations.push(found.n_iter);
            converged &= found.converged;
            found.w
        };
        for (to, v) in w.column_mut(t).iter_mut().zip(found) {
            *to = F::of(v);
        }
    }
    Ok((
        with_intercept(w, &m.x_mean, &m.y_mean),
        iterations,
        converged,
    ))
}
