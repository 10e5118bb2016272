//! The facade against identities: residuals scaled by the machine epsilon and the size. The suite runs with every
//! backend.
#![allow(clippy::unwrap_used)]

use fitwell::linalg::{
    Cholesky, Moments, Triangle, dot, eigh, log_det, lstsq, moments, qr, solve_triangular, thin_svd,
};
use fitwell::{ErrorKind, Float};
use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis, ShapeBuilder, array, s};

/// Reproducible entries in (-1, 1).
fn noise<F: Float>(m: usize, n: usize, seed: u64) -> Array2<F> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    Array2::from_shape_simple_fn((m, n), || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        F::of((state >> 11) as f64 / (1u64 << 52) as f64 - 1.0)
    })
}

/// The Frobenius norm, scaled against overflow.
fn norm<F: Float>(a: &ArrayRef2<F>) -> f64 {
    let largest = a.iter().fold(0.0_f64, |m, v| m.max(v.f64().abs()));
    if largest == 0.0 {
        return 0.0;
    }
    largest * (a.iter().map(|v| (v.f64() / largest).powi(2)).sum::<f64>()).sqrt()
}

/// a b in f64 by the definition.
fn product<F: Float>(a: &ArrayRef2<F>, b: &ArrayRef2<F>) -> Array2<f64> {
    assert_eq!(a.ncols(), b.nrows());
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        (a.row(i).iter().zip(b.column(j)))
            .map(|(x, y)| x.f64() * y.f64())
            .sum()
    })
}

fn in_f64<F: Float>(a: &ArrayRef2<F>) -> Array2<f64> {
    a.mapv(|v| v.f64())
}

/// ‖a - b‖ is at most `factor` eps max(m, n) ‖scale‖.
#[track_caller]
fn close<F: Float>(a: &ArrayRef2<f64>, b: &ArrayRef2<f64>, scale: f64, factor: f64, what: &str) {
    assert_eq!(a.dim(), b.dim(), "{what}");
    let size = a.nrows().max(a.ncols()).max(1) as f64;
    let error = norm(&(a - b));
    let bound = factor * F::EPSILON.f64() * size * scale;
    assert!(
        error <= bound,
        "{what} {:?}: {error:e} > {bound:e}",
        a.dim()
    );
}

#[track_caller]
fn orthonormal<F: Float>(q: &ArrayRef2<F>, factor: f64, what: &str) {
    let n = q.ncols();
    close::<F>(
        &product(&q.t(), q),
        &Array2::eye(n),
        1.0,
        factor * q.nrows() as f64,
        what,
    );
}

/// Matrices that break careless code, by name.
fn matrices<F: Float>() -> Vec<(&'static str, Array2<F>)> {
    let (huge, tiny) = if F::NAME == "f32" {
        (1e18, 1e-18)
    } else {
        (1e150, 1e-150)
    };
    let noise = noise::<F>;
    let mut badly_scaled = noise(30, 6, 3);
    for (mut column, scale) in badly_scaled
        .columns_mut()
        .into_iter()
        .zip([huge, 1.0, tiny, 1.0, huge, tiny])
    {
        column.mapv_inplace(|v| v * F::of(scale));
    }
    let mut constant = noise(25, 5, 4);
    constant.column_mut(1).fill(F::of(3.0));
    constant.column_mut(3).fill(F::of(-3.0));
    let mut duplicated = noise(20, 6, 5);
    let first = duplicated.column(0).to_owned();
    duplicated.column_mut(4).assign(&first);
    let mut fortran = Array2::zeros((33, 9).f());
    fortran.assign(&noise(33, 9, 6));
    vec![
        ("1 x 1", array![[F::of(-2.5)]]),
        ("one row", noise(1, 9, 1)),
        ("one column", noise(9, 1, 2)),
        ("square", noise(40, 40, 7)),
        ("tall", noise(700, 23, 8)),
        ("wide", noise(23, 700, 9)),
        ("very tall", noise(9000, 11, 10)),
        ("larger", noise(180, 150, 11)),
        ("zeros", Array2::zeros((7, 4))),
        ("rank 2", dot(&noise(40, 2, 12), &noise(2, 17, 13)).unwrap()),
        ("duplicated column", duplicated),
        ("constant columns", constant),
        ("huge", noise(15, 8, 14) * F::of(huge)),
        ("tiny", noise(15, 8, 15) * F::of(tiny)),
        ("badly scaled", badly_scaled),
        ("column order", fortran),
    ]
}

/// The same values in other layouts.
fn layouts<F: Float>(a: &ArrayRef2<F>, check: impl Fn(ArrayView2<'_, F>, &str)) {
    let (m, n) = a.dim();
    check(a.view(), "as it is");
    let mut columns = Array2::zeros((m, n).f());
    columns.assign(a);
    check(columns.view(), "column order");
    let mut reversed = Array2::zeros((m, n));
    reversed.slice_mut(s![..;-1, ..;-1]).assign(a);
    check(reversed.slice(s![..;-1, ..;-1]), "reversed");
    let mut strided = Array2::from_elem((2 * m, 3 * n), F::nan());
    strided.slice_mut(s![..;2, ..;3]).assign(a);
    check(strided.slice(s![..;2, ..;3]), "strided");
    let mut inner = Array2::from_elem((m, n + 5), F::nan());
    inner.slice_mut(s![.., 2..n + 2]).assign(a);
    check(inner.slice(s![.., 2..n + 2]), "columns of a wider array");
}

fn svd_identities<F: Float>() {
    for (name, a) in matrices::<F>() {
        layouts(&a, |view, layout| {
            let what = format!("svd of {name}, {layout}");
            let svd = thin_svd(&view).unwrap();
            let k = a.nrows().min(a.ncols());
            assert_eq!(svd.u.dim(), (a.nrows(), k));
            assert_eq!(svd.s.len(), k);
            assert_eq!(svd.vt.dim(), (k, a.ncols()));
            let scaled = Array2::from_shape_fn((k, a.ncols()), |(i, j)| {
                svd.s[i].f64() * svd.vt[[i, j]].f64()
            });
            close::<f64>(
                &product(&in_f64(&svd.u), &scaled),
                &in_f64(&a),
                norm(&a) * F::EPSILON.f64() / f64::EPSILON,
                4.0,
                &what,
            );
            orthonormal(&svd.u, 2.0, &what);
            orthonormal(&svd.vt.t(), 2.0, &what);
            assert!(svd.s.iter().all(|&s| s >= F::zero()), "{what}");
            assert!(svd.s.windows(2).into_iter().all(|w| w[0] >= w[1]), "{what}");
            for row in svd.vt.rows() {
                let largest = row.iter().fold(F::zero(), |m, v| m.max(v.abs()));
                let first = row.iter().find(|v| v.abs() == largest).unwrap();
                assert!(*first > F::zero(), "{what}: sign");
            }
        });
    }
}

fn qr_identities<F: Float>() {
    for (name, a) in matrices::<F>() {
        layouts(&a, |view, layout| {
            let what = format!("qr of {name}, {layout}");
            let qr = qr(&view).unwrap();
            close::<F>(&product(&qr.q, &qr.r), &in_f64(&a), norm(&a), 4.0, &what);
            orthonormal(&qr.q, 2.0, &what);
            for ((i, j), v) in qr.r.indexed_iter() {
                assert!(i <= j || *v == F::zero(), "{what}");
                assert!(i != j || *v >= F::zero(), "{what}");
            }
        });
    }
}

fn eigh_identities<F: Float>() {
    for (name, a) in matrices::<F>() {
        let n = a.nrows().min(a.ncols()).min(150);
        let a = a.slice(s![..n, ..n]);
        let symmetric = Array2::from_shape_fn((n, n), |(i, j)| {
            let half = F::of(0.5);
            a[[i, j]] * half + a[[j, i]] * half
        });
        layouts(&symmetric, |view, layout| {
            let what = format!("eigh of {name}, {layout}");
            let e = eigh(&view).unwrap();
            let scaled =
                Array2::from_shape_fn((n, n), |(i, j)| e.values[i].f64() * e.vectors[[j, i]].f64());
            close::<f64>(
                &product(&in_f64(&e.vectors), &scaled),
                &in_f64(&symmetric),
                norm(&symmetric) * F::EPSILON.f64() / f64::EPSILON,
                4.0,
                &what,
            );
            orthonormal(&e.vectors, 2.0, &what);
            assert!(
                e.values.windows(2).into_iter().all(|w| w[0] <= w[1]),
                "{what}"
            );
            // Only the lower triangle is read.
            let mut lower = symmetric.clone();
            for ((i, j), v) in lower.indexed_iter_mut() {
                if i < j {
                    *v = F::one();
                }
            }
            assert!(eigh(&lower).unwrap() == e || layout != "as it is", "{what}");
        });
    }
}

fn cholesky_identities<F: Float>() {
    for n in [1, 2, 5, 33, 150] {
        let b = noise::<F>(2 * n, n, n as u64);
        let mut spd = dot(&b.t(), &b).unwrap();
        spd.diag_mut().mapv_inplace(|v| v + F::one());
        layouts(&spd, |view, layout| {
            let what = format!("Cholesky of {n}, {layout}");
            let factor = Cholesky::new(&view).unwrap();
            let x = factor.solve(&b.t()).unwrap();
            close::<F>(
                &product(&spd, &x),
                &in_f64(&b.t()),
                norm(&spd) * norm(&x),
                4.0,
                &what,
            );
            let one = factor.solve_vector(&b.row(0)).unwrap();
            for (a, b) in one.iter().zip(x.column(0)) {
                assert!(
                    (*a - *b).abs().f64() <= 10.0 * F::EPSILON.f64() * norm(&x),
                    "{what}"
                );
            }
            let e = eigh(&spd).unwrap();
            let expected: f64 = e.values.iter().map(|v| v.f64().ln()).sum();
            let bound = 50.0 * F::EPSILON.f64() * n as f64 * (1.0 + expected.abs());
            assert!((factor.log_det().f64() - expected).abs() <= bound, "{what}");
            assert_eq!(log_det(&spd).unwrap(), factor.log_det(), "{what}");
        });
    }
}

#[test]
fn svd_reproduces_the_matrix() {
    svd_identities::<f64>();
    svd_identities::<f32>();
}

#[test]
fn qr_reproduces_the_matrix() {
    qr_identities::<f64>();
    qr_identities::<f32>();
}

#[test]
fn eigenvectors_reproduce_the_matrix() {
    eigh_identities::<f64>();
    eigh_identities::<f32>();
}

#[test]
fn cholesky_solves() {
    cholesky_identities::<f64>();
    cholesky_identities::<f32>();
}

#[test]
fn cholesky_does_not_mind_scales() {
    // D A D with D from 1e-150 to 1e150 is as well conditioned as A.
    let b = noise::<f64>(20, 5, 21);
    let a = product(&b.t(), &b);
    let d = [1e150, 1e-150, 1.0, 1e75, 1e-120];
    let scaled = Array2::from_shape_fn((5, 5), |(i, j)| a[[i, j]] * d[i] * d[j]);
    let (plain, scaled) = (Cholesky::new(&a).unwrap(), Cholesky::new(&scaled).unwrap());
    let ratio = plain.rcond() / scaled.rcond();
    assert!((0.2..5.0).contains(&ratio), "{ratio}");
    let x = plain
        .solve_vector(&array![1.0, 2.0, 3.0, 4.0, 5.0])
        .unwrap();
    let rhs = array![1e150, 2e-150, 3.0, 4e75, 5e-120];
    let y = scaled.solve_vector(&rhs).unwrap();
    for i in 0..5 {
        assert!((y[i] * d[i] / x[i] - 1.0).abs() < 1e-12);
    }
}

#[test]
fn rcond_estimates_the_condition() {
    for n in [1, 2, 8, 60] {
        for shift in [1.0, 1e-3, 1e-6] {
            // Equal diagonal entries: the scaling leaves the condition alone.
            let mut a = Array2::from_elem((n, n), 1.0);
            a.diag_mut().fill(1.0 + shift);
            // 1-norm n + shift, inverse (I - J / (n + shift)) / shift.
            let inverse = (1.0 + (n as f64 - 2.0) / (n as f64 + shift)) / shift;
            let inverse = if n == 1 { 1.0 / (1.0 + shift) } else { inverse };
            let exact = 1.0 / ((n as f64 + shift) * inverse);
            let found = Cholesky::new(&a).unwrap().rcond();
            assert!(
                found >= exact * 0.999 && found <= exact * 10.0,
                "{n} {shift}: {found} {exact}"
            );
        }
    }
    let empty = Cholesky::new(&Array2::<f64>::zeros((0, 0))).unwrap();
    assert_eq!(empty.rcond(), 1.0);
    assert_eq!(empty.log_det(), 0.0);
}

#[test]
fn the_failing_pivot_is_named() {
    let mut a = Array2::<f64>::eye(6);
    a[[3, 3]] = -1.0;
    let error = Cholesky::new(&a).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::NotPositiveDefinite { pivot: 3, .. }
        ),
        "{error}"
    );
    // Rank 2 of 4, exactly: the third pivot is 0.
    let b = array![[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, -1.0]];
    let error = Cholesky::new(&product(&b, &b.t())).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::NotPositiveDefinite { pivot: 2, .. }
        ),
        "{error}"
    );
    let error = Cholesky::new(&Array2::<f32>::zeros((2, 2))).unwrap_err();
    assert!(
        matches!(
            error.kind(),
            ErrorKind::NotPositiveDefinite { pivot: 0, .. }
        ),
        "{error}"
    );
}

fn lstsq_identities<F: Float>() {
    for (name, a) in matrices::<F>() {
        if name == "badly scaled" {
            continue; // its small columns count as zeros: see below
        }
        let scale = norm(&a).max(f64::MIN_POSITIVE);
        layouts(&a, |view, layout| {
            let what = format!("{} least squares, {name}, {layout}", F::NAME);
            let (m, n) = a.dim();
            let b = noise::<F>(m, 3, 31);
            let fit = lstsq(&view, &b, None).unwrap();
            let svd = thin_svd(&a).unwrap();
            let expected_rank = match name {
                "zeros" => 0,
                "rank 2" => 2,
                "duplicated column" => 5,
                "constant columns" => 4,
                _ => m.min(n),
            };
            assert_eq!(fit.rank, expected_rank, "{what}");
            for (x, y) in fit.singular_values.iter().zip(&svd.s) {
                let bound = 20.0 * F::EPSILON.f64() * m.max(n) as f64 * scale;
                assert!((*x - *y).abs().f64() <= bound, "{what}");
            }
            // The residual is orthogonal to the columns.
            let unit = a.mapv(|v| v.f64() / scale);
            let residual = &in_f64(&b) - &product(&in_f64(&a), &in_f64(&fit.solution));
            let conditioned = match fit.rank {
                0 => 1.0,
                r => scale / svd.s[r - 1].f64(),
            };
            close::<F>(
                &product(&unit.t(), &residual),
                &Array2::zeros((n, 3)),
                norm(&b),
                20.0 * conditioned,
                &what,
            );
            // Of minimum norm: in the span of the rows.
            let v = svd.vt.slice(s![..fit.rank, ..]);
            let projected = product(&in_f64(&v.t()), &product(&v, &fit.solution));
            close::<F>(
                &projected,
                &in_f64(&fit.solution),
                norm(&fit.solution),
                20.0 * conditioned,
                &what,
            );
        });
    }
}

#[test]
fn least_squares_of_minimum_norm() {
    lstsq_identities::<f64>();
    lstsq_identities::<f32>();
}

#[test]
fn rcond_decides_what_counts_as_zero() {
    let a = array![[1.0_f64, 0.0], [0.0, 1e-9], [0.0, 0.0]];
    let b = array![[1.0], [1.0], [1.0]];
    let all = lstsq(&a, &b, None).unwrap();
    assert_eq!(all.rank, 2);
    assert!((all.solution[[1, 0]] * 1e-9 - 1.0).abs() < 1e-12);
    let some = lstsq(&a, &b, Some(1e-6)).unwrap();
    assert_eq!(some.rank, 1);
    assert!(some.solution[[1, 0]].abs() < 1e-12);
    assert!((some.singular_values[1] - 1e-9).abs() < 1e-20);
    assert!(lstsq(&a, &b, Some(-1.0)).is_err());
    assert!(lstsq(&a, &b, Some(f64::NAN)).is_err());
}

#[test]
fn triangles_are_solved_and_the_other_half_is_not_read() {
    for n in [1, 4, 70] {
        let mut a = noise::<f64>(n, n, 41);
        a.diag_mut().mapv_inplace(|v| v + 2.0 * v.signum());
        a /= n as f64;
        a.diag_mut().mapv_inplace(|v| v * n as f64);
        let b = noise::<f64>(n, 3, 42);
        for triangle in [Triangle::Lower, Triangle::Upper] {
            let kept = Array2::from_shape_fn((n, n), |(i, j)| {
                let inside = if triangle == Triangle::Lower {
                    i >= j
                } else {
                    i <= j
                };
                if inside { a[[i, j]] } else { 0.0 }
            });
            layouts(&a, |view, layout| {
                let x = solve_triangular(&view, triangle, &b).unwrap();
                close::<f64>(&product(&kept, &x), &b, norm(&kept) * norm(&x), 4.0, layout);
            });
        }
    }
    let error = solve_triangular(
        &array![[1.0, 0.0], [5.0, 0.0]],
        Triangle::Lower,
        &array![[1.0], [1.0]],
    )
    .unwrap_err();
    assert!(error.to_string().contains("entry 1"), "{error}");
    // What overflows is an error, not an infinity.
    let error = solve_triangular(&array![[1e-300]], Triangle::Upper, &array![[1e300]]).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Overflow { .. }),
        "{error}"
    );
}

fn dot_identities<F: Float>() {
    for (m, k, n) in [
        (1, 1, 1),
        (1, 50, 1),
        (3, 1, 4),
        (1, 300, 70),
        (500, 40, 1),
        (20_000, 60, 1),
        (60, 20_000, 1),
        (40, 20_000, 5),
        (5000, 50, 10),
        (10, 50, 5000),
        (200, 190, 110),
        (130, 1000, 130),
    ] {
        let (a, b) = (noise::<F>(m, k, 51), noise::<F>(k, n, 52));
        let expected = product(&a, &b);
        layouts(&a, |a, layout| {
            let what = format!("product {m} {k} {n}, {layout}");
            let scale = norm(&a) * norm(&b);
            close::<F>(&in_f64(&dot(&a, &b).unwrap()), &expected, scale, 1.0, &what);
            let transposed = dot(&b.t(), &a.t()).unwrap();
            close::<F>(&in_f64(&transposed.t()), &expected, scale, 1.0, &what);
        });
        layouts(&b, |b, layout| {
            let what = format!("product {m} {k} {n}, right factor in {layout}");
            let scale = norm(&a) * norm(&b);
            close::<F>(&in_f64(&dot(&a, &b).unwrap()), &expected, scale, 1.0, &what);
        });
    }
}

#[test]
fn products_agree_with_the_definition() {
    dot_identities::<f64>();
    dot_identities::<f32>();
}

/// Moments by their definition, in two passes, and how far rounding may take others from them.
struct Expected {
    weight_sum: f64,
    mean: [Array2<f64>; 2],
    products: [Array2<f64>; 2],
    bounds: [f64; 2],
}

impl Expected {
    fn new<F: Float>(x: &Array2<F>, y: &Array2<F>, weights: Option<&[f64]>, center: bool) -> Self {
        let (n, p) = x.dim();
        let w = weights.map_or(vec![1.0; n], <[f64]>::to_vec);
        let total: f64 = w.iter().sum();
        let mean = [x, y].map(|a| {
            Array2::from_shape_fn((1, a.ncols()), |(_, j)| {
                let sum = || {
                    w.iter()
                        .zip(a.column(j))
                        .map(|(w, v)| w * v.f64())
                        .sum::<f64>()
                };
                if center { sum() / total } else { 0.0 }
            })
        });
        let [x, y] = [in_f64(x) - &mean[0], in_f64(y) - &mean[1]];
        let times = |a: &Array2<f64>, factor: fn(f64) -> f64| {
            let mut a = a.clone();
            for (mut row, &w) in a.rows_mut().into_iter().zip(&w) {
                row.mapv_inplace(|v| v * factor(w));
            }
            a
        };
        let weighted = times(&x, |w| w);
        let spread = |a: &Array2<f64>| norm(&times(a, f64::sqrt));
        let scale = spread(&x) / (p.max(1) as f64) * (n as f64).sqrt();
        Expected {
            weight_sum: total,
            products: [&x, &y].map(|b| product(&weighted.t(), b)),
            bounds: [&x, &y].map(|b| scale * spread(b)),
            mean,
        }
    }

    #[track_caller]
    fn check<F: Float>(&self, m: &Moments<F>, what: &str) {
        assert!(
            (m.weight_sum / self.weight_sum - 1.0).abs() < 1e-12,
            "{what}"
        );
        for (found, (expected, &bound)) in [&m.xtx, &m.xty]
            .into_iter()
            .zip(self.products.iter().zip(&self.bounds))
        {
            close::<F>(&in_f64(found), expected, bound, 1.0, what);
        }
        for (found, expected) in [&m.x_mean, &m.y_mean].into_iter().zip(&self.mean) {
            assert_eq!(found.len(), expected.len(), "{what}");
            for (a, b) in found.iter().zip(expected) {
                assert!(
                    (a.f64() - b).abs() <= 8.0 * F::EPSILON.f64() * b.abs().max(1.0),
                    "{what}: mean {a} {b}"
                );
            }
        }
        assert_eq!(m.xtx, m.xtx.t(), "{what}: symmetric");
    }
}

fn moments_agree<F: Float>() {
    for (n, p, q) in [
        (1, 1, 1),
        (2, 3, 0),
        (5, 24, 1),
        (127, 23, 2),
        (128, 47, 1),
        (1000, 7, 60),
        (6000, 24, 1),
        (200, 130, 3),
        (40, 530, 2),  // wide: split by columns
        (200, 5, 520), // wide because of y
        (40, 0, 2),
    ] {
        let (x, y) = (noise::<F>(n, p, 61), noise::<F>(n, q, 62));
        let weights: Vec<f64> = (0..n).map(|i| (i % 4) as f64 + 0.5).collect();
        for center in [false, true] {
            for weights in [None, Some(&weights[..])] {
                let expected = Expected::new(&x, &y, weights, center);
                layouts(&x, |x, layout| {
                    let what = format!(
                        "{} moments of {n} x {p}, {q}, {layout}, centred {center}, weighted {}",
                        F::NAME,
                        weights.is_some()
                    );
                    let m = moments(&x, Some(&y), weights, center).unwrap();
                    expected.check(&m, &what);
                });
            }
        }
        let expected = Expected::new(&x, &y, None, true);
        layouts(&y, |y, layout| {
            let m = moments(&x, Some(&y), None, true).unwrap();
            expected.check(&m, &format!("y in {layout}"));
        });
    }
}

#[test]
fn moments_agree_with_their_definition() {
    moments_agree::<f64>();
    moments_agree::<f32>();
}

#[test]
fn large_means_do_not_cancel_small_variances() {
    // Mean 1e9, standard deviation 1e-3, and the same with a drift and a jump between chunks.
    for (n, drift, jump) in [
        (300_000, 0.0, 0.0),
        (300_000, 1.0, 0.0),
        (300_000, 0.0, 1e6),
    ] {
        let z = noise::<f64>(n, 1, 71);
        let x = Array2::from_shape_fn((n, 2), |(i, j)| {
            let moved = drift * i as f64 / n as f64 + if i > n / 3 { jump } else { 0.0 };
            1e9 + moved + 1e-3 * z[[i, 0]] * if j == 0 { 1.0 } else { -2.0 }
        });
        // 1e9 is subtracted exactly; what is left is small.
        let left = x.mapv(|v| v - 1e9);
        let mean = left.mean_axis(Axis(0)).unwrap();
        let twice = (&left - &mean).mean_axis(Axis(0)).unwrap();
        let centred = left - &mean - &twice;
        let m = moments(&x, None, None, true).unwrap();
        for (i, j) in [(0, 0), (0, 1), (1, 1)] {
            let expected = (&centred.column(i) * &centred.column(j)).sum();
            let error = (m.xtx[[i, j]] / expected - 1.0).abs();
            assert!(
                error < 1e-9,
                "drift {drift}, jump {jump}, ({i}, {j}): {error:e}"
            );
        }
    }
    // f32 at mean 1e4: a spacing of 1e-3 at a standard deviation of 1e-1.
    let n = 100_000;
    let z = noise::<f64>(n, 1, 72);
    let x = Array2::from_shape_fn((n, 1), |(i, _)| (1e4 + 0.1 * z[[i, 0]]) as f32);
    let exact = in_f64(&x);
    let mean = exact.mean().unwrap();
    let expected: f64 = exact.iter().map(|v| (v - mean).powi(2)).sum();
    let m = moments(&x, None, None, true).unwrap();
    assert!((f64::from(m.xtx[[0, 0]]) / expected - 1.0).abs() < 1e-5);
}

#[test]
fn products_that_no_memory_holds_are_refused_with_their_size() {
    let one = Array1::<f32>::ones(1);
    let wide = one.broadcast((2, 10_000_000)).unwrap();
    let message = moments(&wide, None, None, true).unwrap_err().to_string();
    assert!(message.contains("800000160000008 bytes"), "{message}");
}

#[test]
fn tiny_leading_weights_do_not_cancel() {
    // The first rows weigh next to nothing and lie far away.
    let n = 5000;
    let z = noise::<f64>(n, 1, 73);
    let x = Array2::from_shape_fn(
        (n, 1),
        |(i, _)| {
            if i < 600 { -1e7 } else { 1e7 + z[[i, 0]] }
        },
    );
    let weights: Vec<f64> = (0..n).map(|i| if i < 600 { 1e-30 } else { 1.0 }).collect();
    let m = moments(&x, None, Some(&weights), true).unwrap();
    let rest = x.slice(s![600.., ..]);
    let unweighted = moments(&rest, None, None, true).unwrap();
    assert!((m.xtx[[0, 0]] / unweighted.xtx[[0, 0]] - 1.0).abs() < 1e-8);
}

#[test]
fn weights_stand_for_repeated_and_absent_rows() {
    for n in [60, 3000] {
        let (x, y) = (noise::<f64>(n, 9, 81), noise::<f64>(n, 2, 82));
        let counts: Vec<usize> = (0..n).map(|i| (i * 7) % 4).collect();
        let rows: Vec<usize> = (0..n).flat_map(|i| vec![i; counts[i]]).collect();
        let weights: Vec<f64> = counts.iter().map(|&c| c as f64).collect();
        let weighted = moments(&x, Some(&y), Some(&weights), true).unwrap();
        let repeated = moments(
            &x.select(Axis(0), &rows),
            Some(&y.select(Axis(0), &rows)),
            None,
            true,
        )
        .unwrap();
        let total: usize = counts.iter().sum();
        assert!((weighted.weight_sum - total as f64).abs() < 1e-9);
        close::<f64>(
            &weighted.xtx,
            &repeated.xtx,
            norm(&repeated.xtx),
            4.0,
            "xtx",
        );
        close::<f64>(
            &weighted.xty,
            &repeated.xty,
            norm(&repeated.xtx),
            4.0,
            "xty",
        );
    }
    // Tiny weights in f32: their products would underflow.
    let (x, y) = (noise::<f32>(500, 3, 83), noise::<f32>(500, 1, 84));
    let tiny = moments(&x, Some(&y), Some(&vec![1e-36; 500]), true).unwrap();
    let one = moments(&x, Some(&y), None, true).unwrap();
    for (a, b) in tiny.xtx.iter().zip(&one.xtx) {
        assert!((f64::from(*a) / 1e-36 - f64::from(*b)).abs() < 1e-3);
    }
}

#[test]
fn badly_scaled_columns_keep_their_moments() {
    let scales = [1e150, 1e-150, 1.0, 1e-160];
    let z = noise::<f64>(2000, 4, 91);
    let x = Array2::from_shape_fn(z.dim(), |(i, j)| z[[i, j]] * scales[j]);
    let (scaled, plain) = (
        moments(&x, None, None, true).unwrap(),
        moments(&z, None, None, true).unwrap(),
    );
    for i in 0..4 {
        for j in 0..3 {
            if i == 3 && j == 3 || scales[i] * scales[j] < 1e-300 {
                continue;
            }
            let expected = plain.xtx[[i, j]];
            let found = scaled.xtx[[i, j]] / scales[i] / scales[j];
            assert!((found - expected).abs() <= 1e-12 * plain.xtx[[i, i]].max(expected.abs()));
        }
    }
    let error = moments(&(&z * 1e200), None, None, true).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Overflow { .. }),
        "{error}"
    );
}

#[test]
fn bad_input_is_an_error() {
    let a = noise::<f64>(6, 4, 1);
    let square = noise::<f64>(4, 4, 1);
    let shape = |e: fitwell::Error| matches!(e.kind(), ErrorKind::ShapeMismatch { .. });
    assert!(shape(dot(&a, &a).unwrap_err()));
    assert!(shape(Cholesky::new(&a).unwrap_err()));
    assert!(shape(eigh(&a).unwrap_err()));
    assert!(shape(log_det(&a).unwrap_err()));
    assert!(shape(lstsq(&a, &square, None).unwrap_err()));
    assert!(shape(
        solve_triangular(&a, Triangle::Lower, &a).unwrap_err()
    ));
    assert!(shape(
        solve_triangular(&square, Triangle::Lower, &a).unwrap_err()
    ));
    assert!(shape(
        Cholesky::new(&Array2::<f64>::eye(4))
            .unwrap()
            .solve(&a)
            .unwrap_err()
    ));
    assert!(shape(moments(&a, Some(&square), None, true).unwrap_err()));
    assert!(shape(moments(&a, None, Some(&[1.0]), true).unwrap_err()));
    for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for position in [[0, 0], [3, 1], [3, 3]] {
            let mut broken = square.clone();
            broken[position] = bad;
            let named = |e: fitwell::Error| match e.kind() {
                ErrorKind::NonFinite { row, column, .. } => {
                    (*row, *column) == (position[0], Some(position[1]))
                }
                _ => false,
            };
            assert!(named(Cholesky::new(&broken).unwrap_err()));
            assert!(named(eigh(&broken).unwrap_err()));
            assert!(named(thin_svd(&broken).unwrap_err()));
            assert!(named(qr(&broken).unwrap_err()));
            assert!(named(lstsq(&broken, &square, None).unwrap_err()));
            assert!(named(lstsq(&square, &broken, None).unwrap_err()));
            assert!(named(
                solve_triangular(&broken, Triangle::Lower, &square).unwrap_err()
            ));
            assert!(named(
                solve_triangular(&Array2::eye(4), Triangle::Lower, &broken).unwrap_err()
            ));
            assert!(named(moments(&broken, None, None, true).unwrap_err()));
            assert!(named(moments(&broken, None, None, false).unwrap_err()));
            assert!(named(
                moments(&square, Some(&broken), None, true).unwrap_err()
            ));
            let factor = Cholesky::new(&Array2::<f64>::eye(4)).unwrap();
            assert!(named(factor.solve(&broken).unwrap_err()));
        }
    }
    for bad in [
        [1.0, f64::NAN],
        [1.0, -1.0],
        [0.0, 0.0],
        [1.0, f64::INFINITY],
    ] {
        assert!(moments(&array![[1.0], [2.0]], None, Some(&bad), true).is_err());
    }
}

#[test]
fn nothing_is_fine() {
    for (m, n) in [(0, 0), (0, 3), (3, 0)] {
        let a = Array2::<f64>::zeros((m, n));
        let k = m.min(n);
        assert_eq!(thin_svd(&a).unwrap().u.dim(), (m, k));
        assert_eq!(qr(&a).unwrap().r.dim(), (k, n));
        assert_eq!(dot(&a, &a.t()).unwrap(), Array2::<f64>::zeros((m, m)));
        let fit = lstsq(&a, &Array2::zeros((m, 2)), None).unwrap();
        assert_eq!((fit.rank, fit.solution.dim()), (0, (n, 2)));
        for center in [false, true] {
            let found = moments(&a, Some(&Array2::zeros((m, 2))), None, center).unwrap();
            assert_eq!(found.xtx, Array2::<f64>::zeros((n, n)));
            assert_eq!(found.xty.dim(), (n, 2));
        }
    }
    let empty = Array2::<f64>::zeros((0, 0));
    assert_eq!(eigh(&empty).unwrap().values.len(), 0);
    assert_eq!(
        solve_triangular(&empty, Triangle::Upper, &Array2::zeros((0, 2)))
            .unwrap()
            .dim(),
        (0, 2)
    );
    assert_eq!(
        Cholesky::new(&empty)
            .unwrap()
            .solve(&Array2::zeros((0, 2)))
            .unwrap()
            .dim(),
        (0, 2)
    );
}

fn bits<F: Float>(a: &ArrayRef2<F>) -> Vec<u64> {
    a.iter().map(|v| v.f64().to_bits()).collect()
}

#[test]
fn bits_do_not_depend_on_where_memory_lies() {
    fn everything<F: Float>(n: usize) -> Vec<u64> {
        let a = noise::<F>(n + 3, n, 3);
        let spd = moments(&a, None, None, false).unwrap().xtx + Array2::eye(n);
        let (svd, qr, e) = (thin_svd(&a).unwrap(), qr(&a).unwrap(), eigh(&spd).unwrap());
        let fit = lstsq(&a, &a.slice(s![.., ..2]), None).unwrap();
        let solved = Cholesky::new(&spd).unwrap().solve(&a.t()).unwrap();
        [
            svd.u,
            svd.vt,
            qr.q,
            qr.r,
            e.vectors,
            fit.solution,
            solved,
            dot(&a, &a.t()).unwrap(),
            spd,
        ]
        .iter()
        .flat_map(|a| bits(a))
        .collect()
    }
    for n in [5, 16, 31, 64, 140] {
        let (double, single) = (everything::<f64>(n), everything::<f32>(n));
        let mut kept = Vec::new();
        for i in 0..12 {
            kept.push(vec![1_u8; 16 * i + 24]);
            assert!(everything::<f64>(n) == double, "f64 {n}");
            assert!(everything::<f32>(n) == single, "f32 {n}");
        }
        assert_eq!(kept.len(), 12);
    }
}

#[test]
fn bits_do_not_depend_on_the_number_of_threads() {
    fn everything<F: Float>() -> Vec<Vec<u64>> {
        let tall = noise::<F>(9_000, 20, 1);
        let y = noise::<F>(9_000, 2, 2);
        let square = noise::<F>(300, 300, 3);
        let wide = noise::<F>(130, 540, 4);
        let weights: Vec<f64> = (0..9_000).map(|i| (i % 5) as f64).collect();
        let one = |v: &ndarray::Array1<F>| bits(&v.view().insert_axis(Axis(0)));
        let mut found = Vec::new();
        for (x, y, w) in [
            (&tall, Some(&y), None),
            (&tall, Some(&y), Some(&weights[..])),
            (&wide, None, None),
        ] {
            let m = moments(x, y.map(|y| -> &ArrayRef2<F> { y }), w, true).unwrap();
            found.extend([bits(&m.xtx), bits(&m.xty), one(&m.x_mean), one(&m.y_mean)]);
        }
        let spd = moments(&wide, None, None, true).unwrap().xtx + Array2::eye(540);
        let factor = Cholesky::new(&spd).unwrap();
        found.push(bits(&factor.solve(&wide.t()).unwrap()));
        found.push(vec![
            factor.log_det().f64().to_bits(),
            factor.rcond().f64().to_bits(),
        ]);
        for a in [&tall, &square, &wide] {
            let svd = thin_svd(a).unwrap();
            found.extend([bits(&svd.u), one(&svd.s), bits(&svd.vt)]);
            let qr = qr(a).unwrap();
            found.extend([bits(&qr.q), bits(&qr.r)]);
            found.push(bits(
                &lstsq(a, &y.slice(s![..a.nrows(), ..]), None)
                    .unwrap()
                    .solution,
            ));
            found.push(bits(&dot(&a.t(), a).unwrap()));
            found.push(bits(&dot(a, &a.t().slice(s![.., ..100])).unwrap()));
            found.push(bits(&dot(a, &a.slice(s![..1, ..]).t()).unwrap()));
            found.push(bits(&dot(&a.slice(s![.., ..1]).t(), a).unwrap()));
        }
        let e = eigh(&spd).unwrap();
        found.extend([one(&e.values), bits(&e.vectors)]);
        found.push(bits(
            &solve_triangular(&spd, Triangle::Lower, &wide.t()).unwrap(),
        ));
        found
    }
    let with = |threads: usize| {
        let pool = (rayon::ThreadPoolBuilder::new().num_threads(threads))
            .build()
            .unwrap();
        pool.install(|| (everything::<f64>(), everything::<f32>()))
    };
    let one = with(1);
    for threads in [2, 8] {
        let many = with(threads);
        for (i, (a, b)) in one.0.iter().zip(&many.0).enumerate() {
            assert!(a == b, "f64, result {i}, {threads} threads");
        }
        for (i, (a, b)) in one.1.iter().zip(&many.1).enumerate() {
            assert!(a == b, "f32, result {i}, {threads} threads");
        }
    }
}
