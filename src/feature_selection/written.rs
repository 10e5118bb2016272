//! Settings that people write as a number or a word.

/// Serde for a type with `fn write(&self) -> Value` and `fn read(&Value) -> Option<Self>`: that value in the readable form,
/// its text in binary.
macro_rules! written {
    ($name:ident, $expected:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(
                &self,
                serializer: S,
            ) -> std::result::Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    self.write().serialize(serializer)
                } else {
                    self.write().to_string().serialize(serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(
                deserializer: D,
            ) -> std::result::Result<Self, D::Error> {
                let wrong = || serde::de::Error::custom(concat!("expected ", $expected));
                let value = if deserializer.is_human_readable() {
                    serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?
                } else {
                    let text = String::deserialize(deserializer)?;
                    serde_json::from_str(&text).map_err(|_| wrong())?
                };
                $name::read(&value).ok_or_else(wrong)
            }
        }
    };
}
pub(crate) use written;

use serde_json::Value;

/// A count: a whole number, not negative.
pub(crate) fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// A real number, or the name of one that is not finite.
pub(crate) fn real(value: &Value) -> Option<f64> {
    match value {
        Value::Number(v) => v.as_f64(),
        Value::String(name) => match name.as_str() {
            "nan" => Some(f64::NAN),
            "inf" => Some(f64::INFINITY),
            "-inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// The number as a value, which JSON has none for if it is not finite.
pub(crate) fn from_real(value: f64) -> Value {
    if value.is_nan() {
        "nan".into()
    } else if value.is_infinite() {
        if value > 0.0 { "inf" } else { "-inf" }.into()
    } else {
        value.into()
    }
}
