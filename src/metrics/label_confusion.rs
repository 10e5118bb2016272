//! A matrix of confusion for each class or each row.

use std::fmt;

use ndarray::{Array3, s};

use super::pairs::check_distinct;
use super::target::{Both, ClassificationTarget};
use crate::error::{Error, Result};
use crate::labels::Class;

/// A matrix of two rows and columns for each class against the rest, `[[tn, fp], [fn, tp]]`.
///
/// Made by [`multilabel_confusion_matrix`] over all classes, by [`MultilabelConfusionMatrix::of_classes`] over chosen ones
/// and by [`MultilabelConfusionMatrix::samplewise`] for each row.
#[derive(Clone, Debug, PartialEq)]
pub struct MultilabelConfusionMatrix {
    names: Vec<Class>,
    counts: Array3<f64>,
}

/// For each class, or each of several labels in columns: how many rows are rightly and wrongly without and with it.
///
/// # Errors
/// As [`accuracy_score`](super::accuracy_score).
///
/// ```
/// use fitwell::{metrics::multilabel_confusion_matrix, prelude::*};
/// use ndarray::{array, Axis};
///
/// let matrix = multilabel_confusion_matrix(&Labels::from(["a", "b", "b"]), &Labels::from(["a", "a", "b"]))?;
/// assert_eq!(matrix.counts().index_axis(Axis(0), 1), array![[1.0, 0.0], [1.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
pub fn multilabel_confusion_matrix<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<MultilabelConfusionMatrix> {
    MultilabelConfusionMatrix::of(&y_true.compared(y_pred)?.0, None)
}

impl MultilabelConfusionMatrix {
    /// The matrices of the given classes, in that order; of labels in columns, of the given columns.
    ///
    /// # Errors
    /// As [`accuracy_score`](super::accuracy_score); `EmptyInput` for no classes; `InvalidInput` for one that is there
    /// twice; `UnknownLabel` for a column that is not there.
    pub fn of_classes<Y, C>(
        y_true: &Y,
        y_pred: &Y::Predicted,
        classes: impl IntoIterator<Item = C>,
    ) -> Result<Self>
    where
        Y: ClassificationTarget + ?Sized,
        C: Into<Class>,
    {
        let classes: Vec<Class> = classes.into_iter().map(Into::into).collect();
        check_distinct(&classes, "classes to count")?;
        Self::of(&y_true.compared(y_pred)?.0, Some(classes))
    }

    /// The matrix of each row over its labels, times the row's weight. For several labels in columns.
    ///
    /// # Errors
    /// As [`accuracy_score`](super::accuracy_score); `InvalidInput` for one class a row.
    pub fn samplewise<Y: ClassificationTarget + ?Sized>(
        y_true: &Y,
        y_pred: &Y::Predicted,
    ) -> Result<Self> {
        let both = y_true.compared(y_pred)?.0;
        let Both::Columns(columns) = &both else {
            let reason = "matrices of rows are for several labels in columns";
            return Err(Error::invalid_input("confusion matrices", reason));
        };
        let mut counts = Array3::zeros((columns.n, 2, 2));
        for i in 0..columns.n {
            let (truth, predicted) = columns.row(i);
            for (&t, &p) in truth.iter().zip(predicted) {
                counts[[i, usize::from(t), usize::from(p)]] += columns.weight(i);
            }
        }
        let names = (0..columns.n).map(Class::from).collect();
        Ok(MultilabelConfusionMatrix { names, counts })
    }

    fn of(both: &Both<'_>, chosen: Option<Vec<Class>>) -> Result<Self> {
        let total = both.total_weight();
        let (classes, hits, predicted, truth) = match both {
            Both::Classes(pairs) => {
                let k = pairs.classes.len();
                let [mut hits, mut predicted, mut truth] =
                    [vec![0.0; k], vec![0.0; k], vec![0.0; k]];
                let rows = pairs.truth.codes().iter().zip(pairs.predicted.codes());
                for (row, (&t, &p)) in rows.enumerate() {
                    let weight = pairs.weight(row);
                    truth[t as usize] += weight;
                    predicted[p as usize] += weight;
                    if t == p {
                        hits[t as usize] += weight;
                    }
                }
                let classes = chosen.unwrap_or_else(|| pairs.classes.to_vec());
                let of = |counts: &[f64]| -> Vec<f64> {
                    let at = |c| pairs.classes.binary_search(c);
                    classes
                        .iter()
                        .map(|c| at(c).map_or(0.0, |i| counts[i]))
                        .collect()
                };
                let found = (of(&hits), of(&predicted), of(&truth));
                (classes, found.0, found.1, found.2)
            }
            Both::Columns(columns) => {
                let classes = chosen.unwrap_or_else(|| columns.classes());
                let at = columns.columns_of(&classes)?;
                let [mut hits, mut predicted, mut truth] = [
                    vec![0.0; at.len()],
                    vec![0.0; at.len()],
                    vec![0.0; at.len()],
                ];
                for i in 0..columns.n {
                    let (t, p) = columns.row(i);
                    let weight = columns.weight(i);
                    for (to, &j) in at.iter().enumerate() {
                        truth[to] += if t[j] { weight } else { 0.0 };
                        predicted[to] += if p[j] { weight } else { 0.0 };
                        hits[to] += if t[j] && p[j] { weight } else { 0.0 };
                    }
                }
                (classes, hits, predicted, truth)
            }
        };
        let mut counts = Array3::zeros((classes.len(), 2, 2));
        for k in 0..classes.len() {
            let (tp, fp, fneg) = (hits[k], predicted[k] - hits[k], truth[k] - hits[k]);
            let cells = [[total - tp - fp - fneg, fp], [fneg, tp]];
            counts
                .slice_mut(s![k, .., ..])
                .assign(&ndarray::arr2(&cells));
        }
        Ok(MultilabelConfusionMatrix {
            names: classes,
            counts,
        })
    }

    /// The classes in the order of the matrices; the numbers of the columns, of several labels; of the rows, made
    /// samplewise.
    pub fn classes(&self) -> &[Class] {
        &self.names
    }

    /// The matrices, (n_classes, 2, 2): `[[tn, fp], [fn, tp]]` for each class, counted by weight.
    pub fn counts(&self) -> &Array3<f64> {
        &self.counts
    }
}

/// A line for each class: tn, fp, fn, tp.
impl fmt::Display for MultilabelConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.names.iter().map(Class::to_string).collect();
        let stub = names.iter().map(|n| n.chars().count()).fold(5, usize::max);
        let cells = self.counts.map(f64::to_string);
        let width = cells.iter().map(|c| c.chars().count()).fold(2, usize::max);
        write!(f, "{:>stub$}", "class")?;
        for name in ["tn", "fp", "fn", "tp"] {
            write!(f, "  {name:>width$}")?;
        }
        for (name, cells) in names.iter().zip(cells.outer_iter()) {
            write!(f, "\n{name:>stub$}")?;
            for cell in cells {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}
