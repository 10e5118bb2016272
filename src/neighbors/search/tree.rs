//! A tree of groups of rows: halves at the median of the widest column, with a box or a ball around each part.
//!
//! Everything lies in flat arrays; the rows of a leaf are packed, so that a leaf is searched by registers. J. L. Bentley,
//! "Multidimensional binary search trees used for associative searching" (1975); S. M. Omohundro, "Five balltree construction
//! algorithms" (1989).

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use crate::float::Float;
use crate::metrics::pairwise::metric::Distance;
use crate::metrics::pairwise::packed::{Add, Packed, lanes, sums};

use super::taken::Take;

/// The groups `start..end`; the first child follows, the second is at `second` unless this is a leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Node {
    pub(crate) start: u32,
    pub(crate) end: u32,
    pub(crate) second: u32,
}

/// What is known of where the rows of a node are.
#[derive(Clone, Debug)]
enum Bounds<F> {
    /// (nodes, 2, p): the least and the greatest values.
    Boxes(Vec<F>),
    /// (nodes, p) and (nodes).
    Balls { centers: Vec<F>, radii: Vec<f64> },
}

/// The tree.
#[derive(Clone, Debug)]
pub(crate) struct Tree<F> {
    pub(crate) packed: Packed<F>,
    /// The number of each packed row.
    pub(crate) order: Vec<u32>,
    pub(crate) nodes: Vec<Node>,
    bounds: Bounds<F>,
}

impl<F: Float> Tree<F> {
    /// Over rows of p values, leaves of `leaf_size` rows where that fills registers.
    pub(crate) fn new(
        rows: &[F],
        p: usize,
        distance: &Distance,
        leaf_size: usize,
        balls: bool,
    ) -> Self {
        let (n, lanes) = (rows.len() / p, lanes::<F>());
        let leaf = (leaf_size / lanes).max(1);
        let mut order: Vec<u32> = (0..n as u32).collect();
        let mut nodes: Vec<Node> = Vec::new();
        let mut boxes: Vec<F> = Vec::new();
        let mut keys: Vec<(F, u32)> = Vec::new();
        // Groups to come, each with the node whose second child it is.
        let mut waiting = vec![(0, n.div_ceil(lanes), None::<usize>)];
        while let Some((start, end, parent)) = waiting.pop() {
            let at = nodes.len();
            if let Some(parent) = parent {
                nodes[parent].second = at as u32;
            }
            nodes.push(Node {
                start: start as u32,
                end: end as u32,
                second: 0,
            });
            let part = &mut order[start * lanes..n.min(end * lanes)];
            let from = boxes.len();
            boxes.resize(from + p, F::infinity());
            boxes.resize(from + 2 * p, F::neg_infinity());
            let (low, high) = boxes[from..].split_at_mut(p);
            for &row in part.iter() {
                let row = &rows[row as usize * p..][..p];
                for ((low, high), &v) in low.iter_mut().zip(high.iter_mut()).zip(row) {
                    *low = if v < *low { v } else { *low };
                    *high = if v > *high { v } else { *high };
                }
            }
            if end - start > leaf {
                let mut widest = (0, F::neg_infinity());
                for (j, (low, high)) in low.iter().zip(high.iter()).enumerate() {
                    if *high - *low > widest.1 {
                        widest = (j, *high - *low);
                    }
                }
                let middle = (end - start).div_ceil(2);
                keys.clear();
                keys.extend(
                    part.iter()
                        .map(|&row| (rows[row as usize * p + widest.0], row)),
                );
                if middle * lanes < keys.len() {
                    keys.select_nth_unstable_by(middle * lanes, |a, b| {
                        a.0.f64().total_cmp(&b.0.f64()).then(a.1.cmp(&b.1))
                    });
                }
                for (to, key) in part.iter_mut().zip(&keys) {
                    *to = key.1;
                }
                waiting.push((start + middle, end, Some(at)));
                waiting.push((start, start + middle, None));
            }
        }
        let packed = Packed::new(rows, p, Some(&order), distance.form);
        let bounds = if balls {
            ball_bounds(rows, p, distance, &order, &nodes)
        } else {
            Bounds::Boxes(boxes)
        };
        Tree {
            packed,
            order,
            nodes,
            bounds,
        }
    }

    /// A sum that no row of the node is below.
    #[inline(always)]
    pub(crate) fn bound<A: Add<F>>(
        &self,
        add: A,
        distance: &Distance,
        node: usize,
        row: &[F],
    ) -> F {
        let p = self.packed.p;
        match &self.bounds {
            Bounds::Boxes(boxes) => {
                let (low, high) = boxes[node * 2 * p..(node + 1) * 2 * p].split_at(p);
                let mut sum = F::zero();
                // Every step is monotonic, and so is its rounding: the sum is at most that of any row inside.
                for ((&low, &high), &v) in low.iter().zip(high).zip(row) {
                    let (under, over) = (low - v, v - high);
                    let out = if under > over { under } else { over };
                    let out = if out > F::zero() { out } else { F::zero() };
                    sum = add.add(sum, out, F::zero());
                }
                sum
            }
            Bounds::Balls { centers, radii } => {
                let mut sum = F::zero();
                for (&c, &v) in centers[node * p..(node + 1) * p].iter().zip(row) {
                    sum = add.add(sum, v, c);
                }
                outside(distance, p, sum, radii[node])
            }
        }
    }

    /// A sum that no row of the node is beyond.
    #[inline(always)]
    pub(crate) fn farthest<A: Add<F>>(
        &self,
        add: A,
        distance: &Distance,
        node: usize,
        row: &[F],
    ) -> F {
        let p = self.packed.p;
        let mut sum = F::zero();
        match &self.bounds {
            Bounds::Boxes(boxes) => {
                let (low, high) = boxes[node * 2 * p..(node + 1) * 2 * p].split_at(p);
                // Every step is monotonic, see `bound`.
                for ((&low, &high), &v) in low.iter().zip(high).zip(row) {
                    let (under, over) = ((v - low).abs(), (v - high).abs());
                    let out = if under > over { under } else { over };
                    sum = add.add(sum, out, F::zero());
                }
                sum
            }
            Bounds::Balls { centers, radii } => {
                for (&c, &v) in centers[node * p..(node + 1) * p].iter().zip(row) {
                    sum = add.add(sum, v, c);
                }
                let (center, radius) = (distance.finish(sum.f64(), 1.0), radii[node]);
                let slack = (center + radius) * F::EPSILON.f64() * (4 * p + 16) as f64;
                F::of(distance.begin(center + radius + slack, 1.0)) * (F::one() + F::EPSILON)
            }
        }
    }

    /// The packed rows of a node: the first, and the one after the last.
    pub(crate) fn rows(&self, node: usize) -> (usize, usize) {
        let (node, lanes) = (self.nodes[node], lanes::<F>());
        (
            node.start as usize * lanes,
            self.order.len().min(node.end as usize * lanes),
        )
    }

    /// Hands all rows that are of interest to `taken`, near ones first.
    #[inline(always)]
    pub(crate) fn search<A: Add<F>, T: Take<F>, const L: usize>(
        &self,
        add: A,
        distance: &Distance,
        row: &[F],
        path: &mut Vec<(u32, F)>,
        taken: &mut T,
    ) {
        path.clear();
        path.push((0, F::zero()));
        while let Some((at, bound)) = path.pop() {
            if bound > taken.limit() {
                continue;
            }
            let node = self.nodes[at as usize];
            if node.second == 0 {
                self.leaf::<A, T, L>(add, node, row, taken);
                continue;
            }
            let first = (at + 1, self.bound(add, distance, at as usize + 1, row));
            let second = (
                node.second,
                self.bound(add, distance, node.second as usize, row),
            );
            // The nearer one last, so that it comes first.
            if first.1 <= second.1 {
                path.push(second);
                path.push(first);
            } else {
                path.push(first);
                path.push(second);
            }
        }
    }

    #[inline(always)]
    fn hand<T: Take<F>, const L: usize>(&self, found: &[F; L], first: usize, taken: &mut T) {
        for (l, &sum) in found.iter().enumerate() {
            if sum <= taken.limit()
                && let Some(&row) = self.order.get(first + l)
            {
                taken.take(sum, row);
            }
        }
    }

    /// The first packed group of the leaf that a row falls into.
    #[inline(always)]
    pub(crate) fn place<A: Add<F>>(&self, add: A, distance: &Distance, row: &[F]) -> u32 {
        let mut at = 0;
        loop {
            let node = self.nodes[at];
            if node.second == 0 {
                return node.start;
            }
            let first = self.bound(add, distance, at + 1, row);
            let second = self.bound(add, distance, node.second as usize, row);
            at = match first <= second {
                true => at + 1,
                false => node.second as usize,
            };
        }
    }

    /// As [`search`](Self::search), for up to as many queries as a register holds, which should be near each other: what
    /// one of them looks at is in the cache for the others, and bounds are computed for all at once.
    #[inline(always)]
    pub(crate) fn search_together<A: Add<F>, T: Take<F>, const L: usize>(
        &self,
        add: A,
        distance: &Distance,
        rows: &[F],
        path: &mut Vec<(u32, [F; L])>,
        taken: &mut [T],
    ) {
        let (columns, p) = (self.packed.columns::<L>(), self.packed.p);
        let count = taken.len().min(L);
        // A lane without a query is never of interest.
        let mut limits = [F::neg_infinity(); L];
        let mut queries = vec![[F::zero(); L]; p];
        for (l, row) in rows.chunks_exact(p).enumerate().take(count) {
            limits[l] = taken[l].limit();
            for (query, &v) in queries.iter_mut().zip(row) {
                query[l] = v;
            }
        }
        path.clear();
        path.push((0, [F::zero(); L]));
        while let Some((at, bounds)) = path.pop() {
            let mut active = 0;
            for l in 0..L {
                active += usize::from(bounds[l] <= limits[l]);
            }
            if active == 0 {
                continue;
            }
            let node = self.nodes[at as usize];
            if node.second != 0 {
                let first = self.bounds::<A, L>(add, distance, at as usize + 1, &queries);
                let second = self.bounds::<A, L>(add, distance, node.second as usize, &queries);
                let mut nearer = 0;
                for l in 0..count {
                    nearer += usize::from(first[l] <= second[l]);
                }
                // What is nearer to most of them comes last, so that it comes first.
                if 2 * nearer >= count {
                    path.push((node.second, second));
                    path.push((at + 1, first));
                } else {
                    path.push((at + 1, first));
                    path.push((node.second, second));
                }
                continue;
            }
            if 4 * active < L {
                for l in 0..count {
                    if bounds[l] <= limits[l] {
                        let row = &rows[l * p..(l + 1) * p];
                        self.leaf::<A, T, L>(add, node, row, &mut taken[l]);
                        limits[l] = taken[l].limit();
                    }
                }
                continue;
            }
            for group in node.start as usize..node.end as usize {
                let columns = &columns[group * p..(group + 1) * p];
                for part in 0..L / TOGETHER {
                    let first = part * TOGETHER;
                    let found = together::<F, A, L>(add, &queries, columns, first);
                    for (r, found) in found.iter().enumerate() {
                        let mut any = false;
                        for l in 0..L {
                            any |= found[l] <= limits[l];
                        }
                        let row = group * L + first + r;
                        if any && let Some(&row) = self.order.get(row) {
                            for l in 0..count {
                                if found[l] <= limits[l] {
                                    taken[l].take(found[l], row);
                                    limits[l] = taken[l].limit();
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The bounds of a node for several queries, in lanes.
    #[inline(always)]
    fn bounds<A: Add<F>, const L: usize>(
        &self,
        add: A,
        distance: &Distance,
        node: usize,
        queries: &[[F; L]],
    ) -> [F; L] {
        let p = self.packed.p;
        let mut sums = [F::zero(); L];
        match &self.bounds {
            Bounds::Boxes(boxes) => {
                let (low, high) = boxes[node * 2 * p..(node + 1) * 2 * p].split_at(p);
                for ((&low, &high), query) in low.iter().zip(high).zip(queries) {
                    for l in 0..L {
                        let (under, over) = (low - query[l], query[l] - high);
                        let out = if under > over { under } else { over };
                        let out = if out > F::zero() { out } else { F::zero() };
                        sums[l] = add.add(sums[l], out, F::zero());
                    }
                }
            }
            Bounds::Balls { centers, radii } => {
                for (&c, query) in centers[node * p..(node + 1) * p].iter().zip(queries) {
                    for l in 0..L {
                        sums[l] = add.add(sums[l], query[l], c);
                    }
                }
                for sum in &mut sums {
                    *sum = outside(distance, p, *sum, radii[node]);
                }
            }
        }
        sums
    }

    /// Hands what is of interest in a leaf to `taken`.
    #[inline(always)]
    fn leaf<A: Add<F>, T: Take<F>, const L: usize>(
        &self,
        add: A,
        node: Node,
        row: &[F],
        taken: &mut T,
    ) {
        let (columns, p) = (self.packed.columns::<L>(), self.packed.p);
        for group in node.start as usize..node.end as usize {
            let found = sums::<F, A, L, 1>(add, [row], &columns[group * p..(group + 1) * p]);
            let limit = taken.limit();
            if found[0].iter().fold(false, |any, &v| any | (v <= limit)) {
                self.hand(&found[0], group * L, taken);
            }
        }
    }

    /// The least and the greatest values of a node, of a tree of boxes.
    #[inline(always)]
    pub(crate) fn sides(&self, node: usize) -> Option<(&[F], &[F])> {
        let p = self.packed.p;
        match &self.bounds {
            Bounds::Boxes(boxes) => Some(boxes[node * 2 * p..(node + 1) * 2 * p].split_at(p)),
            Bounds::Balls { .. } => None,
        }
    }
}

/// Rows that are compared with several queries at a time.
const TOGETHER: usize = 4;

/// The sums of queries in lanes to some rows of a group.
#[inline(always)]
fn together<F: Float, A: Add<F>, const L: usize>(
    add: A,
    queries: &[[F; L]],
    columns: &[[F; L]],
    first: usize,
) -> [[F; L]; TOGETHER] {
    let mut sums = [[F::zero(); L]; TOGETHER];
    for (query, column) in queries.iter().zip(columns) {
        let rows = &column[first..first + TOGETHER];
        for r in 0..TOGETHER {
            for l in 0..L {
                sums[r][l] = add.add(sums[r][l], query[l], rows[r]);
            }
        }
    }
    sums
}

/// A sum that no row of a ball is below, from the sum to its centre.
#[inline(always)]
fn outside<F: Float>(distance: &Distance, p: usize, sum: F, radius: f64) -> F {
    let center = distance.finish(sum.f64(), 1.0);
    let slack = (center + radius) * F::EPSILON.f64() * (4 * p + 16) as f64;
    let outside = center - radius - slack;
    if outside <= 0.0 {
        return F::zero();
    }
    F::of(distance.begin(outside, 1.0)) * (F::one() - F::EPSILON)
}

fn ball_bounds<F: Float>(
    rows: &[F],
    p: usize,
    distance: &Distance,
    order: &[u32],
    nodes: &[Node],
) -> Bounds<F> {
    use crate::metrics::pairwise::packed::with_form;
    let lanes = lanes::<F>();
    let mut centers = Vec::with_capacity(nodes.len() * p);
    let mut radii = Vec::with_capacity(nodes.len());
    for node in nodes {
        let end = order.len().min(node.end as usize * lanes);
        let part = &order[node.start as usize * lanes..end];
        let mut mean = vec![0.0; p];
        for &row in part {
            for (sum, v) in mean.iter_mut().zip(&rows[row as usize * p..][..p]) {
                *sum += v.f64();
            }
        }
        let center: Vec<F> = mean.iter().map(|v| F::of(v / part.len() as f64)).collect();
        let mut radius = 0.0f64;
        for &row in part {
            let row = &rows[row as usize * p..][..p];
            let sum = with_form!(distance.form, F, |add, L| one::<F, _, L>(add, row, &center));
            radius = radius.max(distance.finish(sum.f64(), 1.0));
        }
        centers.extend(center);
        radii.push(radius);
    }
    Bounds::Balls { centers, radii }
}

#[inline(always)]
fn one<F: Float, A: Add<F>, const L: usize>(add: A, a: &[F], b: &[F]) -> F {
    let pairs = a.iter().zip(b);
    pairs.fold(F::zero(), |sum, (&a, &b)| add.add(sum, a, b))
}
