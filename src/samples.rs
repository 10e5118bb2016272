//! What models are fitted on.

use std::borrow::Borrow;

use ndarray::{Array2, ArrayBase, ArrayRef2, Axis, Data, Ix2};

use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;

/// Rows to learn from: a dense array, a [`Table`](crate::table::Table).
///
/// Combinators (pipelines, searches, cross-validation) are generic over it. Owned arrays, views and slices reach the one
/// implementation for [`ArrayRef2`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of samples",
    label = "expected a 2-dimensional `ndarray` array of `f32` or `f64`, or a `Table`",
    note = "convert rows with `fitwell::to_matrix(&rows)?`, or read a file with `Table::from_csv`"
)]
pub trait Samples: Sync {
    /// What a selection of rows gives.
    type Owned: Borrow<Self> + Send + Sync;

    /// The number of rows.
    fn n_samples(&self) -> usize;

    /// The number of columns.
    fn n_features(&self) -> usize;

    /// The names of the columns, where they have names.
    fn feature_names(&self) -> Option<Vec<String>> {
        None
    }

    /// The rows at the given positions, in that order; a position may repeat.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn select(&self, rows: &[usize]) -> Result<Self::Owned>;

    /// What tells these samples from others, but for chance: of their values where they are known, of their shape
    /// otherwise.
    #[doc(hidden)]
    fn fingerprint(&self) -> u64 {
        fingerprint([self.n_samples() as u64, self.n_features() as u64])
    }
}

/// A 64-bit hash of numbers in order: Fowler, Noll and Vo's 1a on whole words, the high half mixed in.
pub(crate) fn fingerprint(values: impl IntoIterator<Item = u64>) -> u64 {
    values
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, value| {
            let hash = (hash ^ value).wrapping_mul(0x0000_0100_0000_01b3);
            hash ^ (hash >> 32)
        })
}

impl<F: Float> Samples for ArrayRef2<F> {
    type Owned = Array2<F>;

    fn n_samples(&self) -> usize {
        self.nrows()
    }

    fn n_features(&self) -> usize {
        self.ncols()
    }

    fn select(&self, rows: &[usize]) -> Result<Array2<F>> {
        check_rows(rows, self.nrows())?;
        let width = self.ncols();
        let (Some(values), true) = (self.as_slice(), width > 0) else {
            return Ok(ArrayRef2::select(self, Axis(0), rows));
        };
        // Rows whose values lie one after the other are copied whole.
        let row = |row: usize| &values[row * width..(row + 1) * width];
        let chunk = parallel::row_chunks(rows.len(), width);
        if rows.len() <= chunk {
            let mut selected = Vec::with_capacity(rows.len() * width);
            rows.iter()
                .for_each(|&i| selected.extend_from_slice(row(i)));
            return Array2::from_shape_vec((rows.len(), width), selected)
                .map_err(|_| Error::shape("values of a selection", rows.len() * width, 0));
        }
        let mut selected = parallel::fresh((rows.len(), width));
        parallel::for_each_row_chunk_mut(&mut selected, chunk, |first, mut block| {
            for (mut to, &i) in block.rows_mut().into_iter().zip(&rows[first..]) {
                if let Some(to) = to.as_slice_mut() {
                    to.copy_from_slice(row(i));
                }
            }
        });
        Ok(selected)
    }

    fn fingerprint(&self) -> u64 {
        fingerprint(self.iter().map(|v| v.f64().to_bits()))
    }
}

/// [`Samples`] in any container: what generic functions such as
/// [`cross_validate`](crate::model_selection::cross_validate) accept, so that an owned array or a view can be passed as it is.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a set of samples",
    label = "expected a 2-dimensional `ndarray` array of `f32` or `f64`, or a `Table`"
)]
pub trait AsSamples {
    /// The samples inside: [`ArrayRef2`] for arrays, the type itself otherwise.
    type Samples: Samples + ?Sized;

    /// The samples inside.
    fn as_samples(&self) -> &Self::Samples;
}

impl<X: Samples + ?Sized> AsSamples for X {
    type Samples = X;
    fn as_samples(&self) -> &X {
        self
    }
}

impl<F: Float, S: Data<Elem = F>> AsSamples for ArrayBase<S, Ix2, F> {
    type Samples = ArrayRef2<F>;
    fn as_samples(&self) -> &ArrayRef2<F> {
        self
    }
}

/// Every position is below `n`.
pub(crate) fn check_rows(rows: &[usize], n: usize) -> Result<()> {
    match rows.iter().find(|&&row| row >= n) {
        Some(row) => Err(Error::invalid_input(
            "selection",
            format!("row {row} of {n} rows"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ndarray::s;

    use super::*;

    #[test]
    fn fingerprints_depend_on_values_and_order() {
        let of = |values: &[f64]| fingerprint(values.iter().map(|v| v.to_bits()));
        assert_ne!(of(&[1.0, 2.0]), of(&[2.0, 1.0]));
        assert_ne!(of(&[1.0, 2.0]), of(&[1.0, 2.0 + 2.0 * f64::EPSILON]));
        assert_ne!(of(&[1.0]), of(&[1.0, 0.0]));
    }

    #[test]
    fn rows_are_selected_from_every_layout() {
        let x = Array2::from_shape_fn((7, 3), |(i, j)| (10 * i + j) as f64);
        let rows = [6, 0, 6, 3];
        let expected = Array2::from_shape_fn((4, 3), |(i, j)| (10 * rows[i] + j) as f64);
        let columns_first = x.t().as_standard_layout().into_owned().reversed_axes();
        assert_eq!(Samples::select(&*x, &rows).ok(), Some(expected.clone()));
        assert_eq!(Samples::select(&*columns_first, &rows).ok(), Some(expected));
        let part = x.slice(s![..;2, ..2]);
        let part = Samples::select(&*part, &[3]).ok();
        assert_eq!(part, Some(ndarray::array![[60.0, 61.0]]));
        let empty = Samples::select(&*x, &[]).ok();
        assert_eq!(empty.map(|e| e.dim()), Some((0, 3)));
        let narrow = Array2::<f64>::zeros((2, 0));
        assert_eq!(
            Samples::select(&*narrow, &[1, 1]).ok().map(|n| n.dim()),
            Some((2, 0))
        );
        assert!(Samples::select(&*x, &[7]).is_err());
        // More than one chunk.
        let x = Array2::from_shape_fn((300, 700), |(i, j)| (1000 * i + j) as f32);
        let rows: Vec<usize> = (0..300).map(|i| (7 * i) % 300).collect();
        let found = Samples::select(&*x, &rows).ok();
        assert_eq!(found, Some(x.select(Axis(0), &rows)));
    }
}
