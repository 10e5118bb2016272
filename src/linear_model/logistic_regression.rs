//! Logistic regression: classes from a linear model of their log-odds.
//!
//! The parameters minimise the weighted mean of the logistic loss plus an L2 penalty ([`logistic_loss`]
//! (super::logistic_loss)), by limited-memory BFGS ([`optim::lbfgs`](crate::optim::lbfgs)).

use std::fmt;
use std::ops::ControlFlow;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::class_weight::ClassWeight;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::Model;
use crate::observer::{Observer, Watch};
use crate::optim::{Lbfgs, Precondition};
use crate::params::{self, Hyperparameters};
use crate::targets::ClassTarget;
use crate::traits::{Classes, DecisionFunction, Estimator, Predict, PredictProba, Score};

use super::curvature::Curvature;
use super::linear_classifier::{self, ClassList, ClassTask};
use super::logistic_loss::LogisticLoss;

const NAME: &str = "LogisticRegression";

/// What may be left to gain where the gradient is small, for each unit of `tol`. At the default `tol` the objective is then
/// right to eight digits, which is where scikit-learn's ends where it converges; ten times more saves about one iteration.
const GAP: f64 = 1e-4;

/// A linear classifier that learns the probability of each class from real features.
///
/// For two classes it minimises over w (n_features) and b, with y in {0, 1} and sample weights s,
/// ```text
/// 1/Σsᵢ Σᵢ sᵢ [ln(1 + exp(zᵢ)) − yᵢ zᵢ] + 1/(2 C Σsᵢ) ‖w‖²,     zᵢ = w·xᵢ + b,
/// ```
/// and for K > 2 classes over W (K, n_features) and b (K), with zᵢ = W xᵢ + b,
/// ```text
/// 1/Σsᵢ Σᵢ sᵢ [ln Σₖ exp(zᵢₖ) − zᵢ,y] + 1/(2 C Σsᵢ) ‖W‖².
/// ```
/// The intercept b is not penalised. The search is limited-memory BFGS in a metric estimated from the data, so that the
/// scales and correlations of the columns cost few iterations. Use it as the first classifier to try, and where probabilities are wanted. It draws
/// straight borders: where those do not fit, add products of features or take another model. Encode categorical
/// features first. Scaling the features makes the penalty fair to all of them and the search quick.
///
/// # Settings
/// | name | default | range | raising it ... |
/// |---|---|---|---|
/// | `C` | 1 | (0, ∞] | weakens the penalty; ∞ is none |
/// | `fit_intercept` | true | | |
/// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
/// | `tol` | 1e-4 | [0, ∞) | stops earlier: when max \|∂f/∂w\| ≤ `tol` and about `tol` / 10⁴ is left to gain |
/// | `max_iter` | 100 | ≥ 1 | allows more steps |
///
/// # Units
/// Coefficients are in log-odds per unit of the feature, `C` in the inverse of squared coefficients.
///
/// # Complexity
/// Time O(n p K) for each evaluation of the objective, about one per iteration, and O(p³) once where that is less than a
/// few evaluations; memory O(p² + K p) beyond the samples, and a copy of them unless they are in row order.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the data; `TooFewClasses` when fewer than two
/// classes have weight; `UnknownLabel` when `class_weight` names no class of the target; `Overflow` when the data are too
/// large for their type; `Cancelled`. Not converging is no error: see [`converged`](FittedLogisticRegression::converged).
///
/// # Source
/// D. R. Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20 (1958). The
/// objective, its scaling and the defaults are those of scikit-learn's `lbfgs` solver, which stops besides when a step
/// gains less than 64 ε; here it is ε, so that a small `tol` is worth its name, and a small gradient alone is not enough:
/// nearly separable classes have it far from the minimum. Classes whose rows all have weight 0
/// are left out here, and kept there.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::LogisticRegression, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.5], [1.0], [1.5], [3.0], [3.5], [4.0]];
/// let y = Labels::from(["fail", "fail", "fail", "pass", "pass", "pass"]);
/// let model = LogisticRegression::new().fit(&x, &y)?;
/// assert_eq!(model.predict(&array![[0.0], [5.0]])?, Labels::from(["fail", "pass"]));
/// assert!(model.predict_proba(&array![[5.0]])?[[0, 1]] > 0.9);
/// assert!(model.converged());
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticRegression {
    /// Inverse strength of the penalty.
    #[serde(rename = "C", with = "params::number")]
    c: f64,
    /// Whether there is an intercept.
    fit_intercept: bool,
    /// How much the classes count.
    class_weight: ClassWeight,
    /// The largest component of the gradient at which to stop.
    #[serde(with = "params::number")]
    tol: f64,
    /// The most iterations.
    max_iter: usize,
    #[serde(skip)]
    watch: Watch,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        LogisticRegression {
            c: 1.0,
            fit_intercept: true,
            class_weight: ClassWeight::None,
            tol: 1e-4,
            max_iter: 100,
            watch: Watch::default(),
        }
    }
}

impl LogisticRegression {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Inverse strength of the penalty; infinity means no penalty.
    #[must_use]
    pub fn c(mut self, c: f64) -> Self {
        self.c = c;
        self
    }

    /// Whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// How much the classes count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// The largest component of the gradient at which to stop.
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

    /// Reports every iteration with the objective, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }
}

impl Hyperparameters for LogisticRegression {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::real(NAME, "C", self.c, Interval::above(0.0).including_high())?;
        self.class_weight.check(NAME)?;
        check::real(NAME, "tol", self.tol, Interval::at_least(0.0))?;
        check::count(NAME, "max_iter", self.max_iter, 1)
    }
}

impl fmt::Display for LogisticRegression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&params::describe(self))
    }
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for LogisticRegression {
    type Fitted = FittedLogisticRegression<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let l2 = 1.0 / (self.c * task.weight_sum);
        let mut loss = LogisticLoss::new(x, &task, l2, self.fit_intercept);

        let mut parameters = vec![0.0; loss.n_parameters()];
        if self.fit_intercept {
            start_at_shares(&task.shares, &mut parameters);
        }
        let curvature = Curvature::new(
            x,
            task.weights.as_deref(),
            &task.shares,
            l2,
            self.fit_intercept,
        );
        let precondition = curvature.as_ref().map(|c| |v: &mut [f64]| c.solve(v));
        // Nearly separable classes have small gradients far from the minimum. Without the metric the predicted gain has no
        // meaning.
        let gap = match curvature {
            Some(_) => (GAP * self.tol).max(loss.noise()),
            None => f64::INFINITY,
        };
        let mut observed = Ok(());
        let least = Lbfgs::new()
            .gtol(self.tol)
            .ftol(f64::EPSILON)
            .noise(loss.noise())
            .gap(gap)
            .max_iter(self.max_iter)
            .minimize_with(
                &mut parameters,
                |w, gradient| loss.evaluate(w, gradient),
                precondition.as_ref().map(|p| p as &Precondition<'_, f64>),
                |step| {
                    let (n, value) = (step.iteration, Some(step.value));
                    observed = self.watch.report(NAME, n, Some(self.max_iter), value);
                    if observed.is_ok() {
                        ControlFlow::Continue(())
                    } else {
                        ControlFlow::Break(())
                    }
                },
            )
            .map_err(|_| overflow("the gradient"))?;
        observed?;

        let model = FittedLogisticRegression::from_parameters(
            &parameters,
            x.ncols(),
            ClassList::new(task.labels.shared_classes()),
            least.n_iter,
            least.reason.converged(),
        )?;
        if !model.converged {
            log::warn!(
                "{NAME} did not converge in {} iterations (gradient {:.1e}, tol {:.1e}): scale the features, or raise \
                 max_iter or tol",
                model.n_iter,
                least.gradient_norm,
                self.tol
            );
        }
        Ok(model)
    }
}

/// The intercepts that are best while there are no coefficients: the log-odds of the second class, or the logarithms of
/// the shares around their mean.
fn start_at_shares(shares: &[f64], parameters: &mut [f64]) {
    // A class that its weight takes out has no logarithm.
    let logs: Vec<f64> = shares.iter().map(|s| s.max(f64::EPSILON).ln()).collect();
    if let [first, second] = logs[..] {
        if let Some(intercept) = parameters.last_mut() {
            *intercept = second - first;
        }
        return;
    }
    let mean = logs.iter().sum::<f64>() / logs.len() as f64;
    let intercepts = parameters.len() - logs.len();
    for (intercept, log) in parameters[intercepts..].iter_mut().zip(logs) {
        *intercept = log - mean;
    }
}

fn overflow(what: &str) -> Error {
    ErrorKind::Overflow {
        estimator: NAME.into(),
        what: what.into(),
    }
    .into()
}

/// What [`LogisticRegression`] learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub struct FittedLogisticRegression<F = f64> {
    coef: Array2<F>,
    intercept: Array1<F>,
    classes: ClassList,
    n_iter: usize,
    converged: bool,
}

impl<F: Float> FittedLogisticRegression<F> {
    /// From the rows of W and, unless there is none, b.
    fn from_parameters(
        parameters: &[f64],
        n_features: usize,
        classes: ClassList,
        n_iter: usize,
        converged: bool,
    ) -> Result<Self> {
        let n_outputs = n_outputs(&classes);
        let mut values = parameters.iter().map(|&v| F::of(v));
        let coef = Array2::from_shape_simple_fn((n_outputs, n_features), || {
            values.next().unwrap_or_else(F::zero)
        });
        let intercept =
            Array1::from_shape_simple_fn(n_outputs, || values.next().unwrap_or_else(F::zero));
        check::learned(NAME, "a coefficient", coef.iter().chain(&intercept))?;
        Ok(FittedLogisticRegression {
            coef,
            intercept,
            classes,
            n_iter,
            converged,
        })
    }

    /// The coefficients: (1, n_features) for two classes, positive where the second becomes likelier, else
    /// (n_classes, n_features).
    pub fn coef(&self) -> &Array2<F> {
        &self.coef
    }

    /// The intercepts, one for each row of [`coef`](Self::coef); zero when none were fitted.
    pub fn intercept(&self) -> &Array1<F> {
        &self.intercept
    }

    /// The classes, sorted.
    pub fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }

    /// The number of features.
    pub fn n_features_in(&self) -> usize {
        self.coef.ncols()
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether a tolerance was reached before `max_iter`. If not: scale the features, or raise `max_iter` or `tol`.
    pub fn converged(&self) -> bool {
        self.converged
    }

    fn decision(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        linear_classifier::decision(NAME, x, &self.coef, &self.intercept)
    }
}

/// Two classes need one decision value, more need one each.
fn n_outputs(classes: &ClassList) -> usize {
    if classes.len() == 2 { 1 } else { classes.len() }
}

impl<F: Float> Classes for FittedLogisticRegression<F> {
    fn classes(&self) -> &[Class] {
        self.classes.as_slice()
    }
}

impl<F: Float> Predict<ArrayRef2<F>> for FittedLogisticRegression<F> {
    type Output = Labels;
    fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
        let codes = linear_classifier::codes(&self.decision(x)?);
        Ok(self.classes.labels(codes))
    }
}

impl<F: Float> PredictProba<ArrayRef2<F>> for FittedLogisticRegression<F> {
    type Float = F;
    fn predict_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::probabilities)
    }
    fn predict_log_proba(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x).map(linear_classifier::log_probabilities)
    }
}

impl<F: Float> DecisionFunction<ArrayRef2<F>> for FittedLogisticRegression<F> {
    type Float = F;
    fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
        self.decision(x)
    }
}

crate::boxed::confidence!(FittedLogisticRegression: proba, decision);

/// The accuracy.
impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for FittedLogisticRegression<F> {
    fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
        linear_classifier::accuracy(&self.predict(x)?, y)
    }
}

impl<F: Float> Model for FittedLogisticRegression<F> {
    fn type_name() -> String {
        format!("FittedLogisticRegression<{}>", F::NAME)
    }

    fn importances(&self) -> Option<Result<Array2<f64>>> {
        Some(Ok(self.coef.mapv(F::f64)))
    }

    fn validate(&self) -> Result<()> {
        self.classes.validate()?;
        let expected = (n_outputs(&self.classes), self.intercept.len());
        if self.coef.nrows() != expected.0 || self.intercept.len() != expected.0 {
            return Err(Error::model_file(format!(
                "{} classes need {} rows of coefficients and intercepts, there are {} and {}",
                self.classes.len(),
                expected.0,
                self.coef.nrows(),
                self.intercept.len()
            )));
        }
        if self.coef.ncols() == 0 {
            return Err(Error::model_file("no features"));
        }
        if self
            .coef
            .iter()
            .chain(&self.intercept)
            .any(|v| !v.is_finite())
        {
            return Err(Error::model_file(
                "a coefficient or intercept is not finite",
            ));
        }
        Ok(())
    }
}

impl<F: Float> crate::traits::LinearModel for FittedLogisticRegression<F> {
    fn coefficients(&self) -> Array2<f64> {
        self.coef.mapv(Float::f64)
    }
    fn intercepts(&self) -> Array1<f64> {
        self.intercept.mapv(Float::f64)
    }
    /// The classes; of two, the second, which the one row is for.
    fn output_names(&self) -> Vec<String> {
        let classes = &self.classes()[self.classes().len() - self.coef.nrows()..];
        classes.iter().map(ToString::to_string).collect()
    }
}

impl<F: Float> fmt::Display for FittedLogisticRegression<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 10;
        let classes: Vec<String> = self
            .classes()
            .iter()
            .take(SHOWN)
            .map(|c| crate::error::shorten(&c.to_string()))
            .collect();
        let more = if self.classes.len() > SHOWN {
            ", ..."
        } else {
            ""
        };
        write!(
            f,
            "LogisticRegression of {} features for {} classes ({}{more}), {} after {} iterations",
            self.n_features_in(),
            self.classes.len(),
            classes.join(", "),
            if self.converged {
                "converged"
            } else {
                "not converged"
            },
            self.n_iter
        )
    }
}
