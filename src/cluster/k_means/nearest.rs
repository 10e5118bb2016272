//! Which centre is nearest, and how far each of them is.

use pulp::{Simd, WithSimd};

use crate::float::Float;
use crate::linalg::lanes::Lanes;
use crate::linalg::simd;

/// Lanes of the centres whose distances are computed together in `f64`.
const WIDE: usize = 8;

/// Bytes of the widest vector.
const LINE: usize = 64;

/// Lines of centres of a panel, at most.
const LINES: usize = 4;

/// Centres packed for finding the nearest: in panels of a few vectors, feature by feature.
///
/// |x − c|² is smallest where |c|²/2 − x·c is, which takes one multiply-add a feature. The rows must be about as large as the
/// centres, or digits are lost: see [`Frame`](super::frame::Frame). A tile of rows by centres stays in registers over the
/// features, as in a product of matrices, and what is least so far beside it.
pub(super) struct Nearest<F> {
    p: usize,
    /// Panels of (p, lines of the panel, lanes): the centres, negative.
    values: Vec<F>,
    /// |c|²/2; infinite where a line is not full.
    halves: Vec<F>,
    /// Where the panels start, in lines, and the end of the last.
    starts: Vec<usize>,
}

/// Features whose products are summed without a look at what is left.
const STEP: usize = 4;

/// Elements of the widest vector, of the smallest type.
const MOST_LANES: usize = LINE / size_of::<f32>();

/// Elements of a line.
const fn lane_count<F>() -> usize {
    LINE / size_of::<F>()
}

impl<F: Float> Nearest<F> {
    /// Packs centres of p features, row by row.
    pub(super) fn new(centers: &[F], p: usize) -> Self {
        let lanes = lane_count::<F>();
        let lines = (centers.len() / p).div_ceil(lanes);
        let panels = lines.div_ceil(LINES);
        let starts: Vec<usize> = (0..=panels).map(|i| lines * i / panels).collect();
        let mut values = vec![F::zero(); lines * lanes * p];
        let mut halves = vec![F::infinity(); lines * lanes];
        for panel in starts.windows(2) {
            let width = (panel[1] - panel[0]) * lanes;
            let first = panel[0] * lanes;
            let values = &mut values[first * p..];
            let centers = centers[first * p..].chunks_exact(p).take(width);
            for (c, center) in centers.enumerate() {
                let mut square = 0.0;
                for (j, &v) in center.iter().enumerate() {
                    values[j * width + c] = -v;
                    square += v.f64() * v.f64();
                }
                halves[first + c] = F::of(square / 2.0);
            }
        }
        Nearest {
            p,
            values,
            halves,
            starts,
        }
    }

    /// The nearest centre of each row, the first of several.
    pub(super) fn label(&self, rows: &[F], labels: &mut [u32]) {
        pulp::Arch::new().dispatch(Label {
            centers: self,
            rows,
            labels,
        });
    }
}

struct Label<'a, F> {
    centers: &'a Nearest<F>,
    rows: &'a [F],
    labels: &'a mut [u32],
}

impl<F: Float> WithSimd for Label<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        const ROWS: usize = 6;
        let p = self.centers.p;
        let mut tiles = self.rows.chunks_exact(ROWS * p);
        let mut outs = self.labels.chunks_exact_mut(ROWS);
        for (rows, out) in (&mut tiles).zip(&mut outs) {
            self.centers.tile::<S, ROWS>(simd, rows, out);
        }
        let rest = tiles.remainder().chunks_exact(p);
        for (row, out) in rest.zip(outs.into_remainder()) {
            self.centers
                .tile::<S, 1>(simd, row, std::slice::from_mut(out));
        }
    }
}

/// The least of each lane so far, and the number of the vector it was in.
struct Least<F: Lanes, S: Simd, const R: usize> {
    value: [F::Vector<S>; R],
    at: [F::Vector<S>; R],
}

impl<F: Float> Nearest<F> {
    #[inline(always)]
    fn tile<S: Simd, const R: usize>(&self, simd: S, rows: &[F], out: &mut [u32]) {
        let lanes = F::lanes::<S>();
        let per_line = lane_count::<F>() / lanes;
        let widest = if S::REGISTER_COUNT >= 32 { 4 } else { 2 };
        let p = self.p;
        let rows: [&[F]; R] = std::array::from_fn(|r| &rows[r * p..][..p]);
        let mut least = Least::<F, S, R> {
            value: [F::splat(simd, F::infinity()); R],
            at: [F::splat(simd, F::zero()); R],
        };
        for panel in self.starts.windows(2) {
            let (start, vectors) = (panel[0] * per_line, (panel[1] - panel[0]) * per_line);
            let values = &self.values[start * lanes * p..][..vectors * lanes * p];
            let mut vector = 0;
            while vector < vectors {
                let wide = (vectors - vector).min(widest);
                let part = Part {
                    values: &values[vector * lanes..],
                    stride: vectors * lanes,
                    halves: &self.halves[(start + vector) * lanes..][..wide * lanes],
                    first: start + vector,
                };
                match wide {
                    4 => part.compare::<S, 4, R>(simd, &rows, &mut least),
                    3 => part.compare::<S, 3, R>(simd, &rows, &mut least),
                    2 => part.compare::<S, 2, R>(simd, &rows, &mut least),
                    _ => part.compare::<S, 1, R>(simd, &rows, &mut least),
                }
                vector += wide;
            }
        }
        let mut lane = [F::zero(); MOST_LANES];
        for (i, lane) in lane.iter_mut().enumerate() {
            *lane = F::of(i as f64);
        }
        let (lane, none) = (F::vectors::<S>(&lane)[0], F::splat(simd, F::infinity()));
        for ((out, value), at) in out.iter_mut().zip(least.value).zip(least.at) {
            // The first vector that holds the least value, then its first lane.
            let smallest = F::splat(simd, F::least(simd, value));
            let at = F::select_less(simd, smallest, value, none, at);
            let vector = F::least(simd, at);
            let lane = F::select_less(simd, F::splat(simd, vector), at, none, lane);
            let lane = F::least(simd, lane);
            *out = vector.f64() as u32 * lanes as u32 + lane.f64() as u32;
        }
    }
}

/// A few vectors of centres.
struct Part<'a, F> {
    values: &'a [F],
    /// From one feature to the next.
    stride: usize,
    halves: &'a [F],
    /// The number of the first vector.
    first: usize,
}

impl<F: Float> Part<'_, F> {
    #[inline(always)]
    fn compare<S: Simd, const V: usize, const R: usize>(
        &self,
        simd: S,
        rows: &[&[F]; R],
        least: &mut Least<F, S, R>,
    ) {
        let width = V * F::lanes::<S>();
        let mut tile = [[F::splat(simd, F::zero()); V]; R];
        for sums in &mut tile {
            sums.copy_from_slice(F::vectors::<S>(self.halves));
        }
        let (stride, p) = (self.stride, rows[0].len());
        let whole = p / STEP * STEP;
        let steps: [&[[F; STEP]]; R] = std::array::from_fn(|r| rows[r][..p].as_chunks().0);
        let values = self.values.chunks(STEP * stride);
        for (step, values) in values.take(p / STEP).enumerate() {
            let x: [&[F; STEP]; R] = std::array::from_fn(|r| &steps[r][step]);
            for j in 0..STEP {
                let centers: &[F::Vector<S>] =
                    &F::vectors::<S>(&values[j * stride..][..width])[..V];
                for (sums, x) in tile.iter_mut().zip(x) {
                    let x = F::splat(simd, x[j]);
                    for (sum, &c) in sums.iter_mut().zip(centers) {
                        *sum = <F as Lanes>::mul_add(simd, x, c, *sum);
                    }
                }
            }
        }
        for j in whole..p {
            let centers: &[F::Vector<S>] =
                &F::vectors::<S>(&self.values[j * stride..][..width])[..V];
            for (sums, row) in tile.iter_mut().zip(rows) {
                let x = F::splat(simd, row[j]);
                for (sum, &c) in sums.iter_mut().zip(centers) {
                    *sum = <F as Lanes>::mul_add(simd, x, c, *sum);
                }
            }
        }
        for v in 0..V {
            let at = F::splat(simd, F::of((self.first + v) as f64));
            for ((sums, value), to) in tile.iter().zip(&mut least.value).zip(&mut least.at) {
                *to = F::select_less(simd, sums[v], *value, at, *to);
                *value = F::select_less(simd, sums[v], *value, sums[v], *value);
            }
        }
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

/// |a|², in `f64`.
#[inline(always)]
pub(super) fn square_length<F: Float>(a: &[F]) -> f64 {
    let mut sums = [0.0; WIDE];
    let (a, rest) = a.as_chunks::<WIDE>();
    for a in a {
        for l in 0..WIDE {
            sums[l] = a[l].f64().mul_add(a[l].f64(), sums[l]);
        }
    }
    sums.iter().sum::<f64>() + rest.iter().map(|v| v.f64().powi(2)).sum::<f64>()
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
