//! Parts, their hyper-parameters and their output columns by name.

use std::any::Any;
use std::collections::BTreeMap;

use super::{FittedPart, Kind, NoParts, Part, Parts, place};
use crate::error::{Error, Result};
use crate::params::{Params, Value};
use crate::pipeline::{FeatureNaming, Remainder};
use crate::traits::FeatureNamesOut;

/// The names of parts.
pub trait PartNames {
    /// The names, in order.
    fn names(&self) -> Vec<&str>;
}

/// Parts by name.
pub trait PartAccess: PartNames {
    /// The step of a part, fitted or not.
    fn get(&self, name: &str) -> Option<&dyn Any>;
}

impl PartNames for NoParts {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl PartAccess for NoParts {
    fn get(&self, _: &str) -> Option<&dyn Any> {
        None
    }
}

impl PartNames for Remainder {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl PartAccess for Remainder {
    fn get(&self, _: &str) -> Option<&dyn Any> {
        None
    }
}

macro_rules! by_name {
    ($part:ident, |$p:ident| $step:expr) => {
        impl<A: PartNames, K, S> PartNames for Parts<A, $part<K, S>> {
            fn names(&self) -> Vec<&str> {
                let mut names = self.before.names();
                names.push(&self.last.name);
                names
            }
        }

        impl<A: PartAccess, K, S: 'static> PartAccess for Parts<A, $part<K, S>> {
            fn get(&self, name: &str) -> Option<&dyn Any> {
                if self.last.name == name {
                    let $p = &self.last;
                    return $step.map(|step| step as &dyn Any);
                }
                self.before.get(name)
            }
        }
    };
}
by_name!(Part, |part| Some(&part.step));
by_name!(FittedPart, |part| part.model.as_ref());

/// Hyper-parameters of parts, as `name__parameter`.
pub trait PartParams: Clone {
    /// Adds all of them.
    fn collect_params(&self, all: &mut BTreeMap<String, Value>);

    /// A copy with one changed; `None` if no part has this name.
    ///
    /// # Errors
    /// As [`Params::with_param`].
    fn with_part_value(&self, name: &str, value: &Value) -> Result<Option<Self>>;
}

impl PartParams for NoParts {
    fn collect_params(&self, _: &mut BTreeMap<String, Value>) {}
    fn with_part_value(&self, _: &str, _: &Value) -> Result<Option<Self>> {
        Ok(None)
    }
}

/// `remainder`: `"drop"` or `"passthrough"`.
impl PartParams for Remainder {
    fn collect_params(&self, all: &mut BTreeMap<String, Value>) {
        if let Ok(value) = serde_json::to_value(self) {
            all.insert(super::REMAINDER.into(), value);
        }
    }
    fn with_part_value(&self, name: &str, value: &Value) -> Result<Option<Self>> {
        if name != super::REMAINDER {
            return Ok(None);
        }
        let expected = "\"drop\" or \"passthrough\"";
        let refused = |_| Error::invalid_parameter("ColumnTransformer", name, expected, value);
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(refused)
    }
}

impl<A: PartParams, K, S: Params> PartParams for Parts<A, Part<K, S>>
where
    Part<K, S>: Clone,
{
    fn collect_params(&self, all: &mut BTreeMap<String, Value>) {
        self.before.collect_params(all);
        let own = self.last.step.params().into_iter();
        all.extend(own.map(|(name, value)| (format!("{}__{name}", self.last.name), value)));
    }

    fn with_part_value(&self, name: &str, value: &Value) -> Result<Option<Self>> {
        let inner = name
            .strip_prefix(&self.last.name)
            .and_then(|rest| rest.strip_prefix("__"));
        if let Some(inner) = inner {
            let mut changed = self.clone();
            changed.last.step = self.last.step.with_value(inner, value.clone())?;
            return Ok(Some(changed));
        }
        let before = self.before.with_part_value(name, value)?;
        Ok(before.map(|before| Parts {
            before,
            last: self.last.clone(),
        }))
    }
}

/// The names of the output columns of parts.
pub trait PartNamesOut {
    /// Adds the names, as `naming` says. `input` are the names of all columns of the samples, where they have names.
    ///
    /// # Errors
    /// As [`FeatureNamesOut::feature_names_out`].
    fn names_out(
        &self,
        input: Option<&[String]>,
        naming: &FeatureNaming,
        out: &mut Vec<String>,
    ) -> Result<()>;
}

impl PartNamesOut for NoParts {
    fn names_out(
        &self,
        _: Option<&[String]>,
        _: &FeatureNaming,
        _: &mut Vec<String>,
    ) -> Result<()> {
        Ok(())
    }
}

impl<A: PartNamesOut, K: Kind, M: FeatureNamesOut> PartNamesOut for Parts<A, FittedPart<K, M>> {
    fn names_out(
        &self,
        input: Option<&[String]>,
        naming: &FeatureNaming,
        out: &mut Vec<String>,
    ) -> Result<()> {
        self.before.names_out(input, naming, out)?;
        let part = &self.last;
        let Some(model) = &part.model else {
            return Ok(());
        };
        let names = match input {
            Some(input) if !K::WHOLE => {
                let own = part.columns.iter().filter_map(|&c| input.get(c));
                let own: Vec<String> = own.cloned().collect();
                model.feature_names_out(Some(&own))
            }
            input => model.feature_names_out(input),
        };
        let names = names.map_err(|e| e.within(place(&part.name)))?;
        if names.len() != part.width {
            let error = Error::shape("number of feature names", part.width, names.len());
            return Err(error.within(place(&part.name)));
        }
        out.extend(names.iter().map(|name| naming.name(&part.name, name)));
        Ok(())
    }
}
