//! Rows chosen, sorted, sampled.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Categorical, Column, Columns, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::random;

/// Rows from which sorting uses all threads.
const MANY_ROWS: usize = 1 << 16;

/// One column to sort by, see [`Table::sort_values`]. A name alone means ascending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SortKey {
    column: String,
    descending: bool,
    missing_first: bool,
}

impl SortKey {
    /// From the smallest value to the largest, missing values last.
    pub fn ascending(column: impl Into<String>) -> Self {
        SortKey {
            column: column.into(),
            descending: false,
            missing_first: false,
        }
    }

    /// From the largest value to the smallest, missing values last.
    pub fn descending(column: impl Into<String>) -> Self {
        SortKey {
            descending: true,
            ..Self::ascending(column)
        }
    }

    /// Missing values before all others, in either order.
    #[must_use]
    pub fn missing_first(mut self) -> Self {
        self.missing_first = true;
        self
    }
}

impl<T: Into<String>> From<T> for SortKey {
    fn from(column: T) -> Self {
        SortKey::ascending(column)
    }
}

/// The word of a missing value: no value has it, nor its complement.
const MISSING: u64 = u64::MAX;

/// Words that are in the order of the values of a column, equal for equal values, [`MISSING`] where missing.
pub(super) fn words(column: &Column) -> Vec<u64> {
    match column {
        Column::Float(values) | Column::Integer(values) => values
            .iter()
            .map(|v| {
                // One zero: -0.0 + 0.0 is 0.0. Negative numbers have their order reversed in bits.
                let bits = (v + 0.0).to_bits();
                match (v.is_nan(), bits >> 63) {
                    (true, _) => MISSING,
                    (_, 0) => bits | 1 << 63,
                    _ => !bits,
                }
            })
            .collect(),
        Column::Boolean(values) => values
            .iter()
            .map(|v| v.map_or(MISSING, |v| 1 + u64::from(v)))
            .collect(),
        // Categories are sorted.
        Column::Categorical(values) => values
            .codes()
            .iter()
            .map(|&c| match c {
                Categorical::MISSING => MISSING,
                c => 1 + u64::from(c),
            })
            .collect(),
    }
}

impl Table {
    /// The rows whose entry in a mask is true.
    ///
    /// # Errors
    /// `ShapeMismatch` when the mask has not one entry for each row.
    pub fn filter_mask(&self, mask: &[bool]) -> Result<Table> {
        if mask.len() != self.n_rows() {
            return Err(Error::shape(
                "length of the mask",
                self.n_rows(),
                mask.len(),
            ));
        }
        let rows: Vec<usize> = (0..mask.len()).filter(|&row| mask[row]).collect();
        Ok(self.take_rows(&rows))
    }

    /// The rows in the order of one or more columns: by the first, where that says they are equal by the second, and so
    /// on. Missing values come last; rows equal in all columns keep their order.
    ///
    /// Texts are ordered by their characters' code points, `false` before `true`.
    ///
    /// ```
    /// use fitwell::table::{Column, SortKey, Table};
    ///
    /// let table = Table::new([
    ///     ("class", Column::from([2, 1, 2, 1])),
    ///     ("age", Column::from([5.0, f64::NAN, 9.0, 7.0])),
    /// ])?;
    /// let sorted = table.sort_values([SortKey::ascending("class"), SortKey::descending("age")])?;
    /// assert_eq!(sorted.column("class")?, &Column::from([1, 1, 2, 2]));
    /// assert_eq!(sorted.column("age")?, &Column::from([7.0, f64::NAN, 9.0, 5.0]));
    /// assert_eq!(table.sort_values(["age"])?.column("class")?, &Column::from([2, 1, 2, 1]));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `UnknownColumn`, which lists the names there are.
    #[doc(alias = "sort_by")]
    pub fn sort_values<K: Into<SortKey>>(
        &self,
        keys: impl IntoIterator<Item = K>,
    ) -> Result<Table> {
        let mut columns = Vec::new();
        for key in keys {
            let key: SortKey = key.into();
            let mut words = words(self.column(&key.column)?);
            for word in &mut words {
                *word = match *word {
                    MISSING if key.missing_first => 0,
                    MISSING => MISSING,
                    word if key.descending => !word,
                    word => word,
                };
            }
            columns.push(words);
        }
        let Some((first, others)) = columns.split_first() else {
            return Ok(self.clone());
        };
        // The position decides last, so that the order is one whatever the algorithm.
        let mut order: Vec<(u64, usize)> = first.iter().copied().zip(0..).collect();
        let compare = |a: &(u64, usize), b: &(u64, usize)| {
            let mut ordering = a.0.cmp(&b.0);
            for words in others {
                if ordering.is_ne() {
                    return ordering;
                }
                ordering = words[a.1].cmp(&words[b.1]);
            }
            ordering.then(a.1.cmp(&b.1))
        };
        if order.len() < MANY_ROWS {
            order.sort_unstable_by(compare);
        } else {
            order.par_sort_unstable_by(compare);
        }
        let rows: Vec<usize> = order.into_iter().map(|(_, row)| row).collect();
        Ok(self.take_rows(&rows))
    }

    /// The last rows, at most `n`, in their order.
    #[must_use]
    pub fn tail(&self, n: usize) -> Table {
        let rows: Vec<usize> = (self.n_rows().saturating_sub(n)..self.n_rows()).collect();
        self.take_rows(&rows)
    }

    /// The rows of a range of positions.
    ///
    /// # Errors
    /// `InvalidInput` when the range ends beyond the last row or before it begins.
    #[doc(alias = "iloc")]
    pub fn slice(&self, rows: Range<usize>) -> Result<Table> {
        if rows.start > rows.end || rows.end > self.n_rows() {
            let reason = format!(
                "rows {} to {} of {} rows",
                rows.start,
                rows.end,
                self.n_rows()
            );
            return Err(Error::invalid_input("selection", reason));
        }
        Ok(self.take_rows(&rows.collect::<Vec<_>>()))
    }

    /// `n` different rows in random order. The same `random_state` gives the same rows.
    ///
    /// ```
    /// use fitwell::table::Table;
    ///
    /// let table = Table::new([("x", (0..100).collect::<Vec<i32>>())])?;
    /// let some = table.sample(10, 0)?;
    /// assert_eq!((some.n_rows(), some == table.sample(10, 0)?, some == table.sample(10, 1)?), (10, true, false));
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// `TooFewSamples` when there are less than `n` rows; [`sample_with_replacement`](Self::sample_with_replacement) takes
    /// rows more than once.
    pub fn sample(&self, n: usize, random_state: u64) -> Result<Table> {
        if n > self.n_rows() {
            return Err(ErrorKind::TooFewSamples {
                what: "sample".into(),
                needed: n,
                got: self.n_rows(),
            }
            .into());
        }
        let mut rows = random::permutation(self.n_rows(), &mut random::generator(random_state));
        rows.truncate(n);
        Ok(self.take_rows(&rows))
    }

    /// A fraction of the rows, rounded to a whole number of them (halves to even), in random order; 1 shuffles all.
    ///
    /// # Errors
    /// `InvalidParameter` when the fraction is not in [0, 1].
    pub fn sample_fraction(&self, fraction: f64, random_state: u64) -> Result<Table> {
        let range = crate::check::Interval::closed(0.0, 1.0);
        crate::check::real("Table::sample_fraction", "fraction", fraction, range)?;
        let n = (self.n_rows() as f64 * fraction).round_ties_even() as usize;
        self.sample(n.min(self.n_rows()), random_state)
    }

    /// `n` rows, each drawn from all of them, so that some repeat.
    ///
    /// # Errors
    /// `EmptyInput` when there are no rows to draw from.
    pub fn sample_with_replacement(&self, n: usize, random_state: u64) -> Result<Table> {
        let mut rng = random::generator(random_state);
        let rows: Vec<usize> = match std::num::NonZeroUsize::new(self.n_rows()) {
            Some(all) => (0..n).map(|_| random::below(all, &mut rng)).collect(),
            None if n == 0 => Vec::new(),
            None => {
                let what = "the table to sample from".into();
                return Err(ErrorKind::EmptyInput { what }.into());
            }
        };
        Ok(self.take_rows(&rows))
    }

    /// The rows without a missing value in the chosen columns.
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    #[doc(alias = "dropna")]
    pub fn drop_missing(&self, columns: &Columns) -> Result<Table> {
        let mut kept = vec![true; self.n_rows()];
        for index in columns.resolve(self)? {
            if let Some(column) = self.column_at(index) {
                for (row, kept) in kept.iter_mut().enumerate() {
                    *kept &= !column.is_missing(row);
                }
            }
        }
        self.filter_mask(&kept)
    }

    /// The first of the rows that are equal in the chosen columns; missing equals missing.
    ///
    /// ```
    /// use fitwell::table::{Column, Columns, Table};
    ///
    /// let table = Table::new([
    ///     ("city", Column::from([Some("Ulm"), Some("Bonn"), None, Some("Ulm"), None])),
    ///     ("x", Column::from([1, 2, 3, 4, 5])),
    /// ])?;
    /// let firsts = table.drop_duplicates(&Columns::from("city"))?;
    /// assert_eq!(firsts.column("x")?, &Column::from([1, 2, 3]));
    /// assert_eq!(table.drop_duplicates(&Columns::All)?, table);
    /// # Ok::<(), fitwell::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Columns::resolve`].
    pub fn drop_duplicates(&self, columns: &Columns) -> Result<Table> {
        let columns = columns.resolve(self)?;
        if columns.is_empty() {
            return Ok(self.clone());
        }
        // One group a row after another column each: pairs of the group so far and the word of the column.
        let mut groups = vec![0u64; self.n_rows()];
        for index in columns {
            let Some(column) = self.column_at(index) else {
                continue;
            };
            let mut known: HashMap<(u64, u64), u64> = HashMap::new();
            for (group, word) in groups.iter_mut().zip(words(column)) {
                let next = known.len() as u64;
                *group = *known.entry((*group, word)).or_insert(next);
            }
        }
        // Groups are numbered in the order of their first rows.
        let mut next = 0;
        let rows: Vec<usize> = (0..groups.len())
            .filter(|&row| {
                let first = groups[row] == next;
                next += u64::from(first);
                first
            })
            .collect();
        Ok(self.take_rows(&rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Cell;

    #[test]
    fn words_are_in_the_order_of_the_values() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-310,
            0.0,
            1e-310,
            2.0,
            f64::INFINITY,
        ];
        let of = words(&Column::from(numbers));
        assert!(
            of.is_sorted() && of.windows(2).all(|w| w[0] != w[1]),
            "{of:?}"
        );
        assert!(of.iter().all(|&w| w != MISSING && w != 0 && !w != 0));
        assert_eq!(words(&Column::from([-0.0])), words(&Column::from([0.0])));
        for column in [
            Column::from([Some(0.5), None]),
            Column::from([Some(false), None]),
            Column::from([Some(""), None]),
        ] {
            let of = words(&column);
            assert!(of[0] != 0 && of[0] != MISSING && of[1] == MISSING);
        }
    }

    #[test]
    fn sorting_is_stable_and_keeps_missing_values_last() {
        let t = Table::new([
            ("x", Column::from([Some(2), None, Some(1), Some(2), None])),
            ("i", Column::from([0, 1, 2, 3, 4])),
        ])
        .unwrap();
        let order = |key: SortKey| {
            let sorted = t.sort_values([key]).unwrap();
            (0..5)
                .map(|r| sorted.column("i").unwrap().number(r).unwrap() as usize)
                .collect::<Vec<_>>()
        };
        assert_eq!(order(SortKey::ascending("x")), [2, 0, 3, 1, 4]);
        assert_eq!(order(SortKey::descending("x")), [0, 3, 2, 1, 4]);
        assert_eq!(
            order(SortKey::descending("x").missing_first()),
            [1, 4, 0, 3, 2]
        );
        assert_eq!(order("x".into()), order(SortKey::ascending("x")));
        assert_eq!(t.sort_values(Vec::<SortKey>::new()).unwrap(), t);
        let unknown = t.sort_values(["z"]).unwrap_err().to_string();
        assert_eq!(unknown, "no column `z`; there are: x, i");
    }

    #[test]
    fn a_long_table_sorts_as_a_slow_one_would() {
        let n = MANY_ROWS + 17;
        let value = |i: usize| ((i * 7919) % 101) as i64;
        let t = Table::new([
            ("a", Column::from((0..n).map(value).collect::<Vec<_>>())),
            (
                "b",
                Column::from(
                    (0..n)
                        .map(|i| format!("t{}", value(i * 31) % 7))
                        .collect::<Vec<_>>(),
                ),
            ),
            (
                "i",
                Column::from((0..n).map(|i| i as i64).collect::<Vec<_>>()),
            ),
        ])
        .unwrap();
        let sorted = t
            .sort_values([SortKey::descending("b"), SortKey::ascending("a")])
            .unwrap();
        let mut expected: Vec<usize> = (0..n).collect();
        expected.sort_by_key(|&i| (std::cmp::Reverse(value(i * 31) % 7), value(i)));
        assert_eq!(sorted, t.select_rows(&expected).unwrap());
    }

    #[test]
    fn parts_of_the_rows() {
        let t = Table::new([("x", Column::from([0, 1, 2, 3]))]).unwrap();
        let is = |t: Table, expected: &[i32]| {
            assert_eq!(t.column("x").unwrap(), &Column::from(expected))
        };
        is(t.tail(2), &[2, 3]);
        is(t.tail(9), &[0, 1, 2, 3]);
        is(t.slice(1..3).unwrap(), &[1, 2]);
        is(t.filter_mask(&[true, false, false, true]).unwrap(), &[0, 3]);
        let (late, early) = (3, 1);
        assert!(
            t.slice(0..5).is_err()
                && t.slice(late..early).is_err()
                && t.filter_mask(&[true]).is_err()
        );
    }

    #[test]
    fn samples() {
        let t = Table::new([("x", (0..1000).collect::<Vec<i32>>())]).unwrap();
        let all = t.sample_fraction(1.0, 3).unwrap();
        assert_ne!(all, t);
        assert_eq!(all.sort_values(["x"]).unwrap(), t);
        assert_eq!(t.sample_fraction(0.25, 0).unwrap().n_rows(), 250);
        let some = t.sample(500, 7).unwrap();
        assert_eq!(some.drop_duplicates(&Columns::All).unwrap().n_rows(), 500);
        let again = t.sample_with_replacement(2000, 7).unwrap();
        assert_eq!(again.n_rows(), 2000);
        let different = again.drop_duplicates(&Columns::All).unwrap().n_rows();
        // 1000 (1 - e^-2) = 865 are expected, with a deviation of some 10.
        assert!((800..930).contains(&different), "{different}");
        for bad in [-0.1, 1.5, f64::NAN] {
            assert!(t.sample_fraction(bad, 0).is_err());
        }
        let refused = t.sample(1001, 0).unwrap_err().to_string();
        assert_eq!(refused, "sample: needs at least 1001 samples, got 1000");
        let empty = t.head(0);
        assert!(empty.sample_with_replacement(1, 0).is_err());
        assert_eq!(empty.sample_with_replacement(0, 0).unwrap().n_rows(), 0);
        assert_eq!(empty.sample_fraction(0.5, 0).unwrap().n_rows(), 0);
    }

    #[test]
    fn rows_with_missing_or_repeated_values_are_dropped() {
        let t = Table::new([
            (
                "a",
                Column::from([Some(1.0), None, Some(1.0), Some(-0.0), Some(0.0)]),
            ),
            (
                "b",
                Column::from([Some("x"), Some("y"), Some("x"), None, None]),
            ),
        ])
        .unwrap();
        assert_eq!(
            t.drop_missing(&Columns::All).unwrap(),
            t.select_rows(&[0, 2]).unwrap()
        );
        assert_eq!(t.drop_missing(&Columns::from("a")).unwrap().n_rows(), 4);
        let firsts = t.drop_duplicates(&Columns::All).unwrap();
        assert_eq!(firsts, t.select_rows(&[0, 1, 3]).unwrap());
        assert_eq!(t.drop_duplicates(&Columns::indices([])).unwrap(), t);
        assert!(t.drop_missing(&Columns::from("z")).is_err());
        assert!(t.drop_duplicates(&Columns::from("z")).is_err());
        assert_eq!(firsts.column("a").unwrap().cell(1), Some(Cell::Missing));
    }
}
