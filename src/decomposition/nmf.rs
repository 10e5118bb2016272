//! Factors without negative numbers.

use std::fmt;

use ndarray::{Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::centered::Centered;
use super::names;
use super::nmf_solvers::{End, Rules, coordinate_descent, error, multiplicative};
use super::randomized::Randomized;
use super::settings::PowerIterationNormalizer;
use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::feature_selection::written::{count, written};
use crate::float::Float;
use crate::linalg::matmul;
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::params::{self, Hyperparameters, describe};
use crate::random::{generator, standard_normal};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Known, Transform};

const NAME: &str = "Nmf";
/// Iterations that are not refused.
const MOST_ITERATIONS: f64 = 1e6;

/// How many components [`Nmf`] has. By name a count, or `"auto"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NmfComponents {
    /// As many as given factors have, otherwise n_features.
    #[default]
    Auto,
    /// So many.
    Count(usize),
}

impl From<usize> for NmfComponents {
    fn from(n: usize) -> Self {
        NmfComponents::Count(n)
    }
}

impl NmfComponents {
    fn write(&self) -> Value {
        match self {
            NmfComponents::Auto => "auto".into(),
            NmfComponents::Count(n) => (*n).into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        if value == "auto" || value.is_null() {
            return Some(NmfComponents::Auto);
        }
        count(value).map(NmfComponents::Count)
    }
}
written!(NmfComponents, "a number of components or \"auto\"");

/// Where [`Nmf`] begins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NmfInit {
    /// `Nndsvda` for at most min(n_samples, n_features) components, otherwise `Random`.
    #[default]
    Auto,
    /// Absolute values of normal numbers, as large as the mean of X asks for.
    Random,
    /// The positive or negative parts of singular vectors, whichever is larger: has zeros, which the `Mu` solver keeps.
    Nndsvd,
    /// As `Nndsvd`, with the mean of X for zeros.
    Nndsvda,
    /// As `Nndsvd`, with small random numbers for zeros.
    Nndsvdar,
}

/// How [`Nmf`] iterates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NmfSolver {
    /// Coordinate descent, for the Frobenius loss.
    #[default]
    Cd,
    /// Multiplicative updates, for every loss.
    Mu,
}

/// What [`Nmf`] makes small. By name, or the number β.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum BetaLoss {
    /// ‖X − W H‖² / 2, β = 2.
    #[default]
    Frobenius,
    /// Σ x ln(x / (WH)) − x + WH, β = 1.
    KullbackLeibler,
    /// Σ x / (WH) − ln(x / (WH)) − 1, β = 0; X must be positive.
    ItakuraSaito,
    /// The β-divergence of this β.
    Beta(f64),
}

impl BetaLoss {
    fn beta(&self) -> f64 {
        match self {
            BetaLoss::Frobenius => 2.0,
            BetaLoss::KullbackLeibler => 1.0,
            BetaLoss::ItakuraSaito => 0.0,
            BetaLoss::Beta(beta) => *beta,
        }
    }

    fn write(&self) -> Value {
        match self {
            BetaLoss::Frobenius => "frobenius".into(),
            BetaLoss::KullbackLeibler => "kullback-leibler".into(),
            BetaLoss::ItakuraSaito => "itakura-saito".into(),
            BetaLoss::Beta(beta) if beta.is_finite() => (*beta).into(),
            BetaLoss::Beta(beta) if beta.is_nan() => "nan".into(),
            BetaLoss::Beta(beta) if *beta > 0.0 => "inf".into(),
            BetaLoss::Beta(_) => "-inf".into(),
        }
    }

    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(beta) => beta.as_f64().map(BetaLoss::Beta),
            Value::String(name) => match name.as_str() {
                "frobenius" => Some(BetaLoss::Frobenius),
                "kullback-leibler" => Some(BetaLoss::KullbackLeibler),
                "itakura-saito" => Some(BetaLoss::ItakuraSaito),
                "nan" => Some(BetaLoss::Beta(f64::NAN)),
                "inf" => Some(BetaLoss::Beta(f64::INFINITY)),
                "-inf" => Some(BetaLoss::Beta(f64::NEG_INFINITY)),
                _ => None,
            },
            _ => None,
        }
    }
}
written!(
    BetaLoss,
    "\"frobenius\", \"kullback-leibler\", \"itakura-saito\" or a number"
);

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

    /// W and H to begin with.
    fn begin<F: Float>(&self, x: &ArrayRef2<F>) -> Result<(Array2<F>, Array2<F>)> {
        let (n, p) = x.dim();
        let k = match self.n_components {
            NmfComponents::Auto => p,
            NmfComponents::Count(k) => k,
        };
        let init = match self.init {
            NmfInit::Auto if k <= n.min(p) => NmfInit::Nndsvda,
            NmfInit::Auto => NmfInit::Random,
            init => init,
        };
        let mean = x.iter().map(|v| v.f64()).sum::<f64>() / x.len() as f64;
        check::learned(NAME, "the mean of X", &[mean])?;
        let mut rng = generator(self.random_state);
        let mut normal = |size: f64| F::of((size * standard_normal(&mut rng)).abs());
        if init == NmfInit::Random {
            crate::parallel::fits::<F>("the factors", (n.saturating_add(p), k))?;
            let size = (mean / k as f64).sqrt();
            let h = Array2::from_shape_simple_fn((k, p), || normal(size));
            let w = Array2::from_shape_simple_fn((n, k), || normal(size));
            return Ok((w, h));
        }
        super::at_most(
            NAME,
            k,
            n.min(p),
            "min(n_samples, n_features) for this `init`",
        )?;
        let (mut w, mut h) = self.by_singular_vectors(x, k)?;
        let mut fill = |factor: &mut Array2<F>| {
            for v in factor.iter_mut().filter(|v| **v == F::zero()) {
                *v = match init {
                    NmfInit::Nndsvda => F::of(mean),
                    NmfInit::Nndsvdar => normal(mean / 100.0),
                    _ => F::zero(),
                };
            }
        };
        fill(&mut w);
        fill(&mut h);
        Ok((w, h))
    }

    /// Non-negative double singular value decomposition.
    fn by_singular_vectors<F: Float>(
        &self,
        x: &ArrayRef2<F>,
        k: usize,
    ) -> Result<(Array2<F>, Array2<F>)> {
        const DUST: f64 = 1e-6;
        let a = Centered::around_zero(x);
        let leading = Randomized {
            n_components: k,
            n_oversamples: 10,
            n_iter: super::settings::IteratedPower::Auto.resolve(k, x.dim()),
            normalizer: PowerIterationNormalizer::Auto,
            random_state: self.random_state,
        }
        .decompose(NAME, &a)?;
        let mut u = matmul(x, &leading.vt.t());
        let mut h = leading.vt;
        for j in 0..k {
            let s = a.unscaled(leading.values[j]).f64();
            let inverse = if s > 0.0 { 1.0 / s } else { 0.0 };
            let left: Vec<f64> = u.column(j).iter().map(|v| v.f64() * inverse).collect();
            let right: Vec<f64> = h.row(j).iter().map(|v| v.f64()).collect();
            let part = |v: &[f64], sign: f64| -> Vec<f64> {
                (v.iter())
                    .map(|v| if j == 0 { v.abs() } else { (sign * v).max(0.0) })
                    .collect()
            };
            let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
            let sides = [1.0, -1.0].map(|sign| (part(&left, sign), part(&right, sign)));
            let sizes = sides.each_ref().map(|(u, v)| (norm(u), norm(v)));
            let side = usize::from(sizes[0].0 * sizes[0].1 <= sizes[1].0 * sizes[1].1);
            let (u_norm, v_norm) = sizes[side];
            let product = u_norm * v_norm;
            let size = (s * product).sqrt();
            let scaled = |v: f64, norm: f64| {
                let v = if norm > 0.0 { size * v / norm } else { 0.0 };
                F::of(if v < DUST { 0.0 } else { v })
            };
            let (left, right) = &sides[side];
            for (to, &v) in u.column_mut(j).iter_mut().zip(left) {
                *to = scaled(v, u_norm);
            }
            for (to, &v) in h.row_mut(j).iter_mut().zip(right) {
                *to = scaled(v, v_norm);
            }
        }
        Ok((u, h))
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

/// Non-negative components, learned by [`Nmf`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedNmf<F: Float> {
    settings: Nmf,
    components: Array2<F>,
    reconstruction_err: f64,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedNmf<F> {
    /// H (n_components, n_features).
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// √(2 D(X, W H)) at the end of the fit: the Frobenius norm of X − W H by default.
    pub fn reconstruction_err(&self) -> f64 {
        self.reconstruction_err
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the fit ended before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of components.
    pub fn n_components(&self) -> usize {
        self.components.nrows()
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.components.ncols()
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedNmf<F> {
    type Output = Array2<F>;

    /// W of new rows with H fixed, by the settings of the fit. As in scikit-learn the stopping rule looks at all rows together,
    /// so that a row by itself differs within the tolerance.
    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let k = self.components.nrows();
        if x.nrows() == 0 {
            return Ok(Array2::zeros((0, k)));
        }
        self.settings.check_data(x)?;
        let start = match self.settings.solver {
            NmfSolver::Cd => 0.0,
            NmfSolver::Mu => {
                let mean = x.iter().map(|v| v.f64()).sum::<f64>() / x.len() as f64;
                (mean / k as f64).sqrt()
            }
        };
        let mut w = Array2::from_elem((x.nrows(), k), F::of(start));
        let mut h = self.components.slice(s![.., ..]).to_owned();
        let end = self.settings.solve(x, &mut w, &mut h, false)?;
        if !end.converged && self.settings.tol > 0.0 {
            log::warn!(
                "{NAME}: transform did not converge in {} iterations",
                end.n_iter
            );
        }
        super::finite(NAME, "a transformed value", w)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedNmf<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_components())?;
        let out = super::restore(x, &self.components, None);
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedNmf<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("nmf", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedNmf<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.components.dim();
        write!(
            f,
            "Nmf: {k} components of {p} columns, reconstruction error {} after {} iterations",
            self.reconstruction_err, self.n_iter
        )
    }
}

impl<F: Float> Model for FittedNmf<F> {
    fn type_name() -> String {
        format!("FittedNmf<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        self.settings.check()?;
        let (k, p) = self.components.dim();
        ensure::at_least("number of components", k, 1)?;
        ensure::at_least("number of features", p, 1)?;
        if let NmfComponents::Count(wanted) = self.settings.n_components {
            ensure::equal("number of components", k, wanted)?;
        }
        ensure::non_negative("components", &self.components)?;
        ensure::non_negative("reconstruction_err", &[self.reconstruction_err])?;
        ensure::at_least("n_iter", self.n_iter, 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::uniform;

    fn data() -> Array2<f64> {
        let mut rng = generator(13);
        let w = Array2::from_shape_simple_fn((25, 3), || uniform(&mut rng));
        let h = Array2::from_shape_simple_fn((3, 8), || uniform(&mut rng));
        w.dot(&h) + 0.01
    }

    #[test]
    fn every_loss_falls_and_nothing_is_negative() {
        let x = data();
        let losses = [
            BetaLoss::Frobenius,
            BetaLoss::KullbackLeibler,
            BetaLoss::ItakuraSaito,
            BetaLoss::Beta(0.5),
            BetaLoss::Beta(1.5),
            BetaLoss::Beta(3.0),
        ];
        for loss in losses {
            let nmf = Nmf::new()
                .n_components(3)
                .solver(NmfSolver::Mu)
                .beta_loss(loss)
                .tol(0.0);
            let mut last = f64::INFINITY;
            for max_iter in [1, 5, 25, 100] {
                let fit = nmf.clone().max_iter(max_iter).fit_and_transform(&x, &());
                let (model, w) = fit.unwrap();
                let now = model.reconstruction_err();
                assert!(now < last, "{loss:?}: {now} after {last}");
                last = now;
                assert!(w.iter().chain(model.components()).all(|v| *v >= 0.0));
            }
        }
    }

    #[test]
    fn an_exact_product_is_found_and_new_rows_agree() {
        let x = data();
        for solver in [NmfSolver::Cd, NmfSolver::Mu] {
            let nmf = Nmf::new()
                .n_components(4)
                .solver(solver)
                .tol(1e-9)
                .max_iter(20_000);
            let (model, w) = nmf.fit_and_transform(&x, &()).unwrap();
            let bound = if solver == NmfSolver::Cd { 0.02 } else { 0.05 };
            assert!(
                model.reconstruction_err() < bound,
                "{}",
                model.reconstruction_err()
            );
            let again = model.transform(&x).unwrap();
            let back = model.inverse_transform(&again).unwrap();
            assert!(
                (back - w.dot(model.components()))
                    .iter()
                    .all(|d| d.abs() < bound)
            );
        }
    }

    #[test]
    fn bad_data_and_settings_are_named() {
        let mut x = data();
        let text = |nmf: &Nmf, x: &Array2<f64>| nmf.fit(x, &()).unwrap_err().to_string();
        let kl = Nmf::new().beta_loss(BetaLoss::KullbackLeibler);
        assert!(text(&kl, &x).contains("`beta_loss` of `Nmf` must be"));
        assert!(
            text(&Nmf::new().n_components(9).init(NmfInit::Nndsvd), &x).contains("n_components")
        );
        x[[3, 2]] = 0.0;
        let is = Nmf::new()
            .solver(NmfSolver::Mu)
            .beta_loss(BetaLoss::ItakuraSaito);
        assert!(text(&is, &x).contains("row 3, column 2 is 0"));
        x[[3, 2]] = -1.0;
        assert_eq!(text(&Nmf::new(), &x), "X: row 3, column 2 is negative: -1");
        let wide = Nmf::new().n_components(9).fit(&data(), &()).unwrap();
        assert_eq!(wide.n_components(), 9);
        let zeros = Array2::<f64>::zeros((4, 3));
        assert_eq!(
            Nmf::new().fit(&zeros, &()).unwrap().reconstruction_err(),
            0.0
        );
    }
}
