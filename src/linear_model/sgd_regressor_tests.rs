use ndarray::{array, s};

use super::*;
use crate::datasets::load_diabetes;
use crate::error::ErrorKind;
use crate::preprocessing::StandardScaler;
use crate::targets::Targets;
use crate::traits::FitTransform;

fn diabetes() -> (Array2<f64>, Array1<f64>) {
    let data = load_diabetes().unwrap();
    let x = StandardScaler::new().fit_transform(&data.x).unwrap();
    (x, data.target / 100.0)
}

#[test]
fn without_a_penalty_it_finds_least_squares() {
    let (x, y) = diabetes();
    // The columns that are not nearly dependent.
    let x = x.slice(s![.., ..4]).to_owned();
    let exact = super::super::LinearRegression::new().fit(&x, &y).unwrap();
    let e = SgdRegressor::new()
        .penalty(None)
        .max_iter(60)
        .tol(None)
        .average(442 * 20);
    let model = e
        .learning_rate(SgdLearningRate::Constant)
        .eta0(0.002)
        .fit(&x, &y)
        .unwrap();
    let best = exact.score(&x, &y).unwrap();
    assert!(model.score(&x, &y).unwrap() > best - 1e-3);
}

#[test]
fn one_step_of_each_kind() {
    let (x, y) = (array![[2.0, -1.0]], array![3.0f64]);
    let e = || SgdRegressor::new().max_iter(1).penalty(None);
    let step = |e: SgdRegressor| -> (Vec<f64>, f64) {
        let model = e.fit(&x, &y).unwrap();
        (model.coef().to_vec(), model.intercept())
    };
    // η g = 0.01 · 3
    let (w, b) = step(e());
    assert!((w[0] - 0.06).abs() < 1e-15 && (w[1] + 0.03).abs() < 1e-15 && (b - 0.03).abs() < 1e-15);
    // min(eta0, loss / ‖x‖²) = min(1, 2.9 / 5)
    let passive = e().loss(SgdRegressionLoss::EpsilonInsensitive).eta0(1.0);
    let (w, b) = step(passive.clone().learning_rate(SgdLearningRate::Pa1));
    assert!((w[0] - 1.16).abs() < 1e-15 && (b - 0.58).abs() < 1e-15);
    let (w, b) = step(
        passive
            .clone()
            .eta0(0.1)
            .learning_rate(SgdLearningRate::Pa1),
    );
    assert!((w[0] - 0.2).abs() < 1e-15 && (b - 0.1).abs() < 1e-15);
    // loss / (‖x‖² + ½)
    let (w, b) = step(passive.learning_rate(SgdLearningRate::Pa2));
    assert!((w[1] + 2.9 / 5.5).abs() < 1e-15 && (b - 2.9 / 5.5).abs() < 1e-15);
    let (_, b) = step(e().fit_intercept(false));
    assert!(b == 0.0);
}

#[test]
fn a_strong_l1_penalty_leaves_nothing() {
    let (x, y) = diabetes();
    let model = SgdRegressor::new()
        .penalty(SgdPenalty::L1)
        .alpha(5.0)
        .fit(&x, &y)
        .unwrap();
    assert!(model.coef().iter().all(|w| w.abs() < 1e-3));
    let some = SgdRegressor::new()
        .penalty(SgdPenalty::L1)
        .alpha(0.1)
        .fit(&x, &y)
        .unwrap();
    let zeros = some.coef().iter().filter(|w| **w == 0.0).count();
    assert!((1..10).contains(&zeros), "{zeros}");
}

#[test]
fn the_average_is_that_of_the_weights_after_each_step() {
    let (x, y) = diabetes();
    let (x, y) = (
        x.slice(s![..30, ..]).to_owned(),
        y.slice(s![..30]).to_owned(),
    );
    let e = SgdRegressor::new().shuffle(false).alpha(0.3);
    let mut running = e.begin(10).unwrap();
    let mut sum = Array1::<f64>::zeros(10);
    let mut intercepts = 0.0;
    for i in 0..30 {
        running
            .partial_fit(&x.slice(s![i..=i, ..]), &y.slice(s![i..=i]))
            .unwrap();
        if i >= 9 {
            sum += &running.coef();
            intercepts += running.intercept();
        }
    }
    let averaged = e.average(10).max_iter(1).fit(&x, &y).unwrap();
    let off = (&averaged.coef() - &(sum / 21.0)).mapv(f64::abs).sum();
    assert!(off < 1e-12, "{off}");
    assert!((averaged.intercept() - intercepts / 21.0).abs() < 1e-12);
}

#[test]
fn steps_that_are_too_long_are_an_error_that_says_so() {
    let (x, y) = diabetes();
    let error = SgdRegressor::new().fit(&(&x * 1e150), &y).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Overflow { .. }));
    assert!(error.to_string().contains("`eta0`"), "{error}");
    let mut model = SgdRegressor::new().begin(10).unwrap();
    model.partial_fit(&x, &y).unwrap();
    let before = model.clone();
    assert!(model.partial_fit(&(&x * 1e150), &y).is_err());
    assert!(model.partial_fit(&x, &y.slice(s![..5])).is_err());
    assert!(
        model
            .partial_fit(&x, &y.weighted(&Array1::zeros(442)))
            .is_err()
    );
    assert_eq!(model, before);
}

#[test]
fn early_stopping_reports_the_score_on_rows_held_out() {
    let (x, y) = diabetes();
    let last = std::sync::Arc::new(std::sync::Mutex::new(0.0));
    let seen = std::sync::Arc::clone(&last);
    let e = SgdRegressor::new()
        .early_stopping(true)
        .validation_fraction(0.2);
    let e = e.observer(move |p: &crate::observer::Progress| {
        *seen.lock().unwrap() = p.value.unwrap();
        std::ops::ControlFlow::Continue(())
    });
    let model = e.fit(&x, &y).unwrap();
    assert!(model.converged());
    let last = *last.lock().unwrap();
    assert!((0.2..0.7).contains(&last), "{last}");
    assert!(e.begin::<f64>(10).is_err());
}

#[test]
fn a_start_takes_plain_arrays_and_weighted_ones() {
    let (x, y) = diabetes();
    let e = SgdRegressor::new().max_iter(3).tol(None);
    let start = e.fit(&x, &y).unwrap();
    let plain = e.fit_from(&x, &y, &start).unwrap();
    let weighted = e.fit_from(&x, &y.weighted(&Array1::ones(y.len())), &start);
    assert_eq!(plain.coef(), weighted.unwrap().coef());
}
