//! Centred and weighted data: what is summed in one pass over the rows, and rows of `X'X` on demand.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis, s};

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

/// Products of a residual, over a part of the rows.
struct Products {
    along: Vec<f64>,
    square: f64,
    with_target: f64,
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
        let chunk = n.div_ceil(PARTS).max(parallel::row_chunks(n, p));
        let parts = parallel::map_chunks(n, chunk, |rows| {
            let mut part = Sums {
                first: vec![0.0; p],
                second: vec![0.0; p],
                cross: vec![0.0; t * p],
            };
            for start in rows.clone().step_by(DEPTH) {
                let rows = start..rows.end.min(start + DEPTH);
                let block = self.x.slice(s![rows.clone(), ..]);
                let block = block.as_standard_layout();
                if let Some(block) = block.as_slice() {
                    self.add(rows, block, values, &mut part);
                }
            }
            part
        });
        let mut parts = parts.into_iter();
        let Some(mut sums) = parts.next() else {
            return Sums {
                first: vec![0.0; p],
                second: vec![0.0; p],
                cross: vec![0.0; t * p],
            };
        };
        for part in parts {
            for (to, from) in [
                (&mut sums.first, part.first),
                (&mut sums.second, part.second),
                (&mut sums.cross, part.cross),
            ] {
                for (to, from) in to.iter_mut().zip(from) {
                    *to += from;
                }
            }
        }
        sums
    }

    /// Adds a block of rows, four at a time.
    fn add(&self, rows: Range<usize>, block: &[F], values: &[f64], sums: &mut Sums) {
        const ROWS: usize = 4;
        let (n, p) = self.x.dim();
        let mean = &self.mean[..p];
        let zeros = vec![F::zero(); p];
        simd(
            #[inline(always)]
            || {
                for first in rows.clone().step_by(ROWS) {
                    let count = ROWS.min(rows.end - first);
                    let at = |r: usize| (first - rows.start + r) * p;
                    let x: [&[F]; ROWS] = std::array::from_fn(|r| {
                        if r < count {
                            &block[at(r)..at(r) + p]
                        } else {
                            &zeros[..p]
                        }
                    });
                    let root: [f64; ROWS] =
                        std::array::from_fn(|r| if r < count { self.root(first + r) } else { 0.0 });
                    let (sum, square) = (&mut sums.first[..p], &mut sums.second[..p]);
                    for (k, cross) in sums.cross.chunks_exact_mut(p).enumerate() {
                        let y: [f64; ROWS] = std::array::from_fn(|r| {
                            if r < count {
                                values[k * n + first + r]
                            } else {
                                0.0
                            }
                        });
                        for j in 0..p {
                            let mut add = 0.0;
                            let (mut add_first, mut add_square) = (0.0, 0.0);
                            for r in 0..ROWS {
                                let e = (x[r][j].f64() - mean[j]) * root[r];
                                add = y[r].mul_add(e, add);
                                if k == 0 {
                                    add_first = root[r].mul_add(e, add_first);
                                    add_square = e.mul_add(e, add_square);
                                }
                            }
                            cross[j] += add;
                            if k == 0 {
                                sum[j] += add_first;
                                square[j] += add_square;
                            }
                        }
                    }
                }
            },
        );
    }

    /// `X'R` into `along` (p), and `‖R‖²` and `R·Y`, for `R = y − Xw` in one pass over the rows.
    pub(crate) fn residual(&self, y: &[f64], coef: &[f64], along: &mut [f64]) -> (f64, f64) {
        let (n, p) = self.x.dim();
        let chunk = n.div_ceil(PARTS).max(parallel::row_chunks(n, p));
        let parts = parallel::map_chunks(n, chunk, |rows| {
            let mut part = Products {
                along: vec![0.0; p],
                square: 0.0,
                with_target: 0.0,
            };
            let block = self.x.slice(s![rows.clone(), ..]);
            let block = block.as_standard_layout();
            if let Some(block) = block.as_slice() {
                self.add_products(rows, block, y, coef, &mut part);
            }
            part
        });
        along.fill(0.0);
        let (mut square, mut with_target) = (0.0, 0.0);
        for part in parts {
            square += part.square;
            with_target += part.with_target;
            for (along, v) in along.iter_mut().zip(part.along) {
                *along += v;
            }
        }
        (square, with_target)
    }

    fn add_products(
        &self,
        rows: Range<usize>,
        block: &[F],
        y: &[f64],
        coef: &[f64],
        part: &mut Products,
    ) {
        const LANES: usize = 8;
        let p = self.x.ncols();
        let (mean, mean_rest) = self.mean.as_chunks::<LANES>();
        let (coef, coef_rest) = coef.as_chunks::<LANES>();
        simd(
            #[inline(always)]
            || {
                let (along, along_rest) = part.along.as_chunks_mut::<LANES>();
                for (i, x) in rows.zip(block.chunks_exact(p)) {
                    let (x, x_rest) = x.as_chunks::<LANES>();
                    let mut sums = [[0.0; LANES]; 4];
                    for (c, ((x, mean), coef)) in x.iter().zip(mean).zip(coef).enumerate() {
                        let sums = &mut sums[c % 4];
                        *sums = std::array::from_fn(|l| {
                            (x[l].f64() - mean[l]).mul_add(coef[l], sums[l])
                        });
                    }
                    let mut fitted = (0..LANES)
                        .map(|l| (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]))
                        .sum::<f64>();
                    for ((x, mean), coef) in x_rest.iter().zip(mean_rest).zip(coef_rest) {
                        fitted += (x.f64() - mean) * coef;
                    }
                    let root = self.root(i);
                    let residual = y[i] - root * fitted;
                    part.square += residual * residual;
                    part.with_target += residual * y[i];
                    let scaled = residual * root;
                    for ((along, x), mean) in along.iter_mut().zip(x).zip(mean) {
                        *along = std::array::from_fn(|l| {
                            (x[l].f64() - mean[l]).mul_add(scaled, along[l])
                        });
                    }
                    for ((along, x), mean) in along_rest.iter_mut().zip(x_rest).zip(mean_rest) {
                        *along += (x.f64() - mean) * scaled;
                    }
                }
            },
        );
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

    /// The products of some columns with others, (features, others).
    pub(crate) fn gram_between(&self, features: &[usize], others: &[usize]) -> Vec<f64> {
        let (n, k, m) = (self.x.nrows(), features.len(), others.len());
        let chunk = n.div_ceil(PARTS).max(4 * DEPTH).max(4 * k);
        let parts = parallel::map_chunks(n, chunk.next_multiple_of(DEPTH), |rows| {
            let mut part = Array2::<F>::zeros((k, m));
            let mut left = vec![F::zero(); DEPTH * k];
            let mut right = vec![F::zero(); DEPTH * m];
            for start in rows.clone().step_by(DEPTH) {
                let rows = start..rows.end.min(start + DEPTH);
                let b = rows.len();
                self.gather(rows.clone(), features, &mut left[..b * k]);
                self.gather(rows, others, &mut right[..b * m]);
                if let (Ok(left), Ok(right)) = (
                    ArrayView2::from_shape((b, k), &left[..b * k]),
                    ArrayView2::from_shape((b, m), &right[..b * m]),
                ) {
                    F::gemm(F::one(), left.t(), right, F::one(), part.view_mut());
                }
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
        let mean: Vec<f64> = features.iter().map(|&j| self.mean[j]).collect();
        for (i, out) in rows.zip(out.chunks_exact_mut(features.len())) {
            let (x, root) = (self.x.row(i), self.root(i));
            for ((out, &j), mean) in out.iter_mut().zip(features).zip(&mean) {
                *out = F::of((x[j].f64() - mean) * root);
            }
        }
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
