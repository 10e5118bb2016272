//! Ridge regression whose penalty is chosen by cross-validation.

use std::any::TypeId;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{
    Array1, Array2, Array3, ArrayRef2, ArrayView1, ArrayView2, ArrayView3, Axis, Ix1, Ix2,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model_selection::{CrossValidator, DefaultScore, Scorer, Split};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::{RealTargets, TargetDim, Targets, Weighted};
use crate::traits::Estimator;

use super::least_squares::{Problem, weights_of};
use super::linear_regressor::linear_regressor;
use super::ridge::FittedRidge;
use super::ridge_gcv::{GcvMode, LeaveOneOut};

const NAME: &str = "RidgeCv";

/// [`Ridge`](super::Ridge) with the penalty that does best in cross-validation.
///
/// By default every row is left out once: the errors of all n models for all penalties follow from one decomposition of the
/// data. With [`cv`](Self::cv) models are fitted on the training rows of folds and scored on the others. The penalty with the
/// greatest mean score wins, the first of equals, and the model is fitted with it on all rows.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `alphas` | 0.1, 1, 10 | above 0; with `cv` 0 too | the penalties to try, a number or a list |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
/// | `scoring` | minus the mean squared error without `cv`, R² with it | a [`Scorer`] | greater is better |
/// | `cv` | none | a number of folds, a splitter, or a list of splits | `None` leaves out one row at a time |
/// | `gcv_mode` | [`GcvMode::Auto`] | | how the data are decomposed, without `cv` |
/// | `store_cv_results` | `false` | only without `cv` | keeps what each row scored |
/// | `alpha_per_target` | `false` | only without `cv` | chooses a penalty for each target by itself |
///
/// Leaving out a row of weight s leaves out all of it, and its squared error counts s times; the mean is over the number of
/// rows. With `scoring`, predictions of rows left out are scored together. Weights count in all scores; those of folds are
/// averaged plainly. All of that is scikit-learn's.
///
/// # Complexity
/// Time O(n p²) for n > p and O(n² p) otherwise, and O(n min(n, p)) for each penalty; memory O(min(n, p)²), and a copy of the
/// samples for n ≤ p.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch` and `Overflow` of the data; `TooFewSamples` for one row with
/// an intercept; those of the splitter and of the scorer.
///
/// # Source
/// R. Rifkin and R. Lippert, "Notes on regularized least squares" (2007). Results are scikit-learn's; `Auto` here takes more
/// care of digits when the smallest penalty is tiny.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::RidgeCv, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let model = RidgeCv::new().alphas([1e-3, 1e-2, 1e-1, 1.0]).fit(&diabetes.x, &diabetes.target)?;
/// assert_eq!(model.alpha(), 0.01);
/// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.51);
///
/// // The same by five folds, scored by R².
/// let folds = RidgeCv::new().alphas([1e-3, 1e-2, 1e-1, 1.0]).cv(5).fit(&diabetes.x, &diabetes.target)?;
/// assert!(folds.best_score() > 0.48);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RidgeCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RidgeCv<S = DefaultScore, C = usize> {
    #[serde(with = "number_or_list")]
    alphas: Vec<f64>,
    fit_intercept: bool,
    #[serde(bound(
        serialize = "S: Serialize",
        deserialize = "S: Default + Deserialize<'de>"
    ))]
    scoring: S,
    cv: Option<C>,
    gcv_mode: GcvMode,
    store_cv_results: bool,
    alpha_per_target: bool,
}

impl<S: Default, C> Default for RidgeCv<S, C> {
    fn default() -> Self {
        RidgeCv {
            alphas: vec![0.1, 1.0, 10.0],
            fit_intercept: true,
            scoring: S::default(),
            cv: None,
            gcv_mode: GcvMode::Auto,
            store_cv_results: false,
            alpha_per_target: false,
        }
    }
}

impl RidgeCv {
    /// Penalties 0.1, 1 and 10, every row left out once.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<S, C> RidgeCv<S, C> {
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

    /// What ranks the penalties; [`DefaultScore`] is minus the mean squared error without folds and R² with them.
    pub fn scoring<T>(self, scoring: T) -> RidgeCv<T, C> {
        RidgeCv {
            alphas: self.alphas,
            fit_intercept: self.fit_intercept,
            scoring,
            cv: self.cv,
            gcv_mode: self.gcv_mode,
            store_cv_results: self.store_cv_results,
            alpha_per_target: self.alpha_per_target,
        }
    }

    /// A number of folds, a splitter, or a list of splits, instead of leaving out one row at a time.
    pub fn cv<D: CrossValidator>(self, cv: D) -> RidgeCv<S, D> {
        RidgeCv {
            alphas: self.alphas,
            fit_intercept: self.fit_intercept,
            scoring: self.scoring,
            cv: Some(cv),
            gcv_mode: self.gcv_mode,
            store_cv_results: self.store_cv_results,
            alpha_per_target: self.alpha_per_target,
        }
    }

    /// How the data are decomposed, without folds.
    pub fn gcv_mode(mut self, mode: GcvMode) -> Self {
        self.gcv_mode = mode;
        self
    }

    /// Whether to keep what each row scored with each penalty.
    pub fn store_cv_results(mut self, yes: bool) -> Self {
        self.store_cv_results = yes;
        self
    }

    /// Whether each target has a penalty of its own.
    pub fn alpha_per_target(mut self, yes: bool) -> Self {
        self.alpha_per_target = yes;
        self
    }

    fn settings_fit(&self) -> Result<()> {
        check_alphas(NAME, &self.alphas, self.cv.is_some())?;
        for (name, set) in [
            ("store_cv_results", self.store_cv_results),
            ("alpha_per_target", self.alpha_per_target),
        ] {
            if set && self.cv.is_some() {
                return Err(Error::invalid_parameter(
                    NAME,
                    name,
                    "false with `cv`",
                    "true",
                ));
            }
        }
        Ok(())
    }
}

/// A list of values to try has one.
pub(super) fn not_empty(estimator: &str, name: &str, values: &[f64]) -> Result<()> {
    if values.is_empty() {
        let expected = "a list of at least one value";
        return Err(Error::invalid_parameter(estimator, name, expected, "[]"));
    }
    Ok(())
}

/// There are penalties, and each is in its range.
pub(super) fn check_alphas(estimator: &str, alphas: &[f64], zero: bool) -> Result<()> {
    not_empty(estimator, "alphas", alphas)?;
    let range = if zero {
        Interval::at_least(0.0)
    } else {
        Interval::above(0.0)
    };
    alphas
        .iter()
        .try_for_each(|&alpha| check::real(estimator, "alphas", alpha, range))
}

impl<S, C> Hyperparameters for RidgeCv<S, C>
where
    S: Clone + Default + Serialize + DeserializeOwned,
    C: Clone + Serialize + DeserializeOwned,
{
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.settings_fit()
    }
}

impl<S, C> fmt::Display for RidgeCv<S, C>
where
    Self: Hyperparameters,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// A list of numbers; a single number reads as a list of one.
pub(super) mod number_or_list {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "crate::params::number")] f64);

    pub(crate) fn serialize<S: Serializer>(
        values: &[f64],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|&v| Number(v)))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<f64>, D::Error> {
        let plain = |values: Vec<Number>| values.into_iter().map(|v| v.0).collect();
        if !deserializer.is_human_readable() {
            return Vec::<Number>::deserialize(deserializer).map(plain);
        }
        let wrong = || de::Error::custom("expected a number or a list of numbers");
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        if value.is_array() {
            serde_json::from_value(value)
                .map(plain)
                .map_err(|_| wrong())
        } else {
            serde_json::from_value::<Number>(value)
                .map(|v| vec![v.0])
                .map_err(|_| wrong())
        }
    }
}

/// What scorers see: a model of any number of targets, rows of samples or of predictions, and targets with weights.
type Target<F> = Weighted<ArrayRef2<F>>;

impl<F, Y, S, C> Estimator<ArrayRef2<F>, Y> for RidgeCv<S, C>
where
    F: Float,
    Y: RealTargets<F> + ?Sized,
    S: Scorer<FittedRidge<F, Ix2>, ArrayRef2<F>, Target<F>> + 'static,
    C: CrossValidator,
{
    type Fitted = FittedRidgeCv<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.settings_fit()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let weights = weights_of(y);
        let problem = Problem::new(x, y, weights.as_deref(), self.fit_intercept)?;
        let chosen = match &self.cv {
            None => self.left_out(&problem)?,
            Some(cv) => self.folds(&problem, &super::splits::splits(NAME, cv, x.nrows(), y)?)?,
        };
        check::learned(
            NAME,
            "a coefficient",
            chosen.coef.iter().chain(&chosen.intercept),
        )?;
        Ok(FittedRidgeCv {
            coef: chosen.coef,
            intercept: chosen.intercept,
            alpha: chosen.alpha,
            best_score: chosen.best_score,
            cv_results: chosen.cv_results,
            dim: PhantomData,
        })
    }
}

struct Chosen<F> {
    coef: Array2<F>,
    intercept: Array1<F>,
    alpha: Array1<f64>,
    best_score: Array1<f64>,
    cv_results: Option<Array3<F>>,
}

/// Whether the scorer is the default one.
pub(super) fn is_default<S: 'static>() -> bool {
    TypeId::of::<S>() == TypeId::of::<DefaultScore>()
}

/// The position of the greatest score, the first of equals.
pub(super) fn best_of(scores: impl IntoIterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (i, score) in scores.into_iter().enumerate() {
        if score > best.1 {
            best = (i, score);
        }
    }
    best.0
}

impl<S: 'static, C> RidgeCv<S, C> {
    fn left_out<F: Float>(&self, problem: &Problem<'_, F>) -> Result<Chosen<F>>
    where
        S: Scorer<FittedRidge<F, Ix2>, ArrayRef2<F>, Target<F>>,
    {
        let scored = !is_default::<S>();
        let keep = scored || self.store_cv_results;
        let mut found = LeaveOneOut::new(NAME, problem, self.gcv_mode, &self.alphas, keep)?;
        let (n, t, a) = (problem.x.nrows(), problem.n_targets(), self.alphas.len());
        let alone = self.alpha_per_target && t > 1;
        // (n_alphas, n_targets), or one column for all targets together.
        let scores = if scored {
            let predictions = found
                .errors
                .take()
                .map(|errors| predictions(problem, errors, &found.y_mean));
            let scores = match &predictions {
                Some(predictions) => self.score_predictions(problem, predictions, alone)?,
                None => Array2::zeros((a, 1)),
            };
            found.errors = predictions;
            scores
        } else {
            if let Some(errors) = &mut found.errors {
                errors.mapv_inplace(|e| e * e);
            }
            let means = found.squares.mapv(|v| -v / n as f64);
            if alone {
                means
            } else {
                (means.sum_axis(Axis(1)) / t as f64).insert_axis(Axis(1))
            }
        };
        let best: Vec<usize> = (scores.columns().into_iter())
            .map(|column| best_of(column.iter().copied()))
            .collect();
        let alpha: Array1<f64> = best.iter().map(|&i| self.alphas[i]).collect();
        let best_score = best
            .iter()
            .enumerate()
            .map(|(j, &i)| scores[[i, j]])
            .collect();
        let each = if alone {
            alpha.to_vec()
        } else {
            vec![alpha[0]; t]
        };
        let (coef, intercept) = found.solution(&each);
        Ok(Chosen {
            coef: coef.mapv(F::of),
            intercept: intercept.mapv(F::of),
            alpha,
            best_score,
            cv_results: (found.errors.filter(|_| self.store_cv_results)).map(|e| e.mapv(F::of)),
        })
    }

    /// The score of the predictions of rows left out, for each penalty: of all targets together, or `alone`.
    fn score_predictions<F: Float>(
        &self,
        problem: &Problem<'_, F>,
        predictions: &Array3<f64>,
        alone: bool,
    ) -> Result<Array2<f64>>
    where
        S: Scorer<FittedRidge<F, Ix2>, ArrayRef2<F>, Target<F>>,
    {
        let t = problem.n_targets();
        let weights = problem.weights.map_or_else(
            || Array1::ones(problem.x.nrows()),
            |w| Array1::from(w.to_vec()),
        );
        let groups: Vec<std::ops::Range<usize>> = if alone {
            (0..t).map(|j| j..j + 1).collect()
        } else {
            std::iter::once(0..t).collect()
        };
        let mut scores = Array2::zeros((self.alphas.len(), groups.len()));
        for (g, targets) in groups.into_iter().enumerate() {
            let identity = FittedRidge::identity(targets.len());
            let columns = ndarray::s![.., targets.clone()];
            let y = problem.y.slice(columns).to_owned();
            let y = (*y).weighted(&weights);
            for l in 0..self.alphas.len() {
                let x = predictions
                    .slice(ndarray::s![.., targets.clone(), l])
                    .mapv(F::of);
                scores[[l, g]] =
                    finite(self.scoring.name(), self.scoring.score(&identity, &x, &y)?)?;
            }
        }
        Ok(scores)
    }

    fn folds<F: Float>(&self, problem: &Problem<'_, F>, splits: &[Split]) -> Result<Chosen<F>>
    where
        S: Scorer<FittedRidge<F, Ix2>, ArrayRef2<F>, Target<F>>,
        C: Sync,
    {
        let scores = parallel::map(splits.len(), |k| {
            let Split { train, test } = &splits[k];
            let fold = || -> Result<Vec<f64>> {
                let (x, y) = (
                    problem.x.select(Axis(0), train),
                    problem.y.select(Axis(0), train),
                );
                let weights = problem
                    .weights
                    .map(|w| train.iter().map(|&i| w[i]).collect::<Vec<f64>>());
                if let Some(w) = &weights {
                    check::weights(&Array1::from(w.clone()), w.len())?;
                }
                let path = Problem::new(&x, &*y, weights.as_deref(), problem.centre)?
                    .solve_path(&self.alphas)?;
                let (x, y) = (
                    problem.x.select(Axis(0), test),
                    problem.y.select(Axis(0), test),
                );
                let weights: Array1<f64> = (test.iter())
                    .map(|&i| problem.weights.map_or(1.0, |w| w[i]))
                    .collect();
                let y = (*y).weighted(&weights);
                path.into_iter()
                    .map(|(coef, intercept)| {
                        let model = FittedRidge::from_parts(coef, intercept);
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
        let alpha = self.alphas[best];
        let (coef, intercept, _) = problem.solve(&vec![alpha; problem.n_targets()])?;
        Ok(Chosen {
            coef,
            intercept,
            alpha: Array1::from_elem(1, alpha),
            best_score: Array1::from_elem(1, means[best]),
            cv_results: None,
        })
    }
}

/// Errors, scaled by the roots of the weights, become predictions in the units of the target.
fn predictions<F: Float>(
    problem: &Problem<'_, F>,
    mut errors: Array3<f64>,
    y_mean: &Array1<f64>,
) -> Array3<f64> {
    for ((i, j, _), e) in errors.indexed_iter_mut() {
        let root = problem.weights.map_or(1.0, |w| w[i].sqrt());
        let y = problem.y[[i, j]].f64();
        // Nothing is known of a row without weight but the mean.
        *e = if root > 0.0 { y - *e / root } else { y_mean[j] };
    }
    errors
}

/// A score, if it is a number.
pub(super) fn finite(name: String, score: f64) -> Result<f64> {
    if score.is_finite() {
        return Ok(score);
    }
    Err(Error::invalid_input(
        format!("score `{name}`"),
        format!("is {score}"),
    ))
}

linear_regressor! {
    /// What [`RidgeCv`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedRidgeCv of RidgeCv {
        /// One, or one for each target.
        alpha: Array1<f64>,
        best_score: Array1<f64>,
        /// (n_samples, n_targets, n_alphas)
        cv_results: Option<Array3<F>>,
    }
    validate(this) {
        let (n_targets, n) = (this.coef.nrows(), this.alpha.len());
        ensure::that(n == 1 || n == n_targets, || {
            format!("`alpha` has {n} values for {n_targets} targets")
        })?;
        ensure::non_negative("alpha", &this.alpha)?;
        ensure::equal("length of `best_score`", this.best_score.len(), n)?;
        ensure::finite("best_score", &this.best_score)?;
        if let Some(results) = &this.cv_results {
            ensure::at_least("rows of `cv_results`", results.dim().0, 1)?;
            ensure::equal("targets of `cv_results`", results.dim().1, n_targets)?;
            ensure::at_least("penalties of `cv_results`", results.dim().2, 1)?;
            ensure::finite("cv_results", results)?;
        }
    }
}

impl<F: Float> FittedRidgeCv<F, Ix1> {
    /// The penalty that did best.
    pub fn alpha(&self) -> f64 {
        self.alpha[0]
    }

    /// Its score.
    pub fn best_score(&self) -> f64 {
        self.best_score[0]
    }

    /// With `store_cv_results`, (n_samples, n_alphas): the squared error of each row left out, times its weight; with
    /// `scoring`, the prediction for it.
    pub fn cv_results(&self) -> Option<ArrayView2<'_, F>> {
        let results = self.cv_results.as_ref()?;
        Some(results.index_axis(Axis(1), 0))
    }
}

impl<F: Float> FittedRidgeCv<F, Ix2> {
    /// The penalty that did best; with `alpha_per_target` one for each target.
    pub fn alpha(&self) -> ArrayView1<'_, f64> {
        self.alpha.view()
    }

    /// Its score; with `alpha_per_target` one for each target.
    pub fn best_score(&self) -> ArrayView1<'_, f64> {
        self.best_score.view()
    }

    /// With `store_cv_results`, (n_samples, n_targets, n_alphas): the squared error of each row left out, times its weight;
    /// with `scoring`, the prediction for it.
    pub fn cv_results(&self) -> Option<ArrayView3<'_, F>> {
        self.cv_results.as_ref().map(|results| results.view())
    }
}

impl<F: Float, D: TargetDim> FittedRidge<F, D> {
    /// The model that predicts its samples.
    fn identity(n: usize) -> Self {
        Self::from_parts(Array2::eye(n), Array1::zeros(n))
    }
}

#[cfg(test)]
#[path = "ridge_cv_tests.rs"]
mod tests;
