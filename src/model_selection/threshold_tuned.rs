//! A classifier of two classes by the threshold that scores best on held-out rows.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use ndarray::Array2;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::scoring::{BalancedAccuracy, Scorer};
use super::splitter::{CrossValidator, Split, check_splits};
use super::threshold::{ResponseMethod, by_threshold, positive_place, scores, through_estimator};
use crate::boxed::Confidence;
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::frozen::{AllRows, FrozenEstimator};
use crate::labels::{Class, Labels};
use crate::meta::{
    arg_max, around_one, each, evenly_spaced, indented, not_empty, weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

const NAME: &str = "TunedThresholdClassifierCv";

/// The most thresholds tried by number.
const MOST: usize = 1_000_000;

/// The thresholds that [`TunedThresholdClassifierCv`] tries: as a parameter a number or a list.
#[derive(Clone, Debug, PartialEq)]
pub enum Thresholds {
    /// So many, evenly spaced from the least score to the greatest.
    Count(usize),
    /// These.
    Values(Vec<f64>),
}

impl From<usize> for Thresholds {
    fn from(count: usize) -> Self {
        Thresholds::Count(count)
    }
}

impl From<Vec<f64>> for Thresholds {
    fn from(values: Vec<f64>) -> Self {
        Thresholds::Values(values)
    }
}

impl<const N: usize> From<[f64; N]> for Thresholds {
    fn from(values: [f64; N]) -> Self {
        Thresholds::Values(values.into())
    }
}

impl Serialize for Thresholds {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => match self {
                Thresholds::Count(n) => (Some(*n), Vec::<f64>::new()).serialize(serializer),
                Thresholds::Values(v) => (None::<usize>, v).serialize(serializer),
            },
            Thresholds::Count(n) => n.serialize(serializer),
            Thresholds::Values(v) => v.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (count, values) = <(Option<usize>, Vec<f64>)>::deserialize(deserializer)?;
            return Ok(count.map_or(Thresholds::Values(values), Thresholds::Count));
        }
        let wrong = || de::Error::custom("expected a number of thresholds or a list of them");
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        if let Some(count) = value.as_u64() {
            return usize::try_from(count)
                .map(Thresholds::Count)
                .map_err(|_| wrong());
        }
        let values = value.as_array().ok_or_else(wrong)?;
        let values = values.iter().map(|v| v.as_f64().ok_or_else(wrong));
        values
            .collect::<std::result::Result<_, _>>()
            .map(Thresholds::Values)
    }
}

/// The settings of [`TunedThresholdClassifierCv`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    response_method: ResponseMethod,
    thresholds: Thresholds,
    pos_label: Option<Class>,
    refit: bool,
    store_cv_results: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            response_method: ResponseMethod::Auto,
            thresholds: Thresholds::Count(100),
            pos_label: None,
            refit: true,
            store_cv_results: false,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        match &self.thresholds {
            Thresholds::Count(n) => {
                check::count(NAME, "thresholds", *n, 1)?;
                if *n > MOST {
                    let expected = format!("at most {MOST}");
                    return Err(Error::invalid_parameter(NAME, "thresholds", expected, n));
                }
                Ok(())
            }
            Thresholds::Values(values) => {
                if values.is_empty() {
                    let expected = "a number of thresholds or a list that is not empty";
                    return Err(Error::invalid_parameter(
                        NAME,
                        "thresholds",
                        expected,
                        "none",
                    ));
                }
                match values.iter().find(|v| !v.is_finite()) {
                    Some(v) => Err(Error::invalid_parameter(
                        NAME,
                        "thresholds",
                        "finite numbers",
                        v,
                    )),
                    None => Ok(()),
                }
            }
        }
    }
}

/// A classifier of two classes that says the positive one from the threshold on that scored best on held-out rows.
///
/// For each split the classifier is fitted to the training rows, and its scores of the test rows are cut at each threshold;
/// the scorer judges the predictions. The curves of the splits are averaged (between thresholds along straight lines), and the
/// threshold with the greatest mean wins, the first of equals. Then the classifier is fitted to all rows.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimator` | | the classifier; its parameters are `estimator__...` |
/// | `scoring` | [`BalancedAccuracy`] | any scorer of predictions: greater is better |
/// | `thresholds` | 100 | how many, from the least score to the greatest, at most 1,000,000; or a list of them |
/// | `pos_label` | the second class | the class that is said where the score is at least the threshold |
/// | `response_method` | `auto` | a [`ResponseMethod`]: probabilities, or decision values |
/// | `cv` | 5 | a number of stratified folds, a splitter, or a list of splits |
/// | `refit` | `true` | whether the classifier is fitted to all rows in the end; without it there must be one split, whose classifier is kept |
/// | `store_cv_results` | `false` | whether thresholds and mean scores are kept |
///
/// The scorer sees a [`Thresholded`] model, which predicts by one threshold; a closure of it and the target weighs costs.
/// Sample weights count in the fits and in the scores. A model that was fitted before is tuned by [`prefit`](Self::prefit); where
/// scikit-learn takes a fraction as `cv`, give a splitter of one split.
///
/// # Complexity
/// A fit for each split and one more; a score for each threshold and split, O(n) each.
///
/// # Errors
/// `InvalidParameter`; `InvalidInput` for a target of other than two classes, for scores that are all alike on a split, and for a
/// score that is not finite; `UnknownLabel` for a `pos_label` that is not among the classes; `Unsupported` for a classifier without such scores; those of the splitter, the
/// classifier and the scorer, with the fold in [`Error::context`].
///
/// # Source
/// scikit-learn's `TunedThresholdClassifierCV`, with the same rules. There the positive class comes from the scorer.
///
/// # Examples
/// ```
/// use fitwell::model_selection::{Thresholded, TunedThresholdClassifierCv};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::{Array2, ArrayRef2};
///
/// let x = Array2::from_shape_fn((200, 1), |(i, _)| ((i * 37) % 200) as f64);
/// let y: Labels = (0..200).map(|i| (i * 37) % 200 + (i * 11) % 60 > 130).collect();
/// // A miss costs ten times what a false alarm costs.
/// let cost = |model: &Thresholded, x: &ArrayRef2<f64>, y: &Labels| {
///     let each = y.to_bools()?.into_iter().zip(model.predict(x)?.to_bools()?);
///     Ok(-each.map(|pair| match pair { (true, false) => 10.0, (false, true) => 1.0, _ => 0.0 }).sum::<f64>())
/// };
/// let tuned = TunedThresholdClassifierCv::new(LogisticRegression::new()).scoring(cost).fit(&x, &y)?;
/// assert!(tuned.best_threshold() < 0.4, "{}", tuned.best_threshold());
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "TunedThresholdClassifierCV")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct TunedThresholdClassifierCv<E, S = BalancedAccuracy, C = usize> {
    estimator: E,
    settings: Settings,
    scoring: S,
    cv: C,
}

impl<E> TunedThresholdClassifierCv<E> {
    /// Around this classifier, by balanced accuracy on five folds.
    pub fn new(estimator: E) -> Self {
        TunedThresholdClassifierCv {
            estimator,
            settings: Settings::default(),
            scoring: BalancedAccuracy,
            cv: 5,
        }
    }
}

impl<M> TunedThresholdClassifierCv<FrozenEstimator<M>, BalancedAccuracy, AllRows> {
    /// Around a model that was fitted on other rows: the threshold is tuned on all rows that `fit` is given.
    ///
    /// ```
    /// use fitwell::{linear_model::LogisticRegression, model_selection::TunedThresholdClassifierCv, prelude::*};
    /// use ndarray::array;
    ///
    /// let model = LogisticRegression::new().fit(&array![[0.0], [1.0]], &Labels::from([0, 1]))?;
    /// let (x, y) = (array![[0.0], [2.0], [3.0], [4.0]], Labels::from([0, 0, 1, 1]));
    /// let tuned = TunedThresholdClassifierCv::prefit(model).fit(&x, &y)?;
    /// assert_eq!(tuned.predict(&x)?, y);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn prefit(model: M) -> Self {
        let settings = Settings {
            refit: false,
            ..Settings::default()
        };
        TunedThresholdClassifierCv {
            estimator: FrozenEstimator::new(model),
            settings,
            scoring: BalancedAccuracy,
            cv: AllRows,
        }
    }
}

impl<E, S, C> TunedThresholdClassifierCv<E, S, C> {
    /// What judges the thresholds.
    pub fn scoring<T>(self, scoring: T) -> TunedThresholdClassifierCv<E, T, C> {
        TunedThresholdClassifierCv {
            estimator: self.estimator,
            settings: self.settings,
            scoring,
            cv: self.cv,
        }
    }

    /// A number of folds, a splitter, or a list of splits.
    pub fn cv<D: CrossValidator>(self, cv: D) -> TunedThresholdClassifierCv<E, S, D> {
        TunedThresholdClassifierCv {
            estimator: self.estimator,
            settings: self.settings,
            scoring: self.scoring,
            cv,
        }
    }

    /// How many thresholds, or which.
    pub fn thresholds(mut self, thresholds: impl Into<Thresholds>) -> Self {
        self.settings.thresholds = thresholds.into();
        self
    }

    /// The class that is said where the score is at least the threshold.
    pub fn pos_label(mut self, class: impl Into<Class>) -> Self {
        self.settings.pos_label = Some(class.into());
        self
    }

    /// What the threshold is compared with.
    pub fn response_method(mut self, method: ResponseMethod) -> Self {
        self.settings.response_method = method;
        self
    }

    /// Whether the classifier is fitted to all rows in the end.
    pub fn refit(mut self, refit: bool) -> Self {
        self.settings.refit = refit;
        self
    }

    /// Whether thresholds and mean scores are kept.
    pub fn store_cv_results(mut self, store: bool) -> Self {
        self.settings.store_cv_results = store;
        self
    }

    /// The classifier.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(TunedThresholdClassifierCv<E, S, C>);

/// A classifier with one threshold, as the scorer of [`TunedThresholdClassifierCv`] sees it: it predicts for the rows that are
/// scored.
#[derive(Clone, Debug, PartialEq)]
pub struct Thresholded {
    labels: Labels,
}

impl<X: Samples + ?Sized> Predict<X> for Thresholded {
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        if x.n_samples() != self.labels.len() {
            let what = "number of rows that are scored";
            return Err(Error::shape(what, self.labels.len(), x.n_samples()));
        }
        Ok(self.labels.clone())
    }
}

impl Classes for Thresholded {
    fn classes(&self) -> &[Class] {
        self.labels.classes()
    }
}

/// Values at ascending points, joined by straight lines, at another point; beyond the ends the values there.
fn interpolate(at: f64, points: &[f64], values: &[f64]) -> f64 {
    let last = points.len() - 1;
    if at >= points[last] {
        return values[last];
    }
    let above = points.partition_point(|p| *p <= at);
    if above == 0 {
        return values[0];
    }
    let below = above - 1;
    let slope = (values[above] - values[below]) / (points[above] - points[below]);
    slope * (at - points[below]) + values[below]
}

/// The scores of one split at its thresholds.
struct Curve {
    thresholds: Vec<f64>,
    scores: Vec<f64>,
}

impl<X, Y, E, M, S, C, F> Estimator<X, Y> for TunedThresholdClassifierCv<E, S, C>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Confidence<X, Float = F> + Classes + Send,
    S: Scorer<Thresholded, X, Y>,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedTunedThresholdClassifierCv<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        let settings = &self.settings;
        settings.check()?;
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let pos_label = settings.pos_label.as_ref();
        let positive = positive_place(NAME, labels.classes(), pos_label)?;
        let splits = self.cv.split(x.n_samples(), y)?;
        check_splits(&splits, x.n_samples())?;
        if !settings.refit && splits.len() > 1 {
            let expected = format!("true for {} splits", splits.len());
            return Err(Error::invalid_parameter(NAME, "refit", expected, false));
        }
        let mut parts = each(splits.len(), |k| {
            self.curve(x, y, &splits[k], labels.classes(), positive)
                .map_err(|e| e.within(format!("fold {k}")))
        })?;
        let (thresholds, scores) = joined(&settings.thresholds, parts.iter().map(|(_, c)| c));
        let best = arg_max(scores.iter().copied());
        let estimator = match parts.pop() {
            Some((model, _)) if !settings.refit => model,
            _ => self.estimator.fit(x, y)?,
        };
        // The final classifier has the classes that were judged.
        let positive = positive_place(NAME, estimator.classes(), pos_label)?;
        Ok(FittedTunedThresholdClassifierCv {
            estimator,
            best_threshold: thresholds[best],
            best_score: scores[best],
            positive,
            response_method: settings.response_method,
            cv_results: settings.store_cv_results.then_some((thresholds, scores)),
        })
    }
}

/// The thresholds over all splits, and the mean score at each.
fn joined<'a>(
    wanted: &Thresholds,
    curves: impl Iterator<Item = &'a Curve> + Clone,
) -> (Vec<f64>, Vec<f64>) {
    let count = curves.clone().count() as f64;
    let thresholds = match wanted {
        Thresholds::Values(values) => values.clone(),
        Thresholds::Count(n) => {
            let all = || curves.clone().flat_map(|c| c.thresholds.iter().copied());
            let (low, high) = (
                all().fold(f64::INFINITY, f64::min),
                all().fold(f64::NEG_INFINITY, f64::max),
            );
            evenly_spaced(low, high, *n)
        }
    };
    let mean = |i: usize| {
        let at = |c: &Curve| match wanted {
            Thresholds::Values(_) => c.scores[i],
            Thresholds::Count(_) => interpolate(thresholds[i], &c.thresholds, &c.scores),
        };
        curves.clone().map(at).sum::<f64>() / count
    };
    let scores = (0..thresholds.len()).map(mean).collect();
    (thresholds, scores)
}

impl<E, S, C> TunedThresholdClassifierCv<E, S, C> {
    /// The classifier fitted to the training rows, and its scores on the test rows.
    fn curve<X, Y, M, F>(
        &self,
        x: &X,
        y: &Y,
        split: &Split,
        classes: &[Class],
        positive: usize,
    ) -> Result<(M, Curve)>
    where
        X: Samples + ?Sized,
        Y: ClassTarget + ?Sized,
        E: Estimator<X, Y, Fitted = M>,
        M: Confidence<X, Float = F> + Classes,
        S: Scorer<Thresholded, X, Y>,
        F: Float,
    {
        let Split { train, test } = split;
        let (some_x, some_y) = (x.select(train)?, y.select(train)?);
        let model = self.estimator.fit(some_x.borrow(), some_y.borrow());
        let model = model.map_err(|e| e.at_rows(train))?;
        if model.classes() != classes {
            let reason = "the classifier has other classes than the target";
            return Err(Error::invalid_input(NAME, reason));
        }
        let (test_x, test_y) = (x.select(test)?, y.select(test)?);
        let found = scores(
            NAME,
            &model,
            test_x.borrow(),
            self.settings.response_method,
            positive,
        );
        let (found, _) = found.map_err(|e| e.at_rows(test))?;
        let thresholds = match &self.settings.thresholds {
            Thresholds::Values(values) => values.clone(),
            Thresholds::Count(n) => {
                let low = found.iter().copied().fold(f64::INFINITY, f64::min);
                let high = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                evenly_spaced(low, high, *n)
            }
        };
        let (first, last) = (thresholds[0], thresholds[thresholds.len() - 1]);
        if (first - last).abs() <= 1e-8 + 1e-5 * last.abs() {
            let reason = format!(
                "the thresholds from {first} to {last} are all alike: there is nothing to tune"
            );
            return Err(Error::invalid_input(NAME, reason));
        }
        let classes = Arc::new(classes.to_vec());
        let scoring = &self.scoring;
        let scores = each(thresholds.len(), |i| {
            let labels = by_threshold(&found, thresholds[i], positive, &classes);
            let place = || format!("score `{}`", scoring.name());
            let score = scoring.score(&Thresholded { labels }, test_x.borrow(), test_y.borrow());
            let score = score.map_err(|e| e.within(place()))?;
            if !score.is_finite() {
                return Err(Error::invalid_input(place(), format!("is {score}")));
            }
            Ok(score)
        })?;
        Ok((model, Curve { thresholds, scores }))
    }
}

/// What [`TunedThresholdClassifierCv`] learned: the classifier and its threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTunedThresholdClassifierCv<M> {
    estimator: M,
    best_threshold: f64,
    best_score: f64,
    positive: usize,
    response_method: ResponseMethod,
    cv_results: Option<(Vec<f64>, Vec<f64>)>,
}

impl<M> FittedTunedThresholdClassifierCv<M> {
    /// The fitted classifier.
    pub fn estimator(&self) -> &M {
        &self.estimator
    }

    /// The threshold with the best mean score.
    pub fn best_threshold(&self) -> f64 {
        self.best_threshold
    }

    /// Its mean score.
    pub fn best_score(&self) -> f64 {
        self.best_score
    }

    /// The thresholds and the mean score at each, if they were kept: scikit-learn's `cv_results_`.
    pub fn cv_results(&self) -> Option<(&[f64], &[f64])> {
        self.cv_results.as_ref().map(|(t, s)| (&t[..], &s[..]))
    }
}

impl<X: Samples + ?Sized, F: Float, M: Confidence<X, Float = F> + Classes> Predict<X>
    for FittedTunedThresholdClassifierCv<M>
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        let (scores, _) = scores(
            NAME,
            &self.estimator,
            x,
            self.response_method,
            self.positive,
        )?;
        let classes = Arc::new(self.estimator.classes().to_vec());
        Ok(by_threshold(
            &scores,
            self.best_threshold,
            self.positive,
            &classes,
        ))
    }
}

through_estimator!(FittedTunedThresholdClassifierCv);

impl<M: Model + Classes> Model for FittedTunedThresholdClassifierCv<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }
    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.estimator.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.estimator.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        self.estimator.validate()?;
        ensure::equal("number of classes", self.estimator.classes().len(), 2)?;
        ensure::indices("positive class", &[self.positive], 2)?;
        let Some((thresholds, scores)) = &self.cv_results else {
            return Ok(());
        };
        ensure::equal("number of scores", scores.len(), thresholds.len())?;
        ensure::at_least("number of thresholds", thresholds.len(), 1)?;
        let best = arg_max(scores.iter().copied());
        let is_best = thresholds[best] == self.best_threshold && scores[best] == self.best_score;
        ensure::that(is_best, || "the best threshold is another".into())
    }
}

impl<M: fmt::Display + Classes> fmt::Display for FittedTunedThresholdClassifierCv<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!(
            "Fitted{NAME}(class {} from {:.6} on, mean score {:.6})",
            self.estimator.classes()[self.positive],
            self.best_threshold,
            self.best_score
        );
        indented(f, &head, &[("estimator", &self.estimator)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::{FittedRidgeClassifier, LogisticRegression, RidgeClassifier};
    use crate::model_selection::{Accuracy, KFold};
    use crate::params::Params;
    use crate::targets::Targets;
    use ndarray::ArrayRef2;

    fn data() -> (Array2<f64>, Labels) {
        let x = Array2::from_shape_fn((80, 2), |(i, j)| ((i * (7 + 4 * j)) % 23) as f64);
        let y = (0..80).map(|i| {
            if x[[i, 0]] + ((i * 5) % 9) as f64 > 16.0 {
                "yes"
            } else {
                "no"
            }
        });
        (x.clone(), y.collect())
    }

    #[test]
    fn the_threshold_is_the_best_of_those_tried() {
        let (x, y) = data();
        let tuned = TunedThresholdClassifierCv::new(LogisticRegression::new())
            .thresholds([0.1, 0.3, 0.5, 0.7])
            .scoring(Accuracy)
            .store_cv_results(true);
        let model = tuned.fit(&x, &y).unwrap();
        let (thresholds, scores) = model.cv_results().unwrap();
        assert_eq!(thresholds, [0.1, 0.3, 0.5, 0.7]);
        // At 0.5 the mean score is that of plain cross-validation.
        let plain = crate::model_selection::cross_val_score(
            &LogisticRegression::new(),
            &x,
            &y,
            &5,
            &Accuracy,
        );
        assert!((scores[2] - plain.unwrap().mean().unwrap()).abs() < 1e-12);
        assert_eq!(
            model.best_score(),
            scores.iter().copied().fold(0.0, f64::max)
        );
        // A threshold in the middle of the probabilities cuts where the model says.
        let own = model.estimator().predict_proba(&x).unwrap();
        let said = model.predict(&x).unwrap();
        let yes = Class::from("yes");
        assert!(
            (0..80).all(|i| (own[[i, 1]] >= model.best_threshold()) == (said.get(i) == Some(&yes)))
        );
    }

    #[test]
    fn the_positive_class_may_be_the_first() {
        let (x, y) = data();
        let second = TunedThresholdClassifierCv::new(RidgeClassifier::new())
            .fit(&x, &y)
            .unwrap();
        let first = TunedThresholdClassifierCv::new(RidgeClassifier::new())
            .pos_label("no")
            .fit(&x, &y)
            .unwrap();
        assert!((first.best_score() - second.best_score()).abs() < 0.1);
        let wrong = TunedThresholdClassifierCv::new(RidgeClassifier::new()).pos_label(3);
        assert!(wrong.fit(&x, &y).is_err());
        let scores = first.decision_function(&x).unwrap();
        let said = first.predict(&x).unwrap();
        let no = Class::from("no");
        assert!(
            (0..80)
                .all(|i| (-scores[[i, 0]] >= first.best_threshold()) == (said.get(i) == Some(&no)))
        );
    }

    #[test]
    fn what_is_refused() {
        let (x, y) = data();
        let base = || TunedThresholdClassifierCv::new(LogisticRegression::new());
        let text = |r: Result<FittedTunedThresholdClassifierCv<_>>| r.unwrap_err().to_string();
        assert!(text(base().refit(false).fit(&x, &y)).contains("5 splits"));
        assert!(text(base().thresholds(0).fit(&x, &y)).contains("thresholds"));
        assert!(text(base().thresholds(1).fit(&x, &y)).contains("all alike"));
        assert!(text(base().thresholds(1 << 40).fit(&x, &y)).contains("at most"));
        assert!(text(base().thresholds([f64::NAN]).fit(&x, &y)).contains("finite"));
        let three: Labels = (0..80).map(|i| i % 3).collect();
        assert!(text(base().fit(&x, &three)).contains("3 classes"));
        assert!(text(base().fit(&(&x * 0.0), &y)).contains("all alike"));
        let proba = TunedThresholdClassifierCv::new(RidgeClassifier::new())
            .response_method(ResponseMethod::PredictProba);
        assert!(
            proba
                .fit(&x, &y)
                .unwrap_err()
                .to_string()
                .contains("predict_proba")
        );
        let odd = base().scoring(|_: &Thresholded, _: &ArrayRef2<f64>, _: &Labels| Ok(f64::NAN));
        assert!(odd.fit(&x, &y).unwrap_err().to_string().contains("NaN"));
    }

    #[test]
    fn names_files_and_weights() {
        let (x, y) = data();
        let by_name = TunedThresholdClassifierCv::new(LogisticRegression::new())
            .with_param("estimator__C", 0.1)
            .unwrap()
            .with_param("thresholds", vec![0.25, 0.75])
            .unwrap();
        assert_eq!(
            by_name.params()["thresholds"],
            serde_json::json!([0.25, 0.75])
        );
        assert!(by_name.with_param("thresholds", "many").is_err());
        assert!(by_name.with_param("threshold", 1).is_err());
        let copy = Model::from_bytes(&by_name.to_bytes().unwrap()).unwrap();
        assert_eq!(by_name, copy);
        let w = ndarray::Array1::from_shape_fn(80, |i| if i % 5 == 0 { 0.0 } else { 1.0 });
        let model = by_name.cv(KFold::new().n_splits(4)).store_cv_results(true);
        let model = model.fit(&x, &y.weighted(&w)).unwrap();
        let read = FittedTunedThresholdClassifierCv::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(model, read);
        let mut bad = model.clone();
        bad.best_threshold += 0.5;
        assert!(bad.validate().is_err());
        bad = model.clone();
        bad.positive = 2;
        assert!(bad.validate().is_err());
        let prefit = TunedThresholdClassifierCv::prefit(model.estimator().clone())
            .fit(&x, &y)
            .unwrap();
        assert_eq!(prefit.estimator(), model.estimator());
        type Held = FittedTunedThresholdClassifierCv<FittedRidgeClassifier>;
        assert_eq!(
            Held::type_name(),
            "FittedTunedThresholdClassifierCv<FittedRidgeClassifier<f64>>"
        );
    }

    #[test]
    fn lines_between_points_as_numpy_draws_them() {
        let (x, y) = ([0.0, 1.0, 3.0], [5.0, 7.0, 1.0]);
        let at = |v| interpolate(v, &x, &y);
        assert_eq!(
            [
                at(-1.0),
                at(0.0),
                at(0.5),
                at(1.0),
                at(2.0),
                at(3.0),
                at(9.0)
            ],
            [5.0, 5.0, 6.0, 7.0, 4.0, 1.0, 1.0]
        );
    }
}
