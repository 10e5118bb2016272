//! Schedules: how the learning rate changes while a network learns.
//!
//! With η₀ the initial rate and t the updates made so far (from 0), the rate of the next update is
//!
//! | schedule | rate |
//! |---|---|
//! | constant | η₀ |
//! | step | η₀ γ^⌊t/s⌋ |
//! | exponential | η₀ r^(t/s), or r^⌊t/s⌋ as a staircase |
//! | inverse time | η₀ / (1 + r t/s), or ⌊t/s⌋ as a staircase |
//! | cosine | η₀ ((1 − α)(1 + cos(π min(t/s, 1)))/2 + α) |
//! | cosine with restarts | the same over periods of s, s T, s T², ..., whose height shrinks by M each |
//! | one cycle | from η₀/d up to η₀ over a share p of s updates, then down to η₀/(d f), along half cosines |
//! | reduce on plateau | multiplied by a factor when the loss has not fallen for some epochs |
//!
//! A warm-up of k updates multiplies η₀ by t/k before any of them starts; the schedule then counts from 0. These are the
//! definitions of Keras 3 (step and one cycle: PyTorch).
//!
//! # Sources
//! I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017. L. N. Smith, N. Topin,
//! "Super-convergence", 2018.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::model::ensure;

/// How the learning rate changes from update to update; an update is the step that one batch makes.
///
/// ```
/// use fitwell::neural_network::Schedule;
///
/// let halves = Schedule::Step { step_size: 100, gamma: 0.5 };
/// assert_eq!([0, 99, 100, 250].map(|t| halves.rate(0.1, t)), [0.1, 0.1, 0.05, 0.025]);
/// let cosine = Schedule::Cosine { decay_steps: 1000, alpha: 0.0 };
/// assert!((cosine.rate(0.1, 500) - 0.05).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Schedule {
    /// The same throughout.
    #[default]
    Constant,
    /// Multiplied by `gamma` after every `step_size` updates.
    Step {
        /// Updates between changes, at least 1.
        step_size: usize,
        /// The factor, above 0.
        #[serde(with = "crate::params::number")]
        gamma: f64,
    },
    /// Multiplied by `decay_rate` over every `decay_steps` updates.
    #[doc(alias = "ExponentialDecay")]
    Exponential {
        /// Updates in which the rate changes by the factor, at least 1.
        decay_steps: usize,
        /// The factor, above 0.
        #[serde(with = "crate::params::number")]
        decay_rate: f64,
        /// Whether it changes only after whole `decay_steps`.
        staircase: bool,
    },
    /// Divided by 1 + `decay_rate` t / `decay_steps`.
    #[doc(alias = "InverseTimeDecay")]
    InverseTime {
        /// The unit of time in updates, at least 1.
        decay_steps: usize,
        /// How fast it falls, at least 0.
        #[serde(with = "crate::params::number")]
        decay_rate: f64,
        /// Whether it changes only after whole `decay_steps`.
        staircase: bool,
    },
    /// Half a cosine from the initial rate down to `alpha` of it.
    #[doc(alias = "CosineDecay")]
    Cosine {
        /// Updates until the lowest rate, at least 1.
        decay_steps: usize,
        /// The lowest rate as a share of the initial one, in [0, 1].
        #[serde(with = "crate::params::number")]
        alpha: f64,
    },
    /// Half cosines one after another.
    #[doc(alias = "CosineDecayRestarts")]
    CosineRestarts {
        /// Updates of the first period, at least 1.
        first_decay_steps: usize,
        /// How much longer each period is than the one before, at least 1.
        #[serde(with = "crate::params::number")]
        t_mul: f64,
        /// How much of the height of a period the next one keeps, above 0.
        #[serde(with = "crate::params::number")]
        m_mul: f64,
        /// The lowest rate as a share of the initial one, in [0, 1].
        #[serde(with = "crate::params::number")]
        alpha: f64,
    },
    /// Up and then far down, along half cosines; the initial rate is the highest.
    #[doc(alias = "OneCycleLR")]
    OneCycle {
        /// Updates of the whole cycle, at least 2; after it the rate stays.
        total_steps: usize,
        /// The share of them that goes up, in (0, 1).
        #[serde(with = "crate::params::number")]
        pct_start: f64,
        /// The highest rate over the first, at least 1.
        #[serde(with = "crate::params::number")]
        div_factor: f64,
        /// The first rate over the last, at least 1.
        #[serde(with = "crate::params::number")]
        final_div_factor: f64,
    },
    /// Multiplied by `factor` when the loss has not fallen by `min_delta` for `patience` epochs. The loss is that of the
    /// validation set where there is one, otherwise that of the training set.
    #[doc(alias = "ReduceLROnPlateau")]
    ReduceOnPlateau {
        /// The factor, in (0, 1).
        #[serde(with = "crate::params::number")]
        factor: f64,
        /// Epochs without a better loss, at least 1.
        patience: usize,
        /// How much better it must be, at least 0.
        #[serde(with = "crate::params::number")]
        min_delta: f64,
        /// Epochs after a change that do not count.
        cooldown: usize,
        /// The rate below which it does not fall, at least 0.
        #[serde(with = "crate::params::number")]
        min_lr: f64,
    },
}

impl Schedule {
    /// One cycle with PyTorch's defaults: 30 % up from 1/25 of the highest rate, then down to 1/10⁴ of the first.
    pub const fn one_cycle(total_steps: usize) -> Self {
        Schedule::OneCycle {
            total_steps,
            pct_start: 0.3,
            div_factor: 25.0,
            final_div_factor: 1e4,
        }
    }

    /// Reduction on a plateau with Keras's defaults, but for the patience: a tenth of the rate after `patience` epochs.
    pub const fn reduce_on_plateau(patience: usize) -> Self {
        Schedule::ReduceOnPlateau {
            factor: 0.1,
            patience,
            min_delta: 1e-4,
            cooldown: 0,
            min_lr: 0.0,
        }
    }

    /// The rate of the update after `updates` others, without a warm-up; a plateau leaves it to the course of training.
    pub fn rate(&self, initial: f64, updates: u64) -> f64 {
        let t = updates as f64;
        let floor_if = |staircase: bool, x: f64| if staircase { x.floor() } else { x };
        match *self {
            Schedule::Constant | Schedule::ReduceOnPlateau { .. } => initial,
            Schedule::Step { step_size, gamma } => {
                initial * gamma.powf((t / of(step_size)).floor())
            }
            Schedule::Exponential {
                decay_steps,
                decay_rate,
                staircase,
            } => initial * decay_rate.powf(floor_if(staircase, t / of(decay_steps))),
            Schedule::InverseTime {
                decay_steps,
                decay_rate,
                staircase,
            } => initial / (1.0 + decay_rate * floor_if(staircase, t / of(decay_steps))),
            Schedule::Cosine { decay_steps, alpha } => {
                let done = (t / of(decay_steps)).min(1.0);
                initial * ((1.0 - alpha) * half_cosine(done) + alpha)
            }
            Schedule::CosineRestarts {
                first_decay_steps,
                t_mul,
                m_mul,
                alpha,
            } => {
                let (period, done) = period(t / of(first_decay_steps), t_mul);
                let height = m_mul.powf(period);
                initial * ((1.0 - alpha) * height * half_cosine(done) + alpha)
            }
            Schedule::OneCycle {
                total_steps,
                pct_start,
                div_factor,
                final_div_factor,
            } => {
                let low = initial / div_factor;
                let end = low / final_div_factor;
                // As PyTorch counts: the top is at step p s − 1, the end at s − 1.
                let (top, last) = (pct_start * of(total_steps) - 1.0, of(total_steps) - 1.0);
                if t <= top {
                    initial + (low - initial) * half_cosine(t / top)
                } else {
                    end + (initial - end) * half_cosine(((t - top) / (last - top)).min(1.0))
                }
            }
        }
    }

    /// Checks every range.
    pub(crate) fn check(&self, estimator: &str, parameter: &str) -> Result<()> {
        let real = |name: &str, value: f64, range: Interval| {
            check::real(estimator, &format!("{parameter}.{name}"), value, range)
        };
        let count = |name: &str, value: usize, low: usize| {
            check::count(estimator, &format!("{parameter}.{name}"), value, low)
        };
        match *self {
            Schedule::Constant => Ok(()),
            Schedule::Step { step_size, gamma } => {
                count("step_size", step_size, 1)?;
                real("gamma", gamma, Interval::above(0.0))
            }
            Schedule::Exponential {
                decay_steps,
                decay_rate,
                ..
            } => {
                count("decay_steps", decay_steps, 1)?;
                real("decay_rate", decay_rate, Interval::above(0.0))
            }
            Schedule::InverseTime {
                decay_steps,
                decay_rate,
                ..
            } => {
                count("decay_steps", decay_steps, 1)?;
                real("decay_rate", decay_rate, Interval::at_least(0.0))
            }
            Schedule::Cosine { decay_steps, alpha } => {
                count("decay_steps", decay_steps, 1)?;
                real("alpha", alpha, Interval::closed(0.0, 1.0))
            }
            Schedule::CosineRestarts {
                first_decay_steps,
                t_mul,
                m_mul,
                alpha,
            } => {
                count("first_decay_steps", first_decay_steps, 1)?;
                real("t_mul", t_mul, Interval::at_least(1.0))?;
                real("m_mul", m_mul, Interval::above(0.0))?;
                real("alpha", alpha, Interval::closed(0.0, 1.0))
            }
            Schedule::OneCycle {
                total_steps,
                pct_start,
                div_factor,
                final_div_factor,
            } => {
                count("total_steps", total_steps, 2)?;
                real("pct_start", pct_start, Interval::open(0.0, 1.0))?;
                real("div_factor", div_factor, Interval::at_least(1.0))?;
                real(
                    "final_div_factor",
                    final_div_factor,
                    Interval::at_least(1.0),
                )
            }
            Schedule::ReduceOnPlateau {
                factor,
                patience,
                min_delta,
                min_lr,
                ..
            } => {
                real("factor", factor, Interval::open(0.0, 1.0))?;
                count("patience", patience, 1)?;
                real("min_delta", min_delta, Interval::at_least(0.0))?;
                real("min_lr", min_lr, Interval::at_least(0.0))
            }
        }
    }
}

fn of(steps: usize) -> f64 {
    steps as f64
}

/// From 1 down to 0.
fn half_cosine(done: f64) -> f64 {
    0.5 * (1.0 + (PI * done).cos())
}

/// The number of the period and the share of it that is done, for periods of lengths 1, `t_mul`, `t_mul`², ...
fn period(done: f64, t_mul: f64) -> (f64, f64) {
    if t_mul <= 1.0 {
        return (done.floor(), done - done.floor());
    }
    let start = |period: f64| (t_mul.powf(period) - 1.0) / (t_mul - 1.0);
    let mut period = ((1.0 + done * (t_mul - 1.0)).ln() / t_mul.ln())
        .floor()
        .max(0.0);
    // The logarithm may be off by a rounding at the border.
    if start(period + 1.0) <= done {
        period += 1.0;
    }
    if start(period) > done {
        period -= 1.0;
    }
    let share = (done - start(period)) / t_mul.powf(period);
    (period, share.clamp(0.0, 1.0))
}

/// The learning rate during a fit: warm-up, schedule and plateau, with what they remember.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plateau {
    /// What the plateaus have multiplied the rate with.
    factor: f64,
    /// The best loss, once there is one.
    best: Option<f64>,
    wait: usize,
    cooldown: usize,
}

impl Default for Plateau {
    fn default() -> Self {
        Plateau {
            factor: 1.0,
            best: None,
            wait: 0,
            cooldown: 0,
        }
    }
}

impl Plateau {
    /// The rate of the update after `updates` others.
    pub(crate) fn rate(
        &self,
        schedule: &Schedule,
        initial: f64,
        warmup_steps: usize,
        updates: u64,
    ) -> f64 {
        let warmup = warmup_steps as u64;
        if updates < warmup {
            return schedule.rate(initial, 0) * updates as f64 / warmup as f64;
        }
        let rate = schedule.rate(initial, updates - warmup) * self.factor;
        match *schedule {
            Schedule::ReduceOnPlateau { min_lr, .. } => rate.max(min_lr.min(initial)),
            _ => rate,
        }
    }

    /// After an epoch with this loss.
    pub(crate) fn epoch(&mut self, schedule: &Schedule, loss: f64) {
        let Schedule::ReduceOnPlateau {
            factor,
            patience,
            min_delta,
            cooldown,
            ..
        } = *schedule
        else {
            return;
        };
        let cooling = self.cooldown > 0;
        if cooling {
            self.cooldown -= 1;
            self.wait = 0;
        }
        if self.best.is_none_or(|best| loss < best - min_delta) {
            self.best = Some(loss);
            self.wait = 0;
        } else if self.cooldown == 0 {
            self.wait += 1;
            if self.wait >= patience {
                self.factor = (self.factor * factor).max(f64::MIN_POSITIVE);
                self.cooldown = cooldown;
                self.wait = 0;
            }
        }
    }

    pub(crate) fn validate(&self) -> Result<()> {
        ensure::that(self.factor > 0.0 && self.factor <= 1.0, || {
            format!("the learning rate's factor is {}", self.factor)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cosine_restarts_at_the_borders() {
        let schedule = Schedule::CosineRestarts {
            first_decay_steps: 10,
            t_mul: 2.0,
            m_mul: 0.5,
            alpha: 0.0,
        };
        // Periods start at 0, 10, 30, 70, 150, ...
        for (start, height) in [(0, 1.0), (10, 0.5), (30, 0.25), (70, 0.125), (150, 0.0625)] {
            assert!(
                (schedule.rate(1.0, start) - height).abs() < 1e-12,
                "{start}"
            );
        }
        assert!((schedule.rate(1.0, 20) - 0.25).abs() < 1e-12);
        for t in 0..5000 {
            let rate = schedule.rate(1.0, t);
            assert!((0.0..=1.0).contains(&rate), "{t}");
        }
    }

    #[test]
    fn one_cycle_goes_up_and_far_down() {
        let schedule = Schedule::one_cycle(100);
        assert!((schedule.rate(0.1, 0) - 0.004).abs() < 1e-15);
        assert!((schedule.rate(0.1, 29) - 0.1).abs() < 1e-15);
        assert!((schedule.rate(0.1, 99) - 4e-7).abs() < 1e-15);
        assert!((schedule.rate(0.1, 5000) - 4e-7).abs() < 1e-15);
    }

    #[test]
    fn warm_up_starts_at_nothing_and_shifts_the_schedule() {
        let plateau = Plateau::default();
        let schedule = Schedule::Exponential {
            decay_steps: 10,
            decay_rate: 0.5,
            staircase: false,
        };
        let rate = |t| plateau.rate(&schedule, 1.0, 4, t);
        assert_eq!([0, 1, 2, 3, 4].map(rate), [0.0, 0.25, 0.5, 0.75, 1.0]);
        assert!((rate(14) - 0.5).abs() < 1e-15);
    }

    #[test]
    fn a_plateau_waits_reduces_and_cools() {
        let schedule = Schedule::ReduceOnPlateau {
            factor: 0.5,
            patience: 2,
            min_delta: 0.01,
            cooldown: 1,
            min_lr: 0.2,
        };
        let mut plateau = Plateau::default();
        let rates: Vec<f64> = [
            1.0, 0.5, 0.495, 0.495, 0.495, 0.495, 0.495, 0.495, 0.4, 0.4, 0.4,
        ]
        .into_iter()
        .map(|loss| {
            plateau.epoch(&schedule, loss);
            plateau.rate(&schedule, 1.0, 0, 7)
        })
        .collect();
        assert_eq!(
            rates,
            [1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2, 0.2, 0.2]
        );
    }

    #[test]
    fn ranges_are_checked() {
        let bad = [
            Schedule::Step {
                step_size: 0,
                gamma: 0.5,
            },
            Schedule::Exponential {
                decay_steps: 5,
                decay_rate: f64::NAN,
                staircase: true,
            },
            Schedule::Cosine {
                decay_steps: 5,
                alpha: 2.0,
            },
            Schedule::one_cycle(1),
            Schedule::reduce_on_plateau(0),
        ];
        for schedule in bad {
            let error = schedule
                .check("E", "learning_rate")
                .unwrap_err()
                .to_string();
            assert!(error.contains("learning_rate."), "{error}");
        }
        Schedule::one_cycle(2).check("E", "learning_rate").unwrap();
    }
}
