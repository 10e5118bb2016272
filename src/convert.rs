//! Dense input in other forms becomes a matrix.

use ndarray::{Array2, ArrayBase, Data, Ix2};

use crate::error::{Error, Result};

/// Rows of numbers in any common form, as the matrix that estimators take.
///
/// It takes a reference to vectors, slices or arrays of rows (`Vec<Vec<f64>>`, `[[f64; 3]]`, `Vec<&[f32]>`), values one row
/// after the other with the number of columns (`(&[f64], usize)`), and `ndarray` matrices of integers or booleans.
/// `f32` stays `f32`; every other number becomes `f64`, booleans 0 and 1. Values that are NaN or infinite are kept: what
/// they mean is for the estimator to say.
///
/// # Errors
/// `InvalidInput` when rows differ in length, when the values do not fill the last row, and when an integer lies beyond
/// ±2⁵³, where `f64` no longer holds every integer.
///
/// # Examples
/// ```
/// use fitwell::{prelude::*, to_matrix};
/// use ndarray::array;
///
/// let rows = vec![vec![1.0, 2.0], vec![3.0, 4.0]];
/// assert_eq!(to_matrix(&rows)?, array![[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(to_matrix(&[[1, 2, 3]])?, array![[1.0, 2.0, 3.0]]);
/// assert_eq!(to_matrix(&(&[1u8, 2, 3, 4][..], 2))?, array![[1.0, 2.0], [3.0, 4.0]]);
/// assert_eq!(to_matrix(&array![[true, false]])?, array![[1.0, 0.0]]);
///
/// let ragged = to_matrix(&[vec![1.0, 2.0], vec![3.0]]).unwrap_err();
/// assert_eq!(ragged.to_string(), "matrix: row 1 has 1 values, row 0 has 2");
/// # Ok::<(), Error>(())
/// ```
pub fn to_matrix<S: MatrixSource + ?Sized>(source: &S) -> Result<Array2<S::Float>> {
    source.matrix()
}

/// A number that a matrix can hold. Sealed: integers, floats and booleans.
pub trait Number: Copy + sealed::Sealed {
    /// The element type of the matrix: `f32` for `f32`, otherwise `f64`.
    type Float;

    /// The same value; `None` for integers beyond ±2⁵³.
    fn float(self) -> Option<Self::Float>;
}

/// One row of numbers: a vector, an array or a slice. Sealed.
pub trait MatrixRow: sealed::Sealed {
    /// What the row holds.
    type Number: Number;

    /// The values of the row.
    fn values(&self) -> &[Self::Number];
}

/// What [`to_matrix`] takes. Sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not become a matrix",
    label = "expected rows of numbers",
    note = "rows: `Vec<Vec<T>>`, `[Vec<T>]`, `[[T; N]]`, `Vec<&[T]>`; flat: `(&[T], number_of_columns)`; or an `ndarray` matrix",
    note = "`T` is `f64`, `f32`, `bool` or an integer of at most 64 bits"
)]
pub trait MatrixSource: sealed::Sealed {
    /// The element type of the matrix.
    type Float;

    /// The matrix; see [`to_matrix`].
    ///
    /// # Errors
    /// As [`to_matrix`].
    fn matrix(&self) -> Result<Array2<Self::Float>>;
}

#[allow(unnameable_types)]
mod sealed {
    pub trait Sealed {}
}

macro_rules! number {
    ($($t:ty => $float:ty, |$v:ident| $convert:expr;)+) => {$(
        impl sealed::Sealed for $t {}
        impl Number for $t {
            type Float = $float;
            #[inline]
            fn float(self) -> Option<$float> {
                let $v = self;
                $convert
            }
        }
    )+};
}
number! {
    f32 => f32, |v| Some(v);
    f64 => f64, |v| Some(v);
    bool => f64, |v| Some(f64::from(u8::from(v)));
    i8 => f64, |v| Some(f64::from(v));
    i16 => f64, |v| Some(f64::from(v));
    i32 => f64, |v| Some(f64::from(v));
    u8 => f64, |v| Some(f64::from(v));
    u16 => f64, |v| Some(f64::from(v));
    u32 => f64, |v| Some(f64::from(v));
    i64 => f64, |v| (v.unsigned_abs() <= EXACT).then_some(v as f64);
    isize => f64, |v| (v.unsigned_abs() as u64 <= EXACT).then_some(v as f64);
    u64 => f64, |v| (v <= EXACT).then_some(v as f64);
    usize => f64, |v| (v as u64 <= EXACT).then_some(v as f64);
}

/// Every integer up to here is an `f64`.
const EXACT: u64 = 1 << 53;

macro_rules! row {
    ($([$($generics:tt)*] $t:ty),+) => {$(
        impl<$($generics)*> sealed::Sealed for $t {}
        impl<$($generics)*> MatrixRow for $t
        where
            T: Number,
        {
            type Number = T;
            fn values(&self) -> &[T] {
                self
            }
        }
    )+};
}

// A vector or an array of rows is itself no row: `Number` and `MatrixRow` share no type.
impl<T> sealed::Sealed for [T] {}
impl<T> sealed::Sealed for (&[T], usize) {}
impl<T> sealed::Sealed for (Vec<T>, usize) {}
impl<T, S: Data<Elem = T>> sealed::Sealed for ArrayBase<S, Ix2, T> {}
row!([T] Vec<T>, [T, const N: usize] [T; N], [T] &[T]);

macro_rules! rows {
    ($([$($generics:tt)*] $t:ty),+) => {$(
        impl<$($generics)*> MatrixSource for $t {
            type Float = <R::Number as Number>::Float;
            fn matrix(&self) -> Result<Array2<Self::Float>> {
                from_rows(self)
            }
        }
    )+};
}
rows!([R: MatrixRow] Vec<R>, [R: MatrixRow] [R], [R: MatrixRow, const M: usize] [R; M], [R: MatrixRow] &[R]);

impl<T: Number> MatrixSource for (&[T], usize) {
    type Float = T::Float;
    fn matrix(&self) -> Result<Array2<T::Float>> {
        from_flat(self.0, self.1)
    }
}

impl<T: Number> MatrixSource for (Vec<T>, usize) {
    type Float = T::Float;
    fn matrix(&self) -> Result<Array2<T::Float>> {
        from_flat(&self.0, self.1)
    }
}

impl<T: Number, S: Data<Elem = T>> MatrixSource for ArrayBase<S, Ix2, T> {
    type Float = T::Float;
    fn matrix(&self) -> Result<Array2<T::Float>> {
        let mut values = Vec::with_capacity(self.len());
        for (i, row) in self.rows().into_iter().enumerate() {
            push(&mut values, row.iter().copied(), i)?;
        }
        shaped(self.dim(), values)
    }
}

fn from_rows<R: MatrixRow>(rows: &[R]) -> Result<Array2<<R::Number as Number>::Float>> {
    let n_columns = rows.first().map_or(0, |row| row.values().len());
    if let Some((i, row)) = (rows.iter().enumerate()).find(|(_, r)| r.values().len() != n_columns) {
        let found = row.values().len();
        return Err(refused(format!(
            "row {i} has {found} values, row 0 has {n_columns}"
        )));
    }
    let mut values = Vec::with_capacity(rows.len() * n_columns);
    for (i, row) in rows.iter().enumerate() {
        push(&mut values, row.values().iter().copied(), i)?;
    }
    shaped((rows.len(), n_columns), values)
}

fn from_flat<T: Number>(flat: &[T], n_columns: usize) -> Result<Array2<T::Float>> {
    if n_columns == 0 || !flat.len().is_multiple_of(n_columns) {
        let n = flat.len();
        return Err(refused(format!(
            "{n} values do not fill rows of {n_columns} columns"
        )));
    }
    let mut values = Vec::with_capacity(flat.len());
    for (i, row) in flat.chunks_exact(n_columns).enumerate() {
        push(&mut values, row.iter().copied(), i)?;
    }
    shaped((flat.len() / n_columns, n_columns), values)
}

fn push<T: Number>(
    values: &mut Vec<T::Float>,
    row: impl Iterator<Item = T>,
    i: usize,
) -> Result<()> {
    for (j, value) in row.enumerate() {
        let Some(value) = value.float() else {
            let reason = format!(
                "row {i}, column {j}: an integer beyond ±2^53 cannot be held exactly; scale it or split it"
            );
            return Err(refused(reason));
        };
        values.push(value);
    }
    Ok(())
}

fn shaped<F>(shape: (usize, usize), values: Vec<F>) -> Result<Array2<F>> {
    Array2::from_shape_vec(shape, values).map_err(|e| refused(e.to_string()))
}

fn refused(reason: String) -> Error {
    Error::invalid_input("matrix", reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Axis, array};

    #[test]
    fn every_form_gives_the_same_matrix() {
        let expected = array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
        let nested = vec![vec![1.0, 2.0, 3.0], vec![4.0, 5.0, 6.0]];
        assert_eq!(to_matrix(&nested).unwrap(), expected);
        assert_eq!(to_matrix(nested.as_slice()).unwrap(), expected);
        assert_eq!(to_matrix(&nested[..]).unwrap(), expected);
        assert_eq!(to_matrix(&&nested[..]).unwrap(), expected);
        assert_eq!(
            to_matrix(&[[1i8, 2, 3], [4, 5, 6]]).unwrap(),
            expected.clone()
        );
        assert_eq!(
            to_matrix(&vec![[1u64, 2, 3], [4, 5, 6]]).unwrap(),
            expected.clone()
        );
        let slices: Vec<&[f64]> = nested.iter().map(Vec::as_slice).collect();
        assert_eq!(to_matrix(&slices).unwrap(), expected);
        let flat: Vec<usize> = (1..=6).collect();
        assert_eq!(to_matrix(&(flat.as_slice(), 3)).unwrap(), expected);
        assert_eq!(to_matrix(&(flat, 3)).unwrap(), expected);
        let mut turned = array![[4i64, 5, 6], [1, 2, 3]];
        turned.invert_axis(Axis(0));
        assert_eq!(to_matrix(&turned.view()).unwrap(), expected);
        assert_eq!(to_matrix(&[[1.5f32]]).unwrap(), array![[1.5f32]]);
        assert_eq!(to_matrix(&[[true], [false]]).unwrap(), array![[1.0], [0.0]]);
    }

    #[test]
    fn the_integers_that_f64_holds_are_all_there_is() {
        let edge = 1i64 << 53;
        let kept = to_matrix(&[[edge, -edge, 0]]).unwrap();
        assert_eq!(kept.mapv(|v| v as i64), array![[edge, -edge, 0]]);
        for refused in [
            to_matrix(&[[0, 0], [0, edge + 1]]),
            to_matrix(&[[0, 0], [0, i64::MIN]]),
            to_matrix(&array![[0, 0], [0, u64::MAX]]),
            to_matrix(&(vec![0, 0, 0, usize::MAX], 2)),
        ] {
            let text = refused.unwrap_err().to_string();
            assert!(text.starts_with("matrix: row 1, column 1: "), "{text}");
        }
    }

    #[test]
    fn shapes_that_are_no_matrix_are_named() {
        let text = |r: Result<Array2<f64>>| r.unwrap_err().to_string();
        assert_eq!(
            text(to_matrix(&[vec![1, 2], vec![3, 4], vec![5, 6, 7]])),
            "matrix: row 2 has 3 values, row 0 has 2"
        );
        assert_eq!(
            text(to_matrix(&(&[1.0, 2.0, 3.0][..], 2))),
            "matrix: 3 values do not fill rows of 2 columns"
        );
        assert!(to_matrix(&(&[1.0][..], 0)).is_err());
        assert_eq!(to_matrix::<Vec<Vec<f64>>>(&vec![]).unwrap().dim(), (0, 0));
        assert_eq!(to_matrix::<[[f64; 3]; 0]>(&[]).unwrap().dim(), (0, 0));
        assert_eq!(
            to_matrix(&vec![Vec::<f64>::new(); 4]).unwrap().dim(),
            (4, 0)
        );
    }
}
