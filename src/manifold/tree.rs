//! A tree of cells over points, flat in memory: nodes follow each other as they are visited.

#![allow(clippy::needless_range_loop)] // kernels over coordinates

/// Points that a cell is not divided for.
const BUCKET: usize = 8;

/// A cell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<const D: usize> {
    /// The mean of its points.
    pub(super) centre: [f64; D],
    /// How many they are.
    pub(super) count: f64,
    /// The square of its side.
    pub(super) side: f64,
    /// The node to go to when this one is not opened.
    pub(super) next: u32,
    /// Its points, by their place in the order of the tree.
    pub(super) first: u32,
    pub(super) last: u32,
    /// It has no parts.
    pub(super) leaf: bool,
    /// A leaf of more points than fit, which all lie in one place.
    pub(super) lump: bool,
}

/// Points in the order of a curve that keeps neighbours near each other, and the cells over them.
pub(super) struct Tree<const D: usize> {
    /// Where the points of the tree's order are among the given ones.
    pub(super) order: Vec<u32>,
    /// The points in that order.
    pub(super) points: Vec<[f64; D]>,
    pub(super) nodes: Vec<Node<D>>,
}

impl<const D: usize> Tree<D> {
    /// Bits of each coordinate in the code of a point.
    const BITS: u32 = if D == 1 { 52 } else { 62 / D as u32 };

    pub(super) fn new(points: &[[f64; D]]) -> Self {
        let mut low = [f64::INFINITY; D];
        let mut high = [f64::NEG_INFINITY; D];
        for point in points {
            for a in 0..D {
                low[a] = low[a].min(point[a]);
                high[a] = high[a].max(point[a]);
            }
        }
        let extent = (0..D).map(|a| high[a] - low[a]).fold(0.0, f64::max);
        let cells = (1u64 << Self::BITS) as f64;
        let scale = if extent > 0.0 { cells / extent } else { 0.0 };
        let mut coded: Vec<(u64, u32)> = (points.iter().zip(0..))
            .map(|(point, i)| (Self::code(point, &low, scale), i))
            .collect();
        coded.sort_unstable();
        let order: Vec<u32> = coded.iter().map(|(_, i)| *i).collect();
        let sorted: Vec<[f64; D]> = order.iter().map(|&i| points[i as usize]).collect();
        // Sums of the points before each.
        let mut sums = Vec::with_capacity(points.len() + 1);
        let mut sum = [0.0; D];
        sums.push(sum);
        for point in &sorted {
            for a in 0..D {
                sum[a] += point[a] - low[a];
            }
            sums.push(sum);
        }
        let mut tree = Tree {
            order,
            points: sorted,
            nodes: Vec::with_capacity(points.len() / 2 + 1),
        };
        if !points.is_empty() {
            tree.build(&coded, &sums, &low, extent);
        }
        tree
    }

    /// The bits of all coordinates in turn, highest first.
    fn code(point: &[f64; D], low: &[f64; D], scale: f64) -> u64 {
        let most = (1u64 << Self::BITS) - 1;
        let mut code = 0;
        let places: [u64; D] =
            std::array::from_fn(|a| (((point[a] - low[a]) * scale) as u64).min(most));
        for bit in (0..Self::BITS).rev() {
            for place in places {
                code = (code << 1) | ((place >> bit) & 1);
            }
        }
        code
    }

    fn build(&mut self, coded: &[(u64, u32)], sums: &[[f64; D]], low: &[f64; D], extent: f64) {
        enum Step {
            /// Points from, to, and the bits of their codes that may differ.
            Enter(usize, usize, u32),
            Leave(usize),
        }
        let all = Self::BITS * D as u32;
        let mut steps = vec![Step::Enter(0, coded.len(), all)];
        while let Some(step) = steps.pop() {
            let (first, last, mut bits) = match step {
                Step::Enter(first, last, bits) => (first, last, bits),
                Step::Leave(node) => {
                    self.nodes[node].next = self.nodes.len() as u32;
                    continue;
                }
            };
            // Down to where the points part.
            let differ = coded[first].0 ^ coded[last - 1].0;
            while bits > 0 && differ >> (bits - D as u32) == 0 {
                bits -= D as u32;
            }
            let count = (last - first) as f64;
            let side = extent / (1u64 << (Self::BITS - bits / D as u32)) as f64;
            let leaf = last - first <= BUCKET || bits == 0;
            let node = self.nodes.len();
            self.nodes.push(Node {
                centre: std::array::from_fn(|a| low[a] + (sums[last][a] - sums[first][a]) / count),
                count,
                side: side * side,
                next: node as u32 + 1,
                first: first as u32,
                last: last as u32,
                leaf,
                lump: bits == 0 && last - first > BUCKET,
            });
            if leaf {
                continue;
            }
            steps.push(Step::Leave(node));
            // Parts, the last of them first on the stack.
            let shift = bits - D as u32;
            let mut to = last;
            while to > first {
                let digit = coded[to - 1].0 >> shift;
                let from =
                    first + coded[first..to].partition_point(|(code, _)| code >> shift < digit);
                steps.push(Step::Enter(from, to, shift));
                to = from;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, uniform};

    #[test]
    fn cells_hold_their_points_and_nothing_else() {
        let mut rng = generator(2);
        let mut points: Vec<[f64; 2]> = (0..500)
            .map(|_| [uniform(&mut rng), uniform(&mut rng) * 1e-3])
            .collect();
        points.extend([[0.25, 1e-4]; 40]);
        let tree = Tree::new(&points);
        let mut seen = tree.order.clone();
        seen.sort_unstable();
        assert_eq!(seen, (0..540).collect::<Vec<u32>>());
        assert_eq!(tree.nodes[0].next as usize, tree.nodes.len());
        assert!(
            tree.nodes
                .iter()
                .any(|node| node.lump && node.count >= 40.0)
        );
        let mut covered = 0;
        for (i, node) in tree.nodes.iter().enumerate() {
            let mine = &tree.points[node.first as usize..node.last as usize];
            assert_eq!(mine.len() as f64, node.count);
            for a in 0..2 {
                let mean = mine.iter().map(|p| p[a]).sum::<f64>() / node.count;
                assert!((mean - node.centre[a]).abs() < 1e-12);
                let span = |f: fn(f64, f64) -> f64, from| mine.iter().map(|p| p[a]).fold(from, f);
                let width = span(f64::max, f64::MIN) - span(f64::min, f64::MAX);
                assert!(
                    width <= node.side.sqrt() * (1.0 + 1e-9),
                    "{width} {}",
                    node.side.sqrt()
                );
            }
            if node.leaf {
                covered += mine.len();
                assert_eq!(node.next as usize, i + 1);
            }
        }
        assert_eq!(covered, 540);
    }
}
