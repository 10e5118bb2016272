//! Gaussian mixtures whose parameters have priors.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::bayesian_prior::{Posterior, Prior};
use super::covariance::{CovarianceType, Covariances, Spread};
use super::em::{Best, Course, InitParams, MOST_STARTS, Problem, best_of, check_data};
use super::kernel::Components;
use super::model::mixture_model;
use super::numbers::Numbers;
use crate::check::{self, Interval};
use crate::cluster::settings::settings;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::model::{Model, ensure};
use crate::params::Hyperparameters;
use crate::random;
use crate::targets::Targets;
use crate::traits::Estimator;

const NAME: &str = "BayesianGaussianMixture";

/// The prior of the weights of a [`BayesianGaussianMixture`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeightConcentrationPriorType {
    /// A Dirichlet process, cut off at `n_components`: the weights are pieces broken off a stick one after the other, so that
    /// late components get little unless the data ask for them.
    #[default]
    DirichletProcess,
    /// A Dirichlet distribution, in which all components are alike.
    DirichletDistribution,
}

settings! {
    /// Learns a Gaussian mixture and how many of its components the data need.
    ///
    /// The weights, means μ and precisions Λ of the components are random themselves,
    /// ```text
    /// weights ~ Dirichlet process or distribution of concentration γ
    /// μₖ | Λₖ ~ N(m₀, (β₀ Λₖ)⁻¹)        Λₖ ~ Wishart(ν₀, W₀)
    /// ```
    /// and their posterior is approached by a product of such distributions, in iterations like those of
    /// [`GaussianMixture`](super::GaussianMixture) that raise a lower bound of the evidence. Components that the data do not
    /// need end with weights near 0; `n_components` is the most there may be.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `n_components` | 1 | the most components |
    /// | `covariance_type` | full | the form of the covariances: [`CovarianceType`] |
    /// | `tol` | 1e-3 | the change of the lower bound that ends the iterations |
    /// | `reg_covar` | 1e-6 | added to the diagonals of the scatter, in squared units of the features |
    /// | `max_iter` | 100 | the most iterations of a start; 0 keeps the start |
    /// | `n_init` | 1 | the number of starts, up to 10,000 |
    /// | `init_params` | kmeans | where the components begin: [`InitParams`] |
    /// | `weight_concentration_prior_type` | process | [`WeightConcentrationPriorType`] |
    /// | `weight_concentration_prior` | 1 / `n_components` | γ; higher spreads the weight over more components |
    /// | `mean_precision_prior` | 1 | β₀; higher pulls the means to m₀ |
    /// | `mean_prior` | mean of X | m₀, (n_features) |
    /// | `degrees_of_freedom_prior` | n_features | ν₀, above n_features − 1; higher pulls the covariances to W₀ / ν₀ |
    /// | `covariance_prior` | covariance of X | W₀: (n_features, n_features) for full and tied, (n_features) for diag, a number for spherical |
    /// | `random_state` | 0 | the seed of the starts |
    ///
    /// [`fit_from`](BayesianGaussianMixture::fit_from) goes on from a model (scikit-learn's `warm_start`). Sample weights are
    /// those of the target: an integer weight is a repeated row, from the same start.
    ///
    /// # Complexity, errors
    /// As [`GaussianMixture`](super::GaussianMixture); `InvalidInput` when weights sum to at most 1 and no `covariance_prior`
    /// is given.
    ///
    /// # Source
    /// Bishop, *Pattern Recognition and Machine Learning* (2006), section 10.2; Blei and Jordan, *Variational inference for
    /// Dirichlet process mixtures* (2006). The lower bound leaves out the constants that scikit-learn's leaves out.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{mixture::BayesianGaussianMixture, prelude::*};
    /// use ndarray::Array2;
    ///
    /// let x = Array2::from_shape_fn((40, 1), |(i, _)| i as f64 / 20.0 + if i < 20 { 0.0 } else { 9.0 });
    /// let model = BayesianGaussianMixture::new(4).weight_concentration_prior(1e-3).max_iter(500).fit(&x, &())?;
    /// assert_eq!(model.weights().iter().filter(|&&w| w > 0.05).count(), 2);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct BayesianGaussianMixture {
        n_components: usize = 1 => "The most components.";
        covariance_type: CovarianceType = CovarianceType::Full => "The form of the covariances.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-3 => "The change of the lower bound that ends the iterations.";
        #[serde(with = "crate::params::number")]
        reg_covar: f64 = 1e-6 => "What is added to the diagonals of the scatter.";
        max_iter: usize = 100 => "The most iterations of a start.";
        n_init: usize = 1 => "The number of starts.";
        init_params: InitParams = InitParams::KMeans => "Where the components begin.";
        weight_concentration_prior_type: WeightConcentrationPriorType = WeightConcentrationPriorType::DirichletProcess
            => "The prior of the weights.";
        #[serde(with = "crate::params::optional_number")]
        weight_concentration_prior: Option<f64> = None;
        #[serde(with = "crate::params::optional_number")]
        mean_precision_prior: Option<f64> = None;
        mean_prior: Option<Numbers> = None;
        #[serde(with = "crate::params::optional_number")]
        degrees_of_freedom_prior: Option<f64> = None;
        covariance_prior: Option<Numbers> = None;
        random_state: u64 = 0 => "The seed of the starts.";
    }
    check(this) {
        check::count(NAME, "n_components", this.n_components, 1)?;
        check::real(NAME, "tol", this.tol, Interval::at_least(0.0))?;
        check::real(NAME, "reg_covar", this.reg_covar, Interval::at_least(0.0))?;
        check::real(NAME, "n_init", this.n_init as f64, Interval::closed(1.0, MOST_STARTS))?;
        for (name, value) in [
            ("weight_concentration_prior", this.weight_concentration_prior),
            ("mean_precision_prior", this.mean_precision_prior),
            ("degrees_of_freedom_prior", this.degrees_of_freedom_prior),
        ] {
            if let Some(value) = value {
                check::real(NAME, name, value, Interval::above(0.0))?;
            }
        }
        Ok(())
    }
}

impl BayesianGaussianMixture {
    /// At most so many components, all else by default.
    pub fn new(n_components: usize) -> Self {
        Self::default().n_components(n_components)
    }

    /// The concentration γ of the weights; none for 1 / `n_components`.
    pub fn weight_concentration_prior(mut self, prior: impl Into<Option<f64>>) -> Self {
        self.weight_concentration_prior = prior.into();
        self
    }

    /// The precision β₀ of the means; none for 1.
    pub fn mean_precision_prior(mut self, prior: impl Into<Option<f64>>) -> Self {
        self.mean_precision_prior = prior.into();
        self
    }

    /// The prior mean, (n_features).
    pub fn mean_prior(mut self, prior: impl Into<Numbers>) -> Self {
        self.mean_prior = Some(prior.into());
        self
    }

    /// The prior degrees of freedom ν₀, above n_features − 1; none for n_features.
    pub fn degrees_of_freedom_prior(mut self, prior: impl Into<Option<f64>>) -> Self {
        self.degrees_of_freedom_prior = prior.into();
        self
    }

    /// The prior covariance: (n_features, n_features) for full and tied, (n_features) for diag, a number for spherical.
    pub fn covariance_prior(mut self, prior: impl Into<Numbers>) -> Self {
        self.covariance_prior = Some(prior.into());
        self
    }

    fn check_given(&self, p: usize) -> Result<()> {
        if let Some(mean) = &self.mean_prior {
            mean.check(NAME, "mean_prior", &[p])?;
        }
        if let Some(dof) = self.degrees_of_freedom_prior {
            let range = Interval::above(p as f64 - 1.0);
            check::real(NAME, "degrees_of_freedom_prior", dof, range)?;
        }
        let Some(covariance) = &self.covariance_prior else {
            return Ok(());
        };
        let (shape, form) = match self.covariance_type {
            CovarianceType::Full | CovarianceType::Tied => (vec![p, p], CovarianceType::Tied),
            CovarianceType::Diag => (vec![p], CovarianceType::Diag),
            CovarianceType::Spherical => (vec![], CovarianceType::Spherical),
        };
        covariance.check(NAME, "covariance_prior", &shape)?;
        let values = covariance.values().to_vec();
        let given = Spread {
            form,
            k: 1,
            p,
            values,
        };
        given
            .triangles_of_precisions(NAME, "covariance_prior")
            .map(|_| ())
    }

    fn prior(&self, problem: &Problem<'_>) -> Result<Prior> {
        let (p, whole) = (problem.p(), &problem.whole);
        let covariance = match &self.covariance_prior {
            Some(given) => given.values().to_vec(),
            None => {
                let free = whole.weight - 1.0;
                if free <= 0.0 {
                    let reason =
                        "they sum to at most 1, which gives no covariance: set `covariance_prior`";
                    return Err(Error::invalid_input("sample weights", reason));
                }
                let at = |i: usize, j: usize| {
                    let (i, j) = (i.max(j), i.min(j));
                    whole.scatter[i * (i + 1) / 2 + j] / free
                };
                match self.covariance_type {
                    CovarianceType::Full | CovarianceType::Tied => {
                        (0..p * p).map(|c| at(c / p, c % p)).collect()
                    }
                    CovarianceType::Diag => (0..p).map(|j| at(j, j)).collect(),
                    CovarianceType::Spherical => {
                        vec![(0..p).map(|j| at(j, j)).sum::<f64>() / p as f64]
                    }
                }
            }
        };
        let given_mean = self.mean_prior.as_ref().map(|m| m.values().to_vec());
        Ok(Prior {
            process: self.weight_concentration_prior_type
                == WeightConcentrationPriorType::DirichletProcess,
            concentration: self
                .weight_concentration_prior
                .unwrap_or(1.0 / self.n_components as f64),
            mean_precision: self.mean_precision_prior.unwrap_or(1.0),
            mean: given_mean.unwrap_or_else(|| whole.mean.clone()),
            degrees_of_freedom: self.degrees_of_freedom_prior.unwrap_or(p as f64),
            covariance,
        })
    }

    /// Goes on from a model: its parameters are the start, and its lower bound is the one that the first iteration is
    /// compared with. `n_init` and `init_params` are not used; the priors are those of the settings and the new data.
    ///
    /// # Errors
    /// As `fit`, and `ShapeMismatch` for a model of other components or features, `InvalidInput` for one of another covariance
    /// type or prior of the weights.
    pub fn fit_from<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        model: &FittedBayesianGaussianMixture<F>,
    ) -> Result<FittedBayesianGaussianMixture<F>> {
        let (k, known) = (self.n_components, model.means.dim());
        if known.0 != k {
            return Err(Error::shape(
                "components of the model to go on from",
                k,
                known.0,
            ));
        }
        check::width(x, known.1)?;
        let process =
            self.weight_concentration_prior_type == WeightConcentrationPriorType::DirichletProcess;
        if model.covariances.covariance_type() != self.covariance_type
            || model.concentration_rest.is_some() != process
        {
            let reason = "it has another covariance type or another prior of the weights";
            return Err(Error::invalid_input("the model to go on from", reason));
        }
        self.learn(x, y, Some((model.posterior(), model.lower_bound())))
    }

    fn learn<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        from: Option<(Posterior, f64)>,
    ) -> Result<FittedBayesianGaussianMixture<F>> {
        self.check()?;
        check_data(NAME, x, y, self.n_components)?;
        let (k, p) = (self.n_components, x.ncols());
        self.check_given(p)?;
        self.covariance_type.fits(k, p)?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let form = self.covariance_type;
        let problem = Problem::new(x, weights.as_deref(), form, self.reg_covar, true);
        let prior = self.prior(&problem)?;
        let course = Course {
            starts: if from.is_some() { 1 } else { self.n_init },
            max_iter: self.max_iter,
            tol: self.tol,
        };
        let before = from.as_ref().map_or(f64::NEG_INFINITY, |from| from.1);
        let best = best_of(
            NAME,
            course,
            before,
            |start| match &from {
                Some((state, _)) => Ok(state.clone()),
                None => {
                    let mut rng = random::stream(self.random_state, start as u64);
                    let moments = problem.start(x, y, k, self.init_params, &mut rng)?;
                    prior.posterior(moments, NAME)
                }
            },
            |state: &Posterior| {
                let (sums, moments) = problem.step(&state.components());
                let next = prior.posterior(moments, NAME)?;
                Ok((next.lower_bound(&sums), next))
            },
            |i, bound| self.watch.report(NAME, i, Some(self.max_iter), Some(bound)),
        )?;
        FittedBayesianGaussianMixture::new(best, &prior)
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for BayesianGaussianMixture {
    type Fitted = FittedBayesianGaussianMixture<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.learn(x, y, None)
    }
}

/// The density that [`BayesianGaussianMixture`] learned, by the expected weights and the means of the posterior.
///
/// `predict` gives the most probable component of each row, the first of several; `predict_proba` the probabilities of all
/// components, (n_samples, n_components); `score` the mean of the expected log-likelihood, weighted by the target's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedBayesianGaussianMixture<F: Float> {
    weights: Array1<F>,
    concentration: Array1<F>,
    concentration_rest: Option<Array1<F>>,
    mean_precision: Array1<F>,
    means: Array2<F>,
    degrees_of_freedom: Array1<F>,
    covariances: Covariances<F>,
    precisions_cholesky: Covariances<F>,
    weight_concentration_prior: f64,
    mean_precision_prior: f64,
    mean_prior: Array1<F>,
    degrees_of_freedom_prior: f64,
    covariance_prior: Vec<F>,
    lower_bounds: Vec<f64>,
    converged: bool,
}

impl<F: Float> FittedBayesianGaussianMixture<F> {
    fn new(best: Best<Posterior>, prior: &Prior) -> Result<Self> {
        let state = best.state;
        let (k, p) = (state.triangles.k, state.triangles.p);
        let vector = |values: &[f64]| -> Array1<F> { values.iter().map(|&v| F::of(v)).collect() };
        let means = Array2::from_shape_vec((k, p), vector(&state.means).to_vec());
        let model = FittedBayesianGaussianMixture {
            weights: vector(&state.weights()),
            concentration: vector(&state.concentration),
            concentration_rest: prior.process.then(|| vector(&state.rest)),
            mean_precision: vector(&state.mean_precision),
            means: means.map_err(|_| Error::shape("number of means", k * p, state.means.len()))?,
            degrees_of_freedom: vector(&state.degrees_of_freedom),
            covariances: state.covariances.keep()?,
            precisions_cholesky: state.triangles.keep()?,
            weight_concentration_prior: prior.concentration,
            mean_precision_prior: prior.mean_precision,
            mean_prior: vector(&prior.mean),
            degrees_of_freedom_prior: prior.degrees_of_freedom,
            covariance_prior: vector(&prior.covariance).to_vec(),
            lower_bounds: best.lower_bounds,
            converged: best.converged,
        };
        check::learned(NAME, "the means", &model.means)?;
        check::learned(NAME, "the weights", &model.weights)?;
        check::learned(NAME, "the concentrations", &model.concentration)?;
        check::learned(
            NAME,
            "the concentrations",
            model.concentration_rest.iter().flatten(),
        )?;
        check::learned(NAME, "the precisions of the means", &model.mean_precision)?;
        check::learned(NAME, "the degrees of freedom", &model.degrees_of_freedom)?;
        check::learned(NAME, "the covariances", &model.covariances.values())?;
        check::learned(NAME, "the precisions", &model.precisions_cholesky.values())?;
        check::learned(NAME, "the prior mean", &model.mean_prior)?;
        check::learned(NAME, "the prior covariance", &model.covariance_prior)?;
        Ok(model)
    }

    fn posterior(&self) -> Posterior {
        let (k, p) = self.means.dim();
        let wide = |values: &Array1<F>| -> Vec<f64> { values.iter().map(|v| v.f64()).collect() };
        Posterior {
            concentration: wide(&self.concentration),
            rest: self
                .concentration_rest
                .as_ref()
                .map(wide)
                .unwrap_or_default(),
            mean_precision: wide(&self.mean_precision),
            means: self.means.iter().map(|v| v.f64()).collect(),
            degrees_of_freedom: wide(&self.degrees_of_freedom),
            covariances: self.covariances.spread(k, p),
            triangles: self.precisions_cholesky.spread(k, p),
        }
    }

    fn components(&self) -> Components {
        self.posterior().components()
    }

    /// The greatest lower bound of the evidence, without constants; minus infinity without iterations.
    pub fn lower_bound(&self) -> f64 {
        self.lower_bounds
            .last()
            .copied()
            .unwrap_or(f64::NEG_INFINITY)
    }

    /// The concentrations of the weights: of the Dirichlet distribution, or, for a process, the two parameters of the beta
    /// distribution of each piece of the stick.
    pub fn weight_concentration(&self) -> (&Array1<F>, Option<&Array1<F>>) {
        (&self.concentration, self.concentration_rest.as_ref())
    }

    /// The precision of each mean, in units of the precision of its component.
    pub fn mean_precision(&self) -> &Array1<F> {
        &self.mean_precision
    }

    /// The degrees of freedom of each component; one number for tied covariances.
    pub fn degrees_of_freedom(&self) -> &Array1<F> {
        &self.degrees_of_freedom
    }

    /// The prior concentration of the weights.
    pub fn weight_concentration_prior(&self) -> f64 {
        self.weight_concentration_prior
    }

    /// The prior precision of the means.
    pub fn mean_precision_prior(&self) -> f64 {
        self.mean_precision_prior
    }

    /// The prior mean.
    pub fn mean_prior(&self) -> &Array1<F> {
        &self.mean_prior
    }

    /// The prior degrees of freedom.
    pub fn degrees_of_freedom_prior(&self) -> f64 {
        self.degrees_of_freedom_prior
    }

    /// The prior covariance in row order: (n_features, n_features) for full and tied, (n_features) for diag, one number for
    /// spherical.
    pub fn covariance_prior(&self) -> &[F] {
        &self.covariance_prior
    }
}

mixture_model!(FittedBayesianGaussianMixture, NAME);

impl<F: Float> fmt::Display for FittedBayesianGaussianMixture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.means.dim();
        let used = self.weights.iter().filter(|w| w.f64() >= 0.01).count();
        write!(
            f,
            "BayesianGaussianMixture fitted on {p} columns: {used} of {k} components of weight 0.01 or more, lower bound {}",
            self.lower_bound()
        )
    }
}

impl<F: Float> Model for FittedBayesianGaussianMixture<F> {
    fn type_name() -> String {
        format!("FittedBayesianGaussianMixture<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.means.dim();
        ensure::at_least("number of components", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::equal("number of weights", self.weights.len(), k)?;
        ensure::non_negative("weights", &self.weights)?;
        let sum: f64 = self.weights.iter().map(|w| w.f64()).sum();
        ensure::that((sum - 1.0).abs() < 1e-3, || {
            format!("the weights sum to {sum}")
        })?;
        let rest = self.concentration_rest.iter();
        for values in rest.chain([&self.concentration, &self.mean_precision]) {
            ensure::equal("number of concentrations", values.len(), k)?;
            ensure::non_negative("concentrations", values)?;
        }
        let form = self.covariances.covariance_type();
        let tied = form == CovarianceType::Tied;
        let dofs = if tied { 1 } else { k };
        ensure::equal(
            "number of degrees_of_freedom",
            self.degrees_of_freedom.len(),
            dofs,
        )?;
        let low = p as f64 - 1.0;
        ensure::that(
            self.degrees_of_freedom.iter().all(|v| v.f64() >= low),
            || format!("degrees_of_freedom must be at least {low}"),
        )?;
        ensure::finite("means", &self.means)?;
        self.covariances.validate("covariances", form, k, p)?;
        self.precisions_cholesky
            .validate("precisions_cholesky", form, k, p)?;
        let priors = [
            self.weight_concentration_prior,
            self.mean_precision_prior,
            self.degrees_of_freedom_prior,
        ];
        ensure::positive("priors", &priors)?;
        ensure::equal("number of mean_prior", self.mean_prior.len(), p)?;
        let size = match form {
            CovarianceType::Full | CovarianceType::Tied => p.saturating_mul(p),
            CovarianceType::Diag => p,
            CovarianceType::Spherical => 1,
        };
        ensure::equal(
            "number of covariance_prior",
            self.covariance_prior.len(),
            size,
        )?;
        ensure::finite("lower_bounds", &self.lower_bounds)?;
        ensure::that(!self.converged || !self.lower_bounds.is_empty(), || {
            "it converged without an iteration".into()
        })
    }
}
