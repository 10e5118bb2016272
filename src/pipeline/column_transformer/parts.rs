//! The parts of a [`ColumnTransformer`](super::ColumnTransformer), as a typed list: [`NoParts`], then [`Parts`] upon
//! [`Parts`], each with a [`Part`] more.
//!
//! Programs name these types only in signatures; they are made by
//! [`numeric`](super::ColumnTransformer::numeric) and [`part`](super::ColumnTransformer::part).

use std::any::Any;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::InputColumn;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::params::{Params, Value};
use crate::preprocessing::wrong_kind;
use crate::samples::Samples;
use crate::table::{Column, ColumnKind, Columns, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};

/// What a part's step is fitted on: [`Numeric`] or [`Mixed`]. Sealed.
pub trait PartKind: sealed::Sealed {
    /// The samples the step receives.
    type Samples: Samples + ?Sized;
    /// The same, owned.
    type Owned: Borrow<Self::Samples>;
    /// How model files name the kind.
    const NAME: &'static str;
    /// These columns of a table.
    ///
    /// # Errors
    /// `WrongColumnKind` for a column that the kind does not hold.
    fn take(x: &Table, columns: &[usize]) -> Result<Self::Owned>;
}

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Numeric {}
    impl Sealed for super::Mixed {}
}

/// The step receives a matrix: columns of numbers, booleans as 0 and 1, missing values as NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numeric;

/// The step receives a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mixed;

impl PartKind for Numeric {
    type Samples = ArrayRef2<f64>;
    type Owned = Array2<f64>;
    const NAME: &'static str = "Numeric";
    fn take(x: &Table, columns: &[usize]) -> Result<Array2<f64>> {
        x.matrix_of(columns)
    }
}

impl PartKind for Mixed {
    type Samples = Table;
    type Owned = Table;
    const NAME: &'static str = "Mixed";
    fn take(x: &Table, columns: &[usize]) -> Result<Table> {
        Ok(x.take_columns(columns))
    }
}

/// No parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoParts;

/// Some parts and one more, unfitted or fitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Parts<A, P> {
    pub(super) before: A,
    pub(super) last: P,
}

/// A step for some columns, under a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part<K, S> {
    pub(super) name: String,
    pub(super) columns: Columns,
    pub(super) step: S,
    pub(super) kind: PhantomData<K>,
}

/// What a part learned: which columns it takes, how many it gives, and the fitted step, if there were any columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedPart<K, M> {
    name: String,
    columns: Vec<usize>,
    width: usize,
    model: Option<M>,
    kind: PhantomData<K>,
}

impl<K, M> FittedPart<K, M> {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The positions of the part's columns among those at fit.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The number of columns it gives.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The fitted step; `None` if the part has no columns.
    pub fn model(&self) -> Option<&M> {
        self.model.as_ref()
    }
}

fn place(name: &str) -> String {
    format!("part `{name}`")
}

/// A list of parts that can be fitted on a table and this target.
///
/// A step under [`numeric`](super::ColumnTransformer::numeric) is an estimator of matrices, one under
/// [`part`](super::ColumnTransformer::part) an estimator of tables; fitted, both give a matrix of `f64`.
#[diagnostic::on_unimplemented(
    message = "a part of this `ColumnTransformer` cannot be fitted on its columns and target `{Y}`, or gives no `Array2<f64>`",
    note = "the step of `.numeric(name, columns, step)` must implement `Estimator<ArrayRef2<f64>, Y>`, that of `.part(name, columns, step)` `Estimator<Table, Y>`",
    note = "fitted, it must implement `Transform<_, Output = Array2<f64>>`: after an imputer of texts comes an encoder, `pipeline(\"impute\", ..).then(\"encode\", OneHotEncoder::new())`",
    note = "if the target is `Weighted`, a step may not be able to use sample weights"
)]
pub trait FitParts<Y: ?Sized> {
    /// The fitted parts.
    type Fitted: TransformParts;

    /// Fits each part on its columns, in parallel if `at_once`.
    ///
    /// # Errors
    /// The first part's error, in the order of the parts.
    fn fit_parts(&self, x: &Table, y: &Y, at_once: bool) -> Result<Self::Fitted>;
}

impl<Y: ?Sized> FitParts<Y> for NoParts {
    type Fitted = NoParts;
    fn fit_parts(&self, _: &Table, _: &Y, _: bool) -> Result<NoParts> {
        Ok(NoParts)
    }
}

impl<Y, A, K, S, M> FitParts<Y> for Parts<A, Part<K, S>>
where
    Y: Targets + ?Sized,
    A: FitParts<Y> + Sync,
    A::Fitted: Send,
    K: PartKind,
    S: Estimator<K::Samples, Y, Fitted = M> + Sync,
    M: Transform<K::Samples, Output = Array2<f64>> + Send,
    Part<K, S>: Sync,
    FittedPart<K, M>: Send,
{
    type Fitted = Parts<A::Fitted, FittedPart<K, M>>;

    fn fit_parts(&self, x: &Table, y: &Y, at_once: bool) -> Result<Self::Fitted> {
        let before = || self.before.fit_parts(x, y, at_once);
        let last = || self.last.fit(x, y);
        let (before, last) = if at_once {
            rayon::join(before, last)
        } else {
            (before(), last())
        };
        Ok(Parts {
            before: before?,
            last: last?,
        })
    }
}

impl<K: PartKind, S> Part<K, S> {
    fn fit<Y, M>(&self, x: &Table, y: &Y) -> Result<FittedPart<K, M>>
    where
        Y: ?Sized,
        S: Estimator<K::Samples, Y, Fitted = M>,
        M: Transform<K::Samples, Output = Array2<f64>>,
    {
        let place = |e: Error| e.within(place(&self.name));
        let columns = self.columns.resolve(x).map_err(place)?;
        let (width, model) = if columns.is_empty() {
            (0, None)
        } else {
            let samples = K::take(x, &columns).map_err(place)?;
            let model = self.step.fit(samples.borrow(), y).map_err(place)?;
            // One row tells how wide the result is.
            let row = samples.borrow().select(&[0]).map_err(place)?;
            let out = model.transform(row.borrow()).map_err(place)?;
            (out.ncols(), Some(model))
        };
        Ok(FittedPart {
            name: self.name.clone(),
            columns,
            width,
            model,
            kind: PhantomData,
        })
    }
}

/// A list of fitted parts.
pub trait TransformParts: PartNames {
    /// Adds the result of each part that has columns. `columns` are those at fit, `positions` where they are in `x` (empty:
    /// where they were at fit).
    ///
    /// # Errors
    /// The first part's error.
    fn transform_parts(
        &self,
        x: &Table,
        columns: &[InputColumn],
        positions: &[usize],
        out: &mut Vec<Array2<f64>>,
    ) -> Result<()>;

    /// The number of columns of all parts.
    fn width(&self) -> usize;

    /// Marks the columns that a part takes.
    fn mark_used(&self, used: &mut [bool]);

    /// Whether every part takes columns below `n` only.
    fn columns_below(&self, n: usize) -> bool;
}

impl TransformParts for NoParts {
    fn transform_parts(
        &self,
        _: &Table,
        _: &[InputColumn],
        _: &[usize],
        _: &mut Vec<Array2<f64>>,
    ) -> Result<()> {
        Ok(())
    }
    fn width(&self) -> usize {
        0
    }
    fn mark_used(&self, _: &mut [bool]) {}
    fn columns_below(&self, _: usize) -> bool {
        true
    }
}

impl<A, K, M> TransformParts for Parts<A, FittedPart<K, M>>
where
    A: TransformParts,
    K: PartKind,
    M: Transform<K::Samples, Output = Array2<f64>>,
{
    fn transform_parts(
        &self,
        x: &Table,
        columns: &[InputColumn],
        positions: &[usize],
        out: &mut Vec<Array2<f64>>,
    ) -> Result<()> {
        self.before.transform_parts(x, columns, positions, out)?;
        let part = &self.last;
        let Some(model) = &part.model else {
            return Ok(());
        };
        let place = |e: Error| e.within(place(&part.name));
        let samples = if positions.is_empty() {
            take::<K>(x, columns, &part.columns, &part.columns)
        } else {
            let now: Vec<usize> = part.columns.iter().map(|&c| positions[c]).collect();
            take::<K>(x, columns, &part.columns, &now)
        };
        let result = model.transform(samples.map_err(place)?.borrow());
        let result = result.map_err(place)?;
        if result.nrows() != x.n_rows() {
            let error = Error::shape("number of rows", x.n_rows(), result.nrows());
            return Err(place(error));
        }
        if result.ncols() != part.width {
            let error = Error::shape("number of columns", part.width, result.ncols());
            return Err(place(error));
        }
        out.push(result);
        Ok(())
    }

    fn width(&self) -> usize {
        self.before.width().saturating_add(self.last.width)
    }

    fn mark_used(&self, used: &mut [bool]) {
        self.before.mark_used(used);
        for &column in &self.last.columns {
            if let Some(used) = used.get_mut(column) {
                *used = true;
            }
        }
    }

    fn columns_below(&self, n: usize) -> bool {
        self.before.columns_below(n) && self.last.columns.iter().all(|&c| c < n)
    }
}

/// Columns of the kinds they had at fit; integers and floats are one kind. A column of another kind in which everything is
/// missing is taken as a missing column of its kind at fit.
fn take<K: PartKind>(
    x: &Table,
    at_fit: &[InputColumn],
    columns: &[usize],
    now: &[usize],
) -> Result<K::Owned> {
    let mut replaced: Option<Table> = None;
    for (i, (&column, &position)) in columns.iter().zip(now).enumerate() {
        let (Some(fit), Some(values)) = (at_fit.get(column), x.column_at(position)) else {
            continue;
        };
        if !same_kind(fit.kind, values.kind()) {
            let missing = fit.all_missing(values)?;
            let table = replaced.take().unwrap_or_else(|| x.take_columns(now));
            replaced = Some(table.with_replaced(i, missing));
        }
    }
    match replaced {
        Some(table) => K::take(&table, &(0..now.len()).collect::<Vec<_>>()),
        None => K::take(x, now),
    }
}

pub(super) fn same_kind(a: ColumnKind, b: ColumnKind) -> bool {
    let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
    a == b || numeric(a) && numeric(b)
}

impl InputColumn {
    /// A missing column of the kind at fit, if `values` are all missing.
    pub(super) fn all_missing(&self, values: &Column) -> Result<Column> {
        let n = values.len();
        if values.n_missing() < n {
            let expected = format!("{}, as at fit", self.kind);
            return Err(wrong_kind(&self.name, values, &expected));
        }
        Ok(match self.kind {
            ColumnKind::Float | ColumnKind::Integer => Column::Float(vec![f64::NAN; n]),
            ColumnKind::Boolean => Column::Boolean(vec![None; n]),
            ColumnKind::Categorical => Column::from(vec![None::<&str>; n]),
        })
    }
}

/// The names of parts.
pub trait PartNames {
    /// The names, in order.
    fn names(&self) -> Vec<&str>;
}

/// Parts by name.
pub trait PartAccess: PartNames {
    /// The step of a part, fitted or not.
    fn get(&self, name: &str) -> Option<&dyn Any>;
}

impl PartNames for NoParts {
    fn names(&self) -> Vec<&str> {
        Vec::new()
    }
}

impl PartAccess for NoParts {
    fn get(&self, _: &str) -> Option<&dyn Any> {
        None
    }
}

macro_rules! by_name {
    ($part:ident, |$p:ident| $step:expr) => {
        impl<A: PartNames, K, S> PartNames for Parts<A, $part<K, S>> {
            fn names(&self) -> Vec<&str> {
                let mut names = self.before.names();
                names.push(&self.last.name);
                names
            }
        }

        impl<A: PartAccess, K, S: 'static> PartAccess for Parts<A, $part<K, S>> {
            fn get(&self, name: &str) -> Option<&dyn Any> {
                if self.last.name == name {
                    let $p = &self.last;
                    return $step.map(|step| step as &dyn Any);
                }
                self.before.get(name)
            }
        }
    };
}
by_name!(Part, |part| Some(&part.step));
by_name!(FittedPart, |part| part.model.as_ref());

/// Hyper-parameters of parts, as `name__parameter`.
pub trait PartParams: Clone {
    /// Adds all of them.
    fn collect_params(&self, all: &mut BTreeMap<String, Value>);

    /// A copy with one changed; `None` if no part has this name.
    ///
    /// # Errors
    /// As [`Params::with_param`].
    fn with_part_value(&self, name: &str, value: &Value) -> Result<Option<Self>>;
}

impl PartParams for NoParts {
    fn collect_params(&self, _: &mut BTreeMap<String, Value>) {}
    fn with_part_value(&self, _: &str, _: &Value) -> Result<Option<Self>> {
        Ok(None)
    }
}

impl<A: PartParams, K, S: Params> PartParams for Parts<A, Part<K, S>>
where
    Part<K, S>: Clone,
{
    fn collect_params(&self, all: &mut BTreeMap<String, Value>) {
        self.before.collect_params(all);
        let own = self.last.step.params().into_iter();
        all.extend(own.map(|(name, value)| (format!("{}__{name}", self.last.name), value)));
    }

    fn with_part_value(&self, name: &str, value: &Value) -> Result<Option<Self>> {
        let inner = name
            .strip_prefix(&self.last.name)
            .and_then(|rest| rest.strip_prefix("__"));
        if let Some(inner) = inner {
            let mut changed = self.clone();
            changed.last.step = self.last.step.with_value(inner, value.clone())?;
            return Ok(Some(changed));
        }
        let before = self.before.with_part_value(name, value)?;
        Ok(before.map(|before| Parts {
            before,
            last: self.last.clone(),
        }))
    }
}

/// The names of the output columns of parts.
pub trait PartNamesOut {
    /// Adds the names, with the part's name in front if `verbose`.
    ///
    /// # Errors
    /// As [`FeatureNamesOut::feature_names_out`].
    fn names_out(
        &self,
        columns: &[InputColumn],
        verbose: bool,
        out: &mut Vec<String>,
    ) -> Result<()>;
}

impl PartNamesOut for NoParts {
    fn names_out(&self, _: &[InputColumn], _: bool, _: &mut Vec<String>) -> Result<()> {
        Ok(())
    }
}

impl<A: PartNamesOut, K, M: FeatureNamesOut> PartNamesOut for Parts<A, FittedPart<K, M>> {
    fn names_out(
        &self,
        columns: &[InputColumn],
        verbose: bool,
        out: &mut Vec<String>,
    ) -> Result<()> {
        self.before.names_out(columns, verbose, out)?;
        let part = &self.last;
        let Some(model) = &part.model else {
            return Ok(());
        };
        let input = part.columns.iter().filter_map(|&c| columns.get(c));
        let input: Vec<String> = input.map(|c| c.name.clone()).collect();
        let names = model
            .feature_names_out(Some(&input))
            .map_err(|e| e.within(place(&part.name)))?;
        out.extend(names.into_iter().map(|name| match verbose {
            true => format!("{}__{name}", part.name),
            false => name,
        }));
        Ok(())
    }
}

/// Parts as an indented list.
pub trait DescribeParts {
    /// One line or more for each part; `columns` are those at fit, empty before.
    ///
    /// # Errors
    /// The formatter's.
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

impl DescribeParts for NoParts {
    fn describe(&self, _: &[InputColumn], _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl<A: DescribeParts, K, S: fmt::Display> DescribeParts for Parts<A, Part<K, S>> {
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.describe(columns, f)?;
        let part = &self.last;
        let chosen = match &part.columns {
            Columns::Names(names) => format!("[{}]", shown(names)),
            Columns::Indices(indices) => format!("[{}]", shown(indices)),
            Columns::Kinds(kinds) => format!("every {} column", or(kinds)),
            Columns::Pattern(pattern) => format!("columns {pattern:?}"),
            Columns::All => "all columns".into(),
        };
        line(f, &part.name, &chosen, &part.step.to_string())
    }
}

impl<A: DescribeParts, K, M: fmt::Display> DescribeParts for Parts<A, FittedPart<K, M>> {
    fn describe(&self, columns: &[InputColumn], f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before.describe(columns, f)?;
        let part = &self.last;
        let names = part.columns.iter().filter_map(|&c| columns.get(c));
        let names: Vec<&str> = names.map(|c| c.name.as_str()).collect();
        let chosen = format!("[{}]", shown(&names));
        match &part.model {
            Some(model) => line(f, &part.name, &chosen, &model.to_string()),
            None => line(f, &part.name, &chosen, "no columns"),
        }
    }
}

/// `  name [columns]: step`, a step of several lines indented below.
pub(super) fn line(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    columns: &str,
    step: &str,
) -> fmt::Result {
    write!(f, "\n  {name} {columns}:")?;
    if step.contains('\n') {
        step.lines().try_for_each(|line| write!(f, "\n    {line}"))
    } else {
        write!(f, " {step}")
    }
}

/// `a, b, c`, a long list shortened.
pub(super) fn shown<T: fmt::Display>(items: &[T]) -> String {
    const SHOWN: usize = 12;
    let first = items.iter().take(SHOWN).map(T::to_string);
    let mut text = first.collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(", ... ({} in all)", items.len()));
    }
    text
}

fn or(kinds: &[ColumnKind]) -> String {
    let kinds: Vec<String> = kinds.iter().map(ColumnKind::to_string).collect();
    kinds.join(" or ")
}

// Model files.

impl Model for NoParts {
    fn type_name() -> String {
        "NoParts".into()
    }
    fn validate(&self) -> Result<()> {
        Ok(())
    }
}

impl<A: Model, P: Model> Model for Parts<A, P> {
    fn type_name() -> String {
        format!("Parts<{}, {}>", A::type_name(), P::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.before.validate()?;
        self.last.validate()
    }
}

impl<K: PartKind, S: Model> Model for Part<K, S> {
    fn type_name() -> String {
        format!("Part<{}, {}>", K::NAME, S::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.step
            .validate()
            .map_err(|e| e.within(place(&self.name)))
    }
}

impl<K: PartKind, M: Model> Model for FittedPart<K, M> {
    fn type_name() -> String {
        format!("FittedPart<{}, {}>", K::NAME, M::type_name())
    }
    fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::model_file(what).within(place(&self.name)));
        match &self.model {
            Some(_) if self.columns.is_empty() => wrong("a model without columns"),
            None if !self.columns.is_empty() || self.width > 0 => wrong("columns without a model"),
            Some(model) => model.validate().map_err(|e| e.within(place(&self.name))),
            None => Ok(()),
        }
    }
}
