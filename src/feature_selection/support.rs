//! What every selector learns: which columns to keep. And hyper-parameters with something inside.

use std::collections::BTreeMap;

use ndarray::{Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::ensure;
use crate::params::{Hyperparameters, Params, Value};
use crate::preprocessing::columnwise::no_infinity;
use crate::preprocessing::{names_at_fit, names_or_numbers, same_names};
use crate::samples::Samples;
use crate::table::Table;
use crate::{check, parallel};

/// Samples of which a selector can keep some columns: a dense array, a [`Table`].
#[diagnostic::on_unimplemented(
    message = "no columns can be selected from `{Self}`",
    label = "expected a 2-dimensional `ndarray` array of `f32` or `f64`, or a `Table`"
)]
pub trait SelectColumns: Samples<Owned: 'static> {
    /// The columns at the given positions, in that order.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn take_columns(&self, columns: &[usize]) -> Result<Self::Owned>;

    /// At least one row and one column.
    ///
    /// # Errors
    /// `EmptyInput`.
    fn check_not_empty(&self) -> Result<()>;

    /// Whether a value is NaN or infinite. A table says no: what its cells may be is for those to say who read them.
    fn has_non_finite(&self) -> bool;

    /// The columns are as many as at fit and, where they have names, have the same; no value is infinite, or NaN unless
    /// that was fine at fit.
    ///
    /// # Errors
    /// `ShapeMismatch`, `FeatureNames`, `NonFinite`.
    fn check_against_fit(
        &self,
        n_features: usize,
        names: Option<&[String]>,
        allow_nan: bool,
    ) -> Result<()>;
}

impl<F: Float> SelectColumns for ArrayRef2<F> {
    fn take_columns(&self, columns: &[usize]) -> Result<Array2<F>> {
        if let Some(column) = columns.iter().find(|&&c| c >= self.ncols()) {
            let reason = format!("column {column} of {} columns", self.ncols());
            return Err(Error::invalid_input("selection", reason));
        }
        let mut out = parallel::zeros((self.nrows(), columns.len()));
        let chunk = parallel::row_chunks(self.nrows(), self.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let by_rows = self.is_standard_layout();
            if by_rows {
                for (i, mut to) in block.rows_mut().into_iter().enumerate() {
                    let from = self.row(first + i);
                    for (to, &c) in to.iter_mut().zip(columns) {
                        *to = from[c];
                    }
                }
                return;
            }
            let n = block.nrows();
            for (mut to, &c) in block.columns_mut().into_iter().zip(columns) {
                to.assign(&self.column(c).slice(ndarray::s![first..first + n]));
            }
        });
        Ok(out)
    }

    fn check_not_empty(&self) -> Result<()> {
        check::not_empty(self)
    }

    fn has_non_finite(&self) -> bool {
        !parallel::all_finite(self)
    }

    fn check_against_fit(
        &self,
        n_features: usize,
        _: Option<&[String]>,
        allow_nan: bool,
    ) -> Result<()> {
        check::width(self, n_features)?;
        if allow_nan {
            no_infinity(self)
        } else {
            check::finite(self, "X")
        }
    }
}

impl SelectColumns for Table {
    fn take_columns(&self, columns: &[usize]) -> Result<Table> {
        self.select_columns(&crate::table::Columns::indices(
            columns.iter().map(|&c| c as isize),
        ))
    }

    fn check_not_empty(&self) -> Result<()> {
        crate::preprocessing::not_empty_table(self)
    }

    fn has_non_finite(&self) -> bool {
        false
    }

    fn check_against_fit(
        &self,
        n_features: usize,
        names: Option<&[String]>,
        _: bool,
    ) -> Result<()> {
        match names {
            Some(names) => same_names(self, names.iter().map(String::as_str)),
            None if self.n_columns() == n_features => Ok(()),
            None => Err(Error::shape(
                "number of features of X",
                n_features,
                self.n_columns(),
            )),
        }
    }
}

/// Which columns are kept, and what is needed to recognise them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Kept {
    mask: Vec<bool>,
    /// The names at fit, where the samples had names.
    names: Option<Vec<String>>,
    allow_nan: bool,
}

impl Kept {
    /// NaN pass in `transform` if the fit went well with some.
    pub(super) fn new<X: SelectColumns + ?Sized>(mask: Vec<bool>, x: &X) -> Self {
        Kept::from_parts(mask, x.feature_names(), x.has_non_finite())
    }

    pub(super) fn from_parts(mask: Vec<bool>, names: Option<Vec<String>>, allow_nan: bool) -> Self {
        if !mask.contains(&true) {
            log::warn!(
                "no features were selected: either the data are too noisy or the selection is too strict"
            );
        }
        Kept {
            mask,
            names,
            allow_nan,
        }
    }

    pub(super) fn mask(&self) -> &[bool] {
        &self.mask
    }

    pub(super) fn indices(&self) -> Vec<usize> {
        indices(&self.mask)
    }

    pub(super) fn n_selected(&self) -> usize {
        self.mask.iter().filter(|&&kept| kept).count()
    }

    pub(super) fn transform<X: SelectColumns + ?Sized>(&self, x: &X) -> Result<X::Owned> {
        x.check_against_fit(self.mask.len(), self.names.as_deref(), self.allow_nan)?;
        x.take_columns(&self.indices())
    }

    pub(super) fn inverse_transform<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let indices = self.indices();
        if x.ncols() != indices.len() {
            return Err(Error::shape(
                "number of selected features of X",
                indices.len(),
                x.ncols(),
            ));
        }
        if self.allow_nan {
            no_infinity(x)?;
        } else {
            check::finite(x, "X")?;
        }
        let mut out = parallel::zeros((x.nrows(), self.mask.len()));
        let chunk = parallel::row_chunks(x.nrows(), self.mask.len());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            for (i, mut to) in block.rows_mut().into_iter().enumerate() {
                for (&c, &v) in indices.iter().zip(x.index_axis(Axis(0), first + i)) {
                    to[c] = v;
                }
            }
        });
        Ok(out)
    }

    pub(super) fn names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let all = match &self.names {
            Some(names) => {
                names_at_fit(input, names)?;
                names.clone()
            }
            None => names_or_numbers(input, self.mask.len())?,
        };
        let kept = all.into_iter().zip(&self.mask);
        Ok(kept.filter(|(_, kept)| **kept).map(|(n, _)| n).collect())
    }

    pub(super) fn validate(&self) -> Result<()> {
        ensure::at_least("number of features", self.mask.len(), 1)?;
        ensure::optional_names("feature names", self.names.as_deref(), self.mask.len())
    }
}

/// The positions that are true.
pub(super) fn indices(mask: &[bool]) -> Vec<usize> {
    let kept = mask.iter().enumerate().filter(|(_, kept)| **kept);
    kept.map(|(j, _)| j).collect()
}

/// What all fitted selectors have in common, through their field `kept`: for arrays, or for `any` samples with columns.
macro_rules! selector {
    (@common [$($g:ident),*] $fitted:ty) => {
        impl<$($g),*> $fitted {
            /// For each feature whether it is selected.
            #[doc(alias = "get_support")]
            pub fn support(&self) -> &[bool] {
                self.kept.mask()
            }

            /// The positions of the selected features, ascending.
            #[doc(alias = "get_support")]
            pub fn support_indices(&self) -> Vec<usize> {
                self.kept.indices()
            }

            /// The number of features at fit.
            pub fn n_features_in(&self) -> usize {
                self.kept.mask().len()
            }

            /// The number of selected features.
            pub fn n_features(&self) -> usize {
                self.kept.n_selected()
            }
        }

        /// Zeros stand for the features that were not selected.
        impl<F: $crate::Float, $($g),*> $crate::InverseTransform<ndarray::ArrayRef2<F>> for $fitted {
            type Output = ndarray::Array2<F>;
            fn inverse_transform(&self, x: &ndarray::ArrayRef2<F>) -> $crate::Result<ndarray::Array2<F>> {
                self.kept.inverse_transform(x)
            }
        }

        impl<$($g),*> $crate::FeatureNamesOut for $fitted {
            fn feature_names_out(&self, input: Option<&[String]>) -> $crate::Result<Vec<String>> {
                self.kept.names_out(input)
            }
        }
    };
    (arrays [$($g:ident),*] $fitted:ty) => {
        $crate::feature_selection::support::selector!(@common [$($g),*] $fitted);

        impl<F: $crate::Float, $($g),*> $crate::Transform<ndarray::ArrayRef2<F>> for $fitted {
            type Output = ndarray::Array2<F>;
            fn transform(&self, x: &ndarray::ArrayRef2<F>) -> $crate::Result<ndarray::Array2<F>> {
                self.kept.transform(x)
            }
        }
    };
    (any [$($g:ident),*] $fitted:ty) => {
        $crate::feature_selection::support::selector!(@common [$($g),*] $fitted);

        impl<X: $crate::feature_selection::SelectColumns + ?Sized, $($g),*> $crate::Transform<X> for $fitted {
            type Output = X::Owned;
            fn transform(&self, x: &X) -> $crate::Result<X::Owned> {
                self.kept.transform(x)
            }
        }
    };
}
pub(super) use selector;

/// What the selectors around an estimator have in common, through their fields `estimator` and `settings`: parameters by
/// name, text, files.
macro_rules! around_estimator {
    ($name:ident<$($g:ident),*>) => {
        /// The settings, and the estimator's as `estimator__...`.
        impl<E: $crate::params::Params, $($g: Clone),*> $crate::params::Params for $name<E, $($g),*> {
            fn params(&self) -> std::collections::BTreeMap<String, $crate::params::Value> {
                $crate::feature_selection::support::params_with(&self.settings, "estimator", &self.estimator)
            }

            fn with_value(&self, name: &str, value: $crate::params::Value) -> $crate::Result<Self> {
                let (settings, estimator) = $crate::feature_selection::support::with_value_of(
                    &self.settings, "estimator", &self.estimator, name, value,
                )?;
                let mut new = self.clone();
                new.settings = settings;
                new.estimator = estimator;
                Ok(new)
            }
        }

        /// The settings, then the estimator.
        impl<E: std::fmt::Display, $($g),*> std::fmt::Display for $name<E, $($g),*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&$crate::params::describe(&self.settings))?;
                for line in self.estimator.to_string().lines() {
                    write!(f, "\n  {line}")?;
                }
                Ok(())
            }
        }

        impl<E, $($g),*> $crate::model::Model for $name<E, $($g),*>
        where
            E: $crate::model::Model,
            $($g: serde::Serialize + serde::de::DeserializeOwned,)*
        {
            fn type_name() -> String {
                format!("{}<{}>", stringify!($name), E::type_name())
            }
            fn validate(&self) -> $crate::Result<()> {
                $crate::params::Hyperparameters::check(&self.settings)?;
                self.estimator.validate()
            }
        }
    };
}
pub(super) use around_estimator;

/// What a fitted selector with a `model` on the selected features can do through it.
macro_rules! through_model {
    ($fitted:ident) => {
        impl<X: SelectColumns + ?Sized, M: Predict<X>> Predict<X> for $fitted<M> {
            type Output = M::Output;
            fn predict(&self, x: &X) -> Result<M::Output> {
                self.model.predict(self.kept.transform(x)?.borrow())
            }
        }

        impl<X: SelectColumns + ?Sized, M: DecisionFunction<X>> DecisionFunction<X> for $fitted<M> {
            type Float = M::Float;
            fn decision_function(&self, x: &X) -> Result<Array2<M::Float>> {
                self.model
                    .decision_function(self.kept.transform(x)?.borrow())
            }
        }

        impl<X: SelectColumns + ?Sized, M: PredictProba<X>> PredictProba<X> for $fitted<M> {
            type Float = M::Float;
            fn predict_proba(&self, x: &X) -> Result<Array2<M::Float>> {
                self.model.predict_proba(self.kept.transform(x)?.borrow())
            }
            fn predict_log_proba(&self, x: &X) -> Result<Array2<M::Float>> {
                self.model
                    .predict_log_proba(self.kept.transform(x)?.borrow())
            }
        }

        impl<X: SelectColumns + ?Sized, M: Confidence<X>> Confidence<X> for $fitted<M> {
            type Float = M::Float;
            fn maybe_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                match self.kept.transform(x) {
                    Ok(x) => self.model.maybe_proba(x.borrow()),
                    Err(e) => Some(Err(e)),
                }
            }
            fn maybe_log_proba(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                match self.kept.transform(x) {
                    Ok(x) => self.model.maybe_log_proba(x.borrow()),
                    Err(e) => Some(Err(e)),
                }
            }
            fn maybe_decision(&self, x: &X) -> Option<Result<Array2<M::Float>>> {
                match self.kept.transform(x) {
                    Ok(x) => self.model.maybe_decision(x.borrow()),
                    Err(e) => Some(Err(e)),
                }
            }
        }

        impl<X, Y, M> Score<X, Y> for $fitted<M>
        where
            X: SelectColumns + ?Sized,
            Y: Targets + ?Sized,
            M: Score<X, Y>,
        {
            fn score(&self, x: &X, y: &Y) -> Result<f64> {
                self.model.score(self.kept.transform(x)?.borrow(), y)
            }
        }

        impl<M: Classes> Classes for $fitted<M> {
            fn classes(&self) -> &[Class] {
                self.model.classes()
            }
        }
    };
}
pub(super) use through_model;

/// Hyper-parameters of `settings`, and those of what is inside as `inner__...`.
pub(super) fn params_with<H: Hyperparameters, E: Params>(
    settings: &H,
    prefix: &str,
    inner: &E,
) -> BTreeMap<String, Value> {
    let inner = inner.params().into_iter();
    let mut all = settings.params();
    all.extend(inner.map(|(name, value)| (format!("{prefix}__{name}"), value)));
    all
}

/// Both with one hyper-parameter changed.
pub(super) fn with_value_of<H: Hyperparameters, E: Params>(
    settings: &H,
    prefix: &str,
    inner: &E,
    name: &str,
    value: Value,
) -> Result<(H, E)> {
    let of_inner = name
        .strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix("__"));
    if let Some(name) = of_inner {
        return Ok((settings.clone(), inner.with_value(name, value)?));
    }
    match settings.with_value(name, value) {
        Ok(settings) => Ok((settings, inner.clone())),
        Err(e) => Err(match e.kind() {
            ErrorKind::UnknownParameter { .. } => ErrorKind::UnknownParameter {
                estimator: H::NAME.into(),
                name: name.into(),
                known: params_with(settings, prefix, inner).into_keys().collect(),
            }
            .into(),
            _ => e,
        }),
    }
}

/// Serde for lists of numbers that may be NaN or infinite, as scores are: such as texts in the readable form.
pub(super) mod numbers {
    use ndarray::Array1;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "crate::params::number")] f64);

    pub(in crate::feature_selection) fn serialize<S: Serializer>(
        values: &Array1<f64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(values.iter().map(|&v| Number(v)))
    }

    pub(in crate::feature_selection) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Array1<f64>, D::Error> {
        let values = Vec::<Number>::deserialize(deserializer)?;
        Ok(values.into_iter().map(|v| v.0).collect())
    }

    pub(in crate::feature_selection) mod optional {
        use super::*;

        #[derive(Serialize, Deserialize)]
        struct Numbers(#[serde(with = "super")] Array1<f64>);

        pub(in crate::feature_selection) fn serialize<S: Serializer>(
            values: &Option<Array1<f64>>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            values.clone().map(Numbers).serialize(serializer)
        }

        pub(in crate::feature_selection) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Array1<f64>>, D::Error> {
            Ok(Option::<Numbers>::deserialize(deserializer)?.map(|v| v.0))
        }
    }
}

/// Two lists with the same numbers, where NaN is equal to NaN.
pub(super) fn same_numbers(a: &ndarray::Array1<f64>, b: &ndarray::Array1<f64>) -> bool {
    a.len() == b.len()
        && a.iter()
            .zip(b)
            .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{array, s};

    #[test]
    fn columns_are_taken_from_any_layout() {
        let x = Array2::from_shape_fn((70_000, 3), |(i, j)| (10 * i + j) as f64);
        let expected = x.select(Axis(1), &[0, 2]);
        let column_major = x.t().as_standard_layout().into_owned().reversed_axes();
        for x in [x.view(), column_major.view()] {
            assert_eq!(x.take_columns(&[0, 2]).unwrap(), expected);
        }
        let strided = x.slice(s![..;-2, ..]);
        assert_eq!(
            strided.take_columns(&[1]).unwrap(),
            strided.select(Axis(1), &[1])
        );
        assert_eq!(x.take_columns(&[]).unwrap().dim(), (70_000, 0));
        assert!(x.take_columns(&[3]).is_err());
    }

    #[test]
    fn what_is_left_out_comes_back_as_zeros() {
        let x = array![[1.0f32, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let kept = Kept::from_parts(vec![true, false, true], None, false);
        let small = kept.transform(&*x).unwrap();
        assert_eq!(small, array![[1.0, 3.0], [4.0, 6.0]]);
        assert_eq!(
            kept.inverse_transform(&small).unwrap(),
            array![[1.0, 0.0, 3.0], [4.0, 0.0, 6.0]]
        );
        assert!(kept.inverse_transform(&x).is_err());
        assert_eq!(kept.names_out(None).unwrap(), ["x0", "x2"]);
    }
}
