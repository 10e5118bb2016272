//! Which columns of a table are meant.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::ops::{Range, RangeFrom, RangeInclusive, RangeTo};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::{Column, ColumnKind, Table};
use crate::error::{Error, ErrorKind, Result};

/// A choice of columns: by name, by position, by kind, by pattern, by a condition, or all.
///
/// Names and positions are taken in the order given; everything else in the order of the table.
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
/// assert_eq!(Columns::indices([-1, 0]).resolve(&table)?, [2, 0]);
/// assert_eq!(Columns::from(-2..).resolve(&table)?, [1, 2]);
/// assert_eq!(Columns::from("t_min"..="t_max").resolve(&table)?, [0, 1]);
/// assert_eq!(Columns::when(|name, column| name.len() == 4 && column.n_missing() == 0).resolve(&table)?, [2]);
/// let misspelt = Columns::names(["town"]).resolve(&table).unwrap_err();
/// assert_eq!(misspelt.to_string(), "no column `town`; there are: t_min, t_max, city");
/// # Ok::<(), fitwell::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// The columns of these names, in this order. Each must exist.
    Names(Vec<String>),
    /// The columns at these positions, counted from 0, or from the end if negative (-1 is the last), in this order. Each must
    /// exist.
    Indices(Vec<isize>),
    /// Every column of one of these kinds; there may be none.
    Kinds(Vec<ColumnKind>),
    /// Every column whose whole name matches: `*` stands for any text, `?` for any one character. At least one must match.
    Pattern(String),
    /// Every column.
    #[default]
    All,
    /// The columns from one position to before another, as Python slices lists: negative positions count from the end, ends
    /// beyond the table are cut, and there may be none.
    Slice {
        /// The first; the beginning if there is none.
        start: Option<isize>,
        /// The one after the last; the end if there is none.
        stop: Option<isize>,
    },
    /// The columns from one name to another, both included. Both must exist; there may be none.
    Between(String, String),
    /// A column for each `true`; as many as there are columns.
    Mask(Vec<bool>),
    /// Every column that meets a condition; there may be none.
    When(Predicate),
}

/// A condition on a column's name and values; see [`Columns::when`].
///
/// It is code, so it equals its clones alone, and what holds it cannot be written to a file: choose by name, kind or pattern
/// where the recipe itself is saved. What a recipe learned holds the positions that were found, and is saved as ever.
#[derive(Clone)]
pub struct Predicate(Arc<Condition>);

type Condition = dyn Fn(&str, &Column) -> bool + Send + Sync;

impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Predicate(..)")
    }
}

impl PartialEq for Predicate {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Predicate {}

const NOT_WRITTEN: &str =
    "a condition on columns is code and cannot be written; choose columns by name, kind or pattern";

impl Serialize for Predicate {
    fn serialize<S: Serializer>(&self, _: S) -> std::result::Result<S::Ok, S::Error> {
        Err(ser::Error::custom(NOT_WRITTEN))
    }
}

impl<'de> Deserialize<'de> for Predicate {
    fn deserialize<D: Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        Err(de::Error::custom(NOT_WRITTEN))
    }
}

/// A name as a printed tree holds it: in quotes, escaped as in JSON, where it could be taken for something else.
pub(crate) fn legible(name: &str) -> Cow<'_, str> {
    let odd = ["\"", "[", "]", ", ", ": ", " every ", " all columns"];
    let plain = !name.is_empty()
        && name.trim() == name
        && !name.ends_with([':', ','])
        && !name.contains(char::is_control)
        && !odd.iter().any(|odd| name.contains(odd));
    match plain {
        true => Cow::Borrowed(name),
        false => Cow::Owned(serde_json::Value::from(name).to_string()),
    }
}

/// As people say it: `[age, fare]`, `every float or integer column`, `columns "t_*"`.
impl fmt::Display for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 12;
        let list = |f: &mut fmt::Formatter<'_>, shown: Vec<String>, n: usize| {
            let more = match n > SHOWN {
                true => format!(", ... ({n} in all)"),
                false => String::new(),
            };
            write!(f, "[{}{more}]", shown.join(", "))
        };
        let end = |end: &Option<isize>| end.map_or(String::new(), |end| end.to_string());
        match self {
            Columns::Names(names) => {
                let shown = names.iter().take(SHOWN).map(|n| legible(n).into_owned());
                list(f, shown.collect(), names.len())
            }
            Columns::Indices(indices) => {
                let shown = indices.iter().take(SHOWN).map(isize::to_string);
                list(f, shown.collect(), indices.len())
            }
            Columns::Kinds(kinds) => {
                let kinds: Vec<String> = kinds.iter().map(ColumnKind::to_string).collect();
                write!(f, "every {} column", kinds.join(" or "))
            }
            Columns::Pattern(pattern) => write!(f, "columns {pattern:?}"),
            Columns::All => f.write_str("all columns"),
            Columns::Slice { start, stop } => write!(f, "[{}:{}]", end(start), end(stop)),
            Columns::Between(first, last) => {
                write!(f, "[{} to {}]", legible(first), legible(last))
            }
            Columns::Mask(mask) => {
                let n = mask.iter().filter(|&&yes| yes).count();
                write!(f, "{n} of {} columns", mask.len())
            }
            Columns::When(_) => f.write_str("every column that meets a condition"),
        }
    }
}

impl Columns {
    /// By name.
    pub fn names<T: Into<String>>(names: impl IntoIterator<Item = T>) -> Self {
        Columns::Names(names.into_iter().map(Into::into).collect())
    }

    /// By position, counted from 0, or from the end if negative: -1 is the last.
    pub fn indices(indices: impl IntoIterator<Item = isize>) -> Self {
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

    /// A column for each `true`; as many as there are columns.
    pub fn mask(mask: impl IntoIterator<Item = bool>) -> Self {
        Columns::Mask(mask.into_iter().collect())
    }

    /// By a condition on the name and the values seen at fit, as a closure; see [`Predicate`].
    pub fn when(condition: impl Fn(&str, &Column) -> bool + Send + Sync + 'static) -> Self {
        Columns::When(Predicate(Arc::new(condition)))
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
            Columns::Indices(_) | Columns::Slice { .. } | Columns::Mask(_) | Columns::All => {
                self.positions(n)?
            }
            Columns::Between(first, last) => {
                let position = |name: &str| table.position(name).ok_or_else(|| table.unknown(name));
                (position(first)?..=position(last)?).collect()
            }
            Columns::When(condition) => table
                .iter()
                .zip(0..)
                .filter(|((name, column), _)| condition.0(name, column))
                .map(|(_, index)| index)
                .collect(),
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
        };
        once(&found, n, |index| {
            let name = table.name_at(index).unwrap_or_default();
            format!("column `{}` twice", crate::error::shorten(name))
        })?;
        Ok(found)
    }

    /// The positions of these columns in a matrix of `n_columns`, each once. Its columns have no names, and all hold real
    /// numbers.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range, a column is chosen twice, or the choice is by name, by pattern or by a
    /// condition.
    pub fn resolve_matrix(&self, n_columns: usize) -> Result<Vec<usize>> {
        let found = match self {
            Columns::Kinds(kinds) => match kinds.contains(&ColumnKind::Float) {
                true => (0..n_columns).collect(),
                false => Vec::new(),
            },
            _ => self.positions(n_columns)?,
        };
        once(&found, n_columns, |index| format!("column {index} twice"))?;
        Ok(found)
    }

    /// The positions among `n` columns, of a choice by position.
    fn positions(&self, n: usize) -> Result<Vec<usize>> {
        let from_end = |index: isize| match index {
            0.. => index.unsigned_abs(),
            _ => n.wrapping_sub(index.unsigned_abs()),
        };
        match self {
            Columns::All => Ok((0..n).collect()),
            Columns::Indices(indices) => indices
                .iter()
                .map(|&index| match from_end(index) {
                    position if position < n => Ok(position),
                    _ => {
                        let reason = format!("column {index} of {n} columns");
                        Err(Error::invalid_input("selection", reason))
                    }
                })
                .collect(),
            Columns::Slice { start, stop } => {
                let end = |end: Option<isize>, default: usize| match end {
                    None => default,
                    Some(end @ 0..) => end.unsigned_abs().min(n),
                    Some(end) => n.saturating_sub(end.unsigned_abs()),
                };
                Ok((end(*start, 0)..end(*stop, n)).collect())
            }
            Columns::Mask(mask) => {
                if mask.len() != n {
                    return Err(Error::shape("length of the mask of columns", n, mask.len()));
                }
                Ok((0..n).filter(|&i| mask[i]).collect())
            }
            _ => Err(Error::invalid_input(
                "selection",
                format!("{self}: the columns of a matrix have no names; choose by position"),
            )),
        }
    }
}

/// No position twice.
fn once(found: &[usize], n: usize, twice: impl Fn(usize) -> String) -> Result<()> {
    let mut seen = vec![false; n];
    match found
        .iter()
        .find(|&&i| std::mem::replace(&mut seen[i], true))
    {
        Some(&index) => Err(Error::invalid_input("selection", twice(index))),
        None => Ok(()),
    }
}

/// From one position to before another; negative ones count from the end.
impl From<Range<isize>> for Columns {
    fn from(range: Range<isize>) -> Self {
        let (start, stop) = (Some(range.start), Some(range.end));
        Columns::Slice { start, stop }
    }
}

/// From a position on; a negative one counts from the end.
impl From<RangeFrom<isize>> for Columns {
    fn from(range: RangeFrom<isize>) -> Self {
        let (start, stop) = (Some(range.start), None);
        Columns::Slice { start, stop }
    }
}

/// Those before a position; a negative one counts from the end.
impl From<RangeTo<isize>> for Columns {
    fn from(range: RangeTo<isize>) -> Self {
        let (start, stop) = (None, Some(range.end));
        Columns::Slice { start, stop }
    }
}

/// From one name to another, both included.
impl From<RangeInclusive<&str>> for Columns {
    fn from(range: RangeInclusive<&str>) -> Self {
        Columns::Between((*range.start()).into(), (*range.end()).into())
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
        assert_eq!(resolved(Columns::indices([-1, 0, -3])), [3, 0, 1]);
        assert_eq!(resolved((1..3).into()), [1, 2]);
        assert_eq!(resolved((-3..-1).into()), [1, 2]);
        assert_eq!(resolved((-99..99).into()), [0, 1, 2, 3]);
        let (start, stop) = (Some(3), Some(-2));
        assert_eq!(resolved(Columns::Slice { start, stop }), [0usize; 0]);
        assert_eq!(resolved((2..).into()), [2, 3]);
        assert_eq!(resolved((..-1).into()), [0, 1, 2]);
        assert_eq!(resolved(("b1"..="c").into()), [1, 2, 3]);
        assert_eq!(resolved(("c"..="a").into()), [0usize; 0]);
        assert_eq!(resolved(Columns::mask([true, false, false, true])), [0, 3]);
        let short = Columns::when(|name, column| name.len() == 1 && column.len() == 1);
        assert_eq!(resolved(short), [0, 3]);
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
            Columns::indices([-5]),
            Columns::indices([isize::MIN]),
            Columns::indices([0, -4]),
            Columns::mask([true]),
            Columns::from("a"..="z"),
            Columns::pattern("z*"),
            Columns::names((0..20).map(|i| format!("n{i}"))),
        ] {
            assert!(bad.resolve(&t).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn columns_of_a_matrix_have_no_names() {
        for (columns, expected) in [
            (Columns::indices([-1, 0]), vec![2, 0]),
            (Columns::from(1..), vec![1, 2]),
            (Columns::mask([false, true, false]), vec![1]),
            (Columns::All, vec![0, 1, 2]),
            (Columns::numeric(), vec![0, 1, 2]),
            (Columns::categorical(), vec![]),
        ] {
            assert_eq!(columns.resolve_matrix(3).unwrap(), expected, "{columns}");
        }
        for bad in [
            Columns::from("a"),
            Columns::pattern("*"),
            Columns::from("a"..="b"),
            Columns::when(|_, _| true),
            Columns::indices([3]),
            Columns::indices([0, -3]),
        ] {
            assert!(bad.resolve_matrix(3).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_condition_is_not_written() {
        let condition = Columns::when(|_, _| true);
        assert_eq!(condition, condition.clone());
        assert_ne!(condition, Columns::when(|_, _| true));
        assert!(serde_json::to_string(&condition).is_err());
    }

    #[test]
    fn the_choice_is_a_hyper_parameter() {
        for columns in [
            Columns::from(["a"]),
            Columns::indices([1, -1]),
            Columns::numeric(),
            Columns::pattern("x*"),
            Columns::All,
            Columns::from(-3..),
            Columns::from("a"..="b"),
            Columns::mask([true]),
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
