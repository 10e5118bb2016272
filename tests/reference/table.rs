//! What a table computes beside pandas.

use fitwell::datasets::{load_diabetes_raw, load_iris, load_penguins, load_titanic, load_wine};
use fitwell::table::{Column, SortKey, Table, ValueCounts};
use ndarray::{Array1, Array2};
use serde_json::Value;

use crate::compare::{Reference, numbers};

/// A bundled table, or a matrix with every eleventh value missing.
fn table(value: &Value) -> Table {
    let matrix = |mut x: Array2<f64>| {
        for ((i, j), v) in x.indexed_iter_mut() {
            if (3 * i + 7 * j) % 11 == 0 {
                *v = f64::NAN;
            }
        }
        Table::from_matrix((0..x.ncols()).map(|j| format!("x{j}")), &x).unwrap()
    };
    match value["data"]["name"].as_str().unwrap() {
        "titanic" => load_titanic().unwrap(),
        "penguins" => load_penguins().unwrap(),
        "iris" => matrix(load_iris().unwrap().x),
        "wine" => matrix(load_wine().unwrap().x),
        _ => matrix(load_diabetes_raw().unwrap().x),
    }
}

#[test]
fn describe() {
    Reference::read("describe").each(600, |value, case| {
        let table = table(value);
        let summary = table
            .describe_with(&numbers(&value["settings"]["percentiles"]))
            .unwrap();
        let columns = value["expected"].as_object().unwrap();
        case.same("rows", &summary.n_rows(), &columns.len());
        for (row, (name, column)) in table.iter().enumerate() {
            case.same(
                name,
                &summary.cell(row, "column").unwrap().to_string(),
                &name.to_string(),
            );
            let known = columns[name].as_object().unwrap();
            // What pandas leaves out does not apply to the kind, and is missing here.
            for (statistic, ours) in summary.iter().skip(1) {
                let what = format!("{name} {statistic}");
                match known.get(statistic) {
                    Some(Value::String(text)) if statistic == "top" => {
                        case.same(&what, &ours.text(row).as_deref(), &Some(text.as_str()));
                    }
                    Some(expected) => {
                        let ours = ours.number(row).unwrap();
                        case.number(&what, ours, expected, &value["tolerance"]);
                    }
                    None => case.same(&what, &ours.is_missing(row), &true),
                }
            }
            case.same(
                name,
                &summary.cell(row, "missing").unwrap(),
                &(column.n_missing() as u32).into(),
            );
        }
    });
}

#[test]
fn value_counts() {
    Reference::read("value_counts").each(180, |value, case| {
        let table = table(value);
        let name = value["data"]["column"].as_str().unwrap();
        let mut options = ValueCounts::new();
        for (setting, on) in value["settings"].as_object().unwrap() {
            let on = on.as_bool().unwrap();
            options = match setting.as_str() {
                "normalize" => options.normalize(on),
                "sort" => options.sort(on),
                "ascending" => options.ascending(on),
                _ => options.dropna(on),
            };
        }
        let counts = table.value_counts_with(name, &options).unwrap();
        let values = counts.column_at(0).unwrap();
        let ours: Vec<Option<String>> = (0..counts.n_rows()).map(|row| values.text(row)).collect();
        let expected = value["expected"]["values"].as_array().unwrap().iter();
        let expected: Vec<Option<String>> =
            expected.map(|v| v.as_str().map(String::from)).collect();
        case.same("values", &ours, &expected);
        let (Column::Float(numbers) | Column::Integer(numbers)) = counts.column_at(1).unwrap()
        else {
            panic!("counts are numbers");
        };
        let expected = &value["expected"]["counts"];
        case.array(
            "counts",
            &Array1::from(numbers.clone()),
            expected,
            &value["tolerance"],
        );
        let unique = table.unique(name).unwrap();
        let distinct = table.n_unique(name).unwrap() + usize::from(unique.n_missing() > 0);
        case.same("unique", &unique.len(), &distinct);
    });
}

#[test]
fn sort_values() {
    Reference::read("sort_values").each(18, |value, case| {
        let table = table(value);
        let positions: Vec<usize> = (0..table.n_rows()).collect();
        let table = table.with_column("position", positions).unwrap();
        let keys = value["settings"]["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| {
                let name = key[0].as_str().unwrap();
                let sort = match key[1].as_bool().unwrap() {
                    true => SortKey::ascending(name),
                    false => SortKey::descending(name),
                };
                match value["settings"]["missing_last"].as_bool().unwrap() {
                    true => sort,
                    false => sort.missing_first(),
                }
            });
        let sorted = table.sort_values(keys).unwrap();
        let expected: Vec<u32> = numbers(&value["expected"]["order"])
            .iter()
            .map(|v| *v as u32)
            .collect();
        case.same(
            "order",
            sorted.column("position").unwrap(),
            &Column::from(expected),
        );
    });
}

/// The calendar is jiff's, pandas' here.
#[cfg(feature = "dates")]
#[test]
fn date_parts() {
    use fitwell::FitTransform;
    use fitwell::preprocessing::{DateFormat, DatePart, DateParts, HandleUnparseable};

    // The first case of a data set has its texts.
    let last = std::cell::RefCell::new(Vec::new());
    Reference::read("date_parts").each(70, |value, case| {
        if let Value::Array(texts) = &value["data"]["texts"] {
            *last.borrow_mut() = texts.iter().map(|t| t.as_str().map(String::from)).collect();
        }
        let texts: Vec<Option<String>> = last.borrow().clone();
        let table = Table::new([("at", Column::from(texts))]).unwrap();
        let part: DatePart = serde_json::from_value(value["settings"]["part"].clone()).unwrap();
        let format = match value["settings"]["format"].as_str() {
            Some(format) => DateFormat::Given(format.into()),
            None => DateFormat::Iso8601,
        };
        let parts = DateParts::new()
            .parts([part])
            .format(format)
            .handle_unparseable(HandleUnparseable::Missing);
        let ours = parts.fit_transform(&table).unwrap().column(0).to_owned();
        case.array(
            part.to_string().as_str(),
            &ours,
            &value["expected"],
            &value["tolerance"],
        );
    });
}
