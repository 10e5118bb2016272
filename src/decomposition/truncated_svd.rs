//! The leading singular vectors of X as it is.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::centered::{Centered, project};
use super::names;
use super::randomized::Randomized;
use super::settings::{PowerIterationNormalizer, powers};
use super::spectrum::by_svd;
use crate::check;
use crate::error::Result;
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::preprocessing::moments::moments;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};

const NAME: &str = "TruncatedSvd";

/// How [`TruncatedSvd`] finds singular vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SvdAlgorithm {
    /// By random projections, approximately.
    #[default]
    Randomized,
    /// Exactly. scikit-learn iterates there by ARPACK to a tolerance; here it is computed directly.
    Arpack,
}

/// Projects rows on the leading right singular vectors of X, which is not centred.
///
/// With X of shape (n_samples, n_features):
/// ```text
/// X ≈ U S V'        components = V' (n_components, n_features)        transform: Z = X V
/// ```
/// Also known as latent semantic analysis. Where columns have means that do not matter, [`Pca`](super::Pca) is the better
/// choice. Signs are scikit-learn's: the entry of largest magnitude of each component is positive.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | 2 | 1 to min(n_samples, n_features) | what is kept |
/// | `algorithm` | randomized | | [`SvdAlgorithm`] |
/// | `n_iter` | 5 | up to 10,000 | power iterations of the randomized algorithm |
/// | `n_oversamples` | 10 | at least 1 | random directions beyond `n_components` |
/// | `power_iteration_normalizer` | auto | | [`PowerIterationNormalizer`] |
/// | `random_state` | 0 | | the seed of the randomized algorithm |
///
/// # Complexity
/// Randomized: 2 + 2 `n_iter` products of n p (n_components + n_oversamples) multiply-adds in 1 + `n_iter` passes over X, which
/// is not copied. Exact: as [`Pca`](super::Pca) with the full solver.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidParameter`, also for more components than min(n_samples, n_features), and `Overflow`.
/// Sample weights are accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// N. Halko, P.-G. Martinsson, J. A. Tropp (2011), "Finding structure with randomness". scikit-learn's `TruncatedSVD` refuses
/// a single column, and has a tolerance for ARPACK, for which there is no use here.
///
/// # Examples
/// ```
/// use fitwell::{decomposition::TruncatedSvd, prelude::*};
/// use ndarray::array;
///
/// // Counts of four words in five texts of two topics.
/// let x = array![[2.0, 1.0, 0.0, 0.0], [4.0, 2.0, 0.0, 0.0], [0.0, 0.0, 1.0, 3.0], [0.0, 0.0, 1.0, 3.0], [2.0, 1.0, 0.0, 0.0]];
/// let svd = TruncatedSvd::new().n_components(2).fit(&x, &())?;
/// let back = svd.inverse_transform(&svd.transform(&x)?)?;
/// assert!((&back - &x).iter().all(|d: &f64| d.abs() < 1e-12));
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "TruncatedSVD")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TruncatedSvd {
    /// How many components are kept.
    n_components: usize,
    /// How they are found.
    algorithm: SvdAlgorithm,
    /// Power iterations of the randomized algorithm.
    n_iter: usize,
    /// Random directions beyond the components.
    n_oversamples: usize,
    /// What keeps power iterations apart.
    power_iteration_normalizer: PowerIterationNormalizer,
    /// The seed of the randomized algorithm.
    random_state: u64,
}

impl Default for TruncatedSvd {
    fn default() -> Self {
        TruncatedSvd {
            n_components: 2,
            algorithm: SvdAlgorithm::Randomized,
            n_iter: 5,
            n_oversamples: 10,
            power_iteration_normalizer: PowerIterationNormalizer::Auto,
            random_state: 0,
        }
    }
}

impl TruncatedSvd {
    /// Two components.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many components are kept.
    #[must_use]
    pub fn n_components(mut self, n_components: usize) -> Self {
        self.n_components = n_components;
        self
    }

    /// How components are found.
    #[must_use]
    pub fn algorithm(mut self, algorithm: SvdAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Power iterations of the randomized algorithm.
    #[must_use]
    pub fn n_iter(mut self, n_iter: usize) -> Self {
        self.n_iter = n_iter;
        self
    }

    /// Random directions of the randomized algorithm beyond the components.
    #[must_use]
    pub fn n_oversamples(mut self, n_oversamples: usize) -> Self {
        self.n_oversamples = n_oversamples;
        self
    }

    /// What keeps power iterations of the randomized algorithm apart.
    #[must_use]
    pub fn power_iteration_normalizer(mut self, normalizer: PowerIterationNormalizer) -> Self {
        self.power_iteration_normalizer = normalizer;
        self
    }

    /// The seed of the randomized algorithm.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }
}

impl Hyperparameters for TruncatedSvd {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_components", self.n_components, 1)?;
        powers(NAME, "n_iter", self.n_iter)?;
        check::count(NAME, "n_oversamples", self.n_oversamples, 1)
    }
}

impl fmt::Display for TruncatedSvd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for TruncatedSvd {
    type Fitted = FittedTruncatedSvd<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        let k = self.n_components;
        super::at_most(NAME, k, n.min(p), "min(n_samples, n_features)")?;
        let (singular_values, components) = match self.algorithm {
            SvdAlgorithm::Arpack => {
                let all = by_svd(x, false)?;
                (
                    all.values.slice(s![..k]).to_owned(),
                    all.vt.slice(s![..k, ..]).to_owned(),
                )
            }
            SvdAlgorithm::Randomized => {
                let a = Centered::around_zero(x);
                let leading = Randomized {
                    n_components: k,
                    n_oversamples: self.n_oversamples,
                    n_iter: self.n_iter,
                    normalizer: self.power_iteration_normalizer,
                    random_state: self.random_state,
                }
                .decompose(NAME, &a)?;
                (leading.values.mapv(|v| a.unscaled(v)), leading.vt)
            }
        };
        check::learned(NAME, "a singular value", &singular_values)?;
        let mut model = FittedTruncatedSvd {
            components,
            explained_variance: Array1::zeros(k),
            explained_variance_ratio: Array1::zeros(k),
            singular_values,
        };
        let z = model.transform(x)?;
        let variance = |x: &ArrayRef2<F>| -> Result<Vec<f64>> {
            Ok(moments(x, None)?.m2.iter().map(|m| m / n as f64).collect())
        };
        let total: f64 = variance(x)?.iter().sum();
        let explained = variance(&z)?;
        check::learned(NAME, "the variance", &[F::of(total)])?;
        let ratio = |v: &f64| F::of(if total > 0.0 { v / total } else { 0.0 });
        model.explained_variance_ratio = explained.iter().map(ratio).collect();
        model.explained_variance = explained.iter().map(|&v| F::of(v)).collect();
        check::learned(NAME, "the variance", &model.explained_variance)?;
        Ok(model)
    }
}

/// Leading singular vectors, learned by [`TruncatedSvd`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedTruncatedSvd<F: Float> {
    components: Array2<F>,
    explained_variance: Array1<F>,
    explained_variance_ratio: Array1<F>,
    singular_values: Array1<F>,
}

impl<F: Float> FittedTruncatedSvd<F> {
    /// Right singular vectors in rows, (n_components, n_features), orthonormal.
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// The variance of each transformed column of the training rows, divided by n_samples. It need not fall.
    pub fn explained_variance(&self) -> &Array1<F> {
        &self.explained_variance
    }

    /// The share of each transformed column in the variance of all columns of X.
    pub fn explained_variance_ratio(&self) -> &Array1<F> {
        &self.explained_variance_ratio
    }

    /// The singular values, descending: the norms of the transformed columns.
    pub fn singular_values(&self) -> &Array1<F> {
        &self.singular_values
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.components.ncols()
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedTruncatedSvd<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let zeros = vec![F::zero(); x.ncols()];
        let out = project(x, &zeros, &self.components, None);
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedTruncatedSvd<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.components.nrows())?;
        let out = super::restore(x, &self.components, None);
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedTruncatedSvd<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("truncatedsvd", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedTruncatedSvd<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share: f64 = self.explained_variance_ratio.iter().map(|v| v.f64()).sum();
        let (k, p) = self.components.dim();
        write!(
            f,
            "TruncatedSvd: {k} of {p} components explain {:.1} % of the variance",
            100.0 * share
        )
    }
}

impl<F: Float> Model for FittedTruncatedSvd<F> {
    fn type_name() -> String {
        format!("FittedTruncatedSvd<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.components.dim();
        ensure::at_least("number of components", k, 1)?;
        ensure::that(k <= p, || format!("{k} components of {p} features"))?;
        super::unit_rows(&self.components)?;
        super::descending("singular_values", &self.singular_values, k)?;
        let variances = [
            ("explained_variance", &self.explained_variance),
            ("explained_variance_ratio", &self.explained_variance_ratio),
        ];
        for (what, values) in variances {
            ensure::equal(&format!("length of {what}"), values.len(), k)?;
            ensure::non_negative(what, values)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, standard_normal};

    fn data(n: usize, p: usize) -> Array2<f64> {
        let mut rng = generator(5);
        Array2::from_shape_fn((n, p), |(_, j)| {
            1.0 + standard_normal(&mut rng) / (j + 1) as f64
        })
    }

    #[test]
    fn both_algorithms_find_the_singular_vectors_of_x() {
        for (n, p) in [(40, 9), (9, 40), (10, 10)] {
            let x = data(n, p);
            let svd = crate::linalg::thin_svd(&x).unwrap();
            for algorithm in [SvdAlgorithm::Randomized, SvdAlgorithm::Arpack] {
                let model = TruncatedSvd::new().n_components(4).algorithm(algorithm);
                let model = model.fit(&x, &()).unwrap();
                for i in 0..4 {
                    let s = model.singular_values()[i];
                    assert!((s / svd.s[i] - 1.0).abs() < 1e-10, "{n} {p} {algorithm:?}");
                    let row = &model.components().row(i) - &svd.vt.row(i);
                    assert!(row.iter().all(|d| d.abs() < 1e-8));
                }
                let z = model.transform(&x).unwrap();
                let squares = (z.column(2).mapv(|v| v * v)).sum();
                assert!((squares.sqrt() / svd.s[2] - 1.0).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn too_many_components_name_the_parameter() {
        for algorithm in [SvdAlgorithm::Randomized, SvdAlgorithm::Arpack] {
            let svd = TruncatedSvd::new().n_components(5).algorithm(algorithm);
            let error = svd.fit(&data(4, 9), &()).unwrap_err().to_string();
            let expected = "`n_components` of `TruncatedSvd` must be at most min(n_samples, n_features) = 4, got 5";
            assert_eq!(error, expected);
        }
    }

    #[test]
    fn zeros_and_extreme_scales_are_fine() {
        let zero = Array2::<f64>::zeros((5, 3));
        let model = TruncatedSvd::new().fit(&zero, &()).unwrap();
        assert_eq!(model.explained_variance_ratio(), &Array1::<f64>::zeros(2));
        for scale in [1e-200, 1e140] {
            let x = data(20, 4) * scale;
            let a = TruncatedSvd::new().fit(&x, &()).unwrap();
            let b = TruncatedSvd::new().fit(&data(20, 4), &()).unwrap();
            let d = a.components() - b.components();
            assert!(d.iter().all(|d| d.abs() < 1e-9), "{scale}");
            let ratio = a.singular_values()[1] / b.singular_values()[1] / scale;
            assert!((ratio - 1.0).abs() < 1e-10);
        }
    }
}
