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
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, RealTargets, TargetDim, Targets};
use crate::traits::{Estimator, FitWithValidation, PartialFit, Predict, Score};

use super::checkpoint::Fingerprint;
use super::monitor::{self, RegressionMonitor, ValueMetric};
use super::settings::{fitted, settings};
use super::train::{self, Data, Learner, Plan, State, Target, Validation};

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
    /// there; `TooLarge`; `Overflow` when the training diverges; `Cancelled`; what a [`Checkpoint`](super::Checkpoint) says.
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
        metric: ValueMetric,
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
        self.own_metric = monitor::Own(Some(std::sync::Arc::new(metric)));
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
        mut batches: impl FnMut(usize) -> Result<B>,
        validation: Option<(&ArrayRef2<F>, &T)>,
    ) -> Result<FittedSequentialRegressor<F, D>>
    where
        F: Float,
        D: TargetDim,
        T: AsTargets<Targets: RealTargets<F, Dim = D>>,
        B: IntoIterator<Item = Result<(Array2<F>, T)>>,
    {
        self.check()?;
        if self.early_stopping && validation.is_none() {
            return Err(Error::invalid_parameter(
                NAME,
                "early_stopping",
                "off without validation rows: a stream is not split",
                true,
            ));
        }
        let mut first = batches(0)?.into_iter();
        let Some(head) = first.next().transpose()? else {
            return Err(no_rows());
        };
        check::samples(&head.0)?;
        let n_targets = head.1.as_targets().columns().ncols();
        let state = self.start(&head.0, None, n_targets)?;
        let n_features = head.0.ncols();
        let mut opened = Some((head, first));

        let room = self.batch_size.unwrap_or(200);
        let plan = self.plan(self.row_loss()?);
        let mut pass = |epoch: u64, learner: &mut Learner<'_, F>, state: &mut State<F>| {
            let opened = opened.take();
            let (head, rest) = match opened {
                Some((head, rest)) if epoch == 0 => (Some(Ok(head)), rest),
                _ => (None, batches(epoch as usize)?.into_iter()),
            };
            let (mut sum, mut weight, mut rows_seen) = (0.0, 0.0, 0u64);
            for (number, batch) in head.into_iter().chain(rest).enumerate() {
                let place = |e: Error| e.within(format!("batch {number}"));
                let (x, y) = batch.map_err(place)?;
                check::same_width(&x, n_features).map_err(place)?;
                let y = y.as_targets();
                self.check_target(y, x.nrows()).map_err(place)?;
                if y.columns().ncols() != n_targets {
                    let found = y.columns().ncols();
                    return Err(place(Error::shape("number of targets", n_targets, found)));
                }
                self.layers.check_columns(&x).map_err(place)?;
                let weights: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
                let data = Data {
                    x: &x,
                    target: Target::Values(y.columns()),
                    weights: weights.as_deref(),
                };
                let mut rows = data.rows();
                // Batches of an epoch come in other orders too.
                let order = epoch.wrapping_mul(1 << 20).wrapping_add(number as u64);
                let (s, w) = learner.pass(state, &data, &mut rows, order);
                sum += s;
                weight += w;
                rows_seen += rows.len() as u64;
            }
            if rows_seen == 0 {
                return Err(no_rows());
            }
            Ok((sum, weight))
        };
        let state = match validation {
            None => train::epochs(&plan, state, room, Fingerprint::default(), &mut pass, None)?,
            Some((x, y)) => self.with_rows(x, y.as_targets(), n_targets, |validation| {
                let print = Fingerprint::of(&validation.data, &validation.rows, None);
                train::epochs(&plan, state, room, print, &mut pass, Some(validation))
            })?,
        };
        Ok(self.fitted(state))
    }

    /// Calls `f` with validation rows of this many targets.
    fn with_rows<F: Float, Y: RealTargets<F> + ?Sized, R>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        n_targets: usize,
        f: impl FnOnce(&Validation<'_, F>) -> Result<R>,
    ) -> Result<R> {
        let place = |e: Error| e.within(VALIDATION_SET);
        check::samples(x).map_err(place)?;
        self.check_target(y, x.nrows()).map_err(place)?;
        let found = y.columns().ncols();
        if found != n_targets {
            return Err(place(Error::shape("number of targets", n_targets, found)));
        }
        let weights: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
        let data = Data {
            x,
            target: Target::Values(y.columns()),
            weights: weights.as_deref(),
        };
        let rows = data.rows();
        let judge = self.judge(&data, &rows);
        f(&Validation {
            data,
            rows,
            judge: self.judged().then_some(&judge),
        })
    }

    /// Whether something else than the loss decides.
    fn judged(&self) -> bool {
        self.monitor != RegressionMonitor::Loss
    }

    fn judge<'a, F: Float>(
        &'a self,
        data: &Data<'_, F>,
        rows: &[usize],
    ) -> impl Fn(Array2<F>) -> Result<f64> + 'a {
        let truth = match &data.target {
            Target::Values(values) => values.select(ndarray::Axis(0), rows),
            Target::Codes(_) => Array2::zeros((rows.len(), 0)),
        };
        let all: Vec<usize> = (0..rows.len()).collect();
        let weights = monitor::weights_of(data.weights, rows).to_vec();
        let truth = monitor::weighted::<ArrayRef2<F>>(&truth, Some(&weights), &all);
        move |outputs| {
            let predictions = link(self.loss, outputs);
            monitor::judge_values(NAME, self.monitor, &self.own_metric, &truth, predictions)
        }
    }

    /// Learns from checked rows.
    fn learn<F: Float>(
        &self,
        data: &Data<'_, F>,
        n_targets: usize,
        given: Option<&Validation<'_, F>>,
    ) -> Result<State<F>> {
        let rows = data.rows();
        let state = self.start(data.x, Some(&rows), n_targets)?;
        let plan: Plan<'_> = self.plan(self.row_loss()?);
        if given.is_some() || !self.early_stopping {
            return train::train(&plan, state, data, &rows, given);
        }
        let (training, rows) =
            monitor::split(&rows, |_| 0, self.validation_fraction, self.random_state)?;
        let judge = self.judge(data, &rows);
        let own = Validation {
            data: data.again(),
            rows,
            judge: self.judged().then_some(&judge),
        };
        train::train(&plan, state, data, &training, Some(&own))
    }

    fn fitted<F: Float, D: TargetDim>(&self, state: State<F>) -> FittedSequentialRegressor<F, D> {
        FittedSequentialRegressor {
            settings: self.kept(),
            state,
            dim: PhantomData,
        }
    }
}

fn no_rows() -> Error {
    ErrorKind::EmptyInput {
        what: "an epoch (no rows with weight)".into(),
    }
    .into()
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
        self.check()?;
        check::samples(x)?;
        self.check_target(y, x.nrows())?;
        let weights: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
        let data = Data {
            x,
            target: Target::Values(y.columns()),
            weights: weights.as_deref(),
        };
        let state = self.learn(&data, y.columns().ncols(), None)?;
        Ok(self.fitted(state))
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
        self.check()?;
        check::samples(x)?;
        check::width(x_val, x.ncols()).map_err(|e| e.within(VALIDATION_SET))?;
        self.check_target(y, x.nrows())?;
        let weights: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
        let data = Data {
            x,
            target: Target::Values(y.columns()),
            weights: weights.as_deref(),
        };
        let n_targets = y.columns().ncols();
        let state = self.with_rows(x_val, y_val, n_targets, |validation| {
            self.learn(&data, n_targets, Some(validation))
        })?;
        Ok(self.fitted(state))
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
        self.settings.check_target(y, x.nrows())?;
        let (found, expected) = (y.columns().ncols(), self.state.network.n_outputs());
        if found != expected {
            return Err(Error::shape("number of targets", expected, found));
        }
        self.settings.layers.check_columns(x)?;
        let weights: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
        let data = Data {
            x,
            target: Target::Values(y.columns()),
            weights: weights.as_deref(),
        };
        let plan = self.settings.plan(self.settings.row_loss()?);
        let mut state = self.state.clone();
        state.pass(&plan, &data)?;
        self.state = state;
        Ok(())
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
