//! Tabular machine learning.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod boxed;
pub mod check;
mod class_weight;
mod convert;
pub mod datasets;
mod elementary;
mod error;
mod float;
pub mod impute;
#[allow(dead_code)] // `from_trusted` until the first classifier lands
mod labels;
#[allow(dead_code)] // `simd` until the first kernel lands
pub mod linalg;
pub mod linear_model;
pub mod metrics;
pub mod model;
pub mod model_selection;
pub mod observer;
pub mod optim;
pub mod parallel;
pub mod params;
pub mod pipeline;
pub mod prelude;
pub mod preprocessing;
pub mod random;
mod samples;
pub mod table;
mod targets;
mod traits;

pub use class_weight::ClassWeight;
pub use convert::{MatrixRow, MatrixSource, Number, to_matrix};
pub use error::{Error, ErrorKind, Result};
pub use float::Float;
pub use labels::{Class, Labels};
pub use ndarray;
pub use samples::{AsSamples, Samples};
pub use targets::{AsTargets, ClassTarget, RealTarget, RealTargets, TargetDim, Targets, Weighted};
pub use traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitPredict, FitTransform,
    InverseTransform, PartialFit, Predict, PredictProba, Score, Transform,
};
