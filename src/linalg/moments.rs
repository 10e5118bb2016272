//! Means and centred products of columns.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, s};

use rayon::prelude::*;

use super::gram::{DEPTH, PanelProduct, width};
use super::{power_of_two, simd};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::parallel;

/// Columns from which the work is split by columns of the result, not by rows: partial results would be large.
const WIDE: usize = 512;

/// Chunks of rows at most.
const CHUNKS: usize = 128;

/// Weighted means and centred products of the columns of x (n, p) and y (n, q), with weights w (n).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Moments<F> {
    /// Σ w, the number of rows when there are no weights.
    pub weight_sum: f64,
    /// Weighted means of the columns of x (p); zeros when not centred.
    pub x_mean: Array1<F>,
    /// Weighted means of the columns of y (q); zeros when not centred.
    pub y_mean: Array1<F>,
    /// Σ w (x - x_mean)(x - x_mean)', symmetric, (p, p).
    pub xtx: Array2<F>,
    /// Σ w (x - x_mean)(y - y_mean)', (p, q); q is 0 without y.
    pub xty: Array2<F>,
}

/// Column means and the centred products X'X and X'y in one pass over the rows, without a copy of X.
///
/// Each chunk of rows is shifted by its own first rows' mean before products are formed, and chunks are joined by the
/// update of Chan, Golub and LeVeque (1983), in f64: a large mean does not cancel the digits of a small variance. With
/// `center` false the products are those of the columns as they are, and the means are 0. A row of weight 0 counts as
/// absent. n p (p + 2 q) operations.
///
/// ```
/// use fitwell::linalg::moments;
/// use ndarray::array;
///
/// let m = moments(&array![[1.0], [3.0]], Some(&array![[10.0], [14.0]]), None, true)?;
/// assert_eq!((m.x_mean[0], m.y_mean[0]), (2.0, 12.0));
/// assert_eq!((m.xtx[[0, 0]], m.xty[[0, 0]]), (2.0, 4.0));
/// # Ok::<(), fitwell::Error>(())
/// ```
///
/// # Errors
/// `ShapeMismatch` when y or the weights have another number of rows than x; `NonFinite` with the position of a value
/// of x or y that is not finite; what [`check::weights`] says of the weights; `Overflow` when a sum is too large;
/// `TooLarge` or `InvalidInput` with the size of the products when there is no memory for them.
pub fn moments<F: Float>(
    x: &ArrayRef2<F>,
    y: Option<&ArrayRef2<F>>,
    weights: Option<&[f64]>,
    center: bool,
) -> Result<Moments<F>> {
    let n = x.nrows();
    let none = Array2::zeros((n, 0));
    let y = y.map_or(none.view(), |y| y.view());
    if y.nrows() != n {
        return Err(Error::shape("number of rows of y", n, y.nrows()));
    }
    if let Some(w) = weights {
        check::weights(&Array1::from(w.to_vec()), n)?;
    }
    let data = Data {
        x: x.view(),
        y,
        weights,
        weight_scale: power_of_two(weights.map_or(1.0, |w| w.iter().fold(0.0, |m, &w| w.max(m)))),
        center,
    };
    let columns = data.columns();
    parallel::fits::<f64>("products of all pairs of columns", (columns, columns))?;
    let partials = if columns >= WIDE {
        vec![data.sums(0..n)]
    } else {
        let chunk = n.div_ceil(CHUNKS).max(16 * columns).max(4 * DEPTH);
        parallel::map_chunks(n, chunk.next_multiple_of(DEPTH), |rows| data.sums(rows))
    };
    let moments = data.joined(partials);
    let finite = parallel::all_finite(&moments.xtx)
        && parallel::all_finite(&moments.xty)
        && (moments.x_mean.iter().chain(&moments.y_mean)).all(|v| v.is_finite());
    if !finite {
        check::finite(x, "X")?;
        check::finite(&y, "y")?;
        return Err(ErrorKind::Overflow {
            estimator: "moments".into(),
            what: "a sum of products".into(),
        }
        .into());
    }
    Ok(moments)
}

/// The columns z = [x 1 y] whose products are wanted; the column of ones, there when centred, gives the sums.
struct Data<'a, F> {
    x: ArrayView2<'a, F>,
    y: ArrayView2<'a, F>,
    weights: Option<&'a [f64]>,
    /// A power of two near the largest weight: products of tiny weights must not vanish in `f32`.
    weight_scale: f64,
    center: bool,
}

/// The sums over a chunk of rows, about the shift of its columns.
struct Partial<F> {
    shift: Vec<F>,
    /// Σ w z_j z_i at `[j * stride + i]` for i <= j, i over [x 1].
    products: Vec<f64>,
    weight: f64,
}

impl<F: Float> Data<'_, F> {
    fn columns(&self) -> usize {
        self.x.ncols() + usize::from(self.center) + self.y.ncols()
    }

    /// Columns that products are wanted with: [x 1].
    fn rows(&self) -> usize {
        self.x.ncols() + usize::from(self.center)
    }

    fn stride(&self) -> usize {
        self.rows().next_multiple_of(width::<F>())
    }

    /// Products over the given rows of X.
    fn sums(&self, rows: Range<usize>) -> Partial<F> {
        let width = width::<F>();
        let columns = self.columns();
        let panels = columns.div_ceil(width);
        let stride = self.stride();
        let shift = self.shift(rows.clone());
        let mut products = vec![0.0; panels * width * stride];
        let mut memory = vec![F::zero(); panels * DEPTH * width + 64 / size_of::<F>()];
        // Vectors that do not straddle cache lines load faster.
        let aligned = memory.as_ptr().align_offset(64).min(64 / size_of::<F>());
        let packed = &mut memory[aligned..][..panels * DEPTH * width];
        let roots: Option<Vec<F>> = (self.weights).map(|w| {
            w[rows.clone()]
                .iter()
                .map(|w| F::of((w / self.weight_scale).sqrt()))
                .collect()
        });
        let arch = pulp::Arch::new();
        for first in rows.clone().step_by(DEPTH) {
            let block = first..rows.end.min(first + DEPTH);
            let roots = (roots.as_ref()).map(|r| &r[first - rows.start..block.end - rows.start]);
            let pack = |(panel, packed): (usize, &mut [F])| {
                self.pack(block.clone(), roots, &shift, panel, packed);
            };
            let split = columns >= WIDE;
            if split {
                packed
                    .par_chunks_mut(DEPTH * width)
                    .enumerate()
                    .for_each(pack);
            } else {
                packed.chunks_mut(DEPTH * width).enumerate().for_each(pack);
            }
            let product = |(panel, sums): (usize, &mut [f64])| {
                arch.dispatch(PanelProduct {
                    packed,
                    depth: block.len(),
                    rows: self.rows(),
                    columns,
                    panel,
                    sums,
                    stride,
                });
            };
            if split {
                (products.par_chunks_mut((width * stride).max(1)).enumerate()).for_each(product);
            } else {
                (products.chunks_mut((width * stride).max(1)).enumerate()).for_each(product);
            }
        }
        Partial {
            shift,
            products,
            weight: self.weights.map_or(rows.len() as f64, |w| {
                w[rows].iter().map(|w| w / self.weight_scale).sum()
            }),
        }
    }

    /// The means of the first rows, rounded; zeros when not centred.
    ///
    /// Sums about the mean of a part that weighs a share f of the whole lose at most a factor 1 / f of precision,
    /// whatever the data. Where weights make that share small, all rows of the chunk are averaged.
    fn shift(&self, rows: Range<usize>) -> Vec<F> {
        let p = self.x.ncols();
        let mut shift = vec![F::zero(); self.columns()];
        if !self.center || rows.is_empty() {
            return shift;
        }
        let mut some = rows.start..rows.end.min(rows.start + DEPTH);
        if let Some(w) = self.weights {
            let sum = |rows: Range<usize>| w[rows].iter().sum::<f64>();
            if sum(some.clone()) / sum(rows.clone()) * rows.len() as f64 <= some.len() as f64 / 8.0
            {
                some = rows;
            }
        }
        let weights = self.weights.map(|w| &w[some.clone()]);
        let weight = weights.map_or(some.len() as f64, |w| w.iter().sum());
        if weight > 0.0 {
            let rows = s![some, ..];
            mean(self.x.slice(&rows), weights, weight, &mut shift[..p]);
            mean(self.y.slice(&rows), weights, weight, &mut shift[p + 1..]);
        }
        shift
    }

    /// Packs one panel of a block of rows: shifted, times the root of the weight, padded with zeros.
    fn pack(
        &self,
        block: Range<usize>,
        roots: Option<&[F]>,
        shift: &[F],
        panel: usize,
        packed: &mut [F],
    ) {
        let width = width::<F>();
        let p = self.x.ncols();
        let first = panel * width;
        let last = (first + width).min(self.columns());
        let packed = &mut packed[..block.len() * width];
        let x_end = last.min(p);
        if first < x_end {
            let shift = &shift[first..x_end];
            pack(&self.x, &block, first..x_end, roots, shift, packed, width);
        }
        if self.center && (first..last).contains(&p) {
            for (k, row) in packed.chunks_exact_mut(width).enumerate() {
                row[p - first] = roots.map_or(F::one(), |r| r[k]);
            }
        }
        let y_start = self.rows().max(first);
        if y_start < last {
            let columns = y_start - self.rows()..last - self.rows();
            let packed = &mut packed[y_start - first..];
            let shift = &shift[y_start..last];
            pack(&self.y, &block, columns, roots, shift, packed, width);
        }
    }

    /// The moments over all chunks.
    fn joined(&self, partials: Vec<Partial<F>>) -> Moments<F> {
        let (p, q) = (self.x.ncols(), self.y.ncols());
        let (rows, columns, stride) = (self.rows(), self.columns(), self.stride());
        let mut weight = 0.0;
        let mut products: Vec<f64> = Vec::new();
        // Means are kept as distances from the first chunk's shift, where they have digits to spare.
        let mut origin: Vec<f64> = vec![0.0; columns];
        let mut mean = vec![0.0; columns];
        for mut part in partials {
            if !self.center {
                weight += part.weight;
            } else if part.weight > 0.0 {
                // Column p holds Σ z_i; row p of column j holds Σ z_j.
                let sums: Vec<f64> = (0..columns)
                    .map(|j| {
                        part.products[if j < p {
                            p * stride + j
                        } else {
                            j * stride + p
                        }]
                    })
                    .collect();
                for (j, column) in part
                    .products
                    .chunks_mut(stride.max(1))
                    .take(columns)
                    .enumerate()
                {
                    let mean = sums[j] / part.weight;
                    for (v, s) in column.iter_mut().zip(&sums[..rows]) {
                        *v -= mean * s;
                    }
                }
                if weight == 0.0 {
                    origin = part.shift.iter().map(|s| s.f64()).collect();
                }
                let together = weight + part.weight;
                let apart: Vec<f64> = (0..columns)
                    .map(|j| (part.shift[j].f64() - origin[j]) + sums[j] / part.weight - mean[j])
                    .collect();
                if weight > 0.0 {
                    let between = weight * (part.weight / together);
                    for (j, column) in part
                        .products
                        .chunks_mut(stride.max(1))
                        .take(columns)
                        .enumerate()
                    {
                        for (v, d) in column.iter_mut().zip(&apart[..rows]) {
                            *v += between * apart[j] * d;
                        }
                    }
                }
                for (m, d) in mean.iter_mut().zip(&apart) {
                    *m += d * (part.weight / together);
                }
                weight = together;
            }
            if products.is_empty() {
                products = part.products;
            } else {
                for (sum, v) in products.iter_mut().zip(&part.products) {
                    *sum += v;
                }
            }
        }
        if products.is_empty() {
            products = vec![0.0; columns * stride];
        }
        let scale = self.weight_scale;
        let mean = |j: usize| {
            if self.center {
                F::of(origin[j] + mean[j])
            } else {
                F::zero()
            }
        };
        Moments {
            weight_sum: weight * scale,
            x_mean: (0..p).map(mean).collect(),
            y_mean: (rows..columns).map(mean).collect(),
            xtx: Array2::from_shape_fn((p, p), |(i, j)| {
                F::of(products[i.max(j) * stride + i.min(j)] * scale)
            }),
            xty: Array2::from_shape_fn((p, q), |(i, j)| {
                F::of(products[(rows + j) * stride + i] * scale)
            }),
        }
    }
}

/// Weighted column means of a few rows.
fn mean<F: Float>(rows: ArrayView2<'_, F>, weights: Option<&[f64]>, weight: f64, mean: &mut [F]) {
    let mut sums = vec![0.0; mean.len()];
    for (i, row) in rows.rows().into_iter().enumerate() {
        let w = weights.map_or(1.0, |w| w[i]) / weight;
        for (sum, v) in sums.iter_mut().zip(row) {
            *sum += w * v.f64();
        }
    }
    for (mean, sum) in mean.iter_mut().zip(sums) {
        *mean = F::of(sum);
    }
}

/// Writes `root (value - shift)` for the given rows and columns, rows `width` apart.
fn pack<F: Float>(
    data: &ArrayView2<'_, F>,
    rows: &Range<usize>,
    columns: Range<usize>,
    roots: Option<&[F]>,
    shift: &[F],
    packed: &mut [F],
    width: usize,
) {
    let stride = data.ncols();
    if let Some(values) = data.slice(s![rows.clone(), ..]).to_slice() {
        return PackRows {
            values,
            stride,
            columns,
            roots,
            shift,
            packed,
            width,
        }
        .run();
    }
    let data = data.slice(s![rows.clone(), columns]);
    let root = |k: usize| roots.map_or(F::one(), |r| r[k]);
    simd(
        #[inline(always)]
        || {
            for (j, (column, &shift)) in data.columns().into_iter().zip(shift).enumerate() {
                for (k, (&v, packed)) in column.iter().zip(packed.chunks_mut(width)).enumerate() {
                    packed[j] = (v - shift) * root(k);
                }
            }
        },
    );
}

/// [`pack`] for rows that follow each other in memory.
struct PackRows<'a, F> {
    /// Rows of `stride` values.
    values: &'a [F],
    stride: usize,
    columns: Range<usize>,
    roots: Option<&'a [F]>,
    shift: &'a [F],
    packed: &'a mut [F],
    width: usize,
}

impl<F: Float> PackRows<'_, F> {
    fn run(self) {
        simd(
            #[inline(always)]
            || match (self.columns.len() % 8, self.roots) {
                (0, None) => self.rows::<0, false>(),
                (1, None) => self.rows::<1, false>(),
                (2, None) => self.rows::<2, false>(),
                (3, None) => self.rows::<3, false>(),
                (4, None) => self.rows::<4, false>(),
                (5, None) => self.rows::<5, false>(),
                (6, None) => self.rows::<6, false>(),
                (_, None) => self.rows::<7, false>(),
                (0, _) => self.rows::<0, true>(),
                (1, _) => self.rows::<1, true>(),
                (2, _) => self.rows::<2, true>(),
                (3, _) => self.rows::<3, true>(),
                (4, _) => self.rows::<4, true>(),
                (5, _) => self.rows::<5, true>(),
                (6, _) => self.rows::<6, true>(),
                (_, _) => self.rows::<7, true>(),
            },
        );
    }

    /// Groups of 8 columns, then `REST` single ones.
    #[inline(always)]
    fn rows<const REST: usize, const WEIGHTED: bool>(self) {
        let (shift, shift_rest) = self.shift.as_chunks::<8>();
        let roots = self.roots.unwrap_or_default();
        for (k, (row, packed)) in (self.values.chunks_exact(self.stride))
            .zip(self.packed.chunks_mut(self.width))
            .enumerate()
        {
            let root = if WEIGHTED { roots[k] } else { F::one() };
            let value = |v: F, s: F| if WEIGHTED { (v - s) * root } else { v - s };
            let (row, row_rest) = row[self.columns.clone()].as_chunks::<8>();
            let (whole, packed_rest) = packed.split_at_mut(row.len() * 8);
            let whole = whole.as_chunks_mut::<8>().0;
            for ((to, v), s) in whole.iter_mut().zip(row).zip(shift) {
                for i in 0..8 {
                    to[i] = value(v[i], s[i]);
                }
            }
            for i in 0..REST {
                packed_rest[i] = value(row_rest[i], shift_rest[i]);
            }
        }
    }
}
