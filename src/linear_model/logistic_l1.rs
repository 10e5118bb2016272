//! The minimum of a quadratic with an L1 penalty: the step of a proximal Newton method.
//!
//! ```text
//! minimise over w   g·(w − s) + ½ (w − s)' H (w − s) + Σ tⱼ |wⱼ|
//! ```
//!
//! Coordinate descent soon finds which wⱼ are not 0. Their values take it very many sweeps where columns depend on each other,
//! as all do that are far from 0 beside a penalised intercept. There the minimum for the signs that w has is solved for, and w
//! goes to it, or as far as the first wⱼ that would change its sign, which becomes 0 and is left out.

use ndarray::{Array1, Array2};

use crate::linalg::Cholesky;

/// Sweeps in all, and between two solutions.
const SWEEPS: usize = 2000;
const SWEEPS_EACH: usize = 30;
/// Of more coefficients sweeps cost less.
const MOST_SOLVED: usize = 256;
/// How often a solution is cut short by a sign before sweeps go on.
const CUTS: usize = 20;

/// How many solutions in a row may leave more than half of the violation.
const PATIENCE: usize = 8;

/// The way w − s to the minimum, given H, g, s and t. No component of the least subgradient is larger than `enough` at the end,
/// unless that takes too long.
pub(super) fn way(
    h: &Array2<f64>,
    gradient: Array1<f64>,
    start: &[f64],
    threshold: &[f64],
    enough: f64,
) -> Vec<f64> {
    let mut at = Model {
        h,
        threshold,
        gradient,
        start,
        moved: vec![0.0; start.len()],
    };
    let (mut solves, mut least, mut idle) = (true, f64::INFINITY, 0);
    for _ in 0..SWEEPS / SWEEPS_EACH {
        if at.sweep(enough) || idle > PATIENCE {
            break;
        }
        solves = solves && at.solve();
        if solves {
            let left = at.violation();
            idle = if left < 0.5 * least { 0 } else { idle + 1 };
            least = least.min(left);
        }
    }
    at.moved
}

struct Model<'a> {
    h: &'a Array2<f64>,
    threshold: &'a [f64],
    start: &'a [f64],
    /// w − s: where little is left to go, w itself would round it away.
    moved: Vec<f64>,
    /// Of the quadratic there.
    gradient: Array1<f64>,
}

impl Model<'_> {
    fn w(&self, j: usize) -> f64 {
        self.start[j] + self.moved[j]
    }

    fn go(&mut self, j: usize, change: f64) {
        self.moved[j] += change;
        self.gradient.scaled_add(change, &self.h.row(j));
    }

    /// Makes wⱼ 0.
    fn clear(&mut self, j: usize) {
        self.go(j, -self.w(j));
        self.moved[j] = -self.start[j];
    }

    /// The largest component of the least subgradient.
    fn violation(&self) -> f64 {
        let each = self.gradient.iter().zip(self.threshold).enumerate();
        let each = each.map(|(j, (g, t))| match self.w(j) {
            _ if self.h[[j, j]] <= 0.0 => 0.0,
            0.0 => (g.abs() - t).max(0.0),
            w => (g + t * w.signum()).abs(),
        });
        each.fold(0.0, f64::max)
    }

    /// Some sweeps, over all coordinates or those that are not 0. Whether they found the minimum.
    fn sweep(&mut self, enough: f64) -> bool {
        let mut all = true;
        for _ in 0..SWEEPS_EACH {
            let mut most = 0.0f64;
            for j in 0..self.start.len() {
                let (h, w, t) = (self.h[[j, j]], self.w(j), self.threshold[j]);
                if h <= 0.0 || (!all && w == 0.0) {
                    continue;
                }
                let z = h * w - self.gradient[j];
                let change = if z.abs() > t {
                    let change = -(self.gradient[j] + t * z.signum()) / h;
                    self.go(j, change);
                    change
                } else if w != 0.0 {
                    self.clear(j);
                    w
                } else {
                    0.0
                };
                most = most.max(change.abs() * h);
            }
            if most > enough {
                all = false;
            } else if all && self.violation() <= enough {
                return true;
            } else {
                all = true;
            }
        }
        false
    }

    /// Goes to the minimum for the signs of w, or towards it. `false` where it cannot be solved for.
    fn solve(&mut self) -> bool {
        for _ in 0..CUTS {
            let used: Vec<usize> = (0..self.start.len())
                .filter(|&j| self.h[[j, j]] > 0.0 && (self.w(j) != 0.0 || self.threshold[j] == 0.0))
                .collect();
            let m = used.len();
            if m == 0 {
                break;
            }
            if m > MOST_SOLVED {
                return false;
            }
            let downhill = Array1::from_shape_fn(m, |i| {
                let j = used[i];
                -self.gradient[j] - self.threshold[j] * self.w(j).signum()
            });
            let part = Array2::from_shape_fn((m, m), |(i, k)| {
                // A little more on the diagonal: where columns depend on each other the way is long, not endless.
                let more = if i == k { 1e-12 } else { 0.0 };
                self.h[[used[i], used[k]]] * (1.0 + more)
            });
            let step = match Cholesky::new(&part).and_then(|f| f.solve_vector(&downhill)) {
                Ok(step) if step.dot(&downhill) > 0.0 => step,
                _ => return false,
            };
            // How far each may go.
            let rooms: Vec<f64> = (used.iter().zip(&step))
                .map(|(&j, s)| match self.w(j) {
                    w if self.threshold[j] > 0.0 && w * s < 0.0 => -w / s,
                    _ => f64::INFINITY,
                })
                .collect();
            let length = rooms.iter().fold(1.0, |least: f64, r| least.min(*r));
            for ((&j, s), r) in used.iter().zip(&step).zip(&rooms) {
                if length < 1.0 && *r <= length {
                    self.clear(j);
                } else {
                    self.go(j, length * s);
                }
            }
            if length >= 1.0 {
                break;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// H = A'A + εI of columns that are almost the same, g = −A'b.
    fn dependent(n: usize, p: usize, offset: f64) -> (Array2<f64>, Array1<f64>) {
        let a = Array2::from_shape_fn((n, p), |(i, j)| offset + ((i * p + j + 1) as f64).sin());
        let b = Array1::from_shape_fn(n, |i| (3.0 * i as f64).cos() + a[[i, 0]] - offset);
        (a.t().dot(&a), -a.t().dot(&b))
    }

    /// The largest violation of the conditions of a minimum.
    fn violation(h: &Array2<f64>, g: &Array1<f64>, s: &[f64], t: &[f64], moved: &[f64]) -> f64 {
        let model = Model {
            h,
            threshold: t,
            gradient: g + &h.dot(&Array1::from(moved.to_vec())),
            start: s,
            moved: moved.to_vec(),
        };
        model.violation()
    }

    #[test]
    fn the_minimum_over_dependent_columns_is_found() {
        for (offset, penalty) in [(0.0, 0.5), (300.0, 1.0), (1e3, 0.5), (1e3, 20.0)] {
            for start in [[0.0; 6], [0.1, -0.3, 0.0, 2.0, 0.0, -1.0]] {
                let (h, g) = dependent(40, 6, offset);
                let mut t = [penalty; 6];
                for free in [false, true] {
                    t[5] = if free { 0.0 } else { penalty };
                    let w = way(&h, g.clone(), &start, &t, 1e-7 * penalty);
                    let left = violation(&h, &g, &start, &t, &w);
                    let rounding = 16.0 * f64::EPSILON * 40.0 * offset * offset;
                    assert!(
                        left < 1e-6 * penalty + rounding,
                        "{offset} {penalty}: {left:e}, {w:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn equal_columns_do_no_harm() {
        let (h, g) = dependent(20, 3, 1.0);
        let twice = |i: usize| i % 3;
        let h2 = Array2::from_shape_fn((6, 6), |(i, j)| h[[twice(i), twice(j)]]);
        let g2 = Array1::from_shape_fn(6, |i| g[twice(i)]);
        let (s, t) = ([0.5; 6], [0.1; 6]);
        let w = way(&h2, g2.clone(), &s, &t, 1e-9);
        assert!(violation(&h2, &g2, &s, &t, &w) < 1e-7, "{w:?}");
    }

    #[test]
    fn nothing_to_move_stays() {
        let w = way(
            &Array2::zeros((2, 2)),
            Array1::zeros(2),
            &[0.0; 2],
            &[1.0; 2],
            1e-9,
        );
        assert_eq!(w, [0.0, 0.0]);
    }
}
