//! Results as columns with names: written as CSV, or made a table.

use std::io::Write;
use std::path::Path;

use crate::error::{Error, ErrorKind, Result};
use crate::params::Value;
use crate::table::{Categorical, Column, Table};

/// One column of results.
pub(super) enum Cells {
    Real(Vec<Option<f64>>),
    Count(Vec<Option<usize>>),
    Param(Vec<Option<Value>>),
    Text(Vec<Option<String>>),
}

/// Columns of equal length with their names.
pub(super) type Columns = Vec<(String, Cells)>;

/// Numbers that are all there.
pub(super) fn reals(values: impl IntoIterator<Item = f64>) -> Cells {
    Cells::Real(values.into_iter().map(Some).collect())
}

/// A head and a line for each row, to a new file.
pub(super) fn to_csv(columns: &Columns, path: &Path) -> Result<()> {
    let io = |source| {
        Error::from(ErrorKind::Io {
            path: path.into(),
            source,
        })
    };
    let file = std::fs::File::create(path).map_err(io)?;
    write_csv(columns, std::io::BufWriter::new(file)).map_err(io)
}

/// As [`to_csv`], to any writer.
pub(super) fn write_csv(columns: &Columns, writer: impl Write) -> std::io::Result<()> {
    let mut out = csv::Writer::from_writer(writer);
    out.write_record(columns.iter().map(|(name, _)| name))?;
    for row in 0..columns.first().map_or(0, |(_, cells)| cells.len()) {
        out.write_record(columns.iter().map(|(_, cells)| cells.text(row)))?;
    }
    out.flush()
}

pub(super) fn to_table(columns: Columns) -> Result<Table> {
    let columns = columns.into_iter();
    Table::new(columns.map(|(name, cells)| (name, cells.into_column())))
}

impl Cells {
    fn len(&self) -> usize {
        match self {
            Cells::Real(v) => v.len(),
            Cells::Count(v) => v.len(),
            Cells::Param(v) => v.len(),
            Cells::Text(v) => v.len(),
        }
    }

    fn text(&self, row: usize) -> String {
        match self {
            Cells::Real(v) => v[row].map(|x| x.to_string()),
            Cells::Count(v) => v[row].map(|x| x.to_string()),
            Cells::Param(v) => v[row].as_ref().map(plain),
            Cells::Text(v) => v[row].clone(),
        }
        .unwrap_or_default()
    }

    fn into_column(self) -> Column {
        match self {
            Cells::Real(v) => Column::Float(v.into_iter().map(|x| x.unwrap_or(f64::NAN)).collect()),
            Cells::Count(v) => {
                let number = |x: Option<usize>| x.map_or(f64::NAN, |x| x as f64);
                Column::Integer(v.into_iter().map(number).collect())
            }
            Cells::Text(v) => Column::Categorical(Categorical::from_texts(v)),
            Cells::Param(v) => {
                let set = || v.iter().flatten();
                if set().all(Value::is_boolean) && set().count() > 0 {
                    let cell = |x: &Option<Value>| x.as_ref().and_then(Value::as_bool);
                    return Column::Boolean(v.iter().map(cell).collect());
                }
                let whole = |x: &Value| {
                    let small = x.as_f64().is_some_and(|x| x.abs() <= (1u64 << 53) as f64);
                    (x.is_i64() || x.is_u64()) && small
                };
                let numbers = || {
                    let cell = |x: &Option<Value>| x.as_ref().and_then(Value::as_f64);
                    v.iter().map(|x| cell(x).unwrap_or(f64::NAN)).collect()
                };
                if set().all(whole) {
                    return Column::Integer(numbers());
                }
                if set().all(Value::is_number) {
                    return Column::Float(numbers());
                }
                let texts = v.iter().map(|x| x.as_ref().map(plain));
                Column::Categorical(Categorical::from_texts(texts))
            }
        }
    }
}

/// Texts without quotes, all else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// `to_csv`, `write_csv` and `to_table` of a type with a method `columns`.
macro_rules! as_columns {
    ($(#[$csv:meta])+ $type:ty; $(#[$table:meta])+) => {
        impl $type {
            $(#[$csv])+
            ///
            /// # Errors
            /// `Io`.
            pub fn to_csv(&self, path: impl AsRef<std::path::Path>) -> Result<()> {
                crate::model_selection::results_table::to_csv(&self.columns(), path.as_ref())
            }

            /// As [`to_csv`](Self::to_csv), to any writer.
            ///
            /// # Errors
            /// The writer's.
            pub fn write_csv(&self, writer: impl std::io::Write) -> std::io::Result<()> {
                crate::model_selection::results_table::write_csv(&self.columns(), writer)
            }

            $(#[$table])+
            pub fn to_table(&self) -> Result<crate::table::Table> {
                crate::model_selection::results_table::to_table(self.columns())
            }
        }
    };
}
pub(super) use as_columns;

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use crate::linear_model::Ridge;
    use crate::model_selection::{
        CrossValidate, DefaultScore, ErrorScore, KFold, LearningCurve, R2, ValidationCurve, named,
    };
    use crate::table::{CsvOptions, Table};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let x = Array2::from_shape_fn((24, 2), |(i, j)| ((5 * i + 3 * j) % 24) as f64);
        let y = Array1::from_shape_fn(24, |i| ((7 * i) % 11) as f64 + x[[i, 0]]);
        (x, y)
    }

    fn numbers(table: &Table, name: &str) -> Vec<f64> {
        let column = table.column(name).unwrap();
        let numbers = (0..table.n_rows()).map(|i| column.number(i).unwrap());
        numbers.collect()
    }

    /// What is written is read again, every digit.
    fn read_back(written: &[u8], table: &Table) {
        let read = CsvOptions::new().read_bytes(written).unwrap();
        assert_eq!(read.names(), table.names());
        for name in table.names() {
            if name != "failure" {
                assert_eq!(numbers(&read, &name), numbers(table, &name), "{name}");
            }
        }
    }

    #[test]
    fn cross_validation_as_table_and_text() {
        let (x, y) = data();
        let validate = CrossValidate::new().cv(3).return_train_score(true);
        let absolute = named("mae", crate::model_selection::NegMeanAbsoluteError);
        let found = validate.run(&Ridge::new(), &x, &y, &[&R2::new(), &absolute]);
        let found = found.unwrap();
        let table = found.to_table().unwrap();
        let expected = [
            "fold",
            "fit_time",
            "score_time",
            "test_r2",
            "train_r2",
            "test_mae",
            "train_mae",
            "failure",
        ];
        assert_eq!(table.names(), expected);
        assert_eq!(numbers(&table, "fold"), [0.0, 1.0, 2.0]);
        let test = found.test_scores("mae").unwrap().to_vec();
        assert_eq!(numbers(&table, "test_mae"), test);
        let train = found.train_scores("r2").unwrap().unwrap().to_vec();
        assert_eq!(numbers(&table, "train_r2"), train);
        let mut written = Vec::new();
        found.write_csv(&mut written).unwrap();
        read_back(&written, &table);
        assert!(found.to_csv("/no/such/directory/file").is_err());
    }

    #[test]
    fn failures_stand_beside_their_folds() {
        let (x, mut y) = data();
        y[3] = f64::NAN;
        let found = CrossValidate::new()
            .cv(KFold::new().n_splits(3))
            .error_score(ErrorScore::Value(-1.0))
            .run(&Ridge::new(), &x, &y, &[&DefaultScore])
            .unwrap();
        let table = found.to_table().unwrap();
        assert_eq!(numbers(&table, "test_score"), [-1.0; 3]);
        let mut written = Vec::new();
        found.write_csv(&mut written).unwrap();
        let text = String::from_utf8(written).unwrap();
        let failed = text.lines().filter(|l| l.contains("NaN")).count();
        assert_eq!(failed, 3, "{text}");
    }

    #[test]
    fn curves_as_tables() {
        let (x, y) = data();
        let curve = LearningCurve::new().cv(4).train_sizes([6, 12, 18]);
        let curve = curve.run(&Ridge::new(), &x, &y, &DefaultScore).unwrap();
        let table = curve.to_table().unwrap();
        assert_eq!(numbers(&table, "train_size"), [6.0, 12.0, 18.0]);
        assert_eq!(
            Array1::from(numbers(&table, "split2_train_score")),
            curve.train_scores().column(2)
        );
        let mean = curve.test_scores().mean_axis(ndarray::Axis(1)).unwrap();
        for (ours, mean) in numbers(&table, "mean_test_score").into_iter().zip(mean) {
            assert!((ours - mean).abs() < 1e-15);
        }
        let mut written = Vec::new();
        curve.write_csv(&mut written).unwrap();
        read_back(&written, &table);

        let curve = ValidationCurve::new("alpha", [0.5, 2.0]).cv(3);
        let curve = curve.run(&Ridge::new(), &x, &y, &DefaultScore).unwrap();
        let table = curve.to_table().unwrap();
        assert_eq!(numbers(&table, "param_alpha"), [0.5, 2.0]);
        let first = curve.test_scores().column(0).to_vec();
        assert_eq!(numbers(&table, "split0_test_score"), first);
        assert_eq!(table.n_columns(), 1 + 2 * (2 + 3) + 4);
        let mut written = Vec::new();
        curve.write_csv(&mut written).unwrap();
        read_back(&written, &table);
    }
}
