//! Ward's hierarchy by the chain of nearest neighbours, on centroids: linear memory.

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use crate::linalg::simd;

/// Clusters whose distances are computed together.
const LANES: usize = 8;

/// Clusters by their centroids and sizes, packed in groups of lanes.
struct Clusters {
    p: usize,
    /// (groups, p, lanes); infinite where there is none.
    centroids: Vec<[f64; LANES]>,
    sizes: Vec<[f64; LANES]>,
    /// The cluster of each place, in rising order.
    ids: Vec<usize>,
    /// The place of each cluster.
    places: Vec<usize>,
    alive: usize,
}

impl Clusters {
    fn new(rows: &[f64], p: usize) -> Self {
        let n = rows.len() / p;
        let groups = n.div_ceil(LANES);
        let mut clusters = Clusters {
            p,
            centroids: vec![[f64::INFINITY; LANES]; groups * p],
            sizes: vec![[1.0; LANES]; groups],
            ids: (0..n).collect(),
            places: (0..n).collect(),
            alive: n,
        };
        for (place, row) in rows.chunks_exact(p).enumerate() {
            clusters.write(place, row, 1.0);
        }
        clusters
    }

    fn write(&mut self, place: usize, row: &[f64], size: f64) {
        let (group, lane) = (place / LANES, place % LANES);
        let columns = &mut self.centroids[group * self.p..][..self.p];
        for (column, v) in columns.iter_mut().zip(row) {
            column[lane] = *v;
        }
        self.sizes[group][lane] = size;
    }

    fn read(&self, place: usize, row: &mut [f64]) -> f64 {
        let (group, lane) = (place / LANES, place % LANES);
        for (v, column) in row.iter_mut().zip(&self.centroids[group * self.p..]) {
            *v = column[lane];
        }
        self.sizes[group][lane]
    }

    fn remove(&mut self, place: usize) {
        let (group, lane) = (place / LANES, place % LANES);
        for column in &mut self.centroids[group * self.p..][..self.p] {
            column[lane] = f64::INFINITY;
        }
        self.alive -= 1;
    }

    /// Moves the clusters together when half of the places are empty.
    fn compact(&mut self, gone: &[bool]) {
        if self.alive * 2 > self.ids.len() || self.ids.len() <= 4 * LANES {
            return;
        }
        let mut row = vec![0.0; self.p];
        let ids: Vec<usize> = self.ids.iter().copied().filter(|&id| !gone[id]).collect();
        for (place, &id) in ids.iter().enumerate() {
            let size = self.read(self.places[id], &mut row);
            self.write(place, &row, size);
            self.places[id] = place;
        }
        let groups = ids.len().div_ceil(LANES);
        self.centroids.truncate(groups * self.p);
        self.sizes.truncate(groups);
        for place in ids.len()..groups * LANES {
            for column in &mut self.centroids[(groups - 1) * self.p..] {
                column[place % LANES] = f64::INFINITY;
            }
        }
        self.ids = ids;
    }

    /// The nearest cluster to a centroid, the first of several, and m n / (m + n) d² to it.
    fn nearest(&self, row: &[f64], size: f64) -> (f64, usize) {
        let (mut least, mut at) = ([f64::INFINITY; LANES], [u32::MAX; LANES]);
        simd(
            #[inline(always)]
            || {
                let groups = self.centroids.chunks_exact(self.p).zip(&self.sizes);
                for (group, (columns, sizes)) in groups.enumerate() {
                    let squares = squares(columns, row);
                    for l in 0..LANES {
                        let value = squares[l] * (size * sizes[l] / (sizes[l] + size));
                        let less = value < least[l];
                        least[l] = if less { value } else { least[l] };
                        at[l] = if less { group as u32 } else { at[l] };
                    }
                }
            },
        );
        let mut best = (f64::INFINITY, usize::MAX);
        for l in 0..LANES {
            if at[l] != u32::MAX {
                let found = (least[l], at[l] as usize * LANES + l);
                if found.0 < best.0 || (found.0 == best.0 && found.1 < best.1) {
                    best = found;
                }
            }
        }
        best
    }

    /// The same distance to the cluster of one place, to the last bit.
    fn distance(&self, place: usize, row: &[f64], size: f64) -> f64 {
        let (group, lane) = (place / LANES, place % LANES);
        let columns = &self.centroids[group * self.p..][..self.p];
        let sizes = self.sizes[group];
        simd(
            #[inline(always)]
            || squares(columns, row)[lane] * (size * sizes[lane] / (sizes[lane] + size)),
        )
    }
}

#[inline(always)]
fn squares(columns: &[[f64; LANES]], row: &[f64]) -> [f64; LANES] {
    let mut even = [0.0; LANES];
    let mut odd = [0.0; LANES];
    let mut pairs = columns.chunks_exact(2);
    let mut values = row.chunks_exact(2);
    for (columns, values) in (&mut pairs).zip(&mut values) {
        for l in 0..LANES {
            let (a, b) = (columns[0][l] - values[0], columns[1][l] - values[1]);
            even[l] = a.mul_add(a, even[l]);
            odd[l] = b.mul_add(b, odd[l]);
        }
    }
    for (column, v) in pairs.remainder().iter().zip(values.remainder()) {
        for l in 0..LANES {
            let a = column[l] - v;
            even[l] = a.mul_add(a, even[l]);
        }
    }
    std::array::from_fn(|l| even[l] + odd[l])
}

/// The merges of rows of p features: two members each, and Ward's distance √(2 m n / (m + n)) |a − b|.
///
/// From any cluster the chain goes to the nearest one, from there to its nearest, and so on; two that are nearest to each
/// other are merged. As Ward's distance only grows by merging, that gives the same tree as taking the nearest pair of all.
/// `step` is called after each merge.
pub(super) fn ward(
    rows: &[f64],
    p: usize,
    mut step: impl FnMut(usize) -> crate::Result<()>,
) -> crate::Result<Vec<(usize, usize, f64)>> {
    let n = rows.len() / p;
    let mut clusters = Clusters::new(rows, p);
    let mut gone = vec![false; n];
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    let mut chain: Vec<usize> = Vec::with_capacity(n);
    let (mut here, mut other) = (vec![0.0; p], vec![0.0; p]);
    let mut first = 0;
    while merges.len() + 1 < n {
        if chain.is_empty() {
            while gone[first] {
                first += 1;
            }
            chain.push(first);
        }
        let (x, y, value, size) = loop {
            let x = chain[chain.len() - 1];
            let place = clusters.places[x];
            let size = clusters.read(place, &mut here);
            // Out of its own way.
            other.fill(f64::INFINITY);
            clusters.write(place, &other, size);
            let (mut value, found) = clusters.nearest(&here, size);
            clusters.write(place, &here, size);
            let mut y = if found < clusters.ids.len() {
                clusters.ids[found]
            } else {
                usize::MAX
            };
            if let Some(&before) = chain.len().checked_sub(2).and_then(|i| chain.get(i)) {
                let back = clusters.distance(clusters.places[before], &here, size);
                if y == usize::MAX || back <= value {
                    (value, y) = (back, before);
                }
            }
            if y == usize::MAX {
                // All distances are beyond the largest number: any other cluster is as near.
                y = (0..n).find(|&i| !gone[i] && i != x).unwrap_or(x);
                chain.truncate(1);
                chain[0] = x;
                chain.insert(0, y);
                value = f64::INFINITY;
            }
            if chain.len() > 1 && y == chain[chain.len() - 2] {
                break (x, y, value, size);
            }
            chain.push(y);
        };
        chain.truncate(chain.len() - 2);
        let (low, high) = (x.min(y), x.max(y));
        let other_size = clusters.read(clusters.places[y], &mut other);
        merges.push((low, high, (2.0 * value).sqrt()));
        let total = size + other_size;
        for (v, w) in here.iter_mut().zip(&other) {
            *v = (size * *v + other_size * w) / total;
        }
        gone[low] = true;
        clusters.remove(clusters.places[low]);
        clusters.write(clusters.places[high], &here, total);
        clusters.compact(&gone);
        // Rounding may have led the chain to a cluster twice.
        if chain.iter().rev().take(2).any(|&i| gone[i]) {
            chain.clear();
        }
        step(merges.len())?;
    }
    Ok(merges)
}
