//! Columns and masks computed row by row from typed values.

use super::convert::wrong_kind;
use super::{Cell, Column, ColumnKind, ColumnValue, Columns, Table};
use crate::error::{Error, ErrorKind, Result, shorten};

/// One value as a closure of [`Table::derive`] or [`Table::filter`] takes it.
///
/// | type | columns | a missing value |
/// |---|---|---|
/// | `f64` | float, integer, boolean (0 and 1) | NaN |
/// | `Option<f64>` | float, integer, boolean | `None` |
/// | `i64`, `Option<i64>` | integer | an error before the first row; `None` |
/// | `bool`, `Option<bool>` | boolean | an error; `None` |
/// | `&str`, `Option<&str>` | categorical | an error; `None` |
/// | [`Cell`] | all | [`Cell::Missing`] |
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of a row",
    label = "expected f64, i64, bool, &str, an `Option` of one, or `Cell`",
    note = "write the type of the closure's argument: `|v: f64| ...`, `|(a, b): (f64, &str)| ...`"
)]
pub trait CellValue<'a>: Sized {
    /// Whether a column holds such values.
    ///
    /// # Errors
    /// `WrongColumnKind`; `MissingValue` where the type has no place for one.
    fn check(name: &str, column: &Column) -> Result<()>;

    /// The value of a row that is there, of a column that was checked.
    fn read(column: &'a Column, row: usize) -> Self;
}

fn expect_kind(name: &str, column: &Column, kinds: &[ColumnKind]) -> Result<()> {
    if kinds.contains(&column.kind()) {
        return Ok(());
    }
    let expected: Vec<String> = kinds.iter().map(ColumnKind::to_string).collect();
    Err(wrong_kind(name, column, &expected.join(" or ")))
}

fn none_missing(name: &str, column: &Column) -> Result<()> {
    match column.first_missing() {
        Some(row) => Err(ErrorKind::MissingValue {
            column: shorten(name),
            row,
        }
        .into()),
        None => Ok(()),
    }
}

const NUMBERS: [ColumnKind; 3] = [ColumnKind::Float, ColumnKind::Integer, ColumnKind::Boolean];

impl CellValue<'_> for f64 {
    fn check(name: &str, column: &Column) -> Result<()> {
        expect_kind(name, column, &NUMBERS)
    }
    #[inline]
    fn read(column: &Column, row: usize) -> Self {
        column.number(row).unwrap_or(f64::NAN)
    }
}

impl CellValue<'_> for Option<f64> {
    fn check(name: &str, column: &Column) -> Result<()> {
        expect_kind(name, column, &NUMBERS)
    }
    #[inline]
    fn read(column: &Column, row: usize) -> Self {
        column.number(row).filter(|v| !v.is_nan())
    }
}

impl CellValue<'_> for Option<i64> {
    fn check(name: &str, column: &Column) -> Result<()> {
        expect_kind(name, column, &[ColumnKind::Integer])
    }
    #[inline]
    fn read(column: &Column, row: usize) -> Self {
        // An integer column holds whole numbers up to 2^53.
        Option::<f64>::read(column, row).map(|v| v as i64)
    }
}

impl CellValue<'_> for Option<bool> {
    fn check(name: &str, column: &Column) -> Result<()> {
        expect_kind(name, column, &[ColumnKind::Boolean])
    }
    #[inline]
    fn read(column: &Column, row: usize) -> Self {
        match column {
            Column::Boolean(values) => values.get(row).copied().flatten(),
            _ => None,
        }
    }
}

impl<'a> CellValue<'a> for Option<&'a str> {
    fn check(name: &str, column: &Column) -> Result<()> {
        expect_kind(name, column, &[ColumnKind::Categorical])
    }
    #[inline]
    fn read(column: &'a Column, row: usize) -> Self {
        match column {
            Column::Categorical(values) => values.get(row),
            _ => None,
        }
    }
}

macro_rules! present {
    ($($t:ty),+) => {$(
        impl<'a> CellValue<'a> for $t {
            fn check(name: &str, column: &Column) -> Result<()> {
                <Option<$t> as CellValue<'a>>::check(name, column)?;
                none_missing(name, column)
            }
            #[inline]
            fn read(column: &'a Column, row: usize) -> Self {
                <Option<$t> as CellValue<'a>>::read(column, row).unwrap_or_default()
            }
        }
    )+};
}
present!(i64, bool, &'a str);

impl CellValue<'_> for Cell {
    fn check(_: &str, _: &Column) -> Result<()> {
        Ok(())
    }
    fn read(column: &Column, row: usize) -> Self {
        column.cell(row).unwrap_or(Cell::Missing)
    }
}

/// The values of a row as a closure takes them, for the names of one column, a tuple or an array of names, or a choice of
/// [`Columns`]: one [`CellValue`], a tuple or an array of them, a `Vec`.
#[diagnostic::on_unimplemented(
    message = "a row of `{Names}` cannot be read as `{Self}`",
    label = "expected one value for each column",
    note = "a name goes with one value, `(\"a\", \"b\")` with a pair, `[\"a\", \"b\"]` with an array, `&Columns` with a `Vec`"
)]
pub trait RowValue<'a, Names>: Sized {
    /// The columns, found and checked.
    type Found;

    /// Finds and checks the columns.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are; those of [`CellValue::check`].
    fn find(table: &'a Table, names: Names) -> Result<Self::Found>;

    /// The values of a row that is there.
    fn at(found: &Self::Found, row: usize) -> Self;
}

fn find<'a, A: CellValue<'a>>(table: &'a Table, name: &str) -> Result<&'a Column> {
    let column = table.column(name)?;
    A::check(name, column)?;
    Ok(column)
}

impl<'a, 'n, A: CellValue<'a>> RowValue<'a, &'n str> for A {
    type Found = &'a Column;

    fn find(table: &'a Table, name: &'n str) -> Result<Self::Found> {
        find::<A>(table, name)
    }
    #[inline]
    fn at(found: &Self::Found, row: usize) -> Self {
        A::read(found, row)
    }
}

macro_rules! tuples {
    ($($n:literal: $($t:ident $i:tt $name:ty),+;)+) => {$(
        impl<'a, 'n, $($t: CellValue<'a>),+> RowValue<'a, ($($name),+)> for ($($t),+) {
            type Found = [&'a Column; $n];

            fn find(table: &'a Table, names: ($($name),+)) -> Result<Self::Found> {
                Ok([$(find::<$t>(table, names.$i)?),+])
            }
            #[inline]
            fn at(found: &Self::Found, row: usize) -> Self {
                ($($t::read(found[$i], row)),+)
            }
        }
    )+};
}
tuples! {
    2: A 0 &'n str, B 1 &'n str;
    3: A 0 &'n str, B 1 &'n str, C 2 &'n str;
    4: A 0 &'n str, B 1 &'n str, C 2 &'n str, D 3 &'n str;
    5: A 0 &'n str, B 1 &'n str, C 2 &'n str, D 3 &'n str, E 4 &'n str;
    6: A 0 &'n str, B 1 &'n str, C 2 &'n str, D 3 &'n str, E 4 &'n str, F 5 &'n str;
}

impl<'a, 'n, A: CellValue<'a>, const N: usize> RowValue<'a, [&'n str; N]> for [A; N] {
    type Found = [&'a Column; N];

    fn find(table: &'a Table, names: [&'n str; N]) -> Result<Self::Found> {
        let mut found = Vec::with_capacity(N);
        for name in names {
            found.push(find::<A>(table, name)?);
        }
        found
            .try_into()
            .map_err(|_| Error::invalid_input("selection", "not one column for each name"))
    }
    #[inline]
    fn at(found: &Self::Found, row: usize) -> Self {
        found.map(|column| A::read(column, row))
    }
}

impl<'a, 'c, A: CellValue<'a>> RowValue<'a, &'c Columns> for Vec<A> {
    type Found = Vec<&'a Column>;

    fn find(table: &'a Table, columns: &'c Columns) -> Result<Self::Found> {
        let mut found = Vec::new();
        for index in columns.resolve(table)? {
            if let (Some(name), Some(column)) = (table.name_at(index), table.column_at(index)) {
                A::check(name, column)?;
                found.push(column);
            }
        }
        Ok(found)
    }
    fn at(found: &Self::Found, row: usize) -> Self {
        found.iter().map(|column| A::read(column, row)).collect()
    }
}

impl Table {
    /// The same table with a column computed row by row from others.
    ///
    /// `from` is the name of a column, a tuple of up to six names, an array of names, or `&`[`Columns`]; the closure takes
    /// one value, a tuple, an array or a `Vec` of them. The type of its argument has to be written: it says what the
    /// columns must hold and what a missing value is, see [`CellValue`]. It returns what columns are made of: a number, a
    /// boolean, a text, or an `Option` of one. A column of that name is replaced where it stands, otherwise the new
    /// column is the last.
    ///
    /// ```
    /// use fitwell::table::{Column, Columns, Table};
    ///
    /// let people = Table::new([
    ///     ("name", Column::from([Some("Ada Lovelace"), None])),
    ///     ("siblings", Column::from([0, 2])),
    ///     ("parents", Column::from([Some(1), None])),
    /// ])?;
    /// let people = people
    ///     .derive("family", ("siblings", "parents"), |(s, p): (f64, f64)| s + p + 1.0)?
    ///     .derive("first", "name", |name: Option<&str>| name.and_then(|n| n.split(' ').next().map(String::from)))?
    ///     .derive("alone", "family", |f: Option<f64>| f.map(|f| f == 1.0))?
    ///     .derive("most", &Columns::from(["siblings", "parents"]), |v: Vec<f64>| v.into_iter().fold(f64::NAN, f64::max))?;
    /// assert_eq!(people.column("family")?, &Column::from([2.0, f64::NAN]));
    /// assert_eq!(people.column("first")?, &Column::from([Some("Ada"), None]));
    /// assert_eq!(people.column("alone")?, &Column::from([Some(false), None]));
    /// assert_eq!(people.column("most")?, &Column::from([1.0, 2.0]));
    ///
    /// let refused = people.derive("x", "parents", |p: i64| p + 1).unwrap_err();
    /// assert_eq!(refused.to_string(), "column `parents`, row 1: the value is missing");
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are; `WrongColumnKind`; `MissingValue` where the argument's type has
    /// no place for one; `InvalidInput` when the name is empty.
    #[doc(alias = "assign")]
    #[doc(alias = "apply")]
    pub fn derive<'a, N, A: RowValue<'a, N>, T: ColumnValue>(
        &'a self,
        name: impl Into<String>,
        from: N,
        mut f: impl FnMut(A) -> T,
    ) -> Result<Table> {
        let found = A::find(self, from)?;
        let values = (0..self.n_rows()).map(|row| f(A::at(&found, row)));
        let column = T::column(values.collect());
        self.assign(name, column)
    }

    /// For each row whether a predicate holds: a mask for [`filter_mask`](Self::filter_mask), to be combined with others.
    /// `columns` and the closure's argument are as for [`derive`](Self::derive).
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    pub fn mask<'a, N, A: RowValue<'a, N>>(
        &'a self,
        columns: N,
        mut predicate: impl FnMut(A) -> bool,
    ) -> Result<Vec<bool>> {
        let found = A::find(self, columns)?;
        Ok((0..self.n_rows())
            .map(|row| predicate(A::at(&found, row)))
            .collect())
    }

    /// The rows for which a predicate holds. `columns` and the closure's argument are as for [`derive`](Self::derive).
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([
    ///     ("age", Column::from([31.0, f64::NAN, 64.0])),
    ///     ("sex", Column::from(["f", "f", "m"])),
    /// ])?;
    /// let women = table.filter(("age", "sex"), |(age, sex): (f64, &str)| age > 30.0 && sex == "f")?;
    /// assert_eq!(women.column("age")?, &Column::from([31.0]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`derive`](Self::derive).
    #[doc(alias = "query")]
    pub fn filter<'a, N, A: RowValue<'a, N>>(
        &'a self,
        columns: N,
        predicate: impl FnMut(A) -> bool,
    ) -> Result<Table> {
        self.filter_mask(&self.mask(columns, predicate)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new([
            ("a", Column::from([1.0, f64::NAN, -3.0])),
            ("b", Column::from([1, 2, 3])),
            ("c", Column::from([Some("x"), None, Some("y")])),
            ("d", Column::from([Some(true), None, Some(false)])),
        ])
        .unwrap()
    }

    #[test]
    fn every_type_reads_its_kinds() {
        let t = table();
        let of = |t: Table| t.column("new").unwrap().clone();
        let float = of(t.derive("new", "d", |v: f64| v + 1.0).unwrap());
        assert_eq!(float, Column::from([2.0, f64::NAN, 1.0]));
        let some = of(t.derive("new", "a", |v: Option<f64>| v.is_some()).unwrap());
        assert_eq!(some, Column::from([true, false, true]));
        assert_eq!(
            of(t.derive("new", "b", |v: i64| v * 2).unwrap()),
            Column::from([2, 4, 6])
        );
        let upper = |v: Option<&str>| v.map(str::to_uppercase);
        assert_eq!(
            of(t.derive("new", "c", upper).unwrap()),
            Column::from([Some("X"), None, Some("Y")])
        );
        // Texts may be passed on without a copy of each.
        assert_eq!(
            of(t.derive("new", "c", |v: Option<&str>| v).unwrap()),
            *t.column("c").unwrap()
        );
        let cells = of(t
            .derive("new", ("a", "c"), |(a, c): (Cell, Cell)| format!("{a}{c}"))
            .unwrap());
        assert_eq!(cells, Column::from(["1x", "nannan", "-3y"]));
        let sum = of(t
            .derive("new", ["a", "b", "d"], |v: [f64; 3]| v.iter().sum::<f64>())
            .unwrap());
        assert_eq!(sum, Column::from([3.0, f64::NAN, 0.0]));
        let widths = of(t
            .derive("new", &Columns::All, |v: Vec<Cell>| v.len())
            .unwrap());
        assert_eq!(widths, Column::from([4, 4, 4]));
    }

    #[test]
    fn an_existing_column_is_replaced_where_it_stands() {
        let t = table().derive("b", "b", |v: i64| v as f64 / 2.0).unwrap();
        assert_eq!(t.names(), ["a", "b", "c", "d"]);
        assert_eq!(t.column("b").unwrap(), &Column::from([0.5, 1.0, 1.5]));
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        let t = table();
        let kind = t.derive("x", "c", |v: f64| v).unwrap_err().to_string();
        assert_eq!(
            kind,
            "column `c` is categorical, expected float or integer or boolean"
        );
        let name = t.derive("x", ("a", "z"), |(a, _): (f64, f64)| a);
        assert_eq!(
            name.unwrap_err().to_string(),
            "no column `z`; there are: a, b, c, d"
        );
        let missing = t.filter("d", |d: bool| d).unwrap_err().to_string();
        assert_eq!(missing, "column `d`, row 1: the value is missing");
        assert!(t.derive("x", "a", |v: i64| v).is_err());
        assert!(t.derive("", "a", |v: f64| v).is_err());
        assert!(t.mask("c", |c: &str| c == "x").is_err());
    }

    #[test]
    fn rows_are_filtered() {
        let t = table();
        let kept = t
            .filter(("b", "c"), |(b, c): (i64, Option<&str>)| {
                b > 1 && c.is_some()
            })
            .unwrap();
        assert_eq!(kept, t.select_rows(&[2]).unwrap());
        let none = t.filter("a", |a: f64| a > 1e9).unwrap();
        assert_eq!((none.n_rows(), none.n_columns()), (0, 4));
        assert_eq!(none.derive("e", "b", |b: i64| b).unwrap().n_rows(), 0);
    }
}
