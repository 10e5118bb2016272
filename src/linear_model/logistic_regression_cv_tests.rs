use super::*;
use crate::linear_model::LogisticRegression;
use crate::model_selection::{
    GridSearchCv, KFold, NegLogLoss, ParamGrid, ProbaScorer, cross_val_score, scorer_by_name,
};
use ndarray::array;

fn data(n: usize) -> (Array2<f64>, Labels) {
    let value = |i: usize| ((i * 7919 % 1009) as f64 / 504.0) - 1.0;
    let x = Array2::from_shape_fn((n, 3), |(i, j)| value(i * 3 + j));
    let y =
        (0..n).map(|i| ["a", "b", "c"][((x[[i, 0]] + 0.8 * value(i + 5) + 1.5) as usize).min(2)]);
    (x.clone(), y.collect())
}

#[test]
fn the_choice_is_that_of_a_grid_search() {
    let (x, y) = data(60);
    let w = Array1::from_shape_fn(60, |i| 0.5 + (i % 4) as f64);
    let cs = vec![0.05, 1.0, 20.0];
    for solver in [
        LogisticSolver::Lbfgs,
        LogisticSolver::NewtonCholesky,
        LogisticSolver::NewtonCd,
    ] {
        let cv = LogisticRegressionCv::new()
            .cs(cs.clone())
            .cv(3)
            .solver(solver)
            .tol(1e-9)
            .max_iter(1000);
        let m = cv.scoring(NegLogLoss).fit(&x, &y.weighted(&w)).unwrap();
        let one = LogisticRegression::new()
            .solver(solver)
            .tol(1e-9)
            .max_iter(1000);
        let search = GridSearchCv::new(one, ParamGrid::new().with("C", cs.clone()));
        let search = search
            .cv(3)
            .scoring(NegLogLoss)
            .fit(&x, &y.weighted(&w))
            .unwrap();
        let best = m
            .scores()
            .mean_axis(Axis(0))
            .unwrap()
            .into_iter()
            .fold(f64::MIN, f64::max);
        assert!((best - search.best_score()).abs() < 1e-8, "{solver:?}");
        assert!(
            (m.coef() - search.best_estimator().coef())
                .iter()
                .all(|d| d.abs() < 1e-6)
        );
        assert!(m.converged());
    }
}

#[test]
fn paths_have_their_shapes_and_ratios() {
    let (x, y) = data(40);
    let cv = LogisticRegressionCv::new()
        .cs(4)
        .l1_ratios([0.0, 0.5, 1.0])
        .cv(3);
    let m = cv.solver(LogisticSolver::NewtonCd).fit(&x, &y).unwrap();
    assert_eq!(m.coefs_paths().dim(), (3, 3, 4, 3, 4));
    assert_eq!((m.scores().dim(), m.n_iter().dim()), ((3, 3, 4), (3, 3, 4)));
    assert!((m.cs()[3] - 1e4).abs() < 1e-9 && (m.cs()[0] - 1e-4).abs() < 1e-18);
    // The strongest L1 penalty leaves no coefficient.
    assert!(
        m.coefs_paths()
            .slice(s![.., 2, 0, .., ..3])
            .iter()
            .all(|v| *v == 0.0)
    );
}

#[test]
fn without_a_last_fit_the_folds_are_averaged() {
    let (x, y) = data(40);
    let cv = LogisticRegressionCv::new()
        .cs([0.1, 1.0])
        .cv(2)
        .refit(false);
    let m = cv.fit(&x, &y).unwrap();
    let best: Vec<usize> = (0..2)
        .map(|f| usize::from(m.scores()[[f, 0, 1]] > m.scores()[[f, 0, 0]]))
        .collect();
    let c = best.iter().map(|&b| [0.1, 1.0][b]).sum::<f64>() / 2.0;
    assert!((m.c() - c).abs() < 1e-15);
    for j in 0..3 {
        let mean = (0..2)
            .map(|f| m.coefs_paths()[[f, 0, best[f], 1, j]])
            .sum::<f64>()
            / 2.0;
        assert!((m.coef()[[1, j]] - mean).abs() < 1e-14);
    }
}

#[test]
fn a_class_missing_in_a_fold_keeps_its_place() {
    let (x, _) = data(30);
    let y: Labels = (0..30)
        .map(|i| usize::from(i >= 10) + usize::from(i >= 20))
        .collect();
    let cv = LogisticRegressionCv::new()
        .cs([1.0])
        .cv(KFold::new().n_splits(3));
    let m = cv.fit(&x, &y).unwrap();
    assert_eq!(m.coefs_paths().dim(), (3, 1, 1, 3, 4));
    assert!(m.coefs_paths().iter().all(|v| v.is_finite()));
    let two: Labels = (0..30).map(|i| i >= 15).collect();
    let cv = LogisticRegressionCv::new()
        .cs([1.0])
        .cv(KFold::new().n_splits(2));
    assert!(
        cv.fit(&x, &two)
            .unwrap()
            .coef()
            .iter()
            .all(|v| v.is_finite())
    );
}

#[test]
fn a_class_with_one_row_is_named() {
    let (x, _) = data(30);
    let y: Labels = (0..30)
        .map(|i: usize| if i == 7 { 2 } else { i % 2 })
        .collect();
    let refused = LogisticRegressionCv::new().cv(3).fit(&x, &y).unwrap_err();
    let text = refused.to_string();
    assert!(text.contains("class 2 in 3 stratified folds"), "{text}");
    let refused = LogisticRegressionCv::new().cv(31).fit(&x, &y).unwrap_err();
    let text = refused.to_string();
    assert!(
        text.contains("`cv`") && text.contains("at most 30 folds"),
        "{text}"
    );
}

#[test]
fn what_is_out_of_range_is_refused() {
    let (x, y) = data(20);
    let refused = |cv: LogisticRegressionCv, text: &str| {
        let e = cv.fit(&x, &y).unwrap_err().to_string();
        assert!(e.contains(text), "{e}");
    };
    let cv = LogisticRegressionCv::new;
    refused(
        cv().cs([0.0]),
        "`Cs` of `LogisticRegressionCv` must be in (0, inf]",
    );
    refused(
        cv().cs(0),
        "`Cs` of `LogisticRegressionCv` must be a list of at least one value",
    );
    refused(cv().l1_ratios([]), "`l1_ratios` of");
    refused(cv().l1_ratios([1.0]), "take an L1 penalty");
    refused(cv().l1_ratios([2.0]), "`l1_ratios`");
}

#[test]
fn strengths_by_name_are_a_count_or_a_list() {
    use crate::params::Params;
    let cv = LogisticRegressionCv::new().with_param("Cs", 3).unwrap();
    assert_eq!(cv, LogisticRegressionCv::new().cs(3));
    let cv = cv.with_param("Cs", vec![1.0, 2.0]).unwrap();
    assert_eq!(cv, LogisticRegressionCv::new().cs([1.0, 2.0]));
    assert_eq!(cv.to_string(), "LogisticRegressionCv(Cs=[1.0,2.0])");
    assert!(cv.with_param("Cs", "many").is_err());
    let m = cv.cv(2).fit(
        &array![[0.0], [1.0], [2.0], [3.0]],
        &Labels::from([0, 1, 0, 1]),
    );
    assert_eq!(m.unwrap().cs(), [1.0, 2.0]);
}

#[test]
fn no_penalty_is_a_strength_that_files_hold() {
    use crate::model::Model;
    use crate::params::Params;
    let (x, y) = data(60);
    let cv = LogisticRegressionCv::new()
        .cs([0.001, f64::INFINITY])
        .cv(2)
        .solver(LogisticSolver::NewtonCholesky);
    let same = LogisticRegressionCv::<DefaultScore>::from_json(&cv.to_json().unwrap()).unwrap();
    assert_eq!(same.params(), cv.params());
    for refit in [true, false] {
        let m = cv.clone().refit(refit).fit(&x, &y).unwrap();
        assert!(m.c().is_infinite(), "{m}");
        assert_eq!(
            FittedLogisticRegressionCv::<f64>::from_json(&m.to_json().unwrap()).unwrap(),
            m
        );
        assert_eq!(
            FittedLogisticRegressionCv::<f64>::from_bytes(&m.to_bytes().unwrap()).unwrap(),
            m
        );
    }
}

#[test]
fn an_observer_counts_the_fits_and_stops_them() {
    use std::ops::ControlFlow;
    use std::sync::{Arc, Mutex};

    use crate::error::ErrorKind;
    use crate::observer::Progress;

    let (x, y) = data(40);
    for stop in [usize::MAX, 3] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let inside = Arc::clone(&seen);
        let cv = LogisticRegressionCv::new().cs([0.1, 1.0]).cv(3);
        let fitted = cv
            .observer(move |p: &Progress| {
                let mut seen = inside.lock().unwrap();
                seen.push((p.iteration, p.total, p.value.is_some()));
                match p.iteration < stop {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })
            .fit(&x, &y);
        let seen = seen.lock().unwrap();
        if stop == 3 {
            let e = fitted.unwrap_err();
            let cancelled = matches!(e.kind(), ErrorKind::Cancelled { iterations: 3, .. });
            assert!(cancelled && seen.len() == 3, "{e} {seen:?}");
        } else {
            fitted.unwrap();
            let expected: Vec<_> = (1..=7).map(|i| (i, Some(7), i < 7)).collect();
            assert_eq!(*seen, expected);
        }
    }
}

#[test]
fn pairs_of_classes_are_scored_where_there_are_no_weights() {
    let (x, y) = data(60);
    let scoring: ProbaScorer = scorer_by_name("roc_auc_ovo").unwrap();
    let cv = LogisticRegressionCv::new()
        .cs([0.1, 10.0])
        .cv(3)
        .scoring(scoring);
    let cv = cv.tol(1e-8).max_iter(1000);
    let model = cv.fit(&x, &y).unwrap();
    let one = LogisticRegression::new().c(0.1).tol(1e-8).max_iter(1000);
    let scores = cross_val_score(&one, &x, &y, &3, &scoring).unwrap();
    for (fold, score) in scores.iter().enumerate() {
        assert!((model.scores()[[fold, 0, 0]] - score).abs() < 1e-12);
    }
    let w = Array1::from_shape_fn(60, |i| 0.5 + (i % 4) as f64);
    let e = cv.fit(&x, &y.weighted(&w)).unwrap_err();
    assert!(e.to_string().contains("not defined for pairs of classes"));
}
