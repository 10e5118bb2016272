//! Samples of which one column changes.

use ndarray::{Array2, ArrayRef2};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::samples::Samples;
use crate::table::{Categorical, Cell, Column, Columns, Table};

/// A column by its place or by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// The place, from 0.
    Index(usize),
    /// The name.
    Name(String),
}

impl From<usize> for Feature {
    fn from(index: usize) -> Self {
        Feature::Index(index)
    }
}

impl From<&str> for Feature {
    fn from(name: &str) -> Self {
        Feature::Name(name.into())
    }
}

impl From<String> for Feature {
    fn from(name: String) -> Self {
        Feature::Name(name)
    }
}

/// The names of the columns, `x0`, `x1`, ... where there are none.
pub(super) fn names<X: Samples + ?Sized>(x: &X) -> Vec<String> {
    let numbered = || (0..x.n_features()).map(|j| format!("x{j}")).collect();
    x.feature_names().unwrap_or_else(numbered)
}

/// The place of a column.
pub(super) fn place(names: &[String], feature: &Feature) -> Result<usize> {
    match feature {
        Feature::Index(j) if *j < names.len() => Ok(*j),
        Feature::Index(j) => Err(Error::invalid_input(
            "features",
            format!("column {j} of {} columns", names.len()),
        )),
        Feature::Name(name) => names.iter().position(|n| n == name).ok_or_else(|| {
            ErrorKind::UnknownColumn {
                name: name.clone(),
                known: names.to_vec(),
            }
            .into()
        }),
    }
}

/// Samples of which one column can be shuffled or filled: matrices and tables.
#[diagnostic::on_unimplemented(message = "columns of `{Self}` cannot be changed")]
pub trait Inspected: Samples {
    /// A copy to change.
    fn copied(&self) -> Self::Owned;

    /// Puts the rows of this column into `copy` in another order.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn shuffled(&self, copy: &mut Self::Owned, column: usize, order: &[usize]) -> Result<()>;

    /// Puts this value into every row of a column of `copy`.
    ///
    /// # Errors
    /// `WrongColumnKind` for a value of another kind than the column's.
    fn filled(&self, copy: &mut Self::Owned, column: usize, value: &Cell) -> Result<()>;

    /// The distinct values of a column in order, without missing ones.
    ///
    /// # Errors
    /// `InvalidInput` for a column that is not there.
    fn distinct(&self, column: usize) -> Result<Vec<Cell>>;

    /// The values of a column of real numbers without missing ones; nothing for another column.
    fn reals(&self, column: usize) -> Option<Vec<f64>>;
}

fn distinct_numbers(mut values: Vec<f64>) -> Vec<Cell> {
    values.retain(|v| !v.is_nan());
    values.sort_unstable_by(f64::total_cmp);
    values.dedup();
    values.into_iter().map(Cell::Number).collect()
}

fn wrong(column: String, expected: &str, got: &Cell) -> Error {
    ErrorKind::WrongColumnKind {
        column,
        expected: format!("a {}", got.kind()),
        got: expected.into(),
    }
    .into()
}

impl<F: Float> Inspected for ArrayRef2<F> {
    fn copied(&self) -> Array2<F> {
        self.to_owned()
    }

    fn shuffled(&self, copy: &mut Array2<F>, column: usize, order: &[usize]) -> Result<()> {
        crate::samples::check_rows(order, self.nrows())?;
        let from = self.column(column);
        for (to, &row) in copy.column_mut(column).iter_mut().zip(order) {
            *to = from[row];
        }
        Ok(())
    }

    fn filled(&self, copy: &mut Array2<F>, column: usize, value: &Cell) -> Result<()> {
        let Cell::Number(v) = value else {
            return Err(wrong(format!("x{column}"), "numbers", value));
        };
        copy.column_mut(column).fill(F::of(*v));
        Ok(())
    }

    fn distinct(&self, column: usize) -> Result<Vec<Cell>> {
        Ok(distinct_numbers(
            self.column(column).iter().map(|v| v.f64()).collect(),
        ))
    }

    fn reals(&self, column: usize) -> Option<Vec<f64>> {
        let all = self.column(column).into_iter().map(|v| v.f64());
        Some(all.filter(|v| !v.is_nan()).collect())
    }
}

/// The column, and its name.
fn of_table(table: &Table, column: usize) -> Result<(&Column, &str)> {
    match (table.column_at(column), table.name_at(column)) {
        (Some(values), Some(name)) => Ok((values, name)),
        _ => Err(Error::invalid_input(
            "features",
            format!("column {column} of {} columns", table.n_columns()),
        )),
    }
}

impl Inspected for Table {
    fn copied(&self) -> Table {
        self.clone()
    }

    fn shuffled(&self, copy: &mut Table, column: usize, order: &[usize]) -> Result<()> {
        let (_, name) = of_table(self, column)?;
        let one = Columns::indices([isize::try_from(column).unwrap_or(isize::MAX)]);
        let turned = self.select_columns(&one)?.select_rows(order)?;
        *copy = copy.assign(name, of_table(&turned, 0)?.0.clone())?;
        Ok(())
    }

    fn filled(&self, copy: &mut Table, column: usize, value: &Cell) -> Result<()> {
        let (values, name) = of_table(self, column)?;
        let n = self.n_rows();
        let filled = match (values, value) {
            (Column::Float(_), Cell::Number(v)) => Column::Float(vec![*v; n]),
            (Column::Integer(_), Cell::Number(v)) if v.fract() == 0.0 => {
                Column::Integer(vec![*v; n])
            }
            (Column::Integer(_), Cell::Number(v)) => Column::Float(vec![*v; n]),
            (Column::Boolean(_), Cell::Boolean(v)) => Column::Boolean(vec![Some(*v); n]),
            (Column::Categorical(c), Cell::Text(text)) => {
                let code = c.categories().iter().position(|known| known == text);
                match code.and_then(|code| u32::try_from(code).ok()) {
                    Some(code) => {
                        Column::Categorical(Categorical::new(vec![code; n], c.shared_categories())?)
                    }
                    None => Column::Categorical(Categorical::from_texts(vec![Some(text); n])),
                }
            }
            (values, value) => {
                return Err(wrong(name.into(), &values.kind().to_string(), value));
            }
        };
        *copy = copy.assign(name, filled)?;
        Ok(())
    }

    fn distinct(&self, column: usize) -> Result<Vec<Cell>> {
        Ok(match of_table(self, column)?.0 {
            Column::Float(values) | Column::Integer(values) => distinct_numbers(values.clone()),
            Column::Boolean(values) => [false, true]
                .into_iter()
                .filter(|v| values.contains(&Some(*v)))
                .map(Cell::Boolean)
                .collect(),
            Column::Categorical(c) => {
                let mut texts: Vec<String> = c.observed().categories().to_vec();
                texts.sort();
                texts.into_iter().map(Cell::Text).collect()
            }
        })
    }

    fn reals(&self, column: usize) -> Option<Vec<f64>> {
        match of_table(self, column).ok()?.0 {
            Column::Float(values) => Some(values.iter().copied().filter(|v| !v.is_nan()).collect()),
            _ => None,
        }
    }
}
