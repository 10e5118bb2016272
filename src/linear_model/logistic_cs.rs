//! The strengths of the penalty that are tried in cross-validation.

use crate::error::{Error, Result};

/// The inverse strengths that [`LogisticRegressionCv`](super::LogisticRegressionCv) tries. By name a count, or a list of numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum Cs {
    /// So many from 10⁻⁴ to 10⁴, evenly in their logarithms.
    Count(usize),
    /// These.
    List(Vec<f64>),
}

impl Cs {
    pub(super) fn values(&self, estimator: &str) -> Result<Vec<f64>> {
        const MOST: usize = 100_000;
        match self {
            Cs::List(values) => Ok(values.clone()),
            Cs::Count(1) => Ok(vec![1e-4]),
            Cs::Count(n) if *n <= MOST => Ok((0..*n)
                .map(|i| 10f64.powf(-4.0 + 8.0 * i as f64 / (*n - 1) as f64))
                .collect()),
            Cs::Count(n) => {
                let expected = format!("at most {MOST}");
                Err(Error::invalid_parameter(
                    estimator,
                    "Cs",
                    expected,
                    n.to_string(),
                ))
            }
        }
    }
}

impl From<usize> for Cs {
    fn from(count: usize) -> Self {
        Cs::Count(count)
    }
}

impl From<i32> for Cs {
    fn from(count: i32) -> Self {
        // A negative count is refused where it is used, as a strength.
        usize::try_from(count).map_or_else(|_| Cs::List(vec![f64::from(count)]), Cs::Count)
    }
}

impl From<Vec<f64>> for Cs {
    fn from(values: Vec<f64>) -> Self {
        Cs::List(values)
    }
}

impl<const N: usize> From<[f64; N]> for Cs {
    fn from(values: [f64; N]) -> Self {
        Cs::List(values.to_vec())
    }
}

/// How [`Cs`] is written: for people a count or a list, in binary which of both first.
mod cs_form {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    use super::Cs;
    use crate::linear_model::ridge_cv::number_or_list;

    #[derive(Serialize, Deserialize)]
    struct List(#[serde(with = "number_or_list")] Vec<f64>);

    #[derive(Serialize, Deserialize)]
    enum Binary {
        Count(usize),
        List(List),
    }

    impl Serialize for Cs {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match (self, serializer.is_human_readable()) {
                (Cs::Count(n), true) => n.serialize(serializer),
                (Cs::List(values), true) => List(values.clone()).serialize(serializer),
                (Cs::Count(n), false) => Binary::Count(*n).serialize(serializer),
                (Cs::List(values), false) => {
                    Binary::List(List(values.clone())).serialize(serializer)
                }
            }
        }
    }

    impl<'de> Deserialize<'de> for Cs {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if !deserializer.is_human_readable() {
                return Ok(match Binary::deserialize(deserializer)? {
                    Binary::Count(n) => Cs::Count(n),
                    Binary::List(list) => Cs::List(list.0),
                });
            }
            let wrong = || de::Error::custom("expected a count or a list of numbers");
            let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
            if let Some(count) = value.as_u64() {
                return usize::try_from(count).map(Cs::Count).map_err(|_| wrong());
            }
            if !value.is_array() {
                return Err(wrong());
            }
            serde_json::from_value::<List>(value)
                .map(|list| Cs::List(list.0))
                .map_err(|_| wrong())
        }
    }
}
