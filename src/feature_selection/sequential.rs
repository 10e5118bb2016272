//! Features added or removed one by one, as scores tell.

use std::borrow::Borrow;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::amount::NFeatures;
use super::rfe_cv::{finite_score, splits_of};
use super::support::{Kept, SelectColumns, around_estimator, indices, selector};
use super::written::{from_real, real, written};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::model_selection::{CrossValidator, DefaultScore, Scorer, Split};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{Hyperparameters, Value};
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "SequentialFeatureSelector";

/// Whether [`SequentialFeatureSelector`] adds features or removes them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From none, adding the best.
    #[default]
    Forward,
    /// From all, removing the one least missed.
    Backward,
}

/// The gain below which to stop, if any.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Tol(Option<f64>);

impl Tol {
    fn write(&self) -> Value {
        self.0.map_or(Value::Null, from_real)
    }

    fn read(value: &Value) -> Option<Self> {
        if value.is_null() {
            return Some(Tol(None));
        }
        real(value).map(|tol| Tol(Some(tol)))
    }
}
written!(Tol, "a number or null");

/// The settings beside the estimator.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    n_features_to_select: NFeatures,
    tol: Tol,
    direction: Direction,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.n_features_to_select
            .check(NAME, "n_features_to_select")?;
        let Some(tol) = self.tol.0 else { return Ok(()) };
        if !tol.is_finite() {
            return Err(Error::invalid_parameter(NAME, "tol", "finite", tol));
        }
        if tol < 0.0 && self.direction == Direction::Forward {
            let expected = "at least 0 when features are added";
            return Err(Error::invalid_parameter(NAME, "tol", expected, tol));
        }
        Ok(())
    }
}

/// Adds the feature that helps most, or removes the one that is missed least, again and again, as cross-validation scores it.
///
/// Forward: from no features, each round tries every feature that is left beside those chosen, scores the estimator on them
/// by cross-validation and takes the best. Backward: from all features, each round takes away the one without which the mean
/// score is greatest. Of equals the first. It needs no coefficients, only scores, and so goes with every estimator.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_features_to_select` | auto | a count below that of the features, a fraction in (0, 1], auto | how many are kept |
/// | `tol` | none | finite; at least 0 forward | with auto: stop when a round gains less |
/// | `direction` | forward | forward, backward | |
/// | `scoring` | the model's own score | a [`Scorer`] | greater is better |
/// | `cv` | 5 | a number of folds (stratified for classes), a splitter, or a list of splits | |
///
/// With auto and no `tol`, half of the features are added or removed; with `tol`, features are added or removed until the
/// mean score gains less than `tol`, one at least being left out. A negative `tol` lets a removal cost that much. A
/// fraction of the features is rounded down, but one is kept at least.
///
/// The candidates of a round, and their folds, are fitted side by side on rayon's threads; the result is the same with any
/// number of them. Sample weights reach fits and scores with the target. The observer hears of each round with its best
/// score, and may stop the work.
///
/// # Complexity
/// k rounds of up to p candidates on every fold: far more fits than [`Rfe`](super::Rfe) makes.
///
/// # Errors
/// `InvalidParameter`; those of the splitter, the estimator and the scorer, with feature and fold in [`Error::context`];
/// `InvalidInput` for a score that is not finite.
///
/// # Source
/// F. Ferri, P. Pudil, M. Hatef, J. Kittler, "Comparative study of techniques for large-scale feature selection" (1994).
///
/// # Examples
/// ```
/// use fitwell::{feature_selection::SequentialFeatureSelector, linear_model::Ridge, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let select = SequentialFeatureSelector::new(Ridge::new().alpha(0.01)).n_features_to_select(3);
/// let model = select.fit(&diabetes.x, &diabetes.target)?;
/// assert_eq!(model.support_indices(), [2, 3, 8]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct SequentialFeatureSelector<E, S = DefaultScore, C = usize> {
    estimator: E,
    scoring: S,
    cv: C,
    settings: Settings,
    #[serde(skip)]
    watch: Watch,
}

impl<E> SequentialFeatureSelector<E> {
    /// Adds half of the features, scored on five folds by the model's own score.
    pub fn new(estimator: E) -> Self {
        SequentialFeatureSelector {
            estimator,
            scoring: DefaultScore,
            cv: 5,
            settings: Settings::default(),
            watch: Watch::default(),
        }
    }
}

impl<E, S, C> SequentialFeatureSelector<E, S, C> {
    /// How many features are kept: a count, a fraction of all rounded down, or [`NFeatures::Auto`].
    pub fn n_features_to_select(mut self, n: impl Into<NFeatures>) -> Self {
        self.settings.n_features_to_select = n.into();
        self
    }

    /// With [`NFeatures::Auto`], stop when a round gains less than this.
    pub fn tol(mut self, tol: f64) -> Self {
        self.settings.tol = Tol(Some(tol));
        self
    }

    /// Whether features are added or removed.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.settings.direction = direction;
        self
    }

    /// What ranks the features.
    pub fn scoring<T>(self, scoring: T) -> SequentialFeatureSelector<E, T, C> {
        SequentialFeatureSelector {
            estimator: self.estimator,
            scoring,
            cv: self.cv,
            settings: self.settings,
            watch: self.watch,
        }
    }

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> SequentialFeatureSelector<E, S, D> {
        SequentialFeatureSelector {
            estimator: self.estimator,
            scoring: self.scoring,
            cv,
            settings: self.settings,
            watch: self.watch,
        }
    }

    /// Hears of each round with its best score, and can stop the work.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The estimator that is fitted.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_estimator!(SequentialFeatureSelector<S, C>);

impl Settings {
    /// How many rounds for `p` features.
    fn rounds(&self, p: usize) -> Result<usize> {
        let name = "n_features_to_select";
        let select = match (self.n_features_to_select, self.tol.0) {
            (NFeatures::Auto, Some(_)) => return Ok(p - 1),
            (NFeatures::Auto, None) => return Ok(p / 2),
            (NFeatures::Count(n), _) if n >= p => {
                let expected = format!("below {p}, the number of features");
                return Err(Error::invalid_parameter(NAME, name, expected, n));
            }
            (NFeatures::Count(n), _) => n,
            (NFeatures::Fraction(f), _) => ((f * p as f64) as usize).max(1),
        };
        Ok(match self.direction {
            Direction::Forward => select,
            Direction::Backward => p - select,
        })
    }
}

impl<X, Y, E, S, C> Estimator<X, Y> for SequentialFeatureSelector<E, S, C>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y> + Sync,
    S: Scorer<E::Fitted, X, Y>,
    C: CrossValidator,
{
    type Fitted = FittedSequentialFeatureSelector;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        x.check_not_empty()?;
        let p = x.n_features();
        let splits = splits_of(&self.cv, x, y)?;
        if p == 1 && self.settings.n_features_to_select == NFeatures::Auto {
            // Nothing to choose from; what cannot be fitted is refused all the same.
            self.score(x, y, &splits, &[0])?;
            return Ok(FittedSequentialFeatureSelector {
                kept: Kept::new(vec![true], x),
            });
        }
        let rounds = self.settings.rounds(p)?;
        let forward = self.settings.direction == Direction::Forward;
        let gain = match self.settings.n_features_to_select {
            NFeatures::Auto => self.settings.tol.0,
            _ => None,
        };
        // Chosen to be added, or removed.
        let mut chosen = vec![false; p];
        let mut before = f64::NEG_INFINITY;
        for round in 1..=rounds {
            let candidates: Vec<usize> = (0..p).filter(|&j| !chosen[j]).collect();
            let scores: Vec<f64> = parallel::map(candidates.len(), |i| {
                let mut mask = chosen.clone();
                mask[candidates[i]] = true;
                if !forward {
                    mask.iter_mut().for_each(|m| *m = !*m);
                }
                let feature = candidates[i];
                self.score(x, y, &splits, &indices(&mask))
                    .map_err(|e| e.within(format!("feature {feature}")))
            })
            .into_iter()
            .collect::<Result<_>>()?;
            let first = |best: usize, i: usize| if scores[i] > scores[best] { i } else { best };
            let best = (0..scores.len()).fold(0, first);
            if gain.is_some_and(|tol| scores[best] - before < tol) {
                break;
            }
            before = scores[best];
            chosen[candidates[best]] = true;
            self.watch.report(NAME, round, Some(rounds), Some(before))?;
        }
        let mask = chosen.into_iter().map(|c| c == forward).collect();
        Ok(FittedSequentialFeatureSelector {
            kept: Kept::new(mask, x),
        })
    }
}

impl<E, S, C> SequentialFeatureSelector<E, S, C> {
    /// The mean score on the folds with these features.
    fn score<X, Y>(&self, x: &X, y: &Y, splits: &[Split], features: &[usize]) -> Result<f64>
    where
        X: SelectColumns + ?Sized,
        Y: Targets + ?Sized,
        E: Estimator<X, Y> + Sync,
        S: Scorer<E::Fitted, X, Y>,
        C: Sync,
    {
        let some = x.take_columns(features)?;
        let some: &X = some.borrow();
        let of_fold = |k: usize| -> Result<f64> {
            let Split { train, test } = &splits[k];
            let (x_train, y_train) = (some.select(train)?, y.select(train)?);
            let model = self.estimator.fit(x_train.borrow(), y_train.borrow());
            let model = model.map_err(|e| e.at_rows(train).at_columns(features))?;
            let (x_test, y_test) = (some.select(test)?, y.select(test)?);
            finite_score(&self.scoring, &model, x_test.borrow(), y_test.borrow())
                .map_err(|e| e.at_rows(test).at_columns(features))
        };
        let scores = parallel::map(splits.len(), |k| {
            of_fold(k).map_err(|e| e.within(format!("fold {k}")))
        });
        let scores: Vec<f64> = scores.into_iter().collect::<Result<_>>()?;
        Ok(scores.iter().sum::<f64>() / scores.len() as f64)
    }
}

/// What [`SequentialFeatureSelector`] learned: which features to keep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedSequentialFeatureSelector {
    kept: Kept,
}

selector!(any [] FittedSequentialFeatureSelector);

impl fmt::Display for FittedSequentialFeatureSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.n_features(), self.n_features_in());
        write!(f, "FittedSequentialFeatureSelector({k} of {p} features)")
    }
}

impl Model for FittedSequentialFeatureSelector {
    fn type_name() -> String {
        "FittedSequentialFeatureSelector".into()
    }

    fn validate(&self) -> Result<()> {
        self.kept.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::Ridge;
    use crate::model_selection::NegMeanAbsoluteError;
    use crate::random;
    use ndarray::{Array1, Array2};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(4);
        let x = Array2::from_shape_simple_fn((50, 5), || random::standard_normal(&mut rng));
        let noise = Array1::from_shape_simple_fn(50, || 0.1 * random::standard_normal(&mut rng));
        let y = 3.0 * &x.column(1) - 2.0 * &x.column(4) + noise;
        (x, y)
    }

    fn select() -> SequentialFeatureSelector<Ridge> {
        SequentialFeatureSelector::new(Ridge::new())
    }

    #[test]
    fn both_directions_find_what_matters() {
        let (x, y) = data();
        for direction in [Direction::Forward, Direction::Backward] {
            let both = select().direction(direction).n_features_to_select(2);
            assert_eq!(both.fit(&x, &y).unwrap().support_indices(), [1, 4]);
            let tol = select().direction(direction).tol(0.01);
            let kept = tol.fit(&x, &y).unwrap().support_indices();
            match direction {
                Direction::Forward => assert_eq!(kept, [1, 4]),
                // From all of them no removal gains that much.
                Direction::Backward => assert_eq!(kept.len(), 4),
            }
        }
        let costs = select().direction(Direction::Backward).tol(-0.01);
        assert_eq!(costs.fit(&x, &y).unwrap().support_indices(), [1, 4]);
        let other = select().scoring(NegMeanAbsoluteError).cv(3);
        assert_eq!(other.fit(&x, &y).unwrap().n_features(), 2);
        // Half of them go, so that three stay.
        let half = select().direction(Direction::Backward);
        assert_eq!(half.fit(&x, &y).unwrap().n_features(), 3);
        assert_eq!(
            select()
                .n_features_to_select(0.65)
                .fit(&x, &y)
                .unwrap()
                .n_features(),
            3
        );
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let (mut x, y) = data();
        let e = select().n_features_to_select(5).fit(&x, &y).unwrap_err();
        assert!(
            e.to_string()
                .contains("below 5, the number of features, got 5"),
            "{e}"
        );
        assert!(select().tol(-1.0).fit(&x, &y).is_err());
        assert!(select().tol(f64::NAN).fit(&x, &y).is_err());
        assert!(select().n_features_to_select(1.1).fit(&x, &y).is_err());
        x[[40, 3]] = f64::NAN;
        let e = select().fit(&x, &y).unwrap_err();
        assert_eq!(
            e.to_string(),
            "feature 3: fold 0: X: row 40, column 3 is NaN"
        );
    }
}
