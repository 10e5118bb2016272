//! The table itself.

use std::collections::HashSet;
use std::sync::Arc;

use ndarray::parallel::prelude::*;

use super::{Column, ColumnKind, Columns};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::samples::{Samples, check_rows, fingerprint};

/// Cells from which rows are taken by all threads, a column each.
const MANY_CELLS: usize = 1 << 17;

/// Named columns of mixed kinds, all of one length.
///
/// Columns are shared, so selecting, dropping and cloning columns copies no values. Selecting rows does.
///
/// ```
/// use fitwell::table::{Column, Table};
///
/// let table = Table::new([("x", Column::from([1.0, 2.0]))])?.with_column("y", ["a", "b"])?;
/// assert_eq!(table.names(), ["x", "y"]);
/// let (features, target) = table.split_labels("y")?;
/// assert_eq!((features.n_columns(), target.to_texts()), (1, vec!["a".to_string(), "b".into()]));
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Table {
    names: Vec<Arc<str>>,
    columns: Vec<Arc<Column>>,
    n_rows: usize,
}

impl Table {
    /// A table of the given columns. None give a table without rows.
    ///
    /// # Errors
    /// `ShapeMismatch` when a column has another length than the first; `InvalidInput` when a name is empty or repeats, or
    /// an integer column holds what is no whole number.
    pub fn new<N: Into<String>, C: Into<Column>>(
        columns: impl IntoIterator<Item = (N, C)>,
    ) -> Result<Self> {
        let (names, columns): (Vec<String>, Vec<Arc<Column>>) = columns
            .into_iter()
            .map(|(name, column)| (name.into(), Arc::new(column.into())))
            .unzip();
        let n_rows = columns.first().map_or(0, |c| c.len());
        let mut seen = HashSet::with_capacity(names.len());
        let (mut again, mut twice) = (HashSet::new(), Vec::new());
        for (position, (name, column)) in names.iter().zip(&columns).enumerate() {
            if name.is_empty() {
                let reason = format!("column {position} has no name");
                return Err(Error::invalid_input("table", reason));
            }
            if !seen.insert(name.as_str()) && again.insert(name.as_str()) {
                twice.push(name.as_str());
            }
            check_column(name, column, n_rows)?;
        }
        if !twice.is_empty() {
            return Err(repeated(&twice));
        }
        drop((seen, again, twice));
        Ok(Table {
            names: names.into_iter().map(Arc::from).collect(),
            columns,
            n_rows,
        })
    }

    /// The same table with one more column at the end. The first column decides the number of rows.
    ///
    /// # Errors
    /// As [`Table::new`].
    pub fn with_column(
        mut self,
        name: impl Into<String>,
        column: impl Into<Column>,
    ) -> Result<Self> {
        let (name, column) = (name.into(), column.into());
        if name.is_empty() {
            let reason = format!("column {} has no name", self.n_columns());
            return Err(Error::invalid_input("table", reason));
        }
        if self.position(&name).is_some() {
            return Err(repeated(&[&name]));
        }
        if self.columns.is_empty() && self.n_rows == 0 {
            self.n_rows = column.len();
        }
        check_column(&name, &column, self.n_rows)?;
        self.names.push(name.into());
        self.columns.push(Arc::new(column));
        Ok(self)
    }

    /// The same table with a column given: in the place of the one of that name, or as the last.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let table = Table::new([("x", [1.0, 2.0])])?.assign("y", ["a", "b"])?.assign("x", [true, false])?;
    /// assert_eq!(table.names(), ["x", "y"]);
    /// assert_eq!(table.column("x")?, &Column::from([true, false]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Table::new`], except for a name that is there.
    pub fn assign(&self, name: impl Into<String>, column: impl Into<Column>) -> Result<Self> {
        let (name, column) = (name.into(), column.into());
        match self.position(&name) {
            Some(index) => {
                check_column(&name, &column, self.n_rows)?;
                Ok(self.clone().with_replaced(index, column))
            }
            None => self.clone().with_column(name, column),
        }
    }

    /// The same table with other names for some columns. Two columns may exchange their names.
    ///
    /// ```
    /// use fitwell::table::Table;
    ///
    /// let table = Table::new([("a", [1.0]), ("b", [2.0])])?.rename([("a", "b"), ("b", "c")])?;
    /// assert_eq!(table.names(), ["b", "c"]);
    /// assert_eq!(table.rename([("a", "x")]).unwrap_err().to_string(), "no column `a`; there are: b, c");
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are; `InvalidInput` when a column is renamed twice, or a new name is
    /// empty or that of another column.
    pub fn rename<A: AsRef<str>, B: Into<String>>(
        &self,
        names: impl IntoIterator<Item = (A, B)>,
    ) -> Result<Self> {
        let mut new: Vec<Option<String>> = vec![None; self.n_columns()];
        for (from, to) in names {
            let from = from.as_ref();
            let index = self.position(from).ok_or_else(|| self.unknown(from))?;
            if new[index].replace(to.into()).is_some() {
                let reason = format!("column `{}` is renamed twice", shorten(from));
                return Err(Error::invalid_input("table", reason));
            }
        }
        let mut new = new.into_iter();
        self.rename_with(|old| match new.next().flatten() {
            Some(new) => new,
            None => old.to_string(),
        })
    }

    /// The same table with each column named by a function of its name.
    ///
    /// ```
    /// use fitwell::table::Table;
    ///
    /// let table = Table::new([("Age", [1.0]), ("Fare ", [2.0])])?;
    /// assert_eq!(table.rename_with(|name| name.trim().to_lowercase())?.names(), ["age", "fare"]);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` when a new name is empty or two columns get the same.
    pub fn rename_with<N: Into<String>>(&self, mut name: impl FnMut(&str) -> N) -> Result<Self> {
        let names: Vec<String> = self.names.iter().map(|old| name(old).into()).collect();
        let mut seen = HashSet::with_capacity(names.len());
        for (position, name) in names.iter().enumerate() {
            if name.is_empty() {
                let reason = format!("column {position} would have no name");
                return Err(Error::invalid_input("table", reason));
            }
            if !seen.insert(name.as_str()) {
                let reason = format!("two columns would be named `{}`", shorten(name));
                return Err(Error::invalid_input("table", reason));
            }
        }
        Ok(Table {
            names: names.into_iter().map(Arc::from).collect(),
            columns: self.columns.clone(),
            n_rows: self.n_rows,
        })
    }

    /// Columns whose names and lengths the caller has checked.
    pub(crate) fn from_trusted(names: Vec<String>, columns: Vec<Column>, n_rows: usize) -> Self {
        debug_assert_eq!(names.len(), columns.len());
        debug_assert!(columns.iter().all(|c| c.len() == n_rows));
        Table {
            names: names.into_iter().map(Arc::from).collect(),
            columns: columns.into_iter().map(Arc::new).collect(),
            n_rows,
        }
    }

    /// Rows of a table without columns.
    pub(crate) fn keep_rows(&mut self, n_rows: usize) {
        debug_assert!(self.columns.iter().all(|c| c.len() == n_rows));
        self.n_rows = n_rows;
    }

    /// The number of rows.
    pub fn n_rows(&self) -> usize {
        self.n_rows
    }

    /// The number of columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The names of the columns, in order.
    pub fn names(&self) -> Vec<String> {
        self.names.iter().map(|name| name.to_string()).collect()
    }

    /// The kinds of the columns, in order.
    pub fn kinds(&self) -> Vec<ColumnKind> {
        self.columns.iter().map(|c| c.kind()).collect()
    }

    /// A column by name.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    pub fn column(&self, name: &str) -> Result<&Column> {
        let position = self.position(name).ok_or_else(|| self.unknown(name))?;
        Ok(&self.columns[position])
    }

    /// A column by position, counted from 0.
    pub fn column_at(&self, index: usize) -> Option<&Column> {
        self.columns.get(index).map(Arc::as_ref)
    }

    /// The name of a column by position, counted from 0.
    pub fn name_at(&self, index: usize) -> Option<&str> {
        self.names.get(index).map(Arc::as_ref)
    }

    /// The position of a column, counted from 0.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n.as_ref() == name)
    }

    /// The columns with their names, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> + '_ {
        let columns = self.columns.iter().map(Arc::as_ref);
        self.names.iter().map(Arc::as_ref).zip(columns)
    }

    /// The chosen columns, in the order chosen. Values are shared, not copied.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    pub fn select_columns(&self, columns: &Columns) -> Result<Table> {
        Ok(self.take_columns(&columns.resolve(self)?))
    }

    /// All but the chosen columns. Values are shared, not copied.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "drop")]
    pub fn drop_columns(&self, columns: &Columns) -> Result<Table> {
        let mut kept = vec![true; self.n_columns()];
        for index in columns.resolve(self)? {
            kept[index] = false;
        }
        let kept: Vec<usize> = (0..self.n_columns()).filter(|&i| kept[i]).collect();
        Ok(self.take_columns(&kept))
    }

    /// The rows at the given positions, in that order; a position may repeat. Categories are shared, not copied.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    pub fn select_rows(&self, rows: &[usize]) -> Result<Table> {
        check_rows(rows, self.n_rows)?;
        Ok(self.take_rows(rows))
    }

    /// The rows at positions that the caller has checked.
    pub(super) fn take_rows(&self, rows: &[usize]) -> Table {
        let take = |column: &Arc<Column>| Arc::new(column.take(rows));
        let columns = match rows.len().saturating_mul(self.n_columns()) {
            0..MANY_CELLS => self.columns.iter().map(take).collect(),
            _ => self.columns.par_iter().map(take).collect(),
        };
        Table {
            names: self.names.clone(),
            columns,
            n_rows: rows.len(),
        }
    }

    /// The first rows, at most `n`.
    #[must_use]
    pub fn head(&self, n: usize) -> Table {
        let rows: Vec<usize> = (0..n.min(self.n_rows)).collect();
        self.take_rows(&rows)
    }

    /// The columns at positions that the caller has checked.
    pub(crate) fn take_columns(&self, indices: &[usize]) -> Table {
        Table {
            names: indices
                .iter()
                .map(|&i| Arc::clone(&self.names[i]))
                .collect(),
            columns: indices
                .iter()
                .map(|&i| Arc::clone(&self.columns[i]))
                .collect(),
            n_rows: self.n_rows,
        }
    }

    /// The same table with another column, as long as the others, at a position that the caller has checked.
    pub(crate) fn with_replaced(mut self, index: usize, column: Column) -> Self {
        debug_assert_eq!(column.len(), self.n_rows);
        self.columns[index] = Arc::new(column);
        self
    }

    /// A column with its name, both shared, at a position that the caller has checked.
    pub(crate) fn shared(&self, index: usize) -> (Arc<str>, Arc<Column>) {
        (
            Arc::clone(&self.names[index]),
            Arc::clone(&self.columns[index]),
        )
    }

    /// A table of columns whose names and lengths the caller has checked.
    pub(crate) fn from_shared(columns: Vec<(Arc<str>, Arc<Column>)>, n_rows: usize) -> Self {
        debug_assert!(columns.iter().all(|(_, column)| column.len() == n_rows));
        let (names, columns) = columns.into_iter().unzip();
        Table {
            names,
            columns,
            n_rows,
        }
    }

    /// The error for a name that is not there.
    pub(crate) fn unknown(&self, name: &str) -> Error {
        ErrorKind::UnknownColumn {
            name: shorten(name),
            known: self.names(),
        }
        .into()
    }
}

/// The error for names that more than one column has.
fn repeated(names: &[&str]) -> Error {
    const SHOWN: usize = 20;
    let mut list: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", shorten(name)))
        .collect();
    if names.len() > SHOWN {
        list.push(format!("... ({} names in all)", names.len()));
    }
    let reason = match list.as_slice() {
        [name] => format!("more than one column is named {name}"),
        _ => format!("several columns have the same name: {}", list.join(", ")),
    };
    Error::invalid_input("table", reason)
}

fn check_column(name: &str, column: &Column, n_rows: usize) -> Result<()> {
    if column.len() != n_rows {
        let what = format!("number of rows of column `{}`", shorten(name));
        return Err(Error::shape(what, n_rows, column.len()));
    }
    column.check(&shorten(name))
}

/// Equal names in equal order, and columns that say the same row by row; missing equals missing.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.n_rows == other.n_rows
            && self.names == other.names
            && self
                .columns
                .iter()
                .zip(&other.columns)
                .all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

impl Samples for Table {
    type Owned = Table;

    fn n_samples(&self) -> usize {
        self.n_rows
    }

    fn n_features(&self) -> usize {
        self.n_columns()
    }

    fn feature_names(&self) -> Option<Vec<String>> {
        Some(self.names())
    }

    fn select(&self, rows: &[usize]) -> Result<Table> {
        self.select_rows(rows)
    }

    fn fingerprint(&self) -> u64 {
        let bytes = |text: &str| fingerprint(text.bytes().map(u64::from));
        let column = |(name, column): (&str, &Column)| {
            let values = match column {
                Column::Float(v) | Column::Integer(v) => fingerprint(v.iter().map(|v| v.to_bits())),
                Column::Boolean(v) => fingerprint(v.iter().map(|v| v.map_or(2, u64::from))),
                Column::Categorical(v) => fingerprint(v.iter().map(|v| v.map_or(0, bytes))),
            };
            [bytes(name), values]
        };
        fingerprint(self.iter().flat_map(column))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        Table::new([
            ("a", Column::from([1.0, f64::NAN, 3.0])),
            ("b", Column::from([1, 2, 3])),
            ("c", Column::from([Some("x"), None, Some("y")])),
        ])
        .unwrap()
    }

    #[test]
    fn every_repeated_name_is_listed() {
        let named = |names: &[&str]| {
            let columns = names.iter().map(|&name| (name, Column::from([1])));
            Table::new(columns).unwrap_err().to_string()
        };
        assert_eq!(
            named(&["a", "b", "a", "a"]),
            "table: more than one column is named `a`"
        );
        assert_eq!(
            named(&["b", "a", "b", "c", "a", "b"]),
            "table: several columns have the same name: `b`, `a`"
        );
    }

    #[test]
    fn columns_by_name_and_position() {
        let t = table();
        assert_eq!(t.names(), ["a", "b", "c"]);
        assert_eq!(t.column("b").unwrap(), &Column::from([1, 2, 3]));
        assert_eq!(t.column_at(3), None);
        assert_eq!(t.position("c"), Some(2));
        assert!(matches!(
            t.column("z").unwrap_err().kind(),
            ErrorKind::UnknownColumn { name, known } if name == "z" && known.len() == 3
        ));
    }

    #[test]
    fn rows_keep_order_and_repetition() {
        let t = table().select_rows(&[2, 2, 1]).unwrap();
        assert_eq!(t.column("b").unwrap(), &Column::from([3, 3, 2]));
        assert_eq!(
            t.column("c").unwrap(),
            &Column::from([Some("y"), Some("y"), None])
        );
        assert!(table().select_rows(&[3]).is_err());
        assert_eq!(table().head(2), table().select_rows(&[0, 1]).unwrap());
        assert_eq!(table().head(9), table());
    }

    #[test]
    fn columns_are_shared_not_copied() {
        let t = table();
        let s = t.select_columns(&Columns::from(["c", "a"])).unwrap();
        assert_eq!(s.names(), ["c", "a"]);
        assert!(std::ptr::eq(t.column("a").unwrap(), s.column("a").unwrap()));
        let d = t.drop_columns(&Columns::from(["b"])).unwrap();
        assert_eq!(d.names(), ["a", "c"]);
        assert!(t.drop_columns(&Columns::from(["z"])).is_err());
        let none = t.select_columns(&Columns::indices([])).unwrap();
        assert_eq!((none.n_rows(), none.n_columns()), (3, 0));
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let column = || Column::from([1.0]);
        assert!(Table::new([("a", column()), ("a", column())]).is_err());
        assert!(Table::new([("", column())]).is_err());
        assert!(Table::new([("a", column()), ("b", Column::from([1.0, 2.0]))]).is_err());
        assert!(Table::new([("a", Column::Integer(vec![0.5]))]).is_err());
        assert!(table().with_column("a", [0.0; 3]).is_err());
        assert!(table().with_column("d", [0.0; 2]).is_err());
        assert!(table().with_column("", [0.0; 3]).is_err());
        assert_eq!(Table::new::<String, Column>([]).unwrap(), Table::default());
    }

    #[test]
    fn missing_equals_missing() {
        assert_eq!(table(), table());
        assert_ne!(table(), table().head(2));
    }

    #[test]
    fn a_table_is_samples() {
        let t = table();
        assert_eq!((t.n_samples(), t.n_features()), (3, 3));
        assert_eq!(t.feature_names().unwrap(), ["a", "b", "c"]);
        assert_eq!(Samples::select(&t, &[1]).unwrap().n_rows(), 1);
    }
}
