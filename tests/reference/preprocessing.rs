//! Scaling, imputing, encoding.

use fitwell::datasets::*;
use fitwell::impute::SimpleImputer;
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;
use fitwell::table::{Columns, Table};
use ndarray::{Array1, s};
use serde_json::{Value, json};

use crate::compare::{Reference, texts};
use crate::data::{matrix, weights};

#[test]
fn standard_scaler() {
    Reference::read("standard_scaler").each(140, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let mut scaler = StandardScaler::new();
        for (name, setting) in value["settings"].as_object().unwrap() {
            scaler = scaler.with_value(name, setting.clone()).unwrap();
        }
        let x = matrix(data);
        let model = match weights(data, x.nrows()) {
            Some(w) => scaler.fit(&x, &().weighted(&w)).unwrap(),
            None => scaler.fit(&x, &()).unwrap(),
        };
        let z = model.transform(&x).unwrap();
        case.array("transform", &z, &expected["transform"], tolerance);
        if !expected["inverse"].is_null() {
            case.array(
                "inverse",
                &model.inverse_transform(&z).unwrap(),
                &expected["inverse"],
                tolerance,
            );
        }
        if !expected["scale"].is_null() {
            case.array("scale", model.scale(), &expected["scale"], tolerance);
        }
        if !expected["var"].is_null() {
            case.array("var", model.var().unwrap(), &expected["var"], tolerance);
        }
        if !expected["mean"].is_null() {
            case.array("mean", model.mean(), &expected["mean"], tolerance);
        }
    });
}

#[test]
fn simple_imputer() {
    Reference::read("simple_imputer").each(80, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let imputer = imputer(&value["settings"]);
        if data["table"].is_string() {
            let table = bundled(&data["table"])
                .select_columns(&Columns::names(texts(&data["columns"])))
                .unwrap();
            let model = imputer.fit(&table, &()).unwrap();
            let fills: Vec<String> = model
                .statistics()
                .iter()
                .map(|cell| cell.unwrap().to_string())
                .collect();
            case.same("statistics", &fills, &texts(&expected["text_statistics"]));
            let filled = model.transform(&table).unwrap();
            let counts: Vec<f64> = (filled.iter().zip(&fills))
                .map(|((_, column), fill)| {
                    let is_fill = |row: &usize| column.text(*row).as_ref() == Some(fill);
                    (0..filled.n_rows()).filter(is_fill).count() as f64
                })
                .collect();
            case.numbers("counts", &counts, &expected["text_counts"], tolerance);
            return;
        }
        let x = matrix(data);
        let model = imputer.fit(&x, &()).unwrap();
        case.array(
            "transform",
            &model.transform(&x).unwrap(),
            &expected["transform"],
            tolerance,
        );
        if !expected["statistics"].is_null() {
            let fills: Array1<f64> = model
                .statistics()
                .iter()
                .map(|fill| fill.unwrap())
                .collect();
            case.array("statistics", &fills, &expected["statistics"], tolerance);
            let first = model.transform(&x.slice(s![..5, ..])).unwrap();
            case.array(
                "transform of five rows",
                &first,
                &expected["transform_first"],
                tolerance,
            );
        }
    });
}

/// scikit-learn's fill value is part of our strategy.
fn imputer(settings: &Value) -> SimpleImputer {
    let mut imputer = SimpleImputer::new();
    for (name, setting) in settings.as_object().unwrap() {
        imputer = match (name.as_str(), setting.as_str()) {
            ("strategy", Some("constant")) => {
                let fill = &settings["fill_value"];
                imputer
                    .with_value("strategy", json!({ "constant": fill }))
                    .unwrap()
            }
            ("fill_value", _) => imputer,
            _ => imputer.with_value(name, setting.clone()).unwrap(),
        };
    }
    imputer
}

fn bundled(name: &Value) -> Table {
    match name.as_str().unwrap() {
        "titanic" => load_titanic().unwrap(),
        "penguins" => load_penguins().unwrap(),
        "iris" => {
            let iris = load_iris().unwrap();
            iris.table()
                .unwrap()
                .with_column("species", &iris.named_target())
                .unwrap()
        }
        other => panic!("no table {other}"),
    }
}
