//! Imputation, and Bayesian ridge regression, which iterative imputation uses.

use fitwell::datasets::{load_penguins, load_titanic};
use fitwell::impute::{IterativeImputer, KnnImputer, MissingIndicator, SimpleImputer};
use fitwell::linear_model::{BayesianRidge, Ridge};
use fitwell::prelude::*;
use fitwell::table::{Column, Columns};
use ndarray::{Array1, Array2, arr1, s};
use serde_json::{Value, json};

use crate::compare::{Case, Reference, number, numbers, texts};
use crate::data::{classes, matrix, targets, weights};

fn set<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

#[test]
fn bayesian_ridge() {
    Reference::read("bayesian_ridge").each(580, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let x = matrix(data);
        let y: Array1<f64> = match data["target"].as_str() {
            Some("iris") => classes("iris").to_ints().unwrap().mapv(|v| v as f64),
            Some(target) => targets(target).0.column(0).to_owned(),
            None => Array1::from(numbers(&data["y"])),
        };
        let estimator = set(BayesianRidge::new(), &value["settings"]);
        let model = match weights(data, x.nrows()) {
            Some(w) => estimator.fit(&x, &y.weighted(&w)).unwrap(),
            None => estimator.fit(&x, &y).unwrap(),
        };
        case.same(
            "n_iter",
            &model.n_iter(),
            &(number(&expected["n_iter"]) as usize),
        );
        case.array("coef", &model.coef(), &expected["coef"], tolerance);
        case.array("sigma", &model.sigma(), &expected["sigma"], tolerance);
        for (what, ours) in [
            ("intercept", model.intercept()),
            ("alpha", model.alpha()),
            ("lambda", model.lambda()),
        ] {
            case.number(what, ours, &expected[what], tolerance);
        }
        let (mean, std) = model.predict_std(&x).unwrap();
        case.array("predict", &mean, &expected["predict"], tolerance);
        case.array("std", &std, &expected["std"], tolerance);
        if !expected["score"].is_null() {
            let score = model.score(&x, &y).unwrap();
            case.number("score", score, &expected["score"], tolerance);
        }
        if !expected["scores"].is_null() {
            let ours = arr1(model.scores());
            case.array("scores", &ours, &expected["scores"], tolerance);
        }
    });
}

/// The rows at fit and the rows to transform: those that the case holds, or the first two thirds and all of a data set.
fn two_parts(data: &Value) -> (Array2<f64>, Array2<f64>) {
    let mut x = matrix(data);
    if data["other"].is_array() {
        return (x, matrix(&json!({"values": data["other"]})));
    }
    if data["coded"] == true {
        x.mapv_inplace(|v| if v.is_nan() { -12345.0 } else { v });
    }
    (x.slice(s![..2 * x.nrows() / 3, ..]).to_owned(), x)
}

fn positions(value: &Value) -> Vec<usize> {
    numbers(value).iter().map(|&v| v as usize).collect()
}

fn names<M: FeatureNamesOut>(case: &mut Case, model: &M, expected: &Value) {
    let ours = model.feature_names_out(None).unwrap();
    case.same("names", &ours, &texts(&expected["names"]));
}

/// scikit-learn's fill value, and its functions, are part of our strategy.
fn simple(settings: &Value) -> SimpleImputer {
    let mut imputer = SimpleImputer::new();
    for (name, setting) in settings.as_object().unwrap() {
        imputer = match (name.as_str(), setting.as_str()) {
            ("strategy", Some("constant")) => {
                let fill = &settings["fill_value"];
                imputer
                    .with_value("strategy", json!({ "constant": fill }))
                    .unwrap()
            }
            ("custom", Some(name)) => {
                let smallest = |v: &[f64]| v.iter().copied().fold(f64::INFINITY, f64::min);
                let largest = |v: &[f64]| v.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                match name {
                    "max" => SimpleImputer::custom(name, largest),
                    "range" => SimpleImputer::custom(name, move |v| largest(v) - smallest(v)),
                    _ => SimpleImputer::custom(name, |v| {
                        let mut v = v.to_vec();
                        v.sort_by(f64::total_cmp);
                        v[(v.len() - 1) / 4]
                    }),
                }
            }
            ("fill_value", _) => imputer,
            _ => imputer.with_value(name, setting.clone()).unwrap(),
        };
    }
    imputer
}

#[test]
fn simple_imputer_more() {
    Reference::read("simple_imputer_more").each(80, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let imputer = simple(&value["settings"]);
        if data["table"].is_string() {
            let table = if data["table"] == "titanic" {
                load_titanic()
            } else {
                load_penguins()
            };
            let columns = Columns::names(texts(&data["columns"]));
            let mut table = table.unwrap().select_columns(&columns).unwrap();
            if data["none"] == true {
                let whole = table.iter().map(|(name, column)| {
                    let texts = (0..column.len()).map(|i| column.text(i).unwrap_or("none".into()));
                    (name.to_string(), Column::from(texts.collect::<Vec<_>>()))
                });
                table = Table::new(whole).unwrap();
            }
            let model = imputer.fit(&table, &()).unwrap();
            let fills = model.statistics().into_iter();
            let fills: Vec<String> = fills.map(|cell| cell.unwrap().to_string()).collect();
            case.same("statistics", &fills, &texts(&expected["text_statistics"]));
            let filled = model.transform(&table).unwrap();
            let counts: Vec<f64> = (filled.iter().zip(&fills))
                .map(|((_, column), fill)| {
                    let is_fill = |row: &usize| column.text(*row).as_ref() == Some(fill);
                    (0..filled.n_rows()).filter(is_fill).count() as f64
                })
                .collect();
            case.numbers("counts", &counts, &expected["text_counts"], tolerance);
            return names(case, &model, expected);
        }
        let x = matrix(data);
        let model = imputer.fit(&x, &()).unwrap();
        let z = model.transform(&x).unwrap();
        case.array("transform", &z, &expected["transform"], tolerance);
        if !expected["statistics"].is_null() {
            let fills: Array1<f64> = model
                .statistics()
                .iter()
                .map(|fill| fill.unwrap())
                .collect();
            case.array("statistics", &fills, &expected["statistics"], tolerance);
        }
        if !expected["other"].is_null() {
            let other = model.transform(&two_parts(data).1).unwrap();
            case.array("other rows", &other, &expected["other"], tolerance);
        }
        if !expected["inverse"].is_null() {
            let back = model.inverse_transform(&z).unwrap();
            case.array("inverse", &back, &expected["inverse"], tolerance);
        }
    });
}

#[test]
fn missing_indicator() {
    Reference::read("missing_indicator").each(70, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let indicator = set(MissingIndicator::new(), &value["settings"]);
        if data["table"].is_string() {
            let table = if data["table"] == "titanic" {
                load_titanic()
            } else {
                load_penguins()
            };
            let table = table.unwrap();
            let model = indicator.fit(&table, &()).unwrap();
            names(case, &model, expected);
            let out = model.transform(&table).unwrap();
            let count = |column: &Column| (0..column.len()).filter_map(|i| column.number(i)).sum();
            let counts: Vec<f64> = out.iter().map(|(_, column)| count(column)).collect();
            return case.numbers("counts", &counts, &expected["counts"], tolerance);
        }
        let mut x = matrix(data);
        let mut fit = x.clone();
        fit.column_mut(1).fill(1.0);
        if data["coded"] == true {
            for values in [&mut x, &mut fit] {
                values.mapv_inplace(|v| if v.is_nan() { -7.0 } else { v });
            }
        }
        let model = indicator.fit(&fit, &()).unwrap();
        case.same(
            "features",
            &model.features().to_vec(),
            &positions(&expected["features"]),
        );
        names(case, &model, expected);
        let out = model.transform(&fit).unwrap();
        case.array("transform", &out, &expected["transform"], tolerance);
        let other = model.transform(&x);
        case.same("refused", &other.is_err(), &(expected["refused"] == true));
        if let Ok(other) = other {
            case.array("other rows", &other, &expected["other"], tolerance);
        }
    });
}

#[test]
fn knn_imputer() {
    Reference::read("knn_imputer").each(120, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let (fit, other) = two_parts(data);
        let model = set(KnnImputer::new(), &value["settings"])
            .fit(&fit, &())
            .unwrap();
        if !expected["names"].is_null() {
            names(case, &model, expected);
        }
        if expected["other"].is_null() {
            let out = model.transform(&other).unwrap();
            return case.array("transform", &out, &expected["transform"], tolerance);
        }
        let out = model.transform(&fit).unwrap();
        case.array("transform", &out, &expected["transform"], tolerance);
        let out = model.transform(&other).unwrap();
        case.array("other rows", &out, &expected["other"], tolerance);
    });
}

#[test]
fn iterative_imputer() {
    Reference::read("iterative_imputer").each(360, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let (mut fit, other) = two_parts(data);
        if data["name"].is_string() {
            let missing = if data["coded"] == true {
                -12345.0
            } else {
                f64::NAN
            };
            let is_missing = |v: f64| v.is_nan() || v == missing;
            fit.column_mut(2)
                .mapv_inplace(|v| if is_missing(v) { 2.0 } else { v });
        }
        macro_rules! compare {
            ($imputer:expr) => {{
                let mut imputer = $imputer;
                let settings = &value["settings"];
                for (name, setting) in settings.as_object().unwrap() {
                    imputer = match (name.as_str(), setting.as_str()) {
                        ("initial_strategy", Some("constant")) => {
                            let constant = json!({ "constant": settings["fill_value"] });
                            imputer.with_value(name, constant).unwrap()
                        }
                        ("fill_value" | "estimator", _) => imputer,
                        _ => imputer.with_value(name, setting.clone()).unwrap(),
                    };
                }
                let (model, known) = imputer.fit_for_transform(&*fit, &()).unwrap();
                names(case, &model, expected);
                let n_iter = number(&expected["n_iter"]) as usize;
                case.same("n_iter", &model.n_iter(), &n_iter);
                let features: Vec<usize> =
                    model.imputation_sequence().iter().map(|step| step.feature()).collect();
                case.same("features", &features, &positions(&expected["features"]));
                let z = model.transform_fitted(&*fit, known).unwrap();
                case.array("fit_transform", &z, &expected["fit_transform"], tolerance);
                let again = model.transform(&fit).unwrap();
                case.same("fit and transform", &again, &z);
                let out = model.transform(&other).unwrap();
                case.array("transform", &out, &expected["transform"], tolerance);
                if !expected["nothing"].is_null() {
                    let nothing = model.transform(&other.slice(s![2..3, ..])).unwrap();
                    case.array("nothing observed", &nothing, &expected["nothing"], tolerance);
                }
            }};
        }
        if value["settings"]["estimator"] == "ridge" {
            compare!(IterativeImputer::new().estimator(Ridge::new()))
        } else {
            compare!(IterativeImputer::new())
        }
    });
}
