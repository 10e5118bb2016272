//! The core of every search: batches of candidates, folds side by side, records in order.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use super::record::{FoldRecord, Recorder};
use super::resume::{self, Head, LogWriter};
use super::strategy::{Setting, Strategy, Tried};
use super::{ErrorScore, SearchCv};
use crate::error::{Error, ErrorKind, Result};
use crate::model_selection::halving::subsample;
use crate::model_selection::param_grid::ParamGrid;
use crate::model_selection::param_values;
use crate::model_selection::scoring::Scorer;
use crate::model_selection::search_results::{CandidateResult, Number, SearchResults};
use crate::model_selection::splitter::{CrossValidator, Splits};
use crate::model_selection::tasks::{self, Clock, Folds, MOST_VALUES};
use crate::params::{Params, Value};
use crate::prefix::{self, Kept, Prefixes};
use crate::samples::{Samples, fingerprint};
use crate::targets::Targets;
use crate::traits::{Estimator, FitWithValidation};

type Candidate = BTreeMap<String, Value>;

/// How a candidate is fitted.
pub(super) trait Fitter<E, X: ?Sized, Y: ?Sized>: Sync
where
    E: Estimator<X, Y>,
{
    /// The first steps that candidates may share.
    fn prefixes(&self, _estimator: &E) -> Vec<Vec<String>> {
        Vec::new()
    }
    fn fit_prefix(&self, _: &E, _position: usize, _: &X, _: &Y, _: &Prefixes<'_>) -> Result<()> {
        Ok(())
    }
    fn fit(&self, estimator: &E, x: &X, y: &Y, kept: &Prefixes<'_>) -> Result<E::Fitted>;
}

/// On the training rows.
pub(super) struct Plain;

impl<E: Estimator<X, Y>, X: ?Sized, Y: ?Sized> Fitter<E, X, Y> for Plain {
    fn prefixes(&self, estimator: &E) -> Vec<Vec<String>> {
        estimator.prefixes()
    }
    fn fit_prefix(&self, e: &E, position: usize, x: &X, y: &Y, kept: &Prefixes<'_>) -> Result<()> {
        e.fit_prefix(position, x, y, kept)
    }
    fn fit(&self, estimator: &E, x: &X, y: &Y, kept: &Prefixes<'_>) -> Result<E::Fitted> {
        estimator.fit_after(x, y, kept)
    }
}

/// With an eye on a validation set.
pub(super) struct Validated<'a, X: ?Sized, Y: ?Sized> {
    pub(super) x: &'a X,
    pub(super) y: &'a Y,
}

impl<E, X, Y> Fitter<E, X, Y> for Validated<'_, X, Y>
where
    E: FitWithValidation<X, Y>,
    X: Sync + ?Sized,
    Y: Sync + ?Sized,
{
    fn fit(&self, estimator: &E, x: &X, y: &Y, _: &Prefixes<'_>) -> Result<E::Fitted> {
        estimator.fit_with_validation(x, y, self.x, self.y)
    }
}

/// An estimator with some parameters set.
pub(super) fn with_all<E: Params>(estimator: &E, params: &Candidate) -> Result<E> {
    let mut estimator = estimator.clone();
    for (name, value) in params {
        estimator = estimator.with_value(name, value.clone())?;
    }
    Ok(estimator)
}

/// `candidate 2 (clf__C=10)`.
pub(super) fn place(candidate: usize, params: &Candidate) -> String {
    format!("candidate {candidate} ({})", param_values::text(params))
}

fn is_cancelled(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled { .. })
}

/// The names of the scores, different ones.
fn score_names(names: Vec<String>) -> Result<Vec<String>> {
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|n| !seen.insert(*n)) {
        let reason = format!("two have the name `{name}`; `named` gives another");
        return Err(Error::invalid_input("scorers", reason));
    }
    if names.is_empty() {
        return Err(ErrorKind::EmptyInput {
            what: "list of scorers".into(),
        }
        .into());
    }
    Ok(names)
}

/// The candidates of a batch that are not in the log, with what they share.
struct Work<'a, E> {
    /// The position of the batch's first candidate among all.
    first: usize,
    candidates: &'a [Candidate],
    estimators: &'a [E],
    /// Positions in the batch.
    open: Vec<usize>,
}

impl<E, P: Strategy, S, C> SearchCv<E, P, S, C> {
    /// The results, and the best candidate's estimator.
    pub(super) fn run<X, Y>(
        &self,
        x: &X,
        y: &Y,
        fitter: &impl Fitter<E, X, Y>,
    ) -> Result<(SearchResults, E)>
    where
        X: Samples + ?Sized,
        Y: Targets + ?Sized,
        E: Estimator<X, Y> + Params + Sync,
        S: Scorer<E::Fitted, X, Y>,
        C: CrossValidator,
    {
        self.strategy.check()?;
        let scorers = score_names(self.scoring.names())?;
        let ranked_by = self.refit.ranked_by(P::NAME, &scorers)?;
        // Every name and every value by itself first: a long search with one typing error fails at once.
        for (name, value) in self.strategy.examples() {
            self.estimator.with_value(&name, value)?;
        }
        let splits = tasks::splits(x, y, &self.cv)?;
        let params = self.estimator.params();
        let n_classes = y
            .as_labels()
            .map(|l| l.counts().iter().filter(|&&c| c > 0).count());
        let mut batches = self.strategy.start(&Setting {
            n_samples: x.n_samples(),
            n_splits: splits.len(),
            n_classes,
            names: params.keys().cloned().collect(),
        })?;
        let (log, known) = match &self.log {
            None => (None, HashMap::new()),
            Some(path) => {
                let head = Head {
                    fitwell_search_log: 1,
                    estimator: std::any::type_name::<E>().into(),
                    params,
                    scorers: scorers.clone(),
                    train_scores: self.return_train_score,
                    error_score: serde_json::to_value(self.error_score).unwrap_or_default(),
                    n_samples: x.n_samples(),
                    n_features: x.n_features(),
                    data: format!("{:016x}", x.fingerprint()),
                    target: format!("{:016x}", y.fingerprint()),
                    splits: format!("{:016x}", fingerprint_of(&splits)),
                };
                let (writer, known) = LogWriter::open(path, &head, splits.len())?;
                (Some(writer), known)
            }
        };
        let recorder = Recorder::new(
            &self.watch,
            P::NAME,
            batches.total(),
            splits.len(),
            ranked_by,
            log,
        );

        let mut results: Vec<CandidateResult> = Vec::new();
        let mut tried: Vec<Tried> = Vec::new();
        let failures = Mutex::new(BTreeMap::new());
        let kept: Vec<Kept> = (0..splits.len()).map(|_| Kept::default()).collect();
        let mut all_rows: Option<Folds<'_, X, Y>> = None;
        for number in 0.. {
            let Some(batch) = batches.next(&tried)?.filter(|b| !b.candidates.is_empty()) else {
                break;
            };
            let first = tried.len();
            check_number(first as u64 + batch.candidates.len() as u64)?;
            let estimators: Vec<E> = batch
                .candidates
                .iter()
                .map(|params| with_all(&self.estimator, params))
                .collect::<Result<_>>()?;
            let mut open = Vec::new();
            for (i, params) in batch.candidates.iter().enumerate() {
                let key = resume::key(params, &batch);
                let found = known.get(&key).cloned();
                if found.is_none() {
                    open.push(i);
                }
                recorder.add(key, found);
            }
            recorder.report()?;
            if !open.is_empty() {
                let some_rows;
                let folds = match (batch.rows, &mut all_rows) {
                    (Some((share, seed)), _) => {
                        kept.iter().for_each(Kept::clear);
                        let part = subsample(&splits, y.as_labels(), share, seed);
                        some_rows = Folds::of(x, y, part, open.len())?;
                        &some_rows
                    }
                    (None, Some(folds)) => folds,
                    (None, none) => {
                        let n_fits = batches.total().map_or(2, |n| n.min(2));
                        none.insert(Folds::of(x, y, splits.clone(), n_fits)?)
                    }
                };
                let work = Work {
                    first,
                    candidates: &batch.candidates,
                    estimators: &estimators,
                    open,
                };
                self.evaluate(fitter, folds, &work, &kept, &recorder, &failures)?;
            }
            for (i, params) in batch.candidates.iter().enumerate() {
                let Some((records, score)) = recorder.complete(first + i) else {
                    continue; // every candidate is there, or `evaluate` has failed
                };
                let (params, n) = (params.clone(), scorers.len());
                results.push(CandidateResult::new(
                    params.clone(),
                    &batch,
                    &records,
                    n,
                    ranked_by,
                ));
                tried.push(Tried {
                    params,
                    score,
                    batch: number,
                });
            }
        }

        if !results.is_empty() && results.iter().all(|c| c.failure().is_some()) {
            // Nothing to choose from: say why.
            let failures = failures
                .into_inner()
                .unwrap_or_else(PoisonError::into_inner);
            let logged = || results.iter().find_map(CandidateResult::failure);
            return Err(match failures.into_values().next() {
                Some(first) => first,
                None => {
                    Error::invalid_input("every candidate failed", logged().unwrap_or_default())
                }
            });
        }
        let results = SearchResults::new(scorers, ranked_by, results, batches.schedule())?;
        let results = self.refit.choose(results)?;
        let best = with_all(&self.estimator, results.best_params())?;
        Ok((results, best))
    }

    /// Fits and scores the open candidates of a batch on every fold.
    fn evaluate<X, Y>(
        &self,
        fitter: &impl Fitter<E, X, Y>,
        folds: &Folds<'_, X, Y>,
        work: &Work<'_, E>,
        kept: &[Kept],
        recorder: &Recorder<'_>,
        failures: &Mutex<BTreeMap<usize, Error>>,
    ) -> Result<()>
    where
        X: Samples + ?Sized,
        Y: Targets + ?Sized,
        E: Estimator<X, Y> + Params + Sync,
        S: Scorer<E::Fitted, X, Y>,
    {
        let n_folds = folds.len();
        let (scoring, error_score, score_train) =
            (&self.scoring, self.error_score, self.return_train_score);
        let prefixes = fitter.prefixes(&self.estimator);
        let there = kept.first().map(Kept::keys).unwrap_or_default();
        let room = MOST_VALUES / folds.n_train_values().max(1);
        for wave in waves(work.candidates, &work.open, &prefixes, room, &there) {
            kept.iter().for_each(|k| k.want(&wave.shared));
            // The steps that candidates share, from the first on. Errors come back, under the candidate's name, when it is
            // fitted itself.
            let mut shared_time = vec![0.0; wave.candidates.len() * n_folds];
            for (position, leaders) in wave.leaders.iter().enumerate() {
                let times = tasks::run(leaders.len() * n_folds, |task| {
                    let (leader, fold) = (wave.candidates[leaders[task / n_folds]], task % n_folds);
                    let kept = Prefixes::new(&work.candidates[leader], kept.get(fold));
                    let clock = Clock::start();
                    let fitted = folds.train(fold, |x, y| {
                        fitter.fit_prefix(&work.estimators[leader], position, x, y, &kept)
                    });
                    Ok(match fitted {
                        Some(Ok(())) => clock.seconds(),
                        _ => 0.0,
                    })
                })?;
                for (task, time) in times.into_iter().enumerate() {
                    shared_time[leaders[task / n_folds] * n_folds + task % n_folds] += time;
                }
            }
            tasks::run(wave.candidates.len() * n_folds, |task| {
                let (i, fold) = (wave.candidates[task / n_folds], task % n_folds);
                let (candidate, params) = (work.first + i, &work.candidates[i]);
                let kept = Prefixes::new(params, kept.get(fold));
                let outcome = folds
                    .evaluate(
                        fold,
                        |x, y| fitter.fit(&work.estimators[i], x, y, &kept),
                        &[scoring],
                        score_train,
                    )
                    .map_err(|e| e.within(place(candidate, params)));
                let numbers = |v: &[f64]| v.iter().map(|&v| Number(v)).collect::<Vec<_>>();
                let record = match (outcome, error_score) {
                    (Ok(outcome), _) => FoldRecord {
                        test: numbers(&outcome.test),
                        train: outcome.train.as_deref().map(numbers),
                        fit_time: outcome.fit_time + shared_time[task],
                        score_time: outcome.score_time,
                        failure: None,
                    },
                    (Err(e), ErrorScore::Value(score)) if !is_cancelled(&e) => {
                        log::warn!("{e}; its score is {score}");
                        let scores = vec![Number(score); scoring.names().len()];
                        let record = FoldRecord {
                            train: score_train.then(|| scores.clone()),
                            test: scores,
                            fit_time: 0.0,
                            score_time: 0.0,
                            failure: Some(e.to_string()),
                        };
                        let mut all = failures.lock().unwrap_or_else(PoisonError::into_inner);
                        all.insert(candidate * n_folds + fold, e);
                        // The first alone is ever told.
                        while all.len() > 1 {
                            all.pop_last();
                        }
                        record
                    }
                    (Err(e), _) => return Err(e),
                };
                recorder.finished(candidate, fold, record)
            })?;
        }
        Ok(())
    }
}

fn check_number(n: u64) -> Result<()> {
    if n <= ParamGrid::MAX_CANDIDATES {
        return Ok(());
    }
    Err(ErrorKind::TooLarge {
        what: "number of candidates".into(),
        size: n,
        limit: ParamGrid::MAX_CANDIDATES,
    }
    .into())
}

fn fingerprint_of(splits: &Splits) -> u64 {
    let rows = |rows: &[usize]| fingerprint(rows.iter().map(|&r| r as u64));
    fingerprint(splits.iter().flat_map(|s| [rows(&s.train), rows(&s.test)]))
}

/// Candidates that are tried while the steps that some of them share are kept.
#[derive(Debug, PartialEq)]
struct Wave {
    /// Positions in the batch.
    candidates: Vec<usize>,
    /// For each prefix, positions in `candidates` of the first of those that share one.
    leaders: Vec<Vec<usize>>,
    /// What is worth keeping.
    shared: HashSet<String>,
}

/// The open candidates in one wave; in several where there is no room for the rows that all shared steps give. `room`
/// counts steps whose rows may be kept, `there` holds those that are.
fn waves(
    candidates: &[Candidate],
    open: &[usize],
    prefixes: &[Vec<String>],
    room: usize,
    there: &HashSet<String>,
) -> Vec<Wave> {
    let Some(longest) = prefixes.last().filter(|_| room >= prefixes.len()) else {
        return vec![wave(candidates, open.to_vec(), &[], there)];
    };
    let mut whole = wave(candidates, open.to_vec(), prefixes, there);
    if whole.shared.len() <= room {
        // Where there is room, what is there stays: a later batch may want it.
        if whole.shared.len() + there.len() <= room {
            whole.shared.extend(there.iter().cloned());
        }
        return vec![whole];
    }
    // Those that share all but the last step belong together.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let mut places = HashMap::new();
    for &i in open {
        let key = prefix::key(&candidates[i], longest);
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.push(i),
            None => groups.push(vec![i]),
        }
    }
    let at_once = (room / prefixes.len()).max(1);
    let parts = groups.chunks(at_once);
    let part = |groups: &[Vec<usize>]| wave(candidates, groups.concat(), prefixes, there);
    parts.map(part).collect()
}

/// Worth keeping are the steps of several candidates, those that are there already, and those that no candidate changes.
fn wave(
    candidates: &[Candidate],
    chosen: Vec<usize>,
    prefixes: &[Vec<String>],
    there: &HashSet<String>,
) -> Wave {
    let mut shared = HashSet::new();
    let mut leaders = Vec::with_capacity(prefixes.len());
    for prefix in prefixes {
        let mut first: HashMap<String, (usize, usize)> = HashMap::new();
        for (position, &i) in chosen.iter().enumerate() {
            let key = prefix::key(&candidates[i], prefix);
            first.entry(key).or_insert((position, 0)).1 += 1;
        }
        let constant = prefix::key(&Candidate::new(), prefix);
        let several = first
            .into_iter()
            .filter(|(key, (_, count))| *count > 1 || *key == constant || there.contains(key));
        let mut several: Vec<(usize, String)> =
            several.map(|(k, (position, _))| (position, k)).collect();
        several.sort();
        leaders.push(several.iter().map(|(position, _)| *position).collect());
        shared.extend(several.into_iter().map(|(_, key)| key));
    }
    Wave {
        candidates: chosen,
        leaders,
        shared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Vec<Candidate> {
        let grid = ParamGrid::new()
            .with("clf__C", [1, 2])
            .with("pca__k", [3, 4, 5]);
        grid.candidates().unwrap()
    }

    #[test]
    fn shared_steps_have_one_leader_each() {
        let prefixes = [
            vec!["scale".to_string()],
            vec!["scale".into(), "pca".into()],
        ];
        let open: Vec<usize> = (0..6).collect();
        let there = HashSet::new();
        let waves_of = |room| waves(&grid(), &open, &prefixes, room, &there);
        let one = waves_of(100);
        assert_eq!(one.len(), 1);
        assert_eq!(one[0].leaders, [vec![0], vec![0, 1, 2]]);
        assert_eq!(one[0].shared.len(), 4);
        // Little room: a wave for each value of the step before the last.
        let three = waves_of(3);
        let together: Vec<_> = three.iter().map(|w| w.candidates.clone()).collect();
        assert_eq!(together, [[0, 3], [1, 4], [2, 5]]);
        // No room: nothing is shared.
        let none = waves_of(1);
        assert_eq!((none.len(), none[0].shared.len()), (1, 0));
        // What only one candidate would use is not kept.
        let alone = waves(&grid(), &[0, 1, 2], &prefixes, 100, &there);
        assert_eq!(alone[0].leaders, [vec![0], vec![]]);
        let there = HashSet::from([prefix::key(&grid()[1], &prefixes[1])]);
        let known = waves(&grid(), &[0, 1, 2], &prefixes, 100, &there);
        assert_eq!(known[0].leaders, [vec![0], vec![1]]);
    }
}
