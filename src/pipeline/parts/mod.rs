//! Parts side by side, as a typed list: [`NoParts`], then [`Parts`] upon [`Parts`], each with a [`Part`] more.
//!
//! Programs name these types only in signatures; [`ColumnTransformer`](super::ColumnTransformer) and
//! [`FeatureUnion`](super::FeatureUnion) make them.

mod access;
mod describe;
mod fit;
mod kind;
mod transform;

use std::marker::PhantomData;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::model::Model;
use crate::table::Columns;

pub use access::{PartAccess, PartNames, PartNamesOut, PartParams};
pub use describe::DescribeParts;
pub(super) use fit::FittedRemainder;
pub use fit::{FitParts, How, Learned};
pub use kind::{Dropped, Kind, Mixed, Numeric, PartKind, Whole};
pub(super) use transform::{AT_ONCE, side_by_side};
pub use transform::{FittedParts, Slot, TransformParts};

/// The name of the part that takes what no other takes.
pub(super) const REMAINDER: &str = "remainder";

/// No parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoParts;

/// Some parts and one more, unfitted or fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts<A, P> {
    pub(super) before: A,
    pub(super) last: P,
}

/// A step for some columns, under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part<K, S> {
    name: String,
    columns: Columns,
    step: S,
    kind: PhantomData<K>,
}

impl<K, S> Part<K, S> {
    pub(super) fn new(name: impl Into<String>, columns: Columns, step: S) -> Self {
        Part {
            name: name.into(),
            columns,
            step,
            kind: PhantomData,
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The choice of columns.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The estimator.
    pub fn step(&self) -> &S {
        &self.step
    }
}

/// What a part learned: which columns it takes, how many it gives, and the fitted step, if there were any columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPart<K, M> {
    name: String,
    columns: Vec<usize>,
    width: usize,
    weight: Option<f64>,
    model: Option<M>,
    kind: PhantomData<K>,
}

impl<K, M> FittedPart<K, M> {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The positions of the part's columns among those at fit.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The number of columns it gives.
    pub fn width(&self) -> usize {
        self.width
    }

    /// What its columns are multiplied by, if by anything.
    pub fn weight(&self) -> Option<f64> {
        self.weight
    }

    /// The fitted step; `None` if the part has no columns.
    pub fn model(&self) -> Option<&M> {
        self.model.as_ref()
    }
}

/// Where an error happened.
pub(super) fn place(name: &str) -> String {
    match name {
        REMAINDER => REMAINDER.into(),
        name => format!("part `{name}`"),
    }
}

// Model files.

impl Model for NoParts {
    fn type_name() -> String {
        "NoParts".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl<A: Model, P: Model> Model for Parts<A, P> {
    fn type_name() -> String {
        format!("Parts<{}, {}>", A::type_name(), P::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.before.validate()?;
        self.last.validate()
    }
}

impl<K: Kind, S: Model> Model for Part<K, S> {
    fn type_name() -> String {
        format!("Part<{}, {}>", K::NAME, S::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.step
            .validate()
            .map_err(|e| e.within(place(&self.name)))
    }
}

impl<K: Kind, M: Model> Model for FittedPart<K, M> {
    fn type_name() -> String {
        format!("FittedPart<{}, {}>", K::NAME, M::type_name())
    }
    fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::model_file(what).within(place(&self.name)));
        match &self.model {
            Some(_) if self.columns.is_empty() && !K::WHOLE => wrong("a model without columns"),
            None if !self.columns.is_empty() || self.width > 0 => wrong("columns without a model"),
            Some(model) => model.validate().map_err(|e| e.within(place(&self.name))),
            None => Ok(()),
        }
    }
}
