//! Targets of two classes out of targets of many, and what classifiers of two say.

use ndarray::Array1;

use crate::boxed::Confidence;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
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
