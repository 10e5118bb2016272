//! A network learns from a CSV file that is larger than the memory it may take.
//!
//! The file is written to a temporary place first. It is then read a thousand rows at a time, in every epoch again; only the
//! rows at hand are in memory, and what a batch takes is asserted to stay within the budget.
//! `cargo run --release --example network_from_csv`.

use std::fmt::Write;
use std::fs;

use fitwell::ndarray::{Array1, Array2, ArrayRef1, Axis, s};
use fitwell::neural_network::{
    Activation, FittedSequentialRegressor, Sequential, SequentialRegressor,
};
use fitwell::prelude::*;
use fitwell::random;
use fitwell::table::CsvOptions;

/// What rows of the file may take in memory: a hundredth of the file.
const BUDGET: usize = 256 << 10;
const ROWS: usize = 120_000;
const BATCH: usize = 1_000;
const FEATURES: usize = 10;

/// A hidden rule, with noise.
fn rows(seed: u64, n: usize) -> (Array2<f64>, Array1<f64>) {
    let mut rng = random::generator(seed);
    let x = Array2::from_shape_simple_fn((n, FEATURES), || 2.0 * random::uniform(&mut rng) - 1.0);
    let rule = |row: &ArrayRef1<f64>| (3.0 * row[0]).sin() + row[1] * row[2] - 0.5 * row[3];
    let y = x.map_axis(Axis(1), |row| {
        rule(&row) + 0.1 * random::standard_normal(&mut rng)
    });
    (x, y)
}

fn main() -> Result<()> {
    let path = std::env::temp_dir().join(format!("fitwell-network-{}.csv", std::process::id()));
    let result = write(&path).and_then(|size| learn(&path, size));
    fs::remove_file(&path).ok();
    result
}

fn io(error: impl std::fmt::Display) -> Error {
    Error::invalid_input("the temporary file", error.to_string())
}

/// The size of the file in bytes.
fn write(path: &std::path::Path) -> Result<usize> {
    use std::io::Write as _;
    let mut file = std::io::BufWriter::new(fs::File::create(path).map_err(io)?);
    let names: Vec<String> = (0..FEATURES).map(|j| format!("x{j}")).collect();
    writeln!(file, "{},y", names.join(",")).map_err(io)?;
    for part in 0..ROWS / BATCH {
        let (x, y) = rows(part as u64, BATCH);
        let mut text = String::new();
        for (row, y) in x.rows().into_iter().zip(&y) {
            for v in row {
                write!(text, "{v},").map_err(io)?;
            }
            writeln!(text, "{y}").map_err(io)?;
        }
        file.write_all(text.as_bytes()).map_err(io)?;
    }
    file.flush().map_err(io)?;
    Ok(fs::metadata(path).map_err(io)?.len() as usize)
}

fn learn(path: &std::path::Path, size: usize) -> Result<()> {
    println!(
        "the file has {:.1} MB, rows in memory may take {:.2} MB",
        size as f64 / 1e6,
        BUDGET as f64 / 1e6
    );
    assert!(size > 50 * BUDGET);

    // A batch of the file as a matrix and a target.
    let split = |table: Result<Table>| {
        let values = table?.to_matrix()?;
        assert!(values.len() * size_of::<f64>() <= BUDGET);
        let x = values.slice(s![.., ..FEATURES]).to_owned();
        Ok((x, values.column(FEATURES).to_owned()))
    };
    let options = CsvOptions::new();
    let network = SequentialRegressor::new(Sequential::new().dense(32, Activation::Tanh))
        .learning_rate_init(0.01)
        .batch_size(250)
        .max_iter(3);
    let (x_test, y_test) = rows(u64::MAX, 2_000);
    let model: FittedSequentialRegressor = network.fit_batches(
        |_epoch| Ok(options.batches_path(path, BATCH)?.map(split)),
        Some((&x_test, &y_test)),
    )?;

    println!("{model}");
    for (epoch, (loss, validation)) in model
        .loss_curve()
        .iter()
        .zip(model.validation_loss_curve())
        .enumerate()
    {
        println!(
            "epoch {}: loss {loss:.4}, on rows apart {validation:.4}",
            epoch + 1
        );
    }
    let score = model.score(&x_test, &y_test)?;
    println!("R² on rows apart {score:.3}");
    assert_eq!(model.t(), 3 * (ROWS / 250) as u64);
    assert!(score > 0.9);
    Ok(())
}
