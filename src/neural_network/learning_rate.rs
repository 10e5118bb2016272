//! scikit-learn's three ways to lead the learning rate of gradient descent.

use serde::{Deserialize, Serialize};

use crate::params;

/// How the learning rate of gradient descent changes while it learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LearningRate {
    /// `learning_rate_init` throughout.
    #[default]
    Constant,
    /// After each epoch `learning_rate_init` / (t + 1)^`power_t`, with t the rows learned from so far.
    #[serde(rename = "invscaling")]
    InvScaling {
        /// The exponent, at least 0.
        #[serde(with = "params::number")]
        power_t: f64,
    },
    /// Divided by 5 where training would otherwise stop for want of progress, down to 10⁻⁶.
    Adaptive,
}

impl LearningRate {
    /// The rate after an epoch that leaves `samples` rows learned from in all.
    pub(crate) fn after_epoch(self, initial: f64, current: f64, samples: u64) -> f64 {
        match self {
            LearningRate::InvScaling { power_t } => initial / (samples as f64 + 1.0).powf(power_t),
            _ => current,
        }
    }

    /// The rate to go on with where there is no progress, or `None` to stop.
    pub(crate) fn on_plateau(self, current: f64) -> Option<f64> {
        match self {
            LearningRate::Adaptive if current > 1e-6 => Some(current / 5.0),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_hand() {
        let inverse = LearningRate::InvScaling { power_t: 0.5 };
        assert!((inverse.after_epoch(0.3, 0.1, 8) - 0.1).abs() < 1e-16);
        assert_eq!(inverse.on_plateau(1.0), None);
        assert_eq!(LearningRate::Adaptive.on_plateau(1.0), Some(0.2));
        assert_eq!(LearningRate::Adaptive.on_plateau(1e-6), None);
        assert_eq!(LearningRate::Constant.after_epoch(0.3, 0.1, 8), 0.1);
    }
}
