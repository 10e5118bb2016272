//! The rows that give values, and how far others are from them.
//!
//! Values lie column by column, so that one register holds the same feature of several donors. What is missing is NaN: a
//! difference that is NaN counts for nothing, and no mask is read.

use ndarray::{ArrayRef2, ArrayView1};
use serde::{Deserialize, Serialize};

use super::missing::{Missing, increasing};
use crate::float::Float;
use crate::linalg::simd;

/// Donors that one step of the kernel looks at together.
const LANES: usize = 32;
/// Donors whose values stay in the cache while several receivers pass by.
const TILE: usize = 8 * LANES;
/// Distances looked at for a first guess of the smallest.
const SAMPLE: usize = 320;

/// The donors' values, (n_features, n_donors).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "Plain<F>", into = "Plain<F>", bound = "")]
pub(super) struct Donors<F: Float> {
    n_donors: usize,
    n_features: usize,
    /// Columns of `stride` values, NaN where missing and beyond the last donor.
    values: Vec<F>,
}

/// How donors are written: finite values row by row, and the positions of the missing ones.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
struct Plain<F: Float> {
    n_donors: usize,
    n_features: usize,
    values: Vec<F>,
    missing: Vec<usize>,
}

impl<F: Float> From<Donors<F>> for Plain<F> {
    fn from(donors: Donors<F>) -> Self {
        let (n, p) = (donors.n_donors, donors.n_features);
        let mut values: Vec<F> = (0..n * p).map(|i| donors.value(i / p, i % p)).collect();
        let missing: Vec<usize> = (0..n * p).filter(|&i| values[i].is_nan()).collect();
        for &i in &missing {
            values[i] = F::zero();
        }
        Plain {
            n_donors: n,
            n_features: p,
            values,
            missing,
        }
    }
}

impl<F: Float> TryFrom<Plain<F>> for Donors<F> {
    type Error = String;

    fn try_from(plain: Plain<F>) -> Result<Self, String> {
        let (n, p) = (plain.n_donors, plain.n_features);
        if n == 0 || p == 0 || n.checked_mul(p) != Some(plain.values.len()) {
            let found = plain.values.len();
            return Err(format!("{found} values for {n} rows of {p} columns"));
        }
        if !plain.values.iter().all(|v| v.is_finite()) {
            return Err("a value is not finite".into());
        }
        if !increasing(&plain.missing, plain.values.len()) {
            return Err("positions of missing values are not increasing or too large".into());
        }
        let mut values = plain.values;
        for &i in &plain.missing {
            values[i] = F::nan();
        }
        Ok(Donors::gathered(n, p, |i, j| values[i * p + j]))
    }
}

/// Missing equals missing.
impl<F: Float> PartialEq for Donors<F> {
    fn eq(&self, other: &Self) -> bool {
        let same = |(a, b): (&F, &F)| a == b || a.is_nan() && b.is_nan();
        self.n_donors == other.n_donors
            && self.n_features == other.n_features
            && self.values.iter().zip(&other.values).all(same)
    }
}

impl<F: Float> Donors<F> {
    /// The rows of `x` (n_donors, n_features).
    pub(super) fn new(x: &ArrayRef2<F>, missing: Missing<F>) -> Self {
        let (n, p) = x.dim();
        Self::gathered(n, p, |i, j| {
            let v = x[[i, j]];
            if missing.is(v) { F::nan() } else { v }
        })
    }

    fn gathered(n: usize, p: usize, value: impl Fn(usize, usize) -> F) -> Self {
        let stride = n.next_multiple_of(LANES);
        let mut values = vec![F::nan(); stride * p];
        // A few rows at a time: both sides stay in the cache.
        for first in (0..n).step_by(LANES) {
            for j in 0..p {
                for i in first..n.min(first + LANES) {
                    values[j * stride + i] = value(i, j);
                }
            }
        }
        Donors {
            n_donors: n,
            n_features: p,
            values,
        }
    }

    pub(super) fn n_donors(&self) -> usize {
        self.n_donors
    }

    pub(super) fn n_features(&self) -> usize {
        self.n_features
    }

    fn stride(&self) -> usize {
        self.n_donors.next_multiple_of(LANES)
    }

    fn value(&self, donor: usize, feature: usize) -> F {
        self.values[feature * self.stride() + donor]
    }

    /// The values of a feature, NaN where missing.
    pub(super) fn feature(&self, feature: usize) -> &[F] {
        &self.values[feature * self.stride()..][..self.n_donors]
    }

    /// A power of two that brings squares of the values into the range of the type: 1 unless they are extreme.
    pub(super) fn scale(&self) -> F {
        let largest = self.values.iter().fold(0.0f64, |m, v| m.max(v.f64().abs()));
        let limit = if F::NAME == "f32" { 40.0 } else { 400.0 };
        let exponent = largest.log2().floor();
        if largest == 0.0 || exponent.abs() <= limit {
            return F::one();
        }
        F::of((-exponent).clamp(-2.5 * limit, 2.5 * limit).exp2())
    }

    /// The mean squared difference of each receiver to each donor over the features that both have, NaN where there are
    /// none: `out[receiver * n_donors.next_multiple_of(32) + donor]`.
    pub(super) fn distances(&self, receivers: &[Vec<(usize, F)>], scale: F, out: &mut [F]) {
        let stride = self.stride();
        simd(
            #[inline(always)]
            || {
                for first in (0..stride).step_by(TILE) {
                    let last = stride.min(first + TILE);
                    for (known, out) in receivers.iter().zip(out.chunks_exact_mut(stride)) {
                        for from in (first..last).step_by(LANES) {
                            let out = &mut out[from..from + LANES];
                            if scale == F::one() {
                                self.step::<false>(known, from, scale, out);
                            } else {
                                self.step::<true>(known, from, scale, out);
                            }
                        }
                    }
                }
            },
        );
    }

    #[inline(always)]
    fn step<const SCALED: bool>(&self, known: &[(usize, F)], from: usize, scale: F, out: &mut [F]) {
        let stride = self.stride();
        let mut sums = [F::zero(); LANES];
        let mut counts = [F::zero(); LANES];
        for &(feature, value) in known {
            let start = feature * stride + from;
            if let Ok(donors) = <&[F; LANES]>::try_from(&self.values[start..start + LANES]) {
                let value = if SCALED { value * scale } else { value };
                for l in 0..LANES {
                    let other = if SCALED { donors[l] * scale } else { donors[l] };
                    let difference = value - other;
                    let there = !difference.is_nan();
                    sums[l] += if there {
                        difference * difference
                    } else {
                        F::zero()
                    };
                    counts[l] += if there { F::one() } else { F::zero() };
                }
            }
        }
        for (out, (sum, count)) in out.iter_mut().zip(sums.into_iter().zip(counts)) {
            *out = sum / count;
        }
    }

    /// Room for the distances of so many receivers.
    pub(super) fn room(&self, receivers: usize) -> Vec<F> {
        vec![F::zero(); receivers * self.stride()]
    }

    /// The features that a row has, with its values.
    pub(super) fn known(row: ArrayView1<'_, F>, missing: Missing<F>) -> Vec<(usize, F)> {
        let each = row.iter().copied().enumerate();
        each.filter(|&(_, v)| !missing.is(v)).collect()
    }
}

/// A donor: its distance and its position.
pub(super) type Near<F> = (F, u32);

fn order<F: Float>(a: &Near<F>, b: &Near<F>) -> std::cmp::Ordering {
    a.0.f64().total_cmp(&b.0.f64()).then(a.1.cmp(&b.1))
}

/// The `k` nearest of `found`, nearest first, of equal distances the first rows first.
pub(super) fn nearest_of<F: Float>(found: &mut Vec<Near<F>>, k: usize) {
    if found.len() > k {
        found.select_nth_unstable_by(k, order);
        found.truncate(k);
    }
    found.sort_unstable_by(order);
}

/// The `k` smallest distances, smallest first; fewer where fewer are numbers.
pub(super) fn nearest<F: Float>(distances: &[F], k: usize, found: &mut Vec<Near<F>>) {
    let limit = guess(distances, k);
    collect(distances, limit, found);
    if found.len() < k && limit < F::infinity() {
        collect(distances, F::infinity(), found);
    }
    nearest_of(found, k);
}

/// A distance that some more than `k` are below, from a sample; infinite for all.
fn guess<F: Float>(distances: &[F], k: usize) -> F {
    let n = distances.len();
    if n <= 2 * SAMPLE {
        return F::infinity();
    }
    // An odd step visits every lane of a periodic order.
    let step = (n / SAMPLE) | 1;
    let sample = distances.iter().step_by(step).filter(|v| !v.is_nan());
    let mut sample: Vec<F> = sample.copied().collect();
    let rank = 2 * k / step + 4;
    if rank >= sample.len() {
        return F::infinity();
    }
    *sample
        .select_nth_unstable_by(rank, |a, b| a.f64().total_cmp(&b.f64()))
        .1
}

/// Distances up to `limit`, in the order of the donors.
fn collect<F: Float>(distances: &[F], limit: F, found: &mut Vec<Near<F>>) {
    found.clear();
    simd(
        #[inline(always)]
        || {
            let (blocks, tail) = distances.as_chunks::<LANES>();
            for (block, first) in blocks.iter().zip((0u32..).step_by(LANES)) {
                if block.iter().fold(false, |any, &v| any | (v <= limit)) {
                    let each = block.iter().zip(first..);
                    found.extend(each.filter(|(v, _)| **v <= limit).map(|(v, i)| (*v, i)));
                }
            }
            let each = tail.iter().zip((distances.len() - tail.len()) as u32..);
            found.extend(each.filter(|(v, _)| **v <= limit).map(|(v, i)| (*v, i)));
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use ndarray::{Array2, array};

    fn donors(x: &Array2<f64>) -> Donors<f64> {
        Donors::new(x, Missing::new(f64::NAN))
    }

    fn distances(x: &Array2<f64>, row: ArrayView1<'_, f64>) -> Vec<f64> {
        let donors = donors(x);
        let known = vec![Donors::known(row, Missing::new(f64::NAN))];
        let mut out = donors.room(1);
        donors.distances(&known, donors.scale(), &mut out);
        out.truncate(x.nrows());
        out
    }

    #[test]
    fn mean_squares_over_what_both_have() {
        let x = array![
            [0.0, 3.0, f64::NAN],
            [f64::NAN, f64::NAN, 1.0],
            [1.0, 1.0, 1.0]
        ];
        let found = distances(&x, array![2.0, f64::NAN, 5.0].view());
        assert_eq!(found[0], 4.0);
        assert_eq!(found[1], 16.0);
        assert_eq!(found[2], (1.0 + 16.0) / 2.0);
        let none = distances(&x, array![f64::NAN, 1.0, f64::NAN].view());
        assert!(none[1].is_nan() && none[0] == 4.0);
    }

    #[test]
    fn extreme_values_keep_their_order() {
        let x = array![[1e300, 0.0], [2e300, 0.0], [4e300, 0.0]];
        let found = distances(&x, array![0.0, f64::NAN].view());
        assert!(found[0] < found[1] && found[1] < found[2] && found[2].is_finite());
        let found = distances(&(&x / 1e300 * 1e-200), array![0.0, f64::NAN].view());
        assert!(found[0] > 0.0 && found[0] < found[1] && found[1] < found[2]);
    }

    #[test]
    fn the_nearest_are_those_of_a_sort() {
        let mut rng = random::generator(3);
        for n in [1, 31, 32, 33, 700, 3001] {
            // Whole numbers, so that there are ties; some are missing.
            let distances: Vec<f64> = (0..n)
                .map(|_| (random::uniform(&mut rng) * 40.0).floor())
                .map(|v| if v > 35.0 { f64::NAN } else { v })
                .collect();
            let mut sorted: Vec<Near<f64>> = distances
                .iter()
                .copied()
                .zip(0..)
                .filter(|(v, _)| !v.is_nan())
                .collect();
            sorted.sort_by(order);
            for k in [1, 5, 40, n, 2 * n] {
                let mut found = Vec::new();
                nearest(&distances, k, &mut found);
                assert_eq!(found, sorted[..k.min(sorted.len())], "{n} {k}");
            }
        }
    }

    #[test]
    fn files_hold_finite_numbers_and_hostile_ones_are_refused() {
        let x = array![[1.0, f64::NAN], [f64::NAN, 2.0], [3.0, 4.0]];
        let json = serde_json::to_string(&donors(&x)).unwrap();
        assert_eq!(
            json,
            r#"{"n_donors":3,"n_features":2,"values":[1.0,0.0,0.0,2.0,3.0,4.0],"missing":[1,2]}"#
        );
        assert_eq!(
            serde_json::from_str::<Donors<f64>>(&json).unwrap(),
            donors(&x)
        );
        for bad in [
            r#"{"n_donors":3,"n_features":1,"values":[1.0,0.0],"missing":[]}"#,
            r#"{"n_donors":0,"n_features":4611686018427387904,"values":[],"missing":[]}"#,
            r#"{"n_donors":1,"n_features":2,"values":[1.0,0.0],"missing":[2]}"#,
            r#"{"n_donors":1,"n_features":2,"values":[1.0,0.0],"missing":[1,0]}"#,
        ] {
            assert!(serde_json::from_str::<Donors<f64>>(bad).is_err(), "{bad}");
        }
    }
}
