use ndarray::{Axis, array, s};

use super::*;
use crate::datasets::{load_breast_cancer, load_iris};
use crate::model::{Format, Model};
use crate::params::Params;
use crate::preprocessing::StandardScaler;
use crate::targets::Targets;
use crate::traits::FitTransform;

fn iris() -> (Array2<f64>, Labels) {
    let data = load_iris().unwrap();
    (
        StandardScaler::new().fit_transform(&data.x).unwrap(),
        data.target,
    )
}

/// Every choice of how steps are made.
fn every() -> Vec<SgdClassifier> {
    let plain = || SgdClassifier::new().max_iter(4).tol(None);
    vec![
        plain(),
        plain()
            .loss(SgdLoss::LogLoss)
            .penalty(SgdPenalty::L1)
            .alpha(0.01),
        plain().penalty(SgdPenalty::Elasticnet).average(7),
        plain()
            .penalty(None)
            .learning_rate(SgdLearningRate::Pa1)
            .average(1),
        plain().learning_rate(SgdLearningRate::Pa2).eta0(0.3),
        plain()
            .loss(SgdLoss::Huber)
            .learning_rate(SgdLearningRate::Adaptive)
            .alpha(0.1),
        plain()
            .loss(SgdLoss::SquaredHinge)
            .learning_rate(SgdLearningRate::Invscaling)
            .power_t(0.4),
    ]
}

/// One step after the other, as the formulas say, on whole vectors.
fn by_hand(e: &SgdClassifier, x: &Array2<f64>, y: &[f64]) -> (Vec<f64>, f64) {
    let (mut w, mut b, mut t) = (vec![0.0; x.ncols()], 0.0, 1.0);
    let loss = e.settings().own.loss;
    let typical = (1.0 / e.alpha.sqrt()).sqrt();
    let t0 = 1.0 / (typical / loss.gradient(1.0, -typical).max(1.0) * e.alpha);
    for _ in 0..e.max_iter {
        for (row, &y) in x.rows().into_iter().zip(y) {
            let p = row.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() + b;
            let eta = 1.0 / (e.alpha * (t0 + t - 1.0));
            let update = -eta * loss.gradient(y, p);
            for (w, x) in w.iter_mut().zip(row) {
                *w = *w * (1.0 - eta * e.alpha) + update * x;
            }
            b += update;
            t += 1.0;
        }
    }
    (w, b)
}

#[test]
fn steps_are_those_of_the_formulas() {
    let data = load_breast_cancer().unwrap();
    let all = StandardScaler::new().fit_transform(&data.x).unwrap();
    // Widths around the lanes of the kernel.
    for width in [1, 2, 7, 8, 9, 15, 16, 17, 24, 30] {
        let x = all.slice(s![..60, ..width]).to_owned();
        let y = data.target.select(&(0..60).collect::<Vec<_>>()).unwrap();
        for loss in [SgdLoss::Hinge, SgdLoss::LogLoss] {
            let e = SgdClassifier::new()
                .loss(loss)
                .alpha(0.01)
                .shuffle(false)
                .tol(None)
                .max_iter(3);
            let negative = e.settings().own.loss.negative();
            let signs: Vec<f64> = y
                .codes()
                .iter()
                .map(|&c| if c == 1 { 1.0 } else { negative })
                .collect();
            let (w, b) = by_hand(&e, &x, &signs);
            let model = e.fit(&x, &y).unwrap();
            let near = |a: f64, b: f64| (a - b).abs() < 1e-11 * (1.0 + b.abs());
            assert!(
                model.coef().iter().zip(&w).all(|(a, b)| near(*a, *b)),
                "{width} columns"
            );
            assert!(near(model.intercept()[0], b));
        }
    }
}

#[test]
fn weights_that_vanish_are_rescaled() {
    // Every step takes all but 1e-4 of the weights away, and one takes all of them.
    let x: Array2<f64> = array![[1.0, -2.0], [0.5, 1.0], [-1.0, 0.3]];
    let y = Labels::from([0, 1, 0]);
    for alpha in [9.999, 10.0, 50.0] {
        let e = SgdClassifier::new()
            .alpha(alpha)
            .learning_rate(SgdLearningRate::Constant)
            .eta0(0.1);
        let model = e.average(1).shuffle(false).fit(&x, &y).unwrap();
        assert!(model.coef().iter().all(|w| w.is_finite() && w.abs() < 1.0));
    }
}

#[test]
fn batches_without_shuffling_are_one_epoch() {
    let (x, y) = iris();
    for e in every() {
        let e = e.shuffle(false).max_iter(1);
        // An adaptive schedule and the cut of the L1 penalty begin anew with each call.
        if matches!(e.penalty, Some(SgdPenalty::L1 | SgdPenalty::Elasticnet)) {
            continue;
        }
        let whole = e.fit(&x, &y).unwrap();
        let mut parts = e.begin(4, &y).unwrap();
        for first in [0, 40, 41, 110] {
            let rows: Vec<usize> = match first {
                0 => (0..40).collect(),
                40 => vec![40],
                41 => (41..110).collect(),
                _ => (110..150).collect(),
            };
            parts
                .partial_fit(&x.select(Axis(0), &rows), &y.select(&rows).unwrap())
                .unwrap();
        }
        let off = (whole.coef() - parts.coef()).mapv(f64::abs).sum();
        assert!(
            off < 1e-10 * (1.0 + whole.coef().mapv(f64::abs).sum()),
            "{e}: {off}"
        );
        assert_eq!((whole.t(), parts.t()), (151, 151));
    }
}

#[test]
fn training_goes_on_from_a_file() {
    let (x, y) = iris();
    for e in every() {
        let mut model = e.fit(&x, &y).unwrap();
        for format in [Format::Json, Format::Binary] {
            let mut read: FittedSgdClassifier = match format {
                Format::Json => Model::from_json(&model.to_json().unwrap()).unwrap(),
                Format::Binary => Model::from_bytes(&model.to_bytes().unwrap()).unwrap(),
            };
            assert_eq!(read, model, "{e}");
            let mut same = model.clone();
            same.partial_fit(&x, &y).unwrap();
            read.partial_fit(&x, &y).unwrap();
            assert_eq!(read, same, "{e}");
        }
        model.partial_fit(&x, &y).unwrap();
        assert_eq!(model.t(), 1 + 5 * 150);
    }
}

#[test]
fn the_seed_decides_the_order_and_threads_do_not() {
    let (x, y) = iris();
    let big = Array2::from_shape_fn((1500, 60), |(i, j)| {
        x[[i % 150, j % 4]] + (i * j % 7) as f64
    });
    let labels = y
        .select(&(0..1500).map(|i| i % 150).collect::<Vec<_>>())
        .unwrap();
    let e = SgdClassifier::new().max_iter(3).tol(None);
    let fit = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| e.clone().random_state(seed).fit(&big, &labels).unwrap())
    };
    assert_eq!(fit(1, 0), fit(2, 0));
    assert_eq!(fit(1, 0), fit(5, 0));
    assert_ne!(fit(1, 0).coef(), fit(1, 1).coef());
}

#[test]
fn probabilities_follow_the_loss() {
    let (x, y) = iris();
    let far = &x * 1e4;
    for loss in [SgdLoss::LogLoss, SgdLoss::ModifiedHuber] {
        let model = SgdClassifier::new().loss(loss).fit(&x, &y).unwrap();
        for x in [&x, &far] {
            let p = model.predict_proba(x).unwrap();
            assert!(
                p.rows()
                    .into_iter()
                    .all(|row| (row.sum() - 1.0).abs() < 1e-12)
            );
            let log = model.predict_log_proba(x).unwrap();
            assert!(log.iter().zip(&p).all(|(l, p)| (l.exp() - p).abs() < 1e-12));
            // Logistic probabilities never vanish in their logarithm.
            assert!(loss != SgdLoss::LogLoss || log.iter().all(|l| l.is_finite()));
        }
    }
    let hinge = SgdClassifier::new().fit(&x, &y).unwrap();
    let error = hinge.predict_proba(&x).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unsupported { .. }));
    // No class is likely: all are alike.
    assert_eq!(
        modified_huber(&array![[-2.0, -1.0, -7.0]]),
        array![[1.0 / 3.0; 3]]
    );
    let vanishing = shares(array![[-800.0, -801.0]], logistic, log_logistic);
    assert!((vanishing[[0, 0]] - 1.0 / (1.0 + (-1.0f64).exp())).abs() < 1e-12);
}

#[test]
fn settings_out_of_range_are_refused() {
    let (x, y) = iris();
    let e = SgdClassifier::new;
    for (name, wrong) in [
        ("alpha", e().alpha(-1.0)),
        ("alpha", e().alpha(0.0)),
        ("l1_ratio", e().l1_ratio(1.5)),
        ("epsilon", e().epsilon(f64::NAN)),
        ("eta0", e().eta0(0.0)),
        ("power_t", e().power_t(f64::INFINITY)),
        ("max_iter", e().max_iter(0)),
        ("tol", e().tol(-1e-3)),
        ("n_iter_no_change", e().n_iter_no_change(0)),
        ("validation_fraction", e().validation_fraction(1.0)),
        (
            "learning_rate",
            e().learning_rate(SgdLearningRate::Pa1)
                .loss(SgdLoss::LogLoss),
        ),
        (
            "class_weight",
            e().class_weight(ClassWeight::of([(1, -1.0)])),
        ),
    ] {
        let error = wrong.fit(&x, &y).unwrap_err();
        let named =
            matches!(error.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name);
        assert!(named, "{name}: {error}");
    }
    assert!(
        e().alpha(0.0)
            .learning_rate(SgdLearningRate::Constant)
            .fit(&x, &y)
            .is_ok()
    );
    assert_eq!(e().with_param("average", true).unwrap(), e().average(1));
    assert_eq!(e().with_param("average", 12).unwrap(), e().average(12));
    assert!(e().with_param("average", "yes").is_err());
    assert_eq!(
        e().with_param("tol", serde_json::Value::Null).unwrap(),
        e().tol(None)
    );
}

#[test]
fn batches_that_do_not_fit_leave_the_model_as_it_was() {
    let (x, y) = iris();
    let mut model = SgdClassifier::new().begin(4, &y).unwrap();
    model.partial_fit(&x, &y).unwrap();
    let before = model.clone();
    let narrow = model.partial_fit(&x.slice(s![.., ..3]), &y).unwrap_err();
    assert!(matches!(narrow.kind(), ErrorKind::ShapeMismatch { .. }));
    let other = Labels::from(vec![7; 150]);
    let unknown = model.partial_fit(&x, &other).unwrap_err();
    assert!(matches!(unknown.kind(), ErrorKind::UnknownLabel { label, .. } if label == "7"));
    let mut hole = x.clone();
    hole[[3, 1]] = f64::NAN;
    assert!(model.partial_fit(&hole, &y).is_err());
    assert_eq!(model, before);

    let e = SgdClassifier::new;
    assert!(e().early_stopping(true).begin::<f64>(4, &y).is_err());
    assert!(
        e().class_weight(ClassWeight::Balanced)
            .begin::<f64>(4, &y)
            .is_err()
    );
    assert!(e().begin::<f64>(0, &y).is_err());
    assert!(e().begin::<f64>(4, &Labels::from(["one"])).is_err());
}

#[test]
fn early_stopping_holds_out_rows_of_every_class() {
    let (x, y) = iris();
    let model = SgdClassifier::new()
        .early_stopping(true)
        .fit(&x, &y)
        .unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.85 && model.converged());
    let lonely = Labels::from((0..150).map(|i| i64::from(i == 0)).collect::<Vec<_>>());
    assert!(
        SgdClassifier::new()
            .early_stopping(true)
            .fit(&x, &lonely)
            .is_err()
    );
    assert!(SgdClassifier::new().fit(&x, &lonely).is_ok());
    let few = SgdClassifier::new()
        .early_stopping(true)
        .validation_fraction(0.01)
        .fit(&x, &y);
    assert!(matches!(
        few.unwrap_err().kind(),
        ErrorKind::InvalidParameter { .. }
    ));
}

#[test]
fn a_fit_goes_on_from_another() {
    let (x, y) = iris();
    let e = SgdClassifier::new().alpha(0.01);
    let cold = e.fit(&x, &y).unwrap();
    let warm = e.fit_from(&x, &y, &cold).unwrap();
    assert!(warm.score(&x, &y).unwrap() > 0.85);
    assert_ne!(warm, cold);
    assert!(e.fit_from(&x.slice(s![.., ..3]), &y, &cold).is_err());
    assert!(e.fit_from(&x, &Labels::from(vec![1; 150]), &cold).is_err());
    let two = Labels::from((0..150).map(|i| i64::from(i < 50)).collect::<Vec<_>>());
    assert!(e.fit_from(&x, &two, &cold).is_err());
}

#[test]
fn an_observer_sees_every_epoch_and_can_stop() {
    use std::ops::ControlFlow;
    let (x, y) = iris();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let list = std::sync::Arc::clone(&seen);
    let e = SgdClassifier::new().loss(SgdLoss::LogLoss).alpha(0.01);
    let model = e.clone().observer(move |p: &crate::observer::Progress| {
        list.lock().unwrap().push((p.iteration, p.value.unwrap()));
        ControlFlow::Continue(())
    });
    let model = model.fit(&x, &y).unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), model.n_iter());
    assert!(seen.windows(2).all(|w| w[1].0 == w[0].0 + 1) && seen[seen.len() - 1].1 < seen[0].1);
    let stopped = e
        .observer(|_: &crate::observer::Progress| ControlFlow::Break(()))
        .fit(&x, &y);
    assert!(matches!(
        stopped.unwrap_err().kind(),
        ErrorKind::Cancelled { iterations: 1, .. }
    ));
}

#[test]
fn a_file_that_no_fit_writes_is_refused() {
    let (x, y) = iris();
    let model = SgdClassifier::new().average(1).fit(&x, &y).unwrap();
    let good: serde_json::Value = serde_json::to_value(&model).unwrap();
    let read = |v: serde_json::Value| serde_json::from_value::<FittedSgdClassifier>(v).unwrap();
    assert!(read(good.clone()).validate().is_ok());
    for (path, wrong) in [
        ("/estimator/alpha", serde_json::json!(-1.0)),
        ("/learner/t", serde_json::json!(0)),
        ("/learner/averaged", serde_json::Value::Null),
        ("/estimator/average", serde_json::json!(0)),
        (
            "/learner/intercept",
            serde_json::to_value(array![1.0]).unwrap(),
        ),
        (
            "/learner/averaged/coef",
            serde_json::to_value(array![[1.0, 2.0]]).unwrap(),
        ),
        ("/classes", serde_json::json!([{"Int": 1}, {"Int": 2}])),
    ] {
        let mut value = good.clone();
        *value.pointer_mut(path).unwrap() = wrong;
        assert!(read(value).validate().is_err(), "{path}");
    }
}
