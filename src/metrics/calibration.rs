//! How often what is predicted with a probability happens.

use std::fmt;

use ndarray::{Array1, ArrayRef1};
use serde::{Deserialize, Serialize};

use super::curves::table;
use super::pairs::{check_weights, same_length};
use crate::check;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Class;
use crate::targets::ClassTarget;

/// Where the bins of a calibration curve end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinStrategy {
    /// Bins of one width.
    #[default]
    Uniform,
    /// Bins of equally many rows.
    Quantile,
}

/// How often the positive class occurs among rows that are predicted with about the same probability; bins without rows
/// are left out.
///
/// `Display` is a table of the bins, with as many digits as the format asks for (4 unless it does).
///
/// ```
/// use fitwell::{metrics::calibration_curve, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([0, 0, 0, 0, 1, 1, 1, 1, 1]);
/// let proba = array![0.1, 0.2, 0.3, 0.4, 0.65, 0.7, 0.8, 0.9, 1.0];
/// let curve = calibration_curve(&y, &proba, 3)?;
/// assert_eq!(curve.prob_true(), array![0.0, 0.5, 1.0]);
/// assert!((curve.prob_pred()[2] - 0.85).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct CalibrationCurve {
    prob_true: Array1<f64>,
    prob_pred: Array1<f64>,
    weights: Array1<f64>,
}

/// The calibration curve over `n_bins` bins of one width; scikit-learn's default is 5.
///
/// The positive class is the second in order; see [`CalibrationCurve::of_class`] for another and for bins of equally many
/// rows.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `InvalidParameter` for no bins; `InvalidInput` for probabilities outside `[0, 1]` and
/// for more than two classes.
pub fn calibration_curve<F: Float, Y: ClassTarget + ?Sized>(
    y_true: &Y,
    proba: &ArrayRef1<F>,
    n_bins: usize,
) -> Result<CalibrationCurve> {
    let truth = y_true.labels();
    let positive = match truth.classes() {
        [] => Class::Int(1),
        [Class::Int(v)] => Class::Int(1.max(*v)),
        [Class::Bool(_)] => Class::Bool(true),
        [.., last] => last.clone(),
    };
    CalibrationCurve::of_class(y_true, proba, positive, n_bins, BinStrategy::Uniform)
}

impl CalibrationCurve {
    /// The curve for a positive class and a kind of bins.
    ///
    /// # Errors
    /// As [`calibration_curve`]; `InvalidInput` for sample weights with bins of equally many rows.
    pub fn of_class<F: Float, Y: ClassTarget + ?Sized>(
        y_true: &Y,
        proba: &ArrayRef1<F>,
        positive: impl Into<Class>,
        n_bins: usize,
        strategy: BinStrategy,
    ) -> Result<Self> {
        check::count("calibration_curve", "n_bins", n_bins, 1)?;
        let truth = y_true.labels();
        same_length(truth.len(), proba.len())?;
        let weights = y_true.sample_weight();
        check_weights(weights, truth.len())?;
        let unit = |v: &F| *v >= F::zero() && *v <= F::one();
        if let Some(row) = proba.iter().position(|v| !unit(v)) {
            let reason = format!("row {row} is {}, which is not in [0, 1]", proba[row]);
            return Err(Error::invalid_input("probabilities", reason));
        }
        let classes = truth.observed();
        if classes.classes().len() > 2 {
            let reason = format!("needs 2 classes, got {}", classes.classes().len());
            return Err(Error::invalid_input("calibration curve", reason));
        }
        let positive = truth.classes().binary_search(&positive.into()).ok();
        // More bins than this hold a row each at most: empty ones are left out, and need no memory.
        let bin: Box<dyn Fn(f64) -> usize> = match strategy {
            BinStrategy::Uniform => Box::new(move |p| {
                // The first k with p at most the edge k / n.
                let edge = |k: usize| k as f64 * (1.0 / n_bins as f64);
                let mut k = ((p * n_bins as f64) as usize).min(n_bins - 1);
                while k > 0 && p <= edge(k) {
                    k -= 1;
                }
                while k + 1 < n_bins && p > edge(k + 1) {
                    k += 1;
                }
                k
            }),
            BinStrategy::Quantile => {
                if weights.is_some() {
                    let reason = "bins of equally many rows take no sample weights";
                    return Err(Error::invalid_input("calibration curve", reason));
                }
                let mut sorted: Vec<f64> = proba.iter().map(|p| p.f64()).collect();
                sorted.sort_by(f64::total_cmp);
                let last = sorted.len() - 1;
                let edge = move |k: usize| {
                    // Rounded as NumPy's percentiles are.
                    let percent = k as f64 * (1.0 / n_bins as f64) * 100.0;
                    let at = percent / 100.0 * last as f64;
                    let low = (at as usize).min(last);
                    let (a, b) = (sorted[low], sorted[(low + 1).min(last)]);
                    // As NumPy does: from the nearer end.
                    let t = at - low as f64;
                    if t >= 0.5 {
                        b - (b - a) * (1.0 - t)
                    } else {
                        a + (b - a) * t
                    }
                };
                Box::new(move |p| {
                    // The edges ascend: how many of the inner ones are below p.
                    let (mut low, mut high) = (1, n_bins);
                    while low < high {
                        let middle = low + (high - low) / 2;
                        if edge(middle) < p {
                            low = middle + 1;
                        } else {
                            high = middle;
                        }
                    }
                    low - 1
                })
            }
        };
        let mut bins = std::collections::BTreeMap::<usize, [f64; 3]>::new();
        for (i, p) in proba.iter().enumerate() {
            let w = weights.map_or(1.0, |w| w[i]);
            if w > 0.0 {
                let sums = bins.entry(bin(p.f64())).or_default();
                let is = positive == Some(truth.codes()[i] as usize);
                sums[0] += if is { w } else { 0.0 };
                sums[1] += w * p.f64();
                sums[2] += w;
            }
        }
        Ok(CalibrationCurve {
            prob_true: bins.values().map(|s| s[0] / s[2]).collect(),
            prob_pred: bins.values().map(|s| s[1] / s[2]).collect(),
            weights: bins.values().map(|s| s[2]).collect(),
        })
    }

    /// The fraction of positive rows in each bin.
    pub fn prob_true(&self) -> &Array1<f64> {
        &self.prob_true
    }

    /// The mean predicted probability in each bin.
    pub fn prob_pred(&self) -> &Array1<f64> {
        &self.prob_pred
    }

    /// How many rows are in each bin, or the sum of their weights.
    pub fn counts(&self) -> &Array1<f64> {
        &self.weights
    }
}

impl fmt::Display for CalibrationCurve {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(
            f,
            &[
                ("prob_true", &self.prob_true),
                ("prob_pred", &self.prob_pred),
                ("count", &self.weights),
            ],
        )
    }
}
