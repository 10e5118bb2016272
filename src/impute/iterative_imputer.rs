//! Each column from the others, in turns: the settings. What is learned is in `chained.rs`.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array2, ArrayRef1, ArrayRef2};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::chained::{Chain, FittedIterativeImputer};
use super::draw::{Draw, ExpectedValue, Kind, PosteriorSample};
use super::limit::Limit;
use super::missing::{Missing, MissingValues};
use super::simple_imputer::{SimpleImputer, Strategy};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linear_model::BayesianRidge;
use crate::model::Model;
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, Params, Value, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, Known};

pub(super) const NAME: &str = "IterativeImputer";

/// The order in which the columns get their turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImputationOrder {
    /// From the column with the fewest missing values to the one with the most.
    #[default]
    Ascending,
    /// From the column with the most missing values to the one with the fewest.
    Descending,
    /// From left to right.
    Roman,
    /// From right to left.
    Arabic,
    /// In a new random order each round.
    Random,
}

/// Fills missing values by regressions of each column on the others, round after round.
///
/// Missing values start as the mean of their column, or what `initial_strategy` says. In a round each column in turn is
/// regressed on the others, on the rows in which it is observed, and its missing values become the predictions. Rounds go
/// on until the values settle:
///
/// ```text
/// max over rows of Σ |xₜ − xₜ₋₁| < tol · max |observed x|
/// ```
///
/// The regressions are kept, and `transform` runs them in the same order on other rows. Use it where columns depend on each
/// other; any regressor of one real target will do ([`estimator`](Self::estimator)), a forest or neighbours for dependence
/// that is not linear.
///
/// With [`sample_posterior`](Self::sample_posterior) values are drawn from the predictive distribution: several imputations,
/// each with another `random_state`, show what the missing values leave open.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `estimator` | [`BayesianRidge`] | | the regressor; its own settings are `estimator__...` |
/// | `sample_posterior` | `false` | | a part of the type: the model must predict a standard deviation |
/// | `max_iter` | 10 | | rounds at most; 0 leaves the initial values |
/// | `tol` | 1e-3 | `[0, inf)` | when values have settled; not looked at when sampling |
/// | `n_nearest_features` | none | at least 1 | how many other columns to use, drawn with probabilities proportional to their correlation with the column; none for all |
/// | `initial_strategy` | `mean` | as [`SimpleImputer`]'s | the first values |
/// | `imputation_order` | `ascending` | `ascending`, `descending`, `roman`, `arabic`, `random` | whose turn it is |
/// | `skip_complete` | `false` | | no regression for columns without missing values at fit; later they get the initial value |
/// | `min_value`, `max_value` | -inf, inf | one, or one for each column | bounds of predicted values |
/// | `missing_values` | NaN | NaN or finite | which number is missing |
/// | `random_state` | 0 | | the seed of what is random here |
/// | `add_indicator` | `false` | | adds, for each column with missing values at fit, a column that says where they were |
/// | `keep_empty_features` | `false` | | keeps columns in which everything is missing at fit, with the initial value (0, or the constant); without it they are dropped |
///
/// Sample weights are checked and not used.
///
/// # Complexity
/// With the default regressor O(n p³) time a round for n rows and p columns; each round stores a regression for each
/// column, O(p²) numbers each. Beyond that, memory is a copy of the data, and one of the rows that a regression is fitted on.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput` for no rows or no columns; `NonFinite` for infinite values, and for NaN when another
/// number is what is missing; what the regressor says, with the column; `ShapeMismatch` at transform; `Cancelled` when the
/// observer stops it. Values that have not settled are no error: see [`converged`](FittedIterativeImputer::converged).
///
/// # Source
/// S. van Buuren and K. Groothuis-Oudshoorn (2011), mice: multivariate imputation by chained equations in R; S. F. Buck
/// (1960). scikit-learn's `IterativeImputer`, whose `fill_value` is part of the `initial_strategy` here. Random numbers are
/// others; `transform` of the rows at fit gives the values of the fit, also when they are sampled.
///
/// # Examples
/// ```
/// use fitwell::{impute::IterativeImputer, linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 2.0], [3.0, 6.0], [4.0, 8.0], [f64::NAN, 3.0], [7.0, f64::NAN]];
/// let filled = IterativeImputer::new().fit_transform(&x)?;
/// assert!(f64::abs(filled[[3, 0]] - 1.5) < 0.01 && f64::abs(filled[[4, 1]] - 14.0) < 0.01);
///
/// let ridge = IterativeImputer::new().estimator(Ridge::new().alpha(1e-6)).max_iter(20);
/// assert!(ridge.fit(&x, &())?.converged());
/// # Ok::<(), Error>(())
/// ```
///
/// A regressor without a standard deviation cannot be sampled from:
/// ```compile_fail,E0277
/// use fitwell::{impute::IterativeImputer, linear_model::Ridge, prelude::*};
///
/// let imputer = IterativeImputer::new().estimator(Ridge::new()).sample_posterior();
/// let model = imputer.fit(&ndarray::array![[1.0, f64::NAN]], &());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    deny_unknown_fields,
    bound(serialize = "E: Serialize", deserialize = "E: DeserializeOwned")
)]
pub struct IterativeImputer<E = BayesianRidge, D = ExpectedValue> {
    estimator: E,
    settings: Settings,
    draw: PhantomData<D>,
    #[serde(skip)]
    watch: Watch,
}

/// All but the regressor.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Settings {
    pub(super) max_iter: usize,
    #[serde(with = "crate::params::number")]
    pub(super) tol: f64,
    pub(super) n_nearest_features: Option<usize>,
    pub(super) initial_strategy: Strategy,
    pub(super) imputation_order: ImputationOrder,
    pub(super) skip_complete: bool,
    pub(super) min_value: Limit,
    pub(super) max_value: Limit,
    #[serde(with = "crate::params::number")]
    pub(super) missing_values: f64,
    pub(super) random_state: u64,
    pub(super) add_indicator: bool,
    pub(super) keep_empty_features: bool,
}

/// NaN as `missing_values` equals NaN.
impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        self.params() == other.params()
    }
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            max_iter: 10,
            tol: 1e-3,
            n_nearest_features: None,
            initial_strategy: Strategy::Mean,
            imputation_order: ImputationOrder::Ascending,
            skip_complete: false,
            min_value: Limit::Same(f64::NEG_INFINITY),
            max_value: Limit::Same(f64::INFINITY),
            missing_values: f64::NAN,
            random_state: 0,
            add_indicator: false,
            keep_empty_features: false,
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.initial_strategy.restore(&original.initial_strategy);
        self
    }

    fn check(&self) -> Result<()> {
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))?;
        MissingValues::from(self.missing_values).check(NAME)?;
        if let Some(n) = self.n_nearest_features {
            check::count(NAME, "n_nearest_features", n, 1)?;
        }
        self.initial_strategy.check(NAME, "initial_strategy")?;
        let (inf, never) = (f64::INFINITY, f64::NEG_INFINITY);
        for (name, limit, bad, expected) in [
            ("min_value", &self.min_value, inf, "below infinity"),
            ("max_value", &self.max_value, never, "above -infinity"),
        ] {
            let all = match limit {
                Limit::Same(v) => std::slice::from_ref(v),
                Limit::PerFeature(v) => v,
            };
            if let Some(v) = all.iter().find(|v| v.is_nan() || **v == bad) {
                return Err(Error::invalid_parameter(NAME, name, expected, v));
            }
        }
        Ok(())
    }
}

impl Settings {
    /// The first values.
    pub(super) fn initial(&self) -> SimpleImputer {
        SimpleImputer::new()
            .strategy(self.initial_strategy.clone())
            .missing_values(self.missing_values)
            .keep_empty_features(self.keep_empty_features)
    }

    /// The limits of each column at fit.
    pub(super) fn limits(&self, n_features: usize) -> Result<Vec<(f64, f64)>> {
        let of = |name: &str, limit: &Limit| match limit {
            Limit::Same(v) => Ok(vec![*v; n_features]),
            Limit::PerFeature(v) if v.len() == n_features => Ok(v.clone()),
            Limit::PerFeature(v) => Err(Error::invalid_parameter(
                NAME,
                name,
                format!("one number, or one for each of the {n_features} columns"),
                format!("{} numbers", v.len()),
            )),
        };
        let low = of("min_value", &self.min_value)?;
        let high = of("max_value", &self.max_value)?;
        Ok(low.into_iter().zip(high).collect())
    }
}

impl Default for IterativeImputer {
    fn default() -> Self {
        IterativeImputer {
            estimator: BayesianRidge::new(),
            settings: Settings::default(),
            draw: PhantomData,
            watch: Watch::default(),
        }
    }
}

impl IterativeImputer {
    /// An imputer by Bayesian ridge regression.
    pub fn new() -> Self {
        Self::default()
    }
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $t:ty => $value:expr;)+) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $name: $t) -> Self {
            self.settings.$name = $value;
            self
        }
    )+};
}

impl<E, D> IterativeImputer<E, D> {
    /// The regressor: any estimator of one real target.
    #[must_use]
    pub fn estimator<R>(self, estimator: R) -> IterativeImputer<R, D> {
        IterativeImputer {
            estimator,
            settings: self.settings,
            draw: PhantomData,
            watch: self.watch,
        }
    }

    /// Draws imputed values from the predictive distribution of the regressor, which must know its standard deviation.
    #[must_use]
    pub fn sample_posterior(self) -> IterativeImputer<E, PosteriorSample> {
        IterativeImputer {
            estimator: self.estimator,
            settings: self.settings,
            draw: PhantomData,
            watch: self.watch,
        }
    }

    setters! {
        /// Rounds at most; 0 leaves the initial values.
        max_iter: usize => max_iter;
        /// Values have settled when they change by less than this share of the largest observed value.
        tol: f64 => tol;
        /// How many other columns to use for each; all by default.
        n_nearest_features: usize => Some(n_nearest_features);
        /// The first values.
        initial_strategy: Strategy => initial_strategy;
        /// The order of the columns.
        imputation_order: ImputationOrder => imputation_order;
        /// Whether columns without missing values at fit get no regression.
        skip_complete: bool => skip_complete;
        /// The least predicted value: a number, or one for each column at fit.
        min_value: impl Into<Limit> => min_value.into();
        /// The greatest predicted value: a number, or one for each column at fit.
        max_value: impl Into<Limit> => max_value.into();
        /// Which number is missing: NaN, or another.
        missing_values: f64 => missing_values;
        /// The seed of what is random.
        random_state: u64 => random_state;
        /// Whether to add, for each column with missing values at fit, a column of 0 and 1 that says where.
        add_indicator: bool => add_indicator;
        /// Whether to keep columns in which everything is missing at fit.
        keep_empty_features: bool => keep_empty_features;
    }

    /// Watches the fit, round by round; the value is the greatest change, the left side of the rule in the
    /// [description](Self).
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }
}

impl<E: Params, D: Kind> Params for IterativeImputer<E, D> {
    fn params(&self) -> BTreeMap<String, Value> {
        let inner = self.estimator.params().into_iter();
        let mut all = self.settings.params();
        all.insert("sample_posterior".into(), D::SAMPLES.into());
        all.extend(inner.map(|(name, value)| (format!("estimator__{name}"), value)));
        all
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut new = self.clone();
        if let Some(inner) = name.strip_prefix("estimator__") {
            new.estimator = self.estimator.with_value(inner, value)?;
        } else if name == "sample_posterior" {
            if value.as_bool() != Some(D::SAMPLES) {
                let expected = format!("{}: it is a part of the imputer's type", D::SAMPLES);
                return Err(Error::invalid_parameter(NAME, name, expected, value));
            }
        } else {
            let known = self.settings.params();
            if !known.contains_key(name) {
                return Err(ErrorKind::UnknownParameter {
                    estimator: NAME.into(),
                    name: name.into(),
                    known: self.params().into_keys().collect(),
                }
                .into());
            }
            new.settings = self.settings.with_value(name, value)?;
        }
        Ok(new)
    }
}

impl<E, D> Model for IterativeImputer<E, D>
where
    E: Model,
    D: Kind,
{
    fn type_name() -> String {
        let sampling = if D::SAMPLES { ", PosteriorSample" } else { "" };
        format!("{NAME}<{}{sampling}>", E::type_name())
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        self.estimator.validate()
    }
}

/// The settings that differ from the default; below them the regressor, if it differs.
impl<E: fmt::Display, D: Kind> fmt::Display for IterativeImputer<E, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = describe(&self.settings);
        if D::SAMPLES {
            let inside = settings.trim_end_matches(')');
            let comma = if inside.ends_with('(') { "" } else { ", " };
            write!(f, "{inside}{comma}sample_posterior=true)")?;
        } else {
            f.write_str(&settings)?;
        }
        let estimator = self.estimator.to_string();
        if estimator != BayesianRidge::new().to_string() {
            for line in estimator.lines() {
                write!(f, "\n  {line}")?;
            }
        }
        Ok(())
    }
}

impl<F, Y, E, D> Estimator<ArrayRef2<F>, Y> for IterativeImputer<E, D>
where
    F: Float,
    Y: Targets + ?Sized,
    E: Estimator<ArrayRef2<F>, ArrayRef1<F>>,
    D: Draw<F, E::Fitted>,
{
    type Fitted = FittedIterativeImputer<F, E::Fitted, D>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        Ok(self.learn(x, y)?.0)
    }

    /// The values of the fit are those that `transform` would find again.
    fn fit_for_transform(&self, x: &ArrayRef2<F>, y: &Y) -> Result<(Self::Fitted, Known)> {
        let (model, filled) = self.learn(x, y)?;
        let out = model.with_indicators(x, filled);
        Ok((model, Known::new(out)))
    }
}

impl<E, D> IterativeImputer<E, D> {
    #[allow(clippy::type_complexity)] // the model, and the values
    fn learn<F, Y>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<(FittedIterativeImputer<F, E::Fitted, D>, Array2<F>)>
    where
        F: Float,
        Y: Targets + ?Sized,
        E: Estimator<ArrayRef2<F>, ArrayRef1<F>>,
        D: Draw<F, E::Fitted>,
    {
        self.settings.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let missing = Missing::<F>::new(self.settings.missing_values);
        missing.check(x)?;
        let chain = Chain::new(&self.settings, x, missing)?;
        chain.learn::<E, D>(&self.estimator, &self.watch)
    }
}

/// Rows of a matrix, some of its columns.
pub(super) fn part<F: Float>(x: &ArrayRef2<F>, rows: &[usize], columns: &[usize]) -> Array2<F> {
    let mut out = crate::parallel::zeros((rows.len(), columns.len()));
    // Columns that follow each other, but for a gap, are copied in two pieces.
    let gap = (columns.windows(2)).position(|pair| pair[1] != pair[0] + 1);
    let first = gap.map_or(columns.len(), |at| at + 1);
    let in_pieces = columns[first..]
        .windows(2)
        .all(|pair| pair[1] == pair[0] + 1);
    let chunk = crate::parallel::row_chunks(rows.len(), columns.len());
    crate::parallel::for_each_row_chunk_mut(&mut out, chunk, |start, mut block| {
        for (i, mut out) in block.rows_mut().into_iter().enumerate() {
            let row = x.row(rows[start + i]);
            match (row.as_slice(), out.as_slice_mut()) {
                (Some(row), Some(out)) if in_pieces => {
                    let (left, right) = out.split_at_mut(first);
                    for (piece, columns) in [(left, &columns[..first]), (right, &columns[first..])]
                    {
                        if let Some(&from) = columns.first() {
                            piece.copy_from_slice(&row[from..from + columns.len()]);
                        }
                    }
                }
                _ => {
                    for (out, &j) in out.iter_mut().zip(columns) {
                        *out = row[j];
                    }
                }
            }
        }
    });
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn parts_of_a_matrix() {
        let x = Array2::from_shape_fn((3, 5), |(i, j)| (10 * i + j) as f64);
        assert_eq!(
            part(&x, &[2, 0], &[0, 1, 3, 4]),
            array![[20.0, 21.0, 23.0, 24.0], [0.0, 1.0, 3.0, 4.0]]
        );
        assert_eq!(
            part(&x, &[1], &[1, 2, 3, 4]),
            array![[11.0, 12.0, 13.0, 14.0]]
        );
        assert_eq!(part(&x, &[1], &[4, 0, 2]), array![[14.0, 10.0, 12.0]]);
        assert_eq!(part(&x, &[1], &[0, 2, 4]), array![[10.0, 12.0, 14.0]]);
        assert_eq!(part(&x, &[1], &[3]), array![[13.0]]);
        assert_eq!(part(&x, &[], &[3]).dim(), (0, 1));
        assert_eq!(part(&x, &[1], &[]).dim(), (1, 0));
        assert_eq!(part(&x.t(), &[1], &[0, 2]), array![[1.0, 21.0]]);
    }
}
