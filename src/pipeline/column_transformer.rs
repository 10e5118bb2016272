//! Parts side by side: each transforms some columns of a table, together they make one matrix.

pub mod parts;

use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array2, s};
use serde::{Deserialize, Serialize};

use self::parts::{
    DescribeParts, FitParts, Mixed, NoParts, Numeric, Part, PartAccess, PartNames, PartNamesOut,
    PartParams, Parts, TransformParts, line, same_kind, shown,
};
use super::Steps;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::model::Model;
use crate::params::{Params, Value};
use crate::preprocessing::{names_at_fit, not_empty_table, unique_names};
use crate::table::{ColumnKind, Columns, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

const NAME: &str = "ColumnTransformer";
/// The prefix of columns that no part takes.
const REMAINDER: &str = "remainder";

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

/// A table becomes one matrix, different columns by different transformers.
///
/// Each part has a name, a choice of columns and a step: an estimator whose fitted form transforms to an `Array2<f64>`, by
/// itself or a [`pipeline`](super::pipeline) of several.
/// - [`numeric`](Self::numeric): the step receives the columns as a matrix of `f64`, missing values as NaN.
/// - [`part`](Self::part): the step receives the columns as a [`Table`].
///
/// The result has the parts' columns in the order of the parts, then the remainder. A column may be in several parts, or in
/// none. Parts are fitted in parallel; a part whose choice matches no column is skipped.
///
/// At transform columns are found by name: their order does not matter, further columns are not looked at, and columns that
/// no part takes need not be there. A column must be of the kind it had at fit; whole and real numbers are one kind, and a
/// column in which everything is missing is of any.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `remainder` | `drop` | `drop`, `passthrough` | what becomes of columns that no part takes |
/// | `verbose_feature_names_out` | `true` | | puts `part__` in front of the names of the output |
///
/// The parameters of steps have the part's name in front: `num__impute__strategy`.
///
/// # Errors
/// `InvalidParameter` for part names that repeat, are empty, contain `__` or are `remainder`; `UnknownColumn`;
/// `WrongColumnKind`; `FeatureNames`, which lists the columns missing at transform; what the steps say, after the part's
/// name.
///
/// # Source
/// scikit-learn's `ColumnTransformer`, dense.
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
pub struct ColumnTransformer<P = NoParts> {
    parts: P,
    remainder: Remainder,
    verbose_feature_names_out: bool,
}

impl Default for ColumnTransformer {
    fn default() -> Self {
        ColumnTransformer {
            parts: NoParts,
            remainder: Remainder::Drop,
            verbose_feature_names_out: true,
        }
    }
}

impl ColumnTransformer {
    /// Without parts yet; columns that no part takes are dropped.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<P> ColumnTransformer<P> {
    /// One more part, whose step receives the columns as a matrix of `f64`: numbers, booleans as 0 and 1, missing values as
    /// NaN.
    pub fn numeric<S>(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
        step: S,
    ) -> ColumnTransformer<Parts<P, Part<Numeric, S>>> {
        self.with_part(name.into(), columns.into(), step)
    }

    /// One more part, whose step receives the columns as a [`Table`] and gives a matrix.
    pub fn part<S>(
        self,
        name: impl Into<String>,
        columns: impl Into<Columns>,
        step: S,
    ) -> ColumnTransformer<Parts<P, Part<Mixed, S>>> {
        self.with_part(name.into(), columns.into(), step)
    }

    fn with_part<K, S>(
        self,
        name: String,
        columns: Columns,
        step: S,
    ) -> ColumnTransformer<Parts<P, Part<K, S>>> {
        ColumnTransformer {
            parts: Parts {
                before: self.parts,
                last: Part {
                    name,
                    columns,
                    step,
                    kind: PhantomData,
                },
            },
            remainder: self.remainder,
            verbose_feature_names_out: self.verbose_feature_names_out,
        }
    }

    /// What becomes of the columns that no part takes.
    #[must_use]
    pub fn remainder(mut self, remainder: Remainder) -> Self {
        self.remainder = remainder;
        self
    }

    /// Whether the names of the output start with `part__`. Without, names must not repeat.
    #[must_use]
    pub fn verbose_feature_names_out(mut self, verbose: bool) -> Self {
        self.verbose_feature_names_out = verbose;
        self
    }
}

fn check_names(names: &[&str]) -> Result<()> {
    let refuse = |expected: &str, name: &str| {
        let got = format!("{:?}", shorten(name));
        Err(Error::invalid_parameter(NAME, "name", expected, got))
    };
    for name in names {
        if name.is_empty() || name.contains("__") {
            return refuse("not empty and without `__`", name);
        }
        if *name == REMAINDER {
            return refuse(
                "another name, for the columns that no part takes have it",
                name,
            );
        }
    }
    unique_names(names.iter().copied()).or_else(|name| refuse("different for each part", name))
}

/// From this many values on parts are fitted in parallel.
const AT_ONCE: usize = 20_000;

impl<Y, P> Estimator<Table, Y> for ColumnTransformer<P>
where
    Y: Targets + ?Sized,
    P: FitParts<Y> + PartNames,
{
    type Fitted = FittedColumnTransformer<P::Fitted>;

    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        check_names(&self.parts.names())?;
        not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let at_once = x.n_rows().saturating_mul(x.n_columns()) >= AT_ONCE;
        let parts = self.parts.fit_parts(x, y, at_once)?;
        let mut used = vec![false; x.n_columns()];
        parts.mark_used(&mut used);
        let mut remainder = Vec::new();
        if self.remainder == Remainder::Passthrough {
            remainder = (0..used.len()).filter(|&j| !used[j]).collect();
            // A column that cannot pass is an error now, not at transform.
            x.head(0)
                .matrix_of(&remainder)
                .map_err(|e| e.within(REMAINDER))?;
        }
        if parts.width() + remainder.len() == 0 {
            let what = "the result of the parts (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        let columns = x.iter().map(|(name, column)| InputColumn {
            name: name.into(),
            kind: column.kind(),
        });
        Ok(FittedColumnTransformer {
            columns: columns.collect(),
            parts,
            remainder,
            verbose_feature_names_out: self.verbose_feature_names_out,
        })
    }
}

/// A column seen at fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputColumn {
    name: String,
    kind: ColumnKind,
}

impl InputColumn {
    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the column held.
    pub fn kind(&self) -> ColumnKind {
        self.kind
    }
}

/// Parts fitted by [`ColumnTransformer`].
///
/// ```
/// use fitwell::pipeline::{ColumnTransformer, Remainder};
/// use fitwell::preprocessing::{FittedStandardScaler, StandardScaler};
/// use fitwell::{prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([("a", Column::from([1.0, 3.0])), ("b", Column::from([5, 6]))])?;
/// let fitted = ColumnTransformer::new()
///     .numeric("scale", ["a"], StandardScaler::new())
///     .remainder(Remainder::Passthrough)
///     .fit(&table, &())?;
/// assert_eq!(fitted.step::<FittedStandardScaler<f64>>("scale").unwrap().mean(), array![2.0]);
/// assert_eq!(fitted.feature_names_in(), ["a", "b"]);
/// assert_eq!(fitted.feature_names_out(None)?, ["scale__a", "remainder__b"]);
///
/// // Columns are found by name.
/// let row = Table::new([("b", Column::from([7])), ("a", Column::from([2]))])?;
/// assert_eq!(fitted.transform(&row)?, array![[0.0, 7.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedColumnTransformer<P> {
    columns: Vec<InputColumn>,
    parts: P,
    remainder: Vec<usize>,
    verbose_feature_names_out: bool,
}

impl<P> FittedColumnTransformer<P> {
    /// The names of the columns at fit.
    pub fn feature_names_in(&self) -> Vec<String> {
        self.columns.iter().map(|c| c.name.clone()).collect()
    }

    /// The columns at fit.
    pub fn columns(&self) -> &[InputColumn] {
        &self.columns
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.columns.len()
    }

    /// The positions, among the columns at fit, of those that pass through.
    pub fn remainder(&self) -> &[usize] {
        &self.remainder
    }
}

impl<P: TransformParts> FittedColumnTransformer<P> {
    /// The number of columns of the result.
    pub fn n_features_out(&self) -> usize {
        self.parts.width().saturating_add(self.remainder.len())
    }

    /// Where the columns at fit are in `x`; empty if they are where they were.
    fn positions(&self, x: &Table) -> Result<Vec<usize>> {
        let in_place = x.n_columns() >= self.columns.len()
            && x.iter()
                .zip(&self.columns)
                .all(|((name, _), c)| name == c.name);
        if in_place {
            return Ok(Vec::new());
        }
        let mut used = vec![false; self.columns.len()];
        self.parts.mark_used(&mut used);
        for &column in &self.remainder {
            used[column] = true;
        }
        let found: BTreeMap<&str, usize> = x.iter().map(|(name, _)| name).zip(0..).collect();
        let mut missing = Vec::new();
        let positions = self.columns.iter().zip(used).map(|(column, used)| {
            found.get(column.name.as_str()).copied().unwrap_or_else(|| {
                if used {
                    missing.push(column.name.clone());
                }
                // Never looked up if not used.
                usize::MAX
            })
        });
        let positions = positions.collect();
        if missing.is_empty() {
            return Ok(positions);
        }
        Err(ErrorKind::FeatureNames {
            what: "X".into(),
            missing,
            unexpected: Vec::new(),
            reordered: false,
        }
        .into())
    }

    /// The columns that pass through, as a matrix.
    fn passed(&self, x: &Table, positions: &[usize]) -> Result<Array2<f64>> {
        let now: Vec<usize> = match positions.is_empty() {
            true => self.remainder.clone(),
            false => self.remainder.iter().map(|&c| positions[c]).collect(),
        };
        let mut table: Option<Table> = None;
        for (i, (&column, &position)) in self.remainder.iter().zip(&now).enumerate() {
            let fit = &self.columns[column];
            if let Some(values) = x.column_at(position)
                && !same_kind(fit.kind, values.kind())
            {
                let missing = fit.all_missing(values)?;
                let replaced = table.take().unwrap_or_else(|| x.take_columns(&now));
                table = Some(replaced.with_replaced(i, missing));
            }
        }
        match table {
            Some(table) => table.to_matrix(),
            None => x.matrix_of(&now),
        }
    }
}

impl<P: TransformParts> Transform<Table> for FittedColumnTransformer<P> {
    type Output = Array2<f64>;

    fn transform(&self, x: &Table) -> Result<Array2<f64>> {
        let positions = self.positions(x)?;
        let mut blocks = Vec::new();
        self.parts
            .transform_parts(x, &self.columns, &positions, &mut blocks)?;
        if !self.remainder.is_empty() {
            let passed = self.passed(x, &positions);
            blocks.push(passed.map_err(|e| e.within(REMAINDER))?);
        }
        Ok(side_by_side(blocks, x.n_rows()))
    }
}

/// Blocks of `n_rows` rows as one matrix.
fn side_by_side(mut blocks: Vec<Array2<f64>>, n_rows: usize) -> Array2<f64> {
    if blocks.len() == 1
        && let Some(only) = blocks.pop()
    {
        return only;
    }
    let width = blocks.iter().map(|b| b.ncols()).sum();
    let mut out = parallel::zeros((n_rows, width));
    let chunk = parallel::row_chunks(n_rows, width);
    parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut rows| {
        let last = first + rows.nrows();
        let mut start = 0;
        for block in &blocks {
            let end = start + block.ncols();
            rows.slice_mut(s![.., start..end])
                .assign(&block.slice(s![first..last, ..]));
            start = end;
        }
    });
    out
}

impl<P: PartNamesOut> FeatureNamesOut for FittedColumnTransformer<P> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names_at_fit(input, &self.feature_names_in())?;
        let verbose = self.verbose_feature_names_out;
        let mut names = Vec::new();
        self.parts.names_out(&self.columns, verbose, &mut names)?;
        for &column in &self.remainder {
            let name = &self.columns[column].name;
            names.push(match verbose {
                true => format!("{REMAINDER}__{name}"),
                false => name.clone(),
            });
        }
        if let Err(name) = unique_names(names.iter().map(String::as_str)) {
            let reason = format!(
                "two columns of the result are named `{}`; set verbose_feature_names_out",
                shorten(name)
            );
            return Err(Error::invalid_input("feature names", reason));
        }
        Ok(names)
    }
}

impl<P: PartAccess> Steps for ColumnTransformer<P> {
    fn names(&self) -> Vec<&str> {
        self.parts.names()
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name)
    }
}

impl<P: PartAccess> Steps for FittedColumnTransformer<P> {
    fn names(&self) -> Vec<&str> {
        self.parts.names()
    }
    fn step_any(&self, name: &str) -> Option<&dyn Any> {
        self.parts.get(name)
    }
}

impl<P: PartParams> Params for ColumnTransformer<P> {
    fn params(&self) -> BTreeMap<String, Value> {
        let mut all = BTreeMap::new();
        self.parts.collect_params(&mut all);
        if let Ok(remainder) = serde_json::to_value(self.remainder) {
            all.insert("remainder".into(), remainder);
        }
        let verbose = self.verbose_feature_names_out.into();
        all.insert("verbose_feature_names_out".into(), verbose);
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut changed = self.clone();
        let refused = |expected: &str| Err(Error::invalid_parameter(NAME, name, expected, &value));
        match name {
            "remainder" => match serde_json::from_value(value.clone()) {
                Ok(remainder) => changed.remainder = remainder,
                Err(_) => return refused("\"drop\" or \"passthrough\""),
            },
            "verbose_feature_names_out" => match value {
                Value::Bool(verbose) => changed.verbose_feature_names_out = verbose,
                _ => return refused("a boolean"),
            },
            _ => match self.parts.with_part_value(name, &value)? {
                Some(parts) => changed.parts = parts,
                None => {
                    return Err(ErrorKind::UnknownParameter {
                        estimator: NAME.into(),
                        name: name.into(),
                        known: self.params().into_keys().collect(),
                    }
                    .into());
                }
            },
        }
        Ok(changed)
    }
}

/// One line a part, steps indented below.
impl<P: DescribeParts> fmt::Display for ColumnTransformer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut changed = Vec::new();
        if self.remainder == Remainder::Passthrough {
            changed.push("remainder=\"passthrough\"");
        }
        if !self.verbose_feature_names_out {
            changed.push("verbose_feature_names_out=false");
        }
        write!(f, "{NAME}({})", changed.join(", "))?;
        self.parts.describe(&[], f)
    }
}

/// One line a part, fitted steps indented below.
impl<P: DescribeParts> fmt::Display for FittedColumnTransformer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NAME} fitted on {} columns", self.columns.len())?;
        self.parts.describe(&self.columns, f)?;
        if self.remainder.is_empty() {
            return Ok(());
        }
        let names = self.remainder.iter().filter_map(|&c| self.columns.get(c));
        let names: Vec<&str> = names.map(|c| c.name.as_str()).collect();
        line(f, REMAINDER, &format!("[{}]", shown(&names)), "passthrough")
    }
}

impl<P: Model + PartNames> Model for ColumnTransformer<P> {
    fn type_name() -> String {
        format!("{NAME}<{}>", P::type_name())
    }
    fn validate(&self) -> Result<()> {
        check_names(&self.parts.names())?;
        self.parts.validate()
    }
}

impl<P: Model + TransformParts> Model for FittedColumnTransformer<P> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", P::type_name())
    }
    fn validate(&self) -> Result<()> {
        check_names(&self.parts.names())?;
        self.parts.validate()?;
        let wrong = |what: String| Err(Error::model_file(format!("Fitted{NAME}: {what}")));
        let n = self.columns.len();
        if !self.parts.columns_below(n) || self.remainder.iter().any(|&c| c >= n) {
            return wrong("a part takes a column that there is not".into());
        }
        let passes = |c: &usize| self.columns[*c].kind != ColumnKind::Categorical;
        if !self.remainder.iter().all(passes) {
            return wrong("a column of texts passes through".into());
        }
        unique_names(self.columns.iter().map(InputColumn::name))
            .or_else(|name| wrong(format!("two columns named `{}`", shorten(name))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::impute::SimpleImputer;
    use crate::pipeline::pipeline;
    use crate::preprocessing::{
        FittedOneHotEncoder, FittedStandardScaler, HandleUnknown, OneHotEncoder, StandardScaler,
    };
    use crate::table::Column;
    use crate::traits::FitTransform;
    use ndarray::{Array1, Axis, array};

    fn table() -> Table {
        Table::new([
            (
                "age",
                Column::from([Some(20.0), None, Some(40.0), Some(60.0)]),
            ),
            ("visits", Column::from([1, 2, 3, 4])),
            ("sex", Column::from([Some("f"), Some("m"), None, Some("m")])),
            ("member", Column::from([true, false, true, true])),
        ])
        .unwrap()
    }

    macro_rules! prepare {
        () => {
            ColumnTransformer::new()
                .numeric(
                    "num",
                    Columns::numeric(),
                    pipeline("impute", SimpleImputer::median())
                        .then("scale", StandardScaler::new()),
                )
                .part(
                    "cat",
                    ["sex"],
                    pipeline("impute", SimpleImputer::most_frequent())
                        .then("onehot", OneHotEncoder::new()),
                )
        };
    }

    #[test]
    fn the_result_is_the_parts_side_by_side() {
        let fitted = prepare!()
            .remainder(Remainder::Passthrough)
            .fit(&table(), &())
            .unwrap();
        let x = fitted.transform(&table()).unwrap();
        let numbers = table()
            .select_columns(&Columns::numeric())
            .unwrap()
            .to_matrix()
            .unwrap();
        let numbers = SimpleImputer::median().fit_transform(&numbers).unwrap();
        let numbers = StandardScaler::new().fit_transform(&numbers).unwrap();
        assert_eq!(x.slice(s![.., ..2]), numbers);
        assert_eq!(
            x.slice(s![.., 2..4]),
            array![[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]
        );
        assert_eq!(x.column(4), array![1.0, 0.0, 1.0, 1.0]);
        assert_eq!(
            fitted.feature_names_out(None).unwrap(),
            [
                "num__age",
                "num__visits",
                "cat__sex_f",
                "cat__sex_m",
                "remainder__member"
            ]
        );
        assert_eq!((fitted.n_features_in(), fitted.n_features_out()), (4, 5));
        assert_eq!(fitted.remainder(), [3]);
    }

    #[test]
    fn columns_are_found_by_name() {
        let fitted = prepare!()
            .remainder(Remainder::Passthrough)
            .fit(&table(), &())
            .unwrap();
        let x = fitted.transform(&table()).unwrap();
        let other = table()
            .select_columns(&["member", "sex", "visits", "age"].into())
            .unwrap()
            .with_column("new", ["a", "b", "c", "d"])
            .unwrap();
        assert_eq!(fitted.transform(&other).unwrap(), x);
        let more = table().with_column("new", [1, 2, 3, 4]).unwrap();
        assert_eq!(fitted.transform(&more).unwrap(), x);
        let refused = fitted
            .transform(&table().drop_columns(&["age", "member"].into()).unwrap())
            .unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::FeatureNames { missing, .. } if missing == &["age", "member"]),
            "{refused}"
        );
        // What no part takes need not be there.
        let fitted = prepare!().fit(&table(), &()).unwrap();
        let without = table().drop_columns(&"member".into()).unwrap();
        assert_eq!(fitted.transform(&without).unwrap(), x.slice(s![.., ..4]));
    }

    #[test]
    fn rows_one_by_one_are_the_rows_together() {
        let fitted = prepare!()
            .remainder(Remainder::Passthrough)
            .fit(&table(), &())
            .unwrap();
        let x = fitted.transform(&table()).unwrap();
        for i in 0..4 {
            let row = fitted
                .transform(&table().select_rows(&[i]).unwrap())
                .unwrap();
            assert_eq!(row.row(0), x.row(i));
        }
        assert_eq!(fitted.transform(&table().head(0)).unwrap().dim(), (0, 5));
    }

    #[test]
    fn kinds_stay_as_at_fit() {
        let fitted = prepare!()
            .remainder(Remainder::Passthrough)
            .fit(&table(), &())
            .unwrap();
        let row = |age: Column, sex: Column, member: Column| {
            Table::new([
                ("age", age),
                ("visits", Column::from([2.0])),
                ("sex", sex),
                ("member", member),
            ])
            .unwrap()
        };
        let text = || Column::from(["m"]);
        let yes = || Column::from([true]);
        let usual = fitted
            .transform(&row(Column::from([40]), text(), yes()))
            .unwrap();
        assert_eq!(usual.row(0).to_vec()[2..], [0.0, 1.0, 1.0]);
        // Missing is of any kind.
        let none = || Column::from([None::<&str>]);
        let no_age = fitted.transform(&row(none(), text(), yes())).unwrap();
        assert_eq!(no_age, usual);
        let no_sex = fitted
            .transform(&row(Column::from([40]), Column::from([f64::NAN]), yes()))
            .unwrap();
        assert_eq!(no_sex, usual);
        let no_member = fitted
            .transform(&row(Column::from([40]), text(), none()))
            .unwrap();
        assert!(no_member[[0, 4]].is_nan());
        for (bad, says) in [
            (
                row(text(), text(), yes()),
                "part `num`: column `age` is categorical, expected float, as at fit",
            ),
            (
                row(Column::from([40]), Column::from([1]), yes()),
                "part `cat`: column `sex` is integer, expected categorical, as at fit",
            ),
            (
                row(Column::from([40]), text(), Column::from([1])),
                "remainder: column `member` is integer, expected boolean, as at fit",
            ),
        ] {
            assert_eq!(fitted.transform(&bad).unwrap_err().to_string(), says);
        }
    }

    #[test]
    fn refused_at_fit() {
        let scale = StandardScaler::new;
        for (name, expected) in [
            ("", "not empty"),
            ("a__b", "without `__`"),
            ("remainder", "another name"),
        ] {
            let refused = ColumnTransformer::new()
                .numeric(name, ["age"], scale())
                .fit(&table(), &());
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        }
        let twice = ColumnTransformer::new()
            .numeric("a", ["age"], scale())
            .numeric("a", ["visits"], scale());
        assert!(
            twice
                .fit(&table(), &())
                .unwrap_err()
                .to_string()
                .contains("different for each part")
        );
        let unknown = ColumnTransformer::new().numeric("a", ["agee"], scale());
        let refused = unknown.fit(&table(), &()).unwrap_err().to_string();
        assert_eq!(
            refused,
            "part `a`: no column `agee`; there are: age, visits, sex, member"
        );
        let text = ColumnTransformer::new().numeric("a", ["sex"], scale());
        let refused = text.fit(&table(), &()).unwrap_err().to_string();
        assert!(
            refused.starts_with("part `a`: column `sex` is categorical"),
            "{refused}"
        );
        let passed = ColumnTransformer::new()
            .numeric("a", ["age"], scale())
            .remainder(Remainder::Passthrough);
        let refused = passed.fit(&table(), &()).unwrap_err().to_string();
        assert!(
            refused.starts_with("remainder: column `sex` is categorical"),
            "{refused}"
        );
        assert!(ColumnTransformer::new().fit(&table(), &()).is_err());
        assert!(prepare!().fit(&table().head(0), &()).is_err());
        assert!(prepare!().fit(&table(), &array![1.0, 2.0]).is_err());
    }

    #[test]
    fn a_part_without_columns_is_skipped() {
        let prepare = prepare!().numeric(
            "none",
            Columns::from([0usize; 0].map(|_| "")),
            StandardScaler::new(),
        );
        let fitted = prepare.fit(&table(), &()).unwrap();
        assert_eq!(fitted.n_features_out(), 4);
        assert!(fitted.step_any("none").is_none());
        assert_eq!(fitted.feature_names_out(None).unwrap().len(), 4);
        assert_eq!(fitted.transform(&table()).unwrap().ncols(), 4);
        fitted.validate().unwrap();
        assert!(
            fitted.to_string().contains("none []: no columns"),
            "{fitted}"
        );
    }

    #[test]
    fn weights_reach_the_parts() {
        let table = table().select_columns(&["visits"].into()).unwrap();
        let prepare = ColumnTransformer::new().numeric("scale", ["visits"], StandardScaler::new());
        let w = array![1.0, 0.0, 1.0, 0.0];
        let fitted = prepare.fit(&table, &().weighted(&w)).unwrap();
        let scaler = fitted.step::<FittedStandardScaler<f64>>("scale").unwrap();
        assert_eq!(scaler.mean(), array![2.0]);
        assert!(prepare.fit(&table, &().weighted(&Array1::ones(3))).is_err());
    }

    #[test]
    fn parameters_by_name() {
        let changed = prepare!()
            .with_param("num__impute__strategy", "mean")
            .and_then(|p| p.with_param("cat__onehot__handle_unknown", "ignore"))
            .and_then(|p| p.with_param("remainder", "passthrough"))
            .unwrap();
        let params = changed.params();
        assert_eq!(params["num__impute__strategy"], "mean");
        assert_eq!(params["remainder"], "passthrough");
        assert_eq!(params["verbose_feature_names_out"], true);
        let fitted = changed.fit(&table(), &()).unwrap();
        let unseen = table()
            .drop_columns(&"sex".into())
            .unwrap()
            .with_column("sex", ["x"; 4])
            .unwrap();
        assert_eq!(
            fitted.transform(&unseen).unwrap().slice(s![0, 2..4]),
            array![0.0, 0.0]
        );
        assert!(prepare!().with_param("remainder", "keep").is_err());
        assert!(
            prepare!()
                .with_param("verbose_feature_names_out", 1)
                .is_err()
        );
        let refused = prepare!()
            .with_param("nun__impute__strategy", "mean")
            .unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::UnknownParameter { known, .. } if known.contains(&"num__scale__with_mean".to_string()))
        );
        let refused = prepare!()
            .with_param("num__imput__strategy", "mean")
            .unwrap_err();
        assert!(matches!(refused.kind(), ErrorKind::UnknownParameter { .. }));
    }

    #[test]
    fn drawn_as_a_tree() {
        assert_eq!(
            prepare!().remainder(Remainder::Passthrough).to_string(),
            "ColumnTransformer(remainder=\"passthrough\")\n  \
             num every float or integer column:\n    \
             impute: SimpleImputer(strategy=\"median\")\n    \
             scale: StandardScaler()\n  \
             cat [sex]:\n    \
             impute: SimpleImputer(strategy=\"most_frequent\")\n    \
             onehot: OneHotEncoder()"
        );
        let fitted = prepare!()
            .remainder(Remainder::Passthrough)
            .fit(&table(), &())
            .unwrap();
        let drawn = fitted.to_string();
        assert!(
            drawn.contains("\n  num [age, visits]:\n    impute: SimpleImputer fitted"),
            "{drawn}"
        );
        assert!(
            drawn.ends_with("\n  remainder [member]: passthrough"),
            "{drawn}"
        );
    }

    #[test]
    fn short_names_must_not_repeat() {
        let prepare = ColumnTransformer::new()
            .verbose_feature_names_out(false)
            .numeric("a", ["age"], StandardScaler::new())
            .part("b", ["sex"], OneHotEncoder::new());
        let fitted = prepare.fit(&table(), &()).unwrap();
        assert_eq!(
            fitted.feature_names_out(None).unwrap(),
            ["age", "sex_f", "sex_m", "sex_nan"]
        );
        let twice = prepare
            .numeric("c", ["age"], StandardScaler::new())
            .fit(&table(), &())
            .unwrap();
        assert!(twice.feature_names_out(None).is_err());
    }

    #[test]
    fn files() {
        let prepare = prepare!().remainder(Remainder::Passthrough);
        let fitted = prepare.fit(&table(), &()).unwrap();
        macro_rules! round_trip {
            ($value:expr) => {
                fn same<T: Model + PartialEq + fmt::Debug>(value: &T) {
                    assert_eq!(&T::from_json(&value.to_json().unwrap()).unwrap(), value);
                    assert_eq!(&T::from_bytes(&value.to_bytes().unwrap()).unwrap(), value);
                }
                same($value)
            };
        }
        {
            round_trip!(&fitted);
        }
        {
            round_trip!(&prepare);
        }
        let mut broken = fitted.clone();
        broken.columns.pop();
        assert!(broken.validate().is_err());
        let mut broken = fitted.clone();
        broken.remainder = vec![2];
        assert!(broken.validate().is_err());
        let mut broken = fitted;
        broken.columns[0].name = "visits".into();
        assert!(broken.validate().is_err());
    }

    #[test]
    fn large_tables_in_parallel_give_the_same_bits() {
        let n = 30_000;
        let table = Table::new([
            ("x", Column::from_iter((0..n).map(|i| f64::from(i % 977)))),
            (
                "y",
                Column::from_iter((0..n).map(|i| f64::from(i % 31) - 3.0)),
            ),
            (
                "t",
                Column::from_iter((0..n).map(|i| ["a", "b", "c"][i as usize % 3])),
            ),
        ])
        .unwrap();
        let prepare = ColumnTransformer::new()
            .numeric("num", ["x", "y"], StandardScaler::new())
            .part(
                "cat",
                ["t"],
                OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
            );
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| prepare.fit_transform(&table).unwrap())
        };
        let one = with(1);
        for threads in [2, 8] {
            let same = one
                .iter()
                .zip(&with(threads))
                .all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(same);
        }
        assert!(
            (one.slice(s![.., 2..]).sum_axis(Axis(1)) - 1.0)
                .iter()
                .all(|v| *v == 0.0)
        );
        let fitted = prepare.fit(&table, &()).unwrap();
        let encoder = fitted.step::<FittedOneHotEncoder>("cat").unwrap();
        assert_eq!(encoder.n_features_out(), 3);
    }
}
