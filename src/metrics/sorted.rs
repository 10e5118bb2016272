//! Scores in order, positives and negatives apart.

use crate::parallel;

use super::sum::sum;

/// A score as an integer that orders as the numbers do, with its weight.
pub(super) trait Keyed: Copy + Send + Sync {
    fn key(self) -> u64;
    fn weight(self) -> f64;
}

impl Keyed for u64 {
    #[inline(always)]
    fn key(self) -> u64 {
        self
    }
    #[inline(always)]
    fn weight(self) -> f64 {
        1.0
    }
}

impl Keyed for (u64, f64) {
    #[inline(always)]
    fn key(self) -> u64 {
        self.0
    }
    #[inline(always)]
    fn weight(self) -> f64 {
        self.1
    }
}

/// The scores of positive and of negative rows, each ascending. Rows of weight zero are left out.
pub(super) struct Sides {
    sides: Both,
}

enum Both {
    Plain([Vec<u64>; 2]),
    Weighted([Vec<(u64, f64)>; 2]),
}

impl Sides {
    /// Of rows `0..n`; scores must not be NaN.
    pub(super) fn new(
        n: usize,
        positive: impl Fn(usize) -> bool,
        score: impl Fn(usize) -> f64,
        weight: Option<&dyn Fn(usize) -> f64>,
    ) -> Self {
        let sides = match weight {
            None => {
                // Every row is written to both sides, and counted in one: no branch to mispredict.
                let mut sides = [vec![0; n], vec![0; n]];
                let mut ends = [0; 2];
                for i in 0..n {
                    let key = sort_key(score(i));
                    let [negatives, positives] = &mut sides;
                    negatives[ends[0]] = key;
                    positives[ends[1]] = key;
                    let is = positive(i);
                    ends[1] += usize::from(is);
                    ends[0] += usize::from(!is);
                }
                sides[0].truncate(ends[0]);
                sides[1].truncate(ends[1]);
                parallel::map_mut(&mut sides, radix_sort);
                Both::Plain(sides)
            }
            Some(weight) => {
                let mut sides = [Vec::new(), Vec::new()];
                for i in 0..n {
                    let w = weight(i);
                    if w > 0.0 {
                        sides[usize::from(positive(i))].push((sort_key(score(i)), w));
                    }
                }
                parallel::map_mut(&mut sides, radix_sort);
                Both::Weighted(sides)
            }
        };
        Sides { sides }
    }

    /// Whether there are negatives, and positives.
    pub(super) fn occur(&self) -> [bool; 2] {
        match &self.sides {
            Both::Plain(s) => [0, 1].map(|i| !s[i].is_empty()),
            Both::Weighted(s) => [0, 1].map(|i| !s[i].is_empty()),
        }
    }

    /// Σ over positives of the weight of negatives that score lower, ties half, divided by all pairs' weight.
    pub(super) fn area(&self) -> f64 {
        match &self.sides {
            Both::Plain([negatives, positives]) => area_of_counts(negatives, positives),
            Both::Weighted([negatives, positives]) => area(negatives, positives),
        }
    }

    /// For each different score, from the highest: it, and the weight of negatives and of positives at it and above.
    pub(super) fn cumulated(&self) -> Cumulated {
        match &self.sides {
            Both::Plain([negatives, positives]) => cumulated(negatives, positives),
            Both::Weighted([negatives, positives]) => cumulated(negatives, positives),
        }
    }
}

#[derive(Default)]
pub(super) struct Cumulated {
    pub(super) thresholds: Vec<f64>,
    pub(super) fps: Vec<f64>,
    pub(super) tps: Vec<f64>,
}

fn cumulated<T: Keyed>(negatives: &[T], positives: &[T]) -> Cumulated {
    let mut out = Cumulated::default();
    let (mut fp, mut tp) = (0.0, 0.0);
    let (mut n, mut p) = (negatives.len(), positives.len());
    while n > 0 || p > 0 {
        let top = |rows: &[T], end: usize| end.checked_sub(1).map(|last| rows[last].key());
        let Some(key) = top(negatives, n).max(top(positives, p)) else {
            break;
        };
        while n > 0 && negatives[n - 1].key() == key {
            n -= 1;
            fp += negatives[n].weight();
        }
        while p > 0 && positives[p - 1].key() == key {
            p -= 1;
            tp += positives[p].weight();
        }
        out.thresholds.push(number(key));
        out.fps.push(fp);
        out.tps.push(tp);
    }
    out
}

fn area<T: Keyed>(negatives: &[T], positives: &[T]) -> f64 {
    let all_positive = sum(positives.len(), |i| positives[i].weight());
    let all_negative = sum(negatives.len(), |i| negatives[i].weight());
    let (mut below, mut next) = (0.0, 0);
    let mut terms = Vec::new();
    for ties in positives.chunk_by(|a, b| a.key() == b.key()) {
        let key = ties[0].key();
        while next < negatives.len() && negatives[next].key() < key {
            below += negatives[next].weight();
            next += 1;
        }
        let tied = &negatives[next..];
        let tied = &tied[..tied.iter().take_while(|row| row.key() == key).count()];
        let half = sum(tied.len(), |i| tied[i].weight()) / 2.0;
        terms.push(sum(ties.len(), |i| ties[i].weight()) * (below + half));
    }
    sum(terms.len(), |i| terms[i] / all_negative) / all_positive
}

/// The same with every weight 1, in integers: exact.
fn area_of_counts(negatives: &[u64], positives: &[u64]) -> f64 {
    let (mut twice, mut from, mut to) = (0u128, 0usize, 0usize);
    for &key in positives {
        while from < negatives.len() && negatives[from] < key {
            from += 1;
        }
        to = to.max(from);
        while to < negatives.len() && negatives[to] == key {
            to += 1;
        }
        twice += (from + to) as u128;
    }
    let pairs = negatives.len() as u128 * positives.len() as u128;
    twice as f64 / (2 * pairs) as f64
}

/// An integer that orders as the numbers do; the two zeros are one.
#[inline(always)]
pub(super) fn sort_key(score: f64) -> u64 {
    let bits = (score + 0.0).to_bits();
    // All bits of a negative number turn over, of others the sign.
    bits ^ (((bits as i64 >> 63) as u64) | 1 << 63)
}

/// The number of a key.
fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key ^ 1 << 63 } else { !key })
}

/// Sorts by the keys, ascending and stable: eleven bits at a time, from the lowest. Digits that are all the same (those of
/// single-precision scores) cost nothing.
fn radix_sort<T: Keyed>(items: &mut Vec<T>) {
    const BITS: u32 = 11;
    const DIGITS: usize = 6;
    /// Below it comparisons are quicker.
    const FEW: usize = 2_000;
    let n = items.len();
    if n < FEW || u32::try_from(n).is_err() {
        items.sort_by_key(|item| item.key());
        return;
    }
    let digit = |key: u64, d: usize| (key >> (BITS * d as u32)) as usize & ((1 << BITS) - 1);
    let mut counts = vec![[0u32; 1 << BITS]; DIGITS];
    for item in items.iter() {
        let key = item.key();
        for (d, counts) in counts.iter_mut().enumerate() {
            counts[digit(key, d)] += 1;
        }
    }
    let mut other = items.clone();
    for (d, counts) in counts.iter_mut().enumerate() {
        if counts.iter().any(|&c| c as usize == n) {
            continue;
        }
        let mut next = 0;
        for count in counts.iter_mut() {
            next += std::mem::replace(count, next);
        }
        for &item in items.iter() {
            let at = &mut counts[digit(item.key(), d)];
            other[*at as usize] = item;
            *at += 1;
        }
        std::mem::swap(items, &mut other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_order_as_numbers_and_come_back() {
        let numbers = [
            f64::NEG_INFINITY,
            -1e300,
            -1.0,
            -1e-310,
            0.0,
            1e-310,
            1.0,
            1e300,
            f64::INFINITY,
        ];
        assert!(numbers.windows(2).all(|w| sort_key(w[0]) < sort_key(w[1])));
        assert_eq!(sort_key(0.0), sort_key(-0.0));
        assert!(
            numbers
                .iter()
                .all(|&v| number(sort_key(v)).to_bits() == v.to_bits())
        );
    }

    #[test]
    fn radix_sort_is_sort() {
        let mut rng = crate::random::generator(1);
        for (n, f) in [
            (0, 1.0),
            (1, 1.0),
            (1_999, 1e3),
            (2_000, 10.0),
            (5_003, 1e9),
        ] {
            let values: Vec<(u64, f64)> = (0..n)
                .map(|i| {
                    let v = (crate::random::standard_normal(&mut rng) * f).round() / f;
                    (sort_key(v), i as f64)
                })
                .collect();
            let (mut ours, mut expected) = (values.clone(), values);
            radix_sort(&mut ours);
            expected.sort_by_key(|v| v.0);
            assert_eq!(ours, expected, "{n}");
        }
    }

    #[test]
    fn counts_and_weights_of_one_give_one_area() {
        let mut rng = crate::random::generator(2);
        let scores: Vec<f64> = (0..300)
            .map(|_| (crate::random::uniform(&mut rng) * 20.0).round())
            .collect();
        let positive = |i: usize| (i * 7).is_multiple_of(3);
        let plain = Sides::new(300, positive, |i| scores[i], None);
        let weighted = Sides::new(300, positive, |i| scores[i], Some(&|_| 0.5));
        assert!((plain.area() - weighted.area()).abs() < 1e-14);
        let (a, b) = (plain.cumulated(), weighted.cumulated());
        assert_eq!(a.thresholds, b.thresholds);
        assert!(a.tps.iter().zip(&b.tps).all(|(a, b)| *a == 2.0 * b));
        assert_eq!(a.tps.last(), Some(&100.0));
    }
}
