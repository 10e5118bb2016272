//! Accuracy and its losses, balanced accuracy, the confusion matrix.

use std::fmt;

use ndarray::{Array1, Array2, Axis};

use super::pairs::{Pairs, check_distinct};
use super::sum::sum;
use super::target::{Both, ClassificationTarget};
use crate::error::{Error, Result};
use crate::labels::{Class, Labels};
use crate::targets::ClassTarget;

/// The fraction of rows whose class is predicted right, Σ wᵢ \[yᵢ = ŷᵢ\] / Σ wᵢ; of several labels in columns, of rows
/// with every label right.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `InvalidInput` for weights that are negative or all zero, when one side holds
/// integers and the other texts, or for labels in columns that are neither 0 nor 1.
///
/// ```
/// use fitwell::{metrics::accuracy_score, prelude::*};
/// use ndarray::array;
///
/// let (y, predicted) = (Labels::from([0, 1, 1]), Labels::from([0, 1, 0]));
/// assert!((accuracy_score(&y, &predicted)? - 2.0 / 3.0).abs() < 1e-15);
/// assert!((accuracy_score(&y.weighted(&array![1.0, 1.0, 2.0]), &predicted)? - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn accuracy_score<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<f64> {
    let both = y_true.compared(y_pred)?.0;
    Ok(both.right() / both.total_weight())
}

/// How many rows are predicted right, or the sum of their weights: scikit-learn's `accuracy_score(normalize=False)`.
///
/// # Errors
/// As [`accuracy_score`].
pub fn accuracy_count<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<f64> {
    Ok(y_true.compared(y_pred)?.0.right())
}

/// The fraction of rows that are predicted wrong, 1 − accuracy; of several labels, of rows with any label wrong.
///
/// # Errors
/// As [`accuracy_score`].
///
/// ```
/// use fitwell::{metrics::zero_one_loss, prelude::*};
///
/// assert_eq!(zero_one_loss(&Labels::from([0, 1, 1, 2]), &Labels::from([0, 1, 2, 2]))?, 0.25);
/// # Ok::<(), Error>(())
/// ```
pub fn zero_one_loss<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<f64> {
    Ok(1.0 - accuracy_score(y_true, y_pred)?)
}

/// How many rows are predicted wrong, or the sum of their weights: scikit-learn's `zero_one_loss(normalize=False)`.
///
/// # Errors
/// As [`accuracy_score`].
pub fn zero_one_count<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<f64> {
    let both = y_true.compared(y_pred)?.0;
    Ok(both.total_weight() - both.right())
}

/// The fraction of labels that are predicted wrong: of one class for each row the zero-one loss, of several labels in
/// columns Σᵢ wᵢ Σⱼ \[yᵢⱼ ≠ ŷᵢⱼ\] / (k Σ wᵢ) for k labels.
///
/// # Errors
/// As [`accuracy_score`].
///
/// ```
/// use fitwell::{metrics::hamming_loss, prelude::*};
/// use ndarray::array;
///
/// let loss = hamming_loss(&array![[1.0, 0.0], [1.0, 1.0]], &array![[1.0, 0.0], [0.0, 1.0]])?;
/// assert_eq!(loss, 0.25);
/// # Ok::<(), Error>(())
/// ```
pub fn hamming_loss<Y: ClassificationTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Y::Predicted,
) -> Result<f64> {
    let both = y_true.compared(y_pred)?.0;
    match &both {
        Both::Classes(_) => Ok((both.total_weight() - both.right()) / both.total_weight()),
        Both::Columns(columns) => {
            let wrong = sum(columns.n, |i| {
                let (truth, predicted) = columns.row(i);
                let wrong = truth.iter().zip(predicted).filter(|(t, p)| t != p).count();
                columns.weight(i) * wrong as f64
            });
            Ok(wrong / (both.total_weight() * columns.k as f64))
        }
    }
}

/// The mean over the true classes of the fraction of their rows that is predicted right: accuracy as if all classes were
/// equally frequent.
///
/// Classes that are only predicted do not count.
///
/// # Errors
/// As [`accuracy_score`].
///
/// ```
/// use fitwell::{metrics::balanced_accuracy_score, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 0, 0, 1]), Labels::from([0, 0, 0, 0]));
/// assert!((balanced_accuracy_score(&y, &predicted)? - 0.5).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn balanced_accuracy_score<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Labels,
) -> Result<f64> {
    let recalls = recalls(y_true, y_pred)?;
    Ok(recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// The balanced accuracy so that guessing scores 0 and perfection 1: (b − 1/k) / (1 − 1/k) for k true classes;
/// scikit-learn's `balanced_accuracy_score(adjusted=True)`.
///
/// # Errors
/// As [`accuracy_score`]; `InvalidInput` when only one class is true (scikit-learn returns NaN).
///
/// ```
/// use fitwell::{metrics::balanced_accuracy_score_adjusted, prelude::*};
///
/// let (y, predicted) = (Labels::from([0, 0, 0, 1]), Labels::from([0, 0, 0, 0]));
/// assert!(balanced_accuracy_score_adjusted(&y, &predicted)?.abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
pub fn balanced_accuracy_score_adjusted<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Labels,
) -> Result<f64> {
    let recalls = recalls(y_true, y_pred)?;
    if recalls.len() < 2 {
        let reason = "not defined when only one class is true";
        return Err(Error::invalid_input("adjusted balanced accuracy", reason));
    }
    let chance = 1.0 / recalls.len() as f64;
    let score = recalls.iter().sum::<f64>() * chance;
    Ok((score - chance) / (1.0 - chance))
}

/// The recall of each true class.
fn recalls<Y: ClassTarget + ?Sized>(y_true: &Y, y_pred: &Labels) -> Result<Vec<f64>> {
    let counts = confusion_matrix(y_true, y_pred)?.counts;
    Ok((0..counts.nrows())
        .filter_map(|k| {
            let support = counts.row(k).sum();
            (support > 0.0).then(|| counts[[k, k]] / support)
        })
        .collect())
}

/// How often each class was predicted for each true class.
///
/// ```
/// use fitwell::{metrics::{Normalize, confusion_matrix}, prelude::*};
/// use ndarray::array;
///
/// let y = Labels::from(["cat", "cat", "dog", "dog"]);
/// let matrix = confusion_matrix(&y, &Labels::from(["cat", "dog", "dog", "dog"]))?;
/// assert_eq!(matrix.counts(), &array![[1.0, 1.0], [0.0, 2.0]]);
/// assert_eq!(matrix.normalized(Normalize::True), array![[0.5, 0.5], [0.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
///
/// # Errors
/// As [`accuracy_score`].
pub fn confusion_matrix<Y: ClassTarget + ?Sized>(
    y_true: &Y,
    y_pred: &Labels,
) -> Result<ConfusionMatrix> {
    let pairs = Pairs::new(y_true, y_pred)?;
    let classes = pairs.classes.to_vec();
    Ok(ConfusionMatrix::count(&pairs, classes))
}

/// Row: the true class; column: the predicted class; cell: the number of rows, or the sum of their weights.
///
/// Made by [`confusion_matrix`] over the classes that occur, or by [`ConfusionMatrix::of_classes`] over chosen ones.
#[derive(Clone, Debug, PartialEq)]
pub struct ConfusionMatrix {
    classes: Vec<Class>,
    counts: Array2<f64>,
}

/// What the cells of a confusion matrix are divided by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Normalize {
    /// The true class's total: rows sum to 1, the diagonal is recall.
    True,
    /// The predicted class's total: columns sum to 1, the diagonal is precision.
    Pred,
    /// The grand total.
    All,
}

impl ConfusionMatrix {
    /// The matrix of the given classes, in that order. Rows whose true or predicted class is another do not count.
    ///
    /// # Errors
    /// As [`accuracy_score`]; `EmptyInput` for no classes; `InvalidInput` for a class that is there twice or when none
    /// of them is in `y_true`.
    pub fn of_classes<Y, C>(
        y_true: &Y,
        y_pred: &Labels,
        classes: impl IntoIterator<Item = C>,
    ) -> Result<Self>
    where
        Y: ClassTarget + ?Sized,
        C: Into<Class>,
    {
        let classes: Vec<Class> = classes.into_iter().map(Into::into).collect();
        check_distinct(&classes, "classes of the confusion matrix")?;
        let pairs = Pairs::new(y_true, y_pred)?;
        if !classes.iter().any(|c| pairs.truth.iter().any(|t| t == c)) {
            let reason = "none of the classes is in y_true";
            return Err(Error::invalid_input("confusion matrix", reason));
        }
        Ok(Self::count(&pairs, classes))
    }

    fn count(pairs: &Pairs<'_>, classes: Vec<Class>) -> Self {
        let place: Vec<Option<usize>> = pairs
            .classes
            .iter()
            .map(|c| classes.iter().position(|k| k == c))
            .collect();
        let mut counts = Array2::zeros((classes.len(), classes.len()));
        let cells = pairs.truth.codes().iter().zip(pairs.predicted.codes());
        for (row, (&t, &p)) in cells.enumerate() {
            if let (Some(t), Some(p)) = (place[t as usize], place[p as usize]) {
                counts[[t, p]] += pairs.weight(row);
            }
        }
        ConfusionMatrix { classes, counts }
    }

    /// The classes, in the order of rows and columns.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The cells, (n_classes, n_classes): rows are true classes, columns predicted ones.
    pub fn counts(&self) -> &Array2<f64> {
        &self.counts
    }

    /// The cells as fractions; a fraction of nothing is 0.
    pub fn normalized(&self, by: Normalize) -> Array2<f64> {
        let totals: Array2<f64> = match by {
            Normalize::True => self.counts.sum_axis(Axis(1)).insert_axis(Axis(1)),
            Normalize::Pred => self.counts.sum_axis(Axis(0)).insert_axis(Axis(0)),
            Normalize::All => Array1::from_elem(1, self.counts.sum()).insert_axis(Axis(0)),
        };
        let mut out = &self.counts / &totals;
        out.mapv_inplace(|v| if v.is_finite() { v } else { 0.0 });
        out
    }
}

/// The matrix with its classes: true classes down, predicted ones across.
impl fmt::Display for ConfusionMatrix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.classes.iter().map(Class::to_string).collect();
        let cells = self.counts.map(f64::to_string);
        let stub = names
            .iter()
            .map(|n| n.chars().count())
            .fold("true \\ predicted".len(), usize::max);
        let width = cells
            .iter()
            .chain(&names)
            .map(|c| c.chars().count())
            .fold(0, usize::max);
        write!(f, "{:>stub$}", "true \\ predicted")?;
        for name in &names {
            write!(f, "  {name:>width$}")?;
        }
        for (name, row) in names.iter().zip(cells.rows()) {
            write!(f, "\n{name:>stub$}")?;
            for cell in row {
                write!(f, "  {cell:>width$}")?;
            }
        }
        Ok(())
    }
}
