//! Classification by the nearest class mean.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::check::{self, Interval};
use crate::class_weight::ClassWeight;
use crate::elementary::ln;
use crate::error::{Error, ErrorKind, Result};
use crate::feature_selection::written::written;
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::{
    ClassList, ClassTask, accuracy, log_probabilities, probabilities,
};
use crate::metrics::pairwise::{Metric, MetricParams, pairwise_distances};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::ClassTarget;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

const NAME: &str = "NearestCentroid";

/// How likely the classes of a [`NearestCentroid`] are beforehand. By name `"uniform"`, `"empirical"`, or a list.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Priors {
    /// All the same.
    #[default]
    Uniform,
    /// Their shares in the training rows, by weight.
    Empirical,
    /// These, in the order of the classes; made to sum to 1.
    Given(Vec<f64>),
}

impl Priors {
    fn write(&self) -> Value {
        match self {
            Priors::Uniform => "uniform".into(),
            Priors::Empirical => "empirical".into(),
            Priors::Given(values) => values.clone().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) if name == "uniform" => Some(Priors::Uniform),
            Value::String(name) if name == "empirical" => Some(Priors::Empirical),
            Value::Array(values) => {
                let values: Option<Vec<f64>> = values.iter().map(Value::as_f64).collect();
                values.map(Priors::Given)
            }
            _ => None,
        }
    }
}
written!(
    Priors,
    "\"uniform\", \"empirical\" or a list of probabilities"
);

impl From<Vec<f64>> for Priors {
    fn from(values: Vec<f64>) -> Self {
        Priors::Given(values)
    }
}

/// A classifier that gives a row the class of the nearest centroid.
///
/// The centroid of a class is the mean of its rows, or their median for the metric `manhattan`. With `shrink_threshold` Δ
/// the centroids move towards the mean of all rows: with the within-class deviation s of a column, its median s₀ over the
/// columns, n rows, nₖ of them of class k, and mₖ = √(1/nₖ − 1/n),
/// ```text
/// d = (centroid − mean) / (mₖ (s + s₀)),     d ← sign(d) max(|d| − Δ, 0)
/// ```
/// which silences noisy columns. With priors that differ, and for decisions and probabilities, the discriminant score of a
/// class is −‖(x − centroid) / s‖² + 2 ln(prior).
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `metric` | Euclidean | Euclidean, Manhattan | the distance |
/// | `shrink_threshold` | none | `(0, inf)` | raising it silences more columns |
/// | `priors` | uniform | [`Priors`] | how likely the classes are beforehand |
///
/// Sample weights repeat rows. Columns that do not vary within classes are not divided by their deviation, and not shrunk.
///
/// # Complexity
/// O(n p) to fit (O(n p log n) for medians), O(p K) for each prediction with K classes.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`, `TooFewClasses`; `InvalidInput` when all columns are
/// constant; `Overflow`; `Unsupported` for decisions and probabilities of the metric `manhattan`.
///
/// # Source
/// R. Tibshirani, T. Hastie, B. Narasimhan and G. Chu, "Diagnosis of multiple cancer types by shrunken centroids of gene
/// expression" (2002). Results are scikit-learn's, which has no sample weights.
///
/// # Examples
/// ```
/// use fitwell::{neighbors::NearestCentroid, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-1.0, -1.0], [-2.0, -1.0], [1.0, 1.0], [2.0, 1.0]];
/// let model = NearestCentroid::new().fit(&x, &Labels::from([1, 1, 2, 2]))?;
/// assert_eq!(model.predict(&array![[-0.8, -1.0]])?, Labels::from([1]));
/// assert_eq!(model.centroids(), array![[-1.5, -1.0], [1.5, 1.0]]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct NearestCentroid {
    metric: Metric,
    #[serde(with = "crate::params::optional_number")]
    shrink_threshold: Option<f64>,
    priors: Priors,
}

impl Default for NearestCentroid {
    fn default() -> Self {
        NearestCentroid {
            metric: Metric::Euclidean,
            shrink_threshold: None,
            priors: Priors::Uniform,
        }
    }
}

impl NearestCentroid {
    /// Class means, Euclidean distances.
    pub fn new() -> Self {
        Self::default()
    }

    /// The distance: Euclidean or Manhattan.
    pub fn metric(mut self, metric: Metric) -> Self {
        self.metric = metric;
        self
    }

    /// How far centroids are moved towards the mean, in deviations.
    pub fn shrink_threshold(mut self, threshold: impl Into<Option<f64>>) -> Self {
        self.shrink_threshold = threshold.into();
        self
    }

    /// How likely the classes are beforehand.
    pub fn priors(mut self, priors: impl Into<Priors>) -> Self {
        self.priors = priors.into();
        self
    }

    fn prior(&self, task: &ClassTask) -> Result<Array1<f64>> {
        let k = task.shares.len();
        Ok(match &self.priors {
            Priors::Uniform => Array1::from_elem(k, 1.0 / k as f64),
            Priors::Empirical => Array1::from(task.shares.clone()),
            Priors::Given(values) if values.len() == k => {
                let sum: f64 = values.iter().sum();
                Array1::from_iter(values.iter().map(|v| v / sum))
            }
            Priors::Given(values) => {
                let expected = format!("one for each of {k} classes");
                let got = format!("{} of them", values.len());
                return Err(Error::invalid_parameter(NAME, "priors", expected, got));
            }
        })
    }
}

impl Hyperparameters for NearestCentroid {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        if !matches!(self.metric, Metric::Euclidean | Metric::Manhattan) {
            let expected = "`euclidean` or `manhattan`";
            return Err(Error::invalid_parameter(
                NAME,
                "metric",
                expected,
                self.metric,
            ));
        }
        if let Some(threshold) = self.shrink_threshold {
            check::real(NAME, "shrink_threshold", threshold, Interval::above(0.0))?;
        }
        if let Priors::Given(values) = &self.priors {
            for &v in values {
                check::real(NAME, "priors", v, Interval::at_least(0.0))?;
            }
            let sum: f64 = values.iter().sum();
            if !Interval::above(0.0).contains(sum) {
                let expected = "probabilities with a positive sum";
                return Err(Error::invalid_parameter(NAME, "priors", expected, sum));
            }
        }
        Ok(())
    }
}

impl fmt::Display for NearestCentroid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for NearestCentroid {
    type Fitted = FittedNearestCentroid<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &ClassWeight::None)?;
        let prior = self.prior(&task)?;
        let ((n, p), k) = (x.dim(), task.shares.len());
        let weight = |i: usize| task.weights.as_ref().map_or(1.0, |w| w[i]);
        let rows: Vec<usize> = (0..n).filter(|&i| weight(i) > 0.0).collect();
        let first = rows.first().copied().unwrap_or(0);
        if rows.iter().all(|&i| x.row(i) == x.row(first)) {
            let reason = "all columns are constant: there is nothing to tell classes by";
            return Err(Error::invalid_input("X", reason));
        }
        let codes = task.labels.codes();
        let mut totals = vec![0.0; k];
        let mut means = Array2::<f64>::zeros((k, p));
        for &i in &rows {
            let (class, w) = (codes[i] as usize, weight(i));
            totals[class] += w;
            for (sum, v) in means.row_mut(class).iter_mut().zip(x.row(i)) {
                *sum += w * v.f64();
            }
        }
        let total: f64 = totals.iter().sum();
        let mean = means.sum_axis(Axis(0)) / total;
        let mut centroids = if self.metric == Metric::Manhattan {
            medians(x, &rows, codes, weight, k)
        } else {
            for (mut row, total) in means.rows_mut().into_iter().zip(&totals) {
                row /= *total;
            }
            means
        };
        let mut variance = vec![0.0; p];
        for &i in &rows {
            let center = centroids.row(codes[i] as usize);
            for ((sum, v), c) in variance.iter_mut().zip(x.row(i)).zip(center) {
                *sum += weight(i) * (v.f64() - c) * (v.f64() - c);
            }
        }
        let freedom = total - k as f64;
        let deviation = |sum: &f64| {
            if *sum > 0.0 {
                (sum / freedom).sqrt()
            } else {
                0.0
            }
        };
        let within: Vec<f64> = if freedom > 0.0 {
            variance.iter().map(deviation).collect()
        } else {
            vec![0.0; p]
        };
        let middle = median(&mut within.iter().map(|&s| (s, 1.0)).collect::<Vec<_>>());
        let mut deviations = Array2::zeros((k, p));
        for ((c, j), d) in deviations.indexed_iter_mut() {
            let m = (1.0 / totals[c] - 1.0 / total).max(0.0).sqrt();
            let scale = m * (within[j] + middle);
            if scale > 0.0 {
                *d = (centroids[[c, j]] - mean[j]) / scale;
                if let Some(threshold) = self.shrink_threshold {
                    *d = d.signum() * (d.abs() - threshold).max(0.0);
                    centroids[[c, j]] = mean[j] + scale * *d;
                }
            }
        }
        check::learned(NAME, "a centroid", &centroids)?;
        check::learned(NAME, "a deviation", deviations.iter().chain(&within))?;
        Ok(FittedNearestCentroid {
            metric: self.metric,
            classes: ClassList::new(task.labels.shared_classes()),
            centroids: centroids.mapv(F::of),
            class_prior: prior,
            within_class_std_dev: within.into_iter().map(F::of).collect(),
            deviations: deviations.mapv(F::of),
        })
    }
}

/// The weighted median of (value, weight): the mean of the two middle values where it falls between them.
fn median(values: &mut [(f64, f64)]) -> f64 {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|v| v.1).sum::<f64>() / 2.0;
    let (mut sum, mut low) = (0.0, None);
    for &(value, weight) in values.iter() {
        sum += weight;
        if low.is_none() && sum >= half {
            low = Some(value);
        }
        if sum > half {
            return (low.unwrap_or(value) + value) / 2.0;
        }
    }
    low.unwrap_or(0.0)
}

fn medians<F: Float>(
    x: &ArrayRef2<F>,
    rows: &[usize],
    codes: &[u32],
    weight: impl Fn(usize) -> f64,
    k: usize,
) -> Array2<f64> {
    let mut out = Array2::zeros((k, x.ncols()));
    for ((class, j), to) in out.indexed_iter_mut() {
        let of_class = rows.iter().filter(|&&i| codes[i] as usize == class);
        let mut values: Vec<(f64, f64)> = of_class.map(|&i| (x[[i, j]].f64(), weight(i))).collect();
        *to = median(&mut values);
    }
    out
}

/// What [`NearestCentroid`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedNearestCentroid<F = f64> {
    metric: Metric,
    classes: ClassList,
    centroids: Array2<F>,
    class_prior: Array1<f64>,
    within_class_std_dev: Array1<F>,
    deviations: Array2<F>,
}

impl<F: Float> FittedNearestCentroid<F> {
    /// The centroids, (n_classes, n_features).
    pub fn centroids(&self) -> &Array2<F> {
        &self.centroids
    }

    /// The probability of each class beforehand.
    pub fn class_prior(&self) -> &Array1<f64> {
        &self.class_prior
    }

    /// The standard deviation of each column around the centroids, before they were shrunk.
    pub fn within_class_std_dev(&self) -> &Array1<F> {
        &self.within_class_std_dev
    }

    /// How far each centroid is from the mean, in deviations, after shrinking: (n_classes, n_features).
    pub fn deviations(&self) -> &Array2<F> {
        &self.deviations
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.centroids.ncols()
    }

    fn distances(&self, x: &ArrayRef2<F>, centroids: &Array2<F>) -> Result<Array2<F>> {
        if x.nrows() == 0 {
            return Ok(Array2::zeros((0, centroids.nrows())));
        }
        pairwise_distances(x, Some(centroids), self.metric, &MetricParams::new())
    }

    /// The discriminant score of each class, (n_samples, n_classes).
    fn scores(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let scaled = |x: &ArrayRef2<F>| {
            let mut x = x.to_owned();
            for mut row in x.rows_mut() {
                for (v, &s) in row.iter_mut().zip(&self.within_class_std_dev) {
                    if s > F::zero() {
                        *v /= s;
                    }
                }
            }
            x
        };
        let (scaled_x, scaled_centroids) = (scaled(x), scaled(&self.centroids));
        check::learned(
            NAME,
            "a scaled value",
            scaled_x.iter().chain(&scaled_centroids),
        )?;
        let mut out = self.distances(&scaled_x, &scaled_centroids)?;
        // A class that cannot be has a score below all that can.
        let lowest = if F::NAME == "f32" { -1e38 } else { -1e308 };
        for mut row in out.rows_mut() {
            for (v, &prior) in row.iter_mut().zip(&self.class_prior) {
                let square = v.f64() * v.f64();
                *v = F::of(if prior > 0.0 {
                    2.0 * ln(prior) - square
                } else {
                    lowest
                });
            }
        }
        check::learned(NAME, "a score", &out)?;
        Ok(out)
    }

    fn uniform(&self) -> bool {
        let each = 1.0 / self.class_prior.len() as f64;
        self.class_prior
            .iter()
            .all(|p| (p - each).abs() <= 1e-8 + 1e-5 * each)
    }

    fn euclidean(&self, operation: &str) -> Result<()> {
        if self.metric == Metric::Euclidean {
            return Ok(());
        }
        Err(ErrorKind::Unsupported {
            estimator: format!("{NAME} with metric `{}`", self.metric),
            operation: operation.into(),
        }
        .into())
    }
}

impl<F: Float> Classes for FittedNearestCentroid<F> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedNearestCentroid<F> {
    type Output = Labels;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let scores = if self.uniform() {
            check::same_width(x, self.n_features_in())?;
            // The nearest has the largest score.
            self.distances(x, &self.centroids)?.mapv_into(|d| -d)
        } else {
            self.scores(x)?
        };
        let best = |row: ndarray::ArrayView1<'_, F>| {
            let mut best = 0;
            for (k, &v) in row.iter().enumerate() {
                if v > row[best] {
                    best = k;
                }
            }
            best as u32
        };
        Ok(self
            .classes
            .labels(scores.rows().into_iter().map(best).collect()))
    }
}

impl<F: Float> DecisionFunction<ArrayRef2<F>> for FittedNearestCentroid<F> {
    type Float = F;

    /// The discriminant scores; of two classes, that of the second less that of the first.
    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.euclidean("decision_function")?;
        let scores = self.scores(x)?;
        if scores.ncols() != 2 {
            return Ok(scores);
        }
        let difference = &scores.column(1) - &scores.column(0);
        check::learned(NAME, "a decision value", &difference)?;
        Ok(difference.insert_axis(Axis(1)))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedNearestCentroid<F> {
    type Float = F;

    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.euclidean("predict_proba")?;
        Ok(probabilities(self.decision_function(x)?))
    }

    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.euclidean("predict_log_proba")?;
        Ok(log_probabilities(self.decision_function(x)?))
    }
}

impl<F: Float> crate::boxed::Confidence<ArrayRef2<F>> for FittedNearestCentroid<F> {
    type Float = F;

    fn maybe_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        (self.metric == Metric::Euclidean).then(|| self.predict_proba(x))
    }

    fn maybe_log_proba(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        (self.metric == Metric::Euclidean).then(|| self.predict_log_proba(x))
    }

    fn maybe_decision(&self, x: &ArrayRef2<F>) -> Option<Result<Array2<F>>> {
        (self.metric == Metric::Euclidean).then(|| self.decision_function(x))
    }
}

/// The accuracy.
impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for FittedNearestCentroid<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        accuracy(&self.predict(x)?, y)
    }
}

impl<F: Float> fmt::Display for FittedNearestCentroid<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.centroids.dim();
        write!(f, "{NAME} of {p} features, {k} classes")
    }
}

impl<F: Float> Model for FittedNearestCentroid<F> {
    fn type_name() -> String {
        format!("FittedNearestCentroid<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let (k, p) = self.centroids.dim();
        ensure::equal("rows of the centroids", k, self.classes.len())?;
        ensure::at_least("number of features", p, 1)?;
        ensure::shape("deviations", &self.deviations, k, p)?;
        ensure::equal(
            "length of the deviations",
            self.within_class_std_dev.len(),
            p,
        )?;
        ensure::non_negative("within_class_std_dev", &self.within_class_std_dev)?;
        ensure::equal("number of priors", self.class_prior.len(), k)?;
        ensure::non_negative("class_prior", &self.class_prior)?;
        ensure::that((self.class_prior.sum() - 1.0).abs() < 1e-9, || {
            "the priors do not sum to 1".into()
        })?;
        ensure::that(
            matches!(self.metric, Metric::Euclidean | Metric::Manhattan),
            || format!("the metric is {}", self.metric),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use ndarray::array;

    #[test]
    fn weights_repeat_rows() {
        let x = array![
            [0.0, 1.0],
            [2.0, 5.0],
            [1.0, 0.5],
            [9.0, 3.0],
            [7.0, 2.5],
            [8.0, 9.0]
        ];
        let y = Labels::from([0, 0, 0, 1, 1, 1]);
        let w = array![1.0, 2.0, 0.0, 3.0, 1.0, 2.0];
        let rows: Vec<usize> = (0..6)
            .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
            .collect();
        for metric in [Metric::Euclidean, Metric::Manhattan] {
            let model = NearestCentroid::new()
                .metric(metric)
                .shrink_threshold(0.2)
                .priors(Priors::Empirical);
            let a = model.fit(&x, &y.weighted(&w)).unwrap();
            let b = model
                .fit(&x.select(Axis(0), &rows), &y.select(&rows).unwrap())
                .unwrap();
            let near = |a: &Array2<f64>, b: &Array2<f64>| (a - b).iter().all(|d| d.abs() < 1e-12);
            assert!(near(a.centroids(), b.centroids()) && near(a.deviations(), b.deviations()));
            assert!(
                (a.class_prior() - b.class_prior())
                    .iter()
                    .all(|d| d.abs() < 1e-15)
            );
        }
    }

    #[test]
    fn medians_by_weight() {
        assert_eq!(median(&mut [(3.0, 1.0), (1.0, 1.0)]), 2.0);
        assert_eq!(median(&mut [(3.0, 2.0), (1.0, 1.0)]), 3.0);
        assert_eq!(median(&mut [(5.0, 1.0), (1.0, 1.0), (2.0, 1.0)]), 2.0);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let (x, y) = (array![[1.0], [1.0]], Labels::from([0, 1]));
        assert!(NearestCentroid::new().fit(&x, &y).is_err());
        let x = array![[1.0], [2.0], [4.0]];
        let y = Labels::from([0, 1, 1]);
        for bad in [
            NearestCentroid::new().metric(Metric::Cosine),
            NearestCentroid::new().shrink_threshold(0.0),
            NearestCentroid::new().priors(vec![0.5]),
            NearestCentroid::new().priors(vec![0.0, 0.0]),
            NearestCentroid::new().priors(vec![1.5, -0.5]),
        ] {
            assert!(matches!(
                bad.fit(&x, &y).unwrap_err().kind(),
                ErrorKind::InvalidParameter { .. }
            ));
        }
        let never = NearestCentroid::new()
            .priors(vec![1.0, 0.0])
            .fit(&x, &y)
            .unwrap();
        assert_eq!(never.predict(&x).unwrap(), Labels::from([0, 0, 0]));
        assert_eq!(
            never.predict_proba(&x).unwrap().column(0),
            array![1.0, 1.0, 1.0]
        );
        let median = NearestCentroid::new()
            .metric(Metric::Manhattan)
            .fit(&x, &y)
            .unwrap();
        assert!(matches!(
            median.predict_proba(&x).unwrap_err().kind(),
            ErrorKind::Unsupported { .. }
        ));
    }
}
