//! What almost every program imports: `use fitwell::prelude::*;`.

pub use crate::boxed::Boxable;
pub use crate::error::{Error, ErrorKind, Result};
pub use crate::labels::{Class, Labels};
pub use crate::model::{Format, LoadFitted, Model};
pub use crate::params::Params;
pub use crate::pipeline::{Steps, pipeline};
pub use crate::samples::Samples;
pub use crate::table::{Columns, Table};
pub use crate::targets::Targets;
pub use crate::traits::{
    Classes, DecisionFunction, Estimator, FeatureNamesOut, FitPredict, FitTransform,
    FitWithValidation, InverseTransform, PartialFit, Predict, PredictProba, PredictStd, Score,
    Transform,
};
