//! The distance to the nearest neighbour of a given rank in the plane, by the larger of the two differences.
//!
//! A k-d tree in two dimensions (J. L. Bentley, 1975): points are halved at the median of the wider side of their bounding box
//! until few are left; the search looks into boxes, near ones first, as long as they may hold something closer.

/// Points of a leaf.
const LEAF: usize = 12;

/// A search tree over points of the plane.
pub(super) struct Tree {
    /// The points, those of a leaf side by side.
    points: Vec<[f64; 2]>,
    /// The place of each row among the points.
    place: Vec<u32>,
    nodes: Vec<Node>,
}

/// A box around the points `start..end`; the children follow it, the second at `second` unless it is a leaf.
struct Node {
    low: [f64; 2],
    high: [f64; 2],
    start: u32,
    end: u32,
    second: u32,
}

impl Tree {
    /// Over the points (x, y). Fewer than 2³² of them.
    pub(super) fn new(x: &[f64], y: &[f64]) -> Self {
        let mut items: Vec<([f64; 2], u32)> = x
            .iter()
            .zip(y)
            .zip(0..)
            .map(|((&x, &y), row)| ([x, y], row))
            .collect();
        let mut nodes: Vec<Node> = Vec::new();
        // Ranges to come, each with the node whose second child it is.
        let mut waiting = vec![(0, items.len(), None::<usize>)];
        while let Some((start, end, parent)) = waiting.pop() {
            let at = nodes.len();
            if let Some(parent) = parent {
                nodes[parent].second = at as u32;
            }
            let part = &mut items[start..end];
            let (mut low, mut high) = ([f64::INFINITY; 2], [f64::NEG_INFINITY; 2]);
            for (point, _) in part.iter() {
                for d in 0..2 {
                    low[d] = low[d].min(point[d]);
                    high[d] = high[d].max(point[d]);
                }
            }
            nodes.push(Node {
                low,
                high,
                start: start as u32,
                end: end as u32,
                second: 0,
            });
            if part.len() > LEAF {
                let d = usize::from(high[1] - low[1] > high[0] - low[0]);
                let middle = part.len() / 2;
                let order = |a: &([f64; 2], u32), b: &([f64; 2], u32)| {
                    a.0[d].total_cmp(&b.0[d]).then(a.1.cmp(&b.1))
                };
                part.select_nth_unstable_by(middle, order);
                // The first half comes next, so that it follows its parent.
                waiting.push((start + middle, end, Some(at)));
                waiting.push((start, start + middle, None));
            }
        }
        let mut place = vec![0; items.len()];
        for (at, (_, row)) in (0..).zip(&items) {
            place[*row as usize] = at;
        }
        Tree {
            points: items.into_iter().map(|(point, _)| point).collect(),
            place,
            nodes,
        }
    }

    /// The distance from the point of `row` to its neighbour of rank `k`, itself not counted; `nearest` is room to work in.
    /// Infinite when there are fewer.
    pub(super) fn distance(&self, row: usize, k: usize, nearest: &mut Vec<f64>) -> f64 {
        let own = self.place[row];
        let at = self.points[own as usize];
        nearest.clear();
        nearest.resize(k, f64::INFINITY);
        let last = k - 1;
        // A path from the root is short: the tree is balanced, of depth below 32.
        let mut path = [(0u32, 0.0f64); 64];
        let mut depth = 1;
        while depth > 0 {
            depth -= 1;
            let (node, distance) = path[depth];
            if distance >= nearest[last] {
                continue;
            }
            let Node {
                start, end, second, ..
            } = self.nodes[node as usize];
            if second == 0 {
                for other in start..end {
                    let point = self.points[other as usize];
                    let distance = (at[0] - point[0]).abs().max((at[1] - point[1]).abs());
                    if distance < nearest[last] && other != own {
                        let mut i = last;
                        while i > 0 && nearest[i - 1] > distance {
                            nearest[i] = nearest[i - 1];
                            i -= 1;
                        }
                        nearest[i] = distance;
                    }
                }
                continue;
            }
            let mut children = [(node + 1, 0.0), (second, 0.0)];
            for child in &mut children {
                child.1 = self.nodes[child.0 as usize].distance(at);
            }
            if children[0].1 < children[1].1 {
                children.swap(0, 1);
            }
            // The nearer one last, so that it comes first.
            path[depth] = children[0];
            path[depth + 1] = children[1];
            depth += 2;
        }
        nearest[last]
    }
}

impl Node {
    /// From a point to the box; 0 inside.
    fn distance(&self, at: [f64; 2]) -> f64 {
        let side = |d: usize| (self.low[d] - at[d]).max(at[d] - self.high[d]).max(0.0);
        side(0).max(side(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;

    #[test]
    fn the_tree_finds_what_a_full_search_finds() {
        let mut rng = random::generator(8);
        for n in [1, 2, 13, 100, 777] {
            for steps in [1e9, 3.0] {
                // Steps of a third make many ties.
                let mut draw = || {
                    let v = || random::standard_normal(&mut rng);
                    std::iter::repeat_with(v)
                        .map(|v| (v * steps).round() / steps)
                        .take(n)
                        .collect::<Vec<f64>>()
                };
                let (x, y) = (draw(), draw());
                let tree = Tree::new(&x, &y);
                for k in [1, 3, 12] {
                    for i in (0..n).step_by(7) {
                        let mut all: Vec<f64> = (0..n)
                            .filter(|&j| j != i)
                            .map(|j| (x[i] - x[j]).abs().max((y[i] - y[j]).abs()))
                            .collect();
                        all.sort_by(f64::total_cmp);
                        let expected = all.get(k - 1).copied().unwrap_or(f64::INFINITY);
                        assert_eq!(tree.distance(i, k, &mut Vec::new()), expected);
                    }
                }
            }
        }
    }
}
