//! What a search remembers of the first steps of pipelines, for the candidates that share them.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::params::Value;

/// The fitted first steps of one fold, by what distinguishes them.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// What is worth keeping.
    wanted: HashSet<String>,
    there: HashMap<String, Arc<dyn Any + Send + Sync>>,
}

impl Kept {
    /// Forgets everything: the rows of the fold are others now.
    pub(crate) fn clear(&self) {
        self.inner().there.clear();
    }

    /// The keys of what there is.
    pub(crate) fn keys(&self) -> HashSet<String> {
        self.inner().there.keys().cloned().collect()
    }

    /// From now on keeps what has one of these keys, and nothing else.
    pub(crate) fn want(&self, keys: &HashSet<String>) {
        let mut inner = self.inner();
        inner.there.retain(|key, _| keys.contains(key));
        inner.wanted.clone_from(keys);
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The fitted first steps that the candidate of a search finds: those of candidates that set the same values there.
///
/// A pipeline looks into it; an estimator of your own need not.
pub struct Prefixes<'a> {
    params: &'a BTreeMap<String, Value>,
    kept: Option<&'a Kept>,
}

impl<'a> Prefixes<'a> {
    pub(crate) fn new(params: &'a BTreeMap<String, Value>, kept: Option<&'a Kept>) -> Self {
        Prefixes { params, kept }
    }

    /// What these steps learned, if a candidate with the same values for them has been there.
    pub(crate) fn get<T: Send + Sync + 'static>(&self, steps: &[&str]) -> Option<Arc<T>> {
        let found = self
            .kept?
            .inner()
            .there
            .get(&key(self.params, steps))
            .cloned();
        found?.downcast().ok()
    }

    pub(crate) fn keep<T: Send + Sync + 'static>(&self, steps: &[&str], value: Arc<T>) {
        let Some(kept) = self.kept else {
            return;
        };
        let key = key(self.params, steps);
        let mut inner = kept.inner();
        if inner.wanted.contains(&key) {
            inner.there.insert(key, value);
        }
    }
}

impl fmt::Debug for Prefixes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefixes(..)")
    }
}

/// The steps, and the values that a candidate sets in them.
pub(crate) fn key<S: AsRef<str>>(params: &BTreeMap<String, Value>, steps: &[S]) -> String {
    let mut key = String::new();
    for step in steps {
        let step = step.as_ref();
        key += &format!("{step};");
        let inside = |name: &str| {
            name.strip_prefix(step)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
        };
        for (name, value) in params.iter().filter(|(name, _)| inside(name)) {
            key += &format!("{name:?}={value};");
        }
    }
    key
}

/// A value of several owners, in files and in print like the value itself.
pub(crate) struct Shared<T>(Arc<T>);

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Shared(Arc::new(value))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: fmt::Display> fmt::Display for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Shared<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Shared::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_tell_steps_and_their_values_apart() {
        let params = |pairs: &[(&str, i32)]| {
            let pairs = pairs.iter().map(|(k, v)| (k.to_string(), Value::from(*v)));
            pairs.collect::<BTreeMap<_, _>>()
        };
        let a = params(&[("pca__k", 3), ("clf__C", 1)]);
        let b = params(&[("pca__k", 3), ("clf__C", 2)]);
        let c = params(&[("pca__k", 4), ("clf__C", 1)]);
        assert_eq!(key(&a, &["scale", "pca"]), key(&b, &["scale", "pca"]));
        assert_ne!(key(&a, &["scale", "pca"]), key(&c, &["scale", "pca"]));
        assert_eq!(key(&a, &["scale"]), key(&c, &["scale"]));
        assert_ne!(key(&a, &["scale"]), key(&a, &["scale", "pca"]));
        // A name that only begins like a step is no parameter of it.
        assert_eq!(key(&params(&[("pcab__k", 1)]), &["pca"]), "pca;");
    }

    #[test]
    fn what_is_kept_is_found_by_the_same_values_and_type() {
        let (kept, params) = (Kept::default(), BTreeMap::new());
        let prefixes = Prefixes::new(&params, Some(&kept));
        prefixes.keep(&["scale"], Arc::new(7));
        assert_eq!(prefixes.get::<i32>(&["scale"]), None, "not wanted");
        kept.want(&HashSet::from([key(&params, &["scale"])]));
        prefixes.keep(&["scale"], Arc::new(7));
        assert_eq!(prefixes.get::<i32>(&["scale"]).as_deref(), Some(&7));
        assert_eq!(prefixes.get::<u8>(&["scale"]), None);
        let shared = Shared::new(vec![1, 2]);
        let text = serde_json::to_string(&shared).unwrap();
        assert_eq!(text, "[1,2]");
        assert_eq!(
            serde_json::from_str::<Shared<Vec<i32>>>(&text).unwrap(),
            shared
        );
        assert_eq!(format!("{shared:?}"), "[1, 2]");
    }
}
