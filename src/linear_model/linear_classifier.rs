//! What every linear classifier shares: the classes and weights it learns from, decision values, the step from those to
//! classes and probabilities.

use std::sync::Arc;

use ndarray::{Array2, ArrayRef1, ArrayRef2};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::elementary::{exp, ln, ln_1p};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels, check_classes};
use crate::linear_model::affine::affine;
use crate::targets::ClassTarget;

/// The classes of a fitted classifier, shared with every prediction; in a file, a plain list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ClassList(Arc<Vec<Class>>);

impl ClassList {
    pub(crate) fn new(classes: Arc<Vec<Class>>) -> Self {
        ClassList(classes)
    }

    pub(crate) fn as_slice(&self) -> &[Class] {
        &self.0
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Labels from codes that are below `len`.
    pub(crate) fn labels(&self, codes: Vec<u32>) -> Labels {
        Labels::from_trusted(codes, Arc::clone(&self.0))
    }

    /// Sorted, unique, of one kind, at least two.
    pub(crate) fn validate(&self) -> Result<()> {
        self.validate_at_least(2)
    }

    /// Sorted, unique, of one kind, at least so many.
    pub(crate) fn validate_at_least(&self, least: usize) -> Result<()> {
        if self.len() < least {
            return Err(Error::model_file(format!(
                "{} classes, at least {least} are needed",
                self.len()
            )));
        }
        check_classes(&self.0).map_err(|e| Error::model_file(e.to_string()))
    }
}

impl Serialize for ClassList {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.0.as_slice().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ClassList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Vec::deserialize(deserializer).map(|classes| ClassList(Arc::new(classes)))
    }
}

/// A target of classes made ready to learn from.
pub(crate) struct ClassTask {
    /// Codes into `classes`. Rows of weight 0 may have a wrong code: they must not be used but by weight.
    pub(crate) labels: Labels,
    /// Sample weight times class weight of each row, if they are not all 1.
    pub(crate) weights: Option<Vec<f64>>,
    /// Their sum.
    pub(crate) weight_sum: f64,
    /// The share of each class in it.
    pub(crate) shares: Vec<f64>,
}

impl ClassTask {
    /// Some of the rows, with the classes of all: one that these rows lack has share 0.
    ///
    /// # Errors
    /// `InvalidInput` when none of the rows has weight.
    pub(crate) fn rows(&self, estimator: &str, rows: &[usize]) -> Result<Self> {
        let labels = self.labels.take(rows);
        let weights: Option<Vec<f64>> =
            (self.weights.as_ref()).map(|w| rows.iter().map(|&i| w[i]).collect());
        let mut totals = vec![0.0; labels.classes().len()];
        for (row, &code) in labels.codes().iter().enumerate() {
            totals[code as usize] += weights.as_ref().map_or(1.0, |w| w[row]);
        }
        let weight_sum: f64 = totals.iter().sum();
        if weight_sum <= 0.0 {
            return Err(Error::invalid_input(
                estimator,
                "no row to fit on has weight",
            ));
        }
        Ok(ClassTask {
            labels,
            weights,
            weight_sum,
            shares: totals.iter().map(|total| total / weight_sum).collect(),
        })
    }

    /// Checks the target against the number of samples and resolves classes and weights. A class counts if it occurs in a
    /// row with a positive sample weight.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite` and `InvalidInput` as [`check::target`] has them, `UnknownLabel` for a class weight of
    /// no class, `TooFewClasses` when fewer than two classes have weight, `Overflow` when the weights' sum does.
    pub(crate) fn new<Y: ClassTarget + ?Sized>(
        estimator: &str,
        y: &Y,
        n_samples: usize,
        class_weight: &ClassWeight,
    ) -> Result<Self> {
        Self::of_at_least(2, estimator, y, n_samples, class_weight)
    }

    /// As [`new`](Self::new), with so many classes that must have weight.
    pub(crate) fn of_at_least<Y: ClassTarget + ?Sized>(
        least: usize,
        estimator: &str,
        y: &Y,
        n_samples: usize,
        class_weight: &ClassWeight,
    ) -> Result<Self> {
        check::target(y, n_samples)?;
        let sample_weight: Option<Vec<f64>> = y.sample_weight().map(|w| w.to_vec());
        // Over every class the target lists, so that a fold without a rare class still knows its name.
        let all = y.labels();
        let by_class = class_weight.of_classes(all, sample_weight.as_deref())?;
        let by_class = by_class.map(|weights| {
            let of_row = |code: &u32| weights[*code as usize];
            all.codes().iter().map(of_row).collect::<Vec<f64>>()
        });
        let labels = match &sample_weight {
            Some(w) => all.observed_where(|row| w[row] > 0.0),
            None => all.observed(),
        };
        let weights = match (sample_weight, by_class) {
            (Some(w), Some(c)) => Some(w.iter().zip(&c).map(|(w, c)| w * c).collect()),
            (w, c) => w.or(c),
        };
        let mut totals = vec![0.0; labels.classes().len()];
        for (row, &code) in labels.codes().iter().enumerate() {
            totals[code as usize] += weights.as_ref().map_or(1.0, |w| w[row]);
        }
        let present = totals.iter().filter(|&&total| total > 0.0).count();
        if present < least {
            let named = labels
                .classes()
                .iter()
                .zip(&totals)
                .filter(|(_, total)| **total > 0.0);
            return Err(ErrorKind::TooFewClasses {
                estimator: estimator.into(),
                got: present,
                classes: named.map(|(class, _)| class.to_string()).collect(),
            }
            .into());
        }
        let weight_sum: f64 = totals.iter().sum();
        check::learned(estimator, "the sum of the weights", [&weight_sum])?;
        Ok(ClassTask {
            labels,
            weights,
            weight_sum,
            shares: totals.iter().map(|total| total / weight_sum).collect(),
        })
    }
}

/// X Wᵀ + b: (n_samples, n_outputs) for coefficients (n_outputs, n_features).
///
/// # Errors
/// `ShapeMismatch` and `NonFinite` as [`check::same_width`] has them; `Overflow` when a decision value is not finite.
pub(crate) fn decision<F: Float>(
    estimator: &str,
    x: &ArrayRef2<F>,
    coef: &Array2<F>,
    intercept: &ArrayRef1<F>,
) -> Result<Array2<F>> {
    check::same_width(x, coef.ncols())?;
    let out = affine(x, coef, intercept);
    check::learned(estimator, "a decision value", &out)?;
    Ok(out)
}

/// The class of each row of decision values: of one column the second class where positive, of several the first largest.
pub(crate) fn codes<F: Float>(decision: &Array2<F>) -> Vec<u32> {
    if decision.ncols() == 1 {
        return decision.iter().map(|&v| u32::from(v > F::zero())).collect();
    }
    decision
        .rows()
        .into_iter()
        .map(|row| largest(&row))
        .collect()
}

/// The position of the first largest value.
fn largest<F: Float>(row: &ArrayRef1<F>) -> u32 {
    let mut best = 0;
    for (k, &value) in row.iter().enumerate() {
        if value > row[best] {
            best = k;
        }
    }
    best as u32
}

/// Probabilities from decision values: the logistic function of one column, which gives two, or the softmax of several.
pub(crate) fn probabilities<F: Float>(decision: Array2<F>) -> Array2<F> {
    if decision.ncols() == 1 {
        return two_columns(&decision, |z| {
            let e = exp(-z.abs());
            let (small, large) = (e / (1.0 + e), 1.0 / (1.0 + e));
            if z > 0.0 {
                (small, large)
            } else {
                (large, small)
            }
        });
    }
    let mut out = decision;
    for mut row in out.rows_mut() {
        let shift = row[largest(&row) as usize].f64();
        let mut sum = 0.0;
        for value in &mut row {
            let e = exp(value.f64() - shift);
            sum += e;
            *value = F::of(e);
        }
        row.mapv_inplace(|e| F::of(e.f64() / sum));
    }
    out
}

/// Their logarithms, without passing through the probabilities: no −∞ while the decision values are finite.
pub(crate) fn log_probabilities<F: Float>(decision: Array2<F>) -> Array2<F> {
    if decision.ncols() == 1 {
        return two_columns(&decision, |z| {
            let log = ln_1p(exp(-z.abs()));
            (-z.max(0.0) - log, z.min(0.0) - log)
        });
    }
    let mut out = decision;
    for mut row in out.rows_mut() {
        let shift = row[largest(&row) as usize].f64();
        let log_sum = ln(row.iter().map(|v| exp(v.f64() - shift)).sum());
        row.mapv_inplace(|v| F::of(v.f64() - shift - log_sum));
    }
    out
}

fn two_columns<F: Float>(decision: &Array2<F>, both: impl Fn(f64) -> (f64, f64)) -> Array2<F> {
    let mut out = Array2::zeros((decision.nrows(), 2));
    for (mut row, value) in out.rows_mut().into_iter().zip(decision) {
        let (first, second) = both(value.f64());
        row[0] = F::of(first);
        row[1] = F::of(second);
    }
    out
}

/// The weighted share of rows whose predicted class is the target's.
///
/// # Errors
/// As [`check::target`]; `EmptyInput` without rows.
pub(crate) fn accuracy<Y: ClassTarget + ?Sized>(predicted: &Labels, y: &Y) -> Result<f64> {
    check::target(y, predicted.len())?;
    if predicted.is_empty() {
        return Err(ErrorKind::EmptyInput {
            what: "X (no rows)".into(),
        }
        .into());
    }
    let truth = y.labels().codes_in(predicted.classes());
    let hits = truth
        .iter()
        .zip(predicted.codes())
        .map(|(truth, code)| *truth == Some(*code));
    Ok(match y.sample_weight() {
        None => hits.filter(|&hit| hit).count() as f64 / predicted.len() as f64,
        Some(w) => {
            let right: f64 = hits.zip(w).map(|(hit, w)| if hit { *w } else { 0.0 }).sum();
            right / w.sum()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use ndarray::array;

    #[test]
    fn probabilities_sum_to_one_and_logarithms_do_not_underflow() {
        let z = array![[0.0f64], [40.0], [-800.0], [1e300]];
        let p = probabilities(z.clone());
        for row in p.rows() {
            assert!((row.sum() - 1.0).abs() < 1e-15);
        }
        assert!(p[[2, 1]] == 0.0 && p[[1, 0]] > 0.0);
        let log = log_probabilities(z);
        assert!((log[[2, 1]] + 800.0).abs() < 1e-12);
        assert!((log[[1, 0]] + 40.0).abs() < 1e-12);
        assert!(log.iter().all(|v| v.is_finite()));

        let z = array![
            [1.0f64, 2.0, 3.0],
            [1000.0, -1000.0, 0.0],
            [1e308, 1e308, -1e308]
        ];
        for row in probabilities(z.clone()).rows() {
            assert!((row.sum() - 1.0).abs() < 1e-15);
        }
        let log = log_probabilities(z);
        assert!((log[[1, 1]] + 2000.0).abs() < 1e-12);
        assert!((log[[0, 2]] - (-(1.0 + (-1.0f64).exp() + (-2.0f64).exp()).ln())).abs() < 1e-15);
    }

    #[test]
    fn ties_go_to_the_first_class() {
        assert_eq!(codes(&array![[1.0, 1.0, 0.0], [0.0, 2.0, 2.0]]), [0, 1]);
        assert_eq!(codes(&array![[0.0], [1e-300], [-1.0]]), [0, 1, 0]);
    }

    #[test]
    fn classes_without_weight_are_no_classes() {
        let y = Labels::from(["a", "b", "c", "a"]);
        let task = |w: [f64; 4], c: ClassWeight| {
            ClassTask::new("E", &y.weighted(&Array2::from(vec![w]).row(0)), 4, &c)
        };
        let kept = task([1.0, 0.0, 2.0, 1.0], ClassWeight::None).unwrap();
        assert_eq!(kept.labels.classes(), [Class::from("a"), Class::from("c")]);
        assert!((kept.weight_sum - 4.0).abs() < 1e-15);
        let one = task([1.0, 0.0, 0.0, 1.0], ClassWeight::Balanced)
            .err()
            .unwrap();
        assert_eq!(
            one.to_string(),
            "`E` needs at least 2 classes, the target has 1: a"
        );
        let none = task(
            [1.0, 1.0, 1.0, 1.0],
            ClassWeight::of([("a", 0.0), ("b", 0.0)]),
        );
        assert!(matches!(
            none.err().unwrap().kind(),
            ErrorKind::TooFewClasses { got: 1, .. }
        ));
    }

    #[test]
    fn accuracy_is_weighted_and_unseen_classes_are_misses() {
        let predicted = Labels::from([0, 1, 1]);
        assert!(
            (accuracy(&predicted, &Labels::from([0, 1, 7])).unwrap() - 2.0 / 3.0).abs() < 1e-15
        );
        let y = Labels::from([0, 0, 1]).weighted(&array![1.0, 2.0, 1.0]);
        assert!((accuracy(&predicted, &y).unwrap() - 0.5).abs() < 1e-15);
        assert!(accuracy(&predicted, &Labels::from([0])).is_err());
    }
}
