//! Networks.

use fitwell::Float;
use fitwell::neural_network::{
    Activation, RegressionLoss, Schedule, Sequential, SequentialClassifier, SequentialRegressor,
};

use crate::sample;
use crate::subject::{Entry, Tags, classifier, regressor};

/// Batches are stretches of the rows in an order, so that it counts; one batch of all rows has no order, but for rounding
/// that every update may enlarge.
fn network<F: Float>(tags: Tags) -> Tags {
    let tolerance = if F::NAME == "f32" { 2e-2 } else { 1e-6 };
    Tags {
        weight_scale_invariant: true,
        order_counts: Some("batches are made of rows in their order"),
        places_count: Some("the first weights are drawn for columns and classes by their place"),
        tolerance,
        many_rows: 700,
        ..tags
    }
}

/// Networks built layer by layer.
#[rustfmt::skip]
pub fn sequential_entries<F: Float>() -> Vec<Entry<F>> {
    let plain = || Sequential::new().dense(4, Activation::Tanh);
    let deep = || Sequential::new().dense(5, Activation::Silu).layer_normalization().dense(3, Activation::Mish);
    let quick_class = |layers: Sequential| SequentialClassifier::new(layers).learning_rate_init(0.1).batch_size(10_000).max_iter(20).tol(1e-3).n_iter_no_change(2);
    let quick_real = |layers: Sequential| SequentialRegressor::new(layers).learning_rate_init(0.1).batch_size(10_000).max_iter(30).tol(1e-3).n_iter_no_change(2);
    vec![
        classifier(quick_class(plain()), network::<F>(sample("learning_rate_init", 0.05))),
        regressor(quick_real(plain()), network::<F>(sample("tol", 0.5))),
        regressor(quick_real(deep()).loss(RegressionLoss::Huber { delta: 1.0 }).learning_rate(Schedule::one_cycle(30)), network::<F>(sample("warmup_steps", 3))),
    ]
}
