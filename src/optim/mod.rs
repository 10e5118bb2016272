//! Minimisers of smooth functions of flat parameter vectors; they know vectors and no estimator.

mod history;
pub mod lbfgs;
mod line_search;
mod more_thuente;
pub(crate) mod newton;
mod vector;

pub(crate) use lbfgs::State;
pub use lbfgs::{Lbfgs, Minimum, Precondition, Step, StopReason};
