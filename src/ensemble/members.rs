//! Named estimators in a list.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::meta::{each, nested};
use crate::model::{Model, ensure};
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::Estimator;

/// Estimators, or models, by name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Members<E> {
    pub(super) names: Vec<String>,
    pub(super) members: Vec<E>,
}

impl<E> Members<E> {
    pub(super) fn new<N: Into<String>>(members: impl IntoIterator<Item = (N, E)>) -> Self {
        let (names, members) = members.into_iter().map(|(n, e)| (n.into(), e)).unzip();
        Members { names, members }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &E)> {
        self.names.iter().map(String::as_str).zip(&self.members)
    }

    /// `estimator "name"`.
    pub(super) fn place(&self, i: usize) -> String {
        format!("estimator {:?}", self.names[i])
    }

    /// What each member says, side by side.
    pub(super) fn map<T: Send>(&self, say: impl Fn(&E) -> Result<T> + Sync + Send) -> Result<Vec<T>>
    where
        E: Sync,
    {
        each(self.len(), |i| {
            say(&self.members[i]).map_err(|e| e.within(self.place(i)))
        })
    }

    pub(super) fn parts(&self) -> Vec<(&str, &dyn fmt::Display)>
    where
        E: fmt::Display,
    {
        self.iter()
            .map(|(n, e)| (n, e as &dyn fmt::Display))
            .collect()
    }
}

impl<E> Members<&E> {
    /// Fits each to all rows, side by side.
    pub(super) fn fit<X, Y>(&self, x: &X, y: &Y) -> Result<Members<E::Fitted>>
    where
        X: Samples + ?Sized,
        Y: Targets + ?Sized,
        E: Estimator<X, Y, Fitted: Send> + Sync,
    {
        let members = each(self.len(), |i| {
            let fitted = self.members[i].fit(x, y);
            fitted.map_err(|e| e.within(self.place(i)))
        })?;
        Ok(Members {
            names: self.names.clone(),
            members,
        })
    }
}

/// Estimators by name, of which some may be left out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Roster<E> {
    all: Members<E>,
    /// The names of those that are left out.
    dropped: Vec<String>,
}

/// What the parameter named after an estimator says.
const FIT: &str = "fit";
const DROP: &str = "drop";

impl<E> Roster<E> {
    pub(super) fn new<N: Into<String>>(members: impl IntoIterator<Item = (N, E)>) -> Self {
        Roster {
            all: Members::new(members),
            dropped: Vec::new(),
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &E)> {
        self.all.iter()
    }

    pub(super) fn drop(&mut self, name: String) {
        if !self.dropped.contains(&name) {
            self.dropped.push(name);
        }
    }

    fn is_dropped(&self, name: &str) -> bool {
        self.dropped.iter().any(|dropped| dropped == name)
    }

    /// Those that are not left out. There is one, and all names are distinct, not empty, without `__`, and none of `taken`.
    pub(super) fn chosen<'a>(
        &self,
        estimator: &str,
        taken: impl Iterator<Item = &'a String>,
    ) -> Result<Members<&E>> {
        let refuse = |expected: &str, got: &str| {
            Err(Error::invalid_parameter(
                estimator,
                "estimators",
                expected,
                got,
            ))
        };
        let mut seen: std::collections::HashSet<&String> = taken.collect();
        for name in &self.all.names {
            if name.is_empty() || name.contains("__") {
                return refuse("named by texts that are not empty and without `__`", name);
            }
            if !seen.insert(name) {
                return refuse(
                    "named by texts that differ from each other and from settings",
                    name,
                );
            }
        }
        if let Some(name) = self.dropped.iter().find(|n| !self.all.names.contains(n)) {
            return refuse("with one of the name that is dropped", name);
        }
        let chosen = Members::new(self.iter().filter(|(name, _)| !self.is_dropped(name)));
        match chosen.members.is_empty() {
            true => refuse("at least one estimator that is not dropped", "none"),
            false => Ok(chosen),
        }
    }

    /// The weights of those that are not left out.
    pub(super) fn chosen_weights(
        &self,
        estimator: &str,
        weights: Option<&[f64]>,
    ) -> Result<Option<Vec<f64>>> {
        check_count(estimator, weights, self.all.len())?;
        let Some(weights) = weights else {
            return Ok(None);
        };
        let both = self.all.names.iter().zip(weights);
        let kept = both.filter(|(name, _)| !self.is_dropped(name));
        let kept: Vec<f64> = kept.map(|(_, w)| *w).collect();
        check_weights(estimator, Some(&kept))?;
        Ok(Some(kept))
    }

    pub(super) fn parts(&self) -> Vec<(&str, &dyn fmt::Display)>
    where
        E: fmt::Display,
    {
        let part = |(name, e)| match self.is_dropped(name) {
            true => (name, &DROP as &dyn fmt::Display),
            false => (name, e as &dyn fmt::Display),
        };
        self.iter().map(part).collect()
    }
}

impl<E: Params> Roster<E> {
    pub(super) fn params(&self) -> BTreeMap<String, Value> {
        let mut all: BTreeMap<String, Value> = self
            .iter()
            .flat_map(|(n, e)| nested(n, e.params()))
            .collect();
        for name in &self.all.names {
            let how = if self.is_dropped(name) { DROP } else { FIT };
            all.insert(name.clone(), how.into());
        }
        all
    }

    /// With a parameter of a member changed, or the member left out; nothing if the name is of no member.
    pub(super) fn with_value(
        &self,
        estimator: &str,
        name: &str,
        value: &Value,
    ) -> Result<Option<Self>> {
        let (member, inner) = match name.split_once("__") {
            Some((member, inner)) => (member, Some(inner)),
            None => (name, None),
        };
        let Some(i) = self.all.names.iter().position(|n| n == member) else {
            return Ok(None);
        };
        let mut new = self.clone();
        match (inner, value.as_str()) {
            (Some(inner), _) => {
                new.all.members[i] = self.all.members[i].with_value(inner, value.clone())?;
            }
            (None, Some(FIT)) => new.dropped.retain(|dropped| dropped != member),
            (None, Some(DROP)) => new.drop(member.into()),
            _ => {
                let expected = format!("\"{FIT}\" or \"{DROP}\"");
                return Err(Error::invalid_parameter(estimator, name, expected, value));
            }
        }
        Ok(Some(new))
    }
}

impl<E: Model> Roster<E> {
    pub(super) fn validate(&self) -> Result<()> {
        self.all.validate()?;
        let known = |name: &String| self.all.names.contains(name);
        ensure::that(self.dropped.iter().all(known), || {
            "an estimator is dropped that is not there".into()
        })
    }
}

impl<E: Model> Members<E> {
    pub(super) fn validate(&self) -> Result<()> {
        ensure::at_least("number of estimators", self.len(), 1)?;
        ensure::names("names of estimators", &self.names, self.len())?;
        self.members.iter().try_for_each(Model::validate)
    }
}

/// Parameters, text and files of an estimator with `estimators` and `settings`.
macro_rules! around_members {
    ($name:ident<$e:ident>) => {
        /// The settings, the estimators' parameters after their names, `name__...`, and `"fit"` or `"drop"` under each name.
        impl<$e: $crate::params::Params> $crate::params::Params for $name<$e> {
            fn params(&self) -> std::collections::BTreeMap<String, $crate::params::Value> {
                let mut all = self.settings.params();
                all.extend(self.estimators.params());
                all
            }
            fn with_value(&self, name: &str, value: $crate::params::Value) -> $crate::Result<Self> {
                let mut new = self.clone();
                if let Some(estimators) = self.estimators.with_value(NAME, name, &value)? {
                    new.estimators = estimators;
                } else if self.settings.params().contains_key(name) {
                    new.settings = self.settings.with_value(name, value)?;
                } else {
                    return Err($crate::meta::unknown_parameter(NAME, name, self.params()));
                }
                Ok(new)
            }
        }

        impl<$e> $name<$e> {
            /// Without the estimator of this name, as long as the parameter of that name is `"drop"`.
            pub fn drop(mut self, name: impl Into<String>) -> Self {
                self.estimators.drop(name.into());
                self
            }
        }

        impl<$e: std::fmt::Display> std::fmt::Display for $name<$e> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let head = $crate::params::describe(&self.settings);
                $crate::meta::indented(f, &head, &self.estimators.parts())
            }
        }

        impl<$e: $crate::model::Model> $crate::model::Model for $name<$e> {
            fn type_name() -> String {
                format!("{NAME}<{}>", $e::type_name())
            }
            fn validate(&self) -> $crate::Result<()> {
                $crate::params::Hyperparameters::check(&self.settings)?;
                self.estimators.validate()
            }
        }
    };
}
pub(super) use around_members;

/// Weights of votes.
pub(super) fn check_weights(estimator: &str, weights: Option<&[f64]>) -> Result<()> {
    let Some(weights) = weights else {
        return Ok(());
    };
    let fine =
        weights.iter().all(|w| w.is_finite() && *w >= 0.0) && weights.iter().any(|w| *w > 0.0);
    if fine {
        return Ok(());
    }
    let expected = "finite, not negative and not all zero";
    Err(Error::invalid_parameter(
        estimator,
        "weights",
        expected,
        format!("{weights:?}"),
    ))
}

/// There is a weight for each member.
fn check_count(estimator: &str, weights: Option<&[f64]>, members: usize) -> Result<()> {
    match weights {
        Some(w) if w.len() != members => {
            let expected = format!("one number for each of the {members} estimators");
            let got = format!("{} numbers", w.len());
            Err(Error::invalid_parameter(
                estimator, "weights", expected, got,
            ))
        }
        _ => Ok(()),
    }
}

/// The weights of a vote as a model file may hold them.
pub(super) fn validate_weights(weights: Option<&[f64]>, members: usize) -> Result<()> {
    let Some(weights) = weights else {
        return Ok(());
    };
    ensure::equal("number of weights", weights.len(), members)?;
    ensure::non_negative("weights", weights)?;
    ensure::that(weights.iter().any(|w| *w > 0.0), || {
        "all weights are zero".into()
    })
}
