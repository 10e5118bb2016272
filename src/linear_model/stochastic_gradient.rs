//! What the estimators that learn by stochastic gradient descent share: their choices, checks, and what they learn.

use ndarray::{Array1, Array2, ArrayRef2, Axis};
use serde::{Deserialize, Serialize};

use super::sgd_kernel::{Goal, Method, Weights};
use super::sgd_loss::Loss;
use super::sgd_train::{Call, Epochs, Learned, Samples, Task, train};
use crate::check::{self, Interval};
use crate::class_weight::ClassWeight;
use crate::error::{Error, ErrorKind, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::linear_model::linear_classifier::{ClassList, ClassTask};
use crate::model::ensure;
use crate::observer::Watch;
use crate::targets::ClassTarget;

/// The penalty of stochastic gradient descent; none is `None`.
///
/// ```
/// use fitwell::{linear_model::{SgdClassifier, SgdPenalty}, prelude::*};
///
/// let sparse = SgdClassifier::new().penalty(SgdPenalty::L1);
/// assert_eq!(sparse, SgdClassifier::new().with_param("penalty", "l1")?);
/// let free = SgdClassifier::new().penalty(None);
/// assert_eq!(free.params()["penalty"], serde_json::Value::Null);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdPenalty {
    /// ‖w‖² / 2: every step shrinks all weights by the same factor.
    L2,
    /// ‖w‖₁: weights that the data do not hold up become 0.
    L1,
    /// (1 − `l1_ratio`) ‖w‖² / 2 + `l1_ratio` ‖w‖₁.
    Elasticnet,
}

/// The step size η of step t.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SgdLearningRate {
    /// `eta0`.
    Constant,
    /// 1 / (`alpha` (t₀ + t − 1)), where t₀ makes the first step of the size that weights of the optimum typically have (L.
    /// Bottou). `eta0` does not count.
    Optimal,
    /// `eta0` / t^`power_t`.
    Invscaling,
    /// `eta0`, divided by 5 whenever `n_iter_no_change` epochs in a row do not improve, down to 1e-6; then the fit ends.
    Adaptive,
    /// Passive-aggressive, first form: min(`eta0`, loss / ‖x‖²). With the losses `hinge` and `epsilon_insensitive`.
    Pa1,
    /// Passive-aggressive, second form: loss / (‖x‖² + 1 / (2 `eta0`)). With the same losses.
    Pa2,
}

/// Serde for `average`: a number of steps, or a truth value, of which true is the first step.
pub(super) mod average {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(
        untagged,
        expecting = "expected a boolean or the step from which to average"
    )]
    enum Given {
        On(bool),
        From(usize),
    }

    pub(in super::super) fn serialize<S: Serializer>(
        from: &usize,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        from.serialize(serializer)
    }

    pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<usize, D::Error> {
        if !deserializer.is_human_readable() {
            return usize::deserialize(deserializer);
        }
        Given::deserialize(deserializer).map(|given| match given {
            Given::On(on) => usize::from(on),
            Given::From(step) => step,
        })
    }
}

/// The settings of any of the estimators.
pub(super) struct Settings {
    pub(super) name: &'static str,
    pub(super) loss: Loss,
    /// The loss is one that passive-aggressive steps are of.
    pub(super) passive: bool,
    pub(super) epsilon: f64,
    pub(super) penalty: Option<SgdPenalty>,
    pub(super) alpha: f64,
    pub(super) l1_ratio: f64,
    pub(super) learning_rate: SgdLearningRate,
    pub(super) eta0: f64,
    pub(super) power_t: f64,
    pub(super) fit_intercept: bool,
    pub(super) average: usize,
    pub(super) max_iter: usize,
    pub(super) tol: Option<f64>,
    pub(super) shuffle: bool,
    pub(super) early_stopping: bool,
    pub(super) validation_fraction: f64,
    pub(super) n_iter_no_change: usize,
    pub(super) random_state: u64,
}

impl Settings {
    /// Every range.
    pub(super) fn check(&self) -> Result<()> {
        let name = self.name;
        check::real(name, "alpha", self.alpha, Interval::at_least(0.0))?;
        check::real(name, "l1_ratio", self.l1_ratio, Interval::closed(0.0, 1.0))?;
        check::real(name, "epsilon", self.epsilon, Interval::at_least(0.0))?;
        check::real(name, "eta0", self.eta0, Interval::above(0.0))?;
        let any = Interval::open(f64::NEG_INFINITY, f64::INFINITY);
        check::real(name, "power_t", self.power_t, any)?;
        check::count(name, "max_iter", self.max_iter, 1)?;
        if let Some(tol) = self.tol {
            check::real(name, "tol", tol, Interval::at_least(0.0))?;
        }
        check::count(name, "n_iter_no_change", self.n_iter_no_change, 1)?;
        let share = Interval::open(0.0, 1.0);
        check::real(name, "validation_fraction", self.validation_fraction, share)?;
        if self.learning_rate == SgdLearningRate::Optimal && self.alpha == 0.0 {
            let expected =
                "above 0 with `learning_rate` optimal, which takes the step size from it";
            return Err(Error::invalid_parameter(name, "alpha", expected, "0"));
        }
        let passive = matches!(
            self.learning_rate,
            SgdLearningRate::Pa1 | SgdLearningRate::Pa2
        );
        if passive && !self.passive {
            let expected = "another schedule: pa1 and pa2 are for the losses hinge (classes) and epsilon_insensitive (values)";
            let got = if self.learning_rate == SgdLearningRate::Pa1 {
                "pa1"
            } else {
                "pa2"
            };
            return Err(Error::invalid_parameter(
                name,
                "learning_rate",
                expected,
                got,
            ));
        }
        Ok(())
    }

    /// Learning batch by batch has no rows to hold out.
    pub(super) fn check_batches(&self) -> Result<()> {
        self.check()?;
        if self.early_stopping {
            let expected = "false for `partial_fit`, which holds no rows out";
            return Err(Error::invalid_parameter(
                self.name,
                "early_stopping",
                expected,
                "true",
            ));
        }
        Ok(())
    }

    fn method(&self) -> Method {
        Method {
            loss: self.loss,
            penalty: self.penalty,
            alpha: self.alpha,
            l1_ratio: match self.penalty {
                Some(SgdPenalty::L2) => 0.0,
                Some(SgdPenalty::L1) => 1.0,
                _ => self.l1_ratio,
            },
            rate: self.learning_rate,
            eta0: self.eta0,
            power_t: self.power_t,
            fit_intercept: self.fit_intercept,
            average: self.average as f64,
            objective: !self.early_stopping,
        }
    }

    fn epochs(&self) -> Epochs {
        Epochs {
            max_iter: self.max_iter,
            tol: self.tol,
            n_iter_no_change: self.n_iter_no_change,
            shuffle: self.shuffle,
            validation: self.early_stopping.then_some(self.validation_fraction),
            random_state: self.random_state,
        }
    }

    /// Learns on from `model`: all epochs, or one for a batch.
    pub(super) fn learn<F: Float>(
        &self,
        model: &Learner<F>,
        samples: &Samples<'_, F>,
        classes: Option<&[u32]>,
        goals: Vec<Goal<'_, F>>,
        batch: bool,
        watch: &Watch,
    ) -> Result<Learner<F>> {
        let mut epochs = self.epochs();
        if batch {
            epochs.max_iter = 1;
        }
        let tasks = goals
            .into_iter()
            .zip(model.starts())
            .map(|(goal, start)| Task { goal, start })
            .collect();
        let call = Call {
            name: self.name,
            method: self.method(),
            epochs,
            t: model.t as f64,
            watch,
        };
        let learned = train(&call, samples, classes, tasks)?;
        let steps = (learned.n_iter as u64).saturating_mul(samples.n_rows as u64);
        let next = model.next(learned, model.t.saturating_add(steps), self.average);
        let values = next.coef.iter().chain(&next.intercept);
        check::learned(self.name, "a coefficient", values)?;
        if !batch && self.tol.is_some() && !next.converged {
            log::warn!(
                "{} did not converge in {} epochs: scale the features, or raise max_iter or tol",
                self.name,
                next.n_iter
            );
        }
        Ok(next)
    }
}

/// Linear functions and where their learning stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
pub(super) struct Learner<F> {
    /// (n_outputs, n_features)
    pub(super) coef: Array2<F>,
    /// (n_outputs)
    pub(super) intercept: Array1<F>,
    /// Where weights are averaged: those of the last step, and the averages.
    averaged: Option<Averaged<F>>,
    pub(super) n_iter: usize,
    /// The number of the next step.
    pub(super) t: u64,
    pub(super) converged: bool,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, bound = "F: Float")]
struct Averaged<F> {
    coef: Array2<F>,
    intercept: Array1<F>,
    average_coef: Array2<F>,
    average_intercept: Array1<F>,
}

impl<F: Float> Learner<F> {
    /// Nothing learned: weights of 0.
    pub(super) fn new(n_outputs: usize, n_features: usize, average: usize) -> Result<Self> {
        crate::parallel::fits::<F>("the coefficients", (n_outputs, n_features))?;
        let coef = Array2::zeros((n_outputs, n_features));
        Ok(Self::from_weights(coef, Array1::zeros(n_outputs), average))
    }

    /// The first step from these weights comes next.
    pub(super) fn from_weights(coef: Array2<F>, intercept: Array1<F>, average: usize) -> Self {
        let averaged = (average > 0).then(|| Averaged {
            coef: coef.clone(),
            intercept: intercept.clone(),
            average_coef: Array2::zeros(coef.dim()),
            average_intercept: Array1::zeros(intercept.len()),
        });
        Learner {
            coef,
            intercept,
            averaged,
            n_iter: 0,
            t: 1,
            converged: false,
        }
    }

    fn starts(&self) -> Vec<Weights<F>> {
        let of = |k: usize| match &self.averaged {
            None => Weights {
                coef: self.coef.row(k).to_vec(),
                intercept: self.intercept[k].f64(),
                average: None,
            },
            Some(a) => Weights {
                coef: a.coef.row(k).to_vec(),
                intercept: a.intercept[k].f64(),
                average: Some((a.average_coef.row(k).to_vec(), a.average_intercept[k].f64())),
            },
        };
        (0..self.coef.nrows()).map(of).collect()
    }

    fn next(&self, learned: Learned<F>, t: u64, average: usize) -> Self {
        let rows = |of: &dyn Fn(&Weights<F>) -> Option<Vec<F>>| {
            let mut all = Array2::zeros(self.coef.dim());
            for (mut row, weights) in all.axis_iter_mut(Axis(0)).zip(&learned.weights) {
                for (to, value) in row.iter_mut().zip(of(weights).unwrap_or_default()) {
                    *to = value;
                }
            }
            all
        };
        let coef = rows(&|w| Some(w.coef.clone()));
        let intercept: Array1<F> = learned.weights.iter().map(|w| F::of(w.intercept)).collect();
        let averaged = (average > 0).then(|| Averaged {
            average_coef: rows(&|w| Some(w.average.as_ref()?.0.clone())),
            average_intercept: (learned.weights.iter())
                .map(|w| F::of(w.average.as_ref().map_or(0.0, |a| a.1)))
                .collect(),
            coef: coef.clone(),
            intercept: intercept.clone(),
        });
        let (coef, intercept) = match &averaged {
            Some(a) if (average as u64) < t => {
                (a.average_coef.clone(), a.average_intercept.clone())
            }
            _ => (coef, intercept),
        };
        Learner {
            coef,
            intercept,
            averaged,
            n_iter: learned.n_iter,
            t,
            converged: learned.converged,
        }
    }

    /// What `fit` can produce.
    pub(super) fn validate(&self, n_outputs: usize, average: usize) -> Result<()> {
        let p = self.coef.ncols();
        ensure::at_least("features of `coef`", p, 1)?;
        ensure::shape("coef", &self.coef, n_outputs, p)?;
        ensure::equal("length of `intercept`", self.intercept.len(), n_outputs)?;
        ensure::finite("coef", &self.coef)?;
        ensure::finite("intercept", &self.intercept)?;
        ensure::at_least("t", usize::try_from(self.t).unwrap_or(usize::MAX), 1)?;
        let averaged = usize::from(self.averaged.is_some());
        ensure::equal("averages", averaged, usize::from(average > 0))?;
        if let Some(a) = &self.averaged {
            ensure::shape("averaged.coef", &a.coef, n_outputs, p)?;
            ensure::shape("averaged.average_coef", &a.average_coef, n_outputs, p)?;
            for intercepts in [&a.intercept, &a.average_intercept] {
                ensure::equal("length of an intercept", intercepts.len(), n_outputs)?;
                ensure::finite("averaged.intercept", intercepts)?;
            }
            ensure::finite("averaged.coef", &a.coef)?;
            ensure::finite("averaged.average_coef", &a.average_coef)?;
        }
        Ok(())
    }
}

/// Two classes need one linear function, more need one each.
pub(super) fn n_outputs(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}

/// One goal for two classes, or one for each of several. A class of several counts by its weight, and its others by 1, as in
/// scikit-learn.
fn goals<'a, F>(
    codes: &'a [u32],
    n_classes: usize,
    loss: Loss,
    class_weights: Option<&[f64]>,
) -> Vec<Goal<'a, F>> {
    let negative = loss.negative();
    let weight = |class: usize| class_weights.map_or(1.0, |w| w[class]);
    let goal = |class: usize, other: f64| Goal::Class {
        codes,
        class: class as u32,
        negative,
        weights: [other, weight(class)],
    };
    match n_classes {
        2 => vec![goal(1, weight(0))],
        n => (0..n).map(|class| goal(class, 1.0)).collect(),
    }
}

/// Learns classes; where it starts, if not from 0, is asked once the classes are known.
pub(super) fn fit_classes<F: Float, Y: ClassTarget + ?Sized>(
    settings: &Settings,
    class_weight: &ClassWeight,
    x: &ArrayRef2<F>,
    y: &Y,
    start: impl FnOnce(&[Class]) -> Result<Option<Learner<F>>>,
    watch: &Watch,
) -> Result<(ClassList, Learner<F>)> {
    check::samples(x)?;
    let task = ClassTask::new(settings.name, y, x.nrows(), &ClassWeight::None)?;
    let classes = task.labels.classes();
    // By rows, whatever they count, and over every class the target lists.
    let all = y.labels();
    let class_weights = class_weight.of_classes(all, None)?.map(|weights| {
        let of = |class: &Class| {
            all.classes()
                .binary_search(class)
                .map_or(1.0, |i| weights[i])
        };
        classes.iter().map(of).collect::<Vec<f64>>()
    });
    let model = match start(classes)? {
        Some(model) => model,
        None => Learner::new(n_outputs(classes.len()), x.ncols(), settings.average)?,
    };
    let samples = Samples::new(x, task.weights.as_deref())?;
    let codes = task.labels.codes();
    let goals = goals(
        codes,
        classes.len(),
        settings.loss,
        class_weights.as_deref(),
    );
    let learned = settings.learn(&model, &samples, Some(codes), goals, false, watch)?;
    Ok((ClassList::new(task.labels.shared_classes()), learned))
}

/// Learns one more batch of classes that were named before.
pub(super) fn add_classes<F: Float, Y: ClassTarget + ?Sized>(
    settings: &Settings,
    class_weight: &ClassWeight,
    classes: &ClassList,
    model: &Learner<F>,
    x: &ArrayRef2<F>,
    y: &Y,
    watch: &Watch,
) -> Result<Learner<F>> {
    settings.check_batches()?;
    check::samples(x)?;
    check::width(x, model.coef.ncols())?;
    check::target(y, x.nrows())?;
    let known = Labels::from_codes(Vec::new(), classes.as_slice().to_vec())?;
    let class_weights = batch_weights(settings.name, class_weight, &known)?;
    let labels = y.labels();
    let codes: Option<Vec<u32>> = labels.codes_in(classes.as_slice()).into_iter().collect();
    let Some(codes) = codes else {
        let codes = labels.codes_in(classes.as_slice());
        let row = codes.iter().position(Option::is_none).unwrap_or_default();
        return Err(ErrorKind::UnknownLabel {
            what: format!("y, row {row}"),
            label: labels.get(row).map(ToString::to_string).unwrap_or_default(),
            known: classes.as_slice().iter().map(Class::to_string).collect(),
        }
        .into());
    };
    let weights = y.sample_weight().map(|w| w.to_vec());
    let samples = Samples::new(x, weights.as_deref())?;
    let goals = goals(
        &codes,
        classes.len(),
        settings.loss,
        class_weights.as_deref(),
    );
    settings.learn(model, &samples, None, goals, true, watch)
}

/// The weights of classes, which a batch alone cannot balance.
pub(super) fn batch_weights(
    name: &str,
    class_weight: &ClassWeight,
    known: &Labels,
) -> Result<Option<Vec<f64>>> {
    if *class_weight == ClassWeight::Balanced {
        let expected = "none, or weights given by class, for `partial_fit`: a batch does not show how often classes occur";
        return Err(Error::invalid_parameter(
            name,
            "class_weight",
            expected,
            "balanced",
        ));
    }
    class_weight.of_classes(known, None)
}

/// Nothing learned yet of classes that are to come.
pub(super) fn begin_classes<F: Float>(
    settings: &Settings,
    class_weight: &ClassWeight,
    n_features: usize,
    classes: &Labels,
) -> Result<(ClassList, Learner<F>)> {
    settings.check_batches()?;
    check::count(settings.name, "n_features", n_features, 1)?;
    if classes.classes().len() < 2 {
        return Err(ErrorKind::TooFewClasses {
            estimator: settings.name.into(),
            got: classes.classes().len(),
            classes: classes.classes().iter().map(Class::to_string).collect(),
        }
        .into());
    }
    batch_weights(settings.name, class_weight, classes)?;
    let n = n_outputs(classes.classes().len());
    Ok((
        ClassList::new(classes.shared_classes()),
        Learner::new(n, n_features, settings.average)?,
    ))
}

/// The start of a fit that goes on from another model's coefficients.
pub(super) fn start_from<F: Float>(
    coef: &Array2<F>,
    intercept: &Array1<F>,
    n_features: usize,
    average: usize,
) -> Result<Learner<F>> {
    if coef.ncols() != n_features {
        let what = "number of features of the start";
        return Err(Error::shape(what, n_features, coef.ncols()));
    }
    Ok(Learner::from_weights(
        coef.clone(),
        intercept.clone(),
        average,
    ))
}

/// The setters that the estimators share.
macro_rules! sgd_setters {
    ($estimator:ident: $($setter:ident),+ $(,)?) => {
        impl $estimator {
            /// The defaults.
            pub fn new() -> Self {
                Self::default()
            }
            $($crate::linear_model::stochastic_gradient::sgd_setters!(@ $setter);)+
        }
    };
    (@ penalty) => {
        /// The penalty; `None` for none.
        #[must_use]
        pub fn penalty(mut self, penalty: impl Into<Option<SgdPenalty>>) -> Self {
            self.penalty = penalty.into();
            self
        }
    };
    (@ alpha) => {
        /// The strength of the penalty, and the step size of the schedule `optimal`.
        #[must_use]
        pub fn alpha(mut self, alpha: f64) -> Self {
            self.alpha = alpha;
            self
        }
    };
    (@ l1_ratio) => {
        /// The L1 share of the elastic net penalty.
        #[must_use]
        pub fn l1_ratio(mut self, l1_ratio: f64) -> Self {
            self.l1_ratio = l1_ratio;
            self
        }
    };
    (@ fit_intercept) => {
        /// Whether there is an intercept.
        #[must_use]
        pub fn fit_intercept(mut self, fit_intercept: bool) -> Self {
            self.fit_intercept = fit_intercept;
            self
        }
    };
    (@ max_iter) => {
        /// The most epochs of a fit. `partial_fit` makes one.
        #[must_use]
        pub fn max_iter(mut self, max_iter: usize) -> Self {
            self.max_iter = max_iter;
            self
        }
    };
    (@ tol) => {
        /// What an epoch must improve to count as an improvement; `None` makes all `max_iter` epochs.
        #[must_use]
        pub fn tol(mut self, tol: impl Into<Option<f64>>) -> Self {
            self.tol = tol.into();
            self
        }
    };
    (@ shuffle) => {
        /// Whether every epoch takes the rows in another random order; without it, in theirs.
        #[must_use]
        pub fn shuffle(mut self, shuffle: bool) -> Self {
            self.shuffle = shuffle;
            self
        }
    };
    (@ epsilon) => {
        /// The ε of the losses that have one.
        #[must_use]
        pub fn epsilon(mut self, epsilon: f64) -> Self {
            self.epsilon = epsilon;
            self
        }
    };
    (@ random_state) => {
        /// The seed of the order of rows and of the rows held out.
        #[must_use]
        pub fn random_state(mut self, random_state: u64) -> Self {
            self.random_state = random_state;
            self
        }
    };
    (@ learning_rate) => {
        /// The schedule of step sizes.
        #[must_use]
        pub fn learning_rate(mut self, learning_rate: SgdLearningRate) -> Self {
            self.learning_rate = learning_rate;
            self
        }
    };
    (@ eta0) => {
        /// The first step size, or the only one.
        #[must_use]
        pub fn eta0(mut self, eta0: f64) -> Self {
            self.eta0 = eta0;
            self
        }
    };
    (@ power_t) => {
        /// The power of the schedule `invscaling`.
        #[must_use]
        pub fn power_t(mut self, power_t: f64) -> Self {
            self.power_t = power_t;
            self
        }
    };
    (@ early_stopping) => {
        /// Whether the score on rows that are held out says when to stop, and not the objective.
        #[must_use]
        pub fn early_stopping(mut self, early_stopping: bool) -> Self {
            self.early_stopping = early_stopping;
            self
        }
    };
    (@ validation_fraction) => {
        /// The share of rows to hold out for `early_stopping`.
        #[must_use]
        pub fn validation_fraction(mut self, validation_fraction: f64) -> Self {
            self.validation_fraction = validation_fraction;
            self
        }
    };
    (@ n_iter_no_change) => {
        /// Epochs in a row without an improvement after which the fit ends.
        #[must_use]
        pub fn n_iter_no_change(mut self, n_iter_no_change: usize) -> Self {
            self.n_iter_no_change = n_iter_no_change;
            self
        }
    };
    (@ class_weight) => {
        /// How much the classes count.
        #[must_use]
        pub fn class_weight(mut self, class_weight: ClassWeight) -> Self {
            self.class_weight = class_weight;
            self
        }
    };
    (@ average) => {
        /// The step from which the weights are averaged over the steps, counted from 1; 0 for no average.
        #[must_use]
        pub fn average(mut self, average: usize) -> Self {
            self.average = average;
            self
        }
    };
    (@ observer) => {
        /// Reports every epoch with the objective, or with the score on the rows held out, and can stop the fit.
        #[must_use]
        pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
            self.watch = Watch::by(observer);
            self
        }
    };
}
pub(super) use sgd_setters;

/// A fitted classifier of stochastic gradient descent: everything but probabilities.
macro_rules! sgd_classifier_model {
    ($(#[$doc:meta])* pub struct $fitted:ident of $estimator:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields, bound = "F: Float")]
        pub struct $fitted<F = f64> {
            estimator: $estimator,
            classes: ClassList,
            learner: Learner<F>,
        }

        impl $estimator {
            /// As [`fit`](Estimator::fit), from the coefficients of a model instead of 0: scikit-learn's `warm_start`. The
            /// schedule of step sizes begins anew.
            ///
            /// # Errors
            /// As `fit`; `ShapeMismatch` when the model has another number of features; `InvalidInput` when it has other
            /// classes.
            pub fn fit_from<F: Float, Y: ClassTarget + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: &$fitted<F>,
            ) -> Result<$fitted<F>> {
                self.check()?;
                self.learn(x, y, |classes| {
                    if classes != start.classes() {
                        let known: Vec<String> =
                            start.classes().iter().map(ToString::to_string).collect();
                        return Err(Error::invalid_input(
                            "y",
                            format!("its classes are not those of the start: {}", known.join(", ")),
                        ));
                    }
                    let Learner { coef, intercept, .. } = &start.learner;
                    start_from(coef, intercept, x.ncols(), self.settings().average).map(Some)
                })
            }

            /// A model that has learned nothing yet, for [`partial_fit`](PartialFit::partial_fit) alone: the number of
            /// features and all classes that may come are named here, because the first batch may not show them.
            ///
            /// # Errors
            /// `InvalidParameter`, also for `early_stopping` and balanced classes, which need all the data;
            /// `TooFewClasses` for fewer than two.
            pub fn begin<F: Float>(&self, n_features: usize, classes: &Labels) -> Result<$fitted<F>> {
                self.check()?;
                let (classes, learner) =
                    begin_classes(&self.settings(), &self.class_weight, n_features, classes)?;
                Ok($fitted { estimator: self.clone(), classes, learner })
            }

            fn learn<F: Float, Y: ClassTarget + ?Sized>(
                &self,
                x: &ArrayRef2<F>,
                y: &Y,
                start: impl FnOnce(&[Class]) -> Result<Option<Learner<F>>>,
            ) -> Result<$fitted<F>> {
                let (classes, learner) =
                    fit_classes(&self.settings(), &self.class_weight, x, y, start, &self.watch)?;
                Ok($fitted { estimator: self.clone(), classes, learner })
            }
        }

        impl<F: Float, Y: ClassTarget + ?Sized> Estimator<ArrayRef2<F>, Y> for $estimator {
            type Fitted = $fitted<F>;

            fn fit(&self, x: &ArrayRef2<F>, y: &Y) -> Result<Self::Fitted> {
                self.check()?;
                self.learn(x, y, |_| Ok(None))
            }
        }

        /// One epoch over the batch, with the schedule of step sizes going on where it was. Classes that were not named
        /// before are an error.
        impl<F: Float, Y: ClassTarget + ?Sized> PartialFit<ArrayRef2<F>, Y> for $fitted<F> {
            fn partial_fit(&mut self, x: &ArrayRef2<F>, y: &Y) -> Result<()> {
                let estimator = &self.estimator;
                self.learner = add_classes(
                    &estimator.settings(),
                    &estimator.class_weight,
                    &self.classes,
                    &self.learner,
                    x,
                    y,
                    &estimator.watch,
                )?;
                Ok(())
            }
        }

        impl<F: Float> $fitted<F> {
            /// The coefficients: (1, n_features) for two classes, positive where the second becomes likelier, else
            /// (n_classes, n_features).
            pub fn coef(&self) -> &Array2<F> {
                &self.learner.coef
            }

            /// The intercepts, one for each row of [`coef`](Self::coef); zero when none were fitted.
            pub fn intercept(&self) -> &Array1<F> {
                &self.learner.intercept
            }

            /// The classes, sorted.
            pub fn classes(&self) -> &[Class] {
                self.classes.as_slice()
            }

            /// The number of features.
            pub fn n_features_in(&self) -> usize {
                self.learner.coef.ncols()
            }

            /// The epochs of the last call, of the class that took most; 0 before the first.
            pub fn n_iter(&self) -> usize {
                self.learner.n_iter
            }

            /// The number of the next step: 1 and the rows of all epochs.
            pub fn t(&self) -> u64 {
                self.learner.t
            }

            /// Whether the fit ended by itself, for every class. If not: scale the features, or raise `max_iter` or `tol`.
            /// Without a `tol`, and after `partial_fit`, it is false.
            pub fn converged(&self) -> bool {
                self.learner.converged
            }

            /// The estimator that learned this.
            pub fn estimator(&self) -> &$estimator {
                &self.estimator
            }

            fn decision(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
                let name = <$estimator as Hyperparameters>::NAME;
                linear_classifier::decision(name, x, self.coef(), self.intercept())
            }
        }

        impl<F: Float> Classes for $fitted<F> {
            fn classes(&self) -> &[Class] {
                self.classes.as_slice()
            }
        }

        impl<F: Float> Predict<ArrayRef2<F>> for $fitted<F> {
            type Output = Labels;
            fn predict(&self, x: &ArrayRef2<F>) -> Result<Labels> {
                let codes = linear_classifier::codes(&self.decision(x)?);
                Ok(self.classes.labels(codes))
            }
        }

        impl<F: Float> DecisionFunction<ArrayRef2<F>> for $fitted<F> {
            type Float = F;
            fn decision_function(&self, x: &ArrayRef2<F>) -> Result<Array2<F>> {
                self.decision(x)
            }
        }

        /// The accuracy.
        impl<F: Float, Y: ClassTarget + ?Sized> Score<ArrayRef2<F>, Y> for $fitted<F> {
            fn score(&self, x: &ArrayRef2<F>, y: &Y) -> Result<f64> {
                linear_classifier::accuracy(&self.predict(x)?, y)
            }
        }

        impl<F: Float> Model for $fitted<F> {
            fn type_name() -> String {
                format!("{}<{}>", stringify!($fitted), F::NAME)
            }

            fn importances(&self) -> Option<Result<Array2<f64>>> {
                Some(Ok(self.coef().mapv(F::f64)))
            }

            fn validate(&self) -> Result<()> {
                self.classes.validate()?;
                (self.estimator.check()).map_err(|e| Error::model_file(e.to_string()))?;
                let outputs = n_outputs(self.classes.len());
                self.learner.validate(outputs, self.estimator.settings().average)
            }
        }

        impl<F: Float> LinearModel for $fitted<F> {
            fn coefficients(&self) -> Array2<f64> {
                self.coef().mapv(F::f64)
            }
            fn intercepts(&self) -> Array1<f64> {
                self.intercept().mapv(F::f64)
            }
            /// The classes; of two, the second, which the one row is for.
            fn output_names(&self) -> Vec<String> {
                let classes = &self.classes()[self.classes().len() - self.coef().nrows()..];
                classes.iter().map(ToString::to_string).collect()
            }
        }

        impl<F: Float> fmt::Display for $fitted<F> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "{}({} features, {} classes, {} epochs, {} steps)",
                    stringify!($fitted),
                    self.n_features_in(),
                    self.classes.len(),
                    self.n_iter(),
                    self.t() - 1
                )
            }
        }
    };
}
pub(super) use sgd_classifier_model;
