//! The logistic objective and its gradient, in one pass over X per evaluation.
//!
//! ```text
//! f(W, b) = 1/Σsᵢ · Σᵢ sᵢ loss(yᵢ, W xᵢ + b) + l2/2 ‖W‖²
//! ```
//!
//! with loss the half binomial deviance (one row of W) or the multinomial one (a row for each class). X is read in blocks
//! of rows that stay in the second-level cache while raw predictions, loss, residuals and their product with the block are
//! computed; scikit-learn reads X twice and makes each step a pass of its own. Chunks of blocks run in parallel; their
//! number depends on the shape alone and their sums are added in order.

use std::ops::Range;

use ndarray::{ArrayRef2, CowArray, Ix2};

use crate::elementary::{exp, ln, ln_1p};
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

use super::linear_classifier::ClassTask;
use super::row_blocks::{add_transposed_products, products};

/// The objective for one data set. Parameters are flat: the rows of W, then, with an intercept, b.
pub(crate) struct LogisticLoss<'a, F> {
    x: CowArray<'a, F, Ix2>,
    codes: &'a [u32],
    weights: Option<&'a [f64]>,
    weight_sum: f64,
    l2: f64,
    /// The same for the intercept; 0 but for LIBLINEAR's objective.
    l2_intercept: f64,
    fit_intercept: bool,
    /// Rows of W: 1 for two classes.
    n_outputs: usize,
    /// Rows of a block and of a chunk.
    block: usize,
    chunk: usize,
    /// W in the type of X.
    narrow_coef: Vec<F>,
    /// That of data of one chunk.
    workspace: Workspace<F>,
    /// The means of |xⱼ|, once they were asked for.
    sizes: Option<Vec<f64>>,
}

/// How parameters are laid out: `k` rows of `p` coefficients, then, with an intercept, `k` intercepts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub(super) k: usize,
    pub(super) p: usize,
    pub(super) intercept: bool,
}

impl Layout {
    /// The number of parameters of so many features.
    pub(super) fn dimension(self, features: usize) -> usize {
        self.k
            .saturating_mul(features + usize::from(self.intercept))
    }
}

/// Rows of a block: as many as keep it within this many bytes.
const BLOCK_BYTES: usize = 1 << 18;
/// A chunk is a task; no more of them than this, because each has a gradient of its own.
const MAX_CHUNKS: usize = 64;

impl<'a, F: Float> LogisticLoss<'a, F> {
    /// The objective for checked samples; `l2` is 1 / (C Σs).
    pub(crate) fn new(
        x: &'a ArrayRef2<F>,
        task: &'a ClassTask,
        l2: f64,
        fit_intercept: bool,
    ) -> Self {
        let n_classes = task.labels.classes().len();
        let n_outputs = if n_classes == 2 { 1 } else { n_classes };
        let (n, p) = x.dim();
        LogisticLoss {
            x: x.as_standard_layout(),
            codes: task.labels.codes(),
            weights: task.weights.as_deref(),
            weight_sum: task.weight_sum,
            l2,
            l2_intercept: 0.0,
            fit_intercept,
            n_outputs,
            block: (BLOCK_BYTES / (p * size_of::<F>()).max(1)).clamp(8, 512) & !7,
            chunk: parallel::row_chunks(n, p).max(n.div_ceil(MAX_CHUNKS)),
            narrow_coef: vec![F::zero(); n_outputs * p],
            workspace: Workspace::default(),
            sizes: None,
        }
    }

    /// The number of parameters.
    pub(crate) fn n_parameters(&self) -> usize {
        self.n_outputs * (self.x.ncols() + usize::from(self.fit_intercept))
    }

    /// Penalises the intercept too.
    pub(super) fn penalise_intercept(&mut self, l2: f64) {
        self.l2_intercept = l2;
    }

    pub(super) fn layout(&self) -> Layout {
        Layout {
            k: self.n_outputs,
            p: self.x.ncols(),
            intercept: self.fit_intercept,
        }
    }

    /// The samples, in row order.
    pub(super) fn samples(&self) -> &ArrayRef2<F> {
        &self.x
    }

    /// Σ s.
    pub(super) fn weight_sum(&self) -> f64 {
        self.weight_sum
    }

    /// The L2 penalties of coefficients and of intercepts.
    pub(super) fn penalties(&self) -> (f64, f64) {
        (self.l2, self.l2_intercept)
    }

    /// The relative rounding error of the value.
    pub(crate) fn noise(&self) -> f64 {
        // Several outputs of `f32` are computed in `f32`; errors of the rows cancel for the most part.
        if self.n_outputs > 1 && size_of::<F>() == 4 {
            F::EPSILON.f64() / 16.0
        } else {
            4.0 * f64::EPSILON
        }
    }

    /// The rounding error of the value that comes from adding the terms xⱼ wⱼ, which may be far larger than their sum.
    pub(super) fn cancellation(&mut self, parameters: &[f64]) -> f64 {
        let (n, p) = self.x.dim();
        let sizes = self.sizes.get_or_insert_with(|| {
            let mut sizes = vec![0.0; p];
            for row in self.x.rows() {
                for (size, x) in sizes.iter_mut().zip(row) {
                    *size += x.f64().abs() / n as f64;
                }
            }
            sizes
        });
        let of_row = |w: &[f64]| -> f64 { w.iter().zip(&*sizes).map(|(w, x)| w.abs() * x).sum() };
        let most = parameters[..self.n_outputs * p]
            .chunks_exact(p.max(1))
            .map(of_row)
            .fold(0.0, f64::max);
        self.noise() * most
    }

    /// |∂² loss / ∂zₐ ∂z_b| of a row of several outputs, times its weight, from what `evaluate` gave.
    pub(super) fn pair_curvature(&self, curvature: &[f64], row: usize, a: usize, b: usize) -> f64 {
        let s = self.weights.map_or(1.0, |w| w[row]);
        if s == 0.0 {
            return 0.0;
        }
        let of = |c: usize| curvature[row * self.n_outputs + c];
        if a != b {
            return of(a) * of(b) / s;
        }
        (of(a) * (1.0 - of(a) / s)).max(0.0)
    }

    /// The Hessian times a vector laid out as the parameters, from what `evaluate` gave.
    pub(super) fn hessian_product(&self, curvature: &[f64], v: &[f64]) -> Vec<f64> {
        let (n, p) = self.x.dim();
        let (k, n_coef) = (self.n_outputs, self.n_outputs * p);
        let (coef, intercept) = v.split_at(n_coef);
        let narrow_coef: Vec<F> = coef.iter().map(|&w| F::of(w)).collect();
        let x = self.x.as_slice().unwrap_or(&[]);
        let parts = parallel::map_chunks(n, self.chunk, |rows| {
            let mut workspace = Workspace::default();
            workspace.reset(n_coef + k, self.block, k);
            let Workspace {
                gradient,
                raw,
                narrow,
                ..
            } = &mut workspace;
            let (of_coef, of_intercept) = gradient.split_at_mut(n_coef);
            for first in rows.clone().step_by(self.block) {
                let last = rows.end.min(first + self.block);
                let b = last - first;
                let x = &x[first * p..last * p];
                let (raw, narrow) = (&mut raw[..b * k], &mut narrow[..b * k]);
                let curvature = &curvature[first * k..last * k];
                simd(
                    #[inline(always)]
                    || {
                        products(x, p, &narrow_coef, coef, intercept, raw);
                        if k == 1 {
                            for (z, h) in raw.iter_mut().zip(curvature) {
                                *z *= h;
                            }
                        } else {
                            for (i, of_row) in curvature.chunks_exact(k).enumerate() {
                                let s = self.weights.map_or(1.0, |w| w[first + i]);
                                let mut mean = 0.0;
                                for (c, q) in of_row.iter().enumerate() {
                                    mean += q * raw[c * b + i];
                                }
                                let mean = if s > 0.0 { mean / s } else { 0.0 };
                                for (c, q) in of_row.iter().enumerate() {
                                    raw[c * b + i] = q * (raw[c * b + i] - mean);
                                }
                            }
                        }
                        add_transposed_products(x, p, raw, narrow, of_coef);
                        for (g, r) in of_intercept.iter_mut().zip(raw.chunks_exact(b)) {
                            *g += sum(r);
                        }
                    },
                );
            }
            workspace.gradient
        });
        let mut out = vec![0.0; v.len()];
        for part in &parts {
            for (o, g) in out.iter_mut().zip(part) {
                *o += g;
            }
        }
        self.centre(&mut out);
        for (j, (o, v)) in out.iter_mut().zip(v).enumerate() {
            let l2 = if j < n_coef {
                self.l2
            } else {
                self.l2_intercept
            };
            *o = *o / self.weight_sum + l2 * v;
        }
        out
    }

    /// The value at `parameters`; the gradient goes to `gradient`, and to `curvature` what that of each row follows from: for
    /// one output s q (1 − q) with q the probability of the second class, (n); for several s qₖ, (n, k).
    pub(crate) fn evaluate(
        &mut self,
        parameters: &[f64],
        gradient: &mut [f64],
        curvature: &mut Vec<f64>,
    ) -> f64 {
        let (n, p) = self.x.dim();
        let k = self.n_outputs;
        let n_coef = k * p;
        curvature.resize(n * k, 0.0);
        let (coef, intercept) = parameters.split_at(n_coef);
        for (to, &w) in self.narrow_coef.iter_mut().zip(coef) {
            *to = F::of(w);
        }
        let sum = if n <= self.chunk {
            let mut workspace = std::mem::take(&mut self.workspace);
            workspace.reset(n_coef + k, self.block, k);
            let loss = self.rows(0..n, coef, intercept, &mut workspace, curvature);
            gradient.copy_from_slice(&workspace.gradient[..gradient.len()]);
            self.workspace = workspace;
            loss
        } else {
            let chunks = parallel::map_chunks_mut(curvature, self.chunk * k, |places, of_rows| {
                let rows = places.start / k..places.end / k;
                let mut workspace = Workspace::default();
                workspace.reset(n_coef + k, self.block, k);
                let loss = self.rows(rows, coef, intercept, &mut workspace, of_rows);
                (loss, workspace.gradient)
            });
            gradient.fill(0.0);
            let mut sum = 0.0;
            for (loss, chunk) in &chunks {
                sum += loss;
                // Without an intercept its sums, which come last, fall off.
                for (g, c) in gradient.iter_mut().zip(chunk) {
                    *g += c;
                }
            }
            sum
        };
        self.centre(gradient);
        let scale = 1.0 / self.weight_sum;
        let mut squares = 0.0;
        for g in &mut *gradient {
            *g *= scale;
        }
        for (g, w) in gradient.iter_mut().zip(coef) {
            *g += self.l2 * w;
            squares += w * w;
        }
        let mut value = sum * scale + 0.5 * self.l2 * squares;
        if self.l2_intercept > 0.0 {
            for (g, b) in gradient[n_coef..].iter_mut().zip(intercept) {
                *g += self.l2_intercept * b;
                value += 0.5 * self.l2_intercept * b * b;
            }
        }
        value
    }

    /// Several outputs: what the rows give all of them together is 0. What rounding leaves of it no step along the curvature of
    /// the rows could remove.
    fn centre(&self, gradient: &mut [f64]) {
        let Layout { k, p, .. } = self.layout();
        if k == 1 {
            return;
        }
        let (of_coef, of_intercept) = gradient.split_at_mut(k * p);
        for (each, width) in [(of_coef, p), (of_intercept, 1)] {
            let mut mean = vec![0.0; width];
            for row in each.chunks_exact(width.max(1)) {
                mean.iter_mut().zip(row).for_each(|(m, g)| *m += g);
            }
            for row in each.chunks_exact_mut(width.max(1)) {
                (row.iter_mut().zip(&mean)).for_each(|(g, m)| *g -= m / k as f64);
            }
        }
    }

    /// Loss of some rows, not scaled; their gradient is added to the workspace's, their curvature written.
    fn rows(
        &self,
        rows: Range<usize>,
        coef: &[f64],
        intercept: &[f64],
        workspace: &mut Workspace<F>,
        curvature: &mut [f64],
    ) -> f64 {
        let (p, k) = (self.x.ncols(), self.n_outputs);
        let Some(x) = self.x.as_slice() else {
            return f64::NAN; // `as_standard_layout` made it a slice
        };
        let Workspace {
            gradient,
            raw,
            narrow,
            scratch,
        } = workspace;
        let (g_coef, g_intercept) = gradient.split_at_mut(k * p);
        let mut loss = 0.0;
        for first in rows.clone().step_by(self.block) {
            let last = rows.end.min(first + self.block);
            let b = last - first;
            let x = &x[first * p..last * p];
            let (raw, narrow) = (&mut raw[..b * k], &mut narrow[..b * k]);
            let weights = self.weights.map(|w| &w[first..last]);
            let codes = &self.codes[first..last];
            let at = (first - rows.start) * k;
            let curvature = &mut curvature[at..at + b * k];
            simd(
                #[inline(always)]
                || {
                    products(x, p, &self.narrow_coef, coef, intercept, raw);
                    loss += if k == 1 {
                        binomial(raw, codes, weights, &mut scratch[..b])
                    } else {
                        multinomial(raw, codes, weights, scratch)
                    };
                    keep_curvature(raw, codes, weights, curvature);
                    add_transposed_products(x, p, raw, narrow, g_coef);
                    for (g, r) in g_intercept.iter_mut().zip(raw.chunks_exact(b)) {
                        *g += sum(r);
                    }
                },
            );
        }
        loss
    }
}

/// What an evaluation writes to.
struct Workspace<F> {
    gradient: Vec<f64>,
    raw: Vec<f64>,
    narrow: Vec<F>,
    scratch: Vec<f64>,
}

impl<F> Default for Workspace<F> {
    fn default() -> Self {
        Workspace {
            gradient: Vec::new(),
            raw: Vec::new(),
            narrow: Vec::new(),
            scratch: Vec::new(),
        }
    }
}

impl<F: Float> Workspace<F> {
    fn reset(&mut self, n_parameters: usize, block: usize, n_outputs: usize) {
        self.gradient.clear();
        self.gradient.resize(n_parameters, 0.0);
        self.raw.resize(block * n_outputs, 0.0);
        self.narrow.resize(block * n_outputs, F::zero());
        self.scratch.resize(2 * block, 0.0);
    }
}

/// Writes what the curvature of a block of rows follows from, given the residuals s (q − y).
#[inline(always)]
fn keep_curvature(raw: &[f64], codes: &[u32], weights: Option<&[f64]>, curvature: &mut [f64]) {
    let b = codes.len();
    let k = raw.len() / b.max(1);
    if k > 1 {
        for (i, (&code, of_row)) in codes.iter().zip(curvature.chunks_exact_mut(k)).enumerate() {
            for (c, to) in of_row.iter_mut().enumerate() {
                *to = raw[c * b + i];
            }
            of_row[code as usize] += weights.map_or(1.0, |w| w[i]);
            for to in of_row {
                *to = to.max(0.0);
            }
        }
        return;
    }
    // q (1 − q) is |r| (1 − |r|) for either class.
    match weights {
        None => {
            for (to, r) in curvature.iter_mut().zip(raw) {
                *to = r.abs() * (1.0 - r.abs());
            }
        }
        Some(w) => {
            for ((to, r), s) in curvature.iter_mut().zip(raw).zip(w) {
                *to = if *s > 0.0 {
                    r.abs() * (1.0 - (r / s).abs())
                } else {
                    0.0
                };
            }
        }
    }
}

/// Σ vᵢ over a fixed number of lanes.
#[inline(always)]
fn sum(values: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (whole, tail) = values.as_chunks::<8>();
    for values in whole {
        for l in 0..8 {
            lanes[l] += values[l];
        }
    }
    lanes.iter().sum::<f64>() + tail.iter().sum::<f64>()
}

/// Half the binomial deviance of two classes, ln(1 + eᶻ) − y z. Raw predictions z become residuals s (p − y).
#[inline(always)]
fn binomial(raw: &mut [f64], codes: &[u32], weights: Option<&[f64]>, losses: &mut [f64]) -> f64 {
    for ((z, &code), loss) in raw.iter_mut().zip(codes).zip(&mut *losses) {
        let y = f64::from(code);
        let e = exp(-z.abs());
        let large = 1.0 / (1.0 + e);
        let probability = if *z > 0.0 { large } else { e * large };
        let positive = if *z > 0.0 { *z } else { 0.0 };
        *loss = positive - y * *z + ln_1p(e);
        *z = probability - y;
    }
    if let Some(weights) = weights {
        for ((z, loss), &s) in raw.iter_mut().zip(&mut *losses).zip(weights) {
            *z *= s;
            *loss *= s;
        }
    }
    sum(losses)
}

/// The multinomial deviance, ln Σₖ exp(zₖ) − z_y. Raw predictions zₖ become residuals s (pₖ − [y = k]).
#[inline(always)]
fn multinomial(
    raw: &mut [f64],
    codes: &[u32],
    weights: Option<&[f64]>,
    scratch: &mut [f64],
) -> f64 {
    let b = codes.len();
    let (shift, rest) = scratch.split_at_mut(b);
    let total = &mut rest[..b];
    shift.copy_from_slice(&raw[..b]);
    for z in raw.chunks_exact(b) {
        for (m, &z) in shift.iter_mut().zip(z) {
            *m = if z > *m { z } else { *m };
        }
    }
    let mut loss = 0.0;
    for (i, &code) in codes.iter().enumerate() {
        let s = weights.map_or(1.0, |w| w[i]);
        loss += s * (shift[i] - raw[code as usize * b + i]);
    }
    total.fill(0.0);
    for z in raw.chunks_exact_mut(b) {
        for ((z, &m), total) in z.iter_mut().zip(&*shift).zip(&mut *total) {
            *z = exp(*z - m);
            *total += *z;
        }
    }
    for (m, &total) in shift.iter_mut().zip(&*total) {
        *m = ln(total);
    }
    match weights {
        None => loss += sum(shift),
        Some(w) => loss += shift.iter().zip(w).map(|(l, s)| l * s).sum::<f64>(),
    }
    for (i, total) in total.iter_mut().enumerate() {
        *total = weights.map_or(1.0, |w| w[i]) / *total;
    }
    for e in raw.chunks_exact_mut(b) {
        for (e, scale) in e.iter_mut().zip(&*total) {
            *e *= scale;
        }
    }
    for (i, &code) in codes.iter().enumerate() {
        raw[code as usize * b + i] -= weights.map_or(1.0, |w| w[i]);
    }
    loss
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class_weight::ClassWeight;
    use crate::labels::Labels;
    use crate::targets::Targets;
    use ndarray::{Array1, Array2};

    fn value(i: usize) -> f64 {
        ((i * 7919 % 1009) as f64 / 504.0) - 1.0
    }

    #[test]
    fn the_gradient_is_that_of_the_value() {
        // 1200 rows of 100 columns are several chunks of several blocks, with a rest.
        for (n, p) in [(7, 3), (1203, 100)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| value(i * p + j));
            let weights = Array1::from_shape_fn(n, |i| 0.5 + value(i).abs());
            for n_classes in [2, 3, 7] {
                let y = Labels::from_iter((0..n).map(|i| (i * i + i / 3) % n_classes));
                for weighted in [false, true] {
                    let task = if weighted {
                        ClassTask::new("E", &y.weighted(&weights), n, &ClassWeight::None)
                    } else {
                        ClassTask::new("E", &y, n, &ClassWeight::Balanced)
                    };
                    let task = task.unwrap();
                    for fit_intercept in [true, false] {
                        let mut loss = LogisticLoss::new(&x, &task, 0.1, fit_intercept);
                        let at: Vec<f64> = (0..loss.n_parameters()).map(|i| value(i + 5)).collect();
                        let mut gradient = vec![f64::NAN; at.len()];
                        loss.evaluate(&at, &mut gradient, &mut Vec::new());
                        let mut unused = vec![0.0; at.len()];
                        for i in (0..at.len()).step_by(at.len().div_ceil(20)) {
                            let h = 1e-5;
                            let mut moved = at.clone();
                            moved[i] += h;
                            let above = loss.evaluate(&moved, &mut unused, &mut Vec::new());
                            moved[i] -= 2.0 * h;
                            let below = loss.evaluate(&moved, &mut unused, &mut Vec::new());
                            let difference = (above - below) / (2.0 * h);
                            assert!(
                                (gradient[i] - difference).abs() < 1e-8,
                                "{n_classes} classes, parameter {i}: {} and {difference}",
                                gradient[i]
                            );
                        }
                    }
                }
            }
        }
    }

    /// Moving all classes alike moves no probability: of that direction only the penalty may be left, also in `f32`.
    #[test]
    fn all_classes_together_feel_the_penalty_alone() {
        let (n, p, k, l2) = (1203, 20, 3, 0.1);
        let x = Array2::from_shape_fn((n, p), |(i, j)| value(i * p + j) as f32);
        let y = Labels::from_iter((0..n).map(|i| (i * i + i / 3) % k));
        let task = ClassTask::new("E", &y, n, &ClassWeight::Balanced).unwrap();
        let mut loss = LogisticLoss::new(&x, &task, l2, true);
        let at: Vec<f64> = (0..loss.n_parameters()).map(|i| value(i + 5)).collect();
        let (mut gradient, mut curvature) = (vec![0.0; at.len()], Vec::new());
        loss.evaluate(&at, &mut gradient, &mut curvature);
        let product = loss.hessian_product(&curvature, &at);
        for derivative in [gradient, product] {
            let (of_coef, of_intercept) = derivative.split_at(k * p);
            for j in 0..p {
                let sum = |v: &[f64]| v.iter().skip(j).step_by(p).sum::<f64>();
                let excess = sum(of_coef) - l2 * sum(&at[..k * p]);
                assert!(excess.abs() < 1e-15, "{j} {excess:e}");
            }
            assert!(of_intercept.iter().sum::<f64>().abs() < 1e-15);
        }
    }

    #[test]
    fn the_value_is_the_definition() {
        let x = ndarray::array![[1.0, 2.0], [0.5, -1.0], [-30.0, 800.0]];
        let y = Labels::from([0, 2, 1]);
        let task = ClassTask::new("E", &y, 3, &ClassWeight::None).unwrap();
        let mut loss = LogisticLoss::new(&x, &task, 0.5, true);
        let at = [0.1, -0.2, 0.3, 0.4, -0.5, 0.6, 1.0, 2.0, 3.0];
        let mut expected = 0.0;
        for (i, row) in x.rows().into_iter().enumerate() {
            let z: Vec<f64> = (0..3)
                .map(|k| at[2 * k] * row[0] + at[2 * k + 1] * row[1] + at[6 + k])
                .collect();
            let shift = z.iter().copied().fold(f64::MIN, f64::max);
            let total: f64 = z.iter().map(|z| (z - shift).exp()).sum();
            expected += (shift + total.ln() - z[y.codes()[i] as usize]) / 3.0;
        }
        expected += 0.25 * at[..6].iter().map(|w| w * w).sum::<f64>();
        let got = loss.evaluate(&at, &mut [0.0; 9], &mut Vec::new());
        assert!(
            (got - expected).abs() < 1e-13 * expected,
            "{got} {expected}"
        );
    }

    #[test]
    fn saturated_losses_are_exact() {
        let mut raw = [800.0, -800.0, 800.0, -800.0, 0.0];
        let mut losses = [0.0; 5];
        let total = binomial(&mut raw, &[1, 0, 0, 1, 1], None, &mut losses);
        assert!((total - 1600.0 - 2f64.ln()).abs() < 1e-12);
        for (r, expected) in raw.iter().zip([0.0, 0.0, 1.0, -1.0, -0.5]) {
            assert!((r - expected).abs() < 1e-300, "{raw:?}");
        }
    }
}
