//! What a part's step receives.

use ndarray::{Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::preprocessing::infinite_cell;
use crate::samples::Samples;
use crate::table::{Columns, Table};

/// What a part's step receives: [`Numeric`], [`Mixed`], [`Whole`] or, for columns that are left out, [`Dropped`]. Sealed.
pub trait Kind: sealed::Sealed {
    /// How model files name the kind.
    const NAME: &'static str;
    /// Whether the step receives all of the samples, as they are.
    const WHOLE: bool = false;
    /// Whether the step receives numbers alone.
    const NUMERIC: bool = false;
}

/// What a part's step receives of samples `X`. Sealed.
#[diagnostic::on_unimplemented(
    message = "a part of kind `{Self}` cannot take columns of `{X}`",
    note = "`.part(name, columns, step)` takes columns of a `Table`; over a matrix use `.numeric(name, columns, step)`"
)]
pub trait PartKind<X: ?Sized>: Kind {
    /// The samples the step receives.
    type Samples: Samples + ?Sized;

    /// The positions of the columns that are meant.
    ///
    /// # Errors
    /// `UnknownColumn` and `InvalidInput`, as [`Columns::resolve`].
    fn choose(x: &X, columns: &Columns) -> Result<Vec<usize>>;

    /// Calls `f` with these columns.
    ///
    /// # Errors
    /// `WrongColumnKind` for a column that the kind does not hold, and those of `f`.
    fn with<R>(x: &X, columns: &[usize], f: impl FnOnce(&Self::Samples) -> Result<R>) -> Result<R>;
}

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Numeric {}
    impl Sealed for super::Mixed {}
    impl Sealed for super::Whole {}
    impl Sealed for super::Dropped {}
}

/// The step receives a matrix: columns of a matrix, or of a table: numbers, booleans as 0 and 1, missing values as NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Numeric;

/// The step receives a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mixed;

/// The step receives all of the samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whole;

/// The columns are left out; what the step receives does not matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dropped;

impl Kind for Dropped {
    const NAME: &'static str = "Dropped";
}

impl Kind for Numeric {
    const NAME: &'static str = "Numeric";
    const NUMERIC: bool = true;
}

impl Kind for Mixed {
    const NAME: &'static str = "Mixed";
}

impl Kind for Whole {
    const NAME: &'static str = "Whole";
    const WHOLE: bool = true;
}

impl PartKind<Table> for Numeric {
    type Samples = ArrayRef2<f64>;
    fn choose(x: &Table, columns: &Columns) -> Result<Vec<usize>> {
        columns.resolve(x)
    }
    fn with<R>(
        x: &Table,
        columns: &[usize],
        f: impl FnOnce(&ArrayRef2<f64>) -> Result<R>,
    ) -> Result<R> {
        // The matrix has no names; an error about one of its values says which column of the table it is in.
        f(&x.matrix_of(columns)?).map_err(|e| match e.kind() {
            &ErrorKind::NonFinite {
                row,
                column: Some(column),
                value,
                ..
            } if e.context().is_empty() => match columns.get(column).and_then(|&c| x.name_at(c)) {
                Some(name) => infinite_cell(name, row, value),
                None => e,
            },
            _ => e,
        })
    }
}

impl<F: Float> PartKind<ArrayRef2<F>> for Numeric {
    type Samples = ArrayRef2<F>;
    fn choose(x: &ArrayRef2<F>, columns: &Columns) -> Result<Vec<usize>> {
        columns.resolve_matrix(x.ncols())
    }
    fn with<R>(
        x: &ArrayRef2<F>,
        columns: &[usize],
        f: impl FnOnce(&ArrayRef2<F>) -> Result<R>,
    ) -> Result<R> {
        if columns.len() == x.ncols() && columns.iter().copied().eq(0..x.ncols()) {
            return f(x);
        }
        let selected: Array2<F> = x.select(Axis(1), columns);
        // An error inside a step of several is about that step's own input.
        f(&selected).map_err(|e| match e.context().is_empty() {
            true => e.at_columns(columns),
            false => e,
        })
    }
}

impl PartKind<Table> for Mixed {
    type Samples = Table;
    fn choose(x: &Table, columns: &Columns) -> Result<Vec<usize>> {
        columns.resolve(x)
    }
    fn with<R>(x: &Table, columns: &[usize], f: impl FnOnce(&Table) -> Result<R>) -> Result<R> {
        f(&x.take_columns(columns))
    }
}

impl<X: Samples + ?Sized> PartKind<X> for Whole {
    type Samples = X;
    fn choose(x: &X, _: &Columns) -> Result<Vec<usize>> {
        Ok((0..x.n_features()).collect())
    }
    fn with<R>(x: &X, _: &[usize], f: impl FnOnce(&X) -> Result<R>) -> Result<R> {
        f(x)
    }
}

impl PartKind<Table> for Dropped {
    type Samples = Table;
    fn choose(x: &Table, columns: &Columns) -> Result<Vec<usize>> {
        columns.resolve(x)
    }
    fn with<R>(x: &Table, _: &[usize], f: impl FnOnce(&Table) -> Result<R>) -> Result<R> {
        f(x)
    }
}

impl<F: Float> PartKind<ArrayRef2<F>> for Dropped {
    type Samples = ArrayRef2<F>;
    fn choose(x: &ArrayRef2<F>, columns: &Columns) -> Result<Vec<usize>> {
        columns.resolve_matrix(x.ncols())
    }
    fn with<R>(
        x: &ArrayRef2<F>,
        _: &[usize],
        f: impl FnOnce(&ArrayRef2<F>) -> Result<R>,
    ) -> Result<R> {
        f(x)
    }
}
