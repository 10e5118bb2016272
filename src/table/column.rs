//! One column: its kind, its values, which of them are missing.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, ArrayBase, Data, Ix1};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::labels::{Class, Labels};
use crate::parallel;

/// 2^53: up to this magnitude every whole number is one `f64`, so that an integer column loses no digit.
pub const LARGEST_INTEGER: f64 = 9_007_199_254_740_992.0;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColumnKind {
    /// Real numbers.
    Float,
    /// Whole numbers of magnitude up to 2^53.
    Integer,
    /// True or false.
    Boolean,
    /// Texts out of a list.
    Categorical,
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            ColumnKind::Float => "float",
            ColumnKind::Integer => "integer",
            ColumnKind::Boolean => "boolean",
            ColumnKind::Categorical => "categorical",
        })
    }
}

/// A column of values of one kind.
///
/// Two columns are equal when they are of one kind and say the same row by row; missing equals missing.
///
/// It is made from vectors, arrays and slices of numbers, booleans and texts, or of `Option`s of them where some are
/// missing. Integers beyond 2^53 cannot all be told apart as `f64`: a column with one of them becomes categorical.
///
/// ```
/// use fitwell::table::{Column, ColumnKind};
///
/// assert_eq!(Column::from(vec![1.5, 2.0]).kind(), ColumnKind::Float);
/// assert_eq!(Column::from([1, 2]).kind(), ColumnKind::Integer);
/// assert_eq!(Column::from([i64::MAX, 1]).kind(), ColumnKind::Categorical);
/// let answers = Column::from([Some("yes"), None]);
/// assert_eq!((answers.kind(), answers.n_missing()), (ColumnKind::Categorical, 1));
/// ```
#[derive(Clone, Debug)]
pub enum Column {
    /// Real numbers; NaN is missing.
    Float(Vec<f64>),
    /// Whole numbers of magnitude up to 2^53; NaN is missing. [`Table`](super::Table) checks them.
    Integer(Vec<f64>),
    /// True, false, or `None` for missing.
    Boolean(Vec<Option<bool>>),
    /// Texts out of a list.
    Categorical(Categorical),
}

impl Column {
    /// What the column holds.
    pub fn kind(&self) -> ColumnKind {
        match self {
            Column::Float(_) => ColumnKind::Float,
            Column::Integer(_) => ColumnKind::Integer,
            Column::Boolean(_) => ColumnKind::Boolean,
            Column::Categorical(_) => ColumnKind::Categorical,
        }
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Column::Float(values) | Column::Integer(values) => values.len(),
            Column::Boolean(values) => values.len(),
            Column::Categorical(values) => values.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the value of a row is missing; `false` beyond the last row.
    pub fn is_missing(&self, row: usize) -> bool {
        match self {
            Column::Float(values) | Column::Integer(values) => {
                values.get(row).is_some_and(|v| v.is_nan())
            }
            Column::Boolean(values) => values.get(row).is_some_and(Option::is_none),
            Column::Categorical(values) => values
                .codes
                .get(row)
                .is_some_and(|&c| c == Categorical::MISSING),
        }
    }

    /// The number of missing values.
    pub fn n_missing(&self) -> usize {
        match self {
            Column::Float(values) | Column::Integer(values) => {
                values.iter().filter(|v| v.is_nan()).count()
            }
            Column::Boolean(values) => values.iter().filter(|v| v.is_none()).count(),
            Column::Categorical(values) => values
                .codes
                .iter()
                .filter(|&&c| c == Categorical::MISSING)
                .count(),
        }
    }

    /// The value of a row as text, `None` where it is missing or there is no such row.
    ///
    /// Numbers are written with the fewest digits that read back as the same number.
    pub fn text(&self, row: usize) -> Option<String> {
        match self {
            Column::Float(values) | Column::Integer(values) => values
                .get(row)
                .filter(|v| !v.is_nan())
                .map(|v| format!("{v}")),
            Column::Boolean(values) => values.get(row).copied().flatten().map(|v| v.to_string()),
            Column::Categorical(values) => values.get(row).map(str::to_string),
        }
    }

    /// The value of a row as a number, a boolean as 0 or 1, NaN where it is missing; `None` for texts and beyond the last row.
    pub fn number(&self, row: usize) -> Option<f64> {
        match self {
            Column::Float(values) | Column::Integer(values) => values.get(row).copied(),
            Column::Boolean(values) => values
                .get(row)
                .map(|v| v.map_or(f64::NAN, |v| f64::from(u8::from(v)))),
            Column::Categorical(_) => None,
        }
    }

    /// The rows at positions that the caller has checked.
    pub(crate) fn take(&self, rows: &[usize]) -> Column {
        match self {
            Column::Float(values) => Column::Float(rows.iter().map(|&i| values[i]).collect()),
            Column::Integer(values) => Column::Integer(rows.iter().map(|&i| values[i]).collect()),
            Column::Boolean(values) => Column::Boolean(rows.iter().map(|&i| values[i]).collect()),
            Column::Categorical(values) => Column::Categorical(Categorical {
                codes: rows.iter().map(|&i| values.codes[i]).collect(),
                categories: Arc::clone(&values.categories),
            }),
        }
    }

    /// A whole-number column holds only whole numbers.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if let Column::Integer(values) = self
            && let Some(row) = values
                .iter()
                .position(|v| !(v.is_nan() || v.abs() <= LARGEST_INTEGER && v.fract() == 0.0))
        {
            let reason = format!(
                "row {row} is {}, an integer column holds whole numbers of magnitude up to 2^53",
                values[row]
            );
            return Err(Error::invalid_input(format!("column `{name}`"), reason));
        }
        Ok(())
    }
}

impl PartialEq for Column {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Column::Float(a), Column::Float(b)) | (Column::Integer(a), Column::Integer(b)) => {
                a.len() == b.len()
                    && a.iter()
                        .zip(b)
                        .all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            }
            (Column::Boolean(a), Column::Boolean(b)) => a == b,
            (Column::Categorical(a), Column::Categorical(b)) => a == b,
            _ => false,
        }
    }
}

/// Texts out of a sorted list: for each row the position of its text, or [`MISSING`](Self::MISSING).
///
/// Selecting rows keeps the whole list; [`observed`](Self::observed) drops what no row uses. Two are equal when they say
/// the same row by row, whatever else their lists hold.
///
/// ```
/// use fitwell::table::Categorical;
///
/// let city = Categorical::from_texts([Some("Ulm"), Some("Bonn"), None]);
/// assert_eq!(city.categories(), ["Bonn", "Ulm"]);
/// assert_eq!(city.codes(), [1, 0, Categorical::MISSING]);
/// assert_eq!(city.get(0), Some("Ulm"));
/// ```
#[derive(Clone)]
pub struct Categorical {
    codes: Vec<u32>,
    categories: Arc<Vec<String>>,
}

impl Categorical {
    /// The code of a missing value.
    pub const MISSING: u32 = u32::MAX;

    /// A column from codes into a list of texts, which must be sorted and without repetition.
    ///
    /// # Errors
    /// `InvalidInput` when the texts are not sorted or repeat, or a code is neither a position in the list nor
    /// [`MISSING`](Self::MISSING).
    pub fn new(codes: Vec<u32>, categories: impl Into<Arc<Vec<String>>>) -> Result<Self> {
        let categories = categories.into();
        if let Some(pair) = categories.windows(2).find(|pair| pair[0] >= pair[1]) {
            let reason = format!("{:?} and {:?} are not sorted or repeat", pair[0], pair[1]);
            return Err(Error::invalid_input("categories", reason));
        }
        if let Some(row) = codes
            .iter()
            .position(|&c| c != Self::MISSING && c as usize >= categories.len())
        {
            let reason = format!(
                "row {row} has code {}, there are {} categories",
                codes[row],
                categories.len()
            );
            return Err(Error::invalid_input("categorical column", reason));
        }
        Ok(Categorical { codes, categories })
    }

    /// Codes that the caller has checked against a list from another column.
    pub(crate) fn from_trusted(codes: Vec<u32>, categories: Arc<Vec<String>>) -> Self {
        debug_assert!(
            codes
                .iter()
                .all(|&c| c == Self::MISSING || (c as usize) < categories.len())
        );
        Categorical { codes, categories }
    }

    /// A column from texts row by row, `None` for missing; the list is what occurs, sorted.
    pub fn from_texts<T: AsRef<str>>(texts: impl IntoIterator<Item = Option<T>>) -> Self {
        let mut first_seen: HashMap<Box<str>, u32> = HashMap::new();
        let codes = texts
            .into_iter()
            .map(|text| {
                let Some(text) = text else {
                    return Self::MISSING;
                };
                let next = first_seen.len() as u32;
                match first_seen.get(text.as_ref()) {
                    Some(&code) => code,
                    None => *first_seen.entry(text.as_ref().into()).or_insert(next),
                }
            })
            .collect();
        let mut categories = vec![String::new(); first_seen.len()];
        for (text, code) in first_seen {
            categories[code as usize] = text.into();
        }
        Self::sorted(codes, categories)
    }

    /// As [`from_texts`](Self::from_texts) for rows that are in memory, by all threads.
    pub(crate) fn from_rows<T: Sync>(
        rows: &[T],
        text: impl Fn(&T) -> Option<&str> + Sync + Send,
    ) -> Self {
        /// Rows whose texts are first told apart by themselves.
        const TOGETHER: usize = 1 << 15;
        let parts = parallel::map_chunks(rows.len(), TOGETHER, |range| {
            let mut first_seen: HashMap<&str, u32> = HashMap::new();
            let mut texts = Vec::new();
            let code = |row| {
                let Some(text) = text(row) else {
                    return Self::MISSING;
                };
                *first_seen.entry(text).or_insert_with(|| {
                    texts.push(text);
                    texts.len() as u32 - 1
                })
            };
            let codes: Vec<u32> = rows[range].iter().map(code).collect();
            (codes, texts)
        });
        let mut first_seen: HashMap<&str, u32> = HashMap::new();
        let mut categories = Vec::new();
        let mut codes = Vec::with_capacity(rows.len());
        for (of_part, texts) in &parts {
            let mut to = Vec::with_capacity(texts.len());
            for &text in texts {
                to.push(*first_seen.entry(text).or_insert_with(|| {
                    categories.push(text.to_string());
                    categories.len() as u32 - 1
                }));
            }
            // The code of a missing value is beyond the end.
            let whole = |code: &u32| to.get(*code as usize).copied();
            codes.extend(of_part.iter().map(|c| whole(c).unwrap_or(Self::MISSING)));
        }
        Self::sorted(codes, categories)
    }

    /// Codes into a list without repetition, in any order; the list gets sorted and the codes follow.
    pub(crate) fn sorted(mut codes: Vec<u32>, categories: Vec<String>) -> Self {
        let mut sorted: Vec<(String, u32)> = categories.into_iter().zip(0..).collect();
        sorted.sort_unstable();
        let mut rank = vec![0; sorted.len()];
        for (new, &(_, old)) in sorted.iter().enumerate() {
            rank[old as usize] = new as u32;
        }
        for code in codes.iter_mut().filter(|c| **c != Self::MISSING) {
            *code = rank[*code as usize];
        }
        let categories = Arc::new(sorted.into_iter().map(|(text, _)| text).collect());
        Categorical { codes, categories }
    }

    /// For each row, the position of its text in [`categories`](Self::categories), or [`MISSING`](Self::MISSING).
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The texts, sorted.
    pub fn categories(&self) -> &[String] {
        &self.categories
    }

    /// The same list, shared.
    pub fn shared_categories(&self) -> Arc<Vec<String>> {
        Arc::clone(&self.categories)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The text of a row, `None` where it is missing or there is no such row.
    pub fn get(&self, row: usize) -> Option<&str> {
        // The missing code is beyond the end of every list.
        let code = *self.codes.get(row)?;
        self.categories.get(code as usize).map(String::as_str)
    }

    /// The texts row by row, `None` where missing.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<&str>> + '_ {
        self.codes
            .iter()
            .map(|&c| self.categories.get(c as usize).map(String::as_str))
    }

    /// The same column over only the texts that occur.
    #[must_use]
    pub fn observed(&self) -> Self {
        let mut seen = vec![false; self.categories.len()];
        for &code in self.codes.iter().filter(|c| **c != Self::MISSING) {
            seen[code as usize] = true;
        }
        if seen.iter().all(|&s| s) {
            return self.clone();
        }
        let mut to = vec![0; seen.len()];
        let mut categories = Vec::new();
        for (code, text) in self.categories.iter().enumerate().filter(|(c, _)| seen[*c]) {
            to[code] = categories.len() as u32;
            categories.push(text.clone());
        }
        let codes = self.codes.iter().map(|&c| match c {
            Self::MISSING => c,
            _ => to[c as usize],
        });
        Categorical {
            codes: codes.collect(),
            categories: Arc::new(categories),
        }
    }
}

impl PartialEq for Categorical {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.categories, &other.categories) || self.categories == other.categories {
            return self.codes == other.codes;
        }
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Categorical {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Categorical")
            .field("categories", &self.categories)
            .field("codes", &self.codes)
            .finish()
    }
}

impl From<Categorical> for Column {
    fn from(values: Categorical) -> Self {
        Column::Categorical(values)
    }
}

/// What a column can be made from: numbers, booleans, texts, and `Option`s of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a value of a column",
    label = "expected a number, a boolean, a text, or an `Option` of one"
)]
pub trait ColumnValue: Clone {
    /// The column of these values.
    fn column(values: Vec<Self>) -> Column;
}

macro_rules! column_values {
    ($($t:ty => $build:expr;)+) => {$(
        impl ColumnValue for $t {
            fn column(values: Vec<Self>) -> Column {
                ($build)(values.into_iter())
            }
        }
    )+};
}
type Iter<T> = std::vec::IntoIter<T>;
column_values! {
    f64 => |v: Iter<f64>| Column::Float(v.collect());
    Option<f64> => |v: Iter<Option<f64>>| Column::Float(v.map(|v| v.unwrap_or(f64::NAN)).collect());
    f32 => |v: Iter<f32>| Column::Float(v.map(f64::from).collect());
    Option<f32> => |v: Iter<Option<f32>>| Column::Float(v.map(|v| v.map_or(f64::NAN, f64::from)).collect());
    bool => |v: Iter<bool>| Column::Boolean(v.map(Some).collect());
    Option<bool> => |v: Iter<Option<bool>>| Column::Boolean(v.collect());
    String => |v: Iter<String>| texts(v.as_slice(), |t| Some(t.as_str()));
    Option<String> => |v: Iter<Self>| texts(v.as_slice(), |t| t.as_deref());
    &str => |v: Iter<Self>| texts(v.as_slice(), |t| Some(*t));
    Option<&str> => |v: Iter<Self>| texts(v.as_slice(), |t| *t);
}

macro_rules! integer_values {
    ($($t:ty),+) => {column_values! {$(
        $t => |v: Iter<$t>| integers(v.map(|v| Some(v as i128)).collect());
        Option<$t> => |v: Iter<Option<$t>>| integers(v.map(|v| v.map(|v| v as i128)).collect());
    )+}};
}
integer_values!(i8, i16, i32, i64, isize, u8, u16, u32, u64, usize);

impl<T: ColumnValue> From<Vec<T>> for Column {
    fn from(values: Vec<T>) -> Self {
        T::column(values)
    }
}

impl<T: ColumnValue> From<&[T]> for Column {
    fn from(values: &[T]) -> Self {
        T::column(values.to_vec())
    }
}

impl<T: ColumnValue, const N: usize> From<[T; N]> for Column {
    fn from(values: [T; N]) -> Self {
        T::column(values.into())
    }
}

impl<T: ColumnValue> From<Array1<T>> for Column {
    fn from(values: Array1<T>) -> Self {
        T::column(values.into_iter().collect())
    }
}

impl<T: ColumnValue, S: Data<Elem = T>> From<&ArrayBase<S, Ix1>> for Column {
    fn from(values: &ArrayBase<S, Ix1>) -> Self {
        T::column(values.to_vec())
    }
}

impl<T: ColumnValue> FromIterator<T> for Column {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        T::column(values.into_iter().collect())
    }
}

fn texts<T: Sync>(rows: &[T], text: impl Fn(&T) -> Option<&str> + Sync + Send) -> Column {
    Column::Categorical(Categorical::from_rows(rows, text))
}

fn integers(values: Vec<Option<i128>>) -> Column {
    const LARGEST: u128 = LARGEST_INTEGER as u128;
    if values.iter().flatten().all(|v| v.unsigned_abs() <= LARGEST) {
        return Column::Integer(
            values
                .into_iter()
                .map(|v| v.map_or(f64::NAN, |v| v as f64))
                .collect(),
        );
    }
    let texts = values.into_iter().map(|v| v.map(|v| v.to_string()));
    Column::Categorical(Categorical::from_texts(texts))
}

/// Integer classes become an integer column, booleans a boolean one, texts a categorical one.
impl From<&Labels> for Column {
    fn from(labels: &Labels) -> Self {
        match labels.classes().first() {
            Some(Class::Int(_)) => integers(
                labels
                    .iter()
                    .map(|c| match c {
                        Class::Int(v) => Some(i128::from(*v)),
                        _ => None,
                    })
                    .collect(),
            ),
            Some(Class::Bool(_)) => Column::Boolean(
                labels
                    .iter()
                    .map(|c| match c {
                        Class::Bool(v) => Some(*v),
                        _ => None,
                    })
                    .collect(),
            ),
            _ => Column::Categorical(Categorical::sorted(
                labels.codes().to_vec(),
                labels.classes().iter().map(Class::to_string).collect(),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_and_codes_follow() {
        let c = Categorical::from_texts([Some("b"), None, Some(""), Some("b"), Some("a")]);
        assert_eq!(c.categories(), ["", "a", "b"]);
        assert_eq!(c.codes(), [2, Categorical::MISSING, 0, 2, 1]);
        assert_eq!(
            c.iter().collect::<Vec<_>>(),
            [Some("b"), None, Some(""), Some("b"), Some("a")]
        );
        assert_eq!((c.get(0), c.get(1), c.get(9)), (Some("b"), None, None));
    }

    #[test]
    fn many_rows_are_told_apart_as_few_are() {
        let text = |i: usize| (i % 7 != 3).then(|| format!("t{}", i * i % 40_009));
        let rows: Vec<Option<String>> = (0..100_000).map(text).collect();
        let column = Column::from(rows.clone());
        let Column::Categorical(ours) = column else {
            panic!("no texts");
        };
        let plain = Categorical::from_texts(rows);
        assert_eq!(ours.categories(), plain.categories());
        assert_eq!(ours.codes(), plain.codes());
    }

    #[test]
    fn equality_is_by_text_not_by_code() {
        let all = Categorical::from_texts([Some("a"), Some("b"), None]);
        let few = Categorical::new(
            vec![1, Categorical::MISSING],
            vec!["a".to_string(), "b".into()],
        )
        .unwrap();
        assert_eq!(few, Categorical::from_texts([Some("b"), None]));
        assert_eq!(few.observed().categories(), ["b"]);
        assert_ne!(all, few);
        assert_ne!(few, Categorical::from_texts([Some("b"), Some("b")]));
    }

    #[test]
    fn codes_and_categories_are_checked() {
        assert!(Categorical::new(vec![1], vec!["a".to_string()]).is_err());
        assert!(Categorical::new(vec![], vec!["b".to_string(), "a".into()]).is_err());
        assert!(Categorical::new(vec![], vec!["a".to_string(), "a".into()]).is_err());
    }

    #[test]
    fn integers_that_f64_cannot_tell_apart_stay_text() {
        let exact = 1i64 << 53;
        assert_eq!(
            Column::from([exact, -exact]),
            Column::Integer(vec![LARGEST_INTEGER, -LARGEST_INTEGER])
        );
        let column = Column::from([exact + 1, exact]);
        assert_eq!(column.text(0).as_deref(), Some("9007199254740993"));
        assert_eq!(Column::from([u64::MAX]).text(0), Some(u64::MAX.to_string()));
    }

    #[test]
    fn an_integer_column_holds_whole_numbers() {
        assert!(Column::Integer(vec![f64::NAN, -3.0]).check("a").is_ok());
        for bad in [0.5, f64::INFINITY, 1e300] {
            let refused = Column::Integer(vec![1.0, bad]).check("a").unwrap_err();
            assert!(refused.to_string().contains("row 1"), "{refused}");
        }
    }

    #[test]
    fn labels_become_a_column_of_their_kind() {
        assert_eq!(
            Column::from(&Labels::from([3, 1])),
            Column::Integer(vec![3.0, 1.0])
        );
        assert_eq!(
            Column::from(&Labels::from([true, false])),
            Column::from([true, false])
        );
        assert_eq!(
            Column::from(&Labels::from(["b", "a"])),
            Column::from(["b", "a"])
        );
    }

    #[test]
    fn missing_values_are_counted_in_every_kind() {
        for column in [
            Column::from([Some(1.0), None]),
            Column::from([Some(1), None]),
            Column::from([Some(true), None]),
            Column::from([Some("a"), None]),
        ] {
            assert_eq!(column.n_missing(), 1);
            assert!(!column.is_missing(0) && column.is_missing(1) && !column.is_missing(2));
            assert_eq!(column.text(1), None);
        }
    }
}
