//! Centred and weighted data: what is summed in one pass over the rows, and rows of `X'X` on demand.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis, CowArray, s};

use super::rows::{self, Block};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{self, simd};
use crate::parallel;

/// Rows whose products are formed at once: with 500 columns of `f64` they stay in a second-level cache.
const DEPTH: usize = 128;

/// Parts of the rows that are summed side by side, at most.
const PARTS: usize = 64;

/// A column whose mean square is this many times its variance about the shift is summed again about its mean.
const FAR: f64 = 100.0;

/// X with its columns centred (or not) and its rows scaled by the roots of the weights; no copy is made.
pub(crate) struct Centred<'a, F> {
    x: ArrayView2<'a, F>,
    weights: Option<&'a [f64]>,
    roots: Option<Vec<f64>>,
    centre: bool,
    mean: Vec<f64>,
    squares: Vec<f64>,
    weight: f64,
}

/// The targets (n, t), centred and weighted, and their products with X.
pub(crate) struct Response {
    /// Weighted means, zeros when not centred, (t).
    pub(crate) mean: Vec<f64>,
    /// Centred, times the roots of the weights, (t, n).
    pub(crate) values: Vec<f64>,
    /// `X'Y`, (t, p).
    pub(crate) cross: Vec<f64>,
    /// `‖y‖²` of each target.
    pub(crate) squares: Vec<f64>,
}

/// Sums over rows, about a shift of each column.
struct Sums {
    /// Σ √s e
    first: Vec<f64>,
    /// Σ e²
    second: Vec<f64>,
    /// Σ y e, (t, p)
    cross: Vec<f64>,
}

impl<'a, F: Float> Centred<'a, F> {
    /// Of samples, targets and weights that were checked to be as long.
    ///
    /// # Errors
    /// `NonFinite` with the position of a value of x or y; `EmptyInput` for no targets; `Overflow` when a square leaves the
    /// range of `f64`.
    pub(crate) fn new(
        name: &'static str,
        x: &'a ArrayRef2<F>,
        y: &ArrayRef2<F>,
        weights: Option<&'a [f64]>,
        centre: bool,
    ) -> Result<(Self, Response)> {
        let (n, p) = x.dim();
        if y.ncols() == 0 {
            let what = "y (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        check::finite(y, "y")?;
        let weight = weights.map_or(n as f64, |w| w.iter().sum());
        let roots: Option<Vec<f64>> = weights.map(|w| w.iter().map(|w| w.sqrt()).collect());
        let mut response = Response::new(y, weights, roots.as_deref(), weight, centre);
        let mut all = Centred {
            x: x.view(),
            weights,
            roots,
            centre,
            mean: vec![0.0; p],
            squares: vec![0.0; p],
            weight,
        };
        // About the first row the sums of most data lose next to nothing, and the means need no pass of their own.
        let first = weights
            .and_then(|w| w.iter().position(|&w| w > 0.0))
            .unwrap_or(0);
        if centre {
            all.mean = x.row(first).iter().map(|v| v.f64()).collect();
        }
        for last in [false, true] {
            let sums = all.sums(&response.values);
            let finite = |v: &[f64]| v.iter().all(|v| v.is_finite());
            if !(finite(&sums.second) && finite(&sums.cross) && finite(&response.squares)) {
                check::finite(x, "X")?;
                return Err(overflow(name));
            }
            if !centre {
                (all.squares, response.cross) = (sums.second, sums.cross);
                break;
            }
            let mut far = false;
            for j in 0..p {
                let beside = sums.first[j] / weight;
                let lost = beside * sums.first[j];
                all.squares[j] = (sums.second[j] - lost).max(0.0);
                far |= lost > FAR * all.squares[j];
                all.mean[j] += beside;
            }
            let Sums {
                first, mut cross, ..
            } = sums;
            for (cross, values) in cross.chunks_mut(p).zip(response.values.chunks(n)) {
                // Σ √s y is 0 up to rounding.
                let left: f64 = match &all.roots {
                    Some(roots) => values.iter().zip(roots).map(|(y, r)| y * r).sum(),
                    None => values.iter().sum(),
                };
                for (cross, first) in cross.iter_mut().zip(&first) {
                    *cross -= first / weight * left;
                }
            }
            response.cross = cross;
            if !far || last {
                break;
            }
        }
        Ok((all, response))
    }

    pub(crate) fn dim(&self) -> (usize, usize) {
        self.x.dim()
    }

    /// `‖xⱼ‖²`, (p).
    pub(crate) fn squares(&self) -> &[f64] {
        &self.squares
    }

    /// Weighted means, zeros when not centred, (p).
    pub(crate) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// Σ s.
    pub(crate) fn weight(&self) -> f64 {
        self.weight
    }

    fn root(&self, i: usize) -> f64 {
        self.roots.as_ref().map_or(1.0, |r| r[i])
    }

    /// Writes these rows, centred and weighted, one after the other.
    pub(crate) fn pack(&self, rows: Range<usize>, out: &mut [F]) {
        let p = self.x.ncols();
        let block = self.x.slice(s![rows.clone(), ..]);
        let block = block.as_standard_layout();
        let Some(block) = block.as_slice() else {
            return;
        };
        simd(
            #[inline(always)]
            || {
                for ((i, x), out) in rows.zip(block.chunks_exact(p)).zip(out.chunks_exact_mut(p)) {
                    let root = self.root(i);
                    for ((out, x), mean) in out.iter_mut().zip(x).zip(&self.mean) {
                        *out = F::of((x.f64() - mean) * root);
                    }
                }
            },
        );
    }

    fn sums(&self, values: &[f64]) -> Sums {
        let (n, p) = self.x.dim();
        let t = values.len() / n.max(1);
        let width = rows::padded(p);
        let parts = self.map_blocks(|range, block| {
            let mut part = Sums {
                first: vec![0.0; width],
                second: vec![0.0; width],
                cross: vec![0.0; t * width],
            };
            let targets: Vec<&[f64]> = values.chunks(n).map(|y| &y[range.clone()]).collect();
            pulp::Arch::new().dispatch(rows::Sums {
                block,
                targets: &targets,
                n: range.len(),
                first: &mut part.first,
                second: &mut part.second,
                cross: &mut part.cross,
            });
            part
        });
        let mut sums = Sums {
            first: vec![0.0; p],
            second: vec![0.0; p],
            cross: vec![0.0; t * p],
        };
        for part in parts {
            add(&mut sums.first, &part.first);
            add(&mut sums.second, &part.second);
            for (to, from) in (sums.cross.chunks_mut(p)).zip(part.cross.chunks(width)) {
                add(to, from);
            }
        }
        sums
    }

    /// `f` of each part of the rows, in order.
    fn map_blocks<T: Send>(
        &self,
        f: impl Fn(Range<usize>, Block<'_, F>) -> T + Sync + Send,
    ) -> Vec<T> {
        let (n, p) = self.x.dim();
        let chunk = n.div_ceil(PARTS).max(parallel::row_chunks(n, p));
        parallel::map_chunks(n, chunk, |range| {
            let values = self.x.slice(s![range.clone(), ..]);
            let values = values.as_standard_layout();
            let block = Block {
                values: values.as_slice().unwrap_or_default(),
                mean: &self.mean,
                roots: self.roots.as_ref().map(|roots| &roots[range.clone()]),
            };
            f(range, block)
        })
    }

    /// `X'R` into `along` (p), and `‖R‖²` and `R·Y`, for `R = y − Xw` in one pass over the rows.
    pub(crate) fn residual(&self, y: &[f64], coef: &[f64], along: &mut [f64]) -> (f64, f64) {
        let width = rows::padded(coef.len());
        let mut coef = coef.to_vec();
        coef.resize(width, 0.0);
        let parts = self.map_blocks(|range, block| {
            let mut along = vec![0.0; width];
            let products = pulp::Arch::new().dispatch(rows::Products {
                block,
                y: &y[range],
                coef: &coef,
                along: &mut along,
            });
            (along, products)
        });
        along.fill(0.0);
        let (mut square, mut with_target) = (0.0, 0.0);
        for (part, products) in parts {
            add(along, &part);
            square += products.0;
            with_target += products.1;
        }
        (square, with_target)
    }

    /// Rows of `X'X` for these features, one after the other.
    pub(crate) fn gram_rows(&self, features: &[usize]) -> Vec<f64> {
        let p = self.x.ncols();
        if 2 * features.len() > p
            && let Ok(m) = linalg::moments(&self.x, None, self.weights, self.centre)
        {
            return features
                .iter()
                .flat_map(|&j| m.xtx.row(j).to_vec())
                .map(F::f64)
                .collect();
        }
        self.gram_between(features, &(0..p).collect::<Vec<_>>())
    }

    /// The products of some columns with others that they are among, (features, others).
    pub(crate) fn gram_between(&self, features: &[usize], others: &[usize]) -> Vec<f64> {
        let (n, k, m) = (self.x.nrows(), features.len(), others.len());
        let mut place = vec![0; self.x.ncols()];
        for (i, &j) in others.iter().enumerate() {
            place[j] = i;
        }
        let places: Vec<usize> = features.iter().map(|&j| place[j]).collect();
        let last = m - k.min(m);
        let at_end = places.iter().copied().eq(last..m);
        let chunk = n.div_ceil(PARTS).max(4 * DEPTH).max(4 * k);
        let parts = parallel::map_chunks(n, chunk.next_multiple_of(DEPTH), |rows| {
            let mut part = Array2::<F>::zeros((k, m));
            let mut right = Array2::zeros((DEPTH, m));
            for start in rows.clone().step_by(DEPTH) {
                let rows = start..rows.end.min(start + DEPTH);
                let mut right = right.slice_mut(s![..rows.len(), ..]);
                if let Some(right) = right.as_slice_mut() {
                    self.gather(rows, others, right);
                }
                let left = if at_end {
                    right.slice(s![.., last..]).into()
                } else {
                    CowArray::from(right.select(Axis(1), &places))
                };
                F::gemm(F::one(), left.t(), right.view(), F::one(), part.view_mut());
            }
            part
        });
        let mut sums = vec![0.0; k * m];
        for part in parts {
            for (sum, v) in sums.iter_mut().zip(&part) {
                *sum += v.f64();
            }
        }
        sums
    }

    /// Writes some columns of these rows, centred and weighted, row by row.
    fn gather(&self, rows: Range<usize>, features: &[usize], out: &mut [F]) {
        if features.len() == self.x.ncols() && features.iter().enumerate().all(|(i, &j)| i == j) {
            return self.pack(rows, out);
        }
        let block = self.x.slice(s![rows.clone(), ..]);
        let block = block.as_standard_layout();
        let Some(block) = block.as_slice() else {
            return;
        };
        let mean: Vec<f64> = features.iter().map(|&j| self.mean[j]).collect();
        let (p, k) = (self.x.ncols(), features.len());
        for ((i, x), out) in rows.zip(block.chunks_exact(p)).zip(out.chunks_exact_mut(k)) {
            let root = self.root(i);
            for ((out, &j), mean) in out.iter_mut().zip(features).zip(&mean) {
                *out = F::of((x[j].f64() - mean) * root);
            }
        }
    }
}

/// to ← to + from, as far as `to` goes.
fn add(to: &mut [f64], from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += from;
    }
}

impl Response {
    fn new<F: Float>(
        y: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        roots: Option<&[f64]>,
        weight: f64,
        centre: bool,
    ) -> Self {
        let (n, t) = y.dim();
        let mut mean = vec![0.0; t];
        let mut values = vec![0.0; t * n];
        let mut squares = vec![0.0; t];
        for (k, values) in values.chunks_mut(n.max(1)).enumerate() {
            for (to, y) in values.iter_mut().zip(y.index_axis(Axis(1), k)) {
                *to = y.f64();
            }
            if centre {
                // A second time around the first result.
                for _ in 0..2 {
                    let sum: f64 = match weights {
                        Some(w) => values.iter().zip(w).map(|(v, w)| v * w).sum(),
                        None => values.iter().sum(),
                    };
                    let beside = sum / weight;
                    mean[k] += beside;
                    values.iter_mut().for_each(|v| *v -= beside);
                }
            }
            if let Some(roots) = roots {
                for (v, root) in values.iter_mut().zip(roots) {
                    *v *= root;
                }
            }
            squares[k] = values.iter().map(|v| v * v).sum();
        }
        Response {
            mean,
            values,
            cross: Vec::new(),
            squares,
        }
    }
}

/// The intercepts that belong to coefficients (t, p).
pub(crate) fn intercepts(coef: &Array2<f64>, x_mean: &[f64], y_mean: &[f64]) -> Array1<f64> {
    coef.rows()
        .into_iter()
        .zip(y_mean)
        .map(|(w, y)| y - w.iter().zip(x_mean).map(|(w, m)| w * m).sum::<f64>())
        .collect()
}

pub(crate) fn overflow(name: &str) -> Error {
    ErrorKind::Overflow {
        estimator: name.into(),
        what: "a square of the data".into(),
    }
    .into()
}
