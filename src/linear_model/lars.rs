//! Least angle regression, and the lasso by it.

use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef2, ArrayView1, ArrayView2, Ix1, Ix2};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::coordinate_descent::{Problem, estimator};
use super::lars_path::{Course, LarsPath, Rows, lars_path};
use super::linear_regression::LinearRegression;
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linear_model::linear_regressor::linear_regressor;
use crate::observer::Watch;
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::{RealTarget, RealTargets, TargetDim, Targets};
use crate::traits::{Estimator, Predict};

estimator! {
    /// Least angle regression: features enter one at a time, the one most correlated with what is left first.
    ///
    /// The coefficients of the features that have entered move together so that their correlations with the residual stay
    /// equal, until another feature's is as large. The path ends with `n_nonzero_coefs` features, or at the least squares.
    /// Use it where the number of features to keep is known, and for the whole path at the price of one fit. Standardise
    /// the features first.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `n_nonzero_coefs` | 500 | at least 1 | steps at most, each of which adds a feature |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `eps` | 2.2e-16 | `[0, inf)` | the least diagonal of the Cholesky factor of the active features |
    /// | `fit_path` | `true` | | `false` keeps only the end of the path |
    /// | `jitter` | none | `[0, inf)` | adds noise from [0, jitter) to the target, so that no two features enter at once |
    /// | `random_state` | 0 | | the seed of that noise |
    ///
    /// Sample weights weigh the rows, which scikit-learn's does not offer. A feature that depends on those that are active
    /// is left out, with a warning in the log; the others are not disturbed by it. `precompute` and `copy_X` have no
    /// counterpart: they change no result.
    ///
    /// # Complexity
    /// Time O(n p²) for n > p, where the products of the features are formed once, and O(p k) for a step with k features;
    /// otherwise O(n p) for a step. Extra memory O(p²) or O(p k).
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch`; `Overflow`; `Cancelled` when the observer stops it.
    ///
    /// # Source
    /// B. Efron, T. Hastie, I. Johnstone, R. Tibshirani (2004), Least angle regression. Steps and endings are scikit-learn's.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::Lars, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[-1.0, 1.0], [0.0, 0.0], [1.0, 1.0]];
    /// let model = Lars::new().n_nonzero_coefs(1).fit(&x, &array![-1.1111, 0.0, -1.1111])?;
    /// assert_eq!(model.active(), [1]);
    /// assert!(f64::abs(model.coef()[1] + 1.1111) < 1e-12);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct Lars {
        n_nonzero_coefs: usize = 500 => "Steps at most, each of which adds a feature.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        #[serde(with = "crate::params::number")]
        eps: f64 = f64::EPSILON => "The least diagonal of the Cholesky factor of the active features.";
        fit_path: bool = true => "Whether to keep the whole path.";
        #[serde(with = "crate::params::optional_number")]
        jitter: Option<f64> = None => "Noise that is added to the target, from 0 up to this.";
        random_state: u64 = 0 => "The seed of the noise.";
    }
    check(this) {
        check::count(Self::NAME, "n_nonzero_coefs", this.n_nonzero_coefs, 1)?;
        check::real(Self::NAME, "eps", this.eps, Interval::at_least(0.0))?;
        check::real(Self::NAME, "jitter", this.jitter.unwrap_or(0.0), Interval::at_least(0.0))
    }
}

estimator! {
    /// The lasso by least angle regression: its whole path down to `alpha`, exactly.
    ///
    /// Minimises over `w` (n_features) and `b`, for each target `y` by itself:
    ///
    /// ```text
    /// Σᵢ sᵢ (yᵢ − xᵢ·w − b)² / (2 Σᵢ sᵢ) + alpha ‖w‖₁
    /// ```
    ///
    /// as [`Lasso`](super::Lasso) does, by the steps of [`Lars`] with a rule for coefficients that reach 0: their feature
    /// leaves. There is no tolerance: the path is exact at every penalty, and straight between its corners. Use it where
    /// corners are wanted, or where few features matter; where features nearly depend on one another
    /// [`Lasso`](super::Lasso) is steadier.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `alpha` | 1.0 | `[0, inf)` | the penalty at which the path ends |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 500 | | steps at most |
    /// | `eps` | 2.2e-16 | `[0, inf)` | the least diagonal of the Cholesky factor of the active features |
    /// | `fit_path` | `true` | | `false` keeps only the end of the path |
    /// | `positive` | `false` | | `true` lets only features enter whose coefficient is above 0 |
    /// | `jitter` | none | `[0, inf)` | adds noise from [0, jitter) to the target |
    /// | `random_state` | 0 | | the seed of that noise |
    ///
    /// # Complexity, errors
    /// As [`Lars`].
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::LassoLars, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[-1.0, 1.0], [0.0, 0.0], [1.0, 1.0]];
    /// let model = LassoLars::new().alpha(0.01).fit(&x, &array![-1.0, 0.0, -1.0])?;
    /// assert!(model.coef()[0] == 0.0 && f64::abs(model.coef()[1] + 0.955) < 1e-12);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct LassoLars {
        #[serde(with = "crate::params::number")]
        alpha: f64 = 1.0 => "The penalty at which the path ends.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        max_iter: usize = 500 => "Steps at most.";
        #[serde(with = "crate::params::number")]
        eps: f64 = f64::EPSILON => "The least diagonal of the Cholesky factor of the active features.";
        fit_path: bool = true => "Whether to keep the whole path.";
        positive: bool = false => "Whether coefficients must not be negative.";
        #[serde(with = "crate::params::optional_number")]
        jitter: Option<f64> = None => "Noise that is added to the target, from 0 up to this.";
        random_state: u64 = 0 => "The seed of the noise.";
    }
    check(this) {
        check::real(Self::NAME, "alpha", this.alpha, Interval::at_least(0.0))?;
        check::real(Self::NAME, "eps", this.eps, Interval::at_least(0.0))?;
        check::real(Self::NAME, "jitter", this.jitter.unwrap_or(0.0), Interval::at_least(0.0))
    }
}

/// What a choice among models weighs their number of features by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InformationCriterion {
    /// Akaike's: 2 for each feature.
    #[default]
    Aic,
    /// The Bayesian: log n for each feature, which keeps fewer.
    Bic,
}

estimator! {
    /// [`LassoLars`] at the corner of its path that an information criterion prefers.
    ///
    /// With d features whose coefficient is not 0 and the variance σ² of the noise, the criterion of a corner is
    ///
    /// ```text
    /// n log(2π σ²) + ‖y − Xw − b‖² / σ² + 2 d         (aic; log(n) d for bic)
    /// ```
    ///
    /// and the least wins. It costs one fit, where cross-validation costs one for each fold, but trusts the model: use it
    /// where n is well above p and the noise is near normal. With sample weights n is their sum.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `criterion` | [`InformationCriterion::Aic`] | | |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 500 | | steps of the path at most |
    /// | `eps` | 2.2e-16 | `[0, inf)` | the least diagonal of the Cholesky factor of the active features |
    /// | `positive` | `false` | | `true` lets only features enter whose coefficient is above 0 |
    /// | `noise_variance` | none | `(0, inf)` | σ²; without it that of the residuals of least squares on all features |
    ///
    /// # Errors
    /// As [`Lars`]; `TooFewSamples` without `noise_variance` where n is not above the number of coefficients;
    /// `InvalidInput` where least squares leave no residual.
    ///
    /// # Source
    /// H. Zou, T. Hastie, R. Tibshirani (2007), On the degrees of freedom of the lasso.
    ///
    /// # Examples
    /// ```
    /// use fitwell::linear_model::{InformationCriterion, LassoLarsIc};
    /// use fitwell::prelude::*;
    ///
    /// let diabetes = fitwell::datasets::load_diabetes()?;
    /// let model = LassoLarsIc::new().criterion(InformationCriterion::Bic).fit(&diabetes.x, &diabetes.target)?;
    /// let least = model.criterion().iter().copied().fold(f64::INFINITY, f64::min);
    /// let place = model.criterion().iter().position(|&c| c == least).unwrap();
    /// assert_eq!(model.alphas()[place], model.alpha());
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "LassoLarsIC")]
    pub struct LassoLarsIc {
        criterion: InformationCriterion = InformationCriterion::Aic => "What the number of features is weighed by.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        max_iter: usize = 500 => "Steps of the path at most.";
        #[serde(with = "crate::params::number")]
        eps: f64 = f64::EPSILON => "The least diagonal of the Cholesky factor of the active features.";
        positive: bool = false => "Whether coefficients must not be negative.";
        #[serde(with = "crate::params::optional_number")]
        noise_variance: Option<f64> = None => "The variance of the noise; without it that of the residuals of least squares.";
    }
    check(this) {
        check::real(Self::NAME, "eps", this.eps, Interval::at_least(0.0))?;
        check::real(Self::NAME, "noise_variance", this.noise_variance.unwrap_or(1.0), Interval::above(0.0))
    }
}

/// What the fits have in common.
struct Settings {
    name: &'static str,
    fit_intercept: bool,
    jitter: Option<f64>,
    random_state: u64,
    fit_path: bool,
    course: Course,
}

/// The paths of the targets, with coefficients (n_targets, n_features) and intercepts at their ends.
struct Found<F> {
    coef: Array2<F>,
    intercept: Array1<F>,
    paths: Vec<LarsPath>,
    weight: f64,
    /// (n_features), (n_targets)
    means: (Vec<f64>, Vec<f64>),
}

fn run<F: Float, Y: RealTargets<F> + ?Sized>(
    settings: &Settings,
    x: &ArrayRef2<F>,
    y: &Y,
    watch: &Watch,
) -> Result<Found<F>> {
    let name = settings.name;
    check::not_empty(x)?;
    check::target(y, x.nrows())?;
    let weights = y.sample_weight().map(|w| w.to_vec());
    let mut noisy = None;
    if let Some(jitter) = settings.jitter.filter(|&j| j > 0.0) {
        let mut rng = random::generator(settings.random_state);
        check::finite(&y.columns(), "y")?;
        let mut y = y.columns().to_owned();
        for mut row in y.rows_mut() {
            let noise = F::of(rng.random_range(0.0..jitter));
            row.mapv_inplace(|v| v + noise);
        }
        check::learned(name, "the target with its noise", &y)?;
        noisy = Some(y);
    }
    let columns = y.columns();
    let target = noisy.as_ref().map_or(columns, |y| y.view());
    let problem = Problem::new(name, x, &target, weights.as_deref(), settings.fit_intercept)?;
    let mut rows = Rows::new(&problem);
    let t = target.ncols();
    let mut paths = Vec::with_capacity(t);
    for k in 0..t {
        paths.push(lars_path(name, &mut rows, k, settings.course));
        watch.report(name, k + 1, Some(t), None)?;
    }
    let end = |k: usize| paths[k].coefs.last().map_or(&[][..], |w| &w[..]);
    let coef = Array2::from_shape_fn((t, x.ncols()), |(k, j)| end(k)[j]);
    let intercept = problem.intercepts(&coef).mapv(F::of);
    let coef = coef.mapv(F::of);
    check::learned(name, "a coefficient", coef.iter().chain(&intercept))?;
    Ok(Found {
        coef,
        intercept,
        weight: problem.centred.weight(),
        means: (
            problem.centred.mean().to_vec(),
            problem.response.mean.clone(),
        ),
        paths,
    })
}

/// The corners that are kept: penalties, coefficients (n_features, n_corners).
fn corners<F: Float>(path: &LarsPath, all: bool) -> (Vec<f64>, Array2<F>) {
    let first = if all { 0 } else { path.alphas.len() - 1 };
    let coefs = &path.coefs[first..];
    let p = coefs.first().map_or(0, Vec::len);
    let coefs = Array2::from_shape_fn((p, coefs.len()), |(j, i)| F::of(coefs[i][j]));
    (path.alphas[first..].to_vec(), coefs)
}

/// The fit of an estimator with `settings()`, each target by itself, and its fitted model.
macro_rules! lars_model {
    ($(#[$doc:meta])* pub struct $fitted:ident of $estimator:ident, sparse $sparse:literal) => {
        impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for $estimator {
            type Fitted = $fitted<F, Y::Dim>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check()?;
                let settings = self.settings();
                let found = run(&settings, x, y, &self.watch)?;
                let kept = found.paths.iter().map(|path| corners(path, settings.fit_path));
                let (alphas, coef_path) = kept.unzip();
                Ok($fitted {
                    coef: found.coef,
                    intercept: found.intercept,
                    alphas,
                    coef_path,
                    active: found.paths.iter().map(|path| path.active.clone()).collect(),
                    n_iter: found.paths.iter().map(|path| path.n_iter).collect(),
                    converged: found.paths.iter().all(|path| path.completed),
                    dim: PhantomData,
                })
            }
        }

        linear_regressor! {
            $(#[$doc])*
            pub struct $fitted of $estimator {
                alphas: Vec<Vec<f64>>,
                /// (n_features, n_corners) for each target
                coef_path: Vec<Array2<F>>,
                active: Vec<Vec<usize>>,
                n_iter: Vec<usize>,
                converged: bool,
            }
            validate(this) {
                let (targets, features) = this.coef.dim();
                ensure::equal("length of `alphas`", this.alphas.len(), targets)?;
                ensure::equal("length of `coef_path`", this.coef_path.len(), targets)?;
                ensure::equal("length of `active`", this.active.len(), targets)?;
                ensure::equal("length of `n_iter`", this.n_iter.len(), targets)?;
                for (alphas, path) in this.alphas.iter().zip(&this.coef_path) {
                    ensure::at_least("corners of a path", alphas.len(), 1)?;
                    ensure::shape("coef_path", path, features, alphas.len())?;
                    ensure::non_negative("alphas", alphas)?;
                }
                for active in &this.active {
                    ensure::indices("active", active, features)?;
                }
            }
            sparse(_this) { $sparse }
        }

        impl<F: Float> $fitted<F, Ix1> {
            /// The penalty at each corner of the path, falling: the greatest correlation of a feature with what is left.
            pub fn alphas(&self) -> ArrayView1<'_, f64> {
                ArrayView1::from(&self.alphas[0][..])
            }

            /// The coefficients at each corner, (n_features, n_corners); the last only without `fit_path`.
            pub fn coef_path(&self) -> ArrayView2<'_, F> {
                self.coef_path[0].view()
            }

            /// The features of the end of the path, in the order in which they came.
            pub fn active(&self) -> &[usize] {
                &self.active[0]
            }

            /// Steps of the path.
            pub fn n_iter(&self) -> usize {
                self.n_iter[0]
            }
        }

        impl<F: Float> $fitted<F, Ix2> {
            /// The penalties at the corners of each target's path.
            pub fn alphas(&self) -> &[Vec<f64>] {
                &self.alphas
            }

            /// The coefficients at the corners of each target's path, (n_features, n_corners); the last only without
            /// `fit_path`.
            pub fn coef_path(&self) -> &[Array2<F>] {
                &self.coef_path
            }

            /// The features of the end of each target's path, in the order in which they came.
            pub fn active(&self) -> &[Vec<usize>] {
                &self.active
            }

            /// Steps of each target's path.
            pub fn n_iter(&self) -> &[usize] {
                &self.n_iter
            }
        }

        impl<F: Float, D: TargetDim> $fitted<F, D> {
            /// Whether every path went as far as it was to go, and did not end early for rounding.
            pub fn converged(&self) -> bool {
                self.converged
            }
        }
    };
}

impl Lars {
    fn settings(&self) -> Settings {
        Settings {
            name: Self::NAME,
            fit_intercept: self.fit_intercept,
            jitter: self.jitter,
            random_state: self.random_state,
            fit_path: self.fit_path,
            course: Course {
                lasso: false,
                positive: false,
                alpha_min: 0.0,
                max_iter: self.n_nonzero_coefs,
                eps: self.eps,
            },
        }
    }
}

impl LassoLars {
    fn settings(&self) -> Settings {
        Settings {
            name: Self::NAME,
            fit_intercept: self.fit_intercept,
            jitter: self.jitter,
            random_state: self.random_state,
            fit_path: self.fit_path,
            course: Course {
                lasso: true,
                positive: self.positive,
                alpha_min: self.alpha,
                max_iter: self.max_iter,
                eps: self.eps,
            },
        }
    }
}

lars_model! {
    /// What [`Lars`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several
    /// ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedLars of Lars, sparse false
}

lars_model! {
    /// What [`LassoLars`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several
    /// ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedLassoLars of LassoLars, sparse true
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for LassoLarsIc {
    type Fitted = FittedLassoLarsIc<F, Ix1>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::not_empty(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let weights = y.sample_weight().cloned();
        let weights = weights.unwrap_or_else(|| Array1::ones(x.nrows()));
        let y = y.values().weighted(&weights);
        let settings = Settings {
            name: Self::NAME,
            fit_intercept: self.fit_intercept,
            jitter: None,
            random_state: 0,
            fit_path: true,
            course: Course {
                lasso: true,
                positive: self.positive,
                alpha_min: 0.0,
                max_iter: self.max_iter,
                eps: self.eps,
            },
        };
        let found = run(&settings, x, &y, &self.watch)?;
        let path = &found.paths[0];
        let n = found.weight;
        let noise_variance = match self.noise_variance {
            Some(given) => given,
            None => self.noise_of(x, &y, n)?,
        };
        let per_feature = match self.criterion {
            InformationCriterion::Aic => 2.0,
            InformationCriterion::Bic => n.ln(),
        };
        let criterion: Vec<f64> = path
            .squares
            .iter()
            .zip(&path.coefs)
            .map(|(&square, coef)| {
                let features = coef.iter().filter(|w| w.abs() > F::EPSILON.f64()).count();
                n * (2.0 * std::f64::consts::PI * noise_variance).ln()
                    + square.max(0.0) / noise_variance
                    + per_feature * features as f64
            })
            .collect();
        check::learned(Self::NAME, "the criterion", &criterion)?;
        let best = (0..criterion.len())
            .min_by(|&a, &b| criterion[a].total_cmp(&criterion[b]))
            .unwrap_or(0);
        let coef = Array2::from_shape_fn((1, x.ncols()), |(_, j)| path.coefs[best][j]);
        let (x_mean, y_mean) = &found.means;
        let known: f64 = coef.iter().zip(x_mean).map(|(w, m)| w * m).sum();
        let intercept = Array1::from_elem(1, F::of(y_mean[0] - known));
        let coef = coef.mapv(F::of);
        check::learned(Self::NAME, "a coefficient", coef.iter().chain(&intercept))?;
        Ok(FittedLassoLarsIc {
            coef,
            intercept,
            alpha: path.alphas[best],
            alphas: path.alphas.clone().into(),
            criterion: criterion.into(),
            noise_variance,
            n_iter: path.n_iter,
            converged: path.completed,
            dim: PhantomData,
        })
    }
}

impl LassoLarsIc {
    /// The variance of what least squares on all features leave, of rows that weigh `n`.
    fn noise_of<F: Float, Y: RealTargets<F, Dim = Ix1> + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        n: f64,
    ) -> Result<f64> {
        let coefficients = x.ncols() + usize::from(self.fit_intercept);
        let free = n - coefficients as f64;
        if free <= 0.0 {
            return Err(crate::ErrorKind::TooFewSamples {
                what: format!(
                    "{}: the variance of the noise (set `noise_variance`)",
                    Self::NAME
                ),
                needed: coefficients + 1,
                got: x.nrows(),
            }
            .into());
        }
        let model = LinearRegression::new()
            .fit_intercept(self.fit_intercept)
            .positive(self.positive)
            .fit(x, y)?;
        let predicted = model.predict(x)?;
        let weight = |i: usize| y.sample_weight().map_or(1.0, |w| w[i]);
        let each = y.columns().index_axis_move(ndarray::Axis(1), 0).to_owned();
        let square: f64 = each
            .iter()
            .zip(&predicted)
            .enumerate()
            .map(|(i, (y, p))| weight(i) * (y.f64() - p.f64()).powi(2))
            .sum();
        if square <= 0.0 {
            return Err(Error::invalid_input(
                Self::NAME,
                "least squares leave no residual to know the noise by: set `noise_variance`",
            ));
        }
        Ok(square / free)
    }
}

linear_regressor! {
    /// What [`LassoLarsIc`] learned.
    pub struct FittedLassoLarsIc of LassoLarsIc {
        alpha: f64,
        alphas: Array1<f64>,
        criterion: Array1<f64>,
        noise_variance: f64,
        n_iter: usize,
        converged: bool,
    }
    validate(this) {
        ensure::at_least("corners of the path", this.alphas.len(), 1)?;
        ensure::equal("length of `criterion`", this.criterion.len(), this.alphas.len())?;
        ensure::non_negative("alphas", &this.alphas)?;
        ensure::non_negative("alpha", [&this.alpha])?;
        ensure::positive("noise_variance", [&this.noise_variance])?;
    }
    sparse(_this) { true }
}

impl<F: Float> FittedLassoLarsIc<F, Ix1> {
    /// The penalty of the least criterion.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// The penalty at each corner of the path, falling.
    pub fn alphas(&self) -> ArrayView1<'_, f64> {
        self.alphas.view()
    }

    /// The criterion at each corner.
    pub fn criterion(&self) -> ArrayView1<'_, f64> {
        self.criterion.view()
    }

    /// The variance of the noise, given or found.
    pub fn noise_variance(&self) -> f64 {
        self.noise_variance
    }

    /// Steps of the path.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the path went as far as it was to go, and did not end early for rounding.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Axis, concatenate, s, stack};

    use super::*;
    use crate::linear_model::Lasso;

    fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(seed);
        let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
        let y = Array1::from_shape_fn(n, |i| {
            x.row(i).iter().take(3).sum::<f64>() * 2.0 + rng.random_range(-0.5..0.5) + 1.0
        });
        (x, y)
    }

    #[test]
    fn it_ends_where_coordinate_descent_does() {
        for (n, p) in [(40, 8), (12, 25)] {
            let (x, y) = data(n, p, 1);
            let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
            let y = y.weighted(&weights);
            for alpha in [0.3, 0.05, 0.01] {
                for (positive, intercept) in [(false, true), (false, false), (true, true)] {
                    let exact = LassoLars::new().alpha(alpha).positive(positive);
                    let exact = exact.fit_intercept(intercept).fit(&x, &y).unwrap();
                    let descent = Lasso::new().alpha(alpha).positive(positive).tol(1e-14);
                    let descent = descent.fit_intercept(intercept).max_iter(100_000);
                    let descent = descent.fit(&x, &y).unwrap();
                    for (a, b) in exact.coef().iter().zip(descent.coef()) {
                        assert!((a - b).abs() < 1e-5, "{n} {alpha} {positive}: {a} {b}");
                    }
                    assert!(exact.converged());
                }
            }
        }
    }

    #[test]
    fn every_corner_has_equal_correlations() {
        let (x, y) = data(50, 7, 2);
        let model = Lars::new().fit(&x, &y).unwrap();
        let centred = &x - &x.mean_axis(Axis(0)).unwrap();
        assert_eq!(model.coef_path().dim(), (7, model.n_iter() + 1));
        let mut entered = Vec::new();
        for (i, w) in model.coef_path().columns().into_iter().enumerate() {
            let r = &y - y.mean().unwrap() - centred.dot(&w);
            let along = centred.t().dot(&r) / 50.0;
            for &j in &entered {
                let j: usize = j;
                assert!((along[j].abs() - model.alphas()[i]).abs() < 1e-10);
            }
            assert!(along.iter().all(|a| a.abs() <= model.alphas()[i] + 1e-10));
            entered.extend(model.active().get(i));
        }
        let least_squares = LinearRegression::new().fit(&x, &y).unwrap();
        for (a, b) in model.coef().iter().zip(least_squares.coef()) {
            assert!((a - b).abs() < 1e-10);
        }
    }

    #[test]
    fn repeated_columns_and_weights_and_targets() {
        let (x, y) = data(30, 4, 3);
        // A copy of a column is left out and disturbs nothing.
        let twice = concatenate![Axis(1), x, x.slice(s![.., 1..3])];
        let plain = LassoLars::new().alpha(0.001).fit(&x, &y).unwrap();
        let model = LassoLars::new().alpha(0.001).fit(&twice, &y).unwrap();
        assert_eq!(model.active(), plain.active());
        for (a, b) in model.coef().iter().zip(plain.coef()) {
            assert!((a - b).abs() < 1e-12);
        }
        // Integer weights are repeated rows, for the criterion too.
        let counts = Array1::from_shape_fn(30, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..30)
            .flat_map(|i| std::iter::repeat_n(i, i % 3))
            .collect();
        let (x2, y2) = (x.select(Axis(0), &rows), y.select(Axis(0), &rows));
        for criterion in [InformationCriterion::Aic, InformationCriterion::Bic] {
            let estimator = LassoLarsIc::new().criterion(criterion);
            let weighted = estimator.fit(&x, &y.weighted(&counts)).unwrap();
            let repeated = estimator.fit(&x2, &y2).unwrap();
            assert!((weighted.noise_variance() - repeated.noise_variance()).abs() < 1e-12);
            let far = &weighted.criterion() - &repeated.criterion();
            assert!(far.iter().all(|d| d.abs() < 1e-9));
            assert!((weighted.alpha() - repeated.alpha()).abs() < 1e-12);
        }
        // Targets one by one; without the path the same end.
        let both = stack![Axis(1), y, y.mapv(|v| v * v)];
        let joint = LassoLars::new().alpha(0.01).fit(&x, &both).unwrap();
        for k in 0..2 {
            let one = LassoLars::new().alpha(0.01).fit_path(false);
            let one = one.fit(&x, &both.column(k)).unwrap();
            assert_eq!(one.coef(), joint.coef().row(k));
            assert_eq!(one.coef_path().ncols(), 1);
            assert_eq!(Some(&one.alphas()[0]), joint.alphas()[k].last());
        }
    }

    #[test]
    fn noise_and_what_is_refused() {
        let (x, y) = data(10, 3, 4);
        let plain = Lars::new().fit(&x, &y).unwrap();
        let noisy = Lars::new().jitter(Some(1e-3));
        assert_ne!(noisy.fit(&x, &y).unwrap().coef(), plain.coef());
        assert_eq!(noisy.fit(&x, &y).unwrap(), noisy.fit(&x, &y).unwrap());
        let text = |e: Error| e.to_string();
        let e = text(LassoLars::new().alpha(-1.0).fit(&x, &y).unwrap_err());
        assert_eq!(e, "`alpha` of `LassoLars` must be in [0, inf), got -1");
        assert!(Lars::new().n_nonzero_coefs(0).fit(&x, &y).is_err());
        let (wide, y) = data(4, 6, 5);
        let e = text(LassoLarsIc::new().fit(&wide, &y).unwrap_err());
        assert_eq!(
            e,
            "LassoLarsIc: the variance of the noise (set `noise_variance`): needs at least 8 samples, got 4"
        );
        let given = LassoLarsIc::new().noise_variance(Some(0.1)).fit(&wide, &y);
        assert!(given.unwrap().coef().iter().all(|w| w.is_finite()));
        // A constant target, a constant feature, one row.
        for (x, y) in [
            (x, Array1::ones(10)),
            (wide.slice(s![..1, ..]).to_owned(), Array1::ones(1)),
        ] {
            let model = LassoLars::new().alpha(0.0).fit(&x, &y).unwrap();
            assert!(model.coef().iter().all(|&w| w == 0.0) && model.intercept() == 1.0);
        }
    }
}
