//! Recursive feature elimination whose number of features is chosen by cross-validation.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, Array3, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use super::amount::{StepSize, or_all};
use super::importances::{FromModel, ImportanceGetter};
use super::rfe::{check_ranking, eliminate};
use super::support::{Kept, SelectColumns, around_estimator, selector, through_model};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::Class;
use crate::model::{Model, ensure};
use crate::model_selection::{CrossValidator, DefaultScore, Scorer, Split};
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};
use crate::{check, parallel};

const NAME: &str = "RfeCv";

/// The settings beside the estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    step: StepSize,
    min_features_to_select: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            step: StepSize::Count(1),
            min_features_to_select: 1,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.step.check(NAME, "step")?;
        check::count(
            NAME,
            "min_features_to_select",
            self.min_features_to_select,
            1,
        )
    }
}

/// [`Rfe`](super::Rfe) with the number of features that does best in cross-validation.
///
/// On the training rows of each fold features are eliminated down to `min_features_to_select`, and the model after each step
/// is scored on the test rows. The number of features with the greatest sum of scores wins, of equals the least; then
/// features are eliminated down to it on all rows.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `step` | 1 | a count, or a fraction in (0, 1) of all, rounded down | how many go at a time |
/// | `min_features_to_select` | 1 | at least 1 | where elimination ends; above the number of features all are kept |
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits | |
/// | `scoring` | the model's own score | a [`Scorer`] | greater is better |
/// | `importance_getter` | [`FromModel`] | an [`ImportanceGetter`] | where coefficients come from |
///
/// Folds run side by side on rayon's threads; results are the same bits with any number of them. Sample weights reach fits
/// and scores with the target. The fitted model's own `score` is the estimator's, whatever `scoring` is.
///
/// # Complexity
/// One fit for each step and fold, and the elimination on all rows. Each fold that runs holds a copy of its rows.
///
/// # Errors
/// `InvalidParameter`; those of the splitter, the estimator and the scorer, with the fold in [`Error::context`];
/// `InvalidInput` for a score that is not finite.
///
/// # Examples
/// ```
/// use fitwell::{feature_selection::RfeCv, linear_model::Ridge, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let model = RfeCv::new(Ridge::new().alpha(0.01)).fit(&diabetes.x, &diabetes.target)?;
/// assert_eq!(model.cv_results().n_features(), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
/// let best = model.cv_results().mean_test_score().iter().copied().fold(f64::MIN, f64::max);
/// assert_eq!(model.cv_results().mean_test_score()[model.n_features() - 1], best);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RFECV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct RfeCv<E, G = FromModel, S = DefaultScore, C = usize> {
    estimator: E,
    importance_getter: G,
    scoring: S,
    cv: C,
    settings: Settings,
}

impl<E> RfeCv<E> {
    /// Five folds, the model's own score, one feature removed at a time.
    pub fn new(estimator: E) -> Self {
        RfeCv {
            estimator,
            importance_getter: FromModel,
            scoring: DefaultScore,
            cv: 5,
            settings: Settings::default(),
        }
    }
}

impl<E, G, S, C> RfeCv<E, G, S, C> {
    /// How many features go at a time: a count, or a fraction of all, rounded down.
    pub fn step(mut self, step: impl Into<StepSize>) -> Self {
        self.settings.step = step.into();
        self
    }

    /// Where elimination ends.
    pub fn min_features_to_select(mut self, n: usize) -> Self {
        self.settings.min_features_to_select = n;
        self
    }

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> RfeCv<E, G, S, D> {
        RfeCv {
            estimator: self.estimator,
            importance_getter: self.importance_getter,
            scoring: self.scoring,
            cv,
            settings: self.settings,
        }
    }

    /// What ranks the numbers of features.
    pub fn scoring<T>(self, scoring: T) -> RfeCv<E, G, T, C> {
        RfeCv {
            estimator: self.estimator,
            importance_getter: self.importance_getter,
            scoring,
            cv: self.cv,
            settings: self.settings,
        }
    }

    /// Where coefficients come from.
    pub fn importance_getter<H>(self, importance_getter: H) -> RfeCv<E, H, S, C> {
        RfeCv {
            estimator: self.estimator,
            importance_getter,
            scoring: self.scoring,
            cv: self.cv,
            settings: self.settings,
        }
    }

    /// The estimator that is fitted.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_estimator!(RfeCv<G, S, C>);

/// A score with its name, finite.
pub(super) fn finite_score<M, X: ?Sized, Y: ?Sized, S: Scorer<M, X, Y>>(
    scoring: &S,
    model: &M,
    x: &X,
    y: &Y,
) -> Result<f64> {
    let place = || format!("score `{}`", scoring.name());
    let score = scoring.score(model, x, y).map_err(|e| e.within(place()))?;
    if score.is_finite() {
        return Ok(score);
    }
    Err(Error::invalid_input(place(), format!("is {score}")))
}

/// The splits of the rows, at least one.
pub(super) fn splits_of<X, Y, C>(cv: &C, x: &X, y: &Y) -> Result<Vec<Split>>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    C: CrossValidator,
{
    check::target(y, x.n_samples())?;
    let splits = cv.split(x.n_samples(), y)?;
    if splits.is_empty() {
        let what = "list of splits".into();
        return Err(ErrorKind::EmptyInput { what }.into());
    }
    Ok(splits)
}

impl<X, Y, E, G, S, C> Estimator<X, Y> for RfeCv<E, G, S, C>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y> + Sync,
    G: ImportanceGetter<E::Fitted>,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    type Fitted = FittedRfeCv<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        x.check_not_empty()?;
        let p = x.n_features();
        let least = self.settings.min_features_to_select;
        let least = or_all(NAME, "min_features_to_select", least, p);
        let step = self.settings.step.of(p);
        let splits = splits_of(&self.cv, x, y)?;
        let recipe = (&self.estimator, &self.importance_getter);

        let of_fold = |k: usize| -> Result<Vec<(f64, Vec<usize>)>> {
            let Split { train, test } = &splits[k];
            let (x_train, y_train) = (x.select(train)?, y.select(train)?);
            let (x_test, y_test) = (x.select(test)?, y.select(test)?);
            let x_test: &X = x_test.borrow();
            let mut steps = Vec::new();
            let mut failed = None;
            let score = |model: &E::Fitted, features: &[usize], ranking: &[usize]| {
                let score = x_test.take_columns(features).and_then(|some| {
                    finite_score(&self.scoring, model, some.borrow(), y_test.borrow())
                });
                match score {
                    Ok(score) => steps.push((score, ranking.to_vec())),
                    Err(e) => failed = Some(e.at_columns(features).at_rows(test)),
                }
                match failed {
                    Some(_) => Err(Error::invalid_input("score", "failed")),
                    None => Ok(()),
                }
            };
            let (x_train, y_train) = (x_train.borrow(), y_train.borrow());
            let done = eliminate(x_train, y_train, recipe, least, step, score);
            // Rows of a failed fit are those of the training part; a failed score names its own.
            if let Some(e) = failed {
                return Err(e.within("scoring the test rows"));
            }
            done.map_err(|e| e.at_rows(train))?;
            Ok(steps)
        };
        let folds: Vec<Vec<(f64, Vec<usize>)>> = parallel::map(splits.len(), |k| {
            of_fold(k).map_err(|e| e.within(format!("fold {k}")))
        })
        .into_iter()
        .collect::<Result<_>>()?;

        let cv_results = RfeCvResults::new(&folds, p);
        let sums = cv_results.scores.sum_axis(Axis(0));
        let best = (0..sums.len()).fold(0, |best, i| if sums[i] > sums[best] { i } else { best });
        let keep = cv_results.n_features[best];
        let (model, ranking) = eliminate(x, y, recipe, keep, step, |_, _, _| Ok(()))?;
        let mask = ranking.iter().map(|&r| r == 1).collect();
        Ok(FittedRfeCv {
            model,
            ranking,
            cv_results,
            kept: Kept::new(mask, x),
        })
    }
}

/// The scores of every number of features on every fold, from few features to many.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RfeCvResults {
    n_features: Vec<usize>,
    /// (n_splits, n_steps)
    scores: Array2<f64>,
    /// (n_splits, n_steps, n_features)
    rankings: Array3<usize>,
}

impl RfeCvResults {
    fn new(folds: &[Vec<(f64, Vec<usize>)>], p: usize) -> Self {
        let steps = folds.first().map_or(0, Vec::len);
        let at = |k: usize, s: usize| &folds[k][steps - 1 - s];
        let left = |ranking: &[usize]| ranking.iter().filter(|&&r| r == 1).count();
        RfeCvResults {
            n_features: (0..steps).map(|s| left(&at(0, s).1)).collect(),
            scores: Array2::from_shape_fn((folds.len(), steps), |(k, s)| at(k, s).0),
            rankings: Array3::from_shape_fn((folds.len(), steps, p), |(k, s, j)| at(k, s).1[j]),
        }
    }

    /// The numbers of features that were scored, ascending.
    pub fn n_features(&self) -> &[usize] {
        &self.n_features
    }

    /// The number of folds.
    pub fn n_splits(&self) -> usize {
        self.scores.nrows()
    }

    /// The score of each fold for each number of features, (n_splits, n_steps).
    pub fn test_scores(&self) -> ArrayView2<'_, f64> {
        self.scores.view()
    }

    /// The mean over the folds.
    pub fn mean_test_score(&self) -> Array1<f64> {
        self.scores.sum_axis(Axis(0)) / self.scores.nrows() as f64
    }

    /// The standard deviation over the folds (of the population, as NumPy's `std`).
    pub fn std_test_score(&self) -> Array1<f64> {
        let squares = (&self.scores - &self.mean_test_score()).mapv(|d| d * d);
        (squares.sum_axis(Axis(0)) / self.scores.nrows() as f64).mapv(f64::sqrt)
    }

    /// The ranks of the features on one fold for each number of features, (n_steps, n_features); 1 for those in the model.
    /// `None` when there is no such fold.
    pub fn ranking(&self, split: usize) -> Option<ArrayView2<'_, usize>> {
        (split < self.n_splits()).then(|| self.rankings.index_axis(Axis(0), split))
    }

    /// The features in the model on one fold for each number of features, (n_steps, n_features). `None` when there is no such
    /// fold.
    pub fn support(&self, split: usize) -> Option<Array2<bool>> {
        self.ranking(split).map(|ranks| ranks.mapv(|r| r == 1))
    }

    fn validate(&self, p: usize) -> Result<()> {
        let (splits, steps) = self.scores.dim();
        ensure::at_least("number of folds", splits, 1)?;
        ensure::at_least("numbers of features", steps, 1)?;
        ensure::equal("numbers of features", self.n_features.len(), steps)?;
        ensure::sorted("n_features", &self.n_features)?;
        ensure::that(self.rankings.dim() == (splits, steps, p), || {
            format!("rankings have the shape {:?}", self.rankings.dim())
        })?;
        for fold in self.rankings.outer_iter() {
            for (ranks, &n) in fold.outer_iter().zip(&self.n_features) {
                let kept: Vec<bool> = ranks.iter().map(|&r| r == 1).collect();
                check_ranking(&ranks.to_vec(), &kept)?;
                let left = kept.iter().filter(|&&kept| kept).count();
                ensure::equal("number of features of rank 1", left, n)?;
            }
        }
        Ok(())
    }
}

/// One line for each number of features.
impl fmt::Display for RfeCvResults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>8}  {:>10}  {:>10}", "features", "mean", "std")?;
        let each = self
            .mean_test_score()
            .into_iter()
            .zip(self.std_test_score());
        for (n, (mean, std)) in self.n_features.iter().zip(each) {
            write!(f, "\n{n:>8}  {mean:>10.4}  {std:>10.4}")?;
        }
        Ok(())
    }
}

/// What [`RfeCv`] learned: the features left, the model fitted on them, and how other numbers of features did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRfeCv<M> {
    model: M,
    ranking: Vec<usize>,
    cv_results: RfeCvResults,
    kept: Kept,
}

impl<M> FittedRfeCv<M> {
    /// The model, fitted on the selected features.
    pub fn estimator(&self) -> &M {
        &self.model
    }

    /// The rank of each feature: 1 for the selected ones, 2 for those that went last, and so on.
    pub fn ranking(&self) -> &[usize] {
        &self.ranking
    }

    /// The scores of every number of features.
    pub fn cv_results(&self) -> &RfeCvResults {
        &self.cv_results
    }
}

selector!(any [M] FittedRfeCv<M>);
through_model!(FittedRfeCv);

impl<M: fmt::Display> fmt::Display for FittedRfeCv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.n_features(), self.n_features_in());
        write!(f, "FittedRfeCv({k} of {p} features)")?;
        for line in self.model.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl<M: Model> Model for FittedRfeCv<M> {
    fn type_name() -> String {
        format!("FittedRfeCv<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.kept.validate()?;
        check_ranking(&self.ranking, self.support())?;
        self.cv_results.validate(self.n_features_in())?;
        self.model.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_selection::Rfe;
    use crate::linear_model::Ridge;
    use crate::model_selection::{KFold, NegMeanSquaredError};
    use crate::random;

    fn data() -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(2);
        let x = Array2::from_shape_simple_fn((60, 5), || random::standard_normal(&mut rng));
        let noise = Array1::from_shape_simple_fn(60, || 0.1 * random::standard_normal(&mut rng));
        let y = 3.0 * &x.column(1) - 2.0 * &x.column(4) + noise;
        (x, y)
    }

    #[test]
    fn finds_the_features_there_are() {
        let (x, y) = data();
        let search = RfeCv::new(Ridge::new()).scoring(NegMeanSquaredError);
        let model = search.cv(KFold::new().n_splits(3)).fit(&x, &y).unwrap();
        assert!(model.support()[1] && model.support()[4]);
        let results = model.cv_results();
        assert_eq!(
            (results.n_features(), results.n_splits()),
            (&[1, 2, 3, 4, 5][..], 3)
        );
        assert_eq!(results.ranking(0).unwrap().row(4).to_vec(), [1; 5]);
        assert_eq!(
            results
                .support(2)
                .unwrap()
                .row(0)
                .iter()
                .filter(|s| **s)
                .count(),
            1
        );
        assert!(results.ranking(3).is_none());
        let direct = Rfe::new(Ridge::new()).n_features_to_select(model.n_features());
        let direct = direct.fit(&x, &y).unwrap();
        assert_eq!(model.ranking(), direct.ranking());
        assert_eq!(model.predict(&x).unwrap(), direct.predict(&x).unwrap());
        let text = model.to_json().unwrap();
        assert_eq!(FittedRfeCv::from_json(&text).unwrap(), model);
    }

    #[test]
    fn errors_name_the_fold_and_the_cell() {
        let (mut x, y) = data();
        let all = RfeCv::new(Ridge::new()).min_features_to_select(6);
        assert_eq!(all.fit(&x, &y).unwrap().support(), [true; 5]);
        assert!(RfeCv::new(Ridge::new()).cv(1).fit(&x, &y).is_err());
        x[[50, 3]] = f64::NAN;
        let e = RfeCv::new(Ridge::new()).fit(&x, &y).unwrap_err();
        assert_eq!(e.to_string(), "fold 0: X: row 50, column 3 is NaN");
        x[[50, 3]] = 0.0;
        x[[2, 3]] = f64::NAN;
        let e = RfeCv::new(Ridge::new()).fit(&x, &y).unwrap_err();
        let text = "fold 0: scoring the test rows: score `score`: X: row 2, column 3 is NaN";
        assert_eq!(e.to_string(), text);
    }
}
