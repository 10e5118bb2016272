//! Stochastic average gradient, SAG and SAGA: sums over rows minimised one row at a time.
//!
//! ```text
//! 1/n Σᵢ sᵢ loss(yᵢ, W xᵢ + b) + alpha/2 ‖W‖² + beta ‖W‖₁
//! ```
//!
//! The gradient of every row's loss at its raw prediction is remembered. A step draws a row, replaces its gradient and goes
//! along the average of all that are remembered (M. Schmidt, N. Le Roux, F. Bach, "Minimizing finite sums with the
//! stochastic average gradient", Mathematical Programming 162 (2017)); SAGA goes along an unbiased form of it, which allows
//! `beta` (A. Defazio, F. Bach, S. Lacoste-Julien, "SAGA", NIPS 2014). The step is 1/L for SAG and 1/(2L + min(2 n alpha, L))
//! for SAGA, with L the largest curvature of a row, as in scikit-learn; a row's weight counts in its curvature.
//!
//! Rows come from memory in random order, and what is remembered of them too: both are asked for ahead, and of many rows, other
//! threads bring the next block together meanwhile.
//!
//! Parameters are flat: the rows of W, then, with an intercept, b.

use std::iter::repeat_n;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use super::gathered::{Blocks, Piece, Source, burst, paged, prefetch};
use crate::elementary::exp;
use crate::error::{ErrorKind, Result};
use crate::float::Float;
use crate::linalg::simd;
use crate::{parallel, random};

/// The loss of a row.
#[derive(Clone, Copy)]
pub(super) enum RowLoss<'a> {
    /// (z − y)²/2.
    Squared(&'a [f64]),
    /// ln(1 + eᶻ) − y z with y in {0, 1}.
    Logistic(&'a [u32]),
    /// ln Σₖ exp(zₖ) − z_y of so many classes.
    Multinomial(&'a [u32], usize),
}

/// How the minimisation runs. `alpha` and `beta` are those of the objective above, with the loss averaged.
#[derive(Clone, Debug)]
pub(super) struct StochasticAverage {
    pub(super) estimator: &'static str,
    pub(super) saga: bool,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) fit_intercept: bool,
    /// Stops when no coefficient changes in an epoch by more than this relative to the largest coefficient, and no intercept
    /// relative to the largest of all.
    pub(super) tol: f64,
    /// The most epochs.
    pub(super) max_iter: usize,
    pub(super) random_state: u64,
}

impl StochasticAverage {
    /// Minimises from `parameters` for rows `x` (n, p) in row order and weights of mean 1 over the rows that have any; gives
    /// the epochs made and whether the tolerance was reached. `report` hears of every epoch.
    ///
    /// # Errors
    /// `Overflow` when the steps diverge; those of `report`.
    pub(super) fn minimize<F: Float>(
        &self,
        x: &[F],
        p: usize,
        loss: RowLoss<'_>,
        weights: Option<&[f64]>,
        parameters: &mut [f64],
        report: impl FnMut(usize) -> Result<()>,
    ) -> Result<(usize, bool)> {
        let blocks = source(x, p).is_large().then(|| Blocks::new(p));
        self.minimize_by(blocks.as_ref(), x, p, loss, weights, parameters, report)
    }

    /// The same, of rows that are gathered in blocks or not.
    #[allow(clippy::too_many_arguments)]
    fn minimize_by<F: Float>(
        &self,
        blocks: Option<&Blocks<F>>,
        x: &[F],
        p: usize,
        loss: RowLoss<'_>,
        weights: Option<&[f64]>,
        parameters: &mut [f64],
        mut report: impl FnMut(usize) -> Result<()>,
    ) -> Result<(usize, bool)> {
        let n_outputs = match loss {
            RowLoss::Multinomial(_, k) => k,
            _ => 1,
        };
        let n_rows = x.len() / p.max(1);
        let drawn: Option<Vec<usize>> =
            weights.map(|w| (0..n_rows).filter(|&i| w[i] > 0.0).collect());
        let n = drawn.as_ref().map_or(n_rows, Vec::len);
        let Some(count) = NonZeroUsize::new(n) else {
            return Ok((0, true));
        };
        let own: Vec<u32>;
        let loss = match loss {
            RowLoss::Logistic(codes) if blocks.is_some() => {
                own = paged(codes.iter().copied());
                RowLoss::Logistic(&own)
            }
            RowLoss::Multinomial(codes, k) if blocks.is_some() => {
                own = paged(codes.iter().copied());
                RowLoss::Multinomial(&own, k)
            }
            loss => loss,
        };
        let step = self.step(x, p, loss, weights, n);
        if !(step.is_finite() && step > 0.0) {
            return Err(self.overflow());
        }
        let (coef, intercept) = parameters.split_at_mut(n_outputs * p);
        let mut state = State {
            x,
            p,
            loss,
            weights,
            coef,
            intercept,
            memory: paged(repeat_n(0.0, n_rows * n_outputs)),
            sums: vec![0.0; n_outputs * p],
            intercept_sums: vec![0.0; n_outputs],
            raw: vec![0.0; n_outputs],
            seen: paged(repeat_n(false, n_rows)),
            n_seen: 0,
            step,
            decay: 1.0 - step * self.alpha,
            threshold: step * self.beta,
            saga: self.saga,
        };
        let mut rng = random::generator(self.random_state);
        let mut previous: Vec<f64> = state
            .coef
            .iter()
            .chain(&*state.intercept)
            .copied()
            .collect();
        let mut draw = |order: &mut Vec<usize>, most: usize| {
            order.reserve_exact(n - order.len());
            for _ in 0..most.min(n - order.len()) {
                let row = random::below(count, &mut rng);
                order.push(drawn.as_ref().map_or(row, |rows| rows[row]));
            }
        };
        let (mut order, mut next) = (Vec::new(), Vec::new());
        for epoch in 1..=self.max_iter {
            draw(&mut order, n);
            match blocks {
                None => simd(
                    #[inline(always)]
                    || state.epoch(&order),
                ),
                Some(blocks) => {
                    let learner = Mutex::new(&mut state);
                    let drawing = Mutex::new((&mut next, &mut draw));
                    blocks.pass(
                        &source(x, p),
                        n,
                        &|i| order[i],
                        1,
                        &|_, first, piece| {
                            let mut state = learner.lock().unwrap_or_else(PoisonError::into_inner);
                            let state = &mut **state;
                            simd(
                                #[inline(always)]
                                || state.piece(piece, &order[first..]),
                            );
                        },
                        &|shares| {
                            if epoch < self.max_iter {
                                let mut all =
                                    drawing.lock().unwrap_or_else(PoisonError::into_inner);
                                let (next, draw) = &mut *all;
                                draw(next, n.div_ceil(shares));
                            }
                        },
                    );
                }
            }
            std::mem::swap(&mut order, &mut next);
            next.clear();
            // A large intercept must not hide coefficients that are on their way. The intercept counts too: where all
            // coefficients are 0 it may still be on its own.
            let n_coef = state.coef.len();
            let (old_coef, old_intercept) = previous.split_at_mut(n_coef);
            let (coef, coef_change) = moved(state.coef, old_coef);
            let (intercept, intercept_change) = moved(state.intercept, old_intercept);
            if !(coef.is_finite() && intercept.is_finite()) {
                return Err(self.overflow());
            }
            report(epoch)?;
            if coef_change <= self.tol * coef && intercept_change <= self.tol * coef.max(intercept)
            {
                return Ok((epoch, true));
            }
        }
        Ok((self.max_iter, false))
    }

    /// The length of a step.
    fn step<F: Float>(
        &self,
        x: &[F],
        p: usize,
        loss: RowLoss<'_>,
        weights: Option<&[f64]>,
        n: usize,
    ) -> f64 {
        let ones = f64::from(u8::from(self.fit_intercept));
        let n_rows = x.len() / p.max(1);
        let largest = parallel::map_chunks(n_rows, parallel::row_chunks(n_rows, p), |rows| {
            let mut largest = 0.0f64;
            for i in rows {
                let row = &x[i * p..(i + 1) * p];
                let squares: f64 = row.iter().map(|v| v.f64() * v.f64()).sum();
                largest = largest.max(weights.map_or(1.0, |w| w[i]) * (squares + ones));
            }
            largest
        });
        let largest = largest.into_iter().fold(0.0, f64::max);
        let curvature = match loss {
            RowLoss::Squared(_) => largest,
            _ => 0.25 * largest,
        } + self.alpha;
        if self.saga {
            let strong = (2.0 * n as f64 * self.alpha).min(curvature);
            1.0 / (2.0 * curvature + strong)
        } else {
            1.0 / curvature
        }
    }

    fn overflow(&self) -> crate::Error {
        ErrorKind::Overflow {
            estimator: self.estimator.into(),
            what: "a step of the stochastic average gradient (scale the features)".into(),
        }
        .into()
    }
}

struct State<'a, F> {
    x: &'a [F],
    p: usize,
    loss: RowLoss<'a>,
    weights: Option<&'a [f64]>,
    coef: &'a mut [f64],
    /// Empty without an intercept.
    intercept: &'a mut [f64],
    /// The derivative of each row's loss by each raw prediction, (n, k).
    memory: Vec<f64>,
    /// Their sums times the rows, (k, p).
    sums: Vec<f64>,
    intercept_sums: Vec<f64>,
    raw: Vec<f64>,
    seen: Vec<bool>,
    n_seen: usize,
    step: f64,
    decay: f64,
    threshold: f64,
    saga: bool,
}

impl<F: Float> State<'_, F> {
    /// Visits the rows, in this order.
    #[inline(always)]
    fn epoch(&mut self, order: &[usize]) {
        let (x, p) = (self.x, self.p);
        let row_of = |row: usize| &x[row * p..(row + 1) * p];
        let ahead = burst::<F>(p);
        for (at, &row) in order.iter().enumerate() {
            if at % ahead == 0 {
                for &next in order.iter().skip(at + ahead).take(ahead) {
                    prefetch(row_of(next));
                    self.prefetch(next);
                }
            }
            self.visit(row, row_of(row));
        }
    }

    /// Visits the rows of the piece, which have these numbers and may be followed by others.
    #[inline(always)]
    fn piece(&mut self, piece: &Piece<F>, order: &[usize]) {
        const AHEAD: usize = 16;
        for (at, x) in piece.rows.chunks_exact(self.p).enumerate() {
            if let Some(&next) = order.get(at + AHEAD) {
                self.prefetch(next);
            }
            self.visit(order[at], x);
        }
    }

    /// Asks for what is remembered of a row.
    #[inline(always)]
    fn prefetch(&self, row: usize) {
        let k = self.raw.len();
        prefetch(&self.memory[row * k..(row + 1) * k]);
        prefetch(&self.seen[row..=row]);
        match self.loss {
            RowLoss::Squared(y) => prefetch(&y[row..=row]),
            RowLoss::Logistic(codes) | RowLoss::Multinomial(codes, _) => {
                prefetch(&codes[row..=row]);
            }
        }
        if let Some(weights) = self.weights {
            prefetch(&weights[row..=row]);
        }
    }

    #[inline(always)]
    fn visit(&mut self, row: usize, x: &[F]) {
        let p = self.p;
        if !self.seen[row] {
            self.seen[row] = true;
            self.n_seen += 1;
        }
        let k = self.raw.len();
        for (c, z) in self.raw.iter_mut().enumerate() {
            let b = self.intercept.get(c).copied().unwrap_or(0.0);
            *z = b + dot(x, &self.coef[c * p..(c + 1) * p]);
        }
        self.loss.derivatives(row, &mut self.raw);
        let s = self.weights.map_or(1.0, |w| w[row]);
        let average = self.step / self.n_seen as f64;
        // What SAGA adds to the average: the change of this row, but for its part in the average.
        let own = if self.saga { self.step - average } else { 0.0 };
        for c in 0..k {
            let new = s * self.raw[c];
            let old = &mut self.memory[row * k + c];
            let change = new - *old;
            *old = new;
            let coef = &mut self.coef[c * p..(c + 1) * p];
            let sums = &mut self.sums[c * p..(c + 1) * p];
            let (decay, own_change) = (self.decay, own * change);
            if self.threshold > 0.0 {
                for ((w, sum), x) in coef.iter_mut().zip(sums).zip(x) {
                    let x = x.f64();
                    *sum = x.mul_add(change, *sum);
                    let moved = *w * decay - x * own_change - average * *sum;
                    *w = (moved.abs() - self.threshold).max(0.0).copysign(moved);
                }
            } else {
                for ((w, sum), x) in coef.iter_mut().zip(sums).zip(x) {
                    let x = x.f64();
                    *sum = x.mul_add(change, *sum);
                    *w = *w * decay - x * own_change - average * *sum;
                }
            }
            if let Some(b) = self.intercept.get_mut(c) {
                self.intercept_sums[c] += change;
                *b -= own_change + average * self.intercept_sums[c];
            }
        }
    }
}

impl RowLoss<'_> {
    /// Raw predictions of a row become the derivatives of its loss by them.
    #[inline(always)]
    fn derivatives(&self, row: usize, raw: &mut [f64]) {
        match *self {
            RowLoss::Squared(y) => raw[0] -= y[row],
            RowLoss::Logistic(codes) => {
                let e = exp(-raw[0].abs());
                let large = 1.0 / (1.0 + e);
                let probability = if raw[0] > 0.0 { large } else { e * large };
                raw[0] = probability - f64::from(codes[row]);
            }
            RowLoss::Multinomial(codes, _) => {
                let shift = raw.iter().fold(f64::MIN, |m, &z| if z > m { z } else { m });
                let mut total = 0.0;
                for z in raw.iter_mut() {
                    *z = exp(*z - shift);
                    total += *z;
                }
                for z in raw.iter_mut() {
                    *z /= total;
                }
                raw[codes[row] as usize] -= 1.0;
            }
        }
    }
}

/// Rows of width p.
fn source<F>(rows: &[F], p: usize) -> Source<'_, F> {
    Source {
        rows,
        width: p,
        codes: None,
        values: None,
        weights: None,
    }
}

/// The largest size of a value and its largest change from `old`, which becomes the value; not finite where a value is not.
fn moved(new: &[f64], old: &mut [f64]) -> (f64, f64) {
    let (mut size, mut change) = (0.0f64, 0.0f64);
    for (w, old) in new.iter().zip(old) {
        size = if w.is_finite() {
            size.max(w.abs())
        } else {
            f64::INFINITY
        };
        change = change.max((w - *old).abs());
        *old = *w;
    }
    (size, change)
}

#[inline(always)]
fn dot<F: Float>(x: &[F], w: &[f64]) -> f64 {
    const LANES: usize = 16;
    let (x_lanes, x_tail) = x.as_chunks::<LANES>();
    let (w_lanes, w_tail) = w.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (x, w) in x_lanes.iter().zip(w_lanes) {
        for l in 0..LANES {
            sums[l] = x[l].f64().mul_add(w[l], sums[l]);
        }
    }
    let mut sum = sums.iter().sum::<f64>();
    for (x, w) in x_tail.iter().zip(w_tail) {
        sum = x.f64().mul_add(*w, sum);
    }
    sum
}

/// Weights divided by their mean over the rows that have any.
pub(super) fn of_mean_one(weights: &[f64]) -> Vec<f64> {
    let n = weights.iter().filter(|&&w| w > 0.0).count() as f64;
    let mean = weights.iter().sum::<f64>() / n;
    paged(weights.iter().map(|w| w / mean))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_least_squares_and_the_same_again() {
        let x = [1.0, 0.5, -1.0, 0.3, 0.2, -0.7, 0.9, 0.1];
        let y: Vec<f64> = x.chunks(2).map(|r| 2.0 * r[0] - 3.0 * r[1]).collect();
        for saga in [false, true] {
            let how = StochasticAverage {
                estimator: "E",
                saga,
                alpha: 0.0,
                beta: 0.0,
                fit_intercept: false,
                tol: 1e-13,
                max_iter: 10_000,
                random_state: 3,
            };
            let run = || {
                let mut w = [0.0; 2];
                let found = how.minimize(&x, 2, RowLoss::Squared(&y), None, &mut w, |_| Ok(()));
                assert!(found.unwrap().1);
                w
            };
            let w = run();
            assert!(
                (w[0] - 2.0).abs() < 1e-9 && (w[1] + 3.0).abs() < 1e-9,
                "{w:?}"
            );
            assert_eq!(w.map(f64::to_bits), run().map(f64::to_bits));
        }
    }

    #[test]
    fn rows_that_are_gathered_teach_the_same() {
        // A block of 256 KiB has 4681 rows of 7.
        let (n, p) = (4690, 7);
        let mut rng = random::generator(1);
        let x: Vec<f64> = (0..n * p)
            .map(|_| random::uniform(&mut rng) - 0.5)
            .collect();
        let codes: Vec<u32> = (0..n)
            .map(|i| (x[i * p] > 0.1) as u32 + (i % 2) as u32)
            .collect();
        let weights: Vec<f64> = (0..n).map(|i| (i % 3) as f64).collect();
        let weights = of_mean_one(&weights);
        let how = StochasticAverage {
            estimator: "E",
            saga: true,
            alpha: 0.1,
            beta: 0.001,
            fit_intercept: true,
            tol: 0.0,
            max_iter: 3,
            random_state: 0,
        };
        let run = |threads: usize, blocks: Option<&Blocks<f64>>, weights: Option<&[f64]>| {
            let mut w = vec![0.0; 3 * (p + 1)];
            let loss = RowLoss::Multinomial(&codes, 3);
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let found =
                pool.install(|| how.minimize_by(blocks, &x, p, loss, weights, &mut w, |_| Ok(())));
            assert_eq!(found.unwrap(), (3, false));
            w
        };
        for weights in [None, Some(&weights[..])] {
            let alone = run(1, None, weights);
            assert!(alone.iter().all(|&w| w != 0.0));
            for threads in [1, 2, 8] {
                assert_eq!(
                    run(threads, Some(&Blocks::new(p)), weights),
                    alone,
                    "{threads}"
                );
            }
        }
    }

    #[test]
    fn a_large_intercept_hides_no_coefficient() {
        let x: [f64; 4] = [1e-3, -1e-3, 2e-3, -2e-3];
        let y = x.map(|x| 50.0 + 20.0 * x);
        let how = StochasticAverage {
            estimator: "E",
            saga: false,
            alpha: 0.0,
            beta: 0.0,
            fit_intercept: true,
            tol: 1e-4,
            max_iter: 50,
            random_state: 0,
        };
        let mut w = [0.0, 50.0];
        let (epochs, converged) = how
            .minimize(&x, 1, RowLoss::Squared(&y), None, &mut w, |_| Ok(()))
            .unwrap();
        assert!(epochs == 50 && !converged, "{w:?} after {epochs}");
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice() {
        let x: [f64; 6] = [1.0, 0.5, -1.0, 0.3, 0.2, -0.7];
        let how = StochasticAverage {
            estimator: "E",
            saga: true,
            alpha: 0.1,
            beta: 0.02,
            fit_intercept: true,
            tol: 1e-14,
            max_iter: 20_000,
            random_state: 0,
        };
        let weights = of_mean_one(&[2.0, 1.0, 0.0]);
        let (mut one, mut two) = ([0.0; 3], [0.0; 3]);
        let loss = RowLoss::Logistic(&[1, 0, 1]);
        how.minimize(&x, 2, loss, Some(&weights), &mut one, |_| Ok(()))
            .unwrap();
        let twice = [1.0, 0.5, 1.0, 0.5, -1.0, 0.3];
        let loss = RowLoss::Logistic(&[1, 1, 0]);
        how.minimize(&twice, 2, loss, None, &mut two, |_| Ok(()))
            .unwrap();
        for (a, b) in one.iter().zip(two) {
            assert!((a - b).abs() < 1e-9, "{one:?} {two:?}");
        }
    }
}
