//! One value for every missing one of a column.

use std::fmt;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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

/// What stands in for a missing value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(remote = "Self", rename_all = "snake_case")]
pub enum Strategy {
    /// The mean of the observed values. Numbers only.
    #[default]
    Mean,
    /// The median of the observed values: of an even number, half-way between the two in the middle. Numbers only.
    Median,
    /// The value that occurs most often; of several, the smallest, in texts the first in order.
    MostFrequent,
    /// Always the same: a number, a boolean or a text, as the columns need. [`Cell::Missing`] (`"constant"` by name, without
    /// a value) is scikit-learn's `fill_value=None`: 0, false, or the text `missing_value`.
    Constant(Cell),
    /// What a function makes of the observed values, as `f64`. Numbers only.
    Custom(Statistic),
}

impl Serialize for Strategy {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        Strategy::serialize(self, serializer)
    }
}

/// People may leave the value of a constant out.
impl<'de> Deserialize<'de> for Strategy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return Strategy::deserialize(deserializer);
        }
        match serde_json::Value::deserialize(deserializer)? {
            value if value == "constant" => Ok(Strategy::Constant(Cell::Missing)),
            value => Strategy::deserialize(value).map_err(de::Error::custom),
        }
    }
}

impl Strategy {
    /// Functions are not written: those of the original come back.
    pub(super) fn restore(&mut self, original: &Self) {
        if let (Strategy::Custom(new), Strategy::Custom(original)) = (self, original) {
            new.restore(original);
        }
    }

    /// A constant is finite, a function is there.
    pub(super) fn check(&self, estimator: &str, parameter: &str) -> Result<()> {
        let wrong = |expected, got: &dyn fmt::Display| {
            Err(Error::invalid_parameter(
                estimator, parameter, expected, got,
            ))
        };
        match self {
            Strategy::Constant(Cell::Number(v)) if !v.is_finite() => {
                wrong("a constant that is finite", v)
            }
            Strategy::Custom(statistic) if statistic.function().is_none() => wrong(
                "given with its function, which no file and no name holds",
                &format!("{:?}", statistic.name()),
            ),
            _ => Ok(()),
        }
    }
}

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
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::{Array1, array};

    const NAN: f64 = f64::NAN;

    #[test]
    fn a_constant_by_name_may_leave_its_value_out() {
        let zero = SimpleImputer::new().with_param("strategy", "constant");
        assert_eq!(zero.unwrap(), SimpleImputer::constant(Cell::Missing));
        let five = serde_json::json!({"constant": 5.0});
        let five = SimpleImputer::new().with_param("strategy", five).unwrap();
        assert_eq!(five, SimpleImputer::constant(5.0));
        for bad in ["konstant", ""] {
            let e = SimpleImputer::new().with_param("strategy", bad);
            let text = e.unwrap_err().to_string();
            assert!(
                text.contains("constant") && text.contains("median"),
                "{text}"
            );
        }
    }

    fn sample() -> Array2<f64> {
        array![
            [1.0, NAN, 5.0, NAN],
            [2.0, 4.0, 5.0, NAN],
            [2.0, 3.0, NAN, NAN],
            [NAN, 3.0, 1.0, NAN],
            [9.0, 4.0, NAN, NAN]
        ]
    }

    #[test]
    fn statistics_by_hand() {
        let fit = |imputer: SimpleImputer| imputer.fit(&sample(), &()).unwrap();
        let mean = fit(SimpleImputer::mean());
        assert_eq!(
            mean.statistics(),
            [Some(3.5), Some(3.5), Some(11.0 / 3.0), None]
        );
        let median = fit(SimpleImputer::median());
        assert_eq!(median.statistics(), [Some(2.0), Some(3.5), Some(5.0), None]);
        let mode = fit(SimpleImputer::most_frequent());
        assert_eq!(mode.statistics(), [Some(2.0), Some(3.0), Some(5.0), None]);
        let constant = fit(SimpleImputer::constant(-1).keep_empty_features(true));
        assert_eq!(constant.statistics(), [Some(-1.0); 4]);
        let kept = fit(SimpleImputer::median().keep_empty_features(true));
        assert_eq!(kept.statistics()[3], Some(0.0));
    }

    #[test]
    fn nothing_missing_changes_nothing_and_nothing_stays_missing() {
        let x = sample();
        for imputer in [
            SimpleImputer::mean(),
            SimpleImputer::median(),
            SimpleImputer::most_frequent(),
            SimpleImputer::constant(7),
        ] {
            for keep in [false, true] {
                let imputer = imputer.clone().keep_empty_features(keep);
                let fitted = imputer.fit(&x, &()).unwrap();
                let filled = fitted.transform(&x).unwrap();
                assert_eq!(filled.ncols(), if keep { 4 } else { 3 });
                assert!(filled.iter().all(|v| v.is_finite()));
                for ((i, j), v) in x.indexed_iter().filter(|(_, v)| !v.is_nan()) {
                    assert_eq!(filled[[i, j]], *v);
                }
                let complete = filled.slice(s![.., ..3]);
                let again = imputer.fit_transform(&complete).unwrap();
                assert_eq!(again, complete);
                fitted.validate().unwrap();
            }
        }
    }

    #[test]
    fn another_number_is_missing() {
        let coded = sample().mapv(|v| if v.is_nan() { -1.0 } else { v });
        let imputer = SimpleImputer::median().add_indicator(true);
        let by_nan = imputer.fit(&sample(), &()).unwrap();
        let by_code = imputer.missing_values(-1.0).fit(&coded, &()).unwrap();
        assert_eq!(by_nan.statistics(), by_code.statistics());
        assert_eq!(
            by_nan.transform(&sample()).unwrap(),
            by_code.transform(&coded).unwrap()
        );
        let whole = SimpleImputer::mean()
            .missing_values(-1.0)
            .keep_empty_features(true);
        assert_eq!(whole.fit_transform(&coded).unwrap()[[0, 1]], 3.5);
        // NaN is then a mistake.
        assert!(by_code.transform(&sample()).is_err());
        assert!(whole.fit(&sample(), &()).is_err());
    }

    #[test]
    fn infinities_are_named() {
        let mut x = sample();
        x[[3, 2]] = f64::NEG_INFINITY;
        let imputer = SimpleImputer::mean().fit(&sample(), &()).unwrap();
        let all = SimpleImputer::mean()
            .keep_empty_features(true)
            .fit(&sample(), &())
            .unwrap();
        for refused in [
            SimpleImputer::constant(1).fit(&x, &()).unwrap_err(),
            imputer.transform(&x).unwrap_err(),
            all.transform(&x).unwrap_err(),
        ] {
            assert_eq!(refused.to_string(), "X: row 3, column 2 is -inf");
        }
    }

    #[test]
    fn middle_of_large_numbers_is_finite() {
        let x = array![[1e308], [1.5e308]];
        let imputer = SimpleImputer::median().fit(&x, &()).unwrap();
        assert_eq!(imputer.statistics(), [Some(1.25e308)]);
        let imputer = SimpleImputer::mean().fit(&x, &()).unwrap();
        assert_eq!(imputer.statistics(), [Some(1.25e308)]);
    }

    #[test]
    fn single_precision_and_layouts() {
        let x = sample();
        let columns = x.t().as_standard_layout().into_owned();
        let single = x.mapv(|v| v as f32);
        for imputer in [
            SimpleImputer::mean(),
            SimpleImputer::median(),
            SimpleImputer::most_frequent(),
        ] {
            let z = imputer.fit_transform(&x).unwrap();
            assert_eq!(imputer.fit_transform(&columns.t()).unwrap(), z);
            let z32 = imputer.fit_transform(&single).unwrap();
            assert!(
                z.iter()
                    .zip(&z32)
                    .all(|(a, b)| (a - f64::from(*b)).abs() < 1e-6)
            );
        }
    }

    #[test]
    fn wide_data_and_threads() {
        let x = Array2::from_shape_fn((3000, 30), |(i, j)| {
            if (i + j) % 5 == 0 {
                NAN
            } else {
                ((i * 31 + j * 17) % 101) as f64
            }
        });
        for imputer in [
            SimpleImputer::mean(),
            SimpleImputer::median(),
            SimpleImputer::most_frequent(),
        ] {
            let with = |threads| {
                let pool = rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap();
                pool.install(|| imputer.fit(&x, &()).unwrap())
            };
            assert_eq!(with(1), with(8));
        }
        let median = SimpleImputer::median().fit(&x, &()).unwrap();
        let mut first: Vec<f64> = x
            .column(29)
            .iter()
            .copied()
            .filter(|v| !v.is_nan())
            .collect();
        first.sort_by(f64::total_cmp);
        let half = first.len() / 2;
        let expected = if first.len() % 2 == 1 {
            first[half]
        } else {
            (first[half - 1] + first[half]) / 2.0
        };
        assert_eq!(median.statistics()[29], Some(expected));
    }

    #[test]
    fn weights_are_checked_and_not_used() {
        let w = Array1::from(vec![5.0, 1.0, 0.0, 1.0, 1.0]);
        let weighted = SimpleImputer::mean()
            .fit(&sample(), &().weighted(&w))
            .unwrap();
        assert_eq!(weighted, SimpleImputer::mean().fit(&sample(), &()).unwrap());
        let short = Array1::ones(2);
        assert!(
            SimpleImputer::mean()
                .fit(&sample(), &().weighted(&short))
                .is_err()
        );
    }

    #[test]
    fn settings_by_name() {
        let imputer = SimpleImputer::new()
            .with_param("strategy", "median")
            .unwrap();
        assert_eq!(imputer, SimpleImputer::median());
        let constant = serde_json::json!({ "constant": "?" });
        let imputer = imputer.with_param("strategy", constant).unwrap();
        assert_eq!(imputer, SimpleImputer::constant("?"));
        assert!(imputer.with_param("strategy", "average").is_err());
        assert_eq!(
            SimpleImputer::median().to_string(),
            "SimpleImputer(strategy=\"median\")"
        );
        for bad in [
            SimpleImputer::constant(NAN),
            SimpleImputer::constant("text"),
            SimpleImputer::new().missing_values("?"),
            SimpleImputer::new().missing_values(f64::INFINITY),
        ] {
            let refused = bad.fit(&sample(), &()).unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
        }
        let too_large = SimpleImputer::constant(1e300).fit(&array![[1f32]], &());
        assert!(too_large.is_err());
    }

    #[test]
    fn a_constant_of_nothing_is_scikit_learns_default() {
        let zero = SimpleImputer::constant(Cell::Missing);
        let filled = zero.fit_transform(&sample()).unwrap();
        assert_eq!(filled.column(0).to_vec(), [1.0, 2.0, 2.0, 0.0, 9.0]);
        let by_name = SimpleImputer::new()
            .with_param("strategy", serde_json::json!({ "constant": null }))
            .unwrap();
        assert_eq!(by_name, zero);
    }

    #[test]
    fn a_function_of_ones_own() {
        let largest = SimpleImputer::custom("max", |v| v.iter().copied().fold(f64::MIN, f64::max));
        let fitted = largest.fit(&sample(), &()).unwrap();
        assert_eq!(fitted.statistics(), [Some(9.0), Some(4.0), Some(5.0), None]);
        // The function stays when another parameter is set by name, and is not in a file.
        let with = largest.with_param("keep_empty_features", true).unwrap();
        assert_eq!(with.fit(&sample(), &()).unwrap().statistics()[3], Some(0.0));
        let read = SimpleImputer::from_json(&largest.to_json().unwrap()).unwrap_err();
        assert!(read.to_string().contains("with its function"), "{read}");
        let bad = SimpleImputer::custom("nan", |_| f64::NAN)
            .fit(&sample(), &())
            .unwrap_err();
        assert!(matches!(bad.kind(), ErrorKind::Overflow { .. }), "{bad}");
    }

    #[test]
    fn inverse_gives_back_what_was_missing() {
        let x = sample();
        let same = |a: &Array2<f64>, b: &Array2<f64>| {
            a.dim() == b.dim()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a == b || a.is_nan() && b.is_nan())
        };
        for keep in [false, true] {
            let imputer = SimpleImputer::mean()
                .add_indicator(true)
                .keep_empty_features(keep);
            let fitted = imputer.fit(&x, &()).unwrap();
            let back = fitted
                .inverse_transform(&fitted.transform(&x).unwrap())
                .unwrap();
            assert!(same(&back, &x), "{back}");
            // Other rows too, also where all of a column happens to be missing.
            let rows = x.slice(s![3..4, ..]).to_owned();
            let back = fitted
                .inverse_transform(&fitted.transform(&rows).unwrap())
                .unwrap();
            assert!(same(&back, &rows), "{back}");
            assert!(fitted.inverse_transform(&x.slice(s![.., ..2])).is_err());
        }
        let coded = x.mapv(|v| if v.is_nan() { -1.0 } else { v });
        let imputer = SimpleImputer::median()
            .missing_values(-1)
            .add_indicator(true);
        let fitted = imputer.fit(&coded, &()).unwrap();
        let back = fitted
            .inverse_transform(&fitted.transform(&coded).unwrap())
            .unwrap();
        assert_eq!(back, coded);
        let without = SimpleImputer::mean().fit(&x, &()).unwrap();
        let refused = without
            .inverse_transform(&x.slice(s![.., ..3]))
            .unwrap_err();
        assert_eq!(
            refused.to_string(),
            "`add_indicator` of `SimpleImputer` must be true for `inverse_transform`, got false"
        );
    }

    #[test]
    fn files() {
        let imputer = SimpleImputer::mean()
            .add_indicator(true)
            .fit(&sample(), &())
            .unwrap();
        let json = imputer.to_json().unwrap();
        assert_eq!(
            FittedSimpleImputer::<f64>::from_json(&json).unwrap(),
            imputer
        );
        let bytes = imputer.to_bytes().unwrap();
        assert_eq!(
            FittedSimpleImputer::<f64>::from_bytes(&bytes).unwrap(),
            imputer
        );
        let broken = FittedSimpleImputer {
            indicated: Some(vec![4]),
            ..imputer.clone()
        };
        assert!(broken.validate().is_err());
        let broken = FittedSimpleImputer {
            statistics: vec![Some(NAN)],
            ..imputer
        };
        assert!(broken.validate().is_err());
        let settings = SimpleImputer::constant("?").to_bytes().unwrap();
        assert_eq!(
            SimpleImputer::from_bytes(&settings).unwrap(),
            SimpleImputer::constant("?")
        );
    }
}
