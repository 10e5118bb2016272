//! Class labels: small integer codes plus the classes they stand for.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array1, ArrayBase, Data, Ix1};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// One class: an integer, a boolean or a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[allow(missing_docs)]
pub enum Class {
    Int(i64),
    Bool(bool),
    Text(String),
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Class::Int(v) => v.fmt(f),
            Class::Bool(v) => v.fmt(f),
            Class::Text(v) => v.fmt(f),
        }
    }
}

macro_rules! class_from {
    ($($variant:ident($via:ty): $($t:ty),+;)+) => {$($(
        impl From<$t> for Class {
            fn from(value: $t) -> Self {
                Class::$variant(<$via>::from(value))
            }
        }
    )+)+};
}
class_from! {
    Int(i64): i8, i16, i32, i64, u8, u16, u32;
    Bool(bool): bool;
    Text(String): String, &str, &String;
}

/// Unsigned classes beyond `i64::MAX` become texts, so that no value is lost.
impl From<u64> for Class {
    fn from(value: u64) -> Self {
        i64::try_from(value).map_or_else(|_| Class::Text(value.to_string()), Class::Int)
    }
}

/// Unsigned classes beyond `i64::MAX` become texts, so that no value is lost.
impl From<usize> for Class {
    fn from(value: usize) -> Self {
        Class::from(value as u64)
    }
}

/// A categorical column: one code for each row, and the sorted classes that the codes index.
///
/// It converts from vectors, slices, arrays of integers, booleans and texts; predictions of classifiers come back as
/// `Labels`. Two `Labels` are equal when they say the same class row by row, whatever else their class lists hold.
///
/// ```
/// use fitwell::{Class, Labels};
///
/// let y = Labels::from(vec!["no", "yes", "no"]);
/// assert_eq!(y.classes(), &[Class::from("no"), Class::from("yes")]);
/// assert_eq!(y.codes(), &[0, 1, 0]);
/// assert_eq!(y.to_texts(), ["no", "yes", "no"]);
/// assert_eq!(Labels::from([3, 1, 3]).to_ints()?, ndarray::array![3, 1, 3]);
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// Real numbers are no classes:
/// ```compile_fail,E0277
/// let y = fitwell::Labels::from(vec![0.5, 1.5]);
/// ```
#[derive(Clone)]
pub struct Labels {
    codes: Vec<u32>,
    classes: Arc<Vec<Class>>,
}

impl Labels {
    /// Labels from codes into a list of classes, which must be sorted and without repetition.
    ///
    /// # Errors
    /// `InvalidInput` when the classes are not sorted, repeat, or mix kinds, or a code is out of range.
    pub fn from_codes(codes: Vec<u32>, classes: impl Into<Arc<Vec<Class>>>) -> Result<Self> {
        let classes = classes.into();
        check_classes(&classes)?;
        if let Some(row) = codes.iter().position(|&c| c as usize >= classes.len()) {
            let reason = format!(
                "row {row} has code {}, there are {} classes",
                codes[row],
                classes.len()
            );
            return Err(Error::invalid_input("labels", reason));
        }
        Ok(Labels { codes, classes })
    }

    /// Codes that the caller has already checked against classes from a fitted model.
    pub(crate) fn from_trusted(codes: Vec<u32>, classes: Arc<Vec<Class>>) -> Self {
        debug_assert!(codes.iter().all(|&c| (c as usize) < classes.len()));
        Labels { codes, classes }
    }

    /// For each row, the index of its class in [`classes`](Self::classes).
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The classes, sorted. A selection of rows keeps them all; see [`observed`](Self::observed).
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The same list, shared.
    pub fn shared_classes(&self) -> Arc<Vec<Class>> {
        Arc::clone(&self.classes)
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.codes.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.codes.is_empty()
    }

    /// The class of a row.
    pub fn get(&self, row: usize) -> Option<&Class> {
        self.codes.get(row).map(|&c| &self.classes[c as usize])
    }

    /// The classes row by row.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Class> + '_ {
        self.codes.iter().map(|&c| &self.classes[c as usize])
    }

    /// How often each class occurs.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        for &code in &self.codes {
            counts[code as usize] += 1;
        }
        counts
    }

    /// The same labels over only the classes that occur, which is what a classifier learns.
    #[must_use]
    pub fn observed(&self) -> Labels {
        self.observed_where(|_| true)
    }

    /// As [`observed`](Self::observed), but a class counts only if it occurs in a row that `counts` accepts (say, one
    /// with a positive weight). Rows of dropped classes get code 0: they must not be used.
    pub(crate) fn observed_where(&self, counts: impl Fn(usize) -> bool) -> Labels {
        let mut seen = vec![false; self.classes.len()];
        for (row, &code) in self.codes.iter().enumerate() {
            if !seen[code as usize] && counts(row) {
                seen[code as usize] = true;
            }
        }
        if seen.iter().all(|&s| s) {
            return self.clone();
        }
        let mut to = vec![0u32; seen.len()];
        let mut classes = Vec::new();
        for (code, class) in self.classes.iter().enumerate() {
            if seen[code] {
                to[code] = classes.len() as u32;
                classes.push(class.clone());
            }
        }
        let codes = self.codes.iter().map(|&c| to[c as usize]).collect();
        Labels {
            codes,
            classes: Arc::new(classes),
        }
    }

    /// These labels and others over one common, sorted list of classes.
    pub fn aligned(&self, other: &Labels) -> (Labels, Labels) {
        if Arc::ptr_eq(&self.classes, &other.classes) || self.classes == other.classes {
            return (self.clone(), other.clone());
        }
        let mut classes: Vec<Class> = self
            .classes
            .iter()
            .chain(other.classes.iter())
            .cloned()
            .collect();
        classes.sort();
        classes.dedup();
        let classes = Arc::new(classes);
        (self.recoded(&classes), other.recoded(&classes))
    }

    /// The codes of these labels in another list of classes; `None` for a class that is not in it.
    pub fn codes_in(&self, classes: &[Class]) -> Vec<Option<u32>> {
        let to: Vec<Option<u32>> = self
            .classes
            .iter()
            .map(|c| classes.binary_search(c).ok().map(|i| i as u32))
            .collect();
        self.codes.iter().map(|&c| to[c as usize]).collect()
    }

    fn recoded(&self, classes: &Arc<Vec<Class>>) -> Labels {
        let codes = self
            .codes_in(classes)
            .into_iter()
            .map(|c| c.unwrap_or_default())
            .collect();
        Labels {
            codes,
            classes: Arc::clone(classes),
        }
    }

    /// The rows at the given positions.
    pub(crate) fn take(&self, rows: &[usize]) -> Labels {
        let codes = rows.iter().map(|&i| self.codes[i]).collect();
        Labels {
            codes,
            classes: Arc::clone(&self.classes),
        }
    }

    /// The classes as integers.
    ///
    /// # Errors
    /// `InvalidInput` when a class is not an integer.
    pub fn to_ints(&self) -> Result<Array1<i64>> {
        self.iter()
            .map(|c| match c {
                Class::Int(v) => Ok(*v),
                other => Err(Error::invalid_input(
                    "labels",
                    format!("{other:?} is not an integer"),
                )),
            })
            .collect()
    }

    /// The classes as booleans.
    ///
    /// # Errors
    /// `InvalidInput` when a class is not a boolean.
    pub fn to_bools(&self) -> Result<Array1<bool>> {
        self.iter()
            .map(|c| match c {
                Class::Bool(v) => Ok(*v),
                other => Err(Error::invalid_input(
                    "labels",
                    format!("{other:?} is not a boolean"),
                )),
            })
            .collect()
    }

    /// The classes as texts; integers and booleans are written out.
    pub fn to_texts(&self) -> Vec<String> {
        self.iter().map(Class::to_string).collect()
    }

    fn from_classes<T: Into<Class>>(values: impl IntoIterator<Item = T>) -> Labels {
        let mut values: Vec<Class> = values.into_iter().map(Into::into).collect();
        // Unsigned integers beyond i64 arrive as texts among integers; one list holds one kind.
        if values.iter().any(|v| matches!(v, Class::Text(_))) {
            for value in &mut values {
                if !matches!(value, Class::Text(_)) {
                    *value = Class::Text(value.to_string());
                }
            }
        }
        // Codes in order of appearance first, so that only the few classes are sorted.
        let mut first_seen: std::collections::HashMap<&Class, u32> =
            std::collections::HashMap::new();
        let mut codes = Vec::with_capacity(values.len());
        for value in &values {
            let next = first_seen.len() as u32;
            codes.push(*first_seen.entry(value).or_insert(next));
        }
        let mut sorted: Vec<(&Class, u32)> = first_seen.into_iter().collect();
        sorted.sort();
        let mut rank = vec![0u32; sorted.len()];
        for (new, &(_, old)) in sorted.iter().enumerate() {
            rank[old as usize] = new as u32;
        }
        let classes: Vec<Class> = sorted.into_iter().map(|(c, _)| c.clone()).collect();
        for code in &mut codes {
            *code = rank[*code as usize];
        }
        Labels {
            codes,
            classes: Arc::new(classes),
        }
    }
}

/// Sorted, unique, of one kind: what every list of classes satisfies, also one read from a file.
pub(crate) fn check_classes(classes: &[Class]) -> Result<()> {
    for pair in classes.windows(2) {
        if std::mem::discriminant(&pair[0]) != std::mem::discriminant(&pair[1]) {
            return Err(Error::invalid_input(
                "classes",
                "integers, booleans and texts are mixed",
            ));
        }
        if pair[0].cmp(&pair[1]) != Ordering::Less {
            let reason = format!("{} and {} are not sorted or repeat", pair[0], pair[1]);
            return Err(Error::invalid_input("classes", reason));
        }
    }
    Ok(())
}

impl PartialEq for Labels {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.classes, &other.classes) {
            return self.codes == other.codes;
        }
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for Labels {}

impl fmt::Debug for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Labels")
            .field("classes", &self.classes)
            .field("codes", &self.codes)
            .finish()
    }
}

/// The first rows, as a list.
impl fmt::Display for Labels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 20;
        let shown: Vec<String> = self.iter().take(SHOWN).map(Class::to_string).collect();
        write!(f, "[{}", shown.join(", "))?;
        if self.len() > SHOWN {
            write!(f, ", ... ({} in all)", self.len())?;
        }
        write!(f, "]")
    }
}

impl<T: Into<Class>> FromIterator<T> for Labels {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Labels::from_classes(values)
    }
}

impl<T: Into<Class>> From<Vec<T>> for Labels {
    fn from(values: Vec<T>) -> Self {
        Labels::from_classes(values)
    }
}

impl<T: Into<Class> + Clone> From<&[T]> for Labels {
    fn from(values: &[T]) -> Self {
        Labels::from_classes(values.iter().cloned())
    }
}

impl<T: Into<Class> + Clone> From<&Vec<T>> for Labels {
    fn from(values: &Vec<T>) -> Self {
        Labels::from_classes(values.iter().cloned())
    }
}

impl<T: Into<Class>, const N: usize> From<[T; N]> for Labels {
    fn from(values: [T; N]) -> Self {
        Labels::from_classes(values)
    }
}

impl<T: Into<Class> + Clone, S: Data<Elem = T>> From<&ArrayBase<S, Ix1>> for Labels {
    fn from(values: &ArrayBase<S, Ix1>) -> Self {
        Labels::from_classes(values.iter().cloned())
    }
}

impl<T: Into<Class> + Clone> From<Array1<T>> for Labels {
    fn from(values: Array1<T>) -> Self {
        Labels::from(&values)
    }
}

impl TryFrom<&Labels> for Vec<i64> {
    type Error = Error;
    fn try_from(labels: &Labels) -> Result<Self> {
        labels.to_ints().map(|v| v.to_vec())
    }
}

impl TryFrom<&Labels> for Vec<bool> {
    type Error = Error;
    fn try_from(labels: &Labels) -> Result<Self> {
        labels.to_bools().map(|v| v.to_vec())
    }
}

impl From<&Labels> for Vec<String> {
    fn from(labels: &Labels) -> Self {
        labels.to_texts()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn classes_are_sorted_and_codes_follow() {
        let y = Labels::from(vec![10i64, -3, 10, 7]);
        assert_eq!(
            y.classes(),
            &[Class::Int(-3), Class::Int(7), Class::Int(10)]
        );
        assert_eq!(y.codes(), &[2, 0, 2, 1]);
        assert_eq!(y.counts(), vec![1, 1, 2]);
        assert_eq!(
            Labels::from(&array![true, false]).to_bools().unwrap(),
            array![true, false]
        );
        assert_eq!(Vec::<i64>::try_from(&y).unwrap(), vec![10, -3, 10, 7]);
        assert!(y.to_bools().is_err());
    }

    #[test]
    fn unsigned_values_beyond_i64_are_kept_as_text() {
        let y = Labels::from(vec![u64::MAX, 1]);
        assert_eq!(y.to_texts(), [u64::MAX.to_string(), "1".to_string()]);
    }

    #[test]
    fn equality_is_by_class_not_by_code() {
        let all = Labels::from(["a", "b", "c"]);
        let some = all.take(&[2, 1]);
        assert_eq!(some.classes().len(), 3);
        assert_eq!(some, Labels::from(["c", "b"]));
        assert_eq!(
            some.observed().classes(),
            &[Class::from("b"), Class::from("c")]
        );
        let (a, b) = Labels::from([1, 2]).aligned(&Labels::from([0, 2]));
        assert_eq!((a.codes(), b.codes()), (&[1, 2][..], &[0, 2][..]));
    }

    #[test]
    fn codes_are_checked() {
        assert!(Labels::from_codes(vec![0, 2], vec![Class::Int(0), Class::Int(1)]).is_err());
        assert!(Labels::from_codes(vec![], vec![Class::Int(1), Class::Int(0)]).is_err());
        assert!(Labels::from_codes(vec![], vec![Class::Int(1), Class::Bool(true)]).is_err());
    }
}
