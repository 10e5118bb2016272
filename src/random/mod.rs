//! Random numbers that are the same on every machine and in every release: seeds to generators, independent streams,
//! and the samplers everything else is built on.
//!
//! Everything random in this crate starts from a `u64` seed ([`generator`]) or from a seed and the index of a task
//! ([`stream`]), so that work split over threads draws the same numbers whoever does it. The generator is ChaCha with
//! eight rounds; its values, and those of every sampler here, are pinned by tests. Positions are drawn through 64-bit
//! integers, so that 32-bit targets agree.
//!
//! ```
//! use fitwell::random;
//!
//! let mut rng = random::generator(42);
//! let mut order = random::permutation(5, &mut rng);
//! assert_ne!(order, random::permutation(5, &mut rng));
//! order.sort_unstable();
//! assert_eq!(order, [0, 1, 2, 3, 4]);
//! ```
//!
//! Any generator of the `rand` crate works with the samplers.

mod weighted;

use std::collections::HashMap;
use std::num::NonZeroUsize;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};

use crate::error::{ErrorKind, Result};

pub use rand_chacha;
pub use weighted::WeightedIndex;

/// The generator of a seed.
///
/// ```
/// use fitwell::random;
///
/// let (mut a, mut b) = (random::generator(7), random::generator(7));
/// assert_eq!(random::uniform(&mut a).to_bits(), random::uniform(&mut b).to_bits());
/// ```
pub fn generator(seed: u64) -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(seed)
}

/// The generator of task number `index` of a seed.
///
/// The streams of a seed share a key and differ in ChaCha's 64-bit stream number: they never overlap, and they are
/// not the sequence of [`generator`] either, whose key differs.
///
/// ```
/// use fitwell::random;
///
/// let firsts: Vec<f64> = (0..3).map(|tree| random::uniform(&mut random::stream(7, tree))).collect();
/// assert!(firsts[0] != firsts[1] && firsts[1] != firsts[2]);
/// ```
pub fn stream(seed: u64, index: u64) -> ChaCha8Rng {
    let mut key = generator(seed).get_seed();
    for byte in &mut key {
        *byte ^= 0x5a;
    }
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

/// A number in `[0, 1)`, a multiple of 2⁻⁵³, each equally likely.
pub fn uniform<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    const STEP: f64 = 1.0 / (1u64 << 53) as f64;
    (rng.next_u64() >> 11) as f64 * STEP
}

/// A number of the normal distribution of mean 0 and variance 1, by the ziggurat method.
pub fn standard_normal<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    StandardNormal.sample(rng)
}

/// A position below `n`, each exactly equally likely.
///
/// # Source
/// D. Lemire, "Fast random integer generation in an interval", ACM Transactions on Modeling and Computer Simulation 29
/// (2019), algorithm 5, over 64 bits whatever the width of `usize`.
pub fn below<R: Rng + ?Sized>(n: NonZeroUsize, rng: &mut R) -> usize {
    below_u64(n.get() as u64, rng) as usize
}

/// `n` must not be 0 (it would return 0).
fn below_u64<R: Rng + ?Sized>(n: u64, rng: &mut R) -> u64 {
    let mut product = u128::from(rng.next_u64()) * u128::from(n);
    if (product as u64) < n {
        let threshold = n.wrapping_neg() % n;
        while (product as u64) < threshold {
            product = u128::from(rng.next_u64()) * u128::from(n);
        }
    }
    (product >> 64) as u64
}

/// A number of the Poisson distribution of the given mean; 0 for a mean that is not positive and finite.
///
/// Takes some `mean` uniform numbers: the products of D. Knuth, "The Art of Computer Programming" 2, 3.4.1, with the mean
/// split into parts whose exponentials do not underflow.
pub fn poisson<R: Rng + ?Sized>(mean: f64, rng: &mut R) -> u64 {
    const PART: f64 = 16.0;
    let mut count = 0;
    let mut left = if mean.is_finite() { mean } else { 0.0 };
    while left > 0.0 {
        let limit = (-left.min(PART)).exp();
        left -= PART;
        let mut product = uniform(rng);
        while product > limit {
            count += 1;
            product *= uniform(rng);
        }
    }
    count
}

/// Brings the values into a random order, every order equally likely (Fisher and Yates, from the last value down).
pub fn shuffle<T, R: Rng + ?Sized>(values: &mut [T], rng: &mut R) {
    shuffle_down_to(values, values.len().saturating_sub(1), 0, rng);
}

/// The steps of [`shuffle`] from the place `last` down to the one above `end`: all of them, call by call, are the whole.
pub(crate) fn shuffle_down_to<T, R: Rng + ?Sized>(
    values: &mut [T],
    mut last: usize,
    end: usize,
    rng: &mut R,
) {
    // Many places are drawn before the first swap: the swaps then wait for memory together instead of one by one.
    let mut places = [0; 128];
    while last > end {
        let drawn = &mut places[..(last - end).min(128)];
        for (step, place) in drawn.iter_mut().enumerate() {
            *place = below(NonZeroUsize::MIN.saturating_add(last - step), rng);
        }
        for (step, &place) in drawn.iter().enumerate() {
            values.swap(last - step, place);
        }
        last -= drawn.len();
    }
}

/// The positions `0..n` in a random order.
pub fn permutation<R: Rng + ?Sized>(n: usize, rng: &mut R) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::with_capacity(n);
    crate::parallel::large(order.spare_capacity_mut());
    order.extend(0..n);
    shuffle(&mut order, rng);
    order
}

/// `k` different positions below `n` in random order, every selection and order equally likely.
///
/// Time and memory O(k), however large `n` is.
///
/// # Errors
/// `TooFewSamples` when `k > n`.
///
/// ```
/// use fitwell::random;
///
/// let rows = random::sample_without_replacement(1_000_000_000, 3, &mut random::generator(0))?;
/// assert_eq!(rows.len(), 3);
/// assert!(random::sample_without_replacement(2, 3, &mut random::generator(0)).is_err());
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn sample_without_replacement<R: Rng + ?Sized>(
    n: usize,
    k: usize,
    rng: &mut R,
) -> Result<Vec<usize>> {
    if k > n {
        let what = "sampling without replacement".into();
        let (needed, got) = (k, n);
        return Err(ErrorKind::TooFewSamples { what, needed, got }.into());
    }
    // The first k steps of a shuffle of 0..n from the front. Both forms hold the same list and draw the same numbers;
    // the map holds only the places that a swap has changed.
    let mut chosen = Vec::with_capacity(k);
    if n / 8 < k {
        let mut places: Vec<usize> = (0..n).collect();
        for i in 0..k {
            places.swap(
                i,
                i + below(NonZeroUsize::MIN.saturating_add(n - i - 1), rng),
            );
            chosen.push(places[i]);
        }
    } else {
        let mut moved: HashMap<usize, usize> = HashMap::with_capacity(k);
        for i in 0..k {
            let j = i + below(NonZeroUsize::MIN.saturating_add(n - i - 1), rng);
            let at_i = moved.get(&i).copied().unwrap_or(i);
            chosen.push(moved.insert(j, at_i).unwrap_or(j));
        }
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests;
