//! What pushes points apart, and what pulls them together.

#![allow(clippy::needless_range_loop)] // kernels over coordinates and lanes

use ndarray::Array2;

use super::affinities::Affinities;
use super::tree::{Node, Tree};
use crate::linalg::simd;
use crate::parallel;

/// Points that walk through the tree together.
const LANES: usize = 8;
/// Groups of points of one task.
const GROUPS: usize = 16;

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

/// Σⱼ q²(yᵢ, yⱼ) (yᵢ − yⱼ) for each point, and the sum of q over all pairs, both ways; by cells whose side is below `angle`
/// times their distance (J. Barnes and P. Hut, 1986).
///
/// Neighbouring points visit cells together: a cell is summed up only where it is far enough from all of them, so that the
/// result is at least as accurate as point by point, and vector units are full.
pub(super) fn repulsion<const D: usize>(
    tree: &Tree<D>,
    angle: f64,
    dof: f64,
) -> (Vec<[f64; D]>, f64) {
    let n = tree.points.len();
    let mut forces = vec![[0.0; D]; n];
    let parts = parallel::map_chunks_mut(&mut forces, GROUPS * LANES, |range, out| {
        let mut sum = 0.0;
        for (g, out) in out.chunks_mut(LANES).enumerate() {
            let first = range.start + g * LANES;
            sum += simd(
                #[inline(always)]
                || group(tree, first, out, angle * angle, dof),
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
    out: &mut [[f64; D]],
    angle: f64,
    dof: f64,
) -> f64 {
    let used = out.len();
    let mut at = [[0.0; LANES]; D];
    for lane in 0..LANES {
        let point = &tree.points[first + lane.min(used - 1)];
        for a in 0..D {
            at[a][lane] = point[a];
        }
    }
    let mut force = [[0.0; LANES]; D];
    let mut sum = [0.0; LANES];
    let mut node = 0;
    while let Some(cell) = tree.nodes.get(node) {
        let inside = (cell.first as usize) < first + used && first < cell.last as usize;
        if cell.lump || (!inside && far(cell, &at, angle)) {
            add(&at, &cell.centre, cell.count, dof, &mut force, &mut sum);
            node = cell.next as usize;
        } else {
            if cell.leaf {
                for point in &tree.points[cell.first as usize..cell.last as usize] {
                    add(&at, point, 1.0, dof, &mut force, &mut sum);
                }
            }
            node += 1;
        }
    }
    for (lane, out) in out.iter_mut().enumerate() {
        for a in 0..D {
            out[a] = force[a][lane];
        }
    }
    // Each point met itself once.
    sum[..used].iter().sum::<f64>() - used as f64
}

#[inline(always)]
fn far<const D: usize>(cell: &Node<D>, at: &[[f64; LANES]; D], angle: f64) -> bool {
    let mut square = [0.0; LANES];
    for a in 0..D {
        for (s, v) in square.iter_mut().zip(&at[a]) {
            let d = v - cell.centre[a];
            *s += d * d;
        }
    }
    let mut near = false;
    for s in square {
        near |= s * angle <= cell.side;
    }
    !near
}

#[inline(always)]
fn add<const D: usize>(
    at: &[[f64; LANES]; D],
    point: &[f64; D],
    count: f64,
    dof: f64,
    force: &mut [[f64; LANES]; D],
    sum: &mut [f64; LANES],
) {
    let mut square = [0.0; LANES];
    let mut apart = [[0.0; LANES]; D];
    for a in 0..D {
        for lane in 0..LANES {
            let d = at[a][lane] - point[a];
            apart[a][lane] = d;
            square[lane] += d * d;
        }
    }
    let mut weight = [0.0; LANES];
    for lane in 0..LANES {
        let q = student(square[lane], dof);
        sum[lane] += count * q;
        weight[lane] = count * q * q;
    }
    for a in 0..D {
        for lane in 0..LANES {
            force[a][lane] += weight[lane] * apart[a][lane];
        }
    }
}

/// Σⱼ pᵢⱼ q (yᵢ − yⱼ) for each point over its neighbours; with `sum`, of q over all pairs, also Σ p ln(p / q).
pub(super) fn attraction<const D: usize>(
    points: &[[f64; D]],
    p: &Affinities,
    factor: f64,
    dof: f64,
    sum: Option<f64>,
) -> (Vec<[f64; D]>, f64) {
    let tiny = f64::from(f32::MIN_POSITIVE);
    let mut forces = vec![[0.0; D]; points.len()];
    let parts = parallel::map_chunks_mut(&mut forces, 64, |range, out| {
        let mut divergence = 0.0;
        for (i, out) in range.zip(out) {
            let here = points[i];
            let mine = p.start[i]..p.start[i + 1];
            let mut force = [0.0; D];
            for (&j, &p) in p.neighbours[mine.clone()].iter().zip(&p.weights[mine]) {
                let p = p * factor;
                let there = points[j as usize];
                let mut apart = [0.0; D];
                let mut square = 0.0;
                for a in 0..D {
                    apart[a] = here[a] - there[a];
                    square += apart[a] * apart[a];
                }
                let q = student(square, dof);
                for a in 0..D {
                    force[a] += p * q * apart[a];
                }
                if let Some(sum) = sum {
                    divergence += p * (p.max(tiny) / (q / sum).max(tiny)).ln();
                }
            }
            *out = force;
        }
        divergence
    });
    (forces, parts.iter().sum())
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
    use super::*;
    use crate::random::{generator, standard_normal};

    #[test]
    fn opening_all_cells_is_exact_and_summing_up_is_near() {
        let mut rng = generator(3);
        let mut points: Vec<[f64; 2]> = (0..203)
            .map(|_| [standard_normal(&mut rng) * 5.0, standard_normal(&mut rng)])
            .collect();
        points.extend([[1.0, 1.0]; 20]);
        for dof in [1.0, 2.0] {
            let mut sum = 0.0;
            let mut expected = vec![[0.0; 2]; points.len()];
            for (i, a) in points.iter().enumerate() {
                for (j, b) in points.iter().enumerate().filter(|(j, _)| *j != i) {
                    let _ = j;
                    let d = [a[0] - b[0], a[1] - b[1]];
                    let q = student(d[0] * d[0] + d[1] * d[1], dof);
                    sum += q;
                    expected[i][0] += q * q * d[0];
                    expected[i][1] += q * q * d[1];
                }
            }
            let tree = Tree::new(&points);
            for (angle, tolerance) in [(0.0, 1e-9), (0.2, 2e-3), (0.5, 2e-2)] {
                let (forces, found) = repulsion(&tree, angle, dof);
                assert!((found / sum - 1.0).abs() < tolerance, "{angle} {dof}");
                let norm = |f: &[f64; 2]| (f[0] * f[0] + f[1] * f[1]).sqrt();
                let typical = expected.iter().map(norm).sum::<f64>() / expected.len() as f64;
                for (a, b) in forces.iter().zip(&expected) {
                    let d = norm(&[a[0] - b[0], a[1] - b[1]]);
                    assert!(
                        d < tolerance * 10.0 * typical,
                        "{angle} {dof}: {d} of {typical}"
                    );
                }
            }
        }
    }
}
