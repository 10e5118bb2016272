//! Tabular machine learning: typed pipelines from a CSV file to a chosen, saved and served model.
//!
//! An [`Estimator`] is a plain struct of hyper-parameters. Its [`fit`](Estimator::fit) gives another type, the fitted
//! model, which implements [`Predict`], [`Transform`], [`PredictProba`] and the rest as it can. A step that cannot follow
//! the one before it does not compile, nor does a prediction from a model that was not fitted.
//!
//! ```
//! use fitwell::impute::SimpleImputer;
//! use fitwell::linear_model::LogisticRegression;
//! use fitwell::model_selection::{GridSearchCv, ParamGrid, StratifiedKFold, TrainTestSplit};
//! use fitwell::pipeline::ColumnTransformer;
//! use fitwell::prelude::*;
//! use fitwell::preprocessing::{OneHotEncoder, StandardScaler};
//!
//! // Mixed columns, some values missing.
//! let (passengers, survived) = fitwell::datasets::load_titanic()?.split_labels("survived")?;
//! let (x_train, x_test, y_train, y_test) =
//!     TrainTestSplit::new().stratify(&survived).split((&passengers, &survived))?;
//!
//! let model = pipeline(
//!     "prepare",
//!     ColumnTransformer::new()
//!         .numeric(
//!             "numeric",
//!             ["age", "fare"],
//!             pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
//!         )
//!         .part("text", ["sex", "pclass"], OneHotEncoder::new()),
//! )
//! .then("classify", LogisticRegression::new());
//!
//! // Any parameter by its nested name, as in scikit-learn.
//! let grid = ParamGrid::new().with("classify__C", [0.1, 1.0, 10.0]);
//! let search = GridSearchCv::new(model, grid).cv(StratifiedKFold::new()).fit(&x_train, &y_train)?;
//! assert!(search.score(&x_test, &y_test)? > 0.75);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Where things are
//!
//! | module | holds |
//! |---|---|
//! | [`table`] | named columns of numbers, booleans and categories; CSV in and out |
//! | [`preprocessing`], [`impute`] | scaling, encoding, missing values |
//! | [`feature_selection`] | which columns to keep |
//! | [`pipeline`] | steps in sequence, parts side by side |
//! | [`linear_model`] | [`Ridge`](linear_model::Ridge), [`LogisticRegression`](linear_model::LogisticRegression) and their kin |
//! | [`neural_network`] | multi-layer perceptrons, and networks built layer by layer |
//! | [`cluster`] | groups of rows: [`KMeans`](cluster::KMeans) and others |
//! | [`mixture`] | [`GaussianMixture`](mixture::GaussianMixture): groups without sharp borders, densities |
//! | [`decomposition`] | fewer columns that say most: [`Pca`](decomposition::Pca) and others |
//! | [`neighbors`] | what is near: searches, [`KNeighborsClassifier`](neighbors::KNeighborsClassifier) and its kin |
//! | [`isotonic`] | monotonic functions of one feature |
//! | [`model_selection`] | splits, cross-validation, searches |
//! | [`ensemble`] | votes, stacks and bags of models |
//! | [`multiclass`] | classifiers of many classes out of classifiers of two |
//! | [`multioutput`] | several targets at once |
//! | [`inspection`] | what a fitted model has learned |
//! | [`calibration`] | probabilities that mean what they say |
//! | [`dummy`] | baselines that do not look at the features |
//! | [`frozen`] | fitted models as parts of other estimators |
//! | [`metrics`] | what a prediction is worth |
//! | [`model`] | model files |
//! | [`boxed`] | classifiers, regressors and transformers chosen at run time |
//! | [`datasets`] | bundled data, and makers of synthetic data |
//! | [`manifold`] | maps of data: [`Tsne`](manifold::Tsne) |
//! | [`observer`] | what iterative work reports, and how to stop it |
//! | [`params`] | hyper-parameters by name |
//! | [`linalg`], [`optim`], [`special`], [`parallel`], [`random`], [`check`] | what the estimators stand on |
//!
//! Coming from scikit-learn? [`from_scikit_learn`] shows both side by side.
//!
//! # What holds everywhere
//!
//! - Bad input is an [`Error`] that says what, where and what is allowed; no public function panics on any input.
//! - The same seed and data give the same model, bit for bit, with one thread or many, on one kind of processor. Across
//!   processors results agree to rounding.
//! - `f32` and `f64` ([`Float`]): results are in the type of the data; sums that would lose digits are made in `f64`.
//! - Nothing is printed unless asked for. Models that did not converge say so: `converged()`, and a warning through the
//!   `log` crate.
//!
//! # Features
//!
//! None is needed. `dates` adds a transformer of dates in text columns, `progress` a progress bar for the terminal.
//! `openblas-system`, `openblas-static`, `intel-mkl-static` and `netlib-static` take linear algebra from BLAS and LAPACK
//! through `ndarray-linalg` instead of the pure-Rust default; choose at most one.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod boxed;
pub mod calibration;
pub mod check;
mod class_weight;
pub mod cluster;
mod convert;
pub mod datasets;
pub mod decomposition;
pub mod dummy;
mod elementary;
pub mod ensemble;
mod error;
pub mod feature_selection;
mod float;
pub mod from_scikit_learn;
pub mod frozen;
pub mod impute;
pub mod inspection;
pub mod isotonic;
mod labels;
pub mod linalg;
pub mod linear_model;
pub mod manifold;
mod meta;
pub mod metrics;
pub mod mixture;
pub mod model;
pub mod model_selection;
pub mod multiclass;
pub mod multioutput;
pub mod neighbors;
pub mod neural_network;
pub mod observer;
pub mod optim;
pub mod parallel;
pub mod params;
pub mod pipeline;
mod prefix;
pub mod prelude;
pub mod preprocessing;
pub mod random;
mod samples;
pub mod special;
pub mod table;
mod targets;
mod traits;

pub use class_weight::ClassWeight;
pub use convert::{MatrixRow, MatrixSource, Number, to_matrix};
pub use error::{Error, ErrorKind, Result};
pub use float::Float;
pub use labels::{Class, Labels};
pub use ndarray;
#[doc(hidden)]
pub use prefix::Prefixes;
pub use samples::{AsSamples, Samples};
pub use targets::{AsTargets, ClassTarget, RealTarget, RealTargets, TargetDim, Targets, Weighted};
pub use traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitPredict, FitTransform,
    FitWithValidation, InverseTransform, Known, LinearModel, PartialFit, Predict, PredictProba,
    Score, Transform,
};

/// The README's program runs with the doc tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
