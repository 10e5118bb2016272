//! What the encoders of categories have in common: what they are fitted on, and what they transform.

/// Implements the fit of an encoder on tables and on matrices by its own `learn(names, inputs, named)`.
macro_rules! encoder {
    ($encoder:ident => $fitted:ident) => {
        impl<Y: $crate::targets::Targets + ?Sized>
            $crate::traits::Estimator<$crate::table::Table, Y> for $encoder
        {
            type Fitted = $fitted;

            fn fit(&self, x: &$crate::table::Table, y: &Y) -> $crate::Result<Self::Fitted> {
                self.check()?;
                $crate::preprocessing::not_empty_table(x)?;
                $crate::check::target(y, x.n_rows())?;
                self.learn(
                    &x.names(),
                    &$crate::preprocessing::categories::table_inputs(x),
                    true,
                )
            }
        }

        /// Each distinct number of a column is a category, NaN a missing one.
        impl<F: $crate::Float, Y: $crate::targets::Targets + ?Sized>
            $crate::traits::Estimator<::ndarray::ArrayRef2<F>, Y> for $encoder
        {
            type Fitted = $fitted;

            fn fit(&self, x: &::ndarray::ArrayRef2<F>, y: &Y) -> $crate::Result<Self::Fitted> {
                self.check()?;
                $crate::check::not_empty(x)?;
                $crate::check::target(y, x.nrows())?;
                let names = $crate::preprocessing::names_or_numbers(None, x.ncols())?;
                self.learn(
                    &names,
                    &$crate::preprocessing::categories::matrix_inputs(x),
                    false,
                )
            }
        }
    };
}
pub(in crate::preprocessing) use encoder;

/// Implements what is known of the columns at fit, and `Transform` by the type's own `encode(inputs, n_rows)`. The second
/// argument is the field of an element of `columns` that holds its `KnownColumn`, if it is not one itself.
macro_rules! fitted_encoder {
    ($fitted:ident $(, $known:ident)?) => {
        impl $fitted {
            /// The names of the columns at fit; `None` for a fit on an array.
            pub fn feature_names_in(&self) -> Option<Vec<String>> {
                let names = self.columns.iter().map(|c| c$(.$known)?.name().to_string());
                self.named.then(|| names.collect())
            }

            /// The number of columns at fit.
            pub fn n_features_in(&self) -> usize {
                self.columns.len()
            }

            /// As `transform` of a table, in the type that is asked for: `f32` takes half the memory.
            ///
            /// # Errors
            /// As [`Transform::transform`](crate::traits::Transform::transform).
            pub fn transform_to<F: $crate::Float>(
                &self,
                x: &$crate::table::Table,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::preprocessing::same_names(
                    x,
                    self.columns.iter().map(|c| c$(.$known)?.name()),
                )?;
                self.encode(
                    &$crate::preprocessing::categories::table_inputs(x),
                    x.n_rows(),
                )
            }

            /// The names at fit, of which names that are given must be the same; of a fit on an array, those given.
            fn input_names(&self, input: Option<&[String]>) -> $crate::Result<Vec<String>> {
                match self.feature_names_in() {
                    Some(names) => {
                        $crate::preprocessing::names_at_fit(input, &names)?;
                        Ok(names)
                    }
                    None => $crate::preprocessing::names_or_numbers(input, self.columns.len()),
                }
            }
        }

        impl $crate::traits::Transform<$crate::table::Table> for $fitted {
            type Output = ::ndarray::Array2<f64>;

            fn transform(
                &self,
                x: &$crate::table::Table,
            ) -> $crate::Result<::ndarray::Array2<f64>> {
                self.transform_to(x)
            }
        }

        impl<F: $crate::Float> $crate::traits::Transform<::ndarray::ArrayRef2<F>> for $fitted {
            type Output = ::ndarray::Array2<F>;

            fn transform(
                &self,
                x: &::ndarray::ArrayRef2<F>,
            ) -> $crate::Result<::ndarray::Array2<F>> {
                $crate::check::width(x, self.columns.len())?;
                self.encode(
                    &$crate::preprocessing::categories::matrix_inputs(x),
                    x.nrows(),
                )
            }
        }
    };
}
pub(in crate::preprocessing) use fitted_encoder;
