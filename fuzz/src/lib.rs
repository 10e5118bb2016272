//! What the fuzz targets share: the models they load, and how bytes become small inputs.

use fitwell::impute::{FittedSimpleImputer, SimpleImputer};
use fitwell::linear_model::{FittedLogisticRegression, FittedRidge, LogisticRegression, Ridge};
use fitwell::ndarray::{Array2, ArrayRef2, Ix1};
use fitwell::pipeline::ColumnTransformer;
use fitwell::prelude::*;
use fitwell::preprocessing::{
    FittedDateParts, FittedOneHotEncoder, FittedStandardScaler, HandleUnknown, OneHotEncoder,
    StandardScaler,
};
use fitwell::table::{Columns, Table};

/// The pipeline of `tests/model_files.rs`, whose golden files are good seeds.
pub fn penguins()
-> impl Estimator<Table, Labels, Fitted: Model + Predict<Table, Output = Labels>> + Model + Params {
    pipeline(
        "prepare",
        ColumnTransformer::new()
            .numeric(
                "num",
                Columns::numeric(),
                pipeline("impute", SimpleImputer::median()).then("scale", StandardScaler::new()),
            )
            .part(
                "cat",
                Columns::categorical(),
                pipeline("impute", SimpleImputer::most_frequent()).then(
                    "encode",
                    OneHotEncoder::new().handle_unknown(HandleUnknown::Ignore),
                ),
            ),
    )
    .then("clf", LogisticRegression::new())
}

/// Uses what an estimator would have learned, as loaded from bytes, if it loads; a loaded model saves.
pub fn load(bytes: &[u8], format: Format) {
    let x = Array2::from_shape_fn((3, 4), |(i, j)| i as f64 - j as f64 / 2.0);
    let table = Table::from_csv_text();
    used::<FittedRidge<f64, Ix1>>(bytes, format, |m| drop(m.predict(&x)));
    used::<FittedRidge<f32, Ix1>>(bytes, format, |m| drop(m.predict(&x.mapv(|v| v as f32))));
    used::<FittedLogisticRegression<f64>>(bytes, format, |m| drop(m.predict_proba(&x)));
    used::<FittedStandardScaler<f64>>(bytes, format, |m| drop(m.transform(&x)));
    used::<FittedSimpleImputer<f64>>(bytes, format, |m| drop(m.transform(&x)));
    used::<FittedOneHotEncoder>(bytes, format, |m| drop(m.transform(&table)));
    used::<FittedDateParts>(bytes, format, |m| drop(m.transform(&table)));
    pipeline_used(&penguins(), bytes, format, &table);
}

fn used<M: Model>(bytes: &[u8], format: Format, run: impl Fn(&M)) {
    let loaded = match format {
        Format::Json => std::str::from_utf8(bytes)
            .ok()
            .and_then(|t| M::from_json(t).ok()),
        Format::Binary => M::from_bytes(bytes)
            .ok()
            .or_else(|| M::from_bytes(&sealed::<M>(bytes)).ok()),
    };
    if let Some(model) = loaded {
        run(&model);
        model.to_json().expect("what was loaded can be saved");
    }
}

fn pipeline_used<E: Estimator<Table, Labels>>(_: &E, bytes: &[u8], format: Format, table: &Table)
where
    E::Fitted: Model + Predict<Table, Output = Labels>,
{
    used::<E::Fitted>(bytes, format, |m| drop(m.predict(table)));
}

/// A binary file with these bytes as its body: the header, the length and the checksum are right, so that the body is read.
fn sealed<M: Model>(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89fitwell".to_vec();
    bytes.extend(1u32.to_le_bytes());
    for text in ["0.1.0", &M::type_name()] {
        bytes.extend((text.len() as u32).to_le_bytes());
        bytes.extend(text.as_bytes());
    }
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(body);
    bytes.extend(checksum(&bytes).to_le_bytes());
    bytes
}

/// The checksum of the binary format.
fn checksum(bytes: &[u8]) -> u64 {
    let mut state = bytes.len() as u64;
    for start in (0..=bytes.len()).step_by(8) {
        let mut word = [0; 8];
        let end = bytes.len().min(start + 8);
        word[..end - start].copy_from_slice(&bytes[start..end]);
        let word = u64::from_le_bytes(word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        state = (state ^ word)
            .rotate_left(31)
            .wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    }
    state
}

trait Sample {
    fn from_csv_text() -> Table;
}

impl Sample for Table {
    /// Two rows of every kind.
    fn from_csv_text() -> Table {
        let text = "species,island,date,culmen_length_mm,flag\nAdelie,Biscoe,2024-02-29,39.1,true\n,Dream,,,false\n";
        fitwell::table::CsvOptions::new()
            .read_str(text)
            .expect("a table")
    }
}

/// Bytes handed out piece by piece, zeros when there are none left.
pub struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        *first
    }

    /// A number: small ones mostly, sometimes any bits.
    pub fn number(&mut self) -> f64 {
        match self.byte() {
            kind @ 0..224 => f64::from(kind) / 16.0 - 7.0,
            224..240 => f64::from(self.byte()) * 1e300,
            240..248 => f64::from(self.byte()) * 1e-310,
            _ => f64::from_bits(u64::from_le_bytes(std::array::from_fn(|_| self.byte()))),
        }
    }

    /// A matrix of up to 12 rows and 5 columns.
    pub fn matrix(&mut self) -> Array2<f64> {
        let (rows, columns) = (usize::from(self.byte() % 13), usize::from(self.byte() % 6));
        Array2::from_shape_simple_fn((rows, columns), || self.number())
    }
}

/// Every number is finite.
pub fn finite(x: &ArrayRef2<f64>) -> bool {
    x.iter().all(|v| v.is_finite())
}

/// A classifier for small matrices.
pub fn classifier(c: f64, max_iter: usize) -> LogisticRegression {
    LogisticRegression::new().c(c).max_iter(max_iter)
}

/// A regressor for small matrices.
pub fn regressor(alpha: f64) -> Ridge {
    Ridge::new().alpha(alpha)
}
