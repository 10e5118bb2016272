//! What a maximum likelihood fit says of its coefficients: how sure it is of each, and how well the model fits.

use std::fmt;

use ndarray::{Array1, Array2};

use crate::check::{self, Interval};
use crate::error::{Error, Result};
use crate::special::{f_sf, normal_sf, t_two_sided};

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
    pub(super) title: String,
    pub(super) names: Vec<String>,
    /// Of the coefficients of one output: with a name before them where there are several.
    pub(super) outputs: Vec<String>,
    pub(super) coef: Vec<f64>,
    pub(super) covariance: Array2<f64>,
    pub(super) fit: Fit,
}

/// Measures of the whole fit.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Fit {
    pub(super) n: f64,
    pub(super) has_intercept: bool,
    pub(super) df_model: f64,
    pub(super) df_residual: f64,
    pub(super) scale: f64,
    pub(super) uses_t: bool,
    pub(super) log_likelihood: Option<f64>,
    pub(super) null_log_likelihood: Option<f64>,
    pub(super) deviance: f64,
    pub(super) null_deviance: f64,
    pub(super) pearson: f64,
    pub(super) least_squares: bool,
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
