//! Transforming with fitted parts.

use std::ops::Range;

use ndarray::{Array2, s};

use super::{FittedPart, Kind, NoParts, PartKind, PartNames, Parts, place};
use crate::boxed::Input;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::parallel;
use crate::traits::Transform;

/// From this many values on parts are fitted and transform in parallel.
pub(in crate::pipeline) const AT_ONCE: usize = 20_000;

/// One fitted part of a list.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slot<'a> {
    /// The name.
    pub name: &'a str,
    /// The positions of its columns among those at fit.
    pub columns: &'a [usize],
    /// The number of columns it gives.
    pub width: usize,
    /// Whether its columns are numbers, for it receives them as a matrix.
    pub numeric: bool,
}

/// A list of fitted parts.
pub trait FittedParts: PartNames {
    /// The parts, in order.
    fn slots(&self) -> Vec<Slot<'_>>;

    /// The number of columns of all parts.
    fn width(&self) -> usize {
        let slots = self.slots();
        slots
            .iter()
            .fold(0, |sum: usize, slot| sum.saturating_add(slot.width))
    }

    /// The columns of the result that each part gives, from `first` on.
    fn ranges(&self, first: usize) -> Vec<(String, Range<usize>)> {
        let mut start = first;
        let range = |slot: &Slot<'_>| {
            // A part without columns has the empty range at 0, as in scikit-learn.
            let range = match slot.width {
                0 => 0..0,
                width => start..start.saturating_add(width),
            };
            start = start.saturating_add(slot.width);
            (slot.name.to_string(), range)
        };
        self.slots().iter().map(range).collect()
    }
}

impl FittedParts for NoParts {
    fn slots(&self) -> Vec<Slot<'_>> {
        Vec::new()
    }
}

impl<A: FittedParts, K: Kind, M> FittedParts for Parts<A, FittedPart<K, M>> {
    fn slots(&self) -> Vec<Slot<'_>> {
        let mut slots = self.before.slots();
        slots.push(Slot {
            name: &self.last.name,
            columns: &self.last.columns,
            width: self.last.width,
            numeric: K::NUMERIC,
        });
        slots
    }
}

/// A list of fitted parts that transforms samples `X`.
pub trait TransformParts<X: Input + ?Sized>: FittedParts {
    /// The result of each part that gives columns, computed in parallel if `at_once`. `x` has the columns of the fit where
    /// they were.
    ///
    /// # Errors
    /// The first part's error.
    fn transform_parts(&self, x: &X, at_once: bool) -> Result<Vec<Array2<X::Float>>>;
}

impl<X: Input + ?Sized> TransformParts<X> for NoParts {
    fn transform_parts(&self, _: &X, _: bool) -> Result<Vec<Array2<X::Float>>> {
        Ok(Vec::new())
    }
}

impl<X, A, K, M> TransformParts<X> for Parts<A, FittedPart<K, M>>
where
    X: Input + ?Sized,
    X::Float: Float,
    A: TransformParts<X> + Sync,
    K: PartKind<X>,
    M: Transform<K::Samples, Output = Array2<X::Float>>,
    FittedPart<K, M>: Sync,
{
    fn transform_parts(&self, x: &X, at_once: bool) -> Result<Vec<Array2<X::Float>>> {
        let before = || self.before.transform_parts(x, at_once);
        let last = || self.last.transform(x);
        let (before, last) = if at_once {
            rayon::join(before, last)
        } else {
            (before(), last())
        };
        let (mut blocks, block) = (before?, last?);
        blocks.extend(block);
        Ok(blocks)
    }
}

impl<K, M> FittedPart<K, M> {
    fn transform<X>(&self, x: &X) -> Result<Option<Array2<X::Float>>>
    where
        X: Input + ?Sized,
        X::Float: Float,
        K: PartKind<X>,
        M: Transform<K::Samples, Output = Array2<X::Float>>,
    {
        let Some(model) = &self.model else {
            return Ok(None);
        };
        K::with(x, &self.columns, |samples| model.transform(samples))
            .and_then(|out| self.block(out, x.n_samples()))
            .map_err(|e| e.within(place(&self.name)))
    }

    /// What the step gave, of the shape it must have, times the weight; `None` for no columns.
    pub(super) fn block<F: Float>(
        &self,
        mut out: Array2<F>,
        n_rows: usize,
    ) -> Result<Option<Array2<F>>> {
        if out.nrows() != n_rows {
            return Err(Error::shape("number of rows", n_rows, out.nrows()));
        }
        if out.ncols() != self.width {
            return Err(Error::shape("number of columns", self.width, out.ncols()));
        }
        if let Some(weight) = self.weight {
            let weight = F::of(weight);
            let chunk = parallel::row_chunks(n_rows, self.width);
            parallel::for_each_row_chunk_mut(&mut out, chunk, |_, mut rows| {
                rows.mapv_inplace(|v| v * weight);
            });
        }
        Ok((self.width > 0).then_some(out))
    }
}

/// Blocks of `n_rows` rows as one matrix.
pub(in crate::pipeline) fn side_by_side<F: Float>(
    mut blocks: Vec<Array2<F>>,
    n_rows: usize,
) -> Array2<F> {
    if blocks.len() == 1
        && let Some(only) = blocks.pop()
    {
        return only;
    }
    let width = blocks.iter().map(|b| b.ncols()).sum();
    let mut out = parallel::zeros((n_rows, width));
    let chunk = parallel::row_chunks(n_rows, width);
    parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut rows| {
        let last = first + rows.nrows();
        let mut start = 0;
        for block in &blocks {
            let end = start + block.ncols();
            rows.slice_mut(s![.., start..end])
                .assign(&block.slice(s![first..last, ..]));
            start = end;
        }
    });
    out
}
