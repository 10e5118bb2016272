//! Rows by what they are nearest to, so that most pairs that are far apart are never looked at.
//!
//! A few means divide the rows. Between two of them, a and b, the place of a row x along the line through both,
//! (|x − a|² − |x − b|²) / (2 |a − b|), differs between two rows by no more than their distance. A row of a whose place is
//! farther than the radius before the first row of b therefore has no neighbour in b. In groups that are apart that leaves
//! the pairs of each group, in any number of columns; rows without groups cost what all pairs cost.

#![allow(clippy::needless_range_loop)] // kernels over lanes and rows

use std::sync::atomic::{AtomicBool, Ordering};

use super::Sets;
use crate::float::Float;
use crate::linalg::simd;
use crate::metrics::pairwise::metric::Form;
use crate::metrics::pairwise::packed::{Packed, RoundedSquares, Squares, lanes, sums};
use crate::neighbors::search::gathered;
use crate::parallel;

/// The most cells: the bits of a word.
const MOST: usize = 64;
/// The most rows that means are found from.
const SAMPLE: usize = 2048;
/// Times that means are moved.
const MOVES: usize = 4;
/// Rows of one task.
const TASK: usize = 64;
/// Rows side by side.
const ROWS: usize = 4;
const FORM: Form = Form::Squares { square: false };

/// Runs a block for the lanes of an element type, compiled for the best instruction set.
macro_rules! with_lanes {
    ($F:ty, |$L:ident| $body:expr) => {
        simd(
            #[inline(always)]
            || {
                if const { lanes::<$F>() == 16 } {
                    const $L: usize = 16;
                    $body
                } else {
                    const $L: usize = 8;
                    $body
                }
            },
        )
    };
}

/// Some rows.
struct Cell<F> {
    numbers: Vec<u32>,
    rows: Vec<F>,
    packed: Packed<F>,
}

impl<F: Float> Cell<F> {
    fn new(rows: &[F], p: usize, numbers: Vec<u32>) -> Self {
        let rows = gathered(rows, p, numbers.iter().map(|&i| i as usize));
        let packed = Packed::new(&rows, p, None, FORM);
        Cell {
            numbers,
            rows,
            packed,
        }
    }
}

/// Rows, and which cells each may have neighbours in.
pub(super) struct Cells<'a, F> {
    rows: &'a [F],
    p: usize,
    /// The square of the radius.
    limit: F,
    /// The cell of each row.
    of: Vec<u8>,
    n_cells: usize,
    /// For each row a bit for each cell.
    visits: Vec<u64>,
}

impl<'a, F: Float> Cells<'a, F> {
    /// Of rows of p values whose squared distances are at most `limit`.
    pub(super) fn new(rows: &'a [F], p: usize, limit: F) -> Self {
        let n = rows.len() / p.max(1);
        let means = Means::new(rows, p);
        let k = means.k;
        let parts = parallel::map_chunks(n, 512, |range| {
            let mut of = Vec::with_capacity(range.len());
            // For each pair (a, b) the place of the row of b that comes first on the way from a.
            let mut first = vec![f64::INFINITY; k * k];
            let mut largest = 0.0_f64;
            means.each(rows, range, |squares| {
                let b = nearest(squares);
                of.push(b as u8);
                for (a, first) in first.chunks_exact_mut(k).enumerate() {
                    let place = means.place(squares, a, b);
                    // What is not a number is not known: anywhere.
                    let place = if place.is_nan() {
                        f64::NEG_INFINITY
                    } else {
                        place
                    };
                    first[b] = first[b].min(place);
                }
                largest = squares.iter().copied().fold(largest, f64::max);
            });
            (of, first, largest)
        });
        let mut first = vec![f64::INFINITY; k * k];
        let mut largest = 0.0_f64;
        for (_, part, square) in &parts {
            first.iter_mut().zip(part).for_each(|(a, &b)| *a = a.min(b));
            largest = largest.max(*square);
        }
        let of: Vec<u8> = parts.into_iter().flat_map(|(of, _, _)| of).collect();
        // What rounding can do: to sums of squares compared with the limit, and to places.
        let radius = limit.f64().sqrt() * (1.0 + 2.0 * (p + 8) as f64 * F::EPSILON.f64());
        let slack = 8.0 * (p + 8) as f64 * f64::EPSILON * largest;
        let beyond: Vec<f64> = (first.iter().zip(&means.apart))
            .map(|(first, apart)| first - slack / apart)
            .collect();
        let visits = parallel::map_chunks(n, 512, |range| {
            let mut visits = Vec::with_capacity(range.len());
            let mut own = of[range.clone()].iter();
            means.each(rows, range, |squares| {
                let a = own.next().map_or(0, |&a| a as usize);
                let mut bits = 1u64 << a;
                for (b, &beyond) in beyond[a * k..(a + 1) * k].iter().enumerate() {
                    let far = beyond - means.place(squares, a, b) > radius;
                    bits |= u64::from(!far) << b;
                }
                visits.push(bits);
            });
            visits
        });
        Cells {
            rows,
            p,
            limit,
            of,
            n_cells: k,
            visits: visits.concat(),
        }
    }

    /// The rows for which `keep` holds, by cell.
    fn divided(&self, keep: impl Fn(usize) -> bool) -> Vec<Cell<F>> {
        let mut numbers = vec![Vec::new(); self.n_cells];
        for (i, &cell) in self.of.iter().enumerate().filter(|(i, _)| keep(*i)) {
            numbers[cell as usize].push(i as u32);
        }
        let cell = |numbers| Cell::new(self.rows, self.p, numbers);
        numbers.into_iter().map(cell).collect()
    }

    /// Parts of cells: the cell, its first and its last row.
    fn tasks(cells: &[Cell<F>]) -> Vec<(usize, usize, usize)> {
        let of = |(cell, rows): (usize, &Cell<F>)| {
            let n = rows.numbers.len();
            (0..n)
                .step_by(TASK)
                .map(move |from| (cell, from, n.min(from + TASK)))
                .collect::<Vec<_>>()
        };
        cells.iter().enumerate().flat_map(of).collect()
    }

    /// The cells that some rows visit, their own first.
    fn visited(&self, own: usize, numbers: &[u32]) -> impl Iterator<Item = usize> {
        let all = (numbers.iter()).fold(0, |bits, &i| bits | self.visits[i as usize]);
        let mut bits = all & !(1 << own);
        let others = std::iter::from_fn(move || {
            (bits != 0).then(|| {
                let next = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                next
            })
        });
        std::iter::once(own).chain(others)
    }

    /// Which rows have at least so many rows within the radius, themselves included.
    pub(super) fn core_rows(&self, enough: f64) -> Vec<bool> {
        let cells = self.divided(|_| true);
        let tasks = Self::tasks(&cells);
        let parts = parallel::map(tasks.len(), |task| {
            let (own, from, to) = tasks[task];
            let mut counts = Vec::with_capacity(TASK);
            with_lanes!(F, |L| {
                for at in (from..to).step_by(ROWS) {
                    counts.extend(self.count::<L>(&cells, own, at..to.min(at + ROWS), enough));
                }
            });
            counts
        });
        let mut core = vec![false; self.of.len()];
        for ((own, from, to), counts) in tasks.into_iter().zip(parts) {
            for (&i, count) in cells[own].numbers[from..to].iter().zip(counts) {
                core[i as usize] = count as f64 >= enough;
            }
        }
        core
    }

    /// Neighbours of up to [`ROWS`] rows, counted until they are enough.
    #[inline(always)]
    fn count<const L: usize>(
        &self,
        cells: &[Cell<F>],
        own: usize,
        range: std::ops::Range<usize>,
        enough: f64,
    ) -> impl Iterator<Item = usize> {
        let (p, used) = (self.p, range.len());
        let rows = block(&cells[own].rows, p, &range);
        let mut counts = [0usize; ROWS];
        'visits: for cell in self.visited(own, &cells[own].numbers[range]) {
            let cell = &cells[cell];
            let groups = cell.packed.columns::<L>().chunks_exact(p);
            for (columns, numbers) in groups.zip(cell.numbers.chunks(L)) {
                let found = sums::<F, _, L, ROWS>(RoundedSquares, rows, columns);
                let mut met = false;
                for r in 0..ROWS {
                    if !any(&found[r], self.limit) {
                        continue;
                    }
                    met = true;
                    let all = found[r].iter().zip(numbers);
                    counts[r] += all.filter(|(sum, _)| **sum <= self.limit).count();
                }
                if met && counts.iter().all(|&count| count as f64 >= enough) {
                    break 'visits;
                }
            }
        }
        counts.into_iter().take(used)
    }

    /// For each core row the first core row of its group, for each other row the first core row of the earliest group within
    /// the radius, or nothing.
    pub(super) fn connected(&self, core: &[bool]) -> Vec<Option<u32>> {
        let groups = Sets::new(core.len());
        let cells = self.divided(|i| core[i]);
        let whole: Vec<Vec<AtomicBool>> = (cells.iter())
            .map(|cell| cell.numbers.chunks(lanes::<F>()))
            .map(|groups| groups.map(|_| AtomicBool::new(false)).collect())
            .collect();
        let tasks = Self::tasks(&cells);
        parallel::map(tasks.len(), |task| {
            let (own, from, to) = tasks[task];
            with_lanes!(F, |L| {
                for at in (from..to).step_by(ROWS) {
                    let range = at..to.min(at + ROWS);
                    self.unite::<L>(&cells, own, range, &groups, &whole);
                }
            });
        });
        let others = self.divided(|i| !core[i]);
        let tasks = Self::tasks(&others);
        let parts = parallel::map(tasks.len(), |task| {
            let (own, from, to) = tasks[task];
            let mut found = Vec::with_capacity(TASK);
            with_lanes!(F, |L| {
                for at in (from..to).step_by(ROWS) {
                    let range = at..to.min(at + ROWS);
                    found.extend(self.first::<L>(&others[own], &cells, own, range, &groups));
                }
            });
            found
        });
        let mut firsts: Vec<Option<u32>> = (core.iter().zip(0..))
            .map(|(core, i)| core.then(|| groups.find(i)))
            .collect();
        for ((own, from, to), found) in tasks.into_iter().zip(parts) {
            for (&i, first) in others[own].numbers[from..to].iter().zip(found) {
                firsts[i as usize] = (first != u32::MAX).then_some(first);
            }
        }
        firsts
    }

    /// Unites up to [`ROWS`] rows with those within the radius, in their own cell and those before it.
    #[inline(always)]
    fn unite<const L: usize>(
        &self,
        cells: &[Cell<F>],
        own: usize,
        range: std::ops::Range<usize>,
        groups: &Sets,
        whole: &[Vec<AtomicBool>],
    ) {
        let p = self.p;
        let rows = block(&cells[own].rows, p, &range);
        let mine = &cells[own].numbers[range.clone()];
        // The set of all these rows, once it is one.
        let one = || {
            let set = groups.find(mine[0]);
            let same = mine.iter().all(|&i| groups.find(i) == set);
            same.then_some(set)
        };
        let mut set = one();
        for at in self.visited(own, mine).filter(|&cell| cell <= own) {
            let cell = &cells[at];
            let columns = cell.packed.columns::<L>().chunks_exact(p);
            for (group, (columns, numbers)) in columns.zip(cell.numbers.chunks(L)).enumerate() {
                if at == own && group * L >= range.end {
                    break;
                }
                let known = whole[at][group].load(Ordering::Relaxed);
                if known && set.is_some_and(|set| groups.find(set) == groups.find(numbers[0])) {
                    continue;
                }
                let found = sums::<F, _, L, ROWS>(RoundedSquares, rows, columns);
                let mut met = false;
                for (found, &i) in found.iter().zip(mine) {
                    if !any(found, self.limit) {
                        continue;
                    }
                    for (&sum, &j) in found.iter().zip(numbers) {
                        if sum <= self.limit && i != j {
                            groups.unite(i, j);
                            met = true;
                        }
                    }
                }
                if met {
                    set = one();
                    if !known {
                        let set = groups.find(numbers[0]);
                        let all = numbers.iter().all(|&j| groups.find(j) == set);
                        whole[at][group].store(all, Ordering::Relaxed);
                    }
                }
            }
        }
    }

    /// The least of the sets within the radius of up to [`ROWS`] rows.
    #[inline(always)]
    fn first<const L: usize>(
        &self,
        others: &Cell<F>,
        cells: &[Cell<F>],
        own: usize,
        range: std::ops::Range<usize>,
        groups: &Sets,
    ) -> impl Iterator<Item = u32> {
        let (p, used) = (self.p, range.len());
        let rows = block(&others.rows, p, &range);
        let mut first = [u32::MAX; ROWS];
        for cell in self.visited(own, &others.numbers[range]) {
            let cell = &cells[cell];
            let groups_of = cell.packed.columns::<L>().chunks_exact(p);
            for (columns, numbers) in groups_of.zip(cell.numbers.chunks(L)) {
                let found = sums::<F, _, L, ROWS>(RoundedSquares, rows, columns);
                for r in 0..ROWS {
                    if !any(&found[r], self.limit) {
                        continue;
                    }
                    for (&sum, &j) in found[r].iter().zip(numbers) {
                        if sum <= self.limit {
                            first[r] = first[r].min(groups.find(j));
                        }
                    }
                }
            }
        }
        first.into_iter().take(used)
    }
}

/// Some rows of a cell, the last of them again where they are fewer.
#[inline(always)]
fn block<'a, F>(rows: &'a [F], p: usize, range: &std::ops::Range<usize>) -> [&'a [F]; ROWS] {
    std::array::from_fn(|r| {
        let row = (range.start + r).min(range.end - 1);
        &rows[row * p..(row + 1) * p]
    })
}

#[inline(always)]
fn any<F: Float, const L: usize>(found: &[F; L], limit: F) -> bool {
    found.iter().fold(false, |any, &v| any | (v <= limit))
}

fn nearest(squares: &[f64]) -> usize {
    let all = squares.iter().enumerate();
    all.min_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(k, _)| k)
}

/// What rows are divided by.
struct Means {
    k: usize,
    p: usize,
    packed: Packed<f64>,
    /// Distances between means, (k, k).
    apart: Vec<f64>,
}

impl Means {
    /// Means of what is nearest to rows far from each other, of evenly spaced rows.
    fn new<F: Float>(rows: &[F], p: usize) -> Self {
        let n = rows.len() / p.max(1);
        let size = n.min(SAMPLE);
        let most = ((n as f64).sqrt() / 2.0).ceil().clamp(1.0, MOST as f64) as usize;
        let sample: Vec<f64> = (0..size)
            .flat_map(|i| {
                let row = (i as u128 * n as u128 / size as u128) as usize;
                rows[row * p..(row + 1) * p].iter().map(|v| v.f64())
            })
            .collect();
        // Each next one is the farthest from those before it.
        let mut means = sample[..p.min(sample.len())].to_vec();
        let mut distances = vec![f64::INFINITY; size];
        while means.len() < most * p {
            let last = Self::of(&means[means.len() - p..], p);
            let mut at = 0;
            last.each(&sample, 0..size, |squares| {
                distances[at] = distances[at].min(squares[0]);
                at += 1;
            });
            let far = (distances.iter().enumerate()).max_by(|a, b| a.1.total_cmp(b.1));
            match far {
                Some((i, &d)) if d > 0.0 => means.extend_from_slice(&sample[i * p..(i + 1) * p]),
                _ => break,
            }
        }
        for _ in 0..MOVES {
            let now = Self::of(&means, p);
            let mut sums = vec![0.0; means.len()];
            let mut counts = vec![0usize; now.k];
            let mut each = sample.chunks_exact(p.max(1));
            now.each(&sample, 0..size, |squares| {
                let k = nearest(squares);
                counts[k] += 1;
                let row = each.next().into_iter().flatten();
                sums[k * p..(k + 1) * p]
                    .iter_mut()
                    .zip(row)
                    .for_each(|(sum, v)| *sum += v);
            });
            let moved = means
                .chunks_exact_mut(p.max(1))
                .zip(sums.chunks_exact(p.max(1)));
            for ((mean, sum), &count) in moved.zip(&counts).filter(|(_, count)| **count > 0) {
                for (mean, sum) in mean.iter_mut().zip(sum) {
                    *mean = sum / count as f64;
                }
            }
        }
        Self::of(&means, p)
    }

    fn of(means: &[f64], p: usize) -> Self {
        let k = means.len() / p.max(1);
        let mut of = Means {
            k,
            p,
            packed: Packed::new(means, p, None, FORM),
            apart: Vec::new(),
        };
        let mut apart = Vec::with_capacity(k * k);
        of.each(means, 0..k, |squares| {
            apart.extend(squares.iter().map(|v| v.sqrt()))
        });
        of.apart = apart;
        of
    }

    /// Calls `f` with the squares of the distances of each row of the range to all means.
    fn each<F: Float>(&self, rows: &[F], range: std::ops::Range<usize>, mut f: impl FnMut(&[f64])) {
        const L: usize = lanes::<f64>();
        let p = self.p;
        let mut row = vec![0.0; p];
        let mut squares = vec![0.0; self.k.next_multiple_of(L)];
        for i in range {
            for (to, v) in row.iter_mut().zip(&rows[i * p..(i + 1) * p]) {
                *to = v.f64();
            }
            simd(
                #[inline(always)]
                || {
                    let groups = self.packed.columns::<L>().chunks_exact(p);
                    for (out, columns) in squares.as_chunks_mut::<L>().0.iter_mut().zip(groups) {
                        [*out] = sums::<f64, _, L, 1>(Squares, [&row], columns);
                    }
                },
            );
            f(&squares[..self.k]);
        }
    }

    /// The place of a row on the way from one mean to another, from the middle.
    #[inline(always)]
    fn place(&self, squares: &[f64], from: usize, to: usize) -> f64 {
        (squares[from] - squares[to]) / (2.0 * self.apart[from * self.k + to])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, standard_normal};

    #[test]
    fn no_neighbour_is_in_a_cell_that_is_not_visited() {
        let mut rng = generator(6);
        for (n, p, spread, steps) in [(400, 6, 4.0, 1e9), (300, 2, 0.0, 2.0), (257, 20, 3.0, 1e9)] {
            let centres: Vec<f64> = (0..7 * p)
                .map(|_| spread * standard_normal(&mut rng))
                .collect();
            let rows: Vec<f64> = (0..n * p)
                .map(|at| centres[(at / p) % 7 * p + at % p] + standard_normal(&mut rng))
                .map(|v| (v * steps).round() / steps)
                .collect();
            let radius = (p as f64).sqrt();
            let cells = Cells::new(&rows, p, radius * radius);
            let mut passed_by = 0;
            for (i, a) in rows.chunks(p).enumerate() {
                for (j, b) in rows.chunks(p).enumerate() {
                    let square: f64 = a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum();
                    if cells.visits[i] >> cells.of[j] & 1 == 0 {
                        passed_by += 1;
                        assert!(square > radius * radius, "{n}: {i} {j}");
                    }
                }
            }
            // Groups that are apart pass each other by.
            assert!(spread == 0.0 || passed_by > n * n / 2, "{n}: {passed_by}");
        }
    }
}
