//! From decision values to probabilities.

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::fit::{sigmoid, temperature};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::isotonic::{FittedIsotonicRegression, IsotonicRegression, OutOfBounds};
use crate::meta::Said;
use crate::model::{Model, ensure};
use crate::targets::Targets;
use crate::traits::{Estimator, Predict};

/// How decision values become probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalibrationMethod {
    /// p = 1 / (1 + exp(a f + b)): Platt's method. Right for few rows.
    #[default]
    Sigmoid,
    /// A rising function of the decision values. It needs some thousand rows.
    Isotonic,
    /// p = softmax(β f): one number for all classes, which keeps the order of the classes in every row.
    Temperature,
}

/// A function from decision values (or probabilities) to calibrated probabilities, for one class against the others or,
/// by temperature, for all classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Calibrator {
    /// p = 1 / (1 + exp(a f + b)).
    Sigmoid {
        /// The slope.
        a: f64,
        /// The intercept.
        b: f64,
    },
    /// A rising function.
    Isotonic(FittedIsotonicRegression<f64>),
    /// p = softmax(β f).
    Temperature {
        /// The inverse temperature.
        beta: f64,
    },
}

/// 1 / (1 + exp(−x)).
pub(super) fn expit(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

impl Calibrator {
    /// The probabilities of one class, from its decision values; nothing by temperature, which has all classes at once.
    fn one(&self, values: &mut [f64]) -> Result<()> {
        match self {
            Calibrator::Sigmoid { a, b } => {
                values.iter_mut().for_each(|v| *v = expit(-(a * *v + b)));
            }
            Calibrator::Isotonic(model) => {
                let column = Array1::from(values.to_vec()).insert_axis(Axis(1));
                values.copy_from_slice(&model.predict(&column)?.to_vec());
            }
            Calibrator::Temperature { .. } => {}
        }
        Ok(())
    }

    pub(super) fn validate(&self, method: CalibrationMethod) -> Result<()> {
        match (self, method) {
            (Calibrator::Sigmoid { a, b }, CalibrationMethod::Sigmoid) => {
                ensure::finite("sigmoid", &[*a, *b])
            }
            (Calibrator::Isotonic(model), CalibrationMethod::Isotonic) => {
                model.validate()?;
                let clip = model.out_of_bounds() == OutOfBounds::Clip;
                ensure::that(clip && model.increasing(), || {
                    "an isotonic calibrator rises and is clipped".into()
                })?;
                let inside = model.y_thresholds().iter().all(|p| (0.0..=1.0).contains(p));
                ensure::that(inside, || "a probability is outside [0, 1]".into())
            }
            (Calibrator::Temperature { beta }, CalibrationMethod::Temperature) => {
                ensure::positive("beta", &[*beta])
            }
            _ => Err(Error::model_file("a calibrator of another method")),
        }
    }
}

/// The truth of some rows: the code of each row's class among all, and its weight. Rows of other classes have no code.
pub(super) struct Truth {
    pub(super) codes: Vec<Option<usize>>,
    pub(super) weights: Option<Vec<f64>>,
}

/// Decision values of two classes as two columns, (−f, f); probabilities as logarithms.
fn logits<F: Float>(said: Said, values: &ArrayRef2<F>) -> Array2<f64> {
    const LEAST: f64 = 1e-12;
    let one = values.ncols() == 1;
    let columns = if one { 2 } else { values.ncols() };
    Array2::from_shape_fn((values.nrows(), columns), |(i, k)| {
        let v = values[[i, if one { 0 } else { k }]].f64();
        let first = one && k == 0;
        match said {
            Said::Decision => {
                if first {
                    -v
                } else {
                    v
                }
            }
            Said::Proba => (if first { 1.0 - v } else { v } + LEAST).ln(),
        }
    })
}

/// Calibrators for each column of decision values, or one for all. `columns[j]` is the class of column `j`.
pub(super) fn fit_calibrators<F: Float>(
    method: CalibrationMethod,
    said: Said,
    values: &ArrayRef2<F>,
    columns: &[usize],
    truth: &Truth,
) -> Result<Vec<Calibrator>> {
    if method == CalibrationMethod::Temperature {
        let codes: Vec<Option<usize>> = (truth.codes.iter())
            .map(|code| code.and_then(|c| columns.iter().position(|k| *k == c)))
            .collect();
        let beta = temperature(&logits(said, values), &codes, truth.weights.as_deref());
        return Ok(vec![Calibrator::Temperature { beta }]);
    }
    // Of two classes the one column is for the second.
    let of_class = |j: usize| {
        if values.ncols() == 1 {
            columns[columns.len() - 1]
        } else {
            columns[j]
        }
    };
    (0..values.ncols())
        .map(|j| {
            let class = of_class(j);
            let column: Vec<f64> = values.column(j).iter().map(|v| v.f64()).collect();
            let is: Vec<bool> = truth.codes.iter().map(|c| *c == Some(class)).collect();
            if method == CalibrationMethod::Sigmoid {
                let (a, b) = sigmoid(&column, &is, truth.weights.as_deref())?;
                return Ok(Calibrator::Sigmoid { a, b });
            }
            let y: Array1<f64> = is.iter().map(|&is| f64::from(u8::from(is))).collect();
            let x = Array1::from(column).insert_axis(Axis(1));
            let isotonic = IsotonicRegression::new().out_of_bounds(OutOfBounds::Clip);
            let model = match &truth.weights {
                None => isotonic.fit(&x, &y)?,
                Some(w) => isotonic.fit(&x, &y.weighted(&Array1::from(w.clone())))?,
            };
            Ok(Calibrator::Isotonic(model))
        })
        .collect()
}

/// Calibrated probabilities of `n_classes` classes.
pub(super) fn calibrated<F: Float>(
    calibrators: &[Calibrator],
    said: Said,
    values: &ArrayRef2<F>,
    columns: &[usize],
    n_classes: usize,
) -> Result<Array2<f64>> {
    let n = values.nrows();
    let mut proba = Array2::<f64>::zeros((n, n_classes));
    if let [Calibrator::Temperature { beta }] = calibrators {
        let logits = logits(said, values);
        for (row, mut out) in logits.rows().into_iter().zip(proba.rows_mut()) {
            let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let mut sum = 0.0;
            for (j, v) in row.iter().enumerate() {
                let e = (beta * (v - top)).exp();
                out[columns[j]] = e;
                sum += e;
            }
            out /= sum;
        }
        return Ok(proba);
    }
    for (j, calibrator) in calibrators.iter().enumerate() {
        let mut column: Vec<f64> = values.column(j).iter().map(|v| v.f64()).collect();
        calibrator.one(&mut column)?;
        let class = if n_classes == 2 { 1 } else { columns[j] };
        proba.column_mut(class).assign(&Array1::from(column));
    }
    for mut row in proba.rows_mut() {
        if n_classes == 2 {
            row[0] = 1.0 - row[1];
            continue;
        }
        let sum: f64 = row.sum();
        if sum == 0.0 {
            row.fill(1.0 / n_classes as f64);
        } else {
            row /= sum;
        }
        row.mapv_inplace(|p| p.min(1.0));
    }
    Ok(proba)
}
