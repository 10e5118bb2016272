//! From the values of a column to what each category means.

use std::cmp::Ordering;
use std::ops::Range;

use ndarray::{ArrayView1, s};

use super::known::Values;
use super::{Input, KnownColumn};
use crate::error::{ErrorKind, Result, shorten};
use crate::float::Float;
use crate::parallel;
use crate::table::{Categorical, ColumnKind};

/// Counts of `slots` kinds in `n` rows; `add` counts a range of rows. The same numbers whoever counts.
pub(in crate::preprocessing) fn tally(
    n: usize,
    slots: usize,
    add: impl Fn(Range<usize>, &mut [u64]) + Sync + Send,
) -> Vec<u64> {
    /// Rows that are worth a list of counts of their own, if the list is short.
    const ROWS: usize = 1 << 16;
    let parts = parallel::map_chunks(n, ROWS.max(slots.saturating_mul(4)), |rows| {
        let mut counts = vec![0; slots];
        add(rows, &mut counts);
        counts
    });
    let mut parts = parts.into_iter();
    let mut counts = parts.next().unwrap_or_else(|| vec![0; slots]);
    for part in parts {
        counts
            .iter_mut()
            .zip(part)
            .for_each(|(all, part)| *all += part);
    }
    counts
}

/// What each row of a column means.
pub(in crate::preprocessing) enum Lookup<'a, 'k, T, F> {
    /// By code; the last is for a missing value, whose code is beyond the end.
    Codes(&'a [u32], Vec<T>),
    /// False, true, missing.
    Booleans(&'a [Option<bool>], [T; 3]),
    /// By distance from a whole number.
    Range(ArrayView1<'a, F>, Whole<T>),
    /// By position in the sorted numbers.
    Search(ArrayView1<'a, F>, Sorted<'k, T>),
    /// Row by row.
    Each(Vec<T>),
    /// The same for every row.
    All(T),
}

/// Whole numbers from `low` on.
pub(in crate::preprocessing) struct Whole<T> {
    low: f64,
    table: Vec<T>,
    missing: T,
    unknown: T,
}

/// Sorted numbers.
pub(in crate::preprocessing) struct Sorted<'k, T> {
    column: &'k KnownColumn,
    /// By category; the last is for a value that is none.
    table: Vec<T>,
}

impl<T: Copy + Send + Sync, F: Float> Lookup<'_, '_, T, F> {
    /// Calls `f(i, meaning)` for each row of a range, `i` counted from the range's start.
    #[inline]
    pub(in crate::preprocessing) fn each(&self, rows: Range<usize>, mut f: impl FnMut(usize, T)) {
        match self {
            Lookup::Codes(codes, table) => {
                let Some(last) = table.len().checked_sub(1) else {
                    return;
                };
                for (i, &code) in codes[rows].iter().enumerate() {
                    f(i, table[(code as usize).min(last)]);
                }
            }
            Lookup::Booleans(values, table) => {
                for (i, v) in values[rows].iter().enumerate() {
                    f(i, table[v.map_or(2, usize::from)]);
                }
            }
            Lookup::Range(values, whole) => {
                for (i, v) in values.slice(s![rows]).iter().enumerate() {
                    let v = v.f64();
                    // A negative or large distance is no position: the cast saturates.
                    let at = (v - whole.low) as usize;
                    let meaning = match whole.table.get(at) {
                        Some(&meaning) if whole.low + at as f64 == v => meaning,
                        _ if v.is_nan() => whole.missing,
                        _ => whole.unknown,
                    };
                    f(i, meaning);
                }
            }
            Lookup::Search(values, sorted) => {
                let last = sorted.table.len() - 1;
                for (i, v) in values.slice(s![rows]).iter().enumerate() {
                    let category = sorted.column.number(v.f64()).unwrap_or(last);
                    f(i, sorted.table[category]);
                }
            }
            Lookup::Each(meanings) => {
                meanings[rows]
                    .iter()
                    .enumerate()
                    .for_each(|(i, &m)| f(i, m));
            }
            Lookup::All(meaning) => rows.enumerate().for_each(|(i, _)| f(i, *meaning)),
        }
    }
}

impl KnownColumn {
    /// The category of a number.
    fn number(&self, v: f64) -> Option<usize> {
        if v.is_nan() {
            return self.missing_category();
        }
        let Values::Numbers(values) = &self.values else {
            return None;
        };
        let v = v + 0.0;
        self.search(|i| values[i].total_cmp(&v))
    }

    fn boolean(&self, v: Option<bool>) -> Option<usize> {
        let Some(v) = v else {
            return self.missing_category();
        };
        match &self.values {
            Values::Booleans(values) => values.iter().position(|b| *b == v),
            _ => None,
        }
    }

    fn text(&self, v: Option<&str>) -> Option<usize> {
        let Some(v) = v else {
            return self.missing_category();
        };
        let Values::Texts(values) = &self.values else {
            return None;
        };
        self.search(|i| values[i].as_str().cmp(v))
    }

    /// Binary search in sorted order.
    fn search(&self, compare: impl Fn(usize) -> Ordering) -> Option<usize> {
        let at = |i: usize| self.order.get(i).map_or(i, |&i| i as usize);
        let (mut low, mut high) = (0, self.values.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match compare(at(middle)) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(at(middle)),
            }
        }
        None
    }

    /// The categories of sorted texts.
    fn sorted_texts(&self, texts: &[String]) -> Vec<Option<usize>> {
        let Values::Texts(known) = &self.values else {
            return vec![None; texts.len()];
        };
        if !self.order.is_empty() || texts.len() < known.len() / 8 {
            return texts.iter().map(|t| self.text(Some(t))).collect();
        }
        // Both are sorted: one pass.
        let mut at = 0;
        let category = |text: &String| {
            while at < known.len() && known[at] < *text {
                at += 1;
            }
            (known.get(at) == Some(text)).then_some(at)
        };
        texts.iter().map(category).collect()
    }

    /// What the values of a column mean, given what each category means; `None` is a value that is no category.
    ///
    /// A column of another kind than at fit is an error, unless it holds no value or none was there at fit.
    pub(in crate::preprocessing) fn lookup<'a, 'k, T: Copy, F: Float>(
        &'k self,
        input: Input<'a, F>,
        to: impl Fn(Option<usize>) -> T,
    ) -> Result<Lookup<'a, 'k, T, F>> {
        let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
        let same = self.kind == input.kind() || numeric(self.kind) && numeric(input.kind());
        if !same && self.values.len() > 0 {
            if !input.all_missing() {
                return Err(ErrorKind::WrongColumnKind {
                    column: shorten(&self.name),
                    expected: format!("{}, as at fit", self.kind),
                    got: input.kind().to_string(),
                }
                .into());
            }
            return Ok(Lookup::All(to(self.missing_category())));
        }
        let few = input.len() < self.len();
        Ok(match input {
            Input::Numbers(values, ..) if few => {
                let each = values.iter().map(|v| to(self.number(v.f64())));
                Lookup::Each(each.collect())
            }
            Input::Numbers(values, ..) => match self.whole(&to) {
                Some(whole) => Lookup::Range(values, whole),
                None => {
                    let categories = (0..self.len()).map(Some).chain([None]);
                    let table = categories.map(to).collect();
                    Lookup::Search(
                        values,
                        Sorted {
                            column: self,
                            table,
                        },
                    )
                }
            },
            Input::Booleans(values) => {
                let to = [Some(false), Some(true), None].map(|v| to(self.boolean(v)));
                Lookup::Booleans(values, to)
            }
            // For a few rows only their texts are looked up.
            Input::Texts(values) if values.len() < values.categories().len() => {
                Lookup::Each(values.iter().map(|t| to(self.text(t))).collect())
            }
            Input::Texts(values) => {
                let categories = self.sorted_texts(values.categories());
                let categories = categories.into_iter().chain([self.missing_category()]);
                Lookup::Codes(Categorical::codes(values), categories.map(to).collect())
            }
        })
    }

    /// A table of the whole numbers from the least to the greatest category, if it is not much longer than the categories.
    fn whole<T: Copy>(&self, to: impl Fn(Option<usize>) -> T) -> Option<Whole<T>> {
        let Values::Numbers(values) = &self.values else {
            return None;
        };
        let at = |i: usize| values[self.order.get(i).map_or(i, |&i| i as usize)];
        let last = values.len().checked_sub(1)?;
        let (low, high) = (at(0), at(last));
        let small = high - low < (4 * values.len()).max(1 << 10) as f64;
        let exact = |v: f64| v.abs() <= crate::table::LARGEST_INTEGER;
        if !(small && exact(low) && exact(high) && values.iter().all(|v| v.trunc() == *v)) {
            return None;
        }
        let unknown = to(None);
        let mut table = vec![unknown; (high - low) as usize + 1];
        for (i, v) in values.iter().enumerate() {
            if let Some(place) = table.get_mut((v - low) as usize) {
                *place = to(Some(i));
            }
        }
        Some(Whole {
            low,
            table,
            missing: to(self.missing_category()),
            unknown,
        })
    }
}
