//! Ridge regression by iterations: LSQR, conjugate gradients, and projected L-BFGS for coefficients of at least 0.

use ndarray::{Array1, Array2};

use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

use super::row_blocks::{add_transposed_products, products};

/// Where an iteration ended.
pub(super) struct Found {
    pub(super) w: Vec<f64>,
    pub(super) n_iter: usize,
    pub(super) converged: bool,
}

/// Products with a matrix (n, p) in row order and with its transpose, vectors in `f64`.
pub(super) struct Operator<'a, F> {
    pub(super) x: &'a [F],
    pub(super) n: usize,
    pub(super) p: usize,
}

impl<F: Float> Operator<'_, F> {
    fn chunk(&self) -> usize {
        parallel::row_chunks(self.n, self.p).max(self.n.div_ceil(64))
    }

    /// X v.
    fn times(&self, v: &[f64]) -> Vec<f64> {
        let p = self.p;
        let parts = parallel::map_chunks(self.n, self.chunk(), |rows| {
            let mut out = vec![0.0; rows.len()];
            simd(
                #[inline(always)]
                || {
                    products(
                        &self.x[rows.start * p..rows.end * p],
                        p,
                        &[],
                        v,
                        &[],
                        &mut out,
                    )
                },
            );
            out
        });
        parts.concat()
    }

    /// X'u.
    fn transposed(&self, u: &[f64]) -> Vec<f64> {
        let p = self.p;
        let parts = parallel::map_chunks(self.n, self.chunk(), |rows| {
            let mut out = vec![0.0; p];
            simd(
                #[inline(always)]
                || {
                    let x = &self.x[rows.start * p..rows.end * p];
                    add_transposed_products(x, p, &u[rows.clone()], &mut [], &mut out);
                },
            );
            out
        });
        let mut sum = vec![0.0; p];
        for part in &parts {
            add(&mut sum, 1.0, part);
        }
        sum
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The Euclidean norm, of a vector whose squares may overflow too.
fn norm(v: &[f64]) -> f64 {
    let largest = v.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    if largest == 0.0 || !largest.is_finite() {
        return largest;
    }
    let squares: f64 = v.iter().map(|v| (v / largest).powi(2)).sum();
    largest * squares.sqrt()
}

/// a += s b.
fn add(a: &mut [f64], s: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += s * b;
    }
}

fn scale(v: &mut [f64], s: f64) {
    for v in v {
        *v *= s;
    }
}

/// The w that minimises ‖y − Xw‖² + damp² ‖w‖² by LSQR (C. C. Paige and M. A. Saunders, "LSQR: an algorithm for sparse
/// linear equations and sparse least squares", ACM Transactions on Mathematical Software 8 (1982)), with their stopping
/// rules: `tol` bounds the relative errors of X and y for which the solution would be exact.
pub(super) fn lsqr<F: Float>(
    x: &Operator<'_, F>,
    y: &[f64],
    damp: f64,
    tol: f64,
    max_iter: usize,
) -> Found {
    const CONDITION: f64 = 1e-8;
    let mut w = vec![0.0; x.p];
    let mut u = y.to_vec();
    let y_norm = norm(&u);
    let mut beta = y_norm;
    let mut v = vec![0.0; x.p];
    let mut alpha = 0.0;
    if beta > 0.0 {
        scale(&mut u, 1.0 / beta);
        v = x.transposed(&u);
        alpha = norm(&v);
    }
    if alpha > 0.0 {
        scale(&mut v, 1.0 / alpha);
    }
    if alpha * beta == 0.0 {
        return Found {
            w,
            n_iter: 0,
            converged: true,
        };
    }
    let mut direction = v.clone();
    let (mut rho_bar, mut phi_bar) = (alpha, beta);
    let (mut a_norm, mut d_norm, mut residual2) = (0.0f64, 0.0f64, 0.0f64);
    let (mut w_norm2, mut z, mut cs2, mut sn2) = (0.0f64, 0.0f64, -1.0f64, 0.0f64);
    for n_iter in 1..=max_iter {
        let product = x.times(&v);
        for (u, a) in u.iter_mut().zip(&product) {
            *u = a - alpha * *u;
        }
        beta = norm(&u);
        if beta > 0.0 {
            scale(&mut u, 1.0 / beta);
            a_norm = (a_norm * a_norm + alpha * alpha + beta * beta + damp * damp).sqrt();
            let product = x.transposed(&u);
            for (v, a) in v.iter_mut().zip(&product) {
                *v = a - beta * *v;
            }
            alpha = norm(&v);
            if alpha > 0.0 {
                scale(&mut v, 1.0 / alpha);
            }
        }
        // A rotation takes the damping away, another the subdiagonal of the bidiagonal matrix.
        let rho_bar1 = rho_bar.hypot(damp);
        let psi = damp / rho_bar1 * phi_bar;
        phi_bar *= rho_bar / rho_bar1;
        let rho = rho_bar1.hypot(beta);
        let (cs, sn) = (rho_bar1 / rho, beta / rho);
        let theta = sn * alpha;
        rho_bar = -cs * alpha;
        let phi = cs * phi_bar;
        phi_bar *= sn;
        let tau = sn * phi;
        let t2 = -theta / rho;
        d_norm += (norm(&direction) / rho).powi(2);
        add(&mut w, phi / rho, &direction);
        for (d, v) in direction.iter_mut().zip(&v) {
            *d = v + t2 * *d;
        }
        // ‖w‖ from a rotation on the other side.
        let (delta, gamma_bar) = (sn2 * rho, -cs2 * rho);
        let right = phi - delta * z;
        let z_bar = right / gamma_bar;
        let w_norm = (w_norm2 + z_bar * z_bar).sqrt();
        let gamma = gamma_bar.hypot(theta);
        cs2 = gamma_bar / gamma;
        sn2 = theta / gamma;
        z = right / gamma;
        w_norm2 += z * z;

        let condition = a_norm * d_norm.sqrt();
        residual2 += psi * psi;
        let residual = (phi_bar * phi_bar + residual2).sqrt();
        let gradient = alpha * tau.abs();
        let test1 = residual / y_norm;
        let test2 = gradient / (a_norm * residual + f64::EPSILON);
        let test3 = 1.0 / (condition + f64::EPSILON);
        let t1 = test1 / (1.0 + a_norm * w_norm / y_norm);
        let exact = tol + tol * a_norm * w_norm / y_norm;
        if test2 <= tol || test1 <= exact || 1.0 + test2 <= 1.0 || 1.0 + t1 <= 1.0 {
            return Found {
                w,
                n_iter,
                converged: true,
            };
        }
        if test3 <= CONDITION || !residual.is_finite() {
            return Found {
                w,
                n_iter,
                converged: false,
            };
        }
    }
    Found {
        w,
        n_iter: max_iter,
        converged: false,
    }
}

/// The w that minimises ‖y − Xw‖² + alpha ‖w‖² by conjugate gradients on the normal equations, in the smaller of the two
/// dimensions, to a residual of `tol` times the right-hand side.
pub(super) fn conjugate_gradients<F: Float>(
    x: &Operator<'_, F>,
    y: &[f64],
    alpha: f64,
    tol: f64,
    max_iter: Option<usize>,
) -> Found {
    let dual = x.p > x.n;
    let right = if dual { y.to_vec() } else { x.transposed(y) };
    let multiply = |v: &[f64]| {
        let mut product = if dual {
            x.times(&x.transposed(v))
        } else {
            x.transposed(&x.times(v))
        };
        add(&mut product, alpha, v);
        product
    };
    let size = right.len();
    let mut found = conjugate(multiply, &right, tol, max_iter.unwrap_or(10 * size));
    if dual {
        found.w = x.transposed(&found.w);
    }
    found
}

/// Solves A x = b for positive definite A, from 0.
fn conjugate(multiply: impl Fn(&[f64]) -> Vec<f64>, b: &[f64], tol: f64, max_iter: usize) -> Found {
    let goal = tol * norm(b);
    let mut w = vec![0.0; b.len()];
    let mut residual = b.to_vec();
    let mut direction = vec![0.0; b.len()];
    let mut rho_before = 0.0;
    for n_iter in 0..max_iter {
        let rho = dot(&residual, &residual);
        if norm(&residual) <= goal {
            return Found {
                w,
                n_iter,
                converged: true,
            };
        }
        let beta = if n_iter > 0 { rho / rho_before } else { 0.0 };
        for (d, r) in direction.iter_mut().zip(&residual) {
            *d = r + beta * *d;
        }
        let product = multiply(&direction);
        let curvature = dot(&direction, &product);
        if !(curvature > 0.0 && curvature.is_finite()) {
            return Found {
                w,
                n_iter,
                converged: false,
            };
        }
        let step = rho / curvature;
        add(&mut w, step, &direction);
        add(&mut residual, -step, &product);
        rho_before = rho;
    }
    let converged = norm(&residual) <= goal;
    Found {
        w,
        n_iter: max_iter,
        converged,
    }
}

/// The w ≥ 0 that minimises w'Gw/2 − c'w, by limited-memory BFGS on the coefficients that are free to move and steps
/// projected to what is allowed (D. P. Bertsekas, "Projected Newton methods for optimization problems with simple
/// constraints", SIAM Journal on Control and Optimization 20 (1982)). Stops when no component of the projected gradient is
/// larger than `tol`.
pub(super) fn projected_lbfgs(
    gram: &Array2<f64>,
    c: &Array1<f64>,
    tol: f64,
    max_iter: usize,
) -> Found {
    const MEMORY: usize = 10;
    let p = c.len();
    let mut w = Array1::<f64>::zeros(p);
    let mut g = -c;
    let mut pairs: Vec<(Array1<f64>, Array1<f64>)> = Vec::new();
    let value = |w: &Array1<f64>, g: &Array1<f64>| 0.5 * (w.dot(g) - w.dot(c));
    let mut f = value(&w, &g);
    for n_iter in 0..=max_iter {
        let free: Vec<bool> = (0..p).map(|j| w[j] > 0.0 || g[j] < 0.0).collect();
        let masked =
            |v: &Array1<f64>| Array1::from_shape_fn(p, |j| if free[j] { v[j] } else { 0.0 });
        let projected = masked(&g);
        let largest = projected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        if largest <= tol || n_iter == max_iter {
            return Found {
                w: w.to_vec(),
                n_iter,
                converged: largest <= tol,
            };
        }
        // The two loops over the pairs, seen on the free coefficients.
        let mut d = -&projected;
        let mut kept: Vec<(Array1<f64>, Array1<f64>, f64, f64)> = Vec::new();
        for (s, y) in pairs.iter().rev() {
            let (s, y) = (masked(s), masked(y));
            let curvature = s.dot(&y);
            if curvature > f64::EPSILON * y.dot(&y) {
                let a = s.dot(&d) / curvature;
                d.scaled_add(-a, &y);
                kept.push((s, y, curvature, a));
            }
        }
        if let Some((_, y, curvature, _)) = kept.first() {
            d *= curvature / y.dot(y);
        }
        for (s, y, curvature, a) in kept.iter().rev() {
            let b = y.dot(&d) / curvature;
            d.scaled_add(a - b, s);
        }
        if d.dot(&projected) >= 0.0 {
            d = -&projected;
        }
        // The best step along d, shortened until the projected one descends.
        let curvature = d.dot(&gram.dot(&d));
        let mut step = if curvature > 0.0 {
            -d.dot(&projected) / curvature
        } else {
            1.0
        };
        let mut moved = None;
        for _ in 0..60 {
            let next = Array1::from_shape_fn(p, |j| (w[j] + step * d[j]).max(0.0));
            let next_g = gram.dot(&next) - c;
            let next_f = value(&next, &next_g);
            if next_f <= f + 1e-4 * g.dot(&(&next - &w)) {
                moved = Some((next, next_g, next_f));
                break;
            }
            step *= 0.5;
        }
        let Some((next, next_g, next_f)) = moved else {
            if pairs.is_empty() {
                return Found {
                    w: w.to_vec(),
                    n_iter,
                    converged: false,
                };
            }
            pairs.clear();
            continue;
        };
        pairs.push((&next - &w, &next_g - &g));
        if pairs.len() > MEMORY {
            pairs.remove(0);
        }
        (w, g, f) = (next, next_g, next_f);
    }
    Found {
        w: w.to_vec(),
        n_iter: max_iter,
        converged: false,
    }
}
