//! Independent sources of mixed columns.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, s};
use serde::{Deserialize, Serialize};

use super::centered::project;
use super::names;
use super::spectrum::{by_covariance, by_svd};
use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{eigh, general_matmul, matmul, thin_svd};
use crate::model::{Model, ensure};
use crate::observer::{Observer, Watch};
use crate::parallel;
use crate::params::{self, Hyperparameters, describe};
use crate::random::{generator, standard_normal};
use crate::targets::Targets;
use crate::traits::{Estimator, FeatureNamesOut, InverseTransform, Transform};

const NAME: &str = "FastIca";
/// Iterations that are not refused.
const MOST_ITERATIONS: f64 = 1e6;

/// Whether [`FastIca`] looks for all sources at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IcaAlgorithm {
    /// All at once, kept orthogonal by (W W')^-½ W.
    #[default]
    Parallel,
    /// One after the other, each orthogonal to those before it.
    Deflation,
}

/// What [`FastIca`] measures distance from a normal distribution by: G, of which it needs g = G'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Contrast {
    /// ln cosh(αu) / α, g = tanh(αu): for most data.
    #[default]
    Logcosh,
    /// −exp(−u²/2), g = u exp(−u²/2): for outliers, and sources with long tails.
    Exp,
    /// u⁴/4, g = u³: for sources with short tails, without outliers.
    Cube,
}

/// How [`FastIca`] scales. By name `"unit-variance"`, `"arbitrary-variance"`, or `false` for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Whiten {
    /// Sources have variance 1.
    #[default]
    UnitVariance,
    /// Sources have variance 1 / n_samples.
    ArbitraryVariance,
    /// The data are white already: neither centred nor scaled.
    None,
}

impl Whiten {
    fn write(&self) -> serde_json::Value {
        match self {
            Whiten::UnitVariance => "unit-variance".into(),
            Whiten::ArbitraryVariance => "arbitrary-variance".into(),
            Whiten::None => false.into(),
        }
    }

    fn read(value: &serde_json::Value) -> Option<Self> {
        if value == "unit-variance" {
            Some(Whiten::UnitVariance)
        } else if value == "arbitrary-variance" {
            Some(Whiten::ArbitraryVariance)
        } else if value == false {
            Some(Whiten::None)
        } else {
            None
        }
    }
}
crate::feature_selection::written::written!(
    Whiten,
    "\"unit-variance\", \"arbitrary-variance\" or false"
);

/// How [`FastIca`] whitens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhitenSolver {
    /// By the singular value decomposition of X: accurate also where columns nearly depend on each other.
    #[default]
    Svd,
    /// By the eigenvalues of X'X: faster for many rows.
    Eigh,
}

/// Finds sources that are as independent as can be and of which the columns are mixtures.
///
/// With X (n_samples, n_features) and its means m, finds `components` B (n_components, n_features) for which the columns of
/// ```text
/// S = (X − 1 m') B'        X ≈ S A' + 1 m'        mixing A = B⁺
/// ```
/// are uncorrelated and far from normal. Order and signs of sources are arbitrary, and depend on the start.
///
/// # Settings
/// | name | default | range | meaning |
/// |---|---|---|---|
/// | `n_components` | all | 1 to min(n_samples, n_features) | sources; by default as many as X has rank |
/// | `algorithm` | parallel | | [`IcaAlgorithm`] |
/// | `whiten` | unit variance | | [`Whiten`]; without whitening all columns are used |
/// | `fun` | logcosh | | [`Contrast`] |
/// | `fun_alpha` | 1 | `[1, 2]` | α of logcosh, scikit-learn's `fun_args={"alpha": ..}` |
/// | `max_iter` | 200 | 1 to 1,000,000 | the most iterations |
/// | `tol` | 1e-4 | `(0, inf)` | how far from ±1 the product of a direction with the one before it may be at the end |
/// | `w_init` | normal numbers | (n_components, n_components) | where the unmixing matrix begins |
/// | `whiten_solver` | svd | | [`WhitenSolver`] |
/// | `random_state` | 0 | | the seed of the start |
///
/// # Complexity
/// Whitening as [`Pca`](super::Pca); an iteration 2 n k² multiply-adds in one pass over the whitened data, which is the one copy.
///
/// # Errors
/// `EmptyInput`, `NonFinite`, `TooFewSamples` for one row, `InvalidParameter`, also for more sources than X has rank,
/// `ShapeMismatch` for a `w_init` of another shape, `Cancelled`, `Overflow`. No convergence is logged as a warning. Sample
/// weights are accepted and not used (nor are they in scikit-learn).
///
/// # Source
/// A. Hyvärinen and E. Oja (2000), "Independent component analysis: algorithms and applications". From the same `w_init` the
/// numbers are those of scikit-learn's `FastICA`, which divides by singular values of 0 where X has less than full rank.
///
/// # Examples
/// ```
/// use fitwell::{decomposition::FastIca, prelude::*};
/// use ndarray::{Array2, array};
///
/// // A wave and a saw tooth, mixed.
/// let sources = Array2::from_shape_fn((400, 2), |(i, j)| {
///     let t = i as f64 / 20.0;
///     if j == 0 { (2.0 * t).sin() } else { t % 1.0 - 0.5 }
/// });
/// let x = sources.dot(&array![[1.0, 0.5], [1.0, 2.0]]);
/// let model = FastIca::new().fit(&x, &())?;
/// let found = model.transform(&x)?;
/// assert!((model.inverse_transform(&found)? - &x).iter().all(|d| d.abs() < 1e-10));
/// # Ok::<(), Error>(())
/// ```
#[doc(alias = "FastICA")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FastIca {
    /// The number of sources; `None` for all.
    n_components: Option<usize>,
    /// Whether sources are found at once.
    algorithm: IcaAlgorithm,
    /// How sources are scaled.
    whiten: Whiten,
    /// The measure of distance from a normal distribution.
    fun: Contrast,
    /// α of logcosh.
    #[serde(with = "params::number")]
    fun_alpha: f64,
    /// The most iterations.
    max_iter: usize,
    /// When directions count as settled.
    #[serde(with = "params::number")]
    tol: f64,
    /// The start, as rows; `None` for a random one.
    w_init: Option<Vec<Vec<f64>>>,
    /// How to whiten.
    whiten_solver: WhitenSolver,
    /// The seed of the start.
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for FastIca {
    fn default() -> Self {
        FastIca {
            n_components: None,
            algorithm: IcaAlgorithm::Parallel,
            whiten: Whiten::UnitVariance,
            fun: Contrast::Logcosh,
            fun_alpha: 1.0,
            max_iter: 200,
            tol: 1e-4,
            w_init: None,
            whiten_solver: WhitenSolver::Svd,
            random_state: 0,
            watch: Watch::default(),
        }
    }
}

impl FastIca {
    /// As many sources as columns, of variance 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of sources; `None` for all.
    #[must_use]
    pub fn n_components(mut self, n_components: impl Into<Option<usize>>) -> Self {
        self.n_components = n_components.into();
        self
    }

    /// Whether sources are found at once.
    #[must_use]
    pub fn algorithm(mut self, algorithm: IcaAlgorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// How sources are scaled.
    #[must_use]
    pub fn whiten(mut self, whiten: Whiten) -> Self {
        self.whiten = whiten;
        self
    }

    /// The measure of distance from a normal distribution.
    #[must_use]
    pub fn fun(mut self, fun: Contrast) -> Self {
        self.fun = fun;
        self
    }

    /// α of logcosh.
    #[must_use]
    pub fn fun_alpha(mut self, alpha: f64) -> Self {
        self.fun_alpha = alpha;
        self
    }

    /// The most iterations.
    #[must_use]
    pub fn max_iter(mut self, max_iter: usize) -> Self {
        self.max_iter = max_iter;
        self
    }

    /// When directions count as settled.
    #[must_use]
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// Where the unmixing matrix begins, (n_components, n_components).
    #[must_use]
    pub fn w_init(mut self, w_init: &ArrayRef2<f64>) -> Self {
        self.w_init = Some(w_init.rows().into_iter().map(|row| row.to_vec()).collect());
        self
    }

    /// How to whiten.
    #[must_use]
    pub fn whiten_solver(mut self, whiten_solver: WhitenSolver) -> Self {
        self.whiten_solver = whiten_solver;
        self
    }

    /// The seed of the start.
    #[must_use]
    pub fn random_state(mut self, random_state: u64) -> Self {
        self.random_state = random_state;
        self
    }

    /// Reports every iteration, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    /// The whitening matrix K (k, p) and the means.
    fn whitening<F: Float>(&self, x: &ArrayRef2<F>) -> Result<(Array2<F>, Vec<F>)> {
        let (n, p) = x.dim();
        let spectrum = match self.whiten_solver {
            WhitenSolver::Svd => by_svd(x, true)?,
            WhitenSolver::Eigh => by_covariance(x, true)?,
        };
        let values = &spectrum.values;
        check::learned(NAME, "a singular value", values)?;
        let relative = F::EPSILON.f64() * n.max(p) as f64;
        // Squares lose half of the digits.
        let relative = match self.whiten_solver {
            WhitenSolver::Svd => relative,
            WhitenSolver::Eigh => relative.sqrt(),
        };
        let least = relative * values[0].f64();
        let rank = values.iter().take_while(|v| v.f64() > least).count();
        let rank = rank.min(n.min(p));
        let k = self.n_components.unwrap_or(rank);
        super::at_most(NAME, k, rank, "the rank of X")?;
        if k == 0 {
            return Err(Error::invalid_input(
                "X",
                "all rows are the same: there is no source",
            ));
        }
        let mut whitening = spectrum.vt.slice(s![..k, ..]).to_owned();
        for (mut row, &s) in whitening.rows_mut().into_iter().zip(values) {
            let s = if row[0] < F::zero() { -s } else { s };
            row.mapv_inplace(|v| v / s);
        }
        Ok((whitening, spectrum.mean))
    }

    fn start<F: Float>(&self, k: usize) -> Result<Array2<F>> {
        let Some(rows) = &self.w_init else {
            let mut rng = generator(self.random_state);
            return Ok(Array2::from_shape_simple_fn((k, k), || {
                F::of(standard_normal(&mut rng))
            }));
        };
        if rows.len() != k {
            return Err(Error::shape("rows of `w_init`", k, rows.len()));
        }
        if let Some(row) = rows.iter().find(|row| row.len() != k) {
            return Err(Error::shape("columns of `w_init`", k, row.len()));
        }
        Ok(Array2::from_shape_fn((k, k), |(i, j)| F::of(rows[i][j])))
    }

    /// Means over the rows of g(y) x' (k', k) and of g'(y) (k'), for y = x w'.
    fn means<F: Float>(&self, x: &Array2<F>, w: &Array2<F>) -> (Array2<F>, Array1<f64>) {
        let (n, k) = (x.nrows(), w.nrows());
        let alpha = F::of(self.fun_alpha);
        let fun = self.fun;
        let parts = parallel::map_chunks(n, parallel::row_chunks(n, 4 * x.ncols()), |rows| {
            let x = x.slice(s![rows, ..]);
            let mut y = matmul(&x, &w.t());
            let mut slopes = vec![0.0; k];
            for mut row in y.rows_mut() {
                for (u, slope) in row.iter_mut().zip(&mut slopes) {
                    let v = *u;
                    let (g, d) = match fun {
                        Contrast::Logcosh => {
                            let t = (alpha * v).tanh();
                            (t, alpha * (F::one() - t * t))
                        }
                        Contrast::Exp => {
                            let e = (-v * v / F::of(2.0)).exp();
                            (v * e, (F::one() - v * v) * e)
                        }
                        Contrast::Cube => (v * v * v, F::of(3.0) * v * v),
                    };
                    *u = g;
                    *slope += d.f64();
                }
            }
            let mut sum = Array2::zeros((k, x.ncols()));
            general_matmul(F::one(), &y.t(), &x, F::zero(), &mut sum);
            (sum, slopes)
        });
        let mut sum = Array2::zeros((k, x.ncols()));
        let mut slopes = Array1::zeros(k);
        for (part, more) in parts {
            sum += &part;
            slopes += &Array1::from(more);
        }
        sum.mapv_inplace(|v| v / F::of(n as f64));
        (sum, slopes / n as f64)
    }

    /// The next directions, not orthogonal yet.
    fn step<F: Float>(&self, x: &Array2<F>, w: &Array2<F>) -> Array2<F> {
        let (mut next, slopes) = self.means(x, w);
        for ((mut next, w), slope) in next.rows_mut().into_iter().zip(w.rows()).zip(&slopes) {
            next.zip_mut_with(&w, |v, &w| *v -= F::of(*slope) * w);
        }
        next
    }

    fn parallel<F: Float>(&self, x: &Array2<F>, start: Array2<F>) -> Result<Unmixing<F>> {
        let mut w = decorrelated(&start)?;
        for n_iter in 1..=self.max_iter {
            let next = decorrelated(&self.step(x, &w))?;
            let far = (next.rows().into_iter().zip(w.rows()))
                .map(|(a, b)| (a.dot(&b).f64().abs() - 1.0).abs())
                .fold(0.0, f64::max);
            w = next;
            self.watch
                .report(NAME, n_iter, Some(self.max_iter), Some(far))?;
            if far < self.tol {
                return Ok((w, n_iter, true));
            }
        }
        Ok((w, self.max_iter, false))
    }

    fn deflation<F: Float>(&self, x: &Array2<F>, start: Array2<F>) -> Result<Unmixing<F>> {
        let k = start.nrows();
        let mut w = Array2::zeros((k, k));
        let (mut most, mut all) = (0, true);
        for j in 0..k {
            let mut row = start.slice(s![j..=j, ..]).to_owned();
            normalise(&mut row)?;
            let mut done = false;
            let mut n_iter = 0;
            while !done && n_iter < self.max_iter {
                let mut next = self.step(x, &row);
                let known = w.slice(s![..j, ..]);
                let along = matmul(&next, &known.t());
                next -= &matmul(&along, &known);
                normalise(&mut next)?;
                let far = (next.row(0).dot(&row.row(0)).f64().abs() - 1.0).abs();
                row = next;
                n_iter += 1;
                self.watch
                    .report(NAME, n_iter, Some(self.max_iter), Some(far))?;
                done = far < self.tol;
            }
            w.row_mut(j).assign(&row.row(0));
            most = most.max(n_iter);
            all &= done;
        }
        Ok((w, most, all))
    }
}

/// W, the iterations, and whether it settled.
type Unmixing<F> = (Array2<F>, usize, bool);

fn normalise<F: Float>(row: &mut Array2<F>) -> Result<()> {
    let norm = row.iter().map(|v| v.f64() * v.f64()).sum::<f64>().sqrt();
    row.mapv_inplace(|v| F::of(v.f64() / norm));
    check::learned(NAME, "a direction", &*row)
}

/// (W W')^-½ W.
fn decorrelated<F: Float>(w: &Array2<F>) -> Result<Array2<F>> {
    check::learned(NAME, "a direction", w)?;
    let found = eigh(&matmul(w, &w.t()))?;
    let tiny = F::min_positive_value();
    let mut scaled = found.vectors.clone();
    let roots: Array1<F> = found.values.mapv(|v| F::one() / v.max(tiny).sqrt());
    scaled *= &roots;
    Ok(matmul(&matmul(&scaled, &found.vectors.t()), w))
}

/// The pseudo-inverse, by scikit-learn's rule for what counts as 0.
fn pseudo_inverse<F: Float>(a: &Array2<F>) -> Result<Array2<F>> {
    let svd = thin_svd(a)?;
    let most = a.nrows().max(a.ncols()) as f64;
    let least = svd.s[0].f64() * most * F::EPSILON.f64();
    let mut ut = svd.u.t().to_owned();
    for (mut row, s) in ut.rows_mut().into_iter().zip(&svd.s) {
        let inverse = if s.f64() > least {
            F::one() / *s
        } else {
            F::zero()
        };
        row.mapv_inplace(|v| v * inverse);
    }
    Ok(matmul(&svd.vt.t(), &ut))
}

impl Hyperparameters for FastIca {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::count(NAME, "n_components", self.n_components.unwrap_or(1), 1)?;
        check::real(
            NAME,
            "fun_alpha",
            self.fun_alpha,
            Interval::closed(1.0, 2.0),
        )?;
        let most = Interval::closed(1.0, MOST_ITERATIONS);
        check::real(NAME, "max_iter", self.max_iter as f64, most)?;
        check::real(NAME, "tol", self.tol, Interval::above(0.0))?;
        let finite = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        if self.w_init.as_ref().is_some_and(|rows| rows.is_empty()) {
            let expected = "a row for each component, or null";
            return Err(Error::invalid_parameter(
                NAME, "w_init", expected, "no rows",
            ));
        }
        for &v in self.w_init.iter().flatten().flatten() {
            check::real(NAME, "w_init", v, finite)?;
        }
        Ok(())
    }
}

impl fmt::Display for FastIca {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: Targets + ?Sized> Estimator<ArrayRef2<F>, Y> for FastIca {
    type Fitted = FittedFastIca<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let (n, p) = x.dim();
        if n < 2 {
            return Err(ErrorKind::TooFewSamples {
                what: format!("sources of {NAME}"),
                needed: 2,
                got: n,
            }
            .into());
        }
        let white = self.whiten != Whiten::None;
        let (mut whitening, mean) = if white {
            if let Some(k) = self.n_components {
                super::at_most(NAME, k, n.min(p), "min(n_samples, n_features)")?;
            }
            self.whitening(x)?
        } else {
            if self.n_components.is_some_and(|k| k != p) {
                log::warn!("{NAME}: n_components is ignored without whitening");
            }
            (Array2::eye(p), vec![F::zero(); p])
        };
        let k = whitening.nrows();
        let start = self.start(k)?;
        let size = if white {
            F::of((n as f64).sqrt())
        } else {
            F::one()
        };
        let mut rows = project(x, &mean, &whitening, None);
        rows.mapv_inplace(|v| v * size);
        check::learned(NAME, "the whitened data", &rows)?;
        let (mut w, n_iter, converged) = match self.algorithm {
            IcaAlgorithm::Parallel => self.parallel(&rows, start)?,
            IcaAlgorithm::Deflation => self.deflation(&rows, start)?,
        };
        if !converged {
            log::warn!("{NAME}: no convergence in {} iterations", self.max_iter);
        }
        if self.whiten == Whiten::UnitVariance {
            let sources = matmul(&rows, &w.t());
            let found = crate::preprocessing::moments::moments(&sources, None)?;
            for (mut row, m2) in w.rows_mut().into_iter().zip(&found.m2) {
                let deviation = (m2 / n as f64).sqrt() / size.f64();
                row.mapv_inplace(|v| F::of(v.f64() / deviation));
            }
        }
        let components = matmul(&w, &whitening);
        if !white {
            whitening = Array2::zeros((0, p));
        }
        check::learned(NAME, "a component", &components)?;
        let mixing = pseudo_inverse(&components)?;
        check::learned(NAME, "the mixing matrix", &mixing)?;
        Ok(FittedFastIca {
            components,
            mixing,
            mean: mean.into(),
            whitening,
            n_iter,
            converged,
        })
    }
}

/// An unmixing matrix, learned by [`FastIca`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct FittedFastIca<F: Float> {
    components: Array2<F>,
    mixing: Array2<F>,
    mean: Array1<F>,
    whitening: Array2<F>,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedFastIca<F> {
    /// What gives sources from centred rows, (n_components, n_features).
    pub fn components(&self) -> &Array2<F> {
        &self.components
    }

    /// The pseudo-inverse of the components, (n_features, n_components).
    pub fn mixing(&self) -> &Array2<F> {
        &self.mixing
    }

    /// The mean of each column; zeros without whitening.
    pub fn mean(&self) -> &Array1<F> {
        &self.mean
    }

    /// What makes centred columns uncorrelated and equally long, (n_components, n_features); `None` without whitening.
    pub fn whitening(&self) -> Option<&Array2<F>> {
        (self.whitening.nrows() > 0).then_some(&self.whitening)
    }

    /// The iterations made; of deflation the most for one source.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether the directions settled before `max_iter`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The number of columns at fit.
    pub fn n_features_in(&self) -> usize {
        self.mean.len()
    }
}

impl<F: Float> Transform<ArrayRef2<F>> for FittedFastIca<F> {
    type Output = Array2<F>;

    fn transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.n_features_in())?;
        let out = project(x, &self.mean.to_vec(), &self.components, None);
        super::finite(NAME, "a transformed value", out)
    }
}

impl<F: Float> InverseTransform<ArrayRef2<F>> for FittedFastIca<F> {
    type Output = Array2<F>;

    fn inverse_transform(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        check::same_width(x, self.components.nrows())?;
        let out = super::restore(x, &self.mixing.t(), Some(&self.mean));
        super::finite(NAME, "an inversely transformed value", out)
    }
}

impl<F: Float> FeatureNamesOut for FittedFastIca<F> {
    fn feature_names_out(&self, input: Option<&[String]>) -> Result<Vec<String>> {
        let (k, p) = self.components.dim();
        names("fastica", input, p, k)
    }
}

impl<F: Float> fmt::Display for FittedFastIca<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (k, p) = self.components.dim();
        let n_iter = self.n_iter;
        write!(
            f,
            "FastIca: {k} sources of {p} columns after {n_iter} iterations"
        )
    }
}

impl<F: Float> Model for FittedFastIca<F> {
    fn type_name() -> String {
        format!("FittedFastIca<{}>", F::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (k, p) = self.components.dim();
        ensure::at_least("number of sources", k, 1)?;
        ensure::that(k <= p, || format!("{k} sources of {p} features"))?;
        ensure::shape("mixing", &self.mixing, p, k)?;
        ensure::equal("length of mean", self.mean.len(), p)?;
        let white = self.whitening.nrows();
        ensure::shape(
            "whitening",
            &self.whitening,
            if white == 0 { 0 } else { k },
            p,
        )?;
        ensure::at_least("n_iter", self.n_iter, 1)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;

    use super::*;
    use crate::random::uniform;

    /// Three sources far from normal, mixed.
    fn data() -> (Array2<f64>, Array2<f64>) {
        let mut rng = generator(17);
        let sources = Array2::from_shape_fn((500, 3), |(i, j)| match j {
            0 => (i as f64 / 9.0).sin(),
            1 => uniform(&mut rng) - 0.5,
            _ => (uniform(&mut rng) - 0.5).powi(3),
        });
        let mix = ndarray::array![
            [1.0, 2.0, 0.5, 0.0],
            [0.3, -1.0, 1.0, 2.0],
            [4.0, 1.0, -3.0, 1.0]
        ];
        (sources.dot(&mix) + 7.0, sources)
    }

    #[test]
    fn sources_are_found_by_every_way() {
        let (x, sources) = data();
        for fun in [Contrast::Logcosh, Contrast::Exp, Contrast::Cube] {
            for algorithm in [IcaAlgorithm::Parallel, IcaAlgorithm::Deflation] {
                let ica = FastIca::new()
                    .n_components(3)
                    .fun(fun)
                    .algorithm(algorithm)
                    .tol(1e-8);
                let model = ica.fit(&x, &()).unwrap();
                assert!(model.converged());
                let found = model.transform(&x).unwrap();
                let back = model.inverse_transform(&found).unwrap();
                assert!((back - &x).iter().all(|d| d.abs() < 1e-9));
                for s in sources.columns() {
                    let s = &s - s.mean().unwrap();
                    let best = (found.columns().into_iter())
                        .map(|f| (f.dot(&s) / (f.dot(&f) * s.dot(&s)).sqrt()).abs())
                        .fold(0.0, f64::max);
                    assert!(best > 0.97, "{fun:?} {algorithm:?} {best}");
                }
                assert!(
                    found
                        .var_axis(Axis(0), 0.0)
                        .iter()
                        .all(|v| (v - 1.0).abs() < 1e-9)
                );
            }
        }
    }

    #[test]
    fn rank_is_respected() {
        let (x, _) = data();
        let model = FastIca::new().fit(&x, &()).unwrap();
        assert_eq!(model.components().nrows(), 3);
        let error = FastIca::new().n_components(4).fit(&x, &()).unwrap_err();
        assert!(
            error
                .to_string()
                .contains("at most the rank of X = 3, got 4"),
            "{error}"
        );
        let same = Array2::from_elem((5, 2), 3.0);
        assert!(FastIca::new().fit(&same, &()).is_err());
    }
}
