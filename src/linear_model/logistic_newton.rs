//! Newton's method for the logistic objective, three ways: a Cholesky factor of the Hessian, conjugate gradients that need
//! only its products, and coordinate descent on the quadratic model, which allows an L1 penalty.
//!
//! The Hessian is assembled in shifted coordinates: with b' = b + m·w the columns of X lose the means m, and large means no
//! longer cost digits.

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};

use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{Cholesky, moments};
use crate::optim::Precondition;

use super::curvature::Curvature;
use super::logistic_l1;
use super::logistic_loss::LogisticLoss;

/// How a Newton iteration runs.
pub(super) struct Newton<'a> {
    pub(super) estimator: &'static str,
    pub(super) max_iter: usize,
    pub(super) stop: Stop,
    /// Hears of every iteration with the objective, and may stop it.
    pub(super) report: &'a mut dyn FnMut(usize, f64) -> Result<()>,
}

/// When a Newton iteration ends. With an L1 penalty the gradient is the subgradient of least size.
#[derive(Clone, Copy, Debug)]
pub(super) enum Stop {
    /// No component of the gradient is larger.
    Largest(f64),
    /// So, and half the squared Newton decrement, which is what is left to gain, is no larger either.
    LargestAndGain(f64),
    /// The norm of the gradient is so much smaller than it was at 0 (2-norm).
    Norm(f64),
    /// The same of the 1-norm.
    Sum(f64),
}

/// Iterations made, and whether a tolerance was reached.
pub(super) type Ended = (usize, bool);

/// Notices steps that only rounding takes: of an unreachable tolerance.
struct Idle {
    least: f64,
    steps: usize,
}

impl Idle {
    const MOST: usize = 3;

    fn new() -> Self {
        Idle {
            least: f64::INFINITY,
            steps: 0,
        }
    }

    /// Whether to give up before a step from which `gain` is expected: the objective did not show what the last ones
    /// gained, and none of them halved the gradient.
    fn gives_up(&mut self, at: &Point, gain: f64, size: f64) -> bool {
        let seen = gain > 16.0 * at.noise * (at.value + at.penalty).abs();
        if seen || size <= 0.5 * self.least {
            self.least = self.least.min(size);
            self.steps = 0;
        } else {
            self.steps += 1;
        }
        self.steps > Self::MOST
    }
}

/// The Hessian may have this many values.
const MOST_VALUES: usize = 1 << 28;

/// Minimises by Newton steps from a Cholesky factor of the Hessian.
pub(super) fn cholesky<F: Float>(
    loss: &mut LogisticLoss<'_, F>,
    parameters: &mut [f64],
    how: Newton<'_>,
) -> Result<Ended> {
    let d = loss.layout().dimension(loss.layout().p);
    check_size(how.estimator, d)?;
    let mut at = Point::new(loss, parameters, how.estimator)?;
    let mut idle = Idle::new();
    for n_iter in 0..=how.max_iter {
        let largest = at.largest();
        let gain_counts = matches!(how.stop, Stop::LargestAndGain(_));
        let (Stop::Largest(tol) | Stop::LargestAndGain(tol) | Stop::Norm(tol) | Stop::Sum(tol)) =
            how.stop;
        if largest <= tol && !gain_counts || largest == 0.0 {
            return Ok((n_iter, true));
        }
        let hessian = Hessian::new(loss, &at.curvature, None, true)?;
        let step = hessian.newton_step(loss, &at.gradient)?;
        let slope: f64 = dot(&at.gradient, &step);
        let gain = -0.5 * slope;
        let done = largest <= tol && gain <= tol;
        let nothing = done && gain <= at.noise * at.value.abs();
        if n_iter == how.max_iter || nothing {
            return Ok((n_iter, done));
        }
        if idle.gives_up(&at, gain, largest) || !at.descend(loss, parameters, &step, slope, &[])? {
            let hidden = largest <= tol && at.hides(loss, parameters, gain);
            return Ok((n_iter, done || hidden));
        }
        (how.report)(n_iter + 1, at.value)?;
        if done {
            // The step that said so was there to be taken, and doubles the digits.
            return Ok((n_iter + 1, true));
        }
    }
    Ok((how.max_iter, false))
}

/// What is known of the Hessian before its products are.
pub(super) struct Metric<'a> {
    /// Replaces a vector v by about H⁻¹ v.
    pub(super) solve: Box<Precondition<'a, f64>>,
    /// By how much the metric was seen to be stiffer than the Hessian, at most; infinite where it may be anything.
    pub(super) stiffness: f64,
}

impl<'a> Metric<'a> {
    /// The curvature at the start, where it is known.
    pub(super) fn of(curvature: Option<&'a Curvature>) -> Self {
        match curvature {
            Some(curvature) => Metric {
                solve: Box::new(|v| curvature.solve(v)),
                stiffness: 0.0,
            },
            None => Metric {
                solve: Box::new(|_| ()),
                stiffness: f64::INFINITY,
            },
        }
    }
}

/// Minimises by Newton steps from conjugate gradients, preconditioned by `metric`, from a point that is `at`, until no more
/// than `gap` is left to gain.
pub(super) fn conjugate_gradients<F: Float>(
    loss: &mut LogisticLoss<'_, F>,
    parameters: &mut [f64],
    mut at: Point,
    metric: &Metric<'_>,
    gap: f64,
    how: Newton<'_>,
) -> Result<Ended> {
    let norm = |v: &[f64]| dot(v, v).sqrt();
    let goal = match how.stop {
        Stop::Norm(share) => {
            let zero = vec![0.0; parameters.len()];
            let start = Point::new(loss, &zero, how.estimator)?;
            share * norm(&start.gradient)
        }
        Stop::Largest(tol) | Stop::LargestAndGain(tol) | Stop::Sum(tol) => tol,
    };
    let mut idle = Idle::new();
    for n_iter in 0..=how.max_iter {
        let size = match how.stop {
            Stop::Norm(_) => norm(&at.gradient),
            _ => at.largest(),
        };
        let flat = size <= goal;
        if size == 0.0 {
            return Ok((n_iter, true));
        }
        if n_iter == how.max_iter && !flat {
            break;
        }
        let mut step = conjugate_step(loss, &at, metric, flat.then_some(gap));
        let mut slope = dot(&at.gradient, &step);
        if slope >= 0.0 {
            step = at.gradient.iter().map(|g| -g).collect();
            slope = -dot(&at.gradient, &at.gradient);
        }
        let gain = -0.5 * slope;
        if flat && gain <= gap {
            return Ok((n_iter, true));
        }
        if n_iter == how.max_iter {
            break;
        }
        if idle.gives_up(&at, gain, size) || !at.descend(loss, parameters, &step, slope, &[])? {
            return Ok((n_iter, flat && at.hides(loss, parameters, gain)));
        }
        (how.report)(n_iter + 1, at.value)?;
    }
    Ok((how.max_iter, false))
}

/// About −H⁻¹ g: as far as the size of the gradient asks for; where no more than `gap` may be left to gain, as far as it
/// takes to see that. A small gradient does not say so: where classes are nearly separated there is next to no curvature in
/// some directions, and of what is to be gained along them the metric knows nothing.
fn conjugate_step<F: Float>(
    loss: &LogisticLoss<'_, F>,
    at: &Point,
    metric: &Metric<'_>,
    gap: Option<f64>,
) -> Vec<f64> {
    const INNER: usize = 200;
    const STIFF: f64 = 10.0;
    const DIRECTIONS: usize = 10;
    let precondition = |v: &[f64]| {
        let mut z = v.to_vec();
        (metric.solve)(&mut z);
        z
    };
    let mut step = vec![0.0; at.gradient.len()];
    let mut residual: Vec<f64> = at.gradient.iter().map(|g| -g).collect();
    let mut z = precondition(&residual);
    let mut rho = dot(&residual, &z);
    let mut direction = z.clone();
    let total: f64 = at.gradient.iter().map(|g| g.abs()).sum();
    let enough = total.sqrt().min(0.5) * total;
    let (mut gain, mut longest) = (0.0, 0.0f64);
    let first = rho;
    for inner in 0..INNER {
        let near = residual.iter().map(|r| r.abs()).sum::<f64>() <= enough;
        let rest = 0.5 * rho * longest;
        let done = match gap {
            None => near || rest < f64::EPSILON * gain,
            Some(gap) if gain > gap => near || rest <= 0.1 * gap,
            // Steps of length 1 are those of a metric that is the curvature. Much longer ones show that it is not, and what
            // else it hides only all directions tell, or some where the metric has learned from such steps.
            Some(gap) => {
                let all = inner >= 2 * step.len() || rho <= 1e-12 * first;
                let learned = metric.stiffness <= STIFF || inner >= DIRECTIONS;
                inner > 0 && gain + rest <= gap && (all || longest <= STIFF && learned)
            }
        };
        if done {
            break;
        }
        let product = loss.hessian_product(&at.curvature, &direction);
        let curvature = dot(&direction, &product);
        if !(curvature > 0.0 && rho > 0.0) {
            break;
        }
        let length = rho / curvature;
        add(&mut step, length, &direction);
        add(&mut residual, -length, &product);
        gain += 0.5 * length * rho;
        longest = longest.max(length);
        z = precondition(&residual);
        let next = dot(&residual, &z);
        let beta = next / rho;
        for (d, z) in direction.iter_mut().zip(&z) {
            *d = z + beta * *d;
        }
        rho = next;
    }
    step
}

/// Minimises with the L1 penalty Σ l1ⱼ |wⱼ| (`l1`, laid out as the parameters) by proximal Newton steps: to the minimum of the
/// quadratic model of the features that are in use or ask to be. With [`Stop::Sum`] no more than `gap` is left to gain at the
/// end (J. Friedman, T. Hastie, R. Tibshirani, "Regularization paths for generalized linear models via coordinate descent",
/// Journal of Statistical Software 33 (2010); G.-X. Yuan, C.-H. Ho, C.-J. Lin, "An improved GLMNET for L1-regularized logistic
/// regression", JMLR 13 (2012)).
pub(super) fn proximal<F: Float>(
    loss: &mut LogisticLoss<'_, F>,
    parameters: &mut [f64],
    l1: &[f64],
    gap: f64,
    how: Newton<'_>,
) -> Result<Ended> {
    const MOST_FEATURES: usize = 1000;
    let layout = loss.layout();
    let mut at = Point::new(loss, parameters, how.estimator)?;
    at.penalty = absolute(parameters, l1);
    let goal = match how.stop {
        Stop::Sum(share) | Stop::Norm(share) => {
            let zero = vec![0.0; parameters.len()];
            let start = Point::new(loss, &zero, how.estimator)?;
            share * start.violations(&zero, l1).iter().sum::<f64>()
        }
        Stop::Largest(tol) | Stop::LargestAndGain(tol) => tol,
    };
    let intercepts = layout.k * layout.p;
    let free = !l1[intercepts..].iter().any(|&l| l > 0.0);
    let mut idle = Idle::new();
    for n_iter in 0..=how.max_iter {
        if free && layout.k > 1 {
            // A number added to every intercept changes no probability: they are those around zero.
            let mean = parameters[intercepts..].iter().sum::<f64>() / layout.k as f64;
            parameters[intercepts..].iter_mut().for_each(|b| *b -= mean);
        }
        let violations = at.violations(parameters, l1);
        let largest = violations.iter().fold(0.0, |m: f64, v| m.max(*v));
        let size = match how.stop {
            Stop::Sum(_) | Stop::Norm(_) => violations.iter().sum(),
            _ => largest,
        };
        let near = size <= goal;
        let gain_counts = matches!(how.stop, Stop::Sum(_)) && size > 0.0;
        if near && !gain_counts {
            return Ok((n_iter, true));
        }
        if n_iter == how.max_iter {
            break;
        }
        // Features with a coefficient, and those whose gradient asks for one, the most urgent first.
        let urgency = |j: usize| {
            (0..layout.k).fold((false, 0.0f64), |(used, most), c| {
                let at = c * layout.p + j;
                (used || parameters[at] != 0.0, most.max(violations[at]))
            })
        };
        let mut used: Vec<usize> = Vec::new();
        let mut asking: Vec<(f64, usize)> = Vec::new();
        for j in 0..layout.p {
            match urgency(j) {
                (true, _) => used.push(j),
                (false, v) if v > 0.0 => asking.push((v, j)),
                _ => {}
            }
        }
        asking.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let room = (MOST_FEATURES / layout.k).max(10).max(2 * used.len());
        used.extend(asking.iter().take(room).map(|(_, j)| *j));
        used.sort_unstable();
        check_size(how.estimator, layout.dimension(used.len()))?;
        let columns = (used.len() < layout.p).then_some(used.as_slice());
        let hessian = Hessian::new(loss, &at.curvature, columns, free)?;
        let step = hessian.l1_step(loss, &at.gradient, parameters, l1, largest);
        let moved: Vec<f64> = parameters.iter().zip(&step).map(|(w, s)| w + s).collect();
        let slope = dot(&at.gradient, &step) + absolute(&moved, l1) - at.penalty;
        let gain = -0.5 * slope;
        if near && gain <= gap {
            return Ok((n_iter, true));
        }
        if slope.is_nan()
            || idle.gives_up(&at, gain, size)
            || !at.descend(loss, parameters, &step, slope.min(0.0), l1)?
        {
            return Ok((n_iter, near && at.hides(loss, parameters, gain)));
        }
        (how.report)(n_iter + 1, at.value + at.penalty)?;
    }
    Ok((how.max_iter, false))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn add(a: &mut [f64], s: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += s * b;
    }
}

/// Σ l1ⱼ |wⱼ|.
fn absolute(w: &[f64], l1: &[f64]) -> f64 {
    w.iter().zip(l1).map(|(w, l)| w.abs() * l).sum()
}

fn check_size(estimator: &str, d: usize) -> Result<()> {
    if d.checked_mul(d).is_some_and(|size| size <= MOST_VALUES) {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        estimator,
        "solver",
        "one that needs no Hessian for so many features and classes (lbfgs, newton-cg, saga)",
        format!("a Hessian of {d} x {d} values"),
    ))
}

/// A point of the search: what the loss is there.
pub(super) struct Point {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    /// As [`LogisticLoss::evaluate`] has it.
    curvature: Vec<f64>,
    /// The L1 penalty.
    penalty: f64,
    noise: f64,
}

impl Point {
    /// Nowhere yet.
    pub(super) fn unknown<F: Float>(loss: &LogisticLoss<'_, F>) -> Self {
        Point {
            value: f64::NAN,
            gradient: vec![0.0; loss.n_parameters()],
            curvature: Vec::new(),
            penalty: 0.0,
            noise: loss.noise(),
        }
    }

    pub(super) fn new<F: Float>(
        loss: &mut LogisticLoss<'_, F>,
        parameters: &[f64],
        estimator: &str,
    ) -> Result<Self> {
        let mut point = Point::unknown(loss);
        if point.go_to(loss, parameters) {
            return Ok(point);
        }
        Err(ErrorKind::Overflow {
            estimator: estimator.into(),
            what: "the gradient".into(),
        }
        .into())
    }

    /// Goes to `parameters`; whether the loss is finite there.
    pub(super) fn go_to<F: Float>(
        &mut self,
        loss: &mut LogisticLoss<'_, F>,
        parameters: &[f64],
    ) -> bool {
        self.value = loss.evaluate(parameters, &mut self.gradient, &mut self.curvature);
        self.value.is_finite() && self.gradient.iter().all(|g| g.is_finite())
    }

    /// The largest component of the gradient.
    fn largest(&self) -> f64 {
        self.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()))
    }

    /// How far each component is from being optimal.
    fn violations(&self, parameters: &[f64], l1: &[f64]) -> Vec<f64> {
        (self.gradient.iter().zip(parameters).zip(l1))
            .map(|((g, w), l)| {
                if *w > 0.0 {
                    (g + l).abs()
                } else if *w < 0.0 {
                    (g - l).abs()
                } else {
                    (g.abs() - l).max(0.0)
                }
            })
            .collect()
    }

    /// Whether rounding hides a gain of this size.
    fn hides<F: Float>(
        &self,
        loss: &mut LogisticLoss<'_, F>,
        parameters: &[f64],
        gain: f64,
    ) -> bool {
        let rounding = 16.0 * self.noise * (self.value + self.penalty).abs();
        gain <= rounding + loss.cancellation(parameters)
    }

    /// Goes along `step`, of directional derivative `slope` < 0, as far as the objective falls. `false` where it does not.
    fn descend<F: Float>(
        &mut self,
        loss: &mut LogisticLoss<'_, F>,
        parameters: &mut [f64],
        step: &[f64],
        slope: f64,
        l1: &[f64],
    ) -> Result<bool> {
        const ARMIJO: f64 = 1.0 / 2048.0;
        let start = parameters.to_vec();
        let before = self.value + self.penalty;
        let gradient_before = self.gradient.clone();
        let curvature_before = std::mem::take(&mut self.curvature);
        let distance = |point: &Point, at: &[f64]| {
            if l1.is_empty() {
                point.gradient.iter().map(|g| g.abs()).sum::<f64>()
            } else {
                point.violations(at, l1).iter().sum()
            }
        };
        let distance_before = distance(self, &start);
        let mut noise = 16.0 * self.noise * before.abs();
        let mut cancelled = false;
        let mut t = 1.0;
        for _ in 0..30 {
            for ((w, s), d) in parameters.iter_mut().zip(&start).zip(step) {
                *w = s + t * d;
            }
            let finite = self.go_to(loss, parameters);
            self.penalty = absolute(parameters, l1);
            let after = self.value + self.penalty;
            let finite = finite && after.is_finite();
            let fell = slope < 0.0 && after - before <= ARMIJO * t * slope;
            if finite && !fell && !cancelled {
                // Large terms that cancel in the raw predictions leave their rounding.
                noise += loss.cancellation(parameters);
                cancelled = true;
            }
            // Where rounding hides the fall, the gradient still shows it.
            let hidden =
                (after - before).abs() <= noise && distance(self, parameters) < distance_before;
            if finite && (fell || hidden) {
                return Ok(true);
            }
            if (after - before).abs() <= noise && t < 0.1 {
                // Shorter steps would not be seen at all.
                break;
            }
            t *= 0.5;
        }
        parameters.copy_from_slice(&start);
        self.gradient = gradient_before;
        self.curvature = curvature_before;
        self.value = before - absolute(&start, l1);
        self.penalty = absolute(&start, l1);
        Ok(false)
    }
}

/// The Hessian over some features in shifted coordinates: for each output the coefficients, then, with an intercept, b'.
struct Hessian {
    matrix: Array2<f64>,
    /// m, over those features; zeros where not shifted.
    shift: Array1<f64>,
    /// The features, if not all.
    columns: Option<Vec<usize>>,
}

impl Hessian {
    fn new<F: Float>(
        loss: &LogisticLoss<'_, F>,
        curvature: &[f64],
        columns: Option<&[usize]>,
        shifted: bool,
    ) -> Result<Self> {
        let layout = loss.layout();
        let selected;
        let x: &ArrayRef2<F> = match columns {
            Some(columns) => {
                selected = loss.samples().select(Axis(1), columns);
                &selected
            }
            None => loss.samples(),
        };
        let (n, q, k) = (x.nrows(), x.ncols(), layout.k);
        let own = q + usize::from(layout.intercept);
        let mut matrix = Array2::<f64>::zeros((k * own, k * own));
        let mut shift = Array1::<f64>::zeros(q);
        let (l2, l2_intercept) = loss.penalties();
        let mut set = false;
        for a in 0..k {
            for b in a..k {
                let weights: Vec<f64> = if k == 1 {
                    curvature.to_vec()
                } else {
                    (0..n)
                        .map(|i| loss.pair_curvature(curvature, i, a, b))
                        .collect()
                };
                let sign = if a == b { 1.0 } else { -1.0 };
                let mut block = Array2::<f64>::zeros((own, own));
                if q == 0 || weights.iter().all(|&w| w == 0.0) {
                    // Every row is certain, or no feature is in use: the intercept alone has a curvature.
                    if layout.intercept {
                        block[[q, q]] = weights.iter().sum();
                    }
                } else {
                    let m = moments(x, None, Some(&weights), layout.intercept)?;
                    let mean = m.x_mean.mapv(F::f64);
                    if !set && shifted && layout.intercept {
                        shift.assign(&mean);
                        set = true;
                    }
                    let off = &mean - &shift;
                    let sum = m.weight_sum;
                    for i in 0..q {
                        for j in 0..q {
                            let mut v = m.xtx[[i, j]].f64();
                            if layout.intercept {
                                v += sum * off[i] * off[j];
                            }
                            block[[i, j]] = v;
                        }
                        if layout.intercept {
                            block[[i, q]] = sum * off[i];
                            block[[q, i]] = sum * off[i];
                        }
                    }
                    if layout.intercept {
                        block[[q, q]] = sum;
                    }
                }
                block *= sign / loss.weight_sum();
                let (ra, rb) = (a * own..(a + 1) * own, b * own..(b + 1) * own);
                matrix.slice_mut(s![ra.clone(), rb.clone()]).assign(&block);
                matrix.slice_mut(s![rb, ra]).assign(&block.t());
            }
        }
        for c in 0..k {
            let first = c * own;
            for j in 0..q {
                matrix[[first + j, first + j]] += l2;
            }
            if layout.intercept && l2_intercept > 0.0 {
                // b = b' − m·w is what is penalised.
                let along = |j: usize| if j < q { -shift[j] } else { 1.0 };
                for i in 0..own {
                    for j in 0..own {
                        matrix[[first + i, first + j]] += l2_intercept * along(i) * along(j);
                    }
                }
            }
        }
        Ok(Hessian {
            matrix,
            shift,
            columns: columns.map(<[usize]>::to_vec),
        })
    }

    /// Where coefficient j of output c of these features is among the parameters.
    fn place(&self, p: usize, c: usize, j: usize) -> usize {
        c * p + self.columns.as_ref().map_or(j, |columns| columns[j])
    }

    /// The gradient in shifted coordinates.
    fn gather<F: Float>(&self, loss: &LogisticLoss<'_, F>, gradient: &[f64]) -> Array1<f64> {
        let layout = loss.layout();
        let q = self.shift.len();
        let own = q + usize::from(layout.intercept);
        let mut g = Array1::zeros(layout.k * own);
        for c in 0..layout.k {
            let of_intercept = if layout.intercept {
                gradient[layout.k * layout.p + c]
            } else {
                0.0
            };
            for j in 0..q {
                g[c * own + j] =
                    gradient[self.place(layout.p, c, j)] - self.shift[j] * of_intercept;
            }
            if layout.intercept {
                g[c * own + q] = of_intercept;
            }
        }
        g
    }

    /// A step in shifted coordinates, laid out as the parameters are.
    fn scatter<F: Float>(&self, loss: &LogisticLoss<'_, F>, step: &Array1<f64>) -> Vec<f64> {
        let layout = loss.layout();
        let q = self.shift.len();
        let own = q + usize::from(layout.intercept);
        let mut out = vec![0.0; loss.n_parameters()];
        for c in 0..layout.k {
            let mut along = 0.0;
            for j in 0..q {
                let s = step[c * own + j];
                out[self.place(layout.p, c, j)] = s;
                along += self.shift[j] * s;
            }
            if layout.intercept {
                out[layout.k * layout.p + c] = step[c * own + q] - along;
            }
        }
        out
    }

    /// −H⁻¹ g. What adds the same to all of several classes and changes nothing is left out.
    fn newton_step<F: Float>(
        mut self,
        loss: &LogisticLoss<'_, F>,
        gradient: &[f64],
    ) -> Result<Vec<f64>> {
        let layout = loss.layout();
        let own = self.matrix.nrows() / layout.k;
        let (l2, l2_intercept) = loss.penalties();
        if layout.k > 1 {
            for j in 0..own {
                let is_intercept = layout.intercept && j + 1 == own;
                if if is_intercept { l2_intercept } else { l2 } > 0.0 {
                    continue;
                }
                let mean = (0..layout.k)
                    .map(|c| self.matrix[[c * own + j, c * own + j]])
                    .sum::<f64>()
                    / layout.k as f64;
                for a in 0..layout.k {
                    for b in 0..layout.k {
                        self.matrix[[a * own + j, b * own + j]] += mean;
                    }
                }
            }
        }
        let g = self.gather(loss, gradient).insert_axis(Axis(1));
        let typical = self.matrix.diag().iter().fold(0.0, |m: f64, v| m.max(*v));
        let mut damping = 0.0;
        for _ in 0..12 {
            let mut damped = self.matrix.clone();
            for d in damped.diag_mut() {
                *d += damping * d.max(typical * f64::EPSILON) + f64::MIN_POSITIVE;
                if *d <= f64::MIN_POSITIVE {
                    *d = 1.0;
                }
            }
            if let Ok(factor) = Cholesky::new(&damped)
                && (damping > 0.0 || factor.rcond() > 16.0 * f64::EPSILON)
                && let Ok(step) = factor.solve(&g)
            {
                return Ok(self.scatter(loss, &step.column(0).mapv(|v| -v)));
            }
            damping = if damping == 0.0 {
                1e-12
            } else {
                damping * 100.0
            };
        }
        // Steepest descent.
        Ok(gradient.iter().map(|g| -g).collect())
    }

    /// The step that minimises the quadratic model plus the L1 penalty, about as precisely as the violation of optimality is
    /// small.
    fn l1_step<F: Float>(
        &self,
        loss: &LogisticLoss<'_, F>,
        gradient: &[f64],
        parameters: &[f64],
        l1: &[f64],
        violation: f64,
    ) -> Vec<f64> {
        let layout = loss.layout();
        let (q, d) = (self.shift.len(), self.matrix.nrows());
        let own = q + usize::from(layout.intercept);
        let mut start = vec![0.0; d];
        let mut threshold = vec![0.0; d];
        for c in 0..layout.k {
            for j in 0..q {
                let place = self.place(layout.p, c, j);
                (start[c * own + j], threshold[c * own + j]) = (parameters[place], l1[place]);
            }
            if layout.intercept {
                let place = layout.k * layout.p + c;
                (start[c * own + q], threshold[c * own + q]) = (parameters[place], l1[place]);
            }
        }
        let enough = violation * violation.sqrt().min(0.03);
        let gradient = self.gather(loss, gradient);
        let step = logistic_l1::way(&self.matrix, gradient, &start, &threshold, enough);
        self.scatter(loss, &Array1::from(step))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_that_neither_gain_nor_calm_are_given_up() {
        let at = Point {
            value: 2.0,
            gradient: Vec::new(),
            curvature: Vec::new(),
            penalty: 1.0,
            noise: 1e-16,
        };
        let (seen, hidden) = (1e-10, 1e-16);
        let steps = |sizes: &[(f64, f64)]| {
            let mut idle = Idle::new();
            let each = sizes.iter();
            let each = each.map(|&(gain, size)| idle.gives_up(&at, gain, size));
            each.collect::<Vec<bool>>()
        };
        // The first hidden step halves what there was: infinity.
        assert_eq!(
            steps(&[(hidden, 1e-9); 6]),
            [false, false, false, false, true, true]
        );
        // A gain that shows, or half a gradient, and the count begins anew.
        for other in [(seen, 1e-9), (hidden, 4e-10)] {
            let mut course = [(hidden, 1e-9); 9];
            course[3] = other;
            let ended = steps(&course);
            assert_eq!(ended.iter().position(|e| *e), Some(7));
        }
    }
}
