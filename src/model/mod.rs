//! Model files: save and load fitted models, pipelines and their definitions.
//!
//! ```
//! use fitwell::{linear_model::Ridge, model::Format, prelude::*, preprocessing::StandardScaler};
//! use ndarray::array;
//!
//! let (x, y) = (array![[0.0, 1.0], [1.0, 3.0], [2.0, 2.0]], array![1.0, 2.0, 4.0]);
//! let recipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
//! let model = recipe.fit(&x, &y)?;
//!
//! let folder = std::env::temp_dir();
//! let path = folder.join(format!("fitwell-doc-{}.model", std::process::id()));
//! model.save(&path, Format::Binary)?;
//! // The recipe knows the long type of what it learns.
//! let loaded = recipe.load_fitted::<ndarray::Array2<f64>, ndarray::Array1<f64>>(&path)?;
//! assert_eq!(loaded.predict(&x)?, model.predict(&x)?);
//! # std::fs::remove_file(&path).ok();
//! # Ok::<(), Error>(())
//! ```
//!
//! # Formats
//!
//! Both hold the format version, the version of the crate that wrote the file, the type's name, and the body. A loader looks
//! at the first byte of a file to tell them apart, and at nothing else: not at the name of the file.
//!
//! * [`Format::Json`], for people: one object, `{"fitwell": {"format": 1, "version": "0.1.0", "type": "FittedRidge<f64, 1>"},
//!   "model": {..}}`. Every float reads back with the same bits.
//! * [`Format::Binary`], for speed and size: the bytes `89 66 69 74 77 65 6c 6c` (`fitwell` after a byte no text starts
//!   with), the format version as `u32`, crate version and type name, each as a `u32` count of bytes and UTF-8 text, the
//!   count of the body's bytes as `u64`, the body as [postcard](https://postcard.jamesmunns.com), and a `u64` checksum of all
//!   before it. Numbers outside the body are little-endian.
//!
//! # Hostile files
//!
//! A file may come from anyone. Loading runs no code that the file chooses: the program names the type to load, and the name in
//! the file only has to agree with it. Whatever the bytes, loading returns the model or an error; it does not panic, and
//! allocates no more than a small multiple of the size of the file and 2 MiB. Before a model is handed out, its numbers were checked to
//! be finite and its parts to fit together ([`Model::validate`]), so that using it is safe as well. Whether its predictions are any
//! good is another matter: nothing can tell a wrong coefficient from a right one.

// Sizes and codes come from files: a cast that could lose digits or a sign is an error waiting for one.
#![deny(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

use crate::error::Result;
use crate::traits::Estimator;

pub mod ensure;
mod file;
mod walk;

/// How a model file is written. Loading needs no format: the first byte of the file tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// One JSON object, readable and editable.
    Json,
    /// Compact and quick, with a checksum.
    Binary,
}

/// What a loader accepts at most.
///
/// ```
/// use fitwell::model::Limits;
///
/// let limits = Limits::default().max_bytes(1 << 20).max_text(1000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    max_bytes: u64,
    max_text: usize,
}

impl Default for Limits {
    /// Files up to 4 GiB, texts up to 1 MiB.
    fn default() -> Self {
        Limits {
            max_bytes: 1 << 32,
            max_text: 1 << 20,
        }
    }
}

impl Limits {
    /// The largest file in bytes; a larger one is not even read.
    #[must_use]
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The longest single text (a class, a category, a feature name) in bytes.
    #[must_use]
    pub fn max_text(mut self, bytes: usize) -> Self {
        self.max_text = bytes;
        self
    }
}

/// What can be written to a file and read back: fitted models, pipelines, plain estimators.
///
/// A type of your own becomes one by deriving serde's traits with `#[serde(deny_unknown_fields)]` and saying what its fields
/// promise each other; the functions of [`ensure`] are there for that.
///
/// ```
/// use fitwell::{model::{Model, ensure}, prelude::*};
/// use ndarray::{Array1, Array2, array};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(deny_unknown_fields)]
/// struct Affine {
///     coef: Array2<f64>,
///     intercept: Array1<f64>,
/// }
///
/// impl Model for Affine {
///     fn type_name() -> String {
///         "Affine".into()
///     }
///     fn validate(&self) -> Result<()> {
///         ensure::at_least("number of targets", self.coef.nrows(), 1)?;
///         ensure::equal("length of intercept", self.intercept.len(), self.coef.nrows())
///     }
/// }
///
/// let good = Affine { coef: array![[1.0, 2.0]], intercept: array![0.5] };
/// let text = good.to_json()?;
/// assert_eq!(Affine::from_json(&text)?.coef, good.coef);
/// let bad = text.replace("[1.0,2.0]", "[1.0,1e999]");
/// assert!(Affine::from_json(&bad).is_err());
/// # Ok::<(), Error>(())
/// ```
pub trait Model: Serialize + DeserializeOwned {
    /// The name a file carries, with the element type: `FittedRidge<f64, 1>`.
    fn type_name() -> String;

    /// Checks everything that using the model relies on: shapes against each other, ranges, codes into lists. Every
    /// loader calls it before the model is handed out, after checking that every number is finite.
    ///
    /// # Errors
    /// Any kind, naming what is wrong; loaders hand it on as `ModelFile`.
    fn validate(&self) -> Result<()>;

    /// The coefficients or importances of the features, one row for each output, from a model that has any: what a box says
    /// as [`FeatureImportances`](crate::feature_selection::FeatureImportances) of a model that implements that trait and
    /// hands it on here.
    fn importances(&self) -> Option<Result<ndarray::Array2<f64>>> {
        None
    }

    /// Whether the fit sets coefficients to zero, as
    /// [`FeatureImportances::is_sparse`](crate::feature_selection::FeatureImportances::is_sparse) has it.
    fn importances_are_sparse(&self) -> bool {
        false
    }

    /// Writes the model to a file, replacing what was there in one step: the file is written under another name in the same
    /// folder, flushed to the disk, and renamed. When anything fails the old file is as it was.
    ///
    /// # Errors
    /// `ModelFile` when the model holds a number that is not finite, what [`validate`](Self::validate) says, and `Io`.
    fn save(&self, path: impl AsRef<Path>, format: Format) -> Result<()> {
        save_as(path.as_ref(), format, || self.to_json(), || self.to_bytes())
    }

    /// Reads a model from a file in either format, with the default [`Limits`].
    ///
    /// # Errors
    /// `Io`; `TooLarge`; `ModelVersion` for a format of a later version; `ModelType` for a file that holds another type;
    /// `ModelFile` for everything else that is wrong with the file.
    fn load(path: impl AsRef<Path>) -> Result<Self> {
        Self::load_with(path, Limits::default())
    }

    /// Reads a model from a file in either format, if it is within the limits.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn load_with(path: impl AsRef<Path>, limits: Limits) -> Result<Self> {
        let path = path.as_ref();
        let bytes = file::read(path, limits.max_bytes)?;
        file::decode(&bytes, None, limits).map_err(|e| e.within(path.display().to_string()))
    }

    /// The model as JSON text.
    ///
    /// # Errors
    /// `ModelFile` when the model holds a number that is not finite; what [`validate`](Self::validate) says.
    fn to_json(&self) -> Result<String> {
        file::to_json(self)
    }

    /// A model from JSON text.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn from_json(text: &str) -> Result<Self> {
        file::decode(text.as_bytes(), Some(Format::Json), Limits::default())
    }

    /// The model in the compact binary form.
    ///
    /// # Errors
    /// As [`to_json`](Self::to_json).
    fn to_bytes(&self) -> Result<Vec<u8>> {
        file::to_bytes(self)
    }

    /// A model from the compact binary form.
    ///
    /// # Errors
    /// As [`load`](Self::load).
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        file::decode(bytes, Some(Format::Binary), Limits::default())
    }
}

/// Writes what is asked for; see [`Model::save`].
pub(crate) fn save_as(
    path: &Path,
    format: Format,
    json: impl FnOnce() -> Result<String>,
    bytes: impl FnOnce() -> Result<Vec<u8>>,
) -> Result<()> {
    let bytes = match format {
        Format::Json => json()?.into_bytes(),
        Format::Binary => bytes()?,
    };
    file::replace(path, &bytes)
}

impl<T: crate::params::Hyperparameters> Model for T {
    fn type_name() -> String {
        T::NAME.into()
    }
    fn validate(&self) -> Result<()> {
        self.check()
    }
}

/// Loads what an estimator learned, without writing its type: the type of a fitted pipeline is as long as the pipeline.
///
/// The estimator only names the type; its settings are not compared with the file's.
///
/// ```no_run
/// use fitwell::{linear_model::LogisticRegression, prelude::*, preprocessing::StandardScaler};
///
/// fn recipe() -> impl LoadFitted + Estimator<ndarray::Array2<f64>, Labels, Fitted: Model> {
///     pipeline("scale", StandardScaler::new()).then("clf", LogisticRegression::new())
/// }
///
/// let model = recipe().load_fitted::<ndarray::Array2<f64>, Labels>("churn.model")?;
/// # Ok::<(), Error>(())
/// ```
pub trait LoadFitted {
    /// Loads a model that this estimator fitted on samples `X` and target `Y`.
    ///
    /// # Errors
    /// As [`Model::load`].
    fn load_fitted<X: ?Sized, Y: ?Sized>(&self, path: impl AsRef<Path>) -> Result<Self::Fitted>
    where
        Self: Estimator<X, Y>,
        Self::Fitted: Model,
    {
        Self::Fitted::load(path)
    }
}

impl<T> LoadFitted for T {}
