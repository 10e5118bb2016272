//! Sparse coefficients whose penalty is found by cross-validation.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array2, Array3, ArrayRef2, ArrayView1, ArrayView2, ArrayView3, Axis, Ix1, Ix2};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::coordinate_descent::{
    Alphas, Course, Found, L1Ratio, Objective, Search, Selection, search,
};
use crate::check::{self, Interval};
use crate::error::Result;
use crate::feature_selection::is_all_l1;
use crate::float::Float;
use crate::linear_model::linear_regressor::linear_regressor;
use crate::model_selection::CrossValidator;
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTargets;
use crate::traits::Estimator;

/// Declares an estimator that searches a path, of one target (`Ix1`) or several that share their features (`Ix2`), and its
/// fitted model.
macro_rules! cv_estimator {
    (
        about { $(#[$doc:meta])* }
        rest { $(#[$rest:meta])* }
        pub struct $name:ident for $dim:ident {
            $(positive: $positive_type:ty,)?
            $(l1_ratio: $ratio_type:ty,)?
        }
        of($this:ident) {
            l1_ratios: $ratios:expr,
            positive: $positive:expr,
        }
        $(#[$fitted_doc:meta])*
        pub struct $fitted:ident;
    ) => {
        $(#[$doc])*
        /// | `alphas` | 100 | a count, or penalties of `[0, inf)` | a count: in equal ratios, from the least that leaves no feature |
        /// | `eps` | 1e-3 | `(0, inf)` | the last penalty over the first, for a count of them |
        /// | `cv` | 5 | a number of folds, a splitter, or a list of splits | |
        /// | `fit_intercept`, `max_iter`, `tol`, `selection`, `random_state` | `true`, 1000, 1e-4, cyclic, 0 | | as without the search |
        ///
        /// Each fold's error is the mean squared error of its test rows, weighted where the target has weights; the penalty of
        /// the least mean over the folds wins, and the model is fitted with it on all rows. Penalties are those of all rows, the
        /// same for each fold; the first of a count of them counts the weights, which scikit-learn's forgets without an
        /// intercept. `precompute`, `copy_X` and `n_jobs` have no counterpart: they change no result.
        ///
        /// # Complexity
        /// For n ≥ p, with folds that divide the rows: one pass that forms the products of the features, O(n p²), in parallel,
        /// whatever the number of penalties and folds; then O(p²) for a sweep of each fold. Extra memory O(p²) for each fold.
        /// Otherwise a fit of each fold, which copies its rows. Folds run side by side; the number of threads changes no bit of
        /// the result.
        ///
        /// # Errors
        /// `InvalidParameter`; `EmptyInput`; `NonFinite`; `ShapeMismatch`; those of the splitter; `InvalidInput` for a fold
        /// whose rows weigh nothing; `Overflow`; `Cancelled` when the observer stops it.
        ///
        $(#[$rest])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(
            default,
            deny_unknown_fields,
            bound(
                serialize = "C: Serialize",
                deserialize = "C: Deserialize<'de> + Default + 'static"
            )
        )]
        #[must_use]
        pub struct $name<C = usize> {
            $(l1_ratio: $ratio_type,)?
            alphas: Alphas,
            #[serde(with = "crate::params::number")]
            eps: f64,
            fit_intercept: bool,
            max_iter: usize,
            #[serde(with = "crate::params::number")]
            tol: f64,
            $(positive: $positive_type,)?
            selection: Selection,
            random_state: u64,
            cv: C,
            #[serde(skip)]
            watch: Watch,
        }

        impl<C: Default + 'static> Default for $name<C> {
            fn default() -> Self {
                let mut cv = C::default();
                if let Some(folds) = (&mut cv as &mut dyn Any).downcast_mut::<usize>() {
                    *folds = 5;
                }
                $name {
                    $(l1_ratio: <$ratio_type>::from(0.5),)?
                    alphas: Alphas::Count(100),
                    eps: 1e-3,
                    fit_intercept: true,
                    max_iter: 1000,
                    tol: 1e-4,
                    $(positive: <$positive_type>::default(),)?
                    selection: Selection::Cyclic,
                    random_state: 0,
                    cv,
                    watch: Watch::default(),
                }
            }
        }

        impl $name {
            /// With scikit-learn's defaults: 100 penalties, 5 folds.
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl<C> $name<C> {
            /// The penalties that are tried: a number of them, or these.
            pub fn alphas(mut self, alphas: impl Into<Alphas>) -> Self {
                self.alphas = alphas.into();
                self
            }

            $(
                /// The share of the L1 penalty: a number, or several to choose from.
                pub fn l1_ratio(mut self, l1_ratio: impl Into<$ratio_type>) -> Self {
                    self.l1_ratio = l1_ratio.into();
                    self
                }
            )?

            $(
                /// Whether coefficients must not be negative.
                pub fn positive(mut self, positive: $positive_type) -> Self {
                    self.positive = positive;
                    self
                }
            )?

            /// The last penalty over the first, for a number of them.
            pub fn eps(mut self, eps: f64) -> Self {
                self.eps = eps;
                self
            }

            /// Whether to learn an intercept.
            pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
                self.fit_intercept = fit_intercept;
                self
            }

            /// Sweeps over the features for each penalty, at most.
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// When to stop: the duality gap in units of the mean square of y.
            pub fn tol(mut self, tol: f64) -> Self {
                self.tol = tol;
                self
            }

            /// Which coefficient moves next.
            pub fn selection(mut self, selection: Selection) -> Self {
                self.selection = selection;
                self
            }

            /// The seed of the random selection.
            pub fn random_state(mut self, random_state: u64) -> Self {
                self.random_state = random_state;
                self
            }

            /// A number of folds, a splitter, or a list of splits.
            pub fn cv<D: CrossValidator>(self, cv: D) -> $name<D> {
                $name {
                    $(l1_ratio: { let kept: $ratio_type = self.l1_ratio; kept },)?
                    alphas: self.alphas,
                    eps: self.eps,
                    fit_intercept: self.fit_intercept,
                    max_iter: self.max_iter,
                    tol: self.tol,
                    $(positive: { let kept: $positive_type = self.positive; kept },)?
                    selection: self.selection,
                    random_state: self.random_state,
                    cv,
                    watch: self.watch,
                }
            }

            /// Watches the search, told after the paths of each `l1_ratio`. The value is the least mean squared error so far.
            pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
                self.watch = Watch::by(observer);
                self
            }

            fn ratios(&self) -> &[f64] {
                let $this = self;
                let _ = $this;
                $ratios
            }

            fn objective(&self) -> Objective {
                let $this = self;
                let _ = $this;
                Objective {
                    name: stringify!($name),
                    alpha: 0.0,
                    l1_ratio: 1.0,
                    positive: $positive,
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

            fn check_settings(&self) -> Result<()> {
                let name = stringify!($name);
                check::real(name, "eps", self.eps, Interval::above(0.0))?;
                self.alphas.check(name)?;
                check::count(name, "l1_ratio", self.ratios().len(), 1)?;
                for &l1_ratio in self.ratios() {
                    check::real(name, "l1_ratio", l1_ratio, Interval::closed(0.0, 1.0))?;
                }
                self.objective().course.check(name)
            }
        }

        impl<C> Hyperparameters for $name<C>
        where
            C: Clone + Default + Serialize + DeserializeOwned + 'static,
        {
            const NAME: &'static str = stringify!($name);

            fn restore(mut self, original: &Self) -> Self {
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> Result<()> {
                self.check_settings()
            }
        }

        impl<C> fmt::Display for $name<C>
        where
            C: Clone + Default + Serialize + DeserializeOwned + 'static,
        {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }

        impl<F, Y, C> Estimator<ArrayRef2<F>, Y> for $name<C>
        where
            F: Float,
            Y: RealTargets<F, Dim = $dim> + ?Sized,
            C: CrossValidator,
        {
            type Fitted = $fitted<F, $dim>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check_settings()?;
                let space = Search {
                    objective: self.objective(),
                    l1_ratios: self.ratios(),
                    alphas: &self.alphas,
                    eps: self.eps,
                };
                Ok(search(&space, x, y, &self.cv, &self.watch)?.into())
            }
        }

        linear_regressor! {
            $(#[$fitted_doc])*
            pub struct $fitted of $name {
                alpha: f64,
                l1_ratio: f64,
                /// (l1_ratios, alphas)
                alphas: Array2<f64>,
                /// (l1_ratios, alphas, folds)
                mse_path: Array3<f64>,
                dual_gap: f64,
                n_iter: usize,
                converged: bool,
            }
            validate(this) {
                let (ratios, alphas, folds) = this.mse_path.dim();
                ensure::shape("alphas", &this.alphas, ratios, alphas)?;
                ensure::at_least("alphas", this.alphas.len(), 1)?;
                ensure::at_least("folds of `mse_path`", folds, 1)?;
                ensure::non_negative("alphas", &this.alphas)?;
                ensure::non_negative("alpha", [&this.alpha])?;
                ensure::that((0.0..=1.0).contains(&this.l1_ratio), || {
                    "`l1_ratio` is not in [0, 1]".into()
                })?;
            }
            // As in scikit-learn, an elastic net of several targets does not count as sparse, whatever its ratio.
            sparse(this) { (stringify!($name) != "MultiTaskElasticNetCv") && is_all_l1(this.l1_ratio) }
        }

        impl<F> From<Found<F>> for $fitted<F, $dim> {
            fn from(found: Found<F>) -> Self {
                let (ratios, alphas, _) = found.mse_path.dim();
                $fitted {
                    alpha: found.alpha,
                    l1_ratio: found.l1_ratio,
                    alphas: Array2::from_shape_fn((ratios, alphas), |(r, i)| found.alphas[r][i]),
                    mse_path: found.mse_path,
                    dual_gap: found.solution.dual_gap[0],
                    n_iter: found.solution.n_iter[0],
                    converged: found.solution.converged,
                    coef: found.solution.coef,
                    intercept: found.solution.intercept,
                    dim: PhantomData,
                }
            }
        }

        impl<F: Float> $fitted<F, $dim> {
            /// The best penalty.
            pub fn alpha(&self) -> f64 {
                self.alpha
            }

            /// The duality gap at the end of the fit on all rows.
            pub fn dual_gap(&self) -> f64 {
                self.dual_gap
            }

            /// Sweeps over the features of the fit on all rows.
            pub fn n_iter(&self) -> usize {
                self.n_iter
            }

            /// Whether the duality gap of the fit on all rows came down to the tolerance within `max_iter` sweeps.
            pub fn converged(&self) -> bool {
                self.converged
            }
        }
    };
}

cv_estimator! {
    about {
        /// [`Lasso`](super::Lasso) with the penalty that predicts best in cross-validation.
        ///
        /// # Settings
        /// | name | default | range | meaning |
        /// |---|---|---|---|
        /// | `positive` | `false` | | `true` allows no coefficient below 0 |
    }
    rest {
        /// # Examples
        /// ```
        /// use fitwell::{linear_model::LassoCv, prelude::*};
        ///
        /// let diabetes = fitwell::datasets::load_diabetes()?;
        /// let model = LassoCv::new().fit(&diabetes.x, &diabetes.target)?;
        /// let mean = model.mse_path().mean_axis(ndarray::Axis(1)).unwrap();
        /// let best = mean.iter().copied().fold(f64::INFINITY, f64::min);
        /// let place = model.alphas().iter().position(|&alpha| alpha == model.alpha()).unwrap();
        /// assert_eq!(mean[place], best);
        /// # Ok::<(), Error>(())
        /// ```
        #[doc(alias = "LassoCV")]
    }
    pub struct LassoCv for Ix1 {
        positive: bool,
    }
    of(this) {
        l1_ratios: &[1.0],
        positive: this.positive,
    }
    /// What [`LassoCv`] learned.
    pub struct FittedLassoCv;
}

impl<F: Float> FittedLassoCv<F, Ix1> {
    /// The penalties that were tried, falling.
    pub fn alphas(&self) -> ArrayView1<'_, f64> {
        self.alphas.row(0)
    }

    /// The mean squared errors of the test rows, (n_alphas, n_folds).
    pub fn mse_path(&self) -> ArrayView2<'_, f64> {
        self.mse_path.index_axis(Axis(0), 0)
    }
}

cv_estimator! {
    about {
        /// [`ElasticNet`](super::ElasticNet) with the penalty, and of several `l1_ratio` the one, that predicts best in
        /// cross-validation.
        ///
        /// # Settings
        /// | name | default | range | meaning |
        /// |---|---|---|---|
        /// | `l1_ratio` | 0.5 | `[0, 1]`, one or several | the share of the L1 penalty; of several the best is found |
        /// | `positive` | `false` | | `true` allows no coefficient below 0 |
    }
    rest {
        /// # Examples
        /// ```
        /// use fitwell::{linear_model::ElasticNetCv, prelude::*};
        ///
        /// let diabetes = fitwell::datasets::load_diabetes()?;
        /// let model = ElasticNetCv::new().l1_ratio([0.1, 0.9, 1.0]).alphas(20).fit(&diabetes.x, &diabetes.target)?;
        /// assert_eq!(model.mse_path().dim(), (3, 20, 5));
        /// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.5);
        /// # Ok::<(), Error>(())
        /// ```
        #[doc(alias = "ElasticNetCV")]
    }
    pub struct ElasticNetCv for Ix1 {
        positive: bool,
        l1_ratio: L1Ratio,
    }
    of(this) {
        l1_ratios: this.l1_ratio.all(),
        positive: this.positive,
    }
    /// What [`ElasticNetCv`] learned.
    pub struct FittedElasticNetCv;
}

impl<F: Float> FittedElasticNetCv<F, Ix1> {
    /// The best share of the L1 penalty.
    pub fn l1_ratio(&self) -> f64 {
        self.l1_ratio
    }

    /// The penalties that were tried for each `l1_ratio`, falling, (n_l1_ratios, n_alphas).
    pub fn alphas(&self) -> ArrayView2<'_, f64> {
        self.alphas.view()
    }

    /// The mean squared errors of the test rows, (n_l1_ratios, n_alphas, n_folds).
    pub fn mse_path(&self) -> ArrayView3<'_, f64> {
        self.mse_path.view()
    }
}

cv_estimator! {
    about {
        /// [`MultiTaskLasso`](super::MultiTaskLasso) with the penalty that predicts best in cross-validation, over all targets.
        ///
        /// # Settings
        /// | name | default | range | meaning |
        /// |---|---|---|---|
    }
    rest {
        /// scikit-learn's takes no sample weights; they mean here what they mean to [`LassoCv`].
        ///
        /// # Examples
        /// ```
        /// use fitwell::{linear_model::MultiTaskLassoCv, prelude::*};
        ///
        /// let linnerud = fitwell::datasets::load_linnerud()?;
        /// let model = MultiTaskLassoCv::new().alphas(10).fit(&linnerud.x, &linnerud.target)?;
        /// assert_eq!(model.coef().dim(), (3, 3));
        /// # Ok::<(), Error>(())
        /// ```
        #[doc(alias = "MultiTaskLassoCV")]
    }
    pub struct MultiTaskLassoCv for Ix2 {
    }
    of(this) {
        l1_ratios: &[1.0],
        positive: false,
    }
    /// What [`MultiTaskLassoCv`] learned.
    pub struct FittedMultiTaskLassoCv;
}

impl<F: Float> FittedMultiTaskLassoCv<F, Ix2> {
    /// The penalties that were tried, falling.
    pub fn alphas(&self) -> ArrayView1<'_, f64> {
        self.alphas.row(0)
    }

    /// The mean squared errors of the test rows, (n_alphas, n_folds).
    pub fn mse_path(&self) -> ArrayView2<'_, f64> {
        self.mse_path.index_axis(Axis(0), 0)
    }
}

cv_estimator! {
    about {
        /// [`MultiTaskElasticNet`](super::MultiTaskElasticNet) with the penalty, and of several `l1_ratio` the one, that predicts
        /// best in cross-validation, over all targets.
        ///
        /// # Settings
        /// | name | default | range | meaning |
        /// |---|---|---|---|
        /// | `l1_ratio` | 0.5 | `[0, 1]`, one or several | the share of the L1 penalty; of several the best is found |
    }
    rest {
        /// scikit-learn's takes no sample weights; they mean here what they mean to [`ElasticNetCv`].
        ///
        /// # Examples
        /// ```
        /// use fitwell::{linear_model::MultiTaskElasticNetCv, prelude::*};
        ///
        /// let linnerud = fitwell::datasets::load_linnerud()?;
        /// let model = MultiTaskElasticNetCv::new().alphas(10).l1_ratio([0.5, 1.0]).fit(&linnerud.x, &linnerud.target)?;
        /// assert_eq!(model.mse_path().dim(), (2, 10, 5));
        /// # Ok::<(), Error>(())
        /// ```
        #[doc(alias = "MultiTaskElasticNetCV")]
    }
    pub struct MultiTaskElasticNetCv for Ix2 {
        l1_ratio: L1Ratio,
    }
    of(this) {
        l1_ratios: this.l1_ratio.all(),
        positive: false,
    }
    /// What [`MultiTaskElasticNetCv`] learned.
    pub struct FittedMultiTaskElasticNetCv;
}

impl<F: Float> FittedMultiTaskElasticNetCv<F, Ix2> {
    /// The best share of the L1 penalty.
    pub fn l1_ratio(&self) -> f64 {
        self.l1_ratio
    }

    /// The penalties that were tried for each `l1_ratio`, falling, (n_l1_ratios, n_alphas).
    pub fn alphas(&self) -> ArrayView2<'_, f64> {
        self.alphas.view()
    }

    /// The mean squared errors of the test rows, (n_l1_ratios, n_alphas, n_folds).
    pub fn mse_path(&self) -> ArrayView3<'_, f64> {
        self.mse_path.view()
    }
}
