//! Prediction by the k nearest rows.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array, Array2, ArrayRef2, Ix1};
use serde::{Deserialize, Serialize};

use super::estimators::{asking, means, votes};
use super::search::NeighborsAlgorithm;
use super::voters::{NeighborWeights, Reach, Voters};
use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::{ClassList, ClassTask, accuracy};
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::{ClassTarget, RealTargets, TargetDim};
use crate::traits::{Classes, Estimator, Predict, PredictProba, Score};

const CLASSIFIER: &str = "KNeighborsClassifier";
const REGRESSOR: &str = "KNeighborsRegressor";

asking! {
    /// A classifier that lets the nearest training rows vote.
    ///
    /// The probability of a class is its share in the weights of the `n_neighbors` nearest rows; the most probable class is
    /// predicted, the first of several. Put the columns on one scale first: the widest column decides what is near.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `n_neighbors` | 5 | 1 to n_samples | raising it smooths |
    /// | `weights` | uniform | uniform, distance | [`NeighborWeights`] |
    /// | `metric` | Minkowski | [`Metric`] | the distance |
    /// | `p` | 2 | `(0, inf]` | its power |
    /// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
    /// | `algorithm` | auto | [`NeighborsAlgorithm`] | how neighbours are found; changes no neighbour |
    /// | `leaf_size` | 30 | at least 1 | rows in a leaf of a tree; speed alone |
    ///
    /// Sample weights repeat rows: one of weight 2 counts as two neighbours, one of weight 0 is not there. In general the
    /// nearest rows whose weights sum to `n_neighbors` are asked, and the last counts with what is missing.
    ///
    /// # Complexity
    /// Fitting builds a tree in O(n p log n), or copies the rows. A prediction takes O(n p) without a tree, and in few columns
    /// about O(p log n) with one. Memory is twice the training rows.
    ///
    /// # Errors
    /// `InvalidParameter`, also for more neighbours than rows and for metrics that the algorithm cannot do; `EmptyInput`,
    /// `NonFinite`, `ShapeMismatch`; `Overflow` when a prediction exceeds the largest number.
    ///
    /// # Source
    /// E. Fix and J. L. Hodges, "Discriminatory analysis" (1951); scikit-learn's `KNeighborsClassifier`, which has no sample
    /// weights. Of rows at equal distances the first are taken. Weights by a function and targets of several labels are
    /// not covered.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neighbors::KNeighborsClassifier, prelude::*, preprocessing::StandardScaler};
    ///
    /// let wine = fitwell::datasets::load_wine()?;
    /// let model = pipeline("scale", StandardScaler::new())
    ///     .then("vote", KNeighborsClassifier::new().n_neighbors(7))
    ///     .fit(&wine.x, &wine.target)?;
    /// assert!(model.score(&wine.x, &wine.target)? > 0.97);
    /// # Ok::<(), Error>(())
    /// ```
    KNeighborsClassifier, CLASSIFIER;
    "Five neighbours that count the same.";
    n_neighbors: usize = 5 => "How many neighbours are asked.",
    |value| check::count(CLASSIFIER, "n_neighbors", value, 1);
    {}
}

asking! {
    /// A regressor that predicts the mean target of the nearest training rows.
    ///
    /// Several targets are predicted from the same neighbours. Settings, sample weights, complexity and errors are those of
    /// [`KNeighborsClassifier`]; `weights` by distance make it a weighted mean.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neighbors::KNeighborsRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![0.0, 0.0, 1.0, 1.0]);
    /// let model = KNeighborsRegressor::new().n_neighbors(2).fit(&x, &y)?;
    /// assert_eq!(model.predict(&array![[1.5]])?, array![0.5]);
    /// # Ok::<(), Error>(())
    /// ```
    KNeighborsRegressor, REGRESSOR;
    "Five neighbours that count the same.";
    n_neighbors: usize = 5 => "How many neighbours are asked.",
    |value| check::count(REGRESSOR, "n_neighbors", value, 1);
    {}
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for KNeighborsClassifier {
    type Fitted = FittedKNeighborsClassifier<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::of_at_least(1, CLASSIFIER, y, x.nrows(), &ClassWeight::None)?;
        let (voters, kept) = Voters::new(
            CLASSIFIER,
            x,
            self.settings(Some(self.n_neighbors)),
            Reach::Count(self.n_neighbors),
            self.weights,
            task.weights.as_deref(),
        )?;
        let codes = task.labels.codes();
        Ok(FittedKNeighborsClassifier {
            voters,
            codes: kept.iter().map(|&i| codes[i]).collect(),
            classes: ClassList::new(task.labels.shared_classes()),
        })
    }
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for KNeighborsRegressor {
    type Fitted = FittedKNeighborsRegressor<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let (targets, weights) = real_targets(x, y)?;
        let (voters, kept) = Voters::new(
            REGRESSOR,
            x,
            self.settings(Some(self.n_neighbors)),
            Reach::Count(self.n_neighbors),
            self.weights,
            weights.as_deref(),
        )?;
        Ok(FittedKNeighborsRegressor {
            voters,
            targets: super::search::select(&targets, &kept),
            dim: PhantomData,
        })
    }
}

/// Checked targets as columns, and weights.
pub(super) fn real_targets<F: Float, Y: RealTargets<F> + ?Sized>(
    x: &ArrayRef2<F>,
    y: &Y,
) -> Result<(Array2<F>, Option<Vec<f64>>)> {
    check::target(y, x.nrows())?;
    let targets = y.columns();
    if targets.ncols() == 0 {
        let what = "y (no columns)".into();
        return Err(crate::error::ErrorKind::EmptyInput { what }.into());
    }
    check::finite(&targets, "y")?;
    let weights = y.sample_weight().map(|w| w.to_vec());
    Ok((targets.to_owned(), weights))
}

/// The weighted mean of some rows of the targets; `None` without weight.
pub(super) fn mean_of<F: Float>(
    targets: &Array2<F>,
    rows: &[usize],
    weights: &[f64],
    sums: &mut [f64],
) -> Option<f64> {
    sums.fill(0.0);
    let mut total = 0.0;
    for (&row, &w) in rows.iter().zip(weights) {
        total += w;
        for (sum, v) in sums.iter_mut().zip(targets.row(row)) {
            *sum += w * v.f64();
        }
    }
    (total > 0.0).then_some(total)
}

/// What [`KNeighborsClassifier`] learned: the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedKNeighborsClassifier<F: Float = f64> {
    voters: Voters<F>,
    codes: Vec<u32>,
    classes: ClassList,
}

/// What [`KNeighborsRegressor`] learned: the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedKNeighborsRegressor<F: Float = f64, D = Ix1> {
    voters: Voters<F>,
    /// (n_samples_fit, n_targets)
    targets: Array2<F>,
    dim: PhantomData<D>,
}

macro_rules! accessors {
    () => {
        /// The number of features at fit.
        pub fn n_features_in(&self) -> usize {
            self.voters.index.width()
        }

        /// The number of training rows, without those of weight 0.
        pub fn n_samples_fit(&self) -> usize {
            self.voters.index.n()
        }

        /// The metric, with `minkowski` of power 1, 2 and ∞ by its own name.
        pub fn effective_metric(&self) -> Metric {
            self.voters.index.effective_metric()
        }
    };
}
pub(super) use accessors;

impl<F: Float> FittedKNeighborsClassifier<F> {
    accessors!();

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<F: Float> FittedKNeighborsClassifier<F> {
    /// Calls `each` with the share of each class.
    fn shares(&self, x: &ArrayRef2<F>, mut each: impl FnMut(usize, &[f64])) -> Result<()> {
        let mut votes = vec![0.0; self.classes.len()];
        self.voters.ask(x, |i, rows, weights| {
            votes.fill(0.0);
            for (&row, w) in rows.iter().zip(weights) {
                votes[self.codes[row] as usize] += w;
            }
            let total: f64 = votes.iter().sum();
            votes.iter_mut().for_each(|v| *v /= total);
            each(i, &votes);
            Ok(())
        })
    }
}

/// The first of the largest values.
pub(super) fn largest(values: &[f64]) -> u32 {
    let mut best = 0;
    for (k, v) in values.iter().enumerate() {
        if *v > values[best] {
            best = k;
        }
    }
    best as u32
}

votes!(FittedKNeighborsClassifier);
means!(FittedKNeighborsRegressor, REGRESSOR, |i| {
    Error::invalid_input(
        format!("X of `{REGRESSOR}`"),
        format!("row {i} has no neighbour"),
    )
});

impl<F: Float> Predict<ArrayRef2<F>> for FittedKNeighborsClassifier<F> {
    type Output = Labels;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let mut codes = Vec::with_capacity(x.nrows());
        self.shares(x, |_, shares| codes.push(largest(shares)))?;
        Ok(self.classes.labels(codes))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedKNeighborsClassifier<F> {
    type Float = F;

    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let mut out = Array2::zeros((x.nrows(), self.classes.len()));
        self.shares(x, |i, shares| {
            for (to, &share) in out.row_mut(i).iter_mut().zip(shares) {
                *to = F::of(share);
            }
        })?;
        Ok(out)
    }

    /// Minus infinity where a class has no vote.
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        Ok(self.predict_proba(x)?.mapv(|v| v.ln()))
    }
}

/// Codes fit classes and rows.
pub(super) fn check_codes(codes: &[u32], classes: &ClassList, rows: usize) -> Result<()> {
    classes.validate_at_least(1)?;
    ensure::equal("number of codes", codes.len(), rows)?;
    ensure::that(codes.iter().all(|&c| (c as usize) < classes.len()), || {
        "a code is of no class".into()
    })
}

/// Targets fit rows and dimension.
pub(super) fn check_targets<F: Float, D: TargetDim>(
    targets: &Array2<F>,
    rows: usize,
) -> Result<()> {
    ensure::equal("rows of the targets", targets.nrows(), rows)?;
    ensure::at_least("number of targets", targets.ncols(), 1)?;
    if D::NDIM == Some(1) {
        ensure::equal("number of targets", targets.ncols(), 1)?;
    }
    Ok(())
}

impl<F: Float> Model for FittedKNeighborsClassifier<F> {
    fn type_name() -> String {
        format!("FittedKNeighborsClassifier<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.voters.validate()?;
        check_codes(&self.codes, &self.classes, self.voters.index.n())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::targets::Targets;
    use ndarray::{Array1, array};

    fn data() -> (Array2<f64>, Labels, Array1<f64>) {
        let mut rng = random::generator(5);
        let x = Array2::from_shape_fn((60, 3), |_| random::standard_normal(&mut rng));
        let y = x
            .rows()
            .into_iter()
            .map(|r| i64::from(r[0] + r[1] > 0.0))
            .collect();
        let t = x.rows().into_iter().map(|r| r.sum()).collect();
        (x, y, t)
    }

    #[test]
    fn weights_repeat_rows() {
        let (x, y, t) = data();
        let w = Array1::from_shape_fn(60, |i| [1.0, 2.0, 0.0, 3.0][i % 4]);
        let rows: Vec<usize> = (0..60)
            .flat_map(|i| std::iter::repeat_n(i, w[i] as usize))
            .collect();
        let repeated = x.select(ndarray::Axis(0), &rows);
        for by in [NeighborWeights::Uniform, NeighborWeights::Distance] {
            let knn = KNeighborsClassifier::new().n_neighbors(7).weights(by);
            let a = knn.fit(&x, &y.weighted(&w)).unwrap();
            let b = knn.fit(&repeated, &y.select(&rows).unwrap()).unwrap();
            let new = &x * 0.9;
            let (a, b) = (
                a.predict_proba(&new).unwrap(),
                b.predict_proba(&new).unwrap(),
            );
            assert!((a - b).iter().all(|d| d.abs() < 1e-14));
            let knn = KNeighborsRegressor::new().n_neighbors(4).weights(by);
            let a = knn.fit(&x, &t.weighted(&w)).unwrap().predict(&new).unwrap();
            let t = t.select(ndarray::Axis(0), &rows);
            let b = knn.fit(&repeated, &t).unwrap().predict(&new).unwrap();
            assert!((a - b).iter().all(|d| d.abs() < 1e-13));
        }
        // Weights below one reach farther.
        let half = Array1::from_elem(60, 0.25);
        let a = KNeighborsRegressor::new()
            .n_neighbors(2)
            .fit(&x, &t.weighted(&half))
            .unwrap();
        let b = KNeighborsRegressor::new()
            .n_neighbors(8)
            .fit(&x, &t)
            .unwrap();
        assert!(
            (a.predict(&x).unwrap() - b.predict(&x).unwrap())
                .iter()
                .all(|d| d.abs() < 1e-14)
        );
    }

    #[test]
    fn rows_at_distance_zero_decide_alone() {
        let (x, y) = (array![[0.0], [0.0], [1.0]], array![1.0, 3.0, 100.0]);
        let knn = KNeighborsRegressor::new()
            .n_neighbors(3)
            .weights(NeighborWeights::Distance);
        let model = knn.fit(&x, &y).unwrap();
        assert_eq!(
            model.predict(&array![[0.0], [1.0]]).unwrap(),
            array![2.0, 100.0]
        );
        assert_eq!(model.predict(&array![[0.5]]).unwrap(), array![104.0 / 3.0]);
    }

    #[test]
    fn one_row_alone_is_its_own_neighbour_and_more_neighbours_than_rows_are_refused() {
        let model = KNeighborsRegressor::new().n_neighbors(1);
        let model = model.fit(&array![[2.0]], &array![[1.0, 7.0]]).unwrap();
        assert_eq!(model.predict(&array![[9.0]]).unwrap(), array![[1.0, 7.0]]);
        let refused = KNeighborsRegressor::new().fit(&array![[2.0], [3.0]], &array![1.0, 2.0]);
        let text = refused.unwrap_err().to_string();
        assert!(
            text.starts_with("`n_neighbors` of `KNeighborsRegressor` must be at most"),
            "{text}"
        );
    }

    #[test]
    fn one_class_alone_is_always_predicted() {
        use crate::neighbors::RadiusNeighborsClassifier;

        let x = array![[0.0], [1.0]];
        let y = Labels::from(vec!["only"; 2]);
        let model = KNeighborsClassifier::new().n_neighbors(1).fit(&x, &y);
        let model = model.unwrap();
        assert_eq!(model.predict(&x).unwrap(), y);
        assert_eq!(model.predict_proba(&x).unwrap(), array![[1.0], [1.0]]);
        let bytes = model.to_bytes().unwrap();
        let again = FittedKNeighborsClassifier::<f64>::from_bytes(&bytes).unwrap();
        assert_eq!(again, model);
        let within = RadiusNeighborsClassifier::new().fit(&x, &y).unwrap();
        assert_eq!(within.predict(&x).unwrap(), y);
        // A class of weight 0 is none.
        let two = Labels::from(vec!["only", "other"]).weighted(&array![1.0, 0.0]);
        let model = KNeighborsClassifier::new().n_neighbors(1).fit(&x, &two);
        assert_eq!(model.unwrap().predict(&x).unwrap(), y);
    }

    #[test]
    fn all_rows_equal_ask_the_first() {
        let x = Array2::from_elem((8, 2), 3.5);
        let y = Array1::from_iter((0..8).map(f64::from));
        for algorithm in [
            NeighborsAlgorithm::Brute,
            NeighborsAlgorithm::KdTree,
            NeighborsAlgorithm::BallTree,
        ] {
            let model = KNeighborsRegressor::new()
                .n_neighbors(3)
                .algorithm(algorithm);
            let model = model.fit(&x, &y).unwrap();
            assert_eq!(model.predict(&x).unwrap(), Array1::from_elem(8, 1.0));
        }
    }

    #[test]
    fn settings_that_do_not_go_together_are_refused() {
        let (x, y, _) = data();
        let knn = KNeighborsClassifier::new;
        let weighted = MetricParams::new().w([1.0, 2.0, 3.0]);
        for bad in [
            knn()
                .metric(Metric::Cosine)
                .algorithm(NeighborsAlgorithm::KdTree),
            knn()
                .metric(Metric::Cosine)
                .algorithm(NeighborsAlgorithm::BallTree),
            knn().p(0.5).algorithm(NeighborsAlgorithm::BallTree),
            knn()
                .metric_params(weighted)
                .algorithm(NeighborsAlgorithm::KdTree),
            knn().leaf_size(0),
            knn().n_neighbors(0),
            knn().p(f64::NAN),
        ] {
            assert!(bad.fit(&x, &y).is_err(), "{bad}");
        }
    }
}
