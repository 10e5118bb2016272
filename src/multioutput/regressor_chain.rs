//! A chain of regressors.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef, ArrayRef2, Axis, Ix2};
use serde::{Deserialize, Serialize};

use super::chain::{ChainOrder, validate_order, with_column};
use super::multi_regressor::{RealColumns, checked};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::meta::{around_one, each, every_row_once, indented};
use crate::metrics;
use crate::model::Model;
use crate::model_selection::CrossValidator;
use crate::params::Hyperparameters;
use crate::targets::{RealTargets, Targets};
use crate::traits::{Estimator, Predict, Score};

const NAME: &str = "RegressorChain";

/// The settings of [`RegressorChain`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    order: ChainOrder,
    random_state: u64,
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

/// A regressor for each of several real targets, which sees the targets that come before it in the chain.
///
/// The first regressor learns the first target from the samples; each next one from the samples and the targets before it. In
/// predictions what the regressors before predict stands for those targets. Use it where targets depend on each other.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `estimator` | | the regressor; its parameters are `estimator__...` |
/// | `order` | as they are | a [`ChainOrder`] of the targets |
/// | `cv` | none | where given, the regressors learn from cross-validated predictions of the targets before, not from the targets themselves |
/// | `random_state` | 0 | the seed of a random order |
///
/// # Errors
/// `InvalidParameter`, `NonFinite`, `ShapeMismatch`, `EmptyInput`; those of the regressor and the splitter, with the target in
/// [`Error::context`].
///
/// # Source
/// scikit-learn's `RegressorChain`.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::Ridge, multioutput::RegressorChain, prelude::*};
///
/// let data = fitwell::datasets::load_linnerud()?;
/// let model = RegressorChain::new(Ridge::new()).order([2, 0, 1]).fit(&data.x, &data.target)?;
/// assert_eq!(model.predict(&data.x)?.dim(), (20, 3));
/// assert_eq!(model.estimators()[2].coef().len(), 5);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct RegressorChain<E, C = usize> {
    estimator: E,
    settings: Settings,
    cv: Option<C>,
}

impl<E> RegressorChain<E> {
    /// A chain of this regressor, in the order of the targets.
    pub fn new(estimator: E) -> Self {
        RegressorChain {
            estimator,
            settings: Settings::default(),
            cv: None,
        }
    }
}

impl<E, C> RegressorChain<E, C> {
    /// The order of the targets: each once.
    pub fn order(mut self, order: impl Into<Vec<usize>>) -> Self {
        self.settings.order = ChainOrder::List(order.into());
        self
    }

    /// An order drawn at random.
    pub fn random_order(mut self, random_state: u64) -> Self {
        self.settings.order = ChainOrder::Random;
        self.settings.random_state = random_state;
        self
    }

    /// Learns from cross-validated predictions of the targets before.
    pub fn cv<D: CrossValidator>(self, cv: D) -> RegressorChain<E, D> {
        RegressorChain {
            estimator: self.estimator,
            settings: self.settings,
            cv: Some(cv),
        }
    }

    /// The regressor.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

around_one!(RegressorChain<E, C>);

impl<Y, E, M, C, F> Estimator<ArrayRef2<F>, Y> for RegressorChain<E, C>
where
    Y: RealColumns<Element = F> + ?Sized,
    E: Estimator<ArrayRef2<F>, Y::Column, Fitted = M> + Sync,
    M: Predict<ArrayRef2<F>, Output = Array1<F>>,
    C: CrossValidator,
    F: Float,
{
    type Fitted = FittedRegressorChain<M>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        check::samples(x)?;
        let k = checked(y, x.nrows())?;
        let order = self
            .settings
            .order
            .resolve(NAME, k, self.settings.random_state)?;
        let (mut x, mut estimators) = (x.to_owned(), Vec::with_capacity(k));
        for (place, &j) in order.iter().enumerate() {
            let link = || -> Result<(M, Option<Array1<F>>)> {
                let target = y.column_target(j);
                let target: &Y::Column = target.borrow();
                let model = self.estimator.fit(&x, target)?;
                let next = match &self.cv {
                    _ if place + 1 == k => None,
                    None => Some(y.columns().column(j).to_owned()),
                    Some(cv) => Some(self.held_out(cv, &x, target)?),
                };
                Ok((model, next))
            };
            let (model, next) = link().map_err(|e| e.within(format!("column {j} of y")))?;
            estimators.push(model);
            if let Some(next) = next {
                x = with_column(&x, next)?;
            }
        }
        Ok(FittedRegressorChain { estimators, order })
    }
}

impl<E, C> RegressorChain<E, C> {
    /// What models that have not seen a row predict for it.
    fn held_out<T, M, F>(&self, cv: &C, x: &ArrayRef2<F>, y: &T) -> Result<Array1<F>>
    where
        T: Targets + ?Sized,
        E: Estimator<ArrayRef2<F>, T, Fitted = M> + Sync,
        M: Predict<ArrayRef2<F>, Output = Array1<F>>,
        C: CrossValidator,
        F: Float,
    {
        let splits = cv.split(x.nrows(), y)?;
        every_row_once(&splits, x.nrows())?;
        let estimator = &self.estimator;
        let parts = each(splits.len(), |k| {
            let part = || {
                let (train, test) = (&splits[k].train, &splits[k].test);
                crate::samples::check_rows(train, x.nrows())?;
                let some_x = ArrayRef::select(x, Axis(0), train);
                let model = estimator.fit(&some_x, y.select(train)?.borrow());
                let model = model.map_err(|e| e.at_rows(train))?;
                model.predict(&*ArrayRef::select(x, Axis(0), test))
            };
            part().map_err(|e: Error| e.within(format!("fold {k}")))
        })?;
        let mut all = Array1::zeros(x.nrows());
        for (part, split) in parts.iter().zip(&splits) {
            for (&row, v) in split.test.iter().zip(part) {
                all[row] = *v;
            }
        }
        Ok(all)
    }
}

/// What [`RegressorChain`] learned: a regressor for each target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRegressorChain<M> {
    estimators: Vec<M>,
    order: Vec<usize>,
}

impl<M> FittedRegressorChain<M> {
    /// The regressors, in the order of the chain.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The target that each regressor is for.
    pub fn order(&self) -> &[usize] {
        &self.order
    }
}

impl<F, M> Predict<ArrayRef2<F>> for FittedRegressorChain<M>
where
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Array1<F>>,
{
    type Output = Array2<F>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let mut all = Array2::zeros((x.nrows(), self.order.len()));
        let mut x = x.to_owned();
        for (place, (model, &j)) in self.estimators.iter().zip(&self.order).enumerate() {
            let said = model.predict(&*x)?;
            all.column_mut(j).assign(&said);
            if place + 1 < self.order.len() {
                x = with_column(&x, said)?;
            }
        }
        Ok(all)
    }
}

/// R², the mean over the targets.
impl<Y, F, M> Score<ArrayRef2<F>, Y> for FittedRegressorChain<M>
where
    Y: RealTargets<F, Dim = Ix2> + ?Sized,
    F: Float,
    M: Predict<ArrayRef2<F>, Output = Array1<F>>,
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*Predict::predict(self, x)?)
    }
}

impl<M: Model> Model for FittedRegressorChain<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        validate_order(&self.order, self.estimators.len())?;
        self.estimators.iter().try_for_each(Model::validate)
    }
}

impl<M: fmt::Display> fmt::Display for FittedRegressorChain<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = format!("Fitted{NAME}({} targets)", self.estimators.len());
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
