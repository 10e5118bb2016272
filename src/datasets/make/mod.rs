//! Makers of synthetic data: one file for each family, and what they share.

mod blobs;
mod classification;
mod curves;
mod low_rank;
mod multilabel;
mod regression;
mod settings;
mod shapes;

pub use blobs::{MakeBlobs, make_blobs};
pub use classification::{FeatureRole, MakeClassification, make_classification};
pub use curves::{MakeSCurve, MakeSwissRoll, make_s_curve, make_swiss_roll};
pub use low_rank::{MakeLowRankMatrix, make_low_rank_matrix};
pub use multilabel::{MakeMultilabelClassification, make_multilabel_classification};
pub use regression::{MakeFriedman1, MakeRegression, make_friedman1, make_regression};
pub use settings::{Adjustment, Centers, OneOrMany};
pub use shapes::{MakeCircles, MakeMoons, make_circles, make_moons};

use ndarray::{Array2, ArrayRef2, Axis};
use rand_chacha::ChaCha8Rng;

use crate::check::Interval;
use crate::error::{ErrorKind, Result};
use crate::random;

/// A matrix of one value; an error instead of an abort when there is no room.
fn filled<T: Clone>(maker: &str, rows: usize, columns: usize, value: T) -> Result<Array2<T>> {
    let too_large = || too_large(maker, rows as u64, columns as u64);
    let size = rows.checked_mul(columns).ok_or_else(too_large)?;
    let mut values = Vec::new();
    values.try_reserve_exact(size).map_err(|_| too_large())?;
    values.resize(size, value);
    Array2::from_shape_vec((rows, columns), values).map_err(|_| too_large())
}

/// Zeros, (rows, columns).
fn zeros(maker: &str, rows: usize, columns: usize) -> Result<Array2<f64>> {
    filled(maker, rows, columns, 0.0)
}

fn too_large(maker: &str, rows: u64, columns: u64) -> crate::Error {
    ErrorKind::TooLarge {
        what: format!("`{maker}`: {rows} x {columns} values"),
        size: rows.saturating_mul(columns).saturating_mul(8),
        limit: isize::MAX as u64,
    }
    .into()
}

/// Normal numbers of mean 0 and variance 1.
fn normals(maker: &str, rows: usize, columns: usize, rng: &mut ChaCha8Rng) -> Result<Array2<f64>> {
    let mut x = zeros(maker, rows, columns)?;
    x.iter_mut().for_each(|v| *v = random::standard_normal(rng));
    Ok(x)
}

/// Adds normal noise; draws nothing when there is none to add.
fn add_noise(x: &mut ArrayRef2<f64>, deviation: f64, rng: &mut ChaCha8Rng) {
    if deviation > 0.0 {
        x.iter_mut()
            .for_each(|v| *v += deviation * random::standard_normal(rng));
    }
}

/// Rows and their classes in a random order.
fn shuffle_rows(x: &mut Array2<f64>, y: &mut Vec<i64>, rng: &mut ChaCha8Rng) {
    let order = random::permutation(x.nrows(), rng);
    *x = x.select(Axis(0), &order);
    *y = order.into_iter().map(|row| y[row]).collect();
}

/// A uniform number between `low` and `high`.
fn between(low: f64, high: f64, rng: &mut ChaCha8Rng) -> f64 {
    low + (high - low) * random::uniform(rng)
}

/// Any finite number.
const FINITE: Interval = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
