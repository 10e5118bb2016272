//! What linear classifiers have in common once they are fitted.

/// Declares a fitted classifier by decision values `x W' + b`, one for two classes and one for each of more: its accessors,
/// predictions, score and model file. Further fields, how they are checked on loading, and whether the fit sets coefficients
/// to zero, come from the caller.
macro_rules! classifier_model {
    (
        $(#[$doc:meta])*
        pub struct $fitted:ident of $name:expr, {
            $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
        }
        validate($this:ident) $check:block
        $(sparse($that:ident) $sparse:block)?
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, ::serde::Serialize, ::serde::Deserialize)]
        #[serde(deny_unknown_fields, bound = "F: crate::Float")]
        pub struct $fitted<F = f64> {
            coef: ::ndarray::Array2<F>,
            intercept: ::ndarray::Array1<F>,
            classes: $crate::linear_model::linear_classifier::ClassList,
            $($(#[$field_doc])* $field: $type,)*
        }

        impl<F: $crate::Float> $fitted<F> {
            /// The coefficients: (1, n_features) for two classes, positive where the second becomes likelier, else
            /// (n_classes, n_features).
            pub fn coef(&self) -> &::ndarray::Array2<F> {
                &self.coef
            }

            /// The intercepts, one for each row of [`coef`](Self::coef); zero when none were fitted.
            pub fn intercept(&self) -> &::ndarray::Array1<F> {
                &self.intercept
            }

            /// The classes, sorted.
            pub fn classes(&self) -> &[$crate::Class] {
                self.classes.as_slice()
            }

            /// The number of features.
            pub fn n_features_in(&self) -> usize {
                self.coef.ncols()
            }

            fn decision(&self, x: &::ndarray::ArrayRef2<F>) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::linear_model::linear_classifier::decision($name, x, &self.coef, &self.intercept)
            }
        }

        impl<F: $crate::Float> $crate::traits::Classes for $fitted<F> {
            fn classes(&self) -> &[$crate::Class] {
                self.classes.as_slice()
            }
        }

        impl<F: $crate::Float> $crate::traits::Predict<::ndarray::ArrayRef2<F>> for $fitted<F> {
            type Output = $crate::Labels;
            fn predict(&self, x: &::ndarray::ArrayRef2<F>) -> $crate::Result<$crate::Labels> {
                let codes = $crate::linear_model::linear_classifier::codes(&self.decision(x)?);
                Ok(self.classes.labels(codes))
            }
        }

        impl<F: $crate::Float> $crate::traits::DecisionFunction<::ndarray::ArrayRef2<F>> for $fitted<F> {
            type Float = F;
            fn decision_function(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                self.decision(x)
            }
        }

        /// The accuracy.
        impl<F: $crate::Float, Y: $crate::targets::ClassTarget + ?Sized>
            $crate::traits::Score<::ndarray::ArrayRef2<F>, Y> for $fitted<F>
        {
            fn score(&self, x: &::ndarray::ArrayRef2<F>, y: &Y) -> $crate::Result<f64> {
                use $crate::traits::Predict;
                $crate::linear_model::linear_classifier::accuracy(&self.predict(x)?, y)
            }
        }

        impl<F: $crate::Float> $crate::model::Model for $fitted<F> {
            fn type_name() -> String {
                format!("{}<{}>", stringify!($fitted), F::NAME)
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
                self.classes.validate()?;
                let n_outputs = match self.classes.len() {
                    2 => 1,
                    more => more,
                };
                ensure::equal("rows of `coef`", self.coef.nrows(), n_outputs)?;
                ensure::equal("length of `intercept`", self.intercept.len(), n_outputs)?;
                ensure::at_least("features of `coef`", self.coef.ncols(), 1)?;
                ensure::finite("coef", &self.coef)?;
                ensure::finite("intercept", &self.intercept)?;
                let $this = self;
                $check
                Ok(())
            }
        }

        impl<F: $crate::Float> $crate::traits::LinearModel for $fitted<F> {
            fn coefficients(&self) -> ::ndarray::Array2<f64> {
                self.coef.mapv($crate::Float::f64)
            }
            fn intercepts(&self) -> ::ndarray::Array1<f64> {
                self.intercept.mapv($crate::Float::f64)
            }
            /// The classes; of two, the second, which the one row is for.
            fn output_names(&self) -> Vec<String> {
                let classes = &self.classes()[self.classes().len() - self.coef.nrows()..];
                classes.iter().map(ToString::to_string).collect()
            }
        }

        impl<F: $crate::Float> $crate::feature_selection::FeatureImportances for $fitted<F> {
            fn feature_importances(&self) -> $crate::Result<::ndarray::Array2<f64>> {
                Ok(self.coef.mapv(F::f64))
            }
            $(fn is_sparse(&self) -> bool {
                let $that = self;
                $sparse
            })?
        }
    };
}
pub(super) use classifier_model;
