//! Scores against the number of training rows, and against the values of a hyper-parameter.

use std::fmt;

use ndarray::Array2;

use super::ErrorScore;
use super::cross_validate::{DynScorer, Verdict, deviation, mean, settle};
use super::results_table::{Cells, Columns, as_columns, reals};
use super::scoring::Scorer;
use super::split::Size;
use super::splitter::CrossValidator;
use super::tasks::{self, Folds, Judged};
use crate::error::{Error, ErrorKind, Result};
use crate::params::{Params, Value};
use crate::random;
use crate::samples::{AsSamples, Samples};
use crate::targets::{AsTargets, Targets};
use crate::traits::{Estimator, PartialFit};

/// The scores of models fitted on more and more of the training rows: [`LearningCurve`] with its defaults.
///
/// # Errors
/// As [`LearningCurve::run`].
///
/// ```
/// use fitwell::model_selection::{DefaultScore, learning_curve};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| (7 * i % 50) as f64);
/// let y = Array1::from_shape_fn(50, |i| 3.0 * (7 * i % 50) as f64 + (i % 3) as f64);
/// let curve = learning_curve(&Ridge::new(), &x, &y, &5, &DefaultScore)?;
/// assert_eq!(curve.train_sizes(), [4, 13, 22, 31, 40]);
/// assert!(curve.test_scores()[[4, 0]] > 0.99);
/// println!("{curve}");
/// # Ok::<(), Error>(())
/// ```
pub fn learning_curve<E, X, Y, C>(
    estimator: &E,
    x: &X,
    y: &Y,
    cv: &C,
    scorer: &DynScorer<'_, E, X, Y>,
) -> Result<LearningCurveScores>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Sync,
    C: CrossValidator + ?Sized,
{
    LearningCurve::new().cv(cv).run(estimator, x, y, scorer)
}

/// How scores change with the number of training rows: whether more data would help.
///
/// For each fold and each size n a model is fitted on the first n training rows of the fold and scored on them and on the
/// fold's test rows.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `train_sizes` | 0.1, 0.325, 0.55, 0.775, 1 | counts of rows, or fractions in (0, 1] of the first fold's training rows, rounded down |
/// | `shuffle` | false | whether each fold's training rows are shuffled first |
/// | `random_state` | 0 | the seed of the shuffling |
/// | `error_score` | [`ErrorScore::Raise`] | what a fit scores that fails; scikit-learn's default is NaN |
///
/// Rows that are sorted by class, or by time, need `shuffle`. Stratified folds keep the order of rows, so that the first
/// rows of a fold may be of one class.
///
/// ```
/// use fitwell::model_selection::{DefaultScore, LearningCurve};
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| i as f64);
/// let y = Array1::from_shape_fn(50, |i| 3.0 * i as f64 + (i % 3) as f64);
/// let curve = LearningCurve::new().cv(4).train_sizes([5, 10, 37]).shuffle(true).run(&Ridge::new(), &x, &y, &DefaultScore)?;
/// assert_eq!(curve.test_scores().dim(), (3, 4));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct LearningCurve<C = usize> {
    cv: C,
    train_sizes: Vec<Size>,
    shuffle: bool,
    random_state: u64,
    error_score: ErrorScore,
}

impl Default for LearningCurve {
    fn default() -> Self {
        LearningCurve {
            cv: 5,
            train_sizes: (0..5)
                .map(|i| Size::Fraction(f64::from(i) * 0.225 + 0.1))
                .collect(),
            shuffle: false,
            random_state: 0,
            error_score: ErrorScore::default(),
        }
    }
}

impl LearningCurve {
    /// Five folds and five sizes, from a tenth of the training rows to all of them.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<C> LearningCurve<C> {
    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> LearningCurve<D> {
        LearningCurve {
            cv,
            train_sizes: self.train_sizes,
            shuffle: self.shuffle,
            random_state: self.random_state,
            error_score: self.error_score,
        }
    }

    /// Counts of rows, or fractions of the first fold's training rows. They are sorted, and each is tried once.
    pub fn train_sizes<S: Into<Size>>(mut self, sizes: impl IntoIterator<Item = S>) -> Self {
        self.train_sizes = sizes.into_iter().map(Into::into).collect();
        self
    }

    /// Whether each fold's training rows are shuffled first.
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// The seed of the shuffling.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// What becomes of a fit that fails.
    pub fn error_score(mut self, error_score: ErrorScore) -> Self {
        self.error_score = error_score;
        self
    }

    /// The rows to train on, ascending, given those of the first fold.
    fn sizes(&self, most: usize) -> Result<Vec<usize>> {
        if self.train_sizes.is_empty() {
            let what = "`train_sizes`".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let refused = |expected: String, got: String| {
            Error::invalid_parameter("LearningCurve", "train_sizes", expected, got)
        };
        let rows = |size: &Size| match *size {
            Size::Fraction(f) if f > 0.0 && f <= 1.0 => {
                Ok(((f * most as f64) as usize).clamp(1, most))
            }
            Size::Count(c) if c > 0 && c <= most => Ok(c),
            Size::Fraction(f) => Err(refused(
                "fractions in (0, 1] or counts of rows".into(),
                f.to_string(),
            )),
            Size::Count(c) => Err(refused(
                format!("at least 1 and at most the {most} training rows of the first fold"),
                c.to_string(),
            )),
        };
        let mut sizes: Vec<usize> = self.train_sizes.iter().map(rows).collect::<Result<_>>()?;
        sizes.sort_unstable();
        sizes.dedup();
        if sizes.len() < self.train_sizes.len() {
            log::warn!(
                "`train_sizes` holds sizes twice: {} are different",
                sizes.len()
            );
        }
        Ok(sizes)
    }

    /// Fits and scores.
    ///
    /// # Errors
    /// `InvalidParameter` for sizes out of range, `EmptyInput` for none; otherwise as
    /// [`cross_validate`](super::cross_validate()).
    pub fn run<E, X, Y>(
        &self,
        estimator: &E,
        x: &X,
        y: &Y,
        scorer: &DynScorer<'_, E, X, Y>,
    ) -> Result<LearningCurveScores>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Sync,
        C: CrossValidator,
    {
        let folds = Folds::new(x.as_samples(), y.as_targets(), &self.cv, 1)?;
        let sizes = self.sizes(folds.split(0)?.train.len())?;
        let scores = Scores::of(sizes.len(), folds.len(), self.error_score, |fold, tick| {
            let mut train = self.train_rows(&folds, fold)?;
            train.truncate(sizes[tick]);
            folds.judge_trained_on(fold, &train, |x, y| estimator.fit(x, y), &[scorer])
        })?;
        Ok(LearningCurveScores {
            train_sizes: sizes,
            scores,
        })
    }

    /// The training rows of a fold in the order in which they are taken.
    fn train_rows<X, Y>(&self, folds: &Folds<'_, X, Y>, fold: usize) -> Result<Vec<usize>>
    where
        X: Samples + ?Sized,
        Y: Targets + ?Sized,
    {
        let mut train = folds.split(fold)?.into_owned().train;
        if self.shuffle {
            let mut rng = random::stream(self.random_state, fold as u64);
            random::shuffle(&mut train, &mut rng);
        }
        Ok(train)
    }

    /// As [`run`](Self::run) with one model for each fold that goes on learning: it learns the rows up to the first size, is
    /// scored, learns those up to the second, and so on.
    ///
    /// `begin` makes a model that has learned nothing, given the number of features and the whole target, of which it may
    /// use what the classes are. A model that cannot learn further is an error whatever [`error_score`](Self::error_score)
    /// says of scores.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// ```
    /// use fitwell::model_selection::{Accuracy, LearningCurve};
    /// use fitwell::{linear_model::SgdClassifier, prelude::*};
    /// use ndarray::Array2;
    ///
    /// let x = Array2::from_shape_fn((60, 1), |(i, _)| ((7 * i) % 60) as f64 / 60.0 - 0.5);
    /// let y: Labels = (0..60).map(|i| (7 * i) % 60 < 30).collect();
    /// let curve = LearningCurve::new().train_sizes([6, 24, 48]);
    /// let begin = |n_features: usize, y: &Labels| SgdClassifier::new().begin(n_features, y);
    /// let found = curve.run_incrementally(begin, &x, &y, &Accuracy)?;
    /// assert_eq!(found.test_scores().dim(), (3, 5));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "exploit_incremental_learning")]
    pub fn run_incrementally<M, X, Y>(
        &self,
        begin: impl Fn(usize, &Y::Targets) -> Result<M> + Sync + Send,
        x: &X,
        y: &Y,
        scorer: &(dyn Scorer<M, X::Samples, Y::Targets> + '_),
    ) -> Result<LearningCurveScores>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        M: PartialFit<X::Samples, Y::Targets>,
        C: CrossValidator,
    {
        let (x, y) = (x.as_samples(), y.as_targets());
        let folds = Folds::new(x, y, &self.cv, 1)?;
        let sizes = self.sizes(folds.split(0)?.train.len())?;
        let begin = || begin(x.n_features(), y);
        let fits = tasks::run(folds.len(), |fold| {
            let train = self.train_rows(&folds, fold)?;
            let judged =
                folds.judge_steps(fold, &train, &sizes, begin, M::partial_fit, &[scorer])?;
            let verdicts = judged.into_iter();
            let verdicts = verdicts.map(|j| Verdict::new(j, 1, self.error_score, drop));
            verdicts.collect::<Result<Vec<_>>>()
        })?;
        let verdicts: Vec<Verdict> = fits.into_iter().flatten().map(|(v, _)| v).collect();
        Ok(LearningCurveScores {
            scores: Scores::new(sizes.len(), folds.len(), verdicts),
            train_sizes: sizes,
        })
    }
}

/// The scores of models with each of these values of a hyper-parameter: [`ValidationCurve`] with a splitter.
///
/// # Errors
/// As [`ValidationCurve::run`].
///
/// ```
/// use fitwell::model_selection::{DefaultScore, validation_curve};
/// use fitwell::{linear_model::Ridge, preprocessing::StandardScaler, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((50, 1), |(i, _)| (7 * i % 50) as f64);
/// let y = Array1::from_shape_fn(50, |i| 3.0 * (7 * i % 50) as f64 + (i % 3) as f64);
/// let pipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
/// let curve = validation_curve(&pipe, &x, &y, "ridge__alpha", [0.1, 100.0], &5, &DefaultScore)?;
/// assert!(curve.test_scores()[[0, 0]] > curve.test_scores()[[1, 0]]);
/// println!("{curve}");
/// # Ok::<(), Error>(())
/// ```
pub fn validation_curve<E, X, Y, C, V>(
    estimator: &E,
    x: &X,
    y: &Y,
    param_name: &str,
    param_range: impl IntoIterator<Item = V>,
    cv: &C,
    scorer: &DynScorer<'_, E, X, Y>,
) -> Result<ValidationCurveScores>
where
    X: AsSamples + ?Sized,
    Y: AsTargets + ?Sized,
    E: Estimator<X::Samples, Y::Targets> + Params + Sync,
    C: CrossValidator + ?Sized,
    V: Into<Value>,
{
    let curve = ValidationCurve::new(param_name, param_range).cv(cv);
    curve.run(estimator, x, y, scorer)
}

/// How scores change with one hyper-parameter: where a model begins to overfit.
///
/// For each value and each fold a model is fitted and scored on the fold's training rows and on its test rows. To choose the
/// best of many use a search, which is the same without the training scores and fits the best again.
///
/// | setting | default | meaning |
/// |---|---|---|
/// | `param_name` | | the name, nested ones joined by `__` |
/// | `param_range` | | the values to try, in this order |
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits |
/// | `error_score` | [`ErrorScore::Raise`] | what a fit scores that fails; scikit-learn's default is NaN |
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ValidationCurve<C = usize> {
    param_name: String,
    param_range: Vec<Value>,
    cv: C,
    error_score: ErrorScore,
}

impl ValidationCurve {
    /// Five folds for each value.
    pub fn new<V: Into<Value>>(
        param_name: impl Into<String>,
        param_range: impl IntoIterator<Item = V>,
    ) -> Self {
        ValidationCurve {
            param_name: param_name.into(),
            param_range: param_range.into_iter().map(Into::into).collect(),
            cv: 5,
            error_score: ErrorScore::default(),
        }
    }
}

impl<C> ValidationCurve<C> {
    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> ValidationCurve<D> {
        ValidationCurve {
            param_name: self.param_name,
            param_range: self.param_range,
            cv,
            error_score: self.error_score,
        }
    }

    /// What becomes of a fit that fails.
    pub fn error_score(mut self, error_score: ErrorScore) -> Self {
        self.error_score = error_score;
        self
    }

    /// Fits and scores.
    ///
    /// # Errors
    /// `UnknownParameter` and `InvalidParameter` for a name or a value that does not fit; `EmptyInput` for no values;
    /// otherwise as [`cross_validate`](super::cross_validate()).
    pub fn run<E, X, Y>(
        &self,
        estimator: &E,
        x: &X,
        y: &Y,
        scorer: &DynScorer<'_, E, X, Y>,
    ) -> Result<ValidationCurveScores>
    where
        X: AsSamples + ?Sized,
        Y: AsTargets + ?Sized,
        E: Estimator<X::Samples, Y::Targets> + Params + Sync,
        C: CrossValidator,
    {
        if self.param_range.is_empty() {
            let what = "`param_range`".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let with = |value: &Value| estimator.with_value(&self.param_name, value.clone());
        let estimators: Vec<E> = self.param_range.iter().map(with).collect::<Result<_>>()?;
        let n_values = estimators.len();
        let folds = Folds::new(x.as_samples(), y.as_targets(), &self.cv, n_values)?;
        let scores = Scores::of(n_values, folds.len(), self.error_score, |fold, tick| {
            let place = || format!("{}={}", self.param_name, self.param_range[tick]);
            let fit = |x: &_, y: &_| estimators[tick].fit(x, y).map_err(|e| e.within(place()));
            folds.judge(fold, fit, &[scorer], true)
        })?;
        Ok(ValidationCurveScores {
            param_name: self.param_name.clone(),
            param_range: self.param_range.clone(),
            scores,
        })
    }
}

/// Scores and times, (n_ticks, n_splits) each.
#[derive(Clone, Debug, PartialEq)]
struct Scores {
    train: Array2<f64>,
    test: Array2<f64>,
    fit_times: Array2<f64>,
    score_times: Array2<f64>,
    failures: Vec<String>,
}

impl Scores {
    /// Of each fold and tick, `fit`.
    fn of<M>(
        n_ticks: usize,
        n_folds: usize,
        error_score: ErrorScore,
        fit: impl Fn(usize, usize) -> Result<Judged<M>> + Sync + Send,
    ) -> Result<Self> {
        let n_fits = n_ticks.checked_mul(n_folds).ok_or_else(|| {
            let what = "number of fits of the curve".into();
            super::splitter::too_large(what, u64::MAX, usize::MAX as u64)
        })?;
        let fits = tasks::run(n_fits, |task| {
            let judged = fit(task / n_ticks, task % n_ticks)?;
            Verdict::new(judged, 1, error_score, drop)
        })?;
        let (verdicts, _) = settle(fits)?;
        Ok(Self::new(n_ticks, n_folds, verdicts))
    }

    /// Verdicts of the first fold's ticks, then of the second's.
    fn new(n_ticks: usize, n_folds: usize, verdicts: Vec<Verdict>) -> Self {
        let table = |of: fn(&Verdict) -> f64| {
            Array2::from_shape_fn((n_ticks, n_folds), |(tick, fold)| {
                of(&verdicts[fold * n_ticks + tick])
            })
        };
        Scores {
            train: table(|v| v.train.as_ref().map_or(f64::NAN, |scores| scores[0])),
            test: table(|v| v.test[0]),
            fit_times: table(|v| v.fit_time),
            score_times: table(|v| v.score_time),
            failures: verdicts.into_iter().filter_map(|v| v.failure).collect(),
        }
    }

    /// One line a tick: means and deviations over the folds.
    fn table(&self, f: &mut fmt::Formatter<'_>, title: &str, ticks: &[String]) -> fmt::Result {
        let lengths = ticks.iter().map(|t| t.chars().count());
        let width = lengths.max().unwrap_or(0).max(title.chars().count());
        write!(f, "{title:>width$}")?;
        for name in ["train", "std", "test", "std"] {
            write!(f, "  {name:>10}")?;
        }
        write!(f, "  {:>8}", "fit s")?;
        for (tick, text) in ticks.iter().enumerate() {
            write!(f, "\n{text:>width$}")?;
            for scores in [&self.train, &self.test] {
                let scores = scores.row(tick).to_vec();
                write!(f, "  {:>10.4}  {:>10.4}", mean(&scores), deviation(&scores))?;
            }
            write!(f, "  {:>8.3}", mean(&self.fit_times.row(tick).to_vec()))?;
        }
        for failure in &self.failures {
            write!(f, "\nfailed: {failure}")?;
        }
        Ok(())
    }
}

/// What [`LearningCurve`] found. `Display` shows a line for each size: means and deviations over the folds.
#[derive(Clone, Debug, PartialEq)]
pub struct LearningCurveScores {
    train_sizes: Vec<usize>,
    scores: Scores,
}

/// What [`ValidationCurve`] found. `Display` shows a line for each value: means and deviations over the folds.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationCurveScores {
    param_name: String,
    param_range: Vec<Value>,
    scores: Scores,
}

impl LearningCurveScores {
    /// The numbers of rows that were trained on, ascending.
    pub fn train_sizes(&self) -> &[usize] {
        &self.train_sizes
    }
}

impl ValidationCurveScores {
    /// The name of the hyper-parameter.
    pub fn param_name(&self) -> &str {
        &self.param_name
    }

    /// The values that were tried.
    pub fn param_range(&self) -> &[Value] {
        &self.param_range
    }
}

impl Scores {
    /// The columns after that of the ticks: as those of search results.
    fn columns(&self) -> Columns {
        let mut columns = Vec::new();
        for (side, scores) in [("test", &self.test), ("train", &self.train)] {
            let of =
                |of: fn(&[f64]) -> f64| reals(scores.rows().into_iter().map(|r| of(&r.to_vec())));
            columns.push((format!("mean_{side}_score"), of(mean)));
            columns.push((format!("std_{side}_score"), of(deviation)));
            for (k, split) in scores.columns().into_iter().enumerate() {
                columns.push((format!("split{k}_{side}_score"), reals(split.to_vec())));
            }
        }
        for (name, times) in [("fit", &self.fit_times), ("score", &self.score_times)] {
            let of =
                |of: fn(&[f64]) -> f64| reals(times.rows().into_iter().map(|r| of(&r.to_vec())));
            columns.push((format!("mean_{name}_time"), of(mean)));
            columns.push((format!("std_{name}_time"), of(deviation)));
        }
        columns
    }
}

impl LearningCurveScores {
    fn columns(&self) -> Columns {
        let sizes = self.train_sizes.iter().map(|&n| Some(n)).collect();
        let mut columns = vec![("train_size".to_string(), Cells::Count(sizes))];
        columns.extend(self.scores.columns());
        columns
    }
}

impl ValidationCurveScores {
    fn columns(&self) -> Columns {
        let values = self.param_range.iter().cloned().map(Some).collect();
        let mut columns = vec![(format!("param_{}", self.param_name), Cells::Param(values))];
        columns.extend(self.scores.columns());
        columns
    }
}

as_columns! {
    /// Writes one line a size: `train_size`, `mean_test_score`, `std_test_score`, the score of each fold as
    /// `split0_test_score` and so on, the same for the training rows, `mean_fit_time`, `std_fit_time`, `mean_score_time`
    /// and `std_score_time` in seconds.
    LearningCurveScores;
    /// The columns of [`to_csv`](Self::to_csv) as a [`Table`](crate::table::Table).
    ///
    /// # Errors
    /// None: the names of the columns differ.
}

as_columns! {
    /// Writes one line a value: `param_...`, `mean_test_score`, `std_test_score`, the score of each fold as
    /// `split0_test_score` and so on, the same for the training rows, `mean_fit_time`, `std_fit_time`, `mean_score_time`
    /// and `std_score_time` in seconds.
    ValidationCurveScores;
    /// The columns of [`to_csv`](Self::to_csv) as a [`Table`](crate::table::Table). The parameter is a column of numbers,
    /// booleans or texts, as its values are.
    ///
    /// # Errors
    /// None: the names of the columns differ.
}

macro_rules! scores {
    ($name:ident, $tick:literal) => {
        impl $name {
            #[doc = concat!("The score on the rows that each model was trained on, one row for each ", $tick, ", one column for each fold.")]
            pub fn train_scores(&self) -> &Array2<f64> {
                &self.scores.train
            }

            #[doc = concat!("The score on each fold's test rows, one row for each ", $tick, ", one column for each fold.")]
            pub fn test_scores(&self) -> &Array2<f64> {
                &self.scores.test
            }

            /// The seconds each fit took, shaped as the scores.
            pub fn fit_times(&self) -> &Array2<f64> {
                &self.scores.fit_times
            }

            /// The seconds scoring the test rows took, shaped as the scores.
            pub fn score_times(&self) -> &Array2<f64> {
                &self.scores.score_times
            }

            /// What went wrong where a fit was given a score instead, in the order of the folds.
            pub fn failures(&self) -> &[String] {
                &self.scores.failures
            }
        }
    };
}
scores!(LearningCurveScores, "size");
scores!(ValidationCurveScores, "value");

impl fmt::Display for LearningCurveScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks: Vec<String> = self.train_sizes.iter().map(usize::to_string).collect();
        self.scores.table(f, "rows", &ticks)
    }
}

impl fmt::Display for ValidationCurveScores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ticks: Vec<String> = self.param_range.iter().map(Value::to_string).collect();
        self.scores.table(f, &self.param_name, &ticks)
    }
}
