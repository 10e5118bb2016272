//! Tests of ridge regression with cross-validation.

use super::*;
use crate::linear_model::Ridge;
use crate::model_selection::{KFold, NegMeanSquaredError, R2};
use crate::traits::Predict;
use rand::RngExt;

fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array2<f64>) {
    let mut rng = crate::random::generator(seed);
    let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..3.0));
    let y = Array2::from_shape_fn((n, 2), |(i, j)| {
        x[[i, j % p]] * (j as f64 + 0.5) + rng.random_range(-0.3..0.3) + 2.0
    });
    (x, y)
}

/// Squared errors, times the weights, of models that have not seen the row.
fn left_out(
    x: &Array2<f64>,
    y: &Array2<f64>,
    w: &Array1<f64>,
    alpha: f64,
    intercept: bool,
) -> Array2<f64> {
    let n = x.nrows();
    let mut errors = Array2::zeros(y.dim());
    for i in 0..n {
        let rest: Vec<usize> = (0..n).filter(|&r| r != i).collect();
        let kept = y.select(Axis(0), &rest);
        let m = Ridge::new()
            .alpha(alpha)
            .fit_intercept(intercept)
            .fit(
                &x.select(Axis(0), &rest),
                &(*kept).weighted(&w.select(Axis(0), &rest)),
            )
            .unwrap();
        let predicted = m.predict(&x.slice(ndarray::s![i..i + 1, ..])).unwrap();
        for j in 0..y.ncols() {
            errors[[i, j]] = w[i] * (y[[i, j]] - predicted[[0, j]]).powi(2);
        }
    }
    errors
}

#[test]
fn stored_values_are_those_of_models_that_have_not_seen_the_row() {
    let alphas = [0.01, 1.0, 30.0];
    for (n, p) in [(15, 4), (9, 14), (8, 8)] {
        let (x, y) = data(n, p, 1);
        for weights in [
            Array1::ones(n),
            Array1::from_shape_fn(n, |i| (i % 4) as f64 * 0.7),
        ] {
            for intercept in [true, false] {
                for mode in [GcvMode::Auto, GcvMode::Svd, GcvMode::Eigen] {
                    let cv = RidgeCv::new().alphas(alphas).fit_intercept(intercept);
                    let cv = cv.gcv_mode(mode).store_cv_results(true);
                    let m = cv.fit(&x, &(*y).weighted(&weights)).unwrap();
                    let stored = m.cv_results().unwrap();
                    assert_eq!(stored.dim(), (n, 2, 3));
                    let mut scores = Vec::new();
                    for (l, &alpha) in alphas.iter().enumerate() {
                        let expected = left_out(&x, &y, &weights, alpha, intercept);
                        for ((i, j), e) in expected.indexed_iter() {
                            let far = (stored[[i, j, l]] - e).abs();
                            assert!(
                                far < 1e-9 * (1.0 + e),
                                "{n} x {p} {mode:?} {alpha}: {far:e}"
                            );
                        }
                        scores.push(-expected.mean().unwrap());
                    }
                    let best = best_of(scores.iter().copied());
                    assert_eq!(m.alpha().to_vec(), [alphas[best]]);
                    assert!((m.best_score()[0] - scores[best]).abs() < 1e-10);
                    let again = Ridge::new().alpha(alphas[best]).fit_intercept(intercept);
                    let again = again.fit(&x, &(*y).weighted(&weights)).unwrap();
                    let far = &m.coef() - &again.coef();
                    assert!(far.iter().all(|d| d.abs() < 1e-9), "{far}");
                }
            }
        }
    }
}

#[test]
fn each_target_may_have_a_penalty_of_its_own() {
    let (x, mut y) = data(20, 6, 2);
    let mut rng = crate::random::generator(3);
    y.column_mut(1)
        .mapv_inplace(|_| rng.random_range(-1.0..1.0));
    y.column_mut(0).assign(&x.column(0));
    let cv = RidgeCv::new()
        .alphas([0.01, 1.0, 100.0, 1e4])
        .alpha_per_target(true);
    let m = cv.fit(&x, &y).unwrap();
    for j in 0..2 {
        let one = cv.fit(&x, &y.column(j)).unwrap();
        assert_eq!(m.alpha()[j], one.alpha());
        assert!((m.best_score()[j] - one.best_score()).abs() < 1e-12);
        assert!(
            (&m.coef().row(j) - &one.coef())
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
    }
    assert_ne!(m.alpha()[0], m.alpha()[1]);
    let scored = cv.scoring(NegMeanSquaredError).fit(&x, &y).unwrap();
    assert_eq!(scored.alpha(), m.alpha());
    assert!(
        (&scored.best_score() - &m.best_score())
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
}

#[test]
fn a_scorer_sees_the_predictions_of_rows_left_out() {
    let (x, y) = data(20, 3, 4);
    let y = y.column(0).to_owned();
    let m = RidgeCv::new()
        .scoring(R2::new())
        .store_cv_results(true)
        .fit(&x, &y)
        .unwrap();
    let best = [0.1, 1.0, 10.0]
        .iter()
        .position(|&a| a == m.alpha())
        .unwrap();
    let predicted = m.cv_results().unwrap().column(best).to_owned();
    let expected = crate::metrics::r2_score(&*y, &*predicted).unwrap();
    assert!((m.best_score() - expected).abs() < 1e-12);
}

#[test]
fn folds_are_those_of_a_grid_search() {
    use crate::model_selection::{GridSearchCv, ParamGrid};
    let (x, y) = data(31, 4, 5);
    let alphas = vec![0.0, 0.1, 5.0];
    let m = RidgeCv::new()
        .alphas(alphas.clone())
        .cv(KFold::new().n_splits(4))
        .fit(&x, &y)
        .unwrap();
    let search = GridSearchCv::new(Ridge::new(), ParamGrid::new().with("alpha", alphas));
    let search = search.cv(KFold::new().n_splits(4)).fit(&x, &y).unwrap();
    assert!((m.best_score()[0] - search.best_score()).abs() < 1e-12);
    assert!(
        (&m.coef() - &search.best_estimator().coef())
            .iter()
            .all(|d| d.abs() < 1e-12)
    );
}

#[test]
fn tiny_penalties_keep_their_digits() {
    let (mut x, y) = data(40, 3, 6);
    let near = &x.column(0) + &x.column(2).mapv(|v| v * 1e-5);
    x.column_mut(2).assign(&near);
    let cv = RidgeCv::new().alphas([1e-12]).store_cv_results(true);
    let auto = cv.clone().fit(&x, &y).unwrap();
    let expected = left_out(&x, &y, &Array1::ones(40), 1e-12, true);
    for ((i, j), e) in expected.indexed_iter() {
        let far = (auto.cv_results().unwrap()[[i, j, 0]] - e).abs();
        assert!(far < 1e-7, "{far:e}");
    }
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let (x, y) = data(10, 2, 7);
    let refused = |e: crate::Error, text: &str| assert!(e.to_string().contains(text), "{e}");
    refused(
        RidgeCv::new().alphas([0.0]).fit(&x, &y).unwrap_err(),
        "`alphas` of `RidgeCv` must be in (0, inf)",
    );
    refused(
        RidgeCv::new().alphas([]).fit(&x, &y).unwrap_err(),
        "`alphas` of `RidgeCv` must be a list of at least one value",
    );
    refused(
        RidgeCv::new()
            .cv(3)
            .store_cv_results(true)
            .fit(&x, &y)
            .unwrap_err(),
        "store_cv_results",
    );
    refused(
        RidgeCv::new()
            .cv(3)
            .alpha_per_target(true)
            .fit(&x, &y)
            .unwrap_err(),
        "alpha_per_target",
    );
    let one = (x.slice(ndarray::s![..1, ..]), y.slice(ndarray::s![..1, ..]));
    refused(
        RidgeCv::new().fit(&one.0, &one.1).unwrap_err(),
        "leave-one-out",
    );
    assert!(RidgeCv::new().alphas([0.0, 1.0]).cv(3).fit(&x, &y).is_ok());
}

#[test]
fn penalties_by_name_are_a_number_or_a_list() {
    use crate::params::Params;
    let cv = RidgeCv::new().with_param("alphas", 3.0).unwrap();
    assert_eq!(cv, RidgeCv::new().alphas([3.0]));
    let cv = cv.with_param("alphas", vec![1.0, 2.0]).unwrap();
    assert_eq!(
        cv.with_param("cv", 3).unwrap(),
        RidgeCv::new().alphas([1.0, 2.0]).cv(3)
    );
    assert_eq!(cv.to_string(), "RidgeCv(alphas=[1.0,2.0])");
}
