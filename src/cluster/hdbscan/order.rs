//! The order in which NumPy sorts numbers, ties included.
//!
//! Many edges of a spanning tree of mutual reachability are equally long: all those that are as long as one row's core
//! distance. Which of them comes first decides where that row belongs. scikit-learn takes the order of `numpy.argsort`,
//! which is not stable: it is that of sorting networks in registers of eight numbers, on processors that have them. This is
//! the same order on every processor: parts of up to 256 numbers go through a bitonic network, larger ones are split around
//! the fifth of eight samples, registers at a time from both ends, and what is in order already stays. K. E. Batcher, "Sorting networks and their applications"
//! (1968); M. Blacher, J. Giesen, P. Sanders and J. Wassenberg, "Vectorized and performance-portable quicksort" (2022).

const LANES: usize = 8;
/// Parts of up to so many numbers go through the network.
const NETWORK: usize = 256;

/// The numbers of the keys, which are not NaN, in ascending order of the keys.
pub(super) fn ascending(keys: &[f64]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    if keys.is_sorted() {
        return order;
    }
    let rounds = 2 * keys.len().ilog2();
    let mut parts = vec![(0, keys.len(), rounds)];
    while let Some((start, end, rounds)) = parts.pop() {
        let part = &mut order[start..end];
        if rounds == 0 {
            // Splitting makes no progress where most of the samples are the least key.
            introsort(keys, part);
        } else if part.len() <= NETWORK {
            network(keys, part);
        } else {
            let step = (part.len() - 1) / 8;
            let mut samples: [f64; 8] =
                std::array::from_fn(|i| keys[part[(i + 1) * step] as usize]);
            samples.sort_by(f64::total_cmp);
            let pivot = samples[4];
            let (least, most) = part.iter().fold((pivot, pivot), |(least, most), &i| {
                (least.min(keys[i as usize]), most.max(keys[i as usize]))
            });
            let middle = start + split(keys, part, pivot);
            if pivot != least {
                parts.push((start, middle, rounds - 1));
            }
            if pivot != most {
                parts.push((middle, end, rounds - 1));
            }
        }
    }
    order
}

/// Parts of up to so many numbers are left to insertion.
const INSERTION: usize = 16;

/// What C++ libraries sort by: quicksort around the median of three, then insertion. D. R. Musser, "Introspective sorting and
/// selection algorithms" (1997).
fn introsort(keys: &[f64], part: &mut [u32]) {
    let less = |a: u32, b: u32| keys[a as usize] < keys[b as usize];
    let mut parts = vec![(0, part.len(), 2 * part.len().max(1).ilog2())];
    while let Some((start, end, rounds)) = parts.pop() {
        if end - start <= INSERTION {
            continue;
        }
        if rounds == 0 {
            part[start..end].sort_by(|&a, &b| keys[a as usize].total_cmp(&keys[b as usize]));
            continue;
        }
        // The median of the second, the middle and the last number comes first.
        let [a, b, c] = [start + 1, start + (end - start) / 2, end - 1];
        let before = |a: usize, b: usize| less(part[a], part[b]);
        let median = if before(a, b) {
            if before(b, c) {
                b
            } else if before(a, c) {
                c
            } else {
                a
            }
        } else if before(a, c) {
            a
        } else if before(b, c) {
            c
        } else {
            b
        };
        part.swap(start, median);
        let pivot = part[start];
        let (mut low, mut high) = (start + 1, end);
        loop {
            while less(part[low], pivot) {
                low += 1;
            }
            high -= 1;
            while less(pivot, part[high]) {
                high -= 1;
            }
            if low >= high {
                break;
            }
            part.swap(low, high);
            low += 1;
        }
        parts.push((start, low, rounds - 1));
        parts.push((low, end, rounds - 1));
    }
    for i in 1..part.len() {
        let mut at = i;
        while at > 0 && less(part[at], part[at - 1]) {
            part.swap(at, at - 1);
            at -= 1;
        }
    }
}

/// Batcher's network over the next power of two of places, of which the last are empty.
fn network(keys: &[f64], part: &mut [u32]) {
    let size = part.len().next_power_of_two().max(LANES);
    let mut pairs = [(f64::INFINITY, u32::MAX); NETWORK];
    for (pair, &i) in pairs.iter_mut().zip(part.iter()) {
        *pair = (keys[i as usize], i);
    }
    let pairs = &mut pairs[..size];
    let exchange = |pairs: &mut [(f64, u32)], a: usize, b: usize| {
        if pairs[b].0 < pairs[a].0 {
            pairs.swap(a, b);
        }
    };
    let mut block = 2;
    while block <= size {
        for first in (0..size).step_by(block) {
            for i in 0..block / 2 {
                exchange(pairs, first + i, first + block - 1 - i);
            }
        }
        let mut apart = block / 4;
        while apart > 0 {
            for first in (0..size).step_by(2 * apart) {
                for i in first..first + apart {
                    exchange(pairs, i, i + apart);
                }
            }
            apart /= 2;
        }
        block *= 2;
    }
    for (i, pair) in part.iter_mut().zip(pairs.iter()) {
        *i = pair.1;
    }
}

/// Moves the numbers of keys below the pivot to the front: how many there are.
fn split(keys: &[f64], part: &mut [u32], pivot: f64) -> usize {
    /// Four registers at a time.
    const WIDTH: usize = 4 * LANES;
    let below = |i: u32| keys[i as usize] < pivot;
    let (mut left, mut right) = (0, part.len());
    // What fills no registers is split one by one.
    for _ in 0..part.len() % WIDTH {
        if below(part[left]) {
            left += 1;
        } else {
            right -= 1;
            part.swap(left, right);
        }
    }
    // Registers at both ends are put aside; the others are stored where places are free, from `low` on and before `high`.
    let (mut low, mut high) = (left, right);
    let mut aside = [0; 2 * WIDTH];
    aside[..WIDTH].copy_from_slice(&part[left..left + WIDTH]);
    aside[WIDTH..].copy_from_slice(&part[right - WIDTH..right]);
    left += WIDTH;
    right -= WIDTH;
    let store = |part: &mut [u32], low: &mut usize, high: &mut usize, register: &[u32]| {
        *high -= register.iter().filter(|&&i| !below(i)).count();
        let mut above = *high;
        for &i in register {
            let to = if below(i) { &mut *low } else { &mut above };
            part[*to] = i;
            *to += 1;
        }
    };
    let mut taken = [0; WIDTH];
    while left != right {
        // From the side that has less room.
        let from = if high - right < left - low {
            right -= WIDTH;
            right
        } else {
            left += WIDTH;
            left - WIDTH
        };
        taken.copy_from_slice(&part[from..from + WIDTH]);
        for register in taken.chunks_exact(LANES) {
            store(part, &mut low, &mut high, register);
        }
    }
    for register in aside.chunks_exact(LANES) {
        store(part, &mut low, &mut high, register);
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use rand::Rng;

    fn numbers(n: usize, kinds: u64, seed: u64) -> Vec<f64> {
        let mut rng = random::generator(seed);
        (0..n).map(|_| (rng.next_u64() % kinds) as f64).collect()
    }

    #[test]
    fn keys_ascend_and_each_comes_once() {
        for (n, kinds) in [
            (0, 1),
            (1, 1),
            (2, 2),
            (9, 3),
            (255, 40),
            (256, 9),
            (257, 9),
            (5000, 1),
            (5000, 2),
            (9000, 700),
        ] {
            let keys = numbers(n, kinds, 3);
            let order = ascending(&keys);
            assert!(
                order
                    .windows(2)
                    .all(|w| keys[w[0] as usize] <= keys[w[1] as usize]),
                "{n} {kinds}"
            );
            let mut seen = order.clone();
            seen.sort_unstable();
            assert!(
                seen.iter().enumerate().all(|(i, &v)| i as u32 == v),
                "{n} {kinds}"
            );
        }
    }

    #[test]
    fn ties_come_as_numpy_has_them() {
        // numpy.argsort, 2.4.6, on a processor with registers of eight numbers.
        let keys: Vec<f64> = (0..20)
            .map(|i| f64::from((i * i * 7 + 3 * i) % 5))
            .collect();
        let expected = [
            0, 1, 6, 5, 10, 15, 11, 16, 13, 8, 18, 3, 7, 9, 2, 4, 14, 12, 17, 19,
        ];
        assert_eq!(ascending(&keys), expected);
        let keys: Vec<f64> = (0..2999u64)
            .map(|i| ((i * i * 7 + 3 * i) % 1009) as f64)
            .collect();
        let order = ascending(&keys);
        let sum: u64 = order.iter().zip(0..).map(|(&v, i)| u64::from(v) * i).sum();
        assert_eq!(sum, 6_766_647_044);
        assert_eq!(
            order[1000..1010],
            [2251, 1242, 1208, 199, 233, 2776, 2701, 1692, 1767, 758]
        );
    }
}
