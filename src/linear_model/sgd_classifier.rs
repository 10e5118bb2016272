//! Linear classification by stochastic gradient descent.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::linear_classifier::{self, ClassList};
use super::sgd_classes::{
    add_classes, begin_classes, fit_classes, n_outputs, sgd_classifier_model,
};
use super::sgd_estimator::sgd_estimator;
use super::sgd_learner::{Learner, start_from};
use super::sgd_loss::Loss;
use super::stochastic_gradient::{Own, SgdLearningRate, SgdPenalty, average};
use crate::boxed::Confidence;
use crate::class_weight::ClassWeight;
use crate::elementary::{exp, ln, ln_1p};
use crate::error::{Error, ErrorKind, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::Model;
use crate::params::{self, Hyperparameters};
use crate::targets::ClassTarget;
use crate::traits::{
    Classes, DecisionFunction, Estimator, LinearModel, PartialFit, Predict, PredictProba, Score,
};

const NAME: &str = "SgdClassifier";

/// The loss of [`SgdClassifier`], of y = −1 or 1 and the decision value p.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdLoss {
    /// max(0, 1 − y p): a linear support vector machine.
    Hinge,
    /// ln(1 + e^(−y p)): logistic regression, with probabilities.
    LogLoss,
    /// max(0, 1 − y p)², and −4 y p below −1: bears outliers, with probabilities.
    ModifiedHuber,
    /// max(0, 1 − y p)².
    SquaredHinge,
    /// max(0, −y p): the perceptron.
    Perceptron,
    /// (y − p)² / 2.
    SquaredError,
    /// (y − p)² / 2 up to `epsilon`, and linear beyond.
    Huber,
    /// max(0, |y − p| − `epsilon`).
    EpsilonInsensitive,
    /// max(0, |y − p| − `epsilon`)².
    SquaredEpsilonInsensitive,
}

sgd_estimator! {
    /// Linear classification by stochastic gradient descent: one step for each row, in random order.
    ///
    /// It learns w (n_features) and b by making small
    ///
    /// ```text
    /// mean loss(yᵢ, w·xᵢ + b) + alpha penalty(w)
    /// ```
    ///
    /// for two classes, y = −1 and 1; of several classes, each against all others. For each row, with the step size η of the
    /// [schedule](SgdLearningRate), c the weight of the row and its class, and g the derivative of the loss,
    ///
    /// ```text
    /// w ← max(0, 1 − η alpha) w − η c g x        b ← b − η c g
    /// ```
    ///
    /// with the L2 penalty. The L1 penalty cuts weights towards 0 after each row, in sum by η alpha a step.
    ///
    /// It is for many rows: a pass over them costs little more than reading them, and [`partial_fit`](PartialFit::partial_fit)
    /// learns from data that never are in memory at once (see [`begin`](SgdClassifier::begin)). For few rows take
    /// [`LogisticRegression`](super::LogisticRegression), which finds the minimum itself. Scale the features to mean 0 and
    /// variance 1 first: all share one step size.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `loss` | hinge | | |
    /// | `penalty` | l2 | l2, l1, elasticnet, none | |
    /// | `alpha` | 1e-4 | ≥ 0; > 0 for `optimal` | strengthens the penalty, and shortens the steps of `optimal` |
    /// | `l1_ratio` | 0.15 | [0, 1] | makes the elastic net sparser |
    /// | `fit_intercept` | true | | |
    /// | `max_iter` | 1000 | ≥ 1 | allows more epochs |
    /// | `tol` | 1e-3 | ≥ 0 or none | stops earlier |
    /// | `shuffle` | true | | |
    /// | `epsilon` | 0.1 | ≥ 0 | widens what the losses of values forgive |
    /// | `random_state` | 0 | | |
    /// | `learning_rate` | optimal | | |
    /// | `eta0` | 0.01 | > 0 | lengthens the steps of all other schedules |
    /// | `power_t` | 0.5 | | shortens the later steps of `invscaling` |
    /// | `early_stopping` | false | | |
    /// | `validation_fraction` | 0.1 | (0, 1) | holds out more rows |
    /// | `n_iter_no_change` | 5 | ≥ 1 | stops later |
    /// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
    /// | `average` | 0 | a step, 0 for none | averages fewer steps |
    ///
    /// The fit ends after `n_iter_no_change` epochs that do not improve the best by `tol`: the mean over the rows of loss and
    /// penalty, each when its row was met; with `early_stopping`, the accuracy on the rows held out. `average` takes `true` for
    /// 1 as a parameter by name.
    ///
    /// # Complexity
    /// Time O(n p K) an epoch, for K classes of more than two; memory O(n + p K), at most 20 bytes a row, and a copy of the
    /// samples unless they are in row order. An epoch reads the samples once, at random with
    /// `shuffle`: of more than 16 MiB, a second thread brings the rows of the next steps together meanwhile. Gigabytes are read
    /// faster from huge pages, which [`parallel::zeros`](crate::parallel::zeros) asks for. The classes of more than two run in
    /// parallel.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `TooFewClasses` when fewer than two
    /// classes have weight; `UnknownLabel` when `class_weight` names no class of the target; `Overflow` when steps are too
    /// large for the data; `Cancelled`; with `early_stopping`, `InvalidInput` when rows cannot be held out.
    /// Not converging is no error: see [`converged`](FittedSgdClassifier::converged).
    ///
    /// # Source
    /// L. Bottou, "Stochastic gradient descent tricks" (2012); Y. Tsuruoka and others, "Stochastic gradient descent training
    /// for L1-regularized log-linear models with cumulative penalty" (2009); W. Xu, "Towards optimal one pass large scale
    /// learning with averaged stochastic gradient descent" (2011); K. Crammer and others, "Online passive-aggressive
    /// algorithms" (2006). Steps, schedules and stopping are scikit-learn's: without `shuffle` the weights are, to rounding.
    /// Different are: the order of shuffled rows, which is the same for all classes; early stopping, which scores the weights
    /// as they are and counts both classes of `log_loss`; averaging over several calls of `partial_fit`, which goes on from
    /// the intercept of the last step; classes whose rows all have weight 0, which are left out. A row of weight 0 makes a step
    /// all the same, of the penalty alone, as in scikit-learn.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::SgdClassifier, prelude::*, preprocessing::StandardScaler};
    /// use ndarray::array;
    ///
    /// let x = array![[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]];
    /// let y = Labels::from(["low", "low", "high", "high"]);
    /// let model = pipeline("scale", StandardScaler::new()).then("sgd", SgdClassifier::new()).fit(&x, &y)?;
    /// assert_eq!(model.predict(&array![[-0.8, -1.0]])?, Labels::from(["low"]));
    ///
    /// // Batch by batch:
    /// let mut model = SgdClassifier::new().begin(2, &y)?;
    /// for _ in 0..10 {
    ///     model.partial_fit(&x, &y)?;
    /// }
    /// assert_eq!(model.score(&x, &y)?, 1.0);
    /// assert_eq!(model.t(), 41);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "SGDClassifier")]
    pub struct SgdClassifier {
        loss: SgdLoss = SgdLoss::Hinge => "The loss.";
        #[serde(with = "params::number")]
        epsilon: f64 = 0.1 => "The ε of the losses that have one.";
        learning_rate: SgdLearningRate = SgdLearningRate::Optimal => "The schedule of step sizes.";
        #[serde(with = "params::number")]
        power_t: f64 = 0.5 => "The power of the schedule `invscaling`.";
        class_weight: ClassWeight = ClassWeight::None => "How much the classes count.";
        #[serde(with = "average")]
        average: usize = 0 => "The step from which the weights are averaged over the steps, counted from 1; 0 for no average.";
    }
    defaults { penalty: Some(SgdPenalty::L2), eta0: 0.01 }
    own(this) Own {
        loss: match this.loss {
            SgdLoss::Hinge => Loss::Hinge(1.0),
            SgdLoss::LogLoss => Loss::Log,
            SgdLoss::ModifiedHuber => Loss::ModifiedHuber,
            SgdLoss::SquaredHinge => Loss::SquaredHinge,
            SgdLoss::Perceptron => Loss::Hinge(0.0),
            SgdLoss::SquaredError => Loss::SquaredError,
            SgdLoss::Huber => Loss::Huber(this.epsilon),
            SgdLoss::EpsilonInsensitive => Loss::EpsilonInsensitive(this.epsilon),
            SgdLoss::SquaredEpsilonInsensitive => Loss::SquaredEpsilonInsensitive(this.epsilon),
        },
        passive: this.loss == SgdLoss::Hinge,
        epsilon: this.epsilon,
        learning_rate: this.learning_rate,
        power_t: this.power_t,
        average: this.average,
    };
    check(this) this.class_weight.check(NAME);
}

sgd_classifier_model! {
    /// What [`SgdClassifier`] learned, and where its learning stands: [`partial_fit`](PartialFit::partial_fit) goes on.
    ///
    /// Probabilities are those of the losses `log_loss` and `modified_huber`; other losses have none, and
    /// [`predict_proba`](PredictProba::predict_proba) says [`Unsupported`](ErrorKind::Unsupported). Of two classes the second
    /// has 1 / (1 + e⁻ᵖ), or (min(max(p, −1), 1) + 1) / 2 for `modified_huber`; of several each has that, divided by the sum.
    /// `modified_huber` has probabilities of 0, whose logarithm is −∞.
    pub struct FittedSgdClassifier of SgdClassifier
}

impl<F: Float> FittedSgdClassifier<F> {
    /// The loss, if it has probabilities.
    fn likely(&self, operation: &str) -> Result<SgdLoss> {
        match self.estimator.loss {
            loss @ (SgdLoss::LogLoss | SgdLoss::ModifiedHuber) => Ok(loss),
            _ => Err(ErrorKind::Unsupported {
                estimator: format!("{} (loss is neither log_loss nor modified_huber)", NAME),
                operation: operation.into(),
            }
            .into()),
        }
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedSgdClassifier<F> {
    type Float = F;

    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let loss = self.likely("predict_proba")?;
        let decision = self.decision(x)?;
        Ok(match (loss, decision.ncols()) {
            (SgdLoss::LogLoss, 1) => linear_classifier::probabilities(decision),
            (SgdLoss::LogLoss, _) => shares(decision, logistic, log_logistic),
            _ => modified_huber(&decision),
        })
    }

    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let loss = self.likely("predict_log_proba")?;
        let decision = self.decision(x)?;
        Ok(match (loss, decision.ncols()) {
            (SgdLoss::LogLoss, 1) => linear_classifier::log_probabilities(decision),
            (SgdLoss::LogLoss, _) => log_shares(decision, log_logistic),
            _ => modified_huber(&decision).mapv(|p| F::of(p.f64().ln())),
        })
    }
}

impl<F: Float> Confidence<ArrayRef2<F>> for FittedSgdClassifier<F> {
    type Float = F;
    fn maybe_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        let likely = self.likely("").is_ok();
        likely.then(|| self.predict_proba(x))
    }
    fn maybe_log_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        let likely = self.likely("").is_ok();
        likely.then(|| self.predict_log_proba(x))
    }
    fn maybe_decision(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        Some(self.decision(x))
    }
}

fn logistic(z: f64) -> f64 {
    let e = exp(-z.abs());
    if z > 0.0 {
        1.0 / (1.0 + e)
    } else {
        e / (1.0 + e)
    }
}

fn log_logistic(z: f64) -> f64 {
    z.min(0.0) - ln_1p(exp(-z.abs()))
}

/// ln(Σ eᶻ) without overflow.
fn log_sum(logs: &[f64]) -> f64 {
    let most = logs.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v));
    most + ln(logs.iter().map(|v| exp(v - most)).sum())
}

/// What `of` gives for each class, divided by the sum of the row; by way of the logarithms where all vanish.
fn shares<F: Float>(mut decision: Array2<F>, of: fn(f64) -> f64, log: fn(f64) -> f64) -> Array2<F> {
    for mut row in decision.rows_mut() {
        let each: Vec<f64> = row.iter().map(|z| of(z.f64())).collect();
        let sum: f64 = each.iter().sum();
        if sum > 1e-290 {
            row.iter_mut()
                .zip(each)
                .for_each(|(p, v)| *p = F::of(v / sum));
        } else {
            let logs: Vec<f64> = row.iter().map(|z| log(z.f64())).collect();
            let sum = log_sum(&logs);
            row.iter_mut()
                .zip(logs)
                .for_each(|(p, v)| *p = F::of(exp(v - sum)));
        }
    }
    decision
}

fn log_shares<F: Float>(mut decision: Array2<F>, log: fn(f64) -> f64) -> Array2<F> {
    for mut row in decision.rows_mut() {
        let logs: Vec<f64> = row.iter().map(|z| log(z.f64())).collect();
        let sum = log_sum(&logs);
        row.iter_mut()
            .zip(logs)
            .for_each(|(p, v)| *p = F::of(v - sum));
    }
    decision
}

/// (min(max(p, −1), 1) + 1) / 2; of several classes divided by the sum, and all alike where the sum is 0.
fn modified_huber<F: Float>(decision: &Array2<F>) -> Array2<F> {
    let clipped = |z: &F| (z.f64().clamp(-1.0, 1.0) + 1.0) / 2.0;
    let (n, k) = decision.dim();
    if k == 1 {
        return Array2::from_shape_fn((n, 2), |(i, c)| {
            let p = clipped(&decision[[i, 0]]);
            F::of(if c == 1 { p } else { 1.0 - p })
        });
    }
    let mut out = decision.clone();
    for mut row in out.rows_mut() {
        let each: Vec<f64> = row.iter().map(clipped).collect();
        let sum: f64 = each.iter().sum();
        for (p, v) in row.iter_mut().zip(each) {
            *p = F::of(if sum > 0.0 { v / sum } else { 1.0 / k as f64 });
        }
    }
    out
}

#[cfg(test)]
#[path = "sgd_classifier_tests.rs"]
mod tests;
