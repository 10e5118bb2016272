//! What a maximum likelihood fit says of its coefficients: how sure it is of each, and how well the model fits.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef1, ArrayRef2, Axis};

use crate::check::{self, Interval};
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::linalg::{self, Cholesky, Triangle};
use crate::special::{f_sf, ln_gamma, normal_sf, t_two_sided};

use super::glm::{half_deviance, mean};
use super::glm_loss::Family;

/// What the sample weights of a target count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WeightKind {
    /// Rows: a weight of 2 is the row twice. The number of observations is the sum of the weights.
    #[default]
    Frequency,
    /// Precision: the variance of a row is that of the model divided by its weight, as for a mean of several values. Every
    /// row of positive weight is one observation.
    Variance,
}

/// Standard errors, tests and measures of fit of a model fitted by maximum likelihood: least squares, logistic regression
/// and the generalised linear models, without a penalty.
///
/// Made by the fitted models' `inference(&x, &y)` from the training data. The covariance of the coefficients is the inverse
/// of the expected (Fisher) information, (X' W X)⁻¹ times the dispersion φ:
///
/// | model | W | φ | statistic |
/// |---|---|---|---|
/// | least squares | weights | Σ s (y − ŷ)² / (n − k) | t with n − k degrees of freedom |
/// | logistic | s p (1 − p) | 1 | z |
/// | Poisson | s μ | 1 | z |
/// | gamma, Tweedie | s / (V(μ) g'(μ)²) | Pearson's χ² / (n − k) | z |
///
/// A penalty moves coefficients away from the most likely ones, and their spread is then not this: models with a penalty are
/// refused. The refusal is by the data: coefficients that are more than a fiftieth of a standard error from where the
/// likelihood is greatest, for whatever reason, are an error.
///
/// The text of an `Inference` is a table, [`summary`](Self::summary).
///
/// ```
/// use fitwell::{linear_model::LinearRegression, prelude::*};
/// use ndarray::array;
///
/// let (x, y) = (array![[0.0], [1.0], [2.0], [3.0]], array![1.0, 3.1, 4.9, 7.0]);
/// let found = LinearRegression::new().fit(&x, &y)?.inference(&x, &y)?.with_feature_names(["hours"])?;
/// assert_eq!(found.names(), ["intercept", "hours"]);
/// assert!(found.p_values()[1] < 0.001);
/// let interval = found.conf_int(0.95)?;
/// assert!(interval[[1, 0]] < 1.98 && 1.98 < interval[[1, 1]]);
/// println!("{found}");
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Inference {
    title: String,
    names: Vec<String>,
    /// Of the coefficients of one output: with a name before them where there are several.
    outputs: Vec<String>,
    coef: Vec<f64>,
    covariance: Array2<f64>,
    fit: Fit,
}

/// Measures of the whole fit.
#[derive(Clone, Debug, PartialEq)]
struct Fit {
    n: f64,
    has_intercept: bool,
    df_model: f64,
    df_residual: f64,
    scale: f64,
    uses_t: bool,
    log_likelihood: Option<f64>,
    null_log_likelihood: Option<f64>,
    deviance: f64,
    null_deviance: f64,
    pearson: f64,
    least_squares: bool,
}

impl Inference {
    /// The names of the coefficients: `intercept`, if there is one, then the features; for several classes, `class: name`.
    pub fn names(&self) -> Vec<String> {
        let mut names = Vec::new();
        for output in &self.outputs {
            for name in &self.names {
                names.push(if output.is_empty() {
                    name.clone()
                } else {
                    format!("{output}: {name}")
                });
            }
        }
        names
    }

    /// The same with names for the features, instead of x0, x1, ...
    ///
    /// # Errors
    /// `ShapeMismatch` when there are not as many names as features.
    pub fn with_feature_names<S: Into<String>>(
        mut self,
        names: impl IntoIterator<Item = S>,
    ) -> Result<Self> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        let skip = usize::from(self.fit.has_intercept);
        if names.len() + skip != self.names.len() {
            let features = self.names.len() - skip;
            return Err(Error::shape(
                "number of feature names",
                features,
                names.len(),
            ));
        }
        self.names.truncate(skip);
        self.names.extend(names);
        Ok(self)
    }

    /// The coefficients, in the order of the names. Of several classes they are those of each class but the first, less those
    /// of the first: only differences between classes are determined.
    pub fn coef(&self) -> Array1<f64> {
        Array1::from(self.coef.clone())
    }

    /// The covariance of the coefficients.
    pub fn covariance(&self) -> &Array2<f64> {
        &self.covariance
    }

    /// The standard error of each coefficient.
    pub fn std_err(&self) -> Array1<f64> {
        self.covariance.diag().mapv(f64::sqrt)
    }

    /// Each coefficient divided by its standard error: t where [`uses_t`](Self::uses_t), z otherwise.
    pub fn statistic(&self) -> Array1<f64> {
        self.coef() / self.std_err()
    }

    /// Whether the statistic is one of Student's t, with [`df_residual`](Self::df_residual) degrees of freedom; otherwise it
    /// is taken as normal.
    pub fn uses_t(&self) -> bool {
        self.fit.uses_t
    }

    /// The probability of a statistic at least as far from 0, were the coefficient 0.
    pub fn p_values(&self) -> Array1<f64> {
        self.statistic().mapv(|t| self.two_sided(t))
    }

    /// Intervals that hold the true coefficients with probability `level`, (n_coefficients, 2).
    ///
    /// # Errors
    /// `InvalidParameter` when the level is not in (0, 1).
    pub fn conf_int(&self, level: f64) -> Result<Array2<f64>> {
        check::real("Inference", "level", level, Interval::open(0.0, 1.0))?;
        let far = quantile(&|t| self.two_sided(t), 1.0 - level);
        let errors = self.std_err();
        Ok(Array2::from_shape_fn((self.coef.len(), 2), |(j, side)| {
            self.coef[j] + far * errors[j] * if side == 0 { -1.0 } else { 1.0 }
        }))
    }

    fn two_sided(&self, t: f64) -> f64 {
        if self.fit.uses_t {
            t_two_sided(t, self.fit.df_residual)
        } else {
            2.0 * normal_sf(t.abs())
        }
    }

    /// The number of observations: rows, or the sum of weights that count rows.
    pub fn n_observations(&self) -> f64 {
        self.fit.n
    }

    /// The coefficients besides intercepts.
    pub fn df_model(&self) -> f64 {
        self.fit.df_model
    }

    /// Observations less coefficients.
    pub fn df_residual(&self) -> f64 {
        self.fit.df_residual
    }

    /// The dispersion φ; for least squares, the variance of the residuals.
    pub fn scale(&self) -> f64 {
        self.fit.scale
    }

    /// The natural logarithm of the likelihood. `None` where it has no closed form: for Tweedie powers other than 0, 1, 2
    /// and 3.
    pub fn log_likelihood(&self) -> Option<f64> {
        self.fit.log_likelihood
    }

    /// That of the intercept alone, for logistic regression and least squares with an intercept.
    pub fn null_log_likelihood(&self) -> Option<f64> {
        self.fit.null_log_likelihood
    }

    /// Akaike's information criterion, 2 k − 2 ln L for k coefficients. Less is better.
    pub fn aic(&self) -> Option<f64> {
        let k = self.coef.len() as f64;
        self.fit.log_likelihood.map(|l| 2.0 * k - 2.0 * l)
    }

    /// The Bayesian information criterion, k ln n − 2 ln L.
    pub fn bic(&self) -> Option<f64> {
        let k = self.coef.len() as f64;
        self.fit
            .log_likelihood
            .map(|l| k * self.fit.n.ln() - 2.0 * l)
    }

    /// The deviance; for least squares the sum of squared residuals.
    pub fn deviance(&self) -> f64 {
        self.fit.deviance
    }

    /// The deviance of the mean alone; for least squares without an intercept, of 0.
    pub fn null_deviance(&self) -> f64 {
        self.fit.null_deviance
    }

    /// Pearson's χ²: the sum of s (y − μ)² / V(μ).
    pub fn pearson_chi2(&self) -> f64 {
        self.fit.pearson
    }

    /// The share of the deviance that the model explains: R² of least squares, McFadden's pseudo R² of logistic regression.
    /// 0 where there is none to explain: all counts alike.
    pub fn r_squared(&self) -> f64 {
        if self.fit.null_deviance == 0.0 {
            return 0.0;
        }
        1.0 - self.fit.deviance / self.fit.null_deviance
    }

    /// R² less what as many useless features would explain. For least squares.
    pub fn adjusted_r_squared(&self) -> Option<f64> {
        let fit = &self.fit;
        let free = fit.n - f64::from(u8::from(fit.has_intercept));
        fit.least_squares
            .then(|| 1.0 - free / fit.df_residual * (fit.deviance / fit.null_deviance))
    }

    /// F of all features together against none, and its p-value. For least squares.
    pub fn f_test(&self) -> Option<(f64, f64)> {
        let fit = &self.fit;
        (fit.least_squares && fit.df_model > 0.0).then(|| {
            let f = (fit.null_deviance - fit.deviance) / fit.df_model / fit.scale;
            (f, f_sf(f, fit.df_model, fit.df_residual))
        })
    }

    /// Measures of the fit, and a line for each coefficient: standard error, statistic, p-value, the interval of 95 %.
    pub fn summary(&self) -> String {
        self.to_string()
    }
}

/// A value in some ten characters, of a table in which four decimals are enough.
fn short(v: f64) -> String {
    let size = v.abs();
    if v == 0.0 || (1e-3..1e6).contains(&size) {
        format!("{v:.4}")
    } else {
        format!("{v:.3e}")
    }
}

/// A number of observations: weights may make it no whole one.
fn count(n: f64) -> String {
    if n.fract() == 0.0 {
        format!("{n}")
    } else {
        format!("{n:.2}")
    }
}

/// A p-value to three decimals; below that, that it is below.
fn probability(p: f64) -> String {
    if p < 0.001 {
        "<0.001".into()
    } else {
        format!("{p:.3}")
    }
}

impl fmt::Display for Inference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fit = &self.fit;
        writeln!(f, "{} of {} observations", self.title, count(fit.n))?;
        if let (Some(l), Some(aic), Some(bic)) = (fit.log_likelihood, self.aic(), self.bic()) {
            writeln!(
                f,
                "log-likelihood {}   AIC {}   BIC {}",
                short(l),
                short(aic),
                short(bic)
            )?;
        }
        if let (Some(adjusted), Some((statistic, p))) = (self.adjusted_r_squared(), self.f_test()) {
            writeln!(
                f,
                "R² {:.4}   adjusted {adjusted:.4}   F({}, {}) = {}, p {}",
                self.r_squared(),
                fit.df_model,
                count(fit.df_residual),
                short(statistic),
                if p < 0.001 {
                    "< 0.001".into()
                } else {
                    format!("= {p:.3}")
                }
            )?;
            writeln!(
                f,
                "standard deviation of the residuals {}",
                short(fit.scale.sqrt())
            )?;
        } else {
            writeln!(
                f,
                "deviance {}   of the mean alone {}   explained {:.4}",
                short(fit.deviance),
                short(fit.null_deviance),
                self.r_squared()
            )?;
            writeln!(
                f,
                "dispersion {}   {} residual degrees of freedom",
                short(fit.scale),
                count(fit.df_residual)
            )?;
        }
        let names: Vec<String> = self
            .names()
            .iter()
            .map(|name| crate::error::shorten(name))
            .collect();
        let wide = names
            .iter()
            .map(|name| name.chars().count())
            .max()
            .unwrap_or(0);
        let statistic = if fit.uses_t { "t" } else { "z" };
        writeln!(
            f,
            "\n{:wide$} {:>12} {:>12} {statistic:>9} {:>9} {:>12} {:>12}",
            "", "coef", "std err", "p", "2.5 %", "97.5 %"
        )?;
        let (errors, statistics, p) = (self.std_err(), self.statistic(), self.p_values());
        let interval = self.conf_int(0.95).map_err(|_| fmt::Error)?;
        for (j, name) in names.iter().enumerate() {
            writeln!(
                f,
                "{name:wide$} {:>12} {:>12} {:>9.3} {:>9} {:>12} {:>12}",
                short(self.coef[j]),
                short(errors[j]),
                statistics[j],
                probability(p[j]),
                short(interval[[j, 0]]),
                short(interval[[j, 1]])
            )?;
        }
        Ok(())
    }
}

/// The t ≥ 0 whose two-sided tail is `p`, by halving an interval until nothing is between its ends.
fn quantile(tail: &dyn Fn(f64) -> f64, p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    while tail(high) > p && high < 1e300 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if !(low < middle && middle < high) {
            break;
        }
        if tail(middle) > p {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Samples in `f64` with what the rows count; rows of weight 0 are left out.
pub(super) struct Design {
    pub(super) x: Array2<f64>,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) rows: Vec<usize>,
    pub(super) intercept: bool,
    pub(super) kind: WeightKind,
}

/// How far coefficients may be from the most likely ones, in standard errors.
const FAR: f64 = 0.02;

/// By how much a step from the most likely coefficients may move a linear predictor.
const MOVED: f64 = 0.1;

/// What is left of a column without those before it, in units of its norm, that counts as nothing.
const DEPENDENT: f64 = 1e-12;

/// The residuals, in units of what they are differences of, that count as none: with the identity link, whose fits are
/// solved for, and with the logarithmic one, whose fits are searched for.
const EXACT: (f64, f64) = (1e-13, 1e-7);

impl Design {
    pub(super) fn new<F: Float>(
        x: &ArrayRef2<F>,
        weights: Option<&Array1<f64>>,
        intercept: bool,
        kind: WeightKind,
    ) -> Result<Self> {
        check::samples(x)?;
        let rows: Vec<usize> = match weights {
            None => (0..x.nrows()).collect(),
            Some(w) => {
                check::weights(w, x.nrows())?;
                (0..x.nrows()).filter(|&i| w[i] > 0.0).collect()
            }
        };
        Ok(Design {
            x: x.select(Axis(0), &rows).mapv(F::f64),
            weights: weights.map(|w| rows.iter().map(|&i| w[i]).collect()),
            rows,
            intercept,
            kind,
        })
    }

    pub(super) fn target<F: Float>(&self, y: &ArrayRef1<F>) -> Result<Vec<f64>> {
        check::finite_vector(y, "y")?;
        Ok(self.rows.iter().map(|&i| y[i].f64()).collect())
    }

    pub(super) fn weight(&self, i: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |w| w[i])
    }

    /// Observations.
    pub(super) fn n(&self) -> f64 {
        match (&self.weights, self.kind) {
            (Some(w), WeightKind::Frequency) => w.iter().sum(),
            _ => self.x.nrows() as f64,
        }
    }

    fn names(&self) -> Vec<String> {
        let intercept = self.intercept.then(|| "intercept".to_string());
        let features = (0..self.x.ncols()).map(|j| format!("x{j}"));
        intercept.into_iter().chain(features).collect()
    }

    /// Linear predictors of the rows for coefficients and intercept.
    pub(super) fn raw(&self, coef: &ArrayRef1<f64>, intercept: f64) -> Array1<f64> {
        self.x.dot(coef) + intercept
    }

    /// [1 X]'r.
    fn gradient(&self, r: &Array1<f64>) -> Vec<f64> {
        let mut g = Vec::with_capacity(self.x.ncols() + 1);
        if self.intercept {
            g.push(r.sum());
        }
        g.extend(self.x.t().dot(r));
        g
    }

    /// ([1 X]' diag(w) [1 X])⁻¹, by way of columns centred by w, and of their QR decomposition: their products would lose
    /// digits where columns are nearly dependent.
    ///
    /// # Errors
    /// `InvalidInput` with the first column that depends on those before it.
    pub(super) fn inverse(&self, w: &[f64]) -> Result<Array2<f64>> {
        let (n, p) = self.x.dim();
        let total: f64 = w.iter().sum();
        if !(total.is_normal() && total > 0.0) {
            return Err(unbounded());
        }
        let mut centred = self.x.clone();
        let mut mean = Array1::<f64>::zeros(p);
        if self.intercept {
            // The second time takes out what rounding left of the first mean.
            for _ in 0..2 {
                let shares = Array1::from_iter(w.iter().map(|w| w / total));
                let left = centred.t().dot(&shares);
                centred -= &left;
                mean += &left;
            }
        }
        for (mut row, w) in centred.rows_mut().into_iter().zip(w) {
            row *= w.sqrt();
        }
        let mut sizes = Array1::<f64>::zeros(p);
        for (j, mut column) in centred.columns_mut().into_iter().enumerate() {
            let size = column.dot(&column).sqrt();
            let own: f64 = self.x.column(j).iter().zip(w).map(|(v, w)| w * v * v).sum();
            if size <= DEPENDENT * own.sqrt() {
                return Err(self.dependent(j, true));
            }
            column /= size;
            sizes[j] = size;
        }
        let r = linalg::qr(&centred)?.r;
        for j in 0..p {
            if j >= n || r[[j, j]] <= DEPENDENT {
                return Err(self.dependent(j, false));
            }
        }
        let of_r = linalg::solve_triangular(&r, Triangle::Upper, &Array2::<f64>::eye(p))?;
        let mut inverse = of_r.dot(&of_r.t());
        inverse /= &sizes;
        inverse /= &sizes.insert_axis(Axis(1));
        if !self.intercept {
            return Ok(inverse);
        }
        let toward = inverse.dot(&mean);
        let mut out = Array2::zeros((p + 1, p + 1));
        out[[0, 0]] = 1.0 / total + mean.dot(&toward);
        for i in 0..p {
            out[[0, i + 1]] = -toward[i];
            out[[i + 1, 0]] = -toward[i];
            for j in 0..p {
                out[[i + 1, j + 1]] = inverse[[i, j]];
            }
        }
        Ok(out)
    }

    /// The error for a column that says nothing that those before it do not say.
    fn dependent(&self, column: usize, alone: bool) -> Error {
        let reason = match (alone, self.intercept) {
            (true, true) => "is constant in the rows that count, as the intercept is",
            (true, false) => "is 0 in the rows that count",
            (false, _) => "depends on the columns before it to rounding",
        };
        Error::invalid_input(
            "X",
            format!(
                "column {column} {reason}, and coefficients have no standard errors: leave it out"
            ),
        )
    }

    /// The most by which a step of the parameters moves a linear predictor.
    fn reach(&self, step: &[f64]) -> f64 {
        let (intercept, coef) = if self.intercept {
            (step[0], &step[1..])
        } else {
            (0.0, step)
        };
        let coef = Array1::from(coef.to_vec());
        self.raw(&coef, intercept)
            .iter()
            .fold(0.0, |most, z| z.abs().max(most))
    }
}

/// Of a fit without a maximum, at which coefficients grow and grow.
fn unbounded() -> Error {
    Error::invalid_input(
        "X",
        "it separates the classes, or the rows in which y is 0 from the others: the most likely coefficients are infinite and \
         have no standard errors; leave out the features that do it, or fit with a penalty and without inference",
    )
}

/// By how much a step moves a linear predictor.
type Reach<'a> = &'a dyn Fn(&[f64]) -> f64;

/// The coefficients are where the likelihood is greatest: g' C g, the squared distance in standard errors, is small. The
/// step there, C g, is small too, unless there is no such place: with classes that can be separated every step moves the
/// linear predictors of the rows between them by about 1, however far coefficients have come. `reach` is by how much.
fn at_the_maximum(
    estimator: &str,
    gradient: &[f64],
    covariance: &Array2<f64>,
    scale: f64,
    reach: Option<Reach<'_>>,
) -> Result<()> {
    let g = Array1::from(gradient.to_vec());
    let step = covariance.dot(&g);
    let distance = (g.dot(&step) / scale).max(0.0).sqrt();
    if distance <= FAR {
        return match reach {
            Some(reach) if reach(&step.to_vec()) > MOVED => Err(unbounded()),
            _ => Ok(()),
        };
    }
    Err(Error::invalid_input(
        estimator,
        format!(
            "the coefficients are {distance:.2} standard errors from those that make these data most likely; inference needs \
             the data of the fit, no penalty (C = inf, alpha = 0), a small tol, and features none of which nearly depends on \
             the others"
        ),
    ))
}

fn enough(n: f64, k: usize) -> Result<f64> {
    let left = n - k as f64;
    if left > 0.0 {
        return Ok(left);
    }
    Err(ErrorKind::TooFewSamples {
        what: "residual degrees of freedom".into(),
        needed: k + 1,
        got: n as usize,
    }
    .into())
}

fn joined(coef: &ArrayRef1<f64>, intercept: f64, has_intercept: bool) -> Vec<f64> {
    let first = has_intercept.then_some(intercept);
    first.into_iter().chain(coef.iter().copied()).collect()
}

const LN_2PI: f64 = 1.837_877_066_409_345_3;

/// Inference for a generalised linear model, least squares among them.
pub(super) fn of_glm(
    (estimator, title): (&str, String),
    family: Family,
    design: &Design,
    y: &[f64],
    (coef, intercept): (&ArrayRef1<f64>, f64),
    least_squares: bool,
) -> Result<Inference> {
    let raw = design.raw(coef, intercept);
    let (n, k) = (design.n(), coef.len() + usize::from(design.intercept));
    let df_residual = enough(n, k)?;
    let weights = design.weights.as_deref();
    let means: Vec<f64> = raw.iter().map(|&z| family.inverse_link(z)).collect();
    let mut working = Vec::with_capacity(y.len());
    let mut score = Array1::zeros(y.len());
    let mut pearson = 0.0;
    for (i, (&y, &mu)) in y.iter().zip(&means).enumerate() {
        let (s, variance, slope) = (design.weight(i), family.variance(mu), family.link_slope(mu));
        working.push(s / (variance * slope * slope));
        score[i] = s * (y - mu) / (variance * slope);
        pearson += s * (y - mu).powi(2) / variance;
    }
    check::learned(estimator, "a weight of the information", &working)?;
    let inverse = design.inverse(&working)?;
    let scale = if family == Family::Poisson || family == Family::TweedieIdentity(1.0) {
        1.0
    } else {
        let exact = if family.is_log() { EXACT.1 } else { EXACT.0 };
        if is_exact(design, family, y, &means, (coef, intercept), exact) {
            return Err(Error::invalid_input(
                estimator,
                "fits every row but for rounding: there is no spread to judge its coefficients by; take fewer features or more rows",
            ));
        }
        pearson / df_residual
    };
    let reach = |step: &[f64]| design.reach(step);
    let reach: Option<Reach<'_>> = family.is_log().then_some(&reach);
    let gradient = design.gradient(&score);
    at_the_maximum(estimator, &gradient, &inverse, scale, reach)?;
    let deviance = 2.0 * half_deviance(family, y, weights, raw.iter().copied());
    let null_mean = if least_squares && !design.intercept {
        0.0
    } else {
        mean(y, weights)
    };
    let null = family.link(null_mean);
    let null_deviance = 2.0 * half_deviance(family, y, weights, std::iter::repeat(null));
    // Of a constant target rounding leaves no more than this.
    let counted: f64 = (y.iter().enumerate())
        .map(|(i, y)| design.weight(i) * y.abs())
        .sum();
    let flat = scale == 1.0 && null_deviance <= 1e-13 * counted;
    let null_deviance = if flat { 0.0 } else { null_deviance };
    let likelihood = |means: &dyn Fn(usize) -> f64, deviance: f64| {
        log_likelihood(family, design, y, means, scale, deviance)
    };
    let log_likelihood = likelihood(&|i| means[i], deviance);
    let null_log_likelihood = (least_squares && design.intercept)
        .then(|| likelihood(&|_| null_mean, null_deviance))
        .flatten();
    let covariance = inverse * scale;
    check::learned(estimator, "a covariance", &covariance)?;
    Ok(Inference {
        title,
        names: design.names(),
        outputs: vec![String::new()],
        coef: joined(coef, intercept, design.intercept),
        covariance,
        fit: Fit {
            n,
            has_intercept: design.intercept,
            df_model: coef.len() as f64,
            df_residual,
            scale,
            uses_t: least_squares,
            log_likelihood,
            null_log_likelihood,
            deviance,
            null_deviance,
            pearson,
            least_squares,
        },
    })
}

/// Whether every residual is rounding.
fn is_exact(
    design: &Design,
    family: Family,
    y: &[f64],
    means: &[f64],
    (coef, intercept): (&ArrayRef1<f64>, f64),
    exact: f64,
) -> bool {
    let (mut left, mut whole) = (0.0, 0.0);
    for (i, (y, mu)) in y.iter().zip(means).enumerate() {
        let terms = design
            .x
            .row(i)
            .into_iter()
            .zip(coef)
            .map(|(x, w)| (x * w).abs());
        let mut size = intercept.abs() + terms.sum::<f64>();
        if family.is_log() {
            size = mu * (1.0 + size);
        }
        left += design.weight(i) * (y - mu).powi(2);
        whole += design.weight(i) * (y.abs() + size).powi(2);
    }
    left <= exact * exact * whole
}

/// ln L, where it has a closed form. The dispersion is the one estimated; of the normal distribution, the most likely one.
fn log_likelihood(
    family: Family,
    design: &Design,
    y: &[f64],
    mean: &dyn Fn(usize) -> f64,
    scale: f64,
    deviance: f64,
) -> Option<f64> {
    let n = design.n();
    let frequency = design.kind == WeightKind::Frequency;
    let power = family.power();
    let phi = if power == 0.0 { deviance / n } else { scale };
    let mut sum = 0.0;
    for (i, &y) in y.iter().enumerate() {
        let (s, mu) = (design.weight(i), mean(i));
        // A precision divides the dispersion, a frequency counts the row.
        let (count, phi) = if frequency { (s, phi) } else { (1.0, phi / s) };
        sum += count
            * if power == 0.0 {
                -0.5 * ((y - mu).powi(2) / phi + phi.ln() + LN_2PI)
            } else if power == 1.0 {
                let log = if y > 0.0 { y * mu.ln() } else { 0.0 };
                // Of a precision of a Poisson rate, as of so many rows.
                let share = if frequency { 1.0 } else { s };
                share * (log - mu - ln_gamma(y + 1.0))
            } else if power == 2.0 {
                let shape = 1.0 / phi;
                shape * (shape * y / mu).ln() - shape * y / mu - ln_gamma(shape) - y.ln()
            } else if power == 3.0 {
                -0.5 * ((y - mu).powi(2) / (y * mu * mu * phi) + (phi * y.powi(3)).ln() + LN_2PI)
            } else {
                return None;
            };
    }
    sum.is_finite().then_some(sum)
}

/// Inference for logistic regression: coefficients (n_outputs, n_features), intercepts (n_outputs), codes of the rows.
pub(super) fn of_logistic(
    design: &Design,
    codes: &[u32],
    (coef, intercept): (&Array2<f64>, &Array1<f64>),
    classes: &[String],
) -> Result<Inference> {
    const NAME: &str = "LogisticRegression";
    let k = classes.len();
    let p = coef.ncols();
    // Differences to the first class: of two classes the one row is the difference.
    let (coef, intercept) = if k == 2 {
        (coef.clone(), intercept.clone())
    } else {
        let rows: Vec<usize> = (1..k).collect();
        (
            coef.select(Axis(0), &rows) - coef.row(0),
            intercept.select(Axis(0), &rows) - intercept[0],
        )
    };
    let q = k - 1;
    let mut probabilities = Array2::<f64>::zeros((design.x.nrows(), q));
    let mut raw = design.x.dot(&coef.t());
    raw += &intercept;
    let (mut likelihood, mut shares) = (0.0, vec![0.0; k]);
    for (i, z) in raw.rows().into_iter().enumerate() {
        let shift = z.iter().fold(0.0f64, |m, &v| m.max(v));
        let total = (-shift).exp() + z.iter().map(|v| (v - shift).exp()).sum::<f64>();
        for (c, v) in z.iter().enumerate() {
            probabilities[[i, c]] = (v - shift).exp() / total;
        }
        let code = codes[i] as usize;
        let own = if code == 0 { 0.0 } else { z[code - 1] };
        likelihood += design.weight(i) * (own - shift - total.ln());
        shares[code] += design.weight(i);
    }
    let width = p + usize::from(design.intercept);
    let n = design.n();
    let df_residual = enough(n, q * width)?;
    let mut gradient = Vec::with_capacity(q * width);
    for c in 0..q {
        let r = Array1::from_shape_fn(codes.len(), |i| {
            let hit = f64::from(u8::from(codes[i] as usize == c + 1));
            design.weight(i) * (hit - probabilities[[i, c]])
        });
        gradient.extend(design.gradient(&r));
    }
    let covariance = if q == 1 {
        let w: Vec<f64> = (0..codes.len())
            .map(|i| {
                let p = probabilities[[i, 0]];
                design.weight(i) * p * (1.0 - p)
            })
            .collect();
        design.inverse(&w)?
    } else {
        multinomial_inverse(design, &probabilities)?
    };
    let reach = |step: &[f64]| {
        let each = step.chunks(width).map(|step| design.reach(step));
        each.fold(0.0, f64::max)
    };
    at_the_maximum(NAME, &gradient, &covariance, 1.0, Some(&reach))?;
    let total: f64 = shares.iter().sum();
    let null: f64 = (shares.iter().filter(|s| **s > 0.0))
        .map(|s| s * (s / total).ln())
        .sum();
    let mut pearson = 0.0;
    for (i, &code) in codes.iter().enumerate() {
        let first = 1.0 - probabilities.row(i).sum();
        for c in 0..k {
            let p = if c == 0 {
                first
            } else {
                probabilities[[i, c - 1]]
            };
            let hit = f64::from(u8::from(code as usize == c));
            if p > 0.0 {
                pearson += design.weight(i) * (hit - p).powi(2) / p;
            }
        }
    }
    let mut all = Vec::with_capacity(q * width);
    for c in 0..q {
        all.extend(joined(&coef.row(c), intercept[c], design.intercept));
    }
    Ok(Inference {
        title: format!(
            "Logistic regression for {k} classes, against {:?},",
            classes[0]
        ),
        names: design.names(),
        outputs: if q == 1 {
            vec![String::new()]
        } else {
            classes[1..].to_vec()
        },
        coef: all,
        covariance,
        fit: Fit {
            n,
            has_intercept: design.intercept,
            df_model: (q * p) as f64,
            df_residual,
            scale: 1.0,
            uses_t: false,
            log_likelihood: Some(likelihood),
            null_log_likelihood: Some(null),
            deviance: -2.0 * likelihood,
            null_deviance: -2.0 * null,
            pearson,
            least_squares: false,
        },
    })
}

/// The inverse of the information of several outputs: blocks [1 X]' diag(s pₖ ([k = l] − pₗ)) [1 X]. Columns are centred
/// first, and scaled to a diagonal of 1.
fn multinomial_inverse(design: &Design, probabilities: &Array2<f64>) -> Result<Array2<f64>> {
    // Of all rows alike, this finds the columns that depend on each other.
    let plain: Vec<f64> = (0..design.x.nrows()).map(|i| design.weight(i)).collect();
    design.inverse(&plain)?;
    let (n, p) = design.x.dim();
    let total: f64 = plain.iter().sum();
    let mean = design.x.t().dot(&Array1::from(plain)) / total;
    let x = if design.intercept {
        ndarray::concatenate![Axis(1), Array2::<f64>::ones((n, 1)), &design.x - &mean]
    } else {
        design.x.clone()
    };
    let (q, width) = (probabilities.ncols(), x.ncols());
    let mut information = Array2::zeros((q * width, q * width));
    for k in 0..q {
        for l in 0..=k {
            let mut weighted = x.clone();
            for (i, mut row) in weighted.rows_mut().into_iter().enumerate() {
                let same = f64::from(u8::from(k == l));
                let w = probabilities[[i, k]] * (same - probabilities[[i, l]]);
                row.mapv_inplace(|v| v * w * design.weight(i));
            }
            let block = linalg::matmul(&weighted.t(), &x);
            for ((a, b), v) in block.indexed_iter() {
                information[[k * width + a, l * width + b]] = *v;
                information[[l * width + b, k * width + a]] = *v;
            }
        }
    }
    let sizes = information.diag().mapv(f64::sqrt);
    if sizes.iter().any(|&size| size.is_nan() || size <= 0.0) {
        return Err(unbounded());
    }
    information /= &sizes;
    information /= &sizes.view().insert_axis(Axis(1));
    let Some(factor) = Cholesky::new(&information)
        .ok()
        .filter(|f| f.rcond() > DEPENDENT)
    else {
        return Err(unbounded());
    };
    let mut inverse = factor.solve(&Array2::<f64>::eye(q * width))?;
    inverse /= &sizes;
    inverse /= &sizes.insert_axis(Axis(1));
    if !design.intercept {
        return Ok(inverse);
    }
    // The intercept is that of centred columns, less mean·coefficients: rows first, then columns.
    for k in 0..q {
        for j in 0..p {
            let row = inverse.row(k * width + 1 + j).to_owned();
            inverse.row_mut(k * width).scaled_add(-mean[j], &row);
        }
    }
    for k in 0..q {
        for j in 0..p {
            let column = inverse.column(k * width + 1 + j).to_owned();
            inverse.column_mut(k * width).scaled_add(-mean[j], &column);
        }
    }
    Ok(inverse)
}

#[cfg(test)]
mod tests {
    use ndarray::{Array1, Array2, array};
    use rand::RngExt;

    use crate::labels::Labels;
    use crate::linear_model::{
        GammaRegressor, GlmSolver, LinearRegression, LogisticRegression, PoissonRegressor,
        WeightKind,
    };
    use crate::random;
    use crate::targets::Targets;
    use crate::traits::Estimator;

    fn samples(n: usize, p: usize) -> Array2<f64> {
        let mut rng = random::generator(7);
        Array2::from_shape_simple_fn((n, p), || rng.random_range(-1.0..1.0))
    }

    #[test]
    fn exact_fits_are_refused() {
        let x = samples(20, 2);
        let line = x.dot(&array![3.0, -2.0]) + 1.0;
        for y in [line.clone(), Array1::zeros(20), Array1::from_elem(20, 2.0)] {
            for weights in [Array1::ones(20), (0..20).map(|i| 0.1 + i as f64).collect()] {
                let y = y.weighted(&weights);
                let model = LinearRegression::new().fit(&x, &y).unwrap();
                for kind in [WeightKind::Frequency, WeightKind::Variance] {
                    let e = model.inference_with(&x, &y, kind).unwrap_err();
                    assert!(
                        e.to_string().contains("fits every row but for rounding"),
                        "{e}"
                    );
                }
            }
        }
        // As many rows as coefficients, each of them several times.
        let (x, y) = (
            samples(3, 2),
            array![1.0, 4.0, 2.0].weighted(&array![3.0, 2.0, 2.0]),
        );
        let model = LinearRegression::new().fit(&x, &y).unwrap();
        let e = model.inference(&x, &y).unwrap_err();
        assert!(
            e.to_string().contains("fits every row but for rounding"),
            "{e}"
        );
        let (x, y) = (samples(20, 2), Array1::from_elem(20, 2.0));
        let model = GammaRegressor::new().alpha(0.0).fit(&x, &y).unwrap();
        let e = model.inference(&x, &y).unwrap_err();
        assert!(
            e.to_string().contains("fits every row but for rounding"),
            "{e}"
        );
        // Counts have a spread of their own.
        let model = PoissonRegressor::new()
            .alpha(0.0)
            .tol(1e-10)
            .fit(&x, &y)
            .unwrap();
        let found = model.inference(&x, &y).unwrap();
        assert_eq!(found.r_squared(), 0.0);
        assert!(found.p_values().iter().all(|p| p.is_finite()));
    }

    #[test]
    fn counts_of_weights_are_short() {
        let (x, weights) = (
            samples(20, 2),
            (0..20)
                .map(|i| 0.3 + i as f64 / 7.0)
                .collect::<Array1<f64>>(),
        );
        let y = samples(20, 1).column(0).to_owned().weighted(&weights);
        let model = LinearRegression::new().fit(&x, &y).unwrap();
        let text = model.inference(&x, &y).unwrap().summary();
        assert!(
            text.starts_with("Least squares of 33.14 observations\n"),
            "{text}"
        );
        assert!(text.contains("F(2, 30.14) = "), "{text}");
    }

    #[test]
    fn columns_without_a_standard_error_are_named() {
        let mut x = samples(30, 3);
        let y = x.sum_axis(ndarray::Axis(1)) + samples(30, 1).column(0);
        let weights: Array1<f64> = (0..30).map(|i| 1.0 + (i % 3) as f64).collect();
        let y = y.weighted(&weights);
        let refused = |x: &Array2<f64>, intercept: bool| {
            let model = LinearRegression::new()
                .fit_intercept(intercept)
                .fit(x, &y)
                .unwrap();
            model.inference(x, &y).unwrap_err().to_string()
        };
        let twice = &x.column(0) * 2.0;
        x.column_mut(2).assign(&twice);
        assert!(refused(&x, true).contains("column 2 depends on the columns before it"));
        x.column_mut(2).fill(0.3);
        assert!(refused(&x, true).contains("column 2 is constant"));
        x.column_mut(2).fill(0.0);
        assert!(refused(&x, false).contains("column 2 is 0"));
        // Nothing is wrong with this one but its size.
        let small = &samples(30, 1).column(0) * 1e-9;
        x.column_mut(2).assign(&small);
        let message = refused(&x, true);
        assert!(
            message.contains("rank 2 of 3 features at its `tol`"),
            "{message}"
        );
        let exact = LinearRegression::new().tol(1e-14).fit(&x, &y).unwrap();
        assert!(exact.inference(&x, &y).is_ok());
        // Of a generalised linear model, and of classes.
        let counts = Array1::from_shape_fn(30, |i| (i % 4) as f64).weighted(&weights);
        x.column_mut(1).fill(0.1);
        let model = PoissonRegressor::new()
            .alpha(0.0)
            .tol(1e-8)
            .fit(&x, &counts)
            .unwrap();
        let e = model.inference(&x, &counts).unwrap_err().to_string();
        assert!(e.contains("column 1 is constant"), "{e}");
        for k in [2, 3] {
            let labels: Labels = (0..30).map(|i| i as i64 % k).collect();
            let estimator = LogisticRegression::new().c(f64::INFINITY).tol(1e-8);
            let model = estimator.fit(&x, &labels).unwrap();
            let e = model.inference(&x, &labels).unwrap_err().to_string();
            assert!(e.contains("column 1 is constant"), "{e}");
        }
    }

    #[test]
    fn what_can_be_separated_is_refused_however_small_the_gradient() {
        let x = samples(40, 2);
        for k in [2i64, 3] {
            let labels: Labels = x
                .column(0)
                .iter()
                .map(|&v| i64::from(v > 0.0) + i64::from(k == 3 && v > 0.5))
                .collect();
            for tol in [1e-3, 1e-5, 1e-7, 1e-9] {
                let estimator = LogisticRegression::new().c(f64::INFINITY).tol(tol);
                let model = estimator.max_iter(10_000).fit(&x, &labels).unwrap();
                assert!(
                    model.inference(&x, &labels).is_err(),
                    "{k} classes, {tol:e}"
                );
            }
        }
        // All counts of a group are 0.
        let mut x = x;
        x.column_mut(1)
            .mapv_inplace(|v| f64::from(u8::from(v > 0.0)));
        let y = Array1::from_shape_fn(40, |i| if x[[i, 1]] > 0.0 { 0.0 } else { (i % 3) as f64 });
        for tol in [1e-4, 1e-6, 1e-8] {
            for solver in [GlmSolver::Lbfgs, GlmSolver::NewtonCholesky] {
                let estimator = PoissonRegressor::new().alpha(0.0).tol(tol).solver(solver);
                let model = estimator.max_iter(1000).fit(&x, &y).unwrap();
                assert!(model.inference(&x, &y).is_err(), "{tol:e}");
            }
        }
    }

    #[test]
    fn three_classes_know_no_units() {
        let x = samples(60, 2);
        let labels: Labels = (0..60).map(|i| i as i64 % 3).collect();
        let fit = |x: &Array2<f64>| {
            let estimator = LogisticRegression::new().c(f64::INFINITY).tol(1e-10);
            let model = estimator.max_iter(1000).fit(x, &labels).unwrap();
            model.inference(x, &labels).unwrap()
        };
        let plain = fit(&x);
        let mut scaled = x.clone();
        scaled.column_mut(0).mapv_inplace(|v| v * 1e3 + 2e3);
        let found = fit(&scaled);
        for at in [1, 2, 4, 5] {
            let unit = if at % 3 == 1 { 1e3 } else { 1.0 };
            assert!((found.std_err()[at] * unit / plain.std_err()[at] - 1.0).abs() < 1e-4);
        }
        // The intercept is that of the other origin: var(b − 2 w) with w in units of the column before.
        let c = plain.covariance();
        let variance = c[[0, 0]] - 4.0 * c[[0, 1]] + 4.0 * c[[1, 1]];
        assert!((found.covariance()[[0, 0]] / variance - 1.0).abs() < 1e-4);
    }
}
