//! RANSAC: a regressor fitted to the rows that agree with each other.

use std::any::Any;
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use ndarray::{Array, Array2, ArrayRef2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, Params, Value, describe};
use crate::random;
use crate::targets::{RealTargets, TargetDim};
use crate::traits::{Estimator, Predict, Score};

use super::LinearRegression;

const NAME: &str = "RansacRegressor";

/// How far a row is from its prediction; of several targets, the sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RansacLoss {
    /// |y − ŷ|
    #[default]
    AbsoluteError,
    /// (y − ŷ)²
    SquaredError,
}

/// The settings beside the estimator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    #[serde(with = "crate::params::optional_number")]
    min_samples: Option<f64>,
    #[serde(with = "crate::params::optional_number")]
    residual_threshold: Option<f64>,
    max_trials: usize,
    max_skips: Option<usize>,
    stop_n_inliers: Option<usize>,
    #[serde(with = "crate::params::number")]
    stop_score: f64,
    #[serde(with = "crate::params::number")]
    stop_probability: f64,
    loss: RansacLoss,
    random_state: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            min_samples: None,
            residual_threshold: None,
            max_trials: 100,
            max_skips: None,
            stop_n_inliers: None,
            stop_score: f64::INFINITY,
            stop_probability: 0.99,
            loss: RansacLoss::AbsoluteError,
            random_state: 0,
        }
    }
}

impl Settings {
    /// The rows of a sample, of `n` rows with `p` features.
    fn sample_size(&self, n: usize, p: usize) -> Result<usize> {
        match self.min_samples {
            None if p >= n => Err(ErrorKind::TooFewSamples {
                what: format!("samples of {NAME}, one row more than there are features"),
                needed: p + 1,
                got: n,
            }
            .into()),
            None => Ok(p + 1),
            Some(share) if share < 1.0 => Ok((share * n as f64).ceil() as usize),
            Some(count) if count > n as f64 => {
                let expected = format!("at most the number of rows, {n}");
                Err(Error::invalid_parameter(
                    NAME,
                    "min_samples",
                    expected,
                    count,
                ))
            }
            Some(count) => Ok(count as usize),
        }
    }
}

impl Hyperparameters for Settings {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        if let Some(n) = self.min_samples
            && !(n > 0.0 && n.is_finite() && (n < 1.0 || n.fract() == 0.0))
        {
            let expected = "a fraction in (0, 1) or a whole number of 1 or more";
            return Err(Error::invalid_parameter(NAME, "min_samples", expected, n));
        }
        let threshold = self.residual_threshold.unwrap_or(0.0);
        check::real(
            NAME,
            "residual_threshold",
            threshold,
            Interval::at_least(0.0),
        )?;
        check::count(NAME, "max_trials", self.max_trials, 1)?;
        if self.stop_score.is_nan() {
            return Err(Error::invalid_parameter(
                NAME,
                "stop_score",
                "a number",
                self.stop_score,
            ));
        }
        check::real(
            NAME,
            "stop_probability",
            self.stop_probability,
            Interval::closed(0.0, 1.0),
        )
    }
}

type DataCheck = Arc<dyn Fn(&Array2<f64>, &Array2<f64>) -> bool + Send + Sync>;
type ModelCheck = Arc<dyn Fn(&dyn Any, &Array2<f64>, &Array2<f64>) -> Option<bool> + Send + Sync>;
type RowLoss = Arc<dyn Fn(&[f64], &[f64]) -> f64 + Send + Sync>;

/// Functions of the user; they are no hyper-parameters.
#[derive(Clone, Default)]
struct Functions {
    data: Option<DataCheck>,
    model: Option<ModelCheck>,
    loss: Option<RowLoss>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Functions(..)")
    }
}

impl PartialEq for Functions {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Fits a regressor to the rows that agree with each other, whatever the others say.
///
/// A trial fits the regressor to `min_samples` rows drawn at random and counts the rows whose loss is within
/// `residual_threshold`, the inliers. The trial with most inliers wins, of equals the one with the better score on them, and
/// the regressor is fitted to its inliers. Trials end after `max_trials`, or when a sample without outliers has been drawn
/// with probability `stop_probability`: after ln(1 − p) / ln(1 − wᵐ) trials for a share w of inliers and m rows a sample.
///
/// Use it where many rows are far off, in features or targets. With more than some ten rows a sample, or more than half
/// of the rows off, trials without outliers are rare.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `estimator` | [`LinearRegression`] | | the regressor; its parameters are `estimator__...` |
/// | `min_samples` | features + 1 | a count, or a fraction in (0, 1) of the rows, rounded up | rows of a sample |
/// | `residual_threshold` | median of \|y − median y\| | `[0, inf)` | the loss up to which a row is an inlier |
/// | `max_trials` | 100 | at least 1 | trials at most |
/// | `max_skips` | none | | trials at most that came to nothing |
/// | `stop_n_inliers` | none | | enough inliers |
/// | `stop_score` | ∞ | | a good enough score on the inliers |
/// | `stop_probability` | 0.99 | `[0, 1]` | see above |
/// | `loss` | `absolute_error` | a [`RansacLoss`], or a function by [`loss_fn`](Self::loss_fn) | |
/// | `random_state` | 0 | | the seed |
///
/// Sample weights reach the regressor with the target; rows of weight 0 are neither drawn nor counted. [`is_data_valid`](Self::is_data_valid) and
/// [`is_model_valid`](Self::is_model_valid) turn samples and models down.
///
/// # Complexity
/// A fit to a sample and a prediction of all rows for each trial. The last fit holds a copy of the inliers.
///
/// # Errors
/// `InvalidParameter`, also for a `residual_threshold` that no row is within; `TooFewSamples` when there are no more rows than features and `min_samples` is not given;
/// `InvalidInput` when no trial passed the checks; `Cancelled`; those of the regressor.
///
/// # Source
/// M. A. Fischler and R. C. Bolles, "Random sample consensus", Communications of the ACM 24 (1981). The rules are
/// scikit-learn's, its random numbers are not. There `min_samples` must be given for other regressors than least squares.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::RansacRegressor, prelude::*};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((30, 1), |(i, _)| i as f64);
/// // 1 + 2 x, but every third is off.
/// let y = Array1::from_shape_fn(30, |i| if i % 3 == 0 { 500.0 - i as f64 } else { 1.0 + 2.0 * i as f64 });
/// let model = RansacRegressor::default().residual_threshold(0.1).fit(&x, &y)?;
/// assert!(f64::abs(model.estimator().coef()[0] - 2.0) < 1e-9);
/// assert_eq!(model.inlier_mask().iter().filter(|&&inside| inside).count(), 20);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "RANSACRegressor")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[must_use]
pub struct RansacRegressor<E = LinearRegression> {
    estimator: E,
    settings: Settings,
    #[serde(skip)]
    functions: Functions,
    #[serde(skip)]
    watch: Watch,
}

impl Default for RansacRegressor {
    fn default() -> Self {
        Self::new(LinearRegression::new())
    }
}

impl<E> RansacRegressor<E> {
    /// Around this regressor.
    pub fn new(estimator: E) -> Self {
        RansacRegressor {
            estimator,
            settings: Settings::default(),
            functions: Functions::default(),
            watch: Watch::default(),
        }
    }

    /// Rows of a sample: a count, or a fraction below 1 of all, rounded up.
    pub fn min_samples(mut self, min_samples: f64) -> Self {
        self.settings.min_samples = Some(min_samples);
        self
    }

    /// The loss up to which a row is an inlier.
    pub fn residual_threshold(mut self, residual_threshold: f64) -> Self {
        self.settings.residual_threshold = Some(residual_threshold);
        self
    }

    /// Trials at most.
    pub fn max_trials(mut self, max_trials: usize) -> Self {
        self.settings.max_trials = max_trials;
        self
    }

    /// Trials at most that came to nothing: by the checks, or with fewer inliers than the best.
    pub fn max_skips(mut self, max_skips: usize) -> Self {
        self.settings.max_skips = Some(max_skips);
        self
    }

    /// Stop with as many inliers.
    pub fn stop_n_inliers(mut self, stop_n_inliers: usize) -> Self {
        self.settings.stop_n_inliers = Some(stop_n_inliers);
        self
    }

    /// Stop with as good a score on the inliers.
    pub fn stop_score(mut self, stop_score: f64) -> Self {
        self.settings.stop_score = stop_score;
        self
    }

    /// Stop when a sample without outliers has been drawn with this probability.
    pub fn stop_probability(mut self, stop_probability: f64) -> Self {
        self.settings.stop_probability = stop_probability;
        self
    }

    /// How far a row is from its prediction.
    pub fn loss(mut self, loss: RansacLoss) -> Self {
        self.settings.loss = loss;
        self.functions.loss = None;
        self
    }

    /// How far a row is from its prediction, by a function of its targets and their predictions. Functions are code: they are
    /// not written to files.
    pub fn loss_fn(mut self, loss: impl Fn(&[f64], &[f64]) -> f64 + Send + Sync + 'static) -> Self {
        self.functions.loss = Some(Arc::new(loss));
        self
    }

    /// The seed.
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.settings.random_state = random_state;
        self
    }

    /// Whether a sample of rows, features and targets (n, n_targets), may be fitted.
    pub fn is_data_valid(
        mut self,
        valid: impl Fn(&Array2<f64>, &Array2<f64>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.functions.data = Some(Arc::new(valid));
        self
    }

    /// Whether a model `M`, fitted to a sample, may be used. `M` is what the regressor learns; a fit fails if it is another.
    pub fn is_model_valid<M: 'static>(
        mut self,
        valid: impl Fn(&M, &Array2<f64>, &Array2<f64>) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.functions.model = Some(Arc::new(move |model, x, y| {
            model.downcast_ref::<M>().map(|model| valid(model, x, y))
        }));
        self
    }

    /// Hears of each trial, with the most inliers so far, and can stop the work.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The regressor that is fitted.
    pub fn estimator(&self) -> &E {
        &self.estimator
    }
}

/// The settings, and the estimator's as `estimator__...`.
impl<E: Params> Params for RansacRegressor<E> {
    fn params(&self) -> BTreeMap<String, Value> {
        let inner = self.estimator.params().into_iter();
        let inner = inner.map(|(name, value)| (format!("estimator__{name}"), value));
        self.settings.params().into_iter().chain(inner).collect()
    }

    fn with_value(&self, name: &str, value: Value) -> Result<Self> {
        let mut new = self.clone();
        if let Some(inner) = name.strip_prefix("estimator__") {
            new.estimator = self.estimator.with_value(inner, value)?;
            return Ok(new);
        }
        if !self.settings.params().contains_key(name) {
            return Err(ErrorKind::UnknownParameter {
                estimator: NAME.into(),
                name: name.into(),
                known: self.params().into_keys().collect(),
            }
            .into());
        }
        new.settings = self.settings.with_value(name, value)?;
        Ok(new)
    }
}

impl<E: fmt::Display> fmt::Display for RansacRegressor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.settings))?;
        for line in self.estimator.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

impl<E: Model> Model for RansacRegressor<E> {
    fn type_name() -> String {
        format!("{NAME}<{}>", E::type_name())
    }
    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        self.estimator.validate()
    }
}

fn median(values: &mut [f64]) -> f64 {
    let n = values.len();
    values.sort_unstable_by(f64::total_cmp);
    if n % 2 == 1 {
        values[n / 2]
    } else {
        0.5 * (values[n / 2 - 1] + values[n / 2])
    }
}

/// The median of the distances from the median.
fn mad<F: Float>(y: &ArrayView2<'_, F>) -> f64 {
    let mut values: Vec<f64> = y.iter().map(|v| v.f64()).collect();
    let middle = median(&mut values);
    for v in &mut values {
        *v = (*v - middle).abs();
    }
    median(&mut values)
}

/// Trials until a sample without outliers was drawn with this probability.
fn enough_trials(n_inliers: usize, n: usize, m: usize, probability: f64) -> f64 {
    let share = (n_inliers as f64 / n as f64).powf(m as f64);
    let missed = f64::EPSILON.max(1.0 - probability);
    let spoiled = f64::EPSILON.max(1.0 - share);
    if missed == 1.0 {
        0.0
    } else if spoiled == 1.0 {
        f64::INFINITY
    } else {
        (missed.ln() / spoiled.ln()).ceil().abs()
    }
}

impl<F, D, Y, E, M> Estimator<ArrayRef2<F>, Y> for RansacRegressor<E>
where
    F: Float,
    D: TargetDim,
    Y: RealTargets<F, Dim = D> + ?Sized,
    E: Estimator<ArrayRef2<F>, Y, Fitted = M>,
    M: Predict<ArrayRef2<F>, Output = Array<F, D>> + Score<ArrayRef2<F>, Y> + 'static,
{
    type Fitted = FittedRansacRegressor<M>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        let settings = &self.settings;
        settings.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let columns = y.columns();
        check::finite(&columns, "y")?;
        // Rows of weight 0 are neither drawn nor counted.
        let weights = y.sample_weight();
        let counts_at = |i: &usize| weights.is_none_or(|w| w[*i] > 0.0);
        let counted: Vec<usize> = (0..x.nrows()).filter(counts_at).collect();
        let n = counted.len();
        let m = settings.sample_size(n, x.ncols())?;
        let threshold = (settings.residual_threshold)
            .unwrap_or_else(|| mad(&columns.select(Axis(0), &counted).view()));
        let mut rng = random::generator(settings.random_state);
        let most_skips = settings.max_skips.unwrap_or(usize::MAX);
        let mut most_trials = settings.max_trials as f64;
        let mut counts = Counts::default();
        let mut best: Option<(Vec<usize>, Vec<bool>)> = None;
        let (mut n_best, mut score_best) = (1, f64::NEG_INFINITY);
        while (counts.trials as f64) < most_trials {
            counts.trials += 1;
            if counts.skips() > most_skips {
                break;
            }
            self.watch.report(
                NAME,
                counts.trials,
                Some(settings.max_trials),
                Some(n_best as f64),
            )?;
            let drawn = random::sample_without_replacement(n, m, &mut rng)?;
            let rows: Vec<usize> = drawn.into_iter().map(|i| counted[i]).collect();
            let (some_x, some_y) = (x.select(Axis(0), &rows), y.select(&rows)?);
            let wide = || {
                let targets = columns.select(Axis(0), &rows).mapv(F::f64);
                (some_x.mapv(F::f64), targets)
            };
            if let Some(valid) = &self.functions.data {
                let (x, y) = wide();
                if !valid(&x, &y) {
                    counts.invalid_data += 1;
                    continue;
                }
            }
            let model = self.estimator.fit(&some_x, some_y.borrow())?;
            if let Some(valid) = &self.functions.model {
                let (x, y) = wide();
                let Some(valid) = valid(&model, &x, &y) else {
                    let reason = "is_model_valid takes another model than the estimator learns";
                    return Err(Error::invalid_input(NAME, reason));
                };
                if !valid {
                    counts.invalid_model += 1;
                    continue;
                }
            }
            let predicted = model.predict(x)?;
            let losses = self.losses(&columns, &D::columns(&predicted));
            let mask: Vec<bool> = losses.iter().map(|&loss| loss <= threshold).collect();
            let inliers: Vec<usize> = counted.iter().copied().filter(|&i| mask[i]).collect();
            if inliers.len() < n_best {
                counts.no_inliers += 1;
                continue;
            }
            let score =
                match model.score(&x.select(Axis(0), &inliers), y.select(&inliers)?.borrow()) {
                    Ok(score) => score,
                    // One row has no score.
                    Err(e)
                        if matches!(
                            e.kind(),
                            ErrorKind::TooFewSamples { .. } | ErrorKind::EmptyInput { .. }
                        ) =>
                    {
                        f64::NAN
                    }
                    Err(e) => return Err(e),
                };
            if inliers.len() == n_best && score < score_best {
                continue;
            }
            (n_best, score_best) = (inliers.len(), score);
            best = Some((inliers, mask));
            most_trials = most_trials.min(enough_trials(n_best, n, m, settings.stop_probability));
            if settings
                .stop_n_inliers
                .is_some_and(|enough| n_best >= enough)
                || score_best >= settings.stop_score
            {
                break;
            }
        }
        let Some((inliers, inlier_mask)) = best else {
            return Err(counts.nothing_found(threshold));
        };
        if counts.skips() > most_skips {
            log::warn!("{NAME} ended early: more trials than max_skips came to nothing");
        }
        let estimator = self
            .estimator
            .fit(&x.select(Axis(0), &inliers), y.select(&inliers)?.borrow())?;
        Ok(FittedRansacRegressor {
            estimator,
            inlier_mask,
            counts,
        })
    }
}

impl<E> RansacRegressor<E> {
    fn losses<F: Float>(&self, y: &ArrayView2<'_, F>, predicted: &ArrayView2<'_, F>) -> Vec<f64> {
        let rows = y.rows().into_iter().zip(predicted.rows());
        rows.map(|(y, z)| {
            if let Some(loss) = &self.functions.loss {
                let wide =
                    |v: ndarray::ArrayView1<'_, F>| v.iter().map(|v| v.f64()).collect::<Vec<f64>>();
                return loss(&wide(y), &wide(z));
            }
            let each = y.iter().zip(z).map(|(y, z)| y.f64() - z.f64());
            match self.settings.loss {
                RansacLoss::AbsoluteError => each.map(f64::abs).sum(),
                RansacLoss::SquaredError => each.map(|d| d * d).sum(),
            }
        })
        .collect()
    }
}

/// What became of the trials.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Counts {
    trials: usize,
    no_inliers: usize,
    invalid_data: usize,
    invalid_model: usize,
}

impl Counts {
    fn skips(&self) -> usize {
        self.no_inliers + self.invalid_data + self.invalid_model
    }

    /// Why no trial was good enough.
    fn nothing_found(&self, threshold: f64) -> Error {
        let Counts {
            trials,
            no_inliers,
            invalid_data,
            invalid_model,
        } = self;
        if invalid_data + invalid_model == 0 {
            let expected = format!(
                "larger: in {trials} trials no row was as near to its prediction (where it is not given, it is the \
                 median distance of the target from its median)"
            );
            return Error::invalid_parameter(NAME, "residual_threshold", expected, threshold);
        }
        Error::invalid_input(
            NAME,
            format!(
                "no consensus in {trials} trials: {invalid_data} samples and {invalid_model} models were not valid, \
                 {no_inliers} had too few inliers; raise max_trials, max_skips or residual_threshold (now {threshold})"
            ),
        )
    }
}

/// What [`RansacRegressor`] learned: the regressor fitted to the inliers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRansacRegressor<M> {
    estimator: M,
    inlier_mask: Vec<bool>,
    counts: Counts,
}

impl<M> FittedRansacRegressor<M> {
    /// The regressor, fitted to the inliers.
    pub fn estimator(&self) -> &M {
        &self.estimator
    }

    /// Which rows of the training data are inliers.
    pub fn inlier_mask(&self) -> &[bool] {
        &self.inlier_mask
    }

    /// The trials made.
    pub fn n_trials(&self) -> usize {
        self.counts.trials
    }

    /// Trials with fewer inliers than the best.
    pub fn n_skips_no_inliers(&self) -> usize {
        self.counts.no_inliers
    }

    /// Samples that `is_data_valid` turned down.
    pub fn n_skips_invalid_data(&self) -> usize {
        self.counts.invalid_data
    }

    /// Models that `is_model_valid` turned down.
    pub fn n_skips_invalid_model(&self) -> usize {
        self.counts.invalid_model
    }
}

impl<F: Float, M: Predict<ArrayRef2<F>>> Predict<ArrayRef2<F>> for FittedRansacRegressor<M> {
    type Output = M::Output;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<M::Output> {
        self.estimator.predict(x)
    }
}

/// That of the regressor.
impl<F, Y, M> Score<ArrayRef2<F>, Y> for FittedRansacRegressor<M>
where
    F: Float,
    Y: crate::targets::Targets + ?Sized,
    M: Score<ArrayRef2<F>, Y>,
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        self.estimator.score(x, y)
    }
}

impl<M: Model> Model for FittedRansacRegressor<M> {
    fn type_name() -> String {
        format!("Fitted{NAME}<{}>", M::type_name())
    }
    fn importances(&self) -> Option<Result<Array2<f64>>> {
        self.estimator.importances()
    }
    fn importances_are_sparse(&self) -> bool {
        self.estimator.importances_are_sparse()
    }
    fn validate(&self) -> Result<()> {
        ensure::that(self.inlier_mask.contains(&true), || {
            "there are no inliers".into()
        })?;
        ensure::at_least("n_trials", self.counts.trials, 1)?;
        self.estimator.validate()
    }
}

impl<M: fmt::Display> fmt::Display for FittedRansacRegressor<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = self.inlier_mask.iter().filter(|inside| **inside).count();
        write!(
            f,
            "FittedRansacRegressor({inside} of {} rows are inliers, {} trials)",
            self.inlier_mask.len(),
            self.counts.trials
        )?;
        for line in self.estimator.to_string().lines() {
            write!(f, "\n  {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::linear_model::{FittedLinearRegression, Ridge};
    use crate::targets::Targets;
    use ndarray::{Array1, stack};

    fn data() -> (Array2<f64>, Array1<f64>) {
        let x = Array2::from_shape_fn((60, 2), |(i, j)| ((i * (3 + 4 * j)) % 17) as f64);
        let y = Array1::from_shape_fn(60, |i| {
            let exact = 3.0 * x[[i, 0]] - x[[i, 1]] + 5.0;
            if i % 4 == 0 {
                exact + 100.0 + i as f64
            } else {
                exact
            }
        });
        (x, y)
    }

    #[test]
    fn it_finds_the_rows_that_agree() {
        let (x, y) = data();
        for loss in [RansacLoss::AbsoluteError, RansacLoss::SquaredError] {
            let model = RansacRegressor::default()
                .loss(loss)
                .residual_threshold(0.5)
                .fit(&x, &y)
                .unwrap();
            for i in 0..60 {
                assert_eq!(model.inlier_mask()[i], i % 4 != 0);
            }
            assert!((model.estimator().coef()[0] - 3.0).abs() < 1e-9);
            assert!(model.n_trials() < 100 && model.n_skips_invalid_data() == 0);
        }
        // Two targets: a row is an inlier by both.
        let both = stack![Axis(1), y, x.column(0).mapv(|v| -v)];
        let model = RansacRegressor::default()
            .residual_threshold(0.5)
            .fit(&x, &both)
            .unwrap();
        assert_eq!(model.inlier_mask().iter().filter(|i| **i).count(), 45);
    }

    #[test]
    fn checks_and_stops_are_heeded() {
        let (x, y) = data();
        let never = RansacRegressor::default()
            .is_data_valid(|_, _| false)
            .max_trials(7);
        let e = never.fit(&x, &y).unwrap_err();
        assert!(e.to_string().contains("7 samples"), "{e}");
        let positive = RansacRegressor::default()
            .residual_threshold(0.5)
            .is_model_valid(|m: &FittedLinearRegression, x, _| m.coef()[0] > 0.0 && x.nrows() == 3);
        let model = positive.fit(&x, &y).unwrap();
        assert!((model.estimator().coef()[0] - 3.0).abs() < 1e-9);
        let wrong = RansacRegressor::default().is_model_valid(|_: &f32, _, _| true);
        assert!(wrong.fit(&x, &y).is_err());
        let first = RansacRegressor::default()
            .stop_n_inliers(1)
            .fit(&x, &y)
            .unwrap();
        assert_eq!(first.n_trials(), 1);
        let skips = RansacRegressor::default()
            .max_skips(0)
            .is_data_valid(|_, _| false)
            .fit(&x, &y);
        assert!(skips.unwrap_err().to_string().contains("1 samples"));
        let far = RansacRegressor::default()
            .loss_fn(|y, z| (y[0] - z[0]).abs() / 1000.0)
            .residual_threshold(1.0);
        assert!(
            far.fit(&x, &y)
                .unwrap()
                .inlier_mask()
                .iter()
                .all(|inside| *inside)
        );
    }

    #[test]
    fn settings_by_name_and_out_of_range() {
        let (x, y) = data();
        let ridge = RansacRegressor::new(Ridge::new())
            .with_param("estimator__alpha", 0.5)
            .unwrap();
        assert_eq!(ridge.params()["estimator__alpha"], 0.5);
        let ridge = ridge.with_param("min_samples", 0.25).unwrap();
        assert!(ridge.fit(&x, &y).is_ok());
        for (name, value) in [
            ("min_samples", 2.5),
            ("min_samples", 0.0),
            ("residual_threshold", -1.0),
            ("stop_probability", 2.0),
        ] {
            assert!(
                ridge.with_param(name, value).unwrap().fit(&x, &y).is_err(),
                "{name}"
            );
        }
        assert!(
            RansacRegressor::default()
                .min_samples(61.0)
                .fit(&x, &y)
                .is_err()
        );
        assert!(ridge.with_param("alpha", 1.0).is_err());
        let w = Array1::from_shape_fn(60, |i| 1.0 + (i % 2) as f64);
        assert!(RansacRegressor::default().fit(&x, &y.weighted(&w)).is_ok());
    }

    #[test]
    fn trials_until_a_clean_sample() {
        assert_eq!(enough_trials(95, 100, 2, 0.99), 2.0);
        assert_eq!(enough_trials(50, 100, 2, 0.99), 17.0);
        assert_eq!(enough_trials(100, 100, 2, 0.0), 0.0);
        assert_eq!(enough_trials(1, 100, 10, 0.99), f64::INFINITY);
    }
}
