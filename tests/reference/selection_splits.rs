//! Splitters, and the functions that validate with them.

use fitwell::linear_model::{
    LogisticRegression, LogisticSolver, Ridge, RidgeClassifier, SgdClassifier,
};
use fitwell::model_selection::*;
use fitwell::pipeline::pipeline;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use ndarray::Array2;
use serde_json::Value;

use crate::compare::{Case, Reference, numbers, texts};
use crate::data::{classes, features, matrix, ramp, targets};

fn labels(values: &Value) -> Option<Labels> {
    values
        .as_array()
        .map(|v| v.iter().map(|v| v.as_i64().unwrap()).collect())
}

/// The splits of a case by this splitter with the case's settings.
fn split<C: CrossValidator + Params>(cv: C, value: &Value) -> Result<Vec<Split>> {
    let mut cv = cv;
    for (name, setting) in value["settings"].as_object().unwrap() {
        cv = cv.with_value(name, setting.clone()).unwrap();
    }
    let n = value["data"]["n"].as_u64().unwrap() as usize;
    let (y, groups) = (
        labels(&value["data"]["y"]),
        labels(&value["data"]["groups"]),
    );
    let splits = match (&y, &groups) {
        (None, None) => cv.split(n, &()),
        (Some(y), None) => cv.split(n, y),
        (None, Some(groups)) => cv.split(n, &().grouped(groups)),
        (Some(y), Some(groups)) => cv.split(n, &y.grouped(groups)),
    }?;
    // One by one they are the same.
    let lazily = match (&y, &groups) {
        (None, None) => cv.split_lazily(n, &()),
        (Some(y), None) => cv.split_lazily(n, y),
        (None, Some(groups)) => cv.split_lazily(n, &().grouped(groups)),
        (Some(y), Some(groups)) => cv.split_lazily(n, &y.grouped(groups)),
    }?;
    assert_eq!(lazily.iter().collect::<Vec<_>>(), splits);
    Ok(splits)
}

fn split_by_name(value: &Value) -> Result<Vec<Split>> {
    match value["data"]["splitter"].as_str().unwrap() {
        "KFold" => split(KFold::new(), value),
        "GroupKFold" => split(GroupKFold::new(), value),
        "StratifiedGroupKFold" => split(StratifiedGroupKFold::new(), value),
        "RepeatedKFold" => split(RepeatedKFold::new(), value),
        "RepeatedStratifiedKFold" => split(RepeatedStratifiedKFold::new(), value),
        "ShuffleSplit" => split(ShuffleSplit::new(), value),
        "StratifiedShuffleSplit" => split(StratifiedShuffleSplit::new(), value),
        "GroupShuffleSplit" => split(GroupShuffleSplit::new(), value),
        "LeaveOneOut" => split(LeaveOneOut::new(), value),
        "LeavePOut" => split(LeavePOut::default(), value),
        "LeaveOneGroupOut" => split(LeaveOneGroupOut::new(), value),
        "LeavePGroupsOut" => split(LeavePGroupsOut::default(), value),
        "TimeSeriesSplit" => split(TimeSeriesSplit::new(), value),
        "PredefinedSplit" => split(PredefinedSplit::default(), value),
        other => panic!("no splitter {other}"),
    }
}

/// Each split as a text with a character for each row: 0 trains, 1 tests, 2 neither.
fn rows(n: usize, splits: &[Split]) -> Vec<String> {
    let text = |split: &Split| {
        let mut part = vec!['2'; n];
        split.train.iter().for_each(|&row| part[row] = '0');
        split.test.iter().for_each(|&row| part[row] = '1');
        part.iter().collect()
    };
    splits.iter().map(text).collect()
}

#[test]
fn splits_that_do_not_draw() {
    Reference::read("selection_splits").each(271, |value, case| {
        let n = value["data"]["n"].as_u64().unwrap() as usize;
        let splits = split_by_name(value);
        if value["expected"]["error"].is_boolean() {
            return case.same("refused", &splits.is_err(), &true);
        }
        let splits = splits.unwrap();
        assert!(
            splits
                .iter()
                .all(|s| s.train.is_sorted() && s.test.is_sorted())
        );
        case.same(
            "rows",
            &rows(n, &splits),
            &texts(&value["expected"]["splits"]),
        );
    });
}

/// How many rows of each class, or how many groups, or how many rows, from the smallest number to the largest.
fn sizes(value: &Value, rows: &[usize]) -> Vec<u64> {
    let name = value["data"]["splitter"].as_str().unwrap();
    let (y, groups) = (
        labels(&value["data"]["y"]),
        labels(&value["data"]["groups"]),
    );
    let mut sizes = match (y, groups) {
        (Some(y), _) if name.contains("Stratified") => Targets::select(&y, rows).unwrap().counts(),
        (_, Some(groups)) => {
            vec![
                Targets::select(&groups, rows)
                    .unwrap()
                    .observed()
                    .classes()
                    .len(),
            ]
        }
        _ => vec![rows.len()],
    };
    sizes.sort_unstable();
    sizes.into_iter().map(|s| s as u64).collect()
}

#[test]
fn sizes_of_splits_that_draw() {
    Reference::read("selection_drawn_splits").each(100, |value, case| {
        let splits = split_by_name(value);
        if value["expected"]["error"].is_boolean() {
            return case.same("refused", &splits.is_err(), &true);
        }
        let ours: Vec<[Vec<u64>; 2]> = splits
            .unwrap()
            .iter()
            .map(|s| [sizes(value, &s.train), sizes(value, &s.test)])
            .collect();
        let theirs: Vec<[Vec<u64>; 2]> =
            serde_json::from_value(value["expected"]["sizes"].clone()).unwrap();
        case.same("sizes", &ours, &theirs);
    });
}

/// Scores by side and name, beside the reference.
fn compare_scores(case: &mut Case, found: &CrossValidation, value: &Value) {
    for name in found.scorers() {
        let test = found.test_scores(name).unwrap().to_vec();
        let train = found.train_scores(name).unwrap().unwrap().to_vec();
        let (expected, near) = (&value["expected"], &value["tolerance"]);
        case.numbers(name, &test, &expected["test"][name], near);
        case.numbers(name, &train, &expected["train"][name], near);
    }
}

#[test]
fn validations() {
    Reference::read("selection_validation").each(80, |value, case| {
        let data = &value["data"];
        let x = matrix(&serde_json::json!({"name": data["name"], "scaled": true}));
        let y = targets(data["name"].as_str().unwrap())
            .0
            .column(0)
            .to_owned();
        let n = y.len();
        let alpha = value["settings"]["alpha"].as_f64().unwrap();
        let groups: Labels = (0..n).map(|i| i * 7 % 23).collect();
        let y = match (data["weights"] == true, data["groups"] == true) {
            (true, true) => y.weighted(&ramp(n)).grouped(&groups),
            (false, true) => y.grouped(&groups),
            (true, false) => y.weighted(&ramp(n)),
            (false, false) => y.weighted(&ndarray::Array1::ones(n)),
        };
        let model = Ridge::new().alpha(alpha);
        let options = CrossValidate::new()
            .return_train_score(true)
            .return_indices(true);
        let found = if data["groups"] == true {
            let cv = GroupKFold::new().n_splits(4);
            options
                .cv(cv)
                .run(&model, &x, &y, &[&R2::new(), &NegMeanAbsoluteError])
        } else {
            let cv = KFold::new().n_splits(4);
            options
                .cv(cv)
                .run(&model, &x, &y, &[&R2::new(), &NegMeanAbsoluteError])
        };
        let found = found.unwrap();
        compare_scores(case, &found, value);
        let splits = rows(n, found.indices().unwrap());
        case.same("splits", &splits, &texts(&value["expected"]["splits"]));
    });
}

#[test]
fn predictions_by_every_method() {
    Reference::read("selection_predictions").each(24, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let name = data["name"].as_str().unwrap();
        let x = matrix(&serde_json::json!({"name": name.trim_end_matches("_2"), "scaled": true}));
        let y = classes(name);
        let cv: Vec<Split> = match data["folds"] == "stratified" {
            true => StratifiedKFold::new().n_splits(3).split(y.len(), &y),
            false => KFold::new().n_splits(3).split(y.len(), &y),
        }
        .unwrap();
        let model = LogisticRegression::new()
            .solver(LogisticSolver::NewtonCholesky)
            .tol(1e-12)
            .max_iter(1000);
        let predicted: Labels = cross_val_predict(&model, &x, &y, &cv).unwrap();
        let predicted = predicted.to_ints().unwrap().mapv(|v| v as f64);
        case.array("predict", &predicted, &expected["predict"], near);
        let proba = cross_val_predict_proba(&model, &x, &y, &cv).unwrap();
        case.array("predict_proba", &proba, &expected["predict_proba"], near);
        let capped = |a: Array2<f64>| a.mapv(|v| v.max(-1e3));
        let log_proba = cross_val_predict_log_proba(&model, &x, &y, &cv).unwrap();
        case.array(
            "log",
            &capped(log_proba),
            &expected["predict_log_proba"],
            near,
        );
        let decisions = cross_val_decision_function(&RidgeClassifier::new(), &x, &y, &cv);
        if expected["decision_function"] == "error" {
            return case.same("refused", &decisions.is_err(), &true);
        }
        let decisions = capped(decisions.unwrap());
        case.array(
            "decisions",
            &decisions,
            &expected["decision_function"],
            near,
        );
    });
}

#[test]
fn curves() {
    Reference::read("selection_curves").each(40, |value, case| {
        let (data, expected, near) = (&value["data"], &value["expected"], &value["tolerance"]);
        let cv = KFold::new().n_splits(data["folds"].as_u64().unwrap() as usize);
        let y = targets("diabetes").0.column(0).to_owned();
        if data["curve"] == "incremental" {
            let name = data["name"].as_str().unwrap();
            let x = matrix(&serde_json::json!({"name": name, "scaled": true}));
            let cv = StratifiedKFold::new().n_splits(data["folds"].as_u64().unwrap() as usize);
            let sizes = numbers(&value["settings"]["train_sizes"]);
            let curve = LearningCurve::new()
                .cv(cv)
                .train_sizes(sizes.iter().map(|&s| s as usize));
            let model = SgdClassifier::new().shuffle(false);
            let found = curve
                .run_incrementally(
                    |p, y: &Labels| model.begin(p, y),
                    &x,
                    &classes(name),
                    &Accuracy,
                )
                .unwrap();
            case.array("train", found.train_scores(), &expected["train"], near);
            case.array("test", found.test_scores(), &expected["test"], near);
        } else if data["curve"] == "learning" {
            let x = matrix(&serde_json::json!({"name": "diabetes", "scaled": true}));
            let mut curve = LearningCurve::new().cv(cv);
            if let Some(given) = value["settings"]["train_sizes"].as_array() {
                curve = curve.train_sizes(given.iter().map(|v| match v.as_u64() {
                    Some(count) => Size::Count(count as usize),
                    None => Size::Fraction(v.as_f64().unwrap()),
                }));
            }
            let found = curve
                .run(&Ridge::new(), &x, &y, &NegMeanSquaredError)
                .unwrap();
            let ticks: Vec<f64> = found.train_sizes().iter().map(|&s| s as f64).collect();
            case.same("ticks", &ticks, &numbers(&expected["ticks"]));
            case.array("train", found.train_scores(), &expected["train"], near);
            case.array("test", found.test_scores(), &expected["test"], near);
        } else {
            let pipe = pipeline("scale", StandardScaler::new()).then("ridge", Ridge::new());
            let x = features("diabetes_raw");
            let values = numbers(&value["settings"]["ridge__alpha"]);
            let score = &R2::new();
            let found = validation_curve(&pipe, &x, &y, "ridge__alpha", values.clone(), &cv, score);
            let found = found.unwrap();
            case.same("ticks", &found.param_range().len(), &values.len());
            case.array("train", found.train_scores(), &expected["train"], near);
            case.array("test", found.test_scores(), &expected["test"], near);
        }
    });
}
