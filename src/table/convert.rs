//! From tables to matrices and targets, and back.

use ndarray::{Array1, Array2, ArrayRef2};

use super::{Column, Columns, Table};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::labels::{Class, Labels};

impl Table {
    /// A table of real columns from a matrix, one name for each column.
    ///
    /// ```
    /// use fitwell::table::Table;
    /// use ndarray::array;
    ///
    /// let table = Table::from_matrix(["a", "b"], &array![[1.0, 2.0], [3.0, 4.0]])?;
    /// assert_eq!(table.to_matrix()?, array![[1.0, 2.0], [3.0, 4.0]]);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `ShapeMismatch` when there is not one name for each column; `InvalidInput` when a name is empty or repeats.
    pub fn from_matrix<F: Float, N: Into<String>>(
        names: impl IntoIterator<Item = N>,
        x: &ArrayRef2<F>,
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.len() != x.ncols() {
            return Err(Error::shape("number of names", x.ncols(), names.len()));
        }
        let columns = x
            .columns()
            .into_iter()
            .map(|c| Column::Float(c.iter().map(|v| v.f64()).collect()));
        let mut table = Table::new(names.into_iter().zip(columns))?;
        table.keep_rows(x.nrows());
        Ok(table)
    }

    /// The numbers as a matrix, (n_rows, n_columns): booleans as 0 and 1, missing values as NaN.
    ///
    /// # Errors
    /// `WrongColumnKind` when a column is categorical: select the others first, or encode it.
    pub fn to_matrix(&self) -> Result<Array2<f64>> {
        let columns = (0..self.n_columns()).collect::<Vec<_>>();
        self.matrix_of(&columns)
    }

    /// As [`to_matrix`](Self::to_matrix) for the columns at positions that the caller has checked.
    pub(crate) fn matrix_of(&self, columns: &[usize]) -> Result<Array2<f64>> {
        let columns: Vec<(&str, &Column)> = columns
            .iter()
            .filter_map(|&i| Some((self.name_at(i)?, self.column_at(i)?)))
            .collect();
        if let Some((name, column)) = columns
            .iter()
            .find(|(_, c)| matches!(c, Column::Categorical(_)))
        {
            return Err(wrong_kind(name, column, "float, integer or boolean"));
        }
        let (n_rows, n_columns) = (self.n_rows(), columns.len());
        let mut values = vec![0.0; n_rows * n_columns];
        // A block of rows at a time, so that the rows being filled stay in cache while the columns pass over them.
        const BLOCK: usize = 256;
        if n_columns > 0 {
            for (block, rows) in values.chunks_mut(BLOCK * n_columns).enumerate() {
                let first = block * BLOCK;
                let last = first + rows.len() / n_columns;
                for (j, (_, column)) in columns.iter().enumerate() {
                    let cells = rows[j..].iter_mut().step_by(n_columns);
                    match column {
                        Column::Float(v) | Column::Integer(v) => {
                            cells.zip(&v[first..last]).for_each(|(to, v)| *to = *v);
                        }
                        Column::Boolean(v) => {
                            cells.zip(&v[first..last]).for_each(|(to, v)| {
                                *to = v.map_or(f64::NAN, |v| f64::from(u8::from(v)));
                            });
                        }
                        Column::Categorical(_) => {}
                    }
                }
            }
        }
        Array2::from_shape_vec((n_rows, n_columns), values)
            .map_err(|e| Error::invalid_input("table", e.to_string()))
    }

    /// The other columns, and one column as class labels.
    ///
    /// Integers, booleans and texts are classes; the classes are those that occur.
    ///
    /// # Errors
    /// `UnknownColumn`; `MissingValue`; `WrongColumnKind` for a column of real numbers, which is no classification.
    pub fn split_labels(&self, name: &str) -> Result<(Table, Labels)> {
        let column = self.column(name)?;
        self.check_present(name, column)?;
        let labels = match column {
            Column::Integer(values) => values.iter().map(|&v| Class::Int(v as i64)).collect(),
            Column::Boolean(values) => values
                .iter()
                .map(|v| Class::Bool(v.unwrap_or_default()))
                .collect(),
            Column::Categorical(values) => {
                let values = values.observed();
                let classes = values.categories().iter().map(Class::from);
                Labels::from_codes(values.codes().to_vec(), classes.collect::<Vec<_>>())?
            }
            Column::Float(_) => {
                return Err(wrong_kind(name, column, "integer, boolean or categorical"));
            }
        };
        Ok((self.drop_columns(&Columns::from(name))?, labels))
    }

    /// The other columns, and one column as a real target.
    ///
    /// # Errors
    /// `UnknownColumn`; `MissingValue`; `WrongColumnKind` for a boolean or categorical column.
    pub fn split_real(&self, name: &str) -> Result<(Table, Array1<f64>)> {
        let column = self.column(name)?;
        let (Column::Float(values) | Column::Integer(values)) = column else {
            return Err(wrong_kind(name, column, "float or integer"));
        };
        self.check_present(name, column)?;
        let target = Array1::from(values.clone());
        Ok((self.drop_columns(&Columns::from(name))?, target))
    }

    fn check_present(&self, name: &str, column: &Column) -> Result<()> {
        match (0..column.len()).find(|&row| column.is_missing(row)) {
            Some(row) => Err(ErrorKind::MissingValue {
                column: shorten(name),
                row,
            }
            .into()),
            None => Ok(()),
        }
    }
}

/// The error for a column of another kind than needed.
pub(super) fn wrong_kind(name: &str, column: &Column, expected: &str) -> Error {
    ErrorKind::WrongColumnKind {
        column: shorten(name),
        expected: expected.into(),
        got: column.kind().to_string(),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn numbers_and_booleans_become_a_matrix() {
        let t = Table::new([
            ("a", Column::from([0.5, f64::NAN])),
            ("b", Column::from([Some(true), None])),
            ("c", Column::from([3, 4])),
        ])
        .unwrap();
        let x = t.to_matrix().unwrap();
        assert_eq!(x.row(0), array![0.5, 1.0, 3.0]);
        assert!(x[[1, 0]].is_nan() && x[[1, 1]].is_nan() && x[[1, 2]] == 4.0);
        let texts = t.with_column("d", ["x", "y"]).unwrap();
        assert_eq!(
            texts.to_matrix().unwrap_err().to_string(),
            "column `d` is categorical, expected float, integer or boolean"
        );
    }

    #[test]
    fn a_long_table_and_its_matrix_agree() {
        let x = Array2::from_shape_fn((1000, 3), |(i, j)| (i * 3 + j) as f64);
        let t = Table::from_matrix(["a", "b", "c"], &x).unwrap();
        assert_eq!(t.to_matrix().unwrap(), x);
        let f = x.mapv(|v| v as f32);
        assert_eq!(Table::from_matrix(["a", "b", "c"], &f).unwrap(), t);
    }

    #[test]
    fn rows_survive_a_selection_of_no_columns() {
        let t = Table::from_matrix(["a"], &array![[1.0], [2.0]]).unwrap();
        let none = t.select_columns(&Columns::indices([])).unwrap();
        assert_eq!(none.to_matrix().unwrap().dim(), (2, 0));
        let x = Array2::<f64>::zeros((4, 0));
        let empty = Table::from_matrix(Vec::<String>::new(), &x).unwrap();
        assert_eq!(empty.to_matrix().unwrap().dim(), (4, 0));
        assert!(Table::from_matrix(["a"], &x).is_err());
    }

    #[test]
    fn targets_of_every_kind() {
        let t = Table::new([
            ("x", Column::from([0.5, 1.5, 2.5])),
            ("i", Column::from([2, -1, 2])),
            ("b", Column::from([true, false, true])),
            ("s", Column::from(["u", "v", "u"])),
        ])
        .unwrap();
        let (rest, y) = t.split_labels("i").unwrap();
        assert_eq!(rest.names(), ["x", "b", "s"]);
        assert_eq!(y, Labels::from([2, -1, 2]));
        assert_eq!(
            t.split_labels("b").unwrap().1,
            Labels::from([true, false, true])
        );
        assert_eq!(
            t.split_labels("s").unwrap().1,
            Labels::from(["u", "v", "u"])
        );
        assert_eq!(t.split_real("x").unwrap().1, array![0.5, 1.5, 2.5]);
        assert_eq!(t.split_real("i").unwrap().1, array![2.0, -1.0, 2.0]);
        let one = t.select_rows(&[1]).unwrap().split_labels("s").unwrap().1;
        assert_eq!(one.classes(), [Class::from("v")]);
        assert!(t.split_labels("x").is_err());
        assert!(t.split_real("s").is_err() && t.split_real("b").is_err());
        assert!(t.split_real("z").is_err() && t.split_labels("z").is_err());
    }

    #[test]
    fn a_target_with_a_missing_value_is_refused() {
        let t = Table::new([
            ("x", Column::from([Some(0.5), None])),
            ("s", Column::from([None, Some("v")])),
        ])
        .unwrap();
        assert_eq!(
            t.split_real("x").unwrap_err().to_string(),
            "column `x`, row 1: the value is missing"
        );
        assert!(matches!(
            t.split_labels("s").unwrap_err().kind(),
            ErrorKind::MissingValue { row: 0, .. }
        ));
    }
}
