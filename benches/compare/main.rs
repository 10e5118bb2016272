//! Our side of `benches/compare/run`: reads the data that `compare.py` wrote, then does one job for each line on
//! standard input and answers with a line of JSON: the seconds it took and what the quality is judged by.

use std::hint::black_box;
use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{LogisticRegression, Ridge};
use fitwell::model_selection::{GridSearchCv, ParamGrid, StratifiedKFold};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::table::{Column, Table};
use fitwell::{Float, parallel};
use ndarray::{Array1, Array2, ArrayRef2, s};
use serde_json::{Value, json};

type Job = Box<dyn FnMut() -> Result<(f64, Value)>>;

fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| a != "--bench")
        .collect();
    let [workload, folder, meta] = &args[..] else {
        eprintln!("run benches/compare/run instead: it writes the data and starts this program");
        return Ok(());
    };
    let data = Data {
        folder: folder.into(),
        meta: serde_json::from_str(meta)?,
    };
    let mut job = job(workload, &data)?;
    let mut out = std::io::stdout();
    for _ in std::io::stdin().lock().lines() {
        let (seconds, result) = job()?;
        writeln!(out, "{}", json!({"seconds": seconds, "out": result}))?;
        out.flush()?;
    }
    Ok(())
}

fn job(workload: &str, data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    Ok(match workload {
        "csv" => csv(data)?,
        "scaler" => scaler(data.matrix::<f64>("x")?),
        "logistic_binary_f64" | "logistic_images_f64" => {
            logistic(data.matrix::<f64>("x")?, data.labels("y")?)
        }
        "logistic_binary_f32" | "logistic_images_f32" => {
            logistic(data.matrix::<f32>("x")?, data.labels("y")?)
        }
        "ridge" => ridge(data.matrix("x")?, data.vector("y")?),
        "grid" => grid(data)?,
        "one_row" => one_row(&data.matrix("x")?, &data.labels("y")?)?,
        other => return Err(format!("no workload {other}").into()),
    })
}

fn csv(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let path = data.text("path")?.to_string();
    Ok(Box::new(move || {
        let start = Instant::now();
        let table = Table::from_csv(&path)?;
        let seconds = start.elapsed().as_secs_f64();
        let missing: usize = table.iter().map(|(_, column)| column.n_missing()).sum();
        let mut sum = 0.0;
        for name in ["price", "ratio"] {
            if let Column::Float(values) = table.column(name)? {
                sum += values.iter().filter(|v| !v.is_nan()).sum::<f64>();
            }
        }
        Ok((seconds, json!({"sum": sum, "missing": missing})))
    }))
}

fn scaler(x: Array2<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = StandardScaler::new().fit(&x, &())?;
        let fit = start.elapsed().as_secs_f64();
        let out = model.transform(&x)?;
        let seconds = start.elapsed().as_secs_f64();
        let step = (x.nrows() / 1000).max(1);
        let sample: Vec<f64> = out
            .slice(s![..;step, ..])
            .rows()
            .into_iter()
            .take(1000)
            .flatten()
            .copied()
            .collect();
        Ok((seconds, json!([sample, fit])))
    })
}

fn logistic<F: Float>(x: Array2<F>, y: Labels) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = LogisticRegression::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        let coef: Vec<Vec<f64>> = model
            .coef()
            .rows()
            .into_iter()
            .map(|r| r.iter().map(|v| v.f64()).collect())
            .collect();
        let intercept: Vec<f64> = model.intercept().iter().map(|v| v.f64()).collect();
        Ok((seconds, json!([coef, intercept, model.n_iter()])))
    })
}

fn ridge(x: Array2<f64>, y: Array1<f64>) -> Job {
    Box::new(move || {
        let start = Instant::now();
        let model = Ridge::new().fit(&x, &y)?;
        let seconds = start.elapsed().as_secs_f64();
        Ok((seconds, json!([model.coef().to_vec(), [model.intercept()]])))
    })
}

fn grid(data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let table = Table::from_csv(Path::new(data.text("root")?).join("datasets/titanic.csv"))?;
    let (features, survived) = table.split_labels("survived")?;
    let numeric = pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new());
    let text = pipeline("impute", SimpleImputer::most_frequent()).then(
        "onehot",
        OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
    );
    let prepare = ColumnTransformer::new()
        .numeric("numeric", ["age", "fare", "sibsp", "parch"], numeric)
        .part("text", ["pclass", "sex", "embarked"], text);
    let model = pipeline("prepare", prepare).then("classify", LogisticRegression::new());
    let grid = ParamGrid::new()
        .with("prepare__numeric__impute__strategy", ["mean", "median"])
        .with("classify__C", [0.01, 0.1, 1.0, 10.0]);
    Ok(Box::new(move || {
        let start = Instant::now();
        let search = GridSearchCv::new(model.clone(), grid.clone())
            .cv(StratifiedKFold::new())
            .fit(&features, &survived)?;
        Ok((start.elapsed().as_secs_f64(), json!(search.best_score())))
    }))
}

fn one_row(x: &ArrayRef2<f64>, y: &Labels) -> Result<Job> {
    let model = pipeline("scale", StandardScaler::new())
        .then("classify", LogisticRegression::new())
        .fit(x, y)?;
    let rows: Vec<Array2<f64>> = (0..200)
        .map(|i| x.slice(s![i..i + 1, ..]).to_owned())
        .collect();
    Ok(Box::new(move || {
        let mut out = Vec::with_capacity(rows.len());
        let start = Instant::now();
        for row in &rows {
            out.push(black_box(model.predict_proba(black_box(row))?)[[0, 1]]);
        }
        Ok((
            start.elapsed().as_secs_f64() / rows.len() as f64,
            json!(out),
        ))
    }))
}

/// The files `compare.py` wrote: raw values, their shapes in `meta`.
struct Data {
    folder: PathBuf,
    meta: Value,
}

impl Data {
    fn text(&self, key: &str) -> std::result::Result<&str, String> {
        self.meta[key].as_str().ok_or(format!("no {key}"))
    }

    fn bytes(&self, key: &str) -> std::io::Result<Vec<u8>> {
        std::fs::read(
            self.folder
                .join(self.meta[key]["file"].as_str().unwrap_or_default()),
        )
    }

    fn matrix<F: Float>(
        &self,
        key: &str,
    ) -> std::result::Result<Array2<F>, Box<dyn std::error::Error>> {
        let bytes = self.bytes(key)?;
        let size = |axis: usize| self.meta[key]["shape"][axis].as_u64().unwrap_or(0) as usize;
        let mut x = parallel::zeros::<F>((size(0), size(1)));
        for (value, raw) in x.iter_mut().zip(bytes.chunks_exact(size_of::<F>())) {
            *value = match <[u8; 8]>::try_from(raw) {
                Ok(raw) => F::of(f64::from_le_bytes(raw)),
                Err(_) => F::of(f64::from(f32::from_le_bytes(raw.try_into()?))),
            };
        }
        Ok(x)
    }

    fn vector(&self, key: &str) -> std::io::Result<Array1<f64>> {
        let bytes = self.bytes(key)?;
        Ok(bytes
            .chunks_exact(8)
            .map(|raw| f64::from_le_bytes(raw.try_into().unwrap_or_default()))
            .collect())
    }

    fn labels(&self, key: &str) -> std::io::Result<Labels> {
        let bytes = self.bytes(key)?;
        Ok(bytes
            .chunks_exact(8)
            .map(|raw| i64::from_le_bytes(raw.try_into().unwrap_or_default()))
            .collect())
    }
}
