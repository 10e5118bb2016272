//! Means of regressors.

use std::fmt;

use ndarray::{Array1, Array2, Axis, Ix1};
use serde::{Deserialize, Serialize};

use super::members::{Members, Roster, around_members, check_weights, validate_weights};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::meta::{Seen, indented, not_empty, side_by_side};
use crate::metrics;
use crate::model::Model;
use crate::params::{Hyperparameters, Params};
use crate::samples::Samples;
use crate::targets::{RealTarget, RealTargets};
use crate::traits::{Estimator, FeatureNamesOut, Predict, Score, Transform};

const NAME: &str = "VotingRegressor";

/// The settings of [`VotingRegressor`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    weights: Option<Vec<f64>>,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        check_weights(NAME, self.weights.as_deref())
    }
}

/// Several regressors; predictions are the means of theirs.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimators` | | regressors by name; their parameters are `name__...` |
/// | `name` | `fit` | `drop` leaves the regressor of that name out, and its weight; see [`drop`](Self::drop) |
/// | `weights` | all alike | how much each prediction counts |
///
/// As a transformer it gives the predictions of each regressor, one column for each.
///
/// # Errors
/// `InvalidParameter`, also for names that repeat, are empty or contain `__`; those of the regressors, with the name in
/// [`Error::context`].
///
/// # Source
/// scikit-learn's `VotingRegressor`.
///
/// # Examples
/// ```
/// use fitwell::{ensemble::VotingRegressor, linear_model::Ridge, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let members = [("loose", 0.01), ("tight", 1.0)].map(|(name, alpha)| (name, Ridge::new().alpha(alpha)));
/// let model = VotingRegressor::new(members).fit(&diabetes.x, &diabetes.target)?;
/// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.45);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct VotingRegressor<E> {
    estimators: Roster<E>,
    settings: Settings,
}

impl<E> VotingRegressor<E> {
    /// The mean of these regressors.
    pub fn new<N: Into<String>>(estimators: impl IntoIterator<Item = (N, E)>) -> Self {
        VotingRegressor {
            estimators: Roster::new(estimators),
            settings: Settings::default(),
        }
    }

    /// How much each prediction counts.
    pub fn weights(mut self, weights: impl Into<Vec<f64>>) -> Self {
        self.settings.weights = Some(weights.into());
        self
    }

    /// The regressors by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &E)> {
        self.estimators.iter()
    }
}

around_members!(VotingRegressor<E>);

impl<X, Y, E, M, F> Estimator<X, Y> for VotingRegressor<E>
where
    X: Samples + ?Sized,
    F: Float,
    Y: RealTarget<F> + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Predict<X, Output = Array1<F>> + Send,
{
    type Fitted = FittedVotingRegressor<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        let chosen = self
            .estimators
            .chosen(NAME, self.settings.params().keys())?;
        let weights = self.settings.weights.as_deref();
        let weights = self.estimators.chosen_weights(NAME, weights)?;
        not_empty(x)?;
        check::target(y, x.n_samples())?;
        check::finite_vector(y.values(), "y")?;
        Ok(FittedVotingRegressor {
            seen: Seen::of(x),
            estimators: chosen.fit(x, y)?,
            weights,
        })
    }
}

/// What [`VotingRegressor`] learned: the regressors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedVotingRegressor<M> {
    seen: Seen,
    estimators: Members<M>,
    weights: Option<Vec<f64>>,
}

impl<M> FittedVotingRegressor<M> {
    /// The fitted regressors by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &M)> {
        self.estimators.iter()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }
}

impl<X, F, M> Predict<X> for FittedVotingRegressor<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    type Output = Array1<F>;

    fn predict(&self, x: &X) -> Result<Array1<F>> {
        let all = self.estimators.map(|m| m.predict(x))?;
        let weight = |i: usize| self.weights.as_ref().map_or(1.0, |w| w[i]);
        let mut mean = vec![0.0; x.n_samples()];
        for (i, predicted) in all.iter().enumerate() {
            if predicted.len() != mean.len() {
                return Err(Error::shape(
                    "number of predictions",
                    mean.len(),
                    predicted.len(),
                ));
            }
            for (m, p) in mean.iter_mut().zip(predicted) {
                *m += weight(i) * p.f64();
            }
        }
        let total: f64 = (0..all.len()).map(weight).sum();
        Ok(mean.into_iter().map(|m| F::of(m / total)).collect())
    }
}

/// The predictions of each regressor, one column for each.
impl<X, F, M> Transform<X> for FittedVotingRegressor<M>
where
    X: Samples + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    type Output = Array2<F>;

    fn transform(&self, x: &X) -> Result<Array2<F>> {
        side_by_side(
            &self
                .estimators
                .map(|m| Ok(m.predict(x)?.insert_axis(Axis(1))))?,
        )
    }
}

impl<M> FeatureNamesOut for FittedVotingRegressor<M> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.seen.names(input)?;
        let names = self.estimators.iter();
        Ok(names
            .map(|(name, _)| format!("votingregressor_{name}"))
            .collect())
    }
}

/// R².
impl<X, Y, F, M> Score<X, Y> for FittedVotingRegressor<M>
where
    X: Samples + ?Sized,
    Y: RealTargets<F, Dim = Ix1> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<M: Model> Model for FittedVotingRegressor<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        self.estimators.validate()?;
        validate_weights(self.weights.as_deref(), self.estimators.len())
    }
}

impl<M: fmt::Display> fmt::Display for FittedVotingRegressor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}(mean of {})", self.estimators.len());
        indented(f, &head, &self.estimators.parts())
    }
}
