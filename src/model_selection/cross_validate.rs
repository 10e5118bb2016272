//! Cross-validation.

use std::collections::HashSet;
use std::fmt;

use ndarray::{Array1, Array2, Axis};

use super::folds::CrossValidator;
use super::scoring::Scorer;
use super::tasks::{self, Folds, Outcome};
use crate::error::{Error, ErrorKind, Result};
use crate::samples::AsSamples;
use crate::targets::AsTargets;
use crate::traits::Estimator;

type FittedOn<E, X, Y> =
    <E as Estimator<<X as AsSamples>::Samples, <Y as AsTargets>::Targets>>::Fitted;
type DynScorer<'a, E, X, Y> =
    dyn Scorer<FittedOn<E, X, Y>, <X as AsSamples>::Samples, <Y as AsTargets>::Targets> + 'a;

/// Fits on all folds but one and scores on that one, in turn, with several scorers at once.
///
/// `cv` is a number of folds, a splitter, or a list of splits. Folds run side by side; their order and their results do
/// not depend on the number of threads. [`CrossValidate`] also scores the training rows.
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
    validate(estimator, x, y, cv, scorers, false)
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
    let all = validate(estimator, x, y, cv, &[scorer], false)?;
    Ok(all.test.column(0).to_owned())
}

/// [`cross_validate`] with options.
///
/// ```
/// use fitwell::model_selection::{CrossValidate, DefaultScore};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
/// let y = Array1::from_shape_fn(20, |i| 3.0 * i as f64 + 1.0);
/// let scores = CrossValidate::new().cv(4).return_train_score(true).run(&Ridge::new(), &x, &y, &[&DefaultScore])?;
/// assert!(scores.train_scores("score")?.is_some_and(|s| s.len() == 4));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CrossValidate<C = usize> {
    cv: C,
    return_train_score: bool,
}

impl Default for CrossValidate {
    fn default() -> Self {
        CrossValidate {
            cv: 5,
            return_train_score: false,
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
            return_train_score: self.return_train_score,
        }
    }

    /// Whether to score the training rows too, which shows overfitting and takes time.
    pub fn return_train_score(mut self, yes: bool) -> Self {
        self.return_train_score = yes;
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
        validate(estimator, x, y, &self.cv, scorers, self.return_train_score)
    }
}

fn validate<E, X, Y, C>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorers: &[&DynScorer<'_, E, X, Y>],
    score_train: bool,
) -> Result<CrossValidation>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
{
    let names: Vec<String> = scorers.iter().map(|s| s.name()).collect();
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
    let outcomes = tasks::run(folds.len(), |k| {
        folds.evaluate(k, |x, y| estimator.fit(x, y), scorers, score_train)
    })?;
    Ok(CrossValidation::new(names, outcomes))
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
}

impl CrossValidation {
    fn new(names: Vec<String>, outcomes: Vec<Outcome>) -> Self {
        let shape = (outcomes.len(), names.len());
        let train = outcomes.iter().all(|o| o.train.is_some()).then(|| {
            Array2::from_shape_fn(shape, |(k, s)| {
                outcomes[k].train.as_ref().map_or(0.0, |t| t[s])
            })
        });
        CrossValidation {
            names,
            test: Array2::from_shape_fn(shape, |(k, s)| outcomes[k].test[s]),
            train,
            fit_times: outcomes.iter().map(|o| o.fit_time).collect(),
            score_times: outcomes.iter().map(|o| o.score_time).collect(),
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

/// One line a fold, then mean and standard deviation.
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
        Ok(())
    }
}
