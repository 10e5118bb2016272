//! What linear models of one real target have in common once they are fitted.

use ndarray::{Array1, ArrayRef2, Axis};

use crate::check;
use crate::error::Result;
use crate::float::Float;

use super::affine::affine;

/// x·w + b for each row.
pub(super) fn predict<F: Float>(
    estimator: &str,
    x: &ArrayRef2<F>,
    coef: &Array1<F>,
    intercept: F,
) -> Result<Array1<F>> {
    check::same_width(x, coef.len())?;
    let coef = coef.view().insert_axis(Axis(0));
    let predicted = affine(x, &coef, &Array1::from_elem(1, intercept)).index_axis_move(Axis(1), 0);
    check::learned(estimator, "a prediction", &predicted)?;
    Ok(predicted)
}

/// The coefficients, importances and R² of a fitted model with fields `coef` (n_features) and `intercept`.
macro_rules! linear_model {
    ($fitted:ident) => {
        impl<F: Float> crate::traits::LinearModel for $fitted<F> {
            fn coefficients(&self) -> Array2<f64> {
                self.coef.mapv(Float::f64).insert_axis(Axis(0))
            }
            fn intercepts(&self) -> Array1<f64> {
                Array1::from_elem(1, self.intercept.f64())
            }
            fn output_names(&self) -> Vec<String> {
                Vec::new()
            }
        }

        impl<F: Float> FeatureImportances for $fitted<F> {
            fn feature_importances(&self) -> Result<Array2<f64>> {
                Ok(self.coef.mapv(Float::f64).insert_axis(Axis(0)))
            }
        }

        impl<F: Float, Y: RealTargets<F, Dim = Ix1> + ?Sized> Score<ArrayRef2<F>, Y>
            for $fitted<F>
        {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                metrics::r2_score(y, &*self.predict(x)?)
            }
        }
    };
}
pub(super) use linear_model;
