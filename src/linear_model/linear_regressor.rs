//! What the linear regressors of one target or several have in common once they are fitted.

/// Declares a fitted model `x W' + b`: its accessors, predictions, score, model file and text. Further fields, how they are
/// checked on loading, and whether the fit sets coefficients to zero, come from the caller.
macro_rules! linear_regressor {
    (
        $(#[$doc:meta])*
        pub struct $fitted:ident of $estimator:ident {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
        $(validate($this:ident) $check:block)?
        $(sparse($that:ident) $sparse:block)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $fitted<F = f64, D = ::ndarray::Ix1> {
            /// (n_targets, n_features)
            coef: ::ndarray::Array2<F>,
            /// (n_targets)
            intercept: ::ndarray::Array1<F>,
            $($(#[$field_doc])* $field: $type,)*
            dim: ::std::marker::PhantomData<D>,
        }

        impl<F: $crate::Float> $fitted<F, ::ndarray::Ix1> {
            /// The coefficient of each feature, (n_features).
            pub fn coef(&self) -> ::ndarray::ArrayView1<'_, F> {
                self.coef.row(0)
            }

            /// The intercept; 0 without one.
            pub fn intercept(&self) -> F {
                self.intercept[0]
            }
        }

        impl<F: $crate::Float> $fitted<F, ::ndarray::Ix2> {
            /// The coefficients, (n_targets, n_features).
            pub fn coef(&self) -> ::ndarray::ArrayView2<'_, F> {
                self.coef.view()
            }

            /// The intercept of each target; 0 without one.
            pub fn intercept(&self) -> ::ndarray::ArrayView1<'_, F> {
                self.intercept.view()
            }
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim> $fitted<F, D> {
            /// The number of features at fit.
            pub fn n_features_in(&self) -> usize {
                self.coef.ncols()
            }
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim>
            $crate::traits::Predict<::ndarray::ArrayRef2<F>> for $fitted<F, D>
        {
            type Output = ::ndarray::Array<F, D>;

            fn predict(&self, x: &::ndarray::ArrayRef2<F>) -> $crate::Result<::ndarray::Array<F, D>> {
                $crate::check::same_width(x, self.n_features_in())?;
                let predicted = $crate::linear_model::affine::affine(x, &self.coef, &self.intercept);
                let name = <$estimator as $crate::params::Hyperparameters>::NAME;
                $crate::check::learned(name, "a prediction", &predicted)?;
                Ok(D::from_columns(predicted))
            }
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim> $crate::traits::LinearModel
            for $fitted<F, D>
        {
            fn coefficients(&self) -> ::ndarray::Array2<f64> {
                self.coef.mapv($crate::Float::f64)
            }
            fn intercepts(&self) -> ::ndarray::Array1<f64> {
                self.intercept.mapv($crate::Float::f64)
            }
            fn output_names(&self) -> ::std::vec::Vec<::std::string::String> {
                match D::NDIM {
                    Some(1) => ::std::vec::Vec::new(),
                    _ => (0..self.coef.nrows()).map(|k| ::std::format!("y{k}")).collect(),
                }
            }
        }

        impl<F, D, Y> $crate::traits::Score<::ndarray::ArrayRef2<F>, Y> for $fitted<F, D>
        where
            F: $crate::Float,
            D: $crate::targets::TargetDim,
            Y: $crate::targets::RealTargets<F, Dim = D> + ?Sized,
        {
            fn score(&self, x: &::ndarray::ArrayRef2<F>, y: &Y) -> $crate::Result<f64> {
                use $crate::traits::Predict;
                $crate::metrics::r2_score(y, &*self.predict(x)?)
            }
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim> $crate::model::Model for $fitted<F, D> {
            fn type_name() -> String {
                format!("{}<{}, {}>", stringify!($fitted), F::NAME, D::NAME)
            }

            fn importances(&self) -> Option<$crate::Result<::ndarray::Array2<f64>>> {
                Some(Ok(self.coef.mapv(F::f64)))
            }

            $(fn importances_are_sparse(&self) -> bool {
                let $that = self;
                $sparse
            })?

            fn validate(&self) -> $crate::Result<()> {
                use $crate::model::ensure;
                let (targets, features) = self.coef.dim();
                ensure::at_least("targets of `coef`", targets, 1)?;
                ensure::at_least("features of `coef`", features, 1)?;
                ensure::equal("length of `intercept`", self.intercept.len(), targets)?;
                if D::NDIM == Some(1) {
                    ensure::equal("targets of `coef`", targets, 1)?;
                }
                ensure::finite("coef", &self.coef)?;
                ensure::finite("intercept", &self.intercept)?;
                $({
                    let $this = self;
                    $check
                })?
                Ok(())
            }
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim>
            $crate::feature_selection::FeatureImportances for $fitted<F, D>
        {
            fn feature_importances(&self) -> $crate::Result<::ndarray::Array2<f64>> {
                Ok(self.coef.mapv(F::f64))
            }
            $(fn is_sparse(&self) -> bool {
                let $that = self;
                $sparse
            })?
        }

        impl<F: $crate::Float, D: $crate::targets::TargetDim> ::std::fmt::Display for $fitted<F, D> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                let (targets, features) = self.coef.dim();
                write!(f, "{}({features} features", stringify!($fitted))?;
                if D::NDIM == Some(2) {
                    write!(f, ", {targets} targets")?;
                }
                write!(f, ")")
            }
        }
    };
}
pub(super) use linear_regressor;
