//! The iterations of non-negative matrix factorisation, on W (n, k) and H' (p, k).

#![allow(clippy::needless_range_loop)] // kernels over coordinates and lanes

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use rand_chacha::ChaCha8Rng;

use crate::error::Result;
use crate::float::Float;
use crate::linalg::{general_matmul, matmul, simd};
use crate::parallel;
use crate::random::permutation;

/// Rows that are updated side by side.
const LANES: usize = 16;
/// What stands for 0 where one divides: the machine epsilon of single precision.
const SMALL: f64 = f32::EPSILON as f64;

/// When to stop, and the penalties l1 |·| + l2 ‖·‖² / 2 of W and of H.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    pub(super) tol: f64,
    pub(super) max_iter: usize,
    pub(super) w: (f64, f64),
    pub(super) h: (f64, f64),
}

/// Where iterations ended.
pub(super) struct End {
    pub(super) n_iter: usize,
    pub(super) converged: bool,
}

/// Cyclic coordinate descent on ‖X − W H‖² / 2 (A. Cichocki and A.-H. Phan, 2009). H stays as it is without `update_h`.
pub(super) fn coordinate_descent<F: Float>(
    x: &ArrayRef2<F>,
    w: &mut Array2<F>,
    ht: &mut Array2<F>,
    rules: &Rules,
    update_h: bool,
    mut order: Option<ChaCha8Rng>,
    step: impl Fn(usize, f64) -> Result<()>,
) -> Result<End> {
    let k = w.ncols();
    let mut orders = || match &mut order {
        Some(rng) => permutation(k, rng),
        None => (0..k).collect(),
    };
    let mut first = 0.0;
    for n_iter in 1..=rules.max_iter {
        let mut violation = sweep(x, w, ht, rules.w, &orders());
        if update_h {
            violation += sweep(&x.t(), ht, w, rules.h, &orders());
        }
        if n_iter == 1 {
            first = violation;
        }
        let done = first == 0.0 || violation / first <= rules.tol;
        step(n_iter, violation)?;
        if done {
            return Ok(End {
                n_iter,
                converged: true,
            });
        }
    }
    Ok(End {
        n_iter: rules.max_iter,
        converged: false,
    })
}

/// Every coordinate of w once, with ht fixed; the sum of projected gradients before each step.
fn sweep<F: Float>(
    x: &ArrayRef2<F>,
    w: &mut Array2<F>,
    ht: &Array2<F>,
    (l1, l2): (f64, f64),
    order: &[usize],
) -> f64 {
    let mut hessian = matmul(&ht.t(), ht);
    hessian.diag_mut().mapv_inplace(|v| v + F::of(l2));
    let target = matmul(x, ht);
    let hessian: Vec<F> = hessian.iter().copied().collect();
    let k = w.ncols();
    let chunk = parallel::row_chunks(w.nrows(), 4 * k).next_multiple_of(LANES);
    let Some(values) = w.as_slice_mut() else {
        return 0.0;
    };
    let parts = parallel::map_chunks_mut(values, chunk * k, |range, w| {
        let rows = range.start / k..range.end / k;
        let target = target.slice(s![rows, ..]);
        let mut violation = 0.0;
        // k rows of LANES numbers: the transposed block.
        let mut block = vec![[F::zero(); LANES]; k];
        let mut goal = vec![[F::zero(); LANES]; k];
        for (i, w) in w.chunks_mut(LANES * k).enumerate() {
            let rows = w.len() / k;
            let target = target.slice(s![i * LANES..i * LANES + rows, ..]);
            for t in 0..k {
                for lane in 0..rows {
                    block[t][lane] = w[lane * k + t];
                    goal[t][lane] = target[[lane, t]] - F::of(l1);
                }
                for lane in rows..LANES {
                    block[t][lane] = F::zero();
                    goal[t][lane] = F::zero();
                }
            }
            violation += simd(
                #[inline(always)]
                || descend(&mut block, &goal, &hessian, order),
            );
            for t in 0..k {
                for lane in 0..rows {
                    w[lane * k + t] = block[t][lane];
                }
            }
        }
        violation
    });
    parts.iter().sum()
}

#[inline(always)]
fn descend<F: Float>(
    block: &mut [[F; LANES]],
    goal: &[[F; LANES]],
    hessian: &[F],
    order: &[usize],
) -> f64 {
    let k = block.len();
    let mut violation = 0.0;
    for &t in order {
        let mut gradient = goal[t].map(|v| -v);
        for (row, &h) in block.iter().zip(&hessian[t * k..(t + 1) * k]) {
            for (g, &v) in gradient.iter_mut().zip(row) {
                *g = h.mul_add(v, *g);
            }
        }
        let curvature = hessian[t * k + t];
        let mut sum = F::zero();
        for (v, &g) in block[t].iter_mut().zip(&gradient) {
            let projected = if *v == F::zero() { g.min(F::zero()) } else { g };
            sum += projected.abs();
            if curvature != F::zero() {
                *v = (*v - g / curvature).max(F::zero());
            }
        }
        violation += sum.f64();
    }
    violation
}

/// Multiplicative updates for a β-divergence (C. Févotte and J. Idier, 2011).
pub(super) fn multiplicative<F: Float>(
    x: &ArrayRef2<F>,
    w: &mut Array2<F>,
    h: &mut Array2<F>,
    beta: f64,
    rules: &Rules,
    update_h: bool,
    step: impl Fn(usize) -> Result<()>,
) -> Result<End> {
    let gamma = if beta < 1.0 {
        1.0 / (2.0 - beta)
    } else if beta > 2.0 {
        1.0 / (beta - 1.0)
    } else {
        1.0
    };
    let at_start = error(x, w, h, beta);
    let mut last = at_start;
    for n_iter in 1..=rules.max_iter {
        update_w(x, w, h, beta, gamma, rules.w);
        if beta < 1.0 {
            w.mapv_inplace(no_dust);
        }
        if update_h {
            multiply_h(x, w, h, beta, gamma, rules.h);
            if beta <= 1.0 {
                h.mapv_inplace(no_dust);
            }
        }
        step(n_iter)?;
        if rules.tol > 0.0 && n_iter % 10 == 0 {
            let now = error(x, w, h, beta);
            let gain = (last - now) / at_start;
            if gain < rules.tol || gain.is_nan() {
                return Ok(End {
                    n_iter,
                    converged: true,
                });
            }
            last = now;
        }
    }
    Ok(End {
        n_iter: rules.max_iter,
        converged: rules.tol == 0.0,
    })
}

fn no_dust<F: Float>(v: F) -> F {
    if v.f64() < f64::EPSILON { F::zero() } else { v }
}

fn at_least_small<F: Float>(v: F) -> F {
    v.max(F::of(SMALL))
}

/// From a block of X and of W H: what numerators and denominators are made of, in the places of the two.
fn weigh<F: Float>(x: &ArrayRef2<F>, wh: &mut Array2<F>, beta: f64) -> Array2<F> {
    let mut ratio = wh.clone();
    let one_less = F::of(beta - 1.0);
    let two_less = F::of(beta - 2.0);
    ratio.zip_mut_with(x, |r, &x| {
        let v = if beta < 2.0 { at_least_small(*r) } else { *r };
        *r = if beta == 1.0 {
            x / v
        } else if beta == 0.0 {
            x / (v * v)
        } else {
            x * v.powf(two_less)
        };
    });
    if beta != 1.0 {
        wh.mapv_inplace(|v| {
            let v = if beta < 1.0 { at_least_small(v) } else { v };
            if beta == 0.0 {
                v.recip()
            } else {
                v.powf(one_less)
            }
        });
    }
    ratio
}

fn rows_of_block(p: usize) -> usize {
    ((1 << 16) / p.max(1)).max(16)
}

fn update_w<F: Float>(
    x: &ArrayRef2<F>,
    w: &mut Array2<F>,
    h: &Array2<F>,
    beta: f64,
    gamma: f64,
    (l1, l2): (f64, f64),
) {
    let squared = (beta == 2.0).then(|| matmul(h, &h.t()));
    let sums = h.sum_axis(Axis(1));
    parallel::for_each_row_chunk_mut(w, rows_of_block(x.ncols()), |first, mut w| {
        let x = x.slice(s![first..first + w.nrows(), ..]);
        let (numerator, denominator) = match &squared {
            Some(hht) => (matmul(&x, &h.t()), matmul(&w, hht)),
            None => {
                let mut wh = matmul(&w, h);
                let ratio = weigh(&x, &mut wh, beta);
                let denominator = if beta == 1.0 {
                    let mut all = Array2::zeros(w.dim());
                    all += &sums;
                    all
                } else {
                    matmul(&wh, &h.t())
                };
                (matmul(&ratio, &h.t()), denominator)
            }
        };
        let each = w.iter_mut().zip(&numerator).zip(&denominator);
        each.for_each(|((w, &n), &d)| *w = multiplied(*w, n, d, l1, l2, gamma));
    });
}

fn multiplied<F: Float>(v: F, numerator: F, denominator: F, l1: f64, l2: f64, gamma: f64) -> F {
    let denominator = denominator + F::of(l1) + F::of(l2) * v;
    let denominator = if denominator == F::zero() {
        F::of(SMALL)
    } else {
        denominator
    };
    let factor = numerator / denominator;
    v * if gamma == 1.0 {
        factor
    } else {
        factor.powf(F::of(gamma))
    }
}

fn multiply_h<F: Float>(
    x: &ArrayRef2<F>,
    w: &Array2<F>,
    h: &mut Array2<F>,
    beta: f64,
    gamma: f64,
    (l1, l2): (f64, f64),
) {
    let (numerator, denominator) = if beta == 2.0 {
        (matmul(&w.t(), x), matmul(&matmul(&w.t(), w), h))
    } else {
        // Sums over parts of the rows.
        let (n, block) = (x.nrows(), rows_of_block(x.ncols()));
        let parts = parallel::map_chunks(n, n.div_ceil(32).max(block), |rows| {
            let mut numerator = Array2::zeros(h.dim());
            let mut denominator = Array2::zeros(h.dim());
            for first in rows.clone().step_by(block) {
                let some = first..rows.end.min(first + block);
                let (x, w) = (x.slice(s![some.clone(), ..]), w.slice(s![some, ..]));
                let mut wh = matmul(&w, h);
                let ratio = weigh(&x, &mut wh, beta);
                general_matmul(F::one(), &w.t(), &ratio, F::one(), &mut numerator);
                if beta != 1.0 {
                    general_matmul(F::one(), &w.t(), &wh, F::one(), &mut denominator);
                }
            }
            (numerator, denominator)
        });
        let mut sum = (Array2::zeros(h.dim()), Array2::zeros(h.dim()));
        for (numerator, denominator) in parts {
            sum.0 += &numerator;
            sum.1 += &denominator;
        }
        if beta == 1.0 {
            let sums: Array1<F> =
                (w.sum_axis(Axis(0))).mapv(|v| if v == F::zero() { F::one() } else { v });
            sum.1 += &sums.insert_axis(Axis(1));
        }
        sum
    };
    let each = h.iter_mut().zip(&numerator).zip(&denominator);
    each.for_each(|((h, &n), &d)| *h = multiplied(*h, n, d, l1, l2, gamma));
}

/// √(2 D(X, W H)) for the β-divergence D: the Frobenius norm of X − W H for β = 2.
pub(super) fn error<F: Float>(x: &ArrayRef2<F>, w: &Array2<F>, h: &Array2<F>, beta: f64) -> f64 {
    let parts = parallel::map_chunks(x.nrows(), rows_of_block(x.ncols()), |rows| {
        let wh = matmul(&w.slice(s![rows.clone(), ..]), h);
        let each = x.slice(s![rows, ..]);
        (each.iter().zip(&wh))
            .map(|(x, wh)| divergence(x.f64(), wh.f64(), beta))
            .sum::<f64>()
    });
    (2.0 * parts.iter().sum::<f64>()).max(0.0).sqrt()
}

fn divergence(x: f64, wh: f64, beta: f64) -> f64 {
    if beta == 2.0 {
        return 0.5 * (x - wh) * (x - wh);
    }
    let counts = x > SMALL;
    let safe = wh.max(SMALL);
    if beta == 1.0 {
        wh + if counts { x * (x / safe).ln() - x } else { 0.0 }
    } else if beta == 0.0 {
        let ratio = x / safe;
        if counts {
            ratio - ratio.ln() - 1.0
        } else {
            -1.0
        }
    } else {
        let observed = if counts {
            x.powf(beta) - beta * x * safe.powf(beta - 1.0)
        } else {
            0.0
        };
        (observed + wh.powf(beta) * (beta - 1.0)) / (beta * (beta - 1.0))
    }
}
