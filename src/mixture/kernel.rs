//! One pass over the rows: the responsibilities of the components and all sums that new parameters need.
//!
//! Rows are taken in blocks, turned so that neighbouring rows lie in the lanes of a vector; a block, its responsibilities and
//! the sums of a component stay in the first-level cache. Nothing of n times k values is written.

// Loops over lanes by their numbers become vectors.
#![allow(clippy::needless_range_loop)]

use ndarray::ArrayView2;

use crate::elementary::{exp, ln};
use crate::float::Float;
use crate::linalg::simd;
use crate::parallel;

/// Rows in a vector.
const LANES: usize = 8;
/// Vectors in a block.
const VECTORS: usize = 4;
/// Rows in a block.
pub(super) const BLOCK: usize = LANES * VECTORS;

/// One number for each row of a block.
pub(super) type Row = [[f64; LANES]; VECTORS];
const ZERO: Row = [[0.0; LANES]; VECTORS];

/// Rows that can be read in blocks.
pub(super) trait Blocks: Sync {
    /// Rows and columns.
    fn shape(&self) -> (usize, usize);
    /// The rows of a block, column by column; the last row is repeated to fill it.
    fn fill(&self, first: usize, out: &mut [Row]);
}

impl<F: Float> Blocks for ArrayView2<'_, F> {
    fn shape(&self) -> (usize, usize) {
        self.dim()
    }

    fn fill(&self, first: usize, out: &mut [Row]) {
        let last = self.nrows() - 1;
        for r in 0..BLOCK {
            let row = self.row(last.min(first + r));
            match row.as_slice() {
                Some(row) => {
                    for (out, v) in out.iter_mut().zip(row) {
                        out[r / LANES][r % LANES] = v.f64();
                    }
                }
                None => {
                    for (out, v) in out.iter_mut().zip(row) {
                        out[r / LANES][r % LANES] = v.f64();
                    }
                }
            }
        }
    }
}

/// How the squared distances of the rows to a mean are measured.
pub(super) enum Metric {
    /// Each component by its own triangle U, |(x − m) U|²: packed column by column, (k, p (p + 1) / 2).
    Full(Vec<f64>),
    /// All by one triangle, and the means in its terms, (m − center) U, (k, p).
    Tied {
        center: Vec<f64>,
        triangle: Vec<f64>,
        means: Vec<f64>,
    },
    /// Each component by its own factors, (k, p).
    Diag(Vec<f64>),
    /// Each by one factor.
    Spherical(Vec<f64>),
}

/// The components as the kernel wants them: the log of a component's density times its weight is
/// offset − distance² / 2.
pub(super) struct Components {
    pub(super) means: Vec<f64>,
    pub(super) metric: Metric,
    pub(super) offsets: Vec<f64>,
}

/// Which second moments are summed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Second {
    /// All products of two columns, packed by rows of the lower triangle.
    Full,
    /// Squares.
    Diag,
    None,
}

impl Second {
    pub(super) fn len(self, p: usize) -> usize {
        match self {
            Second::Full => p * (p + 1) / 2,
            Second::Diag => p,
            Second::None => 0,
        }
    }
}

/// Where the responsibilities come from.
#[derive(Clone, Copy)]
pub(super) enum Shares<'a> {
    /// The densities of components.
    Of(&'a Components),
    /// The component of each row.
    Labels(&'a [usize]),
    /// The one row of each component.
    Rows(&'a [usize]),
    /// All of them, (n, k).
    Matrix(&'a [f64]),
}

/// Weighted sums over the rows x, with r the responsibilities of a component and c the point its sums are taken about.
#[derive(Clone)]
pub(super) struct Sums {
    /// Σ w ln p(x)
    pub(super) log_prob: f64,
    /// Σ w Σ r ln r
    pub(super) entropy: f64,
    /// Σ w r, (k)
    pub(super) weights: Vec<f64>,
    /// Σ w r (x − c), (k, p)
    pub(super) first: Vec<f64>,
    /// Σ w r (x − c)(x − c)', (k, ..)
    pub(super) second: Vec<f64>,
}

impl Sums {
    fn zero(k: usize, p: usize, second: Second) -> Self {
        Sums {
            log_prob: 0.0,
            entropy: 0.0,
            weights: vec![0.0; k],
            first: vec![0.0; k * p],
            second: vec![0.0; k * second.len(p)],
        }
    }

    fn merge(&mut self, other: &Sums) {
        fn add(to: &mut [f64], from: &[f64]) {
            to.iter_mut().zip(from).for_each(|(to, from)| *to += from);
        }
        self.log_prob += other.log_prob;
        self.entropy += other.entropy;
        add(&mut self.weights, &other.weights);
        add(&mut self.first, &other.first);
        add(&mut self.second, &other.second);
    }
}

/// Rows of a chunk: whole blocks, at most 64 chunks or of a size worth its own sums.
fn chunk(n: usize, p: usize) -> usize {
    parallel::row_chunks(n, p)
        .max(n.div_ceil(64))
        .next_multiple_of(BLOCK)
}

/// The memory of one chunk, its sums spread over lanes.
struct Work {
    x: Vec<Row>,
    moved: Vec<Row>,
    logs: Vec<Row>,
    shares: Vec<Row>,
    weights: Vec<[f64; LANES]>,
    first: Vec<[f64; LANES]>,
    second: Vec<[f64; LANES]>,
}

/// All sums in one pass. `about` holds the points c, (k, p).
pub(super) fn pass(
    x: &dyn Blocks,
    weights: Option<&[f64]>,
    shares: Shares<'_>,
    about: &[f64],
    second: Second,
) -> Sums {
    let (n, p) = x.shape();
    let k = about.len() / p;
    let parts = parallel::map_chunks(n, chunk(n, p), |range| {
        let mut work = Work {
            x: vec![ZERO; p],
            moved: vec![ZERO; p],
            logs: vec![ZERO; k],
            shares: vec![ZERO; k],
            weights: vec![[0.0; LANES]; k],
            first: vec![[0.0; LANES]; k * p],
            second: vec![[0.0; LANES]; k * second.len(p)],
        };
        let (mut log_prob, mut entropy) = ([0.0; LANES], [0.0; LANES]);
        for first in range.clone().step_by(BLOCK) {
            x.fill(first, &mut work.x);
            let mut w = ZERO;
            for i in first..range.end.min(first + BLOCK) {
                let r = i - first;
                w[r / LANES][r % LANES] = weights.map_or(1.0, |w| w[i]);
            }
            simd(
                #[inline(always)]
                || {
                    match shares {
                        Shares::Of(components) => {
                            log_densities(components, &work.x, &mut work.moved, &mut work.logs);
                            let logs = normalise(&work.logs, &mut work.shares);
                            for v in 0..VECTORS {
                                for l in 0..LANES {
                                    let w = w[v][l];
                                    let term = if w > 0.0 { w * logs[v][l] } else { 0.0 };
                                    log_prob[l] += term;
                                }
                            }
                            entropy_of(&work.logs, &work.shares, &logs, &w, &mut entropy);
                        }
                        given => given.fill(first, n, k, &mut work.shares),
                    }
                    work.add(&w, about, second);
                },
            );
        }
        let folded = |lanes: &[[f64; LANES]]| lanes.iter().map(fold).collect();
        Sums {
            log_prob: fold(&log_prob),
            entropy: fold(&entropy),
            weights: folded(&work.weights),
            first: folded(&work.first),
            second: folded(&work.second),
        }
    });
    let mut total = Sums::zero(k, p, second);
    parts.iter().for_each(|part| total.merge(part));
    total
}

/// Calls `each` with the position of each block, the logs of density times weight of its components, their responsibilities,
/// and the log of the density, writing into the parts of `out`, `width` values a row.
pub(super) fn each_block<T: Send>(
    x: &dyn Blocks,
    components: &Components,
    out: &mut [T],
    width: usize,
    each: impl Fn(&[Row], &[Row], &Row, &mut [T]) + Sync + Send,
) {
    let (n, p) = x.shape();
    let k = components.offsets.len();
    parallel::map_chunks_mut(out, chunk(n, p) * width, |range, out| {
        let (mut rows, mut moved) = (vec![ZERO; p], vec![ZERO; p]);
        let (mut logs, mut shares) = (vec![ZERO; k], vec![ZERO; k]);
        for (b, out) in out.chunks_mut(BLOCK * width).enumerate() {
            x.fill(range.start / width + b * BLOCK, &mut rows);
            let total = simd(
                #[inline(always)]
                || {
                    log_densities(components, &rows, &mut moved, &mut logs);
                    normalise(&logs, &mut shares)
                },
            );
            each(&logs, &shares, &total, out);
        }
    });
}

/// The value of a row of a block.
pub(super) fn at(values: &Row, r: usize) -> f64 {
    values[r / LANES][r % LANES]
}

impl Shares<'_> {
    /// Given responsibilities of a block.
    fn fill(&self, first: usize, n: usize, k: usize, out: &mut [Row]) {
        out.fill(ZERO);
        let rows = first..n.min(first + BLOCK);
        match self {
            Shares::Of(_) => {}
            Shares::Labels(labels) => {
                for i in rows {
                    out[labels[i]][(i - first) / LANES][(i - first) % LANES] = 1.0;
                }
            }
            Shares::Rows(picked) => {
                for (out, &i) in out.iter_mut().zip(*picked) {
                    if rows.contains(&i) {
                        out[(i - first) / LANES][(i - first) % LANES] = 1.0;
                    }
                }
            }
            Shares::Matrix(values) => {
                for i in rows {
                    for (out, v) in out.iter_mut().zip(&values[i * k..]) {
                        out[(i - first) / LANES][(i - first) % LANES] = *v;
                    }
                }
            }
        }
    }
}

fn fold(lanes: &[f64; LANES]) -> f64 {
    lanes.iter().sum()
}

/// offset − distance² / 2 of each component.
#[inline(always)]
fn log_densities(components: &Components, x: &[Row], moved: &mut [Row], out: &mut [Row]) {
    let p = x.len();
    let packed = p * (p + 1) / 2;
    let means = components.means.chunks_exact(p);
    match &components.metric {
        Metric::Full(triangles) => {
            let each = means.zip(triangles.chunks_exact(packed));
            for ((mean, triangle), out) in each.zip(&mut *out) {
                subtract(x, mean, moved);
                *out = ZERO;
                products(triangle, moved, |_, y| add_square(out, &y));
            }
        }
        Metric::Tied {
            center,
            triangle,
            means,
        } => {
            subtract(x, center, moved);
            out.fill(ZERO);
            products(triangle, moved, |i, y| {
                for (mean, out) in means.chunks_exact(p).zip(&mut *out) {
                    let mut y = y;
                    for v in 0..VECTORS {
                        for l in 0..LANES {
                            y[v][l] -= mean[i];
                        }
                    }
                    add_square(out, &y);
                }
            });
        }
        Metric::Diag(factors) => {
            let each = means.zip(factors.chunks_exact(p));
            for ((mean, factors), out) in each.zip(&mut *out) {
                let mut sum = ZERO;
                for ((x, m), f) in x.iter().zip(mean).zip(factors) {
                    for v in 0..VECTORS {
                        for l in 0..LANES {
                            let d = (x[v][l] - m) * f;
                            sum[v][l] = d.mul_add(d, sum[v][l]);
                        }
                    }
                }
                *out = sum;
            }
        }
        Metric::Spherical(factors) => {
            for ((mean, f), out) in means.zip(factors).zip(&mut *out) {
                let mut sum = ZERO;
                for (x, m) in x.iter().zip(mean) {
                    for v in 0..VECTORS {
                        for l in 0..LANES {
                            let d = (x[v][l] - m) * f;
                            sum[v][l] = d.mul_add(d, sum[v][l]);
                        }
                    }
                }
                *out = sum;
            }
        }
    }
    for (out, offset) in out.iter_mut().zip(&components.offsets) {
        for v in 0..VECTORS {
            for l in 0..LANES {
                out[v][l] = out[v][l].mul_add(-0.5, *offset);
            }
        }
    }
}

#[inline(always)]
fn subtract(x: &[Row], mean: &[f64], out: &mut [Row]) {
    for ((x, m), out) in x.iter().zip(mean).zip(out) {
        for v in 0..VECTORS {
            for l in 0..LANES {
                out[v][l] = x[v][l] - m;
            }
        }
    }
}

#[inline(always)]
fn add_square(sum: &mut Row, y: &Row) {
    for v in 0..VECTORS {
        for l in 0..LANES {
            sum[v][l] = y[v][l].mul_add(y[v][l], sum[v][l]);
        }
    }
}

/// The columns of d U, two at a time, U packed column by column.
#[inline(always)]
fn products(triangle: &[f64], d: &[Row], mut each: impl FnMut(usize, Row)) {
    let (mut rest, p) = (triangle, d.len());
    let mut i = 0;
    while i + 1 < p {
        let (a, after) = rest.split_at(i + 1);
        let (b, after) = after.split_at(i + 2);
        rest = after;
        let (mut y, mut z) = (ZERO, ZERO);
        for ((a, b), d) in a.iter().zip(b).zip(d) {
            for v in 0..VECTORS {
                for l in 0..LANES {
                    y[v][l] = d[v][l].mul_add(*a, y[v][l]);
                    z[v][l] = d[v][l].mul_add(*b, z[v][l]);
                }
            }
        }
        for v in 0..VECTORS {
            for l in 0..LANES {
                z[v][l] = d[i + 1][v][l].mul_add(b[i + 1], z[v][l]);
            }
        }
        each(i, y);
        each(i + 1, z);
        i += 2;
    }
    if i < p {
        let mut y = ZERO;
        for (a, d) in rest.iter().zip(d) {
            for v in 0..VECTORS {
                for l in 0..LANES {
                    y[v][l] = d[v][l].mul_add(*a, y[v][l]);
                }
            }
        }
        each(i, y);
    }
}

/// The responsibilities, and the log of the sum of densities times weights.
#[inline(always)]
fn normalise(logs: &[Row], shares: &mut [Row]) -> Row {
    let mut largest = [[f64::NEG_INFINITY; LANES]; VECTORS];
    for log in logs {
        for v in 0..VECTORS {
            for l in 0..LANES {
                let more = log[v][l] > largest[v][l];
                largest[v][l] = if more { log[v][l] } else { largest[v][l] };
            }
        }
    }
    let mut sum = ZERO;
    for (log, share) in logs.iter().zip(&mut *shares) {
        for v in 0..VECTORS {
            for l in 0..LANES {
                share[v][l] = exp(log[v][l] - largest[v][l]);
                sum[v][l] += share[v][l];
            }
        }
    }
    let (mut total, mut inverse) = (ZERO, ZERO);
    for v in 0..VECTORS {
        for l in 0..LANES {
            // Where all densities are 0, so are the responsibilities, and the sum is NaN.
            let known = sum[v][l] >= 1.0;
            let some = if known { sum[v][l] } else { 1.0 };
            total[v][l] = if known {
                largest[v][l] + ln(some)
            } else {
                f64::NEG_INFINITY
            };
            inverse[v][l] = if known { 1.0 / some } else { 0.0 };
        }
    }
    for share in shares {
        for v in 0..VECTORS {
            for l in 0..LANES {
                let known = inverse[v][l] > 0.0;
                share[v][l] = if known {
                    share[v][l] * inverse[v][l]
                } else {
                    0.0
                };
            }
        }
    }
    total
}

/// Adds Σ r ln r of a block.
#[inline(always)]
fn entropy_of(logs: &[Row], shares: &[Row], total: &Row, w: &Row, to: &mut [f64; LANES]) {
    for (log, share) in logs.iter().zip(shares) {
        for v in 0..VECTORS {
            for l in 0..LANES {
                let r = w[v][l] * share[v][l];
                let term = r * (log[v][l] - total[v][l]);
                to[l] += if r > 0.0 { term } else { 0.0 };
            }
        }
    }
}

impl Work {
    /// Adds a block to the sums.
    #[inline(always)]
    fn add(&mut self, w: &Row, about: &[f64], second: Second) {
        /// Products taken side by side.
        const TILE: usize = 4;
        let p = self.x.len();
        let size = second.len(p);
        for (c, (share, about)) in self.shares.iter().zip(about.chunks_exact(p)).enumerate() {
            let mut r = ZERO;
            let mut any = [0.0; LANES];
            for v in 0..VECTORS {
                for l in 0..LANES {
                    r[v][l] = share[v][l] * w[v][l];
                    any[l] += r[v][l];
                }
            }
            // A component far from the block.
            if any.iter().all(|&v| v == 0.0) {
                continue;
            }
            add_lanes(&mut self.weights[c], &any);
            subtract(&self.x, about, &mut self.moved);
            let firsts = &mut self.first[c * p..(c + 1) * p];
            let mut seconds = &mut self.second[c * size..(c + 1) * size];
            for (i, first) in firsts.iter_mut().enumerate() {
                let d = &self.moved[i];
                let mut rd = ZERO;
                for v in 0..VECTORS {
                    for l in 0..LANES {
                        rd[v][l] = r[v][l] * d[v][l];
                        first[l] += rd[v][l];
                    }
                }
                match second {
                    Second::None => {}
                    Second::Diag => add_product(&mut seconds[i], &rd, d),
                    Second::Full => {
                        let (row, rest) = seconds.split_at_mut(i + 1);
                        seconds = rest;
                        let (tiles, tail) = row.as_chunks_mut::<TILE>();
                        let (columns, last) = self.moved[..=i].as_chunks::<TILE>();
                        for (sums, columns) in tiles.iter_mut().zip(columns) {
                            let mut held = *sums;
                            for v in 0..VECTORS {
                                for t in 0..TILE {
                                    for l in 0..LANES {
                                        held[t][l] = rd[v][l].mul_add(columns[t][v][l], held[t][l]);
                                    }
                                }
                            }
                            *sums = held;
                        }
                        for (sum, column) in tail.iter_mut().zip(last) {
                            add_product(sum, &rd, column);
                        }
                    }
                }
            }
        }
    }
}

#[inline(always)]
fn add_lanes(to: &mut [f64; LANES], from: &[f64; LANES]) {
    for l in 0..LANES {
        to[l] += from[l];
    }
}

#[inline(always)]
fn add_product(to: &mut [f64; LANES], a: &Row, b: &Row) {
    let mut sum = *to;
    for v in 0..VECTORS {
        for l in 0..LANES {
            sum[l] = a[v][l].mul_add(b[v][l], sum[l]);
        }
    }
    *to = sum;
}
