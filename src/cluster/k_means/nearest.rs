//! Which centre is nearest, and how far each of them is.

use crate::float::Float;
use crate::linalg::simd;

/// Lanes of the centres whose distances are computed together in `f64`.
const WIDE: usize = 8;

/// Centres packed for finding the nearest: in groups of as many as a vector holds, feature by feature.
///
/// |x − c|² is smallest where |c|²/2 − x·c is, which takes one multiply-add a feature. The rows must be about as large as the
/// centres, or digits are lost: see [`Frame`](super::frame::Frame).
pub(super) struct Nearest<F> {
    p: usize,
    /// (groups, p, lanes)
    values: Vec<F>,
    /// |c|²/2, (groups, lanes); infinite where a group is not full.
    halves: Vec<F>,
}

const fn lanes<F>() -> usize {
    64 / size_of::<F>()
}

impl<F: Float> Nearest<F> {
    /// Packs centres of p features, row by row.
    pub(super) fn new(centers: &[F], p: usize) -> Self {
        let (k, lanes) = (centers.len() / p, lanes::<F>());
        let groups = k.div_ceil(lanes);
        let mut values = vec![F::zero(); groups * p * lanes];
        let mut halves = vec![F::infinity(); groups * lanes];
        for (c, center) in centers.chunks_exact(p).enumerate() {
            let (group, lane) = (c / lanes, c % lanes);
            let mut square = 0.0;
            for (j, &v) in center.iter().enumerate() {
                values[(group * p + j) * lanes + lane] = v;
                square += v.f64() * v.f64();
            }
            halves[c] = F::of(square / 2.0);
        }
        Nearest { p, values, halves }
    }

    /// The nearest centre of each row, the first of several.
    pub(super) fn label(&self, rows: &[F], labels: &mut [u32]) {
        simd(
            #[inline(always)]
            || match lanes::<F>() {
                16 => label::<F, 16>(self, rows, labels),
                _ => label::<F, 8>(self, rows, labels),
            },
        );
    }
}

#[inline(always)]
fn label<F: Float, const L: usize>(centers: &Nearest<F>, rows: &[F], labels: &mut [u32]) {
    const ROWS: usize = 4;
    let p = centers.p;
    let (values, halves) = (
        centers.values.as_chunks::<L>().0,
        centers.halves.as_chunks::<L>().0,
    );
    let mut tiles = rows.chunks_exact(ROWS * p);
    let mut outs = labels.chunks_exact_mut(ROWS);
    for (rows, out) in (&mut tiles).zip(&mut outs) {
        tile::<F, L, ROWS>(values, halves, p, rows, out);
    }
    let rest = tiles.remainder().chunks_exact(p);
    for (row, out) in rest.zip(outs.into_remainder()) {
        tile::<F, L, 1>(values, halves, p, row, std::slice::from_mut(out));
    }
}

#[inline(always)]
fn tile<F: Float, const L: usize, const R: usize>(
    values: &[[F; L]],
    halves: &[[F; L]],
    p: usize,
    rows: &[F],
    out: &mut [u32],
) {
    let rows: [&[F]; R] = std::array::from_fn(|r| &rows[r * p..(r + 1) * p]);
    let mut least = [[F::infinity(); L]; R];
    let mut at = [[0u32; L]; R];
    for (group, (centers, half)) in values.chunks_exact(p).zip(halves).enumerate() {
        let mut sums = [*half; R];
        for (j, center) in centers.iter().enumerate() {
            for r in 0..R {
                let x = -rows[r][j];
                for l in 0..L {
                    sums[r][l] = x.mul_add(center[l], sums[r][l]);
                }
            }
        }
        for r in 0..R {
            for l in 0..L {
                let less = sums[r][l] < least[r][l];
                least[r][l] = if less { sums[r][l] } else { least[r][l] };
                at[r][l] = if less { group as u32 } else { at[r][l] };
            }
        }
    }
    for r in 0..R {
        let mut best = (F::infinity(), u32::MAX);
        for l in 0..L {
            let found = (least[r][l], at[r][l] * L as u32 + l as u32);
            if found.0 < best.0 || (found.0 == best.0 && found.1 < best.1) {
                best = found;
            }
        }
        out[r] = best.1;
    }
}

/// Centres packed for their squared distances, which are summed from differences in `f64`.
pub(super) struct Distances {
    p: usize,
    k: usize,
    /// (groups, p, lanes)
    values: Vec<f64>,
}

impl Distances {
    /// Packs centres of p features, row by row.
    pub(super) fn new<F: Float>(centers: &[F], p: usize) -> Self {
        let k = centers.len() / p;
        let mut values = vec![0.0; k.div_ceil(WIDE) * p * WIDE];
        for (c, center) in centers.chunks_exact(p).enumerate() {
            for (j, v) in center.iter().enumerate() {
                values[(c / WIDE * p + j) * WIDE + c % WIDE] = v.f64();
            }
        }
        Distances { p, k, values }
    }

    /// Calls `each` with the number of each row and its k squared distances.
    pub(super) fn squared<F: Float>(&self, rows: &[F], mut each: impl FnMut(usize, &[f64])) {
        let mut found = vec![0.0; self.k.next_multiple_of(WIDE)];
        simd(
            #[inline(always)]
            || {
                for (i, row) in rows.chunks_exact(self.p).enumerate() {
                    self.one(row, &mut found);
                    each(i, &found[..self.k]);
                }
            },
        );
    }

    #[inline(always)]
    fn one<F: Float>(&self, row: &[F], out: &mut [f64]) {
        let centers = self.values.as_chunks::<WIDE>().0;
        let outs = out.as_chunks_mut::<WIDE>().0;
        for (centers, out) in centers.chunks_exact(self.p).zip(outs) {
            let mut sums = [0.0; WIDE];
            for (center, x) in centers.iter().zip(row) {
                let x = x.f64();
                for l in 0..WIDE {
                    let difference = x - center[l];
                    sums[l] = difference.mul_add(difference, sums[l]);
                }
            }
            *out = sums;
        }
    }
}

/// |a − b|², in `f64`.
#[inline(always)]
pub(super) fn squared_distance<F: Float>(a: &[F], b: &[F]) -> f64 {
    let mut sums = [0.0; WIDE];
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<WIDE>(), b.as_chunks::<WIDE>());
    for (a, b) in a.iter().zip(b) {
        for l in 0..WIDE {
            let difference = a[l].f64() - b[l].f64();
            sums[l] = difference.mul_add(difference, sums[l]);
        }
    }
    let rest = a_rest.iter().zip(b_rest);
    let rest = rest.map(|(a, b)| (a.f64() - b.f64()).powi(2));
    sums.iter().sum::<f64>() + rest.sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    fn numbers<F: Float>(n: usize, seed: u64) -> Vec<F> {
        let mut rng = random::generator(seed);
        (0..n)
            .map(|_| F::of(random::standard_normal(&mut rng)))
            .collect()
    }

    fn nearest_is_nearest<F: Float>() {
        for (n, k, p) in [(1, 1, 1), (5, 3, 2), (23, 8, 7), (31, 17, 9), (40, 33, 20)] {
            let (rows, centers) = (numbers::<F>(n * p, 1), numbers::<F>(k * p, 2));
            let mut labels = vec![0; n];
            Nearest::new(&centers, p).label(&rows, &mut labels);
            let mut seen = 0;
            Distances::new(&centers, p).squared(&rows, |i, squares| {
                seen += 1;
                assert_eq!(squares.len(), k);
                for (c, center) in centers.chunks(p).enumerate() {
                    let plain = squared_distance(&rows[i * p..(i + 1) * p], center);
                    assert!((squares[c] - plain).abs() <= 1e-12 * (1.0 + plain));
                }
                let least = squares.iter().fold(f64::INFINITY, |m, &v| m.min(v));
                assert!(squares[labels[i] as usize] <= least + 1e-5);
            });
            assert_eq!(seen, n);
        }
    }

    #[test]
    fn the_nearest_centre_is_found_in_both_precisions() {
        nearest_is_nearest::<f64>();
        nearest_is_nearest::<f32>();
    }

    #[test]
    fn the_first_of_equal_centres_is_taken() {
        let centers: Vec<f64> = [[1.0, 2.0]; 19].concat();
        let mut labels = vec![7; 5];
        Nearest::new(&centers, 2).label(&numbers(10, 3), &mut labels);
        assert_eq!(labels, [0; 5]);
    }
}
