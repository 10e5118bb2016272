//! Least squares with an L1 and an L2 penalty.

use std::marker::PhantomData;

use ndarray::{Array1, ArrayRef2, ArrayView1, Ix1, Ix2};

use super::coordinate_descent::{Course, Objective, Selection, Solution, estimator, fit};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::feature_selection::is_all_l1;
use crate::float::Float;
use crate::linear_model::linear_regressor::linear_regressor;
use crate::params::Hyperparameters;
use crate::targets::{AsTargets, RealTargets, TargetDim};
use crate::traits::Estimator;

estimator! {
    /// Least squares with an L1 and an L2 penalty: many coefficients become exactly 0, and features that go together stay
    /// together.
    ///
    /// Minimises over `w` (n_features) and `b`, for each target `y` by itself:
    ///
    /// ```text
    /// Σᵢ sᵢ (yᵢ − xᵢ·w − b)² / (2 Σᵢ sᵢ) + alpha (l1_ratio ‖w‖₁ + (1 − l1_ratio) ‖w‖² / 2)
    /// ```
    ///
    /// where `s` are the sample weights, 1 without. The penalty is not scale free: standardise the features first.
    /// [`ElasticNetCv`](super::ElasticNetCv) finds `alpha` and `l1_ratio`.
    ///
    /// # Settings
    /// | name | default | range | raising it |
    /// |---|---|---|---|
    /// | `alpha` | 1.0 | `[0, inf)` | leaves fewer features and shrinks their coefficients |
    /// | `l1_ratio` | 0.5 | `[0, 1]` | leaves fewer features; 1 is [`Lasso`](super::Lasso), 0 is ridge regression |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 1000 | at least 1 | sweeps over the features, at most |
    /// | `tol` | 1e-4 | `[0, inf)` | stops earlier, as [`Lasso`](super::Lasso) does |
    /// | `positive` | `false` | | `true` allows no coefficient below 0 |
    /// | `selection` | [`Selection::Cyclic`] | | the order of a sweep |
    /// | `random_state` | 0 | | the seed of [`Selection::Random`] |
    ///
    /// With `l1_ratio = 0` or `alpha = 0` no feature drops out, and [`Ridge`](super::Ridge) is far faster.
    /// [`fit_from`](ElasticNet::fit_from) starts from a model instead of 0 (scikit-learn's `warm_start`). `precompute` and
    /// `copy_X` have no counterpart: they change no result, and the data are never overwritten.
    ///
    /// # Complexity, errors
    /// As [`Lasso`](super::Lasso).
    ///
    /// # Source
    /// H. Zou, T. Hastie (2005), Regularization and variable selection via the elastic net; the method is
    /// [`Lasso`](super::Lasso)'s, the steps and the stopping rule scikit-learn's.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::ElasticNet, prelude::*};
    /// use ndarray::array;
    ///
    /// // Two features that are the same: the L2 part divides the coefficient among them.
    /// let x = array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
    /// let model = ElasticNet::new().alpha(0.1).tol(1e-12).fit(&x, &array![0.0, 1.0, 2.0])?;
    /// assert!(f64::abs(model.coef()[0] - model.coef()[1]) < 1e-4 && model.converged());
    /// # Ok::<(), Error>(())
    /// ```
    pub struct ElasticNet {
        #[serde(with = "crate::params::number")]
        alpha: f64 = 1.0 => "The strength of the penalty.";
        #[serde(with = "crate::params::number")]
        l1_ratio: f64 = 0.5 => "The share of the L1 penalty.";
        fit_intercept: bool = true => "Whether to learn an intercept.";
        max_iter: usize = 1000 => "Sweeps over the features, at most.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-4 => "When to stop: the duality gap in units of the mean square of y.";
        positive: bool = false => "Whether coefficients must not be negative.";
        selection: Selection = Selection::Cyclic => "Which coefficient moves next.";
        random_state: u64 = 0 => "The seed of the random selection.";
    }
    check(this) {
        check::real(Self::NAME, "alpha", this.alpha, Interval::at_least(0.0))?;
        check::real(Self::NAME, "l1_ratio", this.l1_ratio, Interval::closed(0.0, 1.0))?;
        this.objective().course.check(Self::NAME)
    }
}

impl ElasticNet {
    fn objective(&self) -> Objective {
        Objective {
            name: Self::NAME,
            alpha: self.alpha,
            l1_ratio: self.l1_ratio,
            positive: self.positive,
            fit_intercept: self.fit_intercept,
            joint: false,
            course: Course {
                tol: self.tol,
                max_iter: self.max_iter,
                selection: self.selection,
                random_state: self.random_state,
            },
        }
    }
}

descent_model! {
    /// What [`ElasticNet`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several
    /// ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedElasticNet of ElasticNet
}
