//! Logistic regression with an L2 penalty in its dual form, by coordinate descent over the rows.
//!
//! ```text
//! minimise over 0 < aᵢ < Cᵢ   ½ ‖Σᵢ aᵢ yᵢ xᵢ‖² + Σᵢ [aᵢ ln aᵢ + (Cᵢ − aᵢ) ln(Cᵢ − aᵢ)],     w = Σᵢ aᵢ yᵢ xᵢ
//! ```
//!
//! with y in {−1, 1}, Cᵢ = C sᵢ, and the intercept as the coefficient of one more column. H.-F. Yu, F.-L. Huang, C.-J. Lin,
//! "Dual coordinate descent methods for logistic regression and maximum entropy models", Machine Learning 85 (2011).

use crate::error::Result;
use crate::float::Float;
use crate::random;

/// How the descent runs.
pub(super) struct Dual<'a> {
    pub(super) c: f64,
    /// The value of the column of the intercept, if there is one.
    pub(super) bias: Option<f64>,
    /// Stops when no derivative is larger in an epoch.
    pub(super) tol: f64,
    pub(super) max_iter: usize,
    pub(super) random_state: u64,
    pub(super) report: &'a mut dyn FnMut(usize) -> Result<()>,
}

/// Writes coefficients and intercept to `parameters`; the epochs made, and whether the tolerance was reached.
pub(super) fn solve<F: Float>(
    x: &[F],
    p: usize,
    codes: &[u32],
    weights: Option<&[f64]>,
    parameters: &mut [f64],
    how: Dual<'_>,
) -> Result<(usize, bool)> {
    const INNER: usize = 100;
    let bias = how.bias.unwrap_or(0.0);
    let upper = |i: usize| how.c * weights.map_or(1.0, |w| w[i]);
    let sign = |i: usize| if codes[i] == 1 { 1.0 } else { -1.0 };
    let row = |i: usize| &x[i * p..(i + 1) * p];
    let mut rows: Vec<usize> = (0..codes.len()).filter(|&i| upper(i) > 0.0).collect();
    // aᵢ and Cᵢ − aᵢ, each precise where it is small.
    let mut alpha: Vec<[f64; 2]> = (0..codes.len())
        .map(|i| {
            let small = (0.001 * upper(i)).min(1e-8);
            [small, upper(i) - small]
        })
        .collect();
    let mut w = vec![0.0; p];
    let mut b = 0.0;
    let mut squares = vec![0.0; codes.len()];
    for &i in &rows {
        let a = alpha[i][0] * sign(i);
        for (w, x) in w.iter_mut().zip(row(i)) {
            *w += a * x.f64();
            squares[i] += x.f64() * x.f64();
        }
        b += a * bias;
        squares[i] += bias * bias;
    }
    let least_precision = how.tol.min(1e-8);
    let mut precision = 1e-2;
    let mut rng = random::generator(how.random_state);
    let mut ended = (how.max_iter, false);
    for epoch in 1..=how.max_iter {
        random::shuffle(&mut rows, &mut rng);
        let (mut newton_steps, mut largest) = (0, 0.0f64);
        for &i in &rows {
            let (c, y, square) = (upper(i), sign(i), squares[i]);
            let product: f64 = row(i).iter().zip(&w).map(|(x, w)| x.f64() * w).sum();
            let margin = y * (product + bias * b);
            // Move the smaller of the two.
            let second = 0.5 * square * (alpha[i][1] - alpha[i][0]) + margin < 0.0;
            let (own, direction) = if second { (1, -1.0) } else { (0, 1.0) };
            let old = alpha[i][own];
            let mut z = if c - old < 0.5 * c { 0.1 * old } else { old };
            let derivative = |z: f64| square * (z - old) + direction * margin + (z / (c - z)).ln();
            let mut g = derivative(z);
            largest = largest.max(g.abs());
            let mut steps = 0;
            while steps <= INNER && g.abs() >= precision {
                let next = z - g / (square + c / (c - z) / z);
                z = if next <= 0.0 { z * 0.1 } else { next };
                g = derivative(z);
                newton_steps += 1;
                steps += 1;
            }
            if steps > 0 {
                alpha[i][own] = z;
                alpha[i][1 - own] = c - z;
                let change = direction * (z - old) * y;
                for (w, x) in w.iter_mut().zip(row(i)) {
                    *w += change * x.f64();
                }
                b += change * bias;
            }
        }
        (how.report)(epoch)?;
        if largest < how.tol {
            ended = (epoch, true);
            break;
        }
        if newton_steps <= rows.len() / 10 {
            precision = (0.1 * precision).max(least_precision);
        }
    }
    parameters[..p].copy_from_slice(&w);
    if let (Some(to), Some(bias)) = (parameters.get_mut(p), how.bias) {
        *to = b * bias;
    }
    Ok(ended)
}
