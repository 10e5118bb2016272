//! Hierarchies in which only neighbours may merge.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::Linkage;
use super::dendrogram::{Dendrogram, named};
use super::linkage::Distances;
use crate::error::Result;
use crate::parallel;

/// A possible merge: the least value first, then by the numbers of the nodes, as scikit-learn's heap has them.
#[derive(PartialEq)]
struct Pair {
    value: f64,
    high: usize,
    low: usize,
}

impl Eq for Pair {}

impl Ord for Pair {
    fn cmp(&self, other: &Self) -> Ordering {
        let value = self.value.total_cmp(&other.value);
        let nodes = (self.high, self.low).cmp(&(other.high, other.low));
        value.then(nodes)
    }
}

impl PartialOrd for Pair {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The neighbours of each row: the given pairs in both directions, and the nearest pair of every two parts that they leave
/// apart. Also the number of those parts.
pub(super) fn neighbours(
    pairs: &[(usize, usize)],
    n: usize,
    distances: &Distances,
) -> (Vec<BTreeSet<usize>>, usize) {
    let mut of = vec![BTreeSet::new(); n];
    for &(a, b) in pairs.iter().filter(|(a, b)| a != b) {
        of[a].insert(b);
        of[b].insert(a);
    }
    let mut part = vec![usize::MAX; n];
    let mut parts: Vec<Vec<usize>> = Vec::new();
    for first in 0..n {
        if part[first] != usize::MAX {
            continue;
        }
        let (mut members, mut open) = (Vec::new(), vec![first]);
        part[first] = parts.len();
        while let Some(row) = open.pop() {
            members.push(row);
            for &next in &of[row] {
                if part[next] == usize::MAX {
                    part[next] = parts.len();
                    open.push(next);
                }
            }
        }
        members.sort_unstable();
        parts.push(members);
    }
    for i in 0..parts.len() {
        for j in 0..i {
            let (rows, columns) = (&parts[i], &parts[j]);
            let nearest = parallel::map_chunks(rows.len(), 64, |range| {
                let mut best = (f64::INFINITY, rows[range.start], columns[0]);
                for &a in &rows[range] {
                    for &b in columns {
                        let d = distances.of(a, b);
                        if d < best.0 {
                            best = (d, a, b);
                        }
                    }
                }
                best
            });
            let best = nearest
                .into_iter()
                .reduce(|a, b| if b.0 < a.0 { b } else { a });
            if let Some((_, a, b)) = best {
                of[a].insert(b);
                of[b].insert(a);
            }
        }
    }
    (of, parts.len())
}

/// What a node is known by.
struct Ward {
    p: usize,
    sizes: Vec<f64>,
    sums: Vec<f64>,
}

impl Ward {
    /// m n / (m + n) |a − b|²
    fn value(&self, a: usize, b: usize) -> f64 {
        let (m, n) = (self.sizes[a], self.sizes[b]);
        let sums = self.sums[a * self.p..].iter().zip(&self.sums[b * self.p..]);
        let square: f64 = sums
            .take(self.p)
            .map(|(x, y)| (x / m - y / n).powi(2))
            .sum();
        m * n / (m + n) * square
    }
}

/// The tree, down to `stop` groups; `rows` are those of Ward's linkage.
pub(super) fn structured(
    mut of: Vec<BTreeSet<usize>>,
    distances: &Distances,
    rows: &[f64],
    linkage: Linkage,
    stop: usize,
    mut step: impl FnMut(usize) -> Result<()>,
) -> Result<Dendrogram> {
    let n = of.len();
    let mut ward = Ward {
        p: rows.len() / n,
        sizes: vec![1.0; n],
        sums: rows.to_vec(),
    };
    let is_ward = linkage == Linkage::Ward;
    let mut pairs = Vec::new();
    for (high, lows) in of.iter().enumerate() {
        for &low in lows.iter().filter(|&&low| low < high) {
            let value = match is_ward {
                true => ward.value(high, low),
                false => distances.of(high, low),
            };
            pairs.push(Pair { value, high, low });
        }
    }
    if linkage == Linkage::Single {
        pairs.sort();
        return Ok(tree(n, &pairs, stop));
    }
    let mut values: Vec<BTreeMap<usize, f64>> = vec![BTreeMap::new(); n];
    if !is_ward {
        for pair in &pairs {
            values[pair.high].insert(pair.low, pair.value);
            values[pair.low].insert(pair.high, pair.value);
        }
    }
    let mut heap: BinaryHeap<Reverse<Pair>> = pairs.into_iter().map(Reverse).collect();
    let mut gone = vec![false; n];
    let mut merges = Vec::with_capacity(n.saturating_sub(stop));
    while merges.len() + stop < n {
        let Some(Reverse(pair)) = heap.pop() else {
            break;
        };
        let (i, j) = (pair.high, pair.low);
        if gone[i] || gone[j] {
            continue;
        }
        let k = n + merges.len();
        merges.push((
            j,
            i,
            if is_ward {
                (2.0 * pair.value).sqrt()
            } else {
                pair.value
            },
        ));
        (gone[i], gone[j]) = (true, true);
        gone.push(false);
        let (m, l) = (ward.sizes[i], ward.sizes[j]);
        ward.sizes.push(m + l);
        for c in 0..ward.p {
            ward.sums
                .push(ward.sums[i * ward.p + c] + ward.sums[j * ward.p + c]);
        }
        let mut near: BTreeSet<usize> = std::mem::take(&mut of[i]);
        near.append(&mut of[j]);
        near.remove(&i);
        near.remove(&j);
        let (from_i, from_j) = match is_ward {
            true => (BTreeMap::new(), BTreeMap::new()),
            false => (
                std::mem::take(&mut values[i]),
                std::mem::take(&mut values[j]),
            ),
        };
        let mut own = BTreeMap::new();
        for &c in &near {
            of[c].remove(&i);
            of[c].remove(&j);
            of[c].insert(k);
            let value = match (is_ward, from_i.get(&c), from_j.get(&c)) {
                (true, ..) => ward.value(k, c),
                (_, Some(&a), Some(&b)) if linkage == Linkage::Complete => a.max(b),
                (_, Some(&a), Some(&b)) => (m * a + l * b) / (m + l),
                (_, Some(&a), None) | (_, None, Some(&a)) => a,
                (_, None, None) => continue,
            };
            if !is_ward {
                values[c].remove(&i);
                values[c].remove(&j);
                values[c].insert(k, value);
                own.insert(c, value);
            }
            heap.push(Reverse(Pair {
                value,
                high: k,
                low: c,
            }));
        }
        of.push(near);
        values.push(own);
        step(merges.len())?;
    }
    Ok(Dendrogram::new(n, &merges))
}

/// The merges along a minimum spanning tree of sorted pairs.
fn tree(n: usize, pairs: &[Pair], stop: usize) -> Dendrogram {
    let mut parents: Vec<usize> = (0..n).collect();
    let mut find = |mut i: usize, to: Option<usize>| {
        while parents[i] != i {
            parents[i] = parents[parents[i]];
            i = parents[i];
        }
        if let Some(to) = to {
            parents[i] = to;
        }
        i
    };
    let mut merges = Vec::new();
    for pair in pairs {
        let (a, b) = (find(pair.high, None), find(pair.low, None));
        if a != b && merges.len() + stop < n {
            find(a, Some(b));
            merges.push((pair.low, pair.high, pair.value));
        }
    }
    named(n, merges, false)
}
