//! linfa and smartcore, for `benches/compare/run --rust-peers`: reads the data that `compare.py` wrote, says on a line that
//! it is ready, then does one job for each line on standard input and answers with a line of JSON: the seconds it took, what
//! the quality is judged by, and the memory it took beyond what was there (on Linux). Says `none` where the library has no
//! such model.
//!
//! Both libraries take the settings that give the objective of scikit-learn's estimator, where they have such settings; where
//! they do not, the job says so. What they do not report is worked out here, outside the time taken.

mod by_linfa;
mod by_smartcore;

use std::io::{BufRead, Write};
use std::path::PathBuf;
use std::time::Instant;

use ndarray::{Array1, Array2, Axis};
use serde_json::{Value, json};

pub type Error = Box<dyn std::error::Error>;
/// One run of a workload: the seconds it took, and what the quality is judged by.
pub type Job = Box<dyn FnMut() -> Result<(f64, Value), Error>>;
/// A workload's job, if the library has the model.
pub type Found = Result<Option<Job>, Error>;

fn main() -> Result<(), Error> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [library, workload, folder, meta] = &args[..] else {
        eprintln!("run benches/compare/run --rust-peers instead: it starts this program");
        return Ok(());
    };
    let data = Data {
        folder: folder.into(),
        meta: serde_json::from_str(meta)?,
    };
    let found = match library.as_str() {
        "linfa" => by_linfa::job(workload, &data)?,
        "smartcore" => by_smartcore::job(workload, &data)?,
        _ => return Err(format!("no library {library}").into()),
    };
    let mut out = std::io::stdout();
    let Some(mut job) = found else {
        writeln!(out, "none")?;
        return Ok(());
    };
    writeln!(out, "ready")?;
    out.flush()?;
    for _ in std::io::stdin().lock().lines() {
        let before = resident();
        let answer = match job() {
            Ok((seconds, result)) => {
                let memory = before.and_then(|b| Some(status("VmHWM:")?.saturating_sub(b)));
                json!({"seconds": seconds, "out": result, "memory": memory})
            }
            Err(error) => json!({"error": error.to_string()}),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

/// The bytes in memory now, from which the most is counted anew; of Linux.
fn resident() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    status("VmRSS:")
}

/// A number of bytes that the kernel keeps of this process.
fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// The seconds that something takes, and what it gives.
pub fn timed<T>(job: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let out = job();
    (start.elapsed().as_secs_f64(), out)
}

/// `f64` or `f32`.
pub trait Real: linfa::Float {
    fn of(value: f64) -> Self;
    fn wide(self) -> f64;
}

impl Real for f64 {
    fn of(value: f64) -> Self {
        value
    }

    fn wide(self) -> f64 {
        self
    }
}

impl Real for f32 {
    fn of(value: f64) -> Self {
        value as f32
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

/// The files `compare.py` wrote: raw values, their shapes in `meta`.
pub struct Data {
    folder: PathBuf,
    meta: Value,
}

impl Data {
    fn bytes(&self, key: &str) -> std::io::Result<Vec<u8>> {
        let file = self.meta[key]["file"].as_str().unwrap_or_default();
        std::fs::read(self.folder.join(file))
    }

    pub fn matrix<F: Real>(&self, key: &str) -> Result<Array2<F>, Error> {
        let bytes = self.bytes(key)?;
        let size = |axis: usize| self.meta[key]["shape"][axis].as_u64().unwrap_or(0) as usize;
        let values = bytes.chunks_exact(size_of::<F>()).map(|raw| match *raw {
            [a, b, c, d, e, f, g, h] => F::of(f64::from_le_bytes([a, b, c, d, e, f, g, h])),
            [a, b, c, d] => F::of(f64::from(f32::from_le_bytes([a, b, c, d]))),
            _ => F::nan(),
        });
        Ok(Array2::from_shape_vec(
            (size(0), size(1)),
            values.collect(),
        )?)
    }

    pub fn vector<F: Real>(&self, key: &str) -> Result<Array1<F>, Error> {
        let bytes = self.bytes(key)?;
        let (values, _) = bytes.as_chunks::<8>();
        Ok(values
            .iter()
            .map(|&v| F::of(f64::from_le_bytes(v)))
            .collect())
    }

    pub fn labels(&self, key: &str) -> Result<Vec<i64>, Error> {
        let bytes = self.bytes(key)?;
        let (values, _) = bytes.as_chunks::<8>();
        Ok(values.iter().map(|&v| i64::from_le_bytes(v)).collect())
    }
}

/// The columns with their means taken off, and the means: for models whose intercept does not know them.
pub fn centred<F: Real>(mut x: Array2<F>) -> (Array2<F>, Array1<f64>) {
    let mut means = Array1::zeros(x.ncols());
    for row in x.rows() {
        means.zip_mut_with(&row, |m, v| *m += v.wide());
    }
    means /= x.nrows() as f64;
    for mut row in x.rows_mut() {
        row.zip_mut_with(&means, |v, &m| *v = F::of(v.wide() - m));
    }
    (x, means)
}

/// Coefficients found on centred columns, and the intercept for the columns as they were.
pub fn linear(coef: Vec<f64>, offset: f64, means: &Array1<f64>, last: Value) -> Value {
    let moved: f64 = coef.iter().zip(means).map(|(c, m)| c * m).sum();
    json!([coef, [offset - moved], last])
}

/// The share of the variance that orthonormal `components`, one a column, explain.
pub fn explained<F: Real>(x: &Array2<F>, components: &Array2<f64>) -> f64 {
    let (x, _) = centred(x.mapv(F::wide));
    let (mut kept, mut total) = (0.0, 0.0);
    for part in x.axis_chunks_iter(Axis(0), 4096) {
        let scores = part.dot(components);
        kept += scores.iter().map(|v| v * v).sum::<f64>();
        total += part.iter().map(|v| v * v).sum::<f64>();
    }
    kept / total
}

/// The sum of the squares around the means of the clusters.
pub fn inertia<F: Real>(x: &Array2<F>, labels: &[usize], k: usize) -> f64 {
    let mut centres = Array2::<f64>::zeros((k, x.ncols()));
    let mut counts = vec![0.0; k];
    for (row, &label) in x.rows().into_iter().zip(labels) {
        counts[label] += 1.0;
        centres
            .row_mut(label)
            .zip_mut_with(&row, |c, v| *c += v.wide());
    }
    for (mut centre, &count) in centres.rows_mut().into_iter().zip(&counts) {
        centre /= f64::max(count, 1.0);
    }
    let away = x.rows().into_iter().zip(labels).map(|(row, &label)| {
        let pairs = row.into_iter().zip(centres.row(label));
        pairs.map(|(v, c)| (v.wide() - c).powi(2)).sum::<f64>()
    });
    away.sum()
}

/// What the nearest rows are judged by: the mean distance, and the sum of the rows' numbers.
pub fn nearest<F: Real>(x: &Array2<F>, queries: &Array2<F>, found: &[Vec<usize>]) -> Value {
    let (mut sum, mut count, mut rows) = (0.0, 0.0, 0);
    for (query, near) in queries.rows().into_iter().zip(found) {
        for &i in near {
            let pairs = query.into_iter().zip(x.row(i));
            sum += pairs
                .map(|(a, b)| (a.wide() - b.wide()).powi(2))
                .sum::<f64>()
                .sqrt();
            count += 1.0;
            rows += i;
        }
    }
    json!([sum / count, rows])
}
