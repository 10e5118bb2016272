//! Classification by ridge regression.
//!
//! Every class is a target, 1 where a row is of it and −1 elsewhere (one target for two classes), and the class of the
//! greatest prediction wins.

use std::fmt;

use ndarray::{Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use crate::check::{self, Interval};
use crate::class_weight::ClassWeight;
use crate::error::{Result, shorten};
use crate::float::Float;
use crate::observer::{Observer, Watch};
use crate::params::{Hyperparameters, describe};
use crate::targets::ClassTarget;
use crate::traits::Estimator;

use super::classifier_model::classifier_model;
use super::least_squares::Problem;
use super::linear_classifier::{ClassList, ClassTask};
use super::ridge_solver::{self, Options, RidgeSolver, check_settings};

const NAME: &str = "RidgeClassifier";

/// A linear classifier by least squares with an L2 penalty.
///
/// With `yᵢₖ` 1 where row i is of class k and −1 elsewhere, minimises for each class over `w` (n_features) and `b`
///
/// ```text
/// Σᵢ sᵢ (yᵢₖ − xᵢ·w − b)² + alpha ‖w‖²
/// ```
///
/// and predicts the class with the greatest `x·w + b`. Two classes need one such problem. It is fast, for many classes too:
/// all share one decomposition. It gives no probabilities; [`LogisticRegression`](super::LogisticRegression) does.
/// Standardise the features first.
///
/// # Settings
/// | name | default | range | raising it |
/// |---|---|---|---|
/// | `alpha` | 1.0 | `[0, inf)` | shrinks the coefficients; less variance, more bias |
/// | `fit_intercept` | `true` | | `false` takes the data as centred |
/// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
/// | `solver`, `positive`, `tol`, `max_iter`, `random_state` | | | as [`Ridge`](super::Ridge)'s |
///
/// # Units
/// `alpha` is in units of the squared features.
///
/// # Complexity
/// As [`Ridge`](super::Ridge)'s, and O(n p K) for K classes.
///
/// # Errors
/// `InvalidParameter`; `EmptyInput`, `NonFinite`, `ShapeMismatch` and `Overflow` of the data; `TooFewClasses` when fewer than
/// two classes have weight; `UnknownLabel` when `class_weight` names no class of the target.
///
/// # Source
/// R. Rifkin, G. Yeo and T. Poggio, "Regularized least-squares classification" (2003). Results are scikit-learn's, but for
/// two things: balanced class weights count sample weights, so that a weight of two is a row twice, and classes whose rows
/// all have weight 0 are left out. Targets of several labels at once are not covered.
///
/// # Examples
/// ```
/// use fitwell::{linear_model::RidgeClassifier, prelude::*};
///
/// let wine = fitwell::datasets::load_wine()?;
/// let model = pipeline("scale", fitwell::preprocessing::StandardScaler::new())
///     .then("classify", RidgeClassifier::new())
///     .fit(&wine.x, &wine.target)?;
/// assert!(model.score(&wine.x, &wine.target)? > 0.99);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[must_use]
pub struct RidgeClassifier {
    #[serde(with = "crate::params::number")]
    alpha: f64,
    fit_intercept: bool,
    max_iter: Option<usize>,
    #[serde(with = "crate::params::number")]
    tol: f64,
    class_weight: ClassWeight,
    solver: RidgeSolver,
    positive: bool,
    random_state: u64,
    #[serde(skip)]
    watch: Watch,
}

impl Default for RidgeClassifier {
    fn default() -> Self {
        RidgeClassifier {
            alpha: 1.0,
            fit_intercept: true,
            max_iter: None,
            tol: 1e-4,
            class_weight: ClassWeight::None,
            solver: RidgeSolver::Auto,
            positive: false,
            random_state: 0,
            watch: Watch::default(),
        }
    }
}

impl RidgeClassifier {
    /// `alpha = 1`, with an intercept.
    pub fn new() -> Self {
        Self::default()
    }

    /// The strength of the penalty.
    pub fn alpha(mut self, alpha: f64) -> Self {
        self.alpha = alpha;
        self
    }

    /// Whether to learn an intercept.
    pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
        self.fit_intercept = fit_intercept;
        self
    }

    /// The most iterations of an iterative solver; `None` leaves it to the solver.
    pub fn max_iter(mut self, max_iter: impl Into<Option<usize>>) -> Self {
        self.max_iter = max_iter.into();
        self
    }

    /// How closely an iterative solver finds the minimum.
    pub fn tol(mut self, tol: f64) -> Self {
        self.tol = tol;
        self
    }

    /// How much the classes count.
    pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
        self.class_weight = class_weight;
        self
    }

    /// How the minimum is found.
    pub fn solver(mut self, solver: RidgeSolver) -> Self {
        self.solver = solver;
        self
    }

    /// Whether coefficients must not be negative.
    pub fn positive(mut self, positive: bool) -> Self {
        self.positive = positive;
        self
    }

    /// The seed of the rows that `Sag` and `Saga` draw.
    pub fn random_state(mut self, seed: u64) -> Self {
        self.random_state = seed;
        self
    }

    /// Reports every epoch of `Sag` and `Saga`, and can stop the fit.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.watch = Watch::by(observer);
        self
    }
}

impl Hyperparameters for RidgeClassifier {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        check::real(NAME, "alpha", self.alpha, Interval::at_least(0.0))?;
        self.class_weight.check(NAME)?;
        check_settings(NAME, self.solver, self.positive, self.tol, self.max_iter)
    }
}

impl fmt::Display for RidgeClassifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(self))
    }
}

/// 1 where a row is of a class and −1 elsewhere: (n, 1) for the second of two classes, (n, n_classes) for more.
pub(super) fn signs<F: Float>(task: &ClassTask) -> Array2<F> {
    let (codes, k) = (task.labels.codes(), task.labels.classes().len());
    let (first, columns) = if k == 2 { (1, 1) } else { (0, k) };
    Array2::from_shape_fn((codes.len(), columns), |(i, j)| {
        if codes[i] as usize == first + j {
            F::one()
        } else {
            -F::one()
        }
    })
}

impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for RidgeClassifier {
    type Fitted = FittedRidgeClassifier<F>;

    fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
        self.check()?;
        check::samples(x)?;
        let task = ClassTask::new(NAME, y, x.nrows(), &self.class_weight)?;
        let signs = signs(&task);
        let problem = Problem::new(x, &*signs, task.weights.as_deref(), self.fit_intercept)?;
        let found = ridge_solver::solve(
            &problem,
            &Options {
                estimator: NAME,
                alphas: &vec![self.alpha; problem.n_targets()],
                solver: self.solver,
                positive: self.positive,
                tol: self.tol,
                max_iter: self.max_iter,
                random_state: self.random_state,
                watch: &self.watch,
            },
        )?;
        Ok(FittedRidgeClassifier {
            coef: found.coef,
            intercept: found.intercept,
            classes: ClassList::new(task.labels.shared_classes()),
            n_iter: found.n_iter,
            converged: found.converged,
            solver: found.solver,
        })
    }
}

classifier_model! {
    /// What [`RidgeClassifier`] learned.
    pub struct FittedRidgeClassifier of NAME, {
        n_iter: Option<Vec<usize>>,
        converged: bool,
        solver: RidgeSolver,
    }
    validate(this) {
        if let Some(n_iter) = &this.n_iter {
            ensure::equal("length of `n_iter`", n_iter.len(), this.coef.nrows())?;
        }
        ensure::that(this.converged || this.n_iter.is_some(), || {
            "a direct solver always converges".into()
        })?;
    }
}

crate::boxed::confidence!(FittedRidgeClassifier: decision);

impl<F: Float> FittedRidgeClassifier<F> {
    /// From coefficients that a direct solver found, one row of them for each decision value.
    pub(super) fn from_parts(
        coef: Array2<F>,
        intercept: ndarray::Array1<F>,
        classes: ClassList,
    ) -> Self {
        FittedRidgeClassifier {
            coef,
            intercept,
            classes,
            n_iter: None,
            converged: true,
            solver: RidgeSolver::Cholesky,
        }
    }

    /// The iterations (epochs of `Sag` and `Saga`) for each row of [`coef`](Self::coef), of an iterative solver.
    pub fn n_iter(&self) -> Option<&[usize]> {
        self.n_iter.as_deref()
    }

    /// Whether the solver reached its tolerance; direct ones always do.
    pub fn converged(&self) -> bool {
        self.converged
    }

    /// The solver that was used: of `Auto` and `Cholesky` the one that the data allowed.
    pub fn solver(&self) -> RidgeSolver {
        self.solver
    }
}

impl<F: Float> fmt::Display for FittedRidgeClassifier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "RidgeClassifier of {} features for {}",
            self.n_features_in(),
            named(&self.classes)
        )
    }
}

/// `3 classes (a, b, c)`.
pub(super) fn named(classes: &ClassList) -> String {
    const SHOWN: usize = 10;
    let some: Vec<String> = (classes.as_slice().iter().take(SHOWN))
        .map(|c| shorten(&c.to_string()))
        .collect();
    let more = if classes.len() > SHOWN { ", ..." } else { "" };
    format!("{} classes ({}{more})", classes.len(), some.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::labels::Labels;
    use crate::linear_model::{Ridge, RidgeClassifierCv};
    use crate::model_selection::{Accuracy, GridSearchCv, ParamGrid};
    use crate::targets::Targets;
    use crate::traits::{DecisionFunction, Predict, Score};
    use ndarray::{Array1, Axis};

    fn data(n: usize) -> (Array2<f64>, Labels) {
        let value = |i: usize| ((i * 7919 % 1009) as f64 / 504.0) - 1.0;
        let x = Array2::from_shape_fn((n, 3), |(i, j)| value(i * 3 + j));
        let y =
            (0..n).map(|i| ["a", "b", "c"][((x[[i, 0]] + 0.4 * x[[i, 1]] + 1.5) as usize).min(2)]);
        (x.clone(), y.collect())
    }

    #[test]
    fn a_class_is_a_target_of_signs() {
        let (x, y) = data(40);
        let w = Array1::from_shape_fn(40, |i| 0.5 + (i % 3) as f64);
        let model = RidgeClassifier::new().fit(&x, &y.weighted(&w)).unwrap();
        for (k, class) in ["a", "b", "c"].into_iter().enumerate() {
            let signs = Array1::from_iter(
                y.iter()
                    .map(|c| if c.to_string() == class { 1.0 } else { -1.0 }),
            );
            let ridge = Ridge::new().fit(&x, &signs.weighted(&w)).unwrap();
            assert!(
                (&model.coef().row(k) - &ridge.coef())
                    .iter()
                    .all(|d| d.abs() < 1e-12)
            );
            assert!((model.intercept()[k] - ridge.intercept()).abs() < 1e-12);
        }
        assert!(model.score(&x, &y).unwrap() > 0.7);
    }

    #[test]
    fn class_weights_are_sample_weights() {
        let (x, y) = data(40);
        let by_class = RidgeClassifier::new()
            .class_weight(ClassWeight::of([("a", 3.0), ("c", 0.5)]))
            .fit(&x, &y)
            .unwrap();
        let w = Array1::from_iter(y.codes().iter().map(|&c| [3.0, 1.0, 0.5][c as usize]));
        let by_row = RidgeClassifier::new().fit(&x, &y.weighted(&w)).unwrap();
        assert!(
            (by_class.coef() - by_row.coef())
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
    }

    #[test]
    fn cross_validation_is_that_of_a_grid_search() {
        let (x, y) = data(60);
        let cv = RidgeClassifierCv::new().alphas([0.01, 1.0, 50.0]).cv(4);
        let m = cv.fit(&x, &y).unwrap();
        let grid = ParamGrid::new().with("alpha", vec![0.01, 1.0, 50.0]);
        let search = GridSearchCv::new(RidgeClassifier::new(), grid)
            .cv(4)
            .fit(&x, &y)
            .unwrap();
        assert!((m.best_score() - search.best_score()).abs() < 1e-12);
        assert!(
            (m.coef() - search.best_estimator().coef())
                .iter()
                .all(|d| d.abs() < 1e-12)
        );
    }

    #[test]
    fn rows_left_out_are_classified_by_models_that_have_not_seen_them() {
        let (x, all) = data(30);
        for y in [
            all.clone(),
            all.iter().map(|c| c.to_string() == "a").collect::<Labels>(),
        ] {
            let cv = RidgeClassifierCv::new()
                .alphas([2.0])
                .store_cv_results(true);
            let m = cv.scoring(Accuracy).fit(&x, &y).unwrap();
            let mut right = 0.0;
            for i in 0..30 {
                let rest: Vec<usize> = (0..30).filter(|&r| r != i).collect();
                let one = RidgeClassifier::new()
                    .alpha(2.0)
                    .fit(&x.select(Axis(0), &rest), &y.select(&rest).unwrap())
                    .unwrap();
                let row = x.slice(ndarray::s![i..i + 1, ..]);
                let decision = one.decision_function(&row).unwrap();
                let stored = m.cv_results().unwrap();
                for j in 0..decision.ncols() {
                    assert!((stored[[i, j, 0]] - decision[[0, j]]).abs() < 1e-10);
                }
                right += f64::from(u8::from(one.predict(&row).unwrap().get(0) == y.get(i)));
            }
            assert!((m.best_score() - right / 30.0).abs() < 1e-12);
        }
    }

    #[test]
    fn a_fold_without_a_class_has_one_less_and_a_fold_of_one_says_so() {
        use crate::model_selection::KFold;
        let (x, _) = data(20);
        let y: Labels = (0..20)
            .map(|i| usize::from(i >= 10) + usize::from(i >= 15))
            .collect();
        let cv = RidgeClassifierCv::new().cv(KFold::new().n_splits(4));
        assert!(cv.fit(&x, &y).is_ok());
        let y: Labels = (0..20).map(|i| i >= 10).collect();
        let e = RidgeClassifierCv::new()
            .cv(KFold::new().n_splits(2))
            .fit(&x, &y)
            .unwrap_err();
        assert!(e.to_string().contains("at least 2 classes"), "{e}");
    }
}
