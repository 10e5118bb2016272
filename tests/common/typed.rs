//! Checks that need the types themselves: defaults, marker traits, observers, convergence, several targets, tables, and
//! what the sources may not contain.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

use fitwell::ClassWeight;
use fitwell::boxed::{BoxedClassifier, BoxedTransformer};
use fitwell::datasets::load_penguins;
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{
    ElasticNet, FittedLogisticRegression, FittedRidge, Lasso, LinearRegression, LogisticRegression,
    LogisticRegressionCv, Ridge, RidgeClassifier, RidgeClassifierCv, RidgeCv,
};
use fitwell::model_selection::{
    DefaultScore, FittedGridSearchCv, GridSearchCv, StratifiedKFold, cross_val_score,
};
use fitwell::observer::Progress;
use fitwell::params::Value;
use fitwell::pipeline::{ColumnTransformer, FittedPipeline, Pipeline, Step};
use fitwell::prelude::*;
use fitwell::preprocessing::{
    FittedStandardScaler, HandleUnknown, OneHotEncoder, OrdinalEncoder, StandardScaler,
    TargetEncoder,
};
use fitwell::table::{Columns, Table};
use ndarray::{Array1, Array2, ArrayRef2, Axis, Ix1, Ix2, s};
use serde_json::json;

use crate::data::{bits, problem};
use crate::subject::{Kind, Target, Y};

/// CC01: the defaults are those that scikit-learn 1.9 documents.
#[test]
fn defaults_are_scikit_learns() {
    fn check<E: Default + Params + std::fmt::Display>(expected: Value) {
        let found: serde_json::Map<String, Value> = E::default().params().into_iter().collect();
        assert_eq!(Value::Object(found), expected);
        assert!(E::default().to_string().ends_with("()"), "{}", E::default());
    }
    check::<StandardScaler>(json!({"with_mean": true, "with_std": true}));
    check::<SimpleImputer>(json!({
        "strategy": "mean", "missing_values": "nan", "add_indicator": false, "keep_empty_features": false
    }));
    check::<OneHotEncoder>(json!({
        "categories": "auto", "drop": "none", "handle_unknown": "error", "min_frequency": null, "max_categories": null,
        "feature_name_combiner": "concat"
    }));
    check::<OrdinalEncoder>(json!({
        "categories": "auto", "handle_unknown": "error", "unknown_value": null, "encoded_missing_value": "nan",
        "min_frequency": null, "max_categories": null
    }));
    check::<TargetEncoder>(json!({
        "categories": "auto", "target_type": "auto", "smooth": "auto", "cv": 5, "shuffle": true, "random_state": 0
    }));
    check::<LinearRegression>(json!({"fit_intercept": true, "tol": 1e-6, "positive": false}));
    check::<Ridge>(json!({
        "alpha": 1.0, "fit_intercept": true, "max_iter": null, "tol": 1e-4, "solver": "auto", "positive": false,
        "random_state": 0
    }));
    check::<RidgeClassifier>(json!({
        "alpha": 1.0, "fit_intercept": true, "max_iter": null, "tol": 1e-4, "class_weight": null, "solver": "auto",
        "positive": false, "random_state": 0
    }));
    check::<RidgeCv>(json!({
        "alphas": [0.1, 1.0, 10.0], "fit_intercept": true, "scoring": null, "cv": null, "gcv_mode": "auto",
        "store_cv_results": false, "alpha_per_target": false
    }));
    check::<RidgeClassifierCv>(json!({
        "alphas": [0.1, 1.0, 10.0], "fit_intercept": true, "scoring": null, "cv": null, "class_weight": null,
        "store_cv_results": false
    }));
    check::<LogisticRegressionCv>(json!({
        "Cs": 10, "l1_ratios": [0.0], "fit_intercept": true, "cv": null, "dual": false, "scoring": null,
        "solver": "lbfgs", "tol": 1e-4, "max_iter": 100, "class_weight": null, "refit": true,
        "intercept_scaling": 1.0, "random_state": 0
    }));
    check::<Lasso>(json!({
        "alpha": 1.0, "fit_intercept": true, "max_iter": 1000, "tol": 1e-4, "positive": false, "selection": "cyclic",
        "random_state": 0
    }));
    check::<ElasticNet>(json!({
        "alpha": 1.0, "l1_ratio": 0.5, "fit_intercept": true, "max_iter": 1000, "tol": 1e-4, "positive": false,
        "selection": "cyclic", "random_state": 0
    }));
    check::<LogisticRegression>(json!({
        "C": 1.0, "l1_ratio": 0.0, "dual": false, "fit_intercept": true, "intercept_scaling": 1.0, "class_weight": null,
        "solver": "lbfgs", "tol": 1e-4, "max_iter": 100, "random_state": 0
    }));
}

/// CC12: estimators and models move between threads.
#[test]
fn everything_is_send_and_sync() {
    fn check<T: Send + Sync + Clone + 'static>() {}
    check::<StandardScaler>();
    check::<FittedStandardScaler<f32>>();
    check::<LogisticRegression>();
    check::<FittedLogisticRegression<f64>>();
    check::<FittedRidge<f64, Ix1>>();
    check::<FittedRidge<f32, Ix2>>();
    check::<Pipeline<Step<StandardScaler>, Ridge>>();
    check::<FittedPipeline<Step<FittedStandardScaler<f64>>, FittedRidge<f64, Ix1>>>();
    check::<GridSearchCv<LogisticRegression>>();
    check::<FittedGridSearchCv<FittedLogisticRegression<f64>>>();
    check::<BoxedClassifier<Table>>();
    check::<Labels>();
    check::<Table>();
}

fn classes(n: usize, n_classes: usize) -> (Array2<f64>, Labels) {
    let (x, y): (_, Target<f64>) = problem(Kind::Classifier, n, 4, n_classes);
    (x, y.labels().clone())
}

fn real(n: usize) -> (Array2<f64>, Array1<f64>) {
    match problem::<f64>(Kind::Regressor, n, 4, 3) {
        (x, Target { y: Y::Real(y), .. }) => (x, y),
        other => panic!("{other:?}"),
    }
}

/// CC14: a search over one point is cross-validation; also of a box.
#[test]
fn a_grid_of_one_point_is_cross_validation() {
    let (x, y) = classes(90, 3);
    let boxed: BoxedClassifier = LogisticRegression::new().boxed_classifier();
    let plain = cross_val_score(&LogisticRegression::new(), &x, &y, &5, &DefaultScore).unwrap();
    let scores = cross_val_score(&boxed, &x, &y, &5, &DefaultScore).unwrap();
    assert_eq!(
        bits(&scores.view().insert_axis(Axis(0))),
        bits(&plain.view().insert_axis(Axis(0)))
    );
    let search = GridSearchCv::new(boxed, [("C", vec![1.0])]);
    let found = search.search(&x, &y).unwrap();
    assert_eq!(found.best().test_scores(), plain.to_vec());
    let fitted = search.fit(&x, &y).unwrap();
    let alone = LogisticRegression::new().fit(&x, &y).unwrap();
    assert_eq!(fitted.predict(&x).unwrap(), alone.predict(&x).unwrap());
    assert_eq!(
        fitted.predict_proba(&x).unwrap(),
        alone.predict_proba(&x).unwrap()
    );
}

/// CC31: more folds than rows.
#[test]
fn more_folds_than_rows_say_both_numbers() {
    let (x, y) = real(6);
    let error = cross_val_score(&Ridge::new(), &x, &y, &7, &DefaultScore)
        .unwrap_err()
        .to_string();
    assert!(error.contains('6') && error.contains('7'), "{error}");
}

/// CC52: the short form is the long one.
#[test]
fn fit_transform_is_fit_and_transform() {
    let (x, _) = classes(50, 3);
    let scaler = StandardScaler::new();
    let long = scaler.fit(&x, &()).unwrap().transform(&x).unwrap();
    assert_eq!(bits(&scaler.fit_transform(&x).unwrap()), bits(&long));
    let mut missing = x.clone();
    missing[[3, 1]] = f64::NAN;
    let imputer = SimpleImputer::median();
    let long = imputer
        .fit(&missing, &())
        .unwrap()
        .transform(&missing)
        .unwrap();
    assert_eq!(bits(&imputer.fit_transform(&missing).unwrap()), bits(&long));
}

/// CC62: class weights are sample weights by class; balanced is n / (k · count).
#[test]
fn class_weights_are_sample_weights() {
    let (x, y) = classes(90, 2);
    let rows: Vec<usize> = (0..90)
        .filter(|&i| y.codes()[i] == 0 || i % 3 == 0)
        .collect();
    let (x, y) = (x.select(Axis(0), &rows), y.select(&rows).unwrap());
    let n = rows.len() as f64;
    let factors: Vec<f64> = y.counts().iter().map(|&c| n / (2.0 * c as f64)).collect();
    assert!((factors[0] - factors[1]).abs() > 0.5, "{factors:?}");
    let weights = Array1::from_iter(y.codes().iter().map(|&c| factors[c as usize]));
    let by_hand = LogisticRegression::new()
        .fit(&x, &y.weighted(&weights))
        .unwrap();
    let named = ClassWeight::of([("class 0", factors[0]), ("class 1", factors[1])]);
    for setting in [ClassWeight::Balanced, named] {
        let model = LogisticRegression::new()
            .class_weight(setting)
            .fit(&x, &y)
            .unwrap();
        let far = (model.coef() - by_hand.coef()).mapv(f64::abs);
        assert!(far.iter().all(|&d| d < 1e-8), "{far}");
    }
    let plain = LogisticRegression::new().fit(&x, &y).unwrap();
    assert!((plain.coef() - by_hand.coef()).mapv(f64::abs).sum() > 1e-3);
    let unknown = LogisticRegression::new().class_weight(ClassWeight::of([("class 7", 1.0)]));
    let error = unknown.fit(&x, &y).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::UnknownLabel { .. }),
        "{error}"
    );
}

/// CC67: a class with one member in a stratified split.
#[test]
fn a_class_with_one_member_is_named() {
    let x = Array2::from_shape_fn((7, 1), |(i, _)| i as f64);
    let y = Labels::from(["a", "a", "a", "b", "b", "b", "rare"]);
    let cv = StratifiedKFold::new().n_splits(3);
    match cross_val_score(&LogisticRegression::new(), &x, &y, &cv, &DefaultScore) {
        Err(error) => {
            let text = error.to_string();
            assert!(text.contains("rare") && text.contains('1'), "{text}");
        }
        // scikit-learn warns and goes on when some class is large enough.
        Ok(scores) => assert!(scores.iter().all(|s| s.is_finite())),
    }
}

/// CC69: one column of targets is one target; each of several is fitted as if alone.
#[test]
fn several_targets_are_one_by_one() {
    let (x, y) = real(60);
    let alone = Ridge::new().fit(&x, &y).unwrap();
    let twice = ndarray::stack![Axis(1), y, y.mapv(|v| -3.0 * v + 1.0)];
    let one = Ridge::new().fit(&x, &twice.slice(s![.., ..1])).unwrap();
    let both = Ridge::new().fit(&x, &twice).unwrap();
    let expected = alone.predict(&x).unwrap();
    for predicted in [one.predict(&x).unwrap(), both.predict(&x).unwrap()] {
        let far = (&predicted.column(0) - &expected).mapv(f64::abs);
        assert!(far.iter().all(|&d| d < 1e-12), "{far}");
    }
    assert_eq!(both.predict(&x).unwrap().dim(), (60, 2));
}

/// CC75: what is scaled can be scaled back.
#[test]
fn inverse_transform_undoes_transform() {
    fn check<F: fitwell::Float>(tolerance: f64) {
        let (x, _) = problem::<F>(Kind::Transformer, 60, 4, 3);
        for scaler in [
            StandardScaler::new(),
            StandardScaler::new().with_mean(false),
            StandardScaler::new().with_std(false),
        ] {
            let model = scaler.fit(&x, &()).unwrap();
            let back = model
                .inverse_transform(&model.transform(&x).unwrap())
                .unwrap();
            let far = x.iter().zip(&back).map(|(a, b)| (a.f64() - b.f64()).abs());
            assert!(far.fold(0.0, f64::max) < tolerance);
        }
    }
    check::<f64>(1e-13);
    check::<f32>(1e-5);
}

/// CC92: the observer hears every step in order and may stop the work.
#[test]
fn observers_are_called_in_order_and_may_cancel() {
    let (x, y) = classes(90, 3);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&seen);
    let watch = move |p: &Progress| {
        record.lock().unwrap().push((p.iteration, p.value));
        ControlFlow::Continue(())
    };
    let model = LogisticRegression::new()
        .observer(watch)
        .fit(&x, &y)
        .unwrap();
    let steps = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(steps.len(), model.n_iter());
    assert!(
        steps
            .iter()
            .enumerate()
            .all(|(i, (step, value))| *step == i + 1 && value.is_some())
    );
    let stop = |p: &Progress| {
        if p.iteration >= 2 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let error = LogisticRegression::new()
        .observer(stop)
        .fit(&x, &y)
        .unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Cancelled { iterations: 2, .. }),
        "{error}"
    );
    // Settings read by name keep the observer.
    let renamed = LogisticRegression::new()
        .observer(stop)
        .with_param("C", 2.0)
        .unwrap();
    assert!(renamed.fit(&x, &y).is_err());

    let search =
        || GridSearchCv::new(LogisticRegression::new(), [("C", vec![0.1, 1.0, 10.0])]).cv(3);
    let record = Arc::clone(&seen);
    let watch = move |p: &Progress| {
        record.lock().unwrap().push((p.iteration, p.value));
        ControlFlow::Continue(())
    };
    search().observer(watch).fit(&x, &y).unwrap();
    let steps: Vec<usize> = seen.lock().unwrap().iter().map(|(step, _)| *step).collect();
    assert_eq!(steps, [1, 2, 3]);
    let error = search().observer(stop).fit(&x, &y).unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Cancelled { .. }),
        "{error}"
    );
}

/// CC93: not converging is no error, and is not hidden.
#[test]
fn a_fit_that_stops_early_says_so() {
    let (x, y) = classes(90, 3);
    let model = LogisticRegression::new()
        .max_iter(1)
        .tol(1e-12)
        .fit(&x, &y)
        .unwrap();
    assert!(!model.converged());
    assert_eq!(model.n_iter(), 1);
    let model = LogisticRegression::new().fit(&x, &y).unwrap();
    assert!(model.converged() && model.n_iter() >= 1 && model.n_iter() < 100);
}

/// A pipeline from a mixed table with missing values to a classifier, built where its type can stay unwritten.
macro_rules! penguin_pipeline {
    () => {
        pipeline(
            "prepare",
            ColumnTransformer::new()
                .numeric(
                    "num",
                    Columns::numeric(),
                    pipeline("impute", SimpleImputer::median())
                        .then("scale", StandardScaler::new()),
                )
                .part(
                    "cat",
                    Columns::categorical(),
                    pipeline("impute", SimpleImputer::most_frequent()).then(
                        "encode",
                        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
                    ),
                ),
        )
        .then("clf", LogisticRegression::new())
    };
}

fn penguins() -> (Table, Labels) {
    load_penguins().unwrap().split_labels("species").unwrap()
}

/// CC44, CC46, CC47, CC82, CC83, CC88, CC89 on tables.
#[test]
fn pipelines_on_tables() {
    let (x, y) = penguins();
    let recipe = penguin_pipeline!();
    let model = recipe.fit(&x, &y).unwrap();
    let proba = model.predict_proba(&x).unwrap();
    assert!(model.score(&x, &y).unwrap() > 0.95);

    for threads in [1, 2, 8] {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let again = pool.install(|| recipe.fit(&x, &y).unwrap());
        assert_eq!(
            again.to_bytes().unwrap(),
            model.to_bytes().unwrap(),
            "{threads} threads"
        );
        assert_eq!(
            bits(&pool.install(|| again.predict_proba(&x).unwrap())),
            bits(&proba)
        );
    }
    for row in 0..20 {
        let one = model.predict_proba(&x.select(&[row]).unwrap()).unwrap();
        assert!(
            (&one.row(0) - &proba.row(row))
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
    }

    let path = std::env::temp_dir().join(format!("fitwell-penguins-{}", std::process::id()));
    for format in [Format::Json, Format::Binary] {
        model.save(&path, format).unwrap();
        let loaded = recipe.load_fitted::<Table, Labels>(&path).unwrap();
        assert_eq!(bits(&loaded.predict_proba(&x).unwrap()), bits(&proba));
        assert_eq!(loaded.to_string(), model.to_string());
        recipe.save(&path, format).unwrap();
        let mut read = recipe.clone().with_param("clf__C", 7.0).unwrap();
        assert!(read.to_string() != recipe.to_string());
        read = Model::load(&path).unwrap();
        assert_eq!(read, recipe);
    }
    std::fs::remove_file(&path).unwrap();

    let names = x.names();
    let turned: Vec<isize> = (0..names.len()).rev().map(|i| i as isize).collect();
    let turned = x.select_columns(&Columns::indices(turned)).unwrap();
    assert_eq!(bits(&model.predict_proba(&turned).unwrap()), bits(&proba));
    let without = x
        .select_columns(&Columns::Names(names[1..].to_vec()))
        .unwrap();
    let error = model.predict(&without).unwrap_err();
    let ErrorKind::FeatureNames { missing, .. } = error.kind() else {
        panic!("{error}");
    };
    assert_eq!(missing, &names[..1]);
}

/// A box of a table pipeline is the pipeline.
#[test]
fn boxes_of_table_pipelines() {
    let (x, y) = penguins();
    let recipe = penguin_pipeline!();
    let boxed: BoxedClassifier<Table> = recipe.clone().boxed_classifier();
    let (model, plain) = (boxed.fit(&x, &y).unwrap(), recipe.fit(&x, &y).unwrap());
    assert_eq!(
        bits(&model.predict_proba(&x).unwrap()),
        bits(&plain.predict_proba(&x).unwrap())
    );
    assert_eq!(model.to_bytes().unwrap(), plain.to_bytes().unwrap());
    let search = GridSearchCv::new(boxed, [("clf__C", vec![0.01, 1.0])]).cv(3);
    assert!(search.fit(&x, &y).unwrap().best_score() > 0.95);
    let scale: BoxedTransformer<ArrayRef2<f64>, Labels> = StandardScaler::new().boxed_transformer();
    let clf: BoxedClassifier = LogisticRegression::new().boxed_classifier();
    let numbers = SimpleImputer::mean()
        .fit_transform(
            &x.select_columns(&Columns::numeric())
                .unwrap()
                .to_matrix()
                .unwrap(),
        )
        .unwrap();
    let model = pipeline("scale", scale)
        .then("clf", clf)
        .fit(&numbers, &y)
        .unwrap();
    assert!(model.score(&numbers, &y).unwrap() > 0.95);
}

/// CC90: every container of the same numbers gives the same model.
#[test]
fn every_container_gives_the_same_result() {
    let (x, y) = classes(40, 2);
    let expected = LogisticRegression::new().fit(&x, &y).unwrap();
    let nested: Vec<Vec<f64>> = x.rows().into_iter().map(|r| r.to_vec()).collect();
    let flat: Vec<f64> = x.iter().copied().collect();
    let shared = x.to_shared();
    let reference: &ArrayRef2<f64> = &x;
    let table = Table::from_matrix(["a", "b", "c", "d"], &x).unwrap();
    let models = [
        LogisticRegression::new().fit(&x.view(), &y),
        LogisticRegression::new().fit(&shared, &y),
        LogisticRegression::new().fit(reference, &y),
        LogisticRegression::new().fit(&x.clone().reversed_axes().t(), &y),
        LogisticRegression::new().fit(&fitwell::to_matrix(&nested).unwrap(), &y),
        LogisticRegression::new().fit(&fitwell::to_matrix(&(flat, 4)).unwrap(), &y),
        LogisticRegression::new().fit(&table.to_matrix().unwrap(), &y),
    ];
    for model in models {
        assert_eq!(
            model.unwrap().to_bytes().unwrap(),
            expected.to_bytes().unwrap()
        );
    }
}

/// CC91 and the rules of the sources: nothing is printed, no comparison of floats may panic.
#[test]
fn the_sources_print_nothing_and_order_floats_totally() {
    fn visit(folder: &std::path::Path, found: &mut Vec<String>, files: &mut usize) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                visit(&path, found, files);
            } else if path.extension().is_some_and(|e| e == "rs") {
                *files += 1;
                let text = std::fs::read_to_string(&path).unwrap();
                let code = text
                    .split("#[cfg(test)]\nmod tests {")
                    .next()
                    .unwrap_or_default();
                for (i, line) in code.lines().enumerate() {
                    let line = line.trim_start();
                    let printed = ["println!", "eprintln!", "print!(", "dbg!("]
                        .iter()
                        .any(|m| line.contains(m));
                    let partial = line.contains("partial_cmp(") && line.contains("unwrap");
                    if !line.starts_with("//") && (printed || partial) {
                        found.push(format!("{}:{}: {line}", path.display(), i + 1));
                    }
                }
            }
        }
    }
    let (mut found, mut files) = (Vec::new(), 0);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    visit(&root, &mut found, &mut files);
    assert!(files > 30 && found.is_empty(), "{found:#?}");
}
