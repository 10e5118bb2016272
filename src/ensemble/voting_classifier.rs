//! Votes of classifiers.

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::members::{Members, Roster, around_members, check_weights, validate_weights};
use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{
    Seen, arg_max, indented, logs, no_confidence, not_empty, side_by_side, weighted_classes,
};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params};
use crate::samples::Samples;
use crate::targets::ClassTarget;
use crate::traits::{Classes, Estimator, FeatureNamesOut, Predict, PredictProba, Score, Transform};

const NAME: &str = "VotingClassifier";

/// How classifiers vote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Voting {
    /// Each for one class.
    #[default]
    Hard,
    /// By probabilities, which are averaged.
    Soft,
}

/// The settings of [`VotingClassifier`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    voting: Voting,
    weights: Option<Vec<f64>>,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        check_weights(NAME, self.weights.as_deref())
    }
}

/// Several classifiers that vote.
///
/// Hard votes go to one class each, and the class with most of them wins, of equals the first. Soft votes are probabilities:
/// their mean is the probability, and the class with the greatest wins. Good models that err in different rows gain most.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimators` | | classifiers by name; their parameters are `name__...` |
/// | `name` | `fit` | `drop` leaves the classifier of that name out, and its weight; see [`drop`](Self::drop) |
/// | `voting` | `hard` | a [`Voting`] |
/// | `weights` | all alike | how much each vote counts |
///
/// As a transformer it gives the votes: codes of classes, or with soft votes the probabilities of each classifier side by side.
///
/// # Errors
/// `InvalidParameter`, also for names that repeat, are empty or contain `__`; `TooFewClasses`; those of the classifiers, with
/// the name in [`Error::context`]; `Unsupported` for probabilities of hard votes, and of classifiers without any.
///
/// # Source
/// scikit-learn's `VotingClassifier`. Its `flatten_transform=False` is [`probabilities`](FittedVotingClassifier::probabilities) here.
///
/// # Examples
/// ```
/// use fitwell::ensemble::{Voting, VotingClassifier};
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let members = [("loose", 100.0), ("tight", 0.01)].map(|(name, c)| (name, LogisticRegression::new().c(c)));
/// let vote = VotingClassifier::new(members).voting(Voting::Soft).weights([2.0, 1.0]);
/// let model = vote.fit(&iris.x, &iris.target)?;
/// assert!(model.score(&iris.x, &iris.target)? > 0.9);
/// assert_eq!(model.transform(&iris.x)?.ncols(), 6);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct VotingClassifier<E> {
    estimators: Roster<E>,
    settings: Settings,
}

impl<E> VotingClassifier<E> {
    /// Hard votes of these classifiers.
    pub fn new<N: Into<String>>(estimators: impl IntoIterator<Item = (N, E)>) -> Self {
        VotingClassifier {
            estimators: Roster::new(estimators),
            settings: Settings::default(),
        }
    }

    /// How classifiers vote.
    pub fn voting(mut self, voting: Voting) -> Self {
        self.settings.voting = voting;
        self
    }

    /// How much each vote counts.
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.settings.weights = Some(weights.into());
        self
    }

    /// The classifiers by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &E)> {
        self.estimators.iter()
    }
}

around_members!(VotingClassifier<E>);

impl<X, Y, E, M> Estimator<X, Y> for VotingClassifier<E>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Classes + Send,
{
    type Fitted = FittedVotingClassifier<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        let chosen = self
            .estimators
            .chosen(NAME, self.settings.params().keys())?;
        let weights = self.settings.weights.as_deref();
        let weights = self.estimators.chosen_weights(NAME, weights)?;
        not_empty(x)?;
        let labels = weighted_classes(NAME, y, x.n_samples())?;
        let estimators = chosen.fit(x, y)?;
        for (i, member) in estimators.members.iter().enumerate() {
            if member.classes() != labels.classes() {
                let reason = "its classes are not those of the target";
                return Err(Error::invalid_input(estimators.place(i), reason));
            }
        }
        Ok(FittedVotingClassifier {
            seen: Seen::of(x),
            classes: ClassList::new(labels.shared_classes()),
            estimators,
            voting: self.settings.voting,
            weights,
        })
    }
}

/// What [`VotingClassifier`] learned: the classifiers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedVotingClassifier<M> {
    seen: Seen,
    classes: ClassList,
    estimators: Members<M>,
    voting: Voting,
    weights: Option<Vec<f64>>,
}

impl<M> FittedVotingClassifier<M> {
    /// The fitted classifiers by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &M)> {
        self.estimators.iter()
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// The probabilities of each classifier, (n_samples, n_classes) each.
    ///
    /// # Errors
    /// `Unsupported` for a classifier without probabilities; those of the classifiers.
    pub fn probabilities<X, F>(&self, x: &X) -> Result<Vec<Array2<F>>>
    where
        X: Samples + ?Sized,
        F: Float,
        M: Confidence<X, Float = F> + Sync,
    {
        self.estimators.map(|m| {
            let none = || Err(no_confidence(NAME, "predict_proba"));
            let proba = m.maybe_proba(x).unwrap_or_else(none)?;
            if proba.ncols() != self.classes.len() {
                let what = "number of columns of the probabilities (one for each class)";
                return Err(Error::shape(what, self.classes.len(), proba.ncols()));
            }
            Ok(proba)
        })
    }

    /// The code of the class that each classifier says, one column for each.
    fn votes<X>(&self, x: &X) -> Result<Vec<Vec<u32>>>
    where
        X: Samples + ?Sized,
        M: Predict<X, Output = Labels> + Sync,
    {
        self.estimators.map(|m| {
            let labels = m.predict(x)?;
            let codes = labels.codes_in(self.classes.as_slice()).into_iter();
            let known = || {
                self.classes
                    .as_slice()
                    .iter()
                    .map(Class::to_string)
                    .collect()
            };
            codes
                .enumerate()
                .map(|(row, code)| {
                    code.ok_or_else(|| {
                        ErrorKind::UnknownLabel {
                            what: "prediction".into(),
                            label: labels.get(row).map(Class::to_string).unwrap_or_default(),
                            known: known(),
                        }
                        .into()
                    })
                })
                .collect()
        })
    }

    fn proba<X, F>(&self, x: &X) -> Option<Result<Array2<F>>>
    where
        X: Samples + ?Sized,
        F: Float,
        M: Confidence<X, Float = F> + Sync,
    {
        if self.voting == Voting::Hard {
            return None;
        }
        Some(self.probabilities(x).map(|all| {
            let mut mean = Array2::<f64>::zeros(all.first().map_or((0, 0), Array2::dim));
            for (i, proba) in all.iter().enumerate() {
                let w = self.weight(i);
                mean.zip_mut_with(proba, |m, p| *m += w * p.f64());
            }
            let total: f64 = (0..all.len()).map(|i| self.weight(i)).sum();
            mean.mapv(|p| F::of((p / total).min(1.0)))
        }))
    }
}

impl<X, F, M> Predict<X> for FittedVotingClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Sync,
{
    type Output = Labels;

    fn predict(&self, x: &X) -> Result<Labels> {
        if let Some(proba) = self.proba(x) {
            let proba = proba?;
            let codes = proba
                .rows()
                .into_iter()
                .map(|row| arg_max(row.iter().copied()) as u32);
            return Ok(self.classes.labels(codes.collect()));
        }
        let votes = self.votes(x)?;
        let n = votes.first().map_or(0, Vec::len);
        let mut tally = vec![0.0; self.classes.len()];
        let codes = (0..n).map(|row| {
            tally.fill(0.0);
            for (i, of_member) in votes.iter().enumerate() {
                tally[of_member[row] as usize] += self.weight(i);
            }
            arg_max(tally.iter().copied()) as u32
        });
        let codes = codes.collect();
        Ok(self.classes.labels(codes))
    }
}

/// `Unsupported` for hard votes.
impl<X, F, M> PredictProba<X> for FittedVotingClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F> + Sync,
{
    type Float = F;

    fn predict_proba(&self, x: &X) -> Result<Array2<F>> {
        self.proba(x).unwrap_or_else(|| {
            Err(ErrorKind::Unsupported {
                estimator: format!("Fitted{NAME}"),
                operation: "predict_proba of hard votes".into(),
            }
            .into())
        })
    }

    fn predict_log_proba(&self, x: &X) -> Result<Array2<F>> {
        Ok(logs(self.predict_proba(x)?))
    }
}

impl<X, F, M> Confidence<X> for FittedVotingClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Confidence<X, Float = F> + Sync,
{
    type Float = F;
    fn maybe_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.proba(x)
    }
    fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<F>>> {
        self.proba(x).map(|p| p.map(logs))
    }
}

/// The votes: codes of classes, one column for each classifier; of soft votes the probabilities.
impl<X, F, M> Transform<X> for FittedVotingClassifier<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Sync,
{
    type Output = Array2<F>;

    fn transform(&self, x: &X) -> Result<Array2<F>> {
        if self.voting == Voting::Soft {
            return side_by_side(&self.probabilities(x)?);
        }
        let votes = self.votes(x)?;
        let shape = (x.n_samples(), votes.len());
        Ok(Array2::from_shape_fn(shape, |(i, j)| {
            F::of(f64::from(votes[j][i]))
        }))
    }
}

impl<M> FeatureNamesOut for FittedVotingClassifier<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.seen.names(input)?;
        let base = |name: &str| format!("votingclassifier_{name}");
        Ok(match self.voting {
            Voting::Hard => self.estimators.iter().map(|(name, _)| base(name)).collect(),
            Voting::Soft => (self.estimators.iter())
                .flat_map(|(name, _)| {
                    (0..self.classes.len()).map(move |k| format!("{}{k}", base(name)))
                })
                .collect(),
        })
    }
}

impl<M> Classes for FittedVotingClassifier<M> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

/// Accuracy.
impl<X, Y, F, M> Score<X, Y> for FittedVotingClassifier<M>
where
    X: Samples + ?Sized,
    Y: ClassTarget + ?Sized,
    F: Float,
    M: Predict<X, Output = Labels> + Confidence<X, Float = F> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::accuracy_score(y, &self.predict(x)?)
    }
}

impl<M: Model + Classes> Model for FittedVotingClassifier<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        self.classes.validate()?;
        self.estimators.validate()?;
        validate_weights(self.weights.as_deref(), self.estimators.len())?;
        let same = |m: &M| m.classes() == self.classes.as_slice();
        ensure::that(self.estimators.members.iter().all(same), || {
            "a classifier has other classes".into()
        })
    }
}

impl<M: fmt::Display> fmt::Display for FittedVotingClassifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.voting {
            Voting::Hard => "hard",
            Voting::Soft => "soft",
        };
        let head = format!("Fitted{NAME}({how} votes of {})", self.estimators.len());
        indented(f, &head, &self.estimators.parts())
    }
}
