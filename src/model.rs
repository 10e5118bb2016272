//! Model files: save and load fitted models, pipelines and their definitions.

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Result;

/// What can be written to a file and read back: fitted models, pipelines, plain estimators.
pub trait Model: Serialize + DeserializeOwned {
    /// The name a file carries, with the element type: `FittedRidge<f64, 1>`.
    fn type_name() -> String;

    /// Checks everything that using the model relies on: shapes against each other, ranges, finite values. Every loader
    /// calls it before the model is handed out.
    ///
    /// # Errors
    /// `ModelFile`, naming what is wrong.
    fn validate(&self) -> Result<()>;
}

impl<T: crate::params::Hyperparameters> Model for T {
    fn type_name() -> String {
        T::NAME.into()
    }
    fn validate(&self) -> Result<()> {
        self.check()
    }
}
