//! Counts that also have a name: rows of a batch, one size for a list of sizes, any number of epochs.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Rows of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BatchSize {
    /// 200, or all rows if there are fewer.
    #[default]
    Auto,
    /// So many, at most all.
    Rows(usize),
}

impl From<usize> for BatchSize {
    fn from(rows: usize) -> Self {
        BatchSize::Rows(rows)
    }
}

/// `"auto"` or a number; in binary files an option.
impl Serialize for BatchSize {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => match self {
                BatchSize::Auto => None::<usize>.serialize(serializer),
                BatchSize::Rows(rows) => Some(rows).serialize(serializer),
            },
            BatchSize::Auto => serializer.serialize_str("auto"),
            BatchSize::Rows(rows) => rows.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for BatchSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(Option::deserialize(deserializer)?.map_or(BatchSize::Auto, BatchSize::Rows));
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Rows(usize),
            Name(String),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Rows(rows)) => Ok(BatchSize::Rows(rows)),
            Ok(Text::Name(name)) if name == "auto" => Ok(BatchSize::Auto),
            _ => Err(de::Error::custom("expected \"auto\" or a number of rows")),
        }
    }
}

/// Serde for `hidden_layer_sizes`: a list, or one number for one layer.
pub(crate) mod sizes {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        sizes: &[usize],
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        sizes.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<Vec<usize>, D::Error> {
        if !deserializer.is_human_readable() {
            return Vec::deserialize(deserializer);
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            One(usize),
            Several(Vec<usize>),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::One(size)) => Ok(vec![size]),
            Ok(Text::Several(sizes)) => Ok(sizes),
            Err(_) => Err(de::Error::custom("expected a list of sizes, or one size")),
        }
    }
}

/// Serde for `n_iter_no_change`: a number, or `"inf"` for `usize::MAX`.
pub(crate) mod patience {
    use super::*;

    pub(crate) fn serialize<S: Serializer>(
        epochs: &usize,
        serializer: S,
    ) -> std::result::Result<S::Ok, S::Error> {
        if *epochs == usize::MAX && serializer.is_human_readable() {
            return serializer.serialize_str("inf");
        }
        epochs.serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> std::result::Result<usize, D::Error> {
        if !deserializer.is_human_readable() {
            return usize::deserialize(deserializer);
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Text {
            Epochs(usize),
            Name(String),
        }
        match Text::deserialize(deserializer) {
            Ok(Text::Epochs(epochs)) => Ok(epochs),
            Ok(Text::Name(name)) if name == "inf" => Ok(usize::MAX),
            _ => Err(de::Error::custom("expected a number of epochs, or \"inf\"")),
        }
    }
}
