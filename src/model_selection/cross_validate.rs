//! Cross-validation.

use std::collections::HashSet;
use std::fmt;

use ndarray::{Array1, Array2, Axis};

use super::ErrorScore;
use super::results_table::{Cells, Columns, as_columns, reals};
use super::scoring::Scorer;
use super::splitter::{CrossValidator, Split};
use super::tasks::{self, Folds, Judged};
use crate::error::{Error, ErrorKind, Result};
use crate::samples::AsSamples;
use crate::targets::AsTargets;
use crate::traits::Estimator;

pub(super) type FittedOn<E, X, Y> =
    <E as Estimator<<X as AsSamples>::Samples, <Y as AsTargets>::Targets>>::Fitted;
pub(super) type DynScorer<'a, E, X, Y> =
    dyn Scorer<FittedOn<E, X, Y>, <X as AsSamples>::Samples, <Y as AsTargets>::Targets> + 'a;

/// Fits on all folds but one and scores on that one, in turn, with several scorers at once.
///
/// `cv` is a number of folds, a splitter, or a list of splits. Folds run side by side; their order and their results do
/// not depend on the number of threads. [`CrossValidate`] also scores the training rows, keeps the models and the indices,
/// and goes on after a failure.
///
/// Weights and groups travel with the target: `y.weighted(&w)` weighs fits and scores, `y.grouped(&g)` is for splitters
/// that keep groups together.
///
/// # Errors
/// Those of the splitter, of `fit` and of the scorers, with the fold (from 0) in [`Error::context`]; `InvalidInput` when
/// a score is not finite or two scorers have one name; `EmptyInput` for no rows or no scorers.
///
/// ```
/// use fitwell::model_selection::{KFold, NegMeanAbsoluteError, R2, cross_validate};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
/// let y = Array1::from_shape_fn(20, |i| 3.0 * i as f64 + 1.0);
/// let cv = KFold::new().n_splits(4).shuffle(true);
/// let scores = cross_validate(&Ridge::new(), &x, &y, &cv, &[&R2::new(), &NegMeanAbsoluteError])?;
/// assert_eq!(scores.test_scores("r2")?.len(), 4);
/// assert!(scores.mean("r2")? > 0.99 && scores.mean("neg_mean_absolute_error")? > -0.1);
/// println!("{scores}");
/// # Ok::<(), Error>(())
/// ```
pub fn cross_validate<E, X, Y, C>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorers: &[&DynScorer<'_, E, X, Y>],
) -> Result<CrossValidation>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
{
    let options = Options::default();
    Ok(validate(estimator, x, y, cv, scorers, options, drop)?.0)
}

/// The test score of each fold: [`cross_validate`] with one scorer.
///
/// # Errors
/// As [`cross_validate`].
///
/// ```
/// use fitwell::model_selection::{DefaultScore, cross_val_score};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((20, 1), |(i, _)| (7 * i % 20) as f64);
/// let y = Array1::from_shape_fn(20, |i| 3.0 * (7 * i % 20) as f64 + 1.0);
/// let scores = cross_val_score(&Ridge::new(), &x, &y, &5, &DefaultScore)?;
/// assert!(scores.len() == 5 && scores.iter().all(|&s| s > 0.99));
/// # Ok::<(), Error>(())
/// ```
pub fn cross_val_score<E, X, Y, C>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorer: &DynScorer<'_, E, X, Y>,
) -> Result<Array1<f64>>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
{
    let options = Options::default();
    let (all, _) = validate(estimator, x, y, cv, &[scorer], options, drop)?;
    Ok(all.test.column(0).to_owned())
}

/// [`cross_validate`] with options.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `return_train_score` | false | whether training rows are scored too |
/// | `return_indices` | false | whether the result holds the rows of each fold |
/// | `error_score` | [`ErrorScore::Raise`] | what a fold scores that fails; scikit-learn's default is NaN |
///
/// [`run_with_models`](Self::run_with_models) returns the models too, scikit-learn's `return_estimator`.
///
/// ```
/// use fitwell::model_selection::{CrossValidate, DefaultScore};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
/// let y = Array1::from_shape_fn(20, |i| 3.0 * i as f64 + 1.0);
/// let validate = CrossValidate::new().cv(4).return_train_score(true).return_indices(true);
/// let (scores, models) = validate.run_with_models(&Ridge::new(), &x, &y, &[&DefaultScore])?;
/// assert!(scores.train_scores("score")?.is_some_and(|s| s.len() == 4));
/// assert_eq!(scores.indices().unwrap()[1].test, [5, 6, 7, 8, 9]);
/// assert!(models.iter().flatten().all(|model| (model.coef()[0] - 3.0).abs() < 0.1));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CrossValidate<C = usize> {
    cv: C,
    options: Options,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Options {
    return_train_score: bool,
    return_indices: bool,
    error_score: ErrorScore,
}

impl Default for CrossValidate {
    fn default() -> Self {
        CrossValidate {
            cv: 5,
            options: Options::default(),
        }
    }
}

impl CrossValidate {
    /// Five folds, stratified for classes; scores of the test rows only.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<C> CrossValidate<C> {
    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> CrossValidate<D> {
        CrossValidate {
            cv,
            options: self.options,
        }
    }

    /// Whether to score the training rows too, which shows overfitting and takes time.
    pub fn return_train_score(mut self, yes: bool) -> Self {
        self.options.return_train_score = yes;
        self
    }

    /// Whether the result holds the train and test rows of each fold.
    pub fn return_indices(mut self, yes: bool) -> Self {
        self.options.return_indices = yes;
        self
    }

    /// What becomes of a fold whose fit or score fails: the validation fails, or the fold gets a score instead and the
    /// result says why, in its table and in [`failures`](CrossValidation::failures). When every fit fails it is an error
    /// in either case.
    pub fn error_score(mut self, error_score: ErrorScore) -> Self {
        self.options.error_score = error_score;
        self
    }

    /// Cross-validates.
    ///
    /// # Errors
    /// As [`cross_validate`].
    pub fn run<E, X, Y>(
        &self,
        estimator: &E,
        x: &X,
        y: &Y,
        scorers: &[&DynScorer<'_, E, X, Y>],
    ) -> Result<CrossValidation>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Sync,
        C: CrossValidator,
    {
        Ok(validate(estimator, x, y, &self.cv, scorers, self.options, drop)?.0)
    }

    /// Cross-validates and returns the model of each fold; none where the fit failed and
    /// [`error_score`](Self::error_score) is a value.
    ///
    /// # Errors
    /// As [`cross_validate`].
    #[doc(alias = "return_estimator")]
    #[allow(clippy::type_complexity)] // the result and the models
    pub fn run_with_models<E, X, Y>(
        &self,
        estimator: &E,
        x: &X,
        y: &Y,
        scorers: &[&DynScorer<'_, E, X, Y>],
    ) -> Result<(CrossValidation, Vec<Option<FittedOn<E, X, Y>>>)>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Sync,
        E::Fitted: Send + Sync,
        C: CrossValidator,
    {
        validate(estimator, x, y, &self.cv, scorers, self.options, |model| {
            model
        })
    }
}

/// The result, and what `keep` makes of each model.
#[allow(clippy::type_complexity)] // as its callers
fn validate<E, X, Y, C, T>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorers: &[&DynScorer<'_, E, X, Y>],
    options: Options,
    keep: fn(FittedOn<E, X, Y>) -> T,
) -> Result<(CrossValidation, Vec<Option<T>>)>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
    T: Send + Sync,
{
    let names: Vec<String> = scorers.iter().flat_map(|s| s.names()).collect();
    if names.is_empty() {
        return Err(ErrorKind::EmptyInput {
            what: "list of scorers".into(),
        }
        .into());
    }
    let mut seen = HashSet::new();
    if let Some(name) = names.iter().find(|n| !seen.insert(*n)) {
        let reason = format!("two have the name `{name}`; `named` gives another");
        return Err(Error::invalid_input("scorers", reason));
    }
    let folds = Folds::new(x.as_samples(), y.as_targets(), cv, 1)?;
    let fits = tasks::run(folds.len(), |k| {
        let judged = folds.judge(
            k,
            |x, y| estimator.fit(x, y),
            scorers,
            options.return_train_score,
        )?;
        Verdict::new(judged, names.len(), options.error_score, keep)
    })?;
    let (verdicts, models) = settle(fits)?;
    let indices = options.return_indices.then(|| {
        let splits = (0..folds.len()).map(|k| Ok(folds.split(k)?.into_owned()));
        splits.collect::<Result<Vec<Split>>>()
    });
    let result = CrossValidation::new(names, verdicts, indices.transpose()?);
    Ok((result, models))
}

/// The scores of one fit after the error policy had its say.
pub(super) struct Verdict {
    pub(super) test: Vec<f64>,
    pub(super) train: Option<Vec<f64>>,
    pub(super) fit_time: f64,
    pub(super) score_time: f64,
    /// What went wrong first.
    pub(super) failure: Option<String>,
    /// The error of the fit.
    unfitted: Option<Error>,
}

impl Verdict {
    /// `Err` is what stops everything.
    pub(super) fn new<M, T>(
        judged: Judged<M>,
        n_scorers: usize,
        error_score: ErrorScore,
        keep: fn(M) -> T,
    ) -> Result<(Verdict, Option<T>)> {
        let (fit_time, score_time) = (judged.fit_time, judged.score_time);
        let value = match error_score {
            ErrorScore::Raise => None,
            ErrorScore::Value(value) => Some(value),
        };
        let mut failure = None;
        let mut instead = |e: Error| match value {
            Some(value) if !matches!(e.kind(), ErrorKind::Cancelled { .. }) => {
                log::warn!("{e}; the score is {value}");
                failure.get_or_insert_with(|| e.to_string());
                Ok((value, e))
            }
            _ => Err(e),
        };
        match judged.model {
            Ok(model) => {
                let mut all = |scores: Vec<Result<f64>>| -> Result<Vec<f64>> {
                    let score = |s: Result<f64>| s.or_else(|e| Ok(instead(e)?.0));
                    scores.into_iter().map(score).collect()
                };
                let test = all(judged.test)?;
                let train = judged.train.map(all).transpose()?;
                let verdict = Verdict {
                    test,
                    train,
                    fit_time,
                    score_time,
                    failure,
                    unfitted: None,
                };
                Ok((verdict, Some(keep(model))))
            }
            Err(e) => {
                let (value, e) = instead(e)?;
                let verdict = Verdict {
                    test: vec![value; n_scorers],
                    train: judged.train.map(|_| vec![value; n_scorers]),
                    fit_time,
                    score_time,
                    failure,
                    unfitted: Some(e),
                };
                Ok((verdict, None))
            }
        }
    }
}

/// The verdicts and models apart; the first error when no fit succeeded.
#[allow(clippy::type_complexity)] // two lists
pub(super) fn settle<T>(fits: Vec<(Verdict, Option<T>)>) -> Result<(Vec<Verdict>, Vec<Option<T>>)> {
    let (mut verdicts, models): (Vec<Verdict>, Vec<_>) = fits.into_iter().unzip();
    if verdicts.iter().all(|v| v.unfitted.is_some())
        && let Some(e) = verdicts.first_mut().and_then(|v| v.unfitted.take())
    {
        return Err(e);
    }
    Ok((verdicts, models))
}

/// The scores and times of each fold.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    names: Vec<String>,
    /// (n_splits, n_scorers).
    test: Array2<f64>,
    train: Option<Array2<f64>>,
    fit_times: Array1<f64>,
    score_times: Array1<f64>,
    indices: Option<Vec<Split>>,
    failures: Vec<Option<String>>,
}

impl CrossValidation {
    fn new(names: Vec<String>, folds: Vec<Verdict>, indices: Option<Vec<Split>>) -> Self {
        let shape = (folds.len(), names.len());
        let train = folds.iter().all(|o| o.train.is_some()).then(|| {
            Array2::from_shape_fn(shape, |(k, s)| {
                folds[k].train.as_ref().map_or(0.0, |t| t[s])
            })
        });
        CrossValidation {
            names,
            test: Array2::from_shape_fn(shape, |(k, s)| folds[k].test[s]),
            train,
            fit_times: folds.iter().map(|o| o.fit_time).collect(),
            score_times: folds.iter().map(|o| o.score_time).collect(),
            indices,
            failures: folds.into_iter().map(|o| o.failure).collect(),
        }
    }

    /// The number of folds.
    pub fn n_splits(&self) -> usize {
        self.test.nrows()
    }

    /// The names of the scorers.
    pub fn scorers(&self) -> &[String] {
        &self.names
    }

    /// The score of each fold's test rows.
    ///
    /// # Errors
    /// `InvalidInput` when no scorer has this name; it lists those there are.
    pub fn test_scores(&self, scorer: &str) -> Result<Array1<f64>> {
        Ok(self.test.column(self.place(scorer)?).to_owned())
    }

    /// The score of each fold's training rows, if they were scored.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn train_scores(&self, scorer: &str) -> Result<Option<Array1<f64>>> {
        let place = self.place(scorer)?;
        Ok(self.train.as_ref().map(|t| t.column(place).to_owned()))
    }

    /// The mean of the test scores.
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn mean(&self, scorer: &str) -> Result<f64> {
        Ok(mean(
            self.test_scores(scorer)?.as_slice().unwrap_or_default(),
        ))
    }

    /// The standard deviation of the test scores over the folds (of the population, as NumPy's `std`).
    ///
    /// # Errors
    /// As [`test_scores`](Self::test_scores).
    pub fn std(&self, scorer: &str) -> Result<f64> {
        Ok(deviation(
            self.test_scores(scorer)?.as_slice().unwrap_or_default(),
        ))
    }

    /// The train and test rows of each fold, if they were asked for.
    pub fn indices(&self) -> Option<&[Split]> {
        self.indices.as_deref()
    }

    /// What went wrong on each fold that was given a score instead; nothing on the others.
    pub fn failures(&self) -> &[Option<String>] {
        &self.failures
    }

    /// The seconds each fold's fit took.
    pub fn fit_times(&self) -> &Array1<f64> {
        &self.fit_times
    }

    /// The seconds scoring each fold's test rows took.
    pub fn score_times(&self) -> &Array1<f64> {
        &self.score_times
    }

    fn place(&self, scorer: &str) -> Result<usize> {
        self.names.iter().position(|n| n == scorer).ok_or_else(|| {
            let reason = format!("no scorer `{scorer}`; there are: {}", self.names.join(", "));
            Error::invalid_input("cross-validation", reason)
        })
    }
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

pub(super) fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (squares / values.len() as f64).sqrt()
}

as_columns! {
    /// Writes one line a fold: `fold`, `fit_time` and `score_time` in seconds, `test_score`, `train_score` if training rows
    /// were scored, and `failure`. Of several scorers each has its columns, with its name in place of `score`.
    CrossValidation;
    /// The columns of [`to_csv`](Self::to_csv) as a [`Table`](crate::table::Table).
    ///
    /// ```
    /// use fitwell::model_selection::{DefaultScore, cross_validate};
    /// use fitwell::{linear_model::Ridge, prelude::*};
    ///
    /// let data = fitwell::datasets::load_diabetes()?;
    /// let scores = cross_validate(&Ridge::new(), &data.x, &data.target, &5, &[&DefaultScore])?;
    /// let table = scores.to_table()?;
    /// assert_eq!(table.names(), ["fold", "fit_time", "score_time", "test_score", "failure"]);
    /// assert_eq!(table.column("test_score")?.number(2), Some(scores.test_scores("score")?[2]));
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` when a scorer's column has the name of another.
}

impl CrossValidation {
    /// Every column with its name.
    fn columns(&self) -> Columns {
        let mut columns = vec![
            (
                "fold".into(),
                Cells::Count((0..self.n_splits()).map(Some).collect()),
            ),
            ("fit_time".into(), reals(self.fit_times.to_vec())),
            ("score_time".into(), reals(self.score_times.to_vec())),
        ];
        for (s, name) in self.names.iter().enumerate() {
            let name = if self.names.len() > 1 { name } else { "score" };
            columns.push((format!("test_{name}"), reals(self.test.column(s).to_vec())));
            if let Some(train) = &self.train {
                columns.push((format!("train_{name}"), reals(train.column(s).to_vec())));
            }
        }
        columns.push(("failure".into(), Cells::Text(self.failures.clone())));
        columns
    }
}

/// One line a fold, then mean and standard deviation, then what failed.
impl fmt::Display for CrossValidation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sides = [("test", Some(&self.test)), ("train", self.train.as_ref())];
        let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
        for (side, scores) in sides {
            for (name, column) in self
                .names
                .iter()
                .zip(scores.iter().flat_map(|s| s.axis_iter(Axis(1))))
            {
                columns.push((format!("{side} {name}"), column.to_vec()));
            }
        }
        write!(f, "{:>4}", "fold")?;
        for (name, _) in &columns {
            write!(f, "  {name:>10}")?;
        }
        write!(f, "  {:>8}", "fit s")?;
        for fold in 0..self.n_splits() {
            write!(f, "\n{fold:>4}")?;
            for (name, values) in &columns {
                write!(
                    f,
                    "  {:>width$.4}",
                    values[fold],
                    width = name.chars().count().max(10)
                )?;
            }
            write!(f, "  {:>8.3}", self.fit_times[fold])?;
        }
        for (title, of) in [("mean", mean as fn(&[f64]) -> f64), ("std", deviation)] {
            write!(f, "\n{title:>4}")?;
            for (name, values) in &columns {
                write!(
                    f,
                    "  {:>width$.4}",
                    of(values),
                    width = name.chars().count().max(10)
                )?;
            }
            write!(f, "  {:>8.3}", of(&self.fit_times.to_vec()))?;
        }
        for failure in self.failures.iter().flatten() {
            write!(f, "\nfailed: {failure}")?;
        }
        Ok(())
    }
}
