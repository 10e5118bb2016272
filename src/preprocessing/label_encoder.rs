//! Classes become the numbers 0, 1, 2, ...

use std::fmt;

use ndarray::{Array1, ArrayBase, Data, Ix1};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::labels::{Class, Labels};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Classes, Estimator, InverseTransform, Transform};

/// The position of each row's class in a list of classes.
///
/// # Errors
/// `UnknownLabel` with all that are not in it, each once.
pub(super) fn codes_in(labels: &Labels, sorted: &[Class]) -> Result<Vec<u32>> {
    let codes = labels.codes_in(sorted);
    if codes.iter().all(Option::is_some) {
        return Ok(codes.into_iter().flatten().collect());
    }
    let mut unknown: Vec<&Class> = (labels.iter().zip(&codes))
        .filter(|(_, code)| code.is_none())
        .map(|(class, _)| class)
        .collect();
    unknown.sort();
    unknown.dedup();
    Err(unknown_labels(unknown, sorted))
}

/// The error for labels that are not in the list.
pub(super) fn unknown_labels<'a>(
    unknown: impl IntoIterator<Item = &'a Class>,
    known: &[Class],
) -> Error {
    const SHOWN: usize = 20;
    let all: Vec<String> = unknown
        .into_iter()
        .map(|c| shorten(&c.to_string()))
        .collect();
    let mut label = all
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    if all.len() > SHOWN {
        label.push_str(&format!(", ... ({} in all)", all.len()));
    }
    ErrorKind::UnknownLabel {
        what: "y".into(),
        label,
        known: known.iter().map(Class::to_string).collect(),
    }
    .into()
}

/// Numbers the classes: the first of the sorted list is 0, the second 1, and so on.
///
/// Classifiers need no encoding, they learn [`Labels`] as they are. It is for targets of other tools, and for codes in files.
///
/// # Settings
/// None.
///
/// # Complexity
/// O(n) and the sorting of the classes.
///
/// # Errors
/// `EmptyInput` without labels; `UnknownLabel` with every label at transform that was not there at fit.
///
/// # Source
/// scikit-learn's `LabelEncoder`. Real numbers are no classes here.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::LabelEncoder, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from(["paris", "paris", "tokyo", "amsterdam"]);
/// let encoder = LabelEncoder::new().fit(&y, &())?;
/// assert_eq!(encoder.transform(&y)?, array![1, 1, 2, 0]);
/// assert_eq!(encoder.inverse_transform(&array![2, 2])?, Labels::from(["tokyo", "tokyo"]));
/// assert_eq!(
///     encoder.transform(&Labels::from(["rome", "paris", "oslo"])).unwrap_err().to_string(),
///     "y: unknown label oslo, rome; known: amsterdam, paris, tokyo"
/// );
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LabelEncoder {}

impl LabelEncoder {
    /// An encoder; it has no settings.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Hyperparameters for LabelEncoder {
    const NAME: &'static str = "LabelEncoder";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for LabelEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// Labels to learn from: at least one; weights, if any, one for each.
pub(super) fn check_labels<Y: Targets + ?Sized>(labels: &Labels, y: &Y) -> Result<()> {
    if labels.is_empty() {
        return Err(ErrorKind::EmptyInput { what: "y".into() }.into());
    }
    check::target(y, labels.len())
}

impl<Y: Targets + ?Sized> Estimator<Labels, Y> for LabelEncoder {
    type Fitted = FittedLabelEncoder;

    fn fit(&self, labels: &Labels, y: &Y) -> Result<Self::Fitted> {
        check_labels(labels, y)?;
        Ok(FittedLabelEncoder {
            classes: labels.observed().classes().to_vec(),
        })
    }
}

/// Classes learned by [`LabelEncoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedLabelEncoder {
    classes: Vec<Class>,
}

impl Classes for FittedLabelEncoder {
    fn classes(&self) -> &[Class] {
        &self.classes
    }
}

impl Transform<Labels> for FittedLabelEncoder {
    type Output = Array1<usize>;

    fn transform(&self, labels: &Labels) -> Result<Array1<usize>> {
        let codes = codes_in(labels, &self.classes)?;
        Ok(codes.into_iter().map(|c| c as usize).collect())
    }
}

impl<S: Data<Elem = usize>> InverseTransform<ArrayBase<S, Ix1>> for FittedLabelEncoder {
    type Output = Labels;

    fn inverse_transform(&self, codes: &ArrayBase<S, Ix1>) -> Result<Labels> {
        if let Some((row, code)) =
            (codes.iter().enumerate()).find(|(_, c)| **c >= self.classes.len())
        {
            let reason = format!(
                "row {row} has code {code}, there are {} classes",
                self.classes.len()
            );
            return Err(Error::invalid_input("y", reason));
        }
        let codes = codes.iter().map(|&c| c as u32).collect();
        Labels::from_codes(codes, self.classes.clone())
    }
}

impl fmt::Display for FittedLabelEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LabelEncoder of {} classes", self.classes.len())
    }
}

impl Model for FittedLabelEncoder {
    fn type_name() -> String {
        "FittedLabelEncoder".into()
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of classes", self.classes.len(), 1)?;
        crate::labels::check_classes(&self.classes).map_err(|e| Error::model_file(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::traits::FitTransform;
    use ndarray::array;

    #[test]
    fn every_kind_of_label() {
        for labels in [
            Labels::from([30, -1, 30, 7]),
            Labels::from(["c", "a", "c", "b"]),
            Labels::from(["", "Ä", "", "ä"]),
        ] {
            let model = LabelEncoder::new().fit(&labels, &()).unwrap();
            let codes = model.transform(&labels).unwrap();
            assert_eq!(
                codes,
                Array1::from_iter(labels.codes().iter().map(|c| *c as usize))
            );
            assert_eq!(model.inverse_transform(&codes).unwrap(), labels);
        }
        let flags = LabelEncoder::new()
            .fit_transform(&Labels::from([true, false]))
            .unwrap();
        assert_eq!(flags, array![1, 0]);
    }

    #[test]
    fn only_classes_that_occur_are_learned() {
        let all = Labels::from(["a", "b", "c"]);
        let some = crate::targets::Targets::select(&all, &[2, 0]).unwrap();
        let model = LabelEncoder::new().fit(&some, &()).unwrap();
        assert_eq!(model.classes(), [Class::from("a"), Class::from("c")]);
        assert!(model.transform(&all).is_err());
        assert_eq!(model.transform(&some).unwrap(), array![1, 0]);
    }

    #[test]
    fn hostile_input() {
        let none = Labels::from(Vec::<i64>::new());
        assert!(matches!(
            LabelEncoder::new().fit(&none, &()).unwrap_err().kind(),
            ErrorKind::EmptyInput { .. }
        ));
        let model = LabelEncoder::new().fit(&Labels::from([1, 2]), &()).unwrap();
        assert_eq!(model.transform(&none).unwrap().len(), 0);
        assert!(model.transform(&Labels::from([true])).is_err());
        assert!(model.transform(&Labels::from(["1"])).is_err());
        let many = Labels::from_iter(100..200);
        let text = model.transform(&many).unwrap_err().to_string();
        assert!(text.contains("... (100 in all); known: 1, 2"), "{text}");
        assert_eq!(
            model
                .inverse_transform(&array![0, 2])
                .unwrap_err()
                .to_string(),
            "y: row 1 has code 2, there are 2 classes"
        );
        assert!(
            LabelEncoder::new()
                .fit(&many, &().weighted(&array![1.0]))
                .is_err()
        );
    }

    #[test]
    fn files_are_checked() {
        let model = LabelEncoder::new()
            .fit(&Labels::from(["b", "a"]), &())
            .unwrap();
        assert_eq!(
            FittedLabelEncoder::from_json(&model.to_json().unwrap()).unwrap(),
            model
        );
        assert_eq!(
            FittedLabelEncoder::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            model
        );
        for classes in [
            vec![],
            vec![Class::from("b"), Class::from("a")],
            vec![Class::from(1), Class::from(true)],
        ] {
            assert!(FittedLabelEncoder { classes }.validate().is_err());
        }
        let one = LabelEncoder::new();
        assert_eq!(
            LabelEncoder::from_json(&one.to_json().unwrap()).unwrap(),
            one
        );
    }
}
