//! Logistic regression whose penalty is chosen by cross-validation.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use ndarray::{Array, Array1, Array2, Array3, ArrayRef2, Axis, Ix5, s};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{ErrorKind, Result};
use crate::feature_selection::is_all_l1;
use crate::float::Float;
use crate::labels::Labels;
use crate::model_selection::{CrossValidator, DefaultScore, Scorer, Split};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::{ClassTarget, Targets, Weighted};
use crate::traits::{Estimator, PredictProba};

use super::classifier_model::classifier_model;
use super::linear_classifier::{self, ClassList, ClassTask};
use super::logistic_cs::Cs;
use super::logistic_regression::{FittedLogisticRegression, split_parameters};
use super::logistic_solver::{LogisticSolver, Settings, solve, start};
use super::ridge_classifier::named;
use super::ridge_cv::{best_of, finite, not_empty, number_or_list};

const NAME: &str = "LogisticRegressionCv";

/// [`LogisticRegression`](super::LogisticRegression) with the penalty that does best in cross-validation.
///
/// On the training rows of each fold, and for each of `l1_ratios`, models are fitted for one of `Cs` after the other, each from
/// the coefficients of the one before, and scored on the other rows. The pair of the greatest mean score wins, the first of
/// equals; a model is fitted with it on all rows, from the mean of the folds' coefficients.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `Cs` | 10 | a count ≥ 1, or a list in (0, ∞] | the strengths to try; so many from 10⁻⁴ to 10⁴, evenly in logarithms |
/// | `l1_ratios` | 0 | a number or a list in [0, 1] | the parts of the penalty that are L1 |
/// | `cv` | 5 | a number of folds (stratified), a splitter, or a list of splits | |
/// | `scoring` | accuracy | a [`Scorer`] | greater is better |
/// | `refit` | `true` | | `false`: the means of what did best in each fold, C and l1_ratio too |
/// | the others | | | as [`LogisticRegression`](super::LogisticRegression)'s |
///
/// Sample weights count in fits and scores, class weights in fits; balanced ones are those of all rows. A class that a fold
/// lacks keeps its coefficients there. Folds run side by side on rayon's threads; results are the same bits with any number
/// of them.
///
/// # Complexity
/// One path of fits for each fold and each of `l1_ratios`, and one more fit. Each path that runs holds a copy of its rows:
/// with two threads about twice the samples.
///
/// # Errors
/// As [`LogisticRegression`](super::LogisticRegression)'s; those of the splitter and of the scorer, with the fold in
/// [`Error::context`](crate::Error::context); `InvalidInput` for a score that is not finite.
///
/// # Source
/// scikit-learn's class with `use_legacy_attributes=False`, and `l1_ratios=(0,)`, which will be its default. `refit=false`
/// averages `l1_ratio` whatever the ratios are. The last fit heeds `intercept_scaling`, which scikit-learn's forgets. Macro
/// averages of a fold are of the classes that occur in its test rows or predictions; scikit-learn's count the others as 0.
/// `score` of the fitted model is accuracy, where scikit-learn's is by `scoring`.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::LogisticRegressionCv, model_selection::NegLogLoss, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let model = LogisticRegressionCv::new()
///     .cs([0.01, 1.0, 100.0])
///     .cv(3)
///     .scoring(NegLogLoss)
///     .fit(&iris.x, &iris.target)?;
/// assert_eq!(model.c(), 100.0);
/// assert_eq!(model.scores().dim(), (3, 1, 3));
/// assert!(model.score(&iris.x, &iris.target)? > 0.95);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "LogisticRegressionCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LogisticRegressionCv<S = DefaultScore, C = usize> {
    #[serde(rename = "Cs")]
    cs: Cs,
    #[serde(with = "number_or_list")]
    l1_ratios: Vec<f64>,
    fit_intercept: bool,
    cv: Option<C>,
    dual: bool,
    #[serde(bound(
        serialize = "S: Serialize",
        deserialize = "S: Default + Deserialize<'de>"
    ))]
    scoring: S,
    solver: LogisticSolver,
    #[serde(with = "crate::params::number")]
    tol: f64,
    max_iter: usize,
    class_weight: ClassWeight,
    refit: bool,
    #[serde(with = "crate::params::number")]
    intercept_scaling: f64,
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl<S: Default, C> Default for LogisticRegressionCv<S, C> {
    fn default() -> Self {
        LogisticRegressionCv {
            cs: Cs::Count(10),
            l1_ratios: vec![0.0],
            fit_intercept: true,
            cv: None,
            dual: false,
            scoring: S::default(),
            solver: LogisticSolver::Lbfgs,
            tol: 1e-4,
            max_iter: 100,
            class_weight: ClassWeight::None,
            refit: true,
            intercept_scaling: 1.0,
            random_state: 0,
            watch: Watch::default(),
        }
    }
}

impl LogisticRegressionCv {
    /// Ten strengths of an L2 penalty, five folds, accuracy.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S, C> LogisticRegressionCv<S, C> {
    /// The inverse strengths to try: how many, or which.
    pub fn cs(mut self, cs: impl Into<Cs>) -> Self {
        self.cs = cs.into();
        self
    }

    /// The parts of the penalty that are L1.
    pub fn l1_ratios(mut self, l1_ratios: impl Into<Vec<f64>>) -> Self {
        self.l1_ratios = l1_ratios.into();
        self
    }

    /// Whether there is an intercept.
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> LogisticRegressionCv<S, D> {
        self.with(|scoring, _| (scoring, Some(cv)))
    }

    /// What ranks the penalties; [`DefaultScore`] is accuracy.
    pub fn scoring<T>(self, scoring: T) -> LogisticRegressionCv<T, C> {
        self.with(|_, cv| (scoring, cv))
    }

    fn with<T, D>(
        self,
        change: impl FnOnce(S, Option<C>) -> (T, Option<D>),
    ) -> LogisticRegressionCv<T, D> {
        let (scoring, cv) = change(self.scoring, self.cv);
        LogisticRegressionCv {
            cs: self.cs,
            l1_ratios: self.l1_ratios,
            fit_intercept: self.fit_intercept,
            cv,
            dual: self.dual,
            scoring,
            solver: self.solver,
            tol: self.tol,
            max_iter: self.max_iter,
            class_weight: self.class_weight,
            refit: self.refit,
            intercept_scaling: self.intercept_scaling,
            random_state: self.random_state,
            watch: self.watch,
        }
    }

    /// Whether `Liblinear` descends over the rows.
    pub fn dual(mut self, dual: bool) -> Self {
        self.dual = dual;
        self
    }

    /// How the minimum is found.
    pub fn solver(mut self, solver: LogisticSolver) -> Self {
        self.solver = solver;
        self
    }

    /// How closely the minimum is found.
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The most iterations of one fit.
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// How much the classes count.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Whether a model is fitted on all rows with what did best; otherwise the coefficients of the folds are averaged.
    pub fn refit(mut self, refit: bool) -> Self {
        self.refit = refit;
        self
    }

    /// How little `Liblinear` penalises the intercept.
    pub fn intercept_scaling(mut self, scaling: f64) -> Self {
        self.intercept_scaling = scaling;
        self
    }

    /// The seed of the rows that `Sag`, `Saga` and the dual draw.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Reports every fit with its score on the test rows, and the last one without, and can stop the search. Folds that run
    /// side by side are counted as they come.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    fn settings<'a>(&self, c: f64, l1_ratio: f64, watch: &'a Watch) -> Settings<'a> {
        Settings {
            estimator: NAME,
            solver: self.solver,
            c,
            l1_ratio,
            dual: self.dual,
            tol: self.tol,
            fit_intercept: self.fit_intercept,
            intercept_scaling: self.intercept_scaling,
            max_iter: self.max_iter,
            random_state: self.random_state,
            watch,
        }
    }

    fn settings_fit(&self) -> Result<()> {
        self.class_weight.check(NAME)?;
        let cs = self.cs.values(NAME)?;
        not_empty(NAME, "Cs", &cs)?;
        not_empty(NAME, "l1_ratios", &self.l1_ratios)?;
        let watch = Watch::default();
        for &c in &cs {
            for &ratio in &self.l1_ratios {
                self.settings(c, ratio, &watch).check("Cs", "l1_ratios")?;
            }
        }
        Ok(())
    }
}

impl<S, C> Hyperparameters for LogisticRegressionCv<S, C>
where
    S: Clone + Default + Serialize + DeserializeOwned,
    C: Clone + Serialize + DeserializeOwned,
{
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        self.settings_fit()
    }
}

impl<S, C> fmt::Display for LogisticRegressionCv<S, C>
where
    Self: Hyperparameters,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// What all paths share: the rows, and the strengths to try.
struct All<'a, F: Float> {
    x: &'a ArrayRef2<F>,
    task: &'a ClassTask,
    weights: Option<&'a [f64]>,
    cs: &'a [f64],
}

/// Counts the fits for the observer, one at a time.
struct Tally<'a> {
    watch: &'a Watch,
    total: usize,
    /// The fits so far, and whether the observer stopped them.
    state: Mutex<(usize, bool)>,
}

impl Tally<'_> {
    fn add(&self, score: Option<f64>) -> Result<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.1 {
            return Err(ErrorKind::Cancelled {
                estimator: NAME.into(),
                iterations: state.0,
            }
            .into());
        }
        state.0 += 1;
        let reported = self.watch.report(NAME, state.0, Some(self.total), score);
        state.1 = reported.is_err();
        reported
    }
}

/// The models of one fold and ratio, for each of `Cs`: parameters, iterations, scores.
struct Path {
    parameters: Vec<Vec<f64>>,
    n_iter: Vec<usize>,
    scores: Vec<f64>,
    converged: bool,
}

impl<F, Y, S, C> Estimator<ArrayRef2<F>, Y> for LogisticRegressionCv<S, C>
where
    F: Float,
    Y: ClassTarget + ?Sized,
    S: Scorer<FittedLogisticRegression<F>, ArrayRef2<F>, Weighted<Labels>>,
    C: CrossValidator,
{
    type Fitted = FittedLogisticRegressionCv<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.settings_fit()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let splits = match &self.cv {
            Some(cv) => super::splits::splits(NAME, cv, x.nrows(), y)?,
            None => super::splits::splits(NAME, &5usize, x.nrows(), y)?,
        };
        let cs = self.cs.values(NAME)?;
        let (n_folds, n_ratios) = (splits.len(), self.l1_ratios.len());
        let weights = y.sample_weight().map(|w| w.to_vec());
        let tally = Tally {
            watch: &self.watch,
            total: n_folds * n_ratios * cs.len() + usize::from(self.refit),
            state: Mutex::default(),
        };
        let all = All {
            x,
            task: &task,
            weights: weights.as_deref(),
            cs: &cs,
        };
        let paths = parallel::map(n_folds * n_ratios, |i| {
            let (fold, ratio) = (i / n_ratios, self.l1_ratios[i % n_ratios]);
            let split = &splits[fold];
            self.path(&all, split, ratio, &tally)
                .map_err(|e| e.at_rows(&split.train).within(format!("fold {fold}")))
        });
        let paths: Vec<Path> = paths.into_iter().collect::<Result<_>>()?;
        let path = |fold: usize, ratio: usize| &paths[fold * n_ratios + ratio];

        let p = x.ncols();
        let size = start(&task, p, self.fit_intercept).len();
        let k = size / (p + usize::from(self.fit_intercept));
        let shape = (n_folds, n_ratios, cs.len());
        let scores = Array3::from_shape_fn(shape, |(f, r, c)| path(f, r).scores[c]);
        let n_iter = Array3::from_shape_fn(shape, |(f, r, c)| path(f, r).n_iter[c]);
        // The position among the strengths varies slowest.
        let pair = |at: usize| (at % n_ratios, at / n_ratios);
        let ranked = |score: &dyn Fn(usize, usize) -> f64| {
            best_of((0..cs.len() * n_ratios).map(|at| {
                let (r, c) = pair(at);
                score(r, c)
            }))
        };
        let mean_of = |chosen: &[(usize, usize)]| {
            let mut mean = vec![0.0; size];
            for (fold, &(r, c)) in chosen.iter().enumerate() {
                for (m, v) in mean.iter_mut().zip(&path(fold, r).parameters[c]) {
                    *m += v / n_folds as f64;
                }
            }
            mean
        };
        let watch = Watch::default();
        let mut converged = paths.iter().all(|path| path.converged);
        let (parameters, c, l1_ratio) = if self.refit {
            let best = pair(ranked(&|r, c| scores.slice(s![.., r, c]).sum()));
            let mut parameters = mean_of(&vec![best; n_folds]);
            let (c, ratio) = (cs[best.1], self.l1_ratios[best.0]);
            let settings = self.settings(c, ratio, &watch);
            converged &= solve(x, &task, &settings, &mut parameters)?.1;
            tally.add(None)?;
            (parameters, c, ratio)
        } else {
            let chosen: Vec<_> = (0..n_folds)
                .map(|fold| pair(ranked(&|r, c| scores[[fold, r, c]])))
                .collect();
            let mean = |of: &dyn Fn(&(usize, usize)) -> f64| {
                chosen.iter().map(of).sum::<f64>() / n_folds as f64
            };
            let c = mean(&|at| cs[at.1]);
            (mean_of(&chosen), c, mean(&|at| self.l1_ratios[at.0]))
        };
        let classes = ClassList::new(task.labels.shared_classes());
        let (coef, intercept) = split_parameters(&parameters, k, p)?;
        let coefs_paths = Array::from_shape_fn(
            (
                n_folds,
                n_ratios,
                cs.len(),
                k,
                p + usize::from(self.fit_intercept),
            ),
            |(f, r, c, row, j)| {
                let at = if j < p { row * p + j } else { k * p + row };
                F::of(path(f, r).parameters[c][at])
            },
        );
        Ok(FittedLogisticRegressionCv {
            coef,
            intercept,
            classes,
            c,
            l1_ratio,
            cs,
            l1_ratios: self.l1_ratios.clone(),
            scores,
            n_iter,
            coefs_paths,
            converged,
        })
    }
}

impl<S, C> LogisticRegressionCv<S, C> {
    fn path<F: Float>(
        &self,
        all: &All<'_, F>,
        Split { train, test }: &Split,
        ratio: f64,
        tally: &Tally<'_>,
    ) -> Result<Path>
    where
        S: Scorer<FittedLogisticRegression<F>, ArrayRef2<F>, Weighted<Labels>>,
    {
        let All {
            x,
            task,
            weights,
            cs,
        } = *all;
        let part = task.rows(NAME, train)?;
        let (x_train, x_test) = (x.select(Axis(0), train), x.select(Axis(0), test));
        let weights = (test.iter()).map(|&i| weights.map_or(1.0, |w| w[i]));
        let y_test = task
            .labels
            .take(test)
            .weighted(&weights.collect::<Array1<f64>>());
        let classes = ClassList::new(task.labels.shared_classes());
        let mut parameters = start(&part, x.ncols(), self.fit_intercept);
        let watch = Watch::default();
        let mut path = Path {
            parameters: Vec::with_capacity(cs.len()),
            n_iter: Vec::with_capacity(cs.len()),
            scores: Vec::with_capacity(cs.len()),
            converged: true,
        };
        for &c in cs {
            let settings = self.settings(c, ratio, &watch);
            let ended = solve(&x_train, &part, &settings, &mut parameters)?;
            let model = FittedLogisticRegression::from_parameters(
                &parameters,
                x.ncols(),
                classes.clone(),
                ratio,
                ended,
            )?;
            let score = self.scoring.score(&model, &x_test, &y_test)?;
            tally.add(Some(score))?;
            path.scores.push(finite(self.scoring.name(), score)?);
            path.parameters.push(parameters.clone());
            path.n_iter.push(ended.0);
            path.converged &= ended.1;
        }
        Ok(path)
    }
}

classifier_model! {
    /// What [`LogisticRegressionCv`] learned.
    pub struct FittedLogisticRegressionCv of NAME, {
        #[serde(with = "crate::params::number")]
        c: f64,
        l1_ratio: f64,
        #[serde(with = "number_or_list")]
        cs: Vec<f64>,
        l1_ratios: Vec<f64>,
        scores: Array3<f64>,
        n_iter: Array3<usize>,
        coefs_paths: Array<F, Ix5>,
        converged: bool,
    }
    validate(this) {
        ensure::that(this.c > 0.0, || "`c` is not positive".into())?;
        ensure::that((0.0..=1.0).contains(&this.l1_ratio), || "`l1_ratio` is not in [0, 1]".into())?;
        ensure::at_least("number of `cs`", this.cs.len(), 1)?;
        ensure::that(this.cs.iter().all(|&c| c > 0.0), || "not all `cs` are positive".into())?;
        ensure::at_least("number of `l1_ratios`", this.l1_ratios.len(), 1)?;
        ensure::that(this.l1_ratios.iter().all(|r| (0.0..=1.0).contains(r)), || {
            "not all `l1_ratios` are in [0, 1]".into()
        })?;
        let (folds, ratios, cs) = this.scores.dim();
        ensure::at_least("number of folds", folds, 1)?;
        ensure::equal("ratios of `scores`", ratios, this.l1_ratios.len())?;
        ensure::equal("strengths of `scores`", cs, this.cs.len())?;
        ensure::finite("scores", &this.scores)?;
        ensure::that(this.n_iter.dim() == this.scores.dim(), || {
            format!("`n_iter` is {:?}, expected {:?}", this.n_iter.dim(), this.scores.dim())
        })?;
        let (f, r, c, k, d) = this.coefs_paths.dim();
        ensure::that((f, r, c) == this.scores.dim() && k == this.coef.nrows(), || {
            format!("`coefs_paths` is {:?}", this.coefs_paths.dim())
        })?;
        ensure::that(d == this.coef.ncols() || d == this.coef.ncols() + 1, || {
            format!("`coefs_paths` has {d} parameters")
        })?;
        ensure::finite("coefs_paths", &this.coefs_paths)?;
    }
    sparse(this) { is_all_l1(this.l1_ratio) }
}

crate::boxed::confidence!(FittedLogisticRegressionCv: proba, decision);

impl<F: Float> FittedLogisticRegressionCv<F> {
    /// The inverse strength that did best; with `refit` false the mean over the folds.
    pub fn c(&self) -> f64 {
        self.c
    }

    /// The part of the penalty that is L1 that did best; with `refit` false the mean over the folds.
    pub fn l1_ratio(&self) -> f64 {
        self.l1_ratio
    }

    /// The inverse strengths that were tried.
    pub fn cs(&self) -> &[f64] {
        &self.cs
    }

    /// The parts of the penalty that were tried.
    pub fn l1_ratios(&self) -> &[f64] {
        &self.l1_ratios
    }

    /// The score on the test rows of each fold, (n_folds, n_l1_ratios, n_cs).
    pub fn scores(&self) -> &Array3<f64> {
        &self.scores
    }

    /// The iterations of each fit, (n_folds, n_l1_ratios, n_cs).
    pub fn n_iter(&self) -> &Array3<usize> {
        &self.n_iter
    }

    /// The coefficients of each fit, (n_folds, n_l1_ratios, n_cs, rows of [`coef`](Self::coef), n_features), with an intercept
    /// as one feature more.
    pub fn coefs_paths(&self) -> &Array<F, Ix5> {
        &self.coefs_paths
    }

    /// Whether every fit reached its tolerance before `max_iter`. If not: scale the features, or raise `max_iter` or `tol`.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedLogisticRegressionCv<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::probabilities)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::log_probabilities)
    }
}

impl<F: Float> fmt::Display for FittedLogisticRegressionCv<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "LogisticRegressionCv of {} features for {}, C {}",
            self.n_features_in(),
            named(&self.classes),
            self.c
        )
    }
}

#[cfg(test)]
#[path = "logistic_regression_cv_tests.rs"]
mod tests;
