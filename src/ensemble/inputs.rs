//! What stacks and bags ask of samples and targets beyond the common contract.

use std::borrow::Borrow;

use ndarray::{Array2, ArrayRef, ArrayRef2, Axis};

use crate::boxed::Input;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::Labels;
use crate::table::{Columns, Table};
use crate::targets::{TargetDim, Targets, Weighted};

/// Samples as a matrix, for the estimator on top of a stack that sees them too.
#[diagnostic::on_unimplemented(message = "`{Self}` cannot stand beside predictions in a matrix")]
pub trait StackInput: Input<Float: Float> {
    /// The samples as numbers.
    ///
    /// # Errors
    /// `WrongColumnKind` for a column of texts.
    fn numbers(&self) -> Result<Array2<Self::Float>>;
}

impl<F: Float> StackInput for ArrayRef2<F> {
    fn numbers(&self) -> Result<Array2<F>> {
        Ok(self.to_owned())
    }
}

impl StackInput for Table {
    fn numbers(&self) -> Result<Array2<f64>> {
        self.to_matrix()
    }
}

/// Samples of which some columns can be taken.
#[diagnostic::on_unimplemented(message = "columns of `{Self}` cannot be drawn")]
pub trait BagInput: Input<Float: Float> {
    /// These columns, in this order.
    ///
    /// # Errors
    /// `InvalidInput` for a column twice where columns have names.
    fn some_columns(&self, columns: &[usize]) -> Result<Self::Owned>;

    /// The numbers of a matrix are finite, so that a bad one is found in whatever column it is. Estimators of tables decide for
    /// themselves.
    ///
    /// # Errors
    /// `NonFinite`.
    fn check_values(&self) -> Result<()> {
        Ok(())
    }
}

impl<F: Float> BagInput for ArrayRef2<F> {
    fn some_columns(&self, columns: &[usize]) -> Result<Array2<F>> {
        crate::samples::check_rows(columns, self.ncols())?;
        Ok(ArrayRef2::select(self, Axis(1), columns))
    }
    fn check_values(&self) -> Result<()> {
        crate::check::finite(self, "X")
    }
}

impl BagInput for Table {
    fn some_columns(&self, columns: &[usize]) -> Result<Table> {
        let mut seen = std::collections::HashSet::new();
        if let Some(column) = columns.iter().find(|c| !seen.insert(**c)) {
            let reason = format!("column {column} twice; a table has each name once");
            return Err(Error::invalid_input("columns that were drawn", reason));
        }
        let columns = columns
            .iter()
            .map(|&c| isize::try_from(c).unwrap_or(isize::MAX));
        self.select_columns(&Columns::indices(columns))
    }
}

/// A target that may carry weights, and the same without.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a target whose rows can be drawn")]
pub trait BagTarget: Targets {
    /// The target without weights.
    type Plain: Targets + ?Sized;

    /// These rows, without weights.
    ///
    /// # Errors
    /// `InvalidInput` when a position is out of range.
    fn plain_rows(&self, rows: &[usize]) -> Result<<Self::Plain as Targets>::Owned>;
}

impl BagTarget for Labels {
    type Plain = Labels;
    fn plain_rows(&self, rows: &[usize]) -> Result<Labels> {
        Targets::select(self, rows)
    }
}

impl<F: Float, D: TargetDim> BagTarget for ArrayRef<F, D> {
    type Plain = Self;
    fn plain_rows(&self, rows: &[usize]) -> Result<<Self as Targets>::Owned> {
        Targets::select(self, rows)
    }
}

impl<Y: BagTarget + ?Sized> BagTarget for Weighted<Y> {
    type Plain = Y::Plain;
    fn plain_rows(&self, rows: &[usize]) -> Result<<Y::Plain as Targets>::Owned> {
        Borrow::<Y>::borrow(self.target()).plain_rows(rows)
    }
}
