//! The path of least angle regression: one feature in, or out, at a time.
//!
//! With X (n, p) and y centred and weighted, the features of the active set all have the same correlation C with the
//! residual, in absolute value, and no other feature has a greater one. The coefficients move along the direction that keeps
//! it so, until another feature has caught up; with the lasso's rule also until a coefficient reaches 0, whose feature then
//! leaves. Between two such points the path is a straight line.

use super::coordinate_descent::Problem;
use crate::float::Float;

/// Differences of penalties that count as none.
const EQUAL: f64 = f32::EPSILON as f64;

/// Added to what is divided by, so that 0 gives a large number.
const TINY: f64 = f32::MIN_POSITIVE as f64;

/// A new feature this close to the span of the active ones, in units of the data, is left out for good.
const DEPENDENT: f64 = 1e-7;

/// Features up to which all products are formed at once.
const NARROW: usize = 1024;

/// How far a path goes.
#[derive(Clone, Copy)]
pub(super) struct Course {
    /// Whether features leave as their coefficient reaches 0.
    pub(super) lasso: bool,
    pub(super) positive: bool,
    pub(super) alpha_min: f64,
    pub(super) max_iter: usize,
    pub(super) eps: f64,
}

/// The corners of a path.
pub(super) struct LarsPath {
    /// The correlation at each corner, over the sum of the weights.
    pub(super) alphas: Vec<f64>,
    /// The coefficients at each corner, (p).
    pub(super) coefs: Vec<Vec<f64>>,
    /// The features that are active at the end, in the order in which they came.
    pub(super) active: Vec<usize>,
    pub(super) n_iter: usize,
    /// Whether it went as far as it was to go.
    pub(super) completed: bool,
    /// What is left of the target at each corner: `‖y − Xw‖²`.
    pub(super) squares: Vec<f64>,
}

/// Rows of `X'X`, of features as they become active, or all at once where they are few.
pub(super) struct Rows<'a, F> {
    problem: &'a Problem<'a, F>,
    rows: Vec<Option<Vec<f64>>>,
}

impl<'a, F: Float> Rows<'a, F> {
    pub(super) fn new(problem: &'a Problem<'a, F>) -> Self {
        let (n, p) = problem.centred.dim();
        let rows = if n > p && p <= NARROW {
            let all: Vec<usize> = (0..p).collect();
            let products = problem.centred.gram_rows(&all);
            products.chunks(p).map(|row| Some(row.to_vec())).collect()
        } else {
            vec![None; p]
        };
        Rows { problem, rows }
    }

    fn load(&mut self, j: usize) {
        if self.rows[j].is_none() {
            self.rows[j] = Some(self.problem.centred.gram_rows(&[j]));
        }
    }

    fn row(&self, j: usize) -> &[f64] {
        self.rows[j].as_deref().unwrap_or_default()
    }
}

/// The lower Cholesky factor of the products of the active features, row by row.
#[derive(Default)]
struct Factor(Vec<Vec<f64>>);

impl Factor {
    /// The row that the products with a new feature, its own last, would add; its last entry is not below `least`.
    fn row_of(&self, products: &[f64], own: f64, least: f64) -> Vec<f64> {
        let mut row = Vec::with_capacity(products.len() + 1);
        for (l, g) in self.0.iter().zip(products) {
            let known: f64 = l.iter().zip(&row).map(|(a, b): (&f64, &f64)| a * b).sum();
            row.push((g - known) / l[l.len() - 1]);
        }
        let explained: f64 = row.iter().map(|v| v * v).sum();
        row.push((own - explained).abs().sqrt().max(least));
        row
    }

    /// `(L L')⁻¹ b`
    fn solve(&self, b: &[f64]) -> Vec<f64> {
        let k = self.0.len();
        let mut x = b.to_vec();
        for i in 0..k {
            let known: f64 = (0..i).map(|j| self.0[i][j] * x[j]).sum();
            x[i] = (x[i] - known) / self.0[i][i];
        }
        for i in (0..k).rev() {
            let known: f64 = (i + 1..k).map(|j| self.0[j][i] * x[j]).sum();
            x[i] = (x[i] - known) / self.0[i][i];
        }
        x
    }

    /// Takes a feature out: rotations make the rows under it triangular again.
    fn remove(&mut self, at: usize) {
        self.0.remove(at);
        for i in at..self.0.len() {
            let (a, b) = (self.0[i][i], self.0[i][i + 1]);
            let length = a.hypot(b);
            let (c, s) = if length > 0.0 {
                (a / length, b / length)
            } else {
                (1.0, 0.0)
            };
            for row in &mut self.0[i..] {
                let (a, b) = (row[i], row[i + 1]);
                (row[i], row[i + 1]) = (c * a + s * b, c * b - s * a);
            }
            self.0[i].truncate(i + 1);
        }
    }
}

/// The least of the values above 0.
fn least_positive(values: impl Iterator<Item = f64>) -> f64 {
    values.filter(|&v| v > 0.0).fold(f64::MAX, f64::min)
}

/// To fifteen decimals, so that correlations that are equal but for rounding are equal.
fn rounded(v: f64) -> f64 {
    const DECIMALS: f64 = 1e15;
    let shifted = v * DECIMALS;
    if shifted.is_finite() {
        shifted.round_ties_even() / DECIMALS
    } else {
        v
    }
}

/// The path of one target.
pub(super) fn lars_path<F: Float>(
    name: &str,
    rows: &mut Rows<'_, F>,
    target: usize,
    course: Course,
) -> LarsPath {
    let problem = rows.problem;
    let (p, weight) = (problem.centred.dim().1, problem.centred.weight());
    let cross = &problem.response.cross[target * p..(target + 1) * p];
    let square = problem.response.squares[target];
    let mut along = cross.to_vec();
    let mut inactive: Vec<usize> = (0..p).collect();
    let mut path = LarsPath {
        alphas: Vec::new(),
        coefs: vec![vec![0.0; p]],
        active: Vec::new(),
        n_iter: 0,
        completed: true,
        squares: Vec::new(),
    };
    let (mut signs, mut factor, mut dropped) = (Vec::<f64>::new(), Factor::default(), false);
    loop {
        let size = |j: usize| {
            if course.positive {
                along[j]
            } else {
                along[j].abs()
            }
        };
        // The first of equals.
        let mut best: Option<(usize, f64)> = None;
        for (at, &j) in inactive.iter().enumerate() {
            if best.is_none_or(|(_, most)| size(j) > most) {
                best = Some((at, size(j)));
            }
        }
        let correlation = best.map_or(0.0, |(_, most)| most);
        path.alphas.push(correlation / weight);
        let (alpha, corner) = (correlation / weight, path.n_iter);
        if alpha <= course.alpha_min + EQUAL {
            if (alpha - course.alpha_min).abs() > EQUAL {
                if corner > 0 {
                    let before = path.alphas[corner - 1];
                    let share = (before - course.alpha_min) / (before - alpha);
                    let (done, last) = path.coefs.split_at_mut(corner);
                    for (w, before) in last[0].iter_mut().zip(&done[corner - 1]) {
                        *w = before + share * (*w - before);
                    }
                }
                path.alphas[corner] = course.alpha_min;
            }
            break;
        }
        if corner >= course.max_iter || path.active.len() >= p {
            break;
        }
        if !dropped {
            let Some((at, _)) = best else { break };
            let new = inactive[at];
            rows.load(new);
            let products: Vec<f64> = path.active.iter().map(|&j| rows.row(new)[j]).collect();
            let row = factor.row_of(&products, rows.row(new)[new], course.eps);
            if row[row.len() - 1] < DEPENDENT {
                log::warn!(
                    "{name}: feature {new} depends on the features that are active and is left out (alpha {alpha:.3e}): drop it, or raise alpha"
                );
                inactive.remove(at);
                along[new] = 0.0;
                path.alphas.pop();
                continue;
            }
            signs.push(if course.positive {
                1.0
            } else {
                along[new].signum()
            });
            inactive.swap(0, at);
            inactive.remove(0);
            factor.0.push(row);
            path.active.push(new);
        }
        if course.lasso && corner > 0 && path.alphas[corner - 1] < alpha {
            log::warn!(
                "{name}: the path ends early after {corner} steps, where rounding is all that is left of the correlations (alpha {alpha:.3e})"
            );
            path.completed = false;
            break;
        }
        let (direction, pace) = equiangular(&factor, &signs, course.eps);
        let mut with: Vec<f64> = vec![0.0; p];
        for (&j, &d) in path.active.iter().zip(&direction) {
            for (with, g) in with.iter_mut().zip(rows.row(j)) {
                *with += d * g;
            }
        }
        with.iter_mut().for_each(|v| *v = rounded(*v));
        let mut step = least_positive(
            inactive
                .iter()
                .map(|&j| (correlation - along[j]) / (pace - with[j] + TINY)),
        )
        .min(correlation / pace);
        if !course.positive {
            step = step.min(least_positive(
                inactive
                    .iter()
                    .map(|&j| (correlation + along[j]) / (pace + with[j] + TINY)),
            ));
        }
        let coef = &path.coefs[corner];
        let zeros: Vec<f64> = path
            .active
            .iter()
            .zip(&direction)
            .map(|(&j, d)| -coef[j] / (d + TINY))
            .collect();
        let first_zero = least_positive(zeros.iter().copied());
        dropped = first_zero < step;
        let mut leave = Vec::new();
        if dropped {
            leave = (0..zeros.len())
                .rev()
                .filter(|&i| zeros[i] == first_zero)
                .collect();
            for &i in &leave {
                signs[i] = -signs[i];
            }
            if course.lasso {
                step = first_zero;
            }
        }
        let mut coef = coef.clone();
        for (&j, d) in path.active.iter().zip(&direction) {
            coef[j] += step * d;
        }
        for &j in &inactive {
            along[j] -= step * with[j];
        }
        if dropped && course.lasso {
            for &i in &leave {
                factor.remove(i);
                signs.remove(i);
                let j = path.active.remove(i);
                coef[j] = 0.0;
                inactive.insert(0, j);
            }
            for &j in inactive.iter().take(leave.len()) {
                let row = rows.row(j);
                along[j] = cross[j] - path.active.iter().map(|&k| row[k] * coef[k]).sum::<f64>();
            }
        }
        path.coefs.push(coef);
        path.n_iter += 1;
    }
    path.squares = path
        .coefs
        .iter()
        .map(|coef| {
            let moved = || (0..p).filter(|&j| coef[j] != 0.0);
            let explained: f64 = moved()
                .map(|j| {
                    let row = rows.row(j);
                    let of_row: f64 = moved().map(|k| row[k] * coef[k]).sum();
                    coef[j] * (2.0 * cross[j] - of_row)
                })
                .sum();
            square - explained
        })
        .collect();
    path
}

/// The direction in which the coefficients of the active features move, and by how much their correlations fall along it.
fn equiangular(factor: &Factor, signs: &[f64], eps: f64) -> (Vec<f64>, f64) {
    let mut direction = factor.solve(signs);
    let total =
        |direction: &[f64]| -> f64 { direction.iter().zip(signs).map(|(d, s)| d * s).sum() };
    if let [only] = direction[..]
        && only == 0.0
    {
        return (vec![1.0], 1.0);
    }
    let mut pace = total(&direction).sqrt().recip();
    let mut more = eps.max(f64::MIN_POSITIVE);
    while !pace.is_finite() {
        // The factor has lost its digits: a larger diagonal gives some back.
        let mut firmer = Factor(factor.0.clone());
        for (i, row) in firmer.0.iter_mut().enumerate() {
            row[i] += more;
        }
        direction = firmer.solve(signs);
        pace = total(&direction).max(eps).sqrt().recip();
        more *= 2.0;
        if !more.is_finite() {
            return (vec![0.0; signs.len()], 1.0);
        }
    }
    direction.iter_mut().for_each(|d| *d *= pace);
    (direction, pace)
}
