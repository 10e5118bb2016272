//! Fitted models as estimators that learn no more.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::model::Model;
use crate::model_selection::{CrossValidator, Split};
use crate::params::{Params, Value};
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::Estimator;

/// A fitted model as an estimator: `fit` returns a copy of it, whatever the data.
///
/// An estimator around another one then works with a model that was fitted before, on other data:
/// [`CalibratedClassifierCv`](crate::calibration::CalibratedClassifierCv) calibrates it,
/// [`StackingClassifier`](crate::ensemble::StackingClassifier) stacks it. It has no parameters.
///
/// ```
/// use fitwell::{frozen::FrozenEstimator, linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let model = Ridge::new().fit(&array![[0.0], [1.0]], &array![1.0, 3.0])?;
/// let frozen = FrozenEstimator::new(model.clone());
/// assert_eq!(frozen.fit(&array![[5.0]], &array![7.0])?, model);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrozenEstimator<M> {
    model: M,
}

impl<M> FrozenEstimator<M> {
    /// This model.
    pub fn new(model: M) -> Self {
        FrozenEstimator { model }
    }

    /// The model.
    pub fn model(&self) -> &M {
        &self.model
    }
}

impl<X: Samples + ?Sized, Y: Targets + ?Sized, M: Clone> Estimator<X, Y> for FrozenEstimator<M> {
    type Fitted = M;

    fn fit(&self, _: &X, _: &Y) -> Result<M> {
        Ok(self.model.clone())
    }
}

/// One split with every row as train row and as test row: for models that were fitted before.
///
/// ```
/// use fitwell::{frozen::AllRows, model_selection::CrossValidator};
///
/// let splits = AllRows.split(2, &())?;
/// assert_eq!((&splits[0].train[..], &splits[0].test[..]), (&[0, 1][..], &[0, 1][..]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AllRows;

impl CrossValidator for AllRows {
    fn split<Y: Targets + ?Sized>(&self, n_samples: usize, _: &Y) -> Result<Vec<Split>> {
        let rows: Vec<usize> = (0..n_samples).collect();
        Ok(vec![Split {
            train: rows.clone(),
            test: rows,
        }])
    }
}

/// No parameters.
impl<M: Clone> Params for FrozenEstimator<M> {
    fn params(&self) -> BTreeMap<String, Value> {
        BTreeMap::new()
    }
    fn with_value(&self, name: &str, _: Value) -> Result<Self> {
        Err(ErrorKind::UnknownParameter {
            estimator: "FrozenEstimator".into(),
            name: name.into(),
            known: Vec::new(),
        }
        .into())
    }
}

impl<M: fmt::Display> fmt::Display for FrozenEstimator<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        crate::meta::indented(f, "FrozenEstimator", &[("model", &self.model)])
    }
}

impl<M: Model> Model for FrozenEstimator<M> {
    fn type_name() -> String {
        format!("FrozenEstimator<{}>", M::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.model.validate()
    }
}
