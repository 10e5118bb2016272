//! Tests of ridge regression.

use super::*;
use crate::targets::Targets;
use crate::traits::Predict;
use ndarray::{Array1, Array2, Axis, array};
use rand::RngExt;

fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
    let mut rng = crate::random::generator(seed);
    let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
    let y =
        x.sum_axis(Axis(1)) + Array1::from_shape_simple_fn(n, || rng.random_range(-0.1..0.1)) + 3.0;
    (x, y)
}

/// The gradient of the objective at the fitted model, largest entry.
fn gradient(
    x: &Array2<f64>,
    y: &Array1<f64>,
    weights: &Array1<f64>,
    alpha: f64,
    m: &FittedRidge,
) -> f64 {
    let r = (y - &m.predict(x).unwrap()) * weights;
    let of_w = x.t().dot(&r) - &m.coef().mapv(|v| v * alpha);
    of_w.iter()
        .chain(std::iter::once(&r.sum()))
        .fold(0.0, |a: f64, v| a.max(v.abs()))
}

#[test]
fn the_gradient_vanishes_tall_wide_and_weighted() {
    for (n, p) in [(50, 7), (7, 50), (20, 20), (1, 3), (5, 1)] {
        let (x, y) = data(n, p, 1);
        let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
        for alpha in [1e-6, 0.1, 1.0, 100.0] {
            let m = Ridge::new()
                .alpha(alpha)
                .fit(&x, &y.weighted(&weights))
                .unwrap();
            let g = gradient(&x, &y, &weights, alpha, &m);
            assert!(g < 1e-9 * n as f64, "{n} x {p}, alpha {alpha}: {g:e}");
        }
    }
}

#[test]
fn many_rows_are_decomposed_in_chunks() {
    let (x, y) = data(40_000, 7, 5);
    let x = x + 20.0;
    let weights = Array1::from_shape_fn(x.nrows(), |i| (i % 4) as f64);
    let svd = || Ridge::new().alpha(3.0).solver(RidgeSolver::Svd);
    let m = svd().fit(&x, &y.weighted(&weights)).unwrap();
    let g = gradient(&x, &y, &weights, 3.0, &m);
    assert!(g < 1e-7, "{g:e}");
    let in_columns = x.t().as_standard_layout().into_owned().reversed_axes();
    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
        let again = pool
            .build()
            .unwrap()
            .install(|| svd().fit(&in_columns, &y.weighted(&weights)).unwrap());
        assert_eq!((again.coef(), again.intercept()), (m.coef(), m.intercept()));
    }
    // Far up and down the range of the numbers, without a penalty to scale along.
    let plain = svd().alpha(0.0).fit(&x, &y).unwrap();
    for scale in [1e-200, 1e200] {
        let far = svd().alpha(0.0).fit(&(&x * scale), &(&y * scale)).unwrap();
        for (a, b) in far.coef().iter().zip(plain.coef()) {
            assert!((a - b).abs() < 1e-9, "{scale:e}: {a} {b}");
        }
    }
}

#[test]
fn in_single_precision_small_columns_beside_large_ones_count() {
    let (x, y) = data(40, 6, 12);
    let x = Array2::from_shape_fn((40, 6), |(i, j)| {
        x[[i, j]] * 2f64.powi(8 * (j as i32 - 3)) // exact in `f32`
    });
    let narrow = (x.mapv(|v| v as f32), y.mapv(|v| v as f32));
    let (x, y) = (narrow.0.mapv(f64::from), narrow.1.mapv(f64::from));
    let objective = |coef: &Array1<f64>, b: f64| {
        let r = &y - &x.dot(coef) - b;
        r.dot(&r) + 1e-9 * coef.dot(coef)
    };
    for solver in [RidgeSolver::Auto, RidgeSolver::Cholesky, RidgeSolver::Svd] {
        let ridge = Ridge::new().alpha(1e-9).solver(solver);
        let wide = ridge.fit(&x, &y).unwrap();
        let least = objective(&wide.coef().to_owned(), wide.intercept());
        let m = ridge.fit(&narrow.0, &narrow.1).unwrap();
        let reached = objective(&m.coef().mapv(f64::from), f64::from(m.intercept()));
        assert!(reached < least * 1.0001, "{solver:?}: {reached} {least}");
    }
}

#[test]
fn without_penalty_dependent_columns_share_the_minimum_norm() {
    let (x, y) = data(30, 3, 2);
    let twice = ndarray::concatenate![Axis(1), x, x];
    let one = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
    let two = Ridge::new().alpha(0.0).fit(&twice, &y).unwrap();
    for j in 0..3 {
        assert!((two.coef()[j] - one.coef()[j] / 2.0).abs() < 1e-12);
        assert!((two.coef()[j + 3] - one.coef()[j] / 2.0).abs() < 1e-12);
    }
}

#[test]
fn refinement_keeps_the_digits_of_an_ill_conditioned_problem() {
    let (mut x, _) = data(200, 4, 3);
    let near = &x.column(0) + &x.column(3).mapv(|v| v * 1e-5);
    x.column_mut(3).assign(&near);
    let truth = array![1.0, 2.0, 3.0, 4.0];
    let y = x.dot(&truth) + 5.0;
    let m = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
    for (a, b) in m.coef().iter().zip(&truth) {
        assert!((a - b).abs() < 1e-9, "{:?}", m.coef());
    }
}

#[test]
fn several_targets_equal_one_by_one_with_their_penalties() {
    let (x, y) = data(40, 5, 4);
    let both = ndarray::stack![Axis(1), y, y.mapv(|v| v * v)];
    let alphas = [0.3, 30.0];
    let joint = Ridge::new().alpha(alphas).fit(&x, &both).unwrap();
    for (t, alpha) in alphas.into_iter().enumerate() {
        let single = Ridge::new().alpha(alpha).fit(&x, &both.column(t)).unwrap();
        for (a, b) in joint.coef().row(t).iter().zip(single.coef()) {
            assert!((a - b).abs() < 1e-12);
        }
        assert!((joint.intercept()[t] - single.intercept()).abs() < 1e-12);
    }
    assert_eq!(joint.predict(&x).unwrap().dim(), (40, 2));
}

#[test]
fn single_precision_agrees_with_double() {
    let (x, y) = data(300, 6, 5);
    let double = Ridge::new().fit(&x, &y).unwrap();
    let single = Ridge::new()
        .fit(&x.mapv(|v| v as f32), &y.mapv(|v| v as f32))
        .unwrap();
    for (a, b) in double.coef().iter().zip(single.coef()) {
        assert!((a - f64::from(*b)).abs() < 1e-5);
    }
}

#[test]
fn refuses_what_is_out_of_range_and_says_so() {
    let (x, y) = data(4, 2, 6);
    for alpha in [-1.0, f64::NAN, f64::INFINITY] {
        let e = Ridge::new().alpha(alpha).fit(&x, &y).unwrap_err();
        assert!(
            e.to_string()
                .starts_with("`alpha` of `Ridge` must be in [0, inf), got "),
            "{e}"
        );
    }
    let e = Ridge::new().alpha([1.0, 2.0]).fit(&x, &y).unwrap_err();
    assert!(
        e.to_string()
            .contains("one for each of the 1 targets, got 2 numbers"),
        "{e}"
    );
    let e = Ridge::new().fit(&x, &array![1.0, 2.0]).unwrap_err();
    assert_eq!(e.to_string(), "number of rows of y: expected 4, got 2");
}

#[test]
fn the_penalty_is_a_number_or_a_list_by_name() {
    use crate::params::Params;
    let m = Ridge::new().with_param("alpha", vec![1.0, 2.0]).unwrap();
    assert_eq!(m, Ridge::new().alpha([1.0, 2.0]));
    assert_eq!(m.params()["alpha"], serde_json::json!([1.0, 2.0]));
    assert_eq!(m.with_param("alpha", 3).unwrap(), Ridge::new().alpha(3.0));
    let e = m.with_param("alpha", "much").unwrap_err().to_string();
    assert_eq!(
        e,
        "`alpha` of `Ridge` must be a number or a list of numbers, got \"much\""
    );
}

const ITERATIVE: [RidgeSolver; 4] = [
    RidgeSolver::Lsqr,
    RidgeSolver::SparseCg,
    RidgeSolver::Sag,
    RidgeSolver::Saga,
];

#[test]
fn every_solver_finds_the_same_minimum() {
    for (n, p, seed) in [(60, 4, 7), (6, 15, 8), (12, 12, 9)] {
        let (x, y) = data(n, p, seed);
        let both = ndarray::stack![Axis(1), y, y.mapv(|v| v * v)];
        let weights = Array1::from_shape_fn(n, |i| (i % 3) as f64);
        for weights in [Array1::ones(n), weights] {
            let y = (*both).weighted(&weights);
            let ridge = Ridge::new().alpha([0.5, 2.0]).tol(1e-12).max_iter(50_000);
            let direct = ridge.clone().solver(RidgeSolver::Svd).fit(&x, &y).unwrap();
            for solver in ITERATIVE.into_iter().chain([RidgeSolver::Cholesky]) {
                let m = ridge.clone().solver(solver).fit(&x, &y).unwrap();
                let far = (&m.coef() - &direct.coef())
                    .iter()
                    .chain(&(&m.intercept() - &direct.intercept()))
                    .fold(0.0, |a: f64, d| a.max(d.abs()));
                assert!(far < 1e-8, "{n} x {p}, {solver:?}: {far:e}");
                assert!(m.converged() && m.solver() == solver);
                assert_eq!(m.n_iter().is_some(), solver != RidgeSolver::Cholesky);
            }
        }
    }
}

#[test]
fn dependent_columns_are_seen_in_the_solver_that_was_used() {
    let (x, y) = data(30, 3, 10);
    let twice = ndarray::concatenate![Axis(1), x, x];
    let m = Ridge::new()
        .alpha(0.0)
        .solver(RidgeSolver::Cholesky)
        .fit(&twice, &y)
        .unwrap();
    assert_eq!(m.solver(), RidgeSolver::Svd);
    assert_eq!(
        Ridge::new().fit(&x, &y).unwrap().solver(),
        RidgeSolver::Cholesky
    );
}

#[test]
fn positive_coefficients_satisfy_the_optimality_conditions() {
    for (n, p, seed) in [(80, 6, 5), (12, 20, 6), (40, 1, 7)] {
        let (x, y) = data(n, p, seed);
        let signs = Array1::from_shape_fn(p, |j| if j % 2 == 0 { 1.0 } else { -1.0 });
        let y = y + x.dot(&signs) * 2.0;
        for (solver, tol, near) in [
            (RidgeSolver::Auto, 1.0, 1e-9),
            (RidgeSolver::Lbfgs, 1e-10, 1e-9),
        ] {
            for alpha in [0.0, 0.7] {
                if alpha == 0.0 && n < p {
                    continue;
                }
                let ridge = Ridge::new()
                    .alpha(alpha)
                    .positive(true)
                    .solver(solver)
                    .tol(tol);
                let m = ridge.fit(&x, &y).unwrap();
                let g = x.t().dot(&(&y - &m.predict(&x).unwrap())) - &m.coef().mapv(|w| alpha * w);
                for (&w, &g) in m.coef().iter().zip(&g) {
                    assert!(
                        w >= 0.0 && g < near && (w == 0.0 || g.abs() < near),
                        "{w} {g}"
                    );
                }
                assert!(m.converged());
            }
        }
    }
}

#[test]
fn an_unreachable_tolerance_is_a_finite_model_that_says_so() {
    let (x, y) = data(40, 5, 11);
    for solver in ITERATIVE {
        let ridge = Ridge::new().solver(solver).tol(0.0).max_iter(2);
        let m = ridge.fit(&x, &y).unwrap();
        assert!(!m.converged() && m.n_iter() == Some(&[2]), "{solver:?}");
        assert!(m.coef().iter().all(|v| v.is_finite()));
    }
    let m = Ridge::new()
        .positive(true)
        .solver(RidgeSolver::Lbfgs)
        .tol(0.0)
        .max_iter(1);
    assert!(!m.fit(&x, &y).unwrap().converged());
}

#[test]
fn solvers_that_do_not_fit_are_refused() {
    let (x, y) = data(10, 2, 12);
    let e = Ridge::new()
        .solver(RidgeSolver::Lbfgs)
        .fit(&x, &y)
        .unwrap_err();
    assert!(e.to_string().contains("without `positive`"), "{e}");
    let e = Ridge::new()
        .solver(RidgeSolver::Svd)
        .positive(true)
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        e.to_string().contains("Auto or Lbfgs with `positive`"),
        "{e}"
    );
    let e = Ridge::new().tol(f64::NAN).fit(&x, &y).unwrap_err();
    assert!(e.to_string().starts_with("`tol` of `Ridge`"), "{e}");
}

#[test]
fn an_observer_can_stop_the_epochs() {
    use crate::observer::Progress;
    use std::ops::ControlFlow;
    let (x, y) = data(40, 5, 13);
    let stop = |p: &Progress| match p.iteration {
        3 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let ridge = Ridge::new()
        .solver(RidgeSolver::Sag)
        .tol(0.0)
        .observer(stop);
    let e = ridge.fit(&x, &y).unwrap_err();
    assert!(e.to_string().contains('3'), "{e}");
}
