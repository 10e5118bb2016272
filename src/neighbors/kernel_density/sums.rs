//! Sums of bumps at a point: whole, or within a tolerance by parts of a tree.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::kernel::DensityKernel;
use crate::elementary::exp;
use crate::linalg::simd;
use crate::metrics::pairwise::packed::{Add, sums, with_form};
use crate::neighbors::search::{Index, Nearest, Take, Tree};

/// What is left out of a whole sum is at most exp(−MARGIN) of it: less than rounding.
const MARGIN: f64 = 40.0;
/// Distances that become kernels together.
const BLOCK: usize = 64;

/// What the sums are taken of.
#[derive(Clone, Copy)]
pub(super) struct Bumps<'a> {
    pub(super) index: &'a Index<f64>,
    pub(super) kernel: DensityKernel,
    pub(super) bandwidth: f64,
    /// 1 for every row without.
    pub(super) weights: Option<&'a [f64]>,
    pub(super) total_weight: f64,
}

impl Bumps<'_> {
    #[inline(always)]
    fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |w| w[row])
    }

    /// A distance in bandwidths.
    #[inline(always)]
    fn distance(&self, sum: f64) -> f64 {
        self.index.finish(sum) / self.bandwidth
    }

    /// The kernel over exp(`shift`).
    #[inline(always)]
    fn kernel(&self, d: f64, shift: f64) -> f64 {
        match self.kernel.ends() {
            true => self.kernel.value(d),
            false => exp(self.kernel.exponent(d) - shift),
        }
    }

    /// The logarithm of the sum at each of some prepared queries.
    pub(super) fn whole(&self, queries: &[f64], width: usize) -> Vec<f64> {
        let rows = queries.len().checked_div(width).unwrap_or(0);
        let mut taken: Vec<Whole> = (0..rows).map(|_| Whole::new(*self)).collect();
        self.index.run(queries, &mut taken);
        taken.iter_mut().map(Whole::ln_sum).collect()
    }
}

/// The sum at one point. Rows that are too far to count are left out: all beyond a kernel that ends, and those that are
/// smaller than the nearest row so far by more than rounding.
struct Whole<'a> {
    bumps: Bumps<'a>,
    /// The sum of the nearest row.
    nearest: f64,
    limit: f64,
    sums: [f64; BLOCK],
    weights: [f64; BLOCK],
    len: usize,
    /// The sum is `total` exp(`shift`).
    shift: f64,
    total: f64,
}

impl<'a> Whole<'a> {
    fn new(bumps: Bumps<'a>) -> Self {
        let ends = bumps.kernel.ends();
        Whole {
            bumps,
            nearest: f64::INFINITY,
            limit: match ends {
                // Rounding must not leave out a row within the bandwidth; what is beyond adds 0.
                true => bumps.index.limit(bumps.bandwidth) * (1.0 + 1e-12),
                false => f64::INFINITY,
            },
            sums: [0.0; BLOCK],
            weights: [0.0; BLOCK],
            len: 0,
            shift: if ends { 0.0 } else { f64::NEG_INFINITY },
            total: 0.0,
        }
    }

    /// A row that is nearer than all before narrows what counts.
    #[cold]
    fn narrow(&mut self, sum: f64, weight: f64) {
        self.nearest = sum;
        let bumps = self.bumps;
        let margin = MARGIN + (bumps.total_weight / weight).ln().max(0.0);
        let reach = bumps.kernel.fallen(bumps.distance(sum), margin) * bumps.bandwidth;
        let limit = bumps.index.limit(reach) * (1.0 + 1e-12);
        // A sum that is no number leaves nothing out.
        if limit < self.limit && limit >= sum {
            self.limit = limit;
        }
    }

    fn add_block(&mut self) {
        let (bumps, len) = (self.bumps, self.len);
        self.len = 0;
        let (values, weights) = (&mut self.sums[..len], &self.weights[..len]);
        if bumps.kernel.ends() {
            for (v, w) in values.iter().zip(weights) {
                self.total += w * bumps.kernel.value(bumps.distance(*v));
            }
            return;
        }
        simd(
            #[inline(always)]
            || {
                for v in values.iter_mut() {
                    *v = bumps.kernel.exponent(bumps.distance(*v));
                }
            },
        );
        let most = values.iter().fold(f64::NEG_INFINITY, |m, &v| m.max(v));
        if most > self.shift {
            self.total *= exp(self.shift - most);
            self.shift = most;
        }
        if self.shift == f64::NEG_INFINITY {
            return;
        }
        let shift = self.shift;
        simd(
            #[inline(always)]
            || {
                for (v, w) in values.iter_mut().zip(weights) {
                    *v = w * exp(*v - shift);
                }
            },
        );
        self.total += values.iter().sum::<f64>();
    }

    fn ln_sum(&mut self) -> f64 {
        self.add_block();
        match self.total > 0.0 {
            true => self.shift + self.total.ln(),
            false => f64::NEG_INFINITY,
        }
    }
}

impl Take<f64> for Whole<'_> {
    #[inline(always)]
    fn limit(&self) -> f64 {
        self.limit
    }

    #[inline(always)]
    fn take(&mut self, sum: f64, row: u32) {
        let weight = self.bumps.weight(row as usize);
        if sum < self.nearest && !self.bumps.kernel.ends() {
            self.narrow(sum, weight);
        }
        self.sums[self.len] = sum;
        self.weights[self.len] = weight;
        self.len += 1;
        if self.len == BLOCK {
            self.add_block();
        }
    }
}

/// How far a sum may be from the whole one, and how it is looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerance {
    /// The logarithm of the absolute tolerance of the sum.
    pub(super) ln_atol: f64,
    pub(super) rtol: f64,
    pub(super) breadth_first: bool,
}

/// Sums over parts of a tree, each with bounds from its distance.
pub(super) struct Parts<'a> {
    bumps: Bumps<'a>,
    tree: &'a Tree<f64>,
    /// The weights of the packed rows before each.
    before: Vec<f64>,
}

/// A node with the bounds of its sum: `least` and `least + spread`.
#[derive(Clone, Copy, Debug)]
struct Part {
    near: f64,
    node: u32,
    least: f64,
    spread: f64,
}

/// The nearest node is the greatest.
impl Ord for Part {
    fn cmp(&self, other: &Self) -> Ordering {
        (other.near.total_cmp(&self.near)).then(other.node.cmp(&self.node))
    }
}
impl PartialOrd for Part {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Part {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Part {}

impl<'a> Parts<'a> {
    /// `None` where the rows are in no tree.
    pub(super) fn new(bumps: Bumps<'a>) -> Option<Self> {
        let tree = bumps.index.tree()?;
        let mut before = Vec::with_capacity(tree.order.len() + 1);
        let mut sum = 0.0;
        before.push(sum);
        for &row in &tree.order {
            sum += bumps.weight(row as usize);
            before.push(sum);
        }
        Some(Parts {
            bumps,
            tree,
            before,
        })
    }

    /// The logarithm of the sum at a prepared query, within the tolerance.
    pub(super) fn ln_sum(&self, query: &[f64], tolerance: Tolerance) -> f64 {
        let bumps = self.bumps;
        let shift = match bumps.kernel.ends() {
            true => 0.0,
            false => {
                let mut nearest = [Nearest::new(1, None)];
                bumps.index.run(query, &mut nearest);
                let sum = nearest[0]
                    .sorted()
                    .first()
                    .map_or(f64::INFINITY, |met| met.0);
                bumps.kernel.exponent(bumps.distance(sum))
            }
        };
        if shift == f64::NEG_INFINITY {
            return shift;
        }
        let atol = exp(tolerance.ln_atol - shift);
        let enough = |least: f64| atol + tolerance.rtol * least;
        let total = with_form!(bumps.index.distance.form, f64, |add, L| {
            match tolerance.breadth_first {
                true => self.nearest_first::<_, L>(add, query, shift, enough),
                false => self.depth_first::<_, L>(add, query, shift, enough),
            }
        });
        match total > 0.0 {
            true => shift + total.ln(),
            false => f64::NEG_INFINITY,
        }
    }

    #[inline(always)]
    fn part<A: Add<f64>>(&self, add: A, query: &[f64], shift: f64, node: u32) -> Part {
        let (bumps, at) = (self.bumps, node as usize);
        let near = self.tree.bound(add, &bumps.index.distance, at, query);
        let far = self.tree.farthest(add, &bumps.index.distance, at, query);
        let weight = self.weight(node);
        let most = weight * bumps.kernel(bumps.distance(near), shift);
        let least = weight * bumps.kernel(bumps.distance(far), shift);
        Part {
            near,
            node,
            least,
            spread: (most - least).max(0.0),
        }
    }

    fn weight(&self, node: u32) -> f64 {
        let (first, last) = self.tree.rows(node as usize);
        self.before[last] - self.before[first]
    }

    /// The whole sum of a leaf.
    #[inline(always)]
    fn leaf<A: Add<f64>, const L: usize>(
        &self,
        add: A,
        query: &[f64],
        shift: f64,
        node: u32,
    ) -> f64 {
        let (bumps, tree) = (self.bumps, self.tree);
        let (p, columns) = (tree.packed.p, tree.packed.columns::<L>());
        let node = tree.nodes[node as usize];
        let mut total = 0.0;
        for group in node.start as usize..node.end as usize {
            let found = sums::<f64, A, L, 1>(add, [query], &columns[group * p..(group + 1) * p]);
            let rows = tree.order.iter().skip(group * L);
            for (&sum, &row) in found[0].iter().zip(rows) {
                let kernel = bumps.kernel(bumps.distance(sum), shift);
                total += bumps.weight(row as usize) * kernel;
            }
        }
        total
    }

    /// The nearest part is looked into first, until all that is left is known well enough.
    #[inline(always)]
    fn nearest_first<A: Add<f64>, const L: usize>(
        &self,
        add: A,
        query: &[f64],
        shift: f64,
        enough: impl Fn(f64) -> f64,
    ) -> f64 {
        let root = self.part(add, query, shift, 0);
        let (mut known, mut least, mut spread) = (0.0, root.least, root.spread);
        let mut waiting = BinaryHeap::from([root]);
        loop {
            if spread <= enough(known + least) {
                // Once more without what rounding left of the parts that are gone.
                least = waiting.iter().map(|part| part.least).sum();
                spread = waiting.iter().map(|part| part.spread).sum();
                if spread <= enough(known + least) {
                    return known + least + 0.5 * spread;
                }
            }
            let Some(part) = waiting.pop() else {
                return known;
            };
            least -= part.least;
            spread -= part.spread;
            let second = self.tree.nodes[part.node as usize].second;
            if second == 0 {
                known += self.leaf::<A, L>(add, query, shift, part.node);
                continue;
            }
            for node in [part.node + 1, second] {
                let part = self.part(add, query, shift, node);
                least += part.least;
                spread += part.spread;
                waiting.push(part);
            }
        }
    }

    /// One part after the other, each until its share of what is allowed is reached.
    #[inline(always)]
    fn depth_first<A: Add<f64>, const L: usize>(
        &self,
        add: A,
        query: &[f64],
        shift: f64,
        enough: impl Fn(f64) -> f64,
    ) -> f64 {
        // What is sure so far, and what is added to it.
        let (mut sure, mut between) = (0.0, 0.0);
        let mut waiting = vec![self.part(add, query, shift, 0)];
        while let Some(part) = waiting.pop() {
            let share = self.weight(part.node) / self.bumps.total_weight;
            if part.spread <= share * enough(sure + part.least) {
                sure += part.least;
                between += 0.5 * part.spread;
                continue;
            }
            let second = self.tree.nodes[part.node as usize].second;
            if second == 0 {
                sure += self.leaf::<A, L>(add, query, shift, part.node);
                continue;
            }
            let mut both = [part.node + 1, second].map(|node| self.part(add, query, shift, node));
            both.sort_unstable();
            waiting.extend(both);
        }
        sure + between
    }
}
