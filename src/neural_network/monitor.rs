//! What validation rows are judged by.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::metrics::{self, Average, MultiClass};
use crate::targets::{RealTargets, Targets, Weighted};

/// What a classifier judges validation rows by; greater is better but of the loss.
///
/// Of several labels at once: the share of rows with every label right, the mean over the labels of F1 and of the area under
/// the ROC curve.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClassificationMonitor {
    /// The share of rows that are right.
    #[default]
    Accuracy,
    /// The loss.
    Loss,
    /// The mean over the classes of the share of their rows that are right.
    BalancedAccuracy,
    /// The mean over the classes of F1.
    F1Macro,
    /// The area under the ROC curve; of more than two classes the mean of each against the rest.
    RocAuc,
    /// A metric of your own, given by `custom_metric`.
    Custom,
}

/// What a regressor judges validation rows by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RegressionMonitor {
    /// R².
    #[default]
    R2,
    /// The loss.
    Loss,
    /// The mean squared error, negated.
    NegMeanSquaredError,
    /// The mean absolute error, negated.
    NegMeanAbsoluteError,
    /// A metric of your own, given by `custom_metric`.
    Custom,
}

/// A metric of the user's own, if there is one; no hyper-parameter.
pub(crate) struct Own<T: ?Sized>(pub(crate) Option<Arc<T>>);

impl<T: ?Sized> Clone for Own<T> {
    fn clone(&self) -> Self {
        Own(self.0.clone())
    }
}

impl<T: ?Sized> Default for Own<T> {
    fn default() -> Self {
        Own(None)
    }
}

impl<T: ?Sized> fmt::Debug for Own<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.0.is_some() { ".." } else { "none" };
        write!(f, "Own({name})")
    }
}

impl<T: ?Sized> PartialEq for Own<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Of the true classes and the probabilities, (n_samples, n_classes).
pub(crate) type ClassMetric = dyn Fn(&Labels, &Array2<f64>) -> f64 + Send + Sync;

/// Of the true values and the predictions, (n_samples, n_targets).
pub(crate) type ValueMetric = dyn Fn(&Array2<f64>, &Array2<f64>) -> f64 + Send + Sync;

/// The metrics of a classifier's user: of classes, and of labels in columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct OwnMetrics {
    pub(crate) classes: Own<ClassMetric>,
    pub(crate) labels: Own<ValueMetric>,
}

fn no_metric(estimator: &str) -> Error {
    let expected = "another metric while `custom_metric` gave none (it is not written to files)";
    Error::invalid_parameter(estimator, "monitor", expected, "custom")
}

/// A score that is not finite cannot be compared.
fn finite(score: f64) -> Result<f64> {
    if score.is_finite() {
        return Ok(score);
    }
    Err(Error::invalid_input(
        "the monitored score",
        format!("it is {score}"),
    ))
}

/// Judges the codes and the probabilities, (n_samples, n_classes), of validation rows of known classes.
pub(crate) fn judge_classes<F: Float>(
    estimator: &str,
    monitor: ClassificationMonitor,
    own: &Own<ClassMetric>,
    truth: &Weighted<Labels>,
    codes: Vec<u32>,
    proba: impl FnOnce() -> Array2<F>,
) -> Result<f64> {
    let labels = truth.target();
    let predicted = || Labels::from_trusted(codes, labels.shared_classes());
    finite(match monitor {
        ClassificationMonitor::Accuracy | ClassificationMonitor::Loss => {
            metrics::accuracy_score(truth, &predicted())?
        }
        ClassificationMonitor::BalancedAccuracy => {
            metrics::balanced_accuracy_score(truth, &predicted())?
        }
        ClassificationMonitor::F1Macro => metrics::f1_score(truth, &predicted(), &Average::Macro)?,
        ClassificationMonitor::RocAuc if labels.classes().len() == 2 => {
            metrics::roc_auc_score(truth, &proba().column(1))?
        }
        ClassificationMonitor::RocAuc => {
            let how = MultiClass::OvrMacro;
            metrics::roc_auc_score_multiclass(truth, &proba(), labels.classes(), how)?
        }
        ClassificationMonitor::Custom => {
            let metric = own.0.as_ref().ok_or_else(|| no_metric(estimator))?;
            metric(labels, &proba().mapv(F::f64))
        }
    })
}

/// Refuses what several labels at once cannot be judged by.
///
/// # Errors
/// `InvalidParameter`.
pub(crate) fn check_labels(estimator: &str, monitor: ClassificationMonitor) -> Result<()> {
    match monitor {
        ClassificationMonitor::BalancedAccuracy => Err(Error::invalid_parameter(
            estimator,
            "monitor",
            "accuracy, loss, f1_macro, roc_auc or custom where several labels are learned at once",
            "balanced_accuracy",
        )),
        _ => Ok(()),
    }
}

/// Judges the probabilities of several labels, (n_samples, n_labels), of validation rows whose labels are known: zeros and
/// ones.
pub(crate) fn judge_labels<F: Float>(
    estimator: &str,
    monitor: ClassificationMonitor,
    own: &Own<ValueMetric>,
    truth: &ArrayRef2<F>,
    weights: &Array1<f64>,
    proba: &Array2<F>,
) -> Result<f64> {
    let half = F::of(0.5);
    let mean = |of_label: &dyn Fn(usize) -> Result<f64>| -> Result<f64> {
        let n = truth.ncols();
        let mut sum = 0.0;
        for j in 0..n {
            sum += of_label(j)?;
        }
        Ok(sum / n as f64)
    };
    finite(match monitor {
        ClassificationMonitor::F1Macro => mean(&|j| {
            let (mut hit, mut said, mut is) = (0.0, 0.0, 0.0);
            let pairs = proba.column(j).into_iter().zip(truth.column(j));
            for ((&p, &y), &w) in pairs.zip(weights) {
                let (p, y) = (p > half, y > half);
                hit += if p && y { w } else { 0.0 };
                said += if p { w } else { 0.0 };
                is += if y { w } else { 0.0 };
            }
            Ok(if said + is > 0.0 {
                2.0 * hit / (said + is)
            } else {
                0.0
            })
        })?,
        ClassificationMonitor::RocAuc => mean(&|j| {
            let is: Labels = truth.column(j).iter().map(|&y| y > half).collect();
            metrics::roc_auc_score(&is.weighted(weights), &proba.column(j))
        })?,
        ClassificationMonitor::Custom => {
            let metric = own.0.as_ref().ok_or_else(|| no_metric(estimator))?;
            metric(&truth.mapv(F::f64), &proba.mapv(F::f64))
        }
        _ => {
            let (mut hit, mut all) = (0.0, 0.0);
            for ((p, y), &w) in proba.rows().into_iter().zip(truth.rows()).zip(weights) {
                all += w;
                if p.iter().zip(y).all(|(&p, &y)| (p > half) == (y > half)) {
                    hit += w;
                }
            }
            hit / all
        }
    })
}

/// Judges predictions of validation rows of known values.
pub(crate) fn judge_values<F: Float>(
    estimator: &str,
    monitor: RegressionMonitor,
    own: &Own<ValueMetric>,
    truth: &Weighted<ArrayRef2<F>>,
    predictions: Array2<F>,
) -> Result<f64> {
    finite(match monitor {
        RegressionMonitor::R2 | RegressionMonitor::Loss => metrics::r2_score(truth, &predictions)?,
        RegressionMonitor::NegMeanSquaredError => {
            -metrics::mean_squared_error(truth, &predictions)?
        }
        RegressionMonitor::NegMeanAbsoluteError => {
            -metrics::mean_absolute_error(truth, &predictions)?
        }
        RegressionMonitor::Custom => {
            let metric = own.0.as_ref().ok_or_else(|| no_metric(estimator))?;
            metric(&truth.columns().mapv(F::f64), &predictions.mapv(F::f64))
        }
    })
}

/// The rows to validate on out of `rows`: a share of them, drawn evenly from each group of rows with the same `group`. No
/// group loses its last row.
pub(crate) fn split(
    rows: &[usize],
    group: impl Fn(usize) -> u32,
    fraction: f64,
    random_state: u64,
) -> Result<(Vec<usize>, Vec<usize>)> {
    let wanted = ((rows.len() as f64 * fraction).ceil() as usize).max(1);
    let mut order = rows.to_vec();
    crate::random::shuffle(
        &mut order,
        &mut crate::random::stream(random_state, u64::MAX),
    );
    order.sort_by_key(|&row| group(row));
    // One row of each group stays out of the draw.
    let free: Vec<usize> = (1..order.len())
        .filter(|&i| group(order[i]) == group(order[i - 1]))
        .collect();
    if wanted > free.len() {
        return Err(crate::ErrorKind::TooFewSamples {
            what: format!("a validation set of {fraction} of the rows"),
            needed: order.len() - free.len() + wanted,
            got: order.len(),
        }
        .into());
    }
    let mut chosen = vec![false; order.len()];
    for k in 0..wanted {
        chosen[free[(2 * k + 1) * free.len() / (2 * wanted)]] = true;
    }
    let pick = |which: bool| {
        let mut picked: Vec<usize> = (0..order.len())
            .filter(|&i| chosen[i] == which)
            .map(|i| order[i])
            .collect();
        picked.sort_unstable();
        picked
    };
    Ok((pick(false), pick(true)))
}

/// The weights of some rows, 1 where there are none.
pub(crate) fn weights_of(weights: Option<&[f64]>, rows: &[usize]) -> Array1<f64> {
    rows.iter()
        .map(|&row| weights.map_or(1.0, |w| w[row]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_takes_its_share_of_each_group() {
        let group = |row: usize| u32::from(row >= 90);
        let rows: Vec<usize> = (0..100).collect();
        let (training, validation) = split(&rows, group, 0.2, 3).unwrap();
        assert_eq!((training.len(), validation.len()), (80, 20));
        let rare = validation.iter().filter(|&&row| row >= 90).count();
        assert!((1..=3).contains(&rare), "{rare}");
        let mut both = [training, validation].concat();
        both.sort_unstable();
        assert_eq!(both, rows);
        assert_ne!(
            split(&rows, group, 0.2, 4).unwrap().1,
            split(&rows, group, 0.2, 3).unwrap().1
        );
    }

    #[test]
    fn no_group_loses_its_last_row() {
        let rows = [0, 1, 2, 3];
        let (training, validation) = split(&rows, |row| row.min(2) as u32, 0.25, 0).unwrap();
        assert!(training.contains(&0) && training.contains(&1));
        assert_eq!(validation.len(), 1);
        assert!(split(&rows, |row| row as u32, 0.25, 0).is_err());
        assert!(split(&rows, |_| 0, 0.9, 0).is_err());
    }
}
