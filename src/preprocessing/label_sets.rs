//! A set of labels for each row.

use std::fmt;

use crate::labels::{Class, Labels};

/// A set of classes for each row: the topics of a text, the objects in an image.
///
/// It converts from vectors, slices and arrays of rows, each a list of integers, booleans or texts; in a row the order and
/// repetitions do not count.
///
/// ```
/// use fitwell::{Class, preprocessing::LabelSets};
///
/// let y = LabelSets::from(vec![vec!["sun", "sea"], vec![], vec!["sea", "sea"]]);
/// assert_eq!(y.len(), 3);
/// assert_eq!(y.classes(), [Class::from("sea"), Class::from("sun")]);
/// assert_eq!(y.get(2).unwrap(), [&Class::from("sea")]);
/// assert_eq!(y.to_string(), "[{sea, sun}, {}, {sea}]");
/// ```
#[derive(Clone)]
pub struct LabelSets {
    /// The labels of all rows, one row after the other, in each row ascending and different.
    labels: Labels,
    /// Where each row ends.
    ends: Vec<usize>,
}

impl LabelSets {
    /// Rows of labels.
    fn new<T: Into<Class>, R: IntoIterator<Item = T>>(rows: impl IntoIterator<Item = R>) -> Self {
        let mut all: Vec<Class> = Vec::new();
        let mut ends = Vec::new();
        for row in rows {
            all.extend(row.into_iter().map(Into::into));
            ends.push(all.len());
        }
        // One list of classes for all rows first, then the order within each.
        let labels = Labels::from(all);
        let mut codes = Vec::with_capacity(labels.len());
        let mut start = 0;
        for end in &mut ends {
            let mut row = labels.codes()[start..*end].to_vec();
            start = *end;
            row.sort_unstable();
            row.dedup();
            codes.extend(row);
            *end = codes.len();
        }
        LabelSets {
            labels: Labels::from_trusted(codes, labels.shared_classes()),
            ends,
        }
    }

    /// Rows of codes into a list of classes, ascending and different in each row.
    pub(super) fn from_codes(rows: Vec<Vec<u32>>, classes: &[Class]) -> Self {
        let (mut codes, mut ends) = (Vec::new(), Vec::with_capacity(rows.len()));
        for row in rows {
            codes.extend(row);
            ends.push(codes.len());
        }
        // A list in the order the user gave is not sorted, but codes into it are all that is needed here.
        let each = codes
            .iter()
            .filter_map(|&c| classes.get(c as usize))
            .cloned();
        let mut row_start = 0;
        let sets: Vec<Class> = each.collect();
        LabelSets::new(ends.into_iter().map(|end| {
            let row = sets[row_start..end].to_vec();
            row_start = end;
            row
        }))
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The classes that occur, sorted.
    pub fn classes(&self) -> &[Class] {
        self.labels.classes()
    }

    /// The classes of a row, sorted.
    pub fn get(&self, row: usize) -> Option<Vec<&Class>> {
        let codes = self.codes(row)?;
        Some(
            codes
                .iter()
                .map(|&c| &self.labels.classes()[c as usize])
                .collect(),
        )
    }

    /// The classes row by row, sorted in each.
    pub fn iter(&self) -> impl Iterator<Item = Vec<&Class>> + '_ {
        (0..self.len()).filter_map(|row| self.get(row))
    }

    /// The positions in [`classes`](Self::classes) of a row's.
    pub(super) fn codes(&self, row: usize) -> Option<&[u32]> {
        let end = *self.ends.get(row)?;
        let start = if row == 0 { 0 } else { self.ends[row - 1] };
        self.labels.codes().get(start..end)
    }
}

/// The same sets row by row.
impl PartialEq for LabelSets {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.labels == other.labels
    }
}

impl Eq for LabelSets {}

impl fmt::Debug for LabelSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The first rows, as a list of sets.
impl fmt::Display for LabelSets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let set = |row: Vec<&Class>| {
            let row: Vec<String> = row.into_iter().map(Class::to_string).collect();
            format!("{{{}}}", row.join(", "))
        };
        let shown: Vec<String> = self.iter().take(SHOWN).map(set).collect();
        write!(f, "[{}", shown.join(", "))?;
        if self.len() > SHOWN {
            write!(f, ", ... ({} in all)", self.len())?;
        }
        f.write_str("]")
    }
}

impl<T: Into<Class>, R: IntoIterator<Item = T>> FromIterator<R> for LabelSets {
    fn from_iter<I: IntoIterator<Item = R>>(rows: I) -> Self {
        LabelSets::new(rows)
    }
}

impl<T: Into<Class>, R: IntoIterator<Item = T>> From<Vec<R>> for LabelSets {
    fn from(rows: Vec<R>) -> Self {
        LabelSets::new(rows)
    }
}

impl<T: Into<Class>, R: IntoIterator<Item = T> + Clone> From<&[R]> for LabelSets {
    fn from(rows: &[R]) -> Self {
        LabelSets::new(rows.iter().cloned())
    }
}

impl<T: Into<Class>, R: IntoIterator<Item = T>, const N: usize> From<[R; N]> for LabelSets {
    fn from(rows: [R; N]) -> Self {
        LabelSets::new(rows)
    }
}

/// One label a row.
impl From<&Labels> for LabelSets {
    fn from(labels: &Labels) -> Self {
        let labels = labels.observed();
        LabelSets {
            ends: (1..=labels.len()).collect(),
            labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_sets() {
        let a = LabelSets::from(vec![vec![3, 1, 3], vec![], vec![2]]);
        let b = LabelSets::from([vec![1, 3], vec![], vec![2, 2]]);
        assert_eq!(a, b);
        assert_ne!(a, LabelSets::from([vec![1], vec![3], vec![2]]));
        assert_eq!(a.codes(0), Some(&[0, 2][..]));
        assert_eq!((a.codes(1), a.codes(3)), (Some(&[][..]), None));
        assert_eq!(format!("{a:?}"), "[[Int(1), Int(3)], [], [Int(2)]]");
        let ones = LabelSets::from(&Labels::from(["b", "a"]));
        assert_eq!(ones, LabelSets::from([["b"], ["a"]]));
        let texts: LabelSets = [vec!["x"], vec!["y", "x"]].into_iter().collect();
        assert_eq!(texts.classes(), [Class::from("x"), Class::from("y")]);
        assert!(LabelSets::from(Vec::<Vec<i64>>::new()).is_empty());
    }

    #[test]
    fn codes_into_a_list_in_any_order() {
        let classes = [Class::from("z"), Class::from("a")];
        let sets = LabelSets::from_codes(vec![vec![0], vec![0, 1], vec![]], &classes);
        assert_eq!(sets, LabelSets::from([vec!["z"], vec!["a", "z"], vec![]]));
    }
}
