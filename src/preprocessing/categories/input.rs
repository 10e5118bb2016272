//! A column to encode, out of a table or of a matrix.

use std::collections::HashSet;

use ndarray::{ArrayRef2, ArrayView1};

use super::KnownColumn;
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::table::{Categorical, Column, ColumnKind, Table};

/// The values of a column.
#[derive(Clone, Copy)]
pub(in crate::preprocessing) enum Input<'a, F> {
    Numbers(ArrayView1<'a, F>, ColumnKind, Place),
    Booleans(&'a [Option<bool>]),
    Texts(&'a Categorical),
}

/// How an error names a column: by its name in a table, by its position in a matrix.
#[derive(Clone, Copy)]
pub(in crate::preprocessing) enum Place {
    Table,
    Matrix(usize),
}

impl Place {
    pub(super) fn infinite(self, name: &str, row: usize, value: f64) -> Error {
        match self {
            Place::Table => super::super::infinite_cell(name, row, value),
            Place::Matrix(column) => ErrorKind::NonFinite {
                what: "X".into(),
                row,
                column: Some(column),
                value,
            }
            .into(),
        }
    }
}

/// The columns of a table.
pub(in crate::preprocessing) fn table_inputs(x: &Table) -> Vec<Input<'_, f64>> {
    x.iter().map(|(_, column)| Input::from(column)).collect()
}

/// The columns of a matrix.
pub(in crate::preprocessing) fn matrix_inputs<F: Float>(x: &ArrayRef2<F>) -> Vec<Input<'_, F>> {
    let columns = x.columns().into_iter().zip(0..);
    let number = |(c, j)| Input::Numbers(c, ColumnKind::Float, Place::Matrix(j));
    columns.map(number).collect()
}

impl<'a> From<&'a Column> for Input<'a, f64> {
    fn from(column: &'a Column) -> Self {
        match column {
            Column::Float(values) | Column::Integer(values) => Input::Numbers(
                ArrayView1::from(values.as_slice()),
                column.kind(),
                Place::Table,
            ),
            Column::Boolean(values) => Input::Booleans(values),
            Column::Categorical(values) => Input::Texts(values),
        }
    }
}

impl<F: Float> Input<'_, F> {
    pub(super) fn kind(&self) -> ColumnKind {
        match self {
            Input::Numbers(_, kind, _) => *kind,
            Input::Booleans(_) => ColumnKind::Boolean,
            Input::Texts(_) => ColumnKind::Categorical,
        }
    }

    pub(in crate::preprocessing) fn len(&self) -> usize {
        match self {
            Input::Numbers(values, ..) => values.len(),
            Input::Booleans(values) => values.len(),
            Input::Texts(values) => values.len(),
        }
    }

    pub(super) fn is_missing(&self, row: usize) -> bool {
        match self {
            Input::Numbers(values, ..) => values[row].is_nan(),
            Input::Booleans(values) => values[row].is_none(),
            Input::Texts(values) => values.codes()[row] == Categorical::MISSING,
        }
    }

    pub(super) fn all_missing(&self) -> bool {
        (0..self.len()).all(|row| self.is_missing(row))
    }

    /// No infinite number.
    pub(in crate::preprocessing) fn check_finite(&self, name: &str) -> Result<()> {
        if let Input::Numbers(values, _, place) = self
            && let Some(row) = values.iter().position(|v| v.is_infinite())
        {
            return Err(place.infinite(name, row, values[row].f64()));
        }
        Ok(())
    }

    /// The error for the first value that is no category of the column.
    pub(in crate::preprocessing) fn unknown(&self, column: &KnownColumn, row: usize) -> Error {
        let name = shorten(column.name());
        if self.is_missing(row) {
            return ErrorKind::MissingValue { column: name, row }.into();
        }
        if let Input::Numbers(values, _, place) = self
            && values[row].is_infinite()
        {
            return place.infinite(column.name(), row, values[row].f64());
        }
        let category = self.text(row);
        let mut seen = HashSet::from([category.clone()]);
        let mut others = Vec::new();
        if let Ok(lookup) = column.lookup(*self, |category| category.is_none()) {
            lookup.each(row + 1..self.len(), |i, unknown| {
                let row = row + 1 + i;
                if unknown && !self.is_missing(row) {
                    let text = self.text(row);
                    if seen.insert(text.clone()) {
                        others.push(text);
                    }
                }
            });
        }
        ErrorKind::UnknownCategory {
            column: name,
            row,
            category,
            others,
            known: column.texts(),
        }
        .into()
    }

    /// A value that is there, as text.
    fn text(&self, row: usize) -> String {
        match self {
            Input::Numbers(values, ..) => values[row].to_string(),
            Input::Booleans(values) => values[row].unwrap_or_default().to_string(),
            Input::Texts(values) => shorten(values.get(row).unwrap_or_default()),
        }
    }
}
