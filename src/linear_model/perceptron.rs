//! Rosenblatt's perceptron.

use std::fmt;

use ndarray::{Array1, Array2, ArrayRef2};
use serde::{Deserialize, Serialize};

use super::linear_classifier::{self, ClassList};
use super::sgd_classes::{
    add_classes, begin_classes, fit_classes, n_outputs, sgd_classifier_model,
};
use super::sgd_estimator::sgd_estimator;
use super::sgd_learner::{Learner, start_from};
use super::sgd_loss::Loss;
use super::stochastic_gradient::{Own, SgdLearningRate, SgdPenalty};
use crate::class_weight::ClassWeight;
use crate::error::{Error, Result};
use crate::feature_selection::FeatureImportances;
use crate::float::Float;
use crate::labels::{Class, Labels};
use crate::model::Model;
use crate::params::Hyperparameters;
use crate::targets::ClassTarget;
use crate::traits::{
    Classes, DecisionFunction, Estimator, LinearModel, PartialFit, Predict, Score,
};

const NAME: &str = "Perceptron";

sgd_estimator! {
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
    pub struct Perceptron {
        class_weight: ClassWeight = ClassWeight::None => "How much the classes count.";
    }
    defaults { penalty: None, eta0: 1.0 }
    own(_this) Own {
        loss: Loss::Hinge(0.0),
        passive: false,
        epsilon: 0.0,
        learning_rate: SgdLearningRate::Constant,
        power_t: 0.5,
        average: 0,
    };
    check(this) this.class_weight.check(NAME);
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
