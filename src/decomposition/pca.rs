//! Principal components.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use serde::{Deserialize, Serialize};

use super::centered::{Centered, project};
use super::dimension::{most_likely, of_share};
use super::gaussian::Gaussian;
use super::names;
use super::randomized::Randomized;
use super::settings::{IteratedPower, NComponents, PowerIterationNormalizer};
use super::spectrum::{Spectrum, by_covariance, by_svd};
use crate::check;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::matmul;
use crate::model::{Model, ensure};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Score, Transform};

const NAME: &str = "Pca";

/// How [`Pca`] finds its components.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SvdSolver {
    /// `CovarianceEigh` for up to 1,000 features and ten times as many rows; else `Full` for at most 500 rows and columns or
    /// the most likely number of components; else `Randomized` for a count below 0.8 min(n_samples, n_features); else `Full`.
    #[default]
    Auto,
    /// All components to the accuracy of the singular value decomposition of the centred X.
    Full,
    /// All components from the eigenvalues of X'X: the fastest for many rows; variances below the largest by more than the
    /// rounding of the type are lost.
    CovarianceEigh,
    /// The first components, to the accuracy of `Full`. scikit-learn iterates there by ARPACK; here it is computed directly.
    /// For a count, below min(n_samples, n_features).
    Arpack,
    /// The first components by random projections, approximately. For a count.
    Randomized,
}

/// Finds the directions in which rows differ most, and projects rows on them.
///
/// With X of shape (n_samples, n_features) and its column means m:
/// ```text
/// X − 1 m' = U S V'        components = V' (n_components, n_features)
/// transform: Z = (X − 1 m') V        explained variance λ = s² / (n_samples − 1)
/// ```
/// Columns of Z are uncorrelated and ordered by their variance λ. Scale columns of different units first. Signs are
/// scikit-learn's: the entry of largest magnitude of each component is positive.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | all | a count, a share of the variance in (0, 1), `Mle` | what is kept: [`NComponents`] |
/// | `whiten` | `false` | | divide columns of Z by √λ, so that each has variance 1 |
/// | `svd_solver` | auto | | [`SvdSolver`] |
/// | `iterated_power` | auto | up to 10,000 | power iterations of the randomized solver: [`IteratedPower`] |
/// | `n_oversamples` | 10 | at least 1 | random directions beyond `n_components` |
/// | `power_iteration_normalizer` | auto | | [`PowerIterationNormalizer`] |
/// | `random_state` | 0 | | the seed of the randomized solver |
///
/// # Model
/// Rows are normal with mean m and covariance V (Λ − σ²I)₊ V' + σ² I, where the noise variance σ² is the mean of the
/// variances that were left out; `covariance`, `precision`, `score_samples` and `score` are that model's.
///
/// # Complexity
/// `CovarianceEigh`: n p² / 2 multiply-adds in one pass, and 9 p³. `Full`: the same where the singular values are within a
/// factor of 100 (10 for `f32`) of each other and rows are twice as many as columns, else 2 n p² by QR decompositions of
/// chunks and 26 p³; for fewer rows 6 n p min(n, p) on a centred copy. `Randomized`: 2 n p (k + n_oversamples) for each of
/// 2 + 2 iterations products, in 1 + iterations passes, without a copy.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `TooFewSamples` for one row, `InvalidParameter`, also for more components than
/// min(n_samples, n_features), and `Overflow`. Sample weights are accepted and not used by `fit` (nor are they in
/// scikit-learn); they count in `score`.
///
/// # Source
/// M. E. Tipping and C. M. Bishop (1999), "Probabilistic principal component analysis"; T. P. Minka (2000), "Automatic
/// choice of dimensionality for PCA"; N. Halko, P.-G. Martinsson, J. A. Tropp (2011), "Finding structure with randomness".
/// Numbers are scikit-learn's, with these differences: where X has no variance its ratios are 0 (there NaN), and
/// `fit_transform` is `transform` to the last bit (there U S, which differs where whitened variances are 0).
///
/// # Examples
/// ```
/// use fitwell::{decomposition::Pca, prelude::*};
/// use ndarray::array;
///
/// let x = array![[-1.0, -1.0], [-2.0, -1.0], [-3.0, -2.0], [1.0, 1.0], [2.0, 1.0], [3.0, 2.0]];
/// let pca = Pca::new().n_components(1).fit(&x, &())?;
/// assert!(pca.explained_variance_ratio()[0] > 0.99);
/// let back = pca.inverse_transform(&pca.transform(&x)?)?;
/// assert!((&back - &x).iter().all(|d: &f64| d.abs() < 0.4));
/// # Ok::<(), Error>(())
/// ```
///
/// As many components as explain 95 % of the variance, before a classifier:
/// ```
/// use fitwell::{decomposition::Pca, linear_model::LogisticRegression, prelude::*, preprocessing::StandardScaler};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let model = pipeline("scale", StandardScaler::new())
///     .then("pca", Pca::new().n_components(0.95))
///     .then("classify", LogisticRegression::new())
///     .fit(&wine.x, &wine.target)?;
/// assert!(model.score(&wine.x, &wine.target)? > 0.97);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "PCA")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pca {
    /// How many components are kept.
    n_components: NComponents,
    /// Whether transformed columns get variance 1.
    whiten: bool,
    /// How components are found.
    svd_solver: SvdSolver,
    /// Power iterations of the randomized solver.
    iterated_power: IteratedPower,
    /// Random directions beyond the components.
    n_oversamples: usize,
    /// What keeps power iterations apart.
    power_iteration_normalizer: PowerIterationNormalizer,
    /// The seed of the randomized solver.
    random_state: u64,
}

impl Default for Pca {
    fn default() -> Self {
        Pca {
            n_components: NComponents::All,
            whiten: false,
            svd_solver: SvdSolver::Auto,
            iterated_power: IteratedPower::Auto,
            n_oversamples: 10,
            power_iteration_normalizer: PowerIterationNormalizer::Auto,
            random_state: 0,
        }
    }
}

impl Pca {
    /// All components, not whitened.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many components are kept: a count, a share of the variance, or [`NComponents::Mle`].
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<NComponents>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// Whether transformed columns are divided by their standard deviation.
    #[must_use]
    pub fn whiten(mut self, whiten: bool) -> Self {
        self.whiten = whiten;
        self
    }

    /// How components are found.
    #[must_use]
    pub fn svd_solver(mut self, svd_solver: SvdSolver) -> Self {
        self.svd_solver = svd_solver;
        self
    }

    /// Power iterations of the randomized solver.
    #[must_use]
    pub fn iterated_power(mut self, iterated_power: impl Into<IteratedPower>) -> Self {
        self.iterated_power = iterated_power.into();
        self
    }

    /// Random directions of the randomized solver beyond the components.
    #[must_use]
    pub fn n_oversamples(mut self, n_oversamples: usize) -> Self {
        self.n_oversamples = n_oversamples;
        self
    }

    /// What keeps power iterations of the randomized solver apart.
    #[must_use]
    pub fn power_iteration_normalizer(mut self, normalizer: PowerIterationNormalizer) -> Self {
        self.power_iteration_normalizer = normalizer;
        self
    }

    /// The seed of the randomized solver.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// The solver that `Auto` stands for with data of this shape.
    fn solver(&self, n: usize, p: usize) -> SvdSolver {
        if self.svd_solver != SvdSolver::Auto {
            return self.svd_solver;
        }
        if p <= 1000 && n >= p.saturating_mul(10) {
            return SvdSolver::CovarianceEigh;
        }
        if n.max(p) <= 500 {
            return SvdSolver::Full;
        }
        match self.n_components {
            NComponents::Count(k) if k >= 1 && (k as f64) < 0.8 * n.min(p) as f64 => {
                SvdSolver::Randomized
            }
            _ => SvdSolver::Full,
        }
    }

    /// A count that the solver can find, or none where the spectrum decides.
    fn check_components(&self, solver: SvdSolver, n: usize, p: usize) -> Result<Option<usize>> {
        let most = n.min(p);
        let refused = |expected: String| {
            let got = match self.n_components {
                NComponents::All => "all".to_string(),
                NComponents::Count(k) => k.to_string(),
                NComponents::Fraction(share) => share.to_string(),
                NComponents::Mle => "mle".to_string(),
            };
            Error::invalid_parameter(NAME, "n_components", expected, got)
        };
        let all = match solver {
            SvdSolver::Arpack => most.saturating_sub(1),
            _ => most,
        };
        let truncated = matches!(solver, SvdSolver::Arpack | SvdSolver::Randomized);
        let count = match self.n_components {
            NComponents::Count(k) => k,
            NComponents::All => all,
            _ if truncated => {
                let expected = "a count with svd_solver \"arpack\" or \"randomized\"";
                return Err(refused(expected.into()));
            }
            NComponents::Mle if n < p => {
                let expected = format!("no \"mle\" with fewer rows ({n}) than columns ({p})");
                return Err(refused(expected));
            }
            _ => return Ok(None),
        };
        let least = usize::from(truncated);
        if (least..=all).contains(&count) {
            return Ok(Some(count));
        }
        let what = match solver {
            SvdSolver::Arpack => "min(n_samples, n_features) - 1",
            _ => "min(n_samples, n_features)",
        };
        Err(refused(format!("from {least} to {what} = {all}")))
    }

    fn with_spectrum<F: Float>(
        &self,
        spectrum: Spectrum<F>,
        (n, p): (usize, usize),
        count: Option<usize>,
    ) -> Result<FittedPca<F>> {
        let freedom = (n - 1) as f64;
        let variances: Vec<f64> = (spectrum.values.iter())
            .map(|s| s.f64() * s.f64() / freedom)
            .collect();
        let total: f64 = variances.iter().sum();
        check::learned(NAME, "the variance", &[F::of(total)])?;
        let ratios: Vec<f64> = (variances.iter())
            .map(|v| if total > 0.0 { v / total } else { 0.0 })
            .collect();
        let k = match (count, self.n_components) {
            (Some(k), _) => k,
            (None, NComponents::Fraction(share)) => of_share(&ratios, share),
            (None, _) => most_likely(&variances, n),
        };
        let rest = &variances[k..];
        let noise = if k < n.min(p) && !rest.is_empty() {
            rest.iter().sum::<f64>() / rest.len() as f64
        } else {
            0.0
        };
        let first = |values: &[f64]| values[..k].iter().map(|&v| F::of(v)).collect();
        Ok(FittedPca {
            whiten: self.whiten,
            n_samples: n,
            mean: spectrum.mean.into(),
            components: spectrum.vt.slice(s![..k, ..]).to_owned(),
            explained_variance: first(&variances),
            explained_variance_ratio: first(&ratios),
            singular_values: spectrum.values.slice(s![..k]).to_owned(),
            noise_variance: F::of(noise),
        })
    }

    fn randomized<F: Float>(&self, x: &ArrayRef2<F>, k: usize) -> Result<FittedPca<F>> {
        let (n, p) = x.dim();
        let a = Centered::around_means(x)?;
        let total = a.squares() / (n - 1) as f64;
        check::learned(NAME, "the variance", &[F::of(total)])?;
        let leading = Randomized {
            n_components: k,
            n_oversamples: self.n_oversamples,
            n_iter: self.iterated_power.resolve(k, (n, p)),
            normalizer: self.power_iteration_normalizer,
            random_state: self.random_state,
        }
        .decompose(NAME, &a)?;
        let singular_values = leading.values.mapv(|v| a.unscaled(v));
        let variances: Vec<f64> = (singular_values.iter())
            .map(|s| s.f64() * s.f64() / (n - 1) as f64)
            .collect();
        let most = n.min(p);
        let noise = if k < most {
            (total - variances.iter().sum::<f64>()).max(0.0) / (most - k) as f64
        } else {
            0.0
        };
        let ratio = |v: &f64| F::of(if total > 0.0 { v / total } else { 0.0 });
        Ok(FittedPca {
            whiten: self.whiten,
            n_samples: n,
            mean: a.mean().to_vec().into(),
            components: leading.vt,
            explained_variance: variances.iter().map(|&v| F::of(v)).collect(),
            explained_variance_ratio: variances.iter().map(ratio).collect(),
            singular_values,
            noise_variance: F::of(noise),
        })
    }
}

impl Hyperparameters for Pca {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        self.n_components.check(NAME)?;
        self.iterated_power.check(NAME, "iterated_power")?;
        check::count(NAME, "n_oversamples", self.n_oversamples, 1)
    }
}

impl fmt::Display for Pca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Pca {
    type Fitted = FittedPca<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        let solver = self.solver(n, p);
        let count = self.check_components(solver, n, p)?;
        if n < 2 {
            return Err(ErrorKind::TooFewSamples {
                what: format!("variances of {NAME}"),
                needed: 2,
                got: n,
            }
            .into());
        }
        match (solver, count) {
            (SvdSolver::Randomized, Some(k)) => self.randomized(x, k),
            (SvdSolver::CovarianceEigh, _) => {
                self.with_spectrum(by_covariance(x, true)?, (n, p), count)
            }
            _ => self.with_spectrum(by_svd(x, true)?, (n, p), count),
        }
    }
}

/// Principal components, learned by [`Pca`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedPca<F: Float> {
    whiten: bool,
    n_samples: usize,
    mean: Array1<F>,
    components: Array2<F>,
    explained_variance: Array1<F>,
    explained_variance_ratio: Array1<F>,
    singular_values: Array1<F>,
    noise_variance: F,
}

impl<F: Float> FittedPca<F> {
    /// Directions of the greatest variance in rows, (n_components, n_features), orthonormal.
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// The variance along each component.
    pub fn explained_variance(&self) -> &Array1<F> {
        &self.explained_variance
    }

    /// The share of each component in the variance of all columns.
    pub fn explained_variance_ratio(&self) -> &Array1<F> {
        &self.explained_variance_ratio
    }

    /// The singular values of the centred X: the norms of the transformed columns.
    pub fn singular_values(&self) -> &Array1<F> {
        &self.singular_values
    }

    /// The mean of each column.
    pub fn mean(&self) -> &Array1<F> {
        &self.mean
    }

    /// The mean variance along the directions left out; 0 when none is.
    pub fn noise_variance(&self) -> F {
        self.noise_variance
    }

    /// The number of components kept.
    pub fn n_components(&self) -> usize {
        self.components.nrows()
    }

    /// The number of rows at fit.
    pub fn n_samples(&self) -> usize {
        self.n_samples
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn gaussian(&self) -> Gaussian<'_, F> {
        Gaussian {
            components: &self.components,
            explained_variance: &self.explained_variance,
            noise_variance: self.noise_variance.f64(),
            whiten: self.whiten,
        }
    }

    /// The covariance of the model, (n_features, n_features).
    ///
    /// For a whitened model it is scikit-learn's, in which variances beyond the noise count as their squares.
    pub fn covariance(&self) -> Array2<F> {
        self.gaussian().covariance()
    }

    /// The inverse of [`covariance`](Self::covariance).
    ///
    /// # Errors
    /// `InvalidInput` when the covariance is singular: a direction without variance, or without noise where components are
    /// fewer than features.
    pub fn precision(&self) -> Result<Array2<F>> {
        self.gaussian().precision(NAME)
    }

    /// The log-likelihood of each row under the model, in natural logarithms.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`, and as [`precision`](Self::precision).
    pub fn score_samples(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        check::same_width(x, self.n_features_in())?;
        let inverse = self.gaussian().inverse_variances(NAME)?;
        let (k, p) = self.components.dim();
        let noise = self.noise_variance.f64();
        let mut log_det: f64 = inverse.iter().map(|v| -v.ln()).sum();
        if k < p {
            log_det += (p - k) as f64 * noise.ln();
        }
        let constant = p as f64 * (2.0 * std::f64::consts::PI).ln() + log_det;
        let mut out = Array2::zeros((x.nrows(), 1));
        parallel::for_each_row_chunk_mut(
            &mut out,
            parallel::row_chunks(x.nrows(), p),
            |first, mut out| {
                let rows = x.slice(s![first..first + out.nrows(), ..]);
                let mut rest = &rows - &self.mean;
                let projected = matmul(&rest, &self.components.t());
                if k < p {
                    rest -= &matmul(&projected, &self.components);
                }
                for (i, out) in out.iter_mut().enumerate() {
                    let mut distance: f64 = (projected.row(i).iter().zip(&inverse))
                        .map(|(t, v)| t.f64() * t.f64() * v)
                        .sum();
                    if k < p {
                        let squares: f64 = rest.row(i).iter().map(|r| r.f64() * r.f64()).sum();
                        distance += squares / noise;
                    }
                    *out = F::of(-0.5 * (distance + constant));
                }
            },
        );
        check::learned(NAME, "a log-likelihood", &out)?;
        Ok(out.remove_axis(Axis(1)))
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedPca<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let mean = self.mean.to_vec();
        let out = project(
            x,
            &mean,
            &self.components,
            self.gaussian().divisor().as_deref(),
        );
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedPca<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_components())?;
        let out = self.gaussian().restore(x, &self.mean);
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedPca<F> {
    /// The mean log-likelihood of the rows under the model.
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        let each = self.score_samples(x)?;
        Ok(super::mean_score(&each, y.sample_weight()))
    }
}

impl<F: Float> FeatureNamesOut for FittedPca<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        names("pca", input, self.n_features_in(), self.n_components())
    }
}

impl<F: Float> fmt::Display for FittedPca<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share: f64 = self.explained_variance_ratio.iter().map(|v| v.f64()).sum();
        let (k, p) = self.components.dim();
        write!(
            f,
            "Pca: {k} of {p} components explain {:.1} % of the variance of {} rows",
            100.0 * share,
            self.n_samples
        )
    }
}

impl<F: Float> Model for FittedPca<F> {
    fn type_name() -> String {
        format!("FittedPca<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = (self.components.nrows(), self.mean.len());
        ensure::at_least("number of features", p, 1)?;
        ensure::at_least("number of rows at fit", self.n_samples, 2)?;
        ensure::shape("components", &self.components, k, p)?;
        ensure::that(k <= p.max(1), || format!("{k} components of {p} features"))?;
        super::unit_rows(&self.components)?;
        ensure::equal("length of singular_values", self.singular_values.len(), k)?;
        ensure::equal(
            "length of explained_variance_ratio",
            self.explained_variance_ratio.len(),
            k,
        )?;
        super::descending("explained_variance", &self.explained_variance, k)?;
        ensure::non_negative("singular_values", &self.singular_values)?;
        ensure::non_negative("explained_variance_ratio", &self.explained_variance_ratio)?;
        ensure::non_negative("noise_variance", &[self.noise_variance])
    }
}

#[cfg(test)]
mod tests;
