//! Targets of two classes out of targets of many, and what classifiers of two say.

use ndarray::Array1;

use crate::boxed::Confidence;
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::ClassList;
use crate::meta::{Said, decision_or_proba};
use crate::model::ensure;
use crate::targets::{ClassTarget, Weighted};
use crate::traits::Classes;

/// A target of classes, with or without weights, whose classes can be replaced.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target whose classes can be replaced",
    label = "expected `Labels`, with or without weights"
)]
pub trait RelabelTarget: ClassTarget {
    /// These classes instead, with the same weights.
    fn relabelled(&self, labels: Labels) -> Self::Owned;
}

impl RelabelTarget for Labels {
    fn relabelled(&self, labels: Labels) -> Labels {
        labels
    }
}

impl RelabelTarget for Weighted<Labels> {
    fn relabelled(&self, labels: Labels) -> Weighted<Labels> {
        self.with_target(labels)
    }
}

/// 1 where `is` says so, 0 elsewhere.
pub(super) fn two_classes(n: usize, is: impl Fn(usize) -> bool) -> Labels {
    let codes = (0..n).map(|i| u32::from(is(i))).collect();
    Labels::from_trusted(
        codes,
        std::sync::Arc::new(vec![Class::Int(0), Class::Int(1)]),
    )
}

/// The classes 0 and 1, without rows: what a classifier of two begins with.
pub(super) fn zero_and_one() -> Labels {
    two_classes(0, |_| false)
}

/// The code of each row of a batch among the classes that are known.
pub(super) fn known_codes<Y: ClassTarget + ?Sized>(
    y: &Y,
    n_samples: usize,
    classes: &[Class],
) -> Result<Vec<usize>> {
    check::target(y, n_samples)?;
    let codes = y.labels().codes_in(classes).into_iter().enumerate();
    let unknown = |row: usize| -> Error {
        ErrorKind::UnknownLabel {
            what: format!("y, row {row}"),
            label: y
                .labels()
                .get(row)
                .map(Class::to_string)
                .unwrap_or_default(),
            known: classes.iter().map(Class::to_string).collect(),
        }
        .into()
    };
    codes
        .map(|(row, code)| code.map(|c| c as usize).ok_or_else(|| unknown(row)))
        .collect()
}

/// The classes that a model begins with, at least two.
pub(super) fn first_classes(estimator: &str, classes: &Labels) -> Result<ClassList> {
    if classes.classes().len() < 2 {
        return Err(ErrorKind::TooFewClasses {
            estimator: estimator.into(),
            got: classes.classes().len(),
            classes: classes.classes().iter().map(Class::to_string).collect(),
        }
        .into());
    }
    Ok(ClassList::new(classes.shared_classes()))
}

/// The score of class 1 in each row, by a classifier of the classes 0 and 1.
pub(super) fn score_of_one<X: ?Sized, F: Float, M: Confidence<X, Float = F>>(
    estimator: &str,
    model: &M,
    x: &X,
) -> Result<(Array1<F>, Said)> {
    let (values, said) = decision_or_proba(estimator, model, x)?;
    if values.ncols() != 1 {
        let what = "number of columns of the scores of two classes";
        return Err(Error::shape(what, 1, values.ncols()));
    }
    Ok((values.column(0).to_owned(), said))
}

/// The score from which on class 1 is said.
pub(super) fn cut<F: Float>(said: Said) -> F {
    match said {
        Said::Decision => F::zero(),
        Said::Proba => F::of(0.5),
    }
}

/// The classes of a classifier of two are 0 and 1.
pub(super) fn ensure_two<M: Classes>(model: &M) -> Result<()> {
    let two = model.classes() == [Class::Int(0), Class::Int(1)];
    ensure::that(two, || {
        "a classifier of two classes has others than 0 and 1".into()
    })
}
