//! The regressors of the exponential families: Poisson, gamma and Tweedie.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::linear_model::affine::affine;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, describe};
use crate::targets::{AsTargets, RealTarget};
use crate::traits::{Estimator, Predict, Score};

use super::glm::{self, GlmSolver, Settings, glm_regressor};
use super::glm_loss::Family;

glm_regressor! {
    /// A regression of counts or rates: the logarithm of their mean is linear in the features.
    ///
    /// Minimises over w (n_features) and b, with y ≥ 0 and sample weights s,
    /// ```text
    /// 1/Σsᵢ Σᵢ sᵢ [μᵢ − yᵢ zᵢ] + alpha/2 ‖w‖²,     zᵢ = xᵢ·w + b,  μᵢ = exp(zᵢ),
    /// ```
    /// the mean of half the Poisson deviance up to a constant. Predictions are the means μ. Use it for numbers of events,
    /// or for numbers per exposure (claims per year insured) with the exposures as weights. The variance of y is taken as
    /// proportional to its mean. Encode categorical features first, and scale the others: the penalty treats all
    /// coefficients alike. `alpha` 0 is the maximum likelihood estimate, for
    /// which [`inference`](FittedPoissonRegressor::inference) has standard errors.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `alpha` | 1 | [0, ∞) | shrinks the coefficients |
    /// | `fit_intercept` | true | | |
    /// | `solver` | `lbfgs` | a [`GlmSolver`] | |
    /// | `max_iter` | 100 | ≥ 1 | allows more iterations |
    /// | `tol` | 1e-4 | (0, ∞) | stops earlier: when max \|∂f\| ≤ `tol`, or rounding hides what is left to gain |
    ///
    /// scikit-learn's `warm_start` is [`fit_from`](Self::fit_from).
    ///
    /// # Units
    /// Coefficients are changes of ln μ per unit of the feature: exp(w) is the factor by which the mean grows. `alpha` is in
    /// deviance per squared coefficient.
    ///
    /// # Complexity
    /// Time O(n p) an iteration with `lbfgs`, O(n p² + p³) with `newton-cholesky`; memory O(n + p²) beyond the samples, and
    /// a copy of them unless they are in row order.
    ///
    /// # Errors
    /// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `InvalidInput` for a negative target,
    /// or one that is 0 in every row; `Overflow` when the data are too large for their type; `Cancelled`. Not converging is
    /// no error: see [`converged`](FittedPoissonRegressor::converged).
    ///
    /// # Source
    /// J. A. Nelder and R. W. M. Wedderburn, "Generalized linear models", Journal of the Royal Statistical Society A 135
    /// (1972). The objective, its scaling, the defaults and the steps of `newton-cholesky` are scikit-learn's. `lbfgs` searches
    /// in a metric estimated from the data and needs fewer iterations; it ends closer to the minimum. With `alpha` 0 and
    /// dependent columns the solution is that of least norm, as there.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::PoissonRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0], [1.0], [2.0], [3.0]];
    /// let y = array![1.0, 2.0, 4.0, 8.0]; // doubles with each step
    /// let model = PoissonRegressor::new().alpha(0.0).tol(1e-8).fit(&x, &y)?;
    /// assert!(f64::abs(model.coef()[0] - 2f64.ln()) < 1e-6);
    /// assert!(f64::abs(model.predict(&array![[4.0]])?[0] - 16.0) < 1e-4);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct PoissonRegressor {}
    /// What [`PoissonRegressor`] learned.
    pub struct FittedPoissonRegressor;
    check(_this) {}
    family(_this) { Family::Poisson }
}

impl<F: Float> FittedPoissonRegressor<F> {
    fn is_possible(&self) -> bool {
        self.family() == Family::Poisson
    }
}

glm_regressor! {
    /// A regression of positive, skewed amounts: the logarithm of their mean is linear in the features.
    ///
    /// Minimises over w (n_features) and b, with y > 0 and sample weights s,
    /// ```text
    /// 1/Σsᵢ Σᵢ sᵢ [zᵢ + yᵢ exp(−zᵢ)] + alpha/2 ‖w‖²,     zᵢ = xᵢ·w + b,
    /// ```
    /// the mean of half the gamma deviance up to a constant. Predictions are the means exp(z). Use it for sizes of claims,
    /// incomes, durations: where the standard deviation of y grows in proportion to its mean. As weights take the number of
    /// amounts that each y is the mean of.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `alpha` | 1 | [0, ∞) | shrinks the coefficients |
    /// | `fit_intercept` | true | | |
    /// | `solver` | `lbfgs` | a [`GlmSolver`] | |
    /// | `max_iter` | 100 | ≥ 1 | allows more iterations |
    /// | `tol` | 1e-4 | (0, ∞) | stops earlier: when max \|∂f\| ≤ `tol`, or rounding hides what is left to gain |
    ///
    /// scikit-learn's `warm_start` is [`fit_from`](Self::fit_from).
    ///
    /// # Units
    /// Coefficients are changes of ln μ per unit of the feature.
    ///
    /// # Complexity
    /// As [`PoissonRegressor`].
    ///
    /// # Errors
    /// As [`PoissonRegressor`]; `InvalidInput` for a target that is not positive.
    ///
    /// # Source
    /// As [`PoissonRegressor`].
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::GammaRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]];
    /// let model = GammaRegressor::new().fit(&x, &array![19.0, 26.0, 33.0, 30.0])?;
    /// assert!(f64::abs(model.score(&x, &array![19.0, 26.0, 33.0, 30.0])? - 0.773) < 1e-3);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct GammaRegressor {}
    /// What [`GammaRegressor`] learned.
    pub struct FittedGammaRegressor;
    check(_this) {}
    family(_this) { Family::Gamma }
}

impl<F: Float> FittedGammaRegressor<F> {
    fn is_possible(&self) -> bool {
        self.family() == Family::Gamma
    }
}

/// How the mean of a [`TweedieRegressor`] follows from the linear predictor z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TweedieLink {
    /// The identity for a power of at most 0, the logarithm above.
    #[default]
    Auto,
    /// μ = z. Unless the power is 0 every prediction on the training data must be positive.
    Identity,
    /// μ = exp(z).
    Log,
}

glm_regressor! {
    /// A regression whose variance is a power of the mean, with an identity or logarithmic link.
    ///
    /// Minimises over w (n_features) and b, with sample weights s,
    /// ```text
    /// 1/Σsᵢ Σᵢ sᵢ [μᵢ²⁻ᵖ/(2−p) − yᵢ μᵢ¹⁻ᵖ/(1−p)] + alpha/2 ‖w‖²,     μᵢ = h(xᵢ·w + b)
    /// ```
    /// (with the limits at p = 1 and 2), the mean of half the Tweedie deviance up to a constant.
    ///
    /// | `power` | distribution | y |
    /// |---|---|---|
    /// | below 0 | extreme stable | any |
    /// | 0 | normal | any |
    /// | 1 | Poisson | 0 or more |
    /// | in (1, 2) | compound Poisson gamma: exact zeros and positive amounts | 0 or more |
    /// | 2 | gamma | positive |
    /// | 3 | inverse Gaussian | positive |
    ///
    /// A power in (0, 1) belongs to no distribution; the loss is what it is, for y of 0 or more.
    ///
    /// # Settings
    /// | name | default | range | raising it ... |
    /// |---|---|---|---|
    /// | `power` | 0 | (−∞, ∞) | lets the variance grow faster with the mean |
    /// | `link` | `auto` | a [`TweedieLink`] | |
    /// | `alpha` | 1 | [0, ∞) | shrinks the coefficients |
    /// | `fit_intercept` | true | | |
    /// | `solver` | `lbfgs` | a [`GlmSolver`] | |
    /// | `max_iter` | 100 | ≥ 1 | allows more iterations |
    /// | `tol` | 1e-4 | (0, ∞) | stops earlier: when max \|∂f\| ≤ `tol`, or rounding hides what is left to gain |
    ///
    /// scikit-learn's `warm_start` is [`fit_from`](Self::fit_from).
    ///
    /// # Complexity
    /// As [`PoissonRegressor`].
    ///
    /// # Errors
    /// As [`PoissonRegressor`]; `InvalidInput` for a target outside the range of its power, and where the identity link has
    /// no positive predictions to start from.
    ///
    /// # Source
    /// B. Jørgensen, "Exponential dispersion models", Journal of the Royal Statistical Society B 49 (1987). Otherwise as
    /// [`PoissonRegressor`]. Under an identity link with a power other than 0 a step to a mean that is not positive is never
    /// taken here; scikit-learn may end in NaN.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::TweedieRegressor, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 3.0]];
    /// let y = array![2.0, 3.5, 5.0, 5.5];
    /// let model = TweedieRegressor::new().fit(&x, &y)?;
    /// assert!(f64::abs(model.score(&x, &y)? - 0.839) < 1e-3);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct TweedieRegressor {
        /// The power of the mean that the variance is proportional to.
        power: f64 as "crate::params::number" = 0.0,
        /// How the mean follows from the linear predictor.
        link: TweedieLink = TweedieLink::Auto,
    }
    /// What [`TweedieRegressor`] learned.
    pub struct FittedTweedieRegressor;
    check(this) {
        check::real(Self::NAME, "power", this.power, Interval::open(f64::NEG_INFINITY, f64::INFINITY))?;
    }
    family(this) {
        let log = match this.link {
            TweedieLink::Auto => this.power > 0.0,
            TweedieLink::Identity => false,
            TweedieLink::Log => true,
        };
        Family::tweedie(this.power, log)
    }
}

impl<F: Float> FittedTweedieRegressor<F> {
    /// The power of the variance.
    pub fn power(&self) -> f64 {
        self.power
    }

    /// The link of the fit: never `Auto`.
    pub fn link(&self) -> TweedieLink {
        if self.log_link {
            TweedieLink::Log
        } else {
            TweedieLink::Identity
        }
    }

    fn is_possible(&self) -> bool {
        true
    }
}
