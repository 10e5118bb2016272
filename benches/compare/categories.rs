//! Encoders of string categories, and the mixed columns of titanic.

use std::time::Instant;

use fitwell::Float;
use fitwell::impute::SimpleImputer;
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    HandleUnknown, OneHotEncoder, OrdinalEncoder, StandardScaler, TargetEncoder,
};
use fitwell::table::{Column, Table};
use ndarray::{Array2, Axis};
use serde_json::{Value, json};

use crate::{Data, Found, Job};

type Made<T> = std::result::Result<T, Box<dyn std::error::Error>>;

pub(crate) fn job(workload: &str, data: &Data) -> Found {
    Ok(Some(match workload {
        "one_hot" => encode(tables(data)?, OneHotEncoder::new(), |m, x| m.transform(x)),
        "one_hot_f32" => encode(tables(data)?, OneHotEncoder::new(), |m, x| {
            m.transform_to::<f32>(x)
        }),
        "one_hot_and_table" => encode(columns(data)?, OneHotEncoder::new(), |m, x| m.transform(x)),
        "ordinal" => encode(tables(data)?, OrdinalEncoder::new(), |m, x| m.transform(x)),
        "ordinal_f32" => encode(tables(data)?, OrdinalEncoder::new(), |m, x| {
            m.transform_to::<f32>(x)
        }),
        "ordinal_and_table" => encode(columns(data)?, OrdinalEncoder::new(), |m, x| m.transform(x)),
        "target" => target(tables(data)?, data)?,
        "target_and_table" => target(columns(data)?, data)?,
        "columns_titanic" => titanic(data)?,
        _ => return Ok(None),
    }))
}

/// The samples of a run: a table that is there, or the strings it is made from.
enum Strings {
    Table(Table),
    Columns(Vec<Vec<String>>),
}

impl Strings {
    fn table(&self) -> Result<Table> {
        match self {
            Strings::Table(table) => Ok(table.clone()),
            Strings::Columns(columns) => {
                let named = columns.iter().zip(0..);
                let column = |c: &Vec<String>| c.iter().map(String::as_str).collect::<Column>();
                Table::new(named.map(|(c, j)| (format!("c{j}"), column(c))))
            }
        }
    }
}

fn columns(data: &Data) -> Made<Strings> {
    let text = std::fs::read_to_string(data.text("path")?)?;
    let rows = data.meta["rows"].as_u64().unwrap_or(1) as usize;
    let all: Vec<String> = text.lines().map(String::from).collect();
    Ok(Strings::Columns(
        all.chunks(rows).map(<[_]>::to_vec).collect(),
    ))
}

fn tables(data: &Data) -> Made<Strings> {
    Ok(Strings::Table(columns(data)?.table()?))
}

/// The sum of each column, and the seconds that the fit took.
fn sums<F: Float>(out: &Array2<F>, fit: f64) -> Value {
    let columns = out.mapv(|v| v.f64()).sum_axis(Axis(0));
    json!([columns.to_vec(), fit])
}

fn encode<E, F>(
    strings: Strings,
    encoder: E,
    transform: impl Fn(&E::Fitted, &Table) -> Result<Array2<F>> + 'static,
) -> Job
where
    E: Estimator<Table, ()> + 'static,
    F: Float,
{
    Box::new(move || {
        let start = Instant::now();
        let x = strings.table()?;
        let model = encoder.fit(&x, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = transform(&model, &x)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, sums(&out, fit)))
    })
}

fn target(strings: Strings, data: &Data) -> Made<Job> {
    let y = data.vector("y")?;
    Ok(Box::new(move || {
        let start = Instant::now();
        let x = strings.table()?;
        let (model, training) = TargetEncoder::new().fit_and_transform(&x, &y)?;
        let fit = start.elapsed().as_secs_f64();
        let out = model.transform(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        drop(training);
        Ok((seconds, sums(&out, fit)))
    }))
}

fn titanic(data: &Data) -> Made<Job> {
    let path = std::path::Path::new(data.text("root")?).join("datasets/titanic.csv");
    let once = Table::from_csv(path)?;
    let rows = 500_000 * data.meta["scale"].as_u64().unwrap_or(1) as usize;
    let rows: Vec<usize> = (0..rows).map(|i| i % once.n_rows()).collect();
    let table = once.select_rows(&rows)?;
    let numeric = pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
    let text = pipeline("impute", SimpleImputer::most_frequent()).then(
        "onehot",
        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
    );
    let prepare = ColumnTransformer::new()
        .numeric("numeric", ["age", "fare", "sibsp", "parch"], numeric)
        .part("text", ["pclass", "sex", "embarked"], text);
    Ok(Box::new(move || {
        let start = Instant::now();
        let model = prepare.fit(&table, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = model.transform(&table)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, sums(&out, fit)))
    }))
}
