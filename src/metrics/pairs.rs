//! True and predicted classes over one list of classes, with weights.

use std::sync::Arc;

use ndarray::Array1;

use super::sum::sum;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::{Class, Labels};
use crate::targets::ClassTarget;

pub(super) struct Pairs<'a> {
    /// The classes that occur on either side, sorted.
    pub(super) classes: Arc<Vec<Class>>,
    pub(super) truth: Labels,
    pub(super) predicted: Labels,
    pub(super) weights: Option<&'a Array1<f64>>,
}

impl<'a> Pairs<'a> {
    /// Checks lengths, weights and kinds.
    pub(super) fn new<Y: ClassTarget + ?Sized>(y_true: &'a Y, y_pred: &Labels) -> Result<Self> {
        let truth = y_true.labels();
        same_length(truth.len(), y_pred.len())?;
        check_weights(y_true.sample_weight(), truth.len())?;
        let (truth, predicted) = (truth.observed(), y_pred.observed());
        if let (Some(a), Some(b)) = (truth.classes().first(), predicted.classes().first()) {
            same_kind(a, b)?;
        }
        let (truth, predicted) = truth.aligned(&predicted);
        Ok(Pairs {
            classes: truth.shared_classes(),
            truth,
            predicted,
            weights: y_true.sample_weight(),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.truth.len()
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    pub(super) fn total_weight(&self) -> f64 {
        total_weight(self.weights, self.len())
    }
}

/// The sum of the weights, or the number of rows.
pub(super) fn total_weight(weights: Option<&Array1<f64>>, n: usize) -> f64 {
    weights.map_or(n as f64, |w| sum(w.len(), |i| w[i]))
}

pub(super) fn same_length(y_true: usize, y_pred: usize) -> Result<()> {
    if y_true == 0 {
        return Err(ErrorKind::EmptyInput {
            what: "y_true".into(),
        }
        .into());
    }
    if y_true != y_pred {
        return Err(Error::shape("number of rows of y_pred", y_true, y_pred));
    }
    Ok(())
}

pub(super) fn check_weights(weights: Option<&Array1<f64>>, n: usize) -> Result<()> {
    weights.map_or(Ok(()), |w| check::weights(w, n))
}

fn same_kind(a: &Class, b: &Class) -> Result<()> {
    let kind = |class: &Class| match class {
        Class::Int(_) => "integers",
        Class::Bool(_) => "booleans",
        Class::Text(_) => "texts",
    };
    if kind(a) == kind(b) {
        return Ok(());
    }
    let reason = format!("are {}, those of y_true are {}", kind(b), kind(a));
    Err(Error::invalid_input("classes of y_pred", reason))
}

/// Where the class of each row is in a list of classes; an error for one that is not there.
pub(super) fn positions(labels: &Labels, classes: &[Class], what: &str) -> Result<Vec<usize>> {
    let of_code = code_positions(labels, classes, what)?;
    Ok((labels.codes().iter())
        .map(|&c| of_code[c as usize])
        .collect())
}

/// Where the class of each code is in a list of classes; an error for one that occurs and is not there.
pub(super) fn code_positions(labels: &Labels, classes: &[Class], what: &str) -> Result<Vec<usize>> {
    let index: std::collections::HashMap<&Class, usize> =
        classes.iter().enumerate().map(|(i, c)| (c, i)).collect();
    let of_code: Vec<Option<usize>> = labels
        .classes()
        .iter()
        .map(|c| index.get(c).copied())
        .collect();
    if of_code.iter().any(Option::is_none) {
        let counts = labels.counts();
        let missing = |code: &usize| of_code[*code].is_none() && counts[*code] > 0;
        if let Some(code) = (0..of_code.len()).find(missing) {
            return Err(unknown_label(what, &labels.classes()[code], classes));
        }
    }
    Ok(of_code.into_iter().map(Option::unwrap_or_default).collect())
}

pub(super) fn unknown_label(what: &str, label: &Class, known: &[Class]) -> Error {
    ErrorKind::UnknownLabel {
        what: what.into(),
        label: label.to_string(),
        known: known.iter().map(Class::to_string).collect(),
    }
    .into()
}

/// A list of classes given by the caller: not empty, none twice.
pub(super) fn check_distinct(classes: &[Class], what: &str) -> Result<()> {
    if classes.is_empty() {
        return Err(ErrorKind::EmptyInput { what: what.into() }.into());
    }
    let mut seen = std::collections::HashSet::new();
    match classes.iter().find(|c| !seen.insert(*c)) {
        Some(class) => Err(Error::invalid_input(
            what,
            format!("{class} is there twice"),
        )),
        None => Ok(()),
    }
}
