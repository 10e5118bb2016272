//! Half the unit deviance of the exponential families, its derivatives, and the objective of a generalised linear model
//! with its gradient and Hessian.
//!
//! ```text
//! f(w, b) = 1/Σsᵢ · Σᵢ sᵢ d(yᵢ, h(zᵢ)) / 2 + l2/2 ‖w‖²,     zᵢ = xᵢ·w + b
//! ```
//!
//! with d the deviance of the family and h the inverse of the link. Terms of d that depend on y alone are left out of the
//! objective ([`Family::saturated`] has them). X is read once for each evaluation, in blocks of rows that stay in the
//! second-level cache while predictions, losses, residuals and their product with the block are computed; chunks of blocks
//! run in parallel, and their sums are added in order. For Newton's method the second derivatives of the rows are kept from
//! the evaluation, and X'HX is one more pass.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, CowArray, Ix2};

use crate::elementary::{exp, ln};
use crate::float::Float;
use crate::linalg::{self, Cholesky, simd};
use crate::optim::newton::Curved;
use crate::parallel;

use super::row_blocks::{add_transposed_products, products};

/// A family of distributions with its link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Family {
    /// Normal, identity link.
    Normal,
    /// Poisson, logarithm.
    Poisson,
    /// Gamma, logarithm.
    Gamma,
    /// Variance μᵖ, logarithm.
    TweedieLog(f64),
    /// Variance μᵖ, identity link.
    TweedieIdentity(f64),
}

/// The loss of a row without the terms in y alone, and its first and second derivatives by z.
type Point = (f64, f64, f64);

impl Family {
    /// The family of variance μᵖ under a link.
    pub(crate) fn tweedie(power: f64, log_link: bool) -> Self {
        match (log_link, power) {
            (false, 0.0) => Family::Normal,
            (false, power) => Family::TweedieIdentity(power),
            (true, 1.0) => Family::Poisson,
            (true, 2.0) => Family::Gamma,
            (true, power) => Family::TweedieLog(power),
        }
    }

    /// The power p of the variance μᵖ.
    pub(crate) fn power(self) -> f64 {
        match self {
            Family::Normal => 0.0,
            Family::Poisson => 1.0,
            Family::Gamma => 2.0,
            Family::TweedieLog(power) | Family::TweedieIdentity(power) => power,
        }
    }

    pub(crate) fn is_log(self) -> bool {
        !matches!(self, Family::Normal | Family::TweedieIdentity(_))
    }

    /// Which targets there are, in words; `None` for every real number.
    pub(crate) fn range(self) -> Option<&'static str> {
        match self.power() {
            p if p >= 2.0 => Some("greater than 0"),
            p if p > 0.0 => Some("0 or more"),
            _ => None,
        }
    }

    pub(crate) fn allows(self, y: f64) -> bool {
        match self.power() {
            p if p >= 2.0 => y > 0.0,
            p if p > 0.0 => y >= 0.0,
            _ => true,
        }
    }

    /// The prediction of a linear predictor.
    #[inline(always)]
    pub(crate) fn inverse_link(self, z: f64) -> f64 {
        if self.is_log() { exp(z) } else { z }
    }

    /// The linear predictor of a prediction; not finite outside the domain.
    pub(crate) fn link(self, mean: f64) -> f64 {
        if self.is_log() { mean.ln() } else { mean }
    }

    /// dz/dμ.
    pub(crate) fn link_slope(self, mean: f64) -> f64 {
        if self.is_log() { 1.0 / mean } else { 1.0 }
    }

    /// The variance of a row of unit dispersion.
    pub(crate) fn variance(self, mean: f64) -> f64 {
        match self {
            Family::Normal => 1.0,
            Family::Poisson => mean,
            Family::Gamma => mean * mean,
            Family::TweedieLog(p) | Family::TweedieIdentity(p) => mean.powf(p),
        }
    }

    /// Loss, gradient and curvature of a row. Outside the domain of an identity link the loss is infinite.
    #[inline(always)]
    pub(crate) fn point(self, y: f64, z: f64) -> Point {
        match self {
            Family::Normal => normal(y, z),
            Family::Poisson => poisson(y, z),
            Family::Gamma => gamma(y, z),
            Family::TweedieLog(p) => tweedie_log(p, y, z),
            Family::TweedieIdentity(p) => tweedie_identity(p, y, z),
        }
    }

    /// What the loss of a row is where the prediction is y: the least there is, which makes the rest half a deviance.
    pub(crate) fn saturated(self, y: f64) -> f64 {
        let p = self.power();
        match self {
            Family::Normal => 0.0,
            Family::Poisson => y - xlogx(y),
            Family::Gamma => y.ln() + 1.0,
            _ if p == 1.0 => y - xlogx(y),
            _ if p == 2.0 => y.ln() + 1.0,
            _ if p == 0.0 => -0.5 * y * y,
            // Means are positive: the least for y ≤ 0 is at 0.
            _ if y > 0.0 => y.powf(2.0 - p) / ((2.0 - p) * (p - 1.0)),
            _ => 0.0,
        }
    }
}

/// y ln y, 0 at 0.
fn xlogx(y: f64) -> f64 {
    if y > 0.0 { y * y.ln() } else { 0.0 }
}

#[inline(always)]
fn normal(y: f64, z: f64) -> Point {
    let r = z - y;
    (0.5 * r * r, r, 1.0)
}

#[inline(always)]
fn poisson(y: f64, z: f64) -> Point {
    let mean = exp(z);
    (mean - y * z, mean - y, mean)
}

#[inline(always)]
fn gamma(y: f64, z: f64) -> Point {
    let ratio = y * exp(-z);
    (z + ratio, 1.0 - ratio, ratio)
}

#[inline(always)]
fn tweedie_log(p: f64, y: f64, z: f64) -> Point {
    let (a, b) = (2.0 - p, 1.0 - p);
    let (mean, target) = (exp(a * z), y * exp(b * z));
    (mean / a - target / b, mean - target, a * mean - b * target)
}

#[inline(always)]
fn tweedie_identity(p: f64, y: f64, z: f64) -> Point {
    let inside = z >= f64::MIN_POSITIVE;
    let log = ln(if inside { z } else { 1.0 });
    let power = exp(-p * log); // z⁻ᵖ
    let loss = if p == 1.0 {
        z - y * log
    } else if p == 2.0 {
        log + y / z
    } else {
        z * power * (z / (2.0 - p) - y / (1.0 - p))
    };
    let loss = if inside { loss } else { f64::INFINITY };
    (loss, power * (z - y), power * ((1.0 - p) + p * y / z))
}

/// Rows of a block: as many as keep it within this many bytes.
const BLOCK_BYTES: usize = 1 << 18;
/// A chunk is a task; no more of them than this, because each has a gradient of its own.
const MAX_CHUNKS: usize = 64;

/// The objective for one data set. Parameters are w, then, with an intercept, b.
pub(crate) struct GlmLoss<'a, F: Float> {
    x: CowArray<'a, F, Ix2>,
    y: Vec<f64>,
    weights: Option<&'a [f64]>,
    weight_sum: f64,
    family: Family,
    l2: f64,
    fit_intercept: bool,
    block: usize,
    chunk: usize,
    /// |second derivative| sᵢ of each row at the last evaluation, where they are kept.
    curvature: Option<Vec<f64>>,
    /// The share of the weight whose second derivative is not positive.
    concave: f64,
}

/// Sums over the rows of a chunk.
struct Sums {
    loss: f64,
    gradient: Vec<f64>,
    concave: f64,
}

impl<'a, F: Float> GlmLoss<'a, F> {
    /// The objective of checked samples. `curved`: for [`Curved`], the second derivatives are kept.
    pub(crate) fn new(
        x: &'a ArrayRef2<F>,
        y: Vec<f64>,
        weights: Option<&'a [f64]>,
        family: Family,
        (l2, fit_intercept): (f64, bool),
        curved: bool,
    ) -> Self {
        let (n, p) = x.dim();
        GlmLoss {
            x: x.as_standard_layout(),
            weight_sum: weights.map_or(n as f64, |w| w.iter().sum()),
            y,
            weights,
            family,
            l2,
            fit_intercept,
            block: (BLOCK_BYTES / (p * size_of::<F>()).max(1)).clamp(8, 512) & !7,
            chunk: parallel::row_chunks(n, p).max(n.div_ceil(MAX_CHUNKS)),
            curvature: curved.then(|| vec![0.0; n]),
            concave: 0.0,
        }
    }

    /// Second derivatives are kept from now on.
    pub(crate) fn with_curvature(&mut self) {
        self.curvature = Some(vec![0.0; self.x.nrows()]);
    }

    /// Second derivatives are kept no longer.
    pub(crate) fn without_curvature(&mut self) {
        self.curvature = None;
    }

    /// The value at `parameters`; the gradient goes to `gradient`.
    pub(crate) fn value_and_gradient(&mut self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, p) = self.x.dim();
        let (coef, intercept) = parameters.split_at(p);
        let mut curvature = self.curvature.take();
        let this = &*self;
        let parts = match &mut curvature {
            Some(kept) => parallel::map_chunks_mut(kept, this.chunk, |rows, kept| {
                this.rows::<true>(rows, coef, intercept, kept)
            }),
            None => parallel::map_chunks(n, this.chunk, |rows| {
                this.rows::<false>(rows, coef, intercept, &mut [])
            }),
        };
        self.curvature = curvature;
        gradient.fill(0.0);
        let (mut loss, mut concave) = (0.0, 0.0);
        for part in &parts {
            loss += part.loss;
            concave += part.concave;
            // Without an intercept its sum, which comes last, falls off.
            for (g, c) in gradient.iter_mut().zip(&part.gradient) {
                *g += c;
            }
        }
        let scale = 1.0 / self.weight_sum;
        self.concave = concave * scale;
        let mut squares = 0.0;
        for g in &mut *gradient {
            *g *= scale;
        }
        for (g, w) in gradient.iter_mut().zip(coef) {
            *g += self.l2 * w;
            squares += w * w;
        }
        let value = loss * scale + 0.5 * self.l2 * squares;
        // A search takes what is infinite for a step too far, whatever its sign.
        if value.is_finite() {
            value
        } else {
            f64::INFINITY
        }
    }

    fn rows<const CURVED: bool>(
        &self,
        rows: Range<usize>,
        coef: &[f64],
        intercept: &[f64],
        kept: &mut [f64],
    ) -> Sums {
        let p = self.x.ncols();
        let mut sums = Sums {
            loss: 0.0,
            gradient: vec![0.0; p + 1],
            concave: 0.0,
        };
        let Some(x) = self.x.as_slice() else {
            sums.loss = f64::NAN; // `as_standard_layout` made it a slice
            return sums;
        };
        let block = self.block.min(rows.len());
        let (mut raw, mut scratch) = (vec![0.0; block], vec![0.0; 2 * block]);
        let (start, mut first) = (rows.start, rows.start);
        while first < rows.end {
            let last = rows.end.min(first + block);
            let raw = &mut raw[..last - first];
            let x = &x[first * p..last * p];
            let y = &self.y[first..last];
            let weights = self.weights.map(|w| &w[first..last]);
            let kept = if CURVED {
                &mut kept[first - start..last - start]
            } else {
                &mut []
            };
            simd(
                #[inline(always)]
                || {
                    products(x, p, &[], coef, intercept, raw);
                    let (loss, concave) = match self.family {
                        Family::Normal => {
                            points::<CURVED>(y, weights, raw, kept, &mut scratch, normal)
                        }
                        Family::Poisson => {
                            points::<CURVED>(y, weights, raw, kept, &mut scratch, poisson)
                        }
                        Family::Gamma => {
                            points::<CURVED>(y, weights, raw, kept, &mut scratch, gamma)
                        }
                        Family::TweedieLog(p) => {
                            points::<CURVED>(y, weights, raw, kept, &mut scratch, |y, z| {
                                tweedie_log(p, y, z)
                            })
                        }
                        Family::TweedieIdentity(p) => {
                            points::<CURVED>(y, weights, raw, kept, &mut scratch, |y, z| {
                                tweedie_identity(p, y, z)
                            })
                        }
                    };
                    sums.loss += loss;
                    sums.concave += concave;
                    let (g, g_intercept) = sums.gradient.split_at_mut(p);
                    add_transposed_products(x, p, raw, &mut [], g);
                    g_intercept[0] += sum(raw);
                },
            );
            first = last;
        }
        sums
    }
}

/// Linear predictors become s g; curvatures s |h| go to `kept`. The loss, and the weight of rows with h ≤ 0.
#[inline(always)]
fn points<const CURVED: bool>(
    y: &[f64],
    weights: Option<&[f64]>,
    raw: &mut [f64],
    kept: &mut [f64],
    scratch: &mut [f64],
    point: impl Fn(f64, f64) -> Point,
) -> (f64, f64) {
    let (losses, concave) = scratch.split_at_mut(scratch.len() / 2);
    let (losses, concave) = (&mut losses[..raw.len()], &mut concave[..raw.len()]);
    if CURVED {
        let rows = raw.iter_mut().zip(y).zip(&mut *losses).zip(&mut *kept);
        for ((((z, &y), loss), kept), concave) in rows.zip(&mut *concave) {
            let (value, gradient, second) = point(y, *z);
            (*loss, *z, *kept) = (value, gradient, second.abs());
            *concave = if second <= 0.0 { 1.0 } else { 0.0 };
        }
    } else {
        for ((z, &y), loss) in raw.iter_mut().zip(y).zip(&mut *losses) {
            let (value, gradient, _) = point(y, *z);
            (*loss, *z) = (value, gradient);
        }
    }
    if let Some(weights) = weights {
        for ((z, loss), &s) in raw.iter_mut().zip(&mut *losses).zip(weights) {
            // A row of weight 0 counts as absent, also where its loss is infinite.
            *z = if s > 0.0 { *z * s } else { 0.0 };
            *loss = if s > 0.0 { *loss * s } else { 0.0 };
        }
        if CURVED {
            for ((kept, concave), &s) in kept.iter_mut().zip(&mut *concave).zip(weights) {
                *kept = if s > 0.0 { *kept * s } else { 0.0 };
                *concave *= s;
            }
        }
    }
    (sum(losses), if CURVED { sum(concave) } else { 0.0 })
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

/// The share of rows with a negative second derivative from which on a step of Newton's method is not trusted.
const CONCAVE: f64 = 0.25;

impl<F: Float> Curved for GlmLoss<'_, F> {
    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64 {
        self.value_and_gradient(at, gradient)
    }

    fn direction(&mut self, _: &[f64], gradient: &[f64], direction: &mut [f64]) -> bool {
        if self.concave > CONCAVE {
            return false;
        }
        let Some(curvature) = &self.curvature else {
            return false;
        };
        newton_direction(
            &self.x,
            curvature,
            (self.weight_sum, self.l2, self.fit_intercept),
            gradient,
            direction,
        )
        .is_some()
    }
}

/// d = −H⁻¹ g for H = [X 1]' diag(h) [X 1] / Σs + l2 [I 0], with the columns of X centred by h so that the intercept and the
/// coefficients do not see each other. `None` where H is singular to rounding.
pub(super) fn newton_direction<F: Float>(
    x: &ArrayRef2<F>,
    curvature: &[f64],
    (weight_sum, l2, fit_intercept): (f64, f64, bool),
    gradient: &[f64],
    direction: &mut [f64],
) -> Option<()> {
    let p = x.ncols();
    let moments = linalg::moments(x, None, Some(curvature), fit_intercept).ok()?;
    let mut matrix: Array2<f64> = moments.xtx.mapv(|v| v.f64() / weight_sum);
    for d in matrix.diag_mut() {
        *d += l2;
    }
    let mean: Array1<f64> = moments.x_mean.mapv(F::f64);
    let total = moments.weight_sum / weight_sum;
    let slope = gradient.get(p).copied().unwrap_or(0.0);
    let right = Array1::from_shape_fn(p, |j| mean[j] * slope - gradient[j]);
    let factor = Cholesky::new(&matrix).ok()?;
    // Columns that depend on each other to rounding have no one best step.
    if factor.rcond() < 16.0 * F::EPSILON.f64() {
        return None;
    }
    let step = factor.solve_vector(&right).ok()?;
    for (to, v) in direction.iter_mut().zip(&step) {
        *to = *v;
    }
    if let Some(last) = direction.get_mut(p) {
        *last = -slope / total - mean.dot(&step);
    }
    direction.iter().all(|d| d.is_finite()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(i: usize) -> f64 {
        ((i * 7919 % 1009) as f64 / 504.0) - 1.0
    }

    const FAMILIES: [Family; 10] = [
        Family::Normal,
        Family::Poisson,
        Family::Gamma,
        Family::TweedieLog(-1.0),
        Family::TweedieLog(0.0),
        Family::TweedieLog(1.5),
        Family::TweedieLog(3.0),
        Family::TweedieIdentity(1.0),
        Family::TweedieIdentity(2.0),
        Family::TweedieIdentity(1.7),
    ];

    #[test]
    fn derivatives_are_those_of_the_loss() {
        for family in FAMILIES {
            for (y, z) in [(0.7, 0.3), (2.5, 1.9), (1.0, 1.0), (4.0, 0.2)] {
                let h = 1e-5;
                let at = |z: f64| family.point(y, z);
                let (up, down, here) = (at(z + h), at(z - h), at(z));
                let first = (up.0 - down.0) / (2.0 * h);
                let second = (up.1 - down.1) / (2.0 * h);
                let size = 1.0 + here.2.abs();
                assert!((here.1 - first).abs() < 1e-8 * size, "{family:?} {y} {z}");
                assert!(
                    (here.2 - second).abs() < 1e-8 * size.powi(2),
                    "{family:?} {y} {z}"
                );
            }
        }
    }

    #[test]
    fn the_loss_less_its_least_is_half_a_deviance() {
        for family in FAMILIES {
            for y in [0.4, 1.0, 3.0] {
                let at = |mean: f64| family.point(y, family.link(mean)).0 - family.saturated(y);
                assert!(at(y).abs() < 1e-12, "{family:?} {y}: {}", at(y));
                assert!(at(y * 1.1) > 0.0 && at(y * 0.9) > 0.0, "{family:?} {y}");
            }
        }
        // 2 (y ln(y/μ) − y + μ) and 2 (ln(μ/y) + y/μ − 1)
        let (y, mean) = (3.0f64, 2.0f64);
        let d = |f: Family| f.point(y, f.link(mean)).0 - f.saturated(y);
        assert!((d(Family::Poisson) - (y * (y / mean).ln() - y + mean)).abs() < 1e-14);
        assert!((d(Family::Gamma) - ((mean / y).ln() + y / mean - 1.0)).abs() < 1e-14);
        assert!((d(Family::TweedieIdentity(1.0)) - d(Family::Poisson)).abs() < 1e-14);
        assert!(Family::Poisson.saturated(0.0).abs() < 1e-300);
    }

    #[test]
    fn the_gradient_is_that_of_the_value_and_the_step_is_newtons() {
        for (n, p) in [(9, 2), (1203, 60)] {
            let x = Array2::from_shape_fn((n, p), |(i, j)| 0.3 * value(i * p + j));
            let y: Vec<f64> = (0..n).map(|i| 0.5 + value(3 * i + 1).abs()).collect();
            let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64 / 2.0).collect();
            for family in [Family::Poisson, Family::Gamma, Family::TweedieLog(1.5)] {
                for (weights, fit_intercept) in [
                    (None, true),
                    (Some(&weights[..]), true),
                    (Some(&weights[..]), false),
                ] {
                    let mut loss =
                        GlmLoss::new(&x, y.clone(), weights, family, (0.2, fit_intercept), true);
                    let k = p + usize::from(fit_intercept);
                    let at: Vec<f64> = (0..k).map(|i| 0.2 * value(i + 5)).collect();
                    let (mut gradient, mut unused) = (vec![0.0; k], vec![0.0; k]);
                    loss.value_and_gradient(&at, &mut gradient);
                    let mut step = vec![0.0; k];
                    assert!(loss.direction(&at, &gradient, &mut step));
                    // H d = −g, with H d by differences of gradients.
                    let h = 1e-6;
                    let moved = |by: f64| -> Vec<f64> {
                        at.iter().zip(&step).map(|(a, d)| a + by * d).collect()
                    };
                    let mut up = vec![0.0; k];
                    loss.value_and_gradient(&moved(h), &mut up);
                    loss.value_and_gradient(&moved(-h), &mut unused);
                    for i in 0..k {
                        let product = (up[i] - unused[i]) / (2.0 * h);
                        assert!((product + gradient[i]).abs() < 1e-7, "{family:?} {i}");
                    }
                    for i in (0..k).step_by(k.div_ceil(5)) {
                        let mut there = at.clone();
                        there[i] += 1e-5;
                        let above = loss.value_and_gradient(&there, &mut unused);
                        there[i] -= 2e-5;
                        let below = loss.value_and_gradient(&there, &mut unused);
                        let difference = (above - below) / 2e-5;
                        assert!((gradient[i] - difference).abs() < 1e-8, "{family:?} {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn outside_the_domain_of_an_identity_link_is_infinite() {
        let x = Array2::from_elem((2, 1), 1.0);
        let family = Family::TweedieIdentity(1.5);
        let mut loss = GlmLoss::new(&x, vec![1.0, 2.0], None, family, (0.0, false), false);
        assert!(loss.value_and_gradient(&[-1.0], &mut [0.0]).is_infinite());
        assert!(loss.value_and_gradient(&[1.5], &mut [0.0]).is_finite());
        let mut zero = GlmLoss::new(
            &x,
            vec![1.0, 2.0],
            Some(&[0.0, 1.0]),
            family,
            (0.0, false),
            false,
        );
        assert!(zero.value_and_gradient(&[1.5], &mut [0.0]).is_finite());
    }
}
