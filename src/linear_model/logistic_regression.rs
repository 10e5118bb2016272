//! Logistic regression: classes from a linear model of their log-odds.
//!
//! The parameters minimise the weighted mean of the logistic loss plus a penalty ([`logistic_loss`]
//! (super::logistic_loss)), by one of the solvers in [`logistic_solver`](super::logistic_solver).

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::feature_selection::is_all_l1;
use crate::float::Float;
use crate::observer::{Observer, Watch};
use crate::params::{self, Hyperparameters};
use crate::targets::ClassTarget;
use crate::traits::{Estimator, PredictProba};

use super::classifier_model::classifier_model;
use super::linear_classifier::{self, ClassList, ClassTask};
use super::logistic_newton::Ended;
use super::logistic_solver::{LogisticSolver, Settings, solve, start};

const NAME: &str = "LogisticRegression";

/// A linear classifier that learns the probability of each class from real features.
///
/// For two classes it minimises over w (n_features) and b, with y in {0, 1} and sample weights s,
/// ```text
/// 1/Σsᵢ { Σᵢ sᵢ [ln(1 + exp(zᵢ)) − yᵢ zᵢ] + 1/C [(1 − l1_ratio)/2 ‖w‖² + l1_ratio ‖w‖₁] },     zᵢ = w·xᵢ + b,
/// ```
/// and for K > 2 classes over W (K, n_features) and b (K), with zᵢ = W xᵢ + b,
/// ```text
/// 1/Σsᵢ { Σᵢ sᵢ [ln Σₖ exp(zᵢₖ) − zᵢ,y] + 1/C [(1 − l1_ratio)/2 ‖W‖² + l1_ratio ‖W‖₁] }.
/// ```
/// The intercept b is not penalised (but by `Liblinear`). Use it as the first classifier to try, and where probabilities are
/// wanted. It draws straight borders: where those do not fit, add products of features or take another model. Encode
/// categorical features first. Scaling the features makes the penalty fair to all of them and the search quick.
///
/// # Settings
/// | name | default | range | raising it ... |
/// |---|---|---|---|
/// | `C` | 1 | (0, ∞] | weakens the penalty; ∞ is none |
/// | `l1_ratio` | 0 | [0, 1] | makes the penalty an L1 one, which sets coefficients to 0; between, an elastic net |
/// | `fit_intercept` | true | | |
/// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
/// | `solver` | [`LogisticSolver::Lbfgs`] | | which penalties each has is listed there |
/// | `tol` | 1e-4 | [0, ∞) | stops earlier; what it bounds is the solver's, for `Lbfgs` max \|∂f/∂w\| with about `tol` / 10⁴ left to gain |
/// | `max_iter` | 100 | ≥ 1 | allows more steps (epochs of `Sag`, `Saga` and the dual) |
/// | `dual` | false | only `Liblinear` with L2 | descends over the rows: for fewer rows than features |
/// | `intercept_scaling` | 1 | (0, ∞) | only `Liblinear`: penalises the intercept less, as b / `intercept_scaling` |
/// | `random_state` | 0 | | the seed of the rows that `Sag`, `Saga` and the dual draw |
///
/// scikit-learn's `warm_start` is [`fit_from`](Self::fit_from); its `penalty`, deprecated in 1.8, is `l1_ratio` and `C`.
///
/// # Units
/// Coefficients are in log-odds per unit of the feature, `C` in the inverse of squared coefficients.
///
/// # Complexity
/// For each evaluation of the objective time O(n p K), about one per iteration. `Lbfgs` and `NewtonCg` take O(p³) once where
/// that is less than a few evaluations, `NewtonCholesky` O(n p² K² + p³ K³) an iteration, `NewtonCd` and `Liblinear` with L1
/// that of the features in use. Memory O(p² + K p) beyond the samples, O(p² K²) with a Hessian, n K with `Sag`, `Saga` and the
/// Newton solvers; a copy of the columns in use with an L1 penalty and `NewtonCd` or `Liblinear`, and of the samples unless
/// they are in row order.
///
/// # Errors
/// `InvalidParameter`, also where the solver cannot do what is asked; `EmptyInput`, `NonFinite` and `ShapeMismatch` of the
/// data; `TooFewClasses` when fewer than two classes have weight; `UnknownLabel` when `class_weight` names no class of the
/// target; `Overflow` when the data are too large for their type; `Cancelled`. Not converging is no error: see
/// [`converged`](FittedLogisticRegression::converged).
///
/// # Source
/// D. R. Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20 (1958). The
/// objective, its scaling and the defaults are scikit-learn's, whose `lbfgs` stops besides when a step gains less than 64 ε;
/// here Newton's method goes on from there, so that a small `tol` is worth its name, and a small gradient alone is not enough:
/// nearly separable classes have it far from the minimum. `Saga` here goes on until the intercept rests; where an L1 penalty leaves no coefficient
/// scikit-learn's stops after an epoch, wherever the intercept is. Classes whose rows all have weight 0 are left out here, and kept there. `Liblinear` with L2
/// takes other Newton steps than LIBLINEAR's trust region to the same minimum.
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
///
/// // An L1 penalty keeps the features that matter.
/// use fitwell::linear_model::LogisticSolver;
/// let cancer = fitwell::datasets::load_breast_cancer()?;
/// let sparse = pipeline("scale", fitwell::preprocessing::StandardScaler::new())
///     .then("classify", LogisticRegression::new().solver(LogisticSolver::NewtonCd).l1_ratio(1.0).c(0.1))
///     .fit(&cancer.x, &cancer.target)?;
/// let used = sparse.last().coef().iter().filter(|w| **w != 0.0).count();
/// assert!(used < 12 && sparse.score(&cancer.x, &cancer.target)? > 0.97);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogisticRegression {
    /// Inverse strength of the penalty.
    #[serde(rename = "C", with = "params::number")]
    c: f64,
    #[serde(with = "params::number")]
    l1_ratio: f64,
    dual: bool,
    /// Whether there is an intercept.
    fit_intercept: bool,
    #[serde(with = "params::number")]
    intercept_scaling: f64,
    /// How much the classes count.
    class_weight: ClassWeight,
    solver: LogisticSolver,
    /// How closely the minimum is found.
    #[serde(with = "params::number")]
    tol: f64,
    /// The most iterations.
    max_iter: usize,
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for LogisticRegression {
    fn default() -> Self {
        LogisticRegression {
            c: 1.0,
            l1_ratio: 0.0,
            dual: false,
            fit_intercept: true,
            intercept_scaling: 1.0,
            class_weight: ClassWeight::None,
            solver: LogisticSolver::Lbfgs,
            tol: 1e-4,
            max_iter: 100,
            random_state: 0,
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

    /// The part of the penalty that is L1.
    #[must_use]
    pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
        self.l1_ratio = l1_ratio;
        self
    }

    /// Whether `Liblinear` descends over the rows.
    #[must_use]
    pub fn dual(mut self, dual: bool) -> Self {
        self.dual = dual;
        self
    }

    /// Whether there is an intercept.
    #[must_use]
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// How little `Liblinear` penalises the intercept.
    #[must_use]
    pub fn intercept_scaling(mut self, scaling: f64) -> Self {
        self.intercept_scaling = scaling;
        self
    }

    /// How much the classes count.
    #[must_use]
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// How the minimum is found.
    #[must_use]
    pub fn solver(mut self, solver: LogisticSolver) -> Self {
        self.solver = solver;
        self
    }

    /// How closely the minimum is found.
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

    /// The seed of the rows that `Sag`, `Saga` and the dual draw.
    #[must_use]
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Reports every iteration with the objective, where the solver knows it, and can stop the fit.
    #[must_use]
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }

    fn settings(&self) -> Settings<'_> {
        Settings {
            estimator: NAME,
            solver: self.solver,
            c: self.c,
            l1_ratio: self.l1_ratio,
            dual: self.dual,
            tol: self.tol,
            fit_intercept: self.fit_intercept,
            intercept_scaling: self.intercept_scaling,
            max_iter: self.max_iter,
            random_state: self.random_state,
            watch: &self.watch,
        }
    }

    /// `fit` from the coefficients of an earlier model instead of none: scikit-learn's `warm_start`. The minimum is the same,
    /// the way to it shorter where the data or the settings changed little. (`Liblinear`'s dual has no use for them.)
    ///
    /// # Errors
    /// As `fit`; `ShapeMismatch` when the earlier model has other features, `InvalidInput` when it has other classes.
    ///
    /// ```
    /// use fitwell::{linear_model::LogisticRegression, prelude::*};
    ///
    /// let iris = fitwell::datasets::load_iris()?;
    /// let weak = LogisticRegression::new().fit(&iris.x, &iris.target)?;
    /// let strong = LogisticRegression::new().c(1.1).fit_from(&iris.x, &iris.target, &weak)?;
    /// assert!(strong.n_iter() < weak.n_iter());
    /// # Ok::<(), Error>(())
    /// ```
    pub fn fit_from<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        earlier: &FittedLogisticRegression<F>,
    ) -> Result<FittedLogisticRegression<F>> {
        self.fit_with(x, y, Some(earlier))
    }

    fn fit_with<F: Float, Y: ClassTarget + ?Sized>(
        &self,
        x: &ArrayRef2<F>,
        y: &Y,
        earlier: Option<&FittedLogisticRegression<F>>,
    ) -> Result<FittedLogisticRegression<F>> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let classes = ClassList::new(task.labels.shared_classes());
        let mut parameters = start(&task, x.ncols(), self.fit_intercept);
        if let Some(earlier) = earlier {
            check::width(x, earlier.n_features_in())?;
            if earlier.classes != classes {
                let reason = "has other classes than the target";
                return Err(Error::invalid_input("the earlier model", reason));
            }
            let known = earlier.coef.iter().chain(&earlier.intercept);
            // Without an intercept the last ones fall off.
            for (to, v) in parameters.iter_mut().zip(known) {
                *to = v.f64();
            }
        }
        let ended = solve(x, &task, &self.settings(), &mut parameters)?;
        let ratio = self.l1_ratio;
        FittedLogisticRegression::from_parameters(&parameters, x.ncols(), classes, ratio, ended)
    }
}

impl Hyperparameters for LogisticRegression {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        self.class_weight.check(NAME)?;
        self.settings().check("C", "l1_ratio")
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
        self.fit_with(x, y, None)
    }
}

classifier_model! {
    /// What [`LogisticRegression`] learned.
    pub struct FittedLogisticRegression of NAME, {
        l1_ratio: f64,
        n_iter: usize,
        converged: bool,
    }
    validate(this) {
        ensure::that((0.0..=1.0).contains(&this.l1_ratio), || "`l1_ratio` is not in [0, 1]".into())?;
    }
    sparse(this) { is_all_l1(this.l1_ratio) }
}

crate::boxed::confidence!(FittedLogisticRegression: proba, decision);

/// The rows of W and, unless there is none, b of flat parameters, for `k` outputs and `p` features.
pub(super) fn split_parameters<F: Float>(
    parameters: &[f64],
    k: usize,
    p: usize,
) -> Result<(Array2<F>, Array1<F>)> {
    let coef = Array2::from_shape_fn((k, p), |(c, j)| F::of(parameters[c * p + j]));
    let intercept = Array1::from_shape_fn(k, |c| {
        parameters
            .get(k * p + c)
            .map_or_else(F::zero, |&b| F::of(b))
    });
    check::learned(NAME, "a coefficient", coef.iter().chain(&intercept))?;
    Ok((coef, intercept))
}

impl<F: Float> FittedLogisticRegression<F> {
    /// From the rows of W and, unless there is none, b.
    pub(super) fn from_parameters(
        parameters: &[f64],
        n_features: usize,
        classes: ClassList,
        l1_ratio: f64,
        (n_iter, converged): Ended,
    ) -> Result<Self> {
        let n_outputs = match classes.len() {
            2 => 1,
            more => more,
        };
        let (coef, intercept) = split_parameters(parameters, n_outputs, n_features)?;
        Ok(FittedLogisticRegression {
            coef,
            intercept,
            classes,
            l1_ratio,
            n_iter,
            converged,
        })
    }

    /// The part of the penalty that was L1.
    pub fn l1_ratio(&self) -> f64 {
        self.l1_ratio
    }

    /// The iterations made.
    pub fn n_iter(&self) -> usize {
        self.n_iter
    }

    /// Whether what the solver goes by came down to `tol` before `max_iter`. If not: scale the features, or raise `max_iter` or
    /// `tol`.
    pub fn converged(&self) -> bool {
        self.converged
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
