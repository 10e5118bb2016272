//! Checkpoints: a fit that was interrupted goes on as if it had not been.

use std::fmt::Debug;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Format, Model, ensure};

/// Where and how often a fit writes its whole state, and whether it goes on from what is there.
///
/// The file holds the parameters, what the optimiser (limited-memory BFGS too) and the schedule remember, the curves and the
/// best network so far. If it is there when a fit starts, with the same settings and the same data, the fit goes on from it: the model is the one that
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
    pub(crate) fn is_due(&self, epoch: usize) -> bool {
        epoch.is_multiple_of(self.every)
    }

    /// The state of the file, if there is one. `fits` says whether it is of the network that is to learn.
    ///
    /// # Errors
    /// As [`Model::load`]; `InvalidInput` for a file of other settings or data; `InvalidParameter` when it has more epochs
    /// than `max_iter`.
    pub(crate) fn start<S: Resume>(
        &self,
        estimator: &str,
        settings: &str,
        data: Fingerprint,
        max_iter: usize,
        fits: impl FnOnce(&S) -> bool,
    ) -> Result<Option<S>> {
        if !self.path.try_exists().unwrap_or(true) {
            return Ok(None);
        }
        let saved = Saved::<S>::load(&self.path)?;
        let other = |what: &str| {
            Err(Error::invalid_input(
                format!("checkpoint {}", self.path.display()),
                format!(
                    "it was written by a fit of `{estimator}` with other {what}; remove it to start anew"
                ),
            ))
        };
        if saved.settings != settings {
            return other("settings");
        }
        if saved.data != data {
            return other("data");
        }
        if !fits(&saved.state) {
            return other("layers");
        }
        let epochs = saved.state.n_iter();
        if epochs > max_iter {
            return Err(Error::invalid_parameter(
                estimator,
                "max_iter",
                format!("at least the {epochs} epochs of the checkpoint"),
                max_iter,
            ));
        }
        Ok(Some(saved.state))
    }

    /// Replaces the file; gives the state back.
    ///
    /// # Errors
    /// As [`Model::save`].
    pub(crate) fn save<S: Resume>(&self, settings: &str, data: Fingerprint, state: S) -> Result<S> {
        let saved = Saved {
            settings: settings.into(),
            data,
            state,
        };
        saved.save(&self.path, Format::Binary)?;
        Ok(saved.state)
    }
}

/// The state of a fit that a checkpoint can hold.
pub(crate) trait Resume: Clone + Debug + PartialEq + Serialize + DeserializeOwned {
    /// What a file is called that holds it.
    fn type_name() -> String;

    /// The epochs made.
    fn n_iter(&self) -> usize;

    /// As [`Model::validate`].
    ///
    /// # Errors
    /// `ModelFile`.
    fn validate(&self) -> Result<()>;
}

/// An estimator's checkpoint, if it has one. It is no hyper-parameter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Place(pub(crate) Option<Checkpoint>);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// What a checkpoint file holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "S: Resume")]
pub(crate) struct Saved<S> {
    /// As text, without `max_iter`.
    pub(crate) settings: String,
    pub(crate) data: Fingerprint,
    pub(crate) state: S,
}

impl<S: Resume> Model for Saved<S> {
    fn type_name() -> String {
        S::type_name()
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("epochs of a checkpoint", self.state.n_iter(), 1)?;
        self.state.validate()
    }
}

/// A number that other data most likely do not have: FNV-1a over words, with a rotation that brings the high bits down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint(u64);

impl Default for Fingerprint {
    /// Of nothing.
    fn default() -> Self {
        Fingerprint(0xcbf2_9ce4_8422_2325)
    }
}

impl Fingerprint {
    pub(crate) fn word(&mut self, word: u64) {
        self.0 = (self.0 ^ word)
            .wrapping_mul(0x0000_0100_0000_01b3)
            .rotate_left(29);
    }

    pub(crate) fn numbers<'a, F: Float>(&mut self, values: impl IntoIterator<Item = &'a F>) {
        for v in values {
            self.word(v.f64().to_bits());
        }
    }
}
