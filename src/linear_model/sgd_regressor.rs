//! Linear regression by stochastic gradient descent.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, Axis, Ix1};
use serde::{Deserialize, Serialize};

use super::affine::affine;
use super::sgd_estimator::sgd_estimator;
use super::sgd_kernel::Goal;
use super::sgd_learner::{Learner, start_from};
use super::sgd_loss::Loss;
use super::sgd_train::Samples;
use super::stochastic_gradient::{Own, SgdLearningRate, SgdPenalty, average};
use crate::check;
use crate::error::{Error, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::metrics;
use crate::model::Model;
use crate::params::{self, Hyperparameters};
use crate::targets::{AsTargets, RealTarget, RealTargets};
use crate::traits::{Estimator, LinearModel, PartialFit, Predict, Score};

const NAME: &str = "SgdRegressor";

/// The loss of [`SgdRegressor`], of the target y and the prediction p.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdRegressionLoss {
    /// (y − p)² / 2.
    SquaredError,
    /// (y − p)² / 2 up to `epsilon`, and linear beyond: bears outliers.
    Huber,
    /// max(0, |y − p| − `epsilon`): a linear support vector regression.
    EpsilonInsensitive,
    /// max(0, |y − p| − `epsilon`)².
    SquaredEpsilonInsensitive,
}

sgd_estimator! {
    /// Linear regression by stochastic gradient descent: one step for each row, in random order.
    ///
    /// It learns w (n_features) and b by making small
    ///
    /// ```text
    /// mean loss(yᵢ, w·xᵢ + b) + alpha penalty(w)
    /// ```
    ///
    /// with the steps that [`SgdClassifier`](super::SgdClassifier) describes. It is for many rows, and for rows that come in
    /// batches ([`begin`](SgdRegressor::begin) and [`partial_fit`](PartialFit::partial_fit)); for few rows take
    /// [`Ridge`](super::Ridge), which finds the minimum itself. Scale the features to mean 0 and variance 1 first, or the steps
    /// may be too long: coefficients then grow from step to step, up to an `Overflow`.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `loss` | squared_error | | |
    /// | `penalty` | l2 | l2, l1, elasticnet, none | |
    /// | `alpha` | 1e-4 | ≥ 0; > 0 for `optimal` | strengthens the penalty, and shortens the steps of `optimal` |
    /// | `l1_ratio` | 0.15 | [0, 1] | makes the elastic net sparser |
    /// | `fit_intercept` | true | | |
    /// | `max_iter` | 1000 | ≥ 1 | allows more epochs |
    /// | `tol` | 1e-3 | ≥ 0 or none | stops earlier |
    /// | `shuffle` | true | | |
    /// | `epsilon` | 0.1 | ≥ 0 | widens what the losses other than the squared error forgive |
    /// | `random_state` | 0 | | |
    /// | `learning_rate` | invscaling | | |
    /// | `eta0` | 0.01 | > 0 | lengthens the steps of all schedules but `optimal` |
    /// | `power_t` | 0.25 | | shortens the later steps of `invscaling` |
    /// | `early_stopping` | false | | |
    /// | `validation_fraction` | 0.1 | (0, 1) | holds out more rows |
    /// | `n_iter_no_change` | 5 | ≥ 1 | stops later |
    /// | `average` | 0 | a step, 0 for none | averages fewer steps |
    ///
    /// The fit ends after `n_iter_no_change` epochs that do not improve the best by `tol`: the mean over the rows of loss and
    /// penalty, each when its row was met; with `early_stopping`, R² on the rows held out.
    ///
    /// # Units
    /// Coefficients are in units of the target per unit of the feature, `tol` and `epsilon` in those of the loss and the target.
    ///
    /// # Complexity
    /// Time O(n p) an epoch, which reads the samples once, at random with `shuffle`: of more than 16 MiB, a
    /// second thread brings the rows of the next steps together meanwhile. Gigabytes are read faster from huge pages, which
    /// [`parallel::zeros`](crate::parallel::zeros) asks for. Memory O(n + p), at most 24 bytes a row, and a copy of the samples
    /// unless they are in row order.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `Overflow` when steps are too large for
    /// the data; `Cancelled`; with `early_stopping`, `InvalidInput` when rows cannot be held out. Not
    /// converging is no error: see [`converged`](FittedSgdRegressor::converged).
    ///
    /// # Source
    /// As [`SgdClassifier`](super::SgdClassifier), and where we differ from scikit-learn. With `average`,
    /// `fit_from` starts from the averaged weights, as it does for classes; scikit-learn's
    /// `warm_start` of a regressor goes on from those of the last step.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::SgdRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[-1.5], [-0.5], [0.5], [1.5]], array![-2.0, 0.0, 2.0, 4.0]); // 1 + 2 x
    /// let model = SgdRegressor::new().alpha(0.0).eta0(0.1).tol(1e-9).fit(&x, &y)?;
    /// assert!(f64::abs(model.coef()[0] - 2.0) < 1e-2 && f64::abs(model.intercept() - 1.0) < 1e-2);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "SGDRegressor")]
    pub struct SgdRegressor {
        loss: SgdRegressionLoss = SgdRegressionLoss::SquaredError => "The loss.";
        #[serde(with = "params::number")]
        epsilon: f64 = 0.1 => "The ε of the losses that have one.";
        learning_rate: SgdLearningRate = SgdLearningRate::Invscaling => "The schedule of step sizes.";
        #[serde(with = "params::number")]
        power_t: f64 = 0.25 => "The power of the schedule `invscaling`.";
        #[serde(with = "average")]
        average: usize = 0 => "The step from which the weights are averaged over the steps, counted from 1; 0 for no average.";
    }
    defaults { penalty: Some(SgdPenalty::L2), eta0: 0.01 }
    own(this) Own {
        loss: match this.loss {
            SgdRegressionLoss::SquaredError => Loss::SquaredError,
            SgdRegressionLoss::Huber => Loss::Huber(this.epsilon),
            SgdRegressionLoss::EpsilonInsensitive => Loss::EpsilonInsensitive(this.epsilon),
            SgdRegressionLoss::SquaredEpsilonInsensitive => {
                Loss::SquaredEpsilonInsensitive(this.epsilon)
            }
        },
        passive: this.loss == SgdRegressionLoss::EpsilonInsensitive,
        epsilon: this.epsilon,
        learning_rate: this.learning_rate,
        power_t: this.power_t,
        average: this.average,
    };
    check(_this) Ok(());
}

impl SgdRegressor {
    /// As [`fit`](Estimator::fit), from the coefficients of a model instead of 0: scikit-learn's `warm_start`. The schedule
    /// of step sizes begins anew.
    ///
    /// # Errors
    /// As `fit`; `ShapeMismatch` when the model has another number of features.
    pub fn fit_from<F: Float, Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        start: &FittedSgdRegressor<F>,
    ) -> Result<FittedSgdRegressor<F>> {
        self.check()?;
        check::samples(x)?;
        let Learner {
            coef, intercept, ..
        } = &start.learner;
        let start = start_from(coef, intercept, x.ncols(), self.average)?;
        self.learn(&start, x, y.as_targets(), false)
    }

    /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone.
    ///
    /// # Errors
    /// `InvalidParameter`, also for `early_stopping`, which needs all the data.
    pub fn begin<F: Float>(&self, n_features: usize) -> Result<FittedSgdRegressor<F>> {
        self.settings().check_batches()?;
        check::count(NAME, "n_features", n_features, 1)?;
        Ok(FittedSgdRegressor {
            estimator: self.clone(),
            learner: Learner::new(1, n_features, self.average)?,
        })
    }

    fn learn<F: Float, Y: RealTarget<F> + ?Sized>(
        &self,
        start: &Learner<F>,
        x: &ArrayRef2<F>,
        y: &Y,
        batch: bool,
    ) -> Result<FittedSgdRegressor<F>> {
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let values = y.values().to_vec();
        let weights = y.sample_weight().map(|w| w.to_vec());
        let samples = Samples::new(x, weights.as_deref())?;
        let goal = vec![Goal::Values(&values)];
        let learner = (self.settings()).learn(start, &samples, None, goal, batch, &self.watch)?;
        Ok(FittedSgdRegressor {
            estimator: self.clone(),
            learner,
        })
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for SgdRegressor {
    type Fitted = FittedSgdRegressor<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let start = Learner::new(1, x.ncols(), self.average)?;
        self.learn(&start, x, y, false)
    }
}

/// What [`SgdRegressor`] learned, and where its learning stands: [`partial_fit`](PartialFit::partial_fit) goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedSgdRegressor<F = f64> {
    estimator: SgdRegressor,
    learner: Learner<F>,
}

/// One epoch over the batch, with the schedule of step sizes going on where it was.
impl<F: Float, Y: RealTarget<F> + ?Sized> PartialFit<ArrayRef2<F>, Y> for FittedSgdRegressor<F> {
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        self.estimator.settings().check_batches()?;
        check::samples(x)?;
        check::width(x, self.n_features_in())?;
        *self = self.estimator.learn(&self.learner, x, y, true)?;
        Ok(())
    }
}

impl<F: Float> FittedSgdRegressor<F> {
    /// The coefficients, (n_features).
    pub fn coef(&self) -> ArrayView1<'_, F> {
        self.learner.coef.row(0)
    }

    /// The intercept; 0 without one.
    pub fn intercept(&self) -> F {
        self.learner.intercept[0]
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.learner.coef.ncols()
    }

    /// The epochs of the last call; 0 before the first.
    pub fn n_iter(&self) -> usize {
        self.learner.n_iter
    }

    /// The number of the next step: 1 and the rows of all epochs.
    pub fn t(&self) -> u64 {
        self.learner.t
    }

    /// Whether the fit ended by itself. If not: scale the features, or raise `max_iter` or `tol`. Without a `tol`, and after
    /// `partial_fit`, it is false.
    pub fn converged(&self) -> bool {
        self.learner.converged
    }

    /// The estimator that learned this.
    pub fn estimator(&self) -> &SgdRegressor {
        &self.estimator
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedSgdRegressor<F> {
    type Output = Array1<F>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        check::same_width(x, self.n_features_in())?;
        let Learner {
            coef, intercept, ..
        } = &self.learner;
        let predicted = affine(x, coef, intercept).index_axis_move(Axis(1), 0);
        check::learned(NAME, "a prediction", &predicted)?;
        Ok(predicted)
    }
}

impl<F: Float, Y: RealTargets<F, Dim = Ix1> + ?Sized> Score<ArrayRef2<F>, Y>
    for FittedSgdRegressor<F>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<F: Float> FeatureImportances for FittedSgdRegressor<F> {
    fn feature_importances(&self) -> Result<Array2<f64>> {
        Ok(self.learner.coef.mapv(F::f64))
    }
    fn is_sparse(&self) -> bool {
        self.estimator.penalty == Some(SgdPenalty::L1)
    }
}

impl<F: Float> LinearModel for FittedSgdRegressor<F> {
    fn coefficients(&self) -> Array2<f64> {
        self.learner.coef.mapv(F::f64)
    }
    fn intercepts(&self) -> Array1<f64> {
        self.learner.intercept.mapv(F::f64)
    }
    fn output_names(&self) -> Vec<String> {
        Vec::new()
    }
}

impl<F: Float> Model for FittedSgdRegressor<F> {
    fn type_name() -> String {
        format!("FittedSgdRegressor<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(self.feature_importances())
    }

    fn importances_are_sparse(&self) -> bool {
        self.is_sparse()
    }

    fn validate(&self) -> Result<()> {
        (self.estimator.check()).map_err(|e| Error::model_file(e.to_string()))?;
        self.learner.validate(1, self.estimator.average)
    }
}

impl<F: Float> fmt::Display for FittedSgdRegressor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FittedSgdRegressor({} features, {} epochs, {} steps)",
            self.n_features_in(),
            self.n_iter(),
            self.t() - 1
        )
    }
}

#[cfg(test)]
#[path = "sgd_regressor_tests.rs"]
mod tests;
