//! A tree of cells over points, flat in memory: nodes follow each other as they are visited.

#![allow(clippy::needless_range_loop)] // kernels over coordinates

/// Points that a cell is not divided for.
const BUCKET: usize = 8;
/// Coordinates are kept within, so that squares of differences stay finite in single precision.
const FARTHEST: f64 = 1e18;

/// A cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<const D: usize> {
    /// The mean of its points.
    pub(super) centre: [f32; D],
    /// How many they are.
    pub(super) count: f32,
    /// The square of its side over the angle: from up to here it is opened. Negative for a leaf of more points than fit,
    /// which all lie in one place.
    pub(super) near: f32,
    /// The node to go to when this one is not opened; the one that follows it for a leaf.
    pub(super) next: u32,
    /// Its points, by their place in the order of the tree.
    pub(super) first: u32,
    pub(super) last: u32,
}

/// Points in the order of a curve that keeps neighbours near each other, and the cells over them.
///
/// Coordinates are single precision, from the middle of all points.
pub(super) struct Tree<const D: usize> {
    /// Where the points of the tree's order are among the given ones.
    pub(super) order: Vec<u32>,
    /// The points in that order.
    pub(super) points: Vec<[f32; D]>,
    pub(super) nodes: Vec<Node<D>>,
}

/// How points are coded: the bits of all coordinates in turn, highest first, and the number of the point below them, so that
/// sorting moves single words.
struct Coding<const D: usize> {
    /// Bits of each coordinate.
    bits: u32,
    /// Bits of the number.
    number: u32,
}

impl<const D: usize> Coding<D> {
    /// As fine as the numbers of n points allow.
    fn new(n: usize) -> Self {
        let number = 64 - (n.max(2) as u64 - 1).leading_zeros();
        let most = [52, 31, 21][D.clamp(1, 3) - 1];
        let bits = ((64 - number) / D as u32).min(most);
        Coding { bits, number }
    }

    /// The code of a point in units of the smallest cells.
    #[inline(always)]
    fn code(&self, point: [f64; D], number: u64) -> u64 {
        let most = ((1u64 << self.bits) - 1) as f64;
        let mut code = 0;
        for v in point {
            code = (code << 1) | spread::<D>(v.min(most) as u64);
        }
        (code << self.number) | number
    }
}

/// The bits of a number, D apart.
#[inline(always)]
fn spread<const D: usize>(mut v: u64) -> u64 {
    match D {
        1 => v,
        2 => {
            for (shift, mask) in [
                (16, 0x0000_ffff_0000_ffff),
                (8, 0x00ff_00ff_00ff_00ff),
                (4, 0x0f0f_0f0f_0f0f_0f0f),
                (2, 0x3333_3333_3333_3333),
                (1, 0x5555_5555_5555_5555),
            ] {
                v = (v | (v << shift)) & mask;
            }
            v
        }
        _ => {
            for (shift, mask) in [
                (32, 0x001f_0000_0000_ffff),
                (16, 0x001f_0000_ff00_00ff),
                (8, 0x100f_00f0_0f00_f00f),
                (4, 0x10c3_0c30_c30c_30c3),
                (2, 0x1249_2492_4924_9249),
            ] {
                v = (v | (v << shift)) & mask;
            }
            v
        }
    }
}

impl<const D: usize> Tree<D> {
    /// Cells are summed up where their side is below `angle` times their distance.
    pub(super) fn new(points: &[[f64; D]], angle: f64) -> Self {
        let n = points.len();
        let mut low = [f64::INFINITY; D];
        let mut high = [f64::NEG_INFINITY; D];
        for point in points {
            for a in 0..D {
                low[a] = low[a].min(point[a]);
                high[a] = high[a].max(point[a]);
            }
        }
        let extent = (0..D).map(|a| high[a] - low[a]).fold(0.0, f64::max);
        let coding = Coding::<D>::new(n);
        let cells = (1u64 << coding.bits) as f64;
        let scale = if extent > 0.0 { cells / extent } else { 0.0 };
        let mut codes: Vec<u64> = (points.iter().zip(0..))
            .map(|(point, i)| coding.code(std::array::from_fn(|a| (point[a] - low[a]) * scale), i))
            .collect();
        codes.sort_unstable();
        let number = (1u64 << coding.number) - 1;
        let order: Vec<u32> = codes.iter().map(|code| (code & number) as u32).collect();
        let middle: [f64; D] = std::array::from_fn(|a| low[a] + (high[a] - low[a]) / 2.0);
        // Sums of the points before each.
        let mut sums = Vec::with_capacity(n + 1);
        let mut sorted = Vec::with_capacity(n);
        let mut sum = [0.0; D];
        sums.push(sum);
        for &i in &order {
            let point = &points[i as usize];
            let from: [f64; D] =
                std::array::from_fn(|a| (point[a] - middle[a]).clamp(-FARTHEST, FARTHEST));
            for a in 0..D {
                sum[a] += from[a];
            }
            sums.push(sum);
            sorted.push(from.map(|v| v as f32));
        }
        let mut tree = Tree {
            order,
            points: sorted,
            nodes: Vec::with_capacity(n / 2 + 1),
        };
        if n > 0 {
            for code in &mut codes {
                *code >>= coding.number;
            }
            tree.build(&codes, &sums, coding.bits, extent, angle);
        }
        tree
    }

    fn build(&mut self, codes: &[u64], sums: &[[f64; D]], bits: u32, extent: f64, angle: f64) {
        enum Step {
            /// Points from, to, and the bits of their codes that may differ.
            Enter(usize, usize, u32),
            Leave(usize),
        }
        let most = bits;
        let mut steps = vec![Step::Enter(0, codes.len(), most * D as u32)];
        while let Some(step) = steps.pop() {
            let (first, last, mut bits) = match step {
                Step::Enter(first, last, bits) => (first, last, bits),
                Step::Leave(node) => {
                    self.nodes[node].next = self.nodes.len() as u32;
                    continue;
                }
            };
            // Down to where the points part.
            let differ = codes[first] ^ codes[last - 1];
            let depth = (64 - differ.leading_zeros()).div_ceil(D as u32) * D as u32;
            bits = bits.min(depth);
            let count = (last - first) as f64;
            let side = extent / (1u64 << (most - bits / D as u32)) as f64;
            let leaf = last - first <= BUCKET || bits == 0;
            let lump = bits == 0 && last - first > BUCKET;
            let node = self.nodes.len();
            let near = if lump {
                -1.0
            } else if angle > 0.0 {
                (side / angle) * (side / angle)
            } else {
                f64::INFINITY
            };
            self.nodes.push(Node {
                centre: std::array::from_fn(|a| ((sums[last][a] - sums[first][a]) / count) as f32),
                count: count as f32,
                near: near as f32,
                next: node as u32 + 1,
                first: first as u32,
                last: last as u32,
            });
            if leaf {
                continue;
            }
            steps.push(Step::Leave(node));
            // Parts, the last of them first on the stack.
            let shift = bits - D as u32;
            let mut to = last;
            while to > first {
                let digit = codes[to - 1] >> shift;
                let from = first + codes[first..to].partition_point(|code| code >> shift < digit);
                steps.push(Step::Enter(from, to, shift));
                to = from;
            }
        }
    }
}

/// The points in single precision, from their middle.
pub(super) fn single<const D: usize>(points: &[[f64; D]]) -> Vec<[f32; D]> {
    let bound = |of: fn(f64, f64) -> f64, from: f64| -> [f64; D] {
        std::array::from_fn(|a| points.iter().map(|point| point[a]).fold(from, of))
    };
    let (low, high) = (
        bound(f64::min, f64::INFINITY),
        bound(f64::max, f64::NEG_INFINITY),
    );
    let middle: [f64; D] = std::array::from_fn(|a| low[a] + (high[a] - low[a]) / 2.0);
    let one = |point: &[f64; D]| {
        std::array::from_fn(|a| (point[a] - middle[a]).clamp(-FARTHEST, FARTHEST) as f32)
    };
    points.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, uniform};

    #[test]
    fn codes_take_the_bits_of_all_coordinates_in_turn() {
        fn plainly<const D: usize>(point: [u64; D], bits: u32) -> u64 {
            let mut code = 0;
            for bit in (0..bits).rev() {
                for v in point {
                    code = (code << 1) | ((v >> bit) & 1);
                }
            }
            code
        }
        fn check<const D: usize>() {
            let mut rng = generator(5);
            for n in [1, 2, 3, 1000, 1 << 20, 1 << 31] {
                let coding = Coding::<D>::new(n);
                assert!(coding.bits * D as u32 + coding.number <= 64 && coding.bits >= 11);
                assert!(n as u64 <= 1 << coding.number);
                for _ in 0..50 {
                    let cells = (1u64 << coding.bits) as f64;
                    let point: [f64; D] = std::array::from_fn(|_| uniform(&mut rng) * cells);
                    let code = coding.code(point, n as u64 - 1);
                    assert_eq!(code & ((1 << coding.number) - 1), n as u64 - 1);
                    let expected = plainly(point.map(|v| v as u64), coding.bits);
                    assert_eq!(code >> coding.number, expected);
                }
                let last = coding.code([f64::INFINITY; D], 0) >> coding.number;
                assert_eq!(last.count_ones(), coding.bits * D as u32);
            }
        }
        check::<1>();
        check::<2>();
        check::<3>();
    }

    #[test]
    fn cells_hold_their_points_and_nothing_else() {
        let mut rng = generator(2);
        let mut points: Vec<[f64; 2]> = (0..500)
            .map(|_| [uniform(&mut rng), uniform(&mut rng) * 1e-3])
            .collect();
        points.extend([[0.25, 1e-4]; 40]);
        let tree = Tree::new(&points, 0.5);
        let mut seen = tree.order.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..540).collect::<Vec<u32>>());
        let given = single(&points);
        for (&i, point) in tree.order.iter().zip(&tree.points) {
            assert_eq!(*point, given[i as usize]);
        }
        assert_eq!(tree.nodes[0].next as usize, tree.nodes.len());
        assert!((tree.nodes.iter()).any(|node| node.near < 0.0 && node.count >= 40.0));
        let mut covered = 0;
        for (i, node) in tree.nodes.iter().enumerate() {
            let mine = &tree.points[node.first as usize..node.last as usize];
            assert_eq!(mine.len() as f32, node.count);
            for a in 0..2 {
                let sum: f64 = mine.iter().map(|p| f64::from(p[a])).sum();
                let mean = sum / mine.len() as f64;
                assert!((mean - f64::from(node.centre[a])).abs() < 1e-7);
                let span = |f: fn(f32, f32) -> f32, from| mine.iter().map(|p| p[a]).fold(from, f);
                let width = span(f32::max, f32::MIN) - span(f32::min, f32::MAX);
                let side = node.near.max(0.0).sqrt() * 0.5;
                assert!(width <= side * (1.0 + 1e-6) + 1e-7, "{width} {side}");
            }
            if node.next as usize == i + 1 {
                covered += mine.len();
            }
        }
        assert_eq!(covered, 540);
    }
}
