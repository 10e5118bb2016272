//! Quantile regression: a linear model of a quantile of the target.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::error::Result;
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::linalg::power_of_two;
use crate::model::{Model, ensure};
use crate::params::{Hyperparameters, describe};
use crate::targets::RealTarget;
use crate::traits::Estimator;

use super::quantile_basis::Basis;
use super::quantile_lp::{self, Program, Solution};

const NAME: &str = "QuantileRegressor";

/// A linear regression of a quantile of the target: the median, or what 90 % stay below.
///
/// Minimises over w (n_features) and b, with sample weights s and q = `quantile`,
/// ```text
/// 1/Σsᵢ Σᵢ sᵢ ρ(yᵢ − xᵢ·w − b) + alpha ‖w‖₁,     ρ(r) = q max(r, 0) + (1 − q) max(−r, 0)
/// ```
/// A share q of the training rows is below the predictions, whatever the distribution of the errors: fit q = 0.05 and 0.95 for
/// a band that holds nine rows of ten. The median is robust to outliers in y. The L1 penalty sets coefficients to exactly 0;
/// scale the features, it treats all alike, and mind its default: 1 is much for targets of small numbers.
///
/// # Settings
/// | name | default | range | raising it ... |
/// |---|---|---|---|
/// | `quantile` | 0.5 | (0, 1) | raises the predictions |
/// | `alpha` | 1 | [0, ∞) | sets more coefficients to 0 |
/// | `fit_intercept` | true | | |
///
/// # Units
/// `alpha` in units of y per coefficient.
///
/// # Complexity
/// Time O(n p²) for each of some 20 iterations, and O(n p + p³) for each of a few simplex steps. Memory for a copy of the samples
/// in `f64`, twice the samples in `f32`, two where columns nearly depend on each other, and some 60 numbers a row.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `Overflow` when they are too large.
///
/// # Source
/// R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46 (1978). The linear program is solved to its vertex by an
/// interior point method and simplex steps of our own, so that the solution is exact to rounding; scikit-learn hands it to
/// HiGHS, whose `solver` and `solver_options` have no counterpart here. Where several vertices are best the two may differ,
/// with the same objective. Without a penalty, features that depend on others up to the rounding of their type get the
/// coefficient 0. Where they nearly do the minimum may be at large coefficients that cancel, whose rounding is felt:
/// [`converged`](FittedQuantileRegressor::converged) says whether the objective is the least all the same.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::QuantileRegressor, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0], [1.0], [2.0], [3.0], [4.0]];
/// let y = array![1.0, 3.0, 5.0, 7.0, 100.0]; // 1 + 2 x but for the last
/// let median = QuantileRegressor::new().alpha(0.0).fit(&x, &y)?;
/// assert!(f64::abs(median.coef()[0] - 2.0) < 1e-12 && f64::abs(median.intercept() - 1.0) < 1e-12);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QuantileRegressor {
    #[serde(with = "crate::params::number")]
    quantile: f64,
    #[serde(with = "crate::params::number")]
    alpha: f64,
    fit_intercept: bool,
}

impl Default for QuantileRegressor {
    fn default() -> Self {
        QuantileRegressor {
            quantile: 0.5,
            alpha: 1.0,
            fit_intercept: true,
        }
    }
}

impl QuantileRegressor {
    /// The median, with a penalty of 1.
    pub fn new() -> Self {
        Self::default()
    }

    /// The share of the rows that is to be below the predictions.
    #[must_use]
    pub fn quantile(mut self, quantile: f64) -> Self {
        self.quantile = quantile;
        self
    }

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
}

impl Hyperparameters for QuantileRegressor {
    const NAME: &'static str = NAME;

    fn check(&self) -> Result<()> {
        check::real(NAME, "quantile", self.quantile, Interval::open(0.0, 1.0))?;
        check::real(NAME, "alpha", self.alpha, Interval::at_least(0.0))
    }
}

impl fmt::Display for QuantileRegressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

impl<F: Float, Y: RealTarget<F> + ?Sized> Estimator<ArrayRef2<F>, Y> for QuantileRegressor {
    type Fitted = FittedQuantileRegressor<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        check::target(y, x.nrows())?;
        check::finite_vector(y.values(), "y")?;
        let weights = y.sample_weight();
        let weight = |i: usize| weights.map_or(1.0, |w| w[i]);
        let rows: Vec<usize> = (0..x.nrows()).filter(|&i| weight(i) > 0.0).collect();
        let samples = if rows.len() == x.nrows() {
            x.mapv(F::f64)
        } else {
            x.select(Axis(0), &rows).mapv(F::f64)
        };
        let target: Vec<f64> = rows.iter().map(|&i| y.values()[i].f64()).collect();
        // Weights of mean 1: their size does not matter.
        let mean = rows.iter().map(|&i| weight(i)).sum::<f64>() / rows.len() as f64;
        let weights: Vec<f64> = rows.iter().map(|&i| weight(i) / mean).collect();
        let learned = self.learn::<F>(samples, target, &weights);
        let model = FittedQuantileRegressor {
            coef: learned.coef.into(),
            intercept: learned.intercept,
            quantile: self.quantile,
            n_iter: learned.n_iter,
            converged: learned.converged,
        };
        check::learned(
            NAME,
            "a coefficient",
            model.coef.iter().chain([&model.intercept]),
        )?;
        if !model.converged {
            log::warn!(
                "{NAME}: the linear program lost its digits; scale the features, or leave out those that say the same"
            );
        }
        Ok(model)
    }
}

/// The least value that a share q of the weight does not exceed.
fn quantile(y: &[f64], weights: &[f64], q: f64) -> f64 {
    let mut order: Vec<usize> = (0..y.len()).collect();
    order.sort_unstable_by(|&a, &b| y[a].total_cmp(&y[b]));
    let enough = q * weights.iter().sum::<f64>();
    let mut sum = 0.0;
    for &i in &order {
        sum += weights[i];
        if sum >= enough && weights[i] > 0.0 {
            return y[i];
        }
    }
    order.last().map_or(0.0, |&i| y[i])
}

/// What the rounding of the coefficients to their type may cost, in its ε of the objective.
const DIGITS: f64 = 3000.0;

/// What columns were before they were centred and scaled.
struct Units {
    mean: Vec<f64>,
    size: Vec<f64>,
}

impl Units {
    /// Turns every column v into (v − mean) / size, of magnitude 1 to 2; without an intercept the mean is 0. A column of one
    /// value becomes 0, with size 1. Sizes are powers of two, so that scaling rounds nothing.
    fn of(x: &mut Array2<f64>, centre: bool) -> Self {
        let (n, p) = x.dim();
        let mut size = powers_of_two(x);
        divide(x, &size);
        if !centre {
            return Units {
                mean: vec![0.0; p],
                size,
            };
        }
        // From the first row on, so that one value has no deviation from its mean.
        let first = x.row(0).to_vec();
        let mut further = vec![0.0; p];
        for row in x.rows() {
            for ((sum, v), first) in further.iter_mut().zip(row).zip(&first) {
                *sum += v - first;
            }
        }
        let mut mean: Vec<f64> = (first.iter().zip(&further))
            .map(|(first, sum)| first + sum / n as f64)
            .collect();
        for mut row in x.rows_mut() {
            for (v, mean) in row.iter_mut().zip(&mean) {
                *v -= mean;
            }
        }
        let again = powers_of_two(x);
        divide(x, &again);
        for ((mean, size), again) in mean.iter_mut().zip(&mut size).zip(&again) {
            *mean *= *size;
            *size *= again;
        }
        Units { mean, size }
    }
}

/// For each column the largest power of two that its largest magnitude reaches, 1 for zeros.
fn powers_of_two(x: &Array2<f64>) -> Vec<f64> {
    let mut largest = vec![0.0f64; x.ncols()];
    for row in x.rows() {
        for (most, v) in largest.iter_mut().zip(row) {
            *most = most.max(v.abs());
        }
    }
    largest.into_iter().map(power_of_two).collect()
}

fn divide(x: &mut Array2<f64>, by: &[f64]) {
    for mut row in x.rows_mut() {
        for (v, by) in row.iter_mut().zip(by) {
            *v /= by;
        }
    }
}

/// What was learned, in the units of the data.
struct Learned<F> {
    coef: Vec<F>,
    intercept: F,
    n_iter: usize,
    converged: bool,
}

impl QuantileRegressor {
    fn learn<F: Float>(&self, mut x: Array2<f64>, y: Vec<f64>, weights: &[f64]) -> Learned<F> {
        let (n, p) = x.dim();
        let highest = y.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let mut target = Array1::from(y).insert_axis(Axis(1));
        let of_target = Units::of(&mut target, self.fit_intercept);
        let unit = of_target.size[0];
        let y = target.into_raw_vec_and_offset().0;
        let columns = Units::of(&mut x, self.fit_intercept);
        let mut up: Vec<f64> = weights.iter().map(|s| s * self.quantile).collect();
        let mut down: Vec<f64> = weights.iter().map(|s| s * (1.0 - self.quantile)).collect();
        let all: f64 = weights.iter().sum();
        let penalised = self.alpha > 0.0;
        let mut basis = if penalised {
            // |w| of a column in its own unit is |w| / size; what costs more than all the data stays at 0 as well.
            let cost = |size: &f64| (n as f64 * self.alpha / size).min(4.0 * all);
            up.extend(columns.size.iter().map(cost));
            down.extend_from_slice(&up[n..]);
            Basis::all(p)
        } else {
            // A column is rounded as its numbers are, and as sums of them.
            let digits = F::EPSILON.f64() + 4.0 * f64::EPSILON * p as f64;
            let noise = |j: usize| {
                digits * (n as f64).sqrt() * (1.0 + columns.mean[j].abs() / columns.size[j])
            };
            let noise: Vec<f64> = (0..p).map(noise).collect();
            Basis::new(&x, &noise, n - usize::from(self.fit_intercept))
        };
        if !basis.columns.iter().copied().eq(0..p) {
            x = x.select(Axis(1), &basis.columns);
        }
        let mut program = Program {
            x: in_row_order(x),
            y,
            up,
            down,
            intercept: self.fit_intercept,
        };
        let solution = if basis.columns.is_empty() {
            // No column says more than a constant.
            let alone = || quantile(&program.y, weights, self.quantile);
            let parameters: Vec<f64> = self.fit_intercept.then(alone).into_iter().collect();
            Solution {
                objective: program.objective(&program.residuals(&parameters)),
                parameters,
                n_iter: 0,
                converged: true,
            }
        } else if let Some(q) = basis.q.take() {
            let x = std::mem::replace(&mut program.x, q);
            let solution = program.solve();
            program.x = x;
            solution
        } else {
            program.solve()
        };
        let mut coef = vec![F::zero(); p];
        let (found, intercept) = solution.parameters.split_at(basis.columns.len());
        let mut parameters = basis.coefficients(found);
        // What the rounding of coefficients adds to every prediction the intercept takes away.
        let mut shift = of_target.mean[0];
        for (&j, v) in basis.columns.iter().zip(&mut parameters) {
            // What is 0 to rounding of a vertex at 0 is 0.
            if v.abs() > 1e-15 || !penalised {
                coef[j] = F::of(*v * unit / columns.size[j]);
            }
            *v = coef[j].f64() * columns.size[j] / unit;
            shift -= columns.mean[j] * coef[j].f64();
        }
        let mut of_intercept = F::zero();
        if let Some(b) = intercept.first() {
            of_intercept = F::of(b * unit + shift);
            parameters.push((of_intercept.f64() - shift) / unit);
        }
        // The proof was of numbers that are rounded now, and of a basis: it holds for what the model predicts.
        let reached = program.objective(&program.residuals(&parameters));
        let close = quantile_lp::CLOSE.max(DIGITS * F::EPSILON.f64());
        let rounding = 4.0 * F::EPSILON.f64() * highest / unit * all;
        Learned {
            coef,
            intercept: of_intercept,
            n_iter: solution.n_iter,
            converged: solution.converged
                && reached - solution.objective <= close * solution.objective + rounding,
        }
    }
}

fn in_row_order(x: Array2<f64>) -> Array2<f64> {
    if x.is_standard_layout() {
        x
    } else {
        x.as_standard_layout().into_owned()
    }
}

/// What [`QuantileRegressor`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedQuantileRegressor<F = f64> {
    coef: Array1<F>,
    intercept: F,
    quantile: f64,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedQuantileRegressor<F> {
    /// The quantile that is predicted.
    pub fn quantile(&self) -> f64 {
        self.quantile
    }

    /// Interior point iterations and simplex steps.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether it is proved that the objective is the least to nine digits (three of `f32`), or to the rounding of the
    /// target. If not: scale the features, or leave out those that say the same.
    pub fn converged(&self) -> bool {
        self.converged
    }
}

super::one_output::linear_model! {
    /// The coefficients, (n_features).
    FittedQuantileRegressor of NAME
}

impl<F: Float> Model for FittedQuantileRegressor<F> {
    fn type_name() -> String {
        format!("FittedQuantileRegressor<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(self.feature_importances())
    }

    fn validate(&self) -> Result<()> {
        ensure::at_least("features of `coef`", self.coef.len(), 1)?;
        ensure::finite("coef", &self.coef)?;
        ensure::finite("intercept", [&self.intercept])?;
        ensure::that(self.quantile > 0.0 && self.quantile < 1.0, || {
            format!("quantile is {}, must be in (0, 1)", self.quantile)
        })
    }
}

impl<F: Float> fmt::Display for FittedQuantileRegressor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let used = self.coef.iter().filter(|w| **w != F::zero()).count();
        write!(
            f,
            "FittedQuantileRegressor(quantile {}, {} features, {used} of them with a coefficient)",
            self.quantile,
            self.n_features_in()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random;
    use crate::targets::Targets;
    use crate::traits::Predict;
    use ndarray::array;

    fn data(n: usize, p: usize) -> (Array2<f64>, Array1<f64>) {
        let mut rng = random::generator(8);
        let x = Array2::from_shape_simple_fn((n, p), || random::standard_normal(&mut rng));
        let noise = Array1::from_shape_simple_fn(n, || random::standard_normal(&mut rng));
        let y = &x.column(0) * 2.0 - x.column(p - 1) + &noise * &noise + 1.0;
        (x, y)
    }

    fn objective(
        m: &FittedQuantileRegressor,
        x: &Array2<f64>,
        y: &Array1<f64>,
        w: &Array1<f64>,
        alpha: f64,
    ) -> f64 {
        let q = m.quantile();
        let r = y - &m.predict(x).unwrap();
        let loss: f64 = r
            .iter()
            .zip(w)
            .map(|(r, s)| s * (q * r.max(0.0) + (1.0 - q) * (-r).max(0.0)))
            .sum();
        loss / w.sum() + alpha * m.coef().mapv(f64::abs).sum()
    }

    /// The conditions of the optimum, with a subgradient d that is found by least squares over the interpolated rows.
    #[test]
    fn zero_is_a_subgradient() {
        let (x, y) = data(120, 5);
        for weighted in [false, true] {
            let w = Array1::from_shape_fn(120, |i| if weighted { (i % 4) as f64 } else { 1.0 });
            for (q, alpha, intercept) in [(0.5, 0.0, true), (0.9, 0.05, true), (0.2, 0.1, false)] {
                let estimator = QuantileRegressor::new()
                    .quantile(q)
                    .alpha(alpha)
                    .fit_intercept(intercept);
                let model = estimator.fit(&x, &y.weighted(&w)).unwrap();
                assert!(model.converged());
                let r = &y - &model.predict(&x).unwrap();
                let z = ndarray::concatenate![Axis(1), x, Array2::ones((120, 1))];
                let k = if intercept { 6 } else { 5 };
                let (mut fixed, mut free) = (Array1::<f64>::zeros(k), Vec::new());
                for i in 0..120 {
                    let row = z.slice(ndarray::s![i, ..k]);
                    if r[i].abs() < 1e-11 && w[i] > 0.0 {
                        free.push((row.to_vec(), w[i] * (q - 1.0), w[i] * q));
                    } else {
                        let d = if r[i] > 0.0 { q } else { q - 1.0 };
                        fixed += &(&row * (d * w[i]));
                    }
                }
                for j in 0..5 {
                    let size = alpha * w.sum();
                    let c = model.coef()[j];
                    if c == 0.0 && alpha > 0.0 {
                        let mut unit = vec![0.0; k];
                        unit[j] = 1.0;
                        free.push((unit, -size, size));
                    } else {
                        fixed[j] -= size * c.signum();
                    }
                }
                assert_eq!(free.len(), k, "a vertex");
                let matrix = Array2::from_shape_fn((k, k), |(a, b)| free[b].0[a]);
                let right = fixed.mapv(|v| -v).insert_axis(Axis(1));
                let d = crate::linalg::lstsq(&matrix, &right, None).unwrap();
                assert_eq!(d.rank, k);
                for (d, (_, low, high)) in d.solution.iter().zip(&free) {
                    assert!(low - 1e-9 <= *d && *d <= high + 1e-9, "{low} {d} {high}");
                }
            }
        }
    }

    #[test]
    fn weight_two_is_a_row_twice_and_zero_is_none() {
        let (x, y) = data(50, 3);
        let w = Array1::from_shape_fn(50, |i| (i % 3) as f64);
        let rows: Vec<usize> = (0..50).flat_map(|i| vec![i; i % 3]).collect();
        let estimator = QuantileRegressor::new().quantile(0.37).alpha(0.02);
        let a = estimator.fit(&x, &y.weighted(&w)).unwrap();
        let b = estimator
            .fit(&x.select(Axis(0), &rows), &y.select(Axis(0), &rows))
            .unwrap();
        assert!((&a.coef() - &b.coef()).iter().all(|d| d.abs() < 1e-10));
    }

    #[test]
    fn dependent_columns_few_rows_and_ties() {
        let ones = |n: usize| Array1::ones(n);
        let (x, y) = data(30, 3);
        let both = ndarray::concatenate![Axis(1), x, x, Array2::from_elem((30, 1), 7.0)];
        for alpha in [0.0, 0.01] {
            let estimator = QuantileRegressor::new().alpha(alpha);
            let plain = estimator.fit(&x, &y).unwrap();
            let doubled = estimator.fit(&both, &y).unwrap();
            let (a, b) = (
                objective(&plain, &x, &y, &ones(30), alpha),
                objective(&doubled, &both, &y, &ones(30), alpha),
            );
            assert!((a - b).abs() < 1e-10, "{a} {b}");
        }
        let (x, y) = data(6, 9);
        let model = QuantileRegressor::new().alpha(0.0).fit(&x, &y).unwrap();
        assert!(
            (&model.predict(&x).unwrap() - &y)
                .iter()
                .all(|d| d.abs() < 1e-9)
        );
        // Many equal targets, and a target that is constant.
        let x = Array2::from_shape_fn((40, 2), |(i, j)| ((i * (j + 2)) % 5) as f64);
        let y = Array1::from_shape_fn(40, |i| (i % 3) as f64);
        for y in [y, Array1::from_elem(40, 2.5)] {
            let model = QuantileRegressor::new()
                .quantile(0.75)
                .alpha(0.001)
                .fit(&x, &y)
                .unwrap();
            assert!(model.converged());
        }
        let one = QuantileRegressor::new()
            .fit(&array![[3.0]], &array![2.0])
            .unwrap();
        assert_eq!(one.predict(&array![[8.0]]).unwrap(), array![2.0]);
    }

    #[test]
    fn columns_that_nearly_agree_are_told_apart() {
        for seed in 0..20 {
            let (x, y) = data(12 + seed, 5);
            let n = x.nrows();
            let w = Array1::from_shape_fn(n, |i| 0.3 + ((i * 7) % 5) as f64);
            for (apart, digits) in [(1e-5, 1e-9), (1e-6, 1e-9), (1e-7, 1e-8), (1e-9, 1e-5)] {
                let mut near = x.clone();
                let moved = &x.column(0) + &x.column(1) * apart;
                near.column_mut(1).assign(&moved);
                // The same span, of columns that are far from each other.
                let mut far = near.clone();
                let difference = (&near.column(1) - &near.column(0)) / apart;
                far.column_mut(1).assign(&difference);
                for intercept in [true, false] {
                    let estimator = QuantileRegressor::new().quantile(0.9).alpha(0.0);
                    let estimator = estimator.fit_intercept(intercept);
                    let target = y.weighted(&w);
                    let of = |x: &Array2<f64>| estimator.fit(x, &target).unwrap();
                    let (a, b) = (of(&near), of(&far));
                    let reached = objective(&a, &near, &y, &w, 0.0);
                    let least = objective(&b, &far, &y, &w, 0.0);
                    let above = (reached - least) / least;
                    assert!(b.converged() && above < digits, "{n} {apart}: {above:e}");
                    // Coefficients are up to 1 / apart: so much more does `objective` round.
                    let proved = 2e-9 + 1e-16 / apart;
                    assert!(!a.converged() || above < proved, "{n} {apart}: {above:e}");
                    assert!(a.converged() || apart < 1e-5, "{n} {apart}: {above:e}");
                }
            }
        }
    }

    #[test]
    fn large_means_do_no_harm() {
        let (x, y) = data(40, 4);
        let ones = Array1::ones(40);
        for alpha in [0.0, 0.1] {
            let estimator = QuantileRegressor::new().quantile(0.3).alpha(alpha);
            let plain = estimator.fit(&x, &y).unwrap();
            let least = objective(&plain, &x, &y, &ones, alpha);
            let (far, y) = (&x + 4096.0, &y - 1e6);
            let model = estimator.fit(&far, &y).unwrap();
            let reached = objective(&model, &far, &y, &ones, alpha);
            assert!(model.converged() && (reached - least).abs() < 1e-8);
            let narrow = estimator.fit(&x.mapv(|v| v as f32 + 4096.0), &plain_target(40));
            assert!(narrow.unwrap().converged());
        }
    }

    fn plain_target(n: usize) -> Array1<f32> {
        data(n, 4).1.mapv(|v| v as f32)
    }

    #[test]
    fn settings_out_of_range_are_refused() {
        let (x, y) = data(10, 2);
        for bad in [
            QuantileRegressor::new().quantile(0.0),
            QuantileRegressor::new().quantile(1.0),
            QuantileRegressor::new().alpha(-1.0),
            QuantileRegressor::new().quantile(f64::NAN),
        ] {
            assert!(bad.fit(&x, &y).is_err());
        }
    }

    #[test]
    fn without_a_penalty_constant_columns_leave_the_quantile() {
        let y = array![5.0, 1.0, 2.0, 9.0, 3.0];
        for x in [Array2::from_elem((5, 3), 2.0), Array2::zeros((5, 1))] {
            let model = QuantileRegressor::new().alpha(0.0).fit(&x, &y).unwrap();
            let predicted = model.predict(&x).unwrap();
            assert!(
                predicted.iter().all(|v: &f64| (v - 3.0).abs() < 1e-9),
                "{predicted}"
            );
        }
        let one = QuantileRegressor::new()
            .alpha(0.0)
            .fit(&array![[1.0, 2.0]], &array![4.0]);
        assert!((one.unwrap().predict(&array![[1.0, 2.0]]).unwrap()[0] - 4.0f64).abs() < 1e-9);
    }
}
