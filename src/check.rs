//! One home for checks: ranges of hyper-parameters, shapes and values of data.

use std::fmt;

use ndarray::{Array1, ArrayRef1, ArrayRef2};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::targets::Targets;

/// A range of real numbers; NaN is in none.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    low: f64,
    high: f64,
    low_closed: bool,
    high_closed: bool,
}

impl Interval {
    /// `[low, inf)`.
    pub const fn at_least(low: f64) -> Self {
        Interval {
            low,
            high: f64::INFINITY,
            low_closed: true,
            high_closed: false,
        }
    }
    /// `(low, inf)`.
    pub const fn above(low: f64) -> Self {
        Interval {
            low,
            high: f64::INFINITY,
            low_closed: false,
            high_closed: false,
        }
    }
    /// `[low, high]`.
    pub const fn closed(low: f64, high: f64) -> Self {
        Interval {
            low,
            high,
            low_closed: true,
            high_closed: true,
        }
    }
    /// `(low, high)`.
    pub const fn open(low: f64, high: f64) -> Self {
        Interval {
            low,
            high,
            low_closed: false,
            high_closed: false,
        }
    }
    /// The same with its upper end included: `(0, inf]`.
    #[must_use]
    pub const fn including_high(mut self) -> Self {
        self.high_closed = true;
        self
    }
    /// The same with its lower end included.
    #[must_use]
    pub const fn including_low(mut self) -> Self {
        self.low_closed = true;
        self
    }
    /// Whether `value` is in the range.
    pub fn contains(&self, value: f64) -> bool {
        (if self.low_closed {
            value >= self.low
        } else {
            value > self.low
        }) && (if self.high_closed {
            value <= self.high
        } else {
            value < self.high
        })
    }
}

impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (open, close) = (
            if self.low_closed { '[' } else { '(' },
            if self.high_closed { ']' } else { ')' },
        );
        write!(f, "in {open}{}, {}{close}", self.low, self.high)
    }
}

/// A real hyper-parameter is in its range.
///
/// # Errors
/// `InvalidParameter`.
pub fn real(estimator: &str, name: &str, value: f64, range: Interval) -> Result<()> {
    if range.contains(value) {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        estimator,
        name,
        range.to_string(),
        value,
    ))
}

/// A count is at least `low`.
///
/// # Errors
/// `InvalidParameter`.
pub fn count(estimator: &str, name: &str, value: usize, low: usize) -> Result<()> {
    if value >= low {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        estimator,
        name,
        format!("at least {low}"),
        value,
    ))
}

/// Samples to fit on: at least one row and one column, every value finite.
///
/// # Errors
/// `EmptyInput`; `NonFinite` with the position of the first bad value.
pub fn samples<F: Float>(x: &ArrayRef2<F>) -> Result<()> {
    not_empty(x)?;
    finite(x, "X")
}

/// At least one row and one column.
///
/// # Errors
/// `EmptyInput`.
pub fn not_empty<F>(x: &ArrayRef2<F>) -> Result<()> {
    let what = if x.nrows() == 0 {
        "X (no rows)"
    } else if x.ncols() == 0 {
        "X (no columns)"
    } else {
        return Ok(());
    };
    Err(ErrorKind::EmptyInput { what: what.into() }.into())
}

/// Samples to predict or transform: the width of the fit, every value finite. No rows are fine.
///
/// # Errors
/// `ShapeMismatch`; `NonFinite` with the position of the first bad value.
pub fn same_width<F: Float>(x: &ArrayRef2<F>, n_features: usize) -> Result<()> {
    width(x, n_features)?;
    finite(x, "X")
}

/// The width of the fit; values are not looked at.
///
/// # Errors
/// `ShapeMismatch`.
pub fn width<F>(x: &ArrayRef2<F>, n_features: usize) -> Result<()> {
    if x.ncols() == n_features {
        return Ok(());
    }
    Err(Error::shape(
        "number of features of X",
        n_features,
        x.ncols(),
    ))
}

/// Every value is finite.
///
/// # Errors
/// `NonFinite` with the position of the first bad value in row order.
pub fn finite<F: Float>(x: &ArrayRef2<F>, what: &str) -> Result<()> {
    if crate::parallel::all_finite(x) {
        return Ok(());
    }
    match x.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some(((row, column), v)) => Err(ErrorKind::NonFinite {
            what: what.into(),
            row,
            column: Some(column),
            value: v.f64(),
        }
        .into()),
        None => Ok(()),
    }
}

/// Every value of a vector is finite.
///
/// # Errors
/// `NonFinite` with the position of the first bad value.
pub fn finite_vector<F: Float>(values: &ArrayRef1<F>, what: &str) -> Result<()> {
    match values.indexed_iter().find(|(_, v)| !v.is_finite()) {
        Some((row, v)) => Err(ErrorKind::NonFinite {
            what: what.into(),
            row,
            column: None,
            value: v.f64(),
        }
        .into()),
        None => Ok(()),
    }
}

/// The target has a row for each sample, and its weights, if any, are one for each row, finite, not negative, not all
/// zero; groups, if any, are one for each row.
///
/// # Errors
/// `ShapeMismatch`, `NonFinite`, `InvalidInput`.
pub fn target<Y: Targets + ?Sized>(y: &Y, n_samples: usize) -> Result<()> {
    if let Some(n) = y.n_rows()
        && n != n_samples
    {
        return Err(Error::shape("number of rows of y", n_samples, n));
    }
    if let Some(groups) = y.groups()
        && groups.len() != n_samples
    {
        return Err(Error::shape("number of groups", n_samples, groups.len()));
    }
    y.sample_weight().map_or(Ok(()), |w| weights(w, n_samples))
}

/// Sample weights: one for each row, finite, not negative, not all zero.
///
/// # Errors
/// `ShapeMismatch`, `NonFinite`, `InvalidInput`.
pub fn weights(w: &Array1<f64>, n_samples: usize) -> Result<()> {
    if w.len() != n_samples {
        return Err(Error::shape("number of sample weights", n_samples, w.len()));
    }
    finite_vector(w, "sample weights")?;
    if let Some(row) = w.iter().position(|&v| v < 0.0) {
        return Err(Error::invalid_input(
            "sample weights",
            format!("row {row} is negative: {}", w[row]),
        ));
    }
    if w.iter().all(|&v| v == 0.0) {
        return Err(Error::invalid_input("sample weights", "all are zero"));
    }
    Ok(())
}

/// What a fit learned is finite; otherwise the computation overflowed.
///
/// # Errors
/// `Overflow`.
pub fn learned<'a, F: Float>(
    estimator: &str,
    what: &str,
    values: impl IntoIterator<Item = &'a F>,
) -> Result<()> {
    if values.into_iter().all(|v| v.is_finite()) {
        return Ok(());
    }
    Err(ErrorKind::Overflow {
        estimator: estimator.into(),
        what: what.into(),
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn intervals_refuse_nan_and_print_as_mathematics() {
        assert!(!Interval::at_least(0.0).contains(f64::NAN));
        assert!(!Interval::at_least(0.0).contains(f64::INFINITY));
        assert!(
            Interval::above(0.0)
                .including_high()
                .contains(f64::INFINITY)
        );
        assert_eq!(
            Interval::above(0.0).including_high().to_string(),
            "in (0, inf]"
        );
        assert!(!Interval::open(0.0, 1.0).contains(1.0));
    }

    #[test]
    fn the_first_bad_value_is_named() {
        let mut x = ndarray::Array2::<f64>::zeros((40, 5));
        x[[17, 3]] = f64::NAN;
        x[[18, 0]] = f64::INFINITY;
        assert_eq!(
            finite(&x, "X").unwrap_err().to_string(),
            "X: row 17, column 3 is NaN"
        );
    }

    #[test]
    fn weights_are_checked() {
        assert!(weights(&array![1.0], 2).is_err());
        assert!(weights(&array![0.0, 0.0], 2).is_err());
        assert!(weights(&array![1.0, -1.0], 2).is_err());
        assert!(weights(&array![1.0, f64::NAN], 2).is_err());
        assert!(weights(&array![1.0, 0.0], 2).is_ok());
    }
}
