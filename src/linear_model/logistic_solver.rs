//! The solvers of logistic regression, under scikit-learn's names, on one statement of the objective.

use std::cell::RefCell;
use std::ops::ControlFlow;

use ndarray::ArrayRef2;
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::observer::Watch;
use crate::optim::{Lbfgs, Precondition};

use super::curvature::Curvature;
use super::linear_classifier::ClassTask;
use super::logistic_dual::{self, Dual};
use super::logistic_loss::LogisticLoss;
use super::logistic_newton::{self, Ended, Metric, Newton, Point, Stop};
use super::stochastic_average::{RowLoss, StochasticAverage, of_mean_one};

/// What may be left to gain where the gradient is small, for each unit of `tol`. At the default `tol` the objective is then
/// right to eight digits, which is where scikit-learn's ends where it converges; ten times more saves about one iteration.
const GAP: f64 = 1e-4;

/// How [`LogisticRegression`](super::LogisticRegression) is solved. By name `"lbfgs"`, `"newton-cg"` and so on.
///
/// | solver | penalties | classes | `tol` bounds |
/// |---|---|---|---|
/// | `Lbfgs` | L2, none | any | the gradient, with about `tol` / 10⁴ left to gain |
/// | `NewtonCg` | L2, none | any | the gradient, with about `tol` / 10⁴ left to gain |
/// | `NewtonCholesky` | L2, none | any | the gradient, and half the squared Newton decrement |
/// | `NewtonCd` | all | any | the least subgradient |
/// | `Liblinear` | L1, L2, on the intercept too | two | the gradient, relative to that at 0 and to the rarer class, with about `tol` / 10⁴ left to gain |
/// | `Sag` | L2, none | any | the change of a coefficient in an epoch relative to the largest, and of an intercept |
/// | `Saga` | all | any | the same |
///
/// All find the same minimum of the same objective (`Liblinear`'s differs by its penalised intercept), as closely as `tol`
/// asks. What `Sag` and `Saga` have to gain a small change does not say: with features that are not standardised, or next to
/// no penalty, they creep, and may rest far from the minimum. The rounding of the objective bounds what any solver can gain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum LogisticSolver {
    /// Limited-memory BFGS in a metric estimated from the data; what it ends with Newton's method checks, and where the check
    /// fails goes on from.
    #[default]
    Lbfgs,
    /// Newton's method with steps from conjugate gradients.
    NewtonCg,
    /// Newton's method with a Cholesky factor of the Hessian: few steps, for many rows and few columns.
    NewtonCholesky,
    /// Proximal Newton's method with steps from coordinate descent over the features in use: the fastest with an L1 penalty.
    /// scikit-learn has no such solver.
    NewtonCd,
    /// What LIBLINEAR does: with an L1 penalty proximal Newton steps, with L2 Newton steps by conjugate
    /// gradients, or, with `dual`, coordinate descent over the rows.
    Liblinear,
    /// Stochastic average gradient. For many rows; standardise the features.
    Sag,
    /// Its unbiased form, with any penalty.
    Saga,
}

/// What a solution needs beside the data.
#[derive(Clone, Copy)]
pub(super) struct Settings<'a> {
    pub(super) estimator: &'static str,
    pub(super) solver: LogisticSolver,
    pub(super) c: f64,
    pub(super) l1_ratio: f64,
    pub(super) dual: bool,
    pub(super) tol: f64,
    pub(super) fit_intercept: bool,
    pub(super) intercept_scaling: f64,
    pub(super) max_iter: usize,
    pub(super) random_state: u64,
    pub(super) watch: &'a Watch,
}

impl Settings<'_> {
    /// Every setting is in its range, and the solver can do what is asked. `c` and `l1_ratio` are checked by their names.
    pub(super) fn check(&self, c: &str, l1_ratio: &str) -> Result<()> {
        let name = self.estimator;
        check::real(name, c, self.c, Interval::above(0.0).including_high())?;
        check::real(name, l1_ratio, self.l1_ratio, Interval::closed(0.0, 1.0))?;
        check::real(name, "tol", self.tol, Interval::at_least(0.0))?;
        let scaling = self.intercept_scaling;
        check::real(name, "intercept_scaling", scaling, Interval::above(0.0))?;
        check::count(name, "max_iter", self.max_iter, 1)?;
        let liblinear = self.solver == LogisticSolver::Liblinear;
        let refuse = |parameter: &str, expected: &str, got: String| {
            Err(Error::invalid_parameter(name, parameter, expected, got))
        };
        let solver = || format!("{:?}", self.solver);
        if liblinear && self.c.is_infinite() {
            return refuse(
                "solver",
                "another than Liblinear without a penalty",
                solver(),
            );
        }
        if self.dual && !liblinear {
            return refuse("solver", "Liblinear with `dual`", solver());
        }
        if self.dual && self.l1_ratio > 0.0 {
            return refuse(l1_ratio, "0 with `dual`", self.l1_ratio.to_string());
        }
        let any = matches!(self.solver, LogisticSolver::Saga | LogisticSolver::NewtonCd);
        if self.c.is_finite() && self.l1_ratio > 0.0 && !any {
            if !liblinear {
                let expected = format!(
                    "0 with the solver {}: Liblinear, Saga and NewtonCd take an L1 penalty",
                    solver()
                );
                return refuse(l1_ratio, &expected, self.l1_ratio.to_string());
            }
            if self.l1_ratio < 1.0 {
                let expected = "0 or 1 with the solver Liblinear: Saga and NewtonCd take both penalties together";
                return refuse(l1_ratio, expected, self.l1_ratio.to_string());
            }
        }
        Ok(())
    }

    /// The weights of the L2 and the L1 penalty of the mean loss.
    fn strengths(&self, weight_sum: f64) -> (f64, f64) {
        let all = 1.0 / (self.c * weight_sum);
        (all * (1.0 - self.l1_ratio), all * self.l1_ratio)
    }
}

/// The intercepts that are best while there are no coefficients: the log-odds of the second class, or the logarithms of
/// the shares around their mean.
pub(super) fn start(task: &ClassTask, p: usize, fit_intercept: bool) -> Vec<f64> {
    let k = task.labels.classes().len();
    let n_outputs = if k == 2 { 1 } else { k };
    let mut parameters = vec![0.0; n_outputs * (p + usize::from(fit_intercept))];
    if !fit_intercept {
        return parameters;
    }
    // A class that its weight takes out has no logarithm.
    let logs: Vec<f64> = (task.shares.iter())
        .map(|s| s.max(f64::EPSILON).ln())
        .collect();
    let intercepts = &mut parameters[n_outputs * p..];
    if let [first, second] = logs[..] {
        intercepts[0] = second - first;
    } else {
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        for (intercept, log) in intercepts.iter_mut().zip(logs) {
            *intercept = log - mean;
        }
    }
    parameters
}

/// Minimises from `parameters`; the iterations made, and whether the tolerance was reached.
pub(super) fn solve<F: Float>(
    x: &ArrayRef2<F>,
    task: &ClassTask,
    o: &Settings<'_>,
    parameters: &mut [f64],
) -> Result<Ended> {
    let (l2, l1) = o.strengths(task.weight_sum);
    let mut loss = LogisticLoss::new(x, task, l2, o.fit_intercept);
    let k = loss.layout().k;
    let mut report = |n: usize, value: f64| {
        o.watch
            .report(o.estimator, n, Some(o.max_iter), Some(value))
    };
    let newton = |stop, report| Newton {
        estimator: o.estimator,
        max_iter: o.max_iter,
        stop,
        report,
    };
    let gap = (GAP * o.tol).max(loss.noise());
    let newton_cg = |loss: &mut LogisticLoss<'_, F>, parameters: &mut [f64], how| {
        let curvature = curvature(x, task, o, l2);
        let metric = Metric::of(curvature.as_ref());
        let at = Point::new(loss, parameters, o.estimator)?;
        logistic_newton::conjugate_gradients(loss, parameters, at, &metric, gap, how)
    };
    let ended = match o.solver {
        LogisticSolver::Lbfgs => lbfgs(x, task, o, l2, &mut loss, parameters, gap)?,
        LogisticSolver::NewtonCholesky => {
            let how = newton(Stop::LargestAndGain(o.tol), &mut report);
            logistic_newton::cholesky(&mut loss, parameters, how)?
        }
        LogisticSolver::NewtonCg => {
            let how = newton(Stop::Largest(o.tol), &mut report);
            newton_cg(&mut loss, parameters, how)?
        }
        LogisticSolver::NewtonCd => {
            let l1 = l1_of(parameters.len(), k * x.ncols(), l1, 0.0);
            let how = newton(Stop::Largest(o.tol), &mut report);
            logistic_newton::proximal(&mut loss, parameters, &l1, gap, how)?
        }
        LogisticSolver::Liblinear => {
            if k > 1 {
                let expected = "another than Liblinear, which is for two classes";
                let got = format!("Liblinear for {} classes", task.shares.len());
                return Err(Error::invalid_parameter(
                    o.estimator,
                    "solver",
                    expected,
                    got,
                ));
            }
            // Relative to the rarer class, as LIBLINEAR has it.
            let rarer = task.labels.counts().into_iter().min().unwrap_or(0).max(1);
            let tol = o.tol * rarer as f64 / x.nrows() as f64;
            if o.dual {
                let standard = x.as_standard_layout();
                logistic_dual::solve(
                    standard.as_slice().unwrap_or(&[]),
                    x.ncols(),
                    task.labels.codes(),
                    task.weights.as_deref(),
                    parameters,
                    Dual {
                        c: o.c,
                        bias: o.fit_intercept.then_some(o.intercept_scaling),
                        tol: o.tol,
                        max_iter: o.max_iter,
                        random_state: o.random_state,
                        report: &mut |epoch| {
                            o.watch.report(o.estimator, epoch, Some(o.max_iter), None)
                        },
                    },
                )?
            } else if l1 > 0.0 {
                let l1 = l1_of(parameters.len(), x.ncols(), l1, l1 / o.intercept_scaling);
                let how = newton(Stop::Sum(tol), &mut report);
                logistic_newton::proximal(&mut loss, parameters, &l1, gap, how)?
            } else {
                loss.penalise_intercept(l2 / o.intercept_scaling.powi(2));
                let how = newton(Stop::Norm(tol), &mut report);
                newton_cg(&mut loss, parameters, how)?
            }
        }
        LogisticSolver::Sag | LogisticSolver::Saga => {
            let standard = x.as_standard_layout();
            let weights = task.weights.as_deref().map(of_mean_one);
            let codes = task.labels.codes();
            let how = StochasticAverage {
                estimator: o.estimator,
                saga: o.solver == LogisticSolver::Saga,
                alpha: l2,
                beta: l1,
                fit_intercept: o.fit_intercept,
                tol: o.tol,
                max_iter: o.max_iter,
                random_state: o.random_state,
            };
            let rows = match k {
                1 => RowLoss::Logistic(codes),
                k => RowLoss::Multinomial(codes, k),
            };
            how.minimize(
                standard.as_slice().unwrap_or(&[]),
                x.ncols(),
                rows,
                weights.as_deref(),
                parameters,
                |epoch| o.watch.report(o.estimator, epoch, Some(o.max_iter), None),
            )?
        }
    };
    if !ended.1 {
        log::warn!(
            "{} did not converge in {} iterations of {:?}: scale the features, or raise max_iter or tol",
            o.estimator,
            ended.0,
            o.solver
        );
    }
    Ok(ended)
}

/// The L1 penalties of the parameters.
fn l1_of(n_parameters: usize, n_coef: usize, l1: f64, of_intercept: f64) -> Vec<f64> {
    let mut all = vec![l1; n_parameters];
    all[n_coef..].fill(of_intercept);
    all
}

fn curvature<F: Float>(
    x: &ArrayRef2<F>,
    task: &ClassTask,
    o: &Settings<'_>,
    l2: f64,
) -> Option<Curvature> {
    Curvature::new(
        x,
        task.weights.as_deref(),
        &task.shares,
        l2,
        o.fit_intercept,
    )
}

/// Limited-memory BFGS. What it ends with is put to the proof, and if need be improved, by Newton's method in the metric that
/// it has learned: the steps it remembers may know nothing of a direction of little curvature, and rounding may keep it from
/// the last digits.
fn lbfgs<F: Float>(
    x: &ArrayRef2<F>,
    task: &ClassTask,
    o: &Settings<'_>,
    l2: f64,
    loss: &mut LogisticLoss<'_, F>,
    parameters: &mut [f64],
    gap: f64,
) -> Result<Ended> {
    let curvature = curvature(x, task, o, l2);
    let precondition = curvature.as_ref().map(|c| |v: &mut [f64]| c.solve(v));
    let precondition = precondition.as_ref().map(|p| p as &Precondition<'_, f64>);
    let mut observed = Ok(());
    let mut at = Point::unknown(loss);
    let mut seen = parameters.to_vec();
    let (least, state) = Lbfgs::new()
        .gtol(o.tol)
        .ftol(f64::EPSILON)
        .noise(loss.noise())
        // Without the metric the predicted gain has no meaning.
        .gap(if curvature.is_some() {
            gap
        } else {
            f64::INFINITY
        })
        .max_iter(o.max_iter)
        .minimize_from(
            parameters,
            None,
            |w, gradient| {
                at.go_to(loss, w);
                seen.copy_from_slice(w);
                gradient.copy_from_slice(&at.gradient);
                at.value
            },
            precondition,
            |step| {
                let (n, value) = (step.iteration, Some(step.value));
                observed = o.watch.report(o.estimator, n, Some(o.max_iter), value);
                if observed.is_ok() {
                    ControlFlow::Continue(())
                } else {
                    ControlFlow::Break(())
                }
            },
        )
        .map_err(|_| {
            Error::from(ErrorKind::Overflow {
                estimator: o.estimator.into(),
                what: "the gradient".into(),
            })
        })?;
    observed?;
    if least.gradient_norm > o.tol && least.n_iter >= o.max_iter {
        return Ok((least.n_iter, false));
    }
    if seen != parameters {
        at.go_to(loss, parameters);
    }
    let stiffness = match precondition {
        Some(precondition) => state.stiffness(precondition),
        None => f64::INFINITY,
    };
    let state = RefCell::new(state);
    let metric = Metric {
        solve: Box::new(|v| state.borrow_mut().solve(v, precondition)),
        stiffness,
    };
    let mut report = |n: usize, value: f64| {
        let n = least.n_iter + n;
        o.watch
            .report(o.estimator, n, Some(o.max_iter), Some(value))
    };
    let how = Newton {
        estimator: o.estimator,
        max_iter: o.max_iter - least.n_iter,
        stop: Stop::Largest(o.tol),
        report: &mut report,
    };
    // Predictions are not exact: twice as much may be left.
    let (more, converged) =
        logistic_newton::conjugate_gradients(loss, parameters, at, &metric, 2.0 * gap, how)?;
    Ok((least.n_iter + more, converged))
}

#[cfg(test)]
#[path = "logistic_solver_tests.rs"]
mod tests;
