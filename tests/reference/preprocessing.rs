//! Scaling, imputing, encoding.

use fitwell::datasets::*;
use fitwell::impute::SimpleImputer;
use fitwell::pipeline::{ColumnTransformer, Remainder};
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::{Columns, Table};
use ndarray::{Array1, s};
use serde_json::{Value, json};

use crate::compare::{Reference, texts};
/// The column transformers of the pipelines: macros, as each has a type of its own.
macro_rules! titanic_transformer {
    () => {
        ColumnTransformer::new()
            .numeric(
                "num",
                ["age", "fare", "sibsp", "parch"],
                pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
            )
            .part(
                "cat",
                ["sex", "embarked", "pclass"],
                pipeline("impute", SimpleImputer::most_frequent()).then(
                    "encode",
                    OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
                ),
            )
    };
}
macro_rules! penguins_transformer {
    () => {
        ColumnTransformer::new()
            .numeric(
                "num",
                crate::data::PENGUIN_NUMBERS,
                pipeline("impute", SimpleImputer::mean()).then("scale", StandardScaler::new()),
            )
            .part(
                "cat",
                ["island", "sex"],
                pipeline("impute", SimpleImputer::most_frequent()).then(
                    "encode",
                    OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
                ),
            )
    };
}
pub(crate) use {penguins_transformer, titanic_transformer};

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

#[test]
fn one_hot_encoder() {
    Reference::read("one_hot_encoder").each(120, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let mut encoder = OneHotEncoder::new();
        for (name, setting) in value["settings"].as_object().unwrap() {
            encoder = encoder.with_value(name, setting.clone()).unwrap();
        }
        let columns = Columns::names(texts(&data["columns"]));
        let mut table = bundled(&data["table"]).select_columns(&columns).unwrap();
        if data["missing"] == false {
            let whole = |row: &usize| table.iter().all(|(_, column)| !column.is_missing(*row));
            let rows: Vec<usize> = (0..table.n_rows()).filter(whole).collect();
            table = table.select_rows(&rows).unwrap();
        }
        let model = encoder.fit(&fit_rows(&table, data), &()).unwrap();
        case.array(
            "transform",
            &model.transform(&table).unwrap(),
            &expected["transform"],
            tolerance,
        );
        case.same(
            "names",
            &model.feature_names_out(None).unwrap(),
            &texts(&expected["names"]),
        );
        let sizes: Vec<f64> = model.categories().iter().map(|c| c.len() as f64).collect();
        case.numbers("categories", &sizes, &expected["sizes"], tolerance);
    });
}

/// The rows that a case fits on: all, or the first so many.
fn fit_rows(table: &Table, data: &Value) -> Table {
    match data["fit_rows"].as_u64() {
        Some(n) => table
            .select_rows(&(0..n as usize).collect::<Vec<_>>())
            .unwrap(),
        None => table.clone(),
    }
}

#[test]
fn an_unknown_category_is_an_error_unless_ignored() {
    let penguins = load_penguins()
        .unwrap()
        .select_columns(&Columns::names(["species"]))
        .unwrap();
    let adelie = penguins.select_rows(&(0..100).collect::<Vec<_>>()).unwrap();
    let model = OneHotEncoder::new().fit(&adelie, &()).unwrap();
    let refused = model.transform(&penguins).unwrap_err();
    assert!(
        matches!(refused.kind(), ErrorKind::UnknownCategory { row: 152, .. }),
        "{refused}"
    );
}

#[test]
fn column_transformer() {
    Reference::read("column_transformer").each(16, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        macro_rules! compare {
            ($transformer:expr, $table:expr) => {{
                let table = $table;
                let model = $transformer.fit(&fit_rows(&table, data), &()).unwrap();
                case.array(
                    "transform",
                    &model.transform(&table).unwrap(),
                    &expected["transform"],
                    tolerance,
                );
                case.same(
                    "names",
                    &model.feature_names_out(None).unwrap(),
                    &texts(&expected["names"]),
                );
            }};
        }
        match data["transformer"].as_str().unwrap() {
            "titanic" => compare!(titanic_transformer!(), load_titanic().unwrap()),
            "penguins" => compare!(penguins_transformer!(), load_penguins().unwrap()),
            "wine_remainder" => {
                let transformer = ColumnTransformer::new()
                    .numeric("a", ["alcohol", "proline"], StandardScaler::new())
                    .numeric("b", ["ash"], StandardScaler::new().with_mean(false))
                    .remainder(Remainder::Passthrough);
                compare!(transformer, load_wine().unwrap().table().unwrap())
            }
            _ => {
                let transformer = ColumnTransformer::new()
                    .numeric("b", ["proline", "hue"], StandardScaler::new())
                    .numeric("a", ["alcohol"], SimpleImputer::mean());
                compare!(transformer, load_wine().unwrap().table().unwrap())
            }
        }
    });
}
