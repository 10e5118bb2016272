//! Optimisers: from the gradient of a batch to new parameters.
//!
//! Each updates one flat vector of parameters in one sweep. An optimiser is elementwise: a parameter needs its gradient and
//! its own slots (velocity, moments) alone, so that the sweep may run block by block, in any order, on any thread, with the
//! same bits. A parameter of 0 with a gradient that always is 0 stays 0: the padding of the weights relies on it. With w the
//! parameter, g its gradient, η the learning rate and t the number of the update from 1:
//!
//! | optimiser | update |
//! |---|---|
//! | SGD | v ← μ v − η g; w ← w + v, or with Nesterov w ← w + μ v − η g |
//! | Adam | m ← m + (1 − β₁)(g − m); v ← v + (1 − β₂)(g² − v); w ← w − η √(1 − β₂ᵗ)/(1 − β₁ᵗ) m / (√v + ε) |
//! | AdamW | w ← w − η λ w, then Adam |
//! | Nadam | m, v as Adam; uₜ = β₁ (1 − 0.96ᵗ/2); w ← w − η (uₜ₊₁ m / (1 − u₁⋯uₜ₊₁) + (1 − uₜ) g / (1 − u₁⋯uₜ)) / (√(v/(1 − β₂ᵗ)) + ε) |
//! | RMSprop | v ← ρ v + (1 − ρ) g²; s = η g / √(v + ε), centred η g / √(v − a² + ε) with a ← ρ a + (1 − ρ) g; w ← w − s, or u ← μ u + s; w ← w − u |
//! | Adagrad | v ← v + g²; w ← w − η g / √(v₀ + v + ε) |
//!
//! SGD and Adam are scikit-learn's, which Keras shares; the others are those of Keras 3.
//!
//! # Sources
//! D. P. Kingma, J. Ba, "Adam: a method for stochastic optimization", ICLR 2015. I. Loshchilov, F. Hutter, "Decoupled weight
//! decay regularization", ICLR 2019. T. Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016.
//! T. Tieleman, G. Hinton, "Lecture 6.5: RMSprop", 2012. J. Duchi, E. Hazan, Y. Singer, "Adaptive subgradient methods",
//! Journal of Machine Learning Research 12 (2011).

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::linalg::simd;
use crate::model::ensure;

/// How the gradient of a batch changes the parameters; by default Adam.
///
/// As a parameter by name it may be a name alone, which means its defaults: `"rms_prop"`.
///
/// ```
/// use fitwell::neural_network::Optimizer;
///
/// let by_name: Optimizer = serde_json::from_str("\"nadam\"").unwrap();
/// assert_eq!(by_name, Optimizer::nadam());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, remote = "Self")]
#[non_exhaustive]
pub enum Optimizer {
    /// Gradient descent, with momentum if wished.
    Sgd {
        /// The share of the last update that is kept, in [0, 1].
        #[serde(with = "crate::params::number", default = "zero")]
        momentum: f64,
        /// Whether the gradient's own share of the momentum is taken at once.
        #[serde(default)]
        nesterovs_momentum: bool,
    },
    /// Moments of the gradient and of its square.
    Adam {
        /// The decay of the first moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "nine_tenths")]
        beta_1: f64,
        /// The decay of the second moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "beta_2")]
        beta_2: f64,
        /// What keeps the divisor from 0, above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
    },
    /// Adam with every parameter shrunk by `weight_decay` times the learning rate before each update.
    AdamW {
        /// The decay of the first moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "nine_tenths")]
        beta_1: f64,
        /// The decay of the second moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "beta_2")]
        beta_2: f64,
        /// What keeps the divisor from 0, above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
        /// The share of a parameter that an update at learning rate 1 would take away, at least 0.
        #[serde(with = "crate::params::number", default = "weight_decay")]
        weight_decay: f64,
    },
    /// Adam with Nesterov's momentum.
    Nadam {
        /// The decay of the first moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "nine_tenths")]
        beta_1: f64,
        /// The decay of the second moment, in [0, 1).
        #[serde(with = "crate::params::number", default = "beta_2")]
        beta_2: f64,
        /// What keeps the divisor from 0, above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
    },
    /// The gradient over its root mean square.
    RmsProp {
        /// The decay of the mean square, in [0, 1).
        #[serde(with = "crate::params::number", default = "nine_tenths")]
        rho: f64,
        /// The share of the last update that is kept, in [0, 1).
        #[serde(with = "crate::params::number", default = "zero")]
        momentum: f64,
        /// What keeps the divisor from 0, above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
        /// Whether the mean of the gradient is taken off, so that the divisor is its standard deviation.
        #[serde(default)]
        centered: bool,
    },
    /// The gradient over the root of the sum of its squares.
    Adagrad {
        /// Where that sum starts, at least 0.
        #[serde(with = "crate::params::number", default = "one_tenth")]
        initial_accumulator_value: f64,
        /// What keeps the divisor from 0, above 0.
        #[serde(with = "crate::params::number", default = "epsilon")]
        epsilon: f64,
    },
}

impl Default for Optimizer {
    /// [`adam`](Self::adam).
    fn default() -> Self {
        Self::adam()
    }
}

impl Optimizer {
    /// Plain gradient descent.
    pub const fn sgd() -> Self {
        Optimizer::Sgd {
            momentum: 0.0,
            nesterovs_momentum: false,
        }
    }

    /// Gradient descent with Nesterov's momentum.
    pub const fn nesterov(momentum: f64) -> Self {
        Optimizer::Sgd {
            momentum,
            nesterovs_momentum: true,
        }
    }

    /// Adam with decays of 0.9 and 0.999 and scikit-learn's ε = 1e-8; Keras's is 1e-7.
    pub const fn adam() -> Self {
        Optimizer::Adam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// AdamW, otherwise as [`adam`](Self::adam); Keras's default decay is 0.004.
    #[doc(alias = "AdamW")]
    pub const fn adam_w(weight_decay: f64) -> Self {
        Optimizer::AdamW {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
            weight_decay,
        }
    }

    /// Nadam with decays of 0.9 and 0.999 and ε = 1e-7.
    pub const fn nadam() -> Self {
        Optimizer::Nadam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-7,
        }
    }

    /// RMSprop with a decay of 0.9 and ε = 1e-7, neither centred nor with momentum.
    #[doc(alias = "RMSprop")]
    pub const fn rms_prop() -> Self {
        Optimizer::RmsProp {
            rho: 0.9,
            momentum: 0.0,
            epsilon: 1e-7,
            centered: false,
        }
    }

    /// Adagrad with sums that start at 0.1 and ε = 1e-7.
    pub const fn adagrad() -> Self {
        Optimizer::Adagrad {
            initial_accumulator_value: 0.1,
            epsilon: 1e-7,
        }
    }

    /// The defaults of a name.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "sgd" => Self::sgd(),
            "adam" => Self::adam(),
            "adam_w" => Self::adam_w(0.004),
            "nadam" => Self::nadam(),
            "rms_prop" => Self::rms_prop(),
            "adagrad" => Self::adagrad(),
            _ => return None,
        })
    }

    /// Checks every range.
    pub(crate) fn check(self, estimator: &str) -> Result<()> {
        let unit = Interval::open(0.0, 1.0).including_low();
        let real = |name: &str, value: f64, range: Interval| {
            check::real(estimator, &format!("optimizer.{name}"), value, range)
        };
        match self {
            Optimizer::Sgd { momentum, .. } => {
                real("momentum", momentum, Interval::closed(0.0, 1.0))
            }
            Optimizer::Adam {
                beta_1,
                beta_2,
                epsilon,
            }
            | Optimizer::Nadam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                real("beta_1", beta_1, unit)?;
                real("beta_2", beta_2, unit)?;
                real("epsilon", epsilon, Interval::above(0.0))
            }
            Optimizer::AdamW {
                beta_1,
                beta_2,
                epsilon,
                weight_decay,
            } => {
                real("beta_1", beta_1, unit)?;
                real("beta_2", beta_2, unit)?;
                real("epsilon", epsilon, Interval::above(0.0))?;
                real("weight_decay", weight_decay, Interval::at_least(0.0))
            }
            Optimizer::RmsProp {
                rho,
                momentum,
                epsilon,
                ..
            } => {
                real("rho", rho, unit)?;
                real("momentum", momentum, unit)?;
                real("epsilon", epsilon, Interval::above(0.0))
            }
            Optimizer::Adagrad {
                initial_accumulator_value,
                epsilon,
            } => {
                let sum = initial_accumulator_value;
                real("initial_accumulator_value", sum, Interval::at_least(0.0))?;
                real("epsilon", epsilon, Interval::above(0.0))
            }
        }
    }

    /// Values remembered for each parameter; they start at 0.
    pub(crate) fn n_slots(self) -> usize {
        match self {
            Optimizer::Sgd { .. } | Optimizer::Adagrad { .. } => 1,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } | Optimizer::Nadam { .. } => 2,
            Optimizer::RmsProp {
                momentum, centered, ..
            } => 1 + usize::from(momentum > 0.0) + usize::from(centered),
        }
    }

    /// The slot that holds mean squares, which are never negative.
    pub(crate) fn squares(self) -> Option<usize> {
        match self {
            Optimizer::Sgd { .. } => None,
            Optimizer::Adam { .. } | Optimizer::AdamW { .. } | Optimizer::Nadam { .. } => Some(1),
            Optimizer::RmsProp { .. } | Optimizer::Adagrad { .. } => Some(0),
        }
    }

    /// What an optimiser of `n` parameters may remember, as a file has it.
    ///
    /// # Errors
    /// `ModelFile`.
    pub(crate) fn validate<F: Float>(self, slots: &[F], n: usize) -> Result<()> {
        let expected = n.checked_mul(self.n_slots());
        ensure::that(expected == Some(slots.len()), || {
            format!(
                "the optimiser has {} values for {n} parameters",
                slots.len()
            )
        })?;
        match self.squares() {
            Some(slot) => {
                let squares = &slots[slot * n..(slot + 1) * n];
                ensure::non_negative("mean squares of the optimiser", squares)
            }
            None => Ok(()),
        }
    }

    /// Step number `t`, from 1. `slots` holds [`n_slots`](Self::n_slots) times as many values as there are parameters, one slot
    /// after the other.
    pub(crate) fn sweep<F: Float>(
        self,
        params: &mut [F],
        grads: &[F],
        slots: &mut [F],
        rate: f64,
        t: u64,
    ) {
        let slots = Slots::new(slots, params.len());
        self.sweep_part(params, grads, slots, rate, t);
    }

    /// Step number `t`, from 1, for some of the parameters, with their slots.
    pub(crate) fn sweep_part<F: Float>(
        self,
        params: &mut [F],
        grads: &[F],
        Slots([first, second, third]): Slots<'_, F>,
        rate: f64,
        t: u64,
    ) {
        let eta = F::of(rate);
        match self {
            Optimizer::Sgd {
                momentum,
                nesterovs_momentum,
            } => {
                let mu = F::of(momentum);
                sweep_1(params, grads, first, |p, g, v| {
                    *v = mu * *v - eta * g;
                    *p += if nesterovs_momentum {
                        mu * *v - eta * g
                    } else {
                        *v
                    };
                });
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
                sweep_2(params, grads, first, second, |p, g, m, v| {
                    *m = b1 * *m + c1 * g;
                    *v = b2 * *v + c2 * (g * g);
                    *p -= eta * *m / (v.sqrt() + epsilon);
                });
            }
            Optimizer::AdamW {
                beta_1,
                beta_2,
                epsilon,
                weight_decay,
            } => {
                let (unbiased_1, unbiased_2) = (1.0 - power(beta_1, t), 1.0 - power(beta_2, t));
                let eta = F::of(rate * unbiased_2.sqrt() / unbiased_1);
                let (b1, b2, epsilon) = (F::of(beta_1), F::of(beta_2), F::of(epsilon));
                let (c1, c2) = (F::of(1.0 - beta_1), F::of(1.0 - beta_2));
                let kept = F::of(1.0 - weight_decay * rate);
                sweep_2(params, grads, first, second, |p, g, m, v| {
                    *m = b1 * *m + c1 * g;
                    *v = b2 * *v + c2 * (g * g);
                    *p = kept * *p - eta * *m / (v.sqrt() + epsilon);
                });
            }
            Optimizer::Nadam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let (product, next) = nadam_momentum(beta_1, t);
                let of_m = F::of(rate * next.0 / (1.0 - product * next.0));
                let of_g = F::of(rate * (1.0 - next.1) / (1.0 - product));
                let of_v = F::of(1.0 / (1.0 - power(beta_2, t)));
                let (b1, b2, epsilon) = (F::of(beta_1), F::of(beta_2), F::of(epsilon));
                let (c1, c2) = (F::of(1.0 - beta_1), F::of(1.0 - beta_2));
                sweep_2(params, grads, first, second, |p, g, m, v| {
                    *m = b1 * *m + c1 * g;
                    *v = b2 * *v + c2 * (g * g);
                    *p -= (of_m * *m + of_g * g) / ((of_v * *v).sqrt() + epsilon);
                });
            }
            Optimizer::RmsProp {
                rho,
                momentum,
                epsilon,
                centered,
            } => {
                let (mu, epsilon) = (F::of(momentum), F::of(epsilon));
                let (old, new) = (F::of(rho), F::of(1.0 - rho));
                match (momentum > 0.0, centered) {
                    (false, false) => sweep_1(params, grads, first, |p, g, v| {
                        *v = old * *v + new * (g * g);
                        *p -= eta * g / (*v + epsilon).sqrt();
                    }),
                    (false, true) => {
                        sweep_2(params, grads, first, second, |p, g, v, a| {
                            *v = old * *v + new * (g * g);
                            *a = old * *a + new * g;
                            *p -= eta * g / above_zero(*v - *a * *a, epsilon).sqrt();
                        });
                    }
                    (true, false) => {
                        sweep_2(params, grads, first, second, |p, g, v, u| {
                            *v = old * *v + new * (g * g);
                            *u = mu * *u + eta * g / (*v + epsilon).sqrt();
                            *p -= *u;
                        });
                    }
                    (true, true) => {
                        let slots = (first, second, third);
                        sweep_3(params, grads, slots, |p, g, v, u, a| {
                            *v = old * *v + new * (g * g);
                            *a = old * *a + new * g;
                            *u = mu * *u + eta * g / above_zero(*v - *a * *a, epsilon).sqrt();
                            *p -= *u;
                        });
                    }
                }
            }
            Optimizer::Adagrad {
                initial_accumulator_value,
                epsilon,
            } => {
                let start = F::of(initial_accumulator_value + epsilon);
                sweep_1(params, grads, first, |p, g, v| {
                    *v += g * g;
                    *p -= eta * g / (*v + start).sqrt();
                });
            }
        }
    }
}

/// The optimiser's memory of some parameters, slot by slot; those that it has not are empty.
pub(crate) struct Slots<'a, F>([&'a mut [F]; 3]);

impl<'a, F> Slots<'a, F> {
    /// Of all `n` parameters: one slot after the other.
    pub(crate) fn new(values: &'a mut [F], n: usize) -> Self {
        let (first, rest) = values.split_at_mut(n.min(values.len()));
        let (second, rest) = rest.split_at_mut(n.min(rest.len()));
        let third = n.min(rest.len());
        Slots([first, second, &mut rest[..third]])
    }

    /// Of the first `n` parameters, and of the others.
    pub(crate) fn split_at(self, n: usize) -> (Self, Self) {
        let [first, second, third] = self.0.map(|slot| slot.split_at_mut(n.min(slot.len())));
        (
            Slots([first.0, second.0, third.0]),
            Slots([first.1, second.1, third.1]),
        )
    }

    /// Of the parameters `from` up to `to`.
    pub(crate) fn part(&mut self, from: usize, to: usize) -> Slots<'_, F> {
        let [first, second, third] = &mut self.0;
        let within = |len: usize| from.min(len)..to.min(len);
        let (a, b, c) = (
            within(first.len()),
            within(second.len()),
            within(third.len()),
        );
        Slots([&mut first[a], &mut second[b], &mut third[c]])
    }
}

/// βᵗ for any t.
pub(crate) fn power(beta: f64, t: u64) -> f64 {
    beta.powf(t as f64)
}

/// u₁⋯uₜ of Nadam, and (uₜ₊₁, uₜ), with uₜ = β (1 − 0.96ᵗ/2).
fn nadam_momentum(beta: f64, t: u64) -> (f64, (f64, f64)) {
    // 0.96ᵗ is below half of ε from there on, so that every later uₜ is β.
    const SETTLED: u64 = 900;
    let u = |t: u64| beta * (1.0 - 0.5 * power(0.96, t));
    let (mut product, mut decay) = (1.0, 1.0);
    for _ in 0..t.min(SETTLED) {
        decay *= 0.96;
        product *= beta * (1.0 - 0.5 * decay);
        // It only enters as 1 minus it.
        if product < 1e-20 {
            return (0.0, (u(t + 1), u(t)));
        }
    }
    (product * power(beta, t - t.min(SETTLED)), (u(t + 1), u(t)))
}

const fn zero() -> f64 {
    0.0
}
const fn nine_tenths() -> f64 {
    0.9
}
const fn beta_2() -> f64 {
    0.999
}
const fn epsilon() -> f64 {
    1e-7
}
const fn weight_decay() -> f64 {
    0.004
}
const fn one_tenth() -> f64 {
    0.1
}

impl Serialize for Optimizer {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// A name alone, or a name with settings.
#[derive(Deserialize)]
#[serde(untagged)]
enum Text {
    Name(String),
    Settings(#[serde(deserialize_with = "Optimizer::deserialize")] Optimizer),
}

impl<'de> Deserialize<'de> for Optimizer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Self::deserialize(deserializer);
        }
        let named = match Text::deserialize(deserializer) {
            Ok(Text::Settings(optimizer)) => Some(optimizer),
            Ok(Text::Name(name)) => Optimizer::named(&name),
            Err(_) => None,
        };
        named.ok_or_else(|| {
            serde::de::Error::custom(
                "expected sgd, adam, adam_w, nadam, rms_prop or adagrad, alone or with its settings",
            )
        })
    }
}

/// A variance plus ε; rounding may have made the variance a little negative.
#[inline(always)]
fn above_zero<F: Float>(variance: F, epsilon: F) -> F {
    (if variance < F::zero() {
        F::zero()
    } else {
        variance
    }) + epsilon
}

/// One pass over the parameters, their gradient and a vector of the state.
#[inline(always)]
fn sweep_1<F: Float>(w: &mut [F], g: &[F], a: &mut [F], f: impl Fn(&mut F, F, &mut F)) {
    simd(
        #[inline(always)]
        || {
            for ((w, &g), a) in w.iter_mut().zip(g).zip(a) {
                f(w, g, a);
            }
        },
    );
}

/// One pass over the parameters, their gradient and two vectors of the state.
#[inline(always)]
fn sweep_2<F: Float>(
    w: &mut [F],
    g: &[F],
    a: &mut [F],
    b: &mut [F],
    f: impl Fn(&mut F, F, &mut F, &mut F),
) {
    simd(
        #[inline(always)]
        || {
            for (((w, &g), a), b) in w.iter_mut().zip(g).zip(a).zip(b) {
                f(w, g, a, b);
            }
        },
    );
}

/// One pass over the parameters, their gradient and three vectors of the state.
#[inline(always)]
fn sweep_3<F: Float>(
    w: &mut [F],
    g: &[F],
    (a, b, c): (&mut [F], &mut [F], &mut [F]),
    f: impl Fn(&mut F, F, &mut F, &mut F, &mut F),
) {
    simd(
        #[inline(always)]
        || {
            for ((((w, &g), a), b), c) in w.iter_mut().zip(g).zip(a).zip(b).zip(c) {
                f(w, g, a, b, c);
            }
        },
    );
}

#[cfg(test)]
pub(crate) const EVERY: [Optimizer; 10] = [
    Optimizer::sgd(),
    Optimizer::Sgd {
        momentum: 0.9,
        nesterovs_momentum: false,
    },
    Optimizer::nesterov(0.9),
    Optimizer::adam(),
    Optimizer::adam_w(0.01),
    Optimizer::nadam(),
    Optimizer::rms_prop(),
    Optimizer::RmsProp {
        rho: 0.8,
        momentum: 0.5,
        epsilon: 1e-7,
        centered: false,
    },
    Optimizer::RmsProp {
        rho: 0.8,
        momentum: 0.5,
        epsilon: 1e-7,
        centered: true,
    },
    Optimizer::adagrad(),
];

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
        for optimizer in ALL.into_iter().chain(EVERY) {
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
        assert!((step(ALL[2], 1) - 0.9).abs() < 1e-7);
        assert!((step(ALL[2], 2) - 0.8).abs() < 1e-7);
    }

    /// ∇ of Σ cᵢ (wᵢ − 1)² / 2.
    fn gradient(w: &[f64]) -> Vec<f64> {
        let curvature = [1.0, 10.0, 0.1];
        w.iter()
            .zip(curvature)
            .map(|(w, c)| c * (w - 1.0))
            .collect()
    }

    #[test]
    fn every_optimizer_descends() {
        for optimizer in EVERY {
            let mut w = vec![0.0, 3.0, 2.0];
            let mut slots = vec![0.0; 3 * optimizer.n_slots()];
            for t in 1..3000 {
                let g = gradient(&w);
                optimizer.sweep(&mut w, &g, &mut slots, 0.02, t);
            }
            let far = w.iter().map(|w| (w - 1.0f64).abs()).fold(0.0, f64::max);
            assert!(far < 0.6, "{optimizer:?}: {w:?}");
            optimizer.validate(&slots, 3).unwrap();
            assert!(optimizer.validate(&slots, 4).is_err());
        }
    }

    #[test]
    fn a_name_means_its_defaults() {
        for (name, optimizer) in [
            ("\"adam_w\"", Optimizer::adam_w(0.004)),
            ("\"rms_prop\"", Optimizer::rms_prop()),
            (
                "{\"sgd\":{\"momentum\":0.5}}",
                Optimizer::Sgd {
                    momentum: 0.5,
                    nesterovs_momentum: false,
                },
            ),
        ] {
            assert_eq!(serde_json::from_str::<Optimizer>(name).unwrap(), optimizer);
        }
        for optimizer in EVERY {
            let text = serde_json::to_string(&optimizer).unwrap();
            assert_eq!(serde_json::from_str::<Optimizer>(&text).unwrap(), optimizer);
            let bytes = postcard::to_stdvec(&optimizer).unwrap();
            assert_eq!(
                postcard::from_bytes::<Optimizer>(&bytes).unwrap(),
                optimizer
            );
            optimizer.check("E").unwrap();
        }
        for bad in ["\"adamw\"", "{\"adam\":{\"beta\":0.1}}", "3"] {
            assert!(serde_json::from_str::<Optimizer>(bad).is_err(), "{bad}");
        }
        let bad = Optimizer::nesterov(f64::NAN).check("E").unwrap_err();
        assert!(bad.to_string().contains("optimizer.momentum"), "{bad}");
    }

    #[test]
    fn the_momentum_of_nadam_is_a_product() {
        let mut product = 1.0;
        for t in 1..2000 {
            product *= 0.99 * (1.0 - 0.5 * 0.96f64.powi(t));
            let (p, _) = nadam_momentum(0.99, t as u64);
            assert!((p - product).abs() < 1e-14, "{t}: {p} {product}");
        }
    }

    #[test]
    fn memory_of_a_hostile_file_is_refused() {
        let optimizer = Optimizer::adam();
        assert!(optimizer.validate(&[0.0, 0.0, 1.0, 1.0], 2).is_ok());
        assert!(optimizer.validate(&[0.0, 0.0, 1.0, -1.0], 2).is_err());
        assert!(optimizer.validate(&[0.0, 0.0, 1.0], 2).is_err());
        assert!(optimizer.validate::<f64>(&[], usize::MAX).is_err());
    }
}
