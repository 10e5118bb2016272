//! The two problems of few numbers: Platt's sigmoid, and the temperature.

use ndarray::ArrayRef2;

use super::calibrator::expit;
use crate::elementary::{exp, ln_1p};
use crate::error::Result;
use crate::optim::Lbfgs;

/// a and b of p = 1 / (1 + exp(a f + b)), which minimise the log loss against targets moved a little from 0 and 1, as after
/// one more row of each class (J. Platt, "Probabilistic outputs for support vector machines", 1999, section 2.2).
pub(super) fn sigmoid(f: &[f64], is: &[bool], weights: Option<&[f64]>) -> Result<(f64, f64)> {
    /// Larger values are scaled down first.
    const LARGE: f64 = 30.0;
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let largest = f.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let scale = if largest >= LARGE { largest } else { 1.0 };
    let (mut without, mut with) = (0.0, 0.0);
    for (i, &is) in is.iter().enumerate() {
        *(if is { &mut with } else { &mut without }) += weight(i);
    }
    let (low, high) = (1.0 / (without + 2.0), (with + 1.0) / (with + 2.0));
    let objective = |ab: &[f64], gradient: &mut [f64]| {
        let (mut loss, mut ga, mut gb) = (0.0, 0.0, 0.0);
        for (i, v) in f.iter().enumerate() {
            let v = v / scale;
            let target = if is[i] { high } else { low };
            let raw = -(ab[0] * v + ab[1]);
            let w = weight(i);
            // ln(1 + eˣ) without overflow.
            let softplus = raw.max(0.0) + ln_1p(exp(-raw.abs()));
            loss += w * (softplus - target * raw);
            let slope = w * (expit(raw) - target);
            ga -= slope * v;
            gb -= slope;
        }
        (gradient[0], gradient[1]) = (ga, gb);
        loss
    };
    let mut ab = [0.0, ((without + 1.0) / (with + 1.0)).ln()];
    Lbfgs::new()
        .gtol(1e-6)
        .ftol(64.0 * f64::EPSILON)
        .max_iter(15_000)
        .like_scipy()
        .minimize(&mut ab, objective)?;
    Ok((ab[0] / scale, ab[1]))
}

/// The inverse temperature β in [e⁻¹⁰, e¹⁰] of softmax(β f) with the least log loss, which is convex in β: where its
/// derivative Σᵢ wᵢ (Σₖ pₖ fₖ − f of the true class) changes sign, found by halving. Rows without a class do not count.
///
/// Where every row is right the loss falls to the end and is flat to rounding long before; there the point is that of
/// [`bounded`], which is scikit-learn's.
pub(super) fn temperature(
    logits: &ArrayRef2<f64>,
    codes: &[Option<usize>],
    weights: Option<&[f64]>,
) -> f64 {
    let derivative = |beta: f64| -> f64 {
        let mut total = 0.0;
        for (i, row) in logits.rows().into_iter().enumerate() {
            let Some(code) = codes[i] else { continue };
            let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(*v));
            let (mut sum, mut mean) = (0.0, 0.0);
            for v in row {
                let e = (beta * (v - top)).exp();
                sum += e;
                mean += e * (v - row[code]);
            }
            total += weights.map_or(1.0, |w| w[i]) * mean / sum;
        }
        total
    };
    let (mut low, mut high) = (-10.0_f64, 10.0_f64);
    for _ in 0..64 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if derivative(middle.exp()) > 0.0 {
            high = middle;
        } else {
            low = middle;
        }
    }
    let found = 0.5 * (low + high);
    if found < 9.999 {
        return found.exp();
    }
    let total: f64 = (0..codes.len())
        .map(|i| weights.map_or(1.0, |w| w[i]))
        .sum();
    bounded(-10.0, 10.0, |log_beta| {
        let beta = log_beta.exp();
        let mut loss = 0.0;
        for (i, row) in logits.rows().into_iter().enumerate() {
            let Some(code) = codes[i] else { continue };
            let top = row.iter().fold(f64::NEG_INFINITY, |m, v| m.max(beta * v));
            let sum: f64 = row.iter().map(|v| (beta * v - top).exp()).sum();
            loss += weights.map_or(1.0, |w| w[i]) * (sum.ln() + top - beta * row[code]);
        }
        loss / total
    })
    .exp()
}

/// A minimum of a function between `a` and `b`, by parabolas and golden sections (R. P. Brent, Algorithms for Minimization
/// without Derivatives, 1973, chapter 5), with the steps and the stopping rule of SciPy's `minimize_scalar` within bounds.
fn bounded(mut a: f64, mut b: f64, mut f: impl FnMut(f64) -> f64) -> f64 {
    const MOST: usize = 500;
    let tolerance = 64.0 * f64::EPSILON / 3.0;
    let golden = 0.5 * (3.0 - 5.0_f64.sqrt());
    let sign = |v: f64| if v >= 0.0 { 1.0 } else { -1.0 };
    let mut best = a + golden * (b - a);
    let mut f_best = f(best);
    let (mut second, mut f_second) = (best, f_best);
    let (mut third, mut f_third) = (best, f_best);
    let (mut step, mut before) = (0.0_f64, 0.0_f64);
    for _ in 1..MOST {
        let middle = 0.5 * (a + b);
        let near = f64::EPSILON.sqrt() * best.abs() + tolerance;
        if (best - middle).abs() <= 2.0 * near - 0.5 * (b - a) {
            break;
        }
        let mut parabola = false;
        if before.abs() > near {
            let r = (best - second) * (f_best - f_third);
            let q = (best - third) * (f_best - f_second);
            let p = (best - third) * q - (best - second) * r;
            let q = 2.0 * (q - r);
            let (p, q) = (if q > 0.0 { -p } else { p }, q.abs());
            let last = before;
            before = step;
            if p.abs() < (0.5 * q * last).abs() && p > q * (a - best) && p < q * (b - best) {
                parabola = true;
                step = p / q;
                let x = best + step;
                if x - a < 2.0 * near || b - x < 2.0 * near {
                    step = near * sign(middle - best);
                }
            }
        }
        if !parabola {
            before = if best >= middle { a - best } else { b - best };
            step = golden * before;
        }
        let x = best + sign(step) * step.abs().max(near);
        let f_x = f(x);
        if f_x <= f_best {
            *(if x >= best { &mut a } else { &mut b }) = best;
            (third, f_third) = (second, f_second);
            (second, f_second) = (best, f_best);
            (best, f_best) = (x, f_x);
        } else {
            *(if x < best { &mut a } else { &mut b }) = x;
            if f_x <= f_second || second == best {
                (third, f_third) = (second, f_second);
                (second, f_second) = (x, f_x);
            } else if f_x <= f_third || third == best || third == second {
                (third, f_third) = (x, f_x);
            }
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn the_gradient_vanishes_at_the_sigmoid() {
        let f = [-3.0, -1.0, -0.5, 0.2, 0.4, 2.0, 2.5];
        let is = [false, false, true, false, true, true, true];
        let w = [1.0, 2.0, 1.0, 1.0, 0.5, 1.0, 3.0];
        let (a, b) = sigmoid(&f, &is, Some(&w)).unwrap();
        let (with, without) = (5.5, 4.0);
        let (mut ga, mut gb) = (0.0, 0.0);
        for i in 0..7 {
            let t = if is[i] {
                (with + 1.0) / (with + 2.0)
            } else {
                1.0 / (without + 2.0)
            };
            let d = w[i] * (expit(-(a * f[i] + b)) - t);
            ga += d * f[i];
            gb += d;
        }
        assert!(ga.abs() < 1e-5 && gb.abs() < 1e-5, "{ga} {gb}");
        // The scale of the decision values is no matter.
        let large: Vec<f64> = f.iter().map(|v| v * 1000.0).collect();
        let (a_large, b_large) = sigmoid(&large, &is, Some(&w)).unwrap();
        assert!((a_large * 1000.0 - a).abs() < 1e-5 && (b_large - b).abs() < 1e-5);
        // Weights are repetitions.
        let twice: Vec<f64> = [1.0, 1.0].repeat(7).to_vec();
        let rows = |v: &[f64]| -> Vec<f64> { v.iter().flat_map(|v| [*v, *v]).collect() };
        let is_twice: Vec<bool> = is.iter().flat_map(|v| [*v, *v]).collect();
        let (a2, b2) = sigmoid(&rows(&f), &is_twice, Some(&twice)).unwrap();
        let (a3, b3) = sigmoid(&f, &is, Some(&[2.0; 7])).unwrap();
        assert!((a2 - a3).abs() < 1e-8 && (b2 - b3).abs() < 1e-8);
    }

    #[test]
    fn the_temperature_is_found_where_it_is_known() {
        // Three of four are right at logit difference 2: σ(2 β) = 3/4.
        let logits = array![[-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0], [-1.0, 1.0]];
        let codes = [Some(1), Some(1), Some(1), Some(0)];
        let beta = temperature(&logits, &codes, None);
        assert!((beta - 3.0_f64.ln() / 2.0).abs() < 1e-12, "{beta}");
        // Rows that are always right want all the confidence there may be.
        let sure = temperature(&logits, &[Some(1); 4], None);
        assert!(sure > 20.0);
        assert!((bounded(-3.0, 5.0, |x| (x - 1.25) * (x - 1.25)) - 1.25).abs() < 1e-7);
    }
}
