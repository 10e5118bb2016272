//! How many features: a count, a part of all, or what suits.

use serde_json::Value;

use super::written::{count, written};
use crate::error::{Error, Result};

/// How many features are meant: a count, a fraction of all, or what the selector takes by itself. By name a whole number, a
/// number with a decimal point, or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[allow(missing_docs)]
pub enum NFeatures {
    #[default]
    Auto,
    Count(usize),
    Fraction(f64),
}

impl From<usize> for NFeatures {
    fn from(count: usize) -> Self {
        NFeatures::Count(count)
    }
}

impl From<f64> for NFeatures {
    fn from(fraction: f64) -> Self {
        NFeatures::Fraction(fraction)
    }
}

impl NFeatures {
    fn write(&self) -> Value {
        match self {
            NFeatures::Auto => "auto".into(),
            NFeatures::Count(n) => (*n).into(),
            NFeatures::Fraction(f) => super::written::from_real(*f),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" || value.is_null() {
            return Some(NFeatures::Auto);
        }
        if let Some(n) = count(value) {
            return Some(NFeatures::Count(n));
        }
        value
            .is_f64()
            .then(|| value.as_f64().map(NFeatures::Fraction))?
    }

    /// A count of at least 1, a fraction in (0, 1].
    pub(super) fn check(self, estimator: &str, name: &str) -> Result<()> {
        let got = match self {
            NFeatures::Count(0) => "0".to_string(),
            NFeatures::Fraction(f) if !(f > 0.0 && f <= 1.0) => f.to_string(),
            _ => return Ok(()),
        };
        let expected = "a count of at least 1 or a fraction in (0, 1]";
        Err(Error::invalid_parameter(estimator, name, expected, got))
    }
}
written!(
    NFeatures,
    "a number of features, a fraction of them or \"auto\""
);

/// How many features are removed at a time: a count, or a fraction of all. By name a whole number or a number with a
/// decimal point.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum StepSize {
    Count(usize),
    Fraction(f64),
}

impl From<usize> for StepSize {
    fn from(count: usize) -> Self {
        StepSize::Count(count)
    }
}

impl From<f64> for StepSize {
    fn from(fraction: f64) -> Self {
        StepSize::Fraction(fraction)
    }
}

impl StepSize {
    fn write(&self) -> Value {
        match self {
            StepSize::Count(n) => (*n).into(),
            StepSize::Fraction(f) => super::written::from_real(*f),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match NFeatures::read(value)? {
            NFeatures::Auto => None,
            NFeatures::Count(n) => Some(StepSize::Count(n)),
            NFeatures::Fraction(f) => Some(StepSize::Fraction(f)),
        }
    }

    /// A count of at least 1, a fraction in (0, 1).
    pub(super) fn check(self, estimator: &str, name: &str) -> Result<()> {
        let got = match self {
            StepSize::Count(0) => "0".to_string(),
            StepSize::Fraction(f) if !(f > 0.0 && f < 1.0) => f.to_string(),
            _ => return Ok(()),
        };
        let expected = "a count of at least 1 or a fraction in (0, 1)";
        Err(Error::invalid_parameter(estimator, name, expected, got))
    }

    pub(super) fn of(self, n_features: usize) -> usize {
        match self {
            StepSize::Count(n) => n.max(1),
            StepSize::Fraction(f) => ((f * n_features as f64) as usize).max(1),
        }
    }
}
written!(StepSize, "a number of features or a fraction of them");

/// So many of the features, or all of them with a warning where they are fewer, as in scikit-learn.
pub(super) fn or_all(estimator: &str, name: &str, n: usize, n_features: usize) -> usize {
    if n > n_features {
        log::warn!("{estimator}: `{name}` is {n}, there are {n_features} features: all are kept");
    }
    n.min(n_features)
}
