//! What counts as missing, and the columns that say where it was.

use std::sync::Arc;

use ndarray::{ArrayRef2, Axis};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::parallel;
use crate::preprocessing::columnwise::no_infinity;
use crate::table::{Categorical, Cell, Column, Table};

/// What counts as missing.
///
/// By name it is `"nan"`, a number, a boolean or a text; the text `nan` itself is `{"text": "nan"}`.
///
/// ```
/// use fitwell::impute::MissingValues;
/// use fitwell::table::Cell;
///
/// assert_eq!(MissingValues::from(f64::NAN), MissingValues::Nan);
/// assert_eq!(MissingValues::from("?"), MissingValues::Value(Cell::from("?")));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum MissingValues {
    /// NaN in arrays, the table's own missing value in tables.
    #[default]
    Nan,
    /// A value. In arrays it is a number; in a table the columns of its kind may hold it, and none may have missing values
    /// of its own.
    Value(Cell),
}

impl From<Cell> for MissingValues {
    fn from(cell: Cell) -> Self {
        match cell {
            Cell::Missing => MissingValues::Nan,
            Cell::Number(v) if v.is_nan() => MissingValues::Nan,
            cell => MissingValues::Value(cell),
        }
    }
}

macro_rules! from_what_cells_are_from {
    ($($t:ty),+) => {$(
        impl From<$t> for MissingValues {
            fn from(value: $t) -> Self {
                Cell::from(value).into()
            }
        }
    )+};
}
from_what_cells_are_from!(f64, f32, i8, i16, i32, u8, u16, u32, bool, String, &str);

/// The name of NaN.
const NAN: &str = "nan";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    text: String,
}

#[derive(Serialize, Deserialize)]
enum Binary {
    Nan,
    Value(Cell),
}

impl Serialize for MissingValues {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self {
            _ if !serializer.is_human_readable() => match self {
                MissingValues::Nan => Binary::Nan.serialize(serializer),
                MissingValues::Value(cell) => Binary::Value(cell.clone()).serialize(serializer),
            },
            MissingValues::Nan => NAN.serialize(serializer),
            MissingValues::Value(Cell::Text(text)) if text == NAN => {
                Text { text: text.clone() }.serialize(serializer)
            }
            MissingValues::Value(Cell::Number(v)) => {
                crate::params::number::serialize(v, serializer)
            }
            MissingValues::Value(cell) => cell.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for MissingValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Ok(match Binary::deserialize(deserializer)? {
                Binary::Nan => MissingValues::Nan,
                Binary::Value(cell) => MissingValues::Value(cell),
            });
        }
        let wrong = || {
            de::Error::custom("expected \"nan\", a number, a boolean, a text, or {\"text\": ..}")
        };
        let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
        Ok(match value {
            serde_json::Value::Null => MissingValues::Nan,
            serde_json::Value::Bool(v) => MissingValues::Value(Cell::Boolean(v)),
            serde_json::Value::Number(v) => MissingValues::from(v.as_f64().ok_or_else(wrong)?),
            serde_json::Value::String(text) => match text.as_str() {
                NAN => MissingValues::Nan,
                "inf" => MissingValues::Value(Cell::Number(f64::INFINITY)),
                "-inf" => MissingValues::Value(Cell::Number(f64::NEG_INFINITY)),
                _ => MissingValues::Value(Cell::Text(text)),
            },
            value => {
                let Text { text } = serde_json::from_value(value).map_err(|_| wrong())?;
                MissingValues::Value(Cell::Text(text))
            }
        })
    }
}

impl MissingValues {
    /// An infinite number cannot be missing.
    pub(super) fn check(&self, estimator: &str) -> Result<()> {
        match self {
            MissingValues::Value(Cell::Number(v)) if !v.is_finite() => Err(
                Error::invalid_parameter(estimator, "missing_values", "NaN or finite", v),
            ),
            _ => Ok(()),
        }
    }

    /// The number that is missing in arrays.
    pub(super) fn number(&self, estimator: &str) -> Result<f64> {
        match self {
            MissingValues::Nan => Ok(f64::NAN),
            MissingValues::Value(Cell::Number(v)) => Ok(*v),
            MissingValues::Value(cell) => Err(Error::invalid_parameter(
                estimator,
                "missing_values",
                "a number, for arrays",
                format!("{cell:?}"),
            )),
        }
    }

    /// The table with its own missing value for what counts as missing.
    ///
    /// # Errors
    /// `MissingValue` for a value that is missing already where another counts as missing.
    pub(super) fn in_table(&self, x: &Table) -> Result<Table> {
        let MissingValues::Value(cell) = self else {
            return Ok(x.clone());
        };
        let columns = (0..x.n_columns()).map(|position| {
            let (name, column) = x.shared(position);
            if let Some(row) = (0..column.len()).find(|&row| column.is_missing(row)) {
                let column = crate::error::shorten(&name);
                return Err(ErrorKind::MissingValue { column, row }.into());
            }
            let coded = replaced(&column, |row| holds(&column, row, cell), &Cell::Missing);
            Ok((name, coded.map_or(column, Arc::new)))
        });
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok(Table::from_shared(columns, x.n_rows()))
    }

    /// As [`in_table`](Self::in_table), for the table of a fit: what is wrong is the setting.
    pub(super) fn in_table_at_fit(&self, estimator: &str, x: &Table) -> Result<Table> {
        self.in_table(x).map_err(|e| match e.kind() {
            ErrorKind::MissingValue { column, row } => {
                let expected =
                    format!("NaN for a table with missing values (column `{column}`, row {row})");
                Error::invalid_parameter(estimator, "missing_values", expected, format!("{self:?}"))
            }
            _ => e,
        })
    }

    /// What stands for missing in a table.
    pub(super) fn cell(&self) -> Cell {
        match self {
            MissingValues::Nan => Cell::Missing,
            MissingValues::Value(cell) => cell.clone(),
        }
    }
}

/// Whether a row of a column holds this value.
fn holds(column: &Column, row: usize, cell: &Cell) -> bool {
    match (column, cell) {
        (Column::Float(values) | Column::Integer(values), Cell::Number(v)) => values[row] == *v,
        (Column::Boolean(values), Cell::Boolean(v)) => values[row] == Some(*v),
        (Column::Categorical(values), Cell::Text(text)) => values.get(row) == Some(text.as_str()),
        _ => false,
    }
}

/// The column with `cell` in some rows; `None` if the cell cannot be in the column or there is no such row.
pub(super) fn replaced(
    column: &Column,
    which: impl Fn(usize) -> bool,
    cell: &Cell,
) -> Option<Column> {
    if !(0..column.len()).any(&which) {
        return None;
    }
    let rows = 0..column.len();
    Some(match (column, cell) {
        (Column::Float(values), Cell::Number(_) | Cell::Missing)
        | (Column::Integer(values), Cell::Number(_) | Cell::Missing) => {
            let new = if let Cell::Number(v) = cell {
                *v
            } else {
                f64::NAN
            };
            let values = rows.map(|i| if which(i) { new } else { values[i] });
            match column {
                Column::Integer(_) if new.is_nan() || new.fract() == 0.0 => {
                    Column::Integer(values.collect())
                }
                _ => Column::Float(values.collect()),
            }
        }
        (Column::Boolean(values), Cell::Boolean(_) | Cell::Missing) => {
            let new = if let Cell::Boolean(v) = cell {
                Some(*v)
            } else {
                None
            };
            Column::Boolean(
                rows.map(|i| if which(i) { new } else { values[i] })
                    .collect(),
            )
        }
        (Column::Categorical(values), Cell::Missing) => {
            let code = |i: usize| {
                if which(i) {
                    Categorical::MISSING
                } else {
                    values.codes()[i]
                }
            };
            Column::Categorical(Categorical::from_trusted(
                rows.map(code).collect(),
                values.shared_categories(),
            ))
        }
        (Column::Categorical(values), Cell::Text(text)) => {
            let each = rows.map(|i| {
                if which(i) {
                    Some(text.as_str())
                } else {
                    values.get(i)
                }
            });
            Column::Categorical(Categorical::from_texts(each))
        }
        _ => return None,
    })
}

/// The number that is missing in an array: NaN or another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missing<F>(F);

impl<F: Float> Missing<F> {
    pub(super) fn new(number: f64) -> Self {
        Missing(F::of(number))
    }

    #[inline(always)]
    pub(super) fn is(self, v: F) -> bool {
        v.is_nan() || v == self.0
    }

    /// Values are finite or missing.
    pub(super) fn check(self, x: &ArrayRef2<F>) -> Result<()> {
        if self.0.is_nan() {
            no_infinity(x)
        } else {
            check::finite(x, "X")
        }
    }

    /// The number of missing values of each column.
    pub(super) fn counts(self, x: &ArrayRef2<F>) -> Vec<usize> {
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        let parts = parallel::map_chunks(x.nrows(), chunk, |rows| {
            let mut counts = vec![0; x.ncols()];
            for row in x.slice(ndarray::s![rows, ..]).rows() {
                for (count, v) in counts.iter_mut().zip(row) {
                    *count += usize::from(self.is(*v));
                }
            }
            counts
        });
        let mut counts = vec![0; x.ncols()];
        for part in parts {
            for (count, of_part) in counts.iter_mut().zip(part) {
                *count += of_part;
            }
        }
        counts
    }

    /// 1 where a value is missing, 0 elsewhere, for some columns of `x`, into as many columns of `out`.
    pub(super) fn indicate(self, x: &ArrayRef2<F>, columns: &[usize], out: &mut ArrayRef2<F>) {
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
            let rows = x.slice(ndarray::s![first..first + block.nrows(), ..]);
            for (row, mut out) in rows.axis_iter(Axis(0)).zip(block.rows_mut()) {
                for (out, &j) in out.iter_mut().zip(columns) {
                    *out = if self.is(row[j]) { F::one() } else { F::zero() };
                }
            }
        });
    }
}

/// The columns with a missing value.
pub(super) fn with_missing(counts: &[usize]) -> Vec<usize> {
    (0..counts.len()).filter(|&j| counts[j] > 0).collect()
}

/// The name of the column that says where values of `name` were missing.
pub(super) fn indicator_name(name: &str) -> String {
    format!("missingindicator_{name}")
}

/// The names of the kept columns, then of the indicators.
pub(super) fn names_out(
    names: &[String],
    kept: impl Fn(usize) -> bool,
    indicated: &[usize],
) -> Vec<String> {
    let kept = (0..names.len())
        .filter(|&j| kept(j))
        .map(|j| names[j].clone());
    kept.chain(indicated.iter().map(|&j| indicator_name(&names[j])))
        .collect()
}

/// Positions below `n`, each greater than the one before.
pub(super) fn increasing(positions: &[usize], n: usize) -> bool {
    positions.windows(2).all(|p| p[0] < p[1]) && positions.last().is_none_or(|&last| last < n)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_value_reads_back() {
        for missing in [
            MissingValues::Nan,
            MissingValues::from(-1),
            MissingValues::from(f64::INFINITY),
            MissingValues::from(true),
            MissingValues::from("?"),
            MissingValues::from("nan"),
            MissingValues::from(""),
        ] {
            let json = serde_json::to_string(&missing).unwrap();
            assert_eq!(
                serde_json::from_str::<MissingValues>(&json).unwrap(),
                missing,
                "{json}"
            );
            let bytes = postcard::to_allocvec(&missing).unwrap();
            assert_eq!(
                postcard::from_bytes::<MissingValues>(&bytes).unwrap(),
                missing
            );
        }
        assert!(serde_json::from_str::<MissingValues>("[1]").is_err());
        assert!(MissingValues::from(f64::INFINITY).check("X").is_err());
    }

    #[test]
    fn a_value_of_a_table_becomes_its_own_missing_value() {
        let table = Table::new([
            ("a", Column::from([1, -1, 3])),
            ("b", Column::from(["x", "?", "-1"])),
        ])
        .unwrap();
        let coded = MissingValues::from(-1).in_table(&table).unwrap();
        assert_eq!(
            coded.column("a").unwrap(),
            &Column::from([Some(1), None, Some(3)])
        );
        assert_eq!(coded.column("b").unwrap(), table.column("b").unwrap());
        let coded = MissingValues::from("?").in_table(&table).unwrap();
        assert_eq!(
            coded.column("b").unwrap(),
            &Column::from([Some("x"), None, Some("-1")])
        );
        let twice = MissingValues::from("x").in_table(&coded).unwrap_err();
        assert_eq!(twice.to_string(), "column `b`, row 1: the value is missing");
    }
}
