//! Sparse coefficients of several targets that share their features.

use std::marker::PhantomData;

use ndarray::{ArrayRef2, Ix2};

use super::coordinate_descent::{Course, Objective, Selection, Solution, estimator, fit};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::float::Float;
use crate::linear_model::linear_regressor::linear_regressor;
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, RealTargets};
use crate::traits::Estimator;

/// The fit of an estimator with `objective()`, of all targets together, and its fitted model.
macro_rules! joint_model {
    ($(#[$doc:meta])* pub struct $fitted:ident of $estimator:ident, sparse $sparse:literal) => {
        impl<F, Y> Estimator<ArrayRef2<F>, Y> for $estimator
        where
            F: Float,
            Y: RealTargets<F, Dim = Ix2> + ?Sized,
        {
            type Fitted = $fitted<F, Ix2>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check()?;
                Ok(fit(self.objective(), x, y, None, &self.watch)?.into())
            }
        }

        impl $estimator {
            /// As [`fit`](Estimator::fit), from the coefficients of a model instead of 0.
            ///
            /// # Errors
            /// As `fit`; `ShapeMismatch` when the model has other numbers of features or targets.
            pub fn fit_from<F, Y>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: &$fitted<F, Ix2>,
            ) -> Result<$fitted<F, Ix2>>
            where
                F: Float,
                Y: AsTargets + ?Sized,
                Y::Targets: RealTargets<F, Dim = Ix2>,
            {
                self.check()?;
                let start = Some(start.coef.clone());
                Ok(fit(self.objective(), x, y.as_targets(), start, &self.watch)?.into())
            }
        }

        linear_regressor! {
            $(#[$doc])*
            pub struct $fitted of $estimator {
                dual_gap: f64,
                n_iter: usize,
                converged: bool,
            }
            sparse(_this) { $sparse }
        }

        impl<F, D> From<Solution<F>> for $fitted<F, D> {
            fn from(found: Solution<F>) -> Self {
                $fitted {
                    coef: found.coef,
                    intercept: found.intercept,
                    dual_gap: found.dual_gap[0],
                    n_iter: found.n_iter[0],
                    converged: found.converged,
                    dim: PhantomData,
                }
            }
        }

        impl<F: Float> $fitted<F, Ix2> {
            /// The features whose coefficients are not all 0.
            pub fn active(&self) -> Vec<usize> {
                let columns = self.coef.columns().into_iter().enumerate();
                columns
                    .filter(|(_, w)| w.iter().any(|w| *w != F::zero()))
                    .map(|(j, _)| j)
                    .collect()
            }

            /// The duality gap at the end: the objective is at most this far above its minimum.
            pub fn dual_gap(&self) -> f64 {
                self.dual_gap
            }

            /// Sweeps over the features; 0 where the start was good enough.
            pub fn n_iter(&self) -> usize {
                self.n_iter
            }

            /// Whether the duality gap came down to the tolerance within `max_iter` sweeps.
            pub fn converged(&self) -> bool {
                self.converged
            }
        }
    };
}

estimator! {
    /// Several targets at once, with a penalty that keeps or drops a feature for all of them.
    ///
    /// Minimises over `W` (n_targets, n_features) and `b` (n_targets)
    ///
    /// ```text
    /// Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² / (2 Σᵢ sᵢ) + alpha Σⱼ ‖wⱼ‖
    /// ```
    ///
    /// where `wⱼ` are the coefficients of feature j for all targets and `s` the sample weights, 1 without. Use it where the
    /// targets are of one kind, so that the same features explain them; [`Lasso`](super::Lasso) of several targets finds the
    /// features of each by itself. Standardise the features first, and bring the targets to one scale. [`MultiTaskLassoCv`](super::MultiTaskLassoCv)
    /// finds the penalty.
    ///
    /// # Settings
    /// | name | default | range | raising it |
    /// |---|---|---|---|
    /// | `alpha` | 1.0 | `[0, inf)` | leaves fewer features and shrinks their coefficients |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 1000 | at least 1 | sweeps over the features, at most |
    /// | `tol` | 1e-4 | `[0, inf)` | stops earlier: the duality gap is at most `tol ‖Y‖² / Σ s` |
    /// | `selection`, `random_state` | cyclic, 0 | | the order of a sweep, and its seed |
    ///
    /// [`fit_from`](MultiTaskLasso::fit_from) starts from a model instead of 0 (scikit-learn's `warm_start`).
    ///
    /// # Complexity, errors
    /// As [`Lasso`](super::Lasso), times the number of targets for a sweep.
    ///
    /// # Source
    /// M. Yuan, Y. Lin (2006), Model selection and estimation in regression with grouped variables; N. Simon, J. Friedman,
    /// T. Hastie (2013), A blockwise descent algorithm for group-penalized multiresponse and multinomial regression. The steps and
    /// the stopping rule are scikit-learn's.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::MultiTaskLasso, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]];
    /// let y = array![[0.0, 0.1], [1.0, 1.9], [2.0, 4.1], [3.0, 5.9]]; // x₀ and 2 x₀
    /// let model = MultiTaskLasso::new().alpha(0.2).fit(&x, &y)?;
    /// assert!(model.coef().column(1).iter().all(|&w| w == 0.0) && model.coef()[[1, 0]] > 1.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct MultiTaskLasso {
        #[serde(with = "crate::params::number")]
        alpha: f64 = 1.0 => "The strength of the penalty.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        max_iter: usize = 1000 => "Sweeps over the features, at most.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-4 => "When to stop: the duality gap in units of the mean square of y.";
        selection: Selection = Selection::Cyclic => "Which coefficient moves next.";
        random_state: u64 = 0 => "The seed of the random selection.";
    }
    check(this) {
        check::real(Self::NAME, "alpha", this.alpha, Interval::at_least(0.0))?;
        this.objective().course.check(Self::NAME)
    }
}

impl MultiTaskLasso {
    fn objective(&self) -> Objective {
        Objective {
            name: Self::NAME,
            alpha: self.alpha,
            l1_ratio: 1.0,
            positive: false,
            fit_intercept: self.fit_intercept,
            joint: true,
            course: Course {
                tol: self.tol,
                max_iter: self.max_iter,
                selection: self.selection,
                random_state: self.random_state,
            },
        }
    }
}

joint_model! {
    /// What [`MultiTaskLasso`] learned.
    pub struct FittedMultiTaskLasso of MultiTaskLasso, sparse true
}

estimator! {
    /// Several targets at once, with an L1 and an L2 penalty that keep or drop a feature for all of them.
    ///
    /// Minimises over `W` (n_targets, n_features) and `b` (n_targets)
    ///
    /// ```text
    /// Σᵢ sᵢ ‖yᵢ − W xᵢ − b‖² / (2 Σᵢ sᵢ) + alpha (l1_ratio Σⱼ ‖wⱼ‖ + (1 − l1_ratio) ‖W‖² / 2)
    /// ```
    ///
    /// where `wⱼ` are the coefficients of feature j for all targets and `s` the sample weights, 1 without. Use it where the
    /// targets are of one kind, so that the same features explain them; [`ElasticNet`](super::ElasticNet) of several targets finds the
    /// features of each by itself. Standardise the features first, and bring the targets to one scale. [`MultiTaskElasticNetCv`](super::MultiTaskElasticNetCv)
    /// finds the penalty.
    ///
    /// # Settings
    /// | name | default | range | raising it |
    /// |---|---|---|---|
    /// | `alpha` | 1.0 | `[0, inf)` | leaves fewer features and shrinks their coefficients |
    /// | `l1_ratio` | 0.5 | `[0, 1]` | leaves fewer features |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 1000 | at least 1 | sweeps over the features, at most |
    /// | `tol` | 1e-4 | `[0, inf)` | stops earlier: the duality gap is at most `tol ‖Y‖² / Σ s` |
    /// | `selection`, `random_state` | cyclic, 0 | | the order of a sweep, and its seed |
    ///
    /// [`fit_from`](MultiTaskElasticNet::fit_from) starts from a model instead of 0 (scikit-learn's `warm_start`).
    ///
    /// # Complexity, errors
    /// As [`ElasticNet`](super::ElasticNet), times the number of targets for a sweep.
    ///
    /// # Source
    /// M. Yuan, Y. Lin (2006), Model selection and estimation in regression with grouped variables; N. Simon, J. Friedman,
    /// T. Hastie (2013), A blockwise descent algorithm for group-penalized multiresponse and multinomial regression. The steps and
    /// the stopping rule are scikit-learn's.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::MultiTaskElasticNet, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]];
    /// let y = array![[0.0, 0.1], [1.0, 1.9], [2.0, 4.1], [3.0, 5.9]]; // x₀ and 2 x₀
    /// let model = MultiTaskElasticNet::new().alpha(0.2).fit(&x, &y)?;
    /// assert!(model.coef().column(1).iter().all(|&w| w == 0.0) && model.coef()[[1, 0]] > 1.5);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct MultiTaskElasticNet {
        #[serde(with = "crate::params::number")]
        alpha: f64 = 1.0 => "The strength of the penalty.";
        #[serde(with = "crate::params::number")]
        l1_ratio: f64 = 0.5 => "The share of the L1 penalty.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        max_iter: usize = 1000 => "Sweeps over the features, at most.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-4 => "When to stop: the duality gap in units of the mean square of y.";
        selection: Selection = Selection::Cyclic => "Which coefficient moves next.";
        random_state: u64 = 0 => "The seed of the random selection.";
    }
    check(this) {
        check::real(Self::NAME, "alpha", this.alpha, Interval::at_least(0.0))?;
        check::real(Self::NAME, "l1_ratio", this.l1_ratio, Interval::closed(0.0, 1.0))?;
        this.objective().course.check(Self::NAME)
    }
}

impl MultiTaskElasticNet {
    fn objective(&self) -> Objective {
        Objective {
            name: Self::NAME,
            alpha: self.alpha,
            l1_ratio: self.l1_ratio,
            positive: false,
            fit_intercept: self.fit_intercept,
            joint: true,
            course: Course {
                tol: self.tol,
                max_iter: self.max_iter,
                selection: self.selection,
                random_state: self.random_state,
            },
        }
    }
}

joint_model! {
    /// What [`MultiTaskElasticNet`] learned.
    pub struct FittedMultiTaskElasticNet of MultiTaskElasticNet, sparse false
}
