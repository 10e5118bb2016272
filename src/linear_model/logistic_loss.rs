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

use ndarray::CowArray;
use ndarray::{ArrayRef2, Ix2};

use crate::elementary::{exp, ln, ln_1p};
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

use super::linear_classifier::ClassTask;

/// The objective for one data set. Parameters are flat: the rows of W, then, with an intercept, b.
pub(crate) struct LogisticLoss<'a, F> {
    x: CowArray<'a, F, Ix2>,
    codes: &'a [u32],
    weights: Option<&'a [f64]>,
    weight_sum: f64,
    l2: f64,
    fit_intercept: bool,
    /// Rows of W: 1 for two classes.
    n_outputs: usize,
}

/// Rows of a block: as many as keep it within this many bytes.
const BLOCK_BYTES: usize = 1 << 17;
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
        LogisticLoss {
            x: x.as_standard_layout(),
            codes: task.labels.codes(),
            weights: task.weights.as_deref(),
            weight_sum: task.weight_sum,
            l2,
            fit_intercept,
            n_outputs: if n_classes == 2 { 1 } else { n_classes },
        }
    }

    /// The number of parameters.
    pub(crate) fn n_parameters(&self) -> usize {
        self.n_outputs * (self.x.ncols() + usize::from(self.fit_intercept))
    }

    /// The value at `parameters`; the gradient goes to `gradient`.
    pub(crate) fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, p) = self.x.dim();
        let n_coef = self.n_outputs * p;
        let (coef, intercept) = parameters.split_at(n_coef);
        let chunk = parallel::row_chunks(n, p).max(n.div_ceil(MAX_CHUNKS));
        let sums = parallel::map_chunks(n, chunk, |rows| {
            let mut gradient = vec![0.0; n_coef + self.n_outputs];
            let loss = simd(|| self.chunk(rows, coef, intercept, &mut gradient));
            (loss, gradient)
        });
        gradient.fill(0.0);
        let mut loss = 0.0;
        for (chunk_loss, chunk_gradient) in &sums {
            loss += chunk_loss;
            // Without an intercept its sums, which come last, fall off.
            for (g, c) in gradient.iter_mut().zip(chunk_gradient) {
                *g += c;
            }
        }
        let scale = 1.0 / self.weight_sum;
        let mut squares = 0.0;
        for g in &mut *gradient {
            *g *= scale;
        }
        for (g, w) in gradient.iter_mut().zip(coef) {
            *g += self.l2 * w;
            squares += w * w;
        }
        loss * scale + 0.5 * self.l2 * squares
    }

    /// Loss and gradient of some rows, not scaled.
    #[inline(always)]
    fn chunk(
        &self,
        rows: std::ops::Range<usize>,
        coef: &[f64],
        intercept: &[f64],
        gradient: &mut [f64],
    ) -> f64 {
        let p = self.x.ncols();
        let Some(x) = self.x.as_slice() else {
            return f64::NAN; // `as_standard_layout` made it a slice
        };
        let k = self.n_outputs;
        let block = (BLOCK_BYTES / (p * size_of::<F>()).max(1)).clamp(8, 512) & !7;
        let mut raw = vec![0.0; block * k];
        let mut scratch = vec![0.0; 2 * block];
        let mut loss = 0.0;
        let mut first = rows.start;
        while first < rows.end {
            let last = rows.end.min(first + block);
            let b = last - first;
            let x = &x[first * p..last * p];
            let raw = &mut raw[..b * k];
            products(x, coef, intercept, p, raw);
            let weights = self.weights.map(|w| &w[first..last]);
            let codes = &self.codes[first..last];
            loss += if k == 1 {
                binomial(raw, codes, weights, &mut scratch[..b])
            } else {
                multinomial(raw, codes, weights, &mut scratch)
            };
            let (g_coef, g_intercept) = gradient.split_at_mut(k * p);
            transposed_products(x, raw, p, g_coef);
            for (g, r) in g_intercept.iter_mut().zip(raw.chunks_exact(b)) {
                *g += r.iter().sum::<f64>();
            }
            first = last;
        }
        loss
    }
}

/// raw[k, i] = wₖ·xᵢ + bₖ, output by output.
#[inline(always)]
fn products<F: Float>(x: &[F], coef: &[f64], intercept: &[f64], p: usize, raw: &mut [f64]) {
    let b = x.len() / p;
    for (k, (w, raw)) in coef
        .chunks_exact(p)
        .zip(raw.chunks_exact_mut(b))
        .enumerate()
    {
        let start = intercept.get(k).copied().unwrap_or(0.0);
        for (x, z) in x.chunks_exact(p).zip(raw) {
            *z = start + dot(x, w);
        }
    }
}

#[inline(always)]
fn dot<F: Float>(x: &[F], w: &[f64]) -> f64 {
    const LANES: usize = 8;
    let mut lanes = [0.0; LANES];
    let (x, x_tail) = x.as_chunks::<LANES>();
    let (w, w_tail) = w.as_chunks::<LANES>();
    for (x, w) in x.iter().zip(w) {
        for l in 0..LANES {
            lanes[l] = x[l].f64().mul_add(w[l], lanes[l]);
        }
    }
    let mut sum = lanes.iter().sum();
    for (x, w) in x_tail.iter().zip(w_tail) {
        sum = x.f64().mul_add(*w, sum);
    }
    sum
}

/// g[k, j] += Σᵢ r[k, i] x[i, j]
#[inline(always)]
fn transposed_products<F: Float>(x: &[F], residuals: &[f64], p: usize, gradient: &mut [f64]) {
    let b = x.len() / p;
    for (g, r) in gradient.chunks_exact_mut(p).zip(residuals.chunks_exact(b)) {
        for (x, &r) in x.chunks_exact(p).zip(r) {
            for (g, x) in g.iter_mut().zip(x) {
                *g = x.f64().mul_add(r, *g);
            }
        }
    }
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
    losses.iter().sum()
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
    let sum = &mut rest[..b];
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
    sum.fill(0.0);
    for z in raw.chunks_exact_mut(b) {
        for ((z, &m), sum) in z.iter_mut().zip(&*shift).zip(&mut *sum) {
            *z = exp(*z - m);
            *sum += *z;
        }
    }
    for (m, &sum) in shift.iter_mut().zip(&*sum) {
        *m = ln(sum);
    }
    match weights {
        None => loss += shift.iter().sum::<f64>(),
        Some(w) => loss += shift.iter().zip(w).map(|(l, s)| l * s).sum::<f64>(),
    }
    for (i, sum) in sum.iter_mut().enumerate() {
        *sum = weights.map_or(1.0, |w| w[i]) / *sum;
    }
    for e in raw.chunks_exact_mut(b) {
        for (e, scale) in e.iter_mut().zip(&*sum) {
            *e *= scale;
        }
    }
    for (i, &code) in codes.iter().enumerate() {
        raw[code as usize * b + i] -= weights.map_or(1.0, |w| w[i]);
    }
    loss
}
