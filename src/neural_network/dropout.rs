//! Dropout: while a network learns, each value is 0 with probability `rate`, and the others are divided by 1 − `rate`, so
//! that the mean stays.
//!
//! Source: N. Srivastava and others, "Dropout: a simple way to prevent neural networks from overfitting", Journal of Machine
//! Learning Research 15 (2014).

use rand::Rng;
use rand_chacha::ChaCha8Rng;

use crate::float::Float;
use crate::random;

/// The random numbers of one of up to 16 parts of a step. The streams of orders of rows are below 2⁶³.
pub(crate) fn stream(seed: u64, step: u64, part: u64) -> ChaCha8Rng {
    random::stream(seed, (1 << 63) | step.wrapping_mul(16).wrapping_add(part))
}

/// 0 with probability `rate`, otherwise 1 / (1 − rate).
pub(crate) fn draw<F: Float>(mask: &mut [F], rate: f64, rng: &mut impl Rng) {
    let threshold = (rate * 4_294_967_296.0) as u64;
    let kept = F::of(1.0 / (1.0 - rate));
    for mask in mask {
        *mask = if u64::from(rng.next_u32()) < threshold {
            F::zero()
        } else {
            kept
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_keeps_its_share_and_the_mean() {
        let mut mask = vec![0.0f64; 100_000];
        draw(&mut mask, 0.3, &mut stream(1, 2, 3));
        let zeros = mask.iter().filter(|m| **m == 0.0).count();
        assert!((29_000..31_000).contains(&zeros), "{zeros}");
        let mean = mask.iter().sum::<f64>() / 1e5;
        assert!((mean - 1.0).abs() < 0.02, "{mean}");
        let mut again = mask.clone();
        draw(&mut again, 0.3, &mut stream(1, 2, 3));
        assert_eq!(mask, again);
        for mut other in [stream(2, 2, 3), stream(1, 3, 3), stream(1, 2, 4)] {
            draw(&mut again, 0.3, &mut other);
            assert_ne!(mask, again);
        }
    }
}
