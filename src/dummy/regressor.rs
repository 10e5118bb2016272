//! A regressor that does not look at the features.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array, Array1, Array2, Axis, Ix1};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::boxed::Input;
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::meta::{Seen, not_empty};
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::quantiles::{
    QuantileMethod, column_quantiles, weighted_column_quantiles,
};
use crate::samples::Samples;
use crate::targets::{RealTargets, TargetDim};
use crate::traits::{Estimator, Predict, PredictStd, Score};

const NAME: &str = "DummyRegressor";

/// What a [`DummyRegressor`] says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DummyRegressorStrategy {
    /// The mean of the target.
    #[default]
    Mean,
    /// Its median.
    Median,
    /// A quantile of it.
    Quantile,
    /// The numbers given.
    Constant,
}

/// Predicts the same for every row: the baseline that a regressor has to beat.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `strategy` | `mean` | a [`DummyRegressorStrategy`] | |
/// | `constant` | none | one number for each target | what the strategy `constant` predicts |
/// | `quantile` | none | `[0, 1]` | which quantile the strategy `quantile` predicts |
///
/// Without weights a quantile lies between two values where it must (`linear` of NumPy); with weights it is the least value up to
/// which there is at least that share of the weight, also for the median, as in scikit-learn. Samples may be matrices or tables,
/// with missing values too; their columns must be those of the fit.
///
/// # Errors
/// `InvalidParameter`, also for as many constants as there are no targets; `NonFinite` for a target that is not finite; `EmptyInput`,
/// `ShapeMismatch`, and what is wrong with the weights.
///
/// # Source
/// scikit-learn's `DummyRegressor`.
///
/// # Examples
/// ```
/// use fitwell::{dummy::DummyRegressor, prelude::*};
/// use ndarray::{Array2, array};
///
/// let (x, y) = (Array2::<f64>::zeros((4, 1)), array![2.0, 3.0, 5.0, 10.0]);
/// assert_eq!(DummyRegressor::new().fit(&x, &y)?.predict(&x)?[0], 5.0);
/// assert_eq!(DummyRegressor::new().median().fit(&x, &y)?.predict(&x)?[0], 4.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct DummyRegressor {
    strategy: DummyRegressorStrategy,
    #[serde(deserialize_with = "one_or_more")]
    constant: Vec<f64>,
    #[serde(with = "crate::params::optional_number")]
    quantile: Option<f64>,
}

/// A list of numbers, or a number, or `null`.
fn one_or_more<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> std::result::Result<Vec<f64>, D::Error> {
    if !deserializer.is_human_readable() {
        return Vec::deserialize(deserializer);
    }
    let wrong = || de::Error::custom("expected a number or a list of numbers");
    match serde_json::Value::deserialize(deserializer).map_err(|_| wrong())? {
        serde_json::Value::Null => Ok(Vec::new()),
        serde_json::Value::Array(values) => values
            .iter()
            .map(|v| v.as_f64().ok_or_else(wrong))
            .collect(),
        value => Ok(vec![value.as_f64().ok_or_else(wrong)?]),
    }
}

impl DummyRegressor {
    /// The mean of the target.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is predicted.
    pub fn strategy(mut self, strategy: DummyRegressorStrategy) -> Self {
        self.strategy = strategy;
        self
    }

    /// The median of the target.
    pub fn median(self) -> Self {
        self.strategy(DummyRegressorStrategy::Median)
    }

    /// This quantile of the target.
    pub fn quantile(mut self, quantile: f64) -> Self {
        self.quantile = Some(quantile);
        self.strategy(DummyRegressorStrategy::Quantile)
    }

    /// These numbers, one for each target.
    pub fn constant(mut self, constant: impl Into<Vec<f64>>) -> Self {
        self.constant = constant.into();
        self.strategy(DummyRegressorStrategy::Constant)
    }
}

impl Hyperparameters for DummyRegressor {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        let quantile = self.quantile.unwrap_or(0.5);
        check::real(NAME, "quantile", quantile, Interval::closed(0.0, 1.0))?;
        if let Some(v) = self.constant.iter().find(|v| !v.is_finite()) {
            return Err(Error::invalid_parameter(
                NAME,
                "constant",
                "finite numbers",
                v,
            ));
        }
        if self.strategy == DummyRegressorStrategy::Quantile && self.quantile.is_none() {
            let expected = "a number in [0, 1], for the strategy `quantile`";
            return Err(Error::invalid_parameter(NAME, "quantile", expected, "none"));
        }
        if self.strategy == DummyRegressorStrategy::Constant && self.constant.is_empty() {
            let expected = "one number for each target, for the strategy `constant`";
            return Err(Error::invalid_parameter(NAME, "constant", expected, "none"));
        }
        Ok(())
    }
}

impl fmt::Display for DummyRegressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl DummyRegressor {
    /// What is predicted of each column.
    fn learn<F: Float>(
        &self,
        y: &ndarray::ArrayRef2<F>,
        weights: Option<&Array1<f64>>,
    ) -> Result<Vec<f64>> {
        let level = match self.strategy {
            DummyRegressorStrategy::Mean => {
                let mean = |column: ndarray::ArrayView1<'_, F>| {
                    let each = column.iter().enumerate();
                    let of = |i: usize| weights.map_or(1.0, |w| w[i]);
                    let (sum, total) = each.fold((0.0, 0.0), |(sum, total), (i, v)| {
                        (sum + v.f64() * of(i), total + of(i))
                    });
                    sum / total
                };
                return Ok(y.axis_iter(Axis(1)).map(mean).collect());
            }
            DummyRegressorStrategy::Median => 0.5,
            DummyRegressorStrategy::Quantile => self.quantile.unwrap_or(0.5),
            DummyRegressorStrategy::Constant => {
                if self.constant.len() == y.ncols() {
                    return Ok(self.constant.clone());
                }
                let expected = format!("one number for each of the {} targets", y.ncols());
                let got = format!("{} numbers", self.constant.len());
                return Err(Error::invalid_parameter(NAME, "constant", expected, got));
            }
        };
        let found = match weights {
            None => column_quantiles(y, &[level], QuantileMethod::Linear),
            Some(w) => weighted_column_quantiles(y, &w.to_vec(), &[level], false),
        };
        Ok(found.row(0).to_vec())
    }
}

impl<X, Y, F, D> Estimator<X, Y> for DummyRegressor
where
    X: Input<Float = F> + ?Sized,
    F: Float,
    D: TargetDim,
    Y: RealTargets<F, Dim = D> + ?Sized,
{
    type Fitted = FittedDummyRegressor<F, D>;

    fn fit(&self, x: &X, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        not_empty(x)?;
        check::target(y, x.n_samples())?;
        let columns = y.columns();
        check::finite(&columns, "y")?;
        if columns.ncols() == 0 {
            return Err(Error::shape("number of targets", 1, 0));
        }
        let constant = self.learn(&columns, y.sample_weight())?;
        let constant: Array1<F> = constant.into_iter().map(F::of).collect();
        check::learned(NAME, "what is predicted", &constant)?;
        Ok(FittedDummyRegressor {
            seen: Seen::of(x),
            constant,
            dim: PhantomData,
        })
    }
}

/// What [`DummyRegressor`] learned: one number for each target.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedDummyRegressor<F = f64, D = Ix1> {
    seen: Seen,
    constant: Array1<F>,
    dim: PhantomData<D>,
}

impl<F: Float, D> FittedDummyRegressor<F, D> {
    /// What is predicted, one number for each target.
    pub fn constant(&self) -> &Array1<F> {
        &self.constant
    }

    /// The number of targets.
    pub fn n_outputs(&self) -> usize {
        self.constant.len()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.seen.n_features
    }

    /// The names of the features at fit, where they had names.
    pub fn feature_names_in(&self) -> Option<&[String]> {
        self.seen.feature_names.as_deref()
    }
}

impl<X: Samples + ?Sized, F: Float, D: TargetDim> Predict<X> for FittedDummyRegressor<F, D> {
    type Output = Array<F, D>;

    fn predict(&self, x: &X) -> Result<Array<F, D>> {
        let shape = (self.seen.rows(x)?, self.constant.len());
        crate::parallel::fits::<F>("predictions", shape)?;
        Ok(D::from_columns(Array2::from_shape_fn(shape, |(_, j)| {
            self.constant[j]
        })))
    }
}

/// Deviations of 0.
impl<X: Samples + ?Sized, F: Float, D: TargetDim> PredictStd<X> for FittedDummyRegressor<F, D> {
    type Output = Array<F, D>;

    fn predict_std(&self, x: &X) -> Result<(Array<F, D>, Array<F, D>)> {
        let mean = self.predict(x)?;
        let std = mean.mapv(|_| F::zero());
        Ok((mean, std))
    }
}

/// R².
impl<X, Y, F, D> Score<X, Y> for FittedDummyRegressor<F, D>
where
    X: Samples + ?Sized,
    F: Float,
    D: TargetDim,
    Y: RealTargets<F, Dim = D> + ?Sized,
{
    fn score(&self, x: &X, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<F: Float, D: TargetDim> Model for FittedDummyRegressor<F, D> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}, {}>", F::NAME, D::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.seen.validate()?;
        ensure::at_least("number of targets", self.constant.len(), 1)?;
        if D::NDIM == Some(1) {
            ensure::equal("number of targets", self.constant.len(), 1)?;
        }
        ensure::finite("constant", &self.constant)
    }
}

impl<F: Float, D> fmt::Display for FittedDummyRegressor<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.constant.len() {
            1 => write!(f, "Fitted{NAME}(always {})", self.constant[0]),
            n => write!(f, "Fitted{NAME}({n} targets)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use ndarray::array;

    #[test]
    fn every_strategy_says_what_it_promises() {
        let x = Array2::<f64>::zeros((5, 1));
        let y = array![1.0, 2.0, 4.0, 8.0, 16.0];
        let of = |d: DummyRegressor| d.fit(&x, &y).unwrap().predict(&x).unwrap()[3];
        assert_eq!(of(DummyRegressor::new()), 6.2);
        assert_eq!(of(DummyRegressor::new().median()), 4.0);
        assert_eq!(of(DummyRegressor::new().quantile(0.9)), 12.8);
        assert_eq!(of(DummyRegressor::new().constant([7.5])), 7.5);
        let (_, std) = DummyRegressor::new()
            .fit(&x, &y)
            .unwrap()
            .predict_std(&x)
            .unwrap();
        assert_eq!(std, array![0.0, 0.0, 0.0, 0.0, 0.0]);
        let w = array![0.0, 1.0, 1.0, 0.0, 2.0];
        let weighted = |d: DummyRegressor| d.fit(&x, &y.weighted(&w)).unwrap().constant()[0];
        assert_eq!(weighted(DummyRegressor::new()), 9.5);
        assert_eq!(weighted(DummyRegressor::new().median()), 4.0);
        let both = ndarray::stack![Axis(1), y, -&y];
        let two = DummyRegressor::new()
            .constant([1.0, 2.0])
            .fit(&x, &both)
            .unwrap();
        assert_eq!(two.predict(&x).unwrap().row(4), array![1.0, 2.0]);
        assert_eq!(two.n_outputs(), 2);
    }

    #[test]
    fn settings_are_checked_and_read() {
        let (x, y) = (Array2::<f64>::zeros((2, 1)), array![1.0, 2.0]);
        let fails = |d: DummyRegressor| d.fit(&x, &y).is_err();
        assert!(fails(DummyRegressor::new().quantile(1.5)));
        assert!(fails(DummyRegressor::new().quantile(f64::NAN)));
        assert!(fails(DummyRegressor::new().constant([1.0, 2.0])));
        assert!(fails(
            DummyRegressor::new().strategy(DummyRegressorStrategy::Constant)
        ));
        assert!(fails(
            DummyRegressor::new().strategy(DummyRegressorStrategy::Quantile)
        ));
        use crate::params::Params;
        let by_name = DummyRegressor::new().with_param("constant", 3.0).unwrap();
        let by_name = by_name.with_param("strategy", "constant").unwrap();
        assert_eq!(by_name, DummyRegressor::new().constant([3.0]));
        let model = by_name.fit(&x, &y).unwrap();
        let mut bad = model.clone();
        bad.constant = array![1.0, 2.0];
        assert!(bad.validate().is_err() && model.validate().is_ok());
    }
}
