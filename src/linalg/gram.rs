//! The upper triangle of Z'Z, half the work of a product.
//!
//! Rows of Z are packed, a block at a time, into panels of [`width`] columns; a panel's rows follow each other in memory.
//! Tiles of three vectors by eight columns (four where registers are few) stay in registers over the whole block. That
//! runs at the peak of an AVX-512 core, where faer's product into a triangle, built for larger matrices, reached less
//! than half of it for 52 columns.

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// Rows of a block: two panels of it fit in a first-level cache of 48 KiB.
pub(super) const DEPTH: usize = 128;

/// Columns of a panel: three vectors of 512 bits.
pub(super) const fn width<F>() -> usize {
    192 / size_of::<F>()
}

/// Adds to `sums[j - first column][i]`, i <= j, the products of columns i < `rows` and j of one panel of columns.
pub(super) struct PanelProduct<'a, F> {
    /// Packed panels, [`DEPTH`] rows apart.
    pub packed: &'a [F],
    /// Rows in use.
    pub depth: usize,
    /// Columns of Z that i runs over.
    pub rows: usize,
    /// Columns of Z that j runs over.
    pub columns: usize,
    /// The panel that holds the columns j.
    pub panel: usize,
    /// Sums of the panel, a column of `stride` after the other.
    pub sums: &'a mut [f64],
    /// A multiple of the panel width.
    pub stride: usize,
}

impl<F: Lanes> WithSimd for PanelProduct<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let width = width::<F>();
        let lanes = F::lanes::<S>();
        let used = width.min(self.columns - self.panel * width);
        let right = &self.packed[self.panel * DEPTH * width..][..self.depth * width];
        for i in 0..=self.panel {
            let Some(rows) = self.rows.checked_sub(i * width) else {
                break;
            };
            let left = &self.packed[i * DEPTH * width..][..self.depth * width];
            let mut column = 0;
            while column < used {
                let strip = if S::REGISTER_COUNT >= 32 && used - column > 4 {
                    8
                } else {
                    4
                };
                let needed = if i == self.panel {
                    rows.min(column + strip)
                } else {
                    rows
                };
                let vectors = needed.min(width).div_ceil(lanes);
                let mut vector = 0;
                while vector < vectors {
                    let height = (vectors - vector).min(3);
                    let tile = Tile {
                        left,
                        vector,
                        right,
                        column,
                        sums: &mut self.sums[column * self.stride + i * width + vector * lanes..],
                        stride: self.stride,
                    };
                    match (height, strip) {
                        (3, 8) => tile.add::<S, 3, 8>(simd),
                        (2, 8) => tile.add::<S, 2, 8>(simd),
                        (_, 8) => tile.add::<S, 1, 8>(simd),
                        (3, _) => tile.add::<S, 3, 4>(simd),
                        (2, _) => tile.add::<S, 2, 4>(simd),
                        _ => tile.add::<S, 1, 4>(simd),
                    }
                    vector += height;
                }
                column += strip;
            }
        }
    }
}

struct Tile<'a, F> {
    left: &'a [F],
    vector: usize,
    right: &'a [F],
    column: usize,
    sums: &'a mut [f64],
    stride: usize,
}

impl<F: Lanes> Tile<'_, F> {
    /// `V` vectors of rows by `N` columns.
    #[inline(always)]
    fn add<S: Simd, const V: usize, const N: usize>(self, simd: S) {
        let width = width::<F>();
        let lanes = F::lanes::<S>();
        let mut tile = [[F::splat(simd, F::zeroed()); V]; N];
        for (left, right) in F::vectors::<S>(self.left)
            .chunks_exact(width / lanes)
            .zip(self.right.chunks_exact(width))
        {
            let left = &left[self.vector..self.vector + V];
            let right = &right[self.column..self.column + N];
            for (column, &r) in tile.iter_mut().zip(right) {
                let r = F::splat(simd, r);
                for (sum, &l) in column.iter_mut().zip(left) {
                    *sum = F::mul_add(simd, l, r, *sum);
                }
            }
        }
        for (column, sums) in tile.iter().zip(self.sums.chunks_mut(self.stride)) {
            for (&vector, sums) in column.iter().zip(sums.chunks_exact_mut(lanes)) {
                F::add_to(simd, sums, vector);
            }
        }
    }
}
