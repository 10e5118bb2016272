//! Factors behind columns, each of which has its own noise.

use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, Axis, s};
use serde::{Deserialize, Serialize};

use super::centered::Centered;
use super::names;
use super::randomized::Randomized;
use super::settings::{PowerIterationNormalizer, powers};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg::{Cholesky, matmul, qr, thin_svd};
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{self, Hyperparameters, describe};
use crate::preprocessing::moments::moments;
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, Score, Transform};

const NAME: &str = "FactorAnalysis";
/// The least noise variance, and what is added to its root.
const SMALL: f64 = 1e-12;

/// How [`FactorAnalysis`] decomposes the scaled data in every iteration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SvdMethod {
    /// By random projections; exact where `n_components` + 10 is at least min(n_samples, n_features).
    #[default]
    Randomized,
    /// All of it.
    Lapack,
}

/// How [`FactorAnalysis`] turns its factors, which leaves the model the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Each factor is to load few columns: the variance of squared loadings within factors is greatest.
    Varimax,
    /// Each column is to load few factors: the sum of fourth powers of loadings is greatest.
    Quartimax,
}

/// Explains columns by fewer normal factors and noise of its own for each column.
///
/// Rows of X (n_samples, n_features) are taken as
/// ```text
/// x = m + W' z + e        z ~ N(0, I), (n_components)        e ~ N(0, diag(ψ))        components = W
/// covariance = W' W + diag(ψ)        transform: the mean of z given x
/// ```
/// W and ψ are those of the greatest likelihood, found by expectation maximisation on singular values. Where all ψ are equal
/// the model is that of [`Pca`](super::Pca). Signs of factors are arbitrary; before a rotation the entry of largest magnitude
/// of each is positive.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | all | 0 to min(n_samples, n_features) | factors |
/// | `tol` | 0.01 | `[0, inf)` | the gain in log-likelihood that ends the fit |
/// | `max_iter` | 1000 | at least 1 | the most iterations |
/// | `noise_variance_init` | ones | positive | where ψ begins, one for each column |
/// | `svd_method` | randomized | | [`SvdMethod`] |
/// | `iterated_power` | 3 | up to 10,000 | power iterations of the randomized method |
/// | `rotation` | none | | [`Rotation`] |
/// | `random_state` | 0 | | the seed of the randomized method |
///
/// # Complexity
/// One QR decomposition of X where rows are more than columns; then each iteration works on min(n, p) rows: p min(n, p)²
/// operations for all singular values. In `f64` throughout, also for `f32` data.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidParameter`, also for more factors than min(n_samples, n_features), `ShapeMismatch` when
/// `noise_variance_init` is of another length, `Cancelled`, and `Overflow`. An end by `max_iter` is logged as a warning.
/// Sample weights are accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// D. Barber (2012), "Bayesian Reasoning and Machine Learning", algorithm 21.1; H. F. Kaiser (1958), "The varimax criterion
/// for analytic rotation in factor analysis". The numbers are those of scikit-learn's `FactorAnalysis`.
///
/// # Examples
/// ```
/// use fitwell::{decomposition::{FactorAnalysis, Rotation}, prelude::*};
///
/// let iris = fitwell::datasets::load_iris()?;
/// let model = FactorAnalysis::new().n_components(2).rotation(Rotation::Varimax).fit(&iris.x, &())?;
/// assert_eq!(model.transform(&iris.x)?.dim(), (150, 2));
/// assert!(model.loglike().windows(2).all(|w| w[1] > w[0] - 1e-6));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FactorAnalysis {
    /// The number of factors; `None` for n_features.
    n_components: Option<usize>,
    /// The gain in log-likelihood that ends the fit.
    #[serde(with = "params::number")]
    tol: f64,
    /// The most iterations.
    max_iter: usize,
    /// Where the noise variances begin; `None` for ones.
    noise_variance_init: Option<Vec<f64>>,
    /// How singular values are found.
    svd_method: SvdMethod,
    /// Power iterations of the randomized method.
    iterated_power: usize,
    /// How factors are turned.
    rotation: Option<Rotation>,
    /// The seed of the randomized method.
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for FactorAnalysis {
    fn default() -> Self {
        FactorAnalysis {
            n_components: None,
            tol: 0.01,
            max_iter: 1000,
            noise_variance_init: None,
            svd_method: SvdMethod::Randomized,
            iterated_power: 3,
            rotation: None,
            random_state: 0,
            watch: Watch::default(),
        }
    }
}

impl FactorAnalysis {
    /// As many factors as columns, not turned.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of factors; `None` for n_features.
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<Option<usize>>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// The gain in log-likelihood that ends the fit.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The most iterations.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// Where the noise variances begin, one for each column; `None` for ones.
    #[must_use]
    pub fn noise_variance_init(mut self, variances: impl Into<Option<Vec<f64>>>) -> Self {
        self.noise_variance_init = variances.into();
        self
    }

    /// How singular values are found.
    #[must_use]
    pub fn svd_method(mut self, svd_method: SvdMethod) -> Self {
        self.svd_method = svd_method;
        self
    }

    /// Power iterations of the randomized method.
    #[must_use]
    pub fn iterated_power(mut self, iterated_power: usize) -> Self {
        self.iterated_power = iterated_power;
        self
    }

    /// How factors are turned.
    #[must_use]
    pub fn rotation(mut self, rotation: impl Into<Option<Rotation>>) -> Self {
        self.rotation = rotation.into();
        self
    }

    /// The seed of the randomized method.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// Reports every iteration with the log-likelihood, negated, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// Squares of the first k singular values, their right vectors in rows, and the sum of squares of the others.
    fn decompose(&self, x: &Array2<f64>, k: usize) -> Result<(Array1<f64>, Array2<f64>, f64)> {
        let total: f64 = x.iter().map(|v| v * v).sum();
        check::learned(NAME, "scaled data", &[total])?;
        if k == 0 {
            return Ok((Array1::zeros(0), Array2::zeros((0, x.ncols())), total));
        }
        let (values, vt) = match self.svd_method {
            SvdMethod::Lapack => {
                let svd = thin_svd(x)?;
                let rest: f64 = svd.s.slice(s![k..]).iter().map(|s| s * s).sum();
                let first = svd.s.slice(s![..k]).mapv(|s| s * s);
                return Ok((first, svd.vt.slice(s![..k, ..]).to_owned(), rest));
            }
            SvdMethod::Randomized => {
                let a = Centered::around_zero(x);
                let leading = Randomized {
                    n_components: k,
                    n_oversamples: 10,
                    n_iter: self.iterated_power,
                    normalizer: PowerIterationNormalizer::Auto,
                    random_state: self.random_state,
                }
                .decompose(NAME, &a)?;
                (leading.values.mapv(|v| a.unscaled(v)), leading.vt)
            }
        };
        let squares = values.mapv(|v| v * v);
        let rest = total - squares.sum();
        Ok((squares, vt, rest))
    }

    /// The iterations, on rows `r` whose products are those of the n centred rows.
    fn maximise(&self, r: &Array2<f64>, var: &Array1<f64>, n: usize) -> Result<Found> {
        let p = var.len();
        let k = self.n_components.unwrap_or(p).min(r.nrows());
        let n = n as f64;
        let nominal = self.n_components.unwrap_or(p) as f64;
        let constant = p as f64 * (2.0 * std::f64::consts::PI).ln() + nominal;
        let mut psi = match &self.noise_variance_init {
            Some(given) => Array1::from(given.clone()),
            None => Array1::ones(p),
        };
        let mut loglike: Vec<f64> = Vec::new();
        let mut converged = false;
        let mut components = Array2::zeros((k, p));
        while loglike.len() < self.max_iter && !converged {
            let roots = psi.mapv(|v| v.sqrt() + SMALL);
            let scaled = r / &(&roots * n.sqrt());
            let (squares, vt, rest) = self.decompose(&scaled, k)?;
            components = vt;
            for (mut row, &s) in components.rows_mut().into_iter().zip(&squares) {
                let size = (s - 1.0).max(0.0).sqrt();
                row.zip_mut_with(&roots, |v, &root| *v *= size * root);
            }
            let logs: f64 = squares
                .iter()
                .chain(&psi)
                .map(|v| v.max(f64::MIN_POSITIVE).ln())
                .sum();
            let now = -n / 2.0 * (constant + logs + rest);
            check::learned(NAME, "the log-likelihood", &[now])?;
            converged = loglike.last().is_some_and(|old| now - old < self.tol);
            loglike.push(now);
            self.watch
                .report(NAME, loglike.len(), Some(self.max_iter), Some(-now))?;
            if !converged && loglike.len() < self.max_iter {
                let explained = components.mapv(|v| v * v).sum_axis(Axis(0));
                psi = (var - &explained).mapv(|v| v.max(SMALL));
            }
        }
        if !converged {
            log::warn!("{NAME}: no convergence in {} iterations", self.max_iter);
            // The variances that the last components leave, as scikit-learn has them.
            let explained = components.mapv(|v| v * v).sum_axis(Axis(0));
            psi = (var - &explained).mapv(|v| v.max(SMALL));
        }
        Ok(Found {
            components,
            psi,
            loglike,
            converged,
        })
    }
}

struct Found {
    components: Array2<f64>,
    psi: Array1<f64>,
    loglike: Vec<f64>,
    converged: bool,
}

/// Components (k, p) turned so that the criterion of the rotation is greatest.
fn rotated(components: &Array2<f64>, rotation: Rotation) -> Result<Array2<f64>> {
    const TOLERANCE: f64 = 1e-6;
    const MOST: usize = 100;
    let loadings = components.t().to_owned();
    let (p, k) = loadings.dim();
    if k == 0 {
        return Ok(components.clone());
    }
    let mut turn = Array2::eye(k);
    let mut last = 0.0;
    for _ in 0..MOST {
        let turned = matmul(&loadings, &turn);
        let mut target = turned.mapv(|v| v * v * v);
        if rotation == Rotation::Varimax {
            let means = turned.mapv(|v| v * v).sum_axis(Axis(0)) / p as f64;
            target -= &(&turned * &means);
        }
        let svd = thin_svd(&matmul(&loadings.t(), &target))?;
        turn = matmul(&svd.u, &svd.vt);
        let sum = svd.s.sum();
        if last != 0.0 && sum < last * (1.0 + TOLERANCE) {
            break;
        }
        last = sum;
    }
    Ok(matmul(&loadings, &turn)
        .reversed_axes()
        .as_standard_layout()
        .into_owned())
}

impl Hyperparameters for FactorAnalysis {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))?;
        check::count(NAME, "max_iter", self.max_iter, 1)?;
        for &v in self.noise_variance_init.iter().flatten() {
            check::real(NAME, "noise_variance_init", v, Interval::above(0.0))?;
        }
        powers(NAME, "iterated_power", self.iterated_power)
    }
}

impl fmt::Display for FactorAnalysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for FactorAnalysis {
    type Fitted = FittedFactorAnalysis<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        if let Some(k) = self.n_components {
            super::at_most(NAME, k, n.min(p), "min(n_samples, n_features)")?;
        }
        if let Some(given) = &self.noise_variance_init
            && given.len() != p
        {
            let expected = format!("one for each of {p} columns");
            let got = format!("{} numbers", given.len());
            return Err(Error::invalid_parameter(
                NAME,
                "noise_variance_init",
                expected,
                got,
            ));
        }
        let found = moments(x, None)?;
        let mean = Array1::from(found.mean);
        let var: Array1<f64> = found.m2.iter().map(|m| m / n as f64).collect();
        check::learned(NAME, "the variance", &var)?;
        let mut rows = x.mapv(|v| v.f64());
        rows -= &mean;
        if n > p {
            rows = qr(&rows)?.r;
        }
        let mut fit = self.maximise(&rows, &var, n)?;
        if let Some(rotation) = self.rotation {
            fit.components = rotated(&fit.components, rotation)?;
        }
        check::learned(NAME, "the components", &fit.components)?;
        Ok(FittedFactorAnalysis {
            components: fit.components,
            noise_variance: fit.psi,
            mean,
            n_iter: fit.loglike.len(),
            loglike: fit.loglike,
            converged: fit.converged,
            element: PhantomData,
        })
    }
}

/// Factors and noise, learned by [`FactorAnalysis`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedFactorAnalysis<F: Float> {
    components: Array2<f64>,
    noise_variance: Array1<f64>,
    mean: Array1<f64>,
    loglike: Vec<f64>,
    n_iter: usize,
    converged: bool,
    element: PhantomData<F>,
}

/// W Ψ^-½ and the decomposition of M = I + W Ψ⁻¹ W'.
struct Posterior {
    scaled: Array2<f64>,
    factor: Cholesky<f64>,
    roots: Array1<f64>,
}

impl<F: Float> FittedFactorAnalysis<F> {
    /// The factors' effects W, (n_components, n_features).
    pub fn components(&self) -> &Array2<f64> {
        &self.components
    }

    /// The variance ψ of the noise of each column.
    pub fn noise_variance(&self) -> &Array1<f64> {
        &self.noise_variance
    }

    /// The mean of each column.
    pub fn mean(&self) -> &Array1<f64> {
        &self.mean
    }

    /// The log-likelihood of all rows after each iteration.
    pub fn loglike(&self) -> &[f64] {
        &self.loglike
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the fit ended before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.mean.len()
    }

    fn posterior(&self) -> Result<Posterior> {
        let roots = self.noise_variance.mapv(f64::sqrt);
        let scaled = &self.components / &roots;
        let mut m = matmul(&scaled, &scaled.t());
        m.diag_mut().mapv_inplace(|v| v + 1.0);
        check::learned(NAME, "the precision of the factors", &m)?;
        Ok(Posterior {
            factor: Cholesky::new(&m)?,
            scaled,
            roots,
        })
    }

    /// The covariance W' W + diag(ψ) of the model, (n_features, n_features).
    pub fn covariance(&self) -> Array2<f64> {
        let mut out = matmul(&self.components.t(), &self.components);
        let mut diagonal = out.diag_mut();
        diagonal += &self.noise_variance;
        out
    }

    /// The inverse of [`covariance`](Self::covariance).
    ///
    /// # Errors
    /// `Overflow` when it is too large.
    pub fn precision(&self) -> Result<Array2<f64>> {
        let posterior = self.posterior()?;
        let solved = posterior.factor.solve(&posterior.scaled)?;
        let mut out = -matmul(&posterior.scaled.t(), &solved);
        out.diag_mut().mapv_inplace(|v| v + 1.0);
        out /= &posterior.roots;
        let mut out = out.reversed_axes();
        out /= &posterior.roots;
        check::learned(NAME, "the precision", &out)?;
        Ok(out.as_standard_layout().into_owned())
    }

    /// The log-likelihood of each row under the model, in natural logarithms.
    ///
    /// # Errors
    /// `ShapeMismatch`, `NonFinite`, `Overflow`.
    pub fn score_samples(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
        check::same_width(x, self.n_features_in())?;
        let posterior = self.posterior()?;
        let p = self.n_features_in() as f64;
        let logs: f64 = self.noise_variance.iter().map(|v| v.ln()).sum();
        let constant = p * (2.0 * std::f64::consts::PI).ln() + logs + posterior.factor.log_det();
        let parts = parallel::map_chunks(
            x.nrows(),
            parallel::row_chunks(x.nrows(), x.ncols()),
            |rows| -> Result<Vec<F>> {
                let z = self.scaled_rows(x, rows, &posterior.roots);
                let seen = matmul(&z, &posterior.scaled.t());
                let solved = posterior.factor.solve(&seen.t())?;
                let each = z.rows().into_iter().zip(seen.rows()).zip(solved.columns());
                Ok(each
                    .map(|((z, seen), solved)| {
                        F::of(-0.5 * (z.dot(&z) - seen.dot(&solved) + constant))
                    })
                    .collect())
            },
        );
        let parts = parts.into_iter().collect::<Result<Vec<_>>>()?;
        let out = Array1::from(parts.concat());
        check::learned(NAME, "a log-likelihood", &out)?;
        Ok(out)
    }

    /// (x − m) Ψ^-½ of some rows.
    fn scaled_rows(
        &self,
        x: &ArrayRef2<F>,
        rows: std::ops::Range<usize>,
        roots: &Array1<f64>,
    ) -> Array2<f64> {
        let mut z = x.slice(s![rows, ..]).mapv(|v| v.f64());
        z -= &self.mean;
        z /= roots;
        z
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedFactorAnalysis<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let posterior = self.posterior()?;
        let weights = posterior.factor.solve(&posterior.scaled)?;
        let mut out = parallel::fresh((x.nrows(), self.components.nrows()));
        let chunk = parallel::row_chunks(x.nrows(), x.ncols());
        parallel::for_each_row_chunk_mut(&mut out, chunk, |first, mut out| {
            let z = self.scaled_rows(x, first..first + out.nrows(), &posterior.roots);
            out.zip_mut_with(&matmul(&z, &weights.t()), |to, &v| *to = F::of(v));
        });
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float, Y: Targets + ?Sized> Score<ArrayRef2<F>, Y> for FittedFactorAnalysis<F> {
    /// The mean log-likelihood of the rows under the model.
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        Ok(super::mean_score(
            &self.score_samples(x)?,
            y.sample_weight(),
        ))
    }
}

impl<F: Float> FeatureNamesOut for FittedFactorAnalysis<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("factoranalysis", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedFactorAnalysis<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.components.dim();
        let last = self.loglike.last().copied().unwrap_or_default();
        write!(
            f,
            "FactorAnalysis: {k} factors of {p} columns, log-likelihood {last:.6} after {} iterations",
            self.n_iter
        )
    }
}

impl<F: Float> Model for FittedFactorAnalysis<F> {
    fn type_name() -> String {
        format!("FittedFactorAnalysis<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = (self.components.nrows(), self.mean.len());
        ensure::at_least("number of features", p, 1)?;
        ensure::shape("components", &self.components, k, p)?;
        ensure::that(k <= p, || format!("{k} factors of {p} features"))?;
        ensure::equal("length of noise_variance", self.noise_variance.len(), p)?;
        ensure::positive("noise_variance", &self.noise_variance)?;
        ensure::at_least("n_iter", self.n_iter, 1)?;
        ensure::equal("length of loglike", self.loglike.len(), self.n_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{generator, standard_normal};

    fn data(n: usize) -> Array2<f64> {
        let mut rng = generator(9);
        let w = Array2::from_shape_simple_fn((2, 6), || standard_normal(&mut rng));
        let z = Array2::from_shape_simple_fn((n, 2), || standard_normal(&mut rng));
        let noise = Array2::from_shape_fn((n, 6), |(_, j)| {
            standard_normal(&mut rng) * 0.2 * (j + 1) as f64
        });
        z.dot(&w) + noise + 5.0
    }

    #[test]
    fn the_likelihood_rises_and_is_that_of_the_model() {
        let x = data(80);
        let model = FactorAnalysis::new()
            .n_components(2)
            .tol(1e-9)
            .fit(&x, &())
            .unwrap();
        let rises = |w: &[f64]| w[1] > w[0] - 1e-9;
        assert!(model.loglike().windows(2).all(rises));
        let sum = 80.0 * model.score(&x, &()).unwrap();
        let last = model.loglike()[model.n_iter() - 1];
        assert!((sum - last).abs() < 1e-6 * last.abs(), "{sum} {last}");
        let one = model.covariance().dot(&model.precision().unwrap());
        assert!(
            (one - Array2::<f64>::eye(6))
                .iter()
                .all(|v| v.abs() < 1e-10)
        );
    }

    #[test]
    fn turned_factors_are_the_same_model() {
        let x = data(80);
        let plain = FactorAnalysis::new().n_components(2).fit(&x, &()).unwrap();
        let fourth = |m: &FittedFactorAnalysis<f64>| m.components().mapv(|v| v.powi(4)).sum();
        for rotation in [Rotation::Varimax, Rotation::Quartimax] {
            let turned = FactorAnalysis::new().n_components(2).rotation(rotation);
            let turned = turned.fit(&x, &()).unwrap();
            let d = turned.covariance() - plain.covariance();
            assert!(d.iter().all(|v| v.abs() < 1e-10));
            assert!(fourth(&turned) > fourth(&plain));
        }
    }

    #[test]
    fn both_methods_agree_where_the_random_one_sees_all() {
        let x = data(40);
        let fit = |x: &Array2<f64>, method, k| {
            let model = FactorAnalysis::new().n_components(k).svd_method(method);
            model.fit(x, &()).unwrap().covariance()
        };
        for x in [&x, &x.slice(s![..4, ..]).to_owned()] {
            for k in [0, 1, 3] {
                let d = fit(x, SvdMethod::Randomized, k) - fit(x, SvdMethod::Lapack, k);
                assert!(d.iter().all(|v| v.abs() < 1e-9), "{k}");
            }
        }
    }
}
