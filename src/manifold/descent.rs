//! Gradient descent with momentum and a gain for each coordinate.

use crate::error::Result;

/// Iterations between looks at the divergence.
const CHECK: usize = 50;
/// Iterations with early exaggeration.
pub(super) const EXPLORATION: usize = 250;
/// The least gain.
const LEAST_GAIN: f64 = 0.01;

/// How to descend.
pub(super) struct Descent {
    pub(super) learning_rate: f64,
    pub(super) min_grad_norm: f64,
    pub(super) n_iter_without_progress: i64,
    pub(super) max_iter: usize,
    pub(super) exaggeration: f64,
}

/// Where it ended.
pub(super) struct Landing {
    pub(super) divergence: f64,
    /// The last iteration, from 0.
    pub(super) n_iter: usize,
}

impl Descent {
    /// Moves `y` in both phases. `objective(y, factor, divergence?)` gives the gradient with probabilities times the factor.
    pub(super) fn run(
        &self,
        y: &mut [f64],
        mut objective: impl FnMut(&[f64], f64, bool) -> (Vec<f64>, f64),
        mut report: impl FnMut(usize, Option<f64>) -> Result<()>,
    ) -> Result<Landing> {
        let explore = EXPLORATION as i64;
        let early = |y: &[f64], check| objective(y, self.exaggeration, check);
        let mut landing = self.phase(y, 0..EXPLORATION, 0.5, explore, early, &mut report)?;
        if landing.n_iter < EXPLORATION || self.max_iter > EXPLORATION {
            let late = |y: &[f64], check| objective(y, 1.0, check);
            let rest = landing.n_iter + 1..self.max_iter;
            if !rest.is_empty() {
                let patience = self.n_iter_without_progress;
                landing = self.phase(y, rest, 0.8, patience, late, &mut report)?;
            }
        }
        Ok(landing)
    }

    fn phase(
        &self,
        y: &mut [f64],
        iterations: std::ops::Range<usize>,
        momentum: f64,
        patience: i64,
        mut objective: impl FnMut(&[f64], bool) -> (Vec<f64>, f64),
        report: &mut impl FnMut(usize, Option<f64>) -> Result<()>,
    ) -> Result<Landing> {
        let mut update = vec![0.0_f64; y.len()];
        let mut gains = vec![1.0_f64; y.len()];
        let (mut best, mut best_iter) = (f64::MAX, iterations.start);
        let last = iterations.end.saturating_sub(1);
        let mut landing = Landing {
            divergence: f64::MAX,
            n_iter: iterations.start,
        };
        for i in iterations {
            let check = (i + 1).is_multiple_of(CHECK);
            let (mut gradient, divergence) = objective(y, check || i == last);
            let each = gradient
                .iter_mut()
                .zip(&mut gains)
                .zip(&mut update)
                .zip(y.iter_mut());
            for (((g, gain), update), y) in each {
                *gain = if *update * *g < 0.0 {
                    *gain + 0.2
                } else {
                    *gain * 0.8
                };
                *gain = gain.max(LEAST_GAIN);
                *g *= *gain;
                *update = momentum * *update - self.learning_rate * *g;
                *y += *update;
            }
            landing = Landing {
                divergence,
                n_iter: i,
            };
            report(i + 1, check.then_some(divergence))?;
            if !check {
                continue;
            }
            let norm = gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            if divergence < best {
                (best, best_iter) = (divergence, i);
            } else if (i - best_iter) as i64 > patience {
                break;
            }
            if norm <= self.min_grad_norm {
                break;
            }
        }
        Ok(landing)
    }
}
