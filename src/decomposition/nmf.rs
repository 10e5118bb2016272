//! Factors without negative numbers.

mod choices;
mod fitted;
mod solvers;
mod start;
#[cfg(test)]
mod tests;

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

pub use self::choices::{BetaLoss, NmfComponents, NmfInit, NmfSolver};
pub use self::fitted::FittedNmf;
use self::solvers::{End, Rules, coordinate_descent, error, multiplicative};
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::observer::{Observer, Watch};
use crate::params::{self, Hyperparameters, describe};
use crate::random::generator;
use crate::targets::Targets;
use crate::traits::{Estimator, Known};

const NAME: &str = "Nmf";
/// Iterations that are not refused.
const MOST_ITERATIONS: f64 = 1e6;

/// Approximates X by a product of two matrices without negative entries: parts that add up.
///
/// With X (n_samples, n_features), finds W (n_samples, n_components) and H (n_components, n_features) that make
/// ```text
/// D(X, W H) + alpha_W l1_ratio p |W|₁ + alpha_W (1 − l1_ratio) p ‖W‖² / 2
///           + alpha_H l1_ratio n |H|₁ + alpha_H (1 − l1_ratio) n ‖H‖² / 2        W ≥ 0, H ≥ 0
/// ```
/// small, which has many local minima. `components` is H; `transform` finds W for new rows with H fixed.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | auto | at least 1 | [`NmfComponents`] |
/// | `init` | auto | | where to begin: [`NmfInit`]; given factors by [`fit_from`](Self::fit_from) |
/// | `solver` | cd | | [`NmfSolver`] |
/// | `beta_loss` | Frobenius | | the loss D: [`BetaLoss`] |
/// | `tol` | 1e-4 | `[0, inf)` | cd: the sum of projected gradients, over that of the first iteration; mu: the fall of √(2 D) in ten iterations, over its first value |
/// | `max_iter` | 200 | 1 to 1,000,000 | the most iterations |
/// | `random_state` | 0 | | the seed of random starts and of the order |
/// | `alpha_W` | 0 | `[0, inf)` | the penalty of W |
/// | `alpha_H` | as `alpha_W` | `[0, inf)` | the penalty of H |
/// | `l1_ratio` | 0 | `[0, 1]` | the share of absolute values in the penalties |
/// | `shuffle` | `false` | | components in random order in each iteration of cd |
///
/// # Complexity
/// An iteration of cd takes 2 n p k + (n + p) k² multiply-adds, one of mu 2 to 5 n p k, without a copy of X.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `InvalidInput` for negative values, and for zeros with β ≤ 0; `InvalidParameter`,
/// `ShapeMismatch` for given factors, `Cancelled`, `Overflow`. An end by `max_iter` is logged as a warning. Sample weights are
/// accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// A. Cichocki and A.-H. Phan (2009), "Fast local algorithms for large scale nonnegative matrix and tensor factorizations";
/// C. Févotte and J. Idier (2011), "Algorithms for nonnegative matrix factorization with the beta-divergence"; C. Boutsidis and
/// E. Gallopoulos (2008), "SVD based initialization". From the same start the numbers are those of scikit-learn's `NMF`.
///
/// # Examples
/// ```
/// use fitwell::{decomposition::Nmf, prelude::*};
/// use ndarray::array;
///
/// let x = array![[1.0, 1.0], [2.0, 1.0], [3.0, 1.2], [4.0, 1.0], [5.0, 0.8], [6.0, 1.0]];
/// let (model, w) = Nmf::new().n_components(2).max_iter(1000).fit_and_transform(&x, &())?;
/// let back = model.inverse_transform(&w)?;
/// assert!((&back - &x).iter().all(|d: &f64| d.abs() < 0.05));
/// assert!(model.components().iter().chain(&w).all(|v| *v >= 0.0));
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "NMF")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Nmf {
    /// The number of components.
    n_components: NmfComponents,
    /// Where to begin.
    init: NmfInit,
    /// How to iterate.
    solver: NmfSolver,
    /// The loss.
    beta_loss: BetaLoss,
    /// When to stop.
    #[serde(with = "params::number")]
    tol: f64,
    /// The most iterations.
    max_iter: usize,
    /// The seed of random starts and of the order.
    random_state: u64,
    /// The penalty of W.
    #[serde(rename = "alpha_W", with = "params::number")]
    alpha_w: f64,
    /// The penalty of H; `None` for that of W.
    #[serde(rename = "alpha_H", with = "params::optional_number")]
    alpha_h: Option<f64>,
    /// The share of absolute values in the penalties.
    #[serde(with = "params::number")]
    l1_ratio: f64,
    /// Whether components are updated in random order.
    shuffle: bool,
    #[serde(skip)]
    watch: Watch,
}

impl Default for Nmf {
    fn default() -> Self {
        Nmf {
            n_components: NmfComponents::Auto,
            init: NmfInit::Auto,
            solver: NmfSolver::Cd,
            beta_loss: BetaLoss::Frobenius,
            tol: 1e-4,
            max_iter: 200,
            random_state: 0,
            alpha_w: 0.0,
            alpha_h: None,
            l1_ratio: 0.0,
            shuffle: false,
            watch: Watch::default(),
        }
    }
}

impl Nmf {
    /// As many components as columns, the Frobenius loss, no penalty.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of components.
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<NmfComponents>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// Where to begin.
    #[must_use]
    pub fn init(mut self, init: NmfInit) -> Self {
        self.init = init;
        self
    }

    /// How to iterate.
    #[must_use]
    pub fn solver(mut self, solver: NmfSolver) -> Self {
        self.solver = solver;
        self
    }

    /// The loss.
    #[must_use]
    pub fn beta_loss(mut self, beta_loss: BetaLoss) -> Self {
        self.beta_loss = beta_loss;
        self
    }

    /// When to stop.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// The most iterations.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// The seed of random starts and of the order.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// The penalty of W.
    #[must_use]
    pub fn alpha_w(mut self, alpha: f64) -> Self {
        self.alpha_w = alpha;
        self
    }

    /// The penalty of H; `None` for that of W.
    #[must_use]
    pub fn alpha_h(mut self, alpha: impl Into<Option<f64>>) -> Self {
        self.alpha_h = alpha.into();
        self
    }

    /// The share of absolute values in the penalties.
    #[must_use]
    pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// Whether components are updated in random order.
    #[must_use]
    pub fn shuffle(mut self, shuffle: bool) -> Self {
        self.shuffle = shuffle;
        self
    }

    /// Reports every iteration, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// Fits from given factors, W (n_samples, n_components) and H (n_components, n_features): scikit-learn's `init="custom"`.
    /// Also the W that was found.
    ///
    /// # Errors
    /// As `fit`, and `ShapeMismatch` or `InvalidInput` when the factors do not fit or have negative entries.
    pub fn fit_from<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        w: &ArrayRef2<F>,
        h: &ArrayRef2<F>,
    ) -> Result<(FittedNmf<F>, Array2<F>)> {
        self.check()?;
        self.check_data(x)?;
        let ((n, p), k) = (x.dim(), h.nrows());
        if let NmfComponents::Count(wanted) = self.n_components
            && wanted != k
        {
            return Err(Error::shape("rows of H", wanted, k));
        }
        let sizes = [
            ("rows of W", n, w.nrows()),
            ("columns of W", k, w.ncols()),
            ("columns of H", p, h.ncols()),
        ];
        if let Some((what, expected, got)) = sizes.into_iter().find(|(_, a, b)| a != b) {
            return Err(Error::shape(what, expected, got));
        }
        check::not_empty(h)?;
        for (factor, what) in [(w, "W"), (h, "H")] {
            check::finite(factor, what)?;
            not_negative(factor, what)?;
        }
        if h.iter().all(|&v| v == F::zero()) {
            return Err(Error::invalid_input("H", "is all zero"));
        }
        self.learn(x, w.to_owned(), h.to_owned())
    }

    fn check_data<F: Float>(&self, x: &ArrayRef2<F>) -> Result<()> {
        check::samples(x)?;
        not_negative(x, "X")?;
        if self.beta_loss.beta() <= 0.0
            && let Some(((row, column), _)) = x.indexed_iter().find(|(_, v)| **v == F::zero())
        {
            let reason =
                format!("row {row}, column {column} is 0, which beta_loss <= 0 cannot take");
            return Err(Error::invalid_input("X", reason));
        }
        Ok(())
    }

    fn rules(&self, n: usize, p: usize) -> Rules {
        let (n, p) = (n as f64, p as f64);
        let alpha_h = self.alpha_h.unwrap_or(self.alpha_w);
        let (l1, l2) = (self.l1_ratio, 1.0 - self.l1_ratio);
        Rules {
            tol: self.tol,
            max_iter: self.max_iter,
            w: (p * self.alpha_w * l1, p * self.alpha_w * l2),
            h: (n * alpha_h * l1, n * alpha_h * l2),
        }
    }

    /// Iterations from w and h.
    fn solve<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        w: &mut Array2<F>,
        h: &mut Array2<F>,
        update_h: bool,
    ) -> Result<End> {
        let rules = self.rules(x.nrows(), x.ncols());
        let total = Some(self.max_iter);
        let report = |i: usize, value| {
            if update_h {
                self.watch.report(NAME, i, total, value)
            } else {
                Ok(())
            }
        };
        match self.solver {
            NmfSolver::Cd => {
                let order = self.shuffle.then(|| generator(self.random_state));
                let mut ht = h.t().as_standard_layout().into_owned();
                let step = |i, violation| report(i, Some(violation));
                let end = coordinate_descent(x, w, &mut ht, &rules, update_h, order, step)?;
                *h = ht.t().as_standard_layout().into_owned();
                Ok(end)
            }
            NmfSolver::Mu => {
                let beta = self.beta_loss.beta();
                multiplicative(x, w, h, beta, &rules, update_h, |i| report(i, None))
            }
        }
    }

    fn learn<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        mut w: Array2<F>,
        mut h: Array2<F>,
    ) -> Result<(FittedNmf<F>, Array2<F>)> {
        let end = self.solve(x, &mut w, &mut h, true)?;
        if !end.converged && self.tol > 0.0 {
            log::warn!("{NAME}: no convergence in {} iterations", self.max_iter);
        }
        check::learned(NAME, "the components", &h)?;
        check::learned(NAME, "the transformed rows", &w)?;
        let reconstruction_err = error(x, &w, &h, self.beta_loss.beta());
        check::learned(NAME, "the reconstruction error", &[reconstruction_err])?;
        let model = FittedNmf {
            settings: self.clone(),
            components: h,
            reconstruction_err,
            n_iter: end.n_iter,
            converged: end.converged,
        };
        Ok((model, w))
    }
}

fn not_negative<F: Float>(x: &ArrayRef2<F>, what: &str) -> Result<()> {
    match x.indexed_iter().find(|(_, v)| **v < F::zero()) {
        None => Ok(()),
        Some(((row, column), v)) => Err(Error::invalid_input(
            what,
            format!("row {row}, column {column} is negative: {v}"),
        )),
    }
}

impl Hyperparameters for Nmf {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        if let NmfComponents::Count(k) = self.n_components {
            // Products k x k are formed.
            check::real(NAME, "n_components", k as f64, Interval::closed(1.0, 1e5))?;
        }
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))?;
        let most = Interval::closed(1.0, MOST_ITERATIONS);
        check::real(NAME, "max_iter", self.max_iter as f64, most)?;
        check::real(NAME, "alpha_W", self.alpha_w, Interval::at_least(0.0))?;
        let alpha_h = self.alpha_h.unwrap_or(0.0);
        check::real(NAME, "alpha_H", alpha_h, Interval::at_least(0.0))?;
        check::real(NAME, "l1_ratio", self.l1_ratio, Interval::closed(0.0, 1.0))?;
        let beta = self.beta_loss.beta();
        let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::real(NAME, "beta_loss", beta, finite)?;
        if self.solver == NmfSolver::Cd && beta != 2.0 {
            let expected = "\"frobenius\" with solver \"cd\"";
            return Err(Error::invalid_parameter(NAME, "beta_loss", expected, beta));
        }
        Ok(())
    }
}

impl fmt::Display for Nmf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for Nmf {
    type Fitted = FittedNmf<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        self.check_data(x)?;
        check::target(y, x.nrows())?;
        let (w, h) = self.begin(x)?;
        Ok(self.learn(x, w, h)?.0)
    }

    /// The transformed rows are the W that the fit ended with, as in scikit-learn.
    fn fit_for_transform(&self, x: &ArrayRef2<F>, y: &Y) -> Result<(Self::Fitted, Known)> {
        self.check()?;
        self.check_data(x)?;
        check::target(y, x.nrows())?;
        let (w, h) = self.begin(x)?;
        let (model, w) = self.learn(x, w, h)?;
        Ok((model, Known::new(w)))
    }
}
