//! A regressor built layer by layer.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::neural_network::RegressionLoss;
use crate::neural_network::losses::RowLoss;
use crate::neural_network::monitor::{self, Own, RegressionMonitor, ValueMetric};
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, RealTargets, TargetDim, Targets};
use crate::traits::{Estimator, FitWithValidation, PartialFit, Predict, Score};

use super::fit::{Build, Ready, ReadyTarget, same_targets, weights_of};
use super::settings::{fitted, settings};
use super::train::{Data, State, Target};

const NAME: &str = "SequentialRegressor";

settings! {
    /// Learns one or several real targets by a network built layer by layer.
    ///
    /// The layers are those of a [`Sequential`](super::Sequential); a last, linear one is added, of one value for each target. By default the mean
    /// squared error is minimised, a batch at a time; see [`RegressionLoss`] for the others. Predictions are the values of the
    /// last layer, and with the Poisson loss their exponentials.
    ///
    /// Scale the features first, and a target of large values too
    /// ([`TransformedTarget`](crate::pipeline::TransformedTargetRegressor)).
    ///
    /// # Settings
    /// As [`SequentialClassifier`](super::SequentialClassifier), but `loss` (squared error) and `monitor` (R²), and without
    /// `class_weight`.
    ///
    /// # Weights, complexity
    /// As [`SequentialClassifier`](super::SequentialClassifier).
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `InvalidInput` for a negative target of
    /// the Poisson loss or an embedded column of other than whole numbers; `TooFewSamples` for validation rows that are not
    /// there; `TooLarge`; `Diverged` when the loss leaves the numbers; `Cancelled`; what a [`Checkpoint`](crate::neural_network::Checkpoint) says.
    ///
    /// # Examples
    /// ```
    /// use fitwell::neural_network::{Activation, RegressionLoss, Sequential, SequentialRegressor};
    /// use fitwell::prelude::*;
    /// use ndarray::{Array1, Array2};
    ///
    /// let x = Array2::from_shape_fn((200, 1), |(i, _)| i as f64 / 100.0 - 1.0);
    /// let mut y = x.column(0).mapv(|v| (3.0 * v).sin());
    /// y[7] = 1000.0; // an outlier
    /// let network = SequentialRegressor::new(Sequential::new().dense(32, Activation::Tanh))
    ///     .loss(RegressionLoss::Huber { delta: 0.1 })
    ///     .batch_size(20)
    ///     .learning_rate_init(0.02);
    /// let model = network.fit(&x, &y)?;
    /// let error = (model.predict(&x)? - x.column(0).mapv(|v| (3.0 * v).sin())).abs().mean().unwrap();
    /// assert!(error < 0.3);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "Sequential")]
    pub struct SequentialRegressor("SequentialRegressor") {
        loss: RegressionLoss,
        monitor: RegressionMonitor,
        metric: Own<ValueMetric>,
    }
}

impl SequentialRegressor {
    /// Judges validation rows by a metric of your own, of the true values and the predictions, both (n_samples, n_targets);
    /// greater is better.
    #[must_use]
    pub fn custom_metric(
        mut self,
        metric: impl Fn(&Array2<f64>, &Array2<f64>) -> f64 + Send + Sync + 'static,
    ) -> Self {
        self.monitor = RegressionMonitor::Custom;
        self.own_metric = Own(Some(std::sync::Arc::new(metric)));
        self
    }

    fn check_own(&self) -> Result<()> {
        Ok(())
    }

    fn row_loss(&self) -> Result<RowLoss> {
        RowLoss::regression(NAME, self.loss, &self.own_loss)
    }

    /// A target this loss can learn.
    fn check_target<F: Float, Y: RealTargets<F> + ?Sized>(
        &self,
        y: &Y,
        n_samples: usize,
    ) -> Result<()> {
        check::target(y, n_samples)?;
        let columns = y.columns();
        check::not_empty(&columns).map_err(|_| ErrorKind::EmptyInput {
            what: "y (no columns)".into(),
        })?;
        check::finite(&columns, "y")?;
        if self.loss == RegressionLoss::Poisson
            && let Some(((row, _), v)) = columns.indexed_iter().find(|(_, v)| **v < F::zero())
        {
            return Err(Error::invalid_input(
                "y",
                format!("row {row} is {v}, the Poisson loss needs values of at least 0"),
            ));
        }
        Ok(())
    }

    /// Learns from batches that come one at a time, so that the data may be larger than memory.
    ///
    /// `batches(epoch)` gives the batches of an epoch, from 0 on, each a block of rows with its target (with weights, if
    /// wished); it is called again for each epoch. A batch is cut into blocks of `batch_size` rows, whose order is drawn
    /// within the batch. An embedding needs its `input_dim`. The numbers of rows of a batch may differ. `validation` rows work
    /// as in [`fit_with_validation`](FitWithValidation::fit_with_validation); without them `early_stopping` is an error.
    ///
    /// ```
    /// use fitwell::neural_network::{Activation, FittedSequentialRegressor, Sequential, SequentialRegressor};
    /// use fitwell::prelude::*;
    /// use ndarray::{Array1, Array2};
    ///
    /// let batch = |k: usize| {
    ///     let x = Array2::from_shape_fn((50, 1), |(i, _)| ((k * 50 + i) as f64 * 0.37).sin());
    ///     let y: Array1<f64> = x.column(0).mapv(|v| v * v);
    ///     Ok::<_, Error>((x, y))
    /// };
    /// let network = SequentialRegressor::new(Sequential::new().dense(8, Activation::Tanh)).learning_rate_init(0.02).max_iter(50);
    /// let model: FittedSequentialRegressor = network.fit_batches(|_epoch| Ok((0..10).map(batch)), None)?;
    /// let (x, y) = batch(99)?;
    /// assert!(model.score(&x, &y)? > 0.9);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    /// As `fit`; what the batches say; `EmptyInput` when an epoch has none.
    pub fn fit_batches<F, D, T, B>(
        &self,
        batches: impl FnMut(usize) -> Result<B>,
        validation: Option<(&ArrayRef2<F>, &T)>,
    ) -> Result<FittedSequentialRegressor<F, D>>
    where
        F: Float,
        D: TargetDim,
        T: AsTargets<Targets: RealTargets<F, Dim = D>>,
        B: IntoIterator<Item = Result<(Array2<F>, T)>>,
    {
        self.check()?;
        let validation = match validation {
            Some((x, y)) => Some((x, self.watched_rows(x, y.as_targets())?)),
            None => None,
        };
        let n_targets = |y: &T| y.as_targets().columns().ncols();
        let state = self.learn_batches(
            batches,
            n_targets,
            |x: &ArrayRef2<F>, y: &T::Targets| self.ready(x, y),
            validation,
        )?;
        Ok(self.fitted(state))
    }

    /// A checked target with its weights.
    fn ready<'t, F: Float, Y: RealTargets<F> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &'t Y,
    ) -> Result<Ready<'t, F>> {
        self.check_target(y, x.nrows())?;
        Ok(Ready {
            target: ReadyTarget::Values(y.columns()),
            weights: weights_of(y),
        })
    }

    /// Checked rows to validate on.
    fn watched_rows<'t, F: Float, Y: RealTargets<F> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &'t Y,
    ) -> Result<Ready<'t, F>> {
        check::samples(x)
            .and_then(|()| self.ready(x, y))
            .map_err(|e| e.within(VALIDATION_SET))
    }

    /// The validation score.
    fn judge_rows<F: Float>(
        &self,
        data: &Data<'_, F>,
        rows: &[usize],
        outputs: Array2<F>,
    ) -> Result<f64> {
        let Target::Values(values) = &data.target else {
            return Ok(0.0); // classes are not learned here
        };
        let weights = monitor::weights_of(data.weights, rows);
        let truth = values.select(ndarray::Axis(0), rows).weighted(&weights);
        let predictions = link(self.loss, outputs);
        monitor::judge_values(NAME, self.monitor, &self.own_metric, &truth, predictions)
    }

    fn fit_values<F: Float, Y: RealTargets<F> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        given: Option<(&ArrayRef2<F>, &Y)>,
    ) -> Result<FittedSequentialRegressor<F, Y::Dim>> {
        self.check()?;
        check::samples(x)?;
        if let Some((x_val, _)) = given {
            check::width(x_val, x.ncols()).map_err(|e| e.within(VALIDATION_SET))?;
        }
        let ready = self.ready(x, y)?;
        let n_targets = y.columns().ncols();
        let held = match given {
            Some((x, y)) => Some((x, self.watched_rows(x, y)?)),
            None => None,
        };
        if let Some((_, held)) = &held {
            same_targets(held, n_targets).map_err(|e| e.within(VALIDATION_SET))?;
        }
        let held = held.as_ref().map(|(x, ready)| ready.data(x));
        let state = self.learn(&ready.data(x), n_targets, held.as_ref(), &|_| 0)?;
        Ok(self.fitted(state))
    }

    fn fitted<F: Float, D: TargetDim>(&self, state: State<F>) -> FittedSequentialRegressor<F, D> {
        FittedSequentialRegressor {
            settings: self.kept(),
            state,
            dim: PhantomData,
        }
    }
}

/// Predictions from the values of the last layer.
fn link<F: Float>(loss: RegressionLoss, mut outputs: Array2<F>) -> Array2<F> {
    if loss == RegressionLoss::Poisson {
        outputs.mapv_inplace(|z| F::of(z.f64().exp()));
    }
    outputs
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for SequentialRegressor {
    type Fitted = FittedSequentialRegressor<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.fit_values(x, y, None)
    }
}

/// The validation rows give a second curve, and with `early_stopping` decide.
impl<F: Float, Y: RealTargets<F> + ?Sized> FitWithValidation<ArrayRef2<F>, Y>
    for SequentialRegressor
{
    fn fit_with_validation(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        x_val: &ArrayRef2<F>,
        y_val: &Y,
    ) -> Result<Self::Fitted> {
        self.fit_values(x, y, Some((x_val, y_val)))
    }
}

/// What [`SequentialRegressor`] learned; [`partial_fit`](PartialFit::partial_fit) goes on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedSequentialRegressor<F = f64, D = ndarray::Ix1> {
    settings: SequentialRegressor,
    state: State<F>,
    dim: PhantomData<D>,
}

fitted!(FittedSequentialRegressor<F, D: TargetDim>);

/// One more pass over these rows, in batches of the settings' size, with the optimiser and the schedule going on from where
/// they were.
impl<F: Float, D: TargetDim, Y: RealTargets<F, Dim = D> + ?Sized> PartialFit<ArrayRef2<F>, Y>
    for FittedSequentialRegressor<F, D>
{
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::not_empty(x)?;
        check::same_width(x, self.n_features_in())?;
        let ready = self.settings.ready(x, y)?;
        same_targets(&ready, self.state.network.n_outputs())?;
        self.settings.layers.check_columns(x)?;
        self.settings.go_on(&mut self.state, &ready.data(x))
    }
}

impl<F: Float, D: TargetDim> Predict<ArrayRef2<F>> for FittedSequentialRegressor<F, D> {
    type Output = Array<F, D>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array<F, D>> {
        check::same_width(x, self.n_features_in())?;
        self.settings.layers.check_columns(x)?;
        let predicted = link(self.settings.loss, self.state.network.predict(x));
        check::learned(NAME, "a prediction", &predicted)?;
        Ok(D::from_columns(predicted))
    }
}

/// R².
impl<F: Float, D: TargetDim, Y: RealTargets<F, Dim = D> + ?Sized> Score<ArrayRef2<F>, Y>
    for FittedSequentialRegressor<F, D>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        crate::metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<F: Float, D: TargetDim> Model for FittedSequentialRegressor<F, D> {
    fn type_name() -> String {
        format!("FittedSequentialRegressor<{}, {}>", F::NAME, D::NAME)
    }

    fn validate(&self) -> Result<()> {
        let settings = self.settings.check();
        settings.map_err(|e| Error::model_file(e.to_string()))?;
        self.state.validate(&self.settings.optimizer)?;
        ensure::at_least("epochs", self.state.n_iter(), 1)?;
        if D::NDIM == Some(1) {
            ensure::equal("number of targets", self.state.network.n_outputs(), 1)?;
        }
        self.state.network.has_layers(self.settings.layers.layers())
    }
}

impl<F: Float, D: TargetDim> fmt::Display for FittedSequentialRegressor<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "FittedSequentialRegressor({} features, {} targets, {} epochs, loss {:.4})",
            self.n_features_in(),
            self.state.network.n_outputs(),
            self.n_iter(),
            self.loss()
        )?;
        self.summary().fmt(f)
    }
}
