//! What predicted classes are compared with: classes, or several labels in columns.

use ndarray::{Array1, ArrayBase, ArrayRef2, Data, Ix2};

use super::pairs::{Pairs, check_weights, same_length, total_weight};
use super::sum::sum;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::targets::{ClassTarget, Targets, Weighted};

/// True classes, or true labels in columns, with or without weights: what metrics of classification take.
///
/// | target | predictions |
/// |---|---|
/// | [`Labels`]: one class for each row | [`Labels`] |
/// | a 2-dimensional array of zeros and ones, (n_samples, n_labels): several labels for each row | the same |
///
/// Labels in columns are what [`MultiLabelBinarizer`](crate::preprocessing::MultiLabelBinarizer) makes and networks of
/// several labels predict; their classes are the numbers of the columns, from 0.
///
/// ```
/// use fitwell::{metrics::{Average, accuracy_score, f1_score}, prelude::*};
/// use ndarray::array;
///
/// let y = array![[1.0, 0.0], [1.0, 1.0]];
/// let predicted = array![[1.0, 0.0], [0.0, 1.0]];
/// assert_eq!(accuracy_score(&y, &predicted)?, 0.5); // rows with every label right
/// assert_eq!(accuracy_score(&y.weighted(&array![1.0, 3.0]), &predicted)?, 0.25);
/// assert!((f1_score(&y, &predicted, &Average::Samples)? - 5.0 / 6.0).abs() < 1e-15);
/// # Ok::<(), Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no target of classes or of labels in columns",
    label = "expected `Labels`, or a 2-dimensional array of zeros and ones, either of them `weighted`"
)]
pub trait ClassificationTarget {
    /// What predictions are: `Labels` for classes, a 2-dimensional array for labels in columns.
    type Predicted: ?Sized;

    #[doc(hidden)]
    fn compared<'a>(&'a self, predicted: &Self::Predicted) -> Result<Compared<'a>>;
}

impl<Y: ClassTarget + ?Sized> ClassificationTarget for Y {
    type Predicted = Labels;
    fn compared<'a>(&'a self, predicted: &Labels) -> Result<Compared<'a>> {
        Ok(Compared(Both::Classes(Pairs::new(self, predicted)?)))
    }
}

impl<F: Float> ClassificationTarget for ArrayRef2<F> {
    type Predicted = ArrayRef2<F>;
    fn compared<'a>(&'a self, predicted: &ArrayRef2<F>) -> Result<Compared<'a>> {
        Ok(Compared(Both::Columns(Columns::new(
            self, predicted, None,
        )?)))
    }
}

impl<F: Float> ClassificationTarget for Weighted<ArrayRef2<F>> {
    type Predicted = ArrayRef2<F>;
    fn compared<'a>(&'a self, predicted: &ArrayRef2<F>) -> Result<Compared<'a>> {
        let columns = Columns::new(self.target(), predicted, self.sample_weight())?;
        Ok(Compared(Both::Columns(columns)))
    }
}

impl<F: Float, S: Data<Elem = F>> ClassificationTarget for ArrayBase<S, Ix2, F> {
    type Predicted = ArrayRef2<F>;
    fn compared<'a>(&'a self, predicted: &ArrayRef2<F>) -> Result<Compared<'a>> {
        let truth: &ArrayRef2<F> = self;
        truth.compared(predicted)
    }
}

/// True and predicted side by side, checked.
#[doc(hidden)]
#[allow(unnameable_types)]
pub struct Compared<'a>(pub(super) Both<'a>);

pub(super) enum Both<'a> {
    Classes(Pairs<'a>),
    Columns(Columns<'a>),
}

/// Several labels for each row, true and predicted, row by row.
pub(super) struct Columns<'a> {
    pub(super) n: usize,
    pub(super) k: usize,
    pub(super) truth: Vec<bool>,
    pub(super) predicted: Vec<bool>,
    pub(super) weights: Option<&'a Array1<f64>>,
}

impl<'a> Columns<'a> {
    fn new<F: Float>(
        truth: &ArrayRef2<F>,
        predicted: &ArrayRef2<F>,
        weights: Option<&'a Array1<f64>>,
    ) -> Result<Self> {
        same_length(truth.nrows(), predicted.nrows())?;
        let (n, k) = truth.dim();
        if predicted.ncols() != k {
            return Err(Error::shape(
                "number of labels of y_pred",
                k,
                predicted.ncols(),
            ));
        }
        check_weights(weights, n)?;
        Ok(Columns {
            n,
            k,
            truth: indicators(truth, "y_true")?,
            predicted: indicators(predicted, "y_pred")?,
            weights,
        })
    }

    /// The numbers of the columns.
    pub(super) fn classes(&self) -> Vec<Class> {
        (0..self.k).map(Class::from).collect()
    }

    /// The columns that classes stand for.
    pub(super) fn columns_of(&self, classes: &[Class]) -> Result<Vec<usize>> {
        let column = |class: &Class| {
            let column = match class {
                Class::Int(c) => usize::try_from(*c).ok().filter(|&c| c < self.k),
                _ => None,
            };
            column.ok_or_else(|| {
                super::pairs::unknown_label("labels to score", class, &self.classes())
            })
        };
        classes.iter().map(column).collect()
    }

    pub(super) fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    /// True and predicted labels of a row.
    pub(super) fn row(&self, i: usize) -> (&[bool], &[bool]) {
        let cells = i * self.k..(i + 1) * self.k;
        (&self.truth[cells.clone()], &self.predicted[cells])
    }
}

/// Zeros and ones as booleans, row by row.
///
/// # Errors
/// `EmptyInput` without columns; `InvalidInput` for another value.
pub(super) fn indicators<F: Float>(values: &ArrayRef2<F>, what: &str) -> Result<Vec<bool>> {
    if values.ncols() == 0 {
        let what = format!("{what} (no columns)");
        return Err(ErrorKind::EmptyInput { what }.into());
    }
    let mut out = Vec::with_capacity(values.len());
    for ((row, column), &v) in values.indexed_iter() {
        if v != F::zero() && v != F::one() {
            let reason = format!("row {row}, column {column} is {v}; labels in columns are 0 or 1");
            return Err(Error::invalid_input(what, reason));
        }
        out.push(v == F::one());
    }
    Ok(out)
}

impl Both<'_> {
    pub(super) fn total_weight(&self) -> f64 {
        match self {
            Both::Classes(pairs) => pairs.total_weight(),
            Both::Columns(columns) => total_weight(columns.weights, columns.n),
        }
    }

    /// The weight of the rows that are predicted right in all their labels.
    pub(super) fn right(&self) -> f64 {
        match self {
            Both::Classes(pairs) => {
                let (truth, predicted) = (pairs.truth.codes(), pairs.predicted.codes());
                sum(pairs.len(), |i| {
                    if truth[i] == predicted[i] {
                        pairs.weight(i)
                    } else {
                        0.0
                    }
                })
            }
            Both::Columns(columns) => sum(columns.n, |i| {
                let (truth, predicted) = columns.row(i);
                if truth == predicted {
                    columns.weight(i)
                } else {
                    0.0
                }
            }),
        }
    }
}
