//! A target of several columns of classes.

use std::fmt;

use ndarray::{ArrayBase, Data, Ix2};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::labels::{Class, Labels};
use crate::samples::fingerprint;
use crate::targets::{ClassTarget, Targets, Weighted};

/// Several columns of classes, each with classes of its own: a target, and what is predicted of it.
///
/// ```
/// use fitwell::{multioutput::LabelColumns, prelude::*};
/// use ndarray::array;
///
/// let y = LabelColumns::new([Labels::from(["cat", "dog"]), Labels::from(["old", "old"])])?;
/// assert_eq!((y.n_columns(), y.len()), (2, 2));
/// let indicators = LabelColumns::from(&array![[0, 1], [1, 1]]);
/// assert_eq!(indicators.column(1), Some(&Labels::from([1, 1])));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelColumns {
    columns: Vec<Labels>,
}

impl LabelColumns {
    /// These columns.
    ///
    /// # Errors
    /// `EmptyInput` without columns; `ShapeMismatch` for columns of different lengths.
    pub fn new(columns: impl Into<Vec<Labels>>) -> Result<Self> {
        let columns = columns.into();
        let Some(first) = columns.first() else {
            return Err(ErrorKind::EmptyInput {
                what: "y (no columns)".into(),
            }
            .into());
        };
        if let Some(other) = columns.iter().find(|c| c.len() != first.len()) {
            return Err(Error::shape(
                "number of rows of a column of y",
                first.len(),
                other.len(),
            ));
        }
        Ok(LabelColumns { columns })
    }

    /// The columns.
    pub fn columns(&self) -> &[Labels] {
        &self.columns
    }

    /// A column.
    pub fn column(&self, j: usize) -> Option<&Labels> {
        self.columns.get(j)
    }

    /// The number of columns.
    pub fn n_columns(&self) -> usize {
        self.columns.len()
    }

    /// The number of rows.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Labels::len)
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T: Into<Class> + Clone, S: Data<Elem = T>> From<&ArrayBase<S, Ix2>> for LabelColumns {
    fn from(values: &ArrayBase<S, Ix2>) -> Self {
        let columns = values.columns().into_iter();
        LabelColumns {
            columns: columns.map(|c| c.iter().cloned().collect()).collect(),
        }
    }
}

/// The first rows.
impl fmt::Display for LabelColumns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (j, column) in self.columns.iter().take(20).enumerate() {
            if j > 0 {
                writeln!(f)?;
            }
            write!(f, "column {j}: {column}")?;
        }
        Ok(())
    }
}

impl Targets for LabelColumns {
    type Owned = LabelColumns;
    fn n_rows(&self) -> Option<usize> {
        Some(self.len())
    }
    fn select(&self, rows: &[usize]) -> Result<LabelColumns> {
        let columns = self.columns.iter().map(|c| Targets::select(c, rows));
        Ok(LabelColumns {
            columns: columns.collect::<Result<_>>()?,
        })
    }
    fn to_owned_target(&self) -> LabelColumns {
        self.clone()
    }
    fn fingerprint(&self) -> u64 {
        fingerprint(self.columns.iter().map(Targets::fingerprint))
    }
}

/// Several columns of classes, with or without weights.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a target of several columns of classes",
    label = "expected `LabelColumns`, with or without weights"
)]
pub trait LabelTargets: Targets {
    /// One column as a target.
    type Column: ClassTarget + ?Sized;

    /// The columns.
    fn label_columns(&self) -> &LabelColumns;

    /// Another column as a target, with the same weights.
    fn as_target(&self, column: &Labels) -> <Self::Column as Targets>::Owned;
}

impl LabelTargets for LabelColumns {
    type Column = Labels;
    fn label_columns(&self) -> &LabelColumns {
        self
    }
    fn as_target(&self, column: &Labels) -> Labels {
        column.clone()
    }
}

impl LabelTargets for Weighted<LabelColumns> {
    type Column = Weighted<Labels>;
    fn label_columns(&self) -> &LabelColumns {
        self.target()
    }
    fn as_target(&self, column: &Labels) -> Weighted<Labels> {
        self.with_target(column.clone())
    }
}

/// Rows and target are there and agree.
pub(super) fn checked<Y: LabelTargets + ?Sized>(y: &Y, n_samples: usize) -> Result<&[Labels]> {
    check::target(y, n_samples)?;
    let columns = y.label_columns();
    match columns.n_columns() {
        0 => Err(ErrorKind::EmptyInput {
            what: "y (no columns)".into(),
        }
        .into()),
        _ => Ok(columns.columns()),
    }
}

/// The share of rows that are right in every column, by weight.
pub(super) fn subset_accuracy<Y: LabelTargets + ?Sized>(y: &Y, said: &LabelColumns) -> Result<f64> {
    let truth = checked(y, said.len())?;
    if truth.len() != said.n_columns() {
        return Err(Error::shape(
            "number of columns of y",
            said.n_columns(),
            truth.len(),
        ));
    }
    if said.is_empty() {
        return Err(ErrorKind::EmptyInput { what: "y".into() }.into());
    }
    let pairs: Vec<(Labels, Labels)> = (truth.iter().zip(said.columns()))
        .map(|(t, s)| t.aligned(s))
        .collect();
    let (mut right, mut total) = (0.0, 0.0);
    for row in 0..said.len() {
        let w = y.sample_weight().map_or(1.0, |w| w[row]);
        total += w;
        if pairs.iter().all(|(t, s)| t.codes()[row] == s.codes()[row]) {
            right += w;
        }
    }
    Ok(right / total)
}
