//! What the two estimators have in common: settings under scikit-learn's names, and how they are written.

mod activations;
mod counts;
mod estimator;
mod solver;

pub use activations::Activations;
pub use counts::BatchSize;
pub(crate) use counts::{patience, sizes};
pub(crate) use estimator::{mlp_estimator, setters};
pub use solver::Solver;
pub(crate) use solver::{RateName, SolverName};

use crate::check::{self, Interval};
use crate::error::{Error, Result};

use super::clip::Clip;
use super::full_batch::FullBatch;
use super::learning_rate::LearningRate;
use super::optimizer::Optimizer;
use super::schedule::Schedule;
use super::train::Stochastic;

/// The most units of a layer: more is a mistake, whatever the memory.
const MOST_UNITS: usize = 1 << 30;

/// What Keras has beside scikit-learn's solvers; the default changes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Extras {
    /// In place of the solver's.
    pub optimizer: Option<Optimizer>,
    pub schedule: Schedule,
    pub warmup_steps: usize,
    pub clip: Option<Clip>,
    pub dropout: f64,
}

impl Extras {
    fn check(&self, estimator: &str, solver: &Solver) -> Result<()> {
        self.schedule.check(estimator, "schedule")?;
        if let Some(clip) = self.clip {
            clip.check(estimator)?;
        }
        let share = Interval::open(0.0, 1.0).including_low();
        check::real(estimator, "dropout", self.dropout, share)?;
        let full_batch = matches!(solver, Solver::Lbfgs { .. });
        if full_batch && self.dropout > 0.0 {
            return Err(Error::invalid_parameter(
                estimator,
                "dropout",
                "0 with the solver lbfgs, which minimises one function",
                self.dropout,
            ));
        }
        let Some(optimizer) = self.optimizer else {
            return Ok(());
        };
        if full_batch {
            return Err(Error::invalid_parameter(
                estimator,
                "optimizer",
                "none with the solver lbfgs, which goes by all rows at once",
                "one",
            ));
        }
        optimizer.check(estimator)
    }
}

/// The settings of an estimator, whichever it is.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub estimator: &'static str,
    pub hidden_layer_sizes: Vec<usize>,
    pub activation: Activations,
    pub solver: Solver,
    pub alpha: f64,
    pub batch_size: BatchSize,
    pub learning_rate_init: f64,
    pub max_iter: usize,
    pub shuffle: bool,
    pub random_state: u64,
    pub tol: f64,
    pub early_stopping: bool,
    pub validation_fraction: f64,
    pub n_iter_no_change: usize,
    pub extras: Extras,
}

impl Settings {
    pub(crate) fn check(&self) -> Result<()> {
        let name = self.estimator;
        if let Some(layer) = self.hidden_layer_sizes.iter().position(|&n| n == 0) {
            return Err(Error::invalid_parameter(
                name,
                "hidden_layer_sizes",
                "a list of sizes of at least 1",
                format!("0 for layer {layer}"),
            ));
        }
        let largest = self.hidden_layer_sizes.iter().max();
        if let Some(&size) = largest.filter(|&&n| n > MOST_UNITS) {
            return Err(Error::invalid_parameter(
                name,
                "hidden_layer_sizes",
                format!("a list of sizes of at most {MOST_UNITS}"),
                size,
            ));
        }
        let layers = self.hidden_layer_sizes.len();
        self.activation.check(name, layers)?;
        self.extras.check(name, &self.solver)?;
        check::real(name, "alpha", self.alpha, Interval::at_least(0.0))?;
        if let BatchSize::Rows(rows) = self.batch_size {
            check::count(name, "batch_size", rows, 1)?;
        }
        check::real(
            name,
            "learning_rate_init",
            self.learning_rate_init,
            Interval::above(0.0),
        )?;
        check::count(name, "max_iter", self.max_iter, 1)?;
        check::real(name, "tol", self.tol, Interval::at_least(0.0))?;
        check::count(name, "n_iter_no_change", self.n_iter_no_change, 1)?;
        check::real(
            name,
            "validation_fraction",
            self.validation_fraction,
            Interval::open(0.0, 1.0).including_low(),
        )
    }

    /// The settings of an optimiser that goes by batches, or of limited-memory BFGS.
    pub(crate) fn plan(&self) -> Plan {
        let (optimizer, learning_rate) = match self.solver {
            Solver::Adam {
                beta_1,
                beta_2,
                epsilon,
            } => {
                let adam = Optimizer::Adam {
                    beta_1,
                    beta_2,
                    epsilon,
                };
                (adam, LearningRate::Constant)
            }
            Solver::Sgd {
                momentum,
                nesterovs_momentum,
                learning_rate,
            } => {
                let sgd = Optimizer::Sgd {
                    momentum,
                    nesterovs_momentum,
                };
                (sgd, learning_rate)
            }
            Solver::Lbfgs { max_fun } => {
                return Plan::FullBatch(FullBatch {
                    estimator: self.estimator,
                    alpha: self.alpha,
                    tol: self.tol,
                    max_iter: self.max_iter,
                    max_fun,
                    n_iter_no_change: self.n_iter_no_change,
                });
            }
        };
        Plan::Stochastic(Box::new(Stochastic {
            estimator: self.estimator,
            optimizer: self.extras.optimizer.unwrap_or(optimizer),
            extras: self.extras,
            learning_rate,
            learning_rate_init: self.learning_rate_init,
            alpha: self.alpha,
            batch_size: match self.batch_size {
                BatchSize::Auto => None,
                BatchSize::Rows(rows) => Some(rows),
            },
            max_iter: self.max_iter,
            shuffle: self.shuffle,
            random_state: self.random_state,
            tol: self.tol,
            n_iter_no_change: self.n_iter_no_change,
            partial: false,
        }))
    }
}

/// How to train.
pub(crate) enum Plan {
    Stochastic(Box<Stochastic>),
    FullBatch(FullBatch),
}
