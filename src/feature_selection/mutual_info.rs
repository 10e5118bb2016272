//! Mutual information of each feature with the target, estimated from nearest neighbours.
//!
//! Two real variables: A. Kraskov, H. Stögbauer, P. Grassberger, "Estimating mutual information", Physical Review E 69 (2004),
//! equation 8. A real and a discrete one: B. C. Ross, "Mutual information between discrete and continuous data sets", PLoS
//! ONE 9 (2014). Two discrete ones: the sum over the table of their counts.
//!
//! Neighbours in the plane come from a k-d tree, those on the line from a sorted list, in which counting the values within a
//! distance starts at the value itself and doubles its stride.

mod estimates;

use std::fmt;

use ndarray::{Array1, ArrayRef1, ArrayRef2, ArrayView1};
use serde::{Deserialize, Serialize};

use self::estimates::{Sorted, codes, of_codes, of_reals, real_and_codes};
use super::score::{FeatureScores, ScoreFunction};
use super::written::{count, written};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::params::{Hyperparameters, Value, describe};
use crate::special::digamma;
use crate::targets::{ClassTarget, RealTarget};
use crate::{check, parallel, random};

/// Which features are discrete. By name `"auto"`, a boolean, a list of booleans or a list of positions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DiscreteFeatures {
    /// None: what a dense matrix holds counts as continuous, as in scikit-learn.
    #[default]
    Auto,
    /// All, or none.
    All(bool),
    /// Those where it is true.
    Mask(Vec<bool>),
    /// Those at the given positions.
    Indices(Vec<usize>),
}

impl From<bool> for DiscreteFeatures {
    fn from(all: bool) -> Self {
        DiscreteFeatures::All(all)
    }
}

impl From<Vec<bool>> for DiscreteFeatures {
    fn from(mask: Vec<bool>) -> Self {
        DiscreteFeatures::Mask(mask)
    }
}

impl From<Vec<usize>> for DiscreteFeatures {
    fn from(indices: Vec<usize>) -> Self {
        DiscreteFeatures::Indices(indices)
    }
}

impl<const N: usize> From<[bool; N]> for DiscreteFeatures {
    fn from(mask: [bool; N]) -> Self {
        DiscreteFeatures::Mask(mask.to_vec())
    }
}

impl<const N: usize> From<[usize; N]> for DiscreteFeatures {
    fn from(indices: [usize; N]) -> Self {
        DiscreteFeatures::Indices(indices.to_vec())
    }
}

impl DiscreteFeatures {
    fn write(&self) -> Value {
        match self {
            DiscreteFeatures::Auto => "auto".into(),
            DiscreteFeatures::All(all) => (*all).into(),
            DiscreteFeatures::Mask(mask) => mask.clone().into(),
            DiscreteFeatures::Indices(indices) => indices.clone().into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" {
            return Some(DiscreteFeatures::Auto);
        }
        if let Some(all) = value.as_bool() {
            return Some(DiscreteFeatures::All(all));
        }
        let list = value.as_array()?;
        if !list.is_empty() && list.iter().all(Value::is_boolean) {
            let mask = list.iter().filter_map(Value::as_bool);
            return Some(DiscreteFeatures::Mask(mask.collect()));
        }
        let indices: Option<Vec<usize>> = list.iter().map(count).collect();
        indices.map(DiscreteFeatures::Indices)
    }

    fn mask(&self, name: &str, p: usize) -> Result<Vec<bool>> {
        let wrong = |expected: String, got: usize| {
            Error::invalid_parameter(name, "discrete_features", expected, got)
        };
        match self {
            DiscreteFeatures::Auto => Ok(vec![false; p]),
            DiscreteFeatures::All(all) => Ok(vec![*all; p]),
            DiscreteFeatures::Mask(mask) if mask.len() == p => Ok(mask.clone()),
            DiscreteFeatures::Mask(mask) => Err(wrong(
                format!("a boolean for each of the {p} features"),
                mask.len(),
            )),
            DiscreteFeatures::Indices(indices) => {
                let mut mask = vec![false; p];
                for &j in indices {
                    let expected = || format!("positions among the {p} features");
                    *mask.get_mut(j).ok_or_else(|| wrong(expected(), j))? = true;
                }
                Ok(mask)
            }
        }
    }
}
written!(
    DiscreteFeatures,
    "\"auto\", a boolean, a list of booleans or a list of positions"
);

macro_rules! estimator {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $name {
            discrete_features: DiscreteFeatures,
            n_neighbors: usize,
            random_state: u64,
        }

        impl Default for $name {
            fn default() -> Self {
                $name {
                    discrete_features: DiscreteFeatures::Auto,
                    n_neighbors: 3,
                    random_state: 0,
                }
            }
        }

        impl $name {
            /// Continuous features, three neighbours, seed 0.
            pub fn new() -> Self {
                Self::default()
            }

            /// Which features are discrete.
            #[must_use]
            pub fn discrete_features(mut self, which: impl Into<DiscreteFeatures>) -> Self {
                self.discrete_features = which.into();
                self
            }

            /// The number of neighbours: more lower the variance of the estimate and raise its bias.
            #[must_use]
            pub fn n_neighbors(mut self, n: usize) -> Self {
                self.n_neighbors = n;
                self
            }

            /// The seed of the noise that parts equal values.
            #[must_use]
            pub fn random_state(mut self, seed: u64) -> Self {
                self.random_state = seed;
                self
            }

            fn estimate<F: Float>(&self, x: &ArrayRef2<F>, target: &Target<'_>) -> Result<FeatureScores> {
                self.check()?;
                let discrete = self.discrete_features.mask(Self::NAME, x.ncols())?;
                let settings = Settings {
                    name: Self::NAME,
                    n_neighbors: self.n_neighbors,
                    seed: self.random_state,
                };
                settings.estimate(x, &discrete, target).map(FeatureScores::new)
            }
        }

        impl Hyperparameters for $name {
            const NAME: &'static str = stringify!($name);
            fn check(&self) -> Result<()> {
                check::count(Self::NAME, "n_neighbors", self.n_neighbors, 1)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }
    };
}

estimator! {
    /// The mutual information of each feature with the classes, in nats; zero for independent ones.
    ///
    /// It sees every kind of dependence, not only differences of means, and needs more rows for it.
    ///
    /// | setting | default | range | meaning |
    /// |---|---|---|---|
    /// | `discrete_features` | auto (none) | all, none, a mask, positions | features whose values are categories |
    /// | `n_neighbors` | 3 | at least 1 | more lower the variance of the estimate and raise its bias |
    /// | `random_state` | 0 | | seed of the noise that parts equal values |
    ///
    /// Continuous features are divided by their standard deviation, and noise of 10⁻¹⁰ parts their ties; the noise is of
    /// another generator than scikit-learn's, so that estimates agree exactly where there are no ties. Rows of a class with
    /// one row are left out. Estimates below zero are zero. Features are estimated side by side on rayon's threads.
    ///
    /// # Complexity
    /// Time O(n log n) for each feature, memory O(n) for each thread.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch`; `InvalidInput` when every class has one row.
    /// Sample weights are not used, as in scikit-learn.
    ///
    /// # Source
    /// Kraskov, Stögbauer and Grassberger (2004); Ross (2014).
    MutualInfoClassif
}

estimator! {
    /// The mutual information of each feature with a real target, in nats; zero for independent ones.
    ///
    /// It sees every kind of dependence, not only the linear, and needs more rows for it. Settings, noise and cost are those
    /// of [`MutualInfoClassif`]; the target is scaled and parted as the features are. The plane of feature and target is
    /// searched through a k-d tree.
    ///
    /// # Errors
    /// `InvalidParameter`, also when `n_neighbors` is not below the number of rows; `EmptyInput`, `NonFinite`,
    /// `ShapeMismatch`; `InvalidInput` when every value of a discrete feature is there once. Sample weights are not used, as
    /// in scikit-learn.
    MutualInfoRegression
}

/// [`MutualInfoClassif`] at its defaults.
///
/// # Errors
/// As [`MutualInfoClassif`] says.
///
/// ```
/// use fitwell::feature_selection::mutual_info_classif;
///
/// let iris = fitwell::datasets::load_iris()?;
/// let mi = mutual_info_classif(&iris.x, &iris.target)?;
/// assert!(mi[2] > 0.9 && mi[3] > 0.9 && mi[1] < 0.4);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mutual_info_classif<F: Float, Y: ClassTarget + ?Sized>(
    x: &ArrayRef2<F>,
    y: &Y,
) -> Result<Array1<f64>> {
    MutualInfoClassif::new().scores(x, y)
}

/// [`MutualInfoRegression`] at its defaults.
///
/// # Errors
/// As [`MutualInfoRegression`] says.
///
/// ```
/// use fitwell::feature_selection::{f_regression, mutual_info_regression};
/// use ndarray::{Array1, Array2};
///
/// let x = Array2::from_shape_fn((200, 1), |(i, _)| i as f64 / 100.0 - 1.0);
/// let y = x.column(0).mapv(|v| v * v); // no correlation, full dependence
/// assert!(f_regression(&x, &y)?.scores()[0] < 0.1);
/// assert!(mutual_info_regression(&x, &y)?[0] > 2.0);
/// # Ok::<(), fitwell::Error>(())
/// ```
pub fn mutual_info_regression<F: Float>(x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Array1<f64>> {
    MutualInfoRegression::new().scores(x, y)
}

impl MutualInfoClassif {
    /// The mutual information of the columns of `x` (n_samples, n_features) with the classes.
    ///
    /// # Errors
    /// As the type says.
    pub fn scores<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
    ) -> Result<Array1<f64>> {
        Ok(self.score_features(x, y)?.scores().clone())
    }
}

impl MutualInfoRegression {
    /// The mutual information of the columns of `x` (n_samples, n_features) with `y`.
    ///
    /// # Errors
    /// As the type says.
    pub fn scores<F: Float>(&self, x: &ArrayRef2<F>, y: &ArrayRef1<F>) -> Result<Array1<f64>> {
        Ok(self.score_features(x, y)?.scores().clone())
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> ScoreFunction<F, Y> for MutualInfoClassif {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        self.estimate(x, &Target::Classes(y.labels().codes()))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> ScoreFunction<F, Y> for MutualInfoRegression {
    fn score_features(&self, x: &ArrayRef2<F>, y: &Y) -> Result<FeatureScores> {
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let y: Vec<f64> = y.values().iter().map(|v| v.f64()).collect();
        let y = prepared(
            ArrayView1::from(&y),
            &mut random::stream(self.random_state, 0),
        );
        self.estimate(x, &Target::Real(Sorted::new(y)))
    }
}

/// What features are compared with.
enum Target<'a> {
    Classes(&'a [u32]),
    Real(Sorted),
}

struct Settings {
    name: &'static str,
    n_neighbors: usize,
    seed: u64,
}

impl Settings {
    fn estimate<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        discrete: &[bool],
        target: &Target<'_>,
    ) -> Result<Array1<f64>> {
        let (n, p) = x.dim();
        if matches!(target, Target::Real(_)) && discrete.contains(&false) && self.n_neighbors >= n {
            let expected = format!("below {n}, the number of rows");
            return Err(Error::invalid_parameter(
                self.name,
                "n_neighbors",
                expected,
                self.n_neighbors,
            ));
        }
        let psi: Vec<f64> = (0..=n).map(|m| digamma(m as f64)).collect();
        let of_feature = |j: usize| -> Result<f64> {
            let column = || prepared(x.column(j), &mut random::stream(self.seed, 1 + j as u64));
            let found = match (target, discrete[j]) {
                (Target::Classes(y), true) => Some(of_codes(&codes(x.column(j)), y)),
                (Target::Classes(y), false) => {
                    real_and_codes(&Sorted::new(column()), y, self.n_neighbors, &psi)
                }
                (Target::Real(y), true) => {
                    real_and_codes(y, &codes(x.column(j)), self.n_neighbors, &psi)
                }
                (Target::Real(y), false) => {
                    Some(of_reals(&Sorted::new(column()), y, self.n_neighbors, &psi))
                }
            };
            found.ok_or_else(|| {
                let reason = "every class, or value of a discrete feature, is there once";
                Error::invalid_input(format!("feature {j}"), reason)
            })
        };
        parallel::map(p, of_feature).into_iter().collect()
    }
}

/// The values divided by their standard deviation, with a little noise.
fn prepared<F: Float>(
    values: ArrayView1<'_, F>,
    rng: &mut random::rand_chacha::ChaCha8Rng,
) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().map(|v| v.f64()).collect();
    let n = values.len() as f64;
    // A power of two first, so that squares stay in range.
    let most = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    let unit = super::sums::unit(most);
    let mean = values.iter().map(|v| v * unit).sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v * unit - mean).powi(2)).sum();
    let deviation = (squares / n).sqrt() / unit;
    if deviation >= 10.0 * f64::EPSILON && deviation.is_finite() {
        for v in &mut values {
            *v /= deviation;
        }
    }
    let size = (values.iter().map(|v| v.abs()).sum::<f64>() / n).max(1.0);
    for v in &mut values {
        *v += 1e-10 * size * random::standard_normal(rng);
    }
    values
}

#[cfg(test)]
mod tests;
