//! Settings of the target encoder that are a number or a word.

use std::fmt;

use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::model_selection::{KFold, Split, StratifiedKFold};
use crate::params::Hyperparameters;

/// What kind of target [`TargetEncoder`](super::TargetEncoder) learns from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TargetType {
    /// By the type of the target: an array is continuous, `Labels` of at most two classes are binary, of more multiclass.
    #[default]
    Auto,
    /// At most two classes: one column for each feature, about the second class.
    Binary,
    /// Classes: a column for each feature and class.
    Multiclass,
    /// Real numbers. `Labels` of integers and booleans count as the numbers they are.
    Continuous,
}

impl fmt::Display for TargetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            TargetType::Auto => "auto",
            TargetType::Binary => "binary",
            TargetType::Multiclass => "multiclass",
            TargetType::Continuous => "continuous",
        })
    }
}

/// How much the mean of a category is drawn to the mean of all rows. Numbers convert.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Smooth {
    /// As much as the variance of the target in the category says.
    #[default]
    Auto,
    /// As if so many rows of every category had the mean of all rows.
    Rows(f64),
}

impl From<f64> for Smooth {
    fn from(rows: f64) -> Self {
        Smooth::Rows(rows)
    }
}

impl Smooth {
    pub(super) fn check(self, estimator: &str) -> Result<()> {
        match self {
            Smooth::Auto => Ok(()),
            Smooth::Rows(rows) => check::real(estimator, "smooth", rows, Interval::at_least(0.0)),
        }
    }
}

/// The folds of cross-fitting. A number of folds, [`KFold`], [`StratifiedKFold`] and a list of [`Split`]s convert.
#[derive(Clone, Debug, PartialEq)]
pub enum CrossFit {
    /// So many folds: [`StratifiedKFold`] for classes, [`KFold`] for continuous targets, shuffled by the encoder's own
    /// settings.
    Folds(usize),
    /// These, whatever the target.
    KFold(KFold),
    /// These; the target must be of classes.
    StratifiedKFold(StratifiedKFold),
    /// These; each row must be a test row exactly once.
    Splits(Vec<Split>),
}

impl Default for CrossFit {
    fn default() -> Self {
        CrossFit::Folds(5)
    }
}

impl From<usize> for CrossFit {
    fn from(n_splits: usize) -> Self {
        CrossFit::Folds(n_splits)
    }
}

impl From<KFold> for CrossFit {
    fn from(folds: KFold) -> Self {
        CrossFit::KFold(folds)
    }
}

impl From<StratifiedKFold> for CrossFit {
    fn from(folds: StratifiedKFold) -> Self {
        CrossFit::StratifiedKFold(folds)
    }
}

impl From<Vec<Split>> for CrossFit {
    fn from(splits: Vec<Split>) -> Self {
        CrossFit::Splits(splits)
    }
}

impl CrossFit {
    pub(super) fn check(&self, estimator: &str) -> Result<()> {
        match self {
            CrossFit::Folds(n_splits) => check::count(estimator, "cv", *n_splits, 2),
            CrossFit::KFold(folds) => folds.check(),
            CrossFit::StratifiedKFold(folds) => folds.check(),
            CrossFit::Splits(_) => Ok(()),
        }
    }
}

// In JSON the plain number or word; binary formats are not self-describing and hold which it is.

#[derive(Serialize, Deserialize)]
enum TaggedSmooth {
    Auto,
    Rows(f64),
}

impl Serialize for Smooth {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match (self, serializer.is_human_readable()) {
            (Smooth::Auto, true) => "auto".serialize(serializer),
            (Smooth::Rows(rows), true) => crate::params::number::serialize(rows, serializer),
            (Smooth::Auto, false) => TaggedSmooth::Auto.serialize(serializer),
            (Smooth::Rows(rows), false) => TaggedSmooth::Rows(*rows).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Smooth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(PlainSmooth);
        }
        Ok(match TaggedSmooth::deserialize(deserializer)? {
            TaggedSmooth::Auto => Smooth::Auto,
            TaggedSmooth::Rows(rows) => Smooth::Rows(rows),
        })
    }
}

struct PlainSmooth;

impl Visitor<'_> for PlainSmooth {
    type Value = Smooth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`auto` or a number")
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> std::result::Result<Smooth, E> {
        Ok(Smooth::Rows(v as f64))
    }
    fn visit_i64<E: de::Error>(self, v: i64) -> std::result::Result<Smooth, E> {
        Ok(Smooth::Rows(v as f64))
    }
    fn visit_f64<E: de::Error>(self, v: f64) -> std::result::Result<Smooth, E> {
        Ok(Smooth::Rows(v))
    }
    fn visit_str<E: de::Error>(self, v: &str) -> std::result::Result<Smooth, E> {
        match v {
            "auto" => Ok(Smooth::Auto),
            "inf" => Ok(Smooth::Rows(f64::INFINITY)),
            "-inf" => Ok(Smooth::Rows(f64::NEG_INFINITY)),
            "nan" => Ok(Smooth::Rows(f64::NAN)),
            _ => Err(E::custom("expected `auto` or a number")),
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum TaggedFolds {
    Folds(usize),
    KFold(KFold),
    StratifiedKFold(StratifiedKFold),
    Splits(Vec<Split>),
}

impl From<TaggedFolds> for CrossFit {
    fn from(folds: TaggedFolds) -> Self {
        match folds {
            TaggedFolds::Folds(n_splits) => CrossFit::Folds(n_splits),
            TaggedFolds::KFold(folds) => CrossFit::KFold(folds),
            TaggedFolds::StratifiedKFold(folds) => CrossFit::StratifiedKFold(folds),
            TaggedFolds::Splits(splits) => CrossFit::Splits(splits),
        }
    }
}

impl Serialize for CrossFit {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.clone() {
            CrossFit::Folds(n_splits) if serializer.is_human_readable() => {
                return n_splits.serialize(serializer);
            }
            CrossFit::Folds(n_splits) => TaggedFolds::Folds(n_splits),
            CrossFit::KFold(folds) => TaggedFolds::KFold(folds),
            CrossFit::StratifiedKFold(folds) => TaggedFolds::StratifiedKFold(folds),
            CrossFit::Splits(splits) => TaggedFolds::Splits(splits),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for CrossFit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return deserializer.deserialize_any(PlainFolds);
        }
        Ok(TaggedFolds::deserialize(deserializer)?.into())
    }
}

struct PlainFolds;

impl<'de> Visitor<'de> for PlainFolds {
    type Value = CrossFit;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of folds, `k_fold`, `stratified_k_fold` or `splits`")
    }
    fn visit_u64<E: de::Error>(self, v: u64) -> std::result::Result<CrossFit, E> {
        usize::try_from(v).map_or_else(
            |_| Err(E::custom("expected a number of folds")),
            |n_splits| Ok(CrossFit::Folds(n_splits)),
        )
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<CrossFit, A::Error> {
        let tagged = de::value::MapAccessDeserializer::new(map);
        Ok(TaggedFolds::deserialize(tagged)?.into())
    }
}
