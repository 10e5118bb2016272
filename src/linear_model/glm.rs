//! Generalised linear models: the mean of a target is a function of a linear predictor.
//!
//! The parameters minimise the weighted mean of half the unit deviance plus an L2 penalty ([`glm_loss`](super::glm_loss)),
//! by limited-memory BFGS ([`optim::lbfgs`](crate::optim::lbfgs)) in a metric estimated from the data, or by Newton's method
//! ([`optim::newton`](crate::optim)).

use std::ops::ControlFlow;

use ndarray::{ArrayRef1, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::observer::Watch;
use crate::optim::newton::{Newton, NewtonStop};
use crate::optim::{Lbfgs, Precondition, StopReason};

use super::curvature::Curvature;
use super::glm_loss::{Family, GlmLoss};

/// How the parameters of a generalised linear model are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GlmSolver {
    /// Limited-memory BFGS: O(n p) an iteration. For many features.
    #[default]
    Lbfgs,
    /// Newton's method with the Cholesky decomposition of the Hessian: O(n p² + p³) an iteration, of which there are few. For
    /// many more rows than features. Where the Hessian is not positive definite, BFGS goes on from there.
    #[serde(alias = "newton-cholesky")]
    NewtonCholesky,
}

/// What may be left to gain where the gradient is small, for each unit of `tol`, as in logistic regression.
const GAP: f64 = 1e-4;

/// Features up to which a search that has come to a halt looks at the Hessian.
const MOST_CURVED: usize = 1000;

/// The settings that the models share.
pub(super) struct Settings<'a> {
    pub(super) name: &'static str,
    pub(super) family: Family,
    pub(super) alpha: f64,
    pub(super) fit_intercept: bool,
    pub(super) solver: GlmSolver,
    pub(super) max_iter: usize,
    pub(super) tol: f64,
    pub(super) watch: &'a Watch,
}

/// Coefficients and, with an intercept, the intercept.
pub(super) struct Learned {
    pub(super) parameters: Vec<f64>,
    pub(super) n_iter: usize,
    pub(super) converged: bool,
}

impl Settings<'_> {
    pub(super) fn check(&self) -> Result<()> {
        check::real(self.name, "alpha", self.alpha, Interval::at_least(0.0))?;
        check::real(self.name, "tol", self.tol, Interval::above(0.0))?;
        check::count(self.name, "max_iter", self.max_iter, 1)
    }

    /// Learns from samples and a target, checked but for the range of the target; from `start`, if there is one.
    pub(super) fn learn<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        y: &ArrayRef1<F>,
        weights: Option<&[f64]>,
        start: Option<Vec<f64>>,
    ) -> Result<Learned> {
        self.check()?;
        check::samples(x)?;
        check::finite_vector(y, "y")?;
        in_range(self.family, y)?;
        let y: Vec<f64> = y.iter().map(|v| v.f64()).collect();
        let mean = mean(&y, weights);
        let mut parameters = match start {
            Some(start) => start,
            None => self.start(x.ncols(), mean)?,
        };
        let curved = self.solver == GlmSolver::NewtonCholesky;
        let penalty = (self.alpha, self.fit_intercept);
        let mut loss = GlmLoss::new(x, y, weights, self.family, penalty, curved);
        let mut n_iter = 0;
        let mut observed = Ok(());
        let mut report = |iteration: usize, value: f64| {
            observed = self
                .watch
                .report(self.name, iteration, Some(self.max_iter), Some(value));
            match observed {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()),
            }
        };
        if curved {
            let newton = Newton {
                tol: self.tol,
                share: f64::INFINITY,
                max_iter: self.max_iter,
                noise: 16.0 * f64::EPSILON,
            };
            let end = newton.minimize(&mut parameters, &mut loss, &mut report);
            n_iter = end.n_iter;
            let left = end.reason == NewtonStop::Stuck && n_iter < self.max_iter;
            if !left {
                observed?;
                if end.reason == NewtonStop::NotFinite {
                    return Err(self.no_start());
                }
                return Ok(self.end(
                    parameters,
                    n_iter,
                    end.reason == NewtonStop::Converged,
                    end.gradient_norm,
                ));
            }
            log::debug!(
                "{}: the Hessian of iteration {n_iter} is not positive definite; BFGS goes on from there",
                self.name
            );
            loss.without_curvature();
        }
        let metric = self.metric(x, weights, mean);
        let precondition = metric.as_ref().map(|c| |v: &mut [f64]| c.solve(v));
        let noise = 4.0 * f64::EPSILON;
        let gap = match metric {
            Some(_) => (GAP * self.tol).max(noise),
            None => f64::INFINITY,
        };
        let before = n_iter;
        let least = Lbfgs::new()
            .gtol(self.tol)
            .ftol(f64::EPSILON)
            .noise(noise)
            .gap(gap)
            .max_iter(self.max_iter - n_iter)
            .minimize_with(
                &mut parameters,
                |at, gradient| loss.value_and_gradient(at, gradient),
                precondition.as_ref().map(|p| p as &Precondition<'_, f64>),
                |step| report(before + step.iteration, step.value),
            )
            .map_err(|_| self.no_start())?;
        n_iter += least.n_iter;
        let mut gradient_norm = least.gradient_norm;
        let mut converged = gradient_norm <= self.tol;
        let stalled = matches!(least.reason, StopReason::Decrease | StopReason::NoProgress);
        if stalled && !converged && n_iter < self.max_iter && x.ncols() <= MOST_CURVED {
            // A step that gains nothing may be one that the steps remembered have misled, or the end that rounding allows.
            loss.with_curvature();
            let newton = Newton {
                tol: self.tol,
                share: GAP * self.tol,
                max_iter: self.max_iter - n_iter,
                noise: 16.0 * f64::EPSILON,
            };
            let before = n_iter;
            let end = newton.minimize(&mut parameters, &mut loss, &mut |step, value| {
                report(before + step, value)
            });
            n_iter += end.n_iter;
            gradient_norm = end.gradient_norm;
            converged = end.reason == NewtonStop::Converged || gradient_norm <= self.tol;
        }
        observed?;
        Ok(self.end(parameters, n_iter, converged, gradient_norm))
    }

    fn end(&self, parameters: Vec<f64>, n_iter: usize, converged: bool, gradient: f64) -> Learned {
        if !converged {
            log::warn!(
                "{} did not converge in {n_iter} iterations (gradient {gradient:.1e}, tol {:.1e}): scale the features, or \
                 raise max_iter, tol or alpha",
                self.name,
                self.tol
            );
        }
        Learned {
            parameters,
            n_iter,
            converged,
        }
    }

    /// No coefficients, and the intercept of the mean.
    fn start(&self, p: usize, mean: f64) -> Result<Vec<f64>> {
        let mut start = vec![0.0; p];
        if self.fit_intercept {
            let intercept = self.family.link(mean);
            if !intercept.is_finite() {
                return Err(Error::invalid_input(
                    "y",
                    format!(
                        "its weighted mean is {mean}, which the logarithm takes to no number; positive values are needed"
                    ),
                ));
            }
            start.push(intercept);
        }
        Ok(start)
    }

    fn no_start(&self) -> Error {
        let identity = matches!(self.family, Family::TweedieIdentity(_));
        if identity {
            return Error::invalid_input(
                "X and y",
                "under the identity link predictions must be positive, and those of the start are not: fit an intercept to a \
                 target of positive mean, or take the link `log`",
            );
        }
        ErrorKind::Overflow {
            estimator: self.name.into(),
            what: "the gradient".into(),
        }
        .into()
    }

    /// The metric of the search: the Hessian at the start. None where it is singular: then the search stays within the
    /// span of the rows, and finds the solution of least norm.
    fn metric<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        weights: Option<&[f64]>,
        mean: f64,
    ) -> Option<Curvature> {
        let (n, p) = x.dim();
        if self.alpha == 0.0 && p + usize::from(self.fit_intercept) > n {
            return None;
        }
        let at = if self.fit_intercept {
            self.family.link(mean)
        } else {
            0.0
        };
        let second = self.family.point(mean, at).2.abs();
        let scale = if second > 0.0 && second.is_finite() {
            second
        } else {
            1.0
        };
        let metric = Curvature::of_scale(x, weights, vec![scale], self.alpha, self.fit_intercept)?;
        (self.alpha > 0.0 || !metric.is_singular()).then_some(metric)
    }
}

/// Every target is one that the family has.
pub(super) fn in_range<F: Float>(family: Family, y: &ArrayRef1<F>) -> Result<()> {
    let Some(range) = family.range() else {
        return Ok(());
    };
    match y.iter().position(|v| !family.allows(v.f64())) {
        None => Ok(()),
        Some(row) => Err(Error::invalid_input(
            "y",
            format!("row {row} is {}; every value must be {range}", y[row]),
        )),
    }
}

pub(super) fn mean(y: &[f64], weights: Option<&[f64]>) -> f64 {
    match weights {
        None => y.iter().sum::<f64>() / y.len() as f64,
        Some(w) => {
            let total: f64 = w.iter().sum();
            y.iter().zip(w).map(|(y, w)| y * (w / total)).sum()
        }
    }
}

/// Half the deviance of predictions given by their linear predictors: Σ sᵢ d(yᵢ, h(zᵢ)) / 2.
pub(super) fn half_deviance(
    family: Family,
    y: &[f64],
    weights: Option<&[f64]>,
    raw: impl Iterator<Item = f64>,
) -> f64 {
    let mut sum = 0.0;
    for (i, (&y, z)) in y.iter().zip(raw).enumerate() {
        let s = weights.map_or(1.0, |w| w[i]);
        if s > 0.0 {
            sum += s * (family.point(y, z).0 - family.saturated(y)).max(0.0);
        }
    }
    sum
}

/// D² = 1 − deviance / deviance of the mean alone.
pub(super) fn deviance_explained<F: Float>(
    family: Family,
    y: &ArrayRef1<F>,
    weights: Option<&[f64]>,
    raw: &ArrayRef1<F>,
) -> Result<f64> {
    check::finite_vector(y, "y")?;
    in_range(family, y)?;
    if y.is_empty() {
        let what = "X (no rows)".into();
        return Err(ErrorKind::EmptyInput { what }.into());
    }
    let y: Vec<f64> = y.iter().map(|v| v.f64()).collect();
    let deviance = half_deviance(family, &y, weights, raw.iter().map(|z| z.f64()));
    let mean = mean(&y, weights);
    let counts = |i: &usize| weights.is_none_or(|w| w[*i] > 0.0);
    let first = (0..y.len()).find(counts).unwrap_or(0);
    let constant = (first..y.len()).filter(counts).all(|i| y[i] == y[first]);
    let link = family.link(mean);
    let null = if constant {
        0.0
    } else {
        half_deviance(family, &y, weights, std::iter::repeat(link))
    };
    let score = if null > 0.0 {
        1.0 - deviance / null
    } else if deviance > 0.0 {
        0.0
    } else {
        1.0
    };
    check::learned("D²", "the deviance", [&score])?;
    Ok(score)
}

/// Declares a regressor of the shared settings and what it learned.
macro_rules! glm_regressor {
    (
        $(#[$doc:meta])*
        pub struct $estimator:ident {
            $($(#[$extra_doc:meta])* $extra:ident: $extra_type:ty $(as $with:literal)? = $extra_default:expr,)*
        }
        $(#[$fitted_doc:meta])*
        pub struct $fitted:ident;
        check($this:ident) $check:block
        family($self_:ident) $family:block
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct $estimator {
            $($(#[serde(with = $with)])? $extra: $extra_type,)*
            #[serde(with = "crate::params::number")]
            alpha: f64,
            fit_intercept: bool,
            solver: GlmSolver,
            max_iter: usize,
            #[serde(with = "crate::params::number")]
            tol: f64,
            #[serde(skip)]
            watch: Watch,
        }

        impl Default for $estimator {
            fn default() -> Self {
                $estimator {
                    $($extra: $extra_default,)*
                    alpha: 1.0,
                    fit_intercept: true,
                    solver: GlmSolver::Lbfgs,
                    max_iter: 100,
                    tol: 1e-4,
                    watch: Watch::default(),
                }
            }
        }

        impl $estimator {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $($(#[$extra_doc])*
            #[must_use]
            pub fn $extra(mut self, $extra: $extra_type) -> Self {
                self.$extra = $extra;
                self
            })*

            /// The strength of the penalty; 0 is none.
            #[must_use]
            pub fn alpha(mut self, alpha: f64) -> Self {
                self.alpha = alpha;
                self
            }

            /// Whether there is an intercept.
            #[must_use]
            pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
                self.fit_intercept = fit_intercept;
                self
            }

            /// How the parameters are found.
            #[must_use]
            pub fn solver(mut self, solver: GlmSolver) -> Self {
                self.solver = solver;
                self
            }

            /// The most iterations.
            #[must_use]
            pub fn max_iter(mut self, max_iter: usize) -> Self {
                self.max_iter = max_iter;
                self
            }

            /// The largest component of the gradient at which to stop.
            #[must_use]
            pub fn tol(mut self, tol: f64) -> Self {
                self.tol = tol;
                self
            }

            /// Reports every iteration with the objective, and can stop the fit.
            #[must_use]
            pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
                self.watch = Watch::by(observer);
                self
            }

            fn settings(&self) -> Settings<'_> {
                let $self_ = self;
                Settings {
                    name: Self::NAME,
                    family: $family,
                    alpha: self.alpha,
                    fit_intercept: self.fit_intercept,
                    solver: self.solver,
                    max_iter: self.max_iter,
                    tol: self.tol,
                    watch: &self.watch,
                }
            }

            /// As `fit`, with the search started from what an earlier fit found: scikit-learn's `warm_start`. Where the
            /// earlier problem is near, few iterations are left.
            ///
            /// # Errors
            /// As `fit`, and `ShapeMismatch` when `start` has another number of features.
            pub fn fit_from<F: Float, Y: AsTargets<Targets: RealTarget<F>> + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: &$fitted<F>,
            ) -> Result<$fitted<F>> {
                if x.ncols() != start.n_features_in() {
                    let what = "number of features of the start";
                    return Err(Error::shape(what, x.ncols(), start.n_features_in()));
                }
                let mut parameters: Vec<f64> = start.coef.iter().map(|v| v.f64()).collect();
                if self.fit_intercept {
                    parameters.push(start.intercept.f64());
                }
                self.learn(x, y.as_targets(), Some(parameters))
            }

            fn learn<F: Float, Y: RealTarget<F> + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: Option<Vec<f64>>,
            ) -> Result<$fitted<F>> {
                self.check()?;
                check::samples(x)?;
                check::target(y, x.nrows())?;
                let weights = y.sample_weight().map(|w| w.to_vec());
                let settings = self.settings();
                let learned = settings.learn(x, y.values(), weights.as_deref(), start)?;
                let p = x.ncols();
                let parameters = &learned.parameters;
                let coef: Array1<F> = parameters[..p].iter().map(|&v| F::of(v)).collect();
                let intercept = parameters.get(p).map_or(F::zero(), |&b| F::of(b));
                check::learned(Self::NAME, "a coefficient", coef.iter().chain([&intercept]))?;
                Ok($fitted {
                    coef,
                    intercept,
                    power: settings.family.power(),
                    log_link: settings.family.is_log(),
                    alpha: self.alpha,
                    fit_intercept: self.fit_intercept,
                    n_iter: learned.n_iter,
                    converged: learned.converged,
                })
            }
        }

        impl Hyperparameters for $estimator {
            const NAME: &'static str = stringify!($estimator);

            fn restore(mut self, original: &Self) -> Self {
                self.watch = original.watch.clone();
                self
            }

            fn check(&self) -> Result<()> {
                let $this = self;
                $check
                self.settings().check()
            }
        }

        impl fmt::Display for $estimator {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&describe(self))
            }
        }

        impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for $estimator {
            type Fitted = $fitted<F>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.learn(x, y, None)
            }
        }

        $(#[$fitted_doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $fitted<F = f64> {
            coef: Array1<F>,
            intercept: F,
            /// Of the variance.
            power: f64,
            log_link: bool,
            /// The penalty and the intercept of the fit, which inference needs to know.
            alpha: f64,
            fit_intercept: bool,
            n_iter: usize,
            converged: bool,
        }

        impl<F: Float> $fitted<F> {
            /// The iterations made.
            pub fn n_iter(&self) -> usize {
                self.n_iter
            }

            /// Whether the gradient came down to `tol` before `max_iter`, or what is left to gain to the rounding of the
            /// objective. If not: scale the features, or raise `max_iter`, `tol` or `alpha`.
            pub fn converged(&self) -> bool {
                self.converged
            }

            /// The strength of the penalty of the fit.
            pub(super) fn alpha(&self) -> f64 {
                self.alpha
            }

            /// Whether an intercept was fitted.
            pub(super) fn fit_intercept(&self) -> bool {
                self.fit_intercept
            }

            pub(super) fn family(&self) -> Family {
                Family::tweedie(self.power, self.log_link)
            }

            /// The linear predictors of the rows.
            fn raw(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
                check::same_width(x, self.n_features_in())?;
                let coef = self.coef.view().insert_axis(Axis(0));
                let raw = affine(x, &coef, &Array1::from_elem(1, self.intercept));
                Ok(raw.index_axis_move(Axis(1), 0))
            }
        }

        impl<F: Float> Predict<ArrayRef2<F>> for $fitted<F> {
            type Output = Array1<F>;

            fn predict(&self, x: &ArrayRef2<F>) -> Result<Array1<F>> {
                let family = self.family();
                let mut means = self.raw(x)?;
                means.mapv_inplace(|z| F::of(family.inverse_link(z.f64())));
                let name = <$estimator as Hyperparameters>::NAME;
                check::learned(name, "a prediction", &means)?;
                Ok(means)
            }
        }

        /// D², the share of the deviance that the model explains: 1 − D(y, ŷ) / D(y, ȳ). 1 is perfect, 0 as good as always
        /// predicting the mean of y, negative worse. A constant y scores 1 when predicted perfectly and 0 otherwise.
        impl<F: Float, Y: RealTarget<F> + ?Sized> Score<ArrayRef2<F>, Y> for $fitted<F> {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                let raw = self.raw(x)?;
                check::target(y, x.nrows())?;
                let weights = y.sample_weight().map(|w| w.to_vec());
                glm::deviance_explained(self.family(), y.values(), weights.as_deref(), &raw)
            }
        }

        $crate::linear_model::one_output::coefficients! {
            /// The coefficients of the linear predictor, (n_features).
            $fitted
        }

        impl<F: Float> Model for $fitted<F> {
            fn type_name() -> String {
                format!("{}<{}>", stringify!($fitted), F::NAME)
            }

            fn importances(&self) -> Option<Result<Array2<f64>>> {
                Some(self.feature_importances())
            }

            fn validate(&self) -> Result<()> {
                ensure::at_least("features of `coef`", self.coef.len(), 1)?;
                ensure::finite("coef", &self.coef)?;
                ensure::finite("intercept", [&self.intercept])?;
                ensure::finite("power", [&self.power])?;
                ensure::non_negative("alpha", [&self.alpha])?;
                ensure::that(self.fit_intercept || self.intercept == F::zero(), || {
                    "an intercept that was not fitted is not 0".into()
                })?;
                ensure::that(self.is_possible(), || {
                    format!("variance of power {} and this link are another model's", self.power)
                })
            }
        }

        impl<F: Float> fmt::Display for $fitted<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "{}({} features, {} after {} iterations)",
                    stringify!($fitted),
                    self.n_features_in(),
                    if self.converged { "converged" } else { "not converged" },
                    self.n_iter
                )
            }
        }
    };
}
pub(super) use glm_regressor;

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2};

    use crate::linear_model::{FittedPoissonRegressor, GlmSolver, PoissonRegressor};
    use crate::random;
    use crate::traits::Estimator;

    /// The mean of μ − y z, and the largest component of its gradient.
    fn poisson(x: &Array2<f64>, y: &Array1<f64>, m: &FittedPoissonRegressor) -> (f64, f64) {
        let z = x.dot(&m.coef()) + m.intercept();
        let (means, n) = (z.mapv(f64::exp), y.len() as f64);
        let slope = (&means - y) / n;
        let gradient = x.t().dot(&slope);
        let largest = gradient.fold(slope.sum().abs(), |m, g| m.max(g.abs()));
        ((means - y * &z).sum() / n, largest)
    }

    #[test]
    fn converged_means_a_small_gradient_or_nothing_to_gain() {
        let (n, tol) = (30, 1e-9);
        let mut said = 0;
        for seed in 0..60 {
            let mut rng = random::generator(seed);
            let far = Array2::from_shape_simple_fn((n, 5), || random::standard_normal(&mut rng));
            let y = Array1::from_shape_fn(n, |i| {
                let noise: f64 = random::standard_normal(&mut rng);
                (far[[i, 0]] - far[[i, 1]] + 0.5 * noise).exp().floor()
            });
            // The same span, of columns that nearly agree and are in different units.
            let mut near = far.clone();
            let moved = &far.column(0) + &far.column(1) * 10f64.powi(-(seed as i32 % 8));
            near.column_mut(1).assign(&moved);
            for (j, mut column) in near.columns_mut().into_iter().enumerate() {
                column *= 10f64.powi(2 * j as i32 - 4);
            }
            let poisson_regressor = PoissonRegressor::new().alpha(0.0).max_iter(1000);
            let tight = poisson_regressor.clone().tol(1e-12);
            let tight = tight.solver(GlmSolver::NewtonCholesky).fit(&far, &y);
            let (least, _) = poisson(&far, &y, &tight.unwrap());
            let model = poisson_regressor.tol(tol).fit(&near, &y).unwrap();
            let (value, gradient) = poisson(&near, &y, &model);
            if model.converged() {
                said += 1;
                let left = value - least;
                assert!(
                    gradient <= 1.01 * tol || left < 1e-9 * (1.0 + least.abs()),
                    "{seed}: {gradient:e} {left:e}"
                );
            }
        }
        assert!(said >= 20, "{said}");
    }
}
