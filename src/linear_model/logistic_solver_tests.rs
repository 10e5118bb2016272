//! Tests of the solvers of logistic regression: one against the other, and against the conditions of a minimum.

use super::*;
use crate::labels::Labels;
use crate::linear_model::{FittedLogisticRegression, LogisticRegression};
use crate::targets::Targets;
use crate::traits::{Estimator, PredictProba};
use ndarray::{Array1, Array2, Axis, concatenate};
use rand::RngExt;

use LogisticSolver::{Lbfgs as L, Liblinear, NewtonCd, NewtonCg, NewtonCholesky, Sag, Saga};

fn data(n: usize, p: usize, k: usize, seed: u64) -> (Array2<f64>, Labels) {
    let mut rng = crate::random::generator(seed);
    let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
    let y = (0..n).map(|i| {
        let z: f64 = 1.5 * x[[i, 0]] - x[[i, p - 1]] + rng.random_range(-1.0..1.0);
        ((z + 1.2f64).clamp(0.0, 2.39) / 2.4 * k as f64) as usize
    });
    (x.clone(), y.collect())
}

fn tight(solver: LogisticSolver) -> LogisticRegression {
    let tol = if matches!(solver, Sag | Saga) {
        1e-12
    } else {
        1e-10
    };
    LogisticRegression::new()
        .solver(solver)
        .tol(tol)
        .max_iter(20_000)
}

fn distance(a: &FittedLogisticRegression, b: &FittedLogisticRegression) -> f64 {
    let coef = a.coef().iter().zip(b.coef());
    let common = |m: &FittedLogisticRegression| {
        let b = m.intercept();
        if b.len() > 1 { b.mean().unwrap() } else { 0.0 }
    };
    let (ca, cb) = (common(a), common(b));
    let intercept = a.intercept().iter().zip(b.intercept());
    coef.map(|(a, b)| (a - b).abs())
        .chain(intercept.map(|(a, b)| (a - ca - b + cb).abs()))
        .fold(0.0, f64::max)
}

#[test]
fn every_solver_finds_the_same_minimum() {
    for (n, p, k, seed) in [(60, 3, 2, 1), (50, 3, 3, 2), (12, 20, 2, 3), (40, 2, 4, 4)] {
        let (x, y) = data(n, p, k, seed);
        let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
        for intercept in [true, false] {
            let y = y.weighted(&weights);
            let first = tight(L).fit_intercept(intercept).fit(&x, &y).unwrap();
            for solver in [NewtonCg, NewtonCholesky, NewtonCd, Sag, Saga] {
                let other = tight(solver).fit_intercept(intercept).fit(&x, &y).unwrap();
                let far = distance(&first, &other);
                assert!(far < 1e-7, "{n} x {p}, {k} classes, {solver:?}: {far:e}");
                assert!(other.converged(), "{solver:?}");
            }
        }
    }
}

/// The mean loss with its L2 penalty.
fn objective(x: &Array2<f64>, y: &Labels, m: &FittedLogisticRegression, c: f64) -> f64 {
    let n = x.nrows();
    let proba = m.predict_proba(x).unwrap();
    let loss: f64 = (0..n)
        .map(|i| -proba[[i, y.codes()[i] as usize]].ln())
        .sum();
    (loss + m.coef().mapv(|w| w * w).sum() / (2.0 * c)) / n as f64
}

#[test]
fn by_default_little_is_left_to_gain() {
    for (n, p, k, seed) in [(60, 3, 2, 11), (80, 8, 2, 12), (60, 4, 3, 13)] {
        let (x, y) = data(n, p, k, seed);
        // Small columns have small gradients.
        for unit in [1.0, 1e-2, 1e2] {
            let x = &x * unit;
            let c = 10.0 / unit;
            let of = |m: &LogisticRegression| {
                let m = m.clone().c(c).max_iter(1000).fit(&x, &y).unwrap();
                assert!(m.converged());
                objective(&x, &y, &m, c)
            };
            let least = of(&tight(NewtonCholesky));
            for solver in [L, NewtonCg, NewtonCholesky] {
                let left = of(&LogisticRegression::new().solver(solver)) - least;
                assert!(left < 2e-7, "{solver:?} {unit}: {left:e}");
            }
        }
    }
}

/// The least subgradient of the sum of the losses: largest component. `of_intercept` penalises the intercept (L1, L2).
fn violation(
    x: &Array2<f64>,
    y: &Labels,
    w: &Array1<f64>,
    m: &FittedLogisticRegression,
    (l1, l2): (f64, f64),
    of_intercept: Option<(f64, f64)>,
) -> f64 {
    let proba = m.predict_proba(x).unwrap();
    let k = m.coef().nrows();
    let classes = if k == 1 { 1..2 } else { 0..k };
    let mut worst = 0.0f64;
    let excess = |g: f64, v: f64, l1: f64| {
        if v == 0.0 {
            (g.abs() - l1).max(0.0)
        } else {
            (g + l1 * v.signum()).abs()
        }
    };
    for (row, class) in classes.enumerate() {
        let r = Array1::from_shape_fn(x.nrows(), |i| {
            w[i] * (proba[[i, class]] - f64::from(u8::from(y.codes()[i] as usize == class)))
        });
        let g = x.t().dot(&r);
        for (j, g) in g.iter().enumerate() {
            let v = m.coef()[[row, j]];
            worst = worst.max(excess(g + l2 * v, v, l1));
        }
        let b = m.intercept()[row];
        let (l1, l2) = of_intercept.unwrap_or((0.0, 0.0));
        worst = worst.max(excess(r.sum() + l2 * b, b, l1));
    }
    worst
}

#[test]
fn l1_and_elastic_net_satisfy_the_subgradient_conditions() {
    for (n, p, k, seed) in [(60, 6, 2, 5), (60, 4, 3, 6), (15, 30, 2, 7)] {
        let (x, y) = data(n, p, k, seed);
        let w = Array1::from_shape_fn(n, |i| 1.0 + (i % 2) as f64);
        for (ratio, c) in [(1.0, 0.3), (1.0, 2.0), (0.4, 0.5)] {
            let weighted = y.weighted(&w);
            let strengths = (ratio / c, (1.0 - ratio) / c);
            let mut models = Vec::new();
            for solver in [NewtonCd, Saga] {
                let m = tight(solver)
                    .l1_ratio(ratio)
                    .c(c)
                    .fit(&x, &weighted)
                    .unwrap();
                let v = violation(&x, &y, &w, &m, strengths, None);
                assert!(v < 1e-6, "{solver:?} {n} x {p} x {k}, {ratio} {c}: {v:e}");
                assert!(
                    m.converged(),
                    "{solver:?} {n} x {p} x {k}, {ratio} {c}: {v:e}"
                );
                models.push(m);
            }
            let zeros =
                |m: &FittedLogisticRegression| m.coef().iter().filter(|v| **v == 0.0).count();
            assert_eq!(zeros(&models[0]), zeros(&models[1]));
            assert!(distance(&models[0], &models[1]) < 1e-5);
        }
    }
}

#[test]
fn liblinear_settles_on_features_far_from_zero() {
    // Beside a penalised intercept all columns are nearly the same: sweeps alone take thousands of iterations.
    for (p, seed) in [(3, 21), (8, 22)] {
        let (x, y) = data(60, p, 2, seed);
        let x = x + 1e3;
        let w = Array1::ones(60);
        for (c, intercept) in [(0.1, true), (10.0, true), (10.0, false)] {
            let m = LogisticRegression::new()
                .solver(Liblinear)
                .l1_ratio(1.0)
                .c(c)
                .fit_intercept(intercept)
                .tol(1e-7)
                .fit(&x, &y)
                .unwrap();
            assert!(m.converged() && m.n_iter() < 40, "{p} {c}: {}", m.n_iter());
            let l1 = 1.0 / c;
            let of_intercept = if intercept {
                Some((l1, 0.0))
            } else {
                Some((f64::INFINITY, 0.0))
            };
            let left = violation(&x, &y, &w, &m, (l1, 0.0), of_intercept);
            assert!(left < 1e-2 * l1, "{p} {c}: {left:e}");
        }
    }
}

#[test]
fn liblinear_penalises_the_intercept_too() {
    for (n, p, seed) in [(60, 4, 8), (15, 25, 9)] {
        let (x, y) = data(n, p, 2, seed);
        let w = Array1::from_shape_fn(n, |i| (i % 3) as f64);
        let weighted = y.weighted(&w);
        for scaling in [1.0, 5.0] {
            let of = |ratio: f64, dual: bool| {
                let m = tight(Liblinear)
                    .c(0.7)
                    .l1_ratio(ratio)
                    .dual(dual)
                    .intercept_scaling(scaling);
                m.fit(&x, &weighted).unwrap()
            };
            let l = 1.0 / 0.7;
            for dual in [false, true] {
                let m = of(0.0, dual);
                let v = violation(&x, &y, &w, &m, (0.0, l), Some((0.0, l / scaling / scaling)));
                assert!(v < 1e-6, "L2, dual {dual}, scaling {scaling}: {v:e}");
            }
            let m = of(1.0, false);
            let v = violation(&x, &y, &w, &m, (l, 0.0), Some((l / scaling, 0.0)));
            assert!(v < 1e-6, "L1, scaling {scaling}: {v:e}");
        }
    }
}

#[test]
fn a_weight_of_two_is_a_row_twice_and_of_zero_no_row() {
    let (x, y) = data(24, 3, 2, 10);
    let w = Array1::from_shape_fn(24, |i| (i % 3) as f64);
    let rows: Vec<usize> = (0..24)
        .flat_map(|i| std::iter::repeat_n(i, i % 3))
        .collect();
    let (many, repeated) = (x.select(Axis(0), &rows), y.select(&rows).unwrap());
    for solver in [L, NewtonCg, NewtonCholesky, NewtonCd, Liblinear, Sag, Saga] {
        let one = tight(solver).fit(&x, &y.weighted(&w)).unwrap();
        let two = tight(solver).fit(&many, &repeated).unwrap();
        let far = distance(&one, &two);
        assert!(far < 1e-7, "{solver:?}: {far:e}");
    }
}

#[test]
fn without_a_penalty_every_solver_finds_the_same_minimum() {
    for k in [2, 3] {
        let (x, y) = data(120, 2, k, 14);
        let free = |solver| tight(solver).c(f64::INFINITY).fit(&x, &y).unwrap();
        let first = free(NewtonCholesky);
        for solver in [L, NewtonCg, NewtonCd, Saga] {
            let m = free(solver);
            let far = (&m.predict_proba(&x).unwrap() - &first.predict_proba(&x).unwrap())
                .iter()
                .fold(0.0, |a: f64, d| a.max(d.abs()));
            assert!(
                far < 1e-6 && m.converged(),
                "{k} classes, {solver:?}: {far:e}"
            );
        }
    }
}

#[test]
fn dependent_and_constant_columns_and_large_means_do_no_harm() {
    let (x, y) = data(50, 3, 2, 11);
    let shifted = x.mapv(|v| 3.0 * v + 4000.0);
    let constant = Array2::from_elem((50, 1), 7.0);
    let x = concatenate![Axis(1), x, shifted.slice(ndarray::s![.., ..1]), constant];
    let first = tight(L).tol(1e-9).fit(&x, &y).unwrap();
    let proba = first.predict_proba(&x).unwrap();
    for solver in [NewtonCg, NewtonCholesky, NewtonCd] {
        let m = tight(solver).tol(1e-8).fit(&x, &y).unwrap();
        let far = (&m.predict_proba(&x).unwrap() - &proba)
            .iter()
            .fold(0.0, |a: f64, d| a.max(d.abs()));
        assert!(far < 1e-5 && m.converged(), "{solver:?}: {far:e}");
    }
    let none = tight(NewtonCholesky).c(f64::INFINITY).fit(&x, &y).unwrap();
    assert!(none.coef().iter().all(|v| v.is_finite()));
}

#[test]
fn separable_classes_without_a_penalty_end_with_a_flag_and_numbers() {
    let x = Array2::from_shape_fn((20, 1), |(i, _)| i as f64 - 9.5);
    let y: Labels = (0..20).map(|i| i >= 10).collect();
    for solver in [L, NewtonCg, NewtonCholesky, NewtonCd, Sag, Saga] {
        let m = LogisticRegression::new()
            .solver(solver)
            .c(f64::INFINITY)
            .tol(0.0)
            .max_iter(30);
        let m = m.fit(&x, &y).unwrap();
        assert!(
            m.coef()[[0, 0]] > 0.0 && m.coef()[[0, 0]].is_finite(),
            "{solver:?}"
        );
        let p = m.predict_proba(&x).unwrap();
        assert!(p.iter().all(|v| v.is_finite()));
    }
}

#[test]
fn solvers_that_cannot_are_refused() {
    let (x, y) = data(20, 2, 3, 12);
    let refused = |m: LogisticRegression, text: &str| {
        let e = m.fit(&x, &y).unwrap_err().to_string();
        assert!(e.contains(text), "{e}");
    };
    let lr = LogisticRegression::new;
    refused(lr().l1_ratio(1.0), "Saga and NewtonCd take an L1 penalty");
    refused(
        lr().solver(Liblinear).l1_ratio(0.5),
        "take both penalties together",
    );
    refused(lr().solver(Liblinear).c(f64::INFINITY), "without a penalty");
    refused(lr().dual(true), "Liblinear with `dual`");
    refused(
        lr().solver(Liblinear).dual(true).l1_ratio(1.0),
        "0 with `dual`",
    );
    refused(lr().solver(Liblinear), "which is for two classes");
    refused(
        lr().l1_ratio(1.5),
        "`l1_ratio` of `LogisticRegression` must be in [0, 1]",
    );
    refused(
        lr().solver(Liblinear).intercept_scaling(0.0),
        "`intercept_scaling`",
    );
    // Without a penalty its kind has no effect.
    assert!(lr().l1_ratio(1.0).c(f64::INFINITY).fit(&x, &y).is_ok());
}

#[test]
fn an_earlier_model_is_a_shorter_way() {
    let (x, y) = data(80, 4, 3, 13);
    for solver in [L, NewtonCg, NewtonCholesky, NewtonCd] {
        let lr = LogisticRegression::new().solver(solver).max_iter(5000);
        let cold = lr.fit(&x, &y).unwrap();
        let warm = lr.fit_from(&x, &y, &cold).unwrap();
        assert!(warm.n_iter() < cold.n_iter(), "{solver:?}");
    }
    let other = data(80, 4, 2, 13).1;
    let m = LogisticRegression::new().fit(&x, &other).unwrap();
    assert!(LogisticRegression::new().fit_from(&x, &y, &m).is_err());
}

#[test]
fn a_tolerance_out_of_reach_ends_with_a_flag_where_rounding_begins() {
    let (x, y) = data(24, 6, 2, 31);
    let x = &x * 1e3;
    for solver in [L, NewtonCg, NewtonCholesky, NewtonCd] {
        let unreachable = LogisticRegression::new()
            .tol(1e-300)
            .max_iter(5000)
            .solver(solver);
        let model = unreachable.fit(&x, &y).unwrap();
        let n_iter = model.n_iter();
        assert!(n_iter < 200, "{solver:?}: {n_iter} iterations");
        let reached = LogisticRegression::new()
            .tol(1e-6)
            .solver(solver)
            .fit(&x, &y)
            .unwrap();
        let gap = objective(&x, &y, &model, 1.0) - objective(&x, &y, &reached, 1.0);
        assert!(gap < 1e-9, "{solver:?}: {gap:e}");
    }
}

/// Labels that a plane separates but for a little noise, of columns in units from 1e-2 to 1e3.
fn nearly_separable(n: usize, p: usize, seed: u64) -> (Array2<f64>, Labels) {
    let mut rng = crate::random::generator(seed);
    let mut x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
    let y = (0..n).map(|i| x.row(i).sum() + rng.random_range(-0.3..0.3) > 0.0);
    let y: Labels = y.collect();
    for mut column in x.columns_mut() {
        column *= 10f64.powf(rng.random_range(-2.0..3.0));
    }
    (x, y)
}

#[test]
fn a_search_that_says_converged_is_at_the_minimum_of_nearly_separable_classes() {
    for seed in 0..60 {
        let (n, p) = (40 + 3 * seed as usize, 3 + seed as usize % 7);
        let (x, y) = nearly_separable(n, p, seed);
        let (weak, strong) = (1e4, 1e8);
        let least = LogisticRegression::new()
            .solver(NewtonCholesky)
            .c(strong)
            .tol(1e-12)
            .max_iter(1000)
            .fit(&x, &y)
            .unwrap();
        let least = objective(&x, &y, &least, strong);
        for solver in [L, NewtonCg] {
            let lr = LogisticRegression::new().solver(solver).max_iter(1000);
            let first = lr.clone().c(weak).fit(&x, &y).unwrap();
            let warm = lr.clone().c(strong).fit_from(&x, &y, &first).unwrap();
            let cold = lr.clone().c(strong).fit(&x, &y).unwrap();
            for model in [warm, cold] {
                let left = objective(&x, &y, &model, strong) - least;
                assert!(model.converged(), "{solver:?} {seed}");
                assert!(left < 1e-6, "{solver:?} {seed}: {left:e}");
            }
            // To the last digits, where the steps of L-BFGS gain nothing any more.
            let exact = lr.clone().c(strong).tol(1e-9).fit(&x, &y).unwrap();
            let left = objective(&x, &y, &exact, strong) - least;
            assert!(
                exact.converged() && left < 1e-11,
                "{solver:?} {seed}: {left:e}"
            );
        }
    }
}
