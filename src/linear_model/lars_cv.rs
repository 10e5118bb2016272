//! Least angle regression whose end is found by cross-validation.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, ArrayView1, ArrayView2, Axis, Ix1};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::affine::affine;
use super::coordinate_descent::Problem;
use super::lars_path::{Course, LarsPath, Rows, lars_path};
use super::splits::splits;
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linear_model::linear_regressor::linear_regressor;
use crate::model_selection::{CrossValidator, Split};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTarget;
use crate::traits::Estimator;

/// Declares a search over the paths of the folds, and its fitted model.
macro_rules! lars_search {
    (
        $(#[$doc:meta])*
        pub struct $name:ident { $($positive:ident)? }
        lasso $lasso:literal
        $(#[$fitted_doc:meta])*
        pub struct $fitted:ident;
    ) => {
        $(#[$doc])*
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
            fit_intercept: bool,
            max_iter: usize,
            max_n_alphas: usize,
            #[serde(with = "crate::params::number")]
            eps: f64,
            $($positive: bool,)?
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
                    fit_intercept: true,
                    max_iter: 500,
                    max_n_alphas: 1000,
                    eps: f64::EPSILON,
                    $($positive: false,)?
                    cv,
                    watch: Watch::default(),
                }
            }
        }

        impl $name {
            /// With scikit-learn's defaults: 5 folds, up to 500 steps.
            pub fn new() -> Self {
                Self::default()
            }
        }

        impl<C> $name<C> {
            /// Whether to learn an intercept.
            pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
                self.fit_intercept = fit_intercept;
                self
            }

            /// Steps of a path at most.
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// Penalties at which the folds are compared, at most about twice this many.
            pub fn max_n_alphas(mut self, max_n_alphas: usize) -> Self {
                self.max_n_alphas = max_n_alphas;
                self
            }

            /// The least diagonal of the Cholesky factor of the active features.
            pub fn eps(mut self, eps: f64) -> Self {
                self.eps = eps;
                self
            }

            $(
                /// Whether coefficients must not be negative.
                pub fn $positive(mut self, $positive: bool) -> Self {
                    self.$positive = $positive;
                    self
                }
            )?

            /// A number of folds, a splitter, or a list of splits.
            pub fn cv<D: CrossValidator>(self, cv: D) -> $name<D> {
                $name {
                    fit_intercept: self.fit_intercept,
                    max_iter: self.max_iter,
                    max_n_alphas: self.max_n_alphas,
                    eps: self.eps,
                    $($positive: self.$positive,)?
                    cv,
                    watch: self.watch,
                }
            }

            /// Watches the search, told after the folds.
            pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
                self.watch = Watch::by(observer);
                self
            }

            fn check_settings(&self) -> Result<()> {
                let name = stringify!($name);
                check::count(name, "max_n_alphas", self.max_n_alphas, 1)?;
                check::real(name, "eps", self.eps, Interval::at_least(0.0))
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
            Y: RealTarget<F> + ?Sized,
            C: CrossValidator,
        {
            type Fitted = $fitted<F, Ix1>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check_settings()?;
                check::samples(x)?;
                check::target(y, x.nrows())?;
                check::finite_vector(y.values(), "y")?;
                let splits = splits(stringify!($name), &self.cv, x.nrows(), y)?;
                let weights = y.sample_weight().map(|w| w.to_vec());
                let search = Search {
                    name: stringify!($name),
                    x,
                    y: y.values(),
                    weights: weights.as_deref(),
                    fit_intercept: self.fit_intercept,
                    max_n_alphas: self.max_n_alphas,
                    course: Course {
                        lasso: $lasso,
                        positive: [false $(, self.$positive)?].contains(&true),
                        alpha_min: 0.0,
                        max_iter: self.max_iter,
                        eps: self.eps,
                    },
                };
                let found = search.run(&splits, &self.watch)?;
                let path = found.path;
                let end = path.coefs.last().map_or(&[][..], |w| &w[..]);
                Ok($fitted {
                    coef: Array2::from_shape_fn((1, x.ncols()), |(_, j)| F::of(end[j])),
                    intercept: Array1::from_elem(1, F::of(found.intercept)),
                    alpha: found.alpha,
                    cv_alphas: found.cv_alphas.into(),
                    mse_path: found.mse_path,
                    coef_path: Array2::from_shape_fn((x.ncols(), path.coefs.len()), |(j, i)| {
                        F::of(path.coefs[i][j])
                    }),
                    alphas: path.alphas.into(),
                    active: path.active,
                    n_iter: path.n_iter,
                    converged: path.completed,
                    dim: PhantomData,
                })
            }
        }

        linear_regressor! {
            $(#[$fitted_doc])*
            pub struct $fitted of $name {
                alpha: f64,
                cv_alphas: Array1<f64>,
                /// (cv_alphas, folds)
                mse_path: Array2<f64>,
                alphas: Array1<f64>,
                /// (n_features, alphas)
                coef_path: Array2<F>,
                active: Vec<usize>,
                n_iter: usize,
                converged: bool,
            }
            validate(this) {
                ensure::at_least("length of `cv_alphas`", this.cv_alphas.len(), 1)?;
                ensure::equal("rows of `mse_path`", this.mse_path.nrows(), this.cv_alphas.len())?;
                ensure::at_least("folds of `mse_path`", this.mse_path.ncols(), 1)?;
                ensure::shape("coef_path", &this.coef_path, this.coef.ncols(), this.alphas.len())?;
                ensure::at_least("corners of the path", this.alphas.len(), 1)?;
                ensure::indices("active", &this.active, this.coef.ncols())?;
                ensure::non_negative("cv_alphas", &this.cv_alphas)?;
                ensure::non_negative("alphas", &this.alphas)?;
                ensure::non_negative("alpha", [&this.alpha])?;
                ensure::non_negative("mse_path", &this.mse_path)?;
            }
            sparse(_this) { $lasso }
        }

        impl<F: Float> $fitted<F, Ix1> {
            /// The best penalty: where the path ends.
            pub fn alpha(&self) -> f64 {
                self.alpha
            }

            /// The penalties at which the folds were compared, rising.
            pub fn cv_alphas(&self) -> ArrayView1<'_, f64> {
                self.cv_alphas.view()
            }

            /// The mean squared errors of the test rows, (n_cv_alphas, n_folds).
            pub fn mse_path(&self) -> ArrayView2<'_, f64> {
                self.mse_path.view()
            }

            /// The penalty at each corner of the path of all rows, falling.
            pub fn alphas(&self) -> ArrayView1<'_, f64> {
                self.alphas.view()
            }

            /// The coefficients at each corner, (n_features, n_corners).
            pub fn coef_path(&self) -> ArrayView2<'_, F> {
                self.coef_path.view()
            }

            /// The features of the end of the path, in the order in which they came.
            pub fn active(&self) -> &[usize] {
                &self.active
            }

            /// Steps of the path of all rows.
            pub fn n_iter(&self) -> usize {
                self.n_iter
            }

            /// Whether the path of all rows went as far as it was to go, and did not end early for rounding.
            pub fn converged(&self) -> bool {
                self.converged
            }
        }
    };
}

lars_search! {
    /// [`LassoLars`](super::LassoLars) with the penalty that predicts best in cross-validation.
    ///
    /// The path of each fold is exact, so that the folds are compared at the corners of all paths, not at penalties chosen
    /// beforehand; between the corners of a path its residuals are straight lines. The model is fitted on all rows down to
    /// the penalty of the least mean squared error, the mean over the folds.
    ///
    /// # Settings
    /// | name | default | range | meaning |
    /// |---|---|---|---|
    /// | `fit_intercept` | `true` | | `false` takes the data as centred |
    /// | `max_iter` | 500 | | steps of a path at most |
    /// | `max_n_alphas` | 1000 | at least 1 | of more penalties one in so many is taken |
    /// | `eps` | 2.2e-16 | `[0, inf)` | as [`Lars`](super::Lars)'s |
    /// | `positive` | `false` | | `true` lets only features enter whose coefficient is above 0 |
    /// | `cv` | 5 | a number of folds, a splitter, or a list of splits | |
    ///
    /// # Errors
    /// As [`LassoLars`](super::LassoLars), and those of the splitter.
    ///
    /// # Source
    /// scikit-learn's class. Of fewer penalties than corners it takes the greatest for an empty model in every fold; here the
    /// path of the fold says what the model is.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::LassoLarsCv, prelude::*};
    ///
    /// let diabetes = fitwell::datasets::load_diabetes()?;
    /// let model = LassoLarsCv::new().fit(&diabetes.x, &diabetes.target)?;
    /// assert_eq!(model.cv_alphas().len(), model.mse_path().nrows());
    /// assert!(model.score(&diabetes.x, &diabetes.target)? > 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "LassoLarsCV")]
    pub struct LassoLarsCv { positive }
    lasso true
    /// What [`LassoLarsCv`] learned.
    pub struct FittedLassoLarsCv;
}

lars_search! {
    /// [`Lars`](super::Lars) with the end of the path that predicts best in cross-validation.
    ///
    /// As [`LassoLarsCv`], without the rule for coefficients that reach 0, and without `positive`.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{linear_model::LarsCv, prelude::*};
    ///
    /// let diabetes = fitwell::datasets::load_diabetes()?;
    /// let model = LarsCv::new().cv(3).fit(&diabetes.x, &diabetes.target)?;
    /// assert_eq!(model.mse_path().ncols(), 3);
    /// # Ok::<(), Error>(())
    /// ```
    #[doc(alias = "LarsCV")]
    pub struct LarsCv {}
    lasso false
    /// What [`LarsCv`] learned.
    pub struct FittedLarsCv;
}

/// The data, and how far the paths go.
struct Search<'a, F> {
    name: &'static str,
    x: &'a ArrayRef2<F>,
    y: &'a ArrayRef1<F>,
    weights: Option<&'a [f64]>,
    fit_intercept: bool,
    max_n_alphas: usize,
    course: Course,
}

struct Found {
    alpha: f64,
    cv_alphas: Vec<f64>,
    mse_path: Array2<f64>,
    path: LarsPath,
    intercept: f64,
}

/// The corners of one fold's path: penalties, and the residuals of the test rows at each.
struct Fold {
    alphas: Vec<f64>,
    /// (corners, test rows)
    residuals: Vec<Vec<f64>>,
    /// Of the test rows, of sum 1.
    weights: Vec<f64>,
}

impl<F: Float> Search<'_, F> {
    fn run(&self, splits: &[Split], watch: &Watch) -> Result<Found> {
        if splits.is_empty() {
            return Err(Error::invalid_input("list of splits", "is empty"));
        }
        let folds = parallel::map(splits.len(), |k| {
            self.fold(&splits[k])
                .map_err(|e| e.within(format!("fold {k}")))
        });
        let folds: Vec<Fold> = folds.into_iter().collect::<Result<_>>()?;
        let mut all: Vec<f64> = folds.iter().flat_map(|f| f.alphas.clone()).collect();
        all.sort_by(f64::total_cmp);
        all.dedup_by(|a, b| a == b);
        let stride = (all.len() / self.max_n_alphas).max(1);
        let all: Vec<f64> = all.into_iter().step_by(stride).collect();
        let errors = parallel::map(folds.len(), |k| folds[k].errors(&all));
        let kept: Vec<usize> = (0..all.len())
            .filter(|&i| errors.iter().all(|e| e[i].is_finite()))
            .collect();
        let mse_path =
            Array2::from_shape_fn((kept.len(), folds.len()), |(i, k)| errors[k][kept[i]]);
        let cv_alphas: Vec<f64> = kept.iter().map(|&i| all[i]).collect();
        let mean = mse_path.sum_axis(Axis(1));
        let best = (0..mean.len()).min_by(|&a, &b| mean[a].total_cmp(&mean[b]));
        let Some(best) = best else {
            return Err(ErrorKind::Overflow {
                estimator: self.name.into(),
                what: "the errors of every penalty".into(),
            }
            .into());
        };
        watch.report(self.name, 1, Some(1), Some(mean[best] / folds.len() as f64))?;
        let column = self.y.view().insert_axis(Axis(1));
        let problem = Problem::new(self.name, self.x, &column, self.weights, self.fit_intercept)?;
        let course = Course {
            alpha_min: cv_alphas[best],
            ..self.course
        };
        let path = lars_path(self.name, &mut Rows::new(&problem), 0, course);
        let end = path.coefs.last().map_or(&[][..], |w| &w[..]);
        let coef = Array2::from_shape_fn((1, end.len()), |(_, j)| end[j]);
        let intercept = problem.intercepts(&coef)[0];
        check::learned(self.name, "a coefficient", coef.iter().chain([&intercept]))?;
        Ok(Found {
            alpha: cv_alphas[best],
            cv_alphas,
            mse_path,
            path,
            intercept,
        })
    }

    fn fold(&self, split: &Split) -> Result<Fold> {
        crate::samples::check_rows(&split.train, self.x.nrows())?;
        crate::samples::check_rows(&split.test, self.x.nrows())?;
        let weights_of = |rows: &[usize]| -> Option<Vec<f64>> {
            self.weights.map(|w| rows.iter().map(|&i| w[i]).collect())
        };
        let (train_weights, test_weights) = (weights_of(&split.train), weights_of(&split.test));
        let total = |w: &Option<Vec<f64>>, rows: &[usize]| {
            w.as_ref().map_or(rows.len() as f64, |w| w.iter().sum())
        };
        let test_total = total(&test_weights, &split.test);
        if test_total <= 0.0 || total(&train_weights, &split.train) <= 0.0 {
            return Err(Error::invalid_input("rows", "have no weight"));
        }
        let x = self.x.select(Axis(0), &split.train);
        let y = self.y.select(Axis(0), &split.train).insert_axis(Axis(1));
        let problem = Problem::new(
            self.name,
            &x,
            &y,
            train_weights.as_deref(),
            self.fit_intercept,
        )?;
        let path = lars_path(self.name, &mut Rows::new(&problem), 0, self.course);
        let coefs = Array2::from_shape_fn((path.coefs.len(), x.ncols()), |(i, j)| path.coefs[i][j]);
        let mut intercepts = Array1::zeros(path.coefs.len());
        for (b, w) in intercepts.iter_mut().zip(coefs.rows()) {
            *b = problem.intercepts(&w.insert_axis(Axis(0)).to_owned())[0];
        }
        let test = self.x.select(Axis(0), &split.test).mapv(F::f64);
        let predicted = affine(&test, &coefs, &intercepts);
        let residuals = predicted.columns().into_iter().map(|predicted| {
            let each = split.test.iter().zip(predicted);
            each.map(|(&i, p)| p - self.y[i].f64()).collect()
        });
        let weights = test_weights.unwrap_or_else(|| vec![1.0; split.test.len()]);
        Ok(Fold {
            residuals: residuals.collect(),
            alphas: path.alphas,
            weights: weights.iter().map(|w| w / test_total).collect(),
        })
    }
}

impl Fold {
    /// The mean squared error at each of the rising penalties: residuals are straight between corners, and beyond the ends
    /// of the path those of its ends.
    fn errors(&self, alphas: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..self.alphas.len()).collect();
        order.sort_by(|&a, &b| self.alphas[a].total_cmp(&self.alphas[b]));
        let corner = |i: usize| (self.alphas[order[i]], &self.residuals[order[i]]);
        let of = |residual: &dyn Fn(usize) -> f64| -> f64 {
            let each = self.weights.iter().enumerate();
            each.map(|(r, w)| w * residual(r).powi(2)).sum()
        };
        let last = order.len() - 1;
        alphas
            .iter()
            .map(|&alpha| {
                let above = order.partition_point(|&i| self.alphas[i] < alpha);
                if above == 0 || above > last {
                    let (_, residuals) = corner(above.min(last));
                    return of(&|r| residuals[r]);
                }
                let ((low, left), (high, right)) = (corner(above - 1), corner(above));
                let share = (alpha - low) / (high - low);
                of(&|r| left[r] + share * (right[r] - left[r]))
            })
            .collect()
    }
}
