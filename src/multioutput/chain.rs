//! The order of a chain, and what its models hand on.

use ndarray::{Array1, Array2, ArrayRef2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::float::Float;
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
