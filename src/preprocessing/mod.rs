//! Transformers that prepare columns: scaling numbers, encoding categories.

pub(crate) mod columnwise;
pub(crate) mod moments;
mod standard_scaler;

pub use standard_scaler::{FittedStandardScaler, StandardScaler};

use crate::error::{Error, Result};

/// The names given, if they are as many as the features at fit; otherwise `x0`, `x1`, ...
pub(crate) fn names_or_numbers(input: Option<&[String]>, n_features: usize) -> Result<Vec<String>> {
    match input {
        Some(names) if names.len() == n_features => Ok(names.to_vec()),
        Some(names) => Err(Error::shape(
            "number of feature names",
            n_features,
            names.len(),
        )),
        None => Ok((0..n_features).map(|j| format!("x{j}")).collect()),
    }
}
