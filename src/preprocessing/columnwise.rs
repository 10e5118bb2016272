//! Arithmetic with two numbers for each column: (x − a) / b and the like.

use std::sync::atomic::{AtomicBool, Ordering};

use ndarray::{ArrayRef2, ArrayView1, ArrayView2, Zip, s};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::{linalg, parallel};

/// Narrow rows are put side by side, up to this width.
const LANES: usize = 128;

/// Two numbers for each column.
pub(crate) struct Columns {
    a: Vec<f64>,
    b: Vec<f64>,
}

impl Columns {
    pub(crate) fn new<'a, F: Float>(
        a: impl IntoIterator<Item = &'a F>,
        b: impl IntoIterator<Item = &'a F>,
    ) -> Self {
        Columns {
            a: a.into_iter().map(|v| v.f64()).collect(),
            b: b.into_iter().map(|v| v.f64()).collect(),
        }
    }
}

/// out = op(x, a, b), with a and b for each column.
///
/// # Errors
/// `ShapeMismatch`; `NonFinite` for an infinite value of x; `Overflow` for another infinite result.
pub(crate) fn map_or_explain<F: Float>(
    x: &ArrayRef2<F>,
    out: &mut ArrayRef2<F>,
    columns: &Columns,
    op: impl Fn(F, F, F) -> F + Sync,
    estimator: &str,
) -> Result<()> {
    same_shape(x, out)?;
    if map_columns(x, out, &columns.a, &columns.b, op) {
        return Ok(());
    }
    first_infinity(x)?;
    Err(super::overflow(estimator, "a transformed value"))
}

/// The output has the shape of the input.
pub(crate) fn same_shape<F>(x: &ArrayRef2<F>, out: &ArrayRef2<F>) -> Result<()> {
    let pairs = [
        ("number of rows of out", x.nrows(), out.nrows()),
        ("number of columns of out", x.ncols(), out.ncols()),
    ];
    match pairs.iter().find(|(_, x, out)| x != out) {
        Some((what, x, out)) => Err(Error::shape(*what, *x, *out)),
        None => Ok(()),
    }
}

/// Up to this many values are worth no preparation: a row to predict, a few rows.
const FEW: usize = 256;

/// out = op(x, a, b), with a and b for each column. False if a result is infinite.
pub(crate) fn map_columns<F: Float>(
    x: &ArrayRef2<F>,
    out: &mut ArrayRef2<F>,
    a: &[f64],
    b: &[f64],
    op: impl Fn(F, F, F) -> F + Sync,
) -> bool {
    if x.len() <= FEW {
        let mut finite = true;
        for (x, mut out) in x.rows().into_iter().zip(out.rows_mut()) {
            for ((x, out), (a, b)) in x.iter().zip(&mut out).zip(a.iter().zip(b)) {
                *out = op(*x, F::of(*a), F::of(*b));
                finite &= !out.is_infinite();
            }
        }
        return finite;
    }
    let (a, b) = side_by_side(a, b, x.nrows());
    let infinite = AtomicBool::new(false);
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    parallel::for_each_row_chunk_mut(out, chunk, |first, mut block| {
        let rows = x.slice(s![first..first + block.nrows(), ..]);
        let all_finite = match (rows.as_slice(), block.as_slice_mut()) {
            (Some(x), Some(out)) => linalg::simd(
                #[inline(always)]
                || map_block(x, out, &a, &b, &op),
            ),
            (None, Some(out)) => {
                copy_in_row_order(&rows, out);
                linalg::simd(
                    #[inline(always)]
                    || update_block(out, &a, &b, &op),
                )
            }
            (_, None) => {
                block.assign(&rows);
                update_rows(block, &a, &b, &op)
            }
        };
        if !all_finite {
            infinite.store(true, Ordering::Relaxed);
        }
    });
    !infinite.into_inner()
}

/// x = op(x, a, b), with a and b for each column. False if a result is infinite.
pub(crate) fn update_columns<F: Float>(
    x: &mut ArrayRef2<F>,
    a: &[f64],
    b: &[f64],
    op: impl Fn(F, F, F) -> F + Sync,
) -> bool {
    let (a, b) = side_by_side(a, b, x.nrows());
    let infinite = AtomicBool::new(false);
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    parallel::for_each_row_chunk_mut(x, chunk, |_, block| {
        if !update_rows(block, &a, &b, &op) {
            infinite.store(true, Ordering::Relaxed);
        }
    });
    !infinite.into_inner()
}

/// The values of `x` row by row into `out`, which is as long. Columns that lie side by side in memory are read eight at a
/// time, so that every line of `out` is written once.
pub(crate) fn copy_in_row_order<F: Float>(x: &ArrayView2<'_, F>, out: &mut [F]) {
    const GROUP: usize = 8;
    let (n_rows, width) = x.dim();
    for first in (0..width).step_by(GROUP) {
        let last = (first + GROUP).min(width);
        let group: Vec<ArrayView1<'_, F>> = (first..last).map(|j| x.column(j)).collect();
        let columns: Vec<&[F]> = group.iter().filter_map(|c| c.as_slice()).collect();
        if let Ok(columns) = <[&[F]; GROUP]>::try_from(columns) {
            let columns = columns.map(|c| &c[..n_rows]);
            for (i, row) in out.chunks_exact_mut(width).enumerate() {
                for (to, column) in row[first..last].iter_mut().zip(columns) {
                    *to = column[i];
                }
            }
        } else {
            for (column, j) in group.iter().zip(first..) {
                for (row, v) in out.chunks_exact_mut(width).zip(column) {
                    row[j] = *v;
                }
            }
        }
    }
}

fn update_rows<F: Float>(
    mut block: ndarray::ArrayViewMut2<'_, F>,
    a: &[F],
    b: &[F],
    op: &impl Fn(F, F, F) -> F,
) -> bool {
    if let Some(values) = block.as_slice_mut() {
        return linalg::simd(
            #[inline(always)]
            || update_block(values, a, b, op),
        );
    }
    let mut finite = true;
    for mut row in block.rows_mut() {
        let n = row.len();
        Zip::from(&mut row)
            .and(&a[..n])
            .and(&b[..n])
            .for_each(|x, a, b| {
                *x = op(*x, *a, *b);
                finite &= !x.is_infinite();
            });
    }
    finite
}

/// Both, repeated until they are wide enough for vector instructions, if there are that many rows.
fn side_by_side<F: Float>(a: &[f64], b: &[f64], n_rows: usize) -> (Vec<F>, Vec<F>) {
    let times = (LANES / a.len().max(1)).clamp(1, n_rows.max(1));
    let repeat = |v: &[f64]| {
        v.iter()
            .map(|v| F::of(*v))
            .collect::<Vec<F>>()
            .repeat(times)
    };
    (repeat(a), repeat(b))
}

#[inline(always)]
fn map_block<F: Float>(
    x: &[F],
    out: &mut [F],
    a: &[F],
    b: &[F],
    op: &impl Fn(F, F, F) -> F,
) -> bool {
    let width = a.len().max(1);
    let mut infinite = false;
    for (x, out) in x.chunks(width).zip(out.chunks_mut(width)) {
        for ((out, x), (a, b)) in out.iter_mut().zip(x).zip(a.iter().zip(b)) {
            let z = op(*x, *a, *b);
            infinite |= z.is_infinite();
            *out = z;
        }
    }
    !infinite
}

#[inline(always)]
fn update_block<F: Float>(x: &mut [F], a: &[F], b: &[F], op: &impl Fn(F, F, F) -> F) -> bool {
    let mut infinite = false;
    for x in x.chunks_mut(a.len().max(1)) {
        for (x, (a, b)) in x.iter_mut().zip(a.iter().zip(b)) {
            let z = op(*x, *a, *b);
            infinite |= z.is_infinite();
            *x = z;
        }
    }
    !infinite
}

#[inline(always)]
pub(crate) fn none_infinite<F: Float>(values: &[F]) -> bool {
    !values.iter().fold(false, |any, v| any | v.is_infinite())
}

/// An infinite value is refused; NaN are not.
pub(crate) fn no_infinity<F: Float>(x: &ArrayRef2<F>) -> Result<()> {
    if x.len() <= FEW {
        return first_infinity(x);
    }
    let chunk = parallel::row_chunks(x.nrows(), x.ncols());
    let found = parallel::map_chunks(x.nrows(), chunk, |rows| {
        let rows = x.slice(s![rows, ..]);
        let none = rows.as_slice_memory_order().is_some_and(|values| {
            linalg::simd(
                #[inline(always)]
                || none_infinite(values),
            )
        });
        !none && rows.iter().any(|v| v.is_infinite())
    });
    if found.contains(&true) {
        first_infinity(x)
    } else {
        Ok(())
    }
}

pub(crate) fn first_infinity<F: Float>(x: &ArrayRef2<F>) -> Result<()> {
    match x.indexed_iter().find(|(_, v)| v.is_infinite()) {
        Some(((row, column), v)) => Err(ErrorKind::NonFinite {
            what: "X".into(),
            row,
            column: Some(column),
            value: v.f64(),
        }
        .into()),
        None => Ok(()),
    }
}
