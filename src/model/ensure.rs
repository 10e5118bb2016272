//! What a model read from a file must satisfy: the vocabulary of [`Model::validate`](super::Model::validate).
//!
//! Each function names what it looked at, what it found and what must hold. Loaders check separately that every number is
//! finite, so a `validate` has shapes, ranges and order to look at.

use std::fmt;

use ndarray::ArrayRef2;

use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Class;

/// A rule that only one model has.
///
/// # Errors
/// `ModelFile` with the reason, when the rule does not hold.
pub fn that(holds: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if holds {
        Ok(())
    } else {
        Err(Error::model_file(reason()))
    }
}

/// Two sizes agree.
///
/// # Errors
/// `ModelFile`.
pub fn equal(what: &str, found: usize, expected: usize) -> Result<()> {
    that(found == expected, || {
        format!("{what} is {found}, expected {expected}")
    })
}

/// A count is large enough.
///
/// # Errors
/// `ModelFile`.
pub fn at_least(what: &str, found: usize, low: usize) -> Result<()> {
    that(found >= low, || {
        format!("{what} is {found}, must be at least {low}")
    })
}

/// A matrix has the given numbers of rows and columns.
///
/// # Errors
/// `ModelFile`.
pub fn shape<F>(what: &str, matrix: &ArrayRef2<F>, rows: usize, columns: usize) -> Result<()> {
    that(matrix.dim() == (rows, columns), || {
        let (r, c) = matrix.dim();
        format!("{what} is {r} x {c}, expected {rows} x {columns}")
    })
}

/// Every value is finite. Loaders check it for every float of a model; this is for values that are computed from those.
///
/// # Errors
/// `ModelFile`.
pub fn finite<'a, F: Float>(what: &str, values: impl IntoIterator<Item = &'a F>) -> Result<()> {
    every(what, values, "finite", |v| v.is_finite())
}

/// Every value is finite and above zero.
///
/// # Errors
/// `ModelFile`.
pub fn positive<'a, F: Float>(what: &str, values: impl IntoIterator<Item = &'a F>) -> Result<()> {
    every(what, values, "positive", |v| {
        v.is_finite() && **v > F::zero()
    })
}

/// Every value is finite and zero or above.
///
/// # Errors
/// `ModelFile`.
pub fn non_negative<'a, F: Float>(
    what: &str,
    values: impl IntoIterator<Item = &'a F>,
) -> Result<()> {
    every(what, values, "zero or more", |v| {
        v.is_finite() && **v >= F::zero()
    })
}

/// Every position is inside a list of `len`.
///
/// # Errors
/// `ModelFile`.
pub fn indices<'a>(
    what: &str,
    values: impl IntoIterator<Item = &'a usize>,
    len: usize,
) -> Result<()> {
    every(what, values, &format!("below {len}"), |v| **v < len)
}

/// The classes of a classifier: at least two, sorted, without repetition, of one kind.
///
/// # Errors
/// `ModelFile`.
pub fn classes(classes: &[Class]) -> Result<()> {
    at_least("number of classes", classes.len(), 2)?;
    crate::labels::check_classes(classes).map_err(|e| Error::model_file(e.to_string()))
}

/// Sorted, each value once.
///
/// # Errors
/// `ModelFile`.
pub fn sorted<T: PartialOrd + fmt::Debug>(what: &str, values: &[T]) -> Result<()> {
    match values.windows(2).position(|pair| {
        !matches!(
            pair[0].partial_cmp(&pair[1]),
            Some(std::cmp::Ordering::Less)
        )
    }) {
        Some(i) => Err(Error::model_file(format!(
            "{what} is not sorted or repeats at position {}",
            i + 1
        ))),
        None => Ok(()),
    }
}

/// Names of columns: one for each, none twice.
///
/// # Errors
/// `ModelFile`.
pub fn names(what: &str, names: &[String], expected: usize) -> Result<()> {
    equal(&format!("number of {what}"), names.len(), expected)?;
    let mut seen = std::collections::HashSet::new();
    match names.iter().find(|name| !seen.insert(name.as_str())) {
        Some(name) => Err(Error::model_file(format!(
            "{what}: {:?} is there twice",
            crate::error::shorten(name)
        ))),
        None => Ok(()),
    }
}

/// Names of columns, where they were recorded.
///
/// # Errors
/// `ModelFile`.
pub fn optional_names(what: &str, recorded: Option<&[String]>, expected: usize) -> Result<()> {
    recorded.map_or(Ok(()), |recorded| names(what, recorded, expected))
}

fn every<'a, T: fmt::Display + 'a>(
    what: &str,
    values: impl IntoIterator<Item = &'a T>,
    rule: &str,
    holds: impl Fn(&&T) -> bool,
) -> Result<()> {
    match values.into_iter().enumerate().find(|(_, v)| !holds(v)) {
        Some((i, v)) => Err(Error::model_file(format!(
            "{what}: value {i} is {v}, must be {rule}"
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn each_says_what_it_found() {
        let text = |r: Result<()>| r.unwrap_err().to_string();
        assert_eq!(
            text(shape("coef", &array![[1.0, 2.0]], 2, 1)),
            "model file: coef is 1 x 2, expected 2 x 1"
        );
        assert_eq!(
            text(positive("scale", &array![1.0, 0.0])),
            "model file: scale: value 1 is 0, must be positive"
        );
        assert!(positive("scale", &[f64::NAN]).is_err());
        assert!(non_negative("var", &[f64::INFINITY]).is_err());
        assert!(non_negative("var", &[0.0f32]).is_ok());
        assert_eq!(
            text(indices("columns", &[0, 4], 4)),
            "model file: columns: value 1 is 4, must be below 4"
        );
        assert!(sorted("edges", &[1.0, 1.0]).is_err());
        assert!(sorted("edges", &[1.0, f64::NAN]).is_err());
        assert!(sorted("edges", &[1.0, 2.0]).is_ok());
        let twice = ["a".to_string(), "a".to_string()];
        assert_eq!(
            text(names("feature names", &twice, 2)),
            "model file: feature names: \"a\" is there twice"
        );
        assert!(optional_names("feature names", None, 7).is_ok());
        assert!(optional_names("feature names", Some(&twice[..1]), 2).is_err());
        assert!(classes(&[Class::Int(1)]).is_err());
        assert!(classes(&[Class::Int(1), Class::Int(1)]).is_err());
        assert!(classes(&[Class::Int(1), Class::Int(2)]).is_ok());
    }
}
