//! The penalties of a path: how many, or which.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{alpha_grid, alpha_max};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};

/// Coefficients of a path, at most.
const LARGEST: u64 = 1 << 31;

/// The penalties of a path: a number of them, in equal ratios from the least that leaves no feature, or these, in any order.
/// By name it is a count or a list of numbers.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Alphas {
    Count(usize),
    List(Vec<f64>),
}

impl From<usize> for Alphas {
    fn from(count: usize) -> Self {
        Alphas::Count(count)
    }
}

impl From<Vec<f64>> for Alphas {
    fn from(alphas: Vec<f64>) -> Self {
        Alphas::List(alphas)
    }
}

impl<const N: usize> From<[f64; N]> for Alphas {
    fn from(alphas: [f64; N]) -> Self {
        Alphas::List(alphas.to_vec())
    }
}

impl Alphas {
    /// The most penalties of a path.
    pub const MAX: usize = 1_000_000;

    /// # Errors
    /// `InvalidParameter`.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        match self {
            Alphas::Count(count) if *count > Self::MAX => Err(Error::invalid_parameter(
                name,
                "alphas",
                format!("a count of at most {}", Self::MAX),
                count,
            )),
            Alphas::Count(count) => check::count(name, "alphas", *count, 1),
            Alphas::List(list) if list.is_empty() => Err(Error::invalid_parameter(
                name,
                "alphas",
                "a count or at least one number",
                "none",
            )),
            Alphas::List(list) => list
                .iter()
                .try_for_each(|&alpha| check::real(name, "alphas", alpha, Interval::at_least(0.0))),
        }
    }

    /// The number of penalties.
    pub(crate) fn len(&self) -> usize {
        match self {
            Alphas::Count(count) => *count,
            Alphas::List(list) => list.len(),
        }
    }

    /// The penalties in falling order, for `X'Y` (t, p) of rows that weigh `weight`.
    ///
    /// # Errors
    /// `InvalidParameter` for a count with `l1_ratio` 0: any penalty leaves all features; `TooLarge`.
    pub(crate) fn falling(
        &self,
        name: &str,
        (cross, p): (&[f64], usize),
        weight: f64,
        (l1_ratio, eps, positive): (f64, f64, bool),
    ) -> Result<Vec<f64>> {
        // A path holds the coefficients of all its penalties.
        let size = (self.len() as u64).saturating_mul(cross.len() as u64);
        if size > LARGEST {
            let what = format!("{name}: coefficients of a path");
            return Err(ErrorKind::TooLarge {
                what,
                size,
                limit: LARGEST,
            }
            .into());
        }
        match self {
            Alphas::List(list) => {
                let mut list = list.clone();
                list.sort_by(|a, b| b.total_cmp(a));
                Ok(list)
            }
            Alphas::Count(_) if l1_ratio == 0.0 => Err(Error::invalid_parameter(
                name,
                "alphas",
                "a list of numbers where `l1_ratio` is 0",
                "a count",
            )),
            Alphas::Count(count) => {
                let max = alpha_max(cross, p, weight, l1_ratio, positive);
                Ok(alpha_grid(max, eps, *count))
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
struct Number(#[serde(with = "crate::params::number")] f64);

#[derive(Serialize)]
#[serde(untagged)]
enum Written {
    Count(usize),
    List(Vec<Number>),
}

#[derive(Serialize, Deserialize)]
enum Binary {
    Count(usize),
    List(Vec<f64>),
}

impl Serialize for Alphas {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match (self, serializer.is_human_readable()) {
            (Alphas::Count(n), true) => Written::Count(*n).serialize(serializer),
            (Alphas::List(a), true) => {
                Written::List(a.iter().map(|&v| Number(v)).collect()).serialize(serializer)
            }
            (Alphas::Count(n), false) => Binary::Count(*n).serialize(serializer),
            (Alphas::List(a), false) => Binary::List(a.clone()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Alphas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Binary::deserialize(deserializer)? {
                Binary::Count(n) => Alphas::Count(n),
                Binary::List(a) => Alphas::List(a),
            });
        }
        let wrong = || de::Error::custom("expected a count or a list of numbers");
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        if value.is_array() {
            let alphas: Vec<Number> = serde_json::from_value(value).map_err(|_| wrong())?;
            return Ok(Alphas::List(alphas.into_iter().map(|a| a.0).collect()));
        }
        serde_json::from_value(value)
            .map(Alphas::Count)
            .map_err(|_| wrong())
    }
}
