//! What estimators around other estimators have in common.

use std::collections::BTreeMap;

use ndarray::{Array2, Axis, concatenate};
use serde::{Deserialize, Serialize};

use crate::boxed::Confidence;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::ensure;
use crate::model_selection::Split;
use crate::parallel;
use crate::params::Value;
use crate::preprocessing::{names_at_fit, names_or_numbers};
use crate::samples::Samples;
use crate::targets::ClassTarget;

/// `task(0), task(1), ...` side by side; the results in order, or the first error in order.
pub(crate) fn each<T: Send>(
    n: usize,
    task: impl Fn(usize) -> Result<T> + Sync + Send,
) -> Result<Vec<T>> {
    parallel::map(n, task).into_iter().collect()
}

/// Copies of the models after one more batch each, side by side, or the first error in order.
pub(crate) fn after_batch<M: Clone + Send + Sync>(
    models: &[M],
    learn: impl Fn(usize, &mut M) -> Result<()> + Sync + Send,
) -> Result<Vec<M>> {
    each(models.len(), |i| {
        let mut model = models[i].clone();
        learn(i, &mut model)?;
        Ok(model)
    })
}

/// Parameters of what is inside, as `name__...`.
pub(crate) fn nested(
    name: &str,
    inner: BTreeMap<String, Value>,
) -> impl Iterator<Item = (String, Value)> {
    inner
        .into_iter()
        .map(move |(k, v)| (format!("{name}__{k}"), v))
}

/// No parameter has this name.
pub(crate) fn unknown_parameter(
    estimator: &str,
    name: &str,
    known: BTreeMap<String, Value>,
) -> Error {
    ErrorKind::UnknownParameter {
        estimator: estimator.into(),
        name: name.into(),
        known: known.into_keys().collect(),
    }
    .into()
}

/// The first line, then each part under its name, indented.
pub(crate) fn indented(
    f: &mut std::fmt::Formatter<'_>,
    head: &str,
    parts: &[(&str, &dyn std::fmt::Display)],
) -> std::fmt::Result {
    f.write_str(head)?;
    for (name, part) in parts {
        let text = part.to_string();
        if text.contains('\n') {
            write!(f, "\n  {name}:")?;
            for line in text.lines() {
                write!(f, "\n    {line}")?;
            }
        } else {
            write!(f, "\n  {name}: {text}")?;
        }
    }
    Ok(())
}

/// Parameters, text and files of an estimator with the fields `estimator` and `settings`, and perhaps a splitter or a
/// scorer of another type beside them.
macro_rules! around_one {
    ($name:ident<$e:ident $(, $p:ident)*>) => {
        /// The settings, and the estimator's parameters as `estimator__...`.
        impl<$e: $crate::params::Params $(, $p: Clone)*> $crate::params::Params for $name<$e $(, $p)*> {
            fn params(&self) -> std::collections::BTreeMap<String, $crate::params::Value> {
                let inner = $crate::meta::nested("estimator", self.estimator.params());
                self.settings.params().into_iter().chain(inner).collect()
            }
            fn with_value(&self, name: &str, value: $crate::params::Value) -> $crate::Result<Self> {
                let mut new = self.clone();
                if let Some(inner) = name.strip_prefix("estimator__") {
                    new.estimator = self.estimator.with_value(inner, value)?;
                } else if self.settings.params().contains_key(name) {
                    new.settings = self.settings.with_value(name, value)?;
                } else {
                    return Err($crate::meta::unknown_parameter(NAME, name, self.params()));
                }
                Ok(new)
            }
        }

        impl<$e: std::fmt::Display $(, $p)*> std::fmt::Display for $name<$e $(, $p)*> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                let head = $crate::params::describe(&self.settings);
                $crate::meta::indented(f, &head, &[("estimator", &self.estimator)])
            }
        }

        impl<$e, $($p),*> $crate::model::Model for $name<$e $(, $p)*>
        where
            $e: $crate::model::Model,
            $($p: serde::Serialize + serde::de::DeserializeOwned,)*
        {
            fn type_name() -> String {
                format!("{NAME}<{}>", $e::type_name())
            }
            fn validate(&self) -> $crate::Result<()> {
                $crate::params::Hyperparameters::check(&self.settings)?;
                self.estimator.validate()
            }
        }
    };
}
pub(crate) use around_one;

/// An estimator around another one, without settings of its own: the type, its constructor, and what [`around_one`] gives.
macro_rules! around_only {
    ($(#[$doc:meta])* pub struct $name:ident around $what:literal;) => {
        /// There are none.
        #[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        struct Settings {}

        impl $crate::params::Hyperparameters for Settings {
            const NAME: &'static str = NAME;
            fn check(&self) -> $crate::Result<()> {
                Ok(())
            }
        }

        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[must_use]
        pub struct $name<E> {
            estimator: E,
            settings: Settings,
        }

        impl<E> $name<E> {
            #[doc = concat!("Around this ", $what, ".")]
            pub fn new(estimator: E) -> Self {
                $name {
                    estimator,
                    settings: Settings::default(),
                }
            }

            #[doc = concat!("The ", $what, ".")]
            pub fn estimator(&self) -> &E {
                &self.estimator
            }
        }

        $crate::meta::around_one!($name<E>);
    };
}
pub(crate) use around_only;

/// The classes that have weight, at least two.
///
/// # Errors
/// `TooFewClasses`, and what [`check::target`](crate::check::target) says.
pub(crate) fn weighted_classes<Y: ClassTarget + ?Sized>(
    estimator: &str,
    y: &Y,
    n_samples: usize,
) -> Result<Labels> {
    crate::check::target(y, n_samples)?;
    let labels = match y.sample_weight() {
        Some(w) => y.labels().observed_where(|row| w[row] > 0.0),
        None => y.labels().observed(),
    };
    if labels.classes().len() < 2 {
        return Err(ErrorKind::TooFewClasses {
            estimator: estimator.into(),
            got: labels.classes().len(),
            classes: labels.classes().iter().map(Class::to_string).collect(),
        }
        .into());
    }
    Ok(labels)
}

/// There are rows, and columns.
pub(crate) fn not_empty<X: Samples + ?Sized>(x: &X) -> Result<()> {
    let what = if x.n_samples() == 0 {
        "X (no rows)"
    } else if x.n_features() == 0 {
        "X (no columns)"
    } else {
        return Ok(());
    };
    Err(ErrorKind::EmptyInput { what: what.into() }.into())
}

/// What a classifier says of its confidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// Decision values: positive, or greatest, for the likelier class.
    Decision,
    /// Probabilities.
    Proba,
}

/// The model says nothing of its confidence.
pub(crate) fn no_confidence(estimator: &str, operation: &str) -> Error {
    ErrorKind::Unsupported {
        estimator: format!("the estimator of {estimator}"),
        operation: operation.into(),
    }
    .into()
}

/// Decision values where there are any, probabilities otherwise. Of two classes one column, for the second.
pub(crate) fn decision_or_proba<X: ?Sized, F: Float, M: Confidence<X, Float = F>>(
    estimator: &str,
    model: &M,
    x: &X,
) -> Result<(Array2<F>, Said)> {
    if let Some(decision) = model.maybe_decision(x) {
        return Ok((decision?, Said::Decision));
    }
    match model.maybe_proba(x) {
        Some(proba) => Ok((second_of_two(proba?), Said::Proba)),
        None => Err(no_confidence(
            estimator,
            "decision_function or predict_proba",
        )),
    }
}

/// Of two columns the second.
pub(crate) fn second_of_two<F: Float>(proba: Array2<F>) -> Array2<F> {
    match proba.ncols() {
        2 => proba.column(1).to_owned().insert_axis(Axis(1)),
        _ => proba,
    }
}

/// Matrices side by side.
pub(crate) fn side_by_side<F: Float>(parts: &[Array2<F>]) -> Result<Array2<F>> {
    let views: Vec<_> = parts.iter().map(|p| p.view()).collect();
    concatenate(Axis(1), &views).map_err(|e| Error::invalid_input("predictions", e.to_string()))
}

/// The position of the greatest value; the first of equals.
pub(crate) fn arg_max<F: Float>(values: impl IntoIterator<Item = F>) -> usize {
    let mut best = (0, None);
    for (k, v) in values.into_iter().enumerate() {
        if best.1.is_none_or(|b| v > b) {
            best = (k, Some(v));
        }
    }
    best.0
}

/// Logarithms of probabilities.
pub(crate) fn logs<F: Float>(proba: Array2<F>) -> Array2<F> {
    proba.mapv_into(|p| p.ln())
}

/// The test rows of the splits are every row exactly once.
pub(crate) fn every_row_once(splits: &[Split], n: usize) -> Result<()> {
    let mut tested = vec![false; n];
    for &row in splits.iter().flat_map(|s| &s.test) {
        let Some(seen) = tested.get_mut(row) else {
            let reason = format!("row {row} of {n} rows");
            return Err(Error::invalid_input("selection", reason));
        };
        if std::mem::replace(seen, true) {
            let reason = format!("row {row} is in several test folds");
            return Err(Error::invalid_input("cross-validated predictions", reason));
        }
    }
    match tested.iter().position(|t| !t) {
        Some(row) => Err(Error::invalid_input(
            "cross-validated predictions",
            format!("row {row} is in no test fold"),
        )),
        None => Ok(()),
    }
}

/// `n` numbers from `first` to `last` in equal steps; of one number the first.
pub(crate) fn evenly_spaced(first: f64, last: f64, n: usize) -> Vec<f64> {
    let step = (last - first) / (n.max(2) - 1) as f64;
    let mut all: Vec<f64> = (0..n).map(|i| i as f64 * step + first).collect();
    if n > 1 {
        all[n - 1] = last;
    }
    all
}

/// The columns seen at fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) n_features: usize,
    pub(crate) feature_names: Option<Vec<String>>,
}

impl Seen {
    pub(crate) fn of<X: Samples + ?Sized>(x: &X) -> Self {
        Seen {
            n_features: x.n_features(),
            feature_names: x.feature_names(),
        }
    }

    /// The columns are those of the fit; how many rows there are.
    pub(crate) fn rows<X: Samples + ?Sized>(&self, x: &X) -> Result<usize> {
        if let (Some(at_fit), Some(names)) = (&self.feature_names, x.feature_names())
            && names != *at_fit
        {
            if names.len() == at_fit.len() {
                names_at_fit(Some(&names), at_fit)?;
            } else {
                return Err(crate::preprocessing::different_names(&names, at_fit, "X"));
            }
        }
        if x.n_features() != self.n_features {
            let what = "number of features of X";
            return Err(Error::shape(what, self.n_features, x.n_features()));
        }
        Ok(x.n_samples())
    }

    pub(crate) fn validate(&self) -> Result<()> {
        ensure::at_least("number of features", self.n_features, 1)?;
        ensure::optional_names(
            "feature names",
            self.feature_names.as_deref(),
            self.n_features,
        )
    }

    /// The names of the fit, or those given, or `x0`, `x1`, ...
    pub(crate) fn names(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        match &self.feature_names {
            Some(at_fit) => {
                names_at_fit(input, at_fit)?;
                Ok(at_fit.clone())
            }
            None => names_or_numbers(input, self.n_features),
        }
    }
}
