//! Searches: the settings they have in common, and the model they give. What differs, which candidates are tried, is a
//! [`Strategy`].

mod choice;
mod engine;
mod fitted;
mod record;
mod refit;
mod resume;
mod scorers;
mod strategy;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use self::engine::{Plain, Validated, place};
use super::scoring::{DefaultScore, Scorer};
use super::search_results::SearchResults;
use super::splitter::CrossValidator;
use crate::error::{Error, ErrorKind, Result};
use crate::model::Model;
use crate::observer::{Observer, Watch};
use crate::params::{Params, Value};
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, Targets};
use crate::traits::{Estimator, FitWithValidation, Known};

pub use choice::Choice;
pub use fitted::FittedSearchCv;
pub(crate) use record::FoldRecord;
pub use refit::{Refit, Rule};
pub(crate) use strategy::Once;
pub use strategy::{Batch, Batches, Setting, Strategy, Tried};
pub(crate) use table::show;

pub(crate) use super::halving::HalvingSchedule;

/// Tries candidates by cross-validation and fits the best again on all rows: what every search has in common.
///
/// [`GridSearchCv`](super::GridSearchCv), [`RandomizedSearchCv`](super::RandomizedSearchCv),
/// [`HalvingGridSearchCv`](super::HalvingGridSearchCv), [`HalvingRandomSearchCv`](super::HalvingRandomSearchCv) and
/// [`TpeSearchCv`](super::TpeSearchCv) are this type with different strategies `P`, which say what is tried.
///
/// For each candidate c and each fold k, the estimator is fitted on the fold's training rows and scored on its test rows;
/// the candidate with the greatest mean over the folds wins, the first one of ties. `fit` then fits it on all rows;
/// [`search`](Self::search) leaves that out (scikit-learn's `refit=False`) and returns the results alone, which cannot
/// predict.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `scoring` | the model's own score | any [`Scorer`], or a tuple of several: greater is better |
/// | `refit` | [`Refit::First`] | which scorer ranks, or a rule that chooses |
/// | `return_train_score` | false (halving: true) | whether training rows are scored too |
/// | `error_score` | [`ErrorScore::Raise`] | what a candidate scores that fails on a fold |
/// | `log` | none | a file from which an interrupted search goes on |
///
/// Names that no step has fail before anything is fitted. Candidates and folds run side by side on rayon's threads, and so
/// does the work inside each fit, on the same threads; the results, and the candidate that an error names, are the same
/// with any number of threads. The observer hears of each candidate in order, with its mean score, and may stop the search.
///
/// Candidates of a [`Pipeline`](crate::pipeline::Pipeline) that set the same values in its first steps share them: those
/// steps are fitted once for each fold. (Not with a validation set, and not where the transformed rows would take more than
/// the limit below.)
///
/// The result is a model like any other: it predicts, transforms and scores with the best one. A search can be a step
/// of a pipeline or stand in `cross_validate`, and its own hyper-parameters are set by name, those of the estimator as
/// `estimator__...`.
///
/// # Going on after an interruption
/// With [`log`](Self::log), each candidate is written to a file as soon as all its folds are scored. The same search with the
/// same file reads what is there and tries the rest; what it finds is the same as without interruption, to the last bit.
///
/// # Complexity
/// One fit for each candidate and fold, and one more. The rows of each fold are copied once for all candidates, up to
/// 2²⁷ values in all; beyond that, once for each fit. Rows that shared first steps transformed are kept under the same limit.
///
/// # Errors
/// `UnknownParameter` and `InvalidParameter` for names and values that do not fit; `TooLarge` for more than
/// [`ParamGrid::MAX_CANDIDATES`](super::ParamGrid::MAX_CANDIDATES); those of the splitter; those of fitting and scoring, with
/// candidate and fold (from 0) in [`Error::context`]; `Cancelled` when the observer stops it; `InvalidInput` and `Io` for a
/// log that cannot be gone on with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct SearchCv<E, P, S = DefaultScore, C = usize> {
    pub(super) estimator: E,
    pub(super) strategy: P,
    scoring: S,
    cv: C,
    error_score: ErrorScore,
    pub(super) return_train_score: bool,
    refit: Refit,
    #[serde(skip)]
    watch: Watch,
    #[serde(skip)]
    log: Option<PathBuf>,
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

impl<E, P: Strategy> SearchCv<E, P> {
    /// A search by five folds and the model's own score, with a strategy of its own; the searches that have a name have a
    /// constructor `new`.
    pub fn with_strategy(estimator: E, strategy: P) -> Self {
        SearchCv {
            estimator,
            strategy,
            scoring: DefaultScore,
            cv: 5,
            error_score: ErrorScore::Raise,
            return_train_score: false,
            refit: Refit::First,
            watch: Watch::default(),
            log: None,
        }
    }
}

impl<E, P, S, C> SearchCv<E, P, S, C> {
    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> SearchCv<E, P, S, D> {
        SearchCv {
            estimator: self.estimator,
            strategy: self.strategy,
            scoring: self.scoring,
            cv,
            error_score: self.error_score,
            return_train_score: self.return_train_score,
            refit: self.refit,
            watch: self.watch,
            log: self.log,
        }
    }

    /// What scores the candidates: a [`Scorer`], or several in a tuple, of which the first ranks unless
    /// [`refit`](Self::refit) says otherwise.
    pub fn scoring<T>(self, scoring: T) -> SearchCv<E, P, T, C> {
        SearchCv {
            estimator: self.estimator,
            strategy: self.strategy,
            scoring,
            cv: self.cv,
            error_score: self.error_score,
            return_train_score: self.return_train_score,
            refit: self.refit,
            watch: self.watch,
            log: self.log,
        }
    }

    /// Which candidate is the best: by the scorer of this name, or by a [`Refit`] rule.
    pub fn refit(mut self, refit: impl Into<Refit>) -> Self {
        self.refit = refit.into();
        self
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

    /// Writes each candidate to this file as it finishes, one line of JSON each, and goes on from what the file holds
    /// already. It is begun if it is not there.
    ///
    /// Estimator, scorers, splits and features must be those of the search that wrote it; the error says what differs. More
    /// candidates are welcome: those that are in the log are not tried again. The file's owner vouches for the target,
    /// which is not compared.
    ///
    /// ```
    /// use std::ops::ControlFlow;
    /// use fitwell::model_selection::{GridSearchCv, ParamGrid};
    /// use fitwell::{linear_model::Ridge, observer::Progress, prelude::*};
    ///
    /// let data = fitwell::datasets::load_diabetes()?;
    /// # let path = std::env::temp_dir().join(format!("fitwell-doc-search-{}.jsonl", std::process::id()));
    /// # std::fs::remove_file(&path).ok();
    /// let search = GridSearchCv::new(Ridge::new(), ParamGrid::new().with("alpha", [0.01, 0.1, 1.0, 10.0]));
    ///
    /// // Stopped after two of four.
    /// let stop = |p: &Progress| if p.iteration == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
    /// let stopped = search.clone().log(&path).observer(stop).fit(&data.x, &data.target);
    /// assert!(stopped.is_err());
    ///
    /// let resumed = search.clone().log(&path).fit(&data.x, &data.target)?;
    /// assert_eq!(resumed.results(), search.fit(&data.x, &data.target)?.results());
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), Error>(())
    /// ```
    pub fn log(mut self, path: impl Into<PathBuf>) -> Self {
        self.log = Some(path.into());
        self
    }

    /// The estimator whose hyper-parameters are searched.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }

    /// What says which candidates are tried.
    pub fn strategy(&self) -> &P {
        &self.strategy
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
        P: Strategy,
        S: Scorer<<E as Estimator<X::Samples, Y::Targets>>::Fitted, X::Samples, Y::Targets>,
        C: CrossValidator,
    {
        Ok(self.run(x.as_samples(), y.as_targets(), &Plain)?.0)
    }
}

impl<X, Y, E, P, S, C> Estimator<X, Y> for SearchCv<E, P, S, C>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y> + Params + Sync,
    P: Strategy,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    type Fitted = FittedSearchCv<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        let (results, best) = self.run(x, y, &Plain)?;
        let best = best.fit(x, y).map_err(|e| again(&results, e))?;
        Ok(FittedSearchCv::new(best, results))
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        let (results, best) = self.run(x, y, &Plain)?;
        let fitted = best.fit_for_transform(x, y);
        let (best, known) = fitted.map_err(|e| again(&results, e))?;
        Ok((FittedSearchCv::new(best, results), known))
    }
}

/// Every fit watches the given validation set: that of each candidate on each fold, and that of the best on all rows. What
/// ranks the candidates are the folds, as always.
impl<X, Y, E, P, S, C> FitWithValidation<X, Y> for SearchCv<E, P, S, C>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: FitWithValidation<X, Y> + Params + Sync,
    P: Strategy,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    fn fit_with_validation(&self, x: &X, y: &Y, x_val: &X, y_val: &Y) -> Result<Self::Fitted> {
        let (results, best) = self.run(x, y, &Validated { x: x_val, y: y_val })?;
        let best = best.fit_with_validation(x, y, x_val, y_val);
        let best = best.map_err(|e| again(&results, e))?;
        Ok(FittedSearchCv::new(best, results))
    }
}

/// An error of fitting the best candidate on all rows.
fn again(results: &SearchResults, error: Error) -> Error {
    let candidate = place(results.best_index(), results.best_params());
    error.within(format!("fitting the best again: {candidate}"))
}

/// The estimator's hyper-parameters as `estimator__...`, `error_score`, `refit` (the name of a scorer, or `null`),
/// `return_train_score`, and the settings of the strategy.
impl<E: Params, P: Strategy, S: Clone, C: Clone> Params for SearchCv<E, P, S, C> {
    fn params(&self) -> BTreeMap<String, Value> {
        let error_score = serde_json::to_value(self.error_score).unwrap_or_default();
        let refit = match &self.refit {
            Refit::Scorer(name) => name.as_str().into(),
            _ => Value::Null,
        };
        let inner = self.estimator.params().into_iter();
        let mut all = self.strategy.params();
        all.extend(inner.map(|(k, v)| (format!("estimator__{k}"), v)));
        all.extend([
            ("error_score".to_string(), error_score),
            ("refit".to_string(), refit),
            (
                "return_train_score".to_string(),
                self.return_train_score.into(),
            ),
        ]);
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut new = self.clone();
        if let Some(inner) = name.strip_prefix("estimator__") {
            new.estimator = self.estimator.with_value(inner, value)?;
            return Ok(new);
        }
        let wrong =
            |expected: &str, got: &Value| Error::invalid_parameter(P::NAME, name, expected, got);
        match name {
            "return_train_score" => {
                let yes = value.as_bool().ok_or_else(|| wrong("a boolean", &value))?;
                new.return_train_score = yes;
            }
            "error_score" => {
                new.error_score = serde_json::from_value(value.clone())
                    .map_err(|_| wrong("\"Raise\" or {\"Value\": a number}", &value))?;
            }
            "refit" => {
                new.refit = match value {
                    // What is no name stays: a rule has no value.
                    Value::Null if matches!(self.refit, Refit::Rule(_)) => self.refit.clone(),
                    Value::Null => Refit::First,
                    Value::String(name) => Refit::Scorer(name),
                    other => return Err(wrong("the name of a scorer, or null", &other)),
                };
            }
            _ => match self.strategy.with_value(name, value)? {
                Some(strategy) => new.strategy = strategy,
                None => {
                    return Err(ErrorKind::UnknownParameter {
                        estimator: P::NAME.into(),
                        name: name.into(),
                        known: self.params().into_keys().collect(),
                    }
                    .into());
                }
            },
        }
        Ok(new)
    }
}

/// The estimator, and what is tried.
impl<E: fmt::Display, P: Strategy, S, C> fmt::Display for SearchCv<E, P, S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Described<'a, P>(&'a P);
        impl<P: Strategy> fmt::Display for Described<'_, P> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.describe(f)
            }
        }
        write!(f, "{}", P::NAME)?;
        for line in format!("{}\n{}", self.estimator, Described(&self.strategy)).lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl<E, P, S, C> Model for SearchCv<E, P, S, C>
where
    E: Model,
    P: Strategy + Serialize + serde::de::DeserializeOwned,
    S: Serialize + serde::de::DeserializeOwned,
    C: Serialize + serde::de::DeserializeOwned,
{
    fn type_name() -> String {
        format!("{}<{}>", P::NAME, E::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.strategy.check()?;
        self.estimator.validate()
    }
}

#[cfg(test)]
mod tests;
