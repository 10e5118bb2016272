//! One value for every missing one of a column.

use std::fmt;

use ndarray::{Array2, ArrayRef2, ArrayView2, ArrayViewMut2, s};
use serde::{Deserialize, Serialize};

use super::statistics::{by_column, means, median, most_frequent};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::Model;
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::columnwise::{first_infinity, map_columns, no_infinity};
use crate::preprocessing::names_or_numbers;
use crate::table::Cell;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Transform};
use crate::{check, parallel};

/// What stands in for a missing value.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strategy {
    /// The mean of the observed values. Numbers only.
    #[default]
    Mean,
    /// The median of the observed values: of an even number, half-way between the two in the middle. Numbers only.
    Median,
    /// The value that occurs most often; of several, the smallest, in texts the first in order.
    MostFrequent,
    /// Always the same: a number, a boolean or a text, as the columns need.
    Constant(Cell),
}

/// Fills the missing values of each column with one value learned from the column, or with a constant.
///
/// On arrays missing is NaN, or a number of your choice; on a [`Table`](crate::table::Table) it is the table's own missing
/// value, in columns of numbers, booleans and texts alike, and the result is a table again.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `strategy` | `mean` | `mean`, `median`, `most_frequent`, `{"constant": value}` | what stands in |
/// | `missing_values` | NaN | NaN or finite; NaN for tables | which number of an array is missing |
/// | `add_indicator` | `false` | | adds, for each column with missing values at fit, a column that says where they were |
/// | `keep_empty_features` | `false` | | keeps columns in which everything is missing, filled with the constant, otherwise with 0, false or the text `missing_value`; without it they are dropped |
///
/// Sample weights do not change the statistics (neither do they in scikit-learn): a weighted target is accepted, so that
/// an imputer can be a step of a weighted pipeline, and checked, but the weights are not used.
///
/// # Complexity
/// Time O(n p), for `most_frequent` O(n log n p); extra memory for `median` and `most_frequent` is a copy of 8 columns for
/// each thread.
///
/// # Errors
/// `EmptyInput` for no rows or no columns; `NonFinite` for infinite values, and for NaN when another number is what is
/// missing; `WrongColumnKind` when the strategy or the constant does not fit a table's column; `ShapeMismatch` and
/// `FeatureNames` at transform.
///
/// # Source
/// scikit-learn's `SimpleImputer`. Different here: the constant is part of the strategy and has no default, and booleans
/// are a kind of their own.
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
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SimpleImputer {
    /// What stands in for a missing value.
    pub(super) strategy: Strategy,
    /// Which number of an array is missing.
    #[serde(with = "crate::params::number")]
    pub(super) missing_values: f64,
    /// Columns that say where values were missing.
    pub(super) add_indicator: bool,
    /// Keep columns in which everything is missing.
    pub(super) keep_empty_features: bool,
}

/// NaN as `missing_values` equals NaN.
impl PartialEq for SimpleImputer {
    fn eq(&self, other: &Self) -> bool {
        self.strategy == other.strategy
            && (self.missing_values == other.missing_values
                || self.missing_values.is_nan() && other.missing_values.is_nan())
            && self.add_indicator == other.add_indicator
            && self.keep_empty_features == other.keep_empty_features
    }
}

impl Default for SimpleImputer {
    fn default() -> Self {
        SimpleImputer {
            strategy: Strategy::Mean,
            missing_values: f64::NAN,
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

    /// Which number of an array is missing: NaN, or another.
    #[must_use]
    pub fn missing_values(mut self, missing_values: f64) -> Self {
        self.missing_values = missing_values;
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

    fn check(&self) -> Result<()> {
        if self.missing_values.is_infinite() {
            let (expected, got) = ("NaN or finite", self.missing_values);
            return Err(Error::invalid_parameter(
                Self::NAME,
                "missing_values",
                expected,
                got,
            ));
        }
        match &self.strategy {
            Strategy::Constant(Cell::Missing) => Err(self.constant_must_be("a value", "missing")),
            Strategy::Constant(Cell::Number(v)) if !v.is_finite() => {
                Err(self.constant_must_be("finite", v))
            }
            _ => Ok(()),
        }
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
        if self.missing_values.is_nan() {
            no_infinity(x)?;
            return self.learn(x);
        }
        check::finite(x, "X")?;
        let missing = F::of(self.missing_values);
        self.learn(&x.mapv(|v| if v == missing { F::nan() } else { v }))
    }
}

impl SimpleImputer {
    /// Learns from data without infinities, in which NaN is missing.
    fn learn<F: Float>(&self, x: &ArrayRef2<F>) -> Result<FittedSimpleImputer<F>> {
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
            Strategy::Constant(other) => {
                return Err(self.constant_must_be("a number, for arrays", other));
            }
        };
        if self.keep_empty_features {
            for statistic in &mut statistics {
                statistic.get_or_insert(if_empty);
            }
        }
        let indicated = if self.add_indicator {
            let columns = x.columns().into_iter().enumerate();
            let with_missing = columns.filter(|(_, c)| c.iter().any(|v| v.is_nan()));
            with_missing.map(|(j, _)| j).collect()
        } else {
            Vec::new()
        };
        Ok(FittedSimpleImputer {
            missing_values: self.missing_values,
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
    indicated: Vec<usize>,
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
        &self.indicated
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
        if self.indicated.is_empty() && self.statistics.iter().all(Option::is_some) {
            let fill: Vec<f64> = self.statistics.iter().flatten().map(|v| v.f64()).collect();
            return self.fill_all(x, &fill);
        }
        let kept: Vec<(usize, F)> = (0..)
            .zip(&self.statistics)
            .filter_map(|(j, fill)| fill.map(|fill| (j, fill)))
            .collect();
        let width = kept.len() + self.indicated.len();
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
            let indicators = self.indicated.iter().map(|j| {
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
        let kept = names.iter().zip(&self.statistics);
        let kept = kept.filter(|(_, fill)| fill.is_some());
        let indicators = self.indicated.iter().map(|&j| indicator_name(&names[j]));
        Ok(kept
            .map(|(name, _)| name.clone())
            .chain(indicators)
            .collect())
    }
}

/// The name of the column that says where values of `name` were missing.
pub(super) fn indicator_name(name: &str) -> String {
    format!("missingindicator_{name}")
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
        if !self.indicated.is_empty() {
            write!(f, ", {} indicators", self.indicated.len())?;
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
        if !increasing(&self.indicated, self.statistics.len()) {
            return wrong("indicators are not increasing column numbers");
        }
        Ok(())
    }
}

/// Positions below `n`, each greater than the one before.
fn increasing(positions: &[usize], n: usize) -> bool {
    positions.windows(2).all(|p| p[0] < p[1]) && positions.last().is_none_or(|&last| last < n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::params::Params;
    use crate::traits::FitTransform;
    use ndarray::{Array1, array};

    const NAN: f64 = f64::NAN;

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
            SimpleImputer::constant(Cell::Missing),
            SimpleImputer::new().missing_values(f64::INFINITY),
        ] {
            let refused = bad.fit(&sample(), &()).unwrap_err();
            assert!(matches!(refused.kind(), ErrorKind::InvalidParameter { .. }));
        }
        let too_large = SimpleImputer::constant(1e300).fit(&array![[1f32]], &());
        assert!(too_large.is_err());
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
            indicated: vec![4],
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
