//! Classification by ridge regression whose penalty is chosen by cross-validation.

use std::fmt;

use ndarray::{Array1, Array2, Array3, ArrayRef2, Axis};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::model_selection::{CrossValidator, DefaultScore, Scorer, Split};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::{ClassTarget, Targets, Weighted};
use crate::traits::Estimator;

use super::classifier_model::classifier_model;
use super::least_squares::Problem;
use super::linear_classifier::{ClassList, ClassTask};
use super::ridge_classifier::{FittedRidgeClassifier, named, signs};
use super::ridge_cv::{best_of, check_alphas, finite, is_default, number_or_list};
use super::ridge_gcv::{GcvMode, LeaveOneOut};

const NAME: &str = "RidgeClassifierCv";

/// [`RidgeClassifier`](super::RidgeClassifier) with the penalty that does best in cross-validation.
///
/// By default every row is left out once, and the penalty with the least mean squared error of the −1s and 1s wins: the
/// errors of all n models for all penalties follow from one decomposition. With [`cv`](Self::cv) models are fitted on the
/// training rows of folds and scored on the others.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `alphas` | 0.1, 1, 10 | above 0; with `cv` 0 too | the penalties to try, a number or a list |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
/// | `scoring` | minus the mean squared error without `cv`, accuracy with it | a [`Scorer`] | greater is better |
/// | `cv` | none | a number of folds (stratified), a splitter, or a list of splits | `None` leaves out one row at a time |
/// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
/// | `store_cv_results` | `false` | only without `cv` | keeps what each row scored |
///
/// Weights and class weights count in the fits and in the scores; those of folds are averaged plainly.
///
/// # Complexity
/// As [`RidgeCv`](super::RidgeCv)'s, with a target for each class.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch` and `Overflow` of the data; `TooFewClasses` when fewer than
/// two classes have weight, in a fold too; those of the splitter and of the scorer.
///
/// # Source
/// R. Rifkin and R. Lippert, "Notes on regularized least squares" (2007). Results are scikit-learn's, but for what
/// [`RidgeClassifier`](super::RidgeClassifier) names, and for `scoring` with two classes and without `cv`, where
/// scikit-learn compares the first class with itself.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::RidgeClassifierCv, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let model = RidgeClassifierCv::new().alphas([0.1, 10.0, 1000.0]).fit(&wine.x, &wine.target)?;
/// assert!(model.alpha() < 1000.0);
/// assert!(model.score(&wine.x, &wine.target)? > 0.99);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RidgeClassifierCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RidgeClassifierCv<S = DefaultScore, C = usize> {
    #[serde(with = "number_or_list")]
    alphas: Vec<f64>,
    fit_intercept: bool,
    #[serde(bound(
        serialize = "S: Serialize",
        deserialize = "S: Default + Deserialize<'de>"
    ))]
    scoring: S,
    cv: Option<C>,
    class_weight: ClassWeight,
    store_cv_results: bool,
}

impl<S: Default, C> Default for RidgeClassifierCv<S, C> {
    fn default() -> Self {
        RidgeClassifierCv {
            alphas: vec![0.1, 1.0, 10.0],
            fit_intercept: true,
            scoring: S::default(),
            cv: None,
            class_weight: ClassWeight::None,
            store_cv_results: false,
        }
    }
}

impl RidgeClassifierCv {
    /// Penalties 0.1, 1 and 10, every row left out once.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S, C> RidgeClassifierCv<S, C> {
    /// The penalties to try.
    pub fn alphas(mut self, alphas: impl Into<Vec<f64>>) -> Self {
        self.alphas = alphas.into();
        self
    }

    /// Whether to learn an intercept.
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// What ranks the penalties; [`DefaultScore`] is minus the mean squared error without folds and accuracy with them.
    pub fn scoring<T>(self, scoring: T) -> RidgeClassifierCv<T, C> {
        RidgeClassifierCv {
            alphas: self.alphas,
            fit_intercept: self.fit_intercept,
            scoring,
            cv: self.cv,
            class_weight: self.class_weight,
            store_cv_results: self.store_cv_results,
        }
    }

    /// A number of folds, a splitter, or a list of splits, instead of leaving out one row at a time.
    pub fn cv<D: CrossValidator>(self, cv: D) -> RidgeClassifierCv<S, D> {
        RidgeClassifierCv {
            alphas: self.alphas,
            fit_intercept: self.fit_intercept,
            scoring: self.scoring,
            cv: Some(cv),
            class_weight: self.class_weight,
            store_cv_results: self.store_cv_results,
        }
    }

    /// How much the classes count.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// Whether to keep what each row scored with each penalty.
    pub fn store_cv_results(mut self, yes: bool) -> Self {
        self.store_cv_results = yes;
        self
    }

    fn settings_fit(&self) -> Result<()> {
        check_alphas(NAME, &self.alphas, self.cv.is_some())?;
        self.class_weight.check(NAME)?;
        if self.store_cv_results && self.cv.is_some() {
            let expected = "false with `cv`";
            return Err(Error::invalid_parameter(
                NAME,
                "store_cv_results",
                expected,
                "true",
            ));
        }
        Ok(())
    }
}

impl<S, C> Hyperparameters for RidgeClassifierCv<S, C>
where
    S: Clone + Default + Serialize + DeserializeOwned,
    C: Clone + Serialize + DeserializeOwned,
{
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.settings_fit()
    }
}

impl<S, C> fmt::Display for RidgeClassifierCv<S, C>
where
    Self: Hyperparameters,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F, Y, S, C> Estimator<ArrayRef2<F>, Y> for RidgeClassifierCv<S, C>
where
    F: Float,
    Y: ClassTarget + ?Sized,
    S: Scorer<FittedRidgeClassifier<F>, ArrayRef2<F>, Weighted<Labels>> + 'static,
    C: CrossValidator,
{
    type Fitted = FittedRidgeClassifierCv<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.settings_fit()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        match &self.cv {
            None => self.left_out(x, &task),
            Some(cv) => self.folds(x, &task, &super::splits::splits(NAME, cv, x.nrows(), y)?),
        }
    }
}

impl<S: 'static, C> RidgeClassifierCv<S, C> {
    fn left_out<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        task: &ClassTask,
    ) -> Result<FittedRidgeClassifierCv<F>>
    where
        S: Scorer<FittedRidgeClassifier<F>, ArrayRef2<F>, Weighted<Labels>>,
    {
        let signs = signs(task);
        let problem = Problem::new(x, &*signs, task.weights.as_deref(), self.fit_intercept)?;
        let scored = !is_default::<S>();
        let keep = scored || self.store_cv_results;
        let mut found = LeaveOneOut::new(NAME, &problem, GcvMode::Auto, &self.alphas, keep)?;
        let (n, t) = signs.dim();
        let classes = ClassList::new(task.labels.shared_classes());
        let scores: Vec<f64> = if scored {
            let errors = found.errors.get_or_insert_default();
            for ((i, j, _), e) in errors.indexed_iter_mut() {
                let root = task.weights.as_ref().map_or(1.0, |w| w[i].sqrt());
                *e = if root > 0.0 {
                    signs[[i, j]].f64() - *e / root
                } else {
                    found.y_mean[j]
                };
            }
            let errors = &*errors;
            let identity = FittedRidgeClassifier::from_parts(
                Array2::eye(t),
                Array1::zeros(t),
                classes.clone(),
            );
            let weights = task
                .weights
                .as_ref()
                .map_or_else(|| Array1::ones(n), |w| Array1::from(w.clone()));
            let y = task.labels.weighted(&weights);
            let score = |l: usize| {
                let predictions = errors.index_axis(Axis(2), l).mapv(F::of);
                finite(
                    self.scoring.name(),
                    self.scoring.score(&identity, &predictions, &y)?,
                )
            };
            (0..self.alphas.len()).map(score).collect::<Result<_>>()?
        } else {
            if let Some(errors) = &mut found.errors {
                errors.mapv_inplace(|e| e * e);
            }
            let sums = found.squares.sum_axis(Axis(1));
            sums.iter().map(|sum| -sum / (n * t) as f64).collect()
        };
        let best = best_of(scores.iter().copied());
        let (coef, intercept) = found.solution(&vec![self.alphas[best]; t]);
        let results = found.errors.filter(|_| self.store_cv_results);
        self.model(
            (coef.mapv(F::of), intercept.mapv(F::of)),
            classes,
            (best, scores[best]),
            results.map(|e| e.mapv(F::of)),
        )
    }

    fn folds<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        task: &ClassTask,
        splits: &[Split],
    ) -> Result<FittedRidgeClassifierCv<F>>
    where
        S: Scorer<FittedRidgeClassifier<F>, ArrayRef2<F>, Weighted<Labels>>,
        C: Sync,
    {
        let scores = parallel::map(splits.len(), |k| {
            let Split { train, test } = &splits[k];
            let fold = || -> Result<Vec<f64>> {
                let (x_train, y) = (x.select(Axis(0), train), task.labels.take(train));
                // The weights already hold those of the classes.
                let none = ClassWeight::None;
                let part = match &task.weights {
                    Some(w) => {
                        let w: Array1<f64> = train.iter().map(|&i| w[i]).collect();
                        ClassTask::new(NAME, &y.weighted(&w), train.len(), &none)?
                    }
                    None => ClassTask::new(NAME, &y, train.len(), &none)?,
                };
                let classes = ClassList::new(part.labels.shared_classes());
                let signs = signs(&part);
                let problem = Problem::new(
                    &x_train,
                    &*signs,
                    part.weights.as_deref(),
                    self.fit_intercept,
                )?;
                let path = problem.solve_path(&self.alphas)?;
                let (x, y) = (x.select(Axis(0), test), task.labels.take(test));
                let weights: Array1<f64> = (test.iter())
                    .map(|&i| task.weights.as_ref().map_or(1.0, |w| w[i]))
                    .collect();
                let y = y.weighted(&weights);
                path.into_iter()
                    .map(|(coef, intercept)| {
                        let model =
                            FittedRidgeClassifier::from_parts(coef, intercept, classes.clone());
                        finite(self.scoring.name(), self.scoring.score(&model, &x, &y)?)
                    })
                    .collect()
            };
            fold().map_err(|e| e.at_rows(train).within(format!("fold {k}")))
        });
        let scores: Vec<Vec<f64>> = scores.into_iter().collect::<Result<_>>()?;
        let means: Vec<f64> = (0..self.alphas.len())
            .map(|l| scores.iter().map(|s| s[l]).sum::<f64>() / scores.len() as f64)
            .collect();
        let best = best_of(means.iter().copied());
        let signs = signs(task);
        let problem = Problem::new(x, &*signs, task.weights.as_deref(), self.fit_intercept)?;
        let (coef, intercept, _) = problem.solve(&vec![self.alphas[best]; signs.ncols()])?;
        let classes = ClassList::new(task.labels.shared_classes());
        self.model((coef, intercept), classes, (best, means[best]), None)
    }

    fn model<F: Float>(
        &self,
        (coef, intercept): (Array2<F>, Array1<F>),
        classes: ClassList,
        (best, best_score): (usize, f64),
        cv_results: Option<Array3<F>>,
    ) -> Result<FittedRidgeClassifierCv<F>> {
        check::learned(NAME, "a coefficient", coef.iter().chain(&intercept))?;
        Ok(FittedRidgeClassifierCv {
            coef,
            intercept,
            classes,
            alpha: self.alphas[best],
            best_score,
            cv_results,
        })
    }
}

classifier_model! {
    /// What [`RidgeClassifierCv`] learned.
    pub struct FittedRidgeClassifierCv of NAME, {
        alpha: f64,
        best_score: f64,
        cv_results: Option<Array3<F>>,
    }
    validate(this) {
        ensure::non_negative("alpha", [&this.alpha])?;
        ensure::finite("best_score", [&this.best_score])?;
        if let Some(results) = &this.cv_results {
            ensure::at_least("rows of `cv_results`", results.dim().0, 1)?;
            ensure::equal("targets of `cv_results`", results.dim().1, this.coef.nrows())?;
            ensure::at_least("penalties of `cv_results`", results.dim().2, 1)?;
            ensure::finite("cv_results", results)?;
        }
    }
}

crate::boxed::confidence!(FittedRidgeClassifierCv: decision);

impl<F: Float> FittedRidgeClassifierCv<F> {
    /// The penalty that did best.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Its score.
    pub fn best_score(&self) -> f64 {
        self.best_score
    }

    /// With `store_cv_results`, (n_samples, rows of [`coef`](Self::coef), n_alphas): the squared error of each row left out,
    /// times its weight; with `scoring`, the prediction for it.
    pub fn cv_results(&self) -> Option<&Array3<F>> {
        self.cv_results.as_ref()
    }
}

impl<F: Float> fmt::Display for FittedRidgeClassifierCv<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RidgeClassifierCv of {} features for {}, alpha {}",
            self.n_features_in(),
            named(&self.classes),
            self.alpha
        )
    }
}
