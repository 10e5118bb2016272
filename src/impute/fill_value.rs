//! `fill_value` beside `strategy`: the constant of [`Strategy::Constant`](super::Strategy) as people read and write it.

use serde_json::Value;

const FILL_VALUE: &str = "fill_value";

/// `{strategy: {constant: v}}` as `{strategy: "constant", fill_value: v}`.
pub(super) fn apart(mut settings: Value, strategy: &str) -> Value {
    if let Some(all) = settings.as_object_mut()
        && let Some(fill_value) = all.get_mut(strategy).and_then(|s| s.get_mut("constant"))
    {
        let fill_value = fill_value.take();
        all.insert(strategy.into(), "constant".into());
        all.insert(FILL_VALUE.into(), fill_value);
    }
    settings
}

/// The other way; the value belongs to `"constant"`, and another strategy lets it go.
pub(super) fn together(mut settings: Value, strategy: &str) -> Value {
    if let Some(all) = settings.as_object_mut()
        && let Some(fill_value) = all.remove(FILL_VALUE)
        && let Some(given) = all.get_mut(strategy)
        && given == "constant"
    {
        *given = serde_json::json!({ "constant": fill_value });
    }
    settings
}

/// Implements serde for settings that derive it with `remote = "Self"`: for people with the constant apart.
macro_rules! with_fill_value {
    ($settings:ident, $strategy:literal) => {
        impl ::serde::Serialize for $settings {
            fn serialize<S: ::serde::Serializer>(
                &self,
                serializer: S,
            ) -> ::std::result::Result<S::Ok, S::Error> {
                if !serializer.is_human_readable() {
                    return $settings::serialize(self, serializer);
                }
                let all = $settings::serialize(self, ::serde_json::value::Serializer)
                    .map_err(::serde::ser::Error::custom)?;
                $crate::impute::fill_value::apart(all, $strategy).serialize(serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $settings {
            fn deserialize<D: ::serde::Deserializer<'de>>(
                deserializer: D,
            ) -> ::std::result::Result<Self, D::Error> {
                if !deserializer.is_human_readable() {
                    return $settings::deserialize(deserializer);
                }
                let all = ::serde_json::Value::deserialize(deserializer)?;
                $settings::deserialize($crate::impute::fill_value::together(all, $strategy))
                    .map_err(::serde::de::Error::custom)
            }
        }
    };
}
pub(super) use with_fill_value;
