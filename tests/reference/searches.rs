//! Searches: several scores, lists of grids, rules, failures, successive halving.

use fitwell::linear_model::Ridge;
use fitwell::metrics::Average;
use fitwell::model_selection::*;
use fitwell::neighbors::{KNeighborsClassifier, KNeighborsRegressor};
use fitwell::params::{Hyperparameters, Value};
use fitwell::prelude::*;
use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::compare::{Case, Reference, numbers};
use crate::data::{classes, features, targets};

fn grids(settings: &Value) -> ParamGrid {
    let one = |settings: &Value| {
        let entries = settings.as_object().unwrap().iter();
        entries.fold(ParamGrid::new(), |grid, (name, values)| {
            grid.with(name, values.as_array().unwrap().clone())
        })
    };
    match settings {
        Value::Array(all) => all.iter().map(one).reduce(ParamGrid::or).unwrap(),
        single => one(single),
    }
}

fn refit(refit: &Value) -> Refit {
    match refit {
        Value::String(name) => name.as_str().into(),
        rule => {
            let greatest = rule["greatest"].as_str().unwrap().to_string();
            Refit::one_standard_error(move |params| -params[&greatest].as_f64().unwrap())
        }
    }
}

/// Parameters as scikit-learn holds them: a number is a number, whole or not.
fn same_params(case: &mut Case, results: &SearchResults, expected: &Value) {
    let theirs = expected["params"].as_array().unwrap();
    case.same(
        "number of candidates",
        &results.candidates().len(),
        &theirs.len(),
    );
    for (candidate, theirs) in results.candidates().iter().zip(theirs) {
        let theirs = theirs.as_object().unwrap();
        let same = candidate.params().len() == theirs.len()
            && candidate.params().iter().all(|(name, ours)| {
                match (ours.as_f64(), theirs[name].as_f64()) {
                    (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
                    _ => *ours == theirs[name],
                }
            });
        case.same(&format!("{:?}", candidate.params()), &same, &true);
    }
}

fn compare_scores(case: &mut Case, results: &SearchResults, value: &Value) {
    let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
    same_params(case, results, expected);
    for scorer in results.scorers() {
        let of = |part: &str| &expected[&format!("{part}_{scorer}")];
        let test = results.test_scores(scorer).unwrap();
        let train = results.train_scores(scorer).unwrap().unwrap();
        for (side, scores) in [("test", &test), ("train", &train)] {
            let splits = of(&format!("split_{side}")).as_array().unwrap();
            for (split, theirs) in scores.columns().into_iter().zip(splits) {
                case.numbers("a split", &split.to_vec(), theirs, tolerance);
            }
            let mean: Vec<f64> = scores
                .rows()
                .into_iter()
                .map(|r| r.mean().unwrap())
                .collect();
            case.numbers("means", &mean, of(&format!("mean_{side}")), tolerance);
        }
        let deviations = results.std_test_scores(scorer).unwrap();
        case.numbers("deviations", &deviations, of("std_test"), tolerance);
        case.numbers(
            "means",
            &results.mean_test_scores(scorer).unwrap(),
            of("mean_test"),
            tolerance,
        );
        let ranks: Vec<u32> = results
            .ranks(scorer)
            .unwrap()
            .into_iter()
            .map(|r| r as u32)
            .collect();
        let theirs: Vec<u32> = numbers(of("rank")).into_iter().map(|r| r as u32).collect();
        case.same("ranks", &ranks, &theirs);
    }
    let best = expected["best"].as_u64().unwrap() as usize;
    case.same("best", &results.best_index(), &best);
}

#[test]
fn several_scores() {
    Reference::read("searches").each(400, |value, case| {
        let data = &value["data"];
        let (name, folds) = (
            data["name"].as_str().unwrap(),
            data["folds"].as_u64().unwrap() as usize,
        );
        let (x, grid) = (features(name), grids(&value["settings"]));
        let error_score = match data["failures"] == true {
            true => ErrorScore::Value(f64::NAN),
            false => ErrorScore::Raise,
        };
        macro_rules! search {
            ($estimator:expr, $scorers:expr, $y:expr) => {
                GridSearchCv::new($estimator, grid)
                    .cv(folds)
                    .scoring($scorers)
                    .refit(refit(&data["refit"]))
                    .error_score(error_score)
                    .return_train_score(true)
                    .search(&x, $y)
                    .unwrap()
            };
        }
        let results = match data["estimator"] == "ridge" {
            true => {
                let scorers = (R2::new(), NegMeanAbsoluteError, NegMeanSquaredError);
                search!(Ridge::new(), scorers, &targets(name).0.column(0))
            }
            false => {
                let scorers = (Accuracy, F1::new().average(Average::Macro));
                search!(KNeighborsClassifier::new(), scorers, &classes(name))
            }
        };
        compare_scores(case, &results, value);
    });
}

/// Predicts a constant, whatever the rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Constant {
    constant: f64,
}

struct FittedConstant(f64);

impl Hyperparameters for Constant {
    const NAME: &'static str = "Constant";
    fn check(&self) -> Result<()> {
        Ok(())
    }
}

macro_rules! fitted_on {
    ($target:ty) => {
        impl Estimator<ArrayRef2<f64>, $target> for Constant {
            type Fitted = FittedConstant;
            fn fit(&self, _: &ArrayRef2<f64>, _: &$target) -> Result<FittedConstant> {
                Ok(FittedConstant(self.constant))
            }
        }
    };
}
fitted_on!(ArrayRef1<f64>);
fitted_on!(Labels);

impl Score<ArrayRef2<f64>, ArrayRef1<f64>> for FittedConstant {
    fn score(&self, _: &ArrayRef2<f64>, y: &ArrayRef1<f64>) -> Result<f64> {
        Ok(-y.iter().map(|v| (v - self.0).powi(2)).sum::<f64>())
    }
}

impl Score<ArrayRef2<f64>, Labels> for FittedConstant {
    fn score(&self, _: &ArrayRef2<f64>, y: &Labels) -> Result<f64> {
        Ok(y.codes()
            .iter()
            .filter(|&&c| f64::from(c) == self.0)
            .count() as f64)
    }
}

fn compare_schedule(case: &mut Case, schedule: &HalvingSchedule, expected: &Value) {
    let list = |name: &str| -> Vec<usize> {
        numbers(&expected[name])
            .into_iter()
            .map(|v| v as usize)
            .collect()
    };
    case.same(
        "candidates",
        &schedule.n_candidates().to_vec(),
        &list("n_candidates"),
    );
    case.same(
        "resources",
        &schedule.n_resources().to_vec(),
        &list("n_resources"),
    );
    let number = |name: &str| expected[name].as_u64().unwrap() as usize;
    case.same(
        "iterations",
        &schedule.n_iterations(),
        &number("n_iterations"),
    );
    case.same(
        "required",
        &schedule.n_required_iterations(),
        &number("n_required"),
    );
    case.same(
        "possible",
        &schedule.n_possible_iterations(),
        &number("n_possible"),
    );
    case.same(
        "remaining",
        &schedule.n_remaining_candidates(),
        &number("n_remaining"),
    );
    case.same("least", &schedule.min_resources(), &number("min_resources"));
    case.same("most", &schedule.max_resources(), &number("max_resources"));
}

/// The settings of a case, on a search over a grid or over random candidates.
macro_rules! set {
    ($search:expr, $settings:expr) => {{
        let (mut search, settings) = ($search, $settings);
        for (name, value) in settings.as_object().unwrap() {
            search = match (name.as_str(), value) {
                ("factor", v) => search.factor(v.as_f64().unwrap()),
                ("max_resources", v) => search.max_resources(v.as_u64().unwrap() as usize),
                ("aggressive_elimination", v) => search.aggressive_elimination(v == true),
                ("min_resources", Value::String(v)) if v == "exhaust" => {
                    search.min_resources(MinResources::Exhaust)
                }
                ("min_resources", Value::String(_)) => search.min_resources(MinResources::Smallest),
                ("min_resources", v) => {
                    search.min_resources(MinResources::Exactly(v.as_u64().unwrap() as usize))
                }
                ("n_candidates" | "random", _) => search,
                other => panic!("{other:?}"),
            };
        }
        search
    }};
}

#[test]
fn successive_halving() {
    Reference::read("halving").each(500, |value, case| {
        let (data, settings, expected) = (&value["data"], &value["settings"], &value["expected"]);
        let folds = data["folds"].as_u64().unwrap() as usize;
        if let Some(name) = data["name"].as_str() {
            let grid = ParamGrid::new()
                .with("p", [1, 2, 3])
                .with("weights", ["uniform", "distance"]);
            let resource = Resource::Parameter("n_neighbors".into());
            let x = features(name);
            let results = match name {
                "diabetes" => {
                    let search =
                        HalvingGridSearchCv::new(KNeighborsRegressor::new(), grid).cv(folds);
                    set!(search, settings)
                        .resource(resource)
                        .search(&x, &targets(name).0.column(0))
                }
                _ => {
                    let search =
                        HalvingGridSearchCv::new(KNeighborsClassifier::new(), grid).cv(folds);
                    set!(search, settings)
                        .resource(resource)
                        .search(&x, &classes(name))
                }
            };
            let results = results.unwrap();
            compare_schedule(case, results.schedule().unwrap(), expected);
            same_params(case, &results, expected);
            let tolerance = &value["tolerance"];
            let all = results.candidates();
            let means: Vec<f64> = all.iter().map(CandidateResult::mean_test_score).collect();
            case.numbers("means", &means, &expected["mean"], tolerance);
            let deviations: Vec<f64> = all.iter().map(CandidateResult::std_test_score).collect();
            case.numbers("deviations", &deviations, &expected["std"], tolerance);
            let train: Vec<f64> = all
                .iter()
                .map(|c| Array1::from(c.train_scores().unwrap()).mean().unwrap())
                .collect();
            case.numbers("train means", &train, &expected["train"], tolerance);
            for (what, ours) in [
                ("rank", all.iter().map(|c| c.rank()).collect::<Vec<_>>()),
                ("iter", all.iter().map(|c| c.iteration().unwrap()).collect()),
                (
                    "resources",
                    all.iter().map(|c| c.n_resources().unwrap()).collect(),
                ),
            ] {
                let theirs: Vec<usize> = numbers(&expected[what])
                    .into_iter()
                    .map(|v| v as usize)
                    .collect();
                case.same(what, &ours, &theirs);
            }
            case.same(
                "best",
                &results.best_index(),
                &(expected["best"].as_u64().unwrap() as usize),
            );
            return;
        }
        let count = |name: &str| data[name].as_u64().unwrap() as usize;
        let (n, n_classes, n_candidates) = (count("rows"), count("classes"), count("candidates"));
        let x = Array2::from_shape_fn((n, 1), |(i, _)| i as f64);
        let y = Array1::from_shape_fn(n, |i| i as f64);
        let constants = (0..n_candidates).map(|i| i as f64);
        let results = if settings["random"] == true {
            let space = ParamDistributions::new().with(
                "constant",
                Draw::list(constants.chain((0..2 * n_candidates).map(|i| i as f64))),
            );
            let search = HalvingRandomSearchCv::new(Constant::default(), space).cv(folds);
            let search = match settings["n_candidates"].as_u64() {
                Some(n) => search.n_candidates(NCandidates::Exactly(n as usize)),
                None => search,
            };
            set!(search, settings).search(&x, &y)
        } else {
            let grid = ParamGrid::new().with(
                "constant",
                constants.map(|c| {
                    if n_classes > 0 {
                        c % n_classes as f64
                    } else {
                        c
                    }
                }),
            );
            let search = set!(
                HalvingGridSearchCv::new(Constant::default(), grid).cv(folds),
                settings
            );
            match n_classes {
                0 => search.search(&x, &y),
                k => search.search(&x, &(0..n).map(|i| i % k).collect::<Labels>()),
            }
        };
        compare_schedule(case, results.unwrap().schedule().unwrap(), expected);
    });
}
