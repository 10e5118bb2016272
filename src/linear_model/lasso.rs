//! Least squares with an L1 penalty.

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
    /// Least squares with an L1 penalty: many coefficients become exactly 0.
    ///
    /// Minimises over `w` (n_features) and `b`, for each target `y` by itself:
    ///
    /// ```text
    /// Σᵢ sᵢ (yᵢ − xᵢ·w − b)² / (2 Σᵢ sᵢ) + alpha ‖w‖₁
    /// ```
    ///
    /// where `s` are the sample weights, 1 without. Use it to find the few features that matter among many. The penalty is
    /// not scale free: standardise the features first. Of features that depend on one another it keeps one or another;
    /// [`ElasticNet`](super::ElasticNet) keeps them together. [`LassoCv`](super::LassoCv) finds `alpha`.
    ///
    /// # Settings
    /// | name | default | range | raising it |
    /// |---|---|---|---|
    /// | `alpha` | 1.0 | `[0, inf)` | leaves fewer features and shrinks their coefficients |
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 1000 | at least 1 | sweeps over the features, at most |
    /// | `tol` | 1e-4 | `[0, inf)` | stops earlier, see below |
    /// | `positive` | `false` | | `true` allows no coefficient below 0 |
    /// | `selection` | [`Selection::Cyclic`] | | the order of a sweep |
    /// | `random_state` | 0 | | the seed of [`Selection::Random`] |
    ///
    /// It stops when no coefficient moves by more than `tol` times the largest coefficient and the duality gap, which bounds
    /// how far the objective is from its minimum, is at most `tol ‖y‖² / Σ s`, y centred: scikit-learn's rule, and its steps
    /// too, so that coefficients, gap and number of sweeps are scikit-learn's, not only near them. Where x is large (4 million
    /// values and 128 features or more, n ≥ p, features in turns) the sweeps go over working sets of features instead (Massias
    /// et al., 2018): the gap over all features obeys the same rule, and is mostly far smaller. With `alpha = 0` prefer
    /// [`LinearRegression`](super::LinearRegression).
    ///
    /// [`fit_from`](Lasso::fit_from) starts from a model instead of 0 (scikit-learn's `warm_start`). `precompute` and `copy_X`
    /// have no counterpart: they change no result, and the data are never overwritten.
    ///
    /// # Units
    /// `alpha` is in units of x y.
    ///
    /// # Complexity
    /// With k features that are ever not 0, for n ≥ p: time O(n p k), most of it in matrix products that run in parallel, and
    /// O(p k) for a sweep; extra memory O(p k). With working sets O(n p) for each set, a few in all, and O(n k²). For n < p:
    /// O(n p) for a sweep, and a copy of x.
    ///
    /// # Errors
    /// `fit`: `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch` when `x`, `y` and weights differ in length;
    /// `Overflow` when the squares of the data leave the range of the type; `Cancelled` when the observer, told after each
    /// target, stops it. Not converging is no error: see [`converged`](FittedLasso::converged).
    ///
    /// # Source
    /// R. Tibshirani (1996), Regression shrinkage and selection via the lasso. Coordinate descent by products of the features:
    /// J. Friedman, T. Hastie, R. Tibshirani (2010), Regularization paths for generalized linear models via coordinate
    /// descent. Screening: E. Ndiaye et al. (2017), Gap safe screening rules for sparsity enforcing penalties.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::Lasso, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]];
    /// let model = Lasso::new().alpha(0.1).fit(&x, &array![0.0, 1.0, 2.0])?;
    /// assert!(f64::abs(model.coef()[0] - 0.85) < 1e-12 && model.coef()[1] == 0.0);
    /// assert!(f64::abs(model.intercept() - 0.15) < 1e-12);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct Lasso {
        #[serde(with = "crate::params::number")]
        alpha: f64 = 1.0 => "The strength of the penalty.";
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
        this.objective().course.check(Self::NAME)
    }
}

impl Lasso {
    fn objective(&self) -> Objective {
        Objective {
            name: Self::NAME,
            alpha: self.alpha,
            l1_ratio: 1.0,
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
    /// What [`Lasso`] learned: for one target (`D` = [`Ix1`](type@ndarray::Ix1)) or several
    /// ([`Ix2`](type@ndarray::Ix2)).
    pub struct FittedLasso of Lasso
}
