//! Rows in random order, brought together ahead of those who learn from them.
//!
//! A row somewhere in gigabytes of memory takes a walk through the page tables and some cache lines from afar. A processor has
//! many of these under way at once as long as its window holds requests and little else. The steps of a learner, each of which
//! waits for the one before, fill that window: asked for in between, rows come almost one by one. So they are asked for several
//! at a time; and where there is a second thread, it copies the rows of the next block to where they follow each other while the
//! first learns from the last block, which is in the cache then. Who copies what changes no result: learners see the same
//! values in the same order.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{PoisonError, RwLock};

use crate::float::Float;
use crate::parallel::{self, CREW_JOBS, Crew};

/// Bytes of rows that make a block.
const BLOCK: usize = 256 << 10;
/// Parts of a block that are gathered one by one.
const PIECES: usize = 4;
/// Bytes of a cache line.
const LINE: usize = 64;
/// Bytes of rows that are asked for at a time: about as many cache lines as a processor waits for at once.
const BURST: usize = 4 << 10;
/// Bytes of rows that are asked for ahead of being copied.
const AHEAD: usize = 6 << 10;
/// Bytes of rows from which on they are gathered: fewer are near enough.
const LARGE: usize = 16 << 20;
/// Values from which on what is read at random stands on huge pages.
pub(super) const MANY: usize = 1 << 18;
/// Bytes of a row up to which rows are gathered: the processor itself asks for what follows in a longer one.
const WIDE: usize = 16 << 10;
/// The most groups of learners.
pub(super) const GROUPS: usize = CREW_JOBS - PIECES - 1;

/// A copy of the values, on huge pages where there are many and the system has them: of memory that is read at random, every
/// page is looked up again.
pub(super) fn paged<T: Copy + Default>(values: impl ExactSizeIterator<Item = T>) -> Vec<T> {
    let mut all = vec![T::default(); values.len()];
    if all.len() >= MANY {
        parallel::advise_huge_pages(&all);
    }
    all.iter_mut()
        .zip(values)
        .for_each(|(to, value)| *to = value);
    all
}

/// What is gathered: rows that follow each other, and what belongs to each of them.
#[derive(Clone, Copy)]
pub(super) struct Source<'a, F> {
    pub(super) rows: &'a [F],
    pub(super) width: usize,
    pub(super) codes: Option<&'a [u32]>,
    pub(super) values: Option<&'a [F]>,
    pub(super) weights: Option<&'a [f64]>,
}

/// Some rows in the order in which they are learned from. What the source does not have is empty.
#[derive(Debug, Default)]
pub(super) struct Piece<F> {
    pub(super) rows: Vec<F>,
    pub(super) codes: Vec<u32>,
    pub(super) values: Vec<F>,
    pub(super) weights: Vec<f64>,
    /// 0, 1, 2 and so on, one for each row.
    pub(super) numbers: Vec<u32>,
}

impl<F: Float> Source<'_, F> {
    /// A pass over so many rows in random order is worth a second thread, and there is one.
    pub(super) fn is_large(&self) -> bool {
        size_of_val(self.rows) >= LARGE
            && self.width <= WIDE / size_of::<F>()
            && rayon::current_num_threads() > 1
    }

    fn row(&self, row: usize) -> &[F] {
        &self.rows[row * self.width..][..self.width]
    }
}

impl<F: Float> Piece<F> {
    /// Holds the rows `of(i)` of the positions.
    fn fill(
        &mut self,
        source: &Source<'_, F>,
        positions: Range<usize>,
        of: &impl Fn(usize) -> usize,
    ) {
        let (n, width) = (positions.len(), source.width);
        if self.numbers.len() != n {
            self.numbers = (0..n as u32).collect();
            self.rows.resize(n * width, F::zero());
        }
        pick(&mut self.codes, source.codes, positions.clone(), of);
        pick(&mut self.values, source.values, positions.clone(), of);
        pick(&mut self.weights, source.weights, positions.clone(), of);
        let ahead = (AHEAD / (size_of::<F>() * width).max(1)).clamp(1, 32);
        for i in positions.clone().take(ahead) {
            prefetch_once(source.row(of(i)));
        }
        for (to, i) in self
            .rows
            .chunks_exact_mut(width.max(1))
            .zip(positions.clone())
        {
            if i + ahead < positions.end {
                prefetch_once(source.row(of(i + ahead)));
            }
            to.copy_from_slice(source.row(of(i)));
        }
    }
}

/// The values that belong to the positions, if there are values.
fn pick<T: Copy>(
    to: &mut Vec<T>,
    from: Option<&[T]>,
    positions: Range<usize>,
    of: &impl Fn(usize) -> usize,
) {
    if let Some(from) = from {
        to.clear();
        to.extend(positions.map(|i| from[of(i)]));
    }
}

/// Memory of two blocks: one that is learned from, one that is gathered.
pub(super) struct Blocks<F> {
    pieces: [[RwLock<Piece<F>>; PIECES]; 2],
    /// Rows of a block.
    size: usize,
}

impl<F: Float> Blocks<F> {
    pub(super) fn new(width: usize) -> Self {
        Self::of_size(BLOCK / (size_of::<F>() * width.max(1)))
    }

    /// Blocks of so many rows.
    fn of_size(size: usize) -> Self {
        Blocks {
            pieces: Default::default(),
            size: size.max(PIECES),
        }
    }

    /// One pass over the rows `of(0)` to `of(n - 1)`. Each group of learners is given all pieces in order, with the position of
    /// the first row of each. What else there is to do is done in shares, and told how many there are.
    pub(super) fn pass(
        &self,
        source: &Source<'_, F>,
        n: usize,
        of: &(impl Fn(usize) -> usize + Sync),
        groups: usize,
        learn: &(impl Fn(usize, usize, &Piece<F>) + Sync),
        beside: &(impl Fn(usize) + Sync),
    ) {
        let blocks = n.div_ceil(self.size);
        let part = self.size.div_ceil(PIECES);
        let first =
            |block: usize, piece: usize| (block * self.size + (piece * part).min(self.size)).min(n);
        // Block number `stage` is gathered, the one before is learned from.
        let stage = AtomicUsize::new(0);
        let work = |job: usize| {
            let block = stage.load(SeqCst);
            if job < groups {
                let Some(block) = block.checked_sub(1) else {
                    return;
                };
                for (i, piece) in self.pieces[block % 2].iter().enumerate() {
                    let piece = piece.read().unwrap_or_else(PoisonError::into_inner);
                    learn(job, first(block, i), &piece);
                }
            } else if job < groups + PIECES {
                let i = job - groups;
                if block < blocks {
                    let mut piece = self.pieces[block % 2][i]
                        .write()
                        .unwrap_or_else(PoisonError::into_inner);
                    piece.fill(source, first(block, i)..first(block, i + 1), of);
                }
            } else {
                beside(blocks + 1);
            }
        };
        let helpers = (rayon::current_num_threads() - 1).min(groups + 1);
        Crew::run(helpers, &work, |crew| {
            for block in 0..=blocks {
                stage.store(block, SeqCst);
                crew.phase(groups + PIECES + 1, &work);
            }
        });
    }
}

/// Rows that are asked for at a time.
pub(super) fn burst<F>(width: usize) -> usize {
    (BURST / (size_of::<F>() * width).max(1)).clamp(1, 32)
}

/// Asks for values that are needed soon.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
pub(super) fn prefetch<T>(values: &[T]) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    for part in values.chunks(LINE / size_of::<T>()) {
        // SAFETY: every x86-64 has the instruction; it is a hint that reads nothing a program could see and cannot fault.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(part.as_ptr().cast()) };
    }
}

/// Asks for values that are needed soon and only once: they are not to drive the page tables out of the caches.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn prefetch_once<T>(values: &[T]) {
    use std::arch::x86_64::{_MM_HINT_NTA, _mm_prefetch};
    for part in values.chunks(LINE / size_of::<T>()) {
        // SAFETY: as above.
        unsafe { _mm_prefetch::<_MM_HINT_NTA>(part.as_ptr().cast()) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) fn prefetch<T>(_: &[T]) {}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch_once<T>(_: &[T]) {}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// What a pass over so many rows in an order with gaps and repetitions shows two groups.
    fn passes(n: usize, width: usize, size: usize) {
        let rows: Vec<f32> = (0..n * width).map(|v| v as f32).collect();
        let codes: Vec<u32> = (0..n as u32).map(|v| v * 3).collect();
        let weights: Vec<f64> = (0..n).map(|v| v as f64 / 2.0).collect();
        let source = Source {
            rows: &rows,
            width,
            codes: Some(&codes),
            values: None,
            weights: Some(&weights),
        };
        let of = |i: usize| (i * i + 1) % n;
        let seen = [Mutex::new(Vec::new()), Mutex::new(Vec::new())];
        let shares = Mutex::new(Vec::new());
        let blocks = Blocks::of_size(size);
        // Twice, in the same memory.
        for _ in 0..2 {
            blocks.pass(
                &source,
                n,
                &of,
                2,
                &|group, first, piece| {
                    let mut seen = seen[group].lock().unwrap();
                    for (i, row) in piece.rows.chunks_exact(width).enumerate() {
                        assert_eq!(piece.numbers[i] as usize, i);
                        let place = (first + i, row.to_vec(), piece.codes[i], piece.weights[i]);
                        seen.push(place);
                    }
                    assert!(piece.numbers.len() == piece.codes.len() && piece.values.is_empty());
                },
                &|count| shares.lock().unwrap().push(count),
            );
        }
        for seen in seen {
            let seen = seen.into_inner().unwrap();
            assert_eq!(seen.len(), 2 * n, "{n} {width} {size}");
            for (k, (at, row, code, weight)) in seen.into_iter().enumerate() {
                let (i, from) = (k % n, of(k % n));
                assert_eq!(at, i);
                assert_eq!(row, rows[from * width..(from + 1) * width]);
                assert_eq!((code, weight), (codes[from], weights[from]));
            }
        }
        let shares = shares.into_inner().unwrap();
        assert!(shares.iter().all(|&count| 2 * count == shares.len()));
    }

    #[test]
    fn learners_see_every_row_once_and_in_order() {
        for threads in [1, 2, 8] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                for n in [1, 4, 5, 7, 8, 9, 63, 64, 65] {
                    for size in [0, 5, 8, 64] {
                        passes(n, 3, size);
                    }
                }
                passes(3, 5000, 4);
                passes(1000, 1, 16);
            });
        }
    }

    #[test]
    fn a_pass_without_rows_does_what_is_beside_it() {
        let source = Source::<f64> {
            rows: &[],
            width: 2,
            codes: None,
            values: None,
            weights: None,
        };
        let shares = Mutex::new(0);
        let none = |_: usize| 0;
        Blocks::new(2).pass(
            &source,
            0,
            &none,
            1,
            &|_, _, piece| assert!(piece.rows.is_empty()),
            &|_| *shares.lock().unwrap() += 1,
        );
        assert_eq!(shares.into_inner().unwrap(), 1);
    }

    #[test]
    fn neither_few_rows_nor_wide_ones_are_gathered() {
        let source = |rows, width| Source::<f64> {
            rows,
            width,
            codes: None,
            values: None,
            weights: None,
        };
        let pool = |threads: usize| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
        };
        let all = vec![0.0; LARGE / 8];
        assert!(pool(2).install(|| source(&all, 1).is_large()));
        assert!(pool(2).install(|| source(&all, 2048).is_large()));
        assert!(!pool(2).install(|| source(&all, 4096).is_large()));
        assert!(!pool(1).install(|| source(&all, 1).is_large()));
        assert!(!pool(2).install(|| source(&all[1..], 1).is_large()));
    }
}
