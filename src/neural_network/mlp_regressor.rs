//! Regression with a multi-layer perceptron, over [`network`](super::network).

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array, Array1, Array2, ArrayRef2, ArrayView2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, RealTargets, TargetDim, Targets};
use crate::traits::{Estimator, FitWithValidation, PartialFit, Predict, Score};

use super::loss::Loss;
use super::losses::RegressionLoss;
use super::mlp::{Data, Job, Outcomes, Start, Trained, learned, r2, without_padding};
use super::monitor::{self, Own, RegressionMonitor, ValueMetric};
use super::settings::mlp_estimator;

const NAME: &str = "MlpRegressor";

mlp_estimator! {
    /// Regression with a multi-layer perceptron: one or several real targets from layers of weighted sums and activations.
    ///
    /// With a₀ = x and aₗ = f(aₗ₋₁ Wₗ + bₗ) for the hidden layers, the prediction is p = a W + b of the last, its exponential for
    /// the Poisson loss. Training minimises over all W and b, with sample weights s,
    /// ```text
    /// 1/Σsᵢ Σᵢ sᵢ loss(pᵢ, yᵢ) + alpha/(2 Σsᵢ) Σ‖W‖².
    /// ```
    /// The squared error counts half, and is averaged over the targets; other losses are averaged over the targets too.
    ///
    /// Use it where the target bends with the features and there are thousands of rows; trees need less care on small
    /// tables. Scale features and targets first: weights start for numbers near 1.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `hidden_layer_sizes` | 100 | each ≥ 1 | lets it bend more |
    /// | `activation` | relu | [`Activation`](super::Activation), or a list: one for each hidden layer | |
    /// | `solver` | adam | adam, sgd, lbfgs ([`Solver`](super::Solver)) | |
    /// | `alpha` | 1e-4 | [0, ∞) | smooths |
    /// | `batch_size` | auto: 200 | ≥ 1 | makes steps truer and fewer |
    /// | `learning_rate` | constant | constant, invscaling, adaptive | |
    /// | `learning_rate_init` | 1e-3 | (0, ∞) | learns faster, then not at all |
    /// | `power_t` | 0.5 | [0, ∞) | slows `invscaling` sooner |
    /// | `max_iter` | 200 | ≥ 1 | allows more epochs |
    /// | `shuffle` | true | | |
    /// | `random_state` | 0 | | |
    /// | `tol` | 1e-4 | [0, ∞) | stops earlier |
    /// | `momentum` | 0.9 | [0, 1] | averages over more steps of sgd |
    /// | `nesterovs_momentum` | true | | |
    /// | `early_stopping` | false | | |
    /// | `validation_fraction` | 0.1 | [0, 1) | holds back more rows |
    /// | `beta_1`, `beta_2` | 0.9, 0.999 | [0, 1) | averages over more steps of adam |
    /// | `epsilon` | 1e-8 | (0, ∞) | shortens steps along flat directions |
    /// | `n_iter_no_change` | 10 | ≥ 1, inf | bears more epochs without progress |
    /// | `max_fun` | 15,000 | ≥ 1 | allows more evaluations of lbfgs; the step that exceeds it is made to its end |
    /// | `monitor` | r2 | [`RegressionMonitor`] | |
    /// | `optimizer` | that of `solver` | [`Optimizer`](super::Optimizer) | |
    /// | `schedule` | constant | [`Schedule`](super::Schedule) | |
    /// | `warmup_steps` | 0 | ≥ 0 | starts more gently |
    /// | `clip` | none | [`Clip`](super::Clip) | allows larger gradients |
    /// | `dropout` | 0 | [0, 1) | leaves more units out of each step: smooths |
    /// | `coefs_init`, `intercepts_init` | none | weights of these layers | |
    /// | `loss` | squared_error | [`RegressionLoss`] | |
    ///
    /// # Complexity
    /// Time O(n · weights) for each epoch, memory O(weights · parts of a batch) beyond the samples.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `InvalidInput` for a negative target of
    /// the Poisson loss; `Diverged` when the loss leaves the numbers; `TooLarge`; `Cancelled`. Not converging is no error:
    /// see [`converged`](FittedMlpRegressor::converged).
    ///
    /// # Source
    /// G. E. Hinton, "Connectionist learning procedures", Artificial Intelligence 40 (1989). Losses, updates, stopping rules
    /// and defaults are scikit-learn's, to rounding; the random numbers are this crate's. Where a batch has no weight, no step
    /// is made. `lbfgs` minimises the loss that is reported, also of several targets.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neural_network::{MlpRegressor, Solver}, prelude::*};
    /// use ndarray::Array;
    ///
    /// let x = Array::linspace(-2.0, 2.0, 81).into_shape_with_order((81, 1)).unwrap();
    /// let y = x.column(0).mapv(|v: f64| v * v);
    /// let model = MlpRegressor::new().hidden_layer_sizes([20]).solver(Solver::lbfgs()).max_iter(500).fit(&x, &y)?;
    /// assert!(model.score(&x, &y)? > 0.99);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "MLPRegressor")]
    pub struct MlpRegressor {
        monitor: RegressionMonitor,
        metric: Own<ValueMetric>,
        /// What is minimised.
        loss: RegressionLoss = RegressionLoss::SquaredError,
    }
    check(this) {
        this.loss.check(NAME)?;
        if this.loss == RegressionLoss::Custom {
            let expected = "a loss by name; a network with a loss of your own is a `SequentialRegressor`";
            return Err(Error::invalid_parameter(NAME, "loss", expected, "custom"));
        }
        Ok(())
    }
}

impl MlpRegressor {
    /// What is minimised.
    #[must_use]
    pub fn loss(mut self, loss: RegressionLoss) -> Self {
        self.loss = loss;
        self
    }

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

    /// The validation score. R², the default, needs no memory of its own.
    fn judge<F: Float>(&self, data: &Data<'_, F>, predicted: &[F]) -> Result<Option<f64>> {
        let width = data.n_outputs;
        let Outcomes::Values(values) = &data.outcomes else {
            return Ok(None);
        };
        Ok(match self.monitor {
            RegressionMonitor::Loss => None,
            RegressionMonitor::R2 => Some(r2(values, predicted, width, &data.weights)),
            monitor => {
                let truth = ArrayView2::from_shape((data.n_rows, width), values)
                    .map_err(|e| Error::invalid_input("y", e.to_string()))?;
                let weight = |row: usize| data.weights.get(row).map_or(1.0, |w| w.f64());
                let weights: Array1<f64> = (0..data.n_rows).map(weight).collect();
                let truth = truth.to_owned().weighted(&weights);
                let said = without_padding(predicted, width);
                let own = &self.own_metric;
                Some(monitor::judge_values(NAME, monitor, own, &truth, said)?)
            }
        })
    }

    fn data<'a, F: Float, Y: RealTargets<F> + ?Sized>(
        &self,
        x: &'a ArrayRef2<F>,
        y: &'a Y,
    ) -> Result<Data<'a, F>> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let columns = y.columns();
        if columns.ncols() == 0 {
            return Err(crate::ErrorKind::EmptyInput {
                what: "y (no columns)".into(),
            }
            .into());
        }
        check::finite(&columns, "y")?;
        if self.loss == RegressionLoss::Poisson
            && let Some((row, _)) = columns
                .rows()
                .into_iter()
                .enumerate()
                .find(|(_, row)| row.iter().any(|v| *v < F::zero()))
        {
            let reason =
                format!("row {row} is negative; the Poisson loss needs targets of at least 0");
            return Err(Error::invalid_input("y", reason));
        }
        let width = columns.ncols();
        let values = match columns.to_slice() {
            Some(values) => Cow::Borrowed(values),
            None => Cow::Owned(columns.iter().copied().collect()),
        };
        let weights = y.sample_weight().map(|w| w.to_vec());
        Ok(Data::new(
            x,
            Outcomes::Values(values),
            width,
            weights.as_deref(),
        ))
    }

    fn learn<F: Float, D: TargetDim>(
        &self,
        data: Data<'_, F>,
        validation: Option<Data<'_, F>>,
        start: Start<'_, F>,
    ) -> Result<FittedMlpRegressor<F, D>> {
        let trained = self.job(data, validation, |job| job.run(start))?;
        Ok(FittedMlpRegressor {
            estimator: self.kept(),
            trained,
            dim: PhantomData,
        })
    }

    fn kind(&self) -> Loss {
        match self.loss {
            RegressionLoss::SquaredError => Loss::SquaredError,
            RegressionLoss::Poisson => Loss::Poisson,
            other => Loss::Robust(other),
        }
    }

    fn job<F: Float, T>(
        &self,
        data: Data<'_, F>,
        validation: Option<Data<'_, F>>,
        f: impl FnOnce(Job<'_, F>) -> Result<T>,
    ) -> Result<T> {
        f(Job {
            settings: &self.settings(),
            loss: self.kind(),
            watch: &self.watch,
            data,
            validation,
            score: &|data: &Data<'_, F>, predicted: &[F]| self.judge(data, predicted),
            classes: None,
            checkpoint: self.checkpoint.0.as_ref().map(|c| (c, self.fixed())),
        })
    }

    /// As [`fit`](Estimator::fit), from the weights of `model`, whose curves and counts go on: what scikit-learn's
    /// `warm_start` does. The optimiser starts afresh.
    ///
    /// # Errors
    /// As `fit`, and `InvalidInput` when the layers of `model` are not those these settings and data need.
    #[doc(alias = "warm_start")]
    pub fn fit_from<F: Float, Y: AsTargets + ?Sized, D: TargetDim>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        model: &FittedMlpRegressor<F, D>,
    ) -> Result<FittedMlpRegressor<F, D>>
    where
        Y::Targets: RealTargets<F, Dim = D>,
    {
        let y = y.as_targets();
        self.check()?;
        self.learn(self.data(x, y)?, None, Start::Warm(&model.trained))
    }

    /// A model after one epoch over a first batch of rows; [`partial_fit`](PartialFit::partial_fit) goes on from there.
    ///
    /// # Errors
    /// As [`fit`](Estimator::fit), and `InvalidParameter` for the solver `lbfgs` and for `early_stopping`.
    ///
    /// ```
    /// use fitwell::{neural_network::MlpRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let mut model = MlpRegressor::new().fit_first_batch(&array![[0.0], [1.0]], &array![0.0, 2.0])?;
    /// model.partial_fit(&array![[2.0], [3.0]], &array![4.0, 6.0])?;
    /// assert_eq!((model.n_iter(), model.t()), (1, 4));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fit_first_batch<F: Float, Y: AsTargets + ?Sized, D: TargetDim>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<FittedMlpRegressor<F, D>>
    where
        Y::Targets: RealTargets<F, Dim = D>,
    {
        let y = y.as_targets();
        self.check()?;
        let data = self.data(x, y)?;
        let trained = self.job(data, None, |job| {
            let mut trained = job.start(Start::Fresh(self.given()))?;
            job.run_once(&mut trained)?;
            Ok(trained)
        })?;
        Ok(FittedMlpRegressor {
            estimator: self.kept(),
            trained,
            dim: PhantomData,
        })
    }
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for MlpRegressor {
    type Fitted = FittedMlpRegressor<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        self.learn(self.data(x, y)?, None, Start::Fresh(self.given()))
    }
}

/// Stops by the score on the given rows, and restores the best weights.
impl<F: Float, Y: RealTargets<F> + ?Sized> FitWithValidation<ArrayRef2<F>, Y> for MlpRegressor {
    fn fit_with_validation(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        x_val: &ArrayRef2<F>,
        y_val: &Y,
    ) -> Result<Self::Fitted> {
        self.check()?;
        let data = self.data(x, y)?;
        let validation = self
            .data(x_val, y_val)
            .and_then(|v| {
                check::width(x_val, x.ncols())?;
                match v.n_outputs == data.n_outputs {
                    true => Ok(v),
                    false => Err(Error::shape(
                        "number of targets",
                        data.n_outputs,
                        v.n_outputs,
                    )),
                }
            })
            .map_err(|e| e.within(crate::error::VALIDATION_SET))?;
        self.learn(data, Some(validation), Start::Fresh(self.given()))
    }
}

/// What [`MlpRegressor`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedMlpRegressor<F: Float = f64, D = ndarray::Ix1> {
    estimator: MlpRegressor,
    trained: Trained<F>,
    dim: PhantomData<D>,
}

learned!(FittedMlpRegressor, D);

impl<F: Float, D: TargetDim> Predict<ArrayRef2<F>> for FittedMlpRegressor<F, D> {
    type Output = Array<F, D>;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array<F, D>> {
        self.trained.outputs(NAME, x, false).map(D::from_columns)
    }
}

/// R².
impl<F, D, Y> Score<ArrayRef2<F>, Y> for FittedMlpRegressor<F, D>
where
    F: Float,
    D: TargetDim,
    Y: RealTargets<F, Dim = D> + ?Sized,
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        crate::metrics::r2_score(y, &*self.predict(x)?)
    }
}

/// One epoch over the batch.
impl<F, D, Y> PartialFit<ArrayRef2<F>, Y> for FittedMlpRegressor<F, D>
where
    F: Float,
    D: TargetDim,
    Y: RealTargets<F, Dim = D> + ?Sized,
{
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let data = self.estimator.data(x, y)?;
        if data.n_outputs != self.trained.n_outputs() {
            let (known, got) = (self.trained.n_outputs(), data.n_outputs);
            return Err(Error::shape("number of targets", known, got));
        }
        let estimator = self.estimator.clone();
        let trained = &mut self.trained;
        estimator.job(data, None, |job| job.run_once(trained))
    }
}

impl<F: Float, D: TargetDim> Model for FittedMlpRegressor<F, D> {
    fn type_name() -> String {
        format!("FittedMlpRegressor<{}, {}>", F::NAME, D::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.estimator
            .check()
            .map_err(|e| Error::model_file(e.to_string()))?;
        if D::NDIM == Some(1) {
            ensure::equal("outputs", self.trained.n_outputs(), 1)?;
        }
        ensure::that(self.trained.loss == self.estimator.kind(), || {
            "the loss is not that of the settings".into()
        })?;
        self.trained.validate(&self.estimator.settings())
    }
}

impl<F: Float, D: TargetDim> fmt::Display for FittedMlpRegressor<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} of ")?;
        self.trained.describe(f)
    }
}
