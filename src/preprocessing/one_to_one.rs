//! What fitted transformers have in common whose output has the columns of the input.

/// Implements `Transform` by the type's own `transform_into`, names that go through, and the text; with `invertible` also
/// `InverseTransform`, by the type's `inverse_into`.
macro_rules! one_to_one {
    ($fitted:ident, invertible) => {
        $crate::preprocessing::one_to_one::one_to_one!($fitted);

        impl<F: $crate::Float> $crate::traits::InverseTransform<::ndarray::ArrayRef2<F>>
            for $fitted<F>
        {
            type Output = ::ndarray::Array2<F>;

            fn inverse_transform(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::check::width(x, self.n_features_in())?;
                let mut out = $crate::parallel::fresh(x.dim());
                self.inverse_into(x, &mut out)?;
                Ok(out)
            }
        }
    };
    ($fitted:ident) => {
        impl<F: $crate::Float> $crate::traits::Transform<::ndarray::ArrayRef2<F>> for $fitted<F> {
            type Output = ::ndarray::Array2<F>;

            fn transform(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::check::width(x, self.n_features_in())?;
                let mut out = $crate::parallel::fresh(x.dim());
                self.transform_into(x, &mut out)?;
                Ok(out)
            }
        }

        impl<F: $crate::Float> $crate::traits::FeatureNamesOut for $fitted<F> {
            fn feature_names_out(&self, input: Option<&[String]>) -> $crate::Result<Vec<String>> {
                $crate::preprocessing::names_or_numbers(input, self.n_features_in())
            }
        }

        impl<F: $crate::Float> ::std::fmt::Display for $fitted<F> {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                write!(
                    f,
                    "{} fitted on {} columns",
                    self.settings,
                    self.n_features_in()
                )
            }
        }
    };
}
pub(super) use one_to_one;
