//! Groups that are connected within a distance.

mod cells;

use std::sync::atomic::{AtomicU32, Ordering};

use cells::Cells;

use crate::float::Float;
use crate::metrics::pairwise::metric::{Distance, Form};
use crate::metrics::pairwise::packed::{Add, lanes, sums, with_rounded_form};
use crate::neighbors::search::{Index, Take, Tree};
use crate::parallel;

/// Sets that grow together, from several threads. Whatever the order, the sets come out the same.
struct Sets(Vec<AtomicU32>);

impl Sets {
    fn new(n: usize) -> Self {
        Sets((0..n as u32).map(AtomicU32::new).collect())
    }

    fn find(&self, mut at: u32) -> u32 {
        loop {
            let up = self.0[at as usize].load(Ordering::Relaxed);
            if up == at {
                return at;
            }
            // Halves the way for those who come later.
            let next = self.0[up as usize].load(Ordering::Relaxed);
            if next != up {
                let _ = self.0[at as usize].compare_exchange(
                    up,
                    next,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                );
            }
            at = up;
        }
    }

    /// The smaller number leads, so that two threads cannot tie a knot.
    fn unite(&self, a: u32, b: u32) {
        let (mut a, mut b) = (self.find(a), self.find(b));
        while a != b {
            let (low, high) = (a.min(b), a.max(b));
            let won = self.0[high as usize].compare_exchange(
                high,
                low,
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if won.is_ok() {
                return;
            }
            (a, b) = (self.find(low), self.find(high));
        }
    }
}

/// Counts the weight within a radius, until it is enough.
struct Enough<'a, F> {
    limit: F,
    missing: f64,
    weights: Option<&'a [f64]>,
}

impl<F: Float> Take<F> for Enough<'_, F> {
    #[inline(always)]
    fn limit(&self) -> F {
        if self.missing > 0.0 {
            self.limit
        } else {
            F::neg_infinity()
        }
    }

    #[inline(always)]
    fn take(&mut self, _: F, row: u32) {
        self.missing -= self.weights.map_or(1.0, |w| w[row as usize]);
    }
}

/// Which rows are core rows, with at least `min_samples` rows (or so much weight) within the radius, themselves included; and
/// for each core row the first core row of its group, for each other row the first core row of the earliest group within the
/// radius, or nothing.
pub(super) fn groups<F: Float>(
    index: &Index<F>,
    rows: &[F],
    radius: f64,
    min_samples: f64,
    weights: Option<&[f64]>,
) -> (Vec<bool>, Vec<Option<u32>>) {
    let squares = matches!(index.distance.form, Form::Squares { .. });
    if squares && index.tree().is_none() && weights.is_none() {
        let cells = Cells::new(rows, index.width(), index.limit(radius));
        let core = cells.core_rows(min_samples);
        let first = cells.connected(&core);
        return (core, first);
    }
    let core = core_rows(index, rows, radius, min_samples, weights);
    let first = connected(index, rows, radius, &core);
    (core, first)
}

/// Which rows have at least `min_samples` rows (or so much weight) within the radius, themselves included.
fn core_rows<F: Float>(
    index: &Index<F>,
    rows: &[F],
    radius: f64,
    min_samples: f64,
    weights: Option<&[f64]>,
) -> Vec<bool> {
    let (n, p, limit) = (index.n(), index.width(), index.limit(radius));
    let parts = parallel::map_chunks(n, n.div_ceil(64).clamp(16, 512), |range| {
        let enough = || Enough {
            limit,
            missing: min_samples,
            weights,
        };
        let mut taken: Vec<_> = range.clone().map(|_| enough()).collect();
        index.run_rounded(&rows[range.start * p..range.end * p], &mut taken);
        taken.iter().map(|t| t.missing <= 0.0).collect::<Vec<_>>()
    });
    parts.concat()
}

/// For each core row the first core row of its group, for each other row the first core row of the earliest group within
/// the radius, or nothing.
fn connected<F: Float>(
    index: &Index<F>,
    rows: &[F],
    radius: f64,
    core: &[bool],
) -> Vec<Option<u32>> {
    let limit = index.limit(radius);
    let form = index.distance.form;
    let among: Vec<u32> = (0..index.n() as u32)
        .filter(|&i| core[i as usize])
        .collect();
    let p = index.width();
    let boxed = matches!(
        form,
        Form::Squares { .. } | Form::Sum | Form::Max | Form::Power(_)
    );
    if among.is_empty() {
        return vec![None; index.n()];
    }
    // Row numbers lead to the first rows of groups: those of lower number lead.
    let groups = Sets::new(index.n());
    if boxed && index.distance.has_boxes() {
        let some: Vec<F> = (among.iter())
            .flat_map(|&i| &rows[i as usize * p..(i as usize + 1) * p])
            .copied()
            .collect();
        let tree = Tree::new(&some, p, &index.distance, lanes::<F>(), false);
        Near {
            distance: &index.distance,
            tree: &tree,
            rows: &some,
            limit,
            among: &among,
            groups: &groups,
            whole: Vec::new(),
        }
        .unite();
        return parallel::map_chunks(index.n(), 256, |range| {
            let mut path = Vec::new();
            let one = |i: usize| {
                if core[i] {
                    return Some(groups.find(i as u32));
                }
                let mut first = First {
                    limit,
                    first: u32::MAX,
                    of: |row: u32| groups.find(among[row as usize]),
                };
                with_rounded_form!(form, F, |add, L| tree.search::<_, _, L>(
                    add,
                    &index.distance,
                    &rows[i * p..(i + 1) * p],
                    &mut path,
                    &mut first
                ));
                (first.first != u32::MAX).then_some(first.first)
            };
            let mut one = one;
            range.map(&mut one).collect::<Vec<_>>()
        })
        .concat();
    }
    // Pair by pair, in blocks.
    let chunk = index.n().div_ceil(64).clamp(16, 128);
    parallel::map_chunks(index.n(), chunk, |range| {
        let mut taken: Vec<_> = (range.clone())
            .map(|i| Unite {
                limit: if core[i] { limit } else { F::neg_infinity() },
                own: i as u32,
                core,
                groups: &groups,
            })
            .collect();
        index.run(&rows[range.start * p..range.end * p], &mut taken);
    });
    parallel::map_chunks(index.n(), chunk, |range| {
        let mut taken: Vec<_> = (range.clone())
            .map(|i| First {
                limit: if core[i] { F::neg_infinity() } else { limit },
                first: u32::MAX,
                of: |row: u32| {
                    if core[row as usize] {
                        groups.find(row)
                    } else {
                        u32::MAX
                    }
                },
            })
            .collect();
        index.run(&rows[range.start * p..range.end * p], &mut taken);
        let each = range.clone().zip(&taken);
        each.map(|(i, first)| {
            if core[i] {
                Some(groups.find(i as u32))
            } else {
                (first.first != u32::MAX).then_some(first.first)
            }
        })
        .collect::<Vec<_>>()
    })
    .concat()
}

/// Unites a core row with the core rows within the radius.
struct Unite<'a, F> {
    limit: F,
    own: u32,
    core: &'a [bool],
    groups: &'a Sets,
}

impl<F: Float> Take<F> for Unite<'_, F> {
    #[inline(always)]
    fn limit(&self) -> F {
        self.limit
    }

    #[inline(always)]
    fn take(&mut self, _: F, row: u32) {
        if self.core[row as usize] && row < self.own {
            self.groups.unite(self.own, row);
        }
    }
}

/// The least of what rows within the radius stand for.
struct First<F, G> {
    limit: F,
    first: u32,
    of: G,
}

impl<F: Float, G: Fn(u32) -> u32> Take<F> for First<F, G> {
    #[inline(always)]
    fn limit(&self) -> F {
        self.limit
    }

    #[inline(always)]
    fn take(&mut self, _: F, row: u32) {
        self.first = self.first.min((self.of)(row));
    }
}

/// Unites all rows of the tree that are within the limit of each other.
///
/// A node whose box is no wider than the limit is one group at once; where a row and such a node are together already,
/// the node is passed by. That leaves few distances in dense parts.
struct Near<'a, F> {
    distance: &'a Distance,
    tree: &'a Tree<F>,
    rows: &'a [F],
    limit: F,
    among: &'a [u32],
    groups: &'a Sets,
    /// The nodes that are one group.
    whole: Vec<bool>,
}

impl<F: Float> Near<'_, F> {
    fn number(&self, at: usize) -> u32 {
        self.among[self.tree.order[at] as usize]
    }

    fn first(&self, node: usize) -> usize {
        self.tree.nodes[node].start as usize * lanes::<F>()
    }

    fn last(&self, node: usize) -> usize {
        let end = self.tree.nodes[node].end as usize * lanes::<F>();
        self.tree.order.len().min(end)
    }

    fn unite(&mut self) {
        let form = self.distance.form;
        self.whole = with_rounded_form!(form, F, |add, L| self.narrow::<_, L>(add));
        for node in (0..self.whole.len()).filter(|&node| self.whole[node]) {
            let (second, first) = (self.tree.nodes[node].second, self.first(node));
            if second == 0 {
                for at in first + 1..self.last(node) {
                    self.groups.unite(self.number(first), self.number(at));
                }
            } else {
                // Both children are whole, too.
                let other = self.first(second as usize);
                self.groups.unite(self.number(first), self.number(other));
            }
        }
        let n = self.tree.order.len();
        let this = &*self;
        parallel::map_chunks(n, n.div_ceil(64).clamp(64, 1024), |range| {
            with_rounded_form!(form, F, |add, L| this.scan::<_, L>(add, range.clone()));
        });
    }

    #[inline(always)]
    fn narrow<A: Add<F>, const L: usize>(&self, add: A) -> Vec<bool> {
        let of = |node: usize| {
            self.tree.sides(node).is_some_and(|(low, high)| {
                let sides = low.iter().zip(high);
                sides.fold(F::zero(), |sum, (&l, &h)| add.add(sum, h, l)) <= self.limit
            })
        };
        (0..self.tree.nodes.len()).map(of).collect()
    }

    #[inline(always)]
    fn scan<A: Add<F>, const L: usize>(&self, add: A, range: std::ops::Range<usize>) {
        let (tree, limit, groups, p) = (self.tree, self.limit, self.groups, self.tree.packed.p);
        let columns = tree.packed.columns::<L>();
        let mut path: Vec<u32> = Vec::with_capacity(64);
        for at in range {
            let own = self.number(at);
            let row = &self.rows[tree.order[at] as usize * p..][..p];
            path.clear();
            path.push(0);
            while let Some(node) = path.pop() {
                let node = node as usize;
                let of = tree.nodes[node];
                // A pair is looked at from the row that comes later.
                if self.first(node) >= at || tree.bound(add, self.distance, node, row) > limit {
                    continue;
                }
                if self.whole[node]
                    && groups.find(own) == groups.find(self.number(self.first(node)))
                {
                    continue;
                }
                if of.second != 0 {
                    path.push(of.second);
                    path.push(node as u32 + 1);
                    continue;
                }
                for group in of.start as usize..of.end as usize {
                    let found =
                        sums::<F, A, L, 1>(add, [row], &columns[group * p..(group + 1) * p]);
                    if !found[0].iter().fold(false, |any, &v| any | (v <= limit)) {
                        continue;
                    }
                    for (l, &sum) in found[0].iter().enumerate() {
                        let other = group * L + l;
                        if sum <= limit && other < at {
                            groups.unite(own, self.number(other));
                        }
                    }
                }
            }
        }
    }
}

/// Numbers groups in the order of their first rows: −1 without a group.
pub(super) fn numbered(first: &[Option<u32>]) -> (ndarray::Array1<i64>, usize) {
    let mut numbers = vec![-1i64; first.len()];
    let mut groups = 0;
    // The first row of a group leads to itself.
    for (i, first) in first.iter().enumerate() {
        if *first == Some(i as u32) {
            numbers[i] = groups;
            groups += 1;
        }
    }
    let labels = first
        .iter()
        .map(|first| first.map_or(-1, |first| numbers[first as usize]));
    (labels.collect(), groups as usize)
}
