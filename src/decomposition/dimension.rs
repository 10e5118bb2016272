//! How many components to keep.

use crate::special::ln_gamma;

/// Fewer components than this share of the variance needs are too few: one more than the number of leading components that
/// together explain at most `share`.
pub(super) fn of_share(ratios: &[f64], share: f64) -> usize {
    let mut sum = 0.0;
    let below = ratios.iter().take_while(|&&ratio| {
        sum += ratio;
        sum <= share
    });
    (below.count() + 1).min(ratios.len())
}

/// The most likely number of components, below the number of variances: T. P. Minka (2000), "Automatic choice of
/// dimensionality for PCA", equation 30, by Laplace's approximation. 0 for a single variance.
///
/// Sums over pairs of variances are kept from one number to the next, so that all of them take p² logarithms.
pub(super) fn most_likely(variances: &[f64], n_samples: usize) -> usize {
    const LEAST: f64 = 1e-15;
    let (p, n) = (variances.len(), n_samples as f64);
    let ln = |v: f64| v.max(f64::MIN_POSITIVE).ln();
    // tails[i] = Σ over j not yet among the components of ln(λᵢ − λⱼ)
    let mut tails: Vec<f64> = Vec::with_capacity(p);
    let (mut best, mut best_value) = (0, f64::NEG_INFINITY);
    let (mut inside, mut volume, mut logs) = (0.0, 0.0, 0.0);
    for rank in 1..p {
        // Component number `last` joins.
        let last = rank - 1;
        let entering = variances[last];
        for (tail, &v) in tails.iter_mut().zip(variances) {
            let gap = ln(v - entering);
            inside += gap + ln(1.0 / entering - 1.0 / v);
            *tail -= gap;
        }
        tails.push(variances[rank..].iter().map(|&v| ln(entering - v)).sum());
        let half = (p - last) as f64 / 2.0;
        volume += ln_gamma(half) - std::f64::consts::PI.ln() * half;
        logs += entering.ln();
        if entering < LEAST {
            continue;
        }
        let others = (p - rank) as f64;
        let noise = (variances[rank..].iter().sum::<f64>() / others).max(LEAST);
        let k = rank as f64;
        let free = p as f64 * k - k * (k + 1.0) / 2.0;
        let pairs = inside
            + tails.iter().sum::<f64>()
            + (variances[..rank].iter())
                .map(|&v| others * ln(1.0 / noise - 1.0 / v))
                .sum::<f64>()
            + free * n.ln();
        let value = volume - k * 2.0_f64.ln() - logs * n / 2.0 - noise.ln() * n * others / 2.0
            + (2.0 * std::f64::consts::PI).ln() * (free + k) / 2.0
            - pairs / 2.0
            - k * n.ln() / 2.0;
        if value > best_value {
            (best, best_value) = (rank, value);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_by_hand() {
        let ratios = [0.5, 0.25, 0.125, 0.125];
        for (share, k) in [
            (0.1, 1),
            (0.5, 2),
            (0.6, 2),
            (0.75, 3),
            (0.9, 4),
            (0.9999, 4),
        ] {
            assert_eq!(of_share(&ratios, share), k, "{share}");
        }
        assert_eq!(of_share(&[0.0], 0.5), 1);
    }

    #[test]
    fn clear_components_are_counted() {
        assert_eq!(most_likely(&[9.0, 8.0, 0.011, 0.0105, 0.01], 100), 2);
        assert_eq!(most_likely(&[9.0, 0.011, 0.0105, 0.01], 100), 1);
        assert_eq!(most_likely(&[1.0], 100), 0);
    }
}
