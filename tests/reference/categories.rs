//! Encoders of categories.

use fitwell::datasets::*;
use fitwell::prelude::*;
use fitwell::preprocessing::{OneHotEncoder, OrdinalEncoder, TargetEncoder};
use fitwell::table::{Cell, Column, Columns, Table};
use ndarray::{Array1, Array2, Axis};
use serde_json::{Value, json};

use crate::compare::{Case, Reference, texts};
use crate::data::{classes, matrix, ramp, targets};

/// What a case is about: a table or a matrix, whole and as far as it is fitted on.
enum Samples {
    Table(Table, Table),
    Matrix(Array2<f64>, Array2<f64>),
}

fn samples(data: &Value) -> Samples {
    let seen = |n: usize| data["fit_rows"].as_u64().map_or(n, |n| n as usize);
    if data["table"].is_string() {
        let table = match data["table"].as_str().unwrap() {
            "titanic" => load_titanic().unwrap(),
            "penguins" => load_penguins().unwrap(),
            _ => {
                let iris = load_iris().unwrap();
                let species = Column::from(&iris.named_target());
                iris.table()
                    .unwrap()
                    .with_column("species", species)
                    .unwrap()
            }
        };
        let mut table = table
            .select_columns(&Columns::names(texts(&data["columns"])))
            .unwrap();
        if data["boolean"] == true {
            let is_first = |column: &Column| -> Column {
                let rows = 0..table.n_rows();
                rows.map(|row| column.text(row) == column.text(0)).collect()
            };
            table = Table::new(table.iter().map(|(name, c)| (name, is_first(c)))).unwrap();
        }
        let head = table.head(seen(table.n_rows()));
        return Samples::Table(table, head);
    }
    let take: Vec<usize> = (data["take"].as_array().unwrap().iter())
        .map(|j| j.as_u64().unwrap() as usize)
        .collect();
    let x = matrix(data).select(Axis(1), &take);
    let rows: Vec<usize> = (0..seen(x.nrows())).collect();
    let head = x.select(Axis(0), &rows);
    Samples::Matrix(x, head)
}

/// scikit-learn's settings in our words: they are the same.
fn settings<E: Params>(mut estimator: E, settings: &Value) -> E {
    for (name, value) in settings.as_object().unwrap() {
        estimator = estimator.with_value(name, value.clone()).unwrap();
    }
    estimator
}

/// The ends of a long list.
fn short<T: Clone>(values: &[T]) -> Vec<T> {
    match values.len() {
        0..=24 => values.to_vec(),
        n => [&values[..12], &values[n - 12..]].concat(),
    }
}

fn cells(list: &[Cell]) -> Value {
    serde_json::to_value(short(list)).unwrap()
}

fn categories(case: &mut Case, ours: &[Vec<Cell>], expected: &Value) {
    let ours: Vec<Value> = ours.iter().map(|list| cells(list)).collect();
    case.same("categories", &json!(ours), expected);
}

fn infrequent(case: &mut Case, ours: &[Option<Vec<Cell>>], expected: &Value) {
    if expected.is_null() {
        return case.same("infrequent", &ours.iter().flatten().count(), &0);
    }
    let ours: Vec<Value> = (ours.iter())
        .map(|list| list.as_ref().map_or(Value::Null, |list| cells(list)))
        .collect();
    case.same("infrequent", &json!(ours), expected);
}

fn names(case: &mut Case, ours: &[String], expected: &Value) {
    case.same("names", &short(ours), &texts(expected));
}

/// Some rows of the inverse. A column with infrequent categories holds texts, also those of numbers and booleans.
fn inverse(case: &mut Case, ours: &Table, expected: &Value) {
    if expected.is_null() {
        return;
    }
    let rows: Vec<usize> = (0..ours.n_rows()).step_by(97).collect();
    for ((name, column), expected) in ours.iter().zip(expected.as_array().unwrap()) {
        let expected: Vec<Option<String>> = (expected.as_array().unwrap().iter())
            .map(|cell| match cell {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                Value::Number(v) => Some(v.as_f64().unwrap().to_string()),
                other => Some(other.to_string()),
            })
            .collect();
        let ours: Vec<Option<String>> = rows
            .iter()
            .map(|&row| {
                let text = column.text(row)?;
                Some(match text.as_str() {
                    "True" => "true".into(),
                    "False" => "false".into(),
                    number => number
                        .parse::<f64>()
                        .map_or(text.clone(), |v| v.to_string()),
                })
            })
            .collect();
        case.same(&format!("inverse of {name}"), &ours, &expected);
    }
}

/// Fits an encoder and compares what all of them tell; then more, with the model.
macro_rules! compare_encoder {
    ($encoder:expr, $value:expr, $case:expr, |$model:ident| $more:block) => {{
        let (encoder, case) = ($encoder, $case);
        let (expected, tolerance) = (&$value["expected"], &$value["tolerance"]);
        let ($model, z) = match samples(&$value["data"]) {
            Samples::Table(x, seen) => {
                let model = encoder.fit(&seen, &()).unwrap();
                let z = model.transform(&x).unwrap();
                let single = model.transform_to::<f32>(&x).unwrap().mapv(f64::from);
                case.array("f32", &single, &expected["transform"], tolerance);
                (model, z)
            }
            Samples::Matrix(x, seen) => {
                let model = encoder.fit(&seen, &()).unwrap();
                let z = model.transform(&x).unwrap();
                (model, z)
            }
        };
        case.array("transform", &z, &expected["transform"], tolerance);
        let ours = $model.feature_names_out(None).unwrap();
        names(case, &ours, &expected["names"]);
        categories(case, &$model.categories(), &expected["categories"]);
        let ours = $model.infrequent_categories();
        infrequent(case, &ours, &expected["infrequent"]);
        if !expected["inverse"].is_null() {
            let back = $model.inverse_transform(&z).unwrap();
            inverse(case, &back, &expected["inverse"]);
        }
        $more
    }};
}

#[test]
fn one_hot_encoder_groups() {
    Reference::read("one_hot_encoder_groups").each(900, |value, case| {
        let encoder = settings(OneHotEncoder::new(), &value["settings"]);
        compare_encoder!(encoder, value, &mut *case, |model| {
            let dropped = match &value["expected"]["drop_idx"] {
                Value::Null => json!(vec![Value::Null; model.n_features_in()]),
                given => given.clone(),
            };
            case.same("drop_idx", &json!(model.drop_idx()), &dropped);
        });
    });
}

#[test]
fn ordinal_encoder() {
    Reference::read("ordinal_encoder").each(600, |value, case| {
        let encoder = settings(OrdinalEncoder::new(), &value["settings"]);
        compare_encoder!(encoder, value, case, |_model| {});
    });
}

#[test]
fn target_encoder() {
    Reference::read("target_encoder").each(500, |value, case| {
        let (data, expected, tolerance) = (&value["data"], &value["expected"], &value["tolerance"]);
        let encoder = settings(TargetEncoder::new().shuffle(false), &value["settings"]);
        let samples = samples(data);
        let (n, n_seen) = match &samples {
            Samples::Table(x, seen) => (x.n_rows(), seen.n_rows()),
            Samples::Matrix(x, seen) => (x.nrows(), seen.nrows()),
        };
        let seen: Vec<usize> = (0..n_seen).collect();
        macro_rules! compare {
            ($y:expr) => {{
                let y = $y.select_rows(&seen);
                let (model, again, z, cross) = match &samples {
                    Samples::Table(x, seen) => {
                        let (model, cross) = encoder.fit_and_transform(seen, &y).unwrap();
                        let again = encoder.fit(seen, &y).unwrap();
                        let z = model.transform(x).unwrap();
                        (model, again, z, cross)
                    }
                    Samples::Matrix(x, seen) => {
                        let (model, cross) = encoder.fit_and_transform(seen, &y).unwrap();
                        let again = encoder.fit(seen, &y).unwrap();
                        let z = model.transform(x).unwrap();
                        (model, again, z, cross)
                    }
                };
                case.same("fit", &again, &model);
                let flat: Array1<f64> = model.encodings().iter().flatten().copied().collect();
                case.array("encodings", &flat, &expected["encodings_flat"], tolerance);
                if let Value::Array(each) = &expected["encodings"] {
                    for (ours, expected) in model.encodings().iter().zip(each) {
                        case.numbers("encodings of a column", ours, expected, tolerance);
                    }
                }
                case.numbers(
                    "target_mean",
                    model.target_mean(),
                    &expected["mean"],
                    tolerance,
                );
                let target_type = model.target_type().to_string();
                case.same("target_type", &json!(target_type), &expected["target_type"]);
                let known: Option<Vec<String>> = model
                    .classes()
                    .map(|c| c.iter().map(Class::to_string).collect());
                case.same("classes", &json!(known), &expected["classes"]);
                names(
                    case,
                    &model.feature_names_out(None).unwrap(),
                    &expected["names"],
                );
                case.array("transform", &z, &expected["transform"], tolerance);
                case.array("cross-fitted", &cross, &expected["cross"], tolerance);
            }};
        }
        match data["y"].as_str().unwrap() {
            "ramp" => compare!(ramp(n)),
            "large" => compare!(ramp(n).mapv(|v| 1e6 + v * 1e-3)),
            "progression" => compare!(targets("diabetes").0.remove_axis(Axis(1))),
            "species" => compare!(load_penguins().unwrap().split_labels("species").unwrap().1),
            name => compare!(classes(name)),
        }
    });
}

/// The first rows of any target.
trait SelectRows {
    fn select_rows(&self, rows: &[usize]) -> Self;
}

impl SelectRows for Array1<f64> {
    fn select_rows(&self, rows: &[usize]) -> Self {
        self.select(Axis(0), rows)
    }
}

impl SelectRows for Labels {
    fn select_rows(&self, rows: &[usize]) -> Self {
        Targets::select(self, rows).unwrap()
    }
}
