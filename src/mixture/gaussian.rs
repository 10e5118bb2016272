//! Gaussian mixtures of greatest likelihood.

use std::f64::consts::TAU;
use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::covariance::{CovarianceType, Covariances, Moments, Spread};
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

const NAME: &str = "GaussianMixture";

settings! {
    /// Learns a density that is a weighted sum of Gaussian ones.
    ///
    /// With X of shape (n_samples, n_features), it looks for weights π, means μ and covariances Σ that make the mean
    /// log-likelihood
    /// ```text
    /// 1/n Σᵢ ln Σₖ πₖ N(xᵢ; μₖ, Σₖ)
    /// ```
    /// large, by expectation and maximisation: each iteration first gives every row its responsibilities, the probabilities
    /// of the components given the row, and then takes the weighted means and covariances of the rows. The likelihood never
    /// falls (but for what `reg_covar` adds); the iterations end when it rises by less than `tol`. That is a local maximum; of
    /// `n_init` starts the best is kept.
    ///
    /// Use it for groups that overlap or that are not round, for how probable a row is, and to draw new rows.
    /// [`bic`](FittedGaussianMixture::bic) chooses the number of components and the covariance type.
    ///
    /// # Settings
    /// | name | default | meaning |
    /// |---|---|---|
    /// | `n_components` | 1 | the number of components |
    /// | `covariance_type` | full | the form of the covariances: [`CovarianceType`] |
    /// | `tol` | 1e-3 | the change of the mean log-likelihood that ends the iterations |
    /// | `reg_covar` | 1e-6 | added to the diagonals of the covariances, in squared units of the features |
    /// | `max_iter` | 100 | the most iterations of a start; 0 keeps the start |
    /// | `n_init` | 1 | the number of starts, up to 10,000 |
    /// | `init_params` | kmeans | where the components begin: [`InitParams`] |
    /// | `weights_init` | none | weights to begin with, (n_components), that sum to 1 |
    /// | `means_init` | none | means to begin with, (n_components, n_features) |
    /// | `precisions_init` | none | inverse covariances to begin with, of the shape of `covariance_type` |
    /// | `random_state` | 0 | the seed of the starts |
    ///
    /// [`fit_from`](GaussianMixture::fit_from) goes on from a model (scikit-learn's `warm_start`).
    ///
    /// Sample weights are those of the target (`().weighted(&w)`): an integer weight is a repeated row, from the same start.
    ///
    /// # Complexity
    /// An iteration takes O(n k p²) operations for the covariance types full and tied, else O(n k p), and one pass over the
    /// rows, in parallel; memory O(k p²) for each of at most 64 chunks. No array of n times k values is written. All is
    /// computed in `f64`, for `f32` data too. Same seed, same data: the same bits with one thread or many.
    ///
    /// # Errors
    /// `EmptyInput`, `NonFinite`, `TooFewSamples` for one row, `InvalidParameter`, also for fewer rows than components and for
    /// arrays of another shape, `NotPositiveDefinite` when a covariance has no inverse (raise `reg_covar`), `Overflow`,
    /// `Cancelled`.
    ///
    /// # Source
    /// Dempster, Laird and Rubin, *Maximum likelihood from incomplete data via the EM algorithm* (1977); updates and stopping
    /// rule are scikit-learn's. Sums are taken about the means of the iteration before, which keeps digits where the data lie
    /// far from 0.
    ///
    /// # Examples
    /// ```
    /// use fitwell::{mixture::GaussianMixture, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[1.0_f64, 2.0], [1.0, 4.0], [1.0, 0.0], [10.0, 2.0], [10.0, 4.0], [10.0, 0.0]];
    /// let model = GaussianMixture::new(2).fit(&x, &())?;
    /// let labels = model.predict(&array![[0.0, 0.0], [12.0, 3.0]])?;
    /// assert_ne!(labels[0], labels[1]);
    /// assert!((model.means()[[labels[1], 0]] - 10.0).abs() < 1e-9);
    /// assert!((model.weights()[0] - 0.5).abs() < 1e-9);
    /// # Ok::<(), Error>(())
    /// ```
    pub struct GaussianMixture {
        n_components: usize = 1 => "The number of components.";
        covariance_type: CovarianceType = CovarianceType::Full => "The form of the covariances.";
        #[serde(with = "crate::params::number")]
        tol: f64 = 1e-3 => "The change of the mean log-likelihood that ends the iterations.";
        #[serde(with = "crate::params::number")]
        reg_covar: f64 = 1e-6 => "What is added to the diagonals of the covariances.";
        max_iter: usize = 100 => "The most iterations of a start.";
        n_init: usize = 1 => "The number of starts.";
        init_params: InitParams = InitParams::KMeans => "Where the components begin.";
        weights_init: Option<Numbers> = None;
        means_init: Option<Numbers> = None;
        precisions_init: Option<Numbers> = None;
        random_state: u64 = 0 => "The seed of the starts.";
    }
    check(this) {
        check::count(NAME, "n_components", this.n_components, 1)?;
        check::real(NAME, "tol", this.tol, Interval::at_least(0.0))?;
        check::real(NAME, "reg_covar", this.reg_covar, Interval::at_least(0.0))?;
        check::real(NAME, "n_init", this.n_init as f64, Interval::closed(1.0, MOST_STARTS))?;
        let Some(weights) = &this.weights_init else { return Ok(()) };
        weights.check(NAME, "weights_init", &[this.n_components])?;
        for &w in weights.values() {
            check::real(NAME, "weights_init", w, Interval::closed(0.0, 1.0))?;
        }
        let sum: f64 = weights.values().iter().sum();
        if (sum - 1.0).abs() > 1e-6 {
            let got = format!("a sum of {sum}");
            return Err(Error::invalid_parameter(NAME, "weights_init", "weights that sum to 1", got));
        }
        Ok(())
    }
}

/// The parameters of an iteration.
#[derive(Clone)]
struct State {
    weights: Vec<f64>,
    means: Vec<f64>,
    covariances: Option<Spread>,
    triangles: Spread,
}

impl State {
    /// What the moments ask for; `total` is what the weights are divided by.
    fn of(moments: Moments, total: f64) -> Result<Self> {
        Ok(State {
            weights: moments.weights.iter().map(|w| w / total).collect(),
            means: moments.means,
            triangles: moments.spread.triangles(NAME)?,
            covariances: Some(moments.spread),
        })
    }

    fn components(&self) -> Components {
        components(&self.weights, &self.means, &self.triangles)
    }
}

/// ln π − p ln(2π) / 2 + ln det U, less half the squared distance.
fn components(weights: &[f64], means: &[f64], triangles: &Spread) -> Components {
    let constant = -0.5 * triangles.p as f64 * TAU.ln();
    let each = weights.iter().zip(triangles.log_dets());
    let offsets = each.map(|(w, det)| w.ln() + constant + det).collect();
    triangles.components(means, offsets)
}

impl GaussianMixture {
    /// So many components, all else by default.
    pub fn new(n_components: usize) -> Self {
        Self::default().n_components(n_components)
    }

    /// Weights to begin with, (n_components), that sum to 1.
    pub fn weights_init(mut self, weights: impl Into<Numbers>) -> Self {
        self.weights_init = Some(weights.into());
        self
    }

    /// Means to begin with, (n_components, n_features).
    pub fn means_init(mut self, means: impl Into<Numbers>) -> Self {
        self.means_init = Some(means.into());
        self
    }

    /// Inverse covariances to begin with, of the shape of `covariance_type`: (n_components, n_features, n_features) for full,
    /// (n_features, n_features) for tied, (n_components, n_features) for diag, (n_components) for spherical.
    pub fn precisions_init(mut self, precisions: impl Into<Numbers>) -> Self {
        self.precisions_init = Some(precisions.into());
        self
    }

    /// Goes on from a model: its parameters are the start, and its lower bound is the one that the first iteration is
    /// compared with. `n_init`, `init_params` and given starts are not used.
    ///
    /// # Errors
    /// As `fit`, and `ShapeMismatch` for a model of other components, features or covariance type.
    ///
    /// ```
    /// use fitwell::{mixture::GaussianMixture, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0], [0.5], [1.0], [9.0], [9.5], [11.0]];
    /// let first = GaussianMixture::new(2).max_iter(1).fit(&x, &())?;
    /// let second = GaussianMixture::new(2).fit_from(&x, &(), &first)?;
    /// assert!(second.converged() && second.lower_bound() >= first.lower_bound() - 1e-9);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fit_from<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        model: &FittedGaussianMixture<F>,
    ) -> Result<FittedGaussianMixture<F>> {
        self.check()?;
        check_data(NAME, x, y, self.n_components)?;
        let (k, p) = (self.n_components, x.ncols());
        let (known_k, known_p) = model.means.dim();
        if known_k != k {
            return Err(Error::shape(
                "components of the model to go on from",
                k,
                known_k,
            ));
        }
        check::width(x, known_p)?;
        if model.covariances.covariance_type() != self.covariance_type {
            let reason = "its covariances are of another type than `covariance_type`";
            return Err(Error::invalid_input("the model to go on from", reason));
        }
        let state = State {
            weights: model.weights.iter().map(|v| v.f64()).collect(),
            means: model.means.iter().map(|v| v.f64()).collect(),
            covariances: Some(model.covariances.spread(k, p)),
            triangles: model.precisions_cholesky.spread(k, p),
        };
        self.learn(x, y, Some((state, model.lower_bound())))
    }

    fn learn<F: Float, Y: Targets + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        from: Option<(State, f64)>,
    ) -> Result<FittedGaussianMixture<F>> {
        let (k, p) = (self.n_components, x.ncols());
        self.covariance_type.fits(k, p)?;
        let weights = y.sample_weight().map(|w| w.to_vec());
        let tied = self.covariance_type == CovarianceType::Tied;
        let problem = Problem::new(
            x,
            weights.as_deref(),
            self.covariance_type,
            self.reg_covar,
            tied,
        );
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
                None => self.begin(&problem, x, y, start),
            },
            |state| {
                let (sums, moments) = problem.step(&state.components());
                let total = moments.weights.iter().sum();
                Ok((
                    sums.log_prob / problem.whole.weight,
                    State::of(moments, total)?,
                ))
            },
            |i, bound| self.watch.report(NAME, i, Some(self.max_iter), Some(bound)),
        )?;
        FittedGaussianMixture::new(best, p)
    }

    /// The parameters of one start.
    fn begin<F: Float, Y: Targets + ?Sized>(
        &self,
        problem: &Problem<'_>,
        x: &ArrayRef2<F>,
        y: &Y,
        start: usize,
    ) -> Result<State> {
        let (k, p) = (self.n_components, problem.p());
        let precisions = self.precisions_init.as_ref().map(|given| {
            let given = Spread {
                form: self.covariance_type,
                k,
                p,
                values: given.values().to_vec(),
            };
            given.triangles_of_precisions(NAME, "precisions_init")
        });
        let given = (
            &self.weights_init,
            &self.means_init,
            precisions.transpose()?,
        );
        if let (Some(weights), Some(means), Some(triangles)) = given {
            return Ok(State {
                weights: weights.values().to_vec(),
                means: means.values().to_vec(),
                covariances: None,
                triangles,
            });
        }
        let mut rng = random::stream(self.random_state, start as u64);
        let moments = problem.start(x, y, k, self.init_params, &mut rng)?;
        let mut state = match given.2 {
            Some(triangles) => State {
                weights: moments
                    .weights
                    .iter()
                    .map(|w| w / problem.whole.weight)
                    .collect(),
                means: moments.means,
                covariances: None,
                triangles,
            },
            None => State::of(moments, problem.whole.weight)?,
        };
        if let Some(weights) = given.0 {
            state.weights = weights.values().to_vec();
        }
        if let Some(means) = given.1 {
            state.means = means.values().to_vec();
        }
        Ok(state)
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for GaussianMixture {
    type Fitted = FittedGaussianMixture<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check_data(NAME, x, y, self.n_components)?;
        let (k, p) = (self.n_components, x.ncols());
        if let Some(means) = &self.means_init {
            means.check(NAME, "means_init", &[k, p])?;
        }
        if let Some(precisions) = &self.precisions_init {
            precisions.check(NAME, "precisions_init", &self.covariance_type.shape(k, p))?;
        }
        self.learn(x, y, None)
    }
}

/// The density that [`GaussianMixture`] learned.
///
/// `predict` gives the most probable component of each row, the first of several; `predict_proba` the probabilities of all
/// components, (n_samples, n_components); `score` the mean log-likelihood, weighted by the target's weights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedGaussianMixture<F: Float> {
    weights: Array1<F>,
    means: Array2<F>,
    covariances: Covariances<F>,
    precisions_cholesky: Covariances<F>,
    lower_bounds: Vec<f64>,
    converged: bool,
}

impl<F: Float> FittedGaussianMixture<F> {
    fn new(best: Best<State>, p: usize) -> Result<Self> {
        let state = best.state;
        let k = state.weights.len();
        let covariances = match state.covariances {
            Some(covariances) => covariances,
            None => state.triangles.covariances(NAME)?,
        };
        let matrix = |values: &[f64]| {
            Array2::from_shape_vec((k, p), values.iter().map(|&v| F::of(v)).collect())
                .map_err(|_| Error::shape("number of means", k * p, values.len()))
        };
        let model = FittedGaussianMixture {
            weights: state.weights.iter().map(|&v| F::of(v)).collect(),
            means: matrix(&state.means)?,
            covariances: covariances.keep()?,
            precisions_cholesky: state.triangles.keep()?,
            lower_bounds: best.lower_bounds,
            converged: best.converged,
        };
        check::learned(NAME, "the means", &model.means)?;
        check::learned(NAME, "the weights", &model.weights)?;
        check::learned(NAME, "the covariances", &model.covariances.values())?;
        check::learned(NAME, "the precisions", &model.precisions_cholesky.values())?;
        Ok(model)
    }

    fn components(&self) -> Components {
        let (k, p) = self.means.dim();
        let weights: Vec<f64> = self.weights.iter().map(|v| v.f64()).collect();
        let means: Vec<f64> = self.means.iter().map(|v| v.f64()).collect();
        components(&weights, &means, &self.precisions_cholesky.spread(k, p))
    }

    /// The greatest lower bound of the mean log-likelihood, that of the last iteration; minus infinity without iterations.
    pub fn lower_bound(&self) -> f64 {
        self.lower_bounds
            .last()
            .copied()
            .unwrap_or(f64::NEG_INFINITY)
    }

    /// Free parameters: of the covariances, the means and the weights.
    fn n_parameters(&self) -> f64 {
        let (k, p) = self.means.dim();
        let form = self.covariances.covariance_type();
        form.parameters(k, p) + (k * p + k - 1) as f64
    }

    /// The Bayesian information criterion on rows, q ln n − 2 Σ ln p(x) with q free parameters: less is better.
    ///
    /// # Errors
    /// As `score`.
    ///
    /// ```
    /// use fitwell::{mixture::GaussianMixture, prelude::*};
    /// use ndarray::array;
    ///
    /// let x = array![[0.0], [0.1], [0.2], [0.3], [9.0], [9.1], [9.2], [9.3]];
    /// let bic = |k| GaussianMixture::new(k).fit(&x, &())?.bic(&x);
    /// assert!(bic(2)? < bic(1)?);
    /// # Ok::<(), Error>(())
    /// ```
    pub fn bic(&self, x: &ArrayRef2<F>) -> Result<f64> {
        let n = x.nrows() as f64;
        Ok(self.n_parameters() * n.ln() - 2.0 * n * self.mean_log_likelihood(x, None)?)
    }

    /// The Akaike information criterion on rows, 2 q − 2 Σ ln p(x) with q free parameters: less is better.
    ///
    /// # Errors
    /// As `score`.
    pub fn aic(&self, x: &ArrayRef2<F>) -> Result<f64> {
        let n = x.nrows() as f64;
        Ok(2.0 * self.n_parameters() - 2.0 * n * self.mean_log_likelihood(x, None)?)
    }
}

mixture_model!(FittedGaussianMixture, NAME);

impl<F: Float> fmt::Display for FittedGaussianMixture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.means.dim();
        write!(
            f,
            "GaussianMixture of {k} components fitted on {p} columns: "
        )?;
        match self.lower_bounds.last() {
            Some(bound) => write!(f, "mean log-likelihood {bound:.6}"),
            None => f.write_str("as it began"),
        }
    }
}

impl<F: Float> Model for FittedGaussianMixture<F> {
    fn type_name() -> String {
        format!("FittedGaussianMixture<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.means.dim();
        ensure::at_least("number of components", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        ensure::equal("number of weights", self.weights.len(), k)?;
        ensure::non_negative("weights", &self.weights)?;
        let sum: f64 = self.weights.iter().map(|w| w.f64()).sum();
        ensure::that(sum > 0.0 && sum < 1.001, || {
            format!("the weights sum to {sum}")
        })?;
        ensure::finite("means", &self.means)?;
        let form = self.covariances.covariance_type();
        self.covariances.validate("covariances", form, k, p)?;
        self.precisions_cholesky
            .validate("precisions_cholesky", form, k, p)?;
        ensure::finite("lower_bounds", &self.lower_bounds)?;
        ensure::that(!self.converged || !self.lower_bounds.is_empty(), || {
            "it converged without an iteration".into()
        })
    }
}
