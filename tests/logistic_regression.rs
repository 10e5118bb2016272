//! Logistic regression against identities, an independent Newton method and hostile data.

#![allow(clippy::unwrap_used)]

use std::ops::ControlFlow;

use fitwell::linear_model::{FittedLogisticRegression, LogisticRegression};
use fitwell::observer::Progress;
use fitwell::prelude::*;
use fitwell::{ClassWeight, Float};
use ndarray::{Array1, Array2, Axis, ShapeBuilder, array, concatenate, s};

/// Numbers in [-1, 1] that look random.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// Overlapping classes: rows (n, p) and codes below `n_classes`.
fn data(n: usize, p: usize, n_classes: usize, seed: u64) -> (Array2<f64>, Vec<usize>) {
    let mut random = noise(seed);
    let x = Array2::from_shape_simple_fn((n, p), &mut random);
    let directions = Array2::from_shape_simple_fn((n_classes, p), &mut random);
    let codes = x
        .rows()
        .into_iter()
        .map(|row| {
            let scores: Vec<f64> = directions
                .rows()
                .into_iter()
                .map(|d| 2.0 * d.dot(&row) + 1.5 * random())
                .collect();
            (0..n_classes)
                .max_by(|&a, &b| scores[a].total_cmp(&scores[b]))
                .unwrap()
        })
        .collect();
    (x, codes)
}

fn tight() -> LogisticRegression {
    LogisticRegression::new().tol(1e-10).max_iter(1000)
}

/// Largest difference of coefficients and intercepts.
fn distance<F: Float>(a: &FittedLogisticRegression<F>, b: &FittedLogisticRegression<F>) -> f64 {
    let coef = a.coef().iter().zip(b.coef());
    let intercept = a.intercept().iter().zip(b.intercept());
    coef.chain(intercept)
        .map(|(a, b)| (a.f64() - b.f64()).abs())
        .fold(0.0, f64::max)
}

fn bits<F: Float>(model: &FittedLogisticRegression<F>) -> Vec<u64> {
    model
        .coef()
        .iter()
        .chain(model.intercept())
        .map(|v| v.f64().to_bits())
        .collect()
}

/// Newton's method on the binary objective by Gaussian elimination: w, then b.
fn newton(x: &Array2<f64>, y: &[usize], l2: f64) -> Vec<f64> {
    let (n, p) = x.dim();
    let mut w = vec![0.0; p + 1];
    for _ in 0..50 {
        let mut h = vec![vec![0.0; p + 2]; p + 1];
        for (i, row) in x.rows().into_iter().enumerate() {
            let row: Vec<f64> = row.iter().copied().chain([1.0]).collect();
            let z: f64 = row.iter().zip(&w).map(|(a, b)| a * b).sum();
            let q = 1.0 / (1.0 + (-z).exp());
            for a in 0..=p {
                for b in 0..=p {
                    h[a][b] += q * (1.0 - q) * row[a] * row[b] / n as f64;
                }
                h[a][p + 1] += (q - y[i] as f64) * row[a] / n as f64;
            }
        }
        for a in 0..p {
            h[a][a] += l2;
            h[a][p + 1] += l2 * w[a];
        }
        for a in 0..=p {
            for b in 0..=p {
                if a != b {
                    let factor = h[b][a] / h[a][a];
                    let pivot = h[a].clone();
                    for (to, from) in h[b].iter_mut().zip(pivot) {
                        *to -= factor * from;
                    }
                }
            }
        }
        for a in 0..=p {
            w[a] -= h[a][p + 1] / h[a][a];
        }
    }
    w
}

#[test]
fn equals_newtons_method_with_and_without_penalty() {
    // 5000 rows: the search's metric comes from a sample of them.
    for (n, p) in [(200, 4), (5000, 6)] {
        let (x, y) = data(n, p, 2, 1);
        let labels = Labels::from(y.clone());
        for c in [f64::INFINITY, 1.0, 1e-3] {
            let model = tight().c(c).fit(&x, &labels).unwrap();
            assert!(model.converged());
            let expected = newton(&x, &y, 1.0 / (c * n as f64));
            for (a, b) in model.coef().iter().chain(model.intercept()).zip(&expected) {
                assert!(
                    (a - b).abs() < 1e-7 * (1.0 + b.abs()),
                    "C = {c}: {a} and {b}"
                );
            }
        }
    }
}

#[test]
fn several_classes_satisfy_the_first_order_conditions() {
    let (x, y) = data(300, 5, 4, 2);
    let model = tight().c(2.0).fit(&x, &Labels::from(y.clone())).unwrap();
    let proba = model.predict_proba(&x).unwrap();
    for k in 0..4 {
        for j in 0..=5 {
            let mut g = if j < 5 {
                model.coef()[[k, j]] / 2.0
            } else {
                0.0
            };
            for i in 0..300 {
                let feature = if j < 5 { x[[i, j]] } else { 1.0 };
                g += (proba[[i, k]] - f64::from(u8::from(y[i] == k))) * feature;
            }
            assert!(g.abs() / 300.0 < 5e-8, "class {k}, feature {j}: {g}");
        }
    }
    // The penalty makes the coefficients of the classes sum to zero.
    assert!(
        model
            .coef()
            .sum_axis(Axis(0))
            .iter()
            .all(|v| v.abs() < 1e-7)
    );
}

#[test]
fn integer_weights_repeat_rows_and_zero_weights_remove_them() {
    for n_classes in [2, 3] {
        let (x, y) = data(60, 3, n_classes, 3);
        let weights = Array1::from_shape_fn(60, |i| [0.0, 1.0, 2.0, 3.0][i % 4]);
        let rows: Vec<usize> = (0..60).flat_map(|i| vec![i; weights[i] as usize]).collect();
        let repeated = Labels::from_iter(rows.iter().map(|&i| y[i]));
        for class_weight in [ClassWeight::None, ClassWeight::Balanced] {
            let estimator = tight().class_weight(class_weight);
            let by_weight = estimator
                .fit(&x, &Labels::from(&y).weighted(&weights))
                .unwrap();
            let by_rows = estimator.fit(&x.select(Axis(0), &rows), &repeated).unwrap();
            assert!(distance(&by_weight, &by_rows) < 1e-7);
        }
    }
    // A class that only rows without weight have is no class.
    let (x, mut y) = data(40, 2, 2, 4);
    y[0] = 9;
    let mut weights = Array1::ones(40);
    weights[0] = 0.0;
    let model = tight()
        .fit(&x, &Labels::from(&y).weighted(&weights))
        .unwrap();
    let without = tight()
        .fit(&x.slice(s![1.., ..]), &Labels::from(&y[1..]))
        .unwrap();
    assert_eq!(model.classes(), without.classes());
    assert!(distance(&model, &without) < 1e-7);
}

#[test]
fn scaling_all_weights_is_scaling_c() {
    let (x, y) = data(80, 3, 3, 5);
    let y = Labels::from(y);
    let scaled = tight()
        .fit(&x, &y.weighted(&Array1::from_elem(80, 10.0)))
        .unwrap();
    let stronger = tight().c(10.0).fit(&x, &y).unwrap();
    assert!(distance(&scaled, &stronger) < 1e-7);
}

#[test]
fn balanced_is_the_formula() {
    let (x, y) = data(90, 3, 3, 6);
    let labels = Labels::from(y);
    let counts = labels.counts();
    let named = (0..3).map(|k| (k, 90.0 / (3.0 * counts[k as usize] as f64)));
    let manual = tight()
        .class_weight(ClassWeight::of(named))
        .fit(&x, &labels)
        .unwrap();
    let balanced = tight()
        .class_weight(ClassWeight::Balanced)
        .fit(&x, &labels)
        .unwrap();
    assert!(distance(&manual, &balanced) < 1e-9);
    let plain = tight().fit(&x, &labels).unwrap();
    assert!(distance(&plain, &balanced) > 1e-3);
}

#[test]
fn single_precision_agrees_with_double() {
    for n_classes in [2, 4] {
        let (x, y) = data(3000, 20, n_classes, 7);
        let y = Labels::from(y);
        let double = tight().fit(&x, &y).unwrap();
        let single = LogisticRegression::new()
            .tol(1e-6)
            .fit(&x.mapv(|v| v as f32), &y)
            .unwrap();
        assert!(single.converged());
        for (a, b) in single.coef().iter().zip(double.coef()) {
            assert!(
                (f64::from(*a) - b).abs() < 1e-3 * (1.0 + b.abs()),
                "{a} and {b}"
            );
        }
    }
}

#[test]
fn a_tolerance_that_single_precision_cannot_reach_ends() {
    let (x, y) = data(500, 10, 3, 8);
    let x = x.mapv(|v| v as f32);
    let model = LogisticRegression::new()
        .tol(0.0)
        .max_iter(10_000)
        .fit(&x, &Labels::from(y));
    assert!(model.unwrap().n_iter() < 1000);
}

#[test]
fn labels_of_every_kind() {
    let (x, y) = data(50, 2, 2, 9);
    let int = tight()
        .fit(&x, &Labels::from_iter(y.iter().map(|&v| v as i64 * 10 - 7)))
        .unwrap();
    let text = Labels::from_iter(y.iter().map(|&v| ["no", "yes"][v]));
    let by_text = tight().fit(&x, &text).unwrap();
    let by_bool = tight()
        .fit(&x, &Labels::from_iter(y.iter().map(|&v| v == 1)))
        .unwrap();
    assert_eq!(bits(&int), bits(&by_text));
    assert_eq!(bits(&int), bits(&by_bool));
    assert_eq!(int.classes(), [Class::Int(-7), Class::Int(3)]);
    let predicted = by_text.predict(&x).unwrap();
    let hits = predicted
        .iter()
        .zip(text.iter())
        .filter(|(a, b)| a == b)
        .count();
    assert!((by_text.score(&x, &text).unwrap() - hits as f64 / 50.0).abs() < 1e-15);
    assert!(hits > 30);
}

#[test]
fn the_layout_of_the_samples_does_not_matter() {
    let (x, y) = data(70, 4, 3, 10);
    let y = Labels::from(y);
    let expected = tight().fit(&x, &y).unwrap();
    let mut column_major = Array2::zeros((70, 4).f());
    column_major.assign(&x);
    let mut strided = Array2::from_elem((140, 8), f64::NAN);
    strided.slice_mut(s![..;2, ..;2]).assign(&x);
    let strided = strided.slice(s![..;2, ..;2]);
    let reversed = x.slice(s![.., ..;-1]).to_owned();
    let reversed = reversed.slice(s![.., ..;-1]);
    assert_eq!(
        bits(&tight().fit(&column_major, &y).unwrap()),
        bits(&expected)
    );
    assert_eq!(bits(&tight().fit(&strided, &y).unwrap()), bits(&expected));
    assert_eq!(bits(&tight().fit(&reversed, &y).unwrap()), bits(&expected));
    let proba = expected.predict_proba(&x).unwrap();
    assert_eq!(expected.predict_proba(&column_major).unwrap(), proba);
    assert_eq!(expected.predict_proba(&strided).unwrap(), proba);
}

#[test]
fn rows_one_by_one_are_predicted_as_rows_together() {
    let (x, y) = data(65, 9, 3, 11);
    let model = tight().fit(&x, &Labels::from(y)).unwrap();
    let together = model.decision_function(&x).unwrap();
    for i in 0..65 {
        let alone = model.decision_function(&x.slice(s![i..=i, ..])).unwrap();
        assert_eq!(alone.row(0), together.row(i));
    }
    assert_eq!(model.predict(&x.slice(s![..0, ..])).unwrap().len(), 0);
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    for n_classes in [2, 3] {
        let (x, y) = data(20_000, 30, n_classes, 12);
        let y = Labels::from(y);
        let fit = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| {
                let double = LogisticRegression::new().fit(&x, &y).unwrap();
                let single = LogisticRegression::new()
                    .fit(&x.mapv(|v| v as f32), &y)
                    .unwrap();
                let mut all = bits(&double);
                all.extend(bits(&single));
                all.extend(
                    double
                        .predict_proba(&x)
                        .unwrap()
                        .iter()
                        .map(|v| v.to_bits()),
                );
                all
            })
        };
        let one = fit(1);
        assert!(one == fit(2) && one == fit(8));
    }
}

#[test]
fn scale_does_not_break_it() {
    for n_classes in [2, 3] {
        let (x, y) = data(60, 3, n_classes, 13);
        let y = Labels::from(y);
        for exponent in [-300, -150, -12, 3, 12, 100, 150, 200, 300] {
            let scale = 10f64.powi(exponent);
            match LogisticRegression::new().fit(&(&x * scale), &y) {
                Ok(model) => {
                    assert!(model.coef().iter().all(|v| v.is_finite()));
                    let proba = model.predict_proba(&(&x * scale)).unwrap();
                    assert!(proba.iter().all(|v| v.is_finite()));
                    if (3..=150).contains(&exponent) {
                        let score = model.score(&(&x * scale), &y).unwrap();
                        assert!(score > 0.7, "1e{exponent}: {score}");
                    }
                }
                Err(e) => assert!(matches!(e.kind(), ErrorKind::Overflow { .. }), "{e}"),
            }
        }
        // One column of another scale than the others: nothing is lost of either.
        let mut mixed = x.clone();
        mixed.column_mut(0).mapv_inplace(|v| v * 1e6 + 1e8);
        let free = tight().c(f64::INFINITY).tol(1e-6);
        let (a, b) = (free.fit(&mixed, &y).unwrap(), free.fit(&x, &y).unwrap());
        let (a, b) = (
            a.predict_proba(&mixed).unwrap(),
            b.predict_proba(&x).unwrap(),
        );
        assert!(
            a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-2),
            "{n_classes} classes"
        );
    }
}

#[test]
fn degenerate_columns_and_shapes() {
    let (x, y) = data(50, 3, 3, 14);
    let y = Labels::from(y);
    let expected = tight().fit(&x, &y).unwrap().predict_proba(&x).unwrap();
    // A constant column changes nothing: the intercept is not penalised.
    let constant = concatenate![Axis(1), x, Array2::from_elem((50, 1), 3.0)];
    let model = tight().fit(&constant, &y).unwrap();
    assert!(model.coef().column(3).iter().all(|v| v.abs() < 1e-7));
    assert!(
        (model.predict_proba(&constant).unwrap() - &expected)
            .iter()
            .all(|v| v.abs() < 1e-7)
    );
    // A copied column shares its coefficient, with or without penalty.
    let copied = concatenate![Axis(1), x, x.slice(s![.., ..1])];
    for c in [1.0, f64::INFINITY] {
        let model = tight().tol(1e-8).c(c).fit(&copied, &y).unwrap();
        assert!(model.converged());
        for k in 0..3 {
            assert!(
                (model.coef()[[k, 0]] - model.coef()[[k, 3]]).abs() < 1e-4,
                "C = {c}"
            );
        }
    }
    // More columns than rows; one row for each class; one column.
    let wide = array![
        [1.0, 0.0, 2.0, 1.0, 3.0],
        [0.0, 1.0, 1.0, 5.0, 1.0],
        [2.0, 2.0, 0.0, 0.0, 1.0]
    ];
    let three = Labels::from(["a", "b", "c"]);
    let model = tight().fit(&wide, &three).unwrap();
    assert!(model.converged());
    assert_eq!(model.predict(&wide).unwrap(), three);
    let model = tight()
        .fit(&array![[0.0f64], [1.0]], &Labels::from([0, 1]))
        .unwrap();
    assert_eq!((model.coef().dim(), model.n_features_in()), ((1, 1), 1));
    assert!((model.coef()[[0, 0]] / 2.0 + model.intercept()[0]).abs() < 1e-7);
}

#[test]
fn separable_classes_without_penalty_end() {
    let x = array![[-2.0], [-1.0], [1.0], [2.0]];
    let y = Labels::from([0, 0, 1, 1]);
    let model = LogisticRegression::new()
        .c(f64::INFINITY)
        .fit(&x, &y)
        .unwrap();
    assert_eq!(model.predict(&x).unwrap(), y);
    let forever = LogisticRegression::new()
        .c(f64::INFINITY)
        .tol(0.0)
        .max_iter(100_000)
        .fit(&x, &y);
    assert!(forever.unwrap().n_iter() < 2000);
}

#[test]
fn bad_data_are_errors_that_say_where() {
    let (x, y) = data(20, 2, 2, 15);
    let y = Labels::from(y);
    let fit = |x: &Array2<f64>| LogisticRegression::new().fit(x, &y).unwrap_err();
    let mut bad = x.clone();
    bad[[17, 1]] = f64::NAN;
    assert_eq!(fit(&bad).to_string(), "X: row 17, column 1 is NaN");
    assert!(matches!(
        fit(&Array2::zeros((0, 2))).kind(),
        ErrorKind::EmptyInput { .. }
    ));
    assert!(matches!(
        fit(&Array2::zeros((20, 0))).kind(),
        ErrorKind::EmptyInput { .. }
    ));
    let short = LogisticRegression::new()
        .fit(&x, &Labels::from([0, 1]))
        .unwrap_err();
    assert!(matches!(
        short.kind(),
        ErrorKind::ShapeMismatch {
            expected: 20,
            got: 2,
            ..
        }
    ));
    let one = LogisticRegression::new()
        .fit(&x, &Labels::from(vec!["a"; 20]))
        .unwrap_err();
    assert_eq!(
        one.to_string(),
        "`LogisticRegression` needs at least 2 classes, the target has 1: a"
    );
    let unknown = LogisticRegression::new()
        .class_weight(ClassWeight::of([(5, 1.0)]))
        .fit(&x, &y);
    assert_eq!(
        unknown.unwrap_err().to_string(),
        "class_weight: unknown label 5; known: 0, 1"
    );
    let model = LogisticRegression::new().fit(&x, &y).unwrap();
    let width = model.predict(&array![[1.0, 2.0, 3.0]]).unwrap_err();
    assert!(matches!(
        width.kind(),
        ErrorKind::ShapeMismatch {
            expected: 2,
            got: 3,
            ..
        }
    ));
    assert!(model.predict_proba(&array![[1.0, f64::INFINITY]]).is_err());
    let huge = model.decision_function(&array![[f64::MAX, f64::MAX]]);
    assert!(huge.is_ok() || matches!(huge.unwrap_err().kind(), ErrorKind::Overflow { .. }));
}

#[test]
fn settings_out_of_range_are_refused() {
    let (x, y) = (array![[0.0], [1.0]], Labels::from([0, 1]));
    for (name, value) in [
        ("C", serde_json::json!(0.0)),
        ("C", serde_json::json!(-1.0)),
        ("C", serde_json::json!("nan")),
        ("tol", serde_json::json!(-1e-3)),
        ("tol", serde_json::json!("inf")),
        ("max_iter", serde_json::json!(0)),
        ("class_weight", serde_json::json!({"0": -1.0})),
    ] {
        let estimator = LogisticRegression::new().with_param(name, value).unwrap();
        let refused = estimator.fit(&x, &y).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::InvalidParameter { name: n, .. } if n == name),
            "{refused}"
        );
    }
    let free = LogisticRegression::new().with_param("C", "inf").unwrap();
    assert_eq!(free, LogisticRegression::new().c(f64::INFINITY));
    assert_eq!(free.to_string(), "LogisticRegression(C=\"inf\")");
}

#[test]
fn the_observer_sees_the_objective_fall_and_can_stop() {
    let (x, y) = data(100, 4, 3, 16);
    let y = Labels::from(y);
    let (send, receive) = std::sync::mpsc::channel();
    let send = std::sync::Mutex::new(send);
    let stopping = tight().observer(move |p: &Progress| {
        send.lock()
            .unwrap()
            .send((p.iteration, p.value.unwrap()))
            .unwrap();
        if p.iteration == 3 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    let stopped = stopping.fit(&x, &y).unwrap_err();
    assert!(matches!(
        stopped.kind(),
        ErrorKind::Cancelled { iterations: 3, .. }
    ));
    let seen: Vec<_> = receive.try_iter().collect();
    assert_eq!(seen.len(), 3);
    assert!(
        seen.windows(2)
            .all(|w| w[1].1 <= w[0].1 && w[1].0 == w[0].0 + 1)
    );
}

#[test]
fn too_few_iterations_are_told() {
    let (x, y) = data(100, 4, 2, 17);
    let model = tight().max_iter(2).fit(&x, &Labels::from(y)).unwrap();
    assert!(!model.converged() && model.n_iter() == 2);
    assert!(
        model
            .to_string()
            .contains("not converged after 2 iterations"),
        "{model}"
    );
}

#[test]
fn files_hold_the_model_and_broken_ones_are_refused() {
    let (x, y) = data(60, 3, 3, 18);
    let model = tight().fit(&x, &Labels::from(y)).unwrap();
    let text = serde_json::to_string(&model).unwrap();
    let back: FittedLogisticRegression<f64> = serde_json::from_str(&text).unwrap();
    assert_eq!(back, model);
    assert_eq!(bits(&back), bits(&model));
    back.validate().unwrap();
    let bytes = postcard::to_allocvec(&model).unwrap();
    assert_eq!(
        postcard::from_bytes::<FittedLogisticRegression<f64>>(&bytes).unwrap(),
        model
    );
    let broken = |edit: &dyn Fn(&mut serde_json::Value)| {
        let mut value = serde_json::to_value(&model).unwrap();
        edit(&mut value);
        match serde_json::from_value::<FittedLogisticRegression<f64>>(value) {
            Ok(model) => model.validate().is_err(),
            Err(_) => true,
        }
    };
    assert!(!broken(&|_| ()));
    assert!(broken(&|v| v["classes"].as_array_mut().unwrap().reverse()));
    assert!(broken(&|v| drop(
        v["classes"].as_array_mut().unwrap().pop()
    )));
    assert!(broken(&|v| v["classes"] = serde_json::json!([])));
    assert!(broken(
        &|v| v["intercept"] = serde_json::to_value(array![1.0]).unwrap()
    ));
    assert!(broken(
        &|v| v["coef"] = serde_json::to_value(Array2::<f64>::zeros((3, 0))).unwrap()
    ));
    assert!(broken(&|v| v["extra"] = serde_json::json!(1)));
}
