//! The linear program of quantile regression: an interior point method, and then a vertex.
//!
//! With rows zᵢ of Z (the data, and a row of the identity for each penalised coefficient) it minimises
//!
//! ```text
//! f(θ) = Σᵢ upᵢ max(rᵢ, 0) + downᵢ max(−rᵢ, 0),     r = y − Zθ
//! ```
//!
//! whose dual is to maximise y'd over Z'd = 0, −downᵢ ≤ dᵢ ≤ upᵢ. The interior point method is the primal-dual one of
//! S. Portnoy and R. Koenker, "The Gaussian hare and the Laplacian tortoise", Statistical Science 12 (1997), with the
//! predictor and corrector of S. Mehrotra (1992): an iteration solves with Z' diag(q) Z. Where the gap is small the rows that a
//! vertex interpolates are told apart by orders of magnitude; from that vertex the simplex steps of I. Barrodale and
//! F. D. K. Roberts (1973) go on until no dual variable is out of bounds. Whatever way the end was found, it counts as the
//! optimum only if the dual variables prove it.

use ndarray::{Array1, Array2, Axis};

use crate::linalg::{self, Cholesky, Triangle, simd};
use crate::parallel;

use super::row_blocks::{add_transposed_products, products};

/// The program; the last parameter is the intercept, if there is one.
pub(super) struct Program {
    /// In row order, (n, p).
    pub(super) x: Array2<f64>,
    pub(super) y: Vec<f64>,
    /// Costs of residuals above and below 0: of the rows, then of the penalised coefficients.
    pub(super) up: Vec<f64>,
    pub(super) down: Vec<f64>,
    pub(super) intercept: bool,
}

pub(super) struct Solution {
    /// Coefficients and, with an intercept, the intercept.
    pub(super) parameters: Vec<f64>,
    pub(super) objective: f64,
    pub(super) n_iter: usize,
    /// Whether the dual variables prove that no more than [`CLOSE`] of the objective is left to gain.
    pub(super) converged: bool,
}

/// Interior point iterations at most; some 10 to 30 are needed.
const MAX_ITER: usize = 200;
/// The gap at which the vertex is looked for, relative to the objective.
const GAP: f64 = 1e-10;
/// How close to the least objective the end must provably be, relative to it.
pub(super) const CLOSE: f64 = 1e-9;
/// How far a step goes towards the border.
const BACK_OFF: f64 = 0.9995;

impl Program {
    fn k(&self) -> usize {
        self.x.ncols() + usize::from(self.intercept)
    }

    fn rows(&self) -> usize {
        self.up.len()
    }

    /// Zθ.
    fn times(&self, theta: &[f64]) -> Vec<f64> {
        let (n, p) = self.x.dim();
        let (coef, intercept) = theta.split_at(p);
        let data = self.x.as_slice().unwrap_or(&[]);
        if p == 0 {
            return vec![intercept.first().copied().unwrap_or(0.0); n];
        }
        let mut out = vec![0.0; self.rows()];
        let (rows, penalties) = out.split_at_mut(n);
        parallel::map_chunks_mut(rows, parallel::row_chunks(n, p), |at, out| {
            let x = &data[at.start * p..at.end * p];
            simd(
                #[inline(always)]
                || products(x, p, &[], coef, intercept, out),
            );
        });
        penalties.copy_from_slice(&coef[..penalties.len()]);
        out
    }

    /// Z'v.
    fn transposed_times(&self, v: &[f64]) -> Vec<f64> {
        let (n, p) = self.x.dim();
        let data = self.x.as_slice().unwrap_or(&[]);
        let chunk = parallel::row_chunks(n, p).max(n.div_ceil(64));
        let parts = parallel::map_chunks(n, chunk, |at| {
            let mut sums = vec![0.0; p + 1];
            let (g, total) = sums.split_at_mut(p);
            let (x, v) = (&data[at.start * p..at.end * p], &v[at]);
            simd(
                #[inline(always)]
                || {
                    add_transposed_products(x, p, v, &mut [], g);
                    total[0] += v.iter().sum::<f64>();
                },
            );
            sums
        });
        let mut out = vec![0.0; self.k()];
        for part in &parts {
            for (o, v) in out.iter_mut().zip(part) {
                *o += v;
            }
        }
        for (o, v) in out.iter_mut().zip(&v[n..]) {
            *o += v;
        }
        out
    }

    pub(super) fn residuals(&self, theta: &[f64]) -> Vec<f64> {
        let mut r = self.times(theta);
        for (i, r) in r.iter_mut().enumerate() {
            *r = self.y.get(i).copied().unwrap_or(0.0) - *r;
        }
        r
    }

    pub(super) fn objective(&self, residuals: &[f64]) -> f64 {
        let each = residuals.iter().zip(self.up.iter().zip(&self.down));
        each.map(|(r, (up, down))| if *r > 0.0 { up * r } else { -down * r })
            .sum()
    }

    /// Z' diag(q) Z, ready to be solved with.
    fn normal(&self, q: &[f64]) -> Option<Normal> {
        let n = self.x.nrows();
        let m = linalg::moments(&self.x, None, Some(&q[..n]), self.intercept).ok()?;
        let mut a = m.xtx;
        for (d, q) in a.diag_mut().iter_mut().zip(&q[n..]) {
            *d += q;
        }
        Some(Normal {
            factor: Cholesky::new(&a).ok()?,
            mean: m.x_mean,
            total: m.weight_sum,
            intercept: self.intercept,
        })
    }

    /// A row of Z.
    fn row(&self, i: usize) -> Vec<f64> {
        let (n, p) = self.x.dim();
        let mut row = vec![0.0; self.k()];
        if i < n {
            for (to, v) in row.iter_mut().zip(self.x.row(i)) {
                *to = *v;
            }
            if self.intercept {
                row[p] = 1.0;
            }
        } else {
            row[i - n] = 1.0;
        }
        row
    }

    /// The best vertex.
    pub(super) fn solve(&self) -> Solution {
        let (theta, d, n_iter) = self.interior();
        match self.vertex(&theta, &d) {
            Some((theta, d, pivots)) => self.solution(theta, &d, n_iter + pivots),
            None => self.solution(theta, &d, n_iter),
        }
    }

    /// What is found at these parameters. For every d within its bounds f(θ*) ≥ d'(y − Zθ*) = d'r + (Z'd)'(θ − θ*), which
    /// bounds what is left to gain; the last part is rounding.
    fn solution(&self, theta: Vec<f64>, d: &[f64], n_iter: usize) -> Solution {
        let bounds = self.up.iter().zip(&self.down);
        let d: Vec<f64> = (d.iter().zip(bounds))
            .map(|(d, (up, down))| d.clamp(-down, *up))
            .collect();
        let r = self.residuals(&theta);
        let objective = self.objective(&r);
        let explained: f64 = d.iter().zip(&r).map(|(d, r)| d * r).sum();
        let lost = self.transposed_times(&d);
        let reach: f64 = (lost.iter().zip(&theta))
            .map(|(v, t)| v.abs() * (1.0 + t.abs()))
            .sum();
        Solution {
            parameters: theta,
            objective,
            n_iter,
            converged: objective - explained + reach <= CLOSE * objective + self.rounding(),
        }
    }

    /// What the objective of a target of magnitude 1 may lose to rounding.
    fn rounding(&self) -> f64 {
        let n = self.x.nrows();
        1e-13 * (self.up[..n].iter().chain(&self.down[..n]).sum::<f64>())
    }

    /// A point near the optimum, its dual variables, and the iterations.
    fn interior(&self) -> (Vec<f64>, Vec<f64>, usize) {
        let (n, rows) = (self.x.nrows(), self.rows());
        let weights: Vec<f64> = self.up.iter().zip(&self.down).map(|(u, d)| u + d).collect();
        let mut theta = vec![0.0; self.k()];
        if let Some(normal) = self.normal(&weights) {
            let weighted: Vec<f64> = (0..rows)
                .map(|i| weights[i] * self.y.get(i).copied().unwrap_or(0.0))
                .collect();
            if let Some(start) = normal.solve(&self.transposed_times(&weighted)) {
                theta = start;
            }
        }
        let r = self.residuals(&theta);
        let typical = r[..n].iter().map(|r| r.abs()).sum::<f64>() / n as f64;
        let apart = (0.1 * typical).max(1e-3);
        let mut w: Vec<f64> = r.iter().map(|r| r.max(0.0) + apart).collect();
        let mut z: Vec<f64> = r.iter().map(|r| (-r).max(0.0) + apart).collect();
        let mut x = self.down.clone();
        let mut s = self.up.clone();
        let total: f64 = weights.iter().sum();
        let mut n_iter = 0;
        let mut q = vec![0.0; rows];
        while n_iter < MAX_ITER {
            let gap: f64 = (0..rows).map(|i| x[i] * z[i] + s[i] * w[i]).sum();
            let objective = self.objective(&self.residuals(&theta));
            if gap <= GAP * (objective + 1e-4 * total) {
                break;
            }
            n_iter += 1;
            for i in 0..rows {
                q[i] = 1.0 / (z[i] / x[i] + w[i] / s[i]);
            }
            let Some(normal) = self.normal(&q) else { break };
            // What rounding has added to Z'd.
            let d: Vec<f64> = (0..rows).map(|i| x[i] - self.down[i]).collect();
            let lost = self.transposed_times(&d);
            let step = |g: &[f64]| -> Option<(Vec<f64>, Vec<f64>)> {
                let weighted: Vec<f64> = (0..rows).map(|i| q[i] * g[i]).collect();
                let mut right = self.transposed_times(&weighted);
                for (to, v) in right.iter_mut().zip(&lost) {
                    *to -= v;
                }
                let dy = normal.solve(&right)?;
                let mut dx = self.times(&dy);
                for i in 0..rows {
                    dx[i] = q[i] * (dx[i] - g[i]);
                }
                Some((dy, dx))
            };
            // The predictor goes straight for the optimum.
            let g: Vec<f64> = (0..rows).map(|i| z[i] - w[i]).collect();
            let Some((_, dx)) = step(&g) else { break };
            let dz: Vec<f64> = (0..rows).map(|i| -z[i] - z[i] / x[i] * dx[i]).collect();
            let dw: Vec<f64> = (0..rows).map(|i| -w[i] + w[i] / s[i] * dx[i]).collect();
            let (a, b) = lengths(&x, &s, &z, &w, &dx, &dz, &dw);
            let after: f64 = (0..rows)
                .map(|i| {
                    (x[i] + a * dx[i]) * (z[i] + b * dz[i])
                        + (s[i] - a * dx[i]) * (w[i] + b * dw[i])
                })
                .sum();
            let mu = (after / gap).powi(3) * gap / (2 * rows) as f64;
            // The corrector keeps the products alike.
            let one: Vec<f64> = (0..rows).map(|i| (mu - dx[i] * dz[i]) / x[i]).collect();
            let two: Vec<f64> = (0..rows).map(|i| (mu + dx[i] * dw[i]) / s[i]).collect();
            let g: Vec<f64> = (0..rows).map(|i| z[i] - w[i] + two[i] - one[i]).collect();
            let Some((dy, dx)) = step(&g) else { break };
            let dz: Vec<f64> = (0..rows)
                .map(|i| one[i] - z[i] - z[i] / x[i] * dx[i])
                .collect();
            let dw: Vec<f64> = (0..rows)
                .map(|i| two[i] - w[i] + w[i] / s[i] * dx[i])
                .collect();
            let (a, b) = lengths(&x, &s, &z, &w, &dx, &dz, &dw);
            for i in 0..rows {
                x[i] += a * dx[i];
                s[i] -= a * dx[i];
                z[i] += b * dz[i];
                w[i] += b * dw[i];
            }
            for (t, d) in theta.iter_mut().zip(&dy) {
                *t -= b * d;
            }
            let fine = |v: &[f64]| v.iter().all(|v| *v > 0.0 && v.is_finite());
            if !(fine(&x) && fine(&s) && fine(&z) && fine(&w)) {
                break;
            }
        }
        let d = (0..rows)
            .map(|i| (x[i] - self.down[i]).clamp(-self.down[i], self.up[i]))
            .collect();
        (theta, d, n_iter)
    }

    /// From near the optimum to the best vertex: parameters, dual variables and pivots. `None` where rounding prevents it.
    fn vertex(&self, theta: &[f64], d: &[f64]) -> Option<(Vec<f64>, Vec<f64>, usize)> {
        let (k, rows) = (self.k(), self.rows());
        let r = self.residuals(theta);
        let mut d = d.to_vec();
        let mut basis = self.basis(&r, &d)?;
        let mut is_basic = vec![false; rows];
        for &i in &basis {
            is_basic[i] = true;
        }
        let size = self.y.iter().fold(1.0f64, |m, y| m.max(y.abs()));
        let zero = 1e-12 * size;
        let most = 50 + 20 * k;
        for pivots in 0..most {
            let matrix =
                Array2::from_shape_vec((k, k), basis.iter().flat_map(|&i| self.row(i)).collect())
                    .ok()?;
            let qr = linalg::qr(&matrix).ok()?;
            let column = |v: Vec<f64>| Array1::from(v).insert_axis(Axis(1));
            let solve = |right: Vec<f64>| -> Option<Vec<f64>> {
                let right = column(right);
                let solved =
                    linalg::solve_triangular(&qr.r, Triangle::Upper, &qr.q.t().dot(&right)).ok()?;
                Some(solved.column(0).to_vec())
            };
            let right = basis
                .iter()
                .map(|&i| self.y.get(i).copied().unwrap_or(0.0))
                .collect();
            let theta = solve(right)?;
            let r = self.residuals(&theta);
            let mut outside = vec![0.0; rows];
            for i in 0..rows {
                if is_basic[i] {
                    continue;
                }
                if r[i] > zero {
                    d[i] = self.up[i];
                } else if r[i] < -zero {
                    d[i] = -self.down[i];
                }
                outside[i] = d[i];
            }
            // Z_B' d_B = −Z_N' d_N
            let right = column(self.transposed_times(&outside).iter().map(|v| -v).collect());
            let turned = linalg::solve_triangular(&qr.r.t(), Triangle::Lower, &right).ok()?;
            let basic = qr.q.dot(&turned);
            let mut worst = (0.0, 0);
            for (l, &i) in basis.iter().enumerate() {
                d[i] = basic[[l, 0]];
                let over =
                    (d[i] - self.up[i]).max(-self.down[i] - d[i]) / (self.up[i] + self.down[i]);
                if over > worst.0 {
                    worst = (over, l);
                }
            }
            // The rounding of sums over all rows.
            let allowed = 1e-10 + 1e-14 * rows as f64;
            if worst.0 <= allowed {
                return Some((theta, d, pivots));
            }
            let (leaving, l) = (basis[worst.1], worst.1);
            let rises = d[leaving] > self.up[leaving];
            let mut slope = if rises {
                self.up[leaving] - d[leaving]
            } else {
                self.down[leaving] + d[leaving]
            };
            let mut unit = vec![0.0; k];
            unit[l] = if rises { -1.0 } else { 1.0 };
            let h = self.times(&solve(unit)?);
            let mut breaks: Vec<(f64, f64, usize)> = Vec::new();
            for j in 0..rows {
                if is_basic[j] || h[j].abs() < 1e-11 {
                    continue;
                }
                if r[j].abs() <= zero {
                    let more = if h[j] < 0.0 {
                        self.up[j] - d[j]
                    } else {
                        d[j] + self.down[j]
                    };
                    breaks.push((0.0, more * h[j].abs(), j));
                } else if r[j] * h[j] > 0.0 {
                    breaks.push((r[j] / h[j], (self.up[j] + self.down[j]) * h[j].abs(), j));
                }
            }
            breaks.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
            let mut entering = None;
            for (_, more, j) in breaks {
                slope += more;
                if slope >= 0.0 {
                    entering = Some(j);
                    break;
                }
            }
            let entering = entering?;
            d[leaving] = if rises {
                self.up[leaving]
            } else {
                -self.down[leaving]
            };
            is_basic[leaving] = false;
            is_basic[entering] = true;
            basis[l] = entering;
        }
        None
    }

    /// k independent rows that a vertex near here interpolates: inside their bounds, with residuals near 0.
    fn basis(&self, r: &[f64], d: &[f64]) -> Option<Vec<usize>> {
        let k = self.k();
        let score: Vec<f64> = (0..r.len())
            .map(|i| {
                let inside =
                    (self.up[i] - d[i]).min(d[i] + self.down[i]) / (self.up[i] + self.down[i]);
                (inside.max(0.0) + 1e-14) / (r[i].abs() + 1e-14)
            })
            .collect();
        let mut order: Vec<usize> = (0..r.len()).collect();
        order.sort_unstable_by(|&a, &b| score[b].total_cmp(&score[a]).then(a.cmp(&b)));
        let mut basis = Vec::with_capacity(k);
        // Reduced rows with the column of their pivot.
        let mut reduced: Vec<(Vec<f64>, usize)> = Vec::with_capacity(k);
        for i in order {
            let mut row = self.row(i);
            let size = row.iter().fold(0.0f64, |m, v| m.max(v.abs()));
            for (other, pivot) in &reduced {
                let factor = row[*pivot] / other[*pivot];
                for (v, o) in row.iter_mut().zip(other) {
                    *v -= factor * o;
                }
                row[*pivot] = 0.0;
            }
            let pivot = (0..k).max_by(|&a, &b| row[a].abs().total_cmp(&row[b].abs()))?;
            if row[pivot].abs() > 1e-7 * size {
                reduced.push((row, pivot));
                basis.push(i);
                if basis.len() == k {
                    return Some(basis);
                }
            }
        }
        None
    }
}

/// How far primal and dual variables can go and stay positive, a little less, and at most 1.
fn lengths(
    x: &[f64],
    s: &[f64],
    z: &[f64],
    w: &[f64],
    dx: &[f64],
    dz: &[f64],
    dw: &[f64],
) -> (f64, f64) {
    let (mut primal, mut dual) = (f64::INFINITY, f64::INFINITY);
    for i in 0..x.len() {
        primal = primal.min(if dx[i] < 0.0 {
            -x[i] / dx[i]
        } else {
            s[i] / dx[i]
        });
        if dz[i] < 0.0 {
            dual = dual.min(-z[i] / dz[i]);
        }
        if dw[i] < 0.0 {
            dual = dual.min(-w[i] / dw[i]);
        }
    }
    ((BACK_OFF * primal).min(1.0), (BACK_OFF * dual).min(1.0))
}

/// [X 1]' diag(q) [X 1] (and more on the diagonal of X'X) by way of centred columns.
struct Normal {
    factor: Cholesky<f64>,
    mean: Array1<f64>,
    total: f64,
    intercept: bool,
}

impl Normal {
    fn solve(&self, right: &[f64]) -> Option<Vec<f64>> {
        let p = self.mean.len();
        let slope = if self.intercept { right[p] } else { 0.0 };
        let centred = Array1::from_shape_fn(p, |j| right[j] - self.mean[j] * slope);
        let mut out = self.factor.solve_vector(&centred).ok()?.to_vec();
        if self.intercept {
            let toward: f64 = out.iter().zip(&self.mean).map(|(v, m)| v * m).sum();
            out.push(slope / self.total - toward);
        }
        Some(out)
    }
}
