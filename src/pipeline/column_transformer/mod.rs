//! Parts side by side: each transforms some columns, together they make one matrix.

mod fitted;
mod source;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub use fitted::FittedColumnTransformer;
pub(super) use fitted::distinct;
pub use source::{ColumnSource, InputColumn};

use super::naming::settings_of_parts;
use super::parts::{
    AT_ONCE, DescribeParts, Dropped, FitParts, FittedParts, How, Learned, Mixed, NoParts, Numeric,
    Part, PartAccess, PartNames, PartParams, Parts, REMAINDER,
};
use super::{Drop, FeatureNaming, Passthrough, Steps};
use crate::check;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Params, Value};
use crate::preprocessing::unique_names;
use crate::table::Columns;
use crate::targets::Targets;
use crate::traits::{Estimator, Known};

const NAME: &str = "ColumnTransformer";

/// What becomes of the columns that no part takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Remainder {
    /// They are left out.
    #[default]
    Drop,
    /// They follow the parts' columns as they are: numbers, and booleans as 0 and 1. A column of texts is an error.
    Passthrough,
}

/// A table or a matrix becomes one matrix, different columns by different transformers.
///
/// Each part has a name, a choice of columns and a step: an estimator whose fitted form transforms to a matrix, by itself or
/// a [`pipeline`](super::pipeline) of several.
/// - [`numeric`](Self::numeric): the step receives the columns as a matrix of `f64`, missing values as NaN.
/// - [`part`](Self::part): the step receives the columns as a [`Table`](crate::table::Table).
/// - [`passthrough`](Self::passthrough): the columns are numbers and stay as they are.
/// - [`drop`](Self::drop): the columns are left out.
///
/// The result has the parts' columns in the order of the parts, then the remainder. A column may be in several parts, or in
/// none. Parts are fitted in parallel; a part whose choice matches no column is skipped (a pattern must match one, though).
///
/// At transform the columns of a table are found by name: their order does not matter, further columns are not looked at, and
/// columns that no part takes need not be there. A column must be of the kind it had at fit; whole and real numbers are one
/// kind, and a column in which everything is missing is of any.
///
/// Over a matrix, in `f32` or `f64`, columns are chosen by position, and parts are [`numeric`](Self::numeric),
/// [`passthrough`](Self::passthrough) or [`drop`](Self::drop).
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `remainder` | `drop` | `drop`, `passthrough`, an estimator | what becomes of columns that no part takes |
/// | `transformer_weights` | none | finite | what the columns of a part are multiplied by, by the part's name |
/// | `verbose_feature_names_out` | `true` | `true`, `false`, a format | how the columns of the result are named |
///
/// The parameters of steps have the part's name in front: `num__impute__strategy`, `remainder__with_mean`.
///
/// # Errors
/// `InvalidParameter` for part names that repeat, are empty, contain `__` or are `remainder`, for weights of parts that
/// there are not, and for formats with other fields; `UnknownColumn`; `WrongColumnKind`; `FeatureNames`, which lists the
/// columns missing at transform; what the steps say, after the part's name.
///
/// # Source
/// scikit-learn's `ColumnTransformer`, dense. Different here: a column of texts that would pass through is an error, for the
/// result is a matrix of numbers; a column is not chosen twice by one part; the weight of a part that there is not is an
/// error; the names of the result never repeat, with a format neither.
///
/// # Examples
/// ```
/// use fitwell::impute::SimpleImputer;
/// use fitwell::pipeline::ColumnTransformer;
/// use fitwell::preprocessing::{OneHotEncoder, StandardScaler};
/// use fitwell::{prelude::*, table::{Column, Columns, Table}};
/// use ndarray::array;
///
/// let table = Table::new([
///     ("age", Column::from([Some(20.0), None, Some(40.0)])),
///     ("sex", Column::from(["female", "male", "male"])),
///     ("ticket", Column::from(["A1", "B2", "C3"])),
/// ])?;
/// let prepare = ColumnTransformer::new()
///     .numeric(
///         "num",
///         Columns::numeric(),
///         pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
///     )
///     .part("cat", ["sex"], OneHotEncoder::new());
/// let prepare = prepare.with_param("num__impute__strategy", "mean")?;
///
/// let fitted = prepare.fit(&table, &())?;
/// let x = fitted.transform(&table)?;
/// assert_eq!(x.row(1), array![0.0, 0.0, 1.0]);
/// assert_eq!(fitted.feature_names_out(None)?, ["num__age", "cat__sex_female", "cat__sex_male"]);
/// # Ok::<(), Error>(())
/// ```
///
/// Columns of a matrix:
/// ```
/// use fitwell::{pipeline::ColumnTransformer, prelude::*, preprocessing::StandardScaler};
/// use ndarray::array;
///
/// let x = array![[1.0f32, 5.0, 0.0], [3.0, 6.0, 0.0]];
/// let prepare = ColumnTransformer::new()
///     .numeric("scale", Columns::indices([0]), StandardScaler::new())
///     .remainder_numeric(StandardScaler::new().with_std(false))
///     .transformer_weights([("scale", 10.0)]);
/// assert_eq!(prepare.fit_transform(&x)?, array![[-10.0, -0.5, 0.0], [10.0, 0.5, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
///
/// A step that gives a table is no part of a matrix:
/// ```compile_fail,E0277
/// use fitwell::{impute::SimpleImputer, pipeline::ColumnTransformer, prelude::*, table::Table};
///
/// fn filled(table: &Table) {
///     let _ = ColumnTransformer::new().part("cat", ["sex"], SimpleImputer::most_frequent()).fit(table, &());
/// }
/// ```
///
/// A scaler takes no table, so it is no step of [`part`](Self::part):
/// ```compile_fail,E0277
/// use fitwell::{pipeline::ColumnTransformer, prelude::*, preprocessing::StandardScaler, table::Table};
///
/// fn scaled(table: &Table) {
///     let _ = ColumnTransformer::new().part("num", ["age"], StandardScaler::new()).fit(table, &());
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnTransformer<P = NoParts, R = Remainder> {
    parts: P,
    remainder: R,
    transformer_weights: BTreeMap<String, f64>,
    verbose_feature_names_out: FeatureNaming,
}

impl Default for ColumnTransformer {
    fn default() -> Self {
        ColumnTransformer {
            parts: NoParts,
            remainder: Remainder::Drop,
            transformer_weights: BTreeMap::new(),
            verbose_feature_names_out: FeatureNaming::Prefixed,
        }
    }
}

impl ColumnTransformer {
    /// Without parts yet; columns that no part takes are dropped.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<P, R> ColumnTransformer<P, R> {
    /// One more part, whose step receives the columns as a matrix: numbers, booleans as 0 and 1, missing values as NaN.
    pub fn numeric<S>(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
        step: S,
    ) -> ColumnTransformer<Parts<P, Part<Numeric, S>>, R> {
        self.with_part(Part::new(name, columns.into(), step))
    }

    /// One more part, whose step receives the columns as a [`Table`](crate::table::Table) and gives a matrix.
    pub fn part<S>(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
        step: S,
    ) -> ColumnTransformer<Parts<P, Part<Mixed, S>>, R> {
        self.with_part(Part::new(name, columns.into(), step))
    }

    /// One more part: columns of numbers that stay as they are, booleans as 0 and 1. scikit-learn's `"passthrough"`.
    pub fn passthrough(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
    ) -> ColumnTransformer<Parts<P, Part<Numeric, Passthrough>>, R> {
        self.numeric(name, columns, Passthrough::new())
    }

    /// One more part: columns that are left out, and are no part of the remainder either. scikit-learn's `"drop"`.
    pub fn drop(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
    ) -> ColumnTransformer<Parts<P, Part<Dropped, Drop>>, R> {
        self.with_part(Part::new(name, columns.into(), Drop::new()))
    }

    fn with_part<K, S>(self, last: Part<K, S>) -> ColumnTransformer<Parts<P, Part<K, S>>, R> {
        ColumnTransformer {
            parts: Parts {
                before: self.parts,
                last,
            },
            remainder: self.remainder,
            transformer_weights: self.transformer_weights,
            verbose_feature_names_out: self.verbose_feature_names_out,
        }
    }

    /// What becomes of the columns that no part takes.
    pub fn remainder(self, remainder: Remainder) -> ColumnTransformer<P, Remainder> {
        self.with_remainder(remainder)
    }

    /// The columns that no part takes go through this step, which receives them as a matrix.
    pub fn remainder_numeric<S>(
        self,
        step: S,
    ) -> ColumnTransformer<P, Parts<NoParts, Part<Numeric, S>>> {
        self.with_remainder(Parts {
            before: NoParts,
            last: Part::new(REMAINDER, Columns::All, step),
        })
    }

    /// The columns that no part takes go through this step, which receives them as a [`Table`](crate::table::Table).
    pub fn remainder_part<S>(
        self,
        step: S,
    ) -> ColumnTransformer<P, Parts<NoParts, Part<Mixed, S>>> {
        self.with_remainder(Parts {
            before: NoParts,
            last: Part::new(REMAINDER, Columns::All, step),
        })
    }

    fn with_remainder<T>(self, remainder: T) -> ColumnTransformer<P, T> {
        ColumnTransformer {
            parts: self.parts,
            remainder,
            transformer_weights: self.transformer_weights,
            verbose_feature_names_out: self.verbose_feature_names_out,
        }
    }

    settings_of_parts!();
}

pub(super) fn check_names(estimator: &str, names: &[&str]) -> Result<()> {
    let refuse = |expected: &str, name: &str| {
        let got = format!("{:?}", shorten(name));
        Err(Error::invalid_parameter(estimator, "name", expected, got))
    };
    for name in names {
        if name.is_empty() || name.contains("__") {
            return refuse("not empty and without `__`", name);
        }
        if *name == REMAINDER && estimator == NAME {
            return refuse(
                "another name, for the columns that no part takes have it",
                name,
            );
        }
    }
    unique_names(names.iter().copied()).or_else(|name| refuse("different for each part", name))
}

/// Each weight is finite and of a part that there is.
pub(super) fn check_weights(
    estimator: &str,
    weights: &BTreeMap<String, f64>,
    names: &[&str],
) -> Result<()> {
    for (name, weight) in weights {
        let refuse = |expected: String| {
            let got = format!("{:?}: {weight}", shorten(name));
            Err(Error::invalid_parameter(
                estimator,
                "transformer_weights",
                expected,
                got,
            ))
        };
        if !names.contains(&name.as_str()) {
            return refuse(format!("for parts that there are ({})", names.join(", ")));
        }
        if !weight.is_finite() {
            return refuse("finite".into());
        }
    }
    Ok(())
}

/// Weights as a parameter.
pub(super) fn weights_value(weights: &BTreeMap<String, f64>) -> Value {
    match weights.is_empty() {
        true => Value::Null,
        false => weights
            .iter()
            .map(|(k, v)| (k.clone(), Value::from(*v)))
            .collect(),
    }
}

/// Weights from a parameter: an object of numbers, or `null` for none.
pub(super) fn weights_from(estimator: &str, value: &Value) -> Result<BTreeMap<String, f64>> {
    let weights: std::result::Result<Option<_>, _> = serde_json::from_value(value.clone());
    weights.map(Option::unwrap_or_default).map_err(|_| {
        let expected = "numbers by the names of parts";
        Error::invalid_parameter(estimator, "transformer_weights", expected, value)
    })
}

impl<P: PartNames, R> ColumnTransformer<P, R> {
    #[allow(clippy::type_complexity)] // the model and its blocks, no more
    fn learn<X, Y>(
        &self,
        x: &X,
        y: &Y,
        keep: bool,
    ) -> Result<Learned<FittedColumnTransformer<P::Fitted, R::Fitted>, X::Float>>
    where
        X: ColumnSource + ?Sized,
        X::Float: Float,
        Y: Targets + ?Sized,
        P: FitParts<X, Y>,
        R: FitParts<X, Y>,
    {
        let mut names = self.parts.names();
        check_names(NAME, &names)?;
        names.push(REMAINDER);
        check_weights(NAME, &self.transformer_weights, &names)?;
        self.verbose_feature_names_out.check(NAME)?;
        let (n_rows, n_columns) = (x.n_samples(), x.n_features());
        let what = match (n_rows, n_columns) {
            (_, 0) => Some("X (no columns)"),
            (0, _) => Some("X (no rows)"),
            _ => None,
        };
        if let Some(what) = what {
            return Err(ErrorKind::EmptyInput { what: what.into() }.into());
        }
        check::target(y, n_rows)?;
        let how = How {
            at_once: n_rows.saturating_mul(n_columns) >= AT_ONCE,
            keep,
            weights: &self.transformer_weights,
            rest: None,
        };
        let (parts, mut blocks) = self.parts.fit_parts(x, y, &how)?;
        let mut used = vec![false; n_columns];
        for slot in parts.slots() {
            slot.columns.iter().for_each(|&c| used[c] = true);
        }
        let rest: Vec<usize> = (0..n_columns).filter(|&c| !used[c]).collect();
        let how = How {
            rest: Some(&rest),
            ..how
        };
        let (remainder, more) = self.remainder.fit_parts(x, y, &how)?;
        blocks.extend(more);
        if parts.width().saturating_add(remainder.width()) == 0 {
            let what = "the result of the parts (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let naming = self.verbose_feature_names_out.clone();
        let columns = x.input_columns();
        let fitted = FittedColumnTransformer::new(columns, X::NAMED, parts, remainder, naming);
        Ok((fitted, blocks))
    }
}

impl<X, Y, P, R> Estimator<X, Y> for ColumnTransformer<P, R>
where
    X: ColumnSource + ?Sized,
    X::Float: Float,
    Y: Targets + ?Sized,
    P: FitParts<X, Y> + PartNames,
    R: FitParts<X, Y>,
{
    type Fitted = FittedColumnTransformer<P::Fitted, R::Fitted>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        Ok(self.learn(x, y, false)?.0)
    }

    fn fit_for_transform(&self, x: &X, y: &Y) -> Result<(Self::Fitted, Known)> {
        let (fitted, blocks) = self.learn(x, y, true)?;
        Ok((fitted, Known::new(blocks)))
    }
}

impl<P: PartAccess, R: PartAccess> Steps for ColumnTransformer<P, R> {
    fn names(&self) -> Vec<&str> {
        let mut names = self.parts.names();
        names.extend(self.remainder.names());
        names
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name).or_else(|| self.remainder.get(name))
    }
}

impl<P: PartParams, R: PartParams> Params for ColumnTransformer<P, R> {
    fn params(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        self.parts.collect_params(&mut all);
        self.remainder.collect_params(&mut all);
        let weights = weights_value(&self.transformer_weights);
        all.insert("transformer_weights".into(), weights);
        let naming = self.verbose_feature_names_out.to_value();
        all.insert("verbose_feature_names_out".into(), naming);
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut changed = self.clone();
        match name {
            "transformer_weights" => changed.transformer_weights = weights_from(NAME, &value)?,
            "verbose_feature_names_out" => {
                changed.verbose_feature_names_out = FeatureNaming::from_value(NAME, &value)?;
            }
            _ => {
                if let Some(parts) = self.parts.with_part_value(name, &value)? {
                    changed.parts = parts;
                } else if let Some(remainder) = self.remainder.with_part_value(name, &value)? {
                    changed.remainder = remainder;
                } else {
                    return Err(ErrorKind::UnknownParameter {
                        estimator: NAME.into(),
                        name: name.into(),
                        known: self.params().into_keys().collect(),
                    }
                    .into());
                }
            }
        }
        Ok(changed)
    }
}

/// One line a part, steps indented below.
impl<P: DescribeParts, R: DescribeParts> fmt::Display for ColumnTransformer<P, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = described(&self.transformer_weights, &self.verbose_feature_names_out);
        write!(f, "{NAME}({settings})")?;
        self.parts.describe(&[], f)?;
        self.remainder.describe(&[], f)
    }
}

/// The settings that are not the default.
pub(super) fn described(weights: &BTreeMap<String, f64>, naming: &FeatureNaming) -> String {
    let mut changed = Vec::new();
    if !weights.is_empty() {
        changed.push(format!("transformer_weights={}", weights_value(weights)));
    }
    if *naming != FeatureNaming::Prefixed {
        changed.push(format!("verbose_feature_names_out={naming}"));
    }
    changed.join(", ")
}

impl Model for Remainder {
    fn type_name() -> String {
        "Remainder".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl<P: Model + PartNames, R: Model> Model for ColumnTransformer<P, R> {
    fn type_name() -> String {
        format!("{NAME}<{}, {}>", P::type_name(), R::type_name())
    }
    fn validate(&self) -> Result<()> {
        let mut names = self.parts.names();
        check_names(NAME, &names)?;
        names.push(REMAINDER);
        check_weights(NAME, &self.transformer_weights, &names)?;
        self.verbose_feature_names_out.check(NAME)?;
        self.parts.validate()?;
        self.remainder.validate()
    }
}
