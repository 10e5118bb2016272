//! Bayesian ridge regression.
//!
//! With `X` (n_samples, n_features) and `y` centred, `e` the eigenvalues of `X'X`, and the precisions `α` of the noise and
//! `λ` of the coefficients, one step of the fit is
//!
//! ```text
//! w = (X'X + λ/α I)⁻¹ X'y        γ = Σ α e / (λ + α e)
//! λ ← (γ + 2 lambda_1) / (‖w‖² + 2 lambda_2)
//! α ← (n − γ + 2 alpha_1) / (‖y − Xw‖² + 2 alpha_2)
//! ```
//!
//! In the basis of the singular vectors a step costs O(n_features) and no pass over the data.

use std::f64::consts::PI;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView2, Zip};
use serde::{Deserialize, Serialize};

use super::posterior::{deviations, posterior, posterior_setters};
use super::spectrum::Spectrum;
use crate::check::{self, Interval};
use crate::error::Result;
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::linalg;
use crate::model::{Model, ensure};
use crate::observer::Watch;
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTarget;
use crate::traits::{Estimator, Predict, PredictStd};

const NAME: &str = "BayesianRidge";

/// Ridge regression that learns its penalty from the data, and knows how sure it is of each prediction.
///
/// The model: `y = Xw + b + noise`, noise of variance 1/α, coefficients `w` of variance 1/λ around 0. The precisions α and
/// λ, with Gamma priors, are those that maximise the marginal likelihood of `y`, found by fixed-point steps; `w` is then
/// the mean of the posterior distribution, the ridge solution of penalty λ/α.
///
/// Use it where a ridge penalty would have to be searched for, or where a standard deviation of the predictions is wanted.
/// The prior treats all coefficients alike: standardise features of different units.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `max_iter` | 300 | at least 1 | steps at most |
/// | `tol` | 1e-3 | `(0, inf)` | stops when the coefficients move by less than this in sum |
/// | `alpha_1`, `alpha_2` | 1e-6 | `[0, inf)` | shape and rate of the Gamma prior of α |
/// | `lambda_1`, `lambda_2` | 1e-6 | `[0, inf)` | shape and rate of the Gamma prior of λ |
/// | `alpha_init` | none | `[0, inf)` | the first α; without it 1 / variance of y |
/// | `lambda_init` | none | `[0, inf)` | the first λ; without it 1 |
/// | `compute_score` | `false` | | keeps the log marginal likelihood of each step |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
///
/// Sample weights scale the noise of each row: variance 1/(α s).
///
/// # Units
/// α in 1/y², λ in 1/w².
///
/// # Complexity
/// Time O(n p²) once, O(p²) a step; extra memory O(p²), and O(n p) for n ≤ p.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch`; `Overflow` when a precision is not finite (a constant
/// target without priors, say) or the squares of the data leave the range of `f64`; `Cancelled` when the observer stops it.
/// Not converging is no error: see [`converged`](FittedBayesianRidge::converged).
///
/// # Source
/// D. J. C. MacKay (1992), Bayesian interpolation; M. E. Tipping (2001), Sparse Bayesian learning and the relevance vector
/// machine, appendix A. Numbers are scikit-learn's; f32 data are computed in f64 here.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::BayesianRidge, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
/// let model = BayesianRidge::new().fit(&x, &array![0.0, 1.0, 2.0])?;
/// let (mean, std) = model.predict_std(&array![[1.0, 1.0]])?;
/// assert!(f64::abs(mean[0] - 1.0) < 1e-6 && std[0] < 0.01);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BayesianRidge {
    max_iter: usize,
    #[serde(with = "crate::params::number")]
    tol: f64,
    #[serde(with = "crate::params::number")]
    alpha_1: f64,
    #[serde(with = "crate::params::number")]
    alpha_2: f64,
    #[serde(with = "crate::params::number")]
    lambda_1: f64,
    #[serde(with = "crate::params::number")]
    lambda_2: f64,
    #[serde(with = "crate::params::optional_number")]
    alpha_init: Option<f64>,
    #[serde(with = "crate::params::optional_number")]
    lambda_init: Option<f64>,
    compute_score: bool,
    fit_intercept: bool,
    #[serde(skip)]
    watch: Watch,
}

impl Default for BayesianRidge {
    fn default() -> Self {
        BayesianRidge {
            max_iter: 300,
            tol: 1e-3,
            alpha_1: 1e-6,
            alpha_2: 1e-6,
            lambda_1: 1e-6,
            lambda_2: 1e-6,
            alpha_init: None,
            lambda_init: None,
            compute_score: false,
            fit_intercept: true,
            watch: Watch::default(),
        }
    }
}

posterior_setters! {
    BayesianRidge,
    /// The first precision of the noise.
    alpha_init: f64 => Some(alpha_init);
    /// The first precision of the coefficients.
    lambda_init: f64 => Some(lambda_init);
    /// Whether to keep the log marginal likelihood of each step.
    compute_score: bool => compute_score;
}

impl Hyperparameters for BayesianRidge {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "max_iter", self.max_iter, 1)?;
        check::real(NAME, "tol", self.tol, Interval::above(0.0))?;
        for (name, value) in [
            ("alpha_1", Some(self.alpha_1)),
            ("alpha_2", Some(self.alpha_2)),
            ("lambda_1", Some(self.lambda_1)),
            ("lambda_2", Some(self.lambda_2)),
            ("alpha_init", self.alpha_init),
            ("lambda_init", self.lambda_init),
        ] {
            check::real(NAME, name, value.unwrap_or(0.0), Interval::at_least(0.0))?;
        }
        Ok(())
    }
}

impl fmt::Display for BayesianRidge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for BayesianRidge {
    type Fitted = FittedBayesianRidge<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let (y, weights) = (y.values(), weights.as_deref());
        let spectrum = Spectrum::new(x, y, weights, self.fit_intercept)?;
        let model = self.learn(x.dim(), &spectrum, variance(y, weights), weights)?;
        if !model.converged {
            log::warn!(
                "{NAME} did not converge in {} iterations (tol {:.1e}): standardise the features, or raise max_iter or tol",
                model.n_iter,
                self.tol
            );
        }
        Ok(model)
    }
}

/// The variance of the target about its mean.
fn variance<F: Float>(y: &ArrayRef1<F>, weights: Option<&[f64]>) -> f64 {
    let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
    let total: f64 = weights.map_or(y.len() as f64, |w| w.iter().sum());
    let sum = |of: &dyn Fn(f64) -> f64| -> f64 {
        let each = y.iter().enumerate();
        each.map(|(i, v)| weight(i) * of(v.f64())).sum()
    };
    let first = sum(&|v| v / total);
    let mean = first + sum(&|v| (v - first) / total);
    sum(&|v| (v - mean).powi(2)) / total
}

/// The precisions, and what follows from them.
struct Step {
    /// Coefficients in the basis of the right singular vectors.
    along: Array1<f64>,
    /// Σ w².
    norm: f64,
    /// ‖y − Xw‖².
    sse: f64,
    /// The number of coefficients that the data determine.
    gamma: f64,
}

impl Step {
    fn at(alpha: f64, lambda: f64, spectrum: &Spectrum) -> Self {
        let penalty = lambda / alpha;
        let mut along = spectrum.along.clone();
        let (mut norm, mut sse, mut gamma) = (0.0, spectrum.beside, 0.0);
        Zip::from(&mut along)
            .and(&spectrum.values)
            .for_each(|c, &s| {
                // e / (e + λ/α), written so that neither end of the range gives NaN.
                let kept = 1.0 / (1.0 + penalty / (s * s));
                let left = 1.0 / (1.0 + s * s / penalty);
                sse += (*c * left).powi(2);
                gamma += kept;
                *c = *c / s * kept;
                norm += *c * *c;
            });
        Step {
            along,
            norm,
            sse,
            gamma,
        }
    }
}

impl BayesianRidge {
    fn learn<F: Float>(
        &self,
        (n, p): (usize, usize),
        spectrum: &Spectrum,
        variance: f64,
        weights: Option<&[f64]>,
    ) -> Result<FittedBayesianRidge<F>> {
        let total: f64 = weights.map_or(n as f64, |w| w.iter().sum());
        let mut alpha = self.alpha_init.unwrap_or(1.0 / (variance + f64::EPSILON));
        let mut lambda = self.lambda_init.unwrap_or(1.0);
        let mut scores = Vec::new();
        let mut coef: Option<Array1<f64>> = None;
        let mut last_norm = 0.0;
        let (mut n_iter, mut converged) = (0, false);
        for iteration in 1..=self.max_iter {
            let step = Step::at(alpha, lambda, spectrum);
            let score = if self.compute_score {
                let score = self.score((total, p), spectrum, alpha, lambda, step.norm, step.sse);
                scores.push(score);
                Some(score)
            } else {
                None
            };
            lambda = (step.gamma + 2.0 * self.lambda_1) / (step.norm + 2.0 * self.lambda_2);
            alpha = (total - step.gamma + 2.0 * self.alpha_1) / (step.sse + 2.0 * self.alpha_2);
            check::learned(NAME, "a precision", [&lambda, &alpha])?;
            let now = spectrum.vectors.dot(&step.along);
            let moved = coef.as_ref().map(|before| {
                let each = before.iter().zip(&now);
                each.map(|(a, b)| (a - b).abs()).sum::<f64>()
            });
            (coef, last_norm, n_iter) = (Some(now), step.norm, iteration);
            self.watch
                .report(NAME, iteration, Some(self.max_iter), score)?;
            if moved.is_some_and(|moved| moved < self.tol) {
                converged = true;
                break;
            }
        }
        let step = Step::at(alpha, lambda, spectrum);
        if self.compute_score {
            // As in scikit-learn, with the coefficients of the step before.
            scores.push(self.score((total, p), spectrum, alpha, lambda, last_norm, step.sse));
        }
        let coef = spectrum.vectors.dot(&step.along);
        let model = FittedBayesianRidge {
            intercept: F::of(spectrum.y_mean - spectrum.x_mean.dot(&coef)),
            coef: coef.mapv(F::of),
            x_offset: spectrum.x_mean.mapv(F::of),
            sigma: covariance(alpha, lambda, spectrum).mapv(F::of),
            alpha,
            lambda,
            scores,
            n_iter,
            converged,
        };
        let learned = model.coef.iter().chain([&model.intercept]);
        check::learned(NAME, "a coefficient", learned)?;
        check::learned(NAME, "a covariance", &model.sigma)?;
        check::learned(NAME, "a score", &model.scores)?;
        Ok(model)
    }

    /// The log marginal likelihood, with the priors of the precisions.
    fn score(
        &self,
        (total, p): (f64, usize),
        spectrum: &Spectrum,
        alpha: f64,
        lambda: f64,
        norm: f64,
        sse: f64,
    ) -> f64 {
        let log_det: f64 = (spectrum.values.iter())
            .map(|s| (lambda + alpha * s * s).ln())
            .sum::<f64>()
            + (p - spectrum.values.len()) as f64 * lambda.ln();
        let prior = |shape: f64, rate: f64, v: f64| shape * v.ln() - rate * v;
        prior(self.lambda_1, self.lambda_2, lambda)
            + prior(self.alpha_1, self.alpha_2, alpha)
            + 0.5
                * (p as f64 * lambda.ln() + total * alpha.ln()
                    - alpha * sse
                    - lambda * norm
                    - log_det
                    - total * (2.0 * PI).ln())
    }
}

/// `(λ I + α X'X)⁻¹ = I/λ + V diag(1/(λ + α e) − 1/λ) V'`.
fn covariance(alpha: f64, lambda: f64, spectrum: &Spectrum) -> Array2<f64> {
    let (p, k) = spectrum.vectors.dim();
    let inverse = |s: &f64| 1.0 / (lambda + alpha * s * s);
    // With all directions there, nothing has to be taken from the identity.
    let rest = if k == p { 0.0 } else { 1.0 / lambda };
    let weighted = &spectrum.vectors * &spectrum.values.mapv(|s| inverse(&s) - rest);
    let mut sigma = linalg::matmul(&weighted, &spectrum.vectors.t());
    sigma.diag_mut().mapv_inplace(|v| v + rest);
    sigma
}

/// What [`BayesianRidge`] learned.
///
/// ```
/// use fitwell::{linear_model::BayesianRidge, prelude::*};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![0.9, 3.2, 4.8, 7.1]); // about 1 + 2 x
/// let model = BayesianRidge::new().fit(&x, &y)?;
/// assert!(f64::abs(model.coef()[0] - 2.0) < 0.1 && f64::abs(model.intercept() - 1.0) < 0.2);
/// assert!(1.0 / model.alpha().sqrt() < 0.5); // the deviation of the noise
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedBayesianRidge<F = f64> {
    coef: Array1<F>,
    intercept: F,
    x_offset: Array1<F>,
    sigma: Array2<F>,
    alpha: f64,
    lambda: f64,
    scores: Vec<f64>,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedBayesianRidge<F> {
    /// The precision of the coefficients.
    pub fn lambda(&self) -> f64 {
        self.lambda
    }

    /// The covariance of the coefficients, (n_features, n_features).
    pub fn sigma(&self) -> ArrayView2<'_, F> {
        self.sigma.view()
    }

    /// The log marginal likelihood before each step and at the end, n_iter + 1 values; none without `compute_score`.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }
}

posterior! {
    /// The coefficients, (n_features): the mean of their posterior distribution.
    FittedBayesianRidge of NAME
}

/// The variance of a prediction is that of the noise and what the uncertainty of the coefficients adds: `1/α + x'Σx`, with
/// x centred.
impl<F: Float> PredictStd<ArrayRef2<F>> for FittedBayesianRidge<F> {
    type Output = Array1<F>;

    fn predict_std(&self, x: &ArrayRef2<F>) -> Result<(Array1<F>, Array1<F>)> {
        let mean = self.predict(x)?;
        let std = deviations(NAME, x, None, &self.x_offset, &self.sigma, self.alpha)?;
        Ok((mean, std))
    }
}

impl<F: Float> Model for FittedBayesianRidge<F> {
    fn type_name() -> String {
        format!("FittedBayesianRidge<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(self.feature_importances())
    }

    fn validate(&self) -> Result<()> {
        self.validate_posterior()?;
        let p = self.coef.len();
        ensure::shape("sigma", &self.sigma, p, p)?;
        if !self.scores.is_empty() {
            ensure::equal("number of scores", self.scores.len() - 1, self.n_iter)?;
        }
        ensure::finite("lambda", [&self.lambda])
    }
}

impl<F: Float> fmt::Display for FittedBayesianRidge<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FittedBayesianRidge({} features, alpha {:.3e}, lambda {:.3e})",
            self.n_features_in(),
            self.alpha,
            self.lambda
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::linear_model::Ridge;
    use crate::params::Params;
    use crate::random;
    use crate::targets::Targets;
    use ndarray::{Axis, array};

    fn data(n: usize, p: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(5);
        let x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
        let w = Array1::from_shape_fn(p, |j| 1.0 - 0.3 * j as f64);
        let noise = Array1::from_shape_simple_fn(n, || 0.2 * random::standard_normal(&mut rng));
        let y = x.dot(&w) + 3.0 + noise;
        (x, y)
    }

    #[test]
    fn it_is_ridge_regression_of_the_penalty_it_learned() {
        for (n, p) in [(60, 4), (5, 9), (9, 9)] {
            let (x, y) = data(n, p);
            let model = BayesianRidge::new().fit(&x, &y).unwrap();
            let penalty = model.lambda() / model.alpha();
            let ridge = Ridge::new().alpha(penalty).fit(&x, &y).unwrap();
            for (a, b) in model.coef().iter().zip(ridge.coef()) {
                assert!((a - b).abs() < 1e-8, "{n} x {p}: {a} {b}");
            }
            assert!((model.intercept() - ridge.intercept()).abs() < 1e-8);
        }
    }

    #[test]
    fn the_covariance_is_the_inverse_of_the_precision() {
        for (n, p) in [(40, 3), (3, 6)] {
            let (x, y) = data(n, p);
            let model = BayesianRidge::new().fit(&x, &y).unwrap();
            let centred = &x - &x.mean_axis(Axis(0)).unwrap();
            let precision =
                centred.t().dot(&centred) * model.alpha() + Array2::<f64>::eye(p) * model.lambda();
            let product = precision.dot(&model.sigma());
            let far = (&product - &Array2::<f64>::eye(p)).mapv(f64::abs);
            assert!(far.iter().all(|&d| d < 1e-8), "{far}");
        }
    }

    #[test]
    fn products_and_data_give_the_same_model() {
        let (x, y) = data(300, 5);
        let weights: Vec<f64> = (0..300).map(|i| f64::from(i % 3)).collect();
        for w in [None, Some(weights.as_slice())] {
            for centre in [true, false] {
                let a = Spectrum::of_products(&x, &y, w, centre).unwrap().unwrap();
                let b = Spectrum::of_data(&x, &y, w, centre).unwrap();
                let far = (&a.values - &b.values).mapv(f64::abs);
                assert!(far.iter().all(|&d| d < 1e-11), "{far}");
                for (a, b) in a.along.iter().zip(&b.along) {
                    assert!((a - b).abs() < 1e-11);
                }
                assert!((a.y_mean - b.y_mean).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn units_of_the_columns_cost_no_digits() {
        let (mut x, y) = data(200, 4);
        let units = array![1.0, 1e3, 1e-2, 30.0];
        x *= &units;
        let a = Spectrum::of_products(&x, &y, None, true).unwrap().unwrap();
        let b = Spectrum::of_data(&x, &y, None, true).unwrap();
        for (a, b) in a.values.iter().zip(&b.values) {
            assert!((a / b - 1.0).abs() < 1e-10, "{a} {b}");
        }
    }

    #[test]
    fn weight_two_is_a_row_twice_and_zero_is_none() {
        let (x, y) = data(30, 3);
        let weights = Array1::from_shape_fn(30, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..30).flat_map(|i| vec![i; i % 3]).collect();
        let weighted = BayesianRidge::new().fit(&x, &y.weighted(&weights)).unwrap();
        let repeated = BayesianRidge::new()
            .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
            .unwrap();
        assert!((weighted.alpha() / repeated.alpha() - 1.0).abs() < 1e-10);
        assert!((weighted.lambda() / repeated.lambda() - 1.0).abs() < 1e-10);
        for (a, b) in weighted.coef().iter().zip(repeated.coef()) {
            assert!((a - b).abs() < 1e-11);
        }
    }

    #[test]
    fn an_exact_fit_keeps_the_digits_of_the_noise() {
        let (x, _) = data(50, 2);
        let y = x.dot(&array![1.0, 2.0]) + 1.0;
        let model = BayesianRidge::new().fit(&x, &y).unwrap();
        // The prior alone bounds the precision: (n − γ + 2e-6) / (sse + 2e-6).
        assert!((model.alpha() / 2.4e7 - 1.0).abs() < 1e-2, "{model}");
    }

    #[test]
    fn hostile_data() {
        // One row, a constant target, a constant column, equal rows.
        let one = BayesianRidge::new()
            .fit(&array![[2.0f64, 1.0]], &array![3.0])
            .unwrap();
        assert!((one.predict(&array![[7.0, -4.0]]).unwrap()[0] - 3.0).abs() < 1e-12);
        let x = array![[1.0f64, 0.1], [2.0, 0.1], [3.0, 0.1]];
        let flat = BayesianRidge::new()
            .fit(&x, &array![5.0, 5.0, 5.0])
            .unwrap();
        assert_eq!(flat.coef().to_vec(), [0.0, 0.0]);
        let slope = BayesianRidge::new()
            .fit(&x, &array![5.0, 6.0, 7.0])
            .unwrap();
        assert!((slope.coef()[0] - 1.0).abs() < 1e-3 && slope.coef()[1] == 0.0);
        let without = BayesianRidge::new().alpha_2(0.0).lambda_2(0.0);
        let refused = without.fit(&x, &array![5.0, 5.0, 5.0]).unwrap_err();
        assert!(
            matches!(refused.kind(), ErrorKind::Overflow { .. }),
            "{refused}"
        );
        for init in [0.0, 1e300] {
            let odd = BayesianRidge::new().alpha_init(init).lambda_init(1.0);
            let model = odd.fit(&x, &array![5.0, 6.0, 7.5]).unwrap();
            assert!(model.coef()[0].is_finite() && model.converged());
        }
        let large = x.mapv(|v| v * 1e200);
        match BayesianRidge::new().fit(&large, &array![5.0, 6.0, 7.5]) {
            Ok(model) => assert!(model.predict(&large).is_ok()),
            Err(refused) => assert!(matches!(refused.kind(), ErrorKind::Overflow { .. })),
        }
    }

    #[test]
    fn one_step_does_not_converge_and_says_so() {
        let (x, y) = data(40, 3);
        let steps = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
        let seen = std::sync::Arc::clone(&steps);
        let estimator = BayesianRidge::new()
            .max_iter(1)
            .compute_score(true)
            .observer(move |p: &crate::observer::Progress| {
                seen.lock().unwrap().push(p.value);
                std::ops::ControlFlow::Continue(())
            });
        let model = estimator.fit(&x, &y).unwrap();
        assert!(!model.converged());
        assert_eq!((model.n_iter(), model.scores().len()), (1, 2));
        assert_eq!(*steps.lock().unwrap(), [Some(model.scores()[0])]);
    }

    #[test]
    fn settings_out_of_range_and_by_name() {
        let (x, y) = data(10, 2);
        for name in [
            "alpha_1",
            "alpha_2",
            "lambda_1",
            "lambda_2",
            "alpha_init",
            "lambda_init",
        ] {
            let bad = BayesianRidge::new().with_param(name, -1.0).unwrap();
            assert!(bad.fit(&x, &y).is_err(), "{name}");
            let bad = BayesianRidge::new().with_param(name, "nan").unwrap();
            assert!(bad.fit(&x, &y).is_err(), "{name}");
        }
        assert!(BayesianRidge::new().tol(0.0).fit(&x, &y).is_err());
        assert!(BayesianRidge::new().max_iter(0).fit(&x, &y).is_err());
        let back = BayesianRidge::new()
            .alpha_init(2.0)
            .with_param("alpha_init", ())
            .unwrap();
        assert_eq!(back, BayesianRidge::new());
    }
}
