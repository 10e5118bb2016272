//! Tables put together: one under the other, or side by side.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::{Categorical, Column, ColumnKind, Table};
use crate::error::{Error, ErrorKind, Result, shorten};

impl Table {
    /// The rows of several tables, one table after the other.
    ///
    /// Columns are matched by name; the first table gives their order. They must be of one kind, with two exceptions that
    /// lose nothing: whole numbers among real numbers become real, and a column without any value takes the kind of the
    /// others. Categories are united. No tables give an empty one.
    ///
    /// ```
    /// use fitwell::table::{Column, Table};
    ///
    /// let january = Table::new([("city", Column::from(["Ulm"])), ("sold", Column::from([3]))])?;
    /// let february = Table::new([("sold", Column::from([5])), ("city", Column::from(["Bonn"]))])?;
    /// let both = Table::concat_rows([&january, &february])?;
    /// assert_eq!(both.column("city")?, &Column::from(["Ulm", "Bonn"]));
    /// assert_eq!(both.column("sold")?, &Column::from([3, 5]));
    ///
    /// let march = Table::new([("town", Column::from(["Ulm"])), ("sold", Column::from([3]))])?;
    /// assert_eq!(
    ///     Table::concat_rows([&january, &march]).unwrap_err().to_string(),
    ///     "table 1: its columns are not those of table 0; missing: city; unexpected: town"
    /// );
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `InvalidInput` when a table has other columns than the first, with their names; `WrongColumnKind` when columns are of
    /// another kind, with their names; both say in which table, counted from 0. `TooLarge` for more categories than a column can have.
    #[doc(alias = "concat")]
    #[doc(alias = "append")]
    #[doc(alias = "vstack")]
    pub fn concat_rows<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Result<Table> {
        let tables: Vec<&Table> = tables.into_iter().collect();
        let Some((first, others)) = tables.split_first() else {
            return Ok(Table::default());
        };
        if others.is_empty() {
            return Ok((*first).clone());
        }
        let mut columns: Vec<Vec<&Column>> = (0..first.n_columns())
            .map(|_| Vec::with_capacity(tables.len()))
            .collect();
        for (number, table) in tables.iter().enumerate() {
            // A map, so that very wide tables are matched in linear time.
            let known: HashMap<&str, &Column> = table.iter().collect();
            let found: Option<Vec<&Column>> = (first.iter())
                .map(|(name, _)| known.get(name).copied())
                .collect();
            match found {
                Some(found) if table.n_columns() == first.n_columns() => {
                    columns.iter_mut().zip(found).for_each(|(to, c)| to.push(c));
                }
                _ => return Err(other_columns(first, table, number)),
            }
        }
        let n_rows = tables
            .iter()
            .try_fold(0usize, |n, t| n.checked_add(t.n_rows()));
        let n_rows = n_rows.ok_or_else(|| Error::invalid_input("tables", "too many rows"))?;
        let kinds: Vec<_> = columns.iter().map(|parts| common_kind(parts)).collect();
        let mut differ = first.iter().zip(&kinds).filter_map(|((name, _), kind)| {
            let differ = kind.as_ref().err()?;
            Some((name, differ))
        });
        if let Some((name, differs)) = differ.next() {
            let others: Vec<String> = differ.map(|(name, _)| name.to_string()).collect();
            return Err(differs.error(name, &others));
        }
        let mut joined = Vec::with_capacity(columns.len());
        for (((name, _), parts), kind) in first.iter().zip(&columns).zip(kinds) {
            let kind = kind.ok().flatten();
            joined.push((Arc::from(name), Arc::new(stack(kind, parts)?)));
        }
        Ok(Table::from_shared(joined, n_rows))
    }

    /// The columns of several tables with equally many rows, side by side. Values are shared, not copied.
    ///
    /// ```
    /// use fitwell::table::Table;
    ///
    /// let (a, b) = (Table::new([("x", [1, 2])])?, Table::new([("y", [3, 4])])?);
    /// assert_eq!(Table::concat_columns([&a, &b])?.names(), ["x", "y"]);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `ShapeMismatch` when a table has another number of rows than the first; `InvalidInput` when a name repeats: rename
    /// one of the two first.
    #[doc(alias = "concat")]
    #[doc(alias = "hstack")]
    pub fn concat_columns<'a>(tables: impl IntoIterator<Item = &'a Table>) -> Result<Table> {
        let mut tables = tables.into_iter();
        let Some(first) = tables.next() else {
            return Ok(Table::default());
        };
        let mut columns: Vec<_> = (0..first.n_columns()).map(|i| first.shared(i)).collect();
        let mut names: HashMap<Arc<str>, usize> = columns
            .iter()
            .map(|(name, _)| (Arc::clone(name), 0))
            .collect();
        for (number, table) in tables.enumerate().map(|(i, t)| (i + 1, t)) {
            if table.n_rows() != first.n_rows() {
                let what = format!("number of rows of table {number}");
                return Err(Error::shape(what, first.n_rows(), table.n_rows()));
            }
            for index in 0..table.n_columns() {
                let (name, column) = table.shared(index);
                if let Some(before) = names.insert(Arc::clone(&name), number) {
                    let reason = format!(
                        "tables {before} and {number} both have a column `{}`; rename one",
                        shorten(&name)
                    );
                    return Err(Error::invalid_input("tables", reason));
                }
                columns.push((name, column));
            }
        }
        Ok(Table::from_shared(columns, first.n_rows()))
    }
}

fn other_columns(first: &Table, table: &Table, number: usize) -> Error {
    let (expected, got) = (first.names(), table.names());
    let only_in = |a: &[String], b: &[String]| {
        let b: BTreeSet<&String> = b.iter().collect();
        let only: Vec<String> = a.iter().filter(|name| !b.contains(name)).cloned().collect();
        crate::error::list(&only)
    };
    let reason = format!(
        "its columns are not those of table 0; missing: {}; unexpected: {}",
        only_in(&expected, &got),
        only_in(&got, &expected)
    );
    Error::invalid_input(format!("table {number}"), reason)
}

/// A column of another kind than those before it.
struct Differs {
    table: usize,
    expected: ColumnKind,
    got: ColumnKind,
}

impl Differs {
    /// The error for this column, with the names of the others that differ too.
    fn error(&self, name: &str, others: &[String]) -> Error {
        let also = match others {
            [] => String::new(),
            others => format!("; so it is with {}", crate::error::list(others)),
        };
        let expected = self.expected;
        Error::from(ErrorKind::WrongColumnKind {
            column: shorten(name),
            expected: format!("{expected}, as in the tables before; `cast` it first{also}"),
            got: self.got.to_string(),
        })
        .within(format!("table {}", self.table))
    }
}

/// The kind of the first column with a value; real numbers take whole ones in. That of the first column where there is no
/// value at all.
fn common_kind(parts: &[&Column]) -> std::result::Result<Option<ColumnKind>, Differs> {
    let mut kind: Option<ColumnKind> = None;
    for (table, part) in parts.iter().enumerate() {
        if part.n_missing() == part.len() {
            continue;
        }
        kind = match (kind, part.kind()) {
            (None, new) => Some(new),
            (Some(old), new) if old == new => kind,
            (Some(ColumnKind::Float), ColumnKind::Integer)
            | (Some(ColumnKind::Integer), ColumnKind::Float) => Some(ColumnKind::Float),
            (Some(expected), got) => {
                return Err(Differs {
                    table,
                    expected,
                    got,
                });
            }
        };
    }
    Ok(kind.or_else(|| parts.first().map(|c| c.kind())))
}

/// The values of columns one after the other.
fn stack(kind: Option<ColumnKind>, parts: &[&Column]) -> Result<Column> {
    let n: usize = parts.iter().map(|c| c.len()).sum();
    let missing = |to: &mut Vec<f64>, n: usize| to.resize(to.len() + n, f64::NAN);
    Ok(match kind {
        None | Some(ColumnKind::Float | ColumnKind::Integer) => {
            let mut values = Vec::with_capacity(n);
            for part in parts {
                match part {
                    Column::Float(v) | Column::Integer(v) => values.extend_from_slice(v),
                    other => missing(&mut values, other.len()),
                }
            }
            match kind {
                Some(ColumnKind::Integer) => Column::Integer(values),
                _ => Column::Float(values),
            }
        }
        Some(ColumnKind::Boolean) => {
            let mut values = Vec::with_capacity(n);
            for part in parts {
                match part {
                    Column::Boolean(v) => values.extend_from_slice(v),
                    other => values.resize(values.len() + other.len(), None),
                }
            }
            Column::Boolean(values)
        }
        Some(ColumnKind::Categorical) => Column::Categorical(unite(parts, n)?),
    })
}

/// Texts over the union of all lists; a column of another kind has missing values only.
fn unite(parts: &[&Column], n: usize) -> Result<Categorical> {
    let lists: Vec<&Categorical> = (parts.iter())
        .filter_map(|part| match part {
            Column::Categorical(values) => Some(values),
            _ => None,
        })
        .collect();
    let same = lists.windows(2).all(|pair| {
        Arc::ptr_eq(&pair[0].shared_categories(), &pair[1].shared_categories())
            || pair[0].categories() == pair[1].categories()
    });
    let union = match lists.first() {
        Some(first) if same => first.shared_categories(),
        _ => {
            let all: BTreeSet<&String> = lists.iter().flat_map(|c| c.categories()).collect();
            if all.len() >= Categorical::MISSING as usize {
                return Err(ErrorKind::TooLarge {
                    what: "categories of the tables together".into(),
                    size: all.len() as u64,
                    limit: u64::from(Categorical::MISSING) - 1,
                }
                .into());
            }
            Arc::new(all.into_iter().cloned().collect())
        }
    };
    let mut codes = Vec::with_capacity(n);
    for part in parts {
        match part {
            Column::Categorical(values) if same => codes.extend_from_slice(values.codes()),
            Column::Categorical(values) => {
                // Both lists are sorted: one walk finds each place.
                let mut at = 0;
                let to: Vec<u32> = (values.categories().iter())
                    .map(|text| {
                        while union.get(at).is_some_and(|u| u < text) {
                            at += 1;
                        }
                        at as u32
                    })
                    .collect();
                let code = |c: &u32| to.get(*c as usize).copied().unwrap_or(Categorical::MISSING);
                codes.extend(values.codes().iter().map(code));
            }
            other => codes.resize(codes.len() + other.len(), Categorical::MISSING),
        }
    }
    Ok(Categorical::from_trusted(codes, union))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_stacked_and_categories_are_united() {
        let a = Table::new([
            ("f", Column::from([0.5, f64::NAN])),
            ("i", Column::from([1, 2])),
            ("b", Column::from([Some(true), None])),
            ("c", Column::from([Some("m"), None])),
        ])
        .unwrap();
        let b = Table::new([
            ("c", Column::from([Some("z"), Some("a"), Some("m")])),
            ("b", Column::from([false, false, true])),
            ("i", Column::from([3, 4, 5])),
            ("f", Column::from([1.5, 2.5, 3.5])),
        ])
        .unwrap();
        let all = Table::concat_rows([&a, &b, &a]).unwrap();
        assert_eq!((all.n_rows(), all.names()), (7, a.names()));
        assert_eq!(all.kinds(), a.kinds());
        assert_eq!(all.slice(0..2).unwrap(), a);
        assert_eq!(all.slice(5..7).unwrap(), a);
        let Column::Categorical(c) = all.column("c").unwrap() else {
            unreachable!()
        };
        assert_eq!(c.categories(), ["a", "m", "z"]);
        assert!(c.iter().eq([
            Some("m"),
            None,
            Some("z"),
            Some("a"),
            Some("m"),
            Some("m"),
            None
        ]));
        assert_eq!(Table::concat_rows([&a]).unwrap(), a);
        assert_eq!(Table::concat_rows([]).unwrap(), Table::default());
    }

    #[test]
    fn kinds_that_lose_nothing_go_together() {
        let of = |c: Column| Table::new([("x", c)]).unwrap();
        let empty = of(Column::from([f64::NAN]));
        let join = |parts: &[&Table]| {
            Table::concat_rows(parts.iter().copied())
                .unwrap()
                .column("x")
                .unwrap()
                .clone()
        };
        assert_eq!(
            join(&[&of(Column::from([1])), &of(Column::from([0.5]))]),
            Column::from([1.0, 0.5])
        );
        assert_eq!(
            join(&[&empty, &of(Column::from(["a"])), &empty]),
            Column::from([None, Some("a"), None])
        );
        assert_eq!(
            join(&[&empty, &of(Column::from([true]))]),
            Column::from([None, Some(true)])
        );
        assert_eq!(
            join(&[&empty, &of(Column::from([7]))]),
            Column::from([None, Some(7)])
        );
        assert_eq!(join(&[&empty, &empty]), Column::from([f64::NAN, f64::NAN]));
        let refused =
            Table::concat_rows([&of(Column::from([1])), &empty, &of(Column::from(["a"]))]);
        assert_eq!(
            refused.unwrap_err().to_string(),
            "table 2: column `x` is categorical, expected integer, as in the tables before; `cast` it first"
        );
        let of =
            |a: Column, b: Column, c: Column| Table::new([("a", a), ("b", b), ("c", c)]).unwrap();
        let numbers = of([1].into(), [2.0].into(), [3].into());
        let others = of(["x"].into(), [4].into(), [true].into());
        assert_eq!(
            Table::concat_rows([&numbers, &others])
                .unwrap_err()
                .to_string(),
            "table 1: column `a` is categorical, expected integer, as in the tables before; `cast` it first; \
             so it is with c"
        );
    }

    #[test]
    fn tables_side_by_side() {
        let a = Table::new([("x", [1, 2])]).unwrap();
        let b = Table::new([("y", [3, 4]), ("z", [5, 6])]).unwrap();
        let both = Table::concat_columns([&a, &b]).unwrap();
        assert_eq!(both.names(), ["x", "y", "z"]);
        assert!(std::ptr::eq(
            both.column("y").unwrap(),
            b.column("y").unwrap()
        ));
        let twice = Table::concat_columns([&a, &b, &a]).unwrap_err().to_string();
        assert_eq!(
            twice,
            "tables: tables 0 and 2 both have a column `x`; rename one"
        );
        let short = Table::concat_columns([&a, &b.head(1)])
            .unwrap_err()
            .to_string();
        assert_eq!(short, "number of rows of table 1: expected 2, got 1");
        assert_eq!(Table::concat_columns([]).unwrap(), Table::default());
    }

    #[test]
    fn extra_missing_and_repeated_columns_are_listed() {
        let a = Table::new([("x", [1]), ("y", [2])]).unwrap();
        let fewer = a.select_columns(&"x".into()).unwrap();
        let message = |tables: [&Table; 2]| Table::concat_rows(tables).unwrap_err().to_string();
        assert!(message([&a, &fewer]).ends_with("missing: y; unexpected: none"));
        assert!(message([&fewer, &a]).ends_with("missing: none; unexpected: y"));
    }
}
