//! What goes before an estimator of one feature, so that the checks on several can run on it.

use std::fmt;

use fitwell::model::{Model, ensure};
use fitwell::params::{Hyperparameters, describe};
use fitwell::prelude::*;
use fitwell::{Float, Weighted, check};
use ndarray::{Array2, ArrayRef1, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

/// The mean of each row: the same whatever the order of the columns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RowMean {}

impl Hyperparameters for RowMean {
    const NAME: &'static str = "RowMean";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

impl fmt::Display for RowMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// The number of columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRowMean {
    width: usize,
}

macro_rules! for_target {
    ($($target:ty),+) => {$(
        impl<F: Float> Estimator<ArrayRef2<F>, $target> for RowMean {
            type Fitted = FittedRowMean;
            fn fit(&self, x: &ArrayRef2<F>, y: &$target) -> Result<FittedRowMean> {
                check::samples(x)?;
                check::target(y, x.nrows())?;
                Ok(FittedRowMean { width: x.ncols() })
            }
        }
    )+};
}
for_target!(ArrayRef1<F>, Weighted<ArrayRef1<F>>);

impl<F: Float> Transform<ArrayRef2<F>> for FittedRowMean {
    type Output = Array2<F>;
    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.width)?;
        let mean = |row: ndarray::ArrayView1<'_, F>| {
            F::of(row.iter().map(|v| v.f64() / self.width as f64).sum())
        };
        Ok(x.map_axis(Axis(1), mean).insert_axis(Axis(1)))
    }
}

impl FeatureNamesOut for FittedRowMean {
    fn feature_names_out(&self, _: Option<&[String]>) -> Result<Vec<String>> {
        Ok(vec!["mean".into()])
    }
}

impl Model for FittedRowMean {
    fn type_name() -> String {
        "FittedRowMean".into()
    }
    fn validate(&self) -> Result<()> {
        ensure::at_least("width", self.width, 1)
    }
}

impl fmt::Display for FittedRowMean {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FittedRowMean({} features)", self.width)
    }
}
