//! Categories become columns of zeros and ones.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::{names_at_fit, names_or_numbers, same_names, unique_names};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::table::{Categorical, Cell, Column, ColumnKind, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, parallel};

/// Which categories a column has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Categories {
    /// Those that occur at fit, sorted; a missing value is one more, the last.
    #[default]
    Auto,
    /// For each column its categories, in the order of the output.
    Given(Vec<Vec<Cell>>),
}

/// What a category means that was not there at fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleUnknown {
    /// An error that names the column, the row, the category and the known ones.
    #[default]
    Error,
    /// Zeros in all columns of the feature.
    Ignore,
}

/// Which category of a column gets no column of its own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DropCategory {
    /// None: every category has its column.
    #[default]
    None,
    /// The first, so that the columns are not collinear with a constant.
    First,
    /// The first of the columns that have exactly two categories.
    IfBinary,
    /// For each column this one.
    Given(Vec<Cell>),
}

/// Gives each category of each column a column of its own: 1 where the category is, 0 elsewhere.
///
/// The columns may hold texts, booleans or numbers; each distinct value is a category. A missing value is a category too.
///
/// Use it for categories without an order, before linear models, networks and distances. Columns with very many categories
/// make wide matrices: drop or group rare ones before.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `categories` | `auto` | `auto`, `{"given": [[..], ..]}` | which there are, one list for each column; missing (`null`) last |
/// | `handle_unknown` | `error` | `error`, `ignore` | what a category means that was not there at fit |
/// | `drop` | `none` | `none`, `first`, `if_binary`, `{"given": [..]}` | which category has no column of its own |
///
/// With both `ignore` and a dropped category, an unknown category looks like the dropped one.
///
/// # Complexity
/// Time O(n p + n q) with q output columns; for numbers also O(log k) for each value with k categories.
///
/// # Errors
/// `EmptyInput`; `UnknownCategory`; `MissingValue` when a value is missing and that is no category; `NonFinite` for
/// infinite numbers; `InvalidParameter` when what is given does not fit the columns; `FeatureNames`, `ShapeMismatch` and
/// `WrongColumnKind` at transform.
///
/// # Source
/// scikit-learn's `OneHotEncoder`, and its names: `sex_female`, `sex_nan`, `flag_True`, `level_3`. The result is dense f64.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{HandleUnknown, OneHotEncoder}, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([
///     ("city", Column::from(["Ulm", "Bonn", "Ulm"])),
///     ("level", Column::from([3, 1, 3])),
/// ])?;
/// let encoder = OneHotEncoder::new().fit(&table, &())?;
/// assert_eq!(encoder.feature_names_out(None)?, ["city_Bonn", "city_Ulm", "level_1", "level_3"]);
/// let x = encoder.transform(&table)?;
/// assert_eq!(x.row(0), array![0.0, 1.0, 0.0, 1.0]);
/// assert_eq!(encoder.inverse_transform(&x)?.column("city")?, table.column("city")?);
///
/// let other = Table::new([("city", Column::from(["Köln"])), ("level", Column::from([3]))])?;
/// assert_eq!(
///     encoder.transform(&other).unwrap_err().to_string(),
///     "column `city`, row 0: unknown category \"Köln\"; known: Bonn, Ulm"
/// );
/// let lenient = OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore).fit(&table, &())?;
/// assert_eq!(lenient.transform(&other)?, array![[0.0, 0.0, 0.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OneHotEncoder {
    /// Which categories there are.
    categories: Categories,
    /// What a category means that was not there at fit.
    handle_unknown: HandleUnknown,
    /// Which category has no column of its own.
    drop: DropCategory,
}

impl OneHotEncoder {
    /// An encoder of the categories that occur, each with its column, which refuses others.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which categories there are.
    #[must_use]
    pub fn categories(mut self, categories: Categories) -> Self {
        self.categories = categories;
        self
    }

    /// What a category means that was not there at fit.
    #[must_use]
    pub fn handle_unknown(mut self, handle_unknown: HandleUnknown) -> Self {
        self.handle_unknown = handle_unknown;
        self
    }

    /// Which category has no column of its own.
    #[must_use]
    pub fn drop(mut self, drop: DropCategory) -> Self {
        self.drop = drop;
        self
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }
}

impl Hyperparameters for OneHotEncoder {
    const NAME: &'static str = "OneHotEncoder";

    fn check(&self) -> Result<()> {
        let Categories::Given(lists) = &self.categories else {
            return Ok(());
        };
        for cells in lists {
            let all: std::collections::BTreeSet<&Cell> = cells.iter().collect();
            if all.len() < cells.len() || cells.is_empty() {
                return Err(Self::refuse(
                    "categories",
                    "lists of at least one category, each once",
                    list(cells),
                ));
            }
            let before_last = &cells[..cells.len() - 1];
            if before_last.contains(&Cell::Missing) {
                return Err(Self::refuse("categories", "with missing last", list(cells)));
            }
        }
        Ok(())
    }
}

fn list(cells: &[Cell]) -> String {
    let shown: Vec<String> = cells.iter().take(20).map(Cell::to_string).collect();
    format!("[{}]", shown.join(", "))
}

impl fmt::Display for OneHotEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<Y: Targets + ?Sized> Estimator<Table, Y> for OneHotEncoder {
    type Fitted = FittedOneHotEncoder;

    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        self.learn(x, y, true)
    }
}

/// Each distinct number of a column is a category, NaN a missing one.
impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for OneHotEncoder {
    type Fitted = FittedOneHotEncoder;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        check::not_empty(x)?;
        let names = names_or_numbers(None, x.ncols())?;
        self.learn(&Table::from_matrix(names, x)?, y, false)
    }
}

impl OneHotEncoder {
    fn learn<Y: Targets + ?Sized>(
        &self,
        x: &Table,
        y: &Y,
        named: bool,
    ) -> Result<FittedOneHotEncoder> {
        self.check()?;
        super::not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let n = x.n_columns();
        let one_for_each = |what: &str| format!("{what} for each of the {n} columns");
        if let Categories::Given(lists) = &self.categories
            && lists.len() != n
        {
            let expected = one_for_each("a list");
            return Err(Self::refuse("categories", expected, lists.len()));
        }
        if let DropCategory::Given(cells) = &self.drop
            && cells.len() != n
        {
            return Err(Self::refuse("drop", one_for_each("one"), cells.len()));
        }
        let mut columns = Vec::with_capacity(n);
        for (j, (name, column)) in x.iter().enumerate() {
            let mut encoded = match &self.categories {
                Categories::Auto => EncodedColumn::observed(name, column)?,
                Categories::Given(lists) => EncodedColumn::given(name, column, &lists[j])?,
            };
            encoded.dropped = match &self.drop {
                DropCategory::None => None,
                DropCategory::First => Some(0),
                DropCategory::IfBinary => (encoded.len() == 2).then_some(0),
                DropCategory::Given(cells) => {
                    Some(encoded.position(&cells[j]).ok_or_else(|| {
                        let expected = format!("a category of column `{}`", shorten(name));
                        Self::refuse("drop", expected, &cells[j])
                    })?)
                }
            };
            columns.push(encoded);
        }
        let encoder = FittedOneHotEncoder {
            named,
            handle_unknown: self.handle_unknown,
            columns,
        };
        if matches!(self.categories, Categories::Given(_)) {
            encoder.check_known(x)?;
        }
        Ok(encoder)
    }
}

/// Categories learned by [`OneHotEncoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOneHotEncoder {
    /// Fitted on a table, whose names count.
    named: bool,
    handle_unknown: HandleUnknown,
    columns: Vec<EncodedColumn>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EncodedColumn {
    name: String,
    kind: ColumnKind,
    values: Values,
    /// The positions of the values in sorted order; empty if they are sorted.
    order: Vec<u32>,
    /// A missing value is a category, after the others.
    missing: bool,
    dropped: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Values {
    Numbers(Vec<f64>),
    Booleans(Vec<bool>),
    Texts(Vec<String>),
}

impl Values {
    fn len(&self) -> usize {
        match self {
            Values::Numbers(v) => v.len(),
            Values::Booleans(v) => v.len(),
            Values::Texts(v) => v.len(),
        }
    }

    fn cell(&self, i: usize) -> Option<Cell> {
        match self {
            Values::Numbers(v) => v.get(i).copied().map(Cell::Number),
            Values::Booleans(v) => v.get(i).copied().map(Cell::Boolean),
            Values::Texts(v) => v.get(i).cloned().map(Cell::Text),
        }
    }

    /// The positions in sorted order; empty if the values are sorted.
    fn order(&self) -> Vec<u32> {
        let mut cells: Vec<(Option<Cell>, u32)> =
            (0..self.len()).map(|i| self.cell(i)).zip(0..).collect();
        if cells.is_sorted() {
            return Vec::new();
        }
        cells.sort();
        cells.into_iter().map(|(_, i)| i).collect()
    }
}

/// Not a category.
const UNKNOWN: u32 = u32::MAX;
/// The category without a column.
const DROPPED: u32 = u32::MAX - 1;

impl EncodedColumn {
    fn new(name: &str, kind: ColumnKind, values: Values, missing: bool) -> Self {
        EncodedColumn {
            name: name.into(),
            kind,
            order: values.order(),
            values,
            missing,
            dropped: None,
        }
    }

    /// The categories that occur.
    fn observed(name: &str, column: &Column) -> Result<Self> {
        let values = match column {
            Column::Float(values) | Column::Integer(values) => {
                if let Some(row) = values.iter().position(|v| v.is_infinite()) {
                    return Err(super::infinite_cell(name, row, values[row]));
                }
                // -0.0 + 0.0 is 0.0: one zero.
                let seen = values.iter().filter(|v| !v.is_nan());
                let seen: HashSet<u64> = seen.map(|v| (v + 0.0).to_bits()).collect();
                let mut seen: Vec<f64> = seen.into_iter().map(f64::from_bits).collect();
                seen.sort_unstable_by(f64::total_cmp);
                Values::Numbers(seen)
            }
            Column::Boolean(values) => {
                let occurs = |v: &bool| values.contains(&Some(*v));
                Values::Booleans([false, true].into_iter().filter(occurs).collect())
            }
            Column::Categorical(values) => Values::Texts(values.observed().categories().to_vec()),
        };
        Ok(Self::new(
            name,
            column.kind(),
            values,
            column.n_missing() > 0,
        ))
    }

    /// The categories that the user names.
    fn given(name: &str, column: &Column, cells: &[Cell]) -> Result<Self> {
        let missing = cells.last() == Some(&Cell::Missing);
        let cells = &cells[..cells.len() - usize::from(missing)];
        let wrong = |cell: &Cell| {
            let expected = format!(
                "of the kind of column `{}`, which is {}",
                shorten(name),
                column.kind()
            );
            OneHotEncoder::refuse("categories", expected, cell)
        };
        let values = match column.kind() {
            ColumnKind::Float | ColumnKind::Integer => Values::Numbers(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Number(v) if v.is_finite() => Ok(v + 0.0),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
            ColumnKind::Boolean => Values::Booleans(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Boolean(v) => Ok(*v),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
            ColumnKind::Categorical => Values::Texts(
                cells
                    .iter()
                    .map(|cell| match cell {
                        Cell::Text(v) => Ok(v.clone()),
                        other => Err(wrong(other)),
                    })
                    .collect::<Result<_>>()?,
            ),
        };
        Ok(Self::new(name, column.kind(), values, missing))
    }

    /// The number of categories.
    fn len(&self) -> usize {
        self.values.len() + usize::from(self.missing)
    }

    /// The number of output columns.
    fn width(&self) -> usize {
        self.len() - usize::from(self.dropped.is_some())
    }

    fn cell(&self, category: usize) -> Cell {
        self.values.cell(category).unwrap_or(Cell::Missing)
    }

    fn cells(&self) -> Vec<Cell> {
        (0..self.len()).map(|i| self.cell(i)).collect()
    }

    fn position(&self, cell: &Cell) -> Option<usize> {
        (0..self.len()).find(|&i| self.cell(i) == *cell)
    }

    /// The category at a position of the output.
    fn category_at(&self, position: usize) -> usize {
        position + usize::from(self.dropped.is_some_and(|d| position >= d))
    }

    /// The output column of a category, counted from the feature's first.
    #[inline]
    fn output(&self, category: Option<usize>) -> u32 {
        match (category, self.dropped) {
            (None, _) => UNKNOWN,
            (Some(c), Some(d)) if c == d => DROPPED,
            (Some(c), Some(d)) if c > d => c as u32 - 1,
            (Some(c), _) => c as u32,
        }
    }

    fn missing_category(&self) -> Option<usize> {
        self.missing.then_some(self.values.len())
    }

    fn number(&self, v: f64) -> Option<usize> {
        if v.is_nan() {
            return self.missing_category();
        }
        let Values::Numbers(values) = &self.values else {
            return None;
        };
        let v = v + 0.0;
        self.search(|i| values[i].total_cmp(&v))
    }

    fn boolean(&self, v: Option<bool>) -> Option<usize> {
        let Some(v) = v else {
            return self.missing_category();
        };
        match &self.values {
            Values::Booleans(values) => values.iter().position(|b| *b == v),
            _ => None,
        }
    }

    fn text(&self, v: Option<&str>) -> Option<usize> {
        let Some(v) = v else {
            return self.missing_category();
        };
        let Values::Texts(values) = &self.values else {
            return None;
        };
        self.search(|i| values[i].as_str().cmp(v))
    }

    /// Binary search in sorted order.
    fn search(&self, compare: impl Fn(usize) -> std::cmp::Ordering) -> Option<usize> {
        let at = |i: usize| self.order.get(i).map_or(i, |&i| i as usize);
        let (mut low, mut high) = (0, self.values.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(at(middle)) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Some(at(middle)),
            }
        }
        None
    }

    /// Where the values of a column go in the output.
    fn lookup<'a>(&'a self, column: &'a Column) -> Result<Lookup<'a>> {
        let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
        if self.kind != column.kind() && !(numeric(self.kind) && numeric(column.kind())) {
            if column.n_missing() < column.len() {
                return Err(super::wrong_kind(
                    &self.name,
                    column,
                    &format!("{}, as at fit", self.kind),
                ));
            }
            return Ok(Lookup::All(self.output(self.missing_category())));
        }
        Ok(match column {
            Column::Float(values) | Column::Integer(values) => Lookup::Numbers(self, values),
            Column::Boolean(values) => {
                let to = [Some(false), Some(true), None];
                Lookup::Booleans(values, to.map(|v| self.output(self.boolean(v))))
            }
            // For a few rows only their texts are looked up.
            Column::Categorical(values) if values.len() < values.categories().len() => {
                Lookup::Texts(self, values)
            }
            Column::Categorical(values) => {
                let texts = values.categories().iter().map(|t| Some(t.as_str()));
                let to = texts.chain([None]).map(|t| self.output(self.text(t)));
                Lookup::Codes(values.codes(), to.collect())
            }
        })
    }

    /// The error for a value that is no category.
    fn unknown(&self, column: &Column, row: usize) -> Error {
        let name = shorten(&self.name);
        match column.number(row) {
            Some(v) if v.is_infinite() => return super::infinite_cell(&name, row, v),
            _ if column.is_missing(row) => {
                return ErrorKind::MissingValue { column: name, row }.into();
            }
            _ => {}
        }
        let category = column.text(row).unwrap_or_default();
        ErrorKind::UnknownCategory {
            column: name,
            row,
            category: shorten(&category),
            known: self.cells().iter().map(Cell::to_string).collect(),
        }
        .into()
    }
}

/// From a row to an output column of one feature.
enum Lookup<'a> {
    Numbers(&'a EncodedColumn, &'a [f64]),
    Booleans(&'a [Option<bool>], [u32; 3]),
    Texts(&'a EncodedColumn, &'a Categorical),
    Codes(&'a [u32], Vec<u32>),
    All(u32),
}

impl Lookup<'_> {
    #[inline]
    fn output(&self, row: usize) -> u32 {
        match self {
            Lookup::Numbers(column, values) => column.output(column.number(values[row])),
            Lookup::Booleans(values, to) => to[values[row].map_or(2, usize::from)],
            Lookup::Texts(column, values) => column.output(column.text(values.get(row))),
            // The missing code is beyond the end: the last entry is its.
            Lookup::Codes(codes, to) => to[(codes[row] as usize).min(to.len() - 1)],
            Lookup::All(to) => *to,
        }
    }
}

impl FittedOneHotEncoder {
    /// The categories of each column, in the order of the output; the dropped one is among them.
    pub fn categories(&self) -> Vec<Vec<Cell>> {
        self.columns.iter().map(EncodedColumn::cells).collect()
    }

    /// For each column the position of the category that has no output column, if any.
    pub fn drop_idx(&self) -> Vec<Option<usize>> {
        self.columns.iter().map(|c| c.dropped).collect()
    }

    /// The names of the columns at fit; `None` for a fit on an array.
    pub fn feature_names_in(&self) -> Option<Vec<String>> {
        self.named
            .then(|| self.columns.iter().map(|c| c.name.clone()).collect())
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.columns.len()
    }

    /// The number of output columns.
    pub fn n_features_out(&self) -> usize {
        self.columns.iter().map(EncodedColumn::width).sum()
    }

    fn lookups<'a>(&'a self, x: &'a Table) -> Result<Vec<(usize, Lookup<'a>)>> {
        let mut start = 0;
        let columns = x.iter().zip(&self.columns);
        columns
            .map(|((_, values), column)| {
                let from = start;
                start += column.width();
                Ok((from, column.lookup(values)?))
            })
            .collect()
    }

    /// Every value is a category, if it must be.
    fn check_known(&self, x: &Table) -> Result<()> {
        if self.handle_unknown == HandleUnknown::Ignore {
            return Ok(());
        }
        let lookups = self.lookups(x)?;
        for (((_, lookup), column), (_, values)) in lookups.iter().zip(&self.columns).zip(x.iter())
        {
            if let Some(row) = (0..x.n_rows()).find(|&row| lookup.output(row) == UNKNOWN) {
                return Err(column.unknown(values, row));
            }
        }
        Ok(())
    }

    fn encode(&self, x: &Table) -> Result<Array2<f64>> {
        let lookups = self.lookups(x)?;
        let mut out = parallel::zeros((x.n_rows(), self.n_features_out()));
        let chunk = parallel::row_chunks(x.n_rows(), out.ncols().max(lookups.len()));
        // The first unknown category: of the first column, in it the first row.
        let unknown: Mutex<Option<(usize, usize)>> = Mutex::new(None);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let mut found = None;
            for (j, (start, lookup)) in lookups.iter().enumerate() {
                for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                    match lookup.output(first + i) {
                        UNKNOWN => found = found.or(Some((j, first + i))),
                        DROPPED => {}
                        to => row[start + to as usize] = 1.0,
                    }
                }
            }
            if let Some(found) = found {
                let mut unknown = unknown.lock().unwrap_or_else(PoisonError::into_inner);
                *unknown = Some(unknown.map_or(found, |u| u.min(found)));
            }
        });
        match unknown.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some((j, row)) => self.check_unknown(x, j, row).map(|()| out),
            None => Ok(out),
        }
    }

    /// Whether the first unknown value is an error; of what is ignored, infinite numbers still are.
    fn check_unknown(&self, x: &Table, j: usize, row: usize) -> Result<()> {
        if self.handle_unknown == HandleUnknown::Error
            && let (Some(values), Some(column)) = (x.column_at(j), self.columns.get(j))
        {
            return Err(column.unknown(values, row));
        }
        for (name, column) in x.iter() {
            if let Column::Float(values) | Column::Integer(values) = column
                && let Some(row) = values.iter().position(|v| v.is_infinite())
            {
                return Err(super::infinite_cell(name, row, values[row]));
            }
        }
        Ok(())
    }
}

impl Transform<Table> for FittedOneHotEncoder {
    type Output = Array2<f64>;

    fn transform(&self, x: &Table) -> Result<Array2<f64>> {
        same_names(x, self.columns.iter().map(|c| c.name.as_str()))?;
        self.encode(x)
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedOneHotEncoder {
    type Output = Array2<f64>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<f64>> {
        check::width(x, self.columns.len())?;
        let names = self.columns.iter().map(|c| c.name.as_str());
        self.encode(&Table::from_matrix(names, x)?)
    }
}

/// Back to a table. Of each feature the column with the largest value counts; zeros everywhere are the dropped category,
/// or a missing value where unknown categories are ignored.
impl InverseTransform<ArrayRef2<f64>> for FittedOneHotEncoder {
    type Output = Table;

    fn inverse_transform(&self, x: &ArrayRef2<f64>) -> Result<Table> {
        check::same_width(x, self.n_features_out())?;
        let mut columns = Vec::with_capacity(self.columns.len());
        let mut start = 0;
        for column in &self.columns {
            let end = start + column.width();
            let categories = x
                .rows()
                .into_iter()
                .enumerate()
                .map(|(row, values)| {
                    let block = values.slice(ndarray::s![start..end]);
                    let mut best: Option<(usize, f64)> = None;
                    for (i, &v) in block.iter().enumerate() {
                        if best.is_none_or(|(_, most)| v > most) {
                            best = Some((i, v));
                        }
                    }
                    match best {
                        Some((i, _)) if block.iter().any(|v| *v != 0.0) => {
                            Ok(Some(column.category_at(i)))
                        }
                        _ => match (column.dropped, self.handle_unknown) {
                            (Some(dropped), _) => Ok(Some(dropped)),
                            (None, HandleUnknown::Ignore) => Ok(None),
                            (None, HandleUnknown::Error) => {
                                let reason =
                                    format!("row {row} has zeros only for `{}`", column.name);
                                Err(Error::invalid_input("X", reason))
                            }
                        },
                    }
                })
                .collect::<Result<Vec<Option<usize>>>>()?;
            let values = column.decoded(&categories);
            columns.push((column.name.as_str().into(), Arc::new(values)));
            start = end;
        }
        Ok(Table::from_shared(columns, x.nrows()))
    }
}

impl EncodedColumn {
    /// Categories row by row as a column of the kind at fit; `None` and the missing category are missing.
    fn decoded(&self, categories: &[Option<usize>]) -> Column {
        match &self.values {
            Values::Numbers(values) => {
                let number = |c: &Option<usize>| c.and_then(|c| values.get(c).copied());
                let numbers = categories.iter().map(|c| number(c).unwrap_or(f64::NAN));
                match self.kind {
                    ColumnKind::Integer => Column::Integer(numbers.collect()),
                    _ => Column::Float(numbers.collect()),
                }
            }
            Values::Booleans(values) => Column::Boolean(
                categories
                    .iter()
                    .map(|c| c.and_then(|c| values.get(c).copied()))
                    .collect(),
            ),
            Values::Texts(texts) => {
                let code = |c: &Option<usize>| match c {
                    Some(c) if *c < texts.len() => *c as u32,
                    _ => Categorical::MISSING,
                };
                let codes = categories.iter().map(code).collect();
                Column::Categorical(Categorical::sorted(codes, texts.clone()))
            }
        }
    }

    /// A category as scikit-learn writes it into a name.
    fn label(&self, cell: &Cell) -> String {
        match cell {
            Cell::Boolean(true) => "True".into(),
            Cell::Boolean(false) => "False".into(),
            Cell::Number(v) if self.kind == ColumnKind::Float => real_label(*v),
            other => other.to_string(),
        }
    }
}

/// A real number as Python writes it: `3.0`, `1e+16`, `1e-05`.
fn real_label(v: f64) -> String {
    let magnitude = v.abs();
    if magnitude == 0.0 || (1e-4..1e16).contains(&magnitude) {
        return format!("{v:?}");
    }
    let text = format!("{v:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(exponent) => ('-', exponent),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => text,
    }
}

impl FeatureNamesOut for FittedOneHotEncoder {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = match self.feature_names_in() {
            Some(names) => {
                names_at_fit(input, &names)?;
                names
            }
            None => names_or_numbers(input, self.columns.len())?,
        };
        let features = names.iter().zip(&self.columns);
        Ok(features
            .flat_map(|(name, column)| {
                (0..column.width()).map(move |i| {
                    let cell = column.cell(column.category_at(i));
                    format!("{name}_{}", column.label(&cell))
                })
            })
            .collect())
    }
}

impl fmt::Display for FittedOneHotEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, to) = (self.n_features_in(), self.n_features_out());
        write!(f, "OneHotEncoder fitted on {from} columns, {to} out")
    }
}

impl Model for FittedOneHotEncoder {
    fn type_name() -> String {
        "FittedOneHotEncoder".into()
    }

    fn validate(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::model_file(format!("FittedOneHotEncoder: {what}")));
        if self.columns.is_empty() {
            return wrong("no columns".into());
        }
        for column in &self.columns {
            let name = shorten(&column.name);
            let kind_fits = match (&column.values, column.kind) {
                (Values::Numbers(v), ColumnKind::Float) => v.iter().all(|v| v.is_finite()),
                (Values::Numbers(v), ColumnKind::Integer) => v
                    .iter()
                    .all(|v| v.fract() == 0.0 && v.abs() <= crate::table::LARGEST_INTEGER),
                (Values::Booleans(_), ColumnKind::Boolean)
                | (Values::Texts(_), ColumnKind::Categorical) => true,
                _ => false,
            };
            if !kind_fits {
                return wrong(format!("the categories of `{name}` are not of its kind"));
            }
            if column.len() == 0 || column.len() >= DROPPED as usize {
                return wrong(format!("the number of categories of `{name}`"));
            }
            if column.order != column.values.order() {
                return wrong(format!("the order of the categories of `{name}`"));
            }
            let order = if column.order.is_empty() {
                (0..column.values.len()).collect()
            } else {
                column.order.iter().map(|&i| i as usize).collect::<Vec<_>>()
            };
            let repeats = order
                .windows(2)
                .any(|p| column.cell(p[0]) == column.cell(p[1]));
            if repeats {
                return wrong(format!("a category of `{name}` repeats"));
            }
            if column.dropped.is_some_and(|d| d >= column.len()) {
                return wrong(format!("the dropped category of `{name}`"));
            }
        }
        unique_names(self.columns.iter().map(|c| c.name.as_str()))
            .or_else(|name| wrong(format!("two columns named `{name}`")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    fn table() -> Table {
        Table::new([
            ("text", Column::from([Some("b"), Some(""), None, Some("b")])),
            ("flag", Column::from([true, false, true, true])),
            ("whole", Column::from([Some(10), Some(-2), Some(10), None])),
            ("real", Column::from([0.5, 3.0, -0.0, 0.0])),
        ])
        .unwrap()
    }

    const NAMES: [&str; 11] = [
        "text_",
        "text_b",
        "text_nan",
        "flag_False",
        "flag_True",
        "whole_-2",
        "whole_10",
        "whole_nan",
        "real_0.0",
        "real_0.5",
        "real_3.0",
    ];

    #[test]
    fn every_kind_there_and_back() {
        let encoder = OneHotEncoder::new().fit(&table(), &()).unwrap();
        assert_eq!(encoder.feature_names_out(None).unwrap(), NAMES);
        let x = encoder.transform(&table()).unwrap();
        assert_eq!(
            x,
            array![
                [0., 1., 0., 0., 1., 0., 1., 0., 0., 1., 0.],
                [1., 0., 0., 1., 0., 1., 0., 0., 0., 0., 1.],
                [0., 0., 1., 0., 1., 0., 1., 0., 1., 0., 0.],
                [0., 1., 0., 0., 1., 0., 0., 1., 1., 0., 0.],
            ]
        );
        let back = encoder.inverse_transform(&x).unwrap();
        assert_eq!(back.kinds(), table().kinds());
        for ((name, a), (_, b)) in back.iter().zip(table().iter()) {
            assert_eq!(a, b, "{name}");
        }
        assert_eq!(
            encoder.categories()[0],
            [Cell::from(""), Cell::from("b"), Cell::Missing]
        );
    }

    #[test]
    fn dropped_categories_come_back() {
        for drop in [
            DropCategory::First,
            DropCategory::IfBinary,
            DropCategory::Given(vec![
                Cell::from("b"),
                Cell::from(true),
                Cell::Missing,
                Cell::from(0.5),
            ]),
        ] {
            for unknown in [HandleUnknown::Error, HandleUnknown::Ignore] {
                let encoder = OneHotEncoder::new()
                    .drop(drop.clone())
                    .handle_unknown(unknown);
                let encoder = encoder.fit(&table(), &()).unwrap();
                let x = encoder.transform(&table()).unwrap();
                let dropped = encoder.drop_idx().iter().flatten().count();
                assert_eq!(x.ncols(), 11 - dropped);
                assert_eq!(encoder.feature_names_out(None).unwrap().len(), x.ncols());
                let back = encoder.inverse_transform(&x).unwrap();
                for ((name, a), (_, b)) in back.iter().zip(table().iter()) {
                    assert_eq!(a, b, "{name} {drop:?}");
                }
            }
        }
        let encoder = OneHotEncoder::new()
            .drop(DropCategory::IfBinary)
            .fit(&table(), &())
            .unwrap();
        assert_eq!(encoder.drop_idx(), [None, Some(0), None, None]);
        let unknown = DropCategory::Given(vec![
            Cell::from("c"),
            Cell::from(true),
            Cell::Missing,
            Cell::from(0.5),
        ]);
        let refused = OneHotEncoder::new()
            .drop(unknown)
            .fit(&table(), &())
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`drop` of `OneHotEncoder` must be a category of column `text`, got c"
        );
        assert!(
            OneHotEncoder::new()
                .drop(DropCategory::Given(vec![]))
                .fit(&table(), &())
                .is_err()
        );
    }

    #[test]
    fn a_single_category_can_be_dropped() {
        let one = Table::new([
            ("t", Column::from(["a", "a"])),
            ("u", Column::from(["x", "y"])),
        ])
        .unwrap();
        let encoder = OneHotEncoder::new()
            .drop(DropCategory::First)
            .fit(&one, &())
            .unwrap();
        let x = encoder.transform(&one).unwrap();
        assert_eq!(x, array![[0.0], [1.0]]);
        let back = encoder.inverse_transform(&x).unwrap();
        assert_eq!(back.column("t").unwrap(), one.column("t").unwrap());
    }

    #[test]
    fn unknown_categories() {
        let fit = |unknown| {
            let encoder = OneHotEncoder::new().handle_unknown(unknown);
            encoder
                .fit(&table().drop_columns(&"real".into()).unwrap(), &())
                .unwrap()
        };
        let given = |text: &str, flag: Option<bool>, whole: f64| {
            Table::new([
                ("text", Column::from(["b", text])),
                ("flag", Column::from([Some(true), flag])),
                ("whole", Column::from([10.0, whole])),
            ])
            .unwrap()
        };
        let strict = fit(HandleUnknown::Error);
        for (x, says) in [
            (
                given("c", Some(true), 10.0),
                "column `text`, row 1: unknown category \"c\"; known: , b, nan",
            ),
            (
                given("b", None, 10.0),
                "column `flag`, row 1: the value is missing",
            ),
            (
                given("b", Some(true), 7.0),
                "column `whole`, row 1: unknown category \"7\"; known: -2, 10, nan",
            ),
            (
                given("b", Some(true), f64::INFINITY),
                "column `whole`: row 1 is inf",
            ),
            (
                given("c", None, 7.0),
                "column `text`, row 1: unknown category \"c\"; known: , b, nan",
            ),
        ] {
            assert_eq!(strict.transform(&x).unwrap_err().to_string(), says);
        }
        let lenient = fit(HandleUnknown::Ignore);
        let x = lenient.transform(&given("c", None, 7.0)).unwrap();
        assert!(x.row(1).iter().all(|v| *v == 0.0));
        assert!((x.row(0).sum() - 3.0).abs() < 1e-12);
        let back = lenient.inverse_transform(&x).unwrap();
        assert!(back.iter().all(|(_, column)| column.is_missing(1)));
        assert!(lenient.transform(&given("b", None, f64::INFINITY)).is_err());
        assert!(strict.inverse_transform(&x).is_err());
    }

    #[test]
    fn given_categories_keep_their_order() {
        let sizes = Table::new([("size", Column::from(["small", "large", "medium"]))]).unwrap();
        let order = ["small", "medium", "large", "huge"]
            .map(Cell::from)
            .to_vec();
        let encoder = OneHotEncoder::new().categories(Categories::Given(vec![order.clone()]));
        let fitted = encoder.fit(&sizes, &()).unwrap();
        assert_eq!(fitted.categories(), [order]);
        let x = fitted.transform(&sizes).unwrap();
        assert_eq!(
            x,
            array![[1., 0., 0., 0.], [0., 0., 1., 0.], [0., 1., 0., 0.]]
        );
        assert_eq!(
            fitted
                .inverse_transform(&x)
                .unwrap()
                .column("size")
                .unwrap(),
            sizes.column("size").unwrap()
        );
        fitted.validate().unwrap();

        let too_few = Categories::Given(vec![vec![Cell::from("small"), Cell::from("large")]]);
        let encoder = OneHotEncoder::new().categories(too_few);
        let refused = encoder.fit(&sizes, &()).unwrap_err();
        assert!(matches!(
            refused.kind(),
            ErrorKind::UnknownCategory { row: 2, .. }
        ));
        assert!(
            encoder
                .handle_unknown(HandleUnknown::Ignore)
                .fit(&sizes, &())
                .is_ok()
        );

        for bad in [
            vec![],
            vec![vec![]],
            vec![vec![Cell::from("a"), Cell::from("a")]],
            vec![vec![Cell::Missing, Cell::from("a")]],
            vec![vec![Cell::from(1)]],
        ] {
            let encoder = OneHotEncoder::new().categories(Categories::Given(bad));
            let refused = encoder.fit(&sizes, &()).unwrap_err();
            assert!(
                matches!(refused.kind(), ErrorKind::InvalidParameter { .. }),
                "{refused}"
            );
        }
    }

    #[test]
    fn arrays_of_numbers() {
        let x = array![[1.0, f64::NAN], [2.5, 7.0], [1.0, 7.0]];
        let encoder = OneHotEncoder::new().fit(&x, &()).unwrap();
        let names = ["x0_1.0", "x0_2.5", "x1_7.0", "x1_nan"];
        assert_eq!(encoder.feature_names_out(None).unwrap(), names);
        assert_eq!(encoder.feature_names_in(), None);
        let encoded = array![[1., 0., 0., 1.], [0., 1., 1., 0.], [1., 0., 1., 0.]];
        assert_eq!(encoder.transform(&x).unwrap(), encoded);
        let single = x.mapv(|v| v as f32);
        assert_eq!(
            OneHotEncoder::new().fit_transform(&single).unwrap(),
            encoded
        );
        assert!(encoder.transform(&array![[3.0, 7.0]]).is_err());
        assert!(encoder.transform(&array![[1.0]]).is_err());
        assert!(
            OneHotEncoder::new()
                .fit(&array![[f64::INFINITY]], &())
                .is_err()
        );
        let empty = Array2::<f64>::zeros((0, 1));
        assert!(OneHotEncoder::new().fit(&empty, &()).is_err());
    }

    #[test]
    fn rows_of_a_long_list_of_texts() {
        let texts: Vec<String> = (0..500).map(|i| format!("t{i:03}")).collect();
        let long = Table::new([("t", Column::from(texts))]).unwrap();
        let encoder = OneHotEncoder::new().fit(&long, &()).unwrap();
        let x = encoder.transform(&long).unwrap();
        let row = encoder
            .transform(&long.select_rows(&[417]).unwrap())
            .unwrap();
        assert_eq!(row.row(0), x.row(417));
        assert_eq!(row.sum(), 1.0);
        assert!(row[[0, 417]] == 1.0);
    }

    #[test]
    fn numbers_as_python_writes_them() {
        for (v, text) in [
            (3.0, "3.0"),
            (-0.5, "-0.5"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e-5, "1e-05"),
            (0.0001, "0.0001"),
            (123456789012345.0, "123456789012345.0"),
            (0.0, "0.0"),
        ] {
            assert_eq!(real_label(v), text);
        }
    }

    #[test]
    fn settings_and_files() {
        let encoder = OneHotEncoder::new()
            .with_param("handle_unknown", "ignore")
            .and_then(|e| e.with_param("drop", "if_binary"))
            .unwrap();
        assert_eq!(
            encoder.to_string(),
            "OneHotEncoder(drop=\"if_binary\", handle_unknown=\"ignore\")"
        );
        let given = serde_json::json!({ "given": [["a", null], [1, 2.5], [true]] });
        let encoder = encoder.with_param("categories", given).unwrap();
        assert_eq!(
            OneHotEncoder::from_bytes(&encoder.to_bytes().unwrap()).unwrap(),
            encoder
        );
        assert!(encoder.with_param("drop", "last").is_err());

        let fitted = OneHotEncoder::new().fit(&table(), &()).unwrap();
        assert_eq!(
            FittedOneHotEncoder::from_json(&fitted.to_json().unwrap()).unwrap(),
            fitted
        );
        assert_eq!(
            FittedOneHotEncoder::from_bytes(&fitted.to_bytes().unwrap()).unwrap(),
            fitted
        );
        let broken = |change: fn(&mut EncodedColumn)| {
            let mut broken = fitted.clone();
            change(&mut broken.columns[0]);
            assert!(broken.validate().is_err());
        };
        broken(|c| c.dropped = Some(3));
        broken(|c| c.order = vec![1, 0]);
        broken(|c| c.kind = ColumnKind::Boolean);
        broken(|c| c.name = "flag".into());
        broken(|c| c.values = Values::Texts(vec!["b".into(), "b".into()]));
    }
}
