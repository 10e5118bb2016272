//! Growing from row to row: of all rows outside, the one that is reached most easily comes next.
//!
//! This is Prim's algorithm, which [`Hdbscan`](super::Hdbscan) takes for its spanning tree and [`Optics`](super::Optics) for
//! its order. Each row outside keeps the least reach from any row inside. Rows lie in the leaves of a k-d tree, and a leaf
//! keeps the least and the greatest reach of its rows: where the row that came last is too far from a leaf's box to lower the
//! greatest, the leaf is passed by. Reaches and their ties come out as if all pairs had been looked at.
//!
//! Sums of squares are rounded after each product and each sum, without fused steps: distances then are, bit for bit, those
//! of the trees of scikit-learn, and so are the ties between them. R. C. Prim, "Shortest connection networks and some
//! generalizations" (1957).

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use ndarray::Array2;

use crate::error::{ErrorKind, Result};
use crate::metrics::pairwise::metric::{Distance, Form, each};
use crate::metrics::pairwise::packed::{self, Add, Packed, sums, with_rounded_form};
use crate::metrics::pairwise::precomputed;
use crate::neighbors::search::{Nearest, Settings, Tree};
use crate::parallel;

/// Rows in a vector.
const LANES: usize = 8;
type Lanes = [f64; LANES];

/// How rows lie for their distances.
enum Layout {
    /// In the leaves of a tree of boxes.
    Tree(Tree<f64>),
    /// Packed, for sums without boxes.
    Packed(Packed<f64>),
    /// One after the other, or distances themselves.
    Plain,
}

/// Rows ready for their distances to each other.
pub(super) struct Rows {
    n: usize,
    p: usize,
    rows: Vec<f64>,
    distance: Distance,
    scale: f64,
    layout: Layout,
}

/// What makes a reach of a distance: divided by `alpha`, and at least as much as both rows have themselves. Where it
/// `rounds`, to 15 decimals, and there is none beyond `within`.
#[derive(Clone, Copy)]
pub(super) struct Rule {
    pub(super) alpha: f64,
    pub(super) within: f64,
    pub(super) rounds: bool,
}

/// To 15 decimals, as scikit-learn rounds reaches of its order: the product and the quotient are rounded, too.
#[inline(always)]
pub(super) fn rounded(v: f64) -> f64 {
    let scaled = v * 1e15;
    let near = scaled.round_ties_even() / 1e15;
    // Numbers so large have no such decimals.
    if scaled < f64::INFINITY { near } else { v }
}

impl Rule {
    /// All distances as they are.
    pub(super) fn plain(alpha: f64) -> Self {
        Rule {
            alpha,
            within: f64::INFINITY,
            rounds: false,
        }
    }
}

/// A row that joins: from which row it is reached (`None` where it is not), and how easily.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Joined {
    pub(super) row: usize,
    pub(super) from: Option<usize>,
    pub(super) reach: f64,
}

impl Rows {
    /// Over checked rows and settings.
    pub(super) fn new(estimator: &str, x: &Array2<f64>, settings: &Settings) -> Result<Self> {
        let (n, p) = x.dim();
        let most = u32::MAX as usize - 64;
        if n > most {
            return Err(ErrorKind::TooLarge {
                what: format!("`{estimator}`: number of rows"),
                size: n as u64,
                limit: most as u64,
            }
            .into());
        }
        let mut params = settings.params();
        if params.power().is_none() {
            params = params.p(settings.p);
        }
        let distance = Distance::new(estimator, settings.metric, &params, x, None)?;
        if distance.form == Form::Given {
            precomputed(x, true)?;
        }
        let scale = distance.scale(x);
        let rows = distance.prepare(x, scale)?;
        let layout = match distance.form {
            Form::Given | Form::Each(_) => Layout::Plain,
            _ if distance.has_boxes() => {
                Layout::Tree(Tree::new(&rows, p, &distance, settings.leaf_size, false))
            }
            form => Layout::Packed(Packed::new(&rows, p, None, form)),
        };
        Ok(Rows {
            n,
            p,
            rows,
            distance,
            scale,
            layout,
        })
    }

    fn row(&self, i: usize) -> &[f64] {
        &self.rows[i * self.p..(i + 1) * self.p]
    }

    /// The distances of row `i` to all rows; its own is 0 unless distances are given.
    fn to_all(&self, i: usize, out: &mut [f64]) {
        let row = self.row(i);
        match (&self.layout, self.distance.form) {
            (_, Form::Given) => out.copy_from_slice(row),
            (Layout::Plain, Form::Each(metric)) => {
                parallel::map_chunks_mut(out, 1 << 12, |range, out| {
                    for (j, out) in range.zip(out) {
                        *out = each(metric, row, self.row(j));
                    }
                });
            }
            (Layout::Packed(packed) | Layout::Tree(Tree { packed, .. }), form) => {
                packed::distances(&self.distance, packed, row, self.scale, out);
                if form == Form::Dot {
                    out[i] = 0.0;
                }
            }
            _ => {}
        }
    }

    /// The distance of each row to its k-th nearest, itself counted.
    pub(super) fn core_distances(&self, k: usize) -> Vec<f64> {
        let Layout::Tree(tree) = &self.layout else {
            return parallel::map_chunks(self.n, self.n.div_ceil(64).max(16), |range| {
                let mut distances = vec![0.0; self.n];
                let kth = |i: usize| {
                    self.to_all(i, &mut distances);
                    *distances.select_nth_unstable_by(k - 1, f64::total_cmp).1
                };
                range.map(kth).collect::<Vec<_>>()
            })
            .concat();
        };
        let finish = self.finish();
        parallel::map_chunks(self.n, self.n.div_ceil(64).clamp(16, 512), |range| {
            with_rounded_form!(self.distance.form, f64, |add, L| {
                let mut path = Vec::with_capacity(64);
                let mut found = Vec::with_capacity(range.len());
                for i in range.clone() {
                    let mut nearest = Nearest::new(k, None);
                    tree.search::<_, _, L>(
                        add,
                        &self.distance,
                        self.row(i),
                        &mut path,
                        &mut nearest,
                    );
                    let last = nearest.sorted().last().map_or(0.0, |met| met.0);
                    found.push(finish.of(last));
                }
                found
            })
        })
        .concat()
    }

    fn finish(&self) -> Finish {
        let root = match self.distance.form {
            Form::Squares { square: false } => Root::Two,
            Form::Power(p) => Root::Of(1.0 / p),
            _ => Root::One,
        };
        let by = 1.0 / self.scale;
        let by = if self.distance.form == (Form::Squares { square: true }) {
            by * by
        } else {
            by
        };
        Finish { root, by }
    }

    /// Grows from row 0 until no row is outside, or none can be reached, in which case it begins again with the first row
    /// outside. Of rows reached equally the first comes next, and it is reached from the row that came first.
    pub(super) fn grow(&self, core: &[f64], own: &[f64], rule: Rule) -> Vec<Joined> {
        match &self.layout {
            Layout::Tree(tree) => {
                with_rounded_form!(self.distance.form, f64, |add, _L| Frontier::new(
                    self, tree, core, rule
                )
                .grow(add, own))
            }
            _ => self.grow_plainly(core, own, rule),
        }
    }

    /// Looks at all rows outside each time.
    fn grow_plainly(&self, core: &[f64], own: &[f64], rule: Rule) -> Vec<Joined> {
        let n = self.n;
        let mut outside: Vec<usize> = (0..n).collect();
        let mut reach = vec![f64::INFINITY; n];
        let mut from = vec![None; n];
        let mut distances = vec![0.0; n];
        let mut joined = Vec::with_capacity(n);
        while let Some(&first) = outside.first() {
            let mut next = (0, first);
            for (place, &i) in outside.iter().enumerate() {
                if reach[i] < reach[next.1] {
                    next = (place, i);
                }
            }
            let at = next.1;
            // Rows stay in their order, so that the first of equal ones is found.
            outside.remove(next.0);
            joined.push(Joined {
                row: at,
                from: from[at],
                reach: reach[at],
            });
            if own[at].is_infinite() {
                continue;
            }
            self.to_all(at, &mut distances);
            for &i in &outside {
                let d = distances[i];
                if d > rule.within {
                    continue;
                }
                let new = (d / rule.alpha).max(own[at]).max(core[i]);
                let new = if rule.rounds { rounded(new) } else { new };
                if new < reach[i] {
                    reach[i] = new;
                    from[i] = Some(at);
                }
            }
        }
        joined
    }

    /// For each of the given rows the weighted sum of its distances to them; the place of the least, the first of several.
    pub(super) fn medoid(&self, members: &[usize], weights: &[f64]) -> usize {
        let some: Vec<f64> = (members.iter())
            .flat_map(|&i| self.row(i))
            .copied()
            .collect();
        let m = members.len();
        let packed = match self.distance.form {
            Form::Each(_) | Form::Given => None,
            form => Some(Packed::new(&some, self.p, None, form)),
        };
        let sums = parallel::map_chunks(m, m.div_ceil(64).max(8), |range| {
            let mut distances = vec![0.0; m];
            let sum = |place: usize| {
                let row = &some[place * self.p..(place + 1) * self.p];
                match (&packed, self.distance.form) {
                    (Some(packed), form) => {
                        let out = &mut distances;
                        packed::distances(&self.distance, packed, row, self.scale, out);
                        if form == Form::Dot {
                            distances[place] = 0.0;
                        }
                    }
                    (None, Form::Each(metric)) => {
                        for (d, other) in distances.iter_mut().zip(some.chunks_exact(self.p)) {
                            *d = each(metric, row, other);
                        }
                    }
                    _ => {}
                }
                for (d, w) in distances.iter_mut().zip(weights) {
                    *d *= w;
                }
                added(&distances)
            };
            range.map(sum).collect::<Vec<f64>>()
        })
        .concat();
        let mut best = 0;
        for (place, sum) in sums.iter().enumerate() {
            if *sum < sums[best] {
                best = place;
            }
        }
        best
    }
}

/// The sum in NumPy's order, on which the first of equal sums depends: eight lanes, halves of more than 128 values by
/// themselves.
fn added(values: &[f64]) -> f64 {
    if values.len() > 128 {
        let half = values.len() / 2;
        let (first, second) = values.split_at(half - half % 8);
        return added(first) + added(second);
    }
    let (eights, rest) = values.as_chunks::<8>();
    let sum = eights.split_first().map_or(0.0, |(first, others)| {
        let mut lanes = *first;
        for eight in others {
            for l in 0..8 {
                lanes[l] += eight[l];
            }
        }
        let [a, b, c, d, e, f, g, h] = lanes;
        ((a + b) + (c + d)) + ((e + f) + (g + h))
    });
    rest.iter().fold(sum, |sum, v| sum + v)
}

#[derive(Clone, Copy, PartialEq)]
enum Root {
    One,
    Two,
    Of(f64),
}

/// The distance of a sum.
#[derive(Clone, Copy)]
struct Finish {
    root: Root,
    /// Undoes the scale, a power of two.
    by: f64,
}

impl Finish {
    #[inline(always)]
    fn of(self, sum: f64) -> f64 {
        let root = match self.root {
            Root::One => sum,
            Root::Two => sum.sqrt(),
            Root::Of(power) => sum.powf(power),
        };
        root * self.by
    }
}

/// The rows outside, in the leaves of a tree.
struct Frontier<'a> {
    rows: &'a Rows,
    tree: &'a Tree<f64>,
    rule: Rule,
    finish: Finish,
    /// The sum of `within`.
    limit: f64,
    /// The place of each row among the packed ones.
    place: Vec<u32>,
    /// Of packed rows: the row's number, its core distance (infinite inside), its reach and where that comes from.
    number: Vec<Lanes>,
    core: Vec<Lanes>,
    reach: Vec<Lanes>,
    from: Vec<Lanes>,
    /// The groups of each leaf, and the leaf of each group.
    leaves: Vec<(u32, u32)>,
    leaf_of: Vec<u32>,
    /// Of leaves, several in a vector: boxes as p lowest and p highest values, what is known of the rows outside.
    boxes: Vec<Lanes>,
    low_core: Vec<Lanes>,
    high: Vec<Lanes>,
    low: Vec<Lanes>,
    low_number: Vec<Lanes>,
}

impl<'a> Frontier<'a> {
    #[inline(always)]
    fn new(rows: &'a Rows, tree: &'a Tree<f64>, core: &[f64], rule: Rule) -> Self {
        let (n, p) = (rows.n, rows.p);
        let groups = n.div_ceil(LANES);
        let mut place = vec![0u32; n];
        let mut number = vec![[f64::INFINITY; LANES]; groups];
        let mut packed_core = vec![[f64::INFINITY; LANES]; groups];
        for (at, &row) in tree.order.iter().enumerate() {
            place[row as usize] = at as u32;
            number[at / LANES][at % LANES] = f64::from(row);
            packed_core[at / LANES][at % LANES] = core[row as usize];
        }
        let mut leaves = Vec::new();
        let mut leaf_of = vec![0u32; groups];
        let mut sides = Vec::new();
        for (at, node) in tree.nodes.iter().enumerate() {
            if node.second == 0
                && let Some(side) = tree.sides(at)
            {
                leaf_of[node.start as usize..node.end as usize].fill(leaves.len() as u32);
                leaves.push((node.start, node.end));
                sides.push(side);
            }
        }
        let blocks = leaves.len().div_ceil(LANES);
        let mut boxes = vec![[0.0; LANES]; blocks * 2 * p];
        let mut high = vec![[f64::NEG_INFINITY; LANES]; blocks];
        let mut low_core = vec![[f64::INFINITY; LANES]; blocks];
        for (leaf, (lows, highs)) in sides.iter().enumerate() {
            let (block, lane) = (leaf / LANES, leaf % LANES);
            for j in 0..p {
                boxes[block * 2 * p + j][lane] = lows[j];
                boxes[block * 2 * p + p + j][lane] = highs[j];
            }
            high[block][lane] = f64::INFINITY;
            let (start, end) = leaves[leaf];
            for group in &packed_core[start as usize..end as usize] {
                for &core in group {
                    low_core[block][lane] = low_core[block][lane].min(core);
                }
            }
        }
        Frontier {
            rows,
            tree,
            rule,
            finish: rows.finish(),
            limit: rows.distance.begin(rule.within, rows.scale),
            place,
            number,
            core: packed_core,
            reach: vec![[f64::INFINITY; LANES]; groups],
            from: vec![[f64::INFINITY; LANES]; groups],
            leaves,
            leaf_of,
            boxes,
            low_core,
            high,
            low: vec![[f64::INFINITY; LANES]; blocks],
            low_number: vec![[f64::INFINITY; LANES]; blocks],
        }
    }

    /// The reach that sums stand for.
    #[inline(always)]
    fn reaches(&self, sums: &Lanes, own: f64, core: &Lanes) -> Lanes {
        let mut out = [0.0; LANES];
        match self.finish.root {
            Root::Two => {
                for l in 0..LANES {
                    out[l] = sums[l].sqrt() * self.finish.by;
                }
            }
            _ => {
                for l in 0..LANES {
                    out[l] = self.finish.of(sums[l]);
                }
            }
        }
        if self.rule.alpha != 1.0 {
            for l in 0..LANES {
                out[l] /= self.rule.alpha;
            }
        }
        for l in 0..LANES {
            let mut v = out[l];
            v = if own > v { own } else { v };
            v = if core[l] > v { core[l] } else { v };
            out[l] = v;
        }
        if self.rule.rounds {
            for l in 0..LANES {
                let v = rounded(out[l]);
                out[l] = if sums[l] <= self.limit {
                    v
                } else {
                    f64::INFINITY
                };
            }
        }
        out
    }

    #[inline(always)]
    fn grow<A: Add<f64>>(mut self, add: A, own: &[f64]) -> Vec<Joined> {
        let n = self.rows.n;
        let mut joined = Vec::with_capacity(n);
        let mut inside = vec![false; n];
        let mut first_outside = 0;
        let mut next = 0;
        loop {
            let at = self.place[next] as usize;
            let (group, lane) = (at / LANES, at % LANES);
            let (reach, from) = (self.reach[group][lane], self.from[group][lane]);
            joined.push(Joined {
                row: next,
                from: from.is_finite().then_some(from as usize),
                reach,
            });
            inside[next] = true;
            if joined.len() == n {
                return joined;
            }
            self.core[group][lane] = f64::INFINITY;
            self.reach[group][lane] = f64::INFINITY;
            next = match self.step(add, next, own[next], self.leaf_of[group]) {
                Some(next) => next,
                None => {
                    while inside.get(first_outside) == Some(&true) {
                        first_outside += 1;
                    }
                    first_outside
                }
            };
        }
    }

    /// Lowers what can be reached more easily from `row`, which came last and was in `left`; the row that comes next, if any
    /// is reached.
    #[inline(always)]
    fn step<A: Add<f64>>(&mut self, add: A, row: usize, own: f64, left: u32) -> Option<usize> {
        let p = self.rows.p;
        let rows = self.rows;
        let values = rows.row(row);
        let mut least = [f64::INFINITY; LANES];
        let mut number = [f64::INFINITY; LANES];
        for block in 0..self.low.len() {
            let sides = &self.boxes[block * 2 * p..(block + 1) * 2 * p];
            let (lows, highs) = sides.split_at(p);
            let mut bounds = [0.0; LANES];
            for j in 0..p {
                let v = values[j];
                for l in 0..LANES {
                    // Every step is monotonic, and so is its rounding: no row inside has a lower sum.
                    let (under, over) = (lows[j][l] - v, v - highs[j][l]);
                    let out = if under > over { under } else { over };
                    let out = if out > 0.0 { out } else { 0.0 };
                    bounds[l] = add.add(bounds[l], out, 0.0);
                }
            }
            let bounds = self.reaches(&bounds, own, &self.low_core[block]);
            let mut lower = [false; LANES];
            let mut any = false;
            for l in 0..LANES {
                lower[l] = bounds[l] < self.high[block][l];
                any |= lower[l];
            }
            if any || left as usize / LANES == block {
                for l in 0..LANES {
                    let leaf = block * LANES + l;
                    if lower[l] || left as usize == leaf {
                        self.leaf(add, leaf, values, row as f64, own, lower[l]);
                    }
                }
            }
            let (low, low_number) = (&self.low[block], &self.low_number[block]);
            for l in 0..LANES {
                let first = low[l] == least[l] && low_number[l] < number[l];
                let less = low[l] < least[l] || first;
                least[l] = if less { low[l] } else { least[l] };
                number[l] = if less { low_number[l] } else { number[l] };
            }
        }
        let mut best = (f64::INFINITY, f64::INFINITY);
        for l in 0..LANES {
            if least[l] < best.0 || least[l] == best.0 && number[l] < best.1 {
                best = (least[l], number[l]);
            }
        }
        (best.0 < f64::INFINITY).then_some(best.1 as usize)
    }

    /// Looks at all rows of a leaf.
    #[inline(always)]
    fn leaf<A: Add<f64>>(
        &mut self,
        add: A,
        leaf: usize,
        values: &[f64],
        from: f64,
        own: f64,
        lower: bool,
    ) {
        let p = self.rows.p;
        let columns = self.tree.packed.columns::<LANES>();
        let (start, end) = self.leaves[leaf];
        let mut least = [f64::INFINITY; LANES];
        let mut number = [f64::INFINITY; LANES];
        let mut most = [f64::NEG_INFINITY; LANES];
        for group in start as usize..end as usize {
            if lower {
                let columns = &columns[group * p..(group + 1) * p];
                let [found] = sums::<f64, A, LANES, 1>(add, [values], columns);
                let new = self.reaches(&found, own, &self.core[group]);
                let (reach, source) = (&mut self.reach[group], &mut self.from[group]);
                for l in 0..LANES {
                    let nearer = new[l] < reach[l];
                    reach[l] = if nearer { new[l] } else { reach[l] };
                    source[l] = if nearer { from } else { source[l] };
                }
            }
            let (reach, core, numbers) =
                (&self.reach[group], &self.core[group], &self.number[group]);
            for l in 0..LANES {
                let first = reach[l] == least[l] && numbers[l] < number[l];
                let less = reach[l] < least[l] || first;
                least[l] = if less { reach[l] } else { least[l] };
                number[l] = if less { numbers[l] } else { number[l] };
                let outside = core[l] < f64::INFINITY && reach[l] > most[l];
                most[l] = if outside { reach[l] } else { most[l] };
            }
        }
        let (block, lane) = (leaf / LANES, leaf % LANES);
        let mut best = (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY);
        for l in 0..LANES {
            if least[l] < best.0 || least[l] == best.0 && number[l] < best.1 {
                (best.0, best.1) = (least[l], number[l]);
            }
            best.2 = best.2.max(most[l]);
        }
        self.low[block][lane] = best.0;
        self.low_number[block][lane] = best.1;
        self.high[block][lane] = best.2;
    }
}
