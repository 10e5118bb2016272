//! Folds, cross-validation, grid search.

use fitwell::datasets::{load_diabetes, load_penguins, load_titanic};
use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::metrics::Average;
use fitwell::model_selection::*;
use fitwell::pipeline::{ColumnTransformer, pipeline};
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use serde_json::Value;

use crate::compare::{Case, Reference, letters, numbers};
use crate::data::{classes, features, targets};
use crate::preprocessing::{penguins_transformer, titanic_transformer};

#[test]
fn folds() {
    Reference::read("splits").each(27, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let n_splits = value["settings"]["n_splits"].as_u64().unwrap() as usize;
        if let Some(n) = data["n"].as_u64() {
            let splits = KFold::new()
                .n_splits(n_splits)
                .split(n as usize, &())
                .unwrap();
            return fold_of_each_row(case, n as usize, &splits, &expected["k_fold"]);
        }
        let y: Labels = match data["target"].as_str() {
            Some("penguins") => classes("penguins"),
            Some(name) => classes(name),
            None => letters(&data["labels"])
                .into_iter()
                .map(|v| v as i64)
                .collect::<Vec<_>>()
                .into(),
        };
        let cv = StratifiedKFold::new().n_splits(n_splits);
        let splits = cv.split(y.len(), &y).unwrap();
        fold_of_each_row(case, y.len(), &splits, &expected["stratified"]);
    });
}

fn fold_of_each_row(case: &mut Case, n: usize, splits: &[Split], expected: &Value) {
    let mut fold = vec![usize::MAX; n];
    for (k, split) in splits.iter().enumerate() {
        assert_eq!(split.train.len() + split.test.len(), n);
        split.test.iter().for_each(|&row| fold[row] = k);
        assert!(split.train.iter().all(|&row| fold[row] != k));
        assert!(split.train.is_sorted() && split.test.is_sorted());
    }
    case.same("fold of each row", &fold, &letters(expected));
}

/// The grid of a case, in scikit-learn's order of candidates: the last name, sorted, runs quickest.
fn grid(settings: &Value) -> ParamGrid {
    let mut grid = ParamGrid::new();
    for (name, values) in settings.as_object().unwrap() {
        grid = grid.with(name, values.as_array().unwrap().clone());
    }
    grid
}

/// Every candidate: parameters, scores of the folds, mean, deviation, rank; and the best.
fn compare_search(case: &mut Case, results: &SearchResults, value: &Value) {
    let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
    let candidates = expected["params"].as_array().unwrap();
    case.same("candidates", &results.candidates().len(), &candidates.len());
    // Candidates are matched by their parameters.
    let ours = |params: &Value| {
        let wanted = params.as_object().unwrap();
        let found = results
            .candidates()
            .iter()
            .find(|c| c.params().iter().all(|(k, v)| same_value(v, &wanted[k])));
        found.unwrap_or_else(|| panic!("no candidate {params}"))
    };
    let in_order: Vec<&CandidateResult> = candidates.iter().map(ours).collect();
    let means: Vec<f64> = in_order.iter().map(|c| c.mean_test_score()).collect();
    case.numbers("means", &means, &expected["mean"], tolerance);
    let deviations: Vec<f64> = in_order.iter().map(|c| c.std_test_score()).collect();
    case.numbers("deviations", &deviations, &expected["std"], tolerance);
    let ranks: Vec<usize> = in_order.iter().map(|c| c.rank()).collect();
    let theirs: Vec<usize> = numbers(&expected["rank"])
        .iter()
        .map(|&r| r as usize)
        .collect();
    case.same("ranks", &ranks, &theirs);
    let best = candidates[expected["best"].as_u64().unwrap() as usize].clone();
    case.same("best", &std::ptr::eq(ours(&best), results.best()), &true);
    if let Value::Array(splits) = &expected["splits"] {
        for (candidate, scores) in in_order.iter().zip(splits) {
            case.numbers(
                "scores of the folds",
                &candidate.test_scores(),
                scores,
                tolerance,
            );
        }
    }
}

fn same_value(ours: &Value, theirs: &Value) -> bool {
    match (ours.as_f64(), theirs.as_f64()) {
        (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
        _ => ours == theirs,
    }
}

#[test]
fn searches_and_cross_validation() {
    Reference::read("pipeline_search").each(110, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let folds = data["folds"].as_u64().unwrap() as usize;
        if let Some(name) = data["cross_validate"].as_str() {
            let (x, (y, single)) = (features(name), targets(name));
            let cv = CrossValidate::new()
                .cv(KFold::new().n_splits(folds))
                .return_train_score(true);
            let (r2, mae) = (R2::new(), NegMeanAbsoluteError);
            let scores = match single {
                true => cv
                    .run(&Ridge::new(), &x, &y.column(0).to_owned(), &[&r2, &mae])
                    .unwrap(),
                false => cv.run(&Ridge::new(), &x, &y, &[&r2, &mae]).unwrap(),
            };
            for scorer in ["r2", "neg_mean_absolute_error"] {
                let test = scores.test_scores(scorer).unwrap().to_vec();
                case.numbers(
                    "test",
                    &test,
                    &expected[&format!("test_{scorer}")],
                    tolerance,
                );
                let train = scores.train_scores(scorer).unwrap().unwrap().to_vec();
                case.numbers(
                    "train",
                    &train,
                    &expected[&format!("train_{scorer}")],
                    tolerance,
                );
            }
        } else if data["name"] == "diabetes" {
            let diabetes = load_diabetes().unwrap();
            let search = GridSearchCv::new(Ridge::new(), grid(&value["settings"]))
                .cv(KFold::new().n_splits(folds));
            let (x, y) = (&diabetes.x, &diabetes.target);
            let results = match data["scoring"].as_str().unwrap() {
                "r2" => search.scoring(R2::new()).search(x, y),
                "neg_mean_squared_error" => search.scoring(NegMeanSquaredError).search(x, y),
                _ => search.scoring(NegMeanAbsoluteError).search(x, y),
            };
            compare_search(case, &results.unwrap(), value);
        } else {
            let classifier = || LogisticRegression::new().tol(1e-9).max_iter(5000);
            let cv = StratifiedKFold::new().n_splits(folds);
            macro_rules! compare {
                ($table:expr, $target:expr, $transformer:expr) => {{
                    let table = $table;
                    let (_, y) = table.split_labels($target).unwrap();
                    let pipe = pipeline("prep", $transformer).then("clf", classifier());
                    let search = GridSearchCv::new(pipe, grid(&value["settings"])).cv(cv);
                    macro_rules! with {
                        ($scoring:expr) => {{
                            let found = search.scoring($scoring).fit(&table, &y).unwrap();
                            compare_search(case, found.results(), value);
                            let refitted =
                                Scorer::score(&$scoring, found.best_estimator(), &table, &y)
                                    .unwrap();
                            case.number("refitted", refitted, &expected["refitted"], tolerance);
                        }};
                    }
                    match data["scoring"].as_str().unwrap() {
                        "accuracy" => with!(Accuracy),
                        "neg_log_loss" => with!(NegLogLoss),
                        "roc_auc" => with!(RocAuc::new()),
                        "f1" => with!(F1::new()),
                        _ => with!(F1::new().average(Average::Macro)),
                    }
                }};
            }
            match data["table"].as_str().unwrap() {
                "titanic" => compare!(load_titanic().unwrap(), "survived", titanic_transformer!()),
                _ => compare!(load_penguins().unwrap(), "species", penguins_transformer!()),
            }
        }
    });
}
