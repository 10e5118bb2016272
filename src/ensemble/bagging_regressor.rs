//! Regressors alike on rows and columns drawn at random.

use std::borrow::Borrow;
use std::fmt;

use ndarray::{Array1, Ix1};
use serde::{Deserialize, Serialize};

use super::bags::{Bag, Bagging, Portion, bagging_builder, bagging_settings, seeded};
use super::inputs::{BagInput, BagTarget};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::meta::{Seen, around_one, each, indented, not_empty};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, Params};
use crate::targets::{RealTarget, RealTargets};
use crate::traits::{Estimator, Predict, Score};

const NAME: &str = "BaggingRegressor";

bagging_settings!();

/// Many copies of one regressor, each fitted to rows (and columns) drawn at random; predictions are the means of theirs.
///
/// The mean of models that were fitted to different samples varies less than each. It helps regressors that change much with
/// their data, and does little for others. Rows that a copy was not fitted on tell how good it is: `oob_score`.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `estimator` | | | the regressor; its parameters are `estimator__...` |
/// | `n_estimators` | 10 | 1 to 1,000,000 | how many copies |
/// | `max_samples` | all | a [`Portion`] | the rows of each; a share is of the total weight where there are weights, and may then be more than all |
/// | `max_features` | 1.0 | a [`Portion`] | the columns of each |
/// | `bootstrap` | `true` | | whether a row may be drawn again |
/// | `bootstrap_features` | `false` | | whether a column may be drawn again; of tables none can be |
/// | `oob_score` | `false` | only with `bootstrap` | whether rows are scored by the copies that were not fitted on them |
/// | `random_state` | 0 | | the seed, from which every `random_state` of the copies follows |
///
/// Rows are drawn by their weights, and the copies are fitted without weights, as in scikit-learn: any regressor will do.
/// [`extend`](Self::extend) adds copies to a model: scikit-learn's `warm_start`.
///
/// # Complexity
/// A fit for each copy. Copies are fitted side by side.
///
/// # Errors
/// `InvalidParameter`; `NonFinite`; those of the regressor, with the copy in [`Error::context`].
///
/// # Source
/// L. Breiman, "Bagging predictors", Machine Learning 24 (1996). The rules are those of scikit-learn's `BaggingRegressor`, its random
/// numbers are not. There the regressor has a default, a tree.
///
/// # Examples
/// ```
/// use fitwell::{ensemble::BaggingRegressor, neighbors::KNeighborsRegressor, prelude::*};
///
/// let diabetes = fitwell::datasets::load_diabetes()?;
/// let bag = BaggingRegressor::new(KNeighborsRegressor::new()).n_estimators(20).oob_score(true);
/// let model = bag.fit(&diabetes.x, &diabetes.target)?;
/// assert!(model.oob_score().is_some_and(|s| s > 0.35));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct BaggingRegressor<E> {
    estimator: E,
    settings: Settings,
}

bagging_builder!(BaggingRegressor, "regressor");

around_one!(BaggingRegressor<E>);

impl<E> BaggingRegressor<E> {
    /// The copies from `first` on.
    fn copies<X, Y, M>(&self, x: &X, y: &Y, first: usize) -> Result<(Vec<M>, Vec<Bag>)>
    where
        X: BagInput + ?Sized,
        Y: BagTarget + ?Sized,
        E: Estimator<X, Y::Plain, Fitted = M> + Params + Sync,
        M: Send,
    {
        let (settings, n, p) = (&self.settings.0, x.n_samples(), x.n_features());
        let weights = y.sample_weight().map_or(vec![1.0; n], |w| w.to_vec());
        let fitted = each(settings.n_estimators - first, |i| {
            let i = first + i;
            let fit = || -> Result<(M, Bag)> {
                let bag = settings.bag(NAME, i, p, &weights)?;
                let rows = x.select(&bag.rows)?;
                let x: &X = rows.borrow();
                let columns = x.some_columns(&bag.columns)?;
                let y = y.plain_rows(&bag.rows)?;
                let estimator = seeded(&self.estimator, settings.random_state, i)?;
                let model = estimator.fit(columns.borrow(), y.borrow());
                let model = model.map_err(|e| e.at_rows(&bag.rows).at_columns(&bag.columns))?;
                Ok((model, bag))
            };
            fit().map_err(|e| e.within(format!("copy {i}")))
        })?;
        Ok(fitted.into_iter().unzip())
    }

    fn checked<X, Y, F>(&self, x: &X, y: &Y) -> Result<()>
    where
        X: BagInput<Float = F> + ?Sized,
        Y: RealTarget<F> + ?Sized,
        F: Float,
    {
        self.settings.check()?;
        not_empty(x)?;
        x.check_values()?;
        check::target(y, x.n_samples())?;
        check::finite_vector(y.values(), "y")
    }

    /// A model of this bagger with more copies, up to `n_estimators`: the same as one that was fitted with so many at once,
    /// on the same data. Without `oob_score`.
    ///
    /// # Errors
    /// As `fit`; `InvalidParameter` for fewer copies than there are, and with `oob_score`; `ShapeMismatch` or `FeatureNames` for data
    /// with other columns.
    pub fn extend<X, Y, M, F>(
        &self,
        model: &FittedBaggingRegressor<M>,
        x: &X,
        y: &Y,
    ) -> Result<FittedBaggingRegressor<M>>
    where
        X: crate::samples::AsSamples<Samples: BagInput<Float = F>> + ?Sized,
        Y: crate::targets::AsTargets<Targets: RealTarget<F> + BagTarget> + ?Sized,
        E: Estimator<X::Samples, <Y::Targets as BagTarget>::Plain, Fitted = M> + Params + Sync,
        M: Clone + Send,
        F: Float,
    {
        let (x, y) = (x.as_samples(), y.as_targets());
        self.checked(x, y)?;
        let (wanted, there) = (self.settings.0.n_estimators, model.estimators.len());
        if wanted < there {
            let expected = format!("at least {there}, the copies of the model");
            return Err(Error::invalid_parameter(
                NAME,
                "n_estimators",
                expected,
                wanted,
            ));
        }
        if self.settings.0.oob_score {
            let expected = "false for a model that is extended";
            return Err(Error::invalid_parameter(NAME, "oob_score", expected, true));
        }
        model.seen.rows(x)?;
        let (estimators, bags) = self.copies(x, y, there)?;
        let mut model = model.clone();
        model.estimators.extend(estimators);
        model
            .estimators_features
            .extend(bags.into_iter().map(|b| b.columns));
        model.oob = None;
        Ok(model)
    }
}

impl<X, Y, E, M, F> Estimator<X, Y> for BaggingRegressor<E>
where
    X: BagInput<Float = F> + ?Sized,
    Y: RealTarget<F> + BagTarget + ?Sized,
    E: Estimator<X, Y::Plain, Fitted = M> + Params + Sync,
    M: Predict<X, Output = Array1<F>> + Send + Sync,
    F: Float,
{
    type Fitted = FittedBaggingRegressor<M>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.checked(x, y)?;
        let (estimators, bags) = self.copies(x, y, 0)?;
        let mut model = FittedBaggingRegressor {
            seen: Seen::of(x),
            estimators,
            estimators_features: bags.iter().map(|b| b.columns.clone()).collect(),
            oob: None,
        };
        if self.settings.0.oob_score {
            model.oob = Some(model.out_of_bag(x, y.values(), &bags)?);
        }
        Ok(model)
    }
}

/// What rows out of the bags say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OutOfBag {
    score: f64,
    prediction: Vec<f64>,
}

/// What [`BaggingRegressor`] learned: the copies, and the columns each sees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedBaggingRegressor<M> {
    seen: Seen,
    estimators: Vec<M>,
    estimators_features: Vec<Vec<usize>>,
    oob: Option<OutOfBag>,
}

impl<M> FittedBaggingRegressor<M> {
    /// The fitted copies.
    pub fn estimators(&self) -> &[M] {
        &self.estimators
    }

    /// The columns that each copy sees.
    pub fn estimators_features(&self) -> &[Vec<usize>] {
        &self.estimators_features
    }

    /// R² on rows out of the bags, if it was asked for.
    pub fn oob_score(&self) -> Option<f64> {
        self.oob.as_ref().map(|o| o.score)
    }

    /// The prediction for each training row by the copies that were not fitted on it, if they were asked for; 0 for a row that every copy
    /// was fitted on, as in scikit-learn.
    pub fn oob_prediction(&self) -> Option<&[f64]> {
        self.oob.as_ref().map(|o| &o.prediction[..])
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    /// What copy `i` predicts.
    fn say<X, F>(&self, i: usize, x: &X) -> Result<Array1<F>>
    where
        X: BagInput<Float = F> + ?Sized,
        M: Predict<X, Output = Array1<F>>,
    {
        let columns = x.some_columns(&self.estimators_features[i])?;
        let said = self.estimators[i].predict(columns.borrow());
        said.map_err(|e| e.within(format!("copy {i}")))
    }

    fn out_of_bag<X, F>(&self, x: &X, y: &ndarray::ArrayRef1<F>, bags: &[Bag]) -> Result<OutOfBag>
    where
        X: BagInput<Float = F> + ?Sized,
        F: Float,
        M: Predict<X, Output = Array1<F>> + Sync,
    {
        let n = x.n_samples();
        let parts = each(self.estimators.len(), |i| {
            let mut inside = vec![false; n];
            bags[i].rows.iter().for_each(|&row| inside[row] = true);
            let rows: Vec<usize> = (0..n).filter(|row| !inside[*row]).collect();
            let said = match rows.is_empty() {
                true => Array1::default(0),
                false => self.say(i, x.select(&rows)?.borrow())?,
            };
            Ok((rows, said))
        })?;
        let (mut prediction, mut counts) = (vec![0.0; n], vec![0usize; n]);
        for (rows, said) in &parts {
            for (&row, p) in rows.iter().zip(said) {
                prediction[row] += p.f64();
                counts[row] += 1;
            }
        }
        let never = counts.iter().filter(|c| **c == 0).count();
        if never > 0 {
            log::warn!(
                "{NAME}: {never} rows were in every bag; more copies give each an out-of-bag prediction"
            );
        }
        for (p, count) in prediction.iter_mut().zip(counts) {
            *p /= count.max(1) as f64;
        }
        let as_array: Array1<F> = prediction.iter().map(|p| F::of(*p)).collect();
        Ok(OutOfBag {
            score: metrics::r2_score(y, &*as_array)?,
            prediction,
        })
    }
}

impl<X, F, M> Predict<X> for FittedBaggingRegressor<M>
where
    X: BagInput<Float = F> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    type Output = Array1<F>;

    fn predict(&self, x: &X) -> Result<Array1<F>> {
        let n = self.seen.rows(x)?;
        x.check_values()?;
        let parts = each(self.estimators.len(), |i| self.say(i, x))?;
        let mut mean = vec![0.0; n];
        for part in &parts {
            for (m, p) in mean.iter_mut().zip(part) {
                *m += p.f64();
            }
        }
        let count = parts.len() as f64;
        Ok(mean.into_iter().map(|m| F::of(m / count)).collect())
    }
}

/// R².
impl<X, Y, F, M> Score<X, Y> for FittedBaggingRegressor<M>
where
    X: BagInput<Float = F> + ?Sized,
    Y: RealTargets<F, Dim = Ix1> + ?Sized,
    F: Float,
    M: Predict<X, Output = Array1<F>> + Sync,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<M: Model> Model for FittedBaggingRegressor<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        super::bags::validate(
            &self.estimators,
            &self.estimators_features,
            self.seen.n_features,
        )?;
        let Some(oob) = &self.oob else { return Ok(()) };
        ensure::at_least("out-of-bag predictions", oob.prediction.len(), 1)?;
        ensure::that(oob.score <= 1.0, || format!("R² is {}", oob.score))
    }
}

impl<M: fmt::Display> fmt::Display for FittedBaggingRegressor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut head = format!("Fitted{NAME}({} regressors", self.estimators.len());
        if let Some(oob) = &self.oob {
            head.push_str(&format!(", out-of-bag R² {:.4}", oob.score));
        }
        head.push(')');
        match self.estimators.first() {
            Some(first) => indented(f, &head, &[("first", first)]),
            None => f.write_str(&head),
        }
    }
}
