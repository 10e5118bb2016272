//! What models are fitted on.

use std::borrow::Borrow;

use ndarray::{Array2, ArrayBase, ArrayRef2, Axis, Data, Ix2};

use crate::error::{Error, Result};
use crate::float::Float;

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
        Ok(ArrayRef2::select(self, Axis(0), rows))
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
    use super::*;

    #[test]
    fn fingerprints_depend_on_values_and_order() {
        let of = |values: &[f64]| fingerprint(values.iter().map(|v| v.to_bits()));
        assert_ne!(of(&[1.0, 2.0]), of(&[2.0, 1.0]));
        assert_ne!(of(&[1.0, 2.0]), of(&[1.0, 2.0 + 2.0 * f64::EPSILON]));
        assert_ne!(of(&[1.0]), of(&[1.0, 0.0]));
    }
}
