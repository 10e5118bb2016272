//! Predictions for rows by models that have not seen them, as features of another model.

use std::borrow::Borrow;

use ndarray::Array2;

use super::members::Members;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::meta::{each, every_row_once};
use crate::model_selection::Split;
use crate::samples::Samples;
use crate::targets::Targets;
use crate::traits::Estimator;

/// For each member what `say` makes of its models for the test rows of the splits, put together for all rows. `say` is
/// given the member's position.
pub(super) fn out_of_fold<X, Y, E, M, F>(
    estimators: &Members<&E>,
    x: &X,
    y: &Y,
    splits: &[Split],
    say: impl Fn(usize, &M, &X) -> Result<Array2<F>> + Sync + Send,
) -> Result<Vec<Array2<F>>>
where
    X: Samples + ?Sized,
    Y: Targets + ?Sized,
    E: Estimator<X, Y, Fitted = M> + Sync,
    F: Float,
{
    let (n, folds) = (x.n_samples(), splits.len());
    every_row_once(splits, n)?;
    let parts = each(estimators.len() * folds, |task| {
        let (i, k) = (task / folds, task % folds);
        let Split { train, test } = &splits[k];
        let said = || {
            let (some_x, some_y) = (x.select(train)?, y.select(train)?);
            let model = estimators.members[i].fit(some_x.borrow(), some_y.borrow());
            let model = model.map_err(|e| e.at_rows(train))?;
            say(i, &model, x.select(test)?.borrow()).map_err(|e| e.at_rows(test))
        };
        let place = |e: Error| e.within(format!("fold {k}")).within(estimators.place(i));
        said().map_err(place)
    })?;
    let mut whole = Vec::with_capacity(estimators.len());
    for (i, parts) in parts.chunks(folds).enumerate() {
        let columns = parts.first().map_or(0, Array2::ncols);
        let mut all = Array2::zeros((n, columns));
        for (part, split) in parts.iter().zip(splits) {
            if part.dim() != (split.test.len(), columns) {
                let what = "number of values of a fold's predictions";
                let e = Error::shape(what, split.test.len() * columns, part.len());
                return Err(e.within(estimators.place(i)));
            }
            for (&row, values) in split.test.iter().zip(part.rows()) {
                all.row_mut(row).assign(&values);
            }
        }
        whole.push(all);
    }
    Ok(whole)
}

/// Parameters, text and files of an estimator with `estimators`, `final_estimator`, `settings` and a splitter.
macro_rules! around_stack {
    ($name:ident<$e:ident, $g:ident, $c:ident>) => {
        /// The settings, the estimators' parameters after their names, `"fit"` or `"drop"` under each name, and the parameters of the
        /// last as `final_estimator__...`.
        impl<$e: Params, $g: Params, $c: Clone> Params for $name<$e, $g, $c> {
            fn params(&self) -> BTreeMap<String, Value> {
                let mut all = self.settings.params();
                all.extend(nested("final_estimator", self.final_estimator.params()));
                all.extend(self.estimators.params());
                all
            }
            fn with_value(&self, name: &str, value: Value) -> Result<Self> {
                let mut new = self.clone();
                if let Some(inner) = name.strip_prefix("final_estimator__") {
                    new.final_estimator = self.final_estimator.with_value(inner, value)?;
                } else if let Some(estimators) = self.estimators.with_value(NAME, name, &value)? {
                    new.estimators = estimators;
                } else if self.settings.params().contains_key(name) {
                    new.settings = self.settings.with_value(name, value)?;
                } else {
                    return Err(unknown_parameter(NAME, name, self.params()));
                }
                Ok(new)
            }
        }

        impl<$e: fmt::Display, $g: fmt::Display, $c> fmt::Display for $name<$e, $g, $c> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut parts = self.estimators.parts();
                parts.push(("final_estimator", &self.final_estimator));
                indented(f, &describe(&self.settings), &parts)
            }
        }

        impl<$e: Model, $g: Model, $c: Serialize + serde::de::DeserializeOwned> Model
            for $name<$e, $g, $c>
        {
            fn type_name() -> String {
                format!("{NAME}<{}, {}>", $e::type_name(), $g::type_name())
            }
            fn validate(&self) -> Result<()> {
                self.settings.check()?;
                self.estimators.validate()?;
                self.final_estimator.validate()
            }
        }

        impl<$e, $g, $c> $name<$e, $g, $c> {
            /// What learns from the predictions.
            pub fn final_estimator<T>(self, final_estimator: T) -> $name<$e, T, $c> {
                $name {
                    estimators: self.estimators,
                    final_estimator,
                    settings: self.settings,
                    cv: self.cv,
                }
            }

            /// A number of folds, a splitter, or a list of splits.
            pub fn cv<D: CrossValidator>(self, cv: D) -> $name<$e, $g, D> {
                $name {
                    estimators: self.estimators,
                    final_estimator: self.final_estimator,
                    settings: self.settings,
                    cv,
                }
            }

            /// Without the estimator of this name, as long as the parameter of that name is `"drop"`.
            pub fn drop(mut self, name: impl Into<String>) -> Self {
                self.estimators.drop(name.into());
                self
            }

            /// Whether the last estimator sees the samples beside the predictions.
            pub fn passthrough(mut self, passthrough: bool) -> Self {
                self.settings.passthrough = passthrough;
                self
            }

            /// The estimators by name.
            pub fn estimators(&self) -> impl Iterator<Item = (&str, &$e)> {
                self.estimators.iter()
            }
        }
    };
}
pub(super) use around_stack;
