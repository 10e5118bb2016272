//! The data of the cases, as `generate.py` builds them, and the bundled data themselves.

use fitwell::datasets::*;
use fitwell::table::{Column, Columns, Table};
use fitwell::{Labels, Samples, Targets};
use ndarray::{Array1, Array2, Axis, stack};
use serde_json::Value;

use crate::compare::{Case, Reference, letters, numbers, texts};

const TITANIC_NUMBERS: [&str; 5] = ["age", "sibsp", "parch", "fare", "body"];
pub(crate) const PENGUIN_NUMBERS: [&str; 4] = [
    "culmen_length_mm",
    "culmen_depth_mm",
    "flipper_length_mm",
    "body_mass_g",
];

/// Features by name, scaled or with holes as the case says.
pub(crate) fn matrix(data: &Value) -> Array2<f64> {
    if let Value::Array(rows) = &data["values"] {
        let rows: Vec<Vec<f64>> = rows.iter().map(numbers).collect();
        return Array2::from_shape_fn((rows.len(), rows[0].len()), |(i, j)| rows[i][j]);
    }
    let mut x = features(data["name"].as_str().unwrap());
    if data["scaled"] == true {
        let mean = x.mean_axis(Axis(0)).unwrap();
        x -= &mean;
        let deviation = x
            .mapv(|v| v * v)
            .mean_axis(Axis(0))
            .unwrap()
            .mapv(f64::sqrt);
        x /= &deviation;
    }
    if data["holes"] == true {
        for ((i, j), value) in x.indexed_iter_mut() {
            if (3 * i + 7 * j) % 11 == 0 {
                *value = f64::NAN;
            }
        }
    }
    x
}

pub(crate) fn features(name: &str) -> Array2<f64> {
    match name {
        "iris" => load_iris().unwrap().x,
        "wine" => load_wine().unwrap().x,
        "breast_cancer" => load_breast_cancer().unwrap().x,
        "diabetes" => load_diabetes().unwrap().x,
        "diabetes_raw" => load_diabetes_raw().unwrap().x,
        "linnerud" => load_linnerud().unwrap().x,
        "titanic" => {
            let columns = Columns::names(TITANIC_NUMBERS);
            load_titanic()
                .unwrap()
                .select_columns(&columns)
                .unwrap()
                .to_matrix()
                .unwrap()
        }
        "penguins" => {
            let columns = Columns::names(PENGUIN_NUMBERS);
            let x = load_penguins()
                .unwrap()
                .select_columns(&columns)
                .unwrap()
                .to_matrix()
                .unwrap();
            Samples::select(&*x, &measured_penguins()).unwrap()
        }
        other => panic!("no features {other}"),
    }
}

/// The rows of penguins without missing measures.
fn measured_penguins() -> Vec<usize> {
    let penguins = load_penguins().unwrap();
    let whole = |row: usize| {
        PENGUIN_NUMBERS
            .iter()
            .all(|name| !penguins.column(name).unwrap().is_missing(row))
    };
    (0..penguins.n_rows()).filter(|&row| whole(row)).collect()
}

pub(crate) fn classes(name: &str) -> Labels {
    let progression = || load_diabetes().unwrap().target;
    match name {
        "iris" => load_iris().unwrap().target,
        "wine" => load_wine().unwrap().target,
        "breast_cancer" => load_breast_cancer().unwrap().target,
        "diabetes_2" => progression().mapv(|y| i64::from(y > 140.0)).into(),
        "diabetes_3" => progression()
            .mapv(|y| i64::from(y > 94.0) + i64::from(y > 166.0))
            .into(),
        "titanic" => load_titanic().unwrap().split_labels("survived").unwrap().1,
        "penguins" => {
            let species = load_penguins().unwrap().split_labels("species").unwrap().1;
            species.select(&measured_penguins()).unwrap()
        }
        other => panic!("no classes {other}"),
    }
}

/// Real targets as columns, and whether there is one or several.
pub(crate) fn targets(name: &str) -> (Array2<f64>, bool) {
    let as_real = |y: &Labels| y.to_ints().unwrap().mapv(|v| v as f64);
    match name {
        "diabetes" => (load_diabetes().unwrap().target.insert_axis(Axis(1)), true),
        "breast_cancer" => (
            as_real(&load_breast_cancer().unwrap().target).insert_axis(Axis(1)),
            true,
        ),
        "linnerud" => (load_linnerud().unwrap().target, false),
        "wine" => {
            let y = as_real(&load_wine().unwrap().target);
            let is_one = y.mapv(|v| f64::from(u8::from((0.5..1.5).contains(&v))));
            (stack![Axis(1), y, is_one], false)
        }
        other => panic!("no targets {other}"),
    }
}

/// Sample weights from 0 to 2.5, every eleventh of them 0.
pub(crate) fn ramp(n: usize) -> Array1<f64> {
    (0..n).map(|i| (7 * i % 11) as f64 / 4.0).collect()
}

/// The weights of a case, if it has any.
pub(crate) fn weights(data: &Value, n: usize) -> Option<Array1<f64>> {
    (data["weights"] == true).then(|| ramp(n))
}

#[test]
fn bundled_data_are_scikit_learns() {
    Reference::read("datasets").each(90, |value, case| {
        let (expected, tolerance) = (&value["expected"], &value["tolerance"]);
        let name = value["name"].as_str().unwrap();
        case.name = format!("datasets {name}");
        match name {
            "titanic" => table(case, &load_titanic().unwrap(), expected, tolerance),
            "penguins" => table(case, &load_penguins().unwrap(), expected, tolerance),
            "diabetes" | "diabetes_raw" => {
                let data = if name == "diabetes" {
                    load_diabetes()
                } else {
                    load_diabetes_raw()
                }
                .unwrap();
                case.array("x", &data.x, &expected["x"], tolerance);
                case.array("y", &data.target, &expected["y"], tolerance);
                case.same(
                    "feature names",
                    &data.feature_names,
                    &texts(&expected["feature_names"]),
                );
            }
            "linnerud" => {
                let data = load_linnerud().unwrap();
                case.array("x", &data.x, &expected["x"], tolerance);
                case.array("y", &data.target, &expected["y"], tolerance);
                case.same(
                    "feature names",
                    &data.feature_names,
                    &texts(&expected["feature_names"]),
                );
            }
            _ => {
                let data = match name {
                    "iris" => load_iris(),
                    "wine" => load_wine(),
                    "breast_cancer" => load_breast_cancer(),
                    _ => load_digits(),
                }
                .unwrap();
                case.array("x", &data.x, &expected["x"], tolerance);
                let y: Vec<usize> = data
                    .target
                    .to_ints()
                    .unwrap()
                    .iter()
                    .map(|&v| v as usize)
                    .collect();
                case.same("y", &y, &letters(&expected["y"]));
                case.same(
                    "feature names",
                    &data.feature_names,
                    &texts(&expected["feature_names"]),
                );
                case.same(
                    "target names",
                    &data.target_names,
                    &texts(&expected["target_names"]),
                );
            }
        }
    });
}

fn table(case: &mut Case, table: &Table, expected: &Value, tolerance: &Value) {
    case.same(
        "rows",
        &table.n_rows(),
        &(expected["rows"].as_u64().unwrap() as usize),
    );
    let columns = expected["columns"].as_object().unwrap();
    case.same("columns", &table.n_columns(), &columns.len());
    for (name, entry) in columns {
        let column = table.column(name).unwrap();
        case.same(
            name,
            &column.n_missing(),
            &(entry["missing"].as_u64().unwrap() as usize),
        );
        match column {
            Column::Float(values) | Column::Integer(values) => {
                case.array(
                    name,
                    &Array1::from(values.clone()),
                    &entry["values"],
                    tolerance,
                );
            }
            column => {
                let known: Vec<String> = (0..table.n_rows())
                    .filter_map(|row| column.text(row))
                    .collect();
                let mut distinct = known.clone();
                distinct.sort();
                distinct.dedup();
                let characters: usize = known.iter().map(|text| text.chars().count()).sum();
                let ours = (distinct.len() as u64, characters as u64);
                let theirs = (
                    entry["categories"].as_u64().unwrap(),
                    entry["characters"].as_u64().unwrap(),
                );
                case.same(name, &ours, &theirs);
                case.same(name, &known[0].as_str(), &entry["first"].as_str().unwrap());
                case.same(
                    name,
                    &known[known.len() - 1].as_str(),
                    &entry["last"].as_str().unwrap(),
                );
            }
        }
    }
}
