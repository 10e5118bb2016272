//! Our side of `benches/compare/run`: reads the data that `compare.py` wrote, then does one job for each line on
//! standard input and answers with a line of JSON: the seconds it took, what the quality is judged by, and the memory it
//! took beyond what was there (on Linux).

mod categories;
mod cluster;
mod decomposition;
mod ensemble;
mod feature_selection;
mod features;
mod glm;
mod impute;
mod inspection;
mod linear_model;
mod metrics;
mod mixture;
mod mlp;
mod model_selection;
mod neighbors;
mod penalised;
mod scaling;
mod sgd;
mod sparse;
mod table;

use std::io::{BufRead, Write};
use std::path::PathBuf;

use fitwell::prelude::*;
use fitwell::{Float, parallel};
use ndarray::{Array1, Array2};
use serde_json::{Value, json};

/// One run of a workload: the seconds it took, and what the quality is judged by.
type Job = Box<dyn FnMut() -> Result<(f64, Value)>>;
/// A workload's job, if the area has the workload.
type Found = std::result::Result<Option<Job>, Box<dyn std::error::Error>>;

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
        let before = resident();
        let (seconds, result) = job()?;
        let memory = before.and_then(|before| Some(status("VmHWM:")?.saturating_sub(before)));
        writeln!(
            out,
            "{}",
            json!({"seconds": seconds, "out": result, "memory": memory})
        )?;
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

fn job(workload: &str, data: &Data) -> std::result::Result<Job, Box<dyn std::error::Error>> {
    let areas = [
        feature_selection::job,
        categories::job,
        cluster::job,
        decomposition::job,
        ensemble::job,
        features::job,
        glm::job,
        impute::job,
        inspection::job,
        linear_model::job,
        metrics::job,
        mixture::job,
        mlp::job,
        model_selection::job,
        neighbors::job,
        penalised::job,
        scaling::job,
        sgd::job,
        sparse::job,
        table::job,
    ];
    for area in areas {
        if let Some(job) = area(workload, data)? {
            return Ok(job);
        }
    }
    Err(format!("no workload {workload}").into())
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
