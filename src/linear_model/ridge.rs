//! Ridge regression.
//!
//! With `X` (n_samples, n_features), `Y` (n_samples, n_targets) and sample weights `s`, finds for each target the `w` and
//! `b` that minimise
//!
//! ```text
//! Σᵢ sᵢ (yᵢ − xᵢ·w − b)² + alpha ‖w‖²
//! ```
//!
//! Centring removes `b`; what is left is the linear system `(X'SX + alpha I) w = X'Sy`, solved by one of
//! - the normal equations in the smaller of the two dimensions: a Gram matrix formed in one pass over `X`, scaled to unit
//!   diagonal, and its Cholesky factor;
//! - the same with the residual recomputed from `X` and solved for again (iterative refinement), where the condition of
//!   the Gram matrix costs digits;
//! - the singular value decomposition of the centred `X`, where the Gram matrix is singular to working precision.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;

use ndarray::{Array, Array1, Array2, ArrayRef2, ArrayView1, ArrayView2, Axis, Ix1, Ix2, Zip, s};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::float::Float;
use crate::linalg;
use crate::linear_model::affine::affine;
use crate::metrics;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::{RealTargets, TargetDim};
use crate::traits::{Estimator, Predict, Score};

/// Linear least squares with an L2 penalty, for one target or several.
///
/// Minimises over `w` (n_features) and `b`, for each target `y`:
///
/// ```text
/// Σᵢ sᵢ (yᵢ − xᵢ·w − b)² + alpha ‖w‖²
/// ```
///
/// where `s` are the sample weights, 1 without. Use it when features are many or correlated. The penalty is not scale
/// free: standardise the features first.
///
/// # Settings
///
/// | name | default | range | raising it |
/// |---|---|---|---|
/// | `alpha` | 1.0 | `[0, inf)`, one number or one for each target | shrinks the coefficients; less variance, more bias |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
///
/// With `alpha = 0` it is ordinary least squares, of minimum norm where the features are linearly dependent.
///
/// # Units
/// `alpha` is in units of the squared features.
///
/// # Complexity
/// Time O(n p²) for n ≥ p, O(n² p) otherwise; extra memory O(min(n, p)²), and O(n p) only where the features are
/// dependent to working precision.
///
/// # Errors
/// `fit`: `InvalidParameter`, also when the number of penalties differs from the number of targets; `EmptyInput`;
/// `NonFinite` for NaN or infinite values; `ShapeMismatch` when `x`, `y` and weights differ in length; `Overflow` when the
/// squares of the data leave the range of the type.
///
/// # Source
/// Hoerl and Kennard (1970), Ridge regression: biased estimation for nonorthogonal problems. The method is chosen by the
/// data (see the module's source), not by a `solver` setting as in scikit-learn.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::Ridge, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let y = array![1.0, 3.0, 2.0, 4.0]; // 1 + x₀ + 2 x₁
/// let model = Ridge::new().alpha(1e-12).fit(&x, &y)?;
/// assert!(f64::abs(model.coef()[1] - 2.0) < 1e-9 && f64::abs(model.intercept() - 1.0) < 1e-9);
///
/// // Several targets at once, each with its own penalty.
/// let both = ndarray::stack![ndarray::Axis(1), y, -&y];
/// let model = Ridge::new().alpha([0.1, 10.0]).fit(&x, &both)?;
/// assert_eq!(model.predict(&x)?.dim(), (4, 2));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ridge {
    alpha: Alpha,
    fit_intercept: bool,
}

impl Default for Ridge {
    fn default() -> Self {
        Ridge {
            alpha: Alpha::Same(1.0),
            fit_intercept: true,
        }
    }
}

impl Ridge {
    /// `alpha = 1`, with an intercept.
    pub fn new() -> Self {
        Self::default()
    }

    /// The strength of the penalty: a number, or one for each target.
    pub fn alpha(mut self, alpha: impl Into<Alpha>) -> Self {
        self.alpha = alpha.into();
        self
    }

    /// Whether to learn an intercept.
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }
}

impl Hyperparameters for Ridge {
    const NAME: &'static str = "Ridge";

    fn check(&self) -> Result<()> {
        let all = match &self.alpha {
            Alpha::Same(alpha) => std::slice::from_ref(alpha),
            Alpha::PerTarget(alphas) => alphas,
        };
        all.iter()
            .try_for_each(|&alpha| check::real(Self::NAME, "alpha", alpha, Interval::at_least(0.0)))
    }
}

impl fmt::Display for Ridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// The penalty of [`Ridge`]: one for all targets, or one for each. By name it is a number or a list of numbers.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Alpha {
    Same(f64),
    PerTarget(Vec<f64>),
}

impl From<f64> for Alpha {
    fn from(alpha: f64) -> Self {
        Alpha::Same(alpha)
    }
}

impl From<Vec<f64>> for Alpha {
    fn from(alphas: Vec<f64>) -> Self {
        Alpha::PerTarget(alphas)
    }
}

impl<const N: usize> From<[f64; N]> for Alpha {
    fn from(alphas: [f64; N]) -> Self {
        Alpha::PerTarget(alphas.to_vec())
    }
}

/// How [`Alpha`] is written: for people a number or a list, in binary the number of penalties first.
mod alpha_form {
    use super::Alpha;
    use crate::params::number;
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

    #[derive(Serialize, Deserialize)]
    struct Number(#[serde(with = "number")] f64);

    #[derive(Serialize)]
    #[serde(untagged)]
    enum Written {
        Same(Number),
        PerTarget(Vec<Number>),
    }

    #[derive(Serialize, Deserialize)]
    enum Binary {
        Same(f64),
        PerTarget(Vec<f64>),
    }

    impl Serialize for Alpha {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match (self, serializer.is_human_readable()) {
                (Alpha::Same(a), true) => Written::Same(Number(*a)).serialize(serializer),
                (Alpha::PerTarget(a), true) => {
                    Written::PerTarget(a.iter().map(|&v| Number(v)).collect()).serialize(serializer)
                }
                (Alpha::Same(a), false) => Binary::Same(*a).serialize(serializer),
                (Alpha::PerTarget(a), false) => Binary::PerTarget(a.clone()).serialize(serializer),
            }
        }
    }

    impl<'de> Deserialize<'de> for Alpha {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            if !deserializer.is_human_readable() {
                return Ok(match Binary::deserialize(deserializer)? {
                    Binary::Same(a) => Alpha::Same(a),
                    Binary::PerTarget(a) => Alpha::PerTarget(a),
                });
            }
            let wrong = || de::Error::custom("expected a number or a list of numbers");
            let value = serde_json::Value::deserialize(deserializer).map_err(|_| wrong())?;
            if value.is_array() {
                let alphas: Vec<Number> = serde_json::from_value(value).map_err(|_| wrong())?;
                return Ok(Alpha::PerTarget(alphas.into_iter().map(|a| a.0).collect()));
            }
            serde_json::from_value::<Number>(value)
                .map(|a| Alpha::Same(a.0))
                .map_err(|_| wrong())
        }
    }
}

impl<F: Float, Y: RealTargets<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for Ridge {
    type Fitted = FittedRidge<F, Y::Dim>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        let targets = y.columns();
        if targets.ncols() == 0 {
            return Err(crate::ErrorKind::EmptyInput {
                what: "y (no columns)".into(),
            }
            .into());
        }
        check::finite(&targets, "y")?;
        let alphas = self.alphas(targets.ncols())?;
        let weights = y
            .sample_weight()
            .map(|w| w.as_slice().map_or_else(|| w.to_vec(), <[f64]>::to_vec));
        let problem = Problem {
            x,
            y: targets,
            weights: weights.as_deref(),
            centre: self.fit_intercept,
        };
        let (coef, intercept) = problem.solve(&alphas)?;
        check::learned(Self::NAME, "a coefficient", coef.iter().chain(&intercept))?;
        Ok(FittedRidge {
            coef,
            intercept,
            dim: PhantomData,
        })
    }
}

impl Ridge {
    fn alphas(&self, n_targets: usize) -> Result<Vec<f64>> {
        match &self.alpha {
            Alpha::Same(alpha) => Ok(vec![*alpha; n_targets]),
            Alpha::PerTarget(alphas) if alphas.len() == n_targets => Ok(alphas.clone()),
            Alpha::PerTarget(alphas) => {
                let expected = format!("one number, or one for each of the {n_targets} targets");
                Err(Error::invalid_parameter(
                    Self::NAME,
                    "alpha",
                    expected,
                    format!("{} numbers", alphas.len()),
                ))
            }
        }
    }
}

/// What [`Ridge`] learned: for one target (`D` = [`Ix1`](type@Ix1)) or several ([`Ix2`](type@Ix2)).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedRidge<F = f64, D = Ix1> {
    /// (n_targets, n_features)
    coef: Array2<F>,
    /// (n_targets)
    intercept: Array1<F>,
    dim: PhantomData<D>,
}

impl<F: Float> FittedRidge<F, Ix1> {
    /// The coefficient of each feature, (n_features).
    pub fn coef(&self) -> ArrayView1<'_, F> {
        self.coef.row(0)
    }

    /// The intercept; 0 without one.
    pub fn intercept(&self) -> F {
        self.intercept[0]
    }
}

impl<F: Float> FittedRidge<F, Ix2> {
    /// The coefficients, (n_targets, n_features).
    pub fn coef(&self) -> ArrayView2<'_, F> {
        self.coef.view()
    }

    /// The intercept of each target; 0 without one.
    pub fn intercept(&self) -> ArrayView1<'_, F> {
        self.intercept.view()
    }
}

impl<F: Float, D: TargetDim> FittedRidge<F, D> {
    /// The number of features at fit.
    pub fn n_features_in(&self) -> usize {
        self.coef.ncols()
    }
}

impl<F: Float, D: TargetDim> Predict<ArrayRef2<F>> for FittedRidge<F, D> {
    type Output = Array<F, D>;

    fn predict(&self, x: &ArrayRef2<F>) -> Result<Array<F, D>> {
        check::same_width(x, self.n_features_in())?;
        let predicted = affine(x, &self.coef, &self.intercept);
        check::learned(Ridge::NAME, "a prediction", &predicted)?;
        Ok(D::from_columns(predicted))
    }
}

impl<F: Float, D: TargetDim, Y: RealTargets<F, Dim = D> + ?Sized> Score<ArrayRef2<F>, Y>
    for FittedRidge<F, D>
{
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        metrics::r2_score(y, &*self.predict(x)?)
    }
}

impl<F: Float, D: TargetDim> Model for FittedRidge<F, D> {
    fn type_name() -> String {
        format!("FittedRidge<{}, {}>", F::NAME, D::NAME)
    }

    fn validate(&self) -> Result<()> {
        let (targets, features) = self.coef.dim();
        ensure::at_least("targets of `coef`", targets, 1)?;
        ensure::at_least("features of `coef`", features, 1)?;
        ensure::equal("length of `intercept`", self.intercept.len(), targets)?;
        if D::NDIM == Some(1) {
            ensure::equal("targets of `coef`", targets, 1)?;
        }
        ensure::finite("coef", &self.coef)?;
        ensure::finite("intercept", &self.intercept)
    }
}

impl<F: Float, D: TargetDim> fmt::Display for FittedRidge<F, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (targets, features) = self.coef.dim();
        write!(f, "FittedRidge({features} features")?;
        if D::NDIM == Some(2) {
            write!(f, ", {targets} targets")?;
        }
        write!(f, ")")
    }
}

// ---------------------------------------------------------------- kernels

struct Problem<'a, F> {
    x: &'a ArrayRef2<F>,
    y: ArrayView2<'a, F>,
    weights: Option<&'a [f64]>,
    centre: bool,
}

impl<F: Float> Problem<'_, F> {
    /// Coefficients (n_targets, n_features) and intercepts (n_targets).
    fn solve(&self, alphas: &[f64]) -> Result<(Array2<F>, Array1<F>)> {
        let tall = self.x.nrows() >= self.x.ncols();
        if tall {
            let m = linalg::moments(self.x, Some(&self.y), self.weights, self.centre)?;
            let solved = for_each_alpha(alphas, |alpha, targets| self.primal(&m, alpha, targets))?;
            if let Some(w) = solved {
                return Ok(with_intercept(w, &m.x_mean, &m.y_mean));
            }
        }
        let c = self.centred();
        if !tall {
            let gram = linalg::matmul(&c.x, &c.x.t());
            let solved = for_each_alpha(alphas, |alpha, targets| {
                let Some(system) = Scaled::new(&gram, alpha) else {
                    return Ok(None);
                };
                if system.loses_digits() {
                    return Ok(None);
                }
                let dual = system.solve(&c.y.slice(s![.., targets]))?;
                Ok(Some(linalg::matmul(&c.x.t(), &dual)))
            })?;
            if let Some(w) = solved {
                return Ok(with_intercept(w, &c.x_mean, &c.y_mean));
            }
        }
        let svd = linalg::thin_svd(&c.x)?;
        let uty = linalg::matmul(&svd.u.t(), &c.y);
        let mut w = Array2::zeros((self.x.ncols(), alphas.len()));
        for ((mut w, uty), &alpha) in w.columns_mut().into_iter().zip(uty.columns()).zip(alphas) {
            w.assign(&svd.vt.t().dot(&shrink(&svd.s, uty, alpha, self.x.dim())));
        }
        Ok(with_intercept(w, &c.x_mean, &c.y_mean))
    }

    /// The normal equations in the features, refined against `X` where that pays; `None` where they are singular.
    fn primal(
        &self,
        m: &linalg::Moments<F>,
        alpha: f64,
        targets: Range<usize>,
    ) -> Result<Option<Array2<F>>> {
        let Some(system) = Scaled::new(&m.xtx, alpha) else {
            return Ok(None);
        };
        let mut w = system.solve(&m.xty.slice(s![.., targets.clone()]))?;
        if system.loses_digits() {
            for _ in 0..2 {
                w += &system.solve(&self.residual(m, alpha, targets.clone(), &w))?;
            }
        }
        Ok(Some(w))
    }

    /// `X'S(Y − Xw − b) − alpha w` with X centred, and the inner residual formed from the data, row by row: there are the
    /// digits that the Gram matrix has lost.
    fn residual(
        &self,
        m: &linalg::Moments<F>,
        alpha: f64,
        targets: Range<usize>,
        w: &Array2<F>,
    ) -> Array2<F> {
        let intercept = &m.y_mean.slice(s![targets.clone()]) - &m.x_mean.dot(w);
        let mut r = affine(self.x, &w.t(), &intercept);
        Zip::from(&mut r)
            .and(&self.y.slice(s![.., targets]))
            .for_each(|r, &y| *r = y - *r);
        if let Some(weights) = self.weights {
            for (mut row, &s) in r.rows_mut().into_iter().zip(weights) {
                row.mapv_inplace(|v| v * F::of(s));
            }
        }
        let mut g = linalg::matmul(&self.x.t(), &r);
        let sums = r.sum_axis(Axis(0));
        Zip::indexed(&mut g)
            .and(w)
            .for_each(|(j, t), g, &w| *g = *g - m.x_mean[j] * sums[t] - w * F::of(alpha));
        g
    }

    /// The centred data, its rows scaled by the square roots of the weights.
    fn centred(&self) -> Centred<F> {
        let (x_mean, y_mean) = if self.centre {
            (
                column_means(self.x, self.weights),
                column_means(&self.y, self.weights),
            )
        } else {
            (Array1::zeros(self.x.ncols()), Array1::zeros(self.y.ncols()))
        };
        let (mut x, mut y) = (&self.x.view() - &x_mean, &self.y - &y_mean);
        if let Some(weights) = self.weights {
            for (i, &s) in weights.iter().enumerate() {
                let root = F::of(s.sqrt());
                x.row_mut(i).mapv_inplace(|v| v * root);
                y.row_mut(i).mapv_inplace(|v| v * root);
            }
        }
        Centred {
            x,
            y,
            x_mean,
            y_mean,
        }
    }
}

/// Weighted means of the columns, summed in `f64`, a second time around the first result.
fn column_means<F: Float>(a: &ArrayRef2<F>, weights: Option<&[f64]>) -> Array1<F> {
    let total = weights.map_or(a.nrows() as f64, |s| s.iter().sum());
    let mut mean = Array1::<f64>::zeros(a.ncols());
    for _ in 0..2 {
        let mut sum = Array1::<f64>::zeros(a.ncols());
        for (i, row) in a.rows().into_iter().enumerate() {
            let s = weights.map_or(1.0, |s| s[i]);
            Zip::from(&mut sum)
                .and(row)
                .and(&mean)
                .for_each(|sum, &v, &m| *sum += s * (v.f64() - m));
        }
        mean += &(sum / total);
    }
    mean.mapv(F::of)
}

struct Centred<F> {
    x: Array2<F>,
    y: Array2<F>,
    x_mean: Array1<F>,
    y_mean: Array1<F>,
}

/// Solves for all targets at once where they share one `alpha`, otherwise one by one; gives (n_features, n_targets), or
/// `None` as soon as one is `None`.
fn for_each_alpha<F: Float>(
    alphas: &[f64],
    solve: impl Fn(f64, Range<usize>) -> Result<Option<Array2<F>>>,
) -> Result<Option<Array2<F>>> {
    if alphas.iter().all(|a| a.total_cmp(&alphas[0]).is_eq()) {
        return solve(alphas[0], 0..alphas.len());
    }
    let mut columns = Vec::with_capacity(alphas.len());
    for (t, &alpha) in alphas.iter().enumerate() {
        let Some(w) = solve(alpha, t..t + 1)? else {
            return Ok(None);
        };
        columns.push(w.column(0).to_owned());
    }
    let p = columns[0].len();
    Ok(Some(Array2::from_shape_fn((p, alphas.len()), |(j, t)| {
        columns[t][j]
    })))
}

/// `A + alpha I` scaled to unit diagonal and factored in `f64`: `D (A + alpha I) D` with D = diag(`scale`).
struct Scaled<F> {
    scale: Array1<f64>,
    factor: linalg::Cholesky<f64>,
    rcond: f64,
    of: PhantomData<F>,
}

impl<F: Float> Scaled<F> {
    /// `None` where the matrix is singular to the precision of `F`, or left its range.
    fn new(a: &Array2<F>, alpha: f64) -> Option<Self> {
        let n = a.nrows();
        let scale = a.diag().mapv(|v| (v.f64() + alpha).sqrt().recip());
        if !scale.iter().all(|v| v.is_finite() && *v > 0.0) {
            return None;
        }
        let scaled = Array2::from_shape_fn((n, n), |(i, j)| {
            if i == j {
                1.0
            } else {
                a[[i, j]].f64() * scale[i] * scale[j]
            }
        });
        let factor = linalg::Cholesky::new(&scaled).ok()?;
        let rcond = factor.rcond();
        // The rounding of the sums in `A`, which refinement contracts by its ratio to rcond.
        let rounding = 64.0 * F::EPSILON.f64() * (n as f64).sqrt();
        (rcond > rounding).then_some(Scaled {
            scale,
            factor,
            rcond,
            of: PhantomData,
        })
    }

    /// Whether one solution has lost about half of the digits or more.
    fn loses_digits(&self) -> bool {
        self.rcond < F::EPSILON.f64().powf(0.375)
    }

    fn solve(&self, rhs: &ArrayRef2<F>) -> Result<Array2<F>> {
        let scale = self.scale.view().insert_axis(Axis(1));
        let solution = self.factor.solve(&(&rhs.mapv(F::f64) * &scale))? * scale;
        Ok(solution.mapv(F::of))
    }
}

/// `s / (s² + alpha) · U'y`: the coefficients in the basis of right singular vectors. Directions below the precision of
/// the decomposition get none, which is what makes the solution one of minimum norm.
fn shrink<F: Float>(
    s: &Array1<F>,
    uty: ArrayView1<'_, F>,
    alpha: f64,
    (n, p): (usize, usize),
) -> Array1<F> {
    let largest = s.iter().fold(0.0, |m: f64, v| m.max(v.f64()));
    let cutoff = largest * F::EPSILON.f64() * n.max(p) as f64;
    let mut out = uty.to_owned();
    Zip::from(&mut out).and(s).for_each(|w, &s| {
        let s = s.f64();
        // Written so that s² does not overflow.
        let factor = if s > cutoff {
            1.0 / (s + alpha / s)
        } else {
            0.0
        };
        *w *= F::of(factor);
    });
    out
}

/// From `w` (n_features, n_targets) to coefficients (n_targets, n_features) and `b = ȳ − x̄·w`.
fn with_intercept<F: Float>(
    w: Array2<F>,
    x_mean: &Array1<F>,
    y_mean: &Array1<F>,
) -> (Array2<F>, Array1<F>) {
    let intercept = y_mean - &x_mean.dot(&w);
    (w.t().as_standard_layout().into_owned(), intercept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::targets::Targets;
    use ndarray::{Array2, array};
    use rand::RngExt;

    fn data(n: usize, p: usize, seed: u64) -> (Array2<f64>, Array1<f64>) {
        let mut rng = crate::random::generator(seed);
        let x = Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0));
        let y = x.sum_axis(Axis(1))
            + Array1::from_shape_simple_fn(n, || rng.random_range(-0.1..0.1))
            + 3.0;
        (x, y)
    }

    /// The gradient of the objective at the fitted model, largest entry.
    fn gradient(
        x: &Array2<f64>,
        y: &Array1<f64>,
        weights: &Array1<f64>,
        alpha: f64,
        m: &FittedRidge,
    ) -> f64 {
        let r = (y - &m.predict(x).unwrap()) * weights;
        let of_w = x.t().dot(&r) - &m.coef().mapv(|v| v * alpha);
        of_w.iter()
            .chain(std::iter::once(&r.sum()))
            .fold(0.0, |a: f64, v| a.max(v.abs()))
    }

    #[test]
    fn the_gradient_vanishes_tall_wide_and_weighted() {
        for (n, p) in [(50, 7), (7, 50), (20, 20), (1, 3), (5, 1)] {
            let (x, y) = data(n, p, 1);
            let weights = Array1::from_shape_fn(n, |i| 0.5 + (i % 3) as f64);
            for alpha in [1e-6, 0.1, 1.0, 100.0] {
                let m = Ridge::new()
                    .alpha(alpha)
                    .fit(&x, &y.weighted(&weights))
                    .unwrap();
                let g = gradient(&x, &y, &weights, alpha, &m);
                assert!(g < 1e-9 * n as f64, "{n} x {p}, alpha {alpha}: {g:e}");
            }
        }
    }

    #[test]
    fn without_penalty_dependent_columns_share_the_minimum_norm() {
        let (x, y) = data(30, 3, 2);
        let twice = ndarray::concatenate![Axis(1), x, x];
        let one = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
        let two = Ridge::new().alpha(0.0).fit(&twice, &y).unwrap();
        for j in 0..3 {
            assert!((two.coef()[j] - one.coef()[j] / 2.0).abs() < 1e-12);
            assert!((two.coef()[j + 3] - one.coef()[j] / 2.0).abs() < 1e-12);
        }
    }

    #[test]
    fn refinement_keeps_the_digits_of_an_ill_conditioned_problem() {
        let (mut x, _) = data(200, 4, 3);
        let near = &x.column(0) + &x.column(3).mapv(|v| v * 1e-5);
        x.column_mut(3).assign(&near);
        let truth = array![1.0, 2.0, 3.0, 4.0];
        let y = x.dot(&truth) + 5.0;
        let m = Ridge::new().alpha(0.0).fit(&x, &y).unwrap();
        for (a, b) in m.coef().iter().zip(&truth) {
            assert!((a - b).abs() < 1e-9, "{:?}", m.coef());
        }
    }

    #[test]
    fn several_targets_equal_one_by_one_with_their_penalties() {
        let (x, y) = data(40, 5, 4);
        let both = ndarray::stack![Axis(1), y, y.mapv(|v| v * v)];
        let alphas = [0.3, 30.0];
        let joint = Ridge::new().alpha(alphas).fit(&x, &both).unwrap();
        for (t, alpha) in alphas.into_iter().enumerate() {
            let single = Ridge::new().alpha(alpha).fit(&x, &both.column(t)).unwrap();
            for (a, b) in joint.coef().row(t).iter().zip(single.coef()) {
                assert!((a - b).abs() < 1e-12);
            }
            assert!((joint.intercept()[t] - single.intercept()).abs() < 1e-12);
        }
        assert_eq!(joint.predict(&x).unwrap().dim(), (40, 2));
    }

    #[test]
    fn single_precision_agrees_with_double() {
        let (x, y) = data(300, 6, 5);
        let double = Ridge::new().fit(&x, &y).unwrap();
        let single = Ridge::new()
            .fit(&x.mapv(|v| v as f32), &y.mapv(|v| v as f32))
            .unwrap();
        for (a, b) in double.coef().iter().zip(single.coef()) {
            assert!((a - f64::from(*b)).abs() < 1e-5);
        }
    }

    #[test]
    fn refuses_what_is_out_of_range_and_says_so() {
        let (x, y) = data(4, 2, 6);
        for alpha in [-1.0, f64::NAN, f64::INFINITY] {
            let e = Ridge::new().alpha(alpha).fit(&x, &y).unwrap_err();
            assert!(
                e.to_string()
                    .starts_with("`alpha` of `Ridge` must be in [0, inf), got "),
                "{e}"
            );
        }
        let e = Ridge::new().alpha([1.0, 2.0]).fit(&x, &y).unwrap_err();
        assert!(
            e.to_string()
                .contains("one for each of the 1 targets, got 2 numbers"),
            "{e}"
        );
        let e = Ridge::new().fit(&x, &array![1.0, 2.0]).unwrap_err();
        assert_eq!(e.to_string(), "number of rows of y: expected 4, got 2");
    }

    #[test]
    fn the_penalty_is_a_number_or_a_list_by_name() {
        use crate::params::Params;
        let m = Ridge::new().with_param("alpha", vec![1.0, 2.0]).unwrap();
        assert_eq!(m, Ridge::new().alpha([1.0, 2.0]));
        assert_eq!(m.params()["alpha"], serde_json::json!([1.0, 2.0]));
        assert_eq!(m.with_param("alpha", 3).unwrap(), Ridge::new().alpha(3.0));
        let e = m.with_param("alpha", "much").unwrap_err().to_string();
        assert_eq!(
            e,
            "`alpha` of `Ridge` must be a number or a list of numbers, got \"much\""
        );
    }
}
