//! Columns that say where values are missing.

use std::fmt;
use std::sync::Arc;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::missing::{Missing, MissingValues, increasing, indicator_name, with_missing};
use crate::error::{Error, Result, shorten};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::{
    infinite_cell, names_at_fit, names_or_numbers, not_empty_table, same_names, wrong_kind,
};
use crate::table::{Column, ColumnKind, Table};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

const NAME: &str = "MissingIndicator";

/// Which columns have an indicator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorFeatures {
    /// Those with missing values at fit.
    #[default]
    #[serde(alias = "missing-only")]
    MissingOnly,
    /// All of them.
    All,
}

/// Says where values are missing: a column of 0 and 1 for each column of an array, of booleans for each column of a
/// [`Table`].
///
/// That a value is missing can say something about the target. Beside an imputer it keeps what filling in would lose; the
/// imputers add the same columns themselves with `add_indicator`.
///
/// # Settings
/// | name | default | meaning |
/// |---|---|---|
/// | `missing_values` | NaN | what is missing: NaN (in tables, the table's own missing value), or a value |
/// | `features` | `missing_only` | which columns have an indicator: those with missing values at fit, or `all` |
/// | `error_on_new` | `true` | whether a missing value in a column that had none at fit is an error of `transform` (with `missing_only`) |
///
/// Sample weights are checked and not used.
///
/// # Complexity
/// Time O(n p), memory the result.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for infinite values, and for NaN when another
/// number is what is missing; `MissingValue` at transform, and `InvalidParameter` at fit, for a table that has missing values of its own when a value is what is missing;
/// `ShapeMismatch`, `FeatureNames`, and `InvalidInput` for columns that are new to missing values, at transform.
///
/// # Source
/// scikit-learn's `MissingIndicator`; there are no sparse results here.
///
/// # Examples
/// ```
/// use fitwell::{impute::MissingIndicator, prelude::*};
/// use ndarray::array;
///
/// let x = array![[f64::NAN, 1.0, 3.0], [4.0, 0.0, f64::NAN], [8.0, 1.0, 0.0]];
/// let indicator = MissingIndicator::new().fit(&x, &())?;
/// assert_eq!(indicator.features(), [0, 2]);
/// assert_eq!(indicator.feature_names_out(None)?, ["missingindicator_x0", "missingindicator_x2"]);
/// let new = array![[5.0, 1.0, f64::NAN], [f64::NAN, 2.0, 3.0]];
/// assert_eq!(indicator.transform(&new)?, array![[0.0, 1.0], [1.0, 0.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MissingIndicator {
    missing_values: MissingValues,
    features: IndicatorFeatures,
    error_on_new: bool,
}

impl Default for MissingIndicator {
    fn default() -> Self {
        MissingIndicator {
            missing_values: MissingValues::Nan,
            features: IndicatorFeatures::MissingOnly,
            error_on_new: true,
        }
    }
}

impl MissingIndicator {
    /// Indicators of the columns with missing values at fit.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is missing: NaN, or a value.
    #[must_use]
    pub fn missing_values(mut self, missing_values: impl Into<MissingValues>) -> Self {
        self.missing_values = missing_values.into();
        self
    }

    /// Which columns have an indicator.
    #[must_use]
    pub fn features(mut self, features: IndicatorFeatures) -> Self {
        self.features = features;
        self
    }

    /// Whether a missing value in a column that had none at fit is an error of `transform`.
    #[must_use]
    pub fn error_on_new(mut self, error_on_new: bool) -> Self {
        self.error_on_new = error_on_new;
        self
    }

    /// The columns with an indicator, and those that are not allowed to have missing values.
    fn chosen(&self, counts: &[usize]) -> (Vec<usize>, bool) {
        match self.features {
            IndicatorFeatures::All => ((0..counts.len()).collect(), false),
            IndicatorFeatures::MissingOnly => (with_missing(counts), self.error_on_new),
        }
    }
}

impl Hyperparameters for MissingIndicator {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.missing_values.check(NAME)
    }
}

impl fmt::Display for MissingIndicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for MissingIndicator {
    type Fitted = FittedMissingIndicator;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let number = self.missing_values.number(NAME)?;
        let missing = Missing::<F>::new(number);
        missing.check(x)?;
        let (features, error_on_new) = self.chosen(&missing.counts(x));
        Ok(FittedMissingIndicator {
            missing_values: number,
            n_features_in: x.ncols(),
            features,
            error_on_new,
        })
    }
}

/// The columns that [`MissingIndicator`] watches in arrays of either element type.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedMissingIndicator {
    #[serde(with = "crate::params::number")]
    missing_values: f64,
    n_features_in: usize,
    features: Vec<usize>,
    error_on_new: bool,
}

/// NaN as what is missing equals NaN.
impl PartialEq for FittedMissingIndicator {
    fn eq(&self, other: &Self) -> bool {
        let both_nan = self.missing_values.is_nan() && other.missing_values.is_nan();
        (both_nan || self.missing_values == other.missing_values)
            && self.n_features_in == other.n_features_in
            && self.features == other.features
            && self.error_on_new == other.error_on_new
    }
}

impl FittedMissingIndicator {
    /// The columns with an indicator, in order: the columns of the result.
    pub fn features(&self) -> &[usize] {
        &self.features
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.n_features_in
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedMissingIndicator {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::width(x, self.n_features_in)?;
        let missing = Missing::<F>::new(self.missing_values);
        missing.check(x)?;
        if self.error_on_new {
            let new = with_missing(&missing.counts(x));
            let new = new
                .into_iter()
                .filter(|j| self.features.binary_search(j).is_err());
            refuse_new(new.map(|j| j.to_string()).collect())?;
        }
        let mut out = parallel::zeros((x.nrows(), self.features.len()));
        missing.indicate(x, &self.features, &mut out);
        Ok(out)
    }
}

/// Columns with missing values that had none at fit are an error.
fn refuse_new(columns: Vec<String>) -> Result<()> {
    if columns.is_empty() {
        return Ok(());
    }
    const SHOWN: usize = 20;
    let more = if columns.len() > SHOWN { ", ..." } else { "" };
    let shown = &columns[..columns.len().min(SHOWN)];
    let reason = format!(
        "missing values in columns that had none at fit: {}{more}; allow them with error_on_new(false)",
        shown.join(", ")
    );
    Err(Error::invalid_input("X", reason))
}

impl FeatureNamesOut for FittedMissingIndicator {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = names_or_numbers(input, self.n_features_in)?;
        Ok(self
            .features
            .iter()
            .map(|&j| indicator_name(&names[j]))
            .collect())
    }
}

impl fmt::Display for FittedMissingIndicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, all) = (self.features.len(), self.n_features_in);
        write!(f, "{NAME} of {n} of {all} columns")
    }
}

impl Model for FittedMissingIndicator {
    fn type_name() -> String {
        "FittedMissingIndicator".into()
    }

    fn validate(&self) -> Result<()> {
        ensure::that(!self.missing_values.is_infinite(), || {
            "missing_values is infinite".into()
        })?;
        ensure::at_least("n_features_in", self.n_features_in, 1)?;
        ensure::that(increasing(&self.features, self.n_features_in), || {
            "features are not increasing column numbers".into()
        })
    }
}

// Tables.

impl<Y: Targets + ?Sized> Estimator<Table, Y> for MissingIndicator {
    type Fitted = FittedTableIndicator;

    fn fit(&self, x: &Table, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        not_empty_table(x)?;
        check::target(y, x.n_rows())?;
        let coded = self.missing_values.in_table_at_fit(NAME, x)?;
        let counts: Vec<usize> = coded.iter().map(|(_, column)| column.n_missing()).collect();
        for (name, column) in x.iter() {
            no_infinite_cell(name, column)?;
        }
        let (features, error_on_new) = self.chosen(&counts);
        Ok(FittedTableIndicator {
            missing_values: self.missing_values.clone(),
            names: x.names(),
            kinds: x.kinds(),
            features,
            error_on_new,
        })
    }
}

/// The columns that [`MissingIndicator`] watches in tables.
///
/// ```
/// use fitwell::{impute::MissingIndicator, prelude::*, table::{Column, Table}};
///
/// let table = Table::new([("age", Column::from([Some(1), None])), ("city", Column::from(["Ulm", "?"]))])?;
/// let where_missing = MissingIndicator::new().fit_transform(&table)?;
/// assert_eq!(where_missing.column("missingindicator_age")?, &Column::from([false, true]));
/// assert_eq!(where_missing.n_columns(), 1);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedTableIndicator {
    missing_values: MissingValues,
    names: Vec<String>,
    kinds: Vec<ColumnKind>,
    features: Vec<usize>,
    error_on_new: bool,
}

fn no_infinite_cell(name: &str, column: &Column) -> Result<()> {
    match column {
        Column::Float(values) | Column::Integer(values) => {
            match values.iter().position(|v| v.is_infinite()) {
                Some(row) => Err(infinite_cell(name, row, values[row])),
                None => Ok(()),
            }
        }
        _ => Ok(()),
    }
}

/// The kind at fit, integers and floats being one kind, unless nothing is observed.
fn same_kind(name: &str, column: &Column, at_fit: ColumnKind) -> Result<()> {
    let numeric = |kind| matches!(kind, ColumnKind::Float | ColumnKind::Integer);
    let same = column.kind() == at_fit || numeric(column.kind()) && numeric(at_fit);
    if same || column.n_missing() == column.len() {
        return Ok(());
    }
    Err(wrong_kind(name, column, &format!("{at_fit}, as at fit")))
}

impl FittedTableIndicator {
    /// The positions of the columns with an indicator, in order: the columns of the result.
    pub fn features(&self) -> &[usize] {
        &self.features
    }

    /// The names of the columns at fit.
    pub fn feature_names_in(&self) -> &[String] {
        &self.names
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.names.len()
    }
}

impl Transform<Table> for FittedTableIndicator {
    type Output = Table;

    fn transform(&self, x: &Table) -> Result<Table> {
        same_names(x, self.names.iter().map(String::as_str))?;
        let coded = self.missing_values.in_table(x)?;
        for ((name, column), kind) in coded.iter().zip(&self.kinds) {
            same_kind(name, column, *kind)?;
            no_infinite_cell(name, column)?;
        }
        if self.error_on_new {
            let columns = coded.iter().enumerate();
            let new = columns.filter(|(j, (_, column))| {
                self.features.binary_search(j).is_err() && column.n_missing() > 0
            });
            refuse_new(new.map(|(_, (name, _))| shorten(name)).collect())?;
        }
        let columns = self.features.iter().map(|&j| {
            let (name, column) = coded.shared(j);
            let missing = (0..column.len()).map(|row| Some(column.is_missing(row)));
            let missing = Column::Boolean(missing.collect());
            (indicator_name(&name).into(), Arc::new(missing))
        });
        Ok(Table::from_shared(columns.collect(), x.n_rows()))
    }
}

impl FeatureNamesOut for FittedTableIndicator {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names_at_fit(input, &self.names)?;
        Ok(self
            .features
            .iter()
            .map(|&j| indicator_name(&self.names[j]))
            .collect())
    }
}

impl fmt::Display for FittedTableIndicator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, all) = (self.features.len(), self.names.len());
        write!(f, "{NAME} of {n} of {all} columns")
    }
}

impl Model for FittedTableIndicator {
    fn type_name() -> String {
        "FittedTableIndicator".into()
    }

    fn validate(&self) -> Result<()> {
        self.missing_values
            .check(NAME)
            .map_err(|e| Error::model_file(e.to_string()))?;
        ensure::at_least("number of columns", self.names.len(), 1)?;
        ensure::names("columns", &self.names, self.names.len())?;
        ensure::equal("number of kinds", self.kinds.len(), self.names.len())?;
        ensure::that(self.names.iter().all(|name| !name.is_empty()), || {
            "a column has no name".into()
        })?;
        ensure::that(increasing(&self.features, self.names.len()), || {
            "features are not increasing column numbers".into()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::array;

    const NAN: f64 = f64::NAN;

    #[test]
    fn new_columns_are_refused_or_left_out() {
        let x = array![[1.0, NAN], [2.0, 3.0]];
        let new = array![[NAN, NAN], [2.0, 3.0]];
        let strict = MissingIndicator::new().fit(&x, &()).unwrap();
        assert_eq!(
            strict.transform(&new).unwrap_err().to_string(),
            "X: missing values in columns that had none at fit: 0; allow them with error_on_new(false)"
        );
        let lenient = MissingIndicator::new().error_on_new(false);
        let model = lenient.fit(&x, &()).unwrap();
        assert_eq!(model.transform(&new).unwrap(), array![[1.0], [0.0]]);
        let all = MissingIndicator::new().features(IndicatorFeatures::All);
        let model = all.fit(&x, &()).unwrap();
        assert_eq!(
            model.transform(&new).unwrap(),
            array![[1.0, 1.0], [0.0, 0.0]]
        );
    }

    #[test]
    fn nothing_missing_gives_no_columns() {
        let x = array![[1.0f32], [2.0]];
        let out = MissingIndicator::new().fit_transform(&x).unwrap();
        assert_eq!(out.dim(), (2, 0));
        let coded = MissingIndicator::new()
            .missing_values(2)
            .fit_transform(&x)
            .unwrap();
        assert_eq!(coded, array![[0.0], [1.0]]);
        assert!(
            MissingIndicator::new()
                .missing_values("?")
                .fit(&x, &())
                .is_err()
        );
        let nan = array![[NAN]];
        assert!(
            MissingIndicator::new()
                .missing_values(2)
                .fit(&nan, &())
                .is_err()
        );
        let infinite = array![[f64::INFINITY]];
        assert!(MissingIndicator::new().fit(&infinite, &()).is_err());
    }

    #[test]
    fn tables_of_every_kind() {
        let table = Table::new([
            ("n", Column::from([1.0, NAN])),
            ("t", Column::from([Some("a"), None])),
            ("b", Column::from([Some(true), None])),
            ("full", Column::from([1, 2])),
        ])
        .unwrap();
        let model = MissingIndicator::new().fit(&table, &()).unwrap();
        let names = [
            "missingindicator_n",
            "missingindicator_t",
            "missingindicator_b",
        ];
        assert_eq!(model.feature_names_out(None).unwrap(), names);
        let out = model.transform(&table).unwrap();
        assert_eq!(out.names(), names);
        for (_, column) in out.iter() {
            assert_eq!(column, &Column::from([false, true]));
        }
        let new = Table::new([
            ("n", Column::from([1.0])),
            ("t", Column::from([Some("a")])),
            ("b", Column::from([Some(true)])),
            ("full", Column::from([None::<i32>])),
        ])
        .unwrap();
        let refused = model.transform(&new).unwrap_err().to_string();
        assert!(refused.contains("full"), "{refused}");
        let by_text = MissingIndicator::new().missing_values("a");
        let texts = table.select_columns(&["full"].into()).unwrap();
        assert_eq!(by_text.fit(&texts, &()).unwrap().features(), [0usize; 0]);
        assert!(by_text.fit(&table, &()).is_err());
        let back = FittedTableIndicator::from_bytes(&model.to_bytes().unwrap()).unwrap();
        assert_eq!(back, model);
        let back = FittedTableIndicator::from_json(&model.to_json().unwrap()).unwrap();
        assert_eq!(back, model);
    }

    #[test]
    fn settings_by_name() {
        let all = MissingIndicator::new().features(IndicatorFeatures::All);
        assert_eq!(
            MissingIndicator::new()
                .with_param("features", "all")
                .unwrap(),
            all
        );
        let by_name = all.with_param("features", "missing-only").unwrap();
        assert_eq!(by_name, MissingIndicator::new());
        assert!(all.with_param("features", "some").is_err());
        assert_eq!(MissingIndicator::new().to_string(), "MissingIndicator()");
    }
}
