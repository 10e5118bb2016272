//! What iterative work reports while it runs, and how to stop it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::error::{ErrorKind, Result};

/// One step of iterative work: an iteration of a solver, a candidate of a search.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// What is working: `LogisticRegression`, `GridSearchCv`.
    pub source: &'static str,
    /// The steps done so far, from 1.
    pub iteration: usize,
    /// The most steps there will be, where that is known.
    pub total: Option<usize>,
    /// The objective (minimised) or the score after this step, where there is one.
    pub value: Option<f64>,
    /// What else is known after an epoch of a network.
    pub epoch: Option<Epoch>,
}

/// The record of one epoch of a network: a pass over the training rows.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Epoch {
    /// The mean loss of the batches, as they were learned from.
    pub loss: f64,
    /// The loss of the validation set after the epoch, if there is one.
    pub validation_loss: Option<f64>,
    /// What the validation set is judged by, greater is better, if that is not its loss.
    pub validation_score: Option<f64>,
    /// The learning rate of the last update.
    pub learning_rate: f64,
}

/// Watches iterative work; by default nothing does.
///
/// Steps of one estimator arrive in order. Returning [`ControlFlow::Break`] stops the work: `fit` then returns
/// [`ErrorKind::Cancelled`]. Closures are observers.
///
/// ```
/// use std::ops::ControlFlow;
/// use std::sync::{Arc, Mutex};
/// use fitwell::observer::Progress;
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::array;
///
/// let losses = Arc::new(Mutex::new(Vec::new()));
/// let seen = Arc::clone(&losses);
/// let model = LogisticRegression::new().observer(move |p: &Progress| {
///     seen.lock().unwrap().extend(p.value);
///     ControlFlow::Continue(())
/// });
/// model.fit(&array![[0.0], [1.0], [2.0], [3.0]], &Labels::from([0, 0, 1, 1]))?;
/// assert!(losses.lock().unwrap().windows(2).all(|w| w[1] <= w[0]));
/// # Ok::<(), Error>(())
/// ```
pub trait Observer: Send + Sync {
    /// Called after each step.
    fn observe(&self, progress: &Progress) -> ControlFlow<()>;
}

impl<T: Fn(&Progress) -> ControlFlow<()> + Send + Sync> Observer for T {
    fn observe(&self, progress: &Progress) -> ControlFlow<()> {
        self(progress)
    }
}

/// An estimator's observer, if it has one. It is no hyper-parameter: it is not written to files and does not count when
/// estimators are compared.
#[derive(Clone, Default)]
pub struct Watch(Option<Arc<dyn Observer>>);

impl Watch {
    /// Watched by `observer`.
    pub fn by(observer: impl Observer + 'static) -> Self {
        Watch(Some(Arc::new(observer)))
    }

    /// Reports a step; an error if the observer wants to stop.
    ///
    /// # Errors
    /// `Cancelled` when the observer breaks.
    pub fn report(
        &self,
        source: &'static str,
        iteration: usize,
        total: Option<usize>,
        value: Option<f64>,
    ) -> Result<()> {
        self.send(&Progress {
            source,
            iteration,
            total,
            value,
            epoch: None,
        })
    }

    /// Reports an epoch of a network; an error if the observer wants to stop.
    ///
    /// # Errors
    /// `Cancelled` when the observer breaks.
    pub fn report_epoch(
        &self,
        source: &'static str,
        iteration: usize,
        total: Option<usize>,
        epoch: Epoch,
    ) -> Result<()> {
        self.send(&Progress {
            source,
            iteration,
            total,
            value: Some(epoch.loss),
            epoch: Some(epoch),
        })
    }

    fn send(&self, progress: &Progress) -> Result<()> {
        let Some(observer) = &self.0 else {
            return Ok(());
        };
        match observer.observe(progress) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(()) => Err(ErrorKind::Cancelled {
                estimator: progress.source.into(),
                iterations: progress.iteration,
            }
            .into()),
        }
    }
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() {
            "Watch(..)"
        } else {
            "Watch(none)"
        })
    }
}

impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
