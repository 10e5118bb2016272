//! Categories become whole numbers.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::categories::{
    Categories, Decoded, Grouping, Input, KnownColumn, Learning, MinFrequency, Number, encoder,
    fitted_encoder, validate,
};
use crate::error::{Error, ErrorKind, Result, shorten};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::table::{Cell, Table};
use crate::traits::{FeatureNamesOut, InverseTransform};
use crate::{check, parallel};

/// What [`OrdinalEncoder`] does with a category that was not there at fit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrdinalUnknown {
    /// An error that names the column, the row, the category and the known ones.
    #[default]
    Error,
    /// The code is `unknown_value`.
    UseEncodedValue,
}

/// Gives each category of each column a whole number: 0 for the first, 1 for the second, and so on.
///
/// The columns may hold texts, booleans or numbers, in a [`Table`] or, numbers, in a matrix. Categories that occur are
/// sorted; give them to choose their order. The result has the shape of the input.
///
/// Use it for categories with an order, and before trees. Linear models, networks and distances would take the codes for
/// amounts: [`OneHotEncoder`](super::OneHotEncoder) is for those.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `categories` | `auto` | `auto`, `{"given": [[..], ..]}` | which there are and in which order, one list for each column; missing (`null`) last |
/// | `handle_unknown` | `error` | `error`, `use_encoded_value` | what a category means that was not there at fit |
/// | `unknown_value` | none | whole or NaN | the code of unknown categories; needed with `use_encoded_value`, and only then |
/// | `encoded_missing_value` | NaN | whole or NaN | the code of a missing value, in columns that have one at fit |
/// | `min_frequency` | none | at least 1, or in (0, 1) | categories in fewer rows, or a smaller part of them, are infrequent |
/// | `max_categories` | none | at least 1 | the most codes of a column, besides those of missing and unknown values |
///
/// The infrequent categories of a column share one code, the one after the others. Of equally rare categories those that
/// come first are infrequent. A missing value is never infrequent. `unknown_value` may be the code of the infrequent
/// categories: unknown ones then join them. Sample weights are accepted and not used, as scikit-learn's encoder has none.
///
/// # Result
/// Of a table `f64` ([`transform_to`](FittedOrdinalEncoder::transform_to) gives `f32`), of a matrix its own type.
///
/// # Complexity
/// Time O(n p), for real numbers O(log k) more for each value with k categories; memory beyond input and result: a few
/// numbers for each category.
///
/// # Errors
/// `EmptyInput`; `UnknownCategory`; `MissingValue` when a value is missing that was never missing at fit; `NonFinite` for
/// infinite numbers; `InvalidParameter` when what is given does not fit the columns or each other, and when
/// `unknown_value` or `encoded_missing_value` is the code of a category; `FeatureNames`, `ShapeMismatch` and
/// `WrongColumnKind` at transform; `TooLarge` for codes that `f32` cannot tell apart.
///
/// # Source
/// scikit-learn's `OrdinalEncoder`. Different: given numbers need not be sorted; the inverse is a [`Table`], in which a
/// column with infrequent categories holds texts and unknown categories are missing; the inverse refuses what is no code,
/// and finds the infrequent categories also in columns with missing values, which scikit-learn makes missing.
///
/// # Examples
/// ```
/// use fitwell::{preprocessing::{OrdinalEncoder, OrdinalUnknown}, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let table = Table::new([
///     ("city", Column::from([Some("Ulm"), Some("Bonn"), None])),
///     ("level", Column::from([3, 1, 3])),
/// ])?;
/// let encoder = OrdinalEncoder::new().encoded_missing_value(-1.0).fit(&table, &())?;
/// let codes = encoder.transform(&table)?;
/// assert_eq!(codes, array![[1.0, 1.0], [0.0, 0.0], [-1.0, 1.0]]);
/// assert_eq!(encoder.inverse_transform(&codes)?, table);
///
/// let lenient = OrdinalEncoder::new()
///     .handle_unknown(OrdinalUnknown::UseEncodedValue)
///     .unknown_value(-2.0)
///     .fit(&table, &())?;
/// let other = Table::new([("city", Column::from(["Köln"])), ("level", Column::from([1]))])?;
/// assert_eq!(lenient.transform(&other)?, array![[-2.0, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrdinalEncoder {
    /// Which categories there are, in which order.
    categories: Categories,
    /// What a category means that was not there at fit.
    handle_unknown: OrdinalUnknown,
    /// The code of unknown categories.
    unknown_value: Option<Number>,
    /// The code of missing values.
    encoded_missing_value: Number,
    /// From how many rows on a category is frequent.
    min_frequency: Option<MinFrequency>,
    /// The most codes of a column.
    max_categories: Option<usize>,
}

impl Default for OrdinalEncoder {
    fn default() -> Self {
        OrdinalEncoder {
            categories: Categories::Auto,
            handle_unknown: OrdinalUnknown::Error,
            unknown_value: None,
            encoded_missing_value: Number(f64::NAN),
            min_frequency: None,
            max_categories: None,
        }
    }
}

impl OrdinalEncoder {
    /// An encoder of the categories that occur, which refuses others and leaves missing values missing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Which categories there are, in which order.
    #[must_use]
    pub fn categories(mut self, categories: Categories) -> Self {
        self.categories = categories;
        self
    }

    /// What a category means that was not there at fit.
    #[must_use]
    pub fn handle_unknown(mut self, handle_unknown: OrdinalUnknown) -> Self {
        self.handle_unknown = handle_unknown;
        self
    }

    /// The code of unknown categories, whole or NaN.
    #[must_use]
    pub fn unknown_value(mut self, unknown_value: f64) -> Self {
        self.unknown_value = Some(Number(unknown_value));
        self
    }

    /// The code of missing values, whole or NaN.
    #[must_use]
    pub fn encoded_missing_value(mut self, encoded_missing_value: f64) -> Self {
        self.encoded_missing_value = Number(encoded_missing_value);
        self
    }

    /// From how many rows on a category is frequent: a count (`10`) or a fraction of the rows (`0.01`).
    #[must_use]
    pub fn min_frequency(mut self, min_frequency: impl Into<MinFrequency>) -> Self {
        self.min_frequency = Some(min_frequency.into());
        self
    }

    /// The most codes of a column, that of the infrequent categories among them.
    #[must_use]
    pub fn max_categories(mut self, max_categories: usize) -> Self {
        self.max_categories = Some(max_categories);
        self
    }

    fn refuse(name: &str, expected: impl Into<String>, got: impl fmt::Display) -> Error {
        Error::invalid_parameter(Self::NAME, name, expected, got)
    }

    fn grouping(&self) -> Grouping {
        Grouping {
            min_frequency: self.min_frequency,
            max_categories: self.max_categories,
        }
    }
}

impl Hyperparameters for OrdinalEncoder {
    const NAME: &'static str = "OrdinalEncoder";

    fn check(&self) -> Result<()> {
        self.categories.check(Self::NAME)?;
        self.grouping().check(Self::NAME)?;
        let whole = "a whole number or NaN";
        if !self.encoded_missing_value.is_code() {
            let got = self.encoded_missing_value.0;
            return Err(Self::refuse("encoded_missing_value", whole, got));
        }
        match (self.handle_unknown, self.unknown_value) {
            (OrdinalUnknown::Error, Some(value)) => {
                let expected = "given only when `handle_unknown` is `use_encoded_value`";
                Err(Self::refuse("unknown_value", expected, value.0))
            }
            (OrdinalUnknown::UseEncodedValue, None) => {
                let expected = format!("{whole} when `handle_unknown` is `use_encoded_value`");
                Err(Self::refuse("unknown_value", expected, "none"))
            }
            (_, Some(value)) if !value.is_code() => {
                Err(Self::refuse("unknown_value", whole, value.0))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for OrdinalEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

encoder!(OrdinalEncoder => FittedOrdinalEncoder);

impl OrdinalEncoder {
    fn learn<F: Float>(
        &self,
        names: &[String],
        inputs: &[Input<'_, F>],
        named: bool,
    ) -> Result<FittedOrdinalEncoder> {
        let learning = Learning {
            estimator: Self::NAME,
            categories: &self.categories,
            refuse_unknown: self.handle_unknown == OrdinalUnknown::Error,
            grouping: self.grouping(),
            group_missing: false,
        };
        let fitted = FittedOrdinalEncoder {
            named,
            unknown_value: self.unknown_value,
            encoded_missing_value: self.encoded_missing_value,
            columns: learning.columns(names, inputs)?,
        };
        match fitted.ambiguous() {
            Some((name, code, column)) => {
                let expected = format!(
                    "no code of a category of column `{}` (0 to {})",
                    shorten(column.name()),
                    n_frequent(column) - 1
                );
                Err(Self::refuse(name, expected, code))
            }
            None => Ok(fitted),
        }
    }
}

/// Categories learned by [`OrdinalEncoder`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedOrdinalEncoder {
    /// Fitted on a table, whose names count.
    named: bool,
    /// The code of unknown categories; without one they are an error.
    unknown_value: Option<Number>,
    encoded_missing_value: Number,
    columns: Vec<KnownColumn>,
}

/// How many categories have a code of their own; a missing value does not count.
fn n_frequent(column: &KnownColumn) -> usize {
    column.len() - usize::from(column.missing_category().is_some()) - column.n_infrequent()
}

impl FittedOrdinalEncoder {
    /// The categories of each column, in the order of their codes; infrequent ones and a missing value are among them.
    pub fn categories(&self) -> Vec<Vec<Cell>> {
        self.columns.iter().map(KnownColumn::cells).collect()
    }

    /// For each column the categories that share a code; `None` where there are none.
    pub fn infrequent_categories(&self) -> Vec<Option<Vec<Cell>>> {
        let columns = self.columns.iter();
        columns.map(KnownColumn::infrequent_cells).collect()
    }

    /// A setting that is the code of a category of a column.
    fn ambiguous(&self) -> Option<(&'static str, f64, &KnownColumn)> {
        let is_code = |code: f64, c: &KnownColumn| code >= 0.0 && code < n_frequent(c) as f64;
        let missing = self.encoded_missing_value.0;
        self.columns.iter().find_map(|column| {
            if let Some(Number(code)) = self.unknown_value
                && is_code(code, column)
            {
                return Some(("unknown_value", code, column));
            }
            let encodes = column.missing_category().is_some() && is_code(missing, column);
            encodes.then_some(("encoded_missing_value", missing, column))
        })
    }

    fn encode<F: Float, G: Float>(
        &self,
        inputs: &[Input<'_, G>],
        n_rows: usize,
    ) -> Result<Array2<F>> {
        let p = inputs.len();
        parallel::fits::<F>(OrdinalEncoder::NAME, (n_rows, p))?;
        let mut lookups = Vec::with_capacity(p);
        for (input, column) in inputs.iter().zip(&self.columns) {
            check_codes::<F>(column)?;
            // What is infinite is unknown.
            let code = |category: Option<usize>| match category {
                None => F::infinity(),
                _ if category == column.missing_category() => F::of(self.encoded_missing_value.0),
                Some(c) => {
                    let place = column.among_frequent(c);
                    F::of(place.unwrap_or_else(|| n_frequent(column)) as f64)
                }
            };
            lookups.push(column.lookup(*input, code)?);
        }
        let unknown_value = self.unknown_value.map_or(F::zero(), |v| F::of(v.0));
        let mut out = parallel::zeros::<F>((n_rows, p));
        // For each column the first row with an unknown category.
        let unknown = Mutex::new(vec![None::<usize>; p]);
        let chunk = parallel::row_chunks(n_rows, p);
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = first..first + block.nrows();
            let mut found = Vec::new();
            for (j, lookup) in lookups.iter().enumerate() {
                let mut unknown = None;
                let mut column = block.column_mut(j);
                lookup.each(rows.clone(), |i, code| {
                    column[i] = code;
                    if code == F::infinity() {
                        unknown = unknown.or(Some(first + i));
                        column[i] = unknown_value;
                    }
                });
                found.extend(unknown.map(|row| (j, row)));
            }
            if !found.is_empty() {
                let mut unknown = unknown.lock().unwrap_or_else(PoisonError::into_inner);
                for (j, row) in found {
                    unknown[j] = Some(unknown[j].map_or(row, |u| u.min(row)));
                }
            }
        });
        let unknown = unknown.into_inner().unwrap_or_else(PoisonError::into_inner);
        for ((input, column), row) in inputs.iter().zip(&self.columns).zip(unknown) {
            let Some(row) = row else { continue };
            if self.unknown_value.is_none() {
                return Err(input.unknown(column, row));
            }
            input.check_finite(column.name())?;
        }
        Ok(out)
    }
}

/// Every code of a column is a number of its own.
fn check_codes<F: Float>(column: &KnownColumn) -> Result<()> {
    let limit = (1.0 / F::EPSILON.f64()) as u64;
    if column.len() as u64 <= limit {
        return Ok(());
    }
    Err(ErrorKind::TooLarge {
        what: format!(
            "codes of column `{}` as {}",
            shorten(column.name()),
            F::NAME
        ),
        size: column.len() as u64,
        limit,
    }
    .into())
}

fitted_encoder!(FittedOrdinalEncoder);

/// Back to a table, also of an encoder that was fitted on a matrix (`inverse_transform(&x)?.to_matrix()?` is the matrix).
/// The infrequent categories are the text `infrequent_sklearn`; an unknown one is missing.
impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedOrdinalEncoder {
    type Output = Table;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Table> {
        check::width(x, self.columns.len())?;
        let codes = x.columns().into_iter().zip(&self.columns);
        let columns = codes.map(|(codes, column)| {
            let rows = codes.iter().enumerate();
            let rows = rows.map(|(row, code)| self.decode(column, row, code.f64()));
            let rows = rows.collect::<Result<Vec<Decoded>>>()?;
            Ok((column.name().into(), Arc::new(column.decoded(&rows))))
        });
        Ok(Table::from_shared(
            columns.collect::<Result<_>>()?,
            x.nrows(),
        ))
    }
}

impl FittedOrdinalEncoder {
    fn decode(&self, column: &KnownColumn, row: usize, code: f64) -> Result<Decoded> {
        let frequent = n_frequent(column);
        if let Some(missing) = column.missing_category()
            && Number(code) == self.encoded_missing_value
        {
            return Ok(Decoded::Category(missing));
        }
        if column.n_infrequent() > 0 && code == frequent as f64 {
            return Ok(Decoded::Infrequent);
        }
        if Some(Number(code)) == self.unknown_value {
            return Ok(Decoded::Unknown);
        }
        if code >= 0.0 && code < frequent as f64 && code.fract() == 0.0 {
            return Ok(Decoded::Category(column.frequent(code as usize)));
        }
        let name = shorten(column.name());
        let reason = format!("row {row} is {code}, which is no code of column `{name}`");
        Err(Error::invalid_input("X", reason))
    }
}

impl FeatureNamesOut for FittedOrdinalEncoder {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        self.input_names(input)
    }
}

impl fmt::Display for FittedOrdinalEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let categories: usize = self.columns.iter().map(KnownColumn::len).sum();
        let columns = self.columns.len();
        write!(
            f,
            "OrdinalEncoder fitted on {columns} columns, {categories} categories"
        )
    }
}

impl Model for FittedOrdinalEncoder {
    fn type_name() -> String {
        "FittedOrdinalEncoder".into()
    }

    fn validate(&self) -> Result<()> {
        let wrong = |what: String| Err(Error::model_file(format!("FittedOrdinalEncoder: {what}")));
        validate(&Self::type_name(), self.columns.iter())?;
        let missing_grouped = |c: &&KnownColumn| {
            (c.missing_category()).is_some_and(|m| c.among_frequent(m).is_none())
        };
        if let Some(column) = self.columns.iter().find(missing_grouped) {
            let name = shorten(column.name());
            return wrong(format!("a missing value of `{name}` is infrequent"));
        }
        let codes = [Some(self.encoded_missing_value), self.unknown_value];
        if codes.iter().flatten().any(|v| !v.is_code()) {
            return wrong("a code is not whole".into());
        }
        match self.ambiguous() {
            Some((name, code, _)) => wrong(format!("{name} {code} is the code of a category")),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
