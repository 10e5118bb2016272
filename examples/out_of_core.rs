//! Learning from a file that need not fit in memory.
//!
//! Trips of a delivery service, some 200,000 lines of mixed text and numbers with holes, are written to a file. Then the
//! file is read in batches of 10,000 rows: the first one teaches how to fill holes, scale numbers and encode texts, and
//! every batch is tested before it is learned from, so that each accuracy is one on rows never seen. What is in memory is a
//! batch, never the file.
//!
//! `cargo run --release --example out_of_core`; the file is removed at the end.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use fitwell::impute::SimpleImputer;
use fitwell::linear_model::{SgdClassifier, SgdLoss};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{HandleUnknown, OneHotEncoder, StandardScaler};
use fitwell::random::{generator, standard_normal, uniform};
use fitwell::table::CsvOptions;

const ROWS: usize = 200_000;
const BATCH: usize = 10_000;

/// The file goes when this does, also after an error.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn main() -> Result<()> {
    let name = format!("fitwell-trips-{}.csv", std::process::id());
    let file = Temporary(std::env::temp_dir().join(name));
    let bytes = write_trips(&file.0).map_err(|source| ErrorKind::Io {
        path: file.0.clone(),
        source,
    })?;
    println!("{ROWS} rows, {:.1} MB\n", bytes as f64 / 1e6);

    let mut batches = CsvOptions::new().batches_path(&file.0, BATCH)?;
    let Some(first) = batches.next() else {
        return Err(Error::invalid_input("file", "it has no rows"));
    };
    let (first, late) = first?.split_labels("late")?;

    // What the preprocessing learns of the first batch holds for all of them.
    let prepare = ColumnTransformer::new()
        .numeric(
            "number",
            ["distance", "stops", "hour"],
            pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
        )
        .part(
            "text",
            ["weather", "vehicle"],
            OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
        )
        .fit(&first, &late)?;
    let x = prepare.transform(&first)?;
    let mut model = SgdClassifier::new()
        .loss(SgdLoss::LogLoss)
        .average(BATCH)
        .begin(x.ncols(), &late)?;
    model.partial_fit(&x, &late)?;

    println!("{:>9}  accuracy on the next {BATCH}", "learned");
    let (mut last, mut learned, mut largest) = (0.0, late.len(), 0);
    for batch in batches {
        let (trips, late) = batch?.split_labels("late")?;
        let x = prepare.transform(&trips)?;
        last = model.score(&x, &late)?;
        println!("{learned:>9}  {last:.4}");
        model.partial_fit(&x, &late)?;
        learned += late.len();
        largest = largest.max(8 * x.len() + 8 * trips.n_rows() * trips.n_columns());
    }
    println!("\n{model}");
    println!(
        "of a file of {bytes} bytes some {} were in memory at once",
        largest + bytes / (ROWS / BATCH)
    );
    assert!(learned == ROWS && last > 0.8);
    assert!(largest < bytes);
    Ok(())
}

/// A trip is late when it is long, has many stops, runs in the evening or through snow, and by chance.
fn write_trips(path: &Path) -> std::io::Result<usize> {
    let mut rng = generator(7);
    let mut out = BufWriter::new(File::create(path)?);
    let mut bytes = out.write(b"distance,stops,hour,weather,vehicle,late\n")?;
    for _ in 0..ROWS {
        let distance = (1.5 + 0.8 * standard_normal(&mut rng)).exp();
        let stops = (uniform(&mut rng) * 12.0).floor();
        let hour = (uniform(&mut rng) * 24.0).floor();
        let weather = uniform(&mut rng);
        let (weather, delay) = match weather {
            w if w < 0.6 => ("dry", 0.0),
            w if w < 0.9 => ("rain", 1.0),
            _ => ("snow", 3.0),
        };
        let (vehicle, pace) = match uniform(&mut rng) {
            v if v < 0.5 => ("van", 0.0),
            v if v < 0.8 => ("bicycle", 1.0),
            _ => ("truck", 0.5),
        };
        let evening = if hour > 15.0 { 1.0 } else { 0.0 };
        let score = 0.25 * distance + 0.3 * stops + delay + pace + evening - 4.5;
        let late = score + 0.8 * standard_normal(&mut rng) > 0.0;
        // Some meters were broken.
        let shown = if uniform(&mut rng) < 0.05 {
            String::new()
        } else {
            format!("{distance:.2}")
        };
        let line = format!("{shown},{stops},{hour},{weather},{vehicle},{late}\n");
        bytes += out.write(line.as_bytes())?;
    }
    out.flush()?;
    Ok(bytes)
}
