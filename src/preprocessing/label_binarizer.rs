//! Classes become columns, one against all others.

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::label_encoder::{check_labels, codes_in};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Classes, Estimator, InverseTransform, Transform};
use crate::{check, parallel};

/// Whole numbers up to this size are themselves as f64.
const EXACT: i64 = 1 << 53;

/// Gives each class a column: `pos_label` in the rows of the class, `neg_label` elsewhere. Two classes share one column,
/// positive for the second; a single class has one column of `neg_label`.
///
/// Use it to learn one regression for each class, and to read classes back from their scores.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `neg_label` | 0 | below `pos_label`, up to 2⁵³ in size | value where the class is not |
/// | `pos_label` | 1 | up to 2⁵³ in size | value where the class is |
///
/// # Complexity
/// O(n k) for k classes; the memory beyond the input is the result, which is dense.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `UnknownLabel` with every label at transform that was not there at fit (scikit-learn:
/// rows of `neg_label`); `ShapeMismatch` and `NonFinite` for scores.
///
/// # Source
/// scikit-learn's `LabelBinarizer`. The result is f64. Several labels a row are for
/// [`MultiLabelBinarizer`](super::MultiLabelBinarizer).
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::LabelBinarizer, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from([1, 2, 6, 4, 2]);
/// let binarizer = LabelBinarizer::new().fit(&y, &())?;
/// assert_eq!(binarizer.transform(&Labels::from([1, 6]))?, array![[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]);
/// let scores = array![[0.1, 0.7, 0.6, 0.0], [0.2, 0.1, 0.1, 0.9]];
/// assert_eq!(binarizer.inverse_transform(&scores)?, Labels::from([2, 6]));
///
/// let two = LabelBinarizer::new().neg_label(-1).fit(&Labels::from(["no", "yes"]), &())?;
/// assert_eq!(two.transform(&Labels::from(["yes", "no"]))?, array![[1.0], [-1.0]]);
/// assert_eq!(two.inverse_transform_at(&array![[0.4], [0.6]], 0.5)?, Labels::from(["no", "yes"]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelBinarizer {
    /// Value where the class is not.
    neg_label: i64,
    /// Value where the class is.
    pos_label: i64,
}

impl Default for LabelBinarizer {
    fn default() -> Self {
        LabelBinarizer {
            neg_label: 0,
            pos_label: 1,
        }
    }
}

impl LabelBinarizer {
    /// Columns of 0 and 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value where the class is not.
    #[must_use]
    pub fn neg_label(mut self, neg_label: i64) -> Self {
        self.neg_label = neg_label;
        self
    }

    /// The value where the class is.
    #[must_use]
    pub fn pos_label(mut self, pos_label: i64) -> Self {
        self.pos_label = pos_label;
        self
    }
}

impl Hyperparameters for LabelBinarizer {
    const NAME: &'static str = "LabelBinarizer";

    fn check(&self) -> Result<()> {
        let refuse = |name, expected: String, got| {
            Err(Error::invalid_parameter(Self::NAME, name, expected, got))
        };
        for (name, value) in [("neg_label", self.neg_label), ("pos_label", self.pos_label)] {
            if !(-EXACT..=EXACT).contains(&value) {
                return refuse(name, format!("from -{EXACT} to {EXACT}"), value);
            }
        }
        if self.neg_label >= self.pos_label {
            let expected = format!("below pos_label, which is {}", self.pos_label);
            return refuse("neg_label", expected, self.neg_label);
        }
        Ok(())
    }
}

impl fmt::Display for LabelBinarizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<Y: Targets + ?Sized> Estimator<Labels, Y> for LabelBinarizer {
    type Fitted = FittedLabelBinarizer;

    fn fit(&self, labels: &Labels, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check_labels(labels, y)?;
        Ok(FittedLabelBinarizer {
            settings: self.clone(),
            classes: labels.observed().classes().to_vec(),
        })
    }
}

/// Classes learned by [`LabelBinarizer`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLabelBinarizer {
    settings: LabelBinarizer,
    classes: Vec<Class>,
}

impl FittedLabelBinarizer {
    /// The number of columns: one for two classes, otherwise one for each.
    pub fn n_columns(&self) -> usize {
        match self.classes.len() {
            2 => 1,
            n => n,
        }
    }

    /// The classes of rows of scores (n_samples, n_columns). With three classes or more the greatest score counts, the
    /// first of equal ones; with two, whether the score is above `threshold`: 0.5 for probabilities, 0 for decision
    /// values. Two classes may also have two columns, of which the second counts.
    ///
    /// # Errors
    /// `ShapeMismatch`; `NonFinite`; `InvalidParameter` for a threshold that is NaN.
    pub fn inverse_transform_at<F: Float>(
        &self,
        scores: &ArrayRef2<F>,
        threshold: f64,
    ) -> Result<Labels> {
        if threshold.is_nan() {
            return Err(Error::invalid_parameter(
                LabelBinarizer::NAME,
                "threshold",
                "a number",
                threshold,
            ));
        }
        let two = self.classes.len() == 2 && scores.ncols() == 2;
        check::same_width(scores, if two { 2 } else { self.n_columns() })?;
        let rows = scores.rows().into_iter();
        let codes: Vec<u32> = match self.classes.len() {
            1 => vec![0; scores.nrows()],
            2 => rows
                .map(|row| u32::from(row[row.len() - 1].f64() > threshold))
                .collect(),
            n => rows
                .map(|row| {
                    (0..n).fold(0, |best, k| if row[k] > row[best] { k } else { best }) as u32
                })
                .collect(),
        };
        Labels::from_codes(codes, self.classes.clone())
    }
}

impl Classes for FittedLabelBinarizer {
    fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Transform<Labels> for FittedLabelBinarizer {
    type Output = Array2<f64>;

    fn transform(&self, labels: &Labels) -> Result<Array2<f64>> {
        let codes = codes_in(labels, &self.classes)?;
        let shape = (labels.len(), self.n_columns());
        parallel::fits::<f64>("columns of classes", shape)?;
        let mut out = parallel::zeros(shape);
        if self.settings.neg_label != 0 {
            out.fill(self.settings.neg_label as f64);
        }
        let positive = self.settings.pos_label as f64;
        for (mut row, code) in out.rows_mut().into_iter().zip(codes) {
            match self.classes.len() {
                1 => {}
                2 if code == 0 => {}
                2 => row[0] = positive,
                _ => row[code as usize] = positive,
            }
        }
        Ok(out)
    }
}

/// As [`inverse_transform_at`](FittedLabelBinarizer::inverse_transform_at) halfway between `neg_label` and `pos_label`.
impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedLabelBinarizer {
    type Output = Labels;

    fn inverse_transform(&self, scores: &ArrayRef2<F>) -> Result<Labels> {
        let (low, high) = (
            self.settings.neg_label as f64,
            self.settings.pos_label as f64,
        );
        self.inverse_transform_at(scores, (low + high) / 2.0)
    }
}

impl fmt::Display for FittedLabelBinarizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} classes", self.settings, self.classes.len())
    }
}

impl Model for FittedLabelBinarizer {
    fn type_name() -> String {
        "FittedLabelBinarizer".into()
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        ensure::at_least("number of classes", self.classes.len(), 1)?;
        crate::labels::check_classes(&self.classes).map_err(|e| Error::model_file(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    #[test]
    fn one_two_and_more_classes() {
        for (neg, pos) in [(0, 1), (-1, 1), (-2, 0), (3, 7)] {
            let one = LabelBinarizer::new().neg_label(neg).pos_label(pos);
            let (n, p) = (neg as f64, pos as f64);
            for (labels, expected) in [
                (Labels::from([5, 5]), array![[n], [n]]),
                (Labels::from(["b", "a", "b"]), array![[p], [n], [p]]),
                (Labels::from([false, true]), array![[n], [p]]),
                (
                    Labels::from([30, 10, 20]),
                    array![[n, n, p], [p, n, n], [n, p, n]],
                ),
            ] {
                let model = one.fit(&labels, &()).unwrap();
                let columns = model.transform(&labels).unwrap();
                assert_eq!(columns, expected, "{one}");
                assert_eq!(model.inverse_transform(&columns).unwrap(), labels);
                let narrow = columns.mapv(|v| v as f32);
                assert_eq!(model.inverse_transform(&narrow).unwrap(), labels);
            }
        }
    }

    #[test]
    fn scores_become_classes() {
        let two = LabelBinarizer::new()
            .fit(&Labels::from(["a", "b"]), &())
            .unwrap();
        let scores = array![[-0.5], [0.0], [0.5], [0.6]];
        assert_eq!(
            two.inverse_transform(&scores).unwrap(),
            Labels::from(["a", "a", "a", "b"])
        );
        let at_zero = two.inverse_transform_at(&scores, 0.0).unwrap();
        assert_eq!(at_zero, Labels::from(["a", "a", "b", "b"]));
        let proba = array![[0.9, 0.1], [0.2, 0.8]];
        assert_eq!(
            two.inverse_transform(&proba).unwrap(),
            Labels::from(["a", "b"])
        );
        let three = LabelBinarizer::new()
            .fit(&Labels::from([1, 2, 3]), &())
            .unwrap();
        let ties = array![[0.5, 0.5, 0.1], [-3.0, -2.0, -2.0]];
        assert_eq!(
            three.inverse_transform(&ties).unwrap(),
            Labels::from([1, 2])
        );
        for bad in [array![[0.5, 0.5]], array![[1.0, f64::NAN, 0.0]]] {
            assert!(three.inverse_transform(&bad).is_err());
        }
        assert!(two.inverse_transform_at(&scores, f64::NAN).is_err());
        assert!(two.inverse_transform(&array![[1.0, 2.0, 3.0]]).is_err());
    }

    #[test]
    fn hostile_input() {
        let y = Labels::from([1, 2, 3]);
        for one in [
            LabelBinarizer::new().neg_label(1),
            LabelBinarizer::new().neg_label(5),
            LabelBinarizer::new().pos_label(i64::MAX),
        ] {
            assert!(matches!(
                one.fit(&y, &()).unwrap_err().kind(),
                ErrorKind::InvalidParameter { .. }
            ));
        }
        let model = LabelBinarizer::new().fit(&y, &()).unwrap();
        assert_eq!(
            model
                .transform(&Labels::from([9, 1, 7, 9]))
                .unwrap_err()
                .to_string(),
            "y: unknown label 7, 9; known: 1, 2, 3"
        );
        assert!(
            LabelBinarizer::new()
                .fit_transform(&Labels::from(Vec::<bool>::new()))
                .is_err()
        );
        assert_eq!(LabelBinarizer::new().params()["pos_label"], 1);
        assert_eq!(
            FittedLabelBinarizer::from_json(&model.to_json().unwrap()).unwrap(),
            model
        );
        assert_eq!(
            FittedLabelBinarizer::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        let broken = FittedLabelBinarizer {
            classes: vec![],
            ..model.clone()
        };
        assert!(broken.validate().is_err());
        let settings = LabelBinarizer::new().neg_label(2);
        assert!(
            FittedLabelBinarizer { settings, ..model }
                .validate()
                .is_err()
        );
    }
}
