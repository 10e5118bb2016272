//! Products of a block of rows with a few vectors, written for the registers of the machine.
//!
//! `x` is a block of b rows and p columns, row by row. [`products`] gives W X' and [`add_transposed_products`] adds R X,
//! for K rows of W and of R: skinny products, where a general matrix product spends its time packing. Call them inside
//! [`linalg::simd`](crate::linalg::simd).
//!
//! One output is limited by how fast X arrives from memory: it is computed in `f64` whatever X is. Several outputs are
//! limited by arithmetic and use the type of X, in vectors as long as the machine's registers: with longer ones the
//! accumulators of a tile would not stay in them.

use crate::float::Float;
use crate::linalg::register_bytes;

/// Outputs computed together. With two rows of X that is ten accumulators, enough to hide the latency of a
/// multiply-add twice over, and few enough loads beside them.
const TILE: usize = 5;

/// out[k, i] = bₖ + wₖ·xᵢ for each row xᵢ of the block and each of K rows wₖ; out is (K, b). A missing b is 0.
#[inline(always)]
pub(super) fn products<F: Float>(
    x: &[F],
    p: usize,
    coef: &[F],
    coef_f64: &[f64],
    intercept: &[f64],
    out: &mut [f64],
) {
    if coef_f64.len() == p {
        let start = intercept.first().copied().unwrap_or(0.0);
        products_one(x, p, coef_f64, start, out);
    } else {
        products_by(lanes::<F>(), x, p, coef, intercept, out);
    }
}

/// Numbers in a vector: 16 or 8 of `f32`, 8 or 4 of `f64`.
fn lanes<F>() -> usize {
    register_bytes().clamp(32, 64) / size_of::<F>()
}

/// g[k, j] += Σᵢ r[k, i] x[i, j]; r is (K, b), g is (K, p). `narrow` holds r in the type of X.
#[inline(always)]
pub(super) fn add_transposed_products<F: Float>(
    x: &[F],
    p: usize,
    residuals: &[f64],
    narrow: &mut [F],
    gradient: &mut [f64],
) {
    if gradient.len() == p {
        add_rows(x, p, residuals, gradient);
        return;
    }
    for (to, &r) in narrow.iter_mut().zip(residuals) {
        *to = F::of(r);
    }
    add_by(lanes::<F>(), x, p, narrow, gradient);
}

const ROWS: usize = 4;

#[inline(always)]
fn products_one<F: Float>(x: &[F], p: usize, w: &[f64], start: f64, out: &mut [f64]) {
    const LANES: usize = 8;
    let (w_lanes, w_tail) = w.as_chunks::<LANES>();
    let whole = w_lanes.len();
    let mut groups = x.chunks_exact(ROWS * p);
    let mut outs = out.chunks_exact_mut(ROWS);
    for (x, out) in (&mut groups).zip(&mut outs) {
        let rows: [&[F]; ROWS] = std::array::from_fn(|r| &x[r * p..(r + 1) * p]);
        let lanes: [&[[F; LANES]]; ROWS] =
            std::array::from_fn(|r| &rows[r].as_chunks::<LANES>().0[..whole]);
        let mut sums = [[0.0; LANES]; ROWS];
        for j in 0..whole {
            for r in 0..ROWS {
                for l in 0..LANES {
                    sums[r][l] = lanes[r][j][l].f64().mul_add(w_lanes[j][l], sums[r][l]);
                }
            }
        }
        for r in 0..ROWS {
            out[r] = start + finish(&sums[r], &rows[r][whole * LANES..], w_tail);
        }
    }
    for (x, out) in groups
        .remainder()
        .chunks_exact(p)
        .zip(outs.into_remainder())
    {
        let mut sums = [0.0; LANES];
        for (x, w) in x.as_chunks::<LANES>().0.iter().zip(w_lanes) {
            for l in 0..LANES {
                sums[l] = x[l].f64().mul_add(w[l], sums[l]);
            }
        }
        *out = start + finish(&sums, &x[whole * LANES..], w_tail);
    }
}

/// The sum of the lanes, pair by pair, and of the columns that fill no vector.
#[inline(always)]
fn finish<F: Float>(lanes: &[f64; 8], x: &[F], w: &[f64]) -> f64 {
    let four: [f64; 4] = std::array::from_fn(|l| lanes[l] + lanes[l + 4]);
    let mut sum = (four[0] + four[2]) + (four[1] + four[3]);
    for (x, w) in x.iter().zip(w) {
        sum = x.f64().mul_add(*w, sum);
    }
    sum
}

#[inline(always)]
fn add_rows<F: Float>(x: &[F], p: usize, r: &[f64], g: &mut [f64]) {
    let mut groups = x.chunks_exact(ROWS * p);
    let mut r_groups = r.chunks_exact(ROWS);
    for (x, r) in (&mut groups).zip(&mut r_groups) {
        let (x0, x) = x.split_at(p);
        let (x1, x) = x.split_at(p);
        let (x2, x3) = x.split_at(p);
        for ((((g, x0), x1), x2), x3) in g.iter_mut().zip(x0).zip(x1).zip(x2).zip(x3) {
            let a = x0.f64().mul_add(r[0], x1.f64() * r[1]);
            let b = x2.f64().mul_add(r[2], x3.f64() * r[3]);
            *g += a + b;
        }
    }
    for (x, &r) in groups.remainder().chunks_exact(p).zip(r_groups.remainder()) {
        for (g, x) in g.iter_mut().zip(x) {
            *g = x.f64().mul_add(r, *g);
        }
    }
}

#[inline(always)]
fn products_by<F: Float>(
    lanes: usize,
    x: &[F],
    p: usize,
    coef: &[F],
    intercept: &[f64],
    out: &mut [f64],
) {
    match lanes {
        16 => products_several::<F, 16>(x, p, coef, intercept, out),
        8 => products_several::<F, 8>(x, p, coef, intercept, out),
        _ => products_several::<F, 4>(x, p, coef, intercept, out),
    }
}

#[inline(always)]
fn products_several<F: Float, const L: usize>(
    x: &[F],
    p: usize,
    coef: &[F],
    intercept: &[f64],
    out: &mut [f64],
) {
    let b = x.len() / p;
    let n_outputs = coef.len() / p;
    let mut k = 0;
    while k < n_outputs {
        let w = &coef[k * p..];
        let start = intercept.get(k..).unwrap_or(&[]);
        let out = &mut out[k * b..];
        match n_outputs - k {
            1 => products_tile::<F, L, 1>(x, p, w, start, out),
            2 => products_tile::<F, L, 2>(x, p, w, start, out),
            3 => products_tile::<F, L, 3>(x, p, w, start, out),
            4 => products_tile::<F, L, 4>(x, p, w, start, out),
            _ => products_tile::<F, L, TILE>(x, p, w, start, out),
        }
        k += TILE;
    }
}

/// `products` of C outputs, two rows at a time.
#[inline(always)]
fn products_tile<F: Float, const L: usize, const C: usize>(
    x: &[F],
    p: usize,
    coef: &[F],
    intercept: &[f64],
    out: &mut [f64],
) {
    let b = x.len() / p;
    let whole = p / L;
    let w: [&[F]; C] = std::array::from_fn(|c| &coef[c * p..(c + 1) * p]);
    let w_lanes: [&[[F; L]]; C] = std::array::from_fn(|c| &w[c].as_chunks::<L>().0[..whole]);
    let w_tail: [&[F]; C] = std::array::from_fn(|c| &w[c][whole * L..]);
    let start: [f64; C] = std::array::from_fn(|c| intercept.get(c).copied().unwrap_or(0.0));
    let mut i = 0;
    while i < b {
        // An odd last row is computed twice.
        let second = if i + 1 < b { i + 1 } else { i };
        let (x0, x1) = (&x[i * p..(i + 1) * p], &x[second * p..(second + 1) * p]);
        let (l0, l1) = (
            &x0.as_chunks::<L>().0[..whole],
            &x1.as_chunks::<L>().0[..whole],
        );
        let mut sums0 = [[F::zero(); L]; C];
        let mut sums1 = [[F::zero(); L]; C];
        for j in 0..whole {
            for c in 0..C {
                for l in 0..L {
                    sums0[c][l] = l0[j][l].mul_add(w_lanes[c][j][l], sums0[c][l]);
                }
                for l in 0..L {
                    sums1[c][l] = l1[j][l].mul_add(w_lanes[c][j][l], sums1[c][l]);
                }
            }
        }
        for c in 0..C {
            let tail = |x: &[F]| {
                let mut sum = F::zero();
                for (&x, &w) in x[whole * L..].iter().zip(w_tail[c]) {
                    sum = x.mul_add(w, sum);
                }
                sum
            };
            out[c * b + i] = start[c] + (lane_sum(&sums0[c]) + tail(x0)).f64();
            out[c * b + second] = start[c] + (lane_sum(&sums1[c]) + tail(x1)).f64();
        }
        i += 2;
    }
}

#[inline(always)]
fn lane_sum<F: Float, const L: usize>(lanes: &[F; L]) -> F {
    let mut four = [F::zero(); 4];
    for quarter in lanes.as_chunks::<4>().0 {
        for l in 0..4 {
            four[l] += quarter[l];
        }
    }
    (four[0] + four[2]) + (four[1] + four[3])
}

#[inline(always)]
fn add_by<F: Float>(lanes: usize, x: &[F], p: usize, residuals: &[F], gradient: &mut [f64]) {
    match lanes {
        16 => add_several::<F, 16>(x, p, residuals, gradient),
        8 => add_several::<F, 8>(x, p, residuals, gradient),
        _ => add_several::<F, 4>(x, p, residuals, gradient),
    }
}

#[inline(always)]
fn add_several<F: Float, const L: usize>(x: &[F], p: usize, residuals: &[F], gradient: &mut [f64]) {
    let b = x.len() / p;
    let n_outputs = gradient.len() / p;
    let mut k = 0;
    while k < n_outputs {
        let r = &residuals[k * b..];
        let g = &mut gradient[k * p..];
        match n_outputs - k {
            1 => add_tile::<F, L, 1>(x, p, r, g),
            2 => add_tile::<F, L, 2>(x, p, r, g),
            3 => add_tile::<F, L, 3>(x, p, r, g),
            4 => add_tile::<F, L, 4>(x, p, r, g),
            _ => add_tile::<F, L, TILE>(x, p, r, g),
        }
        k += TILE;
    }
}

/// `add_transposed_products` of C outputs, two vectors of columns at a time over all rows.
#[inline(always)]
fn add_tile<F: Float, const L: usize, const C: usize>(
    x: &[F],
    p: usize,
    residuals: &[F],
    gradient: &mut [f64],
) {
    let b = x.len() / p;
    let r: [&[F]; C] = std::array::from_fn(|c| &residuals[c * b..(c + 1) * b]);
    let mut j = 0;
    while j + L <= p {
        let two = j + 2 * L <= p;
        let mut sums0 = [[F::zero(); L]; C];
        let mut sums1 = [[F::zero(); L]; C];
        if two {
            for i in 0..b {
                let at = &x[i * p + j..i * p + j + 2 * L];
                for c in 0..C {
                    let r = r[c][i];
                    for l in 0..L {
                        sums0[c][l] = at[l].mul_add(r, sums0[c][l]);
                    }
                    for l in 0..L {
                        sums1[c][l] = at[L + l].mul_add(r, sums1[c][l]);
                    }
                }
            }
        } else {
            for i in 0..b {
                let at = &x[i * p + j..i * p + j + L];
                for c in 0..C {
                    let r = r[c][i];
                    for l in 0..L {
                        sums0[c][l] = at[l].mul_add(r, sums0[c][l]);
                    }
                }
            }
        }
        for c in 0..C {
            for l in 0..L {
                gradient[c * p + j + l] += sums0[c][l].f64();
            }
            if two {
                for l in 0..L {
                    gradient[c * p + j + L + l] += sums1[c][l].f64();
                }
            }
        }
        j += if two { 2 * L } else { L };
    }
    for j in j..p {
        for c in 0..C {
            let mut sum = F::zero();
            for i in 0..b {
                sum = x[i * p + j].mul_add(r[c][i], sum);
            }
            gradient[c * p + j] += sum.f64();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linalg::simd;

    fn check<F: Float>(tolerance: f64) {
        let value = |i: usize| ((i * 7919 % 1000) as f64 / 500.0) - 1.0;
        for (b, p, k) in [
            (1, 1, 1),
            (3, 5, 1),
            (9, 50, 1),
            (4, 8, 2),
            (7, 33, 3),
            (5, 17, 5),
            (6, 70, 7),
            (2, 16, 10),
        ] {
            let x: Vec<F> = (0..b * p).map(|i| F::of(value(i))).collect();
            let w: Vec<f64> = (0..k * p).map(|i| F::of(value(i + 17)).f64()).collect();
            let narrow: Vec<F> = w.iter().map(|&w| F::of(w)).collect();
            let intercept: Vec<f64> = (0..k).map(value).collect();
            let r: Vec<f64> = (0..k * b).map(|i| F::of(value(i + 3)).f64()).collect();
            let narrow_r: Vec<F> = r.iter().map(|&r| F::of(r)).collect();
            // As on this machine, and as on others.
            for lanes in [None, Some(4), Some(8), Some(16)] {
                let mut out = vec![f64::NAN; k * b];
                let mut scratch = vec![F::zero(); k * b];
                let mut g = vec![1.0; k * p];
                simd(
                    #[inline(always)]
                    || match lanes {
                        None => {
                            products(&x, p, &narrow, &w, &intercept, &mut out);
                            add_transposed_products(&x, p, &r, &mut scratch, &mut g);
                        }
                        Some(lanes) => {
                            products_by(lanes, &x, p, &narrow, &intercept, &mut out);
                            add_by(lanes, &x, p, &narrow_r, &mut g);
                        }
                    },
                );
                for c in 0..k {
                    for i in 0..b {
                        let expected: f64 = (0..p).map(|j| x[i * p + j].f64() * w[c * p + j]).sum();
                        let error = out[c * b + i] - expected - intercept[c];
                        assert!(
                            error.abs() < tolerance,
                            "({b}, {p}, {k}) product {c} {i} by {lanes:?}: {error}"
                        );
                    }
                    for j in 0..p {
                        let expected: f64 = (0..b).map(|i| x[i * p + j].f64() * r[c * b + i]).sum();
                        let error = g[c * p + j] - expected - 1.0;
                        assert!(
                            error.abs() < tolerance,
                            "({b}, {p}, {k}) sum {c} {j} by {lanes:?}: {error}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_plain_loops() {
        check::<f64>(1e-13);
        check::<f32>(1e-5);
    }
}
