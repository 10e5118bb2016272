//! What stands in for a missing value.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::impute::custom::Statistic;
use crate::table::Cell;

/// What stands in for a missing value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case")]
pub enum Strategy {
    /// The mean of the observed values. Numbers only.
    #[default]
    Mean,
    /// The median of the observed values: of an even number, half-way between the two in the middle. Numbers only.
    Median,
    /// The value that occurs most often; of several, the smallest, in texts the first in order.
    MostFrequent,
    /// Always the same: a number, a boolean or a text, as the columns need. [`Cell::Missing`] (`"constant"` by name, without
    /// a value) is scikit-learn's `fill_value=None`: 0, false, or the text `missing_value`.
    Constant(Cell),
    /// What a function makes of the observed values, as `f64`. Numbers only.
    Custom(Statistic),
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Strategy::serialize(self, serializer)
    }
}

/// People may leave the value of a constant out.
impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Strategy::deserialize(deserializer);
        }
        match serde_json::Value::deserialize(deserializer)? {
            value if value == "constant" => Ok(Strategy::Constant(Cell::Missing)),
            value => Strategy::deserialize(value).map_err(de::Error::custom),
        }
    }
}

impl Strategy {
    /// Functions are not written: those of the original come back.
    pub(in crate::impute) fn restore(&mut self, original: &Self) {
        if let (Strategy::Custom(new), Strategy::Custom(original)) = (self, original) {
            new.restore(original);
        }
    }

    /// A constant is finite, a function is there.
    pub(in crate::impute) fn check(&self, estimator: &str, parameter: &str) -> Result<()> {
        let wrong = |expected, got: &dyn fmt::Display| {
            Err(Error::invalid_parameter(
                estimator, parameter, expected, got,
            ))
        };
        match self {
            Strategy::Constant(Cell::Number(v)) if !v.is_finite() => {
                wrong("a constant that is finite", v)
            }
            Strategy::Custom(statistic) if statistic.function().is_none() => wrong(
                "given with its function, which no file and no name holds",
                &format!("{:?}", statistic.name()),
            ),
            _ => Ok(()),
        }
    }
}
