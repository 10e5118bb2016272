//! Which columns of a table are meant.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::{ColumnKind, Table};
use crate::error::{Error, ErrorKind, Result};

/// A choice of columns: by name, by position, by kind, by pattern, or all.
///
/// Names and positions are taken in the order given; kinds and patterns in the order of the table.
///
/// ```
/// use fitwell::table::{Column, Columns, Table};
///
/// let table = Table::new([
///     ("t_min", Column::from([1.5])),
///     ("t_max", Column::from([3.0])),
///     ("city", Column::from(["Ulm"])),
/// ])?;
/// assert_eq!(Columns::from(["city", "t_min"]).resolve(&table)?, [2, 0]);
/// assert_eq!(Columns::numeric().resolve(&table)?, [0, 1]);
/// assert_eq!(Columns::pattern("t_*").resolve(&table)?, [0, 1]);
/// let misspelt = Columns::names(["town"]).resolve(&table).unwrap_err();
/// assert_eq!(misspelt.to_string(), "no column `town`; there are: t_min, t_max, city");
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// The columns of these names, in this order. Each must exist.
    Names(Vec<String>),
    /// The columns at these positions, counted from 0, in this order. Each must exist.
    Indices(Vec<usize>),
    /// Every column of one of these kinds; there may be none.
    Kinds(Vec<ColumnKind>),
    /// Every column whose whole name matches: `*` stands for any text, `?` for any one character. At least one must match.
    Pattern(String),
    /// Every column.
    #[default]
    All,
}

impl Columns {
    /// By name.
    pub fn names<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Columns::Names(names.into_iter().map(Into::into).collect())
    }

    /// By position, counted from 0.
    pub fn indices(indices: impl IntoIterator<Item = usize>) -> Self {
        Columns::Indices(indices.into_iter().collect())
    }

    /// By kind.
    pub fn kinds(kinds: impl IntoIterator<Item = ColumnKind>) -> Self {
        Columns::Kinds(kinds.into_iter().collect())
    }

    /// By a pattern over the whole name: `*` stands for any text, `?` for any one character.
    pub fn pattern(pattern: impl Into<String>) -> Self {
        Columns::Pattern(pattern.into())
    }

    /// Real and whole numbers.
    pub fn numeric() -> Self {
        Columns::kinds([ColumnKind::Float, ColumnKind::Integer])
    }

    /// Texts and booleans: what a one-hot encoder takes.
    pub fn categorical() -> Self {
        Columns::kinds([ColumnKind::Categorical, ColumnKind::Boolean])
    }

    /// The positions of these columns in a table, each once.
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are; `InvalidInput` when a position is out of range, a column is named
    /// twice, or no name matches a pattern.
    pub fn resolve(&self, table: &Table) -> Result<Vec<usize>> {
        let n = table.n_columns();
        let found: Vec<usize> = match self {
            Columns::Names(names) => {
                // A map pays only when many names are looked up.
                let known: HashMap<&str, usize> = if names.len() > 8 {
                    table.iter().map(|(name, _)| name).zip(0..).collect()
                } else {
                    HashMap::new()
                };
                let position = |name: &str| match known.is_empty() {
                    true => table.position(name),
                    false => known.get(name).copied(),
                };
                names
                    .iter()
                    .map(|name| position(name).ok_or_else(|| table.unknown(name)))
                    .collect::<Result<_>>()?
            }
            Columns::Indices(indices) => {
                if let Some(index) = indices.iter().find(|&&i| i >= n) {
                    let reason = format!("column {index} of {n} columns");
                    return Err(Error::invalid_input("selection", reason));
                }
                indices.clone()
            }
            Columns::Kinds(kinds) => table
                .iter()
                .zip(0..)
                .filter(|((_, column), _)| kinds.contains(&column.kind()))
                .map(|(_, index)| index)
                .collect(),
            Columns::Pattern(pattern) => {
                let found: Vec<usize> = table
                    .iter()
                    .zip(0..)
                    .filter(|((name, _), _)| matches(pattern, name))
                    .map(|(_, index)| index)
                    .collect();
                if found.is_empty() {
                    return Err(ErrorKind::UnknownColumn {
                        name: pattern.clone(),
                        known: table.names(),
                    }
                    .into());
                }
                found
            }
            Columns::All => (0..n).collect(),
        };
        let mut seen = vec![false; n];
        for &index in &found {
            if std::mem::replace(&mut seen[index], true) {
                let name = table.name_at(index).unwrap_or_default();
                let reason = format!("column `{}` twice", crate::error::shorten(name));
                return Err(Error::invalid_input("selection", reason));
            }
        }
        Ok(found)
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for Columns {
    fn from(names: [T; N]) -> Self {
        Columns::names(names)
    }
}

impl<T: Into<String>> From<Vec<T>> for Columns {
    fn from(names: Vec<T>) -> Self {
        Columns::names(names)
    }
}

/// One column, by name.
impl From<&str> for Columns {
    fn from(name: &str) -> Self {
        Columns::names([name])
    }
}

/// Every column of a kind.
impl From<ColumnKind> for Columns {
    fn from(kind: ColumnKind) -> Self {
        Columns::kinds([kind])
    }
}

/// Glob matching with one point to return to: after a mismatch the last `*` takes one more character. O(pattern x name).
fn matches(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        if p < pattern.len() && pattern[p] == '*' {
            retry = Some((p + 1, n));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == '?' || pattern[p] == name[n]) {
            p += 1;
            n += 1;
        } else if let Some((after_star, taken)) = retry {
            retry = Some((after_star, taken + 1));
            p = after_star;
            n = taken + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&c| c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn table() -> Table {
        Table::new([
            ("a", Column::from([1.0])),
            ("b1", Column::from([1])),
            ("b2", Column::from([true])),
            ("c", Column::from(["x"])),
        ])
        .unwrap()
    }

    #[test]
    fn globs() {
        for (pattern, name, expected) in [
            ("", "", true),
            ("", "a", false),
            ("*", "", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("?", "é", true),
            ("?", "", false),
            ("*a*b*", "xxaxxbxx", true),
            ("a?c*", "abc", true),
            ("[a]", "[a]", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern:?} on {name:?}");
        }
    }

    #[test]
    fn every_way_to_choose() {
        let t = table();
        let resolved = |c: Columns| c.resolve(&t).unwrap();
        assert_eq!(resolved(Columns::from(["c", "a"])), [3, 0]);
        assert_eq!(resolved(Columns::indices([2, 1])), [2, 1]);
        assert_eq!(resolved(Columns::numeric()), [0, 1]);
        assert_eq!(resolved(Columns::categorical()), [2, 3]);
        assert_eq!(resolved(Columns::pattern("b?")), [1, 2]);
        assert_eq!(resolved(Columns::All), [0, 1, 2, 3]);
        assert_eq!(resolved(Columns::names(Vec::<String>::new())), [0usize; 0]);
        let numbers = t.select_columns(&Columns::numeric()).unwrap();
        let none = Columns::from(ColumnKind::Categorical).resolve(&numbers);
        assert_eq!(none.unwrap(), [0usize; 0]);
        let wide = Table::new((0..20).map(|i| (format!("n{i}"), [0.5]))).unwrap();
        let backwards = Columns::names((0..20).rev().map(|i| format!("n{i}")));
        let expected: Vec<usize> = (0..20).rev().collect();
        assert_eq!(backwards.resolve(&wide).unwrap(), expected);
    }

    #[test]
    fn what_is_not_there_or_there_twice_is_refused() {
        let t = table();
        for bad in [
            Columns::from(["d"]),
            Columns::from(["a", "a"]),
            Columns::indices([4]),
            Columns::indices([0, 0]),
            Columns::pattern("z*"),
            Columns::names((0..20).map(|i| format!("n{i}"))),
        ] {
            assert!(bad.resolve(&t).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_choice_is_a_hyper_parameter() {
        for columns in [
            Columns::from(["a"]),
            Columns::indices([1]),
            Columns::numeric(),
            Columns::pattern("x*"),
            Columns::All,
        ] {
            let json = serde_json::to_string(&columns).unwrap();
            assert_eq!(serde_json::from_str::<Columns>(&json).unwrap(), columns);
        }
        assert_eq!(
            serde_json::to_string(&Columns::numeric()).unwrap(),
            r#"{"kinds":["float","integer"]}"#
        );
    }
}
