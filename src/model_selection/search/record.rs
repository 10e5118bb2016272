//! What finished, told in order: to the observer, and to the log.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::resume::LogWriter;
use crate::error::Result;
use crate::model_selection::cross_validate::mean;
use crate::model_selection::search_results::Number;
use crate::observer::Watch;

/// What one fit on one fold gave, or what it was given because it failed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoldRecord {
    /// For each scorer.
    pub(crate) test: Vec<Number>,
    pub(crate) train: Option<Vec<Number>>,
    pub(crate) fit_time: f64,
    pub(crate) score_time: f64,
    pub(crate) failure: Option<String>,
}

/// The records of all candidates. Tells the observer of candidates in order, whatever the order in which they finish.
pub(super) struct Recorder<'a> {
    watch: &'a Watch,
    name: &'static str,
    total: Option<usize>,
    n_folds: usize,
    ranked_by: usize,
    log: Option<LogWriter>,
    state: Mutex<State>,
    /// Held by the thread that talks to the observer. It is no lock: an observer that itself waits for rayon may find
    /// that this thread runs another fit meanwhile, which must not wait for the observer.
    reporting: AtomicBool,
}

#[derive(Default)]
struct State {
    /// The next candidate to report.
    next: usize,
    candidates: Vec<Slot>,
}

/// The folds of one candidate.
struct Slot {
    /// What the log calls it.
    key: String,
    folds: Vec<Option<FoldRecord>>,
}

impl Slot {
    fn is_complete(&self) -> bool {
        self.folds.iter().all(Option::is_some)
    }
}

impl<'a> Recorder<'a> {
    pub(super) fn new(
        watch: &'a Watch,
        name: &'static str,
        total: Option<usize>,
        n_folds: usize,
        ranked_by: usize,
        log: Option<LogWriter>,
    ) -> Self {
        Recorder {
            watch,
            name,
            total,
            n_folds,
            ranked_by,
            log,
            state: Mutex::default(),
            reporting: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes room for a candidate, whose folds may stand in a log already.
    pub(super) fn add(&self, key: String, known: Option<Vec<FoldRecord>>) {
        let folds = match known {
            Some(folds) => folds.into_iter().map(Some).collect(),
            None => vec![None; self.n_folds],
        };
        self.state().candidates.push(Slot { key, folds });
    }

    /// Takes what a fold gave; after the last fold of a candidate, writes its line to the log.
    pub(super) fn finished(&self, candidate: usize, fold: usize, record: FoldRecord) -> Result<()> {
        {
            let mut state = self.state();
            if let Some(slot) = state.candidates.get_mut(candidate) {
                if let Some(place) = slot.folds.get_mut(fold) {
                    *place = Some(record);
                }
                if slot.is_complete()
                    && let Some(log) = &self.log
                {
                    let folds: Vec<&FoldRecord> = slot.folds.iter().flatten().collect();
                    log.write(&slot.key, &folds)?;
                }
            }
        }
        self.report()
    }

    /// Reports the candidates that are complete, up to the first that is not.
    pub(super) fn report(&self) -> Result<()> {
        while self.is_next_complete() && !self.reporting.swap(true, Ordering::AcqRel) {
            while let Some((score, done)) = self.take_next() {
                // After a cancellation `reporting` stays set: nothing more is reported.
                self.watch
                    .report(self.name, done, self.total, Some(score))?;
            }
            self.reporting.store(false, Ordering::Release);
            // Another thread may have finished a candidate after the last look and before the flag was down.
        }
        Ok(())
    }

    fn is_next_complete(&self) -> bool {
        let state = self.state();
        state
            .candidates
            .get(state.next)
            .is_some_and(Slot::is_complete)
    }

    /// The mean score of the next candidate, once all its folds are there, and how many are done with it.
    fn take_next(&self) -> Option<(f64, usize)> {
        let mut state = self.state();
        let slot = state
            .candidates
            .get(state.next)
            .filter(|s| s.is_complete())?;
        let score = self.mean_of(slot);
        state.next += 1;
        Some((score, state.next))
    }

    fn mean_of(&self, slot: &Slot) -> f64 {
        let scores = slot.folds.iter().flatten();
        let scores: Vec<f64> = scores
            .map(|r| r.test.get(self.ranked_by).map_or(f64::NAN, |n| n.0))
            .collect();
        mean(&scores)
    }

    /// The records of a candidate whose folds are all there, and their mean score.
    pub(super) fn complete(&self, candidate: usize) -> Option<(Vec<FoldRecord>, f64)> {
        let state = self.state();
        let slot = state
            .candidates
            .get(candidate)
            .filter(|s| s.is_complete())?;
        Some((
            slot.folds.iter().flatten().cloned().collect(),
            self.mean_of(slot),
        ))
    }
}
