//! Bounds of imputed values: one for all columns, or one for each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::params::number;

/// A bound of imputed values: one for all columns, or one for each column at fit. By name it is a number or a list of
/// numbers.
///
/// ```
/// use fitwell::impute::Limit;
///
/// assert_eq!(Limit::from(0.0), Limit::Same(0.0));
/// assert_eq!(Limit::from([0.0, f64::INFINITY]), Limit::PerFeature(vec![0.0, f64::INFINITY]));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Limit {
    Same(f64),
    PerFeature(Vec<f64>),
}

impl From<f64> for Limit {
    fn from(limit: f64) -> Self {
        Limit::Same(limit)
    }
}

impl From<Vec<f64>> for Limit {
    fn from(limits: Vec<f64>) -> Self {
        Limit::PerFeature(limits)
    }
}

impl<const N: usize> From<[f64; N]> for Limit {
    fn from(limits: [f64; N]) -> Self {
        Limit::PerFeature(limits.to_vec())
    }
}

#[derive(Serialize, Deserialize)]
struct Number(#[serde(with = "number")] f64);

#[derive(Serialize, Deserialize)]
enum Binary {
    Same(f64),
    PerFeature(Vec<f64>),
}

impl Serialize for Limit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (self, serializer.is_human_readable()) {
            (Limit::Same(v), true) => Number(*v).serialize(serializer),
            (Limit::PerFeature(v), true) => {
                let numbers: Vec<Number> = v.iter().map(|&v| Number(v)).collect();
                numbers.serialize(serializer)
            }
            (Limit::Same(v), false) => Binary::Same(*v).serialize(serializer),
            (Limit::PerFeature(v), false) => Binary::PerFeature(v.clone()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Binary::deserialize(deserializer)? {
                Binary::Same(v) => Limit::Same(v),
                Binary::PerFeature(v) => Limit::PerFeature(v),
            });
        }
        let wrong = || de::Error::custom("expected a number or a list of numbers");
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        if value.is_array() {
            let numbers: Vec<Number> = serde_json::from_value(value).map_err(|_| wrong())?;
            return Ok(Limit::PerFeature(
                numbers.into_iter().map(|v| v.0).collect(),
            ));
        }
        let number: Number = serde_json::from_value(value).map_err(|_| wrong())?;
        Ok(Limit::Same(number.0))
    }
}
