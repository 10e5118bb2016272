//! Least squares with and without an L2 penalty, of centred and weighted data: the ways to solve it, and which to take.

use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{
    Array1, Array2, ArrayRef2, ArrayView1, ArrayView2, ArrayViewMut2, Axis, CowArray, Ix2, Zip, s,
};

use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg;
use crate::linear_model::affine::affine;
use crate::parallel;
use crate::preprocessing::moments::moments;
use crate::targets::{RealTargets, Targets};

/// A least squares problem of several targets, the rows weighted, the columns centred or not.
pub(super) struct Problem<'a, F> {
    pub(super) x: &'a ArrayRef2<F>,
    pub(super) y: ArrayView2<'a, F>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) centre: bool,
}

/// The weights of a target's rows, side by side in memory.
pub(super) fn weights_of<Y: Targets + ?Sized>(y: &Y) -> Option<Vec<f64>> {
    Some(y.sample_weight()?.to_vec())
}

impl<'a, F: Float> Problem<'a, F> {
    /// Of samples and a target that were checked to be as long.
    ///
    /// # Errors
    /// `EmptyInput` for a target of no columns, `NonFinite` for one with NaN or infinite values.
    pub(super) fn new<Y: RealTargets<F> + ?Sized>(
        x: &'a ArrayRef2<F>,
        y: &'a Y,
        weights: Option<&'a [f64]>,
        centre: bool,
    ) -> Result<Self> {
        let y = y.columns();
        if y.ncols() == 0 {
            let what = "y (no columns)".into();
            return Err(ErrorKind::EmptyInput { what }.into());
        }
        check::finite(&y, "y")?;
        Ok(Problem {
            x,
            y,
            weights,
            centre,
        })
    }

    pub(super) fn n_targets(&self) -> usize {
        self.y.ncols()
    }

    /// Coefficients (n_targets, n_features) and intercepts (n_targets); whether the normal equations gave them, and not the
    /// singular value decomposition.
    pub(super) fn solve(&self, alphas: &[f64]) -> Result<(Array2<F>, Array1<F>, bool)> {
        let tall = self.x.nrows() >= self.x.ncols();
        if tall {
            let m = linalg::moments(self.x, Some(&self.y), self.weights, self.centre)?;
            let solved = for_each_alpha(alphas, |alpha, targets| self.primal(&m, alpha, targets))?;
            if let Some(w) = solved {
                let (coef, intercept) = with_intercept(w, &m.x_mean, &m.y_mean);
                return Ok((coef, intercept, true));
            }
        } else {
            let c = self.centred()?;
            let gram = linalg::matmul(&c.x, &c.x.t());
            let solved = for_each_alpha(alphas, |alpha, targets| {
                let Some(system) = Scaled::new(&gram, alpha) else {
                    return Ok(None);
                };
                if system.loses_digits() {
                    return Ok(None);
                }
                let dual = system.solve(&c.y.slice(s![.., targets]))?;
                Ok(Some(linalg::matmul(&c.x.t(), &dual)))
            })?;
            if let Some(w) = solved {
                let (coef, intercept) = with_intercept(w, &c.x_mean, &c.y_mean);
                return Ok((coef, intercept, true));
            }
        }
        let (coef, intercept) = self.decompose(alphas)?;
        Ok((coef, intercept, false))
    }

    /// [`solve`](Self::solve) for several penalties, each that of all targets, from one pass over the data.
    #[allow(clippy::type_complexity)]
    pub(super) fn solve_path(&self, alphas: &[f64]) -> Result<Vec<(Array2<F>, Array1<F>)>> {
        let tall = self.x.nrows() >= self.x.ncols();
        let moments = if tall {
            Some(linalg::moments(
                self.x,
                Some(&self.y),
                self.weights,
                self.centre,
            )?)
        } else {
            None
        };
        let mut path = Vec::with_capacity(alphas.len());
        for &alpha in alphas {
            if let Some(m) = &moments
                && let Some(w) = self.primal(m, alpha, 0..self.n_targets())?
            {
                path.push(with_intercept(w, &m.x_mean, &m.y_mean));
                continue;
            }
            let (coef, intercept, _) = self.solve(&vec![alpha; self.n_targets()])?;
            path.push((coef, intercept));
        }
        Ok(path)
    }

    /// Coefficients and intercepts from the singular value decomposition of the centred data, in `f64`: in `f32` columns a
    /// million times smaller than others would be lost in their rounding.
    pub(super) fn decompose(&self, alphas: &[f64]) -> Result<(Array2<F>, Array1<F>)> {
        let r = self.reduced::<f64>()?;
        let svd = linalg::thin_svd(&r.x)?;
        let s = svd.s * r.x_scale;
        check::learned("thin_svd", "a singular value", &s)?;
        let uty = linalg::matmul(&svd.u.t(), &r.y) * r.y_scale;
        let mut w = Array2::zeros((self.x.ncols(), alphas.len()));
        for ((mut w, uty), &alpha) in w.columns_mut().into_iter().zip(uty.columns()).zip(alphas) {
            // Without a penalty what the rounding of the data tells apart is one direction.
            let digits = if alpha > 0.0 {
                f64::EPSILON
            } else {
                F::EPSILON.f64()
            };
            let shrunk = shrink(&s, uty, alpha, digits, self.x.dim());
            w.assign(&svd.vt.t().dot(&shrunk).mapv(F::of));
        }
        Ok(with_intercept(
            w,
            &r.x_mean.mapv(F::of),
            &r.y_mean.mapv(F::of),
        ))
    }

    /// The least squares of least norm, where directions of a singular value of at most `tol` times the largest count as
    /// dependent: coefficients, intercepts, and the rank with the singular values of the centred data.
    #[allow(clippy::type_complexity)]
    pub(super) fn solve_least_norm(
        &self,
        tol: f64,
    ) -> Result<(Array2<F>, Array1<F>, (usize, Array1<F>))> {
        let (n, p) = self.x.dim();
        if n > p {
            let m = linalg::moments(self.x, Some(&self.y), self.weights, self.centre)?;
            if let Some(system) = Scaled::new(&m.xtx, 0.0)
                && !system.loses_digits()
            {
                let singular = linalg::thin_svd(&system.triangle())?.s;
                if singular[p - 1] > tol * singular[0] {
                    let (coef, intercept) =
                        with_intercept(system.solve(&m.xty)?, &m.x_mean, &m.y_mean);
                    return Ok((coef, intercept, (p, singular.mapv(F::of))));
                }
            }
        }
        let r = self.reduced::<F>()?;
        let mut found = linalg::lstsq(&r.x, &r.y, Some(tol))?;
        let ratio = r.y_scale / r.x_scale;
        found.solution.mapv_inplace(|v| F::of(v.f64() * ratio));
        found
            .singular_values
            .mapv_inplace(|v| F::of(v.f64() * r.x_scale));
        check::learned("lstsq", "the solution", &found.solution)?;
        check::learned("lstsq", "a singular value", &found.singular_values)?;
        let (coef, intercept) =
            with_intercept(found.solution, &r.x_mean.mapv(F::of), &r.y_mean.mapv(F::of));
        Ok((coef, intercept, (found.rank, found.singular_values)))
    }

    /// The least squares over coefficients of at least 0: coefficients and intercepts.
    pub(super) fn solve_positive(&self) -> Result<(Array2<F>, Array1<F>)> {
        let m = linalg::moments(self.x, Some(&self.y), self.weights, self.centre)?;
        let (n, p) = self.x.dim();
        let gram = m.xtx.mapv(F::f64);
        let tolerance = 10.0 * F::EPSILON.f64() * n.max(p) as f64;
        let mut w = Array2::zeros((p, self.n_targets()));
        for (t, mut w) in w.columns_mut().into_iter().enumerate() {
            let found = non_negative(&gram, &m.xty.column(t).mapv(F::f64), tolerance)?;
            let passive: Vec<usize> = (0..p).filter(|&j| found[j] > 0.0).collect();
            let products = gram.select(Axis(0), &passive).select(Axis(1), &passive);
            let digits_lost = Scaled::new(&products.mapv(F::of), 0.0)
                .is_none_or(|system: Scaled<F>| system.loses_digits());
            let mut exact = None;
            if digits_lost && !passive.is_empty() {
                // Where the products have lost digits, the data have not.
                let problem = Problem {
                    x: &self.x.select(Axis(1), &passive),
                    y: self.y.slice(s![.., t..t + 1]),
                    ..*self
                };
                let (coef, _, _) = problem.solve_least_norm(F::EPSILON.f64() * n.max(p) as f64)?;
                exact = coef.iter().all(|v| v.f64() > 0.0).then_some(coef);
            }
            for (k, &j) in passive.iter().enumerate() {
                w[j] = exact
                    .as_ref()
                    .map_or_else(|| F::of(found[j]), |coef| coef[[0, k]]);
            }
        }
        Ok(with_intercept(w, &m.x_mean, &m.y_mean))
    }

    /// The normal equations in the features, refined against `X` where that pays; `None` where they are singular.
    fn primal(
        &self,
        m: &linalg::Moments<F>,
        alpha: f64,
        targets: Range<usize>,
    ) -> Result<Option<Array2<F>>> {
        let Some(system) = Scaled::new(&m.xtx, alpha) else {
            return Ok(None);
        };
        let mut w = system.solve(&m.xty.slice(s![.., targets.clone()]))?;
        if system.loses_digits() {
            for _ in 0..2 {
                w += &system.solve(&self.residual(m, alpha, targets.clone(), &w))?;
            }
        }
        Ok(Some(w))
    }

    /// `X'S(Y − Xw − b) − alpha w` with X centred, and the inner residual formed from the data, row by row: there are the
    /// digits that the Gram matrix has lost.
    fn residual(
        &self,
        m: &linalg::Moments<F>,
        alpha: f64,
        targets: Range<usize>,
        w: &Array2<F>,
    ) -> Array2<F> {
        let intercept = &m.y_mean.slice(s![targets.clone()]) - &m.x_mean.dot(w);
        let mut r = affine(self.x, &w.t(), &intercept);
        Zip::from(&mut r)
            .and(&self.y.slice(s![.., targets]))
            .for_each(|r, &y| *r = y - *r);
        if let Some(weights) = self.weights {
            for (mut row, &s) in r.rows_mut().into_iter().zip(weights) {
                row.mapv_inplace(|v| v * F::of(s));
            }
        }
        let mut g = linalg::matmul(&self.x.t(), &r);
        let sums = r.sum_axis(Axis(0));
        Zip::indexed(&mut g)
            .and(w)
            .for_each(|(j, t), g, &w| *g = *g - m.x_mean[j] * sums[t] - w * F::of(alpha));
        g
    }

    /// The centred data, its rows scaled by the square roots of the weights.
    pub(super) fn centred(&self) -> Result<Centred<'_, F>> {
        let roots = self.weights.map(|weights| {
            let roots = weights.iter().map(|s| F::of(s.sqrt()));
            roots.collect::<Vec<F>>()
        });
        self.moved(roots.as_deref())
    }

    /// The data with their weighted means taken away.
    pub(super) fn shifted(&self) -> Result<Centred<'_, F>> {
        self.moved(None)
    }

    /// Weighted means of the columns of X and of the targets, zeros where not centred.
    fn means(&self) -> Result<(Array1<f64>, Array1<f64>)> {
        let mean = |a: &ArrayRef2<F>| -> Result<Array1<f64>> {
            Ok(match self.centre {
                true => moments(a, self.weights)?.mean.into(),
                false => Array1::zeros(a.ncols()),
            })
        };
        Ok((mean(self.x)?, mean(&self.y)?))
    }

    /// The data with their weighted means taken away, each row times its factor.
    fn moved(&self, factors: Option<&[F]>) -> Result<Centred<'_, F>> {
        let (x_mean, y_mean) = self.means()?;
        let (x_mean, y_mean) = (x_mean.mapv(F::of), y_mean.mapv(F::of));
        if !self.centre && factors.is_none() {
            return Ok(Centred {
                x: self.x.view().into(),
                y: self.y.into(),
                x_mean,
                y_mean,
            });
        }
        Ok(Centred {
            x: less(self.x, &x_mean, factors)?.into(),
            y: less(&self.y, &y_mean, factors)?.into(),
            x_mean,
            y_mean,
        })
    }

    /// What decompositions of the centred and weighted data need, in the precision `T`: where there are many rows, the
    /// triangle of their QR decomposition instead of the rows, of which no copy is made.
    pub(super) fn reduced<T: Float>(&self) -> Result<Reduced<T>> {
        let ((n, p), q) = (self.x.dim(), self.n_targets());
        let (x_mean, y_mean) = self.means()?;
        let roots: Option<Vec<f64>> = self
            .weights
            .map(|weights| weights.iter().map(|s| s.sqrt()).collect());
        let root_scale = roots.as_ref().map_or(1.0, |roots| {
            linalg::power_of_two(roots.iter().fold(0.0, |m: f64, v| m.max(*v)))
        });
        let x_scale = linalg::scale_of(self.x).f64();
        let y_scale = linalg::scale_of(&self.y).f64();
        let fill = |from: ArrayView2<'_, F>,
                    mean: &Array1<f64>,
                    scale: f64,
                    first: usize,
                    mut to: ArrayViewMut2<'_, T>| {
            let inverse = 1.0 / scale;
            Zip::from(&mut to)
                .and(&from)
                .and_broadcast(mean)
                .for_each(|to, v, mean| *to = T::of(v.f64() * inverse - mean * inverse));
            if let Some(roots) = &roots {
                for (mut row, root) in to.rows_mut().into_iter().zip(&roots[first..]) {
                    row.mapv_inplace(|v| v * T::of(root / root_scale));
                }
            }
        };
        let rows = |rows: Range<usize>, out: ArrayViewMut2<'_, T>| {
            let (left, right) = out.split_at(Axis(1), p);
            let first = rows.start;
            fill(
                self.x.slice(s![rows.clone(), ..]),
                &x_mean,
                x_scale,
                first,
                left,
            );
            fill(self.y.slice(s![rows, ..]), &y_mean, y_scale, first, right);
        };
        let joined = if n > p + q {
            linalg::tall_qr((n, p + q), rows)?.slice_move(s![..p, ..])
        } else {
            let mut all = Array2::zeros((n, p + q));
            rows(0..n, all.view_mut());
            all
        };
        Ok(Reduced {
            x: joined.slice(s![.., ..p]).to_owned(),
            y: joined.slice(s![.., p..]).to_owned(),
            x_scale: x_scale * root_scale,
            y_scale: y_scale * root_scale,
            x_mean,
            y_mean,
        })
    }
}

/// x and y with the products X'X / `x_scale`² and X'Y / (`x_scale` `y_scale`) of the centred and weighted data: these data,
/// (n, p) and (n, q), or (p, p) and (p, q).
pub(super) struct Reduced<T> {
    pub(super) x: Array2<T>,
    pub(super) y: Array2<T>,
    pub(super) x_scale: f64,
    pub(super) y_scale: f64,
    pub(super) x_mean: Array1<f64>,
    pub(super) y_mean: Array1<f64>,
}

/// The rows less their mean, each times its factor, in row order.
fn less<F: Float>(a: &ArrayRef2<F>, mean: &Array1<F>, factors: Option<&[F]>) -> Result<Array2<F>> {
    parallel::fits::<F>("the centred copy of the data", a.dim())?;
    let mut out = parallel::fresh(a.dim());
    let chunk = parallel::row_chunks(a.nrows(), a.ncols());
    parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut out| {
        let rows = a.slice(s![first..first + out.nrows(), ..]);
        Zip::from(&mut out)
            .and(&rows)
            .and_broadcast(mean)
            .for_each(|to, &v, &mean| *to = v - mean);
        if let Some(factors) = factors {
            for (mut row, &factor) in out.rows_mut().into_iter().zip(&factors[first..]) {
                row.mapv_inplace(|v| v * factor);
            }
        }
    });
    Ok(out)
}

/// Copied only where something was taken away or scaled.
pub(super) struct Centred<'a, F> {
    pub(super) x: CowArray<'a, F, Ix2>,
    pub(super) y: CowArray<'a, F, Ix2>,
    pub(super) x_mean: Array1<F>,
    pub(super) y_mean: Array1<F>,
}

/// Solves for all targets at once where they share one `alpha`, otherwise one by one; gives (n_features, n_targets), or
/// `None` as soon as one is `None`.
fn for_each_alpha<F: Float>(
    alphas: &[f64],
    solve: impl Fn(f64, Range<usize>) -> Result<Option<Array2<F>>>,
) -> Result<Option<Array2<F>>> {
    if alphas.iter().all(|a| a.total_cmp(&alphas[0]).is_eq()) {
        return solve(alphas[0], 0..alphas.len());
    }
    let mut columns = Vec::with_capacity(alphas.len());
    for (t, &alpha) in alphas.iter().enumerate() {
        let Some(w) = solve(alpha, t..t + 1)? else {
            return Ok(None);
        };
        columns.push(w.column(0).to_owned());
    }
    let p = columns[0].len();
    Ok(Some(Array2::from_shape_fn((p, alphas.len()), |(j, t)| {
        columns[t][j]
    })))
}

/// `A + alpha I` scaled to unit diagonal and factored in `f64`: `D (A + alpha I) D` with D = diag(`scale`).
struct Scaled<F> {
    scale: Array1<f64>,
    factor: linalg::Cholesky<f64>,
    rcond: f64,
    of: PhantomData<F>,
}

impl<F: Float> Scaled<F> {
    /// `None` where the matrix is singular to the precision of `F`, or left its range.
    fn new(a: &Array2<F>, alpha: f64) -> Option<Self> {
        let n = a.nrows();
        let scale = a.diag().mapv(|v| (v.f64() + alpha).sqrt().recip());
        if !scale.iter().all(|v| v.is_finite() && *v > 0.0) {
            return None;
        }
        let scaled = Array2::from_shape_fn((n, n), |(i, j)| {
            if i == j {
                1.0
            } else {
                a[[i, j]].f64() * scale[i] * scale[j]
            }
        });
        let factor = linalg::Cholesky::new(&scaled).ok()?;
        let rcond = factor.rcond();
        // The rounding of the sums in `A`, which refinement contracts by its ratio to rcond.
        let rounding = 64.0 * F::EPSILON.f64() * (n as f64).sqrt();
        (rcond > rounding).then_some(Scaled {
            scale,
            factor,
            rcond,
            of: PhantomData,
        })
    }

    /// Whether one solution has lost about half of the digits or more.
    fn loses_digits(&self) -> bool {
        self.rcond < F::EPSILON.f64().powf(0.375)
    }

    /// The triangle R with `R'R = A + alpha I`.
    fn triangle(&self) -> Array2<f64> {
        &self.factor.lower().t() / &self.scale
    }

    fn solve(&self, rhs: &ArrayRef2<F>) -> Result<Array2<F>> {
        let scale = self.scale.view().insert_axis(Axis(1));
        let solution = self.factor.solve(&(&rhs.mapv(F::f64) * &scale))? * scale;
        Ok(solution.mapv(F::of))
    }
}

/// The `w ≥ 0` that minimises `w'Gw/2 − c'w`, by Lawson and Hanson's active sets. A coefficient becomes positive only where
/// its gradient, in units of its own curvature, exceeds `tolerance` times the largest at 0.
pub(super) fn non_negative(
    gram: &Array2<f64>,
    c: &Array1<f64>,
    tolerance: f64,
) -> Result<Array1<f64>> {
    let p = c.len();
    let unit: Array1<f64> = gram.diag().mapv(|v| v.max(0.0).sqrt());
    let steepness = |g: &Array1<f64>, j: usize| if unit[j] > 0.0 { g[j] / unit[j] } else { 0.0 };
    let cutoff = tolerance * (0..p).fold(0.0, |m: f64, j| m.max(steepness(c, j).abs()));
    let mut w = Array1::<f64>::zeros(p);
    let mut passive: Vec<usize> = Vec::new();
    // Coefficients that rounding alone would make positive.
    let mut refused = vec![false; p];
    for _ in 0..100 + 30 * p {
        let g = c - &gram.dot(&w);
        let steepest = (0..p)
            .filter(|j| !passive.contains(j) && !refused[*j])
            .max_by(|&a, &b| steepness(&g, a).total_cmp(&steepness(&g, b)));
        let Some(new) = steepest.filter(|&j| steepness(&g, j) > cutoff) else {
            return Ok(w);
        };
        passive.push(new);
        loop {
            let Some(z) = solve_on(gram, c, &unit, &passive) else {
                passive.retain(|&j| j != new);
                refused[new] = true;
                break;
            };
            if z.iter().all(|&v| v > 0.0) {
                w.fill(0.0);
                for (&j, &v) in passive.iter().zip(&z) {
                    w[j] = v;
                }
                refused.fill(false);
                break;
            }
            // As far towards z as no coefficient becomes negative.
            let step = passive
                .iter()
                .zip(&z)
                .filter(|(_, z)| **z <= 0.0)
                .map(|(&j, &z)| w[j] / (w[j] - z))
                .fold(1.0, f64::min);
            for (&j, &z) in passive.iter().zip(&z) {
                w[j] = if z <= 0.0 && w[j] / (w[j] - z) <= step {
                    0.0
                } else {
                    w[j] + step * (z - w[j])
                };
            }
            if w[new] <= 0.0 {
                refused[new] = true;
            }
            passive.retain(|&j| w[j] > 0.0);
        }
    }
    Err(Error::invalid_input(
        "positive least squares",
        "the active sets do not settle: standardise the features, or drop some that depend on others",
    ))
}

/// The solution of the equations of some of the features; `None` where they are singular to working precision.
fn solve_on(
    gram: &Array2<f64>,
    c: &Array1<f64>,
    unit: &Array1<f64>,
    of: &[usize],
) -> Option<Array1<f64>> {
    let k = of.len();
    let correlation = Array2::from_shape_fn((k, k), |(a, b)| match a == b {
        true => 1.0,
        false => gram[[of[a], of[b]]] / unit[of[a]] / unit[of[b]],
    });
    let factor = linalg::Cholesky::new(&correlation).ok()?;
    if factor.rcond() < f64::EPSILON {
        return None;
    }
    let rhs: Array1<f64> = of.iter().map(|&j| c[j] / unit[j]).collect();
    let mut z = factor.solve_vector(&rhs).ok()?;
    for (z, &j) in z.iter_mut().zip(of) {
        *z /= unit[j];
    }
    z.iter().all(|v| v.is_finite()).then_some(z)
}

/// `s / (s² + alpha) · U'y`: the coefficients in the basis of right singular vectors. Directions below the precision get
/// none, which is what makes the solution one of minimum norm.
fn shrink(
    s: &Array1<f64>,
    uty: ArrayView1<'_, f64>,
    alpha: f64,
    precision: f64,
    (n, p): (usize, usize),
) -> Array1<f64> {
    let largest = s.iter().fold(0.0, |m: f64, v| m.max(*v));
    let cutoff = largest * precision * n.max(p) as f64;
    let mut out = uty.to_owned();
    Zip::from(&mut out).and(s).for_each(|w, &s| {
        // Written so that s² does not overflow.
        *w *= if s > cutoff {
            1.0 / (s + alpha / s)
        } else {
            0.0
        };
    });
    out
}

/// From `w` (n_features, n_targets) to coefficients (n_targets, n_features) and `b = ȳ − x̄·w`.
pub(super) fn with_intercept<F: Float>(
    w: Array2<F>,
    x_mean: &Array1<F>,
    y_mean: &Array1<F>,
) -> (Array2<F>, Array1<F>) {
    let intercept = y_mean - &x_mean.dot(&w);
    (w.t().as_standard_layout().into_owned(), intercept)
}
