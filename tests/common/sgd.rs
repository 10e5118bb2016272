//! Models that learn row by row.

use fitwell::Float;
use fitwell::linear_model::{
    Perceptron, SgdClassifier, SgdLearningRate, SgdLoss, SgdPenalty, SgdRegressionLoss,
    SgdRegressor,
};
use fitwell::prelude::*;
use fitwell::preprocessing::StandardScaler;

use crate::sample;
use crate::subject::{Entry, Tags, classifier, regressor};

/// Steps add up what is rounded, and a loss with a corner may take another turn there.
fn steps<F: Float>(tags: Tags) -> Tags {
    Tags {
        order_counts: Some("each row is a step, and the steps depend on each other"),
        ignores_weights: Some(
            "a weight lengthens the step of a row, a second row makes a second step",
        ),
        many_rows: 2_003,
        tolerance: if F::NAME == "f32" { 5e-3 } else { 1e-9 },
        ..tags
    }
}

// Each has a tolerance: CC06 asks for 2^53 epochs, which without one are made.
#[rustfmt::skip]
pub fn entries<F: Float>() -> Vec<Entry<F>> {
    let sgd = || SgdClassifier::new().max_iter(8);
    let scaled = || pipeline("scale", StandardScaler::new());
    vec![
        classifier(sgd(), steps::<F>(sample("alpha", 0.5))),
        classifier(sgd().loss(SgdLoss::LogLoss).penalty(SgdPenalty::L1).average(1), steps::<F>(sample("average", 7))),
        classifier(sgd().loss(SgdLoss::SquaredHinge).alpha(0.01).learning_rate(SgdLearningRate::Invscaling).shuffle(false), steps::<F>(sample("learning_rate", "adaptive"))),
        classifier(scaled().then("sgd", sgd().loss(SgdLoss::LogLoss).penalty(SgdPenalty::Elasticnet).early_stopping(true).validation_fraction(0.4)), steps::<F>(sample("sgd__validation_fraction", 0.25))),
        classifier(Perceptron::new().max_iter(8), steps::<F>(sample("eta0", 0.5))),
        regressor(scaled().then("sgd", SgdRegressor::new().eta0(0.1).max_iter(4)), steps::<F>(sample("sgd__average", 5))),
        regressor(SgdRegressor::new().loss(SgdRegressionLoss::Huber).epsilon(1.0).eta0(0.1).average(20).max_iter(4), steps::<F>(sample("power_t", 0.5))),
    ]
}
