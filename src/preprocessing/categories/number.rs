//! A real setting that may be NaN.

use serde::{Deserialize, Serialize};

/// A number whose NaN equals NaN and which every format holds.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::preprocessing) struct Number(
    #[serde(with = "crate::params::number")] pub(in crate::preprocessing) f64,
);

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 || self.0.is_nan() && other.0.is_nan()
    }
}

impl Number {
    /// NaN, or a whole number that is one f64.
    pub(in crate::preprocessing) fn is_code(self) -> bool {
        self.0.is_nan() || self.0.fract() == 0.0 && self.0.abs() <= crate::table::LARGEST_INTEGER
    }
}
