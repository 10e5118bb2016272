//! The share of the L1 penalty that a search tries: one, or several to choose from.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The share of the L1 penalty: one, or several to choose from. By name it is a number or a list of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct L1Ratio(Vec<f64>);

impl L1Ratio {
    pub(crate) fn all(&self) -> &[f64] {
        &self.0
    }
}

impl From<f64> for L1Ratio {
    fn from(l1_ratio: f64) -> Self {
        L1Ratio(vec![l1_ratio])
    }
}

impl From<Vec<f64>> for L1Ratio {
    fn from(l1_ratios: Vec<f64>) -> Self {
        L1Ratio(l1_ratios)
    }
}

impl<const N: usize> From<[f64; N]> for L1Ratio {
    fn from(l1_ratios: [f64; N]) -> Self {
        L1Ratio(l1_ratios.to_vec())
    }
}

#[derive(Serialize, Deserialize)]
struct Number(#[serde(with = "crate::params::number")] f64);

impl Serialize for L1Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        match &self.0[..] {
            [one] => Number(*one).serialize(serializer),
            several => {
                let each: Vec<Number> = several.iter().map(|&v| Number(v)).collect();
                each.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for L1Ratio {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer).map(L1Ratio);
        }
        let wrong = || de::Error::custom("expected a number or a list of numbers");
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        let all = match value.is_array() {
            true => serde_json::from_value(value),
            false => serde_json::from_value(value).map(|one: Number| vec![one]),
        };
        let all: Vec<Number> = all.map_err(|_| wrong())?;
        Ok(L1Ratio(all.into_iter().map(|v| v.0).collect()))
    }
}
