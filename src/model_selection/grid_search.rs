//! Search over a grid of hyper-parameters.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::cross_validate::mean;
use super::folds::CrossValidator;
use super::param_grid::ParamGrid;
use super::scoring::{DefaultScore, Scorer};
use super::search_results::{CandidateResult, SearchResults};
use super::tasks::{self, Folds};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Class;
use crate::model::Model;
use crate::observer::{Observer, Watch};
use crate::params::{Params, Value};
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, Targets};
use crate::traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitWithValidation, InverseTransform,
    Known, Predict, PredictProba, Score, Transform,
};

const NAME: &str = "GridSearchCv";

/// Tries every combination of a grid of hyper-parameters by cross-validation and fits the best again on all rows.
///
/// For each candidate c of the [`ParamGrid`] and each fold k, the estimator is fitted on the fold's training rows and
/// scored on its test rows; the candidate with the greatest mean over the folds wins, the first one of ties. `fit` then
/// fits it on all rows; [`search`](Self::search) leaves that out (scikit-learn's `refit=False`) and returns the results
/// alone, which cannot predict.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `scoring` | the model's own score | any [`Scorer`]: greater is better |
/// | `return_train_score` | false | whether training rows are scored too |
/// | `error_score` | [`ErrorScore::Raise`] | what a candidate scores that fails on a fold |
///
/// Names that no step has fail before anything is fitted. Candidates and folds run side by side on rayon's threads; the
/// results, and the candidate that an error names, are the same with any number of threads. The observer hears of each
/// candidate in order, with its mean score, and may stop the search.
///
/// The result is a model like any other: it predicts, transforms and scores with the best one. A search can be a step
/// of a pipeline, and its own hyper-parameters are set by name, those of the estimator as `estimator__...`.
///
/// # Complexity
/// One fit for each candidate and fold, and one more. The rows of each fold are copied once for all candidates, up to
/// 2²⁷ values in all; beyond that, once for each fit.
///
/// # Errors
/// `UnknownParameter` and `InvalidParameter` for names and values that do not fit; `TooLarge` for more than
/// [`ParamGrid::MAX_CANDIDATES`]; those of the splitter; those of fitting and scoring, with candidate and fold (from 0)
/// in [`Error::context`]; `Cancelled` when the observer stops it.
///
/// ```
/// use fitwell::model_selection::{Accuracy, GridSearchCv, ParamGrid, StratifiedKFold};
/// use fitwell::{linear_model::LogisticRegression, preprocessing::StandardScaler, prelude::*};
/// use ndarray::Array2;
///
/// let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (3 + j)) % 40) as f64);
/// let y: Labels = (0..40).map(|i| if (i * 3) % 40 < 20 { "low" } else { "high" }).collect();
///
/// let pipe = pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new());
/// let search = GridSearchCv::new(pipe, ParamGrid::new().with("clf__C", [0.01, 1.0, 100.0]))
///     .cv(StratifiedKFold::new().n_splits(4))
///     .scoring(Accuracy)
///     .fit(&x, &y)?;
/// println!("{}", search.results());
/// assert!(search.best_score() > 0.9);
/// assert_eq!(search.predict(&x)?.len(), 40);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "GridSearchCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct GridSearchCv<E, S = DefaultScore, C = usize> {
    estimator: E,
    param_grid: ParamGrid,
    scoring: S,
    cv: C,
    error_score: ErrorScore,
    return_train_score: bool,
    #[serde(skip)]
    watch: Watch,
}

/// What becomes of a candidate that fails on some fold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum ErrorScore {
    /// The search fails; the error names the candidate and the fold.
    #[default]
    Raise,
    /// The fold gets this score, and the log a line. With NaN the candidate comes last.
    Value(#[serde(with = "crate::params::number")] f64),
}

impl<E> GridSearchCv<E> {
    /// A search by five folds and the model's own score.
    pub fn new(estimator: E, param_grid: impl Into<ParamGrid>) -> Self {
        GridSearchCv {
            estimator,
            param_grid: param_grid.into(),
            scoring: DefaultScore,
            cv: 5,
            error_score: ErrorScore::Raise,
            return_train_score: false,
            watch: Watch::default(),
        }
    }
}

impl<E, S, C> GridSearchCv<E, S, C> {
    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> GridSearchCv<E, S, D> {
        GridSearchCv {
            estimator: self.estimator,
            param_grid: self.param_grid,
            scoring: self.scoring,
            cv,
            error_score: self.error_score,
            return_train_score: self.return_train_score,
            watch: self.watch,
        }
    }

    /// What ranks the candidates.
    pub fn scoring<T>(self, scoring: T) -> GridSearchCv<E, T, C> {
        GridSearchCv {
            estimator: self.estimator,
            param_grid: self.param_grid,
            scoring,
            cv: self.cv,
            error_score: self.error_score,
            return_train_score: self.return_train_score,
            watch: self.watch,
        }
    }

    /// What becomes of a candidate that fails on some fold.
    pub fn error_score(mut self, error_score: ErrorScore) -> Self {
        self.error_score = error_score;
        self
    }

    /// Whether training rows are scored too, which shows overfitting and takes time.
    pub fn return_train_score(mut self, yes: bool) -> Self {
        self.return_train_score = yes;
        self
    }

    /// Watches the search: one step for each candidate, in order.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The estimator whose hyper-parameters are searched.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }

    /// The values to try.
    pub fn param_grid(&self) -> &ParamGrid {
        &self.param_grid
    }

    /// Scores every candidate without fitting the best again.
    ///
    /// # Errors
    /// As `fit`.
    pub fn search<X, Y>(&self, x: &X, y: &Y) -> Result<SearchResults>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Params + Sync,
        S: Scorer<<E as Estimator<X::Samples, Y::Targets>>::Fitted, X::Samples, Y::Targets>,
        C: CrossValidator,
    {
        let results = self.run(x.as_samples(), y.as_targets(), |e, x, y| e.fit(x, y));
        Ok(results?.0)
    }

    /// The results, and the best candidate's estimator, each candidate fitted by `fit`.
    fn run<X, Y>(
        &self,
        x: &X,
        y: &Y,
        fit: impl Fn(&E, &X, &Y) -> Result<E::Fitted> + Sync,
    ) -> Result<(SearchResults, E)>
    where
        X: Samples + ?Sized,
        Y: Targets + ?Sized,
        E: Estimator<X, Y> + Params + Sync,
        S: Scorer<E::Fitted, X, Y>,
        C: CrossValidator,
    {
        // Every name and every value by itself first: a long grid with one typing error fails at once.
        for (name, value) in self.param_grid.entries() {
            self.estimator.with_value(name, value.clone())?;
        }
        let candidates: Vec<(BTreeMap<String, Value>, E)> = self
            .param_grid
            .candidates()?
            .into_iter()
            .map(|params| {
                let mut estimator = self.estimator.clone();
                for (name, value) in &params {
                    estimator = estimator.with_value(name, value.clone())?;
                }
                Ok((params, estimator))
            })
            .collect::<Result<_>>()?;

        let folds = Folds::new(x, y, &self.cv, candidates.len())?;
        let n_folds = folds.len();
        let n_fits = candidates.len().checked_mul(n_folds).ok_or_else(|| {
            Error::from(ErrorKind::TooLarge {
                what: "number of fits of the search".into(),
                size: u64::MAX,
                limit: usize::MAX as u64,
            })
        })?;
        let progress = Progress::new(&self.watch, candidates.len(), n_folds);
        let outcomes = tasks::run(n_fits, |task| {
            let (candidate, fold) = (task / n_folds, task % n_folds);
            let (params, estimator) = &candidates[candidate];
            let outcome = folds
                .evaluate(
                    fold,
                    |x, y| fit(estimator, x, y),
                    &[&self.scoring],
                    self.return_train_score,
                )
                .map_err(|e| e.within(place(candidate, params)));
            let outcome = match (outcome, self.error_score) {
                (Err(e), ErrorScore::Value(score)) if !is_cancelled(&e) => {
                    log::warn!("{e}; its score is {score}");
                    Err(e)
                }
                (outcome, _) => Ok(outcome?),
            };
            let score = match (&outcome, self.error_score) {
                (Ok(outcome), _) => outcome.test[0],
                (Err(_), ErrorScore::Value(score)) => score,
                (Err(_), ErrorScore::Raise) => f64::NAN,
            };
            progress.finished(candidate, fold, score)?;
            Ok(outcome)
        })?;

        if outcomes.iter().all(std::result::Result::is_err) {
            // Nothing to choose from: say why.
            if let Some(first) = outcomes.into_iter().find_map(std::result::Result::err) {
                return Err(first);
            }
            return Err(ErrorKind::EmptyInput {
                what: "parameter grid".into(),
            }
            .into());
        }
        let mut outcomes = outcomes.into_iter();
        let mut results = Vec::with_capacity(candidates.len());
        for (params, _) in &candidates {
            let of_candidate: Vec<_> = outcomes.by_ref().take(n_folds).collect();
            results.push(match self.error_score {
                ErrorScore::Value(score) if of_candidate.iter().any(|o| o.is_err()) => {
                    CandidateResult::failed(
                        params.clone(),
                        of_candidate,
                        score,
                        self.return_train_score,
                    )
                }
                _ => CandidateResult::scored(
                    params.clone(),
                    of_candidate.into_iter().collect::<Result<_>>()?,
                ),
            });
        }
        let results = SearchResults::new(self.scoring.name(), results)?;
        let best = candidates
            .into_iter()
            .nth(results.best_index())
            .map_or_else(|| self.estimator.clone(), |(_, estimator)| estimator);
        Ok((results, best))
    }
}

fn is_cancelled(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Cancelled { .. })
}

/// `candidate 2 (clf__C=10)`.
fn place(candidate: usize, params: &BTreeMap<String, Value>) -> String {
    let values: Vec<String> = params.iter().map(|(k, v)| format!("{k}={v}")).collect();
    format!("candidate {candidate} ({})", values.join(", "))
}

/// Tells the observer of candidates in order, whatever the order in which they finish.
struct Progress<'a> {
    watch: &'a Watch,
    n_candidates: usize,
    n_folds: usize,
    waiting: Mutex<Waiting>,
    /// Held by the thread that talks to the observer. It is no lock: an observer that itself waits for rayon may find
    /// that this thread runs another fit meanwhile, which must not wait for the observer.
    reporting: AtomicBool,
}

/// Scores of candidates that are not reported yet.
struct Waiting {
    next: usize,
    scores: BTreeMap<usize, Vec<Option<f64>>>,
}

impl Waiting {
    /// The mean score of the next candidate to report, once all its folds are there.
    fn take_next(&mut self) -> Option<f64> {
        if !self.is_next_complete() {
            return None;
        }
        let scores: Vec<f64> = self
            .scores
            .remove(&self.next)?
            .into_iter()
            .flatten()
            .collect();
        self.next += 1;
        Some(mean(&scores))
    }

    fn is_next_complete(&self) -> bool {
        let next = self.scores.get(&self.next);
        next.is_some_and(|scores| scores.iter().all(Option::is_some))
    }
}

impl<'a> Progress<'a> {
    fn new(watch: &'a Watch, n_candidates: usize, n_folds: usize) -> Self {
        Progress {
            watch,
            n_candidates,
            n_folds,
            waiting: Mutex::new(Waiting {
                next: 0,
                scores: BTreeMap::new(),
            }),
            reporting: AtomicBool::new(false),
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn finished(&self, candidate: usize, fold: usize, score: f64) -> Result<()> {
        {
            let mut waiting = self.waiting();
            let scores = waiting.scores.entry(candidate);
            scores.or_insert_with(|| vec![None; self.n_folds])[fold] = Some(score);
        }
        while !self.reporting.swap(true, Ordering::AcqRel) {
            loop {
                let (value, done) = {
                    let mut waiting = self.waiting();
                    (waiting.take_next(), waiting.next)
                };
                let Some(value) = value else { break };
                // After a cancellation `reporting` stays set: nothing more is reported.
                self.watch
                    .report(NAME, done, Some(self.n_candidates), Some(value))?;
            }
            self.reporting.store(false, Ordering::Release);
            // Another thread may have finished a candidate after the last look and before the flag was down.
            if !self.waiting().is_next_complete() {
                break;
            }
        }
        Ok(())
    }
}

impl<X, Y, E, S, C> Estimator<X, Y> for GridSearchCv<E, S, C>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y> + Params + Sync,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    type Fitted = FittedGridSearchCv<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        let (results, best) = self.run(x, y, |e, x, y| e.fit(x, y))?;
        let best = best.fit(x, y).map_err(|e| again(&results, e))?;
        Ok(FittedGridSearchCv { best, results })
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        let (results, best) = self.run(x, y, |e, x, y| e.fit(x, y))?;
        let fitted = best.fit_for_transform(x, y);
        let (best, known) = fitted.map_err(|e| again(&results, e))?;
        Ok((FittedGridSearchCv { best, results }, known))
    }
}

/// Every fit watches the given validation set: that of each candidate on each fold, and that of the best on all rows. What
/// ranks the candidates are the folds, as always.
impl<X, Y, E, S, C> FitWithValidation<X, Y> for GridSearchCv<E, S, C>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: FitWithValidation<X, Y> + Params + Sync,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        let fit = |e: &E, x: &X, y: &Y| e.fit_with_validation(x, y, x_val, y_val);
        let (results, best) = self.run(x, y, fit)?;
        let best = fit(&best, x, y).map_err(|e| again(&results, e))?;
        Ok(FittedGridSearchCv { best, results })
    }
}

/// An error of fitting the best candidate on all rows.
fn again(results: &SearchResults, error: Error) -> Error {
    let candidate = place(results.best_index(), results.best_params());
    error.within(format!("fitting the best again: {candidate}"))
}

/// The estimator's hyper-parameters as `estimator__...`, and `error_score` and `return_train_score`.
impl<E: Params, S: Clone, C: Clone> Params for GridSearchCv<E, S, C> {
    fn params(&self) -> BTreeMap<String, Value> {
        let error_score = serde_json::to_value(self.error_score).unwrap_or_default();
        self.estimator
            .params()
            .into_iter()
            .map(|(k, v)| (format!("estimator__{k}"), v))
            .chain([
                ("error_score".to_string(), error_score),
                (
                    "return_train_score".to_string(),
                    self.return_train_score.into(),
                ),
            ])
            .collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut new = self.clone();
        if let Some(inner) = name.strip_prefix("estimator__") {
            new.estimator = self.estimator.with_value(inner, value)?;
            return Ok(new);
        }
        let wrong =
            |expected: &str, got: &Value| Error::invalid_parameter(NAME, name, expected, got);
        match name {
            "return_train_score" => {
                let yes = value.as_bool().ok_or_else(|| wrong("a boolean", &value))?;
                new.return_train_score = yes;
            }
            "error_score" => {
                new.error_score = serde_json::from_value(value.clone())
                    .map_err(|_| wrong("\"Raise\" or {\"Value\": a number}", &value))?;
            }
            _ => {
                return Err(ErrorKind::UnknownParameter {
                    estimator: NAME.into(),
                    name: name.into(),
                    known: self.params().into_keys().collect(),
                }
                .into());
            }
        }
        Ok(new)
    }
}

/// The estimator and the grid.
impl<E: fmt::Display, S, C> fmt::Display for GridSearchCv<E, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME}")?;
        for line in format!("{}\n{}", self.estimator, self.param_grid).lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

/// The best candidate of a search, fitted on all rows, with the results of the search.
///
/// It predicts, transforms and scores as the best model does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedGridSearchCv<M> {
    best: M,
    results: SearchResults,
}

impl<M> FittedGridSearchCv<M> {
    /// The best candidate, fitted on all rows.
    pub fn best_estimator(&self) -> &M {
        &self.best
    }

    /// The best candidate, fitted on all rows, without the results.
    pub fn into_best_estimator(self) -> M {
        self.best
    }

    /// The scores of every candidate; scikit-learn's `cv_results_`.
    #[doc(alias = "cv_results")]
    pub fn results(&self) -> &SearchResults {
        &self.results
    }

    /// The best candidate's hyper-parameters.
    pub fn best_params(&self) -> &BTreeMap<String, Value> {
        self.results.best_params()
    }

    /// The best candidate's mean score over the folds.
    pub fn best_score(&self) -> f64 {
        self.results.best_score()
    }

    /// The best candidate's position in the grid.
    pub fn best_index(&self) -> usize {
        self.results.best_index()
    }
}

impl<M: Model> Model for FittedGridSearchCv<M> {
    fn type_name() -> String {
        format!("FittedGridSearchCv<{}>", M::type_name())
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.best.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.best.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        self.results.validate()?;
        self.best.validate().map_err(|e| e.within("best estimator"))
    }
}

impl<E, S, C> Model for GridSearchCv<E, S, C>
where
    E: Model,
    S: Serialize + serde::de::DeserializeOwned,
    C: Serialize + serde::de::DeserializeOwned,
{
    fn type_name() -> String {
        format!("GridSearchCv<{}>", E::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.param_grid.n_candidates()?;
        self.estimator.validate()
    }
}

/// The winner and its score, then the model.
impl<M: fmt::Display> fmt::Display for FittedGridSearchCv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = &self.results;
        write!(
            f,
            "best of {}: {}, {} {:.4}",
            results.candidates().len(),
            place(results.best_index(), results.best_params()),
            results.scorer(),
            results.best_score()
        )?;
        for line in self.best.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

macro_rules! through_best {
    ($trait:ident { type $assoc:ident; $(fn $method:ident -> $out:ty;)+ }) => {
        impl<X: Samples + ?Sized, M: $trait<X>> $trait<X> for FittedGridSearchCv<M> {
            type $assoc = M::$assoc;
            $(fn $method(&self, x: &X) -> Result<$out> {
                self.best.$method(x)
            })+
        }
    };
}
through_best!(Predict { type Output; fn predict -> M::Output; });
through_best!(InverseTransform { type Output; fn inverse_transform -> M::Output; });
through_best!(DecisionFunction { type Float; fn decision_function -> Array2<M::Float>; });
through_best!(PredictProba {
    type Float;
    fn predict_proba -> Array2<M::Float>;
    fn predict_log_proba -> Array2<M::Float>;
});

impl<X: Samples + ?Sized, M: Transform<X>> Transform<X> for FittedGridSearchCv<M> {
    type Output = M::Output;
    fn transform(&self, x: &X) -> Result<M::Output> {
        self.best.transform(x)
    }
    fn transform_fitted(&self, x: &X, known: Known) -> Result<M::Output> {
        self.best.transform_fitted(x, known)
    }
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized, M: Score<X, Y>> Score<X, Y>
    for FittedGridSearchCv<M>
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        self.best.score(x, y)
    }
}

impl<X: Samples + ?Sized, M: Confidence<X>> Confidence<X> for FittedGridSearchCv<M> {
    type Float = M::Float;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_proba(x)
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_log_proba(x)
    }
    fn maybe_decision(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
        self.best.maybe_decision(x)
    }
}

impl<M: Classes> Classes for FittedGridSearchCv<M> {
    fn classes(&self) -> &[Class] {
        self.best.classes()
    }
}

impl<M: FeatureNamesOut> FeatureNamesOut for FittedGridSearchCv<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.best.feature_names_out(input)
    }
}
