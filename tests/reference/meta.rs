//! Baselines, and estimators around estimators.

use fitwell::boxed::{BoxedClassifier, BoxedRegressor};
use fitwell::calibration::{CalibratedClassifierCv, Calibrator};
use fitwell::dummy::{DummyClassifier, DummyRegressor};
use fitwell::ensemble::{
    BaggingClassifier, BaggingRegressor, StackMethod, StackingClassifier, StackingRegressor,
    VotingClassifier, VotingRegressor,
};
use fitwell::frozen::{AllRows, FrozenEstimator};
use fitwell::inspection::{PartialDependence, PartialDependenceKind, PermutationImportance};
use fitwell::linear_model::{
    LinearRegression, LogisticRegression, Ridge, RidgeClassifier, RidgeCv, SgdClassifier, SgdLoss,
    SgdRegressor,
};
use fitwell::model_selection::{
    Accuracy, F1, FixedThresholdClassifier, KFold, NegMeanAbsoluteError, R2, Split,
    TunedThresholdClassifierCv,
};
use fitwell::multiclass::{OneVsOneClassifier, OneVsRestClassifier, OutputCodeClassifier};
use fitwell::multioutput::{
    ClassifierChain, LabelColumns, MultiOutputClassifier, MultiOutputRegressor, RegressorChain,
};
use fitwell::neighbors::KNeighborsClassifier;
use fitwell::prelude::*;
use fitwell::{Targets, Weighted};
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis, s};
use serde_json::Value;

use crate::compare::{Case, Reference, texts};
use crate::data::{classes, matrix, ramp, targets};

type Base = BoxedClassifier<ArrayRef2<f64>, Weighted<Labels>>;
type Line = BoxedRegressor<ArrayRef2<f64>, Weighted<ArrayRef1<f64>>>;

fn near(k: usize) -> KNeighborsClassifier {
    KNeighborsClassifier::new().n_neighbors(k)
}

fn logistic() -> LogisticRegression {
    let tight = LogisticRegression::new().tol(1e-12).max_iter(1000);
    tight.with_param("solver", "newton-cholesky").unwrap()
}

fn base(name: &Value) -> Base {
    match name.as_str().unwrap() {
        "ridge" => RidgeClassifier::new().boxed_classifier(),
        "near" => near(7).boxed_classifier(),
        _ => logistic().boxed_classifier(),
    }
}

/// The settings that go by their names.
fn with<E: Params>(estimator: E, settings: &Value, others: &[&str]) -> E {
    let own = settings.as_object().unwrap().iter();
    own.filter(|(name, _)| !others.contains(&name.as_str()))
        .fold(estimator, |e, (name, v)| {
            e.with_value(name, v.clone()).unwrap()
        })
}

/// Samples, target and weights of a case; `mixed` every third row, in the order that mixes the classes.
fn data(value: &Value, mixed: bool) -> (Array2<f64>, Labels, Array1<f64>) {
    let data = &value["data"];
    let (mut x, mut y) = (matrix(data), classes(data["classes"].as_str().unwrap()));
    if mixed {
        let n = y.len();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by_key(|i| (i * 7919) % n);
        order = order.into_iter().step_by(3).collect();
        x = x.select(Axis(0), &order);
        y = Targets::select(&y, &order).unwrap();
    }
    let w = match data["weights"] == true {
        true => ramp(y.len()),
        false => Array1::ones(y.len()),
    };
    (x, y, w)
}

fn codes(labels: &Labels) -> Array1<f64> {
    labels.to_ints().unwrap().mapv(|v| v as f64)
}

fn compare_names(case: &mut Case, ours: Vec<String>, expected: &Value) {
    case.same("names", &ours, &texts(expected));
}

#[test]
fn dummies() {
    Reference::read("dummy").each(210, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (settings, weighted) = (&value["settings"], value["data"]["weights"] == true);
        if value["data"]["kind"] == "classifier" {
            let (x, y, w) = data(value, false);
            let mut dummy = with(DummyClassifier::new(), settings, &["constant", "strategy"]);
            if let Some(class) = settings["constant"].as_i64() {
                dummy = dummy.constant(class);
            } else if let Some(strategy) = settings["strategy"].as_str() {
                dummy = dummy.with_param("strategy", strategy).unwrap();
            }
            let model = match weighted {
                true => dummy.fit(&x, &y.weighted(&w)).unwrap(),
                false => dummy.fit(&x, &y).unwrap(),
            };
            let some = x.slice(s![..5, ..]).to_owned();
            case.array(
                "proba",
                &model.predict_proba(&some).unwrap(),
                &expected["proba"],
                tolerance,
            );
            case.array(
                "prior",
                &Array1::from(model.class_prior().to_vec()),
                &expected["prior"],
                tolerance,
            );
            if expected["predict"].is_object() {
                case.array(
                    "predict",
                    &codes(&model.predict(&some).unwrap()),
                    &expected["predict"],
                    tolerance,
                );
                let score = model.score(&x, &y.weighted(&w)).unwrap();
                case.number("score", score, &expected["score"], tolerance);
            }
            return;
        }
        let x = matrix(&value["data"]);
        let some = x.slice(s![..4, ..]).to_owned();
        let (y, one) = targets(value["data"]["name"].as_str().unwrap());
        let dummy = with(DummyRegressor::new(), settings, &[]);
        let w = ramp(x.nrows());
        let ones = Array1::ones(x.nrows());
        let by = if weighted { &w } else { &ones };
        macro_rules! compared {
            ($y:expr) => {{
                let y = $y;
                let model = match weighted {
                    true => dummy.fit(&x, &y.weighted(&w)).unwrap(),
                    false => dummy.fit(&x, &y).unwrap(),
                };
                let (mean, std) = model.predict_std(&some).unwrap();
                case.array("predict", &mean, &expected["predict"], tolerance);
                case.array("std", &std, &expected["std"], tolerance);
                let score = model.score(&x, &y.weighted(by)).unwrap();
                case.number("score", score, &expected["score"], tolerance);
            }};
        }
        match one {
            true => compared!(y.column(0).to_owned()),
            false => compared!(y),
        }
    });
}

#[test]
fn calibrated_probabilities() {
    Reference::read("calibration").each(170, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, w) = data(value, true);
        let settings = &value["settings"];
        if value["data"]["base"] == "prefit" {
            let half = y.len() / 2;
            let rows: Vec<usize> = (0..half).collect();
            let rest: Vec<usize> = (half..y.len()).collect();
            let of = |rows: &[usize]| (x.select(Axis(0), rows), Targets::select(&y, rows).unwrap());
            let ((x0, y0), (x1, y1)) = (of(&rows), of(&rest));
            let model = RidgeClassifier::new().fit(&x0, &y0).unwrap();
            let calibrated = with(CalibratedClassifierCv::prefit(model), settings, &[]);
            let proba = calibrated.fit(&x1, &y1).unwrap().predict_proba(&x).unwrap();
            case.array("proba", &proba, &expected["proba"], tolerance);
            return;
        }
        let base = base(&value["data"]["base"]);
        let estimator = with(CalibratedClassifierCv::new(base), settings, &[]);
        if value["data"]["sorted"] == true {
            let (x, y, _) = data(value, false);
            let mut order: Vec<usize> = (0..y.len()).collect();
            order.sort_by_key(|&row| y.codes()[row]);
            let order: Vec<usize> = order.into_iter().step_by(3).collect();
            let (x, y) = (x.select(Axis(0), &order), Targets::select(&y, &order).unwrap());
            let y = y.weighted(&Array1::ones(y.len()));
            let model = estimator.cv(KFold::new().n_splits(3)).fit(&x, &y).unwrap();
            let proba = model.predict_proba(&x).unwrap();
            case.array("proba", &proba, &expected["proba"], tolerance);
            return;
        }
        let y = y.weighted(&w);
        let model = match value["data"]["cv"] == 4 {
            true => estimator.cv(KFold::new().n_splits(4)).fit(&x, &y).unwrap(),
            false => estimator.fit(&x, &y).unwrap(),
        };
        case.array("proba", &model.predict_proba(&x).unwrap(), &expected["proba"], tolerance);
        if expected["predict"].is_object() {
            let said = codes(&model.predict(&x).unwrap());
            let said = said.slice(s![..40]);
            case.array("predict", &said, &expected["predict"], tolerance);
        }
        if expected["ab"].is_object() {
            let mut ab = Vec::new();
            for calibrator in model.calibrated_classifiers().iter().flat_map(|c| c.calibrators()) {
                if let Calibrator::Sigmoid { a, b } = calibrator {
                    ab.extend([*a, *b]);
                }
            }
            let ab = Array2::from_shape_vec((ab.len() / 2, 2), ab).unwrap();
            let wider = serde_json::json!({"absolute": 1e-4, "relative": 1e-5, "why": "a valley of probabilities near 0 and 1 is flat"});
            case.array("a and b", &ab, &expected["ab"], &wider);
        }
    });
}

#[test]
fn thresholds() {
    Reference::read("threshold").each(230, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, w) = data(value, true);
        let y = y.weighted(&w);
        let base = base(&value["data"]["base"]);
        let settings = &value["settings"];
        let pos_label = settings["pos_label"].as_i64();
        if value["data"]["kind"] == "fixed" {
            let mut fixed = with(
                FixedThresholdClassifier::new(base),
                settings,
                &["pos_label"],
            );
            if let Some(class) = pos_label {
                fixed = fixed.pos_label(class);
            }
            let said = fixed.fit(&x, &y).unwrap().predict(&x).unwrap();
            case.array("predict", &codes(&said), &expected["predict"], tolerance);
            return;
        }
        let n = y.n_rows().unwrap();
        macro_rules! tuned {
            ($estimator:expr, $cv:expr) => {{
                let tuned = TunedThresholdClassifierCv::new($estimator).store_cv_results(true);
                let mut tuned = with(tuned, settings, &["cv", "scoring", "pos_label"]).cv($cv);
                if let Some(class) = pos_label {
                    tuned = tuned.pos_label(class);
                }
                let model = match settings["scoring"].as_str() {
                    Some("f1") => tuned.scoring(F1::new()).fit(&x, &y),
                    Some(_) => tuned.scoring(Accuracy).fit(&x, &y),
                    None if pos_label.is_some() => tuned.scoring(Accuracy).fit(&x, &y),
                    None => tuned.fit(&x, &y),
                }
                .unwrap();
                case.number(
                    "threshold",
                    model.best_threshold(),
                    &expected["threshold"],
                    tolerance,
                );
                case.number("score", model.best_score(), &expected["score"], tolerance);
                let (t, s) = model.cv_results().unwrap();
                case.array(
                    "thresholds",
                    &Array1::from(t.to_vec()),
                    &expected["thresholds"],
                    tolerance,
                );
                case.array(
                    "scores",
                    &Array1::from(s.to_vec()),
                    &expected["scores"],
                    tolerance,
                );
                case.array(
                    "predict",
                    &codes(&model.predict(&x).unwrap()),
                    &expected["predict"],
                    tolerance,
                );
            }};
        }
        if settings["cv"] == "prefit" {
            let rows: Vec<usize> = (0..n / 2).collect();
            let some = Targets::select(&y, &rows).unwrap();
            let model = base
                .fit(&x.slice(s![..n / 2, ..]).to_owned(), &some)
                .unwrap();
            tuned!(
                fitwell::frozen::FrozenEstimator::new(model),
                fitwell::frozen::AllRows
            );
        } else if settings["cv"] == "one" {
            let cut = 2 * n / 3;
            let one = vec![Split {
                train: (0..cut).collect(),
                test: (cut..n).collect(),
            }];
            tuned!(base, one);
        } else {
            tuned!(base, settings["cv"].as_u64().unwrap_or(5) as usize);
        }
    });
}

fn weights(settings: &Value) -> Option<Vec<f64>> {
    serde_json::from_value(settings["weights"].clone()).unwrap()
}

fn real(value: &Value) -> (Array2<f64>, Weighted<ArrayRef1<f64>>) {
    let x = matrix(&value["data"]);
    let (y, _) = targets(value["data"]["name"].as_str().unwrap());
    let w = match value["data"]["weights"] == true {
        true => ramp(x.nrows()),
        false => Array1::ones(x.nrows()),
    };
    (x, y.column(0).to_owned().weighted(&w))
}

fn lines() -> [(&'static str, Line); 2] {
    [
        ("line", LinearRegression::new().boxed_regressor()),
        ("ridge", Ridge::new().alpha(30.0).boxed_regressor()),
    ]
}

#[test]
fn votes() {
    Reference::read("voting").each(120, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let weights = weights(&value["settings"]);
        let dropped = value["settings"]["out"] == "drop";
        if value["data"]["kind"] == "mean" {
            let (x, y) = real(value);
            let mut vote = match dropped {
                false => VotingRegressor::new(lines()),
                true => {
                    let [line, ridge] = lines();
                    let members = [line, ("out", Ridge::new().boxed_regressor()), ridge];
                    VotingRegressor::new(members).drop("out")
                }
            };
            if let Some(weights) = weights {
                vote = vote.weights(weights);
            }
            let model = vote.fit(&x, &y).unwrap();
            case.array(
                "predict",
                &model.predict(&x).unwrap(),
                &expected["predict"],
                tolerance,
            );
            case.array(
                "transform",
                &model.transform(&x).unwrap(),
                &expected["transform"],
                tolerance,
            );
            compare_names(
                case,
                model.feature_names_out(None).unwrap(),
                &expected["names"],
            );
            return;
        }
        let (x, y, w) = data(value, false);
        let hard = value["data"]["kind"] == "hard";
        let members: Vec<(&str, Base)> = match hard {
            _ if dropped => vec![
                ("few", near(3).boxed_classifier()),
                ("out", near(1).boxed_classifier()),
                ("many", near(20).boxed_classifier()),
                ("near", near(7).boxed_classifier()),
            ],
            true => vec![
                ("ridge", RidgeClassifier::new().boxed_classifier()),
                ("few", near(3).boxed_classifier()),
                ("many", near(20).boxed_classifier()),
            ],
            false => vec![
                ("few", near(3).boxed_classifier()),
                ("many", near(20).boxed_classifier()),
                ("near", near(7).boxed_classifier()),
            ],
        };
        let voting = if hard { "hard" } else { "soft" };
        let mut vote = VotingClassifier::new(members)
            .with_param("voting", voting)
            .unwrap();
        if dropped {
            vote = vote.with_param("out", "drop").unwrap();
        }
        if let Some(weights) = weights {
            vote = vote.weights(weights);
        }
        let model = vote.fit(&x, &y.weighted(&w)).unwrap();
        case.array(
            "predict",
            &codes(&model.predict(&x).unwrap()),
            &expected["predict"],
            tolerance,
        );
        case.array(
            "transform",
            &model.transform(&x).unwrap(),
            &expected["transform"],
            tolerance,
        );
        compare_names(
            case,
            model.feature_names_out(None).unwrap(),
            &expected["names"],
        );
        if !hard {
            case.array(
                "proba",
                &model.predict_proba(&x).unwrap(),
                &expected["proba"],
                tolerance,
            );
        }
    });
}

#[test]
fn stacks() {
    Reference::read("stacking").each(230, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let settings = &value["settings"];
        let cv = settings["cv"].as_u64().unwrap_or(5) as usize;
        if value["data"]["kind"] == "regressor" {
            let (x, y) = real(value);
            let last: Line = match settings["final"] == "line" {
                true => LinearRegression::new().boxed_regressor(),
                false => RidgeCv::new().boxed_regressor(),
            };
            let stack = StackingRegressor::new(lines()).final_estimator(last).cv(cv);
            let model = with(stack, settings, &["cv", "final"]).fit(&x, &y).unwrap();
            case.array(
                "transform",
                &model.transform(&x).unwrap(),
                &expected["transform"],
                tolerance,
            );
            case.array(
                "predict",
                &model.predict(&x).unwrap(),
                &expected["predict"],
                tolerance,
            );
            compare_names(
                case,
                model.feature_names_out(None).unwrap(),
                &expected["names"],
            );
            return;
        }
        let (x, y, w) = data(value, true);
        if settings["cv"] == "prefit" {
            let rows: Vec<usize> = (0..y.len()).collect();
            let (first, second) = rows.split_at(rows.len() / 2);
            let ones = |n| Array1::ones(n);
            let of = |rows: &[usize]| {
                let y = Targets::select(&y, rows).unwrap();
                (x.select(Axis(0), rows), y.weighted(&ones(rows.len())))
            };
            let ((x0, y0), (x1, y1)) = (of(first), of(second));
            let fitted = ["ridge", "near"].into_iter().enumerate().map(|(i, name)| {
                let model = base(&name.into()).fit(&x0, &y0).unwrap();
                (format!("m{i}"), FrozenEstimator::new(model))
            });
            let stack = StackingClassifier::new(fitted).final_estimator(RidgeClassifier::new());
            let model = stack.cv(AllRows).fit(&x1, &y1).unwrap();
            let said = codes(&model.predict(&x).unwrap());
            let decision = model.decision_function(&x).unwrap();
            let seen = model.transform(&x).unwrap();
            case.array("transform", &seen, &expected["transform"], tolerance);
            case.array("predict", &said, &expected["predict"], tolerance);
            case.array("decision", &decision, &expected["decision"], tolerance);
            return;
        }
        let bases = value["data"]["bases"]
            .as_array()
            .unwrap()
            .iter()
            .enumerate();
        let mut members: Vec<(String, Base)> = bases
            .map(|(i, name)| (format!("m{i}"), base(name)))
            .collect();
        if settings["out"] == "drop" {
            members.insert(1, ("out".into(), near(1).boxed_classifier()));
        }
        let last = match settings["final"] == "near" {
            true => near(7).boxed_classifier(),
            false => RidgeClassifier::new().boxed_classifier(),
        };
        let stack = StackingClassifier::new(members)
            .final_estimator(last)
            .cv(cv);
        let model = with(stack, settings, &["cv", "final"])
            .fit(&x, &y.weighted(&w))
            .unwrap();
        case.array(
            "transform",
            &model.transform(&x).unwrap(),
            &expected["transform"],
            tolerance,
        );
        if expected["predict"].is_object() {
            case.array(
                "predict",
                &codes(&model.predict(&x).unwrap()),
                &expected["predict"],
                tolerance,
            );
        }
        compare_names(
            case,
            model.feature_names_out(None).unwrap(),
            &expected["names"],
        );
        let methods = model.stack_method().iter().map(|m| match m {
            StackMethod::PredictProba => "predict_proba".to_string(),
            StackMethod::DecisionFunction => "decision_function".to_string(),
            _ => "predict".to_string(),
        });
        case.same(
            "methods",
            &methods.collect::<Vec<_>>(),
            &texts(&expected["methods"]),
        );
        if expected["proba"].is_object() {
            case.array(
                "proba",
                &model.predict_proba(&x).unwrap(),
                &expected["proba"],
                tolerance,
            );
        } else {
            let decision = model.decision_function(&x).unwrap();
            case.array("decision", &decision, &expected["decision"], tolerance);
        }
    });
}

/// The rows of three batches, as NumPy splits them.
fn batches(n: usize) -> [std::ops::Range<usize>; 3] {
    let first = n.div_ceil(3);
    let second = first + (n - first).div_ceil(2);
    [0..first, first..second, second..n]
}

#[test]
fn multiclass() {
    Reference::read("multiclass").each(85, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y, w) = data(value, true);
        let kind = value["data"]["kind"].as_str().unwrap();
        if kind.ends_with("batches") {
            let sgd = SgdClassifier::new()
                .loss(SgdLoss::LogLoss)
                .with_param("shuffle", false)
                .and_then(|sgd| sgd.with_param("alpha", 0.01))
                .and_then(|sgd| sgd.with_param("learning_rate", "constant"))
                .and_then(|sgd| sgd.with_param("eta0", 0.01))
                .unwrap();
            let rows = batches(y.len());
            let mut rows: Vec<Vec<usize>> = rows.into_iter().map(|r| r.collect()).collect();
            rows[2].retain(|&row| y.codes()[row] != y.codes()[0]);
            macro_rules! after_batches {
                ($estimator:expr) => {{
                    let begun = $estimator.begin(&y, |sgd, two| sgd.begin::<f64>(x.ncols(), two));
                    let mut model = begun.unwrap();
                    for rows in rows.iter().filter(|rows| !rows.is_empty()) {
                        let some_y = Targets::select(&y, rows).unwrap();
                        model
                            .partial_fit(&x.select(Axis(0), rows), &some_y)
                            .unwrap();
                    }
                    let decision = model.decision_function(&x).unwrap();
                    case.array("decision", &decision, &expected["decision"], tolerance);
                }};
            }
            match kind == "rest_batches" {
                true => after_batches!(OneVsRestClassifier::new(sgd)),
                false => after_batches!(OneVsOneClassifier::new(sgd)),
            }
            return;
        }
        if kind == "labels" {
            let codes = y.to_ints().unwrap();
            let many = Array2::from_shape_fn((y.len(), 5), |(i, j)| {
                let x = x.row(i);
                f64::from(u8::from(
                    [codes[i] > 0, x[0] > 0.3, true, x[1] > x[2], false][j],
                ))
            });
            let base = base(&value["data"]["base"]);
            let many = many.weighted(&w);
            let model = OneVsRestClassifier::new(base).fit(&x, &many).unwrap();
            let said = model.predict(&x).unwrap();
            case.array("predict", &said, &expected["predict"], tolerance);
            let score = model.score(&x, &many).unwrap();
            case.number("score", score, &expected["score"], tolerance);
            if expected["proba"].is_object() {
                let proba = model.predict_proba(&x).unwrap();
                case.array("proba", &proba, &expected["proba"], tolerance);
            } else {
                let decision = model.decision_function(&x).unwrap();
                case.array("decision", &decision, &expected["decision"], tolerance);
            }
            return;
        }
        let (base, y) = (base(&value["data"]["base"]), y.weighted(&w));
        if kind == "code" {
            let book = value["settings"]["code_book"].clone();
            let book: Vec<Vec<bool>> = serde_json::from_value(book).unwrap();
            let code = OutputCodeClassifier::new(base).code_book(book);
            let said = code.fit(&x, &y).unwrap().predict(&x).unwrap();
            let rows: Vec<usize> = serde_json::from_value(expected["rows"].clone()).unwrap();
            let said = codes(&said).select(Axis(0), &rows);
            case.array("predict", &said, &expected["predict"], tolerance);
            return;
        }
        macro_rules! compared {
            ($model:expr) => {{
                let model = $model;
                if expected["predict"].is_object() {
                    let said = codes(&model.predict(&x).unwrap());
                    case.array("predict", &said, &expected["predict"], tolerance);
                }
                if expected["decision"].is_object() {
                    let decision = model.decision_function(&x).unwrap();
                    case.array("decision", &decision, &expected["decision"], tolerance);
                }
                model
            }};
        }
        if value["data"]["kind"] == "rest" {
            let model = compared!(OneVsRestClassifier::new(base).fit(&x, &y).unwrap());
            if expected["proba"].is_object() {
                let proba = model.predict_proba(&x).unwrap();
                case.array("proba", &proba, &expected["proba"], tolerance);
            }
        } else {
            compared!(OneVsOneClassifier::new(base).fit(&x, &y).unwrap());
        }
    });
}

#[test]
fn multioutput() {
    Reference::read("multioutput").each(100, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let settings = &value["settings"];
        let kind = value["data"]["kind"].as_str().unwrap();
        let order: Option<Vec<usize>> = serde_json::from_value(settings["order"].clone()).unwrap();
        let cv = settings["cv"].as_u64().map(|cv| cv as usize);
        if kind.starts_with("regressor") {
            let x = matrix(&value["data"]);
            let (mut y, _) = targets(value["data"]["name"].as_str().unwrap());
            let last = (y.ncols() - 1) as f64;
            for (j, mut column) in y.columns_mut().into_iter().enumerate() {
                column.mapv_inplace(|v| v * (1.0 + j as f64 / last));
                column.scaled_add(0.1, &x.column(0));
            }
            let y = y.weighted(&Array1::ones(x.nrows()));
            let base: Line = match value["data"]["base"] == "line" {
                true => LinearRegression::new().boxed_regressor(),
                false => Ridge::new().boxed_regressor(),
            };
            let (predicted, score) = if kind == "regressor" {
                let model = MultiOutputRegressor::new(base).fit(&x, &y).unwrap();
                (model.predict(&x).unwrap(), model.score(&x, &y).unwrap())
            } else {
                let mut chain = RegressorChain::new(base);
                if let Some(order) = order {
                    chain = chain.order(order);
                }
                if let Some(cv) = cv {
                    chain = chain.cv(cv);
                }
                let model = chain.fit(&x, &y).unwrap();
                (model.predict(&x).unwrap(), model.score(&x, &y).unwrap())
            };
            case.array("predict", &predicted, &expected["predict"], tolerance);
            case.number("score", score, &expected["score"], tolerance);
            return;
        }
        let (x, y, w) = data(value, true);
        let y = y.to_ints().unwrap();
        let many = Array2::from_shape_fn((y.len(), 3), |(i, j)| {
            i64::from([y[i] > 0, x[[i, 0]] > 0.3, y[i] == 2][j])
        });
        if kind == "batches" {
            let many = LabelColumns::from(&many);
            macro_rules! small_steps {
                ($sgd:expr) => {
                    $sgd.with_param("shuffle", false)
                        .and_then(|sgd| sgd.with_param("alpha", 0.01))
                        .and_then(|sgd| sgd.with_param("learning_rate", "constant"))
                        .and_then(|sgd| sgd.with_param("eta0", 0.001))
                        .unwrap()
                };
            }
            let sgd = small_steps!(SgdClassifier::new().loss(SgdLoss::LogLoss));
            let p = x.ncols();
            let mut model = MultiOutputClassifier::new(sgd)
                .begin(many.columns(), |sgd, classes| sgd.begin::<f64>(p, classes))
                .unwrap();
            let mut line = MultiOutputRegressor::new(small_steps!(SgdRegressor::new()))
                .begin(2, |sgd| sgd.begin::<f64>(p))
                .unwrap();
            for rows in batches(x.nrows()) {
                let rows: Vec<usize> = rows.collect();
                let some_x = x.select(Axis(0), &rows);
                let some = Targets::select(&many, &rows).unwrap();
                model.partial_fit(&some_x, &some).unwrap();
                let real = some_x.select(Axis(1), &[1, 2]);
                line.partial_fit(&some_x, &real).unwrap();
            }
            let mut decision = Array2::zeros((x.nrows(), 3));
            for (mut column, model) in decision.columns_mut().into_iter().zip(model.estimators()) {
                column.assign(&model.decision_function(&x).unwrap().column(0));
            }
            case.array("decision", &decision, &expected["decision"], tolerance);
            let said = line.predict(&x).unwrap();
            case.array("predict", &said, &expected["predict"], tolerance);
            return;
        }
        let many = LabelColumns::from(&many).weighted(&w);
        let base = base(&value["data"]["base"]);
        let as_matrix = |said: &LabelColumns| {
            let columns: Vec<Array1<f64>> = said.columns().iter().map(codes).collect();
            Array2::from_shape_fn((said.len(), 3), |(i, j)| columns[j][i])
        };
        if kind == "classifier" {
            let model = MultiOutputClassifier::new(base).fit(&x, &many).unwrap();
            let said = as_matrix(&model.predict(&x).unwrap());
            case.array("predict", &said, &expected["predict"], tolerance);
            case.number(
                "score",
                model.score(&x, &many).unwrap(),
                &expected["score"],
                tolerance,
            );
            if expected["proba"].is_object() {
                let proba = model.predict_proba(&x).unwrap();
                let views: Vec<_> = proba.iter().map(|p| p.view()).collect();
                let proba = ndarray::concatenate(Axis(1), &views).unwrap();
                case.array("proba", &proba, &expected["proba"], tolerance);
            }
            return;
        }
        let mut chain = with(ClassifierChain::new(base), settings, &["order", "cv"]);
        if let Some(order) = order {
            chain = chain.order(order);
        }
        if let Some(cv) = cv {
            chain = chain.cv(cv);
        }
        let model = chain.fit(&x, &many).unwrap();
        let said = as_matrix(&model.predict(&x).unwrap());
        case.array("predict", &said, &expected["predict"], tolerance);
        case.number(
            "score",
            model.score(&x, &many).unwrap(),
            &expected["score"],
            tolerance,
        );
        if expected["proba"].is_object() {
            case.array(
                "proba",
                &model.predict_proba(&x).unwrap(),
                &expected["proba"],
                tolerance,
            );
        } else {
            let decision = model.decision_function(&x).unwrap();
            case.array("decision", &decision, &expected["decision"], tolerance);
        }
    });
}

#[test]
fn dependences() {
    Reference::read("partial_dependence").each(80, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let settings = &value["settings"];
        let found = if value["data"]["kind"] == "classifier" {
            let (x, y, w) = data(value, false);
            let model = base(&value["data"]["base"])
                .fit(&x, &y.weighted(&w))
                .unwrap();
            let method = serde_json::from_value(settings["response_method"].clone()).unwrap();
            let of = PartialDependence::new()
                .grid_resolution(6)
                .response_method(method);
            of.classifier(&model, &x, [1]).unwrap()
        } else {
            let x = matrix(&value["data"]);
            let (y, _) = targets(value["data"]["name"].as_str().unwrap());
            let model = Ridge::new().alpha(30.0).fit(&x, &y.column(0)).unwrap();
            let features: Vec<usize> =
                serde_json::from_value(settings["features"].clone()).unwrap();
            let mut of = PartialDependence::new().kind(match settings["kind"].as_str() {
                Some("individual") => PartialDependenceKind::Individual,
                Some("both") => PartialDependenceKind::Both,
                _ => PartialDependenceKind::Average,
            });
            if let Some(n) = settings["grid_resolution"].as_u64() {
                of = of.grid_resolution(n as usize);
            }
            if let Value::Array(p) = &settings["percentiles"] {
                of = of.percentiles(p[0].as_f64().unwrap(), p[1].as_f64().unwrap());
            }
            if let Value::Array(values) = &settings["custom"] {
                of = of.custom_values(features[0], values.iter().map(|v| v.as_f64().unwrap()));
            }
            if settings["categorical"].is_array() {
                of = of.categorical_features([0]);
            }
            if settings["weights"] == true {
                of = of.sample_weight(ramp(x.nrows()));
            }
            of.regressor(&model, &x, features).unwrap()
        };
        for (k, axis) in expected["grid"].as_array().unwrap().iter().enumerate() {
            let points = Array1::from(found.numbers(k).unwrap());
            case.array("grid", &points, axis, tolerance);
        }
        if expected["average"].is_object() {
            case.array(
                "average",
                found.average().unwrap(),
                &expected["average"],
                tolerance,
            );
        }
        if expected["individual"].is_object() {
            let curves = found
                .individual()
                .unwrap()
                .index_axis(Axis(0), 0)
                .to_owned();
            case.array("individual", &curves, &expected["individual"], tolerance);
        }
    });
}

#[test]
fn bags_of_all_rows() {
    Reference::read("bagging").each(80, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let settings = &value["settings"];
        if value["data"]["kind"] == "regressor" {
            let (x, y) = real(value);
            let y = y.target().to_owned();
            let bag = BaggingRegressor::new(Ridge::new().alpha(30.0)).bootstrap(false);
            let model = with(bag, settings, &[]).fit(&x, &y).unwrap();
            let said = model.predict(&x).unwrap();
            case.array("predict", &said, &expected["predict"], tolerance);
            let score = model.score(&x, &y).unwrap();
            case.number("score", score, &expected["score"], tolerance);
            return;
        }
        let (x, y, _) = data(value, true);
        macro_rules! compared {
            ($base:expr) => {{
                let bag = BaggingClassifier::new($base).bootstrap(false);
                let model = with(bag, settings, &[]).fit(&x, &y).unwrap();
                let proba = model.predict_proba(&x).unwrap();
                case.array("proba", &proba, &expected["proba"], tolerance);
                let score = model.score(&x, &y).unwrap();
                case.number("score", score, &expected["score"], tolerance);
                if expected["predict"].is_object() {
                    let said = codes(&model.predict(&x).unwrap());
                    case.array("predict", &said, &expected["predict"], tolerance);
                    let decision = model.decision_function(&x).unwrap();
                    case.array("decision", &decision, &expected["decision"], tolerance);
                }
            }};
        }
        match value["data"]["base"] == "ridge" {
            true => compared!(RidgeClassifier::new()),
            false => compared!(near(7)),
        }
    });
}

#[test]
fn importances() {
    Reference::read("permutation_importance").each(35, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let (x, y) = real(value);
        let some: Vec<usize> = (0..x.nrows().min(60)).collect();
        let mut x = x
            .select(Axis(0), &some)
            .slice(s![.., ..x.ncols().min(4)])
            .to_owned();
        x.push_column(Array1::from_elem(x.nrows(), 1.5).view())
            .unwrap();
        let w = match value["data"]["weights"] == true {
            true => ramp(x.nrows()),
            false => Array1::ones(x.nrows()),
        };
        let y = y.target().select(Axis(0), &some).weighted(&w);
        let model = Ridge::new().alpha(3.0).fit(&x, &y).unwrap();
        let repeats = value["settings"]["n_repeats"].as_u64().unwrap() as usize;
        let run = PermutationImportance::new().n_repeats(repeats);
        let found = match value["settings"]["scoring"] == "r2" {
            true => run.run(&model, &x, &y, &[&R2::new()]),
            false => run.run(&model, &x, &y, &[&NegMeanAbsoluteError]),
        };
        let found = &found.unwrap()[0];
        let exact =
            serde_json::json!({"absolute": 1e-10, "relative": 1e-10, "why": "a direct solve, its sums in another order"});
        case.number("baseline", found.baseline(), &expected["baseline"], &exact);
        case.array("mean", &found.mean(), &expected["mean"], tolerance);
        case.array("std", &found.std(), &expected["std"], &value["spread"]);
        let constant = found
            .importances()
            .row(x.ncols() - 1)
            .slice(s![..5])
            .to_owned();
        case.array("constant", &constant, &expected["constant"], &exact);
    });
}
