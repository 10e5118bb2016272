//! Dates written as text become numbers: year, month, weekday, the hour on its circle.
//!
//! A date and time `t` gives calendar fields, counts since 1970-01-01, and points on circles. A field `v` that runs from
//! `first` with a period of `m` is the point `(sin a, cos a)` with `a = 2π (v − first) / m`, so that December lies beside
//! January. Calendar arithmetic is that of the crate `jiff` (proleptic Gregorian calendar, ISO 8601 weeks).

mod moment;
mod part;
#[cfg(test)]
mod tests;

use std::fmt;

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use self::moment::{Moment, dated};
use super::{names_at_fit, same_names, unique_names, wrong_kind};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::table::{Categorical, Column, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

pub use part::DatePart;

/// How dates are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateFormat {
    /// ISO 8601 and RFC 3339: `2024-02-29`, `20240229`, `2024-02-29 17:30`, `2024-02-29T17:30:00.25+01:00`, `...Z`.
    #[default]
    Iso8601,
    /// With the directives of `strftime`: `%d.%m.%Y`, `%m/%d/%y %I:%M %p`, `%Y-%j`, `%H:%M`.
    Given(String),
}

/// A format with the directives of `strftime`.
impl From<&str> for DateFormat {
    fn from(format: &str) -> Self {
        DateFormat::Given(format.into())
    }
}

/// A format with the directives of `strftime`.
impl From<String> for DateFormat {
    fn from(format: String) -> Self {
        DateFormat::Given(format)
    }
}

/// What a text means that is no date in the format.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleUnparseable {
    /// An error that names the column, the row and the text.
    #[default]
    Error,
    /// A missing value: NaN in every part.
    Missing,
}

/// Turns dates written as text into numbers: calendar fields, time since 1970, points on circles.
///
/// Each column gives one output column for each part, named `date_year`, `date_month`, and so on. Columns hold texts, or
/// whole numbers such as `20240229`. A missing value gives NaN in every part: impute after it.
///
/// Trees use calendar fields as they are. Linear models, networks and distances do better with `*_sin` and `*_cos` pairs
/// for what repeats, and `elapsed_days` for what grows; scale the latter.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `parts` | `year`, `month`, `day`, `weekday` | at least one, each once | which numbers, in the order of the output |
/// | `format` | `iso8601` | `iso8601`, `{"given": "%d.%m.%Y"}` | how dates are written |
/// | `handle_unparseable` | `error` | `error`, `missing` | what a text means that is no date in the format |
///
/// With a given format, a month or a day that it does not have is 1, a time that it does not have is midnight. Without a
/// year it gives the parts of the time of day only. Directives are those of
/// [`jiff::fmt::strtime`](https://docs.rs/jiff/latest/jiff/fmt/strtime/); `%y` is 1969 to 2068. Spaces around a text are
/// ignored.
///
/// Calendar fields are those that the text says, whatever its offset; `elapsed_days` and `elapsed_seconds` count to the
/// instant in UTC where the text has an offset, and as if it were UTC where it has none. Leap seconds read as second 59.
///
/// # Complexity
/// Each different text of a column is read once: time O(d + n p) with d different texts and p parts.
///
/// # Errors
/// `EmptyInput`; `InvalidParameter` for a format with unknown directives, or without a year where a part needs one;
/// `WrongColumnKind` for columns of real numbers or booleans; `InvalidInput` with column, row and text for what is no date in
/// the format, at fit and at transform; `FeatureNames` at transform.
///
/// # Source
/// The fields are those of pandas' `Series.dt` (`weekday`, `day_of_year`, `isocalendar().week`, ...); `missing` is
/// `to_datetime(errors="coerce")`.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{DatePart, DateParts}, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([("sold", Column::from([Some("29.02.2024"), None, Some("31.12.1999")]))])?;
/// let parts = DateParts::new()
///     .format("%d.%m.%Y")
///     .parts([DatePart::Year, DatePart::Weekday, DatePart::MonthCos])
///     .fit(&table, &())?;
/// assert_eq!(parts.feature_names_out(None)?, ["sold_year", "sold_weekday", "sold_month_cos"]);
/// let x = parts.transform(&table)?;
/// assert_eq!(x.row(2).slice(ndarray::s![..2]), array![1999.0, 4.0]);
/// assert!(x.row(1).iter().all(|v| v.is_nan()));
///
/// let other = Table::new([("sold", Column::from(["30.02.2024"]))])?;
/// let refused = parts.transform(&other).unwrap_err().to_string();
/// assert!(refused.starts_with("column `sold`, row 0: \"30.02.2024\" is no date in the format %d.%m.%Y"), "{refused}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DateParts {
    /// Which numbers, in the order of the output.
    parts: Vec<DatePart>,
    /// How dates are written.
    format: DateFormat,
    /// What a text means that is no date in the format.
    handle_unparseable: HandleUnparseable,
}

impl Default for DateParts {
    fn default() -> Self {
        DateParts {
            parts: vec![
                DatePart::Year,
                DatePart::Month,
                DatePart::Day,
                DatePart::Weekday,
            ],
            format: DateFormat::Iso8601,
            handle_unparseable: HandleUnparseable::Error,
        }
    }
}

impl DateParts {
    /// Year, month, day and weekday of dates of ISO 8601; other texts are errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which numbers, in the order of the output.
    #[must_use]
    pub fn parts(mut self, parts: impl IntoIterator<Item = DatePart>) -> Self {
        self.parts = parts.into_iter().collect();
        self
    }

    /// How dates are written: a text is a format with the directives of `strftime`.
    #[must_use]
    pub fn format(mut self, format: impl Into<DateFormat>) -> Self {
        self.format = format.into();
        self
    }

    /// What a text means that is no date in the format.
    #[must_use]
    pub fn handle_unparseable(mut self, handle_unparseable: HandleUnparseable) -> Self {
        self.handle_unparseable = handle_unparseable;
        self
    }
}

impl Hyperparameters for DateParts {
    const NAME: &'static str = "DateParts";

    fn check(&self) -> Result<()> {
        let refuse = |name: &str, expected: &str, got: String| {
            Err(Error::invalid_parameter(Self::NAME, name, expected, got))
        };
        if self.parts.is_empty() {
            return refuse("parts", "at least one part", "[]".into());
        }
        for (i, part) in self.parts.iter().enumerate() {
            if self.parts[..i].contains(part) {
                return refuse("parts", "parts that do not repeat", part.to_string());
            }
        }
        let DateFormat::Given(format) = &self.format else {
            return Ok(());
        };
        match dated(format) {
            Err(reason) => refuse(
                "format",
                &format!("a format with the directives of strftime ({reason})"),
                format!("{:?}", shorten(format)),
            ),
            Ok(false) if !self.parts.iter().all(|part| part.of_time()) => refuse(
                "format",
                "one with a year, for parts other than hour, minute and second",
                format!("{:?}", shorten(format)),
            ),
            Ok(_) => Ok(()),
        }
    }
}

impl fmt::Display for DateParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<Y: Targets + ?Sized> Estimator<Table, Y> for DateParts {
    type Fitted = FittedDateParts;

    /// Checks that every text is a date in the format; there is nothing else to learn than the names.
    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        super::not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let fitted = FittedDateParts {
            names: x.names(),
            parts: self.parts.clone(),
            format: self.format.clone(),
            handle_unparseable: self.handle_unparseable,
        };
        fitted.read(x)?;
        Ok(fitted)
    }
}

/// What [`DateParts`] learned: the names of the columns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedDateParts {
    names: Vec<String>,
    parts: Vec<DatePart>,
    format: DateFormat,
    handle_unparseable: HandleUnparseable,
}

/// The parts of the different texts of a column, one after the other, and which of them each row has.
struct Read {
    /// A row of parts for each text, and NaN for missing values after them.
    parts: Vec<f64>,
    codes: Vec<u32>,
}

impl FittedDateParts {
    /// The names of the columns at fit.
    pub fn feature_names_in(&self) -> &[String] {
        &self.names
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.names.len()
    }

    /// The numbers each column gives, in the order of the output.
    pub fn parts(&self) -> &[DatePart] {
        &self.parts
    }

    fn settings(&self) -> DateParts {
        DateParts {
            parts: self.parts.clone(),
            format: self.format.clone(),
            handle_unparseable: self.handle_unparseable,
        }
    }

    /// Reads the texts of every column.
    fn read(&self, x: &Table) -> Result<Vec<Read>> {
        let dated = match &self.format {
            DateFormat::Iso8601 => true,
            DateFormat::Given(format) => dated(format).unwrap_or(false),
        };
        let mut columns = Vec::with_capacity(x.n_columns());
        for (name, column) in x.iter() {
            let texts = match column {
                Column::Categorical(texts) => texts.observed(),
                Column::Integer(_) => {
                    let texts = (0..column.len()).map(|row| column.text(row));
                    Categorical::from_texts(texts)
                }
                // What a file says of a column without any value.
                other if other.n_missing() == other.len() => {
                    Categorical::from_texts(vec![None::<&str>; other.len()])
                }
                other => return Err(wrong_kind(name, other, "categorical or integer")),
            };
            let different = texts.categories();
            let width = self.parts.len();
            let chunks = parallel::map_chunks(different.len(), 1 << 10, |range| {
                let mut parts = Vec::with_capacity(range.len() * width);
                let mut faults = Vec::new();
                for code in range {
                    match Moment::read(&different[code], &self.format, dated) {
                        Ok(moment) => parts.extend(self.parts.iter().map(|&p| moment.part(p))),
                        Err(reason) => {
                            faults.push((code, reason));
                            parts.resize(parts.len() + width, f64::NAN);
                        }
                    }
                }
                (parts, faults)
            });
            let mut parts = Vec::with_capacity((different.len() + 1) * width);
            for (chunk, faults) in chunks {
                parts.extend(chunk);
                if self.handle_unparseable == HandleUnparseable::Error && !faults.is_empty() {
                    return Err(self.fault(name, &texts));
                }
            }
            parts.resize(parts.len() + width, f64::NAN);
            columns.push(Read {
                parts,
                codes: texts.codes().to_vec(),
            });
        }
        Ok(columns)
    }

    /// The error for the first row whose text is no date.
    fn fault(&self, name: &str, texts: &Categorical) -> Error {
        let dated = matches!(&self.format, DateFormat::Given(f) if dated(f) == Ok(true));
        let read: Vec<Option<String>> = (texts.categories().iter())
            .map(|text| Moment::read(text, &self.format, dated).err())
            .collect();
        let first = (texts.codes().iter().enumerate()).find_map(|(row, &code)| {
            let reason = read.get(code as usize)?.as_deref()?;
            Some((row, texts.get(row)?, reason))
        });
        let (row, text, reason) = first.unwrap_or_default();
        let format = match &self.format {
            DateFormat::Iso8601 => "of ISO 8601".to_string(),
            DateFormat::Given(format) => format!("in the format {}", shorten(format)),
        };
        ErrorKind::InvalidInput {
            what: format!("column `{}`, row {row}", shorten(name)),
            reason: format!("{:?} is no date {format} ({reason})", shorten(text)),
        }
        .into()
    }
}

impl Transform<Table> for FittedDateParts {
    type Output = Array2<f64>;

    fn transform(&self, x: &Table) -> Result<Array2<f64>> {
        same_names(x, self.names.iter().map(String::as_str))?;
        let columns = self.read(x)?;
        let width = self.parts.len();
        let mut out = parallel::zeros((x.n_rows(), columns.len() * width));
        let chunk = parallel::row_chunks(x.n_rows(), out.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            for (i, mut row) in block.rows_mut().into_iter().enumerate() {
                for (j, column) in columns.iter().enumerate() {
                    // The missing code is beyond the end: the last row of parts is its.
                    let missing = column.parts.len() / width - 1;
                    let from = (column.codes[first + i] as usize).min(missing) * width;
                    let parts = &column.parts[from..from + width];
                    let to = row.iter_mut().skip(j * width);
                    to.zip(parts).for_each(|(to, part)| *to = *part);
                }
            }
        });
        Ok(out)
    }
}

impl FeatureNamesOut for FittedDateParts {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names_at_fit(input, &self.names)?;
        let of = |name: &String| {
            let parts: Vec<String> = self.parts.iter().map(|p| format!("{name}_{p}")).collect();
            parts
        };
        Ok(self.names.iter().flat_map(of).collect())
    }
}

impl fmt::Display for FittedDateParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<&str> = self.parts.iter().map(|part| part.name()).collect();
        let n = self.names.len();
        let s = if n == 1 { "" } else { "s" };
        write!(f, "DateParts of {n} column{s}: {}", parts.join(", "))
    }
}

impl Model for FittedDateParts {
    fn type_name() -> String {
        "FittedDateParts".into()
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("number of columns", self.names.len(), 1)?;
        unique_names(self.names.iter().map(String::as_str)).map_err(|name| {
            Error::model_file(format!("FittedDateParts: two columns named `{name}`"))
        })?;
        ensure::that(self.names.iter().all(|name| !name.is_empty()), || {
            "FittedDateParts: a column without a name".into()
        })?;
        self.settings().check()
    }
}
