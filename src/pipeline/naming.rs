//! How the columns of the result are named after parts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, shorten};
use crate::params::Value;

/// How the columns of the result are named: `verbose_feature_names_out`.
///
/// Made from a boolean or a format:
///
/// ```
/// use fitwell::pipeline::FeatureNaming;
///
/// assert_eq!(FeatureNaming::from(true).name("num", "age"), "num__age");
/// assert_eq!(FeatureNaming::from(false).name("num", "age"), "age");
/// let format = FeatureNaming::from("{feature_name} ({transformer_name})");
/// assert_eq!(format.name("num", "age"), "age (num)");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureNaming {
    /// `part__feature`; also `true`.
    #[default]
    Prefixed,
    /// The feature's own name, which no other column may have; also `false`.
    Plain,
    /// A text in which `{transformer_name}` and `{feature_name}` are replaced; `{{` and `}}` are braces.
    Format(String),
}

impl FeatureNaming {
    /// The name of a part's feature. A format that `fit` refuses is left as it is.
    pub fn name(&self, part: &str, feature: &str) -> String {
        match self {
            FeatureNaming::Prefixed => format!("{part}__{feature}"),
            FeatureNaming::Plain => feature.into(),
            FeatureNaming::Format(text) => {
                fill(text, part, feature).unwrap_or_else(|_| text.clone())
            }
        }
    }

    pub(super) fn check(&self, estimator: &str) -> Result<()> {
        let FeatureNaming::Format(text) = self else {
            return Ok(());
        };
        fill(text, "", "").map(|_| ()).map_err(|field| {
            let expected = "a boolean or a format of {transformer_name} and {feature_name}";
            let got = format!("{:?} with {:?}", shorten(text), shorten(field));
            Error::invalid_parameter(estimator, "verbose_feature_names_out", expected, got)
        })
    }

    /// As a parameter: `true`, `false` or the format.
    pub(super) fn to_value(&self) -> Value {
        match self {
            FeatureNaming::Prefixed => true.into(),
            FeatureNaming::Plain => false.into(),
            FeatureNaming::Format(text) => text.as_str().into(),
        }
    }

    pub(super) fn from_value(estimator: &str, value: &Value) -> Result<Self> {
        match value {
            Value::Bool(verbose) => Ok((*verbose).into()),
            Value::String(text) => Ok(text.as_str().into()),
            _ => {
                let name = "verbose_feature_names_out";
                let expected = "a boolean or a format";
                Err(Error::invalid_parameter(estimator, name, expected, value))
            }
        }
    }
}

impl From<bool> for FeatureNaming {
    fn from(verbose: bool) -> Self {
        match verbose {
            true => FeatureNaming::Prefixed,
            false => FeatureNaming::Plain,
        }
    }
}

impl From<&str> for FeatureNaming {
    fn from(format: &str) -> Self {
        FeatureNaming::Format(format.into())
    }
}

impl From<String> for FeatureNaming {
    fn from(format: String) -> Self {
        FeatureNaming::Format(format)
    }
}

/// `true`, `false` or the format.
impl fmt::Display for FeatureNaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

/// The format with its fields replaced, or what is no field.
fn fill<'a>(format: &'a str, part: &str, feature: &str) -> std::result::Result<String, &'a str> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let replaced = [
            ("{{", "{"),
            ("}}", "}"),
            ("{transformer_name}", part),
            ("{feature_name}", feature),
        ];
        let Some((field, text)) = replaced.iter().find(|(field, _)| rest.starts_with(field)) else {
            return Err(rest);
        };
        out.push_str(text);
        rest = &rest[field.len()..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The settings that [`FeatureUnion`](super::FeatureUnion) and [`ColumnTransformer`](super::ColumnTransformer) share.
macro_rules! settings_of_parts {
    () => {
        /// What the columns of a part are multiplied by, by the part's name; 1 for those not named.
        #[must_use]
        pub fn transformer_weights<N: Into<String>>(
            mut self,
            weights: impl IntoIterator<Item = (N, f64)>,
        ) -> Self {
            let weights = weights.into_iter();
            self.transformer_weights = weights.map(|(name, w)| (name.into(), w)).collect();
            self
        }

        /// How the columns of the result are named: `true` for `part__feature`, `false` for `feature` alone, or a format
        /// such as `"{feature_name} of {transformer_name}"`. Names must not repeat.
        #[must_use]
        pub fn verbose_feature_names_out(mut self, naming: impl Into<FeatureNaming>) -> Self {
            self.verbose_feature_names_out = naming.into();
            self
        }
    };
}
pub(super) use settings_of_parts;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        for (format, expected) in [
            ("", Ok("")),
            ("{feature_name}{transformer_name}", Ok("fp")),
            ("{{{feature_name}}}é", Ok("{f}é")),
            ("{0}", Err("{0}")),
            ("a{", Err("{")),
            ("}é", Err("}é")),
            ("{feature_name", Err("{feature_name")),
        ] {
            assert_eq!(
                fill(format, "p", "f"),
                expected.map(String::from),
                "{format}"
            );
            let naming = FeatureNaming::from(format);
            assert_eq!(naming.check("T").is_ok(), expected.is_ok(), "{format}");
        }
    }
}
