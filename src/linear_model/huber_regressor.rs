//! Linear regression that outliers do not spoil: squared errors for small residuals, absolute errors for large ones, and a
//! scale learned along with the coefficients.

use std::fmt;
use std::ops::ControlFlow;
use std::ops::Range;

use ndarray::{Array1, Array2, ArrayRef2, Axis, CowArray, Ix2};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::linalg::{self, Cholesky, simd};
use crate::linear_model::affine::affine;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::optim::newton::{Curved, Newton, NewtonStop};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::{AsTargets, RealTarget};
use crate::traits::Estimator;

use super::row_blocks::{add_transposed_products, products};

const NAME: &str = "HuberRegressor";

/// A linear regression that outliers do not spoil.
///
/// Minimises over w (n_features), b and the scale σ > 0, with sample weights s,
/// ```text
/// Σᵢ sᵢ (σ + H((yᵢ − xᵢ·w − b) / σ) σ) + alpha ‖w‖²,     H(z) = z² for |z| ≤ epsilon, else 2 epsilon |z| − epsilon²
/// ```
/// Residuals beyond `epsilon` σ count by their size, not by their square. Because σ is learned, `epsilon` need not follow the
/// units of y. Use it where a few targets are far off; features that are far off still spoil it. Scale the features, the
/// penalty treats all alike.
///
/// # Settings
/// | name | default | range | raising it ... |
/// |---|---|---|---|
/// | `epsilon` | 1.35 | [1, ∞) | makes it more like least squares; 1.35 keeps 95 % of the efficiency there |
/// | `max_iter` | 100 | ≥ 0 | allows more iterations |
/// | `alpha` | 1e-4 | [0, ∞) | shrinks the coefficients |
/// | `fit_intercept` | true | | |
/// | `tol` | 1e-5 | [0, ∞) | stops earlier: when max \|∂f\| ≤ `tol` and `tol` / 10⁴ of f is left to gain |
///
/// scikit-learn's `warm_start` is [`fit_from`](Self::fit_from).
///
/// # Units
/// σ is in units of y, `alpha` in y per squared coefficient.
///
/// # Complexity
/// Time O(n p²) an iteration, of which some ten are needed; memory O(n + p²), and a copy of the samples unless they are in row
/// order.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `Overflow` when they are too large for
/// their type; `Cancelled`. Not converging is no error: see [`converged`](FittedHuberRegressor::converged).
///
/// # Source
/// A. B. Owen, "A robust hybrid of lasso and ridge regression", Contemporary Mathematics 443 (2007). The objective is convex in
/// all of w, b and σ; it is minimised by Newton's method from the least squares fit, helped out by parabolas that touch the
/// objective from above, where scikit-learn takes L-BFGS-B from 0, stops when a step gains less than 2e-9 of the objective, and
/// is farther from the minimum then, the more so the worse the columns are scaled. σ is kept above 1e-10 times the deviation
/// of y, which data on a line would let it reach; there it is 2e-15. With more columns than rows and a small `alpha` σ falls
/// to that, and the search may end before the minimum: `converged` says so.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::HuberRegressor, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0], [4.0], [5.0]];
/// let y = array![1.1, 2.9, 5.0, 7.1, 8.9, 90.0]; // 1 + 2 x, and a slip of the pen
/// let model = HuberRegressor::new().fit(&x, &y)?;
/// assert!(f64::abs(model.coef()[0] - 2.0) < 0.1);
/// assert!(model.outliers()[5]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HuberRegressor {
    #[serde(with = "crate::params::number")]
    epsilon: f64,
    max_iter: usize,
    #[serde(with = "crate::params::number")]
    alpha: f64,
    fit_intercept: bool,
    #[serde(with = "crate::params::number")]
    tol: f64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for HuberRegressor {
    fn default() -> Self {
        HuberRegressor {
            epsilon: 1.35,
            max_iter: 100,
            alpha: 1e-4,
            fit_intercept: true,
            tol: 1e-5,
            watch: Watch::default(),
        }
    }
}

impl HuberRegressor {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// From how many scales on a residual counts as that of an outlier.
    #[must_use]
    pub fn epsilon(mut self, epsilon: f64) -> Self {
        self.epsilon = epsilon;
        self
    }

    /// The most iterations.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// The strength of the penalty.
    #[must_use]
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// The largest component of the gradient at which to stop.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Reports every iteration with the objective, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// As `fit`, with the search started from what an earlier fit found: scikit-learn's `warm_start`.
    ///
    /// # Errors
    /// As `fit`, and `ShapeMismatch` when `start` has another number of features.
    pub fn fit_from<F: Float, Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        start: &FittedHuberRegressor<F>,
    ) -> Result<FittedHuberRegressor<F>> {
        if x.ncols() != start.n_features_in() {
            let what = "number of features of the start";
            return Err(Error::shape(what, x.ncols(), start.n_features_in()));
        }
        let mut parameters: Vec<f64> = start.coef.iter().map(|v| v.f64()).collect();
        if self.fit_intercept {
            parameters.push(start.intercept.f64());
        }
        parameters.push(start.scale.f64());
        self.learn(x, y.as_targets(), Some(parameters))
    }

    fn learn<F: Float, Y: RealTarget<F> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        start: Option<Vec<f64>>,
    ) -> Result<FittedHuberRegressor<F>> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let target: Vec<f64> = y.values().iter().map(|v| v.f64()).collect();
        let floor = floor(&target, weights.as_deref());
        let overflow = || -> Error {
            ErrorKind::Overflow {
                estimator: NAME.into(),
                what: "the objective".into(),
            }
            .into()
        };
        let mut parameters = match start {
            Some(start) => start,
            None => least_squares(
                x,
                &target,
                weights.as_deref(),
                self.alpha,
                self.fit_intercept,
            )
            .ok_or_else(overflow)?,
        };
        if let Some(scale) = parameters.last_mut() {
            *scale = scale.max(floor);
        }
        let mut loss = Huber {
            x: x.as_standard_layout(),
            weights: weights.as_deref(),
            weight_sum: weights
                .as_ref()
                .map_or(x.nrows() as f64, |w| w.iter().sum()),
            epsilon: self.epsilon,
            alpha: self.alpha,
            fit_intercept: self.fit_intercept,
            floor,
            residuals: vec![0.0; x.nrows()],
            inside: vec![0.0; x.nrows()],
            squares: 0.0,
            majorise: false,
            y: target,
        };
        let mut observed = Ok(());
        let mut report = |iteration: usize, value: f64| {
            observed = self
                .watch
                .report(NAME, iteration, Some(self.max_iter), Some(value));
            if observed.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        // Newton's method; where it can go no further a few steps on parabolas that touch the objective from above, which
        // always go down, and then Newton's again.
        let (mut n_iter, mut converged, mut gradient_norm) = (0, false, f64::INFINITY);
        let mut no_step = false;
        while n_iter < self.max_iter {
            let left = self.max_iter - n_iter;
            let newton = Newton {
                tol: self.tol,
                share: SHARE * self.tol,
                max_iter: if loss.majorise {
                    left.min(TOUCHING)
                } else {
                    left
                },
                noise: 16.0 * f64::EPSILON,
            };
            let end = newton.minimize(&mut parameters, &mut loss, &mut |step, value| {
                report(n_iter + step, value)
            });
            n_iter += end.n_iter;
            gradient_norm = end.gradient_norm;
            match end.reason {
                NewtonStop::NotFinite => return Err(overflow()),
                NewtonStop::Callback => break,
                // Neither way leads on.
                _ if loss.majorise && no_step && end.n_iter == 0 => break,
                // A step on parabolas is shorter than what is left, which Newton's method sees; and with next to no σ the
                // objective has edges instead of curves, whose end the gradient below shows.
                NewtonStop::Converged
                    if (!loss.majorise || no_step)
                        && parameters.last().is_some_and(|s| *s > EDGES * floor) =>
                {
                    converged = true;
                    break;
                }
                _ => {}
            }
            no_step = !loss.majorise && end.n_iter == 0;
            loss.majorise = !loss.majorise;
        }
        observed?;
        let p = x.ncols();
        let mut gradient = vec![0.0; parameters.len()];
        loss.evaluate(&parameters, &mut gradient);
        if parameters.last().is_some_and(|s| *s <= floor) {
            // Where σ is as small as may be the gradient is rounding, magnified: it is held against what the rows could
            // weigh at most.
            converged |= (0..gradient.len() - 1).all(|j| {
                let size = |i: usize| if j < p { x[[i, j]].f64().abs() } else { 1.0 };
                let most: f64 = (0..x.nrows())
                    .map(|i| weights.as_ref().map_or(1.0, |w| w[i]) * size(i))
                    .sum();
                gradient[j].abs() <= self.tol + 2.0 * self.epsilon * FLAT * most
            });
        }
        if !converged {
            log::warn!(
                "{NAME} did not converge in {n_iter} iterations (gradient {gradient_norm:.1e}, tol {:.1e}): scale the features, \
                 or raise max_iter or tol",
                self.tol
            );
        }
        let scale = parameters.last().copied().unwrap_or(1.0).max(floor);
        let intercept = if self.fit_intercept {
            parameters[p]
        } else {
            0.0
        };
        let model = FittedHuberRegressor {
            coef: parameters[..p].iter().map(|&v| F::of(v)).collect(),
            intercept: F::of(intercept),
            scale: F::of(scale),
            outliers: loss
                .residuals
                .iter()
                .map(|r| r.abs() > self.epsilon * scale)
                .collect(),
            n_iter,
            converged,
        };
        check::learned(
            NAME,
            "a coefficient",
            model.coef.iter().chain([&model.intercept, &model.scale]),
        )?;
        Ok(model)
    }
}

impl Hyperparameters for HuberRegressor {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::real(NAME, "epsilon", self.epsilon, Interval::at_least(1.0))?;
        check::real(NAME, "alpha", self.alpha, Interval::at_least(0.0))?;
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))
    }
}

impl fmt::Display for HuberRegressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for HuberRegressor {
    type Fitted = FittedHuberRegressor<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.learn(x, y, None)
    }
}

/// Up to which share of its largest possible size a gradient counts as none where σ is at its least.
const FLAT: f64 = 1e-3;

/// What may be left to gain at the end, for each unit of `tol` and of the objective.
const SHARE: f64 = 1e-4;

/// Up to how many times the least σ a gain that Newton's method predicts says nothing.
const EDGES: f64 = 1e4;

/// Steps on touching parabolas before Newton's method is tried again.
const TOUCHING: usize = 10;

/// The least σ: far below the deviation of y, and positive.
fn floor(y: &[f64], weights: Option<&[f64]>) -> f64 {
    let mean = super::glm::mean(y, weights);
    let (mut sum, mut total) = (0.0, 0.0);
    for (i, y) in y.iter().enumerate() {
        let s = weights.map_or(1.0, |w| w[i]);
        sum += s * (y - mean).powi(2);
        total += s;
    }
    let deviation = (sum / total).sqrt();
    if deviation.is_finite() {
        1e-10 * deviation + 10.0 * f64::EPSILON
    } else {
        10.0 * f64::EPSILON
    }
}

/// The ridge fit of the same penalty in relation to the squares, and the deviation of its residuals as σ. `None` where the
/// squares overflow.
fn least_squares<F: Float>(
    x: &ArrayRef2<F>,
    y: &[f64],
    weights: Option<&[f64]>,
    alpha: f64,
    fit_intercept: bool,
) -> Option<Vec<f64>> {
    let p = x.ncols();
    let target = Array2::from_shape_fn((y.len(), 1), |(i, _)| F::of(y[i]));
    let m = linalg::moments(x, Some(&target), weights, fit_intercept).ok()?;
    let mut matrix = m.xtx.mapv(F::f64);
    for d in matrix.diag_mut() {
        *d = *d * (1.0 + 1e-9) + alpha;
    }
    let right = m.xty.column(0).mapv(F::f64);
    let coef = firm(matrix, F::EPSILON.f64())?.solve_vector(&right).ok()?;
    let intercept = m.y_mean[0].f64() - m.x_mean.mapv(F::f64).dot(&coef);
    let narrow = coef.mapv(F::of).insert_axis(Axis(0));
    let fitted = affine(x, &narrow, &Array1::from_elem(1, F::of(intercept)));
    let (mut squares, mut total) = (0.0, 0.0);
    for (i, (y, z)) in y.iter().zip(&fitted).enumerate() {
        let s = weights.map_or(1.0, |w| w[i]);
        squares += s * (y - z.f64()).powi(2);
        total += s;
    }
    let mut start = coef.to_vec();
    if fit_intercept {
        start.push(intercept);
    }
    start.push((squares / total).sqrt());
    debug_assert!(start.len() >= p);
    start.iter().all(|v| v.is_finite()).then_some(start)
}

/// Rows of a block: as many as keep it within this many bytes.
const BLOCK_BYTES: usize = 1 << 18;
const MAX_CHUNKS: usize = 64;

/// The objective; parameters are w, b if there is one, σ.
struct Huber<'a, F: Float> {
    x: CowArray<'a, F, Ix2>,
    y: Vec<f64>,
    weights: Option<&'a [f64]>,
    weight_sum: f64,
    epsilon: f64,
    alpha: f64,
    fit_intercept: bool,
    floor: f64,
    /// Of the last evaluation: residuals, sᵢ of the rows whose residual is small and 0 for the others, Σ s r² of those.
    residuals: Vec<f64>,
    inside: Vec<f64>,
    squares: f64,
    /// Whether steps are those on the touching parabolas.
    majorise: bool,
}

struct Sums {
    /// Σ s r² inside; Σ s |r| and Σ s outside.
    squares: f64,
    far: f64,
    outside: f64,
    gradient: Vec<f64>,
    kept: Vec<f64>,
}

impl<F: Float> Huber<'_, F> {
    fn rows(
        &self,
        rows: Range<usize>,
        coef: &[f64],
        intercept: &[f64],
        sigma: f64,
        residuals: &mut [f64],
    ) -> Sums {
        let p = self.x.ncols();
        let mut sums = Sums {
            squares: 0.0,
            far: 0.0,
            outside: 0.0,
            gradient: vec![0.0; p + 1],
            kept: vec![0.0; rows.len()],
        };
        let Some(x) = self.x.as_slice() else {
            sums.far = f64::NAN; // `as_standard_layout` made it a slice
            return sums;
        };
        let block = (BLOCK_BYTES / (p * size_of::<F>()).max(1)).clamp(8, 512) & !7;
        let limit = self.epsilon * sigma;
        let mut raw = vec![0.0; block.min(rows.len())];
        let mut first = rows.start;
        while first < rows.end {
            let last = rows.end.min(first + block);
            let raw = &mut raw[..last - first];
            let x = &x[first * p..last * p];
            let at = first - rows.start..last - rows.start;
            let (kept, residuals) = (&mut sums.kept[at.clone()], &mut residuals[at]);
            let y = &self.y[first..last];
            simd(
                #[inline(always)]
                || {
                    products(x, p, &[], coef, intercept, raw);
                    let mut lanes = [[0.0; 8]; 3];
                    for (i, z) in raw.iter_mut().enumerate() {
                        let s = self.weights.map_or(1.0, |w| w[first + i]);
                        let r = y[i] - *z;
                        let size = r.abs();
                        let near = size <= limit;
                        residuals[i] = r;
                        kept[i] = if near { s } else { 0.0 };
                        lanes[0][i % 8] += if near { s * r * r } else { 0.0 };
                        lanes[1][i % 8] += if near { 0.0 } else { s * size };
                        lanes[2][i % 8] += if near { 0.0 } else { s };
                        // −½ ∂/∂z: s r / σ inside, s ε sign(r) outside.
                        *z = if near {
                            s * r / sigma
                        } else {
                            s * self.epsilon * r.signum()
                        };
                    }
                    sums.squares += lanes[0].iter().sum::<f64>();
                    sums.far += lanes[1].iter().sum::<f64>();
                    sums.outside += lanes[2].iter().sum::<f64>();
                    let (g, g_intercept) = sums.gradient.split_at_mut(p);
                    add_transposed_products(x, p, raw, &mut [], g);
                    g_intercept[0] += raw.iter().sum::<f64>();
                },
            );
            first = last;
        }
        sums
    }
}

impl<F: Float> Curved for Huber<'_, F> {
    fn evaluate(&mut self, at: &[f64], gradient: &mut [f64]) -> f64 {
        let (n, p) = self.x.dim();
        let (linear, last) = at.split_at(at.len() - 1);
        let (coef, intercept) = linear.split_at(p);
        let sigma = last[0].max(self.floor);
        let chunk = parallel::row_chunks(n, p).max(n.div_ceil(MAX_CHUNKS));
        let mut residuals = std::mem::take(&mut self.residuals);
        let this = &*self;
        let parts = parallel::map_chunks_mut(&mut residuals, chunk, |rows, residuals| {
            this.rows(rows, coef, intercept, sigma, residuals)
        });
        self.residuals = residuals;
        gradient.fill(0.0);
        let (mut squares, mut far, mut outside) = (0.0, 0.0, 0.0);
        let mut filled = 0;
        for part in parts {
            squares += part.squares;
            far += part.far;
            outside += part.outside;
            for (g, v) in gradient[..linear.len()].iter_mut().zip(&part.gradient) {
                *g -= 2.0 * v;
            }
            self.inside[filled..filled + part.kept.len()].copy_from_slice(&part.kept);
            filled += part.kept.len();
        }
        self.squares = squares;
        let mut norm = 0.0;
        for (g, w) in gradient.iter_mut().zip(coef) {
            *g += 2.0 * self.alpha * w;
            norm += w * w;
        }
        let e2 = self.epsilon * self.epsilon;
        let slope = self.weight_sum - outside * e2 - squares / (sigma * sigma);
        // At the least σ there is no way further down.
        gradient[linear.len()] = if last[0] <= self.floor {
            slope.min(0.0)
        } else {
            slope
        };
        let value = self.weight_sum * sigma + squares / sigma + 2.0 * self.epsilon * far
            - sigma * outside * e2
            + self.alpha * norm;
        if value.is_finite() {
            value
        } else {
            f64::INFINITY
        }
    }

    fn direction(&mut self, at: &[f64], gradient: &[f64], direction: &mut [f64]) -> bool {
        self.newton(at, gradient, direction).is_some()
    }
}

impl<F: Float> Huber<'_, F> {
    /// Newton's step. With the columns and residuals of the rows inside centred, b does not see the rest; w and σ are solved
    /// by blocks.
    ///
    /// To majorise is to give a row outside the curvature of the parabola that touches the objective at its residual and lies
    /// above it elsewhere, and to move σ by itself: the way on where too few rows are inside to determine w.
    fn newton(&self, at: &[f64], gradient: &[f64], direction: &mut [f64]) -> Option<()> {
        let p = self.x.ncols();
        let last = at.len() - 1;
        let sigma = at[last].max(self.floor);
        let target =
            Array2::from_shape_fn((self.residuals.len(), 1), |(i, _)| F::of(self.residuals[i]));
        let curved = self.majorise.then(|| self.touching(sigma));
        let curved = curved.as_ref().unwrap_or(&self.inside);
        let m = linalg::moments(&self.x, Some(&target), Some(curved), self.fit_intercept).ok()?;
        let mut a = m.xtx.mapv(|v| 2.0 / sigma * v.f64());
        for d in a.diag_mut() {
            *d += 2.0 * self.alpha;
        }
        let mean = m.x_mean.mapv(F::f64);
        let coupled = if self.majorise { 0.0 } else { 1.0 };
        let r_mean = coupled * m.y_mean[0].f64();
        let count = m.weight_sum;
        let (g_b, g_sigma) = if self.fit_intercept {
            (gradient[p], gradient[p + 1])
        } else {
            (0.0, gradient[p])
        };
        // A constant column moves nothing that the intercept does not.
        let moves = |j: usize| {
            let rounding = 8.0 * F::EPSILON.f64() * mean[j];
            !self.fit_intercept || m.xtx[[j, j]].f64() > count * rounding * rounding
        };
        let moving = Array1::from_shape_fn(p, |j| f64::from(u8::from(moves(j))));
        let mut g = Array1::from_shape_fn(p, |j| gradient[j] - mean[j] * g_b);
        g *= &moving;
        let g_s = g_sigma - r_mean / sigma * g_b;
        let mut c = (m.xty.column(0)).mapv(|v| coupled * 2.0 / (sigma * sigma) * v.f64());
        c *= &moving;
        for ((i, j), v) in a.indexed_iter_mut() {
            *v *= if i == j { 1.0 } else { moving[i] * moving[j] };
        }
        let centred = (self.squares - count * r_mean * r_mean).max(0.0);
        let d = 2.0 / sigma.powi(3) * centred;
        let factor = firm(a, F::EPSILON.f64())?;
        let u = factor.solve_vector(&g).ok()?;
        let v = factor.solve_vector(&c).ok()?;
        let schur = d - c.dot(&v);
        let d_sigma = if schur > 1e-10 * d {
            // Not so far that no row is left inside: there the objective has no curvature.
            ((c.dot(&u) - g_s) / schur).clamp(-0.5 * sigma, 4.0 * sigma)
        } else if g_s > c.dot(&u) {
            // The objective falls in a straight line with σ.
            -0.9 * sigma
        } else {
            sigma
        };
        // At the least σ only the way up is free.
        let d_sigma = if at[last] <= self.floor {
            d_sigma.max(0.0)
        } else {
            d_sigma
        };
        let step = -&u - &v * d_sigma;
        for (to, v) in direction.iter_mut().zip(&step) {
            *to = *v;
        }
        if self.fit_intercept {
            direction[p] =
                -g_b * sigma / (2.0 * count) - mean.dot(&step) - r_mean / sigma * d_sigma;
        }
        direction[last] = d_sigma;
        direction.iter().all(|d| d.is_finite()).then_some(())
    }

    /// sᵢ min(1, ε σ / |rᵢ|): the weights of the touching parabolas.
    fn touching(&self, sigma: f64) -> Vec<f64> {
        let limit = self.epsilon * sigma;
        let weight = |i: usize| self.weights.map_or(1.0, |w| w[i]);
        (self.residuals.iter().enumerate())
            .map(|(i, r)| weight(i) * (limit / r.abs().max(limit)))
            .collect()
    }
}

/// A Cholesky factor of a positive semidefinite matrix, with as much added to its diagonal as it takes to be clearly definite:
/// dependent columns are no obstacle.
fn firm(mut a: Array2<f64>, precision: f64) -> Option<Cholesky<f64>> {
    let diagonal = a.diag().mapv(|d| if d > 0.0 { d } else { 1.0 });
    let mut added = 0.0;
    while added < 1.0 {
        a.diag_mut().assign(&diagonal.mapv(|d| d * (1.0 + added)));
        if let Ok(factor) = Cholesky::new(&a)
            && factor.rcond() >= 16.0 * precision
        {
            return Some(factor);
        }
        added = (added * 32.0).max(64.0 * precision);
    }
    None
}

/// What [`HuberRegressor`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedHuberRegressor<F = f64> {
    coef: Array1<F>,
    intercept: F,
    scale: F,
    outliers: Vec<bool>,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedHuberRegressor<F> {
    /// σ: `epsilon` times it is the residual from which on a row is an outlier.
    pub fn scale(&self) -> F {
        self.scale
    }

    /// Which rows of the training data are outliers.
    pub fn outliers(&self) -> &[bool] {
        &self.outliers
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the tolerance was reached before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

super::one_output::linear_model! {
    /// The coefficients, (n_features).
    FittedHuberRegressor of NAME
}

impl<F: Float> Model for FittedHuberRegressor<F> {
    fn type_name() -> String {
        format!("FittedHuberRegressor<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(self.feature_importances())
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("features of `coef`", self.coef.len(), 1)?;
        ensure::finite("coef", &self.coef)?;
        ensure::finite("intercept", [&self.intercept])?;
        ensure::positive("scale", [&self.scale])?;
        ensure::at_least("rows of `outliers`", self.outliers.len(), 1)
    }
}

impl<F: Float> fmt::Display for FittedHuberRegressor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let far = self.outliers.iter().filter(|far| **far).count();
        write!(
            f,
            "FittedHuberRegressor({} features, scale {:.3e}, {far} of {} rows are outliers)",
            self.n_features_in(),
            self.scale.f64(),
            self.outliers.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::targets::Targets;
    use crate::traits::Predict;
    use ndarray::array;

    fn data(n: usize, p: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(3);
        let x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
        let mut y = x.sum_axis(Axis(1)) + 2.0;
        for (i, y) in y.iter_mut().enumerate() {
            *y += 0.3 * random::standard_normal(&mut rng);
            if i % 9 == 0 {
                *y += 20.0;
            }
        }
        (x, y)
    }

    #[test]
    fn the_gradient_at_the_end_is_zero() {
        let (x, y) = data(200, 4);
        let w = Array1::from_shape_fn(200, |i| (i % 3) as f64);
        for (alpha, epsilon, intercept) in [(1e-4, 1.35, true), (3.0, 2.0, false), (0.0, 1.2, true)]
        {
            let estimator = HuberRegressor::new()
                .alpha(alpha)
                .epsilon(epsilon)
                .fit_intercept(intercept)
                .tol(1e-9);
            let model = estimator.fit(&x, &y.weighted(&w)).unwrap();
            assert!(model.converged(), "{model}");
            let f = |coef: &Array1<f64>, b: f64, sigma: f64| -> f64 {
                let r = &y - &x.dot(coef) - b;
                let each = r.iter().zip(&w).map(|(r, s)| {
                    let z = (r / sigma).abs();
                    let h = if z <= epsilon {
                        z * z
                    } else {
                        2.0 * epsilon * z - epsilon * epsilon
                    };
                    s * (sigma + h * sigma)
                });
                each.sum::<f64>() + alpha * coef.dot(coef)
            };
            let (coef, b, sigma) = (model.coef().to_owned(), model.intercept(), model.scale());
            let h = 1e-6;
            let least = f(&coef, b, sigma);
            for j in 0..4 {
                let mut up = coef.clone();
                up[j] += h;
                let mut down = coef.clone();
                down[j] -= h;
                assert!((f(&up, b, sigma) - f(&down, b, sigma)).abs() / (2.0 * h) < 1e-5);
            }
            assert!(f(&coef, b, sigma * 1.001) >= least && f(&coef, b, sigma * 0.999) >= least);
            if intercept {
                assert!((f(&coef, b + h, sigma) - f(&coef, b - h, sigma)).abs() / (2.0 * h) < 1e-5);
            }
        }
    }

    #[test]
    fn weight_two_is_a_row_twice_and_zero_is_none() {
        let (x, y) = data(60, 3);
        let w = Array1::from_shape_fn(60, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..60).flat_map(|i| vec![i; i % 3]).collect();
        let exact = HuberRegressor::new().tol(1e-9);
        let a = exact.fit(&x, &y.weighted(&w)).unwrap();
        let b = exact
            .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
            .unwrap();
        assert!((&a.coef() - &b.coef()).iter().all(|d| d.abs() < 1e-9));
        assert!((a.scale() - b.scale()).abs() < 1e-9);
    }

    #[test]
    fn dependent_columns_and_other_units_change_no_prediction() {
        let (x, y) = data(60, 3);
        let fourth = x.sum_axis(Axis(1)).insert_axis(Axis(1));
        let four = ndarray::concatenate![Axis(1), x, fourth];
        let of = |x: &Array2<f64>| {
            let model = HuberRegressor::new().alpha(0.0).fit(x, &y).unwrap();
            assert!(model.converged(), "{model}");
            (model.predict(x).unwrap(), model.scale())
        };
        let (z, scale) = of(&x);
        let units = array![1e-6, 1.0, 1e6, 1e3];
        for other in [&x * &units.slice(ndarray::s![..3]), &four * &units, four] {
            let (u, s) = of(&other);
            assert!((&u - &z).iter().all(|d| d.abs() < 1e-4));
            assert!((s - scale).abs() < 1e-4 * scale, "{s} {scale}");
        }
    }

    #[test]
    fn rows_on_a_line_and_one_that_is_not() {
        let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64);
        let mut y = x.column(0).mapv(|x| 3.0 * x - 1.0);
        for far in [0.0, 500.0] {
            y[7] += far;
            let model = HuberRegressor::new().fit(&x, &y).unwrap();
            assert!((model.coef()[0] - 3.0).abs() < 1e-4, "{model:?}");
            assert!(model.scale() > 0.0 && model.scale() < 1e-4, "{model}");
        }
        let one = HuberRegressor::new()
            .fit(&array![[1.0, 2.0]], &array![5.0])
            .unwrap();
        assert!((one.predict(&array![[1.0, 2.0]]).unwrap()[0] - 5.0f64).abs() < 1e-6);
        let same = HuberRegressor::new()
            .fit(&array![[1.0, 2.0], [1.0, 2.0]], &array![5.0, 6.0])
            .unwrap();
        assert!(f64::is_finite(
            same.predict(&array![[1.0, 2.0]]).unwrap()[0]
        ));
    }

    #[test]
    fn it_starts_where_another_ended() {
        let (x, y) = data(100, 3);
        let first = HuberRegressor::new().tol(1e-8).fit(&x, &y).unwrap();
        let again = HuberRegressor::new().fit_from(&x, &y, &first).unwrap();
        assert!(again.n_iter() <= 1, "{again}");
        assert!(
            (again.scale() - first.scale()).abs() < 1e-8,
            "{again} {first}"
        );
    }
}
