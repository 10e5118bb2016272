//! One value for every missing one of a column.

mod strategy;

use std::fmt;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};
use serde::{Deserialize, Serialize};

pub use self::strategy::Strategy;
use super::custom::Statistic;
use super::missing::{Missing, MissingValues, increasing, names_out, with_missing};
use super::statistics::{by_column, means, median, most_frequent};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::columnwise::{first_infinity, map_columns, no_infinity};
use crate::preprocessing::names_or_numbers;
use crate::table::Cell;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};
use crate::{check, parallel};

/// Fills the missing values of each column with one value learned from the column, or with a constant.
///
/// On arrays missing is NaN, or a number of your choice; on a [`Table`](crate::table::Table) it is the table's own missing
/// value in columns of numbers, booleans and texts alike, or a value of your choice, and the result is a table again.
///
/// With `add_indicator` the fitted imputer can be inverted: values come back as missing where an indicator says so.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `strategy` | `mean` | `mean`, `median`, `most_frequent`, `constant`, `{"constant": value}`, a [`Statistic`] of one's own | what stands in |
/// | `missing_values` | NaN | NaN or a value; a finite number for arrays | what is missing |
/// | `add_indicator` | `false` | | adds, for each column with missing values at fit, a column that says where they were |
/// | `keep_empty_features` | `false` | | keeps columns in which everything is missing, filled with the constant, otherwise with 0, false or the text `missing_value`; without it they are dropped |
///
/// Sample weights do not change the statistics (neither do they in scikit-learn): a weighted target is accepted, so that
/// an imputer can be a step of a weighted pipeline, and checked, but the weights are not used.
///
/// # Complexity
/// Time O(n p); extra memory for `median` and `most_frequent` is a few copies of 8 columns for each thread.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for infinite values, and for NaN when another number is what is
/// missing; `MissingValue` at transform, and `InvalidParameter` at fit, for a table that has missing values of its own when
/// a value is what is missing;
/// `WrongColumnKind` when the strategy or the constant does not fit a table's column; `Overflow` when a statistic is not
/// finite; `ShapeMismatch` and `FeatureNames` at transform; `InvalidParameter` from `inverse_transform` without
/// `add_indicator`.
///
/// # Source
/// scikit-learn's `SimpleImputer`. Different here: the constant is part of the strategy, booleans are a kind of their own,
/// and `inverse_transform` gives back columns that were dropped as missing throughout.
///
/// # Examples
/// ```
/// use fitwell::{impute::SimpleImputer, prelude::*, table::{Column, Table}};
/// use ndarray::array;
///
/// let x = array![[1.0, f64::NAN], [3.0, 5.0], [f64::NAN, 7.0]];
/// assert_eq!(SimpleImputer::mean().fit_transform(&x)?, array![[1.0, 6.0], [3.0, 5.0], [2.0, 7.0]]);
///
/// let table = Table::new([
///     ("age", Column::from([Some(40), None, Some(40)])),
///     ("city", Column::from([Some("Ulm"), Some("Ulm"), None])),
/// ])?;
/// let filled = SimpleImputer::most_frequent().add_indicator(true).fit_transform(&table)?;
/// assert_eq!(filled.column("city")?, &Column::from(["Ulm", "Ulm", "Ulm"]));
/// assert_eq!(filled.column("missingindicator_age")?, &Column::from([false, true, false]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleImputer {
    /// What stands in for a missing value.
    pub(super) strategy: Strategy,
    /// What is missing.
    pub(super) missing_values: MissingValues,
    /// Columns that say where values were missing.
    pub(super) add_indicator: bool,
    /// Keep columns in which everything is missing.
    pub(super) keep_empty_features: bool,
}

impl Default for SimpleImputer {
    fn default() -> Self {
        SimpleImputer {
            strategy: Strategy::Mean,
            missing_values: MissingValues::Nan,
            add_indicator: false,
            keep_empty_features: false,
        }
    }
}

impl SimpleImputer {
    /// An imputer of the mean.
    pub fn new() -> Self {
        Self::default()
    }

    /// An imputer of the mean.
    pub fn mean() -> Self {
        Self::new()
    }

    /// An imputer of the median.
    pub fn median() -> Self {
        Self::new().strategy(Strategy::Median)
    }

    /// An imputer of the most frequent value.
    pub fn most_frequent() -> Self {
        Self::new().strategy(Strategy::MostFrequent)
    }

    /// An imputer of a constant.
    pub fn constant(fill_value: impl Into<Cell>) -> Self {
        Self::new().strategy(Strategy::Constant(fill_value.into()))
    }

    /// What stands in for a missing value.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// An imputer of what a function makes of the observed values; the name is for parameters and texts.
    pub fn custom(
        name: impl Into<String>,
        f: impl Fn(&[f64]) -> f64 + Send + Sync + 'static,
    ) -> Self {
        Self::new().strategy(Strategy::Custom(Statistic::new(name, f)))
    }

    /// What is missing: NaN, which in tables is their own missing value, or a value.
    #[must_use]
    pub fn missing_values(mut self, missing_values: impl Into<MissingValues>) -> Self {
        self.missing_values = missing_values.into();
        self
    }

    /// Whether to add, for each column with missing values at fit, a column that says where values are missing: 0 and 1
    /// in arrays, booleans in tables.
    #[must_use]
    pub fn add_indicator(mut self, add_indicator: bool) -> Self {
        self.add_indicator = add_indicator;
        self
    }

    /// Whether to keep columns in which everything is missing at fit.
    #[must_use]
    pub fn keep_empty_features(mut self, keep_empty_features: bool) -> Self {
        self.keep_empty_features = keep_empty_features;
        self
    }
}

impl Hyperparameters for SimpleImputer {
    const NAME: &'static str = "SimpleImputer";

    fn restore(mut self, original: &Self) -> Self {
        self.strategy.restore(&original.strategy);
        self
    }

    fn check(&self) -> Result<()> {
        self.missing_values.check(Self::NAME)?;
        self.strategy.check(Self::NAME, "strategy")
    }
}

impl SimpleImputer {
    pub(super) fn constant_must_be(&self, expected: &str, got: impl fmt::Display) -> Error {
        let expected = format!("a constant that is {expected}");
        Error::invalid_parameter(Self::NAME, "strategy", expected, got)
    }
}

impl fmt::Display for SimpleImputer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for SimpleImputer {
    type Fitted = FittedSimpleImputer<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let number = self.missing_values.number(Self::NAME)?;
        if number.is_nan() {
            no_infinity(x)?;
            return self.learn(x, number);
        }
        check::finite(x, "X")?;
        let missing = F::of(number);
        self.learn(&x.mapv(|v| if v == missing { F::nan() } else { v }), number)
    }
}

impl SimpleImputer {
    /// Learns from data without infinities, in which NaN is missing.
    fn learn<F: Float>(&self, x: &ArrayRef2<F>, number: f64) -> Result<FittedSimpleImputer<F>> {
        let (mut statistics, if_empty) = match &self.strategy {
            Strategy::Mean => (means(x)?, F::zero()),
            Strategy::Median => (by_column(x, median), F::zero()),
            Strategy::MostFrequent => (by_column(x, most_frequent), F::zero()),
            Strategy::Constant(Cell::Number(v)) => {
                let fill = F::of(*v);
                if !fill.is_finite() {
                    return Err(self.constant_must_be(&format!("finite as {}", F::NAME), v));
                }
                (by_column(x, |_| fill), fill)
            }
            Strategy::Constant(Cell::Missing) => (by_column(x, |_| F::zero()), F::zero()),
            Strategy::Custom(statistic) => {
                let f = statistic.function();
                let of = |values: &mut [F]| {
                    let values: Vec<f64> = values.iter().map(|v| v.f64()).collect();
                    F::of(f.map_or(f64::NAN, |f| f(&values)))
                };
                (by_column(x, of), F::zero())
            }
            Strategy::Constant(other) => {
                return Err(self.constant_must_be("a number, for arrays", other));
            }
        };
        if self.keep_empty_features {
            for statistic in &mut statistics {
                statistic.get_or_insert(if_empty);
            }
        }
        check::learned(Self::NAME, "a statistic", statistics.iter().flatten())?;
        let indicated = self
            .add_indicator
            .then(|| with_missing(&Missing::new(f64::NAN).counts(x)));
        Ok(FittedSimpleImputer {
            missing_values: number,
            statistics,
            indicated,
        })
    }
}

/// Fill values learned by [`SimpleImputer`] from an array.
///
/// The output has the kept columns in order, then the indicator columns.
///
/// ```
/// use fitwell::{impute::SimpleImputer, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, f64::NAN, 4.0], [f64::NAN, f64::NAN, 6.0]];
/// let imputer = SimpleImputer::mean().add_indicator(true).fit(&x, &())?;
/// assert_eq!(imputer.statistics(), [Some(1.0), None, Some(5.0)]);
/// assert_eq!(
///     imputer.feature_names_out(None)?,
///     ["x0", "x2", "missingindicator_x0", "missingindicator_x1"]
/// );
/// assert_eq!(imputer.transform(&x)?, array![[1.0, 4.0, 0.0, 1.0], [1.0, 6.0, 1.0, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedSimpleImputer<F: Float> {
    #[serde(with = "crate::params::number")]
    missing_values: f64,
    statistics: Vec<Option<F>>,
    /// The columns with an indicator, `None` without `add_indicator`.
    indicated: Option<Vec<usize>>,
}

impl<F: Float> PartialEq for FittedSimpleImputer<F> {
    fn eq(&self, other: &Self) -> bool {
        (self.missing_values == other.missing_values
            || self.missing_values.is_nan() && other.missing_values.is_nan())
            && self.statistics == other.statistics
            && self.indicated == other.indicated
    }
}

impl<F: Float> FittedSimpleImputer<F> {
    /// The fill value of each column; `None` for a column that is dropped because all of it was missing.
    pub fn statistics(&self) -> &[Option<F>] {
        &self.statistics
    }

    /// The columns that have an indicator: those with missing values at fit, if `add_indicator` is set.
    pub fn indicator_features(&self) -> &[usize] {
        self.indicated.as_deref().unwrap_or_default()
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.statistics.len()
    }

    fn check_values(&self, x: &ArrayRef2<F>) -> Result<()> {
        check::width(x, self.n_features_in())?;
        if self.missing_values.is_nan() {
            no_infinity(x)
        } else {
            check::finite(x, "X")
        }
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedSimpleImputer<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let missing = F::of(self.missing_values);
        let is_missing = |v: F| v.is_nan() || v == missing;
        if self.indicator_features().is_empty() && self.statistics.iter().all(Option::is_some) {
            let fill: Vec<f64> = self.statistics.iter().flatten().map(|v| v.f64()).collect();
            return self.fill_all(x, &fill);
        }
        let kept: Vec<(usize, F)> = (0..)
            .zip(&self.statistics)
            .filter_map(|(j, fill)| fill.map(|fill| (j, fill)))
            .collect();
        let width = kept.len() + self.indicator_features().len();
        self.check_values(x)?;
        let mut out = parallel::zeros((x.nrows(), width));
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            let rows = x.slice(s![first..first + block.nrows(), ..]);
            self.fill_rows(&rows, &mut block, &kept, is_missing);
        });
        Ok(out)
    }
}

impl<F: Float> FittedSimpleImputer<F> {
    /// The common case: every column stays, nothing is added.
    fn fill_all(&self, x: &ArrayRef2<F>, fill: &[f64]) -> Result<Array2<F>> {
        check::width(x, self.n_features_in())?;
        let mut out = parallel::zeros(x.dim());
        if self.missing_values.is_nan() {
            let choose = |v: F, fill: F, _| if v.is_nan() { fill } else { v };
            if !map_columns(x, &mut out, fill, fill, choose) {
                first_infinity(x)?;
            }
        } else {
            check::finite(x, "X")?;
            let missing = vec![self.missing_values; fill.len()];
            let choose = |v: F, fill: F, missing: F| if v == missing { fill } else { v };
            map_columns(x, &mut out, fill, &missing, choose);
        }
        Ok(out)
    }

    fn fill_rows(
        &self,
        rows: &ArrayView2<'_, F>,
        out: &mut ArrayViewMut2<'_, F>,
        kept: &[(usize, F)],
        is_missing: impl Fn(F) -> bool,
    ) {
        for (row, mut out) in rows.rows().into_iter().zip(out.rows_mut()) {
            let filled = kept.iter().map(|(j, fill)| {
                let v = row[*j];
                if is_missing(v) { *fill } else { v }
            });
            let indicators = self.indicator_features().iter().map(|j| {
                if is_missing(row[*j]) {
                    F::one()
                } else {
                    F::zero()
                }
            });
            for (out, v) in out.iter_mut().zip(filled.chain(indicators)) {
                *out = v;
            }
        }
    }
}

impl<F: Float> FeatureNamesOut for FittedSimpleImputer<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let names = names_or_numbers(input, self.n_features_in())?;
        let kept = |j: usize| self.statistics[j].is_some();
        Ok(names_out(&names, kept, self.indicator_features()))
    }
}

/// What came out of `transform`, back to what went in: missing where an indicator says so, and throughout in columns that
/// were dropped. A column without an indicator keeps the values that stood in.
impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedSimpleImputer<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let indicated = self.indicated.as_ref().ok_or_else(without_indicator)?;
        let kept: Vec<usize> = (0..self.statistics.len())
            .filter(|&j| self.statistics[j].is_some())
            .collect();
        check::same_width(x, kept.len() + indicated.len())?;
        let mut out = parallel::zeros((x.nrows(), self.statistics.len()));
        let missing = F::of(self.missing_values);
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut block| {
            block.fill(missing);
            for (i, mut out) in block.rows_mut().into_iter().enumerate() {
                let row = x.row(first + i);
                for (v, &j) in row.iter().zip(&kept) {
                    out[j] = *v;
                }
                for (flag, &j) in row.iter().skip(kept.len()).zip(indicated) {
                    if *flag != F::zero() {
                        out[j] = missing;
                    }
                }
            }
        });
        Ok(out)
    }
}

/// The error for an imputer that did not record where values were missing.
pub(super) fn without_indicator() -> Error {
    let expected = "true for `inverse_transform`";
    Error::invalid_parameter(SimpleImputer::NAME, "add_indicator", expected, false)
}

impl<F: Float> fmt::Display for FittedSimpleImputer<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "SimpleImputer fitted on {} columns",
            self.n_features_in()
        )?;
        let dropped = self.statistics.iter().filter(|s| s.is_none()).count();
        if dropped > 0 {
            write!(f, ", {dropped} dropped")?;
        }
        let indicators = self.indicator_features().len();
        if indicators > 0 {
            write!(f, ", {indicators} indicators")?;
        }
        Ok(())
    }
}

impl<F: Float> Model for FittedSimpleImputer<F> {
    fn type_name() -> String {
        format!("FittedSimpleImputer<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let wrong = |what: &str| Err(Error::model_file(format!("FittedSimpleImputer: {what}")));
        if self.missing_values.is_infinite() {
            return wrong("missing_values is infinite");
        }
        if self.statistics.is_empty() {
            return wrong("no columns");
        }
        if !self.statistics.iter().flatten().all(|v| v.is_finite()) {
            return wrong("a fill value is not finite");
        }
        if !increasing(self.indicator_features(), self.statistics.len()) {
            return wrong("indicators are not increasing column numbers");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
