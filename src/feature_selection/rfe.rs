//! Recursive feature elimination.

use std::borrow::Borrow;
use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::amount::{NFeatures, StepSize, or_all};
use super::importances::{FromModel, ImportanceGetter, checked, squares};
use super::support::{Kept, SelectColumns, around_estimator, indices, selector, through_model};
use crate::boxed::Confidence;
use crate::error::Result;
use crate::labels::Class;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::params::Hyperparameters;
use crate::targets::Targets;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

const NAME: &str = "Rfe";

/// The settings beside the estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    n_features_to_select: NFeatures,
    step: StepSize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            n_features_to_select: NFeatures::Auto,
            step: StepSize::Count(1),
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.n_features_to_select
            .check(NAME, "n_features_to_select")?;
        self.step.check(NAME, "step")
    }
}

/// Removes the features that count least in a model, a few at a time, fitting again after each time.
///
/// The model is fitted on all features; the `step` features go whose squared coefficients (summed over classes or targets)
/// are least, of equals the first; then it is fitted on what is left, until `n_features_to_select` are left.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_features_to_select` | half | a count, or a fraction in (0, 1] of all, rounded down, but one at least | how many are kept |
/// | `step` | 1 | a count, or a fraction in (0, 1) of all, rounded down | how many go at a time |
/// | `importance_getter` | [`FromModel`] | an [`ImportanceGetter`] | where coefficients come from |
///
/// The fitted model predicts and scores with the estimator fitted on the selected features, and transforms to those.
/// Coefficients compare only on features of one scale: scale first. Sample weights reach the estimator with the target. The
/// observer hears of each fit, with the number of features left.
///
/// # Complexity
/// One fit for each step, on fewer and fewer features.
///
/// # Errors
/// `InvalidParameter`; those of the estimator. More features to select than there are keep all; the log says so.
///
/// # Source
/// I. Guyon, J. Weston, S. Barnhill, V. Vapnik, "Gene selection for cancer classification using support vector machines",
/// Machine Learning 46 (2002).
///
/// # Examples
/// ```
/// use fitwell::{feature_selection::Rfe, linear_model::Ridge, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let model = Rfe::new(Ridge::new()).n_features_to_select(3).fit(&diabetes.x, &diabetes.target)?;
/// assert_eq!(model.support_indices(), [2, 3, 8]);
/// assert_eq!(model.ranking(), [6, 5, 1, 1, 8, 7, 2, 4, 1, 3]);
/// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.4);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RFE")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct Rfe<E, G = FromModel> {
    estimator: E,
    importance_getter: G,
    settings: Settings,
    #[serde(skip)]
    watch: Watch,
}

impl<E> Rfe<E> {
    /// Half of the features, one removed at a time.
    pub fn new(estimator: E) -> Self {
        Rfe {
            estimator,
            importance_getter: FromModel,
            settings: Settings::default(),
            watch: Watch::default(),
        }
    }
}

impl<E, G> Rfe<E, G> {
    /// How many features are kept: a count, or a fraction of all, rounded down.
    pub fn n_features_to_select(mut self, n: impl Into<NFeatures>) -> Self {
        self.settings.n_features_to_select = n.into();
        self
    }

    /// How many features go at a time: a count, or a fraction of all, rounded down.
    pub fn step(mut self, step: impl Into<StepSize>) -> Self {
        self.settings.step = step.into();
        self
    }

    /// Where coefficients come from.
    pub fn importance_getter<H>(self, importance_getter: H) -> Rfe<E, H> {
        Rfe {
            estimator: self.estimator,
            importance_getter,
            settings: self.settings,
            watch: self.watch,
        }
    }

    /// Hears of each fit, with the number of features left, and can stop the work.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The estimator that is fitted.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_estimator!(Rfe<G>);

impl<X, Y, E, G> Estimator<X, Y> for Rfe<E, G>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
    G: ImportanceGetter<E::Fitted>,
{
    type Fitted = FittedRfe<E::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        x.check_not_empty()?;
        let p = x.n_features();
        let keep = match self.settings.n_features_to_select {
            NFeatures::Auto => (p / 2).max(1),
            NFeatures::Count(n) => or_all(NAME, "n_features_to_select", n, p),
            NFeatures::Fraction(f) => ((f * p as f64) as usize).max(1),
        };
        let step = self.settings.step.of(p);
        let (mut done, total) = (0, 1 + (p - keep).div_ceil(step));
        let recipe = (&self.estimator, &self.importance_getter);
        let (model, ranking) = eliminate(x, y, recipe, keep, step, |_, features, _| {
            done += 1;
            let left = Some(features.len() as f64);
            self.watch.report(NAME, done, Some(total), left)
        })?;
        let mask = ranking.iter().map(|&r| r == 1).collect();
        Ok(FittedRfe {
            model,
            ranking,
            kept: Kept::new(mask, x),
        })
    }
}

/// Fits, removes `step` features, fits again, until `keep` are left: the last model, and the rank of each feature, 1 for those
/// left and higher the earlier a feature went. `each` hears of every model, its features and the ranks so far.
pub(super) fn eliminate<X, Y, E, G>(
    x: &X,
    y: &Y,
    (estimator, getter): (&E, &G),
    keep: usize,
    step: usize,
    mut each: impl FnMut(&E::Fitted, &[usize], &[usize]) -> Result<()>,
) -> Result<(E::Fitted, Vec<usize>)>
where
    X: SelectColumns + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y>,
    G: ImportanceGetter<E::Fitted>,
{
    let mut ranking = vec![1; x.n_features()];
    loop {
        let left: Vec<bool> = ranking.iter().map(|&r| r == 1).collect();
        let features = indices(&left);
        let model = if features.len() == ranking.len() {
            estimator.fit(x, y)?
        } else {
            let some = x.take_columns(&features)?;
            let model = estimator.fit(some.borrow(), y);
            model.map_err(|e| e.at_columns(&features))?
        };
        each(&model, &features, &ranking)?;
        if features.len() <= keep {
            return Ok((model, ranking));
        }
        let importances = squares(&checked(getter, &model, features.len())?);
        let mut order: Vec<usize> = (0..features.len()).collect();
        order.sort_by(|&a, &b| importances[a].total_cmp(&importances[b]));
        for rank in ranking.iter_mut().filter(|r| **r > 1) {
            *rank += 1;
        }
        for &i in order.iter().take(step.min(features.len() - keep)) {
            ranking[features[i]] = 2;
        }
    }
}

/// The ranks are those of an elimination: from 1 without gaps.
pub(super) fn check_ranking(ranking: &[usize], kept: &[bool]) -> Result<()> {
    ensure::equal("length of `ranking`", ranking.len(), kept.len())?;
    let mut seen = vec![false; ranking.len()];
    for &rank in ranking {
        let place = rank.checked_sub(1).and_then(|r| seen.get_mut(r));
        match place {
            Some(place) => *place = true,
            None => return Err(crate::Error::model_file(format!("a rank is {rank}"))),
        }
    }
    let first_gap = seen.iter().position(|s| !s).unwrap_or(seen.len());
    ensure::that(!seen[first_gap..].contains(&true), || {
        "the ranks leave some out".into()
    })?;
    ensure::that(
        ranking.iter().zip(kept).all(|(r, kept)| (*r == 1) == *kept),
        || "the selected features are not those of rank 1".into(),
    )
}

/// What [`Rfe`] learned: the features left, and the model fitted on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRfe<M> {
    model: M,
    ranking: Vec<usize>,
    kept: Kept,
}

impl<M> FittedRfe<M> {
    /// The model, fitted on the selected features.
    pub fn estimator(&self) -> &M {
        &self.model
    }

    /// The rank of each feature: 1 for the selected ones, 2 for those that went last, and so on.
    pub fn ranking(&self) -> &[usize] {
        &self.ranking
    }
}

selector!(any [M] FittedRfe<M>);
through_model!(FittedRfe);

impl<M: fmt::Display> fmt::Display for FittedRfe<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = (self.n_features(), self.n_features_in());
        write!(f, "FittedRfe({k} of {p} features)")?;
        for line in self.model.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl<M: Model> Model for FittedRfe<M> {
    fn type_name() -> String {
        format!("FittedRfe<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.kept.validate()?;
        check_ranking(&self.ranking, self.support())?;
        self.model.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::{LogisticRegression, Ridge};
    use crate::random;
    use crate::traits::{FeatureNamesOut, Transform};
    use crate::{ErrorKind, Labels};
    use ndarray::{Array1, array};

    /// The target is made of columns 1 and 4, the first counting more.
    fn data() -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(1);
        let x = Array2::from_shape_simple_fn((60, 6), || random::standard_normal(&mut rng));
        let y = 3.0 * &x.column(1) - 2.0 * &x.column(4) + 0.1 * &x.column(0);
        (x, y)
    }

    #[test]
    fn the_last_to_go_rank_second() {
        let (x, y) = data();
        let model = Rfe::new(Ridge::new())
            .n_features_to_select(1)
            .fit(&x, &y)
            .unwrap();
        assert_eq!(model.support_indices(), [1]);
        assert_eq!((model.ranking()[4], model.ranking()[0]), (2, 3));
        let by_two = Rfe::new(Ridge::new()).n_features_to_select(1).step(2);
        let ranks = by_two.fit(&x, &y).unwrap().ranking().to_vec();
        assert_eq!((ranks[1], ranks[4]), (1, 2));
        // 6 → 4 → 2 → 1
        let mut sorted = ranks.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 3, 3, 4, 4]);
        let part = Rfe::new(Ridge::new()).n_features_to_select(0.5).step(0.4);
        assert_eq!(part.fit(&x, &y).unwrap().n_features(), 3);
        assert_eq!(Rfe::new(Ridge::new()).fit(&x, &y).unwrap().n_features(), 3);
    }

    #[test]
    fn it_predicts_as_the_model_on_what_is_left() {
        let (x, y) = data();
        let model = Rfe::new(Ridge::new())
            .n_features_to_select(2)
            .fit(&x, &y)
            .unwrap();
        let small = model.transform(&x).unwrap();
        let alone = Ridge::new().fit(&small, &y).unwrap();
        assert_eq!(model.predict(&x).unwrap(), alone.predict(&small).unwrap());
        assert_eq!(model.feature_names_out(None).unwrap(), ["x1", "x4"]);
        assert_eq!(
            model.score(&x, &y).unwrap(),
            alone.score(&small, &y).unwrap()
        );
        let file = model.to_bytes().unwrap();
        assert_eq!(FittedRfe::from_bytes(&file).unwrap(), model);
        let labels: Labels = y.iter().map(|v| *v > 0.0).collect();
        let classes = Rfe::new(LogisticRegression::new())
            .fit(&x, &labels)
            .unwrap();
        assert_eq!(classes.predict_proba(&x).unwrap().dim(), (60, 2));
        assert_eq!(classes.classes(), labels.classes());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let (x, y) = data();
        let all = Rfe::new(Ridge::new()).n_features_to_select(7);
        assert_eq!(all.fit(&x, &y).unwrap().support(), [true; 6]);
        for bad in [0.0, -0.5, 1.5, f64::NAN] {
            assert!(
                Rfe::new(Ridge::new())
                    .n_features_to_select(bad)
                    .fit(&x, &y)
                    .is_err()
            );
        }
        assert!(Rfe::new(Ridge::new()).step(0).fit(&x, &y).is_err());
        assert!(Rfe::new(Ridge::new()).step(1.0).fit(&x, &y).is_err());
        let model = Rfe::new(Ridge::new()).fit(&x, &y).unwrap();
        let mut bad = x.clone();
        bad[[7, 2]] = f64::NAN;
        let e = model.predict(&bad).unwrap_err();
        assert!(matches!(
            e.kind(),
            ErrorKind::NonFinite {
                row: 7,
                column: Some(2),
                ..
            }
        ));
    }

    #[test]
    fn tied_coefficients_go_from_the_front() {
        let x = array![[1.0, 1.0, 1.0], [2.0, 2.0, 2.0], [4.0, 4.0, 4.0]];
        let equal = |_: &crate::linear_model::FittedRidge| Ok(Array2::ones((1, 3)));
        let rfe = Rfe::new(Ridge::new())
            .importance_getter(equal)
            .n_features_to_select(2);
        let model = rfe.fit(&x, &array![1.0, 2.0, 4.0]).unwrap();
        assert_eq!(model.ranking(), [2, 1, 1]);
    }
}
