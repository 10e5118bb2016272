//! Values to try.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;

/// Hyper-parameters by name with the values to try: every combination is a candidate. Several grids are tried one after
/// the other.
///
/// Names are those of [`Params`](crate::params::Params), nested ones joined by `__`. Candidates come in scikit-learn's
/// order: names sorted, the values of the last name changing fastest.
///
/// ```
/// use fitwell::model_selection::ParamGrid;
///
/// let grid = ParamGrid::new()
///     .with("scale__with_mean", [true, false])
///     .with("clf__C", [0.1, 1.0, 10.0])
///     .or(ParamGrid::new().with("clf__max_iter", [50]));
/// assert_eq!(grid.n_candidates()?, 7);
/// assert_eq!(grid.candidates()?[0]["clf__C"], 0.1);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// Without names there is one candidate: the estimator as it is.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct ParamGrid {
    grids: Vec<BTreeMap<String, Vec<Value>>>,
}

impl Default for ParamGrid {
    fn default() -> Self {
        ParamGrid {
            grids: vec![BTreeMap::new()],
        }
    }
}

impl ParamGrid {
    /// The most candidates a search accepts.
    pub const MAX_CANDIDATES: u64 = 1_000_000;

    /// No names yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a name with its values; of several grids, to the last. A name given again takes the new values.
    pub fn with<V: Into<Value>>(
        mut self,
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Self {
        let values = values.into_iter().map(Into::into).collect();
        if let Some(last) = self.grids.last_mut() {
            last.insert(name.into(), values);
        }
        self
    }

    /// The candidates of this grid, then those of another.
    pub fn or(mut self, other: ParamGrid) -> Self {
        self.grids.extend(other.grids);
        self
    }

    /// The number of candidates.
    ///
    /// # Errors
    /// `InvalidInput` for a name without values; `TooLarge` for more than [`MAX_CANDIDATES`](Self::MAX_CANDIDATES).
    pub fn n_candidates(&self) -> Result<usize> {
        let mut total = 0u64;
        for grid in &self.grids {
            let mut size = Some(1u64);
            for (name, values) in grid {
                if values.is_empty() {
                    let reason = format!("`{name}` has no values to try");
                    return Err(Error::invalid_input("parameter grid", reason));
                }
                size = size.and_then(|s| s.checked_mul(values.len() as u64));
            }
            total = size
                .and_then(|s| s.checked_add(total))
                .filter(|&t| t <= Self::MAX_CANDIDATES)
                .ok_or_else(|| {
                    Error::from(ErrorKind::TooLarge {
                        what: "number of candidates of the parameter grid".into(),
                        size: size.and_then(|s| s.checked_add(total)).unwrap_or(u64::MAX),
                        limit: Self::MAX_CANDIDATES,
                    })
                })?;
        }
        Ok(total as usize)
    }

    /// Every candidate, in order.
    ///
    /// # Errors
    /// As [`n_candidates`](Self::n_candidates).
    pub fn candidates(&self) -> Result<Vec<BTreeMap<String, Value>>> {
        let mut all = Vec::with_capacity(self.n_candidates()?);
        for grid in &self.grids {
            let size: usize = grid.values().map(Vec::len).product();
            for index in 0..size {
                let mut rest = index;
                // The last name's values change fastest.
                let candidate = grid.iter().rev().map(|(name, values)| {
                    let value = values[rest % values.len()].clone();
                    rest /= values.len();
                    (name.clone(), value)
                });
                all.push(candidate.collect());
            }
        }
        Ok(all)
    }

    pub(super) fn into_grids(self) -> Vec<BTreeMap<String, Vec<Value>>> {
        self.grids
    }

    /// Each name with each of its values.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.grids
            .iter()
            .flatten()
            .flat_map(|(name, values)| values.iter().map(move |v| (name, v)))
    }
}

impl<const N: usize, K: Into<String>, V: Into<Value>> From<[(K, Vec<V>); N]> for ParamGrid {
    fn from(entries: [(K, Vec<V>); N]) -> Self {
        entries
            .into_iter()
            .fold(ParamGrid::new(), |grid, (name, values)| {
                grid.with(name, values)
            })
    }
}

/// `clf__C: 0.1, 1, 10`, one line a name.
impl fmt::Display for ParamGrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, grid) in self.grids.iter().enumerate() {
            if i > 0 {
                writeln!(f, "\nor")?;
            }
            for (k, (name, values)) in grid.iter().enumerate() {
                let values: Vec<String> = values.iter().map(Value::to_string).collect();
                let end = if k > 0 { "\n" } else { "" };
                write!(f, "{end}{name}: {}", values.join(", "))?;
            }
        }
        Ok(())
    }
}

// A `Value` cannot be read from a binary format, which does not say what comes next: it travels as JSON text.

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    grids: Vec<Vec<(String, Vec<String>)>>,
}

impl Serialize for ParamGrid {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let text = |values: &Vec<Value>| values.iter().map(Value::to_string).collect();
        let grids = self.grids.iter();
        Stored {
            grids: grids
                .map(|g| g.iter().map(|(k, v)| (k.clone(), text(v))).collect())
                .collect(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for ParamGrid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let mut grids = Vec::new();
        for stored in Stored::deserialize(deserializer)?.grids {
            let mut grid = BTreeMap::new();
            for (name, texts) in stored {
                let values = texts.iter().map(|t| serde_json::from_str(t));
                let values = values
                    .collect::<std::result::Result<Vec<Value>, _>>()
                    .map_err(de::Error::custom)?;
                grid.insert(name, values);
            }
            grids.push(grid);
        }
        Ok(ParamGrid { grids })
    }
}

/// Serde for one candidate's values, as JSON texts.
pub(super) mod as_text {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        params: &BTreeMap<String, Value>,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        let texts: BTreeMap<&String, String> =
            params.iter().map(|(k, v)| (k, v.to_string())).collect();
        texts.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<BTreeMap<String, Value>, D::Error> {
        let texts = BTreeMap::<String, String>::deserialize(deserializer)?;
        texts
            .into_iter()
            .map(|(k, t)| Ok((k, serde_json::from_str(&t).map_err(de::Error::custom)?)))
            .collect()
    }
}
