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

/// The coefficients of a fitted model with fields `coef` (n_features) and `intercept`.
macro_rules! coefficients {
    ($(#[$doc:meta])* $fitted:ident) => {
        impl<F: $crate::Float> $fitted<F> {
            $(#[$doc])*
            pub fn coef(&self) -> ::ndarray::ArrayView1<'_, F> {
                self.coef.view()
            }

            /// The intercept; 0 without one.
            pub fn intercept(&self) -> F {
                self.intercept
            }

            /// The number of features at fit.
            pub fn n_features_in(&self) -> usize {
                self.coef.len()
            }
        }

        impl<F: $crate::Float> $crate::traits::LinearModel for $fitted<F> {
            fn coefficients(&self) -> ::ndarray::Array2<f64> {
                self.coef.mapv($crate::Float::f64).insert_axis(::ndarray::Axis(0))
            }
            fn intercepts(&self) -> ::ndarray::Array1<f64> {
                ::ndarray::Array1::from_elem(1, self.intercept.f64())
            }
            fn output_names(&self) -> Vec<String> {
                Vec::new()
            }
        }

        impl<F: $crate::Float> $crate::feature_selection::FeatureImportances for $fitted<F> {
            fn feature_importances(&self) -> $crate::Result<::ndarray::Array2<f64>> {
                Ok($crate::traits::LinearModel::coefficients(self))
            }
        }
    };
}
pub(super) use coefficients;

/// The same, with what the model predicts and its R².
macro_rules! linear_model {
    ($(#[$doc:meta])* $fitted:ident of $name:expr) => {
        $crate::linear_model::one_output::coefficients! {
            $(#[$doc])*
            $fitted
        }

        impl<F: $crate::Float> $crate::traits::Predict<::ndarray::ArrayRef2<F>> for $fitted<F> {
            type Output = ::ndarray::Array1<F>;

            fn predict(&self, x: &::ndarray::ArrayRef2<F>) -> $crate::Result<::ndarray::Array1<F>> {
                $crate::linear_model::one_output::predict($name, x, &self.coef, self.intercept)
            }
        }

        impl<F, Y> $crate::traits::Score<::ndarray::ArrayRef2<F>, Y> for $fitted<F>
        where
            F: $crate::Float,
            Y: $crate::targets::RealTargets<F, Dim = ::ndarray::Ix1> + ?Sized,
        {
            fn score(&self, x: &::ndarray::ArrayRef2<F>, y: &Y) -> $crate::Result<f64> {
                use $crate::traits::Predict;
                $crate::metrics::r2_score(y, &*self.predict(x)?)
            }
        }
    };
}
pub(super) use linear_model;
