//! The settings of the estimators that learn by stochastic gradient descent.

use serde::{Deserialize, Serialize};

use super::sgd_kernel::Method;
use super::sgd_loss::Loss;
use super::sgd_train::Epochs;
use crate::check::{self, Interval};
use crate::error::{Error, Result};

/// The penalty of stochastic gradient descent; none is `None`.
///
/// ```
/// use fitwell::{linear_model::{SgdClassifier, SgdPenalty}, prelude::*};
///
/// let sparse = SgdClassifier::new().penalty(SgdPenalty::L1);
/// assert_eq!(sparse, SgdClassifier::new().with_param("penalty", "l1")?);
/// let free = SgdClassifier::new().penalty(None);
/// assert_eq!(free.params()["penalty"], serde_json::Value::Null);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdPenalty {
    /// ‖w‖² / 2: every step shrinks all weights by the same factor.
    L2,
    /// ‖w‖₁: weights that the data do not hold up become 0.
    L1,
    /// (1 − `l1_ratio`) ‖w‖² / 2 + `l1_ratio` ‖w‖₁.
    Elasticnet,
}

/// The step size η of step t.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdLearningRate {
    /// `eta0`.
    Constant,
    /// 1 / (`alpha` (t₀ + t − 1)), where t₀ makes the first step of the size that weights of the optimum typically have (L.
    /// Bottou). `eta0` does not count.
    Optimal,
    /// `eta0` / t^`power_t`.
    Invscaling,
    /// `eta0`, divided by 5 whenever `n_iter_no_change` epochs in a row do not improve, down to 1e-6; then the fit ends.
    Adaptive,
    /// Passive-aggressive, first form: min(`eta0`, loss / ‖x‖²). With the losses `hinge` and `epsilon_insensitive`.
    Pa1,
    /// Passive-aggressive, second form: loss / (‖x‖² + 1 / (2 `eta0`)). With the same losses.
    Pa2,
}

/// Serde for `average`: a number of steps, or a truth value, of which true is the first step.
pub(super) mod average {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a boolean or the step from which to average"
    )]
    enum Given {
        On(bool),
        From(usize),
    }

    pub(in super::super) fn serialize<S: Serializer>(
        from: &usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        from.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<usize, D::Error> {
        if !deserializer.is_human_readable() {
            return usize::deserialize(deserializer);
        }
        Given::deserialize(deserializer).map(|given| match given {
            Given::On(on) => usize::from(on),
            Given::From(step) => step,
        })
    }
}

/// What not all of the estimators let their users choose.
pub(super) struct Own {
    pub(super) loss: Loss,
    /// The loss is one that passive-aggressive steps are of.
    pub(super) passive: bool,
    pub(super) epsilon: f64,
    pub(super) learning_rate: SgdLearningRate,
    pub(super) power_t: f64,
    pub(super) average: usize,
}

/// The settings of any of the estimators.
pub(super) struct Settings {
    pub(super) name: &'static str,
    pub(super) own: Own,
    pub(super) penalty: Option<SgdPenalty>,
    pub(super) alpha: f64,
    pub(super) l1_ratio: f64,
    pub(super) eta0: f64,
    pub(super) fit_intercept: bool,
    pub(super) max_iter: usize,
    pub(super) tol: Option<f64>,
    pub(super) shuffle: bool,
    pub(super) early_stopping: bool,
    pub(super) validation_fraction: f64,
    pub(super) n_iter_no_change: usize,
    pub(super) random_state: u64,
}

impl Settings {
    /// Every range.
    pub(super) fn check(&self) -> Result<()> {
        let name = self.name;
        check::real(name, "alpha", self.alpha, Interval::at_least(0.0))?;
        check::real(name, "l1_ratio", self.l1_ratio, Interval::closed(0.0, 1.0))?;
        check::real(name, "epsilon", self.own.epsilon, Interval::at_least(0.0))?;
        check::real(name, "eta0", self.eta0, Interval::above(0.0))?;
        let any = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::real(name, "power_t", self.own.power_t, any)?;
        check::count(name, "max_iter", self.max_iter, 1)?;
        if let Some(tol) = self.tol {
            check::real(name, "tol", tol, Interval::at_least(0.0))?;
        }
        check::count(name, "n_iter_no_change", self.n_iter_no_change, 1)?;
        let share = Interval::open(0.0, 1.0);
        check::real(name, "validation_fraction", self.validation_fraction, share)?;
        if self.own.learning_rate == SgdLearningRate::Optimal && self.alpha == 0.0 {
            let expected =
                "above 0 with `learning_rate` optimal, which takes the step size from it";
            return Err(Error::invalid_parameter(name, "alpha", expected, "0"));
        }
        let passive = matches!(
            self.own.learning_rate,
            SgdLearningRate::Pa1 | SgdLearningRate::Pa2
        );
        if passive && !self.own.passive {
            let expected = "another schedule: pa1 and pa2 are for the losses hinge (classes) and epsilon_insensitive (values)";
            let got = if self.own.learning_rate == SgdLearningRate::Pa1 {
                "pa1"
            } else {
                "pa2"
            };
            return Err(Error::invalid_parameter(
                name,
                "learning_rate",
                expected,
                got,
            ));
        }
        Ok(())
    }

    /// Learning batch by batch has no rows to hold out.
    pub(super) fn check_batches(&self) -> Result<()> {
        self.check()?;
        if self.early_stopping {
            let expected = "false for `partial_fit`, which holds no rows out";
            return Err(Error::invalid_parameter(
                self.name,
                "early_stopping",
                expected,
                "true",
            ));
        }
        Ok(())
    }

    pub(super) fn method(&self) -> Method {
        Method {
            loss: self.own.loss,
            penalty: self.penalty,
            alpha: self.alpha,
            l1_ratio: match self.penalty {
                Some(SgdPenalty::L2) => 0.0,
                Some(SgdPenalty::L1) => 1.0,
                _ => self.l1_ratio,
            },
            rate: self.own.learning_rate,
            eta0: self.eta0,
            power_t: self.own.power_t,
            fit_intercept: self.fit_intercept,
            average: self.own.average as f64,
            objective: !self.early_stopping,
        }
    }

    pub(super) fn epochs(&self) -> Epochs {
        Epochs {
            max_iter: self.max_iter,
            tol: self.tol,
            n_iter_no_change: self.n_iter_no_change,
            shuffle: self.shuffle,
            validation: self.early_stopping.then_some(self.validation_fraction),
            random_state: self.random_state,
        }
    }
}
