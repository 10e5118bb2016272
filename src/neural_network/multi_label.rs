//! [`MlpClassifier`] of several labels at once.

use std::borrow::Cow;
use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result, VALIDATION_SET};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, Targets, Weighted};
use crate::traits::{Estimator, FitWithValidation, PartialFit, Predict, PredictProba, Score};

use super::loss::Loss;
use super::mlp::{Data, Outcomes, Start, Trained, learned};
use super::mlp_classifier::MlpClassifier;

const NAME: &str = "MlpClassifier";

/// A target of several labels: zeros and ones, (n_samples, n_labels), with or without weights.
///
/// [`MultiLabelBinarizer`](crate::preprocessing::MultiLabelBinarizer) makes it from sets of labels.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target of labels in columns of `{F}`",
    label = "several labels are a 2-dimensional array of zeros and ones of the samples' element type"
)]
pub trait MultiLabelTarget<F>: Targets {
    /// Zeros and ones.
    fn indicators(&self) -> &ArrayRef2<F>;
}

impl<F: Float> MultiLabelTarget<F> for ArrayRef2<F> {
    fn indicators(&self) -> &ArrayRef2<F> {
        self
    }
}

impl<F: Float> MultiLabelTarget<F> for Weighted<ArrayRef2<F>> {
    fn indicators(&self) -> &ArrayRef2<F> {
        self.target()
    }
}

/// Labels in columns for this many rows, checked.
///
/// # Errors
/// `ShapeMismatch` and `NonFinite` as [`check::target`] has them; `EmptyInput` without columns; `InvalidInput` for values other
/// than 0 and 1.
pub(crate) fn indicators<F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    y: &Y,
    n_samples: usize,
) -> Result<&ArrayRef2<F>> {
    check::target(y, n_samples)?;
    let labels = y.indicators();
    if labels.ncols() == 0 {
        return Err(ErrorKind::EmptyInput {
            what: "y (no columns)".into(),
        }
        .into());
    }
    let odd = |v: &F| *v != F::zero() && *v != F::one();
    if let Some(((row, column), v)) = labels.indexed_iter().find(|(_, v)| odd(v)) {
        let reason = format!("row {row}, column {column} is {v}; labels in columns are 0 or 1");
        return Err(Error::invalid_input("y", reason));
    }
    Ok(labels)
}

/// Rows and their labels, checked.
fn data<'a, F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    estimator: &MlpClassifier,
    x: &'a ArrayRef2<F>,
    y: &'a Y,
) -> Result<Data<'a, F>> {
    check::samples(x)?;
    let labels = indicators(y, x.nrows())?;
    estimator.check_for_labels()?;
    let values = match labels.as_slice() {
        Some(values) => Cow::Borrowed(values),
        None => Cow::Owned(labels.iter().copied().collect()),
    };
    let weights = y.sample_weight().map(|w| w.to_vec());
    let width = labels.ncols();
    Ok(Data::new(
        x,
        Outcomes::Values(values),
        width,
        weights.as_deref(),
    ))
}

fn learn<F: Float, Y: MultiLabelTarget<F> + ?Sized>(
    estimator: &MlpClassifier,
    x: &ArrayRef2<F>,
    y: &Y,
    held: Option<(&ArrayRef2<F>, &Y)>,
    model: Option<&FittedMlpMultiLabel<F>>,
) -> Result<FittedMlpMultiLabel<F>> {
    estimator.check()?;
    let rows = data(estimator, x, y)?;
    let validation = match held {
        Some((x_val, y_val)) => Some(
            check::width(x_val, x.ncols())
                .and_then(|()| data(estimator, x_val, y_val))
                .and_then(|v| same_labels(&v, rows.n_outputs).map(|()| v))
                .map_err(|e| e.within(VALIDATION_SET))?,
        ),
        None => None,
    };
    let start = match model {
        Some(model) => Start::Warm(&model.trained),
        None => Start::Fresh(estimator.given()),
    };
    let run = estimator.run(rows, validation, Loss::Logistic, None, |job| job.run(start));
    Ok(FittedMlpMultiLabel {
        estimator: estimator.kept(),
        trained: run?,
    })
}

fn same_labels<F: Float>(data: &Data<'_, F>, n_labels: usize) -> Result<()> {
    if data.n_outputs == n_labels {
        return Ok(());
    }
    Err(Error::shape("number of labels", n_labels, data.n_outputs))
}

macro_rules! estimator {
    ($($target:ty),*) => {$(
        /// Several labels at once, each with the logistic loss.
        impl<F: Float> Estimator<ArrayRef2<F>, $target> for MlpClassifier {
            type Fitted = FittedMlpMultiLabel<F>;

            fn fit(&self, x: &ArrayRef2<F>, y: &$target) -> Result<Self::Fitted> {
                learn(self, x, y, None, None)
            }
        }

        /// Stops by the score on the given rows, and restores the best weights.
        impl<F: Float> FitWithValidation<ArrayRef2<F>, $target> for MlpClassifier {
            fn fit_with_validation(
                &self,
                x: &ArrayRef2<F>,
                y: &$target,
                x_val: &ArrayRef2<F>,
                y_val: &$target,
            ) -> Result<Self::Fitted> {
                learn(self, x, y, Some((x_val, y_val)), None)
            }
        }
    )*};
}
estimator!(ArrayRef2<F>, Weighted<ArrayRef2<F>>);

impl MlpClassifier {
    /// As [`fit_from`](Self::fit_from), of several labels at once.
    ///
    /// # Errors
    /// As [`fit`](Estimator::fit), and `InvalidInput` when the layers of `model` are not those these settings and data need.
    ///
    /// ```
    /// use fitwell::{neural_network::MlpClassifier, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [1.0]], array![[0.0, 1.0], [1.0, 1.0]]);
    /// let network = MlpClassifier::new().hidden_layer_sizes([4]).max_iter(3);
    /// let model = network.fit(&x, &y)?;
    /// let more = network.fit_from_labels(&x, &y, &model)?;
    /// assert_eq!((model.loss_curve().len(), more.loss_curve().len()), (3, 6));
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "warm_start")]
    pub fn fit_from_labels<F: Float, Y: AsTargets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        model: &FittedMlpMultiLabel<F>,
    ) -> Result<FittedMlpMultiLabel<F>>
    where
        Y::Targets: MultiLabelTarget<F>,
    {
        learn(self, x, y.as_targets(), None, Some(model))
    }

    /// As [`fit_first_batch`](Self::fit_first_batch), of several labels at once.
    ///
    /// # Errors
    /// As [`fit`](Estimator::fit), and `InvalidParameter` for the solver `lbfgs` and for `early_stopping`.
    pub fn fit_first_batch_of_labels<F: Float, Y: AsTargets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<FittedMlpMultiLabel<F>>
    where
        Y::Targets: MultiLabelTarget<F>,
    {
        self.check()?;
        let rows = data(self, x, y.as_targets())?;
        let trained = self.run(rows, None, Loss::Logistic, None, |job| {
            let mut trained = job.start(Start::Fresh(self.given()))?;
            job.run_once(&mut trained)?;
            Ok(trained)
        })?;
        Ok(FittedMlpMultiLabel {
            estimator: self.kept(),
            trained,
        })
    }
}

/// What [`MlpClassifier`] learned of several labels.
///
/// ```
/// use fitwell::{neural_network::{Activation, MlpClassifier, Solver}, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]];
/// let warm_and_wet = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let recipe = MlpClassifier::new().hidden_layer_sizes([8]).activation(Activation::Tanh).solver(Solver::lbfgs());
/// let model = recipe.fit(&x, &warm_and_wet)?;
/// assert_eq!(model.predict(&x)?, warm_and_wet);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedMlpMultiLabel<F: Float = f64> {
    estimator: MlpClassifier,
    trained: Trained<F>,
}

learned!(FittedMlpMultiLabel);

/// Zeros and ones: a label whose probability is above a half.
impl<F: Float> Predict<ArrayRef2<F>> for FittedMlpMultiLabel<F> {
    type Output = Array2<F>;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let half = F::of(0.5);
        let one = |p| if p > half { F::one() } else { F::zero() };
        Ok(self.trained.outputs(NAME, x, false)?.mapv_into(one))
    }
}

/// The probability of each label; rows need not sum to 1.
impl<F: Float> PredictProba<ArrayRef2<F>> for FittedMlpMultiLabel<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.trained.outputs(NAME, x, false)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let log = |z: F| F::of(-super::activation::softplus(-z.f64()));
        Ok(self.trained.outputs(NAME, x, true)?.mapv_into(log))
    }
}

/// The share of rows with every label right.
impl<F: Float, Y: MultiLabelTarget<F> + ?Sized> Score<ArrayRef2<F>, Y> for FittedMlpMultiLabel<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        let rows = data(&self.estimator, x, y)?;
        same_labels(&rows, self.trained.n_outputs())?;
        let predicted = self.predict(x)?;
        let (mut hit, mut all) = (0.0, 0.0);
        for (row, (p, y)) in predicted
            .rows()
            .into_iter()
            .zip(y.indicators().rows())
            .enumerate()
        {
            let weight = rows.weights.get(row).map_or(1.0, |w| w.f64());
            all += weight;
            if p == y {
                hit += weight;
            }
        }
        Ok(hit / all)
    }
}

/// One epoch over the batch.
impl<F: Float, Y: MultiLabelTarget<F> + ?Sized> PartialFit<ArrayRef2<F>, Y>
    for FittedMlpMultiLabel<F>
{
    fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
        check::width(x, self.n_features_in())?;
        let estimator = self.estimator.clone();
        let rows = data(&estimator, x, y)?;
        same_labels(&rows, self.trained.n_outputs())?;
        let trained = &mut self.trained;
        estimator.run(rows, None, Loss::Logistic, None, |job| {
            job.run_once(trained)
        })
    }
}

impl<F: Float> Model for FittedMlpMultiLabel<F> {
    fn type_name() -> String {
        format!("FittedMlpMultiLabel<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let settings = self.estimator.check();
        settings.map_err(|e| Error::model_file(e.to_string()))?;
        ensure::that(self.trained.loss == Loss::Logistic, || {
            "the loss is not that of several labels".into()
        })?;
        self.trained.validate(&self.estimator.settings())
    }
}

impl<F: Float> fmt::Display for FittedMlpMultiLabel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} for {} labels of ", self.trained.n_outputs())?;
        self.trained.describe(f)
    }
}
