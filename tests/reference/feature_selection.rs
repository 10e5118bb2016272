//! Choosing features, and the tail probabilities it rests on.

use fitwell::feature_selection::*;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model_selection::{DefaultScore, NegLogLoss, NegMeanSquaredError};
use fitwell::prelude::*;
use fitwell::special;
use ndarray::{Array1, Array2, ArrayRef1};
use serde_json::Value;

use crate::compare::{Case, Reference, letters, number, numbers, texts};
use crate::data::{classes, matrix, targets, weights};

#[test]
fn tails_of_distributions() {
    Reference::read("special").each(5, |value, case| {
        let (data, expected) = (&value["data"], &value["expected"]);
        let function: fn(&[f64]) -> f64 = match data["name"].as_str().unwrap() {
            "f_sf" => |a| special::f_sf(a[0], a[1], a[2]),
            "chi2_sf" => |a| special::chi2_sf(a[0], a[1]),
            "normal_sf" => |a| special::normal_sf(a[0]),
            "t_two_sided" => |a| special::t_two_sided(a[0], a[1]),
            "digamma" => |a| special::digamma(a[0]),
            other => panic!("no function {other}"),
        };
        let arguments = data["arguments"].as_array().unwrap();
        let ours: Vec<f64> = arguments.iter().map(|a| function(&numbers(a))).collect();
        case.numbers("values", &ours, &expected["values"], &value["tolerance"]);
    });
}

/// The samples of a case: by name, by value, or by a formula without ties.
fn samples(data: &Value) -> Array2<f64> {
    let Some(n) = data["smooth"].as_u64() else {
        return matrix(data);
    };
    let n = n as usize;
    let mut x = Array2::from_shape_fn((n, 4), |(i, j)| {
        let i = i as f64;
        match j {
            0 => (i * i).sin(),
            1 => (1.7 * i).cos(),
            2 => (0.3 * i).sin().powi(3),
            _ => i % 7.0 + (5.0 * i).sin() / 3.0,
        }
    });
    if n == 301 {
        x.column_mut(3)
            .iter_mut()
            .skip(1)
            .step_by(2)
            .for_each(|v| *v += 30.0);
    }
    if let Value::Array(columns) = &data["rounded"] {
        for j in columns {
            let mut column = x.column_mut(j.as_u64().unwrap() as usize);
            column.mapv_inplace(f64::round_ties_even);
        }
    }
    x
}

fn labels(data: &Value) -> Labels {
    if let Some(n) = data["smooth"].as_u64() {
        let code = |i: u64| {
            let i = i as f64;
            let (a, b) = ((i * i).sin(), (1.7 * i).cos());
            i64::from(a + 0.3 * b > 0.2) + i64::from(a > 0.7)
        };
        return (0..n).map(code).collect();
    }
    match &data["codes"] {
        Value::Array(codes) => codes.iter().map(|c| c.as_i64().unwrap()).collect(),
        _ => classes(data["name"].as_str().unwrap()),
    }
}

fn real(data: &Value) -> Array1<f64> {
    if let Some(n) = data["smooth"].as_u64() {
        let value = |i: u64| {
            let i = i as f64;
            (i * i).sin().powi(2) + 0.5 * (1.7 * i).cos() + 0.1 * (9.0 * i).sin()
        };
        return (0..n).map(value).collect();
    }
    if let Value::Array(values) = &data["reals"] {
        return values.iter().map(number).collect();
    }
    let name = data["name"].as_str().unwrap();
    let (columns, _) = targets(name.strip_suffix("_raw").unwrap_or(name));
    columns.column(0).to_owned()
}

/// With the case's settings, by name.
fn set<T: Params>(plain: T, settings: &Value) -> T {
    let each = settings.as_object().unwrap().iter();
    each.fold(plain, |new, (name, value)| {
        new.with_value(name, value.clone()).unwrap()
    })
}

fn scored(case: &mut Case, value: &Value, found: &FeatureScores) {
    let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
    let scores = found.scores().to_vec();
    case.numbers("scores", &scores, &expected["scores"], tolerance);
    match found.pvalues() {
        Some(p) => case.numbers("p-values", &p.to_vec(), &expected["pvalues"], tolerance),
        None => assert!(expected["pvalues"].is_null()),
    }
}

fn score_functions(value: &Value, case: &mut Case) {
    type Real = ArrayRef1<f64>;
    let (data, settings) = (&value["data"], &value["settings"]);
    let x = samples(data);
    macro_rules! of_classes {
        ($function:expr) => {
            set($function, settings).score_features(&x, &labels(data))
        };
    }
    macro_rules! of_real {
        ($function:expr) => {
            ScoreFunction::<f64, Real>::score_features(&set($function, settings), &x, &real(data))
        };
    }
    let found = match data["function"].as_str().unwrap() {
        "f_classif" => of_classes!(FClassif),
        "chi2" => of_classes!(Chi2),
        "mutual_info_classif" => of_classes!(MutualInfoClassif::new()),
        "f_regression" => of_real!(FRegression::new()),
        "r_regression" => of_real!(RRegression::new()),
        "mutual_info_regression" => of_real!(MutualInfoRegression::new()),
        other => panic!("no function {other}"),
    };
    scored(case, value, &found.unwrap());
}

#[test]
fn scores_of_features() {
    Reference::read("feature_scores").each(60, score_functions);
}

#[test]
fn mutual_information() {
    Reference::read("mutual_info").each(40, score_functions);
}

/// Compares what every fitted selector has.
macro_rules! selected {
    ($case:ident, $value:ident, $x:ident, $model:ident) => {{
        let (expected, tolerance) = (&$value["expected"], &$value["tolerance"]);
        let support: Vec<usize> = $model.support().iter().map(|&s| usize::from(s)).collect();
        $case.same("support", &support, &letters(&expected["support"]));
        let z = $model.transform(&$x).unwrap();
        $case.same("width", &z.ncols(), &$model.support_indices().len());
        if !expected["transform"].is_null() {
            $case.array("transform", &z, &expected["transform"], tolerance);
        }
        if !expected["inverse"].is_null() {
            let back = $model.inverse_transform(&z).unwrap();
            $case.array("inverse", &back, &expected["inverse"], tolerance);
        }
        if !expected["names"].is_null() {
            let names = $model.feature_names_out(None).unwrap();
            $case.same("names", &names, &texts(&expected["names"]));
        }
    }};
}

#[test]
fn selectors_by_variance_and_score() {
    Reference::read("feature_selectors").each(1000, |value, case| {
        let (data, settings) = (&value["data"], &value["settings"]);
        let x = samples(data);
        if data["selector"] == "VarianceThreshold" {
            let model = set(VarianceThreshold::new(), settings)
                .fit(&x, &())
                .unwrap();
            selected!(case, value, x, model);
            return;
        }
        macro_rules! univariate {
            ($selector:ident) => {
                match data["function"].as_str().unwrap() {
                    "f_classif" => {
                        let model = set($selector::new(), settings).fit(&x, &labels(data));
                        let model = model.unwrap();
                        selected!(case, value, x, model)
                    }
                    "chi2" => {
                        let select = set($selector::new().score_func(Chi2), settings);
                        let model = select.fit(&x, &labels(data)).unwrap();
                        selected!(case, value, x, model)
                    }
                    _ => {
                        let select = $selector::new().score_func(FRegression::new());
                        let model = set(select, settings).fit(&x, &real(data)).unwrap();
                        selected!(case, value, x, model)
                    }
                }
            };
        }
        match data["selector"].as_str().unwrap() {
            "SelectKBest" => univariate!(SelectKBest),
            "SelectPercentile" => univariate!(SelectPercentile),
            "SelectFpr" => univariate!(SelectFpr),
            "SelectFdr" => univariate!(SelectFdr),
            "SelectFwe" => univariate!(SelectFwe),
            _ => univariate!(GenericUnivariateSelect),
        }
    });
}

/// scikit-learn's threshold of minus infinity, and orders, as we write them.
fn numbered(settings: &Value) -> Value {
    let mut settings = settings.clone();
    if let Some(order) = settings.get_mut("norm_order")
        && let Some(whole) = order.as_f64()
    {
        *order = whole.into();
    }
    settings
}

macro_rules! by_model {
    ($case:ident, $value:ident, $x:ident, $y:expr, $weighted:expr, $estimator:expr, $loss:expr) => {{
        let (data, settings) = (&$value["data"], &numbered(&$value["settings"]));
        let (expected, tolerance) = (&$value["expected"], &$value["tolerance"]);
        let (x, y) = (&$x, $y);
        macro_rules! fitted {
            ($selector:expr) => {{
                let selector = set($selector, settings);
                match weights(data, x.nrows()) {
                    Some(w) => selector.fit(x, &$weighted(y, &w)).unwrap(),
                    None => selector.fit(x, y).unwrap(),
                }
            }};
        }
        let ranks = |case: &mut Case, ours: &[usize]| {
            let expected = numbers(&expected["ranking"]);
            let ours: Vec<f64> = ours.iter().map(|&r| r as f64).collect();
            case.same("ranking", &ours, &expected);
        };
        match data["selector"].as_str().unwrap() {
            "SelectFromModel" => {
                let model = fitted!(SelectFromModel::new($estimator));
                selected!($case, $value, $x, model);
                let threshold = model.threshold();
                $case.number("threshold", threshold, &expected["threshold"], tolerance);
            }
            "Rfe" => {
                let model = fitted!(Rfe::new($estimator));
                selected!($case, $value, $x, model);
                ranks($case, model.ranking());
                let score = model.score(x, y).unwrap();
                $case.number("score", score, &expected["score"], tolerance);
            }
            "RfeCv" => {
                let cv = data["cv"].as_u64().unwrap() as usize;
                let search = set(RfeCv::new($estimator).cv(cv), settings);
                macro_rules! compare {
                    ($model:expr) => {{
                        let model = $model.unwrap();
                        selected!($case, $value, $x, model);
                        ranks($case, model.ranking());
                        let results = model.cv_results();
                        let n: Vec<f64> = results.n_features().iter().map(|&n| n as f64).collect();
                        $case.same("n_features", &n, &numbers(&expected["n_features"]));
                        let mean = results.mean_test_score().to_vec();
                        $case.numbers("mean", &mean, &expected["mean"], tolerance);
                        let std = results.std_test_score().to_vec();
                        $case.numbers("std", &std, &expected["std"], tolerance);
                        let split = results.test_scores().row(1).to_vec();
                        $case.numbers("split", &split, &expected["split"], tolerance);
                        let ranking = results.ranking(1).unwrap().mapv(|r| r as f64);
                        let ranking: Vec<f64> = ranking.iter().copied().collect();
                        $case.same(
                            "ranking of a split",
                            &ranking,
                            &numbers(&expected["split_ranking"]),
                        );
                    }};
                }
                if data["scoring"].is_null() {
                    compare!(search.fit(x, y))
                } else {
                    compare!(search.scoring($loss).fit(x, y))
                }
            }
            _ => {
                let search = set(SequentialFeatureSelector::new($estimator), settings);
                let model = match &data["scoring"] {
                    Value::Null => search.scoring(DefaultScore).fit(x, y),
                    _ => search.scoring($loss).cv(4).fit(x, y),
                };
                let model = model.unwrap();
                selected!($case, $value, $x, model);
            }
        }
    }};
}

#[test]
fn selectors_by_model() {
    Reference::read("model_selectors").each(600, |value, case| {
        let data = &value["data"];
        let x = samples(data);
        if data["real"] == true {
            let y = real(data);
            let weighted = |y: &Array1<f64>, w: &Array1<f64>| y.weighted(w);
            let ridge = Ridge::new().alpha(0.1);
            by_model!(case, value, x, &y, weighted, ridge, NegMeanSquaredError);
        } else {
            let y = labels(data);
            let weighted = |y: &Labels, w: &Array1<f64>| y.weighted(w);
            let logistic = LogisticRegression::new().c(0.5).tol(1e-8).max_iter(5000);
            by_model!(case, value, x, &y, weighted, logistic, NegLogLoss);
        }
    });
}
