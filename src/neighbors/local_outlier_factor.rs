//! Outliers by the density around a row beside that around its neighbours.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::estimators::search_setters;
use super::search::{Index, NeighborsAlgorithm};
use crate::check::{self, Interval};
use crate::error::{ErrorKind, Result};
use crate::feature_selection::written::written;
use crate::float::Float;
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, Predict};

const NAME: &str = "LocalOutlierFactor";

/// The share of outliers in the data. By name `"auto"` or a number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Contamination {
    /// Outliers are the rows whose factor exceeds 1.5.
    #[default]
    Auto,
    /// This share of the training rows, in (0, 0.5].
    Share(f64),
}

impl Contamination {
    fn write(&self) -> Value {
        match self {
            Contamination::Auto => "auto".into(),
            Contamination::Share(v) if v.is_finite() => (*v).into(),
            Contamination::Share(v) => v.to_string().to_lowercase().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(name) => match name.as_str() {
                "auto" => Some(Contamination::Auto),
                "nan" => Some(Contamination::Share(f64::NAN)),
                "inf" => Some(Contamination::Share(f64::INFINITY)),
                "-inf" => Some(Contamination::Share(f64::NEG_INFINITY)),
                _ => None,
            },
            other => other.as_f64().map(Contamination::Share),
        }
    }
}
written!(Contamination, "\"auto\" or a share in (0, 0.5]");

impl From<f64> for Contamination {
    fn from(share: f64) -> Self {
        Contamination::Share(share)
    }
}

/// Finds rows that lie less densely than their neighbours.
///
/// With d the distance, Nₖ(a) the k nearest other rows of a, and dₖ(b) the distance of b to its k-th neighbour,
/// ```text
/// reach(a, b) = max(dₖ(b), d(a, b))
/// lrd(a)      = 1 / (mean of reach(a, b) over b in Nₖ(a) + 1e-10)
/// LOF(a)      = mean of lrd(b) / lrd(a) over b in Nₖ(a)
/// ```
/// The factor is near 1 inside a cluster and large for a row that is alone. Rows whose negative factor is below
/// `offset` are outliers.
///
/// With `novelty` the model judges new rows: [`predict`](Predict::predict), `decision_function` and `score_samples`; on the
/// training rows these would be wrong, because a row would be its own neighbour. Without it they are refused, and
/// [`labels`](FittedLocalOutlierFactor::labels) and [`negative_outlier_factor`](FittedLocalOutlierFactor::negative_outlier_factor)
/// say what the training rows are.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_neighbors` | 20 | at least 1 | k; with as few rows or fewer all others, which is logged as a warning |
/// | `contamination` | auto | [`Contamination`] | where outliers begin |
/// | `novelty` | `false` | | whether the model is for new rows |
/// | `metric` | Minkowski | [`Metric`] | the distance |
/// | `p` | 2 | `(0, inf]` | its power |
/// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
/// | `algorithm` | auto | [`NeighborsAlgorithm`] | how neighbours are found; changes no neighbour |
/// | `leaf_size` | 30 | at least 1 | rows in a leaf of a tree; speed alone |
///
/// Targets and their weights are accepted and not used, as in scikit-learn. More than k equal rows have an enormous density,
/// and rows near them an enormous factor: raise `n_neighbors` then.
///
/// # Complexity
/// That of finding k neighbours of n rows: O(n² p) without a tree, about O(n p log n) with one in few columns.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`; `TooFewSamples` for one row; `Overflow`; `Unsupported` for
/// predictions without `novelty`.
///
/// # Source
/// M. M. Breunig, H.-P. Kriegel, R. T. Ng and J. Sander, "LOF: identifying density-based local outliers" (2000). Results are
/// scikit-learn's.
///
/// # Examples
/// ```
/// use fitwell::{neighbors::LocalOutlierFactor, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-1.1], [0.2], [101.1], [0.3]];
/// let model = LocalOutlierFactor::new().n_neighbors(2).fit(&x, &())?;
/// assert_eq!(model.labels(), array![1, 1, -1, 1]);
/// assert!(model.negative_outlier_factor()[2] < -70.0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct LocalOutlierFactor {
    n_neighbors: usize,
    algorithm: NeighborsAlgorithm,
    leaf_size: usize,
    metric: Metric,
    #[serde(with = "crate::params::number")]
    p: f64,
    metric_params: Option<MetricParams>,
    contamination: Contamination,
    novelty: bool,
}

impl Default for LocalOutlierFactor {
    fn default() -> Self {
        LocalOutlierFactor {
            n_neighbors: 20,
            algorithm: NeighborsAlgorithm::Auto,
            leaf_size: 30,
            metric: Metric::Minkowski,
            p: 2.0,
            metric_params: None,
            contamination: Contamination::Auto,
            novelty: false,
        }
    }
}

impl LocalOutlierFactor {
    /// Twenty neighbours; outliers among the training rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many neighbours a row is compared with.
    pub fn n_neighbors(mut self, n_neighbors: usize) -> Self {
        self.n_neighbors = n_neighbors;
        self
    }

    /// Where outliers begin.
    pub fn contamination(mut self, contamination: impl Into<Contamination>) -> Self {
        self.contamination = contamination.into();
        self
    }

    /// Whether the model is to judge new rows.
    pub fn novelty(mut self, novelty: bool) -> Self {
        self.novelty = novelty;
        self
    }

    /// The labels of the rows it is fitted on: −1 for outliers, 1 for the others.
    ///
    /// # Errors
    /// As `fit`.
    pub fn fit_predict<F: Float>(&self, x: &ArrayRef2<F>) -> Result<Array1<i64>> {
        Ok(Estimator::<ArrayRef2<F>>::fit(self, x, &())?.labels())
    }
}

search_setters!(LocalOutlierFactor);

impl Hyperparameters for LocalOutlierFactor {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_neighbors", self.n_neighbors, 1)?;
        if let Contamination::Share(share) = self.contamination {
            let range = Interval::open(0.0, 0.5).including_high();
            check::real(NAME, "contamination", share, range)?;
        }
        self.settings(None).check(NAME)
    }
}

impl fmt::Display for LocalOutlierFactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for LocalOutlierFactor {
    type Fitted = FittedLocalOutlierFactor<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let n = x.nrows();
        if n < 2 {
            let what = format!("`{NAME}`");
            return Err(ErrorKind::TooFewSamples {
                what,
                needed: 2,
                got: n,
            }
            .into());
        }
        if self.n_neighbors > n {
            log::warn!(
                "{NAME}: n_neighbors={} of {n} rows: all others are taken",
                self.n_neighbors
            );
        }
        let k = self.n_neighbors.min(n - 1);
        let index = Index::new(NAME, x, self.settings(Some(self.n_neighbors)))?;
        let (distances, indices) = index.nearest_own(k)?;
        check::learned(NAME, "a distance", &distances)?;
        let reach: Vec<f64> = distances.column(k - 1).iter().map(|d| d.f64()).collect();
        let density = densities(&distances, &indices, &reach);
        let factor = factors(&indices, &density, &density);
        check::learned(NAME, "a density", density.iter().chain(&factor))?;
        let offset = match self.contamination {
            Contamination::Auto => -1.5,
            Contamination::Share(share) => quantile(&factor, share),
        };
        if !self.novelty && factor.iter().any(|&f| f < -1e7) {
            log::warn!(
                "{NAME}: many rows are equal; raise n_neighbors for factors that mean something"
            );
        }
        Ok(FittedLocalOutlierFactor {
            index,
            n_neighbors: k,
            reach: reach.into(),
            density: density.into(),
            negative_outlier_factor: factor.into_iter().map(F::of).collect(),
            offset,
            novelty: self.novelty,
        })
    }
}

/// lrd of each row.
fn densities<F: Float>(distances: &Array2<F>, indices: &Array2<usize>, reach: &[f64]) -> Vec<f64> {
    let rows = distances.rows().into_iter().zip(indices.rows());
    rows.map(|(distances, indices)| {
        let each = distances.iter().zip(indices);
        let sum: f64 = each.map(|(d, &i)| d.f64().max(reach[i])).sum();
        1.0 / (sum / distances.len() as f64 + 1e-10)
    })
    .collect()
}

/// The negative factor of rows with densities `own` among neighbours with densities `density`.
fn factors(indices: &Array2<usize>, own: &[f64], density: &[f64]) -> Vec<f64> {
    let rows = indices.rows().into_iter().zip(own);
    rows.map(|(indices, own)| {
        let sum: f64 = indices.iter().map(|&i| density[i] / own).sum();
        -sum / indices.len() as f64
    })
    .collect()
}

/// The quantile by linear interpolation.
fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = share * (sorted.len() - 1) as f64;
    let (low, part) = (at.floor() as usize, at - at.floor());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + (sorted[high] - sorted[low]) * part
}

/// What [`LocalOutlierFactor`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedLocalOutlierFactor<F: Float = f64> {
    index: Index<F>,
    n_neighbors: usize,
    /// The distance of each row to its k-th neighbour.
    reach: Array1<f64>,
    density: Array1<f64>,
    negative_outlier_factor: Array1<F>,
    offset: f64,
    novelty: bool,
}

impl<F: Float> FittedLocalOutlierFactor<F> {
    /// The negative factor of each training row: near −1 for inliers, lower for outliers.
    pub fn negative_outlier_factor(&self) -> &Array1<F> {
        &self.negative_outlier_factor
    }

    /// Rows with a negative factor below it are outliers.
    pub fn offset(&self) -> f64 {
        self.offset
    }

    /// The number of neighbours that were used.
    pub fn n_neighbors(&self) -> usize {
        self.n_neighbors
    }

    /// −1 for outliers among the training rows, 1 for the others.
    pub fn labels(&self) -> Array1<i64> {
        let label = |f: &F| if f.f64() < self.offset { -1 } else { 1 };
        self.negative_outlier_factor.iter().map(label).collect()
    }

    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.index.width()
    }

    /// The number of training rows.
    pub fn n_samples_fit(&self) -> usize {
        self.index.n()
    }

    /// The metric, with `minkowski` of power 1, 2 and ∞ by its own name.
    pub fn effective_metric(&self) -> Metric {
        self.index.effective_metric()
    }

    /// The negative factor of new rows.
    ///
    /// # Errors
    /// `Unsupported` without `novelty`; `ShapeMismatch`, `NonFinite`, `Overflow`.
    pub fn score_samples(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        self.for_new_rows("score_samples")?;
        self.index.check(x)?;
        let (distances, indices) = self.index.nearest(x, self.n_neighbors)?;
        check::learned(NAME, "a distance", &distances)?;
        let reach = self.reach.to_vec();
        let own = densities(&distances, &indices, &reach);
        let factor = factors(&indices, &own, &self.density.to_vec());
        let factor: Array1<F> = factor.into_iter().map(F::of).collect();
        check::learned(NAME, "a factor", &factor)?;
        Ok(factor)
    }

    /// [`score_samples`](Self::score_samples) less [`offset`](Self::offset): negative for outliers.
    ///
    /// # Errors
    /// As [`score_samples`](Self::score_samples).
    pub fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        self.for_new_rows("decision_function")?;
        Ok(self
            .score_samples(x)?
            .mapv_into(|v| F::of(v.f64() - self.offset)))
    }

    fn for_new_rows(&self, operation: &str) -> Result<()> {
        if self.novelty {
            return Ok(());
        }
        Err(ErrorKind::Unsupported {
            estimator: format!("{NAME} without `novelty`"),
            operation: operation.into(),
        }
        .into())
    }
}

/// −1 for outliers, 1 for the others, of new rows.
impl<F: Float> Predict<ArrayRef2<F>> for FittedLocalOutlierFactor<F> {
    type Output = Array1<i64>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<i64>> {
        self.for_new_rows("predict")?;
        let label = |v: &F| if *v < F::zero() { -1 } else { 1 };
        Ok(self.decision_function(x)?.iter().map(label).collect())
    }
}

impl<F: Float> fmt::Display for FittedLocalOutlierFactor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, p) = (self.n_samples_fit(), self.n_features_in());
        let outliers = self.labels().iter().filter(|&&label| label < 0).count();
        write!(f, "{NAME} of {n} rows, {p} features: {outliers} outliers")
    }
}

impl<F: Float> Model for FittedLocalOutlierFactor<F> {
    fn type_name() -> String {
        format!("FittedLocalOutlierFactor<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let n = self.index.n();
        ensure::at_least("n_neighbors", self.n_neighbors, 1)?;
        ensure::that(self.n_neighbors < n, || {
            format!("{} neighbours of {n} rows", self.n_neighbors)
        })?;
        ensure::equal("length of reach", self.reach.len(), n)?;
        ensure::non_negative("reach", &self.reach)?;
        ensure::equal("length of density", self.density.len(), n)?;
        ensure::positive("density", &self.density)?;
        ensure::equal(
            "length of negative_outlier_factor",
            self.negative_outlier_factor.len(),
            n,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    fn line() -> Array2<f64> {
        Array2::from_shape_fn((30, 2), |(i, j)| {
            if i == 29 {
                50.0
            } else {
                i as f64 * [1.0, 0.3][j]
            }
        })
    }

    #[test]
    fn an_even_line_has_factors_near_one() {
        let model = LocalOutlierFactor::new()
            .n_neighbors(4)
            .fit(&line(), &())
            .unwrap();
        let inner = model.negative_outlier_factor().iter().skip(5).take(18);
        assert!(inner.clone().all(|f| (f + 1.0).abs() < 0.05), "{model:?}");
        assert_eq!(model.labels().iter().filter(|&&l| l < 0).count(), 1);
        assert_eq!(
            LocalOutlierFactor::new()
                .n_neighbors(4)
                .fit_predict(&line())
                .unwrap(),
            model.labels()
        );
    }

    #[test]
    fn new_rows_need_novelty() {
        let model = LocalOutlierFactor::new().n_neighbors(4);
        let plain = model.clone().fit(&line(), &()).unwrap();
        let error = plain.predict(&line()).unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Unsupported { .. }),
            "{error}"
        );
        let model = model.novelty(true).fit(&line(), &()).unwrap();
        let new = array![[10.5, 3.15], [0.0, 90.0]];
        assert_eq!(model.predict(&new).unwrap(), array![1, -1]);
        let (d, s) = (
            model.decision_function(&new).unwrap(),
            model.score_samples(&new).unwrap(),
        );
        assert_eq!(d, s + 1.5);
    }

    #[test]
    fn few_rows_equal_rows_and_extreme_scales() {
        assert!(LocalOutlierFactor::new().fit(&array![[1.0]], &()).is_err());
        let two = LocalOutlierFactor::new()
            .fit(&array![[1.0], [2.0]], &())
            .unwrap();
        assert_eq!(two.n_neighbors(), 1);
        let equal = LocalOutlierFactor::new()
            .fit(&Array2::<f64>::ones((40, 2)), &())
            .unwrap();
        assert!(
            equal
                .negative_outlier_factor()
                .iter()
                .all(|f| (f + 1.0).abs() < 1e-12)
        );
        let large = LocalOutlierFactor::new()
            .n_neighbors(4)
            .fit(&(line() * 1e300), &());
        assert_eq!(large.unwrap().labels()[29], -1);
        assert!(
            LocalOutlierFactor::new()
                .contamination(0.6)
                .fit(&line(), &())
                .is_err()
        );
        let share = LocalOutlierFactor::new()
            .n_neighbors(4)
            .contamination(0.1)
            .fit(&line(), &());
        assert_eq!(
            share.unwrap().labels().iter().filter(|&&l| l < 0).count(),
            3
        );
    }
}
