//! Confidence intervals of any metric, by resampling rows.

use std::borrow::Borrow;
use std::fmt;
use std::num::NonZeroUsize;

use ndarray::Array1;
use serde::{Deserialize, Serialize};

use super::sum::sum_slice;
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::special::normal_sf;
use crate::targets::{AsTargets, Targets};
use crate::{parallel, random};

const NAME: &str = "Bootstrap";
/// Resamples beyond any use: their values alone would take gigabytes.
const MOST: usize = 100_000_000;

/// How the values of a metric on resampled rows become an interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntervalMethod {
    /// Their quantiles.
    Percentile,
    /// Their quantiles, turned round the estimate.
    Basic,
    /// Their quantiles, corrected for bias and skewness (B. Efron, "Better bootstrap confidence intervals", 1987).
    #[default]
    Bca,
}

/// The confidence interval of a metric, from its values on rows drawn with replacement.
///
/// Any function of a true target and predictions will do. Rows of both are drawn together; weights travel with the
/// target. A resample on which the metric is not defined (one class for a ROC curve) is left out and counted; drawing
/// within classes avoids it.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_resamples` | 1000 | \[2, 10⁸\] | how often rows are drawn |
/// | `confidence_level` | 0.95 | (0, 1) | how often such intervals hold the true value |
/// | `method` | `bca` | | how values become an interval |
/// | `stratify` | `false` | | draw within each class of the target, as many rows as it has |
/// | `random_state` | 0 | | the seed |
///
/// # Complexity
/// The metric is called `n_resamples` times, in parallel, and for `bca` once for each row left out; beyond 1000 rows once
/// for each of 1000 groups of rows. The result is the same bits with any number of threads.
///
/// # Errors
/// `InvalidParameter`; the metric's on all rows; `EmptyInput`, `ShapeMismatch`; `InvalidInput` to stratify a target without
/// classes, when the metric is not defined on more than half of the resamples, and for `bca` when all of them lie on one
/// side of the estimate.
///
/// # Examples
/// ```
/// use fitwell::{metrics::{Bootstrap, accuracy_score, roc_auc_score}, prelude::*};
/// use ndarray::Array1;
///
/// let y: Labels = (0..60).map(|i| i64::from(i % 3 == 0)).collect();
/// let scores = Array1::from_shape_fn(60, |i| f64::from(i % 3 == 0) + (i * 7 % 11) as f64 / 8.0);
/// let area = Bootstrap::new().stratify(true).interval(&y, &scores, |y, scores| roc_auc_score(y, scores))?;
/// assert!(area.low() < area.estimate() && area.estimate() < area.high());
///
/// let predicted: Labels = scores.iter().map(|&s| i64::from(s > 1.0)).collect();
/// let accuracy = Bootstrap::new().confidence_level(0.9).interval(&y, &predicted, accuracy_score)?;
/// println!("{accuracy}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct Bootstrap {
    n_resamples: usize,
    #[serde(with = "crate::params::number")]
    confidence_level: f64,
    method: IntervalMethod,
    stratify: bool,
    random_state: u64,
}

impl Default for Bootstrap {
    fn default() -> Self {
        Bootstrap {
            n_resamples: 1000,
            confidence_level: 0.95,
            method: IntervalMethod::default(),
            stratify: false,
            random_state: 0,
        }
    }
}

impl Bootstrap {
    /// 1000 resamples, 95 %, corrected for bias and skewness.
    pub fn new() -> Self {
        Self::default()
    }

    /// How often rows are drawn.
    pub fn n_resamples(mut self, n_resamples: usize) -> Self {
        self.n_resamples = n_resamples;
        self
    }

    /// How often such intervals hold the true value, in `(0, 1)`.
    pub fn confidence_level(mut self, level: f64) -> Self {
        self.confidence_level = level;
        self
    }

    /// How values become an interval.
    pub fn method(mut self, method: IntervalMethod) -> Self {
        self.method = method;
        self
    }

    /// Whether rows are drawn within each class of the target.
    pub fn stratify(mut self, stratify: bool) -> Self {
        self.stratify = stratify;
        self
    }

    /// The seed.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// The interval of `metric(y_true, y_pred)`.
    ///
    /// # Errors
    /// See [`Bootstrap`].
    pub fn interval<Y, P>(
        &self,
        y_true: &Y,
        y_pred: &P,
        metric: impl Fn(&Y::Targets, &P::Targets) -> Result<f64> + Sync,
    ) -> Result<ConfidenceInterval>
    where
        Y: AsTargets + ?Sized,
        P: AsTargets<Targets: Sync> + ?Sized,
    {
        check::count(NAME, "n_resamples", self.n_resamples, 2)?;
        if self.n_resamples > MOST {
            let expected = format!("at most {MOST}");
            return Err(Error::invalid_parameter(
                NAME,
                "n_resamples",
                expected,
                self.n_resamples,
            ));
        }
        check::real(
            NAME,
            "confidence_level",
            self.confidence_level,
            Interval::open(0.0, 1.0),
        )?;
        let (y, p) = (y_true.as_targets(), y_pred.as_targets());
        let n = y.n_rows().unwrap_or(0);
        super::pairs::same_length(n, p.n_rows().unwrap_or(n))?;
        let estimate = metric(y, p)?;
        if !estimate.is_finite() {
            return Err(Error::invalid_input(
                "metric",
                format!("is {estimate} on all rows"),
            ));
        }
        let of_rows = |rows: &[usize]| -> Option<f64> {
            let (y, p) = (y.select(rows).ok()?, p.select(rows).ok()?);
            metric(y.borrow(), p.borrow())
                .ok()
                .filter(|v| v.is_finite())
        };
        let strata = self.strata(y, n)?;
        let drawn = parallel::map_chunks(self.n_resamples, 1, |resample| {
            let mut rng = random::stream(self.random_state, resample.start as u64);
            let mut rows = Vec::with_capacity(n);
            for stratum in &strata {
                if let Some(size) = NonZeroUsize::new(stratum.len()) {
                    rows.extend((0..size.get()).map(|_| stratum[random::below(size, &mut rng)]));
                }
            }
            of_rows(&rows)
        });
        let mut values: Vec<f64> = drawn.iter().copied().flatten().collect();
        let undefined = drawn.len() - values.len();
        if undefined > values.len() {
            let reason = format!(
                "is not defined on {undefined} of {} resamples; stratify, or give more rows",
                drawn.len()
            );
            return Err(Error::invalid_input("metric", reason));
        }
        let distribution = Array1::from(values.clone());
        values.sort_by(f64::total_cmp);
        let alpha = (1.0 - self.confidence_level) / 2.0;
        let (low, high) = match self.method {
            IntervalMethod::Percentile => {
                (quantile(&values, alpha), quantile(&values, 1.0 - alpha))
            }
            IntervalMethod::Basic => (
                2.0 * estimate - quantile(&values, 1.0 - alpha),
                2.0 * estimate - quantile(&values, alpha),
            ),
            IntervalMethod::Bca => {
                let bias = bias(&values, estimate)?;
                let acceleration = acceleration(n, of_rows);
                let corrected = |z: f64| {
                    let z = bias + z;
                    normal_sf(-(bias + z / (1.0 - acceleration * z)))
                };
                let z = normal_quantile(alpha);
                (
                    quantile(&values, corrected(z)),
                    quantile(&values, corrected(-z)),
                )
            }
        };
        Ok(ConfidenceInterval {
            estimate,
            low,
            high,
            confidence_level: self.confidence_level,
            distribution,
            undefined,
        })
    }

    /// The rows among which each part of a resample is drawn.
    fn strata<Y: Targets + ?Sized>(&self, y: &Y, n: usize) -> Result<Vec<Vec<usize>>> {
        if !self.stratify {
            return Ok(vec![(0..n).collect()]);
        }
        let Some(labels) = y.as_labels() else {
            let reason = "only a target of classes can be stratified";
            return Err(Error::invalid_input("y_true", reason));
        };
        let mut strata = vec![Vec::new(); labels.classes().len()];
        for (row, &code) in labels.codes().iter().enumerate() {
            strata[code as usize].push(row);
        }
        Ok(strata)
    }
}

/// The quantile of sorted values, between neighbours by distance.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let at = fraction.clamp(0.0, 1.0) * last as f64;
    let low = at as usize;
    let (a, b) = (sorted[low.min(last)], sorted[(low + 1).min(last)]);
    a + (b - a) * (at - low as f64)
}

/// How far the estimate is from the median of the values, in standard deviations of a normal distribution.
fn bias(sorted: &[f64], estimate: f64) -> Result<f64> {
    let below = sorted.partition_point(|&v| v < estimate);
    let to = sorted.partition_point(|&v| v <= estimate);
    let share = (below + to) as f64 / (2 * sorted.len()) as f64;
    if share > 0.0 && share < 1.0 {
        return Ok(normal_quantile(share));
    }
    let reason = "all resamples lie on one side of the estimate; use the percentile method";
    Err(Error::invalid_input("bias-corrected interval", reason))
}

/// A sixth of the skewness of the metric's influence, from leaving out a row, or a group of rows, in turn.
fn acceleration(n: usize, of_rows: impl Fn(&[usize]) -> Option<f64> + Sync) -> f64 {
    const GROUPS: usize = 1000;
    let groups = n.min(GROUPS);
    let values: Vec<f64> = parallel::map(groups, |out| {
        let rows: Vec<usize> = (0..n).filter(|i| i % groups != out).collect();
        if rows.is_empty() {
            None
        } else {
            of_rows(&rows)
        }
    })
    .into_iter()
    .flatten()
    .collect();
    let mean = sum_slice(&values) / values.len() as f64;
    let power = |k: i32| -> f64 {
        sum_slice(
            &values
                .iter()
                .map(|v| (mean - v).powi(k))
                .collect::<Vec<_>>(),
        )
    };
    let squares = power(2);
    if squares > 0.0 {
        power(3) / (6.0 * squares.powf(1.5))
    } else {
        0.0
    }
}

/// The z that a standard normal number is below with probability p in (0, 1).
fn normal_quantile(p: f64) -> f64 {
    // Halving [−40, 40] to the last bit; it is called three times.
    let (mut low, mut high) = (-40.0f64, 40.0f64);
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if normal_sf(-middle) < p {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The interval of a metric; made by [`Bootstrap::interval`].
#[derive(Clone, Debug, PartialEq)]
pub struct ConfidenceInterval {
    estimate: f64,
    low: f64,
    high: f64,
    confidence_level: f64,
    distribution: Array1<f64>,
    undefined: usize,
}

impl ConfidenceInterval {
    /// The metric on all rows.
    pub fn estimate(&self) -> f64 {
        self.estimate
    }

    /// The lower end.
    pub fn low(&self) -> f64 {
        self.low
    }

    /// The upper end.
    pub fn high(&self) -> f64 {
        self.high
    }

    /// How often such intervals hold the true value.
    pub fn confidence_level(&self) -> f64 {
        self.confidence_level
    }

    /// The standard deviation of the metric over the resamples.
    pub fn standard_error(&self) -> f64 {
        let n = self.distribution.len() as f64;
        let mean = self.distribution.sum() / n;
        let squares = self.distribution.mapv(|v| (v - mean) * (v - mean)).sum();
        (squares / (n - 1.0)).sqrt()
    }

    /// The metric on each resample on which it is defined, in the order drawn.
    pub fn distribution(&self) -> &Array1<f64> {
        &self.distribution
    }

    /// On how many resamples the metric was not defined.
    pub fn undefined(&self) -> usize {
        self.undefined
    }
}

/// The estimate and the interval, with as many digits as the format asks for (4 unless it does).
impl fmt::Display for ConfidenceInterval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(4);
        let percent = self.confidence_level * 100.0;
        write!(
            f,
            "{:.digits$} [{:.digits$}, {:.digits$}] ({percent} %)",
            self.estimate, self.low, self.high
        )
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{ArrayRef1, array};

    use super::*;
    use crate::labels::Labels;
    use crate::metrics::{accuracy_score, roc_auc_score};

    fn values(n: usize) -> Array1<f64> {
        let mut rng = random::generator(5);
        Array1::from_shape_simple_fn(n, || random::standard_normal(&mut rng).exp())
    }

    fn mean(y: &ArrayRef1<f64>, _: &ArrayRef1<f64>) -> Result<f64> {
        Ok(y.sum() / y.len() as f64)
    }

    #[test]
    fn quantiles_of_the_normal_distribution() {
        for (p, z) in [
            (0.5, 0.0),
            (0.975, 1.959_963_984_540_054),
            (0.001, -3.090_232_306_167_813),
        ] {
            assert!((normal_quantile(p) - z).abs() < 1e-12, "{p}");
        }
    }

    #[test]
    fn the_acceleration_of_a_mean_is_a_sixth_of_its_skewness() {
        let y = values(40);
        let m = y.sum() / 40.0;
        let moment = |k: i32| y.mapv(|v| (v - m).powi(k)).sum();
        let expected = moment(3) / moment(2).powf(1.5) / 6.0;
        let a = acceleration(40, |rows| {
            Some(rows.iter().map(|&i| y[i]).sum::<f64>() / rows.len() as f64)
        });
        assert!((a - expected).abs() < 1e-12, "{a} {expected}");
    }

    #[test]
    fn the_standard_error_of_a_mean_is_known_and_intervals_lie_as_they_should() {
        let y = values(200);
        let boot = |method| Bootstrap::new().n_resamples(4000).method(method);
        let at = |method| boot(method).interval(&y, &y, mean).unwrap();
        let percentile = at(IntervalMethod::Percentile);
        let m = y.sum() / 200.0;
        let error = (y.mapv(|v| (v - m).powi(2)).sum() / 200.0 / 200.0).sqrt();
        assert!((percentile.standard_error() / error - 1.0).abs() < 0.05);
        assert!((percentile.estimate() - m).abs() < 1e-12);
        let basic = at(IntervalMethod::Basic);
        assert!((basic.low() + percentile.high() - 2.0 * m).abs() < 1e-12);
        // Skewed to the right: the corrected interval moves up.
        let bca = at(IntervalMethod::Bca);
        assert!(bca.low() > percentile.low() && bca.high() > percentile.high());
        assert!(format!("{bca:.2}").ends_with("(95 %)"));
        let narrow = boot(IntervalMethod::Bca)
            .confidence_level(0.5)
            .interval(&y, &y, mean)
            .unwrap();
        assert!(narrow.low() > bca.low() && narrow.high() < bca.high());
    }

    #[test]
    fn one_thread_or_four_one_seed_or_another() {
        let y: Labels = (0..50).map(|i| i64::from(i % 7 < 2)).collect();
        let scores =
            Array1::from_shape_fn(50, |i| ((i * 5) % 13) as f64 - 3.0 * f64::from(i % 7 < 2));
        let run = |threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            let boot = Bootstrap::new().n_resamples(200).random_state(seed);
            pool.install(|| boot.interval(&y, &scores, roc_auc_score).unwrap())
        };
        assert_eq!(run(1, 0), run(4, 0));
        assert_ne!(run(1, 0), run(1, 1));
    }

    #[test]
    fn strata_keep_the_classes() {
        let y = Labels::from([0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        let s = array![0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.65];
        let boot = Bootstrap::new().method(IntervalMethod::Percentile);
        let auc = |y: &Labels, s: &ArrayRef1<f64>| roc_auc_score(y, s);
        let plain = boot.clone().interval(&y, &s, auc).unwrap();
        assert!(plain.undefined() > 200 && plain.distribution().len() + plain.undefined() == 1000);
        let stratified = boot.clone().stratify(true).interval(&y, &s, auc).unwrap();
        assert_eq!(stratified.undefined(), 0);
        let refused = boot.clone().stratify(true).interval(&s, &s, mean);
        assert!(refused.unwrap_err().to_string().contains("classes"));
        assert!(boot.clone().n_resamples(1).interval(&y, &s, auc).is_err());
        assert!(
            boot.clone()
                .n_resamples(1 << 53)
                .interval(&y, &s, auc)
                .is_err()
        );
        assert!(
            boot.clone()
                .confidence_level(f64::NAN)
                .interval(&y, &s, auc)
                .is_err()
        );
        // A perfect score has no spread.
        let perfect = Bootstrap::new().interval(&y, &y, accuracy_score).unwrap();
        assert!(perfect.low() == 1.0 && perfect.high() == 1.0);
    }
}
