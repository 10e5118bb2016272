//! Columns of another kind, and values in the place of missing ones.

use std::sync::Arc;

use super::{Categorical, Cell, Column, ColumnKind, Columns, LARGEST_INTEGER, Table};
use crate::error::{Error, Result, shorten};

/// Why a value is none of another kind.
struct NoSuch {
    row: usize,
    reason: String,
}

impl Column {
    /// The same values as another kind; missing stays missing. `lenient` makes missing what has no value of that kind.
    fn converted(&self, kind: ColumnKind, lenient: bool) -> std::result::Result<Column, NoSuch> {
        let refused = |row: usize, reason: &str| NoSuch {
            row,
            reason: format!(
                "{:?} {reason}",
                shorten(&self.text(row).unwrap_or_default())
            ),
        };
        let n = self.len();
        Ok(match (self, kind) {
            (Column::Categorical(_), ColumnKind::Categorical)
            | (Column::Boolean(_), ColumnKind::Boolean)
            | (Column::Float(_), ColumnKind::Float)
            | (Column::Integer(_), ColumnKind::Integer) => self.clone(),
            (Column::Integer(values), ColumnKind::Float) => Column::Float(values.clone()),
            (Column::Categorical(texts), ColumnKind::Float | ColumnKind::Integer) => {
                // Each different text is read once.
                let parsed: Vec<Option<f64>> = (texts.categories().iter())
                    .map(|t| decimal(t).filter(|v| kind == ColumnKind::Float || is_whole(*v)))
                    .collect();
                let mut values = Vec::with_capacity(n);
                for (row, &code) in texts.codes().iter().enumerate() {
                    values.push(match parsed.get(code as usize) {
                        None => f64::NAN,
                        Some(Some(v)) => *v,
                        Some(None) if lenient => f64::NAN,
                        Some(None) if kind == ColumnKind::Integer => {
                            return Err(refused(row, "is no whole number of magnitude up to 2^53"));
                        }
                        Some(None) => return Err(refused(row, "is no number")),
                    });
                }
                numbers(kind, values)
            }
            (Column::Categorical(texts), ColumnKind::Boolean) => {
                let parsed: Vec<Option<bool>> =
                    texts.categories().iter().map(|t| boolean(t)).collect();
                let mut values = Vec::with_capacity(n);
                for (row, &code) in texts.codes().iter().enumerate() {
                    values.push(match parsed.get(code as usize) {
                        None => None,
                        Some(Some(v)) => Some(*v),
                        Some(None) if lenient => None,
                        Some(None) => return Err(refused(row, "is neither true nor false")),
                    });
                }
                Column::Boolean(values)
            }
            (Column::Boolean(values), ColumnKind::Float | ColumnKind::Integer) => numbers(
                kind,
                (values.iter())
                    .map(|v| v.map_or(f64::NAN, |v| f64::from(u8::from(v))))
                    .collect(),
            ),
            (Column::Boolean(values), _) => Column::Categorical(Categorical::from_texts(
                values
                    .iter()
                    .map(|v| v.map(|v| if v { "true" } else { "false" })),
            )),
            (Column::Float(values), ColumnKind::Integer) => {
                let mut whole = Vec::with_capacity(n);
                for (row, &v) in values.iter().enumerate() {
                    match v.is_nan() || is_whole(v) {
                        true => whole.push(v),
                        false if lenient => whole.push(f64::NAN),
                        false => {
                            return Err(refused(row, "is no whole number of magnitude up to 2^53"));
                        }
                    }
                }
                Column::Integer(whole)
            }
            (Column::Float(values) | Column::Integer(values), ColumnKind::Boolean) => {
                let mut flags = Vec::with_capacity(n);
                for (row, &v) in values.iter().enumerate() {
                    flags.push(match v {
                        0.0 => Some(false),
                        1.0 => Some(true),
                        v if v.is_nan() || lenient => None,
                        _ => return Err(refused(row, "is neither 0 nor 1")),
                    });
                }
                Column::Boolean(flags)
            }
            (Column::Float(_) | Column::Integer(_), _) => {
                let texts = (0..n).map(|row| self.text(row));
                Column::Categorical(Categorical::from_texts(texts))
            }
        })
    }

    /// The value of a row, `None` beyond the last.
    pub fn cell(&self, row: usize) -> Option<Cell> {
        if row >= self.len() {
            return None;
        }
        Some(match self {
            _ if self.is_missing(row) => Cell::Missing,
            Column::Boolean(values) => values[row].map_or(Cell::Missing, Cell::Boolean),
            Column::Categorical(values) => Cell::from(values.get(row).unwrap_or_default()),
            Column::Float(values) | Column::Integer(values) => Cell::Number(values[row]),
        })
    }

    /// The first row whose value is missing.
    pub(crate) fn first_missing(&self) -> Option<usize> {
        (0..self.len()).find(|&row| self.is_missing(row))
    }

    /// The column with a value in the place of the missing ones; the reason if it is of another kind.
    fn filled(&self, value: &Cell) -> std::result::Result<Column, &'static str> {
        let number = |values: &[f64], v: f64| {
            (values.iter())
                .map(|&old| if old.is_nan() { v } else { old })
                .collect::<Vec<f64>>()
        };
        Ok(match (self, value) {
            (Column::Float(values), Cell::Number(v)) => Column::Float(number(values, *v)),
            (Column::Integer(values), Cell::Number(v)) if is_whole(*v) => {
                Column::Integer(number(values, *v))
            }
            (Column::Integer(_), Cell::Number(_)) => {
                return Err("the column holds whole numbers up to 2^53");
            }
            (Column::Boolean(values), Cell::Boolean(v)) => {
                Column::Boolean(values.iter().map(|old| old.or(Some(*v))).collect())
            }
            (Column::Categorical(values), Cell::Text(_)) if values.iter().all(|v| v.is_some()) => {
                self.clone()
            }
            (Column::Categorical(values), Cell::Text(text)) => {
                let mut categories = values.shared_categories();
                let mut codes = values.codes().to_vec();
                let code = match categories.binary_search(text) {
                    Ok(found) => found,
                    Err(place) => {
                        Arc::make_mut(&mut categories).insert(place, text.clone());
                        for code in &mut codes {
                            if *code != Categorical::MISSING && *code as usize >= place {
                                *code += 1;
                            }
                        }
                        place
                    }
                };
                for old in codes.iter_mut().filter(|c| **c == Categorical::MISSING) {
                    *old = code as u32;
                }
                Column::Categorical(Categorical::from_trusted(codes, categories))
            }
            _ => return Err("the value is of another kind than the column"),
        })
    }
}

fn numbers(kind: ColumnKind, values: Vec<f64>) -> Column {
    match kind {
        ColumnKind::Integer => Column::Integer(values),
        _ => Column::Float(values),
    }
}

fn is_whole(v: f64) -> bool {
    v.abs() <= LARGEST_INTEGER && v.fract() == 0.0
}

/// A finite decimal number, with spaces around it perhaps.
fn decimal(text: &str) -> Option<f64> {
    let text = text.trim_matches([' ', '\t']);
    // The standard library would also read "inf" and "nan".
    let plain = |b: u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    let value: f64 = text.bytes().all(plain).then(|| text.parse().ok())??;
    value.is_finite().then_some(value)
}

fn boolean(text: &str) -> Option<bool> {
    match text.trim_matches([' ', '\t']) {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

impl Table {
    /// The same table with columns as another kind.
    ///
    /// | from | to | how |
    /// |---|---|---|
    /// | float | integer | whole numbers of magnitude up to 2^53 |
    /// | float, integer | boolean | 0 and 1 |
    /// | boolean | float, integer | 0 and 1 |
    /// | categorical | float, integer, boolean | finite decimal numbers; `true`, `True`, `TRUE`, `false`, ... |
    /// | any | categorical | the value as text, numbers with the fewest digits that read back as the same number |
    ///
    /// Missing values stay missing.
    ///
    /// ```
    /// use fitwell::table::{Column, ColumnKind, Columns, Table};
    ///
    /// let table = Table::new([("class", Column::from([3, 1])), ("fare", Column::from(["7.25", "n/a"]))])?;
    /// let table = table.cast(&Columns::from("class"), ColumnKind::Categorical)?;
    /// assert_eq!(table.column("class")?, &Column::from(["3", "1"]));
    /// assert_eq!(
    ///     table.cast(&Columns::from("fare"), ColumnKind::Float).unwrap_err().to_string(),
    ///     "column `fare`: row 1: \"n/a\" is no number"
    /// );
    /// let table = table.cast_or_missing(&Columns::from("fare"), ColumnKind::Float)?;
    /// assert_eq!(table.column("fare")?, &Column::from([7.25, f64::NAN]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` with the row and the value that has no counterpart; as [`Columns::resolve`].
    #[doc(alias = "astype")]
    pub fn cast(&self, columns: &Columns, kind: ColumnKind) -> Result<Table> {
        self.convert(columns, kind, false)
    }

    /// As [`cast`](Self::cast), with a missing value for each value that has no counterpart.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "to_numeric")]
    pub fn cast_or_missing(&self, columns: &Columns, kind: ColumnKind) -> Result<Table> {
        self.convert(columns, kind, true)
    }

    fn convert(&self, columns: &Columns, kind: ColumnKind, lenient: bool) -> Result<Table> {
        let mut table = self.clone();
        for index in columns.resolve(self)? {
            let (Some(name), Some(column)) = (self.name_at(index), self.column_at(index)) else {
                continue;
            };
            if column.kind() == kind {
                continue;
            }
            let converted = column.converted(kind, lenient).map_err(|no| {
                let what = format!("column `{}`", shorten(name));
                Error::invalid_input(what, format!("row {}: {}", no.row, no.reason))
            })?;
            table = table.with_replaced(index, converted);
        }
        Ok(table)
    }

    /// The same table with a value in the place of missing ones: a number in columns of numbers, a boolean or a text in
    /// columns of those.
    ///
    /// To fill with what was learned from training data, use
    /// [`SimpleImputer`](crate::impute::SimpleImputer).
    ///
    /// ```
    /// use fitwell::table::{Column, Columns, Table};
    ///
    /// let table = Table::new([
    ///     ("city", Column::from([Some("Ulm"), None])),
    ///     ("age", Column::from([Some(31), None])),
    /// ])?;
    /// let full = table.fill_missing(&Columns::from("city"), "unknown")?.fill_missing(&Columns::numeric(), 0)?;
    /// assert_eq!(full.column("city")?, &Column::from(["Ulm", "unknown"]));
    /// assert_eq!(full.column("age")?, &Column::from([31, 0]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` when the value is of another kind than a column, is missing itself, or is no whole number for a column
    /// of those; as [`Columns::resolve`].
    #[doc(alias = "fillna")]
    pub fn fill_missing(&self, columns: &Columns, value: impl Into<Cell>) -> Result<Table> {
        let value = value.into();
        let mut table = self.clone();
        for index in columns.resolve(self)? {
            let (Some(name), Some(column)) = (self.name_at(index), self.column_at(index)) else {
                continue;
            };
            let filled = match &value {
                Cell::Missing => Err("a missing value fills nothing"),
                Cell::Number(v) if v.is_nan() => Err("NaN is a missing value and fills nothing"),
                value => column.filled(value),
            };
            let filled = filled.map_err(|reason| {
                let what = format!("column `{}`", shorten(name));
                let value = shorten(&value.to_string());
                let kind = column.kind();
                Error::invalid_input(what, format!("{kind}, to fill with {value:?}: {reason}"))
            })?;
            table = table.with_replaced(index, filled);
        }
        Ok(table)
    }

    /// The same table with each missing value replaced by the last value above it; those above the first value stay missing.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "ffill")]
    pub fn fill_forward(&self, columns: &Columns) -> Result<Table> {
        self.fill_from(columns, false)
    }

    /// The same table with each missing value replaced by the next value below it; those below the last value stay missing.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "bfill")]
    pub fn fill_backward(&self, columns: &Columns) -> Result<Table> {
        self.fill_from(columns, true)
    }

    fn fill_from(&self, columns: &Columns, below: bool) -> Result<Table> {
        let mut table = self.clone();
        for index in columns.resolve(self)? {
            let Some(column) = self.column_at(index) else {
                continue;
            };
            // The row each row takes its value from.
            let mut from: Vec<usize> = (0..self.n_rows()).collect();
            let mut last = None;
            let mut visit = |row: usize| {
                if !column.is_missing(row) {
                    last = Some(row);
                } else if let Some(last) = last {
                    from[row] = last;
                }
            };
            match below {
                true => (0..self.n_rows()).rev().for_each(&mut visit),
                false => (0..self.n_rows()).for_each(&mut visit),
            }
            table = table.with_replaced(index, column.take(&from));
        }
        Ok(table)
    }

    /// The value of a row of a column.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are; `InvalidInput` when there is no such row.
    #[doc(alias = "loc")]
    pub fn cell(&self, row: usize, column: &str) -> Result<Cell> {
        let cell = self.column(column)?.cell(row);
        cell.ok_or_else(|| {
            let reason = format!("row {row} of {} rows", self.n_rows());
            Error::invalid_input("selection", reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ColumnKind::{Boolean, Categorical as Text, Float, Integer};

    fn cast(column: Column, kind: ColumnKind) -> std::result::Result<Column, String> {
        let table = Table::new([("x", column)]).unwrap();
        let cast = table.cast(&Columns::All, kind).map_err(|e| e.to_string())?;
        Ok(cast.column("x").unwrap().clone())
    }

    #[test]
    fn every_kind_to_every_kind() {
        let float = || Column::from([Some(1.0), None, Some(0.0)]);
        let integer = || Column::from([Some(1), None, Some(0)]);
        let boolean = || Column::from([Some(true), None, Some(false)]);
        let text = || Column::from([Some("1"), None, Some("0")]);
        for from in [float(), integer(), boolean(), text()] {
            assert_eq!(cast(from.clone(), Float).unwrap_or(float()), float());
            assert_eq!(cast(from.clone(), Integer).unwrap(), integer());
            if from.kind() != Text {
                assert_eq!(cast(from.clone(), Boolean).unwrap(), boolean());
            }
            if from.kind() != Boolean {
                assert_eq!(cast(from, Text).unwrap(), text());
            }
        }
        let words = Column::from([Some("true"), None, Some("false")]);
        assert_eq!(cast(boolean(), Text).unwrap(), words);
        assert_eq!(cast(words, Boolean).unwrap(), boolean());
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        for (column, kind, message) in [
            (
                Column::from([1.0, 0.5]),
                Integer,
                "column `x`: row 1: \"0.5\" is no whole number of magnitude up to 2^53",
            ),
            (
                Column::from([1.0, f64::INFINITY]),
                Integer,
                "column `x`: row 1: \"inf\" is no whole number of magnitude up to 2^53",
            ),
            (
                Column::from([1, 2]),
                Boolean,
                "column `x`: row 1: \"2\" is neither 0 nor 1",
            ),
            (
                Column::from(["1", "inf"]),
                Float,
                "column `x`: row 1: \"inf\" is no number",
            ),
            (
                Column::from(["1", "1e400"]),
                Float,
                "column `x`: row 1: \"1e400\" is no number",
            ),
            (
                Column::from(["1", ""]),
                Float,
                "column `x`: row 1: \"\" is no number",
            ),
            (
                Column::from(["1", "1.5"]),
                Integer,
                "column `x`: row 1: \"1.5\" is no whole number of magnitude up to 2^53",
            ),
            (
                Column::from(["true", "yes"]),
                Boolean,
                "column `x`: row 1: \"yes\" is neither true nor false",
            ),
        ] {
            assert_eq!(cast(column.clone(), kind).unwrap_err(), message);
            let table = Table::new([("x", column)]).unwrap();
            let lenient = table.cast_or_missing(&Columns::All, kind).unwrap();
            let lenient = lenient.column("x").unwrap();
            assert_eq!((lenient.kind(), lenient.first_missing()), (kind, Some(1)));
        }
        assert_eq!(
            cast(Column::from([" 1e3\t", "-.5"]), Float).unwrap(),
            Column::from([1000.0, -0.5])
        );
    }

    #[test]
    fn missing_values_are_filled() {
        let t = Table::new([
            ("f", Column::from([None, Some(2.5)])),
            ("i", Column::from([None, Some(2)])),
            ("b", Column::from([None, Some(true)])),
            ("c", Column::from([None, Some("m")])),
        ])
        .unwrap();
        let fill = |name: &str, value: Cell| {
            let filled = t.fill_missing(&Columns::from(name), value)?;
            Ok::<Column, Error>(filled.column(name)?.clone())
        };
        assert_eq!(fill("f", 0.5.into()).unwrap(), Column::from([0.5, 2.5]));
        assert_eq!(fill("i", 7.into()).unwrap(), Column::from([7, 2]));
        assert_eq!(
            fill("b", false.into()).unwrap(),
            Column::from([false, true])
        );
        for text in ["a", "m", "z"] {
            let filled = fill("c", text.into()).unwrap();
            assert_eq!(filled, Column::from([text, "m"]));
        }
        for (name, value) in [
            ("f", Cell::from("a")),
            ("f", Cell::Missing),
            ("f", f64::NAN.into()),
            ("i", 0.5.into()),
            ("b", 1.into()),
            ("c", 1.into()),
        ] {
            assert!(fill(name, value.clone()).is_err(), "{name} {value}");
        }
        assert_eq!(
            fill("i", 0.5.into()).unwrap_err().to_string(),
            "column `i`: integer, to fill with \"0.5\": the column holds whole numbers up to 2^53"
        );
    }

    #[test]
    fn missing_values_take_their_neighbours() {
        let t = Table::new([(
            "x",
            Column::from([None, Some("a"), None, None, Some("b"), None]),
        )])
        .unwrap();
        let of = |t: Table| t.column("x").unwrap().clone();
        assert_eq!(
            of(t.fill_forward(&Columns::All).unwrap()),
            Column::from([None, Some("a"), Some("a"), Some("a"), Some("b"), Some("b")])
        );
        assert_eq!(
            of(t.fill_backward(&Columns::All).unwrap()),
            Column::from([Some("a"), Some("a"), Some("b"), Some("b"), Some("b"), None])
        );
    }

    #[test]
    fn cells_by_row_and_name() {
        let t = Table::new([("x", [Some(1.5), None])]).unwrap();
        assert_eq!(t.cell(0, "x").unwrap(), Cell::Number(1.5));
        assert_eq!(t.cell(1, "x").unwrap(), Cell::Missing);
        assert!(t.cell(2, "x").is_err() && t.cell(0, "y").is_err());
    }
}
