//! Checkpoints: a fit that was interrupted goes on as if it had not been.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::neural_network::Optimizer;

use super::train::{Data, Plan, State, Target, Validation};

/// Where and how often a fit writes its whole state, and whether it goes on from what is there.
///
/// The file holds the parameters, what the optimiser and the schedule remember, the curves and the best network so far. If it
/// is there when a fit starts, with the same settings and the same data, the fit goes on from it: the model is the one that
/// an uninterrupted fit gives, bit for bit, on one kind of processor. Only `max_iter` may differ. Other settings or other data
/// are an error, not a restart. The file is replaced in one step, so that there is a whole one at any time; after the fit it
/// stays, and a second fit ends at once.
///
/// ```
/// use fitwell::neural_network::{Activation, Checkpoint, Sequential, SequentialClassifier};
/// use fitwell::prelude::*;
///
/// let iris = fitwell::datasets::load_iris()?;
/// let (x, y) = (iris.x, iris.target);
/// let path = std::env::temp_dir().join(format!("fitwell-doc-{}.checkpoint", std::process::id()));
/// let network = SequentialClassifier::new(Sequential::new().dense(8, Activation::Relu).dropout(0.1)).tol(0.0);
/// let resumed = network.clone().checkpoint(Checkpoint::new(&path).every(5));
/// let half = resumed.clone().max_iter(10).fit(&x, &y)?; // ends after ten epochs
/// let whole = resumed.max_iter(20).fit(&x, &y)?; // starts at the eleventh
/// assert_eq!(whole.predict_proba(&x)?, network.max_iter(20).fit(&x, &y)?.predict_proba(&x)?);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    path: PathBuf,
    every: usize,
}

impl Checkpoint {
    /// A file that is written after every epoch.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Checkpoint {
            path: path.into(),
            every: 1,
        }
    }

    /// Writes after each this many epochs, and after the last one; 0 counts as 1.
    #[must_use]
    pub fn every(mut self, epochs: usize) -> Self {
        self.every = epochs.max(1);
        self
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is time to write after this epoch.
    pub(super) fn is_due(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.every)
    }

    /// The state of the file if there is one, otherwise `fresh`.
    ///
    /// # Errors
    /// As [`Model::load`]; `InvalidInput` for a file of other settings or data.
    pub(super) fn start<F: Float>(
        &self,
        plan: &Plan<'_>,
        data: Fingerprint,
        fresh: State<F>,
    ) -> Result<State<F>> {
        if !self.path.try_exists().unwrap_or(true) {
            return Ok(fresh);
        }
        let (estimator, max_iter) = (plan.name, plan.max_iter);
        let saved = Saved::<F>::load(&self.path)?;
        let other = |what: &str| {
            Err(Error::invalid_input(
                format!("checkpoint {}", self.path.display()),
                format!(
                    "it was written by a fit of `{estimator}` with other {what}; remove it to start anew"
                ),
            ))
        };
        if saved.settings != plan.settings || saved.optimizer != plan.optimizer {
            return other("settings");
        }
        if saved.data != data {
            return other("data");
        }
        if saved.state.network.nodes != fresh.network.nodes {
            return other("layers");
        }
        if saved.state.n_iter() > max_iter {
            return Err(Error::invalid_parameter(
                estimator,
                "max_iter",
                format!(
                    "at least the {} epochs of the checkpoint",
                    saved.state.n_iter()
                ),
                max_iter,
            ));
        }
        Ok(saved.state)
    }
}

/// An estimator's checkpoint, if it has one. It is no hyper-parameter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(pub(super) Option<Checkpoint>);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What a checkpoint file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(super) struct Saved<F> {
    /// As JSON, without `max_iter`.
    pub(super) settings: String,
    pub(super) optimizer: Optimizer,
    pub(super) data: Fingerprint,
    pub(super) state: State<F>,
}

impl<F: Float> Model for Saved<F> {
    fn type_name() -> String {
        format!("NetworkCheckpoint<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.optimizer
            .check("checkpoint")
            .map_err(|e| Error::model_file(e.to_string()))?;
        ensure::at_least("epochs of a checkpoint", self.state.n_iter(), 1)?;
        self.state.validate(&self.optimizer)
    }
}

/// A number that other data most likely do not have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint(u64);

impl Fingerprint {
    pub(super) fn of<F: Float>(
        data: &Data<'_, F>,
        rows: &[usize],
        validation: Option<&Validation<'_, F>>,
    ) -> Self {
        let mut hash = 0xcbf2_9ce4_8422_2325;
        add(&mut hash, data, rows);
        if let Some(validation) = validation {
            add(&mut hash, &validation.data, &validation.rows);
        }
        Fingerprint(hash)
    }
}

/// FNV-1a over words, with a rotation that brings the high bits down.
fn mix(hash: &mut u64, word: u64) {
    *hash = ((*hash ^ word).wrapping_mul(0x0000_0100_0000_01b3)).rotate_left(29);
}

fn add<F: Float>(hash: &mut u64, data: &Data<'_, F>, rows: &[usize]) {
    mix(hash, rows.len() as u64);
    for &row in rows {
        for v in data.x.row(row) {
            mix(hash, v.f64().to_bits());
        }
        match &data.target {
            Target::Codes(codes) => mix(hash, u64::from(codes[row])),
            Target::Values(values) => {
                for v in values.row(row) {
                    mix(hash, v.f64().to_bits());
                }
            }
        }
        if let Some(weights) = data.weights {
            mix(hash, weights[row].to_bits());
        }
    }
}
