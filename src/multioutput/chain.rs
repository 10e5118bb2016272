//! The order of a chain, and what its models hand on.

use ndarray::{Array1, Array2, ArrayRef2, Axis, concatenate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::params::Value;
use crate::random;

/// The order of the columns of a target in a chain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainOrder {
    /// As they are.
    #[default]
    Columns,
    /// Drawn at random.
    Random,
    /// This one: every column once.
    List(Vec<usize>),
}

/// What a classifier of a chain hands on to those after it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainMethod {
    /// The predicted class as a number.
    #[default]
    Predict,
    /// The probability of the second of two classes.
    PredictProba,
    /// Its logarithm.
    PredictLogProba,
    /// The decision value of the second of two classes.
    DecisionFunction,
}

/// What is handed on, the first choice first: of several the first that the classifier has.
///
/// As a parameter one method is its name, several are a list of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainMethods(Vec<ChainMethod>);

impl Default for ChainMethods {
    fn default() -> Self {
        ChainMethods(vec![ChainMethod::Predict])
    }
}

impl From<ChainMethod> for ChainMethods {
    fn from(method: ChainMethod) -> Self {
        ChainMethods(vec![method])
    }
}

impl<const N: usize> From<[ChainMethod; N]> for ChainMethods {
    fn from(methods: [ChainMethod; N]) -> Self {
        ChainMethods(methods.into())
    }
}

impl ChainMethods {
    pub(super) fn check(&self, name: &str) -> Result<()> {
        match self.0.is_empty() {
            false => Ok(()),
            true => Err(Error::invalid_parameter(
                name,
                "chain_method",
                "a method, or a list of at least one",
                "[]",
            )),
        }
    }

    /// The first that a classifier `has`, or the last.
    pub(super) fn first(&self, has: impl Fn(ChainMethod) -> bool) -> ChainMethod {
        let found = self.0.iter().copied().find(|method| has(*method));
        found.or(self.0.last().copied()).unwrap_or_default()
    }
}

impl Serialize for ChainMethods {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.0[..] {
            [one] if serializer.is_human_readable() => one.serialize(serializer),
            _ => self.0.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ChainMethods {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer).map(ChainMethods);
        }
        let wrong = || {
            let names = "predict, predict_proba, predict_log_proba or decision_function";
            de::Error::custom(format!("expected one of {names}, or a list of them"))
        };
        let value = Value::deserialize(deserializer).map_err(|_| wrong())?;
        let all = match value {
            Value::Array(values) => values,
            one => vec![one],
        };
        let each = all.into_iter().map(serde_json::from_value);
        let methods: std::result::Result<_, _> = each.collect();
        methods.map(ChainMethods).map_err(|_| wrong())
    }
}

impl ChainOrder {
    /// The columns in order, of `k`.
    pub(super) fn resolve(&self, name: &str, k: usize, random_state: u64) -> Result<Vec<usize>> {
        match self {
            ChainOrder::Columns => Ok((0..k).collect()),
            ChainOrder::Random => Ok(random::permutation(k, &mut random::generator(random_state))),
            ChainOrder::List(order) => {
                let mut sorted = order.clone();
                sorted.sort_unstable();
                if sorted.iter().copied().eq(0..k) {
                    return Ok(order.clone());
                }
                let expected = format!(
                    "every column of the target once, 0 to {}",
                    k.saturating_sub(1)
                );
                Err(Error::invalid_parameter(
                    name,
                    "order",
                    expected,
                    format!("{order:?}"),
                ))
            }
        }
    }
}

/// Samples and a column more.
pub(super) fn with_column<F: Float>(x: &ArrayRef2<F>, column: Array1<F>) -> Result<Array2<F>> {
    let column = column.insert_axis(Axis(1));
    concatenate(Axis(1), &[x.view(), column.view()])
        .map_err(|e| Error::invalid_input("what a model of the chain hands on", e.to_string()))
}

/// An order as a model file may hold it.
pub(super) fn validate_order(order: &[usize], k: usize) -> Result<()> {
    let mut sorted = order.to_vec();
    sorted.sort_unstable();
    crate::model::ensure::at_least("number of models", k, 1)?;
    crate::model::ensure::that(sorted.into_iter().eq(0..k), || {
        "the order is not every column once".into()
    })
}
