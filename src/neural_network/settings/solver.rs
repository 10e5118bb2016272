//! What finds the weights: the solvers with their settings, and the names they go by.

use serde::{Deserialize, Serialize};

use crate::neural_network::learning_rate::LearningRate;

/// What finds the weights, with the settings that belong to it.
///
/// By parameter name, as in scikit-learn: `solver` is `"adam"`, `"sgd"` or `"lbfgs"`, the settings stand beside it
/// (`beta_1`, `momentum`, `max_fun`, ...).
///
/// ```
/// use fitwell::neural_network::{LearningRate, MlpClassifier, Solver};
/// use fitwell::prelude::*;
///
/// let typed = MlpClassifier::new().solver(Solver::Sgd {
///     momentum: 0.5,
///     nesterovs_momentum: true,
///     learning_rate: LearningRate::Adaptive,
/// });
/// let named = MlpClassifier::new()
///     .with_param("solver", "sgd")?
///     .with_param("momentum", 0.5)?
///     .with_param("learning_rate", "adaptive")?;
/// assert_eq!(typed, named);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Solver {
    /// Adam over batches of rows: the default, good for thousands of rows and more.
    Adam {
        /// How slowly the mean gradient is forgotten, in [0, 1); 0.9 by default.
        beta_1: f64,
        /// How slowly the mean squared gradient is forgotten, in [0, 1); 0.999 by default.
        beta_2: f64,
        /// Added to the root of the mean squared gradient, above 0; 10⁻⁸ by default.
        epsilon: f64,
    },
    /// Gradient descent with momentum over batches of rows.
    Sgd {
        /// The share of the last step that is made again, in [0, 1]; 0.9 by default.
        momentum: f64,
        /// Whether to look ahead by that share; true by default.
        nesterovs_momentum: bool,
        /// How the learning rate changes; constant by default.
        learning_rate: LearningRate,
    },
    /// Limited-memory BFGS over all rows at once: for small data it takes fewer passes and ends lower.
    Lbfgs {
        /// The most evaluations of loss and gradient, 15,000 by default; the step that exceeds it is made to its end.
        max_fun: usize,
    },
}

impl Solver {
    /// Adam with scikit-learn's settings.
    pub const fn adam() -> Self {
        Solver::Adam {
            beta_1: 0.9,
            beta_2: 0.999,
            epsilon: 1e-8,
        }
    }

    /// Gradient descent with scikit-learn's settings.
    pub const fn sgd() -> Self {
        Solver::Sgd {
            momentum: 0.9,
            nesterovs_momentum: true,
            learning_rate: LearningRate::Constant,
        }
    }

    /// Limited-memory BFGS with scikit-learn's settings.
    pub const fn lbfgs() -> Self {
        Solver::Lbfgs { max_fun: 15_000 }
    }
}

impl Default for Solver {
    fn default() -> Self {
        Self::adam()
    }
}

/// The solver's name alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SolverName {
    Adam,
    Sgd,
    Lbfgs,
}

/// The name of a way to lead the learning rate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RateName {
    Constant,
    #[serde(rename = "invscaling")]
    InvScaling,
    Adaptive,
}
