//! Minimises a smooth function whose Hessian is cheap to solve with: Newton's method with backtracking.
//!
//! A step goes from θ to θ + t d with d = −H⁻¹ g and t the first of 1, ½, ¼, ... that gives Armijo's decrease
//! f(θ + t d) ≤ f(θ) + 2⁻¹¹ t g'd, or that leaves f alone to rounding and lessens Σ |g| or finds it within `tol`. Near a minimum t is 1 and the
//! number of right digits doubles with each step. The search ends where max |g| ≤ `tol` and half the squared Newton
//! decrement of the last step, −g'd / 2, is no more than `tol` (S. Boyd and L. Vandenberghe, Convex Optimization, 2004,
//! 9.5). These are the rules of scikit-learn's newton-cholesky: the steps are the same, and so is their number.

use std::ops::ControlFlow;

use super::vector::{inner, max_abs};

/// A function with curvature.
pub(crate) trait Curved {
    /// The value at `at`; the gradient goes to `gradient`. What [`direction`](Self::direction) needs is kept.
    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64;

    /// −H⁻¹ g at the point that was evaluated last, into `direction`. `false` where the Hessian is not clearly positive
    /// definite.
    fn direction(&mut self, at: &[f64], gradient: &[f64], direction: &mut [f64]) -> bool;
}

/// How a search by Newton's method runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Newton {
    /// The largest gradient and half squared decrement at the end.
    pub(crate) tol: f64,
    /// The largest half squared decrement at the end in units of the value: finite, it makes the end one where little is left
    /// to gain whatever the units, and of what rounding hides an end.
    pub(crate) share: f64,
    /// The most steps.
    pub(crate) max_iter: usize,
    /// The relative rounding error of values.
    pub(crate) noise: f64,
}

/// Why it stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewtonStop {
    /// Gradient and decrement are within `tol`.
    Converged,
    /// `max_iter` steps were made.
    MaxIter,
    /// The Hessian is not positive definite, or no step along the direction helps: another method should go on from here.
    Stuck,
    /// The callback asked for it.
    Callback,
    /// The value or gradient at the start is not finite.
    NotFinite,
}

/// Where it ended; the point is in the vector that was given.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewtonEnd {
    pub(crate) gradient_norm: f64,
    pub(crate) n_iter: usize,
    pub(crate) reason: NewtonStop,
}

/// Halvings of the step, as in scikit-learn.
const HALVINGS: usize = 21;
/// The part of the predicted decrease that is asked for.
const ARMIJO: f64 = 1.0 / 2048.0;

impl Newton {
    /// Minimises from `x`; `callback` sees the steps made and the value, and can stop.
    pub(crate) fn minimize(
        &self,
        x: &mut [f64],
        function: &mut dyn Curved,
        callback: &mut dyn FnMut(usize, f64) -> ControlFlow<()>,
    ) -> NewtonEnd {
        let n = x.len();
        let mut gradient = vec![0.0; n];
        let mut direction = vec![0.0; n];
        let (mut trial, mut trial_gradient) = (vec![0.0; n], vec![0.0; n]);
        let mut value = function.evaluate(x, &mut gradient);
        let end = |gradient: &[f64], n_iter, reason| NewtonEnd {
            gradient_norm: max_abs(gradient),
            n_iter,
            reason,
        };
        if !(value.is_finite() && max_abs(&gradient).is_finite()) {
            return end(&gradient, 0, NewtonStop::NotFinite);
        }
        for n_iter in 0..self.max_iter {
            if !function.direction(x, &gradient, &mut direction) {
                return end(&gradient, n_iter, NewtonStop::Stuck);
            }
            let slope = inner(&direction, &gradient);
            if !(slope <= 0.0 && slope.is_finite()) {
                return end(&gradient, n_iter, NewtonStop::Stuck);
            }
            let gain = -0.5 * slope;
            let little = |value: f64| self.share.is_infinite() || gain <= self.share * value.abs();
            if self.share.is_finite() && gain <= self.noise * value.abs() {
                return end(&gradient, n_iter, NewtonStop::Converged);
            }
            let sum_before: f64 = gradient.iter().map(|g| g.abs()).sum();
            let mut step = 1.0;
            let mut accepted = None;
            for _ in 0..HALVINGS {
                for ((t, x), d) in trial.iter_mut().zip(&*x).zip(&direction) {
                    *t = x + step * d;
                }
                let next = function.evaluate(&trial, &mut trial_gradient);
                let change = next - value;
                let sum: f64 = trial_gradient.iter().map(|g| g.abs()).sum();
                let flat = change.abs() <= self.noise * value.abs();
                if sum.is_finite()
                    && (change <= step * ARMIJO * slope
                        || (flat && (sum < sum_before || max_abs(&trial_gradient) <= self.tol)))
                {
                    accepted = Some(next);
                    break;
                }
                step *= 0.5;
            }
            let Some(next) = accepted else {
                let reason = if self.share.is_finite() && little(value) {
                    NewtonStop::Converged
                } else {
                    NewtonStop::Stuck
                };
                return end(&gradient, n_iter, reason);
            };
            x.copy_from_slice(&trial);
            std::mem::swap(&mut gradient, &mut trial_gradient);
            value = next;
            if callback(n_iter + 1, value).is_break() {
                return end(&gradient, n_iter + 1, NewtonStop::Callback);
            }
            if max_abs(&gradient) <= self.tol && gain <= self.tol && little(value) {
                return end(&gradient, n_iter + 1, NewtonStop::Converged);
            }
        }
        end(&gradient, self.max_iter, NewtonStop::MaxIter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ cosh(aᵢ xᵢ − bᵢ), least at bᵢ / aᵢ.
    struct Hyperbolic {
        a: [f64; 2],
        b: [f64; 2],
        curvature: [f64; 2],
        evaluations: usize,
    }

    impl Curved for Hyperbolic {
        fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64 {
            self.evaluations += 1;
            let mut value = 0.0;
            for i in 0..2 {
                let z = self.a[i] * at[i] - self.b[i];
                value += z.cosh();
                gradient[i] = self.a[i] * z.sinh();
                self.curvature[i] = self.a[i] * self.a[i] * z.cosh();
            }
            value
        }
        fn direction(&mut self, _: &[f64], gradient: &[f64], direction: &mut [f64]) -> bool {
            for i in 0..2 {
                direction[i] = -gradient[i] / self.curvature[i];
            }
            self.curvature.iter().all(|c| *c > 0.0)
        }
    }

    fn problem() -> Hyperbolic {
        Hyperbolic {
            a: [1.0, 0.01],
            b: [3.0, -2.0],
            curvature: [0.0; 2],
            evaluations: 0,
        }
    }

    #[test]
    fn it_finds_the_minimum_in_few_steps() {
        let (mut x, mut f) = ([0.0, 0.0], problem());
        let newton = Newton {
            tol: 1e-10,
            share: f64::INFINITY,
            max_iter: 50,
            noise: 4.0 * f64::EPSILON,
        };
        let mut values = Vec::new();
        let end = newton.minimize(&mut x, &mut f, &mut |_, value| {
            values.push(value);
            ControlFlow::Continue(())
        });
        assert_eq!(end.reason, NewtonStop::Converged);
        assert!(
            (x[0] - 3.0).abs() < 1e-9 && (x[1] + 200.0).abs() < 1e-5,
            "{x:?}"
        );
        assert!(end.n_iter < 10 && values.len() == end.n_iter);
        assert!(values.windows(2).all(|v| v[1] <= v[0] * (1.0 + 1e-15)));
    }

    #[test]
    fn it_stops_when_told_and_says_why() {
        let newton = Newton {
            tol: 0.0,
            share: f64::INFINITY,
            max_iter: 3,
            noise: 0.0,
        };
        let run = |break_at: usize, start: f64| {
            let (mut x, mut f) = ([start, 0.0], problem());
            newton.minimize(&mut x, &mut f, &mut |i, _| {
                if i == break_at {
                    ControlFlow::Break(())
                } else {
                    ControlFlow::Continue(())
                }
            })
        };
        assert_eq!(run(2, 0.0).reason, NewtonStop::Callback);
        assert_eq!(
            (run(9, 0.0).reason, run(9, 0.0).n_iter),
            (NewtonStop::MaxIter, 3)
        );
        assert_eq!(run(9, 1e4).reason, NewtonStop::NotFinite);
    }

    #[test]
    fn a_step_too_long_is_halved() {
        // ln cosh has Newton steps that overshoot from far away.
        struct LnCosh(f64);
        impl Curved for LnCosh {
            fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64 {
                gradient[0] = at[0].tanh();
                self.0 = 1.0 - gradient[0].powi(2);
                at[0].cosh().ln()
            }
            fn direction(&mut self, _: &[f64], gradient: &[f64], direction: &mut [f64]) -> bool {
                direction[0] = -gradient[0] / self.0;
                self.0 > 0.0
            }
        }
        let newton = Newton {
            tol: 1e-12,
            share: f64::INFINITY,
            max_iter: 50,
            noise: 4.0 * f64::EPSILON,
        };
        let mut x = [2.0];
        let end = newton.minimize(&mut x, &mut LnCosh(0.0), &mut |_, _| {
            ControlFlow::Continue(())
        });
        assert!(
            end.reason == NewtonStop::Converged && x[0].abs() < 1e-10,
            "{end:?} {x:?}"
        );
    }
}
