//! A statistic of one's own.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a function returns for the observed values of a column.
type Function = dyn Fn(&[f64]) -> f64 + Send + Sync;

/// A named function from the observed values of a column to the value that stands in for the missing ones.
///
/// Two are equal when their names are. Settings are written with the name alone: a function is not in a file, so what was
/// read from one has no function until it is given again.
///
/// ```
/// use fitwell::{impute::{SimpleImputer, Statistic, Strategy}, prelude::*};
/// use ndarray::array;
///
/// let smallest = Statistic::new("min", |values| values.iter().copied().fold(f64::INFINITY, f64::min));
/// let x = array![[2.0], [f64::NAN], [1.0]];
/// let imputer = SimpleImputer::new().strategy(Strategy::Custom(smallest));
/// assert_eq!(imputer.fit_transform(&x)?, array![[2.0], [1.0], [1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone)]
pub struct Statistic {
    name: String,
    function: Option<Arc<Function>>,
}

impl Statistic {
    /// The function `f` under a name. It is never called without values.
    pub fn new(name: impl Into<String>, f: impl Fn(&[f64]) -> f64 + Send + Sync + 'static) -> Self {
        Statistic {
            name: name.into(),
            function: Some(Arc::new(f)),
        }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function, unless only the name was read.
    pub(super) fn function(&self) -> Option<&Function> {
        self.function.as_deref()
    }

    /// The function of the original, where the name is the same.
    pub(super) fn restore(&mut self, original: &Self) {
        if self.function.is_none() && self.name == original.name {
            self.function.clone_from(&original.function);
        }
    }
}

impl PartialEq for Statistic {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl fmt::Debug for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Statistic").field(&self.name).finish()
    }
}

impl Serialize for Statistic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.name.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Statistic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Ok(Statistic {
            name,
            function: None,
        })
    }
}
