//! Automatic relevance determination: Bayesian regression with a precision of its own for each coefficient.
//!
//! With `X` and `y` centred, noise of precision α and coefficients of precisions λⱼ, a step is
//!
//! ```text
//! Σ = (α X'X + diag λ)⁻¹      w = α Σ X'y      γⱼ = 1 − λⱼ Σⱼⱼ
//! λⱼ ← (γⱼ + 2 lambda_1) / (wⱼ² + 2 lambda_2)      α ← (n − Σ γ + 2 alpha_1) / (‖y − Xw‖² + 2 alpha_2)
//! ```
//!
//! and coefficients whose λ reaches `threshold_lambda` are 0 from then on.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView2, Axis};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{ErrorKind, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::linalg::{self, Cholesky};
use crate::model::{Model, ensure};
use crate::observer::Watch;
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTarget;
use crate::traits::{Estimator, Predict, PredictStd};

use super::posterior::{deviations, posterior, posterior_setters};

const NAME: &str = "ArdRegression";

/// Bayesian regression that finds out which features matter.
///
/// The model: `y = Xw + b + noise`, noise of variance 1/α, each coefficient wⱼ of variance 1/λⱼ around 0. The precisions, with
/// Gamma priors, are those that maximise the marginal likelihood of `y`, found by fixed-point steps; the λ of a feature
/// that says nothing grows until the coefficient is taken for 0. Use it for few features that matter among many;
/// [`BayesianRidge`](super::BayesianRidge) has one λ for all.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `max_iter` | 300 | at least 1 | steps at most |
/// | `tol` | 1e-3 | `[0, inf)` | stops when the coefficients move by less than this in sum |
/// | `alpha_1`, `alpha_2` | 1e-6 | `[0, inf)` | shape and rate of the Gamma prior of α |
/// | `lambda_1`, `lambda_2` | 1e-6 | `[0, inf)` | shape and rate of the Gamma prior of each λ |
/// | `compute_score` | `false` | | keeps the objective of each step |
/// | `threshold_lambda` | 1e4 | `[0, inf)` | the λ from which on a coefficient is 0 |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
///
/// Sample weights scale the noise of each row, variance 1/(α s); scikit-learn has none here.
///
/// # Units
/// α in 1/y², λ in 1/w².
///
/// # Complexity
/// Time O(n p²) once, O(p³ + n p) a step; extra memory O(p²) and a copy of the
/// samples in `f64`.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch`; `Overflow` when a precision is not finite or the squares of
/// the data leave the range of `f64`; `Cancelled` when the observer stops it. Not converging is no error: see
/// [`converged`](FittedArdRegression::converged).
///
/// # Source
/// D. J. C. MacKay, "Bayesian nonlinear modeling for the prediction competition", ASHRAE Transactions 100 (1994). Steps and
/// numbers are scikit-learn's; f32 data are computed in f64 here. Where the target is constant, or nearly so beside a column
/// that is 0, α starts some fifteen orders of magnitude above λ: scikit-learn's pseudo-inverse then loses the precisions of
/// such columns, and its `alpha_`, `lambda_` and score are of another size; the coefficients are 0 in both.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::ArdRegression, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
/// let model = ArdRegression::new().fit(&x, &array![0.0, 1.0, 2.0])?;
/// assert!(f64::abs(model.predict(&array![[1.0, 1.0]])?[0] - 1.0) < 1e-4);
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "ARDRegression")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ArdRegression {
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
    compute_score: bool,
    #[serde(with = "crate::params::number")]
    threshold_lambda: f64,
    fit_intercept: bool,
    #[serde(skip)]
    watch: Watch,
}

impl Default for ArdRegression {
    fn default() -> Self {
        ArdRegression {
            max_iter: 300,
            tol: 1e-3,
            alpha_1: 1e-6,
            alpha_2: 1e-6,
            lambda_1: 1e-6,
            lambda_2: 1e-6,
            compute_score: false,
            threshold_lambda: 1e4,
            fit_intercept: true,
            watch: Watch::default(),
        }
    }
}

posterior_setters! {
    ArdRegression,
    /// Whether to keep the objective of each step.
    compute_score: bool => compute_score;
    /// The precision from which on a coefficient is taken for 0.
    threshold_lambda: f64 => threshold_lambda;
}

impl Hyperparameters for ArdRegression {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "max_iter", self.max_iter, 1)?;
        for (name, value) in [
            ("tol", self.tol),
            ("alpha_1", self.alpha_1),
            ("alpha_2", self.alpha_2),
            ("lambda_1", self.lambda_1),
            ("lambda_2", self.lambda_2),
            ("threshold_lambda", self.threshold_lambda),
        ] {
            check::real(NAME, name, value, Interval::at_least(0.0))?;
        }
        Ok(())
    }
}

impl fmt::Display for ArdRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for ArdRegression {
    type Fitted = FittedArdRegression<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let data = Data::new(
            x.mapv(F::f64),
            y.values().mapv(F::f64),
            weights,
            self.fit_intercept,
        )?;
        let learned = self.learn(&data)?;
        if !learned.converged {
            log::warn!(
                "{NAME} did not converge in {} iterations (tol {:.1e}): standardise the features, or raise max_iter or tol",
                learned.n_iter,
                self.tol
            );
        }
        let model = FittedArdRegression {
            intercept: F::of(data.y_mean - data.x_mean.dot(&learned.coef)),
            coef: learned.coef.mapv(F::of),
            x_offset: data.x_mean.mapv(F::of),
            sigma: learned.sigma.mapv(F::of),
            alpha: learned.alpha,
            lambda: learned.lambda,
            kept: learned.kept,
            scores: learned.scores,
            n_iter: learned.n_iter,
            converged: learned.converged,
        };
        check::learned(
            NAME,
            "a coefficient",
            model.coef.iter().chain([&model.intercept]),
        )?;
        check::learned(NAME, "a covariance", &model.sigma)?;
        check::learned(NAME, "a score", &model.scores)?;
        Ok(model)
    }
}

/// Centred data and their products.
struct Data {
    x: Array2<f64>,
    y: Array1<f64>,
    weights: Option<Vec<f64>>,
    total: f64,
    x_mean: Array1<f64>,
    y_mean: f64,
    xtx: Array2<f64>,
    xty: Array1<f64>,
}

impl Data {
    fn new(
        mut x: Array2<f64>,
        mut y: Array1<f64>,
        weights: Option<Vec<f64>>,
        centre: bool,
    ) -> Result<Self> {
        let column = y.view().insert_axis(Axis(1));
        let m = linalg::moments(&x, Some(&column), weights.as_deref(), centre)?;
        let (x_mean, y_mean) = (m.x_mean, m.y_mean[0]);
        x -= &x_mean;
        y -= y_mean;
        Ok(Data {
            x,
            y,
            weights,
            total: m.weight_sum,
            x_mean,
            y_mean,
            xtx: m.xtx,
            xty: m.xty.column(0).to_owned(),
        })
    }

    /// Σ s (y − x·w)².
    fn squares(&self, coef: &Array1<f64>) -> f64 {
        let r = &self.y - &self.x.dot(coef);
        match &self.weights {
            None => r.dot(&r),
            Some(w) => r.iter().zip(w).map(|(r, s)| s * r * r).sum(),
        }
    }
}

struct Learned {
    coef: Array1<f64>,
    sigma: Array2<f64>,
    alpha: f64,
    lambda: Vec<f64>,
    kept: Vec<bool>,
    scores: Vec<f64>,
    n_iter: usize,
    converged: bool,
}

/// Σ of the kept features and the logarithm of its determinant. With fewer rows than features by way of a matrix of the
/// rows (Woodbury), which keeps the digits that the products of the features lose there.
fn covariance(
    data: &Data,
    alpha: f64,
    lambda: &[f64],
    kept: &[usize],
) -> Result<(Array2<f64>, f64)> {
    let (n, p) = data.x.dim();
    if n >= p {
        let mut precision = data.xtx.select(Axis(0), kept).select(Axis(1), kept) * alpha;
        for (d, &j) in precision.diag_mut().iter_mut().zip(kept) {
            *d += lambda[j];
        }
        return inverse(&precision).map(|(sigma, log_det)| (sigma, -log_det));
    }
    let mut x = data.x.select(Axis(1), kept);
    if let Some(w) = &data.weights {
        for (mut row, w) in x.rows_mut().into_iter().zip(w) {
            row *= w.sqrt();
        }
    }
    let variances: Array1<f64> = kept.iter().map(|&j| 1.0 / lambda[j]).collect();
    let spread = &x * &variances;
    let mut of_rows = spread.dot(&x.t());
    of_rows.diag_mut().mapv_inplace(|d| d + 1.0 / alpha);
    let (inner, log_det) = inverse(&of_rows)?;
    let mut sigma = -spread.t().dot(&inner.dot(&spread));
    for (d, v) in sigma.diag_mut().iter_mut().zip(&variances) {
        *d += v;
    }
    let of_variances: f64 = variances.iter().map(|v| v.ln()).sum();
    Ok((sigma, of_variances - log_det - n as f64 * alpha.ln()))
}

/// The inverse of a symmetric matrix and the logarithm of its determinant; where it is singular to rounding those of the
/// directions that are not.
fn inverse(a: &Array2<f64>) -> Result<(Array2<f64>, f64)> {
    if let Ok(factor) = Cholesky::new(a) {
        return Ok((factor.solve(&Array2::eye(a.nrows()))?, factor.log_det()));
    }
    let found = linalg::eigh(a).map_err(|_| ErrorKind::Overflow {
        estimator: NAME.into(),
        what: "a precision".into(),
    })?;
    let largest = found.values.iter().fold(0.0f64, |m, v| m.max(v.abs()));
    let least = f64::EPSILON * a.nrows() as f64 * largest;
    let (mut log_det, mut weighted) = (0.0, found.vectors.clone());
    for (mut column, &v) in weighted.columns_mut().into_iter().zip(&found.values) {
        if v > least {
            log_det += v.ln();
            column /= v;
        } else {
            column.fill(0.0);
        }
    }
    Ok((weighted.dot(&found.vectors.t()), log_det))
}

fn coefficients(
    data: &Data,
    alpha: f64,
    sigma: &Array2<f64>,
    kept: &[usize],
    coef: &mut Array1<f64>,
) {
    let found = sigma.dot(&data.xty.select(Axis(0), kept)) * alpha;
    for (&j, v) in kept.iter().zip(&found) {
        coef[j] = *v;
    }
}

impl ArdRegression {
    fn learn(&self, data: &Data) -> Result<Learned> {
        let p = data.x.ncols();
        // The variance of y about its mean, also where the data count as centred.
        let mean = super::glm::mean(&data.y.to_vec(), data.weights.as_deref());
        let variance = match &data.weights {
            None => data.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>(),
            Some(w) => data
                .y
                .iter()
                .zip(w)
                .map(|(y, s)| s * (y - mean).powi(2))
                .sum(),
        } / data.total;
        let mut alpha = 1.0 / (variance + f64::EPSILON);
        let mut lambda = vec![1.0; p];
        let mut kept: Vec<usize> = (0..p).collect();
        let mut coef = Array1::<f64>::zeros(p);
        let mut before: Option<Array1<f64>> = None;
        let mut scores = Vec::new();
        let (mut n_iter, mut converged) = (0, false);
        for iteration in 1..=self.max_iter {
            n_iter = iteration;
            let (sigma, log_det) = covariance(data, alpha, &lambda, &kept)?;
            coefficients(data, alpha, &sigma, &kept, &mut coef);
            let squares = data.squares(&coef);
            let mut determined = 0.0;
            for (l, &j) in kept.iter().enumerate() {
                // Rounding knows no bounds; γ does.
                let gamma = (1.0 - lambda[j] * sigma[[l, l]]).clamp(0.0, 1.0);
                determined += gamma;
                lambda[j] =
                    (gamma + 2.0 * self.lambda_1) / (coef[j] * coef[j] + 2.0 * self.lambda_2);
            }
            let free = (data.total - determined).max(0.0);
            alpha = (free + 2.0 * self.alpha_1) / (squares + 2.0 * self.alpha_2);
            check::learned(NAME, "a precision", lambda.iter().chain([&alpha]))?;
            kept = (0..p)
                .filter(|&j| lambda[j] < self.threshold_lambda)
                .collect();
            for j in 0..p {
                if lambda[j] >= self.threshold_lambda {
                    coef[j] = 0.0;
                }
            }
            let mut score = None;
            if self.compute_score {
                let prior: f64 = lambda
                    .iter()
                    .map(|l| self.lambda_1 * l.ln() - self.lambda_2 * l)
                    .sum();
                let norm: f64 = lambda.iter().zip(&coef).map(|(l, w)| l * w * w).sum();
                let value = prior + self.alpha_1 * alpha.ln() - self.alpha_2 * alpha
                    + 0.5
                        * (log_det
                            + data.total * alpha.ln()
                            + lambda.iter().map(|l| l.ln()).sum::<f64>())
                    - 0.5 * (alpha * squares + norm);
                scores.push(value);
                score = Some(value);
            }
            self.watch
                .report(NAME, iteration, Some(self.max_iter), score)?;
            let moved = before.map(|b: Array1<f64>| (&b - &coef).mapv(f64::abs).sum());
            if kept.is_empty() || moved.is_some_and(|moved| moved < self.tol) {
                converged = true;
                break;
            }
            before = Some(coef.clone());
        }
        let sigma = if kept.is_empty() {
            Array2::zeros((0, 0))
        } else {
            let (sigma, _) = covariance(data, alpha, &lambda, &kept)?;
            coefficients(data, alpha, &sigma, &kept, &mut coef);
            sigma
        };
        let mut mask = vec![false; p];
        for &j in &kept {
            mask[j] = true;
        }
        Ok(Learned {
            coef,
            sigma,
            alpha,
            lambda,
            kept: mask,
            scores,
            n_iter,
            converged,
        })
    }
}

/// What [`ArdRegression`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedArdRegression<F = f64> {
    coef: Array1<F>,
    intercept: F,
    x_offset: Array1<F>,
    sigma: Array2<F>,
    alpha: f64,
    lambda: Vec<f64>,
    kept: Vec<bool>,
    scores: Vec<f64>,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedArdRegression<F> {
    /// The precision of each coefficient.
    pub fn lambda(&self) -> &[f64] {
        &self.lambda
    }

    /// Which features were kept.
    pub fn kept(&self) -> &[bool] {
        &self.kept
    }

    /// The covariance of the coefficients of the features that were kept.
    pub fn sigma(&self) -> ArrayView2<'_, F> {
        self.sigma.view()
    }

    /// The objective of each step; none without `compute_score`.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }
}

posterior! {
    /// The coefficients, (n_features): the mean of their posterior distribution, 0 for the features that were dropped.
    FittedArdRegression of NAME
}

/// The variance of a prediction is that of the noise and what the uncertainty of the coefficients adds: `1/α + x'Σx`, with
/// x centred.
impl<F: Float> PredictStd<ArrayRef2<F>> for FittedArdRegression<F> {
    type Output = Array1<F>;

    fn predict_std(&self, x: &ArrayRef2<F>) -> Result<(Array1<F>, Array1<F>)> {
        let mean = self.predict(x)?;
        let columns: Vec<usize> = (0..self.kept.len()).filter(|&j| self.kept[j]).collect();
        let std = deviations(
            NAME,
            x,
            Some(&columns),
            &self.x_offset,
            &self.sigma,
            self.alpha,
        )?;
        Ok((mean, std))
    }
}

impl<F: Float> Model for FittedArdRegression<F> {
    fn type_name() -> String {
        format!("FittedArdRegression<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(self.feature_importances())
    }

    fn validate(&self) -> Result<()> {
        self.validate_posterior()?;
        let p = self.coef.len();
        let k = self.kept.iter().filter(|kept| **kept).count();
        ensure::equal("length of `lambda`", self.lambda.len(), p)?;
        ensure::equal("length of `kept`", self.kept.len(), p)?;
        ensure::shape("sigma", &self.sigma, k, k)?;
        if !self.scores.is_empty() {
            ensure::equal("number of scores", self.scores.len(), self.n_iter)?;
        }
        ensure::finite("lambda", &self.lambda)
    }
}

impl<F: Float> fmt::Display for FittedArdRegression<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = self.kept.iter().filter(|kept| **kept).count();
        write!(
            f,
            "FittedArdRegression({kept} of {} features kept, alpha {:.3e})",
            self.n_features_in(),
            self.alpha
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::targets::Targets;

    fn data(n: usize, p: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(5);
        let x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
        let noise = Array1::from_shape_simple_fn(n, || 0.1 * random::standard_normal(&mut rng));
        let y = &x.column(0) * 2.0 - x.column(1) + 3.0 + noise;
        (x, y)
    }

    #[test]
    fn features_that_say_nothing_are_dropped() {
        let (x, y) = data(100, 12);
        let model = ArdRegression::new().fit(&x, &y).unwrap();
        assert!((model.coef()[0] - 2.0).abs() < 0.05 && (model.coef()[1] + 1.0).abs() < 0.05);
        assert!(model.kept()[0] && model.kept()[1]);
        assert!(model.kept().iter().filter(|k| **k).count() < 8, "{model}");
        for j in 0..12 {
            assert_eq!(model.coef()[j] == 0.0, !model.kept()[j]);
        }
        let (_, std) = model.predict_std(&x).unwrap();
        assert!(std.iter().all(|s| (0.08..0.15).contains(s)));
    }

    #[test]
    fn weight_two_is_a_row_twice_and_zero_is_none() {
        let (x, y) = data(40, 5);
        let w = Array1::from_shape_fn(40, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..40).flat_map(|i| vec![i; i % 3]).collect();
        let a = ArdRegression::new().fit(&x, &y.weighted(&w)).unwrap();
        let b = ArdRegression::new()
            .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
            .unwrap();
        assert!((&a.coef() - &b.coef()).iter().all(|d| d.abs() < 1e-9));
        assert!((a.alpha() / b.alpha() - 1.0).abs() < 1e-8);
    }

    #[test]
    fn nothing_is_left_of_a_target_without_relation() {
        let (x, _) = data(30, 3);
        let model = ArdRegression::new()
            .fit(&x, &Array1::from_elem(30, 2.0))
            .unwrap();
        assert!(model.coef().iter().all(|w| w.abs() < 1e-6));
        assert!((model.intercept() - 2.0).abs() < 1e-6);
        assert!(
            ArdRegression::new()
                .tol(-1.0)
                .fit(&x, &x.column(0))
                .is_err()
        );
    }

    #[test]
    fn the_noise_has_a_precision_however_much_cancels() {
        // α begins at 1/ε, and to rounding 5 rows determine more than 5 coefficients in one of five such cases.
        for seed in 0..20 {
            let mut rng = random::generator(seed);
            let x = Array2::from_shape_simple_fn((5, 15), || {
                1000.0 + 1000.0 * random::standard_normal(&mut rng)
            });
            let model = ArdRegression::new()
                .compute_score(true)
                .fit(&x, &Array1::from_elem(5, 1e-4))
                .unwrap();
            assert!(model.alpha() > 0.0 && model.lambda().iter().all(|l| *l > 0.0));
            let (mean, std) = model.predict_std(&x).unwrap();
            assert!(mean.iter().all(|m| (m - 1e-4).abs() < 1e-8));
            assert!(std.iter().all(|s| *s > 0.0 && s.is_finite()));
        }
    }

    #[test]
    fn a_constant_target_of_dependent_features_has_no_coefficients() {
        let base = Array2::from_shape_fn((12, 3), |(i, j)| ((i * (3 + 2 * j)) % 7) as f64 - 3.0);
        let sum = (&base.column(0) + &base.column(1)).insert_axis(Axis(1));
        let dependent = ndarray::concatenate![Axis(1), base, sum];
        let wide = Array2::from_shape_fn((4, 9), |(i, j)| ((i * i + 3 * j) % 5) as f64);
        for x in [dependent, wide] {
            let y = Array1::from_elem(x.nrows(), 2.5);
            let model = ArdRegression::new()
                .compute_score(true)
                .fit(&x, &y)
                .unwrap();
            let predicted = model.predict(&x).unwrap();
            assert!(
                predicted.iter().all(|v: &f64| (v - 2.5).abs() < 1e-6),
                "{predicted}"
            );
        }
    }
}
