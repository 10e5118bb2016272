//! The hyper-parameters of one candidate, as text.

use std::collections::{BTreeMap, btree_map};
use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

use super::param_grid::as_text;
use crate::params::Value;

/// The hyper-parameters that a candidate of a search sets, by name.
///
/// It is a map that reads as `alpha=0.5, solver="svd"`.
///
/// ```
/// use fitwell::model_selection::{GridSearchCv, ParamGrid};
/// use fitwell::{linear_model::Ridge, prelude::*};
///
/// let data = fitwell::datasets::load_diabetes()?;
/// let grid = ParamGrid::new().with("alpha", [0.1]).with("solver", ["svd"]);
/// let results = GridSearchCv::new(Ridge::new(), grid).search(&data.x, &data.target)?;
/// let best = results.best_params();
/// assert_eq!(best["alpha"], 0.1);
/// assert_eq!(best.to_string(), "alpha=0.1, solver=\"svd\"");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ParamValues(#[serde(with = "as_text")] BTreeMap<String, Value>);

impl From<BTreeMap<String, Value>> for ParamValues {
    fn from(values: BTreeMap<String, Value>) -> Self {
        ParamValues(values)
    }
}

impl Deref for ParamValues {
    type Target = BTreeMap<String, Value>;
    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<'a> IntoIterator for &'a ParamValues {
    type Item = (&'a String, &'a Value);
    type IntoIter = btree_map::Iter<'a, String, Value>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl fmt::Display for ParamValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

/// As a map of values, without the names of their types.
impl fmt::Debug for ParamValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in &self.0 {
            map.entry(name, &format_args!("{value}"));
        }
        map.finish()
    }
}

/// `alpha=0.5, solver="svd"`.
pub(super) fn text(values: &BTreeMap<String, Value>) -> String {
    let values: Vec<String> = values.iter().map(|(k, v)| format!("{k}={v}")).collect();
    values.join(", ")
}
