//! What pushes points apart, and what pulls them together.

#![allow(clippy::needless_range_loop)] // kernels over coordinates and lanes

use ndarray::Array2;
use pulp::{Simd, WithSimd, bytemuck};

use super::affinities::Affinities;
use super::tree::Tree;
use crate::elementary;
use crate::linalg::simd;
use crate::parallel;

/// Points side by side in a vector.
const LANES: usize = 16;
/// Vectors of points that walk through the tree together.
const VECTORS: usize = 2;
const GROUP: usize = LANES * VECTORS;
/// Groups of points of one task.
const GROUPS: usize = 8;

type Lanes = [f32; LANES];

/// (1 + d² / dof)^(−(dof + 1) / 2), for one or two degrees of freedom and any other.
#[inline(always)]
fn student(square: f64, dof: f64) -> f64 {
    let q = dof / (dof + square);
    if dof == 1.0 {
        q
    } else {
        q.powf((dof + 1.0) / 2.0)
    }
}

/// [`student`] with the degrees of freedom of a map of D dimensions.
#[inline(always)]
fn of_map<const D: usize>(square: f32) -> f32 {
    if D < 3 {
        1.0 / (1.0 + square)
    } else {
        let q = 2.0 / (2.0 + square);
        q * q.sqrt()
    }
}

/// [`of_map`] of two squares, with one division where that is enough.
#[inline(always)]
fn two_of_map<const D: usize>(a: f32, b: f32) -> (f32, f32) {
    if D < 3 {
        let (a, b) = (1.0 + a, 1.0 + b);
        let both = 1.0 / (a * b);
        (both * b, both * a)
    } else {
        (of_map::<D>(a), of_map::<D>(b))
    }
}

/// A cell, or a point, that pushes.
#[derive(Clone, Copy)]
struct Source<const D: usize> {
    at: [f32; D],
    count: f32,
}

/// Σⱼ q²(yᵢ, yⱼ) (yᵢ − yⱼ) for each point, and the sum of q over all pairs, both ways; by cells whose side is below the
/// angle times their distance (J. Barnes and P. Hut, 1986).
///
/// Neighbouring points visit cells together: a cell is summed up only where it is far enough from all of them, so that the
/// result is at least as accurate as point by point. What they meet is written down first, and then pushes them without a
/// branch, in full vectors.
pub(super) fn repulsion<const D: usize>(tree: &Tree<D>) -> (Vec<[f64; D]>, f64) {
    let n = tree.points.len();
    let mut forces = vec![[0.0; D]; n];
    let parts = parallel::map_chunks_mut(&mut forces, GROUPS * GROUP, |range, out| {
        let mut met = Vec::new();
        let mut sum = 0.0;
        for (g, out) in out.chunks_mut(GROUP).enumerate() {
            let first = range.start + g * GROUP;
            sum += simd(
                #[inline(always)]
                || group(tree, first, &mut met, out),
            );
        }
        sum
    });
    let mut given = vec![[0.0; D]; n];
    for (force, &i) in forces.into_iter().zip(&tree.order) {
        given[i as usize] = force;
    }
    (given, parts.iter().sum())
}

#[inline(always)]
fn group<const D: usize>(
    tree: &Tree<D>,
    first: usize,
    met: &mut Vec<Source<D>>,
    out: &mut [[f64; D]],
) -> f64 {
    let last = first + out.len();
    let mut at = [[[0.0; LANES]; D]; VECTORS];
    for v in 0..VECTORS {
        for lane in 0..LANES {
            let point = &tree.points[(first + v * LANES + lane).min(last - 1)];
            for a in 0..D {
                at[v][a][lane] = point[a];
            }
        }
    }
    met.clear();
    let mut node = 0;
    while let Some(cell) = tree.nodes.get(node) {
        let (from, to) = (cell.first as usize, cell.last as usize);
        let apart = to <= first || last <= from;
        if cell.near < 0.0 || (apart && far(&cell.centre, cell.near, &at)) {
            // Points of the group may lie in a lump; they meet each other below.
            let own = to.min(last).saturating_sub(from.max(first));
            met.push(Source {
                at: cell.centre,
                count: cell.count - own as f32,
            });
            node = cell.next as usize;
        } else {
            node += 1;
            if cell.next as usize == node {
                for i in (from..to).filter(|i| !(first..last).contains(i)) {
                    met.push(Source {
                        at: tree.points[i],
                        count: 1.0,
                    });
                }
            }
        }
    }
    let mut sum = 0.0;
    for (v, out) in out.chunks_mut(LANES).enumerate() {
        let mut pushed = Pushed::default();
        pushed.by(&at[v], met);
        for (i, point) in tree.points[first..last].iter().enumerate() {
            // A point does not meet itself.
            let others: Lanes = std::array::from_fn(|lane| f32::from(i != v * LANES + lane));
            pushed.one(&at[v], point, &others);
        }
        for (lane, out) in out.iter_mut().enumerate() {
            for a in 0..D {
                out[a] = f64::from(pushed.force[a][lane]);
            }
            sum += f64::from(pushed.sum[lane]);
        }
    }
    sum
}

/// Whether a cell is farther than `near`, a square, from all points.
#[inline(always)]
fn far<const D: usize>(centre: &[f32; D], near: f32, at: &[[Lanes; D]; VECTORS]) -> bool {
    let mut any = false;
    for at in at {
        let mut square = [0.0; LANES];
        for a in 0..D {
            for lane in 0..LANES {
                let d = at[a][lane] - centre[a];
                square[lane] += d * d;
            }
        }
        for s in square {
            any |= s <= near;
        }
    }
    !any
}

/// What points side by side have met.
struct Pushed<const D: usize> {
    force: [Lanes; D],
    sum: Lanes,
}

impl<const D: usize> Default for Pushed<D> {
    fn default() -> Self {
        Pushed {
            force: [[0.0; LANES]; D],
            sum: [0.0; LANES],
        }
    }
}

impl<const D: usize> Pushed<D> {
    /// Pushed by sources, two at a time.
    #[inline(always)]
    fn by(&mut self, at: &[Lanes; D], sources: &[Source<D>]) {
        let (pairs, rest) = sources.as_chunks::<2>();
        for [a, b] in pairs {
            let (from_a, from_b) = (Apart::new(at, &a.at), Apart::new(at, &b.at));
            let mut q = [[0.0; LANES]; 2];
            for lane in 0..LANES {
                let squares = (from_a.square[lane], from_b.square[lane]);
                (q[0][lane], q[1][lane]) = two_of_map::<D>(squares.0, squares.1);
            }
            self.add(&from_a, &q[0], &[a.count; LANES]);
            self.add(&from_b, &q[1], &[b.count; LANES]);
        }
        for source in rest {
            self.one(at, &source.at, &[source.count; LANES]);
        }
    }

    #[inline(always)]
    fn one(&mut self, at: &[Lanes; D], point: &[f32; D], counts: &Lanes) {
        let apart = Apart::new(at, point);
        self.add(&apart, &apart.square.map(of_map::<D>), counts);
    }

    #[inline(always)]
    fn add(&mut self, from: &Apart<D>, q: &Lanes, counts: &Lanes) {
        let mut weight = [0.0; LANES];
        for lane in 0..LANES {
            let all = counts[lane] * q[lane];
            self.sum[lane] += all;
            weight[lane] = all * q[lane];
        }
        for a in 0..D {
            for lane in 0..LANES {
                self.force[a][lane] = weight[lane].mul_add(from.by[a][lane], self.force[a][lane]);
            }
        }
    }
}

/// How far points are from another.
struct Apart<const D: usize> {
    by: [Lanes; D],
    square: Lanes,
}

impl<const D: usize> Apart<D> {
    #[inline(always)]
    fn new(at: &[Lanes; D], point: &[f32; D]) -> Self {
        let (mut by, mut square) = ([[0.0; LANES]; D], [0.0; LANES]);
        for a in 0..D {
            for lane in 0..LANES {
                by[a][lane] = at[a][lane] - point[a];
                square[lane] = by[a][lane].mul_add(by[a][lane], square[lane]);
            }
        }
        Apart { by, square }
    }
}

/// Affinities, ready to pull: neighbours of each point in whole vectors.
pub(super) struct Springs {
    /// The vectors of point i are those from `start[i]` to `start[i + 1]`.
    start: Vec<usize>,
    /// Filled up with the point itself,
    neighbours: Vec<[u32; LANES]>,
    /// and zeros.
    weights: Vec<Lanes>,
}

impl Springs {
    pub(super) fn new(p: &Affinities) -> Self {
        let n = p.start.len().saturating_sub(1);
        let vectors = |i: usize| (p.start[i + 1] - p.start[i]).div_ceil(LANES);
        let total = (0..n).map(vectors).sum();
        let mut springs = Springs {
            start: Vec::with_capacity(n + 1),
            neighbours: Vec::with_capacity(total),
            weights: Vec::with_capacity(total),
        };
        springs.start.push(0);
        for i in 0..n {
            let mine = p.start[i]..p.start[i + 1];
            let neighbours = p.neighbours[mine.clone()].chunks(LANES);
            for (neighbours, weights) in neighbours.zip(p.weights[mine].chunks(LANES)) {
                let mut all = ([i as u32; LANES], [0.0; LANES]);
                all.0[..neighbours.len()].copy_from_slice(neighbours);
                for (to, &w) in all.1.iter_mut().zip(weights) {
                    *to = w as f32;
                }
                springs.neighbours.push(all.0);
                springs.weights.push(all.1);
            }
            springs.start.push(springs.neighbours.len());
        }
        springs
    }
}

/// Σⱼ pᵢⱼ q (yᵢ − yⱼ) for each point over its neighbours.
pub(super) fn attraction<const D: usize>(points: &[[f32; D]], p: &Springs) -> Vec<[f64; D]> {
    let mut forces = vec![[0.0; D]; points.len()];
    parallel::map_chunks_mut(&mut forces, 128, |range, out| {
        let mut there = Vec::new();
        for (i, out) in range.zip(out) {
            let mine = p.start[i]..p.start[i + 1];
            gather(points, &p.neighbours[mine.clone()], &mut there);
            *out = pulp::Arch::new().dispatch(Pull {
                here: &points[i],
                there: &there,
                weights: &p.weights[mine],
            });
        }
    });
    forces
}

/// The coordinates of neighbours, side by side.
fn gather<const D: usize>(
    points: &[[f32; D]],
    neighbours: &[[u32; LANES]],
    there: &mut Vec<[Lanes; D]>,
) {
    there.resize(neighbours.len(), [[0.0; LANES]; D]);
    for (neighbours, there) in neighbours.iter().zip(there) {
        for (lane, &j) in neighbours.iter().enumerate() {
            let point = points[j as usize];
            for a in 0..D {
                there[a][lane] = point[a];
            }
        }
    }
}

/// What neighbours of a point pull it by. Written in vectors, because the compiler takes it apart into single coordinates.
struct Pull<'a, const D: usize> {
    here: &'a [f32; D],
    there: &'a [[Lanes; D]],
    weights: &'a [Lanes],
}

impl<const D: usize> WithSimd for Pull<'_, D> {
    type Output = [f64; D];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [f64; D] {
        let mut force = [simd.splat_f32s(0.0); D];
        let here = self.here.map(|v| simd.splat_f32s(v));
        let one = simd.splat_f32s(1.0);
        let half = simd.splat_f32s(0.5);
        for (there, weights) in self.there.iter().zip(self.weights) {
            let there: [&[S::f32s]; D] = std::array::from_fn(|a| S::as_simd_f32s(&there[a]).0);
            for (v, &weight) in S::as_simd_f32s(weights).0.iter().enumerate() {
                let apart: [S::f32s; D] =
                    std::array::from_fn(|a| simd.sub_f32s(here[a], there[a][v]));
                let mut all = one;
                for d in apart {
                    let d_over = if D < 3 { d } else { simd.mul_f32s(d, half) };
                    all = simd.mul_add_e_f32s(d, d_over, all);
                }
                // As `of_map`.
                let mut q = simd.div_f32s(one, all);
                if D == 3 {
                    q = simd.mul_f32s(q, simd.sqrt_f32s(q));
                }
                let weight = simd.mul_f32s(weight, q);
                for a in 0..D {
                    force[a] = simd.mul_add_e_f32s(weight, apart[a], force[a]);
                }
            }
        }
        force.map(|force| {
            let lanes = [force];
            let lanes = bytemuck::cast_slice::<S::f32s, f32>(&lanes);
            lanes.iter().map(|&v| f64::from(v)).sum()
        })
    }
}

/// Σ p ln(p / q) over neighbours, with q a share of `sum` and probabilities times a factor.
pub(super) fn divergence<const D: usize>(
    points: &[[f32; D]],
    p: &Springs,
    factor: f64,
    sum: f64,
) -> f64 {
    let tiny = f64::from(f32::MIN_POSITIVE);
    let parts = parallel::map_chunks(points.len(), 128, |range| {
        let mut there = Vec::new();
        let mut total = 0.0;
        for i in range {
            let mine = p.start[i]..p.start[i + 1];
            gather(points, &p.neighbours[mine.clone()], &mut there);
            total += simd(
                #[inline(always)]
                || {
                    let mut lanes = [0.0; LANES];
                    for (there, weights) in there.iter().zip(&p.weights[mine]) {
                        let apart = Apart::new(there, &points[i]);
                        for lane in 0..LANES {
                            let p = f64::from(weights[lane]) * factor;
                            let q = f64::from(of_map::<D>(apart.square[lane])) / sum;
                            lanes[lane] += p * elementary::ln(p.max(tiny) / q.max(tiny));
                        }
                    }
                    lanes.iter().sum::<f64>()
                },
            );
        }
        total
    });
    parts.iter().sum()
}

/// The gradient over 2 (dof + 1) / dof and, if asked for, the divergence, over all pairs of points (n, d).
pub(super) fn exact(
    y: &Array2<f64>,
    p: &Array2<f64>,
    factor: f64,
    dof: f64,
    divergence: bool,
) -> (Array2<f64>, f64) {
    let (n, d) = y.dim();
    let q = |i: usize, j: usize| {
        let square: f64 = (0..d).map(|a| (y[[i, a]] - y[[j, a]]).powi(2)).sum();
        student(square, dof)
    };
    let chunk = ((1 << 14) / n.max(1)).max(1);
    let sums = parallel::map_chunks(n, chunk, |rows| {
        rows.map(|i| (0..n).filter(|&j| j != i).map(|j| q(i, j)).sum::<f64>())
            .sum::<f64>()
    });
    let sum: f64 = sums.iter().sum();
    let parts = parallel::map_chunks(n, chunk, |rows| {
        let mut out = vec![0.0; rows.len() * d];
        let mut total = 0.0;
        for (i, out) in rows.zip(out.chunks_exact_mut(d)) {
            for j in (0..n).filter(|&j| j != i) {
                let near = q(i, j);
                let (p, q) = (p[[i, j]] * factor, (near / sum).max(f64::EPSILON));
                let pull = (p - q) * near;
                for (a, out) in out.iter_mut().enumerate() {
                    *out += pull * (y[[i, a]] - y[[j, a]]);
                }
                if divergence {
                    total += p * (p.max(f64::EPSILON) / q).ln();
                }
            }
        }
        (out, total)
    });
    let total = parts.iter().map(|(_, total)| total).sum();
    let values: Vec<f64> = parts.into_iter().flat_map(|(out, _)| out).collect();
    let gradient = Array2::from_shape_fn((n, d), |(i, a)| values[i * d + a]);
    (gradient, total)
}

#[cfg(test)]
mod tests {
    use super::super::tree::single;
    use super::*;
    use crate::random::{generator, standard_normal};

    fn apart<const D: usize>(a: [f64; D], b: [f64; D]) -> [f64; D] {
        std::array::from_fn(|i| a[i] - b[i])
    }

    fn square<const D: usize>(d: &[f64; D]) -> f64 {
        d.iter().map(|v| v * v).sum()
    }

    fn points<const D: usize>(n: usize) -> Vec<[f64; D]> {
        let mut rng = generator(3);
        let wide = |a: usize| if a == 0 { 5.0 } else { 1.0 };
        let mut point = || std::array::from_fn(|a| wide(a) * standard_normal(&mut rng));
        let mut points: Vec<[f64; D]> = (0..n).map(|_| point()).collect();
        points.extend([[1.0; D]; 50]);
        points
    }

    fn pushes_are_near<const D: usize>(dof: f64) {
        let points = points::<D>(203);
        let mut sum = 0.0;
        let mut expected = vec![[0.0; D]; points.len()];
        for (i, a) in points.iter().enumerate() {
            for (_, b) in points.iter().enumerate().filter(|(j, _)| *j != i) {
                let d = apart(*a, *b);
                let q = student(square(&d), dof);
                sum += q;
                (0..D).for_each(|a| expected[i][a] += q * q * d[a]);
            }
        }
        let typical = expected.iter().map(|f| square(f).sqrt()).sum::<f64>() / 253.0;
        for (angle, tolerance) in [(0.0, 1e-6), (0.2, 2e-3), (0.5, 2e-2)] {
            let (forces, found) = repulsion(&Tree::new(&points, angle));
            assert!(
                (found / sum - 1.0).abs() < tolerance,
                "{D} {angle} {found} {sum}"
            );
            for (a, b) in forces.iter().zip(&expected) {
                let d = square(&apart(*a, *b)).sqrt();
                assert!(
                    d < tolerance * 10.0 * typical,
                    "{D} {angle}: {d} of {typical}"
                );
            }
        }
    }

    #[test]
    fn opening_all_cells_is_exact_and_summing_up_is_near() {
        pushes_are_near::<1>(1.0);
        pushes_are_near::<2>(1.0);
        pushes_are_near::<3>(2.0);
    }

    #[test]
    fn springs_pull_as_the_sums_say() {
        fn check<const D: usize>(dof: f64) {
            let points = points::<D>(30);
            let n = points.len();
            // Points without neighbours, and some with more than a vector of them.
            let near = |i: usize| (0..n).filter(move |&j| j != i && (i * j) % 7 < i % 8);
            let mut p = Affinities {
                start: vec![0],
                neighbours: Vec::new(),
                weights: Vec::new(),
            };
            for i in 0..n {
                for j in near(i) {
                    p.neighbours.push(j as u32);
                    p.weights.push(1e-4 * (1 + (i + j) % 5) as f64);
                }
                p.start.push(p.neighbours.len());
            }
            let (sum, factor) = (321.0, 12.0);
            let mut kl = 0.0;
            let mut expected = vec![[0.0; D]; n];
            for i in 0..n {
                for at in p.start[i]..p.start[i + 1] {
                    let d = apart(points[i], points[p.neighbours[at] as usize]);
                    let (p, q) = (p.weights[at], student(square(&d), dof));
                    (0..D).for_each(|a| expected[i][a] += p * q * d[a]);
                    kl += factor * p * (factor * p / (q / sum)).ln();
                }
            }
            let (springs, single) = (Springs::new(&p), single(&points));
            let forces = attraction(&single, &springs);
            for (a, b) in forces.iter().zip(&expected) {
                assert!(square(&apart(*a, *b)).sqrt() < 1e-6 * (1e-3 + square(b).sqrt()));
            }
            let found = divergence(&single, &springs, factor, sum);
            assert!((found / kl - 1.0).abs() < 1e-6, "{found} {kl}");
        }
        check::<1>(1.0);
        check::<2>(1.0);
        check::<3>(2.0);
    }

    #[test]
    fn points_far_beyond_single_precision_push_nothing() {
        let points = [[0.0, 0.0], [1e300, -1e300], [1e300, 1e300], [-1e300, 1e9]];
        let (forces, sum) = repulsion(&Tree::new(&points, 0.5));
        assert!(forces.as_flattened().iter().all(|v| v.abs() < 1e-9));
        assert!((0.0..1e-9).contains(&sum));
    }
}
