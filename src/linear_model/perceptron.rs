//! Rosenblatt's perceptron.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::linear_classifier::{self, ClassList};
use super::sgd_loss::Loss;
use super::stochastic_gradient::{
    Learner, Settings, SgdLearningRate, SgdPenalty, add_classes, begin_classes, fit_classes,
    n_outputs, sgd_classifier_model, sgd_setters, start_from,
};
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::Model;
use crate::observer::{Observer, Watch};
use crate::params::{self, Hyperparameters};
use crate::targets::ClassTarget;
use crate::traits::{
    Classes, DecisionFunction, Estimator, LinearModel, PartialFit, Predict, Score,
};

const NAME: &str = "Perceptron";

/// Linear classification by the perceptron rule: a row that is on the wrong side moves the border by itself.
///
/// For each row in random order, with y = −1 or 1,
///
/// ```text
/// if y (w·x + b) ≤ 0:   w ← w + eta0 y x      b ← b + eta0 y
/// ```
///
/// which is stochastic gradient descent on max(0, −y p) with a constant step. Where a plane separates the classes it finds
/// one; elsewhere it goes on moving, and [`SgdClassifier`](super::SgdClassifier) with its hinge loss and shrinking steps
/// does better. Without a penalty `eta0` only scales the weights. Scale the features first. Of several classes each is
/// learned against all others.
///
/// # Settings
/// | name | default | range | raising it ... |
/// |---|---|---|---|
/// | `penalty` | none | l2, l1, elasticnet, none | |
/// | `alpha` | 1e-4 | ≥ 0 | strengthens the penalty |
/// | `l1_ratio` | 0.15 | [0, 1] | makes the elastic net sparser |
/// | `fit_intercept` | true | | |
/// | `max_iter` | 1000 | ≥ 1 | allows more epochs |
/// | `tol` | 1e-3 | ≥ 0 or none | stops earlier |
/// | `shuffle` | true | | |
/// | `eta0` | 1 | > 0 | lengthens the steps |
/// | `random_state` | 0 | | |
/// | `early_stopping` | false | | |
/// | `validation_fraction` | 0.1 | (0, 1) | holds out more rows |
/// | `n_iter_no_change` | 5 | ≥ 1 | stops later |
/// | `class_weight` | none | none, balanced, weights ≥ 0 | makes a class count more |
///
/// # Complexity, errors
/// As [`SgdClassifier`](super::SgdClassifier).
///
/// # Source
/// F. Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
/// Psychological Review 65 (1958).
///
/// # Examples
/// ```
/// use fitwell::{linear_model::Perceptron, prelude::*};
/// use ndarray::array;
///
/// let x = array![[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
/// let y = Labels::from([false, false, false, true]); // and
/// let model = Perceptron::new().fit(&x, &y)?;
/// assert_eq!(model.predict(&x)?, y);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Perceptron {
    penalty: Option<SgdPenalty>,
    #[serde(with = "params::number")]
    alpha: f64,
    #[serde(with = "params::number")]
    l1_ratio: f64,
    fit_intercept: bool,
    max_iter: usize,
    #[serde(with = "params::optional_number")]
    tol: Option<f64>,
    shuffle: bool,
    #[serde(with = "params::number")]
    eta0: f64,
    random_state: u64,
    early_stopping: bool,
    #[serde(with = "params::number")]
    validation_fraction: f64,
    n_iter_no_change: usize,
    class_weight: ClassWeight,
    #[serde(skip)]
    watch: Watch,
}

impl Default for Perceptron {
    fn default() -> Self {
        Perceptron {
            penalty: None,
            alpha: 1e-4,
            l1_ratio: 0.15,
            fit_intercept: true,
            max_iter: 1000,
            tol: Some(1e-3),
            shuffle: true,
            eta0: 1.0,
            random_state: 0,
            early_stopping: false,
            validation_fraction: 0.1,
            n_iter_no_change: 5,
            class_weight: ClassWeight::None,
            watch: Watch::default(),
        }
    }
}

sgd_setters!(Perceptron: penalty, alpha, l1_ratio, fit_intercept, max_iter, tol, shuffle, eta0, random_state,
    early_stopping, validation_fraction, n_iter_no_change, class_weight, observer);

impl Perceptron {
    fn settings(&self) -> Settings {
        Settings {
            name: NAME,
            loss: Loss::Hinge(0.0),
            passive: false,
            epsilon: 0.0,
            penalty: self.penalty,
            alpha: self.alpha,
            l1_ratio: self.l1_ratio,
            learning_rate: SgdLearningRate::Constant,
            eta0: self.eta0,
            power_t: 0.5,
            fit_intercept: self.fit_intercept,
            average: 0,
            max_iter: self.max_iter,
            tol: self.tol,
            shuffle: self.shuffle,
            early_stopping: self.early_stopping,
            validation_fraction: self.validation_fraction,
            n_iter_no_change: self.n_iter_no_change,
            random_state: self.random_state,
        }
    }
}

impl Hyperparameters for Perceptron {
    const NAME: &'static str = NAME;

    fn restore(mut self, original: &Self) -> Self {
        self.watch = original.watch.clone();
        self
    }

    fn check(&self) -> Result<()> {
        self.settings().check()?;
        self.class_weight.check(NAME)
    }
}

impl fmt::Display for Perceptron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&params::describe(self))
    }
}

sgd_classifier_model! {
    /// What [`Perceptron`] learned; [`partial_fit`](PartialFit::partial_fit) goes on.
    pub struct FittedPerceptron of Perceptron
}

crate::boxed::confidence!(FittedPerceptron: decision);

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::array;

    #[test]
    fn steps_are_those_of_the_rule() {
        let x = array![[1.0, 0.0], [0.0, 2.0], [-1.0, 1.0]];
        let y = Labels::from([1, 0, 1]);
        let model = Perceptron::new()
            .shuffle(false)
            .max_iter(1)
            .eta0(0.5)
            .fit(&x, &y)
            .unwrap();
        // p = 0: wrong, w = (½, 0), b = ½. p = ½: wrong, w = (½, −1), b = 0. p = −1½: wrong, w = (0, −½), b = ½.
        assert_eq!(model.coef(), array![[0.0, -0.5]]);
        assert_eq!(model.intercept(), array![0.5]);
        assert_eq!(
            (model.n_iter(), model.t(), model.converged()),
            (1, 4, false)
        );
    }

    #[test]
    fn separable_classes_are_separated() {
        let x = array![
            [0.0, 0.1],
            [0.2, 0.0],
            [1.0, 1.1],
            [0.9, 1.3],
            [3.0, 0.0],
            [2.9, 0.2]
        ];
        let y = Labels::from(["a", "a", "b", "b", "c", "c"]);
        let model = Perceptron::new()
            .tol(None)
            .max_iter(200)
            .fit(&x, &y)
            .unwrap();
        assert_eq!(model.predict(&x).unwrap(), y);
        assert_eq!(model.coef().dim(), (3, 2));
        assert!(!model.converged());
        assert!(
            Perceptron::new()
                .max_iter(200)
                .fit(&x, &y)
                .unwrap()
                .converged()
        );
        assert_eq!(
            model.to_string(),
            "FittedPerceptron(2 features, 3 classes, 200 epochs, 1200 steps)"
        );
    }
}
