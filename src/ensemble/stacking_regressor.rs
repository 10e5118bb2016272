//! A regressor of the predictions of regressors.

use std::collections::BTreeMap;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis, Ix1};
use serde::{Deserialize, Serialize};

use super::inputs::StackInput;
use super::members::{Members, Roster};
use super::stacked::{around_stack, out_of_fold};
use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::linear_model::RidgeCv;
use crate::meta::{Seen, indented, nested, not_empty, side_by_side, unknown_parameter};
use crate::metrics;
use crate::model::Model;
use crate::model_selection::CrossValidator;
use crate::params::{Hyperparameters, Params, Value, describe};
use crate::targets::{RealTarget, RealTargets};
use crate::traits::{Estimator, FeatureNamesOut, Predict, Score, Transform};

const NAME: &str = "StackingRegressor";

/// The settings of [`StackingRegressor`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    passthrough: bool,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A regressor that learns from the predictions of other regressors.
///
/// What each regressor predicts for a row comes from a model that was not fitted on it: by cross-validation. The last
/// regressor is fitted to that. Predictions of new rows go through the regressors fitted on all rows, and then through the last.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimators` | | regressors by name; their parameters are `name__...` |
/// | `name` | `fit` | `drop` leaves the regressor of that name out; see [`drop`](Self::drop) |
/// | `final_estimator` | [`RidgeCv`] | learns from their predictions; its parameters are `final_estimator__...` |
/// | `cv` | 5 | a number of folds, a splitter, or a list of splits, with every row once a test row |
/// | `passthrough` | `false` | whether the last regressor sees the samples too, after the predictions |
///
/// Sample weights count in all fits. Models that were fitted before go in as [`FrozenEstimator`](crate::frozen::FrozenEstimator)s
/// with [`AllRows`](crate::frozen::AllRows) for `cv`: scikit-learn's `cv="prefit"`. As a transformer it gives what the last regressor sees.
///
/// # Complexity
/// Of each regressor a fit for each split and one more.
///
/// # Errors
/// `InvalidParameter`, also for names that repeat, are empty or contain `__`; those of the splitter and the regressors, with name and
/// fold in [`Error::context`](crate::Error::context).
///
/// # Source
/// D. H. Wolpert, "Stacked generalization", Neural Networks 5 (1992); the rules are those of scikit-learn's `StackingRegressor`.
///
/// # Examples
/// ```
/// use fitwell::{ensemble::StackingRegressor, neighbors::KNeighborsRegressor, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let members = [("few", 5), ("many", 25)].map(|(name, k)| (name, KNeighborsRegressor::new().n_neighbors(k)));
/// let model = StackingRegressor::new(members).fit(&diabetes.x, &diabetes.target)?;
/// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.4);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct StackingRegressor<E, G = RidgeCv, C = usize> {
    estimators: Roster<E>,
    final_estimator: G,
    settings: Settings,
    cv: C,
}

impl<E> StackingRegressor<E> {
    /// A ridge regression, its penalty chosen by cross-validation, on the predictions of these regressors, by five folds.
    pub fn new<N: Into<String>>(estimators: impl IntoIterator<Item = (N, E)>) -> Self {
        StackingRegressor {
            estimators: Roster::new(estimators),
            final_estimator: RidgeCv::default(),
            settings: Settings::default(),
            cv: 5,
        }
    }
}

around_stack!(StackingRegressor<E, G, C>);

impl<X, Y, E, M, G, N, C, F> Estimator<X, Y> for StackingRegressor<E, G, C>
where
    X: StackInput<Float = F> + ?Sized,
    Y: RealTarget<F> + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    M: Predict<X, Output = Array1<F>> + Send + Sync,
    G: Estimator<ArrayRef2<F>, Y, Fitted = N>,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedStackingRegressor<M, N>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.settings.check()?;
        let own = self.settings.params();
        let last = "final_estimator".to_string();
        let chosen = self.estimators.chosen(NAME, own.keys().chain([&last]))?;
        not_empty(x)?;
        check::target(y, x.n_samples())?;
        check::finite_vector(y.values(), "y")?;
        let estimators = chosen.fit(x, y)?;
        let splits = self.cv.split(x.n_samples(), y)?;
        let mut parts = out_of_fold(&chosen, x, y, &splits, |_, model: &M, x| {
            Ok(model.predict(x)?.insert_axis(Axis(1)))
        })?;
        if self.settings.passthrough {
            parts.push(x.numbers()?);
        }
        let final_estimator = self.final_estimator.fit(&side_by_side(&parts)?, y);
        Ok(FittedStackingRegressor {
            seen: Seen::of(x),
            estimators,
            passthrough: self.settings.passthrough,
            final_estimator: final_estimator.map_err(|e| e.within("final_estimator"))?,
        })
    }
}

/// What [`StackingRegressor`] learned: the regressors, fitted on all rows, and the one on top.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedStackingRegressor<M, N> {
    seen: Seen,
    estimators: Members<M>,
    passthrough: bool,
    final_estimator: N,
}

impl<M, N> FittedStackingRegressor<M, N> {
    /// The fitted regressors by name.
    pub fn estimators(&self) -> impl Iterator<Item = (&str, &M)> {
        self.estimators.iter()
    }

    /// The regressor on top.
    pub fn final_estimator(&self) -> &N {
        &self.final_estimator
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }
}

/// What the regressor on top sees.
impl<X, F, M, N> Transform<X> for FittedStackingRegressor<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    type Output = Array2<F>;

    fn transform(&self, x: &X) -> Result<Array2<F>> {
        let mut parts = self
            .estimators
            .map(|m| Ok(m.predict(x)?.insert_axis(Axis(1))))?;
        if self.passthrough {
            parts.push(x.numbers()?);
        }
        side_by_side(&parts)
    }
}

impl<X, F, M, N> Predict<X> for FittedStackingRegressor<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
    N: Predict<ArrayRef2<F>, Output = Array1<F>>,
{
    type Output = Array1<F>;

    fn predict(&self, x: &X) -> Result<Array1<F>> {
        self.final_estimator.predict(&*self.transform(x)?)
    }
}

impl<M, N> FeatureNamesOut for FittedStackingRegressor<M, N> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let samples = self.seen.names(input)?;
        let own = self
            .estimators
            .iter()
            .map(|(name, _)| format!("stackingregressor_{name}"));
        let mut names: Vec<String> = own.collect();
        if self.passthrough {
            names.extend(samples);
        }
        Ok(names)
    }
}

/// R².
impl<X, Y, F, M, N> Score<X, Y> for FittedStackingRegressor<M, N>
where
    X: StackInput<Float = F> + ?Sized,
    Y: RealTargets<F, Dim = Ix1> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
    N: Predict<ArrayRef2<F>, Output = Array1<F>>,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<M: Model, N: Model> Model for FittedStackingRegressor<M, N> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}, {}>", M::type_name(), N::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        self.estimators.validate()?;
        self.final_estimator
            .validate()
            .map_err(|e| e.within("final_estimator"))
    }
}

impl<M: fmt::Display, N: fmt::Display> fmt::Display for FittedStackingRegressor<M, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = self.estimators.parts();
        parts.push(("final_estimator", &self.final_estimator));
        let head = format!("Fitted{NAME}({} regressors)", self.estimators.len());
        indented(f, &head, &parts)
    }
}
