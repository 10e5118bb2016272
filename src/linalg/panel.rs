//! Products of a small batch of rows with a matrix, without packing: what one step of a network needs.
//!
//! The right factor and the result have rows padded with zeros to whole vectors ([`stride`]), so that no kernel has a tail.
//! A tile of six rows by four vectors (two where registers are few) of the result stays in registers while a stretch of
//! [`DEPTH`] rows of the right factor, four vectors wide, stays in the first-level cache. Packing, which libraries for large
//! products do first, costs as much as the product at these sizes.

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;
use crate::float::Float;

/// Bytes of a cache line, and of the widest vector.
const LINE: usize = 64;

/// Rows of the right factor between two visits of the result: four vectors of each take 28 KiB.
const DEPTH: usize = 112;

/// The distance of rows of `width` elements: whole cache lines, and not a multiple of eight of them, because rows at such a
/// distance share few sets of the cache.
pub(crate) const fn stride<F>(width: usize) -> usize {
    let per_line = LINE / size_of::<F>();
    let lines = width.div_ceil(per_line);
    let lines = if lines >= 8 && lines.is_multiple_of(8) {
        lines + 1
    } else {
        lines
    };
    lines * per_line
}

/// Which way the left factor lies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Row i of A is row i of the memory.
    Rows,
    /// Row i of A is column i of the memory.
    Columns,
}

/// C ← A B, or C ← C + A B, with A (m, k), B (k, n) and C (m, n).
pub(crate) struct Product<'a, 'b, F> {
    /// The memory of A, rows `a_stride` apart.
    pub a: &'a [F],
    pub a_stride: usize,
    pub left: Left,
    /// Which rows of the memory of A are meant, one for each; without, the first ones.
    pub picked: Option<&'a [u32]>,
    /// What is brought near in the meantime.
    pub ahead: Option<&'a mut Ahead<'b, F>>,
    /// Rows of B, `b_stride` apart, each padded to whole cache lines.
    pub b: &'a [F],
    pub b_stride: usize,
    /// Rows of C, `c_stride` apart, each padded to whole cache lines.
    pub c: &'a mut [F],
    pub c_stride: usize,
    pub m: usize,
    pub k: usize,
    pub n: usize,
    /// Whether C is added to; else it is not read.
    pub add: bool,
}

impl<F: Float> Product<'_, '_, F> {
    /// Computes it, on the calling thread.
    ///
    /// # Panics
    /// When a slice is too short for its shape.
    pub(crate) fn run(self) {
        let width = self.n.next_multiple_of(LINE / size_of::<F>());
        let last = |rows: usize, stride: usize, width: usize| match rows {
            0 => 0,
            rows => (rows - 1) * stride + width,
        };
        let (a_rows, a_width) = match self.left {
            Left::Rows => (self.m, self.k),
            Left::Columns => (self.k, self.m),
        };
        assert!(
            match self.picked {
                // Each row is checked where it is read.
                Some(picked) => picked.len() >= a_rows,
                None => self.a.len() >= last(a_rows, self.a_stride, a_width),
            } && self.b.len() >= last(self.k, self.b_stride, width)
                && self.c.len() >= last(self.m, self.c_stride, width),
            "the factors and the result have their shapes"
        );
        if self.k > 0 && self.m > 0 && self.n > 0 {
            pulp::Arch::new().dispatch(self);
        } else if !self.add {
            for row in 0..self.m {
                self.c[row * self.c_stride..][..width].fill(F::zero());
            }
        }
    }
}

impl<F: Lanes> WithSimd for Product<'_, '_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let lanes = F::lanes::<S>();
        let vectors = self.n.next_multiple_of(LINE / size_of::<F>()) / lanes;
        let widest = if S::REGISTER_COUNT >= 32 { 4 } else { 2 };
        // Stretches and panels of even size.
        let stretches = self.k.div_ceil(DEPTH).max(1);
        let depth = self.k.div_ceil(stretches);
        let panels = vectors.div_ceil(widest).max(1);
        for stretch in 0..stretches {
            let first = stretch * depth;
            let k = depth.min(self.k.saturating_sub(first));
            let add = self.add || stretch > 0;
            let b = &self.b[(first * self.b_stride)..];
            let (a, picked) = match (self.left, self.picked) {
                (Left::Rows, picked) => (&self.a[first..], picked),
                (Left::Columns, Some(picked)) => (self.a, Some(&picked[first..])),
                (Left::Columns, None) => (&self.a[(first * self.a_stride)..], None),
            };
            let mut vector = 0;
            for panel in 0..panels {
                let wide = (vectors - vector).div_ceil(panels - panel);
                let mut part = Panel {
                    a,
                    a_stride: self.a_stride,
                    picked,
                    ahead: self.ahead.as_deref_mut(),
                    b: &b[vector * lanes..],
                    b_stride: self.b_stride,
                    c: &mut self.c[vector * lanes..],
                    c_stride: self.c_stride,
                    m: self.m,
                    k,
                    add,
                };
                match (self.left, wide) {
                    (Left::Rows, 4) => part.run::<S, 4, false>(simd),
                    (Left::Rows, 3) => part.run::<S, 3, false>(simd),
                    (Left::Rows, 2) => part.run::<S, 2, false>(simd),
                    (Left::Rows, _) => part.run::<S, 1, false>(simd),
                    (Left::Columns, 4) => part.run::<S, 4, true>(simd),
                    (Left::Columns, 3) => part.run::<S, 3, true>(simd),
                    (Left::Columns, 2) => part.run::<S, 2, true>(simd),
                    (Left::Columns, _) => part.run::<S, 1, true>(simd),
                }
                vector += wide;
            }
        }
    }
}

/// All rows of the result, a few vectors wide.
struct Panel<'a, 'b, F> {
    a: &'a [F],
    a_stride: usize,
    picked: Option<&'a [u32]>,
    ahead: Option<&'a mut Ahead<'b, F>>,
    b: &'a [F],
    b_stride: usize,
    c: &'a mut [F],
    c_stride: usize,
    m: usize,
    k: usize,
    add: bool,
}

impl<F: Lanes> Panel<'_, '_, F> {
    #[inline(always)]
    fn run<S: Simd, const V: usize, const COLUMNS: bool>(&mut self, simd: S) {
        let mut row = 0;
        while self.m - row >= 6 {
            if let Some(ahead) = &mut self.ahead {
                ahead.touch();
            }
            self.tile::<S, V, 6, COLUMNS>(simd, row);
            row += 6;
        }
        if self.m - row >= 3 {
            self.tile::<S, V, 3, COLUMNS>(simd, row);
            row += 3;
        }
        while row < self.m {
            self.tile::<S, V, 1, COLUMNS>(simd, row);
            row += 1;
        }
    }

    /// `V` vectors of `M` rows.
    #[inline(always)]
    fn tile<S: Simd, const V: usize, const M: usize, const COLUMNS: bool>(
        &mut self,
        simd: S,
        row: usize,
    ) {
        let lanes = F::lanes::<S>();
        let width = V * lanes;
        let mut tile = [[F::splat(simd, F::zeroed()); V]; M];
        if self.add {
            for (i, sums) in tile.iter_mut().enumerate() {
                let c = &self.c[(row + i) * self.c_stride..][..width];
                sums.copy_from_slice(F::vectors::<S>(c));
            }
        }
        let mut b = self.b;
        if COLUMNS {
            let a = &self.a[row..];
            match self.picked {
                None => {
                    let mut a = a;
                    for p in 0..self.k {
                        add_term::<S, F, V, M>(simd, &mut tile, &a[..M], &b[..width]);
                        if p + 1 < self.k {
                            a = &a[self.a_stride..];
                            b = &b[self.b_stride..];
                        }
                    }
                }
                Some(picked) => {
                    for (p, &at) in picked[..self.k].iter().enumerate() {
                        let left = &a[at as usize * self.a_stride..][..M];
                        add_term::<S, F, V, M>(simd, &mut tile, left, &b[..width]);
                        if p + 1 < self.k {
                            b = &b[self.b_stride..];
                        }
                    }
                }
            }
        } else {
            let mut left: [&[F]; M] = [&[]; M];
            for (i, left) in left.iter_mut().enumerate() {
                let at = match self.picked {
                    Some(picked) => picked[row + i] as usize,
                    None => row + i,
                };
                *left = &self.a[at * self.a_stride..][..self.k];
            }
            for p in 0..self.k {
                let mut column = [F::zeroed(); M];
                for (value, left) in column.iter_mut().zip(&left) {
                    *value = left[p];
                }
                add_term::<S, F, V, M>(simd, &mut tile, &column, &b[..width]);
                if p + 1 < self.k {
                    b = &b[self.b_stride..];
                }
            }
        }
        for (i, sums) in tile.iter().enumerate() {
            let c = &mut self.c[(row + i) * self.c_stride..][..width];
            F::vectors_mut::<S>(c).copy_from_slice(sums);
        }
    }
}

/// One term of every sum of a tile.
#[inline(always)]
fn add_term<S: Simd, F: Lanes, const V: usize, const M: usize>(
    simd: S,
    tile: &mut [[F::Vector<S>; V]; M],
    left: &[F],
    right: &[F],
) {
    let right: &[F::Vector<S>] = &F::vectors::<S>(right)[..V];
    for (sums, &l) in tile.iter_mut().zip(left) {
        let l = F::splat(simd, l);
        for (sum, &r) in sums.iter_mut().zip(right) {
            *sum = F::mul_add(simd, l, r, *sum);
        }
    }
}

/// Stretches of some rows of a matrix that are to be in the cache soon. A product asks for a few cache lines of them with each
/// of its tiles, so that the memory works while the product is computed.
pub(crate) struct Ahead<'a, F> {
    x: &'a [F],
    stride: usize,
    rows: &'a [u32],
    /// Of each row.
    width: usize,
    /// Elements of the first of the rows that were asked for.
    done: usize,
    /// Elements that a tile asks for.
    pace: usize,
}

impl<'a, F> Ahead<'a, F> {
    /// `width` elements of each of the `rows` of `x`, which lie `stride` apart, in the course of so many tiles.
    pub(crate) fn new(
        x: &'a [F],
        stride: usize,
        rows: &'a [u32],
        width: usize,
        tiles: usize,
    ) -> Self {
        let lines = (width * size_of::<F>()).div_ceil(LINE);
        let touches = (tiles / rows.len().max(1)).max(1);
        Ahead {
            x,
            stride,
            rows,
            width,
            done: 0,
            pace: lines.div_ceil(touches).max(1) * (LINE / size_of::<F>()),
        }
    }

    #[inline(always)]
    fn touch(&mut self) {
        let Some((&row, rest)) = self.rows.split_first() else {
            return;
        };
        let start = (row as usize * self.stride + self.done).min(self.x.len());
        let wanted = self.pace.min(self.width - self.done);
        let end = (start + wanted).min(self.x.len());
        for line in self.x[start..end].chunks(LINE / size_of::<F>()) {
            prefetch(line);
        }
        self.done += wanted;
        if self.done >= self.width {
            self.done = 0;
            self.rows = rest;
        }
    }

    /// Asks for what is left.
    pub(crate) fn finish(&mut self) {
        while !self.rows.is_empty() {
            self.touch();
        }
    }
}

/// Asks for the cache line at the start of the values, in the second-level cache.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
#[inline(always)]
fn prefetch<F>(values: &[F]) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: every x86-64 has the instruction; it is a hint that reads nothing a program could see and cannot fault.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(values.as_ptr().cast()) };
}

#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
fn prefetch<F>(_: &[F]) {}

/// Aᵀ, padded, from rows of A (rows, width) padded too: blocks of a cache line by a cache line.
pub(crate) fn transpose<F: Float>(a: &[F], rows: usize, width: usize, out: &mut [F]) {
    const BLOCK: usize = 16;
    let (from, to) = (stride::<F>(width), stride::<F>(rows));
    for i0 in (0..rows).step_by(BLOCK) {
        for j0 in (0..width).step_by(BLOCK) {
            for j in j0..width.min(j0 + BLOCK) {
                for i in i0..rows.min(i0 + BLOCK) {
                    out[j * to + i] = a[i * from + j];
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<F: Float>(n: usize, seed: u64) -> Vec<F> {
        let mut rng = crate::random::generator(seed);
        let mut value = || F::of(crate::random::uniform(&mut rng) - 0.5);
        (0..n).map(|_| value()).collect()
    }

    fn agrees<F: Float>(m: usize, k: usize, n: usize, left: Left, add: bool) {
        let (a_rows, a_width) = match left {
            Left::Rows => (m, k),
            Left::Columns => (k, m),
        };
        let a_stride = stride::<F>(a_width);
        let a = values::<F>(a_rows * a_stride, 1);
        let (b_stride, c_stride) = (stride::<F>(n), stride::<F>(n));
        let mut b = values::<F>(k * b_stride, 2);
        for row in b.chunks_mut(b_stride) {
            row[n..].fill(F::zero());
        }
        let mut c = values::<F>(m * c_stride, 3);
        let before = c.clone();
        Product {
            a: &a,
            a_stride,
            left,
            picked: None,
            ahead: None,
            b: &b,
            b_stride,
            c: &mut c,
            c_stride,
            m,
            k,
            n,
            add,
        }
        .run();
        for i in 0..m {
            for j in 0..n {
                let mut sum = if add {
                    before[i * c_stride + j].f64()
                } else {
                    0.0
                };
                for p in 0..k {
                    let l = match left {
                        Left::Rows => a[i * a_stride + p],
                        Left::Columns => a[p * a_stride + i],
                    };
                    sum += l.f64() * b[p * b_stride + j].f64();
                }
                let error = (c[i * c_stride + j].f64() - sum).abs();
                assert!(error < F::EPSILON.f64() * (k + 2) as f64, "{m} {k} {n}");
            }
        }
    }

    #[test]
    fn products_of_every_shape_are_right() {
        for (m, k, n) in [
            (1, 1, 1),
            (6, 113, 10),
            (7, 5, 17),
            (10, 230, 3),
            (4, 0, 5),
            (0, 3, 5),
            (13, 64, 130),
            (2, 9, 65),
        ] {
            for left in [Left::Rows, Left::Columns] {
                for add in [false, true] {
                    agrees::<f64>(m, k, n, left, add);
                    agrees::<f32>(m, k, n, left, add);
                }
            }
        }
    }

    #[test]
    fn strides_are_whole_lines_that_spread_over_the_cache() {
        assert_eq!(stride::<f64>(1), 8);
        assert_eq!(stride::<f32>(100), 112);
        assert_eq!(stride::<f32>(128), 144);
        assert_eq!(stride::<f64>(512), 520);
        assert_eq!(stride::<f64>(0), 0);
    }

    #[test]
    fn transposed_twice_is_itself() {
        let (rows, width) = (21, 35);
        let (from, to) = (stride::<f64>(width), stride::<f64>(rows));
        let a = values::<f64>(rows * from, 5);
        let mut t = vec![0.0; width * to];
        let mut back = vec![0.0; rows * from];
        transpose(&a, rows, width, &mut t);
        transpose(&t, width, rows, &mut back);
        for i in 0..rows {
            assert_eq!(a[i * from..][..width], back[i * from..][..width]);
        }
    }
}
