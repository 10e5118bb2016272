//! Hyper-parameters by name: read, set, list, nested names joined by `__`.

use std::collections::BTreeMap;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Error, ErrorKind, Result};

/// The value of a hyper-parameter: a number, text, boolean, `null`, or a structure of those.
pub use serde_json::Value;

/// Hyper-parameters by name.
///
/// Searches, reports and model files are built on it. Names inside pipelines are joined by two underscores, as in
/// scikit-learn.
///
/// ```
/// use fitwell::{linear_model::Ridge, preprocessing::StandardScaler, prelude::*};
///
/// let model = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
/// assert_eq!(model.params()["ridge__alpha"], 1.0);
/// let model = model.with_param("ridge__alpha", 0.5)?;
/// assert_eq!(model.params()["ridge__alpha"], 0.5);
/// let unknown = model.with_param("ridge__alhpa", 0.5).unwrap_err();
/// assert_eq!(
///     unknown.to_string(),
///     "`Ridge` has no parameter `alhpa`; there are: alpha, fit_intercept, max_iter, positive, random_state, solver, tol"
/// );
/// # Ok::<(), Error>(())
/// ```
pub trait Params: Clone {
    /// Every hyper-parameter with its value.
    fn params(&self) -> BTreeMap<String, Value>;

    /// A copy with one hyper-parameter changed.
    ///
    /// # Errors
    /// `UnknownParameter`, which lists the names there are; `InvalidParameter` when the value is of the wrong kind.
    /// Ranges are checked by `fit`.
    fn with_param(&self, name: &str, value: impl Into<Value>) -> Result<Self>
    where
        Self: Sized,
    {
        self.with_value(name, value.into())
    }

    /// As [`with_param`](Self::with_param), for a value that already is a [`Value`].
    ///
    /// # Errors
    /// As [`with_param`](Self::with_param).
    fn with_value(&self, name: &str, value: Value) -> Result<Self>
    where
        Self: Sized;
}

/// A plain struct of hyper-parameters; serde then gives [`Params`].
///
/// Derive `Serialize` and `Deserialize` with `#[serde(default, deny_unknown_fields)]`. Numbers that may be infinite or NaN
/// (every `f64`) take `#[serde(with = "fitwell::params::number")]`, so that they survive the way through JSON.
pub trait Hyperparameters: Clone + Default + Serialize + DeserializeOwned {
    /// The name errors and model files use: the type's own.
    const NAME: &'static str;

    /// Called on a copy made through serde: restores from the original what is no hyper-parameter (an observer).
    #[must_use]
    fn restore(self, _original: &Self) -> Self {
        self
    }

    /// Checks the range of every hyper-parameter. `fit` does it first.
    ///
    /// # Errors
    /// `InvalidParameter`.
    fn check(&self) -> Result<()>;
}

impl<T: Hyperparameters> Params for T {
    fn params(&self) -> BTreeMap<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map.into_iter().collect(),
            _ => BTreeMap::new(),
        }
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut all = self.params();
        let Some(slot) = all.get_mut(name) else {
            return Err(unknown::<T>(name, all.keys()));
        };
        let given = value.to_string();
        *slot = value;
        serde_json::from_value::<T>(Value::Object(all.into_iter().collect()))
            .map(|new| new.restore(self))
            .map_err(|e| {
                Error::invalid_parameter(T::NAME, name, expectation(&e.to_string()), given)
            })
    }
}

fn unknown<'a, T: Hyperparameters>(name: &str, known: impl Iterator<Item = &'a String>) -> Error {
    ErrorKind::UnknownParameter {
        estimator: T::NAME.into(),
        name: name.into(),
        known: known.cloned().collect(),
    }
    .into()
}

/// What serde expected, out of its message `invalid type: .., expected ..`.
fn expectation(message: &str) -> String {
    match message.rsplit_once("expected ") {
        Some((_, expected)) => expected.to_string(),
        None => format!("valid ({message})"),
    }
}

/// The hyper-parameters that differ from the default, as `Ridge(alpha=0.5)`.
pub fn describe<T: Hyperparameters>(estimator: &T) -> String {
    let defaults = T::default().params();
    let changed: Vec<String> = estimator
        .params()
        .into_iter()
        .filter(|(name, value)| defaults.get(name) != Some(value))
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text:?}"),
            other => format!("{name}={other}"),
        })
        .collect();
    format!("{}({})", T::NAME, changed.join(", "))
}

/// Serde for `f64` hyper-parameters: finite values as numbers, the others as `"inf"`, `"-inf"` and `"nan"`, which JSON
/// could not hold otherwise. Model files in binary form hold the bits.
pub mod number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Text {
        Number(f64),
        Name(String),
    }

    /// Writes the number.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.is_finite() || !serializer.is_human_readable() {
            return value.serialize(serializer);
        }
        let name = if value.is_nan() {
            "nan"
        } else if *value > 0.0 {
            "inf"
        } else {
            "-inf"
        };
        name.serialize(serializer)
    }

    /// Reads the number.
    ///
    /// # Errors
    /// Anything that is not a number or one of the three names.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        if !deserializer.is_human_readable() {
            return f64::deserialize(deserializer);
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Number(value)) => Ok(value),
            Ok(Text::Name(name)) => match name.as_str() {
                "inf" => Ok(f64::INFINITY),
                "-inf" => Ok(f64::NEG_INFINITY),
                "nan" => Ok(f64::NAN),
                _ => Err(de::Error::custom(
                    "expected a number, \"inf\", \"-inf\" or \"nan\"",
                )),
            },
            Err(_) => Err(de::Error::custom(
                "expected a number, \"inf\", \"-inf\" or \"nan\"",
            )),
        }
    }
}

/// As [`number`], for `Option<f64>` hyper-parameters: `null` for none.
pub mod optional_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "super::number")] f64);

    /// Writes the number, or none.
    ///
    /// # Errors
    /// The serializer's.
    pub fn serialize<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
        value.map(Number).serialize(serializer)
    }

    /// Reads the number, or none.
    ///
    /// # Errors
    /// Anything that is neither `null` nor what [`number`](super::number) reads.
    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<f64>, D::Error> {
        Ok(Option::<Number>::deserialize(deserializer)?.map(|number| number.0))
    }
}
