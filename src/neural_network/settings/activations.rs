//! One activation for all hidden layers, or one for each.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::error::{Error, Result};
use crate::neural_network::activation::Activation;

/// The activations of the hidden layers: one for all of them, or one for each.
///
/// ```
/// use fitwell::neural_network::{Activation, MlpRegressor};
/// use fitwell::prelude::*;
///
/// let typed = MlpRegressor::new().hidden_layer_sizes([8, 4]).activation([Activation::Tanh, Activation::Gelu]);
/// let named = MlpRegressor::new()
///     .with_param("hidden_layer_sizes", vec![8, 4])?
///     .with_param("activation", vec!["tanh", "gelu"])?;
/// assert_eq!(typed, named);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Activations {
    /// The same for every layer.
    Every(Activation),
    /// One for each layer, from the input on.
    Each(Vec<Activation>),
}

impl Default for Activations {
    /// ReLU.
    fn default() -> Self {
        Activations::Every(Activation::Relu)
    }
}

impl From<Activation> for Activations {
    fn from(activation: Activation) -> Self {
        Activations::Every(activation)
    }
}

impl From<Vec<Activation>> for Activations {
    fn from(each: Vec<Activation>) -> Self {
        Activations::Each(each)
    }
}

impl<const N: usize> From<[Activation; N]> for Activations {
    fn from(each: [Activation; N]) -> Self {
        Activations::Each(each.into())
    }
}

impl Activations {
    /// Those of `layers` hidden layers.
    pub(crate) fn of(&self, layers: usize) -> Vec<Activation> {
        match self {
            Activations::Every(activation) => vec![*activation; layers],
            Activations::Each(each) => each.clone(),
        }
    }

    /// The one that first weights into this layer, the last included, are drawn for.
    pub(crate) fn towards(&self, layer: usize) -> Activation {
        match self {
            Activations::Every(activation) => *activation,
            Activations::Each(each) => {
                let found = each.get(layer).or(each.last());
                found.copied().unwrap_or(Activation::Identity)
            }
        }
    }

    pub(super) fn check(&self, estimator: &str, layers: usize) -> Result<()> {
        match self {
            Activations::Every(activation) => activation.check(estimator),
            Activations::Each(each) if each.len() == layers => {
                each.iter().try_for_each(|a| a.check(estimator))
            }
            Activations::Each(each) => Err(Error::invalid_parameter(
                estimator,
                "activation",
                format!("one activation, or one for each of the {layers} hidden layers"),
                format!("{} of them", each.len()),
            )),
        }
    }
}

/// An activation, or a list of them; in binary files, whether it is a list, and the list.
impl Serialize for Activations {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            Activations::Every(one) if serializer.is_human_readable() => one.serialize(serializer),
            Activations::Each(each) if serializer.is_human_readable() => each.serialize(serializer),
            Activations::Every(one) => (false, [one].as_slice()).serialize(serializer),
            Activations::Each(each) => (true, each.as_slice()).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Activations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            let (list, each) = <(bool, Vec<Activation>)>::deserialize(deserializer)?;
            return match (list, each.as_slice()) {
                (false, [one]) => Ok(Activations::Every(*one)),
                (false, _) => Err(de::Error::custom("expected one activation")),
                (true, _) => Ok(Activations::Each(each)),
            };
        }
        let value = serde_json::Value::deserialize(deserializer)?;
        let read = match value.is_array() {
            true => serde_json::from_value(value).map(Activations::Each),
            false => serde_json::from_value(value).map(Activations::Every),
        };
        read.map_err(|e| de::Error::custom(format!("an activation, or a list of them: {e}")))
    }
}
