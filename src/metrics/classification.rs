//! Accuracy, balanced accuracy, the confusion matrix.

use std::fmt;

use ndarray::{Array1, Array2, Axis};

use super::pairs::{Pairs, check_distinct};
use super::sum::sum;
use crate::error::{Error, Result};
use crate::labels::{Class, Labels};
use crate::targets::ClassTarget;

/// The fraction of rows whose class is predicted right, Σ wᵢ \[yᵢ = ŷᵢ\] / Σ wᵢ.
///
/// # Errors
/// `EmptyInput`, `ShapeMismatch`; `InvalidInput` for weights that are negative or all zero, or when one side holds
/// integers and the other texts.
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
pub fn accuracy_score<Y: ClassTarget + ?Sized>(y_true: &Y, y_pred: &Labels) -> Result<f64> {
    let pairs = Pairs::new(y_true, y_pred)?;
    let (truth, predicted) = (pairs.truth.codes(), pairs.predicted.codes());
    let right = sum(pairs.len(), |i| {
        if truth[i] == predicted[i] {
            pairs.weight(i)
        } else {
            0.0
        }
    });
    Ok(right / pairs.total_weight())
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
    let counts = confusion_matrix(y_true, y_pred)?.counts;
    let recalls: Vec<f64> = (0..counts.nrows())
        .filter_map(|k| {
            let support = counts.row(k).sum();
            (support > 0.0).then(|| counts[[k, k]] / support)
        })
        .collect();
    Ok(recalls.iter().sum::<f64>() / recalls.len() as f64)
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
