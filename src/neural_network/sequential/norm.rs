//! Normalisations: of columns over a batch, of rows over their columns.
//!
//! With x̂ = (x − mean) s and s = 1/√(variance + ε), the output is γ x̂ + β. Backward, with d the derivative by the output,
//! ∂β = Σ d and ∂γ = Σ d x̂ over the rows, and with e = γ d and means taken over what was normalised,
//! ```text
//! ∂x = s (e − mean(e) − x̂ mean(e x̂)).
//! ```
//! Variances are those of the population, as in Keras. Sums run in f64.
//!
//! # Sources
//! S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015. J. L. Ba, J. R. Kiros, G. E. Hinton, "Layer normalization", 2016.

use crate::float::Float;

/// What a pass of a batch normalisation writes beside its output.
pub(super) struct BatchRoom<'a, F> {
    /// The running means and then variances.
    pub(super) statistics: &'a mut [F],
    pub(super) sums: &'a mut [f64],
    /// x̂.
    pub(super) normalised: &'a mut [F],
    /// s of each column.
    pub(super) scales: &'a mut [F],
}

/// γ (x − mean) / √(variance + ε) + β with given means and variances.
pub(super) fn by_statistics<F: Float>(
    x: &[F],
    parameters: &[F],
    statistics: &[F],
    epsilon: f64,
    out: &mut [F],
) {
    let n = parameters.len() / 2;
    let (gamma, beta) = parameters.split_at(n);
    let (means, variances) = statistics.split_at(n);
    for (x, out) in x.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        for j in 0..n {
            let scale = F::of(1.0 / (variances[j].f64() + epsilon).sqrt());
            out[j] = gamma[j] * ((x[j] - means[j]) * scale) + beta[j];
        }
    }
}

/// A batch normalised by its own means and variances, which enter the running ones.
pub(super) fn batch_forward<F: Float>(
    x: &[F],
    parameters: &[F],
    (momentum, epsilon): (f64, f64),
    room: BatchRoom<'_, F>,
    out: &mut [F],
) {
    let n = parameters.len() / 2;
    let (gamma, beta) = parameters.split_at(n);
    let rows = (x.len() / n) as f64;
    let (means, rest) = room.sums.split_at_mut(n);
    let variances = &mut rest[..n];
    means.fill(0.0);
    variances.fill(0.0);
    for x in x.chunks_exact(n) {
        for (mean, x) in means.iter_mut().zip(x) {
            *mean += x.f64();
        }
    }
    for mean in means.iter_mut() {
        *mean /= rows;
    }
    for x in x.chunks_exact(n) {
        for ((variance, mean), x) in variances.iter_mut().zip(&*means).zip(x) {
            let r = x.f64() - mean;
            *variance += r * r;
        }
    }
    for j in 0..n {
        let variance = variances[j] / rows;
        let kept = |old: F, new: f64| F::of(momentum * old.f64() + (1.0 - momentum) * new);
        room.statistics[j] = kept(room.statistics[j], means[j]);
        room.statistics[n + j] = kept(room.statistics[n + j], variance);
        room.scales[j] = F::of(1.0 / (variance + epsilon).sqrt());
    }
    let out = out.chunks_exact_mut(n);
    let normalised = room.normalised.chunks_exact_mut(n);
    for ((x, out), normalised) in x.chunks_exact(n).zip(out).zip(normalised) {
        for j in 0..n {
            normalised[j] = F::of(x[j].f64() - means[j]) * room.scales[j];
            out[j] = gamma[j] * normalised[j] + beta[j];
        }
    }
}

/// `delta` becomes the derivative by x.
pub(super) fn batch_backward<F: Float>(
    delta: &mut [F],
    parameters: &[F],
    normalised: &[F],
    scales: &[F],
    sums: &mut [f64],
    gradient: &mut [F],
) {
    let n = parameters.len() / 2;
    let rows = (delta.len() / n) as f64;
    by_parameters(delta, normalised, n, sums, gradient);
    let (of_beta, rest) = sums.split_at(n);
    for (delta, normalised) in delta.chunks_exact_mut(n).zip(normalised.chunks_exact(n)) {
        for j in 0..n {
            let shift = F::of(of_beta[j] / rows) + normalised[j] * F::of(rest[j] / rows);
            delta[j] = parameters[j] * scales[j] * (delta[j] - shift);
        }
    }
}

/// ∂β = Σ d and ∂γ = Σ d x̂, also left in `sums` in this order.
fn by_parameters<F: Float>(
    delta: &[F],
    normalised: &[F],
    n: usize,
    sums: &mut [f64],
    gradient: &mut [F],
) {
    let (of_beta, rest) = sums.split_at_mut(n);
    let of_gamma = &mut rest[..n];
    of_beta.fill(0.0);
    of_gamma.fill(0.0);
    for (delta, normalised) in delta.chunks_exact(n).zip(normalised.chunks_exact(n)) {
        for j in 0..n {
            of_beta[j] += delta[j].f64();
            of_gamma[j] += delta[j].f64() * normalised[j].f64();
        }
    }
    for j in 0..n {
        gradient[j] = F::of(of_gamma[j]);
        gradient[n + j] = F::of(of_beta[j]);
    }
}

/// Each row normalised by its own mean and variance; `scales` holds s of each row.
pub(super) fn row_forward<F: Float>(
    x: &[F],
    parameters: &[F],
    epsilon: f64,
    normalised: &mut [F],
    scales: &mut [F],
    out: &mut [F],
) {
    let n = parameters.len() / 2;
    let (gamma, beta) = parameters.split_at(n);
    let out = out.chunks_exact_mut(n);
    let normalised = normalised.chunks_exact_mut(n);
    let rows = x.chunks_exact(n).zip(out).zip(normalised).zip(scales);
    for (((x, out), normalised), scale) in rows {
        let mean = x.iter().map(|x| x.f64()).sum::<f64>() / n as f64;
        let squares = x.iter().map(|x| (x.f64() - mean).powi(2)).sum::<f64>();
        *scale = F::of(1.0 / (squares / n as f64 + epsilon).sqrt());
        for j in 0..n {
            normalised[j] = F::of(x[j].f64() - mean) * *scale;
            out[j] = gamma[j] * normalised[j] + beta[j];
        }
    }
}

/// `delta` becomes the derivative by x.
pub(super) fn row_backward<F: Float>(
    delta: &mut [F],
    parameters: &[F],
    normalised: &[F],
    scales: &[F],
    sums: &mut [f64],
    gradient: &mut [F],
) {
    let n = parameters.len() / 2;
    by_parameters(delta, normalised, n, sums, gradient);
    let gamma = &parameters[..n];
    let rows = delta.chunks_exact_mut(n).zip(normalised.chunks_exact(n));
    for ((delta, normalised), &scale) in rows.zip(scales) {
        let (mut sum, mut along) = (0.0, 0.0);
        for j in 0..n {
            let e = (gamma[j] * delta[j]).f64();
            sum += e;
            along += e * normalised[j].f64();
        }
        let (mean, along) = (F::of(sum / n as f64), F::of(along / n as f64));
        for j in 0..n {
            delta[j] = scale * (gamma[j] * delta[j] - mean - normalised[j] * along);
        }
    }
}
