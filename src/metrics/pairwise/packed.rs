//! Rows packed so that one register holds the same column of several, and the sums over differences to them.

use super::metric::{Distance, Form};
use crate::float::Float;

/// Rows of a group: what the widest register holds.
pub(crate) const fn lanes<F>() -> usize {
    64 / size_of::<F>()
}

/// Rows in groups of [`lanes`], column by column within a group: (groups, p, lanes). Beyond the last row the values are
/// infinite, or zero for products.
#[derive(Clone, Debug)]
pub(crate) struct Packed<F> {
    pub(crate) n: usize,
    pub(crate) p: usize,
    values: Vec<F>,
}

impl<F: Float> Packed<F> {
    /// Packs rows of p values in the order of `order`, or as they are.
    pub(crate) fn new(rows: &[F], p: usize, order: Option<&[u32]>, form: Form) -> Self {
        let n = rows.len().checked_div(p).unwrap_or(0);
        let lanes = lanes::<F>();
        let beyond = if form == Form::Dot {
            F::zero()
        } else {
            F::infinity()
        };
        let mut values = vec![beyond; n.div_ceil(lanes) * p * lanes];
        for (group, out) in values.chunks_exact_mut((p * lanes).max(1)).enumerate() {
            for lane in 0..lanes.min(n - group * lanes) {
                let at = group * lanes + lane;
                let row = order.map_or(at, |order| order[at] as usize);
                for (j, &v) in rows[row * p..(row + 1) * p].iter().enumerate() {
                    out[j * lanes + lane] = v;
                }
            }
        }
        Packed { n, p, values }
    }

    /// The columns of the groups from `from` on.
    #[inline(always)]
    pub(crate) fn columns<const L: usize>(&self) -> &[[F; L]] {
        self.values.as_chunks::<L>().0
    }
}

/// What one column adds to a sum.
pub(crate) trait Add<F>: Copy + Send + Sync {
    fn add(self, sum: F, a: F, b: F) -> F;
}

#[derive(Clone, Copy)]
pub(crate) struct Squares;
/// Squares that are rounded before they are summed.
#[derive(Clone, Copy)]
pub(crate) struct RoundedSquares;
#[derive(Clone, Copy)]
pub(crate) struct Sum;
#[derive(Clone, Copy)]
pub(crate) struct Max;
#[derive(Clone, Copy)]
pub(crate) struct Power<F>(F);
#[derive(Clone, Copy)]
pub(crate) struct Dot;

impl<F: Float> Add<F> for Squares {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        let d = a - b;
        d.mul_add(d, sum)
    }
}
impl<F: Float> Add<F> for RoundedSquares {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        let d = a - b;
        sum + d * d
    }
}
impl<F: Float> Add<F> for Sum {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        sum + (a - b).abs()
    }
}
impl<F: Float> Add<F> for Max {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        let d = (a - b).abs();
        if d > sum { d } else { sum }
    }
}
impl<F: Float> Add<F> for Power<F> {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        sum + (a - b).abs().powf(self.0)
    }
}
impl<F: Float> Add<F> for Dot {
    #[inline(always)]
    fn add(self, sum: F, a: F, b: F) -> F {
        a.mul_add(b, sum)
    }
}

/// The sums of `R` rows to the rows of a group.
#[inline(always)]
pub(crate) fn sums<F: Float, A: Add<F>, const L: usize, const R: usize>(
    add: A,
    rows: [&[F]; R],
    group: &[[F; L]],
) -> [[F; L]; R] {
    let rows: [&[F]; R] = std::array::from_fn(|r| &rows[r][..group.len()]);
    let mut sums = [[F::zero(); L]; R];
    for (j, column) in group.iter().enumerate() {
        for r in 0..R {
            let a = rows[r][j];
            for l in 0..L {
                sums[r][l] = add.add(sums[r][l], a, column[l]);
            }
        }
    }
    sums
}

/// Runs a block with the [`Add`] of a form and the lanes of an element type, compiled for the best instruction set.
macro_rules! with_form {
    ($form:expr, $F:ty, |$add:ident, $L:ident| $body:expr) => {
        $crate::linalg::simd(
            #[inline(always)]
            || {
                use $crate::metrics::pairwise::metric::Form;
                use $crate::metrics::pairwise::packed::{Dot, Max, Power, Squares, Sum, lanes};
                macro_rules! both {
                    ($make:expr) => {{
                        let $add = $make;
                        if const { lanes::<$F>() == 16 } {
                            const $L: usize = 16;
                            $body
                        } else {
                            const $L: usize = 8;
                            $body
                        }
                    }};
                }
                match $form {
                    Form::Squares { .. } => both!(Squares),
                    Form::Sum => both!(Sum),
                    Form::Max => both!(Max),
                    Form::Power(p) => both!(Power::of(p)),
                    _ => both!(Dot),
                }
            },
        )
    };
}
pub(crate) use with_form;

/// As [`with_form`], but with [`RoundedSquares`]: distances and their ties are, bit for bit, those of scikit-learn's trees.
macro_rules! with_rounded_form {
    ($form:expr, $F:ty, |$add:ident, $L:ident| $body:expr) => {{
        use $crate::metrics::pairwise::metric::Form;
        match $form {
            Form::Squares { .. } => $crate::linalg::simd(
                #[inline(always)]
                || {
                    use $crate::metrics::pairwise::packed::{RoundedSquares, lanes};
                    let $add = RoundedSquares;
                    if const { lanes::<$F>() == 16 } {
                        const $L: usize = 16;
                        $body
                    } else {
                        const $L: usize = 8;
                        $body
                    }
                },
            ),
            form => {
                $crate::metrics::pairwise::packed::with_form!(form, $F, |$add, $L| $body)
            }
        }
    }};
}
pub(crate) use with_rounded_form;

impl<F: Float> Power<F> {
    pub(crate) fn of(p: f64) -> Self {
        Power(F::of(p))
    }
}

/// The distances of rows (one after the other) to all packed rows, to `out` (rows, n).
pub(crate) fn distances<F: Float>(
    distance: &Distance,
    packed: &Packed<F>,
    rows: &[F],
    scale: f64,
    out: &mut [F],
) {
    let (n, p) = (packed.n, packed.p);
    if n == 0 || p == 0 {
        return;
    }
    with_form!(distance.form, F, |add, L| {
        fill::<F, _, L>(add, packed, rows, out)
    });
    match distance.form {
        Form::Squares { square: false } if scale == 1.0 => crate::linalg::simd(
            #[inline(always)]
            || out.iter_mut().for_each(|v| *v = v.sqrt()),
        ),
        Form::Squares { square: true } | Form::Sum | Form::Max if scale == 1.0 => {}
        _ => (out.iter_mut()).for_each(|v| *v = F::of(distance.finish(v.f64(), scale))),
    }
}

#[inline(always)]
fn fill<F: Float, A: Add<F>, const L: usize>(
    add: A,
    packed: &Packed<F>,
    rows: &[F],
    out: &mut [F],
) {
    const ROWS: usize = 4;
    /// Elements of the packed rows that stay in the cache while all rows pass by.
    const TILE: usize = 1 << 14;
    let (n, p) = (packed.n, packed.p);
    let columns = packed.columns::<L>();
    let groups = (TILE / (p * L)).max(1);
    for (tile, columns) in columns.chunks(groups * p).enumerate() {
        let first = tile * groups * L;
        let mut blocks = rows.chunks_exact(ROWS * p);
        let mut outs = out.chunks_exact_mut(ROWS * n);
        for (block, out) in (&mut blocks).zip(&mut outs) {
            let rows: [&[F]; ROWS] = std::array::from_fn(|r| &block[r * p..(r + 1) * p]);
            for (group, columns) in columns.chunks_exact(p).enumerate() {
                let found = sums::<F, A, L, ROWS>(add, rows, columns);
                let at = first + group * L;
                for (r, found) in found.iter().enumerate() {
                    write(&mut out[r * n..(r + 1) * n], at, found);
                }
            }
        }
        let rest = blocks.remainder().chunks_exact(p);
        for (row, out) in rest.zip(outs.into_remainder().chunks_exact_mut(n)) {
            for (group, columns) in columns.chunks_exact(p).enumerate() {
                let found = sums::<F, A, L, 1>(add, [row], columns);
                write(out, first + group * L, &found[0]);
            }
        }
    }
}

#[inline(always)]
fn write<F: Float, const L: usize>(out: &mut [F], at: usize, found: &[F; L]) {
    let len = out.len();
    if at + L <= len {
        out[at..at + L].copy_from_slice(found);
    } else {
        out[at..len].copy_from_slice(&found[..len - at]);
    }
}
