//! Minimises a smooth function of many parameters from its value and gradient: limited-memory BFGS.
//!
//! The direction is −H g with H the BFGS approximation to the inverse Hessian from the last `memory` steps (J. Nocedal,
//! "Updating quasi-Newton matrices with limited storage", Mathematics of Computation 35 (1980); J. Nocedal and
//! S. J. Wright, Numerical Optimization, 2nd edition, algorithm 7.4), the step length comes from the line search of
//! Hager and Zhang (2005).

use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::model::ensure;

use super::history::History;
use super::line_search::{Outcome, Trial, hager_zhang};
use super::more_thuente::more_thuente;
use super::vector::{inner, max_abs};

/// How a limited-memory BFGS minimisation runs.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `memory` | 10 | steps remembered; memory is 2 · `memory` · n |
/// | `gtol` | 1e-5 | stops when max \|∂f/∂xᵢ\| ≤ `gtol` |
/// | `ftol` | 2.2e-9 | stops when (fₖ − fₖ₊₁) / max(\|fₖ\|, \|fₖ₊₁\|, 1) ≤ `ftol` |
/// | `gap` | ∞ | a small gradient stops only if no more than this is left to gain |
/// | `max_iter` | 15,000 | steps |
/// | `max_evaluations` | 15,000 | calls of the objective |
///
/// The tolerances mean what they mean in SciPy's `L-BFGS-B`.
///
/// ```
/// use fitwell::optim::{Lbfgs, StopReason};
///
/// // Rosenbrock's valley: f = (1 − a)² + 100 (b − a²)², least at (1, 1).
/// let mut x = [-1.2, 1.0];
/// let least = Lbfgs::new().gtol(1e-8).ftol(0.0).minimize(&mut x, |x: &[f64], gradient| {
///     let (a, b) = (x[0], x[1]);
///     gradient[0] = -2.0 * (1.0 - a) - 400.0 * a * (b - a * a);
///     gradient[1] = 200.0 * (b - a * a);
///     (1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2)
/// })?;
/// assert_eq!(least.reason, StopReason::Gradient);
/// assert!((x[0] - 1.0).abs() < 1e-6 && (x[1] - 1.0).abs() < 1e-6);
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Lbfgs {
    memory: usize,
    gtol: f64,
    ftol: f64,
    max_iter: usize,
    max_evaluations: usize,
    noise: f64,
    gap: f64,
    like_scipy: bool,
}

/// Why a minimisation stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StopReason {
    /// The largest component of the gradient is within `gtol`.
    Gradient,
    /// The last step decreased the objective by no more than `ftol`.
    Decrease,
    /// `max_iter` steps were made.
    MaxIter,
    /// The objective was evaluated `max_evaluations` times.
    MaxEvaluations,
    /// No step along the steepest descent gives a smaller value: rounding errors hide any further progress, or the
    /// gradient is not the objective's.
    NoProgress,
    /// The callback asked for it.
    Callback,
}

impl StopReason {
    /// Whether a tolerance was reached.
    pub fn converged(self) -> bool {
        matches!(self, StopReason::Gradient | StopReason::Decrease)
    }
}

/// Where a minimisation ended; the parameters are in the vector that was given.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Minimum {
    /// The objective.
    pub value: f64,
    /// The largest absolute component of the gradient.
    pub gradient_norm: f64,
    /// The steps made.
    pub n_iter: usize,
    /// The calls of the objective.
    pub n_evaluations: usize,
    /// Why it stopped.
    pub reason: StopReason,
}

/// What a callback sees after each step.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Step<'a, F> {
    /// The steps made so far, from 1.
    pub iteration: usize,
    /// The objective.
    pub value: f64,
    /// The largest absolute component of the gradient.
    pub gradient_norm: f64,
    /// The parameters.
    pub x: &'a [F],
    /// What the minimisation goes on from.
    pub(crate) state: &'a State<F>,
}

/// Where a minimisation stands after a step: with the parameters all that it needs to go on, bit for bit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(crate) struct State<F> {
    value: f64,
    /// By the last step, relative to the value or 1; infinite before the first.
    decrease: f64,
    gradient: Vec<F>,
    history: History<F>,
    n_iter: usize,
    n_evaluations: usize,
}

impl<F: Float> State<F> {
    /// The steps made.
    pub(crate) fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// v ← H v, with H the inverse of the Hessian as the metric and the steps remembered have it.
    pub(crate) fn solve(&mut self, v: &mut [F], precondition: Option<&Precondition<'_, F>>) {
        let mut d = vec![F::zero(); v.len()];
        self.history.direction(v, precondition, &mut d);
        for (v, d) in v.iter_mut().zip(d) {
            *v = -d;
        }
    }

    /// By how much the metric is stiffer than the Hessian was along one of the steps remembered, at most.
    pub(crate) fn stiffness(&self, precondition: &Precondition<'_, F>) -> f64 {
        self.history.stiffness(precondition)
    }

    /// Refuses what no step leaves behind, of `n` parameters.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(crate) fn validate(&self, n: usize) -> Result<()> {
        ensure::finite("the objective", [&self.value])?;
        ensure::finite("its decrease", [&self.decrease])?;
        ensure::equal("components of the gradient", self.gradient.len(), n)?;
        ensure::finite("the gradient", &self.gradient)?;
        ensure::that(self.n_iter < self.n_evaluations, || {
            format!(
                "{} steps by {} evaluations",
                self.n_iter, self.n_evaluations
            )
        })?;
        self.history.validate(n)
    }
}

impl Default for Lbfgs {
    fn default() -> Self {
        Lbfgs {
            memory: 10,
            gtol: 1e-5,
            ftol: 1e7 * f64::EPSILON,
            max_iter: 15_000,
            max_evaluations: 15_000,
            noise: 4.0 * f64::EPSILON,
            gap: f64::INFINITY,
            like_scipy: false,
        }
    }
}

/// Replaces a vector v by M⁻¹ v.
pub type Precondition<'a, F> = dyn Fn(&mut [F]) + 'a;

/// The most evaluations one line search may use.
const LINE_SEARCH_EVALUATIONS: usize = 50;

impl Lbfgs {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many steps are remembered; 0 makes it steepest descent.
    #[must_use]
    pub fn memory(mut self, memory: usize) -> Self {
        self.memory = memory;
        self
    }

    /// Stop when no component of the gradient is larger.
    #[must_use]
    pub fn gtol(mut self, gtol: f64) -> Self {
        self.gtol = gtol;
        self
    }

    /// Stop when a step decreases the objective by no more than this, relative to the objective or 1.
    #[must_use]
    pub fn ftol(mut self, ftol: f64) -> Self {
        self.ftol = ftol;
        self
    }

    /// The most steps.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// The most calls of the objective.
    #[must_use]
    pub fn max_evaluations(mut self, max_evaluations: usize) -> Self {
        self.max_evaluations = max_evaluations;
        self
    }

    /// The relative rounding error of the objective's values (4 ε of `f64`): differences below it are not trusted, the
    /// line search then goes by slopes. Raise it for an objective computed in lower precision.
    #[must_use]
    pub fn noise(mut self, noise: f64) -> Self {
        self.noise = noise;
        self
    }

    /// A small gradient ends the search only when the next step is predicted, from the curvature learned so far, to gain no
    /// more than this (by default any gain): a small component along a flat direction may still hide one.
    #[must_use]
    pub fn gap(mut self, gap: f64) -> Self {
        self.gap = gap;
        self
    }

    /// Steps as long as those of SciPy's `L-BFGS-B`, by the line search of Moré and Thuente, where it finds one: of a function
    /// with many minima the same one is found. As there, the step that exceeds `max_evaluations` is made to its end.
    #[must_use]
    pub(crate) fn like_scipy(mut self) -> Self {
        self.like_scipy = true;
        self
    }

    /// Whether so many evaluations are enough.
    fn spent(&self, n_evaluations: usize) -> bool {
        match self.like_scipy {
            true => n_evaluations > self.max_evaluations,
            false => n_evaluations >= self.max_evaluations,
        }
    }

    /// Minimises `objective` from `x`, which ends at the best point found. `objective` returns the value at the first
    /// vector and writes the gradient there into the second.
    ///
    /// # Errors
    /// `Overflow` when the objective or its gradient is not finite at the start. Later it means a step too far, and the
    /// search goes back.
    pub fn minimize<F: Float>(
        &self,
        x: &mut [F],
        objective: impl FnMut(&[F], &mut [F]) -> f64,
    ) -> Result<Minimum> {
        self.minimize_with(x, objective, None, |_| ControlFlow::Continue(()))
    }

    /// As [`minimize`](Self::minimize), with more to say: `precondition`, if any, replaces a vector v by M⁻¹ v, where M
    /// is symmetric, positive definite and close to the Hessian (near the minimum, up to a factor); `callback` sees every
    /// step and can stop.
    ///
    /// # Errors
    /// As [`minimize`](Self::minimize).
    pub fn minimize_with<F: Float>(
        &self,
        x: &mut [F],
        objective: impl FnMut(&[F], &mut [F]) -> f64,
        precondition: Option<&Precondition<'_, F>>,
        callback: impl FnMut(&Step<'_, F>) -> ControlFlow<()>,
    ) -> Result<Minimum> {
        let (least, _) = self.minimize_from(x, None, objective, precondition, callback)?;
        Ok(least)
    }

    /// As [`minimize_with`](Self::minimize_with), from where an earlier minimisation of the same objective stood when its
    /// parameters were `x`; gives where this one stands.
    ///
    /// # Errors
    /// As [`minimize`](Self::minimize).
    pub(crate) fn minimize_from<F: Float>(
        &self,
        x: &mut [F],
        from: Option<State<F>>,
        mut objective: impl FnMut(&[F], &mut [F]) -> f64,
        precondition: Option<&Precondition<'_, F>>,
        mut callback: impl FnMut(&Step<'_, F>) -> ControlFlow<()>,
    ) -> Result<(Minimum, State<F>)> {
        let n = x.len();
        let mut state = from.unwrap_or_else(|| {
            let mut gradient = vec![F::zero(); n];
            State {
                value: objective(x, &mut gradient),
                decrease: f64::INFINITY,
                gradient,
                history: History::new(self.memory, n),
                n_iter: 0,
                n_evaluations: 1,
            }
        });
        let mut gradient_norm = max_abs(&state.gradient);
        if !(state.value.is_finite() && gradient_norm.is_finite()) {
            return Err(ErrorKind::Overflow {
                estimator: "Lbfgs".into(),
                what: "the objective or its gradient at the start".into(),
            }
            .into());
        }
        let mut direction = vec![F::zero(); n];
        let mut trial_x = vec![F::zero(); n];
        let mut trial_gradient = vec![F::zero(); n];

        let reason = loop {
            let flat = gradient_norm <= self.gtol;
            // Whatever else ends the search, a small gradient is what was asked for.
            let ends = |otherwise| {
                if flat {
                    StopReason::Gradient
                } else {
                    otherwise
                }
            };
            if flat && self.gap.is_infinite() {
                break StopReason::Gradient;
            }
            if state.decrease <= self.ftol {
                break ends(StopReason::Decrease);
            }
            if state.n_iter >= self.max_iter {
                break ends(StopReason::MaxIter);
            }
            if self.spent(state.n_evaluations) {
                break ends(StopReason::MaxEvaluations);
            }

            state
                .history
                .direction(&state.gradient, precondition, &mut direction);
            let slope = inner(&direction, &state.gradient);
            if flat && -0.5 * slope <= self.gap {
                break StopReason::Gradient;
            }
            if !(slope < 0.0 && slope.is_finite()) {
                if state.history.is_empty() {
                    break ends(StopReason::NoProgress);
                }
                state.history.clear();
                continue;
            }
            let first_step = if state.history.is_empty() && precondition.is_none() {
                let unit = 1.0 / inner(&state.gradient, &state.gradient).sqrt();
                if self.like_scipy && state.n_iter == 0 {
                    unit
                } else {
                    unit.min(1.0)
                }
            } else {
                1.0
            };
            let left = match self.like_scipy {
                true => usize::MAX,
                false => self.max_evaluations - state.n_evaluations,
            };
            let budget = LINE_SEARCH_EVALUATIONS.min(left);
            let n_evaluations = &mut state.n_evaluations;
            let mut phi = |step: f64| {
                *n_evaluations += 1;
                let length = F::of(step);
                for ((t, &x), &d) in trial_x.iter_mut().zip(&*x).zip(&direction) {
                    *t = x + length * d;
                }
                let value = objective(&trial_x, &mut trial_gradient);
                (value, inner(&direction, &trial_gradient))
            };
            let start = Trial {
                step: 0.0,
                value: state.value,
                slope,
            };
            let noise = self.noise * state.value.abs();
            let like_scipy = match self.like_scipy {
                true => more_thuente(start, first_step, budget, &mut phi),
                false => None,
            };
            let next = match like_scipy {
                Some(trial) => Some(trial.value),
                None => match hager_zhang(start, first_step, noise, budget, &mut phi) {
                    Outcome::Accepted(trial) => Some(trial.value),
                    Outcome::Decreased(best) => Some(phi(best.step).0),
                    Outcome::Failed => None,
                },
            };
            let norm = max_abs(&trial_gradient);
            let Some(next) = next.filter(|_| norm.is_finite()) else {
                if self.spent(state.n_evaluations) {
                    break ends(StopReason::MaxEvaluations);
                }
                // What was learned of the curvature may mislead; once more along the steepest descent.
                if flat || state.history.is_empty() {
                    break ends(StopReason::NoProgress);
                }
                state.history.clear();
                continue;
            };

            state
                .history
                .push(x, &trial_x, &state.gradient, &trial_gradient);
            x.copy_from_slice(&trial_x);
            std::mem::swap(&mut state.gradient, &mut trial_gradient);
            let value = state.value;
            state.decrease = (value - next) / value.abs().max(next.abs()).max(1.0);
            state.value = next;
            gradient_norm = norm;
            state.n_iter += 1;
            let step = Step {
                iteration: state.n_iter,
                value: next,
                gradient_norm,
                x,
                state: &state,
            };
            if callback(&step).is_break() {
                break StopReason::Callback;
            }
        };
        let least = Minimum {
            value: state.value,
            gradient_norm,
            n_iter: state.n_iter,
            n_evaluations: state.n_evaluations,
            reason,
        };
        Ok((least, state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `minimize(rosen, [-1.2, 1], jac=rosen_der, method="L-BFGS-B", options={"maxfun": m, "gtol": 1e-12, "ftol": 0})` of
    /// SciPy 1.17.1: `nit`, `nfev` and `fun`.
    #[test]
    fn the_step_that_exceeds_the_evaluations_is_made_to_its_end_as_in_scipy() {
        let rosenbrock = |x: &[f64], gradient: &mut [f64]| {
            let (a, b) = (x[0], x[1]);
            gradient[0] = -2.0 * (1.0 - a) - 400.0 * a * (b - a * a);
            gradient[1] = 200.0 * (b - a * a);
            (1.0 - a).powi(2) + 100.0 * (b - a * a).powi(2)
        };
        for (most, n_iter, n_evaluations, value) in [
            (1, 1, 3, 4.225209187581896),
            (5, 4, 6, 4.115574725748626),
            (10, 9, 11, 3.471262006047003),
            (15, 14, 18, 1.1323166371007423),
            (20, 16, 21, 1.0499006194885163),
        ] {
            let found = Lbfgs::new()
                .gtol(1e-12)
                .ftol(0.0)
                .max_evaluations(most)
                .like_scipy()
                .minimize(&mut [-1.2, 1.0], rosenbrock)
                .unwrap();
            assert_eq!(
                (found.n_iter, found.n_evaluations),
                (n_iter, n_evaluations),
                "{most}"
            );
            assert!((found.value - value).abs() < 1e-9 * value, "{most}");
            assert_eq!(found.reason, StopReason::MaxEvaluations, "{most}");
        }
    }

    /// On a quadratic, where the change of the gradient along a step is the Hessian's product with it.
    #[test]
    fn what_a_state_solves_gives_back_its_last_step_and_its_stiffness_that_of_the_metric() {
        let curvature = [0.3, 1.0, 20.0, 500.0];
        let objective = |x: &[f64], g: &mut [f64]| {
            g.copy_from_slice(x);
            g.iter_mut().zip(curvature).for_each(|(g, c)| *g *= c);
            0.5 * inner(x, g)
        };
        // Four times as stiff as the Hessian, along every step.
        let metric = |v: &mut [f64]| v.iter_mut().zip(curvature).for_each(|(v, c)| *v /= 4.0 * c);
        for precondition in [None, Some(&metric as &Precondition<'_, f64>)] {
            let mut x = vec![1.0, -2.0, 0.5, 0.1];
            let mut states = vec![(x.clone(), None)];
            Lbfgs::new()
                .gtol(1e-6)
                .ftol(0.0)
                .minimize_with(&mut x, objective, precondition, |step| {
                    states.push((step.x.to_vec(), Some(step.state.clone())));
                    ControlFlow::Continue(())
                })
                .unwrap();
            assert!(states.len() > 2);
            for pair in states.windows(2) {
                let (before, (after, state)) = (&pair[0].0, &pair[1]);
                let mut state = state.clone().unwrap();
                let step: Vec<f64> = after.iter().zip(before).map(|(a, b)| a - b).collect();
                let mut change = vec![0.0; 4];
                objective(&step, &mut change);
                state.solve(&mut change, precondition);
                for (solved, step) in change.iter().zip(&step) {
                    assert!(
                        (solved - step).abs() <= 1e-9 * max_abs(&change),
                        "{solved} {step}"
                    );
                }
                let stiffness = state.stiffness(&metric);
                assert!((stiffness - 4.0).abs() < 1e-6, "{stiffness}");
            }
        }
    }
}
