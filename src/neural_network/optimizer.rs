//! Optimisers: how the parameters follow their gradient.
//!
//! Each updates one flat vector of parameters in one sweep. An optimiser is elementwise: parameter i needs its gradient and
//! its own slots (velocity, moments) alone, so that the sweep may run block by block, in any order, on any thread, with the
//! same bits. A parameter of 0 with a gradient that always is 0 stays 0: the padding of the weights relies on it.

use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::params;

/// A rule that turns gradients g into updates of the parameters p, with learning rate η at step t = 1, 2, ...
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Optimizer {
    /// Gradient descent with momentum: v ← μ v − η g; p ← p + v, or after Nesterov p ← p + μ v − η g with the new v.
    ///
    /// Source: I. Sutskever, J. Martens, G. Dahl and G. Hinton, "On the importance of initialization and momentum in deep
    /// learning", ICML 2013.
    Sgd {
        /// μ, in [0, 1].
        #[serde(with = "params::number")]
        momentum: f64,
        /// Whether to look ahead.
        nesterovs_momentum: bool,
    },
    /// m ← β₁ m + (1 − β₁) g; v ← β₂ v + (1 − β₂) g²; p ← p − η √(1 − β₂ᵗ) / (1 − β₁ᵗ) · m / (√v + ε).
    ///
    /// Source: D. P. Kingma and J. Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    Adam {
        /// β₁, in [0, 1).
        #[serde(with = "params::number")]
        beta_1: f64,
        /// β₂, in [0, 1).
        #[serde(with = "params::number")]
        beta_2: f64,
        /// ε > 0.
        #[serde(with = "params::number")]
        epsilon: f64,
    },
}

impl Default for Optimizer {
    /// Adam with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸.
    fn default() -> Self {
        Optimizer::Adam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }
}

impl Optimizer {
    /// Values remembered for each parameter; they start at 0.
    pub(crate) fn n_slots(self) -> usize {
        match self {
            Optimizer::Sgd { .. } => 1,
            Optimizer::Adam { .. } => 2,
        }
    }

    /// Every setting is in its range.
    ///
    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        match self {
            Optimizer::Sgd { momentum, .. } => {
                check::real(estimator, "momentum", momentum, Interval::closed(0.0, 1.0))
            }
            Optimizer::Adam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let decay = Interval::open(0.0, 1.0).including_low();
                check::real(estimator, "beta_1", beta_1, decay)?;
                check::real(estimator, "beta_2", beta_2, decay)?;
                check::real(estimator, "epsilon", epsilon, Interval::above(0.0))
            }
        }
    }

    /// Step number `t`, from 1, for a block of parameters. `slots` holds [`n_slots`](Self::n_slots) times as many values, one slot
    /// after the other.
    pub(crate) fn sweep<F: Float>(
        self,
        params: &mut [F],
        grads: &[F],
        slots: &mut [F],
        rate: f64,
        t: u64,
    ) {
        let n = params.len();
        match self {
            Optimizer::Sgd {
                momentum,
                nesterovs_momentum,
            } => {
                let (mu, eta) = (F::of(momentum), F::of(rate));
                let velocity = &mut slots[..n];
                simd(
                    #[inline(always)]
                    || {
                        for ((p, &g), v) in params.iter_mut().zip(grads).zip(velocity) {
                            *v = mu * *v - eta * g;
                            *p += if nesterovs_momentum {
                                mu * *v - eta * g
                            } else {
                                *v
                            };
                        }
                    },
                );
            }
            Optimizer::Adam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let (unbiased_1, unbiased_2) = (1.0 - power(beta_1, t), 1.0 - power(beta_2, t));
                let eta = F::of(rate * unbiased_2.sqrt() / unbiased_1);
                let (b1, b2, epsilon) = (F::of(beta_1), F::of(beta_2), F::of(epsilon));
                let (c1, c2) = (F::of(1.0 - beta_1), F::of(1.0 - beta_2));
                let (m, v) = slots[..2 * n].split_at_mut(n);
                simd(
                    #[inline(always)]
                    || {
                        for (((p, &g), m), v) in params.iter_mut().zip(grads).zip(m).zip(v) {
                            *m = b1 * *m + c1 * g;
                            *v = b2 * *v + c2 * (g * g);
                            *p -= eta * *m / (v.sqrt() + epsilon);
                        }
                    },
                );
            }
        }
    }
}

/// βᵗ for any t.
pub(crate) fn power(beta: f64, t: u64) -> f64 {
    beta.powf(t as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Optimizer; 3] = [
        Optimizer::Sgd {
            momentum: 0.9,
            nesterovs_momentum: true,
        },
        Optimizer::Sgd {
            momentum: 0.5,
            nesterovs_momentum: false,
        },
        Optimizer::Adam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        },
    ];

    #[test]
    fn blocks_and_padding_change_nothing() {
        let grads: Vec<f64> = (0..37).map(|i| f64::from(i % 5) - 2.0).collect();
        for optimizer in ALL {
            let slots = optimizer.n_slots();
            let mut whole = vec![0.25; 37];
            let mut memory = vec![0.0; 37 * slots];
            let mut parts = whole.clone();
            let mut left = vec![0.0; 20 * slots];
            let mut right = vec![0.0; 17 * slots];
            for t in 1..4 {
                optimizer.sweep(&mut whole, &grads, &mut memory, 0.1, t);
                let (a, b) = parts.split_at_mut(20);
                optimizer.sweep(a, &grads[..20], &mut left, 0.1, t);
                optimizer.sweep(b, &grads[20..], &mut right, 0.1, t);
            }
            assert_eq!(whole, parts, "{optimizer:?}");
            let mut padding = [0.0f32; 3];
            let mut memory = vec![0.0; 3 * slots];
            for t in 1..4 {
                optimizer.sweep(&mut padding, &[0.0; 3], &mut memory, 0.1, t);
            }
            assert!(padding.iter().all(|p| p.to_bits() == 0), "{optimizer:?}");
        }
    }

    #[test]
    fn first_steps_by_hand() {
        let step = |optimizer: Optimizer, times: u64| {
            let mut p = [1.0f64];
            let mut slots = vec![0.0; optimizer.n_slots()];
            for t in 1..=times {
                optimizer.sweep(&mut p, &[2.0], &mut slots, 0.1, t);
            }
            p[0]
        };
        // v = −0.2; with Nesterov the step is 0.9 v − 0.2.
        assert!((step(ALL[0], 1) - (1.0 - 0.38)).abs() < 1e-15);
        assert!((step(ALL[1], 1) - 0.8).abs() < 1e-15);
        // v = 0.5 · −0.2 − 0.2
        assert!((step(ALL[1], 2) - 0.5).abs() < 1e-15);
        // Adam's first steps are of length η while the gradient is the same.
        assert!((step(ALL[2], 1) - 0.9).abs() < 1e-8);
        assert!((step(ALL[2], 2) - 0.8).abs() < 1e-8);
    }
}
