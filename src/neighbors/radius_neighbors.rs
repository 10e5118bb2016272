//! Prediction by all rows within a radius.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array, Array2, ArrayRef2, Ix1};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::estimators::{asking, means, votes};
use super::k_neighbors::{accessors, check_codes, check_targets, largest, mean_of, real_targets};
use super::search::{NeighborsAlgorithm, select};
use super::voters::{NeighborWeights, Reach, Voters};
use crate::check::{self, Interval};
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::feature_selection::written::written;
use crate::float::Float;
use crate::labels::{Class, Labels, check_classes};
use crate::linear_model::linear_classifier::{ClassList, ClassTask, accuracy};
use crate::metrics::pairwise::{Metric, MetricParams};
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::{ClassTarget, RealTargets, TargetDim};
use crate::traits::{Classes, Estimator, Predict, PredictProba, Score};

const CLASSIFIER: &str = "RadiusNeighborsClassifier";
const REGRESSOR: &str = "RadiusNeighborsRegressor";

/// What [`RadiusNeighborsClassifier`] says of a row without neighbours. By name `null`, `"most_frequent"`, or the class.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum OutlierLabel {
    /// An error that names the row.
    #[default]
    None,
    /// The most frequent class.
    MostFrequent,
    /// This class, which the training rows may lack.
    Label(Class),
}

impl OutlierLabel {
    fn write(&self) -> Value {
        match self {
            OutlierLabel::None => Value::Null,
            OutlierLabel::MostFrequent => "most_frequent".into(),
            OutlierLabel::Label(Class::Int(v)) => (*v).into(),
            OutlierLabel::Label(Class::Bool(v)) => (*v).into(),
            OutlierLabel::Label(Class::Text(v)) => v.as_str().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Null => OutlierLabel::None,
            Value::String(text) if text == "most_frequent" => OutlierLabel::MostFrequent,
            Value::String(text) => OutlierLabel::Label(text.into()),
            Value::Bool(v) => OutlierLabel::Label((*v).into()),
            other => OutlierLabel::Label(other.as_i64()?.into()),
        })
    }
}
written!(OutlierLabel, "null, \"most_frequent\" or a class");

impl<C: Into<Class>> From<C> for OutlierLabel {
    fn from(class: C) -> Self {
        OutlierLabel::Label(class.into())
    }
}

asking! {
    /// A classifier that lets all training rows within a radius vote.
    ///
    /// The probability of a class is its share in the weights of the rows at most `radius` away; the most probable class is
    /// predicted, the first of several. It suits data of uneven density less well than
    /// [`KNeighborsClassifier`](super::KNeighborsClassifier), and data of known scale better.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `radius` | 1 | `[0, inf)` | raising it smooths |
    /// | `outlier_label` | none | [`OutlierLabel`] | the class of rows without neighbours |
    /// | `weights` | uniform | uniform, distance | [`NeighborWeights`] |
    /// | `metric` | Minkowski | [`Metric`] | the distance |
    /// | `p` | 2 | `(0, inf]` | its power |
    /// | `metric_params` | none | [`MetricParams`] | weights, variances, a matrix |
    /// | `algorithm` | auto | [`NeighborsAlgorithm`] | how neighbours are found; changes no neighbour |
    /// | `leaf_size` | 30 | at least 1 | rows in a leaf of a tree; speed alone |
    ///
    /// Sample weights multiply votes. The probabilities of a row without neighbours are 1 for the outlier label, or all 0
    /// where that is no class of the training rows.
    ///
    /// # Complexity
    /// As [`KNeighborsClassifier`](super::KNeighborsClassifier)'s, and O(neighbours) for each prediction.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidInput` for a row without
    /// neighbours when there is no outlier label; `Overflow`.
    ///
    /// # Source
    /// J. L. Bentley, "A survey of techniques for fixed radius near neighbor searching" (1975); scikit-learn's
    /// `RadiusNeighborsClassifier`, which has no sample weights.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neighbors::RadiusNeighborsClassifier, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [0.2], [3.0]], Labels::from(["low", "low", "high"]));
    /// let model = RadiusNeighborsClassifier::new().outlier_label("far").fit(&x, &y)?;
    /// assert_eq!(model.predict(&array![[0.5], [9.0]])?.to_texts(), ["low", "far"]);
    /// # Ok::<(), Error>(())
    /// ```
    RadiusNeighborsClassifier, CLASSIFIER;
    "A radius of 1.";
    #[serde(with = "crate::params::number")]
    radius: f64 = 1.0 => "How far rows may be that are asked.",
    |value| check::real(CLASSIFIER, "radius", value, Interval::at_least(0.0));
    { outlier_label: OutlierLabel = OutlierLabel::None, }
}

asking! {
    /// A regressor that predicts the mean target of all training rows within a radius.
    ///
    /// Settings, sample weights, complexity and errors are those of [`RadiusNeighborsClassifier`]. A row without neighbours is
    /// an error; scikit-learn predicts NaN.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{neighbors::RadiusNeighborsRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![0.0, 0.0, 1.0, 1.0]);
    /// let model = RadiusNeighborsRegressor::new().fit(&x, &y)?;
    /// assert_eq!(model.predict(&array![[1.5]])?, array![0.5]);
    /// # Ok::<(), Error>(())
    /// ```
    RadiusNeighborsRegressor, REGRESSOR;
    "A radius of 1.";
    #[serde(with = "crate::params::number")]
    radius: f64 = 1.0 => "How far rows may be that are asked.",
    |value| check::real(REGRESSOR, "radius", value, Interval::at_least(0.0));
    {}
}

impl RadiusNeighborsClassifier {
    /// What is said of rows without neighbours: a class, or an [`OutlierLabel`].
    pub fn outlier_label(mut self, label: impl Into<OutlierLabel>) -> Self {
        self.outlier_label = label.into();
        self
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for RadiusNeighborsClassifier {
    type Fitted = FittedRadiusNeighborsClassifier<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::of_at_least(1, CLASSIFIER, y, x.nrows(), &ClassWeight::None)?;
        let (voters, kept) = Voters::new(
            CLASSIFIER,
            x,
            self.settings(None),
            Reach::Radius(self.radius),
            self.weights,
            task.weights.as_deref(),
        )?;
        let codes = task.labels.codes();
        let classes = ClassList::new(task.labels.shared_classes());
        let outlier = match &self.outlier_label {
            OutlierLabel::None => None,
            OutlierLabel::MostFrequent => {
                Some(classes.as_slice()[largest(&task.shares) as usize].clone())
            }
            OutlierLabel::Label(class) => Some(class.clone()),
        };
        if let Some(outlier) = &outlier
            && std::mem::discriminant(outlier) != std::mem::discriminant(&classes.as_slice()[0])
        {
            return Err(Error::invalid_parameter(
                CLASSIFIER,
                "outlier_label",
                "of the kind of the classes",
                format!("{outlier:?}"),
            ));
        }
        let known = known(&classes, outlier.as_ref());
        Ok(FittedRadiusNeighborsClassifier {
            voters,
            codes: kept.iter().map(|&i| codes[i]).collect(),
            classes,
            outlier,
            known,
        })
    }
}

/// The classes and the outlier label.
fn known(classes: &ClassList, outlier: Option<&Class>) -> ClassList {
    let mut all = classes.as_slice().to_vec();
    if let Some(outlier) = outlier
        && let Err(at) = all.binary_search(outlier)
    {
        all.insert(at, outlier.clone());
    }
    ClassList::new(all.into())
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for RadiusNeighborsRegressor {
    type Fitted = FittedRadiusNeighborsRegressor<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let (targets, weights) = real_targets(x, y)?;
        let (voters, kept) = Voters::new(
            REGRESSOR,
            x,
            self.settings(None),
            Reach::Radius(self.radius),
            self.weights,
            weights.as_deref(),
        )?;
        Ok(FittedRadiusNeighborsRegressor {
            voters,
            targets: select(&targets, &kept),
            dim: PhantomData,
        })
    }
}

/// What [`RadiusNeighborsClassifier`] learned: the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedRadiusNeighborsClassifier<F: Float = f64> {
    voters: Voters<F>,
    codes: Vec<u32>,
    classes: ClassList,
    outlier: Option<Class>,
    /// The classes and the outlier label.
    known: ClassList,
}

/// What [`RadiusNeighborsRegressor`] learned: the training rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedRadiusNeighborsRegressor<F: Float = f64, D = Ix1> {
    voters: Voters<F>,
    /// (n_samples_fit, n_targets)
    targets: Array2<F>,
    dim: PhantomData<D>,
}

impl<F: Float> FittedRadiusNeighborsClassifier<F> {
    accessors!();

    /// The classes of the training rows, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// What is said of rows without neighbours.
    pub fn outlier_label(&self) -> Option<&Class> {
        self.outlier.as_ref()
    }

    /// Calls `each` with the share of each class, `None` for a row without neighbours.
    fn shares(&self, x: &ArrayRef2<F>, mut each: impl FnMut(usize, Option<&[f64]>)) -> Result<()> {
        let mut votes = vec![0.0; self.classes.len()];
        self.voters.ask(x, |i, rows, weights| {
            votes.fill(0.0);
            for (&row, w) in rows.iter().zip(weights) {
                votes[self.codes[row] as usize] += w;
            }
            let total: f64 = votes.iter().sum();
            if total > 0.0 {
                votes.iter_mut().for_each(|v| *v /= total);
                each(i, Some(&votes));
            } else if self.outlier.is_some() {
                each(i, None);
            } else {
                return Err(alone(
                    CLASSIFIER,
                    i,
                    "; set `outlier_label` or raise `radius`",
                ));
            }
            Ok(())
        })
    }
}

fn alone(estimator: &str, row: usize, advice: &str) -> Error {
    let reason = format!("row {row} has no neighbour within the radius{advice}");
    Error::invalid_input(format!("X of `{estimator}`"), reason)
}

votes!(FittedRadiusNeighborsClassifier);
means!(FittedRadiusNeighborsRegressor, REGRESSOR, |i| alone(
    REGRESSOR,
    i,
    "; raise `radius`"
));

impl<F: Float> Predict<ArrayRef2<F>> for FittedRadiusNeighborsClassifier<F> {
    type Output = Labels;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let place = |class: Option<&Class>| {
            let at = class.and_then(|class| self.known.as_slice().binary_search(class).ok());
            at.unwrap_or(0) as u32
        };
        let to: Vec<u32> = (self.classes.as_slice().iter())
            .map(|class| place(Some(class)))
            .collect();
        let outlier = place(self.outlier.as_ref());
        let mut codes = Vec::with_capacity(x.nrows());
        self.shares(x, |_, shares| {
            codes.push(shares.map_or(outlier, |shares| to[largest(shares) as usize]));
        })?;
        Ok(self.known.labels(codes))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedRadiusNeighborsClassifier<F> {
    type Float = F;

    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        let mut out = Array2::zeros((x.nrows(), self.classes.len()));
        let outlier = (self.outlier.as_ref())
            .and_then(|class| self.classes.as_slice().binary_search(class).ok());
        self.shares(x, |i, shares| match shares {
            Some(shares) => {
                for (to, &share) in out.row_mut(i).iter_mut().zip(shares) {
                    *to = F::of(share);
                }
            }
            None => {
                if let Some(code) = outlier {
                    out[[i, code]] = F::one();
                }
            }
        })?;
        Ok(out)
    }

    /// Minus infinity where a class has no vote.
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        Ok(self.predict_proba(x)?.mapv(|v| v.ln()))
    }
}

impl<F: Float> Model for FittedRadiusNeighborsClassifier<F> {
    fn type_name() -> String {
        format!("FittedRadiusNeighborsClassifier<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.voters.validate()?;
        check_codes(&self.codes, &self.classes, self.voters.index.n())?;
        check_classes(self.known.as_slice()).map_err(|e| Error::model_file(e.to_string()))?;
        ensure::that(
            self.known == known(&self.classes, self.outlier.as_ref()),
            || "the known classes are not the classes and the outlier label".into(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn rows_without_neighbours() {
        let (x, y) = (array![[0.0], [0.5], [5.0]], Labels::from([3, 3, 7]));
        let far = array![[0.2], [90.0]];
        let none = RadiusNeighborsClassifier::new().fit(&x, &y).unwrap();
        let text = none.predict(&far).unwrap_err().to_string();
        assert!(text.contains("row 1 has no neighbour"), "{text}");
        let frequent = RadiusNeighborsClassifier::new().outlier_label(OutlierLabel::MostFrequent);
        let frequent = frequent.fit(&x, &y).unwrap();
        assert_eq!(frequent.predict(&far).unwrap(), Labels::from([3, 3]));
        assert_eq!(
            frequent.predict_proba(&far).unwrap(),
            array![[1.0, 0.0], [1.0, 0.0]]
        );
        let other = RadiusNeighborsClassifier::new()
            .outlier_label(5)
            .fit(&x, &y)
            .unwrap();
        assert_eq!(other.predict(&far).unwrap(), Labels::from([3, 5]));
        assert_eq!(other.predict(&array![[5.0]]).unwrap(), Labels::from([7]));
        assert_eq!(
            other.predict_proba(&far).unwrap(),
            array![[1.0, 0.0], [0.0, 0.0]]
        );
        assert!(
            RadiusNeighborsClassifier::new()
                .outlier_label("a")
                .fit(&x, &y)
                .is_err()
        );
        let mean = RadiusNeighborsRegressor::new()
            .fit(&x, &array![1.0, 2.0, 3.0])
            .unwrap();
        assert!(mean.predict(&far).is_err());
        assert_eq!(
            mean.predict(&array![[1.0], [4.0]]).unwrap(),
            array![1.5, 3.0]
        );
    }
}
