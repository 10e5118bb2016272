//! The steps of stochastic gradient descent: one row, one step.
//!
//! The weights are s v: a number times a vector, so that the decay of all weights is one multiplication (L. Bottou,
//! "Stochastic gradient descent tricks", 2012). The average of the weights is (d + a v) / b in the same way: a row touches d
//! and v where it touches the weights, and decay touches only the numbers. The L1 penalty is the cumulative one of
//! Y. Tsuruoka, J. Tsujii and S. Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models with
//! cumulative penalty" (2009): u is what a weight could have been cut by so far, q what it was.
//!
//! A step is a product with the row, a few numbers, and the row added. Rows in random order come from memory, each from
//! somewhere else, and so do their targets and weights: all are asked for some steps ahead, several rows at a time, so that they
//! are in the cache when their turn comes; or they were gathered before.

use std::ops::Range;

use super::gathered::{burst, prefetch};
use super::sgd_loss::Loss;
use super::stochastic_gradient::{SgdLearningRate, SgdPenalty};
use crate::elementary::{exp, ln};
use crate::float::Float;
use crate::linalg;

/// Values that one instruction works on.
const LANES: usize = 8;
type Lane<F> = [F; LANES];

/// The largest slope of a loss that makes a step.
const STEEPEST: f64 = 1e12;

/// The samples, row after row.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, F> {
    data: &'a [F],
    width: usize,
}

impl<'a, F: Float> Rows<'a, F> {
    /// `data` has a row of `width` values after the other.
    pub(super) fn new(data: &'a [F], width: usize) -> Self {
        Rows { data, width }
    }

    #[inline(always)]
    fn row(&self, row: usize) -> &'a [F] {
        &self.data[row * self.width..][..self.width]
    }
}

/// What the rows should give.
#[derive(Clone, Copy)]
pub(super) enum Goal<'a, F> {
    /// 1 for rows of this class, `negative` for others; and what steps of either count.
    Class {
        codes: &'a [u32],
        class: u32,
        negative: f64,
        weights: [f64; 2],
    },
    /// A value for each row.
    Values(&'a [F]),
}

impl<'a, F: Float> Goal<'a, F> {
    /// The same of rows that have these codes or values.
    pub(super) fn among(&self, codes: &'a [u32], values: &'a [F]) -> Self {
        match *self {
            Goal::Class {
                class,
                negative,
                weights,
                ..
            } => Goal::Class {
                codes,
                class,
                negative,
                weights,
            },
            Goal::Values(_) => Goal::Values(values),
        }
    }

    /// The target of a row, and what its class counts.
    #[inline(always)]
    pub(super) fn of(&self, row: usize) -> (f64, f64) {
        match *self {
            Goal::Class {
                codes,
                class,
                negative,
                weights: [other, one],
            } => {
                if codes[row] == class {
                    (1.0, one)
                } else {
                    (negative, other)
                }
            }
            Goal::Values(values) => (values[row].f64(), 1.0),
        }
    }
}

/// What is minimised and how, as the steps need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Method {
    pub(super) loss: Loss,
    pub(super) penalty: Option<SgdPenalty>,
    pub(super) alpha: f64,
    /// The L1 share of the penalty.
    pub(super) l1_ratio: f64,
    pub(super) rate: SgdLearningRate,
    pub(super) eta0: f64,
    pub(super) power_t: f64,
    pub(super) fit_intercept: bool,
    /// The step from which weights are averaged; 0 for none.
    pub(super) average: f64,
    /// The objective is wanted.
    pub(super) objective: bool,
}

/// A vector over the features in lanes: the whole ones, then, unless they are all, one that ends with the last feature and
/// holds 0 for features that stand in a whole one.
#[derive(Clone, Debug)]
struct Lanes<F>(Vec<Lane<F>>);

impl<F: Float> Lanes<F> {
    fn zeros(width: usize) -> Self {
        Lanes(vec![[F::zero(); LANES]; width.div_ceil(LANES)])
    }

    fn pack(values: &[F]) -> Self {
        let mut lanes = Self::zeros(values.len());
        let rest = values.len() % LANES;
        for (j, &value) in values.iter().enumerate() {
            let last = j / LANES * LANES == values.len() - rest;
            lanes.0[j / LANES][j % LANES + if last { LANES - rest } else { 0 }] = value;
        }
        lanes
    }

    fn unpack(&self, width: usize) -> Vec<F> {
        let rest = width % LANES;
        let mut values: Vec<F> = self.0.iter().flatten().copied().take(width).collect();
        if let Some(last) = self.0.last()
            && rest > 0
        {
            values[width - rest..].copy_from_slice(&last[LANES - rest..]);
        }
        values
    }
}

/// A row in lanes: the whole ones, and the last.
#[derive(Clone, Copy)]
struct Row<'a, F> {
    whole: &'a [Lane<F>],
    rest: Lane<F>,
}

#[inline(always)]
fn lanes_of<'a, F: Float>(row: &'a [F], mask: &Lane<F>) -> Row<'a, F> {
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut last = [F::zero(); LANES];
    if !rest.is_empty() {
        match row.last_chunk::<LANES>() {
            Some(end) => {
                for l in 0..LANES {
                    last[l] = end[l] * mask[l];
                }
            }
            None => {
                for (to, &value) in last[LANES - rest.len()..].iter_mut().zip(rest) {
                    *to = value;
                }
            }
        }
    }
    Row { whole, rest: last }
}

#[inline(always)]
fn add_product<F: Float>(sum: &mut Lane<F>, a: &Lane<F>, b: &Lane<F>) {
    for l in 0..LANES {
        sum[l] = a[l].mul_add(b[l], sum[l]);
    }
}

#[inline(always)]
fn total<F: Float>(sums: [Lane<F>; 4]) -> F {
    let mut all = [F::zero(); LANES];
    for l in 0..LANES {
        all[l] = (sums[0][l] + sums[1][l]) + (sums[2][l] + sums[3][l]);
    }
    let four: [F; 4] = std::array::from_fn(|l| all[l] + all[l + 4]);
    (four[0] + four[2]) + (four[1] + four[3])
}

/// v·x
#[inline(always)]
fn dot<F: Float>(v: &[Lane<F>], x: Row<'_, F>) -> F {
    let mut sums = [[F::zero(); LANES]; 4];
    let (v_whole, v_rest) = v.split_at(x.whole.len());
    let mut v4 = v_whole.chunks_exact(4);
    let mut x4 = x.whole.chunks_exact(4);
    for (v, x) in (&mut v4).zip(&mut x4) {
        for k in 0..4 {
            add_product(&mut sums[k], &v[k], &x[k]);
        }
    }
    let (v, x3) = (v4.remainder(), x4.remainder());
    if let ([v, ..], [x, ..]) = (v, x3) {
        add_product(&mut sums[0], v, x);
    }
    if let ([_, v, ..], [_, x, ..]) = (v, x3) {
        add_product(&mut sums[1], v, x);
    }
    if let ([_, _, v], [_, _, x]) = (v, x3) {
        add_product(&mut sums[2], v, x);
    }
    if let [v] = v_rest {
        add_product(&mut sums[3], v, &x.rest);
    }
    total(sums)
}

/// v += c x; the sum of squares of v, and of its magnitudes if wanted.
#[inline(always)]
fn add<F: Float, const L1: bool>(v: &mut [Lane<F>], c: F, x: Row<'_, F>) -> (F, F) {
    let mut squares = [[F::zero(); LANES]; 4];
    let mut sizes = [F::zero(); LANES];
    let (v_whole, v_rest) = v.split_at_mut(x.whole.len());
    let mut one = |v: &mut Lane<F>, x: &Lane<F>, squares: &mut Lane<F>| {
        for l in 0..LANES {
            v[l] = c.mul_add(x[l], v[l]);
            squares[l] = v[l].mul_add(v[l], squares[l]);
            if L1 {
                sizes[l] += v[l].abs();
            }
        }
    };
    let mut v2 = v_whole.chunks_exact_mut(2);
    let mut x2 = x.whole.chunks_exact(2);
    for (v, x) in (&mut v2).zip(&mut x2) {
        one(&mut v[0], &x[0], &mut squares[0]);
        one(&mut v[1], &x[1], &mut squares[1]);
    }
    if let ([v], [x]) = (v2.into_remainder(), x2.remainder()) {
        one(v, x, &mut squares[2]);
    }
    if let [v] = v_rest {
        one(v, &x.rest, &mut squares[3]);
    }
    let zeros = [F::zero(); LANES];
    (total(squares), total([sizes, zeros, zeros, zeros]))
}

/// The numbers that change with every step.
#[derive(Clone, Copy, Debug)]
struct State {
    /// s of the weights s v.
    scale: f64,
    intercept: f64,
    /// a and b of the average (d + a v) / b.
    shift: f64,
    share: f64,
    average_intercept: f64,
    /// The steps so far, from 1.
    t: f64,
    /// What a weight could have been cut by.
    cut: f64,
    /// ‖w‖² and ‖w‖₁ after the last row that was added.
    squares: f64,
    sizes: f64,
    /// Of all steps of an epoch.
    objective: f64,
}

/// One linear function that learns.
pub(super) struct Machine<F> {
    width: usize,
    /// 1 in the lanes that the last lane of a row adds.
    mask: Lane<F>,
    /// v
    v: Lanes<F>,
    /// d, where weights are averaged.
    d: Option<Lanes<F>>,
    /// What each weight was cut by, where there is an L1 penalty.
    q: Option<Lanes<F>>,
    state: State,
    /// The step size of the schedules that hold it.
    pub(super) eta: f64,
    /// Where the schedule `optimal` begins.
    origin: f64,
}

/// Weights and intercept, and their averages.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weights<F> {
    pub(super) coef: Vec<F>,
    pub(super) intercept: f64,
    pub(super) average: Option<(Vec<F>, f64)>,
}

impl<F: Float> Machine<F> {
    /// Goes on from `start` with step number `t`, from 1.
    pub(super) fn new(method: &Method, start: &Weights<F>, t: f64) -> Self {
        let width = start.coef.len();
        let l1 = matches!(
            method.penalty,
            Some(SgdPenalty::L1 | SgdPenalty::Elasticnet)
        );
        let averaged = start.average.as_ref().filter(|_| method.average > 0.0);
        let rest = width % LANES;
        let sum = |f: fn(f64) -> f64| start.coef.iter().map(|v| f(v.f64())).sum();
        Machine {
            width,
            mask: std::array::from_fn(|l| {
                if l >= LANES - rest {
                    F::one()
                } else {
                    F::zero()
                }
            }),
            v: Lanes::pack(&start.coef),
            d: averaged.map(|(coef, _)| Lanes::pack(coef)),
            q: l1.then(|| Lanes::zeros(width)),
            state: State {
                scale: 1.0,
                intercept: start.intercept,
                shift: 0.0,
                share: 1.0,
                average_intercept: averaged.map_or(0.0, |(_, intercept)| *intercept),
                t,
                cut: 0.0,
                squares: sum(|v| v * v),
                sizes: sum(f64::abs),
                objective: 0.0,
            },
            eta: method.eta0,
            origin: origin(method),
        }
    }

    /// The weights.
    pub(super) fn weights(mut self) -> Weights<F> {
        self.rescale();
        let average = self.d.as_ref().map(|d| d.unpack(self.width));
        Weights {
            coef: self.v.unpack(self.width),
            intercept: self.state.intercept,
            average: average.map(|coef| (coef, self.state.average_intercept)),
        }
    }

    /// The sum of the objective over the steps since this was last asked.
    pub(super) fn take_objective(&mut self) -> f64 {
        std::mem::take(&mut self.state.objective)
    }

    /// Weights and intercept are finite.
    pub(super) fn is_finite(&self) -> bool {
        self.state.intercept.is_finite() && self.v.0.iter().flatten().all(|v| v.is_finite())
    }

    /// s = 1.
    fn rescale(&mut self) {
        rescale(&mut self.state, &mut self.v.0, self.d.as_mut());
    }

    /// w·x + b of some rows.
    pub(super) fn decisions(&self, rows: &Rows<'_, F>, picked: &[u32]) -> Vec<f64> {
        let ahead = burst::<F>(self.width);
        let mut all = Vec::with_capacity(picked.len());
        linalg::simd(
            #[inline(always)]
            || {
                for (at, &row) in picked.iter().enumerate() {
                    if let Some(&next) = picked.get(at + ahead) {
                        prefetch(rows.row(next as usize));
                    }
                    let x = lanes_of(rows.row(row as usize), &self.mask);
                    let p = dot(&self.v.0, x).f64();
                    all.push(p * self.state.scale + self.state.intercept);
                }
            },
        );
        all
    }

    /// Learns from the rows of the batch, one after the other.
    pub(super) fn learn(&mut self, method: &Method, batch: Batch<'_, F>) {
        if self.q.is_some() {
            linalg::simd(
                #[inline(always)]
                || self.steps::<true>(method, batch),
            );
        } else {
            linalg::simd(
                #[inline(always)]
                || self.steps::<false>(method, batch),
            );
        }
    }

    #[inline(always)]
    fn steps<const L1: bool>(&mut self, method: &Method, batch: Batch<'_, F>) {
        let Method {
            loss,
            alpha,
            l1_ratio,
            rate,
            eta0,
            ..
        } = *method;
        let decays = matches!(
            method.penalty,
            Some(SgdPenalty::L2 | SgdPenalty::Elasticnet)
        );
        let passive = matches!(rate, SgdLearningRate::Pa1 | SgdLearningRate::Pa2);
        let penalised = method.penalty.is_some() && !passive;
        let limit = if F::NAME == "f32" { 1e-6 } else { 1e-9 };
        let mut s = self.state;
        let mut eta = self.eta;
        let v = &mut self.v.0[..];
        let ahead = burst::<F>(self.width);
        let mut ask = batch.range.start;
        for at in batch.range.clone() {
            // Together, because steps that wait for each other leave room for few requests at a time.
            if batch.scattered && at == ask {
                ask += ahead;
                let end = batch.order.len().min(ask + ahead);
                for &next in &batch.order[ask.min(end)..end] {
                    batch.prefetch(next as usize);
                }
            }
            let row = batch.order[at] as usize;
            let x = lanes_of(batch.rows.row(row), &self.mask);
            let (y, class_weight) = batch.goal.of(row);
            let weight = class_weight * batch.weights.map_or(1.0, |w| w[row]);

            match rate {
                SgdLearningRate::Optimal => eta = 1.0 / (alpha * (self.origin + s.t - 1.0)),
                SgdLearningRate::Invscaling => eta = eta0 / power(s.t, method.power_t),
                _ => {}
            }
            // Known before the product is: off the way from one step to the next.
            let decay = if decays {
                (1.0 - (1.0 - l1_ratio) * eta * alpha).max(0.0)
            } else {
                1.0
            };
            let inverse = 1.0 / (s.scale * decay);

            let p = dot(v, x).f64() * s.scale + s.intercept;
            if method.objective {
                s.objective += loss.value(y, p);
                if penalised {
                    s.objective +=
                        alpha * ((1.0 - l1_ratio) * 0.5 * s.squares + l1_ratio * s.sizes);
                }
            }

            let update = if passive {
                let norm = square_norm(x).f64();
                let size = if rate == SgdLearningRate::Pa1 {
                    if norm == 0.0 {
                        continue;
                    }
                    (loss.value(y, p) / norm).min(eta0)
                } else {
                    loss.value(y, p) / (norm + 0.5 / eta0)
                };
                match loss {
                    Loss::Hinge(_) => size * y,
                    _ if y - p < 0.0 => -size,
                    _ => size,
                }
            } else {
                -eta * loss.gradient(y, p).clamp(-STEEPEST, STEEPEST)
            };
            let update = update * weight;

            let mut step = update * inverse;
            if decays {
                s.scale *= decay;
                s.squares *= decay * decay;
                s.sizes *= decay;
                if s.scale < limit {
                    rescale(&mut s, v, self.d.as_mut());
                    step = update;
                }
            }
            if update != 0.0 {
                let (squares, sizes) = add::<F, L1>(v, F::of(step), x);
                s.squares = squares.f64() * (s.scale * s.scale);
                s.sizes = sizes.f64() * s.scale;
            }
            if method.fit_intercept {
                s.intercept += update;
            }
            if let Some(d) = &mut self.d
                && method.average <= s.t
            {
                let n = s.t - method.average + 1.0;
                if update != 0.0 && s.shift != 0.0 {
                    add::<F, false>(&mut d.0, F::of(-s.shift * step), x);
                }
                if n > 1.0 {
                    s.share /= 1.0 - 1.0 / n;
                }
                s.shift += s.share * s.scale / n;
                s.average_intercept += (s.intercept - s.average_intercept) / n;
            }
            if L1 && let Some(q) = &mut self.q {
                s.cut += l1_ratio * eta * alpha;
                truncate(v, &mut q.0, F::of(s.cut), F::of(s.scale));
            }
            s.t += 1.0;
        }
        self.state = s;
        self.eta = eta;
    }
}

/// What a call learns from: the rows `order[range]`.
pub(super) struct Batch<'a, F> {
    pub(super) rows: &'a Rows<'a, F>,
    pub(super) goal: &'a Goal<'a, F>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) order: &'a [u32],
    pub(super) range: Range<usize>,
    /// The rows do not follow each other in memory.
    pub(super) scattered: bool,
}

impl<F: Float> Batch<'_, F> {
    /// Asks for what a step needs of a row.
    #[inline(always)]
    fn prefetch(&self, row: usize) {
        prefetch(self.rows.row(row));
        match self.goal {
            Goal::Class { codes, .. } => prefetch(&codes[row..=row]),
            Goal::Values(values) => prefetch(&values[row..=row]),
        }
        if let Some(weights) = self.weights {
            prefetch(&weights[row..=row]);
        }
    }
}

/// ‖x‖²
#[inline(always)]
fn square_norm<F: Float>(x: Row<'_, F>) -> F {
    let mut sum = x.rest.map(|v| v * v);
    for x in x.whole {
        add_product(&mut sum, x, x);
    }
    let zeros = [F::zero(); LANES];
    total([sum, zeros, zeros, zeros])
}

/// s = 1, b = 1 and a = 0 with the same weights and the same average.
fn rescale<F: Float>(s: &mut State, v: &mut [Lane<F>], d: Option<&mut Lanes<F>>) {
    if let Some(d) = d {
        let (shift, share) = (F::of(s.shift), F::of(1.0 / s.share));
        for (d, &v) in d.0.iter_mut().flatten().zip(v.iter().flatten()) {
            *d = (*d + shift * v) * share;
        }
        (s.shift, s.share) = (0.0, 1.0);
    }
    let scale = F::of(s.scale);
    for v in v.iter_mut().flatten() {
        *v *= scale;
    }
    s.scale = 1.0;
}

/// Cuts every weight towards 0 by what it has not been cut by yet, at most to 0.
#[inline(always)]
fn truncate<F: Float>(v: &mut [Lane<F>], q: &mut [Lane<F>], cut: F, scale: F) {
    let zero = F::zero();
    for (v, q) in v.iter_mut().zip(q) {
        for l in 0..LANES {
            let z = v[l];
            let down = (z - (cut + q[l]) / scale).max(zero);
            let up = (z + (cut - q[l]) / scale).min(zero);
            let new = if z > zero {
                down
            } else if z < zero {
                up
            } else {
                z
            };
            v[l] = new;
            q[l] += scale * (new - z);
        }
    }
}

/// The count of steps with which the schedule `optimal`, 1 / (alpha t), begins (L. Bottou).
fn origin(method: &Method) -> f64 {
    if method.rate != SgdLearningRate::Optimal {
        return 0.0;
    }
    let typical = (1.0 / method.alpha.sqrt()).sqrt();
    let first = typical / method.loss.gradient(1.0, -typical).max(1.0);
    1.0 / (first * method.alpha)
}

/// t to the power; the common ones by square roots.
#[inline(always)]
fn power(t: f64, exponent: f64) -> f64 {
    if exponent == 0.25 {
        t.sqrt().sqrt()
    } else if exponent == 0.5 {
        t.sqrt()
    } else {
        exp(exponent * ln(t))
    }
}
