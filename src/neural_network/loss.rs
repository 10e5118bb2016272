//! Losses, each with the activation of the output layer that belongs to it: together their derivative by the weighted sums z
//! of the last layer is prediction − target.
//!
//! | loss | prediction p | of a row, summed over the outputs |
//! |---|---|---|
//! | squared error | z | (p − y)² / 2, averaged over the outputs |
//! | Poisson | eᶻ | y ln(y / p) − y + p |
//! | logistic | 1 / (1 + e⁻ᶻ) | −y ln p − (1 − y) ln(1 − p) |
//! | softmax | eᶻᵏ / Σⱼ eᶻʲ | −ln p of the row's class |
//!
//! Other losses of real targets ([`losses`](super::losses)) go with the identity too, averaged over the outputs.
//!
//! As in scikit-learn the squared error of several targets is averaged where it is reported, while the derivative is that
//! of the sum; probabilities are kept ε away from 0 and 1 where the loss takes their logarithm.

use serde::{Deserialize, Serialize};

use crate::elementary::ln;
use crate::float::Float;
use crate::linalg::panel::stride;
use crate::linalg::simd;

use super::elementwise::{exp, logistic};
use super::losses::RegressionLoss;

/// What training minimises, with the activation of the output layer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Loss {
    /// Half the squared error of the identity.
    SquaredError,
    /// Half the Poisson deviance of the exponential function.
    Poisson,
    /// The logistic loss of each output.
    Logistic,
    /// The cross entropy of softmax.
    Softmax,
    /// Another loss of the identity.
    Robust(RegressionLoss),
}

/// The targets of some rows.
#[derive(Clone, Copy)]
pub(crate) enum TargetRows<'a, F> {
    /// The class of each row.
    Codes(&'a [u32]),
    /// The values of each row, without padding.
    Values(&'a [F]),
}

impl Loss {
    /// scikit-learn's name of the output layer's activation.
    pub(crate) fn out_activation(self) -> &'static str {
        match self {
            Loss::SquaredError | Loss::Robust(_) => "identity",
            Loss::Poisson => "exp",
            Loss::Logistic => "logistic",
            Loss::Softmax => "softmax",
        }
    }

    /// Weighted sums z become predictions; padded rows of `width` outputs, whose padding stays 0.
    pub(crate) fn predict<F: Float>(self, z: &mut [F], width: usize) {
        let step = stride::<F>(width);
        match self {
            Loss::SquaredError | Loss::Robust(_) => {}
            Loss::Poisson => outputs(z, step, width, exp),
            Loss::Logistic => outputs(z, step, width, logistic),
            Loss::Softmax => simd(
                #[inline(always)]
                || {
                    for row in z.chunks_exact_mut(step) {
                        softmax(row, width);
                    }
                },
            ),
        }
    }

    /// Σ over the rows of weight times loss of predictions p; `delta` becomes weight times (p − target).
    pub(crate) fn evaluate<F: Float>(
        self,
        p: &[F],
        target: TargetRows<'_, F>,
        weights: Option<&[F]>,
        width: usize,
        delta: &mut [F],
    ) -> f64 {
        let step = stride::<F>(width);
        let mut sum = 0.0;
        for (i, (p, delta)) in p
            .chunks_exact(step)
            .zip(delta.chunks_exact_mut(step))
            .enumerate()
        {
            let weight = weights.map_or(F::one(), |w| w[i]);
            delta.copy_from_slice(p);
            let loss = match target {
                TargetRows::Codes(codes) => self.of_class(p, codes[i] as usize, width, delta),
                TargetRows::Values(values) => {
                    self.of_values(p, &values[i * width..][..width], delta)
                }
            };
            if weights.is_some() {
                for delta in delta.iter_mut() {
                    *delta *= weight;
                }
                // A row of weight 0 counts for nothing, whatever its loss.
                sum += if weight > F::zero() {
                    weight.f64() * loss
                } else {
                    0.0
                };
            } else {
                sum += loss;
            }
        }
        sum
    }

    /// The loss of a row of class `code`.
    fn of_class<F: Float>(self, p: &[F], code: usize, width: usize, delta: &mut [F]) -> f64 {
        if width == 1 {
            let y = if code == 1 { F::one() } else { F::zero() };
            return self.of_values(p, &[y], delta);
        }
        delta[code] -= F::one();
        -ln(clipped(p[code]))
    }

    fn of_values<F: Float>(self, p: &[F], y: &[F], delta: &mut [F]) -> f64 {
        let mut sum = 0.0;
        for ((&p, &y), delta) in p.iter().zip(y).zip(delta) {
            *delta = p - y;
            sum += match self {
                Loss::SquaredError => {
                    let d = delta.f64();
                    d * d
                }
                Loss::Poisson => {
                    let (p, y) = (p.f64(), y.f64());
                    (if y > 0.0 { y * (y / p).ln() } else { 0.0 }) - y + p
                }
                Loss::Logistic => {
                    let (p, y) = (clipped(p), y.f64());
                    let one = |y: f64, p: f64| if y == 0.0 { 0.0 } else { y * ln(p) };
                    -one(y, p) - one(1.0 - y, 1.0 - p)
                }
                Loss::Softmax => -y.f64() * ln(clipped(p)),
                Loss::Robust(loss) => {
                    let (value, slope) = loss.of_one(y.f64(), p.f64());
                    *delta = F::of(slope);
                    value
                }
            };
        }
        match self {
            Loss::SquaredError => 0.5 * sum / y.len() as f64,
            Loss::Robust(_) => sum / y.len() as f64,
            _ => sum,
        }
    }
}

/// A probability where its logarithm and that of its complement exist.
fn clipped<F: Float>(p: F) -> f64 {
    let p = p.f64();
    let epsilon = F::EPSILON.f64();
    if p < epsilon {
        epsilon
    } else if p > 1.0 - epsilon {
        1.0 - epsilon
    } else {
        p
    }
}

fn outputs<F: Float>(z: &mut [F], step: usize, width: usize, f: impl Fn(F) -> F) {
    simd(
        #[inline(always)]
        || {
            for row in z.chunks_exact_mut(step) {
                for z in &mut row[..width] {
                    *z = f(*z);
                }
            }
        },
    );
}

#[inline(always)]
fn softmax<F: Float>(row: &mut [F], width: usize) {
    let mut largest = row[0];
    for &z in &row[..width] {
        if z > largest {
            largest = z;
        }
    }
    // The padding falls to e^−∞ = 0.
    row[width..].fill(F::neg_infinity());
    for z in row.iter_mut() {
        *z = exp(*z - largest);
    }
    let sum: F = row[..width].iter().copied().sum();
    let scale = F::one() / sum;
    for z in row.iter_mut() {
        *z *= scale;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loss at z and its derivative by z.
    fn at(loss: Loss, z: &[f64], target: TargetRows<'_, f64>) -> (f64, Vec<f64>) {
        let mut padded = vec![0.0; stride::<f64>(z.len())];
        padded[..z.len()].copy_from_slice(z);
        let mut delta = padded.clone();
        loss.predict(&mut padded, z.len());
        let value = loss.evaluate(&padded, target, None, z.len(), &mut delta);
        assert!(padded[z.len()..].iter().all(|v| *v == 0.0));
        assert!(delta[z.len()..].iter().all(|v| *v == 0.0));
        (value, delta[..z.len()].to_vec())
    }

    #[test]
    fn derivatives_are_those_of_finite_differences() {
        let values = [0.0, 1.0, 3.0];
        let labels = [0.0, 1.0, 1.0];
        for (loss, target, share) in [
            (Loss::SquaredError, TargetRows::Values(&values[..]), 3.0),
            (Loss::Poisson, TargetRows::Values(&values[..]), 1.0),
            (
                Loss::Robust(RegressionLoss::Huber { delta: 1.0 }),
                TargetRows::Values(&values[..]),
                3.0,
            ),
            (Loss::Logistic, TargetRows::Values(&labels[..]), 1.0),
            (Loss::Softmax, TargetRows::Codes(&[2]), 1.0),
        ] {
            let z = [0.3, -1.2, 0.7];
            let (_, delta) = at(loss, &z, target);
            for j in 0..3 {
                let h = 1e-6;
                let moved = |h: f64| {
                    let mut z = z;
                    z[j] += h;
                    at(loss, &z, target).0
                };
                // The squared error is reported as a mean over the outputs.
                let slope = share * (moved(h) - moved(-h)) / (2.0 * h);
                assert!((delta[j] - slope).abs() < 1e-8, "{loss:?} {j}");
            }
        }
    }

    #[test]
    fn saturated_probabilities_have_finite_losses() {
        for z in [-1e4, 1e4] {
            for code in [0, 1] {
                let (value, delta) = at(Loss::Logistic, &[z], TargetRows::Codes(&[code]));
                assert!(value.is_finite() && delta[0].is_finite());
                let (value, delta) = at(Loss::Softmax, &[z, 0.0], TargetRows::Codes(&[code]));
                assert!(value.is_finite() && delta[0].is_finite());
            }
        }
    }
}
